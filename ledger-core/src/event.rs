//! Facts of the books, in the language of accounting. An event that moves money carries its balanced entry, so
//! the general ledger never depends on re-deriving a rule that may change.
//!
//! Not here: their bytes (`codec`), their hashes (`chain`).

use chrono::NaiveDate;
use rust_decimal::Decimal;
use uuid::Uuid;

use crate::account::{Account, AccountNo, AccountStatus, Activity, BalanceCondition, SubType};
use crate::actor::{Actor, ActorNo};
use crate::approvals::{Agent, AgentNo, AgentRun, ApprovalPolicy, Correction, Drafted, Posted, Requested, Subject, Voted};
use crate::book::Valuation;
use crate::commodity::{Commodity, CommodityNo};
use crate::entry::BalancedEntry;
use crate::merkle::Hash;
use crate::money::Units;
use crate::period::{Month, PeriodStatus};
use crate::rate::QuotedRate;
use crate::subledger::{
    Allocation, ClawBack, CommissionAccrual, CommissionAssignment, CommissionPlan, Deferral, Document, Party, Payout, RecognisedPart,
    Revaluation, Side, TaxCode,
};
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
    /// It was said, or taken back, what an account's movements count as in a cash-flow statement.
    AccountActivitySet {
        /// The account.
        no: AccountNo,
        /// What they count as from now on.
        activity: Option<Activity>,
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
    /// A party was registered.
    PartyRegistered(Box<Party>),
    /// A party's terms, currency, accounts or tags changed: this is what it is from now on.
    PartyChanged(Box<Party>),
    /// An account became a control account: from now on each of its lines is an open item.
    ControlAccountSet {
        /// The account.
        no: AccountNo,
        /// Of which sub-ledger.
        side: Side,
    },
    /// A document was recorded; [`Self::type_name`] says which kind.
    DocumentRecorded {
        /// What was agreed.
        document: Box<Document>,
        /// What it does to the books; orders have none.
        entry: Option<BalancedEntry>,
    },
    /// Two open items were settled against each other.
    ItemsAllocated {
        /// Which, how much, and what it realised.
        allocation: Box<Allocation>,
        /// The realised exchange difference, and what moves between accounts or currencies. Its lines on control
        /// accounts are no items; the exchange difference, where there is one, is the last line.
        entry: Option<BalancedEntry>,
    },
    /// An allocation was undone.
    AllocationReversed {
        /// Where the allocation stands.
        allocation: Seq,
        /// When it counts.
        date: NaiveDate,
        /// Why.
        reason: Text,
        /// The negation of the allocation's entry.
        entry: Option<BalancedEntry>,
    },
    /// Foreign items and holdings were revalued at a date's closing rates.
    ItemsRevalued {
        /// Item by item.
        revaluation: Box<Revaluation>,
        /// Unrealised gains and losses, against the valuation adjustment beside the control accounts.
        entry: BalancedEntry,
    },
    /// A revaluation was turned back on the next day.
    RevaluationReversed {
        /// Where the revaluation stands.
        revaluation: Seq,
        /// The negation of its entry.
        entry: BalancedEntry,
    },
    /// Part of a document waits to be earned or spent.
    DeferralScheduled(Box<Deferral>),
    /// Deferred amounts were earned or spent.
    DeferralsRecognised {
        /// Which parts of which schedules.
        parts: Vec<RecognisedPart>,
        /// From where they waited to where they count.
        entry: BalancedEntry,
    },
    /// A credit note took back what was not recognised yet; its own entry has the amounts.
    DeferralCancelled {
        /// The schedule as it is from now on, with what is left.
        deferral: Box<Deferral>,
        /// The credit note.
        by: Seq,
    },
    /// A tax code was defined, or changed: this is what it is from now on.
    TaxCodeDefined(Box<TaxCode>),
    /// A commission plan was defined, or changed: this is what it is from now on.
    CommissionPlanDefined(Box<CommissionPlan>),
    /// Commission was earned.
    CommissionAccrued {
        /// By whom, on what, how much.
        accrual: Box<CommissionAccrual>,
        /// The expense and what is owed; none where nothing was earned.
        entry: Option<BalancedEntry>,
    },
    /// Commission was taken back.
    CommissionClawedBack {
        /// Of which accrual, why, how much.
        claw_back: ClawBack,
        /// Less expense, less owed; none where nothing was taken back.
        entry: Option<BalancedEntry>,
    },
    /// Somebody earns by a plan from now on, or no longer: this is what holds for plan, payee and customer.
    CommissionAssigned(Box<CommissionAssignment>),
    /// Commission became payable: its line on the control account is the payee's open item.
    CommissionsPaidOut {
        /// Whose, and for which accruals.
        payout: Box<Payout>,
        /// From where they waited to the control account.
        entry: BalancedEntry,
    },
    /// An agent was registered.
    AgentRegistered(Box<Agent>),
    /// An agent changed: this is what it is from now on.
    AgentChanged(Box<Agent>),
    /// An agent was suspended, or may work again; then what it was stopped for counts no more.
    AgentStatusSet {
        /// Which.
        agent: AgentNo,
        /// Whether it may not work.
        suspended: bool,
        /// Why.
        reason: Text,
    },
    /// An agent ran; what that cost waits to be booked.
    AgentRan(Box<AgentRun>),
    /// What executions cost was booked.
    AgentCostsBooked {
        /// Whose.
        agent: AgentNo,
        /// Up to the end of which month.
        month: Month,
        /// How much, in minor units of the agent's currency.
        booked: Units,
        /// What is less than a minor unit, in the agent's currency: part of the next booking.
        carried: Decimal,
        /// From the expense to what is owed.
        entry: BalancedEntry,
    },
    /// People rejected too much of what an agent drafted: from now on none of it posts itself.
    AutoPostingStopped {
        /// Whose.
        agent: AgentNo,
        /// How many of its drafts people rejected …
        rejected: u32,
        /// … among so many that they decided about last.
        window: u32,
    },
    /// Something was proposed; [`Self::type_name`] says what.
    Drafted(Box<Drafted>),
    /// A draft was changed: votes on what it was count no more.
    DraftCorrected(Box<Correction>),
    /// A draft was turned down for good.
    DraftRejected {
        /// Which.
        draft: Seq,
        /// By whom.
        by: Text,
        /// Why.
        reason: Text,
    },
    /// A draft was taken back.
    DraftWithdrawn {
        /// Which.
        draft: Seq,
        /// By whom.
        by: Text,
        /// Why.
        reason: Text,
    },
    /// A draft was carried out by the events before this one.
    DraftPosted(Box<Posted>),
    /// An approval policy was set: this is what it says from now on.
    ApprovalPolicySet(Box<ApprovalPolicy>),
    /// Approval was requested.
    ApprovalRequested(Box<Requested>),
    /// Somebody voted.
    ApprovalVoted(Box<Voted>),
    /// Somebody handed a vote on.
    ApprovalDelegated {
        /// The request.
        request: Seq,
        /// Who had the vote.
        from: Text,
        /// Who has it now.
        to: Text,
        /// When.
        at: Timestamp,
    },
    /// A step was overdue: others may vote as well.
    ApprovalEscalated {
        /// The request.
        request: Seq,
        /// Who else may vote.
        added: Vec<Text>,
        /// When it is overdue again.
        due: Timestamp,
        /// When.
        at: Timestamp,
    },
    /// A step was overdue and is asked for again.
    ApprovalReminded {
        /// The request.
        request: Seq,
        /// When it is overdue again.
        due: Timestamp,
        /// When.
        at: Timestamp,
    },
    /// A step was overdue: the request ended without approval.
    ApprovalExpired {
        /// The request.
        request: Seq,
        /// When.
        at: Timestamp,
    },
    /// The votes decided.
    ApprovalCompleted {
        /// The request.
        request: Seq,
        /// Whether they approved.
        approved: bool,
    },
    /// What was to be approved is no longer what it was: its votes count no more.
    ApprovalInvalidated {
        /// The request.
        request: Seq,
        /// Why.
        reason: Text,
    },
    /// Somebody approved past the steps of the policy.
    ApprovalOverridden {
        /// The request.
        request: Seq,
        /// Who.
        by: Text,
        /// Why.
        reason: Text,
        /// The hash of what was approved.
        hash: Hash,
        /// When.
        at: Timestamp,
    },
}

