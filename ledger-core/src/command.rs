//! What a caller may ask of the book. Commands are requests; only events are facts.

mod approvals;
mod documents;

use chrono::NaiveDate;
use rust_decimal::Decimal;
use uuid::Uuid;

use crate::account::{AccountStatus, AccountType, Activity, SubType};
use crate::book::Valuation;
use crate::draft::{AccountRef, DraftEntry};
use crate::period::{Month, PeriodStatus};
use crate::rate::RateType;
use crate::subledger::{ItemId, PartyKind, Side, Terms};
use crate::{Seq, Text};

pub use approvals::{
    AgentCommand, ApprovalCommand, CastVote, DefineAgent, DraftCommand, DraftOrigin, ProposeDraft, RecordAgentRun, RequestApproval,
};
pub use documents::{
    AccrueCommission, AssignCommission, CloseYear, DefineCommissionPlan, DefineTaxCode, DraftDeferral, DraftDocument, DraftDocumentLine,
    DraftRule, DraftTaxComponent, DraftTier, DraftValue, InvoiceOrder, PayOutCommissions, RecordPayment, Settles, WriteOff, YearBalance,
};

/// Everything that can be asked of a book.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// Begin the books of an organization.
    CreateOrganization(CreateOrganization),
    /// Define a commodity, or confirm a definition that already stands.
    DefineCommodity(DefineCommodity),
    /// Open an account, or confirm one that already stands with the same type.
    OpenAccount(OpenAccount),
    /// Change what people see of an account: its name, sub-type or place in the chart.
    ChangeAccount(ChangeAccount),
    /// Lock, unlock, close or reopen an account.
    SetAccountStatus {
        /// The account.
        account: AccountRef,
        /// The status it shall have.
        status: AccountStatus,
        /// Why.
        reason: Text,
    },
    /// Say what an account's movements count as in a cash-flow statement, or take it back.
    SetAccountActivity {
        /// The account.
        account: AccountRef,
        /// What they count as; its sub-type says it where not stated.
        activity: Option<Activity>,
    },
    /// Bound an account's balance in one commodity; without bounds the condition is removed.
    SetBalanceCondition {
        /// The account.
        account: AccountRef,
        /// The commodity that is bounded.
        currency: Text,
        /// Smallest natural balance.
        min: Option<Decimal>,
        /// Largest natural balance.
        max: Option<Decimal>,
    },
    /// Record an exchange rate or price.
    RecordRate(RecordRate),
    /// Post a journal entry.
    PostEntry(DraftEntry),
    /// Post several journal entries, each decided as those before it leave the book: all of them or none.
    PostEntries(Vec<DraftEntry>),
    /// Negate a posted entry.
    ReverseEntry(ReverseEntry),
    /// Negate a posted entry and post another in its place.
    CorrectEntry(Box<CorrectEntry>),
    /// Close a period, soft or hard. A hard close with points of the checklist open is refused unless they are accepted.
    ClosePeriod {
        /// The period.
        month: Month,
        /// Soft-closed or hard-closed.
        status: PeriodStatus,
        /// Why; may not be empty where open points are accepted.
        reason: Text,
        /// Close hard whatever is open of [the checklist](crate::Book::close_checklist); the event's reason says what was.
        accept_open: bool,
    },
    /// Open a closed period again.
    ReopenPeriod {
        /// The period.
        month: Month,
        /// Why; may not be empty.
        reason: Text,
    },
    /// Register a party, or confirm one that already stands.
    RegisterParty(Box<RegisterParty>),
    /// Change a party's terms, currency, control accounts or tags.
    ChangeParty(Box<ChangeParty>),
    /// Make an account without a balance a control account: from then on each of its lines is an open item.
    DesignateControl {
        /// The account.
        account: AccountRef,
        /// Of which sub-ledger.
        side: Side,
    },
    /// Settle open items against each other.
    Allocate(Box<Allocate>),
    /// Undo an allocation.
    ReverseAllocation {
        /// Where the allocation stands in the stream.
        allocation: Seq,
        /// When that counts; by default the allocation's date if its period is open, else the first day of the
        /// first open period after it. Not before the allocation's date.
        date: Option<NaiveDate>,
        /// Why.
        reason: Text,
    },
    /// Revalue foreign open items, cash and bank holdings at a date's closing rates, and turn it back on the next day.
    Revalue {
        /// The closing date.
        date: NaiveDate,
    },
    /// Define or change a tax code.
    DefineTaxCode(Box<DefineTaxCode>),
    /// Record an order, invoice, bill, expense claim, credit note or debit note.
    RecordDocument(Box<DraftDocument>),
    /// Make an order an invoice.
    InvoiceOrder(Box<InvoiceOrder>),
    /// Record money received, sent or returned.
    RecordPayment(Box<RecordPayment>),
    /// Write off what is open of a document.
    WriteOff(Box<WriteOff>),
    /// Recognise deferred revenue and prepaid expense up to a day. Parts of closed periods go into the first open one.
    RecogniseDeferrals {
        /// The last day.
        up_to: NaiveDate,
    },
    /// Define or change a commission plan.
    DefineCommissionPlan(Box<DefineCommissionPlan>),
    /// Say who earns by a commission plan on which invoices.
    AssignCommission(Box<AssignCommission>),
    /// Accrue what a payee earned on an invoice.
    AccrueCommission(Box<AccrueCommission>),
    /// Turn what a payee is owed into an open item.
    PayOutCommissions(Box<PayOutCommissions>),
    /// Close a year explicitly.
    CloseYear(Box<CloseYear>),
    /// Something about agents.
    Agent(Box<AgentCommand>),
    /// Something about drafts.
    Draft(Box<DraftCommand>),
    /// Something about approvals.
    Approval(Box<ApprovalCommand>),
}

