"""Servers and workers killed or frozen in the middle of things, and what must be true afterwards."""

from __future__ import annotations

import http.client
import itertools
import json
import random
import signal
import sys
import threading
import time
from datetime import datetime
from pathlib import Path

import pytest

from product import Process, Server, check_history, eventually, moves

LEASE = 2.0
SEED = 20261121


def ledger_worker(server: Server, ledger: Path, name: str, handler: str, *options) -> Process:
    return Process(
        sys.executable, Path(__file__).with_name("ledger_worker.py"), ledger, "--grpc", server.grpc,
        "--handler", handler, "--worker-id", name, *options, env={"PYTHONUNBUFFERED": "1"})


def read_ledger(path: Path) -> list[tuple[float, str, str, int]]:
    """(when, what, task, epoch), in the order it was written."""
    rows = []
    for line in path.read_text().splitlines():
        at, what, task, _, epoch = line.split(" ")
        rows.append((float(at), what, task, int(epoch)))
    return rows


class Submitter(threading.Thread):
    """Submits without end; keeps every task that was acknowledged with 201."""

    def __init__(self, server: Server, handler: str):
        super().__init__(daemon=True)
        self.server, self.handler = server, handler
        self.acknowledged: list[str] = []
        self.failures = 0
        self.over = threading.Event()

    def run(self) -> None:
        while not self.over.wait(0.03):
            try:
                answer = self.server.post(
                    "/api/v1/namespaces/default/tasks",
                    {"handler": self.handler, "param": "ms=20", "retries": 10}, timeout=5)
                if answer.status == 201:
                    self.acknowledged.append(answer.json["id"])
            except (OSError, http.client.HTTPException, json.JSONDecodeError):
                self.failures += 1

    def end(self) -> None:
        self.over.set()
        self.join(10)


def test_a_server_killed_twenty_times_loses_nothing_it_acknowledged(new_server, processes, tmp_path):
    chance = random.Random(SEED)
    server = new_server("--lease", "2s").start()
    ledgers = [tmp_path / f"ledger{n}" for n in range(3)]
    for number, ledger in enumerate(ledgers):
        processes.append(ledger_worker(server, ledger, f"w{number}", "load", "--capacity", "4"))
    for number in range(3):
        server.create_trigger(f"tick{number}", handler="load", schedule="* * * * * *", param="ms=20")
    submitter = Submitter(server, "load")
    submitter.start()

    restarts, fires = [], []
    for _ in range(20):
        time.sleep(chance.uniform(0.1, 1.2))
        server.kill()
        began = time.monotonic()
        before = time.time()
        server.start(within=20)
        ready = time.monotonic()
        restarts.append(ready - began)
        eventually(lambda: fired_since(server, before), within=5, every=0.1,
                   what="a fire within 5 s of readiness")
        fires.append(time.monotonic() - ready)
    submitter.end()
    for number in range(3):
        assert server.post(f"/api/v1/namespaces/default/triggers/tick{number}/offline").status == 200

    tasks = eventually(lambda: all_final(server), within=60, every=0.5, what="the end of all tasks")
    print(f"\n{len(submitter.acknowledged)} acknowledged, {submitter.failures} failed, {len(tasks)} tasks; "
          f"ready after {max(restarts):.2f} s at most, fired {max(fires):.2f} s later at most")
    assert len(submitter.acknowledged) > 50
    missing = set(submitter.acknowledged) - set(tasks)
    assert not missing, "acknowledged means kept"

    finishes: dict[str, set[int]] = {}
    for ledger in ledgers:
        for _, what, task, epoch in read_ledger(ledger):
            if what == "succeeded":
                finishes.setdefault(task, set()).add(epoch)
    for task_id in tasks:
        task = server.task(task_id)
        check_history(task)
        assert task["state"] == "RunToCompletion", task
        accepted = [int(run["epoch"]) for run in task["shards"][0]["runs"] if run.get("accepted")
                    and run["outcome"] == "succeeded"]
        assert len(accepted) == 1
        assert accepted[0] in finishes[task_id.replace("-", "")], "the worker says so too"
    generations = sorted({int(event["epoch"]) >> 32 for task_id in tasks
                          for event in server.task(task_id)["shards"][0]["events"] if event["move"] == 3})
    assert len(generations) >= 5, "each start hands out larger epochs"

    for number in range(3):
        rows = server.list(f"triggers/tick{number}/fires")
        nominal = [row["at"] for row in rows if row["outcome"] == "task"]
        assert len(nominal) == len(set(nominal)), "one task per nominal time"
        check_every_second(rows)


