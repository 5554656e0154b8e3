//! Members: who, by what an issuer calls him, and as what.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::{Added, Given, Page, added};
use crate::error::{Doing, StoreError};
use crate::tenant::{OrgStore, OrgTx};

/// A member to enter.
#[derive(Clone, Debug)]
pub struct NewMember {
    /// Its id, a UUIDv7.
    pub id: Uuid,
    /// Who vouches for him.
    pub issuer: String,
    /// What that issuer calls him.
    pub subject: String,
    /// As what.
    pub given: Given,
    /// The sub-units that he is limited to.
    pub workspaces: Option<Vec<Uuid>>,
    /// When.
    pub at: DateTime<Utc>,
    /// By whom.
    pub by: String,
}

/// A member.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct Member {
    /// His id.
    pub member_id: Uuid,
    /// Who vouches for him.
    pub issuer: String,
    /// What that issuer calls him.
    pub subject: String,
    /// As what; not resolved: a custom role's additions are not among these.
    #[sqlx(flatten)]
    pub given: Given,
    /// The sub-units that he is limited to.
    pub workspace_ids: Option<Vec<Uuid>>,
    /// Since when.
    pub created_at: DateTime<Utc>,
    /// Who brought him in.
    pub created_by: String,
    /// When this was last changed.
    pub updated_at: DateTime<Utc>,
    /// By whom.
    pub updated_by: String,
}

/// What somebody is, resolved: the role with all that is added and taken, also by a custom role.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct Membership {
    /// His id.
    pub member_id: Uuid,
    /// As what.
    #[sqlx(flatten)]
    pub given: Given,
    /// The sub-units that he is limited to.
    pub workspace_ids: Option<Vec<Uuid>>,
}

const COLUMNS: &str =
    "member_id, issuer, subject, role, custom_role, extra, denied, workspace_ids, created_at, created_by, updated_at, updated_by";

impl OrgStore {
    /// What somebody is in this organization, if anything. One look at an index.
    ///
    /// # Errors
    /// [`StoreError`] when the server fails.
    pub async fn membership(&self, issuer: &str, subject: &str) -> Result<Option<Membership>, StoreError> {
        let mut tx = self.begin_read().await?;
        let found = sqlx::query_as(
            "SELECT m.member_id, coalesce(r.base, m.role) AS role, m.custom_role, coalesce(r.extra, '{}') || m.extra AS extra,
                    coalesce(r.denied, '{}') || m.denied AS denied, m.workspace_ids
               FROM control.member AS m LEFT JOIN control.custom_role AS r ON r.org_id = m.org_id AND r.code = m.custom_role
              WHERE m.org_id = $1 AND m.issuer = $2 AND m.subject = $3",
        )
        .bind(self.org().0)
        .bind(issuer)
        .bind(subject)
        .fetch_optional(&mut *tx)
        .await
        .doing("look up a member")?;
        tx.rollback().await?;
        Ok(found)
    }
}

impl OrgStore {
    /// What everybody is in this organization, in the order in which they came; at most so many.
    ///
    /// # Errors
    /// [`StoreError`] when the server fails.
    pub async fn memberships(&self, limit: u32) -> Result<Vec<Membership>, StoreError> {
        let mut tx = self.begin_read().await?;
        let found = sqlx::query_as(
            "SELECT m.member_id, coalesce(r.base, m.role) AS role, m.custom_role, coalesce(r.extra, '{}') || m.extra AS extra,
                    coalesce(r.denied, '{}') || m.denied AS denied, m.workspace_ids
               FROM control.member AS m LEFT JOIN control.custom_role AS r ON r.org_id = m.org_id AND r.code = m.custom_role
              WHERE m.org_id = $1 ORDER BY m.member_id LIMIT $2",
        )
        .bind(self.org().0)
        .bind(i64::from(limit))
        .fetch_all(&mut *tx)
        .await
        .doing("look up the members")?;
        tx.rollback().await?;
        Ok(found)
    }
}

