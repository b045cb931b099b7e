#!/usr/bin/env bash
# Tests the gateway with the OpenAI libraries for Python and JavaScript, as customers use them: "deploy/test-sdk.sh".
# First one gateway by itself, then the whole cluster, each with the provider simulator behind it, on free ports and with
# a data directory of its own. Before the one gateway, frameworks that customers use do the same, and the libraries of
# Anthropic and Google judge what it sends and what the simulator answers. Payments go to a double of Stripe, behind
# which Stripe's own mock accepts every call where Go is at hand.
#
# Reads:
#   CARGO_TARGET_DIR      where the programs are, which are built there if they are missing
#   SYNTOPEN_TEST_CACHE   where the libraries are kept between runs
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

readonly SOURCES=gateway/tests/sdk
readonly SIMULATOR_KEY=sk-simulator-test
readonly START_TIMEOUT_S=60
readonly STOP_TIMEOUT_S=45
readonly SUITE_TIMEOUT_S=600
readonly TEST_TIMEOUT_MS=60000
readonly POLL_S=0.1
readonly LOG_LINES_SHOWN=200
readonly STRIPE_MOCK=github.com/stripe/stripe-mock@v0.203.0
readonly STRIPE_KEY=sk_test_double
readonly WEBHOOK_SECRET=whsec_double

readonly cache=${SYNTOPEN_TEST_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/syntopen/sdk}
readonly programs=${CARGO_TARGET_DIR:-target}/debug
root=$PWD
run=
gateway_pid=
simulator_pid=
mock_pid=
# Where the mock is, where there is one, and the port of the double before it.
mock_url=
stripe_port=
python_libraries=
node_libraries=
# What makes an administration command reach what is tested, as JSON.
settings=

main() {
    need_programs
    build
    run=$(mktemp -d)
    trap clean_up EXIT
    trap 'exit 130' INT
    trap 'exit 143' TERM HUP
    install_libraries
    # Tests run on a copy, so that nothing is written into the repository.
    cp -R "$SOURCES" "$run/sdk"
    ln -s "$node_libraries" "$run/sdk/node/node_modules"
    start_simulator
    start_stripe_mock
    start_gateway
    test_libraries "one gateway" "$run/gateway.log" all
    stop "$gateway_pid"
    start_cluster
    test_libraries "a cluster" "$run/cluster.log" customers
}

test_libraries() {
    local what=$1 log=$2 scope=$3 failed=0
    step "Python, $what" test_python "$scope" || failed=1
    step "JavaScript, $what" test_node "$scope" || failed=1
    if ((failed)); then
        printf '\n-- the last lines of %s\n' "${log##*/}" >&2
        tail -n "$LOG_LINES_SHOWN" "$log" >&2
        exit 1
    fi
}

step() {
    local name=$1 began=$SECONDS
    shift
    printf '\n-- OpenAI for %s\n' "$name"
    if ! "$@"; then
        printf -- '-- OpenAI for %s: FAILED\n' "$name" >&2
        return 1
    fi
    printf -- '-- OpenAI for %s: %d s\n' "$name" "$((SECONDS - began))"
}

fail() {
    printf 'test-sdk: %s\n' "$*" >&2
    exit 1
}

need_programs() {
    local program
    for program in curl flock node npm python3 sha256sum timeout; do
        command -v "$program" >/dev/null || fail "$program is missing: install it"
    done
    python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))' || fail "install Python 3.11 or newer"
    node -e 'process.exit(Number.parseInt(process.versions.node) < 20 ? 1 : 0)' || fail "install Node 20 or newer"
}

build() {
    if [[ -x $programs/syntopen-gateway && -x $programs/syntopen-simulator ]]; then return; fi
    # The flags of deploy/test.sh, or everything would be built once more there.
    cargo build --workspace --all-targets --locked
}

# The libraries are installed once for each list of versions, into a directory that no run ever changes.
install_libraries() {
    mkdir -p "$cache"
    exec 9>"$cache/lock"
    flock 9
    python_libraries=$cache/python-$(digest "$SOURCES/python/requirements.txt" <(python3 --version))
    node_libraries=$cache/node-$(digest "$SOURCES"/node/package*.json <(node --version))/node_modules
    install_once "$python_libraries" install_python
    install_once "${node_libraries%/*}" install_node
    if command -v go >/dev/null; then
        install_once "$cache/${STRIPE_MOCK##*/}" install_stripe_mock
    fi
    exec 9>&-
}

digest() { cat "$@" | sha256sum | cut -c 1-16; }

# An installation that was broken off has no mark, and is begun again.
install_once() {
    local directory=$1 install=$2
    if [[ -e $directory/complete ]]; then return; fi
    rm -rf "$directory"
    "$install" "$directory"
    touch "$directory/complete"
}

