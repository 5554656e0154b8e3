//! Agents and approval policies as the book knows them.

use axum::response::Response;
use ledger_core::Book;
use ledger_core::approvals::ApprovalPolicy;
use ledger_core::book::KeptAgent;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::registers::{PageAsked, account, book, currency, pages};
use crate::cli::events::Decoder;
use crate::cli::events::governed::policy_json;
use crate::http::extract::PointParams;
use crate::http::reading::answer;
use crate::http::reading::cursor::{Listing, held, page};
use crate::http::reading::named::Named;
use crate::http::routes::organizations::NoParams;
use crate::http::state::App;
use crate::http::{Problem, Read};

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list_agents))
        .routes(routes!(show_agent))
        .routes(routes!(list_policies))
        .routes(routes!(show_policy))
}

pages! {
    /// A page of agents, in the order of registration.
    AgentPage of AgentShown;
    /// A page of approval policies, by code.
    PolicyPage of PolicyShown;
}

/// An agent: a program with a language model behind it.
#[derive(Debug, Serialize, ToSchema)]
pub struct AgentShown {
    /// Its code: the identity under which it acts.
    #[schema(example = "bookkeeper")]
    code: String,
    /// Its name.
    name: String,
    /// `assistant`, `accountant`, `analyst`, `auditor` or `other`.
    #[serde(rename = "type")]
    #[schema(example = "accountant")]
    kind: String,
    /// The model that it runs on.
    model: String,
    /// How the model is set up.
    configuration: String,
    /// What it can do.
    capabilities: Vec<String>,
    /// The tools that it may use.
    tools: Vec<String>,
    /// What it may do without a person: `auto_post` and what narrows that.
    #[schema(value_type = Object)]
    autonomy: Value,
    /// The currency of its costs and its budget.
    currency: String,
    /// What its executions may cost in a month; null without bound.
    budget: Option<String>,
    /// What they cost, by month, from the first.
    spent: Vec<SpentShown>,
    /// Where its costs are booked.
    expense: Option<String>,
    /// Where they wait for the provider's bill.
    accrued: Option<String>,
    /// Whether it may not work.
    suspended: bool,
    /// Whether nothing of it posts itself, because people rejected too much.
    stopped: bool,
    /// How many of the last decisions of people about its drafts are counted.
    decided: u64,
    /// How many of those were rejections.
    rejected: u64,
}

/// What executions cost in a month.
#[derive(Debug, Serialize, ToSchema)]
pub struct SpentShown {
    /// The month.
    #[schema(example = "2026-03")]
    month: String,
    /// Their cost.
    #[schema(example = "12.3456")]
    cost: String,
}

/// An approval policy.
#[derive(Debug, Serialize, ToSchema)]
pub struct PolicyShown {
    /// Its code.
    #[schema(example = "large-entries")]
    code: String,
    /// How often it was set, from 1.
    version: u32,
    /// Whether it holds at all.
    active: bool,
    /// What it is about: `entry`, `bill`, `payout`, `payment`, `reopening`, `policy`.
    subjects: Vec<String>,
    /// Where several hold, the one of the highest rank decides.
    rank: u32,
    /// Whether who prepared something may approve it.
    self_approval: bool,
    /// Whether somebody who is not asked may approve with a reason.
    allow_override: bool,
    /// When it holds: all that is given must be so.
    #[schema(value_type = Object)]
    when: Value,
    /// Its steps, one after the other.
    #[schema(value_type = Vec<Object>)]
    steps: Value,
}

fn agent_shown(book: &Book, kept: &KeptAgent) -> AgentShown {
    let agent = &kept.agent;
    let texts = |list: &[ledger_core::Text]| list.iter().map(ToString::to_string).collect();
    let count = |number| u64::try_from(number).unwrap_or(u64::MAX);
    let mut told = Decoder::new(book).agent_json(agent);
    AgentShown {
        code: agent.code.to_string(),
        name: agent.name.to_string(),
        kind: agent.kind.as_str().to_owned(),
        model: agent.model.to_string(),
        configuration: agent.configuration.to_string(),
        capabilities: texts(&agent.capabilities),
        tools: texts(&agent.tools),
        autonomy: told.get_mut("autonomy").map(Value::take).unwrap_or_default(),
        currency: currency(book, agent.currency).0,
        budget: agent.budget.map(|budget| budget.normalize().to_string()),
        spent: kept
            .spent
            .iter()
            .map(|(month, cost)| SpentShown { month: month.to_string(), cost: cost.decimal().normalize().to_string() })
            .collect(),
        expense: agent.expense.map(|no| account(book, no)),
        accrued: agent.accrued.map(|no| account(book, no)),
        suspended: kept.suspended,
        stopped: kept.stopped,
        decided: count(kept.decided.len()),
        rejected: count(kept.rejections()),
    }
}

