//! Deferred revenue and prepaid expense: what waits, and when it is recognised.

use chrono::NaiveDate;

use super::ItemId;
use crate::Text;
use crate::account::AccountNo;
use crate::commodity::CommodityNo;
use crate::money::Units;

/// What is recognised in one month.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DeferralPart {
    /// The last day that it covers: when it is recognised, if its period is open then.
    pub date: NaiveDate,
    /// How much, in minor units of the deferral's currency, debit positive as the earning account sees it: revenue
    /// is negative, expense positive.
    pub units: Units,
    /// Its value in minor units of the functional currency, of the same sign.
    pub functional: Units,
}

/// A schedule, fixed when its document was recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deferral {
    /// Where it comes from: the document's event and its line, from 1.
    pub id: ItemId,
    /// Where it waits: deferred revenue or prepaid expense.
    pub deferred: AccountNo,
    /// Where it is recognised: revenue or expense.
    pub target: AccountNo,
    /// Its currency.
    pub currency: CommodityNo,
    /// Dimensions of the line.
    pub tags: Vec<(Text, Text)>,
    /// What is not recognised yet, by date.
    pub parts: Vec<DeferralPart>,
}

impl Deferral {
    /// What is not recognised yet: in its currency and in value.
    #[must_use]
    pub fn unrecognised(&self) -> (Units, Units) {
        self.parts.iter().fold((0, 0), |(units, functional), part| (units + part.units, functional + part.functional))
    }
}

/// A part that was recognised.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RecognisedPart {
    /// Of which schedule.
    pub deferral: ItemId,
    /// The part as it was scheduled.
    pub part: DeferralPart,
}
