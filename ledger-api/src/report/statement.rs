//! What balance sheet and income statement share: sections of lines, printed as a table with subtotals, as CSV
//! or as JSON. A section shows its natural side as positive.

use ledger_core::{AccountNo, AccountType, CommodityNo};
use serde_json::{Value, json};

use super::tree::{self, Node};
use super::{Balance, Books, Heading, Sum, Sums};
use crate::cli::output::{self, Column, Sheet, indented, number, text};

/// The columns of the CSV form; `value` is empty where something was posted without a rate.
pub const COLUMNS: [&str; 6] = ["section", "account", "name", "currency", "amount", "value"];

/// The remark under statements of which not everything has a functional value.
const UNVALUED: &str = "What was posted without a rate has \"no value\" and stands below each total in its own commodity.\n";

/// A line of a section: an account, or something derived.
#[derive(Clone, Debug)]
pub struct Line {
    /// The account, where it is one.
    pub account: Option<AccountNo>,
    /// What it is called where it is none.
    pub label: String,
    /// Its amounts, positive on the section's side.
    pub sums: Sums,
}

/// A part of a statement.
#[derive(Clone, Debug)]
pub struct Section {
    /// What stands over it.
    pub title: &'static str,
    /// What stands under it.
    pub total_label: &'static str,
    /// Its lines for programs.
    pub lines: Vec<Line>,
    /// The same as a tree, for people.
    pub nodes: Vec<Node>,
    /// The sum of its lines.
    pub total: Sums,
}

impl Section {
    /// The accounts of a type that `pick` chooses, on the type's natural side.
    #[must_use]
    pub fn of_accounts(
        books: &Books,
        titles: (&'static str, &'static str),
        kind: AccountType,
        balances: &[Balance],
        pick: impl Fn(AccountNo) -> bool,
    ) -> Self {
        let mut accounts: Vec<(AccountNo, Sums)> = Vec::new();
        let mut chosen: Vec<&Balance> = balances.iter().filter(|b| books.kind(b.account) == kind && pick(b.account)).collect();
        chosen.sort_by_key(|balance| balance.account);
        for balance in chosen {
            if accounts.last().is_none_or(|(account, _)| *account != balance.account) {
                accounts.push((balance.account, Sums::default()));
            }
            if let Some((_, sums)) = accounts.last_mut() {
                let natural = if kind.is_debit_normal() { balance.sum } else { balance.sum.negated() };
                sums.add(balance.currency, &natural);
            }
        }
        let mut section = Self { title: titles.0, total_label: titles.1, lines: Vec::new(), nodes: Vec::new(), total: Sums::default() };
        accounts.sort_by_cached_key(|(account, _)| books.order(*account));
        for (account, sums) in &accounts {
            section.total.add_all(sums);
            section.lines.push(Line { account: Some(*account), label: String::new(), sums: sums.clone() });
        }
        section.nodes = tree::forest(books, kind, accounts);
        section
    }

    /// Adds a line that is derived, not posted.
    pub fn derive(&mut self, label: String, sums: Sums) {
        self.total.add_all(&sums);
        self.nodes.push(Node::leaf(label.clone(), sums.clone()));
        self.lines.push(Line { account: None, label, sums });
    }

    /// Adds the accounts of another section as a flat group of this one; nothing when it is empty.
    pub fn absorb(&mut self, books: &Books, other: Self) {
        let leaf = |line: &Line| {
            let code = line.account.and_then(|no| books.account(no)).map_or(line.label.as_str(), |account| account.code.as_str());
            Node::leaf(code, line.sums.clone())
        };
        let leaves: Vec<Node> = other.lines.iter().filter(|line| !line.sums.is_zero()).map(leaf).collect();
        if !leaves.is_empty() {
            self.nodes.push(Node::group(other.title, leaves));
        }
        self.total.add_all(&other.total);
        self.lines.extend(other.lines);
    }
}

/// Prints sections as a table.
#[derive(Debug)]
pub struct Printer<'a> {
    books: &'a Books,
    sheet: Sheet,
    mixed: bool,
    valued: bool,
    depth: usize,
}

