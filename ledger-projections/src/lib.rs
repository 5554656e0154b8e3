//! Read models: what follows from history, in tables that reports read. Dropped and rebuilt at will; they decide nothing.
//!
//! A [`projection`] turns events into rows ([`gl_fact`], [`account_balance`], [`open_item`], [`cash_flow`]); the [`worker`] keeps them up to date; the
//! [`reports`] read them, [`semantic`] lets others ask in SQL; [`mod@compare`] folds history again and says where a read model differs from it.
//! How a report looks on paper belongs to whoever prints it.

pub mod account_balance;
pub mod agent_run;
mod amounts;
pub mod approval;
pub mod cash_flow;
pub mod chart;
pub mod checkpoint;
pub mod compare;
pub mod deferral;
pub mod draft;
pub mod error;
mod evolving;
pub mod gl_fact;
mod history;
pub mod open_item;
mod pipeline;
pub mod projection;
mod record;
pub mod reference;
pub mod reports;
pub mod revenue_by_customer;
mod runner;
pub mod semantic;
mod tape;
pub mod tax_report;
pub mod wakeup;
pub mod worker;

pub use account_balance::AccountBalance;
pub use agent_run::AgentRun;
pub use approval::Approval;
pub use cash_flow::CashFlow;
pub use chart::Chart;
pub use checkpoint::{Checkpoint, Status, resume};
pub use compare::{Difference, Differences, compare};
pub use deferral::Deferral;
pub use draft::Draft;
pub use error::ProjectionError;
pub use gl_fact::GlFact;
pub use history::seq_known_at;
pub use open_item::OpenItem;
pub use projection::Projection;
pub use reference::Reference;
pub use revenue_by_customer::RevenueByCustomer;
pub use runner::Progress;
pub use tax_report::TaxReport;
pub use wakeup::Wakeup;
pub use worker::{Waited, Worker, WorkerConfig, announce, catch_up, catch_up_with, rebuild, wait_for};
