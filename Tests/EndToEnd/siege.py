#!/usr/bin/env python3
"""Clients that break every rule, many at once, in a process of their own.

    siege.py HTTP_PORT GRPC_PORT [KIND...]

Each kind is one thread with a few connections; it prints a line of JSON when the last of them was cut
off or answered: the kind, and for each connection after how many seconds and with what first bytes.
"""

from __future__ import annotations

import json
import socket
import struct
import sys
import threading
import time
from typing import Callable, Iterator

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
HEADERS, RST_STREAM, SETTINGS, PING, WINDOW_UPDATE, CONTINUATION, DATA = 1, 3, 4, 6, 8, 9, 0
END_HEADERS = 4
LONGEST = 75.0


def frame(kind: int, flags: int, stream: int, payload: bytes = b"") -> bytes:
    return struct.pack(">I", len(payload))[1:] + bytes([kind, flags]) + struct.pack(">I", stream) + payload


def literal(name: bytes, value: bytes) -> bytes:
    """A header field in HPACK, neither indexed nor compressed."""
    return b"\x00" + length(name) + name + length(value) + value


def length(text: bytes) -> bytes:
    if len(text) < 127:
        return bytes([len(text)])
    rest, out = len(text) - 127, bytearray([127])
    while rest > 127:
        out.append(rest & 127 | 128)
        rest >>= 7
    return bytes([*out, rest])


def call_headers(path: bytes, *more: tuple[bytes, bytes]) -> bytes:
    fields = [(b":method", b"POST"), (b":scheme", b"http"), (b":path", path), (b":authority", b"x"),
              (b"te", b"trailers"), (b"content-type", b"application/grpc"), *more]
    return b"".join(literal(name, value) for name, value in fields)


OPENING = PREFACE + frame(SETTINGS, 0, 0)
LIST = b"/tompion.control.v1.ControlService/ListTriggers"
CONNECT = b"/tompion.worker.v1.WorkerService/Connect"
POST = b"POST /api/v1/namespaces/default/tasks HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"


def dribble(data: bytes) -> Iterator[bytes]:
    """A byte each half second, without end."""
    yield data
    while True:
        time.sleep(0.5)
        yield b"x"


def rapid_resets() -> Iterator[bytes]:
    yield OPENING
    for stream in range(1, 1_001, 2):
        yield (frame(HEADERS, END_HEADERS, stream, call_headers(LIST))
               + frame(RST_STREAM, 0, stream, struct.pack(">I", 8)))


def endless_headers() -> Iterator[bytes]:
    """Header fields over frames without end, none of them the last."""
    yield OPENING + frame(HEADERS, 0, 1, call_headers(CONNECT))
    for number in range(4000):
        yield frame(CONTINUATION, 0, 1, literal(b"x-%d" % number, b"y" * 1000))


def endless_message() -> Iterator[bytes]:
    """A message that says it has 2 GiB, as much of it as the server will have."""
    yield OPENING + frame(HEADERS, END_HEADERS, 1, call_headers(LIST)) + frame(DATA, 0, 1, b"\x00\x7f\xff\xff\xff")
    for _ in range(600):
        yield frame(DATA, 0, 1, bytes(16_000))


def flood(data: bytes, times: int) -> Iterator[bytes]:
    yield OPENING
    for _ in range(times):
        yield data


def once(*parts: bytes) -> Callable[[], Iterator[bytes]]:
    return lambda: iter(parts)


