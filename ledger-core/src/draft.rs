//! A journal entry as somebody proposes it: codes and decimals, not yet checked.
//!
//! Importers, the command line and the API all build this one form; only the book turns it into a
//! [`BalancedEntry`](crate::BalancedEntry).

use chrono::NaiveDate;
use rust_decimal::Decimal;

use crate::Text;
use crate::account::AccountNo;
use crate::entry::EntryKind;
use crate::rate::RateType;

/// An account by its code, or by its number where the caller already knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AccountRef {
    /// By code.
    Code(Text),
    /// By number.
    No(AccountNo),
}

impl From<&str> for AccountRef {
    fn from(code: &str) -> Self {
        Self::Code(code.into())
    }
}

/// What a line is worth in another commodity, by its cost or price: this is what an exchange balances on.
/// `10 EUR @ 1.10 USD` has the weight 11.00 USD. Debit positive, same sign as the line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Weight {
    /// Total, in the scale of its commodity; importers round it half-even to that scale.
    pub amount: Decimal,
    /// The commodity of the weight.
    pub currency: Text,
}

/// A rate quoted beside a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DraftRate {
    /// Units of `quote` per unit of the line's commodity.
    pub rate: Decimal,
    /// The commodity of the quote.
    pub quote: Text,
    /// Spot, average or closing.
    pub kind: RateType,
    /// The rate's own date.
    pub date: Option<NaiveDate>,
    /// Where it came from.
    pub source: Text,
}

/// The parts of a line that most lines do not have.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DraftDetail {
    /// Rate evidence.
    pub rate: Option<DraftRate>,
    /// Customer, vendor or payee.
    pub party: Option<Text>,
    /// Invoice or bill number, cheque number.
    pub document: Option<Text>,
    /// When it falls due.
    pub due_date: Option<NaiveDate>,
    /// Tax code, by name.
    pub tax_code: Option<Text>,
    /// Dimensions: department, project, cost lot.
    pub tags: Vec<(Text, Text)>,
    /// A note on this line.
    pub memo: Option<Text>,
}

/// One proposed line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DraftLine {
    /// The account.
    pub account: AccountRef,
    /// Transaction amount, debit positive.
    pub amount: Decimal,
    /// Code of the transaction currency or commodity.
    pub currency: Text,
    /// Amount in the organization's functional currency, debit positive, where the caller states it.
    pub functional: Option<Decimal>,
    /// What the line is worth in another commodity, where it has a cost or price.
    pub weight: Option<Weight>,
    /// Everything else, where there is any.
    pub detail: Option<Box<DraftDetail>>,
}

impl DraftLine {
    /// A line of an amount on an account, debit positive.
    pub fn new(account: impl Into<AccountRef>, amount: Decimal, currency: &str) -> Self {
        Self { account: account.into(), amount, currency: currency.into(), functional: None, weight: None, detail: None }
    }
}

/// One proposed journal entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DraftEntry {
    /// When it counts.
    pub effective_date: NaiveDate,
    /// What happened, for people.
    pub description: Text,
    /// Ordinary, opening, closing …
    pub kind: EntryKind,
    /// The caller's own id, unique in the organization where given.
    pub external_id: Option<Text>,
    /// Dimensions of the whole entry.
    pub tags: Vec<(Text, Text)>,
    /// Two or more lines.
    pub lines: Vec<DraftLine>,
    /// Code of the account that takes a residual of rounded weights, at most one minor unit per line and
    /// commodity, as a visible line. `None`: the entry must balance exactly.
    pub rounding_account: Option<Text>,
}

impl DraftEntry {
    /// An ordinary entry.
    pub fn new(effective_date: NaiveDate, description: &str, lines: Vec<DraftLine>) -> Self {
        Self {
            effective_date,
            description: description.into(),
            kind: EntryKind::Ordinary,
            external_id: None,
            tags: Vec::new(),
            lines,
            rounding_account: None,
        }
    }
}
