//! Decisions about commissions: who earns on what, accrued on an invoice when it is issued or as far as it is paid,
//! taken back when it is credited, and payable as an open item of the payee. What is earned without being asked for
//! is in `accruing`.
//!
//! One formula serves both triggers: what an invoice's accruals stand on may not exceed what it is still good for,
//! its net less what was credited. So a credit of the unpaid part takes nothing back that was earned on cash.

use std::collections::BTreeMap;

use chrono::NaiveDate;

use super::accruing::Earner;
use super::plan::Plan;
use super::{Book, Context, FUNCTIONAL, KeptAccrual, text};
use crate::account::AccountNo;
use crate::command::{AccrueCommission, AssignCommission, PayOutCommissions};
use crate::commodity::CommodityNo;
use crate::draft::{AccountRef, DraftDetail, DraftEntry, DraftLine};
use crate::entry::BalancedEntry;
use crate::event::Event;
use crate::limits::REFERENCE_BYTES_MAX;
use crate::money::{Units, decimal_of};
use crate::rejection::Rejection;
use crate::rounding::split;
use crate::subledger::commission::{Trigger, claw_back};
use crate::subledger::{ClawBack, CommissionAssignment, DocumentKind, PartyNo, Payout, Side};
use crate::{Seq, Text};

impl Book {
    pub(super) fn assign_commission(&self, assign: &AssignCommission) -> Result<Vec<Event>, Rejection> {
        [Some(assign.from), assign.to].into_iter().flatten().try_for_each(|date| text::date(date, 0))?;
        let payee = self.find_party(&assign.payee, 0)?.no;
        let customer = assign.customer.as_ref().map(|code| self.find_party(code, 0)).transpose()?.map(|party| party.no);
        let no_plan = || Rejection::PlanUnknown { plan: assign.plan.clone(), date: assign.from };
        let plan = self.commission_plan(&assign.plan).ok_or_else(no_plan)?.code.clone();
        if assign.to.is_some_and(|to| to < assign.from) {
            return Err(Rejection::PlanInvalid { plan, fault: "an assignment may not end before it begins" });
        }
        let assignment = CommissionAssignment { plan, payee, customer, from: assign.from, to: assign.to };
        if self.commission_assignments().any(|known| *known == assignment) {
            return Ok(Vec::new());
        }
        Ok(vec![Event::CommissionAssigned(Box::new(assignment))])
    }

    pub(super) fn accrue_commission(&self, accrue: &AccrueCommission, context: &Context<'_>) -> Result<Vec<Event>, Rejection> {
        let unknown = || Rejection::DocumentUnknown { number: accrue.invoice.clone() };
        let payee = self.find_party(&accrue.payee, 0)?;
        let seq = self.document(DocumentKind::Invoice, None, &accrue.invoice).ok_or_else(unknown)?;
        let mut steps = Plan::new(self, context);
        let mut earning = steps.earning();
        let facts = steps.facts(&earning, seq).ok_or_else(unknown)?;
        let no_plan = || Rejection::PlanUnknown { plan: accrue.plan.clone(), date: facts.date };
        let plan = self.commission_plan(&accrue.plan).ok_or_else(no_plan)?;
        let earner = Earner { plan, rule: plan.rule_on(facts.date).ok_or_else(no_plan)?, payee: payee.no };
        let date = match (accrue.date, plan.trigger) {
            (None, Trigger::Cash) => self.first_open_day(steps.last_payment(seq).unwrap_or(facts.date), context.soft_closed)?,
            (stated, _) => steps.date_from(stated, facts.date)?,
        };
        steps.accrue(&mut earning, (seq, &facts), earner, date)?;
        Ok(steps.into_events())
    }

    /// What the accruals of a plan and payee on a document stand on, less what was credited of it.
    pub(super) fn stands_on(&self, document: Seq, plan: &str, payee: PartyNo) -> Units {
        let of_plan = |kept: &&KeptAccrual| kept.accrual.plan == plan && kept.accrual.payee == payee;
        self.accruals_of(document).map(|(_, kept)| kept).filter(of_plan).map(|kept| kept.accrual.base - kept.credited).sum()
    }

