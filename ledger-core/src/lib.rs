//! The rules of the books: what may be posted, what follows from it, and how history is written down and proved.
//!
//! Everything here is a pure function of its arguments. Time, identifiers and earlier events come in as
//! arguments, so any run can be replayed bit for bit. Nothing here knows a database, a socket, a clock or JSON.
//!
//! Start at [`book`]: `decide` turns a command into events or a [`Rejection`], `evolve` folds events into a [`Book`].
//! [`event`] holds the facts, [`codec`] their bytes, [`chain`] the hashes that make them tamper-evident.

#[macro_use]
mod words;

pub mod account;
pub mod actor;
pub mod approvals;
mod ascending;
pub mod book;
pub mod chain;
pub mod codec;
pub mod command;
pub mod commodity;
pub mod draft;
pub mod entry;
pub mod event;
pub mod limits;
pub mod merkle;
pub mod money;
pub mod period;
pub mod rate;
pub mod rejection;
pub mod rounding;
pub mod subledger;
mod tally;

pub use account::{Account, AccountNo, AccountStatus, AccountType, Activity, BalanceCondition, SubType};
pub use actor::{Actor, ActorKind, ActorNo};
pub use book::{Book, Context};
pub use command::Command;
pub use commodity::{Commodity, CommodityKind, CommodityNo};
pub use draft::{AccountRef, DraftEntry, DraftLine, Weight};
pub use entry::{BalancedEntry, EntryKind, Line, LineDetail};
pub use event::Event;
pub use money::{Money, Units};
pub use period::{Month, PeriodStatus};
pub use rate::{QuotedRate, RateEvidence, RateType};
pub use rejection::Rejection;
pub use subledger::{Allocation, Document, DocumentKind, ItemId, OpenItem, Party, PartyKind, PartyNo, Side};

/// Short text that lives on the stack up to 24 bytes: codes, names, descriptions.
pub type Text = compact_str::CompactString;

/// The position of an event in its organization's stream: 1, 2, 3 … without gaps. 0 stands for "before the first".
pub type Seq = u64;

/// A point in time: microseconds since 1970-01-01T00:00:00Z, the precision Postgres keeps.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(pub i64);
