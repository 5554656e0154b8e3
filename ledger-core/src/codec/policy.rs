//! The stored form of approval policies and requests, version 1, written and read by hand. The same promises hold as in
//! [`super::entry`].

use super::CodecError;
use super::bytes::{Reader, put_i128, put_option, put_str, put_u64};
use super::document::{flag, put_list};
use super::entry::{put_decimal, read_decimal, units};
use super::proposal::{put_texts, texts};
use super::subledger::numbered;
use super::wire::{account_type_no, account_type_of, period_status_no, period_status_of};
use crate::Timestamp;
use crate::approvals::{
    ApprovalPolicy, Facts, Mode, OnTimeout, PolicyTerms, Predicate, Requested, RequestedStep, SourceKind, Step, Subject, Vote, Voted,
};

/// Fewest bytes of a step.
const STEP_BYTES_MIN: usize = 5;

pub(super) fn put_policy_terms(out: &mut Vec<u8>, terms: &PolicyTerms) {
    put_str(out, &terms.code);
    put_list(out, &terms.subjects, |out, subject| out.push(subject.number()));
    put_option(out, terms.when.amount_from, put_decimal);
    put_list(out, &terms.when.account_types, |out, kind| out.push(account_type_no(*kind)));
    put_list(out, &terms.when.sources, |out, source| out.push(source.number()));
    put_option(out, terms.when.confidence_below, put_decimal);
    put_list(out, &terms.when.periods, |out, status| out.push(period_status_no(*status)));
    put_list(out, &terms.steps, put_step);
    put_u64(out, u64::from(terms.rank));
    out.push(u8::from(terms.self_approval));
    out.push(u8::from(terms.allow_override));
    out.push(u8::from(terms.active));
}

pub(super) fn policy_terms(from: &mut Reader<'_>) -> Result<PolicyTerms, CodecError> {
    Ok(PolicyTerms {
        code: from.text()?,
        subjects: from.list(1, subject)?,
        when: Predicate {
            amount_from: from.option(read_decimal)?,
            account_types: from.list(1, |from| account_type_of(from.u8()?))?,
            sources: from.list(1, source)?,
            confidence_below: from.option(read_decimal)?,
            periods: from.list(1, |from| period_status_of(from.u8()?))?,
        },
        steps: from.list(STEP_BYTES_MIN, step)?,
        rank: from.number()?,
        self_approval: flag(from)?,
        allow_override: flag(from)?,
        active: flag(from)?,
    })
}

pub(super) fn put_policy(out: &mut Vec<u8>, policy: &ApprovalPolicy) {
    put_policy_terms(out, &policy.terms);
    put_u64(out, u64::from(policy.version));
}

pub(super) fn policy(from: &mut Reader<'_>) -> Result<ApprovalPolicy, CodecError> {
    Ok(ApprovalPolicy { terms: policy_terms(from)?, version: from.number()? })
}

fn subject(from: &mut Reader<'_>) -> Result<Subject, CodecError> {
    numbered(from, Subject::from_number, "subject of approval")
}

fn source(from: &mut Reader<'_>) -> Result<SourceKind, CodecError> {
    numbered(from, SourceKind::from_number, "kind of source")
}

fn put_step(out: &mut Vec<u8>, step: &Step) {
    let no = match step.mode {
        Mode::Single => 0,
        Mode::Multiple(_) => 1,
        Mode::Unanimous => 2,
        Mode::Majority => 3,
        Mode::Veto => 4,
    };
    out.push(no);
    if let Mode::Multiple(count) = step.mode {
        put_u64(out, u64::from(count));
    }
    put_texts(out, &step.eligible);
    out.push(step.min_aal);
    put_option(out, step.due, put_u64);
    match &step.on_timeout {
        OnTimeout::Escalate { to, due } => {
            out.push(0);
            put_texts(out, to);
            put_u64(out, *due);
        }
        OnTimeout::Reject => out.push(1),
        OnTimeout::Remind => out.push(2),
    }
}

