//! Events as the API shows them: decoded, with names instead of numbers, and the hashes that prove them.
//!
//! History is read in pages of commits and decoded a few events at a time, so that a reader of any speed needs little
//! memory. Who waits for what comes next belongs in `routes/sse`.

use std::collections::VecDeque;

use bytes::Bytes;
use ledger_core::chain::{CommitHeader, event_id};
use ledger_core::event::Recorded;
use ledger_core::merkle::leaf_hash;
use ledger_core::{Book, Seq, codec};
use ledger_store::load::LoadError;
use ledger_store::{OrgStore, StoredCommit};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

use super::books::Books;
use super::shown::{ActorShown, actor_shown};
use crate::cli::events::Decoder;
use crate::cli::moment::show_time;
use crate::http::problem::Problem;

/// Bytes of payload that are read at once.
const PAGE_BYTES: u64 = 256 << 10;

/// A fact of history. What is in `body` depends on the type.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct EventShown {
    /// Its number: 1, 2, 3 … without gaps within the organization.
    pub seq: u64,
    /// Its id.
    pub id: Uuid,
    /// When it was recorded (UTC, to the microsecond); never earlier than the event before.
    #[schema(format = DateTime)]
    pub recorded_at: String,
    /// The day on which its entry counts; null for events that move nothing.
    #[schema(format = Date)]
    pub effective_date: Option<String>,
    /// Who recorded it.
    pub actor: ActorShown,
    /// The request or conversation that it belongs to.
    pub correlation: Option<Uuid>,
    /// The event that it follows from.
    pub causation: Option<u64>,
    /// What happened.
    #[serde(rename = "type")]
    #[schema(example = "EntryPosted")]
    pub kind: String,
    /// What happened, in detail: codes instead of numbers, amounts as decimal strings, debit positive.
    #[schema(value_type = Object)]
    pub body: Value,
    /// Hash of its bytes as a leaf of the tree over all events, in hexadecimal.
    pub leaf_hash: String,
    /// Hash of the commit that made it durable, in hexadecimal.
    pub commit_hash: String,
    /// The commit, with its last event only: the tree's root holds for all events up to this one.
    pub commit: Option<CommitShown>,
}

/// What one durable transaction appended.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct CommitShown {
    /// The first of its events.
    pub first_seq: u64,
    /// How many there are.
    pub event_count: u32,
    /// Layout of its bytes.
    pub codec: u16,
    /// Hash of the commit before it, in hexadecimal.
    pub prev_hash: String,
    /// Root of the Merkle tree over all events from the first to its last, in hexadecimal.
    pub tree_root: String,
    /// Its hash, in hexadecimal.
    pub hash: String,
}

/// A hash in hexadecimal.
#[must_use]
pub fn hex(hash: &[u8; 32]) -> String {
    blake3::Hash::from_bytes(*hash).to_hex().to_string()
}

/// Reads events one after another, up to an event or to wherever the stream ends when it is asked.
pub struct EventReader {
    org: OrgStore,
    after: Seq,
    until: Option<Seq>,
    commits: VecDeque<StoredCommit>,
    open: Option<Opened>,
}

/// A commit that is being read.
struct Opened {
    header: CommitHeader,
    hash: [u8; 32],
    frames: VecDeque<Bytes>,
    next: u32,
}

impl EventReader {
    /// A reader of the events after `after`.
    #[must_use]
    pub fn new(org: OrgStore, after: Seq, until: Option<Seq>) -> Self {
        Self { org, after, until, commits: VecDeque::new(), open: None }
    }

    /// The last event that was read.
    #[must_use]
    pub fn at(&self) -> Seq {
        self.after
    }

    /// Whether everything was read that there was when it was asked for last.
    #[must_use]
    pub fn is_at_end(&self) -> bool {
        (self.open.is_none() && self.commits.is_empty()) || self.until.is_some_and(|until| self.after >= until)
    }

