#!/usr/bin/env bash
# Builds and starts the cluster profile on this machine: Redis, PostgreSQL, two ledgers, two rate limiters and three
# gateways, with an account, a balance and an API key on the first start.
#
# Reads, besides the providers' keys:
#   PROFILE            release (default) or dev: how the programs are built
#   CLUSTER_PROGRAMS   a folder of programs that are built already
#   CARGO_TARGET_DIR   where they are built
#   CLUSTER_DATA_DIR   ./data/cluster (default): what is kept between starts, and the logs
#   CLUSTER_PORTS      0 (default): added to every port, for a second cluster beside the first
#   CLUSTER_GATEWAYS, CLUSTER_LEDGERS, CLUSTER_LIMITERS
#                      3, 2 and 2 (default): how many of each
# Without a provider's key answers come from the provider simulator. Ctrl-C or SIGTERM stops everything, in order; a
# second one does not wait for running requests.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
# shellcheck source=deploy/common.sh
source deploy/common.sh
# shellcheck source=deploy/servers.sh
source deploy/servers.sh

readonly GATEWAYS=${CLUSTER_GATEWAYS:-3} LEDGERS=${CLUSTER_LEDGERS:-2} LIMITERS=${CLUSTER_LIMITERS:-2}
readonly LOG_LINES_SHOWN=20

data_dir=${CLUSTER_DATA_DIR:-./data/cluster}
ports=${CLUSTER_PORTS:-0}
declare -A pids=()
gateways=()
ledgers=()
limiters=()

port() { say "$((ports + $1))"; }
gateway_address() { say "127.0.0.1:$(port $((8080 + 10 * $1)))"; }
ops_address() { say "127.0.0.1:$(port $((8081 + 10 * $1)))"; }
ledger_address() { say "127.0.0.1:$(port $((7001 + 10 * $1)))"; }
limiter_address() { say "127.0.0.1:$(port $((7002 + 10 * $1)))"; }

# "http://A,http://B" of the addresses "$@".
urls() {
  local joined
  joined=$(printf ',http://%s' "$@")
  say "${joined#,}"
}

need_free_ports() {
  local number address
  for ((number = 0; number < GATEWAYS; number++)); do
    for address in "$(gateway_address "$number")" "$(ops_address "$number")"; do require_free CLUSTER_PORTS "$address"; done
    gateways+=("$(gateway_address "$number")")
  done
  for ((number = 0; number < LEDGERS; number++)); do ledgers+=("$(ledger_address "$number")"); done
  for ((number = 0; number < LIMITERS; number++)); do limiters+=("$(limiter_address "$number")"); done
  for address in "${ledgers[@]}" "${limiters[@]}" "127.0.0.1:$redis_port" "127.0.0.1:$postgres_port"; do
    require_free CLUSTER_PORTS "$address"
  done
}

# Starts a program with its log in a file of its own; its process id is kept under the name $1, for others in a file.
launch() {
  local name=$1
  shift
  start "$@" >>"$logs/$name.log" 2>&1
  pids[$name]=$!
  say "${pids[$name]}" >"$data_dir/pids/$name"
}

# The server refuses to run as root: then it runs as the user that Debian's package makes.
as_postgres() {
  if [[ $(id -u) == 0 ]]; then
    exec setpriv --reuid=postgres --regid=postgres --clear-groups "$@"
  else
    exec "$@"
  fi
}

start_postgres() {
  local dir=$data_dir/postgres ready deadline=$((SECONDS + START_TIMEOUT_S))
  ready=$(postgres_program pg_isready)
  if [[ ! -e $dir/PG_VERSION ]]; then
    mkdir -p "$dir"
    if [[ $(id -u) == 0 ]]; then chown postgres: "$dir"; fi
    (as_postgres "$(postgres_program initdb)" --auth=trust --username=postgres --encoding=UTF8 --no-locale \
      --pgdata "$dir" >"$logs/initdb.log" 2>&1) || {
      cat "$logs/initdb.log" >&2
      fail "no database can be made in $dir; where its user may not go there, set CLUSTER_DATA_DIR to another folder"
    }
  fi
  launch postgres as_postgres "$(postgres_program postgres)" -D "$dir" -p "$postgres_port" -h 127.0.0.1 \
    -c unix_socket_directories=''
  until "$ready" -q -h 127.0.0.1 -p "$postgres_port"; do still_starting postgres "$deadline"; done
}

