//! What the book keeps of documents beyond their items: open orders, what invoices came to, tax codes, deferrals,
//! commissions. Nothing here refuses; decisions are made in the modules that record documents.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;

use super::Book;
use crate::ascending::Ascending;
use crate::commodity::CommodityNo;
use crate::event::Event;
use crate::money::Units;
use crate::subledger::commission::SELLER_TAG;
use crate::subledger::{
    ClawBack, CommissionAccrual, CommissionAssignment, CommissionPlan, Deferral, Document, DocumentKind, ItemId, PartyNo, Payout,
    RecognisedPart, Side, TaxCode,
};
use crate::{Seq, Text};

/// What an invoice, bill, claim or debit note came to, for what refers to it later. In minor units, positive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DocumentFacts {
    /// What it is.
    pub kind: DocumentKind,
    /// Which sub-ledger.
    pub side: Side,
    /// Whose.
    pub party: PartyNo,
    /// Its number.
    pub number: Text,
    /// Its currency.
    pub currency: CommodityNo,
    /// Its date.
    pub date: NaiveDate,
    /// Net of tax.
    pub net: Units,
    /// What is owed in all.
    pub total: Units,
    /// What credit notes took back of the net.
    pub credited_net: Units,
    /// What credit notes took back of the total.
    pub credited_total: Units,
    /// Who sold, as its tag [`SELLER_TAG`] says, or that of all its lines that have one.
    pub seller: Option<Text>,
}

/// The seller that a document names in its tags, else the one that its lines agree on.
fn seller(document: &Document) -> Option<Text> {
    let named = |tags: &[(Text, Text)]| tags.iter().find(|(key, _)| key == SELLER_TAG).map(|(_, value)| value.clone());
    named(&document.tags).or_else(|| {
        let mut of_lines = document.lines.iter().filter_map(|line| named(&line.tags));
        let first = of_lines.next();
        if of_lines.all(|other| Some(&other) == first.as_ref()) { first } else { None }
    })
}

impl DocumentFacts {
    /// What is kept of a document as it is recorded; nothing of those that nothing refers to.
    pub(super) fn of(document: &Document) -> Option<Self> {
        use DocumentKind::{Bill, DebitNote, ExpenseClaim, Invoice};
        if !matches!(document.kind, Invoice | Bill | ExpenseClaim | DebitNote) {
            return None;
        }
        Some(Self {
            kind: document.kind,
            side: document.side,
            party: document.party,
            number: document.number.clone(),
            currency: document.currency,
            date: document.date,
            net: document.lines.iter().map(|line| line.net).sum(),
            total: document.total,
            credited_net: 0,
            credited_total: 0,
            seller: seller(document),
        })
    }
}

/// An accrual and what became of it, in minor units.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptAccrual {
    /// As it was earned.
    pub accrual: CommissionAccrual,
    /// What was credited of its base.
    pub credited: Units,
    /// What was taken back.
    pub clawed_back: Units,
    /// What was paid out.
    pub paid_out: Units,
}

impl KeptAccrual {
    /// What is still owed; negative where more was taken back than is left.
    #[must_use]
    pub const fn owed(&self) -> Units {
        self.accrual.earned - self.clawed_back - self.paid_out
    }
}

/// Sums of bases begin anew with each plan, rule, payee and currency.
pub(super) type VolumeKey = (Text, NaiveDate, PartyNo, CommodityNo);

/// Customer, payee and plan: what one assignment is for.
pub(super) type AssignmentKey = (Option<PartyNo>, PartyNo, Text);

/// Orders, facts, tax codes, deferrals, commissions. What is private follows from what is not.
#[derive(Clone, Debug, Default)]
pub(crate) struct Agreed {
    pub(crate) tax_codes: BTreeMap<Text, TaxCode>,
    /// Orders that were not invoiced yet.
    pub(crate) orders: BTreeMap<Seq, Document>,
    pub(crate) facts: Ascending<Seq, DocumentFacts>,
    /// Schedules of which anything is left.
    pub(crate) deferrals: BTreeMap<ItemId, Deferral>,
    pub(crate) plans: BTreeMap<Text, CommissionPlan>,
    pub(crate) assignments: BTreeMap<AssignmentKey, CommissionAssignment>,
    pub(crate) accruals: Ascending<Seq, KeptAccrual>,
    /// Credit notes: what each is against, its net and its total.
    pub(crate) credits: BTreeMap<Seq, (Seq, Units, Units)>,
    /// Documents of whose schedules something was recognised or cancelled, and what cancelled it: not reversed.
    pub(crate) irreversible: BTreeSet<Seq>,
    volumes: BTreeMap<VolumeKey, Units>,
    by_document: BTreeSet<(Seq, Seq)>,
}

