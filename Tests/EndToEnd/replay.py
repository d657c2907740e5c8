"""The table of moves in Documentation/SLOTS.md, played again over the events of one slot."""

from __future__ import annotations

from typing import Any

from product import FINAL

Event = dict[str, Any]

# Each move: the phases it may begin in, and the states it may lead to.
CREATED = {"waiting", "held"}
MOVES: dict[int, tuple[set[str], set[str]]] = {
    1: ({"none"}, {"Created"}),
    2: ({"held"}, {"Created"}),
    3: ({"waiting"}, {"WaitingToRun"}),
    4: ({"offered"}, {"Running"}),
    5: ({"offered"}, {"Created", "Faulted"}),
    6: ({"offered"}, {"Canceled"}),
    7: ({"running"}, {"RunToCompletion"}),
    8: ({"running"}, {"Created"}),
    9: ({"running"}, {"Faulted"}),
    10: ({"running"}, {"Created", "Faulted"}),
    11: ({"running", "stopping"}, {"Running"}),
    12: ({"stopping"}, {"Canceled"}),
    13: ({"stopping"}, {"Created", "Faulted"}),
    14: ({"stopping"}, {"RunToCompletion"}),
    15: ({"stopping"}, {"Created", "Canceled", "Faulted"}),
    16: ({"running"}, {"Created", "Faulted"}),
    17: (CREATED, {"Canceled"}),
    18: (CREATED, {"Faulted"}),
    19: ({"waiting"}, {"RunToCompletion"}),
    20: (CREATED | {"offered"}, {"Created"}),
    22: ({"offered"}, {"Faulted", "Canceled"}),
}
SHOWN = {"ready": "waiting", "delayed": "waiting"}  # Two words of the API for one phase.


class Illegal(Exception):
    """An invariant, and how an event broke it."""

    def __init__(self, invariant: str, text: str):
        super().__init__(text)
        self.invariant = invariant


class Replay:
    """Where the events say that a slot stands."""

    def __init__(self) -> None:
        self.phase = "none"
        self.state = ""
        self.epoch = 0
        self.at = ""
        self.ready_at: str | None = None
        self.worker: str | None = None
        self.attempts = self.offers = self.crashes = 0
        self.may_come_late = False

    def play(self, event: Event) -> None:
        number, to = event["move"], event["to"]
        if self.state in FINAL:
            raise Illegal("I4", f"move {number} after the end")
        phases, states = MOVES.get(number, (set(), set()))
        if self.phase not in phases or to not in states:
            raise Illegal("I12", f"move {number} from {self.phase} to {to}")
        if number != 1 and event["from"] != self.state:
            raise Illegal("I12", f"move {number} says it left {event['from']}, not {self.state}")
        if event["at"] < self.at:
            raise Illegal("I12", f"move {number} at {event['at']}, before the one before it")
        self._check_epoch(event)
        if number == 3 and event["at"] < (self.ready_at or ""):
            raise Illegal("I5", f"offered at {event['at']}, ready at {self.ready_at}")
        if number == 19 and not self.may_come_late:
            raise Illegal("I12", "a late result without a lost lease just before it")
        self._count(number, to)
        self.may_come_late = number == 10 and to == "Created"
        self.state, self.at = to, event["at"]
        self.phase = self._phase(event)
        self.ready_at = event.get("readyAt") if to == "Created" else None
        self.worker = event["worker"] if number == 3 else (self.worker if self.is_in_hand else None)

    @property
    def is_in_hand(self) -> bool:
        return self.phase in ("offered", "running", "stopping")

    def _check_epoch(self, event: Event) -> None:
        epoch = int(event["epoch"])
        if event["move"] == 3:
            if epoch <= self.epoch:
                raise Illegal("I3", f"epoch {epoch} after {self.epoch}")
            self.epoch = epoch
        elif epoch != self.epoch:
            raise Illegal("I3", f"move {event['move']} with epoch {epoch}, not {self.epoch}")

    def _count(self, number: int, to: str) -> None:
        is_given_up = to == "Faulted"
        self.attempts += number in (4, 19)
        self.offers += number in (5, 16)
        self.attempts -= number == 16
        if number == 10:
            self.attempts -= 1
            self.crashes += 1
        if is_given_up and number == 10 and self.crashes < 3:  # atMostOnce: nothing is given back.
            self.attempts, self.crashes = self.attempts + 1, self.crashes - 1
        if is_given_up and number == 5 and self.offers < 20:
            self.offers -= 1

    def _phase(self, event: Event) -> str:
        if self.state in FINAL:
            return "final"
        if self.state == "Created":
            return "waiting" if event.get("readyAt") else "held"
        return {3: "offered", 11: "stopping"}.get(event["move"], "running")

    def differences(self, slot: dict[str, Any]) -> list[str]:
        """In what the slot, as it is stored, is not where its events lead."""
        stored = {
            "state": slot["state"], "phase": SHOWN.get(slot["phase"], slot["phase"]),
            "epoch": int(slot["epoch"]), "attempts": slot["attempts"], "offers": slot["offers"],
            "crashes": slot["crashes"], "worker": slot.get("worker"),
        }
        played = {
            "state": self.state, "phase": self.phase, "epoch": self.epoch, "attempts": self.attempts,
            "offers": self.offers, "crashes": self.crashes, "worker": self.worker,
        }
        if self.phase == "waiting":
            stored["readyAt"], played["readyAt"] = slot.get("readyAt"), self.ready_at
        return [f"{name} is {stored[name]!r}, replayed {played[name]!r}"
                for name in stored if stored[name] != played[name]]


def replay(slot: dict[str, Any]) -> Replay:
    """Plays all events of a slot; raises `Illegal` at the first that cannot be."""
    played = Replay()
    for event in slot["events"]:
        played.play(event)
    return played
