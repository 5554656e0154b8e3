//! What must hold of the books after every crash.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use futures::TryStreamExt;
use ledger_core::{Event, Seq};
use ledger_projections::{catch_up, compare, projection};
use ledger_store::load::to_chain;
use ledger_store::verify::stored;
use ledger_store::{KeptHead, OrgStore};

use super::poster::{Answers, corrects, name};

/// Entries of one imported file.
pub(crate) const FILE_ENTRIES: usize = 16_000;

/// A stream as it was read so far: it is only read on from there, and a kept head proves that the rest is as it was.
#[derive(Default)]
pub(crate) struct Books {
    /// Last event read.
    seq: Seq,
    /// Where each entry is, by description; reversals by the entry they negate.
    entries: BTreeMap<String, Seq>,
    reversed: BTreeSet<Seq>,
    kept: Vec<KeptHead>,
}

impl Books {
    /// Reads on, and checks what holds of every history.
    pub(crate) async fn read_on(&mut self, org: &OrgStore) {
        let report = stored::verify(org, stored::Options { kept: self.kept.clone(), ..Default::default() }).await.unwrap();
        assert!(report.is_sound(), "{:#?}", report.findings);
        let mut commits = Box::pin(org.commits(self.seq + 1, None));
        while let Some(commit) = commits.try_next().await.unwrap() {
            for recorded in to_chain(org.org(), commit).events().map(Result::unwrap) {
                assert_eq!(recorded.seq, self.seq + 1, "no gap");
                self.seq = recorded.seq;
                match &recorded.event {
                    Event::EntryPosted(entry) => {
                        let doubled = self.entries.insert(entry.header().description.to_string(), recorded.seq);
                        assert_eq!(doubled, None, "{} is there twice", entry.header().description);
                    }
                    Event::EntryReversed { entry, .. } => {
                        assert!(self.reversed.insert(entry.header().reverses.unwrap()), "reversed twice");
                    }
                    _ => {}
                }
            }
        }
        self.kept = vec![report.end.unwrap()];
    }

    /// Every acknowledged command is where it was said to be, no number is left out, and at most one per poster is there
    /// without an answer. A correction is there whole or not at all.
    pub(crate) fn check_posts(&self, answers: &Answers, posters: u64) {
        for ((poster, n), answer) in answers {
            let name = name(*poster, *n);
            assert_eq!(self.entries.get(&name), Some(&answer.entry()), "{name} was acknowledged as {answer:?}");
        }
        for poster in 0..posters {
            let acknowledged = answers.range((poster, 0)..(poster + 1, 0)).count();
            let there = (0_u64..).take_while(|n| self.entries.contains_key(&name(poster, *n))).count();
            assert!((acknowledged..=acknowledged + 1).contains(&there), "poster {poster}: {acknowledged} answers, {there} entries");
            for n in (1..=there as u64).filter(|n| corrects(*n)) {
                let (original, replacement) = (self.entries[&name(poster, n - 1)], self.entries.get(&name(poster, n)));
                assert_eq!(self.reversed.contains(&original), replacement.is_some(), "correction {poster}-{n} is there in part");
            }
        }
        let counted: usize = (0..posters).map(|p| (0_u64..).take_while(|n| self.entries.contains_key(&name(p, *n))).count()).sum();
        assert_eq!(counted, self.entries.len(), "nothing else is there");
    }

    /// Of an imported file a beginning is there, in order; all of it when the import said that it was done.
    pub(crate) fn check_import(&self, file: usize, done: bool) -> usize {
        let places: Vec<Seq> = (0..FILE_ENTRIES).map_while(|entry| self.entries.get(&imported(file, entry)).copied()).collect();
        let there = (0..FILE_ENTRIES).filter(|entry| self.entries.contains_key(&imported(file, *entry))).count();
        assert_eq!(there, places.len(), "file {file}: what is there is a beginning of it");
        assert!(places.is_sorted(), "file {file}: in order");
        assert!(!done || there == FILE_ENTRIES, "file {file}: {there} entries though the import was done");
        there
    }

    pub(crate) fn entries(&self) -> usize {
        self.entries.len()
    }
}

/// The description of an entry of a file.
pub(crate) fn imported(file: usize, entry: usize) -> String {
    format!("file {file} entry {entry}")
}

/// Writes a file to import. Even ones bear external ids, odd ones do not.
pub(crate) fn write_file(path: &Path, file: usize) {
    let mut text = String::from("entry,date,account,amount,description\n");
    for entry in 0..FILE_ENTRIES {
        let (description, cents) = (imported(file, entry), entry % 90 + 10);
        for (account, sign) in [("cash", ""), ("sales", "-")] {
            text.push_str(&format!("{file}-{entry},2026-02-{:02},{account},{sign}0.{cents},{description}\n", entry % 28 + 1));
        }
    }
    std::fs::write(path, text).unwrap();
}

/// Projections catch up, and are then what a replay of history gives.
pub(crate) async fn check_read_models(org: &OrgStore) {
    let head = catch_up(org, |_| {}).await.unwrap();
    for projection in projection::all() {
        let differences = compare(org, projection.name(), |_| {}).await.unwrap();
        assert!(differences.is_empty() && differences.seq >= head, "{}: {differences:?}", projection.name());
    }
}
