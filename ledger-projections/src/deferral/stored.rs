//! Rows of `deferral` as they are found in the database, held against rows that follow from history.

use chrono::NaiveDate;
use ledger_store::OrgTx;
use rust_decimal::Decimal;

use super::fold::Schedules;
use super::rows::{PartKey, PartRow};
use super::write::whole;
use crate::compare::{Differences, column};
use crate::error::{Doing, ProjectionError};

/// Rows that one statement reads.
const PAGE: i64 = 16_384;

/// A row of `read.deferral`.
#[derive(Clone, Debug, sqlx::FromRow)]
pub(super) struct Stored {
    document_seq: i64,
    document_line: i32,
    scheduled_seq: i64,
    part_no: i32,
    side: String,
    party: String,
    document: String,
    deferred_no: i32,
    target_no: i32,
    currency: String,
    part_date: NaiveDate,
    amount: Decimal,
    functional: Decimal,
    scheduled_on: NaiveDate,
    recognised_on: Option<NaiveDate>,
    recognised_seq: Option<i64>,
    cancelled_on: Option<NaiveDate>,
    cancelled_seq: Option<i64>,
    done_on: Option<NaiveDate>,
    done_seq: i64,
}

impl Stored {
    const fn key(&self) -> PartKey {
        (self.document_seq, self.document_line, self.scheduled_seq, self.part_no)
    }
}

/// A part as the fold has it.
pub(super) fn read(row: Stored) -> (PartKey, PartRow) {
    let key = row.key();
    let part = PartRow {
        side: row.side,
        party: row.party,
        document: row.document,
        deferred_no: row.deferred_no,
        target_no: row.target_no,
        currency: row.currency,
        part_date: row.part_date,
        amount: row.amount,
        functional: row.functional,
        scheduled_on: row.scheduled_on,
        recognised: row.recognised_on.zip(row.recognised_seq),
        cancelled: row.cancelled_on.zip(row.cancelled_seq),
    };
    (key, part)
}

/// Compares all rows.
pub(super) async fn compare(tx: &mut OrgTx, batch: Schedules, differences: &mut Differences) -> Result<(), ProjectionError> {
    let mut expected = whole(tx, batch).await?.into_iter().peekable();
    let mut after: PartKey = (i64::MIN, i32::MIN, i64::MIN, i32::MIN);
    loop {
        let page = page(tx, after).await?;
        let Some(last) = page.last().map(Stored::key) else {
            differences.merge("deferral", expected, std::iter::empty::<(PartKey, Stored)>(), columns);
            return Ok(());
        };
        let due: Vec<_> = std::iter::from_fn(|| expected.next_if(|(key, _)| *key <= last)).collect();
        differences.merge("deferral", due.into_iter(), page.into_iter().map(|row| (row.key(), row)), columns);
        after = last;
    }
}

async fn page(tx: &mut OrgTx, after: PartKey) -> Result<Vec<Stored>, ProjectionError> {
    sqlx::query_as(
        "SELECT document_seq, document_line, scheduled_seq, part_no, side, party, document, deferred_no, target_no, currency, part_date,
                amount, functional, scheduled_on, recognised_on, recognised_seq, cancelled_on, cancelled_seq,
                nullif(done_on, 'infinity') AS done_on, done_seq
           FROM read.deferral
          WHERE org_id = $1 AND (document_seq, document_line, scheduled_seq, part_no) > ($2, $3, $4, $5)
          ORDER BY document_seq, document_line, scheduled_seq, part_no LIMIT $6",
    )
    .bind(tx.org().0)
    .bind(after.0)
    .bind(after.1)
    .bind(after.2)
    .bind(after.3)
    .bind(PAGE)
    .fetch_all(&mut **tx)
    .await
    .doing("read parts of schedules")
}

fn columns(row: &PartRow, found: &Stored) -> Vec<(&'static str, String, String)> {
    let list = &mut Vec::new();
    column(list, "side", row.side.as_str(), found.side.as_str());
    column(list, "party", row.party.as_str(), found.party.as_str());
    column(list, "document", row.document.as_str(), found.document.as_str());
    column(list, "deferred_no", row.deferred_no, found.deferred_no);
    column(list, "target_no", row.target_no, found.target_no);
    column(list, "currency", row.currency.as_str(), found.currency.as_str());
    column(list, "part_date", row.part_date, found.part_date);
    column(list, "amount", row.amount, found.amount);
    column(list, "functional", row.functional, found.functional);
    column(list, "scheduled_on", row.scheduled_on, found.scheduled_on);
    column(list, "recognised_on", row.recognised.map(|(on, _)| on), found.recognised_on);
    column(list, "recognised_seq", row.recognised.map(|(_, seq)| seq), found.recognised_seq);
    column(list, "cancelled_on", row.cancelled.map(|(on, _)| on), found.cancelled_on);
    column(list, "cancelled_seq", row.cancelled.map(|(_, seq)| seq), found.cancelled_seq);
    column(list, "done_on", row.done().0, found.done_on);
    column(list, "done_seq", row.done().1, found.done_seq);
    std::mem::take(list)
}
