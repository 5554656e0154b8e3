//! What a projection is: a name, a version, and a pure function from events to rows that are written as a set.

use std::sync::Arc;

use futures::future::BoxFuture;
use ledger_core::Seq;
use ledger_core::event::Recorded;
use ledger_store::OrgTx;

use crate::account_balance::AccountBalance;
use crate::agent_run::AgentRun;
use crate::approval::Approval;
use crate::cash_flow::CashFlow;
use crate::chart::Chart;
use crate::compare::Differences;
use crate::deferral::Deferral;
use crate::draft::Draft;
use crate::error::ProjectionError;
use crate::gl_fact::GlFact;
use crate::open_item::OpenItem;
use crate::reference::Reference;
use crate::revenue_by_customer::RevenueByCustomer;
use crate::tax_report::TaxReport;

/// A read model. It decides nothing: its rows follow from history alone, and can be dropped and made again.
pub trait Projection: Send + Sync + 'static {
    /// Its name: the checkpoint's and, by custom, the table's.
    fn name(&self) -> &'static str;

    /// Raised when the meaning of its rows changes; workers then rebuild what they find with an older one.
    fn version(&self) -> u16;

    /// Its tables in the schema `read`, each with `org_id`; the chart's own are not among them.
    fn tables(&self) -> &'static [&'static str];

    /// Whether its rows can only be compared with history as a whole, because later events change earlier rows.
    fn compares_as_a_whole(&self) -> bool;

    /// An empty batch.
    fn batch(&self) -> Box<dyn Batch>;
}

/// Rows on their way from events to the database.
///
/// Events are read and decoded once for all projections that are at the same place, so a batch has them by reference and
/// clones what it keeps. [`Batch::fold`] sees every event: one that says nothing to this read model must cost next to
/// nothing (look at the event's kind first). A batch of many events and no rows is one checkpoint update.
pub trait Batch: Send {
    /// Adds what follows from an event; `chart` stands just before it. Pure: the same events give the same rows.
    ///
    /// # Errors
    /// What is wrong with the event, for people. The batch is then as it was: the events before it are written.
    fn fold(&mut self, chart: &Chart, event: &Recorded) -> Result<(), String>;

    /// How many rows it has become: a batch is written when it is large.
    fn weight(&self) -> usize;

    /// Called once, when the last event of a batch that will be written is in: what takes time and needs no database is
    /// done here, while the database is at work on the batch before. Does nothing unless it is overridden.
    fn seal(&mut self) {}

    /// Writes the rows, as sets, in the transaction that also moves the checkpoint.
    fn write<'a>(self: Box<Self>, tx: &'a mut OrgTx) -> BoxFuture<'a, Result<(), ProjectionError>>;

    /// Compares the rows with those that are there for the events after `from` up to `to` (or to the end of the table).
    fn compare<'a>(
        self: Box<Self>,
        tx: &'a mut OrgTx,
        from: Seq,
        to: Option<Seq>,
        differences: &'a mut Differences,
    ) -> BoxFuture<'a, Result<(), ProjectionError>>;
}

/// Every projection of the ledger. `account_balance` comes first: reports wait for it.
#[must_use]
pub fn all() -> Vec<Arc<dyn Projection>> {
    vec![
        Arc::new(AccountBalance),
        Arc::new(OpenItem),
        Arc::new(CashFlow),
        Arc::new(TaxReport),
        Arc::new(Deferral),
        Arc::new(RevenueByCustomer),
        Arc::new(Reference),
        Arc::new(Draft),
        Arc::new(Approval),
        Arc::new(AgentRun),
        Arc::new(GlFact),
    ]
}

/// The projection with this name.
///
/// # Errors
/// [`ProjectionError::UnknownProjection`].
pub fn by_name(name: &str) -> Result<Arc<dyn Projection>, ProjectionError> {
    all().into_iter().find(|projection| projection.name() == name).ok_or_else(|| ProjectionError::UnknownProjection(name.to_owned()))
}
