//! Roles that an organization made: a built-in role with more or less.

use chrono::{DateTime, Utc};

use super::{Added, Page, added};
use crate::error::{Doing, StoreError};
use crate::tenant::OrgTx;

/// A role that an organization made.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct CustomRole {
    /// Its code: a-z, 0-9 and inner hyphens, at most 63.
    pub code: String,
    /// What people call it.
    pub name: String,
    /// The built-in role that it is made from; never `owner`.
    pub base: String,
    /// Permissions beyond that one's, `resource:action`.
    pub extra: Vec<String>,
    /// Permissions of that one that are taken away.
    pub denied: Vec<String>,
    /// When it was last changed.
    pub updated_at: DateTime<Utc>,
    /// By whom.
    pub updated_by: String,
}

const COLUMNS: &str = "code, name, base, extra, denied, updated_at, updated_by";

impl OrgTx {
    /// Enters a role.
    ///
    /// # Errors
    /// [`StoreError`] when the server fails, or a policy refuses it (SQLSTATE 42501).
    pub async fn add_custom_role(&mut self, role: &CustomRole) -> Result<Added, StoreError> {
        let outcome = sqlx::query(
            "INSERT INTO control.custom_role AS r (org_id, code, name, base, extra, denied, updated_at, updated_by)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT DO NOTHING",
        )
        .bind(self.org().0)
        .bind(&role.code)
        .bind(&role.name)
        .bind(&role.base)
        .bind(&role.extra)
        .bind(&role.denied)
        .bind(role.updated_at)
        .bind(&role.updated_by)
        .execute(&mut **self)
        .await;
        added(outcome, "enter a role")
    }

    /// Changes a role, and with it what all who have it may do; what it is made from stays. Answers whether there is such a role.
    ///
    /// # Errors
    /// [`StoreError`] when the server fails, or a policy refuses it.
    pub async fn change_custom_role(&mut self, role: &CustomRole) -> Result<bool, StoreError> {
        let done = sqlx::query(
            "UPDATE control.custom_role SET name = $3, extra = $4, denied = $5, updated_at = $6, updated_by = $7
              WHERE org_id = $1 AND code = $2",
        )
        .bind(self.org().0)
        .bind(&role.code)
        .bind(&role.name)
        .bind(&role.extra)
        .bind(&role.denied)
        .bind(role.updated_at)
        .bind(&role.updated_by)
        .execute(&mut **self)
        .await
        .doing("change a role")?;
        Ok(done.rows_affected() > 0)
    }

    /// One role.
    ///
    /// # Errors
    /// [`StoreError`] when the server fails.
    pub async fn custom_role(&mut self, code: &str) -> Result<Option<CustomRole>, StoreError> {
        sqlx::query_as(sqlx::AssertSqlSafe(format!("SELECT {COLUMNS} FROM control.custom_role WHERE org_id = $1 AND code = $2")))
            .bind(self.org().0)
            .bind(code)
            .fetch_optional(&mut **self)
            .await
            .doing("read a role")
    }

    /// Roles by code.
    ///
    /// # Errors
    /// [`StoreError`] when the server fails.
    pub async fn custom_roles(&mut self, page: Page<&str>) -> Result<Vec<CustomRole>, StoreError> {
        let statement = format!(
            "SELECT {COLUMNS} FROM control.custom_role WHERE org_id = $1 AND ($2::text IS NULL OR code > $2) ORDER BY code LIMIT $3"
        );
        sqlx::query_as(sqlx::AssertSqlSafe(statement))
            .bind(self.org().0)
            .bind(page.after)
            .bind(page.limit)
            .fetch_all(&mut **self)
            .await
            .doing("list roles")
    }

    /// Takes a role out. Answers whether there was one. [`Self::custom_role_users`] says who would be left without.
    ///
    /// # Errors
    /// [`StoreError`] when the server fails.
    pub async fn remove_custom_role(&mut self, code: &str) -> Result<bool, StoreError> {
        let done = sqlx::query("DELETE FROM control.custom_role WHERE org_id = $1 AND code = $2")
            .bind(self.org().0)
            .bind(code)
            .execute(&mut **self)
            .await
            .doing("remove a role")?;
        Ok(done.rows_affected() > 0)
    }

    /// How many members, keys in force and open invitations have the role.
    ///
    /// # Errors
    /// [`StoreError`] when the server fails.
    pub async fn custom_role_users(&mut self, code: &str) -> Result<i64, StoreError> {
        sqlx::query_scalar(
            "SELECT (SELECT count(*) FROM control.member WHERE org_id = $1 AND custom_role = $2)
                  + (SELECT count(*) FROM control.api_key WHERE org_id = $1 AND custom_role = $2 AND revoked_at IS NULL)
                  + (SELECT count(*) FROM control.invitation
                      WHERE org_id = $1 AND custom_role = $2 AND accepted_at IS NULL AND revoked_at IS NULL AND expires_at > now())",
        )
        .bind(self.org().0)
        .bind(code)
        .fetch_one(&mut **self)
        .await
        .doing("count who has a role")
    }
}
