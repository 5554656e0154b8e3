//! Setting approval policies.

use ledger_core::command::ApprovalCommand;
use ledger_core::{Command, Text};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::booked::{Booked, at_fault};
use super::place::Place;
use crate::http::extract::WriteParams;
use crate::http::state::App;
use crate::http::wire::policies::NewPolicy;
use crate::http::{Accepted, Problem, Write};

/// The routes.
pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(set_policy))
}

/// Set an approval policy
///
/// The first of an organization is set freely. Every further one and every change is refused with 409 `APPROVAL_NEEDED`: draft
/// it at `/drafts` as `policy`, and have it approved.
#[utoipa::path(put, path = "/v1/orgs/{org}/approval-policies/{code}", tag = "Approvals",
    params(("code" = String, Path, description = "The policy's code, percent-encoded."), WriteParams), request_body = NewPolicy, responses(Booked))]
async fn set_policy(Place(code): Place<Text>, write: Write<NewPolicy>) -> Result<Accepted, Problem> {
    let (write, body) = write.split();
    let terms = body.terms(Some(code)).map_err(at_fault)?;
    write.submit(Command::Approval(Box::new(ApprovalCommand::SetPolicy(Box::new(terms))))).await
}
