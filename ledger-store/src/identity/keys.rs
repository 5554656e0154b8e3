//! API keys: of a key's secret only the hash is kept. What a token looks like is `ledger-api`'s business.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::{Given, Page};
use crate::error::{Doing, StoreError};
use crate::tenant::{OrgStore, OrgTx};

/// A key to enter.
#[derive(Clone, Debug)]
pub struct NewApiKey {
    /// Its id, a UUIDv7, so that lists are in the order of creation.
    pub id: Uuid,
    /// What people call it.
    pub name: String,
    /// Hash of its secret.
    pub secret_hash: [u8; 32],
    /// Its role; `extra` and `denied` are not used.
    pub given: Given,
    /// Nothing but these permissions, where there are any.
    pub scopes: Option<Vec<String>>,
    /// The sub-unit that it is limited to.
    pub workspace: Option<Uuid>,
    /// Code of the agent that it speaks as, if it is one's; its role is `agent` then.
    pub agent: Option<String>,
    /// When.
    pub at: DateTime<Utc>,
    /// By whom.
    pub by: String,
    /// When it ends by itself.
    pub expires_at: Option<DateTime<Utc>>,
}

/// A key, without anything secret.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct ApiKey {
    /// Its id.
    pub key_id: Uuid,
    /// What people call it.
    pub name: String,
    /// Its built-in role.
    pub role: String,
    /// Its custom role, if any.
    pub custom_role: Option<String>,
    /// Nothing but these permissions, where there are any.
    pub scopes: Option<Vec<String>>,
    /// The sub-unit that it is limited to.
    pub workspace_id: Option<Uuid>,
    /// Code of the agent that it speaks as, if it is one's.
    pub agent: Option<String>,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// By whom.
    pub created_by: String,
    /// When it got its present secret, if not when it was made.
    pub rotated_at: Option<DateTime<Utc>>,
    /// Until when the secret before is good as well.
    pub previous_until: Option<DateTime<Utc>>,
    /// When it ends by itself.
    pub expires_at: Option<DateTime<Utc>>,
    /// When it was last used, to the minute or so.
    pub last_used_at: Option<DateTime<Utc>>,
    /// When it was revoked.
    pub revoked_at: Option<DateTime<Utc>>,
    /// By whom.
    pub revoked_by: Option<String>,
}

/// What is needed to check a token and to say what its bearer may do.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct KeyCredentials {
    /// Hash of its secret.
    pub secret_hash: Vec<u8>,
    /// Hash of the secret before.
    pub previous_hash: Option<Vec<u8>>,
    /// Until when that one is good.
    pub previous_until: Option<DateTime<Utc>>,
    /// When it ends by itself.
    pub expires_at: Option<DateTime<Utc>>,
    /// When it was revoked.
    pub revoked_at: Option<DateTime<Utc>>,
    /// When it was last used.
    pub last_used_at: Option<DateTime<Utc>>,
    /// Nothing but these permissions, where there are any.
    pub scopes: Option<Vec<String>>,
    /// The sub-unit that it is limited to.
    pub workspace_id: Option<Uuid>,
    /// Code of the agent that it speaks as, if it is one's.
    pub agent: Option<String>,
    /// Its role, with what a custom role adds and takes.
    #[sqlx(flatten)]
    pub given: Given,
}

const COLUMNS: &str = "key_id, name, role, custom_role, scopes, workspace_id, agent, created_at, created_by, rotated_at,
                       previous_until, expires_at, last_used_at, revoked_at, revoked_by";

impl OrgStore {
    /// What is needed to check a token of this key. One look at the primary key.
    ///
    /// # Errors
    /// [`StoreError`] when the server fails.
    pub async fn key_credentials(&self, key: Uuid) -> Result<Option<KeyCredentials>, StoreError> {
        let mut tx = self.begin_read().await?;
        let found = sqlx::query_as(
            "SELECT k.secret_hash, k.previous_hash, k.previous_until, k.expires_at, k.revoked_at, k.last_used_at, k.scopes,
                    k.workspace_id, k.agent, coalesce(r.base, k.role) AS role, k.custom_role, coalesce(r.extra, '{}') AS extra,
                    coalesce(r.denied, '{}') AS denied
               FROM control.api_key AS k LEFT JOIN control.custom_role AS r ON r.org_id = k.org_id AND r.code = k.custom_role
              WHERE k.org_id = $1 AND k.key_id = $2",
        )
        .bind(self.org().0)
        .bind(key)
        .fetch_optional(&mut *tx)
        .await
        .doing("look up an API key")?;
        tx.rollback().await?;
        Ok(found)
    }

