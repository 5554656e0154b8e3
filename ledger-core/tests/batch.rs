//! Several entries as one command: the same events as one after the other, or none.

#![expect(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

use ledger_core::command::{CreateOrganization, OpenAccount, RegisterParty};
use ledger_core::draft::DraftDetail;
use ledger_core::event::Proposed;
use ledger_core::limits::BATCH_ENTRIES_MAX;
use ledger_core::{AccountRef, AccountType, Actor, Book, Command, Context, DraftEntry, DraftLine, Event, PartyKind, Rejection, Side};
use rust_decimal::Decimal;

struct Books {
    book: Book,
    actor: Actor,
}

impl Books {
    fn new() -> Self {
        let mut books = Self { book: Book::default(), actor: Actor::user("u") };
        books.take(Command::CreateOrganization(CreateOrganization {
            org: uuid::Uuid::from_u128(1),
            name: "Books".into(),
            functional_currency: "USD".into(),
            functional_scale: None,
            valuation: ledger_core::book::Valuation::Required,
        }));
        for (code, kind) in [("cash", AccountType::Asset), ("ar", AccountType::Asset), ("sales", AccountType::Revenue)] {
            books.take(Command::OpenAccount(OpenAccount::new(code, kind)));
        }
        books.take(Command::DesignateControl { account: AccountRef::from("ar"), side: Side::Receivable });
        books.take(Command::RegisterParty(Box::new(RegisterParty::new("C", PartyKind::Customer))));
        books.take(Command::SetBalanceCondition {
            account: AccountRef::from("cash"),
            currency: "USD".into(),
            min: Some(Decimal::ZERO),
            max: None,
        });
        books
    }

    fn decide(&self, command: &Command) -> Result<Vec<Event>, Rejection> {
        let proposed: Vec<Proposed> = self.book.decide(command, &Context::new(&self.actor))?;
        Ok(proposed.into_iter().map(|proposed| proposed.event).collect())
    }

    fn take(&mut self, command: Command) -> Vec<Event> {
        let events = self.decide(&command).unwrap();
        events.iter().for_each(|event| self.book.evolve(event));
        events
    }

    /// What decides entries as a batch decides them one after the other.
    fn same(&self, entries: &[DraftEntry]) -> Result<Vec<Event>, (usize, Rejection)> {
        let mut one_by_one = Self { book: self.book.clone(), actor: self.actor.clone() };
        let mut events = Vec::new();
        for (index, entry) in entries.iter().enumerate() {
            let decided = one_by_one.decide(&Command::PostEntry(entry.clone())).map_err(|rejection| (index, rejection))?;
            decided.iter().for_each(|event| one_by_one.book.evolve(event));
            events.extend(decided);
        }
        Ok(events)
    }
}

fn entry(debit: (&str, i64, &str), credit: (&str, i64, &str)) -> DraftEntry {
    let line = |(account, units, currency): (&str, i64, &str)| {
        let mut line = DraftLine::new(account, Decimal::new(units, 2), currency);
        if currency != "USD" {
            line.functional = Some(Decimal::new(units * 2, 2));
        }
        line
    };
    DraftEntry::new("2026-01-05".parse().unwrap(), "", vec![line(debit), line((credit.0, -credit.1, credit.2))])
}

/// A line on the control account that names a document.
fn owed(mut entry: DraftEntry, line: usize, document: &str) -> DraftEntry {
    let detail = DraftDetail { party: Some("C".into()), document: Some(document.into()), ..DraftDetail::default() };
    entry.lines[line].detail = Some(Box::new(detail));
    entry
}

