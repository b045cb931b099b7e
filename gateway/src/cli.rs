//! The program: reads settings, then serves or administers.

use std::io::Write as _;
use std::process::ExitCode;

use clap::Parser as _;
use syntopen_shared::config::{Environment, InvalidSettings};
use syntopen_shared::shutdown::Shutdown;

use crate::admin::{self, Cli};
use crate::config::Config;
use crate::server::Gateway;

/// The exit code of a program whose settings are wrong (`EX_CONFIG` of `sysexits.h`).
const EXIT_CONFIG: u8 = 78;

/// Runs the program to its end.
pub async fn run() -> ExitCode {
    let cli = Cli::parse();
    let config = match Config::read(Environment::of_process()) {
        Ok(config) => config,
        Err(invalid) => return refuse(&invalid),
    };
    // rustls wants its cryptography chosen before the first connection; a second choice would be the same one.
    let _chosen = rustls::crypto::ring::default_provider().install_default();
    let result = match cli.command {
        Some(command) => admin::run(command, &config.profile).await,
        None => serve(config).await,
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            say(&format!("{error:#}"));
            ExitCode::FAILURE
        }
    }
}

async fn serve(config: Config) -> anyhow::Result<()> {
    config.telemetry.init();
    let shutdown = Shutdown::on_signals()?;
    let gateway = Gateway::start(config, shutdown).await?;
    let catalog = gateway.app().catalog.current();
    for sentence in catalog.switched_off() {
        tracing::warn!("{sentence}");
    }
    if catalog.models().next().is_none() {
        tracing::warn!("no model can be served yet: no provider is switched on");
    }
    tracing::info!(
        address = %gateway.address,
        ops = %gateway.ops_address,
        models = catalog.models().count(),
        "the gateway is ready: its base URL is http://{}/api/v1",
        gateway.address
    );
    gateway.run().await
}

fn refuse(invalid: &InvalidSettings) -> ExitCode {
    say(&invalid.to_string());
    ExitCode::from(EXIT_CONFIG)
}

/// Says why the program ends. Nothing is left to be done where even that fails.
fn say(text: &str) {
    let _ = writeln!(std::io::stderr(), "syntopen-gateway: {text}");
}
