//! Read models that follow from documents, against naive models that fold the same random histories of documents, credit
//! notes, payments, recognitions and reversals in three currencies.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

#[path = "../../../ledger-core/tests/words/mod.rs"]
mod words;

mod approvals;
mod deferrals;
mod revenue;
mod shelf;
mod tax;
