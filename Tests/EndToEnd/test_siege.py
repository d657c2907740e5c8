"""Everything that clients can do wrong, at once, and somebody who does it right beside them."""

from __future__ import annotations

import json
import os
import re
import secrets
import sys
import threading
import time
from typing import Any

import pytest

from faults import swift_worker
from product import ROOT, Process, Server, eventually
from siege import KINDS
from wire import ControlClient, RawWorker, control, pb

SLACK = 6.0  # For a machine that is busy; how long it really took is among the figures.

# When the connections of a kind end, in seconds from their beginning, and with what answer.
ENDS: dict[str, tuple[float, float, str]] = {
    "http: nothing": (59, 62, ""),
    "http: half a head": (10, 12, ""),
    "http: a slow head": (10, 12, ""),
    "http: half a body": (10, 12, ""),
    "http: a slow body": (10, 12, ""),
    "http: a slow chunk": (10, 12, ""),
    "http: a long line": (0, 2, "HTTP/1.1 400 "),
    "http: many headers": (0, 2, "HTTP/1.1 400 "),
    "http: a large body": (0, 2, "HTTP/1.1 413 "),
    "http: a larger body": (0, 2, "HTTP/1.1 413 "),
    "http: a body of claims": (0, 12, "HTTP/1.1 413 "),  # Said at once; it is they who stay.
    "http: no request": (0, 2, "HTTP/1.1 400 "),
    "http: reads nothing": (0, 90, ""),  # It cannot tell; the server's open files can.
    "grpc: nothing": (7, 10, "\x00"),
    "grpc: a slow preface": (0, 12, "\x00"),
    "grpc: silent after the preface": (7, 10, "\x00"),
    "grpc: no request": (0, 5, "\x00"),
    "grpc: HTTP/1.1": (0, 5, "\x00"),
    "grpc: TLS": (0, 5, "\x00"),
    "grpc: a broken frame": (0, 5, "\x00"),
    "grpc: a window of nothing": (0, 5, "\x00"),
    "grpc: pings": (0, 10, "\x00"),
    "grpc: settings": (0, 20, "\x00"),
    "grpc: resets": (0, 20, "\x00"),
    "grpc: large headers": (0, 5, "\x00"),
    "grpc: endless headers": (0, 20, "\x00"),
    "grpc: an endless message": (0, 20, "\x00"),
}
LONG = {"http: nothing", "http: reads nothing"}  # These take a minute by design.


class Healthy(threading.Thread):
    """Uses the server in every way, again and again, and takes the time."""

    def __init__(self, server: Server):
        super().__init__(daemon=True)
        self.server, self.client = server, ControlClient(server)
        self.took: dict[str, list[float]] = {"a request": [], "a call": [], "a task": []}
        self.failure: BaseException | None = None
        self.over = threading.Event()
        self.start()

    def run(self) -> None:
        try:
            while not self.over.wait(0.1):
                self.measure("a request", lambda: self.server.get("/api/v1/namespaces/default/triggers"))
                self.measure("a call", lambda: self.client.call(
                    "ListTriggers", control.ListRequest(limit=1), control.TriggerList))
                self.measure("a task", lambda: self.server.until_final(self.server.submit("calm"), 10))
        except BaseException as error:
            self.failure = error

    def measure(self, what: str, act: Any) -> None:
        began = time.monotonic()
        act()
        self.took[what].append(time.monotonic() - began)

    def end(self, figure) -> None:
        """Fails unless everything went well: within a second, but for one time in twenty, which a busy
        machine may draw out to five."""
        self.over.set()
        self.join(30)
        self.client.close()
        if self.failure:
            raise self.failure
        for what, times in self.took.items():
            assert len(times) >= 20
            figure(f"the slowest of {len(times)} times {what} under siege, s", max(times))
            late = sum(took >= 1 for took in times)
            assert late * 20 <= len(times) and max(times) < 5, (what, sorted(times)[-10:])


def open_files(server: Server) -> int:
    return len(os.listdir(f"/proc/{server.process.pid}/fd"))


def memory(server: Server) -> int:
    """What the process has in memory, in KiB."""
    with open(f"/proc/{server.process.pid}/status") as status:
        return int(re.search(r"VmRSS:\s+(\d+)", status.read()).group(1))


@pytest.mark.faults
def test_who_breaks_the_rules_is_cut_off_and_hurts_nobody(new_server, processes, tmp_path, whole, figure):
    assert ENDS.keys() == KINDS.keys()
    server = new_server("--lease", "2s").start()
    processes.append(swift_worker(server, tmp_path / "ledger", "calm", "calm"))
    eventually(lambda: server.list("workers"))
    server.until_final(server.submit("calm"))
    files = open_files(server)
    healthy = Healthy(server)
    for _ in range(3 if whole else 1):
        kinds = [kind for kind in KINDS if whole or kind not in LONG]
        siege = Process(sys.executable, ROOT / "Tests" / "EndToEnd" / "siege.py", server.http_port,
                        server.grpc_port, *kinds)
        processes.append(siege)
        assert siege.popen.wait(120) == 0, siege.output
        siege._reader.join(5)
        ends = {found["kind"]: found["ends"] for found in map(json.loads, siege.lines)}
        assert ends.keys() == set(kinds), siege.output
        for kind, found in ends.items():
            least, most, answer = ENDS[kind]
            assert len(found) == KINDS[kind][1]
            for after, said in found:
                figure(f"{kind}: ended after, s", after)
                assert least <= after <= most + SLACK, (kind, after)
                assert said.startswith(answer) and (answer or not said), (kind, said)
        eventually(lambda: open_files(server) <= files + 3, 30, what="the end of all connections")
        assert memory(server) < 400_000
    healthy.end(figure)


def test_a_worker_that_never_reads_has_a_bound(new_server, processes, tmp_path, figure):
    """It reports what nobody asked for and leaves the answers where they are."""
    server = new_server("--lease", "2s").start()
    processes.append(swift_worker(server, tmp_path / "ledger", "calm", "calm"))
    mute = RawWorker(server, "mute", "mute", reads=False,
                     options=[("grpc.http2.lookahead_bytes", 65536), ("grpc.http2.bdp_probe", 0)])
    mute.open(pb.FromWorker(hello=mute.hello()))
    try:
        eventually(lambda: len(server.list("workers")) == 2)
        run = pb.Run(task_id=secrets.token_bytes(16), epoch=5)
        batch = pb.FromWorker(heartbeat=pb.Heartbeat(seq=1), report=[
            pb.Report(run=run, succeeded=pb.Succeeded())] * 500).SerializeToString()
        peak, began = 0, time.monotonic()

        def outbound() -> dict | None:
            return next((w["outbound"] for w in server.list("workers") if w["name"] == "mute"), None)

        while (found := outbound()) and time.monotonic() - began < 60:
            peak = max(peak, found["peak"])
            mute.send_bytes(batch)
            assert server.until_final(server.submit("calm"))
        assert not found, "it was never cut off"
        figure("a worker that never reads: cut off after, s", time.monotonic() - began)
        figure("a worker that never reads: most that waited, MiB", peak / (1 << 20))
        assert peak <= 12 << 20
    finally:
        mute.drop()
