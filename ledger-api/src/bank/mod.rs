//! Bank statements: what a bank says that happened on an account, in the bank's own formats.
//!
//! Each format (camt.053, OFX, MT940) becomes the same [`Statement`]s with their lines. A statement is held against
//! its own balances and the result is told, never mended. Lines are no journal entries: what they settle is
//! suggested by [`matching`] and decided elsewhere.

mod camt;
mod encoding;
pub mod matching;
mod mt940;
mod ofx;
mod values;

use std::sync::Arc;

use chrono::NaiveDate;
use ledger_core::Text;
use rust_decimal::Decimal;

use crate::import::source::{Place, ReadError, SourceError};

/// Bytes of a statement file at most: it is held in memory.
pub const FILE_BYTES_MAX: u64 = 64 << 20;

/// What a statement file is written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BankFormat {
    /// ISO 20022 bank to customer statement.
    Camt053,
    /// Open Financial Exchange, 1.x (SGML) and 2.x (XML).
    Ofx,
    /// SWIFT customer statement message.
    Mt940,
}

impl BankFormat {
    /// The format's usual name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Camt053 => "camt.053",
            Self::Ofx => "OFX",
            Self::Mt940 => "MT940",
        }
    }

    /// The format that a file's content shows.
    #[must_use]
    pub fn of_content(text: &str) -> Option<Self> {
        let start = text.trim_start_matches('\u{feff}').trim_start();
        let mut at = start.len().min(64 << 10);
        while !start.is_char_boundary(at) {
            at -= 1;
        }
        let head = &start[..at];
        let upper = head.to_ascii_uppercase();
        if upper.contains("<OFX>") || upper.starts_with("OFXHEADER") || upper.contains("<?OFX") {
            Some(Self::Ofx)
        } else if start.starts_with('<') {
            head.contains("camt.05").then_some(Self::Camt053)
        } else {
            let tagged = |line: &str| [":20:", ":25:", ":60F:", ":60M:"].iter().any(|tag| line.starts_with(tag));
            head.lines().any(tagged).then_some(Self::Mt940)
        }
    }
}

/// A balance that a statement states.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Balance {
    /// The format's word for what balance it is: `OPBD`, `62F`, `LEDGERBAL`.
    pub kind: Text,
    /// Positive when the bank owes the account's holder.
    pub amount: Decimal,
    /// Its currency.
    pub currency: Text,
    /// Its day, where stated.
    pub date: Option<NaiveDate>,
    /// Where it stands in the file.
    pub line: u32,
}

/// Whether the bank has booked a line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Status {
    /// It is in the balance.
    #[default]
    Booked,
    /// It is expected and not in the balance.
    Pending,
    /// It is told for information and never in the balance.
    Information,
}

impl Status {
    /// The word in files.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Booked => "booked",
            Self::Pending => "pending",
            Self::Information => "information",
        }
    }
}

/// One movement on the account.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BankLine {
    /// Where it begins in the file, from 1.
    pub line: u32,
    /// When the bank booked it.
    pub date: NaiveDate,
    /// From when it bears interest, where stated.
    pub value_date: Option<NaiveDate>,
    /// Positive when money came in. All digits that the file has.
    pub amount: Decimal,
    /// Its currency.
    pub currency: Text,
    /// Who paid or was paid.
    pub counterparty: Option<Text>,
    /// Their account.
    pub counterparty_account: Option<Text>,
    /// The bank's own reference.
    pub reference: Option<Text>,
    /// The reference that the payer gave along.
    pub end_to_end: Option<Text>,
    /// What it is for, as it arrived.
    pub text: Text,
    /// Booked, pending or only told.
    pub status: Status,
    /// Whether it takes back an earlier one. The amount has its sign already.
    pub reversal: bool,
}

/// What a bank says about one account over some time.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Statement {
    /// The bank's number or id of the statement.
    pub id: Text,
    /// The account.
    pub account: Text,
    /// What kind of account, where stated (`CHECKING`).
    pub account_kind: Text,
    /// The account's currency.
    pub currency: Text,
    /// The balance before the lines, where the format states one.
    pub opening: Option<Balance>,
    /// The balance after the lines.
    pub closing: Option<Balance>,
    /// Further balances: available, forward.
    pub others: Vec<Balance>,
    /// Movements in the order of the file.
    pub lines: Vec<BankLine>,
    /// What the bank writes beside the balances.
    pub information: Text,
    /// What a reader should know about how it was read.
    pub notes: Vec<SourceError>,
    /// Where it begins in the file.
    pub line: u32,
}

/// How a statement compares with its own balances.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Opening and booked lines give the closing balance.
    Reconciles,
    /// They do not: closing minus (opening plus booked).
    Differs(Decimal),
    /// Balances or lines are in different currencies and cannot be added.
    Currencies(Vec<Text>),
    /// The file does not state both balances.
    NotStated,
}

impl Verdict {
    /// `yes`, `no`, or `not stated`.
    #[must_use]
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Reconciles => "yes",
            Self::Differs(_) | Self::Currencies(_) => "no",
            Self::NotStated => "not stated",
        }
    }
}

