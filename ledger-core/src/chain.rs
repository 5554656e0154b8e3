//! The chain of commits: what makes history tamper-evident.
//!
//! A commit is what one durable transaction appended. Its hash covers the hash before it, a canonical header
//! (organization, position, count, time, codec, ids, tree root) and the payload, so a changed byte, time,
//! order, count or organization changes every hash after it. The tree root in the header commits to every
//! event since the first ([`crate::merkle`]).
//!
//! Not here: reading and writing commits (the store), the bytes of events (`codec`).

use std::ops::Range;

use uuid::Uuid;

use crate::codec::{self, CodecError};
use crate::event::{Proposed, Recorded};
use crate::limits::{COMMIT_BYTES_TARGET, COMMIT_EVENTS_MAX};
use crate::merkle::{Frontier, Hash, leaf_hashes};
use crate::{Seq, Timestamp};

/// The fixed part of a commit, in the order in which it is hashed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommitHeader {
    /// The organization whose stream it extends.
    pub org: Uuid,
    /// Position of its first event.
    pub first_seq: Seq,
    /// Number of its events.
    pub event_count: u32,
    /// When it was recorded; never earlier than the commit before it.
    pub recorded_at: Timestamp,
    /// Version of the payload's layout.
    pub codec: u16,
    /// UUIDv7 from which its events' ids are derived.
    pub base_id: Uuid,
    /// Hash of the commit before it; of the organization itself for the first.
    pub prev_hash: Hash,
    /// Root of the Merkle tree over all events up to its last.
    pub tree_root: Hash,
}

/// A commit, ready to be stored or as it was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Commit {
    /// Header.
    pub header: CommitHeader,
    /// Hash of header and payload.
    pub hash: Hash,
    /// The encoded events, each preceded by its length.
    pub payload: Vec<u8>,
}

impl Commit {
    /// Position of its last event.
    #[must_use]
    pub fn last_seq(&self) -> Seq {
        self.header.first_seq.saturating_add(Seq::from(self.header.event_count)).saturating_sub(1)
    }

    /// Its events, decoded.
    ///
    /// # Errors
    /// [`CodecError`] with the position, where the payload is not what this version can read.
    pub fn events(&self) -> impl Iterator<Item = Result<Recorded, CodecError>> + '_ {
        codec::frames(&self.payload).enumerate().map(move |(index, frame)| {
            let index = u32::try_from(index).unwrap_or(u32::MAX);
            let seq = self.header.first_seq.saturating_add(Seq::from(index));
            codec::check_version(self.header.codec).map_err(|error| error.at(seq))?;
            let proposed = frame.and_then(codec::decode).map_err(|error| error.at(seq))?;
            Ok(self.recorded(index, proposed))
        })
    }

    fn recorded(&self, index: u32, proposed: Proposed) -> Recorded {
        Recorded {
            seq: self.header.first_seq.saturating_add(Seq::from(index)),
            id: event_id(self.header.base_id, index),
            recorded_at: self.header.recorded_at,
            actor: proposed.actor,
            correlation: proposed.correlation,
            causation: proposed.causation,
            event: proposed.event,
        }
    }
}

/// The identity of the event at `index` of a commit: the commit's UUIDv7 with its random low part advanced, so
/// that ids sort in stream order and nothing is written twice.
#[must_use]
pub fn event_id(base: Uuid, index: u32) -> Uuid {
    const RANDOM: u128 = (1 << 62) - 1;
    let base = base.as_u128();
    Uuid::from_u128((base & !RANDOM) | ((base & RANDOM).wrapping_add(u128::from(index)) & RANDOM))
}

/// The hash before an organization's first commit.
#[must_use]
pub fn genesis_hash(org: Uuid) -> Hash {
    let mut hasher = blake3::Hasher::new_derive_key("ledger 2026 genesis v1");
    hasher.update(org.as_bytes());
    *hasher.finalize().as_bytes()
}

/// The hash of a commit.
#[must_use]
pub fn commit_hash(header: &CommitHeader, payload: &[u8]) -> Hash {
    let mut hasher = blake3::Hasher::new_derive_key("ledger 2026 commit v1");
    hasher.update(&header.prev_hash);
    hasher.update(header.org.as_bytes());
    hasher.update(&header.first_seq.to_be_bytes());
    hasher.update(&header.event_count.to_be_bytes());
    hasher.update(&header.recorded_at.0.to_be_bytes());
    hasher.update(&header.codec.to_be_bytes());
    hasher.update(header.base_id.as_bytes());
    hasher.update(&header.tree_root);
    hasher.update(&(payload.len() as u64).to_be_bytes());
    hasher.update(payload);
    *hasher.finalize().as_bytes()
}

/// Where a stream ends: all that is needed to extend or to check it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tip {
    /// The organization.
    pub org: Uuid,
    /// Position of the last event; 0 before the first.
    pub seq: Seq,
    /// Hash of the last commit.
    pub hash: Hash,
    /// When the last commit was recorded.
    pub recorded_at: Timestamp,
    /// The Merkle tree over all events.
    pub tree: Frontier,
}

impl Tip {
    /// The end of an empty stream.
    #[must_use]
    pub fn genesis(org: Uuid) -> Self {
        Self { org, seq: 0, hash: genesis_hash(org), recorded_at: Timestamp(i64::MIN), tree: Frontier::default() }
    }

