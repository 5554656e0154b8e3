//! A file with a header row: finds the delimiter, maps the header, and hands out rows that can be trusted to be
//! text with as many fields as the header has.

use std::io::Read;
use std::sync::Arc;

use super::records::{Breach, Next, Records};
use super::unusable;
use crate::import::source::{Place, ReadError, SourceError};
use crate::import::tabular::buffer::position;
use crate::import::tabular::columns::{HeaderFlaw, Plan};
use crate::import::tabular::row::{Row, shortened};
use crate::import::tabular::{Field, Options};

/// Delimiters that are looked for in the header row when none is stated.
const DELIMITERS: [u8; 4] = [b',', b';', b'\t', b'|'];

/// A file whose header was understood.
pub(crate) struct Table {
    records: Records,
    plan: Plan,
    header: String,
    file: Arc<str>,
    delimiter: char,
}

/// What stands next in a table.
pub(crate) enum Turn<'a> {
    /// Nothing.
    End,
    /// A row without a value.
    Empty,
    /// A row.
    Row(CsvRow<'a>),
    /// A row that could not be taken apart.
    Broken {
        /// Its entry's key, where that much could be read.
        key: Option<String>,
        /// Where it begins.
        line: u32,
        /// What is wrong.
        error: Box<SourceError>,
        /// The line as it stood.
        raw: String,
    },
}

impl Table {
    /// Reads the header row. `resolve` says where its columns are, and whether they are enough.
    pub(crate) fn open(
        reader: Box<dyn Read + Send>,
        file: Arc<str>,
        options: &Options,
        resolve: impl Fn(&[String]) -> Result<Plan, HeaderFlaw>,
    ) -> Result<Self, ReadError> {
        let fatal = |line, problem, remedy: &str| unusable(&file, line, problem, None, remedy.to_owned());
        options.numbers.check().map_err(|problem| fatal(1, problem, "state --decimal-mark and --digit-group"))?;
        let mut records = Records::new(reader);
        if let Some(encoding) = records.byte_order_mark().map_err(|error| io_error(&file, 1, error))? {
            return Err(fatal(1, format!("the file is {encoding}, expected UTF-8"), "save it as UTF-8"));
        }
        let mut stated = match options.delimiter {
            Some(c) => Some(delimiter_byte(c).ok_or_else(|| {
                fatal(1, format!("`{c}` cannot be a delimiter"), "use one ASCII character that is no quote, letter or digit")
            })?),
            None => None,
        };
        let mut first = records.next().map_err(|error| io_error(&file, 1, error))?;
        if let (None, Some(mark)) = (stated, excel_separator(records.raw())) {
            stated = Some(mark);
            first = records.next().map_err(|error| io_error(&file, 1, error))?;
        }
        if first == Next::End {
            return Err(fatal(1, "the file is empty, expected a header row".to_owned(), "check that it is the right file"));
        }
        let delimiter = match stated {
            Some(delimiter) => delimiter,
            None => sniff(&mut records, &resolve, &file),
        };
        let (headers, header) = read_header(&mut records, delimiter, &file)?;
        let flaw = |flaw: HeaderFlaw| unusable(&file, records.line(), flaw.problem, None, flaw.remedy);
        let plan = resolve(&headers).map_err(flaw)?;
        Ok(Self { records, plan, header, file, delimiter: char::from(delimiter) })
    }

    /// The header row as it stood.
    pub(crate) fn header(&self) -> &str {
        &self.header
    }

    pub(crate) fn plan(&self) -> &Plan {
        &self.plan
    }

