//! Who is signed in, and how he proves it.

use syntopen_ledger::office::{Answers as _, OfficeError};
use syntopen_shared::id::UserId;
use syntopen_shared::token::{Token, TokenHash};
use syntopen_shared::wire::office::identity::{LookUpViewer, NewSession, SignIn, SignOut, SignUp, SignedIn, Viewer};
use syntopen_shared::wire::office::links::{LookUpLink, Purpose, RequestLink, Requested};
use syntopen_shared::wire::office::provider::{Newcomers, SignInByProvider};
use syntopen_shared::wire::office::second_factor::{
    BeginSecondFactor, ConfirmSecondFactor, Private, SecondFactor, ShowSecondFactor, SubmitCode,
};
use syntopen_shared::wire::office::security::{ChangePassword, RevokeSession, ShowSecurity};
use syntopen_shared::wire::office::{By, Password, Refusal};

use crate::cluster::stage::Stage;
use crate::support::{Bench, connect};

const ADDRESS: &str = "ada@lovelace.example";
const PASSWORD: &str = "correct horse battery";
const MINUTE_MS: i64 = 60_000;
const DAY_MS: i64 = 1_440 * MINUTE_MS;

fn session() -> NewSession {
    NewSession { hash: Token::generate().hash(), address: "10.0.0.1".to_owned(), agent: "a".repeat(1_000) }
}

fn password(text: &str) -> Password {
    Password::new(text.to_owned())
}

pub(super) async fn sign_up(bench: &Bench) -> (Viewer, TokenHash) {
    let session = session();
    let hash = session.hash.clone();
    let sign_up = SignUp { email: ADDRESS.to_uppercase(), password: password(PASSWORD), session };
    bench.ledger.answer(sign_up).await.unwrap();
    (viewer(bench, &hash).await.unwrap(), hash)
}

async fn sign_in(bench: &Bench, secret: &str) -> Result<(SignedIn, TokenHash), OfficeError> {
    let session = session();
    let hash = session.hash.clone();
    let sign_in = SignIn { email: ADDRESS.to_owned(), password: password(secret), session };
    Ok((bench.ledger.answer(sign_in).await?, hash))
}

async fn viewer(bench: &Bench, hash: &TokenHash) -> Option<Viewer> {
    bench.ledger.answer(LookUpViewer { hash: hash.clone() }).await.unwrap()
}

pub(super) fn by(user: UserId) -> By {
    By { user, address: "10.0.0.2".to_owned() }
}

fn refusal<T: std::fmt::Debug>(answer: Result<T, OfficeError>) -> Refusal {
    let Err(OfficeError::Refused(refusal)) = answer else { panic!("{answer:?}") };
    refusal
}

/// The code of the bench's time, and the secret that it is of.
pub(super) fn code(bench: &Bench, secret: &str) -> Private {
    use syntopen_shared::clock::Clock as _;
    let secret = totp_rs::Secret::try_from_base32(secret).unwrap();
    let totp = totp_rs::Builder::new().with_secret(secret).build().unwrap();
    Private::new(totp.generate(u64::try_from(bench.clock.unix_ms() / 1_000).unwrap()).to_string())
}

pub(super) async fn begin_factor(bench: &Bench, user: UserId) -> String {
    bench.ledger.answer(BeginSecondFactor { by: by(user) }).await.unwrap();
    let shown = bench.ledger.answer(ShowSecondFactor { user }).await.unwrap();
    let SecondFactor::Pending { secret, .. } = shown else { panic!("{shown:?}") };
    secret.expose().to_owned()
}

