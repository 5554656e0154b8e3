//! The trial balance: every account that was ever used, its net balance on its side, and the proof that debits
//! equal credits in every currency and in functional value.

use std::collections::BTreeMap;

use ledger_core::{AccountNo, CommodityNo, SubType, Units};
use serde_json::{Value, json};

use super::{Balance, Books, Heading, Sum, Sums};
use crate::cli::output::{Sheet, csv, number, text};

/// Which amounts a trial balance shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Show {
    /// Each currency and commodity as it was posted
    #[default]
    Transaction,
    /// Values in the organization's functional currency, one line per account
    Functional,
}

const TITLE: &str = "Trial balance";

/// The columns of the CSV form.
pub const COLUMNS: [&str; 7] = ["account", "name", "type", "currency", "debit", "credit", "balance"];

/// A trial balance.
#[derive(Clone, Debug)]
pub struct TrialBalance<'a> {
    books: &'a Books,
    rows: Vec<Balance>,
    totals: BTreeMap<CommodityNo, Side>,
    functional: Units,
    unvalued: bool,
    show: Show,
}

/// Debits and credits of one currency, both positive.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Side {
    debit: Units,
    credit: Units,
}

impl Side {
    fn of(units: Units) -> Self {
        Self { debit: units.max(0), credit: (-units).max(0) }
    }
}

impl<'a> TrialBalance<'a> {
    /// Lays out balances: the chart's own accounts first, then those that the ledger keeps for exchanges and roundings.
    #[must_use]
    pub fn new(books: &'a Books, balances: &[Balance], show: Show) -> Self {
        let functional = balances.iter().map(|balance| balance.sum.functional).sum();
        let unvalued = balances.iter().any(|balance| balance.sum.unvalued > 0);
        let mut rows = match show {
            Show::Transaction => balances.to_vec(),
            Show::Functional => valued(balances),
        };
        rows.sort_by_cached_key(|row| (books.is_technical(row.account), books.order(row.account), books.code(row.currency).to_owned()));
        let mut totals = BTreeMap::<CommodityNo, Side>::new();
        for row in &rows {
            let (total, side) = (totals.entry(row.currency).or_default(), Side::of(row.sum.units));
            (total.debit, total.credit) = (total.debit + side.debit, total.credit + side.credit);
        }
        Self { books, rows, totals, functional, unvalued, show }
    }

    /// Whether debits equal credits in every currency and in functional value.
    #[must_use]
    pub fn ties(&self) -> bool {
        self.functional == 0 && self.totals.values().all(|total| total.debit == total.credit)
    }

    /// The CSV form: fixed columns, one row per account and currency, amounts with all digits of their currency.
    ///
    /// # Errors
    /// None that the rows can cause.
    pub fn csv(&self) -> anyhow::Result<String> {
        csv(&COLUMNS, self.rows.iter().map(|row| self.record(row)))
    }

    fn record(&self, row: &Balance) -> [String; 7] {
        let (books, side) = (self.books, Side::of(row.sum.units));
        let (code, name) = names(books, row.account);
        let amount = |units| books.plain(units, row.currency);
        let kind = books.kind(row.account).as_str().to_owned();
        [code, name, kind, books.code(row.currency).to_owned(), amount(side.debit), amount(side.credit), amount(row.sum.units)]
    }

    /// The JSON form: the rows of the CSV with values and sub-types, and the totals.
    #[must_use]
    pub fn json(&self, heading: &Heading) -> Value {
        let books = self.books;
        let rows: Vec<Value> = self.rows.iter().map(|row| self.row_json(row)).collect();
        let totals: Vec<Value> = self
            .totals
            .iter()
            .map(|(currency, total)| {
                let amount = |units| books.plain(units, *currency);
                json!({ "currency": books.code(*currency), "debit": amount(total.debit), "credit": amount(total.credit) })
            })
            .collect();
        let mut map = heading.json("trial-balance");
        map.insert("functional_currency".into(), json!(books.functional()));
        map.insert("rows".into(), Value::Array(rows));
        map.insert("totals".into(), Value::Array(totals));
        map.insert("functional_total".into(), json!(books.plain_value(self.functional)));
        map.insert("partly_unvalued".into(), json!(self.unvalued));
        map.insert("in_balance".into(), json!(self.ties()));
        Value::Object(map)
    }

    fn row_json(&self, row: &Balance) -> Value {
        let [account, name, kind, currency, debit, credit, balance] = self.record(row);
        let sub_type = self.books.account(row.account).map_or(SubType::General, |account| account.sub_type).as_str();
        let value = (row.sum.unvalued == 0).then(|| self.books.plain_value(row.sum.functional));
        json!({
            "account": account, "name": name, "type": kind, "sub_type": sub_type, "currency": currency,
            "debit": debit, "credit": credit, "balance": balance, "functional": value,
        })
    }

    /// The table for people.
    #[must_use]
    pub fn table(&self, heading: &Heading) -> String {
        if self.rows.is_empty() {
            return format!("{}Nothing has been posted in this time.\n", heading.text(TITLE));
        }
        let layout = Layout::of(self);
        let mut sheet = Sheet::new(layout.columns(self.books));
        let own = self.rows.iter().take_while(|row| !self.books.is_technical(row.account)).count();
        let (chart, technical) = self.rows.split_at(own);
        self.fill(&mut sheet, layout, chart);
        if !technical.is_empty() {
            sheet.blank();
            sheet.heading("Conversion and rounding");
            self.fill(&mut sheet, layout, technical);
        }
        self.total_rows(&mut sheet, layout);
        format!("{}{}{}", heading.text(TITLE), sheet.render(), self.remarks())
    }

