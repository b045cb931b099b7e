#!/usr/bin/env bash
# What a request costs in the gateway, beside what it costs in nginx as a plain reverse proxy, on the same machine:
# JSON answers of about 600 bytes and streams of about 50 chunks, through each in turn.
#
#   loadtest/scenarios/nginx.sh                     nginx and the gateway
#   loadtest/scenarios/nginx.sh --without-gateway   nginx alone
#
# Release binaries are taken from ${CARGO_TARGET_DIR:-target}/release. Settings: SECONDS_EACH, ROUNDS, CONNECTIONS,
# PROXY_CPU (the proxy under test alone), OTHER_CPU (load generator and simulator), PORT (first of three).
set -euo pipefail
cd "$(dirname "$0")/../.."

seconds_each=${SECONDS_EACH:-8}
rounds=${ROUNDS:-2}
connections=${CONNECTIONS:-16}
proxy_cpu=${PROXY_CPU:-1}
other_cpu=${OTHER_CPU:-0}
nginx_port=${PORT:-18080}
gateway_port=$((nginx_port + 1))
ops_port=$((nginx_port + 2))
json_tokens=9
stream_tokens=47 # and the chunks of role, finish and [DONE]
binaries=${CARGO_TARGET_DIR:-target}/release
with_gateway=yes
[[ ${1:-} == --without-gateway ]] && with_gateway=no

folder=$(mktemp -d)
chmod 711 "$folder"
started=()
cleanup() {
    for pid in "${started[@]}"; do kill "$pid" 2>/dev/null || true; done
    wait 2>/dev/null || true
    rm -rf "$folder"
}
trap cleanup EXIT

fail() {
    echo "$*" >&2
    exit 1
}

