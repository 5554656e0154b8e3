//! Commit after commit, in order: whether each continues the one before it, and how to go on where it does not.
//!
//! Pure. After a break the state says what is still known: the chain goes on from the next commit as it is stored; tree
//! roots and numbers cannot be checked beyond a place where events are missing or changed.

use ledger_core::Book;
use ledger_core::chain::{Tip, genesis_hash};
use ledger_core::codec::{self, snapshot};
use ledger_core::merkle::{Frontier, Hash};
use ledger_core::{Seq, Timestamp};
use uuid::Uuid;

use super::examine::{Examined, Numbers};
use super::guess::{Guesser, Known};
use super::names::NameSum;
use super::{Beyond, Check, Finding, KeptHead, Report, short};

/// How far a recorded time may be from the time in the commit's id before that is remarked.
const CLOCKS_APART_MICROS: u64 = 10 * 60 * 1_000_000;

/// What to compare history with while it passes by.
#[derive(Clone, Debug, Default)]
pub(super) struct Against {
    /// Heads of this organization that were kept outside, in any order.
    pub(super) kept: Vec<KeptHead>,
    /// Positions of snapshots: their state is computed there.
    pub(super) snapshots: Vec<Seq>,
    /// Other organizations from which commits may have been moved.
    pub(super) others: Vec<Uuid>,
}

impl Against {
    pub(super) fn fold_to(&self) -> Seq {
        self.snapshots.iter().copied().max().unwrap_or(0)
    }
}

/// What is left when all commits have passed.
pub(super) struct Linked {
    pub(super) report: Report,
    /// External ids of all entries.
    pub(super) names: NameSum,
    /// First event, last event and time of each commit, where asked for.
    pub(super) places: Vec<Place>,
    /// The hash of the state at each snapshot's position that was reached on an unbroken history.
    pub(super) states: Vec<(Seq, Hash)>,
    /// Whether no events are missing or changed.
    pub(super) foldable: bool,
    /// Last event.
    pub(super) end_seq: Seq,
    /// Hash of the last commit as it is stored, or of the organization itself.
    pub(super) end_hash: Hash,
}

/// Where a commit stands.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    pub(super) first: Seq,
    pub(super) last: Seq,
    pub(super) recorded_at: Timestamp,
}

/// The sequence so far.
pub(super) struct Links {
    report: Report,
    against: Against,
    guesser: Guesser,
    /// Last event so far.
    seq: Seq,
    /// Hash of the last commit as it is stored.
    hash: Hash,
    /// The same of the commit before it.
    hash_before: Hash,
    /// Where the last commit stands.
    last: Option<Place>,
    recorded_at: Timestamp,
    /// The last commit's recomputed hash and tree root.
    end: Option<(Hash, Hash)>,
    /// `None` from where events are not those that were hashed.
    tree: Option<Frontier>,
    /// `None` from where events are missing.
    given: Option<[u64; 3]>,
    book: Option<Book>,
    kept_until: Seq,
    names: NameSum,
    places: Option<Vec<Place>>,
    states: Vec<(Seq, Hash)>,
}

impl Links {
    pub(super) fn new(org: Uuid, mut against: Against, keep_places: bool) -> Self {
        against.kept.sort_by_key(|head| head.seq);
        against.snapshots.sort_unstable();
        let report = Report {
            org,
            commits: 0,
            events: 0,
            entries: 0,
            bytes: 0,
            from: None,
            end: None,
            beyond: Beyond::default(),
            findings: Vec::new(),
            unlisted: 0,
        };
        let genesis = genesis_hash(org);
        Self {
            report,
            guesser: Guesser::new(org, against.others.clone()),
            against,
            seq: 0,
            hash: genesis,
            hash_before: genesis,
            last: None,
            recorded_at: Timestamp(i64::MIN),
            end: None,
            tree: Some(Frontier::default()),
            given: Some([0; 3]),
            book: Some(Book::default()),
            kept_until: 0,
            names: NameSum::default(),
            places: keep_places.then(Vec::new),
            states: Vec::new(),
        }
    }

