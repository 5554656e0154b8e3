//! The named places where the ledger rounds. Everywhere else an inexact amount is refused.
//!
//! Products are taken over 256-bit intermediates where needed, because `Decimal` multiplication rounds (and
//! underflows to zero) without saying so.

use rust_decimal::Decimal;

use crate::limits::LINE_UNITS_MAX;
use crate::money::{MoneyError, POW10, Units, decimal_of};

/// How a tie and a remainder are decided.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Rounding {
    /// To the nearest, ties to the even neighbour.
    #[default]
    HalfEven,
    /// To the nearest, ties away from zero: the usual rule of tax offices.
    HalfUp,
}

/// `amount × factor` rounded to `scale` digits, as a decimal with exactly that scale.
///
/// # Errors
/// [`MoneyError::Overflow`] when the result has more than 27 digits of minor units.
pub fn multiply(amount: Decimal, factor: Decimal, scale: u8, rounding: Rounding) -> Result<Decimal, MoneyError> {
    units_product(amount, factor, scale, rounding).map(|units| decimal_of(units, scale))
}

/// `amount × factor` rounded to minor units of a commodity with `scale` digits.
///
/// # Errors
/// [`MoneyError::Overflow`].
pub fn units_product(amount: Decimal, factor: Decimal, scale: u8, rounding: Rounding) -> Result<Units, MoneyError> {
    let negative = (amount.mantissa() < 0) != (factor.mantissa() < 0);
    let product = Wide::product(amount.mantissa().unsigned_abs(), factor.mantissa().unsigned_abs());
    let have = amount.scale() + factor.scale();
    let magnitude = rescale(product, have, u32::from(scale), rounding)?;
    let units = i128::try_from(magnitude).ok().filter(|units| *units <= LINE_UNITS_MAX).ok_or(MoneyError::Overflow)?;
    Ok(if negative { -units } else { units })
}

/// A decimal rounded to minor units of a commodity with `scale` digits.
///
/// # Errors
/// [`MoneyError::Overflow`].
pub fn round_units(amount: Decimal, scale: u8, rounding: Rounding) -> Result<Units, MoneyError> {
    units_product(amount, Decimal::ONE, scale, rounding)
}

/// Splits `total` over `weights` (non-negative): floor of each share, then the leftover units one by one from
/// the first. The parts always sum to the total. Without any weight everything goes to the first part.
#[must_use]
pub fn split(total: Units, weights: &[Units]) -> Vec<Units> {
    let magnitude = total.unsigned_abs();
    let sum: u128 = weights.iter().map(|w| w.unsigned_abs()).sum();
    let mut parts: Vec<u128> =
        weights.iter().map(|w| if sum == 0 { 0 } else { Wide::product(magnitude, w.unsigned_abs()).divide(sum).0 }).collect();
    let mut left = magnitude - parts.iter().sum::<u128>();
    for (part, weight) in parts.iter_mut().zip(weights) {
        if left == 0 {
            break;
        }
        if *weight != 0 || sum == 0 {
            let step = if sum == 0 { left } else { 1 };
            *part += step;
            left -= step;
        }
    }
    parts.into_iter().map(|part| signed(part, total < 0)).collect()
}

/// `total × part ÷ whole` to the nearest unit. Without a whole, all of it.
#[must_use]
pub fn prorate(total: Units, part: u128, whole: u128, rounding: Rounding) -> Units {
    if whole == 0 {
        return total;
    }
    let (down, rest) = Wide::product(total.unsigned_abs(), part).divide(whole);
    let up = match rest.cmp(&(whole - rest)) {
        std::cmp::Ordering::Less => false,
        std::cmp::Ordering::Greater => true,
        std::cmp::Ordering::Equal => rounding == Rounding::HalfUp || down % 2 == 1,
    };
    signed(down.saturating_add(u128::from(up)), total < 0)
}

/// `total × part ÷ whole` towards zero: never more than what is due. Without a whole, all of it.
#[must_use]
pub fn prorate_down(total: Units, part: u128, whole: u128) -> Units {
    if whole == 0 {
        return total;
    }
    signed(Wide::product(total.unsigned_abs(), part).divide(whole).0, total < 0)
}

fn signed(magnitude: u128, negative: bool) -> Units {
    let units = i128::try_from(magnitude).unwrap_or(i128::MAX);
    if negative { -units } else { units }
}

fn rescale(product: Wide, have: u32, want: u32, rounding: Rounding) -> Result<u128, MoneyError> {
    if have <= want {
        let factor = POW10[(want - have) as usize].unsigned_abs();
        return product.low_only().and_then(|low| low.checked_mul(factor)).ok_or(MoneyError::Overflow);
    }
    let mut drop = have - want;
    let mut quotient = product;
    let mut rest_below = false;
    while drop > 28 {
        let (next, rest) = quotient.divide_wide(POW10[1].unsigned_abs());
        rest_below |= rest != 0;
        quotient = next;
        drop -= 1;
    }
    let divisor = POW10[drop as usize].unsigned_abs();
    let (wide, rest) = quotient.divide_wide(divisor);
    let down = wide.low_only().ok_or(MoneyError::Overflow)?;
    let half = divisor / 2;
    let up = match (rest.cmp(&half), divisor == 1) {
        (_, true) | (std::cmp::Ordering::Less, _) => false,
        (std::cmp::Ordering::Greater, _) => true,
        (std::cmp::Ordering::Equal, _) => rest_below || rounding == Rounding::HalfUp || down % 2 == 1,
    };
    Ok(down + u128::from(up))
}

