//! Accounting periods: calendar months, open until somebody closes them.
//!
//! An entry is checked against the period of its own effective date, when it is posted.

use chrono::{Datelike, NaiveDate};

/// A calendar month.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Month(i32);

impl Month {
    /// The month of a date.
    #[must_use]
    pub fn of(date: NaiveDate) -> Self {
        Self(date.year() * 12 + i32::try_from(date.month0()).unwrap_or(0))
    }

    /// The month with this ordinal: year × 12 + month − 1.
    #[must_use]
    pub const fn from_ordinal(ordinal: i32) -> Self {
        Self(ordinal)
    }

    /// Year × 12 + month − 1.
    #[must_use]
    pub const fn ordinal(self) -> i32 {
        self.0
    }

    /// Reads `2026-03`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        NaiveDate::parse_from_str(&format!("{text}-01"), "%Y-%m-%d").ok().map(Self::of)
    }

    /// Its first day; the first day of the calendar for months beyond it.
    #[must_use]
    pub fn first_day(self) -> NaiveDate {
        let month = u32::try_from(self.0.rem_euclid(12)).unwrap_or(0) + 1;
        NaiveDate::from_ymd_opt(self.0.div_euclid(12), month, 1).unwrap_or(NaiveDate::MIN)
    }

    /// The month after it.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }
}

impl std::fmt::Display for Month {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:04}-{:02}", self.0.div_euclid(12), self.0.rem_euclid(12) + 1)
    }
}

/// Who may post into a period.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PeriodStatus {
    /// Everybody.
    #[default]
    Open,
    /// Only who may post into soft-closed periods.
    SoftClosed,
    /// Nobody.
    HardClosed,
}

impl PeriodStatus {
    /// The word used in reports.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::SoftClosed => "soft-closed",
            Self::HardClosed => "hard-closed",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn months_count_across_years() {
        let december = Month::parse("2025-12").unwrap();
        assert_eq!(december.next().to_string(), "2026-01");
        assert_eq!(december.next().first_day(), NaiveDate::from_ymd_opt(2026, 1, 1).unwrap());
        assert_eq!(Month::of(NaiveDate::from_ymd_opt(2025, 12, 31).unwrap()), december);
        assert_eq!(Month::parse("2025-13"), None);
    }
}
