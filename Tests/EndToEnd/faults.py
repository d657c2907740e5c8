"""Ways to break things: a line that can be cut, and a server that dies at a chosen call."""

from __future__ import annotations

import shutil
import socket
import struct
import subprocess
import sys
import threading
from pathlib import Path

from product import RELEASE, Process, Server, eventually

RESET = struct.pack("ii", 1, 0)  # SO_LINGER: close without waiting, and say so with a reset.


class Proxy:
    """A line to a port on loopback that can be cut, silenced, and healed."""

    def __init__(self, target: int):
        self.target = target
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._pairs: list[tuple[socket.socket, socket.socket]] = []
        self._lock = threading.Lock()
        self._flows = threading.Event()
        self._flows.set()
        self._is_open = True
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    def cut(self) -> None:
        """Resets the connections there are; new ones are made."""
        with self._lock:
            pairs, self._pairs = self._pairs, []
        for stream in (stream for pair in pairs for stream in pair):
            try:
                stream.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
                stream.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            stream.close()

    def silence(self) -> None:
        """Lets nothing through; what was sent waits, as in a network that has lost its cable."""
        self._flows.clear()

    def refuse(self) -> None:
        """Cuts, and lets nobody connect."""
        self._is_open = False
        self.cut()

    def heal(self) -> None:
        self._is_open = True
        self._flows.set()

    def close(self) -> None:
        self._listener.close()
        self._flows.set()
        self.cut()

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._listener.accept()
            except OSError:
                return  # Closed.
            if not self._is_open:
                near.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
                near.close()
                continue
            threading.Thread(target=self._connect, args=(near,), daemon=True).start()

    def _connect(self, near: socket.socket) -> None:
        self._flows.wait()
        try:
            far = socket.create_connection(("127.0.0.1", self.target), timeout=10)
            far.settimeout(None)
        except OSError:
            return near.close()
        with self._lock:
            self._pairs.append((near, far))
        for one, other in ((near, far), (far, near)):
            threading.Thread(target=self._pump, args=(one, other), daemon=True).start()

    def _pump(self, source: socket.socket, sink: socket.socket) -> None:
        try:
            while data := source.recv(1 << 16):
                self._flows.wait()
                sink.sendall(data)
        except OSError:
            pass  # Cut, or one side is gone.
        self._flows.wait()
        for stream in (source, sink):
            try:
                stream.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass


def at_sync(number: int, what: str = "signal=SIGKILL") -> list[str]:
    """Before a command: does `what` when one of its threads syncs a file for the `number`-th time.

    The command stays the direct child, so that its process id is the one to stop.
    """
    return [*TRACE, "-e", f"inject=fsync,fdatasync:{what}:when={number}"]


def attach_at_sync(process: int, number: int, what: str = "signal=SIGKILL") -> Process:
    """The same for a process that runs already, counting from now on. Kill what is returned afterwards."""
    tracer = Process("strace", "-f", "-qq", "-o", "/dev/null", "-p", process, "-e", "trace=fsync,fdatasync",
                     "-e", f"inject=fsync,fdatasync:{what}:when={number}")
    eventually(lambda: is_traced(process), what=f"strace: {tracer.output}")
    return tracer


def is_traced(process: int) -> bool:
    """Whether a tracer has all its threads."""
    threads = Path(f"/proc/{process}/task").glob("*/status")
    return all("TracerPid:\t0\n" not in thread.read_text() for thread in threads)


# Without --seccomp-bpf, with which strace 6.1 injects no signals.
TRACE = ["strace", "-D", "-f", "-qq", "-o", "/dev/null", "-e", "trace=fsync,fdatasync"]


def tracing_trouble() -> str | None:
    """Why processes cannot be traced here, `None` when they can."""
    if shutil.which("strace") is None:
        return "there is no strace: install the package of that name"
    tried = subprocess.run(["strace", "-qq", "-o", "/dev/null", "true"], capture_output=True, text=True)
    return None if tried.returncode == 0 else f"tracing is not permitted: {tried.stderr.strip()}"


def swift_worker(server: Server, ledger: Path, name: str, *handlers: str, fence: int | None = None,
                 capacity: int = 16, grpc: str | None = None) -> Process:
    """A worker on the SDK that leaves evidence in `ledger`."""
    options = [word for handler in handlers for word in ("--handler", handler)]
    if fence is not None:
        options += ["--fence", str(fence)]
    return Process(
        RELEASE / "ledger-worker", ledger, "--worker-id", name, "--capacity", capacity, *options,
        env={"TOMPION_GRPC": grpc or server.grpc})


def python_ledger_worker(server: Server, ledger: Path, name: str, *handlers: str, fence: int | None = None,
                         capacity: int = 16, grpc: str | None = None) -> Process:
    """The same on the .proto alone."""
    options = [word for handler in handlers for word in ("--handler", handler)]
    env = {"PYTHONUNBUFFERED": "1"} | ({"FENCE": str(fence)} if fence is not None else {})
    return Process(
        sys.executable, Path(__file__).with_name("ledger_worker.py"), ledger, "--grpc", grpc or server.grpc,
        "--worker-id", name, "--capacity", capacity, *options, env=env)