fn step(from: &mut Reader<'_>) -> Result<Step, CodecError> {
    let mode = match from.u8()? {
        0 => Mode::Single,
        1 => Mode::Multiple(from.number()?),
        2 => Mode::Unanimous,
        3 => Mode::Majority,
        4 => Mode::Veto,
        other => return Err(CodecError::new(format!("{other} is no way to count votes"))),
    };
    let (eligible, min_aal, due) = (texts(from)?, from.u8()?, from.option(Reader::number)?);
    let on_timeout = match from.u8()? {
        0 => OnTimeout::Escalate { to: texts(from)?, due: from.number()? },
        1 => OnTimeout::Reject,
        2 => OnTimeout::Remind,
        other => return Err(CodecError::new(format!("{other} is nothing that follows when time is up"))),
    };
    Ok(Step { mode, eligible, min_aal, due, on_timeout })
}

pub(super) fn put_time(out: &mut Vec<u8>, time: Timestamp) {
    put_i128(out, i128::from(time.0));
}

pub(super) fn time(from: &mut Reader<'_>) -> Result<Timestamp, CodecError> {
    i64::try_from(from.i128()?).map(Timestamp).map_err(|_| CodecError::new("a time is out of range"))
}

fn put_facts(out: &mut Vec<u8>, facts: &Facts) {
    out.push(facts.subject.number());
    put_i128(out, facts.amount);
    put_list(out, &facts.account_types, |out, kind| out.push(account_type_no(*kind)));
    out.push(facts.source.number());
    put_option(out, facts.confidence, put_decimal);
    out.push(period_status_no(facts.period));
}

fn facts(from: &mut Reader<'_>) -> Result<Facts, CodecError> {
    Ok(Facts {
        subject: subject(from)?,
        amount: units(from)?,
        account_types: from.list(1, |from| account_type_of(from.u8()?))?,
        source: source(from)?,
        confidence: from.option(read_decimal)?,
        period: period_status_of(from.u8()?)?,
    })
}

pub(super) fn put_requested(out: &mut Vec<u8>, requested: &Requested) {
    put_u64(out, requested.draft);
    out.extend_from_slice(&requested.hash);
    put_option(out, requested.policy.as_ref(), |out, (code, version)| {
        put_str(out, code);
        put_u64(out, u64::from(*version));
    });
    put_list(out, &requested.steps, |out, step| {
        put_step(out, &step.step);
        put_texts(out, &step.eligible);
        put_u64(out, u64::from(step.needed));
    });
    out.push(u8::from(requested.self_approval));
    out.push(u8::from(requested.allow_override));
    put_facts(out, &requested.facts);
    put_str(out, &requested.by);
    put_time(out, requested.at);
}

pub(super) fn requested(from: &mut Reader<'_>) -> Result<Requested, CodecError> {
    Ok(Requested {
        draft: from.number()?,
        hash: from.array()?,
        policy: from.option(|from| Ok((from.text()?, from.number()?)))?,
        steps: from
            .list(STEP_BYTES_MIN + 2, |from| Ok(RequestedStep { step: step(from)?, eligible: texts(from)?, needed: from.number()? }))?,
        self_approval: flag(from)?,
        allow_override: flag(from)?,
        facts: facts(from)?,
        by: from.text()?,
        at: time(from)?,
    })
}

pub(super) fn put_voted(out: &mut Vec<u8>, voted: &Voted) {
    put_u64(out, voted.request);
    put_u64(out, u64::from(voted.step));
    put_str(out, &voted.by);
    put_str(out, &voted.seat);
    out.push(voted.vote.number());
    put_str(out, &voted.comment);
    out.extend_from_slice(&voted.hash);
    put_time(out, voted.at);
}

pub(super) fn voted(from: &mut Reader<'_>) -> Result<Voted, CodecError> {
    Ok(Voted {
        request: from.number()?,
        step: from.number()?,
        by: from.text()?,
        seat: from.text()?,
        vote: vote(from)?,
        comment: from.text()?,
        hash: from.array()?,
        at: time(from)?,
    })
}

pub(super) fn vote(from: &mut Reader<'_>) -> Result<Vote, CodecError> {
    numbered(from, Vote::from_number, "vote")
}
