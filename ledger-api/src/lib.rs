//! The shell around the ledger.
