//! Snapshots: an encoded state at a seq. They save time and prove nothing; dropping them all changes nothing else.

use ledger_core::Seq;

use crate::commits::{from_i64, to_i64};
use crate::error::{Doing, StoreError};
use crate::tenant::OrgStore;

/// An encoded state of the organization.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Snapshot {
    /// The last event that the state contains.
    pub seq: Seq,
    /// Version of the state's encoding; a reader that does not know it ignores the snapshot.
    pub codec: u16,
    /// The encoded state.
    pub state: Vec<u8>,
}

impl OrgStore {
    /// Keeps a snapshot; one at the same seq is replaced.
    ///
    /// # Errors
    /// [`StoreError`] when the server fails.
    pub async fn save_snapshot(&self, snapshot: &Snapshot) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        sqlx::query(
            "INSERT INTO ledger.snapshot AS s (org_id, seq, codec, state) VALUES ($1, $2, $3, $4)
             ON CONFLICT (org_id, seq) DO UPDATE SET codec = excluded.codec, state = excluded.state",
        )
        .bind(self.org().0)
        .bind(to_i64("seq of a snapshot", snapshot.seq)?)
        .bind(codec_i16(snapshot.codec)?)
        .bind(snapshot.state.as_slice())
        .execute(&mut *tx)
        .await
        .doing("save a snapshot")?;
        tx.commit().await
    }

    /// The newest snapshot of this encoding whose seq is at most `at_most` (any when `None`).
    ///
    /// # Errors
    /// [`StoreError`] when the server fails.
    pub async fn latest_snapshot(&self, codec: u16, at_most: Option<Seq>) -> Result<Option<Snapshot>, StoreError> {
        let mut tx = self.begin_read().await?;
        let at_most = at_most.and_then(|seq| i64::try_from(seq).ok()).unwrap_or(i64::MAX);
        let found: Option<(i64, Vec<u8>)> = sqlx::query_as(
            "SELECT seq, state FROM ledger.snapshot WHERE org_id = $1 AND seq <= $2 AND codec = $3 ORDER BY seq DESC LIMIT 1",
        )
        .bind(self.org().0)
        .bind(at_most)
        .bind(codec_i16(codec)?)
        .fetch_optional(&mut *tx)
        .await
        .doing("load a snapshot")?;
        tx.rollback().await?;
        found.map(|(seq, state)| Ok(Snapshot { seq: from_i64("seq of a snapshot", seq)?, codec, state })).transpose()
    }

    /// Drops the snapshots before `keep_from` (all when `None`); answers how many there were.
    ///
    /// # Errors
    /// [`StoreError`] when the server fails.
    pub async fn drop_snapshots(&self, keep_from: Option<Seq>) -> Result<u64, StoreError> {
        let mut tx = self.begin().await?;
        let keep_from = keep_from.and_then(|seq| i64::try_from(seq).ok()).unwrap_or(i64::MAX);
        let dropped = sqlx::query("DELETE FROM ledger.snapshot WHERE org_id = $1 AND seq < $2")
            .bind(self.org().0)
            .bind(keep_from)
            .execute(&mut *tx)
            .await
            .doing("drop snapshots")?
            .rows_affected();
        tx.commit().await?;
        Ok(dropped)
    }
}

fn codec_i16(codec: u16) -> Result<i16, StoreError> {
    i16::try_from(codec).map_err(|_| StoreError::OutOfRange {
        what: "codec of a snapshot",
        found: codec.to_string(),
        expected: "at most 32767",
    })
}
