//! What can go wrong between the store and Postgres, in words that say what to do about it.
//!
//! Decisions are taken by SQLSTATE alone, never by a message or a constraint's name: those change with the server's
//! version, its language and its extensions. Rejections of the books belong in `ledger-core`, not here.

use ledger_core::Seq;

use crate::tenant::OrgId;

/// A failure of the store. None of them says that an append happened or not: see [`crate::AppendError`] for that.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// No connection could be had: the server is down, unreachable, or every pooled connection is busy.
    #[error("the database cannot be reached while trying to {doing}: {source}")]
    Unavailable {
        /// What the store was about to do, as an infinitive.
        doing: &'static str,
        /// What the driver said.
        source: sqlx::Error,
    },
    /// The server refused or failed a statement.
    #[error("the database failed to {doing}: {source}")]
    Database {
        /// What the store was about to do, as an infinitive.
        doing: &'static str,
        /// What the driver said.
        source: sqlx::Error,
    },
    /// A stored or given value does not fit its type: damage, or a caller's mistake.
    #[error("{what} is {found}, expected {expected}")]
    OutOfRange {
        /// Which value.
        what: &'static str,
        /// What was there.
        found: String,
        /// What would have been right.
        expected: &'static str,
    },
    /// The organization has no stream here.
    #[error("organization {0} is not in this database: create it first, or route to the database that holds it")]
    UnknownOrg(OrgId),
    /// A reader asked for history that is not there.
    #[error("no commit of organization {org} holds event {seq}")]
    NoSuchEvent {
        /// Whose stream.
        org: OrgId,
        /// The event that was asked for.
        seq: Seq,
    },
    /// A background reader ended without saying why (the runtime is shutting down).
    #[error("reading the history of organization {0} was interrupted: the runtime is shutting down")]
    Interrupted(OrgId),
    /// The role could see or change more than one organization's books.
    #[error(
        "refusing to run as database role {role:?}: {}. Use a login role that is a member of ledger_app and of nothing else (NOSUPERUSER NOBYPASSRLS NOCREATEROLE)",
        reasons.join("; ")
    )]
    RoleRefused {
        /// The role of the connection.
        role: String,
        /// Every reason found.
        reasons: Vec<String>,
    },
    /// The database has no ledger in it yet.
    #[error("the database {0:?} has no ledger schema: run `ledgerd migrate` as an administrator first")]
    NotMigrated(String),
    /// The database is older than this program.
    #[error("the database lacks migration(s) {0:?}: run `ledgerd migrate` as an administrator first")]
    SchemaBehind(Vec<i64>),
    /// The database is newer than this program, which would not know what it writes to.
    #[error("the database has migration(s) {0:?} that this program does not know: use a newer ledgerd")]
    SchemaAhead(Vec<i64>),
    /// The server is too old.
    #[error("the server is PostgreSQL {found}, expected {expected} or later")]
    ServerTooOld {
        /// `server_version` as the server names it.
        found: String,
        /// The oldest major version that will do.
        expected: u32,
    },
    /// A migration could not be applied.
    #[error("migrating the database failed: {0}. Nothing of the failed migration was kept; mend the cause and run it again")]
    Migration(#[from] sqlx::migrate::MigrateError),
    /// A login role that is not ours to change.
    #[error("database role {0:?} exists and is not a member of ledger_app: choose another name for the runtime's login")]
    ForeignRole(String),
}

impl StoreError {
    /// Wraps a driver's error, telling "no connection" from "the statement failed".
    pub(crate) fn from_sqlx(doing: &'static str, source: sqlx::Error) -> Self {
        if is_connection_failure(&source) { Self::Unavailable { doing, source } } else { Self::Database { doing, source } }
    }

    /// The five characters that the server classified the failure with.
    #[must_use]
    pub fn sqlstate(&self) -> Option<String> {
        match self {
            Self::Unavailable { source, .. } | Self::Database { source, .. } => sqlstate(source),
            _ => None,
        }
    }

    /// Whether doing the same again, after a moment, may succeed: no connection, a deadlock, a full machine, a restart.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Unavailable { .. } => true,
            Self::Database { source, .. } => match sqlstate(source) {
                Some(state) => matches!(state.get(..2), Some("08" | "40" | "53" | "55" | "57")),
                None => true,
            },
            _ => false,
        }
    }
}

/// Attaches to a driver's error what the store was doing.
pub(crate) trait Doing<T> {
    /// `doing` is an infinitive: "read the head".
    fn doing(self, doing: &'static str) -> Result<T, StoreError>;
}

impl<T> Doing<T> for Result<T, sqlx::Error> {
    fn doing(self, doing: &'static str) -> Result<T, StoreError> {
        self.map_err(|source| StoreError::from_sqlx(doing, source))
    }
}

/// The SQLSTATE of a driver's error, when the server answered at all.
pub(crate) fn sqlstate(error: &sqlx::Error) -> Option<String> {
    error.as_database_error().and_then(|e| e.code()).map(std::borrow::Cow::into_owned)
}

fn is_connection_failure(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Io(_) | sqlx::Error::Tls(_) | sqlx::Error::PoolTimedOut | sqlx::Error::PoolClosed | sqlx::Error::WorkerCrashed => true,
        sqlx::Error::Database(_) => sqlstate(error).is_some_and(|s| s.starts_with("08") || s.starts_with("57P")),
        _ => false,
    }
}
