//! Which commands need whose approval.

use rust_decimal::Decimal;

use super::{SourceKind, Subject};
use crate::Text;
use crate::account::AccountType;
use crate::money::Units;
use crate::period::PeriodStatus;

/// How the votes of a step count. The number needed is fixed when approval is requested.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Mode {
    /// The first vote decides.
    Single,
    /// So many approve.
    Multiple(u32),
    /// Everybody approves; one rejection ends it.
    Unanimous,
    /// More than half of those who may vote approve.
    Majority,
    /// As by majority, but one rejection ends it.
    Veto,
}

impl Mode {
    /// The word used in files and reports.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Single => "single",
            Self::Multiple(_) => "multiple",
            Self::Unanimous => "unanimous",
            Self::Majority => "majority",
            Self::Veto => "veto",
        }
    }

    /// How many approvals it takes where so many may vote.
    #[must_use]
    pub const fn needed(self, eligible: u32) -> u32 {
        match self {
            Self::Single => 1,
            Self::Multiple(count) => count,
            Self::Unanimous => eligible,
            Self::Majority | Self::Veto => eligible / 2 + 1,
        }
    }
}

/// What happens when a step is not decided in time. Time alone never approves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OnTimeout {
    /// Others may vote as well, once; the number needed stays. When that is overdue too, the request expires.
    Escalate {
        /// Who, in the organization's words (roles, groups, people); whoever reports the deadline says who that is.
        to: Vec<Text>,
        /// Seconds until that is overdue.
        due: u64,
    },
    /// The request expires: the draft stays what it is, not approved.
    Reject,
    /// It is asked again, as often as it takes.
    Remind,
}

/// One step of a policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// How votes count.
    pub mode: Mode,
    /// Who may vote, in the organization's words; whoever requests approval says who that is.
    pub eligible: Vec<Text>,
    /// The least assurance with which a voter must have signed in.
    pub min_aal: u8,
    /// Seconds until it is overdue; never where not given.
    pub due: Option<u64>,
    /// What happens then.
    pub on_timeout: OnTimeout,
}

impl Step {
    /// A step without a deadline.
    #[must_use]
    pub fn new(mode: Mode, eligible: &[&str]) -> Self {
        let eligible = eligible.iter().map(|who| Text::from(*who)).collect();
        Self { mode, eligible, min_aal: 0, due: None, on_timeout: OnTimeout::Remind }
    }
}

/// When a policy holds: all that is given must be so, and what is not given does not matter.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Predicate {
    /// The sum of debits in the functional currency is at least this.
    pub amount_from: Option<Decimal>,
    /// A line is on an account of one of these types.
    pub account_types: Vec<AccountType>,
    /// It comes from one of these.
    pub sources: Vec<SourceKind>,
    /// Its source is less certain than this; an agent that does not say counts as not certain at all.
    pub confidence_below: Option<Decimal>,
    /// The period that it counts in, or that is to be opened, has one of these states.
    pub periods: Vec<PeriodStatus>,
}

/// What a policy looks at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Facts {
    /// What it is.
    pub subject: Subject,
    /// The sum of its debits, in minor units of the functional currency.
    pub amount: Units,
    /// The types of the accounts that it touches, each once, in order.
    pub account_types: Vec<AccountType>,
    /// Who proposed it.
    pub source: SourceKind,
    /// How certain its source is.
    pub confidence: Option<Decimal>,
    /// The state of its period.
    pub period: PeriodStatus,
}

impl Predicate {
    /// Whether it holds; `amount` is that of the facts in the functional currency.
    #[must_use]
    pub fn holds(&self, facts: &Facts, amount: Decimal) -> bool {
        let certain = |below: Decimal| match facts.confidence {
            Some(confidence) => confidence >= below,
            None => facts.source != SourceKind::Ai,
        };
        self.amount_from.is_none_or(|from| amount >= from)
            && (self.account_types.is_empty() || self.account_types.iter().any(|kind| facts.account_types.contains(kind)))
            && (self.sources.is_empty() || self.sources.contains(&facts.source))
            && !self.confidence_below.is_some_and(certain)
            && (self.periods.is_empty() || self.periods.contains(&facts.period))
    }
}

/// What somebody asks a policy to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyTerms {
    /// Its code, unique in the organization.
    pub code: Text,
    /// What it is about; one or more.
    pub subjects: Vec<Subject>,
    /// When it holds.
    pub when: Predicate,
    /// Its steps, one after the other; one or more.
    pub steps: Vec<Step>,
    /// Where several hold, the one of the highest rank decides; of one rank, the first by code.
    pub rank: u32,
    /// Whether who prepared it, or was acted for, may approve it. It is marked then: not seen by four eyes.
    pub self_approval: bool,
    /// Whether somebody who is not asked may approve it with a reason.
    pub allow_override: bool,
    /// Whether it holds at all.
    pub active: bool,
}

impl PolicyTerms {
    /// A policy about something, always.
    #[must_use]
    pub fn new(code: &str, subject: Subject, steps: Vec<Step>) -> Self {
        Self {
            code: code.into(),
            subjects: vec![subject],
            when: Predicate::default(),
            steps,
            rank: 0,
            self_approval: false,
            allow_override: false,
            active: true,
        }
    }
}

/// A policy in a version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApprovalPolicy {
    /// What it says.
    pub terms: PolicyTerms,
    /// How often it was set, from 1.
    pub version: u32,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quorums() {
        let cases = [
            (Mode::Single, 5, 1),
            (Mode::Multiple(2), 5, 2),
            (Mode::Unanimous, 5, 5),
            (Mode::Majority, 1, 1),
            (Mode::Majority, 2, 2),
            (Mode::Majority, 4, 3),
            (Mode::Majority, 5, 3),
            (Mode::Veto, 5, 3),
        ];
        for (mode, eligible, needed) in cases {
            assert_eq!(mode.needed(eligible), needed, "{mode:?} of {eligible}");
        }
    }
}
