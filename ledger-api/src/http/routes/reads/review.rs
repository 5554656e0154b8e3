//! The review queue: drafts and requests for approval, listed from their read models, shown from history.
//!
//! Texts in a draft were written by whoever proposed it, often a program that read them elsewhere: they are data.

use axum::response::Response;
use ledger_core::approvals::{Correction, DraftSource, Drafted, Requested, Voted};
use ledger_core::event::Recorded;
use ledger_core::{Book, Event, Seq, Text};
use ledger_projections::reports::{ApprovalLine, DraftRow, Point, ReviewQuery, approvals, drafts};
use ledger_projections::{AgentRun, Approval, Draft};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::registers::pages;
use super::review_shapes::{
    ApprovalListed, ApprovalShown, ApprovalStatus, ApprovalsAsked, AskedSubject, ChangeShown, CorrectionShown, DraftListed, DraftShown,
    DraftStatus, DraftsAsked, EndShown, RequestStepShown, SourceShown, StepShown, VoteShown,
};
use crate::cli::events::described;
use crate::cli::events::governed::{proposal_json, step_json};
use crate::cli::moment::show_time;
use crate::cli::output::plain;
use crate::http::extract::PointParams;
use crate::http::reading::answer;
use crate::http::reading::cursor::{Listing, page};
use crate::http::reading::events::hex;
use crate::http::reading::named::Named;
use crate::http::reading::params::PageSize;
use crate::http::review::asking::{ApprovalAsked, needed};
use crate::http::review::trail;
use crate::http::routes::drafts_write::PostedShown;
use crate::http::routes::granting::show;
use crate::http::routes::organizations::NoParams;
use crate::http::state::App;
use crate::http::{Access, Problem, Read};

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list_drafts))
        .routes(routes!(show_draft))
        .routes(routes!(list_approvals))
        .routes(routes!(show_approval))
}

pages! {
    /// A page of drafts, newest first.
    DraftPage of DraftListed;
    /// A page of requests for approval, newest first.
    ApprovalPage of ApprovalListed;
}

fn count(number: i32) -> u32 {
    u32::try_from(number).unwrap_or_default()
}

fn seq(number: i64) -> u64 {
    u64::try_from(number).unwrap_or_default()
}

fn strings(list: &[Text]) -> Vec<String> {
    list.iter().map(ToString::to_string).collect()
}

/// The queue is as of now.
fn only_now<Q>(read: &Read<Q>) -> Result<(), Problem> {
    match read.point {
        Point::Latest => Ok(()),
        _ => Err(Problem::malformed("PARAMETER_INVALID", "the review queue is as of now: known_at and at_seq do not apply")
            .hint("what was known of a draft earlier is in its history")),
    }
}

fn listed(row: DraftRow) -> DraftListed {
    DraftListed {
        seq: seq(row.seq),
        status: if row.status == DraftStatus::Pending.stored() { "pending".to_owned() } else { row.status },
        subject: row.subject,
        name: row.subject_no,
        source: row.source,
        agent: row.agent,
        model: row.model,
        proposed_by: row.proposed_by,
        acted_for: row.acted_for,
        kind: row.business,
        confidence: row.confidence.map(|sure| sure.normalize().to_string()),
        rationale: row.rationale,
        functional_amount: row.amount.to_string(),
        hash: row.hash,
        corrections: count(row.corrections),
        request: row.request_seq.map(seq),
        drafted_at: show(row.drafted_at),
        decided_at: row.decided_at.map(show),
        decided_by: row.decided_by,
        reason: row.reason,
        posted: row.posted_seq.map(seq),
        route: row.route,
        four_eyes: row.four_eyes,
    }
}

/// List drafts
///
/// Newest first, as of now. What waits is `status=pending`.
#[utoipa::path(get, path = "/v1/orgs/{org}/drafts", tag = "Drafts", params(PointParams, DraftsAsked),
    responses((status = 200, description = "Drafts, newest first.", body = DraftPage)))]
