//! From events to what happens to drafts, purely.

use ledger_core::approvals::{AgentNo, Drafted, Posted, Proposal};
use ledger_core::event::Recorded;
use ledger_core::{Event, Seq};

use super::events::Links;
use super::rows::{Change, Row};
use crate::amounts::{hex, recorded_at, value};
use crate::chart::Chart;
use crate::error::to_i64;
use crate::evolving::Steps;

/// What happens to drafts, in the order of history.
#[derive(Clone, Debug, Default)]
pub(crate) struct Drafts {
    pub(crate) steps: Steps<Row, Change>,
    pub(super) links: Links,
}

impl Drafts {
    /// Adds what follows from an event.
    pub(crate) fn add(&mut self, chart: &Chart, event: &Recorded) -> Result<(), String> {
        match &event.event {
            Event::Drafted(drafted) => self.steps.begin(to_i64(event.seq), row(chart, event, drafted)?),
            Event::DraftCorrected(correction) => {
                let change = Change::Corrected {
                    subject_no: number_of(&correction.content, correction.draft),
                    amount: value(chart, correction.amount)?,
                    hash: hex(&correction.hash),
                };
                self.steps.change(to_i64(correction.draft), change);
            }
            Event::ApprovalRequested(requested) => self.steps.change(to_i64(requested.draft), Change::Requested(to_i64(event.seq))),
            Event::DraftRejected { draft, by, reason } | Event::DraftWithdrawn { draft, by, reason } => {
                let status = if matches!(event.event, Event::DraftRejected { .. }) { "rejected" } else { "withdrawn" };
                let change = Change::Ended { status, at: recorded_at(event)?, by: by.to_string(), reason: reason.to_string() };
                self.steps.change(to_i64(*draft), change);
            }
            Event::DraftPosted(posted) => self.steps.change(to_i64(posted.draft), change_of(event, posted)?),
            _ => {}
        }
        Ok(())
    }
}

fn change_of(event: &Recorded, posted: &Posted) -> Result<Change, String> {
    Ok(Change::Posted {
        at: recorded_at(event)?,
        seq: to_i64(posted.event),
        route: posted.route.as_str(),
        four_eyes: posted.four_eyes,
        by: (!posted.approvers.is_empty()).then(|| posted.approvers.join(", ")),
    })
}

fn row(chart: &Chart, event: &Recorded, drafted: &Drafted) -> Result<Row, String> {
    let ai = drafted.source.ai();
    Ok(Row {
        seq: to_i64(event.seq),
        drafted_at: recorded_at(event)?,
        subject: drafted.content.subject().as_str().to_owned(),
        subject_no: number_of(&drafted.content, event.seq),
        source: drafted.source.kind().as_str().to_owned(),
        agent_no: ai.map(|ai| agent_i32(ai.agent)),
        model: ai.map(|ai| ai.model.to_string()),
        actor_no: i32::try_from(event.actor.0).unwrap_or(i32::MAX),
        proposed_by: drafted.by.to_string(),
        acted_for: ai.and_then(|ai| ai.acted_for.as_ref()).map(ToString::to_string),
        business: drafted.kind.to_string(),
        confidence: drafted.confidence.map(|sure| sure.normalize()),
        rationale: drafted.rationale.to_string(),
        amount: value(chart, drafted.amount)?,
        hash: hex(&drafted.hash),
        corrections: 0,
        request_seq: None,
        status: "waiting".to_owned(),
        decided_at: None,
        decided_by: None,
        reason: None,
        posted_seq: None,
        route: None,
        four_eyes: None,
    })
}

pub(crate) fn agent_i32(no: AgentNo) -> i32 {
    i32::try_from(no.get()).unwrap_or(i32::MAX)
}

/// The number by which people know it, where it has one already.
fn number_of(content: &Proposal, draft: Seq) -> String {
    let own = match content {
        Proposal::Entry(_) => None,
        Proposal::Bill(bill) => bill.number.as_ref().map(ToString::to_string),
        Proposal::OrderedBill(invoice) => Some(invoice.order.to_string()),
        Proposal::Payout(pay) => Some(pay.number.to_string()),
        Proposal::Payment(payment) => payment.number.as_ref().map(ToString::to_string),
        Proposal::Reopening { month, .. } => Some(month.to_string()),
        Proposal::Policy(terms) => Some(terms.code.to_string()),
    };
    own.unwrap_or_else(|| format!("draft-{draft}"))
}
