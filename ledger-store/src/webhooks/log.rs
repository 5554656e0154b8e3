//! What became of every attempt, and the events that no attempt brought across: dead letters, and sending them again.

use chrono::{DateTime, Utc};
use ledger_core::Seq;
use sqlx::Row;
use sqlx::postgres::PgRow;
use uuid::Uuid;

use super::{count_of, to_count};
use crate::commits::{from_i64, get, to_i64};
use crate::error::{Doing, StoreError};
use crate::tenant::{OrgStore, OrgTx};

/// What was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AttemptKind {
    /// An event, in its turn.
    Event,
    /// A dead letter, again.
    Replay,
    /// A test.
    Test,
}

impl AttemptKind {
    /// The word for it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Event => "event",
            Self::Replay => "replay",
            Self::Test => "test",
        }
    }
}

/// An attempt that ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attempt {
    /// Its id, a UUIDv7: later ones are greater.
    pub id: Uuid,
    /// The message's id, the same in every attempt at it.
    pub message_id: String,
    /// What was sent.
    pub kind: AttemptKind,
    /// The event; 0 for a test.
    pub seq: Seq,
    /// Its type.
    pub event_type: String,
    /// The first is 1.
    pub attempt: u32,
    /// When it began.
    pub started_at: DateTime<Utc>,
    /// How long it took, in milliseconds.
    pub duration_ms: u32,
    /// Whether the receiver accepted it.
    pub delivered: bool,
    /// What it answered, where it did.
    pub http_status: Option<i16>,
    /// Why it was not delivered.
    pub error: Option<String>,
    /// The beginning of what it answered, where it refused.
    pub response: Option<String>,
}

/// Which attempts are looked for.
#[derive(Clone, Copy, Debug, Default)]
pub struct AttemptFilter {
    /// Of this event.
    pub seq: Option<Seq>,
    /// Delivered, or not.
    pub delivered: Option<bool>,
    /// Older than this one.
    pub before: Option<Uuid>,
}

/// What is to become of a dead letter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeadStatus {
    /// Nothing, until somebody asks for it.
    Dead,
    /// It is about to be sent again.
    Queued,
    /// It was sent again, and accepted.
    Delivered,
}

impl DeadStatus {
    /// The word for it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Dead => "dead",
            Self::Queued => "queued",
            Self::Delivered => "delivered",
        }
    }
}

/// An event that an endpoint did not accept in all its attempts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeadLetter {
    /// The event.
    pub seq: Seq,
    /// Its type.
    pub event_type: String,
    /// What is to become of it.
    pub status: DeadStatus,
    /// Attempts so far, replays included.
    pub attempts: u32,
    /// When it was given up.
    pub died_at: DateTime<Utc>,
    /// What the last attempt was answered.
    pub http_status: Option<i16>,
    /// Why the last attempt failed.
    pub error: Option<String>,
}

/// Which dead letters are sent again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Replay {
    /// All that are dead.
    All,
    /// One.
    One(Seq),
}

impl OrgTx {
    /// Up to `limit` attempts at an endpoint, the latest first.
    ///
    /// # Errors
    /// [`StoreError`] when the server fails.
    pub async fn webhook_attempts(&mut self, id: Uuid, filter: AttemptFilter, limit: u16) -> Result<Vec<Attempt>, StoreError> {
        let rows = sqlx::query(
            "SELECT attempt_id, message_id, kind, seq, event_type, attempt, started_at, duration_ms, delivered, http_status, error, response
               FROM ledger.webhook_attempt
              WHERE org_id = $1 AND endpoint_id = $2 AND ($3::bigint IS NULL OR seq = $3)
                AND ($4::boolean IS NULL OR delivered = $4) AND ($5::uuid IS NULL OR attempt_id < $5)
              ORDER BY attempt_id DESC LIMIT $6",
        )
        .bind(self.org().0)
        .bind(id)
        .bind(filter.seq.map(|seq| to_i64("seq of an attempt", seq)).transpose()?)
        .bind(filter.delivered)
        .bind(filter.before)
        .bind(i32::from(limit))
        .fetch_all(&mut **self)
        .await
        .doing("list a webhook's attempts")?;
        rows.iter().map(read_attempt).collect()
    }

