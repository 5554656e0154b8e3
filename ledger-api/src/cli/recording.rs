//! What commands that record documents share: deciding without recording, keys, and telling what followed.

use clap::Args;
use futures::TryStreamExt;
use ledger_core::command::{AllocationTarget, ItemRef};
use ledger_core::{Book, Command, Context, DocumentKind, Event, ItemId, Money, PartyNo, Seq, Text, Units};
use ledger_store::load::{LoadError, load_book, to_chain};
use ledger_store::writer::{IdempotencyKey, Receipt, Request};
use ledger_store::{OrgStore, Organization};
use rust_decimal::Decimal;

use super::complaint::Outcome;
use super::events::described;
use super::output::{self, Format, FormatArg, grouped, print};
use super::shell::Session;
use crate::import::run::canonical;
use crate::import::source::Recording;

/// How a document is recorded.
#[derive(Clone, Debug, Args)]
pub struct OnceArgs {
    /// Idempotency key: the same command with the same key records once
    #[arg(long, value_name = "KEY")]
    pub key: Option<String>,
    /// Only decide and show what would follow: nothing is recorded
    #[arg(long, conflicts_with = "key")]
    pub dry_run: bool,
    #[command(flatten)]
    format: FormatArg,
}

impl OnceArgs {
    /// The key, bound to what is asked.
    pub(super) fn key_for(&self, asked: &serde_json::Value) -> Option<IdempotencyKey> {
        self.key.as_deref().map(|key| IdempotencyKey::new(key, asked.to_string().as_bytes()))
    }
}

/// What the total is worth in the functional currency, where recorded rates shall not say.
#[derive(Clone, Debug, Args)]
pub struct WorthArgs {
    /// Functional units per unit of the document's currency [default: the recorded rate of the date]
    #[arg(long, value_name = "RATE", value_parser = positive, conflicts_with = "value")]
    pub rate: Option<Decimal>,
    /// What the total is worth in the functional currency
    #[arg(long, value_name = "AMOUNT", value_parser = positive)]
    pub value: Option<Decimal>,
}

impl WorthArgs {
    pub(super) fn draft(&self) -> ledger_core::command::DraftValue {
        use ledger_core::command::DraftValue;
        match (self.rate, self.value) {
            (Some(rate), _) => DraftValue::Rate(rate),
            (None, Some(value)) => DraftValue::Total(value),
            (None, None) => DraftValue::Recorded,
        }
    }
}

pub(super) fn number(word: &str) -> Result<Decimal, String> {
    Decimal::from_str_exact(word).map_err(|_| format!("expected a number such as 40.00, found `{word}`"))
}

pub(super) fn positive(word: &str) -> Result<Decimal, String> {
    number(word)
        .ok()
        .filter(|number| *number > Decimal::ZERO)
        .ok_or_else(|| format!("expected a positive number such as 40.00, found `{word}`"))
}

/// Reads `key=value`.
pub(super) fn tag(word: &str) -> Result<(Text, Text), String> {
    match word.split_once('=') {
        Some((key, value)) if !key.trim().is_empty() => Ok((key.trim().into(), value.trim().into())),
        _ => Err(format!("expected a tag as key=value, found `{word}`")),
    }
}

/// Reads `ACCOUNT=AMOUNT`.
pub(super) fn on_account(word: &str) -> Result<(String, Decimal), String> {
    let wrong = || format!("expected ACCOUNT=AMOUNT such as 6800=2.50, found `{word}`");
    let (account, amount) = word.rsplit_once('=').ok_or_else(wrong)?;
    Ok((account.trim().to_owned(), positive(amount.trim()).map_err(|_| wrong())?))
}

/// A document that is settled: how much of what settles it is taken, and how much of it that settles, where said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    document: String,
    taken: Option<Decimal>,
    settled: Option<Decimal>,
}

impl Target {
    pub(super) fn of(&self, party: &str) -> AllocationTarget {
        AllocationTarget { item: ItemRef::document(party, &self.document), amount: self.taken, settled: self.settled }
    }
}

/// Reads `INV-12`, `INV-12=40.00`, or between two currencies `INV-12=40.00:36.50`. A number that has a `=` of its own is
/// followed by an amount.
pub(super) fn target(word: &str) -> Result<Target, String> {
    let Some((document, amounts)) = word.rsplit_once('=') else {
        return Ok(Target { document: word.to_owned(), taken: None, settled: None });
    };
    let (taken, settled) = match amounts.split_once(':') {
        None => (positive(amounts)?, None),
        Some((taken, settled)) => (positive(taken)?, Some(positive(settled)?)),
    };
    Ok(Target { document: document.to_owned(), taken: Some(taken), settled })
}

