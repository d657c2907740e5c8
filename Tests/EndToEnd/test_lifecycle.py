"""Every state and every legal move, reached from outside by a worker that says what it likes."""

from __future__ import annotations

import itertools
import time
import uuid
from datetime import datetime

import pytest

from product import FINAL, Server, check_history, eventually, moves
from wire import RawWorker, pb

numbers = itertools.count(1)


@pytest.fixture
def name() -> str:
    """A name no other test uses."""
    return f"n{next(numbers)}"


@pytest.fixture
def worker(quick: Server, name: str):
    worker = RawWorker(quick, f"worker-{name}", name).connect()
    yield worker
    worker.drop()


@pytest.fixture
def open_worker(quick: Server, name: str):
    """Makes more workers with the same handler."""
    made: list[RawWorker] = []

    def make(suffix: str, **options) -> RawWorker:
        made.append(RawWorker(quick, f"worker-{name}-{suffix}", name, **options))
        return made[-1]

    yield make
    for worker in made:
        worker.drop()


@pytest.fixture(scope="module", autouse=True)
def stubborn(quick: Server):
    """A worker that ignores a cancel and another that ignores an offer, from the start of this file on.

    What they wait for, thirty and ten seconds, passes while the other tests run.
    """
    stubborn = RawWorker(quick, "stubborn", "stubborn").connect()
    task = quick.submit("stubborn")
    run = stubborn.running(task)
    assert quick.act(task, "cancel").status == 202
    stubborn.take("cancel")
    deaf = RawWorker(quick, "deaf", "deaf").connect(credit=1)
    unanswered = quick.submit("deaf")
    offer = deaf.offer(unanswered)
    yield stubborn, task, run, deaf, unanswered, offer
    stubborn.drop()
    deaf.drop()


def slot(server: Server, task: str) -> dict:
    return server.task(task)["shards"][0]


def last(task: dict) -> dict:
    return task["shards"][0]["events"][-1]


def ended(server: Server, task: str, state: str, path: list[int], why: str = "", within: float = 10) -> dict:
    """The task, once final: its state, the moves it made, and the reason of the last."""
    found = server.until_final(task, within)
    assert found["state"] == state, found
    assert moves(found) == path, found["shards"][0]["events"]
    assert why in last(found)["why"], last(found)
    check_history(found)
    return found


# The normal path


def test_a_task_passes_all_states_of_the_normal_path(quick, worker, name):
    task = quick.submit(name, param="hello")
    offer = worker.offer(task)
    waiting = quick.task(task)
    assert waiting["state"] == "WaitingToRun" and moves(waiting) == [1, 3]
    assert offer.param == b"hello" and offer.attempt == 1 and offer.handler == name
    worker.start(offer)
    assert moves(quick.until_state(task, "Running")) == [1, 3, 4]
    worker.succeed(offer.run, b"done")
    worker.acknowledged(offer.run)
    done = ended(quick, task, "RunToCompletion", [1, 3, 4, 7])
    shard = done["shards"][0]
    assert shard["result"] == {"text": "done"} and shard["attempts"] == 1
    assert shard["runs"][0]["outcome"] == "succeeded" and shard["runs"][0]["accepted"] is True
    assert shard["runs"][0]["epoch"] == str(offer.run.epoch)


def test_move_1_a_repeated_submission_is_the_same_task(quick, name):
    key = {"Idempotency-Key": f"key-{name}"}
    path = "/api/v1/namespaces/default/tasks"
    one, two = (quick.post(path, {"handler": name}, headers=key) for _ in range(2))
    assert one.status in (200, 201) and one.json["id"] == two.json["id"]
    assert quick.post(path, {"handler": name, "param": "x"}, headers=key).status == 409
    assert len(quick.list(f"tasks?handler={name}")) == 1


