//! `syntopen-gateway`: serves, or administers (`--help` lists the commands).

use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[actix_web::main]
async fn main() -> ExitCode {
    syntopen_gateway::cli::run().await
}