    pub(super) fn events(&self) -> u64 {
        self.report.events
    }

    /// The next commit by position.
    pub(super) fn take(&mut self, mut commit: Examined) {
        let (first, last) = (commit.header.first_seq, commit.last_seq());
        self.report.commits += 1;
        self.report.events += commit.frames;
        self.report.entries += commit.entries;
        self.report.bytes += commit.bytes;
        self.report.from = self.report.from.or(Some(commit.header.recorded_at));
        self.names.join(commit.names);
        let place = Place { first, last, recorded_at: commit.header.recorded_at };
        if let Some(places) = &mut self.places {
            places.push(place);
        }
        self.contents(&commit);
        if first <= self.seq {
            return self.intruder(&commit);
        }
        let gap = first > self.seq + 1;
        if gap {
            self.gap(&commit);
        } else if commit.header.prev_hash != self.hash {
            self.broken_link(&commit);
        }
        let tree_holds = self.grow(&commit);
        if commit.hash_holds() {
            if tree_holds == Some(false) && commit.frames == u64::from(commit.header.event_count) {
                let detail = "the events are not those that the tree root in the header commits to; the hash was recomputed".to_owned();
                self.find(Check::TreeRoot, first, last, detail);
            }
        } else {
            let root = self.tree.as_ref().map(Frontier::root);
            let known = Known { seq: self.seq, hash: self.hash, hash_before: self.hash_before, tree_holds, root };
            let detail = self.guesser.what_was_changed(&commit, &known);
            self.find(Check::Hash, first, last, detail);
        }
        if tree_holds == Some(false) {
            self.tree = None;
        }
        self.time(&commit);
        self.numbers(&commit);
        self.kept(&commit);
        (self.hash_before, self.hash, self.seq) = (self.hash, commit.hash, last);
        (self.last, self.end) = (Some(place), Some((commit.computed, commit.header.tree_root)));
        self.fold(&mut commit);
    }

    /// What can be said of its events wherever it stands.
    fn contents(&mut self, commit: &Examined) {
        let (first, last) = (commit.header.first_seq, commit.last_seq());
        let expected = u64::from(commit.header.event_count);
        if commit.header.codec != codec::VERSION {
            let detail = format!("the payload has layout {}, which this version cannot read: use a newer one", commit.header.codec);
            self.find(Check::Event, first, last, detail);
        }
        if commit.frames != expected || commit.cut_off || expected == 0 {
            let cut = if commit.cut_off { " and is then cut off" } else { "" };
            self.find(
                Check::Count,
                first,
                last,
                format!("the payload holds {} whole events{cut}, the header says {expected}", commit.frames),
            );
        }
        for (seq, problem) in &commit.unreadable {
            self.find_event(Check::Event, *seq, problem.clone());
        }
        for seq in &commit.forward {
            self.find_event(Check::Reference, *seq, "the entry reverses or corrects one that does not come before it".to_owned());
        }
    }

    /// A commit at a position that other commits hold already.
    fn intruder(&mut self, commit: &Examined) {
        let (first, last) = (commit.header.first_seq, commit.last_seq());
        let own = match self.guesser.position(commit, self.seq) {
            Some(seq) => format!("it is the commit that began at seq {seq}"),
            None if commit.hash_holds() => "its own hash holds".to_owned(),
            None => "its own hash does not hold either".to_owned(),
        };
        let detail = format!("a second commit for events that others hold already, up to seq {}: {own}", self.seq);
        self.find(Check::Inserted, first, last, detail);
    }

    fn gap(&mut self, commit: &Examined) {
        let continues = if commit.header.prev_hash == self.hash {
            "; yet the commit after them continues the one before them"
        } else {
            ", and the commit that the next one continues is not here"
        };
        let (from, to) = (self.seq + 1, commit.header.first_seq - 1);
        self.find(Check::Missing, from, to, format!("{} events are missing{continues}", to - from + 1));
        self.lose_events();
    }