def test_move_2_a_held_task_goes_when_its_blocker_ends(quick, worker, name):
    quick.create_trigger(name, handler=name, schedule="@every 1s", overlap="queue", repeats=2)
    first = worker.offer()
    worker.start(first)
    held = eventually(lambda: next((t for t in quick.list(f"tasks?handler={name}")
                                    if t["shards"][0]["phase"] == "held"), None), 5)
    assert held["state"] == "Created"
    worker.succeed(first.run)
    second = worker.offer(held["id"])
    worker.start(second)
    worker.succeed(second.run)
    ended(quick, held["id"], "RunToCompletion", [1, 2, 3, 4, 7])


# What comes back without a start


def test_move_5_a_declined_offer_goes_out_again(quick, worker, name):
    task = quick.submit(name)
    offer = worker.offer(task)
    worker.report(offer.run, decline=pb.Decline(reason="no room"))
    again = worker.offer(task)
    assert again.run.epoch > offer.run.epoch and again.attempt == 1
    worker.start(again)
    worker.succeed(again.run)
    done = ended(quick, task, "RunToCompletion", [1, 3, 5, 3, 4, 7])
    assert done["shards"][0]["offers"] == 1 and done["shards"][0]["attempts"] == 1
    assert done["shards"][0]["runs"][0]["outcome"] == "declined"


def test_move_5_the_twentieth_decline_is_undeliverable(quick, worker, name):
    task = quick.submit(name)
    for _ in range(20):
        worker.report(worker.offer(task).run, decline=pb.Decline(reason="never"))
    done = ended(quick, task, "Faulted", [1] + [3, 5] * 20)
    assert done["shards"][0]["reason"] == "undeliverable" and done["shards"][0]["offers"] == 20
    assert done["shards"][0]["attempts"] == 0


def test_move_5_an_offer_to_a_worker_that_falls_silent_goes_out_again(quick, worker, open_worker, name):
    quick.pass_grace(2)
    task = quick.submit(name)
    offer = worker.offer(task)
    worker.is_silent = True
    other = open_worker("other").connect()
    again = other.offer(task, within=6)
    assert again.run.epoch > offer.run.epoch
    other.start(again)
    other.succeed(again.run)
    done = ended(quick, task, "RunToCompletion", [1, 3, 5, 3, 4, 7])
    assert done["shards"][0]["crashes"] == 0 and done["shards"][0]["offers"] == 1


def test_move_5_at_most_once_ends_with_an_offer_that_was_never_answered(quick, worker, name):
    task = quick.submit(name, atMostOnce=True)
    worker.offer(task)
    worker.is_silent = True
    done = ended(quick, task, "Faulted", [1, 3, 5])
    assert done["shards"][0]["reason"] == "lease-lost"


def test_move_6_cancel_revokes_an_offer(quick, worker, name):
    task = quick.submit(name)
    offer = worker.offer(task)
    assert quick.act(task, "cancel").status in (200, 202)
    assert worker.take("revoke").run.epoch == offer.run.epoch
    ended(quick, task, "Canceled", [1, 3, 6])
    assert quick.act(task, "cancel").status in (200, 202), "repeated cancels are harmless"


# Failures


def test_move_8_a_failure_waits_and_is_tried_again(quick, worker, name):
    task = quick.submit(name, retries=1, retryBackoff="1s")
    run = worker.running(task)
    worker.fail(run, "first try", retry_after=400_000)
    worker.acknowledged(run)
    delayed = quick.task(task)
    assert delayed["state"] == "Created" and delayed["shards"][0]["phase"] == "delayed"
    event = last(delayed)
    assert event["move"] == 8 and event["why"] == "first try"
    offer = worker.offer(task)
    assert offer.attempt == 2
    worker.start(offer)
    worker.succeed(offer.run)
    done = ended(quick, task, "RunToCompletion", [1, 3, 4, 8, 3, 4, 7])
    assert done["shards"][0]["events"][4]["at"] >= event["readyAt"], "nothing starts before readyAt"
    assert done["shards"][0]["attempts"] == 2


def test_move_9_a_failure_without_attempts_left_is_final(quick, worker, name):
    task = quick.submit(name, retries=1, retryBackoff="10ms")
    worker.fail(worker.running(task))
    worker.fail(worker.running(task), "broken")
    done = ended(quick, task, "Faulted", [1, 3, 4, 8, 3, 4, 9], "broken")
    assert done["shards"][0]["reason"] == "failed" and done["shards"][0]["attempts"] == 2


