//! The rows of `read.agent` and `read.agent_run`, and what changes agents.

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;
use uuid::Uuid;

use crate::evolving::Evolving;

/// An agent as it is stored. The key is its number.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub(crate) struct AgentRow {
    pub(crate) agent_no: i32,
    pub(crate) code: String,
    pub(crate) name: String,
    #[sqlx(rename = "type")]
    pub(crate) kind: String,
    pub(crate) model: String,
    pub(crate) currency: String,
    pub(crate) budget: Option<Decimal>,
    pub(crate) suspended: bool,
    pub(crate) stopped: bool,
}

/// What happens to an agent.
#[derive(Clone, Debug)]
pub(crate) enum Change {
    /// It is registered otherwise.
    Registered(Box<AgentRow>),
    /// It was suspended, or may work again.
    Status(bool),
    /// Nothing of it posts itself any more.
    Stopped,
}

impl Evolving<Change> for AgentRow {
    const WHAT: &'static str = "an agent that is registered";

    fn change(&mut self, change: Change) {
        match change {
            Change::Registered(row) => *self = Self { suspended: self.suspended, stopped: self.stopped, ..*row },
            Change::Status(suspended) => (self.suspended, self.stopped) = (suspended, false),
            Change::Stopped => self.stopped = true,
        }
    }
}

/// An execution as it is stored. `currency` is its agent's, filled in when it is written.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub(crate) struct Row {
    pub(crate) seq: i64,
    pub(crate) ran_at: DateTime<Utc>,
    pub(crate) agent_no: i32,
    pub(crate) model: String,
    pub(crate) tokens_in: i64,
    pub(crate) tokens_out: i64,
    pub(crate) cost: Decimal,
    pub(crate) currency: String,
    pub(crate) latency_ms: i64,
    pub(crate) outcome: String,
    pub(crate) error: Option<String>,
    pub(crate) confidence: Option<Decimal>,
    pub(crate) acted_for: Option<String>,
    pub(crate) conversation: Option<Uuid>,
}
