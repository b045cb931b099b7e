//! `syntopen-ledger`: serves a cluster, and reconciles (`--help` lists the commands).

use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[actix_web::main]
async fn main() -> anyhow::Result<ExitCode> {
    syntopen_ledger::cli::run().await
}
