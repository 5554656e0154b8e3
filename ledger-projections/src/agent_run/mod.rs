//! `agent_run`: agents as they are registered, and each of their executions with what it cost. Serves the metrics of agents.
//!
//! What belongs elsewhere: what they drafted (`draft`), what their costs come to on the books (`gl_fact`), whether they may run
//! (the book).

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
use fold::Runs;

/// The projection.
#[derive(Clone, Copy, Debug, Default)]
pub struct AgentRun;

impl AgentRun {
    /// Its name.
    pub const NAME: &'static str = "agent_run";
}

impl Projection for AgentRun {
    fn name(&self) -> &'static str {
        Self::NAME
    }

    fn version(&self) -> u16 {
        1
    }

    fn tables(&self) -> &'static [&'static str] {
        &["agent", "agent_run"]
    }

    fn compares_as_a_whole(&self) -> bool {
        true
    }

    fn batch(&self) -> Box<dyn Batch> {
        Box::<Runs>::default()
    }
}

impl Batch for Runs {
    fn fold(&mut self, chart: &Chart, event: &Recorded) -> Result<(), String> {
        self.add(chart, event)
    }

    fn weight(&self) -> usize {
        self.runs.len() + self.agents.len()
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
