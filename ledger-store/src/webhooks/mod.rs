//! Webhook endpoints of an organization: where events are sent, which ones, and the secrets that sign them.
//!
//! How far each endpoint was told, and who is at it, is in [`cursor`]; what became of every attempt in [`log`]. Making,
//! signing and sending messages is the server's business.

mod cursor;
mod log;

use std::fmt;

use chrono::{DateTime, Utc};
use ledger_core::Seq;
use sqlx::Row;
use sqlx::postgres::PgRow;
use uuid::Uuid;

pub use self::cursor::{Backlog, Due, Outcome, Step, Turn};
pub use self::log::{Attempt, AttemptFilter, AttemptKind, DeadLetter, DeadStatus, Replay};
use crate::commits::{from_i64, get, to_i64};
use crate::error::{Doing, StoreError};
use crate::tenant::OrgTx;

/// Endpoints that an organization may have at a time.
pub const ENDPOINTS_MAX: i64 = 50;

/// Whether an endpoint is told of events.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EndpointStatus {
    /// It is.
    Active,
    /// It is not, until somebody makes it active; events wait for it.
    Disabled,
}

impl EndpointStatus {
    /// The word for it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Disabled => "disabled",
        }
    }
}

/// An endpoint and how far it was told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    /// Its id.
    pub id: Uuid,
    /// Where messages go.
    pub url: String,
    /// What it is for, in its owner's words.
    pub description: String,
    /// Types of events that it wants; empty for all.
    pub event_types: Vec<String>,
    /// Whether it is told.
    pub status: EndpointStatus,
    /// Why it is disabled.
    pub status_reason: Option<String>,
    /// When it was created.
    pub created_at: DateTime<Utc>,
    /// By whom.
    pub created_by: String,
    /// When it was last changed.
    pub updated_at: DateTime<Utc>,
    /// The last event that is settled: delivered, dead, or not wanted.
    pub seq: Seq,
    /// Attempts so far at the event after it.
    pub attempts: u32,
    /// When that is tried again; `None` where nothing has failed.
    pub next_attempt_at: Option<DateTime<Utc>>,
}

/// An endpoint to create.
#[derive(Clone, Debug)]
pub struct NewEndpoint<'a> {
    /// Its id.
    pub id: Uuid,
    /// Where messages go.
    pub url: &'a str,
    /// What it is for.
    pub description: &'a str,
    /// Types of events that it wants; empty for all.
    pub event_types: &'a [String],
    /// What its messages are signed with.
    pub secret: &'a SigningSecret,
    /// It is told of events after this one.
    pub after: Seq,
}

/// What is changed of an endpoint; `None` stays as it is.
#[derive(Clone, Debug, Default)]
pub struct EndpointChange<'a> {
    /// Where messages go from now on.
    pub url: Option<&'a str>,
    /// What it is for.
    pub description: Option<&'a str>,
    /// Types of events that it wants.
    pub event_types: Option<&'a [String]>,
    /// Whether it is told, and why not.
    pub status: Option<(EndpointStatus, Option<&'a str>)>,
}

/// What messages are signed with: 24 to 64 bytes. Shows nothing of itself in logs.
#[derive(Clone, PartialEq, Eq)]
pub struct SigningSecret(pub Vec<u8>);

impl fmt::Debug for SigningSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SigningSecret(…)")
    }
}

const ENDPOINTS: &str = "
SELECT e.endpoint_id, e.url, e.description, e.event_types, e.status, e.status_reason, e.created_at, e.created_by, e.updated_at,
       c.seq, c.attempts, c.next_attempt_at
  FROM ledger.webhook_endpoint AS e
  JOIN ledger.webhook_cursor AS c ON c.org_id = e.org_id AND c.endpoint_id = e.endpoint_id
 WHERE e.org_id = $1 AND e.status <> 'deleted' AND ($2::uuid IS NULL OR e.endpoint_id = $2)
 ORDER BY e.endpoint_id";

impl OrgTx {
    /// Creates an endpoint. Answers whether there was room for it: [`ENDPOINTS_MAX`].
    ///
    /// # Errors
    /// [`StoreError`] when the server fails.
    pub async fn create_webhook(&mut self, new: &NewEndpoint<'_>, at: DateTime<Utc>, by: &str) -> Result<bool, StoreError> {
        let org = self.org().0;
        let there: i64 = sqlx::query_scalar("SELECT count(*) FROM ledger.webhook_cursor WHERE org_id = $1")
            .bind(org)
            .fetch_one(&mut **self)
            .await
            .doing("count webhook endpoints")?;
        if there >= ENDPOINTS_MAX {
            return Ok(false);
        }
        sqlx::query(
            "INSERT INTO ledger.webhook_endpoint
                    (org_id, endpoint_id, url, description, event_types, status, created_at, created_by, updated_at, updated_by)
             VALUES ($1, $2, $3, $4, $5, 'active', $6, $7, $6, $7)",
        )
        .bind(org)
        .bind(new.id)
        .bind(new.url)
        .bind(new.description)
        .bind(new.event_types)
        .bind(at)
        .bind(by)
        .execute(&mut **self)
        .await
        .doing("create a webhook endpoint")?;
        sqlx::query(
            "INSERT INTO ledger.webhook_cursor (org_id, endpoint_id, active, seq, attempts, replays, updated_at)
             VALUES ($1, $2, true, $3, 0, false, $4)",
        )
        .bind(org)
        .bind(new.id)
        .bind(to_i64("event to begin after", new.after)?)
        .bind(at)
        .execute(&mut **self)
        .await
        .doing("create a webhook's cursor")?;
        self.insert_webhook_secret(new.id, 1, new.secret, at).await?;
        Ok(true)
    }

