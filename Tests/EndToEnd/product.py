"""Real processes for the tests: a server, workers, and what a user types.

Everything runs on loopback with a directory and ports of its own, and is stopped by process id.
"""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any, Callable

ROOT = Path(__file__).resolve().parents[2]
RELEASE = Path(os.environ.get("TOMPION_RELEASE", ROOT / ".build" / "release"))
FINAL = {"RunToCompletion", "Faulted", "Canceled"}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def eventually(
    look: Callable[[], Any], within: float = 10.0, every: float = 0.05, what: str = "it"
) -> Any:
    """Looks until what is seen is true, and returns it."""
    deadline = time.monotonic() + within
    seen = None
    while time.monotonic() < deadline:
        seen = look()
        if seen:
            return seen
        time.sleep(every)
    raise AssertionError(f"{what} did not happen within {within} s; last seen: {seen!r}")


class Process:
    """A process whose output is kept, line by line."""

    def __init__(self, *command: Any, env: dict[str, str] | None = None, cwd: Path | None = None):
        self.lines: list[str] = []
        self.popen = subprocess.Popen(
            [str(part) for part in command],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            env={**os.environ, **(env or {})},
            cwd=cwd,
            text=True,
            errors="replace",
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        for line in self.popen.stdout or []:
            self.lines.append(line.rstrip("\n"))

    @property
    def pid(self) -> int:
        return self.popen.pid

    @property
    def output(self) -> str:
        return "\n".join(self.lines)

    def send(self, number: signal.Signals) -> None:
        self.popen.send_signal(number)

    def kill(self) -> None:
        if self.popen.poll() is None:
            self.popen.kill()
        self.popen.wait(10)
        self._reader.join(5)

    def stop(self, within: float = 45) -> int:
        """Asks it to end, and returns its exit status."""
        if self.popen.poll() is None:
            self.send(signal.SIGTERM)
        try:
            status = self.popen.wait(within)
        except subprocess.TimeoutExpired:
            self.popen.kill()
            self.popen.wait(10)
            raise AssertionError(f"{self.popen.args} did not end within {within} s\n{self.output}")
        self._reader.join(5)
        return status

    def until(self, text: str, within: float = 20) -> str:
        """Waits for a line that contains `text`, and returns it."""
        try:
            return eventually(
                lambda: next((line for line in list(self.lines) if text in line), None), within,
                what=f"a line with {text!r}")
        except AssertionError as error:
            raise AssertionError(f"{error}\n{self.popen.args}\n{self.output}") from None


class Answer:
    def __init__(self, status: int, headers: dict[str, str], body: bytes):
        self.status = status
        self.headers = headers
        self.body = body

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    def __repr__(self) -> str:
        return f"{self.status} {self.body[:2000]!r}"


class Server:
    """`tompion server` on ports and a directory of its own; it can be killed and started again."""

    def __init__(self, directory: Path, *options: Any, env: dict[str, str] | None = None,
                 prefix: list[str] | None = None):
        self.directory = directory
        self.http_port = free_port()
        self.grpc_port = free_port()
        self.options = options
        self.env = env or {}
        self.prefix = prefix or []
        self.process: Process | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.http_port}"

    @property
    def grpc(self) -> str:
        return f"127.0.0.1:{self.grpc_port}"

    def start(self, within: float = 20) -> "Server":
        self.process = Process(
            *self.prefix, RELEASE / "tompion", "server", "--data-dir", self.directory / "data",
            "--http", f"127.0.0.1:{self.http_port}", "--grpc", self.grpc, *self.options,
            env=self.env, cwd=self.directory,
        )
        try:
            eventually(lambda: self.is_ready() or self.has_ended, within, every=0.02,
                       what="readiness of the server")
            assert not self.has_ended, f"the server ended with {self.process.popen.returncode}"
        except AssertionError as error:
            raise AssertionError(f"{error}\n{self.process.output}") from None
        self.ready_at = time.monotonic()
        return self

    def pass_grace(self, lease: float) -> None:
        """Waits until leases count: after a start none is reaped for one lease and five seconds."""
        time.sleep(max(0.0, self.ready_at + lease + 5.1 - time.monotonic()))

    def is_ready(self) -> bool:
        try:
            return self.get("/readyz").status == 200
        except OSError:
            return False

    @property
    def has_ended(self) -> bool:
        return self.process is None or self.process.popen.poll() is not None

    def kill(self) -> None:
        assert self.process
        self.process.kill()

    def stop(self) -> int:
        assert self.process
        return self.process.stop()

    def request(self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None,
                raw: bytes | None = None, timeout: float = 20) -> Answer:
        connection = http.client.HTTPConnection("127.0.0.1", self.http_port, timeout=timeout)
        try:
            data = raw if raw is not None else (None if body is None else json.dumps(body).encode())
            given = {"Content-Type": "application/json"} if data is not None else {}
            connection.request(method, path, data, {**given, **(headers or {})})
            answer = connection.getresponse()
            return Answer(answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read())
        finally:
            connection.close()

    def get(self, path: str, **kwargs: Any) -> Answer:
        return self.request("GET", path, **kwargs)

    def post(self, path: str, body: Any = None, **kwargs: Any) -> Answer:
        return self.request("POST", path, body, **kwargs)

    # The API, in short. Anything but success is the test's failure.

    def create_trigger(self, name: str, **spec: Any) -> dict[str, Any]:
        answer = self.post("/api/v1/namespaces/default/triggers", {"name": name, **spec})
        assert answer.status == 201, answer
        return answer.json

    def submit(self, handler: str, **spec: Any) -> str:
        answer = self.post("/api/v1/namespaces/default/tasks", {"handler": handler, **spec})
        assert answer.status == 201, answer
        return answer.json["id"]

    def task(self, task_id: str) -> dict[str, Any]:
        answer = self.get(f"/api/v1/namespaces/default/tasks/{task_id}")
        assert answer.status == 200, answer
        return answer.json

    def act(self, task_id: str, action: str) -> Answer:
        return self.post(f"/api/v1/namespaces/default/tasks/{task_id}/{action}")

    def list(self, path: str) -> list[dict[str, Any]]:
        """A whole list, part by part."""
        items: list[dict[str, Any]] = []
        cursor = ""
        while True:
            mark = "&" if "?" in path else "?"
            answer = self.get(
                f"/api/v1/namespaces/default/{path}{mark}limit=500"
                + (f"&cursor={cursor}" if cursor else ""))
            assert answer.status == 200, answer
            items += answer.json["items"]
            cursor = answer.json.get("nextCursor")
            if not cursor:
                return items

    def until_state(self, task_id: str, *states: str, within: float = 30) -> dict[str, Any]:
        def look() -> dict[str, Any] | None:
            task = self.task(task_id)
            return task if task["state"] in states else None
        return eventually(look, within, what=f"{states} of task {task_id}")

    def until_final(self, task_id: str, within: float = 30) -> dict[str, Any]:
        return self.until_state(task_id, *FINAL, within=within)

    def metric(self, name: str, **labels: str) -> float:
        """One sample of /metrics, 0 when there is none."""
        given = ",".join(f'{key}="{value}"' for key, value in labels.items())
        wanted = name + ("{" + given + "}" if given else "")
        for line in self.get("/metrics").body.decode().splitlines():
            if line.startswith(wanted + " "):
                return float(line.split(" ")[1])
        return 0.0

    def run(self, *arguments: Any, check: int | None = 0, env: dict[str, str] | None = None,
            stdin: str | None = None) -> subprocess.CompletedProcess[str]:
        """Runs the command line as a user would."""
        done = subprocess.run(
            [str(RELEASE / "tompion"), *map(str, arguments)], capture_output=True, text=True,
            timeout=60, input=stdin, cwd=self.directory,
            env={**os.environ, "TOMPION_SERVER": self.url, "TOMPION_GRPC": self.grpc, **(env or {})})
        if check is not None:
            assert done.returncode == check, (done.returncode, done.stdout, done.stderr)
        return done