    /// Up to `limit` dead letters of an endpoint after an event, in the order of events.
    ///
    /// # Errors
    /// [`StoreError`] when the server fails.
    pub async fn webhook_dead_letters(
        &mut self,
        id: Uuid,
        status: Option<DeadStatus>,
        after: Seq,
        limit: u16,
    ) -> Result<Vec<DeadLetter>, StoreError> {
        let rows = sqlx::query(
            "SELECT seq, event_type, status, attempts, died_at, http_status, error
               FROM ledger.webhook_dead_letter
              WHERE org_id = $1 AND endpoint_id = $2 AND ($3::text IS NULL OR status = $3) AND seq > $4
              ORDER BY seq LIMIT $5",
        )
        .bind(self.org().0)
        .bind(id)
        .bind(status.map(DeadStatus::as_str))
        .bind(to_i64("seq of a dead letter", after)?)
        .bind(i32::from(limit))
        .fetch_all(&mut **self)
        .await
        .doing("list a webhook's dead letters")?;
        rows.iter().map(read_dead_letter).collect()
    }

    /// Asks for dead letters to be sent again. Answers how many will be.
    ///
    /// # Errors
    /// [`StoreError`] when the server fails.
    pub async fn replay_webhook(&mut self, id: Uuid, which: Replay, at: DateTime<Utc>) -> Result<u64, StoreError> {
        // The cursor first: whoever takes the mark back locks it as well before looking for what is queued.
        sqlx::query("UPDATE ledger.webhook_cursor SET replays = true, updated_at = $3 WHERE org_id = $1 AND endpoint_id = $2")
            .bind(self.org().0)
            .bind(id)
            .bind(at)
            .execute(&mut **self)
            .await
            .doing("mark a webhook for replay")?;
        let seq = match which {
            Replay::All => None,
            Replay::One(seq) => Some(to_i64("seq of a dead letter", seq)?),
        };
        let queued = sqlx::query(
            "UPDATE ledger.webhook_dead_letter SET status = 'queued', updated_at = $4
              WHERE org_id = $1 AND endpoint_id = $2 AND ($3::bigint IS NULL OR seq = $3) AND (status = 'dead' OR seq = $3)",
        )
        .bind(self.org().0)
        .bind(id)
        .bind(seq)
        .bind(at)
        .execute(&mut **self)
        .await
        .doing("queue dead letters")?;
        Ok(queued.rows_affected())
    }

    /// Puts an attempt on record.
    ///
    /// # Errors
    /// [`StoreError`] when the server fails.
    pub async fn log_webhook_attempt(&mut self, id: Uuid, attempt: &Attempt) -> Result<(), StoreError> {
        insert_attempt(self, id, attempt).await
    }
}

impl OrgStore {
    /// Up to `limit` dead letters that wait to be sent again, in the order of events. Where there are none, the mark on
    /// the cursor is taken back.
    ///
    /// # Errors
    /// [`StoreError`] when the server fails.
    pub async fn queued_webhook_replays(&self, id: Uuid, now: DateTime<Utc>, limit: u16) -> Result<Vec<DeadLetter>, StoreError> {
        let mut tx = self.begin().await?;
        sqlx::query("SELECT FROM ledger.webhook_cursor WHERE org_id = $1 AND endpoint_id = $2 FOR UPDATE")
            .bind(self.org().0)
            .bind(id)
            .execute(&mut *tx)
            .await
            .doing("lock a webhook's cursor")?;
        let queued = tx.webhook_dead_letters(id, Some(DeadStatus::Queued), 0, limit).await?;
        if queued.is_empty() {
            sqlx::query("UPDATE ledger.webhook_cursor SET replays = false, updated_at = $3 WHERE org_id = $1 AND endpoint_id = $2")
                .bind(self.org().0)
                .bind(id)
                .bind(now)
                .execute(&mut *tx)
                .await
                .doing("take back the mark for replay")?;
        }
        tx.commit().await?;
        Ok(queued)
    }

