//! The stored form of a journal entry, version 1, written and read by hand.
//!
//! Why by hand: entries are nearly all that is ever written, and going through serde's generic forms costs more
//! than deciding them. The bytes are those of bincode for the types in this file's tests, field for field.
//!
//! The order of fields and the numbers of values are promises: a new version gets new functions here, and this
//! one stays for reading.

use rust_decimal::Decimal;

use super::CodecError;
use super::bytes::{Reader, put_i32, put_i128, put_option, put_str, put_u64};
use super::wire::{date, days, decimal, entry_kind_no, entry_kind_of, rate_type_no, rate_type_of};
use crate::account::AccountNo;
use crate::commodity::CommodityNo;
use crate::entry::{BalancedEntry, EntryHeader, Line, LineDetail};
use crate::limits::BALANCE_UNITS_MAX;
use crate::money::{Money, Units};
use crate::rate::RateEvidence;
use crate::{Seq, Text};

/// What a line's functional amount is in relation to its transaction amount.
mod functional {
    pub(super) const NONE: u8 = 0;
    pub(super) const SAME: u8 = 1;
    pub(super) const OTHER: u8 = 2;
}

/// Fewest bytes of a line: account, commodity, units, functional, detail.
const LINE_BYTES_MIN: usize = 5;
/// Most bytes of a line's numbers.
const LINE_BYTES_MAX: usize = 48;
/// Most bytes of a detail's numbers and of the lengths of its texts.
const DETAIL_BYTES_MAX: usize = 128;
/// Most bytes of the lengths of a tag's texts.
const TAG_BYTES_MAX: usize = 6;
/// Most bytes of an entry's header apart from its texts.
const HEADER_BYTES_MAX: usize = 64;

/// An upper bound of the bytes that lines and texts need.
pub(crate) fn entry_bytes_at_most(texts: usize, tags: &[(Text, Text)], lines: &[Line]) -> usize {
    let of_tags = |tags: &[(Text, Text)]| tags.iter().map(|(key, value)| key.len() + value.len() + TAG_BYTES_MAX).sum::<usize>();
    let of_detail = |detail: &LineDetail| {
        let optional = [&detail.party, &detail.document, &detail.tax_code, &detail.memo];
        let source = detail.rate.as_ref().map_or(0, |rate| rate.source.len());
        DETAIL_BYTES_MAX + source + optional.into_iter().flatten().map(|text| text.len()).sum::<usize>() + of_tags(&detail.tags)
    };
    let details: usize = lines.iter().filter_map(|line| line.detail.as_deref()).map(of_detail).sum();
    HEADER_BYTES_MAX + texts + of_tags(tags) + lines.len() * LINE_BYTES_MAX + details
}

pub(super) fn put_entry(out: &mut Vec<u8>, entry: &BalancedEntry) {
    let header = entry.header();
    put_i32(out, days(header.effective_date));
    out.push(entry_kind_no(header.kind));
    put_str(out, &header.description);
    put_option(out, header.external_id.as_deref(), put_str);
    put_tags(out, &header.tags);
    put_option(out, header.reverses, put_u64);
    put_option(out, header.corrects, put_u64);
    put_u64(out, entry.lines().len() as u64);
    entry.lines().iter().for_each(|line| put_line(out, line));
}

fn put_line(out: &mut Vec<u8>, line: &Line) {
    let units = line.money.units();
    put_u64(out, u64::from(line.account.get()));
    put_u64(out, u64::from(line.money.currency().get()));
    put_i128(out, units);
    match line.functional {
        None => out.push(functional::NONE),
        Some(same) if same == units => out.push(functional::SAME),
        Some(other) => {
            out.push(functional::OTHER);
            put_i128(out, other);
        }
    }
    put_option(out, line.detail.as_deref(), put_detail);
}

fn put_detail(out: &mut Vec<u8>, detail: &LineDetail) {
    put_option(out, detail.rate.as_ref(), put_evidence);
    put_option(out, detail.weight, |out, weight| {
        put_i128(out, weight.units());
        put_u64(out, u64::from(weight.currency().get()));
    });
    put_option(out, detail.party.as_deref(), put_str);
    put_option(out, detail.document.as_deref(), put_str);
    put_option(out, detail.due_date.map(days), put_i32);
    put_option(out, detail.tax_code.as_deref(), put_str);
    put_tags(out, &detail.tags);
    put_option(out, detail.memo.as_deref(), put_str);
}

