//! The organization in the handle: whoever can query organization tables has said whose, once, and cannot forget it.
//!
//! [`OrgStore`] is the only way to those tables. Its transactions are bound to the organization before the first
//! statement runs, and row-level security holds even for a statement that forgets `org_id = $1`.
//! What lies across organizations (the directory) belongs in [`crate::directory`].

use std::fmt;
use std::ops::{Deref, DerefMut};

use sqlx::{PgConnection, Postgres, Transaction};
use uuid::Uuid;

use crate::db::Store;
use crate::error::{Doing, StoreError};

/// The organization whose books these are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OrgId(pub Uuid);

impl fmt::Display for OrgId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl From<Uuid> for OrgId {
    fn from(id: Uuid) -> Self {
        Self(id)
    }
}

/// Who asks, as the database's policies know it (`ledger.auth_user_id()`, `auth_workspace_id()`, `auth_role()`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Caller {
    /// The row of a member or key; only the platform has none.
    pub user: Option<Uuid>,
    /// The sub-unit that he works in; `None` is the organization as a whole.
    pub workspace: Option<Uuid>,
    /// `owner` ... `viewer`, or `platform`: one of the words of `ledger.bind_caller`.
    pub role: &'static str,
}

/// One organization's part of the database. Cheap to clone.
#[derive(Clone, Debug)]
pub struct OrgStore {
    store: Store,
    org: OrgId,
    caller: Option<Caller>,
}

impl OrgStore {
    pub(crate) fn new(store: Store, org: OrgId) -> Self {
        Self { store, org, caller: None }
    }

    /// The same for somebody: transactions of this handle are bound to him, too. Without, they are the ledger's own work.
    #[must_use]
    pub fn for_caller(&self, caller: Caller) -> Self {
        Self { caller: Some(caller), ..self.clone() }
    }

    /// Who asks, if anybody.
    #[must_use]
    pub fn caller(&self) -> Option<Caller> {
        self.caller
    }

    /// Whose handle this is.
    #[must_use]
    pub fn org(&self) -> OrgId {
        self.org
    }

    /// The store that this handle came from.
    #[must_use]
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// Begins a transaction bound to the organization (READ COMMITTED). Dropping it rolls back.
    pub async fn begin(&self) -> Result<OrgTx, StoreError> {
        self.begin_as(BEGIN).await
    }

    /// Begins a transaction that only reads, every statement of it as of the same moment (REPEATABLE READ):
    /// a report's totals and lines agree whatever is posted or rebuilt meanwhile.
    pub async fn begin_read(&self) -> Result<OrgTx, StoreError> {
        self.begin_as(BEGIN_READ).await
    }

    #[tracing::instrument(name = "database.begin", level = "info", skip_all)]
    async fn begin_as(&self, statement: &'static str) -> Result<OrgTx, StoreError> {
        let mut inner = self.store.pool().begin_with(statement).await.doing("begin a transaction")?;
        let bind = match &self.caller {
            None => sqlx::query("SELECT ledger.bind_org($1)").bind(self.org.0),
            Some(caller) => sqlx::query("SELECT ledger.bind_caller($1, $2, $3, $4)")
                .bind(self.org.0)
                .bind(caller.user)
                .bind(caller.workspace)
                .bind(caller.role),
        };
        bind.execute(&mut *inner).await.doing("bind the transaction to its organization")?;
        Ok(OrgTx { inner, org: self.org })
    }
}

const BEGIN: &str = "BEGIN";
const BEGIN_READ: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";

/// A transaction bound to one organization: use it as the connection (`&mut *tx`).
#[derive(Debug)]
pub struct OrgTx {
    inner: Transaction<'static, Postgres>,
    org: OrgId,
}

impl OrgTx {
    /// Whose transaction this is: the `$1` of every `org_id = $1`.
    #[must_use]
    pub fn org(&self) -> OrgId {
        self.org
    }

    /// Makes the work durable. After an error the outcome is unknown: look before doing it again.
    pub async fn commit(self) -> Result<(), StoreError> {
        self.inner.commit().await.doing("commit a transaction")
    }

    /// Undoes the work.
    pub async fn rollback(self) -> Result<(), StoreError> {
        self.inner.rollback().await.doing("roll a transaction back")
    }
}

impl Deref for OrgTx {
    type Target = PgConnection;

    fn deref(&self) -> &PgConnection {
        &self.inner
    }
}

impl DerefMut for OrgTx {
    fn deref_mut(&mut self) -> &mut PgConnection {
        &mut self.inner
    }
}
