//! Drafts: proposing, correcting, turning down, taking back, posting. Votes are in `approvals_write`.

use axum::Json;
use axum::http::HeaderValue;
use axum::response::{IntoResponse, Response};
use ledger_core::approvals::{Posted, Proposal, Subject};
use ledger_core::command::{DraftCommand, DraftOrigin, ProposeDraft};
use ledger_core::{Actor, Command, Event, Seq, Text};
use ledger_store::writer::Receipt as Durable;
use serde::Serialize;
use utoipa::{IntoResponses, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::booked::{Booked, at_fault, in_entry, missing, with_body};
use super::place::Place;
use crate::cli::recording::followed;
use crate::http::extract::{Nothing, Preview, Receipt, WriteParams};
use crate::http::identity::{Action, Resource};
use crate::http::reading::events::hex;
use crate::http::review::asking::{ApprovalAsked, ask, needed, now};
use crate::http::review::speaker::Speaker;
use crate::http::review::trail;
use crate::http::state::App;
use crate::http::wire::approvals::hash_of;
use crate::http::wire::drafts::{DraftReason, DraftRemark, NewDraft, NewDraftCorrection};
use crate::http::{Accepted, Access, Problem, Write};

/// The routes.
pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(propose_draft))
        .routes(routes!(correct_draft))
        .routes(routes!(request_approval))
        .routes(routes!(reject_draft))
        .routes(routes!(withdraw_draft))
        .routes(routes!(post_draft))
}

/// A draft as it stands after a write.
#[derive(Debug, Serialize, ToSchema)]
pub struct DraftReceipt {
    /// The draft: its id.
    #[schema(example = 42)]
    pub seq: u64,
    /// Hash of what is proposed: votes name it.
    pub hash: String,
    /// `pending`, `posted`, `rejected` or `withdrawn`.
    #[schema(example = "pending")]
    pub status: String,
    /// What is proposed: `entry`, `bill`, `payment`, `payout`, `reopening` or `policy`.
    #[schema(example = "entry")]
    pub subject: String,
    /// Whose approval it needs before it can be posted; null where none is needed any more.
    pub approval: Option<ApprovalAsked>,
    /// What it became, where it is posted.
    pub posted: Option<PostedShown>,
    /// What the write itself was answered with.
    pub receipt: Receipt,
}

/// What a draft became.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct PostedShown {
    /// The event: of an entry, its id.
    #[schema(example = 57)]
    pub event: u64,
    /// `direct` (nobody asked for approval), `approved`, `overridden`, or `auto` (within its agent's autonomy).
    #[schema(example = "approved")]
    pub route: String,
    /// The request by which it was approved.
    pub request: Option<u64>,
    /// Whether somebody approved it who neither prepared it nor was acted for.
    pub four_eyes: bool,
    /// Who approved it.
    pub approvers: Vec<String>,
}

impl From<&Posted> for PostedShown {
    fn from(posted: &Posted) -> Self {
        Self {
            event: posted.event,
            route: posted.route.as_str().to_owned(),
            request: posted.request,
            four_eyes: posted.four_eyes,
            approvers: posted.approvers.iter().map(ToString::to_string).collect(),
        }
    }
}

/// A draft, or what would follow.
#[derive(Serialize, ToSchema)]
#[serde(untagged)]
pub enum DraftOrPreview {
    /// Everything stood as asked already.
    Draft(Box<DraftReceipt>),
    /// With `dry_run=true`.
    Preview(Preview),
}

/// The answers to a write of a draft.
#[derive(IntoResponses)]
#[expect(dead_code, clippy::large_enum_variant, reason = "it describes answers, and is never made")]
enum Drafted {
    /// Done, and durable.
    #[response(status = 201)]
    Done(DraftReceipt),
    /// Everything stood as asked already, or with `dry_run=true` what would follow.
    #[response(status = 200)]
    Unchanged(DraftOrPreview),
}

/// A receipt, and what the draft became.
#[derive(Debug, Serialize, ToSchema)]
pub struct PostReceipt {
    /// The receipt.
    #[serde(flatten)]
    pub receipt: Receipt,
    /// The draft.
    #[schema(example = 42)]
    pub draft: u64,
    /// What it became.
    pub posted: PostedShown,
}

/// The answers to posting a draft.
#[derive(IntoResponses)]
#[expect(dead_code, reason = "it describes answers")]
enum CarriedOut {
    /// Carried out, and durable.
    #[response(status = 201)]
    Done(PostReceipt),
    /// With `dry_run=true`: what would follow.
    #[response(status = 200)]
    WouldBe(Preview),
}

