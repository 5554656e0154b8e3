//! Open items: the lines of control accounts, and what is left of them.

use chrono::NaiveDate;

use super::PartyNo;
use crate::account::AccountNo;
use crate::money::{Money, Units};
use crate::{Seq, Text};

/// Where an item stands: the event and its line. Ordered as the lines were posted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ItemId {
    /// The event that carries the line.
    pub seq: Seq,
    /// The line of its entry, from 1.
    pub line: u32,
}

impl std::fmt::Display for ItemId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.seq, self.line)
    }
}

/// A line on a control account and what is left of it. Debit positive: an invoice is positive and its payment
/// negative, a bill negative and its payment positive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenItem {
    /// The control account.
    pub account: AccountNo,
    /// Whose it is.
    pub party: PartyNo,
    /// The number of the document that it belongs to, as the line names it.
    pub document: Text,
    /// Which of the lines that its entry has for the document, from 1.
    pub instalment: u16,
    /// When its entry counts.
    pub date: NaiveDate,
    /// When it falls due, where the line says.
    pub due: Option<NaiveDate>,
    /// As it was posted.
    pub money: Money,
    /// Its value as it was posted, in minor units of the functional currency.
    pub functional: Units,
    /// What is left, in minor units of its currency; between 0 and its amount.
    pub open: Units,
    /// The value of what is left, at the item's own rate.
    pub open_functional: Units,
}

impl OpenItem {
    /// When it falls due; its date where nothing says so.
    #[must_use]
    pub fn due_or_date(&self) -> NaiveDate {
        self.due.unwrap_or(self.date)
    }

    /// Whether anything is left.
    #[must_use]
    pub const fn is_open(&self) -> bool {
        self.open != 0 || self.open_functional != 0
    }
}
