# Shared by the scripts that start Syntopen on this machine: programs started, asked, waited for and stopped.
# shellcheck shell=bash disable=SC2034 # Whoever sources this uses the variables.

readonly OWNER=owner@example.com
readonly FIRST_CREDIT_USD=5
# The same reference credits once, however often the first start is repeated.
readonly FIRST_CREDIT_REFERENCE=first-start
readonly SIMULATOR_ADDRESS=127.0.0.1:9090
readonly START_TIMEOUT_S=60
readonly POLL_S=0.1

# The folder of the programs' logs, where they have one.
logs=
simulator_pid=
simulator_log=
first_password=
stops=0

say() { printf '%s\n' "$*"; }
fail() {
  printf '%s: %s\n' "$(basename "$0" .sh)" "$*" >&2
  exit 1
}

# Where a client reaches what listens on $1: an address of all interfaces is reached on the loopback.
reachable() {
  case $1 in
    0.0.0.0:*) say "127.0.0.1:${1##*:}" ;;
    '[::]:'*) say "[::1]:${1##*:}" ;;
    *) say "$1" ;;
  esac
}

# Opens file descriptor 3 to the address $1.
connect() {
  local host=${1%:*}
  host=${host#[}
  { exec 3<>"/dev/tcp/${host%]}/${1##*:}"; } 2>/dev/null
}

require_free() {
  local variable=$1 address=$2
  [[ $address =~ :[1-9][0-9]*$ ]] || fail "$variable must end with a port other than 0, such as 127.0.0.1:8080"
  if connect "$(reachable "$address")"; then
    exec 3>&-
    fail "$address is in use: stop the program that listens there, or set $variable to another address"
  fi
}

running() { [[ -n $1 ]] && kill -0 "$1" 2>/dev/null; }

# Starts a program in a process group of its own, so that Ctrl-C reaches this script alone, which stops the programs in
# order. Its process id is in $!.
start() {
  set -m
  "$@" </dev/null &
  set +m
}

# Waits for the end of a process, through signals to this script; the result is the process's.
await_end() {
  local status=0 again=0
  while :; do
    status=0
    wait "$1" 2>/dev/null || status=$?
    if ! running "$1"; then break; fi
  done
  # Where a signal cut the waiting short just as the process ended, its status is still to be had; else this is 127.
  wait "$1" 2>/dev/null || again=$?
  if ((status > 128 && again != 127)); then status=$again; fi
  return "$status"
}

stop() {
  if running "$1"; then
    kill -TERM "$1" 2>/dev/null || true
    await_end "$1" || true
  fi
}

leave_if_stopped() { if ((stops > 0)); then exit 0; fi; }

# Builds the packages "$@"; the programs are then in $programs.
build() {
  local profile=${PROFILE:-release} flags=() package
  case $profile in
    release) flags=(--release) ;;
    dev) ;;
    *) fail "PROFILE must be release or dev, not $profile" ;;
  esac
  for package in "$@"; do flags+=(-p "$package"); done
  cargo build --locked "${flags[@]}"
  programs=${CARGO_TARGET_DIR:-target}/${profile/dev/debug}
}

# Starts the simulator on the address $1, and waits for its URL; fails where it cannot listen there.
start_simulator_on() {
  local deadline=$((SECONDS + START_TIMEOUT_S))
  : >"$simulator_log"
  start "$programs/syntopen-simulator" --listen "$1" >"$simulator_log" 2>&1
  simulator_pid=$!
  while ((SECONDS < deadline)); do
    leave_if_stopped
    simulator_url=$(sed -n 's/.*listening on \(http:[^ ]*\).*/\1/p' "$simulator_log" | head -n 1)
    if [[ -n $simulator_url ]]; then return 0; fi
    if ! running "$simulator_pid"; then return 1; fi
    sleep "$POLL_S"
  done
  return 1
}

