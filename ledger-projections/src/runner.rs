//! One projection of one organization, brought up to the end of its stream, or made anew.
//!
//! Finding out who lags, and doing it in the background, is the worker's business.

use std::sync::Arc;
use std::time::Duration;

use ledger_core::Seq;
use ledger_store::{OrgStore, OrgTx};
use sqlx::AssertSqlSafe;
use uuid::Uuid;

use crate::chart::{self, Chart};
use crate::checkpoint::{Checkpoint, Lease, Status, Step, resume, without_waiting_for_disk};
use crate::error::{Doing, ProjectionError};
use crate::pipeline::{Bounds, Prepared, Source};
use crate::projection::Projection;
use crate::tape::Tape;

/// How long a lease lasts unless it is extended; every batch extends it.
pub(crate) const LEASE: Duration = Duration::from_secs(30);

/// How far a run has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// The projection.
    pub projection: &'static str,
    /// The last event applied.
    pub seq: Seq,
    /// The last event of the stream when the run began.
    pub head: Seq,
}

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ran {
    /// The rows contain the stream up to here.
    UpTo(Seq),
    /// Somebody else has the lease.
    Busy,
}

/// One projection of one organization, and who works on it.
pub(crate) struct Runner<'a> {
    pub(crate) org: &'a OrgStore,
    /// Where its events come from.
    pub(crate) tape: &'a Arc<Tape>,
    pub(crate) projection: &'a Arc<dyn Projection>,
    pub(crate) owner: Uuid,
    pub(crate) bounds: Bounds,
}

/// A chart and the event it stands at, kept between runs to save reading it again.
pub(crate) type Kept = Option<(Seq, Chart)>;

/// Where a run is, and where it ends.
struct Course {
    /// The last event applied.
    at: Seq,
    /// The last event of the stream when the run began.
    head: Seq,
    bounds: Bounds,
    /// The last event of a batch that the database refused.
    suspect: Option<Seq>,
}

