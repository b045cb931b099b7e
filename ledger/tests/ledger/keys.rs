//! Keys as the members of an account keep them, over both profiles.

use syntopen_ledger::Ledger;
use syntopen_ledger::office::{Answers as _, OfficeError};
use syntopen_shared::api_key::ApiKey;
use syntopen_shared::id::{AccountId, KeyId, RequestId, UserId};
use syntopen_shared::money::NanoUsd;
use syntopen_shared::token::Token;
use syntopen_shared::wire::admin::{self, AllowedModels, Expiry, ShowAccount};
use syntopen_shared::wire::ledger::{Granted, Hold, HoldRefused, KeyRecord, KeyStatus, SpendLimits};
use syntopen_shared::wire::office::keys::{
    CreateKey, Created, KeyFilter, ListKeys, RevokeKey, RotateKey, ShowKey, UpdateKey,
};
use syntopen_shared::wire::office::paging::Place;
use syntopen_shared::wire::office::{By, Refusal};

use crate::cluster::stage::Stage;
use crate::support::{Bench, EMAIL, usage};

const HOUR_MS: i64 = 3_600_000;

#[tokio::test]
async fn members_keep_their_keys_in_the_embedded_profile() {
    let bench = Bench::with(1_000).await;
    a_life([&bench.ledger, &bench.ledger], bench.account).await;
}

#[tokio::test]
async fn members_keep_their_keys_in_a_cluster() {
    let stage = Stage::with(1_000).await;
    a_life([&stage.ledger(0), &stage.ledger(1)], stage.account).await;
}

fn by(user: UserId) -> By {
    By { user, address: "192.0.2.7".to_owned() }
}

fn create((account, user): (AccountId, UserId), form: &Token) -> CreateKey {
    CreateKey {
        account,
        by: by(user),
        form: form.hash(),
        name: "laptop".to_owned(),
        rpm: 5,
        limits: SpendLimits { total: Some(NanoUsd::new(500)), ..SpendLimits::default() },
        expiry: Expiry::Never,
        models: AllowedModels::Only(vec!["a/b".to_owned()]),
    }
}

async fn made(ledger: &Ledger, command: CreateKey) -> KeyRecord {
    match ledger.answer(command).await.unwrap() {
        Created::Now { plaintext, record } => {
            let key = ApiKey::parse(plaintext.expose()).unwrap();
            assert_eq!(ledger.resolve(key.hash()).await.unwrap(), Some(record.clone()));
            assert!(!format!("{plaintext:?}").contains(&key.expose()[7..]));
            record
        }
        Created::Before(key) => unreachable!("{key} was made before"),
    }
}

async fn hold(ledger: &Ledger, (account, key): (AccountId, KeyId)) -> Result<Granted, HoldRefused> {
    let one = NanoUsd::new(1);
    ledger.hold(Hold { id: RequestId::mint(), account, key, min: one, want: one, usage: usage(0) }).await.unwrap()
}

