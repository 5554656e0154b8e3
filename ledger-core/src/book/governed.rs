//! What the book keeps of agents, drafts, policies and requests for approval. Nothing here refuses; decisions are made
//! in `agents`, `drafts`, `policies` and `voting`.
//!
//! Only what waits is kept: a draft that was posted, rejected or withdrawn is gone from the book with its request, and
//! history alone has it.

use std::collections::{BTreeMap, VecDeque};

use chrono::{DateTime, NaiveDate};

use super::Book;
use crate::account::AccountNo;
use crate::actor::{Actor, ActorKind};
use crate::approvals::{
    Agent, AgentNo, AgentRun, ApprovalPolicy, Cost, DraftSource, Drafted, Posted, Proposal, Requested, Route, Seat, StepState, Vote, Voted,
};
use crate::draft::{AccountRef, DraftEntry};
use crate::event::Event;
use crate::merkle::Hash;
use crate::money::Units;
use crate::period::Month;
use crate::{Seq, Text, Timestamp};

/// What people approved of a line: whose it is, its account, its tax code, and whether it is a debit.
pub(crate) type Pattern = (Option<Text>, AccountNo, Option<Text>, bool);

/// An agent and what became of its work.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptAgent {
    /// As it is registered.
    pub agent: Agent,
    /// Whether it may not work.
    pub suspended: bool,
    /// Whether nothing of it posts itself, because people rejected too much.
    pub stopped: bool,
    /// What people decided last about its drafts, the last one last: whether they rejected them.
    pub decided: VecDeque<bool>,
    /// What its executions cost, by month.
    pub spent: BTreeMap<Month, Cost>,
    /// What of that is not booked yet.
    pub unbooked: BTreeMap<Month, Cost>,
    /// What earlier bookings left over: less than a minor unit.
    pub carried: Cost,
}

impl KeptAgent {
    /// What its executions cost in a month.
    #[must_use]
    pub fn spent_in(&self, month: Month) -> Cost {
        self.spent.get(&month).copied().unwrap_or_default()
    }

    /// How many of the last decisions of people were rejections.
    #[must_use]
    pub fn rejections(&self) -> usize {
        self.decided.iter().filter(|rejected| **rejected).count()
    }

    fn decide(&mut self, rejected: bool) {
        self.decided.push_back(rejected);
        let window = usize::try_from(self.agent.autonomy.window).unwrap_or(usize::MAX);
        while self.decided.len() > window {
            self.decided.pop_front();
        }
    }

    fn ran(&mut self, run: &AgentRun) {
        let (month, cost) = (Month::of(day_of(run.at)), Cost::of(run.cost).unwrap_or_default());
        self.spent.entry(month).or_default().0 += cost.0;
        if cost.0 != 0 {
            self.unbooked.entry(month).or_default().0 += cost.0;
        }
    }
}

/// A draft that waits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptDraft {
    /// What is proposed, as it was corrected last.
    pub content: Proposal,
    /// Its hash.
    pub hash: Hash,
    /// Where it comes from.
    pub source: DraftSource,
    /// Everybody who wrote or changed it.
    pub prepared: Vec<Text>,
    /// Which kind of business it is.
    pub kind: Text,
    /// How certain its source is.
    pub confidence: Option<rust_decimal::Decimal>,
    /// When it was proposed.
    pub at: Timestamp,
    /// The sum of its debits, in minor units of the functional currency.
    pub amount: Units,
    /// The request for its approval that waits or approved it.
    pub request: Option<Seq>,
}

impl KeptDraft {
    /// Whether somebody prepared it or was acted for, and so is no other pair of eyes.
    #[must_use]
    pub fn involves(&self, who: &str) -> bool {
        self.prepared.iter().any(|by| by == who) || self.source.ai().and_then(|ai| ai.acted_for.as_ref()).is_some_and(|by| by == who)
    }
}

