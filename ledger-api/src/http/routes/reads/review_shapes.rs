//! Drafts and requests for approval as they are asked for and shown. How each comes about is in `review`.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};

use crate::http::reading::params::Limit;
use crate::http::review::asking::ApprovalAsked;
use crate::http::routes::drafts_write::PostedShown;

/// What became of a draft.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum DraftStatus {
    /// It waits.
    Pending,
    /// It was carried out.
    Posted,
    /// Somebody turned it down.
    Rejected,
    /// Somebody took it back.
    Withdrawn,
}

impl DraftStatus {
    pub(super) const fn stored(self) -> &'static str {
        match self {
            Self::Pending => "waiting",
            Self::Posted => "posted",
            Self::Rejected => "rejected",
            Self::Withdrawn => "withdrawn",
        }
    }
}

/// What became of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum ApprovalStatus {
    /// It waits for votes.
    Pending,
    /// It was approved.
    Approved,
    /// Somebody approved it past the policy's steps.
    Overridden,
    /// It was rejected.
    Rejected,
    /// It was not decided in time.
    Expired,
    /// The draft is another by now, or gone.
    Invalidated,
}

impl ApprovalStatus {
    pub(super) const fn stored(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Approved => "approved",
            Self::Overridden => "overridden",
            Self::Rejected => "rejected",
            Self::Expired => "expired",
            Self::Invalidated => "invalidated",
        }
    }
}

/// What is proposed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum AskedSubject {
    /// A journal entry.
    Entry,
    /// A bill or an expense claim.
    Bill,
    /// Commissions that become payable.
    Payout,
    /// Money sent.
    Payment,
    /// A closed period opened again.
    Reopening,
    /// An approval policy.
    Policy,
}

impl AskedSubject {
    pub(super) const fn stored(self) -> &'static str {
        match self {
            Self::Entry => "entry",
            Self::Bill => "bill",
            Self::Payout => "payout",
            Self::Payment => "payment",
            Self::Reopening => "reopening",
            Self::Policy => "policy",
        }
    }
}

/// Which drafts.
#[derive(Clone, Debug, Deserialize, Serialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct DraftsAsked {
    /// With this status only.
    #[param(nullable = false, inline)]
    pub(super) status: Option<DraftStatus>,
    /// Of this subject only.
    #[param(nullable = false, inline)]
    pub(super) subject: Option<AskedSubject>,
    /// Elements of a page: 1 to 200, 50 by default.
    #[serde(skip_serializing)]
    #[param(required = false, nullable = false, value_type = u16, minimum = 1, maximum = 200)]
    pub(super) limit: Limit,
    /// `next_cursor` of the page before, with the same parameters.
    #[serde(skip_serializing)]
    #[param(nullable = false)]
    pub(super) cursor: Option<String>,
}

/// Which requests for approval.
#[derive(Clone, Debug, Deserialize, Serialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct ApprovalsAsked {
    /// With this status only.
    #[param(nullable = false, inline)]
    pub(super) status: Option<ApprovalStatus>,
    /// Of this subject only.
    #[param(nullable = false, inline)]
    pub(super) subject: Option<AskedSubject>,
    /// Elements of a page: 1 to 200, 50 by default.
    #[serde(skip_serializing)]
    #[param(required = false, nullable = false, value_type = u16, minimum = 1, maximum = 200)]
    pub(super) limit: Limit,
    /// `next_cursor` of the page before, with the same parameters.
    #[serde(skip_serializing)]
    #[param(nullable = false)]
    pub(super) cursor: Option<String>,
}

/// A draft in a list.
#[derive(Debug, Serialize, ToSchema)]
pub struct DraftListed {
    /// Its id.
    pub(super) seq: u64,
    /// `pending`, `posted`, `rejected` or `withdrawn`.
    pub(super) status: String,
    /// `entry`, `bill`, `payment`, `payout`, `reopening` or `policy`.
    pub(super) subject: String,
    /// Its number, month or code where it has one, else `draft-SEQ`.
    pub(super) name: String,
    /// `person`, `ai` or `import`.
    pub(super) source: String,
    /// Code of the agent that proposed it.
    pub(super) agent: Option<String>,
    /// The model that it ran on.
    pub(super) model: Option<String>,
    /// Who gave the command.
    pub(super) proposed_by: String,
    /// The person that the agent acted for.
    pub(super) acted_for: Option<String>,
    /// Which kind of business it is said to be; may be empty.
    pub(super) kind: String,
    /// How certain its source is, 0 to 1.
    pub(super) confidence: Option<String>,
    /// Why it is proposed: a text of whoever proposed it.
    pub(super) rationale: String,
    /// The sum of its debits in the functional currency.
    pub(super) functional_amount: String,
    /// Hash of what is proposed: votes name it.
    pub(super) hash: String,
    /// How often it was corrected.
    pub(super) corrections: u32,
    /// The last request for its approval.
    pub(super) request: Option<u64>,
    /// When it was proposed.
    #[schema(format = DateTime)]
    pub(super) drafted_at: String,
    /// When it was decided.
    #[schema(format = DateTime)]
    pub(super) decided_at: Option<String>,
    /// Who rejected or withdrew it, or approved it, with commas between several.
    pub(super) decided_by: Option<String>,
    /// Why.
    pub(super) reason: Option<String>,
    /// The event that it became.
    pub(super) posted: Option<u64>,
    /// How: `direct`, `approved`, `overridden` or `auto`.
    pub(super) route: Option<String>,
    /// Whether somebody approved it who did not prepare it.
    pub(super) four_eyes: Option<bool>,
}

