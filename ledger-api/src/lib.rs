//! The shell around the ledger: command line, importers, reports.

pub mod bank;
pub mod cli;
pub mod demo;
pub mod import;
pub mod report;
pub mod saft;
pub mod xml;
