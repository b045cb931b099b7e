//! Starts the rate limiter and runs it until SIGTERM or SIGINT.

use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[actix_web::main]
async fn main() -> ExitCode {
    syntopen_ratelimiter::cli::run().await
}
