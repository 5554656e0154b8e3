//! Tax of a document: what its codes say, and what that comes to.
//!
//! A code is a dated list of components. Amounts are computed once, when a document is recorded, and stored with
//! it; nothing here runs on replay. Laws, whatever the lines:
//!
//! * Σ line nets = net of the document, Σ tax rows = its tax, net + tax = what is owed;
//! * prices that include tax are kept to the unit: the net is what is left of them;
//! * the lines' shares of tax and of what cannot be recovered sum to the rows.
//!
//! Here: the arithmetic. Which account takes what is decided in `book`.

use chrono::NaiveDate;
use rust_decimal::Decimal;

pub use super::{TaxRounding, TaxRow};
use crate::Text;
use crate::account::AccountNo;
use crate::money::{MoneyError, POW10, Units, add_units, decimal_of};
use crate::rounding::{Rounding, prorate, round_units, units_product};

/// Digits after the decimal point that a percentage may have.
pub const RATE_DIGITS_MAX: u32 = 4;
/// Components of one code.
pub const COMPONENTS_MAX: usize = 20;
/// Components of one code that are computed on earlier ones.
pub const COMPOUND_MAX: usize = 3;

/// One tax among those of a code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TaxComponent {
    /// Its name, for people: `VAT`, `GST`.
    pub name: Text,
    /// In percent, not negative: 20 for 20 %.
    pub rate: Decimal,
    /// The first day it holds for.
    pub from: Option<NaiveDate>,
    /// The last day it holds for.
    pub to: Option<NaiveDate>,
    /// Whether it is computed on the net and the earlier components, not on the net alone.
    pub compound: bool,
    /// Where it goes.
    pub account: AccountNo,
    /// How much of it can be recovered when it is paid, in percent; the rest is part of the cost.
    pub recoverable: Decimal,
    /// On purchases the buyer owes it to the state: to this account.
    pub reverse_charge: Option<AccountNo>,
    /// Kept back by whoever pays, so that less is owed.
    pub withheld: bool,
    /// The box of the tax report; may be empty.
    pub report_box: Text,
}

impl TaxComponent {
    /// Whether it holds for a day.
    #[must_use]
    pub fn holds_on(&self, day: NaiveDate) -> bool {
        self.from.is_none_or(|from| from <= day) && self.to.is_none_or(|to| day <= to)
    }

    /// Whether it is part of a price that includes tax.
    const fn is_priced_in(&self) -> bool {
        !self.withheld && self.reverse_charge.is_none()
    }
}

/// A dated list of components.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TaxCode {
    /// Its code, unique in the organization.
    pub code: Text,
    /// Its name, for people; may be empty.
    pub name: Text,
    /// In the order in which they are computed.
    pub components: Vec<TaxComponent>,
}

impl TaxCode {
    /// What is wrong with it, where something is.
    #[must_use]
    pub fn fault(&self) -> Option<&'static str> {
        let percent = |rate: Decimal| rate >= Decimal::ZERO && rate.normalize().scale() <= RATE_DIGITS_MAX;
        let any = |wrong: &dyn Fn(&TaxComponent) -> bool| self.components.iter().any(wrong);
        if self.components.is_empty() || self.components.len() > COMPONENTS_MAX {
            return Some("it needs 1 to 20 components");
        }
        if self.components.iter().filter(|component| component.compound).count() > COMPOUND_MAX {
            return Some("at most 3 components may be computed on earlier ones");
        }
        if any(&|component| !percent(component.rate) || component.rate > Decimal::from(1000)) {
            return Some("a rate is a percentage from 0 to 1000 with at most 4 digits after the point");
        }
        if any(&|component| !percent(component.recoverable) || component.recoverable > Decimal::ONE_HUNDRED) {
            return Some("a recoverable share is a percentage from 0 to 100 with at most 4 digits after the point");
        }
        if any(&|component| component.withheld && component.reverse_charge.is_some()) {
            return Some("a component is withheld or owed by the buyer, not both");
        }
        if any(&|component| component.from.zip(component.to).is_some_and(|(from, to)| to < from)) {
            return Some("a component may not end before it begins");
        }
        None
    }

    /// The components that hold on a day, in order.
    pub fn on(&self, day: NaiveDate) -> impl Iterator<Item = &TaxComponent> {
        self.components.iter().filter(move |component| component.holds_on(day))
    }
}