    /// Checks that a commit is the next one and moves past it.
    ///
    /// # Errors
    /// [`Broken`] says what does not fit; the tip is then unchanged.
    pub fn advance(&mut self, commit: &Commit) -> Result<(), Broken> {
        let header = &commit.header;
        if header.org != self.org {
            return Err(Broken::Organization { found: header.org });
        }
        let expected = self.seq.saturating_add(1);
        if header.first_seq != expected {
            return Err(Broken::Gap { expected, found: header.first_seq });
        }
        if header.prev_hash != self.hash {
            return Err(Broken::PreviousHash);
        }
        if commit_hash(header, &commit.payload) != commit.hash {
            return Err(Broken::Hash);
        }
        if header.recorded_at < self.recorded_at {
            return Err(Broken::TimeRunsBack);
        }
        if codec::check_version(header.codec).is_err() {
            return Err(Broken::Codec { found: header.codec });
        }
        let tree = self.grown(commit)?;
        *self = Self { org: self.org, seq: commit.last_seq(), hash: commit.hash, recorded_at: header.recorded_at, tree };
        Ok(())
    }

    fn grown(&self, commit: &Commit) -> Result<Frontier, Broken> {
        let broken = |found: usize| Broken::Frames { expected: commit.header.event_count, found: found as u64 };
        let mut frames = Vec::new();
        for frame in codec::frames(&commit.payload) {
            frames.push(frame.map_err(|_| broken(frames.len()))?);
        }
        if frames.is_empty() || frames.len() as u64 != u64::from(commit.header.event_count) {
            return Err(broken(frames.len()));
        }
        let mut tree = self.tree.clone();
        tree.extend(&leaf_hashes(frames.into_iter()));
        if tree.root() == commit.header.tree_root { Ok(tree) } else { Err(Broken::TreeRoot) }
    }
}

/// Why a commit is not the next one of a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Broken {
    /// It belongs to another organization.
    #[error("the commit belongs to organization {found}")]
    Organization {
        /// Whose it is.
        found: Uuid,
    },
    /// Events are missing, repeated or out of order.
    #[error("the commit should begin at seq {expected} but begins at {found}: a commit is missing, inserted or out of order")]
    Gap {
        /// The next position.
        expected: Seq,
        /// Where it begins.
        found: Seq,
    },
    /// It continues another history.
    #[error("the commit does not continue the one before it: its previous hash differs")]
    PreviousHash,
    /// Its bytes are not those that were hashed.
    #[error("the commit's header or payload was changed: its hash differs")]
    Hash,
    /// It was recorded before the one before it.
    #[error("the commit was recorded earlier than the one before it")]
    TimeRunsBack,
    /// Its payload is laid out in a way that this version does not know.
    #[error("the commit's payload has layout {found}, which this version cannot read; use a newer one")]
    Codec {
        /// Version of the layout.
        found: u16,
    },
    /// Its payload does not hold as many events as its header says.
    #[error("the commit's payload holds {found} whole events where its header says {expected}")]
    Frames {
        /// Of the header.
        expected: u32,
        /// Of the payload.
        found: u64,
    },
    /// Its events are not those of the tree.
    #[error("the commit's events do not give the tree root of its header")]
    TreeRoot,
}

/// A point to which a [`CommitBuilder`] can return.
#[derive(Clone, Copy, Debug)]
pub struct Mark {
    bytes: usize,
    events: usize,
}

/// Collects events into one commit.
#[derive(Clone, Debug, Default)]
pub struct CommitBuilder {
    payload: Vec<u8>,
    /// Where each event stands in the payload.
    frames: Vec<Range<usize>>,
}

impl CommitBuilder {
    /// Encodes an event at the end of the commit.
    ///
    /// # Errors
    /// [`CodecError`] when the event is larger than one may be; the commit is then unchanged.
    pub fn push(&mut self, event: &Proposed) -> Result<(), CodecError> {
        let frame = codec::append_frame(&mut self.payload, event)?;
        self.frames.push(frame);
        Ok(())
    }

    /// How far the commit has come, to return to.
    #[must_use]
    pub fn mark(&self) -> Mark {
        Mark { bytes: self.payload.len(), events: self.frames.len() }
    }

    /// Forgets what was pushed since.
    pub fn return_to(&mut self, mark: Mark) {
        self.payload.truncate(mark.bytes);
        self.frames.truncate(mark.events);
    }

    /// Number of events so far.
    #[must_use]
    pub fn len(&self) -> usize {
        self.frames.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.frames.is_empty()
    }

    /// Whether another `events` events should go into another commit.
    #[must_use]
    pub fn is_full_for(&self, events: usize) -> bool {
        self.len() + events > COMMIT_EVENTS_MAX || self.payload.len() >= COMMIT_BYTES_TARGET
    }

    /// Seals the commit after `tip`, moves `tip` past it, and leaves the builder empty.
    /// `now` is raised to the tip's time where a clock ran back.
    pub fn seal(&mut self, tip: &mut Tip, now: Timestamp, base_id: Uuid) -> Commit {
        let payload = std::mem::take(&mut self.payload);
        tip.tree.extend(&leaf_hashes(self.frames.drain(..).map(|frame| &payload[frame])));
        let event_count = u32::try_from(tip.tree.size() - tip.seq).unwrap_or(u32::MAX);
        let header = CommitHeader {
            org: tip.org,
            first_seq: tip.seq + 1,
            event_count,
            recorded_at: now.max(tip.recorded_at),
            codec: codec::VERSION,
            base_id,
            prev_hash: tip.hash,
            tree_root: tip.tree.root(),
        };
        let hash = commit_hash(&header, &payload);
        (tip.seq, tip.hash, tip.recorded_at) = (tip.tree.size(), hash, header.recorded_at);
        Commit { header, hash, payload }
    }
}
