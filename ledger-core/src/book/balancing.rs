//! Whether an entry balances, and what makes every commodity of an exchange sum to zero.
//!
//! Rounding happens in one named place here: the residual of rounded weights, which becomes a visible line on
//! the draft's rounding account.

use rust_decimal::Decimal;

use super::posting::{Fresh, Lines, Resolved};
use super::{Book, FUNCTIONAL};
use crate::Text;
use crate::account::{AccountNo, AccountType, SubType};
use crate::commodity::{Commodity, CommodityNo};
use crate::draft::DraftEntry;
use crate::entry::{Line, LineDetail, Unbalanced};
use crate::money::{Money, Units, add_units, decimal_of};
use crate::rejection::Rejection;
use crate::tally::Tally;

/// Where conversion accounts stand in the chart; the commodity's code follows.
const CONVERSION_PREFIX: &str = "Equity:Conversion:";
/// Stands for the code of the commodity without one.
const NO_CODE: &str = "(none)";

/// The commodity whose conversion account has this code.
pub(super) fn conversion_currency(code: &str, commodities: &[Commodity]) -> Option<CommodityNo> {
    let code = code.strip_prefix(CONVERSION_PREFIX)?;
    let code = if code == NO_CODE { "" } else { code };
    commodities.iter().find(|commodity| commodity.code == code).map(|commodity| commodity.no)
}

/// Sums of one commodity over an entry.
pub(super) struct Group {
    currency: CommodityNo,
    pub(super) units: Units,
    debits: Units,
    functional: Units,
    valued: bool,
    lines: Units,
}

impl Group {
    pub(super) const fn new(currency: CommodityNo) -> Self {
        Self { currency, units: 0, debits: 0, functional: 0, valued: true, lines: 0 }
    }

    /// `None` when a sum is too large.
    pub(super) fn add(&mut self, units: Units, functional: Option<Units>) -> Option<()> {
        self.lines += 1;
        self.valued &= functional.is_some();
        self.units = add_units(self.units, units)?;
        self.debits = add_units(self.debits, units.max(0))?;
        self.functional = add_units(self.functional, functional.unwrap_or(0))?;
        Some(())
    }
}

type Groups = Tally<CommodityNo, Group>;

impl Book {
    /// Where lines carry weights, the weights sum to zero, or leave what rounding them explains: at most one
    /// minor unit for each line that is weighed in the commodity.
    pub(super) fn check_weights(&self, draft: &DraftEntry, lines: &mut Lines, fresh: &mut Fresh) -> Result<(), Rejection> {
        let priced = lines.iter().any(|resolved| resolved.priced);
        if !priced && draft.rounding_account.is_none() {
            return Ok(());
        }
        let weights = lines.iter().map(|resolved| (resolved.weight, None));
        let groups = groups_of(weights)?;
        for group in groups.values().filter(|group| group.units != 0) {
            let tolerated = draft.rounding_account.as_ref().filter(|_| group.units.abs() <= group.lines);
            match tolerated {
                Some(account) => {
                    let residual = self.rounding_line(account, group, lines, fresh)?;
                    lines.push(residual);
                }
                None if priced => return Err(self.unbalanced(group, fresh)),
                None => {}
            }
        }
        Ok(())
    }

    fn rounding_line(&self, code: &Text, group: &Group, lines: &Lines, fresh: &mut Fresh) -> Result<Resolved, Rejection> {
        let account = self.special_account(code, AccountType::Equity, SubType::Rounding, lines.len() + 1, fresh)?;
        let money = Money::new(-group.units, group.currency);
        let (functional, source) = self.residual_value(money, lines, fresh);
        let detail = LineDetail { memo: Some(Text::from("rounding of weights")), ..LineDetail::default() };
        let line = Line { account, money, functional, detail: Some(Box::new(detail)) };
        Ok(Resolved { line, weight: money, priced: false, source })
    }

    /// The entry's lines with the conversion lines that it needs, if it balances.
    pub(super) fn balanced_lines(&self, resolved: Lines, fresh: &mut Fresh) -> Result<Vec<Line>, Rejection> {
        let groups = groups_of(resolved.iter().map(|resolved| (resolved.line.money, resolved.line.functional)))?;
        let priced = resolved.iter().any(|resolved| resolved.priced);
        self.check_balanced(priced, &groups, fresh)?;
        let mut lines = resolved.into_iter().map(|resolved| resolved.line).collect();
        self.add_conversion_lines(&groups, &mut lines, fresh)?;
        Ok(lines)
    }

