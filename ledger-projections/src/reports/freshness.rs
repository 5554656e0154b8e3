//! How far behind the stream the read models are.

use chrono::{DateTime, Utc};
use ledger_core::{Seq, Timestamp};
use ledger_store::OrgStore;

use crate::checkpoint::{Checkpoint, Status};
use crate::error::{Doing, ProjectionError, to_i64};
use crate::projection;

/// One projection against the stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Freshness {
    /// The projection.
    pub projection: &'static str,
    /// Version of its rows; 0 before the first.
    pub version: i32,
    /// The last event in its rows.
    pub seq: Seq,
    /// The last event of the stream.
    pub head: Seq,
    /// Events that it lags behind.
    pub lag_events: u64,
    /// For how long the oldest of them has been waiting, in microseconds; 0 when there is none.
    pub lag_micros: i64,
    /// Whether it runs.
    pub status: Status,
}

/// Every projection of an organization as of `now`.
///
/// # Errors
/// [`ProjectionError`] when the server fails.
pub async fn freshness(org: &OrgStore, now: Timestamp) -> Result<Vec<Freshness>, ProjectionError> {
    let head = org.head().await?.seq;
    let mut tx = org.begin_read().await?;
    let mut found = Vec::new();
    for projection in projection::all() {
        let checkpoint = Checkpoint::of(&mut tx, projection.name()).await?;
        let seq = checkpoint.as_ref().map_or(0, |checkpoint| checkpoint.seq);
        let waiting: Option<DateTime<Utc>> = if seq < head {
            sqlx::query_scalar(
                "SELECT recorded_at FROM ledger.commits WHERE org_id = $1 AND first_seq <= $2 ORDER BY first_seq DESC LIMIT 1",
            )
            .bind(org.org().0)
            .bind(to_i64(seq + 1))
            .fetch_optional(&mut *tx)
            .await
            .doing("find the oldest waiting event")?
        } else {
            None
        };
        found.push(Freshness {
            projection: projection.name(),
            version: checkpoint.as_ref().map_or(0, |checkpoint| checkpoint.version),
            seq,
            head,
            lag_events: head.saturating_sub(seq),
            lag_micros: waiting.map_or(0, |since| now.0.saturating_sub(since.timestamp_micros()).max(0)),
            status: checkpoint.map_or(Status::Running, |checkpoint| checkpoint.status),
        });
    }
    tx.rollback().await?;
    Ok(found)
}
