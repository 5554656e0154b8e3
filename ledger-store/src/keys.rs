//! Idempotency keys and external ids: written with a commit ([`crate::OrgStore::append_commit`]), looked up here.

use ledger_core::{Seq, Timestamp};

use crate::commits::{from_datetime, from_i64, get, hash32};
use crate::error::{Doing, StoreError};
use crate::tenant::OrgStore;

/// A key to become durable with a commit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewKey {
    /// What the caller chose; 1 to 1,000 bytes, unique within the organization for ever.
    pub key: String,
    /// Hash of the canonical request: the same key with another request is refused by whoever looks it up.
    pub request_hash: [u8; 32],
    /// The first event that the request led to; within the commit.
    pub first_seq: Seq,
    /// How many events it led to.
    pub event_count: u32,
}

/// What a key was answered with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredKey {
    /// The key.
    pub key: String,
    /// Hash of the canonical request.
    pub request_hash: [u8; 32],
    /// The first event that the request led to.
    pub first_seq: Seq,
    /// How many events it led to.
    pub event_count: u32,
    /// When its commit was recorded.
    pub recorded_at: Timestamp,
}

/// An external id to become durable with a commit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewExternalId {
    /// What the other program calls the entry; 1 to 1,000 bytes, unique within the organization.
    pub external_id: String,
    /// The entry's event; within the commit.
    pub seq: Seq,
}

impl OrgStore {
    /// Those of the keys that were used before, in no particular order. One round trip.
    ///
    /// # Errors
    /// [`StoreError`] when the server fails.
    pub async fn find_keys<K: AsRef<str> + Sync>(&self, keys: &[K]) -> Result<Vec<StoredKey>, StoreError> {
        let rows = sqlx::query("SELECT key, request_hash, first_seq, event_count, recorded_at FROM ledger.find_keys($1, $2)")
            .bind(self.org().0)
            .bind(keys.iter().map(AsRef::as_ref).collect::<Vec<&str>>())
            .fetch_all(self.store().pool())
            .await
            .doing("look up idempotency keys")?;
        rows.iter()
            .map(|row| {
                Ok(StoredKey {
                    key: get(row, "key")?,
                    request_hash: hash32("request_hash", get(row, "request_hash")?)?,
                    first_seq: from_i64("first_seq of a key", get(row, "first_seq")?)?,
                    event_count: u32::try_from(from_i64("event_count of a key", i64::from(get::<i32>(row, "event_count")?))?)
                        .unwrap_or(u32::MAX),
                    recorded_at: from_datetime(get(row, "recorded_at")?),
                })
            })
            .collect()
    }

    /// All keys that begin with `prefix`, in their own order. For keys that programs make (imports), not for callers' keys.
    ///
    /// # Errors
    /// [`StoreError`] when the server fails.
    pub async fn keys_with_prefix(&self, prefix: &str) -> Result<Vec<String>, StoreError> {
        let mut tx = self.begin_read().await?;
        let found: Vec<String> =
            sqlx::query_scalar("SELECT key FROM ledger.idempotency_key WHERE org_id = $1 AND key >= $2 AND key < $3 ORDER BY key")
                .bind(self.org().0)
                .bind(prefix)
                .bind(format!("{prefix}\u{10FFFF}"))
                .fetch_all(&mut *tx)
                .await
                .doing("look up idempotency keys")?;
        tx.rollback().await?;
        Ok(found)
    }

    /// Whether the organization has any external id at all.
    ///
    /// # Errors
    /// [`StoreError`] when the server fails.
    pub async fn has_external_ids(&self) -> Result<bool, StoreError> {
        let mut tx = self.begin_read().await?;
        let found: bool = sqlx::query_scalar("SELECT EXISTS (SELECT FROM ledger.external_id WHERE org_id = $1)")
            .bind(self.org().0)
            .fetch_one(&mut *tx)
            .await
            .doing("look for external ids")?;
        tx.rollback().await?;
        Ok(found)
    }

    /// Those of the external ids that are in use, each with its entry's event, in no particular order.
    ///
    /// # Errors
    /// [`StoreError`] when the server fails.
    pub async fn find_external_ids<K: AsRef<str> + Sync>(&self, ids: &[K]) -> Result<Vec<(String, Seq)>, StoreError> {
        let mut tx = self.begin_read().await?;
        let found: Vec<(String, i64)> =
            sqlx::query_as("SELECT external_id, seq FROM ledger.external_id WHERE org_id = $1 AND external_id = ANY ($2)")
                .bind(self.org().0)
                .bind(ids.iter().map(AsRef::as_ref).collect::<Vec<&str>>())
                .fetch_all(&mut *tx)
                .await
                .doing("look up external ids")?;
        tx.rollback().await?;
        found.into_iter().map(|(id, seq)| Ok((id, from_i64("seq of an external id", seq)?))).collect()
    }
}
