#!/usr/bin/env bash
# What a request costs in a cluster, process by process, and how long it takes, beside the embedded profile: the same
# machine, the same simulator behind both, the same load on each in turn. Then Redis is wiped under many accounts.
#
#   loadtest/scenarios/cluster.sh                            clusters of 1/1/1 and of 3/2/2 gateways/ledgers/limiters
#   loadtest/scenarios/cluster.sh --size 3/2/2 [--size ...]  these
#   loadtest/scenarios/cluster.sh --json                     for programs
#
# Redis is wiped in the cluster of the last size. PROFILE and CARGO_TARGET_DIR as for deploy/cluster.sh; the programs
# must have been built. Settings:
#   SECONDS_EACH, ROUNDS     3, 3 (default): how long a run takes, and how many of each there are
#   CONNECTIONS              16 (default): of the closed loops
#   ACCOUNTS                 16 (default): under load, each with one key
#   RECOVERY_ACCOUNTS        10000 (default): that come back to a wiped Redis
#   RECOVERY_ROUNDS          3 (default): how often it is wiped
#   SYSTEM_CPUS, OTHER_CPU   all, the first (default): of everything under test, and of the rest. Where the parts of a
#                            cluster have too little, its book falls behind and its cost is not seen
#   PORTS                    20000 (default): added to every port
#   KEEP                     yes: the reports of the runs and all logs are kept
set -euo pipefail
cd "$(dirname "$0")/../.."
# shellcheck source=deploy/common.sh
source deploy/common.sh

readonly PARTS=(gateway ledger limiter redis postgres)
# Answers of about 600 bytes, and streams of about 50 chunks: those of the tokens and of role, finish and [DONE].
readonly JSON=(--tokens 9) STREAM=(--stream --tokens 47)
readonly UPSTREAM_KEY=sk-simulator
# Enough for a hundredth of a second at any rate that is found here.
readonly OPEN_CONNECTIONS=64
readonly PORTS_EACH=1000 SIZES_MAX=4

seconds_each=${SECONDS_EACH:-3}
rounds=${ROUNDS:-3}
connections=${CONNECTIONS:-16}
accounts=${ACCOUNTS:-16}
recovery_accounts=${RECOVERY_ACCOUNTS:-10000}
recovery_rounds=${RECOVERY_ROUNDS:-3}
other_cpu=${OTHER_CPU:-0}
system_cpus=${SYSTEM_CPUS:-}
first_port=${PORTS:-20000}
profile=${PROFILE:-release}
programs=${CARGO_TARGET_DIR:-target}/${profile/dev/debug}
tools=loadtest/scenarios/cluster
sizes=()
form=()

folder=
declare -A urls=() watches=() started=() administration=()

note() { say "$*" >&2; }

# shellcheck disable=SC2317 # The trap calls it.
clean_up() {
  local name status=$?
  for name in "${!started[@]}"; do kill -TERM "${started[$name]}" 2>/dev/null || true; done
  for name in "${!started[@]}"; do await_end "${started[$name]}" || true; done
  if [[ ${KEEP:-} == yes ]]; then note "kept: $folder"; else rm -rf "$folder"; fi
  exit "$status"
}

# begin NAME CPUS PROGRAM...: in the background, with its log in a file.
begin() {
  local name=$1 cpus=$2
  shift 2
  start taskset -c "$cpus" "$@" >"$folder/$name.log" 2>&1
  started[$name]=$!
}

# Waits until a log has a line that begins with $2, and prints what follows there.
await_line() {
  local name=$1 begins=$2 line deadline=$((SECONDS + 2 * START_TIMEOUT_S))
  while ((SECONDS < deadline)); do
    line=$(sed -n "s|^$begins||p" "$folder/$name.log" | head -n 1)
    if [[ -n $line ]]; then say "$line" && return; fi
    running "${started[$name]}" || break
    sleep "$POLL_S"
  done
  tail -n 20 "$folder/$name.log" >&2
  fail "$name did not start"
}

begin_simulator() {
  begin simulator "$other_cpu" "$programs/syntopen-simulator" --listen 127.0.0.1:0 --records 1000
  urls[direct]=$(await_line simulator 'listening on ')
  say "$UPSTREAM_KEY" >"$folder/direct.keys"
  watches[direct]=--watch=simulator=${started[simulator]}
  export SYNTOPEN_CATALOG=deploy/catalog.simulator.toml SYNTOPEN_LOG=${SYNTOPEN_LOG:-warn}
  export SIMULATOR_BASE_URL=${urls[direct]} SIMULATOR_ROOT_URL=${urls[direct]%/v1} SIMULATOR_API_KEY=$UPSTREAM_KEY
}