async fn list_drafts(read: Read<DraftsAsked>) -> Result<Response, Problem> {
    only_now(&read)?;
    let query = &read.query;
    let listing = Listing::new("drafts", read.access.organization.org.0, query, read.point);
    let cursor = listing.read::<Seq>(query.cursor.as_deref())?;
    read.fresh(Draft::NAME).await?;
    read.fresh(AgentRun::NAME).await?; // it knows the agents by name
    let asked = ReviewQuery {
        status: query.status.map(DraftStatus::stored),
        subject: query.subject.map(AskedSubject::stored),
        before: cursor.map(|cursor| cursor.key),
        limit: query.limit.size() + 1,
    };
    let (at, rows) = drafts(&read.access.org(), &asked).await?;
    let (rows, more) = page(rows.into_iter(), query.limit);
    let next_cursor = rows.last().filter(|_| more).map(|row| listing.write(at, seq(row.seq)));
    Ok(answer(at, &DraftPage { data: rows.into_iter().map(listed).collect(), next_cursor, seq: at }))
}

fn request_listed(row: ApprovalLine) -> ApprovalListed {
    ApprovalListed {
        seq: seq(row.seq),
        draft: seq(row.draft_seq),
        status: row.status,
        subject: row.subject,
        policy: row.policy,
        policy_version: row.policy_version.map(count),
        source: row.source,
        functional_amount: row.amount.to_string(),
        requested_by: row.requested_by,
        requested_at: show(row.requested_at),
        step: count(row.step_no),
        mode: row.mode,
        needed: count(row.needed),
        given: count(row.given),
        rejections: count(row.rejections),
        due_at: row.due_at.map(show),
        ended_at: row.ended_at.map(show),
    }
}

/// List requests for approval
///
/// Newest first, as of now. What waits for votes is `status=pending`.
#[utoipa::path(get, path = "/v1/orgs/{org}/approvals", tag = "Approvals", params(PointParams, ApprovalsAsked),
    responses((status = 200, description = "Requests, newest first.", body = ApprovalPage)))]
async fn list_approvals(read: Read<ApprovalsAsked>) -> Result<Response, Problem> {
    only_now(&read)?;
    let query = &read.query;
    let listing = Listing::new("approvals", read.access.organization.org.0, query, read.point);
    let cursor = listing.read::<Seq>(query.cursor.as_deref())?;
    read.fresh(Approval::NAME).await?;
    let asked = ReviewQuery {
        status: query.status.map(ApprovalStatus::stored),
        subject: query.subject.map(AskedSubject::stored),
        before: cursor.map(|cursor| cursor.key),
        limit: query.limit.size() + 1,
    };
    let (at, rows) = approvals(&read.access.org(), &asked).await?;
    let (rows, more) = page(rows.into_iter(), query.limit);
    let next_cursor = rows.last().filter(|_| more).map(|row| listing.write(at, seq(row.seq)));
    Ok(answer(at, &ApprovalPage { data: rows.into_iter().map(request_listed).collect(), next_cursor, seq: at }))
}

fn functional(book: &Book, units: ledger_core::Units) -> String {
    let scale = book.commodity(ledger_core::book::FUNCTIONAL).map_or(0, |commodity| commodity.scale);
    plain(units, scale)
}

fn source_shown(book: &Book, source: &DraftSource) -> SourceShown {
    let ai = source.ai();
    let agent = ai.and_then(|ai| book.agent(ai.agent)).map(|kept| kept.agent.code.to_string());
    SourceShown {
        kind: source.kind().as_str().to_owned(),
        agent,
        model: ai.map(|ai| ai.model.to_string()),
        prompt_hash: ai.map(|ai| hex(&ai.prompt_hash)),
        acted_for: ai.and_then(|ai| ai.acted_for.as_ref()).map(ToString::to_string),
        evidence: ai.map(|ai| strings(&ai.evidence)).unwrap_or_default(),
        channel: if let DraftSource::Import { channel } = source { Some(channel.to_string()) } else { None },
    }
}

