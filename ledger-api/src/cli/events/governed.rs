//! Agents, drafts and approvals as JSON. What is proposed is a map of its fields by name, as corrections tell them.

use ledger_core::approvals::{
    Agent, AgentNo, AgentRun, DraftSource, Drafted, Mode, OnTimeout, PolicyTerms, Posted, Proposal, Requested, Step, Voted,
};
use ledger_core::{Event, Text, Timestamp};
use serde_json::{Map, Value, json};

use super::super::moment::show_time;
use super::decoded::Decoder;

fn strings(texts: &[Text]) -> Vec<&str> {
    texts.iter().map(Text::as_str).collect()
}

/// A hash as it is shown: hexadecimal.
pub(crate) fn hex(hash: &[u8]) -> String {
    hash.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn text(value: Option<&Text>) -> Option<&str> {
    value.map(Text::as_str)
}

/// What is proposed: its subject and its fields.
pub(crate) fn proposal_json(proposal: &Proposal) -> Value {
    let fields: Map<String, Value> =
        proposal.fields().into_iter().map(|(field, value)| (field.to_string(), json!(value.as_str()))).collect();
    json!({ "subject": proposal.subject().as_str(), "fields": fields })
}

/// What a policy says.
pub(crate) fn policy_json(terms: &PolicyTerms) -> Value {
    let when = &terms.when;
    json!({
        "policy": terms.code.as_str(),
        "subjects": terms.subjects.iter().map(|subject| subject.as_str()).collect::<Vec<_>>(),
        "when": {
            "amount_from": when.amount_from.map(|amount| amount.to_string()),
            "account_types": when.account_types.iter().map(|kind| kind.as_str()).collect::<Vec<_>>(),
            "sources": when.sources.iter().map(|source| source.as_str()).collect::<Vec<_>>(),
            "confidence_below": when.confidence_below.map(|below| below.to_string()),
            "periods": when.periods.iter().map(|status| status.as_str()).collect::<Vec<_>>(),
        },
        "steps": terms.steps.iter().map(step_json).collect::<Vec<_>>(),
        "rank": terms.rank, "self_approval": terms.self_approval, "allow_override": terms.allow_override, "active": terms.active,
    })
}

/// A step of a policy.
pub(crate) fn step_json(step: &Step) -> Value {
    let count = if let Mode::Multiple(count) = step.mode { Some(count) } else { None };
    let on_timeout = match &step.on_timeout {
        OnTimeout::Escalate { to, due } => json!({ "escalate": strings(to), "due_seconds": due }),
        OnTimeout::Reject => json!("reject"),
        OnTimeout::Remind => json!("remind"),
    };
    json!({
        "mode": step.mode.as_str(), "count": count, "eligible": strings(&step.eligible), "min_aal": step.min_aal,
        "due_seconds": step.due, "on_timeout": on_timeout,
    })
}

impl Decoder<'_> {
    /// What was done about agents, drafts and approvals; nothing for any other event.
    pub(super) fn governed(&self, event: &Event) -> Value {
        match event {
            Event::AgentRegistered(agent) | Event::AgentChanged(agent) => self.agent_json(agent),
            Event::AgentStatusSet { agent, suspended, reason } => {
                json!({ "agent": self.agent_code(*agent), "suspended": suspended, "reason": reason.as_str() })
            }
            Event::AgentRan(run) => self.run_json(run),
            Event::AgentCostsBooked { agent, month, booked, carried, entry } => {
                let currency = self.book.agent(*agent).map(|kept| kept.agent.currency);
                let costs = json!({
                    "agent": self.agent_code(*agent), "month": month.to_string(), "currency": currency.map(|currency| self.code(currency)),
                    "booked": currency.map(|currency| self.amount(*booked, currency)), "carried": carried.to_string(),
                });
                self.with_entry(costs, Some(entry))
            }
            Event::AutoPostingStopped { agent, rejected, window } => {
                json!({ "agent": self.agent_code(*agent), "rejected": rejected, "window": window })
            }
            Event::Drafted(drafted) => self.drafted_json(drafted),
            Event::DraftCorrected(correction) => {
                let change = |change: &ledger_core::approvals::FieldChange| json!({ "field": change.field.as_str(), "before": change.before.as_str(), "after": change.after.as_str() });
                json!({
                    "draft": correction.draft, "hash": hex(&correction.hash), "by": correction.by.as_str(), "reason": correction.reason.as_str(),
                    "functional_amount": self.functional(correction.amount), "changes": correction.changes.iter().map(change).collect::<Vec<_>>(),
                })
            }
            Event::DraftRejected { draft, by, reason } | Event::DraftWithdrawn { draft, by, reason } => {
                json!({ "draft": draft, "by": by.as_str(), "reason": reason.as_str() })
            }
            Event::DraftPosted(posted) => posted_json(posted),
            other => self.approval(other),
        }
    }

    fn approval(&self, event: &Event) -> Value {
        match event {
            Event::ApprovalPolicySet(policy) => {
                let mut told = policy_json(&policy.terms);
                if let Some(map) = told.as_object_mut() {
                    map.insert("version".into(), json!(policy.version));
                }
                told
            }
            Event::ApprovalRequested(requested) => self.requested_json(requested),
            Event::ApprovalVoted(voted) => voted_json(voted),
            Event::ApprovalDelegated { request, from, to, at } => {
                json!({ "request": request, "from": from.as_str(), "to": to.as_str(), "at": show_time(*at) })
            }
            Event::ApprovalEscalated { request, added, due, at } => {
                json!({ "request": request, "added": strings(added), "due_at": show_time(*due), "at": show_time(*at) })
            }
            Event::ApprovalReminded { request, due, at } => {
                json!({ "request": request, "due_at": show_time(*due), "at": show_time(*at) })
            }
            Event::ApprovalExpired { request, at } => json!({ "request": request, "at": show_time(*at) }),
            Event::ApprovalCompleted { request, approved } => json!({ "request": request, "approved": approved }),
            Event::ApprovalInvalidated { request, reason } => json!({ "request": request, "reason": reason.as_str() }),
            Event::ApprovalOverridden { request, by, reason, hash, at } => json!({
                "request": request, "by": by.as_str(), "reason": reason.as_str(), "hash": hex(hash), "at": show_time(*at),
            }),
            _ => Value::Null,
        }
    }

    fn agent_code(&self, no: AgentNo) -> String {
        self.book.agent(no).map_or_else(|| format!("#{}", no.get()), |kept| kept.agent.code.to_string())
    }

    /// An agent as it is registered.
    pub(crate) fn agent_json(&self, agent: &Agent) -> Value {
        let autonomy = &agent.autonomy;
        json!({
            "agent": agent.code.as_str(), "name": agent.name.as_str(), "agent_type": agent.kind.as_str(), "model": agent.model.as_str(),
            "configuration": agent.configuration.as_str(), "capabilities": strings(&agent.capabilities), "tools": strings(&agent.tools),
            "autonomy": {
                "auto_post": autonomy.auto_post, "cap": autonomy.cap.to_string(), "confidence": autonomy.confidence.to_string(),
                "approvals": autonomy.approvals, "always_people": strings(&autonomy.always_people),
                "sample_percent": autonomy.sample_percent.to_string(), "window": autonomy.window,
                "rejected_percent": autonomy.rejected_percent.to_string(),
            },
            "currency": self.code(agent.currency), "budget": agent.budget.map(|budget| budget.to_string()),
            "expense": agent.expense.map(|no| self.account(no)), "accrued": agent.accrued.map(|no| self.account(no)),
        })
    }

    fn run_json(&self, run: &AgentRun) -> Value {
        let currency = self.book.agent(run.agent).map(|kept| self.code(kept.agent.currency));
        json!({
            "agent": self.agent_code(run.agent), "model": run.model.as_str(), "at": show_time(run.at), "tokens_in": run.tokens_in,
            "tokens_out": run.tokens_out, "cost": run.cost.to_string(), "currency": currency, "latency_ms": run.latency_ms,
            "outcome": run.outcome.as_str(), "error": text(run.error.as_ref()), "confidence": run.confidence.map(|sure| sure.to_string()),
            "evidence": strings(&run.evidence), "acted_for": text(run.acted_for.as_ref()),
            "conversation": run.conversation.map(|id| id.to_string()),
        })
    }

    /// Where a draft comes from.
    pub(crate) fn source_json(&self, source: &DraftSource) -> Value {
        match source {
            DraftSource::Person => json!({ "kind": "person" }),
            DraftSource::Import { channel } => json!({ "kind": "import", "channel": channel.as_str() }),
            DraftSource::Ai(ai) => json!({
                "kind": "ai", "agent": self.agent_code(ai.agent), "model": ai.model.as_str(), "prompt_hash": hex(&ai.prompt_hash),
                "evidence": strings(&ai.evidence), "acted_for": text(ai.acted_for.as_ref()),
            }),
        }
    }

    fn drafted_json(&self, drafted: &Drafted) -> Value {
        json!({
            "content": proposal_json(&drafted.content), "hash": hex(&drafted.hash), "source": self.source_json(&drafted.source),
            "by": drafted.by.as_str(), "business": drafted.kind.as_str(), "confidence": drafted.confidence.map(|sure| sure.to_string()),
            "rationale": drafted.rationale.as_str(), "at": show_time(drafted.at), "functional_amount": self.functional(drafted.amount),
        })
    }

    fn requested_json(&self, requested: &Requested) -> Value {
        let step = |step: &ledger_core::approvals::RequestedStep| json!({ "step": step_json(&step.step), "eligible": strings(&step.eligible), "needed": step.needed });
        let facts = &requested.facts;
        json!({
            "draft": requested.draft, "hash": hex(&requested.hash), "policy": requested.policy.as_ref().map(|(code, _)| code.as_str()),
            "policy_version": requested.policy.as_ref().map(|(_, version)| version), "subject": facts.subject.as_str(),
            "functional_amount": self.functional(facts.amount), "source": facts.source.as_str(),
            "steps": requested.steps.iter().map(step).collect::<Vec<_>>(), "self_approval": requested.self_approval,
            "allow_override": requested.allow_override, "by": requested.by.as_str(), "at": show_time(requested.at),
        })
    }
}

fn posted_json(posted: &Posted) -> Value {
    json!({
        "draft": posted.draft, "event": posted.event, "route": posted.route.as_str(), "request": posted.request,
        "four_eyes": posted.four_eyes, "approvers": strings(&posted.approvers),
    })
}

fn voted_json(voted: &Voted) -> Value {
    let at: Timestamp = voted.at;
    json!({
        "request": voted.request, "step": voted.step, "by": voted.by.as_str(), "seat": voted.seat.as_str(), "vote": voted.vote.as_str(),
        "comment": voted.comment.as_str(), "hash": hex(&voted.hash), "at": show_time(at),
    })
}
