//! What every backend promises.

use syntopen_shared::clock::ManualClock;

use super::script::{Backend, run};

/// The bound of the journal under test.
pub(super) const JOURNAL_MAX: usize = 20;

pub(super) async fn holds_reserve_and_settle_once(balances: &dyn Backend, clock: &ManualClock) {
    run(
        balances,
        clock,
        "hold H1 A 60 60    = unseeded
         account A 100
         hold H1 A 60 60    = ok 60
         balance A          = 100 held 60
         hold H2 A 60 60    = insufficient_balance
         hold H3 A 40 40    = ok 40
         settle H1 A 25     = ok
         balance A          = 75 held 40
         release H3 A       = ok
         balance A          = 75 held 0
         book               = 25 0",
    )
    .await;
}

pub(super) async fn grants_between_minimum_and_half_of_what_is_available(balances: &dyn Backend, clock: &ManualClock) {
    run(
        balances,
        clock,
        "account A 100
         hold H1 A 10 1000  = ok 50
         hold H2 A 10 20    = ok 20
         hold H3 A 20 1000  = ok 20
         hold H4 A 11 1000  = insufficient_balance
         balance A          = 100 held 90
         seed B/K 100 total:30 day:40
         hold H5 B/K 5 1000 = ok 30
         hold H6 B/K 1 1000 = key_budget_exceeded
         release H5 B/K     = ok
         hold H7 B/K 31 50  = key_budget_exceeded
         hold H8 B/K 0 20   = ok 20",
    )
    .await;
}

pub(super) async fn refuses_by_name(balances: &dyn Backend, clock: &ManualClock) {
    run(
        balances,
        clock,
        "account A 100
         seed A/gone 100 key:revoked
         seed A/brief 100 expires_in:10
         seed C 100 account:suspended
         hold H1 A/gone 1 1   = key_revoked
         hold H2 A/brief 1 1  = ok 1
         tick 10
         hold H3 A/brief 1 1  = key_expired
         hold H4 C 1 1        = account_suspended
         hold H5 A/gone 0 0   = key_revoked
         hold H7 A -1 5       = conflict
         hold H8 A 5 4        = conflict
         balance A            = 100 held 1",
    )
    .await;
}

pub(super) async fn free_requests_skip_funds_and_limits_but_not_status(balances: &dyn Backend, clock: &ManualClock) {
    run(
        balances,
        clock,
        "seed A -5 total:0
         hold H1 A 0 0      = ok 0
         settle H1 A 0      = ok
         hold H2 A 0 5      = insufficient_balance
         balance A          = -5 held 0
         book               = 0",
    )
    .await;
}

pub(super) async fn replays_are_answered_as_before(balances: &dyn Backend, clock: &ManualClock) {
    run(
        balances,
        clock,
        "account A 100
         hold H1 A 10 80    = ok 50
         hold H1 A 10 80    = ok 50
         hold H1 A 10 70    = conflict
         settle H1 A 30     = ok
         settle H1 A 30     = ok
         settle H1 A 31     = conflict
         release H1 A       = conflict
         expire H1 A        = ok
         hold H1 A 10 80    = finished
         checkpoint H1 A 50 99 = ended
         hold H2 A 10 10    = ok 10
         release H2 A       = ok
         release H2 A       = ok
         settle H2 A 0      = conflict
         balance A          = 70 held 0
         book               = 30 0
         settle H1 A 30     = ok
         book               =",
    )
    .await;
}

pub(super) async fn a_release_overtakes_its_hold(balances: &dyn Backend, clock: &ManualClock) {
    run(
        balances,
        clock,
        "account A 100
         give_up H1 A            = ok
         hold H1 A 10 10         = finished
         checkpoint H1 A 10 1    = ended
         settle H1 A 5           = conflict
         balance A               = 100 held 0
         book                    = 0",
    )
    .await;
}

pub(super) async fn expiry_charges_the_last_checkpoint(balances: &dyn Backend, clock: &ManualClock) {
    run(
        balances,
        clock,
        "account A 100
         hold H1 A 50 50       = ok 50
         hold H2 A 20 20       = ok 20
         tick 59
         expire H1 A           = alive
         sweep                 = 0
         checkpoint H1 A 50 12 = ok
         checkpoint H1 A 50 7  = ok
         tick 1
         sweep                 = 1
         balance A             = 100 held 50
         tick 59
         sweep                 = 1
         balance A             = 88 held 0
         sweep                 = 0
         expire H1 A           = ok
         book                  = 0 12",
    )
    .await;
}

pub(super) async fn a_late_settlement_posts_the_difference(balances: &dyn Backend, clock: &ManualClock) {
    run(
        balances,
        clock,
        "account A 100
         hold H1 A 50 50       = ok 50
         checkpoint H1 A 50 12 = ok
         hold H2 A 10 10       = ok 10
         checkpoint H2 A 10 9  = ok
         tick 60
         sweep                 = 2
         settle H1 A 30        = ok
         settle H1 A 30        = ok
         settle H1 A 31        = conflict
         settle H2 A 4         = ok
         balance A             = 61 held 0",
    )
    .await;
}

pub(super) async fn a_charge_may_exceed_its_hold(balances: &dyn Backend, clock: &ManualClock) {
    run(
        balances,
        clock,
        "account A 10
         hold H1 A 10 10    = ok 10
         settle H1 A 17     = ok
         balance A          = -7 held 0
         hold H2 A 1 1      = insufficient_balance
         hold H3 A 0 0      = ok 0
         settle H3 A -1     = conflict
         balance A          = -7 held 0",
    )
    .await;
}

