//! Booking, second half: the one number that a group of postings may leave out, and what each posting weighs.
//!
//! Where beancount rounds a computed amount by the digits it sees in the same transaction (and fills −7.80 for
//! 4.8 + 2.97), a computed amount here has the digits of its commodity.

use rust_decimal::Decimal;

use ledger_core::money::decimal_of;
use ledger_core::rounding::{self, Rounding};

use super::ast::{Fault, Parse, Part, Pos, Posting};
use super::booking::{Group, Held, Leg, LegPrice, NewLot};
use super::expr::{negated, quotient, significant};
use super::inventory::Cost;
use super::names::{AccountId, CurrencyId, Names};

/// A posting with nothing left to find out.
#[derive(Clone, Debug)]
pub(super) struct Booked<'t> {
    pub(super) index: usize,
    pub(super) pos: Pos,
    pub(super) account: AccountId,
    pub(super) units: Decimal,
    pub(super) currency: CurrencyId,
    pub(super) cost: Option<Cost<'t>>,
    /// Per unit.
    pub(super) price: Option<(Decimal, CurrencyId)>,
    pub(super) weight: Weighed,
    /// Whether some number of it was computed; such postings say nothing about tolerances.
    pub(super) computed: bool,
}

/// What a posting weighs in the commodity of its group.
#[derive(Clone, Copy, Debug)]
pub(super) struct Weighed {
    pub(super) currency: CurrencyId,
    /// To 28 digits.
    pub(super) exact: Decimal,
    /// Rounded half-even to the commodity's scale.
    pub(super) rounded: Decimal,
}

/// Digits after the point by commodity.
pub(super) trait Scales {
    fn scale(&self, currency: CurrencyId) -> u8;
}

const TOO_LARGE: &str = "the value of this posting is too large to keep exactly";

/// Completes the legs of one group.
pub(super) fn complete<'t>((currency, legs): Group<'t>, names: &Names<'t>, scales: &dyn Scales) -> Parse<Vec<Booked<'t>>> {
    let mut missing = legs.iter().enumerate().flat_map(|(at, leg)| gaps(leg).map(move |gap| (at, gap)));
    let (first, second) = (missing.next(), missing.next());
    drop(missing);
    if let (Some((at, _)), Some((other, _))) = (first, second) {
        return Err(Fault::new(
            legs[at.max(other)].pos,
            format!("more than one number is left out among the postings that balance in {}", names.currency_name(currency)),
        )
        .found(names.account_name(legs[at.max(other)].account))
        .remedy("write all but one"));
    }
    let mut booked = Vec::with_capacity(legs.len());
    let mut sum = Decimal::ZERO;
    for (at, leg) in legs.iter().enumerate() {
        if first.is_none_or(|(gap, _)| gap != at) {
            let done = settle(leg, false, scales)?;
            sum = sum.checked_add(done.weight.exact).ok_or_else(|| Fault::new(leg.pos, TOO_LARGE))?;
            booked.push(done);
        }
    }
    if let Some((at, gap)) = first
        && let Some(leg) = fill(legs[at].clone(), gap, negated(sum), scales)?
    {
        let mut done = settle(&leg, true, scales)?;
        if gap == Gap::Units {
            keep_weight(&mut done, negated(sum), scales)?;
        }
        booked.insert(at, done);
    }
    for posting in &booked {
        check_cost(posting)?;
    }
    Ok(booked)
}

