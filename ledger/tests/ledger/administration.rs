//! Accounts, credits and keys.

use syntopen_ledger::AdminError;
use syntopen_shared::api_key::ApiKey;
use syntopen_shared::id::{KeyId, RequestId};
use syntopen_shared::money::NanoUsd;
use syntopen_shared::wire::admin::{CreateAccount, CreditAccount, CreditClass, ListKeys, RevokeKey, ShowAccount};
use syntopen_shared::wire::ledger::{HoldRefused, KeyStatus, SpendLimits};

use crate::support::{Bench, EMAIL, create_key, credit_command};

#[tokio::test]
async fn addresses_are_unique_without_regard_to_case() {
    let bench = Bench::with(0).await;
    let create = |email: &str, password: Option<&str>| {
        let password = password.map(str::to_owned);
        bench.ledger.create_account(CreateAccount { email: email.to_owned(), password, operator: true })
    };

    assert!(matches!(create("ADA@Example.com", None).await, Err(AdminError::Conflict(_))));
    for wrong in ["", "ada", "@b", "a@", "a@b@c", "a b@c", "a@b\n"] {
        assert!(matches!(create(wrong, None).await, Err(AdminError::Invalid(_))), "{wrong}");
    }
    assert!(matches!(create("b@c", Some("short")).await, Err(AdminError::Invalid(_))));
    let created = create("Bob@C", Some("long enough")).await.unwrap();
    assert_eq!((created.email.as_str(), created.operator), ("bob@c", true));
    let shown = bench.ledger.show_account(ShowAccount { email: "BOB@c".to_owned() }).await.unwrap();
    assert_eq!(shown, created);
    let unknown = bench.ledger.show_account(ShowAccount { email: "no@one".to_owned() }).await;
    assert!(matches!(unknown, Err(AdminError::NotFound(_))));
}

#[tokio::test]
async fn credits_are_idempotent_by_reference() {
    let bench = Bench::with(0).await;
    let id = RequestId::mint();
    bench.hold(id, 0).await.unwrap();

    let first = bench.ledger.credit_account(credit_command(100, "invoice 1")).await.unwrap();
    let again = bench.ledger.credit_account(credit_command(100, "invoice 1")).await.unwrap();

    assert_eq!(first, again);
    assert_eq!(bench.balance().await, (100, 0));
    let other = bench.ledger.credit_account(credit_command(101, "invoice 1")).await;
    assert!(matches!(other, Err(AdminError::Conflict(_))));
    let unnamed = CreditAccount { reference: None, ..credit_command(1, "") };
    bench.ledger.credit_account(unnamed.clone()).await.unwrap();
    bench.ledger.credit_account(unnamed).await.unwrap();
    bench.credit(-2, "correction").await;
    assert_eq!(bench.balance().await, (100, 0));
    bench.assert_no_drift().await;
    bench.reopened().await.assert_no_drift().await;
}

#[tokio::test]
async fn absurd_credits_are_refused() {
    let bench = Bench::with(100).await;
    let wrong = [
        credit_command(0, "zero"),
        CreditAccount { class: CreditClass::Grant, ..credit_command(-1, "negative") },
        credit_command(1, ""),
        credit_command(NanoUsd::MAX.nanos() + 1, "too large"),
        credit_command(NanoUsd::MAX.nanos(), "too large together"),
    ];

    for command in wrong {
        let refused = bench.ledger.credit_account(command.clone()).await;
        assert!(matches!(refused, Err(AdminError::Invalid(_))), "{command:?}");
    }
    assert_eq!(bench.balance().await, (100, 0));
}

#[tokio::test]
async fn concurrent_credits_all_arrive() {
    let bench = std::sync::Arc::new(Bench::with(0).await);
    let mut credits = tokio::task::JoinSet::new();
    for number in 0..50 {
        let bench = std::sync::Arc::clone(&bench);
        credits.spawn(async move {
            bench.credit(10, &format!("credit {number}")).await;
            let _refused_or_not = bench.hold(RequestId::mint(), 0).await;
        });
    }
    credits.join_all().await;

    assert_eq!(bench.balance().await, (500, 0));
    bench.assert_no_drift().await;
}

#[tokio::test]
async fn keys_resolve_until_they_are_revoked() {
    let bench = Bench::with(100).await;
    let limits = SpendLimits { total: Some(NanoUsd::new(5)), ..SpendLimits::default() };
    let mut command = create_key(limits);
    command.allowed_models = Some(vec!["a/b".to_owned()]);
    let created = bench.ledger.create_key(command).await.unwrap();
    let hash = ApiKey::parse(&created.api_key).unwrap().hash();

    assert_eq!(bench.ledger.resolve(hash).await.unwrap().as_ref(), Some(&created.record));
    assert_eq!(bench.ledger.resolve(ApiKey::generate().hash()).await.unwrap(), None);
    assert!(created.api_key.starts_with(created.record.prefix.trim_end_matches('…')));
    let bench = Bench { key: created.record.key, ..bench };
    bench.hold(RequestId::mint(), 1).await.unwrap();

    let revoked = bench.ledger.revoke_key(RevokeKey { key: bench.key }).await.unwrap();
    assert_eq!((revoked.status, revoked.version), (KeyStatus::Revoked, 2));
    assert_eq!(bench.hold(RequestId::mint(), 1).await, Err(HoldRefused::KeyRevoked));
    assert_eq!(bench.ledger.revoke_key(RevokeKey { key: bench.key }).await.unwrap(), revoked);
    assert_eq!(bench.ledger.refresh(&[bench.key, KeyId::mint()]).await.unwrap(), std::slice::from_ref(&revoked));
    let listed = bench.ledger.list_keys(ListKeys { email: EMAIL.to_owned() }).await.unwrap().keys;
    assert_eq!((listed.len(), &listed[0]), (2, &revoked));
    let unknown = bench.ledger.revoke_key(RevokeKey { key: KeyId::mint() }).await;
    assert!(matches!(unknown, Err(AdminError::NotFound(_))));
}

#[tokio::test]
async fn a_key_that_memory_has_never_seen_is_revoked_too() {
    let bench = Bench::with(100).await.reopened().await;

    bench.ledger.revoke_key(RevokeKey { key: bench.key }).await.unwrap();

    assert_eq!(bench.hold(RequestId::mint(), 1).await, Err(HoldRefused::KeyRevoked));
    assert_eq!(bench.reopened().await.hold(RequestId::mint(), 1).await, Err(HoldRefused::KeyRevoked));
}

#[tokio::test]
async fn absurd_keys_are_refused() {
    let bench = Bench::with(0).await;
    let right = || create_key(SpendLimits::default());
    let mut wrong = vec![right(), right(), right(), right(), right()];
    wrong[0].name = String::new();
    wrong[1].name = "x".repeat(101);
    wrong[2].rpm = 1_000_001;
    wrong[3].limits.day = Some(NanoUsd::new(-1));
    wrong[4].allowed_models = Some(vec![String::new()]);

    for command in wrong {
        assert!(matches!(bench.ledger.create_key(command).await, Err(AdminError::Invalid(_))));
    }
}
