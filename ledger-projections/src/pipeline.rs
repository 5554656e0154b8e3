//! From the log to rows: one task decodes and folds the next batch while Postgres works on the last.
//!
//! [`Source`] is the first half, used by the live worker, by catching up and by rebuilds alike. Its events come from a
//! [`Tape`], which it may share with the other projections of its organization.

use std::sync::Arc;

use ledger_core::event::Recorded;
use ledger_core::{Seq, Timestamp};
use ledger_store::OrgId;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use crate::chart::{Chart, ChartRows};
use crate::error::ProjectionError;
use crate::projection::{Batch, Projection};
use crate::tape::{Reader, Tape};

/// Events that are folded before others get a turn.
const TURN_EVENTS: usize = 4_096;

/// Bounds of one batch, which is one transaction.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bounds {
    /// Events at most.
    pub(crate) events: u64,
    /// Rows after which it is full.
    pub(crate) rows: usize,
}

impl Bounds {
    /// What suits a machine of a few cores: rows of some megabytes, a transaction of a tenth of a second.
    pub(crate) const USUAL: Self = Self { events: 131_072, rows: 16_384 };
}

/// What batches are made for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// They are written, and so sealed.
    Writing,
    /// They are compared with what is there.
    Comparing,
}

/// A batch ready to be written, or compared.
pub(crate) struct Prepared {
    /// The event before the first.
    pub(crate) from: Seq,
    /// The last event.
    pub(crate) to: Seq,
    /// When that was recorded.
    pub(crate) recorded_at: Timestamp,
    /// The projection's rows.
    pub(crate) batch: Box<dyn Batch>,
    /// What changed in the chart.
    pub(crate) chart: ChartRows,
    /// Whether the stream ended with it.
    pub(crate) last: bool,
}

/// Batches on their way.
pub(crate) struct Source {
    receiver: mpsc::Receiver<Result<Prepared, ProjectionError>>,
    task: JoinHandle<Chart>,
}

impl Source {
    /// Begins to read after event `after`, which `chart` contains, up to `to` (or the end of the stream).
    pub(crate) fn start(
        tape: &Arc<Tape>,
        projection: Arc<dyn Projection>,
        chart: Chart,
        after: Seq,
        to: Option<Seq>,
        bounds: Bounds,
    ) -> Self {
        Self::start_for(Purpose::Writing, tape, projection, chart, after, to, bounds)
    }

    /// As [`Source::start`], for a purpose.
    pub(crate) fn start_for(
        purpose: Purpose,
        tape: &Arc<Tape>,
        projection: Arc<dyn Projection>,
        chart: Chart,
        after: Seq,
        to: Option<Seq>,
        bounds: Bounds,
    ) -> Self {
        let (sender, receiver) = mpsc::channel(1);
        let (org, from) = (tape.org(), after);
        let assembly =
            Assembly { org, projection, purpose, chart, bounds, from, to: after, recorded_at: Timestamp(0), batch: None, sender };
        Self { receiver, task: tokio::spawn(assembly.run(tape.reader(after), to.unwrap_or(Seq::MAX))) }
    }

    /// The next batch; `None` at the end.
    pub(crate) async fn next(&mut self) -> Option<Result<Prepared, ProjectionError>> {
        self.receiver.recv().await
    }

    /// The chart at the end of what was read; only after [`Source::next`] answered `None`.
    pub(crate) async fn chart(self) -> Option<Chart> {
        drop(self.receiver);
        self.task.await.ok()
    }
}

/// A batch in the making.
struct Assembly {
    org: OrgId,
    projection: Arc<dyn Projection>,
    purpose: Purpose,
    chart: Chart,
    bounds: Bounds,
    from: Seq,
    to: Seq,
    recorded_at: Timestamp,
    batch: Option<Box<dyn Batch>>,
    sender: mpsc::Sender<Result<Prepared, ProjectionError>>,
}

impl Assembly {
    async fn run(mut self, mut reader: Reader, to: Seq) -> Chart {
        let outcome = self.read(&mut reader, to).await;
        drop(reader);
        match outcome {
            Ok(true) => drop(self.send(true).await),
            Ok(false) => {} // nobody listens any more
            Err(error) => {
                // What comes before a poisoned event is good, and is written first.
                if self.send(false).await {
                    self.sender.send(Err(error)).await.ok();
                }
            }
        }
        self.chart
    }

    async fn read(&mut self, reader: &mut Reader, to: Seq) -> Result<bool, ProjectionError> {
        while self.to < to {
            let Some(piece) = reader.next().await? else { break };
            for events in piece.events().chunks(TURN_EVENTS) {
                for recorded in events.iter().take_while(|recorded| recorded.seq <= to) {
                    if self.is_full() && !self.send(false).await {
                        return Ok(false);
                    }
                    self.fold(recorded)?;
                }
                tokio::task::yield_now().await;
            }
            if let Some((seq, problem)) = piece.fault().filter(|(seq, _)| *seq <= to) {
                return Err(self.poisoned(seq, problem.to_owned()));
            }
        }
        Ok(true)
    }

    fn fold(&mut self, recorded: &Recorded) -> Result<(), ProjectionError> {
        let batch = self.batch.get_or_insert_with(|| self.projection.batch());
        if let Err(problem) = batch.fold(&self.chart, recorded) {
            return Err(self.poisoned(recorded.seq, problem));
        }
        self.chart.evolve(recorded.seq, &recorded.event);
        (self.to, self.recorded_at) = (recorded.seq, recorded.recorded_at);
        Ok(())
    }

    fn poisoned(&self, seq: Seq, problem: String) -> ProjectionError {
        ProjectionError::Poisoned { org: self.org, seq, problem }
    }

    fn is_full(&self) -> bool {
        self.to - self.from >= self.bounds.events || self.batch.as_ref().is_some_and(|batch| batch.weight() >= self.bounds.rows)
    }

    /// Sends what there is. Answers whether anybody still listens.
    async fn send(&mut self, last: bool) -> bool {
        let Some(mut batch) = self.batch.take().filter(|_| self.to > self.from) else { return true };
        if self.purpose == Purpose::Writing {
            batch.seal();
        }
        let chart = self.chart.take_changes();
        let prepared = Prepared { from: self.from, to: self.to, recorded_at: self.recorded_at, batch, chart, last };
        self.from = self.to;
        self.sender.send(Ok(prepared)).await.is_ok()
    }
}
