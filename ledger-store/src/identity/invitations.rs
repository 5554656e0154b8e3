//! Invitations: good once, for a few days. Of the token only the hash is kept, of an address nothing once it has ended.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::{Given, Page};
use crate::error::{Doing, StoreError};
use crate::tenant::OrgTx;

/// An invitation to enter.
#[derive(Clone, Debug)]
pub struct NewInvitation {
    /// Its id, a UUIDv7.
    pub id: Uuid,
    /// Hash of its secret.
    pub secret_hash: [u8; 32],
    /// Whom it is for: then only a token with this address may accept it.
    pub email: Option<String>,
    /// As what.
    pub given: Given,
    /// The sub-units that he will be limited to.
    pub workspaces: Option<Vec<Uuid>>,
    /// When.
    pub at: DateTime<Utc>,
    /// By whom.
    pub by: String,
    /// Until when it is good.
    pub expires_at: DateTime<Utc>,
}

/// An invitation.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct Invitation {
    /// Its id.
    pub invitation_id: Uuid,
    /// Hash of its secret.
    pub secret_hash: Vec<u8>,
    /// Whom it is for, until it has ended.
    pub email: Option<String>,
    /// As what.
    #[sqlx(flatten)]
    pub given: Given,
    /// The sub-units that he will be limited to.
    pub workspace_ids: Option<Vec<Uuid>>,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// By whom.
    pub created_by: String,
    /// Until when it is good.
    pub expires_at: DateTime<Utc>,
    /// When it was accepted.
    pub accepted_at: Option<DateTime<Utc>>,
    /// The member that came of it.
    pub accepted_by: Option<Uuid>,
    /// When it was revoked.
    pub revoked_at: Option<DateTime<Utc>>,
    /// By whom.
    pub revoked_by: Option<String>,
}

const COLUMNS: &str = "invitation_id, secret_hash, email, role, custom_role, extra, denied, workspace_ids, created_at, created_by,
                       expires_at, accepted_at, accepted_by, revoked_at, revoked_by";

impl OrgTx {
    /// Enters an invitation.
    ///
    /// # Errors
    /// [`StoreError`] when the server fails, or a policy refuses it (SQLSTATE 42501).
    pub async fn add_invitation(&mut self, new: &NewInvitation) -> Result<Invitation, StoreError> {
        sqlx::query(
            "INSERT INTO control.invitation AS i
                    (org_id, invitation_id, secret_hash, email, role, custom_role, extra, denied, workspace_ids,
                     created_at, created_by, expires_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
        )
        .bind(self.org().0)
        .bind(new.id)
        .bind(new.secret_hash.as_slice())
        .bind(&new.email)
        .bind(&new.given.role)
        .bind(&new.given.custom_role)
        .bind(&new.given.extra)
        .bind(&new.given.denied)
        .bind(&new.workspaces)
        .bind(new.at)
        .bind(&new.by)
        .bind(new.expires_at)
        .execute(&mut **self)
        .await
        .doing("enter an invitation")?;
        self.invitation(new.id).await?.ok_or(StoreError::UnknownOrg(self.org()))
    }

    /// One invitation.
    ///
    /// # Errors
    /// [`StoreError`] when the server fails.
    pub async fn invitation(&mut self, invitation: Uuid) -> Result<Option<Invitation>, StoreError> {
        let statement = format!("SELECT {COLUMNS} FROM control.invitation WHERE org_id = $1 AND invitation_id = $2");
        sqlx::query_as(sqlx::AssertSqlSafe(statement))
            .bind(self.org().0)
            .bind(invitation)
            .fetch_optional(&mut **self)
            .await
            .doing("read an invitation")
    }

    /// Invitations in the order in which they were made, also those that have ended.
    ///
    /// # Errors
    /// [`StoreError`] when the server fails.
    pub async fn invitations(&mut self, page: Page<Uuid>) -> Result<Vec<Invitation>, StoreError> {
        let statement = format!(
            "SELECT {COLUMNS} FROM control.invitation
              WHERE org_id = $1 AND ($2::uuid IS NULL OR invitation_id > $2) ORDER BY invitation_id LIMIT $3"
        );
        sqlx::query_as(sqlx::AssertSqlSafe(statement))
            .bind(self.org().0)
            .bind(page.after)
            .bind(page.limit)
            .fetch_all(&mut **self)
            .await
            .doing("list invitations")
    }

    /// Marks an invitation as accepted by a member and forgets its address. Answers whether it was still good.
    ///
    /// # Errors
    /// [`StoreError`] when the server fails.
    pub async fn accept_invitation(&mut self, invitation: Uuid, member: Uuid, at: DateTime<Utc>) -> Result<bool, StoreError> {
        let done = sqlx::query(
            "UPDATE control.invitation SET accepted_at = $3, accepted_by = $4, email = NULL
              WHERE org_id = $1 AND invitation_id = $2 AND accepted_at IS NULL AND revoked_at IS NULL AND expires_at > $3",
        )
        .bind(self.org().0)
        .bind(invitation)
        .bind(at)
        .bind(member)
        .execute(&mut **self)
        .await
        .doing("accept an invitation")?;
        Ok(done.rows_affected() > 0)
    }

    /// Ends an invitation and forgets its address. Answers whether there was one to end.
    ///
    /// # Errors
    /// [`StoreError`] when the server fails, or a policy refuses it.
    pub async fn revoke_invitation(&mut self, invitation: Uuid, at: DateTime<Utc>, by: &str) -> Result<bool, StoreError> {
        let done = sqlx::query(
            "UPDATE control.invitation SET revoked_at = $3, revoked_by = $4, email = NULL
              WHERE org_id = $1 AND invitation_id = $2 AND accepted_at IS NULL AND revoked_at IS NULL",
        )
        .bind(self.org().0)
        .bind(invitation)
        .bind(at)
        .bind(by)
        .execute(&mut **self)
        .await
        .doing("revoke an invitation")?;
        Ok(done.rows_affected() > 0)
    }
}
