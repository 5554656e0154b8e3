//! A row of a report, as its entry's lines need it: amounts without currency signs, and what only the entry's first
//! row says carried to the others.

use std::borrow::Cow;

use super::Preset;
use super::layout::{Col, Layout};
use crate::import::csv::records::Records;
use crate::import::tabular::buffer::position;
use crate::import::tabular::row::Row;
use crate::import::tabular::{DateFormat, Field, Options};

/// The cells of one record, by column; trimmed, nothing when empty.
pub(super) struct Cells<'a> {
    pub(super) records: &'a Records,
    pub(super) layout: &'a Layout,
    pub(super) raw: &'a str,
}

impl Cells<'_> {
    pub(super) fn at(&self, column: usize) -> Option<&str> {
        let text = std::str::from_utf8(self.records.field(column)?).ok()?.trim();
        (!text.is_empty()).then_some(text)
    }

    pub(super) fn cell(&self, col: Col) -> Option<&str> {
        self.at(self.layout.column(col)?)
    }

    /// All cells that hold something: column and text.
    pub(super) fn filled(&self) -> impl Iterator<Item = (usize, &str)> {
        (0..self.records.len()).filter_map(|column| self.at(column).map(|text| (column, text)))
    }

    pub(super) fn line(&self) -> u32 {
        self.records.line()
    }

    pub(super) fn account(&self) -> Option<&str> {
        self.cell(Col::AccountCode).or_else(|| self.cell(Col::AccountName))
    }

    pub(super) fn has_amount(&self) -> bool {
        [Col::Debit, Col::Credit, Col::Amount].into_iter().any(|col| self.cell(col).is_some())
    }

    /// Where a cell begins: line, column in characters.
    pub(super) fn place_of(&self, col: Col) -> (u32, u32) {
        match self.layout.column(col) {
            Some(column) if column < self.records.len() => position(self.raw.as_bytes(), self.records.begin(column), self.line()),
            _ => (self.line(), 0),
        }
    }
}

/// A row made of cells, for the reader of lines.
pub(super) struct Made<'a> {
    cells: &'a Cells<'a>,
    values: [Option<Cow<'a, str>>; Field::COUNT],
    cols: [Option<Col>; Field::COUNT],
    tags: Vec<(Cow<'a, str>, Cow<'a, str>)>,
}

impl<'a> Made<'a> {
    pub(super) fn new(cells: &'a Cells<'a>) -> Self {
        Self { cells, values: [const { None }; Field::COUNT], cols: [None; Field::COUNT], tags: Vec::new() }
    }

    /// Gives a field this value, which stands in this column.
    pub(super) fn set(&mut self, field: Field, col: Col, value: impl Into<Cow<'a, str>>) {
        self.values[field.index()] = Some(value.into());
        self.cols[field.index()] = Some(col);
    }

    fn copy(&mut self, field: Field, col: Col) {
        if let Some(value) = self.cells.cell(col) {
            self.set(field, col, value);
        }
    }

    fn amount(&mut self, field: Field, col: Col, currency: Option<&str>) {
        if let Some(value) = self.cells.cell(col) {
            self.set(field, col, without_sign(value, currency));
        }
    }

    /// The line that this row stands for. `number` and `kind` are the entry's.
    pub(super) fn line(cells: &'a Cells<'a>, preset: Preset, options: &Options, number: Option<&'a str>, kind: Option<&'a str>) -> Self {
        let mut made = Self::new(cells);
        made.copy(Field::Account, Col::AccountName);
        if let Some(code) = cells.cell(Col::AccountCode) {
            made.copy(Field::AccountName, Col::AccountName);
            made.set(Field::Account, Col::AccountCode, code);
        }
        made.amounts(options);
        for (field, col) in [(Field::Party, Col::Party), (Field::Memo, Col::Memo), (Field::TaxCode, Col::TaxRate)] {
            made.copy(field, col);
        }
        if let Some(text) = cells.cell(Col::DueDate) {
            made.set(Field::DueDate, Col::DueDate, date_text(text, preset, &options.date_format));
        }
        if let Some(number) = number {
            made.set(Field::Document, Col::Number, number);
        }
        made.tags.extend(kind.map(|kind| (Cow::Borrowed("type"), Cow::Borrowed(kind))));
        for (key, column) in &cells.layout.tags {
            if let Some(value) = cells.at(*column) {
                made.tags.push((Cow::Borrowed(key.as_str()), Cow::Borrowed(value)));
            }
        }
        for (name, option) in [(Col::TrackingName1, Col::TrackingOption1), (Col::TrackingName2, Col::TrackingOption2)] {
            if let (Some(name), Some(option)) = (cells.cell(name), cells.cell(option)) {
                made.tags.push((Cow::Borrowed(name), Cow::Borrowed(option)));
            }
        }
        made
    }

