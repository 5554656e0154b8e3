//! The way of every request: who asks, of which organization, whether the table of permissions allows it, and what is noted
//! of it in the audit log.
//!
//! What a handler gets is an [`Access`], and there is no other way to an organization. Refusals come in this order:
//! 401 for credentials that nobody has, 404 for an organization that is not the caller's (as for one that does not
//! exist), 403 for what the caller's role does not permit, 403 for what the plan does not have, 429 for too many requests.
//! Who somebody is, is found out in [`super::identity`].

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use axum::extract::{FromRequestParts, MatchedPath, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use chrono::Utc;
use ledger_core::actor::ActorKind;
use ledger_core::{Actor, Timestamp};
use ledger_store::audit::AuditRow;
use ledger_store::{OrgId, OrgStore, Organization};
use tracing::Instrument;
use uuid::Uuid;

use super::identity::{Action, Credential, Permission, Plan, Principal, Resource, Subject};
use super::limits;
use super::matrix::Row;
use super::ops::telemetry;
use super::problem::{Problem, RefusalCode};
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
    /// By what he is known.
    pub credential: Credential,
    /// What the organization has paid for.
    pub plan: Arc<Plan>,
    /// Names this request in answers, events, logs and the audit log.
    pub request_id: Uuid,
    /// What the caller calls the conversation, where that is a UUID; else the request's own id.
    pub correlation: Uuid,
    notes: Notes,
}

impl Access {
    /// The organization's part of the store, for this caller.
    #[must_use]
    pub fn org(&self) -> OrgStore {
        self.app.store.for_org(self.organization.org).for_caller(self.principal.caller())
    }

    /// Whether the caller may do something beside what the route's row says.
    #[must_use]
    pub fn may(&self, resource: Resource, action: Action) -> bool {
        self.principal.may(&self.app.matrix, resource, action)
    }

    /// Who is recorded with every event: of a key that is an agent's, the agent itself. (The audit log says which key it was.)
    #[must_use]
    pub fn actor(&self) -> Actor {
        match &self.principal.subject {
            Subject::ApiKey { agent: Some(code), .. } => Actor { kind: ActorKind::Agent, identity: code.as_str().into() },
            _ => self.principal.actor(),
        }
    }

    /// Whether the caller may still do something, for answers that take long: credentials end and are revoked, members leave.
    /// Nothing is concluded from a database that is away.
    pub async fn still_may(&self, resource: Resource, action: Action) -> bool {
        match self.app.identity.again(&self.app.store, &self.credential, &self.organization).await {
            Ok(now) => now.is_some_and(|principal| principal.may(&self.app.matrix, resource, action)),
            Err(_) => true,
        }
    }

    /// Notes for the audit log which records were touched, beyond those that the path names, and whether personal data was among them.
    pub fn touched(&self, what: &str, personal: bool) {
        self.notes.add(what, personal);
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
    /// By what he is known.
    pub credential: Credential,
    /// Names this request.
    pub request_id: Uuid,
}

impl<S: Sync> FromRequestParts<S> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        parts.extensions.get::<Self>().cloned().ok_or_else(|| Problem::internal(&"a route outside of the pipeline"))
    }
}

/// Where a connection comes from; known to every request on it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Remote(pub(super) SocketAddr);

/// What is noted of a request while it is answered.
#[derive(Clone, Debug, Default)]
struct Notes(Arc<Mutex<Noted>>);

#[derive(Debug, Default)]
struct Noted {
    records: String,
    personal: bool,
}

/// Bytes of records that one row of the audit log names.
const RECORDS_BYTES_MAX: usize = 2_000;

impl Notes {
    fn add(&self, what: &str, personal: bool) {
        let mut noted = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        noted.personal |= personal;
        if noted.records.len() + what.len() < RECORDS_BYTES_MAX {
            if !noted.records.is_empty() {
                noted.records.push(' ');
            }
            noted.records.push_str(what);
        }
    }

