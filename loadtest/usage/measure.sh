#!/usr/bin/env bash
# Fills a book with a million requests over 100,000 keys and times the pages of the account that has three in ten of the
# requests and half of the keys, and those of its operator. The programs must be built: PROGRAMS is where they are.
#
#   loadtest/usage/measure.sh sqlite     an embedded gateway, over a new data directory
#   loadtest/usage/measure.sh postgres   a cluster, over a new database
#
# Reads: PROGRAMS (target/release), PORTS (400: added to every port), ROWS (1000000), KEYS (100000), OWN (50000: keys of the
# account), RUNS (7).
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
# shellcheck source=deploy/servers.sh
source deploy/servers.sh

readonly PROGRAMS=${PROGRAMS:-target/release} PORTS=${PORTS:-400} ROWS=${ROWS:-1000000} KEYS=${KEYS:-100000}
readonly OWN=${OWN:-50000} RUNS=${RUNS:-7} EMAIL=measure@example.com PASSWORD='correct horse battery'
readonly BASE=http://127.0.0.1:$((8080 + PORTS)) OPS=http://127.0.0.1:$((8081 + PORTS))
dir=$(mktemp -d)
chmod 755 "$dir"
pid=
trap '[[ -z $pid ]] || { kill "$pid"; wait "$pid" || true; }; rm -rf "$dir"' EXIT

gateway() { "$PROGRAMS/syntopen-gateway" "$@"; }
create_account() {
  printf '%s' "$PASSWORD" | gateway account create --email "$EMAIL" --operator --password-stdin --json |
    grep -o '"account": *"[^"]*"' | cut -d'"' -f4
}
# What the migration makes of requests that were there before it.
sums() {
  printf 'DELETE FROM account_daily; DELETE FROM operator_daily;\n'
  sed -n '/^INSERT INTO account_daily/,/^FROM usage GROUP BY ended_ms/p' ledger/migrations/0006_usage.sql
}
from_ms=$((($(date +%s) - 90 * 86400) * 1000))

