//! Writing a batch: movements are added to those that are there, and documents with schedules remembered.

use std::collections::{BTreeMap, BTreeSet};

use ledger_core::Text;
use ledger_store::OrgTx;
use rust_decimal::Decimal;

use super::fold::{Key, Revenue};
use crate::error::{Doing, ProjectionError};

/// Rows that one statement upserts.
const STATEMENT_ROWS: usize = 8_192;

/// A row of `read.revenue_by_customer`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Row {
    pub(super) key: Key,
    pub(super) lines: i64,
    pub(super) unvalued: i64,
    pub(super) amount: Decimal,
    pub(super) functional: Decimal,
}

/// Writes the batch in the transaction.
pub(super) async fn write(tx: &mut OrgTx, batch: Revenue) -> Result<(), ProjectionError> {
    let documents: Vec<(i64, Text)> = batch.documents.iter().map(|(seq, party)| (*seq, party.clone())).collect();
    let rows = all_rows(tx, batch).await?;
    for statement in documents.chunks(STATEMENT_ROWS) {
        remember(tx, statement).await?;
    }
    for statement in rows.chunks(STATEMENT_ROWS) {
        upsert(tx, statement).await?;
    }
    Ok(())
}

/// All movements of a batch, in the order of the key: pages are visited once, and locks taken in one order.
pub(super) async fn all_rows(tx: &mut OrgTx, mut batch: Revenue) -> Result<Vec<Row>, ProjectionError> {
    if !batch.waiting.is_empty() {
        let parties = parties(tx, &batch).await?;
        for ((document, key), movement) in std::mem::take(&mut batch.waiting) {
            let party = parties.get(&document).cloned().ok_or_else(|| ProjectionError::Damaged {
                what: "the document of a schedule",
                found: format!("none at event {document}"),
            })?;
            batch.days.entry(Key { party, ..key }).or_default().add(&movement);
        }
    }
    let damaged = |found| ProjectionError::Damaged { what: "a movement of revenue", found };
    let mut rows = Vec::with_capacity(batch.days.len());
    for (key, movement) in &batch.days {
        rows.push(Row {
            lines: movement.lines,
            unvalued: movement.unvalued,
            amount: batch.amount(movement.units, key.commodity_no).map_err(damaged)?,
            functional: batch.value(movement.functional).map_err(damaged)?,
            key: key.clone(),
        });
    }
    rows.sort_unstable_by(|a, b| a.key.cmp(&b.key));
    Ok(rows)
}

/// Whose the documents are that came in earlier batches.
async fn parties(tx: &mut OrgTx, batch: &Revenue) -> Result<BTreeMap<i64, Text>, ProjectionError> {
    let documents: BTreeSet<i64> = batch.waiting.keys().map(|(document, _)| *document).collect();
    let rows: Vec<(i64, String)> =
        sqlx::query_as("SELECT document_seq, party FROM read.revenue_deferral WHERE org_id = $1 AND document_seq = ANY ($2)")
            .bind(tx.org().0)
            .bind(documents.into_iter().collect::<Vec<_>>())
            .fetch_all(&mut **tx)
            .await
            .doing("find whose schedules are recognised")?;
    Ok(rows.into_iter().map(|(seq, party)| (seq, party.into())).collect())
}

async fn remember(tx: &mut OrgTx, documents: &[(i64, Text)]) -> Result<(), ProjectionError> {
    sqlx::query(
        "INSERT INTO read.revenue_deferral AS d (org_id, document_seq, party)
         SELECT $1, u.* FROM unnest($2::bigint[], $3::text[]) AS u RETURNING d.document_seq",
    )
    .bind(tx.org().0)
    .bind(documents.iter().map(|(seq, _)| *seq).collect::<Vec<_>>())
    .bind(documents.iter().map(|(_, party)| party.as_str()).collect::<Vec<_>>())
    .execute(&mut **tx)
    .await
    .doing("remember whose schedules there are")?;
    Ok(())
}

async fn upsert(tx: &mut OrgTx, rows: &[Row]) -> Result<(), ProjectionError> {
    fn all<'r, T>(rows: &'r [Row], value: impl Fn(&'r Row) -> T) -> Vec<T> {
        rows.iter().map(value).collect()
    }
    sqlx::query(include_str!("upsert.sql"))
        .bind(tx.org().0)
        .bind(all(rows, |r| r.key.date))
        .bind(all(rows, |r| r.key.party.as_str()))
        .bind(all(rows, |r| r.key.account_no))
        .bind(all(rows, |r| i32::from(r.key.commodity_no)))
        .bind(all(rows, |r| r.lines))
        .bind(all(rows, |r| r.unvalued))
        .bind(all(rows, |r| r.amount))
        .bind(all(rows, |r| r.functional))
        .execute(&mut **tx)
        .await
        .doing("add movements to the revenue of customers")?;
    Ok(())
}