    /// Every endpoint that was not deleted, oldest first.
    ///
    /// # Errors
    /// [`StoreError`] when the server fails.
    pub async fn webhooks(&mut self) -> Result<Vec<Endpoint>, StoreError> {
        let rows = sqlx::query(ENDPOINTS).bind(self.org().0).bind(None::<Uuid>).fetch_all(&mut **self).await;
        rows.doing("list webhook endpoints")?.iter().map(read_endpoint).collect()
    }

    /// One endpoint.
    ///
    /// # Errors
    /// [`StoreError`] when the server fails.
    pub async fn webhook(&mut self, id: Uuid) -> Result<Option<Endpoint>, StoreError> {
        let row = sqlx::query(ENDPOINTS).bind(self.org().0).bind(id).fetch_optional(&mut **self).await;
        row.doing("read a webhook endpoint")?.as_ref().map(read_endpoint).transpose()
    }

    /// Changes an endpoint. A new address, and becoming active, begin the attempts at the waiting event anew.
    /// Answers whether there is such an endpoint.
    ///
    /// # Errors
    /// [`StoreError`] when the server fails.
    pub async fn change_webhook(&mut self, id: Uuid, change: &EndpointChange<'_>, at: DateTime<Utc>, by: &str) -> Result<bool, StoreError> {
        // The cursor first, as whoever moves it does.
        let changed = sqlx::query(
            "UPDATE ledger.webhook_cursor
                SET active = coalesce($3, active),
                    attempts = CASE WHEN $4 OR $3 IS NOT NULL THEN 0 ELSE attempts END,
                    next_attempt_at = CASE WHEN $4 OR $3 IS NOT NULL THEN NULL ELSE next_attempt_at END,
                    updated_at = $5
              WHERE org_id = $1 AND endpoint_id = $2",
        )
        .bind(self.org().0)
        .bind(id)
        .bind(change.status.map(|(status, _)| status == EndpointStatus::Active))
        .bind(change.url.is_some())
        .bind(at)
        .execute(&mut **self)
        .await
        .doing("change a webhook's cursor")?;
        if changed.rows_affected() == 0 {
            return Ok(false);
        }
        sqlx::query(
            "UPDATE ledger.webhook_endpoint
                SET url = coalesce($3, url), description = coalesce($4, description), event_types = coalesce($5, event_types),
                    status = coalesce($6, status), status_reason = CASE WHEN $6 IS NULL THEN status_reason ELSE $7 END,
                    updated_at = $8, updated_by = $9
              WHERE org_id = $1 AND endpoint_id = $2 AND status <> 'deleted'",
        )
        .bind(self.org().0)
        .bind(id)
        .bind(change.url)
        .bind(change.description)
        .bind(change.event_types)
        .bind(change.status.map(|(status, _)| status.as_str()))
        .bind(change.status.and_then(|(_, reason)| reason))
        .bind(at)
        .bind(by)
        .execute(&mut **self)
        .await
        .doing("change a webhook endpoint")?;
        Ok(true)
    }

    /// Deletes an endpoint and its secrets; what was sent to it stays on record. Answers whether there was one.
    ///
    /// # Errors
    /// [`StoreError`] when the server fails.
    pub async fn delete_webhook(&mut self, id: Uuid, at: DateTime<Utc>, by: &str) -> Result<bool, StoreError> {
        let org = self.org().0;
        for statement in [
            "DELETE FROM ledger.webhook_cursor WHERE org_id = $1 AND endpoint_id = $2",
            "DELETE FROM ledger.webhook_secret WHERE org_id = $1 AND endpoint_id = $2",
        ] {
            sqlx::query(statement).bind(org).bind(id).execute(&mut **self).await.doing("delete what belongs to a webhook endpoint")?;
        }
        let deleted = sqlx::query(
            "UPDATE ledger.webhook_endpoint SET status = 'deleted', updated_at = $3, updated_by = $4
              WHERE org_id = $1 AND endpoint_id = $2 AND status <> 'deleted'",
        )
        .bind(org)
        .bind(id)
        .bind(at)
        .bind(by)
        .execute(&mut **self)
        .await
        .doing("delete a webhook endpoint")?;
        Ok(deleted.rows_affected() > 0)
    }

