//! Amounts and dates as statement formats write them: exact, or refused.

use chrono::NaiveDate;
use rust_decimal::Decimal;

/// Digits before and after the decimal mark at most: so many that sums of all lines of a file stay exact.
const WHOLE_DIGITS_MAX: usize = 14;
const FRACTION_DIGITS_MAX: usize = 8;

/// Digits with at most one decimal mark out of `marks`, keeping every digit. No sign, no grouping, no exponent.
pub(super) fn unsigned(text: &str, marks: &[char]) -> Option<Decimal> {
    let digits = text.chars().filter(char::is_ascii_digit).count();
    let rest = text.chars().filter(|c| !c.is_ascii_digit()).collect::<Vec<_>>();
    let fits = digits > 0 && rest.len() <= 1 && rest.iter().all(|mark| marks.contains(mark));
    if !fits {
        return None;
    }
    let (whole, fraction) = text.split_once(marks).unwrap_or((text, ""));
    if whole.trim_start_matches('0').len() > WHOLE_DIGITS_MAX || fraction.len() > FRACTION_DIGITS_MAX {
        return None;
    }
    let mut plain = text.replace(',', ".");
    if plain.ends_with('.') {
        plain.pop();
    }
    if plain.starts_with('.') {
        plain.insert(0, '0');
    }
    Decimal::from_str_exact(&plain).ok()
}

/// The same with an optional sign before it.
pub(super) fn signed(text: &str, marks: &[char]) -> Option<Decimal> {
    match text.strip_prefix('-') {
        Some(rest) => unsigned(rest, marks).map(|amount| -amount),
        None => unsigned(text.strip_prefix('+').unwrap_or(text), marks),
    }
}

/// A number of exactly these digits.
pub(super) fn digits(text: &str) -> Option<u32> {
    (!text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())).then(|| text.parse().ok()).flatten()
}

/// `YYYY-MM-DD`, with whatever time or zone XML allows after it. The day is the one that the bank wrote.
pub(super) fn iso_date(text: &str) -> Option<NaiveDate> {
    let (day, rest) = text.split_at_checked(10)?;
    let zone = |rest: &str| {
        let clock = rest.strip_prefix(['+', '-']).is_some_and(|clock| clock.len() == 5 && clock.as_bytes()[2] == b':');
        rest.is_empty() || rest == "Z" || clock
    };
    let time = |rest: &str| rest.strip_prefix('T').is_some_and(|time| time.len() >= 5 && time.is_ascii());
    if !zone(rest) && !time(rest) {
        return None;
    }
    let mut parts = day.split('-');
    let (year, month, day) = (parts.next()?, parts.next()?, parts.next()?);
    if (year.len(), month.len(), day.len(), parts.next()) != (4, 2, 2, None) {
        return None;
    }
    NaiveDate::from_ymd_opt(i32::try_from(digits(year)?).ok()?, digits(month)?, digits(day)?)
}

/// `YYYYMMDD`.
pub(super) fn compact_date(text: &str) -> Option<NaiveDate> {
    if text.len() != 8 || !text.is_ascii() {
        return None;
    }
    NaiveDate::from_ymd_opt(i32::try_from(digits(&text[..4])?).ok()?, digits(&text[4..6])?, digits(&text[6..])?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_keep_every_digit_or_are_refused() {
        for (text, wanted) in [
            ("8.850", Some("8.850")),
            ("-200,00", Some("-200.00")),
            ("+75.6000", Some("75.6000")),
            ("9,", Some("9")),
            (",50", Some("0.50")),
            ("0", Some("0")),
            ("99999999999999.99999999", Some("99999999999999.99999999")),
            ("100000000000000", None),
            ("0.000000001", None),
            ("$120", None),
            ("1,234.56", None),
            ("1e5", None),
            ("--5", None),
            ("-", None),
            (".", None),
            ("", None),
            ("١٢", None),
        ] {
            assert_eq!(signed(text, &['.', ',']).map(|amount| amount.to_string()).as_deref(), wanted, "{text}");
        }
    }

    #[test]
    fn dates_are_days_of_the_calendar() {
        let day = |text: &str| text.parse::<NaiveDate>().ok();
        for (text, wanted) in [
            ("2014-12-31", "2014-12-31"),
            ("2014-12-31Z", "2014-12-31"),
            ("2014-12-31+01:00", "2014-12-31"),
            ("2014-12-31T23:59:59.9-05:00", "2014-12-31"),
            ("2015-02-29", ""),
            ("2014-1-31", ""),
            ("31.12.2014", ""),
            ("2014-12-31x", ""),
            ("", ""),
        ] {
            assert_eq!(iso_date(text), day(wanted), "{text}");
        }
        assert_eq!((compact_date("20120229"), compact_date("20120231"), compact_date("2012022")), (day("2012-02-29"), None, None));
    }
}
