//! Reads one entry: its header line and its postings, as written. Nothing is balanced or inferred here.

use std::sync::Arc;

use chrono::NaiveDate;
use ledger_core::draft::{DraftDetail, DraftRate};
use ledger_core::limits::DESCRIPTION_BYTES_MAX;
use ledger_core::{RateType, Text, Units};

use super::amount::{Quantity, Reader};
use super::comment::{Remarks, push_tag, shortened};
use super::commodities::{Com, Commodities};
use super::number::{self, Number};
use super::text::{Cursor, Lines, Parsed, fault};
use super::{Dialect, date, expression};

/// What kind of account name a posting has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A plain account.
    Real,
    /// `[account]`: virtual, balanced among themselves.
    Balanced,
    /// `(account)` or `<account>`: virtual, need not balance.
    Unbalanced,
}

/// A price of a posting.
#[derive(Clone, Copy, Debug)]
pub(super) struct Price {
    quantity: Quantity,
    total: bool,
}

/// What a posting is worth in another commodity.
#[derive(Clone, Copy, Debug)]
pub(super) struct Weighing {
    /// Minor units.
    pub(super) units: Units,
    /// Of what.
    pub(super) com: Com,
    /// Whether it had to be rounded.
    pub(super) rounded: bool,
}

/// `= X` behind a posting: what the account's balance must be after it, or, without an amount, is to become.
#[derive(Clone, Debug)]
pub(super) struct Assertion {
    /// Minor units.
    pub(super) units: Units,
    /// In what.
    pub(super) com: Com,
    /// Whether a symbol was written.
    pub(super) has_symbol: bool,
    /// `==`: no other commodity has a balance.
    pub(super) total: bool,
    /// `=*`: accounts below are counted in.
    pub(super) inclusive: bool,
    /// A price for what is assigned.
    pub(super) price: Option<Price>,
    /// Where it stands.
    pub(super) span: (usize, usize),
}

/// One posting.
#[derive(Clone, Debug)]
pub(super) struct Posting {
    /// Full account name.
    pub(super) account: Text,
    /// Real or virtual.
    pub(super) kind: Kind,
    /// Line in its file.
    pub(super) line: u32,
    /// Where the account stands in the block.
    pub(super) span: (usize, usize),
    /// Minor units and commodity; `None` until inferred or assigned.
    pub(super) amount: Option<(Units, Com)>,
    /// By price or cost.
    pub(super) weight: Option<Weighing>,
    /// Balance assertion or assignment.
    pub(super) assertion: Option<Box<Assertion>>,
    /// hledger's posting date, which orders assertions.
    pub(super) date: Option<NaiveDate>,
    /// The rest.
    pub(super) detail: Option<Box<DraftDetail>>,
}

/// An entry that is not yet balanced and handed over.
#[derive(Clone, Debug)]
pub(super) struct Pending {
    /// When it counts.
    pub(super) date: NaiveDate,
    /// Payee and note.
    pub(super) description: Text,
    /// Tags of the entry.
    pub(super) tags: Vec<(Text, Text)>,
    /// Its postings.
    pub(super) postings: Vec<Posting>,
    /// First line.
    pub(super) line: u32,
    /// File.
    pub(super) file: Arc<str>,
    /// Whether rounded weights leave a residual for the rounding account.
    pub(super) residual: bool,
    /// Length of the header line.
    pub(super) header_length: usize,
    /// Source text, where it is needed later.
    pub(super) text: Option<Box<str>>,
}

/// What a price makes of an amount. `amount` as written or assigned.
pub(super) fn weigh(amount: Number, price: &Price, commodities: &Commodities) -> Parsed<Weighing> {
    let com = price.quantity.com;
    let scale = commodities.scale(com);
    let product = if price.total {
        price.quantity.number.rounded_units(scale).map(|(units, rounded)| {
            let units = if amount.mantissa < 0 { -units } else { units };
            (if amount.mantissa == 0 { 0 } else { units }, rounded)
        })
    } else {
        number::product(amount, price.quantity.number, scale)
    };
    let (units, rounded) = product.map_err(|error| price.quantity.refuse(error, commodities))?;
    Ok(Weighing { units, com, rounded })
}

/// What postings collect while their line is read.
#[derive(Default)]
struct Suffixes {
    price: Option<Price>,
    lot: Option<Price>,
    tags: Vec<(Text, Text)>,
    assertion: Option<Box<Assertion>>,
}

