//! Keys that were asked for lately, so that they are known while the book is away.
//!
//! What a key may do is decided by its record in the shard with each hold; this is only how it is found.

use redis::{RedisResult, cmd};
use syntopen_shared::api_key::KeyHash;
use syntopen_shared::wire::ledger::KeyRecord;

use super::RedisBalances;

/// How long a key is known that nobody asked the book for again.
const KNOWN_SECONDS: u64 = 24 * 60 * 60;

impl RedisBalances {
    /// Remembers whose key hashes to this, as far as Redis takes it.
    pub async fn remember_key(&self, hash: KeyHash, record: &KeyRecord) {
        // One that is not remembered is looked up in the book.
        let _forgotten: Option<()> = self.set(hash, record).await.ok();
    }

    /// The record that was remembered for this hash, or nothing.
    pub async fn recall_key(&self, hash: KeyHash) -> Option<KeyRecord> {
        let text: Option<String> = self.get(hash).await.ok()?;
        serde_json::from_str(&text?).ok()
    }

    async fn set(&self, hash: KeyHash, record: &KeyRecord) -> RedisResult<()> {
        let mut connection = self.redis.connection().await?;
        let text = serde_json::to_string(record).unwrap_or_default();
        cmd("SET").arg(self.name(hash)).arg(text).arg("EX").arg(KNOWN_SECONDS).query_async(&mut connection).await
    }

    async fn get(&self, hash: KeyHash) -> RedisResult<Option<String>> {
        let mut connection = self.redis.connection().await?;
        cmd("GET").arg(self.name(hash)).query_async(&mut connection).await
    }

    fn name(&self, hash: KeyHash) -> String {
        format!("{}:key:{}", self.shards.tag, hash.to_hex())
    }
}
