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
use crate::record::Rows;

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

/// `rows` until it is sealed, `statements` from then on.
#[derive(Default)]
struct GlBatch {
    rows: Vec<GlRow>,
    statements: Vec<Rows<GlRow>>,
}

impl Batch for GlBatch {
    fn fold(&mut self, chart: &Chart, event: &Recorded) -> Result<(), String> {
        let before = self.rows.len();
        row::rows_of(chart, event, &mut self.rows).inspect_err(|_| self.rows.truncate(before))
    }

    fn weight(&self) -> usize {
        self.rows.len()
    }

    fn seal(&mut self) {
        let rows = std::mem::take(&mut self.rows);
        let mut rest = rows.as_slice();
        while !rest.is_empty() {
            let (statement, after) = rest.split_at(statement_end(rest));
            self.statements.push(row::encoded(statement));
            rest = after;
        }
    }

    fn write<'a>(mut self: Box<Self>, tx: &'a mut OrgTx) -> BoxFuture<'a, Result<(), ProjectionError>> {
        Box::pin(async move {
            self.seal(); // for rows that came since, if any
            for statement in self.statements {
                insert(tx, &statement).await?;
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

async fn insert(tx: &mut OrgTx, rows: &Rows<GlRow>) -> Result<(), ProjectionError> {
    let written: i64 = sqlx::query_scalar(INSERT)
        .bind(tx.org().0)
        .bind(rows.parameter())
        .fetch_one(&mut **tx)
        .await
        .doing("insert lines of the general ledger")?;
    if usize::try_from(written) == Ok(rows.len()) {
        return Ok(());
    }
    Err(ProjectionError::Damaged { what: "the number of new lines", found: format!("{written} of {}", rows.len()) })
}
