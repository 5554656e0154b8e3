//! What agents and sellers earn on sales: plans, accruals, claw-backs.
//!
//! A flat or plain rule earns on each sale for itself, on a part of it in proportion: parts sum to the whole. With
//! tiers, a rule says what a sum of bases earns and an accrual is the difference that a further base makes to it:
//! accruals of any sequence of bases sum to what the rule says of all of them, and a retroactive tier catches up by
//! itself. A claw-back takes back of one accrual in proportion to what was credited of its base, cumulatively: a full
//! credit takes back all of it, in however many steps.
//!
//! An assignment says who earns by a plan without being asked for: on all invoices of a customer, or on those that name
//! the payee in their tag [`SELLER_TAG`].
//!
//! Accruals are stored with their events; nothing here runs on replay.

use chrono::NaiveDate;
use rust_decimal::Decimal;

use super::PartyNo;
use crate::account::AccountNo;
use crate::commodity::CommodityNo;
use crate::money::{MoneyError, Units, add_units, decimal_of};
use crate::rounding::{Rounding, prorate, round_units, units_product};
use crate::{Seq, Text};

words! {
    /// When commission is earned.
    Trigger {
        /// When the sale is invoiced.
        Invoice = 0 "invoice",
        /// When it is paid, as far as it is paid.
        Cash = 1 "cash",
    }
}

/// One step of a tiered rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tier {
    /// The sum of bases from which it holds, in minor units; the first starts at 0.
    pub from: Units,
    /// In percent.
    pub percent: Decimal,
}

/// What sums of bases earn.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rule {
    /// The same for each sale, in minor units.
    Flat(Units),
    /// A percentage of each base.
    Percent(Decimal),
    /// Each tier's percentage of what lies within it; `retroactive`: the reached tier's percentage of everything.
    Tiers {
        /// In ascending order.
        tiers: Vec<Tier>,
        /// Whether reaching a tier changes what was earned below it.
        retroactive: bool,
    },
}

/// A rule and the days it holds for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DatedRule {
    /// First day, inclusive.
    pub from: NaiveDate,
    /// Last day, inclusive; open where not given.
    pub to: Option<NaiveDate>,
    /// What is earned.
    pub rule: Rule,
}

/// A commission plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommissionPlan {
    /// Its code, unique in the organization.
    pub code: Text,
    /// When it is earned.
    pub trigger: Trigger,
    /// What it earns, by date.
    pub rules: Vec<DatedRule>,
    /// The expense account.
    pub expense: AccountNo,
    /// Where it waits until it is paid out: a liability.
    pub accrued: AccountNo,
}

impl CommissionPlan {
    /// The rule that holds on a day: the last given of those that do.
    #[must_use]
    pub fn rule_on(&self, day: NaiveDate) -> Option<&DatedRule> {
        self.rules.iter().rev().find(|rule| rule.from <= day && rule.to.is_none_or(|to| day <= to))
    }

    /// What is wrong with it, where something is.
    #[must_use]
    pub fn fault(&self) -> Option<&'static str> {
        if self.rules.is_empty() {
            return Some("it needs a rule");
        }
        if self.rules.iter().any(|rule| rule.to.is_some_and(|to| to < rule.from)) {
            return Some("a rule may not end before it begins");
        }
        self.rules.iter().find_map(|rule| rule.rule.fault())
    }
}

impl Rule {
    fn fault(&self) -> Option<&'static str> {
        let percent = |percent: Decimal| (Decimal::ZERO..=Decimal::ONE_HUNDRED).contains(&percent) && percent.normalize().scale() <= 6;
        let bad_percent = "a rate is a percentage from 0 to 100 with at most 6 digits after the point";
        match self {
            Self::Flat(units) => (*units < 0).then_some("a flat amount may not be negative"),
            Self::Percent(rate) => (!percent(*rate)).then_some(bad_percent),
            Self::Tiers { tiers, .. } if tiers.first().is_none_or(|tier| tier.from != 0) => Some("the first tier starts at 0"),
            Self::Tiers { tiers, .. } if tiers.windows(2).any(|pair| pair[1].from <= pair[0].from) => {
                Some("tiers stand in ascending order")
            }
            Self::Tiers { tiers, .. } => tiers.iter().any(|tier| !percent(tier.percent)).then_some(bad_percent),
        }
    }

    /// What a sum of bases earns in all, where it is one sale or the rule has tiers, in minor units with `scale`
    /// digits; a negative sum earns nothing.
    ///
    /// # Errors
    /// [`MoneyError::Overflow`].
    pub fn earned(&self, sum: Units, scale: u8) -> Result<Units, MoneyError> {
        let sum = sum.max(0);
        match self {
            Self::Flat(each) => Ok(*each),
            Self::Percent(percent) => share(sum, *percent, scale),
            Self::Tiers { tiers, retroactive: true } => {
                let reached = tiers.iter().rev().find(|tier| tier.from <= sum);
                reached.map_or(Ok(0), |tier| share(sum, tier.percent, scale))
            }
            Self::Tiers { tiers, retroactive: false } => {
                let mut earned = 0;
                for (index, tier) in tiers.iter().enumerate().filter(|(_, tier)| tier.from < sum) {
                    let end = tiers.get(index + 1).map_or(sum, |next| next.from.min(sum));
                    earned = add_units(earned, share(end - tier.from, tier.percent, scale)?).ok_or(MoneyError::Overflow)?;
                }
                Ok(earned)
            }
        }
    }

    /// The same rule where amounts have another number of digits: 25.00 dollars are read as 25 yen.
    ///
    /// # Errors
    /// [`MoneyError::Overflow`].
    pub fn in_scale(&self, have: u8, want: u8) -> Result<Self, MoneyError> {
        let rescaled = |units: Units| round_units(decimal_of(units, have), want, Rounding::HalfEven);
        Ok(match self {
            Self::Flat(units) => Self::Flat(rescaled(*units)?),
            Self::Percent(percent) => Self::Percent(*percent),
            Self::Tiers { tiers, retroactive } => {
                let tier = |tier: &Tier| Ok(Tier { from: rescaled(tier.from)?, percent: tier.percent });
                Self::Tiers { tiers: tiers.iter().map(tier).collect::<Result<_, MoneyError>>()?, retroactive: *retroactive }
            }
        })
    }

    /// What a further base of a sale earns: its own share, or with tiers the difference that it makes to the sum of
    /// bases of all sales before it, catch-up of a retroactive tier included.
    ///
    /// # Errors
    /// [`MoneyError::Overflow`].
    pub fn accrual(&self, before: Units, sale: Sale, base: Units, scale: u8) -> Result<Units, MoneyError> {
        let standing = add_units(sale.stands_on, base).ok_or(MoneyError::Overflow)?;
        match self {
            Self::Flat(each) => return Ok(sale.part(*each, standing) - sale.part(*each, sale.stands_on)),
            Self::Percent(percent) => return Ok(share(standing, *percent, scale)? - share(sale.stands_on, *percent, scale)?),
            Self::Tiers { .. } => {}
        }
        let after = add_units(before, base).ok_or(MoneyError::Overflow)?;
        Ok(self.earned(after, scale)? - self.earned(before, scale)?)
    }
}