#[tokio::test]
async fn a_session_lasts_thirty_days_and_is_seen_now_and_then() {
    let bench = Bench::with(0).await;
    let (first, hash) = sign_up(&bench).await;
    assert_eq!((first.email.as_str(), first.operator, first.verified), (ADDRESS, false, false));
    let shown = bench.ledger.answer(ShowSecurity { user: first.user }).await.unwrap();
    let begun = shown.sessions[0].clone();
    assert_eq!((begun.agent.len(), begun.address.as_str(), shown.has_password), (300, "10.0.0.1", true));

    bench.clock.advance_ms(5 * MINUTE_MS - 1);
    viewer(&bench, &hash).await.unwrap();
    let seen = async || bench.ledger.answer(ShowSecurity { user: first.user }).await.unwrap().sessions[0].seen_ms;
    assert_eq!(seen().await, begun.created_ms, "not noted again so soon");
    bench.clock.advance_ms(1);
    viewer(&bench, &hash).await.unwrap();
    assert_eq!(seen().await, begun.created_ms + 5 * MINUTE_MS);
    bench.clock.advance_ms(30 * DAY_MS - 5 * MINUTE_MS - 1);
    assert!(viewer(&bench, &hash).await.is_some());
    bench.clock.advance_ms(1);
    assert!(viewer(&bench, &hash).await.is_none());

    sign_in(&bench, PASSWORD).await.unwrap();
    let mut book = connect(bench.dir.path()).await;
    let left = sqlx::query_scalar::<_, i64>("SELECT COUNT(*) FROM sessions").fetch_one(&mut book).await.unwrap();
    assert_eq!(left, 1, "what has ended is removed");
}

#[tokio::test]
async fn what_people_do_to_their_sign_in_is_written_down() {
    let bench = Bench::with(0).await;
    let (ada, hash) = sign_up(&bench).await;
    let (_, other) = sign_in(&bench, PASSWORD).await.unwrap();
    let other_session = viewer(&bench, &other).await.unwrap().session;
    bench.ledger.answer(RevokeSession { by: by(ada.user), session: other_session }).await.unwrap();
    let again = bench.ledger.answer(RevokeSession { by: by(ada.user), session: other_session }).await;
    assert_eq!(refusal(again), Refusal::NotFound);
    let change = ChangePassword {
        by: by(ada.user),
        session: ada.session,
        current: password(PASSWORD),
        new: password("staple battery horse"),
    };
    assert!(!format!("{change:?}").contains("battery"), "{change:?}");
    bench.ledger.answer(change).await.unwrap();
    bench.ledger.answer(SignOut { hash: hash.clone(), address: "10.0.0.3".to_owned() }).await.unwrap();
    bench.ledger.answer(SignOut { hash, address: "10.0.0.3".to_owned() }).await.unwrap();

    let mut book = connect(bench.dir.path()).await;
    let select = "SELECT act || ' ' || address FROM audit_log WHERE who = $1 AND subject = $1 ORDER BY id";
    let acts = sqlx::query_scalar::<_, String>(select).bind(ada.user.to_string()).fetch_all(&mut book).await.unwrap();
    assert_eq!(
        acts,
        [
            "user.sign_up 10.0.0.1",
            "user.sign_in 10.0.0.1",
            "session.revoke 10.0.0.2",
            "user.change_password 10.0.0.2",
            "user.sign_out 10.0.0.3",
        ]
    );
    let all = sqlx::query_scalar::<_, String>("SELECT GROUP_CONCAT(detail) FROM audit_log").fetch_one(&mut book).await;
    let all = all.unwrap();
    assert!(!all.contains("battery") && !all.contains("argon2"), "{all}");
}

#[tokio::test]
async fn a_person_is_signed_in_with_a_hundred_browsers_at_most() {
    let bench = Bench::with(0).await;
    let (ada, hash) = sign_up(&bench).await;
    for _ in 0..100 {
        let person = SignInByProvider {
            issuer: "https://login.example.com".to_owned(),
            subject: "1".to_owned(),
            email: Some("bob@example.com".to_owned()),
            email_verified: true,
            newcomers: Newcomers::Welcome,
            session: session(),
        };
        let SignedIn::Done(bob) = bench.ledger.answer(person).await.unwrap() else { panic!("no second factor") };
        assert_ne!(bob, ada.user);
    }
    let (_, first_of_bob) = (ada, hash);
    assert!(viewer(&bench, &first_of_bob).await.is_some(), "of others nothing ends");
    let mut book = connect(bench.dir.path()).await;
    let count = "SELECT MAX(sessions) FROM (SELECT COUNT(*) AS sessions FROM sessions GROUP BY user_id)";
    let most = sqlx::query_scalar::<_, i64>(count).fetch_one(&mut book).await.unwrap();
    assert_eq!(most, 100);
}