    /// Commodity by commodity, or by what the exchange is worth.
    fn check_balanced(&self, priced: bool, groups: &Groups, fresh: &Fresh) -> Result<(), Rejection> {
        let mut off = groups.values().filter(|group| group.units != 0);
        let all_valued = groups.values().all(|group| group.valued);
        match (off.next(), off.next()) {
            (Some(group), None) if !priced => return Err(self.unbalanced(group, fresh)),
            (Some(group), Some(_)) if !priced && !all_valued => {
                let difference = self.shown(group.units, group.currency, fresh);
                return Err(Rejection::ExchangeUnpriced { currency: self.code_of(group.currency, fresh), difference });
            }
            _ => {}
        }
        let functional = groups.values().try_fold(0, |sum, group| add_units(sum, group.functional));
        let functional = functional.ok_or(Rejection::AmountTooLarge { line: 0 })?;
        if functional != 0 && (fresh.valued || !priced) {
            return Err(self.explain(Unbalanced::Functional { off: functional }));
        }
        Ok(())
    }

    /// Conversion lines for every commodity that was exchanged, so that each sums to zero. A line in the
    /// functional currency is worth itself, so what its commodity's value is off beyond that takes a line of its own.
    fn add_conversion_lines(&self, groups: &Groups, lines: &mut Vec<Line>, fresh: &mut Fresh) -> Result<(), Rejection> {
        let exchanged = groups.values().any(|group| group.units != 0);
        for group in groups.values().filter(|group| group.units != 0 || (exchanged && group.functional != 0)) {
            let account = self.conversion_account(group.currency, lines.len() + 1, fresh)?;
            let mut convert = |units: Units, functional: Option<Units>| {
                lines.push(Line { account, money: Money::new(units, group.currency), functional, detail: None });
            };
            if group.currency != FUNCTIONAL || group.functional == group.units {
                convert(-group.units, group.valued.then_some(-group.functional));
                continue;
            }
            if group.units != 0 {
                convert(-group.units, Some(-group.units));
            }
            convert(0, Some(group.units - group.functional));
        }
        Ok(())
    }

    pub(super) fn conversion_account(&self, currency: CommodityNo, line: usize, fresh: &mut Fresh) -> Result<AccountNo, Rejection> {
        if let Some(known) = self.conversion.get(&currency).and_then(|no| self.account(*no)) {
            return self.posting_account(known, line);
        }
        let code = self.code_of(currency, fresh);
        let suffix = if code.is_empty() { NO_CODE } else { code.as_str() };
        self.special_account(&Text::from(format!("{CONVERSION_PREFIX}{suffix}")), AccountType::Equity, SubType::Conversion, line, fresh)
    }

    pub(super) fn unbalanced(&self, group: &Group, fresh: &Fresh) -> Rejection {
        let shown = |units| self.shown(units, group.currency, fresh);
        Rejection::Unbalanced {
            currency: self.code_of(group.currency, fresh),
            debits: shown(group.debits),
            credits: shown(group.debits - group.units),
            difference: shown(group.units),
        }
    }

    /// What the balance law found, in the caller's words. The checks before it leave nothing to find but sums
    /// that are too large.
    pub(super) fn explain(&self, unbalanced: Unbalanced) -> Rejection {
        let code = |currency| self.commodity(currency).map(|commodity| commodity.code.clone()).unwrap_or_default();
        match unbalanced {
            Unbalanced::TooFewLines => Rejection::TooFewLines { found: 1 },
            Unbalanced::Overflow => Rejection::AmountTooLarge { line: 0 },
            Unbalanced::Functional { off } => {
                Rejection::UnbalancedFunctional { currency: code(FUNCTIONAL), difference: self.display(off, FUNCTIONAL) }
            }
            Unbalanced::Currency { currency, off } => {
                Rejection::ExchangeUnpriced { currency: code(currency), difference: self.display(off, currency) }
            }
            Unbalanced::PartlyValued { currency } => Rejection::ExchangeUnpriced { currency: code(currency), difference: Decimal::ZERO },
        }
    }

    fn code_of(&self, currency: CommodityNo, fresh: &Fresh) -> Text {
        self.defined(currency, fresh).map(|commodity| commodity.code.clone()).unwrap_or_default()
    }

    pub(super) fn shown(&self, units: Units, currency: CommodityNo, fresh: &Fresh) -> Decimal {
        decimal_of(units, self.defined(currency, fresh).map_or(0, |commodity| commodity.scale))
    }

    fn defined<'a>(&'a self, currency: CommodityNo, fresh: &'a Fresh) -> Option<&'a Commodity> {
        self.commodity(currency).or_else(|| fresh.commodities.iter().find(|commodity| commodity.no == currency))
    }
}

/// Sums per commodity, in the order of first appearance.
fn groups_of(amounts: impl Iterator<Item = (Money, Option<Units>)>) -> Result<Groups, Rejection> {
    let mut groups = Groups::new();
    for (money, functional) in amounts {
        let group = groups.of(money.currency(), || Group::new(money.currency()));
        group.add(money.units(), functional).ok_or(Rejection::AmountTooLarge { line: 0 })?;
    }
    Ok(groups)
}
