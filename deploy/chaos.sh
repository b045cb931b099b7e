#!/usr/bin/env bash
# Kills the processes of a whole cluster and accounts for all the money: "make chaos", "make chaos-mutants".
#
# Reads:
#   SEED      everything that happens by chance follows from it; chosen by chance where it is missing
#   MINUTES   10 (default): how long there is load
#   MUTANT    only this broken rule, of "make chaos-mutants"
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
# shellcheck source=deploy/servers.sh
source deploy/servers.sh

need_servers
# The flags of deploy/test.sh: they alone build the programs with failpoints, and no second time.
cargo build --workspace --all-targets --locked
program=${CARGO_TARGET_DIR:-target}/debug/syntopen-chaos
case ${1:-} in
  run) exec "$program" run ${SEED:+--seed "$SEED"} --minutes "${MINUTES:-10}" ;;
  mutants) exec "$program" mutants ${SEED:+--seed "$SEED"} ${MUTANT:+--only "$MUTANT"} ;;
  *)
    printf 'chaos: run or mutants, not %s\n' "${1:-nothing}" >&2
    exit 2
    ;;
esac
