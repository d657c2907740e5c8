"""What somebody types who sees Tompion for the first time, and what they are told when it is wrong."""

from __future__ import annotations

import json
import os
import shlex
import signal
import socket
import subprocess
import time
from pathlib import Path

import pytest

from product import RELEASE, ROOT, Process, Server, eventually, free_port, python_worker

TOMPION = RELEASE / "tompion"

# README, "The first job in five steps".
STEPS = {
    "server": "bin/tompion server",
    "worker": "bin/hello-worker --config config.yaml",
    "create": "bin/tompion trigger create hello --handler hello-world1 --schedule '@every 1s' --param world",
    "list": "bin/tompion task list",
    "watch": "bin/tompion task watch",
    "history": "bin/tompion trigger history hello",
}
CONFIG = """jobConfig:
  app: "demo"                      # the service that the handlers belong to
  jobCenterService:
    rpcAddress: "127.0.0.1:7701"   # where the server listens for workers
    namespace: "default"
  handlers:
    hello-world2:
      disable: false               # true leaves this one handler out
"""


def test_the_five_steps_of_the_readme_work_as_they_are_written(tmp_path, processes):
    readme = (ROOT / "README.md").read_text()
    for line in [*STEPS.values(), *(line.strip() for line in CONFIG.splitlines())]:
        assert line in readme, f"the README no longer says {line!r}"

    (tmp_path / "bin").symlink_to(RELEASE)
    http, grpc = free_port(), free_port()
    env = {"TOMPION_HTTP": f"127.0.0.1:{http}", "TOMPION_GRPC": f"127.0.0.1:{grpc}",
           "TOMPION_SERVER": f"http://127.0.0.1:{http}"}  # Other tests may be using the usual ports.

    def type_in(step: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(shlex.split(STEPS[step]), cwd=tmp_path, env={**os.environ, **env},
                              capture_output=True, text=True, timeout=30)

    began = time.monotonic()
    server = Process(*shlex.split(STEPS["server"]), cwd=tmp_path, env=env)
    processes.append(server)
    ready = server.until("ready")
    assert str(http) in ready and str(grpc) in ready, "one line with both addresses"
    (tmp_path / "config.yaml").write_text(CONFIG)
    worker = Process(*shlex.split(STEPS["worker"]), cwd=tmp_path, env=env)
    processes.append(worker)
    created = type_in("create")
    assert created.returncode == 0, created
    worker.until("param world, shard 0/1", within=10)
    first_job = time.monotonic() - began
    watch = Process(*shlex.split(STEPS["watch"]), cwd=tmp_path, env=env)
    processes.append(watch)
    watch.until("-> RunToCompletion", within=10)
    listed = type_in("list")
    assert listed.returncode == 0 and "RunToCompletion" in listed.stdout and "hello-world1" in listed.stdout
    history = type_in("history")
    assert history.returncode == 0 and history.stdout.count("task") >= 1
    assert (tmp_path / "tompion-data").is_dir()
    watch.send(signal.SIGINT)
    watch.popen.wait(5)
    assert worker.stop() == 0
    assert server.stop() == 0
    print(f"\nthe first job ran {first_job:.2f} s after the server was started")


# Every command, once


@pytest.fixture(scope="module")
def site(quick, tmp_path_factory):
    """A server with a worker, a trigger and a finished task."""
    worker = python_worker(quick, "w1", "report")
    worker.until("connected")
    quick.create_trigger("nightly", handler="report", schedule="0 3 * * *", timeZone="Europe/Berlin")
    task = quick.submit("report", param="hello")
    quick.until_final(task)
    yield quick, task
    worker.kill()


def both_ways(server: Server, *words: str) -> tuple[str, dict]:
    """Runs a command as a table and as JSON."""
    table = server.run(*words).stdout
    parsed = json.loads(server.run(*words, "--output", "json").stdout)
    assert table.strip() and not table.lstrip().startswith("{")
    return table, parsed


def test_reading_commands_write_tables_and_json(site):
    server, task = site
    table, parsed = both_ways(server, "trigger", "list")
    assert "nightly" in table and "NEXT FIRE" in table and parsed["items"][0]["name"]
    table, parsed = both_ways(server, "trigger", "show", "nightly")
    assert "Europe/Berlin" in table and parsed["timeZone"] == "Europe/Berlin"
    table, parsed = both_ways(server, "trigger", "preview", "nightly", "--count", "3")
    assert len(parsed["fires"]) == 3 and parsed["fires"][0]["at"] in table
    table, parsed = both_ways(server, "trigger", "preview", "--schedule", "@daily")
    assert len(parsed["fires"]) == 10
    table, parsed = both_ways(server, "trigger", "history", "nightly")
    assert "OUTCOME" in table and "items" in parsed
    table, parsed = both_ways(server, "task", "list", "--handler", "report")
    assert task in table and task in [item["id"] for item in parsed["items"]]
    table, parsed = both_ways(server, "task", "show", task)
    assert "RunToCompletion" in table and parsed["shards"][0]["runs"]
    table, parsed = both_ways(server, "task", "why", task)
    assert "ran to completion" in table and parsed["reasons"][0]["code"] == "completed"
    assert server.run("task", "log", task).returncode == 0
    assert "items" in json.loads(server.run("task", "log", task, "--output", "json").stdout)
    table, parsed = both_ways(server, "worker", "list")
    assert "w1" in table and parsed["items"][0]["name"] == "w1"
    table, parsed = both_ways(server, "worker", "show", "w1")
    assert "connected" in table and parsed["capacity"] == 4
    table, parsed = both_ways(server, "handler", "list")
    assert "report" in table and parsed["items"][0]["workers"] == ["w1"]
    table, parsed = both_ways(server, "namespace", "list")
    assert "default" in table and parsed["items"][0]["name"] == "default"


def test_a_trigger_lives_through_all_its_commands(site):
    server, _ = site
    run = server.run
    run("trigger", "create", "job", "--handler", "report", "--schedule", "@every 1h", "--param", "p",
        "--shards", "2", "--shard-param", "1=second", "--retries", "2", "--overlap", "queue",
        "--misfire", "all", "--run-timeout", "5m", "--priority", "7", "--offline")
    shown = json.loads(run("trigger", "show", "job", "--output", "json").stdout)
    assert shown["shards"] == 2 and shown["shardParams"] == {"1": "second"} and shown["online"] is False
    assert shown["overlap"] == "queue" and shown["misfire"] == "all" and shown["priority"] == 7
    assert "already" in run("trigger", "create", "job", "--handler", "x", "--schedule", "@daily", check=1).stderr
    run("trigger", "online", "job")
    run("trigger", "update", "job", "--schedule", "@every 2h", "--shards", "3")
    shown = json.loads(run("trigger", "show", "job", "--output", "json").stdout)
    assert shown["schedule"] == "@every 2h" and shown["shards"] == 3 and shown["param"] == "p"
    task = run("trigger", "fire", "job", "--param", "by hand").stdout.strip()
    assert server.until_final(task)["param"] == {"text": "by hand"}
    assert task in run("trigger", "history", "job").stdout
    run("trigger", "offline", "job")
    now = int(time.time())
    stamp = lambda at: time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(at))  # noqa: E731
    run("trigger", "update", "job", "--schedule", "0 * * * *")
    filled = json.loads(run("trigger", "backfill", "job", "--from", stamp(now - 3 * 3600), "--to",
                            stamp(now), "--output", "json").stdout)
    assert filled["created"] == 3 and filled["existing"] == 0
    again = run("trigger", "backfill", "job", "--from", stamp(now - 3 * 3600), "--to", stamp(now))
    assert "0 created, 3 already there" in again.stderr
    run("trigger", "delete", "job")
    assert run("trigger", "show", "job", check=1).stderr.strip()


