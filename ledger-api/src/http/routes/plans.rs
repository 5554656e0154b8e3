//! `/v1/orgs/{org}/plan`: what an organization has paid for and how much of it is used. Only the platform changes it.

use axum::Json;
use axum::http::StatusCode;
use axum::response::Response;
use chrono::{Datelike, NaiveDate, Utc};
use ledger_store::OrgTx;
use ledger_store::identity::PlanRow;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::granting::{answer, change, in_use, usage};
use super::organizations::NoParams;
use crate::http::identity::{Feature, Plan, Seat, Tier};
use crate::http::state::App;
use crate::http::{Access, Problem, Read, Write};

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(show, set))
}

/// How many there may be, and are.
#[derive(Debug, Serialize, ToSchema)]
pub struct Limited {
    /// The most; null for any number.
    pub limit: Option<u32>,
    /// How many there are.
    pub used: i64,
}

/// What was counted in a month.
#[derive(Debug, Serialize, ToSchema)]
pub struct Counted {
    /// What: requests, writes.
    pub metric: String,
    /// How many.
    pub count: i64,
}

/// What an organization has paid for, and what is used.
#[derive(Debug, Serialize, ToSchema)]
pub struct PlanShown {
    /// starter, professional, enterprise or custom.
    #[schema(example = "professional")]
    pub plan: String,
    /// Members that are no agents, with open invitations.
    pub members: Limited,
    /// Members and keys with the role agent.
    pub agents: Limited,
    /// Workspaces that are not closed.
    pub workspaces: Limited,
    /// Requests that may be made in a minute; null for any number.
    pub requests_per_minute: Option<u32>,
    /// What the plan has: api-access, custom-roles, webhooks, audit-log.
    pub features: Vec<String>,
    /// The month that was counted.
    #[schema(example = "2026-11")]
    pub month: String,
    /// What was counted in it, up to a few seconds ago.
    pub usage: Vec<Counted>,
}

/// What is agreed with an organization.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Agreement {
    /// starter, professional, enterprise or custom.
    #[schema(example = "professional")]
    pub plan: String,
    /// Members at most, agents aside; left out as the plan has it.
    #[schema(nullable = false, maximum = 2147483647)]
    pub members: Option<u32>,
    /// Agents at most; left out as the plan has it.
    #[schema(nullable = false, maximum = 2147483647)]
    pub agents: Option<u32>,
    /// Workspaces at most; left out as the plan has it.
    #[schema(nullable = false, maximum = 2147483647)]
    pub workspaces: Option<u32>,
    /// Requests per minute, at least 1; left out as the plan has it.
    #[schema(nullable = false, minimum = 1, maximum = 2147483647)]
    pub requests_per_minute: Option<u32>,
    /// Features beyond the plan's: api-access, custom-roles, webhooks, audit-log.
    #[serde(default)]
    pub features: Vec<String>,
}

async fn shown(tx: &mut OrgTx, access: &Access, plan: &Plan) -> Result<PlanShown, Problem> {
    let now = Utc::now();
    let used = usage(tx, access, now).await?;
    let month = NaiveDate::from_ymd_opt(now.year(), now.month(), 1).unwrap_or_default();
    let counted = tx.usage(month).await?.into_iter().map(|(metric, count)| Counted { metric, count }).collect();
    let limited = |limit, seat| Limited { limit, used: in_use(used, seat) };
    Ok(PlanShown {
        plan: plan.tier.as_str().to_owned(),
        members: limited(plan.members, Seat::Members),
        agents: limited(plan.agents, Seat::Agents),
        workspaces: limited(plan.workspaces, Seat::Workspaces),
        requests_per_minute: plan.requests_per_minute.or(access.app.config.requests_per_minute),
        features: plan.features.iter().map(|feature| feature.as_str().to_owned()).collect(),
        month: month.format("%Y-%m").to_string(),
        usage: counted,
    })
}

/// Show plan, limits and usage
#[utoipa::path(get, path = "/v1/orgs/{org}/plan", tag = "Plan",
    responses((status = 200, description = "The plan.", body = PlanShown)))]
async fn show(read: Read<NoParams>) -> Result<Json<PlanShown>, Problem> {
    let mut tx = read.access.org().begin_read().await?;
    let plan = shown(&mut tx, &read.access, &read.access.plan).await?;
    tx.rollback().await?;
    Ok(Json(plan))
}

/// Agree on a plan (the platform only)
#[utoipa::path(put, path = "/v1/orgs/{org}/plan", tag = "Plan", request_body = Agreement,
    responses((status = 200, description = "In force; other servers follow within seconds.", body = PlanShown)))]
async fn set(write: Write<Agreement>) -> Result<Response, Problem> {
    let (new, access) = (&write.body, &write.access);
    let tier: Tier = new.plan.parse().map_err(|said: String| Problem::refused("PLAN_UNKNOWN", "/plan", said))?;
    for (at, word) in new.features.iter().enumerate() {
        if !Feature::ALL.iter().any(|feature| feature.as_str() == word) {
            let known = Feature::ALL.map(Feature::as_str).join(", ");
            return Err(Problem::refused(
                "FEATURE_UNKNOWN",
                format!("/features/{at}"),
                format!("{word:?} is no feature; features are {known}"),
            ));
        }
    }
    let limit = |name: &str, limit: Option<u32>, least: i32| match limit.map(i32::try_from) {
        None => Ok(None),
        Some(Ok(limit)) if limit >= least => Ok(Some(limit)),
        Some(_) => Err(Problem::refused("LIMIT_INVALID", format!("/{name}"), format!("expected {least} to {}", i32::MAX))),
    };
    let row = PlanRow {
        plan: tier.as_str().to_owned(),
        members: limit("members", new.members, 0)?,
        agents: limit("agents", new.agents, 0)?,
        workspaces: limit("workspaces", new.workspaces, 0)?,
        requests_per_minute: limit("requests_per_minute", new.requests_per_minute, 1)?,
        features: (!new.features.is_empty()).then(|| new.features.clone()),
        updated_at: Utc::now(),
        updated_by: access.actor().identity.to_string(),
    };
    change(&write, async |tx| {
        tx.set_plan(&row).await?;
        answer(StatusCode::OK, &shown(tx, access, &Plan::agreed(&row)).await?)
    })
    .await
}