impl Agreed {
    fn record(&mut self, seq: Seq, document: &Document) {
        use DocumentKind::{CreditNote, Order};
        let net: Units = document.lines.iter().map(|line| line.net).sum();
        if let Some(order) = document.order {
            self.orders.remove(&order);
        }
        match document.kind {
            Order => {
                self.orders.insert(seq, document.clone());
            }
            CreditNote => {
                if let Some(against) = document.relates_to {
                    self.credits.insert(seq, (against, net, document.total));
                    self.credit(against, net, document.total);
                }
            }
            _ => {
                if let Some(facts) = DocumentFacts::of(document) {
                    self.add_facts(seq, facts);
                }
            }
        }
    }

    /// Facts come in the order of the stream; those that do not are not taken.
    pub(crate) fn add_facts(&mut self, seq: Seq, facts: DocumentFacts) -> bool {
        self.facts.push(seq, facts)
    }

    fn credit(&mut self, against: Seq, net: Units, total: Units) {
        if let Some(facts) = self.facts.get_mut(against) {
            facts.credited_net += net;
            facts.credited_total += total;
        }
    }

    fn recognise(&mut self, parts: &[RecognisedPart]) {
        for recognised in parts {
            let Some(deferral) = self.deferrals.get_mut(&recognised.deferral) else { continue };
            if let Some(place) = deferral.parts.iter().position(|part| *part == recognised.part) {
                deferral.parts.remove(place);
            }
            if deferral.parts.is_empty() {
                self.deferrals.remove(&recognised.deferral);
            }
            self.irreversible.insert(recognised.deferral.seq);
        }
    }

    fn schedule(&mut self, deferral: &Deferral) {
        if deferral.parts.is_empty() {
            self.deferrals.remove(&deferral.id);
        } else {
            self.deferrals.insert(deferral.id, deferral.clone());
        }
    }

    /// Accruals come in the order of the stream; one that does not is not taken.
    pub(crate) fn add_accrual(&mut self, seq: Seq, kept: KeptAccrual) -> bool {
        let (key, base, document) = (volume_key(&kept.accrual), kept.accrual.base - kept.credited, kept.accrual.document);
        let added = self.accruals.push(seq, kept);
        if added {
            *self.volumes.entry(key).or_default() += base;
            self.by_document.insert((document, seq));
        }
        added
    }

    pub(crate) fn assign(&mut self, assignment: CommissionAssignment) {
        self.assignments.insert((assignment.customer, assignment.payee, assignment.plan.clone()), assignment);
    }

    fn claw_back(&mut self, claw_back: &ClawBack) {
        let Some(kept) = self.accruals.get_mut(claw_back.accrual) else { return };
        kept.credited += claw_back.base;
        kept.clawed_back += claw_back.amount;
        *self.volumes.entry(volume_key(&kept.accrual)).or_default() -= claw_back.base;
    }

    fn pay_out(&mut self, payout: &Payout) {
        for (seq, units) in &payout.parts {
            if let Some(kept) = self.accruals.get_mut(*seq) {
                kept.paid_out += units;
            }
        }
    }

    pub(super) fn volume(&self, key: &VolumeKey) -> Units {
        self.volumes.get(key).copied().unwrap_or(0)
    }
}

pub(super) fn volume_key(accrual: &CommissionAccrual) -> VolumeKey {
    (accrual.plan.clone(), accrual.rule_from, accrual.payee, accrual.currency)
}

