"""Workers killed, frozen and cut off in the middle of a run: what becomes of the run, and of its result."""

from __future__ import annotations

import itertools
import random
import signal
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from faults import Proxy, python_ledger_worker, swift_worker
from fence import FencedResource
from history import Evidence, assert_sound, export, read_ledger
from load import float_of
from product import Process, Server, eventually, moves

LEASE = 2.0
SEED = 20261121
TAKEOVER = "worker lost to the run in other hands, s"
DONE, TAKEN_OVER, LATE = [1, 3, 4, 7], [1, 3, 4, 10, 3, 4, 7], [1, 3, 4, 10, 19]


class Fleet:
    """One server, and for each lane a handler of its own with the workers that have it."""

    def __init__(self, server: Server, directory: Path, fence: FencedResource):
        self.server, self.directory, self.fence = server, directory, fence
        self.workers: dict[str, Process] = {}
        self.proxies: dict[str, Proxy] = {}
        self.ledgers: list[Path] = []
        self.tasks: list[str] = []
        self._names = itertools.count()

    def add(self, lane: int, line: bool = False) -> str:
        """One more worker for the lane, every fifth in Python; `line` lets it connect through a proxy."""
        name = f"w{next(self._names)}"
        make = python_ledger_worker if lane % 5 == 4 else swift_worker
        self.ledgers.append(self.directory / name)
        address = None
        if line:
            self.proxies[name] = Proxy(self.server.grpc_port)
            address = self.proxies[name].address
        self.workers[name] = make(
            self.server, self.ledgers[-1], name, f"work{lane}", fence=self.fence.port, capacity=1,
            grpc=address)
        return name

    def until_connected(self, *names: str) -> None:
        def missing() -> set[str]:
            return set(names or self.workers) - {
                worker["name"] for worker in self.server.list("workers") if worker["state"] == "connected"}
        eventually(lambda: not missing(), 30, what=f"the workers {names}")

    def submit(self, lane: int, **spec: Any) -> str:
        self.tasks.append(self.server.submit(f"work{lane}", **({"retries": 0} | spec)))
        return self.tasks[-1]

    def owner(self, task: str) -> str:
        return self.server.until_state(task, "Running")["shards"][0]["worker"]

    def taken_over(self, task: str, victim: str, lost_at: float) -> float:
        """How long after its loss another has begun with the run of `victim`."""
        def run() -> dict | None:
            runs = self.server.task(task)["shards"][0]["runs"]
            return next((r for r in runs if r["worker"] != victim and r.get("startedAt")), None)
        return float_of(eventually(run, LEASE + 6, what="the run in other hands")["startedAt"]) - lost_at

    def check(self, *wanted: list[int]) -> dict[str, dict]:
        """Each task made one of these series of moves and nothing is wrong with the whole history; the tasks."""
        for task in self.tasks:
            done = self.server.until_final(task)
            assert done["state"] == "RunToCompletion" and moves(done) in wanted, done["shards"][0]
        history = export(self.server)
        assert_sound(history, Evidence(
            acknowledged=self.tasks, ledger=[e for path in self.ledgers for e in read_ledger(path)],
            fence=self.fence, retries=0, has_restarted=False))
        return {task: history.tasks[task] for task in self.tasks}

    def close(self) -> None:
        for process in self.workers.values():
            process.kill()
        for proxy in self.proxies.values():
            proxy.close()


@pytest.fixture
def fleet(new_server, tmp_path, fence):
    made = Fleet(new_server("--lease", "2s").start(), tmp_path, fence)
    yield made
    made.close()


@pytest.mark.faults
def test_killed_workers_are_taken_over_once(fleet, whole, figure):
    """Rounds over lanes with two workers each: whoever has the run is killed."""
    chance = random.Random(SEED)
    lanes, rounds = (20, 10) if whole else (5, 2)
    for lane in list(range(lanes)) * 2:
        fleet.add(lane)
    fleet.until_connected()
    fleet.server.pass_grace(LEASE)
    for _ in range(rounds):
        tasks: list[str] = []
        killed: list[tuple[str, float]] = []
        for lane in range(lanes):  # One by one: on a busy machine the first would end before the last is found.
            tasks.append(fleet.submit(lane, param="ms=800"))
            victim = fleet.owner(tasks[-1])
            time.sleep(chance.uniform(0, 0.02))
            fleet.workers[victim].kill()
            killed.append((victim, time.time()))
        heirs = [fleet.add(lane) for lane in range(lanes)]
        for task, (victim, at) in zip(tasks, killed):
            figure(TAKEOVER + " (killed)", passed := fleet.taken_over(task, victim, at))
            assert passed <= LEASE + 3
            fleet.server.until_final(task)
        fleet.until_connected(*heirs)
    for task in fleet.check(TAKEN_OVER).values():
        shard = task["shards"][0]
        assert shard["crashes"] == 1 and shard["attempts"] == 1, "a crash is counted and eats no attempt"
        assert shard["runs"][0]["outcome"] == "lease-lost"