    /// The commit does not continue the one before it.
    fn broken_link(&mut self, commit: &Examined) {
        let (first, last) = (commit.header.first_seq, commit.last_seq());
        let Some(before) = self.last else {
            if commit.hash_holds() {
                let detail = "the first commit does not begin this organization's history: its previous hash differs".to_owned();
                self.find(Check::Chain, first, last, detail);
            }
            return;
        };
        let computed = self.end.map(|(computed, _)| computed);
        if Some(commit.header.prev_hash) == computed {
            return self.only_the_stored_hash_was_changed(before);
        }
        if commit.header.prev_hash == self.hash_before {
            let detail = format!("the commit after it (from seq {first}) continues the one before it: it was inserted, or moved here");
            return self.find(Check::Inserted, before.first, before.last, detail);
        }
        if !commit.hash_holds() || computed != Some(self.hash) {
            return; // the hash check of the one or the other tells
        }
        let detail = format!(
            "the commit after it (from seq {first}) continues another one ({} instead of {}): it was changed and its hash recomputed, or it stands in another's place",
            short(&commit.header.prev_hash),
            short(&self.hash)
        );
        self.find(Check::Chain, before.first, before.last, detail);
    }

    fn only_the_stored_hash_was_changed(&mut self, before: Place) {
        let told = self.report.findings.iter_mut().rev().take(8).find(|known| known.check == Check::Hash && known.last_seq == before.last);
        if let Some(told) = told.filter(|told| told.commits == 1) {
            told.detail = "its stored hash was changed; the commit after it continues it as it is".to_owned();
        }
    }

    /// Adds the events to the tree; `None` when the tree is not known here.
    fn grow(&mut self, commit: &Examined) -> Option<bool> {
        let tree = self.tree.as_mut()?;
        let fits = commit.subtrees.iter().all(|subtree| tree.push_subtree(*subtree)) && tree.size() == commit.last_seq();
        Some(fits && tree.root() == commit.header.tree_root)
    }

    fn time(&mut self, commit: &Examined) {
        let (first, last, at) = (commit.header.first_seq, commit.last_seq(), commit.header.recorded_at);
        if at < self.recorded_at {
            let detail = format!(
                "it was recorded earlier than the commit before it, by {} seconds",
                self.recorded_at.0.saturating_sub(at.0) / 1_000_000
            );
            return self.find(Check::Time, first, last, detail); // later ones are compared with the latest time
        }
        // A time is the clock's, or that of the commit before it where the clock ran back; the id was made with the same clock.
        if at != self.recorded_at
            && let Some(made) = time_of(commit.header.base_id)
            && made.abs_diff(at.0) > CLOCKS_APART_MICROS
        {
            let detail = format!("its recorded time is {} minutes away from the time in its id", made.abs_diff(at.0) / 60_000_000);
            self.find(Check::Clock, first, last, detail);
        }
        self.recorded_at = at;
    }

    fn numbers(&mut self, commit: &Examined) {
        for (seq, org) in &commit.begun {
            if *seq != 1 || *org != self.report.org {
                self.find_event(Check::Reference, *seq, format!("the books of organization {org} begin here"));
            }
        }
        if commit.header.first_seq == 1 && commit.begun.first().is_none_or(|(seq, _)| *seq != 1) {
            self.find_event(Check::Reference, 1, "the first event does not begin the organization's books".to_owned());
        }
        if !commit.unreadable.is_empty() || commit.cut_off {
            self.given = None;
        }
        let Some(mut given) = self.given else { return };
        let all = [("account", &commit.accounts), ("commodity", &commit.commodities), ("actor", &commit.actors)];
        for ((what, numbers), given) in all.into_iter().zip(&mut given) {
            self.numbering(what, numbers, *given);
            *given += numbers.given;
        }
        self.given = Some(given);
    }

    fn numbering(&mut self, what: &str, numbers: &Numbers, given: u64) {
        let disorder = numbers.disorder.or(numbers.starts.filter(|(_, before)| *before != given).map(|(seq, _)| seq));
        if let Some(seq) = disorder {
            self.find_event(Check::Reference, seq, format!("the {what} that is new here does not have the next number"));
        }
        if let Some((seq, before)) = numbers.needs
            && before > given
            && disorder.is_none()
        {
            self.find_event(Check::Reference, seq, format!("it refers to a {what} that does not exist yet"));
        }
    }

