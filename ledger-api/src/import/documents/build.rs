//! From rows to documents: rows of one number are the lines of one document.

use std::collections::BTreeSet;
use std::sync::Arc;

use chrono::NaiveDate;
use ledger_core::draft::DraftDetail;
use ledger_core::money::{add_units, decimal_of};
use ledger_core::subledger::{PartyKind, Side};
use ledger_core::{AccountType, DraftEntry, DraftLine, SubType, Text, Units};
use rust_decimal::Decimal;

use super::{Accounts, Kind, needed};
use crate::import::source::{
    AccountDecl, ControlDecl, Item, PartyDecl, Place, SideTotals, Sink, SourceEntry, SourceError, SourceNotes, Stop, Totals,
};
use crate::import::tabular::line::{currency_of, minor_units};
use crate::import::tabular::row::{Flaw, Row, shortened};
use crate::import::tabular::{Field, Options};

/// A document whose rows are being read.
struct Pending {
    number: Option<String>,
    party: Text,
    date: NaiveDate,
    due: Option<NaiveDate>,
    document: Text,
    currency: Text,
    description: Text,
    lines: Vec<DraftLine>,
    /// In minor units of the currency.
    total: Units,
    scale: u8,
    line: u32,
    text: String,
    flaw: Option<SourceError>,
}

pub(super) struct Builder<'a> {
    kind: Kind,
    accounts: &'a Accounts,
    options: &'a Options,
    file: Arc<str>,
    sink: &'a mut dyn Sink,
    pending: Option<Pending>,
    parties: BTreeSet<Text>,
    known_accounts: BTreeSet<Text>,
    numbers: BTreeSet<String>,
    totals: Totals,
    notes: SourceNotes,
}

impl<'a> Builder<'a> {
    pub(super) fn new(kind: Kind, accounts: &'a Accounts, options: &'a Options, file: Arc<str>, sink: &'a mut dyn Sink) -> Self {
        Self {
            kind,
            accounts,
            options,
            file,
            sink,
            pending: None,
            parties: BTreeSet::new(),
            known_accounts: BTreeSet::new(),
            numbers: BTreeSet::new(),
            totals: Totals::default(),
            notes: SourceNotes::default(),
        }
    }

    pub(super) fn count(&mut self, what: &str) {
        *self.notes.counts.entry(what.to_owned()).or_default() += 1;
    }

    pub(super) fn remark(&mut self, remark: Option<String>) {
        self.notes.remarks.extend(remark);
    }

    /// The control account comes first: it must be one before anything is posted to it.
    pub(super) fn begin(&mut self) -> Result<(), Stop> {
        let (kind, sub_type) = match self.kind.side() {
            Side::Receivable => (AccountType::Asset, SubType::Receivable),
            Side::Payable => (AccountType::Liability, SubType::Payable),
        };
        let code = self.accounts.control.clone();
        self.declare(&code, kind, sub_type, 1)?;
        let place = self.place(1);
        self.sink.item(Item::Control(ControlDecl { code, side: self.kind.side(), place }))
    }

    /// Takes a row; with the number of the row before it belongs to its document.
    pub(super) fn row(&mut self, row: &impl Row) -> Result<(), Stop> {
        let number = row.cell(Field::Entry);
        let continues = |pending: &Pending| {
            // A vendor's numbers are its own: another vendor's row with the same number is another document.
            let other_vendor = self.kind.side() == Side::Payable && row.cell(Field::Party).is_some_and(|party| *party != *pending.party);
            pending.number.as_deref() == number && !other_vendor
        };
        let same = number.is_some() && self.pending.as_ref().is_some_and(continues);
        if !same {
            self.close()?;
            match self.first(row) {
                Ok(pending) => self.pending = Some(pending),
                Err(flaw) => return self.refuse(SourceError { text: Some(row.raw().to_owned()), ..flaw.located(row, &self.file) }),
            }
        } else if let Some(pending) = &mut self.pending {
            pending.text.push('\n');
            pending.text.push_str(row.raw());
        }
        let added = self.line(row);
        if let (Err(flaw), Some(pending)) = (added, &mut self.pending) {
            pending.flaw.get_or_insert(flaw.located(row, &self.file));
        }
        Ok(())
    }