/// A statement held against its own balances.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reconciliation {
    /// Sum of booked lines.
    pub booked: Decimal,
    /// Sum of all lines, pending ones included.
    pub all: Decimal,
    /// Opening plus booked, where an opening balance is stated.
    pub computed: Option<Decimal>,
    /// How it compares.
    pub verdict: Verdict,
}

impl Statement {
    /// Opening + booked lines against closing. Nothing is changed.
    #[must_use]
    pub fn reconcile(&self) -> Reconciliation {
        let sum = |taken: fn(&&BankLine) -> bool| self.lines.iter().filter(taken).map(|line| line.amount).sum::<Decimal>();
        let booked = sum(|line| line.status == Status::Booked);
        let all = sum(|line| line.status != Status::Information);
        let computed = self.opening.as_ref().map(|opening| opening.amount + booked);
        let mut currencies: Vec<Text> =
            [&self.opening, &self.closing].into_iter().flatten().map(|balance| balance.currency.clone()).collect();
        currencies.extend(self.lines.iter().filter(|line| line.status == Status::Booked).map(|line| line.currency.clone()));
        currencies.sort_unstable();
        currencies.dedup();
        let verdict = match (computed, &self.closing) {
            _ if currencies.len() > 1 => Verdict::Currencies(currencies),
            (Some(computed), Some(closing)) if computed == closing.amount => Verdict::Reconciles,
            (Some(computed), Some(closing)) => Verdict::Differs(closing.amount - computed),
            _ => Verdict::NotStated,
        };
        Reconciliation { booked, all, computed, verdict }
    }
}

/// What a file holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BankFile {
    /// What it is written in.
    pub format: BankFormat,
    /// Its statements in order.
    pub statements: Vec<Statement>,
    /// Pieces that belong to no statement.
    pub left_out: Vec<SourceError>,
}

/// A file that is not read, with every reason that was found.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))]
pub struct Refused(pub Vec<SourceError>);

impl From<ReadError> for Refused {
    fn from(error: ReadError) -> Self {
        match error {
            ReadError::Source(error) => Self(vec![*error]),
            ReadError::Io { place, error } => Self(vec![fault(&place.file, place.line, format!("the file cannot be read: {error}"))]),
            ReadError::Stopped => Self(Vec::new()),
        }
    }
}

fn fault(file: &Arc<str>, line: u32, problem: impl Into<String>) -> SourceError {
    let place = Place { file: file.clone(), line, column: 0 };
    SourceError { place, problem: problem.into(), found: None, remedy: None, text: None }
}

/// Reads a statement file from memory; `file` is what messages call it.
///
/// # Errors
/// Everything that keeps the file from being read, each with its line, what was expected and what to do.
pub fn read(bytes: &[u8], file: &str, format: Option<BankFormat>) -> Result<BankFile, Refused> {
    let file: Arc<str> = file.into();
    if bytes.len() as u64 > FILE_BYTES_MAX {
        return Err(Refused(vec![fault(&file, 0, format!("the file is larger than {} MiB", FILE_BYTES_MAX >> 20))]));
    }
    let text = encoding::decode(bytes).map_err(|problem| Refused(vec![fault(&file, 1, problem)]))?;
    let Some(format) = format.or_else(|| BankFormat::of_content(&text)) else {
        let mut error = fault(&file, 1, "this is no bank statement that can be told by its content");
        error.remedy = Some("give a camt.053, OFX or MT940 file, or name its format".to_owned());
        return Err(Refused(vec![error]));
    };
    let mut read = match format {
        BankFormat::Camt053 => camt::read(&text, file.clone()),
        BankFormat::Ofx => ofx::read(&text, &file),
        BankFormat::Mt940 => mt940::read(&text, &file),
    }?;
    if read.statements.is_empty() {
        let mut error = fault(&file, 1, format!("the file has no {} statement", format.as_str()));
        error.remedy = Some("ask the bank for a statement of the account".to_owned());
        read.left_out.push(error);
        return Err(Refused(read.left_out));
    }
    Ok(read)
}

/// Collects what is wrong with a file, so that all of it is told at once.
struct Faults {
    file: Arc<str>,
    list: Vec<SourceError>,
}

/// Faults of one file that are told.
const FAULTS_MAX: usize = 100;

impl Faults {
    fn new(file: &Arc<str>) -> Self {
        Self { file: file.clone(), list: Vec::new() }
    }

    fn add(&mut self, line: u32, problem: impl Into<String>, found: Option<&str>, remedy: &str) {
        if self.list.len() < FAULTS_MAX {
            let found = found.map(|found| found.chars().take(80).collect());
            let remedy = Some(remedy.to_owned()).filter(|remedy| !remedy.is_empty());
            self.list.push(SourceError { found, remedy, ..fault(&self.file, line, problem) });
        }
    }

    fn end<T>(self, value: T) -> Result<T, Refused> {
        if self.list.is_empty() { Ok(value) } else { Err(Refused(self.list)) }
    }
}