def fired_since(server: Server, when: float) -> bool:
    stamp = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(when))
    rows = server.get("/api/v1/namespaces/default/triggers/tick0/fires?limit=5").json["items"]
    return any(row["recordedAt"] > stamp and row["outcome"] == "task" and float_of(row["recordedAt"]) > when
               for row in rows)


def float_of(stamp: str) -> float:
    return datetime.fromisoformat(stamp.replace("Z", "+00:00")).timestamp()


def check_every_second(rows: list[dict]) -> None:
    """One trace per due occurrence: the rows cover every second from the first to the last, once."""
    covered: list[int] = []
    for row in rows:
        first = round(float_of(row["at"]))
        if row["count"] == 1:
            covered.append(first)
        else:
            stretch = range(first, round(float_of(row["through"])) + 1)
            assert len(stretch) == row["count"], row
            covered += stretch
    covered.sort()
    assert covered == list(range(covered[0], covered[-1] + 1)), "neither a gap nor a double"


def all_final(server: Server) -> list[str] | None:
    tasks = server.list("tasks")
    return [task["id"] for task in tasks] if all(task["isFinal"] for task in tasks) else None


def test_twenty_killed_workers_are_taken_over(new_server, processes, tmp_path):
    """Four rounds over five handlers, each with two workers: whoever has the run is killed."""
    chance = random.Random(SEED)
    server = new_server("--lease", "2s").start()
    ledger = tmp_path / "ledger"
    names = itertools.count()
    workers: dict[str, Process] = {}

    def add(lane: int) -> None:
        name = f"w{next(names)}"
        workers[name] = ledger_worker(server, ledger, name, f"work{lane}", "--capacity", "1")
        processes.append(workers[name])

    for lane in range(5):
        add(lane)
        add(lane)
    for worker in workers.values():
        worker.until("connected")
    server.pass_grace(LEASE)
    takeovers = []
    for _ in range(4):
        tasks = [server.submit(f"work{lane}", param="ms=800", retries=0) for lane in range(5)]
        killed: list[tuple[str, float]] = []
        for task in tasks:
            victim = server.until_state(task, "Running")["shards"][0]["worker"]
            time.sleep(chance.uniform(0, 0.1))
            workers[victim].kill()
            killed.append((victim, time.time()))
        for lane in range(5):
            add(lane)
        for task, (victim, at) in zip(tasks, killed):
            done = server.until_final(task)
            check_history(done)
            shard = done["shards"][0]
            assert done["state"] == "RunToCompletion" and moves(done) == [1, 3, 4, 10, 3, 4, 7]
            assert shard["crashes"] == 1 and shard["attempts"] == 1, "a crash is counted and eats no attempt"
            assert shard["runs"][0]["worker"] == victim != shard["runs"][1]["worker"]
            takeovers.append(float_of(shard["runs"][1]["startedAt"]) - at)
    print(f"\ntaken over after {min(takeovers):.2f} to {max(takeovers):.2f} s")
    assert len(takeovers) == 20 and max(takeovers) <= LEASE + 3

    rows = read_ledger(ledger)
    assert sum(row[1] == "start" for row in rows) == 40
    assert sum(row[1] == "succeeded" for row in rows) == 20
    for task in {row[2] for row in rows}:
        epochs = [row[3] for row in rows if row[1] == "start" and row[2] == task]
        assert epochs[0] < epochs[1], "the token grows"


