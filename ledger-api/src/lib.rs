//! The shell around the ledger: command line, importers, reports, the HTTP API.

pub mod bank;
pub mod cli;
pub mod demo;
pub mod http;
pub mod import;
pub mod report;
pub mod saft;
pub mod xml;
