//! Decisions about requests for approval: who may vote, votes, delegation, deadlines, approval past the steps.
//!
//! Votes name the hash of what was looked at. Whoever prepared a draft, or was acted for, has no vote unless the policy
//! says so. A deadline never approves: it asks others as well, asks again, or ends the request.

use std::collections::BTreeSet;

use super::drafts::{check_time, invalidated, is_person};
use super::governed::later;
use super::policies::Need;
use super::{Book, Context, KeptDraft, KeptRequest, text};
use crate::approvals::{OnTimeout, PolicyTerms, Requested, RequestedStep, Step, StepState, Vote, Voted};
use crate::command::{ApprovalCommand, CastVote, RequestApproval};
use crate::event::Event;
use crate::limits::{DESCRIPTION_BYTES_MAX, ELIGIBLE_MAX, NAME_BYTES_MAX};
use crate::merkle::Hash;
use crate::rejection::Rejection;
use crate::{Seq, Text, Timestamp};

impl Book {
    pub(super) fn decide_approval(&self, command: &ApprovalCommand, context: &Context<'_>) -> Result<Vec<Event>, Rejection> {
        match command {
            ApprovalCommand::SetPolicy(terms) => self.set_first_policy(terms, context),
            ApprovalCommand::Request(request) => self.request_approval(request, context),
            ApprovalCommand::Vote(vote) => self.vote(vote, context),
            ApprovalCommand::Delegate { request, to, at } => self.delegate(*request, to, *at, context),
            ApprovalCommand::Deadline { request, eligible, at } => self.deadline(*request, eligible, *at, context),
            ApprovalCommand::Override { request, hash, reason, at } => self.override_approval(*request, hash, reason, *at, context),
        }
    }

    /// The first policy is set freely; whoever came second has the approval of others.
    fn set_first_policy(&self, terms: &PolicyTerms, context: &Context<'_>) -> Result<Vec<Event>, Rejection> {
        self.check_person(context, "set an approval policy")?;
        let events = self.set_policy(terms)?;
        self.check_approved(&crate::Command::Approval(Box::new(ApprovalCommand::SetPolicy(Box::new(terms.clone())))), &events, context)?;
        Ok(events)
    }

    fn request_approval(&self, request: &RequestApproval, context: &Context<'_>) -> Result<Vec<Event>, Rejection> {
        check_time(request.at)?;
        let draft = self.find_draft(request.draft)?;
        if let Some(pending) = draft.request
            && self.approval_request(pending).is_some_and(|kept| !kept.approved)
        {
            return Err(Rejection::ApprovalPending { request: pending });
        }
        let decided = Context { soft_closed: true, ..*context };
        let trial = self.trial(&draft.content, draft.source.kind(), draft.confidence, &decided)?;
        let need = self.need(&trial.facts);
        let (policy, self_approval, allow_override) = match need {
            Need::Policy(policy) => {
                let terms = &policy.terms;
                (Some((terms.code.clone(), policy.version)), terms.self_approval, terms.allow_override)
            }
            Need::Ledger { self_approval } => (None, self_approval, false),
            Need::Nothing => (None, false, false),
        };
        let steps = self.steps_of(need);
        if request.eligible.len() != steps.len() {
            return Err(Rejection::DraftInvalid { fault: "each step of its policy needs a list of who may vote" });
        }
        let steps = steps.into_iter().zip(&request.eligible).zip(1..);
        let steps = steps.map(|((step, given), no)| requested_step(step, given, no, |who| self_approval || !draft.involves(who)));
        let requested = Requested {
            draft: request.draft,
            hash: draft.hash,
            policy,
            steps: steps.collect::<Result<_, _>>()?,
            self_approval,
            allow_override,
            facts: trial.facts,
            by: context.actor.identity.clone(),
            at: request.at,
        };
        let mut events = invalidated(draft, "approval was requested again");
        events.push(Event::ApprovalRequested(Box::new(requested)));
        Ok(events)
    }