/// Propose something
///
/// It moves nothing. Where a policy covers it, or an agent proposes it, approval is requested in the same call; `approval`
/// says of whom, or what stands in the way. An agent's draft is posted by people, unless its autonomy says otherwise.
#[utoipa::path(post, path = "/v1/orgs/{org}/drafts", tag = "Drafts", params(WriteParams), request_body = NewDraft, responses(Drafted))]
async fn propose_draft(write: Write<NewDraft>) -> Result<Response, Problem> {
    let (write, mut body) = write.split();
    let functional = Text::from(write.access.organization.functional_currency.as_str());
    let (field, content) = body.take().proposal(&functional).map_err(at_fault)?;
    may_propose(&write.access, &content)?;
    let speaker = Speaker::of(&write.access, body.agent.as_ref().map(|agent| &agent.code.0))?;
    let (origin, rationale) = origin(&write.access, &speaker, &mut body).await?;
    let confidence = body.confidence.map(|sure| sure.0);
    let propose = ProposeDraft { content, origin, kind: body.kind.0, confidence, rationale, at: now() };
    let command = Command::Draft(Box::new(DraftCommand::Propose(propose)));
    let accepted = write.submit_as(command, speaker.actor.clone()).await.map_err(within(field))?;
    answer(&write, accepted, None, &speaker.actor).await
}

/// Policies are changed by whoever may set them.
fn may_propose(access: &Access, content: &Proposal) -> Result<(), Problem> {
    match content.subject() {
        Subject::Policy if !access.may(Resource::ApprovalPolicies, Action::Update) => {
            Err(Problem::forbidden("this needs the permission approval-policies:update, which the caller does not have"))
        }
        _ => Ok(()),
    }
}

/// Where a draft comes from, and why it is proposed.
async fn origin(access: &Access, speaker: &Speaker, body: &mut NewDraft) -> Result<(DraftOrigin, Text), Problem> {
    let evidence: Vec<Text> = std::mem::take(&mut body.evidence).into_iter().map(|reference| reference.0).collect();
    let rationale = std::mem::take(&mut body.rationale).0;
    let Some(agent) = speaker.agent.clone() else {
        let told =
            if evidence.is_empty() { rationale } else { Text::from(format!("{rationale}\n\nEvidence: {}", evidence.join(", ")).trim()) };
        let origin = match speaker.actor.kind {
            ledger_core::actor::ActorKind::User => DraftOrigin::Person,
            _ => DraftOrigin::Import { channel: "api".into() },
        };
        return Ok((origin, told));
    };
    // Others could name any agent: one that may post alone is believed to be itself by credentials of its own only.
    if access.principal.agent().is_none() && posts_alone(access, &agent).await? {
        let said = format!("agent {:?} may post alone, so it drafts with a key or token of its own", agent.as_str());
        return Err(Problem::forbidden(said)
            .hint("send a key that was made for the agent, or a token with `act`; or take auto_post from the agent"));
    }
    let named = body.agent.take();
    let (model, asked) = named.map_or((None, None), |agent| (agent.model, agent.prompt_hash));
    let model = match model {
        Some(model) => model.0,
        None => super::agents_write::usual(access, &agent).await?.0,
    };
    let prompt_hash = asked.map(|hash| hash_of(&hash, "/agent/prompt_hash")).transpose().map_err(at_fault)?.unwrap_or_default();
    Ok((DraftOrigin::Ai { agent, model, prompt_hash, evidence, acted_for: speaker.acted_for.clone() }, rationale))
}

/// Whether drafts of an agent may post themselves.
async fn posts_alone(access: &Access, agent: &str) -> Result<bool, Problem> {
    let book = access.app.reading.books.latest(&access.org()).await?;
    Ok(book.agent_by_code(agent).is_some_and(|kept| kept.agent.autonomy.auto_post))
}

/// A refusal of what is proposed is about a field of the body.
fn within(field: &'static str) -> impl Fn(Problem) -> Problem {
    move |problem| {
        let problem = if field == "entry" { in_entry(problem) } else { problem };
        let pointer = problem.pointer.as_ref().filter(|pointer| pointer.as_str() != "/agent").map(|pointer| format!("/{field}{pointer}"));
        Problem { pointer: pointer.or(problem.pointer.clone()), ..problem }
    }
}

