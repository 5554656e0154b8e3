//! `closing_expected.csv`: a year's closing entry as other systems expect it, posted by commands, its sums read from the
//! read model of balances and its lines with their dimensions from the journal.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod books;

use std::collections::BTreeMap;

use books::{Shelf, cases, history, read, shelf};
use ledger_core::book::{Valuation, year_balances};
use ledger_core::command::{CloseYear, OpenAccount};
use ledger_core::draft::DraftDetail;
use ledger_core::{AccountType, Actor, Command, DraftEntry, DraftLine, Seq};
use ledger_projections::catch_up;
use ledger_projections::reports::{BalanceQuery, Closing, Journal};
use ledger_store::OrgStore;
use ledger_store::load::load_book;
use ledger_store::writer::Request;
use rust_decimal::Decimal;

const LAST_DAY: &str = "2025-12-31";

struct Desk {
    shelf: Shelf,
    org: OrgStore,
}

impl Desk {
    /// Books in which each row's balance stands, against the bank, but on the account that the closing fills.
    async fn open(case: &str, rows: &[&Vec<String>]) -> Self {
        let shelf = shelf().await;
        let desk = Self { org: shelf.begin(&case.to_lowercase(), Valuation::Required).await, shelf };
        for (code, kind) in [
            ("Bank", AccountType::Asset),
            ("Sales", AccountType::Revenue),
            ("Cost of Goods Sold", AccountType::Expense),
            ("Retained earnings", AccountType::Equity),
        ] {
            desk.submit(Command::OpenAccount(OpenAccount::new(code, kind))).await;
        }
        for row in rows.iter().filter(|row| row[2] != "Retained earnings") {
            // What the closing debits was credited during the year.
            let amount = amount(&row[5]) - amount(&row[4]);
            let tags = if row[3].is_empty() { Vec::new() } else { vec![("cost_center".into(), row[3].as_str().into())] };
            let detail = (!tags.is_empty()).then(|| Box::new(DraftDetail { tags, ..DraftDetail::default() }));
            let lines = vec![DraftLine { detail, ..DraftLine::new(&*row[2], amount, "USD") }, DraftLine::new("Bank", -amount, "USD")];
            desk.submit(Command::PostEntry(DraftEntry::new("2025-06-15".parse().unwrap(), "during the year", lines))).await;
        }
        desk
    }

    async fn submit(&self, command: Command) -> Seq {
        let request = Request::new(command, Actor::user("clerk"));
        self.shelf.ledger.submit(self.org.org(), request).await.unwrap().last_seq()
    }

    async fn close(&self) -> Seq {
        let book = load_book(&self.org).await.unwrap().book;
        let history = history(&self.org).await;
        let date = LAST_DAY.parse().unwrap();
        let balances = year_balances(&book, history.iter().filter_map(|recorded| recorded.event.entry()), date);
        let retained_earnings = "Retained earnings".into();
        self.submit(Command::CloseYear(Box::new(CloseYear { date, retained_earnings, balances, seq: book.seq() }))).await
    }

    /// What the closing entry did to each account, as the balances with it and without it say.
    async fn closed(&self) -> BTreeMap<String, Decimal> {
        catch_up(&self.org, |_| ()).await.unwrap();
        let with = read(&self.org, BalanceQuery::default()).await;
        let without = read(&self.org, BalanceQuery { closing: Closing::Exclude, ..BalanceQuery::default() }).await;
        let mut sums: BTreeMap<String, Decimal> = BTreeMap::new();
        with.rows.iter().for_each(|row| *sums.entry(row.code.to_string()).or_default() += row.balance());
        without.rows.iter().for_each(|row| *sums.entry(row.code.to_string()).or_default() -= row.balance());
        sums.retain(|_, sum| !sum.is_zero());
        sums
    }

    /// The closing entry's lines by account and cost center, as the journal says.
    async fn lines(&self, seq: Seq) -> BTreeMap<(String, String), Decimal> {
        let mut journal = Journal::open(&self.org, None, None).await.unwrap().unwrap();
        let mut lines = BTreeMap::new();
        loop {
            let page = journal.next(100).await.unwrap();
            if page.is_empty() {
                return lines;
            }
            for line in page.into_iter().filter(|line| line.seq == seq) {
                let center = line.tags.as_ref().and_then(|tags| tags["cost_center"].as_str()).unwrap_or_default().to_owned();
                let account = journal.chart().account(line.account_no).unwrap().code.to_string();
                *lines.entry((account, center)).or_default() += line.amount;
            }
        }
    }
}

fn amount(text: &str) -> Decimal {
    text.parse().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn years_are_closed_as_other_systems_close_them() {
    let Some(rows) = cases("closing_expected.csv") else { return };
    let mut by_case: BTreeMap<&str, Vec<&Vec<String>>> = BTreeMap::new();
    rows.iter().for_each(|row| by_case.entry(&row[0]).or_default().push(row));
    for (case, rows) in by_case {
        let desk = Desk::open(case, &rows).await;
        let seq = desk.close().await;
        let mut by_account: BTreeMap<String, Decimal> = BTreeMap::new();
        let mut by_center: BTreeMap<(String, String), Decimal> = BTreeMap::new();
        for row in &rows {
            let moved = amount(&row[4]) - amount(&row[5]);
            *by_account.entry(row[2].clone()).or_default() += moved;
            *by_center.entry((row[2].clone(), row[3].clone())).or_default() += moved;
        }
        assert_eq!(desk.closed().await, by_account, "{case}: balances");
        assert_eq!(desk.lines(seq).await, by_center, "{case}: lines");
        println!("{case}: {} rows agree", rows.len());
    }
}