use_simulator() {
  simulator_log=$(mktemp)
  if ! start_simulator_on "$SIMULATOR_ADDRESS"; then
    stop "$simulator_pid"
    # The usual port is taken: any other does as well.
    start_simulator_on 127.0.0.1:0 || { cat "$simulator_log" >&2 && fail 'the simulator did not start'; }
  fi
  export SYNTOPEN_CATALOG=deploy/catalog.simulator.toml
  export SIMULATOR_BASE_URL=$simulator_url
  export SIMULATOR_ROOT_URL=${simulator_url%/v1}
  export SIMULATOR_API_KEY=simulator
  say
  say 'No provider key is set: answers come from the built-in simulator, not from a model.'
  say 'Set OPENAI_API_KEY, ANTHROPIC_API_KEY or GEMINI_API_KEY to reach OpenAI, Anthropic or Google.'
}

# Whether any provider can be reached, or the operator has said with a catalog which can.
has_provider() { [[ -n ${OPENAI_API_KEY:-}${ANTHROPIC_API_KEY:-}${GEMINI_API_KEY:-}${SYNTOPEN_CATALOG:-} ]]; }

# A model that the built-in catalog or the simulator's serves with the keys that are set.
example_model() {
  if [[ -n ${OPENAI_API_KEY:-} ]]; then
    say openai/gpt-4o-mini
  elif [[ -n ${ANTHROPIC_API_KEY:-} ]]; then
    say anthropic/claude-3-5-haiku
  elif [[ -n ${GEMINI_API_KEY:-} ]]; then
    say google/gemini-1.5-flash
  else
    say openai/gpt-4o-mini
  fi
}

is_ready() {
  local status_line=
  connect "$1" || return 1
  printf 'GET /readyz HTTP/1.0\r\nHost: %s\r\n\r\n' "$1" >&3 2>/dev/null || true
  read -r -t 5 status_line <&3 || true
  exec 3>&-
  [[ $status_line == HTTP/1.?' 200'* ]]
}

# Waits until the program $1 of process $2 says at the address $3 that it is ready.
await_ready() {
  local name=$1 pid=$2 address=$3 deadline=$((SECONDS + START_TIMEOUT_S))
  until is_ready "$address"; do
    leave_if_stopped
    running "$pid" || fail "$name did not start; its log${logs:+ in $logs} says why"
    ((SECONDS < deadline)) || fail "$name was not ready within $START_TIMEOUT_S s; its log${logs:+ in $logs} may say why"
    sleep "$POLL_S"
  done
}

administer() { "$programs/syntopen-gateway" "$@"; }

balance() { administer account show --email "$OWNER" | sed -n 's/^balance *//p'; }

# Makes the first account where it is not there yet; its user is an operator, whose password is then in $first_password.
first_account() {
  if administer account show --email "$OWNER" >/dev/null 2>&1; then return 0; fi
  first_password=$(head -c 15 /dev/urandom | base64 | tr -d '/+=' | head -c 16)
  administer account create --email "$OWNER" --operator --password-stdin <<<"$first_password" >/dev/null ||
    fail "account $OWNER cannot be made"
}

# Says where the dashboard at the base $1 is, and the first password where it was just made.
say_dashboard() {
  say "  dashboard $1/dashboard"
  if [[ -n $first_password ]]; then
    say "            sign in as $OWNER with the password $first_password (shown this once)"
  fi
}

# Makes what the first start needs besides and is not there yet; prints the API key where it makes one. A first start
# that was cut short is taken up where it ended.
first_key() {
  local keys
  administer account credit --email "$OWNER" --usd "$FIRST_CREDIT_USD" --reference "$FIRST_CREDIT_REFERENCE" \
    >/dev/null || fail "account $OWNER cannot be credited"
  keys=$(administer key list --email "$OWNER" --json) || fail "the keys of $OWNER cannot be listed"
  if [[ $keys == '{"keys":[]}' ]]; then
    administer key create --email "$OWNER" --name first --json | sed -n 's/.*"api_key":"\([^"]*\)".*/\1/p' ||
      fail "no API key can be made for $OWNER"
  fi
}