    /// Moves to the next row.
    pub(crate) fn turn(&mut self) -> Result<Turn<'_>, ReadError> {
        let next = self.records.next().map_err(|error| io_error(&self.file, self.records.line(), error))?;
        let breach = match next {
            Next::End => return Ok(Turn::End),
            Next::Broken(breach) => Some((breach, None)),
            Next::Record => None,
        };
        if let Some((breach, found)) = breach.or_else(|| self.distrust()) {
            return Ok(self.broken(breach, found));
        }
        let width = self.plan.headers.len();
        let is_blank = |index| self.records.field(index).is_none_or(|field| field.trim_ascii().is_empty());
        if self.records.len() == 1 || self.records.len() != width {
            if (0..self.records.len()).all(is_blank) {
                return Ok(Turn::Empty);
            }
            if self.records.len() < width || !(width..self.records.len()).all(is_blank) {
                return Ok(self.ragged());
            }
        } else if is_blank(0) && (1..width).all(is_blank) {
            return Ok(Turn::Empty);
        }
        // Checked by `distrust`; an empty text would only make every cell empty.
        let raw = std::str::from_utf8(self.records.raw()).unwrap_or_default();
        Ok(Turn::Row(CsvRow { records: &self.records, plan: &self.plan, raw }))
    }

    /// What makes a record unfit as text.
    fn distrust(&self) -> Option<(Breach, Option<String>)> {
        let raw = self.records.raw();
        if let Err(error) = std::str::from_utf8(raw) {
            let offset = error.valid_up_to();
            let found = raw.get(offset).map(|byte| format!("\\x{byte:02x}"));
            let (problem, remedy) = ("expected UTF-8 text", "save the file as UTF-8 (it may be Windows-1252 or Latin-1)");
            return Some((Breach { offset, problem, remedy }, found));
        }
        if raw.contains(&0) {
            let offset = raw.iter().position(|byte| *byte == 0).unwrap_or(0);
            return Some((Breach { offset, problem: "a NUL character is no text", remedy: "remove it" }, Some("\\x00".to_owned())));
        }
        None
    }

    fn ragged(&self) -> Turn<'_> {
        let (found, width) = (self.records.len(), self.plan.headers.len());
        let problem = format!("the row has {found} {}, the header has {width}", if found == 1 { "field" } else { "fields" });
        let remedy = format!("quote fields that contain `{}`, or state another --delimiter", self.delimiter);
        self.refused(self.records.line(), 0, problem, None, remedy)
    }

    fn broken(&self, breach: Breach, found: Option<String>) -> Turn<'_> {
        let (line, column) = position(self.records.raw(), breach.offset, self.records.line());
        let found = found.or_else(|| {
            let rest = self.records.raw().get(breach.offset..).unwrap_or_default();
            Some(shortened(&String::from_utf8_lossy(rest))).filter(|text| !text.is_empty())
        });
        self.refused(line, column, breach.problem.to_owned(), found, breach.remedy.to_owned())
    }

    fn refused(&self, line: u32, column: u32, problem: String, found: Option<String>, remedy: String) -> Turn<'_> {
        let place = Place { file: self.file.clone(), line, column };
        let error = SourceError { place, problem, found, remedy: Some(remedy), text: None };
        let key = self.plan.index[Field::Entry.index()].and_then(|column| self.records.field(column));
        Turn::Broken {
            key: key.and_then(|key| std::str::from_utf8(key).ok()).map(|key| key.trim().to_owned()).filter(|key| !key.is_empty()),
            line: self.records.line(),
            error: Box::new(error),
            raw: String::from_utf8_lossy(self.records.raw()).into_owned(),
        }
    }
}

/// A row of a table.
pub(crate) struct CsvRow<'a> {
    records: &'a Records,
    plan: &'a Plan,
    raw: &'a str,
}

impl CsvRow<'_> {
    /// The text of a column, trimmed; nothing when it is empty.
    #[inline]
    pub(crate) fn column(&self, column: usize) -> Option<&str> {
        let text = match self.records.within(column)? {
            // The row was checked as a whole, so a piece of it is text.
            Some(range) => self.raw.get(range)?,
            None => std::str::from_utf8(self.records.field(column)?).ok()?,
        };
        let text = match text.as_bytes() {
            [] => return None,
            [first, .., last] if first.is_ascii_graphic() && last.is_ascii_graphic() => return Some(text),
            _ => text.trim(),
        };
        if text.is_empty() { None } else { Some(text) }
    }

    /// Where a column begins: line, column in characters.
    pub(crate) fn place_of(&self, column: usize) -> (u32, u32) {
        position(self.raw.as_bytes(), self.records.begin(column), self.records.line())
    }
}

