//! Whose approval a draft needs, and asking for it.

use ledger_core::approvals::Step;
use ledger_core::book::NeededApproval;
use ledger_core::command::{ApprovalCommand, RequestApproval};
use ledger_core::{Actor, Command, Context, Rejection, Seq, Timestamp};
use ledger_store::OrgId;
use ledger_store::writer::{Request as Submission, SubmitError};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::eligible::Electorate;
use crate::cli::events::governed::step_json;
use crate::http::problem::ProblemBody;
use crate::http::state::App;
use crate::http::{Access, Problem};

/// Whose approval a draft needs.
#[derive(Debug, Serialize, ToSchema)]
pub struct ApprovalAsked {
    /// Code of the policy that asks for it; null where the ledger itself does.
    pub policy: Option<String>,
    /// The policy's version.
    pub policy_version: Option<u32>,
    /// Its steps, one after the other: how votes count, and who may vote in the policy's words.
    #[schema(value_type = Vec<Object>)]
    pub steps: Vec<Value>,
    /// Whether who prepared it may approve it.
    pub self_approval: bool,
    /// The request that waits for votes, or approved it: vote at `/approvals/{seq}/vote`.
    pub request: Option<u64>,
    /// Whether that is approved already.
    pub approved: bool,
    /// Why approval could not be requested, where that is so.
    pub problem: Option<ProblemBody>,
}

/// The present moment.
#[must_use]
pub fn now() -> Timestamp {
    Timestamp(chrono::Utc::now().timestamp_micros())
}

/// Whose approval a waiting draft needs as things stand; nothing where it waits no more, or needs none.
///
/// # Errors
/// 503 when the database is away.
pub async fn needed(access: &Access, draft: Seq) -> Result<Option<ApprovalAsked>, Problem> {
    let book = access.app.reading.books.latest(&access.org()).await?;
    let Some(kept) = book.draft(draft) else { return Ok(None) };
    let request = kept.request.and_then(|at| book.approval_request(at).map(|request| (at, request.approved)));
    let actor = access.actor();
    let found = match book.approval_needed(draft, &Context::new(&actor)) {
        Ok(found) => found,
        // It could not be carried out now: the books say why when somebody tries.
        Err(rejection) => {
            let problem = Some(Problem::from(rejection).body());
            return Ok(Some(ApprovalAsked {
                policy: None,
                policy_version: None,
                steps: Vec::new(),
                self_approval: false,
                request: request.map(|(at, _)| at),
                approved: request.is_some_and(|(_, approved)| approved),
                problem,
            }));
        }
    };
    Ok(found.map(|needed| shown(&needed, request)))
}

fn shown(needed: &NeededApproval, request: Option<(Seq, bool)>) -> ApprovalAsked {
    ApprovalAsked {
        policy: needed.policy.as_ref().map(|(code, _)| code.to_string()),
        policy_version: needed.policy.as_ref().map(|(_, version)| *version),
        steps: needed.steps.iter().map(step_json).collect(),
        self_approval: needed.self_approval,
        request: request.map(|(at, _)| at),
        approved: request.is_some_and(|(_, approved)| approved),
        problem: None,
    }
}

/// Requests approval of a draft that needs one and waits for none yet. What stands in the way is part of the answer: the draft
/// is there all the same.
///
/// # Errors
/// 503 when the database is away.
pub async fn ask(access: &Access, draft: Seq, actor: &Actor) -> Result<Option<ApprovalAsked>, Problem> {
    let asked = needed(access, draft).await?;
    match &asked {
        Some(needed) if needed.request.is_none() && needed.problem.is_none() => {}
        _ => return Ok(asked),
    }
    let refused = match request(access, draft, actor).await {
        Ok(()) => None,
        // Somebody else was quicker.
        Err(problem) if problem.code == "APPROVAL_PENDING" || problem.code == "DRAFT_UNKNOWN" => None,
        Err(problem) if problem.status.is_server_error() => return Err(problem),
        Err(problem) => Some(problem.body()),
    };
    let asked = needed(access, draft).await?;
    Ok(asked.map(|asked| ApprovalAsked { problem: asked.problem.or(refused), ..asked }))
}

async fn request(access: &Access, draft: Seq, actor: &Actor) -> Result<(), Problem> {
    let org = access.organization.org;
    let steps: Vec<Step> = {
        let book = access.app.reading.books.latest(&access.org()).await?;
        book.approval_steps(draft, &Context::new(actor))?
    };
    let voters = Electorate::of(&access.app, org).await?;
    let eligible = steps.iter().map(|step| voters.named(&step.eligible)).collect();
    let command = ApprovalCommand::Request(RequestApproval { draft, eligible, at: now() });
    let mut submission = Submission::new(Command::Approval(Box::new(command)), actor.clone());
    submission.correlation = Some(access.correlation);
    access.app.ledger.submit(org, submission).await?;
    Ok(())
}

/// Reports that a request is overdue. Nothing happens where it is not any more.
///
/// # Errors
/// [`SubmitError`] when the database is away, [`Problem`] when members cannot be looked up.
pub(super) async fn report_deadline(
    app: &App,
    org: OrgId,
    request: Seq,
    submission: impl Fn(Command) -> Submission,
) -> Result<(), Problem> {
    use ledger_core::approvals::OnTimeout;
    let words = {
        let book = app.reading.books.latest(&app.store.for_org(org)).await?;
        let Some(kept) = book.approval_request(request).filter(|kept| !kept.approved) else { return Ok(()) };
        match kept.requested.steps.get(kept.step).map(|step| &step.step.on_timeout) {
            Some(OnTimeout::Escalate { to, .. }) => Some(to.clone()),
            _ => None,
        }
    };
    let eligible = match words {
        Some(words) => Electorate::of(app, org).await?.named(&words),
        None => Vec::new(),
    };
    let command = ApprovalCommand::Deadline { request, eligible, at: now() };
    match app.ledger.submit(org, submission(Command::Approval(Box::new(command)))).await {
        Ok(_) | Err(SubmitError::Rejected(Rejection::ApprovalNotDue { .. } | Rejection::ApprovalUnknown { .. })) => Ok(()),
        Err(error) => Err(error.into()),
    }
}
