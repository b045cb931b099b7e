#!/usr/bin/env bash
# All that must hold of a change, on a Debian machine with Rust, Node and Python: "deploy/test.sh".
# Only what needs no program to run: "deploy/test.sh lint".
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
# shellcheck source=deploy/servers.sh
source deploy/servers.sh

# A clean clone on a machine that tests often finds the dependencies of the last run.
if [[ ${CI:-} == true && -z ${CARGO_TARGET_DIR:-} ]]; then
    export CARGO_TARGET_DIR="${XDG_CACHE_HOME:-$HOME/.cache}/syntopen/target"
fi

# Tools that are built once for a machine.
readonly tools="${SYNTOPEN_TEST_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/syntopen}/tools"
readonly deny_version=0.20.2

# One set of flags for every build, and none through RUSTFLAGS: else features are unified differently, or the flags
# differ, and all dependencies are built once more.
readonly flags=(--workspace --all-targets --locked)

main() {
    local tests="all tests"
    lint
    if [[ ${1:-} == lint ]]; then
        tests="all lints"
    else
        step "servers" need_servers
        step "browser" need_browser
        step "mail server" need_mail_server
        step "build" cargo build "${flags[@]}"
        step "tests" cargo test "${flags[@]}"
        step "examples in the documentation" cargo test --workspace --locked --doc
        step "client libraries" deploy/test-sdk.sh
    fi
    printf '\n%s passed in %d s\n' "$tests" "$SECONDS"
}

lint() {
    step "tools" install_tools
    step "format" cargo fmt --all --check
    step "dependencies" "$tools/bin/cargo-deny" --config .deny.toml check bans licenses sources
    step "clippy" cargo clippy "${flags[@]}" -- --deny warnings
    step "documentation" env RUSTDOCFLAGS="--deny warnings" \
        cargo doc --workspace --locked --no-deps --document-private-items
}

# Runs a command under a header; the first that fails ends everything.
step() {
    local name=$1 began=$SECONDS
    shift
    printf '\n== %s\n' "$name"
    if ! "$@"; then
        printf '\nFAILED: %s, after %d s. The command was: %s\n' "$name" "$((SECONDS - began))" "$*" >&2
        exit 1
    fi
    printf '== %s: %d s\n' "$name" "$((SECONDS - began))"
}

install_tools() {
    need_program cargo "install Rust: https://rustup.rs" &&
        need_program python3 "install Python 3.11 or newer: apt-get install python3" &&
        need_component fmt rustfmt &&
        need_component clippy clippy &&
        need_cargo_deny
}

# Built in a few minutes on the first run, with a target folder of its own.
need_cargo_deny() {
    [[ $("$tools/bin/cargo-deny" --version 2>/dev/null) == "cargo-deny $deny_version" ]] && return
    CARGO_TARGET_DIR="$tools/target" cargo install cargo-deny --version "$deny_version" --locked --root "$tools" &&
        rm -rf "$tools/target"
}

need_program() {
    local program=$1 advice=$2
    command -v "$program" && return
    printf '%s is missing: %s\n' "$program" "$advice" >&2
    return 1
}

# A toolchain of the minimal profile has neither rustfmt nor clippy.
need_component() {
    local command=$1 component=$2
    cargo "$command" --version 2>/dev/null && return
    need_program rustup "cargo $command is missing, and only rustup can add it: https://rustup.rs" &&
        rustup component add "$component"
}

main "$@"
