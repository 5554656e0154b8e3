//! A judge of approvals who knows nothing of the book: he reads the events of one command after the other and keeps his own
//! lists, in the plainest way there is.

use std::collections::{BTreeMap, BTreeSet};

use ledger_core::approvals::{Agent, Drafted, Mode, OnTimeout, PolicyTerms, Proposal, Requested, Route, SourceKind, Subject, Vote};
use ledger_core::{Actor, ActorKind, Event};

type Verdict = Result<(), String>;

/// A draft as the judge sees it.
struct Draft {
    drafted: Drafted,
    strangers_not: BTreeSet<String>,
    ended: bool,
}

/// A request as the judge sees it.
struct Request {
    requested: Requested,
    /// Who may vote now, step by step.
    may: Vec<BTreeSet<String>>,
    yes: Vec<BTreeSet<String>>,
    no: Vec<BTreeSet<String>>,
    due: Option<i64>,
    overridden: Option<String>,
    ended: bool,
    approved: bool,
}

impl Request {
    /// The first step that does not have as many approvals as it takes.
    fn current(&self) -> usize {
        let steps = self.requested.steps.iter().zip(&self.yes);
        steps.take_while(|(step, yes)| yes.len() >= usize::try_from(step.needed).unwrap()).count()
    }
}

#[derive(Default)]
pub(crate) struct Judge {
    seq: u64,
    policies: BTreeMap<String, PolicyTerms>,
    ever: bool,
    agents: Vec<(Agent, bool)>,
    spent: BTreeMap<(u32, i64), i128>,
    drafts: BTreeMap<u64, Draft>,
    requests: BTreeMap<u64, Request>,
    approved_patterns: BTreeMap<String, u32>,
}

fn must(holds: bool, law: &str) -> Verdict {
    if holds { Ok(()) } else { Err(law.to_owned()) }
}

/// The only pattern of the random histories' entries is their sides' accounts.
fn pattern(proposal: &Proposal) -> String {
    match proposal {
        Proposal::Entry(entry) => entry.lines.iter().map(|line| format!("{:?}{}", line.account, line.amount.is_sign_positive())).collect(),
        _ => String::new(),
    }
}

impl Judge {
    fn month(at: i64) -> i64 {
        // Months of the random histories begin 31 days apart.
        (at / 1_000_000 - 1_767_225_600) / 2_678_400
    }

    /// Takes events as they are, before the random part.
    pub(crate) fn see(&mut self, event: &Event) {
        self.seq += 1;
        self.keep(event);
    }

    /// The policy that covers an entry or a policy.
    fn covering(
        &self,
        subject: Subject,
        amount: i128,
        source: SourceKind,
        confidence: Option<rust_decimal::Decimal>,
    ) -> Option<&PolicyTerms> {
        let holds = |terms: &&PolicyTerms| {
            let when = &terms.when;
            let entry = subject == Subject::Entry;
            terms.active
                && terms.subjects.contains(&subject)
                && when.amount_from.is_none_or(|from| from * rust_decimal::Decimal::ONE_HUNDRED <= rust_decimal::Decimal::from(amount))
                && (when.sources.is_empty() || when.sources.contains(&source))
                && (when.account_types.is_empty() || entry)
                && when.confidence_below.is_none_or(|below| match confidence {
                    Some(confidence) => confidence < below,
                    None => source == SourceKind::Ai,
                })
        };
        let mut covering: Vec<&PolicyTerms> = self.policies.values().filter(holds).collect();
        covering.sort_by_key(|terms| (u32::MAX - terms.rank, terms.code.clone()));
        covering.first().copied()
    }

