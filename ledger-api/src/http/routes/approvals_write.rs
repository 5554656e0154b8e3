//! Votes on requests for approval, handing them on, and approving past a policy's steps.

use axum::Json;
use axum::response::{IntoResponse, Response};
use ledger_core::command::{ApprovalCommand, CastVote, DraftCommand};
use ledger_core::{Command, Context, Event, Seq, Text};
use ledger_projections::reports::Point;
use serde::Serialize;
use utoipa::{IntoResponses, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::booked::{Booked, at_fault, missing, with_body};
use super::drafts_write::PostedShown;
use super::place::Place;
use crate::cli::recording::followed;
use crate::http::extract::{Preview, Receipt, WriteParams};
use crate::http::identity::{Action, Resource};
use crate::http::problem::ProblemBody;
use crate::http::review::asking::now;
use crate::http::review::eligible::Electorate;
use crate::http::state::App;
use crate::http::wire::approvals::{NewDelegation, NewOverride, NewVote, hash_of};
use crate::http::{Accepted, Problem, Write};

/// The routes.
pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(cast_vote)).routes(routes!(delegate_vote)).routes(routes!(override_approval))
}

/// A receipt, and what the vote led to.
#[derive(Debug, Serialize, ToSchema)]
pub struct VoteReceipt {
    /// The receipt.
    #[serde(flatten)]
    pub receipt: Receipt,
    /// The request.
    #[schema(example = 43)]
    pub request: u64,
    /// Where it stands after this vote: `pending`, `approved` or `rejected`.
    #[schema(example = "approved")]
    pub status: String,
    /// What the draft became, where it was posted with this vote. Null where it waits.
    pub posted: Option<PostedShown>,
    /// Why it was not, where that was asked for and this vote approved it: what the books had against it right after the vote.
    /// The draft waits, approved; `POST /drafts/{seq}/post` tries again.
    pub not_posted: Option<ProblemBody>,
}

/// The answers to a vote.
#[derive(IntoResponses)]
#[expect(dead_code, clippy::large_enum_variant, reason = "it describes answers, and is never made")]
enum Voted {
    /// It counts, and is durable.
    #[response(status = 201)]
    Done(VoteReceipt),
    /// With `dry_run=true`: what would follow.
    #[response(status = 200)]
    WouldBe(Preview),
}

/// Vote
///
/// On the hash of what was looked at: where the draft is another by now, the vote is refused with 409 `APPROVAL_CHANGED`. Only
/// people vote, and neither who prepared the draft nor the person that an agent acted for, unless the policy says so.
#[utoipa::path(post, path = "/v1/orgs/{org}/approvals/{seq}/vote", tag = "Approvals",
    params(("seq" = u64, Path, description = "The request."), WriteParams), request_body = NewVote, responses(Voted))]
async fn cast_vote(Place(request): Place<Seq>, write: Write<NewVote>) -> Result<Response, Problem> {
    let (write, body) = write.split();
    let then_post = body.then_post;
    if then_post && !write.access.may(Resource::Drafts, Action::Approve) {
        return Err(Problem::forbidden("then_post needs the permission drafts:approve, which the caller does not have"));
    }
    let vote = CastVote {
        request,
        hash: hash_of(&body.hash, "/hash").map_err(at_fault)?,
        vote: body.vote.into(),
        comment: body.comment.0,
        aal: write.access.principal.aal,
        at: now(),
        then_post: body.then_post,
    };
    let voted = write.submit(Command::Approval(Box::new(ApprovalCommand::Vote(vote)))).await;
    let accepted = voted.map_err(missing("APPROVAL_UNKNOWN"))?;
    let Accepted::Durable(durable) = &accepted else { return Ok(accepted.into_response()) };
    let (mut status, mut posted) = ("pending", None);
    for (_, event) in followed(&write.access.org(), durable).await? {
        match event {
            Event::ApprovalCompleted { approved, .. } => status = if approved { "approved" } else { "rejected" },
            Event::DraftPosted(of) => posted = Some(PostedShown::from(&*of)),
            _ => {}
        }
    }
    let not_posted = match posted {
        None if then_post && status == "approved" => against(&write, request, durable.last_seq()).await?,
        _ => None,
    };
    let body = VoteReceipt { receipt: Receipt::from(durable), request, status: status.to_owned(), posted, not_posted };
    Ok(with_body(accepted, Json(body)))
}

/// What the books had against posting the draft of an approved request when this event was the last. History alone says it, so
/// a vote that is sent again is answered as it was, whatever happened since.
async fn against(write: &Write<()>, request: Seq, at: Seq) -> Result<Option<ProblemBody>, Problem> {
    let (access, actor) = (&write.access, write.access.actor());
    let book = access.app.reading.books.at(&access.org(), Point::AtSeq(at)).await?;
    let Some(draft) = book.approval_request(request).map(|kept| kept.requested.draft) else { return Ok(None) };
    let context = Context { soft_closed: write.into_soft_closed(), ..Context::new(&actor) };
    let decided = book.decide(&Command::Draft(Box::new(DraftCommand::Post { draft })), &context);
    Ok(decided.err().map(|rejection| Problem::from(rejection).body()))
}

/// Hand the own vote on
///
/// To a member who may approve, has no vote in this step and did not prepare the draft.
#[utoipa::path(post, path = "/v1/orgs/{org}/approvals/{seq}/delegate", tag = "Approvals",
    params(("seq" = u64, Path, description = "The request."), WriteParams), request_body = NewDelegation, responses(Booked))]
async fn delegate_vote(Place(request): Place<Seq>, write: Write<NewDelegation>) -> Result<Accepted, Problem> {
    let (write, body) = write.split();
    let access = &write.access;
    if !Electorate::of(&access.app, access.organization.org).await?.has(body.to) {
        return Err(Problem::refused("VOTER_UNKNOWN", "/to", "no member who may approve has this id").hint("list them at /members"));
    }
    let to = Text::from(body.to.to_string());
    let command = ApprovalCommand::Delegate { request, to, at: now() };
    write.submit(Command::Approval(Box::new(command))).await.map_err(missing("APPROVAL_UNKNOWN"))
}

/// Approve past the policy's steps
///
/// Where the policy allows that, with a reason that stays in history. The draft is posted by a request of its own.
#[utoipa::path(post, path = "/v1/orgs/{org}/approvals/{seq}/override", tag = "Approvals",
    params(("seq" = u64, Path, description = "The request."), WriteParams), request_body = NewOverride, responses(Booked))]
async fn override_approval(Place(request): Place<Seq>, write: Write<NewOverride>) -> Result<Accepted, Problem> {
    let (write, body) = write.split();
    let hash = hash_of(&body.hash, "/hash").map_err(at_fault)?;
    let command = ApprovalCommand::Override { request, hash, reason: body.reason.0, at: now() };
    write.submit(Command::Approval(Box::new(command))).await.map_err(missing("APPROVAL_UNKNOWN"))
}