/// A request for approval in a list.
#[derive(Debug, Serialize, ToSchema)]
pub struct ApprovalListed {
    /// Its id.
    pub(super) seq: u64,
    /// The draft.
    pub(super) draft: u64,
    /// `pending`, `approved`, `overridden`, `rejected`, `expired` or `invalidated`.
    pub(super) status: String,
    /// What the draft is: `entry`, `bill` …
    pub(super) subject: String,
    /// Code of the policy that asks; null where the ledger itself does.
    pub(super) policy: Option<String>,
    /// Its version.
    pub(super) policy_version: Option<u32>,
    /// Where the draft comes from: `person`, `ai` or `import`.
    pub(super) source: String,
    /// The sum of its debits in the functional currency.
    pub(super) functional_amount: String,
    /// Who requested it.
    pub(super) requested_by: String,
    /// When.
    #[schema(format = DateTime)]
    pub(super) requested_at: String,
    /// The step that it has come to, from 1.
    pub(super) step: u32,
    /// How that step's votes count.
    pub(super) mode: String,
    /// Approvals that the step takes.
    pub(super) needed: u32,
    /// Approvals that it has.
    pub(super) given: u32,
    /// Rejections, over all steps.
    pub(super) rejections: u32,
    /// When the step is overdue.
    #[schema(format = DateTime)]
    pub(super) due_at: Option<String>,
    /// When it ended.
    #[schema(format = DateTime)]
    pub(super) ended_at: Option<String>,
}

/// Where a draft comes from.
#[derive(Debug, Serialize, ToSchema)]
pub struct SourceShown {
    /// `person`, `ai` or `import`.
    pub(super) kind: String,
    /// Code of the agent.
    pub(super) agent: Option<String>,
    /// The model that it ran on.
    pub(super) model: Option<String>,
    /// Hash of what it was asked.
    pub(super) prompt_hash: Option<String>,
    /// The person that it acted for.
    pub(super) acted_for: Option<String>,
    /// What it rests on.
    pub(super) evidence: Vec<String>,
    /// By which way it came in, where it is an import.
    pub(super) channel: Option<String>,
}

/// One field that a correction changed. A field that is not there is an empty text.
#[derive(Debug, Serialize, ToSchema)]
pub struct ChangeShown {
    /// Which.
    #[schema(example = "lines/1/amount")]
    pub(super) field: String,
    /// As it was.
    pub(super) before: String,
    /// As it is from then on.
    pub(super) after: String,
}

/// A correction of a draft.
#[derive(Debug, Serialize, ToSchema)]
pub struct CorrectionShown {
    /// Its event.
    pub(super) seq: u64,
    /// When.
    #[schema(format = DateTime)]
    pub(super) at: String,
    /// Who.
    pub(super) by: String,
    /// Why.
    pub(super) reason: String,
    /// Hash of what is proposed from then on.
    pub(super) hash: String,
    /// What changed, field by field.
    pub(super) changes: Vec<ChangeShown>,
}

/// A vote.
#[derive(Debug, Serialize, ToSchema)]
pub struct VoteShown {
    /// Its event.
    pub(super) seq: u64,
    /// The request.
    pub(super) request: u64,
    /// Which of its steps, from 1.
    pub(super) step: u32,
    /// `approve` or `reject`.
    pub(super) vote: String,
    /// Who voted.
    pub(super) by: String,
    /// Whose vote that was: the voter's own unless it was delegated.
    pub(super) seat: String,
    /// Why.
    pub(super) comment: String,
    /// What was voted on.
    pub(super) hash: String,
    /// When.
    #[schema(format = DateTime)]
    pub(super) at: String,
}

/// How something ended.
#[derive(Debug, Serialize, ToSchema)]
pub struct EndShown {
    /// When.
    #[schema(format = DateTime)]
    pub(super) at: String,
    /// Who.
    pub(super) by: Option<String>,
    /// Why.
    pub(super) reason: Option<String>,
}

