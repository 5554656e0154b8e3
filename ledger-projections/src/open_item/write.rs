//! Writing a batch: new items, rows of allocations, and what both leave of items that were there before.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, NaiveDate, Utc};
use ledger_store::OrgTx;
use rust_decimal::Decimal;

use super::fold::{Items, Move};
use super::rows::{AllocationRow, ItemKey, ItemRow, NEVER, State};
use crate::error::{Doing, ProjectionError};

/// Rows that one statement inserts or updates.
const STATEMENT_ROWS: usize = 8_192;

/// Writes the batch in the transaction.
pub(super) async fn write(tx: &mut OrgTx, batch: Items) -> Result<(), ProjectionError> {
    let Items { mut items, moves } = batch;
    let mut before = Before::load(tx, &items, &moves).await?;
    let rows = before.apply(&mut items, &moves)?;
    for statement in items.into_iter().collect::<Vec<_>>().chunks(STATEMENT_ROWS) {
        insert_items(tx, statement).await?;
    }
    for statement in rows.chunks(STATEMENT_ROWS) {
        insert_allocations(tx, statement).await?;
    }
    for statement in before.touched().chunks(STATEMENT_ROWS) {
        update_items(tx, statement).await?;
    }
    Ok(())
}

/// What earlier batches left that this one speaks of.
#[derive(Default)]
struct Before {
    /// Items by their keys: whether they are debits, and what is left of them.
    items: BTreeMap<ItemKey, (bool, State)>,
    /// Rows of allocations that are undone, by the allocation.
    allocations: BTreeMap<i64, Vec<AllocationRow>>,
    touched: BTreeSet<ItemKey>,
}

impl Before {
    async fn load(tx: &mut OrgTx, items: &BTreeMap<ItemKey, ItemRow>, moves: &[Move]) -> Result<Self, ProjectionError> {
        let mut found = Self::default();
        let here: BTreeSet<i64> =
            moves.iter().filter_map(|moved| if let Move::Allocated(new) = moved { Some(new.seq) } else { None }).collect();
        let undone: Vec<i64> = moves
            .iter()
            .filter_map(|moved| if let Move::Undone { allocation, .. } = moved { Some(*allocation) } else { None })
            .filter(|allocation| !here.contains(allocation))
            .collect();
        if !undone.is_empty() {
            found.load_allocations(tx, &undone).await?;
        }
        let allocated = moves.iter().filter_map(|moved| if let Move::Allocated(new) = moved { Some([new.from, new.to]) } else { None });
        let undone = found.allocations.values().flatten().map(|row| row.item);
        let keys: BTreeSet<ItemKey> = allocated.flatten().chain(undone).filter(|key| !items.contains_key(key)).collect();
        if !keys.is_empty() {
            found.load_items(tx, &keys).await?;
        }
        Ok(found)
    }

    async fn load_allocations(&mut self, tx: &mut OrgTx, allocations: &[i64]) -> Result<(), ProjectionError> {
        // Through the items, since rows stand in their order: an allocation's own event names none of them here.
        let rows: Vec<StoredAllocation> = sqlx::query_as(
            "SELECT item_seq, item_line, seq, recorded_at, date, other_seq, other_line, amount, functional, realised, reverses_seq
               FROM read.allocation WHERE org_id = $1 AND seq = ANY ($2) ORDER BY item_seq, item_line, seq",
        )
        .bind(tx.org().0)
        .bind(allocations)
        .fetch_all(&mut **tx)
        .await
        .doing("read allocations that are undone")?;
        for row in rows {
            self.allocations.entry(row.seq).or_default().push(row.into());
        }
        Ok(())
    }

    async fn load_items(&mut self, tx: &mut OrgTx, keys: &BTreeSet<ItemKey>) -> Result<(), ProjectionError> {
        let rows: Vec<(i64, i32, Decimal, Decimal, Decimal, NaiveDate, i64)> = sqlx::query_as(
            "SELECT i.item_seq, i.item_line, i.amount, i.open, i.open_functional, i.last_on, i.settled_seq
               FROM unnest($2::bigint[], $3::integer[]) AS u (item_seq, item_line)
               JOIN read.open_item AS i ON i.org_id = $1 AND i.item_seq = u.item_seq AND i.item_line = u.item_line",
        )
        .bind(tx.org().0)
        .bind(keys.iter().map(|key| key.0).collect::<Vec<_>>())
        .bind(keys.iter().map(|key| key.1).collect::<Vec<_>>())
        .fetch_all(&mut **tx)
        .await
        .doing("read items that are allocated")?;
        self.items.extend(rows.into_iter().map(|(seq, line, amount, open, open_functional, last_on, settled_seq)| {
            ((seq, line), (amount > Decimal::ZERO, State { open, open_functional, last_on, settled_on: NEVER, settled_seq }))
        }));
        Ok(())
    }

