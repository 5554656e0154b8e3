//! Dates as journals write them: `2004-05-01`, `2004/5/1`, `2004.05.01`, and `5/1` where a year is known.

use chrono::NaiveDate;

use super::Dialect;
use super::text::{Cursor, Parsed, fault};

/// Reads a date and moves behind it. `year` is what a date without a year takes.
pub(super) fn date(cursor: &mut Cursor<'_>, year: Option<i32>, dialect: Dialect) -> Parsed<NaiveDate> {
    let start = cursor.pos;
    let mut fields = [0_u32; 3];
    let mut widths = [0_usize; 3];
    let mut marks = [0_u8; 2];
    let mut count = 0;
    while count < 3 {
        widths[count] = digits(cursor, &mut fields[count]);
        count += 1;
        match cursor.peek() {
            Some(mark @ (b'/' | b'-' | b'.')) if count < 3 && cursor.byte(1).is_some_and(|next| next.is_ascii_digit()) => {
                marks[count - 1] = mark;
                cursor.pos += 1;
            }
            _ => break,
        }
    }
    let wrong = |cursor: &Cursor<'_>, problem: &str| {
        let end = cursor.pos.max(start + cursor.slice(start, cursor.end).find([' ', '\t']).unwrap_or(cursor.end - start));
        fault(start, end - start, problem)
    };
    if count < 2 || cursor.peek().is_some_and(|next| next.is_ascii_digit() || matches!(next, b'/' | b'-' | b'.')) {
        return Err(wrong(cursor, "a date was expected").remedy("write dates as 2026-12-31, 2026/12/31 or 2026.12.31"));
    }
    if count == 3 && marks[0] != marks[1] && dialect == Dialect::Hledger {
        return Err(
            wrong(cursor, "the separators of a date must be the same").remedy("write dates as 2026-12-31, 2026/12/31 or 2026.12.31")
        );
    }
    let (year, month, day) = if count == 3 {
        if widths[0] < 4 {
            return Err(wrong(cursor, "a year of four digits was expected").remedy("write dates as 2026-12-31"));
        }
        (i32::try_from(fields[0]).unwrap_or(i32::MAX), fields[1], fields[2])
    } else {
        let Some(year) = year else {
            return Err(wrong(cursor, "a date without a year, and no `Y` directive above it names one")
                .remedy("name the year with --year 2026, or put a line `Y 2026` above"));
        };
        (year, fields[0], fields[1])
    };
    NaiveDate::from_ymd_opt(year, month, day)
        .filter(|_| (1..=9999).contains(&year))
        .ok_or_else(|| wrong(cursor, "a date that the calendar does not have").remedy("write dates as year-month-day, like 2026-12-31"))
}

/// Reads up to nine digits; returns how many there were.
fn digits(cursor: &mut Cursor<'_>, value: &mut u32) -> usize {
    let mut width = 0;
    while let Some(digit @ b'0'..=b'9') = cursor.peek() {
        if width == 9 {
            break;
        }
        *value = *value * 10 + u32::from(digit - b'0');
        width += 1;
        cursor.pos += 1;
    }
    width
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str, dialect: Dialect) -> Result<String, String> {
        let mut cursor = Cursor::new(text, 0, text.len());
        match date(&mut cursor, Some(2010), dialect) {
            Ok(date) => Ok(format!("{date}|{}", cursor.rest())),
            Err(fault) => Err(fault.error(&"f".into(), 1, text).to_string()),
        }
    }

    #[test]
    fn dates_in_every_accepted_form() {
        for (text, want) in [
            ("2004/05/01 x", "2004-05-01| x"),
            ("2004-5-1=2004/06/01", "2004-05-01|=2004/06/01"),
            ("2004.05.31*", "2004-05-31|*"),
            ("1/2", "2010-01-02|"),
            ("12-31 y", "2010-12-31| y"),
        ] {
            assert_eq!(read(text, Dialect::Hledger).unwrap(), want, "{text}");
            assert_eq!(read(text, Dialect::Ledger).unwrap(), want, "{text}");
        }
        assert_eq!(read("2004/05-01", Dialect::Ledger).unwrap(), "2004-05-01|");
    }

    #[test]
    fn what_is_no_date_is_named() {
        for (text, want) in [
            ("2004/05-01 x", "the separators of a date must be the same, found `2004/05-01`"),
            ("2004/13/01", "a date that the calendar does not have, found `2004/13/01`"),
            ("2004-02-30", "a date that the calendar does not have, found `2004-02-30`"),
            ("04/02/03", "a year of four digits was expected, found `04/02/03`"),
            ("2004", "a date was expected, found `2004`"),
            ("20041231", "a date was expected, found `20041231`"),
            ("2004-01-02-03 x", "a date was expected, found `2004-01-02-03`"),
            ("99999999999/1", "a date was expected, found `99999999999/1`"),
        ] {
            let found = read(text, Dialect::Hledger).unwrap_err();
            assert!(found.contains(want), "{text}: {found}");
        }
    }
}
