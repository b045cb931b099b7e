//! A revoked key is refused from then on.

use std::time::Duration;

use super::{Evidence, Findings};
use crate::cluster::RECONCILE;

/// How much later than its timer says a reconciliation may come to its end, on a busy machine.
const LATE_MAX: Duration = Duration::from_secs(10);

impl Evidence {
    pub(super) fn check_revocations(&self, findings: &mut Findings) {
        for revocation in &self.revocations {
            let later = self.seen.iter().filter(|seen| seen.key == revocation.key && revocation.at < seen.sent);
            for seen in later.filter(|seen| seen.status == 200) {
                // The stated gap: Redis went back to before the revocation, and nothing has reconciled since.
                let gap = |(since, at): (Duration, Duration)| {
                    since <= revocation.at && at <= seen.end && seen.sent <= at + RECONCILE + LATE_MAX
                };
                let excused = self.history.losses().any(gap);
                findings.require(excused, || format!("a revoked key was used: {revocation:?}: {seen:?}"));
            }
        }
    }
}
