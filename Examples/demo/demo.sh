#!/usr/bin/env bash
# The main job end to end, with real processes on loopback: a server on SQLite and six workers.
# Takes the folder of the executables; ends by itself and leaves no process behind.
set -euo pipefail

bin=$(cd "${1:-.build/release}" && pwd)
here=$(mktemp -d)
declare -A pids=()

cleanup() {
    trap - EXIT
    for pid in "${pids[@]}"; do kill "$pid" 2>/dev/null || true; done
    for pid in "${pids[@]}"; do
        for _ in $(seq 100); do kill -0 "$pid" 2>/dev/null || break; sleep 0.1; done
        kill -9 "$pid" 2>/dev/null || true
        wait "$pid" 2>/dev/null || true
    done
    rm -rf "$here"
}
trap cleanup EXIT
trap 'exit 1' INT TERM

say() { printf '\n\033[1m== %s\033[0m\n' "$*"; }
fail() {
    echo "demo: $*" >&2
    tail -n 20 "$here"/*.log >&2 || true
    exit 1
}
# What a line of JSON says under a key.
field() { grep -o "\"$1\":\"[^\"]*\"" | head -n 1 | cut -d '"' -f 4; }
state_of() { "$bin/tompion" task show "$1" --output json | tr -d '\n ' | field state; }

say "A server on SQLite, in an empty folder, with a lease of 2 s"
"$bin/tompion" server --data-dir "$here/data" --http 127.0.0.1:0 --grpc 127.0.0.1:0 --lease 2s \
    2>"$here/server.log" &
pids[server]=$!
for _ in $(seq 200); do grep -q ' ready ' "$here/server.log" && break; sleep 0.05; done
ready=$(grep ' ready ' "$here/server.log") || fail "the server did not get ready"
echo "$ready"
TOMPION_SERVER=$(sed -n 's/.* http=\([^ ]*\).*/\1/p' <<<"$ready")
TOMPION_GRPC=$(sed -n 's/.* grpc=\([^ ]*\).*/\1/p' <<<"$ready")
export TOMPION_SERVER TOMPION_GRPC

say "Six workers connect: one greets, five share out shards, one at a time each"
TOMPION_WORKER_ID=greeter "$bin/hello-worker" --config Examples/HelloWorker/config.yaml \
    >"$here/greeter.log" 2>&1 &
pids[greeter]=$!
for number in 1 2 3 4 5; do
    "$bin/shard-worker" --config Examples/ShardWorker/config.yaml --worker-id "worker-$number" \
        >"$here/worker-$number.log" 2>&1 &
    pids[worker-$number]=$!
done
for _ in $(seq 200); do
    [ "$("$bin/tompion" worker list | grep -c connected)" = 6 ] && break
    sleep 0.05
done
"$bin/tompion" worker list

say "A trigger fires each second; every change of state, live"
"$bin/tompion" trigger create hello --handler hello-world1 --schedule '@every 1s' --param world \
    >/dev/null
"$bin/tompion" task watch >"$here/watch.log" 2>&1 &
pids[watch]=$!
sleep 4.2
cat "$here/watch.log"
grep -q 'RunToCompletion' "$here/watch.log" || fail "no task ran to completion"
kill "${pids[watch]}" && wait "${pids[watch]}" 2>/dev/null || true
unset 'pids[watch]'
echo "... and what the worker printed:"
grep -A 1 '^param' "$here/greeter.log" | head -n 4

say "The same sum unsharded, and in 4 shards on 4 of the 5 workers"
for shards in 1 4; do
    started=$(date +%s%N)
    id=$("$bin/tompion" task submit --handler shard-sum --param 'items=120 ms=25' \
        --shards "$shards" --output json | tr -d '\n ' | field id)
    "$bin/tompion" task watch "$id" --until-final >/dev/null || fail "the sum failed"
    echo "$shards shard(s): $((($(date +%s%N) - started) / 1000000)) ms"
done
grep -h "$id" "$here"/worker-*.log

say "A handler that fails twice is tried again"
id=$("$bin/tompion" task submit --handler flaky --param 'failures=2' --retry-backoff 300ms \
    --output json | tr -d '\n ' | field id)
"$bin/tompion" task watch "$id" --until-final || fail "the third attempt failed"

say "A worker is killed with -9 in the middle of a run"
id=$("$bin/tompion" task submit --handler slow --param 'seconds=3' --output json |
    tr -d '\n ' | field id)
for _ in $(seq 100); do [ "$(state_of "$id")" = Running ] && break; sleep 0.05; done
victim=$("$bin/tompion" task show "$id" --output json | tr -d '\n ' | field worker)
echo "$victim runs it; kill -9 ${pids[$victim]}"
disown "${pids[$victim]}"  # Or the shell would report the death.
kill -9 "${pids[$victim]}"
unset "pids[$victim]"
"$bin/tompion" task watch "$id" --until-final || fail "nobody took the run over"
"$bin/tompion" task show "$id"

say "What there was to do, and how it went"
"$bin/tompion" trigger offline hello >/dev/null
"$bin/tompion" task list
"$bin/tompion" trigger history hello | head -n 6

say "The server is asked to stop"
kill "${pids[server]}"
wait "${pids[server]}" || fail "the server did not end well"
unset 'pids[server]'
tail -n 2 "$here/server.log"
