//! SAF-T Financial of Norway (1.x): a whole ledger as one XML file, read as a stream and written again.
//!
//! Reading hands over accounts, one opening entry and the transactions like any other import, and keeps the rolls
//! ([`mod@rolls`]) by which the file is held against what it states itself. What does not tie out is told, never mended.

mod accounts;
mod entry;
pub mod export;
mod names;
mod opening;
mod rolls;

use std::collections::BTreeSet;
use std::io::Read;
use std::sync::Arc;

use chrono::{Datelike, NaiveDate};
use ledger_core::Text;
use ledger_core::limits::NAME_BYTES_MAX;
use rust_decimal::Decimal;

use crate::import::source::{AccountDecl, Item, PartyDecl, Place, ReadError, Sink, SourceError, SourceNotes, Stop};
use crate::xml::{Element, Node, Xml};

pub use accounts::type_of;
pub use names::{DIFFERENCE, OPENING_DOCUMENT};
pub use rolls::{AccountRoll, ControlTotal, PartyKind, PartyRoll, Rolls};

/// Bytes of a file at most; it is read as a stream.
const FILE_BYTES_MAX: u64 = 16 << 30;
/// What every namespace of the Norwegian format begins with.
const NAMESPACE: &str = "urn:StandardAuditFile-Taxation-Financial:NO";
/// Currency of files that name none.
const CURRENCY: &str = "NOK";

/// How to read.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// The organization's functional currency; amounts in it become functional amounts of foreign lines.
    pub functional_currency: Option<Text>,
    /// Leave the opening balances out: the books have them from an earlier period.
    pub skip_opening: bool,
}

/// Reads a file, handing accounts and entries to the sink, and answers what it says about itself.
///
/// # Errors
/// A file that is no SAF-T, is broken or cut off, and whatever the sink stops for.
pub fn read(reader: Box<dyn Read + Send>, file: Arc<str>, options: &Options, sink: &mut dyn Sink) -> Result<SourceNotes, ReadError> {
    rolls(reader, file, options, sink).map(|(notes, _)| notes)
}

/// The same, with all rolls: what each account and party opened with, moved by, and is stated to close with.
///
/// # Errors
/// As [`read`].
pub fn rolls(
    reader: Box<dyn Read + Send>,
    file: Arc<str>,
    options: &Options,
    sink: &mut dyn Sink,
) -> Result<(SourceNotes, Rolls), ReadError> {
    let xml = Xml::new(reader, file.clone(), FILE_BYTES_MAX);
    let state = State {
        file,
        sink,
        options,
        currency: CURRENCY.into(),
        period_start: None,
        rolls: Rolls::default(),
        tax_codes: BTreeSet::new(),
        notes: SourceNotes::default(),
        opened: false,
    };
    Reading { xml, state }.run()
}

/// A document that is being read.
struct Reading<'a> {
    xml: Xml<Box<dyn Read + Send>>,
    state: State<'a>,
}

/// What was learned so far.
struct State<'a> {
    file: Arc<str>,
    sink: &'a mut dyn Sink,
    options: &'a Options,
    currency: Text,
    /// First day of the selection, where the header states it.
    period_start: Option<NaiveDate>,
    rolls: Rolls,
    tax_codes: BTreeSet<Text>,
    notes: SourceNotes,
    /// Whether the opening entry was handed over.
    opened: bool,
}

impl Reading<'_> {
    fn run(mut self) -> Result<(SourceNotes, Rolls), ReadError> {
        let Node::Open(root) = self.xml.step()? else { return Err(self.xml.error(1, "expected a SAF-T document")) };
        let space = root.attributes.iter().find(|(_, value)| value.contains("StandardAuditFile"));
        if root.name != "AuditFile" || !space.is_some_and(|(_, value)| value.starts_with(NAMESPACE)) {
            return Err(self.xml.error(root.line, format!("expected an <AuditFile> of {NAMESPACE}, the Norwegian SAF-T Financial")));
        }
        loop {
            match self.xml.step()? {
                Node::Open(element) => self.section(element)?,
                Node::Close(..) => {}
                Node::End => break,
            }
        }
        self.state.finish()
    }

    fn section(&mut self, element: Element) -> Result<(), ReadError> {
        match element.name.as_str() {
            "MasterFiles" | "GeneralLedgerAccounts" | "Customers" | "Suppliers" | "TaxTable" => Ok(()),
            "Header" => {
                let header = self.xml.tree(element)?;
                self.state.header(&header)
            }
            "Account" => {
                let account = self.xml.tree(element)?;
                self.state.account(&account)
            }
            "Customer" | "Supplier" => {
                let party = self.xml.tree(element)?;
                self.state.party(&party)
            }
            "TaxTableEntry" => {
                let tax = self.xml.tree(element)?;
                self.state.tax_codes.extend(tax.all("TaxCodeDetails").filter_map(|code| code.text_at("TaxCode")).map(Text::from));
                Ok(())
            }
            "GeneralLedgerEntries" => self.entries(),
            _ => self.xml.skip(),
        }
    }

    fn entries(&mut self) -> Result<(), ReadError> {
        loop {
            match self.xml.step()? {
                Node::Open(element) if element.name == "Journal" => self.journal()?,
                Node::Open(element) => {
                    let stated = self.xml.tree(element)?;
                    self.state.stated_total(&stated)?;
                }
                Node::Close(..) | Node::End => return Ok(()),
            }
        }
    }

    fn journal(&mut self) -> Result<(), ReadError> {
        let mut journal = Text::default();
        loop {
            match self.xml.step()? {
                Node::Open(element) if element.name == "Transaction" => {
                    let transaction = self.xml.tree(element)?;
                    self.state.transaction(&journal, &transaction)?;
                }
                Node::Open(element) => {
                    let said = self.xml.tree(element)?;
                    if said.name == "JournalID" {
                        journal = said.text;
                    }
                }
                Node::Close(..) | Node::End => return Ok(()),
            }
        }
    }
}

