//! Decisions about drafts: proposed, corrected, rejected, withdrawn, carried out.
//!
//! A draft is decided when it is proposed and again when it is carried out; in between it moves nothing. What an agent
//! proposed is carried out by people, unless it is within everything that its autonomy asks for and no policy covers it.

use rust_decimal::Decimal;

use super::governed::day_of;
use super::policies::{Need, Trial};
use super::{Book, Context, KeptAgent, KeptDraft, KeptRequest, text};
use crate::actor::ActorKind;
use crate::approvals::{AiSource, Correction, DraftSource, Drafted, Facts, Posted, Proposal, Route};
use crate::codec::proposal_bytes;
use crate::command::{DraftCommand, DraftOrigin, ProposeDraft};
use crate::entry::EntryKind;
use crate::event::Event;
use crate::limits::{DESCRIPTION_BYTES_MAX, DRAFT_BYTES_MAX, DRAFTS_MAX, EVIDENCE_MAX, NAME_BYTES_MAX, REFERENCE_BYTES_MAX};
use crate::period::Month;
use crate::rejection::Rejection;
use crate::{Seq, Text, Timestamp};

impl Book {
    pub(super) fn decide_draft(&self, command: &DraftCommand, context: &Context<'_>) -> Result<Vec<Event>, Rejection> {
        match command {
            DraftCommand::Propose(propose) => self.propose(propose, context),
            DraftCommand::Correct { draft, content, reason } => self.correct_draft(*draft, content, reason, context),
            DraftCommand::Reject { draft, reason } => {
                self.check_person(context, "reject a draft")?;
                let kept = self.find_draft(*draft)?;
                text::printable("reason", reason, DESCRIPTION_BYTES_MAX, 0)?;
                let mut events = invalidated(kept, "the draft was rejected");
                events.extend(self.rejected(*draft, kept, &context.actor.identity, reason));
                Ok(events)
            }
            DraftCommand::Withdraw { draft, reason } => {
                let kept = self.find_draft(*draft)?;
                self.check_own_draft(kept, context, "withdraw what it did not draft")?;
                text::bounded("reason", reason, DESCRIPTION_BYTES_MAX, 0)?;
                let mut events = invalidated(kept, "the draft was withdrawn");
                events.push(Event::DraftWithdrawn { draft: *draft, by: context.actor.identity.clone(), reason: reason.clone() });
                Ok(events)
            }
            DraftCommand::Post { draft } => self.post_draft(*draft, context),
        }
    }

    pub(super) fn find_draft(&self, seq: Seq) -> Result<&KeptDraft, Rejection> {
        self.draft(seq).ok_or(Rejection::DraftUnknown { seq })
    }

    /// An agent touches its own drafts only.
    fn check_own_draft(&self, draft: &KeptDraft, context: &Context<'_>, what: &'static str) -> Result<(), Rejection> {
        let own = draft.source.ai().and_then(|ai| self.agent(ai.agent)).is_some_and(|kept| kept.agent.code == context.actor.identity);
        if own { Ok(()) } else { self.check_person(context, what) }
    }

    fn propose(&self, propose: &ProposeDraft, context: &Context<'_>) -> Result<Vec<Event>, Rejection> {
        let found = self.governed.drafts.len() + 1;
        if found > DRAFTS_MAX {
            return Err(Rejection::LimitExceeded { what: "drafts that wait", limit: DRAFTS_MAX, found, line: 0 });
        }
        text::bounded("kind", &propose.kind, REFERENCE_BYTES_MAX, 0)?;
        text::bounded("rationale", &propose.rationale, DESCRIPTION_BYTES_MAX, 0)?;
        check_confidence(propose.confidence)?;
        check_time(propose.at)?;
        let source = self.source_of(&propose.origin, propose.at, context)?;
        let trial = self.draftable(&propose.content, &source, propose.confidence, context)?;
        let drafted = Drafted {
            content: propose.content.clone(),
            hash: propose.content.hash(),
            source,
            by: context.actor.identity.clone(),
            kind: propose.kind.clone(),
            confidence: propose.confidence,
            rationale: propose.rationale.clone(),
            at: propose.at,
            amount: trial.facts.amount,
        };
        let mut events = vec![];
        let posts_itself = self.may_post_itself(&drafted, &trial.facts);
        let place = self.first_of(context);
        let alone = Context { ahead: context.ahead + 1, soft_closed: false, ..*context };
        let carried =
            if posts_itself { self.trial(&drafted.content, drafted.source.kind(), drafted.confidence, &alone).ok() } else { None };
        events.push(Event::Drafted(Box::new(drafted)));
        if let Some(carried) = carried {
            let posted = Posted {
                draft: place,
                event: place + 1 + place_of(carried.main),
                route: Route::Auto,
                request: None,
                four_eyes: false,
                approvers: Vec::new(),
            };
            events.extend(carried.events);
            events.push(Event::DraftPosted(Box::new(posted)));
        }
        Ok(events)
    }

