//! Drafts: what is proposed, by whom and why.

use ledger_core::approvals::Proposal;
use ledger_core::{Command, Text};
use serde::Deserialize;
use utoipa::ToSchema;

use super::body::Fault;
use super::commissions::NewCommissionPayout;
use super::documents::{NewDocument, NewOrderInvoice};
use super::entries::NewEntry;
use super::objects::only_objects;
use super::payments::NewPayment;
use super::policies::NewPolicy;
use super::scalars::{MonthKey, Plain, Rate};

only_objects!(NewDraft, DraftingAgent, NewDraftReopening, NewDraftCorrection, DraftReason, DraftRemark);

/// A proposal. Exactly one of `entry`, `bill`, `ordered_bill`, `payment`, `payout`, `reopening` and `policy` says of what. What
/// could not be carried out now is refused as if it were.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, remote = "Self")]
#[schema(example = json!({
    "entry": {
        "effective_date": "2026-03-31", "description": "Rent March",
        "lines": [
            {"account": "6100", "direction": "debit", "amount": "1200.00"},
            {"account": "1000", "direction": "credit", "amount": "1200.00"}
        ]
    },
    "rationale": "the landlord's invoice of 28 March", "evidence": ["document:INV-2203"], "confidence": "0.92", "kind": "rent"
}))]
pub struct NewDraft {
    /// A journal entry, without an external id.
    pub entry: Option<NewEntry>,
    /// A bill or an expense claim, as at `/documents`.
    pub bill: Option<NewDocument>,
    /// An order given to a vendor that becomes a bill, as at `/order-invoices`.
    pub ordered_bill: Option<NewOrderInvoice>,
    /// Money sent, as at `/payments`.
    pub payment: Option<NewPayment>,
    /// Commissions that become payable, as at `/commission-payouts`.
    pub payout: Option<NewCommissionPayout>,
    /// A closed month opened again.
    pub reopening: Option<NewDraftReopening>,
    /// An approval policy, or a change of one.
    pub policy: Option<NewPolicy>,
    /// Why it is proposed, for people.
    #[serde(default)]
    pub rationale: Plain,
    /// What it rests on: documents, events, statements. Where no agent proposes it, it is kept with the rationale.
    #[serde(default)]
    #[schema(max_items = 200)]
    pub evidence: Vec<Plain>,
    /// How certain its source is, 0 to 1.
    pub confidence: Option<Rate>,
    /// Which kind of business it is (`rent`, `owner_draw`).
    #[serde(default)]
    pub kind: Plain,
    /// The agent that proposes it. Callers in the role `agent` name one, here or by a key or token of its own.
    pub agent: Option<DraftingAgent>,
}

/// The agent that proposes a draft.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, remote = "Self")]
pub struct DraftingAgent {
    /// Its code.
    pub code: Plain,
    /// The model that it ran on; the one it is registered with where not given.
    pub model: Option<Plain>,
    /// Hash of what it was asked.
    #[schema(value_type = Option<String>, pattern = "^[0-9a-f]{64}$")]
    pub prompt_hash: Option<Plain>,
}

/// A closed month that is to be opened again.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, remote = "Self")]
#[schema(example = json!({"month": "2026-02", "reason": "late invoice of a vendor"}))]
pub struct NewDraftReopening {
    /// The month.
    pub month: MonthKey,
    /// Why.
    pub reason: Plain,
}

/// What is proposed instead, whole and of the same subject. Votes on what it was count no more.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, remote = "Self")]
pub struct NewDraftCorrection {
    /// Why.
    pub reason: Plain,
    /// A journal entry.
    pub entry: Option<NewEntry>,
    /// A bill or an expense claim.
    pub bill: Option<NewDocument>,
    /// An order that becomes a bill.
    pub ordered_bill: Option<NewOrderInvoice>,
    /// Money sent.
    pub payment: Option<NewPayment>,
    /// Commissions that become payable.
    pub payout: Option<NewCommissionPayout>,
    /// A closed month opened again.
    pub reopening: Option<NewDraftReopening>,
    /// An approval policy.
    pub policy: Option<NewPolicy>,
}