/// A request that waits for votes, or was approved and waits for its draft to be posted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptRequest {
    /// As it was requested.
    pub requested: Requested,
    /// Which step votes count for, from 0.
    pub step: usize,
    /// Where its steps stand.
    pub steps: Vec<StepState>,
    /// Whether it was approved.
    pub approved: bool,
    /// Whether that was past the policy's steps.
    pub overridden: bool,
    /// Who approved.
    pub approvers: Vec<Text>,
}

impl KeptRequest {
    fn new(requested: &Requested) -> Self {
        let steps = requested.steps.iter().map(StepState::new).collect();
        let mut kept = Self { requested: requested.clone(), step: 0, steps, approved: false, overridden: false, approvers: Vec::new() };
        kept.begin(requested.at);
        kept
    }

    /// The step that votes count for.
    #[must_use]
    pub fn current(&self) -> Option<&StepState> {
        self.steps.get(self.step)
    }

    fn begin(&mut self, at: Timestamp) {
        let due = self.requested.steps.get(self.step).and_then(|step| step.step.due);
        if let Some(step) = self.steps.get_mut(self.step) {
            step.due = due.map(|seconds| later(at, seconds));
        }
    }

    fn vote(&mut self, voted: &Voted) {
        let Some(step) = self.steps.get_mut(self.step) else { return };
        if let Some(seat) = step.seats.iter_mut().find(|seat| seat.owner() == Some(&voted.seat)) {
            seat.vote = Some(voted.vote);
        }
        if voted.vote == Vote::Approve {
            self.approvers.push(voted.by.clone());
        }
        if step.outcome() == Some(Vote::Approve) {
            self.step += 1;
            self.begin(voted.at);
        }
    }
}

/// So many seconds later, at most the end of time.
pub(super) fn later(at: Timestamp, seconds: u64) -> Timestamp {
    Timestamp(at.0.saturating_add(i64::try_from(seconds).unwrap_or(i64::MAX).saturating_mul(1_000_000)))
}

/// The day of a point in time, in universal time.
pub(super) fn day_of(at: Timestamp) -> NaiveDate {
    DateTime::from_timestamp_micros(at.0).map_or(NaiveDate::MIN, |time| time.date_naive())
}

/// Agents, policies, and what waits.
#[derive(Clone, Debug, Default)]
pub(crate) struct Governed {
    pub(crate) agents: Vec<KeptAgent>,
    pub(crate) policies: BTreeMap<Text, ApprovalPolicy>,
    pub(crate) drafts: BTreeMap<Seq, KeptDraft>,
    pub(crate) requests: BTreeMap<Seq, KeptRequest>,
    /// How often people approved a line like that.
    pub(crate) patterns: BTreeMap<Pattern, u32>,
}

impl Governed {
    /// Whether nothing here has a say in what an actor does.
    pub(super) fn leaves_alone(&self, actor: &Actor) -> bool {
        self.policies.is_empty() && (self.agents.is_empty() || actor.kind != ActorKind::Agent)
    }

    fn agent_mut(&mut self, no: AgentNo) -> Option<&mut KeptAgent> {
        self.agents.get_mut(no.index())
    }

    fn end_request(&mut self, request: Seq) {
        if let Some(kept) = self.requests.remove(&request)
            && let Some(draft) = self.drafts.get_mut(&kept.requested.draft)
        {
            draft.request = None;
        }
    }

    fn end_draft(&mut self, draft: Seq) -> Option<KeptDraft> {
        let kept = self.drafts.remove(&draft)?;
        if let Some(request) = kept.request {
            self.requests.remove(&request);
        }
        Some(kept)
    }

    fn draft(&mut self, seq: Seq, drafted: &Drafted) {
        let kept = KeptDraft {
            content: drafted.content.clone(),
            hash: drafted.hash,
            source: drafted.source.clone(),
            prepared: vec![drafted.by.clone()],
            kind: drafted.kind.clone(),
            confidence: drafted.confidence,
            at: drafted.at,
            amount: drafted.amount,
            request: None,
        };
        self.drafts.insert(seq, kept);
    }

    fn reject(&mut self, draft: Seq) {
        let agent = self.end_draft(draft).and_then(|kept| kept.source.ai().map(|ai| ai.agent));
        if let Some(agent) = agent.and_then(|no| self.agent_mut(no)) {
            agent.decide(true);
        }
    }

