//! What a query may hold: days, times, amounts, numbers and words, each with one spelling. Everything is read from text and
//! refused where it is not exactly that; nothing is guessed or clamped.

use chrono::{Datelike, NaiveDate};
use ledger_core::{Timestamp, limits as book};
use rust_decimal::Decimal;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};

use crate::cli::moment;
use crate::http::limits;

/// A text of a query is read by a function, and written as it came.
macro_rules! read_from_text {
    ($($(#[$doc:meta])* $name:ident($of:ty) = $read:expr;)+) => { $(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub struct $name(pub $of);

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = String::deserialize(deserializer)?;
                let read: fn(&str) -> Result<$of, String> = $read;
                read(&text).map($name).map_err(D::Error::custom)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(&format_args!("{:?}", self.0))
            }
        }
    )+ };
}

read_from_text! {
    /// A day: `2026-01-15`.
    Day(NaiveDate) = day;
    /// A moment: `2026-01-15T09:30:00Z`, or a date for the end of that day (UTC).
    Moment(Timestamp) = moment::time;
    /// A moment: `2026-01-15T09:30:00Z`, or a date for the beginning of that day (UTC).
    Since(Timestamp) = since;
    /// An amount, not negative: `12.50`.
    Amount(Decimal) = amount;
    /// Elements of a page.
    Size(u16) = size;
    /// A seq.
    Place(u64) = place;
    /// A month of a year, 1 to 12.
    MonthOfYear(u32) = month_of_year;
    /// Levels of the chart, from 1.
    Levels(usize) = levels;
}

/// `limit`: [`limits::PAGE_DEFAULT`] where it is not given.
pub type Limit = Option<Size>;

/// What a limit comes to.
pub trait PageSize {
    /// Elements of the page.
    fn size(self) -> usize;
}

impl PageSize for Limit {
    fn size(self) -> usize {
        usize::from(self.map_or(limits::PAGE_DEFAULT, |size| size.0))
    }
}

fn day(text: &str) -> Result<NaiveDate, String> {
    let within = |day: &NaiveDate| (book::YEAR_MIN..=book::YEAR_MAX).contains(&day.year()) && text.len() == "2026-01-15".len();
    let said = || format!("{text:?} is no day of the calendar: write it as YYYY-MM-DD");
    moment::date(text).ok().filter(within).ok_or_else(said)
}

fn since(text: &str) -> Result<Timestamp, String> {
    match day(text) {
        Ok(day) => Ok(Timestamp(day.and_time(chrono::NaiveTime::MIN).and_utc().timestamp_micros())),
        Err(_) => moment::time(text),
    }
}

fn amount(text: &str) -> Result<Decimal, String> {
    let plain =
        text.split('.').count() <= 2 && text.split('.').all(|part| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit()));
    let read = Decimal::from_str_exact(text).ok().filter(|_| plain && text.len() <= 40);
    read.ok_or_else(|| format!("{text:?} is no amount: digits, at most one point, not negative, at most 28 digits in all"))
}

fn digits(text: &str) -> Option<u64> {
    let plain = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse::<i64>().ok().filter(|_| plain).and_then(|number| u64::try_from(number).ok())
}

fn size(text: &str) -> Result<u16, String> {
    let size = digits(text).and_then(|size| u16::try_from(size).ok()).filter(|size| (1..=limits::PAGE_MAX).contains(size));
    size.ok_or_else(|| format!("{text:?} is no size of a page: 1 to {}", limits::PAGE_MAX))
}

fn place(text: &str) -> Result<u64, String> {
    digits(text).ok_or_else(|| format!("{text:?} is no seq: a whole number, not negative"))
}

fn month_of_year(text: &str) -> Result<u32, String> {
    let month = digits(text).and_then(|month| u32::try_from(month).ok()).filter(|month| (1..=12).contains(month));
    month.ok_or_else(|| format!("{text:?} is no month: 1 to 12"))
}

fn levels(text: &str) -> Result<usize, String> {
    let levels = digits(text).and_then(|levels| usize::try_from(levels).ok()).filter(|levels| (1..=100).contains(levels));
    levels.ok_or_else(|| format!("{text:?} is no number of levels: 1 to 100"))
}

/// Which way a listing goes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Way {
    /// The newest or largest first.
    #[default]
    Desc,
    /// The oldest or smallest first.
    Asc,
}

/// `true` or `false`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum YesNo {
    /// Yes.
    True,
    /// No.
    #[default]
    False,
}

impl YesNo {
    /// Whether it is yes.
    #[must_use]
    pub fn is_yes(self) -> bool {
        self == Self::True
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_spelling_each() {
        for (text, taken) in [("2026-01-15", true), ("2026-1-15", false), ("+2026-01-15", false), ("2026-02-30", false), ("", false)] {
            assert_eq!(day(text).is_ok(), taken, "{text}");
        }
        for (text, taken) in
            [("12.50", true), ("0", true), ("-1", false), ("1e3", false), ("1.", false), (".5", false), ("NaN", false), ("1.2.3", false)]
        {
            assert_eq!(amount(text).is_ok(), taken, "{text}");
        }
        for (text, taken) in [("1", true), ("200", true), ("201", false), ("0", false), ("-1", false), ("1.0", false), ("+5", false)] {
            assert_eq!(size(text).is_ok(), taken, "{text}");
        }
        assert_eq!(since("2026-01-15").unwrap(), moment::time("2026-01-15T00:00:00Z").unwrap());
    }
}
