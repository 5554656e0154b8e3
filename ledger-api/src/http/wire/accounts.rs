//! The chart of accounts: opening, changing, locking, bounding.

use ledger_core::command::{ChangeAccount, OpenAccount};
use ledger_core::{AccountRef, Command};
use serde::{Deserialize, Deserializer};
use utoipa::ToSchema;

use super::objects::only_objects;
use super::scalars::{Amount, Plain};
use super::words::{AccountStatusWord, AccountTypeWord, ActivityWord, SideWord, SubTypeWord};

only_objects!(NewAccount, AccountChange, NewAccountStatus, NewActivity, NewBalanceCondition, NewControl);

/// An account to open. Opening one that stands already in the same way changes nothing.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, remote = "Self")]
#[schema(example = json!({"code": "1000", "name": "Bank, main", "type": "asset", "sub_type": "bank"}))]
pub struct NewAccount {
    /// Its code, unique in the organization and kept for ever; at most 255 bytes.
    #[schema(example = "1000")]
    pub code: Plain,
    /// Its name for people; the code where empty.
    #[serde(default)]
    pub name: Plain,
    /// Its type.
    #[serde(rename = "type")]
    pub kind: AccountTypeWord,
    /// What it is for; general where not stated.
    pub sub_type: Option<SubTypeWord>,
    /// Code of the account above it.
    pub parent: Option<Plain>,
    /// Whether its normal side is opposite to its type's.
    #[serde(default)]
    pub contra: bool,
    /// Whether it only sums the accounts below it and takes no postings.
    #[serde(default)]
    pub summary: bool,
}

/// What changes of an account; what is not given stays.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, remote = "Self")]
#[schema(example = json!({"name": "Bank, savings", "parent": null}))]
pub struct AccountChange {
    /// Its name from now on.
    pub name: Option<Plain>,
    /// What it is for from now on.
    pub sub_type: Option<SubTypeWord>,
    /// Code of the account above it from now on; null makes it a root.
    #[serde(default, deserialize_with = "stated")]
    #[schema(value_type = Option<Plain>)]
    pub parent: Option<Option<Plain>>,
}

/// The status that an account shall have.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, remote = "Self")]
#[schema(example = json!({"status": "locked", "reason": "under review"}))]
pub struct NewAccountStatus {
    /// The status.
    pub status: AccountStatusWord,
    /// Why.
    #[serde(default)]
    pub reason: Plain,
}

/// What an account counts as in a cash-flow statement.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, remote = "Self")]
#[schema(example = json!({"activity": "financing"}))]
pub struct NewActivity {
    /// What its movements count as; null: what its sub-type says.
    #[serde(deserialize_with = "required_or_null")]
    #[schema(required = true)]
    pub activity: Option<ActivityWord>,
}

/// Bounds on an account's balance in one currency, positive on the account's normal side. Checked at every posting.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, remote = "Self")]
#[schema(example = json!({"currency": "EUR", "min": "0"}))]
pub struct NewBalanceCondition {
    /// Code of the currency.
    #[schema(example = "EUR")]
    pub currency: Plain,
    /// Smallest balance; without both bounds the condition is removed.
    pub min: Option<Amount>,
    /// Largest balance.
    pub max: Option<Amount>,
}

/// Makes an account without a balance a control account: from then on each of its lines is an open item of a party.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, remote = "Self")]
#[schema(example = json!({"side": "receivable"}))]
pub struct NewControl {
    /// Which sub-ledger.
    pub side: SideWord,
}

/// A field that is there, even where it says null.
pub(super) fn stated<'de, T: Deserialize<'de>, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Option<T>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}

/// A field that has to be there and may say null.
fn required_or_null<'de, T: Deserialize<'de>, D: Deserializer<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
    Option::deserialize(deserializer)
}

impl NewAccount {
    /// The command.
    #[must_use]
    pub fn command(self) -> Command {
        Command::OpenAccount(OpenAccount {
            code: self.code.0,
            name: self.name.0,
            kind: self.kind.into(),
            sub_type: self.sub_type.map(Into::into).unwrap_or_default(),
            contra: self.contra,
            summary: self.summary,
            parent: self.parent.map(Plain::account),
        })
    }
}

impl AccountChange {
    /// The change of the account with a code.
    #[must_use]
    pub fn of(self, account: AccountRef) -> Command {
        Command::ChangeAccount(ChangeAccount {
            account,
            name: self.name.map(|name| name.0),
            sub_type: self.sub_type.map(Into::into),
            parent: self.parent.map(|parent| parent.map(Plain::account)),
        })
    }
}

impl NewAccountStatus {
    /// The status of the account with a code.
    #[must_use]
    pub fn of(self, account: AccountRef) -> Command {
        Command::SetAccountStatus { account, status: self.status.into(), reason: self.reason.0 }
    }
}

impl NewActivity {
    /// The activity of the account with a code.
    #[must_use]
    pub fn of(self, account: AccountRef) -> Command {
        Command::SetAccountActivity { account, activity: self.activity.map(Into::into) }
    }
}

impl NewBalanceCondition {
    /// The bounds of the account with a code.
    #[must_use]
    pub fn of(self, account: AccountRef) -> Command {
        let bound = |bound: Option<Amount>| bound.map(|bound| bound.0);
        Command::SetBalanceCondition { account, currency: self.currency.0, min: bound(self.min), max: bound(self.max) }
    }
}

impl NewControl {
    /// The designation of the account with a code.
    #[must_use]
    pub fn of(self, account: AccountRef) -> Command {
        Command::DesignateControl { account, side: self.side.into() }
    }
}