    /// Signs with a new secret from now on, and with the one before it as well until `old_until`. Older ones are gone.
    /// Answers whether there is such an endpoint.
    ///
    /// # Errors
    /// [`StoreError`] when the server fails.
    pub async fn rotate_webhook_secret(
        &mut self,
        id: Uuid,
        secret: &SigningSecret,
        at: DateTime<Utc>,
        old_until: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        let org = self.org().0;
        // The cursor's row is what rotations wait for each other at.
        let cursor = sqlx::query("SELECT FROM ledger.webhook_cursor WHERE org_id = $1 AND endpoint_id = $2 FOR UPDATE");
        let found = cursor.bind(org).bind(id).fetch_optional(&mut **self).await.doing("lock a webhook's cursor")?;
        if found.is_none() {
            return Ok(false);
        }
        let newest: i32 =
            sqlx::query_scalar("SELECT coalesce(max(secret_no), 0) FROM ledger.webhook_secret WHERE org_id = $1 AND endpoint_id = $2")
                .bind(org)
                .bind(id)
                .fetch_one(&mut **self)
                .await
                .doing("look for a webhook's secrets")?;
        sqlx::query("DELETE FROM ledger.webhook_secret WHERE org_id = $1 AND endpoint_id = $2 AND secret_no < $3")
            .bind(org)
            .bind(id)
            .bind(newest)
            .execute(&mut **self)
            .await
            .doing("delete a webhook's old secrets")?;
        sqlx::query("UPDATE ledger.webhook_secret SET expires_at = $4 WHERE org_id = $1 AND endpoint_id = $2 AND secret_no = $3")
            .bind(org)
            .bind(id)
            .bind(newest)
            .bind(old_until)
            .execute(&mut **self)
            .await
            .doing("let a webhook's secret expire")?;
        self.insert_webhook_secret(id, newest.saturating_add(1), secret, at).await?;
        Ok(true)
    }

    /// The secrets that sign at a moment, the newest first: one, or two during a rotation.
    ///
    /// # Errors
    /// [`StoreError`] when the server fails.
    pub async fn webhook_secrets(&mut self, id: Uuid, at: DateTime<Utc>) -> Result<Vec<SigningSecret>, StoreError> {
        let rows: Vec<Vec<u8>> = sqlx::query_scalar(
            "SELECT secret FROM ledger.webhook_secret
              WHERE org_id = $1 AND endpoint_id = $2 AND (expires_at IS NULL OR expires_at > $3) ORDER BY secret_no DESC",
        )
        .bind(self.org().0)
        .bind(id)
        .bind(at)
        .fetch_all(&mut **self)
        .await
        .doing("read a webhook's secrets")?;
        Ok(rows.into_iter().map(SigningSecret).collect())
    }

    async fn insert_webhook_secret(&mut self, id: Uuid, number: i32, secret: &SigningSecret, at: DateTime<Utc>) -> Result<(), StoreError> {
        sqlx::query("INSERT INTO ledger.webhook_secret (org_id, endpoint_id, secret_no, secret, created_at) VALUES ($1, $2, $3, $4, $5)")
            .bind(self.org().0)
            .bind(id)
            .bind(number)
            .bind(secret.0.as_slice())
            .bind(at)
            .execute(&mut **self)
            .await
            .doing("keep a webhook's secret")?;
        Ok(())
    }
}

fn read_endpoint(row: &PgRow) -> Result<Endpoint, StoreError> {
    let status: String = get(row, "status")?;
    Ok(Endpoint {
        id: get(row, "endpoint_id")?,
        url: get(row, "url")?,
        description: get(row, "description")?,
        event_types: get(row, "event_types")?,
        status: if status == "active" { EndpointStatus::Active } else { EndpointStatus::Disabled },
        status_reason: row.try_get("status_reason").doing("read a webhook endpoint")?,
        created_at: get(row, "created_at")?,
        created_by: get(row, "created_by")?,
        updated_at: get(row, "updated_at")?,
        seq: from_i64("seq of a webhook's cursor", get(row, "seq")?)?,
        attempts: count_of("attempts of a webhook", get(row, "attempts")?)?,
        next_attempt_at: row.try_get("next_attempt_at").doing("read a webhook endpoint")?,
    })
}

fn count_of(what: &'static str, value: i32) -> Result<u32, StoreError> {
    u32::try_from(value).map_err(|_| StoreError::OutOfRange { what, found: value.to_string(), expected: "not negative" })
}

fn to_count(what: &'static str, value: u32) -> Result<i32, StoreError> {
    i32::try_from(value).map_err(|_| StoreError::OutOfRange { what, found: value.to_string(), expected: "at most 2147483647" })
}
