//! What CSV and JSON lines share: field names, header mapping, amounts, dates, and how rows become entries.
//!
//! A row is one line of an entry; consecutive rows with one entry key are one entry. Formats know how a row is
//! written and implement [`row::Row`]; [`entries::Entries`] knows what it means. Memory is the same whatever the
//! file's size: one entry, the accounts and currencies met so far, and a table of fixed size of recent keys.
//!
//! Not here: opening accounts, balancing, posting (`import::run` and the core).

pub(crate) mod buffer;
pub mod columns;
pub mod date;
pub(crate) mod entries;
pub mod field;
pub(crate) mod line;
pub mod number;
pub(crate) mod pending;
pub(crate) mod recent;
pub(crate) mod row;
pub(crate) mod vocabulary;
pub mod words;

pub use columns::Columns;
pub use date::DateFormat;
pub use field::Field;
pub use number::NumberFormat;

use ledger_core::Text;

/// What becomes of the key that holds an entry's rows together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum KeyUse {
    /// It is the entry's external id where no column gives one, so the same entry cannot come in twice, not
    /// even from another file or from further down in this one.
    #[default]
    ExternalId,
    /// It is kept as the tag `entry`. For sources that number their entries from 1 every year.
    Tag,
    /// It is dropped.
    Nothing,
}

impl KeyUse {
    /// Reads the word of a command line: `external-id`, `tag` or `nothing`.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Some(match word {
            "external-id" => Self::ExternalId,
            "tag" => Self::Tag,
            "nothing" => Self::Nothing,
            _ => return None,
        })
    }
}

/// How to read a CSV or JSON lines source. The default reads ISO dates, a decimal point and no digit grouping.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// Which header stands for which field, where the names alone do not say it.
    pub columns: Columns,
    /// How dates are written; stated, never guessed.
    pub date_format: DateFormat,
    /// How amounts are written.
    pub numbers: NumberFormat,
    /// What separates CSV fields; found in the header row (`,` `;` tab `|`) when not stated.
    pub delimiter: Option<char>,
    /// The currency of rows that name none.
    pub currency: Option<Text>,
    /// The organization's functional currency: what rates quote and functional amounts are in. What a line with a
    /// rate and no functional amount is worth, the book computes.
    pub functional_currency: Option<Text>,
    /// What becomes of the entry key.
    pub key_use: KeyUse,
    /// Whether accepted entries carry their source text, for a rejects file.
    pub keep_text: bool,
}