install_python() {
    if ! python3 -m venv "$1" >"$run/venv.log" 2>&1; then
        cat "$run/venv.log" >&2
        # Debian has this module of Python's library in a package of its own.
        if [[ $(id -u) != 0 ]] || ! command -v apt-get >/dev/null; then fail "install python3-venv"; fi
        apt-get update && apt-get install --yes --no-install-recommends python3-venv
        python3 -m venv --clear "$1"
    fi
    "$1/bin/python" -m pip install --quiet --no-input --disable-pip-version-check --no-deps \
        --requirement "$SOURCES/python/requirements.txt"
    "$1/bin/python" -m pip check --quiet --disable-pip-version-check
}

# Through the Go module proxy; nothing of it is left but the program.
install_stripe_mock() {
    mkdir -p "$1"
    GOBIN=$1 GOPATH=$1/go GOFLAGS=-modcacherw go install "$STRIPE_MOCK"
    rm -rf "$1/go"
}

install_node() {
    mkdir -p "$1"
    cp "$SOURCES"/node/package*.json "$1"
    npm --prefix "$1" ci --no-audit --no-fund --no-update-notifier --ignore-scripts --loglevel=error
}

# Starts a program in a process group of its own, so that Ctrl-C reaches this script alone, with nothing of this
# script's environment but what it is given. Its process id is in $!.
start() {
    local log=$1
    shift
    set -m
    env -i PATH="$PATH" HOME="$HOME" "$@" </dev/null >"$log" 2>&1 &
    set +m
}

start_simulator() {
    start "$run/simulator.log" "$programs/syntopen-simulator" --listen 127.0.0.1:0 --api-key "$SIMULATOR_KEY"
    simulator_pid=$!
    await "$simulator_pid" simulator simulator_listens
    simulator_url=$(sed -n 's/^listening on //p' "$run/simulator.log")
}

simulator_listens() { grep -qs '^listening on http' "$run/simulator.log"; }

