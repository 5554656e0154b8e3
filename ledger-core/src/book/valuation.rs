//! What foreign lines are worth in the functional currency.
//!
//! An amount that is stated is the truth. Otherwise a line is worth what it was exchanged for, at the rate it
//! quotes itself or the recorded one. Each amount is rounded half-even for itself; where that leaves the lines
//! of one side off the value of their sum, the value is split over them, so that equal sides have equal values.

use chrono::NaiveDate;
use rust_decimal::Decimal;
use smallvec::SmallVec;

use super::posting::{Fresh, Lines, Resolved, Source};
use super::{Book, FUNCTIONAL, Valuation};
use crate::Text;
use crate::commodity::CommodityNo;
use crate::draft::DraftLine;
use crate::limits::RATE_AGE_DAYS_MAX;
use crate::money::{Money, Units};
use crate::rate::RateType;
use crate::rejection::Rejection;
use crate::rounding::{Rounding, split, units_product};

/// Smallest inverse of a rate that is used: of its 28 digits after the point ten are left.
const INVERSE_MIN: Decimal = Decimal::from_parts(1, 0, 0, false, 18);

impl Book {
    /// A line in the functional currency is worth itself; one of no amount may carry a functional amount only.
    pub(super) fn own_value(&self, draft: &DraftLine, units: Units, line: usize) -> Result<Units, Rejection> {
        let Some(stated) = draft.functional else { return Ok(units) };
        let stated = self.functional_units(stated, line)?;
        if stated == units || units == 0 {
            return Ok(stated);
        }
        Err(Rejection::FunctionalDiffers { expected: self.display(units, FUNCTIONAL), found: self.display(stated, FUNCTIONAL), line })
    }

    /// The functional amount of a foreign line: as stated, by its weight, by its own rate, or by a recorded one.
    pub(super) fn value(
        &self,
        draft: &DraftLine,
        weight: Money,
        day: NaiveDate,
        line: usize,
        required: bool,
    ) -> Result<(Option<Units>, Source), Rejection> {
        if let Some(stated) = draft.functional {
            return Ok((Some(self.functional_units(stated, line)?), Source::Given));
        }
        if weight.currency() == FUNCTIONAL {
            return Ok((Some(weight.units()), Source::Given));
        }
        let (amount, code) = draft.weight.as_ref().map_or((draft.amount, &draft.currency), |weight| (weight.amount, &weight.currency));
        let rate = match own_rate(draft, &self.functional().code) {
            Some(rate) => rate,
            None if !required => return Ok((None, Source::Unvalued)),
            None if amount.is_zero() => return Ok((Some(0), Source::Given)),
            None => self.recorded_rate(weight.currency(), day, RateType::Spot).ok_or_else(|| self.rate_missing(code, day, line))?,
        };
        let units = units_product(amount, rate, self.functional().scale, Rounding::HalfEven);
        units.map(|units| (Some(units), Source::Rate(rate))).map_err(|_| Rejection::AmountTooLarge { line })
    }

    fn rate_missing(&self, base: &Text, date: NaiveDate, line: usize) -> Rejection {
        Rejection::RateMissing { base: base.clone(), quote: self.functional().code.clone(), date, line }
    }

    /// The rate of a commodity in the functional currency, of the day or at most a month before it. A rate
    /// recorded the other way round is inverted, unless too few digits would be left of it.
    pub(super) fn recorded_rate(&self, currency: CommodityNo, day: NaiveDate, kind: RateType) -> Option<Decimal> {
        let fresh_enough = |(date, _): &(NaiveDate, Decimal)| (day - *date).num_days() <= RATE_AGE_DAYS_MAX;
        let direct = self.rate_on(currency, FUNCTIONAL, kind, day).filter(fresh_enough);
        let inverse = || self.rate_on(FUNCTIONAL, currency, kind, day).filter(fresh_enough);
        match direct {
            Some((_, rate)) => Some(rate),
            None => inverse().and_then(|(_, rate)| Decimal::ONE.checked_div(rate)).filter(|rate| *rate >= INVERSE_MIN),
        }
    }

