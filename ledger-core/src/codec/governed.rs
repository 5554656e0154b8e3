//! The stored forms of agents, drafts and approvals, version 1, written and read by hand. What is proposed is in
//! [`super::proposal`], policies and requests in [`super::policy`]; the same promises hold as in [`super::entry`].

use uuid::Uuid;

use super::CodecError;
use super::bytes::{Reader, put_i32, put_i128, put_option, put_str, put_u64};
use super::document::{flag, put_list};
use super::entry::{entry, put_decimal, put_entry, read_decimal, units};
use super::policy::{policy, put_policy, put_requested, put_time, put_voted, requested, time, voted};
use super::proposal::{proposal, put_proposal, put_texts, texts};
use super::subledger::{account, commodity, numbered, put_account, put_commodity};
use crate::approvals::{
    Agent, AgentNo, AgentRun, AgentType, AiSource, Autonomy, Correction, DraftSource, Drafted, FieldChange, Posted, Route, RunOutcome,
};
use crate::event::Event;
use crate::period::Month;

/// The body of an event of these; nothing for any other.
pub(super) fn put_event(out: &mut Vec<u8>, event: &Event) {
    match event {
        Event::AgentRegistered(agent) | Event::AgentChanged(agent) => put_agent(out, agent),
        Event::AgentStatusSet { agent, suspended, reason } => {
            put_agent_no(out, *agent);
            out.push(u8::from(*suspended));
            put_str(out, reason);
        }
        Event::AgentRan(run) => put_run(out, run),
        Event::AgentCostsBooked { agent, month, booked, carried, entry } => {
            put_agent_no(out, *agent);
            put_i32(out, month.ordinal());
            put_i128(out, *booked);
            put_decimal(out, *carried);
            put_entry(out, entry);
        }
        Event::AutoPostingStopped { agent, rejected, window } => {
            put_agent_no(out, *agent);
            put_u64(out, u64::from(*rejected));
            put_u64(out, u64::from(*window));
        }
        Event::Drafted(drafted) => put_drafted(out, drafted),
        Event::DraftCorrected(correction) => put_correction(out, correction),
        Event::DraftRejected { draft, by, reason } | Event::DraftWithdrawn { draft, by, reason } => {
            put_u64(out, *draft);
            put_str(out, by);
            put_str(out, reason);
        }
        Event::DraftPosted(posted) => put_posted(out, posted),
        Event::ApprovalPolicySet(policy) => put_policy(out, policy),
        Event::ApprovalRequested(requested) => put_requested(out, requested),
        Event::ApprovalVoted(voted) => put_voted(out, voted),
        Event::ApprovalDelegated { request, from, to, at } => {
            put_u64(out, *request);
            put_str(out, from);
            put_str(out, to);
            put_time(out, *at);
        }
        Event::ApprovalEscalated { request, added, due, at } => {
            put_u64(out, *request);
            put_texts(out, added);
            put_time(out, *due);
            put_time(out, *at);
        }
        Event::ApprovalReminded { request, due, at } => {
            put_u64(out, *request);
            put_time(out, *due);
            put_time(out, *at);
        }
        Event::ApprovalExpired { request, at } => {
            put_u64(out, *request);
            put_time(out, *at);
        }
        Event::ApprovalCompleted { request, approved } => {
            put_u64(out, *request);
            out.push(u8::from(*approved));
        }
        Event::ApprovalInvalidated { request, reason } => {
            put_u64(out, *request);
            put_str(out, reason);
        }
        Event::ApprovalOverridden { request, by, reason, hash, at } => {
            put_u64(out, *request);
            put_str(out, by);
            put_str(out, reason);
            out.extend_from_slice(hash);
            put_time(out, *at);
        }
        _ => {}
    }
}

pub(super) fn agent_status_set(from: &mut Reader<'_>) -> Result<Event, CodecError> {
    Ok(Event::AgentStatusSet { agent: agent_no(from)?, suspended: flag(from)?, reason: from.text()? })
}

pub(super) fn agent_costs_booked(from: &mut Reader<'_>) -> Result<Event, CodecError> {
    Ok(Event::AgentCostsBooked {
        agent: agent_no(from)?,
        month: Month::from_ordinal(from.i32()?),
        booked: units(from)?,
        carried: read_decimal(from)?,
        entry: entry(from)?,
    })
}

pub(super) fn auto_posting_stopped(from: &mut Reader<'_>) -> Result<Event, CodecError> {
    Ok(Event::AutoPostingStopped { agent: agent_no(from)?, rejected: from.number()?, window: from.number()? })
}

pub(super) fn draft_rejected(from: &mut Reader<'_>) -> Result<Event, CodecError> {
    Ok(Event::DraftRejected { draft: from.number()?, by: from.text()?, reason: from.text()? })
}

