//! Decisions about periods.

use chrono::NaiveDate;

use super::checklist::{counted, listed};
use super::{Book, text};
use crate::Text;
use crate::event::Event;
use crate::limits::DESCRIPTION_BYTES_MAX;
use crate::period::{Month, PeriodStatus};
use crate::rejection::Rejection;

impl Book {
    /// Whether an entry of this date may be posted now.
    pub(super) fn check_period(&self, date: NaiveDate, soft_closed: bool) -> Result<(), Rejection> {
        text::date(date, 0)?;
        if self.periods.is_empty() {
            return Ok(());
        }
        let month = Month::of(date);
        match self.period_status(month) {
            PeriodStatus::Open => Ok(()),
            PeriodStatus::SoftClosed if soft_closed => Ok(()),
            status => Err(Rejection::period(month, status, date)),
        }
    }

    /// The date itself if its period takes postings, else the first day of the first later period that does.
    /// Where every later period is closed, the refusal of the date itself.
    pub(super) fn first_open_day(&self, date: NaiveDate, soft_closed: bool) -> Result<NaiveDate, Rejection> {
        let Err(refusal) = self.check_period(date, soft_closed) else { return Ok(date) };
        let mut day = Month::of(date).next().first_day();
        while text::date(day, 0).is_ok() {
            if self.check_period(day, soft_closed).is_ok() {
                return Ok(day);
            }
            day = Month::of(day).next().first_day();
        }
        Err(refusal)
    }

    pub(super) fn close_period(
        &self,
        month: Month,
        status: PeriodStatus,
        reason: &Text,
        accept_open: bool,
    ) -> Result<Vec<Event>, Rejection> {
        text::bounded("reason", reason, DESCRIPTION_BYTES_MAX, 0)?;
        text::date(month.first_day(), 0)?;
        let current = self.period_status(month);
        if current == status {
            return Err(Rejection::PeriodUnchanged { month, status: status.as_str() });
        }
        if status < current || status == PeriodStatus::Open {
            return Err(Rejection::PeriodStep { month, status: status.as_str() });
        }
        let mut reason = reason.clone();
        if status == PeriodStatus::HardClosed {
            let points = self.open_points(month);
            if !points.is_empty() && !accept_open {
                return Err(Rejection::PeriodHasOpenPoints { month, points: listed(&points) });
            }
            if !points.is_empty() {
                text::printable("reason", &reason, DESCRIPTION_BYTES_MAX, 0)?;
                reason.push_str(&format!(" (accepted: {})", counted(&points)));
            }
        }
        Ok(vec![Event::PeriodClosed { month, status, reason }])
    }

    pub(super) fn reopen_period(&self, month: Month, reason: &Text) -> Result<Vec<Event>, Rejection> {
        text::printable("reason", reason, DESCRIPTION_BYTES_MAX, 0)?;
        if self.period_status(month) == PeriodStatus::Open {
            return Err(Rejection::PeriodUnchanged { month, status: PeriodStatus::Open.as_str() });
        }
        Ok(vec![Event::PeriodReopened { month, reason: reason.clone() }])
    }
}
