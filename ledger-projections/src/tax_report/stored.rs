//! Rows of `tax_report` as they are found in the database, held against rows that follow from history.

use ledger_core::Seq;
use ledger_store::OrgTx;

use super::rows::{Row, RowKey};
use crate::compare::{Differences, column};
use crate::error::{Doing, ProjectionError, to_i64};

/// Rows that one statement reads.
const PAGE: i64 = 16_384;

/// Compares the rows of the events after `from` up to `to`, or to the end of the table.
pub(super) async fn compare(
    tx: &mut OrgTx,
    from: Seq,
    to: Option<Seq>,
    expected: Vec<Row>,
    differences: &mut Differences,
) -> Result<(), ProjectionError> {
    // From the very beginning where it is the first batch, so that a row at an impossible place is found too.
    let mut after = if from == 0 { (i64::MIN, i32::MIN) } else { (to_i64(from), i32::MAX) };
    let to = to.map_or(i64::MAX, to_i64);
    let mut expected = expected.into_iter().map(|row| (row.key(), row)).peekable();
    loop {
        let page = page(tx, after, to).await?;
        let Some(last) = page.last().map(Row::key) else {
            differences.merge("tax_report", expected, std::iter::empty::<(RowKey, Row)>(), columns);
            return Ok(());
        };
        let due: Vec<_> = std::iter::from_fn(|| expected.next_if(|(key, _)| *key <= last)).collect();
        differences.merge("tax_report", due.into_iter(), page.into_iter().map(|row| (row.key(), row)), columns);
        after = last;
    }
}

async fn page(tx: &mut OrgTx, (seq, row_no): RowKey, to: i64) -> Result<Vec<Row>, ProjectionError> {
    sqlx::query_as(
        "SELECT seq, row_no, recorded_at, date, reverses_seq, side, kind, document, party, code, component, box, rate, nature,
                account_no, currency, base, tax, recoverable, posted, functional_base, functional_tax, functional_recoverable,
                functional_posted
           FROM read.tax_report WHERE org_id = $1 AND (seq, row_no) > ($2, $3) AND seq <= $4 ORDER BY seq, row_no LIMIT $5",
    )
    .bind(tx.org().0)
    .bind(seq)
    .bind(row_no)
    .bind(to)
    .bind(PAGE)
    .fetch_all(&mut **tx)
    .await
    .doing("read tax rows")
}

fn columns(row: &Row, found: &Row) -> Vec<(&'static str, String, String)> {
    let list = &mut Vec::new();
    column(list, "recorded_at", row.recorded_at, found.recorded_at);
    column(list, "date", row.date, found.date);
    column(list, "reverses_seq", row.reverses_seq, found.reverses_seq);
    for (name, of) in TEXTS {
        column(list, name, of(row), of(found));
    }
    column(list, "rate", row.rate, found.rate);
    column(list, "account_no", row.account_no, found.account_no);
    column(list, "base", row.base, found.base);
    column(list, "tax", row.tax, found.tax);
    column(list, "recoverable", row.recoverable, found.recoverable);
    column(list, "posted", row.posted, found.posted);
    column(list, "functional_base", row.functional_base, found.functional_base);
    column(list, "functional_tax", row.functional_tax, found.functional_tax);
    column(list, "functional_recoverable", row.functional_recoverable, found.functional_recoverable);
    column(list, "functional_posted", row.functional_posted, found.functional_posted);
    std::mem::take(list)
}

type TextOf = fn(&Row) -> &str;

const TEXTS: [(&str, TextOf); 9] = [
    ("side", |row| &row.side),
    ("kind", |row| &row.kind),
    ("document", |row| &row.document),
    ("party", |row| &row.party),
    ("code", |row| &row.code),
    ("component", |row| &row.component),
    ("box", |row| &row.report_box),
    ("nature", |row| &row.nature),
    ("currency", |row| &row.currency),
];
