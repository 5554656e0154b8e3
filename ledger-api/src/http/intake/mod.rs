//! Entries as they stream in: one JSON object a line, posted in chunks while the rest is still on its way.
//!
//! Three steps, each on its own: the request's task hands over what arrives, [`reading`] finds lines and makes drafts of
//! them, [`posting`] decides and appends through [`ledger_store::bulk`]. Between them are short queues, so that memory stays
//! flat and whoever sends is held back by the slowest.
//!
//! A chunk is durable under a key of the caller's key, the number of lines up to its end, and their hash. So a stream that
//! was cut off and is sent again finds what is in already, and one that says something else under the same key is refused.

mod lines;
mod posting;
mod reading;
mod told;

pub use posting::{Posting, Run};
pub use reading::{Chunk, Gone, Parsed, Reader, Row};
pub use told::{Message, Outcome, Teller};

use ledger_store::writer::IdempotencyKey;
use ledger_store::{OrgStore, StoreError};

/// Lines of one chunk.
pub const CHUNK_LINES: usize = 4_096;
/// Bytes of lines after which a chunk ends early.
pub const CHUNK_BYTES: usize = 4 << 20;
/// Bytes of one line.
pub const LINE_BYTES_MAX: usize = crate::http::limits::BODY_BYTES_MAX;
/// Refusals that are told one by one; more are counted only, so that an answer that nobody reads yet stays small.
pub const REFUSALS_TOLD_MAX: u64 = 1_000;
/// Streams that one server takes at the same time.
pub const STREAMS_MAX: usize = 16;

/// Where a chunk ended: how many lines there were, and the hash of all of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Mark {
    /// Lines that are not blank, from the stream's beginning.
    pub count: u64,
    /// Hash of them.
    pub hash: [u8; 32],
}

impl Mark {
    /// The key of the chunk that ends here. Callers' own keys have no spaces, so it is none of them.
    #[must_use]
    pub fn key(&self, caller: &str) -> IdempotencyKey {
        let hash = blake3::Hash::from_bytes(self.hash).to_hex();
        IdempotencyKey { key: format!("{}{:020} {hash}", prefix(caller), self.count), request_hash: self.hash }
    }

    fn read(key: &str, caller: &str) -> Option<Self> {
        let (count, hash) = key.strip_prefix(&prefix(caller))?.split_once(' ')?;
        Some(Self { count: count.parse().ok()?, hash: *blake3::Hash::from_hex(hash).ok()?.as_bytes() })
    }
}

fn prefix(caller: &str) -> String {
    format!("{caller} stream ")
}

/// What earlier streams under the caller's key brought in, in their order.
///
/// # Errors
/// [`StoreError`] when the server fails.
pub async fn known(org: &OrgStore, caller: &str) -> Result<Vec<Mark>, StoreError> {
    let keys = org.keys_with_prefix(&prefix(caller)).await?;
    let mut marks: Vec<Mark> = keys.iter().filter_map(|key| Mark::read(key, caller)).collect();
    marks.sort_unstable();
    Ok(marks)
}
