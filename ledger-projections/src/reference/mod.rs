//! `reference`: what entries refer to, and what is shown beside them: who acted, parties, documents, what became of months,
//! rates by day. Serves the views of the schema `semantic`.
//!
//! One read model for five small tables, because few events say anything to it and one checkpoint is enough for all. What
//! belongs elsewhere: amounts (`gl_fact`, `open_item`), names and addresses (beside history, not here).

mod fold;
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
use fold::References;

/// The projection.
#[derive(Clone, Copy, Debug, Default)]
pub struct Reference;

impl Reference {
    /// Its name.
    pub const NAME: &'static str = "reference";
}

impl Projection for Reference {
    fn name(&self) -> &'static str {
        Self::NAME
    }

    fn version(&self) -> u16 {
        1
    }

    fn tables(&self) -> &'static [&'static str] {
        &["actor", "party", "document", "period", "fx_rate"]
    }

    fn compares_as_a_whole(&self) -> bool {
        true
    }

    fn batch(&self) -> Box<dyn Batch> {
        Box::<References>::default()
    }
}

impl Batch for References {
    fn fold(&mut self, chart: &Chart, event: &Recorded) -> Result<(), String> {
        self.add(chart, event)
    }

    fn weight(&self) -> usize {
        self.rows()
    }

    fn write<'a>(self: Box<Self>, tx: &'a mut OrgTx) -> BoxFuture<'a, Result<(), ProjectionError>> {
        Box::pin(async move { write::write(tx, &self).await })
    }

    fn compare<'a>(
        self: Box<Self>,
        tx: &'a mut OrgTx,
        _from: Seq,
        _to: Option<Seq>,
        differences: &'a mut Differences,
    ) -> BoxFuture<'a, Result<(), ProjectionError>> {
        Box::pin(async move { stored::compare(tx, *self, differences).await })
    }
}
