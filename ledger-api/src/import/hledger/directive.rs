//! Directives as text: which one stands there, and what commodity, account and price directives say.
//! What they do to the state of an import is in `journal`.

use chrono::NaiveDate;
use ledger_core::commodity::{CUSTOM_SCALE_DEFAULT, default_scale, iso_scale};
use ledger_core::{AccountType, RateType, SubType, Text};

use super::amount::Reader;
use super::commodities::Com;
use super::number::Style;
use super::text::{Cursor, Lines, Parsed, fault};
use super::{Dialect, date};
use crate::import::source::{CommodityDecl, Place, RateDecl};

/// The word that a directive begins with and what follows it, with all its lines. `Y2010` is split too.
pub(super) fn keyword(text: &str) -> (&str, &str) {
    let text = text.strip_prefix(['!', '@']).unwrap_or(text);
    let first = text.lines().next().unwrap_or_default();
    let end = first.find([' ', '\t']).unwrap_or(first.len());
    let end = match text.as_bytes() {
        [b'Y' | b'y', b'0'..=b'9', ..] => 1,
        _ => end,
    };
    (text.get(..end).unwrap_or_default(), text.get(end..).unwrap_or_default())
}

/// The argument on a directive's first line, without a comment.
pub(super) fn argument(rest: &str) -> &str {
    let line = rest.lines().next().unwrap_or_default();
    let end = line.match_indices(';').map(|(at, _)| at).find(|at| line.get(..*at).is_some_and(|before| before.ends_with([' ', '\t'])));
    line.get(..end.unwrap_or(line.len())).unwrap_or_default().trim()
}

/// What a commodity directive says.
pub(super) struct Declared {
    /// The commodity.
    pub(super) com: Com,
    code: Text,
    name: Option<Text>,
    /// How it writes numbers.
    pub(super) style: Option<Style>,
    /// Other symbols for it.
    pub(super) aliases: Vec<Text>,
    /// Whether amounts without a symbol are counted in it.
    pub(super) is_default: bool,
}

impl Declared {
    /// As an item of the stream. The digits shown are those that the commodity gets, at least its currency's.
    pub(super) fn declaration(&self, place: Place) -> CommodityDecl {
        let usual = default_scale(&self.code);
        let known = iso_scale(&self.code).is_some() || usual != CUSTOM_SCALE_DEFAULT;
        let digits = self.style.and_then(|style| style.digits).map(|digits| digits.min(ledger_core::limits::SCALE_MAX));
        let scale = digits.map(|digits| if known { digits.max(usual) } else { digits });
        CommodityDecl { code: self.code.clone(), scale, name: self.name.clone(), place }
    }
}

/// Reads `commodity …` with its indented lines, or `D …`.
pub(super) fn commodity(reader: &mut Reader<'_>, word: &str, text: &str) -> Parsed<Declared> {
    let mut lines = Lines::new(text);
    let (start, end) = lines.next().unwrap_or_default();
    let mark = usize::from(text.starts_with(['!', '@']));
    let mut cursor = Cursor::new(text, start + mark + word.len(), end);
    cursor.skip_blanks();
    let mut declared = symbol_or_format(reader, word, &mut cursor)?;
    declared.is_default = word == "D";
    for (start, end) in lines {
        let mut cursor = Cursor::new(text, start, end);
        cursor.skip_blanks();
        commodity_line(reader, &mut cursor, &mut declared)?;
    }
    Ok(declared)
}

fn symbol_or_format(reader: &mut Reader<'_>, word: &str, cursor: &mut Cursor<'_>) -> Parsed<Declared> {
    let before = *cursor;
    if let Some(code) = reader.symbol(cursor)? {
        cursor.skip_blanks();
        if cursor.is_done() && word == "commodity" {
            let com = reader.commodities.intern(code, reader.sink);
            return Ok(Declared {
                com,
                code: reader.commodities.code(com),
                name: None,
                style: None,
                aliases: Vec::new(),
                is_default: false,
            });
        }
    }
    *cursor = before;
    let (quantity, style) = reader.format(cursor)?;
    if reader.dialect == Dialect::Hledger && style.decimal.is_none() {
        let (start, end) = quantity.span;
        return Err(fault(start, end - start, "a decimal mark was expected in the format of a commodity")
            .remedy("write the mark even if no digits follow it, as in `$1,000.`"));
    }
    let com = quantity.com;
    Ok(Declared { com, code: reader.commodities.code(com), name: None, style: Some(style), aliases: Vec::new(), is_default: false })
}

