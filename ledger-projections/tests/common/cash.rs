//! Random histories for the laws of cash flow, and books in a database that holds them.

#![allow(dead_code, clippy::allow_attributes, reason = "each test file uses its part")]

use chrono::{Days, NaiveDate};
use ledger_core::chain::{CommitBuilder, Tip};
use ledger_core::money::decimal_of;
use ledger_core::{Command, EntryKind, Timestamp};
use ledger_projections::reports::CashFlowLine;
use ledger_projections::{CashFlow, catch_up};
use ledger_store::load::from_chain;
use ledger_store::testing::{TestDatabase, database};
use ledger_store::{Creation, OrgId, OrgStore, Organization};
use uuid::Uuid;

use crate::words::{Ledger, attempt, check, day, draft};

/// A database with the books of one organization.
pub(crate) struct Books {
    _database: TestDatabase,
    pub(crate) org: OrgStore,
    tip: Tip,
    pub(crate) appended: usize,
}

impl Books {
    pub(crate) async fn begin() -> Self {
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
            created_at: Timestamp(0),
        };
        assert_eq!(store.create_organization(&organization, tip.hash).await.unwrap(), Creation::Created);
        Self { org: store.for_org(OrgId(id)), _database: database, tip, appended: 0 }
    }

    /// Appends the next events of a history as one commit.
    pub(crate) async fn append(&mut self, ledger: &Ledger, events: usize) {
        let mut builder = CommitBuilder::default();
        let end = ledger.events.len().min(self.appended.saturating_add(events));
        for event in &ledger.events[self.appended..end] {
            builder.push(event).unwrap();
        }
        let expected = self.tip.seq;
        let commit = builder.seal(&mut self.tip, Timestamp(1_700_000_000_000_000 + i64::try_from(end).unwrap()), Uuid::now_v7());
        self.org.append_commit(&from_chain(commit), expected, &[], &[]).await.unwrap();
        self.appended = end;
    }

    pub(crate) async fn catch_up(&self) {
        catch_up(&self.org, |_| ()).await.unwrap();
        assert_eq!(ledger_projections::projection::by_name(CashFlow::NAME).unwrap().name(), CashFlow::NAME);
    }
}

/// Numbers that choose, one after the other.
pub(crate) struct Dice(pub(crate) u64);

impl Dice {
    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % bound.max(1)
    }

    pub(crate) fn index(&mut self, bound: usize) -> usize {
        usize::try_from(self.below(u64::try_from(bound).unwrap())).unwrap()
    }

    pub(crate) fn of<'a>(&mut self, list: &[&'a str]) -> &'a str {
        list[self.index(list.len())]
    }

    pub(crate) fn day(&mut self) -> NaiveDate {
        day("2026-01-01") + Days::new(self.below(100))
    }

    fn amount(&mut self, currency: &str) -> String {
        if currency == "JPY" { (self.below(20_000) + 1).to_string() } else { format!("{}.{:02}", self.below(200), self.below(99) + 1) }
    }
}

/// The chart of random histories.
pub(crate) fn begin() -> Ledger {
    check(
        "org USD required
         open bank asset sub=bank
         open till asset sub=cash
         open ar asset
         open ap liability
         open vat liability sub=tax
         open machine asset sub=fixed_asset
         open worn asset contra sub=accumulated_depreciation
         open capital equity
         open retained equity sub=retained_earnings
         open loan liability
         open owed liability sub=commission
         open sales revenue
         open gain revenue
         open cost expense
         open pay expense
         open bad expense
         control ar receivable
         control ap payable
         party A customer terms=30@10,70@40
         party B vendor
         party P payee
         rate EUR USD 1.1234 2026-01-01
         rate JPY USD 0.0071 2026-01-01
         rate EUR USD 1.0517 2026-02-01
         rate JPY USD 0.0069 2026-02-01
         rate EUR USD 1.0999 2026-03-01
         rate JPY USD 0.0073 2026-03-01
         rate EUR USD 1.0899 2026-04-01
         rate JPY USD 0.0074 2026-04-01
         tax T: VAT 20 vat | LOCAL 1.75 vat compound recoverable=40
         plan invoice invoice pay owed: percent 10",
    )
}

fn lines(dice: &mut Dice, accounts: &[&str], currency: &str) -> String {
    let line = |dice: &mut Dice| {
        format!("{} {} x {} {}", dice.of(accounts), dice.amount(currency), dice.below(3) + 1, dice.of(&["", "tax T", ""]))
    };
    (0..=dice.below(2)).map(|_| line(dice)).collect::<Vec<_>>().join(" | ")
}

