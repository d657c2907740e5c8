from __future__ import annotations

import statistics
import sys
from collections import defaultdict
from pathlib import Path
from typing import Callable

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from fence import FencedResource  # noqa: E402
from product import Process, Server  # noqa: E402

measured: dict[str, list[float]] = defaultdict(list)


def pytest_addoption(parser):
    parser.addoption("--whole", action="store_true",
                     help="run the sweeps in full, as `make faults` does; else a sample of each")


def pytest_collection_modifyitems(config, items):
    """What takes a minute in full takes a sample's time otherwise."""
    if config.getoption("--whole"):
        for item in items:
            if item.get_closest_marker("faults"):
                item.add_marker(pytest.mark.timeout(4 * 3600))


def pytest_terminal_summary(terminalreporter):
    if measured:
        terminalreporter.section("figures")
    for name, values in measured.items():
        terminalreporter.write_line(
            f"{name}: median {statistics.median(values):.2f}, max {max(values):.2f}, n {len(values)}")


@pytest.fixture
def figure() -> Callable[[str, float], None]:
    """Keeps a measured value for the summary of the run."""
    return lambda name, value: measured[name].append(value)


@pytest.fixture(scope="session")
def whole(request) -> bool:
    return request.config.getoption("--whole")


@pytest.fixture
def processes():
    """Whatever is appended is killed when the test ends."""
    started: list[Process] = []
    yield started
    for process in started:
        process.kill()


@pytest.fixture
def fence():
    resource = FencedResource()
    yield resource
    resource.close()


@pytest.fixture
def new_server(tmp_path: Path):
    """Makes servers that are killed when the test ends; each has a directory of its own."""
    made: list[Server] = []

    def make(*options, **kwargs) -> Server:
        directory = tmp_path / f"server{len(made)}"
        directory.mkdir()
        server = Server(directory, *options, **kwargs)
        made.append(server)
        return server

    yield make
    for server in made:
        if server.process:
            server.process.kill()


@pytest.fixture
def server(new_server) -> Server:
    return new_server().start()


@pytest.fixture(scope="module")
def quick(tmp_path_factory):
    """A server with the shortest lease, shared by the tests of one file."""
    server = Server(tmp_path_factory.mktemp("quick"), "--lease", "2s").start()
    yield server
    server.kill()
