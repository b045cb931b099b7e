#!/usr/bin/env bash
# What a request costs and how long it takes in the cluster profile beside the embedded one, measured in one run: see
# loadtest/README.md.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
# shellcheck source=deploy/common.sh
source deploy/common.sh
# shellcheck source=deploy/servers.sh
source deploy/servers.sh

# Output is for the report, which programs may read.
need_servers >&2 || fail 'Redis and PostgreSQL are needed'
command -v python3 >/dev/null || fail 'python3 is missing: apt-get install python3'
build syntopen-gateway syntopen-ledger syntopen-loadtest syntopen-ratelimiter
exec loadtest/scenarios/cluster.sh "$@"