/// The request in a form that does not change between versions: a key is bound to it.
pub(super) fn key_of(key: &str, recording: &Recording) -> IdempotencyKey {
    let mut bytes = canonical(recording);
    if let Recording::Document(draft) = recording {
        let side = draft.side.map(ledger_core::Side::as_str);
        let origin = draft.origin.as_ref().map(|origin| (origin.channel.as_str(), origin.confidence.map(|sure| sure.to_string())));
        let attachments: Vec<_> = draft.attachments.iter().map(|file| (file.hash, file.media_type.as_str(), file.name.as_str())).collect();
        let half_even = draft.rounding == ledger_core::rounding::Rounding::HalfEven;
        bytes.extend(serde_json::json!([side, half_even, origin, attachments]).to_string().into_bytes());
    }
    IdempotencyKey::new(key, &bytes)
}

/// Records something, or only decides it, and tells what followed.
pub(super) async fn record(
    session: &Session,
    organization: &Organization,
    command: Command,
    key: Option<IdempotencyKey>,
    once: &OnceArgs,
) -> anyhow::Result<Outcome> {
    let org = session.store.for_org(organization.org);
    let mut lead = "Recorded";
    let (book, events) = if once.dry_run {
        let mut book = load_book(&org).await?.book;
        let first = book.seq() + 1;
        let proposed = book.decide(&command, &Context::new(&session.actor))?;
        proposed.iter().for_each(|proposed| book.evolve(&proposed.event));
        lead = "Would record";
        (book, (first..).zip(proposed.into_iter().map(|proposed| proposed.event)).collect())
    } else {
        let mut request = Request::new(command, session.actor.clone());
        request.key = key;
        let receipt = session.ledger.submit(organization.org, request).await?;
        if receipt.replayed {
            lead = "Recorded before, under this key:";
        }
        let events = followed(&org, &receipt).await?;
        (load_book(&org).await?.book, events)
    };
    print(&match once.format.format {
        Format::Table => told(&book, &events, lead, once.dry_run),
        Format::Json => output::json(&events.iter().map(|(seq, event)| described(&book, (!once.dry_run).then_some(*seq), event)).collect()),
        Format::Csv => {
            let rows = events.iter().filter_map(|(seq, event)| match event {
                Event::DocumentRecorded { document, .. } => {
                    let total = Money::new(document.total, document.currency);
                    let (amount, currency) = split(&book, total);
                    let seq = if once.dry_run { String::new() } else { seq.to_string() };
                    let (kind, party) = (document.kind.as_str().to_owned(), party(&book, document.party));
                    Some([seq, kind, document.number.to_string(), party, document.date.to_string(), currency, amount])
                }
                _ => None,
            });
            output::csv(&["seq", "kind", "document", "party", "date", "currency", "total"], rows)?
        }
    })?;
    Ok(Outcome::Done)
}

/// The events that followed a command.
pub(crate) async fn followed(org: &OrgStore, receipt: &Receipt) -> anyhow::Result<Vec<(Seq, Event)>> {
    let mut found = Vec::new();
    if receipt.event_count == 0 {
        return Ok(found);
    }
    let (first, last) = (receipt.first_seq, receipt.last_seq());
    let mut commits = Box::pin(org.commits(first, Some(last)));
    while let Some(commit) = commits.try_next().await? {
        for recorded in to_chain(org.org(), commit).events() {
            let recorded = recorded.map_err(|source| LoadError::Codec { org: org.org(), source })?;
            if (first..=last).contains(&recorded.seq) {
                found.push((recorded.seq, recorded.event));
            }
        }
    }
    Ok(found)
}

pub(super) fn party(book: &Book, no: PartyNo) -> String {
    book.party(no).map_or_else(|| format!("#{}", no.get()), |party| party.code.to_string())
}

/// Plain amount and currency.
fn split(book: &Book, money: Money) -> (String, String) {
    let known = book.commodity(money.currency());
    let (scale, code) = known.map_or((0, String::new()), |commodity| (commodity.scale, commodity.code.to_string()));
    (output::plain(money.units(), scale), code)
}

/// `1,200.00 USD`.
pub(super) fn shown(book: &Book, money: Money) -> String {
    let known = book.commodity(money.currency());
    known.map_or_else(|| money.units().to_string(), |commodity| format!("{} {}", grouped(money.units(), commodity.scale), commodity.code))
}

