//! How many requests an organization and a key may make in a minute.
//!
//! Each has a bucket that fills evenly (GCRA: one number, the time at which it would be full again), kept in memory: several
//! servers each allow the whole. Answers say where one stands (`RateLimit`, draft-ietf-httpapi-ratelimit-headers-10).

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Instant;

use axum::http::{HeaderMap, HeaderValue, StatusCode};

use super::problem::Problem;

/// The window of every limit, in seconds.
pub const WINDOW_SECONDS: u64 = 60;
const WINDOW_NANOS: u64 = WINDOW_SECONDS * 1_000_000_000;
/// Buckets that are kept; full ones are forgotten first.
const BUCKETS_MAX: usize = 100_000;

/// Buckets by whose they are.
#[derive(Debug)]
pub struct Buckets<K> {
    began: Instant,
    /// When the bucket would be full again, in nanoseconds since `began`.
    full_at: RwLock<HashMap<K, Arc<AtomicU64>>>,
}

/// Where a caller stands after a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    /// Requests in a window.
    pub quota: u32,
    /// What is left of it.
    pub remaining: u32,
    /// Seconds until all of it is there again, or where nothing is left, until there is one.
    pub seconds: u64,
    /// Whether the request may go on.
    pub allowed: bool,
}

impl<K: Eq + Hash + Clone> Default for Buckets<K> {
    fn default() -> Self {
        Self { began: Instant::now(), full_at: RwLock::default() }
    }
}

impl<K: Eq + Hash + Clone> Buckets<K> {
    /// Takes one request out of a bucket of `quota` a window.
    #[must_use]
    pub fn take(&self, key: &K, quota: u32) -> Standing {
        let now = u64::try_from(self.began.elapsed().as_nanos()).unwrap_or(u64::MAX);
        self.take_at(key, quota, now)
    }

    fn take_at(&self, key: &K, quota: u32, now: u64) -> Standing {
        let bucket = self.bucket(key, now);
        let each = WINDOW_NANOS / u64::from(quota.max(1));
        let mut full_at = bucket.load(Ordering::Relaxed);
        loop {
            let after = full_at.max(now) + each;
            let allowed = quota > 0 && after <= now + WINDOW_NANOS;
            if !allowed {
                let wait = after.saturating_sub(now + WINDOW_NANOS).max(1);
                return Standing { quota, remaining: 0, seconds: wait.div_ceil(1_000_000_000), allowed };
            }
            match bucket.compare_exchange_weak(full_at, after, Ordering::Relaxed, Ordering::Relaxed) {
                Ok(_) => {
                    let remaining = u32::try_from((now + WINDOW_NANOS - after) / each).unwrap_or(u32::MAX);
                    return Standing { quota, remaining, seconds: (after - now).div_ceil(1_000_000_000), allowed };
                }
                Err(other) => full_at = other,
            }
        }
    }

    fn bucket(&self, key: &K, now: u64) -> Arc<AtomicU64> {
        if let Some(known) = self.full_at.read().unwrap_or_else(PoisonError::into_inner).get(key) {
            return Arc::clone(known);
        }
        let mut buckets = self.full_at.write().unwrap_or_else(PoisonError::into_inner);
        if buckets.len() >= BUCKETS_MAX {
            buckets.retain(|_, full_at| full_at.load(Ordering::Relaxed) > now);
        }
        Arc::clone(buckets.entry(key.clone()).or_default())
    }
}

impl Standing {
    /// Tells the caller.
    pub fn write(&self, name: &str, headers: &mut HeaderMap) {
        let policy = format!("\"{name}\";q={};w={WINDOW_SECONDS}", self.quota);
        let limit = format!("\"{name}\";r={};t={}", self.remaining, self.seconds);
        for (header, value) in [("ratelimit-policy", policy), ("ratelimit", limit)] {
            if let Ok(value) = HeaderValue::from_str(&value) {
                headers.append(header, value);
            }
        }
    }

    /// Why the request may not go on.
    #[must_use]
    pub fn refusal(&self, whose: &str) -> Problem {
        let said = format!("{whose} may make {} requests in {WINDOW_SECONDS} seconds", self.quota);
        Problem::new(StatusCode::TOO_MANY_REQUESTS, "RATE_LIMITED", said)
            .retry_in(self.seconds)
            .hint("wait as Retry-After says; send many entries as a batch or as NDJSON")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: u64 = 1_000_000_000;

    #[test]
    fn a_bucket_gives_its_quota_and_fills_evenly() {
        let buckets = Buckets::<u8>::default();
        let take = |now: u64| buckets.take_at(&1, 60, now);
        for left in (0..60).rev() {
            let standing = take(0);
            assert_eq!((standing.allowed, standing.remaining), (true, left));
        }
        assert_eq!(take(0), Standing { quota: 60, remaining: 0, seconds: 1, allowed: false });
        assert!(take(SECOND).allowed);
        assert!(!take(SECOND).allowed);
        assert_eq!(take(31 * SECOND).remaining, 29);
        assert!(buckets.take_at(&2, 1, 0).allowed, "others have their own");
        assert_eq!(buckets.take_at(&2, 1, 0).seconds, 60);
        assert!(!buckets.take_at(&3, 0, 0).allowed);
    }
}