impl Row for CsvRow<'_> {
    #[inline]
    fn cell(&self, field: Field) -> Option<&str> {
        self.column(self.plan.index[field.index()]?)
    }

    fn tags(&self) -> impl Iterator<Item = (&str, &str)> {
        self.plan.tags.iter().filter_map(|(key, column)| self.column(*column).map(|value| (key.as_str(), value)))
    }

    fn locate(&self, field: Option<Field>) -> (u32, u32) {
        match field.and_then(|field| self.plan.index[field.index()]) {
            Some(column) => self.place_of(column),
            None => (self.records.line(), 0),
        }
    }

    fn label(&self, field: Field) -> String {
        match self.plan.index[field.index()] {
            Some(column) => format!("column {} `{}`", column + 1, self.plan.headers.get(column).map_or("", |header| header.trim())),
            None => field.name().to_owned(),
        }
    }

    fn raw(&self) -> &str {
        self.raw
    }

    fn line(&self) -> u32 {
        self.records.line()
    }
}

fn io_error(file: &Arc<str>, line: u32, error: std::io::Error) -> ReadError {
    ReadError::Io { place: Place { file: file.clone(), line, column: 0 }, error }
}

fn delimiter_byte(c: char) -> Option<u8> {
    u8::try_from(c).ok().filter(|b| b.is_ascii() && !b.is_ascii_alphanumeric() && !matches!(b, b'"' | b'\n' | b'\r' | 0))
}

/// The line `sep=;` that spreadsheets write above the header.
fn excel_separator(raw: &[u8]) -> Option<u8> {
    match raw {
        [b's' | b'S', b'e' | b'E', b'p' | b'P', b'=', mark] => delimiter_byte(char::from(*mark)),
        _ => None,
    }
}

/// The delimiter under which the header row makes most sense: it says what is needed, in the most columns.
fn sniff(records: &mut Records, resolve: impl Fn(&[String]) -> Result<Plan, HeaderFlaw>, file: &Arc<str>) -> u8 {
    let mut best = (0, 0, b',');
    for delimiter in DELIMITERS {
        let Ok((headers, _)) = read_header(records, delimiter, file) else { continue };
        let understood = resolve(&headers).map_or(0, |plan| 1 + plan.understood());
        if (understood, headers.len()) > (best.0, best.1) {
            best = (understood, headers.len(), delimiter);
        }
    }
    best.2
}

/// The fields and the text of the header row, read with this delimiter.
fn read_header(records: &mut Records, delimiter: u8, file: &Arc<str>) -> Result<(Vec<String>, String), ReadError> {
    records.set_delimiter(delimiter);
    let line = records.line();
    let next = records.look().map_err(|error| io_error(file, line, error))?;
    if let Next::Broken(breach) = next {
        let found = shortened(&String::from_utf8_lossy(records.raw()));
        return Err(unusable(
            file,
            line,
            format!("the header row cannot be read: {}", breach.problem),
            Some(found),
            breach.remedy.to_owned(),
        ));
    }
    let Ok(raw) = std::str::from_utf8(records.raw()) else {
        let remedy = "save the file as UTF-8 (it may be Windows-1252 or Latin-1)".to_owned();
        return Err(unusable(file, line, "the header row is not UTF-8 text".to_owned(), None, remedy));
    };
    let raw = raw.to_owned();
    let headers = (0..records.len()).map(|i| String::from_utf8_lossy(records.field(i).unwrap_or_default()).trim().to_owned()).collect();
    Ok((headers, raw))
}
