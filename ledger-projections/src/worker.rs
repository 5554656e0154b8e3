//! Keeps read models up to date in the background: finds organizations that lag, leases them, applies what is new.
//!
//! Found by a wake-up in this process, by NOTIFY from others, and by a cheap sweep that misses nothing: the first two only
//! make it sooner. How events become rows is in [`crate::runner`](self) and the projections.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, Weak};
use std::time::{Duration, Instant};

use ledger_core::Seq;
use ledger_store::{OrgId, OrgStore, Store};
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::{Semaphore, broadcast};
use uuid::Uuid;

use crate::checkpoint::{Checkpoint, Status, now};
use crate::error::ProjectionError;
use crate::pipeline::Bounds;
use crate::projection::{self, Projection};
use crate::runner::{Kept, Progress, Ran, Runner};
use crate::tape::Tape;
use crate::wakeup::{Wakeup, lock};

/// The channel on which processes tell each other that an organization has new events; the payload is its id.
pub const CHANNEL: &str = "ledger_commits";

/// Charts that a worker keeps in memory between runs.
const CHARTS_KEPT: usize = 256;

/// How a worker works.
#[derive(Clone, Debug)]
pub struct WorkerConfig {
    /// Runs (of one projection of one organization) at the same time.
    pub parallel: usize,
    /// The least time between two sweeps; a sweep that takes long is made less often.
    pub sweep: Duration,
    /// An organization that goes on writing while a run is at it is taken up again at the next whole multiple of this, so that
    /// a run has more than a moment's events to apply and all projections of the organization have the same. The longer it goes
    /// on, the longer the rest, up to four times this. Whoever waits for a read model ends it.
    pub rest: Duration,
}

impl Default for WorkerConfig {
    fn default() -> Self {
        Self { parallel: 4, sweep: Duration::from_secs(2), rest: Duration::from_millis(250) }
    }
}

/// How many times its usual length a rest has at most.
const LONGEST_REST: u32 = 4;

