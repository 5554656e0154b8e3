//! How far an endpoint was told, who is at it, and the step from one event to the next.
//!
//! A step is written on condition that the cursor still says what it said and that the lease is still held, so that two
//! processes cannot both move it on from the same event. The lease only keeps them from sending the same message twice.

use chrono::{DateTime, Utc};
use ledger_core::Seq;
use uuid::Uuid;

use super::log::{Attempt, insert_attempt};
use super::{Endpoint, SigningSecret, to_count};
use crate::commits::{from_i64, to_i64};
use crate::db::Store;
use crate::error::{Doing, StoreError};
use crate::tenant::{OrgId, OrgStore, OrgTx};

/// An endpoint that has something to be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Due {
    /// Whose.
    pub org: OrgId,
    /// Which.
    pub endpoint: Uuid,
}

/// What is behind in this database, counted over all organizations.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Backlog {
    /// Active endpoints.
    pub active: u64,
    /// Those behind their stream.
    pub behind: u64,
    /// Those that are tried again after a failure.
    pub retrying: u64,
    /// Events that the furthest behind waits for.
    pub furthest: u64,
    /// Disabled endpoints.
    pub inactive: u64,
}

/// The right to tell an endpoint, and what is needed for it.
#[derive(Clone, Debug)]
pub struct Turn {
    /// The endpoint, with how far it was told.
    pub endpoint: Endpoint,
    /// What signs, the newest first.
    pub secrets: Vec<SigningSecret>,
    /// Whether dead letters wait to be sent again.
    pub replays: bool,
    /// Whether the event after the cursor may be tried now.
    pub ripe: bool,
}

/// How a step ends.
#[derive(Clone, Debug)]
pub enum Outcome<'a> {
    /// Every event up to here is settled.
    Settled(Seq),
    /// It failed, and is tried again.
    Retry {
        /// Attempts so far.
        attempts: u32,
        /// When.
        at: DateTime<Utc>,
    },
    /// It failed for the last time: this event is dead, and the next one's turn comes.
    Dead {
        /// The event.
        seq: Seq,
        /// Its type.
        event_type: &'a str,
    },
    /// The endpoint does not want to be told any more.
    Disable {
        /// Why.
        reason: &'a str,
    },
}

/// A step of a cursor.
#[derive(Clone, Debug)]
pub struct Step<'a> {
    /// What the cursor must say before.
    pub from: Seq,
    /// What happened.
    pub outcome: Outcome<'a>,
    /// The attempt, where there was one.
    pub attempt: Option<&'a Attempt>,
    /// Until when the lease is held after it.
    pub lease_until: DateTime<Utc>,
    /// The present moment.
    pub now: DateTime<Utc>,
}

impl Store {
    /// The sweep: up to `limit` endpoints after `after` (in the order of their ids) that have something to be told.
    ///
    /// # Errors
    /// [`StoreError`] when the server fails.
    pub async fn webhooks_due(&self, now: DateTime<Utc>, after: Option<Due>, limit: u16) -> Result<Vec<Due>, StoreError> {
        let rows: Vec<(Uuid, Uuid)> = sqlx::query_as("SELECT org_id, endpoint_id FROM control.webhooks_due($1, $2, $3, $4)")
            .bind(now)
            .bind(after.map(|due| due.org.0))
            .bind(after.map(|due| due.endpoint))
            .bind(i32::from(limit))
            .fetch_all(self.pool())
            .await
            .doing("look for webhooks that are due")?;
        Ok(rows.into_iter().map(|(org, endpoint)| Due { org: OrgId(org), endpoint }).collect())
    }

    /// What is behind, over all organizations.
    ///
    /// # Errors
    /// [`StoreError`] when the server fails.
    pub async fn webhook_backlog(&self) -> Result<Backlog, StoreError> {
        let row: (i64, i64, i64, i64, i64) =
            sqlx::query_as("SELECT active, behind, retrying, furthest, inactive FROM control.webhook_backlog()")
                .fetch_one(self.pool())
                .await
                .doing("count what webhooks are behind")?;
        let count = |value| from_i64("count of webhooks", value);
        Ok(Backlog {
            active: count(row.0)?,
            behind: count(row.1)?,
            retrying: count(row.2)?,
            furthest: count(row.3)?,
            inactive: count(row.4)?,
        })
    }
}

impl OrgStore {
    /// Takes an endpoint's turn, if it is active and nobody else has it.
    ///
    /// # Errors
    /// [`StoreError`] when the server fails.
    pub async fn take_webhook(&self, id: Uuid, owner: Uuid, now: DateTime<Utc>, until: DateTime<Utc>) -> Result<Option<Turn>, StoreError> {
        let mut tx = self.begin().await?;
        tx.without_waiting_for_disk().await?;
        let taken: Option<(bool, bool)> = sqlx::query_as(
            "UPDATE ledger.webhook_cursor SET lease_owner = $3, lease_until = $5, updated_at = $4
              WHERE org_id = $1 AND endpoint_id = $2 AND active
                AND (lease_owner IS NULL OR lease_owner = $3 OR lease_until <= $4)
                AND (replays OR next_attempt_at IS NULL OR next_attempt_at <= $4)
             RETURNING replays, next_attempt_at IS NULL OR next_attempt_at <= $4",
        )
        .bind(self.org().0)
        .bind(id)
        .bind(owner)
        .bind(now)
        .bind(until)
        .fetch_optional(&mut *tx)
        .await
        .doing("lease a webhook")?;
        let Some((replays, ripe)) = taken else {
            tx.rollback().await?;
            return Ok(None);
        };
        let (endpoint, secrets) = (tx.webhook(id).await?, tx.webhook_secrets(id, now).await?);
        tx.commit().await?;
        Ok(endpoint.map(|endpoint| Turn { endpoint, secrets, replays, ripe }))
    }

