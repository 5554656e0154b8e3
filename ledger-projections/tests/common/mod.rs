//! Books for the projections' tests: commands decided by the core, appended in commits of the test's choice.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]
#![allow(dead_code, unreachable_pub, clippy::allow_attributes, reason = "each test file uses its part")]

use std::collections::BTreeMap;

use chrono::{Days, NaiveDate};
use ledger_core::book::Valuation;
use ledger_core::chain::{CommitBuilder, Tip};
use ledger_core::command::{ChangeAccount, CorrectEntry, CreateOrganization, DefineCommodity, OpenAccount, ReverseEntry};
use ledger_core::draft::{AccountRef, DraftDetail, DraftRate, Weight};
use ledger_core::event::Proposed;
use ledger_core::{
    AccountType, Actor, BalancedEntry, Book, Command, Context, DraftEntry, DraftLine, EntryKind, RateType, Seq, SubType, Text, Timestamp,
};
use ledger_store::load::from_chain;
use ledger_store::testing::{TestDatabase, database};
use ledger_store::{Creation, OrgId, OrgStore, Organization, Store};
use rust_decimal::Decimal;
use uuid::Uuid;

/// When the first commit is recorded; each later one a second after the one before.
pub const BEGAN: Timestamp = Timestamp(1_700_000_000_123_457);

/// One organization's books, and the stream they are appended to.
pub struct World {
    database: Option<TestDatabase>,
    pub store: Store,
    pub org: OrgStore,
    pub book: Book,
    pub tip: Tip,
    entries: BTreeMap<Seq, BalancedEntry>,
    pending: Vec<Proposed>,
    clock: Timestamp,
}

/// Books in USD with a small chart, in a database of their own.
pub async fn world(valuation: Valuation) -> World {
    let database = database().await;
    let store = database.store().await;
    world_in(database, store, "acme", valuation).await
}

/// Further books in the same database.
pub async fn world_in(database: TestDatabase, store: Store, slug: &str, valuation: Valuation) -> World {
    World { database: Some(database), ..begin(store, slug, valuation).await }
}

/// Books in a database that somebody else looks after.
pub async fn world_of(store: Store, valuation: Valuation) -> World {
    begin(store, "acme", valuation).await
}

async fn begin(store: Store, slug: &str, valuation: Valuation) -> World {
    let id = Uuid::now_v7();
    let tip = Tip::genesis(id);
    let organization = Organization {
        org: OrgId(id),
        slug: slug.to_owned(),
        name: slug.to_owned(),
        functional_currency: "USD".to_owned(),
        valuation: valuation.as_str().to_owned(),
        created_at: BEGAN,
    };
    assert_eq!(store.create_organization(&organization, tip.hash).await.unwrap(), Creation::Created);
    let org = store.for_org(OrgId(id));
    let mut world =
        World { database: None, store, org, book: Book::default(), tip, entries: BTreeMap::new(), pending: Vec::new(), clock: BEGAN };
    let create = CreateOrganization { org: id, name: slug.into(), functional_currency: "USD".into(), functional_scale: None, valuation };
    world.decide(Command::CreateOrganization(create));
    for (code, kind, sub_type) in ACCOUNTS {
        world.decide(Command::OpenAccount(OpenAccount { sub_type, ..OpenAccount::new(code, kind) }));
    }
    for (code, scale) in [("EUR", None), ("JPY", None), ("HOURS", Some(2))] {
        world.decide(Command::DefineCommodity(DefineCommodity { code: code.into(), scale, name: Text::default() }));
    }
    world.commit().await;
    world
}

pub const ACCOUNTS: [(&str, AccountType, SubType); 6] = [
    ("1000", AccountType::Asset, SubType::Bank),
    ("1100", AccountType::Asset, SubType::Receivable),
    ("2000", AccountType::Liability, SubType::Payable),
    ("3000", AccountType::Equity, SubType::RetainedEarnings),
    ("4000", AccountType::Revenue, SubType::General),
    ("5000", AccountType::Expense, SubType::General),
];

