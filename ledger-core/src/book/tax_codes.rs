//! Decisions about tax codes and commission plans: what documents refer to by code.

use super::{Book, text};
use crate::account::AccountNo;
use crate::command::{DefineCommissionPlan, DefineTaxCode, DraftRule};
use crate::draft::AccountRef;
use crate::event::Event;
use crate::limits::{NAME_BYTES_MAX, REFERENCE_BYTES_MAX};
use crate::rejection::Rejection;
use crate::subledger::commission::{DatedRule, Rule, Tier};
use crate::subledger::{CommissionPlan, TaxCode, TaxComponent};

/// Rules of one commission plan, and tiers of one rule.
const RULES_MAX: usize = 100;

impl Book {
    pub(super) fn define_tax_code(&self, define: &DefineTaxCode) -> Result<Vec<Event>, Rejection> {
        text::printable("tax code", &define.code, REFERENCE_BYTES_MAX, 0)?;
        text::bounded("name of a tax code", &define.name, NAME_BYTES_MAX, 0)?;
        let mut components = Vec::with_capacity(define.components.len());
        for (draft, no) in define.components.iter().zip(1..) {
            text::printable("name of a component", &draft.name, REFERENCE_BYTES_MAX, no)?;
            text::bounded("report box", &draft.report_box, REFERENCE_BYTES_MAX, no)?;
            [draft.from, draft.to].into_iter().flatten().try_for_each(|date| text::date(date, no))?;
            components.push(TaxComponent {
                name: draft.name.clone(),
                rate: draft.rate,
                from: draft.from,
                to: draft.to,
                compound: draft.compound,
                account: self.agreed_account(&draft.account, no)?,
                recoverable: draft.recoverable,
                reverse_charge: draft.reverse_charge.as_ref().map(|account| self.agreed_account(account, no)).transpose()?,
                withheld: draft.withheld,
                report_box: draft.report_box.clone(),
            });
        }
        let code = TaxCode { code: define.code.clone(), name: define.name.clone(), components };
        if let Some(fault) = code.fault() {
            return Err(Rejection::TaxCodeInvalid { code: code.code, fault });
        }
        if self.tax_code(&code.code) == Some(&code) { Ok(Vec::new()) } else { Ok(vec![Event::TaxCodeDefined(Box::new(code))]) }
    }

    pub(super) fn define_commission_plan(&self, define: &DefineCommissionPlan) -> Result<Vec<Event>, Rejection> {
        text::printable("commission plan", &define.code, REFERENCE_BYTES_MAX, 0)?;
        let mut rules = Vec::with_capacity(define.rules.len());
        for (from, to, rule) in &define.rules {
            [Some(*from), *to].into_iter().flatten().try_for_each(|date| text::date(date, 0))?;
            rules.push(DatedRule { from: *from, to: *to, rule: self.rule(rule)? });
        }
        let plan = CommissionPlan {
            code: define.code.clone(),
            trigger: define.trigger,
            rules,
            expense: self.agreed_account(&define.expense, 0)?,
            accrued: self.agreed_account(&define.accrued, 0)?,
        };
        let crowded = |rule: &DatedRule| matches!(&rule.rule, Rule::Tiers { tiers, .. } if tiers.len() > RULES_MAX);
        if plan.rules.len() > RULES_MAX || plan.rules.iter().any(crowded) {
            return Err(Rejection::PlanInvalid { plan: plan.code, fault: "at most 100 rules of at most 100 tiers" });
        }
        if let Some(fault) = plan.fault() {
            return Err(Rejection::PlanInvalid { plan: plan.code, fault });
        }
        if self.commission_plan(&plan.code) == Some(&plan) {
            return Ok(Vec::new());
        }
        Ok(vec![Event::CommissionPlanDefined(Box::new(plan))])
    }

    fn rule(&self, draft: &DraftRule) -> Result<Rule, Rejection> {
        Ok(match draft {
            DraftRule::Flat(amount) => Rule::Flat(self.functional_units(*amount, 0)?),
            DraftRule::Percent(percent) => Rule::Percent(*percent),
            DraftRule::Tiers { tiers, retroactive } => {
                let tier =
                    |tier: &crate::command::DraftTier| Ok(Tier { from: self.functional_units(tier.from, 0)?, percent: tier.percent });
                Rule::Tiers { tiers: tiers.iter().map(tier).collect::<Result<_, Rejection>>()?, retroactive: *retroactive }
            }
        })
    }

    /// An account that takes postings and is no control account.
    fn agreed_account(&self, account: &AccountRef, line: usize) -> Result<AccountNo, Rejection> {
        let no = self.posting_account(self.find(account, line)?, line)?;
        match self.control(no) {
            Some(_) => Err(Rejection::DocumentInvalid { fault: "a control account holds open items only", line }),
            None => Ok(no),
        }
    }
}
