//! The stored form of what is proposed: entries, documents and payments as somebody gave them, codes and decimals,
//! and policies. Written and read by hand, version 1; the same promises hold as in [`super::entry`].
//!
//! Votes name a hash of these bytes, so every field that is carried out is in them.

use chrono::NaiveDate;
use rust_decimal::Decimal;

use super::CodecError;
use super::bytes::{Reader, put_i32, put_option, put_str, put_u64};
use super::document::{flag, put_list, rounding_no, rounding_of};
use super::entry::{put_decimal, put_tags, read_decimal, tags};
use super::policy::{policy_terms, put_policy_terms};
use super::subledger::{account, item_id, numbered, put_account, put_item_id, put_terms, side, terms};
use super::wire::{date, days, entry_kind_no, entry_kind_of, rate_type_no, rate_type_of};
use crate::Text;
use crate::approvals::Proposal;
use crate::command::{
    AllocationTarget, DraftDeferral, DraftDocument, DraftDocumentLine, DraftValue, InvoiceOrder, ItemRef, PayOutCommissions, RecordPayment,
    Settles,
};
use crate::draft::{AccountRef, DraftDetail, DraftEntry, DraftLine, DraftRate, Weight};
use crate::period::Month;
use crate::subledger::{Attachment, DeferralMethod, DocumentKind, Origin, TaxRounding};

/// Fewest bytes of a line of an entry.
const LINE_BYTES_MIN: usize = 8;
/// Fewest bytes of a line of a document.
const DOCUMENT_LINE_BYTES_MIN: usize = 10;
/// Fewest bytes of an attachment.
const ATTACHMENT_BYTES_MIN: usize = 34;

/// What is proposed, as a number.
mod subject {
    pub(super) const ENTRY: u8 = 0;
    pub(super) const BILL: u8 = 1;
    pub(super) const ORDERED_BILL: u8 = 2;
    pub(super) const PAYOUT: u8 = 3;
    pub(super) const PAYMENT: u8 = 4;
    pub(super) const REOPENING: u8 = 5;
    pub(super) const POLICY: u8 = 6;
}

/// The bytes of a proposal.
pub(crate) fn proposal_bytes(proposal: &Proposal) -> Vec<u8> {
    let mut out = Vec::with_capacity(256);
    put_proposal(&mut out, proposal);
    out
}

pub(super) fn put_proposal(out: &mut Vec<u8>, proposal: &Proposal) {
    match proposal {
        Proposal::Entry(draft) => {
            out.push(subject::ENTRY);
            put_draft(out, draft);
        }
        Proposal::Bill(draft) => {
            out.push(subject::BILL);
            put_document_draft(out, draft);
        }
        Proposal::OrderedBill(invoice) => {
            out.push(subject::ORDERED_BILL);
            put_str(out, &invoice.order);
            put_i32(out, days(invoice.date));
            put_option(out, invoice.number.as_deref(), put_str);
            put_str(out, &invoice.series);
            put_value(out, invoice.value);
        }
        Proposal::Payout(pay) => {
            out.push(subject::PAYOUT);
            put_str(out, &pay.payee);
            put_i32(out, days(pay.date));
            put_str(out, &pay.number);
            put_option(out, pay.currency.as_deref(), put_str);
        }
        Proposal::Payment(payment) => {
            out.push(subject::PAYMENT);
            put_payment(out, payment);
        }
        Proposal::Reopening { month, reason } => {
            out.push(subject::REOPENING);
            put_i32(out, month.ordinal());
            put_str(out, reason);
        }
        Proposal::Policy(terms) => {
            out.push(subject::POLICY);
            put_policy_terms(out, terms);
        }
    }
}

pub(super) fn proposal(from: &mut Reader<'_>) -> Result<Proposal, CodecError> {
    Ok(match from.u8()? {
        subject::ENTRY => Proposal::Entry(Box::new(draft(from)?)),
        subject::BILL => Proposal::Bill(Box::new(document_draft(from)?)),
        subject::ORDERED_BILL => Proposal::OrderedBill(Box::new(InvoiceOrder {
            order: from.text()?,
            date: day(from)?,
            number: from.option(Reader::text)?,
            series: from.text()?,
            value: value(from)?,
        })),
        subject::PAYOUT => Proposal::Payout(Box::new(PayOutCommissions {
            payee: from.text()?,
            date: day(from)?,
            number: from.text()?,
            currency: from.option(Reader::text)?,
        })),
        subject::PAYMENT => Proposal::Payment(Box::new(payment(from)?)),
        subject::REOPENING => Proposal::Reopening { month: Month::from_ordinal(from.i32()?), reason: from.text()? },
        subject::POLICY => Proposal::Policy(Box::new(policy_terms(from)?)),
        other => return Err(CodecError::new(format!("{other} is nothing that is drafted"))),
    })
}