    /// Judges what one command did, and keeps it.
    pub(crate) fn judge(&mut self, actor: &Actor, events: &[Event]) -> Verdict {
        let posted = events.iter().find_map(|event| match event {
            Event::DraftPosted(posted) => Some(posted),
            _ => None,
        });
        let source = match actor.kind {
            ActorKind::User => SourceKind::Person,
            ActorKind::Agent => SourceKind::Ai,
            _ => SourceKind::Import,
        };
        let (policies, ever) = (self.policies.clone(), self.ever);
        for (event, seq) in events.iter().zip(self.seq + 1..) {
            match event {
                Event::EntryPosted(entry) => {
                    let amount = entry.lines().iter().filter_map(|line| line.functional).filter(|value| *value > 0).sum();
                    match posted {
                        Some(posted) => must(posted.event == seq, "a draft names the event that it became")?,
                        None => {
                            must(source != SourceKind::Ai, "an agent posts nothing directly")?;
                            must(
                                self.covering(Subject::Entry, amount, source, None).is_none(),
                                "what a policy covers is not posted directly",
                            )?;
                        }
                    }
                }
                Event::ApprovalPolicySet(_) => must(posted.is_some() || !ever, "a policy after the first is approved")?,
                Event::DraftPosted(posted) => {
                    // What this very command voted counts already: it was kept on the way.
                    let draft = self.drafts.get(&posted.draft).ok_or("a draft that waits is posted")?;
                    must(!draft.ended, "a draft is posted once")?;
                    // The policies are those of before the command.
                    let now = (std::mem::replace(&mut self.policies, policies.clone()), std::mem::replace(&mut self.ever, ever));
                    self.lawful(posted.draft, posted.route, posted.request, posted.four_eyes, actor)?;
                    (self.policies, self.ever) = now;
                }
                Event::ApprovalVoted(voted) => {
                    let request = self.requests.get(&voted.request).ok_or("a request that was made")?;
                    let draft = &self.drafts[&request.requested.draft];
                    let step = usize::try_from(voted.step - 1).unwrap();
                    must(!request.ended && !request.approved, "votes come before the end")?;
                    must(voted.hash == request.requested.hash && voted.hash == draft.drafted.hash, "a vote names what is approved")?;
                    must(actor.kind == ActorKind::User && actor.identity == voted.by, "people vote for themselves")?;
                    must(request.may[step].contains(voted.by.as_str()), "who was asked, or was handed the vote, votes")?;
                    let by = voted.by.as_str();
                    must(!request.yes[step].contains(by) && !request.no[step].contains(by), "one vote for each step")?;
                    must(request.requested.self_approval || !draft.strangers_not.contains(by), "a preparer does not vote")?;
                }
                Event::ApprovalEscalated { request, added, at, .. } => {
                    let kept = &self.requests[request];
                    must(kept.due.is_some_and(|due| at.0 >= due), "nothing escalates before it is due")?;
                    must(!added.is_empty(), "an escalation adds somebody")?;
                }
                Event::ApprovalExpired { request, at } | Event::ApprovalReminded { request, at, .. } => {
                    must(self.requests[request].due.is_some_and(|due| at.0 >= due), "nothing ends before it is due")?;
                }
                Event::ApprovalCompleted { request, approved: true } => {
                    let kept = &self.requests[request];
                    for (step, yes) in kept.requested.steps.iter().zip(&kept.yes) {
                        must(yes.len() >= usize::try_from(step.needed).unwrap(), "every step has as many approvals as it takes")?;
                    }
                }
                Event::ApprovalRequested(requested) => {
                    let draft = &self.drafts[&requested.draft];
                    for step in &requested.steps {
                        let count = u32::try_from(step.eligible.len()).unwrap();
                        let needed = match step.step.mode {
                            Mode::Single => 1,
                            Mode::Multiple(needed) => needed,
                            Mode::Unanimous => count,
                            Mode::Majority | Mode::Veto => count / 2 + 1,
                        };
                        must(step.needed == needed && needed <= count && count > 0, "enough are asked for what it takes")?;
                        let stranger = |who: &ledger_core::Text| !draft.strangers_not.contains(who.as_str());
                        must(requested.self_approval || step.eligible.iter().all(stranger), "no preparer is asked")?;
                    }
                }
                Event::Drafted(drafted) => {
                    if let Some(ai) = drafted.source.ai() {
                        let (agent, suspended) = &self.agents[usize::try_from(ai.agent.get() - 1).unwrap()];
                        let spent = self.spent.get(&(ai.agent.get(), Self::month(drafted.at.0))).copied().unwrap_or(0);
                        must(!suspended, "a suspended agent does not draft")?;
                        let budget = agent.budget.and_then(ledger_core::approvals::Cost::of);
                        must(budget.is_none_or(|budget| spent < budget.0), "an agent whose month is spent does not draft")?;
                    }
                }
                _ => {}
            }
            self.keep_at(seq, event);
        }
        self.seq += events.len() as u64;
        Ok(())
    }