impl<'a> Printer<'a> {
    /// A table for sections with these totals: one column of amounts when all is in the functional currency.
    #[must_use]
    pub fn new(books: &'a Books, sections: &[&Section], depth: Option<usize>) -> Self {
        let functional = CommodityNo::new(1);
        let all = || sections.iter().flat_map(|section| &section.total.0);
        let mixed = all().any(|(currency, _)| *currency != functional);
        let valued = all().any(|(_, sum)| sum.unvalued < sum.lines);
        let columns: Vec<Column> = match (mixed, valued) {
            (false, _) => vec![text(""), number(books.functional())],
            (true, true) => vec![text(""), text("Cur."), number("Amount"), number(format!("Value {}", books.functional()))],
            (true, false) => vec![text(""), text("Cur."), number("Amount")],
        };
        Self { books, sheet: Sheet::new(columns), mixed, valued, depth: depth.unwrap_or(usize::MAX) }
    }

    /// Adds a section with its title and its total.
    pub fn section(&mut self, section: &Section) {
        self.lines(section);
        self.total(section.total_label, &section.total);
        self.sheet.blank();
    }

    /// Adds a section with its title, and a total for each currency.
    pub fn section_per_currency(&mut self, section: &Section) {
        self.lines(section);
        self.per_currency(section.total_label, &section.total);
        self.sheet.blank();
    }

    fn lines(&mut self, section: &Section) {
        self.sheet.heading(section.title);
        for node in &section.nodes {
            self.node(&node.clone().pruned(self.depth.saturating_sub(1)), 1, section.nodes.len() == 1);
        }
        if !section.nodes.is_empty() {
            self.sheet.rule();
        }
    }

    /// Adds a total between or after sections.
    pub fn total(&mut self, label: &str, sums: &Sums) {
        self.amounts(label, sums, 0, true);
    }

    /// Adds a total with a line for each currency, and the value of all where there are several.
    pub fn per_currency(&mut self, label: &str, sums: &Sums) {
        let mut rows: Vec<Vec<String>> =
            if self.mixed { sums.non_zero().map(|(currency, sum)| self.amount_row(currency, sum)).collect() } else { Vec::new() };
        if rows.len() < 2 && (rows.is_empty() || !self.valued) {
            return if rows.is_empty() { self.total(label, sums) } else { self.amounts(label, sums, 0, false) };
        }
        if rows.len() > 1 && self.valued {
            rows.push(vec![String::new(), String::new(), self.books.value(sums.functional())]);
        }
        for (index, mut row) in rows.into_iter().enumerate() {
            row.insert(0, if index == 0 { label.to_owned() } else { String::new() });
            self.sheet.strong(row);
        }
    }

    /// Leaves a line empty.
    pub fn blank(&mut self) {
        self.sheet.blank();
    }

    /// The table, and a remark where not everything has a value.
    #[must_use]
    pub fn finish(self, unvalued: bool) -> String {
        let remark = match (unvalued, self.valued) {
            (false, _) => String::new(),
            (true, true) => UNVALUED.to_owned(),
            (true, false) => format!("Nothing here has a value in {}: amounts stand in their own commodities.\n", self.books.functional()),
        };
        let between = if unvalued { "\n" } else { "" };
        format!("{}{between}{remark}", self.sheet.render())
    }

    /// A node and what is below it. The total of an `only` node is that of its section, which follows anyway.
    fn node(&mut self, node: &Node, depth: usize, only: bool) {
        if node.children.is_empty() {
            return self.amounts(&node.label, &node.own, depth, false);
        }
        if node.own.is_zero() {
            self.sheet.row([indented(depth, &node.label)]);
        } else {
            self.amounts(&node.label, &node.own, depth, false);
        }
        for child in &node.children {
            self.node(child, depth + 1, false);
        }
        if !only && (node.children.len() > 1 || !node.own.is_zero()) {
            self.amounts(&format!("Total {}", node.label), &node.total, depth, true);
        }
    }

    fn amounts(&mut self, label: &str, sums: &Sums, depth: usize, total: bool) {
        let mut rows = match (self.mixed, total) {
            (false, _) => vec![vec![self.books.value(sums.functional())]],
            (true, true) => self.total_rows(sums),
            (true, false) => sums.non_zero().map(|(currency, sum)| self.amount_row(currency, sum)).collect(),
        };
        if rows.is_empty() {
            let nothing = self.books.value(0);
            rows.push(if self.valued { vec![String::new(), String::new(), nothing] } else { vec![String::new(), nothing] });
        }
        for (index, mut row) in rows.into_iter().enumerate() {
            row.insert(0, if index == 0 { indented(depth, label) } else { String::new() });
            if total { self.sheet.strong(row) } else { self.sheet.row(row) }
        }
    }

