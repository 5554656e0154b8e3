//! Repeatable chance: the same seed falls alike on every machine and in every version.

/// SplitMix64.
#[derive(Clone, Debug)]
pub(super) struct Dice(u64);

impl Dice {
    pub(super) const fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// From 0 to below `bound`.
    pub(super) fn below(&mut self, bound: i64) -> i64 {
        let bound = u64::try_from(bound).unwrap_or(1).max(1);
        i64::try_from(self.next() % bound).unwrap_or(0)
    }

    /// From `low` to `high`, both included.
    pub(super) fn between(&mut self, low: i64, high: i64) -> i64 {
        low + self.below(high - low + 1)
    }

    pub(super) fn index(&mut self, len: usize) -> usize {
        usize::try_from(self.below(i64::try_from(len).unwrap_or(1))).unwrap_or(0)
    }

    /// True about `percent` times in a hundred.
    pub(super) fn percent(&mut self, percent: i64) -> bool {
        self.below(100) < percent
    }

    /// True about once in `n`.
    pub(super) fn once_in(&mut self, n: i64) -> bool {
        self.below(n) == 0
    }

    /// `amount` up to `percent` percent more or less.
    pub(super) fn about(&mut self, amount: i64, percent: i64) -> i64 {
        amount + amount * self.between(-percent * 10, percent * 10) / 1_000
    }
}