#[tokio::test]
async fn codes_are_good_once_and_never_again() {
    let bench = Bench::with(0).await;
    let (ada, _) = sign_up(&bench).await;
    let secret = begin_factor(&bench, ada.user).await;
    let confirm = ConfirmSecondFactor { by: by(ada.user), session: ada.session, code: code(&bench, &secret) };
    let codes = bench.ledger.answer(confirm.clone()).await.unwrap();
    assert!(!format!("{codes:?}").contains(codes[0].expose()), "they stay out of logs");
    assert!(matches!(refusal(bench.ledger.answer(confirm).await), Refusal::Conflict { .. }));

    let (signed_in, challenge) = sign_in(&bench, PASSWORD).await.unwrap();
    assert_eq!(signed_in, SignedIn::NeedsCode);
    assert!(viewer(&bench, &challenge).await.is_none());
    let submit = |code: Private| SubmitCode { challenge: challenge.clone(), code, session: session() };
    let used = bench.ledger.answer(submit(code(&bench, &secret))).await;
    assert_eq!(refusal(used), Refusal::WrongCredentials, "used for the enrolment");
    bench.clock.advance_ms(30_000);
    let next = code(&bench, &secret);
    assert_eq!(bench.ledger.answer(submit(next.clone())).await.unwrap(), ada.user);
    assert_eq!(refusal(bench.ledger.answer(submit(next.clone())).await), Refusal::NotFound, "the challenge is met");

    let (_, challenge) = sign_in(&bench, PASSWORD).await.unwrap();
    let submit = |code: Private| SubmitCode { challenge: challenge.clone(), code, session: session() };
    assert_eq!(refusal(bench.ledger.answer(submit(next)).await), Refusal::WrongCredentials, "used");
    bench.clock.advance_ms(5 * MINUTE_MS);
    let late = bench.ledger.answer(submit(codes[0].clone())).await;
    assert_eq!(refusal(late), Refusal::NotFound, "five minutes are over");
}

#[tokio::test]
async fn guesses_at_once_are_counted_one_by_one() {
    let bench = std::sync::Arc::new(Bench::with(0).await);
    let (ada, _) = sign_up(&bench).await;
    let secret = begin_factor(&bench, ada.user).await;
    let confirm = ConfirmSecondFactor { by: by(ada.user), session: ada.session, code: code(&bench, &secret) };
    bench.ledger.answer(confirm).await.unwrap();
    bench.clock.advance_ms(30_000);
    let right = code(&bench, &secret);
    let (_, challenge) = sign_in(&bench, PASSWORD).await.unwrap();

    let mut guesses = tokio::task::JoinSet::new();
    for guess in 0..20 {
        let (bench, challenge, right) = (std::sync::Arc::clone(&bench), challenge.clone(), right.clone());
        guesses.spawn(async move {
            let code = if guess < 10 { Private::new(format!("no {guess}")) } else { right };
            bench.ledger.answer(SubmitCode { challenge, code, session: session() }).await.is_ok()
        });
    }
    let succeeded = guesses.join_all().await.into_iter().filter(|is_in| *is_in).count();
    assert!(succeeded <= 1, "{succeeded}");

    // The longest wait; then a right code forgives the wrong ones.
    bench.clock.advance_ms(65 * MINUTE_MS);
    let (_, challenge) = sign_in(&bench, PASSWORD).await.unwrap();
    let forgiven = SubmitCode { challenge, code: code(&bench, &secret), session: session() };
    assert_eq!(bench.ledger.answer(forgiven).await.unwrap(), ada.user);
    let (_, challenge) = sign_in(&bench, PASSWORD).await.unwrap();
    for _ in 0..5 {
        let wrong = SubmitCode { challenge: challenge.clone(), code: Private::new("x".to_owned()), session: session() };
        refusal(bench.ledger.answer(wrong).await);
    }
    bench.clock.advance_ms(30_000 - 1);
    let submit = || SubmitCode { challenge: challenge.clone(), code: code(&bench, &secret), session: session() };
    assert!(matches!(refusal(bench.ledger.answer(submit()).await), Refusal::Conflict { .. }), "too soon");
    bench.clock.advance_ms(1);
    assert_eq!(bench.ledger.answer(submit()).await.unwrap(), ada.user, "after the wait");
}

