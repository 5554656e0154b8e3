//! The keys of recent entries, in a table of fixed size.
//!
//! Rows of one entry stand together. When a key comes again after others, the entry was torn apart, and both
//! places should be named. Remembering every key would cost memory that grows with the file, so the table
//! keeps about a quarter of a million of the latest; what comes back from further away is caught by the
//! uniqueness of external ids, which the store checks for ever ([`super::KeyUse::ExternalId`]).

use std::hash::{DefaultHasher, Hash, Hasher};

const SLOTS: usize = 1 << 18;

/// Keys met lately, by hash, with the line where each first stood.
pub(crate) struct Recent {
    slots: Vec<(u64, u32)>,
}

impl Recent {
    pub(crate) const fn new() -> Self {
        Self { slots: Vec::new() }
    }

    /// Notes a key; returns the line where it first stood if it was met before.
    pub(crate) fn note(&mut self, key: &str, line: u32) -> Option<u32> {
        if self.slots.is_empty() {
            self.slots = vec![(0, 0); SLOTS];
        }
        let mut hasher = DefaultHasher::new();
        key.hash(&mut hasher);
        let hash = hasher.finish() | 1;
        let slot = usize::try_from(hash >> 40).unwrap_or(0) % SLOTS;
        let kept = self.slots.get_mut(slot)?;
        if kept.0 == hash {
            return Some(kept.1);
        }
        *kept = (hash, line);
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_that_comes_again_is_known() {
        let mut recent = Recent::new();
        for line in 1..=1_000 {
            assert_eq!(recent.note(&format!("JE{line}"), line), None);
        }
        assert_eq!(recent.note("JE1000", 2_000), Some(1_000));
    }
}
