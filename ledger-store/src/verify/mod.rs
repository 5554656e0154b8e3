//! Is this the history that was written? Reads every commit again and says where and in what it is not.
//!
//! Checked: positions without gaps, the hash chain, times, event counts, the Merkle root in every header, every event
//! decoded with its balance laws, numbers that events refer to; and beyond the stream itself its head row,
//! idempotency keys, external ids, snapshots, and heads that were kept outside. Only a head kept outside can
//! tell that a whole tail was cut off, or rewritten by somebody who recomputed every hash.
//!
//! A break does not end the work: it is located, and what can still be checked after it is. [`stored`] verifies what
//! is in the database, [`mod@file`] an archive without any; [`pipeline`] is what they share. Read models are
//! compared with history by `ledger-projections`.

mod examine;
pub mod file;
mod guess;
mod links;
mod names;
mod pipeline;
pub mod stored;

use std::fmt;

use ledger_core::merkle::Hash;
use ledger_core::{Seq, Timestamp};
use uuid::Uuid;

pub use crate::kept::KeptHead;
pub use pipeline::Interrupted;

/// Findings that are listed; further ones are counted.
pub const FINDINGS_MAX: usize = 1_000;

/// What was found not to hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Check {
    /// The archive is cut off or is none.
    Archive,
    /// Events are missing.
    Missing,
    /// A commit stands where there is no place for it.
    Inserted,
    /// A commit is not the one that the next one continues.
    Chain,
    /// A commit's bytes are not those that were hashed.
    Hash,
    /// A commit was recorded before the one before it.
    Time,
    /// A commit holds more or fewer events than its header says.
    Count,
    /// Events are not those that the Merkle root in the header commits to.
    TreeRoot,
    /// An event cannot be read, or does not balance.
    Event,
    /// An event refers to something that is not there.
    Reference,
    /// The stream's head row is not where the stream ends.
    Head,
    /// History is not the one whose head was kept.
    KeptHead,
    /// An idempotency key does not name events that are there.
    Key,
    /// External ids and entries do not agree.
    ExternalId,
    /// A snapshot is not what history gives.
    Snapshot,
    /// A recorded time is far from the time in the commit's id. Clocks do that too, so this is a remark.
    Clock,
}

impl Check {
    /// A stable name for programs.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Archive => "archive",
            Self::Missing => "missing",
            Self::Inserted => "inserted",
            Self::Chain => "chain",
            Self::Hash => "hash",
            Self::Time => "time",
            Self::Count => "count",
            Self::TreeRoot => "tree-root",
            Self::Event => "event",
            Self::Reference => "reference",
            Self::Head => "head",
            Self::KeptHead => "kept-head",
            Self::Key => "key",
            Self::ExternalId => "external-id",
            Self::Snapshot => "snapshot",
            Self::Clock => "clock",
        }
    }

    /// Whether it is only worth a look, and does not mean that history was changed.
    #[must_use]
    pub const fn is_remark(self) -> bool {
        matches!(self, Self::Clock)
    }
}

impl fmt::Display for Check {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Something that does not hold, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// What.
    pub check: Check,
    /// First event concerned.
    pub first_seq: Seq,
    /// Last event concerned.
    pub last_seq: Seq,
    /// Commits in a row that it was found in; 0 where it is not about commits.
    pub commits: u64,
    /// What was expected and found, for people; of the first commit when there are several.
    pub detail: String,
}

/// How much was checked beyond the commits themselves; `None` where there was nothing to check it against.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Beyond {
    /// Heads kept outside.
    pub kept_heads: u64,
    /// Whether the head row was compared.
    pub head: bool,
    /// Idempotency keys.
    pub keys: Option<u64>,
    /// External ids.
    pub external_ids: Option<u64>,
    /// Snapshots compared with the fold.
    pub snapshots: Option<u64>,
}

/// What a verification saw.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// Whose history.
    pub org: Uuid,
    /// Commits read.
    pub commits: u64,
    /// Events read.
    pub events: u64,
    /// Journal entries among them.
    pub entries: u64,
    /// Bytes of their payloads.
    pub bytes: u64,
    /// When the first commit was recorded.
    pub from: Option<Timestamp>,
    /// Where the history that was read ends; `None` when there is none.
    pub end: Option<KeptHead>,
    /// What else was checked.
    pub beyond: Beyond,
    /// What does not hold, in the order of finding.
    pub findings: Vec<Finding>,
    /// Findings beyond [`FINDINGS_MAX`].
    pub unlisted: u64,
}

impl Report {
    /// Whether everything holds; remarks aside.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        self.unlisted == 0 && self.findings.iter().all(|finding| finding.check.is_remark())
    }

    pub(crate) fn add(&mut self, finding: Finding) {
        if self.findings.len() < FINDINGS_MAX {
            self.findings.push(finding);
        } else {
            self.unlisted += 1;
        }
    }
}

/// The first digits of a hash, for messages.
pub(crate) fn short(hash: &Hash) -> String {
    hash.iter().take(6).map(|byte| format!("{byte:02x}")).collect::<String>() + "…"
}