/// Reads an entry.
pub(super) fn entry(reader: &mut Reader<'_>, file: &Arc<str>, text: &str, line: u32) -> Parsed<Pending> {
    let mut lines = Lines::new(text);
    let (start, end) = lines.next().unwrap_or_default();
    let mut remarks = Remarks::default();
    let mut pending = header(reader, &mut Cursor::new(text, start, end), &mut remarks)?;
    pending.line = line;
    pending.file = Arc::clone(file);
    pending.header_length = end;
    let mut posting_remarks = Remarks::default();
    let mut number = line;
    for (start, end) in lines {
        number = number.saturating_add(1);
        let mut cursor = Cursor::new(text, start, end);
        cursor.skip_blanks();
        if cursor.eat(";") {
            let target = if pending.postings.is_empty() { &mut remarks } else { &mut posting_remarks };
            target.add(cursor.rest(), reader.dialect, Some(chrono::Datelike::year(&pending.date)));
        } else if reader.dialect == Dialect::Ledger && is_check(&cursor) {
            continue;
        } else {
            finish_posting(&mut pending, &mut posting_remarks);
            let mut posting = posting(reader, &mut cursor, number)?;
            if cursor.eat(";") {
                posting_remarks.add(cursor.rest(), reader.dialect, Some(chrono::Datelike::year(&pending.date)));
            }
            posting.date = None;
            pending.postings.push(posting);
        }
    }
    finish_posting(&mut pending, &mut posting_remarks);
    let (tags, memo) = remarks.tags_with_dates();
    pending.tags.extend(tags);
    if !memo.is_empty() {
        push_tag(&mut pending.tags, "comment", &memo);
    }
    pending.tags.extend(reader.scope.tags());
    Ok(pending)
}

/// `assert`, `check` and `expr` inside a Ledger entry.
fn is_check(cursor: &Cursor<'_>) -> bool {
    let rest = cursor.rest();
    ["assert ", "check ", "expr "].iter().any(|word| rest.starts_with(word))
}

fn finish_posting(pending: &mut Pending, remarks: &mut Remarks) {
    if remarks.is_empty() {
        return;
    }
    let remarks = std::mem::take(remarks);
    if let Some(posting) = pending.postings.last_mut() {
        posting.date = remarks.date;
        let (tags, memo) = remarks.tags_with_dates();
        let detail = posting.detail.get_or_insert_default();
        detail.tags.extend(tags);
        if !memo.is_empty() {
            detail.memo = Some(shortened(&memo, DESCRIPTION_BYTES_MAX));
        }
    }
}

fn header(reader: &Reader<'_>, cursor: &mut Cursor<'_>, remarks: &mut Remarks) -> Parsed<Pending> {
    let date = date::date(cursor, reader.scope.year, reader.dialect)?;
    let year = Some(chrono::Datelike::year(&date));
    let mut tags = Vec::new();
    if cursor.eat("=") {
        let second = date::date(cursor, year, reader.dialect)?;
        push_tag(&mut tags, "date2", &second.to_string());
    }
    if !matches!(cursor.peek(), None | Some(b' ' | b'\t' | b'*' | b'!' | b'(' | b';')) {
        return Err(cursor.fault_here("a space was expected after the date"));
    }
    cursor.skip_blanks();
    if let Some(status) = status(cursor) {
        push_tag(&mut tags, "status", status);
    }
    if cursor.peek() == Some(b'(') && cursor.rest().contains(')') {
        cursor.pos += 1;
        let code = cursor.until(")").unwrap_or_default().trim();
        if !code.is_empty() {
            push_tag(&mut tags, "code", code);
        }
        cursor.skip_blanks();
    }
    let description = description(cursor, reader.dialect);
    if let Some((payee, _)) = description.split_once('|') {
        push_tag(&mut tags, "payee", payee.trim());
    }
    if cursor.eat(";") {
        remarks.add(cursor.rest(), reader.dialect, year);
    }
    Ok(Pending {
        date,
        description: shortened(description, DESCRIPTION_BYTES_MAX),
        tags,
        postings: Vec::with_capacity(2),
        line: 0,
        file: Arc::default(),
        residual: false,
        header_length: 0,
        text: None,
    })
}

/// The text up to a comment: hledger ends it at any semicolon, Ledger at one after two spaces or a tab.
fn description<'a>(cursor: &mut Cursor<'a>, dialect: Dialect) -> &'a str {
    let rest = cursor.rest();
    let is_comment = |at: usize| {
        let before = rest.get(..at).unwrap_or_default();
        dialect == Dialect::Hledger || before.is_empty() || before.ends_with('\t') || before.ends_with("  ")
    };
    let length = rest.match_indices(';').map(|(at, _)| at).find(|at| is_comment(*at)).unwrap_or(rest.len());
    cursor.pos += length;
    rest.get(..length).unwrap_or_default().trim()
}