    fn kept(&mut self, commit: &Examined) {
        let last = commit.last_seq();
        while let Some(head) = self.against.kept.first()
            && head.seq <= last
        {
            let head = self.against.kept.remove(0);
            self.report.beyond.kept_heads += 1;
            let same_root = head.tree_root.is_none_or(|root| root == commit.header.tree_root);
            if head.seq == last && head.hash == commit.computed && same_root {
                self.kept_until = last;
                continue;
            }
            let detail = if head.seq == last {
                format!(
                    "history up to seq {last} is not the one that was kept: hash {} instead of {}",
                    short(&commit.computed),
                    short(&head.hash)
                )
            } else {
                format!("a commit ended at seq {} when its head was kept, and none does now", head.seq)
            };
            self.find_range(Check::KeptHead, self.kept_until + 1, head.seq, detail);
        }
    }

    fn fold(&mut self, commit: &mut Examined) {
        let Some(book) = &mut self.book else { return };
        if self.seq > self.against.fold_to() && commit.header.first_seq > self.against.fold_to() {
            return;
        }
        commit.events.drain(..).for_each(|event| book.evolve(&event));
        if !self.against.snapshots.contains(&self.seq) {
            return;
        }
        let Some(tree) = &self.tree else { return };
        let tip = Tip { org: self.report.org, seq: self.seq, hash: self.hash, recorded_at: commit.header.recorded_at, tree: tree.clone() };
        if let Ok(state) = snapshot::encode(book, &tip) {
            self.states.push((self.seq, *blake3::hash(&state).as_bytes()));
        }
    }

    fn lose_events(&mut self) {
        (self.tree, self.given, self.book) = (None, None, None);
    }

    /// No more commits.
    pub(super) fn finish(mut self) -> Linked {
        for head in std::mem::take(&mut self.against.kept) {
            self.report.beyond.kept_heads += 1;
            let detail =
                format!("history ends at seq {}, and reached seq {} when its head was kept: its tail was cut off", self.seq, head.seq);
            self.find_range(Check::KeptHead, self.seq.max(self.kept_until) + 1, head.seq, detail);
        }
        if let (Some((hash, tree_root)), Some(last)) = (self.end, self.last) {
            let (org, recorded_at) = (Some(self.report.org), Some(last.recorded_at));
            self.report.end = Some(KeptHead { org, seq: self.seq, hash, tree_root: Some(tree_root), recorded_at });
        }
        let foldable = self.tree.is_some() && self.book.is_some();
        Linked {
            report: self.report,
            names: self.names,
            places: self.places.unwrap_or_default(),
            states: self.states,
            foldable,
            end_seq: self.seq,
            end_hash: self.hash,
        }
    }

    fn find_event(&mut self, check: Check, seq: Seq, detail: String) {
        self.report.add(Finding { check, first_seq: seq, last_seq: seq, commits: 0, detail });
    }

    fn find_range(&mut self, check: Check, first_seq: Seq, last_seq: Seq, detail: String) {
        self.report.add(Finding { check, first_seq, last_seq, commits: 0, detail });
    }

    /// About a commit. The same in a row is one finding.
    fn find(&mut self, check: Check, first_seq: Seq, last_seq: Seq, detail: String) {
        let joined = self.report.findings.iter_mut().rev().take(8).find(|known| known.check == check && known.last_seq + 1 == first_seq);
        match joined {
            Some(known) if known.commits > 0 => {
                known.last_seq = last_seq;
                known.commits += 1;
            }
            _ => self.report.add(Finding { check, first_seq, last_seq, commits: 1, detail }),
        }
    }
}

/// Microseconds since 1970 that a UUIDv7 was made at.
fn time_of(id: Uuid) -> Option<i64> {
    if id.get_version_num() != 7 {
        return None;
    }
    let (seconds, nanos) = id.get_timestamp()?.to_unix();
    i64::try_from(seconds).ok()?.checked_mul(1_000_000)?.checked_add(i64::from(nanos / 1_000))
}