def test_a_task_lives_through_all_its_commands(site):
    server, _ = site
    run = server.run
    task = run("task", "submit", "--handler", "report", "--param", "ms=10 fail", "--retries", "0").stdout.strip()
    assert server.until_final(task)["state"] == "Faulted"
    assert "failed as asked" in run("task", "why", task).stdout
    again = run("task", "retry", task).stdout.strip()
    assert server.until_final(again)["rerunOf"] == task
    waiting = run("task", "submit", "--handler", "nobody", "--idempotency-key", "one").stdout.strip()
    assert run("task", "submit", "--handler", "nobody", "--idempotency-key", "one").stdout.strip() == waiting
    assert "held" in run("task", "pause", waiting).stdout
    assert "ready" in run("task", "resume", waiting).stdout
    assert "Canceled" in run("task", "cancel", waiting).stdout
    assert run("task", "show", "01943d7e-3c00-7000-8000-000000000001", check=1).stderr.strip()
    later = run("task", "submit", "--handler", "nobody", "--at", "2099-01-01T00:00:00Z").stdout.strip()
    assert "2099" in run("task", "why", later).stdout
    run("task", "cancel", later)


def test_namespaces_and_workers_are_managed(site, processes):
    server, _ = site
    run = server.run
    run("namespace", "create", "staging", "--description", "before release")
    assert "before release" in run("namespace", "list").stdout
    run("trigger", "create", "nightly", "--handler", "h", "--schedule", "@daily", "--namespace", "staging")
    assert run("namespace", "delete", "staging", check=1).stderr.strip(), "it is in use"
    run("trigger", "delete", "nightly", "--namespace", "staging")
    run("namespace", "delete", "staging")
    assert run("trigger", "list", "--namespace", "staging", check=1).stderr.strip()
    drained = python_worker(server, "to-drain", "other")
    processes.append(drained)
    drained.until("connected")
    assert "draining" in run("worker", "drain", "to-drain").stdout
    waiting = server.submit("other")
    time.sleep(0.5)
    assert server.task(waiting)["state"] == "Created", "a draining worker takes no more"
    server.act(waiting, "cancel")


