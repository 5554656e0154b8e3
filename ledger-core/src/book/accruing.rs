//! What follows of commissions from anything else that a command does: earned on an invoice when it is issued, or as
//! far as it is paid when it is; taken back when a payment is undone.
//!
//! It comes last in a plan, from the plan's own events: only what they touch is looked at. Nothing is earned twice,
//! because every accrual is what an invoice is good for less what stands on it already.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;

use super::agreed::{VolumeKey, volume_key};
use super::plan::Plan;
use super::{Book, DocumentFacts};
use crate::event::Event;
use crate::money::Units;
use crate::rejection::Rejection;
use crate::subledger::commission::{DatedRule, Sale, Trigger, base_of_payment};
use crate::subledger::{CommissionAccrual, CommissionAssignment, CommissionPlan, DocumentKind, ItemId, PartyNo};
use crate::{Seq, Text};

/// What of a document a plan has touched, and from when that counts.
#[derive(Clone, Copy, Debug, Default)]
struct Touched {
    issued: Option<NaiveDate>,
    paid: Option<NaiveDate>,
    /// The event that undid a payment or took a credit back, too.
    unpaid: Option<(NaiveDate, Seq)>,
}

/// What a plan's events change about commissions, beside the book.
#[derive(Debug, Default)]
pub(super) struct Earning {
    facts: BTreeMap<Seq, DocumentFacts>,
    gone: BTreeSet<Seq>,
    touched: BTreeMap<Seq, Touched>,
    /// What the plan itself pays of documents.
    paid: BTreeMap<Seq, Units>,
    stands_on: BTreeMap<(Seq, Text, PartyNo), Units>,
    volumes: BTreeMap<VolumeKey, Units>,
}

/// By which plan and rule who may earn.
#[derive(Clone, Copy)]
pub(super) struct Earner<'a> {
    pub(super) plan: &'a CommissionPlan,
    pub(super) rule: &'a DatedRule,
    pub(super) payee: PartyNo,
}

impl Earning {
    fn add(&mut self, accrual: &CommissionAccrual, base: Units) {
        *self.stands_on.entry((accrual.document, accrual.plan.clone(), accrual.payee)).or_default() += base;
        *self.volumes.entry(volume_key(accrual)).or_default() += base;
    }

    fn take_back(&mut self, book: &Book, event: &Event) {
        if let Event::CommissionClawedBack { claw_back, .. } = event
            && let Some(kept) = book.accrual(claw_back.accrual)
        {
            self.add(&kept.accrual, -claw_back.base);
        }
    }

    fn touch(&mut self, document: Seq) -> &mut Touched {
        self.touched.entry(document).or_default()
    }
}

impl Book {
    /// Who earns on an invoice without being asked for, each plan and payee once.
    fn assigned(&self, facts: &DocumentFacts) -> Vec<&CommissionAssignment> {
        let of_customer = self.agreed.assignments.range((Some(facts.party), PartyNo::new(0), Text::default())..);
        let of_customer = of_customer.take_while(|((customer, _, _), _)| *customer == Some(facts.party));
        let seller = facts.seller.as_ref().and_then(|code| self.party_by_code(code)).map(|party| party.no);
        let of_seller = seller.into_iter().flat_map(|seller| {
            let named = self.agreed.assignments.range((None, seller, Text::default())..);
            named.take_while(move |((customer, payee, _), _)| customer.is_none() && *payee == seller)
        });
        let mut seen = BTreeSet::new();
        let all = of_customer.chain(of_seller).map(|(_, assignment)| assignment);
        all.filter(|assignment| assignment.holds_on(facts.date) && seen.insert((&assignment.plan, assignment.payee))).collect()
    }

    /// The rule by which an assignment earns on documents of a day.
    fn earner<'a>(&'a self, assignment: &CommissionAssignment, day: NaiveDate) -> Option<Earner<'a>> {
        let plan = self.commission_plan(&assignment.plan)?;
        plan.rule_on(day).map(|rule| Earner { plan, rule, payee: assignment.payee })
    }
}

