//! Arithmetic in numbers: `+ - * /` and parentheses, with the precision beancount computes in (28 digits,
//! half-even) and its rule for the digits after the point that a result shows.

use rust_decimal::{Decimal, RoundingStrategy};

use super::ast::{Fault, Parse, Pos};
use super::cursor::Cursor;

/// How deep parentheses and signs may nest.
const DEPTH_MAX: u32 = 64;
const DIGITS: u32 = 28;

/// Whether an expression begins here.
pub(super) fn at_number(cursor: &Cursor<'_>) -> bool {
    matches!(cursor.peek(), Some(b'0'..=b'9' | b'+' | b'-' | b'('))
}

/// Reads an expression.
pub(super) fn number(cursor: &mut Cursor<'_>) -> Parse<Decimal> {
    sum(cursor, 0)
}

fn sum(cursor: &mut Cursor<'_>, depth: u32) -> Parse<Decimal> {
    let pos = cursor.pos();
    let mut value = product(cursor, depth)?;
    loop {
        cursor.blanks();
        let operator = match cursor.peek() {
            Some(byte @ (b'+' | b'-')) => byte,
            _ => return Ok(value),
        };
        cursor.bump();
        cursor.blanks();
        let other = product(cursor, depth)?;
        let result = if operator == b'+' { value.checked_add(other) } else { value.checked_sub(other) };
        value = settled(result, pos)?;
    }
}

fn product(cursor: &mut Cursor<'_>, depth: u32) -> Parse<Decimal> {
    let pos = cursor.pos();
    let mut value = factor(cursor, depth)?;
    loop {
        cursor.blanks();
        let operator = match cursor.peek() {
            Some(b'*') => b'*',
            // `4 /NQ` is a commodity that begins with a slash.
            Some(b'/') if cursor.currency_len() == 0 => b'/',
            _ => return Ok(value),
        };
        cursor.bump();
        cursor.blanks();
        let at = cursor.pos();
        let other = factor(cursor, depth)?;
        value = if operator == b'*' {
            settled(value.checked_mul(other), pos)?
        } else if other.is_zero() {
            return Err(Fault::new(at, "a number cannot be divided by zero"));
        } else {
            settled(quotient(value, other), pos)?
        };
    }
}

fn factor(cursor: &mut Cursor<'_>, depth: u32) -> Parse<Decimal> {
    cursor.blanks();
    if depth > DEPTH_MAX {
        return Err(Fault::new(cursor.pos(), format!("the expression nests deeper than {DEPTH_MAX} levels")));
    }
    match cursor.peek() {
        Some(b'-') => {
            cursor.bump();
            Ok(negated(factor(cursor, depth + 1)?))
        }
        Some(b'+') => {
            cursor.bump();
            factor(cursor, depth + 1)
        }
        Some(b'(') => {
            cursor.bump();
            let value = sum(cursor, depth + 1)?;
            cursor.blanks();
            if cursor.eat(b')') { Ok(value) } else { Err(cursor.unexpected("expected a closing parenthesis")) }
        }
        _ if cursor.at_date() => Err(cursor.unexpected("expected a number, not a date")),
        _ => cursor.number(),
    }
}

/// The number with the other sign; zero has none.
pub(super) fn negated(value: Decimal) -> Decimal {
    if value.is_zero() { value.abs() } else { -value }
}

fn settled(result: Option<Decimal>, pos: Pos) -> Parse<Decimal> {
    result.map(significant).ok_or_else(|| Fault::new(pos, "the result of this expression is too large to keep exactly"))
}

/// The value with at most 28 significant digits.
pub(super) fn significant(value: Decimal) -> Decimal {
    const LIMIT: i128 = 10_i128.pow(DIGITS);
    if value.mantissa().abs() < LIMIT || value.scale() == 0 {
        return value;
    }
    value.round_dp_with_strategy(value.scale() - 1, RoundingStrategy::MidpointNearestEven)
}

/// `a ÷ b` to 28 digits; an exact result keeps at least the digits after the point that `a` has beyond `b`.
pub(super) fn quotient(a: Decimal, b: Decimal) -> Option<Decimal> {
    let mut value = significant(a.checked_div(b)?).normalize();
    let wanted = a.scale().saturating_sub(b.scale());
    if value.scale() < wanted {
        value.rescale(wanted);
    }
    Some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expressions_compute_as_beancount_does() {
        for (text, want) in [
            ("10.00/4", "2.50"),
            ("(3+4)*-2 USD", "-14"),
            ("1 - 2 - 3", "-4"),
            ("2 + 3 * 4", "14"),
            ("100 / 3", "33.33333333333333333333333333"),
            ("- - 5", "5"),
            ("4 /NQH21", "4"),
        ] {
            assert_eq!(number(&mut Cursor::new(text)).unwrap().to_string(), want, "{text}");
        }
        for text in ["1/0", "(1", "1 +", "2014-01-01", &"(".repeat(100_000), &"-".repeat(100_000)] {
            assert!(number(&mut Cursor::new(text)).is_err(), "{}", &text[..text.len().min(20)]);
        }
        assert!(number(&mut Cursor::new("9999999999999999999999999999 * 9999999999999999999999999999")).is_err());
    }
}
