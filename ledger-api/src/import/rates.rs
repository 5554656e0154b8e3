//! Tables of exchange rates as separated values: one row per rate (date, currency, rate), or one row per date with
//! a column per currency.
//!
//! A rate is recorded as it is quoted: its direction decides which currency is the base and which the quote, and its
//! digits stay as they stand. Nothing is inverted here. The direction is stated, never guessed.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;
use std::sync::Arc;

use chrono::NaiveDate;
use ledger_core::{RateType, Text};
use rust_decimal::Decimal;
use rustc_hash::FxHashMap;

use super::csv::table::{CsvRow, Table, Turn};
use super::source::{Item, Place, RateDecl, RateSpan, ReadError, Sink, SourceError, SourceNotes, Stop};
use super::tabular::columns::{HeaderFlaw, Plan, list};
use super::tabular::field::normalized;
use super::tabular::row::{Row, shortened};
use super::tabular::{DateFormat, NumberFormat, Options as Tabular};

/// The currency that all rates of a table have in common, and on which side it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Common {
    /// Rates say how many of the other currency one of this is worth.
    Base(Text),
    /// Rates say how many of this one of the other currency is worth.
    Quote(Text),
}

/// How to read a table of rates.
#[derive(Clone, Debug)]
pub struct Options {
    /// The currency in common.
    pub common: Common,
    /// Currencies that stand the other way round: with [`Common::Base`] their rates say how many of the common
    /// currency one of them is worth.
    pub per_unit: BTreeSet<Text>,
    /// Codes of currencies that the table calls by another name (`Japan`).
    pub names: BTreeMap<String, Text>,
    /// Headers of `date`, `currency` and `rate` where their names do not say it.
    pub columns: BTreeMap<String, String>,
    /// Spot, average or closing.
    pub kind: RateType,
    /// Where the rates come from, as it is recorded.
    pub source: Text,
    /// How dates are written.
    pub date_format: DateFormat,
    /// How rates are written.
    pub numbers: NumberFormat,
    /// What separates fields; found in the header row when not stated.
    pub delimiter: Option<char>,
    /// Whether what has no currency code is passed over and counted instead of refused.
    pub skip_unknown: bool,
}

impl Options {
    /// Everything by default, with this currency in common.
    #[must_use]
    pub fn new(common: Common) -> Self {
        Self {
            common,
            per_unit: BTreeSet::new(),
            names: BTreeMap::new(),
            columns: BTreeMap::new(),
            kind: RateType::Spot,
            source: Text::default(),
            date_format: DateFormat::default(),
            numbers: NumberFormat::default(),
            delimiter: None,
            skip_unknown: false,
        }
    }
}

/// Names of the columns that a table of rates may have.
const NAMES: [(&str, &[&str]); 3] = [
    ("date", &["date", "day", "rate_date", "time_period"]),
    ("currency", &["currency", "currency_code", "code", "ccy", "commodity", "country"]),
    ("rate", &["rate", "exchange_rate", "fx_rate", "value", "obs_value"]),
];

/// What stands for "no rate" in published tables.
const NO_RATE: [&str; 6] = ["", "n/a", "na", "nd", "-", "."];

/// Where everything stands.
struct Shape {
    date: usize,
    /// Columns of currency and rate; nothing when every other column is a currency.
    long: Option<(usize, usize)>,
}