/// One line to be taxed.
#[derive(Clone, Copy, Debug)]
pub struct TaxLine<'a> {
    /// Its price, exact: quantity × unit price, with as many digits as that has.
    pub amount: Decimal,
    /// Its code, where it has one.
    pub code: Option<&'a TaxCode>,
}

/// How a document's tax is computed.
#[derive(Clone, Copy, Debug)]
pub struct TaxRules {
    /// The day that says which components hold.
    pub date: NaiveDate,
    /// Per line or per document.
    pub per: TaxRounding,
    /// How ties are decided; tax offices want half-up.
    pub rounding: Rounding,
    /// Whether the lines' prices include tax.
    pub included: bool,
    /// Whether the document is a purchase: then tax may be recoverable and reverse charge applies.
    pub purchase: bool,
    /// Digits of the document's currency.
    pub scale: u8,
}

/// What a line came to, in minor units.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TaxedLine {
    /// Net of tax.
    pub net: Units,
    /// Its share of the document's tax.
    pub tax: Units,
    /// Its share of tax that cannot be recovered: part of what it costs.
    pub cost: Units,
}

/// What a document came to, in minor units.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Taxed {
    /// Line by line.
    pub lines: Vec<TaxedLine>,
    /// Component by component.
    pub rows: Vec<TaxRow>,
    /// Σ line nets.
    pub net: Units,
    /// Σ tax rows.
    pub tax: Units,
    /// Net and tax: what is owed.
    pub total: Units,
}

/// Taxes the lines of a document.
///
/// # Errors
/// [`MoneyError::Overflow`] when an amount does not fit.
pub fn compute(lines: &[TaxLine<'_>], rules: &TaxRules) -> Result<Taxed, MoneyError> {
    let mut taxed = Taxed { lines: Vec::with_capacity(lines.len()), ..Taxed::default() };
    for line in lines {
        let net = round_units(line.amount, rules.scale, rules.rounding)?;
        taxed.lines.push(TaxedLine { net, ..TaxedLine::default() });
    }
    for group in groups(lines, rules.per) {
        group.tax(lines, rules, &mut taxed)?;
    }
    let sum =
        |of: &dyn Fn(&TaxedLine) -> Units| taxed.lines.iter().try_fold(0, |sum, line| add_units(sum, of(line))).ok_or(MoneyError::Overflow);
    (taxed.net, taxed.tax) = (sum(&|line| line.net)?, sum(&|line| line.tax)?);
    taxed.total = add_units(taxed.net, taxed.tax).ok_or(MoneyError::Overflow)?;
    Ok(taxed)
}

/// Lines of one code that are rounded together.
struct Group<'a> {
    code: &'a TaxCode,
    lines: Vec<usize>,
}

fn groups<'a>(lines: &[TaxLine<'a>], per: TaxRounding) -> Vec<Group<'a>> {
    let mut groups: Vec<Group<'a>> = Vec::new();
    for (index, line) in lines.iter().enumerate() {
        let Some(code) = line.code else { continue };
        match groups.iter_mut().find(|group| per == TaxRounding::PerDocument && group.code.code == code.code) {
            Some(group) => group.lines.push(index),
            None => groups.push(Group { code, lines: vec![index] }),
        }
    }
    groups
}

