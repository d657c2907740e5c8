"""A resource outside the product that lets nobody write who comes with an older epoch."""

from __future__ import annotations

import socket
import threading
import time
from collections import defaultdict
from typing import NamedTuple


class Write(NamedTuple):
    at: float
    epoch: int
    accepted: bool


class FencedResource:
    """Takes lines of `SLOT EPOCH` on a loopback port and answers each with one character: 1 when the
    write was taken, 0 when a larger epoch had been there."""

    def __init__(self) -> None:
        self.writes: dict[str, list[Write]] = defaultdict(list)
        self._highest: dict[str, int] = {}
        self._lock = threading.Lock()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._streams: list[socket.socket] = []
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        self._listener.close()
        for stream in self._streams:
            stream.close()

    def _accept(self) -> None:
        while True:
            try:
                stream, _ = self._listener.accept()
            except OSError:
                return  # Closed.
            self._streams.append(stream)
            threading.Thread(target=self._serve, args=(stream,), daemon=True).start()

    def _serve(self, stream: socket.socket) -> None:
        try:
            with stream, stream.makefile("r") as lines:
                for line in lines:
                    slot, epoch = line.split()
                    stream.sendall(b"1" if self.write(slot, int(epoch)) else b"0")
        except (OSError, ValueError):
            pass  # The writer was killed, in the middle of a line perhaps.

    def write(self, slot: str, epoch: int) -> bool:
        with self._lock:
            accepted = epoch >= self._highest.get(slot, 0)
            if accepted:
                self._highest[slot] = epoch
            self.writes[slot].append(Write(time.time(), epoch, accepted))
            return accepted

    @property
    def refused(self) -> int:
        with self._lock:
            return sum(not write.accepted for writes in self.writes.values() for write in writes)


class FenceClient:
    """A worker's connection to the resource."""

    def __init__(self, port: int):
        self._stream = socket.create_connection(("127.0.0.1", port), timeout=30)
        self._lock = threading.Lock()

    def write(self, slot: str, epoch: int) -> bool:
        with self._lock:
            self._stream.sendall(f"{slot} {epoch}\n".encode())
            return self._stream.recv(1) == b"1"
