//! The whole of the core in one pass: commands to events to bytes to a chain, and back.

#![expect(clippy::unwrap_used, reason = "a test may stop at the first surprise")]
#![expect(clippy::disallowed_methods, clippy::disallowed_macros, reason = "the look at speed needs a clock and says what it found")]

use chrono::NaiveDate;
use ledger_core::book::Valuation;
use ledger_core::chain::{Commit, CommitBuilder, Tip};
use ledger_core::codec::snapshot;
use ledger_core::command::{CreateOrganization, OpenAccount};
use ledger_core::{AccountType, Actor, Book, Command, Context, DraftEntry, DraftLine, Timestamp};
use uuid::Uuid;

fn begin(org: Uuid) -> (Book, Vec<ledger_core::event::Proposed>) {
    let actor = Actor::system("test");
    let mut book = Book::default();
    let mut all = Vec::new();
    let create = CreateOrganization {
        org,
        name: "Test".into(),
        functional_currency: "USD".into(),
        functional_scale: None,
        valuation: Valuation::Required,
    };
    let open = |code, kind| Command::OpenAccount(OpenAccount::new(code, kind));
    for command in [Command::CreateOrganization(create), open("cash", AccountType::Asset), open("sales", AccountType::Revenue)] {
        let events = book.decide(&command, &Context::new(&actor)).unwrap();
        events.iter().for_each(|proposed| book.evolve(&proposed.event));
        all.extend(events);
    }
    (book, all)
}

fn sale(cents: i64) -> Command {
    let amount = rust_decimal::Decimal::new(cents, 2);
    let lines = vec![DraftLine::new("cash", amount, "USD"), DraftLine::new("sales", -amount, "USD")];
    Command::PostEntry(DraftEntry::new(NaiveDate::from_ymd_opt(2026, 1, 31).unwrap(), "a sale", lines))
}

#[test]
fn commands_become_a_chain_that_folds_back_to_the_same_book() {
    let org = Uuid::from_u128(7);
    let (mut book, mut events) = begin(org);
    let actor = Actor::system("test");
    for cents in 1..=500 {
        let decided = book.decide(&sale(cents), &Context::new(&actor)).unwrap();
        decided.iter().for_each(|proposed| book.evolve(&proposed.event));
        events.extend(decided);
    }
    let mut tip = Tip::genesis(org);
    let mut commits: Vec<Commit> = Vec::new();
    for chunk in events.chunks(64) {
        let mut builder = CommitBuilder::default();
        chunk.iter().for_each(|event| builder.push(event).unwrap());
        commits.push(builder.seal(&mut tip, Timestamp(1_000), Uuid::from_u128(99)));
    }
    let mut check = Tip::genesis(org);
    let mut folded = Book::default();
    for commit in &commits {
        check.advance(commit).unwrap();
        commit.events().for_each(|recorded| folded.evolve(&recorded.unwrap().event));
    }
    assert_eq!(check, tip);
    let bytes = snapshot::encode(&folded, &check).unwrap();
    assert_eq!(bytes, snapshot::encode(&book, &tip).unwrap());
    let (restored, restored_tip) = snapshot::decode(&bytes).unwrap();
    assert_eq!(snapshot::encode(&restored, &restored_tip).unwrap(), bytes);
}

/// Best and median of the times per event of chunks as large as a bulk commit; memory is reused as a writer does.
#[test]
#[ignore = "a quick look at speed: run with --release -- --ignored --nocapture"]
fn how_fast() {
    let org = Uuid::from_u128(7);
    let (mut book, _) = begin(org);
    let actor = Actor::system("test");
    let commands: Vec<_> = (1..=200_000).map(sale).collect();
    let mut tip = Tip::genesis(org);
    let mut times = [const { Vec::new() }; 4];
    for chunk in commands.chunks_exact(4096) {
        let mut lap = lap_timer(chunk.len());
        let mut decided = Vec::with_capacity(chunk.len());
        for command in chunk {
            let events = book.decide(command, &Context::new(&actor)).unwrap();
            events.iter().for_each(|proposed| book.evolve(&proposed.event));
            decided.extend(events);
        }
        times[0].push(lap());
        let mut builder = CommitBuilder::default();
        decided.iter().for_each(|event| builder.push(event).unwrap());
        times[1].push(lap());
        let commit = builder.seal(&mut tip, Timestamp(1_000), Uuid::from_u128(99));
        times[2].push(lap());
        assert_eq!(commit.events().filter(Result::is_ok).count(), decided.len());
        times[3].push(lap());
    }
    for (what, times) in ["decide+evolve", "encode+leaf", "seal", "decode"].iter().zip(&mut times) {
        times.sort_unstable();
        println!("{what}: best {} ns, median {} ns per event", times[0], times[times.len() / 2]);
    }
}

fn lap_timer(events: usize) -> impl FnMut() -> u128 {
    let mut started = std::time::Instant::now();
    move || {
        let elapsed = started.elapsed().as_nanos() / events as u128;
        started = std::time::Instant::now();
        elapsed
    }
}
