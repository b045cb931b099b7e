#!/usr/bin/env bash
# Builds and starts the gateway on this machine, with an account, a balance and an API key on the first start.
#
# Reads, besides the gateway's own settings and the providers' keys:
#   PROFILE            release (default) or dev: how the programs are built
#   CARGO_TARGET_DIR   where they are built
# Without a provider's key answers come from the provider simulator. Ctrl-C or SIGTERM stops everything; a second one
# does not wait for running requests.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
# shellcheck source=deploy/common.sh
source deploy/common.sh

listen=${SYNTOPEN_LISTEN:-127.0.0.1:8080}
ops_listen=${SYNTOPEN_OPS_LISTEN:-127.0.0.1:8081}
data_dir=${SYNTOPEN_DATA_DIR:-./data}
gateway_pid=

# The gateway before the simulator, whose answers it may still be passing on.
# shellcheck disable=SC2317 # The trap calls it.
clean_up() {
  stop "$gateway_pid"
  stop "$simulator_pid"
  if [[ -n $simulator_log ]]; then rm -f "$simulator_log"; fi
}

# shellcheck disable=SC2317 # The trap calls it.
on_signal() {
  stops=$((stops + 1))
  if ((stops == 1)); then
    say 'Stopping.'
    if running "$gateway_pid"; then kill -TERM "$gateway_pid" 2>/dev/null || true; fi
  else
    if running "$gateway_pid"; then kill -KILL "$gateway_pid" 2>/dev/null || true; fi
    if running "$simulator_pid"; then kill -KILL "$simulator_pid" 2>/dev/null || true; fi
  fi
}

start_gateway() {
  start "$programs/syntopen-gateway"
  gateway_pid=$!
  await_ready 'the gateway' "$gateway_pid" "$(reachable "$ops_listen")"
}

greet() {
  local key base_url money model
  first_account
  key=$(first_key) || return 1
  money=$(balance) || return 1
  base_url=http://$(reachable "$listen")/api/v1
  model=$(example_model)
  say
  if [[ -n $key ]]; then
    say "Syntopen runs. Account $OWNER has a balance of $money."
    say
    say "  base URL  $base_url"
    say_dashboard "${base_url%/api/v1}"
    say "  API key   $key"
    say '            (shown this once: keep it)'
    say
    say "  curl $base_url/chat/completions -H 'Authorization: Bearer $key' -H 'Content-Type: application/json'" \
      "-d '{\"model\": \"$model\", \"messages\": [{\"role\": \"user\", \"content\": \"Hello\"}]}'"
  else
    local prefix=
    if [[ -n ${SYNTOPEN_DATA_DIR:-} ]]; then prefix="SYNTOPEN_DATA_DIR=$(printf '%q' "$data_dir") "; fi
    say "Syntopen runs; accounts and balances were kept. Account $OWNER has a balance of $money."
    say
    say "  base URL     $base_url"
    say "  dashboard    ${base_url%/api/v1}/dashboard"
    say "  another key  $prefix$programs/syntopen-gateway key create --email $OWNER --name NAME"
  fi
  say
  say "Ctrl-C stops it. Accounts and balances are kept in $data_dir."
}

require_free SYNTOPEN_LISTEN "$listen"
require_free SYNTOPEN_OPS_LISTEN "$ops_listen"
build syntopen-gateway syntopen-loadtest

trap clean_up EXIT
trap on_signal INT TERM HUP
if ! has_provider; then use_simulator; fi
start_gateway
greet || { leave_if_stopped && exit 1; }

status=0
await_end "$gateway_pid" || status=$?
if ((status == 0)); then leave_if_stopped; fi
fail "the gateway ended with status $status; its log above may say why"
