//! The JSON of webhooks: what is asked, and what is shown.

use chrono::{DateTime, SecondsFormat, Utc};
use ledger_store::webhooks::{Attempt, DeadLetter, DeadStatus, Endpoint, EndpointStatus};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

/// Whether an endpoint is told of events.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum WebhookStatus {
    /// It is.
    Active,
    /// It is not; events wait for it.
    Disabled,
}

impl From<WebhookStatus> for EndpointStatus {
    fn from(status: WebhookStatus) -> Self {
        match status {
            WebhookStatus::Active => Self::Active,
            WebhookStatus::Disabled => Self::Disabled,
        }
    }
}

/// An endpoint to create.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewWebhook {
    /// Where messages are sent by POST: `https`, a public address, without user name or fragment.
    #[schema(max_length = 2000, example = "https://example.com/ledger")]
    pub url: String,
    /// What it is for.
    #[serde(default)]
    #[schema(max_length = 1000)]
    pub description: String,
    /// Types of events that it wants, as `/events` names them; none means all, also those that come with later versions.
    #[serde(default)]
    #[schema(max_items = 100, example = json!(["EntryPosted", "EntryReversed"]))]
    pub event_types: Vec<String>,
    /// It is told of the events after this one; by default of those that follow its creation. 0 tells it of all history.
    #[schema(nullable = false)]
    pub after_seq: Option<u64>,
    /// What messages are signed with, `whsec_` and 24 to 64 bytes in base64; made here by default.
    #[schema(nullable = false)]
    pub secret: Option<String>,
}

/// What is changed of an endpoint. What is left out stays as it is.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ChangedWebhook {
    /// Where messages are sent from now on, the one that is being tried included.
    #[schema(nullable = false, max_length = 2000)]
    pub url: Option<String>,
    /// What it is for.
    #[schema(nullable = false, max_length = 1000)]
    pub description: Option<String>,
    /// Types of events that it wants from its next event on; none means all.
    #[schema(nullable = false, max_items = 100)]
    pub event_types: Option<Vec<String>>,
    /// A disabled endpoint goes on where it stopped when it becomes active again.
    #[schema(nullable = false)]
    pub status: Option<WebhookStatus>,
}

/// An endpoint.
#[derive(Debug, Serialize, ToSchema)]
pub struct Webhook {
    /// Its id.
    pub id: Uuid,
    /// Where messages are sent.
    pub url: String,
    /// What it is for.
    pub description: String,
    /// Types of events that it wants; none means all.
    pub event_types: Vec<String>,
    /// Whether it is told of events.
    pub status: WebhookStatus,
    /// Why it is disabled.
    pub status_reason: Option<String>,
    /// When it was created.
    #[schema(format = DateTime)]
    pub created_at: String,
    /// When it was last changed.
    #[schema(format = DateTime)]
    pub updated_at: String,
    /// Every event up to this one is settled: delivered, a dead letter, or of a type that it does not want.
    pub settled_seq: u64,
    /// Failed attempts at the event after it.
    pub attempts: u32,
    /// When that is tried again.
    #[schema(format = DateTime)]
    pub next_attempt_at: Option<String>,
}

/// An endpoint that was created.
#[derive(Debug, Serialize, ToSchema)]
pub struct WebhookCreated {
    /// What its messages are signed with. Shown this once: null where the request is answered again.
    #[schema(example = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")]
    pub secret: Option<String>,
    /// The endpoint.
    pub webhook: Webhook,
}

/// How a secret is replaced.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SecretRotation {
    /// For how many hours messages bear the old secret's signature as well; 24 by default, 0 for not at all.
    #[schema(nullable = false, minimum = 0, maximum = 168)]
    pub overlap_hours: Option<u16>,
    /// The new secret, `whsec_` and 24 to 64 bytes in base64; made here by default.
    #[schema(nullable = false)]
    pub secret: Option<String>,
}

/// A secret that replaces another.
#[derive(Debug, Serialize, ToSchema)]
pub struct Rotated {
    /// What messages are signed with from now on. Shown this once: null where the request is answered again.
    pub secret: Option<String>,
    /// Until when they bear the old one's signature as well.
    #[schema(format = DateTime)]
    pub old_secret_until: String,
}

/// One attempt to deliver a message.
#[derive(Debug, Serialize, ToSchema)]
pub struct Delivery {
    /// The attempt's id.
    pub id: Uuid,
    /// The message's, as its header `webhook-id` says.
    pub message_id: String,
    /// `event`, `replay` of a dead letter, or `test`.
    pub kind: String,
    /// The event; null for a test.
    pub seq: Option<u64>,
    /// Its type.
    pub event_type: String,
    /// The first is 1.
    pub attempt: u32,
    /// When it began.
    #[schema(format = DateTime)]
    pub started_at: String,
    /// How long it took.
    pub duration_ms: u32,
    /// Whether the receiver accepted it: any status of 2xx.
    pub delivered: bool,
    /// What it answered.
    pub http_status: Option<u16>,
    /// Why it was not delivered.
    pub error: Option<String>,
    /// The beginning of what it answered, where it refused.
    pub response: Option<String>,
}

