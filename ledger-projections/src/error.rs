//! What can go wrong between history and a read model, in words that say what to do about it.

use ledger_core::Seq;
use ledger_store::{OrgId, StoreError};

/// A failure of a projection or of a question asked of a read model.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ProjectionError {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The database failed a statement of a read model.
    #[error("the database failed to {doing}: {source}")]
    Database {
        /// What was tried, as an infinitive.
        doing: &'static str,
        /// What the driver said.
        source: sqlx::Error,
    },
    /// An event that cannot be read or turned into rows.
    #[error("event {seq} of organization {org} cannot be projected: {problem}")]
    Poisoned {
        /// Whose event.
        org: OrgId,
        /// Which.
        seq: Seq,
        /// What is wrong with it.
        problem: String,
    },
    /// The projection stopped at an event earlier and has not been resumed.
    #[error(
        "projection {projection} of organization {org} stopped at event {seq}: {error}. Mend the cause, then resume or rebuild the projection"
    )]
    Stopped {
        /// Whose.
        org: OrgId,
        /// Which projection.
        projection: String,
        /// The event that it could not apply.
        seq: Seq,
        /// Why.
        error: String,
    },
    /// Another worker has taken over.
    #[error("another worker is applying projection {projection} of organization {org}: wait for it, or try again")]
    Busy {
        /// Whose.
        org: OrgId,
        /// Which projection.
        projection: String,
    },
    /// The read model was written by a newer program.
    #[error("projection {projection} of organization {org} has version {found}, this program knows {expected}: use the newer program")]
    NewerVersion {
        /// Whose.
        org: OrgId,
        /// Which projection.
        projection: String,
        /// In the database.
        found: i32,
        /// Of this program.
        expected: u16,
    },
    /// There is no such projection.
    #[error("there is no projection {0:?}: expected one of account_balance, open_item, gl_fact")]
    UnknownProjection(String),
    /// A question about a position that history has not reached.
    #[error("history ends at event {head}: there is nothing known at event {asked} yet")]
    BeyondEnd {
        /// What was asked for.
        asked: Seq,
        /// Where the stream ends.
        head: Seq,
    },
    /// There is no account with this code.
    #[error("there is no account {0:?}")]
    UnknownAccount(String),
    /// A stored value is not what this program writes.
    #[error("{what} of a read model is {found:?}: it was not written by this program; rebuild the projection")]
    Damaged {
        /// Which value.
        what: &'static str,
        /// What was there.
        found: String,
    },
}

impl ProjectionError {
    /// Whether doing the same again, after a moment, may succeed.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Store(error) => error.is_transient(),
            Self::Database { source, .. } => match source.as_database_error().and_then(|e| e.code()) {
                Some(state) => matches!(state.get(..2), Some("08" | "40" | "53" | "55" | "57" | "XX")),
                None => !matches!(source, sqlx::Error::Encode(_) | sqlx::Error::ColumnDecode { .. }),
            },
            Self::Busy { .. } => true,
            _ => false,
        }
    }
}

/// Attaches to a driver's error what was being done.
pub(crate) trait Doing<T> {
    /// `doing` is an infinitive: "read the checkpoint".
    fn doing(self, doing: &'static str) -> Result<T, ProjectionError>;
}

impl<T> Doing<T> for Result<T, sqlx::Error> {
    fn doing(self, doing: &'static str) -> Result<T, ProjectionError> {
        self.map_err(|source| ProjectionError::Database { doing, source })
    }
}

/// A position as Postgres keeps it. Streams cannot reach the difference.
pub(crate) fn to_i64(seq: Seq) -> i64 {
    i64::try_from(seq).unwrap_or(i64::MAX)
}

/// A position as it was read.
pub(crate) fn to_seq(what: &'static str, found: i64) -> Result<Seq, ProjectionError> {
    Seq::try_from(found).map_err(|_| ProjectionError::Damaged { what, found: found.to_string() })
}
