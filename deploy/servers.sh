# Shared by the scripts that need Redis, PostgreSQL, a browser or a mail server on this machine: installs what is missing.
# shellcheck shell=bash

# Prints where PostgreSQL's program $1 is. Debian keeps the server's programs out of the path, by version.
postgres_program() {
  local found
  found=$(find /usr/lib/postgresql -path "*/bin/$1" 2>/dev/null | sort -V | tail -n 1)
  if [[ -z $found ]]; then found=$(command -v "$1") || return 1; fi
  printf '%s\n' "$found"
}

# The Debian packages of what is missing, one a line.
missing_servers() {
  command -v redis-server >/dev/null || printf 'redis-server\n'
  command -v redis-cli >/dev/null || printf 'redis-tools\n'
  postgres_program initdb >/dev/null || printf 'postgresql\n'
}

# Likewise of the browser and of what drives it.
missing_browser() {
  command -v chromium >/dev/null || printf 'chromium\n'
  command -v chromedriver >/dev/null || printf 'chromium-driver\n'
}

# Likewise of the mail server of the tests, which is a library of Debian's own Python, and of what makes certificates and
# keys for the tests.
missing_mail_server() {
  command -v openssl >/dev/null || printf 'openssl\n'
  /usr/bin/python3 -c 'import aiosmtpd' 2>/dev/null || printf 'python3-aiosmtpd\n'
}

need_servers() { need_packages missing_servers; }
need_browser() { need_packages missing_browser; }
need_mail_server() { need_packages missing_mail_server; }

# Installs what the command $1 says is missing where this may; otherwise says what to install.
need_packages() {
  local missing=$1 packages=() again=()
  mapfile -t packages < <("$missing")
  if ((${#packages[@]} == 0)); then return 0; fi
  if [[ $(id -u) != 0 ]] || ! command -v apt-get >/dev/null; then
    printf 'missing: install %s (on Debian: apt-get install %s)\n' "${packages[*]}" "${packages[*]}" >&2
    return 1
  fi
  apt-get update &&
    DEBIAN_FRONTEND=noninteractive apt-get install --yes --no-install-recommends "${packages[@]}" || return 1
  mapfile -t again < <("$missing")
  if ((${#again[@]} > 0)); then
    printf 'still missing after the installation: %s\n' "${again[*]}" >&2
    return 1
  fi
}
