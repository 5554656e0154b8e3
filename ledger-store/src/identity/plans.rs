//! Plans and usage: which plan an organization has, what was agreed apart from it, and how much is used.

use chrono::{DateTime, NaiveDate, Utc};

use crate::error::{Doing, StoreError};
use crate::tenant::{OrgStore, OrgTx};

/// What was agreed with an organization; what is `None` is as the plan has it.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct PlanRow {
    /// `starter`, `professional`, `enterprise` or `custom`.
    pub plan: String,
    /// Members at most, agents aside.
    pub members: Option<i32>,
    /// Agents at most: members and keys with that role.
    pub agents: Option<i32>,
    /// Workspaces at most.
    pub workspaces: Option<i32>,
    /// Requests per minute.
    pub requests_per_minute: Option<i32>,
    /// Features beyond those that every plan has.
    pub features: Option<Vec<String>>,
    /// When this was agreed.
    pub updated_at: DateTime<Utc>,
    /// By whom it was entered.
    pub updated_by: String,
}

/// How much is in use now.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, sqlx::FromRow)]
pub struct Usage {
    /// Members that are no agents.
    pub members: i64,
    /// Invitations that may still be accepted.
    pub invitations: i64,
    /// Members and keys in force with the role agent.
    pub agents: i64,
    /// Workspaces that are not closed.
    pub workspaces: i64,
}

impl OrgStore {
    /// What was agreed with the organization, if anything.
    ///
    /// # Errors
    /// [`StoreError`] when the server fails.
    pub async fn plan(&self) -> Result<Option<PlanRow>, StoreError> {
        let mut tx = self.begin_read().await?;
        let found = tx.plan().await?;
        tx.rollback().await?;
        Ok(found)
    }

    /// Adds what was counted to the counters of a month, named by its first day.
    ///
    /// # Errors
    /// [`StoreError`] when the server fails: nothing was added then.
    pub async fn add_usage(&self, month: NaiveDate, counted: &[(&str, i64)]) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        sqlx::query(
            "INSERT INTO control.usage AS u (org_id, month, metric, count)
             SELECT $1, $2, c.metric, c.count FROM unnest($3::text[], $4::bigint[]) AS c (metric, count)
             ON CONFLICT (org_id, month, metric) DO UPDATE SET count = u.count + excluded.count",
        )
        .bind(self.org().0)
        .bind(month)
        .bind(counted.iter().map(|(metric, _)| *metric).collect::<Vec<_>>())
        .bind(counted.iter().map(|(_, count)| *count).collect::<Vec<_>>())
        .execute(&mut *tx)
        .await
        .doing("count usage")?;
        tx.commit().await
    }
}

impl OrgTx {
    /// What was agreed with the organization, if anything.
    ///
    /// # Errors
    /// [`StoreError`] when the server fails.
    pub async fn plan(&mut self) -> Result<Option<PlanRow>, StoreError> {
        sqlx::query_as(
            "SELECT plan, members, agents, workspaces, requests_per_minute, features, updated_at, updated_by
               FROM control.plan WHERE org_id = $1",
        )
        .bind(self.org().0)
        .fetch_optional(&mut **self)
        .await
        .doing("read a plan")
    }

    /// Enters what was agreed, in place of what was before.
    ///
    /// # Errors
    /// [`StoreError`] when the server fails, or a policy refuses it: only the platform and the ledger itself may.
    pub async fn set_plan(&mut self, plan: &PlanRow) -> Result<(), StoreError> {
        sqlx::query(
            "INSERT INTO control.plan AS p
                    (org_id, plan, members, agents, workspaces, requests_per_minute, features, updated_at, updated_by)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
             ON CONFLICT (org_id) DO UPDATE
                SET plan = excluded.plan, members = excluded.members, agents = excluded.agents, workspaces = excluded.workspaces,
                    requests_per_minute = excluded.requests_per_minute, features = excluded.features,
                    updated_at = excluded.updated_at, updated_by = excluded.updated_by",
        )
        .bind(self.org().0)
        .bind(&plan.plan)
        .bind(plan.members)
        .bind(plan.agents)
        .bind(plan.workspaces)
        .bind(plan.requests_per_minute)
        .bind(&plan.features)
        .bind(plan.updated_at)
        .bind(&plan.updated_by)
        .execute(&mut **self)
        .await
        .doing("enter a plan")?;
        Ok(())
    }

    /// How much is in use at `now`. Counts what the caller sees: all of it for who is not limited to a workspace.
    ///
    /// # Errors
    /// [`StoreError`] when the server fails.
    pub async fn usage_now(&mut self, now: DateTime<Utc>) -> Result<Usage, StoreError> {
        sqlx::query_as(
            "SELECT (SELECT count(*) FROM control.member WHERE org_id = $1 AND role <> 'agent') AS members,
                    (SELECT count(*) FROM control.invitation
                      WHERE org_id = $1 AND role <> 'agent' AND accepted_at IS NULL AND revoked_at IS NULL AND expires_at > $2) AS invitations,
                    (SELECT count(*) FROM control.member WHERE org_id = $1 AND role = 'agent')
                  + (SELECT count(*) FROM control.api_key
                      WHERE org_id = $1 AND role = 'agent' AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > $2)) AS agents,
                    (SELECT count(*) FROM control.workspace WHERE org_id = $1 AND archived_at IS NULL) AS workspaces",
        )
        .bind(self.org().0)
        .bind(now)
        .fetch_one(&mut **self)
        .await
        .doing("count what is in use")
    }

    /// What was counted in a month, named by its first day.
    ///
    /// # Errors
    /// [`StoreError`] when the server fails.
    pub async fn usage(&mut self, month: NaiveDate) -> Result<Vec<(String, i64)>, StoreError> {
        sqlx::query_as("SELECT metric, count FROM control.usage WHERE org_id = $1 AND month = $2 ORDER BY metric")
            .bind(self.org().0)
            .bind(month)
            .fetch_all(&mut **self)
            .await
            .doing("read usage")
    }
}
