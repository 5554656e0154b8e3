//! From events to what happens to requests, purely.

use chrono::{DateTime, Utc};
use ledger_core::approvals::{Requested, Vote};
use ledger_core::event::Recorded;
use ledger_core::{Event, Timestamp};

use super::rows::{Change, Row, plan};
use crate::amounts::{recorded_at, value};
use crate::chart::Chart;
use crate::error::to_i64;
use crate::evolving::Steps;
use crate::history::to_datetime;

/// What happens to requests, in the order of history.
#[derive(Clone, Debug, Default)]
pub(crate) struct Requests {
    pub(crate) steps: Steps<Row, Change>,
}

fn time(at: Timestamp) -> Result<DateTime<Utc>, String> {
    to_datetime(at).map_err(|error| error.to_string())
}

impl Requests {
    /// Adds what follows from an event.
    pub(crate) fn add(&mut self, chart: &Chart, event: &Recorded) -> Result<(), String> {
        let (request, change) = match &event.event {
            Event::ApprovalRequested(requested) => {
                self.steps.begin(to_i64(event.seq), row(chart, event, requested)?);
                return Ok(());
            }
            Event::ApprovalVoted(voted) => (voted.request, Change::Voted { approve: voted.vote == Vote::Approve, at: time(voted.at)? }),
            Event::ApprovalEscalated { request, due, .. } => (*request, Change::Overdue { due: time(*due)?, escalated: true }),
            Event::ApprovalReminded { request, due, .. } => (*request, Change::Overdue { due: time(*due)?, escalated: false }),
            Event::ApprovalExpired { request, .. } => (*request, ended(event, "expired")?),
            Event::ApprovalCompleted { request, approved } => (*request, ended(event, if *approved { "approved" } else { "rejected" })?),
            Event::ApprovalInvalidated { request, .. } => (*request, ended(event, "invalidated")?),
            Event::ApprovalOverridden { request, .. } => (*request, ended(event, "overridden")?),
            _ => return Ok(()),
        };
        self.steps.change(to_i64(request), change);
        Ok(())
    }
}

fn ended(event: &Recorded, status: &'static str) -> Result<Change, String> {
    Ok(Change::Ended { status, at: recorded_at(event)? })
}

fn row(chart: &Chart, event: &Recorded, requested: &Requested) -> Result<Row, String> {
    let at = time(requested.at)?;
    let steps = requested.steps.iter().map(|step| (step.step.mode.as_str(), step.needed, step.step.due));
    let mut row = Row {
        seq: to_i64(event.seq),
        draft_seq: to_i64(requested.draft),
        subject: requested.facts.subject.as_str().to_owned(),
        policy: requested.policy.as_ref().map(|(code, _)| code.to_string()),
        policy_version: requested.policy.as_ref().map(|(_, version)| i32::try_from(*version).unwrap_or(i32::MAX)),
        source: requested.facts.source.as_str().to_owned(),
        amount: value(chart, requested.facts.amount)?,
        requested_by: requested.by.to_string(),
        requested_at: at,
        plan: plan(steps),
        step_no: 1,
        mode: String::new(),
        needed: 0,
        given: 0,
        rejections: 0,
        escalations: 0,
        due_at: None,
        status: "pending".to_owned(),
        ended_at: None,
    };
    row.begin(1, at);
    Ok(row)
}
