//! Histories that the core decided, appended to a stream in commits of any size, so that a read model meets the events of
//! one command in several batches.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use ledger_core::chain::{CommitBuilder, Tip};
use ledger_core::command::ReverseEntry;
use ledger_core::{BalancedEntry, Command, Event, Seq, Timestamp};
use ledger_projections::projection::by_name;
use ledger_projections::{catch_up_with, compare, rebuild};
use ledger_store::load::from_chain;
use ledger_store::testing::{TestDatabase, database};
use ledger_store::{Creation, OrgId, OrgStore, Organization};
use rust_decimal::Decimal;
use uuid::Uuid;

use crate::words::random::{Dice, begin, step};
use crate::words::{Ledger, attempt};

/// When the first commit is recorded; each later one a second after the one before.
const BEGAN: Timestamp = Timestamp(1_700_000_000_123_457);

/// What random histories begin with.
pub(crate) const SEEDS: [u64; 3] = [24, 85, 20_261_121];

/// A stream that a ledger's events are appended to.
pub(crate) struct Shelf {
    database: TestDatabase,
    pub(crate) org: OrgStore,
    tip: Tip,
    appended: usize,
    clock: Timestamp,
}

impl Shelf {
    /// An empty stream of the organization that the words' books are of.
    pub(crate) async fn new() -> Self {
        let database = database().await;
        let store = database.store().await;
        let id = Uuid::from_u128(1);
        let tip = Tip::genesis(id);
        let organization = Organization {
            org: OrgId(id),
            slug: "acme".to_owned(),
            name: "acme".to_owned(),
            functional_currency: "USD".to_owned(),
            valuation: "required".to_owned(),
            created_at: BEGAN,
        };
        assert_eq!(store.create_organization(&organization, tip.hash).await.unwrap(), Creation::Created);
        let org = store.for_org(OrgId(id));
        Self { database, org, tip, appended: 0, clock: BEGAN }
    }

    /// Appends the next events, at most so many.
    async fn append(&mut self, ledger: &Ledger, events: usize) {
        let next = &ledger.events[self.appended..];
        let next = &next[..events.min(next.len())];
        let mut builder = CommitBuilder::default();
        next.iter().for_each(|event| builder.push(event).unwrap());
        if builder.is_empty() {
            return;
        }
        let expected = self.tip.seq;
        self.clock = Timestamp(self.clock.0 + 1_000_000);
        let commit = builder.seal(&mut self.tip, self.clock, Uuid::now_v7());
        self.org.append_commit(&from_chain(commit), expected, &[], &[]).await.unwrap();
        self.appended += next.len();
    }

    /// Appends everything in commits of a few events and brings the projection up to date now and then.
    pub(crate) async fn take(&mut self, ledger: &Ledger, projection: &str, dice: &mut Dice) {
        while self.appended < ledger.events.len() {
            self.append(ledger, 1 + usize::try_from(dice.below(40)).unwrap()).await;
            if dice.below(2) == 0 {
                self.catch_up(projection).await;
            }
        }
        self.catch_up(projection).await;
    }

    pub(crate) async fn catch_up(&self, projection: &str) {
        catch_up_with(&self.org, &by_name(projection).unwrap(), |_| ()).await.unwrap();
    }

    /// Live rows are what history gives; so are those of a rebuild. Answers how many there are.
    pub(crate) async fn assert_as_history(&self, projection: &str) -> u64 {
        let live = compare(&self.org, projection, |_| ()).await.unwrap();
        assert_eq!((live.count, &live.first), (0, &vec![]), "live");
        rebuild(&self.org, &by_name(projection).unwrap(), |_| ()).await.unwrap();
        let rebuilt = compare(&self.org, projection, |_| ()).await.unwrap();
        assert_eq!((rebuilt.count, &rebuilt.first), (0, &vec![]), "rebuilt");
        assert_eq!(live.rows, rebuilt.rows);
        live.rows
    }

    /// A connection of somebody who may see and change everything.
    pub(crate) async fn admin(&self) -> sqlx::PgConnection {
        sqlx::ConnectOptions::connect(&self.database.admin_options()).await.unwrap()
    }

    /// Each edit of a stored row is found, in its table.
    pub(crate) async fn assert_edits_are_found(&self, projection: &str, edits: &[(&str, &str)]) {
        let mut admin = self.admin().await;
        for (table, edit) in edits {
            assert!(sqlx::query(sqlx::AssertSqlSafe(*edit)).execute(&mut admin).await.unwrap().rows_affected() > 0, "{edit}");
            let found = compare(&self.org, projection, |_| ()).await.unwrap();
            assert!(found.first.iter().any(|difference| difference.table == *table), "{edit}: {:?}", found.first);
            rebuild(&self.org, &by_name(projection).unwrap(), |_| ()).await.unwrap();
            assert_eq!(compare(&self.org, projection, |_| ()).await.unwrap().count, 0, "after {edit}");
        }
    }
}

/// A random history with reversals of any entry, reversals of reversals among them.
pub(crate) fn history(dice: &mut Dice, steps: usize) -> Ledger {
    let mut ledger = begin();
    for _ in 0..steps {
        if dice.below(12) == 0 {
            let all: Vec<Seq> = ledger.history.keys().copied().collect();
            if let Some(original) = all.get(usize::try_from(dice.below(all.len().max(1) as u64)).unwrap()) {
                let reverse = ReverseEntry { original: *original, date: None, reason: "a mistake".into() };
                drop(ledger.run(&Command::ReverseEntry(reverse)));
            }
        } else {
            drop(attempt(&mut ledger, &step(dice)));
        }
    }
    ledger
}

/// Where an event stands, and what it says.
pub(crate) fn events(ledger: &Ledger) -> impl Iterator<Item = (Seq, &Event)> {
    (1..).zip(ledger.events.iter().map(|proposed| &proposed.event))
}

/// Amount and value by currency, in minor units.
pub(crate) type Sums = BTreeMap<String, (i128, i128)>;

/// What entries put on accounts, debit positive, as far as they are wanted.
pub(crate) fn moved<'a>(ledger: &Ledger, accounts: &[&str], entries: impl Iterator<Item = &'a BalancedEntry>) -> Sums {
    let accounts: Vec<_> = accounts.iter().map(|code| ledger.book.account_by_code(code).unwrap().no).collect();
    let mut sums = Sums::new();
    for line in entries.flat_map(BalancedEntry::lines).filter(|line| accounts.contains(&line.account)) {
        let currency = ledger.book.commodity(line.money.currency()).unwrap().code.to_string();
        let sum = sums.entry(currency).or_default();
        *sum = (sum.0 + line.money.units(), sum.1 + line.functional.unwrap());
    }
    without_zeros(sums)
}

pub(crate) fn without_zeros(mut sums: Sums) -> Sums {
    sums.retain(|_, sum| *sum != (0, 0));
    sums
}

/// Minor units of an amount.
pub(crate) fn units(ledger: &Ledger, amount: Decimal, currency: &str) -> i128 {
    let mut amount = amount;
    amount.rescale(u32::from(ledger.book.commodity_by_code(currency).unwrap().scale));
    amount.mantissa()
}

/// A day from the year that histories play in, or around it.
pub(crate) fn some_day(dice: &mut Dice) -> NaiveDate {
    NaiveDate::from_ymd_opt(2025, 12, 20).unwrap() + chrono::Days::new(dice.below(400))
}
