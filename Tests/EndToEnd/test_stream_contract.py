"""The worker stream, as Protos/tompion/worker/v1/worker.proto alone describes it."""

from __future__ import annotations

import secrets
import signal
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import grpc
import pytest

from product import RELEASE, Process, Server, check_history, eventually, moves, python_worker
from wire import RawWorker, pb


@pytest.fixture
def open_worker(quick: Server):
    made: list[RawWorker] = []

    def make(name: str, *handlers: str, server: Server = quick, **options) -> RawWorker:
        made.append(RawWorker(server, name, *handlers, **options))
        return made[-1]

    yield make
    for worker in made:
        worker.drop()


@pytest.fixture(scope="module", autouse=True)
def slow_reader(tmp_path_factory):
    """A worker that grants credit and never reads, from the start of this file on: its end takes time."""
    server = Server(tmp_path_factory.mktemp("slow"), "--lease", "2s").start()
    slow = RawWorker(server, "slow", "large", reads=False,
                     options=[("grpc.http2.lookahead_bytes", 65536), ("grpc.http2.bdp_probe", 0)])
    slow.open(pb.FromWorker(hello=slow.hello()))

    def status() -> dict | None:
        return next((w for w in server.list("workers") if w["name"] == "slow"), None)

    eventually(status)
    over = threading.Event()

    def beat() -> None:
        number = 0
        while not over.wait(0.5):
            number += 1
            slow.send(heartbeat=pb.Heartbeat(seq=number))

    threading.Thread(target=beat, daemon=True).start()
    slow.grant(100)
    for _ in range(20):
        server.submit("large", param="x" * 500_000)
    began = time.monotonic()
    most = status()["outbound"]["peak"]
    yield server, slow, began, most
    over.set()
    slow.drop()
    server.kill()


# The worker that was written from the .proto alone


def test_the_python_worker_does_everything(new_server, processes):
    server = new_server("--lease", "2s").start()
    worker = python_worker(server, "snake", "work", "--capacity", "2")
    processes.append(worker)
    worker.until("connected")
    tasks = [server.submit("work", param="ms=50") for _ in range(10)]
    for task in tasks:
        assert server.until_final(task)["state"] == "RunToCompletion"
    assert max(server.task(task)["shards"][0]["attempts"] for task in tasks) == 1
    failing = server.submit("work", param="fail", retries=1, retryBackoff="10ms")
    assert server.until_final(failing)["shards"][0]["attempts"] == 2
    cancelled = server.submit("work", param="ms=60000")
    server.until_state(cancelled, "Running")
    server.act(cancelled, "cancel")
    assert server.until_final(cancelled)["state"] == "Canceled"
    server.pass_grace(2)
    long = server.submit("work", param="ms=2500")
    assert server.until_final(long)["shards"][0]["crashes"] == 0, "heartbeats kept the lease"

    kept = [server.submit("work", param="ms=400"), server.submit("work", param="ms=2500")]
    for task in kept:
        server.until_state(task, "Running")
    server.kill()
    time.sleep(0.8)
    server.start()
    for task in kept:
        done = server.until_final(task)
        check_history(done)
        assert moves(done) == [1, 3, 4, 7], "its result was kept and sent again"
    ended = [line for line in worker.lines if " succeeded " in line]
    assert len({line.split("task=")[1].split()[0] for line in ended}) == len(ended), "nothing ran twice"
    assert worker.stop() == 0


def test_a_worker_that_is_stopped_finishes_and_exits_0(quick, processes):
    for handler, worker in (
        ("py-stop", python_worker(quick, "py-stop", "py-stop")),
        ("slow", Process(RELEASE / "shard-worker", "--worker-id", "swift-stop", env={"TOMPION_GRPC": quick.grpc})),
    ):
        processes.append(worker)
        task = quick.submit(handler, param="ms=800 seconds=1")
        quick.until_state(task, "Running")
        worker.send(signal.SIGTERM)
        assert worker.popen.wait(10) == 0
        assert quick.task(task)["state"] == "RunToCompletion"


