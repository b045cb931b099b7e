//! Secrets of second factors, as they stand in the book.

use std::time::{Duration, Instant};

use syntopen_ledger::office::{Answers as _, OfficeError};
use syntopen_ledger::{Ledger, LedgerSettings};
use syntopen_shared::id::UserId;
use syntopen_shared::wire::office::second_factor::{
    ConfirmSecondFactor, RenewRecoveryCodes, SecondFactor, ShowSecondFactor,
};

use super::identity::{begin_factor, by, code, sign_up};
use crate::support::{Bench, connect};

const KEY: &str = "a-key-of-forty-three-characters-and-no-less";

/// The same bench with this key.
async fn with_key(mut bench: Bench, key: Option<&str>) -> Bench {
    bench.ledger.close().await;
    let second_factor_key = key.map(|key| key.parse().unwrap());
    let settings = LedgerSettings { second_factor_key, ..LedgerSettings::new(bench.dir.path().to_owned()) };
    let deadline = Instant::now() + Duration::from_secs(20);
    bench.ledger = loop {
        match Ledger::open(settings.clone(), bench.clock.clone()).await {
            Ok(ledger) => break ledger,
            Err(error) => assert!(Instant::now() < deadline, "{error:#}"),
        }
    };
    bench
}

async fn stored(bench: &Bench, user: UserId) -> String {
    let mut book = connect(bench.dir.path()).await;
    let select = sqlx::query_scalar("SELECT totp_secret FROM users WHERE id = $1").bind(user.to_string());
    select.fetch_one(&mut book).await.unwrap()
}

async fn renew(bench: &Bench, user: UserId, secret: &str) -> Result<(), OfficeError> {
    bench.clock.advance_ms(30_000);
    let renew = RenewRecoveryCodes { by: by(user), code: code(bench, secret) };
    bench.ledger.answer(renew).await.map(drop)
}

#[tokio::test]
async fn a_new_secret_is_sealed_and_good() {
    let bench = with_key(Bench::with(0).await, Some(KEY)).await;
    let viewer = sign_up(&bench).await.0;
    let user = viewer.user;
    let secret = begin_factor(&bench, user).await;
    let sealed = stored(&bench, user).await;
    assert!(sealed.starts_with("sealed:") && !sealed.contains(&secret), "{sealed}");
    let confirm = ConfirmSecondFactor { by: by(user), session: viewer.session, code: code(&bench, &secret) };
    bench.ledger.answer(confirm).await.unwrap();
    renew(&bench, user, &secret).await.unwrap();

    // With another key, or none, nothing is believed; with the right one all is as before.
    let mut bench = bench;
    for wrong in [None, Some("another-key-of-forty-three-characters-or-more")] {
        bench = with_key(bench, wrong).await;
        assert!(matches!(renew(&bench, user, &secret).await, Err(OfficeError::Unavailable(_))), "{wrong:?}");
    }
    let bench = with_key(bench, Some(KEY)).await;
    renew(&bench, user, &secret).await.unwrap();
}

#[tokio::test]
async fn a_secret_of_before_is_read_and_sealed_with_its_next_code() {
    let bench = Bench::with(0).await;
    let viewer = sign_up(&bench).await.0;
    let user = viewer.user;
    let secret = begin_factor(&bench, user).await;
    assert_eq!(stored(&bench, user).await, secret);

    // Also one that waits to be confirmed.
    let bench = with_key(bench, Some(KEY)).await;
    let confirm = ConfirmSecondFactor { by: by(user), session: viewer.session, code: code(&bench, &secret) };
    bench.ledger.answer(confirm).await.unwrap();
    assert_eq!(stored(&bench, user).await, secret);
    renew(&bench, user, &secret).await.unwrap();
    assert!(stored(&bench, user).await.starts_with("sealed:"));
    renew(&bench, user, &secret).await.unwrap();
    let shown = bench.ledger.answer(ShowSecondFactor { user }).await.unwrap();
    assert!(matches!(shown, SecondFactor::On { .. }), "{shown:?}");
}
