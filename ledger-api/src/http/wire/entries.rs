//! Journal entries: posting, reversing, correcting.

use ledger_core::command::{CorrectEntry, ReverseEntry};
use ledger_core::draft::{DraftDetail, DraftRate};
use ledger_core::{Command, DraftEntry, DraftLine, EntryKind, Seq, Text, Weight};
use serde::Deserialize;
use utoipa::ToSchema;

use super::objects::only_objects;
use super::scalars::{Day, Magnitude, Plain, Rate};
use super::tags::Tags;
use super::words::{Direction, EntryKindWord, RateTypeWord};

only_objects!(NewEntry, NewEntryLine, NewWeight, NewQuote, NewReversal, NewCorrection);

/// A journal entry to post. Debits and credits are equal in every currency, or the exchanged lines say what they are worth.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, remote = "Self")]
#[schema(example = json!({
    "effective_date": "2026-03-31",
    "description": "Rent March",
    "external_id": "rent-2026-03",
    "lines": [
        {"account": "6100", "direction": "debit", "amount": "1200.00"},
        {"account": "1000", "direction": "credit", "amount": "1200.00"}
    ]
}))]
pub struct NewEntry {
    /// When it counts. Its month decides whether it may be posted.
    pub effective_date: Day,
    /// What happened, for people; at most 16,000 bytes.
    #[serde(default)]
    pub description: Plain,
    /// What it is; ordinary where not stated.
    pub kind: Option<EntryKindWord>,
    /// Your own id, unique in the organization for ever; at most 1,000 bytes.
    pub external_id: Option<Plain>,
    /// Dimensions of the whole entry.
    #[serde(default)]
    pub tags: Tags,
    /// Two or more lines, at most 10,000 with those that the ledger adds for exchanges.
    #[schema(min_items = 2, max_items = 10_000)]
    pub lines: Vec<NewEntryLine>,
    /// Code of the account that takes a residual of rounded exchanges, at most one smallest unit per line and currency, as
    /// a line of its own. Without it the entry must balance exactly.
    pub rounding_account: Option<Plain>,
}

/// One line of an entry.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, remote = "Self")]
pub struct NewEntryLine {
    /// The account's code.
    #[schema(example = "6100")]
    pub account: Plain,
    /// Which side it is on.
    pub direction: Direction,
    /// How much, with no more digits than its currency has.
    pub amount: Magnitude,
    /// Code of its currency or commodity; the organization's functional currency where not stated.
    #[schema(example = "EUR")]
    pub currency: Option<Plain>,
    /// What it is worth in the functional currency, on the same side; where not stated it follows from weight, rate or
    /// recorded rates.
    pub functional_amount: Option<Magnitude>,
    /// What it is worth in another currency by its cost or price: that is what an exchange balances on.
    pub weight: Option<NewWeight>,
    /// The rate that stood beside it, as evidence.
    pub rate: Option<NewQuote>,
    /// Code of the customer, vendor or payee. Lines on control accounts need one.
    pub party: Option<Plain>,
    /// Number of the invoice, bill or cheque. Lines on control accounts need one.
    pub document: Option<Plain>,
    /// When it falls due.
    pub due_date: Option<Day>,
    /// Its tax code.
    pub tax_code: Option<Plain>,
    /// Dimensions of the line.
    #[serde(default)]
    pub tags: Tags,
    /// A note on the line; at most 16,000 bytes.
    pub memo: Option<Plain>,
}

/// What a line is worth by its cost or price, in total and on the line's own side.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, remote = "Self")]
#[schema(example = json!({"amount": "11.00", "currency": "USD"}))]
pub struct NewWeight {
    /// The total.
    pub amount: Magnitude,
    /// Code of its currency.
    pub currency: Plain,
}

