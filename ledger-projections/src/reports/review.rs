//! What was drafted and what waits for approval, newest first. As far as the read models have come; what is in a draft and
//! who may vote is told by history and the book.

use chrono::{DateTime, Utc};
use ledger_core::Seq;
use ledger_store::OrgStore;
use rust_decimal::Decimal;

use crate::approval::Approval;
use crate::checkpoint::Checkpoint;
use crate::draft::Draft;
use crate::error::{Doing, ProjectionError, to_i64};

/// Which drafts or requests.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ReviewQuery {
    /// With this status only, in the read model's word.
    pub status: Option<&'static str>,
    /// Of this subject only: `entry`, `bill` …
    pub subject: Option<&'static str>,
    /// Those before this one.
    pub before: Option<Seq>,
    /// How many at most.
    pub limit: usize,
}

/// A draft.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct DraftLine {
    /// Its event: its id.
    pub seq: i64,
    /// When it was proposed.
    pub drafted_at: DateTime<Utc>,
    /// What it is.
    pub subject: String,
    /// Its number, month or code where it has one, else `draft-SEQ`.
    pub subject_no: String,
    /// `person`, `ai` or `import`.
    pub source: String,
    /// Code of the agent that proposed it.
    pub agent: Option<String>,
    /// The model that the agent ran on.
    pub model: Option<String>,
    /// Who gave the command.
    pub proposed_by: String,
    /// The person that the agent acted for.
    pub acted_for: Option<String>,
    /// Which kind of business it is said to be.
    pub business: String,
    /// How certain its source is.
    pub confidence: Option<Decimal>,
    /// Why it is proposed.
    pub rationale: String,
    /// The sum of its debits in the functional currency.
    pub amount: Decimal,
    /// Hash of what is proposed.
    pub hash: String,
    /// How often it was corrected.
    pub corrections: i32,
    /// The last request for its approval.
    pub request_seq: Option<i64>,
    /// `waiting`, `posted`, `rejected` or `withdrawn`.
    pub status: String,
    /// When that was decided.
    pub decided_at: Option<DateTime<Utc>>,
    /// Who decided it.
    pub decided_by: Option<String>,
    /// Why.
    pub reason: Option<String>,
    /// What it became.
    pub posted_seq: Option<i64>,
    /// How.
    pub route: Option<String>,
    /// Whether somebody approved it who did not prepare it.
    pub four_eyes: Option<bool>,
}

/// A request for approval.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct ApprovalLine {
    /// Its event: its id.
    pub seq: i64,
    /// The draft.
    pub draft_seq: i64,
    /// What that is.
    pub subject: String,
    /// The policy that asks; none where the ledger itself does.
    pub policy: Option<String>,
    /// Its version.
    pub policy_version: Option<i32>,
    /// Where the draft comes from.
    pub source: String,
    /// The sum of its debits in the functional currency.
    pub amount: Decimal,
    /// Who requested it.
    pub requested_by: String,
    /// When.
    pub requested_at: DateTime<Utc>,
    /// The step that it has come to, from 1.
    pub step_no: i32,
    /// How that step's votes count.
    pub mode: String,
    /// Approvals that it takes.
    pub needed: i32,
    /// Approvals that it has.
    pub given: i32,
    /// Rejections, over all steps.
    pub rejections: i32,
    /// Escalations, over all steps.
    pub escalations: i32,
    /// When it is overdue.
    pub due_at: Option<DateTime<Utc>>,
    /// `pending`, `approved`, `overridden`, `rejected`, `expired` or `invalidated`.
    pub status: String,
    /// When it ended.
    pub ended_at: Option<DateTime<Utc>>,
}

/// Drafts, newest first, and the last event that they contain.
///
/// # Errors
/// [`ProjectionError`] when the server fails.
pub async fn drafts(org: &OrgStore, query: &ReviewQuery) -> Result<(Seq, Vec<DraftLine>), ProjectionError> {
    let mut tx = org.begin_read().await?;
    let applied = Checkpoint::seq_of(&mut tx, Draft::NAME).await?;
    let rows = sqlx::query_as(
        "SELECT d.seq, d.drafted_at, d.subject, d.subject_no, d.source, a.code AS agent, d.model, d.proposed_by, d.acted_for, d.business,
                d.confidence, d.rationale, d.amount, d.hash, d.corrections, d.request_seq, d.status, d.decided_at, d.decided_by, d.reason,
                d.posted_seq, d.route, d.four_eyes
           FROM read.draft AS d LEFT JOIN read.agent AS a ON a.org_id = d.org_id AND a.agent_no = d.agent_no
          WHERE d.org_id = $1 AND ($2::text IS NULL OR d.status = $2) AND ($3::text IS NULL OR d.subject = $3)
            AND ($4::bigint IS NULL OR d.seq < $4)
          ORDER BY d.seq DESC LIMIT $5",
    )
    .bind(tx.org().0)
    .bind(query.status)
    .bind(query.subject)
    .bind(query.before.map(to_i64))
    .bind(i64::try_from(query.limit).unwrap_or(i64::MAX))
    .fetch_all(&mut *tx)
    .await
    .doing("list drafts")?;
    tx.rollback().await?;
    Ok((applied, rows))
}

/// Requests for approval, newest first, and the last event that they contain.
///
/// # Errors
/// [`ProjectionError`] when the server fails.
pub async fn approvals(org: &OrgStore, query: &ReviewQuery) -> Result<(Seq, Vec<ApprovalLine>), ProjectionError> {
    let mut tx = org.begin_read().await?;
    let applied = Checkpoint::seq_of(&mut tx, Approval::NAME).await?;
    let rows = sqlx::query_as(
        "SELECT seq, draft_seq, subject, policy, policy_version, source, amount, requested_by, requested_at, step_no, mode, needed, given,
                rejections, escalations, due_at, status, ended_at
           FROM read.approval
          WHERE org_id = $1 AND ($2::text IS NULL OR status = $2) AND ($3::text IS NULL OR subject = $3)
            AND ($4::bigint IS NULL OR seq < $4)
          ORDER BY seq DESC LIMIT $5",
    )
    .bind(tx.org().0)
    .bind(query.status)
    .bind(query.subject)
    .bind(query.before.map(to_i64))
    .bind(i64::try_from(query.limit).unwrap_or(i64::MAX))
    .fetch_all(&mut *tx)
    .await
    .doing("list requests for approval")?;
    tx.rollback().await?;
    Ok((applied, rows))
}
