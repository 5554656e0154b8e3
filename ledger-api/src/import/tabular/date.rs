//! Dates in one stated format. A date is never guessed: `01/02/2025` is two days to two readers.

use chrono::NaiveDate;

/// A date format, compiled from the usual `%` notation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DateFormat {
    pattern: String,
    parts: Vec<Part>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    Year,
    ShortYear,
    Month,
    MonthName,
    Day,
    /// Hour, minute or second: read and left out.
    Clock,
    Literal(char),
}

const MONTHS: [&str; 12] =
    ["january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november", "december"];

impl Default for DateFormat {
    fn default() -> Self {
        let parts = vec![Part::Year, Part::Literal('-'), Part::Month, Part::Literal('-'), Part::Day];
        Self { pattern: "%Y-%m-%d".to_owned(), parts }
    }
}

impl DateFormat {
    /// Compiles a format: `%Y` four digits, `%y` two (00 to 68 are 20xx), `%m` and `%d` one or two, `%b` or `%B`
    /// an English month name, `%H %M %S` (read and left out), `%%`, and any other character as itself.
    ///
    /// # Errors
    /// A sentence naming the unknown or missing part.
    pub fn new(pattern: &str) -> Result<Self, String> {
        let mut parts = Vec::new();
        let mut chars = pattern.chars();
        while let Some(c) = chars.next() {
            parts.push(if c == '%' { specifier(chars.next())? } else { Part::Literal(c) });
        }
        let count = |wanted: &[Part]| parts.iter().filter(|part| wanted.contains(part)).count();
        let whole =
            [count(&[Part::Year, Part::ShortYear]), count(&[Part::Month, Part::MonthName]), count(&[Part::Day])].iter().all(|n| *n == 1);
        if whole {
            Ok(Self { pattern: pattern.to_owned(), parts })
        } else {
            Err(format!("a date format has one year, one month and one day (%Y-%m-%d, %d.%m.%Y, %m/%d/%y …), found `{pattern}`"))
        }
    }

    /// The format as it was stated.
    #[must_use]
    pub fn pattern(&self) -> &str {
        &self.pattern
    }

    /// The date, if the whole text is one in this format and the calendar has it.
    #[must_use]
    pub fn parse(&self, text: &str) -> Option<NaiveDate> {
        let (mut year, mut month, mut day) = (0, 0, 0);
        let mut rest = text;
        for part in &self.parts {
            rest = match part {
                Part::Year => digits(rest, 4, 4, &mut year)?,
                Part::ShortYear => {
                    let rest = digits(rest, 2, 2, &mut year)?;
                    year += if year <= 68 { 2000 } else { 1900 };
                    rest
                }
                Part::Month => digits(rest, 1, 2, &mut month)?,
                Part::MonthName => month_name(rest, &mut month)?,
                Part::Day => digits(rest, 1, 2, &mut day)?,
                Part::Clock => digits(rest, 1, 2, &mut 0)?,
                Part::Literal(c) => rest.strip_prefix(*c)?,
            };
        }
        if !rest.is_empty() || year == 0 {
            return None;
        }
        NaiveDate::from_ymd_opt(i32::try_from(year).ok()?, month, day)
    }

    /// A sample in this format, for messages: the last of January 2025.
    #[must_use]
    pub fn example(&self) -> String {
        self.parts.iter().fold(String::new(), |mut out, part| {
            match part {
                Part::Year => out.push_str("2025"),
                Part::ShortYear => out.push_str("25"),
                Part::Month => out.push_str("01"),
                Part::MonthName => out.push_str("Jan"),
                Part::Day => out.push_str("31"),
                Part::Clock => out.push_str("00"),
                Part::Literal(c) => out.push(*c),
            }
            out
        })
    }
}

fn specifier(c: Option<char>) -> Result<Part, String> {
    Ok(match c {
        Some('Y') => Part::Year,
        Some('y') => Part::ShortYear,
        Some('m') => Part::Month,
        Some('b' | 'B') => Part::MonthName,
        Some('d') => Part::Day,
        Some('H' | 'M' | 'S') => Part::Clock,
        Some('%') => Part::Literal('%'),
        Some(other) => {
            return Err(format!("`%{other}` is not known in a date format; use %Y %y %m %b %d, and %H %M %S for a time that is left out"));
        }
        None => return Err("a date format cannot end with `%`".to_owned()),
    })
}

#[inline]
fn digits<'a>(text: &'a str, min: usize, max: usize, out: &mut u32) -> Option<&'a str> {
    let count = text.bytes().take(max).take_while(u8::is_ascii_digit).count();
    if count < min {
        return None;
    }
    *out = text.bytes().take(count).fold(0, |sum, b| sum * 10 + u32::from(b - b'0'));
    text.get(count..)
}

fn month_name<'a>(text: &'a str, out: &mut u32) -> Option<&'a str> {
    let end = text.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(text.len());
    let (word, rest) = (text.get(..end)?.to_ascii_lowercase(), text.get(end..)?);
    let found = MONTHS.iter().position(|month| word == *month || (word.len() == 3 && month.starts_with(&word)))?;
    *out = u32::try_from(found).ok()? + 1;
    Some(rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_read_as_stated() {
        for (pattern, text, expected) in [
            ("%Y-%m-%d", "2025-01-31", "2025-01-31"),
            ("%Y-%m-%d", "2025-1-3", "2025-01-03"),
            ("%d.%m.%Y", "01.02.2025", "2025-02-01"),
            ("%m/%d/%y", "01/02/69", "1969-01-02"),
            ("%m/%d/%y", "01/02/68", "2068-01-02"),
            ("%d %b %Y", "3 Sep 2025", "2025-09-03"),
            ("%d-%B-%Y", "03-SEPTEMBER-2025", "2025-09-03"),
            ("%Y%m%d", "20250131", "2025-01-31"),
            ("%Y-%m-%d %H:%M:%S", "2025-01-31 17:50:00", "2025-01-31"),
            ("%Y-%m-%d", "2025-02-30", ""),
            ("%Y-%m-%d", "2025-01-31 ", ""),
            ("%Y-%m-%d", "25-01-31", ""),
            ("%Y-%m-%d", "0000-01-31", ""),
            ("%Y-%m-%d", "31/01/2025", ""),
            ("%d %b %Y", "3 Sept 2025", ""),
            ("%Y-%m-%d", "", ""),
        ] {
            let found = DateFormat::new(pattern).unwrap().parse(text).map(|date| date.to_string()).unwrap_or_default();
            assert_eq!(found, expected, "{pattern} {text}");
        }
        assert_eq!(DateFormat::new("%Y-%m-%d").unwrap(), DateFormat::default());
    }

    #[test]
    fn unusable_formats_are_refused() {
        for (pattern, part) in [("%Y-%m", "one day"), ("%Y-%m-%d-%d", "one day"), ("%Q", "`%Q`"), ("%Y%m%d%", "cannot end")] {
            assert!(DateFormat::new(pattern).unwrap_err().contains(part), "{pattern}");
        }
    }
}