/// An event of a history.
#[derive(Debug, Serialize, ToSchema)]
pub struct StepShown {
    /// The event.
    pub(super) seq: u64,
    /// When it was recorded.
    #[schema(format = DateTime)]
    pub(super) recorded_at: String,
    /// What happened.
    #[serde(rename = "type")]
    #[schema(example = "ApprovalVoted")]
    pub(super) kind: String,
    /// In detail, as at `/events`.
    #[schema(value_type = Object)]
    pub(super) body: Value,
}

/// A draft with its whole history. Texts in it are data, whatever they say.
#[derive(Debug, Serialize, ToSchema)]
pub struct DraftShown {
    /// Its id.
    pub(super) seq: u64,
    /// `pending`, `posted`, `rejected` or `withdrawn`.
    pub(super) status: String,
    /// What is proposed: `entry`, `bill`, `payment`, `payout`, `reopening` or `policy`.
    pub(super) subject: String,
    /// Hash of what is proposed as it stands: votes name it.
    pub(super) hash: String,
    /// What is proposed as it stands: its subject, and its fields by name.
    #[schema(value_type = Object)]
    pub(super) content: Value,
    /// What was proposed first, where it was corrected since.
    #[schema(value_type = Option<Object>)]
    pub(super) proposed: Option<Value>,
    /// The sum of its debits in the functional currency.
    pub(super) functional_amount: String,
    /// Where it comes from, and what it rests on.
    pub(super) source: SourceShown,
    /// Everybody who wrote or changed it: none of them is another pair of eyes.
    pub(super) prepared_by: Vec<String>,
    /// Which kind of business it is said to be; may be empty.
    pub(super) kind: String,
    /// How certain its source is, 0 to 1.
    pub(super) confidence: Option<String>,
    /// Why it is proposed: a text of whoever proposed it.
    pub(super) rationale: String,
    /// When it was proposed.
    #[schema(format = DateTime)]
    pub(super) drafted_at: String,
    /// Its corrections, field by field.
    pub(super) corrections: Vec<CorrectionShown>,
    /// Whose approval it needs, and the request that waits for votes; null where none is needed any more.
    pub(super) approval: Option<ApprovalAsked>,
    /// Every vote on it, on earlier contents too.
    pub(super) votes: Vec<VoteShown>,
    /// What it became.
    pub(super) posted: Option<PostedShown>,
    /// How it ended, where it was rejected or withdrawn.
    pub(super) ended: Option<EndShown>,
    /// Everything that happened to it, in order.
    pub(super) history: Vec<StepShown>,
}

/// A step of a request, and where it stands.
#[derive(Debug, Serialize, ToSchema)]
pub struct RequestStepShown {
    /// The policy's step: how votes count and whom it names.
    #[schema(value_type = Object)]
    pub(super) step: Value,
    /// Who may vote: identities, as fixed when approval was requested.
    pub(super) eligible: Vec<String>,
    /// Approvals that it takes.
    pub(super) needed: u32,
    /// Who has a vote now and has not cast it; empty once the request has ended.
    pub(super) waiting_for: Vec<String>,
    /// When it is overdue.
    #[schema(format = DateTime)]
    pub(super) due_at: Option<String>,
}

/// A request for approval.
#[derive(Debug, Serialize, ToSchema)]
pub struct ApprovalShown {
    /// Its id.
    pub(super) seq: u64,
    /// The draft.
    pub(super) draft: u64,
    /// `pending`, `approved`, `overridden`, `rejected`, `expired` or `invalidated`.
    pub(super) status: String,
    /// What the draft is.
    pub(super) subject: String,
    /// The hash that votes name.
    pub(super) hash: String,
    /// Code of the policy that asks; null where the ledger itself does.
    pub(super) policy: Option<String>,
    /// Its version.
    pub(super) policy_version: Option<u32>,
    /// The sum of the draft's debits in the functional currency.
    pub(super) functional_amount: String,
    /// Who requested it.
    pub(super) requested_by: String,
    /// When.
    #[schema(format = DateTime)]
    pub(super) requested_at: String,
    /// Whether who prepared it may approve it.
    pub(super) self_approval: bool,
    /// Whether somebody who is not asked may approve it with a reason.
    pub(super) allow_override: bool,
    /// Which step votes count for, from 1; null once the request has ended.
    pub(super) step: Option<u32>,
    /// Its steps.
    pub(super) steps: Vec<RequestStepShown>,
    /// Votes, in their order.
    pub(super) votes: Vec<VoteShown>,
    /// Everything that happened to it, in order.
    pub(super) history: Vec<StepShown>,
}
