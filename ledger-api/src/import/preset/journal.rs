//! Which rows are titles, lines, subtotals and totals, which lines are one entry, and whether the totals tie out.

use std::borrow::Cow;
use std::sync::Arc;

use rust_decimal::Decimal;

use super::Preset;
use super::layout::{Col, Grouping, Layout};
use super::row::{Cells, Made, date_text, without_sign};
use crate::import::csv::records::{Breach, Records};
use crate::import::source::{Place, Sink, SourceError, SourceNotes, Stop};
use crate::import::tabular::buffer::position;
use crate::import::tabular::entries::Entries;
use crate::import::tabular::field::normalized;
use crate::import::tabular::row::shortened;
use crate::import::tabular::{Field, KeyUse, Options};

/// Debits and credits in the books' currency.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Sums {
    debit: Decimal,
    credit: Decimal,
    /// Whether an amount could not be read, so that the sums say nothing.
    unknown: bool,
}

impl Sums {
    fn add(&mut self, other: Self) {
        match (self.debit.checked_add(other.debit), self.credit.checked_add(other.credit)) {
            (Some(debit), Some(credit)) => (self.debit, self.credit) = (debit, credit),
            _ => self.unknown = true,
        }
        self.unknown |= other.unknown;
    }

    fn ties_with(self, stated: Self) -> bool {
        !stated.unknown && self.debit == stated.debit && self.credit == stated.credit
    }
}

/// The entry whose rows are being read.
struct Open {
    /// What its rows have in common.
    head: Vec<String>,
    number: Option<String>,
    kind: Option<String>,
    rows: u32,
    sums: Sums,
}

/// Turns the rows of a report into entries.
pub(super) struct Journal<'a> {
    preset: Preset,
    options: Options,
    layout: &'a Layout,
    file: Arc<str>,
    entries: Entries<'a>,
    open: Option<Open>,
    /// Whether rows repeat what their entry's first row says; told by the second row of the first entry.
    repeats: Option<bool>,
    sums: Sums,
    has_total: bool,
    /// What was refused beside entries: rows and totals.
    wrong: u64,
}

enum Total {
    /// Of the entry above.
    Entry,
    /// Of the whole file.
    File,
    /// Either: whichever it ties out with.
    Any,
}

impl<'a> Journal<'a> {
    pub(super) fn new(preset: Preset, options: &'a Options, layout: &'a Layout, file: Arc<str>, sink: &'a mut dyn Sink) -> Self {
        let mut entries = Entries::new(options, file.clone(), sink);
        entries.remark(layout.remark());
        Self {
            preset,
            options: options.clone(),
            layout,
            file,
            entries,
            open: None,
            repeats: None,
            sums: Sums::default(),
            has_total: false,
            wrong: 0,
        }
    }

    /// Takes the next record.
    pub(super) fn record(&mut self, records: &Records) -> Result<(), Stop> {
        let Ok(raw) = std::str::from_utf8(records.raw()) else {
            let offset = std::str::from_utf8(records.raw()).map_or_else(|error| error.valid_up_to(), |_| 0);
            let remedy = "save the file as UTF-8 (it may be Windows-1252 or Latin-1)";
            return self.broken(records, Breach { offset, problem: "expected UTF-8 text", remedy });
        };
        let cells = Cells { records, layout: self.layout, raw };
        if let Some((column, _)) = cells.filled().find(|(column, _)| *column >= self.layout.headers.len()) {
            let remedy = "quote fields that contain the delimiter, such as amounts with grouped digits";
            let breach = Breach { offset: records.begin(column), problem: "the row has more fields than the header", remedy };
            return self.broken(records, breach);
        }
        if cells.filled().next().is_none() {
            return Ok(());
        }
        match (cells.account(), cells.has_amount()) {
            (None, true) => self.total_or_flaw(&cells),
            (None, false) => self.text(&cells),
            // Some reports write "Total" where accounts stand; a line has one side, a total both.
            (Some(label), true) if is_total_word(label) && cells.cell(Col::Debit).is_some() && cells.cell(Col::Credit).is_some() => {
                self.total_or_flaw(&cells)
            }
            (Some(_), _) => self.line(&cells),
        }
    }