def test_move_9_a_failure_that_must_not_be_retried_is_final(quick, worker, name):
    task = quick.submit(name, retries=5)
    worker.fail(worker.running(task), "useless", retryable=False)
    ended(quick, task, "Faulted", [1, 3, 4, 9], "useless")


# Lost workers


def test_move_10_a_lost_worker_is_a_crash_and_costs_no_attempt(quick, worker, open_worker, name):
    quick.pass_grace(2)
    task = quick.submit(name, retries=0)
    run = worker.running(task)
    worker.is_silent = True
    lost_at = time.monotonic()
    other = open_worker("other").connect()
    again = other.offer(task)
    assert time.monotonic() - lost_at < 2 + 3, "taken over within lease + 3 s"
    assert again.run.epoch > run.epoch and again.attempt == 1
    other.start(again)
    other.succeed(again.run)
    done = ended(quick, task, "RunToCompletion", [1, 3, 4, 10, 3, 4, 7])
    assert done["shards"][0]["crashes"] == 1 and done["shards"][0]["attempts"] == 1
    assert done["shards"][0]["runs"][0]["outcome"] == "lease-lost"


def test_move_10_the_third_crash_is_poison(quick, open_worker, name):
    quick.pass_grace(2)
    task = quick.submit(name)
    for number in range(3):
        worker = open_worker(f"victim{number}").connect()
        worker.running(task)
        worker.is_silent = True
        eventually(lambda: slot(quick, task)["crashes"] == number + 1, 6)
    done = ended(quick, task, "Faulted", [1, 3, 4, 10, 3, 4, 10, 3, 4, 10], "poisoned")
    assert done["shards"][0]["reason"] == "poisoned" and done["shards"][0]["attempts"] == 0


def test_move_10_at_most_once_is_not_tried_again(quick, worker, name):
    task = quick.submit(name, atMostOnce=True)
    worker.running(task)
    worker.is_silent = True
    done = ended(quick, task, "Faulted", [1, 3, 4, 10])
    assert done["shards"][0]["reason"] == "lease-lost"


def test_move_10_what_a_returning_process_no_longer_knows_is_lost_at_once(quick, worker, name):
    task = quick.submit(name)
    run = worker.running(task)
    worker.drop()
    worker.connect()
    again = worker.offer(task, within=1.5)
    assert again.run.epoch > run.epoch
    assert moves(quick.task(task)) == [1, 3, 4, 10, 3]


def test_move_16_a_draining_worker_gives_its_run_back(quick, worker, name):
    task = quick.submit(name)
    run = worker.running(task)
    worker.report(run, released=pb.Released())
    worker.acknowledged(run)
    offer = worker.offer(task)
    assert offer.attempt == 1, "the attempt was given back"
    worker.start(offer)
    worker.succeed(offer.run)
    done = ended(quick, task, "RunToCompletion", [1, 3, 4, 16, 3, 4, 7])
    assert done["shards"][0]["attempts"] == 1 and done["shards"][0]["crashes"] == 0
    assert done["shards"][0]["runs"][0]["outcome"] == "released"


def test_move_19_a_late_result_is_saved_instead_of_run_again(quick, worker, name):
    task = quick.submit(name)
    run = worker.running(task)
    worker.drop()
    eventually(lambda: slot(quick, task)["crashes"] == 1, 6)
    late = pb.Report(run=run, succeeded=pb.Succeeded(result=b"late"))
    worker.connect(credit=0, unsent_results=[late])
    worker.acknowledged(run)
    done = ended(quick, task, "RunToCompletion", [1, 3, 4, 10, 19])
    assert done["shards"][0]["result"] == {"text": "late"} and done["shards"][0]["attempts"] == 1


# Stops


