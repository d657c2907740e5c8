#!/usr/bin/env python3
"""A Tompion worker in Python, written from Protos/tompion/worker/v1/worker.proto alone.

    pip install -r requirements.txt
    python3 worker.py --handler hello-world1 [--grpc HOST:PORT] [--capacity N] [--worker-id NAME]

Each run sleeps for as many milliseconds as its parameter says (`ms=250`), prints one line, and
returns its parameter as the result. A parameter with the word `fail` makes it fail.
"""

import argparse
import importlib
import os
import pathlib
import queue
import random
import re
import secrets
import signal
import socket
import sys
import tempfile
import threading
import time

import grpc

PROTOS = pathlib.Path(__file__).resolve().parents[2] / "Protos"
METHOD = "/tompion.worker.v1.WorkerService/Connect"
FINAL = {"succeeded", "failed", "stopped", "decline", "released"}


def load_messages(proto="tompion/worker/v1/worker.proto"):
    """Makes Python classes of a .proto file, in a folder that is removed at once."""
    from grpc_tools import protoc

    with tempfile.TemporaryDirectory() as folder:
        if protoc.main(["protoc", f"-I{PROTOS}", f"--python_out={folder}", str(PROTOS / proto)]):
            sys.exit(f"cannot compile {PROTOS / proto}")
        sys.path.insert(0, folder)
        try:
            return importlib.import_module(proto.removesuffix(".proto").replace("/", ".") + "_pb2")
        finally:
            sys.path.remove(folder)


pb = load_messages()


def key(run):
    return (run.task_id, run.shard, run.epoch)


class Run:
    """One offer that was taken, from its start until its end is acknowledged."""

    def __init__(self, offer):
        self.offer = offer
        self.cancelled = threading.Event()
        self.fenced = False  # It was stopped because no word came from the server.
        self.disowned = False  # The server gave it to another worker.
        self.report = None  # The final report, kept until it is acknowledged.