    fn lawful(&self, seq: u64, route: Route, request: Option<u64>, four_eyes: bool, actor: &Actor) -> Verdict {
        let draft = &self.drafts[&seq];
        let drafted = &draft.drafted;
        let covering = self.covering(drafted.content.subject(), drafted.amount, drafted.source.kind(), drafted.confidence);
        let is_policy = drafted.content.subject() == Subject::Policy && self.ever;
        match route {
            Route::Direct => {
                must(actor.kind != ActorKind::Agent, "an agent carries nothing out")?;
                must(covering.is_none() && drafted.source.ai().is_none() && !is_policy, "without approval only what needs none")?;
                must(!four_eyes, "nobody else saw it")
            }
            Route::Auto => {
                let ai = drafted.source.ai().ok_or("only agents' drafts post themselves")?;
                let (agent, _) = &self.agents[usize::try_from(ai.agent.get() - 1).unwrap()];
                let autonomy = &agent.autonomy;
                must(autonomy.auto_post && covering.is_none() && !is_policy, "posting alone is opted in, and no policy covers it")?;
                must(drafted.confidence.is_some_and(|confidence| confidence >= autonomy.confidence), "it is certain enough")?;
                must(
                    rust_decimal::Decimal::from(drafted.amount) <= autonomy.cap * rust_decimal::Decimal::ONE_HUNDRED,
                    "it is small enough",
                )?;
                let known = self.approved_patterns.get(&pattern(&drafted.content)).copied().unwrap_or(0);
                must(known >= autonomy.approvals, "people approved it often enough")?;
                must(!four_eyes, "nobody else saw it")
            }
            Route::Approved | Route::Overridden => {
                must(actor.kind != ActorKind::Agent, "an agent carries nothing out")?;
                let request = self.requests.get(&request.ok_or("an approved draft names its request")?).ok_or("that was made")?;
                must(!request.ended, "a request that ended approves nothing")?;
                must(request.requested.draft == seq && request.requested.hash == drafted.hash, "what was approved is what is posted")?;
                must(request.requested.hash == drafted.content.hash(), "the hash is of the content")?;
                let mut approvers: BTreeSet<&String> = request.yes.iter().flatten().collect();
                approvers.extend(&request.overridden);
                if route == Route::Overridden {
                    must(request.requested.allow_override && request.overridden.is_some(), "past the steps where that is allowed")?;
                } else {
                    must(request.approved, "every step approved it")?;
                }
                let others = approvers.iter().any(|by| !draft.strangers_not.contains(by.as_str()));
                must(four_eyes == others, "four eyes are somebody else's as well")?;
                must(others || request.requested.self_approval, "alone only where the policy says so")
            }
        }
    }

    fn keep(&mut self, event: &Event) {
        self.keep_at(self.seq, event);
    }

