//! Folding events into the book. One arm per event; nothing here refuses, because it has already happened.

use super::{Book, Holding};
use crate::account::{Account, SubType};
use crate::commodity::Commodity;
use crate::entry::{BalancedEntry, Line};
use crate::event::Event;
use crate::rate::QuotedRate;

impl Book {
    /// Folds the next event of the stream.
    pub fn evolve(&mut self, event: &Event) {
        self.seq += 1;
        match event {
            Event::OrganizationCreated { org, name, functional: _, valuation } => {
                (self.org, self.name, self.valuation) = (Some(*org), name.clone(), *valuation);
            }
            Event::ActorRegistered { no, actor } => {
                self.actors.push(actor.clone());
                self.actor_index.insert(actor.clone(), *no);
            }
            Event::CommodityDefined(commodity) => self.add_commodity(commodity.clone()),
            Event::AccountOpened(account) => self.add_account(account.clone()),
            Event::AccountChanged { no, name, sub_type, parent } => self.with_account(*no, |account| {
                (account.name, account.sub_type, account.parent) = (name.clone(), *sub_type, *parent);
            }),
            Event::AccountStatusChanged { no, status, .. } => self.with_account(*no, |account| account.status = *status),
            Event::AccountConditionsSet { no, conditions } => {
                self.with_account(*no, |account| account.conditions.clone_from(conditions));
            }
            Event::AccountActivitySet { no, activity } => self.with_account(*no, |account| account.activity = *activity),
            Event::RateRecorded(rate) => self.add_rate(rate),
            Event::EntryPosted(entry) => {
                self.add_entry(entry);
                self.add_items(entry);
            }
            Event::EntryReversed { entry, .. } => {
                if let Some(original) = entry.header().reverses {
                    self.reversed.insert(original, self.seq);
                }
                self.add_entry(entry);
                self.add_items(entry);
                self.keep_agreed(event);
            }
            Event::PeriodClosed { month, status, .. } => {
                self.periods.insert(*month, *status);
            }
            Event::PeriodReopened { month, .. } => {
                self.periods.remove(month);
            }
            Event::PartyRegistered(party) => self.register_party(party),
            Event::PartyChanged(party) => self.change_registered_party(party),
            Event::ControlAccountSet { no, side } => {
                self.sub.control.insert(*no, *side);
            }
            Event::DocumentRecorded { document, entry } => {
                self.record_document(document, entry.as_ref());
                self.keep_agreed(event);
            }
            Event::ItemsAllocated { allocation, entry } => self.allocate_items(allocation, entry.as_ref()),
            Event::AllocationReversed { allocation, date, reason: _, entry } => self.undo_allocation(*allocation, *date, entry.as_ref()),
            Event::ItemsRevalued { revaluation, entry } => {
                self.sub.revaluations.insert(revaluation.date, self.seq);
                self.sub.last_revalued.add(revaluation);
                self.add_bound_entry(Some(entry));
            }
            Event::RevaluationReversed { revaluation, entry } => {
                self.reversed.insert(*revaluation, self.seq);
                self.add_bound_entry(Some(entry));
            }
            Event::DeferralsRecognised { entry, .. } => {
                self.add_bound_entry(Some(entry));
                self.keep_agreed(event);
            }
            Event::CommissionAccrued { entry, .. } | Event::CommissionClawedBack { entry, .. } => {
                self.add_bound_entry(entry.as_ref());
                self.keep_agreed(event);
            }
            Event::CommissionsPaidOut { entry, .. } => {
                self.add_bound_entry(Some(entry));
                self.add_items(entry);
                self.keep_agreed(event);
            }
            Event::DeferralScheduled(_)
            | Event::DeferralCancelled { .. }
            | Event::TaxCodeDefined(_)
            | Event::CommissionPlanDefined(_)
            | Event::CommissionAssigned(_) => self.keep_agreed(event),
            Event::AgentCostsBooked { entry, .. } => {
                self.add_bound_entry(Some(entry));
                self.keep_governed(event);
            }
            Event::AgentRegistered(_)
            | Event::AgentChanged(_)
            | Event::AgentStatusSet { .. }
            | Event::AgentRan(_)
            | Event::AutoPostingStopped { .. }
            | Event::Drafted(_)
            | Event::DraftCorrected(_)
            | Event::DraftRejected { .. }
            | Event::DraftWithdrawn { .. }
            | Event::DraftPosted(_)
            | Event::ApprovalPolicySet(_)
            | Event::ApprovalRequested(_)
            | Event::ApprovalVoted(_)
            | Event::ApprovalDelegated { .. }
            | Event::ApprovalEscalated { .. }
            | Event::ApprovalReminded { .. }
            | Event::ApprovalExpired { .. }
            | Event::ApprovalCompleted { .. }
            | Event::ApprovalInvalidated { .. }
            | Event::ApprovalOverridden { .. } => self.keep_governed(event),
        }
    }

    pub(crate) fn add_commodity(&mut self, commodity: Commodity) {
        self.commodity_index.insert(commodity.code.clone(), commodity.no);
        self.commodities.push(commodity);
    }

    pub(crate) fn add_account(&mut self, account: Account) {
        self.account_index.insert(account.code.clone(), account.no);
        if account.sub_type == SubType::Conversion
            && let Some(currency) = super::balancing::conversion_currency(&account.code, &self.commodities)
        {
            self.conversion.entry(currency).or_insert(account.no);
        }
        self.accounts.push(account);
        self.holdings.push(super::Holdings::new());
    }

    pub(crate) fn index_actors(&mut self) {
        for (index, actor) in self.actors.iter().enumerate() {
            self.actor_index.insert(actor.clone(), crate::actor::ActorNo(u32::try_from(index + 1).unwrap_or(u32::MAX)));
        }
    }

    fn with_account(&mut self, no: crate::AccountNo, change: impl FnOnce(&mut Account)) {
        if let Some(account) = self.accounts.get_mut(no.index()) {
            change(account);
        }
    }

    fn add_rate(&mut self, rate: &QuotedRate) {
        self.rates.entry((rate.base, rate.quote, rate.kind)).or_default().insert(rate.date, rate.rate);
    }

    pub(super) fn add_entry(&mut self, entry: &BalancedEntry) {
        for line in entry.lines() {
            self.add_line(line);
            if line.money.currency() != super::FUNCTIONAL {
                self.note_foreign_cash(line, entry.effective_date());
            }
        }
    }

    fn add_line(&mut self, line: &Line) {
        let Some(holdings) = self.holdings.get_mut(line.account.index()) else { return };
        let (currency, units, functional) = (line.money.currency(), line.money.units(), line.functional.unwrap_or(0));
        match holdings.iter_mut().find(|holding| holding.currency == currency) {
            Some(holding) => {
                holding.units += units;
                holding.functional += functional;
            }
            None => holdings.push(Holding { currency, units, functional }),
        }
    }
}
