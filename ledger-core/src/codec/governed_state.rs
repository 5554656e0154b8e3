//! The part of a snapshot that keeps agents, policies, drafts and requests for approval.
//!
//! Like the rest of the snapshot this may change with its version.

use super::CodecError;
use super::bytes::{Reader, put_i32, put_i128, put_option, put_str, put_u64};
use super::document::{flag, put_list};
use super::entry::{put_decimal, read_decimal, units};
use super::governed::{agent, put_agent, put_source, source};
use super::items::{each, put_all};
use super::policy::{policy, put_policy, put_requested, put_time, requested, time, vote};
use super::proposal::{proposal, put_proposal, put_texts, texts};
use super::subledger::{account, put_account};
use crate::approvals::{Cost, Mode, Seat, StepState};
use crate::book::{Governed, KeptAgent, KeptDraft, KeptRequest, Pattern};
use crate::period::Month;

pub(super) fn put_governed(out: &mut Vec<u8>, governed: &Governed) {
    put_all(out, governed.agents.iter(), put_kept_agent);
    put_all(out, governed.policies.values(), put_policy);
    put_all(out, governed.drafts.iter(), |out, (seq, draft)| {
        put_u64(out, *seq);
        put_kept_draft(out, draft);
    });
    put_all(out, governed.requests.iter(), |out, (seq, request)| {
        put_u64(out, *seq);
        put_kept_request(out, request);
    });
    put_all(out, governed.patterns.iter(), |out, (pattern, count)| {
        put_pattern(out, pattern);
        put_u64(out, u64::from(*count));
    });
}

pub(super) fn governed(from: &mut Reader<'_>) -> Result<Governed, CodecError> {
    let mut governed = Governed::default();
    each(from, |from| {
        governed.agents.push(kept_agent(from)?);
        Ok(())
    })?;
    each(from, |from| {
        let policy = policy(from)?;
        governed.policies.insert(policy.terms.code.clone(), policy);
        Ok(())
    })?;
    each(from, |from| {
        governed.drafts.insert(from.number()?, kept_draft(from)?);
        Ok(())
    })?;
    each(from, |from| {
        governed.requests.insert(from.number()?, kept_request(from)?);
        Ok(())
    })?;
    each(from, |from| {
        governed.patterns.insert(pattern(from)?, from.number()?);
        Ok(())
    })?;
    Ok(governed)
}

fn put_costs(out: &mut Vec<u8>, costs: &std::collections::BTreeMap<Month, Cost>) {
    put_all(out, costs.iter(), |out, (month, cost)| {
        put_i32(out, month.ordinal());
        put_i128(out, cost.0);
    });
}

fn costs(from: &mut Reader<'_>) -> Result<std::collections::BTreeMap<Month, Cost>, CodecError> {
    let costs = from.list(2, |from| Ok((Month::from_ordinal(from.i32()?), Cost(from.i128()?))))?;
    Ok(costs.into_iter().collect())
}

fn put_kept_agent(out: &mut Vec<u8>, kept: &KeptAgent) {
    put_agent(out, &kept.agent);
    out.push(u8::from(kept.suspended));
    out.push(u8::from(kept.stopped));
    put_all(out, kept.decided.iter(), |out, rejected| out.push(u8::from(*rejected)));
    put_costs(out, &kept.spent);
    put_costs(out, &kept.unbooked);
    put_i128(out, kept.carried.0);
}

fn kept_agent(from: &mut Reader<'_>) -> Result<KeptAgent, CodecError> {
    Ok(KeptAgent {
        agent: agent(from)?,
        suspended: flag(from)?,
        stopped: flag(from)?,
        decided: from.list(1, flag)?.into(),
        spent: costs(from)?,
        unbooked: costs(from)?,
        carried: Cost(from.i128()?),
    })
}

fn put_kept_draft(out: &mut Vec<u8>, kept: &KeptDraft) {
    put_proposal(out, &kept.content);
    out.extend_from_slice(&kept.hash);
    put_source(out, &kept.source);
    put_texts(out, &kept.prepared);
    put_str(out, &kept.kind);
    put_option(out, kept.confidence, put_decimal);
    put_time(out, kept.at);
    put_i128(out, kept.amount);
    put_option(out, kept.request, put_u64);
}

fn kept_draft(from: &mut Reader<'_>) -> Result<KeptDraft, CodecError> {
    Ok(KeptDraft {
        content: proposal(from)?,
        hash: from.array()?,
        source: source(from)?,
        prepared: texts(from)?,
        kind: from.text()?,
        confidence: from.option(read_decimal)?,
        at: time(from)?,
        amount: units(from)?,
        request: from.option(Reader::number)?,
    })
}

fn put_kept_request(out: &mut Vec<u8>, kept: &KeptRequest) {
    put_requested(out, &kept.requested);
    put_u64(out, kept.step as u64);
    put_list(out, &kept.steps, |out, step| {
        put_u64(out, u64::from(step.needed));
        put_list(out, &step.seats, |out, seat| {
            put_texts(out, &seat.chain);
            put_option(out, seat.vote, |out, vote| out.push(vote.number()));
        });
        put_option(out, step.due, put_time);
        put_u64(out, u64::from(step.escalations));
    });
    out.push(u8::from(kept.approved));
    out.push(u8::from(kept.overridden));
    put_texts(out, &kept.approvers);
}

fn kept_request(from: &mut Reader<'_>) -> Result<KeptRequest, CodecError> {
    let (requested, step) = (requested(from)?, from.number()?);
    let seat = |from: &mut Reader<'_>| Ok(Seat { chain: texts(from)?, vote: from.option(vote)? });
    let mut steps = from.list(4, |from| {
        Ok(StepState {
            mode: Mode::Single,
            needed: from.number()?,
            seats: from.list(2, seat)?,
            due: from.option(time)?,
            escalations: from.number()?,
        })
    })?;
    if steps.len() != requested.steps.len() {
        return Err(CodecError::new("a request and its steps differ"));
    }
    steps.iter_mut().zip(&requested.steps).for_each(|(state, step)| state.mode = step.step.mode);
    Ok(KeptRequest { requested, step, steps, approved: flag(from)?, overridden: flag(from)?, approvers: texts(from)? })
}

fn put_pattern(out: &mut Vec<u8>, (party, account, tax_code, debit): &Pattern) {
    put_option(out, party.as_deref(), put_str);
    put_account(out, *account);
    put_option(out, tax_code.as_deref(), put_str);
    out.push(u8::from(*debit));
}

fn pattern(from: &mut Reader<'_>) -> Result<Pattern, CodecError> {
    Ok((from.option(Reader::text)?, account(from)?, from.option(Reader::text)?, flag(from)?))
}
