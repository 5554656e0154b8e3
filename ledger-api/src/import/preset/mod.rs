//! Journals as QuickBooks Online and Xero export them, read without stating columns: titles above the header, what
//! only an entry's first row says, subtotals and totals, currency signs and grouped digits.
//!
//! A preset is the generic reader of rows ([`super::tabular`]) behind another door: [`layout`] knows the headers,
//! [`row`] the cells, [`journal`] which rows are lines, titles or totals. Totals are not posted; they are held
//! against the lines above them, and a difference is refused with both figures.
//!
//! * **QuickBooks Online**: the *Journal* report as CSV. Dates are month first unless stated.
//! * **Xero**: the *Journal Report* with its journal numbers, or the template of manual journals (`*Narration`,
//!   `*Date`, `*AccountCode`, `*Amount`, …). Dates are day first unless stated, or have the month's name.

mod journal;
mod layout;
mod row;

use std::io::Read;
use std::sync::Arc;

use self::journal::Journal;
use self::layout::Layout;
use super::csv::records::{Next, Records};
use super::csv::unusable;
use super::source::{Place, ReadError, Sink, SourceNotes};
use super::tabular::columns::HeaderFlaw;
use super::tabular::{DateFormat, NumberFormat, Options};

/// Rows that are looked at for the header.
const TITLE_ROWS_MAX: u32 = 60;
const DELIMITERS: [u8; 3] = [b',', b';', b'\t'];

/// Whose export it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Preset {
    /// QuickBooks Online.
    QuickBooks,
    /// Xero.
    Xero,
}

impl Preset {
    /// How the program is called.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::QuickBooks => "QuickBooks",
            Self::Xero => "Xero",
        }
    }

    /// The report that is read.
    const fn report(self) -> &'static str {
        match self {
            Self::QuickBooks => "a QuickBooks Journal report",
            Self::Xero => "a Xero Journal Report or journal template",
        }
    }

    /// What external ids begin with, so that numbers of two programs do not meet.
    const fn id_prefix(self) -> &'static str {
        match self {
            Self::QuickBooks => "quickbooks:",
            Self::Xero => "xero:",
        }
    }

    /// How dates are written where nobody says otherwise.
    #[must_use]
    pub fn date_format(self) -> DateFormat {
        let pattern = match self {
            Self::QuickBooks => "%m/%d/%Y",
            Self::Xero => "%d/%m/%Y",
        };
        DateFormat::new(pattern).unwrap_or_default()
    }

    /// How amounts are written where nobody says otherwise: digits in groups by what is not the decimal mark.
    #[must_use]
    pub fn numbers(self, decimal_mark: char, grouping: Option<char>) -> NumberFormat {
        NumberFormat { decimal_mark, grouping: grouping.or(Some(if decimal_mark == ',' { '.' } else { ',' })) }
    }
}

/// Reads an export and hands its entries to the sink, in the order of the file. Of the options the columns override
/// what headers mean by themselves.
///
/// # Errors
/// [`ReadError::Source`] when no header of the preset is found or the options contradict each other,
/// [`ReadError::Io`], [`ReadError::Stopped`]. What is wrong with single entries, subtotals and totals goes to the sink.
pub fn read(
    reader: Box<dyn Read + Send>,
    file_name: Arc<str>,
    preset: Preset,
    options: &Options,
    sink: &mut dyn Sink,
) -> Result<SourceNotes, ReadError> {
    let fatal = |problem, remedy: &str| unusable(&file_name, 1, problem, None, remedy.to_owned());
    options.numbers.check().map_err(|problem| fatal(problem, "state --decimal-mark and --digit-group"))?;
    let mut records = Records::new(reader);
    let io_error = |line, error| ReadError::Io { place: Place { file: file_name.clone(), line, column: 0 }, error };
    if let Some(encoding) = records.byte_order_mark().map_err(|error| io_error(1, error))? {
        return Err(fatal(format!("the file is {encoding}, expected UTF-8"), "save it as UTF-8"));
    }
    let (layout, header) = find_header(&mut records, &file_name, preset, options)?;
    sink.header(&header);
    let mut journal = Journal::new(preset, options, &layout, file_name.clone(), sink);
    loop {
        let next = records.next().map_err(|error| io_error(records.line(), error))?;
        match next {
            Next::End => break,
            Next::Record => journal.record(&records)?,
            Next::Broken(breach) => journal.broken(&records, breach)?,
        }
    }
    Ok(journal.finish()?)
}

/// Passes over the titles. The flaw told is that of the row that looked most like a header.
fn find_header(records: &mut Records, file: &Arc<str>, preset: Preset, options: &Options) -> Result<(Layout, String), ReadError> {
    let io_error = |line, error| ReadError::Io { place: Place { file: file.clone(), line, column: 0 }, error };
    let mut best: Option<(usize, u32, HeaderFlaw)> = None;
    let stated = options.delimiter.and_then(|c| u8::try_from(c).ok());
    for _ in 0..TITLE_ROWS_MAX {
        if records.next().map_err(|error| io_error(records.line(), error))? == Next::End {
            break;
        }
        for delimiter in DELIMITERS.into_iter().filter(|d| stated.is_none_or(|stated| stated == *d)).chain(stated) {
            records.set_delimiter(delimiter);
            if records.look().map_err(|error| io_error(records.line(), error))? != Next::Record {
                continue;
            }
            let field = |index| String::from_utf8_lossy(records.field(index).unwrap_or_default()).trim().to_owned();
            let headers: Vec<String> = (0..records.len()).map(field).collect();
            match Layout::resolve(preset, &options.columns, &headers) {
                Ok(layout) => return Ok((layout, String::from_utf8_lossy(records.raw()).into_owned())),
                Err(flaw) => {
                    let filled = headers.iter().filter(|header| !header.is_empty()).count();
                    if best.as_ref().is_none_or(|(most, ..)| filled > *most) {
                        best = Some((filled, records.line(), flaw));
                    }
                }
            }
        }
        records.set_delimiter(stated.unwrap_or(b','));
        records.look().map_err(|error| io_error(records.line(), error))?;
    }
    Err(match best {
        Some((_, line, flaw)) => unusable(file, line, format!("no header row found: {}", flaw.problem), None, flaw.remedy),
        None => unusable(file, 1, "the file is empty".to_owned(), None, "check that it is the right file".to_owned()),
    })
}
