"""A worker that says exactly what a test tells it to, on the stream of Protos/tompion/worker/v1."""

from __future__ import annotations

import queue
import secrets
import sys
import threading
import time
from typing import Any, Callable

import grpc

from product import ROOT, Server

sys.path.insert(0, str(ROOT / "Examples" / "python-worker"))

from worker import METHOD, load_messages, pb  # noqa: E402

control = load_messages("tompion/control/v1/control.proto")

KINDS = ("welcome", "refuse", "heartbeat_ack", "drain", "configure",
         "offer", "cancel", "revoke", "result_ack", "stale")
REPEATED = {"offer", "cancel", "revoke", "result_ack", "stale"}


def run_key(run: Any) -> tuple[bytes, int, int]:
    return (run.task_id, run.shard, run.epoch)


class RawWorker:
    """One process of a worker, as far as the server can tell. It does nothing unasked but heartbeats."""

    def __init__(self, server: Server, name: str = "raw", *handlers: str, capacity: int = 100,
                 labels: dict[str, str] | None = None, matching: Any = None, token: str | None = None,
                 boot_id: bytes | None = None, reads: bool = True, options: list[Any] | None = None):
        self.server = server
        self.name = name
        self.handlers = handlers or ("work",)
        self.capacity = capacity
        self.labels = labels or {}
        self.matching = matching
        self.token = token
        self.boot_id = boot_id or secrets.token_bytes(16)
        self.options = options or []
        self.reads = reads
        self.is_silent = False
        self.status: tuple[str, str] | None = None
        self.session: Any = None
        self._inbox: list[tuple[str, Any]] = []
        self._arrived = threading.Condition()
        self._closed = threading.Event()

    # The stream

    def hello(self, **more: Any) -> Any:
        return pb.Hello(
            worker_id=self.name, boot_id=self.boot_id, capacity=self.capacity,
            handlers=[pb.Handler(name=name) for name in self.handlers],
            labels=[pb.Label(key=k, value=v) for k, v in self.labels.items()],
            **({"label_matching": self.matching} if self.matching is not None else {}), **more)

    def open(self, first: Any = None) -> "RawWorker":
        """Opens the stream with `first`, or with nothing sent."""
        self.call: Any = None  # What the stream before still says is not of this one.
        self._outbox: queue.Queue[Any] = queue.Queue()
        with self._arrived:
            self._closed.clear()
            self.status = None
        if first is not None:
            self._outbox.put(first)
        self._channel = grpc.insecure_channel(
            self.server.grpc, options=[("grpc.use_local_subchannel_pool", 1), *self.options])
        call = self._channel.stream_stream(
            METHOD, request_serializer=lambda m: m if isinstance(m, bytes) else m.SerializeToString(),
            response_deserializer=pb.FromServer.FromString)
        metadata = [("authorization", f"Bearer {self.token}")] if self.token else None
        self.call = call(iter(self._outbox.get, None), metadata=metadata)
        if self.reads:
            self._reader = threading.Thread(target=self._read, args=(self.call,), daemon=True)
            self._reader.start()
        return self

    def connect(self, credit: int | None = None, within: float = 10, **more: Any) -> "RawWorker":
        """Says Hello, waits for Welcome, grants `credit` for each handler and keeps the lease alive."""
        self.open(pb.FromWorker(hello=self.hello(**more)))
        self.session = self.take("welcome", within=within)
        self.lease = self.session.lease / 1e6
        self.is_silent = False
        threading.Thread(target=self._beat, args=(self.call,), daemon=True).start()
        if credit is None:
            credit = self.capacity
        if credit:
            self.grant(credit)
        return self

    def _read(self, call: Any) -> None:
        try:
            for message in call:
                with self._arrived:
                    for kind in KINDS:
                        if kind in REPEATED:
                            self._inbox += [(kind, item) for item in getattr(message, kind)]
                        elif message.HasField(kind):
                            self._inbox.append((kind, getattr(message, kind)))
                    self._arrived.notify_all()
            status = ("OK", "")
        except grpc.RpcError as error:
            status = (error.code().name, error.details() or "")
        with self._arrived:
            if call is self.call:
                self.status = status
                self._closed.set()
            self._arrived.notify_all()

    def _beat(self, call: Any) -> None:
        number = 0
        while call is self.call and not self._closed.wait(self.lease / 3):
            if not self.is_silent and call is self.call:
                number += 1
                self.send(heartbeat=pb.Heartbeat(seq=number))

    def send(self, **fields: Any) -> None:
        self._outbox.put(pb.FromWorker(**fields))

    def send_bytes(self, data: bytes) -> None:
        self._outbox.put(data)

    def drop(self) -> None:
        """Lets go of the stream without a word, as a process that was killed."""
        self._closed.set()
        self.call.cancel()
        self._outbox.put(None)
        if self.reads:
            self._reader.join(5)
        self._channel.close()

    # What arrives

    def take(self, kind: str, where: Callable[[Any], bool] = lambda _: True, within: float = 10) -> Any:
        """The first of this kind that was not taken yet."""
        deadline = time.monotonic() + within
        with self._arrived:
            while True:
                for place, (found, item) in enumerate(self._inbox):
                    if found == kind and where(item):
                        del self._inbox[place]
                        return item
                left = deadline - time.monotonic()
                if left <= 0 or self.status is not None:
                    raise AssertionError(
                        f"no {kind} within {within} s; stream {self.status}; there is {self._inbox}")
                self._arrived.wait(left)

    def take_now(self, kind: str) -> Any:
        """The first of this kind that is there, `None` when there is none."""
        with self._arrived:
            for place, (found, item) in enumerate(self._inbox):
                if found == kind:
                    del self._inbox[place]
                    return item
        return None

    def has(self, kind: str) -> bool:
        with self._arrived:
            return any(found == kind for found, _ in self._inbox)

    def offer(self, task: str | None = None, within: float = 10) -> Any:
        wanted = task and bytes.fromhex(task.replace("-", ""))
        return self.take("offer", lambda o: not wanted or o.run.task_id == wanted, within)

    def until_closed(self, within: float = 10) -> tuple[str, str]:
        assert self._closed.wait(within), f"the stream is still open after {within} s"
        assert self.status
        return self.status

    # What a worker says

    def grant(self, n: int, handler: str | None = None) -> None:
        self.send(credit=[pb.Credit(handler=h, n=n) for h in ([handler] if handler else self.handlers)])

    def report(self, run: Any, **event: Any) -> None:
        self.send(report=[pb.Report(run=run, **event)])

    def start(self, offer: Any) -> None:
        self.report(offer.run, started=pb.Started(at=time.time_ns() // 1000))

    def succeed(self, run: Any, result: bytes = b"") -> None:
        self.report(run, succeeded=pb.Succeeded(result=result))

    def fail(self, run: Any, message: str = "no luck", **more: Any) -> None:
        self.report(run, failed=pb.Failed(message=message, **more))

    def acknowledged(self, run: Any, within: float = 10) -> None:
        self.take("result_ack", lambda ack: run_key(ack.run) == run_key(run), within)

    def stale(self, run: Any, within: float = 10) -> Any:
        return self.take("stale", lambda s: run_key(s.run) == run_key(run), within)

    def running(self, task: str) -> Any:
        """Takes the offer of the task and enters the handler; returns its run."""
        offer = self.offer(task)
        self.start(offer)
        self.server.until_state(task, "Running")
        return offer.run


class ControlClient:
    """The control service over gRPC."""

    def __init__(self, server: Server):
        self._channel = grpc.insecure_channel(server.grpc, options=[
            ("grpc.use_local_subchannel_pool", 1), ("grpc.max_send_message_length", -1)])

    def call(self, method: str, request: Any, answer: Any, **more: Any) -> Any:
        path = f"/tompion.control.v1.ControlService/{method}"
        made = self._channel.unary_unary(
            path, request_serializer=lambda m: m.SerializeToString(), response_deserializer=answer.FromString)
        return made(request, timeout=20, **more)

    def close(self) -> None:
        self._channel.close()