    /// A request that waits for votes, its draft and its step.
    fn open_request(&self, seq: Seq) -> Result<(&KeptRequest, &KeptDraft, &StepState), Rejection> {
        let unknown = || Rejection::ApprovalUnknown { seq };
        let request = self.approval_request(seq).filter(|request| !request.approved).ok_or_else(unknown)?;
        let draft = self.draft(request.requested.draft).ok_or_else(unknown)?;
        let step = request.current().ok_or_else(unknown)?;
        Ok((request, draft, step))
    }

    fn vote(&self, cast: &CastVote, context: &Context<'_>) -> Result<Vec<Event>, Rejection> {
        check_time(cast.at)?;
        let (request, draft, step) = self.open_request(cast.request)?;
        let by = &context.actor.identity;
        let refused = |fault| Rejection::ApprovalNotEligible { by: by.clone(), fault };
        if !is_person(context) {
            return Err(refused("only people vote"));
        }
        if cast.hash != request.requested.hash || cast.hash != draft.hash {
            return Err(Rejection::ApprovalChanged { request: cast.request });
        }
        let place =
            step.seats.iter().position(|seat| seat.holder() == Some(by)).ok_or_else(|| refused("not asked, or handed the vote on"))?;
        if !request.requested.self_approval && draft.involves(by) {
            return Err(refused("who prepared it, or was acted for, does not approve it"));
        }
        let seat = &step.seats[place];
        if seat.vote.is_some() {
            return Err(refused("one vote for each step"));
        }
        let terms = &request.requested.steps[request.step].step;
        if cast.aal < terms.min_aal {
            return Err(refused("signed in with less assurance than the step asks for"));
        }
        if terms.on_timeout == OnTimeout::Reject && step.due.is_some_and(|due| cast.at >= due) {
            return Err(Rejection::ApprovalOverdue { request: cast.request });
        }
        match cast.vote {
            Vote::Approve => text::bounded("comment", &cast.comment, DESCRIPTION_BYTES_MAX, 0)?,
            Vote::Reject => text::printable("comment", &cast.comment, DESCRIPTION_BYTES_MAX, 0)?,
        }
        let voted = Voted {
            request: cast.request,
            step: u32::try_from(request.step + 1).unwrap_or(u32::MAX),
            by: by.clone(),
            seat: seat.owner().cloned().unwrap_or_default(),
            vote: cast.vote,
            comment: cast.comment.clone(),
            hash: cast.hash,
            at: cast.at,
        };
        let mut after = step.clone();
        after.seats[place].vote = Some(cast.vote);
        self.after_vote((request, draft), after.outcome(), voted, cast.then_post, context)
    }

    /// What a vote decides.
    fn after_vote(
        &self,
        (request, draft): (&KeptRequest, &KeptDraft),
        outcome: Option<Vote>,
        voted: Voted,
        then_post: bool,
        context: &Context<'_>,
    ) -> Result<Vec<Event>, Rejection> {
        let (seq, of) = (voted.request, request.requested.draft);
        let (by, comment) = (voted.by.clone(), voted.comment.clone());
        let last = request.step + 1 == request.steps.len();
        let mut events = vec![Event::ApprovalVoted(Box::new(voted))];
        match outcome {
            Some(Vote::Reject) => {
                events.push(Event::ApprovalCompleted { request: seq, approved: false });
                events.extend(self.rejected(of, draft, &by, &comment));
            }
            Some(Vote::Approve) if last => {
                events.push(Event::ApprovalCompleted { request: seq, approved: true });
                if then_post {
                    let mut approved = request.clone();
                    approved.approved = true;
                    approved.approvers.push(by);
                    let behind = Context { ahead: context.ahead + 2, ..*context };
                    // What the books refuse by now waits, approved.
                    events.extend(self.carry_out(of, draft, Some((seq, &approved)), &behind).unwrap_or_default());
                }
            }
            _ => {}
        }
        Ok(events)
    }

