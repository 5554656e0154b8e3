//! The stored forms of deferrals, tax codes and commissions, version 1, written and read by hand. The same promises
//! hold as in [`super::entry`].

use super::bytes::{Reader, put_i32, put_i128, put_option, put_str, put_u64};
use super::document::{flag, put_list};
use super::entry::{entry, put_decimal, put_entry, put_tags, read_decimal, tags, units};
use super::subledger::{account, commodity, item_id, numbered, put_account, put_commodity, put_item_id};
use super::wire::{date, days};
use super::{CodecError, governed};
use crate::event::Event;
use crate::subledger::commission::{DatedRule, Rule, Tier, Trigger};
use crate::subledger::{
    ClawBack, CommissionAccrual, CommissionAssignment, CommissionPlan, Deferral, DeferralPart, PartyNo, Payout, RecognisedPart, TaxCode,
    TaxComponent,
};

/// Fewest bytes of a part of a schedule.
const PART_BYTES_MIN: usize = 3;
/// Fewest bytes of a recognised part.
const RECOGNISED_BYTES_MIN: usize = 5;
/// Fewest bytes of a tax component.
const COMPONENT_BYTES_MIN: usize = 10;
/// Fewest bytes of a dated rule.
const RULE_BYTES_MIN: usize = 4;

/// The body of an event of these; nothing for any other.
pub(super) fn put_event(out: &mut Vec<u8>, event: &Event) {
    match event {
        Event::DeferralScheduled(deferral) => put_deferral(out, deferral),
        Event::DeferralsRecognised { parts, entry } => {
            put_list(out, parts, |out, recognised| {
                put_item_id(out, recognised.deferral);
                put_part(out, &recognised.part);
            });
            put_entry(out, entry);
        }
        Event::DeferralCancelled { deferral, by } => {
            put_deferral(out, deferral);
            put_u64(out, *by);
        }
        Event::TaxCodeDefined(code) => put_tax_code(out, code),
        Event::CommissionPlanDefined(plan) => put_plan(out, plan),
        Event::CommissionAccrued { accrual, entry } => {
            put_accrual(out, accrual);
            put_option(out, entry.as_ref(), put_entry);
        }
        Event::CommissionClawedBack { claw_back, entry } => {
            put_u64(out, claw_back.accrual);
            put_u64(out, claw_back.document);
            put_i128(out, claw_back.base);
            put_i128(out, claw_back.amount);
            put_option(out, entry.as_ref(), put_entry);
        }
        Event::CommissionsPaidOut { payout, entry } => {
            put_payout(out, payout);
            put_entry(out, entry);
        }
        Event::CommissionAssigned(assignment) => put_assignment(out, assignment),
        other => governed::put_event(out, other),
    }
}

pub(super) fn deferral_scheduled(from: &mut Reader<'_>) -> Result<Event, CodecError> {
    Ok(Event::DeferralScheduled(Box::new(deferral(from)?)))
}

pub(super) fn deferrals_recognised(from: &mut Reader<'_>) -> Result<Event, CodecError> {
    let parts = from.list(RECOGNISED_BYTES_MIN, |from| Ok(RecognisedPart { deferral: item_id(from)?, part: part(from)? }))?;
    Ok(Event::DeferralsRecognised { parts, entry: entry(from)? })
}

pub(super) fn deferral_cancelled(from: &mut Reader<'_>) -> Result<Event, CodecError> {
    Ok(Event::DeferralCancelled { deferral: Box::new(deferral(from)?), by: from.number()? })
}

pub(super) fn commission_accrued(from: &mut Reader<'_>) -> Result<Event, CodecError> {
    Ok(Event::CommissionAccrued { accrual: Box::new(accrual(from)?), entry: from.option(entry)? })
}

pub(super) fn commission_clawed_back(from: &mut Reader<'_>) -> Result<Event, CodecError> {
    let claw_back = ClawBack { accrual: from.number()?, document: from.number()?, base: units(from)?, amount: units(from)? };
    Ok(Event::CommissionClawedBack { claw_back, entry: from.option(entry)? })
}

pub(super) fn commissions_paid_out(from: &mut Reader<'_>) -> Result<Event, CodecError> {
    let payout = Payout {
        payee: PartyNo::new(from.number()?),
        number: from.text()?,
        date: date(from.i32()?)?,
        parts: from.list(2, |from| Ok((from.number()?, units(from)?)))?,
    };
    Ok(Event::CommissionsPaidOut { payout: Box::new(payout), entry: entry(from)? })
}

pub(super) fn put_deferral(out: &mut Vec<u8>, deferral: &Deferral) {
    put_item_id(out, deferral.id);
    put_account(out, deferral.deferred);
    put_account(out, deferral.target);
    put_commodity(out, deferral.currency);
    put_tags(out, &deferral.tags);
    put_list(out, &deferral.parts, put_part);
}

pub(super) fn deferral(from: &mut Reader<'_>) -> Result<Deferral, CodecError> {
    Ok(Deferral {
        id: item_id(from)?,
        deferred: account(from)?,
        target: account(from)?,
        currency: commodity(from)?,
        tags: tags(from)?,
        parts: from.list(PART_BYTES_MIN, part)?,
    })
}

fn put_part(out: &mut Vec<u8>, part: &DeferralPart) {
    put_i32(out, days(part.date));
    put_i128(out, part.units);
    put_i128(out, part.functional);
}

fn part(from: &mut Reader<'_>) -> Result<DeferralPart, CodecError> {
    Ok(DeferralPart { date: date(from.i32()?)?, units: units(from)?, functional: units(from)? })
}