fn status(cursor: &mut Cursor<'_>) -> Option<&'static str> {
    let status = match cursor.peek()? {
        b'*' => "cleared",
        b'!' => "pending",
        _ => return None,
    };
    cursor.pos += 1;
    cursor.skip_blanks();
    Some(status)
}

fn posting(reader: &mut Reader<'_>, cursor: &mut Cursor<'_>, line: u32) -> Parsed<Posting> {
    let status = status(cursor);
    let span = account_span(cursor);
    let written = cursor.slice(span.0, span.1);
    let (kind, name) = unwrap_virtual(written);
    if name.is_empty() {
        return Err(
            fault(span.0, cursor.end - span.0, "an account name was expected").remedy("write `  account  amount`, with two spaces between")
        );
    }
    let mut posting = Posting {
        account: reader.scope.account(name, reader.dialect),
        kind,
        line,
        span,
        amount: None,
        weight: None,
        assertion: None,
        date: None,
        detail: None,
    };
    cursor.skip_blanks();
    if !cursor.is_done() {
        amount_part(reader, cursor, &mut posting)?;
    }
    if let Some(status) = status {
        push_tag(&mut posting.detail.get_or_insert_default().tags, "status", status);
    }
    Ok(posting)
}

/// An account name ends at two spaces, a tab or the end of the line.
#[inline]
fn account_span(cursor: &mut Cursor<'_>) -> (usize, usize) {
    let start = cursor.pos;
    while let Some(byte) = cursor.peek() {
        if byte == b'\t' || (byte == b' ' && matches!(cursor.byte(1), None | Some(b' ' | b'\t'))) {
            break;
        }
        cursor.pos += 1;
    }
    (start, cursor.pos)
}

fn unwrap_virtual(written: &str) -> (Kind, &str) {
    for (open, close, kind) in [('(', ')', Kind::Unbalanced), ('[', ']', Kind::Balanced), ('<', '>', Kind::Unbalanced)] {
        if let Some(inner) = written.strip_prefix(open).and_then(|rest| rest.strip_suffix(close)) {
            return (kind, inner.trim());
        }
    }
    (Kind::Real, written)
}

/// Everything behind the account.
fn amount_part(reader: &mut Reader<'_>, cursor: &mut Cursor<'_>, posting: &mut Posting) -> Parsed<()> {
    let quantity = if cursor.peek() == Some(b'=') { None } else { Some(amount(reader, cursor)?) };
    let units = quantity.map(|quantity| quantity.units(reader.commodities)).transpose()?;
    cursor.skip_blanks();
    let mut suffixes = Suffixes::default();
    while !cursor.is_done() {
        suffix(reader, cursor, &mut suffixes)?;
        cursor.skip_blanks();
    }
    posting.amount = units.zip(quantity.map(|quantity| quantity.com));
    if let Some(quantity) = quantity {
        price_posting(reader, posting, &quantity, &suffixes)?;
    }
    posting.assertion = suffixes.assertion;
    if !suffixes.tags.is_empty() {
        posting.detail.get_or_insert_default().tags.append(&mut suffixes.tags);
    }
    Ok(())
}

fn amount(reader: &mut Reader<'_>, cursor: &mut Cursor<'_>) -> Parsed<Quantity> {
    if reader.dialect == Dialect::Ledger && cursor.peek() == Some(b'(') {
        return expression::expression(reader, cursor);
    }
    reader.quantity(cursor)
}

/// hledger weighs by the price behind `@`; Ledger by the cost in braces, unless the price is in another commodity.
fn price_posting(reader: &Reader<'_>, posting: &mut Posting, quantity: &Quantity, suffixes: &Suffixes) -> Parsed<()> {
    let lot = suffixes.lot.as_ref().filter(|lot| {
        reader.dialect == Dialect::Ledger && suffixes.price.as_ref().is_none_or(|price| price.quantity.com == lot.quantity.com)
    });
    let Some(price) = lot.or(suffixes.price.as_ref()) else { return Ok(()) };
    if price.quantity.com == quantity.com {
        let (start, end) = price.quantity.span;
        return Err(fault(start, end - start, "a price in the commodity that it prices").remedy("leave the price out"));
    }
    posting.weight = Some(weigh(quantity.number, price, reader.commodities)?);
    if let Some(Price { quantity, total: false }) = suffixes.price
        && let Ok(rate) = quantity.number.decimal()
    {
        posting.detail.get_or_insert_default().rate = Some(DraftRate {
            rate,
            quote: reader.commodities.code(quantity.com),
            kind: RateType::Spot,
            date: None,
            source: Text::const_new("journal"),
        });
    }
    Ok(())
}

/// One of `@ price`, `{cost}`, `[date]`, `(note)`, `= balance`.
fn suffix(reader: &mut Reader<'_>, cursor: &mut Cursor<'_>, suffixes: &mut Suffixes) -> Parsed<()> {
    let start = cursor.pos;
    match cursor.peek() {
        Some(b'@') => price(reader, cursor, suffixes),
        Some(b'{') => lot(reader, cursor, suffixes),
        Some(b'=') if suffixes.assertion.is_none() => assertion(reader, cursor, suffixes),
        Some(b'(') if cursor.eat("(@)") || cursor.eat("(@@)") => {
            let total = cursor.slice(start, cursor.pos) == "(@@)";
            priced(reader, cursor, suffixes, total)
        }
        Some(b'[') => enclosed(cursor, suffixes, "]", "lot_date"),
        Some(b'(') => enclosed(cursor, suffixes, ")", "lot_note"),
        _ => Err(cursor
            .fault_here("unexpected text after the amount")
            .remedy("expected one of `@ price`, `@@ total`, `{cost}`, `= balance` or `; comment`")),
    }
}

fn price(reader: &mut Reader<'_>, cursor: &mut Cursor<'_>, suffixes: &mut Suffixes) -> Parsed<()> {
    cursor.pos += 1;
    let total = cursor.eat("@");
    priced(reader, cursor, suffixes, total)
}

fn priced(reader: &mut Reader<'_>, cursor: &mut Cursor<'_>, suffixes: &mut Suffixes, total: bool) -> Parsed<()> {
    let start = cursor.pos;
    cursor.skip_blanks();
    cursor.eat("=");
    cursor.skip_blanks();
    let price = Price { quantity: positive(amount(reader, cursor)?)?, total };
    match &mut suffixes.assertion {
        Some(assertion) if assertion.price.is_none() => assertion.price = Some(price),
        None if suffixes.price.is_none() => suffixes.price = Some(price),
        _ => return Err(fault(start, cursor.pos - start, "a second price")),
    }
    Ok(())
}

fn positive(quantity: Quantity) -> Parsed<Quantity> {
    if quantity.number.mantissa < 0 {
        let (start, end) = quantity.span;
        return Err(
            fault(start, end - start, "a negative price").remedy("write the price positive; its total takes the sign of the amount")
        );
    }
    Ok(quantity)
}

fn lot(reader: &mut Reader<'_>, cursor: &mut Cursor<'_>, suffixes: &mut Suffixes) -> Parsed<()> {
    let start = cursor.pos;
    cursor.pos += 1;
    let total = cursor.eat("{");
    cursor.skip_blanks();
    cursor.eat("=");
    cursor.skip_blanks();
    let inside = cursor.pos;
    let close = if total { "}}" } else { "}" };
    if cursor.peek() != Some(b'}') {
        let quantity = positive(amount(reader, cursor)?)?;
        if suffixes.assertion.is_none() && suffixes.lot.is_none() {
            suffixes.lot = Some(Price { quantity, total });
            push_tag(&mut suffixes.tags, if total { "lot_total" } else { "lot_cost" }, cursor.slice(inside, cursor.pos));
        }
        cursor.skip_blanks();
    }
    if cursor.eat(close) {
        return Ok(());
    }
    Err(fault(start, cursor.end - start, "a cost without its closing brace").remedy("write {12.34 EUR}"))
}

fn enclosed(cursor: &mut Cursor<'_>, suffixes: &mut Suffixes, close: &str, tag: &str) -> Parsed<()> {
    let start = cursor.pos;
    cursor.pos += 1;
    match cursor.until(close) {
        Some(inner) => {
            if suffixes.assertion.is_none() {
                push_tag(&mut suffixes.tags, tag, inner.trim());
            }
            Ok(())
        }
        None => Err(fault(start, cursor.end - start, format!("a `{close}` is missing"))),
    }
}

fn assertion(reader: &mut Reader<'_>, cursor: &mut Cursor<'_>, suffixes: &mut Suffixes) -> Parsed<()> {
    let start = cursor.pos;
    cursor.pos += 1;
    let (total, inclusive) = match reader.dialect {
        Dialect::Hledger => (cursor.eat("="), cursor.eat("*")),
        Dialect::Ledger => (false, false),
    };
    cursor.skip_blanks();
    let quantity = amount(reader, cursor)?;
    suffixes.assertion = Some(Box::new(Assertion {
        units: quantity.units(reader.commodities)?,
        com: quantity.com,
        has_symbol: quantity.has_symbol,
        total,
        inclusive,
        price: None,
        span: (start, cursor.pos),
    }));
    Ok(())
}
