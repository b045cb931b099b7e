use proptest::prelude::*;

use super::*;

const SECOND: i64 = 1_000_000;
const LIMITS: Limits = Limits { attempts: 10, deadline_us: 60 * SECOND };

fn error(kind: UpstreamErrorKind, status: impl Into<Option<u16>>) -> UpstreamError {
    UpstreamError { status: status.into(), ..UpstreamError::new(kind, "") }
}

const fn at(now_us: i64, chance: f64) -> Moment {
    Moment { now_us, chance }
}

/// Tries and fails until the plan gives up: which ways were tried, and when.
fn tried(plan: &mut Plan, again: impl Fn(usize) -> Again) -> Vec<(usize, i64)> {
    let (mut now_us, mut tried) = (0, Vec::new());
    loop {
        match plan.next(now_us) {
            Next::Stop => return tried,
            Next::Wait(wait) => now_us += micros(wait),
            Next::Try(way) => {
                plan.begun();
                tried.push((way, now_us));
                plan.failed(way, again(way), at(now_us, 0.0));
            }
        }
    }
}

#[test]
fn what_may_help_after_a_failure() {
    use UpstreamErrorKind as Kind;
    let later = Again::Later(None);
    for (failure, expected) in [
        (error(Kind::BadRequest, 400), Again::Nowhere),
        (error(Kind::Unavailable, None), later),
        (error(Kind::Timeout, 408), later),
        (error(Kind::Failed, 409), later),
        (error(Kind::RateLimited, 429), later),
        (error(Kind::Failed, 500), later),
        (error(Kind::Overloaded, 503), later),
        (error(Kind::Overloaded, 529), later),
        (error(Kind::Timeout, None), Again::Elsewhere),
        (error(Kind::Failed, 200), Again::Elsewhere),
        (error(Kind::Truncated, None), Again::Elsewhere),
        (error(Kind::Unusable, None), Again::Elsewhere),
        (error(Kind::NotFound, 404), Again::Elsewhere),
        (error(Kind::Credential, 401), Again::Elsewhere),
        (error(Kind::Billing, 402), Again::Elsewhere),
    ] {
        assert_eq!(Again::after(&failure, Siblings::None), expected, "{failure:?}");
        let about_credential = matches!(failure.kind, Kind::Credential | Kind::Billing | Kind::RateLimited);
        let expected = if about_credential { Again::OtherCredential } else { expected };
        assert_eq!(Again::after(&failure, Siblings::Ready), expected, "{failure:?}");
    }
    let asked = UpstreamError { retry_after_ms: Some(1_500), ..error(Kind::RateLimited, 429) };
    assert_eq!(Again::after(&asked, Siblings::None), Again::Later(Some(Duration::from_millis(1_500))));
}

#[test]
fn another_way_is_tried_at_once_and_the_same_after_a_wait_that_doubles() {
    let mut plan = Plan::new(2, Limits { attempts: 7, ..LIMITS });
    let expected = [
        (0, 0),
        (1, 0),
        (0, SECOND / 5),
        (1, SECOND / 5),
        (0, SECOND * 3 / 5),
        (1, SECOND * 3 / 5),
        (0, SECOND * 7 / 5),
    ];
    assert_eq!(tried(&mut plan, |_| Again::Later(None)), expected);
    assert_eq!(plan.attempts(), 7);
}

#[test]
fn a_wait_that_was_asked_for_is_kept_and_one_that_is_too_long_is_not_waited_for() {
    let ask = |seconds| Again::Later(Some(Duration::from_secs(seconds)));
    let mut plan = Plan::new(1, Limits { attempts: 3, ..LIMITS });
    assert_eq!(tried(&mut plan, |_| ask(3)), [(0, 0), (0, 3 * SECOND), (0, 6 * SECOND)]);
    let mut plan = Plan::new(2, LIMITS);
    assert_eq!(tried(&mut plan, |way| if way == 0 { ask(6) } else { Again::Elsewhere }), [(0, 0), (1, 0)]);
}

