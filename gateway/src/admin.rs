//! The administration commands: accounts, credits and keys, from the command line.
//!
//! They are clients of the ledger: of a cluster's, of the one within a running gateway, or, where none runs, of one
//! that they open for themselves.

use std::io::{BufRead, Write as _};
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::{Args, Parser, Subcommand};
use serde::Serialize;
use syntopen_shared::clock::{Clock, SystemClock};
use syntopen_shared::money::NanoUsd;

pub use self::account::AccountCommand;
use self::administration::Administration;
pub use self::key::KeyCommand;
use crate::config::Profile;

mod account;
mod administration;
mod key;
mod remote;
#[cfg(test)]
mod tests;

/// The command line of the gateway. Without a command it serves.
#[derive(Debug, Parser)]
#[command(name = "syntopen-gateway", version, about = "OpenAI-compatible LLM gateway whose money is exact")]
#[command(after_help = "Without a command the gateway serves. Its settings are environment variables.")]
pub struct Cli {
    /// What to do instead of serving.
    #[command(subcommand)]
    pub command: Option<Command>,
}

/// What the operator does to the ledger.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Make, credit and show accounts
    #[command(subcommand)]
    Account(AccountCommand),
    /// Make, list and revoke API keys
    #[command(subcommand)]
    Key(KeyCommand),
}

/// Where a running gateway takes administration commands.
#[must_use]
pub fn socket_path(data_dir: &Path) -> PathBuf {
    data_dir.join(remote::SOCKET_FILE)
}

/// Carries out a command against the ledger of a profile, and prints what came of it to standard output. To be called
/// within an actix system.
///
/// # Errors
/// When the command is refused, with the ledger's reason, or the ledger cannot be reached.
pub async fn run(command: Command, profile: &Profile) -> anyhow::Result<()> {
    let administration = Administration::of(profile).await?;
    let asked = Asked { input: &mut std::io::stdin().lock(), unix_ms: SystemClock::default().unix_ms() };
    let done = execute(command, &administration, asked).await;
    administration.close().await;
    let mut output = std::io::stdout().lock();
    output.write_all(done?.as_bytes()).and_then(|()| output.flush()).context("cannot write to standard output")
}

/// The circumstances of a command.
struct Asked<'a> {
    /// Where a password is read from.
    input: &'a mut dyn BufRead,
    /// Now.
    unix_ms: i64,
}

/// Carries out a command; returns what is to be printed.
async fn execute(command: Command, administration: &Administration, asked: Asked<'_>) -> anyhow::Result<String> {
    match command {
        Command::Account(command) => command.execute(administration, asked).await,
        Command::Key(command) => command.execute(administration, asked).await,
    }
}

/// How a command's outcome is printed.
#[derive(Clone, Copy, Debug, Args)]
struct Form {
    /// Print JSON; amounts are whole nano-dollars (1e-9 USD)
    #[arg(long)]
    json: bool,
}

impl Form {
    /// The outcome as a line of JSON, or as `text` words it for people.
    fn render<T: Serialize>(self, outcome: &T, text: impl FnOnce(&T) -> String) -> anyhow::Result<String> {
        let mut printed = if self.json { serde_json::to_string(outcome)? } else { text(outcome) };
        printed.push('\n');
        Ok(printed)
    }
}

/// Reads an amount of dollars that is not negative.
fn usd(text: &str) -> Result<NanoUsd, String> {
    let amount: NanoUsd = text.parse().map_err(|error| format!("{error}"))?;
    if amount.is_negative() { Err("must not be negative".to_owned()) } else { Ok(amount) }
}
