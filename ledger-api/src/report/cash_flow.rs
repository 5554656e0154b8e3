//! The statement of cash flows: what cash came in and went out for, from what there was to what there is.
//!
//! Seen from cash: received is positive. What nobody has classified stands in a section of its own, with a remark on how to
//! classify it; a difference between the sections and the change in cash would be shown, and is a failure.

use ledger_core::subledger::Side;
use ledger_core::{Account, AccountNo};
use ledger_projections::reports::{Amount, Amounts, CashFlowLine, CashFlows, Section as Part, What};
use serde_json::{Value, json};

use super::statement::{Line, Printer, Section, totals_json};
use super::tree::Node;
use super::{Books, Heading, Sum, Sums};
use crate::cli::output;

/// The columns of the CSV form; `value` is empty where something has none.
pub const COLUMNS: [&str; 7] = ["section", "kind", "account", "name", "currency", "amount", "value"];

/// By which method.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Method {
    /// What cash was received and paid for
    #[default]
    Direct,
    /// The profit, and what makes it differ from cash
    Indirect,
}

impl Method {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Direct => "direct",
            Self::Indirect => "indirect",
        }
    }
}

/// How much of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Detail {
    /// One line per section
    Section,
    /// One line per account
    #[default]
    Account,
}

/// A statement of cash flows.
#[derive(Debug)]
pub struct CashFlowStatement<'a> {
    flows: &'a CashFlows,
    books: Books,
    method: Method,
    detail: Detail,
    lines: Vec<CashFlowLine>,
}

impl<'a> CashFlowStatement<'a> {
    /// Lays out the flows of a period.
    #[must_use]
    pub fn new(flows: &'a CashFlows, method: Method, detail: Detail) -> Self {
        let books = Books::new(flows.chart.accounts().to_vec(), flows.chart.commodities().to_vec());
        let lines = match method {
            Method::Direct => flows.direct(),
            Method::Indirect => flows.indirect(),
        };
        Self { flows, books, method, detail, lines }
    }

    fn of(&self, part: Part) -> impl Iterator<Item = &CashFlowLine> {
        self.lines.iter().filter(move |line| line.section == part)
    }

    fn total(&self, part: Part) -> Sums {
        let mut total = Sums::default();
        self.of(part).for_each(|line| total.add(line.commodity, &sum(&line.amount)));
        total
    }

    /// All sections together.
    fn change(&self) -> Sums {
        let mut change = Sums::default();
        Part::ALL.into_iter().for_each(|part| change.add_all(&self.total(part)));
        change
    }

    /// What the sections do not explain of the change in cash: nothing, in each currency and in value.
    fn difference(&self) -> Sums {
        let mut difference = sums(&self.flows.closing);
        difference.add_all(&sums(&self.flows.opening).negated());
        difference.add_all(&self.change().negated());
        difference
    }

    /// Whether the sections are the change in cash: amounts per currency, and the value of all.
    #[must_use]
    pub fn ties(&self) -> bool {
        let difference = self.difference();
        difference.functional() == 0 && difference.0.values().all(|sum| sum.units == 0)
    }

    /// The CSV form.
    ///
    /// # Errors
    /// None that the lines can cause.
    pub fn csv(&self) -> anyhow::Result<String> {
        let mut rows = self.held("opening", &self.flows.opening);
        for part in Part::ALL {
            if self.detail == Detail::Section {
                rows.extend(self.rows(part.as_str(), "total", &self.total(part)));
            } else {
                rows.extend(self.of(part).map(|line| self.record(line)));
            }
        }
        rows.extend(self.held("closing", &self.flows.closing));
        output::csv(&COLUMNS, rows)
    }

    fn held(&self, section: &str, amounts: &Amounts) -> Vec<[String; 7]> {
        self.rows(section, "total", &sums(amounts))
    }

    fn rows(&self, section: &str, kind: &str, sums: &Sums) -> Vec<[String; 7]> {
        let row = |(currency, sum): (&ledger_core::CommodityNo, &Sum)| {
            let value = if sum.unvalued == 0 { self.books.plain_value(sum.functional) } else { String::new() };
            let amount = self.books.plain(sum.units, *currency);
            [section.to_owned(), kind.to_owned(), String::new(), String::new(), self.books.code(*currency).to_owned(), amount, value]
        };
        sums.0.iter().map(row).collect()
    }

