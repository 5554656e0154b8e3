//! Rows of who may come in and as what: API keys, members, invitations, custom roles, workspaces, plans.
//!
//! Kept and looked up here, as words; what a role or plan means is decided in `ledger-api`. Methods of [`OrgTx`] run in
//! the caller's transaction, so that the policies of the database see who asks; those of `OrgStore` are the look-ups
//! of a request before anybody is known.
//!
//! Whoever changes who may what takes [`OrgTx::lock_access`] first: such changes of an organization happen one after
//! another, and what one counts (owners, seats) is still so when it commits.

pub mod invitations;
pub mod keys;
pub mod members;
pub mod plans;
pub mod roles;
pub mod workspaces;

pub use invitations::{Invitation, NewInvitation};
pub use keys::{ApiKey, KeyCredentials, NewApiKey};
pub use members::{Member, Membership, NewMember};
pub use plans::{PlanRow, Usage};
pub use roles::CustomRole;
pub use workspaces::Workspace;

use sqlx::error::ErrorKind;

use crate::error::{Doing, StoreError};
use crate::tenant::OrgTx;

/// A role with what is added to it and taken from it, as words.
#[derive(Clone, Debug, Default, PartialEq, Eq, sqlx::FromRow)]
pub struct Given {
    /// The built-in role; under a custom one the role that it is made from.
    pub role: String,
    /// Code of the custom role, if any.
    pub custom_role: Option<String>,
    /// Permissions beyond the role, `resource:action`.
    pub extra: Vec<String>,
    /// Permissions of the role that are taken away.
    pub denied: Vec<String>,
}

/// Where a list goes on, and how long it may be.
#[derive(Clone, Copy, Debug)]
pub struct Page<K> {
    /// After this one; from the beginning when `None`.
    pub after: Option<K>,
    /// At most.
    pub limit: i64,
}

/// How adding something ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Added {
    /// It is there now.
    Yes,
    /// One with this name was there; nothing was changed.
    Taken,
}

impl OrgTx {
    /// Waits until nobody else is changing who may what in this organization, keeps others waiting until the transaction
    /// ends, and answers how many such changes there have been.
    ///
    /// # Errors
    /// [`StoreError`] when the server fails.
    pub async fn lock_access(&mut self) -> Result<i64, StoreError> {
        sqlx::query_scalar(
            "INSERT INTO control.access_version AS v (org_id, version) VALUES ($1, 1)
             ON CONFLICT (org_id) DO UPDATE SET version = v.version + 1 RETURNING v.version",
        )
        .bind(self.org().0)
        .fetch_one(&mut **self)
        .await
        .doing("take turns in changing who may what")
    }
}

impl OrgTx {
    /// The organization's short name.
    ///
    /// # Errors
    /// [`StoreError::UnknownOrg`] when it is not here.
    pub async fn slug(&mut self) -> Result<String, StoreError> {
        let found = sqlx::query_scalar("SELECT slug FROM control.organization WHERE org_id = $1")
            .bind(self.org().0)
            .fetch_optional(&mut **self)
            .await
            .doing("look up an organization")?;
        found.ok_or(StoreError::UnknownOrg(self.org()))
    }
}

/// Tells a name that is taken from other failures. The transaction is over in either case.
fn added(outcome: Result<sqlx::postgres::PgQueryResult, sqlx::Error>, doing: &'static str) -> Result<Added, StoreError> {
    match outcome {
        Ok(done) if done.rows_affected() == 0 => Ok(Added::Taken),
        Ok(_) => Ok(Added::Yes),
        Err(sqlx::Error::Database(error)) if error.kind() == ErrorKind::UniqueViolation => Ok(Added::Taken),
        Err(error) => Err(StoreError::from_sqlx(doing, error)),
    }
}