type Key = (OrgId, &'static str);

/// The background worker of a process. Any number of processes may have one.
pub struct Worker {
    store: Store,
    projections: Vec<Arc<dyn Projection>>,
    wakeup: Wakeup,
    config: WorkerConfig,
    owner: Uuid,
    began: Instant,
    /// What is being worked on, and whether it was woken meanwhile.
    busy: Mutex<HashMap<Key, bool>>,
    charts: Mutex<HashMap<Key, (Seq, crate::chart::Chart)>>,
    /// The histories that are being read, for runs of the same organization to share.
    tapes: Mutex<HashMap<OrgId, Weak<Tape>>>,
    permits: Arc<Semaphore>,
}

impl Worker {
    /// A worker for all projections.
    #[must_use]
    pub fn new(store: Store, wakeup: Wakeup, config: WorkerConfig) -> Arc<Self> {
        Self::with_projections(store, wakeup, config, projection::all())
    }

    /// A worker for some projections.
    #[must_use]
    pub fn with_projections(store: Store, wakeup: Wakeup, config: WorkerConfig, projections: Vec<Arc<dyn Projection>>) -> Arc<Self> {
        let permits = Arc::new(Semaphore::new(config.parallel.max(1)));
        Arc::new(Self {
            store,
            projections,
            wakeup,
            config,
            owner: Uuid::new_v4(),
            began: Instant::now(),
            busy: Mutex::default(),
            charts: Mutex::default(),
            tapes: Mutex::default(),
            permits,
        })
    }

    /// Works until the future is dropped. What was in the middle of a batch is rolled back, and done again by whoever comes next.
    pub async fn run(self: Arc<Self>) {
        tokio::join!(self.follow_wakeups(), self.follow_sweeps(), self.follow_notifications());
    }

    async fn follow_wakeups(self: &Arc<Self>) {
        loop {
            for org in self.wakeup.woken().await {
                self.start_all(org);
            }
        }
    }

    async fn follow_sweeps(self: &Arc<Self>) {
        loop {
            let began = Instant::now();
            if let Err(error) = self.sweep().await {
                tracing::warn!(%error, "the sweep for lagging projections failed; it is tried again");
            }
            tokio::time::sleep(self.config.sweep.max(began.elapsed() * 20)).await;
        }
    }

    async fn follow_notifications(self: &Arc<Self>) {
        loop {
            if let Err(error) = self.listen().await {
                tracing::debug!(%error, "not listening for other processes' commits; sweeping goes on");
            }
            tokio::time::sleep(self.config.sweep * 5).await;
        }
    }

    async fn listen(self: &Arc<Self>) -> Result<(), ProjectionError> {
        let mut listener = self.store.listener(CHANNEL).await?;
        loop {
            let notification = listener.recv().await.map_err(|source| ProjectionError::Database { doing: "listen for commits", source })?;
            if let Ok(org) = notification.payload().parse::<Uuid>() {
                self.start_all(OrgId(org));
            }
        }
    }

    async fn sweep(self: &Arc<Self>) -> Result<(), ProjectionError> {
        const PAGE: u16 = 100;
        for projection in &self.projections {
            let mut after = None;
            loop {
                let page = self.store.lagging(projection.name(), projection.version(), now(), after, PAGE).await?;
                after = page.last().map(|lagging| lagging.org);
                let full = page.len() == usize::from(PAGE);
                for lagging in page {
                    // Waits for a free place, so that a long list is worked off and not piled up.
                    let permit = Arc::clone(&self.permits).acquire_owned().await;
                    drop(permit);
                    self.start(lagging.org, projection);
                }
                if !full {
                    break;
                }
            }
        }
        Ok(())
    }

    fn start_all(self: &Arc<Self>, org: OrgId) {
        for projection in &self.projections {
            self.start(org, projection);
        }
    }

    /// Starts a run, or notes that another is due when one is on its way.
    fn start(self: &Arc<Self>, org: OrgId, projection: &Arc<dyn Projection>) {
        if self.wakeup.is_postponed(org) {
            return; // found by a sweep when its turn has come
        }
        let key = (org, projection.name());
        if let Some(again) = lock(&self.busy).get_mut(&key) {
            *again = true;
            return;
        }
        lock(&self.busy).insert(key, false);
        let (worker, projection) = (Arc::clone(self), Arc::clone(projection));
        tokio::spawn(async move {
            for run in 0.. {
                let hurried = worker.wakeup.hurried();
                worker.run_one(&key, &projection).await;
                if !worker.goes_on(&key) {
                    return;
                }
                tokio::select! {
                    () = worker.rest(run) => {}
                    () = until_hurried(hurried, key.0) => {}
                }
            }
        });
    }

    /// Whether another run was asked for during the last; if not, the next one is begun by who asks.
    fn goes_on(&self, key: &Key) -> bool {
        let mut busy = lock(&self.busy);
        match busy.get_mut(key) {
            Some(again) if *again && !self.wakeup.is_postponed(key.0) => {
                *again = false;
                true
            }
            _ => {
                busy.remove(key);
                false
            }
        }
    }

    /// After that many runs without a pause.
    async fn rest(&self, runs: u32) {
        let tick = (self.config.rest * (runs + 1).min(LONGEST_REST)).as_nanos();
        if tick > 0 {
            let left = tick - self.began.elapsed().as_nanos() % tick;
            tokio::time::sleep(Duration::from_nanos(u64::try_from(left).unwrap_or(0))).await;
        }
    }

    async fn run_one(&self, key: &Key, projection: &Arc<dyn Projection>) {
        let Ok(_permit) = self.permits.acquire().await else { return };
        let org = self.store.for_org(key.0);
        let mut kept: Kept = lock(&self.charts).remove(key);
        let tape = self.tape(&org);
        let runner = Runner { org: &org, tape: &tape, projection, owner: self.owner, bounds: Bounds::USUAL };
        let applied = &self.wakeup;
        match runner.run(&mut kept, &mut |_| applied.applied()).await {
            Ok(_) => {}
            Err(ProjectionError::Stopped { .. }) => {} // said when it happened, and shown by its status
            Err(error) if error.is_transient() => {
                tracing::info!(org = %key.0, projection = key.1, %error, "a projection was interrupted; it is tried again");
            }
            Err(error) => tracing::error!(org = %key.0, projection = key.1, %error, "a projection failed; it is tried again"),
        }
        if let Some(kept) = kept {
            let mut charts = lock(&self.charts);
            if charts.len() >= CHARTS_KEPT {
                charts.clear();
            }
            charts.insert(*key, kept);
        }
    }

    /// The tape that runs of an organization share while there are any.
    fn tape(&self, org: &OrgStore) -> Arc<Tape> {
        let mut tapes = lock(&self.tapes);
        if let Some(tape) = tapes.get(&org.org()).and_then(Weak::upgrade) {
            return tape;
        }
        tapes.retain(|_, tape| tape.strong_count() > 0);
        let tape = Tape::new(org.clone());
        tapes.insert(org.org(), Arc::downgrade(&tape));
        tape
    }
}

/// Until somebody waits for the organization's read models.
async fn until_hurried(mut hurried: broadcast::Receiver<OrgId>, org: OrgId) {
    loop {
        match hurried.recv().await {
            Ok(hurried) if hurried != org => {}
            Ok(_) | Err(RecvError::Lagged(_)) => return,
            Err(RecvError::Closed) => return std::future::pending().await,
        }
    }
}

/// Tells the workers of other processes that an organization has new events. A hint: they would find out by themselves.
///
/// # Errors
/// [`ProjectionError`] when the server fails.
pub async fn announce(store: &Store, org: OrgId) -> Result<(), ProjectionError> {
    Ok(store.notify(CHANNEL, &org.to_string()).await?)
}

/// Applies everything new to all projections of an organization, here and now, all at once.
/// Where a worker is at it already, waits for it.
///
/// # Errors
/// [`ProjectionError::Stopped`] when a projection has stopped at an event, [`ProjectionError`] when the server fails.
pub async fn catch_up(org: &OrgStore, progress: impl FnMut(Progress) + Send) -> Result<Seq, ProjectionError> {
    let head = org.head().await?.seq;
    let progress = Mutex::new(progress);
    let progress = &progress;
    let tape = &Tape::new(org.clone());
    let runs = projection::all().into_iter().map(|projection| async move { catch_up_one(tape, org, &projection, head, progress).await });
    // Each to its end: one that has stopped does not hold back the others.
    futures::future::join_all(runs).await.into_iter().collect::<Result<(), _>>()?;
    Ok(head)
}

/// Applies everything new to one projection of an organization, here and now.
///
/// # Errors
/// As [`catch_up`].
pub async fn catch_up_with(
    org: &OrgStore,
    projection: &Arc<dyn Projection>,
    progress: impl FnMut(Progress) + Send,
) -> Result<Seq, ProjectionError> {
    let head = org.head().await?.seq;
    catch_up_one(&Tape::new(org.clone()), org, projection, head, &Mutex::new(progress)).await?;
    Ok(head)
}

async fn catch_up_one<F>(
    tape: &Arc<Tape>,
    org: &OrgStore,
    projection: &Arc<dyn Projection>,
    head: Seq,
    progress: &Mutex<F>,
) -> Result<(), ProjectionError>
where
    F: FnMut(Progress) + Send,
{
    let name = projection.name();
    let mut report = |seq| lock(progress)(Progress { projection: name, seq, head });
    let runner = Runner { org, tape, projection, owner: Uuid::new_v4(), bounds: Bounds::USUAL };
    loop {
        match runner.run(&mut None, &mut report).await? {
            Ran::UpTo(seq) if seq >= head => return Ok(()),
            Ran::UpTo(_) => {}
            Ran::Busy => {
                tokio::time::sleep(Duration::from_millis(20)).await;
                let mut tx = org.begin_read().await?;
                let seq = Checkpoint::seq_of(&mut tx, name).await?;
                tx.rollback().await?;
                report(seq);
                if seq >= head {
                    return Ok(());
                }
            }
        }
    }
}

/// Makes a projection's rows of an organization anew, in one transaction: readers keep the old rows until it is done.
///
/// # Errors
/// [`ProjectionError::Busy`] when a worker stays at it for longer than a lease, [`ProjectionError::Poisoned`] at an event
/// that cannot be projected: the old rows then stay.
pub async fn rebuild(
    org: &OrgStore,
    projection: &Arc<dyn Projection>,
    mut progress: impl FnMut(Progress) + Send,
) -> Result<Seq, ProjectionError> {
    let (name, head) = (projection.name(), org.head().await?.seq);
    let tape = &Tape::new(org.clone());
    let runner = Runner { org, tape, projection, owner: Uuid::new_v4(), bounds: Bounds::USUAL };
    let deadline = Instant::now() + crate::runner::LEASE * 2;
    loop {
        match runner.rebuild(&mut |seq| progress(Progress { projection: name, seq, head })).await {
            Ok(Ran::UpTo(seq)) => return Ok(seq),
            Ok(Ran::Busy) if Instant::now() < deadline => tokio::time::sleep(Duration::from_millis(20)).await,
            Ok(Ran::Busy) => return Err(ProjectionError::Busy { org: org.org(), projection: name.to_owned() }),
            Err(error) => return Err(error),
        }
    }
}

/// How a wait ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Waited {
    /// The rows contain the event.
    Reached(Seq),
    /// Time ran out first; the rows contain events up to here.
    TimedOut(Seq),
    /// The projection has stopped and will not get there by itself.
    Stopped {
        /// The event that it could not apply.
        seq: Seq,
        /// Why.
        error: String,
    },
}

