//! Numbers as the two programs read them: either decimal mark, digit groups of any size, exponents.
//!
//! A number is first only cut out; what a single mark means depends on its commodity, which may stand behind it.

use ledger_core::Units;
use ledger_core::money::{MoneyError, decimal_of, units_of};
use ledger_core::rounding::{Rounding, units_product};
use rust_decimal::Decimal;

use super::text::{Cursor, Parsed, fault};

/// Significant digits and digits after the point that are read.
const DIGITS_MAX: u32 = 28;

/// An exact decimal number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Number {
    /// All digits.
    pub(super) mantissa: i128,
    /// Digits after the point, at most 28.
    pub(super) scale: u32,
}

impl Number {
    /// The same, negated when asked for.
    pub(super) const fn signed(self, negative: bool) -> Self {
        Self { mantissa: if negative { -self.mantissa } else { self.mantissa }, scale: self.scale }
    }

    /// As a `Decimal`; fails beyond 96 bits.
    pub(super) fn decimal(self) -> Result<Decimal, MoneyError> {
        Decimal::try_from_i128_with_scale(self.mantissa, self.scale).map_err(|_| MoneyError::Overflow)
    }

    /// As minor units of a commodity with `scale` digits; refused when digits would be lost.
    #[inline]
    pub(super) fn units(self, scale: u8) -> Result<Units, MoneyError> {
        units_of(self.decimal()?, scale)
    }

    /// As minor units rounded half-even, and whether that changed it.
    pub(super) fn rounded_units(self, scale: u8) -> Result<(Units, bool), MoneyError> {
        product(Self { mantissa: 1, scale: 0 }, self, scale)
    }
}

/// `amount × price` in minor units of a commodity with `scale` digits, half-even, and whether that rounded.
pub(super) fn product(amount: Number, price: Number, scale: u8) -> Result<(Units, bool), MoneyError> {
    let units = units_product(amount.decimal()?, price.decimal()?, scale, Rounding::HalfEven)?;
    let digits = amount.scale + price.scale;
    let exact = if digits <= u32::from(scale) {
        true
    } else {
        let drop = 10_i128.checked_pow(digits - u32::from(scale));
        match (amount.mantissa.checked_mul(price.mantissa), drop) {
            (Some(product), Some(drop)) => product % drop == 0,
            _ => false,
        }
    };
    Ok((units, !exact))
}

/// Minor units as text, for messages.
pub(super) fn units_text(units: Units, scale: u8) -> String {
    decimal_of(units, scale).normalize().to_string()
}

/// What the marks of an hledger number say about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shape {
    /// Marks are what they seem.
    Clear,
    /// One mark with digits on both sides: decimal mark or digit group, as the commodity decides.
    Ambiguous { mark: char, after: u32 },
}

/// A number as hledger cuts it out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Raw {
    number: Number,
    shape: Shape,
    /// Digit-group mark, where there is one for sure.
    pub(super) group: Option<char>,
    /// Decimal mark, where there is one for sure.
    pub(super) decimal: Option<char>,
}

/// How a commodity of hledger writes its numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Style {
    /// Decimal mark.
    pub(super) decimal: Option<char>,
    /// Digit-group mark.
    pub(super) group: Option<char>,
    /// Declared digits after the point.
    pub(super) digits: Option<u8>,
}

impl Style {
    fn allows_decimal(&self, mark: char) -> bool {
        match self {
            Self { decimal: Some(decimal), .. } => *decimal == mark,
            Self { group: Some(group), .. } => *group != mark,
            Self { digits: Some(0), .. } => false,
            _ => true,
        }
    }
}

impl Raw {
    /// The number, once the style of its commodity is known.
    pub(super) fn number(&self, style: Option<&Style>) -> Number {
        match self.shape {
            Shape::Ambiguous { mark, after } if style.is_none_or(|style| style.allows_decimal(mark)) => {
                Number { scale: self.number.scale + after, ..self.number }
            }
            _ => self.number,
        }
    }

    /// The style that this number shows, as a directive states it.
    pub(super) fn style(&self) -> Style {
        let (number, decimal) = match self.shape {
            Shape::Ambiguous { mark, .. } => (self.number(None), Some(mark)),
            Shape::Clear => (self.number, self.decimal),
        };
        Style { decimal, group: self.group, digits: u8::try_from(number.scale).ok() }
    }
}

/// Collects digits and notices when there are too many.
struct Digits {
    mantissa: i128,
    significant: u32,
}

