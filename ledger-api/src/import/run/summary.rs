//! What an import did, for people and for machines, and the counters that show it while it happens.

use std::sync::atomic::{AtomicU64, Ordering};

use ledger_core::{AccountType, Seq, SubType, Text};

use crate::import::source::{SourceError, SourceNotes};

/// Refusals that are kept to be shown; all are counted.
pub const SHOWN_MAX: usize = 20;

/// An account that the import opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Opened {
    /// Its code.
    pub code: Text,
    /// Its type.
    pub kind: AccountType,
    /// Its sub-type.
    pub sub_type: SubType,
    /// Whether the type was read off the name.
    pub inferred: bool,
}

/// What an import did.
#[derive(Debug, Default)]
pub struct Summary {
    /// Entries posted now (with `dry_run`: that would be).
    pub posted: u64,
    /// Lines of these, before conversion and rounding lines.
    pub lines: u64,
    /// Items that an earlier import had brought in already.
    pub already: u64,
    /// Pieces of the source that were refused.
    pub refused: u64,
    /// The first of them, in order.
    pub refusals: Vec<SourceError>,
    /// Accounts opened.
    pub opened: Vec<Opened>,
    /// Commodities defined, with their digits.
    pub commodities: Vec<(Text, u8)>,
    /// Rates recorded.
    pub rates: u64,
    /// Parties registered.
    pub parties: u64,
    /// Payments of what is settled already: they stay open.
    pub unapplied: u64,
    /// Rates that the books had already.
    pub rates_already: u64,
    /// What the importer has to say.
    pub notes: SourceNotes,
    /// Position of the stream before and after.
    pub seqs: (Seq, Seq),
    /// Whether nothing was written, because nothing was to be.
    pub dry_run: bool,
    /// Whether nothing was written, because something was refused.
    pub nothing_written: bool,
    /// Where the refused pieces are.
    pub rejects: Option<std::path::PathBuf>,
}

impl Summary {
    pub(super) fn refuse(&mut self, error: SourceError) {
        self.refused += 1;
        if self.refusals.len() < SHOWN_MAX {
            self.refusals.push(SourceError { text: None, ..error });
        }
    }
}

/// How far an import has come; read by whoever draws the progress.
#[derive(Debug, Default)]
pub struct Counters {
    entries: AtomicU64,
    refused: AtomicU64,
    posting: std::sync::atomic::AtomicBool,
}

impl Counters {
    /// Entries read in this pass.
    #[must_use]
    pub fn entries(&self) -> u64 {
        self.entries.load(Ordering::Relaxed)
    }

    /// Pieces refused in this pass.
    #[must_use]
    pub fn refused(&self) -> u64 {
        self.refused.load(Ordering::Relaxed)
    }

    /// Whether this pass posts, or only checks.
    #[must_use]
    pub fn is_posting(&self) -> bool {
        self.posting.load(Ordering::Relaxed)
    }

    pub(super) fn begin(&self, posting: bool) {
        self.entries.store(0, Ordering::Relaxed);
        self.refused.store(0, Ordering::Relaxed);
        self.posting.store(posting, Ordering::Relaxed);
    }

    pub(super) fn count_entries(&self, more: usize) {
        self.entries.fetch_add(more as u64, Ordering::Relaxed);
    }

    pub(super) fn count_refused(&self) {
        self.refused.fetch_add(1, Ordering::Relaxed);
    }
}
