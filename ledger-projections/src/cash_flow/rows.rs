//! What the tables of cash flow hold, in smallest units until it is written.

use chrono::NaiveDate;
use ledger_core::{AccountNo, CommodityNo, Units};

/// Where an item stands: event and line.
pub(crate) type ItemKey = (i64, i32);
/// Where a row stands: day, event, number.
pub(crate) type RowKey = (NaiveDate, i64, i32);

/// What a movement of cash was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FlowKind {
    /// For an account.
    Account,
    /// Received or paid for a control account and not applied to anything yet.
    Unapplied,
    /// One currency for another.
    Exchange,
    /// A change of value in the functional currency without a movement.
    Fx,
    /// Brought in by an opening entry.
    Opening,
    /// Moved by a year-end closing.
    Closing,
}

impl FlowKind {
    const ALL: [Self; 6] = [Self::Account, Self::Unapplied, Self::Exchange, Self::Fx, Self::Opening, Self::Closing];

    /// The word in the table.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Account => "account",
            Self::Unapplied => "unapplied",
            Self::Exchange => "exchange",
            Self::Fx => "fx",
            Self::Opening => "opening",
            Self::Closing => "closing",
        }
    }

    /// Reads the word in the table.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == word)
    }
}

/// An amount of cash and its value, where it has one.
pub(crate) type Cash = (Units, Option<Units>);

/// A row of `read.cash_flow`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Row {
    pub(crate) date: NaiveDate,
    pub(crate) seq: i64,
    pub(crate) no: i32,
    pub(crate) kind: FlowKind,
    pub(crate) account: Option<AccountNo>,
    pub(crate) commodity: CommodityNo,
    pub(crate) cash: Cash,
    /// The item whose cash an allocation speaks of.
    pub(crate) item: Option<ItemKey>,
    /// How much of the item was settled, on the first row of each.
    pub(crate) taken: Option<Units>,
}

impl Row {
    pub(crate) const fn key(&self) -> RowKey {
        (self.date, self.seq, self.no)
    }
}

/// What an item is made of: accounts with weights that are not negative.
pub(crate) type Sources = Vec<(AccountNo, Units)>;

/// The cash behind an item of which no allocation has spoken yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Unapplied {
    pub(crate) account: AccountNo,
    pub(crate) date: NaiveDate,
    /// What is left of the item, not negative.
    pub(crate) units_left: Units,
    pub(crate) cash: Vec<(CommodityNo, Cash)>,
}
