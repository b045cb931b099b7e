//! `syntopen-chaos`: runs of any length, and the proof that the harness notices broken rules.

use std::process::ExitCode;

fn main() -> ExitCode {
    syntopen_chaos::cli::run()
}
