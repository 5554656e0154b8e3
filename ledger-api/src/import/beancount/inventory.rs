//! What an account holds: plain amounts, and lots that remember what they cost, in the order in which they came.

use chrono::NaiveDate;
use rust_decimal::Decimal;
use rustc_hash::FxHashMap;
use std::collections::BTreeMap;

use super::names::CurrencyId;

/// What one unit of a lot cost, and how the lot is told apart.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Cost<'t> {
    pub(super) number: Decimal,
    pub(super) currency: CurrencyId,
    pub(super) date: NaiveDate,
    pub(super) label: Option<&'t str>,
}

/// Units that share one cost. Never zero.
#[derive(Clone, Debug)]
pub(super) struct Lot<'t> {
    pub(super) units: Decimal,
    pub(super) cost: Cost<'t>,
}

/// How an amount met what was there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Met {
    Created,
    Augmented,
    Reduced,
}

/// The lots of one commodity in one account.
#[derive(Debug, Default)]
pub(super) struct Lots<'t> {
    next: u64,
    by_order: BTreeMap<u64, Lot<'t>>,
    by_cost: FxHashMap<Cost<'t>, u64>,
    positive: usize,
    negative: usize,
}

impl<'t> Lots<'t> {
    /// Number and content of each lot, oldest entry first.
    pub(super) fn iter(&self) -> impl Iterator<Item = (u64, &Lot<'t>)> {
        self.by_order.iter().map(|(order, lot)| (*order, lot))
    }

    fn count(&mut self, units: Decimal) -> &mut usize {
        if units.is_sign_negative() { &mut self.negative } else { &mut self.positive }
    }

    fn add(&mut self, units: Decimal, cost: &Cost<'t>) -> Option<Met> {
        let Some(order) = self.by_cost.get(cost).copied() else {
            if !units.is_zero() {
                self.by_order.insert(self.next, Lot { units, cost: cost.clone() });
                self.by_cost.insert(cost.clone(), self.next);
                self.next += 1;
                *self.count(units) += 1;
            }
            return Some(Met::Created);
        };
        let lot = self.by_order.get_mut(&order)?;
        let (before, after) = (lot.units, lot.units.checked_add(units)?);
        lot.units = after;
        *self.count(before) -= 1;
        if after.is_zero() {
            self.by_order.remove(&order);
            self.by_cost.remove(cost);
        } else {
            *self.count(after) += 1;
        }
        Some(if before.is_sign_negative() == units.is_sign_negative() { Met::Augmented } else { Met::Reduced })
    }
}

/// Everything one account holds.
#[derive(Debug, Default)]
pub(super) struct Inventory<'t> {
    plain: Vec<(CurrencyId, Decimal)>,
    lots: Vec<(CurrencyId, Lots<'t>)>,
}

impl<'t> Inventory<'t> {
    /// Adds units, at a cost or plain. Nothing when a sum is too large to keep.
    pub(super) fn add(&mut self, currency: CurrencyId, units: Decimal, cost: Option<&Cost<'t>>) -> Option<Met> {
        let Some(cost) = cost else { return self.add_plain(currency, units) };
        let at = self.lots.iter().position(|(held, _)| *held == currency).unwrap_or_else(|| {
            self.lots.push((currency, Lots::default()));
            self.lots.len() - 1
        });
        self.lots.get_mut(at)?.1.add(units, cost)
    }

    fn add_plain(&mut self, currency: CurrencyId, units: Decimal) -> Option<Met> {
        let Some(at) = self.plain.iter().position(|(held, _)| *held == currency) else {
            if !units.is_zero() {
                self.plain.push((currency, units));
            }
            return Some(Met::Created);
        };
        let held = &mut self.plain[at].1;
        let met = if held.is_sign_negative() == units.is_sign_negative() { Met::Augmented } else { Met::Reduced };
        *held = held.checked_add(units)?;
        if held.is_zero() {
            self.plain.remove(at);
        }
        Some(met)
    }

    pub(super) fn lots(&self, currency: CurrencyId) -> Option<&Lots<'t>> {
        self.lots.iter().find(|(held, _)| *held == currency).map(|(_, lots)| lots)
    }

    pub(super) fn has_lots(&self, currency: CurrencyId) -> bool {
        self.lots(currency).is_some_and(|lots| !lots.by_order.is_empty())
    }

    /// Whether units of this sign would meet holdings of the other sign. `gone` are lots of each sign that the
    /// same transaction has used up already.
    pub(super) fn is_reduced_by(&self, currency: CurrencyId, negative: bool, gone: (usize, usize)) -> bool {
        let plain = self.plain.iter().any(|(held, units)| *held == currency && units.is_sign_negative() != negative);
        plain || self.lots(currency).is_some_and(|lots| if negative { lots.positive > gone.0 } else { lots.negative > gone.1 })
    }

    /// The commodity held, if there is exactly one.
    pub(super) fn only_currency(&self) -> Option<CurrencyId> {
        let lots = self.lots.iter().filter(|(_, lots)| !lots.by_order.is_empty()).map(|(held, _)| *held);
        only(self.plain.iter().map(|(held, _)| *held).chain(lots))
    }

    /// The commodity of all costs, if there is exactly one.
    pub(super) fn only_cost_currency(&self) -> Option<CurrencyId> {
        only(self.lots.iter().flat_map(|(_, lots)| lots.by_order.values()).map(|lot| lot.cost.currency))
    }
}

fn only(mut all: impl Iterator<Item = CurrencyId>) -> Option<CurrencyId> {
    let first = all.next()?;
    all.all(|other| other == first).then_some(first)
}
