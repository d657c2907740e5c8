"""Servers killed in the middle of things, and what must be true afterwards."""

from __future__ import annotations

import itertools
import random
import shutil
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Callable, Iterable

import pytest

from faults import at_sync, attach_at_sync, python_ledger_worker, swift_worker, tracing_trouble
from fence import FencedResource
from history import Evidence, read_ledger
from load import Load, insist
from product import Process, Server, check_history, moves

SEED = 20261121
READY = "start to readiness, s"
FIRE = "start to first fire, s"


def restart(load: Load, figure: Callable[[str, float], None]) -> None:
    """Starts the server again: it is ready and has fired within five seconds."""
    began, clock = time.time(), time.monotonic()
    load.server.start()
    figure(READY, time.monotonic() - clock)
    fired = load.first_fire(began) - began
    figure(FIRE, fired)
    assert fired <= 5


@pytest.mark.faults
def test_a_server_killed_at_random_loses_nothing_it_acknowledged(
        new_server, processes, tmp_path, fence, whole, figure):
    chance = random.Random(SEED)
    server = new_server("--lease", "2s").start()
    load = Load(server, "load", Evidence(fence=fence), triggers=3)
    for name, start in (("one", python_ledger_worker), ("two", python_ledger_worker), ("three", swift_worker)):
        load.ledgers.append(tmp_path / name)
        processes.append(start(server, load.ledgers[-1], name, "load", fence=fence.port))
    load.begin()
    load.submit(2, pause=0.03)
    for _ in range(100 if whole else 12):
        time.sleep(chance.uniform(0.1, 1.2))
        load.note_finals()
        server.kill()
        restart(load, figure)
    history = load.settle()

    assert Counter(task["state"] for task in history.tasks.values()).keys() == {"RunToCompletion"}
    generations = {int(run["epoch"]) >> 32 for _, slot in history.slots for run in slot["runs"]}
    assert len(generations) >= 5, "each start hands out larger epochs"
    acknowledged, tasks = len(load.evidence.acknowledged), len(history.tasks)
    assert acknowledged > 50
    print(f"\n{acknowledged} acknowledged, {sum(c.requests for c in load.clients)} requests, {tasks} tasks")


# Killed in the middle of a sync


class Keeper(threading.Thread):
    """Starts a server again when it has ended, without the fault, and says where it was killed."""

    def __init__(self, server: Server):
        super().__init__(daemon=True)
        self.server = server
        self.restarted_at: float | None = None
        self.ready_after = 0.0
        self.over = threading.Event()

    def run(self) -> None:
        while not self.over.wait(0.02):
            if self.server.has_ended:
                self.restart()

    def restart(self) -> None:
        assert self.restarted_at is None, "it was to be killed once"
        self.server.prefix = []
        began, self.restarted_at = time.monotonic(), time.time()
        self.server.start()
        self.ready_after = time.monotonic() - began


