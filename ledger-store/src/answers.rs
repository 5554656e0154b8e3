//! Answers to writes beside the book, kept for ever under the caller's key and made durable with the write itself.
//!
//! Keys of the book's own writes are in [`crate::keys`].

use crate::commits::{from_i64, get, hash32};
use crate::error::{Doing, StoreError};
use crate::tenant::OrgTx;

/// What a key was answered with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptAnswer {
    /// Hash of what was asked.
    pub request_hash: [u8; 32],
    /// The status and the answer, in JSON and without secrets; none yet where the work takes several transactions and is under way
    /// or was cut off.
    pub answer: Option<(u16, String)>,
}

impl OrgTx {
    /// Claims a key for the work of this transaction. Waits for another transaction with the same key; answers what
    /// that one kept, if it did.
    ///
    /// # Errors
    /// [`StoreError`] when the server fails.
    pub async fn claim_answer(&mut self, key: &str, request_hash: [u8; 32]) -> Result<Option<KeptAnswer>, StoreError> {
        let org = self.org().0;
        let claimed = sqlx::query(
            "INSERT INTO ledger.kept_answer AS k (org_id, key, request_hash) VALUES ($1, $2, $3)
             ON CONFLICT (org_id, key) DO NOTHING RETURNING true AS claimed",
        )
        .bind(org)
        .bind(key)
        .bind(request_hash.as_slice())
        .fetch_optional(&mut **self)
        .await
        .doing("claim an idempotency key")?;
        if claimed.is_some() {
            return Ok(None);
        }
        let row = sqlx::query("SELECT request_hash, status, answer FROM ledger.kept_answer WHERE org_id = $1 AND key = $2")
            .bind(org)
            .bind(key)
            .fetch_one(&mut **self)
            .await
            .doing("read a kept answer")?;
        let kept: Option<i16> = get(&row, "status")?;
        let answer: Option<String> = get(&row, "answer")?;
        let status = kept.map(|kept| from_i64("status of a kept answer", i64::from(kept))).transpose()?;
        Ok(Some(KeptAnswer {
            request_hash: hash32("request_hash", get(&row, "request_hash")?)?,
            answer: status.and_then(|status| u16::try_from(status).ok()).zip(answer),
        }))
    }

    /// Keeps the answer under the key that was claimed.
    ///
    /// # Errors
    /// [`StoreError`] when the server fails.
    pub async fn keep_answer(&mut self, key: &str, status: u16, answer: &str) -> Result<(), StoreError> {
        let org = self.org().0;
        sqlx::query("UPDATE ledger.kept_answer SET status = $3, answer = $4 WHERE org_id = $1 AND key = $2")
            .bind(org)
            .bind(key)
            .bind(i16::try_from(status).unwrap_or(500))
            .bind(answer)
            .execute(&mut **self)
            .await
            .doing("keep an answer")?;
        Ok(())
    }

    /// Keeps the answer unless one is kept already; answers the one that is kept.
    ///
    /// # Errors
    /// [`StoreError`] when the server fails.
    pub async fn keep_first_answer(&mut self, key: &str, status: u16, answer: &str) -> Result<(u16, String), StoreError> {
        let org = self.org().0;
        sqlx::query("UPDATE ledger.kept_answer SET status = $3, answer = $4 WHERE org_id = $1 AND key = $2 AND answer IS NULL")
            .bind(org)
            .bind(key)
            .bind(i16::try_from(status).unwrap_or(500))
            .bind(answer)
            .execute(&mut **self)
            .await
            .doing("keep an answer")?;
        let (status, answer): (i16, String) =
            sqlx::query_as("SELECT status, answer FROM ledger.kept_answer WHERE org_id = $1 AND key = $2")
                .bind(org)
                .bind(key)
                .fetch_one(&mut **self)
                .await
                .doing("read a kept answer")?;
        Ok((u16::try_from(status).unwrap_or(500), answer))
    }
}