class Worker:
    def __init__(self, options):
        self.options = options
        self.boot_id = secrets.token_bytes(16)
        self.runs = {}
        self.seen = {}  # Runs that are over, oldest first: an offer that comes twice runs once.
        self.lock = threading.Lock()
        self.outgoing = None  # The queue of the present stream.
        self.session_open = False
        self.stopping = threading.Event()
        self.renewed_at = None  # When the last acknowledged heartbeat had been sent.
        self.lease = None

    # What is sent

    def send(self, message):
        with self.lock:
            if self.session_open:
                self.outgoing.put(message)

    def hello(self):
        hello = pb.Hello(
            worker_id=self.options.worker_id,
            boot_id=self.boot_id,
            handlers=[pb.Handler(name=name) for name in self.options.handler],
            capacity=self.options.capacity,
            namespace=self.options.namespace,
            app="python-worker",
            sdk_version="python-example/0.1.0",
            host=socket.gethostname(),
            process_id=os.getpid(),
        )
        self.told = set()  # The runs whose end the server knows once it has read this.
        for name, run in self.runs.items():
            if run.report is not None:
                hello.unsent_results.append(run.report)
                self.told.add(name)
            elif not run.disowned:
                hello.in_flight.append(run.offer.run)
        return pb.FromWorker(hello=hello)

    def grant(self, handler, count=1):
        if not self.stopping.is_set():
            self.send(pb.FromWorker(credit=[pb.Credit(handler=handler, n=count)]))

    def grant_all(self):
        """Every handler has its part of the capacity, less what it is doing."""
        part = self.options.capacity // len(self.options.handler)
        for handler in self.options.handler:
            active = sum(1 for run in self.runs.values() if run.offer.handler == handler)
            if part > active:
                self.grant(handler, part - active)

    def heartbeats(self, lease, stream_is_over):
        number, sent = 0, {}
        self.sent_heartbeats = sent
        while not stream_is_over.wait(lease / 3 * random.uniform(0.9, 1.1)):
            silent = time.monotonic() - self.renewed_at
            if silent > lease or (sent and silent > 0.8 * lease):
                return self.fence()  # Unless it was this process that slept: then it asks first.
            number += 1
            sent[number] = time.monotonic()
            self.send(pb.FromWorker(heartbeat=pb.Heartbeat(seq=number)))

    def fence(self):
        """The runs may be somebody else's by now: ours must stop."""
        print("no heartbeat was acknowledged in time", flush=True)
        for run in list(self.runs.values()):
            run.fenced = True
            run.cancelled.set()
        self.call.cancel()

    # What runs

    def work(self, run):
        offer = run.offer
        self.send(self.report(run, started=pb.Started(at=time.time_ns() // 1000)))
        text = offer.param.decode(errors="replace")
        wait = re.search(r"ms=(\d+)", text)
        stopped = run.cancelled.wait(int(wait.group(1)) / 1000 if wait else 0)
        if stopped and run.fenced:
            outcome = {"failed": pb.Failed(message="the worker lost contact with the server")}
        elif stopped:
            outcome = {"stopped": pb.Stopped(message="cancelled")}
        elif "fail" in text:
            outcome = {"failed": pb.Failed(message="failed as asked")}
        else:
            outcome = {"succeeded": pb.Succeeded(result=offer.param[: 256 << 10])}
        print(
            f"{self.options.worker_id} {next(iter(outcome))} handler={offer.handler} "
            f"task={offer.run.task_id.hex()} shard={offer.run.shard}/{offer.shard_count} "
            f"attempt={offer.attempt} epoch={offer.run.epoch} param={text[:200]!r}",
            flush=True,
        )
        self.finish(run, **outcome)

    def report(self, run, **event):
        return pb.FromWorker(report=[pb.Report(run=run.offer.run, **event)])

    def finish(self, run, **event):
        message = self.report(run, **event)
        with self.lock:
            if run.disowned:
                self.forget(run)
            else:
                run.report = message.report[0]
        if run.disowned:
            self.grant(run.offer.handler)
        else:
            self.send(message)

    def forget(self, run):
        self.runs.pop(key(run.offer.run), None)
        self.seen[key(run.offer.run)] = True
        if len(self.seen) > 10_000:
            self.seen.pop(next(iter(self.seen)))

    # What is received

    def received(self, message):
        for offer in message.offer:
            self.take(offer)
        for cancel in message.cancel:
            self.cancel(cancel.run)
        for ack in message.result_ack:
            self.acknowledged(ack.run)
        for lost in list(message.stale) + list(message.revoke):
            self.disown(lost.run)
        if message.HasField("heartbeat_ack"):
            self.renew(message.heartbeat_ack.seq)

    def renew(self, number):
        """One answer stands for all heartbeats up to its number."""
        for seq in list(self.sent_heartbeats):
            if seq <= number:
                self.renewed_at = max(self.renewed_at, self.sent_heartbeats.pop(seq))

    def take(self, offer):
        with self.lock:
            if key(offer.run) in self.runs or key(offer.run) in self.seen:
                return
            run = self.runs[key(offer.run)] = Run(offer)
            active = sum(1 for other in self.runs.values() if other.report is None)
        if offer.handler not in self.options.handler:
            self.finish(run, decline=pb.Decline(reason="unknown handler"))
        elif active > self.options.capacity or self.stopping.is_set():
            self.finish(run, decline=pb.Decline(reason="no room"))
        else:
            threading.Thread(target=self.work, args=(run,), daemon=True).start()

    def cancel(self, name):
        run = self.runs.get(key(name))
        if run:
            run.cancelled.set()

    def acknowledged(self, name):
        with self.lock:
            run = self.runs.get(key(name))
            if run is None or run.report is None:
                return
            self.forget(run)
        self.grant(run.offer.handler)

    def disown(self, name):
        with self.lock:
            run = self.runs.get(key(name))
            if run is None:
                return
            self.let_go(run)
        if run.report is not None:
            self.grant(run.offer.handler)

    # The stream

    def connect(self):
        """One session. Returns how long the server asked to wait before the next one."""
        outgoing = queue.Queue()
        with self.lock:
            self.outgoing = outgoing
            outgoing.put(self.hello())
        hello_at = time.monotonic()
        over = threading.Event()
        channel = grpc.insecure_channel(
            self.options.grpc,
            options=[("grpc.keepalive_time_ms", 5000), ("grpc.keepalive_timeout_ms", 3000)],
        )
        connect = channel.stream_stream(
            METHOD,
            request_serializer=pb.FromWorker.SerializeToString,
            response_deserializer=pb.FromServer.FromString,
        )
        token = self.options.token
        metadata = [("authorization", f"Bearer {token}")] if token else None
        wait, is_draining = 0.0, False
        try:
            self.call = connect(iter(outgoing.get, None), metadata=metadata)
            for message in self.call:
                if message.HasField("refuse"):
                    print(f"refused: {message.refuse.reason}", flush=True)
                    return message.refuse.retry_after / 1e6
                if message.HasField("welcome"):
                    self.open(message.welcome, hello_at, over)
                if message.HasField("drain"):
                    wait, is_draining = message.drain.reconnect_after / 1e6, True
                self.received(message)
                if is_draining and not self.runs:
                    return wait  # There is nothing to tell the server that it should wait for.
        except grpc.RpcError as error:
            print(f"disconnected: {error.code().name} {error.details()}", flush=True)
        finally:
            over.set()
            with self.lock:
                self.session_open = False
            outgoing.put(None)
            channel.close()
        return wait

    def open(self, welcome, hello_at, over):
        self.lease = welcome.lease / 1e6
        self.renewed_at = hello_at
        kept = {key(run) for run in welcome.keep}
        with self.lock:
            self.session_open = True
            for name, run in list(self.runs.items()):
                if name in self.told:
                    continue
                if name in kept:
                    self.resume(run)
                else:
                    self.let_go(run)
        for cancel in welcome.cancels:
            self.cancel(cancel.run)
        self.grant_all()
        threading.Thread(target=self.heartbeats, args=(self.lease, over), daemon=True).start()
        print(f"connected session={welcome.session_id} lease={self.lease}s", flush=True)

    def resume(self, run):
        """Says of a run what it could not say while there was no session."""
        self.outgoing.put(self.report(run, started=pb.Started()))
        if run.report is not None:
            self.outgoing.put(pb.FromWorker(report=[run.report]))

    def let_go(self, run):
        """The server has given the run away: it stops, and nothing that comes of it counts."""
        run.disowned = True
        run.cancelled.set()
        if run.report is not None:
            self.forget(run)

    def stop(self, *_):
        if self.stopping.is_set():
            os._exit(1)
        self.stopping.set()
        threading.Thread(target=self.drain, daemon=True).start()

    def drain(self):
        self.send(pb.FromWorker(draining=pb.Draining()))
        deadline = time.monotonic() + 30
        while self.runs and time.monotonic() < deadline:
            time.sleep(0.05)
        with self.lock:
            self.outgoing and self.outgoing.put(None)
        os._exit(0)

    def serve(self):
        signal.signal(signal.SIGTERM, self.stop)
        signal.signal(signal.SIGINT, self.stop)
        failures = 0
        while True:
            began = time.monotonic()
            wait = self.connect()
            failures = 0 if time.monotonic() - began > 60 else failures + 1
            time.sleep(wait + self.pause(failures))

    def pause(self, failures):
        return random.uniform(0, min(30, 0.2 * 2 ** min(failures, 10)))


def main():
    parser = argparse.ArgumentParser(description="A Tompion worker in Python.")
    parser.add_argument("--grpc", default=os.environ.get("TOMPION_GRPC", "127.0.0.1:7701"))
    parser.add_argument("--handler", action="append", required=True)
    parser.add_argument("--capacity", type=int, default=4)
    parser.add_argument("--worker-id", default=f"python-{socket.gethostname()}-{os.getpid()}")
    parser.add_argument("--namespace", default=os.environ.get("TOMPION_NAMESPACE", "default"))
    parser.add_argument("--token", default=os.environ.get("TOMPION_TOKEN"))
    options = parser.parse_args()
    if options.capacity < len(options.handler):
        parser.error("--capacity must be at least the number of handlers")
    Worker(options).serve()


if __name__ == "__main__":
    main()
