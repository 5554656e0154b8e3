//! What allocations say of the cash behind items: from 'unapplied' to what was settled, and back.

use std::collections::{BTreeMap, BTreeSet};

use ledger_core::Units;
use ledger_core::rounding::{Rounding, prorate};

use super::fold::{Flows, Move};
use super::rows::{Cash, FlowKind, ItemKey, Row, Sources, Unapplied};
use super::shares::parts;
use crate::error::ProjectionError;

/// What earlier batches left that this one speaks of.
#[derive(Default)]
pub(super) struct Before {
    pub(super) items: BTreeMap<ItemKey, Sources>,
    pub(super) unapplied: BTreeMap<ItemKey, Unapplied>,
    /// Rows of allocations, by the allocation.
    pub(super) allocations: BTreeMap<i64, Vec<Row>>,
    pub(super) touched: BTreeSet<ItemKey>,
}

impl Before {
    /// Adds the rows of all moves, and what they leave.
    pub(super) fn apply(&mut self, flows: &mut Flows) -> Result<(), ProjectionError> {
        let undone: BTreeSet<i64> = flows
            .moves
            .iter()
            .filter_map(|moved| if let Move::Undone { allocation, .. } = moved { Some(*allocation) } else { None })
            .collect();
        for moved in std::mem::take(&mut flows.moves) {
            let rows = match moved {
                Move::Allocated { seq, from, to } => {
                    let mut rows = Vec::new();
                    for ((item, taken), (other, _)) in [(from, to), (to, from)] {
                        self.settle(flows, seq, item, taken, other, &mut rows);
                    }
                    if undone.contains(&seq) {
                        self.allocations.insert(seq, rows.clone());
                    }
                    rows
                }
                Move::Undone { seq, allocation } => {
                    let rows = self.allocations.remove(&allocation).unwrap_or_default();
                    rows.into_iter().map(|row| reversed(row, seq)).collect()
                }
            };
            for row in &rows {
                if let Some(item) = row.item {
                    self.moved(flows, item, row)?;
                }
            }
            flows.rows.extend(rows);
        }
        flows.rows.sort_by_key(Row::key);
        Ok(())
    }

    /// The rows by which the cash behind an item becomes what another item is made of.
    fn settle(&self, flows: &Flows, seq: i64, item: ItemKey, taken: Units, other: ItemKey, rows: &mut Vec<Row>) {
        let Some(held) = flows.unapplied.get(&item).or_else(|| self.unapplied.get(&item)) else { return };
        let own: Sources = vec![(held.account, 1)];
        let sources = flows.items.get(&other).or_else(|| self.items.get(&other)).unwrap_or(&own);
        let weights: Vec<Units> = sources.iter().map(|(_, weight)| *weight).collect();
        for (index, (commodity, left)) in held.cash.iter().enumerate() {
            let cash = relief(*left, taken, held.units_left);
            let mut push = |kind, account, cash, taken| {
                let no = i32::try_from(rows.len()).unwrap_or(i32::MAX);
                rows.push(Row {
                    date: held.date,
                    seq,
                    no,
                    kind,
                    account: Some(account),
                    commodity: *commodity,
                    cash,
                    item: Some(item),
                    taken,
                });
            };
            push(FlowKind::Unapplied, held.account, (-cash.0, cash.1.map(|value| -value)), (index == 0).then_some(taken));
            for ((account, _), part) in sources.iter().zip(parts(cash, &weights)) {
                if part.0 != 0 || part.1.unwrap_or(0) != 0 {
                    push(FlowKind::Account, *account, part, None);
                }
            }
        }
    }

    /// What a row leaves of the cash behind an item.
    fn moved(&mut self, flows: &mut Flows, item: ItemKey, row: &Row) -> Result<(), ProjectionError> {
        if row.kind != FlowKind::Unapplied {
            return Ok(());
        }
        let held = match flows.unapplied.get_mut(&item) {
            Some(held) => held,
            None => {
                self.touched.insert(item);
                let missing = || ProjectionError::Damaged {
                    what: "cash behind an item",
                    found: format!("none at event {}, line {}", item.0, item.1),
                };
                self.unapplied.get_mut(&item).ok_or_else(missing)?
            }
        };
        held.units_left -= row.taken.unwrap_or(0);
        if let Some((_, left)) = held.cash.iter_mut().find(|(commodity, _)| *commodity == row.commodity) {
            *left = (left.0 + row.cash.0, left.1.zip(row.cash.1).map(|(left, value)| left + value));
        }
        Ok(())
    }
}

fn reversed(row: Row, seq: i64) -> Row {
    Row { seq, cash: (-row.cash.0, row.cash.1.map(|value| -value)), taken: row.taken.map(|taken| -taken), ..row }
}

/// The part of what is left that goes with what is taken; the last takes all.
fn relief(left: Cash, taken: Units, whole: Units) -> Cash {
    if taken == whole {
        return left;
    }
    let part = |units| prorate(units, taken.unsigned_abs(), whole.unsigned_abs(), Rounding::HalfEven);
    (part(left.0), left.1.map(part))
}
