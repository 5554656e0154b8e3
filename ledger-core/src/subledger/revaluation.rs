//! Revaluations: what foreign items and holdings are worth at a date's closing rates.

use chrono::NaiveDate;
use rust_decimal::Decimal;

use super::ItemId;
use crate::account::AccountNo;
use crate::commodity::CommodityNo;
use crate::money::{Money, Units};

/// What was revalued.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum RevaluedTarget {
    /// An open item.
    Item(ItemId),
    /// What a cash or bank account holds of a currency.
    Holding(AccountNo),
}

/// One revalued item or holding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Revalued {
    /// What was revalued.
    pub target: RevaluedTarget,
    /// What was open or held at the date, debit positive.
    pub money: Money,
    /// What it was carried at, debit positive, in minor units of the functional currency.
    pub carried: Units,
    /// What its value changed by: a gain is positive for debits and credits alike.
    pub adjustment: Units,
}

/// A revaluation at a date: item by item, reversed by an entry of its own on the next day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Revaluation {
    /// When it counts.
    pub date: NaiveDate,
    /// The closing rates that were used: functional units per unit of each currency.
    pub rates: Vec<(CommodityNo, Decimal)>,
    /// Item by item.
    pub revalued: Vec<Revalued>,
}