impl Plan<'_> {
    /// All events, in order, and what follows from them of commissions.
    pub(super) fn finish(mut self) -> Result<Vec<Event>, Rejection> {
        let agreed = &self.book.agreed;
        if !agreed.assignments.is_empty() || agreed.accruals.len() > 0 {
            self.earn()?;
        }
        Ok(self.into_events())
    }

    fn earn(&mut self) -> Result<(), Rejection> {
        let book = self.book;
        let mut earning = self.earning();
        for (document, touched) in std::mem::take(&mut earning.touched) {
            let Some(facts) = self.facts(&earning, document) else { continue };
            if let Some((date, by)) = touched.unpaid {
                self.take_back_unpaid(&mut earning, (document, &facts), by, date)?;
            }
            for earner in book.assigned(&facts).into_iter().filter_map(|assignment| book.earner(assignment, facts.date)) {
                let day = match earner.plan.trigger {
                    Trigger::Invoice => touched.issued,
                    Trigger::Cash => touched.paid,
                };
                if let Some(day) = day {
                    let date = book.first_open_day(day, self.soft_closed)?;
                    self.accrue(&mut earning, (document, &facts), earner, date)?;
                }
            }
        }
        Ok(())
    }

    /// What the plan's events so far have changed and touched.
    pub(super) fn earning(&self) -> Earning {
        let mut earning = Earning::default();
        for (seq, event) in self.planned() {
            match event {
                Event::DocumentRecorded { document, .. } => match (document.kind, document.relates_to) {
                    (DocumentKind::Invoice, _) => {
                        earning.facts.extend(DocumentFacts::of(document).map(|facts| (seq, facts)));
                        earning.touch(seq).issued = Some(document.date);
                    }
                    (DocumentKind::CreditNote, Some(against)) => {
                        let net: Units = document.lines.iter().map(|line| line.net).sum();
                        self.credit(&mut earning, against, net, document.total);
                        // What was paid may be a larger part of what is left.
                        let touched = earning.touch(against);
                        touched.paid = touched.paid.max(Some(document.date));
                    }
                    _ => {}
                },
                Event::ItemsAllocated { allocation, .. } => {
                    let sides = [(allocation.from, allocation.to, allocation.taken), (allocation.to, allocation.from, allocation.settled)];
                    for (id, other, money) in sides {
                        let touched = earning.touch(id.seq);
                        touched.paid = touched.paid.max(Some(allocation.date));
                        if self.pays(other) {
                            *earning.paid.entry(id.seq).or_default() += money.units();
                        }
                    }
                }
                Event::AllocationReversed { allocation, date, .. } => {
                    if let Some(kept) = self.book.allocation(*allocation) {
                        let on = Some((*date, seq));
                        [kept.allocation.from, kept.allocation.to].iter().for_each(|id| earning.touch(id.seq).unpaid = on);
                    }
                }
                Event::EntryReversed { entry, .. } => {
                    let Some(original) = entry.header().reverses else { continue };
                    earning.gone.insert(original);
                    if let Some((against, net, total)) = self.book.agreed.credits.get(&original) {
                        self.credit(&mut earning, *against, -net, -total);
                        let date = entry.effective_date();
                        let touched = earning.touch(*against);
                        (touched.issued, touched.paid) = (Some(date), touched.paid.max(Some(date)));
                        touched.unpaid = Some((date, seq));
                    }
                }
                Event::CommissionClawedBack { .. } => earning.take_back(self.book, event),
                Event::CommissionAccrued { accrual, .. } => earning.add(accrual, accrual.base),
                _ => {}
            }
        }
        earning
    }

    fn credit(&self, earning: &mut Earning, against: Seq, net: Units, total: Units) {
        if let Some(mut facts) = self.facts(earning, against) {
            facts.credited_net += net;
            facts.credited_total += total;
            earning.facts.insert(against, facts);
        }
    }

    /// What is kept of an invoice that holds, as the plan leaves it.
    pub(super) fn facts(&self, earning: &Earning, document: Seq) -> Option<DocumentFacts> {
        let facts = earning.facts.get(&document).or_else(|| self.book.document_facts(document))?;
        let holds = facts.kind == DocumentKind::Invoice && !earning.gone.contains(&document) && self.book.reversed_by(document).is_none();
        holds.then(|| facts.clone())
    }

    /// Accrues what an invoice is good for beyond what stands on it already, where that is anything.
    pub(super) fn accrue(
        &mut self,
        earning: &mut Earning,
        (document, facts): (Seq, &DocumentFacts),
        earner: Earner<'_>,
        date: NaiveDate,
    ) -> Result<(), Rejection> {
        let (plan, payee) = (earner.plan, earner.payee);
        let key = (document, plan.code.clone(), payee);
        let stands_on = self.book.stands_on(document, &plan.code, payee) + earning.stands_on.get(&key).copied().unwrap_or(0);
        let base = self.good_for(earning, (document, facts), plan.trigger) - stands_on;
        if base <= 0 {
            return Ok(());
        }
        let volume = (plan.code.clone(), earner.rule.from, payee, facts.currency);
        let before = self.book.agreed.volume(&volume) + earning.volumes.get(&volume).copied().unwrap_or(0);
        let scale = self.book.commodity(facts.currency).map_or(0, |commodity| commodity.scale);
        let rule = earner.rule.rule.in_scale(self.book.functional().scale, scale);
        let earned = rule.and_then(|rule| rule.accrual(before, Sale { net: facts.net, stands_on }, base, scale));
        let earned = earned.map_err(|_| Rejection::AmountTooLarge { line: 0 })?;
        let (expense, accrued) = (plan.expense, plan.accrued);
        let code = self.book.party(payee).map_or("", |party| party.code.as_str());
        let description = format!("commission of {code} on {}", facts.number);
        let entry = self.commission_entry(date, &description, (expense, accrued), earned, facts.currency)?;
        let accrual = CommissionAccrual {
            plan: plan.code.clone(),
            rule_from: earner.rule.from,
            payee,
            document,
            date,
            currency: facts.currency,
            base,
            earned,
            expense,
            accrued,
        };
        earning.add(&accrual, base);
        self.post(Event::CommissionAccrued { accrual: Box::new(accrual), entry });
        Ok(())
    }

    /// What commission can stand on: the net that was not credited, on cash as far as it is paid.
    fn good_for(&self, earning: &Earning, (document, facts): (Seq, &DocumentFacts), trigger: Trigger) -> Units {
        let (net, gross) = ((facts.net - facts.credited_net).max(0), (facts.total - facts.credited_total).max(0));
        match trigger {
            Trigger::Invoice => net,
            Trigger::Cash => base_of_payment(net, gross, 0, self.paid(earning, document)),
        }
    }

    /// What was paid of a document, in its currency: whatever settled it but credit notes and write-offs.
    fn paid(&self, earning: &Earning, document: Seq) -> Units {
        let before: Units = self.payments_of(document).map(|(_, units)| units).sum();
        before + earning.paid.get(&document).copied().unwrap_or(0)
    }

    /// Payments of a document that hold: when they count, and how much in its currency. Not those of the plan itself.
    fn payments_of(&self, document: Seq) -> impl Iterator<Item = (NaiveDate, Units)> {
        self.book.items_at(document).flat_map(move |(id, _)| {
            self.book.allocations_of(id).filter_map(move |(seq, _)| {
                let (allocation, _) = self.allocation(seq)?;
                let (other, money) =
                    if allocation.from == id { (allocation.to, allocation.taken) } else { (allocation.from, allocation.settled) };
                self.pays(other).then_some((allocation.date, money.units()))
            })
        })
    }

    /// The day of an invoice's last payment.
    pub(super) fn last_payment(&self, document: Seq) -> Option<NaiveDate> {
        self.payments_of(document).map(|(date, _)| date).max()
    }

    /// Whether what an item settles is paid by it: it is neither a credit note nor a write-off.
    fn pays(&self, id: ItemId) -> bool {
        use DocumentKind::{CreditNote, WriteOff};
        if let Some(Event::DocumentRecorded { document, .. }) = self.planned_at(id.seq) {
            return !matches!(document.kind, CreditNote | WriteOff);
        }
        let is = |kind, number: &str| self.book.document(kind, None, number) == Some(id.seq);
        self.item(id).is_some_and(|item| !is(CreditNote, &item.document) && !is(WriteOff, &item.document))
    }

    /// What was earned on payments that were undone.
    fn take_back_unpaid(
        &mut self,
        earning: &mut Earning,
        (document, facts): (Seq, &DocumentFacts),
        by: Seq,
        date: NaiveDate,
    ) -> Result<(), Rejection> {
        let book = self.book;
        let allowed = self.good_for(earning, (document, facts), Trigger::Cash);
        let on_cash = |plan: &str| book.commission_plan(plan).is_some_and(|plan| plan.trigger == Trigger::Cash);
        let first = self.next_seq();
        self.claw_back((document, &facts.number), by, date, |plan| on_cash(plan).then_some(allowed))?;
        self.planned().filter(|(seq, _)| *seq >= first).for_each(|(_, event)| earning.take_back(book, event));
        Ok(())
    }
}
