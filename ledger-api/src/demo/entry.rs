//! Entries as the company books them, and how they stand in its journal file. Amounts are in cents, debit positive.

use std::fmt::Write as _;

use chrono::NaiveDate;
use ledger_core::draft::DraftDetail;
use ledger_core::{AccountRef, DraftEntry, DraftLine, EntryKind};
use rust_decimal::Decimal;

/// The company's currencies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Currency {
    /// Functional.
    Usd,
    /// Euro.
    Eur,
    /// Sterling.
    Gbp,
}

impl Currency {
    /// The ISO code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Usd => "USD",
            Self::Eur => "EUR",
            Self::Gbp => "GBP",
        }
    }
}

/// A journal entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its number; its external id in the books.
    pub id: String,
    /// When it counts.
    pub date: NaiveDate,
    /// Ordinary, opening, adjusting.
    pub kind: EntryKind,
    /// What happened.
    pub description: String,
    /// Its lines.
    pub lines: Vec<Line>,
}

/// A line of an entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// Code of the account.
    pub account: &'static str,
    /// The amount.
    pub cents: i64,
    /// What it is in.
    pub currency: Currency,
    /// What it is worth in USD, where that is not the day's rate; alone on lines of exchange differences.
    pub value: Option<i64>,
    /// Customer, supplier or carrier.
    pub party: Option<String>,
    /// Invoice or bill.
    pub document: Option<String>,
    /// When it falls due.
    pub due: Option<NaiveDate>,
    /// Dimensions, as `key=value;key=value`.
    pub tags: String,
}

/// The header row of the journal file.
pub const HEADER: &str =
    "entry,date,kind,description,account,debit,credit,currency,functional_debit,functional_credit,party,document,due_date,tags";

impl Entry {
    pub(super) fn new(date: NaiveDate, description: impl Into<String>) -> Self {
        Self { id: String::new(), date, kind: EntryKind::Ordinary, description: description.into(), lines: Vec::with_capacity(4) }
    }

    pub(super) fn of_kind(mut self, kind: EntryKind) -> Self {
        self.kind = kind;
        self
    }

    /// Adds a line in USD.
    pub(super) fn usd(&mut self, account: &'static str, cents: i64) -> &mut Line {
        self.line(account, cents, Currency::Usd)
    }

    /// Adds a line, debit positive.
    pub(super) fn line(&mut self, account: &'static str, cents: i64, currency: Currency) -> &mut Line {
        let line = Line { account, cents, currency, value: None, party: None, document: None, due: None, tags: String::new() };
        self.lines.push(line);
        let last = self.lines.len() - 1;
        &mut self.lines[last]
    }

    /// Appends the entry's rows.
    pub fn write_csv(&self, out: &mut String) {
        for line in &self.lines {
            let sides = |cents: i64, state_zero: bool| match cents {
                0 if !state_zero => (String::new(), String::new()),
                0.. => (figures(cents), String::new()),
                _ => (String::new(), figures(-cents)),
            };
            let (debit, credit) = sides(line.cents, line.value.is_none());
            let (value_debit, value_credit) = line.value.map_or_else(Default::default, |value| sides(value, true));
            let _ = write!(out, "{},{},{},{},", self.id, self.date, self.kind.as_str(), quoted(&self.description));
            let _ = write!(out, "{},{debit},{credit},{},{value_debit},{value_credit},", line.account, line.currency.code());
            let due = line.due.map(|due| due.to_string()).unwrap_or_default();
            let (party, document) = (line.party.as_deref().unwrap_or(""), line.document.as_deref().unwrap_or(""));
            let _ = writeln!(out, "{},{document},{due},{}", quoted(party), line.tags);
        }
    }

    /// The entry as a proposal to the book.
    #[must_use]
    pub fn draft(&self) -> DraftEntry {
        let lines = self.lines.iter().map(Line::draft).collect();
        DraftEntry { kind: self.kind, external_id: Some(self.id.as_str().into()), ..DraftEntry::new(self.date, &self.description, lines) }
    }
}

impl Line {
    pub(super) fn worth(&mut self, value: i64) -> &mut Self {
        self.value = Some(value);
        self
    }

    pub(super) fn with(&mut self, party: &str, document: &str) -> &mut Self {
        self.party = Some(party.to_owned());
        self.document = Some(document.to_owned());
        self
    }

    pub(super) fn due(&mut self, due: NaiveDate) -> &mut Self {
        self.due = Some(due);
        self
    }

    pub(super) fn tagged(&mut self, key: &str, value: &str) -> &mut Self {
        if !self.tags.is_empty() {
            self.tags.push(';');
        }
        let _ = write!(self.tags, "{key}={value}");
        self
    }

    fn draft(&self) -> DraftLine {
        let tags = self.tags.split(';').filter_map(|tag| tag.split_once('='));
        let detail = DraftDetail {
            party: self.party.as_deref().map(Into::into),
            document: self.document.as_deref().map(Into::into),
            due_date: self.due,
            tags: tags.map(|(key, value)| (key.into(), value.into())).collect(),
            ..DraftDetail::default()
        };
        DraftLine {
            functional: self.value.map(|value| Decimal::new(value, 2)),
            detail: (detail != DraftDetail::default()).then(|| Box::new(detail)),
            ..DraftLine::new(AccountRef::from(self.account), Decimal::new(self.cents, 2), self.currency.code())
        }
    }
}

pub(super) fn figures(cents: i64) -> String {
    format!("{}.{:02}", cents / 100, cents % 100)
}

pub(super) fn quoted(text: &str) -> String {
    if text.contains([',', '"']) { format!("\"{}\"", text.replace('"', "\"\"")) } else { text.to_owned() }
}