def test_moves_11_and_12_a_cancelled_run_stops(quick, worker, name):
    task = quick.submit(name)
    run = worker.running(task)
    assert quick.act(task, "cancel").status == 202
    cancel = worker.take("cancel")
    assert cancel.run.epoch == run.epoch and cancel.reason == "cancel"
    assert slot(quick, task)["phase"] == "stopping" and quick.task(task)["state"] == "Running"
    assert quick.act(task, "cancel").status == 202
    worker.report(run, stopped=pb.Stopped(message="as you wish"))
    worker.acknowledged(run)
    ended(quick, task, "Canceled", [1, 3, 4, 11, 12])


def test_moves_11_and_12_a_newer_task_replaces_the_running_one(quick, worker, name):
    quick.create_trigger(name, handler=name, schedule="@every 1s", overlap="replace", repeats=2)
    first = worker.offer()
    worker.start(first)
    cancel = worker.take("cancel")
    assert cancel.reason == "replaced" and cancel.run.epoch == first.run.epoch
    worker.report(first.run, stopped=pb.Stopped())
    second = worker.offer()
    worker.start(second)
    worker.succeed(second.run)
    old, new = (str(uuid.UUID(bytes=offer.run.task_id)) for offer in (first, second))
    ended(quick, old, "Canceled", [1, 3, 4, 11, 12])
    ended(quick, new, "RunToCompletion", [1, 2, 3, 4, 7])


@pytest.mark.parametrize("limit", ["runTimeout", "heartbeatTimeout"])
def test_moves_11_and_13_a_time_limit_counts_as_a_failed_attempt(quick, worker, name, limit):
    task = quick.submit(name, retries=1, retryBackoff="10ms", **{limit: "500ms"})
    reason = {"runTimeout": "run-timeout", "heartbeatTimeout": "heartbeat-timeout"}[limit]
    for _ in range(2):
        run = worker.running(task)
        assert worker.take("cancel").reason == reason
        worker.report(run, stopped=pb.Stopped())
    done = ended(quick, task, "Faulted", [1, 3, 4, 11, 13, 3, 4, 11, 13])
    assert done["shards"][0]["reason"] == "time-limit" and done["shards"][0]["attempts"] == 2


def test_progress_resets_the_heartbeat_limit_and_nothing_else(quick, worker, name):
    task = quick.submit(name, heartbeatTimeout="800ms", retries=0)
    run = worker.running(task)
    for percent in range(0, 100, 25):
        time.sleep(0.4)
        worker.report(run, progress=pb.Progress(percent=percent, note="on it"))
    assert not worker.has("cancel")
    eventually(lambda: slot(quick, task)["progress"]["percent"] == 75, 2)
    assert worker.take("cancel").reason == "heartbeat-timeout"
    worker.report(run, stopped=pb.Stopped())
    ended(quick, task, "Faulted", [1, 3, 4, 11, 13])


def test_moves_11_and_13_the_total_limit_is_never_retried(quick, worker, name):
    task = quick.submit(name, retries=5, taskTimeout="500ms")
    run = worker.running(task)
    assert worker.take("cancel").reason == "total-timeout"
    worker.report(run, stopped=pb.Stopped())
    done = ended(quick, task, "Faulted", [1, 3, 4, 11, 13])
    assert done["shards"][0]["reason"] == "total-timeout"


def test_move_14_a_result_that_beats_the_cancel_counts(quick, worker, name):
    task = quick.submit(name)
    run = worker.running(task)
    quick.act(task, "cancel")
    worker.take("cancel")
    worker.succeed(run, b"faster")
    worker.acknowledged(run)
    done = ended(quick, task, "RunToCompletion", [1, 3, 4, 11, 14], "finished despite cancel")
    assert done["shards"][0]["result"] == {"text": "faster"}


def test_move_15_a_stop_whose_worker_is_lost_is_forced(quick, worker, name):
    task = quick.submit(name)
    run = worker.running(task)
    quick.act(task, "cancel")
    worker.take("cancel")
    worker.drop()
    ended(quick, task, "Canceled", [1, 3, 4, 11, 15], "forced")
    late = pb.Report(run=run, succeeded=pb.Succeeded(result=b"late"))
    worker.connect(credit=0, unsent_results=[late])
    assert worker.stale(run), "move 19 follows move 10 only"
    assert quick.task(task)["state"] == "Canceled"


