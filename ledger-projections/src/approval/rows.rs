//! The rows of `read.approval`, and what changes them.

use chrono::{DateTime, TimeDelta, Utc};
use rust_decimal::Decimal;

use crate::evolving::Evolving;

/// A request as it is stored.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub(crate) struct Row {
    pub(crate) seq: i64,
    pub(crate) draft_seq: i64,
    pub(crate) subject: String,
    pub(crate) policy: Option<String>,
    pub(crate) policy_version: Option<i32>,
    pub(crate) source: String,
    pub(crate) amount: Decimal,
    pub(crate) requested_by: String,
    pub(crate) requested_at: DateTime<Utc>,
    /// All steps: see [`plan`].
    pub(crate) plan: String,
    pub(crate) step_no: i32,
    pub(crate) mode: String,
    pub(crate) needed: i32,
    pub(crate) given: i32,
    pub(crate) rejections: i32,
    pub(crate) escalations: i32,
    pub(crate) due_at: Option<DateTime<Utc>>,
    pub(crate) status: String,
    pub(crate) ended_at: Option<DateTime<Utc>>,
}

/// What happens to a request.
#[derive(Clone, Debug)]
pub(crate) enum Change {
    /// Somebody voted.
    Voted { approve: bool, at: DateTime<Utc> },
    /// It was overdue, and is asked for until then.
    Overdue { due: DateTime<Utc>, escalated: bool },
    /// It ended.
    Ended { status: &'static str, at: DateTime<Utc> },
}

/// The steps as one text: `mode/needed/seconds until overdue`, with semicolons between them.
pub(crate) fn plan<'a>(steps: impl Iterator<Item = (&'a str, u32, Option<u64>)>) -> String {
    let step =
        |(mode, needed, due): (&str, u32, Option<u64>)| format!("{mode}/{needed}/{}", due.map(|due| due.to_string()).unwrap_or_default());
    steps.map(step).collect::<Vec<_>>().join(";")
}

impl Row {
    /// Begins a step of the plan, from 1; nothing where the plan has no such step.
    pub(crate) fn begin(&mut self, step_no: i32, at: DateTime<Utc>) {
        let step = usize::try_from(step_no - 1).ok().and_then(|place| self.plan.split(';').nth(place));
        let Some((mode, rest)) = step.and_then(|step| step.split_once('/')) else { return };
        let (needed, due) = rest.split_once('/').unwrap_or((rest, ""));
        let seconds = due.parse().ok().and_then(TimeDelta::try_seconds);
        let (mode, needed) = (mode.to_owned(), needed.parse().unwrap_or(i32::MAX));
        (self.step_no, self.mode, self.needed, self.given) = (step_no, mode, needed, 0);
        self.due_at = seconds.and_then(|seconds| at.checked_add_signed(seconds));
    }
}

impl Evolving<Change> for Row {
    const WHAT: &'static str = "a request that waits";

    fn change(&mut self, change: Change) {
        match change {
            Change::Voted { approve: false, .. } => self.rejections += 1,
            Change::Voted { approve: true, at } => {
                self.given += 1;
                if self.given >= self.needed && usize::try_from(self.step_no).is_ok_and(|no| no < self.plan.split(';').count()) {
                    self.begin(self.step_no + 1, at);
                }
            }
            Change::Overdue { due, escalated } => {
                self.due_at = Some(due);
                self.escalations += i32::from(escalated);
            }
            Change::Ended { status, at } => {
                status.clone_into(&mut self.status);
                self.ended_at = Some(at);
            }
        }
    }
}