    /// Writes down how a step ended. Answers whether the lease is still held and the endpoint active; where it is not,
    /// nothing was moved, and only the attempt is on record.
    ///
    /// # Errors
    /// [`StoreError`] when the server fails.
    pub async fn step_webhook(&self, id: Uuid, owner: Uuid, step: &Step<'_>) -> Result<bool, StoreError> {
        let mut tx = self.begin().await?;
        if matches!(step.outcome, Outcome::Settled(_)) {
            // Lost in a crash, it is sent again: at least once is what was promised.
            tx.without_waiting_for_disk().await?;
        }
        if let Some(attempt) = step.attempt {
            insert_attempt(&mut tx, id, attempt).await?;
        }
        let moved = tx.move_webhook(id, owner, step).await?;
        if moved.is_some() {
            match &step.outcome {
                Outcome::Dead { seq, event_type } => tx.bury_webhook(id, *seq, event_type, step).await?,
                Outcome::Disable { reason } => tx.disable_webhook(id, reason, step.now).await?,
                Outcome::Settled(_) | Outcome::Retry { .. } => {}
            }
        }
        tx.commit().await?;
        Ok(moved == Some(true))
    }

    /// Gives the turn back, if it is still held.
    ///
    /// # Errors
    /// [`StoreError`] when the server fails.
    pub async fn give_back_webhook(&self, id: Uuid, owner: Uuid) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        tx.without_waiting_for_disk().await?;
        sqlx::query(
            "UPDATE ledger.webhook_cursor SET lease_owner = NULL, lease_until = NULL
              WHERE org_id = $1 AND endpoint_id = $2 AND lease_owner = $3",
        )
        .bind(self.org().0)
        .bind(id)
        .bind(owner)
        .execute(&mut *tx)
        .await
        .doing("give back a webhook")?;
        tx.commit().await
    }
}

impl OrgTx {
    /// For what may be lost in a crash because it is done again.
    async fn without_waiting_for_disk(&mut self) -> Result<(), StoreError> {
        sqlx::query("SET LOCAL synchronous_commit = off").execute(&mut **self).await.doing("set up a transaction")?;
        Ok(())
    }

    /// Moves the cursor; answers whether the endpoint is active, `None` where the right to move it was lost.
    async fn move_webhook(&mut self, id: Uuid, owner: Uuid, step: &Step<'_>) -> Result<Option<bool>, StoreError> {
        let (seq, attempts, next, active) = match &step.outcome {
            Outcome::Settled(seq) | Outcome::Dead { seq, .. } => (*seq, 0, None, None),
            Outcome::Retry { attempts, at } => (step.from, *attempts, Some(*at), None),
            Outcome::Disable { .. } => (step.from, 0, None, Some(false)),
        };
        sqlx::query_scalar(
            "UPDATE ledger.webhook_cursor
                SET seq = $5, attempts = $6, next_attempt_at = $7, active = coalesce($8, active), lease_until = $9, updated_at = $10
              WHERE org_id = $1 AND endpoint_id = $2 AND lease_owner = $3 AND seq = $4
             RETURNING active",
        )
        .bind(self.org().0)
        .bind(id)
        .bind(owner)
        .bind(to_i64("seq of a webhook's cursor", step.from)?)
        .bind(to_i64("seq of a webhook's cursor", seq)?)
        .bind(to_count("attempts of a webhook", attempts)?)
        .bind(next)
        .bind(active)
        .bind(step.lease_until)
        .bind(step.now)
        .fetch_optional(&mut **self)
        .await
        .doing("move a webhook's cursor")
    }

    async fn bury_webhook(&mut self, id: Uuid, seq: Seq, event_type: &str, step: &Step<'_>) -> Result<(), StoreError> {
        let attempt = step.attempt;
        sqlx::query(
            "INSERT INTO ledger.webhook_dead_letter AS d
                    (org_id, endpoint_id, seq, event_type, status, attempts, died_at, http_status, error, updated_at)
             VALUES ($1, $2, $3, $4, 'dead', $5, $6, $7, $8, $6)
             ON CONFLICT (org_id, endpoint_id, seq) DO NOTHING",
        )
        .bind(self.org().0)
        .bind(id)
        .bind(to_i64("seq of a dead letter", seq)?)
        .bind(event_type)
        .bind(to_count("attempts of a webhook", attempt.map_or(1, |attempt| attempt.attempt))?)
        .bind(step.now)
        .bind(attempt.and_then(|attempt| attempt.http_status))
        .bind(attempt.and_then(|attempt| attempt.error.as_deref()))
        .execute(&mut **self)
        .await
        .doing("bury a webhook's event")?;
        Ok(())
    }

    async fn disable_webhook(&mut self, id: Uuid, reason: &str, now: DateTime<Utc>) -> Result<(), StoreError> {
        sqlx::query(
            "UPDATE ledger.webhook_endpoint SET status = 'disabled', status_reason = $3, updated_at = $4, updated_by = 'ledgerd'
              WHERE org_id = $1 AND endpoint_id = $2 AND status = 'active'",
        )
        .bind(self.org().0)
        .bind(id)
        .bind(reason)
        .bind(now)
        .execute(&mut **self)
        .await
        .doing("disable a webhook endpoint")?;
        Ok(())
    }
}