/// Why a draft is turned down.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, remote = "Self")]
#[schema(example = json!({"reason": "the invoice was posted on 30 March already"}))]
pub struct DraftReason {
    /// Why.
    pub reason: Plain,
}

/// Why a draft is taken back.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, remote = "Self")]
pub struct DraftRemark {
    /// Why.
    #[serde(default)]
    pub reason: Plain,
}

/// What may be proposed; one of it.
#[derive(Clone, Debug, Default)]
pub struct Parts {
    entry: Option<NewEntry>,
    bill: Option<NewDocument>,
    ordered_bill: Option<NewOrderInvoice>,
    payment: Option<NewPayment>,
    payout: Option<NewCommissionPayout>,
    reopening: Option<NewDraftReopening>,
    policy: Option<NewPolicy>,
}

impl Parts {
    /// What is proposed, and the field that says it.
    ///
    /// # Errors
    /// [`Fault`] where that is nothing, several things, or cannot be.
    pub fn proposal(self, functional: &Text) -> Result<(&'static str, Proposal), Fault> {
        let mut found: Vec<(&'static str, Proposal)> = Vec::new();
        let mut commanded = |name: &'static str, command: Option<Result<Command, Fault>>| -> Result<(), Fault> {
            let Some(command) = command else { return Ok(()) };
            let proposal = match command.map_err(|fault| fault.within(&format!("/{name}")))? {
                Command::PostEntry(draft) => Proposal::Entry(Box::new(draft)),
                Command::RecordDocument(draft) => Proposal::Bill(draft),
                Command::InvoiceOrder(invoice) => Proposal::OrderedBill(invoice),
                Command::RecordPayment(payment) => Proposal::Payment(payment),
                Command::PayOutCommissions(pay) => Proposal::Payout(pay),
                Command::ReopenPeriod { month, reason } => Proposal::Reopening { month, reason },
                _ => return Err(Fault::at(format!("/{name}"), "cannot be drafted")),
            };
            found.push((name, proposal));
            Ok(())
        };
        commanded("entry", self.entry.map(|entry| Ok(entry.command(functional))))?;
        commanded("bill", self.bill.map(NewDocument::command))?;
        commanded("ordered_bill", self.ordered_bill.map(NewOrderInvoice::command))?;
        commanded("payment", self.payment.map(NewPayment::command))?;
        commanded("payout", self.payout.map(|payout| Ok(payout.command())))?;
        let reopening = |asked: NewDraftReopening| Command::ReopenPeriod { month: asked.month.0, reason: asked.reason.0 };
        commanded("reopening", self.reopening.map(|asked| Ok(reopening(asked))))?;
        if let Some(policy) = self.policy {
            found.push(("policy", Proposal::Policy(Box::new(policy.terms(None).map_err(|fault| fault.within("/policy"))?))));
        }
        let several = found.len() > 1;
        let one = found.pop().filter(|_| !several);
        one.ok_or_else(|| {
            Fault::at("", "exactly one of entry, bill, ordered_bill, payment, payout, reopening and policy says what is proposed")
        })
    }
}

impl NewDraft {
    /// What it proposes; nothing of that is left in it.
    pub fn take(&mut self) -> Parts {
        Parts {
            entry: self.entry.take(),
            bill: self.bill.take(),
            ordered_bill: self.ordered_bill.take(),
            payment: self.payment.take(),
            payout: self.payout.take(),
            reopening: self.reopening.take(),
            policy: self.policy.take(),
        }
    }
}

impl NewDraftCorrection {
    /// Why, and what is proposed instead.
    #[must_use]
    pub fn split(self) -> (Text, Parts) {
        let Self { reason, entry, bill, ordered_bill, payment, payout, reopening, policy } = self;
        (reason.0, Parts { entry, bill, ordered_bill, payment, payout, reopening, policy })
    }
}