impl Shape {
    fn resolve(options: &Options, headers: &[String]) -> Result<Self, HeaderFlaw> {
        for (field, header) in &options.columns {
            if !NAMES.iter().any(|(name, _)| name == field) {
                let problem = format!("--columns maps {field}, expected date, currency or rate");
                return Err(HeaderFlaw { problem, remedy: "write date=HEADER,currency=HEADER,rate=HEADER".to_owned() });
            }
            if !headers.contains(header) {
                let problem = format!("--columns maps {field} to the header `{header}`, which is not there; {}", list(headers));
                return Err(HeaderFlaw { problem, remedy: "map it to one of these".to_owned() });
            }
        }
        let find = |at: usize| {
            let (name, aliases) = NAMES[at];
            match options.columns.get(name) {
                Some(stated) => headers.iter().position(|header| header == stated),
                None => headers.iter().position(|header| aliases.contains(&normalized(header).as_str())),
            }
        };
        let Some(date) = find(0) else {
            let problem = format!("no column for the date; {}", list(headers));
            return Err(HeaderFlaw { problem, remedy: "name it with --columns date=HEADER".to_owned() });
        };
        match (find(1), find(2)) {
            (Some(currency), Some(rate)) => Ok(Self { date, long: Some((currency, rate)) }),
            (None, None) if headers.len() > 1 => Ok(Self { date, long: None }),
            (currency, _) => {
                let lack = if currency.is_some() { "rate" } else { "currency" };
                let problem = format!("no column for the {lack}; {}", list(headers));
                Err(HeaderFlaw { problem, remedy: format!("name it with --columns {lack}=HEADER") })
            }
        }
    }
}

/// Reads a table and hands its rates to the sink, in the order of the file.
///
/// # Errors
/// [`ReadError::Source`] when header or options make the whole file unreadable, [`ReadError::Io`],
/// [`ReadError::Stopped`]. What is wrong with single rates goes to the sink.
pub fn read(reader: Box<dyn Read + Send>, file_name: Arc<str>, options: &Options, sink: &mut dyn Sink) -> Result<SourceNotes, ReadError> {
    let tabular = Tabular { delimiter: options.delimiter, numbers: options.numbers, ..Tabular::default() };
    let mut table =
        Table::open(reader, file_name.clone(), &tabular, |headers| Shape::resolve(options, headers).map(|_| Plan::of_headers(headers)))?;
    let headers = table.plan().headers.clone();
    let Ok(shape) = Shape::resolve(options, &headers) else { return Ok(SourceNotes::default()) };
    let mut rates = Rates {
        options,
        file: file_name,
        sink,
        seen: FxHashMap::default(),
        unknown: BTreeSet::new(),
        met: BTreeSet::new(),
        notes: SourceNotes::default(),
    };
    loop {
        match table.turn()? {
            Turn::End => break,
            Turn::Empty => {}
            Turn::Row(row) => rates.row(&row, &shape, &headers)?,
            Turn::Broken { error, .. } => rates.sink.refuse(*error)?,
        }
    }
    Ok(rates.finish()?)
}

struct Rates<'a> {
    options: &'a Options,
    file: Arc<str>,
    sink: &'a mut dyn Sink,
    /// The first line that says a rate for a currency and day.
    seen: FxHashMap<(Text, NaiveDate), (Decimal, u32)>,
    /// Names without a code, told once each.
    unknown: BTreeSet<String>,
    met: BTreeSet<Text>,
    notes: SourceNotes,
}

