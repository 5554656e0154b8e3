//! `tax_report`: what the tax rows of documents came to, in their currency and in value. Serves the tax report.
//!
//! A row never changes: what takes it back, a credit note or the reversal of its document, is a row of its own, so what
//! was known at an event is what has no later `seq`. Values are those of the entry: Σ `functional_posted` is what the
//! documents moved on the tax accounts, to the unit.
//!
//! What belongs elsewhere: how tax is computed (the core, once), which rows make a tax return (`reports::tax`).

mod fold;
mod rows;
mod stored;
mod write;

use futures::future::BoxFuture;
use ledger_core::Seq;
use ledger_core::event::Recorded;
use ledger_store::OrgTx;

use crate::chart::Chart;
use crate::compare::Differences;
use crate::error::ProjectionError;
use crate::projection::{Batch, Projection};
use fold::TaxBatch;

/// The projection.
#[derive(Clone, Copy, Debug, Default)]
pub struct TaxReport;

impl TaxReport {
    /// Its name.
    pub const NAME: &'static str = "tax_report";
}

impl Projection for TaxReport {
    fn name(&self) -> &'static str {
        Self::NAME
    }

    fn version(&self) -> u16 {
        1
    }

    fn tables(&self) -> &'static [&'static str] {
        &["tax_report"]
    }

    fn compares_as_a_whole(&self) -> bool {
        false
    }

    fn batch(&self) -> Box<dyn Batch> {
        Box::<TaxBatch>::default()
    }
}

impl Batch for TaxBatch {
    fn fold(&mut self, chart: &Chart, event: &Recorded) -> Result<(), String> {
        self.add(chart, event)
    }

    fn weight(&self) -> usize {
        self.rows.len() + self.reversals.len()
    }

    fn write<'a>(self: Box<Self>, tx: &'a mut OrgTx) -> BoxFuture<'a, Result<(), ProjectionError>> {
        Box::pin(async move { write::write(tx, *self).await })
    }

    fn compare<'a>(
        self: Box<Self>,
        tx: &'a mut OrgTx,
        from: Seq,
        to: Option<Seq>,
        differences: &'a mut Differences,
    ) -> BoxFuture<'a, Result<(), ProjectionError>> {
        Box::pin(async move {
            let expected = write::all_rows(tx, *self).await?;
            stored::compare(tx, from, to, expected, differences).await
        })
    }
}