/// Attempts, the latest first.
#[derive(Debug, Serialize, ToSchema)]
pub struct Deliveries {
    /// The attempts.
    pub data: Vec<Delivery>,
    /// For the next page.
    pub next_cursor: Option<String>,
}

/// Which attempts are listed.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct DeliveryParams {
    /// Of this event.
    #[param(nullable = false)]
    pub seq: Option<u64>,
    /// `true`: those that were delivered, `false`: those that were not.
    #[param(nullable = false)]
    pub delivered: Option<bool>,
    /// At most this many, up to 200; 50 by default.
    #[param(nullable = false, minimum = 1, maximum = 200)]
    pub limit: Option<u16>,
    /// Where the page before ended.
    #[param(nullable = false)]
    pub cursor: Option<String>,
}

/// An event that an endpoint did not accept in all its attempts.
#[derive(Debug, Serialize, ToSchema)]
pub struct Dead {
    /// The event.
    pub seq: u64,
    /// Its type.
    pub event_type: String,
    /// `dead`, `queued` to be sent again, or `delivered` since.
    pub status: DeadWord,
    /// Attempts so far.
    pub attempts: u32,
    /// When it was given up.
    #[schema(format = DateTime)]
    pub died_at: String,
    /// What the last attempt was answered.
    pub http_status: Option<u16>,
    /// Why the last attempt failed.
    pub error: Option<String>,
}

/// What is to become of a dead letter.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum DeadWord {
    /// Nothing, until it is asked for.
    Dead,
    /// It is about to be sent again.
    Queued,
    /// It was sent again, and accepted.
    Delivered,
}

/// Dead letters in the order of events.
#[derive(Debug, Serialize, ToSchema)]
pub struct DeadLetters {
    /// The letters.
    pub data: Vec<Dead>,
    /// For the next page.
    pub next_cursor: Option<String>,
}

/// Which dead letters are listed.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct DeadParams {
    /// Those of which this is to become.
    #[param(nullable = false)]
    pub status: Option<DeadWord>,
    /// At most this many, up to 200; 50 by default.
    #[param(nullable = false, minimum = 1, maximum = 200)]
    pub limit: Option<u16>,
    /// Where the page before ended.
    #[param(nullable = false)]
    pub cursor: Option<String>,
}

/// What is sent again.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReplayAsked {
    /// This event's letter; all that are dead by default.
    #[schema(nullable = false)]
    pub seq: Option<u64>,
}

/// What will be sent again.
#[derive(Debug, Serialize, ToSchema)]
pub struct Queued {
    /// How many letters.
    pub queued: u64,
}

/// Every endpoint.
#[derive(Debug, Serialize, ToSchema)]
pub struct Webhooks {
    /// The endpoints, oldest first.
    pub data: Vec<Webhook>,
    /// Always null: an organization has at most 50.
    pub next_cursor: Option<String>,
}

/// As every time is written.
pub(super) fn time(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::Micros, true)
}

fn status_of(status: Option<i16>) -> Option<u16> {
    status.and_then(|status| u16::try_from(status).ok())
}

impl From<Endpoint> for Webhook {
    fn from(endpoint: Endpoint) -> Self {
        Self {
            id: endpoint.id,
            url: endpoint.url,
            description: endpoint.description,
            event_types: endpoint.event_types,
            status: match endpoint.status {
                EndpointStatus::Active => WebhookStatus::Active,
                EndpointStatus::Disabled => WebhookStatus::Disabled,
            },
            status_reason: endpoint.status_reason,
            created_at: time(endpoint.created_at),
            updated_at: time(endpoint.updated_at),
            settled_seq: endpoint.seq,
            attempts: endpoint.attempts,
            next_attempt_at: endpoint.next_attempt_at.map(time),
        }
    }
}

impl From<Attempt> for Delivery {
    fn from(attempt: Attempt) -> Self {
        Self {
            id: attempt.id,
            message_id: attempt.message_id,
            kind: attempt.kind.as_str().to_owned(),
            seq: (attempt.seq > 0).then_some(attempt.seq),
            event_type: attempt.event_type,
            attempt: attempt.attempt,
            started_at: time(attempt.started_at),
            duration_ms: attempt.duration_ms,
            delivered: attempt.delivered,
            http_status: status_of(attempt.http_status),
            error: attempt.error,
            response: attempt.response,
        }
    }
}

impl From<DeadLetter> for Dead {
    fn from(letter: DeadLetter) -> Self {
        Self {
            seq: letter.seq,
            event_type: letter.event_type,
            status: match letter.status {
                DeadStatus::Dead => DeadWord::Dead,
                DeadStatus::Queued => DeadWord::Queued,
                DeadStatus::Delivered => DeadWord::Delivered,
            },
            attempts: letter.attempts,
            died_at: time(letter.died_at),
            http_status: status_of(letter.http_status),
            error: letter.error,
        }
    }
}
