//! All of a shard at one moment, for reconciliation.

use std::collections::HashMap;

use redis::{RedisResult, Value, from_redis_value};
use syntopen_shared::id::{AccountId, KeyId};
use syntopen_shared::money::NanoUsd;

use super::RedisBalances;
use super::answers::{account_record, key_record, member, nanos, number};
use super::commands::{Paid, call};
use crate::account::{Account, Key, plus};
use crate::balances::Epoch;
use crate::error::Unavailable;

/// How often it is tried to name all open holds of a shard before others come and go.
const TRIES_MAX: usize = 16;

/// Records and open holds of a shard at one moment.
#[derive(Clone, Debug)]
pub struct Audit {
    /// The epoch of all of it.
    pub epoch: Epoch,
    /// Those of the accounts that are seeded.
    pub accounts: HashMap<AccountId, Account>,
    /// Those of the keys that are seeded.
    pub keys: HashMap<KeyId, Key>,
    /// What all open holds of the shard reserve, by who pays and with which key.
    pub open: HashMap<(AccountId, KeyId), NanoUsd>,
    /// How many open holds there are.
    pub holds: usize,
}

/// What the script answers.
enum Answer {
    Frozen,
    /// The holds that should have been named.
    Changed(Vec<String>),
    Whole(Epoch, Vec<Option<Account>>, Vec<Option<Key>>, Vec<Option<NanoUsd>>),
}

impl RedisBalances {
    /// Accounts and keys of a shard with all its open holds; nothing where it is not open, or where holds came and went
    /// so fast that no moment was caught.
    ///
    /// # Errors
    /// [`Unavailable`].
    pub async fn audit(
        &self,
        shard: u32,
        accounts: &[AccountId],
        keys: &[KeyId],
    ) -> Result<Option<Audit>, Unavailable> {
        let mut members: Vec<String> = Vec::new();
        for _ in 0..TRIES_MAX {
            let holds = members.iter().map(|text| member(text)).collect::<RedisResult<Vec<_>>>();
            let holds = self.outage.hear(shard, holds)?;
            let names = self.shards.names(shard);
            let mut all = vec![names.meta(), names.expiry()];
            all.extend(accounts.iter().map(|account| names.account(*account)));
            all.extend(keys.iter().map(|key| names.key(*key)));
            all.extend(holds.iter().map(|hold| names.hold(hold.id)));
            let mut words = vec![accounts.len().to_string(), keys.len().to_string()];
            words.append(&mut members);
            match self.ask((shard, call(&self.scripts.audit, &all, &words)), answer).await? {
                Answer::Frozen => return Ok(None),
                Answer::Changed(present) => members = present,
                Answer::Whole(epoch, of_accounts, of_keys, amounts) => {
                    let accounts = accounts.iter().copied().zip(of_accounts);
                    let keys = keys.iter().copied().zip(of_keys);
                    return Ok(Some(Audit {
                        epoch,
                        accounts: accounts.filter_map(|(id, record)| Some((id, record?))).collect(),
                        keys: keys.filter_map(|(id, record)| Some((id, record?))).collect(),
                        holds: amounts.iter().flatten().count(),
                        open: sums(&holds, amounts),
                    }));
                }
            }
        }
        Ok(None)
    }
}

fn sums(holds: &[Paid], amounts: Vec<Option<NanoUsd>>) -> HashMap<(AccountId, KeyId), NanoUsd> {
    let mut sums = HashMap::new();
    for (hold, amount) in holds.iter().zip(amounts) {
        let Some(amount) = amount else { continue };
        let sum = sums.entry((hold.account, hold.key)).or_insert(NanoUsd::ZERO);
        *sum = plus(*sum, amount);
    }
    sums
}

fn answer(answer: Value) -> RedisResult<Answer> {
    type Records = Vec<Vec<String>>;
    match &answer {
        Value::Array(parts) if parts.len() == 1 => return Ok(Answer::Frozen),
        Value::Array(parts) if parts.len() == 2 => {
            let (_, members): (String, Vec<String>) = from_redis_value(answer)?;
            return Ok(Answer::Changed(members));
        }
        _ => {}
    }
    let (epoch, accounts, keys, amounts): (String, Records, Records, Vec<String>) = from_redis_value(answer)?;
    let amount = |text: &String| if text.is_empty() { Ok(None) } else { nanos(text).map(Some) };
    Ok(Answer::Whole(
        Epoch(number(&epoch)?),
        accounts.iter().map(|fields| account_record(fields)).collect::<RedisResult<_>>()?,
        keys.iter().map(|fields| key_record(fields)).collect::<RedisResult<_>>()?,
        amounts.iter().map(amount).collect::<RedisResult<_>>()?,
    ))
}