/// Answers with the draft as it stands, after approval was requested where it is needed.
async fn answer(write: &Write<()>, accepted: Accepted, draft: Option<Seq>, actor: &Actor) -> Result<Response, Problem> {
    let Accepted::Durable(durable) = &accepted else { return Ok(accepted.into_response()) };
    let access = &write.access;
    let draft = match draft {
        Some(draft) => draft,
        None => {
            let events = followed(&access.org(), durable).await?;
            let found = events.into_iter().find_map(|(seq, event)| matches!(event, Event::Drafted(_)).then_some(seq));
            found.ok_or_else(|| Problem::internal(&"no draft followed"))?
        }
    };
    let approval = ask(access, draft, actor).await?;
    let body = standing(access, draft, approval, Receipt::from(durable)).await?;
    // What a read has to contain to show it.
    let last = body.approval.as_ref().and_then(|asked| asked.request).unwrap_or_default().max(body.receipt.seq);
    let mut response = with_body(accepted, Json(body));
    response.headers_mut().insert("ledger-seq", HeaderValue::from(last));
    Ok(response)
}

async fn standing(access: &Access, draft: Seq, approval: Option<ApprovalAsked>, receipt: Receipt) -> Result<DraftReceipt, Problem> {
    let waiting = {
        let book = access.app.reading.books.latest(&access.org()).await?;
        book.draft(draft).map(|kept| (hex(&kept.hash), kept.content.subject()))
    };
    if let Some((hash, subject)) = waiting {
        let (status, subject) = ("pending".to_owned(), subject.as_str().to_owned());
        return Ok(DraftReceipt { seq: draft, hash, status, subject, approval, posted: None, receipt });
    }
    let events = trail::of_draft(&access.org(), draft).await?;
    let (mut hash, mut subject, mut status, mut posted) = (String::new(), "", "pending", None);
    for recorded in &events {
        match &recorded.event {
            Event::Drafted(drafted) => (hash, subject) = (hex(&drafted.hash), drafted.content.subject().as_str()),
            Event::DraftCorrected(correction) => hash = hex(&correction.hash),
            Event::DraftRejected { .. } => status = "rejected",
            Event::DraftWithdrawn { .. } => status = "withdrawn",
            Event::DraftPosted(of) => (status, posted) = ("posted", Some(PostedShown::from(&**of))),
            _ => {}
        }
    }
    Ok(DraftReceipt { seq: draft, hash, status: status.to_owned(), subject: subject.to_owned(), approval: None, posted, receipt })
}

/// Correct a draft
///
/// What is proposed instead is given whole. Votes on what it was count no more, who corrected it does not approve it, and
/// approval is requested anew where it is needed. What changed is shown field by field at `/drafts/{seq}`.
#[utoipa::path(post, path = "/v1/orgs/{org}/drafts/{seq}/correct", tag = "Drafts",
    params(("seq" = u64, Path, description = "The draft."), WriteParams), request_body = NewDraftCorrection, responses(Drafted))]
async fn correct_draft(Place(draft): Place<Seq>, write: Write<NewDraftCorrection>) -> Result<Response, Problem> {
    let (write, body) = write.split();
    let functional = Text::from(write.access.organization.functional_currency.as_str());
    let (reason, parts) = body.split();
    let (field, content) = parts.proposal(&functional).map_err(at_fault)?;
    may_propose(&write.access, &content)?;
    let command = Command::Draft(Box::new(DraftCommand::Correct { draft, content, reason }));
    let accepted = write.submit(command).await.map_err(missing("DRAFT_UNKNOWN")).map_err(within(field))?;
    answer(&write, accepted, Some(draft), &write.access.actor()).await
}

/// Request approval of a draft
///
/// For drafts whose request expired, or could not be made. Where one waits already, nothing follows.
#[utoipa::path(post, path = "/v1/orgs/{org}/drafts/{seq}/request", tag = "Drafts",
    params(("seq" = u64, Path, description = "The draft.")), request_body = Nothing,
    responses((status = 200, description = "Whose approval it needs, and the request that waits; null where none is needed.", body = Option<ApprovalAsked>)))]
async fn request_approval(Place(draft): Place<Seq>, write: Write<Nothing>) -> Result<Json<Option<ApprovalAsked>>, Problem> {
    let access = &write.access;
    if access.app.reading.books.latest(&access.org()).await?.draft(draft).is_none() {
        return Err(no_draft(draft));
    }
    let asked = if write.is_dry_run() { needed(access, draft).await? } else { ask(access, draft, &access.actor()).await? };
    Ok(Json(asked))
}

fn no_draft(draft: Seq) -> Problem {
    missing("DRAFT_UNKNOWN")(ledger_core::Rejection::DraftUnknown { seq: draft }.into())
}

