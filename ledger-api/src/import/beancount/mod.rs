//! beancount files: the grammar, and the books as beancount itself makes them (interpolation, lot booking, pads,
//! balance assertions), handed over as neutral journal entries.
//!
//! The pieces, in the order in which a file passes through them:
//! `files` (texts and includes) → `cursor`, `expr`, `parse`, `parse_txn` (directives that borrow from the texts) →
//! sorted by day → `booking` and `interpolate` over the `inventory` of each account, kept by `ledger` → `pads`,
//! `run` (balances, order of effect) → `draft`.
//!
//! beancount books by date over all files and lets options and openings stand anywhere, so the texts and the
//! directives of one source are held in memory; entries are handed over one by one.
//!
//! Where this differs from beancount, on purpose: weights are rounded half-even to their commodity's digits, and a
//! residual within the file's tolerance is booked to the rounding account or, above one minor unit per line,
//! refused; a computed amount has the digits of its commodity instead of those seen nearby; amounts with more
//! digits than their commodity are refused; plugins are not run (`settings` knows which).

mod ast;
mod booking;
mod cursor;
mod draft;
mod expr;
mod files;
mod glob;
mod interpolate;
mod inventory;
mod ledger;
mod names;
mod pads;
mod parse;
mod parse_txn;
mod run;
mod settings;
mod tolerance;
mod watch;

use std::io::Read;
use std::path::Path;

use self::files::SourceFile;
use self::parse::{Parsed, Refusal};
use crate::import::source::{Place, ReadError, Sink, SourceNotes};

/// How to read a beancount source.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// Whether accepted entries carry their source text, for a rejects file.
    pub keep_text: bool,
    /// Whether `include` lines are refused instead of followed: for text from strangers, who should not choose
    /// which files are read.
    pub refuse_includes: bool,
}

/// Reads a file and what it includes.
///
/// # Errors
/// [`ReadError::Io`] when the file itself cannot be read; an include that cannot is refused at its line.
/// [`ReadError::Stopped`] when the sink wants no more.
pub fn read(path: &Path, options: &Options, sink: &mut dyn Sink) -> Result<SourceNotes, ReadError> {
    let name = path.to_string_lossy();
    let file = std::fs::File::open(path).map_err(|error| {
        let place = Place { file: name.as_ref().into(), line: 0, column: 0 };
        ReadError::Io { place, error }
    })?;
    read_from(file, &name, path.parent().unwrap_or(Path::new("")), options, sink)
}

/// Reads from anything, such as standard input; `folder` is where includes are looked for.
///
/// # Errors
/// As [`read`].
pub fn read_from(reader: impl Read, name: &str, folder: &Path, options: &Options, sink: &mut dyn Sink) -> Result<SourceNotes, ReadError> {
    let mut refused = Vec::new();
    let files = files::load(reader, name, folder, options, &mut refused)?;
    let mut parsed = Parsed::default();
    for (number, file) in (0_u32..).zip(&files) {
        parse::parse_file(&file.text, number, &file.bad_lines, &mut parsed, &mut |refusal: Refusal| {
            refused.push(file.refusal(*refusal.fault, Some(file.excerpt(refusal.start, refusal.end))));
        });
    }
    parsed.directives.sort_by_key(ast::Directive::order);
    if options.keep_text {
        sink.header(&preamble(&parsed, &files));
    }
    refused.into_iter().try_for_each(|error| sink.refuse(error))?;
    run::run(&files, &parsed, options, sink)
}

/// Options, commodities and openings: what rejected transactions need in front of them to be read alone.
fn preamble(parsed: &Parsed<'_>, files: &[SourceFile]) -> String {
    let pieces = parsed.preamble.iter().map(|(file, start, end)| files[*file as usize].excerpt(*start, *end));
    pieces.collect::<Vec<_>>().join("\n")
}
