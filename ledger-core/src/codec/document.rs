//! The stored form of a document, written and read by hand: the fields in the order of the type. Version 2 is version
//! 1 and what an order asks of its invoice. The same promises hold as in [`super::entry`]: a new version gets new functions, and this one stays for reading.

use super::CodecError;
use super::bytes::{Reader, put_i32, put_i128, put_option, put_str, put_u64};
use super::entry::{put_decimal, put_tags, read_decimal, tags, units};
use super::subledger::{account, commodity, numbered, put_account, put_commodity, put_terms, side, terms};
use super::wire::{date, days};
use crate::rounding::Rounding;
use crate::subledger::{
    Attachment, DeferralMethod, DeferralTerms, Document, DocumentKind, DocumentLine, Instalment, InvoiceTerms, Origin, PartyNo,
    TaxRounding, TaxRow,
};

/// Fewest bytes of a line of a document.
const LINE_BYTES_MIN: usize = 9;
/// Fewest bytes of a tax row.
const TAX_ROW_BYTES_MIN: usize = 11;
/// Fewest bytes of an attachment.
const ATTACHMENT_BYTES_MIN: usize = 34;

pub(super) fn put_document(out: &mut Vec<u8>, document: &Document) {
    out.push(document.kind.number());
    out.push(document.side.number());
    put_str(out, &document.series);
    put_option(out, document.ordinal, put_u64);
    put_str(out, &document.number);
    put_u64(out, u64::from(document.party.get()));
    put_i32(out, days(document.date));
    put_commodity(out, document.currency);
    put_option(out, document.reference.as_deref(), put_str);
    put_option(out, document.order, put_u64);
    put_option(out, document.relates_to, put_u64);
    put_list(out, &document.lines, put_line);
    put_list(out, &document.tax, put_tax_row);
    out.push(document.tax_rounding.number());
    out.push(rounding_no(document.rounding));
    out.push(u8::from(document.tax_included));
    put_i128(out, document.total);
    put_list(out, &document.instalments, |out, part| {
        put_i32(out, days(part.due));
        put_i128(out, part.amount);
    });
    put_option(out, document.cash_account, put_account);
    put_str(out, &document.memo);
    put_tags(out, &document.tags);
    put_list(out, &document.attachments, |out, attachment| {
        out.extend_from_slice(&attachment.hash);
        put_str(out, &attachment.media_type);
        put_str(out, &attachment.name);
    });
    put_option(out, document.origin.as_ref(), |out, origin| {
        put_str(out, &origin.channel);
        put_option(out, origin.confidence, put_decimal);
    });
    put_option(out, document.invoice_terms.as_deref(), |out, asked| {
        put_option(out, asked.terms.as_ref(), put_terms);
        put_option(out, asked.due.map(days), put_i32);
        put_option(out, asked.control, put_account);
    });
}

/// Version 2.
pub(super) fn document(from: &mut Reader<'_>) -> Result<Document, CodecError> {
    let mut document = document_v1(from)?;
    document.invoice_terms = from.option(|from| {
        let (terms, due) = (from.option(terms)?, from.option(|from| date(from.i32()?))?);
        Ok(Box::new(InvoiceTerms { terms, due, control: from.option(account)? }))
    })?;
    Ok(document)
}

/// Version 1: nothing was kept of what an order asks of its invoice.
pub(super) fn document_v1(from: &mut Reader<'_>) -> Result<Document, CodecError> {
    Ok(Document {
        kind: numbered(from, DocumentKind::from_number, "kind of document")?,
        side: side(from)?,
        series: from.text()?,
        ordinal: from.option(Reader::number)?,
        number: from.text()?,
        party: PartyNo::new(from.number()?),
        date: date(from.i32()?)?,
        currency: commodity(from)?,
        reference: from.option(Reader::text)?,
        order: from.option(Reader::number)?,
        relates_to: from.option(Reader::number)?,
        lines: from.list(LINE_BYTES_MIN, line)?,
        tax: from.list(TAX_ROW_BYTES_MIN, tax_row)?,
        tax_rounding: numbered(from, TaxRounding::from_number, "place of rounding")?,
        rounding: numbered(from, rounding_of, "way of rounding")?,
        tax_included: flag(from)?,
        total: units(from)?,
        instalments: from.list(2, |from| Ok(Instalment { due: date(from.i32()?)?, amount: units(from)? }))?,
        cash_account: from.option(account)?,
        memo: from.text()?,
        tags: tags(from)?,
        attachments: from.list(ATTACHMENT_BYTES_MIN, attachment)?,
        origin: from.option(|from| Ok(Origin { channel: from.text()?, confidence: from.option(read_decimal)? }))?,
        invoice_terms: None,
    })
}