fn day(from: &mut Reader<'_>) -> Result<NaiveDate, CodecError> {
    date(from.i32()?)
}

fn put_account_ref(out: &mut Vec<u8>, account: &AccountRef) {
    match account {
        AccountRef::Code(code) => {
            out.push(0);
            put_str(out, code);
        }
        AccountRef::No(no) => {
            out.push(1);
            put_account(out, *no);
        }
    }
}

fn account_ref(from: &mut Reader<'_>) -> Result<AccountRef, CodecError> {
    match from.u8()? {
        0 => Ok(AccountRef::Code(from.text()?)),
        1 => Ok(AccountRef::No(account(from)?)),
        other => Err(CodecError::new(format!("{other} is no way to name an account"))),
    }
}

fn put_draft(out: &mut Vec<u8>, draft: &DraftEntry) {
    put_i32(out, days(draft.effective_date));
    put_str(out, &draft.description);
    out.push(entry_kind_no(draft.kind));
    put_option(out, draft.external_id.as_deref(), put_str);
    put_tags(out, &draft.tags);
    put_list(out, &draft.lines, put_line);
    put_option(out, draft.rounding_account.as_deref(), put_str);
}

fn draft(from: &mut Reader<'_>) -> Result<DraftEntry, CodecError> {
    Ok(DraftEntry {
        effective_date: day(from)?,
        description: from.text()?,
        kind: entry_kind_of(from.u8()?)?,
        external_id: from.option(Reader::text)?,
        tags: tags(from)?,
        lines: from.list(LINE_BYTES_MIN, line)?,
        rounding_account: from.option(Reader::text)?,
    })
}

fn put_line(out: &mut Vec<u8>, line: &DraftLine) {
    put_account_ref(out, &line.account);
    put_decimal(out, line.amount);
    put_str(out, &line.currency);
    put_option(out, line.functional, put_decimal);
    put_option(out, line.weight.as_ref(), |out, weight| {
        put_decimal(out, weight.amount);
        put_str(out, &weight.currency);
    });
    put_option(out, line.detail.as_deref(), put_detail);
}

fn line(from: &mut Reader<'_>) -> Result<DraftLine, CodecError> {
    Ok(DraftLine {
        account: account_ref(from)?,
        amount: read_decimal(from)?,
        currency: from.text()?,
        functional: from.option(read_decimal)?,
        weight: from.option(|from| Ok(Weight { amount: read_decimal(from)?, currency: from.text()? }))?,
        detail: from.option(detail)?.map(Box::new),
    })
}

fn put_detail(out: &mut Vec<u8>, detail: &DraftDetail) {
    put_option(out, detail.rate.as_ref(), |out, rate| {
        put_decimal(out, rate.rate);
        put_str(out, &rate.quote);
        out.push(rate_type_no(rate.kind));
        put_option(out, rate.date.map(days), put_i32);
        put_str(out, &rate.source);
    });
    put_option(out, detail.party.as_deref(), put_str);
    put_option(out, detail.document.as_deref(), put_str);
    put_option(out, detail.due_date.map(days), put_i32);
    put_option(out, detail.tax_code.as_deref(), put_str);
    put_tags(out, &detail.tags);
    put_option(out, detail.memo.as_deref(), put_str);
}

fn detail(from: &mut Reader<'_>) -> Result<DraftDetail, CodecError> {
    let rate = |from: &mut Reader<'_>| {
        Ok(DraftRate {
            rate: read_decimal(from)?,
            quote: from.text()?,
            kind: rate_type_of(from.u8()?)?,
            date: from.option(day)?,
            source: from.text()?,
        })
    };
    Ok(DraftDetail {
        rate: from.option(rate)?,
        party: from.option(Reader::text)?,
        document: from.option(Reader::text)?,
        due_date: from.option(day)?,
        tax_code: from.option(Reader::text)?,
        tags: tags(from)?,
        memo: from.option(Reader::text)?,
    })
}

