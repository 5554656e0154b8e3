//! Workspaces: sub-units of an organization, to which members and keys may be limited.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::{Added, Page, added};
use crate::error::{Doing, StoreError};
use crate::tenant::OrgTx;

/// A sub-unit.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct Workspace {
    /// Its id, a UUIDv7.
    pub workspace_id: Uuid,
    /// Its code: a-z, 0-9 and inner hyphens, at most 63.
    pub code: String,
    /// What people call it.
    pub name: String,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// By whom.
    pub created_by: String,
    /// Since when it is closed.
    pub archived_at: Option<DateTime<Utc>>,
}

const COLUMNS: &str = "workspace_id, code, name, created_at, created_by, archived_at";

impl OrgTx {
    /// Enters a workspace.
    ///
    /// # Errors
    /// [`StoreError`] when the server fails, or a policy refuses it (SQLSTATE 42501).
    pub async fn add_workspace(&mut self, new: &Workspace) -> Result<Added, StoreError> {
        let outcome = sqlx::query(
            "INSERT INTO control.workspace AS w (org_id, workspace_id, code, name, created_at, created_by)
             VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING",
        )
        .bind(self.org().0)
        .bind(new.workspace_id)
        .bind(&new.code)
        .bind(&new.name)
        .bind(new.created_at)
        .bind(&new.created_by)
        .execute(&mut **self)
        .await;
        added(outcome, "enter a workspace")
    }

    /// Renames a workspace, closes it, or opens it again. Answers whether there is such a workspace.
    ///
    /// # Errors
    /// [`StoreError`] when the server fails, or a policy refuses it.
    pub async fn change_workspace(&mut self, code: &str, name: &str, archived_at: Option<DateTime<Utc>>) -> Result<bool, StoreError> {
        let done = sqlx::query("UPDATE control.workspace SET name = $3, archived_at = $4 WHERE org_id = $1 AND code = $2")
            .bind(self.org().0)
            .bind(code)
            .bind(name)
            .bind(archived_at)
            .execute(&mut **self)
            .await
            .doing("change a workspace")?;
        Ok(done.rows_affected() > 0)
    }

    /// One workspace.
    ///
    /// # Errors
    /// [`StoreError`] when the server fails.
    pub async fn workspace(&mut self, code: &str) -> Result<Option<Workspace>, StoreError> {
        sqlx::query_as(sqlx::AssertSqlSafe(format!("SELECT {COLUMNS} FROM control.workspace WHERE org_id = $1 AND code = $2")))
            .bind(self.org().0)
            .bind(code)
            .fetch_optional(&mut **self)
            .await
            .doing("read a workspace")
    }

    /// Workspaces by code, also closed ones.
    ///
    /// # Errors
    /// [`StoreError`] when the server fails.
    pub async fn workspaces(&mut self, page: Page<&str>) -> Result<Vec<Workspace>, StoreError> {
        let statement =
            format!("SELECT {COLUMNS} FROM control.workspace WHERE org_id = $1 AND ($2::text IS NULL OR code > $2) ORDER BY code LIMIT $3");
        sqlx::query_as(sqlx::AssertSqlSafe(statement))
            .bind(self.org().0)
            .bind(page.after)
            .bind(page.limit)
            .fetch_all(&mut **self)
            .await
            .doing("list workspaces")
    }

    /// Codes of workspaces by id, as far as the caller sees them.
    ///
    /// # Errors
    /// [`StoreError`] when the server fails.
    pub async fn workspace_codes(&mut self, ids: &[Uuid]) -> Result<Vec<(Uuid, String)>, StoreError> {
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        sqlx::query_as("SELECT workspace_id, code FROM control.workspace WHERE org_id = $1 AND workspace_id = ANY ($2)")
            .bind(self.org().0)
            .bind(ids)
            .fetch_all(&mut **self)
            .await
            .doing("look up workspaces")
    }
}