    /// The value of all that has one, then each commodity that has none: amounts of two commodities do not add up.
    fn total_rows(&self, sums: &Sums) -> Vec<Vec<String>> {
        let mut rows = Vec::new();
        if self.valued && sums.0.values().any(|sum| sum.unvalued < sum.lines) {
            rows.push(vec![String::new(), String::new(), self.books.value(sums.functional())]);
        }
        let unvalued = sums.non_zero().filter(|(_, sum)| sum.unvalued > 0);
        rows.extend(unvalued.map(|(currency, sum)| self.amount_row(currency, sum)));
        rows
    }

    fn amount_row(&self, currency: CommodityNo, sum: &Sum) -> Vec<String> {
        let value = match sum.unvalued {
            0 => self.books.value(sum.functional),
            unvalued if unvalued == sum.lines => "no value".to_owned(),
            _ => "in part".to_owned(),
        };
        let mut row = vec![self.books.code(currency).to_owned(), self.books.grouped(sum.units, currency)];
        row.extend(self.valued.then_some(value));
        row
    }
}

/// The sections as CSV: accounts and derived lines, no totals.
///
/// # Errors
/// None that the lines can cause.
pub fn csv(books: &Books, sections: &[(&str, &Section)]) -> anyhow::Result<String> {
    let rows = sections.iter().flat_map(|(name, section)| section.lines.iter().flat_map(move |line| records(books, name, line)));
    output::csv(&COLUMNS, rows)
}

fn records<'b>(books: &'b Books, section: &'b str, line: &'b Line) -> impl Iterator<Item = [String; 6]> + 'b {
    line.sums.0.iter().map(move |(currency, sum)| {
        let ([code, name, currency, amount], value) = record(books, line, *currency, sum);
        [section.to_owned(), code, name, currency, amount, value.unwrap_or_default()]
    })
}

/// Account, name, currency and amount; and the value, where everything has one.
fn record(books: &Books, line: &Line, currency: CommodityNo, sum: &Sum) -> ([String; 4], Option<String>) {
    let account = line.account.and_then(|no| books.account(no));
    let code = account.map_or_else(String::new, |account| account.code.to_string());
    let name = account.map_or_else(|| line.label.clone(), |account| account.name.to_string());
    let value = (sum.unvalued == 0).then(|| books.plain_value(sum.functional));
    ([code, name, books.code(currency).to_owned(), books.plain(sum.units, currency)], value)
}

/// The sections for programs, under a heading.
#[must_use]
pub fn json(books: &Books, heading: &Heading, report: &str, sections: &[(&str, &Section)]) -> serde_json::Map<String, Value> {
    let mut map = heading.json(report);
    map.insert("functional_currency".into(), json!(books.functional()));
    let sections = sections.iter().map(|(name, section)| {
        let lines: Vec<Value> = section.lines.iter().flat_map(|line| line_json(books, line)).collect();
        json!({ "section": name, "lines": lines, "totals": totals_json(books, &section.total) })
    });
    map.insert("sections".into(), sections.collect());
    map
}

fn line_json(books: &Books, line: &Line) -> Vec<Value> {
    let fields = |(currency, sum): (&CommodityNo, &Sum)| {
        let ([account, name, currency, amount], value) = record(books, line, *currency, sum);
        json!({ "account": account, "name": name, "currency": currency, "amount": amount, "value": value })
    };
    line.sums.0.iter().map(fields).collect()
}

/// Totals per currency and in functional value.
#[must_use]
pub fn totals_json(books: &Books, sums: &Sums) -> Value {
    let currencies: Vec<Value> = sums
        .0
        .iter()
        .map(|(currency, sum)| json!({ "currency": books.code(*currency), "amount": books.plain(sum.units, *currency) }))
        .collect();
    let value = books.plain_value(sums.functional());
    json!({ "currencies": currencies, "value": value, "partly_unvalued": sums.has_unvalued() })
}