start_sqlite() {
  export SYNTOPEN_DATA_DIR=$dir/data SYNTOPEN_LISTEN=${BASE#http://} SYNTOPEN_OPS_LISTEN=${OPS#http://}
  local account book=$dir/data/book.sqlite
  account=$(create_account)
  sqlite3 -cmd ".parameter set :account \"'$account'\"" -cmd ".parameter set :rows $ROWS" \
    -cmd ".parameter set :keys $KEYS" -cmd ".parameter set :own $OWN" -cmd ".parameter set :from_ms $from_ms" "$book" <loadtest/usage/fill.sqlite.sql
  sums | sqlite3 "$book"
  ls -lh "$book"
  "$PROGRAMS/syntopen-gateway" >"$dir/log" 2>&1 &
  pid=$!
}

start_postgres() {
  CLUSTER_PROGRAMS=$PROGRAMS CLUSTER_DATA_DIR=$dir/cluster CLUSTER_PORTS=$PORTS CLUSTER_GATEWAYS=1 CLUSTER_LEDGERS=1 \
    CLUSTER_LIMITERS=1 deploy/cluster.sh >"$dir/log" 2>&1 &
  pid=$!
  ready
  export SYNTOPEN_LEDGER_URL=http://127.0.0.1:$((7001 + PORTS)) SYNTOPEN_RATELIMITER_URL=http://127.0.0.1:$((7002 + PORTS))
  export SYNTOPEN_GATEWAY_REPLICAS=1 SYNTOPEN_CLUSTER_TOKEN
  SYNTOPEN_CLUSTER_TOKEN=$(cat "$dir/cluster/token")
  local account sql=("$(postgres_program psql)" -q -h 127.0.0.1 -p $((5442 + PORTS)) -U postgres -v ON_ERROR_STOP=1)
  account=$(create_account)
  "${sql[@]}" -v account="$account" -v rows="$ROWS" -v keys="$KEYS" -v own="$OWN" -v from_ms="$from_ms" "${DATABASE:-postgres}" \
    <loadtest/usage/fill.postgres.sql
  sums | "${sql[@]}" "${DATABASE:-postgres}"
  "${sql[@]}" -c 'VACUUM ANALYZE' "${DATABASE:-postgres}"
}

ready() { until curl -sf "$OPS/readyz" >/dev/null; do kill -0 "$pid" || { cat "$dir/log"; exit 1; }; sleep 0.2; done; }

# The best and the median of RUNS times of the path $2, in milliseconds, after one that is not counted: a machine that
# does something else makes others.
time_of() {
  local run taken code times=() sorted
  for ((run = 0; run <= RUNS; run++)); do
    read -r code taken < <(curl -s -o "$dir/page" -b "$dir/cookies" -w '%{http_code} %{time_total}\n' "$BASE$2")
    [[ $code == 200 ]] || { echo "$2: $code"; head -c 600 "$dir/page"; exit 1; }
    if ((run > 0)); then times+=("$(awk "BEGIN { print int($taken * 1000 + 0.5) }")"); fi
  done
  mapfile -t sorted < <(printf '%s\n' "${times[@]}" | sort -n)
  printf '%6d ms %6d ms  %7d bytes  %s\n' "${sorted[0]}" "${sorted[RUNS / 2]}" "$(stat -c %s "$dir/page")" "$1"
}

# Sends a form with the proof that its page carries: the page $1, the form's address $2, its fields.
send() {
  local csrf field fields=()
  csrf=$(curl -s -b "$dir/cookies" -c "$dir/cookies" "$BASE$1" | grep -o 'name="csrf" value="[^"]*"' | head -1 | cut -d'"' -f4)
  for field in "csrf=$csrf" "${@:3}"; do fields+=(--data-urlencode "$field"); done
  curl -s -b "$dir/cookies" -c "$dir/cookies" "${fields[@]}" "$BASE$2"
}

# Signs in, and sets up the second factor that operators need.
sign_in() {
  local factor=/dashboard/settings/second-factor secret code
  send /dashboard/sign-in /dashboard/sign-in "email=$EMAIL" "password=$PASSWORD" >/dev/null
  send "$factor" "$factor/begin" >/dev/null
  secret=$(curl -s -b "$dir/cookies" "$BASE$factor" | grep -oE '[A-Z2-7]{32,}' | head -1)
  code=$(python3 - "$secret" <<'PYTHON'
import base64, hmac, sys, time

digest = hmac.digest(base64.b32decode(sys.argv[1] + "=" * (-len(sys.argv[1]) % 8)), int(time.time() // 30).to_bytes(8), "sha1")
place = digest[-1] & 15
print(f"{(int.from_bytes(digest[place:place + 4]) & 0x7FFFFFFF) % 1_000_000:06}")
PYTHON
)
  send "$factor" "$factor/confirm" "code=$code" >/dev/null
}

time_usage() {
  local usage=/dashboard/usage day half id outcome
  local busy=0190b000-0000-7000-8000-000000000000 quiet=0190b000-0000-7000-8000-0000000001f4
  day=$(date -u -d '45 days ago' +%F)
  half=$(printf '%08x-%04x-7000-8000-000000000000' $(((from_ms + 45 * 86400000) >> 16)) $(((from_ms + 45 * 86400000) & 65535)))
  time_of 'overview, 7 days' '/dashboard?days=7'
  time_of 'overview, 90 days' '/dashboard?days=90'
  time_of 'figures of the charts, 90 days' "$usage/daily.json?days=90"
  time_of 'requests' "$usage"
  id=$(grep -o '/dashboard/usage/[0-9a-f-]*' "$dir/page" | head -1)
  time_of 'requests, older than the middle' "$usage?after=$half"
  time_of 'requests, newer than the middle' "$usage?before=$half"
  time_of 'of a busy key' "$usage?key=$busy"
  time_of 'of a quiet key' "$usage?key=$quiet"
  time_of 'of a model' "$usage?model=vendor%2Fmodel-3"
  time_of 'of a model that never was' "$usage?model=none"
  time_of 'of a busy key and a model' "$usage?key=$busy&model=vendor%2Fmodel-3"
  time_of 'of a busy key and a model that never was' "$usage?key=$busy&model=none"
  for outcome in completed disconnected upstream_failed running; do
    time_of "$outcome" "$usage?outcome=$outcome"
    time_of "$outcome, of a busy key" "$usage?outcome=$outcome&key=$busy"
    time_of "$outcome, of a quiet key" "$usage?outcome=$outcome&key=$quiet"
    time_of "$outcome, of a model" "$usage?outcome=$outcome&model=vendor%2Fmodel-3"
    time_of "$outcome, of a busy key and a model" "$usage?outcome=$outcome&key=$busy&model=vendor%2Fmodel-3"
  done
  time_of 'of a day' "$usage?from=$day&to=$day"
  time_of 'of a day, a busy key, a model, failed' "$usage?from=$day&to=$day&key=$busy&model=vendor%2Fmodel-3&outcome=upstream_failed"
  time_of 'of a day long ago' "$usage?to=2020-01-01"
  time_of 'one request' "$id"
}

time_other_pages() {
  local keys=/dashboard/keys operator=/dashboard/operator key=0190b000-0000-7000-8000-000000000000 account list
  time_of 'keys' "$keys"
  time_of 'keys that work' "$keys?show=active"
  time_of 'keys, revoked: none' "$keys?show=revoked"
  time_of 'keys, older than the middle' "$keys?after=0190b000-0000-7000-8000-0000000061a8"
  time_of 'a key' "$keys/$key"
  time_of 'billing' /dashboard/billing
  time_of 'billing, all transfers' '/dashboard/billing?show=all'
  time_of 'models' /dashboard/models
  time_of 'playground' /dashboard/playground
  time_of 'members' /dashboard/settings/members
  time_of 'settings' /dashboard/settings
  time_of 'accounts' "$operator/accounts"
  account=$(grep -o "$operator/accounts/[0-9a-f-]*" "$dir/page" | head -1)
  time_of 'the largest account' "$account"
  time_of 'accounts by address' "$operator/accounts?q=person-4"
  time_of 'accounts by key' "$operator/accounts?q=sk-syn-0007"
  for list in upstreams catalog ledger payments; do time_of "$list" "$operator/$list"; done
  time_of 'audit log' "$operator/audit"
  time_of 'audit log, one kind' "$operator/audit?act=account.credit"
}

"start_$1"
ready
sign_in
time_usage
time_other_pages
curl -s -o "$dir/file" -b "$dir/cookies" -w 'all as a file: %{time_total} s, %{size_download} bytes, %{http_code}\n' "$BASE/dashboard/usage.csv"
wc -l <"$dir/file"
if [[ -n ${HOLD:-} ]]; then echo "holding: $BASE, $dir"; wait "$pid"; fi
