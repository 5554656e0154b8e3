//! How far a projection has come in an organization, who works on it, and what stopped it.
//!
//! The row is written in the transaction of the rows it speaks for, always on condition of what it said before: two
//! workers cannot both move it on from the same event. The lease only keeps them from trying.

use chrono::{DateTime, Utc};
use ledger_core::{Seq, Timestamp};
use ledger_store::{OrgStore, OrgTx};
use uuid::Uuid;

use crate::error::{Doing, ProjectionError, to_i64, to_seq};
use crate::history::{from_datetime, to_datetime};
use crate::projection::Projection;

/// Whether a projection runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Status {
    /// It does.
    Running,
    /// It stopped at an event and waits to be resumed or rebuilt.
    Failed {
        /// The event.
        seq: Seq,
        /// What is wrong.
        error: String,
    },
    /// Its rows are being made anew; readers have the old ones.
    Rebuilding,
}

/// A projection's checkpoint in one organization.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    /// The projection.
    pub name: String,
    /// Version of the program part that wrote its rows.
    pub version: i32,
    /// The last event in its rows.
    pub seq: Seq,
    /// When that event was recorded.
    pub recorded_at: Option<Timestamp>,
    /// Whether it runs.
    pub status: Status,
}

type CheckpointRow = (String, i32, i64, Option<DateTime<Utc>>, String, Option<String>, Option<i64>);

fn read((name, version, seq, recorded_at, status, error, failed_seq): CheckpointRow) -> Result<Checkpoint, ProjectionError> {
    let status = match (status.as_str(), error, failed_seq) {
        ("failed", Some(error), Some(failed)) => Status::Failed { seq: to_seq("failed_seq", failed)?, error },
        ("rebuilding", ..) => Status::Rebuilding,
        _ => Status::Running,
    };
    Ok(Checkpoint { name, version, seq: to_seq("seq of a checkpoint", seq)?, recorded_at: recorded_at.map(from_datetime), status })
}

impl Checkpoint {
    /// The checkpoint of a projection; `None` before its first event.
    ///
    /// # Errors
    /// [`ProjectionError`] when the server fails.
    pub async fn of(tx: &mut OrgTx, projection: &str) -> Result<Option<Self>, ProjectionError> {
        let row: Option<CheckpointRow> = sqlx::query_as(
            "SELECT name, version, seq, recorded_at, status, error, failed_seq FROM read.projection_checkpoint WHERE org_id = $1 AND name = $2",
        )
        .bind(tx.org().0)
        .bind(projection)
        .fetch_optional(&mut **tx)
        .await
        .doing("read a checkpoint")?;
        row.map(read).transpose()
    }

    /// The last event in the rows of a projection, in this transaction's view; 0 before the first.
    pub(crate) async fn seq_of(tx: &mut OrgTx, projection: &str) -> Result<Seq, ProjectionError> {
        Ok(Self::of(tx, projection).await?.map_or(0, |checkpoint| checkpoint.seq))
    }
}

/// The right to work on a projection of an organization for a while.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Lease {
    /// Who holds it.
    pub(crate) owner: Uuid,
    /// For how long each step of the work holds it.
    pub(crate) micros: i64,
}

/// The present moment. Reads the clock: leases and lag are about real time, rows never are.
pub(crate) fn now() -> Timestamp {
    Timestamp(Utc::now().timestamp_micros())
}

impl Lease {
    pub(crate) fn new(owner: Uuid, length: std::time::Duration) -> Self {
        Self { owner, micros: i64::try_from(length.as_micros()).unwrap_or(i64::MAX / 4) }
    }

    fn until(&self, now: Timestamp) -> Timestamp {
        Timestamp(now.0.saturating_add(self.micros))
    }

    /// Takes the lease, if nobody holds it and the projection has not stopped. Makes the checkpoint where there is none.
    pub(crate) async fn take(&self, org: &OrgStore, projection: &dyn Projection) -> Result<Option<Checkpoint>, ProjectionError> {
        let now = now();
        let mut tx = org.begin().await?;
        without_waiting_for_disk(&mut tx).await?;
        let row: Option<CheckpointRow> = sqlx::query_as(
            "INSERT INTO read.projection_checkpoint AS c (org_id, name, version, seq, status, lease_owner, lease_until, updated_at)
             VALUES ($1, $2, $3, 0, 'running', $4, $5, $6)
             ON CONFLICT (org_id, name) DO UPDATE SET lease_owner = excluded.lease_owner, lease_until = excluded.lease_until,
                                                      updated_at = excluded.updated_at
              WHERE (c.lease_owner IS NULL OR c.lease_owner = excluded.lease_owner OR c.lease_until <= excluded.updated_at)
                AND (c.status <> 'failed' OR c.version < excluded.version)
             RETURNING name, version, seq, recorded_at, status, error, failed_seq",
        )
        .bind(org.org().0)
        .bind(projection.name())
        .bind(i32::from(projection.version()))
        .bind(self.owner)
        .bind(to_datetime(self.until(now))?)
        .bind(to_datetime(now)?)
        .fetch_optional(&mut *tx)
        .await
        .doing("lease a projection")?;
        tx.commit().await?;
        row.map(read).transpose()
    }

