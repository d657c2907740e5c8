"""Clients that send too much, too little, too slowly, or nonsense: others must not notice."""

from __future__ import annotations

import json
import socket
import threading
import time

import pytest

from product import Server

TASKS = "/api/v1/namespaces/default/tasks"
MIB = 1 << 20


def talk(server: Server, data: bytes, within: float = 10) -> bytes:
    """Sends bytes and returns all that comes until the server hangs up or has answered."""
    with socket.create_connection(("127.0.0.1", server.http_port), timeout=within) as stream:
        try:
            stream.sendall(data)
        except OSError:
            pass  # The server may hang up before it has everything.
        answer = b""
        try:
            while chunk := stream.recv(65536):
                answer += chunk
        except OSError:
            pass
        return answer


def request(method: str, path: str, body: bytes = b"", *headers: str) -> bytes:
    lines = [f"{method} {path} HTTP/1.1", "Host: localhost", "Connection: close", *headers]
    if body or method == "POST":
        lines += ["Content-Type: application/json"]
        if not any(line.lower().startswith(("content-length", "transfer-encoding")) for line in headers):
            lines += [f"Content-Length: {len(body)}"]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def status_of(answer: bytes) -> int:
    return int(answer.split(b" ", 2)[1]) if answer.startswith(b"HTTP/1.") else 0


def problem(answer: bytes) -> dict:
    head, _, body = answer.partition(b"\r\n\r\n")
    assert b"application/problem+json" in head, head
    return json.loads(body)


def well(server: Server) -> None:
    """Somebody else is served, and at once."""
    began = time.monotonic()
    task = server.submit("nobody")
    assert server.task(task)["state"] == "Created"
    assert time.monotonic() - began < 1


def test_slow_clients_do_not_hurt_others_and_are_cut_off(quick):
    halves = [b"GET /readyz HT", b"POST " + TASKS.encode() + b" HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{",
              b"GET /readyz HTTP/1.1\r\nHost: x\r\n", b""]
    streams = []
    try:
        for number in range(200):
            stream = socket.create_connection(("127.0.0.1", quick.http_port), timeout=5)
            stream.sendall(halves[number % len(halves)])
            streams.append(stream)
        for _ in range(5):
            well(quick)
            for stream in streams:
                try:
                    stream.sendall(b"x")
                except OSError:
                    pass
            time.sleep(0.2)
        well(quick)
        assert quick.get("/readyz").status == 200
    finally:
        for stream in streams:
            stream.close()


def test_a_request_has_a_deadline_however_it_dribbles(quick):
    """One byte a second keeps no connection open for ever: a whole request has its time."""
    with socket.create_connection(("127.0.0.1", quick.http_port), timeout=5) as stream:
        stream.sendall(b"GET /readyz HTTP/1.1\r\n")
        began = time.monotonic()
        stream.settimeout(1)
        while time.monotonic() - began < 45:
            try:
                stream.sendall(b"X")
                if stream.recv(4096) == b"":
                    break
                break
            except TimeoutError:
                continue
            except OSError:
                break
        else:
            raise AssertionError("still open after 45 s")
        print(f"\ncut off after {time.monotonic() - began:.0f} s")
    well(quick)


@pytest.mark.parametrize("excess, wanted", [(-1, 201), (0, 201), (1, 413), (MIB, 413)])
def test_the_body_may_have_one_mebibyte_and_not_a_byte_more(quick, excess, wanted):
    frame = b'{"handler":"nobody","param":""}'
    body = frame[:-2] + b"x" * (MIB + excess - len(frame)) + frame[-2:]
    assert len(body) == MIB + excess
    answer = talk(quick, request("POST", TASKS, body))
    assert status_of(answer) == wanted, answer[:300]
    if wanted == 413:
        assert problem(answer)["code"] == "too-large"
    else:
        task = json.loads(answer.partition(b"\r\n\r\n")[2])["id"]
        assert len(quick.task(task)["param"]["text"]) == len(body) - len(frame)
    well(quick)


@pytest.mark.parametrize("claimed", [MIB + 1, 99999999999, 10 ** 30])
def test_a_body_that_only_claims_to_be_large_is_refused_at_once(quick, claimed):
    began = time.monotonic()
    answer = talk(quick, request("POST", TASKS, b"{}", f"Content-Length: {claimed}"), within=5)
    assert status_of(answer) == 413 and problem(answer)["code"] == "too-large"
    assert time.monotonic() - began < 2
    well(quick)


