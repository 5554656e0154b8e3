//! Writing a batch: rows, what items are made of, and the cash behind items that allocations moved.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use chrono::NaiveDate;
use ledger_core::{AccountNo, CommodityNo, Units};
use ledger_store::OrgTx;
use rust_decimal::Decimal;

use super::fold::{Flows, Move, scale};
use super::recast;
use super::rows::{FlowKind, ItemKey, Row, Sources, Unapplied};
use super::settle::Before;
use crate::chart::account_i32;
use crate::error::{Doing, ProjectionError};
use crate::gl_fact::decimal;

/// Rows that one statement inserts or updates.
const STATEMENT_ROWS: usize = 8_192;

/// Writes the batch in the transaction.
pub(super) async fn write(tx: &mut OrgTx, mut flows: Flows) -> Result<(), ProjectionError> {
    if let Some(cash) = flows.recast.take() {
        return recast::rewrite(tx, cash, flows.last).await;
    }
    write_rows(tx, flows).await
}

/// Writes the batch as it was folded.
pub(super) async fn write_rows(tx: &mut OrgTx, mut flows: Flows) -> Result<(), ProjectionError> {
    flows.resolve(&load_openings(tx, &flows).await?);
    let mut before = load(tx, &flows).await?;
    before.apply(&mut flows)?;
    for statement in flows.rows.chunks(STATEMENT_ROWS) {
        insert_rows(tx, statement, &flows.scales).await?;
    }
    for statement in flows.items.iter().collect::<Vec<_>>().chunks(STATEMENT_ROWS) {
        insert_items(tx, statement).await?;
    }
    for statement in unapplied_rows(flows.unapplied)?.chunks(STATEMENT_ROWS) {
        insert_unapplied(tx, statement).await?;
    }
    let touched = std::mem::take(&mut before.touched);
    let touched = before.unapplied.into_iter().filter(|(key, _)| touched.contains(key)).collect();
    for statement in unapplied_rows(touched)?.chunks(STATEMENT_ROWS) {
        update_unapplied(tx, statement).await?;
    }
    Ok(())
}

/// Everything that a fold from the beginning gives.
pub(super) async fn whole(tx: &mut OrgTx, mut flows: Flows) -> Result<Flows, ProjectionError> {
    if let Some(cash) = flows.recast.take() {
        flows = recast::fold(tx, cash, flows.last).await?;
    }
    flows.resolve(&BTreeSet::new());
    Before::default().apply(&mut flows)?;
    Ok(flows)
}

/// Which of the originals of reversals were opening entries.
async fn load_openings(tx: &mut OrgTx, flows: &Flows) -> Result<BTreeSet<i64>, ProjectionError> {
    let originals: Vec<i64> = flows.reversals.iter().map(|reversal| reversal.original).collect();
    if originals.is_empty() {
        return Ok(BTreeSet::new());
    }
    let rows: Vec<i64> = sqlx::query_scalar("SELECT seq FROM read.cash_flow WHERE org_id = $1 AND seq = ANY ($2) AND kind = 'opening'")
        .bind(tx.org().0)
        .bind(originals)
        .fetch_all(&mut **tx)
        .await
        .doing("read what reversals take back")?;
    Ok(rows.into_iter().collect())
}

async fn load(tx: &mut OrgTx, flows: &Flows) -> Result<Before, ProjectionError> {
    let mut before = Before::default();
    if flows.moves.is_empty() {
        return Ok(before);
    }
    let here: BTreeSet<i64> =
        flows.moves.iter().filter_map(|moved| if let Move::Allocated { seq, .. } = moved { Some(*seq) } else { None }).collect();
    let mut undone = Vec::new();
    let mut keys: BTreeSet<ItemKey> = BTreeSet::new();
    for moved in &flows.moves {
        match moved {
            Move::Allocated { from, to, .. } => keys.extend([from.0, to.0]),
            Move::Undone { allocation, .. } if !here.contains(allocation) => undone.push(*allocation),
            Move::Undone { .. } => {}
        }
    }
    if !undone.is_empty() {
        load_allocations(tx, &undone, &flows.scales, &mut before).await?;
        keys.extend(before.allocations.values().flatten().filter_map(|row| row.item));
    }
    // What this batch brought itself is not there yet.
    keys.retain(|key| !flows.items.contains_key(key) && !flows.unapplied.contains_key(key));
    if !keys.is_empty() {
        load_items(tx, &keys, &mut before).await?;
        load_unapplied(tx, &keys, &mut before).await?;
    }
    Ok(before)
}