def taken_over(server: Server, task: str, epoch: str) -> dict | None:
    shard = server.task(task)["shards"][0]
    return shard if shard["state"] == "Running" and int(shard["epoch"]) > int(epoch) else None


@pytest.fixture
def pair(new_server, processes, tmp_path):
    """Makes a server, a worker that has a run in hand, and another that is free."""
    def make(grace: bool):
        server = new_server("--lease", "2s").start()
        ledger = tmp_path / "ledger"
        workers = [ledger_worker(server, ledger, name, "work", "--capacity", "1")
                   for name in ("one", "two")]
        processes.extend(workers)
        for worker in workers:
            worker.until("connected")
        if grace:
            server.pass_grace(LEASE)
        task = server.submit("work", param="ms=3000", retries=0)
        owner = server.until_state(task, "Running")["shards"][0]["worker"]
        return server, workers[("one", "two").index(owner)], task, ledger

    return make


def test_a_worker_frozen_for_two_leases_is_fenced(pair):
    server, first, task, _ = pair(grace=True)
    before = server.task(task)["shards"][0]
    epoch = before["epoch"]
    first.send(signal.SIGSTOP)
    frozen_at = time.monotonic()
    eventually(lambda: taken_over(server, task, epoch), within=LEASE + 3, what="the run in another hand")
    takeover = time.monotonic() - frozen_at
    time.sleep(max(0.0, 2 * LEASE - takeover))
    first.send(signal.SIGCONT)
    done = server.until_final(task)
    check_history(done)
    print(f"\ntaken over {takeover:.2f} s after the freeze")
    assert done["state"] == "RunToCompletion" and done["shards"][0]["crashes"] == 1
    accepted = [run for run in done["shards"][0]["runs"] if run.get("accepted")]
    assert len(accepted) == 1 and accepted[0]["worker"] != before["worker"]

    refused = eventually(lambda: server.task(task)["shards"][0]["refusedReports"], 10, what="the refusal")
    assert refused[0]["epoch"] == epoch
    assert sum(server.get("/healthz").json["refusedReports"].values()) >= 1
    assert server.metric("tompion_refused_moves_total", reason=refused[0]["reason"]) >= 1
    assert server.task(task)["state"] == "RunToCompletion"


def test_a_worker_frozen_for_part_of_its_lease_keeps_its_run(pair):
    server, first, task, ledger = pair(grace=False)
    epoch = server.task(task)["shards"][0]["epoch"]
    first.send(signal.SIGSTOP)
    time.sleep(0.6 * LEASE)
    first.send(signal.SIGCONT)
    done = server.until_final(task)
    check_history(done)
    assert done["state"] == "RunToCompletion" and moves(done) == [1, 3, 4, 7]
    assert done["shards"][0]["crashes"] == 0 and done["shards"][0]["epoch"] == epoch
    assert [row[1] for row in read_ledger(ledger)] == ["start", "succeeded"]


def test_runs_survive_a_server_restart_in_their_workers(new_server, processes, tmp_path):
    server = new_server("--lease", "2s").start()
    ledger = tmp_path / "ledger"
    worker = ledger_worker(server, ledger, "w", "work")
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
    assert sorted(row[1] for row in read_ledger(ledger)) == ["start", "start", "succeeded", "succeeded"]


def test_tasks_that_waited_through_a_restart_are_handed_out(new_server, processes, tmp_path):
    """Nobody had them in hand, so nothing but the store knew of them."""
    server = new_server("--lease", "2s").start()
    handlers = [f"later{number}" for number in range(3)]
    options = [word for handler in handlers for word in ("--handler", handler)]

    def join(name: str) -> Process:
        processes.append(ledger_worker(server, tmp_path / "ledger", name, "another", *options))
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