    /// Notes that a key was used. Callers keep it to once a minute or so.
    ///
    /// # Errors
    /// [`StoreError`] when the server fails.
    pub async fn note_key_used(&self, key: Uuid, at: DateTime<Utc>) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        sqlx::query(
            "UPDATE control.api_key SET last_used_at = $3
              WHERE org_id = $1 AND key_id = $2 AND (last_used_at IS NULL OR last_used_at < $3)",
        )
        .bind(self.org().0)
        .bind(key)
        .bind(at)
        .execute(&mut *tx)
        .await
        .doing("note that an API key was used")?;
        tx.commit().await
    }
}

impl OrgTx {
    /// Enters a key.
    ///
    /// # Errors
    /// [`StoreError`] when the server fails, or a policy refuses it (SQLSTATE 42501).
    pub async fn add_api_key(&mut self, new: &NewApiKey) -> Result<ApiKey, StoreError> {
        sqlx::query(
            "INSERT INTO control.api_key AS k
                    (org_id, key_id, name, secret_hash, role, custom_role, scopes, workspace_id, agent, created_at, created_by, expires_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
        )
        .bind(self.org().0)
        .bind(new.id)
        .bind(&new.name)
        .bind(new.secret_hash.as_slice())
        .bind(&new.given.role)
        .bind(&new.given.custom_role)
        .bind(&new.scopes)
        .bind(new.workspace)
        .bind(&new.agent)
        .bind(new.at)
        .bind(&new.by)
        .bind(new.expires_at)
        .execute(&mut **self)
        .await
        .doing("enter an API key")?;
        self.api_key(new.id).await?.ok_or(StoreError::UnknownOrg(self.org()))
    }

    /// One key.
    ///
    /// # Errors
    /// [`StoreError`] when the server fails.
    pub async fn api_key(&mut self, key: Uuid) -> Result<Option<ApiKey>, StoreError> {
        sqlx::query_as(sqlx::AssertSqlSafe(format!("SELECT {COLUMNS} FROM control.api_key WHERE org_id = $1 AND key_id = $2")))
            .bind(self.org().0)
            .bind(key)
            .fetch_optional(&mut **self)
            .await
            .doing("read an API key")
    }

    /// Keys in the order of their creation, also those that have ended.
    ///
    /// # Errors
    /// [`StoreError`] when the server fails.
    pub async fn api_keys(&mut self, page: Page<Uuid>) -> Result<Vec<ApiKey>, StoreError> {
        let statement = format!(
            "SELECT {COLUMNS} FROM control.api_key WHERE org_id = $1 AND ($2::uuid IS NULL OR key_id > $2) ORDER BY key_id LIMIT $3"
        );
        sqlx::query_as(sqlx::AssertSqlSafe(statement))
            .bind(self.org().0)
            .bind(page.after)
            .bind(page.limit)
            .fetch_all(&mut **self)
            .await
            .doing("list API keys")
    }

    /// Gives a key another secret; the present one stays good until `overlap_until`. Answers whether there was such a key,
    /// not revoked.
    ///
    /// # Errors
    /// [`StoreError`] when the server fails, or a policy refuses it.
    pub async fn rotate_api_key(
        &mut self,
        key: Uuid,
        secret_hash: [u8; 32],
        overlap_until: DateTime<Utc>,
        at: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        let done = sqlx::query(
            "UPDATE control.api_key SET previous_hash = secret_hash, previous_until = $4, secret_hash = $3, rotated_at = $5
              WHERE org_id = $1 AND key_id = $2 AND revoked_at IS NULL",
        )
        .bind(self.org().0)
        .bind(key)
        .bind(secret_hash.as_slice())
        .bind(overlap_until)
        .bind(at)
        .execute(&mut **self)
        .await
        .doing("rotate an API key")?;
        Ok(done.rows_affected() > 0)
    }

    /// Ends a key, with both of its secrets. Answers whether it was not ended before.
    ///
    /// # Errors
    /// [`StoreError`] when the server fails, or a policy refuses it.
    pub async fn revoke_api_key(&mut self, key: Uuid, at: DateTime<Utc>, by: &str) -> Result<bool, StoreError> {
        let done = sqlx::query(
            "UPDATE control.api_key SET revoked_at = $3, revoked_by = $4, previous_hash = NULL, previous_until = NULL
              WHERE org_id = $1 AND key_id = $2 AND revoked_at IS NULL",
        )
        .bind(self.org().0)
        .bind(key)
        .bind(at)
        .bind(by)
        .execute(&mut **self)
        .await
        .doing("revoke an API key")?;
        Ok(done.rows_affected() > 0)
    }
}
