//! Deferrals, tax codes and commissions as JSON.

use ledger_core::subledger::commission::Rule;
use ledger_core::subledger::{CommissionPlan, Deferral, DeferralPart, TaxCode};
use ledger_core::{CommodityNo, Event};
use serde_json::{Value, json};

use super::decoded::{Decoder, tags_json};

impl Decoder<'_> {
    /// What was agreed beside documents; nothing for any other event.
    pub(super) fn agreed(&self, event: &Event) -> Value {
        match event {
            Event::DeferralScheduled(deferral) => self.deferral_json(deferral),
            Event::DeferralCancelled { deferral, by } => json!({ "left": self.deferral_json(deferral), "by": by }),
            Event::DeferralsRecognised { parts, entry } => {
                let part = |recognised: &ledger_core::subledger::RecognisedPart| {
                    let id = recognised.deferral;
                    let currency = self.book.deferrals().find(|deferral| deferral.id == id).map(|deferral| deferral.currency);
                    json!({ "document": id.seq, "line": id.line, "part": self.part_json(&recognised.part, currency) })
                };
                self.with_entry(json!({ "parts": parts.iter().map(part).collect::<Vec<_>>() }), Some(entry))
            }
            Event::TaxCodeDefined(code) => self.tax_code_json(code),
            Event::CommissionPlanDefined(plan) => self.plan_json(plan),
            Event::CommissionAccrued { accrual, entry } => {
                let accrued = json!({
                    "plan": accrual.plan.as_str(), "payee": self.party(accrual.payee), "document": accrual.document, "date": accrual.date,
                    "currency": self.code(accrual.currency), "base": self.amount(accrual.base, accrual.currency),
                    "earned": self.amount(accrual.earned, accrual.currency),
                });
                self.with_entry(accrued, entry.as_ref())
            }
            Event::CommissionClawedBack { claw_back, entry } => {
                let kept = self.book.accrual(claw_back.accrual).map(|kept| &kept.accrual);
                let amount = |units| kept.map(|accrual| self.amount(units, accrual.currency));
                let taken = json!({
                    "plan": kept.map(|accrual| accrual.plan.as_str()), "payee": kept.map(|accrual| self.party(accrual.payee)),
                    "accrual": claw_back.accrual, "document": claw_back.document, "currency": kept.map(|accrual| self.code(accrual.currency)),
                    "base": amount(claw_back.base), "taken_back": amount(claw_back.amount),
                });
                self.with_entry(taken, entry.as_ref())
            }
            Event::CommissionAssigned(assignment) => json!({
                "plan": assignment.plan.as_str(), "payee": self.party(assignment.payee),
                "customer": assignment.customer.map(|customer| self.party(customer)), "from": assignment.from, "to": assignment.to,
            }),
            Event::CommissionsPaidOut { payout, entry } => {
                let part = |(seq, units): &(u64, ledger_core::Units)| {
                    let amount = self.book.accrual(*seq).map(|kept| self.amount(*units, kept.accrual.currency));
                    json!({ "accrual": seq, "amount": amount })
                };
                let accruals: Vec<Value> = payout.parts.iter().map(part).collect();
                let paid = json!({
                    "payee": self.party(payout.payee), "number": payout.number.as_str(), "date": payout.date, "accruals": accruals,
                });
                self.with_entry(paid, Some(entry))
            }
            governed => self.governed(governed),
        }
    }

    fn deferral_json(&self, deferral: &Deferral) -> Value {
        let parts: Vec<Value> = deferral.parts.iter().map(|part| self.part_json(part, Some(deferral.currency))).collect();
        json!({
            "document": deferral.id.seq, "line": deferral.id.line, "deferred": self.account(deferral.deferred),
            "target": self.account(deferral.target), "currency": self.code(deferral.currency), "tags": tags_json(&deferral.tags), "parts": parts,
        })
    }

    fn part_json(&self, part: &DeferralPart, currency: Option<CommodityNo>) -> Value {
        let amount = currency.map(|currency| self.amount(part.units, currency));
        json!({ "date": part.date, "amount": amount, "functional": self.functional(part.functional) })
    }

    fn tax_code_json(&self, code: &TaxCode) -> Value {
        let component = |component: &ledger_core::subledger::TaxComponent| {
            json!({
                "name": component.name.as_str(), "rate": component.rate.to_string(), "from": component.from, "to": component.to,
                "compound": component.compound, "account": self.account(component.account),
                "recoverable": component.recoverable.to_string(), "reverse_charge": component.reverse_charge.map(|no| self.account(no)),
                "withheld": component.withheld, "report_box": component.report_box.as_str(),
            })
        };
        json!({
            "code": code.code.as_str(), "name": code.name.as_str(),
            "components": code.components.iter().map(component).collect::<Vec<_>>(),
        })
    }

    fn plan_json(&self, plan: &CommissionPlan) -> Value {
        let rule = |rule: &Rule| match rule {
            Rule::Flat(units) => json!({ "flat": self.functional(*units) }),
            Rule::Percent(percent) => json!({ "percent": percent.to_string() }),
            Rule::Tiers { tiers, retroactive } => {
                let tier = |tier: &ledger_core::subledger::commission::Tier| json!({ "from": self.functional(tier.from), "percent": tier.percent.to_string() });
                json!({ "tiers": tiers.iter().map(tier).collect::<Vec<_>>(), "retroactive": retroactive })
            }
        };
        let rules: Vec<Value> =
            plan.rules.iter().map(|dated| json!({ "from": dated.from, "to": dated.to, "rule": rule(&dated.rule) })).collect();
        json!({
            "plan": plan.code.as_str(), "trigger": plan.trigger.as_str(), "rules": rules,
            "expense": self.account(plan.expense), "accrued": self.account(plan.accrued),
        })
    }
}
