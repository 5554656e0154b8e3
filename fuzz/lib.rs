//! What the targets share: posting whatever an importer hands over into fresh books.
//!
//! Run one with `cargo fuzz run codec fuzz/corpus/codec fuzz/seeds/codec` (`--sanitizer none` on stable Rust).
//! Seeds are small files in `seeds/`; what fuzzing finds goes to `corpus/`, which is not kept.

use std::collections::BTreeMap;

use ledger_api::import::run::infer;
use ledger_api::import::source::{Collected, Item, Recording};
use ledger_core::book::Valuation;
use ledger_core::codec::{decode, encode};
use ledger_core::command::{CreateOrganization, DefineCommodity, OpenAccount, RecordRate, RegisterParty};
use ledger_core::{AccountRef, Actor, Book, Command, Context, DraftEntry};
use uuid::Uuid;

/// Posts every item into books that are kept by commodity. What is refused is refused; what is accepted must
/// leave the books in balance, and its events must be readable.
pub fn post_all(found: Collected) {
    for item in &found.items {
        if let Item::Entry(entry) = item {
            assert!(entry.line_places.is_empty() || entry.line_places.len() == entry.draft.lines.len(), "one place for each line");
        }
    }
    let mut books = Books::begin();
    for item in found.items {
        match item {
            Item::Commodity(decl) => {
                let name = decl.name.unwrap_or_default();
                books.run(&Command::DefineCommodity(DefineCommodity { code: decl.code, scale: decl.scale, name }));
            }
            Item::Account(decl) => books.open(&decl.code),
            Item::Rate(decl) => books.run(&Command::RecordRate(RecordRate {
                base: decl.base,
                quote: decl.quote,
                kind: decl.kind,
                date: decl.date,
                rate: decl.rate,
                source: "".into(),
            })),
            Item::Party(decl) => books.run(&Command::RegisterParty(Box::new(RegisterParty::new(&decl.code, decl.kind)))),
            Item::Control(decl) => {
                books.run(&Command::DesignateControl { account: AccountRef::Code(decl.code), side: decl.side });
            }
            Item::Entry(entry) => books.post(entry.draft),
            Item::Document(document) => match document.recording {
                Recording::Document(draft) => books.run(&Command::RecordDocument(Box::new(draft))),
                Recording::Payment(payment) => books.run(&Command::RecordPayment(Box::new(payment))),
            },
        }
    }
    books.assert_in_balance();
}

struct Books {
    book: Book,
    actor: Actor,
}

impl Books {
    fn begin() -> Self {
        let mut books = Self { book: Book::default(), actor: Actor::system("fuzz") };
        books.run(&Command::CreateOrganization(CreateOrganization {
            org: Uuid::from_u128(1),
            name: "Fuzz".into(),
            functional_currency: "USD".into(),
            functional_scale: None,
            valuation: Valuation::ByCommodity,
        }));
        books
    }

    fn open(&mut self, code: &str) {
        let (kind, _) = infer(code);
        self.run(&Command::OpenAccount(OpenAccount::new(code, kind)));
    }

    fn post(&mut self, draft: DraftEntry) {
        for line in &draft.lines {
            if let AccountRef::Code(code) = &line.account
                && self.book.account_by_code(code).is_none()
            {
                self.open(code);
            }
            let codes = [Some(&line.currency), line.weight.as_ref().map(|weight| &weight.currency)];
            for code in codes.into_iter().flatten() {
                if self.book.commodity_by_code(code).is_none() {
                    self.run(&Command::DefineCommodity(DefineCommodity { code: code.clone(), scale: None, name: "".into() }));
                }
            }
        }
        self.run(&Command::PostEntry(draft));
    }

    fn run(&mut self, command: &Command) {
        match self.book.decide(command, &Context::new(&self.actor)) {
            Ok(events) => {
                for proposed in &events {
                    let bytes = encode(proposed).expect("what is decided can be written");
                    assert!(decode(&bytes).as_ref() == Ok(proposed), "what is written can be read");
                    self.book.evolve(&proposed.event);
                }
            }
            Err(rejection) => assert!(!rejection.to_string().is_empty() && !rejection.hint().is_empty()),
        }
    }

    fn assert_in_balance(&self) {
        let mut sums = BTreeMap::<_, i128>::new();
        let mut functional = 0;
        for holding in self.book.accounts().iter().flat_map(|account| self.book.holdings(account.no)) {
            *sums.entry(holding.currency).or_default() += holding.units;
            functional += holding.functional;
        }
        assert!(sums.values().all(|sum| *sum == 0) && functional == 0, "the trial balance is zero");
    }
}
