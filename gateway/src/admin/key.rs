//! `syntopen-gateway key …`

use anyhow::Context as _;
use clap::Subcommand;
use clap::builder::NonEmptyStringValueParser;
use syntopen_shared::id::KeyId;
use syntopen_shared::money::NanoUsd;
use syntopen_shared::wire::admin::{CreateKey, CreatedKey, KeyList, ListKeys, RevokeKey, UpdateKey};
use syntopen_shared::wire::ledger::{KeyRecord, KeyStatus, SpendLimits};

use super::administration::Administration;
use super::{Asked, Form, usd};

const DEFAULT_RPM: u32 = 60;
const MS_PER_DAY: i64 = 86_400_000;
/// A hundred years, beyond which a date is a slip.
const MAX_EXPIRES_DAYS: i64 = 36_500;

/// What can be done to API keys.
#[derive(Debug, Subcommand)]
pub enum KeyCommand {
    /// Make a key, and print it: this once
    Create(Create),
    /// List the keys of an account, newest first
    List(List),
    /// Change what a key may do
    Update(Update),
    /// End a key for good
    Revoke(Revoke),
}

/// `key create`
#[derive(Debug, clap::Args)]
pub struct Create {
    /// The owner's e-mail address
    #[arg(long)]
    email: String,
    /// A label
    #[arg(long)]
    name: String,
    /// Requests per minute; 0 allows none
    #[arg(long, default_value_t = DEFAULT_RPM)]
    rpm: u32,
    /// Dollars that it may spend per UTC day
    #[arg(long, value_name = "USD", value_parser = usd)]
    limit_day: Option<NanoUsd>,
    /// Dollars that it may spend per UTC month
    #[arg(long, value_name = "USD", value_parser = usd)]
    limit_month: Option<NanoUsd>,
    /// Dollars that it may ever spend
    #[arg(long, value_name = "USD", value_parser = usd)]
    limit_total: Option<NanoUsd>,
    /// Days until it stops working
    #[arg(long, value_name = "DAYS", value_parser = clap::value_parser!(i64).range(1..=MAX_EXPIRES_DAYS))]
    expires_days: Option<i64>,
    /// The models that it may use, separated by commas; all where this is missing
    #[arg(long, value_name = "IDS", value_delimiter = ',', value_parser = NonEmptyStringValueParser::new())]
    models: Option<Vec<String>>,
    #[command(flatten)]
    form: Form,
}

/// `key list`
#[derive(Debug, clap::Args)]
pub struct List {
    /// The owner's e-mail address
    #[arg(long)]
    email: String,
    #[command(flatten)]
    form: Form,
}

/// `key update`
#[derive(Debug, clap::Args)]
#[group(id = "changes", required = true, multiple = true, args = ["rpm", "limit_day", "limit_month", "limit_total", "no_limits"])]
pub struct Update {
    /// The key's id, as `key list` shows it
    #[arg(long)]
    id: KeyId,
    /// Requests per minute; 0 allows none
    #[arg(long)]
    rpm: Option<u32>,
    /// Dollars that it may spend per UTC day; of the three limits, those that are not named are lifted
    #[arg(long, value_name = "USD", value_parser = usd)]
    limit_day: Option<NanoUsd>,
    /// Dollars that it may spend per UTC month
    #[arg(long, value_name = "USD", value_parser = usd)]
    limit_month: Option<NanoUsd>,
    /// Dollars that it may ever spend
    #[arg(long, value_name = "USD", value_parser = usd)]
    limit_total: Option<NanoUsd>,
    /// Lift all three limits
    #[arg(long, conflicts_with_all = ["limit_day", "limit_month", "limit_total"])]
    no_limits: bool,
    #[command(flatten)]
    form: Form,
}

/// `key revoke`
#[derive(Debug, clap::Args)]
pub struct Revoke {
    /// The key's id, as `key list` shows it
    #[arg(long)]
    id: KeyId,
    #[command(flatten)]
    form: Form,
}

impl KeyCommand {
    pub(super) async fn execute(self, administration: &Administration, asked: Asked<'_>) -> anyhow::Result<String> {
        match self {
            Self::Create(create) => {
                let form = create.form;
                let created = administration.create_key(create.into_command(asked.unix_ms)?).await?;
                form.render(&created, |created| describe_created(created, asked.unix_ms))
            }
            Self::List(List { email, form }) => {
                let list = administration.list_keys(ListKeys { email }).await?;
                form.render(&list, |list| describe_list(list, asked.unix_ms))
            }
            Self::Update(update) => {
                let form = update.form;
                let updated = administration.update_key(update.into_command()).await?;
                form.render(&updated, |record| describe(record, asked.unix_ms))
            }
            Self::Revoke(Revoke { id, form }) => {
                let revoked = administration.revoke_key(RevokeKey { key: id }).await?;
                form.render(&revoked, |record| describe(record, asked.unix_ms))
            }
        }
    }
}

impl Create {
    fn into_command(self, unix_ms: i64) -> anyhow::Result<CreateKey> {
        let after = |days: i64| days.checked_mul(MS_PER_DAY).and_then(|ms| unix_ms.checked_add(ms));
        let expires_ms = self.expires_days.map(|days| after(days).context("the expiry is out of range")).transpose()?;
        Ok(CreateKey {
            email: self.email,
            name: self.name,
            rpm: self.rpm,
            limits: SpendLimits { day: self.limit_day, month: self.limit_month, total: self.limit_total },
            expires_ms,
            allowed_models: self.models,
        })
    }
}

impl Update {
    fn into_command(self) -> UpdateKey {
        let limits = SpendLimits { day: self.limit_day, month: self.limit_month, total: self.limit_total };
        let limits = (self.no_limits || limits != SpendLimits::default()).then_some(limits);
        UpdateKey { rpm: self.rpm, limits, ..UpdateKey::of(self.id) }
    }
}

fn describe_created(created: &CreatedKey, unix_ms: i64) -> String {
    let CreatedKey { api_key, record } = created;
    format!("{}\n\n{api_key}\n\nKeep it now: it is not shown again.", describe(record, unix_ms))
}

fn describe_list(list: &KeyList, unix_ms: i64) -> String {
    if list.keys.is_empty() {
        return "no keys".to_owned();
    }
    list.keys.iter().map(|record| describe(record, unix_ms)).collect::<Vec<_>>().join("\n")
}

/// One line.
fn describe(record: &KeyRecord, unix_ms: i64) -> String {
    let status = match record.status {
        KeyStatus::Active => "active",
        KeyStatus::Revoked => "revoked",
    };
    let KeyRecord { key, prefix, name, rpm, limits, allowed_models, .. } = record;
    let mut parts = vec![format!("key {key}"), prefix.clone(), status.to_owned(), format!("{name:?}")];
    parts.push(format!("{rpm} requests per minute"));
    for (limit, period) in [(limits.day, "a day"), (limits.month, "a month"), (limits.total, "in total")] {
        parts.extend(limit.map(|limit| format!("{limit} {period}")));
    }
    parts.extend(record.expires_ms.map(|expires_ms| match expires_ms.saturating_sub(unix_ms) {
        left if left > 0 => format!("expires in under {} d", left / MS_PER_DAY + 1),
        _ => "expired".to_owned(),
    }));
    parts.extend(allowed_models.as_ref().map(|models| format!("only {}", models.join(","))));
    parts.join("  ")
}
