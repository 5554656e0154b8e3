//! Questions asked of the books: balances, the general ledger, open items and their age, cash flow, how fresh the read models are.
//!
//! Every question has a [`Point`] of knowledge: what is known now comes from the read models, what was known at an
//! earlier event or time from a fold of history, which waits for no projection.

mod accounts;
mod allocations;
mod balances;
mod balances_fold;
mod cash_flow;
mod deferrals;
mod entries;
mod freshness;
mod general_ledger;
mod journal;
mod open_items;
mod revenue;
mod review;
mod tax;

use ledger_core::{Seq, Timestamp};
use ledger_store::OrgStore;

pub use accounts::{AccountQuery, AccountRow, Accounts, accounts};
pub use allocations::{AllocationLine, AllocationQuery, Allocations, allocations};
pub use balances::{BalanceQuery, BalanceRow, Balances, Closing, balances};
pub use cash_flow::{Amount, Amounts, CashFlowLine, CashFlowQuery, CashFlows, Section, What, cash_flows, section_of};
pub use deferrals::{DeferralAmounts, DeferralBy, DeferralQuery, DeferralRow, Deferrals, Schedule, deferrals};
pub use entries::{Entries, EntryFilter, EntryLine, EntryOrder, EntryQuery, EntryRow, PAGE_LINES_MAX, Place, SCANNED_MAX, entries};
pub use freshness::{Freshness, freshness};
pub use general_ledger::{GeneralLedger, Held, LedgerAccount, LedgerItem, LedgerLine, LedgerQuery};
pub use journal::{Journal, JournalLine, JournalRoll, JournalTotals};
pub use open_items::{
    Aging, AgingBy, AgingRow, Basis, Bucket, ItemQuery, ItemRow, OpenItems, USUAL_BOUNDS, aging, bucket_names, open_items,
};
pub use revenue::{RevenueBy, RevenueQuery, RevenueRow, Revenues, revenue};
pub use review::{ApprovalLine, DraftLine as DraftRow, ReviewQuery, approvals, drafts};
pub use tax::{Tax, TaxAmounts, TaxBy, TaxDocument, TaxLine, TaxQuery, tax};

/// The statements whose plans a test reads: they must stay ranges of an index.
pub mod statements {
    pub use super::allocations::ALLOCATIONS;
    pub use super::balances::SUM;
    pub use super::cash_flow::FLOWS;
    pub use super::deferrals::DEFERRALS;
    pub use super::entries::{Driver, LINKS as ENTRY_LINKS, MATCHING, candidates};
    pub use super::general_ledger::LINES;
    pub use super::open_items::ITEMS_AS_OF;
    pub use super::revenue::REVENUE;
    pub use super::tax::TAX;
}

use crate::error::ProjectionError;
use crate::history::seq_known_at;

/// As known when.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Point {
    /// As far as the read model has come.
    #[default]
    Latest,
    /// When this event was the last.
    AtSeq(Seq),
    /// At this moment.
    KnownAt(Timestamp),
}

impl Point {
    /// The last event that counts; `None` where it is the read model's.
    ///
    /// # Errors
    /// [`ProjectionError::BeyondEnd`] for an event that has not happened.
    pub async fn seq(self, org: &OrgStore) -> Result<Option<Seq>, ProjectionError> {
        match self {
            Self::Latest => Ok(None),
            Self::KnownAt(time) => seq_known_at(org, time).await.map(Some),
            Self::AtSeq(seq) => {
                let head = org.head().await?.seq;
                if seq > head { Err(ProjectionError::BeyondEnd { asked: seq, head }) } else { Ok(Some(seq)) }
            }
        }
    }
}
