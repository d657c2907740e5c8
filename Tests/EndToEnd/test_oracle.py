"""The oracle of the fault tests: it finds nothing in a sound history, and every forgery of it."""

from __future__ import annotations

import copy
import time

import pytest

from faults import python_ledger_worker, swift_worker
from fence import FencedResource
from history import Evidence, History, check, export, read_ledger, slot_name
from listener import Listener
from occurrences import microseconds, occurrences
from product import Server, eventually, moves
from wire import RawWorker, pb


@pytest.fixture(scope="module")
def past(tmp_path_factory) -> tuple[History, Evidence]:
    """The history of a server with most of what can happen to a task, and the evidence beside it."""
    directory = tmp_path_factory.mktemp("past")
    server, fence = Server(directory, "--lease", "2s").start(), FencedResource()
    ledgers = [directory / "swift", directory / "python"]
    workers = [swift_worker(server, ledgers[0], "swift", "work", fence=fence.port),
               python_ledger_worker(server, ledgers[1], "python", "other", fence=fence.port)]
    raw = RawWorker(server, "raw", "raw").connect()
    try:
        for name, handler in (("tick", "work"), ("each", "other")):
            server.create_trigger(name, handler=handler, param="ms=1",
                                  schedule="@every 1s" if name == "each" else "* * * * * *")
        server.create_trigger("held", handler="nobody", schedule="* * * * * *", overlap="queue")
        tasks = [server.submit(handler, param=param, retries=1, retryBackoff="10ms")
                 for handler in ("work", "other") for param in ("ms=5", "ms=5", "fail")]
        waiting = server.submit("nobody")
        cross_a_lease(server, raw)
        for task in tasks:
            server.until_final(task)
        offline = {}
        for name in ("tick", "each", "held"):
            eventually(lambda: len(server.list(f"triggers/{name}/fires")) >= 3, 10)
            asked = time.time_ns() // 1000
            assert server.post(f"/api/v1/namespaces/default/triggers/{name}/offline").status == 200
            offline[name] = (asked, time.time_ns() // 1000)
        eventually(lambda: all(t["isFinal"] for t in server.list("tasks") if t["handler"] != "nobody"))
        history = export(server)
        ledger = [entry for path in ledgers for entry in read_ledger(path)]
        finals = {t["id"]: (t["state"], t["endedAt"]) for t in history.tasks.values() if t["isFinal"]}
        yield history, Evidence(
            acknowledged=[*tasks, waiting], ledger=ledger, fence=fence, finals=finals, offline=offline,
            has_all_ledgers=False, has_restarted=False)
    finally:
        for process in (*workers, server):
            process.kill()
        raw.drop()
        fence.close()


def cross_a_lease(server: Server, raw: RawWorker) -> None:
    """One task is declined once, then done by a worker that lost it; another hands in its result late."""
    server.pass_grace(2)
    twice, late = server.submit("raw"), server.submit("raw")
    offer = raw.offer(twice)
    raw.report(offer.run, decline=pb.Decline(reason="not yet"))
    runs = [raw.running(twice), raw.running(late)]
    raw.drop()
    heir = RawWorker(server, "heir", "raw")
    eventually(lambda: all(server.task(t)["shards"][0]["crashes"] for t in (twice, late)), 10)
    heir.connect(credit=1)
    again = heir.offer(twice)
    heir.start(again)
    heir.succeed(again.run)
    server.until_final(twice)
    raw.connect(credit=0, unsent_results=[pb.Report(run=run, succeeded=pb.Succeeded()) for run in runs])
    raw.stale(runs[0])
    raw.acknowledged(runs[1])
    heir.drop()
    assert moves(server.task(late))[-1] == 19


@pytest.fixture
def forged(past):
    """A copy to change, and what is found in it."""
    history, evidence = copy.deepcopy(past[0]), copy.copy(past[1])
    evidence.ledger, evidence.acknowledged = list(evidence.ledger), list(evidence.acknowledged)

    def find() -> set[str]:
        return {violation.invariant for violation in check(history, evidence)}

    return history, evidence, find


def a_slot(history: History, *path: int) -> dict:
    """A slot that made just these moves."""
    return next(slot for _, slot in history.slots if [e["move"] for e in slot["events"]] == list(path))


DONE = (1, 3, 4, 7)


def test_a_sound_history_has_no_violations(past):
    history, evidence = past
    found = check(history, evidence)
    assert found == []
    made = {tuple(event["move"] for event in slot["events"]) for _, slot in history.slots}
    assert {DONE, (1, 3, 5, 3, 4, 10, 3, 4, 7), (1, 3, 4, 10, 19), (1, 3, 4, 8, 3, 4, 9), (1,)} <= made
    assert {entry.what for entry in evidence.ledger} >= {"start", "succeeded", "failed", "acknowledged"}
    assert sum(history.health["refusedReports"].values()) == 1
    outcomes = {row["outcome"] for rows in history.fires.values() for row in rows}
    assert outcomes >= {"task", "overlap"} and evidence.fence.writes
    assert any(slot["phase"] == "held" for _, slot in history.slots)


def test_a_fire_without_a_trace_is_found(forged):
    history, _, find = forged
    del history.fires["tick"][1]
    assert "I1" in find()


def test_a_fire_with_two_traces_is_found(forged):
    history, _, find = forged
    history.fires["each"].append(history.fires["each"][0])
    assert "I1" in find()


def test_a_fire_that_was_not_due_is_found(forged):
    history, _, find = forged
    row = history.fires["tick"][1]
    row["at"] = row["at"].replace(".000000Z", ".500000Z")
    history.tasks[row["task"]]["nominalAt"] = row["at"]
    assert "I1" in find()


def test_a_skip_without_its_reason_is_found(forged):
    history, _, find = forged
    row = next(row for row in history.fires["held"] if row["outcome"] == "overlap")
    row["outcome"] = "misfire"
    assert find() == {"I1"}


def test_a_task_in_no_ledger_is_found(forged):
    history, _, find = forged
    task = copy.deepcopy(history.tasks[history.fires["tick"][1]["task"]])
    task["id"] = "0" * 36
    history.tasks[task["id"]] = task
    assert "I1" in find()


def test_two_accepted_results_are_found(forged):
    history, _, find = forged
    slot = a_slot(history, 1, 3, 5, 3, 4, 10, 3, 4, 7)
    slot["runs"][1] |= {"outcome": "succeeded", "accepted": True}
    assert "I2" in find()


def test_a_result_of_an_older_run_is_found(forged):
    history, _, find = forged
    slot = a_slot(history, 1, 3, 5, 3, 4, 10, 3, 4, 7)
    slot["runs"][1], slot["runs"][2] = (
        slot["runs"][1] | {"outcome": "succeeded", "accepted": True},
        slot["runs"][2] | {"outcome": "lease-lost", "accepted": None})
    assert "I2" in find()


def test_a_write_behind_the_fence_is_found(forged):
    history, evidence, find = forged
    name = next(name for name, slot in history.slots if slot["runs"] and name.replace("-", "") in evidence.fence.writes)
    writes = evidence.fence.writes[name.replace("-", "")]
    writes.append(writes[-1]._replace(epoch=writes[-1].epoch - 1))
    try:
        assert find() == {"I2"}
    finally:
        writes.pop()


def test_an_epoch_that_falls_is_found(forged):
    history, _, find = forged
    slot = a_slot(history, 1, 3, 5, 3, 4, 10, 3, 4, 7)
    slot["runs"][0]["epoch"], slot["runs"][1]["epoch"] = slot["runs"][1]["epoch"], slot["runs"][0]["epoch"]
    assert "I3" in find()


def test_an_epoch_used_twice_is_found(forged):
    history, _, find = forged
    slots = [slot for _, slot in history.slots if [e["move"] for e in slot["events"]] == list(DONE)][:2]
    slots[1]["runs"][0]["epoch"] = slots[0]["runs"][0]["epoch"]
    assert "I3" in find()


def test_a_move_after_the_end_is_found(forged):
    history, _, find = forged
    slot = a_slot(history, *DONE)
    slot["events"].append(slot["events"][-1] | {"move": 9, "to": "Faulted"})
    assert "I4" in find()


def test_a_final_state_that_changed_is_found(forged):
    _, evidence, find = forged
    task, (state, ended) = next(iter(evidence.finals.items()))
    evidence.finals = evidence.finals | {task: ("Canceled", ended)}
    assert find() == {"I4"} and state != "Canceled"


def test_a_start_before_its_time_is_found(forged):
    history, evidence, find = forged
    place = next(n for n, entry in enumerate(evidence.ledger) if entry.what == "start")
    evidence.ledger[place] = evidence.ledger[place]._replace(at=evidence.ledger[place].at - 1)
    assert find() == {"I5"}


def test_an_offer_before_the_slot_is_ready_is_found(forged):
    history, _, find = forged
    slot = a_slot(history, 1, 3, 4, 8, 3, 4, 9)
    slot["events"][3]["readyAt"] = "2999" + slot["events"][3]["readyAt"][4:]
    assert "I5" in find()


def test_an_acknowledged_task_that_is_gone_is_found(forged):
    history, evidence, find = forged
    evidence.acknowledged.append("0" * 36)
    assert find() == {"I6"}


def test_an_acknowledged_end_that_was_not_kept_is_found(forged):
    history, evidence, find = forged
    entry = next(entry for entry in evidence.ledger if entry.what == "acknowledged")
    slot = next(slot for name, slot in history.slots if name == slot_name(entry))
    run = next(run for run in slot["runs"] if run["epoch"] == str(entry.epoch))
    run["accepted"] = None
    assert "I6" in find()


def test_a_run_that_nobody_handed_out_is_found(forged):
    _, evidence, find = forged
    evidence.ledger.append(evidence.ledger[0]._replace(epoch=7))
    assert "I6" in find()


def test_a_success_that_no_worker_noted_is_found(forged):
    history, evidence, find = forged
    raw = {name for name, slot in history.slots if any(r["worker"] in ("raw", "heir") for r in slot["runs"])}
    assert raw
    evidence.has_all_ledgers = True
    assert find() == {"I6"}, "the raw worker keeps no ledger"


def test_a_refusal_that_was_not_counted_is_found(forged):
    history, _, find = forged
    history.health["refusedReports"] = {}
    assert find() == {"I7"}


def test_a_refusal_that_was_not_kept_is_found(forged):
    history, _, find = forged
    for _, slot in history.slots:
        slot["refusedReports"] = []
    assert find() == {"I7"}


def test_a_run_without_a_session_is_found(forged):
    history, _, find = forged
    slot = a_slot(history, 1)
    slot |= {"phase": "running", "state": "Running", "worker": "ghost"}
    assert {"I8", "I12"} <= find()


def test_a_counter_over_its_limit_is_found(forged):
    history, _, find = forged
    a_slot(history, *DONE)["crashes"] = 4
    assert {"I9", "I12"} <= find()


def test_a_slot_held_by_nobody_is_found(forged):
    history, _, find = forged
    trigger = next(t for t in history.triggers if t["name"] == "held")
    trigger["activeTask"] = next(iter(t["id"] for t in history.tasks.values() if t["isFinal"]))
    assert find() == {"I10"}


def test_a_queue_over_its_bound_is_found(forged):
    history, _, find = forged
    history.queues[0]["ready"]["count"] = history.queues[0]["ready"]["bound"] + 1
    assert find() == {"I11"}


def test_a_state_that_the_events_do_not_lead_to_is_found(forged):
    history, _, find = forged
    a_slot(history, *DONE)["attempts"] = 2
    assert find() == {"I12"}


def test_a_lost_event_is_found(forged):
    history, _, find = forged
    del a_slot(history, 1, 3, 4, 10, 19)["events"][3]
    assert "I12" in find()


def test_a_change_that_the_journal_lacks_is_found(forged):
    history, _, find = forged
    del history.changes[len(history.changes) // 2]
    assert find() == {"I12"}


@pytest.mark.parametrize("schedule, zone, created, through, wanted", [
    ("*/20 * * * * *", None, "2026-11-21T10:00:00.5Z", "2026-11-21T10:01:00Z", ["10:00:20", "10:00:40", "10:01:00"]),
    ("@every 1m30s", None, "2026-11-21T10:00:00.25Z", "2026-11-21T10:05:00Z", ["10:01:30.25", "10:03:00.25", "10:04:30.25"]),
    ("at 2026-11-21T12:00:00", "Europe/Berlin", "2026-11-21T10:00:00Z", "2026-11-22T00:00:00Z", ["11:00:00"]),
    ("30 2 * * *", "Europe/Berlin", "2027-03-27T12:00:00Z", "2027-03-28T12:00:00Z", ["01:00:00"]),
    ("*/30 2 * * *", "Europe/Berlin", "2026-10-24T12:00:00Z", "2026-10-25T12:00:00Z",
     ["00:00:00", "00:30:00", "01:00:00", "01:30:00"]),
], ids=["cron", "every", "at", "a gap", "a repeated hour"])
def test_the_evaluator_says_what_is_due(schedule, zone, created, through, wanted):
    trigger = {"schedule": schedule, "timeZone": zone, "createdAt": created}
    found = occurrences(trigger, microseconds(through))
    day = through[:11] if found[0] >= microseconds(through[:11] + "00:00:00Z") else created[:11]
    assert found == [microseconds(f"{day}{time}Z") for time in wanted]
