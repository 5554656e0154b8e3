//! Signals within a process: that an organization has new events, that its read models have moved, and that a stream is
//! pouring in, so that the read models let it pass first.
//!
//! All of them are hints. What they do not say is found by the worker's sweep.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use ledger_store::OrgId;
use ledger_store::writer::Grown;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::futures::Notified;
use tokio::sync::{Notify, broadcast};

/// How long after the last word of it a stream counts as pouring in.
const POURS: Duration = Duration::from_secs(1);
/// How long read models of one organization wait for streams that pour in, at most.
pub const POSTPONED_MAX: Duration = Duration::from_secs(30);
/// How long they then have their turn, before they wait again. Longer than a sweep takes to find them.
const TURN: Duration = Duration::from_secs(5);

/// Organizations in a hurry that a resting run looks through; with more than these it stops resting.
const HURRIED_KEPT: usize = 64;

/// Tells the worker of this process that an organization has new events, and readers that a checkpoint has moved.
/// Cheap to clone; may be called after every commit.
#[derive(Clone, Debug, Default)]
pub struct Wakeup {
    shared: Arc<Signals>,
}

#[derive(Debug)]
struct Signals {
    woken: Mutex<HashSet<OrgId>>,
    wake: Notify,
    applied: Notify,
    hurried: broadcast::Sender<OrgId>,
    pouring: Mutex<HashMap<OrgId, Pouring>>,
}

impl Default for Signals {
    fn default() -> Self {
        let (woken, wake, applied, pouring) = (Mutex::default(), Notify::default(), Notify::default(), Mutex::default());
        Self { woken, wake, applied, hurried: broadcast::Sender::new(HURRIED_KEPT), pouring }
    }
}

/// A stream that fills books as fast as they can take it.
#[derive(Clone, Copy, Debug)]
struct Pouring {
    began: Instant,
    last: Instant,
}

impl Pouring {
    /// Waiting and turns take each other's place from the stream's beginning on, until it has been quiet for a while.
    fn postpones(self, now: Instant) -> bool {
        let cycle = (POSTPONED_MAX + TURN).as_nanos();
        now < self.last + POURS && now.duration_since(self.began).as_nanos() % cycle < POSTPONED_MAX.as_nanos()
    }
}

impl Wakeup {
    /// An organization has new events. Never waits; repeated calls are one.
    pub fn wake(&self, org: OrgId) {
        lock(&self.shared.woken).insert(org);
        self.shared.wake.notify_one();
    }

    /// Passes on what a writer of this process says, until the writer is gone.
    pub async fn follow(&self, mut grown: broadcast::Receiver<Grown>) {
        loop {
            match grown.recv().await {
                Ok(grown) => self.wake(grown.org),
                Err(RecvError::Lagged(_)) => {} // the sweep finds what was missed
                Err(RecvError::Closed) => return,
            }
        }
    }

    /// The organizations that were woken, when there are any.
    pub(crate) async fn woken(&self) -> HashSet<OrgId> {
        self.shared.wake.notified().await;
        std::mem::take(&mut lock(&self.shared.woken))
    }

    /// A stream pours into an organization's books: its read models are brought up when it ends or slows down, in turns when
    /// it takes long, and at once when somebody waits for them. Said again and again while it goes on.
    pub fn pours(&self, org: OrgId) {
        let now = Instant::now();
        let mut pouring = lock(&self.shared.pouring);
        pouring.retain(|_, known| now < known.last + POURS);
        pouring.entry(org).or_insert(Pouring { began: now, last: now }).last = now;
    }

    /// Nothing pours in any more, or somebody waits: read models are brought up now.
    pub fn hurry(&self, org: OrgId) {
        let now = Instant::now();
        if let Some(pouring) = lock(&self.shared.pouring).get_mut(&org) {
            pouring.began = now.checked_sub(POSTPONED_MAX).unwrap_or(now); // its turn begins
            self.wake(org);
        }
        self.shared.hurried.send(org).ok(); // nobody may be resting
    }

    /// Organizations whose read models somebody waits for, from now on.
    pub(crate) fn hurried(&self) -> broadcast::Receiver<OrgId> {
        self.shared.hurried.subscribe()
    }

    pub(crate) fn is_postponed(&self, org: OrgId) -> bool {
        lock(&self.shared.pouring).get(&org).is_some_and(|pouring| pouring.postpones(Instant::now()))
    }

    /// Somebody may be waiting for a checkpoint that has moved.
    pub(crate) fn applied(&self) {
        self.shared.applied.notify_waiters();
    }

    /// The next time that a checkpoint moves.
    pub(crate) fn moved(&self) -> Notified<'_> {
        self.shared.applied.notified()
    }
}

/// A poisoned lock only means that another task panicked; the sets behind it are hints.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn read_models_wait_and_take_turns_while_a_stream_pours_in() {
        let began = Instant::now();
        let postpones = |after: u64, quiet: u64| {
            let now = began + Duration::from_millis(after);
            Pouring { began, last: now - Duration::from_millis(quiet) }.postpones(now)
        };
        let (most, turn) = (30_000, 5_000);
        assert!(postpones(0, 0));
        assert!(postpones(most - 1, 0));
        assert!(postpones(5_000, 999));
        assert!(!postpones(5_000, 1_000), "a stream that pauses makes nobody wait");
        assert!(!postpones(most, 0), "a turn");
        assert!(!postpones(most + turn - 1, 0));
        assert!(postpones(most + turn, 0), "and waiting again");
    }

    #[test]
    fn who_waits_is_served_though_the_stream_goes_on() {
        let (wakeup, org) = (Wakeup::default(), OrgId(uuid::Uuid::nil()));
        assert!(!wakeup.is_postponed(org));
        wakeup.pours(org);
        assert!(wakeup.is_postponed(org));
        assert!(!wakeup.is_postponed(OrgId(uuid::Uuid::max())));
        wakeup.hurry(org);
        assert!(!wakeup.is_postponed(org));
        wakeup.pours(org);
        assert!(!wakeup.is_postponed(org), "its turn is not taken away");
    }
}