pub(super) fn put_tax_code(out: &mut Vec<u8>, code: &TaxCode) {
    put_str(out, &code.code);
    put_str(out, &code.name);
    put_list(out, &code.components, |out, component| {
        put_str(out, &component.name);
        put_decimal(out, component.rate);
        put_option(out, component.from.map(days), put_i32);
        put_option(out, component.to.map(days), put_i32);
        out.push(u8::from(component.compound));
        put_account(out, component.account);
        put_decimal(out, component.recoverable);
        put_option(out, component.reverse_charge, put_account);
        out.push(u8::from(component.withheld));
        put_str(out, &component.report_box);
    });
}

pub(super) fn tax_code(from: &mut Reader<'_>) -> Result<TaxCode, CodecError> {
    let day = |from: &mut Reader<'_>| date(from.i32()?);
    let component = |from: &mut Reader<'_>| {
        Ok(TaxComponent {
            name: from.text()?,
            rate: read_decimal(from)?,
            from: from.option(day)?,
            to: from.option(day)?,
            compound: flag(from)?,
            account: account(from)?,
            recoverable: read_decimal(from)?,
            reverse_charge: from.option(account)?,
            withheld: flag(from)?,
            report_box: from.text()?,
        })
    };
    Ok(TaxCode { code: from.text()?, name: from.text()?, components: from.list(COMPONENT_BYTES_MIN, component)? })
}

pub(super) fn put_plan(out: &mut Vec<u8>, plan: &CommissionPlan) {
    put_str(out, &plan.code);
    out.push(plan.trigger.number());
    put_list(out, &plan.rules, |out, dated| {
        put_i32(out, days(dated.from));
        put_option(out, dated.to.map(days), put_i32);
        put_rule(out, &dated.rule);
    });
    put_account(out, plan.expense);
    put_account(out, plan.accrued);
}

pub(super) fn plan(from: &mut Reader<'_>) -> Result<CommissionPlan, CodecError> {
    let dated =
        |from: &mut Reader<'_>| Ok(DatedRule { from: date(from.i32()?)?, to: from.option(|from| date(from.i32()?))?, rule: rule(from)? });
    Ok(CommissionPlan {
        code: from.text()?,
        trigger: numbered(from, Trigger::from_number, "trigger")?,
        rules: from.list(RULE_BYTES_MIN, dated)?,
        expense: account(from)?,
        accrued: account(from)?,
    })
}

fn put_rule(out: &mut Vec<u8>, rule: &Rule) {
    match rule {
        Rule::Flat(units) => {
            out.push(0);
            put_i128(out, *units);
        }
        Rule::Percent(percent) => {
            out.push(1);
            put_decimal(out, *percent);
        }
        Rule::Tiers { tiers, retroactive } => {
            out.push(if *retroactive { 3 } else { 2 });
            put_list(out, tiers, |out, tier| {
                put_i128(out, tier.from);
                put_decimal(out, tier.percent);
            });
        }
    }
}

fn rule(from: &mut Reader<'_>) -> Result<Rule, CodecError> {
    let tiers = |from: &mut Reader<'_>| from.list(3, |from| Ok(Tier { from: units(from)?, percent: read_decimal(from)? }));
    Ok(match from.u8()? {
        0 => Rule::Flat(units(from)?),
        1 => Rule::Percent(read_decimal(from)?),
        2 => Rule::Tiers { tiers: tiers(from)?, retroactive: false },
        3 => Rule::Tiers { tiers: tiers(from)?, retroactive: true },
        no => return Err(CodecError::new(format!("{no} is no commission rule"))),
    })
}

pub(super) fn put_accrual(out: &mut Vec<u8>, accrual: &CommissionAccrual) {
    put_str(out, &accrual.plan);
    put_i32(out, days(accrual.rule_from));
    put_u64(out, u64::from(accrual.payee.get()));
    put_u64(out, accrual.document);
    put_i32(out, days(accrual.date));
    put_commodity(out, accrual.currency);
    put_i128(out, accrual.base);
    put_i128(out, accrual.earned);
    put_account(out, accrual.expense);
    put_account(out, accrual.accrued);
}

pub(super) fn accrual(from: &mut Reader<'_>) -> Result<CommissionAccrual, CodecError> {
    Ok(CommissionAccrual {
        plan: from.text()?,
        rule_from: date(from.i32()?)?,
        payee: PartyNo::new(from.number()?),
        document: from.number()?,
        date: date(from.i32()?)?,
        currency: commodity(from)?,
        base: units(from)?,
        earned: units(from)?,
        expense: account(from)?,
        accrued: account(from)?,
    })
}

pub(super) fn put_assignment(out: &mut Vec<u8>, assignment: &CommissionAssignment) {
    put_str(out, &assignment.plan);
    put_u64(out, u64::from(assignment.payee.get()));
    put_option(out, assignment.customer, |out, customer| put_u64(out, u64::from(customer.get())));
    put_i32(out, days(assignment.from));
    put_option(out, assignment.to.map(days), put_i32);
}

pub(super) fn assignment(from: &mut Reader<'_>) -> Result<CommissionAssignment, CodecError> {
    Ok(CommissionAssignment {
        plan: from.text()?,
        payee: PartyNo::new(from.number()?),
        customer: from.option(|from| Ok(PartyNo::new(from.number()?)))?,
        from: date(from.i32()?)?,
        to: from.option(|from| date(from.i32()?))?,
    })
}

fn put_payout(out: &mut Vec<u8>, payout: &Payout) {
    put_u64(out, u64::from(payout.payee.get()));
    put_str(out, &payout.number);
    put_i32(out, days(payout.date));
    put_list(out, &payout.parts, |out, (accrual, units)| {
        put_u64(out, *accrual);
        put_i128(out, *units);
    });
}