impl World {
    /// The database of the test.
    pub fn database(&self) -> &TestDatabase {
        self.database.as_ref().unwrap()
    }

    /// As [`World::decide`], without remembering the entry for a reversal.
    pub fn decide_and_forget(&mut self, command: Command) {
        self.decide(command);
        self.entries.clear();
    }

    /// Decides and folds a command; its events wait for the next commit. Answers the position of the last event.
    pub fn decide(&mut self, command: Command) -> Seq {
        let actor = Actor::user("tester");
        let context = Context { history: &self.entries, soft_closed: true, ..Context::new(&actor) };
        let proposed = self.book.decide(&command, &context).unwrap_or_else(|rejection| panic!("{command:?}: {rejection}"));
        for event in proposed {
            self.book.evolve(&event.event);
            if let Some(entry) = event.event.entry() {
                self.entries.insert(self.book.seq(), entry.clone());
            }
            self.pending.push(event);
        }
        self.book.seq()
    }

    /// As [`World::decide`], for a command that may be refused. Answers whether it was taken.
    pub fn attempt(&mut self, command: Command) -> bool {
        let actor = Actor::user("tester");
        let context = Context { history: &self.entries, soft_closed: true, ..Context::new(&actor) };
        if self.book.decide(&command, &context).is_err() {
            return false;
        }
        self.decide(command);
        true
    }

    /// Something that happened, whoever decided it. Answers its position.
    pub fn happened(&mut self, event: ledger_core::Event) -> Seq {
        self.book.evolve(&event);
        self.pending.push(Proposed { actor: ledger_core::ActorNo(1), correlation: None, causation: None, event });
        self.book.seq()
    }

    /// Appends what was decided since.
    pub async fn commit(&mut self) {
        self.commit_only(usize::MAX).await;
    }

    /// Appends the next `events` of what was decided.
    pub async fn commit_only(&mut self, events: usize) {
        let mut builder = CommitBuilder::default();
        let events = events.min(self.pending.len());
        for event in self.pending.drain(..events) {
            builder.push(&event).unwrap();
        }
        if builder.is_empty() {
            return;
        }
        let expected = self.tip.seq;
        self.clock = Timestamp(self.clock.0 + 1_000_000);
        let commit = builder.seal(&mut self.tip, self.clock, Uuid::now_v7());
        self.org.append_commit(&from_chain(commit), expected, &[], &[]).await.unwrap();
    }

    /// Events that wait for a commit.
    pub fn waiting(&self) -> usize {
        self.pending.len()
    }

    /// Decides a random command of everyday life, closing and correcting included.
    pub fn something_happens(&mut self, dice: &mut Dice) {
        match dice.below(100) {
            0..3 => {
                let code = format!("9{:03}", self.book.accounts().len());
                let parent = dice.chance(2).then(|| AccountRef::from("5000"));
                self.decide(Command::OpenAccount(OpenAccount { parent, ..OpenAccount::new(&code, AccountType::Expense) }));
            }
            3..6 => {
                let account = AccountRef::from(ACCOUNTS[dice.index(ACCOUNTS.len())].0);
                let name = Some(Text::from(format!("renamed at {}", self.book.seq())));
                self.decide(Command::ChangeAccount(ChangeAccount { account, name, sub_type: None, parent: None }));
            }
            6..12 => self.take_back(dice, false),
            12..15 => self.take_back(dice, true),
            15..18 => {
                let entry = DraftEntry { kind: EntryKind::Closing, ..self.some_entry(dice) };
                self.decide(Command::PostEntry(entry));
            }
            _ => {
                let entry = self.some_entry(dice);
                self.decide(Command::PostEntry(entry));
            }
        }
    }

