//! The rows of shards.

use crate::balances::Epoch;
use crate::book::settlements::{self, Survivors};
use crate::book::shards::{self, ShardRow};
use crate::book::tests::fixture::{Database, SHARDS, anchor};

pub(in crate::book::tests) async fn shards_are_made_once(database: &Database) {
    let books = [database.another().await, database.another().await];

    let (one, other) = tokio::join!(shards::ensure(&books[0], SHARDS), shards::ensure(&books[1], SHARDS));

    one.unwrap();
    other.unwrap();
    let refused = shards::ensure(&books[0], 64).await.unwrap_err().to_string();
    assert_eq!(refused, "the book was made for 4 shards, and 64 are configured");
    for shard in 0..SHARDS {
        let row = shards::read(&database.book, shard).await.unwrap();
        assert_eq!(row, ShardRow { epoch: Epoch(0), anchor: None });
    }
}

pub(in crate::book::tests) async fn every_recovery_has_an_epoch_of_its_own(database: &Database) {
    let (book, other) = (&database.book, database.another().await);
    let seen = shards::read(book, 1).await.unwrap();

    let (one, two) = tokio::join!(shards::begin_recovery(book, 1, &seen), shards::begin_recovery(&other, 1, &seen));

    let mut begun = [one.unwrap(), two.unwrap()];
    begun.sort_unstable();
    assert_eq!(begun, [None, Some(Epoch(1))], "the other has seen a row that is no more");
    let survivors = Survivors { shard: 1, epoch: Epoch(1), entries: &[], marker: anchor(7) };
    assert!(settlements::commit_survivors(book, &survivors).await.unwrap());
    let opened = ShardRow { epoch: Epoch(1), anchor: Some(anchor(7)) };
    assert_eq!(shards::read(book, 1).await.unwrap(), opened);
    let another_nonce = ShardRow { epoch: Epoch(1), anchor: Some(anchor(8)) };
    assert_eq!(shards::begin_recovery(book, 1, &another_nonce).await.unwrap(), None);
    assert_eq!(shards::begin_recovery(book, 1, &opened).await.unwrap(), Some(Epoch(2)));
    assert_eq!(shards::read(book, 1).await.unwrap(), ShardRow { epoch: Epoch(2), anchor: None });
    assert_eq!(shards::read(book, 0).await.unwrap(), seen, "the others are as they were");
}
