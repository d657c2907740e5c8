"""Tasks that nobody can take yet: they wait, and say what they wait for."""

from __future__ import annotations

import itertools
import time

import pytest

from product import Server, eventually
from wire import RawWorker, pb

numbers = itertools.count(1)


@pytest.fixture
def name() -> str:
    return f"n{next(numbers)}"


@pytest.fixture
def open_worker(quick: Server, name: str):
    made: list[RawWorker] = []

    def make(suffix: str = "w", **options) -> RawWorker:
        made.append(RawWorker(quick, f"{name}-{suffix}", name, **options))
        return made[-1]

    yield make
    for worker in made:
        worker.drop()


def why(server: Server, task: str) -> dict[str, str]:
    answer = server.get(f"/api/v1/namespaces/default/tasks/{task}/why").json
    assert answer["task"] == task
    return {reason["code"]: reason["text"] for reason in answer["reasons"]}


def stays(server: Server, task: str, phase: str) -> None:
    """The task is still where it was a moment later."""
    time.sleep(0.3)
    found = server.task(task)
    assert found["state"] == "Created" and found["shards"][0]["phase"] == phase, found
    assert found["shards"][0]["attempts"] == 0 and found["shards"][0]["offers"] == 0


def queue(server: Server, handler: str) -> dict | None:
    return next((q for q in server.list("queues") if q["handler"] == handler), None)


def finish(server: Server, worker: RawWorker, task: str) -> None:
    offer = worker.offer(task)
    worker.start(offer)
    worker.succeed(offer.run)
    assert server.until_final(task)["state"] == "RunToCompletion"


def test_a_handler_nobody_has_is_waited_for_and_seen(quick, open_worker, name):
    task = quick.submit(name)
    stays(quick, task, "ready")
    assert name in why(quick, task)["no-worker"]
    found = eventually(lambda: (q := queue(quick, name)) and q.get("withoutWorkerSince") and q, 3)
    assert found["withoutWorkerSince"] >= quick.task(task)["createdAt"][:19] and found["workers"] == 0
    without = quick.get("/healthz").json["queuesWithoutWorker"]
    assert name not in [q["handler"] for q in without], "only after a minute"
    assert name in quick.run("task", "why", task).stdout
    finish(quick, open_worker().connect(), task)
    eventually(lambda: (queue(quick, name) or {}).get("withoutWorkerSince") is None, 3)


def test_a_worker_that_is_gone_is_named(quick, open_worker, name):
    worker = open_worker().connect()
    worker.drop()
    task = quick.submit(name)
    eventually(lambda: "no-worker" in why(quick, task), 5)
    stays(quick, task, "ready")


def test_a_draining_worker_takes_nothing(quick, open_worker, name):
    worker = open_worker().connect()
    worker.send(draining=pb.Draining())
    eventually(lambda: any(w["name"] == worker.name and w["state"] == "draining" for w in quick.list("workers")))
    task = quick.submit(name)
    stays(quick, task, "ready")
    assert "draining" in why(quick, task)["no-worker"]


def test_labels_must_be_equal_unless_the_worker_takes_subsets(quick, open_worker, name):
    plain, blue = open_worker("plain").connect(), open_worker("blue", labels={"env": "blue"}).connect()
    green = quick.submit(name, labels={"env": "green"})
    stays(quick, green, "ready")
    said = why(quick, green)["labels-disagree"]
    assert "env=green" in said and "env=blue" in said
    finish(quick, blue, quick.submit(name, labels={"env": "blue"}))
    finish(quick, plain, quick.submit(name))
    both = quick.submit(name, labels={"env": "blue", "zone": "a"})
    stays(quick, both, "ready")
    subset = open_worker("subset", labels={"env": "green", "zone": "a", "disk": "ssd"},
                         matching=pb.SUBSET).connect()
    finish(quick, subset, green)
    finish(quick, subset, quick.submit(name, labels={"zone": "a"}))
    quick.act(both, "cancel")


def test_full_workers_are_named_and_the_queue_before_a_task_too(quick, open_worker, name):
    worker = open_worker(capacity=1).connect()
    first = quick.submit(name)
    run = worker.running(first)
    second, third = quick.submit(name), quick.submit(name)
    stays(quick, second, "ready")
    assert "1/1" in why(quick, second)["workers-full"]
    assert why(quick, third)["queued"].startswith("1 ")
    worker.succeed(run)
    worker.grant(2)
    finish(quick, worker, second)
    finish(quick, worker, third)


def test_a_freed_place_serves_the_next_task(quick, open_worker, name):
    """A worker with room for one has credit for two handlers: the end of one run lets the other go."""
    worker = RawWorker(quick, f"{name}-both", name, f"{name}-b", capacity=1).connect()
    try:
        first = quick.submit(name)
        run = worker.running(first)
        second = quick.submit(f"{name}-b")
        stays(quick, second, "ready")
        worker.succeed(run)
        finish(quick, worker, second)
    finally:
        worker.drop()