    /// Writes down how sending a dead letter again ended: it is delivered, or dead as before.
    ///
    /// # Errors
    /// [`StoreError`] when the server fails.
    pub async fn finish_webhook_replay(&self, id: Uuid, attempt: &Attempt, now: DateTime<Utc>) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        insert_attempt(&mut tx, id, attempt).await?;
        sqlx::query(
            "UPDATE ledger.webhook_dead_letter SET status = $4, attempts = $5, http_status = $6, error = $7, updated_at = $8
              WHERE org_id = $1 AND endpoint_id = $2 AND seq = $3",
        )
        .bind(self.org().0)
        .bind(id)
        .bind(to_i64("seq of a dead letter", attempt.seq)?)
        .bind(if attempt.delivered { "delivered" } else { "dead" })
        .bind(to_count("attempts of a dead letter", attempt.attempt)?)
        .bind(attempt.http_status)
        .bind(attempt.error.as_deref())
        .bind(now)
        .execute(&mut *tx)
        .await
        .doing("finish a replay")?;
        tx.commit().await
    }
}

pub(super) async fn insert_attempt(tx: &mut OrgTx, id: Uuid, attempt: &Attempt) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO ledger.webhook_attempt
                (org_id, endpoint_id, attempt_id, message_id, kind, seq, event_type, attempt, started_at, duration_ms, delivered,
                 http_status, error, response)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)",
    )
    .bind(tx.org().0)
    .bind(id)
    .bind(attempt.id)
    .bind(&attempt.message_id)
    .bind(attempt.kind.as_str())
    .bind(to_i64("seq of an attempt", attempt.seq)?)
    .bind(&attempt.event_type)
    .bind(to_count("number of an attempt", attempt.attempt)?)
    .bind(attempt.started_at)
    .bind(to_count("duration of an attempt", attempt.duration_ms)?)
    .bind(attempt.delivered)
    .bind(attempt.http_status)
    .bind(&attempt.error)
    .bind(&attempt.response)
    .execute(&mut **tx)
    .await
    .doing("put a webhook's attempt on record")?;
    Ok(())
}

fn read_attempt(row: &PgRow) -> Result<Attempt, StoreError> {
    let kind: String = get(row, "kind")?;
    Ok(Attempt {
        id: get(row, "attempt_id")?,
        message_id: get(row, "message_id")?,
        kind: match kind.as_str() {
            "event" => AttemptKind::Event,
            "replay" => AttemptKind::Replay,
            _ => AttemptKind::Test,
        },
        seq: from_i64("seq of an attempt", get(row, "seq")?)?,
        event_type: get(row, "event_type")?,
        attempt: count_of("number of an attempt", get(row, "attempt")?)?,
        started_at: get(row, "started_at")?,
        duration_ms: count_of("duration of an attempt", get(row, "duration_ms")?)?,
        delivered: get(row, "delivered")?,
        http_status: row.try_get("http_status").doing("read an attempt")?,
        error: row.try_get("error").doing("read an attempt")?,
        response: row.try_get("response").doing("read an attempt")?,
    })
}

fn read_dead_letter(row: &PgRow) -> Result<DeadLetter, StoreError> {
    let status: String = get(row, "status")?;
    Ok(DeadLetter {
        seq: from_i64("seq of a dead letter", get(row, "seq")?)?,
        event_type: get(row, "event_type")?,
        status: match status.as_str() {
            "dead" => DeadStatus::Dead,
            "queued" => DeadStatus::Queued,
            _ => DeadStatus::Delivered,
        },
        attempts: count_of("attempts of a dead letter", get(row, "attempts")?)?,
        died_at: get(row, "died_at")?,
        http_status: row.try_get("http_status").doing("read a dead letter")?,
        error: row.try_get("error").doing("read a dead letter")?,
    })
}
