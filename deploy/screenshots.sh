#!/usr/bin/env bash
# Takes pictures of every page of the dashboard: "deploy/screenshots.sh [FOLDER]"; the folder is target/screenshots
# unless it is named.
#
# A gateway of its own with the provider simulator behind it is filled with nothing, with a little and with a lot; a real
# browser opens every page in both themes, as wide as a desk's screen and a phone's. The names of the pictures tell the
# page, the screen and the theme. What the pictures are taken by are the browser tests: a page with a flaw ends it.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
# shellcheck source=deploy/servers.sh
source deploy/servers.sh

readonly folder=${1:-target/screenshots}

need_browser
need_mail_server
mkdir -p "$folder"
SYNTOPEN_TEST_SCREENSHOTS=$(realpath "$folder")
export SYNTOPEN_TEST_SCREENSHOTS
cargo test --locked -p syntopen-gateway --test browser -- look::
printf '\n%s pictures are in %s\n' "$(find "$folder" -name '*.png' | wc -l)" "$folder"