    /// The rows of all moves, with the items' states after them.
    fn apply(&mut self, items: &mut BTreeMap<ItemKey, ItemRow>, moves: &[Move]) -> Result<Vec<AllocationRow>, ProjectionError> {
        let mut all = Vec::with_capacity(2 * moves.len());
        for moved in moves {
            let rows = match moved {
                Move::Allocated(new) => {
                    let from_is_debit = match items.get(&new.from) {
                        Some(item) => item.amount > Decimal::ZERO,
                        None => self.items.get(&new.from).ok_or_else(|| missing(new.from))?.0,
                    };
                    let rows = Vec::from(new.rows(from_is_debit));
                    self.allocations.insert(new.seq, rows.clone());
                    rows
                }
                Move::Undone { seq, recorded_at, date, allocation } => {
                    let undone = self.allocations.get(allocation);
                    let undone = undone.ok_or_else(|| ProjectionError::Damaged {
                        what: "an allocation that is undone",
                        found: format!("none at event {allocation}"),
                    })?;
                    undone.iter().map(|row| row.reversed(*seq, *recorded_at, *date)).collect()
                }
            };
            for row in &rows {
                match items.get_mut(&row.item) {
                    Some(item) => item.state.moved(row),
                    None => {
                        self.items.get_mut(&row.item).ok_or_else(|| missing(row.item))?.1.moved(row);
                        self.touched.insert(row.item);
                    }
                }
            }
            all.extend(rows);
        }
        all.sort_by_key(|row| (row.item, row.seq));
        Ok(all)
    }

    fn touched(&self) -> Vec<(ItemKey, &State)> {
        self.touched.iter().filter_map(|key| self.items.get(key).map(|(_, state)| (*key, state))).collect()
    }
}

fn missing((seq, line): ItemKey) -> ProjectionError {
    ProjectionError::Damaged { what: "an item that is allocated", found: format!("none at event {seq}, line {line}") }
}

/// The rows that a fold of everything from the beginning gives.
pub(super) fn whole(batch: Items) -> Result<(BTreeMap<ItemKey, ItemRow>, Vec<AllocationRow>), ProjectionError> {
    let Items { mut items, moves } = batch;
    let rows = Before::default().apply(&mut items, &moves)?;
    Ok((items, rows))
}

/// A row of `read.allocation`.
#[derive(Clone, Debug, sqlx::FromRow)]
pub(super) struct StoredAllocation {
    pub(super) item_seq: i64,
    pub(super) item_line: i32,
    pub(super) seq: i64,
    pub(super) recorded_at: DateTime<Utc>,
    pub(super) date: NaiveDate,
    pub(super) other_seq: i64,
    pub(super) other_line: i32,
    pub(super) amount: Decimal,
    pub(super) functional: Decimal,
    pub(super) realised: Decimal,
    pub(super) reverses_seq: Option<i64>,
}

impl From<StoredAllocation> for AllocationRow {
    fn from(row: StoredAllocation) -> Self {
        Self {
            item: (row.item_seq, row.item_line),
            seq: row.seq,
            recorded_at: row.recorded_at,
            date: row.date,
            other: (row.other_seq, row.other_line),
            amount: row.amount,
            functional: row.functional,
            realised: row.realised,
            reverses_seq: row.reverses_seq,
        }
    }
}