# wait_for_port PORT NAME: until it accepts connections, or ten seconds.
wait_for_port() {
    for _ in $(seq 200); do
        if (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; then return; fi
        sleep 0.05
    done
    fail "$2 does not listen on port $1"
}

start_simulator() {
    taskset -c "$other_cpu" "$binaries/syntopen-simulator" --listen 127.0.0.1:0 --records 1000 >"$folder/simulator" &
    started+=($!)
    simulator_pid=$!
    for _ in $(seq 200); do
        simulator_url=$(sed -n 's/^listening on //p' "$folder/simulator")
        [[ -n $simulator_url ]] && return
        sleep 0.05
    done
    fail "the simulator does not start"
}

start_nginx() {
    local upstream=${simulator_url#http://}
    cat >"$folder/nginx.conf" <<CONF
worker_processes 1;
pid $folder/nginx.pid;
error_log $folder/nginx.log;
events { worker_connections 4096; }
http {
    access_log off;
    client_body_temp_path $folder/body;
    proxy_temp_path $folder/proxy;
    fastcgi_temp_path $folder/fastcgi;
    uwsgi_temp_path $folder/uwsgi;
    scgi_temp_path $folder/scgi;
    keepalive_requests 100000000;
    upstream simulator { server ${upstream%/v1}; keepalive 256; keepalive_requests 100000000; }
    server {
        listen 127.0.0.1:$nginx_port;
        location / {
            proxy_pass http://simulator;
            proxy_http_version 1.1;
            proxy_set_header Connection "";
            proxy_buffering off;
        }
    }
}
CONF
    taskset -c "$proxy_cpu" nginx -c "$folder/nginx.conf" -e "$folder/nginx.log" -g 'daemon off;' &
    started+=($!)
    local master=$!
    wait_for_port "$nginx_port" nginx
    nginx_pid=$(cat "/proc/$master/task/$master/children")
    nginx_pid=${nginx_pid%% *}
}

start_gateway() {
    export SYNTOPEN_DATA_DIR=$folder/data SYNTOPEN_LISTEN=127.0.0.1:$gateway_port SYNTOPEN_OPS_LISTEN=127.0.0.1:$ops_port
    export SIMULATOR_API_KEY=sk-simulator SIMULATOR_BASE_URL=$simulator_url SIMULATOR_ROOT_URL=${simulator_url%/v1}
    export SYNTOPEN_LOG=${SYNTOPEN_LOG:-warn}
    [[ -f deploy/catalog.simulator.toml ]] && export SYNTOPEN_CATALOG=deploy/catalog.simulator.toml
    local gateway=$binaries/syntopen-gateway email=load@example.com
    "$gateway" account create --email "$email" >/dev/null
    "$gateway" account credit --email "$email" --usd 10000 >/dev/null
    gateway_key=$("$gateway" key create --email "$email" --name load --rpm 1000000 --json | sed -n 's/.*"api_key" *: *"\([^"]*\)".*/\1/p')
    [[ -n $gateway_key ]] || fail "the gateway gave no key"
    taskset -c "$proxy_cpu" "$gateway" &
    started+=($!)
    gateway_pid=$!
    wait_for_port "$gateway_port" "the gateway"
}

# measure SCENARIO ROUND NAME URL KEY MODEL PID ARGUMENTS...: one run, whose report goes to a file.
measure() {
    local report=$folder/report.$1.$2.$3.json scenario=$1 round=$2 name=$3 url=$4 key=$5 model=$6 pid=$7
    shift 7
    taskset -c "$other_cpu" "$binaries/syntopen-loadtest" --url "$url" --key "$key" --model "$model" --json \
        --connections "$connections" --seconds "$seconds_each" \
        --watch "$name=$pid" --watch "simulator=$simulator_pid" "$@" >"$report" || fail "$scenario, round $round: $(cat "$report")"
}

run_scenario() {
    local scenario=$1
    shift
    measure "$scenario" 0 direct "$simulator_url" sk-simulator gpt-4o-mini "$simulator_pid" "$@"
    for round in $(seq "$rounds"); do
        measure "$scenario" "$round" nginx "http://127.0.0.1:$nginx_port/v1" sk-simulator gpt-4o-mini "$nginx_pid" "$@"
        [[ $with_gateway == no ]] && continue
        measure "$scenario" "$round" gateway "http://127.0.0.1:$gateway_port/api/v1" "$gateway_key" openai/gpt-4o-mini "$gateway_pid" "$@"
    done
}

print_reports() {
    python3 - "$folder" <<'PYTHON'
import glob, json, os, statistics, sys

reports = {}
for path in sorted(glob.glob(os.path.join(sys.argv[1], "report.*.json"))):
    _, scenario, _, name, _ = os.path.basename(path).split(".")
    reports.setdefault(scenario, {}).setdefault(name, []).append(json.load(open(path)))

print(f"{'':22}{'requests/s':>12}{'p50 µs':>9}{'p99 µs':>9}{'body':>8}{'CPU µs/request':>16}{'CPU µs/chunk':>14}{'failed':>8}")
for scenario, by_name in reports.items():
    cost = {}
    for name, runs in by_name.items():
        cpu = [next(entry for entry in run["cpu"] if entry["name"] == name) for run in runs]
        middle = lambda values: statistics.median(values)
        request = middle([entry["us_per_request"] for entry in cpu])
        chunk = middle([entry["us_per_chunk"] or 0 for entry in cpu])
        cost[name] = request, chunk
        rate = middle([run["requests_per_second"] for run in runs])
        p50, p99 = (middle([run["latency"][key] for run in runs]) for key in ("p50_us", "p99_us"))
        body, failed = runs[0]["body_bytes"], sum(sum(run["errors"].values()) for run in runs)
        chunks = f"{chunk:14.2f}" if chunk else f"{'':14}"
        print(f"{scenario + ' ' + name:22}{rate:12.0f}{p50:9.0f}{p99:9.0f}{body:8.0f}{request:16.1f}{chunks}{failed:8}")
    if "gateway" in cost:
        ratio = cost["gateway"][0] / cost["nginx"][0]
        line = f"{scenario}: the gateway spends {ratio:.2f} times nginx's CPU a request"
        if cost["nginx"][1]:
            line += f", {cost['gateway'][1] / cost['nginx'][1]:.2f} times a chunk"
        print(line)
PYTHON
}

command -v nginx >/dev/null || fail "nginx is not installed"
[[ -x $binaries/syntopen-loadtest && -x $binaries/syntopen-simulator ]] || fail "build first: cargo build --release"
[[ $with_gateway == no || -x $binaries/syntopen-gateway ]] || fail "there is no release build of the gateway"
start_simulator
start_nginx
[[ $with_gateway == yes ]] && start_gateway
run_scenario json --tokens "$json_tokens"
run_scenario stream --stream --tokens "$stream_tokens"
print_reports
