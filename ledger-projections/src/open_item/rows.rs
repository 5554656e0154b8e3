//! The rows of `read.open_item` and `read.allocation`.

use chrono::{DateTime, NaiveDate, Utc};
use ledger_core::Text;
use rust_decimal::Decimal;

/// Where an item stands: event and line.
pub(crate) type ItemKey = (i64, i32);

/// The day that stands for "not settled": `infinity` in the database.
pub(crate) const NEVER: NaiveDate = NaiveDate::MAX;
/// The event that stands for "not settled".
pub(crate) const NO_SEQ: i64 = i64::MAX;

/// A line on a control account, and what is left of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ItemRow {
    pub(crate) recorded_at: DateTime<Utc>,
    pub(crate) side: &'static str,
    pub(crate) account_no: i32,
    pub(crate) party: Text,
    pub(crate) document: Text,
    pub(crate) kind: &'static str,
    pub(crate) date: NaiveDate,
    pub(crate) due_date: Option<NaiveDate>,
    pub(crate) currency: Text,
    pub(crate) amount: Decimal,
    pub(crate) functional: Decimal,
    pub(crate) state: State,
}

/// What is left of an item, and since when there is nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct State {
    pub(crate) open: Decimal,
    pub(crate) open_functional: Decimal,
    pub(crate) last_on: NaiveDate,
    pub(crate) settled_on: NaiveDate,
    pub(crate) settled_seq: i64,
}

impl State {
    pub(crate) fn new(amount: Decimal, functional: Decimal, date: NaiveDate) -> Self {
        Self { open: amount, open_functional: functional, last_on: date, settled_on: NEVER, settled_seq: NO_SEQ }
    }

    /// The state after another row of the item.
    pub(crate) fn moved(&mut self, row: &AllocationRow) {
        self.open += row.amount;
        self.open_functional += row.functional;
        self.last_on = self.last_on.max(row.date);
        let settled = self.open.is_zero() && self.open_functional.is_zero();
        (self.settled_on, self.settled_seq) = if settled { (self.last_on, row.seq) } else { (NEVER, NO_SEQ) };
    }
}

/// What an allocation, or its reversal, added to an item's open amounts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct AllocationRow {
    pub(crate) item: ItemKey,
    pub(crate) seq: i64,
    pub(crate) recorded_at: DateTime<Utc>,
    pub(crate) date: NaiveDate,
    pub(crate) other: ItemKey,
    pub(crate) amount: Decimal,
    pub(crate) functional: Decimal,
    pub(crate) realised: Decimal,
    pub(crate) reverses_seq: Option<i64>,
}

impl AllocationRow {
    /// The row of the reversal of this one.
    pub(crate) fn reversed(&self, seq: i64, recorded_at: DateTime<Utc>, date: NaiveDate) -> Self {
        Self {
            seq,
            recorded_at,
            date,
            amount: -self.amount,
            functional: -self.functional,
            realised: -self.realised,
            reverses_seq: Some(self.seq),
            ..self.clone()
        }
    }
}
