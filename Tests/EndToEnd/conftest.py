from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from product import Process, Server  # noqa: E402


@pytest.fixture
def processes():
    """Whatever is appended is killed when the test ends."""
    started: list[Process] = []
    yield started
    for process in started:
        process.kill()


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
