//! Commands as calls of scripts: each fills in what the header of its script asks for.

use redis::Script;
use syntopen_shared::id::{AccountId, KeyId, RequestId};
use syntopen_shared::money::NanoUsd;
use syntopen_shared::redis::Call;
use syntopen_shared::wire::ledger::{
    AccountStatus, Checkpoint, Finish, FinishKind, HOLD_TTL_MS, Hold, KeyStatus, Usage,
};

use super::keys::Names;
use super::{RedisBalances, ShardCall};
use crate::account::Key;
use crate::balances::{Credit, Epoch, Looked, Seed};

/// A request, and who pays for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Paid {
    pub(super) id: RequestId,
    pub(super) account: AccountId,
    pub(super) key: KeyId,
}

impl RedisBalances {
    pub(super) fn hold_call(&self, hold: &Hold) -> ShardCall<'_> {
        let (shard, names) = self.place(hold.account);
        let keys = [
            names.meta(),
            names.hold(hold.id),
            names.account(hold.account),
            names.key(hold.key),
            names.expiry(),
            names.journal(),
        ];
        let words = [
            hold.id.to_string(),
            hold.account.to_string(),
            hold.key.to_string(),
            nanos(hold.min),
            nanos(hold.want),
            nanos(hold.usage.cost),
            json(&hold.usage),
            HOLD_TTL_MS.to_string(),
            self.stream_max.to_string(),
            self.now(),
        ];
        (shard, call(&self.scripts.hold, &keys, &words))
    }

    pub(super) fn checkpoint_call(&self, checkpoint: &Checkpoint) -> ShardCall<'_> {
        let (shard, names) = self.place(checkpoint.account);
        let keys = [names.meta(), names.hold(checkpoint.id), names.expiry()];
        (shard, call(&self.scripts.checkpoint, &keys, &self.checkpoint_words(checkpoint)))
    }

    pub(super) fn put_back_call(&self, checkpoint: &Checkpoint) -> ShardCall<'_> {
        let (shard, names) = self.place(checkpoint.account);
        let (account, key) = (checkpoint.account, checkpoint.key);
        let hold = names.hold(checkpoint.id);
        let keys = [names.meta(), hold, names.expiry(), names.account(account), names.key(key)];
        let mut words = self.checkpoint_words(checkpoint).to_vec();
        words.extend([account.to_string(), key.to_string(), nanos(checkpoint.amount)]);
        (shard, call(&self.scripts.put_back, &keys, &words))
    }

    fn checkpoint_words(&self, checkpoint: &Checkpoint) -> [String; 5] {
        let Checkpoint { id, usage, .. } = checkpoint;
        [id.to_string(), nanos(usage.cost), json(usage), HOLD_TTL_MS.to_string(), self.now()]
    }

    pub(super) fn finish_call(&self, finish: &Finish) -> ShardCall<'_> {
        let (shard, names) = self.place(finish.account);
        (shard, call(&self.scripts.finish, &end_keys(&names, paid(finish)), &self.finish_words(finish)))
    }

    pub(super) fn finish_unknown_call(&self, finish: &Finish, looked: Looked) -> ShardCall<'_> {
        let (shard, names) = self.place(finish.account);
        let mut words = self.finish_words(finish).to_vec();
        words.push(looked.epoch.0.to_string());
        words.push(looked.booked.map_or_else(String::new, |booked| booked.ended.as_str().to_owned()));
        words.push(looked.booked.map_or_else(String::new, |booked| nanos(booked.total)));
        (shard, call(&self.scripts.finish_unknown, &end_keys(&names, paid(finish)), &words))
    }

    fn finish_words(&self, finish: &Finish) -> [String; 8] {
        let kind = match finish.kind {
            FinishKind::Settle => "settle",
            FinishKind::Release => "release",
            FinishKind::Expire => "expire",
        };
        [
            finish.id.to_string(),
            finish.account.to_string(),
            finish.key.to_string(),
            kind.to_owned(),
            nanos(finish.usage.cost),
            json(&finish.usage),
            nonce(),
            self.now(),
        ]
    }

    pub(super) fn overdue_call(&self, shard: u32, limit: usize) -> ShardCall<'_> {
        let names = self.shards.names(shard);
        (shard, call(&self.scripts.overdue, &[names.meta(), names.expiry()], &[limit.to_string(), self.now()]))
    }

    pub(super) fn expire_call(&self, shard: u32, hold: Paid) -> ShardCall<'_> {
        let words = [
            hold.id.to_string(),
            hold.account.to_string(),
            hold.key.to_string(),
            "expire".to_owned(),
            "0".to_owned(),
            String::new(),
            nonce(),
            self.now(),
        ];
        (shard, call(&self.scripts.expire, &end_keys(&self.shards.names(shard), hold), &words))
    }

    pub(super) fn seed_call(&self, seed: &Seed, epoch: Epoch) -> ShardCall<'_> {
        let record = &seed.record;
        let mut words = vec![
            epoch.0.to_string(),
            nanos(record.posted),
            record.credit_no.to_string(),
            record.moves.to_string(),
            account_status(record.status).to_owned(),
            record.version.to_string(),
        ];
        if let Some((_, key)) = &seed.key {
            words.extend(key_words(key));
            let (spending, spent) = (key.spending, key.spending.spent);
            words.extend([nanos(spent.day), spending.day_no.to_string()]);
            words.extend([nanos(spent.month), spending.month_no.to_string(), nanos(spent.total)]);
        }
        let (shard, keys) = self.record_keys(seed);
        (shard, call(&self.scripts.seed, &keys, &words))
    }

    pub(super) fn set_status_call(&self, seed: &Seed) -> ShardCall<'_> {
        let record = &seed.record;
        let mut words = vec![account_status(record.status).to_owned(), record.version.to_string()];
        if let Some((_, key)) = &seed.key {
            words.extend(key_words(key));
        }
        let (shard, keys) = self.record_keys(seed);
        (shard, call(&self.scripts.set_status, &keys, &words))
    }

    fn record_keys(&self, seed: &Seed) -> (u32, Vec<String>) {
        let (shard, names) = self.place(seed.account);
        let mut keys = vec![names.meta(), names.account(seed.account)];
        keys.extend(seed.key.as_ref().map(|(key, _)| names.key(*key)));
        (shard, keys)
    }

    pub(super) fn credit_call(&self, credit: Credit) -> ShardCall<'_> {
        let (shard, names) = self.place(credit.account);
        let words = [credit.number.to_string(), nanos(credit.amount)];
        (shard, call(&self.scripts.credit, &[names.meta(), names.account(credit.account)], &words))
    }

    pub(super) fn look_call(&self, account: AccountId, key: KeyId) -> ShardCall<'_> {
        let (shard, names) = self.place(account);
        (shard, call(&self.scripts.look, &[names.meta(), names.account(account), names.key(key)], &[]))
    }

    fn place(&self, account: AccountId) -> (u32, Names) {
        let shard = self.shards.of(account);
        (shard, self.shards.names(shard))
    }

    /// What scripts are told of the time: nothing, unless a test gives it.
    fn now(&self) -> String {
        self.clock.as_ref().map_or_else(String::new, |clock| clock.unix_ms().to_string())
    }
}