/// A sale on which something may be earned already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sale {
    /// All that can be earned on, in minor units; positive.
    pub net: Units,
    /// What earlier accruals stand on, in minor units.
    pub stands_on: Units,
}

impl Sale {
    /// The part of an amount per sale that belongs to a part of the sale.
    fn part(self, each: Units, base: Units) -> Units {
        prorate(each, base.unsigned_abs().min(self.net.unsigned_abs()), self.net.unsigned_abs(), Rounding::HalfEven)
    }
}

fn share(sum: Units, percent: Decimal, scale: u8) -> Result<Units, MoneyError> {
    let percent = percent.normalize();
    let fraction = Decimal::try_from_i128_with_scale(percent.mantissa(), percent.scale() + 2).map_err(|_| MoneyError::Overflow)?;
    units_product(decimal_of(sum, scale), fraction, scale, Rounding::HalfEven)
}

/// What a payment earns commission on: the part of the net that it pays, so that full payment covers all of it.
#[must_use]
pub fn base_of_payment(net: Units, gross: Units, paid_before: Units, paid_now: Units) -> Units {
    let paid = |sum: Units| prorate(net, sum.unsigned_abs().min(gross.unsigned_abs()), gross.unsigned_abs(), Rounding::HalfEven);
    if gross == 0 { 0 } else { paid(paid_before + paid_now) - paid(paid_before) }
}

/// What a further credit takes back of an accrual: in proportion to its base, and all of it once all is credited.
#[must_use]
pub fn claw_back(accrued: Units, base: Units, credited_before: Units, credited_now: Units) -> Units {
    let taken = |sum: Units| prorate(accrued, sum.unsigned_abs().min(base.unsigned_abs()), base.unsigned_abs(), Rounding::HalfEven);
    if base == 0 { 0 } else { taken(credited_before + credited_now) - taken(credited_before) }
}

/// The tag of an invoice, or of its lines where all that have it agree, that names the payee who sold.
pub const SELLER_TAG: &str = "seller";

/// Who earns by a plan on which invoices, as soon as they are issued or paid.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommissionAssignment {
    /// By which plan.
    pub plan: Text,
    /// Who.
    pub payee: PartyNo,
    /// On all invoices of this customer; without one, on those whose tag [`SELLER_TAG`] is the payee's code.
    pub customer: Option<PartyNo>,
    /// First day of invoices, inclusive.
    pub from: NaiveDate,
    /// Last day of invoices, inclusive; open where not given.
    pub to: Option<NaiveDate>,
}

impl CommissionAssignment {
    /// Whether invoices of a day belong to it.
    #[must_use]
    pub fn holds_on(&self, day: NaiveDate) -> bool {
        self.from <= day && self.to.is_none_or(|to| day <= to)
    }
}

/// What a payee earned on a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommissionAccrual {
    /// By which plan.
    pub plan: Text,
    /// First day of the plan's rule: sums of bases begin anew with each rule.
    pub rule_from: NaiveDate,
    /// Who earned it.
    pub payee: PartyNo,
    /// The invoice, by its event.
    pub document: Seq,
    /// When it counts.
    pub date: NaiveDate,
    /// The invoice's currency.
    pub currency: CommodityNo,
    /// What it was earned on, in minor units; positive.
    pub base: Units,
    /// What was earned, in minor units; a retroactive catch-up is part of it.
    pub earned: Units,
    /// The expense account.
    pub expense: AccountNo,
    /// Where it waits for payout.
    pub accrued: AccountNo,
}

/// Takes back part or whole of an accrual.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClawBack {
    /// The accrual, by its event.
    pub accrual: Seq,
    /// The credit note, or what undid a payment, by its event.
    pub document: Seq,
    /// How much of the base was credited, in minor units; positive.
    pub base: Units,
    /// What is taken back, in minor units; positive.
    pub amount: Units,
}

/// What accruals came to when they were paid out: from then on the payee's open item.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Payout {
    /// Whose.
    pub payee: PartyNo,
    /// Its number, as the open item names it.
    pub number: Text,
    /// When it counts.
    pub date: NaiveDate,
    /// The accruals, by their events, and what was still owed of each in minor units; negative where more was
    /// clawed back than is left.
    pub parts: Vec<(Seq, Units)>,
}