    fn take_back(&mut self, dice: &mut Dice, replace: bool) {
        let open: Vec<Seq> = self
            .entries
            .iter()
            .filter(|(seq, entry)| entry.header().reverses.is_none() && self.book.reversed_by(**seq).is_none())
            .map(|(seq, _)| *seq)
            .collect();
        if open.is_empty() {
            return;
        }
        let reverse = ReverseEntry { original: open[dice.index(open.len())], date: None, reason: "a mistake".into() };
        if replace {
            let replacement = self.some_entry(dice);
            self.decide(Command::CorrectEntry(Box::new(CorrectEntry { reverse, replacement })));
        } else {
            self.decide(Command::ReverseEntry(reverse));
        }
    }

    fn some_entry(&self, dice: &mut Dice) -> DraftEntry {
        let accounts = self.book.accounts();
        let account = |dice: &mut Dice| AccountRef::No(accounts[dice.index(ACCOUNTS.len())].no);
        let (debit, credit) = (account(dice), account(dice));
        let amount = Decimal::new(i64::try_from(dice.below(1_000_000)).unwrap() + 1, 2);
        let mut lines = match dice.below(10) {
            0..2 => foreign(dice, debit, credit, "EUR", amount),
            2 => foreign(dice, debit, credit, "JPY", amount.trunc() + Decimal::ONE),
            3 if self.book.valuation() == Valuation::ByCommodity => {
                vec![DraftLine::new(debit, amount, "HOURS"), DraftLine::new(credit, -amount, "HOURS")]
            }
            _ => vec![DraftLine::new(debit, amount, "USD"), DraftLine::new(credit, -amount, "USD")],
        };
        if dice.chance(4) {
            let detail = DraftDetail {
                party: Some("Müller & Söhne".into()),
                document: Some(format!("INV-{}", dice.below(1000)).into()),
                due_date: Some(day(dice.below(800))),
                tags: vec![("department".into(), "sales".into()), ("note".into(), "a \"quoted\" \\ one".into())],
                memo: Some("two\nlines".into()),
                ..lines[0].detail.as_deref().cloned().unwrap_or_default()
            };
            lines[0].detail = Some(Box::new(detail));
        }
        let tags = if dice.chance(5) { vec![("department".into(), "all".into()), ("project".into(), "x".into())] } else { Vec::new() };
        DraftEntry { tags, ..DraftEntry::new(day(dice.below(800)), "something was bought", lines) }
    }
}

/// An amount in a foreign currency that was paid in USD.
fn foreign(dice: &mut Dice, debit: AccountRef, credit: AccountRef, currency: &str, amount: Decimal) -> Vec<DraftLine> {
    let rate = Decimal::new(i64::try_from(dice.below(200)).unwrap() + 50, 2);
    let worth = (amount * rate).round_dp(2);
    let quoted = DraftRate { rate, quote: "USD".into(), kind: RateType::Spot, date: None, source: "test".into() };
    let bought = DraftLine {
        weight: Some(Weight { amount: worth, currency: "USD".into() }),
        detail: Some(Box::new(DraftDetail { rate: Some(quoted), ..DraftDetail::default() })),
        ..DraftLine::new(debit, amount, currency)
    };
    vec![bought, DraftLine::new(credit, -worth, "USD")]
}

/// A day of the years that the tests play in.
pub fn day(n: u64) -> NaiveDate {
    NaiveDate::from_ymd_opt(2023, 11, 20).unwrap() + Days::new(n)
}

/// A plain sale in USD.
pub fn sale(date: NaiveDate, cents: i64) -> Command {
    let amount = Decimal::new(cents, 2);
    let lines = vec![DraftLine::new("1000", amount, "USD"), DraftLine::new("4000", -amount, "USD")];
    Command::PostEntry(DraftEntry::new(date, "a sale", lines))
}

/// Repeatable chance.
pub struct Dice(u64);

impl Dice {
    /// Dice that fall alike for the same seed, which is printed for whoever has to repeat a failure.
    pub fn new(seed: u64) -> Self {
        println!("seed {seed}");
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    pub fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }

    pub fn index(&mut self, len: usize) -> usize {
        usize::try_from(self.below(u64::try_from(len).unwrap())).unwrap()
    }

    pub fn chance(&mut self, one_in: u64) -> bool {
        self.below(one_in) == 0
    }
}
