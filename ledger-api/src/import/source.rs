//! What every importer produces: one neutral stream of declarations, journal entries and documents, each with its place in
//! the file. Parsers know formats and nothing of the store; the runner (`import::run`) posts these items and
//! knows nothing of formats.

use chrono::NaiveDate;
use ledger_core::command::{DraftDocument, RecordPayment};
use ledger_core::subledger::{PartyKind, Side};
use ledger_core::{AccountType, DraftEntry, RateType, SubType, Text, Units};
use rust_decimal::Decimal;
use std::sync::Arc;

/// A place in a source file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Place {
    /// The file as the user named it (includes have their own).
    pub file: Arc<str>,
    /// Line, from 1.
    pub line: u32,
    /// Column in characters, from 1; 0 where the whole line is meant.
    pub column: u32,
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.column == 0 { write!(f, "{}:{}", self.file, self.line) } else { write!(f, "{}:{}:{}", self.file, self.line, self.column) }
    }
}

/// A refusal of a piece of the source: where, what stood there, what was expected, what to do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{place}: {problem}{}{}", found.as_ref().map(|f| format!(", found `{f}`")).unwrap_or_default(), remedy.as_ref().map(|r| format!("; {r}")).unwrap_or_default())]
pub struct SourceError {
    /// Where.
    pub place: Place,
    /// What is wrong and what was expected, a lower-case fragment without a final stop.
    pub problem: String,
    /// The offending text.
    pub found: Option<String>,
    /// What to do, starting with a verb.
    pub remedy: Option<String>,
    /// The source text of the whole rejected item (all its lines, as they stood), for the rejects file;
    /// without the last line's line end.
    pub text: Option<String>,
}

/// A commodity that the file declares.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommodityDecl {
    /// Its code or symbol as amounts carry it.
    pub code: Text,
    /// Digits after the point, where the file states them.
    pub scale: Option<u8>,
    /// A name, where given.
    pub name: Option<Text>,
    /// Where.
    pub place: Place,
}

/// An account that the file declares. Accounts need no declaration: the runner opens what entries use and
/// infers a type from the name. Build it with `..Default::default()`: formats state different parts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AccountDecl {
    /// Its code: the full name in plain-text ledgers.
    pub code: Text,
    /// A name for people, where it differs.
    pub name: Option<Text>,
    /// Its type, where the file states it.
    pub kind: Option<AccountType>,
    /// Its sub-type, where the file states it.
    pub sub_type: Option<SubType>,
    /// Code of the account above it, where the file states it; declared earlier in the stream or known already.
    pub parent: Option<Text>,
    /// Whether its normal side is opposite to its type's, where the file states it.
    pub contra: Option<bool>,
    /// Whether it only sums its children, where the file states it.
    pub summary: Option<bool>,
    /// Where.
    pub place: Place,
}

/// A price or rate that the file records: one `base` is worth `rate` `quote`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RateDecl {
    /// The day.
    pub date: NaiveDate,
    /// What is priced.
    pub base: Text,
    /// In what.
    pub quote: Text,
    /// Positive.
    pub rate: Decimal,
    /// Spot unless stated.
    pub kind: RateType,
    /// Where it comes from; the file where nothing is said.
    pub source: Option<Text>,
    /// Where.
    pub place: Place,
}

/// A customer, vendor or payee that the file names. One that is registered already stays as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartyDecl {
    /// Its code.
    pub code: Text,
    /// What it is to the organization.
    pub kind: PartyKind,
    /// Where.
    pub place: Place,
}

/// An account that the file needs as a control account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ControlDecl {
    /// The account's code, declared before.
    pub code: Text,
    /// Of which sub-ledger.
    pub side: Side,
    /// Where.
    pub place: Place,
}

/// A journal entry and where it stood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceEntry {
    /// The entry. Weights are rounded half-even to their commodity's scale by the importer.
    pub draft: DraftEntry,
    /// Where it begins.
    pub place: Place,
    /// The place of each draft line, same length as `draft.lines`; empty where unknown.
    pub line_places: Vec<u32>,
    /// Source text of the entry as it stood, when the options ask for it (rejects file).
    pub text: Option<String>,
}

/// What a source records of a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Recording {
    /// An order, invoice, bill, expense claim, credit note or debit note.
    Document(DraftDocument),
    /// Money received, sent or returned.
    Payment(RecordPayment),
}

impl Recording {
    /// The caller's own id.
    #[must_use]
    pub const fn external_id(&self) -> Option<&Text> {
        match self {
            Self::Document(draft) => draft.external_id.as_ref(),
            Self::Payment(payment) => payment.external_id.as_ref(),
        }
    }
}

