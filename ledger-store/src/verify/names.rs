//! Whether two large sets of external ids are the same, without holding either: a sum of hashes that does not depend
//! on the order in which they come.

use ledger_core::Seq;

/// The sum of the hashes of (external id, event), as two numbers of 128 bits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct NameSum {
    pub(super) count: u64,
    high: u128,
    low: u128,
}

impl NameSum {
    pub(super) fn add(&mut self, name: &str, seq: Seq) {
        let [high, low] = fingerprint(name, seq);
        self.count += 1;
        (self.high, self.low) = (self.high.wrapping_add(high), self.low.wrapping_add(low));
    }

    pub(super) fn join(&mut self, other: Self) {
        self.count += other.count;
        (self.high, self.low) = (self.high.wrapping_add(other.high), self.low.wrapping_add(other.low));
    }
}

/// The two halves of a name's hash.
pub(super) fn fingerprint(name: &str, seq: Seq) -> [u128; 2] {
    let mut hasher = blake3::Hasher::new();
    hasher.update(&seq.to_le_bytes());
    hasher.update(name.as_bytes());
    let hash = hasher.finalize();
    let half = |from: usize| hash.as_bytes()[from..from + 16].iter().fold(0_u128, |sum, byte| (sum << 8) | u128::from(*byte));
    [half(0), half(16)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sum_knows_names_and_places_but_no_order() {
        let sum = |names: &[(&str, Seq)]| {
            let mut sum = NameSum::default();
            names.iter().for_each(|(name, seq)| sum.add(name, *seq));
            sum
        };
        assert_eq!(sum(&[("a", 1), ("b", 2)]), sum(&[("b", 2), ("a", 1)]));
        for other in [&[("a", 1), ("b", 3)][..], &[("a", 2), ("b", 1)], &[("a", 1)], &[("a", 1), ("c", 2)]] {
            assert_ne!(sum(&[("a", 1), ("b", 2)]), sum(other));
        }
    }
}
