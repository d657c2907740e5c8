"""The disk full, and a disk that fails: what is promised then."""

from __future__ import annotations

import os
import subprocess
import time
from pathlib import Path

import pytest

from faults import attach_at_sync, python_ledger_worker, swift_worker, tracing_trouble
from history import Evidence, read_ledger
from load import TASKS, Load, insist
from product import Server, eventually, moves

MOUNT = 'mount -t tmpfs -o size=64m tmpfs "$0" && exec "$@"'


def small_disk(directory: Path) -> list[str]:
    """Before a command: gives it a file system of 64 MiB there, which only it sees."""
    directory.mkdir()
    return ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", MOUNT, str(directory)]


class Filler:
    """What takes all the room of a server's disk, seen through its process."""

    def __init__(self, server: Server):
        self.path = Path(f"/proc/{server.process.pid}/root{server.directory}/data/filler")

    def fill(self) -> None:
        file = os.open(self.path, os.O_WRONLY | os.O_CREAT)
        try:
            for size in (1 << 20, 4096):
                try:
                    while os.write(file, bytes(size)) == size:
                        pass
                except OSError:
                    pass  # Full, for writes of that size.
        finally:
            os.close(file)

    def free(self) -> None:
        self.path.unlink()


@pytest.mark.faults
def test_a_full_disk_stops_the_server_and_loses_nothing(new_server, processes, tmp_path, fence, whole, figure):
    tried = subprocess.run([*small_disk(tmp_path / "try"), "true"], capture_output=True, text=True)
    if tried.returncode:
        (pytest.fail if whole else pytest.skip)(f"no file system can be mounted: {tried.stderr}")
    server = new_server("--lease", "2s")
    server.prefix = small_disk(server.directory / "data")
    server.start()
    process = server.process.pid
    load = Load(server, "load", Evidence(fence=fence))
    for name, start in (("one", swift_worker), ("two", python_ledger_worker)):
        load.ledgers.append(tmp_path / name)
        processes.append(start(server, load.ledgers[-1], name, "load", fence=fence.port))
    load.begin()
    load.submit(2, param="ms=20 " + "x" * 500, pause=0.05)
    server.pass_grace(2)
    filler = Filler(server)
    for _ in range(3 if whole else 1):
        fill_once(server, load, filler, figure)
    assert server.process.pid == process and not server.has_ended, "without a restart"
    history = load.settle()
    assert {task["state"] for task in history.tasks.values()} == {"RunToCompletion"}
    assert not any(slot["crashes"] for _, slot in history.slots), "leases were kept"


def fill_once(server: Server, load: Load, filler: Filler, figure) -> None:
    """Full for three leases, with runs that end meanwhile."""
    in_hand = [server.submit("load", param="ms=2000", retries=10) for _ in range(4)]
    load.clients[0].acknowledged += in_hand
    for task in in_hand:
        server.until_state(task, "Running")
    filler.fill()
    filled = time.time()
    use_up(server, load)
    reason = eventually(lambda: (a := server.get("/readyz")).status == 503 and a.json["reason"], 5,
                        what="the end of readiness")
    figure("disk full to not ready, s", time.time() - filled)
    assert "full" in reason, reason
    refused = server.post(TASKS, {"handler": "load"})
    assert refused.status == 503 and refused.json["code"] == "unavailable", refused
    assert server.get("/healthz").json["store"]["trouble"]
    known = started(load)
    time.sleep(6)
    assert started(load) == known, "nothing is claimed"
    ended = {entry.task for path in load.ledgers for entry in read_ledger(path) if entry.what == "succeeded"}
    assert {task.replace("-", "") for task in in_hand} <= ended, "their handlers went on"
    assert all(server.task(task)["state"] == "Running" for task in in_hand), "their results are not stored"
    filler.free()
    freed = time.time()
    eventually(server.is_ready, 5, what="readiness")
    figure("room again to ready, s", time.time() - freed)
    load.first_fire(freed)
    for task in in_hand:
        done = server.until_final(task)
        assert moves(done) == [1, 3, 4, 7], "the workers kept the results"
        figure("room again to kept results stored, s", time.time() - freed)


def use_up(server: Server, load: Load) -> None:
    """Submits until there is no room in the files that the server has already."""
    for size in (100_000, 0):
        for _ in range(500):
            answer = server.post(TASKS, {"handler": "load", "param": "ms=1 " + "x" * size, "retries": 10})
            if answer.status != 201:
                break
            load.clients[0].acknowledged.append(answer.json["id"])


def started(load: Load) -> int:
    return sum(entry.what == "start" for path in load.ledgers for entry in read_ledger(path))


@pytest.mark.faults
def test_a_failed_sync_ends_the_server(new_server, processes, tmp_path, fence, whole):
    """To ask again would lie: what was written may be gone."""
    if trouble := tracing_trouble():
        (pytest.fail if whole else pytest.skip)(trouble)
    for number in (1, 2, 3, 10, 40) if whole else (7,):
        server = new_server("--lease", "2s").start()
        processes.append(attach_at_sync(server.process.pid, number, "error=EIO"))
        load = Load(server, "load", Evidence(fence=fence))
        load.ledgers.append(tmp_path / f"ledger{number}")
        processes.append(swift_worker(server, load.ledgers[0], "w", "load", fence=fence.port))
        load.submit(2, count=50)
        assert server.process.popen.wait(30) == 1, server.process.output
        server.process.until("the disk failed to sync")
        server.start()
        load.begin()
        assert insist(lambda: load.is_done or None)
        load.first_fire(load.since)
        load.settle()