    fn keep_at(&mut self, seq: u64, event: &Event) {
        match event {
            Event::AgentRegistered(agent) => self.agents.push(((**agent).clone(), false)),
            Event::AgentChanged(agent) => self.agents[usize::try_from(agent.no.get() - 1).unwrap()].0 = (**agent).clone(),
            Event::AgentStatusSet { agent, suspended, .. } => self.agents[usize::try_from(agent.get() - 1).unwrap()].1 = *suspended,
            Event::AgentRan(run) => {
                let cost = ledger_core::approvals::Cost::of(run.cost).unwrap().0;
                *self.spent.entry((run.agent.get(), Self::month(run.at.0))).or_default() += cost;
            }
            Event::Drafted(drafted) => {
                let mut strangers_not = BTreeSet::from([drafted.by.to_string()]);
                strangers_not.extend(drafted.source.ai().and_then(|ai| ai.acted_for.as_ref()).map(ToString::to_string));
                self.drafts.insert(seq, Draft { drafted: (**drafted).clone(), strangers_not, ended: false });
            }
            Event::DraftCorrected(correction) => {
                let draft = self.drafts.get_mut(&correction.draft).unwrap();
                (draft.drafted.content, draft.drafted.hash) = (correction.content.clone(), correction.hash);
                draft.drafted.amount = correction.amount;
                draft.strangers_not.insert(correction.by.to_string());
                // An edit ends every request of the draft, whether or not the ledger says so.
                self.requests
                    .values_mut()
                    .filter(|request| request.requested.draft == correction.draft)
                    .for_each(|request| request.ended = true);
            }
            Event::DraftRejected { draft, .. } | Event::DraftWithdrawn { draft, .. } => self.drafts.get_mut(draft).unwrap().ended = true,
            Event::DraftPosted(posted) => {
                let draft = self.drafts.get_mut(&posted.draft).unwrap();
                draft.ended = true;
                if matches!(posted.route, Route::Approved | Route::Overridden) {
                    *self.approved_patterns.entry(pattern(&draft.drafted.content)).or_default() += 1;
                }
            }
            Event::ApprovalPolicySet(policy) => {
                self.ever = true;
                self.policies.insert(policy.terms.code.to_string(), policy.terms.clone());
            }
            _ => self.keep_request(seq, event),
        }
    }

    fn keep_request(&mut self, seq: u64, event: &Event) {
        match event {
            Event::ApprovalRequested(requested) => {
                let may: Vec<BTreeSet<String>> =
                    requested.steps.iter().map(|step| step.eligible.iter().map(ToString::to_string).collect()).collect();
                let nobody = vec![BTreeSet::new(); may.len()];
                let due = requested.steps[0].step.due.map(|due| requested.at.0 + i64::try_from(due).unwrap() * 1_000_000);
                let (yes, no) = (nobody.clone(), nobody);
                let request =
                    Request { requested: (**requested).clone(), may, yes, no, due, overridden: None, ended: false, approved: false };
                self.requests.insert(seq, request);
            }
            Event::ApprovalVoted(voted) => {
                let request = self.requests.get_mut(&voted.request).unwrap();
                let step = usize::try_from(voted.step - 1).unwrap();
                let votes = if voted.vote == Vote::Approve { &mut request.yes } else { &mut request.no };
                votes[step].insert(voted.by.to_string());
                let enough = request.yes[step].len() >= usize::try_from(request.requested.steps[step].needed).unwrap();
                if let (true, Some(next)) = (enough, request.requested.steps.get(step + 1)) {
                    request.due = next.step.due.map(|due| voted.at.0 + i64::try_from(due).unwrap() * 1_000_000);
                }
            }
            Event::ApprovalDelegated { request, from, to, .. } => {
                let request = self.requests.get_mut(request).unwrap();
                let current = request.current();
                assert!(request.may[current].remove(from.as_str()), "who hands a vote on has one");
                request.may[current].insert(to.to_string());
            }
            Event::ApprovalEscalated { request, added, due, .. } => {
                let request = self.requests.get_mut(request).unwrap();
                request.due = Some(due.0);
                let current = request.current();
                assert!(matches!(request.requested.steps[current].step.on_timeout, OnTimeout::Escalate { .. }));
                request.may[current].extend(added.iter().map(ToString::to_string));
            }
            Event::ApprovalReminded { request, due, .. } => self.requests.get_mut(request).unwrap().due = Some(due.0),
            Event::ApprovalExpired { request, .. }
            | Event::ApprovalInvalidated { request, .. }
            | Event::ApprovalCompleted { request, approved: false } => self.requests.get_mut(request).unwrap().ended = true,
            Event::ApprovalCompleted { request, approved: true } => self.requests.get_mut(request).unwrap().approved = true,
            Event::ApprovalOverridden { request, by, .. } => {
                let request = self.requests.get_mut(request).unwrap();
                (request.overridden, request.approved) = (Some(by.to_string()), true);
            }
            _ => {}
        }
    }
}
