#!/usr/bin/env bash
# What a request costs in the gateway beside what it costs in nginx, measured in one run: see loadtest/README.md.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

if ! command -v nginx >/dev/null; then
    echo 'nginx is missing, beside which the gateway is measured: apt-get install nginx' >&2
    exit 1
fi
cargo build --release --locked -p syntopen-gateway -p syntopen-loadtest
exec loadtest/scenarios/nginx.sh "$@"
