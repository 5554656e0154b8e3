//! Laws of the books, the chain and the fold, over random histories.

#![expect(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

mod events;
mod words;

use std::collections::BTreeMap;

use ledger_core::chain::{Commit, CommitBuilder, Tip, commit_hash};
use ledger_core::codec::snapshot;
use ledger_core::command::ReverseEntry;
use ledger_core::event::Proposed;
use ledger_core::{Book, Command, Timestamp};
use proptest::prelude::*;
use uuid::Uuid;
use words::{Ledger, check, draft};

const ORG: Uuid = Uuid::from_u128(1);

/// Books of a few months: one number chooses each entry.
fn history(choices: &[u32]) -> Ledger {
    let mut ledger = check(
        "org USD by-commodity
         open cash asset
         open bank asset
         open sales revenue
         commodity TOK 4
         rate EUR USD 1.1 2026-01-01
         bound cash TOK min=0",
    );
    for choice in choices {
        let (date, amount) = (format!("2026-{:02}-{:02}", choice % 5 + 1, choice / 5 % 28 + 1), choice % 997);
        let lines = match choice % 6 {
            0 => format!("cash {amount} USD | sales -{amount} USD"),
            1 => format!("cash {amount} EUR | sales -{amount} EUR"),
            2 => format!("cash {amount} TOK @@ {amount} USD | bank -{amount} USD"),
            3 => format!("bank {amount} EUR = {amount} | cash -1 USD | sales {} USD", 1 - i64::from(amount)),
            4 => format!("bank {amount} USD party p due 2026-12-31 | cash -{amount} USD"),
            _ => {
                let original = ledger.entries.get(*choice as usize % (ledger.entries.len() + 1)).copied().unwrap_or(0);
                drop(ledger.run(&Command::ReverseEntry(ReverseEntry { original, date: None, reason: "".into() })));
                continue;
            }
        };
        drop(ledger.run(&Command::PostEntry(draft(&date, None, None, &lines))));
    }
    ledger
}

fn choices() -> impl Strategy<Value = Vec<u32>> {
    prop::collection::vec(any::<u32>(), 1..40)
}

fn committed(events: &[Proposed], size: usize) -> (Vec<Commit>, Tip) {
    let mut tip = Tip::genesis(ORG);
    let commits = events.chunks(size).zip(1_u32..).map(|(chunk, no)| {
        let mut builder = CommitBuilder::default();
        chunk.iter().for_each(|event| builder.push(event).unwrap());
        builder.seal(&mut tip, Timestamp(i64::from(no) * 1_000), Uuid::from_u128(u128::from(no) << 64))
    });
    (commits.collect(), tip)
}

fn fold(mut book: Book, events: &[Proposed]) -> Book {
    events.iter().for_each(|proposed| book.evolve(&proposed.event));
    book
}

/// Everything that a book knows, as bytes.
fn bytes(book: &Book) -> Vec<u8> {
    let mut tip = Tip::genesis(book.org().unwrap());
    for _ in 0..book.seq() {
        tip.tree.push([0; 32]);
    }
    tip.seq = book.seq();
    snapshot::encode(book, &tip).unwrap()
}

/// What all accounts hold, without the rows that came back to nothing.
fn balances(book: &Book) -> BTreeMap<(u32, u16), (i128, i128)> {
    let accounts = book.accounts().iter();
    let rows = accounts.flat_map(|account| book.holdings(account.no).iter().map(move |held| (account.no.get(), held)));
    rows.map(|(no, held)| ((no, held.currency.get()), (held.units, held.functional))).filter(|(_, held)| *held != (0, 0)).collect()
}

/// What must not pass: a stream with something changed is found, at or before the place of the change.
fn found(commits: &[Commit]) -> bool {
    let mut tip = Tip::genesis(ORG);
    commits.iter().any(|commit| tip.advance(commit).is_err())
}

/// The same change with the commit's own hash made to fit, as a careful forger would.
fn resealed(mut commit: Commit) -> Commit {
    commit.hash = commit_hash(&commit.header, &commit.payload);
    commit
}

type Change = fn(&mut Commit);

