//! Amounts as text, exactly: digits in, `Decimal` out, never a float between.

use rust_decimal::Decimal;

/// How numbers are written in a source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NumberFormat {
    /// `.` or `,`.
    pub decimal_mark: char,
    /// What stands between groups of digits; digit groups are refused when it is not stated, because `1,234`
    /// is two different numbers to two readers.
    pub grouping: Option<char>,
}

impl Default for NumberFormat {
    fn default() -> Self {
        Self { decimal_mark: '.', grouping: None }
    }
}

/// Why a text is no number: what was expected and what to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NumberFlaw {
    /// What is wrong.
    pub problem: String,
    /// What to do.
    pub remedy: String,
}

/// Largest coefficient of a `Decimal`: 96 bits.
const MANTISSA_MAX: u128 = (1 << 96) - 1;

impl NumberFormat {
    /// Checks that the two marks can be told apart.
    ///
    /// # Errors
    /// A sentence naming what is wrong.
    pub fn check(self) -> Result<(), String> {
        if !matches!(self.decimal_mark, '.' | ',') {
            return Err(format!("the decimal mark is `.` or `,`, not `{}`", self.decimal_mark));
        }
        match self.grouping {
            Some(mark) if mark == self.decimal_mark => Err(format!("`{mark}` cannot be both the decimal mark and the digit grouping")),
            Some(mark) if mark.is_ascii_digit() || matches!(mark, '-' | '+' | '(' | ')') => {
                Err(format!("digits cannot be grouped by `{mark}`; use a comma, point, space or apostrophe"))
            }
            _ => Ok(()),
        }
    }

    /// The exact number. A minus may stand before or after the digits; parentheses mean minus too.
    ///
    /// # Errors
    /// [`NumberFlaw`] for exponents, currency symbols, words, digit grouping that was not stated, the other
    /// decimal mark, and more digits than can be kept.
    pub fn parse(self, text: &str) -> Result<Decimal, NumberFlaw> {
        if let Some(number) = self.plain(text.as_bytes()) {
            return Ok(number);
        }
        let (negative, digits) = split_sign(text);
        self.magnitude(digits)
            .map(|mut number| {
                number.set_sign_negative(negative && !number.is_zero());
                number
            })
            .ok_or_else(|| self.flaw(text, digits))
    }

    /// The short way for what nearly every cell holds: a minus, up to 18 digits, one decimal mark.
    #[inline]
    fn plain(self, text: &[u8]) -> Option<Decimal> {
        let (negative, digits) = match text {
            [b'-', rest @ ..] => (true, rest),
            _ => (false, text),
        };
        if digits.len() > 18 {
            return None;
        }
        let mark = if self.decimal_mark == '.' { b'.' } else { b',' };
        let (mut mantissa, mut count, mut point) = (0_i64, 0_u32, None);
        for b in digits {
            if b.is_ascii_digit() {
                mantissa = mantissa * 10 + i64::from(b - b'0');
                count += 1;
            } else if *b == mark && point.is_none() {
                point = Some(count);
            } else {
                return None;
            }
        }
        if count == 0 {
            return None;
        }
        Decimal::try_new(if negative { -mantissa } else { mantissa }, point.map_or(0, |before| count - before)).ok()
    }

    fn magnitude(self, digits: &str) -> Option<Decimal> {
        let mut mantissa: u128 = 0;
        let mut scale: Option<u32> = None;
        let mut group: Option<u32> = None;
        let (mut seen, mut zeros) = (false, 0_u32);
        for c in digits.chars() {
            if let Some(digit) = c.to_digit(10) {
                seen = true;
                group = group.map(|n| n + 1);
                match &mut scale {
                    // Zeros at the end of the fraction say nothing: they count only once a digit follows them.
                    Some(_) if digit == 0 => zeros = zeros.checked_add(1).filter(|n| *n <= 10_000)?,
                    Some(places) => {
                        for _ in 0..zeros {
                            mantissa = push_digit(mantissa, 0)?;
                        }
                        *places += zeros + 1;
                        zeros = 0;
                        mantissa = push_digit(mantissa, digit)?;
                    }
                    None => mantissa = push_digit(mantissa, digit)?,
                }
            } else if c == self.decimal_mark && scale.is_none() && group.is_none_or(|n| n == 3) {
                (scale, group) = (Some(0), None);
            } else if self.is_group_mark(c) && seen && scale.is_none() && group.is_none_or(|n| n == 2 || n == 3) {
                group = Some(0);
            } else {
                return None;
            }
        }
        if !seen || group.is_some_and(|n| n != 3) {
            return None;
        }
        let scale = scale.unwrap_or(0);
        Decimal::try_from_i128_with_scale(i128::try_from(mantissa).ok()?, scale).ok()
    }

    fn is_group_mark(self, c: char) -> bool {
        match self.grouping {
            Some(' ') => matches!(c, ' ' | '\u{a0}' | '\u{202f}'),
            Some('\'') => matches!(c, '\'' | '\u{2019}'),
            Some(mark) => c == mark,
            None => false,
        }
    }

    fn flaw(self, text: &str, digits: &str) -> NumberFlaw {
        let (problem, remedy) = self.diagnose(text, digits);
        NumberFlaw { problem, remedy }
    }