    /// Takes a record that could not be taken apart. It may have been a line of the entry before it, and its amount
    /// is missing in every total.
    pub(super) fn broken(&mut self, records: &Records, breach: Breach) -> Result<(), Stop> {
        let (line, column) = position(records.raw(), breach.offset, records.line());
        let rest = records.raw().get(breach.offset..).unwrap_or_default();
        let found = Some(shortened(&String::from_utf8_lossy(rest))).filter(|text| !text.is_empty());
        let raw = String::from_utf8_lossy(records.raw()).into_owned();
        let place = Place { file: self.file.clone(), line, column };
        let error = SourceError { place, problem: breach.problem.to_owned(), found, remedy: Some(breach.remedy.to_owned()), text: None };
        self.sums.unknown = true;
        if let Some(open) = &mut self.open {
            open.sums.unknown = true;
        }
        self.spoil(error, &raw)
    }

    /// Refuses the open entry for this, or this row where there is none.
    fn spoil(&mut self, error: SourceError, raw: &str) -> Result<(), Stop> {
        if self.open.is_some() {
            self.entries.keep_text(raw);
            self.entries.blame(error);
            return Ok(());
        }
        self.wrong += 1;
        self.entries.refuse_row(SourceError { text: Some(raw.to_owned()), ..error })
    }

    fn flaw(&self, cells: &Cells<'_>, col: Col, problem: String, found: Option<&str>, remedy: &str) -> SourceError {
        let (line, column) = cells.place_of(col);
        let place = Place { file: self.file.clone(), line, column };
        SourceError { place, problem, found: found.map(shortened), remedy: Some(remedy.to_owned()), text: None }
    }

    /// A row of texts alone: a title, a footer, a heading over an entry. One that says a date should have been a line.
    fn text(&mut self, cells: &Cells<'_>) -> Result<(), Stop> {
        let is_date = |text: &str| self.options.date_format.parse(&date_text(text, self.preset, &self.options.date_format)).is_some();
        let dated = cells.cell(Col::Date).is_some_and(is_date);
        if dated || (cells.filled().count() > 2 && !self.has_total) {
            let problem = "the row has neither account nor amount".to_owned();
            let error = self.flaw(cells, Col::Date, problem, cells.cell(Col::Date), "complete the row, or remove it");
            return self.spoil(error, cells.raw);
        }
        self.entries.count("title and footer rows passed over");
        Ok(())
    }

    fn line(&mut self, cells: &Cells<'_>) -> Result<(), Stop> {
        self.enter(cells)?;
        let Some(open) = &mut self.open else {
            let problem = "the line belongs to no entry: nothing above it says date or number since the last subtotal".to_owned();
            let error = self.flaw(cells, Col::Date, problem, None, "fill in what the first row of an entry says");
            self.sums.unknown = true;
            return self.spoil(error, cells.raw);
        };
        open.rows = open.rows.saturating_add(1);
        if !cells.has_amount() {
            self.entries.keep_text(cells.raw);
            self.entries.count("lines without an amount passed over");
            return Ok(());
        }
        let sums = amounts(cells, &self.options);
        open.sums.add(sums);
        self.sums.add(sums);
        self.entries.keep_text(cells.raw);
        let mut made = Made::line(cells, self.preset, &self.options, open.number.as_deref(), open.kind.as_deref());
        // The first row's date is the entry's already; another on a later row is refused.
        if let Some(date) = cells.cell(Col::Date).filter(|_| open.rows > 1) {
            made.set(Field::Date, Col::Date, date_text(date, self.preset, &self.options.date_format));
        }
        self.entries.add_line(&made);
        Ok(())
    }

