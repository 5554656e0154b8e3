//! Journals and charts of accounts as separated values: one row per line of an entry.
//!
//! [`read`] streams a journal, [`chart::read`] a chart of accounts. What rows mean is in [`super::tabular`]; here
//! is how they are written: delimiters, quotes, header, encoding.

pub mod chart;
pub(crate) mod records;
pub(crate) mod table;

use std::io::Read;
use std::sync::Arc;

use super::source::{Place, ReadError, Sink, SourceError, SourceNotes};
use super::tabular::Options;
use super::tabular::entries::Entries;
use table::{Table, Turn};

/// Reads a journal and hands its entries to the sink, in the order of the file.
///
/// # Errors
/// [`ReadError::Source`] when header or options make the whole file unreadable, [`ReadError::Io`],
/// [`ReadError::Stopped`] when the sink wants no more. What is wrong with single entries goes to the sink.
pub fn read(reader: Box<dyn Read + Send>, file_name: Arc<str>, options: &Options, sink: &mut dyn Sink) -> Result<SourceNotes, ReadError> {
    let mut table = Table::open(reader, file_name.clone(), options, |headers| {
        let plan = options.columns.resolve(headers)?;
        plan.check_journal().map(|()| plan)
    })?;
    sink.header(table.header());
    let mut entries = Entries::new(options, file_name, sink);
    entries.remark(table.plan().remark());
    loop {
        match table.turn()? {
            Turn::End => break,
            Turn::Empty => entries.count("empty rows passed over"),
            Turn::Row(row) => entries.row(&row)?,
            Turn::Broken { key, line, error, raw } => entries.broken(key.as_deref(), line, *error, &raw)?,
        }
    }
    Ok(entries.finish()?)
}

/// An error about the file as a whole.
pub(crate) fn unusable(file: &Arc<str>, line: u32, problem: String, found: Option<String>, remedy: String) -> ReadError {
    let place = Place { file: file.clone(), line, column: 0 };
    ReadError::Source(Box::new(SourceError { place, problem, found, remedy: Some(remedy), text: None }))
}