impl Digits {
    /// Reads a run of digits; returns its length.
    #[inline]
    fn run(&mut self, cursor: &mut Cursor<'_>) -> Parsed<u32> {
        let start = cursor.pos;
        while let Some(digit @ b'0'..=b'9') = cursor.peek() {
            if self.mantissa != 0 || digit != b'0' {
                self.significant += 1;
            }
            if self.significant > DIGITS_MAX {
                return Err(too_long(cursor, start));
            }
            self.mantissa = self.mantissa * 10 + i128::from(digit - b'0');
            cursor.pos += 1;
        }
        let run = u32::try_from(cursor.pos - start).unwrap_or(u32::MAX);
        if run > 255 { Err(too_long(cursor, start)) } else { Ok(run) }
    }
}

fn too_long(cursor: &Cursor<'_>, start: usize) -> Box<super::text::Fault> {
    fault(start, cursor.end - start, "a number with more than 28 digits cannot be kept exactly").remedy("shorten it")
}

const fn is_mark(byte: u8) -> bool {
    matches!(byte, b'.' | b',')
}

/// A digit-group mark and its length, if digits follow it.
#[inline]
fn separator(cursor: &Cursor<'_>) -> Option<(char, usize)> {
    let mark = match cursor.peek()? {
        byte @ (b'.' | b',' | b' ') => char::from(byte),
        byte if byte < 0x80 => return None,
        _ => cursor.char().filter(|c| matches!(c, '\u{a0}' | '\u{2000}'..='\u{200a}' | '\u{202f}' | '\u{205f}' | '\u{3000}'))?,
    };
    let length = mark.len_utf8();
    cursor.byte(length).filter(u8::is_ascii_digit).map(|_| (mark, length))
}

/// Cuts out a number by hledger's grammar and moves behind it.
pub(super) fn hledger(cursor: &mut Cursor<'_>) -> Parsed<Raw> {
    let start = cursor.pos;
    let mut digits = Digits { mantissa: 0, significant: 0 };
    let mut raw = Raw { number: Number { mantissa: 0, scale: 0 }, shape: Shape::Clear, group: None, decimal: None };
    let mut scale = 0;
    if digits.run(cursor)? == 0 {
        scale = leading_mark(cursor, &mut digits, &mut raw)?;
    } else if let Some((mark, length)) = separator(cursor) {
        cursor.pos += length;
        scale = groups(cursor, &mut digits, &mut raw, mark, length)?;
    } else if let Some(mark) = cursor.peek().filter(|byte| is_mark(*byte)) {
        cursor.pos += 1;
        raw.decimal = Some(char::from(mark));
    }
    if cursor.peek().is_some_and(is_mark) || (cursor.peek() == Some(b' ') && cursor.byte(1).is_some_and(|b| b.is_ascii_digit())) {
        return Err(fault(start, cursor.end - start, "a number with marks that fit no format")
            .remedy("write one decimal mark, and one other mark between groups of digits"));
    }
    raw.number = Number { mantissa: digits.mantissa, scale };
    exponent(cursor, start, &mut raw)?;
    if raw.number.scale > DIGITS_MAX || matches!(raw.shape, Shape::Ambiguous { after, .. } if after > DIGITS_MAX) {
        return Err(too_long(cursor, start));
    }
    Ok(raw)
}

fn leading_mark(cursor: &mut Cursor<'_>, digits: &mut Digits, raw: &mut Raw) -> Parsed<u32> {
    let at = cursor.pos;
    if let Some(mark) = cursor.peek().filter(|byte| is_mark(*byte)) {
        cursor.pos += 1;
        raw.decimal = Some(char::from(mark));
        let run = digits.run(cursor)?;
        if run > 0 {
            return Ok(run);
        }
        cursor.pos = at;
    }
    Err(cursor.fault_here("a number was expected"))
}

/// What follows the first group and its mark.
fn groups(cursor: &mut Cursor<'_>, digits: &mut Digits, raw: &mut Raw, mark: char, length: usize) -> Parsed<u32> {
    let after = digits.run(cursor)?;
    let mut more = 0;
    while separator(cursor) == Some((mark, length)) {
        cursor.pos += length;
        digits.run(cursor)?;
        more += 1;
    }
    if let Some(decimal) = cursor.peek().filter(|byte| is_mark(*byte) && char::from(*byte) != mark) {
        cursor.pos += 1;
        raw.group = Some(mark);
        raw.decimal = Some(char::from(decimal));
        return digits.run(cursor);
    }
    if more == 0 && matches!(mark, '.' | ',') {
        raw.shape = Shape::Ambiguous { mark, after };
    } else {
        raw.group = Some(mark);
    }
    Ok(0)
}