impl Rates<'_> {
    fn row(&mut self, row: &CsvRow<'_>, shape: &Shape, headers: &[String]) -> Result<(), Stop> {
        let format = &self.options.date_format;
        let text = row.column(shape.date).unwrap_or_default();
        let Some(date) = format.parse(text) else {
            let problem = format!("expected a date as {} (like {})", format.pattern(), format.example());
            return self.refuse(row, shape.date, problem, text, "fix the date, or state the order with --date-format");
        };
        if let Some((currency, rate)) = shape.long {
            let name = row.column(currency).unwrap_or_default().to_owned();
            return self.rate(row, date, &name, currency, rate);
        }
        for (column, name) in headers.iter().enumerate().filter(|(column, _)| *column != shape.date) {
            if !name.is_empty() {
                self.rate(row, date, name, column, column)?;
            }
        }
        Ok(())
    }

    /// One rate; `named` is the column to blame for the currency, `column` that of the rate.
    fn rate(&mut self, row: &CsvRow<'_>, date: NaiveDate, name: &str, named: usize, column: usize) -> Result<(), Stop> {
        let Some(code) = self.code(name) else { return self.unknown(row, name, named) };
        let text = row.column(column).unwrap_or_default();
        if NO_RATE.contains(&text.to_ascii_lowercase().as_str()) {
            self.count("cells without a rate passed over");
            return Ok(());
        }
        let rate = match self.options.numbers.parse(text) {
            Ok(rate) if rate > Decimal::ZERO => rate,
            Ok(_) => return self.refuse(row, column, "expected a rate above zero".to_owned(), text, "fix the rate, or leave it empty"),
            Err(flaw) => return self.refuse(row, column, flaw.problem, text, &flaw.remedy),
        };
        let (base, quote) = self.direction(&code);
        if base == quote {
            if rate == Decimal::ONE {
                return Ok(());
            }
            return self.refuse(row, column, format!("a rate from {base} to {base} is 1"), text, "fix the rate, or leave it out");
        }
        if let Some((first, line)) = self.seen.insert((code.clone(), date), (rate, row.line())) {
            if first == rate {
                return Ok(());
            }
            let problem = format!("{code} has another rate for {date} on line {line}, {first}");
            return self.refuse(row, column, problem, text, "keep one of them");
        }
        self.met.insert(code);
        let span = self.notes.rates.entry((base.clone(), quote.clone())).or_insert(RateSpan { first: date, last: date, count: 0 });
        (span.first, span.last, span.count) = (span.first.min(date), span.last.max(date), span.count + 1);
        let (line, at) = row.place_of(column);
        let place = Place { file: self.file.clone(), line, column: at };
        let source = Some(self.options.source.clone()).filter(|source| !source.is_empty());
        self.sink.item(Item::Rate(RateDecl { date, base, quote, rate, kind: self.options.kind, source, place }))
    }

    /// Which is priced in which.
    fn direction(&self, code: &Text) -> (Text, Text) {
        match &self.options.common {
            Common::Base(common) if !self.options.per_unit.contains(code) => (common.clone(), code.clone()),
            Common::Base(common) | Common::Quote(common) => (code.clone(), common.clone()),
        }
    }

    fn code(&self, name: &str) -> Option<Text> {
        self.options.names.get(name).cloned().or_else(|| ledger_core::commodity::iso(name).map(|_| name.into()))
    }

    fn unknown(&mut self, row: &CsvRow<'_>, name: &str, column: usize) -> Result<(), Stop> {
        if self.options.skip_unknown {
            self.unknown.insert(name.to_owned());
            self.count("rates of unknown currencies passed over");
            return Ok(());
        }
        if !self.unknown.insert(name.to_owned()) {
            return Ok(());
        }
        let remedy = format!("map it with --currency-map \"{name}=CODE\", or pass over all such with --skip-unknown");
        self.refuse(row, column, "expected a currency code".to_owned(), name, &remedy)
    }

    fn refuse(&mut self, row: &CsvRow<'_>, column: usize, problem: String, found: &str, remedy: &str) -> Result<(), Stop> {
        let (line, at) = row.place_of(column);
        let place = Place { file: self.file.clone(), line, column: at };
        let found = Some(shortened(found)).filter(|found| !found.is_empty());
        self.sink.refuse(SourceError { place, problem, found, remedy: Some(remedy.to_owned()), text: None })
    }

    fn count(&mut self, what: &str) {
        *self.notes.counts.entry(what.to_owned()).or_default() += 1;
    }

    /// A currency that was to be read the other way round and never came may be misspelt: then another stands wrong.
    fn finish(self) -> Result<SourceNotes, Stop> {
        for code in self.options.per_unit.difference(&self.met) {
            let place = Place { file: self.file.clone(), line: 0, column: 0 };
            let problem = format!("--per-unit names {code}, of which the file has no rate");
            let remedy = "write the codes that --currency-map gives, or leave it out".to_owned();
            self.sink.refuse(SourceError { place, problem, found: None, remedy: Some(remedy), text: None })?;
        }
        let mut notes = self.notes;
        if self.options.skip_unknown && !self.unknown.is_empty() {
            notes.remarks.push(format!("passed over: {}", self.unknown.into_iter().collect::<Vec<_>>().join(", ")));
        }
        Ok(notes)
    }
}
