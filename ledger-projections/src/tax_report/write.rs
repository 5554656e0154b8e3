//! Writing a batch: the rows of its documents, and those of reversals, whose originals may have come in earlier batches.

use std::collections::BTreeMap;

use ledger_store::OrgTx;

use super::fold::TaxBatch;
use super::rows::{Reversal, Row};
use crate::error::{Doing, ProjectionError};

/// Rows that one statement inserts.
const STATEMENT_ROWS: usize = 4_096;

const INSERT: &str = include_str!("insert.sql");

/// Writes the batch in the transaction.
pub(super) async fn write(tx: &mut OrgTx, batch: TaxBatch) -> Result<(), ProjectionError> {
    for statement in all_rows(tx, batch).await?.chunks(STATEMENT_ROWS) {
        insert(tx, statement).await?;
    }
    Ok(())
}

/// All rows of a batch, in the order of their keys.
pub(super) async fn all_rows(tx: &mut OrgTx, batch: TaxBatch) -> Result<Vec<Row>, ProjectionError> {
    let TaxBatch { mut rows, reversals } = batch;
    if reversals.is_empty() {
        return Ok(rows);
    }
    let first = reversals.iter().map(|reversal| reversal.seq).chain(rows.iter().map(|row| row.seq)).min().unwrap_or(0);
    let earlier: Vec<i64> = reversals.iter().map(|reversal| reversal.original).filter(|original| *original < first).collect();
    let mut originals = if earlier.is_empty() { BTreeMap::new() } else { load(tx, &earlier).await? };
    for row in &rows {
        originals.entry(row.seq).or_default().push(row.clone());
    }
    for reversal in &reversals {
        let made = reversed(&originals, reversal);
        if !made.is_empty() {
            rows.extend(made.iter().cloned());
            originals.insert(reversal.seq, made); // which may be reversed as well
        }
    }
    rows.sort_by_key(Row::key);
    Ok(rows)
}

fn reversed(originals: &BTreeMap<i64, Vec<Row>>, reversal: &Reversal) -> Vec<Row> {
    originals.get(&reversal.original).into_iter().flatten().map(|row| row.reversed(reversal)).collect()
}

async fn load(tx: &mut OrgTx, seqs: &[i64]) -> Result<BTreeMap<i64, Vec<Row>>, ProjectionError> {
    let rows: Vec<Row> = sqlx::query_as(
        "SELECT seq, row_no, recorded_at, date, reverses_seq, side, kind, document, party, code, component, box, rate, nature,
                account_no, currency, base, tax, recoverable, posted, functional_base, functional_tax, functional_recoverable,
                functional_posted
           FROM read.tax_report WHERE org_id = $1 AND seq = ANY ($2) ORDER BY seq, row_no",
    )
    .bind(tx.org().0)
    .bind(seqs)
    .fetch_all(&mut **tx)
    .await
    .doing("read the tax of documents that are reversed")?;
    let mut found: BTreeMap<i64, Vec<Row>> = BTreeMap::new();
    for row in rows {
        found.entry(row.seq).or_default().push(row);
    }
    Ok(found)
}

async fn insert(tx: &mut OrgTx, rows: &[Row]) -> Result<(), ProjectionError> {
    fn all<'r, T>(rows: &'r [Row], value: impl Fn(&'r Row) -> T) -> Vec<T> {
        rows.iter().map(value).collect()
    }
    sqlx::query(INSERT)
        .bind(tx.org().0)
        .bind(all(rows, |r| r.seq))
        .bind(all(rows, |r| r.row_no))
        .bind(all(rows, |r| r.recorded_at))
        .bind(all(rows, |r| r.date))
        .bind(all(rows, |r| r.reverses_seq))
        .bind(all(rows, |r| r.side.as_str()))
        .bind(all(rows, |r| r.kind.as_str()))
        .bind(all(rows, |r| r.document.as_str()))
        .bind(all(rows, |r| r.party.as_str()))
        .bind(all(rows, |r| r.code.as_str()))
        .bind(all(rows, |r| r.component.as_str()))
        .bind(all(rows, |r| r.report_box.as_str()))
        .bind(all(rows, |r| r.rate))
        .bind(all(rows, |r| r.nature.as_str()))
        .bind(all(rows, |r| r.account_no))
        .bind(all(rows, |r| r.currency.as_str()))
        .bind(all(rows, |r| r.base))
        .bind(all(rows, |r| r.tax))
        .bind(all(rows, |r| r.recoverable))
        .bind(all(rows, |r| r.posted))
        .bind(all(rows, |r| r.functional_base))
        .bind(all(rows, |r| r.functional_tax))
        .bind(all(rows, |r| r.functional_recoverable))
        .bind(all(rows, |r| r.functional_posted))
        .execute(&mut **tx)
        .await
        .doing("insert tax rows")?;
    Ok(())
}