impl State<'_> {
    fn place(&self, line: u32) -> Place {
        Place { file: self.file.clone(), line, column: 0 }
    }

    fn flaw(&self, line: u32, problem: impl Into<String>, found: Option<&str>) -> SourceError {
        let found = found.map(|found| found.chars().take(80).collect());
        let remedy = Some("mend it in the program that wrote the file and write it again".to_owned());
        SourceError { place: self.place(line), problem: problem.into(), found, remedy, text: None }
    }

    fn count(&mut self, what: &str) {
        *self.notes.counts.entry(what.to_owned()).or_default() += 1;
    }

    fn header(&mut self, header: &Element) -> Result<(), ReadError> {
        if let Some(currency) = header.text_at("DefaultCurrencyCode") {
            self.currency = currency.into();
        }
        let selection = header.child("SelectionCriteria");
        let number = |name: &str| selection.and_then(|criteria| criteria.text_at(name)).and_then(|text| text.parse::<u32>().ok());
        let start = selection.and_then(|criteria| criteria.text_at("SelectionStartDate"));
        self.period_start = match start {
            Some(text) => Some(entry::day(text).ok_or_else(|| {
                let line = selection.map_or(header.line, |criteria| criteria.line);
                ReadError::Source(Box::new(self.flaw(line, "<SelectionStartDate>: expected a day as YYYY-MM-DD", Some(text))))
            })?),
            None => number("PeriodStartYear").zip(number("PeriodStart")).and_then(|(year, month)| first_day(year, month)),
        };
        let remark = |path: &str| header.text_at(path).unwrap_or("?").to_owned();
        let (version, company) = (remark("AuditFileVersion"), remark("Company/Name"));
        self.notes.remarks.push(format!("SAF-T Financial {version} of {company}, written by {}", remark("SoftwareCompanyName")));
        Ok(())
    }

    fn account(&mut self, element: &Element) -> Result<(), ReadError> {
        let Some(id) = element.text_at("AccountID") else {
            return Ok(self.sink.refuse(self.flaw(element.line, "<Account> has no <AccountID>", None))?);
        };
        let balances = rolls::balances(element);
        let (opening, closing) = match balances {
            Ok(balances) => balances,
            Err((line, problem, found)) => return Ok(self.sink.refuse(self.flaw(line, problem, Some(&found)))?),
        };
        let description = element.text_at("AccountDescription").unwrap_or_default();
        let standard = element.text_at("StandardAccountID").or_else(|| element.text_at("GroupingCode"));
        let known = type_of(id, standard);
        let decl = AccountDecl {
            code: id.into(),
            name: Some(shortened(description).into()),
            kind: known.map(|(kind, _)| kind),
            sub_type: known.map(|(_, sub_type)| sub_type),
            place: self.place(element.line),
            ..AccountDecl::default()
        };
        let roll = AccountRoll { account: id.into(), opening, closing, line: element.line, ..AccountRoll::default() };
        if !self.rolls.add_account(roll) {
            return Ok(self.sink.refuse(self.flaw(element.line, "the account is listed twice", Some(id)))?);
        }
        Ok(self.sink.item(Item::Account(decl))?)
    }

    fn party(&mut self, element: &Element) -> Result<(), ReadError> {
        let kind = if element.name == "Customer" { PartyKind::Customer } else { PartyKind::Supplier };
        let Some(id) = element.text_at(kind.id_element()) else {
            let problem = format!("<{}> has no <{}>", element.name, kind.id_element());
            return Ok(self.sink.refuse(self.flaw(element.line, problem, None))?);
        };
        // Version 1.3 has the balances in <BalanceAccount>, one for each account; before, in the party itself.
        let nested: Vec<&Element> = element.all("BalanceAccount").collect();
        let places = if nested.is_empty() { vec![element] } else { nested };
        for place in places {
            match rolls::balances(place) {
                Ok((opening, closing)) => {
                    let account = place.text_at("AccountID").unwrap_or_default().into();
                    let roll = PartyRoll { kind, id: id.into(), account, opening, closing, line: place.line, movement: Decimal::ZERO };
                    self.rolls.add_party(roll);
                }
                Err((line, problem, found)) => self.sink.refuse(self.flaw(line, problem, Some(&found)))?,
            }
        }
        self.count(if kind == PartyKind::Customer { "customers described" } else { "suppliers described" });
        Ok(())
    }

    fn stated_total(&mut self, element: &Element) -> Result<(), ReadError> {
        let Some(total) = ControlTotal::named(&element.name) else { return Ok(()) };
        match rolls::number(&element.text) {
            Some(stated) => {
                self.rolls.stated.insert(total, stated);
                Ok(())
            }
            None => Ok(self.sink.refuse(self.flaw(element.line, format!("<{}>: expected a number", element.name), Some(&element.text)))?),
        }
    }

    fn transaction(&mut self, journal: &Text, element: &Element) -> Result<(), ReadError> {
        let read = entry::read(self, journal, element);
        let day = read.as_ref().ok().map(|entry| entry.entry.draft.effective_date);
        self.open(day)?;
        match read {
            Ok(entry) => {
                self.rolls.add(&entry);
                self.unknown_tax_codes(&entry);
                Ok(self.sink.item(Item::Entry(Box::new(entry.entry)))?)
            }
            Err(error) => Ok(self.sink.refuse(*error)?),
        }
    }

    fn unknown_tax_codes(&mut self, entry: &entry::Read) {
        let codes = entry.entry.draft.lines.iter().filter_map(|line| line.detail.as_ref()?.tax_code.as_ref());
        let unknown = codes.filter(|code| !self.tax_codes.contains(*code)).count();
        for _ in 0..unknown {
            self.count("lines with a tax code that the file does not describe");
        }
    }

    /// Hands over the opening balances, once, before the first transaction. `first` is its day.
    fn open(&mut self, first: Option<NaiveDate>) -> Result<(), Stop> {
        if std::mem::replace(&mut self.opened, true) {
            return Ok(());
        }
        self.register_parties()?;
        let start = self.period_start.or_else(|| first.and_then(|day| day.with_day(1)));
        let Some(day) = start.and_then(|start| start.pred_opt()) else { return Ok(()) };
        if self.options.skip_opening {
            self.notes.remarks.push("the opening balances were left out as asked".to_owned());
            return Ok(());
        }
        let Some(opening) = opening::entry(&self.rolls, day, &self.currency, self.place(1)) else { return Ok(()) };
        if !opening.difference.is_zero() {
            let remark = format!(
                "the opening balances of the accounts sum to {} instead of 0; the difference stands on account {DIFFERENCE}",
                opening.difference
            );
            self.notes.remarks.push(remark);
            self.sink.item(Item::Account(opening::difference_account(self.place(1))))?;
        }
        self.sink.item(Item::Entry(Box::new(opening.entry)))
    }

    /// Customers and suppliers by their codes; names and addresses are no part of the books.
    fn register_parties(&mut self) -> Result<(), Stop> {
        let mut known = BTreeSet::new();
        for party in &self.rolls.parties {
            let code = self.rolls.party_code(party.kind, &party.id);
            if known.insert(code.clone()) {
                let place = Place { file: self.file.clone(), line: party.line, column: 0 };
                self.sink.item(Item::Party(PartyDecl { code, kind: party.kind.in_books(), place }))?;
            }
        }
        Ok(())
    }

    fn finish(mut self) -> Result<(SourceNotes, Rolls), ReadError> {
        self.open(None)?;
        self.notes.totals = Some(self.rolls.totals(&self.currency));
        if !self.tax_codes.is_empty() {
            self.notes.counts.insert("tax codes described".to_owned(), self.tax_codes.len() as u64);
        }
        self.notes.remarks.extend(self.rolls.remarks());
        Ok((self.notes, self.rolls))
    }
}

/// The first day of a month; years have twelve periods here, as in the selection of the standard.
fn first_day(year: u32, month: u32) -> Option<NaiveDate> {
    NaiveDate::from_ymd_opt(i32::try_from(year).ok()?, month.clamp(1, 12), 1)
}

/// A text within the limit of names, cut between characters.
fn shortened(text: &str) -> &str {
    &text[..text.floor_char_boundary(NAME_BYTES_MAX)]
}
