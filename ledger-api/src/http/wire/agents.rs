//! Agents: what they are, their executions, and booking what those cost.

use ledger_core::approvals::{AgentRun, Autonomy};
use ledger_core::command::{AgentCommand, DefineAgent, RecordAgentRun};
use ledger_core::{Command, Text, Timestamp};
use serde::Deserialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::body::Fault;
use super::documents::text;
use super::objects::only_objects;
use super::scalars::{Day, Magnitude, MonthKey, Plain, Rate};
use super::words::{AgentTypeWord, RunOutcomeWord};
use crate::cli::moment;

only_objects!(AgentBody, AutonomyBody, StatusReason, NewBeginning, NewAgentRun, NewCostBooking);

/// What an agent is from now on. What is left out is as it is by default, not as it was.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, remote = "Self")]
#[schema(example = json!({"type": "accountant", "model": "claude-sonnet-4-5", "tools": ["query_sql", "draft_entry"], "budget": "200.00"}))]
pub struct AgentBody {
    /// Its name, for people; the code where not given.
    #[serde(default)]
    pub name: Plain,
    /// What it is for.
    #[serde(rename = "type")]
    pub kind: AgentTypeWord,
    /// The model that it runs on.
    pub model: Plain,
    /// How the model is set up, in whatever form you keep that.
    #[serde(default)]
    pub configuration: Plain,
    /// What it can do, for people.
    #[serde(default)]
    #[schema(max_items = 200)]
    pub capabilities: Vec<Plain>,
    /// The tools that it may use.
    #[serde(default)]
    #[schema(max_items = 200)]
    pub tools: Vec<Plain>,
    /// What it may do without a person; nothing where not given.
    pub autonomy: Option<AutonomyBody>,
    /// The currency of its costs and its budget; the functional one where not given.
    pub currency: Option<Plain>,
    /// What its executions may cost in a month; without bound where not given.
    pub budget: Option<Magnitude>,
    /// Code of the expense account of its costs.
    pub expense: Option<Plain>,
    /// Code of the account where they wait for the provider's bill.
    pub accrued: Option<Plain>,
}

/// What an agent may do without a person. Everything but the first narrows that.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, remote = "Self")]
pub struct AutonomyBody {
    /// Whether its drafts may post themselves at all.
    pub auto_post: bool,
    /// Largest sum of debits, in the functional currency; zero where not given.
    pub cap: Option<Magnitude>,
    /// Smallest confidence, 0 to 1; 1 where not given.
    pub confidence: Option<Rate>,
    /// How often people approved the pattern of each line before; 10 where not given.
    pub approvals: Option<u32>,
    /// Kinds of drafts that a person always decides about; six where not given.
    pub always_people: Option<Vec<Plain>>,
    /// How many in a hundred of those that could post themselves a person sees all the same; 10 where not given.
    pub sample_percent: Option<Rate>,
    /// How many of the last decisions of people are looked at; 50 where not given.
    pub window: Option<u32>,
    /// How many in a hundred of the window may be rejections before posting alone stops; 10 where not given.
    pub rejected_percent: Option<Rate>,
}

/// Why an agent is suspended, or works again.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, remote = "Self")]
#[schema(example = json!({"reason": "drafts twice what it was asked for"}))]
pub struct StatusReason {
    /// Why.
    pub reason: Plain,
}

/// Asks whether an agent may run now.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, remote = "Self")]
pub struct NewBeginning {
    /// What the run is expected to cost; refused where that exceeds what is left of the month's budget.
    pub estimate: Option<Magnitude>,
}

/// An execution of an agent.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, remote = "Self")]
#[schema(example = json!({"tokens_in": 12000, "tokens_out": 800, "cost": "0.0483", "latency_ms": 5200, "outcome": "succeeded"}))]
pub struct NewAgentRun {
    /// The model that ran; the one it is registered with where not given.
    pub model: Option<Plain>,
    /// When it ended, RFC 3339; now where not given.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub at: Option<Plain>,
    /// Tokens that it read.
    pub tokens_in: u64,
    /// Tokens that it wrote.
    pub tokens_out: u64,
    /// What it cost, at most 12 digits after the point.
    pub cost: Magnitude,
    /// Its currency; the agent's, and no other.
    pub currency: Option<Plain>,
    /// How long it took, in milliseconds.
    pub latency_ms: u64,
    /// How it ended.
    pub outcome: RunOutcomeWord,
    /// What went wrong.
    pub error: Option<Plain>,
    /// What the model says of its own certainty, 0 to 1.
    pub confidence: Option<Rate>,
    /// What it rested on: documents, events, statements.
    #[serde(default)]
    #[schema(max_items = 200)]
    pub evidence: Vec<Plain>,
    /// The conversation or request that it was part of.
    pub conversation: Option<Uuid>,
}