    /// Begins an entry where this row is its first.
    fn enter(&mut self, cells: &Cells<'_>) -> Result<(), Stop> {
        let head = self.head(cells);
        let says_nothing = head.iter().all(String::is_empty);
        let same = self.open.as_ref().is_some_and(|open| open.head == head);
        if self.layout.grouping == Grouping::Head
            && self.repeats.is_none()
            && (says_nothing || same)
            && self.open.as_ref().is_some_and(|open| open.rows == 1)
        {
            self.repeats = Some(!says_nothing);
        }
        let continues = says_nothing || (same && (self.layout.grouping != Grouping::Head || self.repeats == Some(true)));
        if continues { Ok(()) } else { self.begin(cells, head) }
    }

    fn head(&self, cells: &Cells<'_>) -> Vec<String> {
        let cols: &[Col] = match self.layout.grouping {
            Grouping::Id => &[Col::Id],
            Grouping::Narration => &[Col::Narration, Col::Date],
            Grouping::Head => &[Col::Date, Col::Type, Col::Number],
        };
        cols.iter().map(|col| cells.cell(*col).unwrap_or_default().to_owned()).collect()
    }

    fn begin(&mut self, cells: &Cells<'_>, head: Vec<String>) -> Result<(), Stop> {
        self.close()?;
        let owned = |col| cells.cell(col).map(str::to_owned);
        let (number, kind) = (owned(Col::Number), owned(Col::Type));
        let key = cells.cell(Col::Id).map(|id| match self.options.key_use {
            KeyUse::ExternalId => Cow::Owned(format!("{}{id}", self.preset.id_prefix())),
            _ => Cow::Borrowed(id),
        });
        // The rows' texts are kept as lines are added.
        self.entries.begin(key.as_deref(), cells.line(), "")?;
        let mut made = Made::new(cells);
        if let Some(date) = cells.cell(Col::Date) {
            made.set(Field::Date, Col::Date, date_text(date, self.preset, &self.options.date_format));
        }
        let description = cells.cell(Col::Narration).map(str::to_owned).or_else(|| match (&kind, &number) {
            (Some(kind), Some(number)) => Some(format!("{kind} {number}")),
            (one, other) => one.clone().or_else(|| other.clone()),
        });
        if let Some(description) = description {
            made.set(Field::Description, Col::Narration, description);
        }
        self.entries.add_header(&made);
        self.open = Some(Open { head, number, kind, rows: 0, sums: Sums::default() });
        Ok(())
    }

    /// A row with amounts and no account: a subtotal, a total, or a line whose account is missing.
    fn total_or_flaw(&mut self, cells: &Cells<'_>) -> Result<(), Stop> {
        let Some(total) = self.total_kind(cells) else {
            self.enter(cells)?;
            let problem = "the row has an amount and no account".to_owned();
            let error = self.flaw(cells, Col::AccountName, problem, None, "fill in the account");
            self.sums.unknown = true;
            if let Some(open) = &mut self.open {
                open.sums.unknown = true;
            }
            return self.spoil(error, cells.raw);
        };
        let stated = amounts(cells, &self.options);
        let of_entry = self.open.as_ref().map(|open| open.sums);
        match (total, of_entry) {
            (Total::Entry, Some(sums)) => self.subtotal(cells, sums, stated),
            (Total::Any, Some(sums)) if sums.unknown || sums.ties_with(stated) || !self.sums.ties_with(stated) => {
                self.subtotal(cells, sums, stated)
            }
            (Total::Entry, None) => {
                let error = self.flaw(cells, Col::Debit, "a subtotal without lines above it".to_owned(), None, "remove it");
                self.spoil(error, cells.raw)
            }
            (Total::File | Total::Any, _) => self.total(cells, stated),
        }
    }