def test_a_cancel_reaches_a_worker_that_reconnects_later(quick, worker, name):
    task = quick.submit(name)
    run = worker.running(task)
    worker.drop()
    quick.act(task, "cancel")
    worker.connect(in_flight=[run])
    assert [c.run.epoch for c in worker.session.cancels] == [run.epoch]
    assert [r.epoch for r in worker.session.keep] == [run.epoch]
    worker.report(run, stopped=pb.Stopped())
    ended(quick, task, "Canceled", [1, 3, 4, 11, 12])


# What has not been handed out


def test_move_17_cancel_ends_a_task_that_waits(quick, name):
    task = quick.submit(name)
    assert quick.act(task, "cancel").status in (200, 202)
    ended(quick, task, "Canceled", [1, 17])


def test_move_17_a_delayed_task_can_be_cancelled(quick, worker, name):
    task = quick.submit(name, retryBackoff="1h", retryBackoffCap="1h")
    worker.fail(worker.running(task), retry_after=60_000_000)
    quick.until_state(task, "Created")
    quick.act(task, "cancel")
    ended(quick, task, "Canceled", [1, 3, 4, 8, 17])


def test_moves_17_and_22_deleting_a_trigger_ends_what_has_not_started(quick, worker, name):
    worker.grant(2)
    quick.create_trigger(name, handler=name, schedule="@every 1h", shards=1)
    ids = [quick.post(f"/api/v1/namespaces/default/triggers/{name}/fire").json["id"] for _ in range(2)]
    running = worker.running(ids[0])
    offered = worker.offer(ids[1])
    waiting = quick.post(f"/api/v1/namespaces/default/triggers/{name}/fire").json["id"]
    quick.act(waiting, "pause")
    assert quick.request("DELETE", f"/api/v1/namespaces/default/triggers/{name}").status in (200, 204)
    assert worker.take("revoke", lambda r: r.run.epoch == offered.run.epoch)
    assert ended_path(quick, ids[1], "Canceled")[-1] == 22
    assert ended_path(quick, waiting, "Canceled")[-1] == 17
    assert quick.task(ids[0])["state"] == "Running", "what runs may finish"
    worker.succeed(running)
    ended(quick, ids[0], "RunToCompletion", [1, 3, 4, 7])


def ended_path(server: Server, task: str, state: str) -> list[int]:
    found = server.until_final(task)
    assert found["state"] == state
    check_history(found)
    return moves(found)


@pytest.mark.parametrize("limit", ["queueTimeout", "taskTimeout"])
def test_move_18_a_limit_ends_a_task_that_waits(quick, name, limit):
    task = quick.submit(name, retries=5, **{limit: "500ms"})
    done = ended(quick, task, "Faulted", [1, 18])
    wanted = {"queueTimeout": "queue-timeout", "taskTimeout": "total-timeout"}[limit]
    assert done["shards"][0]["reason"] == wanted


def test_move_18_the_queue_limit_ends_with_the_first_start(quick, worker, name):
    task = quick.submit(name, retries=1, queueTimeout="1s")
    worker.fail(worker.running(task), retry_after=1_500_000)
    worker.succeed(worker.running(task))
    ended(quick, task, "RunToCompletion", [1, 3, 4, 8, 3, 4, 7])


def test_move_20_pause_holds_and_resume_lets_go(quick, worker, name):
    offered = quick.submit(name)
    offer = worker.offer(offered)
    assert quick.act(offered, "pause").status == 200
    assert worker.take("revoke").run.epoch == offer.run.epoch
    held = quick.task(offered)
    assert held["state"] == "Created" and held["shards"][0]["phase"] == "held"
    assert moves(held) == [1, 3, 20]
    time.sleep(0.3)
    assert not worker.has("offer"), "paused means paused"
    assert quick.act(offered, "resume").status == 200
    again = worker.offer(offered)
    worker.start(again)
    worker.succeed(again.run)
    ended(quick, offered, "RunToCompletion", [1, 3, 20, 20, 3, 4, 7])


