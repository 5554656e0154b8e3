//! `draft`: what was proposed, by whom, and what became of it. Serves the review queue's history, the trail of an entry and
//! the metrics of agents.
//!
//! A draft's row begins with the event that proposed it and is changed by what follows: corrections, requests for approval,
//! and the end. What belongs elsewhere: what is proposed in full (the event, and the book while it waits), who may approve
//! (`approval`).

mod fold;
mod rows;
mod write;

use futures::future::BoxFuture;
use ledger_core::Seq;
use ledger_core::event::Recorded;
use ledger_store::OrgTx;

use crate::chart::Chart;
use crate::compare::Differences;
use crate::error::ProjectionError;
use crate::projection::{Batch, Projection};
use fold::Drafts;
pub(crate) use fold::agent_i32;

/// The projection.
#[derive(Clone, Copy, Debug, Default)]
pub struct Draft;

impl Draft {
    /// Its name.
    pub const NAME: &'static str = "draft";
}

impl Projection for Draft {
    fn name(&self) -> &'static str {
        Self::NAME
    }

    fn version(&self) -> u16 {
        1
    }

    fn tables(&self) -> &'static [&'static str] {
        &["draft"]
    }

    fn compares_as_a_whole(&self) -> bool {
        true
    }

    fn batch(&self) -> Box<dyn Batch> {
        Box::<Drafts>::default()
    }
}

impl Batch for Drafts {
    fn fold(&mut self, chart: &Chart, event: &Recorded) -> Result<(), String> {
        self.add(chart, event)
    }

    fn weight(&self) -> usize {
        self.steps.len()
    }

    fn write<'a>(self: Box<Self>, tx: &'a mut OrgTx) -> BoxFuture<'a, Result<(), ProjectionError>> {
        Box::pin(async move { write::write(tx, *self).await })
    }

    fn compare<'a>(
        self: Box<Self>,
        tx: &'a mut OrgTx,
        _from: Seq,
        _to: Option<Seq>,
        differences: &'a mut Differences,
    ) -> BoxFuture<'a, Result<(), ProjectionError>> {
        Box::pin(async move { write::compare(tx, *self, differences).await })
    }
}
