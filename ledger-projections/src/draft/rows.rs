//! The rows of `read.draft`, and what changes them.

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;

use crate::evolving::Evolving;

/// A draft as it is stored.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub(crate) struct Row {
    pub(crate) seq: i64,
    pub(crate) drafted_at: DateTime<Utc>,
    pub(crate) subject: String,
    pub(crate) subject_no: String,
    pub(crate) source: String,
    pub(crate) agent_no: Option<i32>,
    pub(crate) model: Option<String>,
    pub(crate) actor_no: i32,
    pub(crate) proposed_by: String,
    pub(crate) acted_for: Option<String>,
    pub(crate) business: String,
    pub(crate) confidence: Option<Decimal>,
    pub(crate) rationale: String,
    pub(crate) amount: Decimal,
    pub(crate) hash: String,
    pub(crate) corrections: i32,
    pub(crate) request_seq: Option<i64>,
    pub(crate) status: String,
    pub(crate) decided_at: Option<DateTime<Utc>>,
    pub(crate) decided_by: Option<String>,
    pub(crate) reason: Option<String>,
    pub(crate) posted_seq: Option<i64>,
    pub(crate) route: Option<String>,
    pub(crate) four_eyes: Option<bool>,
}

/// What happens to a draft.
#[derive(Clone, Debug)]
pub(crate) enum Change {
    /// Somebody corrected it.
    Corrected { subject_no: String, amount: Decimal, hash: String },
    /// Approval was requested.
    Requested(i64),
    /// It was rejected or withdrawn.
    Ended { status: &'static str, at: DateTime<Utc>, by: String, reason: String },
    /// It was carried out.
    Posted { at: DateTime<Utc>, seq: i64, route: &'static str, four_eyes: bool, by: Option<String> },
}

impl Evolving<Change> for Row {
    const WHAT: &'static str = "a draft that waits";

    fn change(&mut self, change: Change) {
        match change {
            Change::Corrected { subject_no, amount, hash } => {
                (self.subject_no, self.amount, self.hash) = (subject_no, amount, hash);
                self.corrections += 1;
            }
            Change::Requested(seq) => self.request_seq = Some(seq),
            Change::Ended { status, at, by, reason } => {
                status.clone_into(&mut self.status);
                (self.decided_at, self.decided_by, self.reason) = (Some(at), Some(by), Some(reason));
            }
            Change::Posted { at, seq, route, four_eyes, by } => {
                "posted".clone_into(&mut self.status);
                (self.decided_at, self.decided_by, self.posted_seq) = (Some(at), by, Some(seq));
                (self.route, self.four_eyes) = (Some(route.to_owned()), Some(four_eyes));
            }
        }
    }
}