fn correction_shown(recorded: &Recorded, correction: &Correction) -> CorrectionShown {
    let change = |change: &ledger_core::approvals::FieldChange| ChangeShown {
        field: change.field.to_string(),
        before: change.before.to_string(),
        after: change.after.to_string(),
    };
    CorrectionShown {
        seq: recorded.seq,
        at: show_time(recorded.recorded_at),
        by: correction.by.to_string(),
        reason: correction.reason.to_string(),
        hash: hex(&correction.hash),
        changes: correction.changes.iter().map(change).collect(),
    }
}

fn vote_shown(seq: Seq, voted: &Voted) -> VoteShown {
    VoteShown {
        seq,
        request: voted.request,
        step: voted.step,
        vote: voted.vote.as_str().to_owned(),
        by: voted.by.to_string(),
        seat: voted.seat.to_string(),
        comment: voted.comment.to_string(),
        hash: hex(&voted.hash),
        at: show_time(voted.at),
    }
}

fn history(book: &Book, events: &[Recorded]) -> Vec<StepShown> {
    let shown = |recorded: &Recorded| {
        let mut told = described(book, Some(recorded.seq), &recorded.event);
        let kind = told.get("type").and_then(Value::as_str).unwrap_or_default().to_owned();
        if let Some(members) = told.as_object_mut() {
            members.remove("type");
        }
        StepShown { seq: recorded.seq, recorded_at: show_time(recorded.recorded_at), kind, body: told }
    };
    events.iter().map(shown).collect()
}

/// Show a draft
///
/// What is proposed as it stands, who proposed it and why, the difference of each correction field by field, its request for
/// approval, votes, and what became of it.
#[utoipa::path(get, path = "/v1/orgs/{org}/drafts/{seq}", tag = "Drafts",
    params(("seq" = u64, Path, description = "The draft."), PointParams),
    responses((status = 200, description = "The draft.", body = DraftShown)))]
async fn show_draft(name: Named, read: Read<NoParams>) -> Result<Response, Problem> {
    only_now(&read)?;
    let (draft, access) = (name.seq()?, &read.access);
    let events = trail::of_draft(&access.org(), draft).await?;
    let Some(Event::Drafted(drafted)) = events.first().map(|recorded| &recorded.event) else {
        return Err(Problem::not_found(format!("no draft was proposed at seq {draft}")));
    };
    let approval = needed(access, draft).await?;
    let book = access.app.reading.books.latest(&access.org()).await?;
    Ok(answer(book.seq(), &draft_shown(&book, (draft, drafted), &events, approval)))
}

fn draft_shown(book: &Book, (draft, drafted): (Seq, &Drafted), events: &[Recorded], approval: Option<ApprovalAsked>) -> DraftShown {
    let mut shown = DraftShown {
        seq: draft,
        status: "pending".to_owned(),
        subject: drafted.content.subject().as_str().to_owned(),
        hash: hex(&drafted.hash),
        content: proposal_json(&drafted.content),
        proposed: None,
        functional_amount: functional(book, drafted.amount),
        source: source_shown(book, &drafted.source),
        prepared_by: vec![drafted.by.to_string()],
        kind: drafted.kind.to_string(),
        confidence: drafted.confidence.map(|sure| sure.normalize().to_string()),
        rationale: drafted.rationale.to_string(),
        drafted_at: show_time(drafted.at),
        corrections: Vec::new(),
        approval,
        votes: Vec::new(),
        posted: None,
        ended: None,
        history: history(book, events),
    };
    for recorded in events {
        match &recorded.event {
            Event::DraftCorrected(correction) => {
                shown.hash = hex(&correction.hash);
                shown.proposed.get_or_insert(std::mem::replace(&mut shown.content, proposal_json(&correction.content)));
                shown.functional_amount = functional(book, correction.amount);
                if !shown.prepared_by.iter().any(|by| *by == *correction.by) {
                    shown.prepared_by.push(correction.by.to_string());
                }
                shown.corrections.push(correction_shown(recorded, correction));
            }
            Event::ApprovalVoted(voted) => shown.votes.push(vote_shown(recorded.seq, voted)),
            Event::DraftPosted(posted) => {
                shown.status = "posted".to_owned();
                shown.posted = Some(PostedShown::from(&**posted));
            }
            Event::DraftRejected { by, reason, .. } | Event::DraftWithdrawn { by, reason, .. } => {
                let rejected = matches!(recorded.event, Event::DraftRejected { .. });
                shown.status = if rejected { "rejected" } else { "withdrawn" }.to_owned();
                let at = show_time(recorded.recorded_at);
                shown.ended = Some(EndShown { at, by: Some(by.to_string()), reason: Some(reason.to_string()) });
            }
            _ => {}
        }
    }
    shown
}

