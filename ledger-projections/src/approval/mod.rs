//! `approval`: requests for approval, where each stands and how it ended. Serves the review queue, its reports and `v_approval`.
//!
//! A request's row begins with the event that made it and is changed by votes, deadlines and its end. The row has the plan
//! of all steps, so what a vote leads to is told by the row alone. What belongs elsewhere: who may vote and who did, by name
//! (the events, and the book while it waits), what is to be approved (`draft`).

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
use fold::Requests;

/// The projection.
#[derive(Clone, Copy, Debug, Default)]
pub struct Approval;

impl Approval {
    /// Its name.
    pub const NAME: &'static str = "approval";
}

impl Projection for Approval {
    fn name(&self) -> &'static str {
        Self::NAME
    }

    fn version(&self) -> u16 {
        1
    }

    fn tables(&self) -> &'static [&'static str] {
        &["approval"]
    }

    fn compares_as_a_whole(&self) -> bool {
        true
    }

    fn batch(&self) -> Box<dyn Batch> {
        Box::<Requests>::default()
    }
}

impl Batch for Requests {
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
