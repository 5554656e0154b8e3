//! From rows to books: the snapshot and the tail, checked against the chain while it is folded.
//!
//! Whoever loads a book this way has also verified that the commits it read continue one another. What is not
//! verified here is history before the snapshot: that is what `verify` and `replay` are for.

use futures::TryStreamExt;
use ledger_core::chain::{self, Broken, CommitHeader, Tip};
use ledger_core::codec::{CodecError, snapshot};
use ledger_core::event::Recorded;
use ledger_core::{BalancedEntry, Book, Seq};

use crate::commits::{Commit, NewCommit};
use crate::error::StoreError;
use crate::snapshots::Snapshot;
use crate::tenant::{OrgId, OrgStore};

/// A book and the end of the stream that it is a fold of.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// The state.
    pub book: Book,
    /// Where it stands.
    pub tip: Tip,
}

/// Why a stream cannot be folded.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A commit does not continue the one before it.
    #[error("the stream of organization {org} is damaged at seq {seq}: {broken}; run `ledgerd verify` and restore from a backup")]
    Broken {
        /// Whose stream.
        org: OrgId,
        /// Where the commit that does not fit begins.
        seq: Seq,
        /// What does not fit.
        broken: Broken,
    },
    /// An event cannot be decoded.
    #[error("the stream of organization {org} cannot be read: {source}")]
    Codec {
        /// Whose stream.
        org: OrgId,
        /// What cannot be read, and where.
        source: CodecError,
    },
}

impl Loaded {
    /// The books of nobody yet.
    #[must_use]
    pub fn genesis(org: OrgId) -> Self {
        Self { book: Book::default(), tip: Tip::genesis(org.0) }
    }

    /// Checks that a commit is the next one and folds its events.
    ///
    /// # Errors
    /// [`LoadError::Broken`], [`LoadError::Codec`].
    pub fn fold(&mut self, commit: Commit) -> Result<(), LoadError> {
        let org = OrgId(self.tip.org);
        let commit = to_chain(org, commit);
        let seq = commit.header.first_seq;
        self.tip.advance(&commit).map_err(|broken| LoadError::Broken { org, seq, broken })?;
        for recorded in commit.events() {
            self.book.evolve(&recorded.map_err(|source| LoadError::Codec { org, source })?.event);
        }
        Ok(())
    }

    /// Folds what was appended since.
    ///
    /// # Errors
    /// [`LoadError`]; the book may then have advanced part of the way, always at a whole commit.
    pub async fn catch_up(&mut self, org: &OrgStore) -> Result<(), LoadError> {
        let mut commits = Box::pin(org.commits(self.tip.seq + 1, None));
        while let Some(commit) = commits.try_next().await? {
            self.fold(commit)?;
        }
        Ok(())
    }
}

/// The book of an organization as of now: the latest snapshot that can be read, and every commit after it.
///
/// # Errors
/// [`LoadError`].
#[tracing::instrument(name = "ledger.load_book", level = "info", skip_all)]
pub async fn load_book(org: &OrgStore) -> Result<Loaded, LoadError> {
    let mut loaded = match org.latest_snapshot(snapshot::VERSION, None).await? {
        Some(kept) => restore(org.org(), &kept).unwrap_or_else(|| Loaded::genesis(org.org())),
        None => Loaded::genesis(org.org()),
    };
    loaded.catch_up(org).await?;
    Ok(loaded)
}

/// A snapshot that cannot be read is only a lost shortcut.
fn restore(org: OrgId, kept: &Snapshot) -> Option<Loaded> {
    match snapshot::decode(&kept.state) {
        Ok((book, tip)) if tip.org == org.0 && tip.seq == kept.seq => Some(Loaded { book, tip }),
        Ok(_) => {
            tracing::warn!(%org, seq = kept.seq, "ignoring a snapshot that belongs elsewhere");
            None
        }
        Err(error) => {
            tracing::warn!(%org, seq = kept.seq, %error, "ignoring an unreadable snapshot");
            None
        }
    }
}

/// Keeps a snapshot of a book.
///
/// # Errors
/// [`LoadError`].
pub async fn save_book(org: &OrgStore, book: &Book, tip: &Tip) -> Result<(), LoadError> {
    let state = snapshot::encode(book, tip).map_err(|source| LoadError::Codec { org: org.org(), source })?;
    org.save_snapshot(&Snapshot { seq: tip.seq, codec: snapshot::VERSION, state }).await?;
    Ok(())
}

/// The event at a position, decoded.
///
/// # Errors
/// [`StoreError::NoSuchEvent`] when the stream does not reach that far, [`LoadError::Codec`].
pub async fn event_at(org: &OrgStore, seq: Seq) -> Result<Recorded, LoadError> {
    let commit = to_chain(org.org(), org.commit_at(seq).await?);
    let missing = StoreError::NoSuchEvent { org: org.org(), seq };
    let index = usize::try_from(seq - commit.header.first_seq).unwrap_or(usize::MAX);
    let recorded = commit.events().nth(index).ok_or(missing)?;
    recorded.map_err(|source| LoadError::Codec { org: org.org(), source })
}

/// The journal entry at a position; `None` where there is no event, or one that moves no money.
///
/// # Errors
/// [`LoadError`].
pub async fn entry_at(org: &OrgStore, seq: Seq) -> Result<Option<BalancedEntry>, LoadError> {
    match event_at(org, seq).await {
        Ok(recorded) => Ok(recorded.event.entry().cloned()),
        Err(LoadError::Store(StoreError::NoSuchEvent { .. })) => Ok(None),
        Err(error) => Err(error),
    }
}

/// A stored row as a link of the chain.
#[must_use]
pub fn to_chain(org: OrgId, commit: Commit) -> chain::Commit {
    let header = CommitHeader {
        org: org.0,
        first_seq: commit.first_seq,
        event_count: commit.event_count,
        recorded_at: commit.recorded_at,
        codec: commit.codec,
        base_id: commit.base_id,
        prev_hash: commit.prev_hash,
        tree_root: commit.tree_root,
    };
    chain::Commit { header, hash: commit.hash, payload: commit.payload }
}

/// A link of the chain as a row to store.
#[must_use]
pub fn from_chain(commit: chain::Commit) -> NewCommit {
    Commit {
        first_seq: commit.header.first_seq,
        event_count: commit.header.event_count,
        recorded_at: commit.header.recorded_at,
        codec: commit.header.codec,
        base_id: commit.header.base_id,
        prev_hash: commit.header.prev_hash,
        tree_root: commit.header.tree_root,
        hash: commit.hash,
        payload: commit.payload,
    }
}
