#!/usr/bin/env python3
"""The Python worker, with a line in a ledger for all that matters, which survives any kill.

    ledger_worker.py LEDGER [the options of Examples/python-worker/worker.py]

Each line is synced before the worker goes on: `start` and the end of each run, `acknowledged` and
`stale` for what the server answered. With FENCE in the environment, each run also writes, at both of
its ends, to the resource of `fence.py` on that port.
"""

from __future__ import annotations

import os
import random
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "Examples" / "python-worker"))

import worker  # noqa: E402
from fence import FenceClient  # noqa: E402

LEDGER = os.open(sys.argv.pop(1), os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
FENCE = FenceClient(int(os.environ["FENCE"])) if "FENCE" in os.environ else None


def note(what: str, run) -> None:
    line = f"{time.time():.6f} {what} {run.task_id.hex()} {run.shard} {run.epoch}\n"
    os.write(LEDGER, line.encode())
    os.fsync(LEDGER)


def may_write(run) -> bool:
    if FENCE is None or FENCE.write(f"{run.task_id.hex()}/{run.shard}", run.epoch):
        return True
    note("fenced", run)
    return False


class LedgerWorker(worker.Worker):
    def work(self, run):
        note("start", run.offer.run)
        if may_write(run.offer.run):
            super().work(run)
        else:
            super().finish(run, failed=worker.pb.Failed(message="a later run has been there", retryable=False))

    def finish(self, run, **event):
        what = next(iter(event))
        if what == "succeeded" and not may_write(run.offer.run):
            what, event = "failed", {"failed": worker.pb.Failed(message="fenced", retryable=False)}
        note(what, run.offer.run)
        super().finish(run, **event)

    def acknowledged(self, name):
        if worker.key(name) in self.runs:
            note("acknowledged", name)
        super().acknowledged(name)

    def received(self, message):
        for lost in message.stale:
            note("stale", lost.run)
        super().received(message)

    def pause(self, failures):
        """Servers are killed all the time here: the wait between two attempts stays short."""
        return random.uniform(0, 0.3)


worker.Worker = LedgerWorker

if __name__ == "__main__":
    worker.main()
