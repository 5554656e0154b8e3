//! Ledger's arithmetic in place of an amount: `(10 EUR * 3 + 2 EUR)`. Exact: fractions of integers, no rounding.

use super::amount::{Quantity, Reader};
use super::commodities::Com;
use super::number::Number;
use super::text::{Cursor, Fault, Parsed, fault};

const DEPTH_MAX: u32 = 32;

/// A fraction and its commodity, if it has one.
#[derive(Clone, Copy)]
struct Value {
    top: i128,
    bottom: i128,
    com: Option<Com>,
}

/// Reads `( … )` and moves behind it.
pub(super) fn expression(reader: &mut Reader<'_>, cursor: &mut Cursor<'_>) -> Parsed<Quantity> {
    let start = cursor.pos;
    let value = factor(reader, cursor, 0)?;
    let span = (start, cursor.pos);
    let com = match value.com {
        Some(com) => com,
        None => reader.commodities.intern("", reader.sink),
    };
    let number = decimal(value).ok_or_else(|| {
        fault(start, cursor.pos - start, "an expression whose value has no end or too many digits").remedy("write the amount as a number")
    })?;
    Ok(Quantity { number, com, has_symbol: value.com.is_some(), span })
}

fn sum(reader: &mut Reader<'_>, cursor: &mut Cursor<'_>, depth: u32) -> Parsed<Value> {
    let mut left = term(reader, cursor, depth)?;
    loop {
        cursor.skip_blanks();
        let at = cursor.pos;
        let negative = match cursor.peek() {
            Some(b'+') => false,
            Some(b'-') => true,
            _ => return Ok(left),
        };
        cursor.pos += 1;
        let mut right = term(reader, cursor, depth)?;
        if negative {
            right.top = -right.top;
        }
        if left.com != right.com && left.top != 0 && right.top != 0 {
            return Err(fault(at, cursor.pos - at, "a sum of two commodities is no amount").remedy("write one posting for each commodity"));
        }
        left = add(left, right).ok_or_else(|| too_large(at, cursor))?;
    }
}

fn term(reader: &mut Reader<'_>, cursor: &mut Cursor<'_>, depth: u32) -> Parsed<Value> {
    let mut left = factor(reader, cursor, depth)?;
    loop {
        cursor.skip_blanks();
        let at = cursor.pos;
        let divide = match cursor.peek() {
            Some(b'*') => false,
            Some(b'/') => true,
            _ => return Ok(left),
        };
        cursor.pos += 1;
        let right = factor(reader, cursor, depth)?;
        if left.com.is_some() && right.com.is_some() {
            return Err(fault(at, cursor.pos - at, "two amounts with commodities cannot be multiplied or divided"));
        }
        if divide && right.top == 0 {
            return Err(fault(at, cursor.pos - at, "a division by zero"));
        }
        let (top, bottom) = if divide { (right.bottom, right.top) } else { (right.top, right.bottom) };
        let value = left.top.checked_mul(top).zip(left.bottom.checked_mul(bottom));
        let (top, bottom) = value.ok_or_else(|| too_large(at, cursor))?;
        left = reduced(Value { top, bottom, com: left.com.or(right.com) }).ok_or_else(|| too_large(at, cursor))?;
    }
}

fn factor(reader: &mut Reader<'_>, cursor: &mut Cursor<'_>, depth: u32) -> Parsed<Value> {
    cursor.skip_blanks();
    let at = cursor.pos;
    if depth > DEPTH_MAX {
        return Err(fault(at, cursor.end - at, "an expression nested too deeply").remedy("write the amount as a number"));
    }
    if cursor.eat("(") {
        let value = sum(reader, cursor, depth + 1)?;
        cursor.skip_blanks();
        return if cursor.eat(")") { Ok(value) } else { Err(unsupported(cursor)) };
    }
    if cursor.peek() == Some(b'-') && matches!(cursor.byte(1), Some(b'(')) {
        cursor.pos += 1;
        let value = factor(reader, cursor, depth + 1)?;
        return Ok(Value { top: -value.top, ..value });
    }
    let quantity = reader.quantity(cursor).map_err(|_| unsupported(&cursor.back_to(at)))?;
    let bottom = 10_i128.checked_pow(quantity.number.scale).ok_or_else(|| too_large(at, cursor))?;
    let com = quantity.has_symbol.then_some(quantity.com);
    reduced(Value { top: quantity.number.mantissa, bottom, com }).ok_or_else(|| too_large(at, cursor))
}

fn add(left: Value, right: Value) -> Option<Value> {
    let top = left.top.checked_mul(right.bottom)?.checked_add(right.top.checked_mul(left.bottom)?)?;
    let com = if left.top == 0 { right.com.or(left.com) } else { left.com };
    reduced(Value { top, bottom: left.bottom.checked_mul(right.bottom)?, com })
}

fn reduced(value: Value) -> Option<Value> {
    let (mut a, mut b) = (value.top.checked_abs()?, value.bottom.checked_abs()?);
    while b != 0 {
        (a, b) = (b, a % b);
    }
    let divisor = if a == 0 { 1 } else { a };
    let sign = if value.bottom < 0 { -1 } else { 1 };
    Some(Value { top: value.top / divisor * sign, bottom: value.bottom / divisor * sign, com: value.com })
}

/// The fraction as a decimal number, if it is one.
fn decimal(value: Value) -> Option<Number> {
    for scale in 0..=28_u32 {
        let factor = 10_i128.checked_pow(scale)?;
        if factor % value.bottom == 0 {
            let mantissa = value.top.checked_mul(factor / value.bottom)?;
            return (mantissa.unsigned_abs() < 10_u128.pow(28)).then_some(Number { mantissa, scale });
        }
    }
    None
}

fn unsupported(cursor: &Cursor<'_>) -> Box<Fault> {
    cursor.fault_here("an expression that is more than numbers, + - * / and parentheses").remedy("write the amount as a number")
}

fn too_large(at: usize, cursor: &Cursor<'_>) -> Box<Fault> {
    fault(at, cursor.end.saturating_sub(at), "an expression whose value is too large to be kept exactly")
        .remedy("write the amount as a number")
}