def test_task_watch_follows_a_task_live(site, processes):
    server, _ = site
    task = server.submit("report", param="ms=700")
    watch = Process(TOMPION, "task", "watch", task, "--until-final", env={"TOMPION_SERVER": server.url})
    processes.append(watch)
    watch.until("-> Running", within=5)
    assert server.task(task)["state"] == "Running", "it is told while it happens"
    assert watch.popen.wait(10) == 0
    watch._reader.join(5)
    states = [line.split(" -> ")[1].split(" ")[0] for line in watch.lines if " -> " in line]
    assert states == ["WaitingToRun", "Running", "RunToCompletion"], watch.output
    failing = server.submit("report", param="ms=300 fail", retries=0)
    assert server.run("task", "watch", failing, "--until-final", check=1)


# Wrong input


@pytest.fixture(scope="module")
def unchanged(site):
    """What there was before and must be there after: all triggers and the number of the last change."""
    server, _ = site

    def look():
        return (server.list("triggers"), server.get("/healthz").json["store"]["lastSequence"])
    return look


CREATE = ("trigger", "create", "new", "--handler", "report", "--schedule", "@daily")
SUBMIT = ("task", "submit", "--handler", "report")
BAD_VALUES = [
    (CREATE, "--shards", "many"), (CREATE, "--shards", "0"), (CREATE, "--shards", "1025"),
    (CREATE, "--shards", "99999999999999999999"), (CREATE, "--shards", "1.5"), (CREATE, "--shards", ""),
    (CREATE, "--priority", "10"), (CREATE, "--priority", "-1"), (CREATE, "--priority", "high"),
    (CREATE, "--retries", "101"), (CREATE, "--retries", "-1"), (CREATE, "--repeats", "0"),
    (CREATE, "--retry-backoff", "5"), (CREATE, "--retry-backoff", "-1s"), (CREATE, "--run-timeout", "soon"),
    (CREATE, "--task-timeout", "1s1h"), (CREATE, "--queue-timeout", "1 s"),
    (CREATE, "--heartbeat-timeout", "1x"), (CREATE, "--retry-backoff-cap", "999999999999h"),
    (CREATE, "--misfire", "never"), (CREATE, "--misfire-window", "-5s"), (CREATE, "--overlap", "maybe"),
    (CREATE, "--label", "novalue"), (CREATE, "--label", "=x"), (CREATE, "--shard-param", "x"),
    (CREATE, "--shard-param", "5=beyond"), (CREATE, "--shard-param", "a=b"),
    (CREATE, "--time-zone", "Mars/Olympus"), (CREATE, "--start", "tomorrow"), (CREATE, "--end", "2026-13-01"),
    (CREATE, "--output", "xml"), (SUBMIT, "--at", "noon"), (SUBMIT, "--priority", "11"),
    (("trigger", "list"), "--limit", "0"), (("trigger", "list"), "--limit", "1001"),
    (("trigger", "list"), "--limit", "x"), (("trigger", "list"), "--cursor", "nonsense"),
    (("task", "list"), "--state", "Done"), (("trigger", "preview", "nightly"), "--count", "0"),
    (("trigger", "preview", "nightly"), "--after", "never"),
    (("trigger", "create", "new", "--handler", "report"), "--schedule", "* * *"),
    (("trigger", "create", "new", "--handler", "report"), "--schedule", "0 0 30 2 *"),
    (("trigger", "create", "new", "--handler", "report"), "--schedule", "TZ=UTC"),
    (("trigger", "create", "new", "--schedule", "@daily"), "--handler", "no spaces allowed"),
    (("trigger", "create", "new", "--schedule", "@daily"), "--handler", "x" * 129),
    (("trigger", "update", "nightly"), "--shards", "0"), (("trigger", "update", "nightly"), "--schedule", "61 * * * *"),
    (("trigger", "backfill", "nightly", "--to", "2026-01-01T00:00:00Z"), "--from", "yesterday"),
]


