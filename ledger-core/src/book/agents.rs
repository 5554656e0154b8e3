//! Decisions about agents: what they are, what running them costs, and when that is booked.
//!
//! A budget stops what has not happened yet: an agent whose month is spent may not begin, nor draft. What a run has
//! cost was spent whatever the budget says, so recording it is never refused for that.

use chrono::NaiveDate;
use rust_decimal::Decimal;

use super::drafts::{check_confidence, check_references, check_time, month_of};
use super::plan::Plan;
use super::{Book, Context, FUNCTIONAL, KeptAgent, text};
use crate::account::AccountNo;
use crate::actor::ActorKind;
use crate::approvals::{Agent, AgentNo, AgentRun, Autonomy, Cost};
use crate::command::{AgentCommand, DefineAgent, RecordAgentRun};
use crate::draft::{AccountRef, DraftEntry, DraftLine};
use crate::event::Event;
use crate::limits::{AGENTS_MAX, DESCRIPTION_BYTES_MAX, NAME_BYTES_MAX, REFERENCE_BYTES_MAX};
use crate::money::decimal_of;
use crate::period::Month;
use crate::rejection::Rejection;
use crate::{Text, Timestamp};

/// Most decisions that a circuit breaker looks back on.
const WINDOW_MAX: u32 = 10_000;

impl Book {
    pub(super) fn decide_agent(&self, command: &AgentCommand, context: &Context<'_>) -> Result<Vec<Event>, Rejection> {
        match command {
            AgentCommand::Define(define) => {
                self.check_person(context, "register agents")?;
                self.define_agent(define)
            }
            AgentCommand::SetStatus { agent, suspended, reason } => {
                self.check_person(context, "suspend agents or let them work")?;
                let kept = self.known_agent(agent, context)?;
                text::printable("reason", reason, DESCRIPTION_BYTES_MAX, 0)?;
                if kept.suspended == *suspended && !kept.stopped {
                    return Ok(Vec::new());
                }
                Ok(vec![Event::AgentStatusSet { agent: kept.agent.no, suspended: *suspended, reason: reason.clone() }])
            }
            AgentCommand::Begin { agent, at, estimate } => {
                check_time(*at)?;
                let kept = self.working_agent(agent, context)?;
                self.check_budget(kept, *at, *estimate).map(|()| Vec::new())
            }
            AgentCommand::Record(record) => self.record_run(record, context),
            AgentCommand::BookCosts { month, date, expense, accrued } => {
                self.check_person(context, "book its own costs")?;
                self.book_costs(*month, *date, (expense.as_ref(), accrued.as_ref()), context)
            }
        }
    }

    /// A registered agent. An agent speaks for itself only.
    pub(super) fn known_agent(&self, code: &Text, context: &Context<'_>) -> Result<&KeptAgent, Rejection> {
        if context.actor.kind == ActorKind::Agent && context.actor.identity != *code {
            return Err(Rejection::AgentMayNot { agent: context.actor.identity.clone(), what: "speak for another agent" });
        }
        self.agent_by_code(code).ok_or_else(|| Rejection::AgentUnknown { agent: code.clone() })
    }

    /// What is left of a budget in the month of a point in time; nothing where there is no budget.
    #[must_use]
    pub fn budget_left(&self, agent: &str, at: Timestamp) -> Option<Decimal> {
        let kept = self.agent_by_code(agent)?;
        Some(kept.agent.budget? - kept.spent_in(month_of(at)).decimal())
    }

    /// Whether the month's budget allows for more: for an estimate all of it, without one anything at all.
    pub(super) fn check_budget(&self, kept: &KeptAgent, at: Timestamp, estimate: Option<Decimal>) -> Result<(), Rejection> {
        let Some(budget) = kept.agent.budget else { return Ok(()) };
        let month = month_of(at);
        let invalid = || Rejection::AgentInvalid { agent: kept.agent.code.clone(), fault: COST_FAULT };
        let expected = estimate.map(|estimate| Cost::of(estimate).ok_or_else(invalid)).transpose()?;
        let spent = Cost(kept.spent_in(month).0 + expected.unwrap_or_default().0).decimal();
        let over = if expected.is_some_and(|cost| cost.0 > 0) { spent > budget } else { spent >= budget };
        if over { Err(Rejection::AgentOverBudget { agent: kept.agent.code.clone(), month, budget, spent }) } else { Ok(()) }
    }

