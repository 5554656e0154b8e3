//! The part of a snapshot that keeps orders, facts of documents, tax codes, deferrals and commissions.
//!
//! Like the rest of the snapshot this may change with its version.

use super::CodecError;
use super::agreed::{accrual, assignment, deferral, plan, put_accrual, put_assignment, put_deferral, put_plan, put_tax_code, tax_code};
use super::bytes::{Reader, put_i32, put_i128, put_option, put_str, put_u64};
use super::document::{document, put_document};
use super::entry::units;
use super::items::{each, in_order, kind, put_all};
use super::subledger::{commodity, put_commodity, side};
use super::wire::{date, days};
use crate::book::{Agreed, DocumentFacts, KeptAccrual};
use crate::subledger::PartyNo;

pub(super) fn put_agreed(out: &mut Vec<u8>, agreed: &Agreed) {
    put_all(out, agreed.tax_codes.values(), put_tax_code);
    put_all(out, agreed.orders.iter(), |out, (seq, order)| {
        put_u64(out, *seq);
        put_document(out, order);
    });
    put_u64(out, agreed.facts.len() as u64);
    for (seq, facts) in agreed.facts.iter() {
        put_u64(out, seq);
        put_facts(out, facts);
    }
    put_all(out, agreed.deferrals.values(), put_deferral);
    put_all(out, agreed.plans.values(), put_plan);
    put_all(out, agreed.assignments.values(), put_assignment);
    put_u64(out, agreed.accruals.len() as u64);
    for (seq, kept) in agreed.accruals.iter() {
        put_u64(out, seq);
        put_accrual(out, &kept.accrual);
        put_i128(out, kept.credited);
        put_i128(out, kept.clawed_back);
        put_i128(out, kept.paid_out);
    }
    put_all(out, agreed.credits.iter(), |out, (seq, (against, net, total))| {
        put_u64(out, *seq);
        put_u64(out, *against);
        put_i128(out, *net);
        put_i128(out, *total);
    });
    put_all(out, agreed.irreversible.iter(), |out, seq| put_u64(out, *seq));
}

pub(super) fn agreed(from: &mut Reader<'_>) -> Result<Agreed, CodecError> {
    let mut agreed = Agreed::default();
    each(from, |from| {
        let code = tax_code(from)?;
        agreed.tax_codes.insert(code.code.clone(), code);
        Ok(())
    })?;
    each(from, |from| {
        agreed.orders.insert(from.number()?, document(from)?);
        Ok(())
    })?;
    each(from, |from| in_order(agreed.add_facts(from.number()?, facts(from)?)))?;
    each(from, |from| {
        let deferral = deferral(from)?;
        agreed.deferrals.insert(deferral.id, deferral);
        Ok(())
    })?;
    each(from, |from| {
        let plan = plan(from)?;
        agreed.plans.insert(plan.code.clone(), plan);
        Ok(())
    })?;
    each(from, |from| {
        agreed.assign(assignment(from)?);
        Ok(())
    })?;
    each(from, |from| {
        let seq = from.number()?;
        let kept = KeptAccrual { accrual: accrual(from)?, credited: units(from)?, clawed_back: units(from)?, paid_out: units(from)? };
        in_order(agreed.add_accrual(seq, kept))
    })?;
    agreed.credits.extend(from.list(4, |from| Ok((from.number()?, (from.number()?, units(from)?, units(from)?))))?);
    agreed.irreversible.extend(from.list(1, Reader::number::<crate::Seq>)?);
    Ok(agreed)
}

fn put_facts(out: &mut Vec<u8>, facts: &DocumentFacts) {
    out.push(facts.kind.number());
    out.push(facts.side.number());
    put_u64(out, u64::from(facts.party.get()));
    put_str(out, &facts.number);
    put_commodity(out, facts.currency);
    put_i32(out, days(facts.date));
    put_i128(out, facts.net);
    put_i128(out, facts.total);
    put_i128(out, facts.credited_net);
    put_i128(out, facts.credited_total);
    put_option(out, facts.seller.as_deref(), put_str);
}

fn facts(from: &mut Reader<'_>) -> Result<DocumentFacts, CodecError> {
    Ok(DocumentFacts {
        kind: kind(from)?,
        side: side(from)?,
        party: PartyNo::new(from.number()?),
        number: from.text()?,
        currency: commodity(from)?,
        date: date(from.i32()?)?,
        net: units(from)?,
        total: units(from)?,
        credited_net: units(from)?,
        credited_total: units(from)?,
        seller: from.option(Reader::text)?,
    })
}
