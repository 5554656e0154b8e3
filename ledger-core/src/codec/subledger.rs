//! The stored forms of parties, control accounts, allocations and revaluations, version 1, written and read by
//! hand. Documents are in [`super::document`]; the same promises hold as in [`super::entry`].

use super::bytes::{Reader, put_i32, put_i128, put_option, put_str, put_u64};
use super::document::{put_document, put_list};
use super::entry::{entry, put_decimal, put_entry, put_tags, read_decimal, tags, units};
use super::wire::{date, days};
use super::{CodecError, agreed};
use crate::account::AccountNo;
use crate::commodity::CommodityNo;
use crate::event::Event;
use crate::money::Money;
use crate::subledger::{
    Allocation, Document, ItemId, Party, PartyKind, PartyNo, Revaluation, Revalued, RevaluedTarget, Side, Terms, TermsPart,
};

/// The body of an event of the sub-ledgers; nothing for any other.
pub(super) fn put_event(out: &mut Vec<u8>, event: &Event) {
    match event {
        Event::PartyRegistered(party) | Event::PartyChanged(party) => put_party(out, party),
        Event::ControlAccountSet { no, side } => {
            put_u64(out, u64::from(no.get()));
            out.push(side.number());
        }
        Event::DocumentRecorded { document, entry } => {
            put_document(out, document);
            put_option(out, entry.as_ref(), put_entry);
        }
        Event::ItemsAllocated { allocation, entry } => {
            put_allocation(out, allocation);
            put_option(out, entry.as_ref(), put_entry);
        }
        Event::AllocationReversed { allocation, date, reason, entry } => {
            put_u64(out, *allocation);
            put_i32(out, days(*date));
            put_str(out, reason);
            put_option(out, entry.as_ref(), put_entry);
        }
        Event::ItemsRevalued { revaluation, entry } => {
            put_revaluation(out, revaluation);
            put_entry(out, entry);
        }
        Event::RevaluationReversed { revaluation, entry } => {
            put_u64(out, *revaluation);
            put_entry(out, entry);
        }
        other => agreed::put_event(out, other),
    }
}

