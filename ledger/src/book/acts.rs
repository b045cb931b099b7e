//! The audit log, as operators read it.

use syntopen_shared::id::ActId;
use syntopen_shared::wire::office::operator::audit::AuditRow;
use syntopen_shared::wire::office::paging::{Place, Slice};

use super::Result;
use super::accounts::id;
use super::slices::{self, Way, rows};
use super::sql::{Executor, Pool, Row, query};

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
pub(crate) async fn read(pool: &Pool, filter: &Filter, place: &Place<ActId>) -> Result<Slice<AuditRow, ActId>> {
    let (way, edge) = slices::edge(place);
    let sql = match (&filter.act, &filter.who, way) {
        (None, None, Way::On) => acts!(older ""),
        (None, None, Way::Back) => acts!(newer ""),
        (Some(_), None, Way::On) => acts!(older "l.act = $2 AND "),
        (Some(_), None, Way::Back) => acts!(newer "l.act = $2 AND "),
        (None, Some(_), Way::On) => acts!(older "l.who = $2 AND "),
        (None, Some(_), Way::Back) => acts!(newer "l.who = $2 AND "),
        (Some(_), Some(_), Way::On) => acts!(older "l.act = $2 AND l.who = $3 AND "),
        (Some(_), Some(_), Way::Back) => acts!(newer "l.act = $2 AND l.who = $3 AND "),
    };
    let statement = query(sql).bind(edge);
    let filters = [&filter.act, &filter.who].into_iter().flatten();
    let statement = filters.fold(statement, |statement, value| statement.bind(value.as_str()));
    let rows = statement.fetch_all(pool).await?;
    let rows = rows.iter().map(act).collect::<Result<Vec<_>>>()?;
    Ok(slices::cut(rows, (place, slices::ROWS), |row: &AuditRow| row.id))
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
        id: id(row, "id")?,
        at_ms: row.get("at_ms")?,
        who: row.get("who")?,
        email: row.get("email")?,
        address: row.get("address")?,
        act: row.get("act")?,
        subject: row.get("subject")?,
        detail: row.get("detail")?,
    })
}
