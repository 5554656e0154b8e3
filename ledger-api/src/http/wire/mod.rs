//! What callers write: JSON bodies, and how each becomes a command of the book.
//!
//! One file per subject. A body is strict: a field that nobody knows, a field that is there twice, a JSON number for
//! money, an exponent, a NUL character are refused with a JSON pointer to where they stand. Whether the books take what
//! was said is not decided here. Routes are in `routes`, refusals as documents in `problem`.

pub mod accounts;
pub mod agents;
pub mod allocations;
pub mod approvals;
pub mod batch;
pub mod body;
pub mod closing;
pub mod commissions;
pub mod commodities;
pub mod documents;
pub mod drafts;
pub mod entries;
mod objects;
pub mod parties;
pub mod payments;
pub mod policies;
pub mod scalars;
pub mod tags;
pub mod tax_codes;
pub mod words;

#[cfg(test)]
mod tests;

pub use body::{Fault, parse};
