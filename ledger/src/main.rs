//! `syntopen-ledger`: looks after the book of a stopped gateway (`--help` lists the commands).

use std::process::ExitCode;

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<ExitCode> {
    syntopen_ledger::cli::run().await
}