fn put_value(out: &mut Vec<u8>, value: DraftValue) {
    let (no, amount) = match value {
        DraftValue::Recorded => (0, None),
        DraftValue::Rate(rate) => (1, Some(rate)),
        DraftValue::Total(total) => (2, Some(total)),
    };
    out.push(no);
    amount.into_iter().for_each(|amount: Decimal| put_decimal(out, amount));
}

fn value(from: &mut Reader<'_>) -> Result<DraftValue, CodecError> {
    match from.u8()? {
        0 => Ok(DraftValue::Recorded),
        1 => Ok(DraftValue::Rate(read_decimal(from)?)),
        2 => Ok(DraftValue::Total(read_decimal(from)?)),
        other => Err(CodecError::new(format!("{other} is no way to value a document"))),
    }
}

fn put_document_draft(out: &mut Vec<u8>, draft: &DraftDocument) {
    out.push(draft.kind.number());
    put_option(out, draft.side, |out, side| out.push(side.number()));
    put_str(out, &draft.party);
    put_i32(out, days(draft.date));
    put_option(out, draft.number.as_deref(), put_str);
    put_str(out, &draft.series);
    put_option(out, draft.currency.as_deref(), put_str);
    put_value(out, draft.value);
    put_option(out, draft.reference.as_deref(), put_str);
    put_option(out, draft.against.as_deref(), put_str);
    put_list(out, &draft.lines, put_document_line);
    out.push(draft.tax_rounding.number());
    out.push(rounding_no(draft.rounding));
    out.push(u8::from(draft.tax_included));
    put_option(out, draft.terms.as_ref(), put_terms);
    put_option(out, draft.due.map(days), put_i32);
    put_option(out, draft.control.as_ref(), put_account_ref);
    put_str(out, &draft.memo);
    put_tags(out, &draft.tags);
    put_list(out, &draft.attachments, |out, attachment| {
        out.extend_from_slice(&attachment.hash);
        put_str(out, &attachment.media_type);
        put_str(out, &attachment.name);
    });
    put_option(out, draft.origin.as_ref(), |out, origin| {
        put_str(out, &origin.channel);
        put_option(out, origin.confidence, put_decimal);
    });
    put_option(out, draft.external_id.as_deref(), put_str);
}

fn document_draft(from: &mut Reader<'_>) -> Result<DraftDocument, CodecError> {
    Ok(DraftDocument {
        kind: numbered(from, DocumentKind::from_number, "kind of document")?,
        side: from.option(side)?,
        party: from.text()?,
        date: day(from)?,
        number: from.option(Reader::text)?,
        series: from.text()?,
        currency: from.option(Reader::text)?,
        value: value(from)?,
        reference: from.option(Reader::text)?,
        against: from.option(Reader::text)?,
        lines: from.list(DOCUMENT_LINE_BYTES_MIN, document_line)?,
        tax_rounding: numbered(from, TaxRounding::from_number, "place of rounding")?,
        rounding: numbered(from, rounding_of, "way of rounding")?,
        tax_included: flag(from)?,
        terms: from.option(terms)?,
        due: from.option(day)?,
        control: from.option(account_ref)?,
        memo: from.text()?,
        tags: tags(from)?,
        attachments: from
            .list(ATTACHMENT_BYTES_MIN, |from| Ok(Attachment { hash: from.array()?, media_type: from.text()?, name: from.text()? }))?,
        origin: from.option(|from| Ok(Origin { channel: from.text()?, confidence: from.option(read_decimal)? }))?,
        external_id: from.option(Reader::text)?,
    })
}

fn put_document_line(out: &mut Vec<u8>, line: &DraftDocumentLine) {
    put_str(out, &line.description);
    put_decimal(out, line.quantity);
    put_decimal(out, line.unit_price);
    put_account_ref(out, &line.account);
    put_option(out, line.tax_code.as_deref(), put_str);
    put_tags(out, &line.tags);
    put_option(out, line.deferral.as_ref(), |out, terms| {
        put_i32(out, days(terms.start));
        put_i32(out, days(terms.end));
        out.push(terms.method.number());
        put_account_ref(out, &terms.account);
    });
}

