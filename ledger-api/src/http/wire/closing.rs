//! What happens at a period's end: closing months and years, revaluation, recognition of what was deferred.

use ledger_core::{Command, Month};
use serde::Deserialize;
use utoipa::ToSchema;

use super::objects::only_objects;
use super::scalars::{Day, Plain};
use super::words::ClosedWord;

only_objects!(NewClose, NewReopen, NewRevaluation, NewRecognition, NewYearClose);

/// Closes a month.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, remote = "Self")]
#[schema(example = json!({"status": "hard-closed", "reason": "audited"}))]
pub struct NewClose {
    /// Softly or for good. A hard close with open points of the month's checklist is refused unless they are accepted.
    pub status: ClosedWord,
    /// Why; may not be empty where open points are accepted.
    #[serde(default)]
    pub reason: Plain,
    /// Close hard whatever the month's checklist has open.
    #[serde(default)]
    pub accept_open: bool,
}

/// Opens a closed month again.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, remote = "Self")]
#[schema(example = json!({"reason": "late invoice of a vendor"}))]
pub struct NewReopen {
    /// Why; may not be empty.
    pub reason: Plain,
}

/// Revalues foreign open items, cash and bank holdings at a day's closing rates, and turns it back on the next day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, remote = "Self")]
#[schema(example = json!({"date": "2026-03-31"}))]
pub struct NewRevaluation {
    /// The closing day.
    pub date: Day,
}

/// Recognises deferred revenue and prepaid expense up to a day. What was recognised is not recognised again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, remote = "Self")]
#[schema(example = json!({"up_to": "2026-03-31"}))]
pub struct NewRecognition {
    /// The last day.
    pub up_to: Day,
}

/// Closes a year with an entry: every balance of profit and loss goes to retained earnings.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, remote = "Self")]
#[schema(example = json!({"date": "2026-12-31", "retained_earnings": "3100"}))]
pub struct NewYearClose {
    /// The last day of the year.
    pub date: Day,
    /// Code of the equity account that takes the profit; the chart's account for retained earnings where not stated.
    pub retained_earnings: Option<Plain>,
}

impl NewClose {
    /// The closing of a month.
    #[must_use]
    pub fn of(self, month: Month) -> Command {
        Command::ClosePeriod { month, status: self.status.into(), reason: self.reason.0, accept_open: self.accept_open }
    }
}

impl NewReopen {
    /// The reopening of a month.
    #[must_use]
    pub fn of(self, month: Month) -> Command {
        Command::ReopenPeriod { month, reason: self.reason.0 }
    }
}

impl NewRevaluation {
    /// The command.
    #[must_use]
    pub fn command(self) -> Command {
        Command::Revalue { date: self.date.0 }
    }
}

impl NewRecognition {
    /// The command.
    #[must_use]
    pub fn command(self) -> Command {
        Command::RecogniseDeferrals { up_to: self.up_to.0 }
    }
}
