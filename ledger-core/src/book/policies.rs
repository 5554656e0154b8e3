//! Decisions about which commands need approval: what policies look at, which of them covers it, and how policies
//! themselves are set. A command's events are looked at, not the command: whatever way leads to an entry, a bill, a
//! payment or an opened period, it is seen.
//!
//! The ledger asks for somebody else's approval on its own account in two cases where no policy says otherwise: of what
//! an agent proposed, and of any change of a policy once there is one.

use rust_decimal::Decimal;

use super::{Book, Context, text};
use crate::account::AccountType;
use crate::actor::ActorKind;
use crate::approvals::{ApprovalPolicy, Facts, Mode, OnTimeout, PolicyTerms, Proposal, SourceKind, Step, Subject};
use crate::command::Command;
use crate::entry::BalancedEntry;
use crate::event::Event;
use crate::limits::{BALANCE_UNITS_MAX, ELIGIBLE_MAX, POLICIES_MAX, POLICY_STEPS_MAX, REFERENCE_BYTES_MAX};
use crate::period::{Month, PeriodStatus};
use crate::rejection::Rejection;
use crate::subledger::{DocumentKind, Side};
use crate::{Seq, Text};

/// Longest time that a step may wait, in seconds: ten years.
const DUE_MAX: u64 = 10 * 366 * 86_400;

/// Who asks for approval.
#[derive(Clone, Copy)]
pub(super) enum Need<'a> {
    /// Nobody.
    Nothing,
    /// A policy.
    Policy(&'a ApprovalPolicy),
    /// The ledger itself.
    Ledger {
        /// Whether who prepared it may approve it.
        self_approval: bool,
    },
}

impl Need<'_> {
    /// The policy's code; empty where there is none.
    pub(super) fn code(&self) -> Text {
        match self {
            Self::Policy(policy) => policy.terms.code.clone(),
            _ => Text::default(),
        }
    }
}

/// Whose approval something needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NeededApproval {
    /// The policy that asks for it and its version; none where the ledger itself does.
    pub policy: Option<(Text, u32)>,
    /// Its steps. One that names nobody is open to whoever may approve at all.
    pub steps: Vec<Step>,
    /// Whether who prepared it may approve it.
    pub self_approval: bool,
    /// Whether somebody who is not asked may approve it with a reason.
    pub allow_override: bool,
}

/// A proposal as it would be carried out now.
pub(super) struct Trial {
    pub(super) events: Vec<Event>,
    /// Which of them is what was proposed.
    pub(super) main: usize,
    pub(super) facts: Facts,
}

impl Book {
    /// Something that only people and programs without a model do.
    pub(super) fn check_person(&self, context: &Context<'_>, what: &'static str) -> Result<(), Rejection> {
        if context.actor.kind == ActorKind::Agent {
            return Err(Rejection::AgentMayNot { agent: context.actor.identity.clone(), what });
        }
        Ok(())
    }

    /// Refuses what needs approval: it is not given directly.
    pub(super) fn check_approved(&self, command: &Command, events: &[Event], context: &Context<'_>) -> Result<(), Rejection> {
        let source = match context.actor.kind {
            ActorKind::User => SourceKind::Person,
            ActorKind::Agent => SourceKind::Ai,
            ActorKind::ApiKey | ActorKind::System => SourceKind::Import,
        };
        for facts in events.iter().filter_map(|event| self.facts_of(event, events, source, None)) {
            // A year is closed by its own command, from what history says.
            if matches!(command, Command::CloseYear(_)) {
                continue;
            }
            match self.need(&facts) {
                Need::Nothing => {}
                need => return Err(Rejection::ApprovalNeeded { subject: facts.subject.as_str(), policy: need.code() }),
            }
        }
        Ok(())
    }

