"""A client of the stream of events."""

from __future__ import annotations

import http.client
import json
import threading

from product import Server

PATH = "/api/v1/namespaces/default/events"


class Listener(threading.Thread):
    """Reads server-sent events and, when told to, reconnects from the last identifier as browsers do."""

    def __init__(self, server: Server, last: str | None = None, query: str = ""):
        super().__init__(daemon=True)
        self.server, self.last, self.query = server, last, query
        self.events: list[tuple[str, str, dict]] = []
        self.types: list[str] = []
        self.status: list[int] = []
        self.over = threading.Event()
        self.connection: http.client.HTTPConnection | None = None
        self.start()

    def run(self) -> None:
        while not self.over.is_set():
            try:
                self._read()
            except (OSError, http.client.HTTPException, AttributeError, ValueError):
                pass
            self.over.wait(0.05)

    def _read(self) -> None:
        self.connection = http.client.HTTPConnection("127.0.0.1", self.server.http_port, timeout=20)
        headers = {"Accept": "text/event-stream"}
        if self.last is not None:
            headers["Last-Event-ID"] = self.last
        self.connection.request("GET", PATH + self.query, headers=headers)
        answer = self.connection.getresponse()
        self.status.append(answer.status)
        if answer.status != 200:
            return
        assert answer.headers["Content-Type"].startswith("text/event-stream")
        fields: dict[str, str] = {}
        while line := answer.readline().decode():
            line = line.rstrip("\n").rstrip("\r")
            if line.startswith(":"):
                continue
            if line:
                name, _, value = line.partition(":")
                fields[name] = fields.get(name, "") + value.removeprefix(" ")
            elif fields:
                if "id" in fields:
                    self.last = fields["id"]
                if "data" in fields:
                    self.events.append((fields.get("event", "message"), fields.get("id", ""),
                                        json.loads(fields["data"])))
                fields = {}

    @property
    def sequences(self) -> list[int]:
        return [data["sequence"] for _, _, data in list(self.events) if "sequence" in data]

    def close(self) -> None:
        self.over.set()
        if self.connection and self.connection.sock:
            self.connection.sock.close()