    /// What the first row of a document says of the whole.
    fn first(&mut self, row: &impl Row) -> Result<Pending, Flaw> {
        let number = match self.kind {
            Kind::Payments(_) => row.cell(Field::Entry),
            Kind::Invoices | Kind::Bills => Some(needed(row, Field::Entry, "the document's number")?),
        };
        let party = needed(row, Field::Party, "a customer's or vendor's code")?;
        if let Some(number) = number {
            // A vendor's numbers are its own; ours are unique.
            let key = if self.kind.side() == Side::Payable { format!("{party}\u{1f}{number}") } else { number.to_owned() };
            if !self.numbers.insert(key) {
                let remedy = "keep the rows of a document together, or give each document its own number";
                return Err(Flaw::cell(Field::Entry, number, "this number came before", remedy));
            }
        }
        let currency = currency_of(row, self.options)?;
        let document = match self.kind {
            Kind::Payments(_) => match row.cell(Field::Document).or(number) {
                Some(document) => document,
                None => return Err(Flaw::row("a payment names neither a number nor what it pays", "fill in entry or document")),
            },
            Kind::Invoices | Kind::Bills => number.unwrap_or_default(),
        };
        Ok(Pending {
            number: number.map(ToOwned::to_owned),
            party: party.into(),
            date: self.date(row, Field::Date)?.ok_or_else(|| Flaw::row("the document has no date", "fill in the date"))?,
            due: self.date(row, Field::DueDate)?,
            document: document.into(),
            currency: currency.into(),
            description: row.cell(Field::Description).unwrap_or_default().into(),
            lines: Vec::new(),
            total: 0,
            scale: self.sink.scale_of(currency),
            line: row.line(),
            text: row.raw().to_owned(),
            flaw: None,
        })
    }

    fn date(&self, row: &impl Row, field: Field) -> Result<Option<NaiveDate>, Flaw> {
        let Some(text) = row.cell(field) else { return Ok(None) };
        let format = &self.options.date_format;
        let expected = || {
            Flaw::cell(field, text, format!("expected a date like {}", format.example()), "state how dates are written with --date-format")
        };
        format.parse(text).map(Some).ok_or_else(expected)
    }

    /// One line of the open document.
    fn line(&mut self, row: &impl Row) -> Result<(), Flaw> {
        let text = needed(row, Field::Amount, "an amount")?;
        let amount = self.options.numbers.parse(text).map_err(|flaw| Flaw::cell(Field::Amount, text, flaw.problem, flaw.remedy))?;
        let account: Text = row.cell(Field::Account).map_or_else(|| self.accounts.counter.clone(), Into::into);
        let sign = self.opening_sign();
        let dates = [(Field::Date, self.date(row, Field::Date)?), (Field::DueDate, self.date(row, Field::DueDate)?)];
        let Some(pending) = &mut self.pending else { return Ok(()) };
        for (field, known) in [(Field::Party, &pending.party), (Field::Currency, &pending.currency)] {
            if let Some(other) = row.cell(field).filter(|other| *other != known.as_str()) {
                return Err(Flaw::cell(
                    field,
                    other,
                    format!("the rows of a document agree, an earlier one says `{known}`"),
                    "give one document one number",
                ));
            }
        }
        for ((field, other), known) in dates.into_iter().zip([Some(pending.date), pending.due]) {
            if let Some(text) = row.cell(field).filter(|_| other != known) {
                let earlier = known.map_or_else(|| "none".to_owned(), |date| date.to_string());
                let problem = format!("the rows of a document agree, an earlier one says {earlier}");
                return Err(Flaw::cell(field, text, problem, "give one document one date"));
            }
        }
        let units = minor_units(row, Field::Amount, amount, &pending.currency, pending.scale)?;
        let memo = row.cell(Field::Memo).map(Text::from);
        let tags: Vec<(Text, Text)> = row.tags().map(|(key, value)| (key.into(), value.into())).collect();
        let detail = (memo.is_some() || !tags.is_empty()).then(|| Box::new(DraftDetail { memo, tags, ..DraftDetail::default() }));
        pending.total = add_units(pending.total, units)
            .ok_or_else(|| Flaw::cell(Field::Amount, text, "the document's total is too large to keep exactly", "split the document"))?;
        pending.lines.push(DraftLine { detail, ..DraftLine::new(account.as_str(), -sign * amount, &pending.currency) });
        Ok(())
    }

    /// The sign of the document's line on the control account.
    fn opening_sign(&self) -> Decimal {
        let sign = Decimal::from(self.kind.side().opening_sign());
        if matches!(self.kind, Kind::Payments(_)) { -sign } else { sign }
    }