def test_move_20_a_delayed_task_can_be_paused_and_keeps_its_time(quick, worker, name):
    task = quick.submit(name)
    worker.fail(worker.running(task), retry_after=1_000_000)
    ready_at = last(quick.until_state(task, "Created"))["readyAt"]
    quick.act(task, "pause")
    quick.act(task, "resume")
    offer = worker.offer(task)
    found = quick.task(task)
    assert moves(found) == [1, 3, 4, 8, 20, 20, 3]
    assert last(found)["at"] >= ready_at
    worker.start(offer)
    worker.succeed(offer.run)
    quick.until_final(task)


def test_move_22_the_total_limit_ends_an_offer(quick, worker, name):
    task = quick.submit(name, taskTimeout="500ms")
    offer = worker.offer(task)
    assert worker.take("revoke").run.epoch == offer.run.epoch
    done = ended(quick, task, "Faulted", [1, 3, 22])
    assert done["shards"][0]["reason"] == "total-timeout"


def test_a_final_task_run_again_is_a_new_task(quick, worker, name):
    task = quick.submit(name, param="again", retries=0)
    worker.fail(worker.running(task))
    quick.until_final(task)
    answer = quick.act(task, "retry")
    assert answer.status == 201 and answer.json["rerunOf"] == task
    new = answer.json["id"]
    offer = worker.offer(new)
    assert offer.param == b"again" and new != task
    worker.start(offer)
    worker.succeed(offer.run)
    ended(quick, new, "RunToCompletion", [1, 3, 4, 7])
    assert quick.task(task)["state"] == "Faulted"


# Everything else is refused and counted


class Refused:
    """Watches that exactly one refusal is counted."""

    def __init__(self, server: Server, reason: str):
        self.server, self.reason = server, reason

    def count(self) -> float:
        return self.server.metric("tompion_refused_moves_total", reason=self.reason)

    def __enter__(self):
        self.before = self.count()

    def __exit__(self, kind, *_):
        if kind is None:
            eventually(lambda: self.count() == self.before + 1, 3, what=f"one refusal {self.reason}")


def refusal(server: Server, task: str, reason: str, report: str) -> None:
    def look():
        return [r for r in slot(server, task)["refusedReports"]
                if (r["reason"], r["report"]) == (reason, report)]
    assert len(eventually(look, 3, what=f"{reason} of {report}")) == 1


def test_a_report_with_an_old_epoch_is_refused(quick, worker, name):
    task = quick.submit(name)
    old = worker.running(task)
    worker.fail(old, retry_after=0)
    run = worker.running(task)
    with Refused(quick, "stale-epoch"):
        worker.succeed(old, b"stale")
        worker.stale(old)
    refusal(quick, task, "stale-epoch", "Succeeded")
    assert quick.task(task)["state"] == "Running"
    worker.succeed(run, b"fresh")
    worker.acknowledged(run)
    assert quick.task(task)["shards"][0]["result"] == {"text": "fresh"}
    check_history(quick.task(task))


def test_a_report_of_a_process_that_is_not_the_owner_is_refused(quick, worker, open_worker, name):
    task = quick.submit(name)
    run = worker.running(task)
    thief = open_worker("thief").connect(credit=0)
    with Refused(quick, "not-owner"):
        thief.succeed(run, b"mine")
        thief.stale(run)
    refusal(quick, task, "not-owner", "Succeeded")
    worker.succeed(run)
    ended(quick, task, "RunToCompletion", [1, 3, 4, 7])


def test_a_final_state_never_changes(quick, worker, name):
    task = quick.submit(name)
    run = worker.running(task)
    worker.succeed(run)
    worker.acknowledged(run)
    with Refused(quick, "final"):
        worker.fail(run, "on second thought")
        worker.stale(run)
    refusal(quick, task, "final", "Failed")
    assert quick.task(task)["state"] == "RunToCompletion"


