//! Allocations: what settles what.

use chrono::NaiveDate;

use super::ItemId;
use crate::money::{Money, Units};

/// Two items of opposite signs settled against each other in part or whole.
///
/// Each is relieved of its own value pro rata, the last relief takes all that is left, and the difference is the
/// realised exchange gain. The entry that goes with it, where there is one, has the difference on its last line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Allocation {
    /// When it counts.
    pub date: NaiveDate,
    /// What settles: a payment, a credit.
    pub from: ItemId,
    /// What is settled: an invoice, a bill.
    pub to: ItemId,
    /// How much of `from`, in its currency; positive.
    pub taken: Money,
    /// How much of `to`, in its currency; positive. The same as `taken` in one currency.
    pub settled: Money,
    /// Value that `from` is relieved of, in minor units of the functional currency; not negative.
    pub functional_from: Units,
    /// Value that `to` is relieved of; not negative.
    pub functional_to: Units,
    /// Realised exchange gain, positive, or loss, negative.
    pub realised: Units,
}
