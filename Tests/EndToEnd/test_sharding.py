"""One task in parts, on several workers."""

from __future__ import annotations

from datetime import datetime

import pytest

from product import RELEASE, Process, Server, check_history, eventually
from wire import RawWorker


@pytest.fixture(scope="module")
def fleet(quick: Server):
    """Five real workers that take one shard at a time."""
    workers = [Process(RELEASE / "shard-worker", "--worker-id", f"s{number}", "--capacity", "1",
                       env={"TOMPION_GRPC": quick.grpc}) for number in range(5)]
    eventually(lambda: len([w for w in quick.list("workers") if w["name"].startswith("s")]) == 5)
    yield quick
    for worker in workers:
        worker.kill()


@pytest.fixture
def worker(quick: Server):
    worker = RawWorker(quick, "raw", "part").connect()
    yield worker
    worker.drop()


def seconds(task: dict) -> float:
    start, end = (datetime.fromisoformat(task[key].replace("Z", "+00:00")) for key in ("startedAt", "endedAt"))
    return (end - start).total_seconds()


def test_four_shards_on_five_workers_take_a_quarter_of_the_time(fleet):
    items = 200
    alone = fleet.until_final(fleet.submit("shard-sum", param=f"items={items} ms=20"))
    shared = fleet.until_final(fleet.submit("shard-sum", param=f"items={items} ms=20", shards=4))
    for task in (alone, shared):
        assert task["state"] == "RunToCompletion"
        check_history(task)
        assert sum(int(slot["result"]["text"]) for slot in task["shards"]) == sum(range(items))
    ratio = seconds(shared) / seconds(alone)
    print(f"\n{seconds(alone):.2f} s alone, {seconds(shared):.2f} s in four shards: {ratio:.2f}")
    assert 0.2 <= ratio <= 0.4
    assert len({slot["runs"][0]["worker"] for slot in shared["shards"]}) == 4, "four distinct workers"


def test_a_trigger_makes_sharded_tasks(fleet):
    fleet.create_trigger("parts", handler="shard-sum", schedule="@every 1s", repeats=1, shards=3,
                         param="items=30 ms=1")
    task = eventually(lambda: next(iter(fleet.list("tasks?trigger=parts")), None), 5)
    done = fleet.until_final(task["id"])
    assert sum(int(slot["result"]["text"]) for slot in done["shards"]) == sum(range(30))


def test_each_shard_gets_its_own_parameter(quick, worker):
    task = quick.submit("part", param="all", shards=3, shardParams={"0": "zero", "2": "two"})
    offers = {offer.run.shard: offer for offer in (worker.offer(task) for _ in range(3))}
    assert {shard: offer.shard_param for shard, offer in offers.items()} == {0: b"zero", 1: b"", 2: b"two"}
    assert offers[1].HasField("shard_param") is False
    assert all(offer.param == b"all" and offer.shard_count == 3 for offer in offers.values())
    for offer in offers.values():
        worker.start(offer)
        worker.succeed(offer.run, str(offer.run.shard).encode())
    done = quick.until_final(task)
    assert [slot["result"]["text"] for slot in done["shards"]] == ["0", "1", "2"]


def test_a_failing_shard_is_retried_alone(quick, worker):
    task = quick.submit("part", shards=3, retries=1, retryBackoff="10ms")
    offers = {offer.run.shard: offer for offer in (worker.offer(task) for _ in range(3))}
    for shard, offer in offers.items():
        worker.start(offer)
        if shard == 1:
            worker.fail(offer.run, "only this one")
        else:
            worker.succeed(offer.run)
    again = worker.offer(task)
    assert again.run.shard == 1 and again.attempt == 2
    assert not quick.task(task)["isFinal"]
    worker.start(again)
    worker.succeed(again.run)
    done = quick.until_final(task)
    check_history(done)
    assert done["state"] == "RunToCompletion"
    assert [slot["attempts"] for slot in done["shards"]] == [1, 2, 1]
    assert not worker.has("offer")


def test_one_faulted_shard_makes_the_task_faulted_once_all_have_ended(quick, worker):
    task = quick.submit("part", shards=2, retries=0)
    offers = {offer.run.shard: offer for offer in (worker.offer(task) for _ in range(2))}
    for offer in offers.values():
        worker.start(offer)
    worker.fail(offers[0].run, "broken")
    worker.acknowledged(offers[0].run)
    assert quick.task(task)["state"] == "Running", "the other shard still runs"
    worker.succeed(offers[1].run)
    done = quick.until_final(task)
    assert done["state"] == "Faulted"
    assert [slot["state"] for slot in done["shards"]] == ["Faulted", "RunToCompletion"]


def test_a_shard_of_a_lost_worker_moves_alone(quick, worker):
    quick.pass_grace(2)
    worker.grant(1)
    lost = RawWorker(quick, "lost", "part2").connect()
    task = quick.submit("part2", shards=2)
    offers = {offer.run.shard: offer for offer in (lost.offer(task) for _ in range(2))}
    for offer in offers.values():
        lost.start(offer)
    lost.succeed(offers[0].run)
    lost.acknowledged(offers[0].run)
    lost.drop()
    heir = RawWorker(quick, "heir", "part2").connect()
    again = heir.offer(task)
    assert again.run.shard == 1
    heir.start(again)
    heir.succeed(again.run)
    done = quick.until_final(task)
    check_history(done)
    assert [slot["crashes"] for slot in done["shards"]] == [0, 1]
    heir.drop()
