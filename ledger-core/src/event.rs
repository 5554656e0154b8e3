//! Facts of the books, in the language of accounting. An event that moves money carries its balanced entry, so
//! the general ledger never depends on re-deriving a rule that may change.
//!
//! Not here: their bytes (`codec`), their hashes (`chain`).

use uuid::Uuid;

use crate::account::{Account, AccountNo, AccountStatus, BalanceCondition, SubType};
use crate::actor::{Actor, ActorNo};
use crate::book::Valuation;
use crate::commodity::{Commodity, CommodityNo};
use crate::entry::BalancedEntry;
use crate::period::{Month, PeriodStatus};
use crate::rate::QuotedRate;
use crate::{Seq, Text, Timestamp};

/// Something that happened to the books of one organization.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// The books began.
    OrganizationCreated {
        /// Identity of the organization.
        org: Uuid,
        /// Its name.
        name: Text,
        /// Its functional currency; defined by the event that follows.
        functional: CommodityNo,
        /// What happens to foreign lines without a rate.
        valuation: Valuation,
    },
    /// Somebody acted for the first time.
    ActorRegistered {
        /// The number given.
        no: ActorNo,
        /// Who it is.
        actor: Actor,
    },
    /// A commodity was defined.
    CommodityDefined(Commodity),
    /// An account was opened; its status is open and it has no conditions.
    AccountOpened(Account),
    /// What people see of an account changed.
    AccountChanged {
        /// The account.
        no: AccountNo,
        /// Its name from now on.
        name: Text,
        /// Its sub-type from now on.
        sub_type: SubType,
        /// The account above it from now on.
        parent: Option<AccountNo>,
    },
    /// An account was locked, unlocked, closed or reopened.
    AccountStatusChanged {
        /// The account.
        no: AccountNo,
        /// Its status from now on.
        status: AccountStatus,
        /// Why.
        reason: Text,
    },
    /// The bounds on an account's balance changed.
    AccountConditionsSet {
        /// The account.
        no: AccountNo,
        /// All its bounds from now on.
        conditions: Vec<BalanceCondition>,
    },
    /// A rate was recorded.
    RateRecorded(QuotedRate),
    /// A journal entry was posted.
    EntryPosted(BalancedEntry),
    /// An earlier entry was negated.
    EntryReversed {
        /// Why.
        reason: Text,
        /// The negating entry; its header names the original.
        entry: BalancedEntry,
    },
    /// A period was closed.
    PeriodClosed {
        /// The period.
        month: Month,
        /// Soft or hard.
        status: PeriodStatus,
        /// Why.
        reason: Text,
    },
    /// A closed period was opened again.
    PeriodReopened {
        /// The period.
        month: Month,
        /// Why.
        reason: Text,
    },
}

impl Event {
    /// The balanced entry, where the event moves money.
    #[must_use]
    pub const fn entry(&self) -> Option<&BalancedEntry> {
        match self {
            Self::EntryPosted(entry) | Self::EntryReversed { entry, .. } => Some(entry),
            _ => None,
        }
    }

    /// The name of its type, as exports show it.
    #[must_use]
    pub const fn type_name(&self) -> &'static str {
        match self {
            Self::OrganizationCreated { .. } => "OrganizationCreated",
            Self::ActorRegistered { .. } => "ActorRegistered",
            Self::CommodityDefined(_) => "CommodityDefined",
            Self::AccountOpened(_) => "AccountOpened",
            Self::AccountChanged { .. } => "AccountChanged",
            Self::AccountStatusChanged { .. } => "AccountStatusChanged",
            Self::AccountConditionsSet { .. } => "AccountConditionsSet",
            Self::RateRecorded(_) => "RateRecorded",
            Self::EntryPosted(_) => "EntryPosted",
            Self::EntryReversed { .. } => "EntryReversed",
            Self::PeriodClosed { .. } => "PeriodClosed",
            Self::PeriodReopened { .. } => "PeriodReopened",
        }
    }
}

/// An event about to be appended: who caused it, and in which context.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proposed {
    /// Who.
    pub actor: ActorNo,
    /// The request or conversation it belongs to, where it differs from the commit's.
    pub correlation: Option<Uuid>,
    /// The event that caused it.
    pub causation: Option<Seq>,
    /// What.
    pub event: Event,
}

/// An event as history holds it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recorded {
    /// Its position in the stream.
    pub seq: Seq,
    /// Its identity: a UUIDv7 derived from its commit's.
    pub id: Uuid,
    /// When it was recorded.
    pub recorded_at: Timestamp,
    /// Who.
    pub actor: ActorNo,
    /// The request or conversation it belongs to.
    pub correlation: Option<Uuid>,
    /// The event that caused it.
    pub causation: Option<Seq>,
    /// What.
    pub event: Event,
}
