//! Shared inputs of the benches: books of a small company, commands against them, and the events that follow.
//!
//! Here: what the hot paths do without a database. What a database adds is measured by `ledgerd bench`, beside
//! its floor.

#![expect(clippy::unwrap_used, reason = "a bench whose input is refused measures nothing")]

use chrono::NaiveDate;
use criterion::Criterion;
use ledger_core::book::Valuation;
use ledger_core::chain::{Commit, CommitBuilder, Tip};
use ledger_core::command::{CreateOrganization, DefineCommodity, OpenAccount, RecordRate};
use ledger_core::event::Proposed;
use ledger_core::{AccountType, Actor, Book, Command, Context, DraftEntry, DraftLine, RateType, Timestamp, Weight};
use rust_decimal::Decimal;
use uuid::Uuid;

/// The organization of all benches.
pub const ORG: Uuid = Uuid::from_u128(7);

/// Events of one commit of a bulk import.
pub const COMMIT_EVENTS: usize = 4_096;

/// Few samples over a short time: the whole suite runs in a minute, once it is built.
#[must_use]
pub fn quick() -> Criterion {
    Criterion::default()
        .sample_size(10)
        .warm_up_time(std::time::Duration::from_millis(300))
        .measurement_time(std::time::Duration::from_secs(1))
}

/// Books in USD with sixty accounts, a commodity of its own and a rate for EUR.
#[must_use]
pub fn books() -> (Book, Vec<Proposed>) {
    let mut commands = vec![
        Command::CreateOrganization(CreateOrganization {
            org: ORG,
            name: "Bench".into(),
            functional_currency: "USD".into(),
            functional_scale: None,
            valuation: Valuation::Required,
        }),
        Command::DefineCommodity(DefineCommodity { code: "SHARES".into(), scale: Some(4), name: "".into() }),
        Command::RecordRate(RecordRate {
            base: "EUR".into(),
            quote: "USD".into(),
            kind: RateType::Spot,
            date: day(),
            rate: Decimal::new(10_853, 4),
            source: "".into(),
        }),
    ];
    let kinds = AccountType::ALL.iter().cycle();
    commands.extend((0..60).zip(kinds).map(|(no, kind)| Command::OpenAccount(OpenAccount::new(&account(no), *kind))));
    let (mut book, actor) = (Book::default(), actor());
    let mut events = Vec::new();
    for command in &commands {
        events.extend(apply(&mut book, &actor, command));
    }
    (book, events)
}

/// Who acts in the benches.
#[must_use]
pub fn actor() -> Actor {
    Actor::system("bench")
}

/// Decides a command and folds what follows.
pub fn apply(book: &mut Book, actor: &Actor, command: &Command) -> Vec<Proposed> {
    let events = book.decide(command, &Context::new(actor)).unwrap();
    events.iter().for_each(|proposed| book.evolve(&proposed.event));
    events
}

/// The effective date of all entries.
#[must_use]
pub fn day() -> NaiveDate {
    NaiveDate::from_ymd_opt(2026, 1, 31).unwrap()
}

fn account(no: u64) -> String {
    format!("Assets:Department {:02}", no % 60)
}

fn amount(no: u64) -> Decimal {
    Decimal::new(i64::try_from(no % 999_983 + 1).unwrap(), 2)
}

/// An entry of two lines in the functional currency, which nearly all entries are.
#[must_use]
pub fn two_lines(no: u64) -> Command {
    post(vec![DraftLine::new(account(no).as_str(), amount(no), "USD"), DraftLine::new(account(no * 7 + 1).as_str(), -amount(no), "USD")])
}

/// An invoice in a foreign currency, valued by a recorded rate.
#[must_use]
pub fn foreign(no: u64) -> Command {
    let half = amount(no);
    post(vec![
        DraftLine::new(account(no).as_str(), half + half, "EUR"),
        DraftLine::new(account(no + 1).as_str(), -half, "EUR"),
        DraftLine::new(account(no + 2).as_str(), -half, "EUR"),
    ])
}

/// Shares bought at a cost, which gets two conversion lines.
#[must_use]
pub fn exchange(no: u64) -> Command {
    let mut bought = DraftLine::new(account(no).as_str(), Decimal::TEN, "SHARES");
    bought.weight = Some(Weight { amount: amount(no), currency: "USD".into() });
    post(vec![bought, DraftLine::new(account(no + 1).as_str(), -amount(no), "USD")])
}

/// An entry of as many lines as one may have.
#[must_use]
pub fn ten_thousand_lines() -> Command {
    let line = |no: u64| {
        let amount = if no.is_multiple_of(2) { Decimal::ONE } else { -Decimal::ONE };
        DraftLine::new(account(no).as_str(), amount, "USD")
    };
    post((0..10_000).map(line).collect())
}

fn post(lines: Vec<DraftLine>) -> Command {
    Command::PostEntry(DraftEntry::new(day(), "a journal entry", lines))
}

/// The events of `count` entries of two lines.
#[must_use]
pub fn posted(count: usize) -> Vec<Proposed> {
    let (mut book, _) = books();
    let actor = actor();
    (0..).take(count).flat_map(|no| apply(&mut book, &actor, &two_lines(no))).collect()
}

/// Events as one commit of a bulk import.
#[must_use]
pub fn commit(events: &[Proposed]) -> Commit {
    let mut builder = CommitBuilder::default();
    events.iter().for_each(|event| builder.push(event).unwrap());
    builder.seal(&mut Tip::genesis(ORG), Timestamp(0), Uuid::nil())
}
