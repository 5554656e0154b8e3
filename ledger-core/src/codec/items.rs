//! The sub-ledgers' part of a snapshot, written and read by hand: there may be millions of items.
//!
//! Like the rest of the snapshot this may change with its version.

use super::CodecError;
use super::bytes::{Reader, put_i32, put_i128, put_option, put_str, put_u64};
use super::entry::units;
use super::subledger::{
    account, allocation, commodity, item_id, money, numbered, party, put_account, put_allocation, put_commodity, put_item_id, put_money,
    put_party, put_target, side, target,
};
use super::wire::{date, days};
use crate::book::{KeptAllocation, LastRevalued, SubLedgers};
use crate::subledger::{DocumentKind, ItemId, OpenItem, PartyNo};

pub(super) fn put_subledgers(out: &mut Vec<u8>, sub: &SubLedgers) {
    put_all(out, sub.parties.iter(), put_party);
    put_all(out, sub.control.iter(), |out, (no, side)| {
        put_account(out, *no);
        out.push(side.number());
    });
    put_u64(out, sub.item_count() as u64);
    sub.items_from(ItemId { seq: 0, line: 0 }).for_each(|(id, item)| put_item(out, id, item));
    put_u64(out, sub.allocation_count() as u64);
    sub.all_allocations().for_each(|(seq, kept)| {
        put_u64(out, seq);
        put_allocation(out, &kept.allocation);
        put_option(out, kept.exchange_account, put_account);
        put_option(out, kept.reversed, |out, (seq, date)| {
            put_u64(out, seq);
            put_i32(out, days(date));
        });
    });
    put_all(out, sub.documents.iter(), |out, ((kind, party, number), seq)| {
        out.push(kind.number());
        put_option(out, *party, |out, party| put_u64(out, u64::from(party.get())));
        put_str(out, number);
        put_u64(out, *seq);
    });
    put_all(out, sub.series.iter(), |out, ((kind, series), last)| {
        out.push(kind.number());
        put_str(out, series);
        put_u64(out, *last);
    });
    put_all(out, sub.revaluations.iter(), |out, (date, seq)| {
        put_i32(out, days(*date));
        put_u64(out, *seq);
    });
    put_option(out, sub.last_revalued.date.map(days), put_i32);
    put_all(out, sub.last_revalued.adjustments.iter(), |out, ((target, currency), adjustment)| {
        put_target(out, *target);
        put_commodity(out, *currency);
        put_i128(out, *adjustment);
    });
    put_all(out, sub.bound.iter(), |out, seq| put_u64(out, *seq));
    put_all(out, sub.cash.iter(), |out, ((account, currency, date), (units, functional))| {
        put_account(out, *account);
        put_commodity(out, *currency);
        put_i32(out, days(*date));
        put_i128(out, *units);
        put_i128(out, *functional);
    });
}

pub(super) fn subledgers(from: &mut Reader<'_>) -> Result<SubLedgers, CodecError> {
    let mut sub = SubLedgers::default();
    for party in from.list(7, party)? {
        super::snapshot::check_place(party.no.index(), sub.parties.len())?;
        sub.add_party(party);
    }
    sub.control.extend(from.list(2, |from| Ok((account(from)?, side(from)?)))?);
    each(from, |from| {
        let (id, item) = item(from)?;
        in_order(sub.add_item(id, item))
    })?;
    each(from, |from| {
        let seq = from.number()?;
        let allocation = allocation(from)?;
        let exchange_account = from.option(account)?;
        let reversed = from.option(|from| Ok((from.number()?, date(from.i32()?)?)))?;
        in_order(sub.add_allocation(seq, KeptAllocation { allocation, exchange_account, reversed }))
    })?;
    each(from, |from| {
        let kind = kind(from)?;
        let party = from.option(Reader::number)?.map(PartyNo::new);
        sub.documents.insert((kind, party, from.text()?), from.number()?);
        Ok(())
    })?;
    sub.series.extend(from.list(3, |from| Ok(((kind(from)?, from.text()?), from.number()?)))?);
    sub.revaluations.extend(from.list(2, |from| Ok((date(from.i32()?)?, from.number()?)))?);
    let last = from.option(|from| date(from.i32()?))?;
    let adjustments = from.list(4, |from| Ok(((target(from)?, commodity(from)?), from.i128()?)))?;
    sub.last_revalued = LastRevalued { date: last, adjustments: adjustments.into_iter().collect() };
    sub.bound.extend(from.list(1, Reader::number::<crate::Seq>)?);
    each(from, |from| {
        let key = (account(from)?, commodity(from)?, date(from.i32()?)?);
        sub.cash.insert(key, (from.i128()?, from.i128()?));
        Ok(())
    })?;
    Ok(sub)
}

fn put_item(out: &mut Vec<u8>, id: ItemId, item: &OpenItem) {
    put_item_id(out, id);
    put_account(out, item.account);
    put_u64(out, u64::from(item.party.get()));
    put_str(out, &item.document);
    put_u64(out, u64::from(item.instalment));
    put_i32(out, days(item.date));
    put_option(out, item.due.map(days), put_i32);
    put_money(out, item.money);
    put_i128(out, item.functional);
    put_i128(out, item.open);
    put_i128(out, item.open_functional);
}

fn item(from: &mut Reader<'_>) -> Result<(ItemId, OpenItem), CodecError> {
    let id = item_id(from)?;
    let item = OpenItem {
        account: account(from)?,
        party: PartyNo::new(from.number()?),
        document: from.text()?,
        instalment: from.number()?,
        date: date(from.i32()?)?,
        due: from.option(|from| date(from.i32()?))?,
        money: money(from)?,
        functional: units(from)?,
        open: units(from)?,
        open_functional: units(from)?,
    };
    Ok((id, item))
}

pub(super) fn in_order(taken: bool) -> Result<(), CodecError> {
    if taken { Ok(()) } else { Err(CodecError::new("the snapshot's items are not in the order of the stream")) }
}

pub(super) fn kind(from: &mut Reader<'_>) -> Result<DocumentKind, CodecError> {
    numbered(from, DocumentKind::from_number, "kind of document")
}

pub(super) fn put_all<T>(out: &mut Vec<u8>, list: impl ExactSizeIterator<Item = T>, mut put: impl FnMut(&mut Vec<u8>, T)) {
    put_u64(out, list.len() as u64);
    list.for_each(|value| put(out, value));
}

/// Reads a list without keeping it.
pub(super) fn each(from: &mut Reader<'_>, mut read: impl FnMut(&mut Reader<'_>) -> Result<(), CodecError>) -> Result<(), CodecError> {
    let length: u64 = from.number()?;
    (0..length).try_for_each(|_| read(from))
}