pub(super) fn draft_withdrawn(from: &mut Reader<'_>) -> Result<Event, CodecError> {
    Ok(Event::DraftWithdrawn { draft: from.number()?, by: from.text()?, reason: from.text()? })
}

pub(super) fn approval_policy_set(from: &mut Reader<'_>) -> Result<Event, CodecError> {
    Ok(Event::ApprovalPolicySet(Box::new(policy(from)?)))
}

pub(super) fn approval_requested(from: &mut Reader<'_>) -> Result<Event, CodecError> {
    Ok(Event::ApprovalRequested(Box::new(requested(from)?)))
}

pub(super) fn approval_voted(from: &mut Reader<'_>) -> Result<Event, CodecError> {
    Ok(Event::ApprovalVoted(Box::new(voted(from)?)))
}

pub(super) fn approval_delegated(from: &mut Reader<'_>) -> Result<Event, CodecError> {
    Ok(Event::ApprovalDelegated { request: from.number()?, from: from.text()?, to: from.text()?, at: time(from)? })
}

pub(super) fn approval_escalated(from: &mut Reader<'_>) -> Result<Event, CodecError> {
    Ok(Event::ApprovalEscalated { request: from.number()?, added: texts(from)?, due: time(from)?, at: time(from)? })
}

pub(super) fn approval_reminded(from: &mut Reader<'_>) -> Result<Event, CodecError> {
    Ok(Event::ApprovalReminded { request: from.number()?, due: time(from)?, at: time(from)? })
}

pub(super) fn approval_expired(from: &mut Reader<'_>) -> Result<Event, CodecError> {
    Ok(Event::ApprovalExpired { request: from.number()?, at: time(from)? })
}

pub(super) fn approval_completed(from: &mut Reader<'_>) -> Result<Event, CodecError> {
    Ok(Event::ApprovalCompleted { request: from.number()?, approved: flag(from)? })
}

pub(super) fn approval_invalidated(from: &mut Reader<'_>) -> Result<Event, CodecError> {
    Ok(Event::ApprovalInvalidated { request: from.number()?, reason: from.text()? })
}

pub(super) fn approval_overridden(from: &mut Reader<'_>) -> Result<Event, CodecError> {
    let (request, by, reason) = (from.number()?, from.text()?, from.text()?);
    Ok(Event::ApprovalOverridden { request, by, reason, hash: from.array()?, at: time(from)? })
}

fn put_agent_no(out: &mut Vec<u8>, no: AgentNo) {
    put_u64(out, u64::from(no.get()));
}

fn agent_no(from: &mut Reader<'_>) -> Result<AgentNo, CodecError> {
    from.number().map(AgentNo::new)
}

pub(super) fn put_agent(out: &mut Vec<u8>, agent: &Agent) {
    put_agent_no(out, agent.no);
    put_str(out, &agent.code);
    put_str(out, &agent.name);
    out.push(agent.kind.number());
    put_str(out, &agent.model);
    put_str(out, &agent.configuration);
    put_texts(out, &agent.capabilities);
    put_texts(out, &agent.tools);
    let autonomy = &agent.autonomy;
    out.push(u8::from(autonomy.auto_post));
    put_decimal(out, autonomy.cap);
    put_decimal(out, autonomy.confidence);
    put_u64(out, u64::from(autonomy.approvals));
    put_texts(out, &autonomy.always_people);
    put_decimal(out, autonomy.sample_percent);
    put_u64(out, u64::from(autonomy.window));
    put_decimal(out, autonomy.rejected_percent);
    put_commodity(out, agent.currency);
    put_option(out, agent.budget, put_decimal);
    put_option(out, agent.expense, put_account);
    put_option(out, agent.accrued, put_account);
}

pub(super) fn agent(from: &mut Reader<'_>) -> Result<Agent, CodecError> {
    Ok(Agent {
        no: agent_no(from)?,
        code: from.text()?,
        name: from.text()?,
        kind: numbered(from, AgentType::from_number, "type of agent")?,
        model: from.text()?,
        configuration: from.text()?,
        capabilities: texts(from)?,
        tools: texts(from)?,
        autonomy: Autonomy {
            auto_post: flag(from)?,
            cap: read_decimal(from)?,
            confidence: read_decimal(from)?,
            approvals: from.number()?,
            always_people: texts(from)?,
            sample_percent: read_decimal(from)?,
            window: from.number()?,
            rejected_percent: read_decimal(from)?,
        },
        currency: commodity(from)?,
        budget: from.option(read_decimal)?,
        expense: from.option(account)?,
        accrued: from.option(account)?,
    })
}

