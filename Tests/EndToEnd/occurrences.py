"""Which fires a trigger owed, worked out without the product: a second opinion on its ledger.

Cron goes to the evaluator that the engine's own tests are checked against, `oracle.py`, whose zones
are `zoneinfo`'s; `@every` and `at` are counted here. Times are microseconds since 1970 UTC.
"""

from __future__ import annotations

import importlib.util
import re
from datetime import datetime, timezone
from decimal import Decimal
from typing import Any, Iterator
from zoneinfo import ZoneInfo

from product import ROOT

SECOND = 1_000_000
UNITS = {"ms": 1_000, "s": SECOND, "m": 60 * SECOND, "h": 3600 * SECOND, "d": 86_400 * SECOND}

_source = ROOT / "Tests" / "EngineTests" / "Schedules" / "oracle.py"
_spec = importlib.util.spec_from_file_location("oracle", _source)
assert _spec and _spec.loader
oracle = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(oracle)


def microseconds(text: str, zone: str = "UTC") -> int:
    """An RFC 3339 instant; a local time of `zone` when it has no offset."""
    found = datetime.fromisoformat(text.replace("Z", "+00:00"))
    if found.tzinfo is None:
        found = found.replace(tzinfo=ZoneInfo(zone))
    since = found - datetime(1970, 1, 1, tzinfo=timezone.utc)
    return (since.days * 86_400 + since.seconds) * SECOND + since.microseconds


def duration(text: str) -> int:
    parts = re.findall(r"([0-9.]+)(ms|[smhd])", text)
    assert parts and "".join(number + unit for number, unit in parts) == text, text
    return int(sum(Decimal(number) * UNITS[unit] for number, unit in parts))


def occurrences(trigger: dict[str, Any], through: int) -> list[int]:
    """What the rule of a trigger, as the API shows it, means from its creation up to `through`.

    The rule must not have been edited since, because an edit plans anew.
    """
    created = microseconds(trigger["createdAt"])
    start = microseconds(trigger["start"]) if trigger.get("start") else None
    last = min(through, microseconds(trigger["end"])) if trigger.get("end") else through
    found = []
    for at in _unbounded(trigger, created, start):
        if at > last:
            break
        if at > created and (start is None or at >= start):
            found.append(at)
    return found


def _unbounded(trigger: dict[str, Any], created: int, start: int | None) -> Iterator[int]:
    schedule, zone = trigger["schedule"].strip(), trigger.get("timeZone") or "UTC"
    if schedule.startswith("@every "):
        period = duration(schedule.removeprefix("@every "))
        at = created if start is None else start
        while True:
            at += period
            yield at
    elif schedule.startswith("at "):
        yield microseconds(schedule.removeprefix("at "), zone)
    else:
        rule, tz = oracle.Rule(schedule), oracle.zone_named(zone)
        second = (max(created, start or 0) - 1) // SECOND
        while True:
            for second in oracle.following(rule, tz, zone, second, 60):
                yield second * SECOND