fn exponent(cursor: &mut Cursor<'_>, start: usize, raw: &mut Raw) -> Parsed<()> {
    if !matches!(cursor.peek(), Some(b'e' | b'E')) {
        return Ok(());
    }
    let sign = usize::from(matches!(cursor.byte(1), Some(b'+' | b'-')));
    if !cursor.byte(1 + sign).is_some_and(|byte| byte.is_ascii_digit()) {
        return Ok(());
    }
    let negative = cursor.byte(1) == Some(b'-');
    cursor.pos += 1 + sign;
    let mut power = 0_u32;
    while let Some(digit @ b'0'..=b'9') = cursor.peek() {
        power = power.saturating_mul(10).saturating_add(u32::from(digit - b'0'));
        cursor.pos += 1;
    }
    if raw.group.is_some() {
        return Err(fault(start, cursor.pos - start, "a number with both digit groups and an exponent"));
    }
    let number = match raw.shape {
        Shape::Ambiguous { after, .. } => Number { scale: after, ..raw.number },
        Shape::Clear => raw.number,
    };
    raw.shape = Shape::Clear;
    raw.number = shifted(number, power, negative).ok_or_else(|| too_long(cursor, start))?;
    Ok(())
}

fn shifted(mut number: Number, power: u32, negative: bool) -> Option<Number> {
    if number.mantissa == 0 {
        return Some(Number { mantissa: 0, scale: 0 });
    }
    if negative {
        number.scale = number.scale.checked_add(power)?;
    } else if power <= number.scale {
        number.scale -= power;
    } else {
        let factor = 10_i128.checked_pow(power - number.scale)?;
        number = Number { mantissa: number.mantissa.checked_mul(factor)?, scale: 0 };
    }
    while number.scale > DIGITS_MAX && number.mantissa % 10 == 0 {
        number = Number { mantissa: number.mantissa / 10, scale: number.scale - 1 };
    }
    (number.scale <= DIGITS_MAX && number.mantissa < 10_i128.pow(DIGITS_MAX)).then_some(number)
}

/// Cuts out the digits and marks of a Ledger number and moves behind them; returns where they stand.
pub(super) fn ledger_span(cursor: &mut Cursor<'_>) -> (usize, usize) {
    let start = cursor.pos;
    while matches!(cursor.peek(), Some(b'0'..=b'9' | b'.' | b',' | b'\'')) {
        cursor.pos += 1;
    }
    (start, cursor.pos)
}