/// Computed units are rounded to their commodity's digits; what they stand for is not changed by that.
fn keep_weight(posting: &mut Booked<'_>, needed: Decimal, scales: &dyn Scales) -> Parse<()> {
    if posting.units.is_zero() && (posting.cost.is_some() || posting.price.is_some()) {
        return Err(Fault::new(posting.pos, "the amount left out is less than the smallest unit of its commodity").remedy("write it"));
    }
    let moved = posting.weight.exact.checked_sub(needed).map(|moved| moved.abs());
    let step = posting.price.map(|(price, _)| price).or(posting.cost.as_ref().map(|cost| cost.number)).unwrap_or(Decimal::ONE);
    let explained = step.checked_mul(Decimal::new(1, u32::from(scales.scale(posting.currency))));
    let same_side = posting.units.is_sign_negative() == needed.is_sign_negative();
    if same_side && moved.is_some_and(|moved| explained.is_some_and(|explained| moved <= explained)) {
        let rounded = round(needed, scales.scale(posting.weight.currency)).ok_or_else(|| Fault::new(posting.pos, TOO_LARGE))?;
        posting.weight = Weighed { exact: needed, rounded, ..posting.weight };
    }
    Ok(())
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Gap {
    Units,
    CostPer,
    CostTotal,
    Price,
}

fn gaps(leg: &Leg<'_>) -> impl Iterator<Item = Gap> + use<> {
    let (per, total) = match &leg.cost {
        Held::Spec(spec) => (spec.per == Part::Missing, spec.total == Part::Missing),
        _ => (false, false),
    };
    let price = leg.price.is_some_and(|price| price.number.is_none());
    [(leg.units.is_none(), Gap::Units), (per, Gap::CostPer), (total, Gap::CostTotal), (price, Gap::Price)]
        .into_iter()
        .filter_map(|(is, gap)| is.then_some(gap))
}

/// The leg with its gap filled so that it weighs `weight`; nothing when an amount left out would be zero.
fn fill<'t>(mut leg: Leg<'t>, gap: Gap, weight: Decimal, scales: &dyn Scales) -> Parse<Option<Leg<'t>>> {
    let fault = |problem: &str| Fault::new(leg.pos, problem);
    let large = || fault(TOO_LARGE);
    match (gap, &mut leg.cost) {
        (Gap::Units, cost) => {
            let units = match (cost, leg.price) {
                (Held::Spec(NewLot { per: Part::Given(per), total, .. }), _) => {
                    let total = if let Part::Given(total) = total { *total } else { Decimal::ZERO };
                    if per.is_zero() {
                        return Err(fault("the units cannot be computed from a total cost alone").remedy("write the units"));
                    }
                    weight.checked_sub(total).and_then(|rest| quotient(rest, *per)).ok_or_else(large)?
                }
                (_, Some(LegPrice { number: Some(price), .. })) => {
                    if price.is_zero() {
                        return Err(fault("the units cannot be computed from a price of zero").remedy("write the units"));
                    }
                    quotient(weight, price).ok_or_else(large)?
                }
                _ => weight,
            };
            if weight.is_zero() {
                return Ok(None);
            }
            leg.units = Some(round(units, scales.scale(leg.currency)).ok_or_else(large)?);
        }
        (Gap::CostPer, Held::Spec(spec)) => {
            let units = leg.units.unwrap_or_default();
            if units.is_zero() {
                return Ok(None);
            }
            let total = if let Part::Given(total) = spec.total { total } else { Decimal::ZERO };
            let per = weight.checked_sub(total).and_then(|rest| quotient(rest, units));
            spec.per = Part::Given(per.ok_or_else(large)?);
        }
        (Gap::CostTotal, Held::Spec(spec)) => {
            let per = if let Part::Given(per) = spec.per { per } else { Decimal::ZERO };
            let total = per.checked_mul(leg.units.unwrap_or_default()).and_then(|sum| weight.checked_sub(sum));
            spec.total = Part::Given(significant(total.ok_or_else(large)?));
        }
        (Gap::Price, Held::Plain) => {
            let units = leg.units.unwrap_or_default();
            if units.is_zero() {
                return Err(fault("a price cannot be computed for zero units").remedy("write the price"));
            }
            if let Some(price) = &mut leg.price {
                price.number = Some(weight.abs());
                price.total = true;
            }
        }
        (Gap::Price, _) => {
            return Err(
                fault("the price of a posting held at cost cannot be computed").remedy("write the price or leave it out with its sign")
            );
        }
        (Gap::CostPer | Gap::CostTotal, _) => {}
    }
    Ok(Some(leg))
}

