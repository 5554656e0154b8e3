//! Approval policies: what needs whose approval.

use ledger_core::Text;
use ledger_core::approvals::{Mode, OnTimeout, PolicyTerms, Predicate, Step};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::body::Fault;
use super::objects::only_objects;
use super::scalars::{Magnitude, Plain, Rate};
use super::words::{AccountTypeWord, PeriodStatusWord, SourceWord, SubjectWord, read_words};
use crate::http::review::eligible::Who;

only_objects!(NewPolicy, NewPredicate, NewStep);

/// What an approval policy is from now on, as a whole.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, remote = "Self")]
#[schema(example = json!({
    "code": "large-entries", "subjects": ["entry"], "when": {"amount_from": "10000.00"},
    "steps": [{"mode": "single", "eligible": ["role:approver"], "due_seconds": 86400, "on_timeout": "escalate", "escalate_to": ["role:owner"]}]
}))]
pub struct NewPolicy {
    /// Its code. Where the path says it, it may be left out.
    pub code: Option<Plain>,
    /// What it is about.
    #[schema(min_items = 1)]
    pub subjects: Vec<SubjectWord>,
    /// When it holds; always where not given.
    pub when: Option<NewPredicate>,
    /// Its steps, one after the other.
    #[schema(min_items = 1, max_items = 20)]
    pub steps: Vec<NewStep>,
    /// Where several hold, the one of the highest rank decides, and of one rank the first by code.
    #[serde(default)]
    pub rank: u32,
    /// Whether who prepared something may approve it. It is marked then: not seen by four eyes.
    #[serde(default)]
    pub self_approval: bool,
    /// Whether somebody who is not asked may approve with a reason.
    #[serde(default)]
    pub allow_override: bool,
    /// Whether it holds at all; true where not given.
    pub active: Option<bool>,
}

/// When a policy holds: all that is given must be so.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, remote = "Self")]
pub struct NewPredicate {
    /// The sum of debits in the functional currency is at least this.
    pub amount_from: Option<Magnitude>,
    /// A line is on an account of one of these types.
    #[serde(default)]
    pub account_types: Vec<AccountTypeWord>,
    /// It comes from one of these.
    #[serde(default)]
    pub sources: Vec<SourceWord>,
    /// Its source is less certain than this, 0 to 1.
    pub confidence_below: Option<Rate>,
    /// The period that it counts in, or that is to be opened, has one of these states.
    #[serde(default)]
    pub periods: Vec<PeriodStatusWord>,
}

/// One step of a policy.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, remote = "Self")]
pub struct NewStep {
    /// How votes count.
    pub mode: ModeWord,
    /// With `multiple`: how many approvals it takes.
    #[schema(minimum = 1)]
    pub count: Option<u32>,
    /// Who may vote: `role:` with a built-in role or the code of a custom one, `user:` with a member's id, `workspace:` with
    /// the code of one that a member is limited to. Of these, members who have the permission `approvals:approve`; all who
    /// have it where nobody is named.
    #[serde(default)]
    #[schema(max_items = 1000)]
    pub eligible: Vec<Plain>,
    /// The least assurance with which a voter must have signed in: 2 is a second factor.
    #[serde(default)]
    pub min_aal: u8,
    /// Seconds until it is overdue; never where not given.
    pub due_seconds: Option<u64>,
    /// What happens then; `remind` where not given.
    pub on_timeout: Option<TimeoutWord>,
    /// With `escalate`: who may vote as well, in the words of `eligible`.
    #[serde(default)]
    #[schema(max_items = 1000)]
    pub escalate_to: Vec<Plain>,
    /// With `escalate`: seconds until that is overdue; `due_seconds` again where not given.
    pub escalate_due_seconds: Option<u64>,
}

/// How the votes of a step count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum ModeWord {
    /// The first vote decides.
    Single,
    /// So many approve.
    Multiple,
    /// Everybody approves; one rejection ends it.
    Unanimous,
    /// More than half of those who may vote approve.
    Majority,
    /// As by majority, but one rejection ends it.
    Veto,
}

read_words!(ModeWord { Single = "single", Multiple = "multiple", Unanimous = "unanimous", Majority = "majority", Veto = "veto" });