    fn source_of(&self, origin: &DraftOrigin, at: Timestamp, context: &Context<'_>) -> Result<DraftSource, Rejection> {
        match origin {
            DraftOrigin::Person => {
                self.check_person(context, "draft in a person's name")?;
                if context.actor.kind == ActorKind::ApiKey {
                    return Err(Rejection::DraftInvalid { fault: "a program with a key drafts as an import, not as a person" });
                }
                Ok(DraftSource::Person)
            }
            DraftOrigin::Import { channel } => {
                self.check_person(context, "draft as an import")?;
                text::printable("channel", channel, REFERENCE_BYTES_MAX, 0)?;
                Ok(DraftSource::Import { channel: channel.clone() })
            }
            DraftOrigin::Ai { agent, model, prompt_hash, evidence, acted_for } => {
                let kept = self.working_agent(agent, context)?;
                self.check_budget(kept, at, None)?;
                text::printable("model", model, NAME_BYTES_MAX, 0)?;
                check_references("evidence references", evidence)?;
                acted_for.as_ref().map_or(Ok(()), |who| text::printable("person acted for", who, NAME_BYTES_MAX, 0))?;
                Ok(DraftSource::Ai(Box::new(AiSource {
                    agent: kept.agent.no,
                    model: model.clone(),
                    prompt_hash: *prompt_hash,
                    evidence: evidence.clone(),
                    acted_for: acted_for.clone(),
                })))
            }
        }
    }

    /// A registered agent that is not suspended. An agent speaks for itself only.
    pub(super) fn working_agent(&self, code: &Text, context: &Context<'_>) -> Result<&KeptAgent, Rejection> {
        let kept = self.known_agent(code, context)?;
        if kept.suspended { Err(Rejection::AgentSuspended { agent: code.clone() }) } else { Ok(kept) }
    }

    /// What is proposed, decided as it would be now. People with the right to may carry it out in a soft-closed period.
    fn draftable(
        &self,
        content: &Proposal,
        source: &DraftSource,
        confidence: Option<Decimal>,
        context: &Context<'_>,
    ) -> Result<Trial, Rejection> {
        if let Some(fault) = content.fault() {
            return Err(Rejection::DraftInvalid { fault });
        }
        let found = proposal_bytes(content).len();
        if found > DRAFT_BYTES_MAX {
            return Err(Rejection::LimitExceeded { what: "bytes of a draft", limit: DRAFT_BYTES_MAX, found, line: 0 });
        }
        self.trial(content, source.kind(), confidence, &Context { soft_closed: true, ..*context })
    }

    /// Whether a draft is within everything that its agent's autonomy asks for, and neither a policy nor the sample
    /// wants a person to see it.
    fn may_post_itself(&self, drafted: &Drafted, facts: &Facts) -> bool {
        let (Some(ai), Proposal::Entry(entry)) = (drafted.source.ai(), &drafted.content) else { return false };
        let Some(kept) = self.agent(ai.agent) else { return false };
        let autonomy = &kept.agent.autonomy;
        let known = |pattern| self.governed.patterns.get(&pattern).copied().unwrap_or(0) >= autonomy.approvals;
        let kind_is_for_people = drafted.kind.is_empty() || autonomy.always_people.contains(&drafted.kind);
        autonomy.auto_post
            && !kept.stopped
            && matches!(self.need(facts), Need::Ledger { .. })
            && entry.kind == EntryKind::Ordinary
            && !kind_is_for_people
            && drafted.confidence.is_some_and(|confidence| confidence >= autonomy.confidence)
            && self.display(drafted.amount, super::FUNCTIONAL) <= autonomy.cap
            && self.patterns_of(entry).into_iter().all(known)
            && !autonomy.samples(&drafted.hash)
    }

    fn correct_draft(&self, seq: Seq, content: &Proposal, reason: &Text, context: &Context<'_>) -> Result<Vec<Event>, Rejection> {
        let kept = self.find_draft(seq)?;
        self.check_own_draft(kept, context, "correct what it did not draft")?;
        text::printable("reason", reason, DESCRIPTION_BYTES_MAX, 0)?;
        if content.subject() != kept.content.subject() {
            return Err(Rejection::DraftInvalid { fault: "a correction is of the same subject" });
        }
        if *content == kept.content {
            return Ok(Vec::new());
        }
        let trial = self.draftable(content, &kept.source, kept.confidence, context)?;
        let correction = Correction {
            draft: seq,
            content: content.clone(),
            hash: content.hash(),
            changes: kept.content.changes(content),
            by: context.actor.identity.clone(),
            reason: reason.clone(),
            amount: trial.facts.amount,
        };
        let mut events = invalidated(kept, "the draft was corrected");
        events.push(Event::DraftCorrected(Box::new(correction)));
        Ok(events)
    }

