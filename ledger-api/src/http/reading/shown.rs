//! Entries and what belongs to them, as answers show them: from rows of a read model, or from an event.

use std::collections::BTreeMap;

use ledger_core::{ActorNo, BalancedEntry, Book, Line, Text, Units};
use ledger_projections::Chart;
use ledger_projections::reports::{EntryLine, EntryRow};
use rust_decimal::Decimal;
use serde::Serialize;
use serde_json::{Value, json};
use utoipa::ToSchema;

use super::events::CommitShown;
use crate::cli::moment::show_time;
use crate::cli::output::plain;
use crate::report::open_items::Shown;

/// Who did something.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct ActorShown {
    /// What it is: `user`, `agent`, `system` …
    #[schema(example = "user")]
    pub kind: String,
    /// Who it is.
    pub identity: String,
}

/// A journal entry with its lines.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct EntryShown {
    /// Its id: the number of its event.
    pub seq: u64,
    /// The day on which it counts.
    #[schema(format = Date)]
    pub effective_date: String,
    /// When it was recorded.
    #[schema(format = DateTime)]
    pub recorded_at: String,
    /// `ordinary`, `opening`, `closing`, `adjusting` or `reversal`.
    #[schema(example = "ordinary")]
    pub kind: String,
    /// Whether it closes a year or takes such a closing back: left out of income statements.
    pub closing: bool,
    /// What happened.
    pub description: String,
    /// The caller's own id of it.
    pub external_id: Option<String>,
    /// Who recorded it.
    pub actor: ActorShown,
    /// The entry that it negates.
    pub reverses: Option<u64>,
    /// The entry that it replaces.
    pub corrects: Option<u64>,
    /// The entry that negated it, as far as is known at the point that was asked for.
    pub reversed_by: Option<u64>,
    /// The entry that replaced it, as far as is known at the point that was asked for.
    pub corrected_by: Option<u64>,
    /// Its lines, in their order.
    pub lines: Vec<LineShown>,
}

/// A line of an entry.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct LineShown {
    /// Its place in the entry, from 1.
    pub line: u32,
    /// The account's code.
    pub account: String,
    /// `debit` or `credit`.
    #[schema(example = "debit")]
    pub direction: String,
    /// Not negative.
    #[schema(example = "12.00")]
    pub amount: String,
    /// ISO 4217 code or a commodity's.
    #[schema(example = "EUR")]
    pub currency: String,
    /// The amount, debit positive.
    #[schema(example = "12.00")]
    pub net: String,
    /// Its value in the functional currency, debit positive; null where it has none.
    pub functional: Option<String>,
    /// Customer, vendor or payee.
    pub party: Option<String>,
    /// Number of an invoice, bill, payment …
    pub document: Option<String>,
    /// When it falls due.
    #[schema(format = Date)]
    pub due_date: Option<String>,
    /// Tax code.
    pub tax_code: Option<String>,
    /// A note.
    pub memo: Option<String>,
    /// Dimensions of the line and of its entry: an object of texts, or of lists of texts where a key has several.
    #[schema(value_type = Object)]
    pub tags: Value,
    /// The rate that it was converted with.
    pub rate: Option<RateShown>,
    /// What it weighs in the balance of its entry, where that is another currency.
    pub weight: Option<MoneyShown>,
}

/// A rate that was used.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct RateShown {
    /// How many of `quote` one of the line's currency is worth.
    pub rate: String,
    /// In which currency.
    pub quote: String,
}

/// An amount of something.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct MoneyShown {
    /// A decimal.
    #[schema(example = "12.00")]
    pub amount: String,
    /// Of what.
    #[schema(example = "EUR")]
    pub currency: String,
}

/// A journal entry as its event has it.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct EntryDetail {
    #[serde(flatten)]
    #[expect(missing_docs, reason = "its fields are the documentation")]
    pub entry: EntryShown,
    /// Id of its event.
    pub event_id: uuid::Uuid,
    /// What happened: `EntryPosted`, `EntryReversed`, `InvoiceIssued` …
    pub event_type: String,
    /// Why it was reversed, for a reversal.
    pub reason: Option<String>,
    /// The request that it belongs to.
    pub correlation: Option<uuid::Uuid>,
    /// The commit that made it durable.
    pub commit: CommitShown,
}

/// The name of an actor's number.
#[must_use]
pub fn actor_shown(book: &Book, no: ActorNo) -> ActorShown {
    let actor = usize::try_from(no.0).ok().and_then(|no| no.checked_sub(1)).and_then(|index| book.actors().get(index));
    actor
        .map_or_else(ActorShown::default, |actor| ActorShown { kind: actor.kind.as_str().to_owned(), identity: actor.identity.to_string() })
}

