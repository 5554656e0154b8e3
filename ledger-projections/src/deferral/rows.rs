//! The rows of `read.deferral`.

use chrono::NaiveDate;
use rust_decimal::Decimal;

/// The event that stands for "still waiting".
pub(crate) const NO_SEQ: i64 = i64::MAX;

/// A schedule: the document's event and its line.
pub(crate) type ScheduleKey = (i64, i32);

/// A part: its schedule, the event that scheduled it, and its place.
pub(crate) type PartKey = (i64, i32, i64, i32);

/// Whose document has schedules.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Head {
    pub(crate) side: &'static str,
    pub(crate) party: String,
    pub(crate) document: String,
    pub(crate) date: NaiveDate,
}

/// A part of a schedule, as it is stored but for its key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PartRow {
    pub(crate) side: String,
    pub(crate) party: String,
    pub(crate) document: String,
    pub(crate) deferred_no: i32,
    pub(crate) target_no: i32,
    pub(crate) currency: String,
    pub(crate) part_date: NaiveDate,
    pub(crate) amount: Decimal,
    pub(crate) functional: Decimal,
    pub(crate) scheduled_on: NaiveDate,
    pub(crate) recognised: Option<(NaiveDate, i64)>,
    pub(crate) cancelled: Option<(NaiveDate, i64)>,
}

impl PartRow {
    pub(crate) const fn waits(&self) -> bool {
        self.recognised.is_none() && self.cancelled.is_none()
    }

    /// The last day on which anything happened to a part that waits no longer, and the event.
    pub(crate) fn done(&self) -> (Option<NaiveDate>, i64) {
        match self.recognised.or(self.cancelled) {
            Some((on, seq)) => (Some(on.max(self.scheduled_on)), seq),
            None => (None, NO_SEQ),
        }
    }
}