def test_without_credit_nothing_is_offered(quick, open_worker, name):
    worker = open_worker().connect(credit=0)
    tasks = [quick.submit(name) for _ in range(3)]
    stays(quick, tasks[0], "ready")
    assert queue(quick, name)["credits"] == 0 and queue(quick, name)["ready"]["count"] == 3
    worker.grant(2)
    offers = [worker.offer(), worker.offer()]
    stays(quick, tasks[2], "ready")
    for offer in offers:
        worker.start(offer)
        worker.succeed(offer.run)
        worker.acknowledged(offer.run)
    stays(quick, tasks[2], "ready")
    worker.grant(1)
    finish(quick, worker, tasks[2])


def test_a_free_worker_without_credit_is_not_said_to_be_about_to_take_it(quick, open_worker, name):
    open_worker().connect(credit=0)
    task = quick.submit(name)
    stays(quick, task, "ready")
    assert "about-to-go" not in why(quick, task), why(quick, task)


def test_a_paused_task_waits_for_its_resume(quick, open_worker, name):
    task = quick.submit(name)
    quick.act(task, "pause")
    worker = open_worker().connect()
    stays(quick, task, "held")
    assert "paused" in why(quick, task)
    quick.act(task, "resume")
    finish(quick, worker, task)


def test_a_task_for_later_says_when(quick, open_worker, name):
    open_worker().connect()
    task = quick.submit(name, at="2099-01-01T00:00:00Z")
    stays(quick, task, "delayed")
    assert "2099-01-01" in why(quick, task)["delayed"]
    quick.act(task, "cancel")


def test_a_task_held_by_overlap_names_its_blocker(quick, open_worker, name):
    worker = open_worker().connect()
    quick.create_trigger(name, handler=name, schedule="@every 1s", overlap="queue", repeats=2)
    offer = worker.offer(within=5)
    worker.start(offer)
    held = eventually(lambda: next((t for t in quick.list(f"tasks?handler={name}")
                                    if t["shards"][0]["phase"] == "held"), None), 5)
    blocker = next(t["id"] for t in quick.list(f"tasks?handler={name}") if t["id"] != held["id"])
    assert blocker in why(quick, held["id"])["held-by-overlap"]
    worker.succeed(offer.run)
    finish(quick, worker, held["id"])


def test_an_offline_trigger_makes_nothing_and_records_the_stretch(quick, open_worker, name):
    quick.create_trigger(name, handler=name, schedule="* * * * * *", online=False)
    path = f"/api/v1/namespaces/default/triggers/{name}"
    time.sleep(2.2)
    assert quick.list(f"triggers/{name}/fires") == []
    assert quick.get(path).json.get("offlineSince")
    assert quick.post(f"{path}/online").status == 200
    row = eventually(lambda: next((r for r in quick.list(f"triggers/{name}/fires")
                                   if r["outcome"] == "offline"), None), 3)
    assert row["count"] >= 2 and row["at"] < row["through"]
    eventually(lambda: any(r["outcome"] == "task" for r in quick.list(f"triggers/{name}/fires")), 3)
    quick.post(f"{path}/offline")
    for task in quick.list(f"tasks?trigger={name}"):
        quick.act(task["id"], "cancel")


def test_equal_names_in_two_namespaces_never_meet(quick, open_worker, name):
    assert quick.post("/api/v1/namespaces", {"name": f"other-{name}"}).status == 201
    answer = quick.post(f"/api/v1/namespaces/other-{name}/tasks", {"handler": name})
    assert answer.status == 201
    worker = open_worker().connect()
    time.sleep(0.3)
    assert not worker.has("offer")
    found = quick.get(f"/api/v1/namespaces/other-{name}/tasks/{answer.json['id']}/why").json
    assert found["reasons"][0]["code"] == "no-worker"
    assert quick.get(f"/api/v1/namespaces/default/tasks/{answer.json['id']}").status == 404


def test_a_flood_for_one_handler_does_not_delay_another(quick, open_worker, name):
    for _ in range(300):
        quick.submit(f"{name}-flood")
    worker = open_worker().connect()
    began = time.monotonic()
    finish(quick, worker, quick.submit(name))
    assert time.monotonic() - began < 1


def test_priority_goes_first(quick, open_worker, name):
    low, usual, high = (quick.submit(name, priority=priority) for priority in (0, 5, 9))
    worker = open_worker().connect(credit=0)
    order = []
    for _ in range(3):
        worker.grant(1)
        offer = worker.offer()
        order.append(offer.run.task_id)
        worker.start(offer)
        worker.succeed(offer.run)
        worker.acknowledged(offer.run)
    assert order == [bytes.fromhex(task.replace("-", "")) for task in (high, usual, low)]
