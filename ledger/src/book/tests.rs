//! The conformance suite of the book: listed once, applied to every database.

mod fixture;
mod postgres;
mod random;
mod sqlite;
mod suite;

/// Applies every test of the suite to the database that `$setup` makes.
macro_rules! conformance {
    ($setup:path: $($part:ident::$test:ident)*) => {$(
        #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn $test() {
            let database = $setup().await;
            crate::book::tests::suite::$part::$test(&database).await;
        }
    )*};
    ($setup:path) => {
        conformance! { $setup:
            administration::accounts_are_found_by_email
            administration::keys_are_found_changed_and_revoked
            administration::lists_go_on_where_they_stopped
            keys::lists_show_an_accounts_own_keys
            keys::a_form_makes_one_key
            keys::settlements_note_the_last_use
            credits::credits_are_numbered_and_idempotent_by_reference
            credits::parallel_credits_count_once
            credits::a_reference_belongs_to_one_account
            payments::payments_are_booked_once_in_every_order
            payments::payments_are_booked_once_by_many_at_once
            payments::what_does_not_fit_is_kept
            payments::a_refund_may_overdraw
            payments::refunds_may_be_known_by_their_sum_alone
            payments::what_was_credited_by_hand_goes_back_too
            payments::what_a_closed_account_is_paid_is_kept
            people::a_link_is_of_one_purpose_and_used_once
            people::an_invitation_is_of_one_account_and_used_once
            people::members_come_and_go
            people::an_alert_is_claimed_by_one_and_sent_once
            people::an_account_is_closed_for_good
            identities::sessions_begin_are_seen_and_end
            identities::sessions_end_in_numbers
            identities::passwords_change_only_from_what_they_were
            identities::second_factors_are_confirmed_and_their_codes_used_up
            identities::challenges_are_met_once_and_in_time
            identities::providers_know_people_by_issuer_and_subject
            identities::the_audit_log_tells_who_and_from_where
            lists::transfers_go_on_and_back
            lists::invitations_go_on_and_back
            lists::unmatched_events_go_on_and_back
            operator::accounts_are_found_by_address_id_and_key
            operator::the_audit_log_is_filtered_and_goes_on_and_back
            operator::what_was_charged_is_summed_of_the_account_alone
            operator::gateways_are_seen_until_they_are_gone
            operator::reconciliations_are_kept
            untold::changes_are_noted_until_they_are_told
            shards::shards_are_made_once
            shards::every_recovery_has_an_epoch_of_its_own
            stream::a_stream_is_booked_by_differences_of_totals
            stream::ends_of_booked_requests_change_nothing
            stream::another_amount_than_applied_unsets_the_anchor
            stream::a_row_that_moved_on_fences
            stream::one_of_two_drainers_books
            stream::survivors_are_booked_with_their_marker
            stream::the_book_confirms_totals
            stream::charges_and_credits_meet_on_one_account
            usage::pages_have_each_request_once_by_every_filter
            usage::a_request_is_told_as_it_was_booked
            usage::sums_survive_the_requests_they_are_of
            usage::a_removed_request_is_not_charged_again
        }
    };
}

pub(crate) use conformance;
