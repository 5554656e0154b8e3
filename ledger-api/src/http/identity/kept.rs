//! What was looked up a moment ago, kept for a few seconds: a request that follows another asks the database nothing.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// How long a look-up is believed: what another server revokes is good for that long here.
pub const KEPT_FOR: Duration = Duration::from_secs(5);

/// Look-ups by what was asked; forgotten after [`KEPT_FOR`], and all of them when there are too many.
#[derive(Debug)]
pub(super) struct Kept<K, V> {
    found: Mutex<HashMap<K, (Instant, V)>>,
    most: usize,
}

impl<K: Hash + Eq, V: Clone> Kept<K, V> {
    pub(super) fn new(most: usize) -> Self {
        Self { found: Mutex::default(), most }
    }

    pub(super) fn get(&self, key: &K) -> Option<V> {
        let found = self.lock();
        let (at, value) = found.get(key)?;
        (at.elapsed() < KEPT_FOR).then(|| value.clone())
    }

    pub(super) fn put(&self, key: K, value: V) {
        let mut found = self.lock();
        if found.len() >= self.most {
            found.retain(|_, (at, _)| at.elapsed() < KEPT_FOR);
        }
        if found.len() >= self.most {
            found.clear();
        }
        found.insert(key, (Instant::now(), value));
    }

    pub(super) fn forget(&self, of: impl Fn(&K, &V) -> bool) {
        self.lock().retain(|key, (_, value)| !of(key, value));
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<K, (Instant, V)>> {
        self.found.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_bounded_and_forgets() {
        let kept = Kept::new(2);
        kept.put("a", 1);
        kept.put("b", 2);
        assert_eq!((kept.get(&"a"), kept.get(&"b"), kept.get(&"c")), (Some(1), Some(2), None));
        kept.forget(|_, value| *value == 1);
        assert_eq!((kept.get(&"a"), kept.get(&"b")), (None, Some(2)));
        kept.put("c", 3);
        kept.put("d", 4);
        assert_eq!((kept.get(&"b"), kept.get(&"c"), kept.get(&"d")), (None, None, Some(4)), "full: all of it went");
    }
}