/// Every version is a document in its form and an entry.
pub(super) fn document_recorded(
    from: &mut Reader<'_>,
    document: impl FnOnce(&mut Reader<'_>) -> Result<Document, CodecError>,
) -> Result<Event, CodecError> {
    Ok(Event::DocumentRecorded { document: Box::new(document(from)?), entry: from.option(entry)? })
}

pub(super) fn items_allocated(from: &mut Reader<'_>) -> Result<Event, CodecError> {
    Ok(Event::ItemsAllocated { allocation: Box::new(allocation(from)?), entry: from.option(entry)? })
}

pub(super) fn allocation_reversed(from: &mut Reader<'_>) -> Result<Event, CodecError> {
    Ok(Event::AllocationReversed { allocation: from.number()?, date: date(from.i32()?)?, reason: from.text()?, entry: from.option(entry)? })
}

pub(super) fn items_revalued(from: &mut Reader<'_>) -> Result<Event, CodecError> {
    Ok(Event::ItemsRevalued { revaluation: Box::new(revaluation(from)?), entry: entry(from)? })
}

/// A value by its stored number.
pub(super) fn numbered<T>(from: &mut Reader<'_>, of: impl FnOnce(u8) -> Option<T>, what: &str) -> Result<T, CodecError> {
    let no = from.u8()?;
    of(no).ok_or_else(|| CodecError::new(format!("{no} is no {what}")))
}

pub(super) fn side(from: &mut Reader<'_>) -> Result<Side, CodecError> {
    numbered(from, Side::from_number, "side")
}

pub(super) fn put_account(out: &mut Vec<u8>, account: AccountNo) {
    put_u64(out, u64::from(account.get()));
}

pub(super) fn account(from: &mut Reader<'_>) -> Result<AccountNo, CodecError> {
    from.number().map(AccountNo::new)
}

pub(super) fn put_commodity(out: &mut Vec<u8>, commodity: CommodityNo) {
    put_u64(out, u64::from(commodity.get()));
}

pub(super) fn commodity(from: &mut Reader<'_>) -> Result<CommodityNo, CodecError> {
    from.number().map(CommodityNo::new)
}

pub(super) fn put_money(out: &mut Vec<u8>, money: Money) {
    put_i128(out, money.units());
    put_commodity(out, money.currency());
}

pub(super) fn money(from: &mut Reader<'_>) -> Result<Money, CodecError> {
    Ok(Money::new(units(from)?, commodity(from)?))
}

pub(super) fn put_item_id(out: &mut Vec<u8>, id: ItemId) {
    put_u64(out, id.seq);
    put_u64(out, u64::from(id.line));
}

pub(super) fn item_id(from: &mut Reader<'_>) -> Result<ItemId, CodecError> {
    Ok(ItemId { seq: from.number()?, line: from.number()? })
}

pub(super) fn put_party(out: &mut Vec<u8>, party: &Party) {
    put_u64(out, u64::from(party.no.get()));
    put_str(out, &party.code);
    out.push(party.kind.number());
    put_terms(out, &party.terms);
    put_option(out, party.currency, put_commodity);
    put_option(out, party.receivable, put_account);
    put_option(out, party.payable, put_account);
    put_tags(out, &party.tags);
}

pub(super) fn party(from: &mut Reader<'_>) -> Result<Party, CodecError> {
    Ok(Party {
        no: PartyNo::new(from.number()?),
        code: from.text()?,
        kind: numbered(from, PartyKind::from_number, "kind of party")?,
        terms: terms(from)?,
        currency: from.option(commodity)?,
        receivable: from.option(account)?,
        payable: from.option(account)?,
        tags: tags(from)?,
    })
}

pub(super) fn put_terms(out: &mut Vec<u8>, terms: &Terms) {
    put_list(out, &terms.parts, |out, part| {
        put_decimal(out, part.share);
        put_u64(out, u64::from(part.days));
    });
}

pub(super) fn terms(from: &mut Reader<'_>) -> Result<Terms, CodecError> {
    Ok(Terms { parts: from.list(3, |from| Ok(TermsPart { share: read_decimal(from)?, days: from.number()? }))? })
}

pub(super) fn put_allocation(out: &mut Vec<u8>, allocation: &Allocation) {
    put_i32(out, days(allocation.date));
    put_item_id(out, allocation.from);
    put_item_id(out, allocation.to);
    put_money(out, allocation.taken);
    put_money(out, allocation.settled);
    put_i128(out, allocation.functional_from);
    put_i128(out, allocation.functional_to);
    put_i128(out, allocation.realised);
}

pub(super) fn allocation(from: &mut Reader<'_>) -> Result<Allocation, CodecError> {
    Ok(Allocation {
        date: date(from.i32()?)?,
        from: item_id(from)?,
        to: item_id(from)?,
        taken: money(from)?,
        settled: money(from)?,
        functional_from: units(from)?,
        functional_to: units(from)?,
        realised: units(from)?,
    })
}

/// What was revalued.
mod target {
    pub(super) const ITEM: u8 = 0;
    pub(super) const HOLDING: u8 = 1;
}

fn put_revaluation(out: &mut Vec<u8>, revaluation: &Revaluation) {
    put_i32(out, days(revaluation.date));
    put_u64(out, revaluation.rates.len() as u64);
    for (currency, rate) in &revaluation.rates {
        put_commodity(out, *currency);
        put_decimal(out, *rate);
    }
    put_u64(out, revaluation.revalued.len() as u64);
    for revalued in &revaluation.revalued {
        put_target(out, revalued.target);
        put_money(out, revalued.money);
        put_i128(out, revalued.carried);
        put_i128(out, revalued.adjustment);
    }
}

pub(super) fn put_target(out: &mut Vec<u8>, target: RevaluedTarget) {
    match target {
        RevaluedTarget::Item(id) => {
            out.push(target::ITEM);
            put_item_id(out, id);
        }
        RevaluedTarget::Holding(account) => {
            out.push(target::HOLDING);
            put_account(out, account);
        }
    }
}

fn revaluation(from: &mut Reader<'_>) -> Result<Revaluation, CodecError> {
    Ok(Revaluation {
        date: date(from.i32()?)?,
        rates: from.list(3, |from| Ok((commodity(from)?, read_decimal(from)?)))?,
        revalued: from.list(6, revalued)?,
    })
}

fn revalued(from: &mut Reader<'_>) -> Result<Revalued, CodecError> {
    Ok(Revalued { target: target(from)?, money: money(from)?, carried: units(from)?, adjustment: units(from)? })
}

pub(super) fn target(from: &mut Reader<'_>) -> Result<RevaluedTarget, CodecError> {
    match from.u8()? {
        target::ITEM => item_id(from).map(RevaluedTarget::Item),
        target::HOLDING => account(from).map(RevaluedTarget::Holding),
        other => Err(CodecError::new(format!("{other} is nothing that is revalued"))),
    }
}
