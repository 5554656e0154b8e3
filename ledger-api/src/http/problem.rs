//! Refusals as RFC 9457 problem documents: what was wrong, where, what to do, and whether asking again can help.
//!
//! The only place where a rejection of the books or a failure of the store becomes a status. What operators need to
//! know besides goes to the log, never into the document.

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use ledger_core::Rejection;
use ledger_projections::ProjectionError;
use ledger_store::StoreError;
use ledger_store::load::LoadError;
use ledger_store::writer::SubmitError;
use serde::Serialize;
use utoipa::ToSchema;

/// The media type of every refusal.
pub const PROBLEM_JSON: &str = "application/problem+json";

/// What became of a write that was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Fate {
    /// Nothing has changed.
    None,
    /// It has happened already.
    Applied,
    /// It may have happened: the same request with the same `Idempotency-Key` finds out.
    Unknown,
}

/// Why there is no answer.
#[derive(Clone, Debug)]
pub struct Problem {
    /// The status.
    pub status: StatusCode,
    /// A code that never changes, for programs.
    pub code: &'static str,
    /// What was wrong, with the values that explain it.
    pub detail: String,
    /// What to do about it.
    pub hint: Option<String>,
    /// JSON pointer (RFC 6901) to the offending part of the body.
    pub pointer: Option<String>,
    /// Which element of a batch, from 0.
    pub index: Option<usize>,
    /// Whether the same request may be accepted later.
    pub retryable: bool,
    /// What became of a write.
    pub outcome: Fate,
    /// Seconds after which to try again.
    pub retry_after: Option<u64>,
    /// The seq of what exists already, where that is what is in the way.
    pub existing: Option<u64>,
}

/// A problem document (RFC 9457).
#[derive(Debug, Serialize, ToSchema)]
pub struct ProblemBody {
    /// A name of the problem that never changes: `urn:ledger:problem:` and the code.
    #[serde(rename = "type")]
    #[schema(example = "urn:ledger:problem:UNBALANCED")]
    pub kind: String,
    /// The status in words.
    #[schema(example = "Unprocessable Entity")]
    pub title: String,
    /// The status.
    #[schema(example = 422)]
    pub status: u16,
    /// A code that never changes, for programs.
    #[schema(example = "UNBALANCED")]
    pub code: String,
    /// What was wrong, for people.
    pub detail: String,
    /// What to do about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub hint: Option<String>,
    /// JSON pointer to the offending part of the body.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = "/lines/1/amount")]
    pub pointer: Option<String>,
    /// Which element of a batch, from 0.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub index: Option<usize>,
    /// The seq of what exists already, where that is in the way.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub existing_seq: Option<u64>,
    /// Whether the same request may be accepted later.
    pub retryable: bool,
    /// What became of a write.
    pub outcome: Fate,
}

impl Problem {
    /// A problem after which nothing has changed and asking again does not help.
    pub fn new(status: StatusCode, code: &'static str, detail: impl Into<String>) -> Self {
        Self {
            status,
            code,
            detail: detail.into(),
            hint: None,
            pointer: None,
            index: None,
            retryable: false,
            outcome: Fate::None,
            retry_after: None,
            existing: None,
        }
    }

    /// 400: the request cannot be understood.
    pub fn malformed(code: &'static str, detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, code, detail)
    }

    /// 422: a part of the body that the books cannot take.
    pub fn refused(code: &'static str, pointer: impl Into<String>, detail: impl Into<String>) -> Self {
        Self { pointer: Some(pointer.into()), ..Self::new(StatusCode::UNPROCESSABLE_ENTITY, code, detail) }
    }