/// What is done through one ledger is in force with the other at once.
async fn a_life([desk, other]: [&Ledger; 2], account: AccountId) {
    let user = desk.show_account(ShowAccount { email: EMAIL.to_owned() }).await.unwrap().user;
    let (form, of) = (Token::generate(), (account, user));
    let record = made(desk, create(of, &form)).await;
    assert_eq!(other.answer(create(of, &form)).await, Ok(Created::Before(record.key)));
    let key = record.key;
    hold(other, (account, key)).await.unwrap();

    // An expiry, and its end.
    let past = admin::UpdateKey { expiry: Some(Expiry::At(1)), ..admin::UpdateKey::of(key) };
    desk.update_key(past).await.unwrap();
    assert_eq!(hold(other, (account, key)).await, Err(HoldRefused::KeyExpired));
    let rotate = |key, grace_ms, form: &Token| RotateKey { account, by: by(user), form: form.hash(), key, grace_ms };
    let refused = desk.answer(rotate(key, 0, &Token::generate())).await;
    assert!(matches!(refused, Err(OfficeError::Refused(Refusal::Conflict { .. }))), "{refused:?}");
    let change = admin::UpdateKey {
        expiry: Some(Expiry::Never),
        name: Some("desk".to_owned()),
        models: Some(AllowedModels::All),
        ..admin::UpdateKey::of(key)
    };
    let update = |change| UpdateKey { account, by: by(user), change };
    let changed = desk.answer(update(change)).await.unwrap();
    assert_eq!((changed.name.as_str(), changed.allowed_models, changed.rpm), ("desk", None, 5));
    hold(other, (account, key)).await.unwrap();

    // A rotation with a grace, then one without.
    let form = Token::generate();
    let Ok(Created::Now { record: second, .. }) = desk.answer(rotate(key, HOUR_MS, &form)).await else {
        unreachable!("the first rotation makes a key")
    };
    assert_eq!(other.answer(rotate(key, HOUR_MS, &form)).await, Ok(Created::Before(second.key)));
    assert_eq!((second.name.as_str(), second.limits, second.expires_ms), ("desk", record.limits, None));
    assert!(desk.answer(ShowKey { account, key }).await.unwrap().record.expires_ms.is_some());
    hold(other, (account, key)).await.unwrap();
    hold(other, (account, second.key)).await.unwrap();
    let third = desk.answer(rotate(second.key, 0, &Token::generate())).await;
    assert!(matches!(third, Ok(Created::Now { .. })), "{third:?}");
    assert_eq!(hold(other, (account, second.key)).await, Err(HoldRefused::KeyRevoked));
    let forever = desk.answer(rotate(key, 400 * 24 * HOUR_MS, &Token::generate())).await;
    assert!(matches!(forever, Err(OfficeError::Refused(Refusal::Invalid { .. }))), "{forever:?}");

    // The end.
    let revoke = |account| RevokeKey { account, by: by(user), key };
    assert_eq!(desk.answer(revoke(account)).await.unwrap().status, KeyStatus::Revoked);
    assert_eq!(hold(other, (account, key)).await, Err(HoldRefused::KeyRevoked));
    let late = desk.answer(update(admin::UpdateKey { rpm: Some(7), ..admin::UpdateKey::of(key) })).await;
    assert!(matches!(late, Err(OfficeError::Refused(Refusal::Conflict { .. }))), "{late:?}");

    // Nothing of it is another account's.
    let stranger = AccountId::mint();
    let nothing = OfficeError::Refused(Refusal::NotFound);
    assert_eq!(desk.answer(ShowKey { account: stranger, key }).await.unwrap_err(), nothing);
    assert_eq!(desk.answer(revoke(stranger)).await.unwrap_err(), nothing);
    let foreign =
        UpdateKey { account: stranger, ..update(admin::UpdateKey { rpm: Some(7), ..admin::UpdateKey::of(key) }) };
    assert_eq!(desk.answer(foreign).await.unwrap_err(), nothing);
    let foreign = RotateKey { account: stranger, ..rotate(key, 0, &Token::generate()) };
    assert_eq!(desk.answer(foreign).await.unwrap_err(), nothing);
    let former = RevokeKey { by: by(UserId::mint()), ..revoke(account) };
    assert_eq!(desk.answer(former).await.unwrap_err(), nothing, "whoever is no member any more");
    let former = create((account, UserId::mint()), &Token::generate());
    assert_eq!(desk.answer(former).await.unwrap_err(), nothing);
    let (filter, place) = (KeyFilter::All, Place::First);
    let theirs = desk.answer(ListKeys { account: stranger, filter, place }).await.unwrap();
    assert!(theirs.keys.rows.is_empty() && !theirs.has_any);
    let ours = desk.answer(ListKeys { account, filter: KeyFilter::Active, place }).await.unwrap();
    assert_eq!(ours.keys.rows.len(), 2, "the first of the account and the last: {ours:?}");
}
