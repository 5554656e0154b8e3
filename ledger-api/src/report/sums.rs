//! Sums that keep currencies apart and remember what has no value.

use std::collections::BTreeMap;

use ledger_core::{CommodityNo, Units};

/// An amount of one commodity and its functional value. Debit positive.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sum {
    /// Minor units of the commodity.
    pub units: Units,
    /// Minor units of the functional currency; lines without a value count as zero.
    pub functional: Units,
    /// How many lines it is made of.
    pub lines: u64,
    /// How many of them have no functional value.
    pub unvalued: u64,
}

impl Sum {
    /// Adds another. Balances have at most 28 digits and charts a million accounts: an `i128` holds any such sum.
    pub fn add(&mut self, other: &Self) {
        self.units += other.units;
        self.functional += other.functional;
        self.lines += other.lines;
        self.unvalued += other.unvalued;
    }

    /// The same on the other side.
    #[must_use]
    pub const fn negated(self) -> Self {
        Self { units: -self.units, functional: -self.functional, ..self }
    }

    /// This minus another.
    #[must_use]
    pub const fn minus(self, other: &Self) -> Self {
        Self {
            units: self.units - other.units,
            functional: self.functional - other.functional,
            lines: self.lines.saturating_sub(other.lines),
            unvalued: self.unvalued.saturating_sub(other.unvalued),
        }
    }

    /// Whether neither the amount nor the value is left.
    #[must_use]
    pub const fn is_zero(&self) -> bool {
        self.units == 0 && self.functional == 0
    }
}

/// A sum per commodity.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sums(pub BTreeMap<CommodityNo, Sum>);

impl Sums {
    /// Adds an amount of a commodity.
    pub fn add(&mut self, currency: CommodityNo, sum: &Sum) {
        self.0.entry(currency).or_default().add(sum);
    }

    /// Adds all of another.
    pub fn add_all(&mut self, other: &Self) {
        for (currency, sum) in &other.0 {
            self.add(*currency, sum);
        }
    }

    /// What is left of this after a part of it is taken away.
    #[must_use]
    pub fn without(&self, part: &Self) -> Self {
        let left = |(currency, sum): (&CommodityNo, &Sum)| (*currency, part.0.get(currency).map_or(*sum, |part| sum.minus(part)));
        Self(self.0.iter().map(left).collect())
    }

    /// The same on the other side.
    #[must_use]
    pub fn negated(&self) -> Self {
        Self(self.0.iter().map(|(currency, sum)| (*currency, sum.negated())).collect())
    }

    /// The functional value of everything; what has none counts as zero.
    #[must_use]
    pub fn functional(&self) -> Units {
        self.0.values().map(|sum| sum.functional).sum()
    }

    /// Whether any line in it has no functional value.
    #[must_use]
    pub fn has_unvalued(&self) -> bool {
        self.0.values().any(|sum| sum.unvalued > 0)
    }

    /// Whether neither amounts nor values are left.
    #[must_use]
    pub fn is_zero(&self) -> bool {
        self.0.values().all(Sum::is_zero)
    }

    /// The commodities in which something is left.
    pub fn non_zero(&self) -> impl Iterator<Item = (CommodityNo, &Sum)> {
        self.0.iter().filter(|(_, sum)| !sum.is_zero()).map(|(currency, sum)| (*currency, sum))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_difference_counts_lines_once() {
        let whole = Sum { units: 500, functional: 550, lines: 7, unvalued: 2 };
        let part = Sum { units: 200, functional: 220, lines: 3, unvalued: 2 };
        assert_eq!(whole.minus(&part), Sum { units: 300, functional: 330, lines: 4, unvalued: 0 });
    }
}