fn put_evidence(out: &mut Vec<u8>, rate: &RateEvidence) {
    put_decimal(out, rate.rate);
    put_u64(out, u64::from(rate.quote.get()));
    out.push(rate_type_no(rate.kind));
    put_option(out, rate.date.map(days), put_i32);
    put_str(out, &rate.source);
}

pub(super) fn put_tags(out: &mut Vec<u8>, tags: &[(Text, Text)]) {
    put_u64(out, tags.len() as u64);
    for (key, value) in tags {
        put_str(out, key);
        put_str(out, value);
    }
}

/// The balance laws are checked again on reading: bytes that do not balance are corruption, not an entry.
/// The functional currency is always commodity 1.
pub(super) fn entry(from: &mut Reader<'_>) -> Result<BalancedEntry, CodecError> {
    let header = EntryHeader {
        effective_date: date(from.i32()?)?,
        kind: entry_kind_of(from.u8()?)?,
        description: from.text()?,
        external_id: from.option(Reader::text)?,
        tags: tags(from)?,
        reverses: from.option(Reader::number::<Seq>)?,
        corrects: from.option(Reader::number::<Seq>)?,
    };
    let lines = from.list(LINE_BYTES_MIN, line)?;
    BalancedEntry::new(header, lines, crate::book::FUNCTIONAL)
        .map_err(|unbalanced| CodecError::new(format!("the stored entry does not balance: {unbalanced}")))
}

fn line(from: &mut Reader<'_>) -> Result<Line, CodecError> {
    let account = AccountNo::new(from.number()?);
    let currency = CommodityNo::new(from.number()?);
    let units = units(from)?;
    let functional = match from.u8()? {
        functional::NONE => None,
        functional::SAME => Some(units),
        functional::OTHER => {
            Some(self::units(from)?).filter(|other| *other != units).map_or_else(|| Err(twice()), |other| Ok(Some(other)))?
        }
        other => return Err(CodecError::new(format!("{other} is no kind of functional amount"))),
    };
    Ok(Line { account, money: Money::new(units, currency), functional, detail: from.option(detail)?.map(Box::new) })
}

fn twice() -> CodecError {
    CodecError::new("a functional amount is written twice")
}

pub(super) fn units(from: &mut Reader<'_>) -> Result<Units, CodecError> {
    let units = from.i128()?;
    let fits = units.unsigned_abs() <= BALANCE_UNITS_MAX.unsigned_abs();
    if fits { Ok(units) } else { Err(CodecError::new("an amount is out of range")) }
}

fn detail(from: &mut Reader<'_>) -> Result<LineDetail, CodecError> {
    Ok(LineDetail {
        rate: from.option(evidence)?,
        weight: from.option(|from| Ok(Money::new(units(from)?, CommodityNo::new(from.number()?))))?,
        party: from.option(Reader::text)?,
        document: from.option(Reader::text)?,
        due_date: from.option(|from| date(from.i32()?))?,
        tax_code: from.option(Reader::text)?,
        tags: tags(from)?,
        memo: from.option(Reader::text)?,
    })
}

fn evidence(from: &mut Reader<'_>) -> Result<RateEvidence, CodecError> {
    Ok(RateEvidence {
        rate: read_decimal(from)?,
        quote: CommodityNo::new(from.number()?),
        kind: rate_type_of(from.u8()?)?,
        date: from.option(|from| date(from.i32()?))?,
        source: from.text()?,
    })
}

pub(super) fn put_decimal(out: &mut Vec<u8>, value: Decimal) {
    put_i128(out, value.mantissa());
    put_u64(out, u64::from(value.scale()));
}

pub(super) fn read_decimal(from: &mut Reader<'_>) -> Result<Decimal, CodecError> {
    decimal((from.i128()?, from.number()?))
}

pub(super) fn tags(from: &mut Reader<'_>) -> Result<Vec<(Text, Text)>, CodecError> {
    from.list(2, |from| Ok((from.text()?, from.text()?)))
}