impl Group<'_> {
    fn tax(&self, lines: &[TaxLine<'_>], rules: &TaxRules, taxed: &mut Taxed) -> Result<(), MoneyError> {
        let components: Vec<&TaxComponent> = self.code.on(rules.date).collect();
        let prices: Vec<Price> = self.lines.iter().map(|index| Price::of(lines[*index].amount, taxed.lines[*index].net, rules)).collect();
        let taxes = whole(&prices, rules)?.taxes(&components, rules)?;
        let alone = prices.iter().map(|price| price.taxes(&components, rules)).collect::<Result<Vec<_>, _>>()?;
        let weights: Vec<Units> = prices.iter().map(|price| price.rounded).collect();
        let mut shares = Vec::with_capacity(components.len());
        for (no, tax) in taxes.iter().enumerate() {
            shares.push(fitted(alone.iter().map(|taxes| taxes[no]).collect(), *tax, &weights));
        }
        if rules.included {
            for (_, shares) in components.iter().zip(&shares).filter(|(component, _)| component.is_priced_in()) {
                self.lines.iter().zip(shares).for_each(|(index, share)| taxed.lines[*index].net -= share);
            }
        }
        let mut base = self.lines.iter().try_fold(0, |sum, index| add_units(sum, taxed.lines[*index].net)).ok_or(MoneyError::Overflow)?;
        let net = base;
        for ((component, shares), tax) in components.iter().zip(&shares).zip(&taxes) {
            let on = if component.compound { base } else { net };
            self.book(component, on, *tax, shares, rules, taxed);
            base = add_units(base, if component.is_priced_in() { *tax } else { 0 }).ok_or(MoneyError::Overflow)?;
        }
        Ok(())
    }

    /// Writes down what a component came to: its rows, and its shares of the lines.
    fn book(&self, component: &TaxComponent, base: Units, tax: Units, shares: &[Units], rules: &TaxRules, taxed: &mut Taxed) {
        let self_assessed = component.reverse_charge.is_some();
        let tax = if self_assessed && !rules.purchase { 0 } else { tax };
        let sign = if component.withheld { -1 } else { 1 };
        let recoverable = if rules.purchase && !component.withheld { recoverable_of(tax, component, rules) } else { 0 };
        let row = TaxRow {
            line: (rules.per == TaxRounding::PerLine).then(|| u32::try_from(self.lines[0] + 1).unwrap_or(u32::MAX)),
            code: self.code.code.clone(),
            component: component.name.clone(),
            report_box: component.report_box.clone(),
            rate: fraction(component.rate),
            base,
            tax: sign * tax,
            recoverable,
            account: component.account,
            reverse_charge: self_assessed,
        };
        if let (Some(account), true) = (component.reverse_charge, rules.purchase) {
            let due = TaxRow { tax: -tax, recoverable: 0, account, ..row.clone() };
            taxed.rows.extend([row, due]);
        } else {
            taxed.rows.push(row);
            if !self_assessed {
                self.lines.iter().zip(shares).for_each(|(index, share)| taxed.lines[*index].tax += sign * share);
            }
        }
        if rules.purchase && !component.withheld {
            let alone = shares.iter().map(|share| share - recoverable_of(*share, component, rules)).collect();
            let costs = fitted(alone, tax - recoverable, shares);
            self.lines.iter().zip(costs).for_each(|(index, cost)| taxed.lines[*index].cost += cost);
        }
    }
}

fn recoverable_of(tax: Units, component: &TaxComponent, rules: &TaxRules) -> Units {
    let share = component.recoverable.normalize();
    let part = share.mantissa().unsigned_abs();
    prorate(tax, part, pow10(share.scale() + 2), rules.rounding)
}

/// What tax is computed on.
struct Price {
    /// As it was agreed.
    exact: Decimal,
    /// In minor units.
    rounded: Units,
}

impl Price {
    fn of(exact: Decimal, rounded: Units, rules: &TaxRules) -> Self {
        let exact = if rules.per == TaxRounding::PerLine { decimal_of(rounded, rules.scale) } else { exact };
        Self { exact, rounded }
    }

    /// The tax of each component, in minor units, before its sign.
    fn taxes(&self, components: &[&TaxComponent], rules: &TaxRules) -> Result<Vec<Units>, MoneyError> {
        if rules.included { taxes_within(self.rounded, components, rules) } else { taxes_on(self.exact, components, rules) }
    }
}