def test_a_result_without_a_start_is_refused(quick, worker, name):
    task = quick.submit(name)
    offer = worker.offer(task)
    with Refused(quick, "illegal-move"):
        worker.succeed(offer.run)
        worker.stale(offer.run)
    refusal(quick, task, "illegal-move", "Succeeded")
    assert quick.task(task)["state"] == "WaitingToRun"


def test_a_decline_after_the_start_is_refused(quick, worker, name):
    task = quick.submit(name)
    run = worker.running(task)
    with Refused(quick, "illegal-move"):
        worker.report(run, decline=pb.Decline(reason="changed my mind"))
        worker.stale(run)
    assert quick.task(task)["state"] == "Running"


def test_a_report_about_nothing_known_is_refused(quick, worker):
    run = pb.Run(task_id=uuid.uuid4().bytes, epoch=7)
    with Refused(quick, "unknown-slot"):
        worker.succeed(run)
        worker.stale(run)


def test_a_repeated_report_gets_the_same_answer(quick, worker, name):
    task = quick.submit(name)
    offer = worker.offer(task)
    for _ in range(3):
        worker.start(offer)
    quick.until_state(task, "Running")
    for _ in range(3):
        worker.succeed(offer.run, b"once")
        worker.acknowledged(offer.run)
    done = ended(quick, task, "RunToCompletion", [1, 3, 4, 7])
    assert done["shards"][0]["refusedReports"] == [] and not worker.has("stale")


def test_a_task_in_every_state_is_found_by_that_state(quick, worker, name):
    ids = {"Created": quick.submit("nobody-has-it")}
    for state in ("WaitingToRun", "Running", "RunToCompletion", "Faulted", "Canceled"):
        task = ids[state] = quick.submit(name, retries=0)
        offer = worker.offer(task)
        if state == "WaitingToRun":
            continue
        worker.start(offer)
        quick.until_state(task, "Running")
        if state == "RunToCompletion":
            worker.succeed(offer.run)
        elif state == "Faulted":
            worker.fail(offer.run)
        elif state == "Canceled":
            quick.act(task, "cancel")
            worker.report(offer.run, stopped=pb.Stopped())
        if state in FINAL:
            quick.until_final(task)
    for state, task in ids.items():
        assert task in [found["id"] for found in quick.list(f"tasks?state={state}")], state
        assert quick.task(task)["state"] == state
    quick.act(ids["Created"], "cancel")


# What takes its time


def seconds(events: list[dict], first: int, second: int) -> float:
    """From the last move numbered `first` to the first numbered `second`."""
    def at(number: int, events: list[dict]) -> datetime:
        return next(datetime.fromisoformat(e["at"].replace("Z", "+00:00")) for e in events if e["move"] == number)
    return (at(second, events) - at(first, events[::-1])).total_seconds()


def test_move_5_an_offer_without_an_answer_is_revoked_after_ten_seconds(quick, stubborn):
    _, _, _, deaf, task, offer = stubborn
    assert deaf.take("revoke", within=15).run.epoch == offer.run.epoch
    found = quick.task(task)
    assert moves(found) == [1, 3, 5] and found["shards"][0]["offers"] == 1
    assert 9.5 <= seconds(found["shards"][0]["events"], 3, 5) <= 12
    deaf.start(offer)
    assert deaf.stale(offer.run), "too late"
    deaf.grant(1)
    again = deaf.offer(task)
    assert again.run.epoch > offer.run.epoch and again.attempt == 1
    deaf.start(again)
    deaf.succeed(again.run)
    ended(quick, task, "RunToCompletion", [1, 3, 5, 3, 4, 7])


def test_move_15_a_stop_is_forced_after_thirty_seconds(quick, stubborn):
    worker, task, run, *_ = stubborn
    done = ended(quick, task, "Canceled", [1, 3, 4, 11, 15], "forced", within=35)
    assert 29.5 <= seconds(done["shards"][0]["events"], 11, 15) <= 32
    worker.succeed(run, b"too late")
    assert worker.stale(run)
    refusal(quick, task, "final", "Succeeded")