/// Waits until a projection contains event `seq`, so that who wrote can read what it wrote. A worker must be running
/// somewhere; `wakeup` makes the wait short when it is in this process.
///
/// # Errors
/// [`ProjectionError`] when the server fails.
pub async fn wait_for(
    org: &OrgStore,
    projection: &str,
    seq: Seq,
    timeout: Duration,
    wakeup: Option<&Wakeup>,
) -> Result<Waited, ProjectionError> {
    let deadline = Instant::now() + timeout;
    let mut pause = Duration::from_millis(2);
    loop {
        // Registered before the look, so that what happens in between is not missed.
        let moved = wakeup.map(Wakeup::moved);
        let mut tx = org.begin_read().await?;
        let checkpoint = Checkpoint::of(&mut tx, projection).await?;
        tx.rollback().await?;
        let at = checkpoint.as_ref().map_or(0, |checkpoint| checkpoint.seq);
        if at >= seq {
            return Ok(Waited::Reached(at));
        }
        if let Some(Checkpoint { status: Status::Failed { seq, error }, .. }) = checkpoint {
            return Ok(Waited::Stopped { seq, error });
        }
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Ok(Waited::TimedOut(at));
        }
        // Again and again: a run that is under way may have begun before the event.
        if let Some(wakeup) = wakeup {
            wakeup.hurry(org.org());
        }
        match moved {
            Some(moved) => drop(tokio::time::timeout(pause.min(left), moved).await),
            None => tokio::time::sleep(pause.min(left)).await,
        }
        pause = (pause * 2).min(Duration::from_millis(50));
    }
}