    /// 404: nothing there that the caller may know of.
    pub fn not_found(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, "NOT_FOUND", detail)
    }

    /// 404 for organizations: the same whether it does not exist or is not the caller's.
    #[must_use]
    pub fn no_organization() -> Self {
        Self::new(StatusCode::NOT_FOUND, "ORGANIZATION_NOT_FOUND", "there is no such organization, or it is not yours")
            .hint("correct the organization's short name in the path, or ask one of its administrators for access")
    }

    /// 403: known, and not allowed.
    pub fn forbidden(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, "FORBIDDEN", detail)
    }

    /// 401: who asks is not known.
    pub fn unauthenticated(code: &'static str, detail: impl Into<String>) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, code, detail)
            .hint("send `Authorization: Bearer` with an API key or a token of a configured issuer")
    }

    /// 503: the database is away, or the server is going down.
    pub fn unavailable(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "UNAVAILABLE", detail).retry_in(1).hint("send the same request again")
    }

    /// 500: damage or a mistake of ours. The cause goes to the log.
    pub fn internal(cause: &dyn std::fmt::Display) -> Self {
        tracing::error!(%cause, "a request failed");
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "INTERNAL", "the server failed; its operator finds the cause in the log")
    }

    /// The same with what to do about it.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// The same at a place in the body.
    #[must_use]
    pub fn at(mut self, pointer: impl Into<String>) -> Self {
        self.pointer = Some(pointer.into());
        self
    }

    /// The same for an element of a batch, from 0.
    #[must_use]
    pub fn in_batch(mut self, index: usize) -> Self {
        self.index = Some(index);
        self
    }

    /// The same, worth trying again after some seconds.
    #[must_use]
    pub fn retry_in(mut self, seconds: u64) -> Self {
        self.retryable = true;
        self.retry_after = Some(seconds);
        self
    }

    /// The document.
    #[must_use]
    pub fn body(&self) -> ProblemBody {
        ProblemBody {
            kind: format!("urn:ledger:problem:{}", self.code),
            title: self.status.canonical_reason().unwrap_or("Error").to_owned(),
            status: self.status.as_u16(),
            code: self.code.to_owned(),
            detail: self.detail.clone(),
            hint: self.hint.clone(),
            pointer: self.pointer.clone(),
            index: self.index,
            existing_seq: self.existing,
            retryable: self.retryable,
            outcome: self.outcome,
        }
    }
}

/// The code of a refusal, left in the response for metrics and the audit log.
#[derive(Clone, Copy, Debug)]
pub struct RefusalCode(pub &'static str);

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = (self.status, Json(self.body())).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(PROBLEM_JSON));
        if let Some(seconds) = self.retry_after {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        if self.status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response.extensions_mut().insert(RefusalCode(self.code));
        response
    }
}

/// What stands in the way of these, is there already: 409 instead of 422.
const CONFLICTS: [&str; 21] = [
    "ORGANIZATION_MISSING",
    "ORGANIZATION_EXISTS",
    "COMMODITY_DIFFERS",
    "ACCOUNT_DIFFERS",
    "STATUS_UNCHANGED",
    "ALREADY_REVERSED",
    "PERIOD_UNCHANGED",
    "PARTY_DIFFERS",
    "CONTROL_DIFFERS",
    "CONTROL_HAS_BALANCE",
    "ENTRY_BOUND",
    "ITEM_SETTLED",
    "REVALUED_ALREADY",
    "DOCUMENT_NUMBER_TAKEN",
    "DEFERRAL_RECOGNISED",
    "BOOK_MOVED",
    "EXTERNAL_ID_TAKEN",
    "APPROVAL_NEEDED",
    "APPROVAL_PENDING",
    "APPROVAL_CHANGED",
    "APPROVAL_STALE",
];

/// What somebody else may do: 403 instead of 422.
const NOT_FOR_ALL: [&str; 2] = ["AGENT_MAY_NOT", "APPROVAL_NOT_ELIGIBLE"];

impl From<Rejection> for Problem {
    fn from(rejection: Rejection) -> Self {
        if let Rejection::InBatch { index, rejection } = rejection {
            let problem = Self::from(*rejection).in_batch(index);
            let pointer = format!("/entries/{index}{}", problem.pointer.as_deref().unwrap_or_default());
            return problem.at(pointer);
        }
        let code = rejection.code();
        let status = match code {
            code if CONFLICTS.contains(&code) => StatusCode::CONFLICT,
            code if NOT_FOR_ALL.contains(&code) => StatusCode::FORBIDDEN,
            _ => StatusCode::UNPROCESSABLE_ENTITY,
        };
        let existing = match &rejection {
            Rejection::ExternalIdTaken { seq, .. } | Rejection::DocumentNumberTaken { seq, .. } => Some(*seq),
            Rejection::AlreadyReversed { by, .. } => Some(*by),
            _ => None,
        };
        Self {
            pointer: rejection.line().checked_sub(1).map(|line| format!("/lines/{line}")),
            retryable: rejection.is_transient(),
            existing,
            ..Self::new(status, code, rejection.to_string()).hint(rejection.hint())
        }
    }
}

