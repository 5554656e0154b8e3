//! Journals as JSON lines: one object per entry with an array `lines`, or one object per line of an entry.
//!
//! Fields have the names and aliases of CSV columns, a field that nobody knows is refused. Amounts are texts or
//! plain JSON numbers; either way their digits are read as they stand and no float is ever made of them.

pub(crate) mod lines;
pub(crate) mod object;

use std::io::Read;
use std::sync::Arc;

use super::csv::unusable;
use super::source::{Place, ReadError, Sink, SourceError, SourceNotes};
use super::tabular::entries::Entries;
use super::tabular::row::Row;
use super::tabular::{Field, Options};
use lines::{Lines, Turn};
use object::{Context, Role};

/// Reads a journal and hands its entries to the sink, in the order of the file.
///
/// # Errors
/// [`ReadError::Source`] when options or encoding make the whole file unreadable, [`ReadError::Io`],
/// [`ReadError::Stopped`] when the sink wants no more. What is wrong with single entries goes to the sink.
pub fn read(reader: Box<dyn Read + Send>, file_name: Arc<str>, options: &Options, sink: &mut dyn Sink) -> Result<SourceNotes, ReadError> {
    let mut source = open(reader, &file_name, options)?;
    let mut entries = Entries::new(options, file_name.clone(), sink);
    loop {
        match source.next().map_err(|error| unreadable(&file_name, 0, error))? {
            Turn::End => break,
            Turn::Line { line, text } => take(&mut entries, text, line, options, &file_name)?,
            Turn::Broken { line, column, problem, remedy, raw } => {
                let place = Place { file: file_name.clone(), line, column };
                let error = SourceError { place, problem: problem.to_owned(), found: None, remedy: Some(remedy.to_owned()), text: None };
                entries.broken(None, line, error, &raw)?;
            }
        }
    }
    Ok(entries.finish()?)
}

/// The lines of a source that is UTF-8, and options that can be followed.
pub(crate) fn open(reader: Box<dyn Read + Send>, file: &Arc<str>, options: &Options) -> Result<Lines, ReadError> {
    let marks = "state --decimal-mark and --digit-group".to_owned();
    options.numbers.check().map_err(|problem| unusable(file, 1, problem, None, marks))?;
    let mut source = Lines::new(reader);
    if let Some(encoding) = source.byte_order_mark().map_err(|error| unreadable(file, 1, error))? {
        let problem = format!("the file is {encoding}, expected UTF-8");
        return Err(unusable(file, 1, problem, None, "save it as UTF-8".to_owned()));
    }
    Ok(source)
}

pub(crate) fn unreadable(file: &Arc<str>, line: u32, error: std::io::Error) -> ReadError {
    ReadError::Io { place: Place { file: file.clone(), line, column: 0 }, error }
}

/// One line of the file: an entry with its lines, or a row.
fn take(entries: &mut Entries<'_>, text: &str, line: u32, options: &Options, file: &Arc<str>) -> Result<(), ReadError> {
    let context = Context { text, line, file, options };
    let object = match context.object(text) {
        Ok(object) => object,
        Err(error) => return Ok(entries.broken(None, line, error, text)?),
    };
    let Some((_, inner)) = object.iter().find(|(name, _)| name == "lines") else {
        let (row, flaw) = context.row(text, &object, Role::Row, None);
        match flaw {
            Some(error) => entries.broken(row.cell(Field::Entry), line, error, text)?,
            None => entries.row(&row)?,
        }
        return Ok(());
    };
    let (header, flaw) = context.row(text, &object, Role::Header, None);
    entries.begin(header.cell(Field::Entry), line, text)?;
    if let Some(error) = flaw {
        entries.blame(error);
    }
    entries.add_header(&header);
    match context.array(inner) {
        Ok(items) => {
            for item in items {
                match context.object(item.get()) {
                    Ok(object) => match context.row(item.get(), &object, Role::Line, Some(&header)) {
                        (row, None) => entries.add_line(&row),
                        (_, Some(error)) => entries.blame(error),
                    },
                    Err(error) => entries.blame(error),
                }
            }
        }
        Err(error) => entries.blame(error),
    }
    Ok(entries.end()?)
}