    fn request(&mut self, seq: Seq, requested: &Requested) {
        if let Some(draft) = self.drafts.get_mut(&requested.draft) {
            draft.request = Some(seq);
        }
        self.requests.insert(seq, KeptRequest::new(requested));
    }

    fn delegate(&mut self, request: Seq, from: &Text, to: &Text) {
        let Some(kept) = self.requests.get_mut(&request) else { return };
        let Some(step) = kept.steps.get_mut(kept.step) else { return };
        if let Some(seat) = step.seats.iter_mut().find(|seat| seat.holder() == Some(from)) {
            seat.chain.push(to.clone());
        }
    }

    fn overdue(&mut self, request: Seq, added: &[Text], due: Timestamp) {
        let Some(kept) = self.requests.get_mut(&request) else { return };
        let Some(step) = kept.steps.get_mut(kept.step) else { return };
        step.seats.extend(added.iter().map(Seat::of));
        step.escalations += u32::from(!added.is_empty());
        step.due = Some(due);
    }

    fn set_agent(&mut self, agent: &Agent) {
        if let Some(kept) = self.agent_mut(agent.no) {
            kept.agent = agent.clone();
            return;
        }
        self.agents.push(KeptAgent {
            agent: agent.clone(),
            suspended: false,
            stopped: false,
            decided: VecDeque::new(),
            spent: BTreeMap::new(),
            unbooked: BTreeMap::new(),
            carried: Cost::default(),
        });
    }
}

impl Book {
    /// Folds what is kept of an event about agents, drafts and approvals.
    pub(super) fn keep_governed(&mut self, event: &Event) {
        let seq = self.seq;
        let governed = &mut self.governed;
        match event {
            Event::AgentRegistered(agent) | Event::AgentChanged(agent) => governed.set_agent(agent),
            Event::AgentStatusSet { agent, suspended, .. } => {
                if let Some(agent) = governed.agent_mut(*agent) {
                    (agent.suspended, agent.stopped) = (*suspended, false);
                    agent.decided.clear();
                }
            }
            Event::AgentRan(run) => {
                if let Some(agent) = governed.agent_mut(run.agent) {
                    agent.ran(run);
                }
            }
            Event::AgentCostsBooked { agent, month, carried, .. } => {
                if let Some(agent) = governed.agent_mut(*agent) {
                    agent.unbooked.retain(|of, _| of > month);
                    agent.carried = Cost::of(*carried).unwrap_or_default();
                }
            }
            Event::AutoPostingStopped { agent, .. } => {
                if let Some(agent) = governed.agent_mut(*agent) {
                    agent.stopped = true;
                }
            }
            Event::Drafted(drafted) => governed.draft(seq, drafted),
            Event::DraftCorrected(correction) => {
                if let Some(draft) = governed.drafts.get_mut(&correction.draft) {
                    draft.content = correction.content.clone();
                    (draft.hash, draft.amount) = (correction.hash, correction.amount);
                    if !draft.prepared.contains(&correction.by) {
                        draft.prepared.push(correction.by.clone());
                    }
                }
            }
            Event::DraftRejected { draft, .. } => governed.reject(*draft),
            Event::DraftWithdrawn { draft, .. } => drop(governed.end_draft(*draft)),
            Event::DraftPosted(posted) => self.keep_posted(posted),
            Event::ApprovalPolicySet(policy) => {
                governed.policies.insert(policy.terms.code.clone(), (**policy).clone());
            }
            Event::ApprovalRequested(requested) => governed.request(seq, requested),
            Event::ApprovalVoted(voted) => {
                if let Some(request) = governed.requests.get_mut(&voted.request) {
                    request.vote(voted);
                }
            }
            Event::ApprovalDelegated { request, from, to, .. } => governed.delegate(*request, from, to),
            Event::ApprovalEscalated { request, added, due, .. } => governed.overdue(*request, added, *due),
            Event::ApprovalReminded { request, due, .. } => governed.overdue(*request, &[], *due),
            Event::ApprovalCompleted { request, approved: true } => {
                if let Some(request) = governed.requests.get_mut(request) {
                    request.approved = true;
                }
            }
            Event::ApprovalOverridden { request, by, .. } => {
                if let Some(request) = governed.requests.get_mut(request) {
                    (request.approved, request.overridden) = (true, true);
                    request.approvers.push(by.clone());
                }
            }
            Event::ApprovalExpired { request, .. }
            | Event::ApprovalCompleted { request, approved: false }
            | Event::ApprovalInvalidated { request, .. } => governed.end_request(*request),
            _ => {}
        }
    }

