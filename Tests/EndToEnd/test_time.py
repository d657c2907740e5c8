"""The wall clock set forward and back under a running server."""

from __future__ import annotations

import mmap
import shutil
import struct
import subprocess
import time
from collections import Counter
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

from product import Server, check_history, eventually, python_worker

COMPILER = next(filter(None, map(shutil.which, ("clang", "cc"))), None)

pytestmark = pytest.mark.skipif(COMPILER is None, reason="there is no C compiler")


class WallClock:
    """What a process started with `env` takes for the time of day: the real one and an offset."""

    def __init__(self, directory: Path, library: Path):
        path = directory / "offset"
        path.write_bytes(bytes(8))
        with path.open("r+b") as file:
            self._shared = mmap.mmap(file.fileno(), 8)
        self.env = {"LD_PRELOAD": str(library), "WALL_CLOCK_OFFSET": str(path)}
        self.set(timedelta())

    def set(self, offset: timedelta) -> None:
        self.offset = offset
        self._shared[:] = struct.pack("=q", offset // timedelta(microseconds=1))

    def now(self) -> datetime:
        return datetime.now(timezone.utc) + self.offset


@pytest.fixture(scope="module")
def library(tmp_path_factory) -> Path:
    made = tmp_path_factory.mktemp("wallclock") / "wallclock.so"
    source = Path(__file__).with_name("wallclock.c")
    subprocess.run([COMPILER, "-shared", "-fPIC", "-O1", "-o", made, source], check=True, timeout=60)
    return made


@pytest.fixture
def clock(tmp_path: Path, library: Path) -> WallClock:
    return WallClock(tmp_path, library)


@pytest.fixture
def faked(new_server, clock) -> Server:
    return new_server(env=clock.env).start()


def instant(text: str) -> datetime:
    return datetime.fromisoformat(text.replace("Z", "+00:00"))


def ledger(server: Server, trigger: str) -> list[dict]:
    """Oldest first."""
    rows = server.list(f"triggers/{trigger}/fires")
    return sorted(rows, key=lambda row: row["at"])


def tasks_of(rows: list[dict]) -> list[datetime]:
    return [instant(row["at"]) for row in rows if row["outcome"] == "task"]


def check_every(period: timedelta, rows: list[dict]) -> None:
    """The rows account for each nominal time from the first to the last exactly once."""
    position = instant(rows[0]["at"])
    for row in rows:
        assert instant(row["at"]) == position, f"a gap or a double before {row}"
        through = instant(row.get("through") or row["at"])
        if row["outcome"] != "task":
            assert (through - position) / period + 1 == row["count"], row
        position = through + period


def step_seen(server: Server, count: int = 1) -> None:
    eventually(lambda: sum("the clock was set" in line for line in server.process.lines) >= count, 10,
               what="the log line about the clock")


def test_a_day_forward_follows_the_misfire_rules(faked, clock, processes):
    processes.append(python_worker(faked, "w", "work"))
    minute, second = timedelta(minutes=1), timedelta(seconds=1)
    rules = {"once": minute, "skip": minute, "all": minute, "often": second}
    for name in rules:
        faked.create_trigger(name, handler="work", misfire="once" if name == "often" else name,
                             schedule="* * * * * *" if name == "often" else "* * * * *")
    created = clock.now()
    eventually(lambda: tasks_of(ledger(faked, "often")), 5)
    clock.set(timedelta(days=1))
    stepped = clock.now()
    step_seen(faked)

    def caught_up() -> bool:
        return (faked.get("/api/v1/namespaces/default/triggers/all").json["firedThrough"]
                > (stepped - timedelta(minutes=2)).isoformat())
    eventually(caught_up, 40, every=0.5, what="the end of catching up")
    eventually(lambda: all(t["isFinal"] for t in faked.list("tasks?state=Running")), 10)

    for name, period in rules.items():
        rows = ledger(faked, name)
        check_every(period, rows)
        assert instant(rows[0]["at"]) - created <= period, "from the first fire after its creation"
        assert stepped - instant(rows[-1].get("through") or rows[-1]["at"]) <= period, "to now"
        nominal = tasks_of(rows)
        assert len(nominal) == len(set(nominal)), "no duplicates"
        assert all(row["at"] <= row["recordedAt"] for row in rows if row["outcome"] == "task"), "never early"

    def missed(name: str) -> tuple[list[dict], list[dict]]:
        """Skips, and tasks planned before the window of a minute that ends with the step."""
        rows = ledger(faked, name)
        late = stepped - timedelta(seconds=59) - rules[name]
        return ([row for row in rows if row["outcome"] == "misfire"],
                [row for row in rows if row["outcome"] == "task" and created < instant(row["at"]) < late])

    skips, tasks = missed("once")
    assert len(skips) == 1 and 1400 <= skips[0]["count"] <= 1440
    assert latest_missed(faked, "once", skips[0]) == skips[0]["count"] + 1
    skips, tasks = missed("skip")
    assert len(skips) == 1 and 1400 <= skips[0]["count"] <= 1441 and len(tasks) <= 1
    skips, tasks = missed("all")
    assert len(skips) == 1, "what is not run is one record"
    run = [t for t in tasks if t["at"] > skips[0]["through"]]
    assert 98 <= len(run) <= 100, "the newest hundred"
    skips, _ = missed("often")
    assert len(skips) == 1 and 86_200 <= skips[0]["count"] <= 86_400
    one_at_a_time(faked, [row["task"] for row in run])
    for name in rules:
        counts = Counter(row["count"] for row in ledger(faked, name) if row["outcome"] == "task")
        assert set(counts) == {1}, "what the skip record counts is not counted again"


def latest_missed(server: Server, trigger: str, skip: dict) -> int:
    """How many missed fires the task behind the skipped stretch says it stands for."""
    row = next(row for row in ledger(server, trigger) if row["at"] > skip["through"])
    return server.task(row["task"]).get("missed", 0)


def one_at_a_time(server: Server, ids: list[str]) -> None:
    tasks = sorted((server.task(task) for task in ids), key=lambda task: task["nominalAt"])
    for before, after in zip(tasks, tasks[1:]):
        check_history(after)
        assert before["endedAt"] <= after["createdAt"], "the next is made when the one before has ended"


def test_an_hour_back_fires_nothing_twice(faked, clock, processes):
    processes.append(python_worker(faked, "w", "work"))
    faked.create_trigger("tick", handler="work", schedule="* * * * * *")
    faked.create_trigger("each", handler="work", schedule="@every 1s")
    eventually(lambda: len(tasks_of(ledger(faked, "tick"))) >= 2, 5)
    clock.set(timedelta(hours=-1))
    step_seen(faked)
    quiet = {name: ledger(faked, name) for name in ("tick", "each")}
    watermark = instant(faked.get("/api/v1/namespaces/default/triggers/tick").json["firedThrough"])
    task = faked.submit("work", param="ms=10")
    assert faked.until_final(task, 10)["state"] == "RunToCompletion", "other work goes on"
    time.sleep(2.5)
    for name, rows in quiet.items():
        assert ledger(faked, name) == rows, "quiet until the watermark is passed again"
    assert clock.now() < watermark
    clock.set(timedelta(seconds=5))
    step_seen(faked, 2)
    eventually(lambda: any(at > watermark for at in tasks_of(ledger(faked, "tick"))), 5)
    for name in quiet:
        rows = ledger(faked, name)
        check_every(timedelta(seconds=1), rows)
        assert Counter(row["outcome"] for row in rows) == {"task": len(rows)}, "late by less than a minute"


def test_a_run_is_not_reaped_because_the_clock_was_set(new_server, clock, processes):
    server = new_server("--lease", "2s", env=clock.env).start()
    processes.append(python_worker(server, "w", "work"))
    server.pass_grace(2)
    task = server.submit("work", param="ms=4000", runTimeout="1h")
    server.until_state(task, "Running")
    for hours in (5, -5, 0):
        clock.set(timedelta(hours=hours))
        time.sleep(1)
    done = server.until_final(task)
    check_history(done)
    assert done["state"] == "RunToCompletion" and done["shards"][0]["crashes"] == 0
    assert [event["move"] for event in done["shards"][0]["events"]] == [1, 3, 4, 7]


def test_a_restless_clock_makes_one_task_for_each_second(faked, clock):
    faked.create_trigger("tick", handler="nobody", schedule="* * * * * *")
    for offset in (3, -3, 10, 9, -20, 25, 1, 30):
        clock.set(timedelta(seconds=offset))
        time.sleep(1)
    eventually(lambda: clock.now() - tasks_of(ledger(faked, "tick"))[-1] < timedelta(seconds=1.5), 5)
    rows = ledger(faked, "tick")
    check_every(timedelta(seconds=1), rows)
    assert all(row["outcome"] == "task" for row in rows)
    nominal = [task["nominalAt"] for task in faked.list("tasks?trigger=tick")]
    assert len(nominal) == len(set(nominal)) >= len(rows)
