//! Values by a key that only grows, as they came: what a stream leaves behind, such as items by their place in it.
//!
//! Why: there are millions, nearly all of them settled for good, and a writer holds two books. Blocks are full, found
//! by bisection and shared between clones until one of them changes a value, so the second book costs only what differs.

use std::sync::Arc;

/// Values in one block: what is copied when a shared value changes.
const BLOCK: usize = 256;

#[derive(Clone, Debug)]
pub(crate) struct Ascending<K, V> {
    blocks: Vec<Arc<Vec<(K, V)>>>,
}

impl<K, V> Default for Ascending<K, V> {
    fn default() -> Self {
        Self { blocks: Vec::new() }
    }
}

impl<K: Copy + Ord, V: Clone> Ascending<K, V> {
    pub(crate) fn len(&self) -> usize {
        self.blocks.last().map_or(0, |last| (self.blocks.len() - 1) * BLOCK + last.len())
    }

    /// Adds a value behind all others. A key that is not larger than the last is not taken.
    #[must_use]
    pub(crate) fn push(&mut self, key: K, value: V) -> bool {
        match self.blocks.last_mut() {
            Some(last) if last.last().is_some_and(|(known, _)| *known >= key) => return false,
            Some(last) if last.len() < BLOCK => Arc::make_mut(last).push((key, value)),
            _ => {
                let mut block = Vec::with_capacity(BLOCK);
                block.push((key, value));
                self.blocks.push(Arc::new(block));
            }
        }
        true
    }

    pub(crate) fn get(&self, key: K) -> Option<&V> {
        let (block, place) = self.find(key)?;
        self.blocks.get(block)?.get(place).map(|(_, value)| value)
    }

    pub(crate) fn get_mut(&mut self, key: K) -> Option<&mut V> {
        let (block, place) = self.find(key)?;
        Arc::make_mut(self.blocks.get_mut(block)?).get_mut(place).map(|(_, value)| value)
    }

    fn find(&self, key: K) -> Option<(usize, usize)> {
        let block = self.block_of(key)?;
        let place = self.blocks.get(block)?.binary_search_by_key(&key, |(known, _)| *known).ok()?;
        Some((block, place))
    }

    /// The last block that begins at or before a key.
    fn block_of(&self, key: K) -> Option<usize> {
        self.blocks.partition_point(|block| block.first().is_some_and(|(first, _)| *first <= key)).checked_sub(1)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (K, &V)> {
        self.blocks.iter().flat_map(|block| block.iter().map(|(key, value)| (*key, value)))
    }

    /// The values from a key on.
    pub(crate) fn from(&self, key: K) -> impl Iterator<Item = (K, &V)> {
        let blocks = self.blocks.iter().skip(self.block_of(key).unwrap_or(0));
        blocks.flat_map(|block| block.iter().map(|(key, value)| (*key, value))).skip_while(move |(known, _)| *known < key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_found_in_the_order_in_which_they_came() {
        for count in [0, 1, 255, 256, 257, 1_000_u32] {
            let mut ascending = Ascending::default();
            assert!((0..count).all(|no| ascending.push(no * 2, no)));
            assert_eq!(ascending.len(), usize::try_from(count).unwrap());
            assert!((0..count).all(|no| ascending.get(no * 2) == Some(&no) && ascending.get(no * 2 + 1).is_none()));
            assert!(ascending.iter().map(|(_, no)| *no).eq(0..count));
            for first in [0, 1, 511, 512, 513, 1_999, 5_000] {
                assert!(
                    ascending.from(first).map(|(_, no)| *no).eq(first.div_ceil(2)..count.max(first.div_ceil(2))),
                    "{count} from {first}"
                );
            }
            assert!(count == 0 || !ascending.push(0, 7), "keys only grow");
        }
    }

    #[test]
    fn what_one_clone_changes_the_other_keeps() {
        let mut one = Ascending::default();
        assert!((0..600).all(|no| one.push(no, no)));
        let mut other = one.clone();
        *other.get_mut(300).unwrap() = 7;
        assert!(other.push(600, 600));
        assert_eq!((one.get(300), other.get(300), one.get(600), other.get(600)), (Some(&300), Some(&7), None, Some(&600)));
        assert!(Arc::ptr_eq(&one.blocks[0], &other.blocks[0]), "what neither changed is shared");
    }
}
