//! Several entries in one request.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::entries::NewEntry;
use super::objects::only_objects;
use super::words::read_words;

only_objects!(NewBatch);

/// Entries of one batch at most. Longer ones belong into the stream.
pub const BATCH_ENTRIES_MAX: usize = ledger_core::limits::BATCH_ENTRIES_MAX;

/// What a refused entry means for the others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum BatchMode {
    /// All are posted in one transaction, or none is.
    Atomic,
    /// Each is decided for itself, in this order, as those before it left the books.
    Continue,
}

read_words!(BatchMode { Atomic = "atomic", Continue = "continue" });

/// Entries to post.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, remote = "Self")]
pub struct NewBatch {
    /// What a refused entry means for the others.
    pub mode: BatchMode,
    /// The entries, in the order in which they are decided.
    #[schema(min_items = 1, max_items = 1_000)]
    pub entries: Vec<NewEntry>,
}
