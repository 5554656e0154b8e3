//! Money received, sent and returned, and what it settles.

use ledger_core::Command;
use ledger_core::Text;
use ledger_core::command::{AllocationTarget, ItemRef, RecordPayment, Settles};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::body::Fault;
use super::documents::{text, worth};
use super::objects::only_objects;
use super::scalars::{Day, Magnitude, Plain, Rate};
use super::tags::Tags;
use super::words::{PaymentKindWord, SideWord, read_words};

only_objects!(NewPayment, NewBankCharge, NewTarget);

/// A payment to record.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, remote = "Self")]
#[schema(example = json!({
    "kind": "payment_in", "party": "C-1042", "account": "1000", "date": "2026-03-05", "amount": "45.00",
    "settles": "these", "targets": [{"document": "INV-12", "amount": "45.00"}]
}))]
pub struct NewPayment {
    /// Which way the money went.
    pub kind: PaymentKindWord,
    /// Which sub-ledger; the party's where not stated.
    pub side: Option<SideWord>,
    /// Code of the party.
    #[schema(example = "C-1042")]
    pub party: Plain,
    /// Code of the cash or bank account.
    #[schema(example = "1000")]
    pub account: Plain,
    /// When.
    pub date: Day,
    /// What is settled: bank charges are taken off money received, and come on top of money sent.
    pub amount: Magnitude,
    /// Code of its currency; the party's, else the functional one where not stated.
    pub currency: Option<Plain>,
    /// Functional units per unit of its currency, where recorded rates shall not say. Not with `value`.
    pub rate: Option<Rate>,
    /// What the amount is worth in the functional currency, where recorded rates shall not say. Not with `rate`.
    pub value: Option<Magnitude>,
    /// What the bank kept.
    pub bank_charge: Option<NewBankCharge>,
    /// Its number, where the ledger shall not give the next of the series.
    pub number: Option<Plain>,
    /// The series in which the ledger numbers it.
    #[serde(default)]
    pub series: Plain,
    /// The bank's or other side's reference.
    pub reference: Option<Plain>,
    /// What it settles; what is due first where not stated.
    pub settles: Option<SettlesWord>,
    /// What is settled, in this order; with `settles` `these` only.
    #[serde(default)]
    #[schema(max_items = 2_000)]
    pub targets: Vec<NewTarget>,
    /// Code of the control account; the party's, else the organization's where not stated.
    pub control: Option<Plain>,
    /// A note.
    #[serde(default)]
    pub memo: Plain,
    /// Dimensions of the whole.
    #[serde(default)]
    pub tags: Tags,
    /// Your own id, unique in the organization for ever.
    pub external_id: Option<Plain>,
}

/// What the bank kept of a payment.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, remote = "Self")]
#[schema(example = json!({"account": "6800", "amount": "2.50"}))]
pub struct NewBankCharge {
    /// Code of the expense account.
    pub account: Plain,
    /// How much.
    pub amount: Magnitude,
}

/// What a payment settles.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum SettlesWord {
    /// The party's items on the same account in the same currency, the earliest due first.
    ByDueDate,
    /// The targets; what is left of the payment stays open.
    These,
    /// Nothing yet: all of it stays open.
    Nothing,
}

read_words!(SettlesWord { ByDueDate = "by_due_date", These = "these", Nothing = "nothing" });

/// A document of the payment's party that is settled, and by how much.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, remote = "Self")]
pub struct NewTarget {
    /// The document's number.
    #[schema(example = "INV-12")]
    pub document: Plain,
    /// One of its instalments, from 1; all of them where not stated.
    #[schema(minimum = 1)]
    pub instalment: Option<u16>,
    /// How much of the payment is taken; as much as both have left where not stated.
    pub amount: Option<Magnitude>,
    /// How much of the document is settled, in its currency; to be stated, with `amount`, between two currencies.
    pub settled: Option<Magnitude>,
}

impl NewTarget {
    fn of(self, party: &Text) -> AllocationTarget {
        let item = ItemRef::Document { party: party.clone(), document: self.document.0, instalment: self.instalment };
        AllocationTarget { item, amount: self.amount.map(|amount| amount.0), settled: self.settled.map(|amount| amount.0) }
    }
}

impl NewPayment {
    /// The command.
    ///
    /// # Errors
    /// [`Fault`] for what contradicts itself.
    pub fn command(self) -> Result<Command, Fault> {
        let value = worth(self.rate, self.value)?;
        let party = self.party.0;
        let settles = match self.settles {
            Some(SettlesWord::These) if self.targets.is_empty() => return Err(Fault::at("/targets", "name what is settled")),
            Some(SettlesWord::These) => Settles::These(self.targets.into_iter().map(|target| target.of(&party)).collect()),
            _ if !self.targets.is_empty() => return Err(Fault::at("/targets", "targets are settled where \"settles\" is \"these\"")),
            Some(SettlesWord::Nothing) => Settles::Nothing,
            Some(SettlesWord::ByDueDate) | None => Settles::ByDueDate,
        };
        Ok(Command::RecordPayment(Box::new(RecordPayment {
            kind: self.kind.into(),
            side: self.side.map(Into::into),
            party,
            account: self.account.account(),
            date: self.date.0,
            amount: self.amount.0,
            currency: text(self.currency),
            value,
            bank_charge: self.bank_charge.map(|charge| (charge.account.account(), charge.amount.0)),
            number: text(self.number),
            series: self.series.0,
            reference: text(self.reference),
            settles,
            control: self.control.map(Plain::account),
            memo: self.memo.0,
            tags: self.tags.0,
            external_id: text(self.external_id),
        })))
    }
}
