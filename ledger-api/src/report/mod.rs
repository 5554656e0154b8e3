//! The reports of the books: what stands in which line, and whether it ties out. No database, no command line.
//!
//! Balances come in as [`Balance`]s of one moment, with the chart they belong to ([`Books`]); each report lays
//! them out and prints itself as a table, CSV or JSON. Where balances come from is [`source`].
//!
//! Sign: debit positive throughout, until a report shows a section on its natural side.

pub mod aging;
pub mod allocations;
pub mod balance_sheet;
pub mod books;
pub mod cash_flow;
pub mod deferrals;
pub mod general_ledger;
pub mod heading;
pub mod income_statement;
pub mod open_items;
pub mod revenue;
pub mod source;
pub mod statement;
pub mod sums;
pub mod tax;
pub mod tree;
pub mod trial_balance;

pub use books::{Balance, Books};
pub use heading::Heading;
pub use sums::{Sum, Sums};

#[cfg(test)]
mod tests;