HTTP, GRPC = 0, 1
KINDS: dict[str, tuple[int, int, Callable[[], Iterator[bytes]]]] = {
    # What is sent to whom, by how many.
    "http: nothing": (HTTP, 20, once()),
    "http: half a head": (HTTP, 20, once(b"GET /readyz HTTP/1.1\r\nHost:")),
    "http: a slow head": (HTTP, 20, lambda: dribble(b"GET /readyz HTTP/1.1\r\nX: ")),
    "http: half a body": (HTTP, 20, once(POST + b"Content-Length: 100\r\n\r\n{")),
    "http: a slow body": (HTTP, 20, lambda: dribble(POST + b"Content-Length: 100000\r\n\r\n{")),
    "http: a slow chunk": (HTTP, 20, lambda: dribble(POST + b"Transfer-Encoding: chunked\r\n\r\nffff\r\n")),
    "http: a long line": (HTTP, 20, once(b"GET /" + b"a" * 100_000)),
    "http: many headers": (HTTP, 20, once(b"GET / HTTP/1.1\r\n" + b"X: y\r\n" * 100_000)),
    "http: a large body": (HTTP, 10, once(POST + b"Content-Length: 2000000\r\n\r\n" + b" " * 2_000_000)),
    "http: a larger body": (HTTP, 5, once(POST + b"Content-Length: 8000000\r\n\r\n" + b" " * 8_000_000)),
    "http: a body of claims": (HTTP, 20, once(POST + b"Content-Length: 99999999999\r\n\r\n{")),
    "http: no request": (HTTP, 20, once(bytes(range(256)) * 10 + b"\r\n\r\n")),
    "http: reads nothing": (HTTP, 5, once(b"GET /openapi.json HTTP/1.1\r\nHost: x\r\n\r\n" * 400)),
    "grpc: nothing": (GRPC, 20, once()),
    "grpc: a slow preface": (GRPC, 20, lambda: dribble(b"PRI * HT")),
    "grpc: silent after the preface": (GRPC, 20, once(OPENING)),
    "grpc: no request": (GRPC, 20, once(bytes(range(256)) * 10)),
    "grpc: HTTP/1.1": (GRPC, 20, once(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")),
    "grpc: TLS": (GRPC, 20, once(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(500))),
    "grpc: a broken frame": (GRPC, 20, once(OPENING + frame(SETTINGS, 0, 0, b"12345"))),
    "grpc: a window of nothing": (GRPC, 20, once(OPENING + frame(WINDOW_UPDATE, 0, 0, bytes(4)))),
    "grpc: pings": (GRPC, 3, lambda: flood(frame(PING, 0, 0, bytes(8)), 2_000)),
    "grpc: settings": (GRPC, 3, lambda: flood(frame(SETTINGS, 0, 0), 2_000)),
    "grpc: resets": (GRPC, 3, rapid_resets),
    "grpc: large headers": (GRPC, 5, once(OPENING + frame(
        HEADERS, END_HEADERS, 1, call_headers(CONNECT, (b"x", b"y" * 15_000))) + frame(
        HEADERS, END_HEADERS, 3, call_headers(CONNECT, *[(b"x-%d" % n, b"y" * 1000) for n in range(15)],
                                              (b"z", b"y" * 1_300))))),
    "grpc: endless headers": (GRPC, 3, endless_headers),
    "grpc: an endless message": (GRPC, 3, endless_message),
}


def attack(port: int, data: Iterator[bytes], reads: bool, found: list) -> None:
    """One connection until its end: after how long it came, and how the answer began."""
    began = time.monotonic()
    answer = bytearray()
    with socket.create_connection(("127.0.0.1", port), timeout=LONGEST) as stream:
        if not reads:
            stream.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        reader = threading.Thread(target=read, args=(stream, answer), daemon=True)
        if reads:
            reader.start()
        try:
            for part in data:
                stream.sendall(part)
        except OSError:
            pass  # Cut off.
        if reads:
            reader.join(LONGEST)
        else:
            until_reset(stream)
    found.append((round(time.monotonic() - began, 2), bytes(answer[:60]).decode("latin-1")))


def read(stream: socket.socket, answer: bytearray) -> None:
    try:
        while part := stream.recv(65536):
            answer += part
    except OSError:
        pass


def until_reset(stream: socket.socket) -> None:
    """Waits until the other side has given up, without taking what it sent."""
    deadline = time.monotonic() + LONGEST
    while time.monotonic() < deadline:
        state = stream.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1)[0]
        if state != 1:  # TCP_ESTABLISHED
            return
        time.sleep(0.1)


def besiege(ports: tuple[int, int], name: str) -> None:
    where, count, make = KINDS[name]
    found: list[tuple[float, str]] = []
    threads = [threading.Thread(target=attack, args=(ports[where], make(), "reads nothing" not in name, found))
               for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    print(json.dumps({"kind": name, "ends": found}) + "\n", end="", flush=True)  # In one piece.


def main() -> None:
    ports = (int(sys.argv[1]), int(sys.argv[2]))
    for name in sys.argv[3:] or KINDS:
        threading.Thread(target=besiege, args=(ports, name)).start()


if __name__ == "__main__":
    main()