fn commodity_line(reader: &mut Reader<'_>, cursor: &mut Cursor<'_>, declared: &mut Declared) -> Parsed<()> {
    match cursor.word() {
        "format" => {
            cursor.skip_blanks();
            let (quantity, style) = reader.format(cursor)?;
            if quantity.com != declared.com {
                let (start, end) = quantity.span;
                return Err(fault(start, end - start, "the format of another commodity").remedy("write the symbol of the directive above"));
            }
            declared.style = Some(style);
        }
        "note" => declared.name = Some(super::comment::shortened(cursor.rest().trim(), ledger_core::limits::NAME_BYTES_MAX)),
        "alias" => {
            cursor.skip_blanks();
            declared.aliases.extend(reader.symbol(cursor)?.map(Text::from));
        }
        "default" => declared.is_default = true,
        _ => {}
    }
    Ok(())
}

/// The type that an hledger account directive states with `type:`.
pub(super) fn account_type(comment: &str) -> Option<(AccountType, Option<SubType>)> {
    let at =
        comment.find("type:").filter(|at| *at == 0 || comment.get(..*at).is_some_and(|before| before.ends_with([' ', '\t', ',', ';'])))?;
    let word = comment.get(at + "type:".len()..)?.split(',').next()?.trim();
    match word.to_ascii_lowercase().as_str() {
        "c" | "cash" => Some((AccountType::Asset, Some(SubType::Cash))),
        "v" | "conversion" => Some((AccountType::Equity, Some(SubType::Conversion))),
        word => AccountType::parse(word).map(|kind| (kind, None)),
    }
}

/// Reads `P DATE [TIME] SYMBOL PRICE`. `None` for a price that is no rate: not positive, or in itself.
pub(super) fn price(reader: &mut Reader<'_>, text: &str, place: Place) -> Parsed<Option<RateDecl>> {
    let (start, end) = Lines::new(text).next().unwrap_or_default();
    let mark = usize::from(text.starts_with(['!', '@']));
    let mut cursor = Cursor::new(text, start + mark + 1, end);
    cursor.skip_blanks();
    let date: NaiveDate = date::date(&mut cursor, reader.scope.year, reader.dialect)?;
    cursor.skip_blanks();
    if cursor.peek().is_some_and(|byte| byte.is_ascii_digit()) {
        time(&mut cursor)?;
    }
    let at = cursor.pos;
    let Some(base) = reader.symbol(&mut cursor)? else {
        return Err(cursor.fault_here("a commodity was expected").remedy("write `P 2026-12-31 EUR 1.10 USD`"));
    };
    let base = reader.commodities.intern(base, reader.sink);
    cursor.skip_blanks();
    let quantity = reader.quantity(&mut cursor)?;
    cursor.skip_blanks();
    if !cursor.is_done() {
        return Err(cursor.fault_here("unexpected text after the price"));
    }
    let rate = quantity.number.decimal().map_err(|_| fault(at, end - at, "a price too large to be kept exactly"))?;
    if quantity.number.mantissa <= 0 || quantity.com == base {
        return Ok(None);
    }
    let (base, quote) = (reader.commodities.code(base), reader.commodities.code(quantity.com));
    Ok(Some(RateDecl { date, base, quote, rate, kind: RateType::Spot, source: None, place }))
}

fn time(cursor: &mut Cursor<'_>) -> Parsed<()> {
    let start = cursor.pos;
    let word = cursor.word();
    if !word.contains(':') || !word.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b':' | b'+' | b'-')) {
        return Err(fault(start, word.len(), "a time or a commodity was expected").remedy("write `P 2026-12-31 EUR 1.10 USD`"));
    }
    cursor.skip_blanks();
    Ok(())
}