    pub(super) fn pay_out_commissions(&self, pay: &PayOutCommissions, context: &Context<'_>) -> Result<Vec<Event>, Rejection> {
        text::printable("number", &pay.number, REFERENCE_BYTES_MAX, 0)?;
        let payee = self.find_party(&pay.payee, 0)?;
        let control = self.control_for(payee, Side::Payable, None)?;
        let currency = self.currency_for(pay.currency.as_ref(), FUNCTIONAL)?;
        if let Some((id, _)) = self.items_of(payee.no, &pay.number).next() {
            return Err(Rejection::DocumentNumberTaken { kind: "payout", number: pay.number.clone(), seq: id.seq });
        }
        let owed = self.accruals().filter(|(_, kept)| {
            (kept.accrual.payee, kept.accrual.currency) == (payee.no, currency.no) && kept.accrual.date <= pay.date && kept.owed() != 0
        });
        let owed: Vec<(Seq, &KeptAccrual)> = owed.collect();
        let total: Units = owed.iter().map(|(_, kept)| kept.owed()).sum();
        if total <= 0 {
            return Err(Rejection::NothingToPay { payee: payee.code.clone() });
        }
        let mut by_account: BTreeMap<AccountNo, Units> = BTreeMap::new();
        owed.iter().for_each(|(_, kept)| *by_account.entry(kept.accrual.accrued).or_default() += kept.owed());
        let line = |account, units| DraftLine::new(AccountRef::No(account), decimal_of(units, currency.scale), &currency.code);
        let due = payee.terms.instalments(total, pay.date).last().map_or(pay.date, |part| part.due);
        let detail = DraftDetail {
            party: Some(payee.code.clone()),
            document: Some(pay.number.clone()),
            due_date: Some(due),
            ..DraftDetail::default()
        };
        let mut lines = vec![DraftLine { detail: Some(Box::new(detail)), ..line(control, -total) }];
        lines.extend(by_account.into_iter().filter(|(_, units)| *units != 0).map(|(account, units)| line(account, units)));
        let draft = DraftEntry::new(pay.date, &format!("commissions of {}", payee.code), lines);
        let mut plan = Plan::new(self, context);
        let (fresh, entry) = self.post(&draft, None, context.soft_closed, &[])?;
        plan.define(fresh);
        let parts = owed.iter().map(|(seq, kept)| (*seq, kept.owed())).collect();
        let payout = Payout { payee: payee.no, number: pay.number.clone(), date: pay.date, parts };
        plan.post(Event::CommissionsPaidOut { payout: Box::new(payout), entry });
        Ok(plan.into_events())
    }
}

impl Plan<'_> {
    /// Takes commissions back that stand on more than a document is good for, as `allowed` says for each plan; plans
    /// of which it says nothing stay.
    pub(super) fn claw_back(
        &mut self,
        (document, number): (Seq, &str),
        by: Seq,
        date: NaiveDate,
        allowed: impl Fn(&str) -> Option<Units>,
    ) -> Result<(), Rejection> {
        let book = self.book;
        let mut groups: BTreeMap<(Text, PartyNo), Vec<(Seq, &KeptAccrual)>> = BTreeMap::new();
        for (seq, kept) in book.accruals_of(document) {
            groups.entry((kept.accrual.plan.clone(), kept.accrual.payee)).or_default().push((seq, kept));
        }
        for ((plan, _), accruals) in groups {
            let standing: Vec<Units> = accruals.iter().map(|(_, kept)| kept.accrual.base - kept.credited).collect();
            let excess = allowed(&plan).map_or(0, |allowed| standing.iter().sum::<Units>() - allowed);
            if excess <= 0 {
                continue;
            }
            for ((accrual, kept), base) in accruals.into_iter().zip(split(excess, &standing)) {
                let base = base.min(kept.accrual.base - kept.credited);
                let amount = claw_back(kept.accrual.earned, kept.accrual.base, kept.credited, base);
                if base == 0 {
                    continue;
                }
                let description = format!("commission on {number} taken back");
                let accounts = (kept.accrual.expense, kept.accrual.accrued);
                let entry = self.commission_entry(date, &description, accounts, -amount, kept.accrual.currency)?;
                let claw_back = ClawBack { accrual, document: by, base, amount };
                self.post(Event::CommissionClawedBack { claw_back, entry });
            }
        }
        Ok(())
    }

    /// Expense against what is owed; nothing where nothing was earned.
    pub(super) fn commission_entry(
        &mut self,
        date: NaiveDate,
        description: &str,
        (expense, accrued): (AccountNo, AccountNo),
        amount: Units,
        currency: CommodityNo,
    ) -> Result<Option<BalancedEntry>, Rejection> {
        if amount == 0 {
            return self.book.check_period(date, self.soft_closed).map(|()| None);
        }
        let Some(commodity) = self.book.commodity(currency) else { return Ok(None) };
        let line = |account, units| DraftLine::new(AccountRef::No(account), decimal_of(units, commodity.scale), &commodity.code);
        let draft = DraftEntry::new(date, description, vec![line(expense, amount), line(accrued, -amount)]);
        let (fresh, entry) = self.book.post(&draft, None, self.soft_closed, self.lines())?;
        self.define(fresh);
        Ok(Some(entry))
    }
}