    fn define_agent(&self, define: &DefineAgent) -> Result<Vec<Event>, Rejection> {
        let invalid = |fault| Rejection::AgentInvalid { agent: define.code.clone(), fault };
        text::printable("agent code", &define.code, NAME_BYTES_MAX, 0)?;
        text::bounded("name", &define.name, NAME_BYTES_MAX, 0)?;
        text::printable("model", &define.model, NAME_BYTES_MAX, 0)?;
        text::bounded("configuration", &define.configuration, DESCRIPTION_BYTES_MAX, 0)?;
        check_references("capabilities", &define.capabilities)?;
        check_references("tools", &define.tools)?;
        check_references("kinds for people", &define.autonomy.always_people)?;
        autonomy_fault(&define.autonomy).map_or(Ok(()), |fault| Err(invalid(fault)))?;
        if define.budget.is_some_and(|budget| Cost::of(budget).is_none()) {
            return Err(invalid("a budget is not negative, at most a billion, and has at most 12 digits after the point"));
        }
        let known = self.agent_by_code(&define.code);
        let currency = self.currency_for(Some(&define.currency), FUNCTIONAL)?;
        if known.is_some_and(|known| known.agent.currency != currency.no && !known.spent.is_empty()) {
            return Err(invalid("its currency stays once it has cost something: register another agent"));
        }
        let account = |account: &Option<AccountRef>| account.as_ref().map(|account| self.cost_account(account)).transpose();
        let count = self.governed.agents.len();
        if known.is_none() && count >= AGENTS_MAX {
            return Err(Rejection::LimitExceeded { what: "agents", limit: AGENTS_MAX, found: count + 1, line: 0 });
        }
        let agent = Agent {
            no: known.map_or_else(|| AgentNo::new(u32::try_from(count + 1).unwrap_or(u32::MAX)), |known| known.agent.no),
            code: define.code.clone(),
            name: if define.name.is_empty() { define.code.clone() } else { define.name.clone() },
            kind: define.kind,
            model: define.model.clone(),
            configuration: define.configuration.clone(),
            capabilities: define.capabilities.clone(),
            tools: define.tools.clone(),
            autonomy: define.autonomy.clone(),
            currency: currency.no,
            budget: define.budget,
            expense: account(&define.expense)?,
            accrued: account(&define.accrued)?,
        };
        let event = match known {
            Some(known) if known.agent == agent => return Ok(Vec::new()),
            Some(_) => Event::AgentChanged(Box::new(agent)),
            None => Event::AgentRegistered(Box::new(agent)),
        };
        Ok(currency.definition().into_iter().chain([event]).collect())
    }

    /// An account that takes costs: no control account, because costs have no document.
    fn cost_account(&self, account: &AccountRef) -> Result<AccountNo, Rejection> {
        let found = self.find(account, 0)?;
        match self.control(found.no) {
            Some(side) => Err(Rejection::ControlDiffers { account: found.code.clone(), side: side.as_str() }),
            None => self.posting_account(found, 0),
        }
    }