/// Reads digits and marks by Ledger's rule: from the right, a comma is a decimal mark where its commodity uses
/// one or where it cannot be a digit group. Sets `decimal_comma` when it learns that.
pub(super) fn ledger(cursor: &Cursor<'_>, span: (usize, usize), decimal_comma: &mut bool) -> Parsed<Number> {
    let (start, end) = span;
    let text = cursor.slice(start, end);
    let wrong = |problem: &str| fault(start, end - start, problem).remedy("write 1,234.56 or 1.234,56");
    let (mut scale, mut offset) = (0, 0_u32);
    let (mut comma_seen, mut period_seen, mut no_more_commas, mut no_more_periods) = (false, false, false, false);
    let mut style = *decimal_comma;
    for byte in text.bytes().rev() {
        match byte {
            b'.' if no_more_periods => return Err(wrong("a number with too many periods")),
            b'.' if style || comma_seen => {
                if !offset.is_multiple_of(3) {
                    return Err(wrong("a period that neither groups thousands nor can be a decimal mark"));
                }
                no_more_commas |= style;
                style = true;
                period_seen = true;
            }
            b'.' => {
                no_more_periods = true;
                (scale, offset) = (offset, 0);
                period_seen = true;
            }
            b',' if no_more_commas => return Err(wrong("a number with too many commas")),
            b',' if style => {
                if period_seen {
                    return Err(wrong("a decimal comma before a period"));
                }
                no_more_commas = true;
                (scale, offset) = (offset, 0);
                comma_seen = true;
            }
            b',' if !offset.is_multiple_of(3) => {
                if comma_seen || period_seen {
                    return Err(wrong("a comma that does not group thousands"));
                }
                style = true;
                no_more_commas = true;
                (scale, offset) = (offset, 0);
                comma_seen = true;
            }
            b',' => {
                no_more_periods = true;
                comma_seen = true;
            }
            b'\'' if !offset.is_multiple_of(3) => return Err(wrong("an apostrophe that does not group thousands")),
            b'\'' => {}
            _ => offset += 1,
        }
    }
    *decimal_comma = style;
    let mut digits = Digits { mantissa: 0, significant: 0 };
    let mut inner = Cursor::new(cursor.slice(0, end), start, end);
    let mut any = 0;
    while inner.pos < end {
        any += digits.run(&mut inner)?;
        inner.pos += 1;
    }
    match any {
        0 => Err(fault(start, cursor.end - start, "a number was expected")),
        _ if scale > DIGITS_MAX => Err(too_long(cursor, start)),
        _ => Ok(Number { mantissa: digits.mantissa, scale }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hledger_text(text: &str, style: Option<Style>) -> Result<String, String> {
        let mut cursor = Cursor::new(text, 0, text.len());
        match hledger(&mut cursor) {
            Ok(raw) => Ok(format!("{}|{}", raw.number(style.as_ref()).decimal().unwrap(), cursor.rest())),
            Err(fault) => Err(fault.error(&"f".into(), 1, text).problem),
        }
    }

    #[test]
    fn hledger_numbers() {
        let comma = Style { decimal: Some(','), ..Style::default() };
        let period = Style { decimal: Some('.'), ..Style::default() };
        let grouped = Style { group: Some(','), ..Style::default() };
        let whole = Style { digits: Some(0), ..Style::default() };
        for (text, style, want) in [
            ("1", None, "1|"),
            ("1.5 EUR", None, "1.5| EUR"),
            ("1,5", None, "1.5|"),
            ("1,000", None, "1.000|"),
            ("1,000", Some(period), "1000|"),
            ("1,000", Some(grouped), "1000|"),
            ("1,000", Some(whole), "1000|"),
            ("1.000", Some(comma), "1000|"),
            ("1,000.00", Some(comma), "1000.00|"),
            ("1,000,000", None, "1000000|"),
            ("1.000.000,5", None, "1000000.5|"),
            ("1 000 000.50 EUR", None, "1000000.50| EUR"),
            ("1\u{a0}000,5", None, "1000.5|"),
            ("1\u{202f}000", None, "1000|"),
            ("12,34,567.89", None, "1234567.89|"),
            (".5", None, "0.5|"),
            (",5", None, "0.5|"),
            ("1. ", None, "1| "),
            ("1E3", None, "1000|"),
            ("1,2e-3 X", None, "0.0012| X"),
            ("1.5e1", None, "15|"),
            ("5 E", None, "5| E"),
            ("5E", None, "5|E"),
            ("0e999999999", None, "0|"),
        ] {
            assert_eq!(hledger_text(text, style).unwrap(), want, "{text}");
        }
    }

    #[test]
    fn hledger_refuses() {
        for (text, want) in [
            ("1..5", "a number with marks that fit no format"),
            ("1.000,00.5", "a number with marks that fit no format"),
            ("1.5 2", "a number with marks that fit no format"),
            ("1,000.5e3", "a number with both digit groups and an exponent"),
            (".", "a number was expected"),
            ("x", "a number was expected"),
            ("12345678901234567890123456789", "a number with more than 28 digits cannot be kept exactly"),
            ("0.00000000000000000000000000001", "a number with more than 28 digits cannot be kept exactly"),
            ("1e99999999999999", "a number with more than 28 digits cannot be kept exactly"),
            ("1e-99999999999999", "a number with more than 28 digits cannot be kept exactly"),
        ] {
            assert_eq!(hledger_text(text, None).unwrap_err(), want, "{text}");
        }
    }

    fn ledger_text(text: &str, mut comma: bool) -> Result<String, String> {
        let mut cursor = Cursor::new(text, 0, text.len());
        let span = ledger_span(&mut cursor);
        match ledger(&cursor, span, &mut comma) {
            Ok(number) => Ok(format!("{}|{}{}", number.decimal().unwrap(), cursor.rest(), if comma { " comma" } else { "" })),
            Err(fault) => Err(fault.error(&"f".into(), 1, text).problem),
        }
    }

    #[test]
    fn ledger_numbers() {
        for (text, comma, want) in [
            ("1,000.00", false, "1000.00|"),
            ("1,000", false, "1000|"),
            ("1.000", false, "1.000|"),
            ("1,5", false, "1.5| comma"),
            ("1.000,00", false, "1000.00| comma"),
            ("1.000", true, "1000| comma"),
            ("1,000", true, "1.000| comma"),
            ("1'000.50 X", false, "1000.50| X"),
            ("10.", false, "10|"),
            ("12,34,567.89", false, "!a comma that does not group thousands"),
            ("1.2.3", false, "!a number with too many periods"),
            ("1,2,3", true, "!a number with too many commas"),
            (",", false, "!a number was expected"),
        ] {
            let found = ledger_text(text, comma).unwrap_or_else(|problem| format!("!{problem}"));
            assert_eq!(found, want, "{text}");
        }
    }
}
