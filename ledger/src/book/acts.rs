//! The audit log, as operators read it.

use syntopen_shared::wire::office::operator::audit::AuditRow;
use syntopen_shared::wire::office::operator::{Place, Slice};

use super::Result;
use super::slices::{self, rows};
use super::sql::{Executor, Pool, Row, query};

/// No identifier is sorted behind this.
const BEYOND: &str = "g";

/// Acts from `$1` on in this direction.
macro_rules! acts {
    (older $filter:literal) => {
        acts!($filter, "l.id < $1 ORDER BY l.id DESC")
    };
    (newer $filter:literal) => {
        acts!($filter, "l.id > $1 ORDER BY l.id")
    };
    ($filter:literal, $from:literal) => {
        concat!(
            "SELECT l.id, l.at_ms, l.who, (SELECT u.email FROM users u WHERE u.id = l.who) AS email, l.address, l.act, \
             l.subject, l.detail FROM audit_log l WHERE ",
            $filter,
            $from,
            rows!()
        )
    };
}

/// Acts of this kind, by this user or the command line, or all.
#[derive(Clone, Debug, Default)]
pub(crate) struct Filter {
    pub(crate) act: Option<String>,
    pub(crate) who: Option<String>,
}

/// A page of the log, newest first.
pub(crate) async fn read(pool: &Pool, filter: &Filter, place: &Place) -> Result<Slice<AuditRow>> {
    let (is_older, from) = match place {
        Place::First => (true, BEYOND),
        Place::After(id) => (true, id.as_str()),
        Place::Before(id) => (false, id.as_str()),
    };
    let sql = match (&filter.act, &filter.who, is_older) {
        (None, None, true) => acts!(older ""),
        (None, None, false) => acts!(newer ""),
        (Some(_), None, true) => acts!(older "l.act = $2 AND "),
        (Some(_), None, false) => acts!(newer "l.act = $2 AND "),
        (None, Some(_), true) => acts!(older "l.who = $2 AND "),
        (None, Some(_), false) => acts!(newer "l.who = $2 AND "),
        (Some(_), Some(_), true) => acts!(older "l.act = $2 AND l.who = $3 AND "),
        (Some(_), Some(_), false) => acts!(newer "l.act = $2 AND l.who = $3 AND "),
    };
    let statement = query(sql).bind(from);
    let filters = [&filter.act, &filter.who].into_iter().flatten();
    let statement = filters.fold(statement, |statement, value| statement.bind(value.as_str()));
    let rows = statement.fetch_all(pool).await?;
    let rows = rows.iter().map(act).collect::<Result<Vec<_>>>()?;
    Ok(slices::slice(rows, place, |row: &AuditRow| row.id.clone()))
}

/// All kinds of acts that there are. Leaps from one to the next in the index.
pub(crate) async fn kinds(executor: impl Into<Executor<'_>>) -> Result<Vec<String>> {
    let rows = query(
        "WITH RECURSIVE kinds (act) AS ( \
             SELECT MIN(act) FROM audit_log \
             UNION ALL SELECT (SELECT MIN(l.act) FROM audit_log l WHERE l.act > kinds.act) FROM kinds \
             WHERE kinds.act IS NOT NULL \
         ) SELECT act FROM kinds WHERE act IS NOT NULL",
    )
    .fetch_all(executor)
    .await?;
    rows.iter().map(|row| row.get("act")).collect()
}

fn act(row: &Row) -> Result<AuditRow> {
    Ok(AuditRow {
        id: row.get("id")?,
        at_ms: row.get("at_ms")?,
        who: row.get("who")?,
        email: row.get("email")?,
        address: row.get("address")?,
        act: row.get("act")?,
        subject: row.get("subject")?,
        detail: row.get("detail")?,
    })
}