async fn load_allocations(tx: &mut OrgTx, undone: &[i64], scales: &[u8], before: &mut Before) -> Result<(), ProjectionError> {
    let rows: Vec<StoredRow> = sqlx::query_as(
        "SELECT date, seq, row_no, commodity_no, account_no, kind, amount, functional, item_seq, item_line, taken
           FROM read.cash_flow WHERE org_id = $1 AND seq = ANY ($2) AND item_seq IS NOT NULL ORDER BY seq, row_no",
    )
    .bind(tx.org().0)
    .bind(undone)
    .fetch_all(&mut **tx)
    .await
    .doing("read cash of allocations that are undone")?;
    for row in rows {
        before.allocations.entry(row.seq).or_default().push(row.read(scales)?);
    }
    Ok(())
}

async fn load_items(tx: &mut OrgTx, keys: &BTreeSet<ItemKey>, before: &mut Before) -> Result<(), ProjectionError> {
    let rows: Vec<(i64, i32, Vec<i32>, Vec<Decimal>)> = sqlx::query_as(
        "SELECT i.item_seq, i.item_line, i.accounts, i.weights
           FROM unnest($2::bigint[], $3::integer[]) AS u (item_seq, item_line)
           JOIN read.cash_flow_item AS i ON i.org_id = $1 AND i.item_seq = u.item_seq AND i.item_line = u.item_line",
    )
    .bind(tx.org().0)
    .bind(keys.iter().map(|key| key.0).collect::<Vec<_>>())
    .bind(keys.iter().map(|key| key.1).collect::<Vec<_>>())
    .fetch_all(&mut **tx)
    .await
    .doing("read what items are made of")?;
    for (seq, line, accounts, weights) in rows {
        before.items.insert((seq, line), read_sources(accounts, weights)?);
    }
    Ok(())
}

async fn load_unapplied(tx: &mut OrgTx, keys: &BTreeSet<ItemKey>, before: &mut Before) -> Result<(), ProjectionError> {
    let rows: Vec<UnappliedRow> = sqlx::query_as(
        "SELECT i.item_seq, i.item_line, i.commodity_no, i.account_no, i.date, i.units_left, i.cash, i.functional
           FROM unnest($2::bigint[], $3::integer[]) AS u (item_seq, item_line)
           JOIN read.cash_flow_unapplied AS i ON i.org_id = $1 AND i.item_seq = u.item_seq AND i.item_line = u.item_line
          ORDER BY i.item_seq, i.item_line, i.commodity_no",
    )
    .bind(tx.org().0)
    .bind(keys.iter().map(|key| key.0).collect::<Vec<_>>())
    .bind(keys.iter().map(|key| key.1).collect::<Vec<_>>())
    .fetch_all(&mut **tx)
    .await
    .doing("read the cash behind items")?;
    for row in rows {
        let new = || -> Result<Unapplied, ProjectionError> {
            Ok(Unapplied { account: account(row.account_no)?, date: row.date, units_left: units(row.units_left, 0)?, cash: Vec::new() })
        };
        let held = match before.unapplied.entry((row.item_seq, row.item_line)) {
            std::collections::btree_map::Entry::Occupied(held) => held.into_mut(),
            std::collections::btree_map::Entry::Vacant(place) => place.insert(new()?),
        };
        let value = row.functional.map(|value| units(value, 0)).transpose()?;
        held.cash.push((commodity(row.commodity_no)?, (units(row.cash, 0)?, value)));
    }
    Ok(())
}

/// A row of `read.cash_flow` as it is stored.
#[derive(Clone, Debug, sqlx::FromRow)]
pub(super) struct StoredRow {
    pub(super) date: NaiveDate,
    pub(super) seq: i64,
    pub(super) row_no: i32,
    commodity_no: i32,
    account_no: Option<i32>,
    kind: String,
    amount: Decimal,
    functional: Option<Decimal>,
    item_seq: Option<i64>,
    item_line: Option<i32>,
    taken: Option<Decimal>,
}

impl StoredRow {
    /// The row in smallest units.
    pub(super) fn read(self, scales: &[u8]) -> Result<Row, ProjectionError> {
        let commodity = commodity(self.commodity_no)?;
        let value = self.functional.map(|value| units(value, scale(scales, ledger_core::book::FUNCTIONAL))).transpose()?;
        Ok(Row {
            date: self.date,
            seq: self.seq,
            no: self.row_no,
            kind: FlowKind::parse(&self.kind).ok_or(ProjectionError::Damaged { what: "kind of a cash flow", found: self.kind })?,
            account: self.account_no.map(account).transpose()?,
            commodity,
            cash: (units(self.amount, scale(scales, commodity))?, value),
            item: self.item_seq.zip(self.item_line),
            taken: self.taken.map(|taken| units(taken, 0)).transpose()?,
        })
    }
}

