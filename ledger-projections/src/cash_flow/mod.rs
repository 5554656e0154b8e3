//! `cash_flow`: what cash came in and went out, and what for, by the direct method. Serves the statement of cash flows.
//!
//! Every entry that touches cash is split over the lines on the other side. What stands on a control account waits as
//! unapplied until an allocation says what it settled; then it becomes the accounts that the settled document came from. Rows are only
//! added, so that a statement as known at any event is a sum. What an account counts as (operating, investing …) is not
//! in the rows: it is asked when a statement is made, and so may be changed for all periods.
//!
//! Cash is what stands on accounts of the sub-types cash and bank, control accounts excepted, as they are now: when an account
//! becomes cash, or ceases to be, all rows are made anew from history. What belongs elsewhere: sections and their order (`reports::cash_flow`), balances (`account_balance`).

mod fold;
mod recast;
mod rows;
mod settle;
mod shares;
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
use fold::Flows;

pub use rows::FlowKind;
pub(crate) use write::units;

/// The projection.
#[derive(Clone, Copy, Debug, Default)]
pub struct CashFlow;

impl CashFlow {
    /// Its name.
    pub const NAME: &'static str = "cash_flow";
}

impl Projection for CashFlow {
    fn name(&self) -> &'static str {
        Self::NAME
    }

    fn version(&self) -> u16 {
        1
    }

    fn tables(&self) -> &'static [&'static str] {
        &["cash_flow", "cash_flow_item", "cash_flow_unapplied"]
    }

    fn compares_as_a_whole(&self) -> bool {
        true
    }

    fn batch(&self) -> Box<dyn Batch> {
        Box::<Flows>::default()
    }
}

impl Batch for Flows {
    fn fold(&mut self, chart: &Chart, event: &Recorded) -> Result<(), String> {
        self.add(chart, event)
    }

    fn weight(&self) -> usize {
        self.rows.len() + self.items.len() + self.unapplied.len() + 3 * (self.moves.len() + self.reversals.len())
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