@pytest.mark.parametrize("body, code", [
    (b"", "malformed-json"), (b"{", "malformed-json"), (b'{"handler":"x"', "malformed-json"),
    (b'{"handler":"x",}', "malformed-json"), (b"{'handler':'x'}", "malformed-json"),
    (b'{"handler":"x"} trailing', "malformed-json"), (b'{"handler":"\xff\xfe"}', "malformed-json"),
    (b'{"handler":"\\ud800"}', "malformed-json"), (b"[" * 100_000, "malformed-json"),
    (b'{"a":' * 50_000, "malformed-json"), (b'{"priority":1e999,"handler":"x"}', None),
    (b'{"handler":"x","handler":"y"}', None), (b'{"handler":"x","colour":1}', "unknown-field"),
    (b'{"param":"x"}', "missing-field"), (b'{"handler":7}', "invalid-field"), (b'[]', None), (b'null', None),
    (b'{"handler":"x","shards":1e9}', "invalid-field"), (b'{"handler":"x","priority":4.5}', "invalid-field"),
    (b'{"handler":"x\\u0000y"}', "invalid-field"), (b'\xef\xbb\xbf{"handler":"x"', "malformed-json"),
], ids=lambda value: repr(value)[:30] if isinstance(value, bytes) else "")
def test_a_bad_body_is_refused_in_words(quick, body, code):
    before = quick.get("/healthz").json["store"]["lastSequence"]
    answer = talk(quick, request("POST", TASKS, body))
    assert status_of(answer) == 400, answer[:300]
    found = problem(answer)
    assert found["detail"] and (code is None or found["code"] == code), found
    assert quick.get("/healthz").json["store"]["lastSequence"] == before


@pytest.mark.parametrize("data", [
    b"\x00" * 1000, b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", b"GET\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n",
    b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", b"\r\n" * 500, b"GET /" + b"a" * 100_000 + b" HTTP/1.1\r\n\r\n",
    b"GET / HTTP/1.1\r\nX: " + b"a" * 200_000 + b"\r\n\r\n",
    b"GET / HTTP/1.1\r\n" + b"".join(b"X%d: y\r\n" % n for n in range(20_000)) + b"\r\n",
    b"POST " + TASKS.encode() + b" HTTP/1.1\r\nHost: x\r\nContent-Length: -5\r\n\r\n",
    b"POST " + TASKS.encode() + b" HTTP/1.1\r\nHost: x\r\nContent-Length: ten\r\n\r\n{}",
    b"POST " + TASKS.encode() + b" HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nZZZ\r\n{}\r\n0\r\n\r\n",
    b"GET /%zz%00/../../etc/passwd HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
], ids=["zeros", "TLS", "no path", "HTTP 9.9", "HTTP 2", "blank lines", "a long path", "a long header",
        "many headers", "a negative length", "a wordy length", "bad chunks", "bad escapes"])
def test_what_is_no_request_is_answered_4xx_or_hung_up_on(quick, data):
    ended = threading.Event()
    answers: list[bytes] = []

    def send() -> None:
        answers.append(talk(quick, data, within=3))
        ended.set()

    threading.Thread(target=send, daemon=True).start()
    well(quick)
    assert ended.wait(10)
    assert status_of(answers[0]) in (0, *range(400, 500), 501, 505), answers[0][:200]
    assert not answers[0] or problem(answers[0])["detail"]
    assert b"root:" not in answers[0]
    well(quick)


@pytest.mark.parametrize("method, path, wanted", [
    ("GET", "/api/v1/nothing", 404), ("DELETE", TASKS, 405), ("BREW", TASKS, None),
    ("GET", TASKS + "?limit=x", 400), ("GET", TASKS + "?colour=1", 400), ("GET", TASKS + "/not-an-id", None),
    ("GET", TASKS + "?cursor=%00%ff", 400),
])
def test_wrong_requests_are_told_what_is_wrong(quick, method, path, wanted):
    answer = talk(quick, request(method, path))
    status = status_of(answer)
    assert problem(answer)["status"] == status
    assert status == wanted or (wanted is None and 400 <= status <= 501), answer[:300]


def test_another_site_cannot_write_through_a_browser(quick):
    body = b'{"handler":"nobody"}'
    before = quick.get("/healthz").json["store"]["lastSequence"]
    plain = request("POST", TASKS, body).replace(b"application/json", b"text/plain")
    assert status_of(talk(quick, plain)) == 415
    foreign = request("POST", TASKS, body, "Origin: http://evil.example")
    assert status_of(talk(quick, foreign)) == 403
    assert quick.get("/healthz").json["store"]["lastSequence"] == before


def test_a_thousand_connections_at_once_leave_room_for_one_more(quick):
    streams = []
    try:
        for _ in range(1000):
            try:
                streams.append(socket.create_connection(("127.0.0.1", quick.http_port), timeout=2))
            except OSError:
                break
        assert quick.get("/readyz", timeout=5).status == 200
    finally:
        for stream in streams:
            stream.close()
    well(quick)