    fn close(&mut self) -> Result<(), Stop> {
        let Some(pending) = self.pending.take() else { return Ok(()) };
        if let Some(flaw) = pending.flaw {
            return self.refuse(SourceError { text: Some(pending.text), ..flaw });
        }
        self.register(&pending.party, pending.line)?;
        for line in &pending.lines {
            if let ledger_core::AccountRef::Code(code) = &line.account {
                let (kind, sub_type) = self.counter_type();
                self.declare(&code.clone(), kind, sub_type, pending.line)?;
            }
        }
        self.add_totals(&pending);
        let entry = self.entry(pending);
        self.sink.item(Item::Entry(Box::new(entry)))
    }

    fn entry(&self, pending: Pending) -> SourceEntry {
        let detail = DraftDetail {
            party: Some(pending.party.clone()),
            document: Some(pending.document.clone()),
            due_date: pending.due,
            ..DraftDetail::default()
        };
        let control = DraftLine {
            detail: Some(Box::new(detail)),
            ..DraftLine::new(
                self.accounts.control.as_str(),
                self.opening_sign() * decimal_of(pending.total, pending.scale),
                &pending.currency,
            )
        };
        let singular = match self.kind {
            Kind::Invoices => "invoice",
            Kind::Bills => "bill",
            Kind::Payments(_) => "payment",
        };
        let description = if pending.description.is_empty() {
            format!("{singular} {}", pending.number.as_deref().unwrap_or(&pending.document)).into()
        } else {
            pending.description
        };
        let scope = if self.kind.side() == Side::Payable { format!("{} ", pending.party) } else { String::new() };
        let external_id = pending.number.map(|number| Text::from(format!("{singular} {scope}{number}")));
        let lines: Vec<DraftLine> = std::iter::once(control).chain(pending.lines).collect();
        let place = self.place(pending.line);
        let text = self.options.keep_text.then_some(pending.text);
        let draft = DraftEntry { external_id, ..DraftEntry::new(pending.date, &description, lines) };
        SourceEntry { draft, place, line_places: Vec::new(), text }
    }

    const fn counter_type(&self) -> (AccountType, SubType) {
        match self.kind {
            Kind::Invoices => (AccountType::Revenue, SubType::General),
            Kind::Bills => (AccountType::Expense, SubType::General),
            Kind::Payments(_) => (AccountType::Asset, SubType::Bank),
        }
    }

    fn register(&mut self, party: &Text, line: u32) -> Result<(), Stop> {
        if !self.parties.insert(party.clone()) {
            return Ok(());
        }
        let kind = match self.kind.side() {
            Side::Receivable => PartyKind::Customer,
            Side::Payable => PartyKind::Vendor,
        };
        let place = self.place(line);
        self.sink.item(Item::Party(PartyDecl { code: party.clone(), kind, place }))
    }

    fn declare(&mut self, code: &Text, kind: AccountType, sub_type: SubType, line: u32) -> Result<(), Stop> {
        if !self.known_accounts.insert(code.clone()) {
            return Ok(());
        }
        let place = self.place(line);
        let decl = AccountDecl { code: code.clone(), kind: Some(kind), sub_type: Some(sub_type), place, ..AccountDecl::default() };
        self.sink.item(Item::Account(decl))
    }

    fn place(&self, line: u32) -> Place {
        Place { file: self.file.clone(), line, column: 0 }
    }

    pub(super) fn refuse(&mut self, mut error: SourceError) -> Result<(), Stop> {
        error.found = error.found.as_deref().map(shortened);
        self.count("documents refused");
        self.sink.refuse(error)
    }

    fn add_totals(&mut self, pending: &Pending) {
        self.totals.entries += 1;
        self.totals.lines += u64::try_from(pending.lines.len()).unwrap_or(u64::MAX);
        self.totals.first_date = Some(self.totals.first_date.map_or(pending.date, |first| first.min(pending.date)));
        self.totals.last_date = self.totals.last_date.max(Some(pending.date));
        let debit = !self.opening_sign().is_sign_negative();
        let sides =
            self.totals.currencies.entry(pending.currency.clone()).or_insert(SideTotals { scale: pending.scale, ..SideTotals::default() });
        let side = if debit { &mut sides.debit } else { &mut sides.credit };
        *side = side.saturating_add(pending.total);
    }

    pub(super) fn finish(mut self) -> Result<SourceNotes, Stop> {
        self.close()?;
        self.notes.totals = Some(self.totals);
        Ok(self.notes)
    }
}