#[test]
fn a_batch_leads_to_the_events_of_its_entries_one_by_one() {
    let books = Books::new();
    let cases: Vec<Vec<DraftEntry>> = vec![
        vec![],
        vec![entry(("cash", 100, "USD"), ("sales", 100, "USD"))],
        // The second is only allowed because of the first.
        vec![entry(("cash", 100, "USD"), ("sales", 100, "USD")), entry(("sales", 100, "USD"), ("cash", 100, "USD"))],
        // A currency and its conversion account are defined once, by the first that uses them.
        vec![
            entry(("cash", 100, "EUR"), ("sales", 200, "USD")),
            entry(("cash", 100, "EUR"), ("sales", 200, "USD")),
            entry(("cash", 100, "GBP"), ("sales", 100, "EUR")),
        ],
        // What the first leaves open, the second settles by name.
        vec![
            owed(entry(("ar", 100, "USD"), ("sales", 100, "USD")), 0, "I1"),
            owed(entry(("cash", 100, "USD"), ("ar", 100, "USD")), 1, "I1"),
            entry(("sales", 30, "USD"), ("cash", 30, "USD")),
        ],
        vec![
            owed(entry(("ar", 100, "EUR"), ("sales", 100, "EUR")), 0, "I1"),
            owed(entry(("cash", 60, "EUR"), ("ar", 60, "EUR")), 1, "I1"),
            owed(entry(("cash", 40, "EUR"), ("ar", 40, "EUR")), 1, "I1"),
        ],
        // Refused: the third would overdraw what the first two left.
        vec![
            entry(("cash", 100, "USD"), ("sales", 100, "USD")),
            entry(("sales", 60, "USD"), ("cash", 60, "USD")),
            entry(("sales", 41, "USD"), ("cash", 41, "USD")),
        ],
        vec![entry(("cash", 100, "USD"), ("nowhere", 100, "USD"))],
        vec![entry(("cash", 100, "USD"), ("sales", 100, "USD")), entry(("cash", 100, "USD"), ("sales", 99, "USD"))],
    ];
    for entries in cases {
        let found = books.decide(&Command::PostEntries(entries.clone()));
        let expected = books.same(&entries).map_err(|(index, rejection)| Rejection::InBatch { index, rejection: Box::new(rejection) });
        assert_eq!(found, expected, "{entries:?}");
    }
}

#[test]
fn a_refusal_says_which_entry_and_why() {
    let books = Books::new();
    let entries = vec![entry(("cash", 1, "USD"), ("sales", 1, "USD")), entry(("cash", 1, "USD"), ("sales", 2, "USD"))];
    let refused = books.decide(&Command::PostEntries(entries)).unwrap_err();
    assert_eq!(refused.code(), "IN_BATCH");
    assert!(refused.to_string().starts_with("entry 1 of the batch: debits 0.01"), "{refused}");
}

#[test]
fn an_external_id_is_there_once_in_a_batch() {
    let books = Books::new();
    let mut one = entry(("cash", 1, "USD"), ("sales", 1, "USD"));
    one.external_id = Some("x".into());
    let Err(Rejection::InBatch { index, rejection }) = books.decide(&Command::PostEntries(vec![one.clone(), one])) else { panic!() };
    assert_eq!((index, rejection.code()), (1, "EXTERNAL_ID_TAKEN"));
}

#[test]
fn a_batch_has_a_limit_and_sums_that_it_opens_must_fit() {
    let books = Books::new();
    let small = entry(("cash", 1, "USD"), ("sales", 1, "USD"));
    assert_eq!(books.decide(&Command::PostEntries(vec![small.clone(); BATCH_ENTRIES_MAX])).unwrap().len(), BATCH_ENTRIES_MAX);
    let refused = books.decide(&Command::PostEntries(vec![small; BATCH_ENTRIES_MAX + 1])).unwrap_err();
    assert_eq!(refused.code(), "LIMIT_EXCEEDED");
    // The conversion account of the euro is opened by the batch itself; eleven such amounts do not fit into a balance.
    let most = Decimal::from_i128_with_scale(10_i128.pow(27) - 1, 2);
    let mut huge = entry(("cash", 1, "EUR"), ("sales", 1, "USD"));
    (huge.lines[0].amount, huge.lines[0].functional) = (most, Some(Decimal::ONE));
    huge.lines[1].amount = -Decimal::ONE;
    let mut back = huge.clone();
    back.lines[0].account = AccountRef::from("sales");
    let Err(Rejection::InBatch { index, rejection }) = books.decide(&Command::PostEntries(vec![huge; 11])) else { panic!() };
    assert_eq!((index, rejection.code()), (10, "BALANCE_TOO_LARGE"));
    let mut spread: Vec<DraftEntry> = vec![back; 10];
    let mut other = spread[0].clone();
    other.lines[0].account = AccountRef::from("cash");
    spread.push(other);
    let Err(Rejection::InBatch { index, rejection }) = books.decide(&Command::PostEntries(spread)) else { panic!() };
    assert_eq!((index, rejection.code()), (10, "AMOUNT_TOO_LARGE"));
}
