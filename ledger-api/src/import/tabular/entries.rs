//! From rows to entries: grouping by key, what rows of an entry must agree on, refusals of whole entries,
//! accounts as they are first met, and control totals.

use std::sync::Arc;

use ledger_core::limits::{ENTRY_LINES_MAX, REFERENCE_BYTES_MAX};

use super::Options;
use super::field::Field;
use super::line::{self, Currencies};
use super::pending::{Accounts, Pending};
use super::recent::Recent;
use super::row::{Flaw, Row, shortened};
use crate::import::source::{Item, Place, SideTotals, Sink, SourceError, SourceNotes, Stop, Totals};

/// Source text of one entry above which it is not kept for a rejects file, so that a file of one endless entry
/// does not fill the memory.
const TEXT_BYTES_MAX: usize = 16 << 20;

/// Turns rows into entries and hands them to a sink.
pub(crate) struct Entries<'a> {
    options: &'a Options,
    file: Arc<str>,
    sink: &'a mut dyn Sink,
    current: Option<Pending>,
    /// An unreadable row without a key stood before the entry that comes next: it may have been its first row.
    doubt: Option<u32>,
    accounts: Accounts,
    currencies: Currencies,
    recent: Recent,
    totals: Totals,
    notes: SourceNotes,
    /// Reused between entries.
    text: String,
}

impl<'a> Entries<'a> {
    pub(crate) fn new(options: &'a Options, file: Arc<str>, sink: &'a mut dyn Sink) -> Self {
        Self {
            options,
            file,
            sink,
            current: None,
            doubt: None,
            accounts: Accounts::default(),
            currencies: Currencies::default(),
            recent: Recent::new(),
            totals: Totals::default(),
            notes: SourceNotes::default(),
            text: String::new(),
        }
    }

    pub(crate) fn count(&mut self, what: &str) {
        if let Some(count) = self.notes.counts.get_mut(what) {
            *count += 1;
        } else {
            self.notes.counts.insert(what.to_owned(), 1);
        }
    }

    pub(crate) fn remark(&mut self, remark: Option<String>) {
        self.notes.remarks.extend(remark);
    }

    /// Takes the next row; rows with the same key as the row before belong to its entry.
    pub(crate) fn row(&mut self, row: &impl Row) -> Result<(), Stop> {
        let Some(key) = row.cell(Field::Entry) else {
            let flaw = Flaw {
                field: Some(Field::Entry),
                problem: "empty, expected the key of the row's entry".to_owned(),
                found: None,
                remedy: Some("fill in the key on every row of the entry".to_owned()),
            };
            return self.broken(None, row.line(), flaw.located(row, &self.file.clone()), row.raw());
        };
        self.enter(key, row.line())?;
        self.keep_text(row.raw());
        let result = self.add(row);
        self.settle(result, row);
        Ok(())
    }

    /// Takes a row that could not be taken apart. With a key it spoils its own entry; without one it may belong
    /// to the entry before or to the one after it, and so neither can be trusted.
    pub(crate) fn broken(&mut self, key: Option<&str>, line: u32, error: SourceError, raw: &str) -> Result<(), Stop> {
        match (key, &mut self.current) {
            (Some(key), _) => self.enter(key, line)?,
            (None, Some(_)) => self.doubt = Some(line),
            (None, None) => {
                self.doubt = Some(line);
                self.count("rows refused");
                return self.sink.refuse(SourceError { text: Some(raw.to_owned()), ..error });
            }
        }
        self.keep_text(raw);
        if let Some(pending) = &mut self.current {
            pending.rows += 1;
            pending.blame(error);
        }
        Ok(())
    }

    /// Begins an entry that is whole in itself (a JSON object with lines), under a key if it has one.
    pub(crate) fn begin(&mut self, key: Option<&str>, line: u32, raw: &str) -> Result<(), Stop> {
        self.close()?;
        self.doubt = None;
        self.open(key, line);
        self.keep_text(raw);
        Ok(())
    }

    /// What the entry begun last says as a whole: date, description, kind, external id, tags.
    pub(crate) fn add_header(&mut self, row: &impl Row) {
        let Some(pending) = &mut self.current else { return };
        let result = pending.add_header(row, self.options).and_then(|()| {
            pending.tags = line::tags_of(row)?;
            Ok(())
        });
        self.settle(result, row);
    }

    /// Adds a line to the entry begun last.
    pub(crate) fn add_line(&mut self, row: &impl Row) {
        let result = self.add(row);
        self.settle(result, row);
    }

    /// Refuses the entry begun last for this.
    pub(crate) fn blame(&mut self, error: SourceError) {
        if let Some(pending) = &mut self.current {
            pending.blame(error);
        }
    }

    /// Refuses a row that belongs to no entry.
    pub(crate) fn refuse_row(&mut self, error: SourceError) -> Result<(), Stop> {
        self.count("rows refused");
        self.sink.refuse(error)
    }

    /// Forgets the entry begun last if it has no line and nothing wrong; answers whether it did.
    pub(crate) fn abandon_empty(&mut self) -> bool {
        let is_empty = self.current.as_ref().is_some_and(|pending| pending.problem.is_none() && pending.lines.is_empty());
        if is_empty {
            self.current = None;
            self.text.clear();
        }
        is_empty
    }

    /// Ends the entry begun last.
    pub(crate) fn end(&mut self) -> Result<(), Stop> {
        self.close()
    }

