//! `draft`: what was proposed, by whom, and what became of it. Serves the review queue's history, the trail of an entry and
//! the metrics of agents; and which events a draft's history is made of (`events`), so that it is read without the stream.
//!
//! A draft's row begins with the event that proposed it and is changed by what follows: corrections, requests for approval,
//! and the end. What belongs elsewhere: what is proposed in full (the event, and the book while it waits), who may approve
//! (`approval`).

mod events;
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
pub use events::{about, events_of};
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
        2 // since 2 it keeps which events are about a draft
    }

    fn tables(&self) -> &'static [&'static str] {
        &["draft", "draft_event"]
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
        self.add(chart, event)?;
        self.links.add(event);
        Ok(())
    }

    fn weight(&self) -> usize {
        self.steps.len() + self.links.len()
    }

    fn write<'a>(self: Box<Self>, tx: &'a mut OrgTx) -> BoxFuture<'a, Result<(), ProjectionError>> {
        Box::pin(async move {
            let Self { steps, links } = *self;
            events::write(tx, links).await?;
            write::write(tx, steps).await
        })
    }

    fn compare<'a>(
        self: Box<Self>,
        tx: &'a mut OrgTx,
        _from: Seq,
        _to: Option<Seq>,
        differences: &'a mut Differences,
    ) -> BoxFuture<'a, Result<(), ProjectionError>> {
        Box::pin(async move {
            let Self { steps, links } = *self;
            events::compare(tx, links, differences).await?;
            write::compare(tx, steps, differences).await
        })
    }
}
