//! `open_item` and `allocation`: what others owe and are owed, item by item, and what settled it, as of any date and as
//! known at any event. Serves open items and aging.
//!
//! A line on a control account is an item, whatever event carried it, except the lines of allocations and revaluations;
//! an allocation becomes two rows, one for each item that it touches, and its reversal two more. Which way an allocation
//! moves an item is the item's sign, so items that came in earlier batches are looked up when a batch is written.
//!
//! What belongs elsewhere: buckets and totals (`reports::aging`), balances of control accounts (`account_balance`).

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
use fold::Items;

/// The projection.
#[derive(Clone, Copy, Debug, Default)]
pub struct OpenItem;

impl OpenItem {
    /// Its name.
    pub const NAME: &'static str = "open_item";
}

impl Projection for OpenItem {
    fn name(&self) -> &'static str {
        Self::NAME
    }

    fn version(&self) -> u16 {
        1
    }

    fn tables(&self) -> &'static [&'static str] {
        &["open_item", "allocation"]
    }

    fn compares_as_a_whole(&self) -> bool {
        true
    }

    fn batch(&self) -> Box<dyn Batch> {
        Box::<Items>::default()
    }
}

impl Batch for Items {
    fn fold(&mut self, chart: &Chart, event: &Recorded) -> Result<(), String> {
        self.add(chart, event)
    }

    fn weight(&self) -> usize {
        self.items.len() + 2 * self.moves.len()
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
        Box::pin(async move { stored::compare(tx, *self, differences).await })
    }
}