def moves(task: dict[str, Any], shard: int = 0) -> list[int]:
    """The numbers of the moves a shard made, in order."""
    return [event["move"] for event in task["shards"][shard]["events"]]


def check_history(task: dict[str, Any]) -> None:
    """What must hold for any task: its record is a chain, and the fence held."""
    for slot in task["shards"]:
        events = slot["events"]
        state = "Created"
        for event in events:
            assert event["from"] == state, events
            assert state not in FINAL, events
            state = event["to"]
        assert state == slot["state"], slot
        assert [e["sequence"] for e in events] == sorted({e["sequence"] for e in events}), events
        epochs = [int(event["epoch"]) for event in events if event["move"] == 3]
        assert epochs == sorted(set(epochs)), epochs
        accepted = [run for run in slot["runs"]
                    if run.get("outcome") == "succeeded" and run.get("accepted")]
        assert len(accepted) == (1 if slot["state"] == "RunToCompletion" else 0), slot


def python_worker(server: Server, worker: str, handler: str, *options: Any) -> Process:
    """The worker that was written in Python from the .proto alone."""
    return Process(
        sys.executable, ROOT / "Examples" / "python-worker" / "worker.py", "--grpc", server.grpc,
        "--handler", handler, "--worker-id", worker, *options, env={"PYTHONUNBUFFERED": "1"})