    fn record_run(&self, record: &RecordAgentRun, context: &Context<'_>) -> Result<Vec<Event>, Rejection> {
        let kept = self.known_agent(&record.agent, context)?;
        let run = &record.run;
        let invalid = |fault| Rejection::AgentInvalid { agent: record.agent.clone(), fault };
        check_time(run.at)?;
        text::printable("model", &run.model, NAME_BYTES_MAX, 0)?;
        let texts = [("error", &run.error, DESCRIPTION_BYTES_MAX), ("person acted for", &run.acted_for, REFERENCE_BYTES_MAX)];
        for (what, value, limit) in texts {
            value.as_ref().map_or(Ok(()), |value| text::printable(what, value, limit, 0))?;
        }
        check_confidence(run.confidence)?;
        check_references("evidence references", &run.evidence)?;
        if self.commodity(kept.agent.currency).is_none_or(|currency| currency.code != record.currency) {
            return Err(invalid("its costs are stated in its own currency"));
        }
        if Cost::of(run.cost).is_none() {
            return Err(invalid(COST_FAULT));
        }
        Ok(vec![Event::AgentRan(Box::new(AgentRun { agent: kept.agent.no, ..run.clone() }))])
    }

    fn book_costs(
        &self,
        month: Month,
        date: Option<NaiveDate>,
        (expense, accrued): (Option<&AccountRef>, Option<&AccountRef>),
        context: &Context<'_>,
    ) -> Result<Vec<Event>, Rejection> {
        text::date(month.first_day(), 0)?;
        let last_day = month.next().first_day().pred_opt().unwrap_or(NaiveDate::MAX);
        let mut plan = Plan::new(self, context);
        for kept in &self.governed.agents {
            let agent = &kept.agent;
            let Some(currency) = self.commodity(agent.currency) else { continue };
            let waiting: i128 = kept.unbooked.range(..=month).map(|(_, cost)| cost.0).sum();
            let (units, rest) = Cost(waiting + kept.carried.0).split(currency.scale);
            if units == 0 {
                continue;
            }
            let missing = || Rejection::AgentInvalid {
                agent: agent.code.clone(),
                fault: "it has no accounts for its costs, and none are named to book them on",
            };
            let account = |own: Option<AccountNo>, otherwise: Option<&AccountRef>| match (own, otherwise) {
                (Some(own), _) => Ok(AccountRef::No(own)),
                (None, Some(named)) => self.cost_account(named).map(AccountRef::No),
                (None, None) => Err(missing()),
            };
            let day = match date {
                Some(date) => date,
                None => self.first_open_day(last_day, context.soft_closed)?,
            };
            let line = |account, units| DraftLine::new(account, decimal_of(units, currency.scale), &currency.code);
            let lines = vec![line(account(agent.expense, expense)?, units), line(account(agent.accrued, accrued)?, -units)];
            let draft = DraftEntry::new(day, &format!("usage of {} up to {month}", agent.code), lines);
            let (fresh, entry) = self.post(&draft, None, context.soft_closed, plan.lines())?;
            plan.define(fresh);
            let carried = rest.decimal();
            plan.post_bound(Event::AgentCostsBooked { agent: agent.no, month, booked: units, carried, entry });
        }
        let events = plan.into_events();
        if events.is_empty() { Err(Rejection::NothingToBook { month }) } else { Ok(events) }
    }
}

/// What is wrong with a cost.
const COST_FAULT: &str = "a cost is not negative, at most a billion, and has at most 12 digits after the point";

fn autonomy_fault(autonomy: &Autonomy) -> Option<&'static str> {
    let between = |value: Decimal, most| (Decimal::ZERO..=most).contains(&value) && value.scale() <= 6;
    if !between(autonomy.confidence, Decimal::ONE) {
        return Some("confidence is a number from 0 to 1 with at most 6 digits after the point");
    }
    if !between(autonomy.sample_percent, Decimal::ONE_HUNDRED) || !between(autonomy.rejected_percent, Decimal::ONE_HUNDRED) {
        return Some("a percentage is a number from 0 to 100 with at most 6 digits after the point");
    }
    if autonomy.cap.is_sign_negative() {
        return Some("a cap is not negative");
    }
    if !(1..=WINDOW_MAX).contains(&autonomy.window) {
        return Some("the window has one to ten thousand decisions");
    }
    (autonomy.auto_post && autonomy.approvals == 0).then_some("a pattern posts itself after people approved it at least once")
}