/// What happens when a step is not decided in time. Time alone never approves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum TimeoutWord {
    /// Others may vote as well, once.
    Escalate,
    /// The request expires.
    Reject,
    /// It is asked again.
    Remind,
}

read_words!(TimeoutWord { Escalate = "escalate", Reject = "reject", Remind = "remind" });

fn words<A: Into<B>, B>(list: Vec<A>) -> Vec<B> {
    list.into_iter().map(Into::into).collect()
}

/// Who may vote, in words that can be read.
fn who(list: Vec<Plain>, at: &str) -> Result<Vec<Text>, Fault> {
    let read = |(place, word): (usize, Plain)| match Who::parse(&word.0) {
        Some(_) => Ok(word.0),
        None => Err(Fault::at(format!("{at}/{place}"), "expected role:ROLE, user:ID or workspace:CODE")),
    };
    list.into_iter().enumerate().map(read).collect()
}

impl NewStep {
    fn step(self, no: usize) -> Result<Step, Fault> {
        let at = format!("/steps/{no}");
        let mode = match (self.mode, self.count) {
            (ModeWord::Multiple, Some(count)) => Mode::Multiple(count),
            (ModeWord::Multiple, None) => return Err(Fault::at(format!("{at}/count"), "says how many approvals it takes")),
            (_, Some(_)) => return Err(Fault::at(format!("{at}/count"), "goes with the mode multiple only")),
            (ModeWord::Single, None) => Mode::Single,
            (ModeWord::Unanimous, None) => Mode::Unanimous,
            (ModeWord::Majority, None) => Mode::Majority,
            (ModeWord::Veto, None) => Mode::Veto,
        };
        let escalates = self.on_timeout == Some(TimeoutWord::Escalate);
        if !escalates && (!self.escalate_to.is_empty() || self.escalate_due_seconds.is_some()) {
            return Err(Fault::at(format!("{at}/escalate_to"), "goes with \"on_timeout\": \"escalate\" only"));
        }
        if escalates && self.escalate_to.is_empty() {
            return Err(Fault::at(format!("{at}/escalate_to"), "says who may vote as well"));
        }
        if self.on_timeout.is_some() && self.due_seconds.is_none() {
            return Err(Fault::at(format!("{at}/due_seconds"), "says when it is overdue"));
        }
        let on_timeout = match self.on_timeout {
            Some(TimeoutWord::Escalate) => OnTimeout::Escalate {
                to: who(self.escalate_to, &format!("{at}/escalate_to"))?,
                due: self.escalate_due_seconds.or(self.due_seconds).unwrap_or_default(),
            },
            Some(TimeoutWord::Reject) => OnTimeout::Reject,
            Some(TimeoutWord::Remind) | None => OnTimeout::Remind,
        };
        let eligible = who(self.eligible, &format!("{at}/eligible"))?;
        Ok(Step { mode, eligible, min_aal: self.min_aal, due: self.due_seconds, on_timeout })
    }
}

impl NewPolicy {
    /// What is asked for; `code` is what the path says.
    ///
    /// # Errors
    /// [`Fault`] where words do not go together.
    pub fn terms(self, code: Option<Text>) -> Result<PolicyTerms, Fault> {
        let code = match (self.code, code) {
            (Some(own), Some(path)) if own.0 != path => return Err(Fault::at("/code", "is another than the path's: leave it out")),
            (_, Some(code)) | (Some(Plain(code)), None) => code,
            (None, None) => return Err(Fault::at("/code", "names the policy")),
        };
        let when = self.when.unwrap_or_default();
        Ok(PolicyTerms {
            code,
            subjects: words(self.subjects),
            when: Predicate {
                amount_from: when.amount_from.map(|amount| amount.0),
                account_types: words(when.account_types),
                sources: words(when.sources),
                confidence_below: when.confidence_below.map(|below| below.0),
                periods: words(when.periods),
            },
            steps: self.steps.into_iter().enumerate().map(|(no, step)| step.step(no)).collect::<Result<_, _>>()?,
            rank: self.rank,
            self_approval: self.self_approval,
            allow_override: self.allow_override,
            active: self.active.unwrap_or(true),
        })
    }
}