    /// A draft is turned down; an agent that people turn down too often no longer posts alone.
    pub(super) fn rejected(&self, seq: Seq, draft: &KeptDraft, by: &Text, reason: &Text) -> Vec<Event> {
        let mut events = vec![Event::DraftRejected { draft: seq, by: by.clone(), reason: reason.clone() }];
        let Some(kept) = draft.source.ai().and_then(|ai| self.agent(ai.agent)) else { return events };
        let autonomy = &kept.agent.autonomy;
        let window = usize::try_from(autonomy.window).unwrap_or(usize::MAX);
        let seen = kept.decided.iter().rev().take(window.saturating_sub(1));
        let rejected = 1 + seen.filter(|rejected| **rejected).count();
        let share = Decimal::from(rejected) * Decimal::ONE_HUNDRED;
        if autonomy.auto_post && !kept.stopped && share > autonomy.rejected_percent * Decimal::from(autonomy.window) {
            let rejected = u32::try_from(rejected).unwrap_or(u32::MAX);
            events.push(Event::AutoPostingStopped { agent: kept.agent.no, rejected, window: autonomy.window });
        }
        events
    }

    fn post_draft(&self, seq: Seq, context: &Context<'_>) -> Result<Vec<Event>, Rejection> {
        self.check_person(context, "post a draft")?;
        let kept = self.find_draft(seq)?;
        let request = kept.request.and_then(|at| self.approval_request(at).map(|request| (at, request)));
        self.carry_out(seq, kept, request, context)
    }

    /// Decides a draft again and carries it out, if it is approved or nobody asks for that.
    pub(super) fn carry_out(
        &self,
        seq: Seq,
        kept: &KeptDraft,
        request: Option<(Seq, &KeptRequest)>,
        context: &Context<'_>,
    ) -> Result<Vec<Event>, Rejection> {
        let trial = self.trial(&kept.content, kept.source.kind(), kept.confidence, context)?;
        let need = self.need(&trial.facts);
        let approved = request.filter(|(_, request)| request.approved && request.requested.hash == kept.hash);
        let posted = match (approved, need) {
            (Some((at, request)), need) => {
                if !matches!(need, Need::Nothing) && need.code() != self.need(&request.requested.facts).code() {
                    return Err(Rejection::ApprovalStale { request: at });
                }
                Posted {
                    draft: seq,
                    event: 0,
                    route: if request.overridden { Route::Overridden } else { Route::Approved },
                    request: Some(at),
                    four_eyes: request.approvers.iter().any(|by| !kept.involves(by)),
                    approvers: request.approvers.clone(),
                }
            }
            (None, Need::Nothing) => {
                Posted { draft: seq, event: 0, route: Route::Direct, request: None, four_eyes: false, approvers: Vec::new() }
            }
            (None, need) => return Err(Rejection::ApprovalNeeded { subject: trial.facts.subject.as_str(), policy: need.code() }),
        };
        let event = self.first_of(context) + place_of(trial.main);
        let mut events = trial.events;
        if posted.route == Route::Direct {
            // Somebody who asked for approval and no longer needs it.
            events.extend(request.map(|(request, _)| Event::ApprovalInvalidated { request, reason: "no approval is needed".into() }));
        }
        events.push(Event::DraftPosted(Box::new(Posted { event, ..posted })));
        Ok(events)
    }
}

fn place_of(index: usize) -> Seq {
    Seq::try_from(index).unwrap_or(Seq::MAX)
}

/// The end of a request whose draft is not what it was.
pub(super) fn invalidated(draft: &KeptDraft, why: &str) -> Vec<Event> {
    draft.request.map(|request| Event::ApprovalInvalidated { request, reason: why.into() }).into_iter().collect()
}

pub(super) fn check_confidence(confidence: Option<Decimal>) -> Result<(), Rejection> {
    match confidence {
        Some(confidence) if !(Decimal::ZERO..=Decimal::ONE).contains(&confidence) => {
            Err(Rejection::DraftInvalid { fault: "confidence is a number from 0 to 1" })
        }
        _ => Ok(()),
    }
}

pub(super) fn check_time(at: Timestamp) -> Result<(), Rejection> {
    text::date(day_of(at), 0)
}

pub(super) fn check_references(what: &'static str, list: &[Text]) -> Result<(), Rejection> {
    if list.len() > EVIDENCE_MAX {
        return Err(Rejection::LimitExceeded { what, limit: EVIDENCE_MAX, found: list.len(), line: 0 });
    }
    list.iter().try_for_each(|reference| text::printable(what, reference, REFERENCE_BYTES_MAX, 0))
}

/// The month of a point in time, in universal time.
pub(super) fn month_of(at: Timestamp) -> Month {
    Month::of(day_of(at))
}

/// Whether somebody is a person: programs propose and carry out, people vote.
pub(super) fn is_person(context: &Context<'_>) -> bool {
    context.actor.kind == ActorKind::User
}
