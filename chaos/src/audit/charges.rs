//! Every complete answer is charged once, at the catalog's price; everything else no more than was served.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use super::{Evidence, Findings, Rows};
use crate::book::Row;
use crate::clients::Seen;
use crate::cluster::{Part, SETTLE_WAIT};

/// By then the book has what Redis applied, unless the way between them is disturbed.
const BOOK_LAG: Duration = Duration::from_secs(4);
/// By then an outbox that lives has sent again what was lost.
const RESEND_MAX: Duration = Duration::from_secs(8);
/// An answer whose end came so late may have been told unsettled.
const WAITED: Duration = SETTLE_WAIT.saturating_sub(Duration::from_millis(200));

const fn is_way_to_book(part: Part) -> bool {
    matches!(part, Part::Redis | Part::Postgres | Part::Ledger(_))
}

impl Evidence {
    pub(super) fn check_charges(&self, rows: &Rows<'_>, findings: &mut Findings) {
        for seen in &self.seen {
            let row = seen.id.as_deref().and_then(|id| rows.get(id).copied());
            match row {
                _ if seen.told.complete => self.check_complete(seen, row, findings),
                Some(row) => self.check_incomplete(seen, row, findings),
                None => self.check_missing(seen, findings),
            }
        }
        self.check_unknown(findings);
        self.check_expired(findings);
    }

    fn check_complete(&self, seen: &Seen, row: Option<&Row>, findings: &mut Findings) {
        let served: Vec<_> =
            self.record.of(&seen.tag).iter().filter(|served| served.complete && served.status == 200).collect();
        let [served] = served.as_slice() else {
            findings.violations.push(format!("a complete answer was served {} times: {seen:?}", served.len()));
            return;
        };
        let cost = served.whole().nanos();
        let charged = row.map(|row| row.charged);
        if charged != Some(cost) {
            let what = format!("an answer that costs {cost} was charged {charged:?}: {seen:?}: {row:?}");
            if charged.is_none_or(|charged| charged < cost) && self.only_its_gateway_knew(seen) {
                findings.excused.push(what);
            } else {
                findings.violations.push(what);
            }
        }
        findings.require(seen.told.tokens == served.completion_tokens, || format!("text is missing: {seen:?}"));
        let told = seen.told.cost.is_none_or(|told| told.nanos() == cost);
        findings.require(told, || format!("it cost {cost}, and the answer says otherwise: {seen:?}"));
    }

    /// The one exception: the gateway was killed, and the settlement was either not applied within the time that an
    /// answer waits for it, or applied and lost again with Redis' memory before it was booked.
    fn only_its_gateway_knew(&self, seen: &Seen) -> bool {
        let Some(death) = self.history.death_after(Part::Gateway(seen.gateway), seen.end) else { return false };
        let disturbed = |from, to| self.history.was_disturbed(is_way_to_book, (from, to), BOOK_LAG);
        // An outbox that lives sends again, and needs the way to be open for that.
        let unsent = |since| death <= since + RESEND_MAX || disturbed(death.saturating_sub(RESEND_MAX), death);
        let lost = self.history.losses().any(|(since, at)| {
            let unbooked = at <= seen.end + BOOK_LAG || disturbed(seen.end, at);
            since <= seen.end && seen.sent <= at && unbooked && unsent(at.max(seen.end))
        });
        lost || WAITED <= seen.waited && unsent(seen.end)
    }

    /// Charged no more than was written, and for all that came where the gateway lived on.
    fn check_incomplete(&self, seen: &Seen, row: &Row, findings: &mut Findings) {
        let most = if seen.status == 200 { self.record.at_most(&seen.tag) } else { 0 };
        findings.require((0..=most).contains(&row.charged), || format!("{most} at most: {seen:?}: {row:?}"));
        if row.ended != "expired" {
            let least = self.came(seen);
            findings.require(least <= row.charged, || format!("{least} at least: {seen:?}: {row:?}"));
        }
    }

    /// What came of an answer is charged, unless whoever knew of it was killed.
    fn check_missing(&self, seen: &Seen, findings: &mut Findings) {
        let came = seen.status == 200 && 0 < self.came(seen);
        let died = self.history.death_after(Part::Gateway(seen.gateway), seen.sent).is_some();
        findings.require(!came || died, || format!("what came was never charged: {seen:?}"));
    }

    fn came(&self, seen: &Seen) -> i64 {
        let price = self.record.of(&seen.tag).first().map_or(0, |served| served.output_price());
        i64::try_from(seen.told.tokens).unwrap() * price
    }

    /// Requests whose head never came have ids that nobody knows: of each account, model and form, the dearest of such
    /// rows must be one of the dearest of such requests, and so on down.
    fn check_unknown(&self, findings: &mut Findings) {
        let known: HashSet<&str> = self.seen.iter().filter_map(|seen| seen.id.as_deref()).collect();
        let mut charges: HashMap<_, Vec<i64>> = HashMap::new();
        for row in self.book.usage.iter().filter(|row| row.charged != 0 && !known.contains(row.id.as_str())) {
            charges.entry((row.account.clone(), row.model.as_str(), row.stream)).or_default().push(row.charged);
        }
        let mut bounds: HashMap<_, Vec<i64>> = HashMap::new();
        for seen in self.seen.iter().filter(|seen| seen.id.is_none()) {
            let most = self.record.at_most(&seen.tag);
            bounds.entry((seen.account.to_string(), seen.model, seen.stream)).or_default().push(most);
        }
        for (key, mut charges) in charges {
            let mut bounds = bounds.remove(&key).unwrap_or_default();
            charges.sort_unstable_by(|a, b| b.cmp(a));
            bounds.sort_unstable_by(|a, b| b.cmp(a));
            let fits =
                charges.len() <= bounds.len() && charges.iter().zip(&bounds).all(|(charge, most)| charge <= most);
            findings.require(fits, || format!("{key:?} was charged {charges:?} for at most {bounds:?}"));
        }
    }

    /// A hold expires only when nobody renews it: of a request whose gateway lived on, none has.
    fn check_expired(&self, findings: &mut Findings) {
        let seen: HashMap<_, _> = self.seen.iter().filter_map(|seen| Some((seen.id.as_deref()?, seen))).collect();
        let expired = self.book.usage.iter().filter(|row| row.ended == "expired").map(|row| row.id.as_str());
        for id in expired.chain(self.book.late.iter().map(String::as_str)) {
            let Some(seen) = seen.get(id) else { continue };
            let died = self.history.death_after(Part::Gateway(seen.gateway), seen.sent).is_some();
            findings.require(died, || format!("a hold expired though its gateway lived: {seen:?}"));
        }
    }

    /// Each charge moved exactly its money, and no money moved without one.
    pub(super) fn check_transfers(&self, rows: &Rows<'_>, findings: &mut Findings) {
        for row in rows.values() {
            let moved = self.book.moved.get(&row.id).copied().unwrap_or_default();
            findings.require(moved == -row.charged, || format!("{moved} was moved: {row:?}"));
        }
        for id in self.book.moved.keys() {
            findings.require(rows.contains_key(id.as_str()), || format!("{id} moved money for no request"));
        }
        findings.require(self.book.everything == 0, || format!("all together is {}", self.book.everything));
    }
}