async fn insert_items(tx: &mut OrgTx, rows: &[(ItemKey, ItemRow)]) -> Result<(), ProjectionError> {
    fn all<'r, T>(rows: &'r [(ItemKey, ItemRow)], value: impl Fn(&'r ItemRow) -> T) -> Vec<T> {
        rows.iter().map(|(_, row)| value(row)).collect()
    }
    let settled = |row: &ItemRow| (row.state.settled_on != NEVER).then_some(row.state.settled_on);
    sqlx::query(include_str!("insert_items.sql"))
        .bind(tx.org().0)
        .bind(rows.iter().map(|(key, _)| key.0).collect::<Vec<_>>())
        .bind(rows.iter().map(|(key, _)| key.1).collect::<Vec<_>>())
        .bind(all(rows, |r| r.recorded_at))
        .bind(all(rows, |r| r.side))
        .bind(all(rows, |r| r.account_no))
        .bind(all(rows, |r| r.party.as_str()))
        .bind(all(rows, |r| r.document.as_str()))
        .bind(all(rows, |r| r.kind))
        .bind(all(rows, |r| r.date))
        .bind(all(rows, |r| r.due_date))
        .bind(all(rows, |r| r.currency.as_str()))
        .bind(all(rows, |r| r.amount))
        .bind(all(rows, |r| r.functional))
        .bind(all(rows, |r| r.state.open))
        .bind(all(rows, |r| r.state.open_functional))
        .bind(all(rows, |r| r.state.last_on))
        .bind(all(rows, settled))
        .bind(all(rows, |r| r.state.settled_seq))
        .execute(&mut **tx)
        .await
        .doing("insert open items")?;
    Ok(())
}

async fn insert_allocations(tx: &mut OrgTx, rows: &[AllocationRow]) -> Result<(), ProjectionError> {
    fn all<T>(rows: &[AllocationRow], value: impl Fn(&AllocationRow) -> T) -> Vec<T> {
        rows.iter().map(value).collect()
    }
    sqlx::query(
        "INSERT INTO read.allocation AS a
                (org_id, item_seq, item_line, seq, recorded_at, date, other_seq, other_line, amount, functional, realised, reverses_seq)
         SELECT $1, u.* FROM unnest($2::bigint[], $3::integer[], $4::bigint[], $5::timestamptz[], $6::date[], $7::bigint[], $8::integer[],
                                    $9::numeric[], $10::numeric[], $11::numeric[], $12::bigint[]) AS u
         RETURNING a.seq",
    )
    .bind(tx.org().0)
    .bind(all(rows, |r| r.item.0))
    .bind(all(rows, |r| r.item.1))
    .bind(all(rows, |r| r.seq))
    .bind(all(rows, |r| r.recorded_at))
    .bind(all(rows, |r| r.date))
    .bind(all(rows, |r| r.other.0))
    .bind(all(rows, |r| r.other.1))
    .bind(all(rows, |r| r.amount))
    .bind(all(rows, |r| r.functional))
    .bind(all(rows, |r| r.realised))
    .bind(all(rows, |r| r.reverses_seq))
    .execute(&mut **tx)
    .await
    .doing("insert allocations")?;
    Ok(())
}

async fn update_items(tx: &mut OrgTx, rows: &[(ItemKey, &State)]) -> Result<(), ProjectionError> {
    fn all<T>(rows: &[(ItemKey, &State)], value: impl Fn(&State) -> T) -> Vec<T> {
        rows.iter().map(|(_, state)| value(state)).collect()
    }
    sqlx::query(
        "UPDATE read.open_item AS i
            SET open = u.open, open_functional = u.open_functional, last_on = u.last_on,
                settled_on = coalesce(u.settled_on, 'infinity'), settled_seq = u.settled_seq
           FROM unnest($2::bigint[], $3::integer[], $4::numeric[], $5::numeric[], $6::date[], $7::date[], $8::bigint[])
             AS u (item_seq, item_line, open, open_functional, last_on, settled_on, settled_seq)
          WHERE i.org_id = $1 AND i.item_seq = u.item_seq AND i.item_line = u.item_line",
    )
    .bind(tx.org().0)
    .bind(rows.iter().map(|(key, _)| key.0).collect::<Vec<_>>())
    .bind(rows.iter().map(|(key, _)| key.1).collect::<Vec<_>>())
    .bind(all(rows, |s| s.open))
    .bind(all(rows, |s| s.open_functional))
    .bind(all(rows, |s| s.last_on))
    .bind(all(rows, |s| (s.settled_on != NEVER).then_some(s.settled_on)))
    .bind(all(rows, |s| s.settled_seq))
    .execute(&mut **tx)
    .await
    .doing("bring open items up to date")?;
    Ok(())
}