pub(super) fn call<'a>(script: &'a Script, keys: &[String], words: &[String]) -> Call<'a> {
    let words: Vec<_> = words.iter().map(String::as_bytes).collect();
    Call::new(script, keys, &words)
}

/// What tells an entry of a stream from every other: ids repeat after a loss, these do not.
pub(super) fn nonce() -> String {
    format!("{:032x}", rand::random::<u128>())
}

/// The keys of the scripts that end requests.
fn end_keys(names: &Names, paid: Paid) -> [String; 6] {
    let (account, key) = (names.account(paid.account), names.key(paid.key));
    [names.meta(), names.hold(paid.id), account, key, names.expiry(), names.journal()]
}

const fn paid(finish: &Finish) -> Paid {
    Paid { id: finish.id, account: finish.account, key: finish.key }
}

/// Whose a key is, and what a newer version of its record changes.
fn key_words(key: &Key) -> [String; 7] {
    let limit = |limit: Option<NanoUsd>| limit.map_or_else(String::new, nanos);
    [
        key.account.to_string(),
        key.version.to_string(),
        key_status(key.status).to_owned(),
        key.expires_ms.map_or_else(String::new, |expires_ms| expires_ms.to_string()),
        limit(key.limits.day),
        limit(key.limits.month),
        limit(key.limits.total),
    ]
}

pub(super) const fn account_status(status: AccountStatus) -> &'static str {
    match status {
        AccountStatus::Active => "active",
        AccountStatus::Suspended => "suspended",
    }
}

pub(super) const fn key_status(status: KeyStatus) -> &'static str {
    match status {
        KeyStatus::Active => "active",
        KeyStatus::Revoked => "revoked",
    }
}

fn nanos(amount: NanoUsd) -> String {
    amount.nanos().to_string()
}

/// A usage has nothing that JSON cannot say, so that this does not fail.
fn json(usage: &Usage) -> String {
    serde_json::to_string(usage).unwrap_or_default()
}