#[tokio::test]
async fn a_flood_of_passwords_is_answered_to_the_end() {
    let bench = std::sync::Arc::new(Bench::with(0).await);
    sign_up(&bench).await;
    let mut attempts = tokio::task::JoinSet::new();
    for attempt in 0..40 {
        let bench = std::sync::Arc::clone(&bench);
        attempts.spawn(async move {
            let secret = if attempt % 8 == 0 { PASSWORD } else { "wrong password" };
            (attempt % 8 == 0, sign_in(&bench, secret).await)
        });
    }
    for (is_right, answer) in attempts.join_all().await {
        match answer {
            Ok((SignedIn::Done(_), _)) => assert!(is_right),
            Err(OfficeError::Refused(Refusal::WrongCredentials)) => assert!(!is_right),
            Err(OfficeError::Unavailable(_)) => {}
            other => panic!("{other:?}"),
        }
    }
    assert!(sign_in(&bench, PASSWORD).await.is_ok(), "then it goes on");
}

#[tokio::test]
async fn no_session_lasts_that_began_by_the_password_before() {
    let bench = std::sync::Arc::new(Bench::with(0).await);
    let (ada, _) = sign_up(&bench).await;
    let is_changed = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false));
    let mut thieves = tokio::task::JoinSet::new();
    for _ in 0..8 {
        let (bench, is_changed) = (std::sync::Arc::clone(&bench), std::sync::Arc::clone(&is_changed));
        thieves.spawn(async move {
            let mut begun = Vec::new();
            while !is_changed.load(std::sync::atomic::Ordering::SeqCst) {
                begun.extend(sign_in(&bench, PASSWORD).await.ok().map(|(_, hash)| hash));
            }
            begun
        });
    }
    let change = ChangePassword {
        by: by(ada.user),
        session: ada.session,
        current: password(PASSWORD),
        new: password("staple battery horse"),
    };
    bench.ledger.answer(change).await.unwrap();
    is_changed.store(true, std::sync::atomic::Ordering::SeqCst);
    for hash in thieves.join_all().await.concat() {
        assert!(viewer(&bench, &hash).await.is_none());
    }
}

#[tokio::test]
async fn another_password_and_a_second_factor_end_what_was_begun_without() {
    let bench = Bench::with(0).await;
    let (ada, hash) = sign_up(&bench).await;
    let (_, other) = sign_in(&bench, PASSWORD).await.unwrap();
    let secret = begin_factor(&bench, ada.user).await;
    let confirm = ConfirmSecondFactor { by: by(ada.user), session: ada.session, code: code(&bench, &secret) };
    bench.ledger.answer(confirm).await.unwrap();
    assert!(viewer(&bench, &hash).await.is_some());
    assert!(viewer(&bench, &other).await.is_none(), "it was begun without a code");

    let (_, challenge) = sign_in(&bench, PASSWORD).await.unwrap();
    let reset = Token::generate().hash();
    let request = RequestLink { purpose: Purpose::Reset, email: ADDRESS.to_owned(), hash: reset.clone() };
    assert_eq!(bench.ledger.answer(request).await.unwrap(), Requested::Known);
    let change = ChangePassword {
        by: by(ada.user),
        session: ada.session,
        current: password(PASSWORD),
        new: password("staple battery horse"),
    };
    bench.ledger.answer(change).await.unwrap();

    bench.clock.advance_ms(30_000);
    let submit = SubmitCode { challenge, code: code(&bench, &secret), session: session() };
    assert_eq!(refusal(bench.ledger.answer(submit).await), Refusal::NotFound, "a sign-in by the password before");
    let look = LookUpLink { purpose: Purpose::Reset, hash: reset };
    assert_eq!(bench.ledger.answer(look).await.unwrap(), None, "a link from before");
}

#[tokio::test]
async fn what_is_no_address_is_nobodys() {
    let stage = Stage::with(0).await;
    for email in ["ada\0@example.com", "\0", "", "ada", &"a".repeat(100_000)] {
        let sign_in = SignIn { email: email.to_owned(), password: password(PASSWORD), session: session() };
        assert_eq!(refusal(stage.ledger(0).answer(sign_in).await), Refusal::WrongCredentials, "{email:.20?}");
    }
    let person = SignInByProvider {
        issuer: "https://login.example.com".to_owned(),
        subject: "a\0b".to_owned(),
        email: Some("bob@example.com".to_owned()),
        email_verified: true,
        newcomers: Newcomers::Welcome,
        session: session(),
    };
    assert!(matches!(refusal(stage.ledger(0).answer(person).await), Refusal::Conflict { .. }));
}