impl Event {
    /// The balanced entry, where the event moves money.
    #[must_use]
    pub const fn entry(&self) -> Option<&BalancedEntry> {
        match self {
            Self::EntryPosted(entry)
            | Self::EntryReversed { entry, .. }
            | Self::ItemsRevalued { entry, .. }
            | Self::RevaluationReversed { entry, .. }
            | Self::DeferralsRecognised { entry, .. }
            | Self::CommissionsPaidOut { entry, .. }
            | Self::AgentCostsBooked { entry, .. } => Some(entry),
            Self::DocumentRecorded { entry, .. }
            | Self::ItemsAllocated { entry, .. }
            | Self::AllocationReversed { entry, .. }
            | Self::CommissionAccrued { entry, .. }
            | Self::CommissionClawedBack { entry, .. } => entry.as_ref(),
            _ => None,
        }
    }

    /// The name of its type, as exports show it.
    #[must_use]
    pub fn type_name(&self) -> &'static str {
        match self {
            Self::OrganizationCreated { .. } => "OrganizationCreated",
            Self::ActorRegistered { .. } => "ActorRegistered",
            Self::CommodityDefined(_) => "CommodityDefined",
            Self::AccountOpened(_) => "AccountOpened",
            Self::AccountChanged { .. } => "AccountChanged",
            Self::AccountStatusChanged { .. } => "AccountStatusChanged",
            Self::AccountConditionsSet { .. } => "AccountConditionsSet",
            Self::AccountActivitySet { .. } => "AccountActivitySet",
            Self::RateRecorded(_) => "RateRecorded",
            Self::EntryPosted(_) => "EntryPosted",
            Self::EntryReversed { .. } => "EntryReversed",
            Self::PeriodClosed { .. } => "PeriodClosed",
            Self::PeriodReopened { .. } => "PeriodReopened",
            Self::PartyRegistered(_) => "PartyRegistered",
            Self::PartyChanged(_) => "PartyChanged",
            Self::ControlAccountSet { .. } => "ControlAccountSet",
            Self::DocumentRecorded { document, .. } => document.kind.event_name(),
            Self::ItemsAllocated { .. } => "ItemsAllocated",
            Self::AllocationReversed { .. } => "AllocationReversed",
            Self::ItemsRevalued { .. } => "ItemsRevalued",
            Self::RevaluationReversed { .. } => "RevaluationReversed",
            Self::DeferralScheduled(_) => "DeferralScheduled",
            Self::DeferralsRecognised { .. } => "DeferralsRecognised",
            Self::DeferralCancelled { .. } => "DeferralCancelled",
            Self::TaxCodeDefined(_) => "TaxCodeDefined",
            Self::CommissionPlanDefined(_) => "CommissionPlanDefined",
            Self::CommissionAccrued { .. } => "CommissionAccrued",
            Self::CommissionClawedBack { .. } => "CommissionClawedBack",
            Self::CommissionsPaidOut { .. } => "CommissionsPaidOut",
            Self::CommissionAssigned(_) => "CommissionAssigned",
            Self::AgentRegistered(_) => "AgentRegistered",
            Self::AgentChanged(_) => "AgentChanged",
            Self::AgentStatusSet { .. } => "AgentStatusSet",
            Self::AgentRan(_) => "AgentRan",
            Self::AgentCostsBooked { .. } => "AgentCostsBooked",
            Self::AutoPostingStopped { .. } => "AutoPostingStopped",
            Self::Drafted(drafted) => match drafted.content.subject() {
                Subject::Entry => "EntryDrafted",
                Subject::Bill => "BillDrafted",
                Subject::Payout => "PayoutDrafted",
                Subject::Payment => "PaymentDrafted",
                Subject::Reopening => "ReopeningDrafted",
                Subject::Policy => "PolicyDrafted",
            },
            Self::DraftCorrected(_) => "DraftCorrected",
            Self::DraftRejected { .. } => "DraftRejected",
            Self::DraftWithdrawn { .. } => "DraftWithdrawn",
            Self::DraftPosted(_) => "DraftPosted",
            Self::ApprovalPolicySet(_) => "ApprovalPolicySet",
            Self::ApprovalRequested(_) => "ApprovalRequested",
            Self::ApprovalVoted(_) => "ApprovalVoted",
            Self::ApprovalDelegated { .. } => "ApprovalDelegated",
            Self::ApprovalEscalated { .. } => "ApprovalEscalated",
            Self::ApprovalReminded { .. } => "ApprovalReminded",
            Self::ApprovalExpired { .. } => "ApprovalExpired",
            Self::ApprovalCompleted { .. } => "ApprovalCompleted",
            Self::ApprovalInvalidated { .. } => "ApprovalInvalidated",
            Self::ApprovalOverridden { .. } => "ApprovalOverridden",
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