/// An entry of the read model. `book` knows the actors.
#[must_use]
pub fn entry_shown(chart: &Chart, book: &Book, row: &EntryRow) -> EntryShown {
    let shown = Shown::new(chart);
    EntryShown {
        seq: row.seq,
        effective_date: row.effective_date.to_string(),
        recorded_at: show_time(row.recorded_at),
        kind: row.kind.clone(),
        closing: row.closing,
        description: row.description.clone(),
        external_id: row.external_id.clone(),
        actor: u32::try_from(row.actor_no).map(|no| actor_shown(book, ActorNo(no))).unwrap_or_default(),
        reverses: row.reverses,
        corrects: row.corrects,
        reversed_by: row.reversed_by,
        corrected_by: row.corrected_by,
        lines: row.lines.iter().map(|line| line_shown(&shown, line)).collect(),
    }
}

fn line_shown(shown: &Shown<'_>, line: &EntryLine) -> LineShown {
    let side = if line.amount.is_zero() { line.functional.unwrap_or_default() } else { line.amount };
    LineShown {
        line: u32::try_from(line.line_no).unwrap_or(0),
        account: line.account.clone(),
        direction: direction(side < Decimal::ZERO),
        amount: shown.plain(line.amount.abs(), &line.currency),
        net: shown.plain(line.amount, &line.currency),
        currency: line.currency.clone(),
        functional: line.functional.map(|value| shown.plain_value(value)),
        party: line.party.clone(),
        document: line.document.clone(),
        due_date: line.due_date.map(|day| day.to_string()),
        tax_code: line.tax_code.clone(),
        memo: line.memo.clone(),
        tags: line.tags.clone().unwrap_or_else(|| json!({})),
        rate: line.rate.as_ref().map(|(rate, quote)| RateShown { rate: rate.normalize().to_string(), quote: quote.clone() }),
        weight: line
            .weight
            .as_ref()
            .map(|(amount, currency)| MoneyShown { amount: shown.plain(*amount, currency), currency: currency.clone() }),
    }
}

fn direction(credit: bool) -> String {
    if credit { "credit" } else { "debit" }.to_owned()
}

/// The lines of an entry as its event has them, the same as those of the read model.
#[must_use]
pub fn lines_of(book: &Book, entry: &BalancedEntry) -> Vec<LineShown> {
    entry.lines().iter().zip(1..).map(|(line, no)| line_of(book, entry, line, no)).collect()
}

fn line_of(book: &Book, entry: &BalancedEntry, line: &Line, no: u32) -> LineShown {
    let code = |no| book.commodity(no).map(|commodity| (commodity.code.to_string(), commodity.scale)).unwrap_or_default();
    let (currency, scale) = code(line.money.currency());
    let units = line.money.units();
    let (_, functional_scale) = code(ledger_core::book::FUNCTIONAL);
    let side = if units == 0 { line.functional.unwrap_or(0) } else { units };
    let detail = line.detail.as_deref();
    let text = |of: fn(&ledger_core::LineDetail) -> &Option<Text>| detail.and_then(|detail| of(detail).as_ref()).map(ToString::to_string);
    LineShown {
        line: no,
        account: book.account(line.account).map(|account| account.code.to_string()).unwrap_or_default(),
        direction: direction(side < 0),
        amount: plain(units.abs(), scale),
        net: plain(units, scale),
        currency,
        functional: line.functional.map(|units: Units| plain(units, functional_scale)),
        party: text(|detail| &detail.party),
        document: text(|detail| &detail.document),
        due_date: detail.and_then(|detail| detail.due_date).map(|day| day.to_string()),
        tax_code: text(|detail| &detail.tax_code),
        memo: text(|detail| &detail.memo),
        tags: tags_of(&entry.header().tags, detail.map(|detail| detail.tags.as_slice()).unwrap_or_default()),
        rate: detail
            .and_then(|detail| detail.rate.as_ref())
            .map(|rate| RateShown { rate: rate.rate.normalize().to_string(), quote: code(rate.quote).0 }),
        weight: detail.and_then(|detail| detail.weight).map(|weight| {
            let (currency, scale) = code(weight.currency());
            MoneyShown { amount: plain(weight.units(), scale), currency }
        }),
    }
}

/// Tags as an object; the line's own go before its entry's of the same key, and a key with several values has a list.
#[must_use]
pub fn tags_of(entry: &[(Text, Text)], line: &[(Text, Text)]) -> Value {
    let mut keys: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (key, value) in line {
        keys.entry(key).or_default().push(value);
    }
    let own: Vec<&str> = keys.keys().copied().collect();
    for (key, value) in entry.iter().filter(|(key, _)| !own.contains(&key.as_str())) {
        keys.entry(key).or_default().push(value);
    }
    let value = |values: Vec<&str>| if let [only] = values.as_slice() { json!(only) } else { json!(values) };
    Value::Object(keys.into_iter().map(|(key, values)| (key.to_owned(), value(values))).collect())
}
