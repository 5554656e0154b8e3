//! Rows of `open_item` and `allocation` as they are found in the database, held against rows that follow from history.

use chrono::{DateTime, NaiveDate, Utc};
use ledger_store::OrgTx;
use rust_decimal::Decimal;

use super::fold::Items;
use super::rows::{AllocationRow, ItemKey, ItemRow, NEVER};
use super::write::{StoredAllocation, whole};
use crate::compare::{Differences, column};
use crate::error::{Doing, ProjectionError};

/// Rows that one statement reads.
const PAGE: i64 = 16_384;

#[derive(Clone, Debug, sqlx::FromRow)]
struct Stored {
    item_seq: i64,
    item_line: i32,
    recorded_at: DateTime<Utc>,
    side: String,
    account_no: i32,
    party: String,
    document: String,
    kind: String,
    date: NaiveDate,
    due_date: Option<NaiveDate>,
    currency: String,
    amount: Decimal,
    functional: Decimal,
    open: Decimal,
    open_functional: Decimal,
    last_on: NaiveDate,
    settled_on: Option<NaiveDate>,
    settled_seq: i64,
}

/// Compares all rows of both tables.
pub(super) async fn compare(tx: &mut OrgTx, batch: Items, differences: &mut Differences) -> Result<(), ProjectionError> {
    let (items, allocations) = whole(batch)?;
    let mut expected = items.into_iter().peekable();
    let mut after = (i64::MIN, i32::MIN);
    loop {
        let page = items_after(tx, after).await?;
        let Some(last) = page.last().map(|row| (row.item_seq, row.item_line)) else {
            differences.merge("open_item", expected, std::iter::empty::<(ItemKey, Stored)>(), item_columns);
            break;
        };
        let due: Vec<_> = std::iter::from_fn(|| expected.next_if(|(key, _)| *key <= last)).collect();
        differences.merge("open_item", due.into_iter(), page.into_iter().map(|row| ((row.item_seq, row.item_line), row)), item_columns);
        after = last;
    }
    compare_allocations(tx, allocations, differences).await
}

type AllocationKey = (i64, i32, i64);

async fn compare_allocations(tx: &mut OrgTx, rows: Vec<AllocationRow>, differences: &mut Differences) -> Result<(), ProjectionError> {
    let mut expected = rows.into_iter().map(|row| ((row.item.0, row.item.1, row.seq), row)).peekable();
    let mut after: AllocationKey = (i64::MIN, i32::MIN, i64::MIN);
    loop {
        let page = allocations_after(tx, after).await?;
        let key = |row: &StoredAllocation| (row.item_seq, row.item_line, row.seq);
        let Some(last) = page.last().map(key) else {
            differences.merge("allocation", expected, std::iter::empty::<(AllocationKey, AllocationRow)>(), allocation_columns);
            return Ok(());
        };
        let due: Vec<_> = std::iter::from_fn(|| expected.next_if(|(key, _)| *key <= last)).collect();
        let found = page.into_iter().map(|row| (key(&row), AllocationRow::from(row)));
        differences.merge("allocation", due.into_iter(), found, allocation_columns);
        after = last;
    }
}

async fn items_after(tx: &mut OrgTx, (seq, line): ItemKey) -> Result<Vec<Stored>, ProjectionError> {
    sqlx::query_as(
        "SELECT item_seq, item_line, recorded_at, side, account_no, party, document, kind, date, due_date, currency, amount, functional,
                open, open_functional, last_on, nullif(settled_on, 'infinity') AS settled_on, settled_seq
           FROM read.open_item WHERE org_id = $1 AND (item_seq, item_line) > ($2, $3) ORDER BY item_seq, item_line LIMIT $4",
    )
    .bind(tx.org().0)
    .bind(seq)
    .bind(line)
    .bind(PAGE)
    .fetch_all(&mut **tx)
    .await
    .doing("read open items")
}

async fn allocations_after(tx: &mut OrgTx, (item, line, seq): AllocationKey) -> Result<Vec<StoredAllocation>, ProjectionError> {
    sqlx::query_as(
        "SELECT item_seq, item_line, seq, recorded_at, date, other_seq, other_line, amount, functional, realised, reverses_seq
           FROM read.allocation WHERE org_id = $1 AND (item_seq, item_line, seq) > ($2, $3, $4)
          ORDER BY item_seq, item_line, seq LIMIT $5",
    )
    .bind(tx.org().0)
    .bind(item)
    .bind(line)
    .bind(seq)
    .bind(PAGE)
    .fetch_all(&mut **tx)
    .await
    .doing("read allocations")
}

fn item_columns(row: &ItemRow, found: &Stored) -> Vec<(&'static str, String, String)> {
    let list = &mut Vec::new();
    column(list, "recorded_at", row.recorded_at, found.recorded_at);
    column(list, "side", row.side, found.side.as_str());
    column(list, "account_no", row.account_no, found.account_no);
    column(list, "party", row.party.as_str(), found.party.as_str());
    column(list, "document", row.document.as_str(), found.document.as_str());
    column(list, "kind", row.kind, found.kind.as_str());
    column(list, "date", row.date, found.date);
    column(list, "due_date", row.due_date, found.due_date);
    column(list, "currency", row.currency.as_str(), found.currency.as_str());
    column(list, "amount", row.amount, found.amount);
    column(list, "functional", row.functional, found.functional);
    column(list, "open", row.state.open, found.open);
    column(list, "open_functional", row.state.open_functional, found.open_functional);
    column(list, "last_on", row.state.last_on, found.last_on);
    column(list, "settled_on", Some(row.state.settled_on).filter(|day| *day != NEVER), found.settled_on);
    column(list, "settled_seq", row.state.settled_seq, found.settled_seq);
    std::mem::take(list)
}

fn allocation_columns(row: &AllocationRow, found: &AllocationRow) -> Vec<(&'static str, String, String)> {
    let list = &mut Vec::new();
    column(list, "recorded_at", row.recorded_at, found.recorded_at);
    column(list, "date", row.date, found.date);
    column(list, "other", row.other, found.other);
    column(list, "amount", row.amount, found.amount);
    column(list, "functional", row.functional, found.functional);
    column(list, "realised", row.realised, found.realised);
    column(list, "reverses_seq", row.reverses_seq, found.reverses_seq);
    std::mem::take(list)
}
