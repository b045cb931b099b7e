//! Asking the book about what is applied, and sending again what it does not have.

use std::sync::Arc;

use syntopen_shared::wire::ledger::{Finish, FinishAnswer, FinishRefused};

use super::table::Question;
use super::{Delivery, park};

/// What the book said.
pub(super) struct Booking {
    /// The numbers that were asked about, and whether it has them.
    pub(super) answers: Vec<(u64, bool)>,
    /// Whether it said anything.
    pub(super) is_there: bool,
}

impl Booking {
    /// Asks. A book that does not answer has nothing, as far as is known.
    pub(super) async fn ask(delivery: Arc<Delivery>, questions: Vec<Question>) -> Self {
        let confirms = questions.iter().map(|question| question.confirm).collect();
        let answers = delivery.ledger.confirm(confirms).await;
        let is_there = answers.is_ok();
        let answers = answers.unwrap_or_else(|_| vec![false; questions.len()]);
        let numbers = questions.into_iter().map(|question| question.number);
        Self { answers: numbers.zip(answers).collect(), is_there }
    }
}

/// Sends applied settlements again; the numbers of those that need not be remembered any more.
pub(super) async fn send_again(delivery: Arc<Delivery>, again: Vec<(u64, Arc<Finish>)>) -> Vec<u64> {
    if again.is_empty() {
        return Vec::new();
    }
    delivery.metrics.settlements_resent.inc_by(u64::try_from(again.len()).unwrap_or(u64::MAX));
    let finishes = again.iter().map(|(_, finish)| Arc::clone(finish)).collect();
    let Ok(answers) = delivery.ledger.finish_again(finishes).await else { return Vec::new() };
    let is_over = |((number, finish), answer): ((u64, Arc<Finish>), FinishAnswer)| match answer {
        Some(Ok(finished)) => finished.booked.then_some(number),
        Some(Err(FinishRefused::Conflict)) => {
            park(&delivery.metrics, &finish);
            Some(number)
        }
        Some(Err(FinishRefused::Frozen)) | None => None,
    };
    again.into_iter().zip(answers).filter_map(is_over).collect()
}
