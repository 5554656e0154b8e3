//! The log of who asked for what: written in batches, read by auditors, changed by nobody.
//!
//! When rows are written, and what goes into them, is the business of whoever answers requests.

use std::borrow::Cow;

use ledger_core::Timestamp;
use sqlx::postgres::PgRow;
use uuid::Uuid;

use crate::commits::{from_datetime, get, to_datetime};
use crate::error::{Doing, StoreError};
use crate::tenant::OrgStore;

/// One access to an organization's data, or one change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditRow {
    /// The request's own id, a UUIDv7.
    pub id: Uuid,
    /// When it was answered.
    pub occurred_at: Timestamp,
    /// user, api_key, agent or system.
    pub actor_kind: Cow<'static, str>,
    /// Who, as an opaque id.
    pub actor: String,
    /// On whose behalf an agent asked.
    pub acting_for: Option<String>,
    /// What it was about.
    pub resource: String,
    /// create, read, update, delete or approve.
    pub action: String,
    /// The method.
    pub method: String,
    /// The route, its parameters in braces.
    pub route: String,
    /// Which records.
    pub records: String,
    /// Whether personal data was touched.
    pub personal: bool,
    /// Where the request came from.
    pub remote: String,
    /// What the caller calls the conversation.
    pub correlation: Option<String>,
    /// The status it was answered with.
    pub status: u16,
    /// The code of a refusal.
    pub code: Option<Cow<'static, str>>,
    /// How long it took, in microseconds.
    pub micros: u64,
}

/// Which rows are asked for; newest first.
#[derive(Clone, Debug, Default)]
pub struct AuditQuery {
    /// Rows before this one.
    pub before: Option<Uuid>,
    /// By whom.
    pub actor: Option<String>,
    /// About what.
    pub resource: Option<String>,
    /// Only those that touched personal data, or only those that did not.
    pub personal: Option<bool>,
    /// Not earlier than this.
    pub from: Option<Timestamp>,
    /// Not later than this.
    pub to: Option<Timestamp>,
    /// How many at most.
    pub limit: i64,
}

impl OrgStore {
    /// Adds rows, all or none. Does not wait for the disk: what a crash of the server takes is the last moment's rows, as a
    /// crash of the program takes those it had not written yet; changes themselves are in the stream, with who made them.
    ///
    /// # Errors
    /// [`StoreError`] when the server fails.
    pub async fn append_audit(&self, rows: &[AuditRow]) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        sqlx::query("SET LOCAL synchronous_commit = off").execute(&mut *tx).await.doing("write the audit log")?;
        let times = rows.iter().map(|row| to_datetime(row.occurred_at)).collect::<Result<Vec<_>, _>>()?;
        let texts = |of: fn(&AuditRow) -> &str| rows.iter().map(of).collect::<Vec<&str>>();
        let maybe = |of: fn(&AuditRow) -> Option<&str>| rows.iter().map(of).collect::<Vec<Option<&str>>>();
        sqlx::query(include_str!("audit_append.sql"))
            .bind(self.org().0)
            .bind(rows.iter().map(|row| row.id).collect::<Vec<_>>())
            .bind(times)
            .bind(texts(|row| &row.actor_kind))
            .bind(texts(|row| &row.actor))
            .bind(maybe(|row| row.acting_for.as_deref()))
            .bind(texts(|row| &row.resource))
            .bind(texts(|row| &row.action))
            .bind(texts(|row| &row.method))
            .bind(texts(|row| &row.route))
            .bind(texts(|row| &row.records))
            .bind(rows.iter().map(|row| row.personal).collect::<Vec<_>>())
            .bind(texts(|row| &row.remote))
            .bind(maybe(|row| row.correlation.as_deref()))
            .bind(rows.iter().map(|row| i16::try_from(row.status).unwrap_or(i16::MAX)).collect::<Vec<_>>())
            .bind(maybe(|row| row.code.as_deref()))
            .bind(rows.iter().map(|row| i64::try_from(row.micros).unwrap_or(i64::MAX)).collect::<Vec<_>>())
            .execute(&mut *tx)
            .await
            .doing("write the audit log")?;
        tx.commit().await
    }

    /// Rows of the log, newest first.
    ///
    /// # Errors
    /// [`StoreError`] when the server fails.
    pub async fn audit_log(&self, query: &AuditQuery) -> Result<Vec<AuditRow>, StoreError> {
        let mut tx = self.begin_read().await?;
        let rows = sqlx::query(include_str!("audit_read.sql"))
            .bind(self.org().0)
            .bind(query.before)
            .bind(query.actor.as_deref())
            .bind(query.resource.as_deref())
            .bind(query.personal)
            .bind(query.from.map(to_datetime).transpose()?)
            .bind(query.to.map(to_datetime).transpose()?)
            .bind(query.limit)
            .fetch_all(&mut *tx)
            .await
            .doing("read the audit log")?;
        tx.rollback().await?;
        rows.iter().map(read_row).collect()
    }
}

fn read_row(row: &PgRow) -> Result<AuditRow, StoreError> {
    Ok(AuditRow {
        id: get(row, "id")?,
        occurred_at: from_datetime(get(row, "occurred_at")?),
        actor_kind: get::<String>(row, "actor_kind")?.into(),
        actor: get(row, "actor")?,
        acting_for: get(row, "acting_for")?,
        resource: get(row, "resource")?,
        action: get(row, "action")?,
        method: get(row, "method")?,
        route: get(row, "route")?,
        records: get(row, "records")?,
        personal: get(row, "personal")?,
        remote: get(row, "remote")?,
        correlation: get(row, "correlation")?,
        status: u16::try_from(get::<i16>(row, "status")?).unwrap_or_default(),
        code: get::<Option<String>>(row, "code")?.map(Cow::Owned),
        micros: u64::try_from(get::<i64>(row, "micros")?).unwrap_or_default(),
    })
}
