//! `syntopen-gateway account …`

use std::io::{BufRead, Read as _};

use anyhow::{Context as _, bail};
use clap::Subcommand;
use syntopen_shared::id::TransferId;
use syntopen_shared::money::NanoUsd;
use syntopen_shared::wire::admin::{
    Account, CreateAccount, CreditAccount, CreditClass, CreditReceipt, SetAccountStanding, ShowAccount,
};
use syntopen_shared::wire::ledger::AccountStatus;

use super::administration::Administration;
use super::{Asked, Form, usd};

/// Longer than any password: whatever comes beyond was not meant as one.
const MAX_PASSWORD_BYTES: u64 = 1024;

/// What can be done to accounts.
#[derive(Debug, Subcommand)]
pub enum AccountCommand {
    /// Make an account with its first user
    Create(Create),
    /// Add money to an account; the same reference credits once, however often it is given
    Credit(Credit),
    /// Show an account with its balance
    Show(Show),
    /// Refuse the requests of an account from now on
    Suspend(Show),
    /// Let a suspended account be used again
    Resume(Show),
}

/// `account create`
#[derive(Debug, clap::Args)]
pub struct Create {
    /// The user's e-mail address
    #[arg(long)]
    email: String,
    /// Read a password from standard input; without one the user cannot sign in
    #[arg(long)]
    password_stdin: bool,
    /// Make the user an operator
    #[arg(long)]
    operator: bool,
    #[command(flatten)]
    form: Form,
}

/// `account credit`
#[derive(Debug, clap::Args)]
pub struct Credit {
    /// The user's e-mail address
    #[arg(long)]
    email: String,
    /// How many dollars, at most nine decimals
    #[arg(long, value_parser = usd, allow_negative_numbers = true)]
    usd: NanoUsd,
    /// Your own name for this payment; a fresh one is made where it is missing
    #[arg(long)]
    reference: Option<String>,
    #[command(flatten)]
    form: Form,
}

/// `account show`, `account suspend` and `account resume`
#[derive(Debug, clap::Args)]
pub struct Show {
    /// The user's e-mail address
    #[arg(long)]
    email: String,
    #[command(flatten)]
    form: Form,
}

impl AccountCommand {
    pub(super) async fn execute(self, administration: &Administration, asked: Asked<'_>) -> anyhow::Result<String> {
        match self {
            Self::Create(Create { email, password_stdin, operator, form }) => {
                let password = if password_stdin { Some(read_password(asked.input)?) } else { None };
                let account = administration.create_account(CreateAccount { email, password, operator }).await?;
                form.render(&account, describe)
            }
            Self::Credit(Credit { email, usd, reference, form }) => {
                // Named here, so that this command credits once however often a ledger has to be asked.
                let reference = Some(reference.unwrap_or_else(|| TransferId::mint().to_string()));
                let credit = CreditAccount { email, amount: usd, class: CreditClass::TopUp, reference };
                form.render(&administration.credit_account(credit).await?, describe_receipt)
            }
            Self::Show(Show { email, form }) => {
                form.render(&administration.show_account(ShowAccount { email }).await?, describe)
            }
            Self::Suspend(Show { email, form }) => {
                let standing = SetAccountStanding { email, status: AccountStatus::Suspended };
                form.render(&administration.set_account_standing(standing).await?, describe)
            }
            Self::Resume(Show { email, form }) => {
                let standing = SetAccountStanding { email, status: AccountStatus::Active };
                form.render(&administration.set_account_standing(standing).await?, describe)
            }
        }
    }
}

/// The first line, without its end.
fn read_password(input: &mut dyn BufRead) -> anyhow::Result<String> {
    let mut line = String::new();
    // Its cause is left out of the error: it could quote what was read.
    let read = input.take(MAX_PASSWORD_BYTES + 1).read_line(&mut line).ok();
    read.context("cannot read a password from standard input: it must be a line of UTF-8")?;
    let password = line.trim_end_matches(['\r', '\n']);
    if password.is_empty() {
        bail!("standard input holds no password");
    }
    if line.len() as u64 > MAX_PASSWORD_BYTES {
        bail!("a password must not be longer than {MAX_PASSWORD_BYTES} bytes");
    }
    Ok(password.to_owned())
}

fn describe(account: &Account) -> String {
    let Account { account: id, email, operator, status, balance, held, .. } = account;
    let status = match status {
        AccountStatus::Active => "active",
        AccountStatus::Suspended => "suspended",
    };
    let role = if *operator { ", an operator" } else { "" };
    format!("account {id}\nuser    {email}{role}\nstatus  {status}\nbalance {balance}\nheld    {held}")
}

fn describe_receipt(receipt: &CreditReceipt) -> String {
    let CreditReceipt { transfer, account, reference, amount, balance } = receipt;
    format!("credited {amount} to account {account}\nreference {reference}\ntransfer  {transfer}\nbalance   {balance}")
}