/// An unsigned 256-bit number: just enough to multiply two mantissas and divide again.
#[derive(Clone, Copy)]
struct Wide {
    high: u128,
    low: u128,
}

impl Wide {
    fn product(a: u128, b: u128) -> Self {
        const MASK: u128 = u64::MAX as u128;
        let (a1, a0, b1, b0) = (a >> 64, a & MASK, b >> 64, b & MASK);
        let low = a0 * b0;
        let middle = a1 * b0 + (low >> 64);
        let middle_low = (middle & MASK) + a0 * b1;
        Self { high: a1 * b1 + (middle >> 64) + (middle_low >> 64), low: (middle_low << 64) | (low & MASK) }
    }

    fn low_only(self) -> Option<u128> {
        (self.high == 0).then_some(self.low)
    }

    fn divide(self, divisor: u128) -> (u128, u128) {
        let (quotient, rest) = self.divide_wide(divisor);
        (quotient.low, rest)
    }

    fn divide_wide(self, divisor: u128) -> (Self, u128) {
        if self.high == 0 {
            return (Self { high: 0, low: self.low / divisor }, self.low % divisor);
        }
        let mut rest = self.high % divisor;
        let mut low = 0_u128;
        for bit in (0..128).rev() {
            let carry = rest >> 127;
            rest = (rest << 1) | ((self.low >> bit) & 1);
            if carry == 1 || rest >= divisor {
                rest = rest.wrapping_sub(divisor);
                low |= 1 << bit;
            }
        }
        (Self { high: self.high / divisor, low }, rest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn dec(text: &str) -> Decimal {
        text.parse().unwrap()
    }

    #[test]
    fn products_round_where_they_are_named() {
        for (a, b, scale, rounding, want) in [
            ("1.005", "1", 2, Rounding::HalfEven, "1.00"),
            ("1.005", "1", 2, Rounding::HalfUp, "1.01"),
            ("1.015", "1", 2, Rounding::HalfEven, "1.02"),
            ("-1.005", "1", 2, Rounding::HalfUp, "-1.01"),
            ("95", "84.2105263157894736", 2, Rounding::HalfEven, "8000.00"),
            ("3", "1.3333", 2, Rounding::HalfEven, "4.00"),
            ("0.0000000001", "0.0000000000000000000000001", 2, Rounding::HalfUp, "0.00"),
            ("123456789012345678.123456789", "1.0000000000000000000000001", 2, Rounding::HalfEven, "123456789012345678.12"),
        ] {
            assert_eq!(multiply(dec(a), dec(b), scale, rounding).unwrap(), dec(want), "{a} × {b}");
        }
        assert_eq!(multiply(Decimal::MAX, Decimal::MAX, 2, Rounding::HalfEven), Err(MoneyError::Overflow));
    }

    #[test]
    fn shares_round_to_the_nearest_or_down() {
        for (total, part, whole, even, up, down) in [
            (5, 1, 2, 2, 3, 2),
            (-5, 1, 2, -2, -3, -2),
            (7, 1, 2, 4, 4, 3),
            (100, 1, 3, 33, 33, 33),
            (200, 1, 3, 67, 67, 66),
            (9, 0, 0, 9, 9, 9),
            (LINE_UNITS_MAX, u128::from(u64::MAX), u128::from(u64::MAX), LINE_UNITS_MAX, LINE_UNITS_MAX, LINE_UNITS_MAX),
        ] {
            let found = (prorate(total, part, whole, Rounding::HalfEven), prorate(total, part, whole, Rounding::HalfUp));
            assert_eq!((found, prorate_down(total, part, whole)), ((even, up), down), "{total} × {part} ÷ {whole}");
        }
    }

    proptest! {
        #[test]
        fn parts_sum_to_the_total(total in -10_i128.pow(20)..10_i128.pow(20), weights in prop::collection::vec(0_i128..10_i128.pow(12), 1..12)) {
            let parts = split(total, &weights);
            prop_assert_eq!(parts.iter().sum::<i128>(), total);
            prop_assert!(parts.iter().all(|part| part.signum() * total.signum() >= 0));
        }

        #[test]
        fn wide_products_agree_with_plain_arithmetic(a in any::<u64>(), b in any::<u64>(), divisor in 1_u64..) {
            let (quotient, rest) = Wide::product(u128::from(a), u128::from(b)).divide(u128::from(divisor));
            let product = u128::from(a) * u128::from(b);
            prop_assert_eq!((quotient, rest), (product / u128::from(divisor), product % u128::from(divisor)));
        }

        #[test]
        fn wide_division_inverts_multiplication(a in any::<u128>(), b in 1_u128.., rest in any::<u128>()) {
            let rest = rest % b;
            let product = Wide::product(a, b);
            let (low, carry) = product.low.overflowing_add(rest);
            let dividend = Wide { high: product.high.wrapping_add(u128::from(carry)), low };
            prop_assert_eq!(dividend.divide(b), (a, rest));
        }
    }
}