/// Registers a party.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RegisterParty {
    /// Its code: a pseudonym, no personal data.
    pub code: Text,
    /// Customer, vendor or payee.
    pub kind: PartyKind,
    /// When its documents fall due.
    pub terms: Terms,
    /// The currency of its documents.
    pub currency: Option<Text>,
    /// Its receivable control account.
    pub receivable: Option<AccountRef>,
    /// Its payable control account.
    pub payable: Option<AccountRef>,
    /// Dimensions.
    pub tags: Vec<(Text, Text)>,
}

impl RegisterParty {
    /// A party with everything else by default.
    #[must_use]
    pub fn new(code: &str, kind: PartyKind) -> Self {
        let (terms, tags) = (Terms::default(), Vec::new());
        Self { code: code.into(), kind, terms, currency: None, receivable: None, payable: None, tags }
    }
}

/// Changes a party; what is not given stays.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ChangeParty {
    /// Its code.
    pub party: Text,
    /// When its documents fall due.
    pub terms: Option<Terms>,
    /// The currency of its documents; `Some(None)`: the functional one.
    pub currency: Option<Option<Text>>,
    /// Its receivable control account; `Some(None)`: the organization's.
    pub receivable: Option<Option<AccountRef>>,
    /// Its payable control account; `Some(None)`: the organization's.
    pub payable: Option<Option<AccountRef>>,
    /// Dimensions.
    pub tags: Option<Vec<(Text, Text)>>,
}

/// An open item, by its place or by the document that names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ItemRef {
    /// By event and line.
    Id(ItemId),
    /// By party and number: all open items of the document in the order of their due dates.
    Document {
        /// The party's code.
        party: Text,
        /// The document's number.
        document: Text,
        /// One of its instalments, from 1.
        instalment: Option<u16>,
    },
}

impl From<ItemId> for ItemRef {
    fn from(id: ItemId) -> Self {
        Self::Id(id)
    }
}

impl ItemRef {
    /// All open items of a party's document.
    #[must_use]
    pub fn document(party: &str, document: &str) -> Self {
        Self::Document { party: party.into(), document: document.into(), instalment: None }
    }
}

/// What an item is settled against, and by how much.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AllocationTarget {
    /// The item.
    pub item: ItemRef,
    /// How much of `from` is taken, in its currency, positive; as much as both have left where not stated.
    pub amount: Option<Decimal>,
    /// How much of the target is settled, in its currency, positive; to be stated, with `amount`, between two currencies.
    pub settled: Option<Decimal>,
}

/// Settles open items against each other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Allocate {
    /// What settles: a payment, a credit.
    pub from: ItemRef,
    /// What is settled, in this order. Empty: the party's items on the same account in the same currency by due
    /// date, those of one day by date and place.
    pub to: Vec<AllocationTarget>,
    /// How much of `from` in all, in its currency, positive; what it has left where not stated.
    pub amount: Option<Decimal>,
    /// When it counts; by default the later date of the two items if its period is open, else the first day of the
    /// first open period after it. Not before the later date of the two items.
    pub date: Option<NaiveDate>,
}

/// Begins the books.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CreateOrganization {
    /// Its identity.
    pub org: Uuid,
    /// Its name.
    pub name: Text,
    /// Code of the functional currency.
    pub functional_currency: Text,
    /// Digits of the functional currency where they shall differ from the standard's.
    pub functional_scale: Option<u8>,
    /// What happens to foreign lines without a rate.
    pub valuation: Valuation,
}

/// Defines a commodity.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DefineCommodity {
    /// Its code; may be empty.
    pub code: Text,
    /// Digits after the point; the standard's or the default where not stated.
    pub scale: Option<u8>,
    /// A name for people.
    pub name: Text,
}

/// Opens an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenAccount {
    /// Its code.
    pub code: Text,
    /// Its name; the code where empty.
    pub name: Text,
    /// Its type.
    pub kind: AccountType,
    /// Its sub-type.
    pub sub_type: SubType,
    /// Whether its normal side is opposite to its type's.
    pub contra: bool,
    /// Whether it only sums its children.
    pub summary: bool,
    /// The account above it.
    pub parent: Option<AccountRef>,
}

impl OpenAccount {
    /// An ordinary account of a type.
    #[must_use]
    pub fn new(code: &str, kind: AccountType) -> Self {
        Self { code: code.into(), name: Text::default(), kind, sub_type: SubType::General, contra: false, summary: false, parent: None }
    }
}

/// Changes what people see of an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChangeAccount {
    /// The account.
    pub account: AccountRef,
    /// A new name.
    pub name: Option<Text>,
    /// A new sub-type.
    pub sub_type: Option<SubType>,
    /// A new place in the chart: `Some(None)` makes it a root.
    pub parent: Option<Option<AccountRef>>,
}

/// Records a rate: one `base` is worth `rate` `quote`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordRate {
    /// What is priced.
    pub base: Text,
    /// In what.
    pub quote: Text,
    /// Spot, average or closing.
    pub kind: RateType,
    /// The day it holds for.
    pub date: NaiveDate,
    /// Positive.
    pub rate: Decimal,
    /// Where it came from.
    pub source: Text,
}

/// Negates a posted entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReverseEntry {
    /// Where the entry stands in the stream.
    pub original: Seq,
    /// When the reversal counts; by default the original's date if its period is open, else the first day of
    /// the first open period after it.
    pub date: Option<NaiveDate>,
    /// Why.
    pub reason: Text,
}

/// Negates a posted entry and posts another in its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CorrectEntry {
    /// What is negated, when and why.
    pub reverse: ReverseEntry,
    /// What stands in its place.
    pub replacement: DraftEntry,
}
