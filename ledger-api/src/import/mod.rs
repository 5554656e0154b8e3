//! Importers: other programs' files in, journal entries out.

pub mod beancount;
pub mod csv;
pub mod documents;
pub mod generate;
pub mod hledger;
pub mod jsonl;
pub mod preset;
pub mod rates;
pub mod run;
pub mod source;
pub mod tabular;
