//! Dates and times as people type them, with errors that say what was expected.

use chrono::{DateTime, NaiveDate, NaiveDateTime, Utc};
use ledger_core::{Month, Timestamp};

/// Reads `2025-12-31`; a year or a month alone is refused, because it could mean its first or its last day.
///
/// # Errors
/// In words for the command line.
pub fn date(text: &str) -> Result<NaiveDate, String> {
    NaiveDate::parse_from_str(text, "%Y-%m-%d").map_err(|_| format!("{text:?} is no date: write it as YYYY-MM-DD, for example 2025-12-31"))
}

/// Reads `2025-12`.
///
/// # Errors
/// In words for the command line.
pub fn month(text: &str) -> Result<Month, String> {
    let whole = text.len() == "2025-12".len();
    Month::parse(text).filter(|_| whole).ok_or_else(|| format!("{text:?} is no month: write it as YYYY-MM, for example 2025-12"))
}

/// Reads a moment: RFC 3339 (`2026-01-15T09:30:00Z`, any offset), the same without offset as UTC, or a date,
/// which means its last microsecond in UTC ("as known at the end of that day").
///
/// # Errors
/// In words for the command line.
pub fn time(text: &str) -> Result<Timestamp, String> {
    if let Ok(moment) = DateTime::parse_from_rfc3339(text) {
        return Ok(Timestamp(moment.timestamp_micros()));
    }
    for format in ["%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M"] {
        if let Ok(moment) = NaiveDateTime::parse_from_str(text, format) {
            return Ok(Timestamp(moment.and_utc().timestamp_micros()));
        }
    }
    let day = NaiveDate::parse_from_str(text, "%Y-%m-%d").ok().and_then(|day| day.succ_opt()).and_then(|next| next.and_hms_opt(0, 0, 0));
    day.map(|next| Timestamp(next.and_utc().timestamp_micros() - 1)).ok_or_else(|| {
        format!(
            "{text:?} is no time: write it as 2026-01-15T09:30:00Z (or with an offset, +02:00), or as a date for the end of that day in UTC"
        )
    })
}

/// A moment as reports print it: RFC 3339, UTC, to the microsecond where it has any.
#[must_use]
pub fn show_time(at: Timestamp) -> String {
    DateTime::<Utc>::from_timestamp_micros(at.0)
        .map_or_else(|| format!("{} µs", at.0), |at| at.to_rfc3339_opts(chrono::SecondsFormat::AutoSi, true))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_read_as_they_are_printed() {
        for (text, shown) in [
            ("2026-01-15T09:30:00Z", "2026-01-15T09:30:00Z"),
            ("2026-01-15T09:30:00.25+02:00", "2026-01-15T07:30:00.250Z"),
            ("2026-01-15 09:30", "2026-01-15T09:30:00Z"),
            ("2026-01-15", "2026-01-15T23:59:59.999999Z"),
        ] {
            assert_eq!(time(text).map(show_time), Ok(shown.to_owned()), "{text}");
        }
    }

    #[test]
    fn what_is_no_date_is_said_with_an_example() {
        for (said, with) in [
            (date("31.12.2025").unwrap_err(), "2025-12-31"),
            (date("2025-02-30").unwrap_err(), "YYYY-MM-DD"),
            (month("2025-12-31").unwrap_err(), "YYYY-MM"),
            (time("yesterday").unwrap_err(), "2026-01-15T09:30:00Z"),
        ] {
            assert!(said.contains(with), "{said}");
        }
    }
}