    fn delegate(&self, seq: Seq, to: &Text, at: Timestamp, context: &Context<'_>) -> Result<Vec<Event>, Rejection> {
        check_time(at)?;
        let (request, draft, step) = self.open_request(seq)?;
        let by = &context.actor.identity;
        let refused = |who: &Text, fault| Err(Rejection::ApprovalNotEligible { by: who.clone(), fault });
        if !is_person(context) || !step.seats.iter().any(|seat| seat.holder() == Some(by) && seat.vote.is_none()) {
            return refused(by, "there is no vote to hand on");
        }
        text::printable("person", to, NAME_BYTES_MAX, 0)?;
        if step.seats.iter().any(|seat| seat.chain.contains(to)) {
            return refused(to, "has a vote in this step, or had one");
        }
        if !request.requested.self_approval && draft.involves(to) {
            return refused(to, "who prepared it, or was acted for, does not approve it");
        }
        Ok(vec![Event::ApprovalDelegated { request: seq, from: by.clone(), to: to.clone(), at }])
    }

    fn deadline(&self, seq: Seq, eligible: &[Text], at: Timestamp, context: &Context<'_>) -> Result<Vec<Event>, Rejection> {
        self.check_person(context, "report a deadline")?;
        check_time(at)?;
        let (request, draft, step) = self.open_request(seq)?;
        if step.due.is_none_or(|due| at < due) {
            return Err(Rejection::ApprovalNotDue { request: seq });
        }
        let terms = &request.requested.steps[request.step].step;
        let expired = vec![Event::ApprovalExpired { request: seq, at }];
        Ok(match &terms.on_timeout {
            OnTimeout::Escalate { due, .. } if step.escalations == 0 => {
                let may = |who: &Text| {
                    let free = !step.seats.iter().any(|seat| seat.chain.contains(who));
                    free && (request.requested.self_approval || !draft.involves(who))
                };
                let added = people(eligible, may)?;
                if added.is_empty() {
                    return Ok(expired);
                }
                vec![Event::ApprovalEscalated { request: seq, added, due: later(at, *due), at }]
            }
            OnTimeout::Escalate { .. } | OnTimeout::Reject => expired,
            OnTimeout::Remind => vec![Event::ApprovalReminded { request: seq, due: later(at, terms.due.unwrap_or(86_400)), at }],
        })
    }

    fn override_approval(
        &self,
        seq: Seq,
        hash: &Hash,
        reason: &Text,
        at: Timestamp,
        context: &Context<'_>,
    ) -> Result<Vec<Event>, Rejection> {
        check_time(at)?;
        let (request, draft, _) = self.open_request(seq)?;
        let by = &context.actor.identity;
        let refused = |fault| Err(Rejection::ApprovalNotEligible { by: by.clone(), fault });
        if !is_person(context) {
            return refused("only people approve");
        }
        if !request.requested.allow_override {
            return refused("the policy asks for its steps and nothing else");
        }
        if *hash != request.requested.hash || *hash != draft.hash {
            return Err(Rejection::ApprovalChanged { request: seq });
        }
        if !request.requested.self_approval && draft.involves(by) {
            return refused("who prepared it, or was acted for, does not approve it");
        }
        text::printable("reason", reason, DESCRIPTION_BYTES_MAX, 0)?;
        Ok(vec![Event::ApprovalOverridden { request: seq, by: by.clone(), reason: reason.clone(), hash: *hash, at }])
    }
}

/// The people who are named, each once, without those who may not.
fn people(given: &[Text], may: impl Fn(&Text) -> bool) -> Result<Vec<Text>, Rejection> {
    if given.len() > ELIGIBLE_MAX {
        return Err(Rejection::LimitExceeded { what: "people who may vote", limit: ELIGIBLE_MAX, found: given.len(), line: 0 });
    }
    given.iter().try_for_each(|who| text::printable("person", who, NAME_BYTES_MAX, 0))?;
    Ok(given.iter().filter(|who| may(who)).cloned().collect::<BTreeSet<_>>().into_iter().collect())
}

/// A step with who may vote in it, if they are enough.
fn requested_step(step: Step, given: &[Text], no: usize, may: impl Fn(&Text) -> bool) -> Result<RequestedStep, Rejection> {
    let eligible = people(given, may)?;
    let count = u32::try_from(eligible.len()).unwrap_or(u32::MAX);
    let needed = step.mode.needed(count).max(1);
    if needed > count {
        return Err(Rejection::ApprovalUnsatisfiable { step: no, needed, eligible: count });
    }
    Ok(RequestedStep { step, eligible, needed })
}