fn round(number: Decimal, scale: u8) -> Option<Decimal> {
    if number.scale() <= u32::from(scale) {
        return Some(number);
    }
    rounding::round_units(number, scale, Rounding::HalfEven).ok().map(|units| decimal_of(units, scale))
}

/// A leg without gaps, weighed.
fn settle<'t>(leg: &Leg<'t>, computed: bool, scales: &dyn Scales) -> Parse<Booked<'t>> {
    let large = || Fault::new(leg.pos, TOO_LARGE);
    let units = leg.units.unwrap_or_default();
    let cost = match &leg.cost {
        Held::Lot(cost) => Some(cost.clone()),
        Held::Spec(spec) => {
            let number = cost_per_unit(spec, units, leg.pos)?;
            Some(Cost { number, currency: spec.currency, date: spec.date.unwrap_or_default(), label: spec.label })
        }
        Held::Plain => None,
    };
    let mut price = None;
    if let Some(LegPrice { number: Some(number), currency, total }) = leg.price {
        let per = match total {
            true if units.is_zero() => Decimal::ZERO,
            true => quotient(number, units.abs()).ok_or_else(large)?,
            false => number,
        };
        price = Some((per, currency));
    }
    let worth = cost.as_ref().map(|cost| (cost.number, cost.currency)).or(price);
    let weight = weigh(units, leg.currency, worth, scales).ok_or_else(large)?;
    Ok(Booked { index: leg.index, pos: leg.pos, account: leg.account, units, currency: leg.currency, cost, price, weight, computed })
}

/// Weighs units that are worth so much each. A total is taken through the cost or price per unit, as beancount
/// does, so that weights agree with it to the last digit; it comes back whole unless it has more digits than its
/// commodity.
fn weigh(units: Decimal, own: CurrencyId, worth: Option<(Decimal, CurrencyId)>, scales: &dyn Scales) -> Option<Weighed> {
    let Some((per, currency)) = worth else {
        return Some(Weighed { currency: own, exact: units, rounded: round(units, scales.scale(own))? });
    };
    let rounded = rounding::multiply(units, per, scales.scale(currency), Rounding::HalfEven).ok()?;
    Some(Weighed { currency, exact: significant(units.checked_mul(per)?), rounded })
}

/// The cost per unit of a new lot.
fn cost_per_unit(spec: &NewLot<'_>, units: Decimal, pos: Pos) -> Parse<Decimal> {
    let large = || Fault::new(pos, TOO_LARGE);
    let per = if let Part::Given(per) = spec.per { per } else { Decimal::ZERO };
    let Part::Given(total) = spec.total else { return Ok(per) };
    if units.is_zero() {
        return Err(Fault::new(pos, "a lot needs units other than zero"));
    }
    let all = per.checked_mul(units.abs()).and_then(|sum| sum.checked_add(total)).ok_or_else(large)?;
    quotient(all, units.abs()).ok_or_else(large)
}

fn check_cost(posting: &Booked<'_>) -> Parse<()> {
    let Some(cost) = &posting.cost else { return Ok(()) };
    if posting.units.is_zero() {
        return Err(Fault::new(posting.pos, "a lot needs units other than zero"));
    }
    if cost.number.is_sign_negative() && !cost.number.is_zero() {
        return Err(Fault::new(posting.pos, "the cost of a lot cannot be negative").found(cost.number.normalize().to_string()));
    }
    Ok(())
}

/// A posting of a plain complete amount.
pub(super) fn plain<'t>(index: usize, posting: &Posting<'_>, units: Decimal, currency: CurrencyId) -> Booked<'t> {
    let weight = Weighed { currency, exact: units, rounded: units };
    Booked { index, pos: posting.pos, account: posting.account, units, currency, cost: None, price: None, weight, computed: false }
}