#[test]
fn a_wrong_request_is_not_tried_again_and_a_way_of_no_use_neither() {
    let mut plan = Plan::new(3, LIMITS);
    assert_eq!(tried(&mut plan, |way| if way == 0 { Again::Elsewhere } else { Again::Nowhere }), [(0, 0), (1, 0)]);
    let mut plan = Plan::new(2, LIMITS);
    plan.leave_out(0);
    assert_eq!(tried(&mut plan, |_| Again::Elsewhere), [(1, 0)]);
}

#[test]
fn another_credential_is_tried_at_once_before_another_way() {
    let mut plan = Plan::new(2, LIMITS);
    plan.begun();
    plan.refuse(0, 0);
    plan.failed(0, Again::OtherCredential, at(0, 0.0));
    assert_eq!(plan.next(0), Next::Try(0));
    assert!(plan.refused(0).has(0) && !plan.refused(0).has(1));
    plan.failed(0, Again::Later(None), at(0, 0.0));
    assert_eq!(plan.next(0), Next::Try(1));
    assert_eq!(plan.refused(0), Refused::default(), "after a wait they may be asked again");
}

#[test]
fn nothing_begins_at_the_deadline() {
    let mut plan = Plan::new(1, Limits { deadline_us: SECOND / 5, ..LIMITS });
    plan.failed(0, Again::Later(None), at(0, 0.0));
    assert_eq!(plan.next(0), Next::Stop, "the wait would pass the deadline");
    let mut plan = Plan::new(1, Limits { deadline_us: SECOND / 5 + 1, ..LIMITS });
    plan.failed(0, Again::Later(None), at(0, 0.0));
    assert_eq!(plan.next(0), Next::Wait(Duration::from_millis(200)));
    assert_eq!(Plan::new(1, LIMITS).next(LIMITS.deadline_us), Next::Stop);
}

fn again() -> impl Strategy<Value = Again> {
    prop_oneof![
        1 => Just(Again::Elsewhere),
        1 => Just(Again::OtherCredential),
        4 => Just(Again::Later(None)),
        2 => (0_u64..8_000).prop_map(|ms| Again::Later(Some(Duration::from_millis(ms)))),
    ]
}

proptest! {
    #[test]
    fn no_plan_passes_its_bounds(
        ways in 1_usize..6,
        attempts in 1_u32..9,
        deadline_us in 0..20 * SECOND,
        fates in prop::collection::vec((again(), 0.0..=1.0, 0..3 * SECOND), 16),
    ) {
        let mut plan = Plan::new(ways, Limits { attempts, deadline_us });
        let (mut now_us, mut calls, mut fates) = (0, 0, fates.into_iter().cycle());
        let mut left_alone_until = vec![i64::MIN; ways];
        loop {
            match plan.next(now_us) {
                Next::Stop => break,
                Next::Wait(wait) => {
                    prop_assert!(wait > Duration::ZERO && wait <= BACKOFF_MAX.mul_f64(1.25));
                    now_us += micros(wait);
                    prop_assert!(now_us < deadline_us);
                }
                Next::Try(way) => {
                    prop_assert!(now_us < deadline_us && left_alone_until[way] <= now_us);
                    plan.begun();
                    calls += 1;
                    let (again, chance, took_us) = fates.next().unwrap();
                    now_us += took_us;
                    plan.failed(way, again, at(now_us, chance));
                    left_alone_until[way] = match again {
                        Again::Later(Some(asked)) if BACKOFF_MAX < asked => i64::MAX,
                        Again::Later(Some(asked)) => now_us + micros(asked),
                        Again::Later(None) => now_us + micros(BACKOFF_FIRST) / 2,
                        Again::OtherCredential => i64::MIN,
                        Again::Elsewhere | Again::Nowhere => i64::MAX,
                    };
                }
            }
        }
        prop_assert!(calls <= attempts && plan.attempts() == calls);
    }
}
