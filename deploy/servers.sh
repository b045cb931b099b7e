# Shared by the scripts that need Redis and PostgreSQL on this machine: installs them where they are missing.
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

# Installs them where this may; otherwise says what to install.
need_servers() {
  local packages=() again=()
  mapfile -t packages < <(missing_servers)
  if ((${#packages[@]} == 0)); then return 0; fi
  if [[ $(id -u) != 0 ]] || ! command -v apt-get >/dev/null; then
    printf 'missing: install %s (on Debian: apt-get install %s)\n' "${packages[*]}" "${packages[*]}" >&2
    return 1
  fi
  apt-get update &&
    DEBIAN_FRONTEND=noninteractive apt-get install --yes --no-install-recommends "${packages[@]}" || return 1
  mapfile -t again < <(missing_servers)
  if ((${#again[@]} > 0)); then
    printf 'still missing after the installation: %s\n' "${again[*]}" >&2
    return 1
  fi
}
