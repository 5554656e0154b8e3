//! Decisions about commissions: accrued on an invoice when it is issued or as far as it is paid, taken back when it
//! is credited, and payable as an open item of the payee.
//!
//! One formula serves both triggers: what an invoice's accruals stand on may not exceed what it is still good for,
//! its net less what was credited. So a credit of the unpaid part takes nothing back that was earned on cash.

use std::collections::BTreeMap;

use chrono::NaiveDate;

use super::plan::Plan;
use super::{Book, Context, DocumentFacts, FUNCTIONAL, KeptAccrual, text};
use crate::account::AccountNo;
use crate::command::{AccrueCommission, PayOutCommissions};
use crate::commodity::CommodityNo;
use crate::draft::{AccountRef, DraftDetail, DraftEntry, DraftLine};
use crate::entry::BalancedEntry;
use crate::event::Event;
use crate::limits::REFERENCE_BYTES_MAX;
use crate::money::{Units, decimal_of};
use crate::rejection::Rejection;
use crate::rounding::split;
use crate::subledger::commission::{Trigger, base_of_payment, claw_back};
use crate::subledger::{ClawBack, CommissionAccrual, DocumentKind, PartyNo, Payout, Side};
use crate::{Seq, Text};

impl Book {
    pub(super) fn accrue_commission(&self, accrue: &AccrueCommission, context: &Context<'_>) -> Result<Vec<Event>, Rejection> {
        let unknown = || Rejection::DocumentUnknown { number: accrue.invoice.clone() };
        let payee = self.find_party(&accrue.payee, 0)?;
        let seq = self.document(DocumentKind::Invoice, None, &accrue.invoice).ok_or_else(unknown)?;
        let facts = self.document_facts(seq).filter(|_| self.reversed_by(seq).is_none()).ok_or_else(unknown)?;
        let no_plan = || Rejection::PlanUnknown { plan: accrue.plan.clone(), date: facts.date };
        let plan = self.commission_plan(&accrue.plan).ok_or_else(no_plan)?;
        let rule = plan.rule_on(facts.date).ok_or_else(no_plan)?;
        let stands_on = self.stands_on(seq, &plan.code, payee.no);
        let base = self.good_for(seq, facts, plan.trigger) - stands_on;
        if base <= 0 {
            return Ok(Vec::new());
        }
        let volume = self.agreed.volume(&(plan.code.clone(), rule.from, payee.no, facts.currency));
        let scale = self.commodity(facts.currency).map_or(0, |commodity| commodity.scale);
        let in_currency = rule.rule.in_scale(self.functional().scale, scale);
        let earned = in_currency.and_then(|rule| rule.accrual(volume, base, scale)).map_err(|_| Rejection::AmountTooLarge { line: 0 })?;
        let mut steps = Plan::new(self, context);
        let date = steps.date_from(accrue.date, facts.date)?;
        let (expense, accrued) = (plan.expense, plan.accrued);
        let description = format!("commission of {} on {}", payee.code, facts.number);
        let entry = steps.commission_entry(date, &description, (expense, accrued), earned, facts.currency)?;
        let accrual = CommissionAccrual {
            plan: plan.code.clone(),
            rule_from: rule.from,
            payee: payee.no,
            document: seq,
            date,
            currency: facts.currency,
            base,
            earned,
            expense,
            accrued,
        };
        steps.post(Event::CommissionAccrued { accrual: Box::new(accrual), entry });
        Ok(steps.into_events())
    }

    /// What the accruals of a plan and payee on a document stand on, less what was credited of it.
    fn stands_on(&self, document: Seq, plan: &str, payee: PartyNo) -> Units {
        let of_plan = |kept: &&KeptAccrual| kept.accrual.plan == plan && kept.accrual.payee == payee;
        self.accruals_of(document).map(|(_, kept)| kept).filter(of_plan).map(|kept| kept.accrual.base - kept.credited).sum()
    }

    /// What commission can stand on: the net that was not credited, on cash as far as it is paid.
    fn good_for(&self, seq: Seq, facts: &DocumentFacts, trigger: Trigger) -> Units {
        let net = facts.net - facts.credited_net;
        if trigger == Trigger::Invoice {
            return net;
        }
        let items = self.items_at(seq).filter(|(_, item)| item.money.currency() == facts.currency);
        let settled: Units = items.map(|(_, item)| (item.money.units() - item.open).abs()).sum();
        let gross = facts.total - facts.credited_total;
        base_of_payment(net, gross, 0, (settled - facts.credited_total).max(0))
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
    /// Takes commissions back that stand on more than a document is good for once a credit note is posted.
    pub(super) fn claw_back(
        &mut self,
        (document, facts): (Seq, &DocumentFacts),
        credit: Seq,
        net: Units,
        date: NaiveDate,
    ) -> Result<(), Rejection> {
        let book = self.book;
        let allowed = (facts.net - facts.credited_net - net).max(0);
        let mut groups: BTreeMap<(Text, PartyNo), Vec<(Seq, &KeptAccrual)>> = BTreeMap::new();
        for (seq, kept) in book.accruals_of(document) {
            groups.entry((kept.accrual.plan.clone(), kept.accrual.payee)).or_default().push((seq, kept));
        }
        for accruals in groups.into_values() {
            let standing: Vec<Units> = accruals.iter().map(|(_, kept)| kept.accrual.base - kept.credited).collect();
            let excess = standing.iter().sum::<Units>() - allowed;
            if excess <= 0 {
                continue;
            }
            for ((accrual, kept), base) in accruals.into_iter().zip(split(excess, &standing)) {
                let base = base.min(kept.accrual.base - kept.credited);
                let amount = claw_back(kept.accrual.earned, kept.accrual.base, kept.credited, base);
                if base == 0 {
                    continue;
                }
                let description = format!("commission on {} taken back", facts.number);
                let accounts = (kept.accrual.expense, kept.accrual.accrued);
                let entry = self.commission_entry(date, &description, accounts, -amount, kept.accrual.currency)?;
                let claw_back = ClawBack { accrual, document: credit, base, amount };
                self.post(Event::CommissionClawedBack { claw_back, entry });
            }
        }
        Ok(())
    }

    /// Expense against what is owed; nothing where nothing was earned.
    fn commission_entry(
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