start_redis() {
  local deadline=$((SECONDS + START_TIMEOUT_S))
  mkdir -p "$data_dir/redis"
  launch redis redis-server --port "$redis_port" --bind 127.0.0.1 --dir "$data_dir/redis" --save '' \
    --appendonly yes --maxmemory-policy noeviction --latency-tracking no
  until [[ $(redis-cli -p "$redis_port" ping 2>/dev/null) == PONG ]]; do still_starting redis "$deadline"; done
}

# Waits a moment for the server $1, unless it has ended or the time is up.
still_starting() {
  leave_if_stopped
  running "${pids[$1]}" || fail "$1 did not start; $logs/$1.log says why"
  ((SECONDS < $2)) || fail "$1 was not ready in time; $logs/$1.log may say why"
  sleep "$POLL_S"
}

# The services' shared secret, made on the first start.
cluster_token() {
  local file=$data_dir/token
  if [[ ! -s $file ]]; then (umask 077 && head -c 32 /dev/urandom | od -An -tx1 | tr -d ' \n' >"$file"); fi
  cat "$file"
}

start_services() {
  local number name
  for ((number = 0; number < LEDGERS; number++)); do
    name=ledger-$number
    launch "$name" env SYNTOPEN_LISTEN="${ledgers[number]}" SYNTOPEN_REDIS_URL="$redis_url" \
      SYNTOPEN_DATABASE_URL="$database_url" "$programs/syntopen-ledger"
    # One after the other, so that the first makes the tables.
    await_ready "$name" "${pids[$name]}" "${ledgers[number]}"
  done
  for ((number = 0; number < LIMITERS; number++)); do
    name=limiter-$number
    launch "$name" env SYNTOPEN_LISTEN="${limiters[number]}" SYNTOPEN_REDIS_URL="$redis_url" \
      "$programs/syntopen-ratelimiter"
  done
  for ((number = 0; number < LIMITERS; number++)); do
    await_ready "limiter-$number" "${pids[limiter-$number]}" "${limiters[number]}"
  done
}

# What makes the gateway's program, and its administration commands, part of this cluster.
join_cluster() {
  SYNTOPEN_LEDGER_URL=$(urls "${ledgers[@]}")
  SYNTOPEN_RATELIMITER_URL=$(urls "${limiters[@]}")
  export SYNTOPEN_LEDGER_URL SYNTOPEN_RATELIMITER_URL SYNTOPEN_GATEWAY_REPLICAS=$GATEWAYS
}

start_gateways() {
  local number name
  join_cluster
  for ((number = 0; number < GATEWAYS; number++)); do
    name=gateway-$number
    launch "$name" env SYNTOPEN_LISTEN="${gateways[number]}" SYNTOPEN_OPS_LISTEN="$(ops_address "$number")" \
      SYNTOPEN_DATA_DIR="$data_dir/$name" "$programs/syntopen-gateway"
  done
  for ((number = 0; number < GATEWAYS; number++)); do
    await_ready "gateway-$number" "${pids[gateway-$number]}" "$(ops_address "$number")"
  done
}

# Those whose names begin with $1, all at once, with the signal $2.
stop_all() {
  local name signal=${2:-TERM}
  for name in "${!pids[@]}"; do
    if [[ $name == "$1"* ]] && running "${pids[$name]}"; then kill -"$signal" "${pids[$name]}" 2>/dev/null || true; fi
  done
  for name in "${!pids[@]}"; do
    if [[ $name == "$1"* ]] && running "${pids[$name]}"; then await_end "${pids[$name]}" || true; fi
  done
}