impl Runner<'_> {
    fn name(&self) -> &'static str {
        self.projection.name()
    }

    fn lease(&self) -> Lease {
        Lease::new(self.owner, LEASE)
    }

    /// Applies everything up to the end of the stream. `kept` is used if it stands at the checkpoint, and renewed.
    pub(crate) async fn run(&self, kept: &mut Kept, progress: &mut (dyn FnMut(Seq) + Send)) -> Result<Ran, ProjectionError> {
        let lease = self.lease();
        let Some(checkpoint) = lease.take(self.org, self.projection.as_ref()).await? else {
            return self.why_not().await;
        };
        let outcome = match self.check_version(&checkpoint) {
            Ok(true) => self.apply(checkpoint.seq, kept, progress).await,
            Ok(false) => self.replace(checkpoint.seq, progress).await,
            Err(error) => Err(error),
        };
        match outcome {
            Ok(seq) => Ok(Ran::UpTo(seq)),
            Err(ProjectionError::Poisoned { org, seq, problem }) => {
                *kept = None;
                lease.stop(self.org, self.name(), seq, &problem).await?;
                Err(ProjectionError::Stopped { org, projection: self.name().to_owned(), seq, error: problem })
            }
            Err(error) => {
                *kept = None;
                lease.give_back(self.org, self.name()).await.ok();
                Err(error)
            }
        }
    }

    /// Whether the rows are of this program's version; older ones are made anew, newer ones left alone.
    fn check_version(&self, checkpoint: &Checkpoint) -> Result<bool, ProjectionError> {
        let expected = self.projection.version();
        if checkpoint.version > i32::from(expected) {
            let (org, projection) = (self.org.org(), self.name().to_owned());
            return Err(ProjectionError::NewerVersion { org, projection, found: checkpoint.version, expected });
        }
        Ok(checkpoint.version == i32::from(expected))
    }

    async fn why_not(&self) -> Result<Ran, ProjectionError> {
        let mut tx = self.org.begin_read().await?;
        let checkpoint = Checkpoint::of(&mut tx, self.name()).await?;
        tx.rollback().await?;
        match checkpoint.map(|checkpoint| checkpoint.status) {
            Some(Status::Failed { seq, error }) => {
                Err(ProjectionError::Stopped { org: self.org.org(), projection: self.name().to_owned(), seq, error })
            }
            _ => Ok(Ran::Busy),
        }
    }

    async fn apply(&self, from: Seq, kept: &mut Kept, progress: &mut (dyn FnMut(Seq) + Send)) -> Result<Seq, ProjectionError> {
        // No further than the stream is now: a run ends though it goes on growing, and others have their turn.
        let mut course = Course { at: from, head: self.org.head().await?.seq, bounds: self.bounds, suspect: None };
        loop {
            let chart = self.chart(course.at, kept).await?;
            match self.apply_from(&mut course, chart, kept, progress).await {
                // The database refuses a row: close in on the event that it comes from, half by half.
                Err((error, Some((first, last)))) if !error.is_transient() => {
                    if first == last {
                        return Err(ProjectionError::Poisoned { org: self.org.org(), seq: last, problem: error.to_string() });
                    }
                    course.bounds.events = (last - first).div_ceil(2);
                    course.suspect = Some(last);
                }
                Err((error, _)) => return Err(error),
                Ok(true) => return Ok(course.at),
                Ok(false) => (course.bounds, course.suspect) = (self.bounds, None),
            }
        }
    }

    /// Applies batches until the end (`true`) or until past a suspect (`false`). An error comes with the events of the
    /// batch that failed, when it failed in the database.
    async fn apply_from(
        &self,
        course: &mut Course,
        chart: Chart,
        kept: &mut Kept,
        progress: &mut (dyn FnMut(Seq) + Send),
    ) -> Result<bool, (ProjectionError, Option<(Seq, Seq)>)> {
        let lease = self.lease();
        let mut given_back = false;
        let (from, to) = (course.at, Some(course.head));
        let mut source = Source::start(self.tape, Arc::clone(self.projection), chart, from, to, course.bounds);
        while let Some(prepared) = source.next().await {
            let prepared = prepared.map_err(|error| (error, None))?;
            let (first, to, last) = (prepared.from + 1, prepared.to, prepared.last);
            self.write(prepared, &lease).await.map_err(|error| (error, Some((first, to))))?;
            (course.at, given_back) = (to, last);
            progress(to);
            if course.suspect.is_some_and(|suspect| suspect <= to) && !last {
                return Ok(false);
            }
        }
        let Some(chart) = source.chart().await else {
            return Err((ProjectionError::Store(ledger_store::StoreError::Interrupted(self.org.org())), None));
        };
        *kept = Some((course.at, chart));
        if !given_back {
            lease.give_back(self.org, self.name()).await.map_err(|error| (error, None))?;
        }
        Ok(true)
    }

    /// Rows, chart and checkpoint, in one transaction.
    async fn write(&self, prepared: Prepared, lease: &Lease) -> Result<(), ProjectionError> {
        let mut tx = self.org.begin().await?;
        without_waiting_for_disk(&mut tx).await?;
        let step = Step { from: prepared.from, to: prepared.to, recorded_at: prepared.recorded_at, last: prepared.last };
        // First the checkpoint: who comes second waits for its row, and then finds it moved.
        if !step.take(&mut tx, lease, self.projection.as_ref()).await? {
            return Err(ProjectionError::Busy { org: self.org.org(), projection: self.name().to_owned() });
        }
        prepared.chart.write(&mut tx, self.name()).await?;
        prepared.batch.write(&mut tx).await?;
        Ok(tx.commit().await?)
    }

    async fn chart(&self, at: Seq, kept: &mut Kept) -> Result<Chart, ProjectionError> {
        match kept.take() {
            Some((seq, chart)) if seq == at => Ok(chart),
            _ if at == 0 => Ok(Chart::default()),
            _ => {
                let mut tx = self.org.begin_read().await?;
                let chart = Chart::load(&mut tx, self.name()).await?;
                tx.rollback().await?;
                Ok(chart)
            }
        }
    }

    /// Makes the organization's rows anew, in one transaction: readers see the old rows until the moment they see the new.
    pub(crate) async fn rebuild(&self, progress: &mut (dyn FnMut(Seq) + Send)) -> Result<Ran, ProjectionError> {
        let lease = self.lease();
        resume(self.org, self.name()).await?;
        let Some(checkpoint) = lease.take(self.org, self.projection.as_ref()).await? else {
            return self.why_not().await;
        };
        let outcome = match self.check_version(&checkpoint) {
            Ok(_) => self.replace(checkpoint.seq, progress).await,
            Err(error) => Err(error),
        };
        if outcome.is_err() {
            lease.give_back(self.org, self.name()).await.ok();
        }
        outcome.map(Ran::UpTo)
    }

    async fn replace(&self, old: Seq, progress: &mut (dyn FnMut(Seq) + Send)) -> Result<Seq, ProjectionError> {
        let lease = self.lease();
        let heartbeat = Heartbeat::start(self.org.clone(), lease, self.name());
        let head = self.org.head().await?;
        let mut tx = self.org.begin().await?;
        without_waiting_for_disk(&mut tx).await?;
        sqlx::query("SET LOCAL statement_timeout = 0").execute(&mut *tx).await.doing("set up a rebuild")?;
        self.clear(&mut tx).await?;
        let mut source = Source::start(self.tape, Arc::clone(self.projection), Chart::default(), 0, Some(head.seq), self.bounds);
        while let Some(prepared) = source.next().await {
            let Prepared { to, batch, chart, .. } = prepared?;
            chart.write(&mut tx, self.name()).await?;
            batch.write(&mut tx).await?;
            progress(to);
        }
        // Not before the end: the row must stay free for the lease to be extended.
        heartbeat.stop();
        let step = Step { from: old, to: head.seq, recorded_at: head.recorded_at, last: true };
        if !step.take(&mut tx, &lease, self.projection.as_ref()).await? {
            return Err(ProjectionError::Busy { org: self.org.org(), projection: self.name().to_owned() });
        }
        tx.commit().await?;
        Ok(head.seq)
    }

    async fn clear(&self, tx: &mut OrgTx) -> Result<(), ProjectionError> {
        let org = self.org.org().0;
        for table in self.projection.tables() {
            // A table's name cannot be a parameter; these are constants of this program.
            let statement = AssertSqlSafe(format!("DELETE FROM read.{table} WHERE org_id = $1"));
            sqlx::query(statement).bind(org).execute(&mut **tx).await.doing("clear a read model")?;
        }
        for table in chart::TABLES {
            let statement = AssertSqlSafe(format!("DELETE FROM read.{table} WHERE org_id = $1 AND projection = $2"));
            sqlx::query(statement).bind(org).bind(self.name()).execute(&mut **tx).await.doing("clear a chart")?;
        }
        Ok(())
    }
}

/// Extends a lease while a long transaction runs elsewhere.
struct Heartbeat(tokio::task::JoinHandle<()>);

impl Heartbeat {
    fn start(org: OrgStore, lease: Lease, name: &'static str) -> Self {
        Self(tokio::spawn(async move {
            loop {
                tokio::time::sleep(LEASE / 3).await;
                match lease.extend(&org, name).await {
                    Ok(true) => {}
                    Ok(false) => return,
                    Err(error) => tracing::warn!(org = %org.org(), projection = name, %error, "a lease could not be extended"),
                }
            }
        }))
    }

    fn stop(self) {
        self.0.abort();
    }
}

impl Drop for Heartbeat {
    fn drop(&mut self) {
        self.0.abort();
    }
}
