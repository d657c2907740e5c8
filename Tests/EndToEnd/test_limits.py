"""Every documented limit: taken at the limit, refused one beyond it, with a message that names it."""

from __future__ import annotations

import itertools
import secrets
import subprocess
from datetime import datetime, timedelta, timezone
from typing import Any

import grpc
import pytest

from product import RELEASE, Server, eventually
from test_hostile_http import problem, request, status_of, talk
from wire import ControlClient, RawWorker, control, pb

TRIGGERS = "/api/v1/namespaces/default/triggers"
TASKS = "/api/v1/namespaces/default/tasks"
MIB = 1 << 20
numbers = itertools.count(1)


def shards(size: int) -> dict[str, str]:
    """Parameters of shards with so many bytes together."""
    return {"0": "x" * (size // 2), "1": "y" * (size - size // 2)}


def labels(count: int) -> dict[str, str]:
    return {f"k{number}": "v" for number in range(count)}


# Field, at the limit, beyond it, what the refusal must say of the limit; both ends where there are two.
FIELDS: list[tuple[str, Any, Any, str]] = [
    ("name", "n" * 128, "n" * 129, "128"),
    ("handler", "h" * 128, "h" * 129, "128"),
    ("schedule", "0 0 1 1 *" + " " * 247, "0 0 1 1 *" + " " * 248, "256"),
    ("timeZone", "UTC", "Z" * 65, "64"),
    ("shards", 1024, 1025, "1024"), ("shards", 1, 0, "1"),
    ("priority", 9, 10, "9"), ("priority", 0, -1, "0"),
    ("retries", 100, 101, "100"), ("retries", 0, -1, "0"),
    ("retryBackoff", "1h", "3600001ms", "1h"), ("retryBackoff", "1ms", "0.9ms", "1ms"),
    ("retryBackoffCap", "24h", "86400001ms", "1d"), ("retryBackoffCap", "1s", "0s", "1ms"),
    ("misfireWindow", "365d", "31536000001ms", "365d"),
    ("repeats", 1_000_000_000, 1_000_000_001, "1000000000"), ("repeats", 1, 0, "1"),
    ("labels", labels(32), labels(33), "32"),
    ("labels", {"k" * 63: "v"}, {"k" * 64: "v"}, "63"),
    ("labels", {"k": "v" * 256}, {"k": "v" * 257}, "256"),
] + [
    (f"{limit}Timeout", at, beyond, named)
    for limit in ("run", "task", "queue", "heartbeat")
    for at, beyond, named in (("365d", "31536000001ms", "365d"), ("10ms", "9ms", "10ms"), ("0s", "1ms", "or 0"))
]


@pytest.mark.parametrize("field, at, beyond, named", FIELDS,
                         ids=[f"{field} {str(beyond)[:12]}" for field, _, beyond, _ in FIELDS])
def test_a_field_of_a_trigger_has_its_bounds(quick, field, at, beyond, named):
    spec = {"name": f"limit{next(numbers)}", "handler": "nobody", "schedule": "0 0 1 1 *", "online": False}
    taken = quick.post(TRIGGERS, spec | {field: at})
    assert taken.status == 201, taken
    if field == "name":
        assert quick.request("DELETE", f"{TRIGGERS}/{at}").status == 204
    before = quick.get("/healthz").json["store"]["lastSequence"]
    refused = quick.post(TRIGGERS, spec | {"name": f"limit{next(numbers)}"} | {field: beyond})
    assert refused.status == 400 and refused.json["code"] == "invalid-field", refused
    assert refused.json["field"].split(".")[0] == field and named in refused.json["detail"], refused.json
    assert quick.get("/healthz").json["store"]["lastSequence"] == before


def test_the_description_of_a_namespace_has_1024_bytes(quick):
    for size, status in ((1024, 201), (1025, 400)):
        answer = quick.post("/api/v1/namespaces", {"name": f"ns{size}", "description": "d" * size})
        assert answer.status == status, answer
    assert answer.json["field"] == "description" and "1024" in answer.json["detail"]
    assert quick.post("/api/v1/namespaces", {"name": "n" * 128}).status == 201
    assert quick.post("/api/v1/namespaces", {"name": "n" * 129}).status == 400


@pytest.mark.parametrize("size, status", [(255, 201), (256, 400)])
def test_an_idempotency_key_has_255_characters(quick, size, status):
    answer = quick.post(TASKS, {"handler": "nobody"}, headers={"Idempotency-Key": "k" * size})
    assert answer.status == status
    if status == 400:
        assert answer.json["code"] == "invalid-header" and "255" in answer.json["detail"]


@pytest.mark.parametrize("limit, status", [(1, 200), (1000, 200), (0, 400), (1001, 400)])
def test_a_page_has_1_to_1000_items(quick, limit, status):
    answer = quick.get(f"{TASKS}?limit={limit}")
    assert answer.status == status, answer
    if status == 400:
        assert answer.json["code"] == "invalid-parameter" and "1000" in answer.json["detail"]


@pytest.mark.parametrize("count, status", [(1, 200), (1000, 200), (0, 400), (1001, 400)])
def test_a_preview_has_1_to_1000_fires(quick, count, status):
    answer = quick.post("/api/v1/preview", {"schedule": "* * * * *", "count": count})
    assert answer.status == status, answer
    if status == 200:
        assert len(answer.json["fires"]) == count
    else:
        assert answer.json["field"] == "count" and "1000" in answer.json["detail"]


def test_a_backfill_makes_1000_tasks_at_most(quick):
    name = f"limit{next(numbers)}"
    quick.create_trigger(name, handler="nobody", schedule="* * * * *", online=False)
    last = datetime.now(timezone.utc).replace(second=0, microsecond=0) - timedelta(minutes=1)

    def backfill(count: int) -> Any:
        first = last - timedelta(minutes=count - 1)
        return quick.post(f"{TRIGGERS}/{name}/backfill", {"from": first.isoformat(), "to": last.isoformat()})

    refused = backfill(1001)
    assert refused.status == 400 and "1000" in refused.json["detail"], refused
    taken = backfill(1000)
    assert taken.status == 200 and taken.json["created"] == 1000, taken


@pytest.mark.parametrize("depth, code", [(64, "unknown-field"), (65, "malformed-json")])
def test_json_nests_64_deep(quick, depth, code):
    """The innermost of them is never reached by what a body may hold: reading it is all that counts."""
    body = b'{"a":' * (depth - 1) + b"{}" + b"}" * (depth - 1)
    answer = talk(quick, request("POST", TASKS, body))
    assert status_of(answer) == 400 and problem(answer)["code"] == code, answer
    if code == "malformed-json":
        assert "64" in problem(answer)["detail"]


@pytest.mark.parametrize("excess", [0, 1])
def test_the_request_line_and_headers_have_16_kib(quick, excess):
    head = b"GET /readyz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nX-Filler: "
    end = b"\r\n\r\n"
    answer = talk(quick, head + b"x" * (16 * 1024 + excess - len(head) - len(end)) + end)
    assert status_of(answer) == (400 if excess else 200), answer[:200]


# The control service


@pytest.fixture(scope="module")
def client(quick: Server):
    made = ControlClient(quick)
    yield made
    made.close()


def refusal(call: Any) -> grpc.RpcError:
    with pytest.raises(grpc.RpcError) as caught:
        call()
    return caught.value


def submit(client: ControlClient, **spec: Any) -> Any:
    return client.call("SubmitTask", control.SubmitTaskRequest(task=control.TaskSpec(handler="nobody", **spec)),
                       control.SubmitTaskResponse)


def test_a_parameter_has_one_mebibyte(quick, client):
    task = submit(client, param=b"x" * MIB).id
    assert len(quick.task(task)["param"]["text"]) == MIB
    error = refusal(lambda: submit(client, param=b"x" * (MIB + 1)))
    assert error.code() == grpc.StatusCode.INVALID_ARGUMENT and str(MIB) in error.details()


def test_the_parameters_of_shards_have_one_mebibyte_together(client):
    def pairs(size: int) -> list[Any]:
        return [control.Pair(key=key, value=value) for key, value in shards(size).items()]

    submit(client, shards=2, shard_params=pairs(MIB))
    error = refusal(lambda: submit(client, shards=2, shard_params=pairs(MIB + 1)))
    assert error.code() == grpc.StatusCode.INVALID_ARGUMENT and str(MIB) in error.details()


def test_one_request_submits_10_000_tasks(quick, client):
    def bulk(count: int) -> Any:
        tasks = [control.TaskSpec(handler="bulk")] * count
        return client.call("SubmitTasks", control.SubmitTasksRequest(tasks=tasks), control.SubmitTasksResponse)

    error = refusal(lambda: bulk(10_001))
    assert error.code() == grpc.StatusCode.INVALID_ARGUMENT and "10000" in error.details().replace(",", "")
    answers = bulk(10_000).answers
    assert len(answers) == 10_000 and all(answer.id for answer in answers)


@pytest.mark.parametrize("excess", [0, 1])
def test_a_grpc_message_has_four_mebibytes(client, excess):
    """The limit is that of the message: no trigger has such a name, but it may be asked for."""
    message = control.NameRequest(name="")
    room = 4 * MIB + excess - len(message.SerializeToString())
    name = "n" * (room - 3)  # The length before it takes four bytes instead of one.
    error = refusal(lambda: client.call("GetTrigger", control.NameRequest(name=name), control.Trigger))
    wanted = grpc.StatusCode.RESOURCE_EXHAUSTED if excess else grpc.StatusCode.NOT_FOUND
    assert error.code() == wanted, error
    assert not excess or str(4 * MIB) in error.details()


@pytest.mark.parametrize("size, code", [(15_000, None), (17_000, grpc.StatusCode.RESOURCE_EXHAUSTED)])
def test_the_headers_of_a_call_have_16_kib(client, size, code):
    def call() -> Any:
        return client.call("ListTriggers", control.ListRequest(limit=1), control.TriggerList,
                           metadata=[("x-filler", "x" * size)])

    if code is None:
        call()
    else:
        assert refusal(call).code() == code
    client.call("ListTriggers", control.ListRequest(limit=1), control.TriggerList)


# The workers' stream


def hello(**fields: Any) -> Any:
    given = dict(worker_id=f"limit{next(numbers)}", boot_id=secrets.token_bytes(16), capacity=1)
    return pb.FromWorker(hello=pb.Hello(**{**given, **fields}))


def handlers(count: int) -> list[Any]:
    return [pb.Handler(name=f"limit{number}") for number in range(count)]


def wire_labels(count: int, size: int = 1) -> list[Any]:
    return [pb.Label(key=f"{number:0{size}}", value="v" * size) for number in range(count)]


@pytest.mark.parametrize("field, at, beyond, blamed", [
    ("worker_id", "w" * 128, "w" * 129, "Hello.worker_id is 129, more than 128"),
    ("boot_id", bytes(range(16)), bytes(17), "Hello.boot_id has 17 bytes, not 16"),
    ("capacity", 100_000, 100_001, "Hello.capacity"), ("capacity", 1, 0, "Hello.capacity"),
    ("handlers", handlers(1000), handlers(1001), "Hello.handlers is 1001, more than 1000"),
    ("handlers", [pb.Handler(name="h" * 128)], [pb.Handler(name="h" * 129)], "Handler.name is 129, more than 128"),
    ("labels", wire_labels(64), wire_labels(65), "Hello.labels is 65, more than 64"),
    ("labels", wire_labels(1, 128), wire_labels(1, 129), "Label.key is 129, more than 128"),
    ("app", "a" * 128, "a" * 129, "Hello.app is 129, more than 128"),
], ids=lambda value: str(value)[:10])
def test_a_hello_has_its_bounds(quick, field, at, beyond, blamed):
    worker = RawWorker(quick, "limit").open(hello(**{field: at}))
    assert worker.take("welcome").session_id
    worker.drop()
    worker.open(hello(**{field: beyond}))
    code, text = worker.until_closed()
    assert code == "INVALID_ARGUMENT" and blamed in text, (code, text)
    worker.drop()


REPORTS = {
    "a note": (lambda size: dict(progress=pb.Progress(note="n" * size)), 1024, "Progress.note"),
    "a log line": (lambda size: dict(log=pb.Log(at=1, level="info", message="m" * size)), 8192, "Log"),
    "a result": (lambda size: dict(succeeded=pb.Succeeded(result=b"r" * size)), 256 << 10, "Succeeded.result"),
    "percent": (lambda percent: dict(progress=pb.Progress(percent=percent)), 100, "Progress.percent"),
}


@pytest.mark.parametrize("make, limit, field", REPORTS.values(), ids=REPORTS)
def test_a_report_has_its_bounds(quick, make, limit, field):
    name = f"limit{next(numbers)}"
    worker = RawWorker(quick, name, name).connect()
    run = worker.running(quick.submit(name))
    worker.report(run, **make(limit))
    other = worker.running(quick.submit(name))  # It was taken: the stream lives.
    worker.report(other, **make(limit + 1))
    code, text = worker.until_closed()
    assert code == "INVALID_ARGUMENT" and field in text, (code, text)
    if field != "Progress.percent":
        assert str(limit) in text
    worker.drop()


def test_the_message_of_a_failure_is_cut_at_8_kib(quick):
    name = f"limit{next(numbers)}"
    worker = RawWorker(quick, name, name).connect()
    task = quick.submit(name, retries=0)
    worker.fail(worker.running(task), "m" * 9000)
    done = quick.until_final(task)["shards"][0]
    assert done["reason"] == "failed" and set(done["events"][-1]["why"]) == {"m"}
    assert len(done["events"][-1]["why"]) == 1024, "so much of it is kept"
    worker.drop()


@pytest.mark.parametrize("excess", [0, 1])
def test_the_log_of_a_run_has_one_mebibyte(quick, excess):
    """A line counts with its level and sixteen bytes more: 128 lines of 8 KiB."""
    name = f"limit{next(numbers)}"
    worker = RawWorker(quick, name, name).connect()
    task = quick.submit(name)
    run = worker.running(task)
    size = 8192 - len("info") - 16
    lines = ["m" * size] * 127 + ["m" * (size + excess)]
    worker.send(report=[pb.Report(run=run, log=pb.Log(at=1, level="info", message=line)) for line in lines])
    worker.succeed(run)
    worker.acknowledged(run)
    kept = eventually(lambda: len(found := quick.list(f"tasks/{task}/log")) == 128 and found, 5)
    assert kept[-1]["message"] == ("1 line dropped" if excess else lines[-1])
    worker.drop()


# The server's settings


@pytest.mark.parametrize("option, at, beyond, named", [
    ("--lease", "2s", "1999ms", "2s"), ("--lease", "5m", "300001ms", "5m"),
    ("--token", "t" * 8, "t" * 7, "8"), ("--token", "t" * 512, "t" * 513, "512"),
])
def test_a_setting_of_the_server_has_its_bounds(new_server, tmp_path, option, at, beyond, named):
    server = new_server(option, at).start()
    assert server.stop() == 0
    refused = subprocess.run(
        [RELEASE / "tompion", "server", "--data-dir", tmp_path / "none", option, beyond],
        capture_output=True, text=True, timeout=20)
    assert refused.returncode == 2 and option.lstrip("-") in refused.stderr and named in refused.stderr, refused
    assert beyond not in refused.stderr or option != "--token", "a secret is not repeated"