const HEADER_CHANGES: [(&str, Change); 9] = [
    ("organization", |commit| commit.header.org = Uuid::from_u128(2)),
    ("position", |commit| commit.header.first_seq += 1),
    ("count up", |commit| commit.header.event_count += 1),
    ("count down", |commit| commit.header.event_count -= 1),
    ("time", |commit| commit.header.recorded_at.0 += 1),
    ("codec", |commit| commit.header.codec += 1),
    ("id", |commit| commit.header.base_id = Uuid::from_u128(commit.header.base_id.as_u128() ^ 1)),
    ("previous hash", |commit| commit.header.prev_hash[31] ^= 1),
    ("tree root", |commit| commit.header.tree_root[0] ^= 1),
];

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, ..ProptestConfig::default() })]

    /// I1 and I2, and with them the trial balance, at every position.
    #[test]
    fn every_entry_balances_and_so_do_the_books_at_every_seq(choices in choices()) {
        let ledger = history(&choices);
        let mut book = Book::default();
        for proposed in &ledger.events {
            if let Some(entry) = proposed.event.entry() {
                let mut sums = BTreeMap::<u16, i128>::new();
                entry.lines().iter().for_each(|line| *sums.entry(line.money.currency().get()).or_default() += line.money.units());
                prop_assert!(sums.values().all(|sum| *sum == 0), "I2: {:?}", entry);
                prop_assert_eq!(entry.lines().iter().filter_map(|line| line.functional).sum::<i128>(), 0, "I1");
            }
            book.evolve(&proposed.event);
            let mut sums = BTreeMap::<u16, i128>::new();
            balances(&book).into_iter().for_each(|((_, currency), (units, _))| *sums.entry(currency).or_default() += units);
            prop_assert!(sums.values().all(|sum| *sum == 0), "the trial balance at {}", book.seq());
            prop_assert_eq!(balances(&book).values().map(|(_, functional)| functional).sum::<i128>(), 0);
        }
    }

    #[test]
    fn reversing_twice_restores(choices in choices()) {
        let mut ledger = history(&choices);
        let before = balances(&ledger.book);
        let open = ledger.entries.iter().copied().find(|seq| ledger.book.reversed_by(*seq).is_none());
        let Some(original) = open else { return Ok(()) };
        let reverse = |original| Command::ReverseEntry(ReverseEntry { original, date: None, reason: "".into() });
        if ledger.run(&reverse(original)).is_ok() {
            let reversal = ledger.book.seq();
            ledger.run(&reverse(reversal)).unwrap();
            prop_assert_eq!(balances(&ledger.book), before);
            let again = ledger.history[&ledger.book.seq()].lines();
            prop_assert_eq!(again, ledger.history[&original].lines());
        }
    }

    #[test]
    fn folding_in_two_batches_is_folding_in_one(choices in choices(), at in any::<prop::sample::Index>()) {
        let events = history(&choices).events;
        let (first, second) = events.split_at(at.index(events.len()).max(3));
        let halfway = fold(Book::default(), first);
        let (restored, _) = snapshot::decode(&bytes(&halfway)).unwrap();
        let whole = bytes(&fold(Book::default(), &events));
        prop_assert_eq!(&bytes(&fold(halfway, second)), &whole);
        prop_assert_eq!(&bytes(&fold(restored, second)), &whole, "from a snapshot");
    }

    #[test]
    fn a_restored_book_decides_as_the_folded_one(choices in choices(), next in choices()) {
        let ledger = history(&choices);
        let (restored, _) = snapshot::decode(&bytes(&ledger.book)).unwrap();
        let mut other = Ledger { book: restored, events: Vec::new(), history: ledger.history.clone(), entries: ledger.entries.clone(), ..Ledger::default() };
        let mut ledger = ledger;
        for choice in next {
            let amount = choice % 7;
            let command = match choice % 2 {
                0 => Command::PostEntry(draft("2026-05-01", None, None, &format!("cash -{amount} TOK @@ -1 EUR | bank 1 EUR"))),
                _ => {
                    let original = ledger.entries.get(choice as usize % (ledger.entries.len() + 1)).copied().unwrap_or(0);
                    Command::ReverseEntry(ReverseEntry { original, date: None, reason: "".into() })
                }
            };
            prop_assert_eq!(ledger.run(&command), other.run(&command));
        }
    }

    #[test]
    fn commits_carry_the_events_and_prove_them(choices in choices(), size in 1_usize..20) {
        let events = history(&choices).events;
        let (commits, tip) = committed(&events, size);
        let mut check = Tip::genesis(ORG);
        let mut read = Vec::new();
        for commit in &commits {
            check.advance(commit).unwrap();
            read.extend(commit.events().map(Result::unwrap));
        }
        prop_assert_eq!(check, tip);
        prop_assert!(read.iter().zip(1..).all(|(recorded, seq)| recorded.seq == seq), "numbered without gaps");
        prop_assert!(read.windows(2).all(|pair| pair[0].id < pair[1].id), "ids sort in stream order");
        prop_assert_eq!(read.into_iter().map(|recorded| recorded.event).collect::<Vec<_>>(), events.into_iter().map(|e| e.event).collect::<Vec<_>>());
    }

    #[test]
    fn a_changed_byte_is_found(choices in choices(), at in any::<prop::sample::Index>(), bit in 0_u32..8) {
        let (mut commits, _) = committed(&history(&choices).events, 5);
        let which = at.index(commits.len());
        let payload = &mut commits[which].payload;
        let byte = at.index(payload.len());
        payload[byte] ^= 1 << bit;
        prop_assert!(found(&commits));
        commits[which] = resealed(commits[which].clone());
        prop_assert!(found(&commits), "even where the commit's own hash was made to fit");
    }

    #[test]
    fn commits_cannot_be_removed_swapped_repeated_or_inserted(choices in prop::collection::vec(any::<u32>(), 20..40)) {
        let (commits, tip) = committed(&history(&choices).events, 4);
        for at in 0..commits.len() {
            let changed = |change: &dyn Fn(&mut Vec<Commit>)| { let mut list = commits.clone(); change(&mut list); list };
            let last = at + 1 == commits.len();
            let shorter = changed(&|list| drop(list.remove(at)));
            if last {
                let mut kept = Tip::genesis(ORG);
                shorter.iter().for_each(|commit| kept.advance(commit).unwrap());
                prop_assert_ne!(&kept, &tip, "a cut tail is found against a kept head");
            } else {
                prop_assert!(found(&shorter));
                prop_assert!(found(&changed(&|list| list.swap(at, at + 1))));
            }
            prop_assert!(found(&changed(&|list| list.insert(at, commits[at].clone()))));
        }
    }
}

