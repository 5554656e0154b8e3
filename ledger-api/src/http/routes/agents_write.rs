//! Agents: registering, suspending, executions and what they cost.

use axum::Json;
use axum::response::{IntoResponse, Response};
use ledger_core::command::AgentCommand;
use ledger_core::{Command, Context, Month, Text};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::booked::{Booked, at_fault, missing};
use super::place::Place;
use crate::http::extract::WriteParams;
use crate::http::review::asking::now;
use crate::http::review::speaker::Speaker;
use crate::http::state::App;
use crate::http::wire::agents::{AgentBody, NewAgentRun, NewBeginning, NewCostBooking, StatusReason};
use crate::http::{Accepted, Access, Problem, Write};

/// The routes.
pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(define_agent))
        .routes(routes!(suspend_agent))
        .routes(routes!(resume_agent))
        .routes(routes!(begin_run))
        .routes(routes!(record_run))
        .routes(routes!(book_costs))
}

/// Register an agent, or change it
///
/// As a whole: what is left out is as it is by default. By default nothing that an agent drafts posts itself.
#[utoipa::path(put, path = "/v1/orgs/{org}/agents/{code}", tag = "Agents",
    params(("code" = String, Path, description = "The agent's code, percent-encoded."), WriteParams), request_body = AgentBody, responses(Booked))]
async fn define_agent(Place(code): Place<Text>, write: Write<AgentBody>) -> Result<Accepted, Problem> {
    let (write, body) = write.split();
    let functional = Text::from(write.access.organization.functional_currency.as_str());
    write.submit(body.of(code, &functional)).await
}

async fn set_status(agent: Text, write: Write<StatusReason>, suspended: bool) -> Result<Accepted, Problem> {
    let (write, body) = write.split();
    let command = AgentCommand::SetStatus { agent, suspended, reason: body.reason.0 };
    write.submit(Command::Agent(Box::new(command))).await.map_err(missing("AGENT_UNKNOWN"))
}

/// Suspend an agent
///
/// It neither runs nor drafts until it is resumed. What it drafted before waits as it did.
#[utoipa::path(post, path = "/v1/orgs/{org}/agents/{code}/suspend", tag = "Agents",
    params(("code" = String, Path, description = "The agent's code, percent-encoded."), WriteParams), request_body = StatusReason, responses(Booked))]
async fn suspend_agent(Place(code): Place<Text>, write: Write<StatusReason>) -> Result<Accepted, Problem> {
    set_status(code, write, true).await
}

/// Let an agent work again
///
/// Also where it was only kept from posting alone, because people rejected too much.
#[utoipa::path(post, path = "/v1/orgs/{org}/agents/{code}/resume", tag = "Agents",
    params(("code" = String, Path, description = "The agent's code, percent-encoded."), WriteParams), request_body = StatusReason, responses(Booked))]
async fn resume_agent(Place(code): Place<Text>, write: Write<StatusReason>) -> Result<Accepted, Problem> {
    set_status(code, write, false).await
}

/// What an agent has left of its month.
#[derive(Debug, Serialize, ToSchema)]
pub struct BudgetShown {
    /// The agent's code.
    pub agent: String,
    /// The month, in universal time.
    #[schema(example = "2026-03")]
    pub month: String,
    /// The currency of its costs.
    #[schema(example = "EUR")]
    pub currency: String,
    /// What its executions may cost in the month; null without bound.
    pub budget: Option<String>,
    /// What they have cost.
    pub spent: String,
    /// What is left; null without bound.
    pub left: Option<String>,
}

/// Ask whether an agent may run now
///
/// Refused with 422 where it is suspended or its budget of the month is spent. Nothing is recorded.
#[utoipa::path(post, path = "/v1/orgs/{org}/agents/{code}/begin", tag = "Agents",
    params(("code" = String, Path, description = "The agent's code, percent-encoded."), WriteParams), request_body = NewBeginning,
    responses((status = 200, description = "It may; what it has left.", body = BudgetShown)))]
async fn begin_run(Place(code): Place<Text>, write: Write<NewBeginning>) -> Result<Response, Problem> {
    let (write, body) = write.split();
    let (access, at) = (&write.access, now());
    let speaker = Speaker::of(access, Some(&code))?;
    let book = access.app.reading.books.latest(&access.org()).await?;
    let command = AgentCommand::Begin { agent: code.clone(), at, estimate: body.estimate.map(|cost| cost.0) };
    let decided = book.decide(&Command::Agent(Box::new(command)), &Context::new(&speaker.actor));
    decided.map_err(Problem::from).map_err(missing("AGENT_UNKNOWN"))?;
    let kept = book.agent_by_code(&code).ok_or_else(|| Problem::internal(&"an agent that may run is gone"))?;
    let month = Month::of(chrono::Utc::now().date_naive());
    let shown = BudgetShown {
        agent: code.to_string(),
        month: month.to_string(),
        currency: book.commodity(kept.agent.currency).map(|currency| currency.code.to_string()).unwrap_or_default(),
        budget: kept.agent.budget.map(|budget| budget.normalize().to_string()),
        spent: kept.spent_in(month).decimal().normalize().to_string(),
        left: book.budget_left(&code, at).map(|left| left.normalize().to_string()),
    };
    Ok(Json(shown).into_response())
}

/// The model and currency that an agent is registered with.
pub(super) async fn usual(access: &Access, code: &Text) -> Result<(Text, Text), Problem> {
    let book = access.app.reading.books.latest(&access.org()).await?;
    let kept = book.agent_by_code(code).ok_or_else(|| Problem::from(ledger_core::Rejection::AgentUnknown { agent: code.clone() }))?;
    let currency = book.commodity(kept.agent.currency).map(|currency| currency.code.clone()).unwrap_or_default();
    Ok((kept.agent.model.clone(), currency))
}

/// Record an execution of an agent
///
/// Never refused for its cost: that was incurred, whatever the budget says.
#[utoipa::path(post, path = "/v1/orgs/{org}/agents/{code}/runs", tag = "Agents",
    params(("code" = String, Path, description = "The agent's code, percent-encoded."), WriteParams), request_body = NewAgentRun, responses(Booked))]
async fn record_run(Place(code): Place<Text>, write: Write<NewAgentRun>) -> Result<Accepted, Problem> {
    let (write, body) = write.split();
    let speaker = Speaker::of(&write.access, Some(&code))?;
    let unknown = missing("AGENT_UNKNOWN");
    let usual = usual(&write.access, &code).await.map_err(&unknown)?;
    let command = body.of(code, usual, speaker.acted_for, now()).map_err(at_fault)?;
    write.submit_as(command, speaker.actor).await.map_err(unknown)
}

/// Book what executions cost
///
/// One entry for each agent, up to the end of a month; what is less than a minor unit is carried to the next booking.
#[utoipa::path(post, path = "/v1/orgs/{org}/agents/book-costs", tag = "Agents", params(WriteParams),
    request_body = NewCostBooking, responses(Booked))]
async fn book_costs(write: Write<NewCostBooking>) -> Result<Accepted, Problem> {
    let (write, body) = write.split();
    write.submit(body.command()).await
}