# Each before what it needs.
# shellcheck disable=SC2317 # The trap calls it.
clean_up() {
  stop_all gateway
  stop_all limiter
  stop_all ledger
  # Does not wait for whoever else looks into it.
  stop_all postgres INT
  stop_all redis
  stop "$simulator_pid"
  if [[ -n $simulator_log ]]; then rm -f "$simulator_log"; fi
  if ((stops > 0)); then say 'Stopped.'; fi
}

# shellcheck disable=SC2317 # The trap calls it.
on_signal() {
  local name
  stops=$((stops + 1))
  if ((stops == 1)); then
    say 'Stopping.'
  else
    for name in "${!pids[@]}"; do
      if [[ $name == gateway* ]] && running "${pids[$name]}"; then kill -KILL "${pids[$name]}" 2>/dev/null || true; fi
    done
  fi
}

greet() {
  local key money address model
  first_account
  key=$(first_key) || return 1
  money=$(balance) || return 1
  model=$(example_model)
  say
  say "The cluster runs. Account $OWNER has a balance of $money."
  say
  for address in "${gateways[@]}"; do say "  base URL  http://$address/api/v1"; done
  say_dashboard "http://${gateways[0]}"
  if [[ -n $key ]]; then
    say "  API key   $key"
    say '            (shown this once: keep it)'
    say
    say "  curl http://${gateways[0]}/api/v1/chat/completions -H 'Authorization: Bearer $key'" \
      "-H 'Content-Type: application/json'" \
      "-d '{\"model\": \"$model\", \"messages\": [{\"role\": \"user\", \"content\": \"Hello\"}]}'"
  fi
  say
  say 'To administer it: set'
  say "  export SYNTOPEN_LEDGER_URL=$SYNTOPEN_LEDGER_URL SYNTOPEN_RATELIMITER_URL=$SYNTOPEN_RATELIMITER_URL \\"
  say "    SYNTOPEN_GATEWAY_REPLICAS=$SYNTOPEN_GATEWAY_REPLICAS SYNTOPEN_CLUSTER_TOKEN=\$(cat $data_dir/token)"
  say "and then, for another key: $programs/syntopen-gateway key create --email $OWNER --name NAME"
  say
  say "Ctrl-C stops it. Data and logs are kept in $data_dir."
}

# Waits until this is told to stop. None of the programs ends by itself.
watch_over() {
  local name
  while ((stops == 0)); do
    for name in "${!pids[@]}"; do
      if ! running "${pids[$name]}"; then
        if ((stops > 0)); then return 0; fi
        tail -n "$LOG_LINES_SHOWN" "$logs/$name.log" >&2
        fail "$name ended; above are the last lines of $logs/$name.log"
      fi
    done
    sleep 0.5
  done
}

[[ $ports =~ ^[0-9]+$ ]] || fail "CLUSTER_PORTS must be a number, not $ports"
for count in "$GATEWAYS" "$LEDGERS" "$LIMITERS"; do
  [[ $count =~ ^[1-9]$ ]] || fail "CLUSTER_GATEWAYS, CLUSTER_LEDGERS and CLUSTER_LIMITERS must be 1 to 9, not $count"
done
redis_port=$(port 6390)
postgres_port=$(port 5442)
readonly redis_url=redis://127.0.0.1:$redis_port
readonly database_url=postgres://postgres@127.0.0.1:$postgres_port/postgres

need_servers || fail 'Redis and PostgreSQL are needed'
need_free_ports
if [[ -n ${CLUSTER_PROGRAMS:-} ]]; then
  programs=$CLUSTER_PROGRAMS
else
  build syntopen-gateway syntopen-ledger syntopen-loadtest syntopen-ratelimiter
fi
mkdir -p "$data_dir/logs" "$data_dir/pids"
# Programs that go elsewhere still find it.
data_dir=$(cd "$data_dir" && pwd)
logs=$data_dir/logs
SYNTOPEN_CLUSTER_TOKEN=$(cluster_token)
export SYNTOPEN_CLUSTER_TOKEN

trap clean_up EXIT
trap on_signal INT TERM HUP
start_postgres
start_redis
start_services
if ! has_provider; then use_simulator; fi
start_gateways
greet || { leave_if_stopped && exit 1; }
watch_over