    /// Who asks for approval of something.
    pub(super) fn need(&self, facts: &Facts) -> Need<'_> {
        if let Some(policy) = self.covering(facts) {
            return Need::Policy(policy);
        }
        let policies = &self.governed.policies;
        match facts.subject {
            Subject::Policy if !policies.is_empty() => {
                let mut active = policies.values().filter(|policy| policy.terms.active).peekable();
                Need::Ledger { self_approval: active.peek().is_some() && active.all(|policy| policy.terms.self_approval) }
            }
            _ if facts.source == SourceKind::Ai => Need::Ledger { self_approval: false },
            _ => Need::Nothing,
        }
    }

    /// The policy that covers something: of those that hold the one of the highest rank, and of these the first by code.
    #[must_use]
    pub fn covering(&self, facts: &Facts) -> Option<&ApprovalPolicy> {
        let amount = self.display(facts.amount, super::FUNCTIONAL);
        let holds = |policy: &&ApprovalPolicy| {
            let terms = &policy.terms;
            terms.active && terms.subjects.contains(&facts.subject) && terms.when.holds(facts, amount)
        };
        self.governed.policies.values().rev().filter(holds).max_by_key(|policy| policy.terms.rank)
    }

    /// The steps by which a waiting draft would be approved now, for whoever has to say who may vote.
    ///
    /// # Errors
    /// [`Rejection`] where there is no such draft, or it could not be carried out now.
    pub fn approval_steps(&self, draft: Seq, context: &Context<'_>) -> Result<Vec<Step>, Rejection> {
        let kept = self.find_draft(draft)?;
        let trial = self.trial(&kept.content, kept.source.kind(), kept.confidence, &Context { soft_closed: true, ..*context })?;
        Ok(self.steps_of(self.need(&trial.facts)))
    }

    /// Who asks for approval of a waiting draft, as things stand; nothing where it may be carried out without.
    ///
    /// # Errors
    /// [`Rejection`] where there is no such draft, or it could not be carried out now.
    pub fn approval_needed(&self, draft: Seq, context: &Context<'_>) -> Result<Option<NeededApproval>, Rejection> {
        let kept = self.find_draft(draft)?;
        let trial = self.trial(&kept.content, kept.source.kind(), kept.confidence, &Context { soft_closed: true, ..*context })?;
        let need = self.need(&trial.facts);
        let (policy, self_approval, allow_override) = match need {
            Need::Nothing => return Ok(None),
            Need::Policy(policy) => {
                let terms = &policy.terms;
                (Some((terms.code.clone(), policy.version)), terms.self_approval, terms.allow_override)
            }
            Need::Ledger { self_approval } => (None, self_approval, false),
        };
        Ok(Some(NeededApproval { policy, steps: self.steps_of(need), self_approval, allow_override }))
    }

    pub(super) fn steps_of(&self, need: Need<'_>) -> Vec<Step> {
        match need {
            Need::Policy(policy) => policy.terms.steps.clone(),
            Need::Ledger { .. } | Need::Nothing => vec![Step::new(Mode::Single, &[])],
        }
    }

    /// Decides a proposal as if it were given now, approved or not.
    pub(super) fn trial(
        &self,
        content: &Proposal,
        source: SourceKind,
        confidence: Option<Decimal>,
        context: &Context<'_>,
    ) -> Result<Trial, Rejection> {
        let events = match content {
            Proposal::Policy(terms) => self.set_policy(terms)?,
            _ => self.ungoverned(&content.command(), context)?,
        };
        let mut places = events.iter().enumerate().filter_map(|(place, event)| {
            let facts = self.facts_of(event, &events, source, confidence)?;
            (facts.subject == content.subject()).then_some((place, facts))
        });
        let (main, facts) = places.next().ok_or(Rejection::DraftInvalid { fault: "carrying it out would not do what it is drafted as" })?;
        Ok(Trial { events, main, facts })
    }

    /// What policies look at, where an event is something that they can cover. `events` are those of its command.
    fn facts_of(&self, event: &Event, events: &[Event], source: SourceKind, confidence: Option<Decimal>) -> Option<Facts> {
        let subject = match event {
            Event::EntryPosted(_) => Subject::Entry,
            Event::DocumentRecorded { document, .. } => match (document.kind, document.side) {
                (DocumentKind::Bill | DocumentKind::ExpenseClaim, _) => Subject::Bill,
                (DocumentKind::PaymentOut, _) | (DocumentKind::Refund, Side::Receivable) => Subject::Payment,
                _ => return None,
            },
            Event::CommissionsPaidOut { .. } => Subject::Payout,
            Event::PeriodReopened { .. } => Subject::Reopening,
            Event::ApprovalPolicySet(_) => Subject::Policy,
            _ => return None,
        };
        let entry = event.entry();
        let period = match (event, entry) {
            (Event::PeriodReopened { month, .. }, _) => self.period_status(*month),
            (_, Some(entry)) => self.period_status(Month::of(entry.effective_date())),
            _ => PeriodStatus::Open,
        };
        let account_types = entry.map(|entry| self.account_types(entry, events)).unwrap_or_default();
        Some(Facts { subject, amount: entry.map_or(0, debits), account_types, source, confidence, period })
    }

    fn account_types(&self, entry: &BalancedEntry, events: &[Event]) -> Vec<AccountType> {
        let opened = |no| events.iter().find(|event| matches!(event, Event::AccountOpened(account) if account.no == no));
        let mut kinds: Vec<AccountType> = Vec::new();
        for line in entry.lines() {
            let kind = match (self.account(line.account), opened(line.account)) {
                (Some(account), _) | (None, Some(Event::AccountOpened(account))) => account.kind,
                _ => continue,
            };
            if !kinds.contains(&kind) {
                kinds.push(kind);
            }
        }
        kinds.sort_unstable();
        kinds
    }

    /// A policy as it would be set. Who may do that is not looked at here.
    pub(super) fn set_policy(&self, terms: &PolicyTerms) -> Result<Vec<Event>, Rejection> {
        check_policy(terms)?;
        let policies = &self.governed.policies;
        let known = policies.get(&terms.code);
        if known.is_some_and(|known| known.terms == *terms) {
            return Ok(Vec::new());
        }
        if known.is_none() && policies.len() >= POLICIES_MAX {
            return Err(Rejection::LimitExceeded { what: "approval policies", limit: POLICIES_MAX, found: policies.len() + 1, line: 0 });
        }
        let version = known.map_or(1, |known| known.version.saturating_add(1));
        Ok(vec![Event::ApprovalPolicySet(Box::new(ApprovalPolicy { terms: terms.clone(), version }))])
    }
}