    fn total_kind(&self, cells: &Cells<'_>) -> Option<Total> {
        let amounts = [Col::Debit, Col::Credit, Col::Amount, Col::ForeignDebit, Col::ForeignCredit].map(|col| self.layout.column(col));
        let mut labels = cells.filled().filter(|(column, _)| !amounts.contains(&Some(*column))).map(|(_, text)| normalized(text));
        let label = labels.next();
        if labels.next().is_some() {
            return None;
        }
        match (label.as_deref(), self.preset) {
            (None, _) if cells.cell(Col::Debit).is_some() && cells.cell(Col::Credit).is_some() => Some(Total::Entry),
            (Some("grand_total" | "report_total"), _) | (Some("total"), Preset::QuickBooks) => Some(Total::File),
            (Some("total"), Preset::Xero) => Some(Total::Any),
            (Some(label), _) if label.starts_with("total_") || label == "subtotal" => Some(Total::Entry),
            _ => None,
        }
    }

    fn subtotal(&mut self, cells: &Cells<'_>, sums: Sums, stated: Sums) -> Result<(), Stop> {
        self.entries.keep_text(cells.raw);
        if !sums.unknown {
            if sums.ties_with(stated) {
                self.entries.count("subtotals that tie out");
            } else {
                let error = self.difference(cells, "subtotal", "the lines of its entry", sums, stated);
                self.entries.blame(error);
            }
        }
        self.close()
    }

    fn total(&mut self, cells: &Cells<'_>, stated: Sums) -> Result<(), Stop> {
        self.close()?;
        self.has_total = true;
        if self.sums.unknown {
            let line = cells.line();
            self.entries.remark(Some(format!("the total on line {line} was not checked, because amounts above it could not be read")));
            return Ok(());
        }
        if self.sums.ties_with(stated) {
            self.entries.count("totals that tie out");
            return Ok(());
        }
        self.wrong += 1;
        let error = self.difference(cells, "total", "the lines above it", self.sums, stated);
        self.entries.refuse_row(error)
    }

    fn difference(&self, cells: &Cells<'_>, what: &str, of: &str, sums: Sums, stated: Sums) -> SourceError {
        let said = |col| cells.cell(col).unwrap_or("nothing").to_owned();
        let problem = if stated.unknown {
            format!("the {what} cannot be read")
        } else {
            format!("the {what} does not tie out: {of} sum to debits {} and credits {}", sums.debit, sums.credit)
        };
        let found = format!("{} and {}", said(Col::Debit), said(Col::Credit));
        self.flaw(cells, Col::Debit, problem, Some(&found), "export the report again; a line may be missing or changed")
    }

    fn close(&mut self) -> Result<(), Stop> {
        if self.open.take().is_none() {
            return Ok(());
        }
        if self.entries.abandon_empty() {
            self.entries.count("entries without amounts passed over");
            return Ok(());
        }
        self.entries.end()
    }

    pub(super) fn finish(mut self) -> Result<SourceNotes, Stop> {
        self.close()?;
        if self.repeats == Some(true) {
            let remark = "every row repeats date, type and number: neighbours that have all three in common are one entry unless a \
                          subtotal stands between them";
            self.entries.remark(Some(remark.to_owned()));
        }
        if self.preset == Preset::QuickBooks && !self.has_total {
            self.entries.remark(Some("the file has no TOTAL row to check against: its end may be missing".to_owned()));
        }
        if self.wrong > 0 {
            self.entries.remark(Some(format!("rows and totals refused beside entries: {}", self.wrong)));
        }
        self.entries.finish()
    }
}

fn is_total_word(label: &str) -> bool {
    matches!(normalized(label).as_str(), "total" | "grand_total" | "report_total" | "subtotal")
}

/// What a row says in the books' currency.
fn amounts(cells: &Cells<'_>, options: &Options) -> Sums {
    let read = |col| match cells.cell(col) {
        None => Ok(Decimal::ZERO),
        Some(text) => options.numbers.parse(&without_sign(text, options.currency.as_deref())),
    };
    match (read(Col::Debit), read(Col::Credit), read(Col::Amount)) {
        (Ok(debit), Ok(credit), Ok(amount)) if amount.is_sign_negative() => Sums { debit, credit: credit - amount, unknown: false },
        (Ok(debit), Ok(credit), Ok(amount)) => Sums { debit: debit + amount, credit, unknown: false },
        _ => Sums { unknown: true, ..Sums::default() },
    }
}
