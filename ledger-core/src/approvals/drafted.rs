//! Drafts: commands that somebody proposes and that move nothing until they are carried out.

use rust_decimal::Decimal;

use super::{AgentNo, PolicyTerms};
use crate::codec::proposal_bytes;
use crate::command::{ApprovalCommand, Command, DraftDocument, InvoiceOrder, PayOutCommissions, RecordPayment};
use crate::draft::DraftEntry;
use crate::merkle::Hash;
use crate::money::Units;
use crate::period::Month;
use crate::subledger::DocumentKind;
use crate::{Seq, Text, Timestamp};

words! {
    /// What can need approval.
    Subject {
        /// A journal entry.
        Entry = 0 "entry",
        /// A bill or an expense claim.
        Bill = 1 "bill",
        /// Commissions that become payable.
        Payout = 2 "payout",
        /// Money sent: to a vendor, or back to a customer.
        Payment = 3 "payment",
        /// A closed period opened again.
        Reopening = 4 "reopening",
        /// A policy, or a change of one.
        Policy = 5 "policy",
    }
}

words! {
    /// Who proposed it, in the words of policies.
    SourceKind {
        /// A person.
        Person = 0 "person",
        /// An agent.
        Ai = 1 "ai",
        /// A program with a key, a file.
        Import = 2 "import",
    }
}

/// What an agent says of a draft's making.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AiSource {
    /// Which agent.
    pub agent: AgentNo,
    /// The model that it ran on.
    pub model: Text,
    /// Hash of what it was asked.
    pub prompt_hash: Hash,
    /// What it rests on: documents, events, statements.
    pub evidence: Vec<Text>,
    /// The person that it acted for, who does not approve it either.
    pub acted_for: Option<Text>,
}

/// Where a draft comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DraftSource {
    /// A person wrote it.
    Person,
    /// An agent proposed it.
    Ai(Box<AiSource>),
    /// It came in by a file or an interface.
    Import {
        /// Which.
        channel: Text,
    },
}

impl DraftSource {
    /// Its kind.
    #[must_use]
    pub const fn kind(&self) -> SourceKind {
        match self {
            Self::Person => SourceKind::Person,
            Self::Ai(_) => SourceKind::Ai,
            Self::Import { .. } => SourceKind::Import,
        }
    }

    /// What an agent says of it.
    #[must_use]
    pub fn ai(&self) -> Option<&AiSource> {
        match self {
            Self::Ai(source) => Some(source),
            _ => None,
        }
    }
}

/// What is proposed: a command that can be given later.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Proposal {
    /// Post a journal entry.
    Entry(Box<DraftEntry>),
    /// Record a bill or an expense claim.
    Bill(Box<DraftDocument>),
    /// Make an order that was given to a vendor a bill.
    OrderedBill(Box<InvoiceOrder>),
    /// Turn what a payee is owed into an open item.
    Payout(Box<PayOutCommissions>),
    /// Send money.
    Payment(Box<RecordPayment>),
    /// Open a closed period again.
    Reopening {
        /// The period.
        month: Month,
        /// Why.
        reason: Text,
    },
    /// Define or change an approval policy.
    Policy(Box<PolicyTerms>),
}

impl Proposal {
    /// What it is.
    #[must_use]
    pub const fn subject(&self) -> Subject {
        match self {
            Self::Entry(_) => Subject::Entry,
            Self::Bill(_) | Self::OrderedBill(_) => Subject::Bill,
            Self::Payout(_) => Subject::Payout,
            Self::Payment(_) => Subject::Payment,
            Self::Reopening { .. } => Subject::Reopening,
            Self::Policy(_) => Subject::Policy,
        }
    }