/// A document and where it stood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceDocument {
    /// The document.
    pub recording: Recording,
    /// Where it begins.
    pub place: Place,
    /// The place of each of its lines; empty where unknown.
    pub line_places: Vec<u32>,
    /// Source text of the document as it stood, when the options ask for it (rejects file).
    pub text: Option<String>,
}

/// One item of a source, in the order in which it must take effect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Item {
    /// Define or describe a commodity.
    Commodity(CommodityDecl),
    /// Open or describe an account.
    Account(AccountDecl),
    /// Record a rate.
    Rate(RateDecl),
    /// Register a party.
    Party(PartyDecl),
    /// Make an account a control account.
    Control(ControlDecl),
    /// Post an entry.
    Entry(Box<SourceEntry>),
    /// Record a document.
    Document(Box<SourceDocument>),
}

/// What a source left out on request, or wants to tell, for the summary.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SourceNotes {
    /// Name of what was counted (`virtual postings left out`, `balance assertions checked`, `notes and documents ignored`) and how many.
    pub counts: std::collections::BTreeMap<String, u64>,
    /// Sentences for the summary (`columns not imported: user, posted_ts`).
    pub remarks: Vec<String>,
    /// Control totals of the entries handed over, where the importer keeps them.
    pub totals: Option<Totals>,
    /// What a table of rates has, by base and quote.
    pub rates: std::collections::BTreeMap<(Text, Text), RateSpan>,
}

/// The rates of one pair in a source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RateSpan {
    /// Earliest day.
    pub first: NaiveDate,
    /// Latest day.
    pub last: NaiveDate,
    /// How many.
    pub count: u64,
}

/// What a source says in sum, to be held against the totals of the program that wrote it.
/// Everything handed to the sink is in; what was refused on the way is not.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Entries handed over.
    pub entries: u64,
    /// Lines of these entries.
    pub lines: u64,
    /// Earliest effective date.
    pub first_date: Option<NaiveDate>,
    /// Latest effective date.
    pub last_date: Option<NaiveDate>,
    /// Debits and credits per transaction currency.
    pub currencies: std::collections::BTreeMap<Text, SideTotals>,
}

/// The two sides in one currency; both positive unless the source posts negative debits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SideTotals {
    /// Digits after the point of the two sums.
    pub scale: u8,
    /// Sum of debits in minor units.
    pub debit: Units,
    /// Sum of credits in minor units, as a positive number.
    pub credit: Units,
}

/// Why a source was not read to its end.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The sink asked for it.
    #[error("stopped before the end of the file")]
    Stopped,
    /// The source as a whole cannot be read: an unusable header, contradictory options.
    #[error(transparent)]
    Source(#[from] Box<SourceError>),
    /// The file could not be read.
    #[error("{place}: the file cannot be read: {error}")]
    Io {
        /// How far it was read.
        place: Place,
        /// What the system said.
        error: std::io::Error,
    },
}

impl From<Stop> for ReadError {
    fn from(_: Stop) -> Self {
        Self::Stopped
    }
}

/// Receives what a parser finds. Returning an error from a method stops the parser.
pub trait Sink {
    /// An item, in order of effect.
    fn item(&mut self, item: Item) -> Result<(), Stop>;
    /// A piece of the source that cannot be imported. The sink decides whether to go on (`--skip-invalid`).
    fn refuse(&mut self, error: SourceError) -> Result<(), Stop>;
    /// The digits after the point of a commodity: what the organization already has, what was declared, or the default.
    fn scale_of(&self, commodity: &str) -> u8;
    /// Text that a rejects file must begin with to be importable again (a header row), without a line end.
    /// Called at most once, before anything else.
    fn header(&mut self, _text: &str) {}
}

/// The sink wants no more (a refusal without `--skip-invalid`, an interrupted run).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stop;

/// A collecting sink for tests and fuzzing: keeps everything in memory.
#[derive(Debug, Default)]
pub struct Collected {
    /// Items in order.
    pub items: Vec<Item>,
    /// Refusals in order.
    pub errors: Vec<SourceError>,
    /// What a rejects file would begin with.
    pub header: Option<String>,
    scales: std::collections::BTreeMap<Text, u8>,
}

impl Sink for Collected {
    fn item(&mut self, item: Item) -> Result<(), Stop> {
        if let Item::Commodity(decl) = &item {
            let scale = decl.scale.unwrap_or_else(|| ledger_core::commodity::default_scale(&decl.code));
            self.scales.insert(decl.code.clone(), scale);
        }
        self.items.push(item);
        Ok(())
    }

    fn refuse(&mut self, error: SourceError) -> Result<(), Stop> {
        self.errors.push(error);
        Ok(())
    }

    fn header(&mut self, text: &str) {
        self.header = Some(text.to_owned());
    }

    fn scale_of(&self, commodity: &str) -> u8 {
        self.scales.get(commodity).copied().unwrap_or_else(|| ledger_core::commodity::default_scale(commodity))
    }
}