impl OrgTx {
    /// Enters a member.
    ///
    /// # Errors
    /// [`StoreError`] when the server fails, or a policy refuses it (SQLSTATE 42501).
    pub async fn add_member(&mut self, new: &NewMember) -> Result<Added, StoreError> {
        let outcome = sqlx::query(
            "INSERT INTO control.member AS m
                    (org_id, member_id, issuer, subject, role, custom_role, extra, denied, workspace_ids,
                     created_at, created_by, updated_at, updated_by)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $10, $11)
             ON CONFLICT DO NOTHING",
        )
        .bind(self.org().0)
        .bind(new.id)
        .bind(&new.issuer)
        .bind(&new.subject)
        .bind(&new.given.role)
        .bind(&new.given.custom_role)
        .bind(&new.given.extra)
        .bind(&new.given.denied)
        .bind(&new.workspaces)
        .bind(new.at)
        .bind(&new.by)
        .execute(&mut **self)
        .await;
        added(outcome, "enter a member")
    }

    /// One member.
    ///
    /// # Errors
    /// [`StoreError`] when the server fails.
    pub async fn member(&mut self, member: Uuid) -> Result<Option<Member>, StoreError> {
        sqlx::query_as(sqlx::AssertSqlSafe(format!("SELECT {COLUMNS} FROM control.member WHERE org_id = $1 AND member_id = $2")))
            .bind(self.org().0)
            .bind(member)
            .fetch_optional(&mut **self)
            .await
            .doing("read a member")
    }

    /// Members in the order in which they came.
    ///
    /// # Errors
    /// [`StoreError`] when the server fails.
    pub async fn members(&mut self, page: Page<Uuid>) -> Result<Vec<Member>, StoreError> {
        let statement = format!(
            "SELECT {COLUMNS} FROM control.member WHERE org_id = $1 AND ($2::uuid IS NULL OR member_id > $2) ORDER BY member_id LIMIT $3"
        );
        sqlx::query_as(sqlx::AssertSqlSafe(statement))
            .bind(self.org().0)
            .bind(page.after)
            .bind(page.limit)
            .fetch_all(&mut **self)
            .await
            .doing("list members")
    }

    /// Changes what a member is. Answers whether there is such a member that the caller may change.
    ///
    /// # Errors
    /// [`StoreError`] when the server fails, or a policy refuses what he would become.
    pub async fn change_member(
        &mut self,
        member: Uuid,
        given: &Given,
        workspaces: Option<&[Uuid]>,
        at: DateTime<Utc>,
        by: &str,
    ) -> Result<bool, StoreError> {
        let done = sqlx::query(
            "UPDATE control.member SET role = $3, custom_role = $4, extra = $5, denied = $6, workspace_ids = $7, updated_at = $8, updated_by = $9
              WHERE org_id = $1 AND member_id = $2",
        )
        .bind(self.org().0)
        .bind(member)
        .bind(&given.role)
        .bind(&given.custom_role)
        .bind(&given.extra)
        .bind(&given.denied)
        .bind(workspaces)
        .bind(at)
        .bind(by)
        .execute(&mut **self)
        .await
        .doing("change a member")?;
        Ok(done.rows_affected() > 0)
    }

    /// Takes a member out. Answers whether there was one that the caller may take out.
    ///
    /// # Errors
    /// [`StoreError`] when the server fails.
    pub async fn remove_member(&mut self, member: Uuid) -> Result<bool, StoreError> {
        let done = sqlx::query("DELETE FROM control.member WHERE org_id = $1 AND member_id = $2")
            .bind(self.org().0)
            .bind(member)
            .execute(&mut **self)
            .await
            .doing("remove a member")?;
        Ok(done.rows_affected() > 0)
    }

    /// How many members have this role. Counts what the caller sees: all of them for managers of the whole organization.
    ///
    /// # Errors
    /// [`StoreError`] when the server fails.
    pub async fn count_members(&mut self, role: &str) -> Result<i64, StoreError> {
        sqlx::query_scalar("SELECT count(*) FROM control.member WHERE org_id = $1 AND role = $2")
            .bind(self.org().0)
            .bind(role)
            .fetch_one(&mut **self)
            .await
            .doing("count members")
    }
}
