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
            credits::credits_are_numbered_and_idempotent_by_reference
            credits::parallel_credits_count_once
            credits::a_reference_belongs_to_one_account
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
        }
    };
}

pub(crate) use conformance;