def test_a_server_that_stops_does_not_wait_for_idle_workers(new_server, open_worker):
    server = new_server().start()
    worker = open_worker("idle", server=server).connect()
    began = time.monotonic()
    assert server.stop() == 0
    assert worker.take("drain").reconnect_after > 0
    assert worker.until_closed()[0] in ("OK", "UNAVAILABLE")
    assert time.monotonic() - began < 5, "there is nothing that it could wait for"


def test_a_server_that_stops_takes_the_results_on_their_way(new_server, open_worker):
    server = new_server().start()
    worker = open_worker("busy", server=server).connect()
    task = server.submit("work")
    run = worker.running(task)
    server.process.send(signal.SIGTERM)
    worker.take("drain")
    worker.succeed(run, b"in time")
    worker.acknowledged(run)
    worker.drop()
    assert server.process.popen.wait(15) == 0
    server.start()
    assert server.task(task)["state"] == "RunToCompletion"


# Credits, offers, results


def test_never_more_offers_than_credits(quick, open_worker):
    worker = open_worker("credit", "credit").connect(credit=3)
    for _ in range(10):
        quick.submit("credit")
    offers = [worker.offer() for _ in range(3)]
    time.sleep(0.3)
    assert not worker.has("offer")
    worker.report(offers[0].run, decline=pb.Decline(reason="no"))
    worker.acknowledged(offers[0].run)
    time.sleep(0.3)
    assert not worker.has("offer"), "a declined offer must be granted anew"
    worker.grant(7)
    assert len([worker.offer() for _ in range(7)]) == 7
    for task in quick.list("tasks?handler=credit"):
        quick.act(task["id"], "cancel")


def test_one_message_may_carry_many_of_each_kind(quick, open_worker):
    worker = open_worker("batch", "batch").connect()
    tasks = [quick.submit("batch") for _ in range(20)]
    offers = [worker.offer(task) for task in tasks]
    worker.send(report=[pb.Report(run=o.run, started=pb.Started()) for o in offers]
                + [pb.Report(run=o.run, succeeded=pb.Succeeded()) for o in offers])
    for offer, task in zip(offers, tasks):
        worker.acknowledged(offer.run)
        assert quick.task(task)["state"] == "RunToCompletion"