pub(super) async fn unknown_requests_go_by_the_book(balances: &dyn Backend, clock: &ManualClock) {
    run(
        balances,
        clock,
        "unknown settle H1 A 5                = unseeded
         account A 100
         settle H1 A 5                        = unknown
         unknown settle H1 A 5                = ok
         settle H1 A 5                        = ok
         balance A                            = 95 held 0
         unknown settle H2 A 20 expired 5     = ok
         balance A                            = 80 held 0
         unknown settle H3 A 20 settled 20    = ok
         unknown settle H4 A 21 settled 20    = conflict
         unknown settle H5 A 20 released 0    = conflict
         unknown release H6 A 0 settled 20    = conflict
         unknown release H7 A 0 released 0    = ok
         balance A                            = 80 held 0
         book                                 = 5 15",
    )
    .await;
}

pub(super) async fn checkpoints_put_back_lost_holds(balances: &dyn Backend, clock: &ManualClock) {
    run(
        balances,
        clock,
        "put_back H1 A 40 5    = unseeded
         account A 30
         checkpoint H1 A 40 5  = unknown
         put_back H1 A 40 5    = ok
         balance A             = 30 held 40
         hold H1 A 40 40       = ok 40
         hold H1 A 41 50       = conflict
         put_back H1 A 40 6    = ok
         settle H1 A 8         = ok
         put_back H1 A 40 9    = ended
         balance A             = 22 held 0",
    )
    .await;
}

pub(super) async fn limits_follow_utc_days_and_months(balances: &dyn Backend, clock: &ManualClock) {
    run(
        balances,
        clock,
        "seed A/K 1000 day:100 month:150 total:250
         hold H1 A/K 100 100   = ok 100
         hold H2 A/K 1 1       = key_budget_exceeded
         settle H1 A/K 100     = ok
         spent A/K             = 100 100 100
         tick 3599
         hold H2 A/K 1 1       = key_budget_exceeded
         tick 1
         spent A/K             = 0 0 100
         hold H3 A/K 90 90     = ok 90
         settle H3 A/K 90      = ok
         tick 86400
         spent A/K             = 0 90 190
         hold H4 A/K 61 61     = key_budget_exceeded
         hold H4 A/K 1 100     = ok 60
         settle H4 A/K 60      = ok
         tick 2592000
         hold H5 A/K 1 1       = key_budget_exceeded
         spent A/K             = 0 0 250",
    )
    .await;
}

pub(super) async fn credits_are_numbered(balances: &dyn Backend, clock: &ManualClock) {
    run(
        balances,
        clock,
        "credit A 1 50     = unseeded
         account A 100
         credit A 1 50     = ok
         credit A 3 7      = gap after 1
         credit A 2 50     = ok
         credit A 2 50     = ok
         credit A 3 -20    = ok
         balance A         = 130 held 0",
    )
    .await;
}

pub(super) async fn status_goes_by_version(balances: &dyn Backend, clock: &ManualClock) {
    run(
        balances,
        clock,
        "account A 100
         seed A 500 version:2 key:revoked
         hold H1 A 1 1      = key_revoked
         seed A 500 version:1
         hold H1 A 1 1      = key_revoked
         balance A          = 100 held 0",
    )
    .await;
}

pub(super) async fn a_full_journal_refuses_holds_and_never_finishes(balances: &dyn Backend, clock: &ManualClock) {
    let mut script = "account A 100\nhold H A 1 1 = ok 1\n".to_owned();
    for request in 0..JOURNAL_MAX {
        script += &format!("hold R{request} A 1 1 = ok 1\nsettle R{request} A 1 = ok\n");
    }
    script += "hold late A 1 1 = backlog_full
        hold H A 1 1 = ok 1
        hold R0 A 1 1 = finished
        settle H A 1 = ok
        balance A = 79 held 0
        book = 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1
        hold late A 1 1 = ok 1";
    run(balances, clock, &script).await;
}

pub(super) async fn a_status_is_heard_before_the_record(balances: &dyn Backend, clock: &ManualClock) {
    run(
        balances,
        clock,
        "status A 100 version:2 key:revoked
         hold H1 A 1 1      = key_revoked
         hold H1 A 5 4      = conflict
         seed A 100 version:1
         hold H1 A 1 1      = key_revoked
         balance A          = 100 held 0
         status A 100 version:1
         hold H1 A 1 1      = key_revoked
         status A 100 version:3 total:7
         hold H1 A 8 8      = key_budget_exceeded
         hold H1 A 7 7      = ok 7
         status A 100 version:4 total:7 account:suspended
         hold H2 A 0 0      = account_suspended
         settle H1 A 7      = ok
         balance A          = 93 held 0",
    )
    .await;
}

pub(super) async fn amounts_stop_below_two_to_the_53(balances: &dyn Backend, clock: &ManualClock) {
    run(
        balances,
        clock,
        "account A 9007199254740991
         hold H1 A 9007199254740991 9007199254740991 = ok 9007199254740991
         hold H2 A 1 9007199254740992         = conflict
         balance A                            = 9007199254740991 held 9007199254740991
         settle H1 A 9007199254740992         = conflict
         settle H1 A 9007199254740990         = ok
         balance A                            = 1 held 0
         hold H3 A 0 0                        = ok 0
         settle H3 A 9007199254740991         = ok
         balance A                            = -9007199254740990 held 0
         hold H4 A 0 0                        = ok 0
         settle H4 A 2                        = conflict
         balance A                            = -9007199254740990 held 0
         settle H4 A 1                        = ok
         credit A 2 9007199254740991          = ok
         balance A                            = 0 held 0
         book                                 = 9007199254740990 9007199254740991 1",
    )
    .await;
}