/// A journal with or without cash, between accounts of every kind.
fn journal(dice: &mut Dice) -> String {
    let (currency, date) = (dice.of(&["USD", "EUR", "JPY"]), dice.day());
    let (a, b, c) = (dice.below(9_000) + 1, dice.below(9_000) + 1, dice.below(500) + 1);
    let cash = dice.of(&["bank", "till"]);
    let other = dice.of(&["capital", "loan", "machine", "sales", "cost", "gain", "retained", "vat"]);
    match dice.below(9) {
        0 => format!("post {date}: {cash} {a} {currency} | {other} -{a} {currency}"),
        1 => format!("post {date}: {cash} -{a} {currency} | {other} {a} {currency}"),
        2 => format!("post {date}: {cash} {a} {currency} | cost {c} {currency} | sales -{a} {currency} | {other} -{c} {currency}"),
        3 => format!("post {date}: machine {} {currency} | loan -{a} {currency} | {cash} -{b} {currency}", a + b),
        4 => format!("post {date}: bank {a} {currency} | till -{a} {currency}"),
        5 => format!("post {date}: bank {a} EUR @@ {b} {0} | {1} -{b} {0}", dice.of(&["USD", "JPY"]), dice.of(&["bank", "till", "loan"])),
        6 => format!("post {date}: {other} {a} EUR @@ {b} USD | bank -{b} USD"),
        7 => format!("post {date}: cost {c} USD | worn -{c} USD"),
        _ => {
            let (account, party) = (dice.of(&["ar", "ap"]), dice.of(&["A", "B"]));
            let sign = dice.of(&["", "-"]);
            let minus = if sign.is_empty() { "-" } else { "" };
            let against = dice.of(&["bank", "sales", "machine", "till"]);
            let doc = format!("J{}", dice.below(4));
            format!("post {date}: {account} {sign}{a} {currency} party {party} doc {doc} | {against} {minus}{a} {currency}")
        }
    }
}

/// A random command in the ledger's words; many are refused, as they should be.
fn step(dice: &mut Dice) -> String {
    let (currency, date, no) = (dice.of(&["USD", "EUR", "JPY"]), dice.day(), dice.below(6) + 1);
    match dice.below(26) {
        0..=3 => format!("invoice A {date} cur={currency}: {}", lines(dice, &["sales", "gain"], currency)),
        4 | 5 => format!("bill B {date} cur={currency}: {}", lines(dice, &["cost", "machine"], currency)),
        6 => format!("credit A {date} against=INV-{no}: {}", lines(dice, &["sales"], currency)),
        7..=9 => {
            format!("receive A {date} bank {} cur={currency} {}", dice.amount(currency), dice.of(&["", "nothing", "charge=cost/0.01"]))
        }
        10 | 11 => format!("send B {date} till {} cur={currency} {}", dice.amount(currency), dice.of(&["", "nothing"])),
        12 => format!("refund A {date} bank {} cur={currency}", dice.amount(currency)),
        13 => format!("write-off A:INV-{no} bad"),
        14 => format!("allocate {}", dice.of(&["A:REC-1", "A:REC-2", "A:REC-3", "B:PAY-1", "A:J1", "B:J2", "A:CN-1"])),
        15 => format!("allocate A:REC-{no} {} : A:INV-{}", dice.below(50) + 1, dice.below(6) + 1),
        16 => format!("unallocate @{}", dice.below(8) + 1),
        17 => format!("revalue {date}"),
        18 => format!("reverse {}", dice.of(&["document", "#1", "#2", "#3", "#4", "#5", "#6", "#7", "#8", "#9"])),
        19 => format!("accrue invoice P INV-{no}"),
        20 => format!("payout P 2026-04-05 COM-{no} cur={currency}"),
        21 => format!("send P {date} bank {} cur={currency}", dice.amount(currency)),
        22 => format!("change {} sub={}", dice.of(&["till", "loan", "gain"]), dice.of(&["general", "bank", "cash"])),
        _ => journal(dice),
    }
}

/// A random history.
pub(crate) fn history(seed: u64, steps: usize) -> Ledger {
    let mut ledger = begin();
    let mut dice = Dice(seed);
    for _ in 0..steps {
        match dice.below(20) {
            kind @ 0..=1 => {
                // Brought in, or moved by a year-end entry.
                let kind = if kind == 0 { EntryKind::Opening } else { EntryKind::Closing };
                let lines = match dice.below(3) {
                    0 => both("bank", "capital", "EUR", dice.below(900) + 1),
                    _ => both("sales", "retained", "USD", dice.below(900) + 1),
                };
                let mut draft = draft(&dice.day().to_string(), None, None, &lines);
                draft.kind = kind;
                drop(ledger.run(&Command::PostEntry(draft)));
            }
            _ => drop(attempt(&mut ledger, &step(&mut dice))),
        }
    }
    ledger
}

/// Lines as `section what amount currency value`.
pub(crate) fn shown(ledger: &Ledger, lines: &[CashFlowLine]) -> Vec<String> {
    let text = |line: &CashFlowLine| {
        let commodity = ledger.book.commodity(line.commodity).unwrap();
        let (units, value) = (decimal_of(line.amount.units, commodity.scale), decimal_of(line.amount.functional, 2));
        format!("{} {} {units} {} {value}", line.section.as_str(), crate::what(ledger, line.what), commodity.code)
    };
    lines.iter().map(text).collect()
}

fn both(debit: &str, credit: &str, currency: &str, amount: u64) -> String {
    format!("{debit} {amount} {currency} | {credit} -{amount} {currency}")
}
