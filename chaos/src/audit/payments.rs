//! Money that came in is there, once; and balances are what came in less what was charged.

use super::{Evidence, Findings};

/// What the dearest request of a customer costs, and how many it has at once.
const EXPOSURE: i64 = 8 * 128_000_000;

impl Evidence {
    pub(super) fn check_payments(&self, findings: &mut Findings) {
        let mut booked = self.book.payments.clone();
        for payment in &self.payments {
            let expected = (self.payers[payment.payer].account.to_string(), payment.amount.nanos());
            match booked.remove(&payment.reference) {
                None => findings.require(!payment.acknowledged, || format!("lost: {payment:?}")),
                Some(found) => findings.require(found == expected, || format!("{found:?} for {payment:?}")),
            }
        }
        booked.retain(|reference, _| !reference.starts_with("opening-"));
        findings.require(booked.is_empty(), || format!("nobody paid {booked:?}"));
    }

    /// By every route: what came in less what was charged, the sum of the movements, the book's row, Redis.
    pub(super) fn check_balances(&self, findings: &mut Findings) {
        for (place, payer) in self.payers.iter().enumerate() {
            let account = payer.account.to_string();
            let of = |references: &(String, i64)| if references.0 == account { references.1 } else { 0 };
            let paid: i64 = self.book.payments.values().map(of).sum();
            let opening = self.book.payments.get(&format!("opening-{}", name(&payer.email))).map_or(0, of);
            findings.require(opening == self.opening[place], || format!("{payer:?} began with {opening}"));
            let charged: i64 = self.book.usage.iter().filter(|row| row.account == account).map(|row| row.charged).sum();
            let routes = [
                ("the book", self.book.posted[&account]),
                ("movements", self.book.folded.get(&account).copied().unwrap_or_default()),
                ("Redis", self.balances[place]),
            ];
            for (route, found) in routes {
                let expected = paid - charged;
                findings.require(found == expected, || format!("{route}: {found}, not {expected}: {payer:?}"));
            }
            // A hold that was lost with Redis' memory reserves nothing until it is put back.
            let losses = i64::try_from(self.history.losses().count()).unwrap();
            findings.require(charged <= paid + losses * EXPOSURE, || format!("{payer:?}: {charged} of {paid}"));
        }
    }
}

fn name(email: &str) -> &str {
    email.split_once('@').map_or(email, |(name, _)| name)
}
