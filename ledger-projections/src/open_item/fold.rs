//! From events to items and moves, purely: what an event says, before the items of earlier batches are known.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, Utc};
use ledger_core::event::Recorded;
use ledger_core::subledger::{Allocation, ItemId};
use ledger_core::{BalancedEntry, EntryKind, Event, Line, Money};
use rust_decimal::Decimal;

use super::rows::{AllocationRow, ItemKey, ItemRow, State};
use crate::amounts::{self, recorded_at, value};
use crate::chart::{Chart, account_i32};
use crate::error::to_i64;

/// Items and moves of a batch, in the order of history.
#[derive(Clone, Debug, Default)]
pub(crate) struct Items {
    pub(crate) items: BTreeMap<ItemKey, ItemRow>,
    pub(crate) moves: Vec<Move>,
}

/// Something that happened to items.
#[derive(Clone, Debug)]
pub(crate) enum Move {
    /// Two items were settled against each other.
    Allocated(Allocated),
    /// An allocation was undone.
    Undone { seq: i64, recorded_at: DateTime<Utc>, date: NaiveDate, allocation: i64 },
}

/// An allocation; amounts are not negative.
#[derive(Clone, Debug)]
pub(crate) struct Allocated {
    pub(crate) seq: i64,
    pub(crate) recorded_at: DateTime<Utc>,
    pub(crate) date: NaiveDate,
    pub(crate) from: ItemKey,
    pub(crate) to: ItemKey,
    pub(crate) taken: (Decimal, Decimal),
    pub(crate) settled: (Decimal, Decimal),
    pub(crate) realised: Decimal,
}

impl Allocated {
    /// The rows of both items, given the sign of the item that settles: the other's is the opposite.
    pub(crate) fn rows(&self, from_is_debit: bool) -> [AllocationRow; 2] {
        let row = |item, other, (amount, functional): (Decimal, Decimal), is_debit: bool, realised| AllocationRow {
            item,
            seq: self.seq,
            recorded_at: self.recorded_at,
            date: self.date,
            other,
            amount: if is_debit { -amount } else { amount },
            functional: if is_debit { -functional } else { functional },
            realised,
            reverses_seq: None,
        };
        [
            row(self.from, self.to, self.taken, from_is_debit, self.realised),
            row(self.to, self.from, self.settled, !from_is_debit, Decimal::ZERO),
        ]
    }
}

impl Items {
    /// Adds what follows from an event.
    pub(crate) fn add(&mut self, chart: &Chart, event: &Recorded) -> Result<(), String> {
        match &event.event {
            Event::ItemsAllocated { allocation, .. } => self.moves.push(Move::Allocated(allocated(chart, event, allocation)?)),
            Event::AllocationReversed { allocation, date, .. } => self.moves.push(Move::Undone {
                seq: to_i64(event.seq),
                recorded_at: recorded_at(event)?,
                date: *date,
                allocation: to_i64(*allocation),
            }),
            Event::ItemsRevalued { .. } | Event::RevaluationReversed { .. } => {}
            other => {
                if let Some(entry) = other.entry()
                    && chart.has_control_accounts()
                {
                    self.add_items(chart, event, entry)?;
                }
            }
        }
        Ok(())
    }

    fn add_items(&mut self, chart: &Chart, event: &Recorded, entry: &BalancedEntry) -> Result<(), String> {
        let kind = kind_of(&event.event, entry);
        let mut rows = Vec::new();
        for (line, no) in entry.lines().iter().zip(1_i32..) {
            if let Some(row) = item_of(chart, event, entry, line, kind)? {
                rows.push(((to_i64(event.seq), no), row));
            }
        }
        self.items.extend(rows);
        Ok(())
    }
}

/// The item that a line is, where it stands on a control account and names whose it is.
fn item_of(chart: &Chart, event: &Recorded, entry: &BalancedEntry, line: &Line, kind: &'static str) -> Result<Option<ItemRow>, String> {
    let Some(side) = chart.control(line.account).filter(|_| line.money.units() != 0) else { return Ok(None) };
    let detail = line.detail.as_ref().ok_or("a line on a control account names no party")?;
    let party = detail.party.clone().ok_or("a line on a control account names no party")?;
    let document = detail.document.clone().ok_or("a line on a control account names no document")?;
    let amount = amount(chart, line.money)?;
    let functional = value(chart, line.functional.ok_or("a line on a control account has no functional amount")?)?;
    let date = entry.effective_date();
    Ok(Some(ItemRow {
        recorded_at: recorded_at(event)?,
        side: side.as_str(),
        account_no: account_i32(line.account),
        party,
        document,
        kind,
        date,
        due_date: detail.due_date,
        currency: amounts::currency(chart, line.money.currency()),
        amount,
        functional,
        state: State::new(amount, functional, date),
    }))
}

fn kind_of(event: &Event, entry: &BalancedEntry) -> &'static str {
    match event {
        Event::DocumentRecorded { document, .. } => document.kind.as_str(),
        _ if entry.header().kind == EntryKind::Ordinary => "journal",
        _ => entry.header().kind.as_str(),
    }
}

fn allocated(chart: &Chart, event: &Recorded, allocation: &Allocation) -> Result<Allocated, String> {
    Ok(Allocated {
        seq: to_i64(event.seq),
        recorded_at: recorded_at(event)?,
        date: allocation.date,
        from: key(allocation.from),
        to: key(allocation.to),
        taken: (amount(chart, allocation.taken)?, value(chart, allocation.functional_from)?),
        settled: (amount(chart, allocation.settled)?, value(chart, allocation.functional_to)?),
        realised: value(chart, allocation.realised)?,
    })
}

fn key(item: ItemId) -> ItemKey {
    (to_i64(item.seq), i32::try_from(item.line).unwrap_or(i32::MAX))
}

fn amount(chart: &Chart, money: Money) -> Result<Decimal, String> {
    amounts::amount(chart, money.units(), money.currency())
}
