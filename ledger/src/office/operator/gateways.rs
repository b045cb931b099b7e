//! What gateways tell of themselves.

use syntopen_shared::clock::utc_day;
use syntopen_shared::wire::office::Refusal;
use syntopen_shared::wire::office::operator::gateways::{
    Earned, Gateways, LookAtEarnings, LookAtGateways, ReportGateway,
};

use crate::book::{earnings, gateways};
use crate::ledger::Core;
use crate::office::{Handle, OfficeError};

/// A gateway that was not heard for so long is gone.
const GONE_MS: i64 = 180_000;
/// More upstreams than any catalog has.
const UPSTREAMS_MAX: usize = 1_000;

impl Handle<ReportGateway> for Core {
    async fn handle(&self, report: ReportGateway) -> Result<(), OfficeError> {
        if UPSTREAMS_MAX < report.upstreams.len() {
            return Err(Refusal::invalid("upstreams", format!("must be at most {UPSTREAMS_MAX}")).into());
        }
        let now_ms = self.clock.unix_ms();
        let mut writer = self.book.writer().await;
        // The next one comes in a few seconds: none of them is worth a write through to the disk.
        let mut transaction = writer.begin_charges().await?;
        gateways::put(&mut transaction, &report, (now_ms, now_ms - GONE_MS)).await?;
        Ok(transaction.commit().await?)
    }
}

impl Handle<LookAtGateways> for Core {
    async fn handle(&self, _: LookAtGateways) -> Result<Gateways, OfficeError> {
        let now_ms = self.clock.unix_ms();
        let mut snapshot = self.book.snapshot().await?;
        Ok(Gateways { now_ms, seen: gateways::seen(&mut snapshot, now_ms - GONE_MS).await? })
    }
}

impl Handle<LookAtEarnings> for Core {
    async fn handle(&self, LookAtEarnings { days }: LookAtEarnings) -> Result<Vec<Earned>, OfficeError> {
        let since = utc_day(self.clock.unix_ms()) + 1 - i64::from(days);
        Ok(earnings::since(self.book.readers(), since).await?)
    }
}
