//! The way of every request: who asks, of which organization, and whether the table of permissions allows it.
//!
//! What a handler gets is an [`Access`], and there is no other way to an organization. Refusals come in this order:
//! 401 for credentials that nobody has, 404 for an organization that is not the caller's (as for one that does not
//! exist), 403 for what the caller's role does not permit.

use std::sync::Arc;
use std::time::Instant;

use axum::extract::{FromRequestParts, MatchedPath, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use ledger_core::Actor;
use ledger_store::{OrgStore, Organization};
use uuid::Uuid;

use super::limits;
use super::matrix::{PLATFORM, Row};
use super::principal::{Principal, Subject};
use super::problem::Problem;
use super::state::App;

/// Who asks, of which organization.
#[derive(Clone)]
pub struct Access {
    /// The server's state.
    pub app: App,
    /// Whose books.
    pub organization: Arc<Organization>,
    /// Who asks.
    pub principal: Arc<Principal>,
    /// Names this request in answers, events, logs and the audit log.
    pub request_id: Uuid,
}

impl Access {
    /// The organization's part of the store.
    #[must_use]
    pub fn org(&self) -> OrgStore {
        self.app.store.for_org(self.organization.org)
    }

    /// Who is recorded with every event.
    #[must_use]
    pub fn actor(&self) -> Actor {
        self.principal.actor()
    }
}

impl<S: Sync> FromRequestParts<S> for Access {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        parts.extensions.get::<Self>().cloned().ok_or_else(|| Problem::internal(&"a route of organizations outside of them"))
    }
}

/// Who asks, on routes that are not about one organization.
#[derive(Clone)]
pub struct Caller {
    /// Who.
    pub principal: Arc<Principal>,
    /// Names this request.
    pub request_id: Uuid,
}

impl<S: Sync> FromRequestParts<S> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        parts.extensions.get::<Self>().cloned().ok_or_else(|| Problem::internal(&"a route outside of the pipeline"))
    }
}

/// The pipeline, around every route that has a row.
pub(super) async fn guard(State(app): State<App>, mut request: Request, next: Next) -> Response {
    let (began, request_id) = (Instant::now(), Uuid::now_v7());
    let route = request.extensions().get::<MatchedPath>().map(|path| path.as_str().to_owned()).unwrap_or_default();
    let method = request.method().clone();
    let Some(row) = app.matrix.row(row_method(&method), &route) else { return other_method(&app, &route) };
    let mut response = match admit(&app, row, &mut request, request_id).await {
        Ok(()) => next.run(request).await,
        Err(problem) => problem.into_response(),
    };
    if let Ok(id) = HeaderValue::from_str(&request_id.to_string()) {
        response.headers_mut().insert("request-id", id);
    }
    tracing::info!(%request_id, %method, route, status = response.status().as_u16(), micros = began.elapsed().as_micros(), "request");
    response
}

/// The route is known, the method is not.
fn other_method(app: &App, route: &str) -> Response {
    let problem = Problem::new(StatusCode::METHOD_NOT_ALLOWED, "METHOD_NOT_ALLOWED", "this route does not know that method");
    let mut response = problem.hint("see /docs").into_response();
    if let Ok(methods) = HeaderValue::from_str(&app.matrix.methods(route).join(", ")) {
        response.headers_mut().insert(header::ALLOW, methods);
    }
    response
}

async fn admit(app: &App, row: &Row, request: &mut Request, request_id: Uuid) -> Result<(), Problem> {
    let principal = Arc::new(authenticate(app, request.headers()).await?);
    if !row.path.starts_with("/v1/orgs/{org}") {
        permit(row, &principal)?;
        request.extensions_mut().insert(Caller { principal, request_id });
        return Ok(());
    }
    let slug = request.uri().path().split('/').nth(3).unwrap_or_default();
    let organization = app.organization(slug).await?;
    permit(row, &principal)?;
    request.extensions_mut().insert(Access { app: app.clone(), organization, principal, request_id });
    Ok(())
}

/// HEAD is answered as GET, without the body.
fn row_method(method: &Method) -> &str {
    if method == Method::HEAD { "GET" } else { method.as_str() }
}

async fn authenticate(app: &App, headers: &HeaderMap) -> Result<Principal, Problem> {
    let token = bearer(headers)?;
    if app.config.platform_key_hash.is_some_and(|known| blake3::hash(token.as_bytes()) == known) {
        return Ok(Principal { subject: Subject::Platform });
    }
    Err(Problem::unauthenticated("CREDENTIALS_UNKNOWN", "the credentials are unknown, expired or revoked"))
}

/// The token of `Authorization: Bearer`. More than one such header is refused: programs on the way may disagree which counts.
fn bearer(headers: &HeaderMap) -> Result<&str, Problem> {
    let mut found = headers.get_all(header::AUTHORIZATION).iter();
    let Some(value) = found.next() else {
        return Err(Problem::unauthenticated("CREDENTIALS_MISSING", "there are no credentials"));
    };
    if found.next().is_some() {
        return Err(Problem::unauthenticated("CREDENTIALS_AMBIGUOUS", "there is more than one Authorization header"));
    }
    let text = value.to_str().ok().filter(|text| text.len() <= limits::CREDENTIALS_BYTES_MAX);
    let token = text.and_then(|text| text.split_once(' ')).filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"));
    token
        .map(|(_, token)| token.trim())
        .filter(|token| !token.is_empty())
        .ok_or_else(|| Problem::unauthenticated("CREDENTIALS_MALFORMED", "the Authorization header is not `Bearer` and a token"))
}

fn permit(row: &Row, principal: &Principal) -> Result<(), Problem> {
    match principal.subject {
        Subject::Platform => Ok(()),
        #[expect(unreachable_patterns, reason = "there will be others")]
        _ if row.resource == PLATFORM => Err(Problem::forbidden("only the operator of the machine may do this")),
    }
}
