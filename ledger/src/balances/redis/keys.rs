//! The names of everything in Redis, and which shard an account belongs to.

use syntopen_shared::id::{AccountId, KeyId, RequestId};

/// How the accounts are spread over shards.
#[derive(Debug)]
pub(super) struct Shards {
    pub(super) count: u32,
    pub(super) tag: String,
}

impl Shards {
    /// The shard of an account: FNV-1a (64 bits) over the 16 bytes of its UUID, modulo the count. It never changes:
    /// balances would be looked for where they are not.
    pub(super) fn of(&self, account: AccountId) -> u32 {
        const OFFSET_BASIS: u64 = 0xcbf2_9ce4_8422_2325;
        const PRIME: u64 = 0x0100_0000_01b3;
        let bytes = account.as_uuid().as_bytes();
        let hash = bytes.iter().fold(OFFSET_BASIS, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(PRIME));
        u32::try_from(hash % u64::from(self.count.max(1))).unwrap_or(0)
    }

    pub(super) fn names(&self, shard: u32) -> Names {
        Names { tag: format!("{{{}{shard}}}", self.tag) }
    }
}

/// The names of a shard's keys. All carry its hash tag, so that a script over them runs on one node.
#[derive(Debug)]
pub(super) struct Names {
    tag: String,
}

impl Names {
    /// Epoch, and whether the shard is open or frozen.
    pub(super) fn meta(&self) -> String {
        format!("{}:meta", self.tag)
    }

    /// The record of an account.
    pub(super) fn account(&self, account: AccountId) -> String {
        format!("{}:a:{account}", self.tag)
    }

    /// The record of a key.
    pub(super) fn key(&self, key: KeyId) -> String {
        format!("{}:k:{key}", self.tag)
    }

    /// A hold, open or ended.
    pub(super) fn hold(&self, id: RequestId) -> String {
        format!("{}:h:{id}", self.tag)
    }

    /// The deadlines of open holds.
    pub(super) fn expiry(&self) -> String {
        format!("{}:expiry", self.tag)
    }

    /// The stream of ends that wait for the book.
    pub(super) fn journal(&self) -> String {
        format!("{}:journal", self.tag)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use uuid::Uuid;

    use super::*;

    #[test]
    fn an_account_stays_in_its_shard() {
        let shards = |count| Shards { count, tag: "s".to_owned() };
        let accounts = [0, 1, 0x0193_5b3a_0000_7000_8000_0000_0000_0001];
        let of = |count| accounts.map(|account| shards(count).of(Uuid::from_u128(account).into()));
        assert_eq!(of(64), [37, 50, 43]);
        assert_eq!(of(1), [0, 0, 0]);
    }

    #[test]
    fn accounts_spread_over_all_shards() {
        let shards = Shards { count: 64, tag: "s".to_owned() };
        let of: BTreeSet<_> = (0..2_000).map(|_| shards.of(AccountId::mint())).collect();
        assert_eq!(of.len(), 64);
    }

    #[test]
    fn all_names_of_a_shard_carry_its_tag() {
        let names = Shards { count: 64, tag: "s".to_owned() }.names(7);
        let (account, key, hold) = (AccountId::mint(), KeyId::mint(), RequestId::mint());
        let all =
            [names.meta(), names.account(account), names.key(key), names.hold(hold), names.expiry(), names.journal()];
        assert!(all.iter().all(|name| name.starts_with("{s7}:")), "{all:?}");
        assert_eq!(all.iter().collect::<BTreeSet<_>>().len(), all.len());
    }
}
