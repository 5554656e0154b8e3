//! What is answered while a stream comes in: one JSON object a line.
//!
//! Whoever sends may read only after everything is sent, so telling never waits: what is told is bounded instead.

use axum::body::Bytes;
use serde::Serialize;
use tokio::sync::mpsc::UnboundedSender;
use utoipa::ToSchema;

use super::REFUSALS_TOLD_MAX;
use crate::http::Problem;
use crate::http::problem::ProblemBody;

/// One line of the answer.
#[derive(Debug, Serialize, ToSchema)]
#[serde(tag = "type", rename_all = "lowercase")]
pub enum Message {
    /// So much is durable.
    Progress(Tally),
    /// A line was refused; the others go on.
    Refused(RefusedLine),
    /// The last line of every answer.
    Summary(Summary),
}

/// How far a stream has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct Tally {
    /// Lines that were taken, blank ones left out.
    pub lines: u64,
    /// Entries that are posted and durable.
    pub posted: u64,
    /// Lines that an earlier stream under the same key brought in.
    pub already: u64,
    /// Lines that were refused.
    pub refused: u64,
    /// The last durable event.
    pub seq: u64,
}

/// A line that was refused.
#[derive(Debug, Serialize, ToSchema)]
pub struct RefusedLine {
    /// Its number, from 1.
    pub line: u64,
    /// Why.
    pub problem: ProblemBody,
}

/// How a stream ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// Everything that was sent is posted, refused or in already.
    Complete,
    /// It ended early: `problem` says why. Sent again under the same key it goes on from here.
    Failed,
}

/// What became of a stream.
#[derive(Debug, Serialize, ToSchema)]
pub struct Summary {
    /// Whether all of it was taken.
    pub outcome: Outcome,
    /// Whether it was only decided.
    pub dry_run: bool,
    /// How far it came.
    #[serde(flatten)]
    pub tally: Tally,
    /// Hash of the commit that holds the last durable event, in hexadecimal.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub hash: Option<String>,
    /// Why it ended early.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub problem: Option<ProblemBody>,
}

/// Tells the caller.
pub struct Teller {
    lines: UnboundedSender<Bytes>,
    refusals: u64,
}

impl Teller {
    /// Into the answer's body.
    #[must_use]
    pub fn new(lines: UnboundedSender<Bytes>) -> Self {
        Self { lines, refusals: 0 }
    }

    /// Tells one thing. Whoever has gone is told nothing.
    pub fn tell(&self, message: &Message) {
        let Ok(mut text) = serde_json::to_vec(message) else { return };
        text.push(b'\n');
        let _ = self.lines.send(text.into());
    }

    /// Tells a refusal, as long as there are not too many.
    pub fn refuse(&mut self, line: u64, problem: &Problem) {
        self.refusals += 1;
        if self.refusals <= REFUSALS_TOLD_MAX {
            self.tell(&Message::Refused(RefusedLine { line, problem: problem.body() }));
        }
    }
}