def test_logs_and_progress_are_kept(quick, open_worker):
    worker = open_worker("log", "log").connect()
    task = quick.submit("log")
    run = worker.running(task)
    for number in range(3):
        worker.report(run, log=pb.Log(at=time.time_ns() // 1000, level="info", message=f"line {number}"))
    worker.report(run, progress=pb.Progress(percent=40, note="halfway, nearly"))
    worker.succeed(run)
    worker.acknowledged(run)
    path = f"/api/v1/namespaces/default/tasks/{task}/log"
    lines = eventually(lambda: (l := quick.get(path).json["items"]) and len(l) == 3 and l, 5)
    assert [line["message"] for line in lines] == ["line 0", "line 1", "line 2"]


def test_a_result_over_the_limit_is_not_taken(quick, open_worker):
    worker = open_worker("large", "large").connect()
    limit = worker.session.limits.result
    fits, over = quick.submit("large"), quick.submit("large")
    run = worker.running(fits)
    worker.succeed(run, b"x" * limit)
    worker.acknowledged(run)
    assert quick.task(fits)["state"] == "RunToCompletion"
    worker.succeed(worker.running(over), b"x" * (limit + 1))
    code, text = worker.until_closed()
    assert code == "INVALID_ARGUMENT" and "result" in text, (code, text)


# Reconnecting


def test_a_process_that_comes_back_keeps_its_runs(quick, open_worker):
    worker = open_worker("back", "back").connect()
    task = quick.submit("back")
    run = worker.running(task)
    worker.drop()
    gone = pb.Run(task_id=secrets.token_bytes(16), epoch=5)
    worker.connect(in_flight=[run, gone], credit=1)
    assert [r.epoch for r in worker.session.keep] == [run.epoch]
    assert [r.epoch for r in worker.session.abandon] == [5]
    worker.succeed(run)
    worker.acknowledged(run)
    done = quick.until_final(task)
    check_history(done)
    assert moves(done) == [1, 3, 4, 7]


def test_unsent_results_are_answered_after_a_server_crash(new_server, open_worker):
    server = new_server("--lease", "2s").start()
    worker = open_worker("crash", server=server).connect()
    task = server.submit("work")
    run = worker.running(task)
    server.kill()
    worker.until_closed()
    worker.drop()
    server.start()
    result = pb.Report(run=run, succeeded=pb.Succeeded(result=b"kept"))
    for _ in range(2):  # The answer to the first may have been lost as well.
        worker.connect(unsent_results=[result])
        worker.acknowledged(run)
        worker.drop()
    assert server.task(task)["shards"][0]["result"] == {"text": "kept"}
    assert server.task(task)["shards"][0]["refusedReports"] == []


def test_the_newest_stream_of_a_process_wins(quick, open_worker):
    first = open_worker("twin", "twin").connect()
    task = quick.submit("twin")
    run = first.running(task)
    second = open_worker("twin", "twin", boot_id=first.boot_id).connect(in_flight=[run])
    assert [r.epoch for r in second.session.keep] == [run.epoch]
    assert first.until_closed()[0] == "ABORTED"
    second.succeed(run)
    second.acknowledged(run)
    assert moves(quick.until_final(task)) == [1, 3, 4, 7]


def test_two_processes_must_not_share_a_name(quick, open_worker):
    first = open_worker("same", "same").connect()
    second = open_worker("same", "same")
    second.open(pb.FromWorker(hello=second.hello()))
    refusal = second.take("refuse")
    assert refusal.code == "worker-id-taken" and refusal.retry_after > 0 and "same" in refusal.reason
    second.until_closed()
    assert quick.get("/healthz").status == 200 and first.status is None
    first.is_silent = True
    assert first.until_closed(8)[0] == "UNAVAILABLE", "the lease ended"
    second.drop()
    second.connect()


# What breaks the contract


def first_messages():
    hello = RawWorker.hello
    boot = secrets.token_bytes(16)

    def of(**fields):
        base = dict(worker_id="bad", boot_id=boot, capacity=1)
        return pb.FromWorker(hello=pb.Hello(**{**base, **fields}))
    assert hello
    many = [pb.Handler(name=f"h{n}") for n in range(1001)]
    yield "no hello first", pb.FromWorker(heartbeat=pb.Heartbeat(seq=1))
    yield "an empty message first", pb.FromWorker()
    yield "no worker id", of(worker_id="")
    yield "a worker id of 129 bytes", of(worker_id="x" * 129)
    yield "a short boot id", of(boot_id=b"short")
    yield "capacity 0", of(capacity=0)
    yield "capacity over 100,000", of(capacity=100_001)
    yield "over 1,000 handlers", of(handlers=many)
    yield "a handler without a name", of(handlers=[pb.Handler(name="")])
    yield "a label without a key", of(labels=[pb.Label(key="", value="x")])
    yield "bytes that are no message", b"\xff\xff\xff\xff\xff"
    yield "a text that is not UTF-8", b"\x0a\x04\x0a\x02\xff\xfe"
    yield "a truncated message", of().SerializeToString()[:-5]


@pytest.mark.parametrize("first", [m for _, m in first_messages()], ids=[n for n, _ in first_messages()])
def test_a_first_message_that_breaks_the_contract_ends_the_stream(quick, open_worker, first):
    worker = open_worker("bad").open(first)
    code, text = worker.until_closed()
    assert code == "INVALID_ARGUMENT" and text, (code, text)
    assert "bad" not in [w["name"] for w in quick.list("workers")]


@pytest.mark.parametrize("message", [
    pb.FromWorker(credit=[pb.Credit(handler="", n=1)]),
    pb.FromWorker(report=[pb.Report(run=pb.Run(task_id=b"short", epoch=1), started=pb.Started())]),
    pb.FromWorker(report=[pb.Report(run=pb.Run(task_id=bytes(16), epoch=1))]),
    pb.FromWorker(report=[pb.Report(run=pb.Run(task_id=bytes(16), epoch=1),
                                    progress=pb.Progress(percent=101))]),
    pb.FromWorker(report=[pb.Report(run=pb.Run(task_id=bytes(16), epoch=1),
                                    progress=pb.Progress(note="x" * 1025))]),
    pb.FromWorker(report=[pb.Report(run=pb.Run(task_id=bytes(16), epoch=1),
                                    log=pb.Log(at=1, level="loud", message="x"))]),
    "hello", b"\xff\xff\xff",
], ids=["credit for nothing", "a short task id", "a report of nothing", "percent 101", "a long note",
        "an unknown level", "hello again", "bytes that are no message"])
def test_a_later_message_that_breaks_the_contract_ends_the_stream(quick, open_worker, message):
    bystander = open_worker("bystander", "calm").connect()
    worker = open_worker("later", "later").connect()
    if message == "hello":
        message = pb.FromWorker(hello=worker.hello())
    worker._outbox.put(message)
    code, text = worker.until_closed()
    assert code == "INVALID_ARGUMENT" and text, (code, text)
    task = quick.submit("calm")
    bystander.succeed(bystander.running(task))
    assert quick.until_final(task)["state"] == "RunToCompletion", "others are not hurt"


def test_a_message_over_four_mebibytes_is_refused(quick, open_worker):
    worker = open_worker("huge", "huge").connect()
    run = pb.Run(task_id=bytes(16), epoch=1)
    worker.send(report=[pb.Report(run=run, failed=pb.Failed(message="x" * (5 << 20)))])
    assert worker.until_closed()[0] == "RESOURCE_EXHAUSTED"


def test_a_token_is_needed_where_one_is_set(new_server, open_worker):
    server = new_server("--token", "correct-horse").start()
    for token in (None, "wrong-horse"):
        worker = open_worker("stranger", server=server, token=token)
        worker.open(pb.FromWorker(hello=worker.hello()))
        code, text = worker.until_closed()
        assert code == "UNAUTHENTICATED" and "correct-horse" not in text
    assert open_worker("friend", server=server, token="correct-horse").connect().session


def test_an_unknown_namespace_is_refused_in_words(quick, open_worker):
    worker = open_worker("lost")
    worker.open(pb.FromWorker(hello=worker.hello(namespace="nowhere")))
    refusal = worker.take("refuse")
    assert refusal.code == "invalid" and "nowhere" in refusal.reason


# Many, and slow


def test_two_hundred_and_fifty_workers_are_admitted_over_time(quick, open_worker):
    refused = 0
    lock = threading.Lock()

    def join(number: int) -> RawWorker:
        nonlocal refused
        worker = open_worker(f"many{number}", "many", capacity=1)
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            worker.open(pb.FromWorker(hello=worker.hello()))
            try:
                worker.session = worker.take("welcome", within=10)
                return worker
            except AssertionError:
                refusal = worker.take_now("refuse")
                assert refusal and refusal.code == "too-many-hellos" and refusal.retry_after > 0, refusal
                with lock:
                    refused += 1
                worker.drop()
                time.sleep(refusal.retry_after / 1e6)
        raise AssertionError("not admitted within 30 s")

    began = time.monotonic()
    with ThreadPoolExecutor(250) as pool:
        workers = list(pool.map(join, range(250)))
    took = time.monotonic() - began
    print(f"\n250 workers in {took:.2f} s, {refused} refusals")
    assert len(workers) == 250 and all(worker.session for worker in workers)


def test_a_slow_reader_is_cut_off_and_hurts_nobody(slow_reader, open_worker):
    server, slow, began, most = slow_reader
    calm = open_worker("calm", "calm", server=server).connect()
    slowest, cut = 0.0, None
    while cut is None and time.monotonic() - began < 50:
        sent = time.monotonic()
        task = server.submit("calm")
        calm.succeed(calm.running(task))
        calm.grant(1)
        server.until_final(task)
        slowest = max(slowest, time.monotonic() - sent)
        if all(w["name"] != "slow" or w["state"] == "disconnected" for w in server.list("workers")):
            cut = time.monotonic() - began
        time.sleep(0.2)
    assert cut, "it was never cut off"
    print(f"\ncut off after {cut:.1f} s; the slowest task of the other took {slowest:.2f} s; "
          f"at most {most / 1e6:.1f} MB waited")
    assert slowest < 2
    heir = open_worker("heir", "large", server=server).connect()
    assert heir.offer(within=15), "its offers go to others"
    assert most <= 4 << 20, "what waits for it has a bound"
