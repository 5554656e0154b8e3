//! Webhooks: an organization's events, sent to the addresses that it names.
//!
//! [`worker`] decides what is sent when, [`deliver`] sends it, [`sign`] signs it and [`address`] says where it may go. How far
//! each endpoint was told is kept by `ledger_store::webhooks`; routes are in `routes/webhooks.rs`.
//!
//! A message says that something happened and where to read it, not what is in it: no amounts, names or texts leave by this
//! way. Its id is the same in every attempt, so that a receiver can tell a repetition.

pub mod address;
pub mod deliver;
pub mod sign;
pub mod worker;

use std::time::Duration;

use anyhow::Context;
use chrono::{DateTime, SecondsFormat, Utc};
use ledger_core::Timestamp;
use ledger_core::chain::Commit;
use ledger_core::event::Recorded;
use serde_json::json;
use tokio::sync::Semaphore;
use uuid::Uuid;

pub use self::address::{AddressRefused, AddressRules, Network};
pub use self::deliver::{Message, Sender, Sent, Verdict};
pub use self::worker::Worker;

/// The type of messages that are sent to try an endpoint out.
pub const TEST_EVENT: &str = "webhook.test";

/// How long a failing event is tried: the waits before the first and each further attempt.
pub const SCHEDULE: [Duration; 10] = [
    Duration::ZERO,
    Duration::from_secs(5),
    Duration::from_secs(5 * 60),
    Duration::from_secs(30 * 60),
    Duration::from_secs(2 * 3_600),
    Duration::from_secs(5 * 3_600),
    Duration::from_secs(10 * 3_600),
    Duration::from_secs(14 * 3_600),
    Duration::from_secs(20 * 3_600),
    Duration::from_secs(24 * 3_600),
];

/// Every type of event that an endpoint can ask for, as the stream names them.
pub const EVENT_TYPES: [&str; 65] = [
    "AccountActivitySet",
    "AccountChanged",
    "AccountConditionsSet",
    "AccountOpened",
    "AccountStatusChanged",
    "ActorRegistered",
    "AgentChanged",
    "AgentCostsBooked",
    "AgentRan",
    "AgentRegistered",
    "AgentStatusSet",
    "AllocationReversed",
    "ApprovalCompleted",
    "ApprovalDelegated",
    "ApprovalEscalated",
    "ApprovalExpired",
    "ApprovalInvalidated",
    "ApprovalOverridden",
    "ApprovalPolicySet",
    "ApprovalReminded",
    "ApprovalRequested",
    "ApprovalVoted",
    "AutoPostingStopped",
    "BillDrafted",
    "BillReceived",
    "CommissionAccrued",
    "CommissionAssigned",
    "CommissionClawedBack",
    "CommissionPlanDefined",
    "CommissionsPaidOut",
    "CommodityDefined",
    "ControlAccountSet",
    "CreditNoteIssued",
    "DebitNoteIssued",
    "DeferralCancelled",
    "DeferralScheduled",
    "DeferralsRecognised",
    "DraftCorrected",
    "DraftPosted",
    "DraftRejected",
    "DraftWithdrawn",
    "EntryDrafted",
    "EntryPosted",
    "EntryReversed",
    "ExpenseClaimed",
    "InvoiceIssued",
    "ItemsAllocated",
    "ItemsRevalued",
    "OrderReceived",
    "OrganizationCreated",
    "PartyChanged",
    "PartyRegistered",
    "PaymentDrafted",
    "PaymentReceived",
    "PaymentSent",
    "PayoutDrafted",
    "PeriodClosed",
    "PeriodReopened",
    "PolicyDrafted",
    "RateRecorded",
    "RefundPaid",
    "ReopeningDrafted",
    "RevaluationReversed",
    "TaxCodeDefined",
    "WrittenOff",
];

/// Tests of endpoints that are under way at the same time.
const TESTS: usize = 8;

