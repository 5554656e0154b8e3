//! `/v1/orgs/{org}/audit-log`: who asked for what. Rows are made in [`crate::http::access`].

use axum::Json;
use ledger_store::audit::{AuditQuery, AuditRow};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use crate::cli::moment::{show_time, time};
use crate::http::limits::{PAGE_DEFAULT, PAGE_MAX};
use crate::http::state::App;
use crate::http::{Problem, Read};

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(list))
}

/// Which rows are asked for.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct AuditParams {
    /// Only what this user, key or agent asked for.
    #[param(nullable = false)]
    pub actor: Option<String>,
    /// Only what was about this: `entries`, `parties` …
    #[param(nullable = false)]
    pub resource: Option<String>,
    /// Only what touched personal data, or only what did not.
    #[param(nullable = false)]
    pub personal: Option<bool>,
    /// Not earlier than this time, inclusive.
    #[param(nullable = false)]
    pub from: Option<String>,
    /// Not later than this time, inclusive.
    #[param(nullable = false)]
    pub to: Option<String>,
    /// Rows at most, 1 to 200; 50 where not given.
    #[param(nullable = false, minimum = 1, maximum = 200)]
    pub limit: Option<u16>,
    /// `next_cursor` of the page before.
    #[param(nullable = false)]
    pub cursor: Option<Uuid>,
}

/// A page of the audit log, newest first.
#[derive(Debug, Serialize, ToSchema)]
pub struct AuditPage {
    /// The rows.
    pub data: Vec<AuditShown>,
    /// Gives the next page as `cursor`; null on the last.
    pub next_cursor: Option<Uuid>,
}

/// One access to the organization's data, or one change.
#[derive(Debug, Serialize, ToSchema)]
pub struct AuditShown {
    /// The request's id, as `Request-Id` in its answer.
    pub id: Uuid,
    /// When it was answered.
    #[schema(format = DateTime)]
    pub occurred_at: String,
    /// `user`, `api_key`, `agent` or `system`.
    pub actor_kind: String,
    /// Who, as an opaque id.
    pub actor: String,
    /// On whose behalf an agent asked.
    pub acting_for: Option<String>,
    /// What it was about.
    pub resource: String,
    /// `create`, `read`, `update`, `delete` or `approve`.
    pub action: String,
    /// The method.
    pub method: String,
    /// The route, its parameters in braces.
    pub route: String,
    /// Which records: what the path names, and what was written.
    pub records: String,
    /// Whether personal data was touched.
    pub personal: bool,
    /// Where the request came from.
    pub remote: String,
    /// What the caller called the conversation.
    pub correlation_id: Option<String>,
    /// The status it was answered with.
    pub status: u16,
    /// The code of a refusal.
    pub code: Option<String>,
    /// How long it took, in microseconds.
    pub micros: u64,
}

impl From<AuditRow> for AuditShown {
    fn from(row: AuditRow) -> Self {
        Self {
            id: row.id,
            occurred_at: show_time(row.occurred_at),
            actor_kind: row.actor_kind.into_owned(),
            actor: row.actor,
            acting_for: row.acting_for,
            resource: row.resource,
            action: row.action,
            method: row.method,
            route: row.route,
            records: row.records,
            personal: row.personal,
            remote: row.remote,
            correlation_id: row.correlation,
            status: row.status,
            code: row.code.map(std::borrow::Cow::into_owned),
            micros: row.micros,
        }
    }
}

/// List who asked for what
///
/// Newest first. A row appears within a second of its answer. The log is written beside history and is not part of it.
#[utoipa::path(get, path = "/v1/orgs/{org}/audit-log", tag = "Audit log", params(AuditParams),
    responses((status = 200, description = "A page of the log.", body = AuditPage)))]
async fn list(read: Read<AuditParams>) -> Result<Json<AuditPage>, Problem> {
    let Read { access, query, .. } = read;
    let moment = |name: &str, text: Option<String>| {
        text.map(|text| time(&text)).transpose().map_err(|said| Problem::malformed("PARAMETER_INVALID", format!("{name}: {said}")))
    };
    let limit = page_limit(query.limit)?;
    let asked = AuditQuery {
        before: query.cursor,
        actor: query.actor,
        resource: query.resource,
        personal: query.personal,
        from: moment("from", query.from)?,
        to: moment("to", query.to)?,
        limit: i64::from(limit) + 1,
    };
    let mut rows = access.org().audit_log(&asked).await?;
    let more = rows.len() > usize::from(limit);
    rows.truncate(usize::from(limit));
    let next_cursor = rows.last().filter(|_| more).map(|row| row.id);
    Ok(Json(AuditPage { data: rows.into_iter().map(Into::into).collect(), next_cursor }))
}

/// How many elements a page has.
///
/// # Errors
/// 400 for anything but a number from 1 to the published maximum.
pub(super) fn page_limit(asked: Option<u16>) -> Result<u16, Problem> {
    let limit = asked.unwrap_or(PAGE_DEFAULT);
    let fits = (1..=PAGE_MAX).contains(&limit);
    fits.then_some(limit).ok_or_else(|| Problem::malformed("PARAMETER_INVALID", format!("limit: expected 1 to {PAGE_MAX}, found {limit}")))
}
