"""Clients and workers that keep a server busy while it is being broken."""

from __future__ import annotations

import http.client
import json
import threading
import time
from datetime import datetime
from pathlib import Path
from typing import Any, Callable

from history import Evidence, History, assert_sound, export, read_ledger
from product import Server, eventually

TRIGGERS = "/api/v1/namespaces/default/triggers"
TASKS = "/api/v1/namespaces/default/tasks"
RETRIES = 10


def float_of(stamp: str) -> float:
    return datetime.fromisoformat(stamp.replace("Z", "+00:00")).timestamp()


def insist(ask: Callable[[], Any], within: float = 60) -> Any:
    """Asks until there is an answer, whatever happens to the server meanwhile; `None` when time is up."""
    deadline = time.monotonic() + within
    while time.monotonic() < deadline:
        try:
            if (answer := ask()) is not None:
                return answer
        except (OSError, http.client.HTTPException, json.JSONDecodeError):
            pass
        time.sleep(0.02)
    return None


class Client(threading.Thread):
    """Submits one task after the other, each with a key and again until it is answered."""

    def __init__(self, server: Server, handler: str, name: str, count: int | None = None,
                 param: str = "ms=20", pause: float = 0.0):
        super().__init__(daemon=True)
        self.server, self.handler, self.key = server, handler, name
        self.count, self.param, self.pause = count, param, pause
        self.acknowledged: list[str] = []
        self.requests = 0
        self.over = threading.Event()
        self.start()

    def run(self) -> None:
        number = 0
        while not self.over.is_set() and (self.count is None or number < self.count):
            number += 1
            if (task := self._submit(f"{self.key}-{number}")) is not None:
                self.acknowledged.append(task)
            time.sleep(self.pause)

    def _submit(self, key: str) -> str | None:
        """The identifier of the task; a submission that was begun is brought to its end."""
        body = {"handler": self.handler, "param": self.param, "retries": RETRIES}

        def post() -> str | None:
            self.requests += 1
            answer = self.server.post(TASKS, body, headers={"Idempotency-Key": key}, timeout=5)
            return answer.json["id"] if answer.status in (200, 201) else None
        return insist(post)

    def end(self) -> None:
        self.over.set()
        self.join(70)


class Load:
    """Triggers and clients against one server, and the evidence that they gather."""

    def __init__(self, server: Server, handler: str, evidence: Evidence, triggers: int = 1):
        self.server, self.handler, self.evidence = server, handler, evidence
        self.names = [f"tick{number}" for number in range(triggers)]
        self.since = time.time()
        self.clients: list[Client] = []
        self.ledgers: list[Path] = []

    def begin(self) -> None:
        """Makes the triggers; those that are there already stay."""
        for name in self.names:
            spec = {"name": name, "handler": self.handler, "schedule": "* * * * * *", "param": "ms=5",
                    "retries": RETRIES}
            status = insist(lambda: self.server.post(TRIGGERS, spec).status)
            assert status in (201, 409), status

    @property
    def is_done(self) -> bool:
        """Whether the clients have an answer to everything, and all that they submitted has ended."""
        if any(client.is_alive() for client in self.clients):
            return False
        return not any(self.server.get(f"{TASKS}?state={state}&limit=1").json["items"]
                       for state in ("Created", "WaitingToRun", "Running"))

    def submit(self, clients: int, **options) -> None:
        for number in range(clients):
            self.clients.append(Client(self.server, self.handler, f"client{number}", **options))

    def note_finals(self) -> None:
        """Remembers which of the newest tasks have ended, and how."""
        for task in self.server.get(f"{TASKS}?limit=1000").json["items"]:
            if task["isFinal"]:
                self.evidence.finals[task["id"]] = (task["state"], task["endedAt"])

    def first_fire(self, since: float, within: float = 5) -> float:
        """When the first fire after `since` was recorded, by the server's own note."""
        def look() -> float | None:
            rows = [row for name in self.names
                    for row in self.server.get(f"{TRIGGERS}/{name}/fires?limit=20").json["items"]]
            return min((float_of(row["recordedAt"]) for row in rows if row["outcome"] == "task"
                        and float_of(row["recordedAt"]) > since), default=None)
        return eventually(look, within, what="a fire")

    def unfinished(self) -> str:
        """Some of the tasks that have not ended, and why."""
        lines = []
        for task in [task for task in self.server.list("tasks") if not task["isFinal"]][:5]:
            why = self.server.get(f"{TASKS}/{task['id']}/why").json["reasons"]
            lines += [f"{self.server.task(task['id'])}", f"{why}"]
        lines += [f"{queue}" for queue in self.server.list("queues")]
        lines += [f"{worker}" for worker in self.server.list("workers")]
        return "\n".join(["some tasks do not end:", *lines])

    def settle(self, within: float = 90) -> History:
        """Ends the load, waits for its tasks, and checks the whole history."""
        for name in self.names:
            asked = time.time_ns() // 1000
            assert self.server.post(f"{TRIGGERS}/{name}/offline").status == 200
            self.evidence.offline[name] = (asked, time.time_ns() // 1000)
        for client in self.clients:
            client.end()
            assert client.count is None or len(client.acknowledged) == client.count
        assert insist(lambda: self.is_done or None, within), self.unfinished()
        self.evidence.acknowledged = [task for client in self.clients for task in client.acknowledged]
        self.evidence.ledger = [
            entry for path in self.ledgers for entry in read_ledger(path) if entry.at >= self.since]
        self.evidence.retries = RETRIES
        history = export(self.server)
        assert_sound(history, self.evidence)
        submitted = [task for task in history.tasks.values() if not task.get("trigger")]
        assert len(submitted) == len(set(self.evidence.acknowledged)), "a repeated request made no second task"
        return history
