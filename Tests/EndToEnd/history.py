"""Everything a server shows of its past, and what must be true of it: the invariants of delivery.

    I1  one trace per due occurrence          I7  every refused report is counted
    I2  at most one accepted result per slot  I8  a running slot has a live session, or is reaped
    I3  epochs of a slot strictly increase    I9  attempts, offers and crashes keep their limits
    I4  final states never change             I10 every held slot has a live blocker
    I5  nothing starts before its time        I11 all queues have a bound, and overflow is visible
    I6  what was acknowledged is there        I12 replaying the events gives the stored state
"""

from __future__ import annotations

import http.client
import json
import time
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Iterable, Iterator, NamedTuple

from fence import FencedResource
from listener import Listener
from occurrences import duration, microseconds, occurrences
from product import FINAL, Server, eventually
from replay import Illegal, replay

BASE = "/api/v1/namespaces/default/"
PATIENCE = 3 * 1_000_000  # How long after its lease a lost run may stay where it was.
PROMPT = 5 * 1_000_000  # Within this a fire that is due has been made.
MESSAGE = 1 << 20  # An outbox may exceed its bound by the message that filled it.
CLOCK = 2_000  # Microseconds by which a worker's reading and the server's may differ on one machine.


class Entry(NamedTuple):
    """One line of a worker's ledger."""
    at: float
    what: str
    task: str
    shard: int
    epoch: int


class Violation(NamedTuple):
    invariant: str
    text: str

    def __str__(self) -> str:
        return f"{self.invariant}: {self.text}"


def read_ledger(path: Path) -> list[Entry]:
    """The lines in the order they were written; without the last if a kill cut it short."""
    entries = []
    for line in path.read_text().splitlines(keepends=True) if path.exists() else []:
        if line.endswith("\n"):
            at, what, task, shard, epoch = line.split()
            entries.append(Entry(float(at), what, task, int(shard), int(epoch)))
    return entries