/// A row of `read.cash_flow_unapplied`, in smallest units.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub(super) struct UnappliedRow {
    pub(super) item_seq: i64,
    pub(super) item_line: i32,
    pub(super) commodity_no: i32,
    pub(super) account_no: i32,
    pub(super) date: NaiveDate,
    pub(super) units_left: Decimal,
    pub(super) cash: Decimal,
    pub(super) functional: Option<Decimal>,
}

/// The rows of the cash behind items, in the order of their key.
pub(super) fn unapplied_rows(held: BTreeMap<ItemKey, Unapplied>) -> Result<Vec<UnappliedRow>, ProjectionError> {
    let mut rows = Vec::with_capacity(held.len());
    for ((item_seq, item_line), held) in held {
        for (commodity, (cash, value)) in held.cash {
            rows.push(UnappliedRow {
                item_seq,
                item_line,
                commodity_no: i32::from(commodity.get()),
                account_no: account_i32(held.account),
                date: held.date,
                units_left: shown(held.units_left, 0)?,
                cash: shown(cash, 0)?,
                functional: value.map(|value| shown(value, 0)).transpose()?,
            });
        }
    }
    rows.sort_by_key(|row| (row.item_seq, row.item_line, row.commodity_no));
    Ok(rows)
}

pub(super) fn read_sources(accounts: Vec<i32>, weights: Vec<Decimal>) -> Result<Sources, ProjectionError> {
    accounts.into_iter().zip(weights).map(|(no, weight)| Ok((account(no)?, units(weight, 0)?))).collect()
}

fn account(no: i32) -> Result<AccountNo, ProjectionError> {
    let damaged = |_| ProjectionError::Damaged { what: "an account in a cash flow", found: no.to_string() };
    u32::try_from(no).map(AccountNo::new).map_err(damaged)
}

fn commodity(no: i32) -> Result<CommodityNo, ProjectionError> {
    let damaged = |_| ProjectionError::Damaged { what: "a commodity in a cash flow", found: no.to_string() };
    u16::try_from(no).map(CommodityNo::new).map_err(damaged)
}

/// Smallest units of a stored amount.
pub(crate) fn units(amount: Decimal, scale: u8) -> Result<Units, ProjectionError> {
    let mut rescaled = amount;
    rescaled.rescale(u32::from(scale));
    if rescaled == amount && rescaled.scale() == u32::from(scale) {
        return Ok(rescaled.mantissa());
    }
    Err(ProjectionError::Damaged { what: "an amount of a cash flow", found: amount.to_string() })
}

fn shown(units: Units, scale: u8) -> Result<Decimal, ProjectionError> {
    decimal(units, scale).map_err(|found| ProjectionError::Damaged { what: "an amount of a cash flow", found })
}

async fn insert_rows(tx: &mut OrgTx, rows: &[Row], scales: &[u8]) -> Result<(), ProjectionError> {
    fn all<T>(rows: &[Row], value: impl Fn(&Row) -> T) -> Vec<T> {
        rows.iter().map(value).collect()
    }
    let amounts = rows.iter().map(|row| shown(row.cash.0, scale(scales, row.commodity))).collect::<Result<Vec<_>, _>>()?;
    let functional = scale(scales, ledger_core::book::FUNCTIONAL);
    let values = rows.iter().map(|row| row.cash.1.map(|value| shown(value, functional)).transpose()).collect::<Result<Vec<_>, _>>()?;
    let taken = rows.iter().map(|row| row.taken.map(|taken| shown(taken, 0)).transpose()).collect::<Result<Vec<_>, _>>()?;
    sqlx::query(
        "INSERT INTO read.cash_flow AS c
                (org_id, date, seq, row_no, commodity_no, account_no, kind, amount, functional, item_seq, item_line, taken)
         SELECT $1, u.* FROM unnest($2::date[], $3::bigint[], $4::integer[], $5::integer[], $6::integer[], $7::text[], $8::numeric[],
                                    $9::numeric[], $10::bigint[], $11::integer[], $12::numeric[]) AS u
         RETURNING c.seq",
    )
    .bind(tx.org().0)
    .bind(all(rows, |r| r.date))
    .bind(all(rows, |r| r.seq))
    .bind(all(rows, |r| r.no))
    .bind(all(rows, |r| i32::from(r.commodity.get())))
    .bind(all(rows, |r| r.account.map(account_i32)))
    .bind(all(rows, |r| r.kind.as_str()))
    .bind(amounts)
    .bind(values)
    .bind(all(rows, |r| r.item.map(|item| item.0)))
    .bind(all(rows, |r| r.item.map(|item| item.1)))
    .bind(taken)
    .execute(&mut **tx)
    .await
    .doing("insert cash flows")?;
    Ok(())
}

