//! Commissions: plans, who earns by them, accruals, payouts.

use chrono::NaiveDate;
use ledger_core::Command;
use ledger_core::command::{AccrueCommission, AssignCommission, DefineCommissionPlan, DraftRule, DraftTier, PayOutCommissions};
use serde::Deserialize;
use utoipa::ToSchema;

use super::body::Fault;
use super::documents::text;
use super::objects::only_objects;
use super::scalars::{Day, Magnitude, Plain, Rate};
use super::words::TriggerWord;

only_objects!(NewCommissionPlan, NewCommissionRule, NewTier, NewCommissionAssignment, NewCommissionAccrual, NewCommissionPayout);

/// A commission plan to define, or to change for what is earned from now on.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, remote = "Self")]
#[schema(example = json!({
    "code": "agents", "trigger": "cash", "rules": [{"percent": "10"}], "expense": "6500", "accrued": "2300"
}))]
pub struct NewCommissionPlan {
    /// Its code.
    #[schema(example = "agents")]
    pub code: Plain,
    /// When it is earned.
    pub trigger: TriggerWord,
    /// What it earns; of rules for one day the last holds.
    #[schema(min_items = 1)]
    pub rules: Vec<NewCommissionRule>,
    /// Code of the expense account.
    pub expense: Plain,
    /// Code of the liability account where it waits for payout.
    pub accrued: Plain,
}

/// What sales earn on invoices of some days: a flat amount, a percentage, or tiers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, remote = "Self")]
#[schema(example = json!({"from": "2026-01-01", "tiers": [{"from": "0", "percent": "5"}, {"from": "10000", "percent": "7"}]}))]
pub struct NewCommissionRule {
    /// First day of the invoices; open where not stated.
    pub from: Option<Day>,
    /// Last day of the invoices; open where not stated.
    pub to: Option<Day>,
    /// The same for each sale.
    pub flat: Option<Magnitude>,
    /// In percent of each sale.
    pub percent: Option<Rate>,
    /// By tiers, in ascending order from 0.
    #[schema(min_items = 1)]
    pub tiers: Option<Vec<NewTier>>,
    /// With tiers: whether reaching one changes what was earned below it.
    #[serde(default)]
    pub retroactive: bool,
}

/// One step of a tiered rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, remote = "Self")]
pub struct NewTier {
    /// The sum of sales from which it holds.
    pub from: Magnitude,
    /// In percent.
    pub percent: Rate,
}

/// Lets a payee earn by a plan without being asked for, or changes from when to when.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, remote = "Self")]
#[schema(example = json!({"plan": "agents", "payee": "P-3", "customer": "C-1042", "from": "2026-01-01"}))]
pub struct NewCommissionAssignment {
    /// The plan's code.
    pub plan: Plain,
    /// The payee's code.
    pub payee: Plain,
    /// Code of the customer on whose invoices; without one on those whose tag `seller` is the payee's code.
    pub customer: Option<Plain>,
    /// First day of the invoices.
    pub from: Day,
    /// Last day of the invoices; open where not stated.
    pub to: Option<Day>,
}

/// Accrues what a payee earned on an invoice.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, remote = "Self")]
#[schema(example = json!({"plan": "agents", "payee": "P-3", "invoice": "INV-12"}))]
pub struct NewCommissionAccrual {
    /// The plan's code.
    pub plan: Plain,
    /// The payee's code.
    pub payee: Plain,
    /// The invoice's number.
    pub invoice: Plain,
    /// When it counts; the invoice's date, or on cash that of its last payment, where not stated.
    pub date: Option<Day>,
}

/// Turns what a payee is owed into an open item that can be paid.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, remote = "Self")]
#[schema(example = json!({"payee": "P-3", "date": "2026-03-31", "number": "COM-2026-03"}))]
pub struct NewCommissionPayout {
    /// The payee's code.
    pub payee: Plain,
    /// When it counts; what was earned later stays.
    pub date: Day,
    /// The number of the open item.
    pub number: Plain,
    /// Code of the currency; the functional one where not stated.
    pub currency: Option<Plain>,
}

impl NewCommissionRule {
    fn draft(self) -> Result<(NaiveDate, Option<NaiveDate>, DraftRule), Fault> {
        let rule = match (self.flat, self.percent, self.tiers) {
            (Some(flat), None, None) => DraftRule::Flat(flat.0),
            (None, Some(percent), None) => DraftRule::Percent(percent.0),
            (None, None, Some(tiers)) => {
                let tiers = tiers.into_iter().map(|tier| DraftTier { from: tier.from.0, percent: tier.percent.0 }).collect();
                DraftRule::Tiers { tiers, retroactive: self.retroactive }
            }
            _ => return Err(Fault::at("", "a rule has one of \"flat\", \"percent\" and \"tiers\"")),
        };
        if self.retroactive && !matches!(rule, DraftRule::Tiers { .. }) {
            return Err(Fault::at("/retroactive", "only tiers can be retroactive"));
        }
        let first = NaiveDate::from_ymd_opt(ledger_core::limits::YEAR_MIN, 1, 1).unwrap_or_default();
        Ok((self.from.map_or(first, |day| day.0), self.to.map(|day| day.0), rule))
    }
}

impl NewCommissionPlan {
    /// The command.
    ///
    /// # Errors
    /// [`Fault`] for a rule that is none, or more than one.
    pub fn command(self) -> Result<Command, Fault> {
        let rule = |(at, rule): (usize, NewCommissionRule)| rule.draft().map_err(|fault| fault.within(&format!("/rules/{at}")));
        Ok(Command::DefineCommissionPlan(Box::new(DefineCommissionPlan {
            code: self.code.0,
            trigger: self.trigger.into(),
            rules: self.rules.into_iter().enumerate().map(rule).collect::<Result<_, _>>()?,
            expense: self.expense.account(),
            accrued: self.accrued.account(),
        })))
    }
}

impl NewCommissionAssignment {
    /// The command.
    #[must_use]
    pub fn command(self) -> Command {
        Command::AssignCommission(Box::new(AssignCommission {
            plan: self.plan.0,
            payee: self.payee.0,
            customer: text(self.customer),
            from: self.from.0,
            to: self.to.map(|day| day.0),
        }))
    }
}

impl NewCommissionAccrual {
    /// The command.
    #[must_use]
    pub fn command(self) -> Command {
        let (plan, payee, invoice) = (self.plan.0, self.payee.0, self.invoice.0);
        Command::AccrueCommission(Box::new(AccrueCommission { plan, payee, invoice, date: self.date.map(|day| day.0) }))
    }
}

impl NewCommissionPayout {
    /// The command.
    #[must_use]
    pub fn command(self) -> Command {
        Command::PayOutCommissions(Box::new(PayOutCommissions {
            payee: self.payee.0,
            date: self.date.0,
            number: self.number.0,
            currency: text(self.currency),
        }))
    }
}
