//! Exact amounts: integers of minor units, inseparable from their commodity.
//!
//! Why integers: a commodity's scale is fixed when it is defined, so within it every sum, comparison and zero
//! check is integer arithmetic that cannot round. `Decimal` is the form at the edges (text, NUMERIC); the two
//! conversions here are the only doors, and both refuse rather than round.
//!
//! Sign: positive is debit, negative is credit, everywhere in this crate.

use rust_decimal::Decimal;

use crate::commodity::CommodityNo;
use crate::limits::{BALANCE_UNITS_MAX, LINE_UNITS_MAX};

/// A count of minor units of some commodity (cents for USD). Debit positive.
pub type Units = i128;

/// Why a number is not an amount of a commodity.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MoneyError {
    /// More digits after the point than the commodity has; the amount is refused, never rounded.
    #[error("{amount} has more than {scale} digits after the decimal point")]
    OverPrecise {
        /// What came.
        amount: Decimal,
        /// Digits that the commodity allows.
        scale: u8,
    },
    /// Beyond 27 digits of minor units.
    #[error("the amount is too large to keep exactly")]
    Overflow,
    /// Two amounts of different commodities met.
    #[error("amounts of two different commodities cannot be added")]
    CurrencyMismatch,
}

/// An exact amount and its commodity. There is no `+`: a sum can fail and says so.
///
/// ```compile_fail
/// # use ledger_core::{Money, CommodityNo};
/// let total = Money::new(500, CommodityNo::new(1)) + Money::new(500, CommodityNo::new(2)); // no `Add`
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Money {
    units: Units,
    currency: CommodityNo,
}

impl Money {
    /// An amount of `units` minor units.
    #[must_use]
    pub const fn new(units: Units, currency: CommodityNo) -> Self {
        Self { units, currency }
    }

    /// Minor units, debit positive.
    #[must_use]
    pub const fn units(self) -> Units {
        self.units
    }

    /// The commodity.
    #[must_use]
    pub const fn currency(self) -> CommodityNo {
        self.currency
    }

    /// The sum, if both are of one commodity and the result fits.
    ///
    /// # Errors
    /// [`MoneyError::CurrencyMismatch`], [`MoneyError::Overflow`].
    pub fn checked_add(self, other: Self) -> Result<Self, MoneyError> {
        if self.currency != other.currency {
            return Err(MoneyError::CurrencyMismatch);
        }
        let units = add_units(self.units, other.units).ok_or(MoneyError::Overflow)?;
        Ok(Self { units, ..self })
    }

    /// The same amount on the other side.
    #[must_use]
    pub const fn negated(self) -> Self {
        Self { units: -self.units, currency: self.currency }
    }
}

/// The sum of two counts of minor units, or nothing when it leaves what a balance may hold.
#[must_use]
pub fn add_units(a: Units, b: Units) -> Option<Units> {
    a.checked_add(b).filter(|sum| sum.unsigned_abs() <= BALANCE_UNITS_MAX.unsigned_abs())
}

/// Reads a decimal as minor units of a commodity with `scale` digits.
///
/// # Errors
/// [`MoneyError::OverPrecise`] when a non-zero digit would be lost, [`MoneyError::Overflow`] beyond 27 digits.
pub fn units_of(amount: Decimal, scale: u8) -> Result<Units, MoneyError> {
    let have = amount.scale();
    let want = u32::from(scale);
    let mantissa = amount.mantissa();
    let units = if have == want {
        mantissa
    } else if have < want {
        mantissa.checked_mul(POW10[(want - have) as usize]).ok_or(MoneyError::Overflow)?
    } else {
        let divisor = POW10[(have - want) as usize];
        if mantissa % divisor != 0 {
            return Err(MoneyError::OverPrecise { amount, scale });
        }
        mantissa / divisor
    };
    if units.abs() > LINE_UNITS_MAX { Err(MoneyError::Overflow) } else { Ok(units) }
}

/// The decimal of a count of minor units, with exactly `scale` digits after the point.
///
/// # Panics
/// Never for units within [`BALANCE_UNITS_MAX`], which every constructor of the books keeps.
#[must_use]
pub fn decimal_of(units: Units, scale: u8) -> Decimal {
    Decimal::try_from_i128_with_scale(units, u32::from(scale)).unwrap_or(if units < 0 { Decimal::MIN } else { Decimal::MAX })
}

/// Powers of ten up to 10^28, the largest scale of a `Decimal`.
pub(crate) const POW10: [i128; 29] = {
    let mut table = [1_i128; 29];
    let mut i = 1;
    while i < 29 {
        table[i] = table[i - 1] * 10;
        i += 1;
    }
    table
};

#[cfg(test)]
mod tests {
    use super::*;

    fn dec(text: &str) -> Decimal {
        text.parse().unwrap()
    }

    #[test]
    fn decimals_become_minor_units_or_are_refused() {
        assert_eq!(units_of(dec("12.34"), 2), Ok(1234));
        assert_eq!(units_of(dec("12.3400"), 2), Ok(1234));
        assert_eq!(units_of(dec("-0.01"), 2), Ok(-1));
        assert_eq!(units_of(dec("7"), 0), Ok(7));
        assert!(matches!(units_of(dec("12.345"), 2), Err(MoneyError::OverPrecise { .. })));
        assert_eq!(units_of(Decimal::MAX, 2), Err(MoneyError::Overflow));
        assert_eq!(units_of(dec("999999999.999999999999999999"), 18), Ok(LINE_UNITS_MAX));
        assert_eq!(units_of(dec("1000000000.000000000000000000"), 18), Err(MoneyError::Overflow));
    }

    #[test]
    fn amounts_of_two_commodities_do_not_add() {
        let usd = Money::new(500, CommodityNo::new(1));
        let eur = Money::new(500, CommodityNo::new(2));
        assert_eq!(usd.checked_add(eur), Err(MoneyError::CurrencyMismatch));
        assert_eq!(usd.checked_add(usd), Ok(Money::new(1000, CommodityNo::new(1))));
        let large = Money::new(BALANCE_UNITS_MAX, CommodityNo::new(1));
        assert_eq!(large.checked_add(usd), Err(MoneyError::Overflow));
    }
}