async fn insert_items(tx: &mut OrgTx, rows: &[(&ItemKey, &Sources)]) -> Result<(), ProjectionError> {
    // An array of arrays of different lengths cannot be a parameter: each comes as its text.
    let array = |sources: &Sources, value: &dyn Fn(&(AccountNo, Units)) -> Units| {
        let mut text = String::from("{");
        for (index, source) in sources.iter().enumerate() {
            let comma = if index > 0 { "," } else { "" };
            let _ = write!(text, "{comma}{}", value(source)); // a String takes everything
        }
        text.push('}');
        text
    };
    sqlx::query(
        "INSERT INTO read.cash_flow_item AS i (org_id, item_seq, item_line, accounts, weights)
         SELECT $1, u.item_seq, u.item_line, u.accounts::integer[], u.weights::numeric[]
           FROM unnest($2::bigint[], $3::integer[], $4::text[], $5::text[]) AS u (item_seq, item_line, accounts, weights)
         RETURNING i.item_seq",
    )
    .bind(tx.org().0)
    .bind(rows.iter().map(|(key, _)| key.0).collect::<Vec<_>>())
    .bind(rows.iter().map(|(key, _)| key.1).collect::<Vec<_>>())
    .bind(rows.iter().map(|(_, sources)| array(sources, &|(no, _)| Units::from(no.get()))).collect::<Vec<_>>())
    .bind(rows.iter().map(|(_, sources)| array(sources, &|(_, weight)| *weight)).collect::<Vec<_>>())
    .execute(&mut **tx)
    .await
    .doing("insert what items are made of")?;
    Ok(())
}

async fn insert_unapplied(tx: &mut OrgTx, rows: &[UnappliedRow]) -> Result<(), ProjectionError> {
    bound(
        "INSERT INTO read.cash_flow_unapplied AS i
                (org_id, item_seq, item_line, commodity_no, units_left, cash, functional, account_no, date)
         SELECT $1, u.* FROM unnest($2::bigint[], $3::integer[], $4::integer[], $5::numeric[], $6::numeric[], $7::numeric[],
                                    $8::integer[], $9::date[]) AS u
         RETURNING i.item_seq",
        tx,
        rows,
    )
    .await
}

async fn update_unapplied(tx: &mut OrgTx, rows: &[UnappliedRow]) -> Result<(), ProjectionError> {
    bound(
        "UPDATE read.cash_flow_unapplied AS i SET units_left = u.units_left, cash = u.cash, functional = u.functional
           FROM unnest($2::bigint[], $3::integer[], $4::integer[], $5::numeric[], $6::numeric[], $7::numeric[], $8::integer[], $9::date[])
             AS u (item_seq, item_line, commodity_no, units_left, cash, functional, account_no, date)
          WHERE i.org_id = $1 AND i.item_seq = u.item_seq AND i.item_line = u.item_line AND i.commodity_no = u.commodity_no",
        tx,
        rows,
    )
    .await
}

async fn bound(statement: &'static str, tx: &mut OrgTx, rows: &[UnappliedRow]) -> Result<(), ProjectionError> {
    fn all<T>(rows: &[UnappliedRow], value: impl Fn(&UnappliedRow) -> T) -> Vec<T> {
        rows.iter().map(value).collect()
    }
    sqlx::query(statement)
        .bind(tx.org().0)
        .bind(all(rows, |r| r.item_seq))
        .bind(all(rows, |r| r.item_line))
        .bind(all(rows, |r| r.commodity_no))
        .bind(all(rows, |r| r.units_left))
        .bind(all(rows, |r| r.cash))
        .bind(all(rows, |r| r.functional))
        .bind(all(rows, |r| r.account_no))
        .bind(all(rows, |r| r.date))
        .execute(&mut **tx)
        .await
        .doing("write the cash behind items")?;
    Ok(())
}
