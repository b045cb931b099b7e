//! What an account used.

use syntopen_shared::clock::{utc_day, utc_month};
use syntopen_shared::id::RequestId;
use syntopen_shared::wire::office::Refusal;
use syntopen_shared::wire::office::paging::Slice;
use syntopen_shared::wire::office::usage::{
    Choices, DAYS_MAX, ListChoices, ListRequests, Overview, Request, RequestDetails, ShowOverview, ShowRequest,
};

use super::{Handle, OfficeError};
use crate::book::{days, requests};
use crate::ledger::Core;

/// Keys that are offered as filters at most.
const KEYS_MAX: i64 = 1_000;

impl Handle<ShowOverview> for Core {
    async fn handle(&self, command: ShowOverview) -> Result<Overview, OfficeError> {
        let (account, readers) = (command.account, self.book.readers());
        let balance = self.balance(account).await?;
        let day = utc_day(self.clock.unix_ms());
        let first = day + 1 - i64::from(command.days.clamp(1, DAYS_MAX));
        Ok(Overview {
            balance: balance.posted,
            held: balance.held,
            today: days::spent(readers, (account, day)).await?,
            month: days::spent(readers, (account, first_of_month(day))).await?,
            is_used: days::are_any(readers, account).await?,
            day,
            sums: days::since(readers, (account, first)).await?,
        })
    }
}

impl Handle<ListRequests> for Core {
    async fn handle(&self, command: ListRequests) -> Result<Slice<Request, RequestId>, OfficeError> {
        Ok(requests::page(self.book.readers(), &command).await?)
    }
}

impl Handle<ShowRequest> for Core {
    async fn handle(&self, command: ShowRequest) -> Result<RequestDetails, OfficeError> {
        let (of, readers) = ((command.account, command.id), self.book.readers());
        let request = requests::one(readers, of).await?.ok_or(Refusal::NotFound)?;
        Ok(RequestDetails { request, transfers: requests::transfers(readers, of).await? })
    }
}

impl Handle<ListChoices> for Core {
    async fn handle(&self, command: ListChoices) -> Result<Choices, OfficeError> {
        let readers = self.book.readers();
        let keys = requests::keys(readers, (command.account, KEYS_MAX)).await?;
        Ok(Choices { keys, models: days::models(readers, command.account).await? })
    }
}

fn first_of_month(day: i64) -> i64 {
    let is_of_month = |earlier: &i64| utc_month(*earlier) == utc_month(day);
    (0..31).map(|back| day - back).take_while(is_of_month).last().unwrap_or(day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn months_begin() {
        let day = |unix_s: i64| unix_s / 86_400;
        // 2026-12-01, 2026-12-31 and 2026-11-30.
        assert_eq!(first_of_month(day(1_796_083_200)), day(1_796_083_200));
        assert_eq!(first_of_month(day(1_798_675_200)), day(1_796_083_200));
        assert_eq!(first_of_month(day(1_795_996_800)), day(1_793_491_200));
    }
}
