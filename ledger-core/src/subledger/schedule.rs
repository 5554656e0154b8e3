//! When a deferred amount is earned or spent: its parts, month by month.
//!
//! The cumulative method: after each month so much is recognised in all as the time that has passed says, and the
//! month takes what is missing, so that the parts sum to the total and no rounding piles up. By time the cumulative
//! amount is rounded to the nearest unit; by equal months it is rounded down, so that a unit is recognised when it
//! is earned in full (752.68, 752.69, 752.69 of 2258.06, as the Odoo community's cut-off module has it).
//!
//! A schedule is stored when its document is recorded; nothing here runs on replay.

use chrono::{Datelike, NaiveDate};

use super::DeferralMethod;
use crate::money::Units;
use crate::period::Month;
use crate::rounding::{Rounding, prorate, prorate_down};

/// How time is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Spread {
    /// By days, first and last inclusive.
    Days,
    /// By months, a month that is only touched in part by its share of days.
    MonthsInPart,
    /// The same for each month that is touched.
    EqualMonths,
    /// The same for each of so many months from the first on, whatever the last day.
    MonthCount(u16),
}

impl From<DeferralMethod> for Spread {
    fn from(method: DeferralMethod) -> Self {
        match method {
            DeferralMethod::Days => Self::Days,
            DeferralMethod::Months => Self::EqualMonths,
            DeferralMethod::MonthsInPart => Self::MonthsInPart,
        }
    }
}

/// What is recognised in one month.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Part {
    /// The last day of the month that is covered: when it is recognised.
    pub date: NaiveDate,
    /// How much, with the total's sign.
    pub units: Units,
}

/// Months that a schedule may have: a hundred years.
pub const MONTHS_MAX: usize = 1_200;

/// The parts of a total from the first to the last day, both inclusive, in order; those of nothing are left out.
/// `None` where the last day is before the first, or there are too many months.
#[must_use]
pub fn schedule(total: Units, first: NaiveDate, last: NaiveDate, spread: Spread) -> Option<Vec<Part>> {
    let spans = spans(first, last, spread)?;
    let whole: u128 = spans.iter().map(|span| span.weight).sum();
    let (mut passed, mut recognised) = (0, 0);
    let mut parts = Vec::with_capacity(spans.len());
    for span in spans {
        passed += span.weight;
        let due = match spread {
            Spread::Days | Spread::MonthsInPart => prorate(total, passed, whole, Rounding::HalfEven),
            Spread::EqualMonths | Spread::MonthCount(_) => prorate_down(total, passed, whole),
        };
        if due != recognised {
            parts.push(Part { date: span.end, units: due - recognised });
        }
        recognised = due;
    }
    Some(parts)
}

/// A month or what is covered of it.
struct Span {
    end: NaiveDate,
    weight: u128,
}

/// Days of a month have so many parts that each month's length divides them.
const DAY_PARTS: u32 = 28 * 29 * 30 * 31;

fn spans(first: NaiveDate, last: NaiveDate, spread: Spread) -> Option<Vec<Span>> {
    let count = |count: usize| (1..=MONTHS_MAX).contains(&count).then_some(count);
    let from = Month::of(first);
    if let Spread::MonthCount(months) = spread {
        let months = count(usize::from(months))?;
        return Some(months_from(from, months).map(|month| Span { end: last_day(month), weight: 1 }).collect());
    }
    if last < first {
        return None;
    }
    let months = count(usize::try_from(Month::of(last).ordinal() - from.ordinal()).ok()? + 1)?;
    let span = |month: Month| {
        let (start, end) = (month.first_day().max(first), last_day(month).min(last));
        let days = end.day() - start.day() + 1;
        let weight = match spread {
            Spread::Days => u128::from(days),
            Spread::MonthsInPart => u128::from(days) * u128::from(DAY_PARTS / last_day(month).day()),
            Spread::EqualMonths | Spread::MonthCount(_) => 1,
        };
        Span { end, weight }
    };
    Some(months_from(from, months).map(span).collect())
}

fn months_from(first: Month, count: usize) -> impl Iterator<Item = Month> {
    std::iter::successors(Some(first), |month| Some(month.next())).take(count)
}

fn last_day(month: Month) -> NaiveDate {
    month.next().first_day().pred_opt().unwrap_or(NaiveDate::MAX)
}
