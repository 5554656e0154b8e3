//! `deferral`: schedules of deferred revenue and prepaid expense, part by part, with what was recognised and cancelled, as
//! of any date and as known at any event. Serves the report of deferrals.
//!
//! Each part counts from when it was scheduled until it was recognised or cancelled; what is left after a credit note is
//! scheduled anew by it. So Σ parts that wait is what the documents left on the deferred accounts, at every date.
//!
//! What belongs elsewhere: how a schedule is made and what a credit note cancels (the core), totals (`reports::deferrals`).

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
use fold::Schedules;

/// The projection.
#[derive(Clone, Copy, Debug, Default)]
pub struct Deferral;

impl Deferral {
    /// Its name.
    pub const NAME: &'static str = "deferral";
}

impl Projection for Deferral {
    fn name(&self) -> &'static str {
        Self::NAME
    }

    fn version(&self) -> u16 {
        1
    }

    fn tables(&self) -> &'static [&'static str] {
        &["deferral"]
    }

    fn compares_as_a_whole(&self) -> bool {
        true
    }

    fn batch(&self) -> Box<dyn Batch> {
        Box::<Schedules>::default()
    }
}

impl Batch for Schedules {
    fn fold(&mut self, chart: &Chart, event: &Recorded) -> Result<(), String> {
        self.add(chart, event)
    }

    fn weight(&self) -> usize {
        self.parts
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
