//! Customers, vendors and payees: by codes that say nobody's name.

use ledger_core::Command;
use ledger_core::Text;
use ledger_core::command::{ChangeParty, RegisterParty};
use ledger_core::subledger::{Terms, TermsPart};
use serde::Deserialize;
use utoipa::ToSchema;

use super::accounts::stated;
use super::objects::only_objects;
use super::scalars::{Plain, Rate};
use super::tags::Tags;
use super::words::PartyKindWord;

only_objects!(NewTermsPart, NewParty, PartyChange);

/// One part of payment terms.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, remote = "Self")]
#[schema(example = json!({"share": "30", "days": 30}))]
pub struct NewTermsPart {
    /// Its share of the total in relation to the other parts'; positive. Percentages are shares that sum to 100.
    pub share: Rate,
    /// Days after the document's date when it falls due.
    #[schema(maximum = 65_535)]
    pub days: u16,
}

/// A party to register. Registering one that stands already in the same way changes nothing.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, remote = "Self")]
#[schema(example = json!({"code": "C-1042", "kind": "customer", "terms": [{"share": "1", "days": 30}]}))]
pub struct NewParty {
    /// Its code, kept for ever: a pseudonym, no name or address; at most 1,000 bytes.
    #[schema(example = "C-1042")]
    pub code: Plain,
    /// What it is to the organization.
    pub kind: PartyKindWord,
    /// When its documents fall due, in which parts; at once where not stated.
    #[schema(max_items = 100)]
    pub terms: Option<Vec<NewTermsPart>>,
    /// Code of the currency of its documents; the functional one where not stated.
    pub currency: Option<Plain>,
    /// Code of its receivable control account; the organization's where not stated.
    pub receivable: Option<Plain>,
    /// Code of its payable control account; the organization's where not stated.
    pub payable: Option<Plain>,
    /// Dimensions.
    #[serde(default)]
    pub tags: Tags,
}

/// What changes of a party; what is not given stays.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, remote = "Self")]
#[schema(example = json!({"terms": [{"share": "1", "days": 14}], "currency": null}))]
pub struct PartyChange {
    /// When its documents fall due, in which parts.
    #[schema(max_items = 100)]
    pub terms: Option<Vec<NewTermsPart>>,
    /// Code of the currency of its documents; null: the functional one.
    #[serde(default, deserialize_with = "stated")]
    #[schema(value_type = Option<Plain>)]
    pub currency: Option<Option<Plain>>,
    /// Code of its receivable control account; null: the organization's.
    #[serde(default, deserialize_with = "stated")]
    #[schema(value_type = Option<Plain>)]
    pub receivable: Option<Option<Plain>>,
    /// Code of its payable control account; null: the organization's.
    #[serde(default, deserialize_with = "stated")]
    #[schema(value_type = Option<Plain>)]
    pub payable: Option<Option<Plain>>,
    /// Dimensions: all that it has from now on.
    pub tags: Option<Tags>,
}

/// Payment terms of parts.
pub(super) fn terms(parts: Vec<NewTermsPart>) -> Terms {
    Terms { parts: parts.into_iter().map(|part| TermsPart { share: part.share.0, days: part.days }).collect() }
}

impl NewParty {
    /// The command.
    #[must_use]
    pub fn command(self) -> Command {
        Command::RegisterParty(Box::new(RegisterParty {
            code: self.code.0,
            kind: self.kind.into(),
            terms: self.terms.map(terms).unwrap_or_default(),
            currency: self.currency.map(|currency| currency.0),
            receivable: self.receivable.map(Plain::account),
            payable: self.payable.map(Plain::account),
            tags: self.tags.0,
        }))
    }
}

impl PartyChange {
    /// The change of the party with a code.
    #[must_use]
    pub fn of(self, party: Text) -> Command {
        let account = |account: Option<Option<Plain>>| account.map(|account| account.map(Plain::account));
        Command::ChangeParty(Box::new(ChangeParty {
            party,
            terms: self.terms.map(terms),
            currency: self.currency.map(|currency| currency.map(|currency| currency.0)),
            receivable: account(self.receivable),
            payable: account(self.payable),
            tags: self.tags.map(|tags| tags.0),
        }))
    }
}