@dataclass
class History:
    """What the API says, read while nothing more happens in it than the test can stand."""
    tasks: dict[str, dict[str, Any]]
    triggers: list[dict[str, Any]]
    fires: dict[str, list[dict[str, Any]]]
    changes: list[dict[str, Any]]
    health: dict[str, Any]
    refused_moves: Counter[str]
    workers: list[dict[str, Any]]
    queues: list[dict[str, Any]]
    at: int = field(default_factory=lambda: time.time_ns() // 1000)

    @property
    def slots(self) -> Iterator[tuple[str, dict[str, Any]]]:
        for task in self.tasks.values():
            for slot in task["shards"]:
                yield f"{task['id']}/{slot['shard']}", slot


@dataclass
class Evidence:
    """What is known of the same time from elsewhere."""
    acknowledged: Iterable[str] = ()
    """Tasks whose submission was answered 201."""
    ledger: list[Entry] = field(default_factory=list)
    fence: FencedResource | None = None
    finals: dict[str, tuple[str, str]] = field(default_factory=dict)
    """State and end of tasks that were seen final before."""
    offline: dict[str, tuple[int, int]] = field(default_factory=dict)
    """For each trigger when it was asked to stop, and when it had answered."""
    retries: int = 3
    lease: int = 2_000_000
    has_all_ledgers: bool = True
    has_restarted: bool = True
    """Counters begin anew with the process."""


class Reader:
    """Many requests over one connection."""

    def __init__(self, server: Server):
        self._connection = http.client.HTTPConnection("127.0.0.1", server.http_port, timeout=60)

    def get(self, path: str) -> Any:
        self._connection.request("GET", path)
        answer = self._connection.getresponse()
        body = answer.read()
        assert answer.status == 200, (path, answer.status, body[:500])
        return json.loads(body)

    def list(self, path: str) -> list[dict[str, Any]]:
        items: list[dict[str, Any]] = []
        cursor = ""
        while True:
            page = self.get(f"{BASE}{path}?limit=1000" + (f"&cursor={cursor}" if cursor else ""))
            items += page["items"]
            if not (cursor := page.get("nextCursor")):
                return items

    def close(self) -> None:
        self._connection.close()


def export(server: Server) -> History:
    """Reads all of it; the changes up to the last one there was in the beginning."""
    reader = Reader(server)
    try:
        health = reader.get("/healthz")
        triggers = reader.list("triggers")
        tasks = {task["id"]: reader.get(f"{BASE}tasks/{task['id']}") for task in reader.list("tasks")}
        return History(
            tasks=tasks, triggers=triggers,
            fires={trigger["name"]: reader.list(f"triggers/{trigger['name']}/fires") for trigger in triggers},
            changes=changes(server, health["store"]["lastSequence"]), health=health,
            refused_moves=refused_moves(server), workers=reader.list("workers"),
            queues=reader.list("queues"))
    finally:
        reader.close()


def changes(server: Server, last: int) -> list[dict[str, Any]]:
    """The journal, from its beginning up to the sequence `last`."""
    if last == 0:
        return []
    listener = Listener(server, query="?after=0")
    try:
        eventually(lambda: listener.last and int(listener.last) >= last, 60, what=f"change {last}")
        return [data for _, _, data in list(listener.events)]
    finally:
        listener.close()


def refused_moves(server: Server) -> Counter[str]:
    found: Counter[str] = Counter()
    for line in server.get("/metrics").body.decode().splitlines():
        if line.startswith("tompion_refused_moves_total{"):
            name, value = line.rsplit(" ", 1)
            found[name.split('"')[1]] = int(float(value))
    return found


def check(history: History, evidence: Evidence) -> list[Violation]:
    """All that is wrong; nothing, if the product keeps its promises."""
    return [violation for examine in CHECKS for violation in examine(history, evidence)]


def assert_sound(history: History, evidence: Evidence) -> None:
    found = check(history, evidence)
    text = "\n".join(map(str, found[:20]))
    assert not found, f"{len(found)} violations of {Counter(v.invariant for v in found)}\n{text}"


# What each invariant means, seen from outside.


def one_trace_per_occurrence(history: History, evidence: Evidence) -> Iterator[Violation]:
    for trigger in history.triggers:
        name = trigger["name"]
        asked, answered = evidence.offline.get(name, (history.at - PATIENCE, history.at))
        due = occurrences(trigger, asked)
        possible = set(due) | set(occurrences(trigger, answered))
        traces: Counter[int] = Counter()
        for row in history.fires[name]:
            if not row.get("isManual"):
                yield from check_fire(history, trigger, row, possible, traces)
        # What was due just before the trigger went offline belongs to the stretch that is recorded
        # when it comes back.
        fired, last = microseconds(trigger["firedThrough"]), asked - PROMPT
        for at in due[: trigger.get("repeats")]:
            if traces[at] != 1 and (traces[at] or at <= max(fired, last)):
                yield Violation("I1", f"{name} at {at}: {traces[at]} traces")
        for at in set(traces) - possible:
            yield Violation("I1", f"{name} at {at}: it was not due")
        rows = {row.get("task") for row in history.fires[name]}
        for task in history.tasks.values():
            if task.get("trigger") == name and task["id"] not in rows:
                yield Violation("I1", f"task {task['id']} of {name} is in no row of its ledger")


def check_fire(history: History, trigger: dict[str, Any], row: dict[str, Any], possible: set[int],
               traces: Counter[int]) -> Iterator[Violation]:
    """One row of the ledger; notes in `traces` the nominal times it stands for."""
    at = microseconds(row["at"])
    through = microseconds(row.get("through") or row["at"])
    covered = [time for time in possible if at <= time <= through]
    traces.update(covered or [at])
    where = f"{trigger['name']} at {row['at']}"
    if len(covered) != row["count"]:
        yield Violation("I1", f"{where}: a row for {row['count']} fires where {len(covered)} were due")
    if row["outcome"] == "task":
        task = history.tasks.get(row["task"])
        if task is None:
            yield Violation("I1", f"{where}: its task {row['task']} is gone")
        elif task["nominalAt"] != row["at"] or task["createdAt"] < row["at"]:
            yield Violation("I5", f"{where}: its task is for {task['nominalAt']}, made {task['createdAt']}")
    elif row["outcome"] == "misfire":
        late = microseconds(row["recordedAt"]) - through
        if late <= duration(trigger.get("misfireWindow") or "1m"):
            yield Violation("I1", f"{where}: skipped as missed, late by {late} µs only")
    elif row["outcome"] == "overlap":
        if trigger.get("overlap", "allow") == "allow":
            yield Violation("I1", f"{where}: skipped for an overlap that is allowed")
    elif row["outcome"] != "offline":
        yield Violation("I1", f"{where}: no reason but {row['outcome']!r}")


def one_accepted_result(history: History, evidence: Evidence) -> Iterator[Violation]:
    for name, slot in history.slots:
        accepted = [run for run in slot["runs"] if run.get("outcome") == "succeeded" and run.get("accepted")]
        wanted = slot["state"] == "RunToCompletion"
        if len(accepted) != wanted:
            yield Violation("I2", f"{name} is {slot['state']} with {len(accepted)} accepted results")
        for run in accepted:
            if run["epoch"] != slot["epoch"]:
                yield Violation("I2", f"{name}: result of epoch {run['epoch']}, the last was {slot['epoch']}")


def epochs_increase(history: History, evidence: Evidence) -> Iterator[Violation]:
    owners: dict[str, str] = {}
    for name, slot in history.slots:
        epochs = [int(run["epoch"]) for run in slot["runs"]]
        if epochs != sorted(set(epochs)):
            yield Violation("I3", f"{name}: epochs {epochs}")
        for run in slot["runs"]:
            if owners.setdefault(run["epoch"], name) != name:
                yield Violation("I3", f"epoch {run['epoch']} for {name} and {owners[run['epoch']]}")


def final_states_stay(history: History, evidence: Evidence) -> Iterator[Violation]:
    for task_id, (state, ended) in evidence.finals.items():
        task = history.tasks.get(task_id)
        if task and (task["state"], task.get("endedAt")) != (state, ended):
            yield Violation("I4", f"task {task_id} was {state} at {ended}, is {task['state']} now")


def nothing_is_early(history: History, evidence: Evidence) -> Iterator[Violation]:
    claims = {(name, int(run["epoch"])): microseconds(run["claimedAt"])
              for name, slot in history.slots for run in slot["runs"]}
    for entry in evidence.ledger:
        claimed = claims.get((slot_name(entry), entry.epoch))
        if entry.what == "start" and claimed is not None and entry.at * 1e6 < claimed - CLOCK:
            yield Violation("I5", f"{slot_name(entry)} started at {entry.at}, claimed at {claimed}")


def the_acknowledged_is_there(history: History, evidence: Evidence) -> Iterator[Violation]:
    for task in set(evidence.acknowledged) - set(history.tasks):
        yield Violation("I6", f"task {task} was acknowledged and is gone")
    for task in set(evidence.finals) - set(history.tasks):
        yield Violation("I6", f"task {task} was final and is gone")
    runs = {(name, int(run["epoch"])): run for name, slot in history.slots for run in slot["runs"]}
    noted = defaultdict(set)
    for entry in evidence.ledger:
        key = (slot_name(entry), entry.epoch)
        noted[key].add(entry.what)
        if key not in runs:
            yield Violation("I6", f"{key[0]} was run with epoch {key[1]}, of which nothing is known")
        elif entry.what == "acknowledged" and not runs[key].get("accepted"):
            yield Violation("I6", f"the end of {key} was acknowledged, and is {runs[key]}")
    for key, run in runs.items():
        if evidence.has_all_ledgers and run.get("outcome") == "succeeded":
            if not {"start", "succeeded"} <= noted[key]:
                yield Violation("I6", f"{key} has succeeded, its worker noted only {noted[key]}")


def refusals_are_counted(history: History, evidence: Evidence) -> Iterator[Violation]:
    kept = Counter(report["reason"] for _, slot in history.slots for report in slot["refusedReports"])
    counted = Counter(history.health["refusedReports"])
    for name, slot in history.slots:
        epochs = {run["epoch"] for run in slot["runs"]}
        for report in slot["refusedReports"]:
            if report["epoch"] not in epochs:
                yield Violation("I7", f"{name}: refused {report}, a run that never was")
    for reason in set(kept) | set(counted):
        if reason != "unknown-slot" and not evidence.has_restarted and kept[reason] != counted[reason]:
            yield Violation("I7", f"{kept[reason]} refused as {reason} are kept, {counted[reason]} counted")
        if counted[reason] > history.refused_moves[reason]:
            yield Violation("I7", f"{counted[reason]} refused as {reason}, the metric says "
                            f"{history.refused_moves[reason]}")
    stale = {(slot_name(e), e.epoch) for e in evidence.ledger if e.what == "stale"}
    refused = {(name, int(r["epoch"])) for name, slot in history.slots for r in slot["refusedReports"]}
    for name, epoch in stale - refused:
        if name in dict(history.slots):
            yield Violation("I7", f"{name}: the worker was told that {epoch} is stale; nothing is kept of it")


def the_running_have_a_session(history: History, evidence: Evidence) -> Iterator[Violation]:
    workers = {worker["name"]: worker for worker in history.workers}
    for name, slot in history.slots:
        if slot["phase"] not in ("offered", "running", "stopping"):
            continue
        worker = workers.get(slot["worker"])
        if worker is None:
            yield Violation("I8", f"{name} is {slot['phase']} with {slot['worker']}, whom nobody knows")
        elif worker["state"] == "disconnected":
            silent = history.at - microseconds(worker["lastHeartbeatAt"])
            if silent > evidence.lease + PATIENCE:
                yield Violation("I8", f"{name} is {slot['phase']} with {slot['worker']}, silent for {silent} µs")


def counters_keep_their_limits(history: History, evidence: Evidence) -> Iterator[Violation]:
    for name, slot in history.slots:
        if not 0 <= slot["attempts"] <= evidence.retries + 1:
            yield Violation("I9", f"{name} has {slot['attempts']} attempts of {evidence.retries + 1}")
        if slot["crashes"] > 3 or slot["offers"] > 20:
            yield Violation("I9", f"{name} has {slot['crashes']} crashes and {slot['offers']} offers")


def the_held_have_a_blocker(history: History, evidence: Evidence) -> Iterator[Violation]:
    triggers = {trigger["name"]: trigger for trigger in history.triggers}
    for task in history.tasks.values():
        if any("overlap" in (slot.get("reason") or "") for slot in task["shards"] if slot["phase"] == "held"):
            trigger = triggers.get(task.get("trigger") or "", {})
            blocker = history.tasks.get(trigger.get("activeTask") or "")
            if blocker is None or blocker["state"] in FINAL or blocker["id"] == task["id"]:
                yield Violation("I10", f"task {task['id']} is held by {trigger.get('activeTask')}")


def queues_have_a_bound(history: History, evidence: Evidence) -> Iterator[Violation]:
    for queue in history.queues:
        ready = queue["ready"]
        if not 0 <= ready["count"] <= ready["peak"] <= ready["bound"]:
            yield Violation("I11", f"queue {queue['handler']}: {ready}")
    for worker in history.workers:
        outbound = worker["outbound"]
        if not 0 <= outbound["count"] <= outbound["peak"] <= outbound["bound"] + MESSAGE:
            yield Violation("I11", f"worker {worker['name']}: {outbound}")


def the_events_replay(history: History, evidence: Evidence) -> Iterator[Violation]:
    told: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for change in history.changes:
        told[f"{change['task']}/{change['shard']}"].append(change)
    order = [change["sequence"] for change in history.changes]
    if order != sorted(set(order)):
        yield Violation("I12", "the journal has a change twice, or out of order")
    last = history.health["store"]["lastSequence"]
    for name, slot in history.slots:
        try:
            for difference in replay(slot).differences(slot):
                yield Violation("I12", f"{name}: {difference}")
        except Illegal as error:
            yield Violation(error.invariant, f"{name}: {error}")
        shown = [(e["sequence"], e["move"], e["epoch"], e["at"]) for e in slot["events"]]
        journal = [(e["sequence"], e["move"], e["epoch"], e["at"]) for e in told[name]]
        if [e for e in shown if e[0] <= last] != [e for e in journal if e[0] <= last]:
            yield Violation("I12", f"{name}: its events are {shown}, the journal says {journal}")


def the_fence_held(history: History, evidence: Evidence) -> Iterator[Violation]:
    """The accepted result is the work of whoever wrote last, and no older run wrote after a newer."""
    if evidence.fence is None:
        return
    for name, slot in history.slots:
        writes = evidence.fence.writes.get(name.replace("-", ""), [])
        taken = [write.epoch for write in writes if write.accepted]
        if taken != sorted(taken):
            yield Violation("I2", f"{name}: the fence took {taken}")
        done = [int(run["epoch"]) for run in slot["runs"] if run.get("outcome") == "succeeded"]
        if done and writes and taken.count(done[0]) != 2:
            yield Violation("I2", f"{name}: done by {done}, the fence took {taken}")
        if done and taken and taken[-1] != done[0]:
            yield Violation("I2", f"{name}: done by {done}, {taken[-1]} wrote after it")


def slot_name(entry: Entry) -> str:
    """As the history names it."""
    text = entry.task
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}/{entry.shard}"


CHECKS = (
    one_trace_per_occurrence, one_accepted_result, epochs_increase, final_states_stay, nothing_is_early,
    the_acknowledged_is_there, refusals_are_counted, the_running_have_a_session,
    counters_keep_their_limits, the_held_have_a_blocker, queues_have_a_bound, the_events_replay,
    the_fence_held,
)