    fn record(&self, line: &CashFlowLine) -> [String; 7] {
        let account = account_of(line.what).and_then(|no| self.books.account(no));
        let code = account.map_or_else(String::new, |account| account.code.to_string());
        let name = account.map_or_else(|| self.label(line.what), |account| account.name.to_string());
        let value = if line.amount.unvalued == 0 { self.books.plain_value(line.amount.functional) } else { String::new() };
        let amount = self.books.plain(line.amount.units, line.commodity);
        let currency = self.books.code(line.commodity).to_owned();
        [line.section.as_str().to_owned(), kind_of(line.what).to_owned(), code, name, currency, amount, value]
    }

    /// The JSON form.
    #[must_use]
    pub fn json(&self, heading: &Heading) -> Value {
        let mut map = heading.json("cash-flow");
        map.insert("method".into(), json!(self.method.as_str()));
        map.insert("functional_currency".into(), json!(self.books.functional()));
        map.insert("opening".into(), totals_json(&self.books, &sums(&self.flows.opening)));
        let sections = Part::ALL.into_iter().map(|part| {
            let mut section = serde_json::Map::new();
            section.insert("section".into(), json!(part.as_str()));
            if self.detail == Detail::Account {
                section.insert("lines".into(), self.of(part).map(|line| self.line_json(line)).collect());
            }
            section.insert("totals".into(), totals_json(&self.books, &self.total(part)));
            Value::Object(section)
        });
        map.insert("sections".into(), sections.collect());
        map.insert("change".into(), totals_json(&self.books, &self.change()));
        map.insert("closing".into(), totals_json(&self.books, &sums(&self.flows.closing)));
        map.insert("ties".into(), json!(self.ties()));
        Value::Object(map)
    }

    fn line_json(&self, line: &CashFlowLine) -> Value {
        let [_, kind, account, name, currency, amount, value] = self.record(line);
        let account = (!account.is_empty()).then_some(account);
        let value = (!value.is_empty()).then_some(value);
        json!({ "kind": kind, "account": account, "name": name, "currency": currency, "amount": amount, "value": value })
    }

    /// The table for people.
    #[must_use]
    pub fn table(&self, heading: &Heading) -> String {
        let (opening, closing) = (sums(&self.flows.opening), sums(&self.flows.closing));
        let sections: Vec<Section> = Part::ALL.into_iter().map(|part| self.section(part)).collect();
        let shown: Vec<&Section> = sections.iter().filter(|section| !section.nodes.is_empty()).collect();
        // Cash decides on the columns too, in a period in which nothing happened.
        let cash = |total: &Sums| Section { title: "", total_label: "", lines: Vec::new(), nodes: Vec::new(), total: total.clone() };
        let held = [cash(&opening), cash(&closing)];
        let mut printer = Printer::new(&self.books, &shown.iter().copied().chain(&held).collect::<Vec<_>>(), None);
        for section in &shown {
            if self.detail == Detail::Section {
                printer.per_currency(section.total_label, &section.total);
            } else {
                printer.section_per_currency(section);
            }
        }
        if self.detail == Detail::Section && !shown.is_empty() {
            printer.blank();
        }
        printer.per_currency("Change in cash", &self.change());
        printer.per_currency("Cash at the beginning", &opening);
        printer.per_currency("Cash at the end", &closing);
        if !self.ties() {
            printer.per_currency("NOT EXPLAINED", &self.difference());
        }
        let unvalued = self.change().has_unvalued() || closing.has_unvalued();
        let title = match self.method {
            Method::Direct => "Cash flow",
            Method::Indirect => "Cash flow, indirect method",
        };
        format!("{}{}{}", heading.text(title), printer.finish(unvalued), self.remarks(heading))
    }

    /// What can be done about what is unclassified, and what a difference means.
    fn remarks(&self, heading: &Heading) -> String {
        let mut text = String::new();
        let unclassified = self.of(Part::Unclassified).find_map(|line| match line.what {
            What::Account(no) => self.books.account(no),
            _ => None,
        });
        if let Some(account) = unclassified {
            text += &format!(
                "\nNobody has said what the unclassified accounts count as. For {code}:\n\
                 ledgerd account activity --org {org} {code} operating|investing|financing|non-cash\n",
                code = account.code,
                org = heading.slug,
            );
        }
        if !self.ties() {
            text +=
                &format!("\nThe sections are not the change in cash: check the read model with ledgerd replay --org {}\n", heading.slug);
        }
        text
    }

