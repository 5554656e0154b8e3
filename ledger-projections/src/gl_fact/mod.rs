//! `gl_fact`: the general ledger as rows, one per posted line.
//!
//! Serves the general ledger, ad-hoc analysis and the views. Balances belong in [`crate::account_balance`], which has
//! its own checkpoint, so that a trial balance never waits for this larger table.

mod row;
mod stored;

use futures::future::BoxFuture;
use ledger_core::Seq;
use ledger_core::event::Recorded;
use ledger_store::OrgTx;

pub(crate) use row::{GlRow, decimal};

use crate::chart::Chart;
use crate::compare::Differences;
use crate::error::{Doing, ProjectionError};
use crate::projection::{Batch, Projection};

/// Lines that one statement inserts, unless a single entry has more. Small enough for the balance check to stay in memory.
const STATEMENT_LINES: usize = 8_192;

const INSERT: &str = include_str!("insert.sql");

/// The projection.
#[derive(Clone, Copy, Debug, Default)]
pub struct GlFact;

impl GlFact {
    /// Its name.
    pub const NAME: &'static str = "gl_fact";
}

impl Projection for GlFact {
    fn name(&self) -> &'static str {
        Self::NAME
    }

    fn version(&self) -> u16 {
        1
    }

    fn tables(&self) -> &'static [&'static str] {
        &["gl_fact"]
    }

    fn compares_as_a_whole(&self) -> bool {
        false
    }

    fn batch(&self) -> Box<dyn Batch> {
        Box::<GlBatch>::default()
    }
}

#[derive(Default)]
struct GlBatch {
    rows: Vec<GlRow>,
}

impl Batch for GlBatch {
    fn fold(&mut self, chart: &Chart, event: &Recorded) -> Result<(), String> {
        let before = self.rows.len();
        row::rows_of(chart, event, &mut self.rows).inspect_err(|_| self.rows.truncate(before))
    }

    fn weight(&self) -> usize {
        self.rows.len()
    }

    fn write<'a>(self: Box<Self>, tx: &'a mut OrgTx) -> BoxFuture<'a, Result<(), ProjectionError>> {
        Box::pin(async move {
            let mut rest = self.rows.as_slice();
            while !rest.is_empty() {
                let (statement, after) = rest.split_at(statement_end(rest));
                insert(tx, statement).await?;
                rest = after;
            }
            Ok(())
        })
    }

    fn compare<'a>(
        self: Box<Self>,
        tx: &'a mut OrgTx,
        from: Seq,
        to: Option<Seq>,
        differences: &'a mut Differences,
    ) -> BoxFuture<'a, Result<(), ProjectionError>> {
        Box::pin(async move { stored::compare(tx, from, to, self.rows, differences).await })
    }
}

/// Where a statement ends: after a whole entry.
fn statement_end(rows: &[GlRow]) -> usize {
    if rows.len() <= STATEMENT_LINES {
        return rows.len();
    }
    let seq = |index: usize| rows[index].entry.seq;
    let mut end = STATEMENT_LINES;
    while end > 0 && seq(end - 1) == seq(end) {
        end -= 1;
    }
    if end == 0 { rows.iter().position(|row| row.entry.seq != seq(0)).unwrap_or(rows.len()) } else { end }
}

/// One column of the rows, as an array. A column without any value is sent as an empty array: unnest fills it up.
fn column<'r, T>(rows: &'r [GlRow], value: impl Fn(&'r GlRow) -> Option<T>) -> Vec<Option<T>> {
    if rows.iter().any(|row| value(row).is_some()) { rows.iter().map(value).collect() } else { Vec::new() }
}

async fn insert(tx: &mut OrgTx, rows: &[GlRow]) -> Result<(), ProjectionError> {
    fn all<'r, T>(rows: &'r [GlRow], value: impl Fn(&'r GlRow) -> T) -> Vec<T> {
        rows.iter().map(value).collect()
    }
    let written = sqlx::query(INSERT)
        .bind(tx.org().0)
        .bind(all(rows, |r| r.entry.seq))
        .bind(all(rows, |r| r.entry.recorded_at))
        .bind(column(rows, |r| r.entry.reverses_seq))
        .bind(column(rows, |r| r.entry.corrects_seq))
        .bind(all(rows, |r| r.line_no))
        .bind(all(rows, |r| r.entry.effective_date))
        .bind(all(rows, |r| r.account_no))
        .bind(all(rows, |r| r.entry.actor_no))
        .bind(column(rows, |r| r.due_date))
        .bind(all(rows, |r| r.entry.closing))
        .bind(all(rows, |r| r.entry.entry_kind))
        .bind(all(rows, |r| r.account_code.as_str()))
        .bind(all(rows, |r| r.account_type))
        .bind(all(rows, |r| r.currency.as_str()))
        .bind(all(rows, |r| r.amount))
        .bind(column(rows, |r| r.functional))
        .bind(all(rows, |r| r.entry.description.as_str()))
        .bind(column(rows, |r| r.entry.external_id.as_deref()))
        .bind(column(rows, |r| r.party.as_deref()))
        .bind(column(rows, |r| r.document.as_deref()))
        .bind(column(rows, |r| r.tax_code.as_deref()))
        .bind(column(rows, |r| r.memo.as_deref()))
        .bind(column(rows, |r| r.tags.as_ref()))
        .bind(column(rows, |r| r.rate))
        .bind(column(rows, |r| r.rate_quote.as_deref()))
        .bind(column(rows, |r| r.weight))
        .bind(column(rows, |r| r.weight_currency.as_deref()))
        .execute(&mut **tx)
        .await
        .doing("insert lines of the general ledger")?
        .rows_affected();
    if written == u64::try_from(rows.len()).unwrap_or(u64::MAX) {
        return Ok(());
    }
    let found = format!("{} of {} lines from event {}", written, rows.len(), rows.first().map_or(0, |row| row.entry.seq));
    Err(ProjectionError::Damaged { what: "the number of new lines (the others are there already)", found })
}
