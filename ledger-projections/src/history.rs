//! History as projections and reports read it: event by event, in order, with flat memory.

use std::ops::ControlFlow;

use chrono::{DateTime, Utc};
use futures::TryStreamExt;
use ledger_core::event::Recorded;
use ledger_core::{Seq, Timestamp};
use ledger_store::load::to_chain;
use ledger_store::{OrgId, OrgStore, OrgTx, StoreError, StoredCommit};

use crate::error::{Doing, ProjectionError, to_i64, to_seq};

/// Hands every event from `from` to `to` to `visit`, until it breaks off.
///
/// # Errors
/// [`ProjectionError::Poisoned`] at an event that cannot be decoded; what `visit` answers; the store's failures.
pub(crate) async fn visit(
    org: &OrgStore,
    from: Seq,
    to: Option<Seq>,
    mut visit: impl FnMut(Recorded) -> Result<ControlFlow<()>, ProjectionError>,
) -> Result<(), ProjectionError> {
    let mut commits = Box::pin(org.commits(from, to));
    while let Some(commit) = commits.try_next().await? {
        for event in Events::new(org.org(), commit, from, to) {
            if visit(event?)?.is_break() {
                return Ok(());
            }
        }
        tokio::task::yield_now().await;
    }
    Ok(())
}

/// The events of a commit that lie within bounds, decoded; ends with the first that cannot be.
pub(crate) struct Events(std::vec::IntoIter<Result<Recorded, ProjectionError>>);

impl Events {
    pub(crate) fn new(org: OrgId, commit: StoredCommit, from: Seq, to: Option<Seq>) -> Self {
        let commit = to_chain(org, commit);
        let to = to.unwrap_or(Seq::MAX);
        let mut events = Vec::with_capacity(usize::try_from(commit.header.event_count).unwrap_or(0).min(1 << 16));
        let mut next = commit.header.first_seq;
        for event in commit.events() {
            if next > to {
                return Self(events.into_iter());
            }
            let failed = event.is_err();
            if next >= from {
                events.push(event.map_err(|error| ProjectionError::Poisoned { org, seq: next, problem: error.problem }));
            }
            if failed {
                return Self(events.into_iter());
            }
            next += 1;
        }
        if next <= commit.last_seq().min(to) {
            let problem = format!(
                "the commit's payload ends before it, at {} of {} events",
                next - commit.header.first_seq,
                commit.header.event_count
            );
            events.push(Err(ProjectionError::Poisoned { org, seq: next, problem }));
        }
        Self(events.into_iter())
    }
}

impl Iterator for Events {
    type Item = Result<Recorded, ProjectionError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.0.next()
    }
}

/// The event at a position, read in the transaction of a batch.
///
/// # Errors
/// [`ProjectionError::Poisoned`] where it cannot be decoded; the store's failures.
pub(crate) async fn event(tx: &mut OrgTx, seq: Seq) -> Result<Recorded, ProjectionError> {
    let org = tx.org();
    let page = tx.commits_after(seq.saturating_sub(1), 1).await?;
    let commit = page.into_iter().next();
    let found = commit.and_then(|commit| Events::new(org, commit, seq, Some(seq)).next());
    found.unwrap_or(Err(StoreError::NoSuchEvent { org, seq }.into()))
}

/// The last event recorded at or before a moment; 0 when there was none. Commits are recorded in the order of time, so
/// a bisection of about twenty index probes finds it.
///
/// # Errors
/// [`ProjectionError`] when the server fails.
pub async fn seq_known_at(org: &OrgStore, known_at: Timestamp) -> Result<Seq, ProjectionError> {
    let mut tx = org.begin_read().await?;
    let head: Option<i64> = sqlx::query_scalar("SELECT seq FROM ledger.stream_head WHERE org_id = $1")
        .bind(org.org().0)
        .fetch_optional(&mut *tx)
        .await
        .doing("read the stream's head")?;
    let (mut known, mut unknown) = (0, to_seq("seq of the head", head.unwrap_or(0))? + 1);
    while known + 1 < unknown {
        let probe = known + (unknown - known) / 2;
        let (first, count, recorded_at): (i64, i32, DateTime<Utc>) = sqlx::query_as(
            "SELECT first_seq, event_count, recorded_at FROM ledger.commits
              WHERE org_id = $1 AND first_seq <= $2 ORDER BY first_seq DESC LIMIT 1",
        )
        .bind(org.org().0)
        .bind(to_i64(probe))
        .fetch_one(&mut *tx)
        .await
        .doing("find what was known at a time")?;
        let first = to_seq("first_seq", first)?;
        if recorded_at.timestamp_micros() <= known_at.0 {
            known = first + Seq::try_from(count).unwrap_or(1) - 1;
        } else {
            unknown = first;
        }
    }
    tx.rollback().await?;
    Ok(known)
}

/// A moment as Postgres keeps it, to the microsecond.
pub(crate) fn to_datetime(time: Timestamp) -> Result<DateTime<Utc>, ProjectionError> {
    DateTime::from_timestamp_micros(time.0).ok_or_else(|| ProjectionError::Damaged { what: "a time", found: time.0.to_string() })
}

/// A moment as it was read.
pub(crate) fn from_datetime(time: DateTime<Utc>) -> Timestamp {
    Timestamp(time.timestamp_micros())
}