    /// The next events, at most `limit`; empty where there are none for now.
    ///
    /// # Errors
    /// 503 when the database is away: asking again goes on where it was.
    pub async fn next(&mut self, books: &Books, limit: usize) -> Result<Vec<EventShown>, Problem> {
        if self.until.is_some_and(|until| self.after >= until) {
            return Ok(Vec::new());
        }
        if self.open.is_none() && self.commits.is_empty() {
            self.commits = self.org.commits_after(self.after, PAGE_BYTES).await?.into();
            if self.commits.is_empty() {
                return Ok(Vec::new());
            }
        }
        // Names are as of the head, which holds everything that was read; a name once given never changes its meaning.
        let book = books.latest(&self.org).await?;
        let mut found = Vec::new();
        while found.len() < limit && self.until.is_none_or(|until| self.after < until) {
            let Some(event) = self.step(&book)? else { break };
            found.extend(event);
        }
        Ok(found)
    }

    /// The next event of what was read; `Some(None)` where one was left out, `None` at the end of it.
    fn step(&mut self, book: &Book) -> Result<Option<Option<EventShown>>, Problem> {
        let Some(opened) = &mut self.open else {
            let Some(commit) = self.commits.pop_front() else { return Ok(None) };
            self.open = Some(Opened::new(&self.org, commit)?);
            return Ok(Some(None));
        };
        let Some(frame) = opened.frames.pop_front() else {
            self.open = None;
            return Ok(Some(None));
        };
        let index = opened.next;
        opened.next += 1;
        let seq = opened.header.first_seq + Seq::from(index);
        if seq <= self.after {
            return Ok(Some(None)); // the reader began in the middle of a commit
        }
        let shown = opened.shown(book, index, &frame).map_err(|source| LoadError::Codec { org: self.org.org(), source })?;
        self.after = seq;
        Ok(Some(Some(shown)))
    }
}

impl Opened {
    fn new(org: &OrgStore, commit: StoredCommit) -> Result<Self, Problem> {
        let commit = ledger_store::load::to_chain(org.org(), commit);
        let payload = Bytes::from(commit.payload);
        let damaged = |source| Problem::from(LoadError::Codec { org: org.org(), source });
        let frames = codec::frames(&payload).map(|frame| frame.map(|frame| payload.slice_ref(frame)));
        let frames = frames.collect::<Result<_, _>>().map_err(damaged)?;
        Ok(Self { header: commit.header, hash: commit.hash, frames, next: 0 })
    }

    fn shown(&self, book: &Book, index: u32, frame: &[u8]) -> Result<EventShown, codec::CodecError> {
        let header = &self.header;
        let seq = header.first_seq + Seq::from(index);
        codec::check_version(header.codec).map_err(|error| error.at(seq))?;
        let proposed = codec::decode(frame).map_err(|error| error.at(seq))?;
        let recorded = Recorded {
            seq,
            id: event_id(header.base_id, index),
            recorded_at: header.recorded_at,
            actor: proposed.actor,
            correlation: proposed.correlation,
            causation: proposed.causation,
            event: proposed.event,
        };
        let is_last = index + 1 == header.event_count;
        Ok(EventShown {
            leaf_hash: hex(&leaf_hash(frame)),
            commit_hash: hex(&self.hash),
            commit: is_last.then(|| commit_shown(header, &self.hash)),
            ..event_shown(book, &recorded)
        })
    }
}

/// An event without its hashes.
fn event_shown(book: &Book, recorded: &Recorded) -> EventShown {
    EventShown {
        seq: recorded.seq,
        id: recorded.id,
        recorded_at: show_time(recorded.recorded_at),
        effective_date: recorded.event.entry().map(|entry| entry.effective_date().to_string()),
        actor: actor_shown(book, recorded.actor),
        correlation: recorded.correlation,
        causation: recorded.causation,
        kind: recorded.event.type_name().to_owned(),
        body: Decoder::new(book).body(&recorded.event),
        leaf_hash: String::new(),
        commit_hash: String::new(),
        commit: None,
    }
}

/// A commit as it is shown.
#[must_use]
pub fn commit_shown(header: &CommitHeader, hash: &[u8; 32]) -> CommitShown {
    CommitShown {
        first_seq: header.first_seq,
        event_count: header.event_count,
        codec: header.codec,
        prev_hash: hex(&header.prev_hash),
        tree_root: hex(&header.tree_root),
        hash: hex(hash),
    }
}