    /// Debit and credit are in the books' currency. Where foreign amounts stand beside them, those are the line's own.
    fn amounts(&mut self, options: &Options) {
        let home = options.currency.as_deref();
        let foreign = self.cells.cell(Col::Currency).filter(|code| {
            Some(*code) != home && [Col::ForeignDebit, Col::ForeignCredit].into_iter().any(|col| self.cells.cell(col).is_some())
        });
        let Some(code) = foreign else {
            self.amount(Field::Debit, Col::Debit, home);
            self.amount(Field::Credit, Col::Credit, home);
            self.amount(Field::Amount, Col::Amount, home);
            return;
        };
        self.set(Field::Currency, Col::Currency, code);
        self.amount(Field::Debit, Col::ForeignDebit, Some(code));
        self.amount(Field::Credit, Col::ForeignCredit, Some(code));
        self.amount(Field::FunctionalDebit, Col::Debit, home);
        self.amount(Field::FunctionalCredit, Col::Credit, home);
    }
}

impl Row for Made<'_> {
    fn cell(&self, field: Field) -> Option<&str> {
        self.values[field.index()].as_deref()
    }

    fn tags(&self) -> impl Iterator<Item = (&str, &str)> {
        self.tags.iter().map(|(key, value)| (key.as_ref(), value.as_ref()))
    }

    fn locate(&self, field: Option<Field>) -> (u32, u32) {
        match field.and_then(|field| self.cols[field.index()]) {
            Some(col) => self.cells.place_of(col),
            None => (self.cells.line(), 0),
        }
    }

    fn label(&self, field: Field) -> String {
        match self.cols[field.index()].and_then(|col| self.cells.layout.column(col)) {
            Some(column) => format!("column {} `{}`", column + 1, self.cells.layout.headers.get(column).map_or("", String::as_str)),
            None => field.name().to_owned(),
        }
    }

    fn raw(&self) -> &str {
        self.cells.raw
    }

    fn line(&self) -> u32 {
        self.cells.line()
    }
}

/// A date as the stated format writes it. Xero writes some with the month's name, which needs no order.
pub(super) fn date_text<'a>(text: &'a str, preset: Preset, format: &DateFormat) -> Cow<'a, str> {
    if preset == Preset::Xero
        && format.parse(text).is_none()
        && let Some(date) = DateFormat::new("%d %b %Y").ok().and_then(|named| named.parse(text))
    {
        let mut written = String::new();
        // A format with a time of day cannot be written from a date alone; the text then stays, and is refused.
        if std::fmt::Write::write_fmt(&mut written, format_args!("{}", date.format(format.pattern()))).is_ok() {
            return Cow::Owned(written);
        }
    }
    Cow::Borrowed(text)
}

/// An amount without the sign of its currency. A sign that is not this currency's stays, and the amount is refused.
pub(super) fn without_sign<'a>(text: &'a str, currency: Option<&str>) -> Cow<'a, str> {
    let Some((at, sign)) = text.char_indices().find(|(_, c)| matches!(c, '$' | '€' | '£' | '¥')) else { return Cow::Borrowed(text) };
    let fits = match (sign, currency) {
        ('€', Some("EUR")) | ('£', Some("GBP")) | ('¥', Some("JPY" | "CNY")) => true,
        ('$', Some(code)) => code.ends_with('D') || matches!(code, "MXN" | "ARS" | "CLP" | "COP" | "UYU"),
        _ => false,
    };
    if !fits {
        return Cow::Borrowed(text);
    }
    let (before, after) = (text.get(..at).unwrap_or_default(), text.get(at + sign.len_utf8()..).unwrap_or_default());
    Cow::Owned(format!("{}{}", before.trim_end(), after.trim_start()))
}