# As many accounts as the load needs, with so much money and such limits that nothing is ever refused.
make_keys() {
  local system=$1 number email settings=()
  read -ra settings <<<"${administration[$system]}"
  for ((number = 0; number < accounts; number++)); do
    email=load-$number@example.com
    env "${settings[@]}" "$programs/syntopen-gateway" account create --email "$email" >/dev/null
    env "${settings[@]}" "$programs/syntopen-gateway" account credit --email "$email" --usd 100000 >/dev/null
    env "${settings[@]}" "$programs/syntopen-gateway" key create --email "$email" --name load --rpm 1000000 --json |
      sed -n 's/.*"api_key" *: *"\([^"]*\)".*/\1/p' >>"$folder/$system.keys"
  done
  [[ $(wc -l <"$folder/$system.keys") == "$accounts" ]] || fail "$system gave fewer keys than asked for"
  head -n 1 "$folder/$system.keys" >"$folder/$system.one"
}

begin_embedded() {
  local address=127.0.0.1:$((first_port + 80)) ops=127.0.0.1:$((first_port + 81))
  note 'starting: embedded'
  require_free PORTS "$address"
  administration[embedded]="SYNTOPEN_DATA_DIR=$folder/embedded"
  make_keys embedded
  begin embedded "$system_cpus" env SYNTOPEN_DATA_DIR="$folder/embedded" SYNTOPEN_LISTEN="$address" \
    SYNTOPEN_OPS_LISTEN="$ops" "$programs/syntopen-gateway"
  await_ready embedded "${started[embedded]}" "$ops"
  urls[embedded]=http://$address/api/v1
  watches[embedded]=--watch=gateway=${started[embedded]}
}

# The process ids of a part of a cluster, separated by commas.
pids_of() { cat "$folder/$1/pids/$2"* | paste -sd ,; }

begin_cluster() {
  local system=$1 ports=$2 gateways ledgers limiters part
  IFS=- read -r gateways ledgers limiters <<<"$system"
  note "starting: cluster of $gateways gateways, $ledgers ledgers, $limiters rate limiters"
  begin "$system" "$system_cpus" env CLUSTER_DATA_DIR="$folder/$system" CLUSTER_PORTS="$ports" \
    CLUSTER_GATEWAYS="$gateways" CLUSTER_LEDGERS="$ledgers" CLUSTER_LIMITERS="$limiters" deploy/cluster.sh
  await_line "$system" 'Ctrl-C stops it' >/dev/null
  # What its greeting says of gateways and of administration is all that there is to know.
  urls[$system]=$(sed -n 's/^ *base URL *//p' "$folder/$system.log" | paste -sd ' ')
  administration[$system]="$(sed -n 's/^ *export \(SYNTOPEN_LEDGER_URL=.*\) \\$/\1/p' "$folder/$system.log")"
  administration[$system]+=" SYNTOPEN_GATEWAY_REPLICAS=$gateways SYNTOPEN_CLUSTER_TOKEN=$(cat "$folder/$system/token")"
  for part in "${PARTS[@]}"; do watches[$system]+=" --watch=$part=$(pids_of "$system" "$part")"; done
  make_keys "$system"
}

# The URLs of a cluster's ledgers.
ledgers_of() { sed -n 's/.*SYNTOPEN_LEDGER_URL=\([^ ]*\).*/\1/p' <<<"${administration[$1]}" | tr , ' '; }

# What the ledgers of a cluster tell of the drain, at a moment.
scrape() {
  local moment=$1 system=$2 url
  for url in $(ledgers_of "$system"); do
    connect "${url#http://}" || fail "a ledger of $system does not answer"
    printf 'GET /metrics HTTP/1.0\r\nHost: %s\r\n\r\n' "${url#http://}" >&3
    grep -a '^ledger_drain_lag_seconds' <&3 >>"$folder/drain.$moment.$system" || true
    exec 3>&-
  done
}

# Waits until the book of a cluster has everything, so that no run pays for the one before it.
await_drained() {
  local system=$1 url deadline=$((SECONDS + START_TIMEOUT_S))
  for url in $(ledgers_of "$system"); do
    until [[ $(curl -s "$url/metrics" | awk '$1 == "ledger_backlog_entries" { print $2 }') == 0 ]]; do
      ((SECONDS < deadline)) || fail "the book of $system falls behind"
      sleep "$POLL_S"
    done
  done
}