fn whole(prices: &[Price], rules: &TaxRules) -> Result<Price, MoneyError> {
    let mut whole = Price { exact: decimal_of(0, rules.scale), rounded: 0 };
    for price in prices {
        whole.exact = exact_sum(whole.exact, price.exact).ok_or(MoneyError::Overflow)?;
        whole.rounded = add_units(whole.rounded, price.rounded).ok_or(MoneyError::Overflow)?;
    }
    Ok(whole)
}

/// Taxes on top of a net.
fn taxes_on(net: Decimal, components: &[&TaxComponent], rules: &TaxRules) -> Result<Vec<Units>, MoneyError> {
    let mut earlier: Units = 0;
    let mut taxes = Vec::with_capacity(components.len());
    for component in components {
        let above = decimal_of(if component.compound { earlier } else { 0 }, rules.scale);
        let base = exact_sum(net, above).ok_or(MoneyError::Overflow)?;
        let tax = units_product(base, fraction(component.rate), rules.scale, rules.rounding)?;
        if component.is_priced_in() {
            earlier = add_units(earlier, tax).ok_or(MoneyError::Overflow)?;
        }
        taxes.push(tax);
    }
    Ok(taxes)
}

/// Taxes within a gross: gross × effective rate ÷ (1 + effective rates that are in the price).
fn taxes_within(gross: Units, components: &[&TaxComponent], rules: &TaxRules) -> Result<Vec<Units>, MoneyError> {
    let mut within = Decimal::ONE;
    let mut effective = Vec::with_capacity(components.len());
    for component in components {
        let base = if component.compound { within } else { Decimal::ONE };
        let rate = exact_product(base, fraction(component.rate)).ok_or(MoneyError::Overflow)?;
        if component.is_priced_in() {
            within = exact_sum(within, rate).ok_or(MoneyError::Overflow)?;
        }
        effective.push(rate);
    }
    let scale = effective.iter().map(Decimal::scale).max().unwrap_or(0).max(within.scale());
    let whole = mantissa_at(within, scale).ok_or(MoneyError::Overflow)?;
    let part = |rate: Decimal| mantissa_at(rate, scale).map(|part| prorate(gross, part, whole, rules.rounding));
    effective.into_iter().map(|rate| part(rate).ok_or(MoneyError::Overflow)).collect()
}

/// Parts that sum to a total: what is missing is given out unit by unit, from the first that has any weight.
pub(crate) fn fitted(mut parts: Vec<Units>, total: Units, weights: &[Units]) -> Vec<Units> {
    let mut left = total - parts.iter().sum::<Units>();
    let any = weights.iter().any(|weight| *weight != 0);
    let takers: Vec<usize> = (0..parts.len()).filter(|index| !any || weights[*index] != 0).collect();
    for index in takers.iter().cycle() {
        if left == 0 {
            break;
        }
        parts[*index] += left.signum();
        left -= left.signum();
    }
    parts
}

/// A percentage as a share of one.
fn fraction(percent: Decimal) -> Decimal {
    let percent = percent.normalize();
    Decimal::try_from_i128_with_scale(percent.mantissa(), percent.scale() + 2).unwrap_or(percent)
}

fn pow10(scale: u32) -> u128 {
    usize::try_from(scale).ok().and_then(|scale| POW10.get(scale)).map_or(u128::MAX, |power| power.unsigned_abs())
}

fn mantissa_at(value: Decimal, scale: u32) -> Option<u128> {
    value.mantissa().unsigned_abs().checked_mul(pow10(scale - value.scale()))
}

/// The product, unless it has more digits than a `Decimal` holds, which would be rounded without saying so.
#[must_use]
pub fn exact_product(a: Decimal, b: Decimal) -> Option<Decimal> {
    let (a, b) = (a.normalize(), b.normalize());
    let product = a.checked_mul(b)?;
    (product.is_zero() == (a.is_zero() || b.is_zero()) && (product.is_zero() || product.scale() == a.scale() + b.scale()))
        .then_some(product)
}

fn exact_sum(a: Decimal, b: Decimal) -> Option<Decimal> {
    let (a, b) = (a.normalize(), b.normalize());
    let sum = a.checked_add(b)?;
    (sum.is_zero() || sum.scale() == a.scale().max(b.scale())).then_some(sum)
}
