//! `revenue_by_customer`: movements of revenue accounts by day and customer, so that Σ over customers is the revenue of the
//! income statement for any dates. Serves the report of revenue.
//!
//! Whose a line is: the party that it names itself; else the one party that the entry's lines on control accounts name; of a
//! deferred amount that is recognised, the party of the schedule's document; else nobody's.
//!
//! What belongs elsewhere: what has to be earned yet (`deferral`), every other account (`account_balance`).

mod fold;
mod stored;
mod write;

use futures::future::BoxFuture;
use ledger_core::Seq;
use ledger_core::event::Recorded;
use ledger_store::OrgTx;

pub(crate) use fold::{Key, Movement, Revenue};

use crate::chart::Chart;
use crate::compare::Differences;
use crate::error::ProjectionError;
use crate::projection::{Batch, Projection};

/// The projection.
#[derive(Clone, Copy, Debug, Default)]
pub struct RevenueByCustomer;

impl RevenueByCustomer {
    /// Its name.
    pub const NAME: &'static str = "revenue_by_customer";
}

impl Projection for RevenueByCustomer {
    fn name(&self) -> &'static str {
        Self::NAME
    }

    fn version(&self) -> u16 {
        1
    }

    fn tables(&self) -> &'static [&'static str] {
        &["revenue_by_customer", "revenue_deferral"]
    }

    fn compares_as_a_whole(&self) -> bool {
        true
    }

    fn batch(&self) -> Box<dyn Batch> {
        Box::<Revenue>::default()
    }
}

impl Batch for Revenue {
    fn fold(&mut self, chart: &Chart, event: &Recorded) -> Result<(), String> {
        self.add(chart, event)
    }

    fn weight(&self) -> usize {
        self.rows()
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
