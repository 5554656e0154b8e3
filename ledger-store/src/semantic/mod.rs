//! Questions in SQL that somebody else wrote, a language model first of all: run as the organization's own login, on a
//! connection of their own, in a transaction that only reads and is always rolled back.
//!
//! This is the lock that holds whatever the text says: the database itself lets such a login see its organization's rows in
//! the views of the schema `semantic` and nothing else (migration 0040). Which texts are let through at all is decided by
//! the guard in `ledger-projections`, the second lock; what views there are is in migration 0042 and later ones.

mod described;
mod error;
mod login;
mod session;
mod shared;

use std::time::Duration;

pub use described::{ColumnDescribed, ViewDescribed, described};
pub use error::SemanticError;
pub use session::{Column, Rows, Session};
pub use shared::Amiss;
pub(crate) use shared::SharedLogin;

/// A statement that the guard has read, found harmless and written anew. Nothing else may be run by a [`Session`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Canonical(String);

impl Canonical {
    /// Only the guard calls this, with the text that it has rendered itself, and the tests that show what holds without it.
    #[must_use]
    pub const fn trusted_by_guard(text: String) -> Self {
        Self(text)
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// How long a session's statements may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// How long a statement may run.
    pub statement: Duration,
    /// How long it may wait for a lock.
    pub lock: Duration,
    /// How long the transaction may sit idle.
    pub idle: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self { statement: Duration::from_secs(5), lock: Duration::from_millis(500), idle: Duration::from_secs(10) }
    }
}