    /// Holds the lease for longer. Answers whether it was still held.
    pub(crate) async fn extend(&self, org: &OrgStore, name: &str) -> Result<bool, ProjectionError> {
        let now = now();
        let mut tx = org.begin().await?;
        without_waiting_for_disk(&mut tx).await?;
        let held = sqlx::query(
            "UPDATE read.projection_checkpoint SET lease_until = $4, updated_at = $5 WHERE org_id = $1 AND name = $2 AND lease_owner = $3",
        )
        .bind(org.org().0)
        .bind(name)
        .bind(self.owner)
        .bind(to_datetime(self.until(now))?)
        .bind(to_datetime(now)?)
        .execute(&mut *tx)
        .await
        .doing("extend a lease")?
        .rows_affected();
        tx.commit().await?;
        Ok(held == 1)
    }

    /// Gives the lease back, if it is still held.
    pub(crate) async fn give_back(&self, org: &OrgStore, name: &str) -> Result<(), ProjectionError> {
        let mut tx = org.begin().await?;
        without_waiting_for_disk(&mut tx).await?;
        sqlx::query(
            "UPDATE read.projection_checkpoint SET lease_owner = NULL, lease_until = NULL WHERE org_id = $1 AND name = $2 AND lease_owner = $3",
        )
        .bind(org.org().0)
        .bind(name)
        .bind(self.owner)
        .execute(&mut *tx)
        .await
        .doing("give back a lease")?;
        Ok(tx.commit().await?)
    }

    /// Stops the projection at an event, loudly, and gives the lease back.
    pub(crate) async fn stop(&self, org: &OrgStore, name: &str, seq: Seq, problem: &str) -> Result<(), ProjectionError> {
        tracing::error!(org = %org.org(), projection = name, seq, problem, "projection stopped at an event that it cannot apply");
        let mut tx = org.begin().await?;
        sqlx::query(
            "UPDATE read.projection_checkpoint
                SET status = 'failed', failed_seq = $4, error = $5, lease_owner = NULL, lease_until = NULL, updated_at = $6
              WHERE org_id = $1 AND name = $2 AND lease_owner = $3",
        )
        .bind(org.org().0)
        .bind(name)
        .bind(self.owner)
        .bind(to_i64(seq))
        .bind(problem)
        .bind(to_datetime(now())?)
        .execute(&mut *tx)
        .await
        .doing("record that a projection stopped")?;
        Ok(tx.commit().await?)
    }
}

/// A step of a checkpoint: what it must say before, and what it says after.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Step {
    pub(crate) from: Seq,
    pub(crate) to: Seq,
    pub(crate) recorded_at: Timestamp,
    /// Whether the lease is given back with it.
    pub(crate) last: bool,
}

impl Step {
    /// Moves the checkpoint on, in the transaction of the rows. Answers whether this worker still had the right to.
    pub(crate) async fn take(&self, tx: &mut OrgTx, lease: &Lease, projection: &dyn Projection) -> Result<bool, ProjectionError> {
        let now = now();
        let moved = sqlx::query(
            "UPDATE read.projection_checkpoint
                SET seq = $5, recorded_at = $6, version = $7, status = 'running', error = NULL, failed_seq = NULL, updated_at = $8,
                    lease_owner = CASE WHEN $9 THEN NULL ELSE lease_owner END, lease_until = CASE WHEN $9 THEN NULL ELSE $10 END
              WHERE org_id = $1 AND name = $2 AND lease_owner = $3 AND seq = $4",
        )
        .bind(tx.org().0)
        .bind(projection.name())
        .bind(lease.owner)
        .bind(to_i64(self.from))
        .bind(to_i64(self.to))
        .bind(to_datetime(self.recorded_at)?)
        .bind(i32::from(projection.version()))
        .bind(to_datetime(now)?)
        .bind(self.last)
        .bind(to_datetime(lease.until(now))?)
        .execute(&mut **tx)
        .await
        .doing("move a checkpoint")?
        .rows_affected();
        Ok(moved == 1)
    }
}

/// Read models may lose their last moments in a crash, checkpoint and rows alike: they are made again from the log, which
/// is durable. So their transactions do not wait for the disk, and leave it to those that append.
pub(crate) async fn without_waiting_for_disk(tx: &mut OrgTx) -> Result<(), ProjectionError> {
    sqlx::query("SET LOCAL synchronous_commit = off").execute(&mut **tx).await.doing("set up a transaction")?;
    Ok(())
}

/// Lets a stopped projection go on from where it is, once the cause is mended. Answers whether it had stopped.
///
/// # Errors
/// [`ProjectionError`] when the server fails.
pub async fn resume(org: &OrgStore, projection: &str) -> Result<bool, ProjectionError> {
    let mut tx = org.begin().await?;
    let resumed = sqlx::query(
        "UPDATE read.projection_checkpoint SET status = 'running', error = NULL, failed_seq = NULL, updated_at = $3
          WHERE org_id = $1 AND name = $2 AND status = 'failed'",
    )
    .bind(org.org().0)
    .bind(projection)
    .bind(to_datetime(now())?)
    .execute(&mut *tx)
    .await
    .doing("resume a projection")?
    .rows_affected();
    tx.commit().await?;
    Ok(resumed == 1)
}
