//! What a caller may ask of the book. Commands are requests; only events are facts.

use chrono::NaiveDate;
use rust_decimal::Decimal;
use uuid::Uuid;

use crate::account::{AccountStatus, AccountType, SubType};
use crate::book::Valuation;
use crate::draft::{AccountRef, DraftEntry};
use crate::period::{Month, PeriodStatus};
use crate::rate::RateType;
use crate::{Seq, Text};

/// Everything that can be asked of a book.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// Begin the books of an organization.
    CreateOrganization(CreateOrganization),
    /// Define a commodity, or confirm a definition that already stands.
    DefineCommodity(DefineCommodity),
    /// Open an account, or confirm one that already stands with the same type.
    OpenAccount(OpenAccount),
    /// Change what people see of an account: its name, sub-type or place in the chart.
    ChangeAccount(ChangeAccount),
    /// Lock, unlock, close or reopen an account.
    SetAccountStatus {
        /// The account.
        account: AccountRef,
        /// The status it shall have.
        status: AccountStatus,
        /// Why.
        reason: Text,
    },
    /// Bound an account's balance in one commodity; without bounds the condition is removed.
    SetBalanceCondition {
        /// The account.
        account: AccountRef,
        /// The commodity that is bounded.
        currency: Text,
        /// Smallest natural balance.
        min: Option<Decimal>,
        /// Largest natural balance.
        max: Option<Decimal>,
    },
    /// Record an exchange rate or price.
    RecordRate(RecordRate),
    /// Post a journal entry.
    PostEntry(DraftEntry),
    /// Negate a posted entry.
    ReverseEntry(ReverseEntry),
    /// Negate a posted entry and post another in its place.
    CorrectEntry(Box<CorrectEntry>),
    /// Close a period, soft or hard.
    ClosePeriod {
        /// The period.
        month: Month,
        /// Soft-closed or hard-closed.
        status: PeriodStatus,
        /// Why.
        reason: Text,
    },
    /// Open a closed period again.
    ReopenPeriod {
        /// The period.
        month: Month,
        /// Why; may not be empty.
        reason: Text,
    },
}

/// Begins the books.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CreateOrganization {
    /// Its identity.
    pub org: Uuid,
    /// Its name.
    pub name: Text,
    /// Code of the functional currency.
    pub functional_currency: Text,
    /// Digits of the functional currency where they shall differ from the standard's.
    pub functional_scale: Option<u8>,
    /// What happens to foreign lines without a rate.
    pub valuation: Valuation,
}

/// Defines a commodity.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DefineCommodity {
    /// Its code; may be empty.
    pub code: Text,
    /// Digits after the point; the standard's or the default where not stated.
    pub scale: Option<u8>,
    /// A name for people.
    pub name: Text,
}

/// Opens an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenAccount {
    /// Its code.
    pub code: Text,
    /// Its name; the code where empty.
    pub name: Text,
    /// Its type.
    pub kind: AccountType,
    /// Its sub-type.
    pub sub_type: SubType,
    /// Whether its normal side is opposite to its type's.
    pub contra: bool,
    /// Whether it only sums its children.
    pub summary: bool,
    /// The account above it.
    pub parent: Option<AccountRef>,
}

impl OpenAccount {
    /// An ordinary account of a type.
    #[must_use]
    pub fn new(code: &str, kind: AccountType) -> Self {
        Self { code: code.into(), name: Text::default(), kind, sub_type: SubType::General, contra: false, summary: false, parent: None }
    }
}

/// Changes what people see of an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChangeAccount {
    /// The account.
    pub account: AccountRef,
    /// A new name.
    pub name: Option<Text>,
    /// A new sub-type.
    pub sub_type: Option<SubType>,
    /// A new place in the chart: `Some(None)` makes it a root.
    pub parent: Option<Option<AccountRef>>,
}

/// Records a rate: one `base` is worth `rate` `quote`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordRate {
    /// What is priced.
    pub base: Text,
    /// In what.
    pub quote: Text,
    /// Spot, average or closing.
    pub kind: RateType,
    /// The day it holds for.
    pub date: NaiveDate,
    /// Positive.
    pub rate: Decimal,
    /// Where it came from.
    pub source: Text,
}

/// Negates a posted entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReverseEntry {
    /// Where the entry stands in the stream.
    pub original: Seq,
    /// When the reversal counts; by default the original's date if its period is open, else the first day of
    /// the first open period after it.
    pub date: Option<NaiveDate>,
    /// Why.
    pub reason: Text,
}

/// Negates a posted entry and posts another in its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CorrectEntry {
    /// What is negated, when and why.
    pub reverse: ReverseEntry,
    /// What stands in its place.
    pub replacement: DraftEntry,
}
