//! What organizations use, counted in memory and added to the month's counters every few seconds. What was counted since
//! is lost when the server dies: it is for plans, not for invoices to the unit.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use chrono::{Datelike, NaiveDate, Utc};
use ledger_store::{OrgId, Store};

/// How often the counters are written.
pub const FLUSH_EVERY: Duration = Duration::from_secs(10);

/// What was counted of one organization since the last time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Counted {
    requests: i64,
    writes: i64,
}

/// Counts by organization.
#[derive(Debug, Default)]
pub struct Meter {
    counted: Mutex<HashMap<OrgId, Counted>>,
}

impl Meter {
    /// Counts a request that was answered.
    pub fn count(&self, org: OrgId, is_write: bool) {
        self.add(org, Counted { requests: 1, writes: i64::from(is_write) });
    }

    fn add(&self, org: OrgId, more: Counted) {
        let mut counted = self.lock();
        let of = counted.entry(org).or_default();
        of.requests = of.requests.saturating_add(more.requests);
        of.writes = of.writes.saturating_add(more.writes);
    }

    /// Adds what was counted to the counters of this month. What cannot be written is kept for the next time.
    pub async fn flush(&self, store: &Store) {
        let counted = std::mem::take(&mut *self.lock());
        let today = Utc::now();
        let month = NaiveDate::from_ymd_opt(today.year(), today.month(), 1).unwrap_or_default();
        for (org, of) in counted {
            let written = store.for_org(org).add_usage(month, &[("requests", of.requests), ("writes", of.writes)]).await;
            if let Err(error) = written {
                tracing::warn!(%error, %org, "usage could not be written; it is tried again");
                self.add(org, of);
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<OrgId, Counted>> {
        self.counted.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