    fn diagnose(self, text: &str, digits: &str) -> (String, String) {
        let mark = self.decimal_mark;
        let other = if mark == '.' { ',' } else { '.' };
        let example = format!("expected a number like 1234{mark}50");
        let is_plain = digits.chars().all(|c| c.is_ascii_digit() || c == '.' || c == ',');
        let has_digit = digits.chars().any(|c| c.is_ascii_digit());
        if is_plain && has_digit && digits.chars().filter(char::is_ascii_digit).count() > 28 {
            return ("the number has more digits than can be kept exactly (28)".to_owned(), "shorten it".to_owned());
        }
        if looks_exponential(digits) {
            return (format!("{example}, not an exponent form"), "write all its digits".to_owned());
        }
        if is_plain && has_digit {
            if let Some(group) = self.grouping {
                return (
                    format!("{example}, digits in threes grouped by `{group}`"),
                    "fix the number, or state how numbers are written with --decimal-mark and --digit-group".to_owned(),
                );
            }
            if digits.matches(other).count() == 1 && !digits.contains(mark) {
                return (
                    format!("{example} with the decimal mark `{mark}` and no digit grouping"),
                    format!("state --decimal-mark '{other}' if it is the decimal mark, or --digit-group '{other}' if it groups digits"),
                );
            }
            return (
                format!("{example} without digit grouping"),
                format!("state the grouping with --digit-group '{other}', or fix the number"),
            );
        }
        if has_digit && text.chars().any(|c| is_currency_sign(c) || c.is_alphabetic()) {
            return (format!("{example} without a currency or other letters"), "put the currency into the currency column".to_owned());
        }
        (example, "fix the number".to_owned())
    }
}

#[inline]
fn push_digit(mantissa: u128, digit: u32) -> Option<u128> {
    Some(mantissa * 10 + u128::from(digit)).filter(|n| *n <= MANTISSA_MAX)
}

fn split_sign(text: &str) -> (bool, &str) {
    let text = text.trim();
    if let Some(rest) = text.strip_prefix('-').or_else(|| text.strip_suffix('-')) {
        return (true, rest);
    }
    if let Some(rest) = text.strip_prefix('+') {
        return (false, rest);
    }
    match text.strip_prefix('(').and_then(|rest| rest.strip_suffix(')')) {
        Some(rest) => (true, rest),
        None => (false, text),
    }
}

fn looks_exponential(digits: &str) -> bool {
    digits.split_once(['e', 'E']).is_some_and(|(left, right)| {
        left.ends_with(|c: char| c.is_ascii_digit() || c == '.' || c == ',') && right.ends_with(|c: char| c.is_ascii_digit())
    })
}

fn is_currency_sign(c: char) -> bool {
    matches!(c, '$' | '¢' | '£' | '¤' | '¥') || ('\u{20a0}'..='\u{20cf}').contains(&c)
}

#[cfg(test)]
mod tests {
    use super::*;

    const POINT: NumberFormat = NumberFormat { decimal_mark: '.', grouping: None };
    const COMMA: NumberFormat = NumberFormat { decimal_mark: ',', grouping: None };
    const GROUPED: NumberFormat = NumberFormat { decimal_mark: '.', grouping: Some(',') };
    const SPACED: NumberFormat = NumberFormat { decimal_mark: ',', grouping: Some(' ') };

    #[test]
    fn numbers_are_read_exactly() {
        for (format, text, expected) in [
            (POINT, "21881.02", "21881.02"),
            (POINT, "0.0", "0"),
            (POINT, "-0", "0"),
            (POINT, "7", "7"),
            (POINT, ".5", "0.5"),
            (POINT, "5.", "5"),
            (POINT, "-12.340", "-12.34"),
            (POINT, "12.34-", "-12.34"),
            (POINT, "(12.34)", "-12.34"),
            (POINT, "+1.000000000000000000000000000000000001", ""),
            (POINT, "+1.000000000000000000000000000000000000", "1"),
            (POINT, "79228162514264337593543950335", "79228162514264337593543950335"),
            (COMMA, "1234,50", "1234.5"),
            (GROUPED, "1,234,567.89", "1234567.89"),
            (GROUPED, "12,34,567.89", "1234567.89"),
            (GROUPED, "1234567.89", "1234567.89"),
            (SPACED, "1\u{a0}234,5", "1234.5"),
        ] {
            match format.parse(text) {
                Ok(number) => assert_eq!(number.normalize().to_string(), expected, "{text}"),
                Err(flaw) => assert_eq!("", expected, "{text}: {flaw:?}"),
            }
        }
    }

    #[test]
    fn what_is_no_number_is_named() {
        for (format, text, problem) in [
            (POINT, "1e5", "expected a number like 1234.50, not an exponent form"),
            (POINT, "NaN", "expected a number like 1234.50"),
            (POINT, "1,234", "expected a number like 1234.50 with the decimal mark `.` and no digit grouping"),
            (POINT, "1,234.50", "expected a number like 1234.50 without digit grouping"),
            (COMMA, "1.234,50", "expected a number like 1234,50 without digit grouping"),
            (POINT, "$12", "expected a number like 1234.50 without a currency or other letters"),
            (POINT, "12 EUR", "expected a number like 1234.50 without a currency or other letters"),
            (GROUPED, "1,23.4", "expected a number like 1234.50, digits in threes grouped by `,`"),
            (GROUPED, ",123", "expected a number like 1234.50, digits in threes grouped by `,`"),
            (POINT, "--1", "expected a number like 1234.50"),
            (POINT, "-", "expected a number like 1234.50"),
            (POINT, "١٢", "expected a number like 1234.50"),
            (POINT, "99999999999999999999999999999", "the number has more digits than can be kept exactly (28)"),
        ] {
            assert_eq!(format.parse(text).map_err(|flaw| flaw.problem), Err(problem.to_owned()), "{text}");
        }
    }
}
