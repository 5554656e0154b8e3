//! Writing and comparing drafts.

use std::collections::BTreeMap;

use ledger_store::OrgTx;

use super::rows::{Change, Row};
use crate::compare::{Differences, column};
use crate::error::{Doing, ProjectionError};
use crate::evolving::Steps;

/// Rows that one statement writes.
const STATEMENT_ROWS: usize = 4_096;
/// Rows that one statement reads.
const PAGE: i64 = 8_192;

/// Writes the batch in the transaction.
pub(super) async fn write(tx: &mut OrgTx, steps: Steps<Row, Change>) -> Result<(), ProjectionError> {
    let earlier = steps.earlier();
    let before = if earlier.is_empty() { Vec::new() } else { load(tx, &earlier).await? };
    let rows = steps.apply(before.into_iter().map(|row| (row.seq, row)).collect())?;
    let rows: Vec<Row> = rows.into_values().collect();
    for statement in rows.chunks(STATEMENT_ROWS) {
        upsert(tx, statement).await?;
    }
    Ok(())
}

async fn load(tx: &mut OrgTx, seqs: &[i64]) -> Result<Vec<Row>, ProjectionError> {
    sqlx::query_as(
        "SELECT seq, drafted_at, subject, subject_no, source, agent_no, model, actor_no, proposed_by, acted_for, business, confidence,
                rationale, amount, hash, corrections, request_seq, status, decided_at, decided_by, reason, posted_seq, route, four_eyes
           FROM read.draft WHERE org_id = $1 AND seq = ANY ($2)",
    )
    .bind(tx.org().0)
    .bind(seqs)
    .fetch_all(&mut **tx)
    .await
    .doing("read drafts")
}

async fn upsert(tx: &mut OrgTx, rows: &[Row]) -> Result<(), ProjectionError> {
    fn all<'r, T>(rows: &'r [Row], value: impl Fn(&'r Row) -> T) -> Vec<T> {
        rows.iter().map(value).collect()
    }
    sqlx::query(include_str!("upsert.sql"))
        .bind(tx.org().0)
        .bind(all(rows, |r| r.seq))
        .bind(all(rows, |r| r.drafted_at))
        .bind(all(rows, |r| r.subject.as_str()))
        .bind(all(rows, |r| r.subject_no.as_str()))
        .bind(all(rows, |r| r.source.as_str()))
        .bind(all(rows, |r| r.agent_no))
        .bind(all(rows, |r| r.model.as_deref()))
        .bind(all(rows, |r| r.actor_no))
        .bind(all(rows, |r| r.proposed_by.as_str()))
        .bind(all(rows, |r| r.acted_for.as_deref()))
        .bind(all(rows, |r| r.business.as_str()))
        .bind(all(rows, |r| r.confidence))
        .bind(all(rows, |r| r.rationale.as_str()))
        .bind(all(rows, |r| r.amount))
        .bind(all(rows, |r| r.hash.as_str()))
        .bind(all(rows, |r| r.corrections))
        .bind(all(rows, |r| r.request_seq))
        .bind(all(rows, |r| r.status.as_str()))
        .bind(all(rows, |r| r.decided_at))
        .bind(all(rows, |r| r.decided_by.as_deref()))
        .bind(all(rows, |r| r.reason.as_deref()))
        .bind(all(rows, |r| r.posted_seq))
        .bind(all(rows, |r| r.route.as_deref()))
        .bind(all(rows, |r| r.four_eyes))
        .execute(&mut **tx)
        .await
        .doing("write drafts")?;
    Ok(())
}

/// Compares all rows.
pub(super) async fn compare(tx: &mut OrgTx, steps: Steps<Row, Change>, differences: &mut Differences) -> Result<(), ProjectionError> {
    let mut expected = steps.apply(BTreeMap::new())?.into_iter().peekable();
    let mut after = i64::MIN;
    loop {
        let page = page(tx, after).await?;
        let Some(last) = page.last().map(|row| row.seq) else {
            differences.merge("draft", expected, std::iter::empty::<(i64, Row)>(), columns);
            return Ok(());
        };
        let due: Vec<_> = std::iter::from_fn(|| expected.next_if(|(key, _)| *key <= last)).collect();
        differences.merge("draft", due.into_iter(), page.into_iter().map(|row| (row.seq, row)), columns);
        after = last;
    }
}

async fn page(tx: &mut OrgTx, after: i64) -> Result<Vec<Row>, ProjectionError> {
    sqlx::query_as(
        "SELECT seq, drafted_at, subject, subject_no, source, agent_no, model, actor_no, proposed_by, acted_for, business, confidence,
                rationale, amount, hash, corrections, request_seq, status, decided_at, decided_by, reason, posted_seq, route, four_eyes
           FROM read.draft WHERE org_id = $1 AND seq > $2 ORDER BY seq LIMIT $3",
    )
    .bind(tx.org().0)
    .bind(after)
    .bind(PAGE)
    .fetch_all(&mut **tx)
    .await
    .doing("read drafts")
}

fn columns(row: &Row, found: &Row) -> Vec<(&'static str, String, String)> {
    let list = &mut Vec::new();
    column(list, "drafted_at", row.drafted_at, found.drafted_at);
    for (name, of) in TEXTS {
        column(list, name, of(row), of(found));
    }
    column(list, "agent_no", row.agent_no, found.agent_no);
    column(list, "actor_no", row.actor_no, found.actor_no);
    column(list, "confidence", row.confidence, found.confidence);
    column(list, "amount", row.amount, found.amount);
    column(list, "corrections", row.corrections, found.corrections);
    column(list, "request_seq", row.request_seq, found.request_seq);
    column(list, "decided_at", row.decided_at, found.decided_at);
    column(list, "posted_seq", row.posted_seq, found.posted_seq);
    column(list, "four_eyes", row.four_eyes, found.four_eyes);
    std::mem::take(list)
}

type TextOf = fn(&Row) -> Option<&str>;

const TEXTS: [(&str, TextOf); 13] = [
    ("subject", |row| Some(&row.subject)),
    ("subject_no", |row| Some(&row.subject_no)),
    ("source", |row| Some(&row.source)),
    ("model", |row| row.model.as_deref()),
    ("proposed_by", |row| Some(&row.proposed_by)),
    ("acted_for", |row| row.acted_for.as_deref()),
    ("business", |row| Some(&row.business)),
    ("rationale", |row| Some(&row.rationale)),
    ("hash", |row| Some(&row.hash)),
    ("status", |row| Some(&row.status)),
    ("decided_by", |row| row.decided_by.as_deref()),
    ("reason", |row| row.reason.as_deref()),
    ("route", |row| row.route.as_deref()),
];