    fn section(&self, part: Part) -> Section {
        let (title, total_label) = titles(part);
        let mut section = Section { title, total_label, lines: Vec::new(), nodes: Vec::new(), total: Sums::default() };
        let mut last = None;
        for line in self.ordered(part) {
            if last != Some(line.what) {
                section.lines.push(Line { account: None, label: self.label(line.what), sums: Sums::default() });
                last = Some(line.what);
            }
            if let Some(of) = section.lines.last_mut() {
                of.sums.add(line.commodity, &sum(&line.amount));
            }
            section.total.add(line.commodity, &sum(&line.amount));
        }
        section.nodes = section.lines.iter().map(|line| Node::leaf(line.label.clone(), line.sums.clone())).collect();
        section
    }

    /// The profit first, then accounts as a chart has them, then what is not an account.
    fn ordered(&self, part: Part) -> Vec<&CashFlowLine> {
        let mut lines: Vec<&CashFlowLine> = self.of(part).collect();
        lines.sort_by_cached_key(|line| {
            let rank = match line.what {
                What::Profit => 0,
                What::NonCash(_) | What::Elsewhere(_) => 1,
                What::Account(_) => 2,
                What::Unapplied(_) => 3,
                _ => 4,
            };
            (rank, account_of(line.what).map(|no| self.books.order(no)), line.what, line.commodity)
        });
        lines
    }

    fn label(&self, what: What) -> String {
        let name = |no: AccountNo| self.books.account(no).map_or_else(|| format!("#{}", no.get()), name_of);
        match what {
            What::Profit => "Profit of the period".to_owned(),
            What::Account(no) => name(no),
            What::NonCash(no) => format!("{} (no cash)", name(no)),
            What::Elsewhere(no) => format!("{} (shown elsewhere)", name(no)),
            What::Unapplied(no) if self.flows.chart.control(no) == Some(Side::Payable) => format!("Payments not applied, {}", name(no)),
            What::Unapplied(no) => format!("Receipts not applied, {}", name(no)),
            What::Differences => "Exchanges and differences without cash".to_owned(),
            What::Exchange => "Currencies exchanged".to_owned(),
            What::Fx => "Cash revalued".to_owned(),
            What::Opening => "Brought in by opening entries".to_owned(),
            What::Closing => "Moved by closing entries".to_owned(),
        }
    }
}

const fn titles(part: Part) -> (&'static str, &'static str) {
    match part {
        Part::Operating => ("Operating activities", "Cash from operating activities"),
        Part::Investing => ("Investing activities", "Cash from investing activities"),
        Part::Financing => ("Financing activities", "Cash from financing activities"),
        Part::Unclassified => ("Unclassified", "Cash not classified"),
        Part::Exchange => ("Exchange rates", "Effect of exchange rates on cash"),
    }
}

fn name_of(account: &Account) -> String {
    if account.name == account.code { account.code.to_string() } else { format!("{} {}", account.code, account.name) }
}

const fn account_of(what: What) -> Option<AccountNo> {
    match what {
        What::Account(no) | What::NonCash(no) | What::Elsewhere(no) | What::Unapplied(no) => Some(no),
        _ => None,
    }
}

const fn kind_of(what: What) -> &'static str {
    match what {
        What::Profit => "profit",
        What::Account(_) => "account",
        What::NonCash(_) => "non-cash",
        What::Elsewhere(_) => "elsewhere",
        What::Unapplied(_) => "unapplied",
        What::Differences => "differences",
        What::Exchange => "exchange",
        What::Fx => "revalued",
        What::Opening => "opening",
        What::Closing => "closing",
    }
}

fn sum(amount: &Amount) -> Sum {
    Sum { units: amount.units, functional: amount.functional, lines: amount.lines, unvalued: amount.unvalued }
}

fn sums(amounts: &Amounts) -> Sums {
    Sums(amounts.iter().map(|(no, amount)| (*no, sum(amount))).collect())
}