/// The sum of an entry's debits in value; the largest amount there is where a line has no value.
fn debits(entry: &BalancedEntry) -> crate::Units {
    let values = entry.lines().iter().map(|line| line.functional.map(|value| value.max(0)));
    values.sum::<Option<crate::Units>>().map_or(BALANCE_UNITS_MAX, |sum| sum.min(BALANCE_UNITS_MAX))
}

fn check_policy(terms: &PolicyTerms) -> Result<(), Rejection> {
    text::printable("policy code", &terms.code, REFERENCE_BYTES_MAX, 0)?;
    let invalid = |fault| Err(Rejection::PolicyInvalid { policy: terms.code.clone(), fault });
    if terms.subjects.is_empty() {
        return invalid("it needs at least one subject");
    }
    if terms.when.confidence_below.is_some_and(|below| !(Decimal::ZERO..=Decimal::ONE).contains(&below)) {
        return invalid("confidence is a number from 0 to 1");
    }
    if terms.when.amount_from.is_some_and(|amount| amount.is_sign_negative()) {
        return invalid("an amount is not negative");
    }
    if !(1..=POLICY_STEPS_MAX).contains(&terms.steps.len()) {
        return invalid("it needs one to twenty steps");
    }
    for step in &terms.steps {
        if step.mode == Mode::Multiple(0) {
            return invalid("a step takes at least one approval");
        }
        let escalates = match &step.on_timeout {
            OnTimeout::Escalate { to, due } => Some((to, *due)),
            _ => None,
        };
        let waits = step.due.into_iter().chain(escalates.map(|(_, due)| due));
        if waits.into_iter().any(|due| !(1..=DUE_MAX).contains(&due)) {
            return invalid("a deadline is one second to ten years away");
        }
        if step.eligible.len() > ELIGIBLE_MAX || escalates.is_some_and(|(to, _)| to.len() > ELIGIBLE_MAX) {
            return invalid("a step names at most a thousand who may vote");
        }
        let named = step.eligible.iter().chain(escalates.into_iter().flat_map(|(to, _)| to));
        named.into_iter().try_for_each(|who| text::printable("who may vote", who, REFERENCE_BYTES_MAX, 0))?;
    }
    Ok(())
}