    fn fill(&self, sheet: &mut Sheet, layout: Layout, rows: &[Balance]) {
        let mut last = None;
        for row in rows {
            let (code, mut name) = if last == Some(row.account) { Default::default() } else { names(self.books, row.account) };
            if name == code {
                name.clear();
            }
            last = Some(row.account);
            let side = Side::of(row.sum.units);
            let value = match (row.sum.unvalued, row.sum.lines) {
                (0, _) => self.books.value(row.sum.functional),
                _ if row.sum.is_zero() => String::new(),
                (unvalued, lines) if unvalued == lines => "no value".to_owned(),
                _ => format!("{} *", self.books.value(row.sum.functional)),
            };
            let debit = self.on_its_side(side.debit, row, side.credit == 0);
            let credit = self.on_its_side(side.credit, row, false);
            sheet.row(layout.cells([code, name, self.books.code(row.currency).to_owned(), debit, credit, value]));
        }
    }

    /// The amount where its side has one; a zero balance is shown once.
    fn on_its_side(&self, units: Units, row: &Balance, or_zero: bool) -> String {
        if units != 0 || or_zero { self.books.grouped(units, row.currency) } else { String::new() }
    }

    fn total_rows(&self, sheet: &mut Sheet, layout: Layout) {
        sheet.rule();
        let mut label = "Total";
        for (currency, total) in &self.totals {
            let value = if label.is_empty() { String::new() } else { self.books.value(self.functional) };
            let (debit, credit) = (self.books.grouped(total.debit, *currency), self.books.grouped(total.credit, *currency));
            sheet.strong(layout.cells([label.to_owned(), String::new(), self.books.code(*currency).to_owned(), debit, credit, value]));
            label = "";
        }
    }

    fn remarks(&self) -> String {
        let mut text = String::from("\n");
        if self.ties() {
            text.push_str(match self.totals.len() {
                1 => "Debits equal credits.\n",
                _ => "Debits equal credits in every currency.\n",
            });
        } else {
            text.push_str("DEBITS AND CREDITS DIFFER: run `ledgerd projections rebuild` and `ledgerd verify`.\n");
        }
        let in_part = |row: &Balance| row.sum.unvalued > 0 && row.sum.unvalued < row.sum.lines;
        match self.show {
            Show::Functional if self.unvalued => text.push_str("Lines that were posted without a rate have no value and are left out.\n"),
            Show::Transaction if self.unvalued && Layout::of(self).value => {
                text.push_str("What was posted without a rate has \"no value\".\n");
            }
            Show::Transaction if self.unvalued => text.push_str(&format!("Nothing but {0} has a value in {0}.\n", self.books.functional())),
            _ => {}
        }
        if self.rows.iter().any(in_part) && self.show == Show::Transaction {
            text.push_str("Values with * are of a part of the lines only: the others were posted without a rate.\n");
        }
        text
    }
}

/// Which columns a table needs.
#[derive(Clone, Copy, Debug)]
struct Layout {
    name: bool,
    currency: bool,
    value: bool,
}

impl Layout {
    fn of(report: &TrialBalance<'_>) -> Self {
        let functional = CommodityNo::new(1);
        let foreign = report.totals.keys().any(|currency| *currency != functional);
        let named = |row: &Balance| report.books.account(row.account).is_some_and(|account| account.name != account.code);
        let valued = |row: &Balance| row.currency != functional && row.sum.unvalued < row.sum.lines;
        Self { name: report.rows.iter().any(named), currency: foreign, value: report.rows.iter().any(valued) }
    }

    fn columns(self, books: &Books) -> Vec<crate::cli::output::Column> {
        let side = |side: &str| number(if self.currency { side.to_owned() } else { format!("{side} {}", books.functional()) });
        let all =
            [text("Account"), text("Name"), text("Cur."), side("Debit"), side("Credit"), number(format!("Value {}", books.functional()))];
        self.pick(all)
    }

    fn cells(self, all: [String; 6]) -> Vec<String> {
        self.pick(all)
    }

    fn pick<T>(self, all: [T; 6]) -> Vec<T> {
        let wanted = [true, self.name, self.currency, true, true, self.value];
        all.into_iter().zip(wanted).filter(|(_, wanted)| *wanted).map(|(item, _)| item).collect()
    }
}

/// One balance per account, in functional value.
fn valued(balances: &[Balance]) -> Vec<Balance> {
    let functional = CommodityNo::new(1);
    let mut accounts = BTreeMap::<AccountNo, Sums>::new();
    for balance in balances {
        accounts.entry(balance.account).or_default().add(balance.currency, &balance.sum);
    }
    accounts
        .into_iter()
        .map(|(account, sums)| {
            let mut sum = Sum::default();
            sums.0.values().for_each(|part| sum.add(part));
            Balance { account, currency: functional, sum: Sum { units: sum.functional, ..sum } }
        })
        .collect()
}

fn names(books: &Books, account: AccountNo) -> (String, String) {
    books
        .account(account)
        .map_or_else(|| (format!("#{}", account.get()), String::new()), |account| (account.code.to_string(), account.name.to_string()))
}
