//! Settling open items against each other, and undoing that.

use ledger_core::command::{Allocate, AllocationTarget, ItemRef};
use ledger_core::{Command, ItemId, Seq};
use serde::Deserialize;
use utoipa::ToSchema;

use super::body::Fault;
use super::objects::only_objects;
use super::scalars::{Day, Magnitude, Plain};

only_objects!(NewAllocation, ItemName, AllocationTo, NewAllocationReversal);

/// Settles open items against each other.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, remote = "Self")]
#[schema(example = json!({
    "from": {"party": "C-1042", "document": "IN-7"},
    "to": [{"item": {"party": "C-1042", "document": "INV-12"}, "amount": "40.00"}]
}))]
pub struct NewAllocation {
    /// What settles: a payment, a credit.
    pub from: ItemName,
    /// What is settled, in this order; the party's items on the same account in the same currency by due date where empty.
    #[serde(default)]
    #[schema(max_items = 2_000)]
    pub to: Vec<AllocationTo>,
    /// How much of `from` in all; what it has left where not stated.
    pub amount: Option<Magnitude>,
    /// When it counts; the later date of the two items if its period is open, where not stated.
    pub date: Option<Day>,
}

/// An open item: by its id, or by the party and number of its document.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, remote = "Self")]
#[schema(example = json!({"party": "C-1042", "document": "INV-12"}))]
pub struct ItemName {
    /// Its id: the seq of its event and its line, from 1.
    #[schema(pattern = r"^\d{1,20}:\d{1,10}$", example = "17:2")]
    pub id: Option<Plain>,
    /// Code of the party; with `document`, not with `id`.
    pub party: Option<Plain>,
    /// Number of the document; all of its open items in the order of their due dates.
    pub document: Option<Plain>,
    /// One of the document's instalments, from 1.
    #[schema(minimum = 1)]
    pub instalment: Option<u16>,
}

/// What is settled, and by how much.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, remote = "Self")]
pub struct AllocationTo {
    /// The item.
    pub item: ItemName,
    /// How much of `from` is taken, in its currency; as much as both have left where not stated.
    pub amount: Option<Magnitude>,
    /// How much of the item is settled, in its currency; to be stated, with `amount`, between two currencies.
    pub settled: Option<Magnitude>,
}

/// Undoes an allocation.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, remote = "Self")]
#[schema(example = json!({"reason": "paid for another invoice"}))]
pub struct NewAllocationReversal {
    /// Why.
    #[serde(default)]
    pub reason: Plain,
    /// When that counts; the allocation's date if its period is open, else the first day of the first open period after it.
    pub date: Option<Day>,
}

/// Reads `17:2`.
fn item_id(text: &str) -> Option<ItemId> {
    let (seq, line) = text.split_once(':')?;
    let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    if !digits(seq) || !digits(line) {
        return None;
    }
    Some(ItemId { seq: seq.parse().ok()?, line: line.parse().ok()? })
}

impl ItemName {
    fn item(self) -> Result<ItemRef, Fault> {
        let Self { id, party, document, instalment } = self;
        match (id, party, document) {
            (Some(Plain(id)), None, None) => {
                if instalment.is_some() {
                    return Err(Fault::at("/instalment", "an id says which instalment it is: leave this out"));
                }
                let id = item_id(&id).ok_or_else(|| Fault::at("/id", "an item's id is its event's seq and its line, such as \"17:2\""))?;
                Ok(ItemRef::Id(id))
            }
            (None, Some(Plain(party)), Some(Plain(document))) => Ok(ItemRef::Document { party, document, instalment }),
            (Some(_), ..) => Err(Fault::at("/id", "an item is named by its id, or by party and document, not by both")),
            (None, ..) => Err(Fault::at("", "an item is named by its id, or by party and document")),
        }
    }
}

impl NewAllocation {
    /// The command.
    ///
    /// # Errors
    /// [`Fault`] for items that are not named.
    pub fn command(self) -> Result<Command, Fault> {
        let target = |(at, to): (usize, AllocationTo)| {
            let item = to.item.item().map_err(|fault| fault.within(&format!("/to/{at}/item")))?;
            Ok(AllocationTarget { item, amount: to.amount.map(|amount| amount.0), settled: to.settled.map(|amount| amount.0) })
        };
        Ok(Command::Allocate(Box::new(Allocate {
            from: self.from.item().map_err(|fault| fault.within("/from"))?,
            to: self.to.into_iter().enumerate().map(target).collect::<Result<_, Fault>>()?,
            amount: self.amount.map(|amount| amount.0),
            date: self.date.map(|day| day.0),
        })))
    }
}

impl NewAllocationReversal {
    /// The undoing of the allocation at a seq.
    #[must_use]
    pub fn of(self, allocation: Seq) -> Command {
        Command::ReverseAllocation { allocation, date: self.date.map(|day| day.0), reason: self.reason.0 }
    }
}