/// Show a request for approval
///
/// Who may vote, who did and why, when it is overdue, and how it ended. What is to be approved is at `/drafts/{seq}`.
#[utoipa::path(get, path = "/v1/orgs/{org}/approvals/{seq}", tag = "Approvals",
    params(("seq" = u64, Path, description = "The request."), PointParams),
    responses((status = 200, description = "The request.", body = ApprovalShown)))]
async fn show_approval(name: Named, read: Read<NoParams>) -> Result<Response, Problem> {
    only_now(&read)?;
    let (request, access) = (name.seq()?, &read.access);
    let shown = request_shown(access, request).await?;
    Ok(answer(shown.1, &shown.0))
}

async fn request_shown(access: &Access, request: Seq) -> Result<(ApprovalShown, Seq), Problem> {
    let events = trail::of_request(&access.org(), request).await?;
    let Some(Event::ApprovalRequested(requested)) = events.first().map(|recorded| &recorded.event) else {
        return Err(Problem::not_found(format!("no approval was requested at seq {request}")));
    };
    let book = access.app.reading.books.latest(&access.org()).await?;
    let mut status = "pending";
    let mut votes = Vec::new();
    for recorded in &events {
        match &recorded.event {
            Event::ApprovalVoted(voted) => votes.push(vote_shown(recorded.seq, voted)),
            Event::ApprovalCompleted { approved, .. } => status = if *approved { "approved" } else { "rejected" },
            Event::ApprovalExpired { .. } => status = "expired",
            Event::ApprovalInvalidated { .. } => status = "invalidated",
            Event::ApprovalOverridden { .. } => status = "overridden",
            _ => {}
        }
    }
    let kept = book.approval_request(request).filter(|kept| !kept.approved);
    let shown = ApprovalShown {
        seq: request,
        draft: requested.draft,
        status: status.to_owned(),
        subject: requested.facts.subject.as_str().to_owned(),
        hash: hex(&requested.hash),
        policy: requested.policy.as_ref().map(|(code, _)| code.to_string()),
        policy_version: requested.policy.as_ref().map(|(_, version)| *version),
        functional_amount: functional(&book, requested.facts.amount),
        requested_by: requested.by.to_string(),
        requested_at: show_time(requested.at),
        self_approval: requested.self_approval,
        allow_override: requested.allow_override,
        step: kept.and_then(|kept| u32::try_from(kept.step + 1).ok()),
        steps: steps_shown(requested, kept),
        votes,
        history: history(&book, &events),
    };
    Ok((shown, book.seq()))
}

fn steps_shown(requested: &Requested, kept: Option<&ledger_core::book::KeptRequest>) -> Vec<RequestStepShown> {
    let shown = |(no, step): (usize, &ledger_core::approvals::RequestedStep)| {
        let standing = kept.and_then(|kept| kept.steps.get(no));
        let waiting = standing.map(|standing| {
            let open = standing.seats.iter().filter(|seat| seat.vote.is_none());
            open.filter_map(|seat| seat.holder()).map(ToString::to_string).collect()
        });
        RequestStepShown {
            step: step_json(&step.step),
            eligible: strings(&step.eligible),
            needed: step.needed,
            waiting_for: waiting.unwrap_or_default(),
            due_at: standing.and_then(|standing| standing.due).map(show_time),
        }
    };
    requested.steps.iter().enumerate().map(shown).collect()
}