fn policy_shown(policy: &ApprovalPolicy) -> PolicyShown {
    let terms = &policy.terms;
    let mut told = policy_json(terms);
    let mut part = |name: &str| told.get_mut(name).map(Value::take).unwrap_or_default();
    PolicyShown {
        code: terms.code.to_string(),
        version: policy.version,
        active: terms.active,
        subjects: terms.subjects.iter().map(|subject| subject.as_str().to_owned()).collect(),
        rank: terms.rank,
        self_approval: terms.self_approval,
        allow_override: terms.allow_override,
        when: part("when"),
        steps: part("steps"),
    }
}

/// List agents
#[utoipa::path(get, path = "/v1/orgs/{org}/agents", tag = "Agents", params(PointParams, PageAsked),
    responses((status = 200, description = "Agents, in the order of registration.", body = AgentPage)))]
async fn list_agents(read: Read<PageAsked>) -> Result<Response, Problem> {
    let listing = Listing::new("agents", read.access.organization.org.0, &read.query, read.point);
    let cursor = listing.read::<u32>(read.query.cursor.as_deref())?;
    let book = book(&read, held(cursor.as_ref(), read.point)).await?;
    let rest = book.agents().iter().filter(|kept| cursor.as_ref().is_none_or(|cursor| kept.agent.no.get() > cursor.key));
    let (rows, more) = page(rest, read.query.limit);
    let next_cursor = rows.last().filter(|_| more).map(|kept| listing.write(book.seq(), kept.agent.no.get()));
    let data = rows.into_iter().map(|kept| agent_shown(&book, kept)).collect();
    Ok(answer(book.seq(), &AgentPage { data, next_cursor, seq: book.seq() }))
}

/// Show an agent
#[utoipa::path(get, path = "/v1/orgs/{org}/agents/{code}", tag = "Agents",
    params(("code" = String, Path, description = "The agent's code, percent-encoded."), PointParams),
    responses((status = 200, description = "The agent.", body = AgentShown)))]
async fn show_agent(Named(code): Named, read: Read<NoParams>) -> Result<Response, Problem> {
    let book = book(&read, read.point).await?;
    let kept = book.agent_by_code(&code).ok_or_else(|| Problem::not_found(format!("there is no agent {code:?}")))?;
    Ok(answer(book.seq(), &agent_shown(&book, kept)))
}

/// List approval policies
///
/// Those that no longer hold, too.
#[utoipa::path(get, path = "/v1/orgs/{org}/approval-policies", tag = "Approvals", params(PointParams, PageAsked),
    responses((status = 200, description = "Policies, by code.", body = PolicyPage)))]
async fn list_policies(read: Read<PageAsked>) -> Result<Response, Problem> {
    let listing = Listing::new("approval-policies", read.access.organization.org.0, &read.query, read.point);
    let cursor = listing.read::<String>(read.query.cursor.as_deref())?;
    let book = book(&read, held(cursor.as_ref(), read.point)).await?;
    let rest = book.approval_policies().filter(|policy| cursor.as_ref().is_none_or(|cursor| *policy.terms.code > *cursor.key));
    let (rows, more) = page(rest, read.query.limit);
    let next_cursor = rows.last().filter(|_| more).map(|policy| listing.write(book.seq(), policy.terms.code.as_str()));
    let data = rows.into_iter().map(policy_shown).collect();
    Ok(answer(book.seq(), &PolicyPage { data, next_cursor, seq: book.seq() }))
}

/// Show an approval policy
#[utoipa::path(get, path = "/v1/orgs/{org}/approval-policies/{code}", tag = "Approvals",
    params(("code" = String, Path, description = "The policy's code, percent-encoded."), PointParams),
    responses((status = 200, description = "The policy.", body = PolicyShown)))]
async fn show_policy(Named(code): Named, read: Read<NoParams>) -> Result<Response, Problem> {
    let book = book(&read, read.point).await?;
    let policy = book.approval_policy(&code).ok_or_else(|| Problem::not_found(format!("there is no approval policy {code:?}")))?;
    Ok(answer(book.seq(), &policy_shown(policy)))
}