/// A rate quoted beside a line.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, remote = "Self")]
#[schema(example = json!({"rate": "1.0842", "quote": "USD", "source": "ecb"}))]
pub struct NewQuote {
    /// Units of `quote` for one unit of the line's currency.
    pub rate: Rate,
    /// Code of the currency that the rate is in.
    pub quote: Plain,
    /// Which of the day's rates; spot where not stated.
    #[serde(rename = "type")]
    pub kind: Option<RateTypeWord>,
    /// The rate's own day, where it is not the entry's.
    pub date: Option<Day>,
    /// Where it came from.
    #[serde(default)]
    pub source: Plain,
}

/// Negates an entry. It stays in history, and so does its reversal.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, remote = "Self")]
#[schema(example = json!({"reason": "posted twice"}))]
pub struct NewReversal {
    /// Why; at most 16,000 bytes.
    #[serde(default)]
    pub reason: Plain,
    /// When the reversal counts; the entry's own date if its period is open, else the first day of the first open period
    /// after it.
    pub date: Option<Day>,
}

/// Negates an entry and posts another in its place, both or neither.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, remote = "Self")]
pub struct NewCorrection {
    /// Why; at most 16,000 bytes.
    #[serde(default)]
    pub reason: Plain,
    /// When the reversal counts; as for reversals.
    pub date: Option<Day>,
    /// What stands in its place.
    pub replacement: NewEntry,
}

impl NewEntry {
    /// The entry as it is proposed to the book.
    #[must_use]
    pub fn draft(self, functional: &Text) -> DraftEntry {
        DraftEntry {
            effective_date: self.effective_date.0,
            description: self.description.0,
            kind: self.kind.map_or(EntryKind::Ordinary, Into::into),
            external_id: self.external_id.map(|id| id.0),
            tags: self.tags.0,
            lines: self.lines.into_iter().map(|line| line.draft(functional)).collect(),
            rounding_account: self.rounding_account.map(|account| account.0),
        }
    }

    /// The command.
    #[must_use]
    pub fn command(self, functional: &Text) -> Command {
        Command::PostEntry(self.draft(functional))
    }
}

impl NewEntryLine {
    fn draft(self, functional: &Text) -> DraftLine {
        let Self { account, direction, amount, currency, functional_amount, weight, rate, party, document, due_date, tax_code, tags, memo } =
            self;
        let text = |text: Option<Plain>| text.map(|text| text.0);
        let bare = rate.is_none()
            && party.is_none()
            && document.is_none()
            && due_date.is_none()
            && tax_code.is_none()
            && tags.0.is_empty()
            && memo.is_none();
        let detail = (!bare).then(|| {
            Box::new(DraftDetail {
                rate: rate.map(NewQuote::draft),
                party: text(party),
                document: text(document),
                due_date: due_date.map(|day| day.0),
                tax_code: text(tax_code),
                tags: tags.0,
                memo: text(memo),
            })
        });
        DraftLine {
            account: account.account(),
            amount: direction.signed(amount.0),
            currency: currency.map_or_else(|| functional.clone(), |currency| currency.0),
            functional: functional_amount.map(|amount| direction.signed(amount.0)),
            weight: weight.map(|weight| Weight { amount: direction.signed(weight.amount.0), currency: weight.currency.0 }),
            detail,
        }
    }
}

impl NewQuote {
    fn draft(self) -> DraftRate {
        DraftRate {
            rate: self.rate.0,
            quote: self.quote.0,
            kind: self.kind.map(Into::into).unwrap_or_default(),
            date: self.date.map(|day| day.0),
            source: self.source.0,
        }
    }
}

impl NewReversal {
    /// The reversal of the entry at a seq.
    #[must_use]
    pub fn of(self, original: Seq) -> Command {
        Command::ReverseEntry(ReverseEntry { original, date: self.date.map(|day| day.0), reason: self.reason.0 })
    }
}

impl NewCorrection {
    /// The correction of the entry at a seq.
    #[must_use]
    pub fn of(self, original: Seq, functional: &Text) -> Command {
        let reverse = ReverseEntry { original, date: self.date.map(|day| day.0), reason: self.reason.0 };
        Command::CorrectEntry(Box::new(CorrectEntry { reverse, replacement: self.replacement.draft(functional) }))
    }
}
