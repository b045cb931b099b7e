//! The statements behind pages of requests: one for each combination of filters, so that each has an index to walk
//! along. A single text with optional conditions would leave the database to guess. SQLite is told the index by name,
//! because it prefers another one, of fewer columns, where both have the order.

use std::fmt::Write as _;
use std::sync::LazyLock;

use syntopen_shared::wire::ledger::Outcome;
use syntopen_shared::wire::office::usage::Filter;

use crate::book::slices::Way;
use crate::book::sql::Sql;

const BEGIN: &str = "SELECT u.*, CAST(u.stream AS BIGINT) AS streamed, k.name AS key_name FROM ( \
     SELECT * FROM usage";
const END: &str = ") AS u JOIN api_keys k ON k.id = u.api_key";

/// One request of an account.
pub(super) const ONE: &str = "SELECT u.*, CAST(u.stream AS BIGINT) AS streamed, k.name AS key_name \
     FROM usage u JOIN api_keys k ON k.id = u.api_key WHERE u.account = $1 AND u.id = $2";

/// What a page says about outcomes.
#[derive(Clone, Copy)]
enum Ending {
    Any,
    /// Most requests end so: any other index serves.
    Completed,
    /// Few do, and have an index of their own, whose condition must stand in the text.
    Other,
}

const ENDINGS: [Ending; 3] = [Ending::Any, Ending::Completed, Ending::Other];

static PAGES: LazyLock<Vec<[String; 2]>> = LazyLock::new(|| {
    let filters = ENDINGS.into_iter().flat_map(|ending| (0..4_u8).map(move |by| (ending, by)));
    let texts = filters.flat_map(|of| [Way::On, Way::Back].map(|way| (of, way)));
    texts
        .map(|(of, way)| [format!(" INDEXED BY {}", index(of)), String::new()].map(|by| text(of, (way, &by))))
        .collect()
});

const BY_KEY: u8 = 1;
const BY_MODEL: u8 = 2;

/// The text for a page. Its values: account, an id below all, an id above all, how many; then key, model and outcome,
/// where they are filtered.
pub(super) fn page(filter: &Filter, way: Way) -> Sql {
    let ending = match filter.outcome {
        None => 0,
        Some(Outcome::Completed) => 1,
        Some(_) => 2,
    };
    let by = u8::from(filter.key.is_some()) * BY_KEY + u8::from(filter.model.is_some()) * BY_MODEL;
    let place = (ending * 4 + usize::from(by)) * 2 + usize::from(way == Way::Back);
    let [sqlite, postgres] = PAGES.get(place).map_or(["", ""], |[sqlite, postgres]| [sqlite, postgres]);
    Sql { sqlite, postgres }
}

const fn index((ending, by): (Ending, u8)) -> &'static str {
    match (ending, by) {
        (Ending::Other, _) => "usage_not_completed",
        (_, BY_KEY) => "usage_by_key",
        (_, BY_MODEL) => "usage_by_model",
        (_, 0) => "usage_by_account",
        _ => "usage_by_key_and_model",
    }
}

fn text((ending, by): (Ending, u8), (way, index): (Way, &str)) -> String {
    let direction = match way {
        Way::On => "DESC",
        Way::Back => "ASC",
    };
    let mut text = format!("{BEGIN}{index} WHERE account = $1 AND id > $2 AND id < $3");
    let mut value = 4;
    let mut and = |condition: &str| {
        value += 1;
        // A string takes everything.
        let _written = write!(text, " AND {condition} = ${value}");
    };
    if by & BY_KEY != 0 {
        and("api_key");
    }
    if by & BY_MODEL != 0 {
        and("model");
    }
    match ending {
        Ending::Any => {}
        Ending::Completed => and("outcome"),
        Ending::Other => and("outcome <> 'completed' AND outcome"),
    }
    format!("{text} ORDER BY id {direction} LIMIT $4{END} ORDER BY u.id {direction}")
}
