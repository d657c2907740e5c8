"""The stream of events: nothing twice and nothing left out, also across a crash of the server."""

from __future__ import annotations

import time

import pytest

from listener import PATH, Listener
from product import Server, eventually, python_worker


@pytest.fixture
def listen():
    made: list[Listener] = []

    def make(*args, **kwargs) -> Listener:
        made.append(Listener(*args, **kwargs))
        return made[-1]

    yield make
    for listener in made:
        listener.close()


def everything(server: Server) -> dict[int, tuple[str, int]]:
    """Every move that is on record, by its number: the task and the move."""
    found = {}
    for item in server.list("tasks"):
        for slot in server.task(item["id"])["shards"]:
            for event in slot["events"]:
                found[event["sequence"]] = (item["id"], event["move"])
    return found


def test_events_resume_across_crashes_without_a_gap_or_a_double(new_server, processes, listen):
    server = new_server("--lease", "2s").start()
    processes.append(python_worker(server, "w", "work", "--capacity", "8"))
    listener = listen(server, last="0")
    server.create_trigger("tick", handler="work", schedule="* * * * * *", param="ms=5")
    for _ in range(4):
        for _ in range(15):
            server.submit("work", param="ms=5")
        time.sleep(0.3)
        server.kill()
        time.sleep(0.1)
        server.start()
    server.post("/api/v1/namespaces/default/triggers/tick/offline")
    eventually(lambda: all(task["isFinal"] for task in server.list("tasks")), 20, every=0.2)
    recorded = everything(server)
    eventually(lambda: listener.sequences and listener.sequences[-1] >= max(recorded), 10, what="the last event")
    seen = listener.sequences
    assert len(listener.status) >= 4, "it did reconnect"
    assert seen == sorted(set(seen)), "nothing twice, and in order"
    assert set(recorded) == set(seen), sorted(set(recorded) ^ set(seen))[:20]
    for _, identifier, data in listener.events:
        assert int(identifier) == data["sequence"]
        assert (data["task"], data["move"]) == recorded[data["sequence"]]


def test_a_resume_gets_exactly_what_comes_after(quick, listen):
    ids = [quick.submit("nobody") for _ in range(5)]
    recorded = sorted(everything(quick))
    listener = listen(quick, last=str(recorded[-3]))
    eventually(lambda: len(listener.sequences) >= 2, 5)
    time.sleep(0.2)
    assert listener.sequences == recorded[-2:]
    for task in ids:
        quick.act(task, "cancel")
    eventually(lambda: len(listener.sequences) >= 7, 5)
    assert [data["to"] for _, _, data in listener.events[-5:]] == ["Canceled"] * 5


def test_without_a_position_only_what_is_new_comes(quick, listen):
    quick.submit("nobody")
    listener = listen(quick)
    eventually(lambda: listener.status == [200], 5)
    time.sleep(0.2)
    task = quick.submit("nobody")
    eventually(lambda: listener.events, 5)
    assert [data["task"] for _, _, data in listener.events] == [task]


def test_a_position_that_is_not_kept_is_answered_with_reset(quick, listen):
    """A position ahead of the journal was never given out by this store; what was read before is not ours."""
    quick.submit("nobody")
    newest = quick.get("/healthz").json["store"]["lastSequence"]
    listener = listen(quick, last=str(newest + 1_000_000))
    kind, _, data = eventually(lambda: listener.events and listener.events[0], 5, what="a reset")
    assert kind == "reset" and data["after"] <= newest
    task = quick.submit("nobody")
    eventually(lambda: any(data.get("task") == task for _, _, data in listener.events), 5)


@pytest.mark.parametrize("last", ["x", "-1", "1.5", "99999999999999999999999"])
def test_a_position_that_makes_no_sense_is_refused(quick, last):
    answer = quick.get(PATH, headers={"Last-Event-ID": last})
    assert answer.status == 400 and answer.json["code"] in ("invalid-header", "invalid-parameter"), answer


def test_a_listener_that_does_not_read_hurts_nobody(quick, listen):
    import socket
    with socket.create_connection(("127.0.0.1", quick.http_port)) as deaf:
        deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        deaf.sendall(f"GET {PATH} HTTP/1.1\r\nHost: x\r\nLast-Event-ID: 0\r\n\r\n".encode())
        listener = listen(quick)
        eventually(lambda: listener.status == [200], 5)
        tasks = [quick.submit("nobody") for _ in range(300)]
        eventually(lambda: len(listener.sequences) >= 300, 10)
        assert [data["task"] for _, _, data in listener.events][:300] == tasks
        assert quick.get("/readyz").status == 200