    fn take(&self) -> Noted {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// What is known of a request when it is answered.
struct Asked {
    id: Uuid,
    began: Instant,
    method: Method,
    path: String,
    remote: Option<SocketAddr>,
    correlation: Option<String>,
    notes: Notes,
    /// Whose data was asked for, and by whom, as far as that was found out.
    of: Option<OrgId>,
    by: Option<Arc<Principal>>,
}

/// The pipeline, around every route that has a row.
pub(super) async fn guard(State(app): State<App>, mut request: Request, next: Next) -> Response {
    let Some(route) = request.extensions().get::<MatchedPath>().cloned() else { return Problem::internal(&"no route").into_response() };
    let Some(row) = app.matrix.row(row_method(request.method()), route.as_str()) else { return other_method(&app, route.as_str()) };
    let mut asked = Asked {
        id: Uuid::now_v7(),
        began: Instant::now(),
        method: request.method().clone(),
        path: request.uri().path().to_owned(),
        remote: request.extensions().get::<Remote>().map(|remote| remote.0),
        correlation: correlation(request.headers()),
        notes: Notes::default(),
        of: None,
        by: None,
    };
    let mut standing = HeaderMap::new();
    let span = telemetry::request_span(&row.method, &row.path, asked.id, asked.correlation.as_deref(), request.headers());
    let answering = async {
        if app.health.is_stopping() && app.config.drain.is_zero() {
            return Problem::unavailable("the server is stopping").into_response();
        }
        match admit(&app, row, &mut request, &mut asked, &mut standing).await {
            Ok(()) => next.run(request).await,
            Err(problem) => problem.into_response(),
        }
    };
    let mut response = answering.instrument(span.clone()).await;
    telemetry::answered(&span, response.status().as_u16());
    response.headers_mut().extend(standing);
    if let Ok(id) = HeaderValue::from_str(&asked.id.to_string()) {
        response.headers_mut().insert("request-id", id);
    }
    if let Some((of, audit)) = span.in_scope(|| note(row, asked, &response)) {
        app.meter.count(of, row.permission.action != Action::Read);
        app.audit.record(of, audit).await;
    }
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

async fn admit(app: &App, row: &Row, request: &mut Request, asked: &mut Asked, standing: &mut HeaderMap) -> Result<(), Problem> {
    let credential = app.identity.recognise(&app.store, bearer(request.headers())?).await?;
    if !row.path.starts_with("/v1/orgs/{org}") {
        let principal = Arc::new(credential.anywhere());
        permit_anywhere(row, &principal)?;
        request.extensions_mut().insert(Caller { principal, credential, request_id: asked.id });
        return Ok(());
    }
    let slug = request.uri().path().split('/').nth(3).unwrap_or_default();
    let organization = app.organization(slug).await?;
    let workspace = workspace(request.headers())?;
    let found = app.identity.principal(&app.store, &credential, &organization, workspace).await?;
    let principal = found.ok_or_else(Problem::no_organization)?;
    asked.of = Some(organization.org);
    asked.by = Some(Arc::clone(&principal));
    permit(app, row, &principal)?;
    let plan = app.identity.plan(&app.store, organization.org).await?;
    plan.permits(&principal, row.permission)?;
    limit(app, &organization, &principal, &plan, standing)?;
    let correlation = asked.correlation.as_deref().and_then(|id| Uuid::parse_str(id).ok()).unwrap_or(asked.id);
    let (app, notes) = (app.clone(), asked.notes.clone());
    request.extensions_mut().insert(Access { app, organization, principal, credential, plan, request_id: asked.id, correlation, notes });
    Ok(())
}

/// HEAD is answered as GET, without the body.
fn row_method(method: &Method) -> &str {
    if method == Method::HEAD { "GET" } else { method.as_str() }
}

/// Whether a request comes from the operator of the machine.
pub(super) fn is_platform(app: &App, headers: &HeaderMap) -> bool {
    let Ok(token) = bearer(headers) else { return false };
    app.config.platform_key_hash.is_some_and(|known| blake3::hash(token.as_bytes()) == known)
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

/// The sub-unit that the caller wants to work in.
fn workspace(headers: &HeaderMap) -> Result<Option<&str>, Problem> {
    let mut found = headers.get_all("ledger-workspace").iter();
    match (found.next(), found.next()) {
        (None, _) => Ok(None),
        (Some(code), None) => match code.to_str() {
            Ok(code) if (1..=63).contains(&code.len()) => Ok(Some(code)),
            _ => Err(Problem::malformed("WORKSPACE_INVALID", "Ledger-Workspace is not the code of a workspace")),
        },
        _ => Err(Problem::malformed("WORKSPACE_INVALID", "there is more than one Ledger-Workspace header")),
    }
}

fn permit(app: &App, row: &Row, principal: &Principal) -> Result<(), Problem> {
    let Permission { resource, action } = row.permission;
    if principal.may(&app.matrix, resource, action) {
        return Ok(());
    }
    let role = principal.role().map_or("nobody", |role| role.as_str());
    let said = format!("this needs the permission {}, which the caller (role {role}) does not have", row.permission);
    Err(Problem::forbidden(said).hint("ask one of the organization's administrators"))
}

/// Routes of no organization: the operator's, and everybody's own.
fn permit_anywhere(row: &Row, principal: &Principal) -> Result<(), Problem> {
    if principal.is_platform() || row.permission.resource == Resource::Me {
        return Ok(());
    }
    Err(Problem::forbidden("only the operator of the machine may do this"))
}

/// One request out of what the organization and the caller may make. The operator of the machine is not limited.
fn limit(app: &App, organization: &Organization, principal: &Principal, plan: &Plan, standing: &mut HeaderMap) -> Result<(), Problem> {
    let Some(quota) = plan.requests_per_minute.or(app.config.requests_per_minute) else { return Ok(()) };
    if principal.is_platform() {
        return Ok(());
    }
    // The caller's own first: what it is refused is not taken from the others.
    if let Some(id) = principal.id {
        let own = app.key_rates.take(&id, (quota / limits::KEY_SHARE).max(1));
        own.write("key", standing);
        if !own.allowed {
            return Err(own.refusal("one key or member of the organization"));
        }
    }
    let of_org = app.org_rates.take(&organization.org, quota);
    of_org.write("org", standing);
    if !of_org.allowed {
        return Err(of_org.refusal("the organization"));
    }
    Ok(())
}

/// What the caller calls the conversation: one word of visible ASCII.
fn correlation(headers: &HeaderMap) -> Option<String> {
    const BYTES_MAX: usize = 128;
    let text = headers.get("correlation-id")?.to_str().ok()?.trim();
    ((1..=BYTES_MAX).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic())).then(|| text.to_owned())
}

/// Counts and logs a request, and makes its row of the audit log.
fn note(row: &Row, asked: Asked, response: &Response) -> Option<(OrgId, AuditRow)> {
    let (status, took) = (response.status().as_u16(), asked.began.elapsed());
    let code = response.extensions().get::<RefusalCode>().map(|code| code.0);
    let (method, route) = (row.method.clone(), row.path.clone());
    metrics::counter!("ledger_http_requests_total", "method" => method.clone(), "route" => route.clone(), "status" => status.to_string())
        .increment(1);
    metrics::histogram!("ledger_http_request_seconds", "method" => method.clone(), "route" => route.clone()).record(took);
    if let Some(code) = code {
        metrics::counter!("ledger_http_refusals_total", "code" => code).increment(1);
    }
    let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
    tracing::info!(request_id = %asked.id, method = %asked.method, route, status, code, micros, "request");
    let (of, by) = (asked.of?, asked.by?);
    let (actor, noted) = (by.actor(), asked.notes.take());
    let written = response.headers().get("ledger-seq").and_then(|seq| seq.to_str().ok());
    let named = asked.path.splitn(4, '/').nth(3).and_then(|rest| rest.split_once('/')).map_or("", |(_, rest)| rest);
    let records = [named, written.unwrap_or_default(), &noted.records].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>();
    let audit = AuditRow {
        id: asked.id,
        occurred_at: Timestamp(Utc::now().timestamp_micros()),
        actor_kind: actor.kind.as_str().into(),
        actor: actor.identity.to_string(),
        acting_for: by.id.filter(|_| matches!(by.subject, Subject::Agent { .. })).map(|id| id.to_string()),
        resource: row.permission.resource.as_str().to_owned(),
        action: row.permission.action.as_str().to_owned(),
        method,
        route,
        records: records.join(" ").chars().filter(|c| !c.is_control()).take(RECORDS_BYTES_MAX).collect(),
        personal: noted.personal,
        remote: asked.remote.map(|remote| remote.ip().to_string()).unwrap_or_default(),
        correlation: asked.correlation,
        status,
        code: code.map(Into::into),
        micros,
    };
    Some((of, audit))
}
