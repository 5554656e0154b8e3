//! The balance sheet: what is owned, what is owed, what belongs to the owners, and the proof that it ties.
//!
//! Year end is virtual: the profits of earlier years are derived from their entries, never carried by a posting
//! that a late entry would make wrong. An explicit closing entry simply leaves nothing to derive.

use chrono::NaiveDate;
use ledger_core::{AccountType, CommodityNo};
use serde_json::{Value, json};

use super::statement::{self, Printer, Section, totals_json};
use super::{Balance, Books, Heading, Sums};

/// A balance sheet.
#[derive(Clone, Debug)]
pub struct BalanceSheet<'a> {
    books: &'a Books,
    assets: Section,
    liabilities: Section,
    equity: Section,
    claims: Sums,
}

impl<'a> BalanceSheet<'a> {
    /// Lays out the balances of a day. `before` are the balances of the day before `year_begins`, the first day
    /// of the fiscal year in which the day lies.
    #[must_use]
    pub fn new(books: &'a Books, balances: &[Balance], before: &[Balance], year_begins: NaiveDate) -> Self {
        let own = |no| !books.is_technical(no);
        let section = |titles, kind| Section::of_accounts(books, titles, kind, balances, |_| true);
        let assets = section(("Assets", "Total assets"), AccountType::Asset);
        let liabilities = section(("Liabilities", "Total liabilities"), AccountType::Liability);
        let mut equity = Section::of_accounts(books, ("Equity", "Total equity"), AccountType::Equity, balances, own);
        let earlier = result_of(books, before);
        let current = result_of(books, balances).without(&earlier);
        equity.derive(format!("Retained earnings before {year_begins}"), without_nothing(&earlier));
        equity.derive(format!("Result since {year_begins}"), without_nothing(&current));
        let titles = ("Currency conversion and rounding", "");
        equity.absorb(books, Section::of_accounts(books, titles, AccountType::Equity, balances, |no| !own(no)));
        let mut claims = liabilities.total.clone();
        claims.add_all(&equity.total);
        Self { books, assets, liabilities, equity, claims }
    }

    /// Assets minus liabilities and equity: nothing in any currency, nor in value.
    #[must_use]
    pub fn difference(&self) -> Sums {
        let mut difference = self.assets.total.clone();
        difference.add_all(&self.claims.negated());
        difference
    }

    /// Whether assets equal liabilities and equity in every currency and in functional value.
    #[must_use]
    pub fn ties(&self) -> bool {
        let difference = self.difference();
        difference.functional() == 0 && difference.0.values().all(|sum| sum.units == 0)
    }

    fn sections(&self) -> [(&'static str, &Section); 3] {
        [("assets", &self.assets), ("liabilities", &self.liabilities), ("equity", &self.equity)]
    }

    /// The CSV form: accounts and derived lines, each section on its natural side.
    ///
    /// # Errors
    /// None that the lines can cause.
    pub fn csv(&self) -> anyhow::Result<String> {
        statement::csv(self.books, &self.sections())
    }

    /// The JSON form.
    #[must_use]
    pub fn json(&self, heading: &Heading) -> Value {
        let mut map = statement::json(self.books, heading, "balance-sheet", &self.sections());
        map.insert("liabilities_and_equity".into(), totals_json(self.books, &self.claims));
        map.insert("ties".into(), json!(self.ties()));
        Value::Object(map)
    }

    /// The table for people, to a depth of the tree of accounts.
    #[must_use]
    pub fn table(&self, heading: &Heading, depth: Option<usize>) -> String {
        let mut printer = Printer::new(self.books, &self.sections().map(|(_, section)| section), depth);
        printer.section(&self.assets);
        printer.section(&self.liabilities);
        printer.section(&self.equity);
        printer.total("Total liabilities and equity", &self.claims);
        let unvalued = self.assets.total.has_unvalued() || self.claims.has_unvalued();
        format!("{}{}\n{}", heading.text("Balance sheet"), printer.finish(unvalued), self.verdict())
    }

    fn verdict(&self) -> String {
        if self.ties() {
            let functional = CommodityNo::new(1);
            let foreign = self.difference().0.keys().any(|currency| *currency != functional);
            let wherein = if foreign { " in every currency and in value" } else { "" };
            return format!("Assets equal liabilities and equity{wherein}.\n");
        }
        let mut text = String::from("ASSETS DIFFER FROM LIABILITIES AND EQUITY:\n");
        for (currency, sum) in self.difference().non_zero() {
            text.push_str(&format!("  {} {}\n", self.books.grouped(sum.units, currency), self.books.code(currency)));
        }
        text.push_str("Run `ledgerd projections rebuild` and `ledgerd verify`.\n");
        text
    }
}

/// Profit (positive) or loss of everything posted to revenue and expenses.
fn result_of(books: &Books, balances: &[Balance]) -> Sums {
    let mut result = Sums::default();
    for balance in balances.iter().filter(|balance| books.kind(balance.account).is_profit_and_loss()) {
        result.add(balance.currency, &balance.sum.negated());
    }
    result
}

/// Leaves out currencies in which nothing is left, so that a derived line has only what it tells.
fn without_nothing(sums: &Sums) -> Sums {
    Sums(sums.non_zero().map(|(currency, sum)| (currency, *sum)).collect())
}