fn document_line(from: &mut Reader<'_>) -> Result<DraftDocumentLine, CodecError> {
    let deferral = |from: &mut Reader<'_>| {
        Ok(DraftDeferral {
            start: day(from)?,
            end: day(from)?,
            method: numbered(from, DeferralMethod::from_number, "way to defer")?,
            account: account_ref(from)?,
        })
    };
    Ok(DraftDocumentLine {
        description: from.text()?,
        quantity: read_decimal(from)?,
        unit_price: read_decimal(from)?,
        account: account_ref(from)?,
        tax_code: from.option(Reader::text)?,
        tags: tags(from)?,
        deferral: from.option(deferral)?,
    })
}

fn put_payment(out: &mut Vec<u8>, payment: &RecordPayment) {
    out.push(payment.kind.number());
    put_option(out, payment.side, |out, side| out.push(side.number()));
    put_str(out, &payment.party);
    put_account_ref(out, &payment.account);
    put_i32(out, days(payment.date));
    put_decimal(out, payment.amount);
    put_option(out, payment.currency.as_deref(), put_str);
    put_value(out, payment.value);
    put_option(out, payment.bank_charge.as_ref(), |out, (account, amount)| {
        put_account_ref(out, account);
        put_decimal(out, *amount);
    });
    put_option(out, payment.number.as_deref(), put_str);
    put_str(out, &payment.series);
    put_option(out, payment.reference.as_deref(), put_str);
    match &payment.settles {
        Settles::ByDueDate => out.push(0),
        Settles::These(targets) => {
            out.push(1);
            put_list(out, targets, put_target);
        }
        Settles::Nothing => out.push(2),
    }
    put_option(out, payment.control.as_ref(), put_account_ref);
    put_str(out, &payment.memo);
    put_tags(out, &payment.tags);
    put_option(out, payment.external_id.as_deref(), put_str);
}

fn payment(from: &mut Reader<'_>) -> Result<RecordPayment, CodecError> {
    Ok(RecordPayment {
        kind: numbered(from, DocumentKind::from_number, "kind of document")?,
        side: from.option(side)?,
        party: from.text()?,
        account: account_ref(from)?,
        date: day(from)?,
        amount: read_decimal(from)?,
        currency: from.option(Reader::text)?,
        value: value(from)?,
        bank_charge: from.option(|from| Ok((account_ref(from)?, read_decimal(from)?)))?,
        number: from.option(Reader::text)?,
        series: from.text()?,
        reference: from.option(Reader::text)?,
        settles: match from.u8()? {
            0 => Settles::ByDueDate,
            1 => Settles::These(from.list(4, target)?),
            2 => Settles::Nothing,
            other => return Err(CodecError::new(format!("{other} is no way to settle"))),
        },
        control: from.option(account_ref)?,
        memo: from.text()?,
        tags: tags(from)?,
        external_id: from.option(Reader::text)?,
    })
}

fn put_target(out: &mut Vec<u8>, target: &AllocationTarget) {
    match &target.item {
        ItemRef::Id(id) => {
            out.push(0);
            put_item_id(out, *id);
        }
        ItemRef::Document { party, document, instalment } => {
            out.push(1);
            put_str(out, party);
            put_str(out, document);
            put_option(out, *instalment, |out, no| put_u64(out, u64::from(no)));
        }
    }
    put_option(out, target.amount, put_decimal);
    put_option(out, target.settled, put_decimal);
}

fn target(from: &mut Reader<'_>) -> Result<AllocationTarget, CodecError> {
    let item = match from.u8()? {
        0 => ItemRef::Id(item_id(from)?),
        1 => ItemRef::Document { party: from.text()?, document: from.text()?, instalment: from.option(Reader::number)? },
        other => return Err(CodecError::new(format!("{other} is no way to name an item"))),
    };
    Ok(AllocationTarget { item, amount: from.option(read_decimal)?, settled: from.option(read_decimal)? })
}

/// A list of texts.
pub(super) fn put_texts(out: &mut Vec<u8>, texts: &[Text]) {
    put_list(out, texts, |out, text| put_str(out, text));
}

pub(super) fn texts(from: &mut Reader<'_>) -> Result<Vec<Text>, CodecError> {
    from.list(1, Reader::text)
}
