//! Rows of the three tables as they are found in the database, held against rows that follow from history.

use ledger_store::OrgTx;
use rust_decimal::Decimal;

use super::fold::Flows;
use super::rows::{ItemKey, Row, RowKey, Sources};
use super::write::{StoredRow, UnappliedRow, read_sources, unapplied_rows, whole};
use crate::compare::{Differences, column};
use crate::error::{Doing, ProjectionError};

/// Rows that one statement reads.
const PAGE: i64 = 16_384;

/// Compares all rows of the three tables.
pub(super) async fn compare(tx: &mut OrgTx, batch: Flows, differences: &mut Differences) -> Result<(), ProjectionError> {
    let flows = whole(tx, batch).await?;
    compare_rows(tx, flows.rows, &flows.scales, differences).await?;
    compare_items(tx, flows.items, differences).await?;
    compare_unapplied(tx, unapplied_rows(flows.unapplied)?, differences).await
}

async fn compare_rows(tx: &mut OrgTx, rows: Vec<Row>, scales: &[u8], differences: &mut Differences) -> Result<(), ProjectionError> {
    let mut expected = rows.into_iter().map(|row| (row.key(), row)).peekable();
    let mut after: RowKey = (chrono::NaiveDate::default(), i64::MIN, i32::MIN);
    let mut first = true;
    loop {
        let page: Vec<StoredRow> = sqlx::query_as(
            "SELECT date, seq, row_no, commodity_no, account_no, kind, amount, functional, item_seq, item_line, taken
               FROM read.cash_flow WHERE org_id = $1 AND ($6 OR (date, seq, row_no) > ($2, $3, $4)) ORDER BY date, seq, row_no LIMIT $5",
        )
        .bind(tx.org().0)
        .bind(after.0)
        .bind(after.1)
        .bind(after.2)
        .bind(PAGE)
        .bind(first)
        .fetch_all(&mut **tx)
        .await
        .doing("read cash flows")?;
        let Some(last) = page.last().map(|row| (row.date, row.seq, row.row_no)) else {
            differences.merge("cash_flow", expected, std::iter::empty::<(RowKey, Row)>(), row_columns);
            return Ok(());
        };
        let due: Vec<_> = std::iter::from_fn(|| expected.next_if(|(key, _)| *key <= last)).collect();
        let found = page.into_iter().map(|row| row.read(scales)).collect::<Result<Vec<_>, _>>()?;
        differences.merge("cash_flow", due.into_iter(), found.into_iter().map(|row| (row.key(), row)), row_columns);
        (after, first) = (last, false);
    }
}

async fn compare_items(
    tx: &mut OrgTx,
    items: std::collections::BTreeMap<ItemKey, Sources>,
    differences: &mut Differences,
) -> Result<(), ProjectionError> {
    let mut expected = items.into_iter().peekable();
    let mut after: ItemKey = (i64::MIN, i32::MIN);
    loop {
        let page: Vec<(i64, i32, Vec<i32>, Vec<Decimal>)> = sqlx::query_as(
            "SELECT item_seq, item_line, accounts, weights FROM read.cash_flow_item
              WHERE org_id = $1 AND (item_seq, item_line) > ($2, $3) ORDER BY item_seq, item_line LIMIT $4",
        )
        .bind(tx.org().0)
        .bind(after.0)
        .bind(after.1)
        .bind(PAGE)
        .fetch_all(&mut **tx)
        .await
        .doing("read what items are made of")?;
        let Some(last) = page.last().map(|row| (row.0, row.1)) else {
            differences.merge("cash_flow_item", expected, std::iter::empty::<(ItemKey, Sources)>(), source_columns);
            return Ok(());
        };
        let due: Vec<_> = std::iter::from_fn(|| expected.next_if(|(key, _)| *key <= last)).collect();
        let found = page.into_iter().map(|(seq, line, accounts, weights)| Ok(((seq, line), read_sources(accounts, weights)?)));
        let found = found.collect::<Result<Vec<_>, ProjectionError>>()?;
        differences.merge("cash_flow_item", due.into_iter(), found.into_iter(), source_columns);
        after = last;
    }
}

type UnappliedKey = (i64, i32, i32);

async fn compare_unapplied(tx: &mut OrgTx, rows: Vec<UnappliedRow>, differences: &mut Differences) -> Result<(), ProjectionError> {
    let key = |row: &UnappliedRow| (row.item_seq, row.item_line, row.commodity_no);
    let mut expected = rows.into_iter().map(|row| (key(&row), row)).peekable();
    let mut after: UnappliedKey = (i64::MIN, i32::MIN, i32::MIN);
    loop {
        let page: Vec<UnappliedRow> = sqlx::query_as(
            "SELECT item_seq, item_line, commodity_no, account_no, date, units_left, cash, functional FROM read.cash_flow_unapplied
              WHERE org_id = $1 AND (item_seq, item_line, commodity_no) > ($2, $3, $4)
              ORDER BY item_seq, item_line, commodity_no LIMIT $5",
        )
        .bind(tx.org().0)
        .bind(after.0)
        .bind(after.1)
        .bind(after.2)
        .bind(PAGE)
        .fetch_all(&mut **tx)
        .await
        .doing("read the cash behind items")?;
        let Some(last) = page.last().map(key) else {
            differences.merge("cash_flow_unapplied", expected, std::iter::empty::<(UnappliedKey, UnappliedRow)>(), unapplied_columns);
            return Ok(());
        };
        let due: Vec<_> = std::iter::from_fn(|| expected.next_if(|(key, _)| *key <= last)).collect();
        differences.merge("cash_flow_unapplied", due.into_iter(), page.into_iter().map(|row| (key(&row), row)), unapplied_columns);
        after = last;
    }
}

fn row_columns(row: &Row, found: &Row) -> Vec<(&'static str, String, String)> {
    let list = &mut Vec::new();
    column(list, "commodity_no", row.commodity, found.commodity);
    column(list, "account_no", row.account, found.account);
    column(list, "kind", row.kind, found.kind);
    column(list, "amount", row.cash.0, found.cash.0);
    column(list, "functional", row.cash.1, found.cash.1);
    column(list, "item", row.item, found.item);
    column(list, "taken", row.taken, found.taken);
    std::mem::take(list)
}

fn source_columns(row: &Sources, found: &Sources) -> Vec<(&'static str, String, String)> {
    let list = &mut Vec::new();
    column(list, "sources", row, found);
    std::mem::take(list)
}

fn unapplied_columns(row: &UnappliedRow, found: &UnappliedRow) -> Vec<(&'static str, String, String)> {
    let list = &mut Vec::new();
    column(list, "account_no", row.account_no, found.account_no);
    column(list, "date", row.date, found.date);
    column(list, "units_left", row.units_left, found.units_left);
    column(list, "cash", row.cash, found.cash);
    column(list, "functional", row.functional, found.functional);
    std::mem::take(list)
}