/// Books what executions cost up to the end of a month and was not booked yet.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, remote = "Self")]
#[schema(example = json!({"month": "2026-03", "expense": "6200", "accrued": "2150"}))]
pub struct NewCostBooking {
    /// The month.
    pub month: MonthKey,
    /// When it counts; the last day of the month if its period is open, else the first open day after it.
    pub date: Option<Day>,
    /// Code of the expense account of agents that have none of their own.
    pub expense: Option<Plain>,
    /// Code of the account where the costs of agents that say nothing wait.
    pub accrued: Option<Plain>,
}

fn texts(list: Vec<Plain>) -> Vec<Text> {
    list.into_iter().map(|text| text.0).collect()
}

impl AutonomyBody {
    fn terms(self) -> Autonomy {
        let usual = Autonomy::default();
        let rate = |given: Option<Rate>, usual| given.map_or(usual, |rate| rate.0);
        Autonomy {
            auto_post: self.auto_post,
            cap: self.cap.map_or(usual.cap, |cap| cap.0),
            confidence: rate(self.confidence, usual.confidence),
            approvals: self.approvals.unwrap_or(usual.approvals),
            always_people: self.always_people.map_or(usual.always_people, texts),
            sample_percent: rate(self.sample_percent, usual.sample_percent),
            window: self.window.unwrap_or(usual.window),
            rejected_percent: rate(self.rejected_percent, usual.rejected_percent),
        }
    }
}

impl AgentBody {
    /// The command.
    #[must_use]
    pub fn of(self, code: Text, functional: &Text) -> Command {
        Command::Agent(Box::new(AgentCommand::Define(DefineAgent {
            code,
            name: self.name.0,
            kind: self.kind.into(),
            model: self.model.0,
            configuration: self.configuration.0,
            capabilities: texts(self.capabilities),
            tools: texts(self.tools),
            autonomy: self.autonomy.map(AutonomyBody::terms).unwrap_or_default(),
            currency: self.currency.map_or_else(|| functional.clone(), |currency| currency.0),
            budget: self.budget.map(|budget| budget.0),
            expense: self.expense.map(Plain::account),
            accrued: self.accrued.map(Plain::account),
        })))
    }
}

impl NewAgentRun {
    /// The execution of an agent; `usual` is the model and currency that it is registered with.
    ///
    /// # Errors
    /// [`Fault`] where a time cannot be read.
    pub fn of(self, code: Text, usual: (Text, Text), acted_for: Option<Text>, now: Timestamp) -> Result<Command, Fault> {
        let at = self.at.map(|at| moment::time(&at.0).map_err(|said| Fault::at("/at", said))).transpose()?;
        let run = AgentRun {
            agent: ledger_core::approvals::AgentNo::new(0),
            model: self.model.map_or(usual.0, |model| model.0),
            at: at.unwrap_or(now),
            tokens_in: self.tokens_in,
            tokens_out: self.tokens_out,
            cost: self.cost.0,
            latency_ms: self.latency_ms,
            outcome: self.outcome.into(),
            error: text(self.error),
            confidence: self.confidence.map(|sure| sure.0),
            evidence: texts(self.evidence),
            acted_for,
            conversation: self.conversation,
        };
        let currency = self.currency.map_or(usual.1, |currency| currency.0);
        Ok(Command::Agent(Box::new(AgentCommand::Record(RecordAgentRun { agent: code, currency, run }))))
    }
}

impl NewCostBooking {
    /// The command.
    #[must_use]
    pub fn command(self) -> Command {
        Command::Agent(Box::new(AgentCommand::BookCosts {
            month: self.month.0,
            date: self.date.map(|day| day.0),
            expense: self.expense.map(Plain::account),
            accrued: self.accrued.map(Plain::account),
        }))
    }
}
