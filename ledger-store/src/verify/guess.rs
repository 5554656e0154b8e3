//! What was changed in a commit whose hash does not hold: tries one field after the other at values that it may have
//! had, until the hash holds again. Only to tell people where to look; what it says is never needed to find a change.

use ledger_core::Seq;
use ledger_core::chain::{CommitHeader, commit_hash};
use ledger_core::merkle::Hash;
use uuid::Uuid;

use super::examine::Examined;

/// Bytes that may be hashed for guesses in one verification.
const BYTES_MAX: u64 = 1 << 30;
/// How far a commit's position may have been shifted to be recognized.
const SHIFT_MAX: u64 = 64;

pub(super) struct Guesser {
    org: Uuid,
    others: Vec<Uuid>,
    bytes_left: u64,
}

/// What is known where the commit stands.
pub(super) struct Known {
    /// Last event of the commit before it.
    pub(super) seq: Seq,
    /// That commit's hash.
    pub(super) hash: Hash,
    /// The hash of the one before that.
    pub(super) hash_before: Hash,
    /// Whether its events give the root in its header; `None` when the tree is not known here.
    pub(super) tree_holds: Option<bool>,
    /// The root with its events.
    pub(super) root: Option<Hash>,
}

impl Guesser {
    pub(super) fn new(org: Uuid, others: Vec<Uuid>) -> Self {
        Self { org, others, bytes_left: BYTES_MAX }
    }

    /// Whether the hash would hold if the header were different.
    pub(super) fn holds_with(&mut self, commit: &Examined, change: impl FnOnce(&mut CommitHeader)) -> bool {
        let Some(payload) = &commit.payload else { return false };
        let Some(left) = self.bytes_left.checked_sub(commit.bytes + 256) else { return false };
        self.bytes_left = left;
        let mut header = commit.header.clone();
        change(&mut header);
        commit_hash(&header, payload) == commit.hash
    }

    /// In words.
    pub(super) fn what_was_changed(&mut self, commit: &Examined, known: &Known) -> String {
        if self.holds_with(commit, |header| header.prev_hash = known.hash) {
            return "its previous hash was changed".to_owned();
        }
        if known.root.is_some_and(|root| self.holds_with(commit, |header| header.tree_root = root)) {
            return "its tree root was changed".to_owned();
        }
        if u32::try_from(commit.frames).is_ok_and(|frames| self.holds_with(commit, |header| header.event_count = frames)) {
            return "its event count was changed".to_owned();
        }
        if let Some(seq) = self.position(commit, known.seq) {
            return format!("its position was changed: it is the commit that began at seq {seq}");
        }
        if let Some(other) = self.organization(commit) {
            return format!("it belongs to organization {other} and was moved here");
        }
        if known.hash_before != known.hash && self.holds_with(commit, |header| header.prev_hash = known.hash_before) {
            return "its previous hash was changed, and it continues the commit before the last".to_owned();
        }
        match known.tree_holds {
            Some(true) => {
                "its header was changed (the recorded time, the id or the codec); its events are those of the tree root".to_owned()
            }
            Some(false) => "its payload was changed: the events are not those of the tree root either".to_owned(),
            None => "its header or payload was changed".to_owned(),
        }
    }

    /// The position at which its hash would hold; `after` is the last event before it.
    pub(super) fn position(&mut self, commit: &Examined, after: Seq) -> Option<Seq> {
        let here = commit.header.first_seq;
        let near = (1..=SHIFT_MAX).flat_map(|by| [here.saturating_sub(by), here.saturating_add(by)]);
        std::iter::once(after + 1)
            .chain(near)
            .filter(|seq| *seq > 0 && *seq != here)
            .find(|seq| self.holds_with(commit, |header| header.first_seq = *seq))
    }

    fn organization(&mut self, commit: &Examined) -> Option<Uuid> {
        let (others, own) = (std::mem::take(&mut self.others), self.org);
        let found =
            others.iter().copied().filter(|other| *other != own).find(|other| self.holds_with(commit, |header| header.org = *other));
        self.others = others;
        found
    }
}
