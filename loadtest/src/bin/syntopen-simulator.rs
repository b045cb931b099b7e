//! The provider simulator as a program: see the crate's documentation for what a request can ask of it.

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    syntopen_loadtest::cli::simulator::main().await
}
