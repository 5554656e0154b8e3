//! How writes of the book answer, as the document has it.

use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::{IntoResponses, ToSchema};

use crate::http::extract::{Preview, Receipt};
use crate::http::wire::Fault;
use crate::http::{Accepted, Problem};

/// A receipt, or what would follow.
#[derive(Serialize, ToSchema)]
#[serde(untagged)]
pub enum ReceiptOrPreview {
    /// Everything stood as asked already.
    Receipt(Receipt),
    /// With `dry_run=true`.
    Preview(Preview),
}

/// The answers to a write of the book.
#[derive(IntoResponses)]
pub enum Booked {
    /// Done, and durable.
    #[response(status = 201)]
    Done(Receipt),
    /// Everything stood as asked already (a receipt without events), or with `dry_run=true` what would follow.
    #[response(status = 200)]
    Unchanged(ReceiptOrPreview),
}

/// The answer to a write, with a body that says more than the receipt.
pub(super) fn with_body(accepted: Accepted, body: impl IntoResponse) -> Response {
    let (mut parts, _) = accepted.into_response().into_parts();
    parts.headers.remove(axum::http::header::CONTENT_LENGTH);
    Response::from_parts(parts, body.into_response().into_body())
}

/// A fault in a body that could be read.
pub(in crate::http) fn at_fault(fault: Fault) -> Problem {
    Problem::malformed("MALFORMED_BODY", fault.detail).at(fault.pointer).hint("see the operation's schema at /openapi.json")
}

/// 404 for what the path names and the books do not have.
pub(super) fn missing(code: &'static str) -> impl Fn(Problem) -> Problem {
    move |problem| match problem.code == code {
        true => Problem { status: axum::http::StatusCode::NOT_FOUND, pointer: None, ..problem },
        false => problem,
    }
}

/// The field of an entry that a refusal of it is about, where the code says that beyond doubt.
pub(in crate::http) fn in_entry(problem: Problem) -> Problem {
    let field = match problem.code {
        "ACCOUNT_UNKNOWN" | "ACCOUNT_SUMMARY" | "ACCOUNT_LOCKED" | "ACCOUNT_CLOSED" => "/account",
        "PARTY_UNKNOWN" | "CONTROL_NEEDS_PARTY" => "/party",
        "CONTROL_NEEDS_DOCUMENT" => "/document",
        "TAX_CODE_UNKNOWN" => "/tax_code",
        "PERIOD_CLOSED" => "/effective_date",
        "TOO_FEW_LINES" => "/lines",
        "EXTERNAL_ID_TAKEN" => "/external_id",
        _ => return problem,
    };
    let of_line = matches!(field, "/account" | "/party" | "/document" | "/tax_code");
    let place = problem.pointer.clone().unwrap_or_default();
    if of_line != place.contains("/lines/") { problem } else { problem.at(format!("{place}{field}")) }
}
