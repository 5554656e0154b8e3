//! Writing and comparing requests for approval.

use std::collections::BTreeMap;

use ledger_store::OrgTx;

use super::fold::Requests;
use super::rows::Row;
use crate::compare::{Differences, column};
use crate::error::{Doing, ProjectionError};

/// Rows that one statement writes.
const STATEMENT_ROWS: usize = 4_096;
/// Rows that one statement reads.
const PAGE: i64 = 8_192;

/// Writes the batch in the transaction.
pub(super) async fn write(tx: &mut OrgTx, batch: Requests) -> Result<(), ProjectionError> {
    let earlier = batch.steps.earlier();
    let before = if earlier.is_empty() { Vec::new() } else { load(tx, &earlier).await? };
    let rows = batch.steps.apply(before.into_iter().map(|row| (row.seq, row)).collect())?;
    let rows: Vec<Row> = rows.into_values().collect();
    for statement in rows.chunks(STATEMENT_ROWS) {
        upsert(tx, statement).await?;
    }
    Ok(())
}

async fn load(tx: &mut OrgTx, seqs: &[i64]) -> Result<Vec<Row>, ProjectionError> {
    sqlx::query_as(
        "SELECT seq, draft_seq, subject, policy, policy_version, source, amount, requested_by, requested_at, plan, step_no, mode, needed,
                given, rejections, escalations, due_at, status, ended_at
           FROM read.approval WHERE org_id = $1 AND seq = ANY ($2)",
    )
    .bind(tx.org().0)
    .bind(seqs)
    .fetch_all(&mut **tx)
    .await
    .doing("read requests for approval")
}

async fn upsert(tx: &mut OrgTx, rows: &[Row]) -> Result<(), ProjectionError> {
    fn all<'r, T>(rows: &'r [Row], value: impl Fn(&'r Row) -> T) -> Vec<T> {
        rows.iter().map(value).collect()
    }
    sqlx::query(include_str!("upsert.sql"))
        .bind(tx.org().0)
        .bind(all(rows, |r| r.seq))
        .bind(all(rows, |r| r.draft_seq))
        .bind(all(rows, |r| r.subject.as_str()))
        .bind(all(rows, |r| r.policy.as_deref()))
        .bind(all(rows, |r| r.policy_version))
        .bind(all(rows, |r| r.source.as_str()))
        .bind(all(rows, |r| r.amount))
        .bind(all(rows, |r| r.requested_by.as_str()))
        .bind(all(rows, |r| r.requested_at))
        .bind(all(rows, |r| r.plan.as_str()))
        .bind(all(rows, |r| r.step_no))
        .bind(all(rows, |r| r.mode.as_str()))
        .bind(all(rows, |r| r.needed))
        .bind(all(rows, |r| r.given))
        .bind(all(rows, |r| r.rejections))
        .bind(all(rows, |r| r.escalations))
        .bind(all(rows, |r| r.due_at))
        .bind(all(rows, |r| r.status.as_str()))
        .bind(all(rows, |r| r.ended_at))
        .execute(&mut **tx)
        .await
        .doing("write requests for approval")?;
    Ok(())
}

/// Compares all rows.
pub(super) async fn compare(tx: &mut OrgTx, batch: Requests, differences: &mut Differences) -> Result<(), ProjectionError> {
    let mut expected = batch.steps.apply(BTreeMap::new())?.into_iter().peekable();
    let mut after = i64::MIN;
    loop {
        let page = page(tx, after).await?;
        let Some(last) = page.last().map(|row| row.seq) else {
            differences.merge("approval", expected, std::iter::empty::<(i64, Row)>(), columns);
            return Ok(());
        };
        let due: Vec<_> = std::iter::from_fn(|| expected.next_if(|(key, _)| *key <= last)).collect();
        differences.merge("approval", due.into_iter(), page.into_iter().map(|row| (row.seq, row)), columns);
        after = last;
    }
}

async fn page(tx: &mut OrgTx, after: i64) -> Result<Vec<Row>, ProjectionError> {
    sqlx::query_as(
        "SELECT seq, draft_seq, subject, policy, policy_version, source, amount, requested_by, requested_at, plan, step_no, mode, needed,
                given, rejections, escalations, due_at, status, ended_at
           FROM read.approval WHERE org_id = $1 AND seq > $2 ORDER BY seq LIMIT $3",
    )
    .bind(tx.org().0)
    .bind(after)
    .bind(PAGE)
    .fetch_all(&mut **tx)
    .await
    .doing("read requests for approval")
}

fn columns(row: &Row, found: &Row) -> Vec<(&'static str, String, String)> {
    let list = &mut Vec::new();
    column(list, "draft_seq", row.draft_seq, found.draft_seq);
    column(list, "subject", row.subject.as_str(), found.subject.as_str());
    column(list, "policy", row.policy.as_deref(), found.policy.as_deref());
    column(list, "policy_version", row.policy_version, found.policy_version);
    column(list, "source", row.source.as_str(), found.source.as_str());
    column(list, "amount", row.amount, found.amount);
    column(list, "requested_by", row.requested_by.as_str(), found.requested_by.as_str());
    column(list, "requested_at", row.requested_at, found.requested_at);
    column(list, "plan", row.plan.as_str(), found.plan.as_str());
    column(list, "step_no", row.step_no, found.step_no);
    column(list, "mode", row.mode.as_str(), found.mode.as_str());
    column(list, "needed", row.needed, found.needed);
    column(list, "given", row.given, found.given);
    column(list, "rejections", row.rejections, found.rejections);
    column(list, "escalations", row.escalations, found.escalations);
    column(list, "due_at", row.due_at, found.due_at);
    column(list, "status", row.status.as_str(), found.status.as_str());
    column(list, "ended_at", row.ended_at, found.ended_at);
    std::mem::take(list)
}