impl From<SubmitError> for Problem {
    fn from(error: SubmitError) -> Self {
        match error {
            SubmitError::Rejected(rejection) => rejection.into(),
            SubmitError::KeyReused { first_seq, .. } => Self {
                existing: Some(first_seq),
                ..Self::new(StatusCode::UNPROCESSABLE_ENTITY, "IDEMPOTENCY_KEY_REUSED", "this Idempotency-Key was used for another request")
                    .hint("send the same request, or choose another key")
            },
            SubmitError::Unavailable(why) => {
                tracing::warn!(%why, "a write could not be made durable");
                Self::unavailable("the database is away or too busy; nothing has changed")
            }
            SubmitError::OutcomeUnknown => Self {
                outcome: Fate::Unknown,
                ..Self::unavailable("the database was lost while this was being made durable: it may have happened")
                    .hint("send the same request again with the same Idempotency-Key: it finds out and never posts twice")
            },
            SubmitError::Damaged(why) => Self::internal(&why),
            SubmitError::OrganizationTaken(slug) => {
                Self::new(StatusCode::CONFLICT, "ORGANIZATION_EXISTS", format!("an organization {slug:?} exists already"))
                    .hint("choose another slug")
            }
        }
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::UnknownOrg(_) => Self::no_organization(),
            error if error.is_transient() => {
                tracing::warn!(%error, "the database is away");
                Self::unavailable("the database is away or too busy; nothing has changed")
            }
            // A policy of the database: the second lock behind the table of permissions.
            error if error.sqlstate().as_deref() == Some("42501") => {
                tracing::warn!(%error, "row-level security refused what a handler let pass");
                metrics::counter!("ledger_rls_violations_total").increment(1);
                Self::forbidden("the database does not let the caller do this")
            }
            other => Self::internal(&other),
        }
    }
}

impl From<sqlx::Error> for Problem {
    fn from(source: sqlx::Error) -> Self {
        StoreError::Database { doing: "answer a request", source }.into()
    }
}

impl From<LoadError> for Problem {
    fn from(error: LoadError) -> Self {
        match error {
            LoadError::Store(error) => error.into(),
            damaged => Self::internal(&damaged),
        }
    }
}

impl From<ProjectionError> for Problem {
    fn from(error: ProjectionError) -> Self {
        match error {
            ProjectionError::Store(error) => error.into(),
            ProjectionError::BeyondEnd { asked, head } => {
                Self::malformed("BEYOND_END", format!("event {asked} has not happened yet: the stream ends at {head}"))
                    .hint("give a seq that a write was answered with")
            }
            ProjectionError::Stopped { projection, .. } => Self {
                retryable: true,
                ..Self::new(StatusCode::SERVICE_UNAVAILABLE, "PROJECTION_STOPPED", format!("the read model {projection} has stopped"))
                    .retry_in(60)
                    .hint("its operator finds the reason in the log and at /projections; asking with at_seq works meanwhile")
            },
            ProjectionError::Database { doing, source } => StoreError::Database { doing, source }.into(),
            other => Self::internal(&other),
        }
    }
}

impl From<anyhow::Error> for Problem {
    fn from(error: anyhow::Error) -> Self {
        let error = match error.downcast::<ProjectionError>() {
            Ok(error) => return error.into(),
            Err(error) => error,
        };
        let error = match error.downcast::<StoreError>() {
            Ok(error) => return error.into(),
            Err(error) => error,
        };
        let error = match error.downcast::<LoadError>() {
            Ok(error) => return error.into(),
            Err(error) => error,
        };
        match error.downcast::<sqlx::Error>() {
            Ok(error) => error.into(),
            Err(error) => Self::internal(&format!("{error:#}")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_that_is_called_a_conflict_is_one_of_the_books() {
        for code in CONFLICTS.into_iter().chain(NOT_FOR_ALL) {
            assert!(Rejection::CODES.contains(&code), "{code}");
        }
    }

    #[test]
    fn a_rejection_says_where() {
        let unknown = Problem::from(Rejection::AccountUnknown { account: "9".into(), line: 2 });
        assert_eq!((unknown.status.as_u16(), unknown.pointer.as_deref(), unknown.retryable), (422, Some("/lines/1"), true));
        let whole = Problem::from(Rejection::InvalidText { what: "a name", found: "".into(), line: 0 });
        assert_eq!((whole.status.as_u16(), whole.pointer), (422, None));
        let taken = Problem::from(Rejection::ExternalIdTaken { external_id: "x".into(), seq: 7 });
        assert_eq!((taken.status.as_u16(), taken.existing), (409, Some(7)));
    }
}