/// Turn a draft down for good
#[utoipa::path(post, path = "/v1/orgs/{org}/drafts/{seq}/reject", tag = "Drafts",
    params(("seq" = u64, Path, description = "The draft."), WriteParams), request_body = DraftReason, responses(Booked))]
async fn reject_draft(Place(draft): Place<Seq>, write: Write<DraftReason>) -> Result<Accepted, Problem> {
    let (write, body) = write.split();
    let command = Command::Draft(Box::new(DraftCommand::Reject { draft, reason: body.reason.0 }));
    write.submit(command).await.map_err(missing("DRAFT_UNKNOWN"))
}

/// Take a draft back
///
/// By whoever prepared it, and by whoever may turn it down.
#[utoipa::path(post, path = "/v1/orgs/{org}/drafts/{seq}/withdraw", tag = "Drafts",
    params(("seq" = u64, Path, description = "The draft."), WriteParams), request_body = DraftRemark, responses(Booked))]
async fn withdraw_draft(Place(draft): Place<Seq>, write: Write<DraftRemark>) -> Result<Accepted, Problem> {
    let (write, body) = write.split();
    let access = &write.access;
    if !access.may(Resource::Drafts, Action::Approve) {
        let book = access.app.reading.books.latest(&access.org()).await?;
        let own = book.draft(draft).is_none_or(|kept| kept.involves(&access.actor().identity));
        if !own {
            return Err(Problem::forbidden("somebody else prepared this draft").hint("ask who prepared it, or somebody who may reject it"));
        }
    }
    let command = Command::Draft(Box::new(DraftCommand::Withdraw { draft, reason: body.reason.0 }));
    write.submit(command).await.map_err(missing("DRAFT_UNKNOWN"))
}

/// Post a draft
///
/// It is decided again as if it were given now. Refused with 409 `APPROVAL_NEEDED` where a policy asks for approval that it
/// does not have, and always where an agent proposed it and nobody approved. Without approval, the caller needs the permission
/// for what is posted.
#[utoipa::path(post, path = "/v1/orgs/{org}/drafts/{seq}/post", tag = "Drafts",
    params(("seq" = u64, Path, description = "The draft."), WriteParams), request_body = Nothing, responses(CarriedOut))]
async fn post_draft(Place(draft): Place<Seq>, write: Write<Nothing>) -> Result<Response, Problem> {
    let (write, _) = write.split();
    may_post(&write.access, draft).await?;
    let command = Command::Draft(Box::new(DraftCommand::Post { draft }));
    let accepted = write.submit(command).await.map_err(missing("DRAFT_UNKNOWN"))?;
    let Accepted::Durable(durable) = &accepted else { return Ok(accepted.into_response()) };
    let posted = posted_by(&write.access, durable).await?.ok_or_else(|| Problem::internal(&"nothing was posted"))?;
    let body = PostReceipt { receipt: Receipt::from(durable), draft, posted };
    Ok(with_body(accepted, Json(body)))
}

/// What a write posted of a draft.
pub(super) async fn posted_by(access: &Access, durable: &Durable) -> Result<Option<PostedShown>, Problem> {
    let events = followed(&access.org(), durable).await?;
    Ok(events.iter().find_map(|(_, event)| match event {
        Event::DraftPosted(posted) => Some(PostedShown::from(&**posted)),
        _ => None,
    }))
}

/// What nobody approved is posted by whoever may give the command itself.
async fn may_post(access: &Access, draft: Seq) -> Result<(), Problem> {
    let book = access.app.reading.books.latest(&access.org()).await?;
    let Some(kept) = book.draft(draft) else { return Ok(()) };
    if kept.request.and_then(|at| book.approval_request(at)).is_some_and(|request| request.approved) {
        return Ok(());
    }
    let (resource, action) = match kept.content.subject() {
        Subject::Entry => (Resource::Entries, Action::Create),
        Subject::Bill => (Resource::Documents, Action::Create),
        Subject::Payout => (Resource::Commissions, Action::Approve),
        Subject::Payment => (Resource::Payments, Action::Create),
        Subject::Reopening => (Resource::Periods, Action::Approve),
        Subject::Policy => (Resource::ApprovalPolicies, Action::Update),
    };
    if access.may(resource, action) {
        return Ok(());
    }
    Err(Problem::forbidden(format!("nobody approved the draft, and the caller does not have the permission {resource}:{action}"))
        .hint("have it approved, or let somebody post it who may"))
}