# The tests listen on a port of their own, and ask the mock in turn.
start_stripe_mock() {
    local mock_port program=$cache/${STRIPE_MOCK##*/}/stripe-mock
    read -r stripe_port mock_port < <(free_ports)
    if [[ ! -x $program ]]; then return; fi
    mock_url=http://127.0.0.1:$mock_port
    start "$run/stripe-mock.log" "$program" -http-addr "127.0.0.1:$mock_port"
    mock_pid=$!
    await "$mock_pid" stripe-mock stripe_mock_listens
}

stripe_mock_listens() { grep -qs '^Listening for HTTP' "$run/stripe-mock.log"; }

# The tests make the upstream fail on purpose, and ask it again at once: no breaker may keep them from it.
start_gateway() {
    local public_port ops_port
    read -r public_port ops_port < <(free_ports)
    base_url=http://127.0.0.1:$public_port/api/v1
    ready_url=http://127.0.0.1:$ops_port/readyz
    mkdir "$run/data"
    settings="{\"SYNTOPEN_DATA_DIR\": \"$run/data\"}"
    start "$run/gateway.log" \
        SYNTOPEN_LISTEN="127.0.0.1:$public_port" SYNTOPEN_OPS_LISTEN="127.0.0.1:$ops_port" \
        SYNTOPEN_DATA_DIR="$run/data" SYNTOPEN_CATALOG=deploy/catalog.simulator.toml SYNTOPEN_BREAKER_FAILURES=0 \
        SIMULATOR_BASE_URL="$simulator_url" SIMULATOR_ROOT_URL="${simulator_url%/v1}" SIMULATOR_API_KEY="$SIMULATOR_KEY" \
        STRIPE_SECRET_KEY="$STRIPE_KEY" STRIPE_WEBHOOK_SECRET="$WEBHOOK_SECRET" \
        STRIPE_API_BASE="http://127.0.0.1:$stripe_port" \
        "$programs/syntopen-gateway"
    gateway_pid=$!
    await "$gateway_pid" gateway gateway_is_ready
}

# Requests go to one of the cluster's gateways, administration to its ledgers.
start_cluster() {
    local first_port
    first_port=$(free_thousand)
    # The database runs as a user of its own, who must get to its files.
    chmod 711 "$run"
    start "$run/cluster.log" CLUSTER_DATA_DIR="$run/cluster" CLUSTER_PORTS="$first_port" CLUSTER_PROGRAMS="$programs" \
        SYNTOPEN_CATALOG=deploy/catalog.simulator.toml SYNTOPEN_BREAKER_FAILURES=0 \
        SIMULATOR_BASE_URL="$simulator_url" SIMULATOR_ROOT_URL="${simulator_url%/v1}" SIMULATOR_API_KEY="$SIMULATOR_KEY" \
        STRIPE_SECRET_KEY="$STRIPE_KEY" STRIPE_WEBHOOK_SECRET="$WEBHOOK_SECRET" \
        STRIPE_API_BASE="http://127.0.0.1:$stripe_port" \
        deploy/cluster.sh
    gateway_pid=$!
    await "$gateway_pid" cluster cluster_is_ready
    base_url=$(sed -n 's/^ *base URL *//p' "$run/cluster.log" | tail -n 1)
    settings=$(sed -n 's/^ *export \(SYNTOPEN_LEDGER_URL=.*\) \\$/\1/p' "$run/cluster.log" | python3 -c '
import json, sys
settings = dict(word.split("=", 1) for word in sys.stdin.read().split())
settings |= {"SYNTOPEN_GATEWAY_REPLICAS": "3", "SYNTOPEN_CLUSTER_TOKEN": open(sys.argv[1]).read().strip()}
print(json.dumps(settings))' "$run/cluster/token")
}

cluster_is_ready() { grep -qs '^Ctrl-C stops it' "$run/cluster.log"; }

# What is added to the ports of a cluster, so that they are free.
free_thousand() {
    python3 -c '
import socket
def is_free(first):
    try:
        for port in (8080, 8081, 8090, 8091, 8100, 8101, 7001, 7002, 7011, 7012, 6390, 5442):
            socket.create_server(("127.0.0.1", first + port)).close()
        return True
    except OSError:
        return False
print(next(first for first in range(11000, 24000, 100) if is_free(first)))'
}

gateway_is_ready() { curl --silent --fail --noproxy '*' --max-time 5 --output "$run/ready" "$ready_url"; }

# Both are open at once, so that they differ.
free_ports() {
    python3 -c '
import socket
sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(2)]
print(*(each.getsockname()[1] for each in sockets))'
}

# Waits until a condition holds, as long as the program of process $1 runs.
await() {
    local pid=$1 name=$2 deadline=$((SECONDS + START_TIMEOUT_S))
    shift 2
    until "$@"; do
        if ! kill -0 "$pid" 2>/dev/null; then
            cat "$run/$name.log" >&2
            fail "the $name did not start"
        fi
        if ((SECONDS >= deadline)); then
            cat "$run/$name.log" >&2
            fail "the $name was not ready within $START_TIMEOUT_S s"
        fi
        sleep "$POLL_S"
    done
}

# The tests get their own settings alone: a proxy or the settings of the libraries would lead them elsewhere.
run_tests() {
    local directory=$1
    shift
    (
        cd "$run/sdk/$directory" || exit
        timeout --foreground --kill-after=10 "$SUITE_TIMEOUT_S" env -i \
            PATH="$PATH" HOME="$HOME" LANG=C.UTF-8 TERM="${TERM:-dumb}" PYTHONDONTWRITEBYTECODE=1 \
            SYNTOPEN_TEST_BASE_URL="$base_url" SYNTOPEN_TEST_SIMULATOR_URL="${simulator_url%/v1}" \
            SYNTOPEN_TEST_SIMULATOR_KEY="$SIMULATOR_KEY" SYNTOPEN_TEST_GATEWAY="$gateway" \
            SYNTOPEN_TEST_STRIPE_PORT="$stripe_port" SYNTOPEN_TEST_STRIPE_MOCK="$mock_url" \
            SYNTOPEN_TEST_STRIPE_KEY="$STRIPE_KEY" SYNTOPEN_TEST_WEBHOOK_SECRET="$WEBHOOK_SECRET" \
            SYNTOPEN_TEST_SETTINGS="$settings" "$@"
    )
}

# All tests, or those of the OpenAI libraries alone: what the others find out is the same before a cluster.
test_python() {
    local but=()
    if [[ $1 == customers ]]; then but=(--ignore=frameworks --ignore=openapi --ignore=vendors); fi
    run_tests python "$python_libraries/bin/python" -m pytest --quiet "${but[@]}"
}

test_node() {
    local files=("$run"/sdk/node/*.test.js)
    if [[ $1 == all ]]; then files+=("$run"/sdk/node/frameworks/*.test.js); fi
    run_tests node node --test --test-reporter=spec --test-timeout="$TEST_TIMEOUT_MS" "${files[@]}"
}

clean_up() {
    stop "$gateway_pid"
    stop "$simulator_pid"
    stop "$mock_pid"
    rm -rf "$run"
}

# Ends a program, by force if it does not end in time.
stop() {
    local pid=$1 deadline=$((SECONDS + STOP_TIMEOUT_S))
    if [[ -z $pid ]]; then return; fi
    kill -TERM "$pid" 2>/dev/null || true
    while kill -0 "$pid" 2>/dev/null && ((SECONDS < deadline)); do sleep "$POLL_S"; done
    kill -KILL "$pid" 2>/dev/null || true
    wait "$pid" 2>/dev/null || true
}

case $programs in
    /*) gateway=$programs/syntopen-gateway ;;
    *) gateway=$root/$programs/syntopen-gateway ;;
esac
main "$@"
