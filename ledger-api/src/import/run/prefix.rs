//! What has been imported before: a running hash over the items of a source, and the keys of earlier chunks.
//!
//! Every chunk is appended under the key "import:" and the hash of everything from the source's beginning to the
//! chunk's end. So the same file again, a killed import, and a file that has grown at its end all find exactly
//! what is in already, whatever the file is called. A source that was changed before its end is another source.

use blake3::Hasher;
use ledger_core::{DraftEntry, RateType};
use ledger_store::writer::IdempotencyKey;
use ledger_store::{OrgStore, StoreError};
use rust_decimal::Decimal;
use std::collections::HashSet;

use super::gathered::Gathered;
use crate::import::source::Item;

/// Before every key of an import's chunk.
pub const KEY_PREFIX: &str = "import:";

/// The hash of the items so far, and what is known.
pub(super) struct Prefix {
    hasher: Hasher,
    known: HashSet<[u8; 32]>,
}

impl Prefix {
    /// The prefix hash of an empty source, knowing all chunks that the organization ever imported.
    pub(super) async fn load(org: &OrgStore) -> Result<Self, StoreError> {
        let mut known = HashSet::new();
        for key in org.keys_with_prefix(KEY_PREFIX).await? {
            known.extend(parse_key(&key));
        }
        Ok(Self { hasher: Hasher::new_derive_key("ledger 2026 import prefix v1"), known })
    }

    /// Takes an item in. Answers whether an earlier import ended exactly here.
    pub(super) fn take(&mut self, item: &Item) -> bool {
        feed_item(&mut self.hasher, item);
        !self.known.is_empty() && self.known.contains(self.hasher.finalize().as_bytes())
    }

    /// The key of a chunk that ends here.
    pub(super) fn key(&self) -> IdempotencyKey {
        let hash = *self.hasher.finalize().as_bytes();
        IdempotencyKey { key: format!("{KEY_PREFIX}{}", blake3::Hash::from_bytes(hash).to_hex()), request_hash: hash }
    }

    /// The same knowledge at the beginning of the source.
    pub(super) fn rewound(&self) -> Self {
        Self { hasher: Hasher::new_derive_key("ledger 2026 import prefix v1"), known: self.known.clone() }
    }
}

fn parse_key(key: &str) -> Option<[u8; 32]> {
    blake3::Hash::from_hex(key.strip_prefix(KEY_PREFIX)?).ok().map(|hash| *hash.as_bytes())
}

fn feed_item(hasher: &mut Hasher, item: &Item) {
    match item {
        Item::Commodity(decl) => {
            feed_text(hasher, "commodity");
            feed_text(hasher, &decl.code);
        }
        Item::Account(decl) => {
            feed_text(hasher, "account");
            feed_text(hasher, &decl.code);
        }
        Item::Party(decl) => {
            feed_text(hasher, "party");
            feed_text(hasher, &decl.code);
        }
        Item::Control(decl) => {
            feed_text(hasher, "control");
            feed_text(hasher, &decl.code);
        }
        Item::Rate(decl) => {
            feed_text(hasher, "rate");
            feed_text(hasher, &decl.base);
            feed_text(hasher, &decl.quote);
            feed_text(hasher, &decl.date.to_string());
            feed_decimal(hasher, decl.rate);
            if decl.kind != RateType::Spot {
                feed_text(hasher, decl.kind.as_str());
            }
        }
        Item::Entry(entry) => feed_entry(hasher, &entry.draft),
        Item::Document(document) => {
            let mut bytes = Gathered::default();
            bytes.recording(&document.recording);
            hasher.update(&bytes.0);
        }
    }
}

/// Gathers an entry's bytes first: one call into the hash is cheaper than many.
fn feed_entry(hasher: &mut Hasher, draft: &DraftEntry) {
    use chrono::Datelike;
    let mut bytes = Gathered::default();
    bytes.number(i128::from(draft.effective_date.num_days_from_ce()));
    bytes.text(&draft.description);
    bytes.text(draft.kind.as_str());
    bytes.text(draft.external_id.as_deref().unwrap_or(""));
    for (key, value) in &draft.tags {
        bytes.text(key);
        bytes.text(value);
    }
    bytes.number(i128::try_from(draft.lines.len()).unwrap_or(i128::MAX));
    draft.lines.iter().for_each(|line| bytes.line(line));
    hasher.update(&bytes.0);
}

fn feed_text(hasher: &mut Hasher, text: &str) {
    hasher.update(&(text.len() as u64).to_le_bytes());
    hasher.update(text.as_bytes());
}

fn feed_decimal(hasher: &mut Hasher, value: Decimal) {
    hasher.update(&value.mantissa().to_le_bytes());
    hasher.update(&value.scale().to_le_bytes());
}