fn functional(book: &Book, units: Units) -> String {
    shown(book, Money::new(units, ledger_core::CommodityNo::new(1)))
}

/// What happened, a sentence for each event that people would ask about.
fn told(book: &Book, events: &[(Seq, Event)], lead: &str, dry_run: bool) -> String {
    let mut text = String::new();
    let place = |seq: Seq| if dry_run { String::new() } else { format!(" (seq {seq})") };
    for (seq, event) in events {
        if let Some(sentence) = sentence(book, event, lead) {
            text.push_str(&format!("{sentence}{}.\n", place(*seq)));
        }
    }
    let settles = |document: &ledger_core::Document| document.cash_account.is_some() || document.kind == DocumentKind::CreditNote;
    let left = events.iter().filter(|(_, event)| matches!(event, Event::DocumentRecorded { document, .. } if settles(document)));
    for (_, item) in left.flat_map(|(seq, _)| book.items_at(*seq)).filter(|(_, item)| item.open != 0) {
        let open = Money::new(item.open.abs(), item.money.currency());
        text.push_str(&format!("{} of it stays open, unapplied.\n", shown(book, open)));
    }
    if events.is_empty() {
        text.push_str("Everything stands as asked already; nothing was changed.\n");
    }
    text
}

fn sentence(book: &Book, event: &Event, lead: &str) -> Option<String> {
    let name = |id: ItemId| book.item(id).map_or_else(|| id.to_string(), |item| item.document.to_string());
    Some(match event {
        Event::DocumentRecorded { document, .. } => {
            let total = shown(book, Money::new(document.total, document.currency));
            let kind = document.kind.as_str().replace('_', " ");
            let part = |part: &ledger_core::subledger::Instalment| match document.instalments.len() {
                1 => part.due.to_string(),
                _ => format!("{} ({})", part.due, shown(book, Money::new(part.amount, document.currency))),
            };
            let due: Vec<String> = document.instalments.iter().map(part).collect();
            let due = if due.is_empty() { String::new() } else { format!(", due {}", due.join(", ")) };
            format!("{lead} {kind} {} of {}: {total}{due}", document.number, party(book, document.party))
        }
        Event::ItemsAllocated { allocation, .. } => {
            let difference = match allocation.realised {
                0 => String::new(),
                gain if gain > 0 => format!(", exchange gain {}", functional(book, gain)),
                loss => format!(", exchange loss {}", functional(book, -loss)),
            };
            let (from, to) = (name(allocation.from), name(allocation.to));
            format!("Settled {} of {to} with {from}, {}{difference}", shown(book, allocation.settled), allocation.date)
        }
        Event::DeferralScheduled(deferral) => {
            let (first, last) = (deferral.parts.first().map(|part| part.date), deferral.parts.last().map(|part| part.date));
            let total = Money::new(deferral.parts.iter().map(|part| part.units).sum::<Units>().abs(), deferral.currency);
            let days = first.zip(last).map_or_else(String::new, |(first, last)| format!(", {first} to {last}"));
            format!("Scheduled {} in {} parts{days}", shown(book, total), deferral.parts.len())
        }
        Event::DeferralCancelled { .. } => "Cancelled what is unrecognised of a schedule".to_owned(),
        Event::AccountOpened(account) => format!("Opened account {}", account.code),
        Event::CommodityDefined(commodity) => format!("Defined {}", commodity.code),
        Event::ActorRegistered { .. } => return None,
        other => other.type_name().to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_settled_says_how_much() {
        let read = |word: &str| target(word).map(|target| (target.document, target.taken, target.settled));
        let number = |text: &str| Some(text.parse().unwrap());
        assert_eq!(read("INV-12"), Ok(("INV-12".to_owned(), None, None)));
        assert_eq!(read("INV-12=40.00"), Ok(("INV-12".to_owned(), number("40.00"), None)));
        assert_eq!(read("A=B=40:36.50"), Ok(("A=B".to_owned(), number("40"), number("36.50"))));
        for word in ["INV-12=", "INV-12=x", "INV-12=-1", "INV-12=40:0", "INV-12=1:2:3"] {
            assert!(read(word).is_err(), "{word}");
        }
        assert_eq!(on_account("Expenses:Bank=2.50"), Ok(("Expenses:Bank".to_owned(), "2.50".parse().unwrap())));
        assert!(on_account("6800").is_err() && tag("site").is_err() && tag("=x").is_err());
    }
}
