//! What may be asked about agents, drafts and approvals. Time comes with the command; who may vote is given by the
//! caller, because membership lives beside the book.

use chrono::NaiveDate;
use rust_decimal::Decimal;

use crate::approvals::{AgentRun, AgentType, Autonomy, PolicyTerms, Proposal, Vote};
use crate::draft::AccountRef;
use crate::merkle::Hash;
use crate::period::Month;
use crate::{Seq, Text, Timestamp};

/// What may be asked about agents.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AgentCommand {
    /// Register an agent, or change it: this is what it is from now on.
    Define(DefineAgent),
    /// Suspend an agent, or let it work again.
    SetStatus {
        /// Its code.
        agent: Text,
        /// Whether it may not work.
        suspended: bool,
        /// Why.
        reason: Text,
    },
    /// Ask whether an agent may run now: refused when it is suspended or its budget of the month is spent. Nothing is
    /// recorded.
    Begin {
        /// Its code.
        agent: Text,
        /// Now.
        at: Timestamp,
        /// What the run is expected to cost: refused where that exceeds what is left. Without it, where nothing is left.
        estimate: Option<Decimal>,
    },
    /// Record an execution. Never refused for its cost: that was incurred, whatever the budget says.
    Record(RecordAgentRun),
    /// Book what executions cost up to the end of a month and was not booked yet, one entry for each agent. What is less
    /// than a minor unit is carried to the next booking.
    BookCosts {
        /// The month.
        month: Month,
        /// When it counts; by default the last day of the month if its period is open, else the first open day after it.
        date: Option<NaiveDate>,
        /// The expense account of agents that have none of their own.
        expense: Option<AccountRef>,
        /// Where the costs of agents that say nothing wait.
        accrued: Option<AccountRef>,
    },
}

/// Registers an agent, or changes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DefineAgent {
    /// Its code: the identity of the actor that it is.
    pub code: Text,
    /// Its name, for people; the code where empty.
    pub name: Text,
    /// What it is for.
    pub kind: AgentType,
    /// The model that it runs on.
    pub model: Text,
    /// How the model is set up; may be empty.
    pub configuration: Text,
    /// What it can do, for people.
    pub capabilities: Vec<Text>,
    /// The tools that it may use.
    pub tools: Vec<Text>,
    /// What it may do without a person.
    pub autonomy: Autonomy,
    /// The currency of its costs and budget; stays while costs wait to be booked.
    pub currency: Text,
    /// What its executions may cost in a month.
    pub budget: Option<Decimal>,
    /// Where its costs are booked.
    pub expense: Option<AccountRef>,
    /// Where they wait.
    pub accrued: Option<AccountRef>,
}

impl DefineAgent {
    /// An agent with everything else by default: it may draft, and nothing posts itself.
    #[must_use]
    pub fn new(code: &str, kind: AgentType, model: &str, currency: &str) -> Self {
        Self {
            code: code.into(),
            name: Text::default(),
            kind,
            model: model.into(),
            configuration: Text::default(),
            capabilities: Vec::new(),
            tools: Vec::new(),
            autonomy: Autonomy::default(),
            currency: currency.into(),
            budget: None,
            expense: None,
            accrued: None,
        }
    }
}

/// Records an execution.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordAgentRun {
    /// The agent's code.
    pub agent: Text,
    /// The currency of the cost, to be the agent's.
    pub currency: Text,
    /// Everything else; its number of the agent is not looked at.
    pub run: AgentRun,
}

/// Where a draft comes from, by names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DraftOrigin {
    /// A person wrote it.
    Person,
    /// An agent proposed it.
    Ai {
        /// Its code.
        agent: Text,
        /// The model that it ran on.
        model: Text,
        /// Hash of what it was asked.
        prompt_hash: Hash,
        /// What it rests on.
        evidence: Vec<Text>,
        /// The person that it acted for.
        acted_for: Option<Text>,
    },
    /// It came in by a file or an interface.
    Import {
        /// Which.
        channel: Text,
    },
}

/// What may be asked about drafts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DraftCommand {
    /// Propose something. What could not be carried out now is refused as if it were.
    Propose(ProposeDraft),
    /// Change what is proposed. Votes on what it was count no more, and who changed it does not approve it.
    Correct {
        /// Where the draft stands.
        draft: Seq,
        /// What is proposed from now on, of the same subject.
        content: Proposal,
        /// Why; may not be empty.
        reason: Text,
    },
    /// Turn a draft down for good.
    Reject {
        /// Where it stands.
        draft: Seq,
        /// Why; may not be empty.
        reason: Text,
    },
    /// Take a draft back.
    Withdraw {
        /// Where it stands.
        draft: Seq,
        /// Why.
        reason: Text,
    },
    /// Carry a draft out: it is decided again. Needs an approved request where a policy asks for one, and always where
    /// an agent proposed it.
    Post {
        /// Where it stands.
        draft: Seq,
    },
}

/// Proposes something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProposeDraft {
    /// What.
    pub content: Proposal,
    /// Where it comes from.
    pub origin: DraftOrigin,
    /// Which kind of business it is (`rent`, `owner_draw`); may be empty.
    pub kind: Text,
    /// How certain its source is, from 0 to 1.
    pub confidence: Option<Decimal>,
    /// Why; may be empty.
    pub rationale: Text,
    /// When.
    pub at: Timestamp,
}

impl ProposeDraft {
    /// A person's proposal.
    #[must_use]
    pub fn by_person(content: Proposal, at: Timestamp) -> Self {
        Self { content, origin: DraftOrigin::Person, kind: Text::default(), confidence: None, rationale: Text::default(), at }
    }
}

/// What may be asked about approvals.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ApprovalCommand {
    /// Set a policy. The first of an organization is set freely; all after it are drafted and approved.
    SetPolicy(Box<PolicyTerms>),
    /// Request approval of a draft, by the policy that covers it.
    Request(RequestApproval),
    /// Vote.
    Vote(CastVote),
    /// Hand the own vote on to somebody who has none.
    Delegate {
        /// The request.
        request: Seq,
        /// To whom: an identity.
        to: Text,
        /// When.
        at: Timestamp,
    },
    /// Report that a step is overdue; what the policy says follows, and nothing before that.
    Deadline {
        /// The request.
        request: Seq,
        /// Who else may vote, where the policy escalates: identities.
        eligible: Vec<Text>,
        /// Now.
        at: Timestamp,
    },
    /// Approve past the policy's steps, where the policy allows that.
    Override {
        /// The request.
        request: Seq,
        /// The hash of what is approved.
        hash: Hash,
        /// Why; may not be empty.
        reason: Text,
        /// When.
        at: Timestamp,
    },
}

/// Requests approval.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestApproval {
    /// Where the draft stands.
    pub draft: Seq,
    /// For each step of the policy, the identities of who may vote; those who may not are left out by the ledger.
    /// [`Book::approval_steps`](crate::Book::approval_steps) tells the steps.
    pub eligible: Vec<Vec<Text>>,
    /// When.
    pub at: Timestamp,
}

/// Casts the vote of who gives the command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CastVote {
    /// The request.
    pub request: Seq,
    /// The hash of what was looked at.
    pub hash: Hash,
    /// What.
    pub vote: Vote,
    /// Why; may not be empty where it rejects.
    pub comment: Text,
    /// The assurance with which the voter signed in.
    pub aal: u8,
    /// When.
    pub at: Timestamp,
    /// Carry the draft out at once if this vote approves it; where the books refuse that, it waits approved.
    pub then_post: bool,
}