@pytest.mark.parametrize("words, option, value", BAD_VALUES,
                         ids=[f"{w[1]} {o}={v[:20]}" for w, o, v in BAD_VALUES])
def test_a_bad_value_names_its_option_and_changes_nothing(site, unchanged, words, option, value):
    server, _ = site
    before = unchanged()
    done = server.run(*words, option, value, check=None)
    assert done.returncode == 2, done
    assert option in done.stderr, done.stderr
    assert not done.stdout and unchanged() == before


def test_what_cannot_be_text_is_refused(site, unchanged):
    server, _ = site
    before = unchanged()
    done = subprocess.run([TOMPION, *CREATE, "--param", b"\xff\xfe broken"], capture_output=True, timeout=30,
                          env={**os.environ, "TOMPION_SERVER": server.url})
    assert done.returncode == 2 and b"--param" in done.stderr, done
    assert unchanged() == before


@pytest.mark.parametrize("words, told", [
    ((), "Usage"), (("nonsense",), "nonsense"), (("trigger",), "Usage"), (("trigger", "crate"), "create"),
    (("trigger", "create"), "NAME"), (("trigger", "create", "x"), "--handler"),
    (("trigger", "create", "x", "--handler", "h"), "--schedule"), (("task", "show"), "ID"),
    ((*CREATE, "--colour", "red"), "--colour"), ((*CREATE, "--schedul", "x"), "--schedule"),
    ((*CREATE, "--param"), "--param"), ((*CREATE, "--offline=yes"), "--offline"),
    ((*CREATE, "--schedule", "@hourly"), "twice"), ((*CREATE, "extra"), "extra"),
    ((*CREATE, "--label", "a=1", "--label", "a=2"), "--label"), (("task", "watch", "--until-final"), "ID"),
    (("completion", "tcsh"), "bash"), (("trigger", "preview"), "--schedule"), (("-x",), "-x"),
])
def test_wrong_usage_exits_2_and_says_what_is_wrong(site, unchanged, words, told):
    server, _ = site
    before = unchanged()
    done = server.run(*words, check=2)
    assert told in done.stderr and not done.stdout and unchanged() == before


@pytest.mark.parametrize("name", ["has space", "", "x" * 129, "a/b", "../up", "ünïcode", "-dash"])
def test_a_bad_name_is_refused(site, unchanged, name):
    server, _ = site
    before = unchanged()
    done = server.run("trigger", "create", "--handler", "h", "--schedule", "@daily", "--", name, check=None)
    assert done.returncode in (1, 2) and done.stderr.strip(), done
    assert unchanged() == before


def test_a_server_that_is_not_there_is_named(site):
    server, _ = site
    for url in (f"http://127.0.0.1:{free_port()}", "nonsense", "ftp://127.0.0.1"):
        done = server.run("trigger", "list", "--server", url, check=1)
        assert url in done.stderr


def test_help_is_there_for_every_command():
    def run(*words: str) -> str:
        done = subprocess.run([TOMPION, *words, "--help"], capture_output=True, text=True, timeout=30)
        assert done.returncode == 0 and "Usage:" in done.stdout and not done.stderr, words
        return done.stdout

    def children(text: str) -> list[str]:
        if "Commands:" not in text:
            return []
        part = text.split("Commands:\n")[1].split("\n\n")[0]
        return [line.split()[0] for line in part.splitlines()]

    groups = children(run())
    assert {"server", "trigger", "task", "worker", "handler", "namespace"} <= set(groups)
    seen = {(group, child) for group in groups for child in children(run(group))}
    for group, child in seen:
        assert "Example:" in run(group, child)
    assert {child for group, child in seen if group == "trigger"} >= {
        "create", "list", "show", "update", "delete", "online", "offline", "fire", "preview", "history",
        "backfill"}
    assert {child for group, child in seen if group == "task"} >= {
        "list", "show", "cancel", "retry", "watch", "why"}