#[test]
fn every_field_of_a_header_is_protected() {
    let (commits, tip) = committed(&history(&[6, 12, 18, 24, 30, 36, 42, 48]).events, 4);
    assert!(!found(&commits));
    for (what, change) in HEADER_CHANGES {
        for at in 0..commits.len() {
            let mut changed = commits.clone();
            change(&mut changed[at]);
            assert!(found(&changed), "{what} of commit {at}");
            // A forger who also makes the hash fit is found at the next commit, or at the end by the kept head.
            changed[at] = resealed(changed[at].clone());
            let mut check = Tip::genesis(ORG);
            let passes = changed.iter().all(|commit| check.advance(commit).is_ok());
            assert!(!passes || check != tip, "{what} of commit {at}, with a hash that fits");
        }
    }
}

#[test]
fn a_payload_encoded_again_with_one_event_dropped_is_found() {
    let events = history(&[6, 12, 18, 24]).events;
    let (mut commits, _) = committed(&events, 4);
    let mut builder = CommitBuilder::default();
    events[..3].iter().for_each(|event| builder.push(event).unwrap());
    let forged = builder.seal(&mut Tip::genesis(ORG), commits[0].header.recorded_at, commits[0].header.base_id);
    commits[0] = forged;
    assert!(found(&commits));
}

#[test]
fn time_does_not_run_back_in_a_stream() {
    let events = history(&[6, 12, 18]).events;
    let mut tip = Tip::genesis(ORG);
    let mut seal = |event: &Proposed, now| {
        let mut builder = CommitBuilder::default();
        builder.push(event).unwrap();
        builder.seal(&mut tip, Timestamp(now), Uuid::nil())
    };
    let (first, second) = (seal(&events[0], 2_000), seal(&events[1], 1_000));
    assert_eq!((first.header.recorded_at, second.header.recorded_at), (Timestamp(2_000), Timestamp(2_000)));
}

#[test]
fn a_damaged_snapshot_is_refused() {
    let whole = bytes(&history(&[6, 13, 20]).book);
    snapshot::decode(&whole).unwrap();
    for at in 0..whole.len() {
        let mut damaged = whole.clone();
        damaged[at] ^= 1;
        assert!(snapshot::decode(&damaged).is_err(), "byte {at}");
        assert!(snapshot::decode(&whole[..at]).is_err(), "cut at {at}");
    }
}
