//! From events to agents and executions, purely.

use ledger_core::Event;
use ledger_core::approvals::{Agent, AgentRun};
use ledger_core::event::Recorded;

use super::rows::{AgentRow, Change, Row};
use crate::amounts::currency;
use crate::chart::Chart;
use crate::draft::agent_i32;
use crate::error::to_i64;
use crate::evolving::Steps;
use crate::history::to_datetime;

/// What happens to agents, and what they did, each in the order of history. An agent's currency stays once it has cost
/// something, so an execution has the one that its agent has at the end of the batch.
#[derive(Clone, Debug, Default)]
pub(crate) struct Runs {
    pub(crate) agents: Steps<AgentRow, Change>,
    pub(crate) runs: Vec<Row>,
}

impl Runs {
    /// Adds what follows from an event.
    pub(crate) fn add(&mut self, chart: &Chart, event: &Recorded) -> Result<(), String> {
        match &event.event {
            Event::AgentRegistered(agent) => self.agents.begin(i64::from(agent.no.get()), row(chart, agent)),
            Event::AgentChanged(agent) => {
                self.agents.change(i64::from(agent.no.get()), Change::Registered(Box::new(row(chart, agent))));
            }
            Event::AgentStatusSet { agent, suspended, .. } => self.agents.change(i64::from(agent.get()), Change::Status(*suspended)),
            Event::AutoPostingStopped { agent, .. } => self.agents.change(i64::from(agent.get()), Change::Stopped),
            Event::AgentRan(run) => self.runs.push(run_row(event, run)?),
            _ => {}
        }
        Ok(())
    }
}

fn row(chart: &Chart, agent: &Agent) -> AgentRow {
    AgentRow {
        agent_no: agent_i32(agent.no),
        code: agent.code.to_string(),
        name: agent.name.to_string(),
        kind: agent.kind.as_str().to_owned(),
        model: agent.model.to_string(),
        currency: currency(chart, agent.currency).to_string(),
        budget: agent.budget.map(|budget| budget.normalize()),
        suspended: false,
        stopped: false,
    }
}

fn run_row(event: &Recorded, run: &AgentRun) -> Result<Row, String> {
    let count = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
    Ok(Row {
        seq: to_i64(event.seq),
        ran_at: to_datetime(run.at).map_err(|error| error.to_string())?,
        agent_no: agent_i32(run.agent),
        model: run.model.to_string(),
        tokens_in: count(run.tokens_in),
        tokens_out: count(run.tokens_out),
        cost: run.cost.normalize(),
        currency: String::new(),
        latency_ms: count(run.latency_ms),
        outcome: run.outcome.as_str().to_owned(),
        error: run.error.as_ref().map(ToString::to_string),
        confidence: run.confidence.map(|sure| sure.normalize()),
        acted_for: run.acted_for.as_ref().map(ToString::to_string),
        conversation: run.conversation,
    })
}
