//! Several threads that examine commits, and one that links them in order.
//!
//! Commits travel in batches, so that a history of single posts does not cost a handover each; every queue is short, so
//! memory stays flat whatever the history's length.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::JoinHandle;

use ledger_core::Seq;
use ledger_core::chain::Commit;
use uuid::Uuid;

use super::examine::{Examined, examine};
use super::links::{Against, Linked, Links};

/// Bytes of payload after which a batch is handed over.
const BATCH_BYTES: usize = 256 << 10;
/// Commits after which a batch is handed over.
const BATCH_COMMITS: usize = 512;
/// Batches that may wait on either side of a thread.
const BATCHES_AHEAD: usize = 2;
/// Threads at most; beyond these reading is what takes the time.
const THREADS_MAX: usize = 16;

/// A thread ended early.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the verification was interrupted: run it again")]
pub struct Interrupted;

/// A verification under way: give it every commit in the order of positions.
pub(super) struct Verifier {
    batch: Vec<Commit>,
    bytes: usize,
    next: usize,
    to_examine: Vec<SyncSender<Vec<Commit>>>,
    examiners: Vec<JoinHandle<()>>,
    linker: JoinHandle<Links>,
}

impl Verifier {
    /// Starts the threads. `progress` counts the events that were checked.
    pub(super) fn start(org: Uuid, against: Against, keep_places: bool, progress: Arc<AtomicU64>) -> Self {
        let threads = std::thread::available_parallelism().map_or(2, usize::from).min(THREADS_MAX);
        let fold_to = against.fold_to();
        let (mut to_examine, mut examined, mut examiners) = (Vec::new(), Vec::new(), Vec::new());
        for _ in 0..threads {
            let (to, batches) = sync_channel(BATCHES_AHEAD);
            let (done, from) = sync_channel(BATCHES_AHEAD);
            examiners.push(std::thread::spawn(move || examine_batches(&batches, &done, fold_to)));
            to_examine.push(to);
            examined.push(from);
        }
        let links = Links::new(org, against, keep_places);
        let linker = std::thread::spawn(move || link_batches(links, &examined, &progress));
        Self { batch: Vec::new(), bytes: 0, next: 0, to_examine, examiners, linker }
    }

    /// The next commit. Waits while too many are on their way.
    ///
    /// # Errors
    /// [`Interrupted`].
    pub(super) fn push(&mut self, commit: Commit) -> Result<(), Interrupted> {
        self.bytes += commit.payload.len();
        self.batch.push(commit);
        if self.bytes >= BATCH_BYTES || self.batch.len() >= BATCH_COMMITS { self.hand_over() } else { Ok(()) }
    }

    fn hand_over(&mut self) -> Result<(), Interrupted> {
        self.bytes = 0;
        let batch = std::mem::take(&mut self.batch);
        let Some(to) = self.to_examine.get(self.next) else { return Err(Interrupted) };
        self.next = (self.next + 1) % self.to_examine.len();
        to.send(batch).map_err(|_| Interrupted)
    }

    /// Waits for everything that is on its way.
    ///
    /// # Errors
    /// [`Interrupted`].
    pub(super) fn finish(mut self) -> Result<Linked, Interrupted> {
        if !self.batch.is_empty() {
            self.hand_over()?;
        }
        self.to_examine.clear();
        for examiner in self.examiners {
            examiner.join().map_err(|_| Interrupted)?;
        }
        self.linker.join().map(Links::finish).map_err(|_| Interrupted)
    }
}

fn examine_batches(batches: &Receiver<Vec<Commit>>, done: &SyncSender<Vec<Examined>>, fold_to: Seq) {
    while let Ok(batch) = batches.recv() {
        let examined = batch.into_iter().map(|commit| examine(commit, fold_to)).collect();
        if done.send(examined).is_err() {
            return;
        }
    }
}

/// Batches were dealt out in turn, so taking them in turn keeps their order.
fn link_batches(mut links: Links, examined: &[Receiver<Vec<Examined>>], progress: &AtomicU64) -> Links {
    for from in examined.iter().cycle() {
        let Ok(batch) = from.recv() else { break };
        batch.into_iter().for_each(|commit| links.take(commit));
        progress.store(links.events(), Ordering::Relaxed);
    }
    links
}