/// What requests need of webhooks.
#[derive(Debug)]
pub struct Webhooks {
    /// Sends messages.
    pub sender: Sender,
    /// Room for tests.
    pub tests: Semaphore,
}

impl Webhooks {
    /// A sender as configured.
    ///
    /// # Errors
    /// When nothing can be sent by HTTP from this machine.
    pub fn new(config: &WebhooksConfig) -> anyhow::Result<Self> {
        let sender = Sender::new(config.addresses.clone(), config.timeout).context("webhooks cannot be sent from this machine")?;
        Ok(Self { sender, tests: Semaphore::new(TESTS) })
    }
}

/// How webhooks are sent.
#[derive(Clone, Debug)]
pub struct WebhooksConfig {
    /// Whether this process sends any.
    pub enabled: bool,
    /// Where they may go.
    pub addresses: AddressRules,
    /// How long one attempt may take.
    pub timeout: Duration,
    /// The waits before the first and each further attempt.
    pub schedule: Vec<Duration>,
    /// Endpoints that are told at the same time.
    pub parallel: usize,
    /// How often endpoints are looked for that nobody gave a hint of.
    pub sweep: Duration,
    /// How long a process that says nothing keeps an endpoint from others; longer than an attempt may take.
    pub lease: Duration,
}

impl Default for WebhooksConfig {
    fn default() -> Self {
        Self {
            enabled: true,
            addresses: AddressRules::default(),
            timeout: Duration::from_secs(15),
            schedule: SCHEDULE.to_vec(),
            parallel: 32,
            sweep: Duration::from_secs(1),
            lease: Duration::from_secs(60),
        }
    }
}

/// The message about an event.
fn message_of(endpoint: Uuid, commit: &Commit, recorded: &Recorded) -> Message {
    let event_type = recorded.event.type_name();
    let body = json!({
        "type": event_type,
        "timestamp": rfc3339(recorded.recorded_at),
        "data": {
            "organization": commit.header.org,
            "seq": recorded.seq,
            "id": recorded.id,
            "hash": blake3::Hash::from_bytes(commit.hash).to_hex().as_str(),
            "first_seq": commit.header.first_seq,
            "event_count": commit.header.event_count,
        },
    });
    Message { id: format!("msg_{}_{}", endpoint.simple(), recorded.seq), event_type: event_type.to_owned(), body: body.to_string() }
}

/// A message that says nothing, to try an endpoint out.
#[must_use]
pub fn test_message(org: Uuid, endpoint: Uuid, now: DateTime<Utc>) -> Message {
    let body = json!({
        "type": TEST_EVENT,
        "timestamp": now.to_rfc3339_opts(SecondsFormat::Micros, true),
        "data": { "organization": org, "endpoint": endpoint },
    });
    Message { id: format!("msg_{}", Uuid::now_v7().simple()), event_type: TEST_EVENT.to_owned(), body: body.to_string() }
}

fn rfc3339(time: Timestamp) -> String {
    DateTime::from_timestamp_micros(time.0).unwrap_or_default().to_rfc3339_opts(SecondsFormat::Micros, true)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The names as the core spells them, read from its source: a type that is added there and not here is found.
    #[test]
    fn every_type_of_event_can_be_asked_for() {
        let event = include_str!("../../../../ledger-core/src/event.rs");
        let names = event.split("pub fn type_name").nth(1).unwrap().split("\n    }\n").next().unwrap();
        let document = include_str!("../../../../ledger-core/src/subledger/document.rs");
        let documents = document.split("fn event_name(self)").nth(1).unwrap().split("\n    }\n").next().unwrap();
        let mut all: Vec<&str> = [names, documents].into_iter().flat_map(|text| text.split('"').skip(1).step_by(2)).collect();
        all.sort_unstable();
        assert_eq!(all, EVENT_TYPES);
    }

    #[test]
    fn the_schedule_lasts_three_days() {
        let total: Duration = SCHEDULE.iter().sum();
        assert_eq!(total, Duration::from_secs((75 * 60 + 35) * 60 + 5));
    }
}