impl Book {
    /// Folds what is kept of an event beyond its entry.
    pub(super) fn keep_agreed(&mut self, event: &Event) {
        let seq = self.seq;
        let agreed = &mut self.agreed;
        match event {
            Event::DocumentRecorded { document, .. } => agreed.record(seq, document),
            Event::DeferralScheduled(deferral) => agreed.schedule(deferral),
            Event::DeferralCancelled { deferral, by } => {
                agreed.schedule(deferral);
                // The document would be negated whole, though a part of what it deferred is gone already.
                agreed.irreversible.extend([deferral.id.seq, *by]);
            }
            Event::EntryReversed { entry, .. } => {
                let credited = entry.header().reverses.and_then(|original| agreed.credits.remove(&original));
                if let Some((against, net, total)) = credited {
                    agreed.credit(against, -net, -total);
                }
            }
            Event::DeferralsRecognised { parts, .. } => agreed.recognise(parts),
            Event::TaxCodeDefined(code) => {
                agreed.tax_codes.insert(code.code.clone(), (**code).clone());
            }
            Event::CommissionPlanDefined(plan) => {
                agreed.plans.insert(plan.code.clone(), (**plan).clone());
            }
            Event::CommissionAssigned(assignment) => agreed.assign((**assignment).clone()),
            Event::CommissionAccrued { accrual, .. } => {
                let kept = KeptAccrual { accrual: (**accrual).clone(), credited: 0, clawed_back: 0, paid_out: 0 };
                agreed.add_accrual(seq, kept);
            }
            Event::CommissionClawedBack { claw_back, .. } => agreed.claw_back(claw_back),
            Event::CommissionsPaidOut { payout, .. } => agreed.pay_out(payout),
            _ => {}
        }
    }

    /// The tax code with this code.
    #[must_use]
    pub fn tax_code(&self, code: &str) -> Option<&TaxCode> {
        self.agreed.tax_codes.get(code)
    }

    /// All tax codes, in the order of their codes.
    pub fn tax_codes(&self) -> impl Iterator<Item = &TaxCode> {
        self.agreed.tax_codes.values()
    }

    /// An order that was not invoiced yet.
    #[must_use]
    pub fn order(&self, seq: Seq) -> Option<&Document> {
        self.agreed.orders.get(&seq)
    }

    /// All orders that were not invoiced yet.
    pub fn orders(&self) -> impl Iterator<Item = (Seq, &Document)> {
        self.agreed.orders.iter().map(|(seq, order)| (*seq, order))
    }

    /// What the invoice, bill, claim or debit note at a position came to.
    #[must_use]
    pub fn document_facts(&self, seq: Seq) -> Option<&DocumentFacts> {
        self.agreed.facts.get(seq)
    }

    /// Schedules of which anything is left, by document and line.
    pub fn deferrals(&self) -> impl Iterator<Item = &Deferral> {
        self.agreed.deferrals.values()
    }

    /// What is left of the schedules of a document.
    pub fn deferrals_of(&self, document: Seq) -> impl Iterator<Item = &Deferral> {
        let line = |line| ItemId { seq: document, line };
        self.agreed.deferrals.range(line(0)..=line(u32::MAX)).map(|(_, deferral)| deferral)
    }

    /// The commission plan with this code.
    #[must_use]
    pub fn commission_plan(&self, code: &str) -> Option<&CommissionPlan> {
        self.agreed.plans.get(code)
    }

    /// All commission plans, in the order of their codes.
    pub fn commission_plans(&self) -> impl Iterator<Item = &CommissionPlan> {
        self.agreed.plans.values()
    }

    /// Who earns by which plan on what, those that ended too: by customer (none first), payee and plan.
    pub fn commission_assignments(&self) -> impl Iterator<Item = &CommissionAssignment> {
        self.agreed.assignments.values()
    }

    /// All accruals of commission, in the order of the stream.
    pub fn accruals(&self) -> impl Iterator<Item = (Seq, &KeptAccrual)> {
        self.agreed.accruals.iter()
    }

    /// The accrual of commission at a position.
    #[must_use]
    pub fn accrual(&self, seq: Seq) -> Option<&KeptAccrual> {
        self.agreed.accruals.get(seq)
    }

    /// The accruals on a document, in the order of the stream.
    pub fn accruals_of(&self, document: Seq) -> impl Iterator<Item = (Seq, &KeptAccrual)> {
        let seqs = self.agreed.by_document.range((document, 0)..=(document, Seq::MAX));
        seqs.filter_map(|(_, seq)| self.agreed.accruals.get(*seq).map(|kept| (*seq, kept)))
    }
}
