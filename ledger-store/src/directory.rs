//! The directory: what lies across organizations. Only the database's own directory functions look there, and what they
//! answer is all that the runtime can learn about organizations it is not bound to.

use ledger_core::{Seq, Timestamp};
use sqlx::postgres::PgRow;
use uuid::Uuid;

use crate::commits::{from_datetime, from_i64, get, to_datetime};
use crate::db::Store;
use crate::error::{Doing, StoreError};
use crate::tenant::OrgId;

/// An organization as the directory knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Organization {
    /// Its id, made by the application.
    pub org: OrgId,
    /// Its short name on the command line and in URLs: a-z, 0-9 and inner hyphens, at most 63.
    pub slug: String,
    /// Its name; 1 to 1,000 bytes.
    pub name: String,
    /// Code of the currency in which its books are kept.
    pub functional_currency: String,
    /// `required` or `by-commodity`.
    pub valuation: String,
    /// When it was created.
    pub created_at: Timestamp,
}

/// How entering an organization ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Creation {
    /// It is there, with an empty stream.
    Created,
    /// The slug or the id is in use; nothing was changed.
    Taken,
}

/// How far a projection is behind, over all organizations.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProjectionLag {
    /// Which.
    pub projection: String,
    /// Organizations in which it has events to apply.
    pub behind: u64,
    /// Events that the furthest behind has to apply.
    pub events: u64,
    /// Seconds since the oldest last event that it has not applied.
    pub seconds: u64,
    /// Organizations in which it stopped at an event.
    pub stopped: u64,
}

/// A request for approval that is overdue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DueApproval {
    /// In which organization.
    pub org: OrgId,
    /// The request.
    pub request: Seq,
    /// Which of its steps, from 1.
    pub step: i32,
    /// Since when.
    pub due: Timestamp,
}

/// An organization in which a projection has something to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lagging {
    /// Which.
    pub org: OrgId,
    /// Where its stream ends.
    pub head: Seq,
    /// How far the projection has come.
    pub applied: Seq,
}

impl Store {
    /// Enters an organization with an empty stream that begins at `genesis_hash`. One transaction.
    ///
    /// # Errors
    /// [`StoreError::Database`] with SQLSTATE 23514 when a field breaks a rule of [`Organization`].
    pub async fn create_organization(&self, new: &Organization, genesis_hash: [u8; 32]) -> Result<Creation, StoreError> {
        let answer: String = sqlx::query_scalar("SELECT control.create_organization($1, $2, $3, $4, $5, $6, $7)")
            .bind(new.org.0)
            .bind(&new.slug)
            .bind(&new.name)
            .bind(&new.functional_currency)
            .bind(&new.valuation)
            .bind(to_datetime(new.created_at)?)
            .bind(genesis_hash.as_slice())
            .fetch_one(self.pool())
            .await
            .doing("create an organization")?;
        Ok(if answer == "created" { Creation::Created } else { Creation::Taken })
    }

    /// Every organization, by slug.
    ///
    /// # Errors
    /// [`StoreError`] when the server fails.
    pub async fn organizations(&self) -> Result<Vec<Organization>, StoreError> {
        let rows = sqlx::query("SELECT * FROM control.org_list()").fetch_all(self.pool()).await;
        rows.doing("list the organizations")?.iter().map(read_organization).collect()
    }

    /// The organization with this slug.
    ///
    /// # Errors
    /// [`StoreError`] when the server fails.
    pub async fn organization(&self, slug: &str) -> Result<Option<Organization>, StoreError> {
        let row = sqlx::query("SELECT * FROM control.org_by_slug($1)").bind(slug).fetch_optional(self.pool()).await;
        row.doing("look up an organization")?.as_ref().map(read_organization).transpose()
    }

    /// The sweep: up to `limit` organizations after `after` (in the order of their ids) where this version of the
    /// projection has events to apply. Left out: those stopped at a poisoned event and those leased to somebody at `now`.
    ///
    /// # Errors
    /// [`StoreError`] when the server fails.
    pub async fn lagging(
        &self,
        projection: &str,
        version: u16,
        now: Timestamp,
        after: Option<OrgId>,
        limit: u16,
    ) -> Result<Vec<Lagging>, StoreError> {
        let rows: Vec<(Uuid, i64, i64)> = sqlx::query_as("SELECT org_id, head_seq, applied_seq FROM control.lagging($1, $2, $3, $4, $5)")
            .bind(projection)
            .bind(i32::from(version))
            .bind(to_datetime(now)?)
            .bind(after.map(|org| org.0))
            .bind(i32::from(limit))
            .fetch_all(self.pool())
            .await
            .doing("look for lagging projections")?;
        rows.into_iter()
            .map(|(org, head, applied)| {
                Ok(Lagging {
                    org: OrgId(org),
                    head: from_i64("seq of the head", head)?,
                    applied: from_i64("seq of a checkpoint", applied)?,
                })
            })
            .collect()
    }
}

impl Store {
    /// How far these projections are behind, over all organizations.
    ///
    /// # Errors
    /// [`StoreError`] when the server fails.
    pub async fn projection_lag(&self, projections: &[&str]) -> Result<Vec<ProjectionLag>, StoreError> {
        let rows: Vec<(String, i64, i64, i64, i64)> =
            sqlx::query_as("SELECT projection, behind, events, seconds, stopped FROM control.projection_lag($1)")
                .bind(projections)
                .fetch_all(self.pool())
                .await
                .doing("measure how far projections are behind")?;
        let count = |value| from_i64("lag of a projection", value);
        rows.into_iter()
            .map(|(projection, behind, events, seconds, stopped)| {
                Ok(ProjectionLag {
                    projection,
                    behind: count(behind)?,
                    events: count(events)?,
                    seconds: count(seconds)?,
                    stopped: count(stopped)?,
                })
            })
            .collect()
    }
}

impl Store {
    /// Requests for approval that were due at a moment or before and wait for votes, the longest overdue first, over all
    /// organizations. As far as the read model has come.
    ///
    /// # Errors
    /// [`StoreError`] when the server fails.
    pub async fn approvals_due(&self, now: Timestamp, limit: u16) -> Result<Vec<DueApproval>, StoreError> {
        let rows: Vec<(Uuid, i64, i32, chrono::DateTime<chrono::Utc>)> =
            sqlx::query_as("SELECT org_id, seq, step_no, due_at FROM control.approvals_due($1, $2)")
                .bind(to_datetime(now)?)
                .bind(i32::from(limit))
                .fetch_all(self.pool())
                .await
                .doing("look for approvals that are overdue")?;
        rows.into_iter()
            .map(|(org, seq, step, due)| {
                Ok(DueApproval { org: OrgId(org), request: from_i64("seq of a request", seq)?, step, due: from_datetime(due) })
            })
            .collect()
    }
}

fn read_organization(row: &PgRow) -> Result<Organization, StoreError> {
    Ok(Organization {
        org: OrgId(get(row, "org_id")?),
        slug: get(row, "slug")?,
        name: get(row, "name")?,
        functional_currency: get(row, "functional_currency")?,
        valuation: get(row, "valuation")?,
        created_at: from_datetime(get(row, "created_at")?),
    })
}