fn put_line(out: &mut Vec<u8>, line: &DocumentLine) {
    put_str(out, &line.description);
    put_decimal(out, line.quantity);
    put_decimal(out, line.unit_price);
    put_i128(out, line.net);
    put_account(out, line.account);
    put_option(out, line.tax_code.as_deref(), put_str);
    put_tags(out, &line.tags);
    put_option(out, line.deferral.as_ref(), |out, terms| {
        put_i32(out, days(terms.start));
        put_i32(out, days(terms.end));
        out.push(terms.method.number());
        put_account(out, terms.account);
    });
}

fn line(from: &mut Reader<'_>) -> Result<DocumentLine, CodecError> {
    Ok(DocumentLine {
        description: from.text()?,
        quantity: read_decimal(from)?,
        unit_price: read_decimal(from)?,
        net: units(from)?,
        account: account(from)?,
        tax_code: from.option(Reader::text)?,
        tags: tags(from)?,
        deferral: from.option(deferral)?,
    })
}

fn deferral(from: &mut Reader<'_>) -> Result<DeferralTerms, CodecError> {
    Ok(DeferralTerms {
        start: date(from.i32()?)?,
        end: date(from.i32()?)?,
        method: numbered(from, DeferralMethod::from_number, "way to defer")?,
        account: account(from)?,
    })
}

fn put_tax_row(out: &mut Vec<u8>, row: &TaxRow) {
    put_option(out, row.line, |out, line| put_u64(out, u64::from(line)));
    put_str(out, &row.code);
    put_str(out, &row.component);
    put_str(out, &row.report_box);
    put_decimal(out, row.rate);
    put_i128(out, row.base);
    put_i128(out, row.tax);
    put_i128(out, row.recoverable);
    put_account(out, row.account);
    out.push(u8::from(row.reverse_charge));
}

fn tax_row(from: &mut Reader<'_>) -> Result<TaxRow, CodecError> {
    Ok(TaxRow {
        line: from.option(Reader::number)?,
        code: from.text()?,
        component: from.text()?,
        report_box: from.text()?,
        rate: read_decimal(from)?,
        base: units(from)?,
        tax: units(from)?,
        recoverable: units(from)?,
        account: account(from)?,
        reverse_charge: flag(from)?,
    })
}

fn attachment(from: &mut Reader<'_>) -> Result<Attachment, CodecError> {
    Ok(Attachment { hash: from.array()?, media_type: from.text()?, name: from.text()? })
}

pub(super) fn put_list<T>(out: &mut Vec<u8>, list: &[T], mut put: impl FnMut(&mut Vec<u8>, &T)) {
    put_u64(out, list.len() as u64);
    list.iter().for_each(|value| put(out, value));
}

pub(super) fn flag(from: &mut Reader<'_>) -> Result<bool, CodecError> {
    numbered(from, |no| [false, true].get(usize::from(no)).copied(), "yes or no")
}

pub(super) const fn rounding_no(rounding: Rounding) -> u8 {
    match rounding {
        Rounding::HalfEven => 0,
        Rounding::HalfUp => 1,
    }
}

pub(super) const fn rounding_of(no: u8) -> Option<Rounding> {
    match no {
        0 => Some(Rounding::HalfEven),
        1 => Some(Rounding::HalfUp),
        _ => None,
    }
}

/// How many bytes a document needs in its event.
pub(crate) fn document_bytes(document: &Document) -> usize {
    let mut out = Vec::new();
    put_document(&mut out, document);
    out.len()
}
