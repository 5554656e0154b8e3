//! Reads journals of hledger and of Ledger: what people wrote by hand, and what those programs print.
//!
//! Why one module: the two formats share their grammar and differ in rules that matter (what a comma means, in
//! which order assertions are checked, what a cost in braces weighs); `Dialect` says which rules hold.
//!
//! Files are read twice. The first look ([`survey`]) finds declared commodities and whether balances must be kept;
//! the second hands entries over one by one, so memory stays flat. Only hledger's assertions over entries out of
//! date order need the whole journal in memory, because hledger sorts before it checks.
//!
//! Not here: opening accounts, their types by name, posting (`import::run`).

mod amount;
mod assertions;
mod balance;
mod blocks;
mod comment;
mod commodities;
mod date;
mod directive;
mod emit;
mod entry;
mod expression;
mod files;
mod include;
mod journal;
mod number;
mod scope;
mod survey;
mod text;

use std::io::Read;
use std::path::Path;

use ledger_core::Text;

use super::source::{Place, ReadError, Sink, SourceNotes};
use files::Main;

/// Whose rules a journal follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// hledger.
    Hledger,
    /// Ledger-CLI.
    Ledger,
}

/// What the user asked for.
#[derive(Clone, Debug)]
pub struct Options {
    /// The year of dates without one, where no `Y` directive says it. `None`: such dates are refused.
    pub default_year: Option<i32>,
    /// Leave out virtual postings and automated rules, and count them, instead of refusing them.
    pub skip_virtual: bool,
    /// Keep the source text of every entry, for a rejects file.
    pub keep_text: bool,
    /// The account for residuals of rounded weights. `None`: entries with one are refused.
    pub rounding_account: Option<Text>,
    /// Whether `include` lines are refused instead of followed: for text from strangers, who should not choose
    /// which files are read.
    pub refuse_includes: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            default_year: None,
            skip_virtual: false,
            keep_text: false,
            rounding_account: Some(Text::const_new("Equity:Rounding")),
            refuse_includes: false,
        }
    }
}

/// Reads the journal at `path` and what it includes into `sink`.
///
/// # Errors
/// [`ReadError::Io`] when a file cannot be read, [`ReadError::Stopped`] when the sink wants no more. What is wrong
/// inside the files goes to the sink.
pub fn read(path: &Path, dialect: Dialect, options: &Options, sink: &mut dyn Sink) -> Result<SourceNotes, ReadError> {
    let io = |error| ReadError::Io { place: Place { file: path.to_string_lossy().into(), line: 0, column: 0 }, error };
    if path.metadata().map_err(io)?.is_file() {
        return journal::read(&Main::Path(path.to_owned()), dialect, options, sink);
    }
    // A pipe can be read only once.
    let pipe = std::fs::File::open(path).map_err(io)?;
    journal::read(&Main::from_reader(&path.to_string_lossy(), pipe).map_err(io)?, dialect, options, sink)
}

/// Reads a journal from a stream, such as standard input; includes are relative to the working directory.
///
/// # Errors
/// As [`read()`].
pub fn read_from(
    reader: impl Read,
    name: &str,
    dialect: Dialect,
    options: &Options,
    sink: &mut dyn Sink,
) -> Result<SourceNotes, ReadError> {
    let io = |error| ReadError::Io { place: Place { file: name.into(), line: 0, column: 0 }, error };
    journal::read(&Main::from_reader(name, reader).map_err(io)?, dialect, options, sink)
}