    /// Amounts that one rate gives sum to the value of their side.
    pub(super) fn value_sides(&self, lines: &mut Lines, fresh: &Fresh) {
        let mut rates: SmallVec<[(CommodityNo, Decimal); 2]> = SmallVec::new();
        for resolved in lines.iter() {
            if let Source::Rate(rate) = resolved.source {
                let pair = (resolved.weight.currency(), rate);
                if !rates.contains(&pair) {
                    rates.push(pair);
                }
            }
        }
        for (currency, rate) in rates {
            for debit in [true, false] {
                self.value_side(lines, currency, rate, debit, fresh);
            }
        }
    }

    fn value_side(&self, lines: &mut Lines, currency: CommodityNo, rate: Decimal, debit: bool, fresh: &Fresh) {
        let of_side = |resolved: &&mut Resolved| {
            resolved.weight.currency() == currency && resolved.source == Source::Rate(rate) && (resolved.weight.units() > 0) == debit
        };
        let mut side: SmallVec<[&mut Resolved; 4]> = lines.iter_mut().filter(of_side).collect();
        let total: Units = side.iter().map(|resolved| resolved.weight.units()).sum();
        let rounded: Units = side.iter().filter_map(|resolved| resolved.line.functional).sum();
        let amount = self.shown(total, currency, fresh);
        let Ok(value) = units_product(amount, rate, self.functional().scale, Rounding::HalfEven) else { return };
        if value == rounded {
            return;
        }
        let weights: Vec<Units> = side.iter().map(|resolved| resolved.weight.units()).collect();
        for (resolved, part) in side.iter_mut().zip(split(value, &weights)) {
            resolved.line.functional = Some(part);
        }
    }

    /// What the line of a rounding residual is worth: as its commodity is valued in the entry; beside stated
    /// amounts, which must agree by themselves, nothing.
    pub(super) fn residual_value(&self, money: Money, lines: &Lines, fresh: &Fresh) -> (Option<Units>, Source) {
        let currency = money.currency();
        if currency == FUNCTIONAL {
            return (Some(money.units()), Source::Given);
        }
        let rate = lines.iter().filter(|resolved| resolved.weight.currency() == currency).find_map(|resolved| match resolved.source {
            Source::Rate(rate) => Some(rate),
            Source::Given | Source::Unvalued => None,
        });
        if let Some(rate) = rate
            && let Ok(units) = units_product(self.shown(money.units(), currency, fresh), rate, self.functional().scale, Rounding::HalfEven)
        {
            return (Some(units), Source::Rate(rate));
        }
        let unvalued = |resolved: &Resolved| resolved.line.money.currency() == currency && resolved.line.functional.is_none();
        if self.valuation == Valuation::ByCommodity && lines.iter().any(unvalued) {
            return (None, Source::Unvalued);
        }
        (Some(0), Source::Given)
    }

    /// Where values are optional, a commodity of which only some lines have one is kept without.
    pub(super) fn unvalue_partly_valued(&self, lines: &mut Lines) {
        let mut unvalued: SmallVec<[CommodityNo; 4]> =
            lines.iter().filter(|resolved| resolved.line.functional.is_none()).map(|resolved| resolved.line.money.currency()).collect();
        if unvalued.is_empty() {
            return;
        }
        unvalued.sort_unstable();
        unvalued.dedup();
        for resolved in lines.iter_mut().filter(|resolved| unvalued.binary_search(&resolved.line.money.currency()).is_ok()) {
            resolved.line.functional = None;
            resolved.source = Source::Unvalued;
        }
    }
}

/// The rate that a line quotes in the functional currency.
fn own_rate(draft: &DraftLine, functional: &Text) -> Option<Decimal> {
    let rate = draft.detail.as_ref()?.rate.as_ref()?;
    (rate.quote == *functional && draft.weight.is_none()).then_some(rate.rate)
}