@pytest.mark.faults
def test_workers_frozen_for_two_leases_are_fenced(fleet, whole, figure):
    lanes, rounds = (20, 5) if whole else (5, 1)
    for lane in list(range(lanes)) * 2:
        fleet.add(lane)
    fleet.until_connected()
    fleet.server.pass_grace(LEASE)
    before = Counter()
    for _ in range(rounds):
        victims, frozen = [], []
        for lane in range(lanes):
            task = fleet.submit(lane, param="ms=1000 stubborn")
            victims.append((task, fleet.owner(task)))
            fleet.workers[victims[-1][1]].send(signal.SIGSTOP)
            frozen.append(time.time())
        for (task, victim), at in zip(victims, frozen):
            figure(TAKEOVER + " (frozen)", passed := fleet.taken_over(task, victim, at))
            assert passed <= LEASE + 3
        time.sleep(max(0.0, frozen[-1] + 2 * LEASE - time.time()))
        for _, victim in victims:
            fleet.workers[victim].send(signal.SIGCONT)
        fleet.until_connected()
        for task, victim in victims:
            before[bool(refusals(fleet.server, task))] += 1
    done = fleet.check(TAKEN_OVER)
    refused = {task: shown for task in done if (shown := refusals(fleet.server, task))}
    assert len(refused) >= 0.8 * len(done), "a worker that reconnects first is told to abandon the run instead"
    for task, reports in refused.items():
        first, second = done[task]["shards"][0]["runs"]
        assert {report["epoch"] for report in reports} == {first["epoch"]}, "only the frozen one was refused"
        assert second["accepted"] and not first.get("accepted")
    assert fleet.fence.refused >= 0.7 * len(refused), "nor could it write elsewhere; every fifth does not try"
    counted = fleet.server.get("/healthz").json["refusedReports"]
    print(f"\n{len(done)} frozen, {counted} refused, {fleet.fence.refused} writes fenced")


def refusals(server: Server, task: str) -> list[dict]:
    return server.task(task)["shards"][0]["refusedReports"]


@pytest.mark.faults
def test_workers_frozen_for_part_of_a_lease_keep_their_runs(fleet, whole):
    """At any moment between two heartbeats."""
    chance = random.Random(SEED)
    lanes, rounds = (20, 5) if whole else (10, 1)
    for lane in range(lanes):
        fleet.add(lane)
    fleet.until_connected()
    fleet.server.pass_grace(LEASE)

    def freeze(lane: int) -> None:
        time.sleep(chance.uniform(0, LEASE / 3))
        victim = fleet.owner(fleet.submit(lane, param="ms=2000"))
        fleet.workers[victim].send(signal.SIGSTOP)
        time.sleep(0.6 * LEASE)
        fleet.workers[victim].send(signal.SIGCONT)

    for _ in range(rounds):
        with ThreadPoolExecutor(lanes) as pool:
            list(pool.map(freeze, range(lanes)))
        for task in fleet.tasks:
            fleet.server.until_final(task)
    for task in fleet.check(DONE).values():
        assert task["shards"][0]["crashes"] == 0 and not refusals(fleet.server, task["id"])
    assert fleet.fence.refused == 0


@pytest.mark.faults
@pytest.mark.parametrize("how", ["cut", "refuse", "silence"])
def test_results_are_kept_across_a_broken_line(fleet, whole, how):
    """The run ends while its worker cannot say so: the result is taken, and nothing is run again.

    Who is refused waits longer each time, perhaps beyond the lease; then the result is saved late.
    """
    lanes, rounds = (20, 3) if whole else (5, 1)
    names = [fleet.add(lane, line=True) for lane in range(lanes)]
    fleet.until_connected()
    for _ in range(rounds):
        tasks = [fleet.submit(lane, param="ms=300") for lane in range(lanes)]
        for task, name in zip(tasks, names):
            fleet.owner(task)
        for name in names:
            getattr(fleet.proxies[name], how)()
        time.sleep(0.3 * LEASE)
        for name in names:
            fleet.proxies[name].heal()
        for task in tasks:
            fleet.server.until_final(task)
        fleet.until_connected()
    fleet.check(*[DONE, LATE] if how == "refuse" else [DONE])
    starts = Counter(entry.task for path in fleet.ledgers for entry in read_ledger(path) if entry.what == "start")
    assert set(starts.values()) == {1} and len(starts) == len(fleet.tasks)


@pytest.mark.faults
@pytest.mark.parametrize("how", ["refuse", "silence"])
def test_workers_cut_off_for_two_leases_are_replaced(fleet, whole, figure, how):
    if how == "refuse" and not whole:
        pytest.skip("a refused worker waits for up to half a minute; make faults waits with it")
    lanes, rounds = (20, 3) if whole else (5, 1)
    names = [fleet.add(lane, line=True) for lane in range(lanes)]
    fleet.until_connected()
    fleet.server.pass_grace(LEASE)
    for _ in range(rounds):
        tasks = [fleet.submit(lane, param="ms=1000 stubborn") for lane in range(lanes)]
        lost = []
        for task, name in zip(tasks, names):
            assert fleet.owner(task) == name
            getattr(fleet.proxies[name], how)()
            lost.append(time.time())
        heirs = [fleet.add(lane) for lane in range(lanes)]
        for task, name, at in zip(tasks, names, lost):
            figure(f"{TAKEOVER} (cut off: {how})", passed := fleet.taken_over(task, name, at))
            assert passed <= LEASE + 3
        time.sleep(max(0.0, lost[-1] + 2 * LEASE - time.time()))
        for task in tasks:
            fleet.server.until_final(task)
        for name, heir in zip(names, heirs):
            fleet.proxies[name].heal()
            fleet.workers[heir].stop()
        fleet.until_connected(*names)
    done = fleet.check(TAKEN_OVER)
    refused = [task for task in done if refusals(fleet.server, task)]
    print(f"\n{len(done)} cut off, {len(refused)} with refused reports, {fleet.fence.refused} writes fenced")
    assert refused, "what they say when they come back is refused, and shown"