    /// The command that carries it out.
    #[must_use]
    pub fn command(&self) -> Command {
        match self {
            Self::Entry(draft) => Command::PostEntry((**draft).clone()),
            Self::Bill(draft) => Command::RecordDocument(draft.clone()),
            Self::OrderedBill(invoice) => Command::InvoiceOrder(invoice.clone()),
            Self::Payout(pay) => Command::PayOutCommissions(pay.clone()),
            Self::Payment(payment) => Command::RecordPayment(payment.clone()),
            Self::Reopening { month, reason } => Command::ReopenPeriod { month: *month, reason: reason.clone() },
            Self::Policy(terms) => Command::Approval(Box::new(ApprovalCommand::SetPolicy(terms.clone()))),
        }
    }

    /// What is wrong with it as a draft, whatever the books say.
    pub(crate) fn fault(&self) -> Option<&'static str> {
        let own_id = match self {
            Self::Entry(draft) => draft.external_id.is_some(),
            Self::Bill(draft) => draft.external_id.is_some(),
            Self::Payment(payment) => payment.external_id.is_some(),
            _ => false,
        };
        if own_id {
            return Some("a draft has no external id: an id is used once, and drafts may come to nothing");
        }
        match self {
            Self::Bill(draft) if !matches!(draft.kind, DocumentKind::Bill | DocumentKind::ExpenseClaim) => {
                Some("only bills and expense claims are drafted as bills")
            }
            Self::Payment(payment) if !matches!(payment.kind, DocumentKind::PaymentOut | DocumentKind::Refund) => {
                Some("only money sent is drafted as a payment")
            }
            _ => None,
        }
    }

    /// The hash that votes name: of every byte that would be carried out.
    #[must_use]
    pub fn hash(&self) -> Hash {
        blake3::derive_key("ledger 2026 draft v1", &proposal_bytes(self))
    }
}

/// A draft as it was proposed. It is known by the place of its event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Drafted {
    /// What is proposed.
    pub content: Proposal,
    /// Its hash.
    pub hash: Hash,
    /// Where it comes from.
    pub source: DraftSource,
    /// Who proposed it: the identity that gave the command.
    pub by: Text,
    /// Which kind of business it is (`rent`, `owner_draw`), as whoever proposed it says; may be empty.
    pub kind: Text,
    /// How certain its source is, from 0 to 1.
    pub confidence: Option<Decimal>,
    /// Why it is proposed.
    pub rationale: Text,
    /// When.
    pub at: Timestamp,
    /// The sum of its debits in minor units of the functional currency, as decided then.
    pub amount: Units,
}

/// One field that a correction changed; a field that is not there is an empty text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldChange {
    /// Which: `lines/2/amount`.
    pub field: Text,
    /// As it was.
    pub before: Text,
    /// As it is from now on.
    pub after: Text,
}

/// A draft that somebody changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Correction {
    /// Which draft.
    pub draft: Seq,
    /// What is proposed from now on.
    pub content: Proposal,
    /// Its hash.
    pub hash: Hash,
    /// What differs from what was proposed before, field by field.
    pub changes: Vec<FieldChange>,
    /// Who changed it; no longer a stranger to it.
    pub by: Text,
    /// Why.
    pub reason: Text,
    /// The sum of its debits in minor units of the functional currency, as decided then.
    pub amount: Units,
}

words! {
    /// How a draft came to be carried out.
    Route {
        /// No policy asked for approval.
        Direct = 0 "direct",
        /// People approved it.
        Approved = 1 "approved",
        /// Somebody approved it past the policy's steps, with a reason.
        Overridden = 2 "overridden",
        /// It was within the autonomy of its agent.
        Auto = 3 "auto",
    }
}

/// A draft that was carried out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Posted {
    /// Which draft.
    pub draft: Seq,
    /// The event that it became: the entry, the document, the payout.
    pub event: Seq,
    /// How.
    pub route: Route,
    /// The request by which it was approved.
    pub request: Option<Seq>,
    /// Whether somebody approved it who neither prepared it nor was acted for.
    pub four_eyes: bool,
    /// Who approved it.
    pub approvers: Vec<Text>,
}