# measure KIND ROUND SYSTEM KEYS ARGUMENTS...: one run, whose report goes to a file.
measure() {
  local kind=$1 round=$2 system=$3 keys=$4 model=openai/gpt-4o-mini url options=() watched=()
  shift 4
  if [[ $system == direct ]]; then model=gpt-4o-mini; fi
  for url in ${urls[$system]}; do options+=(--url "$url"); done
  read -ra watched <<<"${watches[$system]}"
  taskset -c "$other_cpu" "$programs/syntopen-loadtest" --json --keys "$folder/$keys" --model "$model" \
    --seconds "$seconds_each" "${options[@]}" "${watched[@]}" "$@" >"$folder/run.$kind.$round.$system.json" ||
    fail "$kind, round $round, $system: $(cat "$folder/run.$kind.$round.$system.json")"
  if [[ $system == *-* ]]; then await_drained "$system"; fi
}

# Closed loops: what a request costs, and how many a second are served at most.
measure_costs() {
  local round system
  for ((round = 1; round <= rounds; round++)); do
    note "CPU of a request, round $round of $rounds"
    for system in embedded "${sizes[@]}"; do
      measure json "$round" "$system" "$system.keys" --connections "$connections" "${JSON[@]}"
      measure stream "$round" "$system" "$system.keys" --connections "$connections" "${STREAM[@]}"
      measure one "$round" "$system" "$system.one" --connections "$connections" "${JSON[@]}"
    done
  done
}

# Open loops at a part of what each system serves at most, through it and at the same rate without it.
measure_latencies() {
  local round system other others rate
  for ((round = 1; round <= rounds; round++)); do
    note "latency below saturation, round $round of $rounds"
    for system in embedded "${sizes[@]}"; do
      rate=$(python3 "$tools/report.py" rate "$folder" "$system")
      others=(direct embedded)
      if [[ $system != embedded ]]; then others+=("$system"); fi
      for other in "${others[@]}"; do
        measure "at-$system" "$round" "$other" "$other.keys" --rate "$rate" --connections "$OPEN_CONNECTIONS" "${JSON[@]}"
      done
    done
  done
}

scrape_all() {
  local system
  for system in "${sizes[@]}"; do scrape "$1" "$system"; done
}

measure_recovery() {
  local system=${sizes[-1]} url ledgers=()
  for url in $(ledgers_of "$system"); do ledgers+=(--ledger "$url"); done
  taskset -c "$other_cpu" python3 "$tools/recovery.py" "${ledgers[@]}" --gateway "${urls[$system]%% *}" \
    --keys "$folder/$system.one" --token "$folder/$system/token" --redis-port "$1" \
    --accounts "$recovery_accounts" --rounds "$recovery_rounds" >"$folder/recovery.$system.json"
}

while (($# > 0)); do
  case $1 in
    --json) form=(--json) ;;
    --size)
      [[ ${2:-} =~ ^[1-9]/[1-9]/[1-9]$ ]] || fail '--size must be gateways/ledgers/limiters, such as 3/2/2'
      sizes+=("${2//\//-}")
      shift
      ;;
    *) fail "unknown: $1" ;;
  esac
  shift
done
if ((${#sizes[@]} == 0)); then sizes=(1-1-1 3-2-2); fi
((${#sizes[@]} <= SIZES_MAX)) || fail "--size may be given $SIZES_MAX times"
if [[ -z $system_cpus ]]; then system_cpus=0-$(($(nproc --all) - 1)); fi
for program in gateway ledger loadtest ratelimiter simulator; do
  [[ -x $programs/syntopen-$program ]] || fail "$programs/syntopen-$program is missing: make bench-cluster builds it"
done

folder=$(mktemp -d)
trap clean_up EXIT
# The database runs as a user of its own, who must get to its files.
chmod 711 "$folder"
trap 'exit 130' INT TERM HUP
begin_simulator
begin_embedded
for number in "${!sizes[@]}"; do begin_cluster "${sizes[number]}" $((first_port + (number + 1) * PORTS_EACH)); done
scrape_all 0
measure_costs
scrape_all 1
measure_latencies
scrape_all 2
measure_recovery $((first_port + ${#sizes[@]} * PORTS_EACH + 6390))
python3 "$tools/report.py" print "$folder" "${form[@]}"
