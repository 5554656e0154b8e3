//! What people and programs do about drafts: who may vote, requests for approval, what became of a draft, deadlines.
//!
//! Decided in the core (`ledger-core/src/book/{drafts,voting,policies}.rs`); what is asked and answered over HTTP is in
//! [`super::routes`]. Here is what lies between: membership beside the book, and history behind it.

pub mod asking;
pub mod deadlines;
pub mod eligible;
pub mod speaker;
pub mod trail;
