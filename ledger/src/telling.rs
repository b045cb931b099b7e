//! Telling the hot state what was changed in the book.
//!
//! Whoever changes something tells it before it answers. Where it dies before, or the hot state does not take it, the
//! note that the change left in the book is found by every ledger that looks, which each does all the time.

use std::time::Duration;

use syntopen_shared::id::AccountId;
use syntopen_shared::shutdown::Shutdown;

use crate::book::untold::{self, Subject, Untold};
use crate::book::{balances, credits};
use crate::error::Unavailable;
use crate::ledger::Core;

/// A change that is still noted at the second look is told by whoever looks.
const LOOK_EVERY: Duration = Duration::from_millis(400);
/// Notes that are looked at at once.
const NOTES_MAX: i64 = 256;
/// How often a change is brought to a hot state that does not take it, before it is answered, and how long between.
const TELLS_MAX: usize = 20;
const TELL_AGAIN: Duration = Duration::from_millis(100);
/// How often the hot state is looked at for one account.
const LOOKS_MAX: usize = 4;
/// How many missing credits are fetched at once.
const CREDITS_MAX: i64 = 256;

/// Tells until the shutdown is requested. Any number of ledgers may do so at once: what is told twice is the same.
pub(crate) async fn run(core: &Core, shutdown: &Shutdown) {
    let mut seen = Vec::new();
    loop {
        tokio::select! {
            found = look(core, &seen) => seen = found,
            () = shutdown.requested() => return,
        }
        tokio::select! {
            () = tokio::time::sleep(LOOK_EVERY) => {}
            () = shutdown.requested() => return,
        }
    }
}

/// Tells what was noted before the last look and is noted still.
async fn look(core: &Core, seen: &[Untold]) -> Vec<Untold> {
    // Where the book does not answer, there is nothing to tell.
    let notes = untold::list(core.book.readers(), NOTES_MAX).await.unwrap_or_default();
    for note in notes.iter().filter(|note| seen.contains(note)) {
        let (account, subject) = (note.account, note.subject);
        match core.tell_noted(note).await {
            Ok(()) => tracing::info!(%account, ?subject, "told a change that nobody had told"),
            // The next look finds it again.
            Err(Unavailable) => core.mark(account),
        }
    }
    notes
}

impl Core {
    /// Brings into the hot state what was changed of an account. Until that has it the change is not answered.
    pub(crate) async fn tell(&self, account: AccountId) -> Result<(), Unavailable> {
        for _ in 0..TELLS_MAX {
            if self.tell_once(account).await.is_ok() {
                return Ok(());
            }
            // A shard that is being recovered is open again in a moment.
            self.mark(account);
            tokio::time::sleep(TELL_AGAIN).await;
        }
        Err(Unavailable)
    }

    /// Brings money that came in into the hot state. Booked is booked: what does not get there now does a moment later.
    pub(crate) async fn deliver(&self, account: AccountId) {
        if self.tell_once(account).await.is_err() {
            self.mark(account);
            tracing::warn!(%account, "money is booked and did not reach the hot state yet");
        }
    }

    async fn tell_once(&self, account: AccountId) -> Result<(), Unavailable> {
        for note in untold::of_account(self.book.readers(), account).await? {
            self.tell_noted(&note).await?;
        }
        Ok(())
    }

    /// What is noted is read after the note, so that it is not older.
    async fn tell_noted(&self, note: &Untold) -> Result<(), Unavailable> {
        let changed = match note.subject {
            Subject::Standing => balances::of_account(self.book.readers(), note.account).await?,
            Subject::Key(key) => balances::of_key(self.book.readers(), key).await?,
            Subject::Credits => {
                self.tell_credits(note.account).await?;
                None
            }
        };
        if let Some(seed) = changed {
            self.balances.set_status(&seed).await?;
        }
        Ok(untold::forget(&self.book, note).await?)
    }

    async fn tell_credits(&self, account: AccountId) -> Result<(), Unavailable> {
        let Some(booked) = balances::of_account(self.book.readers(), account).await? else { return Ok(()) };
        for _ in 0..LOOKS_MAX {
            match self.balances.account(account).await? {
                Some(hot) if booked.record.credit_no <= hot.credit_no => return Ok(()),
                Some(hot) => {
                    for credit in credits::after(self.book.readers(), account, hot.credit_no, CREDITS_MAX).await? {
                        self.balances.credit(credit).await?;
                    }
                }
                // Not left to the first touch: a seed that was read before the credit may be on its way.
                None => {
                    let epoch = self.balances.epoch(account).await?;
                    if let Some(seed) = balances::of_account(self.book.readers(), account).await? {
                        self.balances.seed(&seed, epoch).await?;
                    }
                }
            }
        }
        Err(Unavailable)
    }
}
