//! The ledger's own program: the service of a cluster, and the reconciliation.

use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use syntopen_shared::config::{Environment, InvalidSettings};
use syntopen_shared::money::NanoUsd;
use syntopen_shared::shutdown::Shutdown;

use crate::app::App;
use crate::config::{ClusterSettings, ServiceConfig};
use crate::reconcile::{ReconcileReport, cluster, of_data_dir};

/// The exit code of a program whose settings are wrong (`EX_CONFIG` of `sysexits.h`).
const EXIT_CONFIG: u8 = 78;

#[derive(Parser)]
#[command(name = "syntopen-ledger", version, about = "Accounts, balances and the book of Syntopen")]
#[command(after_help = "Without a command it serves. Its settings are environment variables.")]
struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
enum Command {
    /// Serves the gateways of a cluster, over Redis and Postgres.
    Serve,
    /// Counts the money by every route; exits with 1 where they differ.
    ///
    /// Of a cluster where `SYNTOPEN_DATABASE_URL` and `SYNTOPEN_REDIS_URL` are set, else of a data directory.
    Reconcile {
        /// The data directory of a gateway that does not run.
        #[arg(long)]
        data_dir: Option<PathBuf>,
        /// Print the report as JSON.
        #[arg(long)]
        json: bool,
    },
}

/// Runs the program to its end.
///
/// # Errors
/// When the service cannot start or fails, or the book cannot be opened or read.
pub async fn run() -> anyhow::Result<ExitCode> {
    // rustls wants its cryptography chosen before the first connection; a second choice would be the same one.
    let _chosen = rustls::crypto::ring::default_provider().install_default();
    match Arguments::parse().command.unwrap_or(Command::Serve) {
        Command::Serve => serve().await,
        Command::Reconcile { data_dir, json } => reconcile(data_dir, json).await,
    }
}

async fn serve() -> anyhow::Result<ExitCode> {
    let config = match ServiceConfig::read(Environment::of_process()) {
        Ok(config) => config,
        Err(invalid) => return refuse(&invalid),
    };
    config.telemetry.init();
    let app = App::start(config, Shutdown::on_signals()?).await?;
    app.run().await?;
    Ok(ExitCode::SUCCESS)
}

async fn reconcile(data_dir: Option<PathBuf>, json: bool) -> anyhow::Result<ExitCode> {
    let environment = Environment::of_process();
    let is_cluster = data_dir.is_none() && environment.get("SYNTOPEN_DATABASE_URL").is_some();
    let report = if is_cluster {
        match ClusterSettings::read(environment) {
            Ok(settings) => cluster::of_settings(&settings).await?,
            Err(invalid) => return refuse(&invalid),
        }
    } else {
        of_data_dir(&data_dir.unwrap_or_else(|| PathBuf::from("./data"))).await?
    };
    let text = if json { serde_json::to_string(&report)? } else { for_people(&report) };
    writeln!(std::io::stdout(), "{text}")?;
    Ok(if report.drift == NanoUsd::ZERO { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn refuse(invalid: &InvalidSettings) -> anyhow::Result<ExitCode> {
    writeln!(std::io::stderr(), "{invalid}")?;
    Ok(ExitCode::from(EXIT_CONFIG))
}

fn for_people(report: &ReconcileReport) -> String {
    let ReconcileReport { drift, findings, accounts, transfers, requests, .. } = report;
    let counted = format!("{accounts} accounts, {transfers} transfers, {requests} requests: drift {drift}");
    let lines = findings.iter().map(|finding| {
        format!("{} ({}): {} instead of {}", finding.check, finding.subject, finding.found, finding.expected)
    });
    std::iter::once(counted).chain(lines).collect::<Vec<_>>().join("\n")
}