fn put_run(out: &mut Vec<u8>, run: &AgentRun) {
    put_agent_no(out, run.agent);
    put_str(out, &run.model);
    put_time(out, run.at);
    put_u64(out, run.tokens_in);
    put_u64(out, run.tokens_out);
    put_decimal(out, run.cost);
    put_u64(out, run.latency_ms);
    out.push(run.outcome.number());
    put_option(out, run.error.as_deref(), put_str);
    put_option(out, run.confidence, put_decimal);
    put_texts(out, &run.evidence);
    put_option(out, run.acted_for.as_deref(), put_str);
    put_option(out, run.conversation, |out, id| out.extend_from_slice(id.as_bytes()));
}

pub(super) fn run(from: &mut Reader<'_>) -> Result<AgentRun, CodecError> {
    Ok(AgentRun {
        agent: agent_no(from)?,
        model: from.text()?,
        at: time(from)?,
        tokens_in: from.number()?,
        tokens_out: from.number()?,
        cost: read_decimal(from)?,
        latency_ms: from.number()?,
        outcome: numbered(from, RunOutcome::from_number, "outcome")?,
        error: from.option(Reader::text)?,
        confidence: from.option(read_decimal)?,
        evidence: texts(from)?,
        acted_for: from.option(Reader::text)?,
        conversation: from.option(Reader::array::<16>)?.map(Uuid::from_bytes),
    })
}

pub(super) fn put_source(out: &mut Vec<u8>, source: &DraftSource) {
    out.push(source.kind().number());
    match source {
        DraftSource::Person => {}
        DraftSource::Ai(ai) => {
            put_agent_no(out, ai.agent);
            put_str(out, &ai.model);
            out.extend_from_slice(&ai.prompt_hash);
            put_texts(out, &ai.evidence);
            put_option(out, ai.acted_for.as_deref(), put_str);
        }
        DraftSource::Import { channel } => put_str(out, channel),
    }
}

pub(super) fn source(from: &mut Reader<'_>) -> Result<DraftSource, CodecError> {
    Ok(match from.u8()? {
        0 => DraftSource::Person,
        1 => DraftSource::Ai(Box::new(AiSource {
            agent: agent_no(from)?,
            model: from.text()?,
            prompt_hash: from.array()?,
            evidence: texts(from)?,
            acted_for: from.option(Reader::text)?,
        })),
        2 => DraftSource::Import { channel: from.text()? },
        other => return Err(CodecError::new(format!("{other} is no source of a draft"))),
    })
}

fn put_drafted(out: &mut Vec<u8>, drafted: &Drafted) {
    put_proposal(out, &drafted.content);
    out.extend_from_slice(&drafted.hash);
    put_source(out, &drafted.source);
    put_str(out, &drafted.by);
    put_str(out, &drafted.kind);
    put_option(out, drafted.confidence, put_decimal);
    put_str(out, &drafted.rationale);
    put_time(out, drafted.at);
    put_i128(out, drafted.amount);
}

pub(super) fn drafted(from: &mut Reader<'_>) -> Result<Event, CodecError> {
    Ok(Event::Drafted(Box::new(Drafted {
        content: proposal(from)?,
        hash: from.array()?,
        source: source(from)?,
        by: from.text()?,
        kind: from.text()?,
        confidence: from.option(read_decimal)?,
        rationale: from.text()?,
        at: time(from)?,
        amount: units(from)?,
    })))
}

fn put_correction(out: &mut Vec<u8>, correction: &Correction) {
    put_u64(out, correction.draft);
    put_proposal(out, &correction.content);
    out.extend_from_slice(&correction.hash);
    put_list(out, &correction.changes, |out, change| {
        put_str(out, &change.field);
        put_str(out, &change.before);
        put_str(out, &change.after);
    });
    put_str(out, &correction.by);
    put_str(out, &correction.reason);
    put_i128(out, correction.amount);
}

pub(super) fn correction(from: &mut Reader<'_>) -> Result<Event, CodecError> {
    Ok(Event::DraftCorrected(Box::new(Correction {
        draft: from.number()?,
        content: proposal(from)?,
        hash: from.array()?,
        changes: from.list(3, |from| Ok(FieldChange { field: from.text()?, before: from.text()?, after: from.text()? }))?,
        by: from.text()?,
        reason: from.text()?,
        amount: units(from)?,
    })))
}

fn put_posted(out: &mut Vec<u8>, posted: &Posted) {
    put_u64(out, posted.draft);
    put_u64(out, posted.event);
    out.push(posted.route.number());
    put_option(out, posted.request, put_u64);
    out.push(u8::from(posted.four_eyes));
    put_texts(out, &posted.approvers);
}

pub(super) fn posted(from: &mut Reader<'_>) -> Result<Event, CodecError> {
    Ok(Event::DraftPosted(Box::new(Posted {
        draft: from.number()?,
        event: from.number()?,
        route: numbered(from, Route::from_number, "way to carry out a draft")?,
        request: from.option(Reader::number)?,
        four_eyes: flag(from)?,
        approvers: texts(from)?,
    })))
}