def complete(*words: str) -> list[str]:
    """What bash would offer at the end of the line."""
    script = f"""
        source <({shlex.quote(str(TOMPION))} completion bash)
        COMP_WORDS=({' '.join(map(shlex.quote, words))}); COMP_CWORD={len(words) - 1}
        _tompion; printf '%s\\n' "${{COMPREPLY[@]}}"
    """
    done = subprocess.run(["bash", "-euc", script.replace("-euc", "-ec")], capture_output=True, text=True,
                          timeout=30)
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


def test_bash_completes_commands_and_options():
    assert "trigger" in complete("tompion", "tr")
    assert complete("tompion", "trigger", "crea") == ["create"]
    assert "--time-zone" in complete("tompion", "trigger", "create", "name", "--time")
    assert set(complete("tompion", "task", "")) >= {"list", "show", "watch", "why"}
    for shell in ("zsh", "fish"):
        done = subprocess.run([TOMPION, "completion", shell], capture_output=True, text=True, timeout=30)
        assert done.returncode == 0 and "trigger" in done.stdout


# The server


def refused_start(directory: Path, *options: str, env: dict[str, str] | None = None) -> tuple[int, str]:
    """A server that must not start: its exit status and what it said."""
    done = subprocess.run(
        [TOMPION, "server", "--data-dir", directory / "data", *options], capture_output=True, text=True, timeout=20, cwd=directory,
        env={**os.environ, "TOMPION_HTTP": "127.0.0.1:0", "TOMPION_GRPC": "127.0.0.1:0", **(env or {})})
    assert done.returncode != 0
    return done.returncode, done.stderr + done.stdout


def test_a_token_is_asked_for(new_server, processes):
    server = new_server("--token", "correct-horse").start()
    assert "token" in server.run("trigger", "list", check=1).stderr
    assert "token" in server.run("trigger", "list", "--token", "wrong-horse", check=1).stderr
    server.run("trigger", "list", "--token", "correct-horse")
    server.run("trigger", "list", env={"TOMPION_TOKEN": "correct-horse"})
    stranger = python_worker(server, "stranger", "h", "--token", "wrong-horse")
    friend = python_worker(server, "friend", "h", "--token", "correct-horse")
    processes += [stranger, friend]
    friend.until("connected")
    stranger.until("UNAUTHENTICATED")
    assert server.get("/healthz").status == 200 and server.get("/readyz").status == 200
    everything = server.process.output + server.run("trigger", "list", check=1).stderr
    assert "correct-horse" not in everything, "the token is not told"


def test_an_address_beyond_loopback_needs_a_token(tmp_path):
    for option in ("--http", "--grpc"):
        for address in ("0.0.0.0:0", "[::]:0", "192.0.2.1:80"):
            done = subprocess.run([TOMPION, "server", "--data-dir", tmp_path / "data", option, address],
                                  capture_output=True, text=True, timeout=20)
            assert done.returncode == 2 and "token" in done.stderr and address in done.stderr, done
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize("option, value", [
    ("--lease", "1s"), ("--lease", "6m"), ("--lease", "x"), ("--http", "nowhere"), ("--grpc", "127.0.0.1:99999"),
    ("--token", "short"), ("--log-level", "loud"), ("--log-format", "xml"), ("--synchronous", "off"),
    ("--roles", "none"), ("--database", "mysql://x"), ("--config", "missing.yaml"), ("--data-dir", ""),
])
def test_a_bad_setting_of_the_server_is_named(tmp_path, option, value):
    done = subprocess.run([TOMPION, "server", option, value], capture_output=True, text=True, timeout=20,
                          cwd=tmp_path)
    assert done.returncode == 2, done
    assert (option in done.stderr or value in done.stderr) and not list(tmp_path.iterdir())


def test_settings_come_from_flag_environment_and_file_in_this_order(new_server, tmp_path):
    config = tmp_path / "tompion.yaml"
    config.write_text("lease: 7s\nlog-format: json\n")
    server = new_server("--config", config, env={"TOMPION_LEASE": "5s"}).start()
    assert server.process.until('"ready"').startswith("{"), "from the file"
    worker = python_worker(server, "w", "h")
    try:
        assert "lease=5.0s" in worker.until("connected"), "the environment counts before the file"
    finally:
        worker.kill()
    config.write_text("lease: 7s\nleese: 3s\n")
    status, said = refused_start(tmp_path, "--config", str(config))
    assert status == 2 and "leese" in said and "line 2" in said and "lease" in said