    /// Hands over the last entry and what was counted.
    pub(crate) fn finish(mut self) -> Result<SourceNotes, Stop> {
        self.close()?;
        for currency in self.currencies.into_known() {
            if currency.touched {
                let sides = SideTotals { scale: currency.scale, debit: currency.debit, credit: currency.credit };
                self.totals.currencies.insert(currency.code, sides);
            }
        }
        self.notes.totals = Some(self.totals);
        Ok(self.notes)
    }

    fn enter(&mut self, key: &str, line: u32) -> Result<(), Stop> {
        if self.current.as_ref().is_some_and(|pending| pending.key.as_deref() == Some(key)) {
            self.doubt = None;
            return Ok(());
        }
        self.close()?;
        self.open(Some(key), line);
        Ok(())
    }

    fn open(&mut self, key: Option<&str>, line: u32) {
        let mut pending = Pending::new(key, line);
        if let Some(key) = key {
            if key.len() > REFERENCE_BYTES_MAX {
                let problem = format!("the entry key is {} bytes long, at most {REFERENCE_BYTES_MAX} are kept", key.len());
                pending.blame(self.error(line, problem, Some(key), "shorten it"));
            } else if let Some(first) = self.recent.note(key, line) {
                let problem = format!("the entry `{}` began on line {first} and comes again after other entries", shortened(key));
                pending.blame(self.error(line, problem, None, "sort the file so that the rows of an entry stand together"));
            }
        }
        if let Some(doubtful) = self.doubt.take() {
            let problem = format!("the row on line {doubtful} could not be read and may belong to this entry");
            pending.blame(self.error(line, problem, None, "fix that row and import both again"));
        }
        self.current = Some(pending);
    }

    fn error(&self, line: u32, problem: String, found: Option<&str>, remedy: &str) -> SourceError {
        let place = Place { file: self.file.clone(), line, column: 0 };
        SourceError { place, problem, found: found.map(shortened), remedy: Some(remedy.to_owned()), text: None }
    }

    /// Adds a row's text to what a rejects file would get for the entry.
    pub(crate) fn keep_text(&mut self, raw: &str) {
        if raw.is_empty() {
            return;
        }
        if self.text.len() + raw.len() < TEXT_BYTES_MAX {
            if !self.text.is_empty() {
                self.text.push('\n');
            }
            self.text.push_str(raw);
        } else if let Some(pending) = &mut self.current {
            let place = Place { file: self.file.clone(), line: pending.line, column: 0 };
            pending.blame_size(place);
        }
    }

    fn settle(&mut self, result: Result<(), Flaw>, row: &impl Row) {
        if let (Err(flaw), Some(pending)) = (result, &mut self.current) {
            pending.blame(flaw.located(row, &self.file));
        }
    }

    fn add(&mut self, row: &impl Row) -> Result<(), Flaw> {
        let Some(pending) = &mut self.current else { return Ok(()) };
        pending.rows += 1;
        if pending.rows > ENTRY_LINES_MAX {
            return Err(Flaw::row(format!("an entry has at most {ENTRY_LINES_MAX} lines"), "split the entry"));
        }
        pending.add_header(row, self.options)?;
        let read = line::read(row, self.options, &mut self.currencies, self.sink)?;
        pending.add_account(row, &read.line, &self.accounts, &self.file)?;
        pending.push(read, row);
        Ok(())
    }

    fn close(&mut self) -> Result<(), Stop> {
        let Some(mut pending) = self.current.take() else { return Ok(()) };
        if pending.problem.is_none() && pending.date.is_none() {
            let problem = "the entry has no date".to_owned();
            pending.problem = Some(self.error(pending.line, problem, pending.key.as_deref(), "fill in the date on its first row"));
        }
        let result = match pending.problem.take() {
            Some(error) => self.refuse(&pending, error),
            None => self.hand_over(pending),
        };
        self.text.clear();
        result
    }

    fn refuse(&mut self, pending: &Pending, mut error: SourceError) -> Result<(), Stop> {
        match pending.more_problems {
            0 => {}
            1 => error.problem.push_str(" (and 1 more problem in this entry)"),
            n => error.problem.push_str(&format!(" (and {n} more problems in this entry)")),
        }
        error.text = (!pending.too_large).then(|| self.text.clone());
        self.count("entries refused");
        self.sink.refuse(error)
    }

    fn hand_over(&mut self, mut pending: Pending) -> Result<(), Stop> {
        for decl in pending.accounts.drain(..) {
            self.accounts.insert(decl.code.clone(), (decl.kind, decl.place.line));
            self.sink.item(Item::Account(decl))?;
        }
        self.add_totals(&pending);
        let text = self.options.keep_text.then(|| self.text.clone());
        let entry = pending.into_entry(self.options, &self.file, text);
        self.sink.item(Item::Entry(Box::new(entry)))
    }

    fn add_totals(&mut self, pending: &Pending) {
        self.totals.entries += 1;
        self.totals.lines += u64::try_from(pending.lines.len()).unwrap_or(u64::MAX);
        let date = pending.date.map(|(date, _)| date);
        self.totals.first_date = self.totals.first_date.min(date).or(date);
        self.totals.last_date = self.totals.last_date.max(date);
        for (at, units, is_credit) in &pending.sides {
            if let Some(currency) = self.currencies.get_mut(*at) {
                currency.touched = true;
                let side = if *is_credit { &mut currency.credit } else { &mut currency.debit };
                *side = side.saturating_add(if *is_credit { -*units } else { *units });
            }
        }
    }
}