class Lane:
    """Runs of 200 tasks, one after the other, each with a new server that is killed at one sync.

    A Python worker serves all runs of a lane; an SDK worker is new in each.
    """

    def __init__(self, directory: Path, figure: Callable[[str, float], None]):
        directory.mkdir()
        self.directory, self.figure = directory, figure
        self.fence = FencedResource()
        self.ports = Server(directory)  # They stay, so that the worker finds each server.
        self.ledger = directory / "ledger"
        self.worker = python_ledger_worker(self.ports, self.ledger, "python", "load", fence=self.fence.port)

    def close(self) -> None:
        self.worker.kill()
        self.fence.close()

    def strike(self, number: int, attach: bool = False) -> str:
        """One run; returns where sync `number` was: in the start, the run, the stop, or nowhere.

        `attach` counts from readiness on: each thread has a count of its own, and that of the writer
        begins with the first change.
        """
        directory = self.directory / f"{number}{'attached' if attach else ''}"
        directory.mkdir()
        server = Server(directory, "--lease", "2s", prefix=[] if attach else at_sync(number))
        server.http_port, server.grpc_port = self.ports.http_port, self.ports.grpc_port
        keeper, others = Keeper(server), []
        try:
            return self._strike(server, keeper, number, attach, others)
        finally:
            keeper.over.set()
            server.kill()
            for process in others:
                process.kill()
            shutil.rmtree(directory)

    def _strike(self, server: Server, keeper: Keeper, number: int, attach: bool,
                others: list[Process]) -> str:
        where = "nowhere"
        try:
            server.start()
        except AssertionError:
            assert server.has_ended, "a server that lives becomes ready"
            keeper.restart()
            where = "start"
        if attach:
            others.append(attach_at_sync(server.process.pid, number))
        load = Load(server, "load", Evidence(fence=self.fence))
        load.ledgers = [self.ledger, server.directory / "ledger"]
        others.append(swift_worker(server, load.ledgers[1], "swift", "load", fence=self.fence.port))
        if where == "nowhere":
            keeper.start()
        load.begin()
        load.submit(4, count=TASKS // 4, param="ms=1 " + "x" * LARGE)
        assert insist(lambda: load.is_done or None), "the tasks have not ended"
        keeper.over.set()
        if where == "nowhere" and keeper.ident:
            keeper.join()
            where = "run" if keeper.restarted_at else "nowhere"
        if where == "nowhere":
            if server.stop() != 0:
                where = "stop"
            keeper.restart()
        self.figure(READY, keeper.ready_after)
        self.figure(FIRE, load.first_fire(keeper.restarted_at) - keeper.restarted_at)
        load.settle()
        return where


TASKS = 200
LARGE = 100_000  # All together fill the log, so that it is folded into the database in the middle of the run.


@pytest.mark.faults
def test_a_server_killed_at_any_sync_loses_nothing_it_acknowledged(tmp_path, whole, figure):
    """Every sync of a start, a run of 200 tasks and a stop; a few of them in the sample."""
    if trouble := tracing_trouble():
        (pytest.fail if whole else pytest.skip)(trouble)
    numbers = Numbers(itertools.count(1) if whole else (3, 20, 80, 140))
    places: Counter[str] = Counter()
    lanes = [Lane(tmp_path / f"lane{number}", figure) for number in range(2)]
    try:
        with ThreadPoolExecutor(len(lanes)) as pool:
            sweeps = [pool.submit(sweep, lane, numbers, places) for lane in lanes]
            try:
                for done in sweeps:
                    done.result()
            finally:
                numbers.is_over = True
    finally:
        for lane in lanes:
            lane.close()
    print(f"\nkilled in the {dict(places)}")
    assert places["start"] and places["run"]
    assert not whole or places["stop"], "the sweep went through to the end"


class Numbers:
    """What the lanes share out, until there is no more or one of them has failed."""

    def __init__(self, numbers: Iterable[int]):
        self._numbers = iter(numbers)
        self._lock = threading.Lock()
        self.is_over = False

    def take(self) -> int | None:
        with self._lock:
            return None if self.is_over else next(self._numbers, None)


def sweep(lane: Lane, numbers: Numbers, places: Counter[str]) -> None:
    beyond = 0
    try:
        while beyond < 3 and (number := numbers.take()) is not None:
            where = lane.strike(number)
            places[where] += 1
            beyond = beyond + 1 if where == "nowhere" else 0
            if where == "start":
                places[lane.strike(number, attach=True)] += 1
    except BaseException:
        numbers.is_over = True
        raise


# Restarts with work in hand


def test_runs_survive_a_server_restart_in_their_workers(new_server, processes, tmp_path):
    server = new_server("--lease", "2s").start()
    ledger = tmp_path / "ledger"
    worker = python_ledger_worker(server, ledger, "w", "work")
    processes.append(worker)
    worker.until("connected")
    long, short = server.submit("work", param="ms=2500"), server.submit("work", param="ms=300")
    for task in (long, short):
        server.until_state(task, "Running")
    server.kill()
    time.sleep(0.5)
    server.start()
    for task in (long, short):
        done = server.until_final(task)
        check_history(done)
        assert done["state"] == "RunToCompletion" and moves(done) == [1, 3, 4, 7], done
    lines = sorted(entry.what for entry in read_ledger(ledger))
    assert lines == ["acknowledged", "acknowledged", "start", "start", "succeeded", "succeeded"]


def test_tasks_that_waited_through_a_restart_are_handed_out(new_server, processes, tmp_path):
    """Nobody had them in hand, so nothing but the store knew of them."""
    server = new_server("--lease", "2s").start()
    handlers = [f"later{number}" for number in range(3)]

    def join(name: str) -> Process:
        processes.append(python_ledger_worker(server, tmp_path / "ledger", name, *handlers))
        return processes[-1]

    early = join("early")
    for handler in handlers:
        server.until_final(server.submit(handler))
    assert early.stop() == 0
    tasks = [server.submit(handler) for handler in handlers for _ in range(4)]
    for end in (server.kill, server.stop):
        end()
        server.start()
    join("late")
    for task in tasks:
        done = server.until_final(task, within=10)
        check_history(done)
        assert moves(done) == [1, 3, 4, 7]