def test_a_second_server_on_the_same_data_is_refused(new_server):
    server = new_server().start()
    status, said = refused_start(server.directory)
    assert status == 1 and "another server is using this data" in said
    assert server.get("/readyz").status == 200
    server.kill()
    server.start()


def test_a_port_in_use_is_named(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        for option in ("--http", "--grpc"):
            status, said = refused_start(tmp_path, option, address)
            assert status == 1 and address in said, said


def test_a_corrupt_database_is_refused_and_left_alone(new_server):
    server = new_server().start()
    for number in range(200):
        server.submit("nobody", param=f"{number}" * 100)
    assert server.stop() == 0
    database = max((server.directory / "data").iterdir(), key=lambda path: path.stat().st_size)
    whole = database.read_bytes()
    for damaged in (whole[:4096] + os.urandom(len(whole) // 2) + whole[4096 + len(whole) // 2:],
                    b"this is no database" * 500):
        database.write_bytes(damaged)
        status, said = refused_start(server.directory)
        assert status == 1 and str(database.name) in said, said
        assert "damaged" in said and "backup" in said and ".recover" in said, said
        assert database.read_bytes() == damaged, "nothing is repaired unasked"
    database.write_bytes(whole)
    server.start()
    assert len(server.list("tasks")) == 200


def test_sigterm_drains_and_exits_0(new_server, processes):
    server = new_server().start()
    worker = python_worker(server, "w", "h")
    processes.append(worker)
    worker.until("connected")
    task = server.submit("h", param="ms=300")
    server.until_state(task, "Running")
    server.process.send(signal.SIGTERM)
    began = time.monotonic()
    assert server.process.popen.wait(15) == 0
    took = time.monotonic() - began
    print(f"\ndrained in {took:.2f} s")
    assert took < 12
    server.start()
    assert server.until_final(task)["state"] == "RunToCompletion"
    assert server.task(task)["shards"][0]["attempts"] == 1


def test_readiness_falls_first_and_a_second_sigterm_ends_at_once(new_server, processes):
    server = new_server().start()
    worker = python_worker(server, "w", "h")
    processes.append(worker)
    worker.until("connected")
    server.until_state(server.submit("h", param="ms=60000"), "Running")
    worker.send(signal.SIGSTOP)
    server.process.send(signal.SIGTERM)
    answer = eventually(lambda: (a := server.get("/readyz")).status == 503 and a, 5, every=0.01,
                        what="unreadiness")
    assert answer.json["ready"] is False and answer.json["reason"]
    assert server.process.popen.poll() is None
    server.process.send(signal.SIGTERM)
    began = time.monotonic()
    server.process.popen.wait(5)
    assert time.monotonic() - began < 1
    worker.send(signal.SIGCONT)


def test_a_full_disk_stops_work_and_is_survived(new_server, tmp_path, processes):
    mount = tmp_path / "small"
    mount.mkdir()
    tried = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", mount], capture_output=True)
    if tried.returncode:
        pytest.skip("mounting is not permitted here")
    try:
        server = new_server()
        server.directory = mount
        server.start()
        kept = [server.submit("h", param="x")]
        filler = mount / "filler"
        statuses = set()

        def fill() -> None:
            """Leaves not a page free; what the server gave back is taken again."""
            with filler.open("ab") as file:
                try:
                    while True:
                        os.write(file.fileno(), bytes(1024))
                except OSError:
                    pass

        fill()
        for _ in range(400):
            answer = server.post("/api/v1/namespaces/default/tasks", {"handler": "h", "param": "y" * 20_000})
            statuses.add(answer.status)
            if answer.status != 201:
                break
            kept.append(answer.json["id"])
        assert 503 in statuses, statuses
        assert server.get("/readyz").status == 503, "a full disk is no place to take work"
        assert server.get("/healthz").json["store"].get("trouble")
        for task in kept:
            assert server.task(task)["state"] == "Created", "reading goes on"
        filler.unlink()
        eventually(lambda: server.get("/readyz").status == 200, 15, what="readiness without a restart")
        kept.append(server.submit("h"))
        server.kill()
        server.start()
        assert {task["id"] for task in server.list("tasks")} == set(kept), "acknowledged means kept"
        server.kill()
    finally:
        subprocess.run(["umount", "-l", mount], capture_output=True)
