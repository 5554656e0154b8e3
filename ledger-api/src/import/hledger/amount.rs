//! Amounts: a number with its symbol on either side, a sign before or after it.

use ledger_core::Units;

use super::Dialect;
use super::commodities::{Com, Commodities};
use super::number::{self, Number};
use super::scope::Scope;
use super::text::{Cursor, Fault, Parsed, fault};
use crate::import::source::Sink;

/// What reading amounts needs to know.
pub(super) struct Reader<'c> {
    /// The rules to read by.
    pub(super) dialect: Dialect,
    /// All commodities.
    pub(super) commodities: &'c mut Commodities,
    /// The directives so far.
    pub(super) scope: &'c Scope,
    /// Knows scales.
    pub(super) sink: &'c dyn Sink,
}

/// A number and its commodity, with as many digits as were written.
#[derive(Clone, Copy, Debug)]
pub(super) struct Quantity {
    /// The number.
    pub(super) number: Number,
    /// In what.
    pub(super) com: Com,
    /// Whether a symbol was written.
    pub(super) has_symbol: bool,
    /// Where it stands.
    pub(super) span: (usize, usize),
}

impl Quantity {
    /// As minor units; refused when it has more digits than its commodity.
    #[inline]
    pub(super) fn units(&self, commodities: &Commodities) -> Parsed<Units> {
        let scale = commodities.scale(self.com);
        self.number.units(scale).map_err(|error| self.refuse(error, commodities))
    }

    /// Why it is no amount.
    pub(super) fn refuse(&self, error: ledger_core::money::MoneyError, commodities: &Commodities) -> Box<Fault> {
        let (code, scale) = (commodities.code(self.com), commodities.scale(self.com));
        let (start, end) = self.span;
        match error {
            ledger_core::money::MoneyError::OverPrecise { .. } => {
                fault(start, end - start, format!("an amount with more digits than the {scale} of its commodity; it is not rounded"))
                    .remedy(format!(
                        "give the commodity more digits with --commodity '{code}={}', or correct the amount",
                        self.number.scale
                    ))
            }
            _ => fault(start, end - start, "an amount too large to be kept exactly").remedy("correct the amount"),
        }
    }
}

/// What of a number is known before its commodity is.
enum Cut {
    Hledger(number::Raw),
    Ledger((usize, usize)),
}

impl Reader<'_> {
    /// Reads an amount and moves behind it.
    pub(super) fn quantity(&mut self, cursor: &mut Cursor<'_>) -> Parsed<Quantity> {
        let start = cursor.pos;
        let mut negative = sign(cursor);
        let left = if matches!(cursor.peek(), Some(b'0'..=b'9' | b'.' | b',')) {
            None
        } else {
            let symbol = self.symbol(cursor)?.ok_or_else(|| cursor.fault_here("an amount was expected"))?;
            cursor.skip_blanks();
            negative ^= sign(cursor);
            Some(symbol)
        };
        let cut = self.cut(cursor)?;
        let symbol = match left {
            Some(symbol) => Some(symbol),
            None => self.right_symbol(cursor)?,
        };
        let com = match (symbol, self.scope.default_commodity) {
            (Some(code), _) => self.commodities.intern(code, self.sink),
            (None, Some(default)) if self.dialect == Dialect::Hledger => default,
            (None, _) => self.commodities.intern("", self.sink),
        };
        let number = self.interpret(cursor, cut, com)?.signed(negative);
        Ok(Quantity { number, com, has_symbol: symbol.is_some(), span: (start, cursor.pos) })
    }

    fn cut(&self, cursor: &mut Cursor<'_>) -> Parsed<Cut> {
        match self.dialect {
            Dialect::Hledger => number::hledger(cursor).map(Cut::Hledger),
            Dialect::Ledger => match number::ledger_span(cursor) {
                (start, end) if start == end => Err(cursor.fault_here("a number was expected")),
                span => Ok(Cut::Ledger(span)),
            },
        }
    }

    fn interpret(&mut self, cursor: &Cursor<'_>, cut: Cut, com: Com) -> Parsed<Number> {
        match cut {
            Cut::Hledger(raw) => {
                let forced = self.scope.decimal_mark.map(|mark| number::Style { decimal: Some(mark), ..Default::default() });
                let default = || self.scope.default_commodity.and_then(|default| self.commodities.style(default));
                Ok(raw.number(forced.as_ref().or_else(|| self.commodities.style(com)).or_else(default)))
            }
            Cut::Ledger(span) => {
                let mut comma = self.commodities.decimal_comma(com) || self.scope.decimal_mark == Some(',');
                let number = number::ledger(cursor, span, &mut comma)?;
                if comma {
                    self.commodities.set_decimal_comma(com);
                }
                Ok(number)
            }
        }
    }

    /// The number of a commodity or format directive with the style that it shows.
    pub(super) fn format(&mut self, cursor: &mut Cursor<'_>) -> Parsed<(Quantity, number::Style)> {
        let before = *cursor;
        let quantity = self.quantity(cursor)?;
        let mut again = before;
        while !matches!(again.peek(), None | Some(b'0'..=b'9')) {
            if again.peek() == Some(b'"') {
                again.pos += 1;
                again.until("\"");
            } else {
                again.pos += again.char().map_or(1, char::len_utf8);
            }
        }
        let style = match self.dialect {
            Dialect::Hledger => number::hledger(&mut again)?.style(),
            Dialect::Ledger => number::Style { digits: u8::try_from(quantity.number.scale).ok(), ..Default::default() },
        };
        Ok((quantity, style))
    }

    fn right_symbol<'a>(&self, cursor: &mut Cursor<'a>) -> Parsed<Option<&'a str>> {
        let before = cursor.pos;
        cursor.skip_blanks();
        let symbol = self.symbol(cursor)?;
        if symbol.is_none() {
            cursor.pos = before;
        }
        Ok(symbol)
    }

    /// Reads a symbol, quoted or not; `None` (and no move) where none stands.
    pub(super) fn symbol<'a>(&self, cursor: &mut Cursor<'a>) -> Parsed<Option<&'a str>> {
        let start = cursor.pos;
        if cursor.eat("\"") {
            return match cursor.until("\"") {
                Some(name) => Ok(Some(name)),
                None => Err(fault(start, cursor.end - start, "a quoted commodity without its closing quote").remedy("add a `\"`")),
            };
        }
        let rest = cursor.rest();
        let length = rest.find(|c: char| !is_symbol_char(c, self.dialect)).unwrap_or(rest.len());
        cursor.pos += length;
        Ok((length > 0).then(|| cursor.slice(start, cursor.pos)))
    }
}

/// Skips a sign and the blanks behind it; true for a minus.
fn sign(cursor: &mut Cursor<'_>) -> bool {
    let negative = match cursor.peek() {
        Some(b'-') => true,
        Some(b'+') => false,
        _ => return false,
    };
    cursor.pos += 1;
    cursor.skip_blanks();
    negative
}

fn is_symbol_char(c: char, dialect: Dialect) -> bool {
    match c {
        '0'..='9' | '-' | '+' | '.' | '@' | '*' | ';' | '"' | '{' | '}' | '=' | '(' | ')' | '[' | ']' => false,
        '!' | '&' | ',' | '/' | '<' | '>' | '?' | '^' | '|' | '~' => dialect == Dialect::Hledger,
        _ => !c.is_whitespace() && !c.is_control(),
    }
}
