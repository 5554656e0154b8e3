//! Values by key in the order of first appearance: a few are searched one by one, many through an index.
//!
//! Why: nearly every entry has two lines in one commodity, where a hash map costs more than the whole decision,
//! while an entry of ten thousand lines must not be searched line by line against line.

use std::hash::Hash;

use rustc_hash::FxHashMap;
use smallvec::SmallVec;

/// Beyond this many keys an index is built.
const SEARCHED_MAX: usize = 16;

pub(crate) struct Tally<K, V> {
    rows: SmallVec<[(K, V); 2]>,
    index: FxHashMap<K, usize>,
}

impl<K: Copy + Eq + Hash, V> Tally<K, V> {
    pub(crate) fn new() -> Self {
        Self { rows: SmallVec::new(), index: FxHashMap::default() }
    }

    /// The value of a key; the first time, a new one.
    pub(crate) fn of(&mut self, key: K, new: impl FnOnce() -> V) -> &mut V {
        let place = self.place(key).unwrap_or_else(|| {
            self.rows.push((key, new()));
            self.note_last();
            self.rows.len() - 1
        });
        &mut self.rows[place].1
    }

    /// The values, in the order in which their keys first appeared.
    pub(crate) fn values(&self) -> impl Iterator<Item = &V> {
        self.rows.iter().map(|(_, value)| value)
    }

    /// As [`Tally::values`], to change them.
    pub(crate) fn values_mut(&mut self) -> impl Iterator<Item = &mut V> {
        self.rows.iter_mut().map(|(_, value)| value)
    }

    fn place(&self, key: K) -> Option<usize> {
        if self.rows.len() <= SEARCHED_MAX {
            return self.rows.iter().position(|(known, _)| *known == key);
        }
        self.index.get(&key).copied()
    }

    fn note_last(&mut self) {
        let count = self.rows.len();
        if count == SEARCHED_MAX + 1 {
            self.index = self.rows.iter().enumerate().map(|(place, (key, _))| (*key, place)).collect();
        } else if count > SEARCHED_MAX {
            self.index.insert(self.rows[count - 1].0, count - 1);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Tally;

    #[test]
    fn few_and_many_keys_are_kept_in_order_of_appearance() {
        for keys in [1, 15, 16, 17, 18, 1000_u32] {
            let mut tally = Tally::new();
            for _ in 0..3 {
                (0..keys).for_each(|key| *tally.of(key, || key * 10) += 1);
            }
            let expected: Vec<u32> = (0..keys).map(|key| key * 10 + 3).collect();
            assert_eq!(tally.values().copied().collect::<Vec<_>>(), expected, "{keys} keys");
        }
    }
}
