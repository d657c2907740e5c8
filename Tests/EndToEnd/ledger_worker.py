#!/usr/bin/env python3
"""The Python worker, with one line in a ledger before and after each run that survives any kill.

    ledger_worker.py LEDGER [the options of Examples/python-worker/worker.py]
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "Examples" / "python-worker"))

import worker  # noqa: E402

LEDGER = os.open(sys.argv.pop(1), os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)


def note(what: str, offer) -> None:
    line = f"{time.time():.6f} {what} {offer.run.task_id.hex()} {offer.run.shard} {offer.run.epoch}\n"
    os.write(LEDGER, line.encode())
    os.fsync(LEDGER)


class LedgerWorker(worker.Worker):
    def work(self, run):
        note("start", run.offer)
        super().work(run)

    def finish(self, run, **event):
        note(next(iter(event)), run.offer)
        super().finish(run, **event)


worker.Worker = LedgerWorker

if __name__ == "__main__":
    worker.main()