    /// What people approved is learned: the patterns of its lines, and that they approved it.
    fn keep_posted(&mut self, posted: &Posted) {
        let Some(draft) = self.governed.end_draft(posted.draft) else { return };
        if !matches!(posted.route, Route::Approved | Route::Overridden) {
            return;
        }
        if let Proposal::Entry(entry) = &draft.content {
            for pattern in self.patterns_of(entry) {
                let known = self.governed.patterns.entry(pattern).or_default();
                *known = known.saturating_add(1);
            }
        }
        if let Some(agent) = draft.source.ai().map(|ai| ai.agent).and_then(|no| self.governed.agent_mut(no)) {
            agent.decide(false);
        }
    }

    /// The patterns of an entry's lines, each once. A line that names no party has the one that others name, if they
    /// name one only.
    pub(super) fn patterns_of(&self, draft: &DraftEntry) -> std::collections::BTreeSet<Pattern> {
        let party = |line: &crate::DraftLine| line.detail.as_ref().and_then(|detail| detail.party.clone());
        let mut named = draft.lines.iter().filter_map(party);
        let first = named.next();
        let common = first.filter(|first| named.all(|other| other == *first));
        let lines = draft.lines.iter().filter_map(|line| {
            let account = match &line.account {
                AccountRef::Code(code) => self.account_by_code(code)?.no,
                AccountRef::No(no) => *no,
            };
            let tax = line.detail.as_ref().and_then(|detail| detail.tax_code.clone());
            Some((party(line).or_else(|| common.clone()), account, tax, line.amount.is_sign_positive()))
        });
        lines.collect()
    }

    /// All agents, in the order of registration.
    #[must_use]
    pub fn agents(&self) -> &[KeptAgent] {
        &self.governed.agents
    }

    /// The agent with this number.
    #[must_use]
    pub fn agent(&self, no: AgentNo) -> Option<&KeptAgent> {
        self.governed.agents.get(no.index())
    }

    /// The agent with this code.
    #[must_use]
    pub fn agent_by_code(&self, code: &str) -> Option<&KeptAgent> {
        self.governed.agents.iter().find(|kept| kept.agent.code == code)
    }

    /// All approval policies, those that no longer hold too, in the order of their codes.
    pub fn approval_policies(&self) -> impl Iterator<Item = &ApprovalPolicy> {
        self.governed.policies.values()
    }

    /// The approval policy with this code.
    #[must_use]
    pub fn approval_policy(&self, code: &str) -> Option<&ApprovalPolicy> {
        self.governed.policies.get(code)
    }

    /// All drafts that wait, in the order in which they were proposed.
    pub fn drafts(&self) -> impl Iterator<Item = (Seq, &KeptDraft)> {
        self.governed.drafts.iter().map(|(seq, draft)| (*seq, draft))
    }

    /// The draft at a position, if it waits.
    #[must_use]
    pub fn draft(&self, seq: Seq) -> Option<&KeptDraft> {
        self.governed.drafts.get(&seq)
    }

    /// All requests for approval that wait for votes or for their draft to be posted, in the order of the stream.
    pub fn approval_requests(&self) -> impl Iterator<Item = (Seq, &KeptRequest)> {
        self.governed.requests.iter().map(|(seq, request)| (*seq, request))
    }

    /// The request for approval at a position, if it waits.
    #[must_use]
    pub fn approval_request(&self, seq: Seq) -> Option<&KeptRequest> {
        self.governed.requests.get(&seq)
    }
}
