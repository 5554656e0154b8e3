//! From rows to documents: rows of one number are the lines of one document.

use std::collections::BTreeSet;
use std::sync::Arc;

use ledger_core::subledger::{PartyKind, Side};
use ledger_core::{AccountType, DocumentKind, SubType, Text};

use super::whole::Pending;
use super::{Kind, Settings};
use crate::import::source::{
    AccountDecl, ControlDecl, Item, PartyDecl, Place, SideTotals, Sink, SourceDocument, SourceError, SourceNotes, Stop, Totals,
};
use crate::import::tabular::row::{Flaw, Row, shortened};
use crate::import::tabular::{Field, Options};

pub(super) struct Builder<'a> {
    kind: Kind,
    settings: &'a Settings,
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
    pub(super) fn new(kind: Kind, settings: &'a Settings, options: &'a Options, file: Arc<str>, sink: &'a mut dyn Sink) -> Self {
        Self {
            kind,
            settings,
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
        let code = self.settings.control.clone();
        self.declare(&code, kind, sub_type, 1)?;
        let place = self.place(1);
        self.sink.item(Item::Control(ControlDecl { code, side: self.kind.side(), place }))
    }

    /// Takes a row; with the number of the row before it belongs to its document.
    pub(super) fn row(&mut self, row: &impl Row) -> Result<(), Stop> {
        let number = row.cell(Field::Entry);
        let continues = |pending: &Pending| {
            // A vendor's numbers are its own: another vendor's row with the same number is another document.
            let other_vendor = self.kind == Kind::Bills && row.cell(Field::Party).is_some_and(|party| *party != *pending.party);
            pending.number.as_deref() == number && !other_vendor
        };
        if number.is_some() && self.pending.as_ref().is_some_and(continues) {
            if let Some(pending) = &mut self.pending {
                pending.text.push('\n');
                pending.text.push_str(row.raw());
                if let Err(flaw) = pending.agrees(row, self.kind, self.options) {
                    pending.flaw.get_or_insert(flaw.located(row, &self.file));
                }
            }
        } else {
            self.close()?;
            match self.first(row, false) {
                Ok(pending) => self.pending = Some(pending),
                Err(flaw) => return self.refuse(SourceError { text: Some(row.raw().to_owned()), ..flaw.located(row, &self.file) }),
            }
        }
        self.add_line(row);
        Ok(())
    }

    /// Begins a document whose lines follow by themselves.
    pub(super) fn begin_document(&mut self, header: &impl Row) -> Result<(), Stop> {
        self.close()?;
        match self.first(header, true) {
            Ok(pending) => self.pending = Some(pending),
            Err(flaw) => self.refuse(SourceError { text: Some(header.raw().to_owned()), ..flaw.located(header, &self.file) })?,
        }
        Ok(())
    }

    /// A line of the document that has begun; of one that was refused it goes the same way.
    pub(super) fn add_line(&mut self, row: &impl Row) {
        let Some(pending) = &mut self.pending else { return };
        if let Err(flaw) = pending.add(row, self.kind, self.settings, self.options) {
            pending.flaw.get_or_insert(flaw.located(row, &self.file));
        }
    }

    /// Something is wrong with the document that has begun.
    pub(super) fn blame(&mut self, error: SourceError) {
        if let Some(pending) = &mut self.pending {
            pending.flaw.get_or_insert(error);
        }
    }

    /// Ends a document that [`Builder::begin_document`] began.
    pub(super) fn end_document(&mut self) -> Result<(), Stop> {
        self.close()
    }

    fn first(&mut self, row: &impl Row, is_header: bool) -> Result<Pending, Flaw> {
        let mut pending = Pending::read(row, self.kind, self.settings, self.options, is_header)?;
        pending.scale = self.sink.scale_of(&pending.currency);
        if let Some(number) = &pending.number {
            // A vendor's numbers are its own; ours are unique for what they are of.
            let scope = if self.kind == Kind::Bills { pending.party.as_str() } else { "" };
            let key = format!("{}\u{1f}{scope}\u{1f}{number}", row.cell(Field::Kind).unwrap_or_default());
            if !self.numbers.insert(key) {
                let remedy = "keep the rows of a document together, or give each document its own number";
                return Err(Flaw::cell(Field::Entry, number, "this number came before", remedy));
            }
        }
        Ok(pending)
    }

    fn close(&mut self) -> Result<(), Stop> {
        let Some(mut pending) = self.pending.take() else { return Ok(()) };
        if let Some(flaw) = pending.flaw.take() {
            return self.refuse(SourceError { text: Some(pending.text), ..flaw });
        }
        if let Some(problem) = pending.fault(self.settings, self.options) {
            let (place, remedy) = (self.place(pending.line), Some("correct the amounts, or leave the value out".to_owned()));
            return self.refuse(SourceError { place, problem, found: None, remedy, text: Some(pending.text) });
        }
        self.register(&pending.party, pending.line)?;
        let (accounts, waiting) = pending.accounts(self.settings, self.kind);
        let (kind, sub_type) = self.counter_type();
        for code in accounts {
            self.declare(&code, kind, sub_type, pending.line)?;
        }
        let (kind, sub_type) = self.waiting_type();
        for code in waiting {
            self.declare(&code, kind, sub_type, pending.line)?;
        }
        if let Some(code) = pending.charge_account() {
            self.declare(&code, AccountType::Expense, SubType::General, pending.line)?;
        }
        self.add_totals(&pending);
        let place = self.place(pending.line);
        let line_places = std::mem::take(&mut pending.places);
        let text = self.options.keep_text.then(|| std::mem::take(&mut pending.text));
        let recording = pending.into_recording(self.kind, self.settings);
        self.sink.item(Item::Document(Box::new(SourceDocument { recording, place, line_places, text })))
    }

    const fn counter_type(&self) -> (AccountType, SubType) {
        match self.kind {
            Kind::Invoices => (AccountType::Revenue, SubType::General),
            Kind::Bills => (AccountType::Expense, SubType::General),
            Kind::Payments(_) => (AccountType::Asset, SubType::Bank),
        }
    }

    const fn waiting_type(&self) -> (AccountType, SubType) {
        match self.kind.side() {
            Side::Receivable => (AccountType::Liability, SubType::DeferredRevenue),
            Side::Payable => (AccountType::Asset, SubType::PrepaidExpense),
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

    /// What the file's amounts come to: documents on one side, what takes them back on the other.
    fn add_totals(&mut self, pending: &Pending) {
        self.totals.entries += 1;
        self.totals.lines += u64::try_from(pending.places.len()).unwrap_or(u64::MAX);
        self.totals.first_date = Some(self.totals.first_date.map_or(pending.date, |first| first.min(pending.date)));
        self.totals.last_date = self.totals.last_date.max(Some(pending.date));
        let opens = (self.kind.side() == Side::Receivable) != matches!(self.kind, Kind::Payments(_));
        let returned = matches!(pending.kind(self.kind), DocumentKind::CreditNote | DocumentKind::Refund);
        let sides =
            self.totals.currencies.entry(pending.currency.clone()).or_insert(SideTotals { scale: pending.scale, ..SideTotals::default() });
        let side = if opens == returned { &mut sides.credit } else { &mut sides.debit };
        *side = side.saturating_add(if returned { pending.total.abs() } else { pending.total });
    }

    pub(super) fn finish(mut self) -> Result<SourceNotes, Stop> {
        self.close()?;
        self.notes.totals = Some(self.totals);
        Ok(self.notes)
    }
}
