//! A write of an organization: a strict body, the key under which it is answered once, and what it was decided on.

use std::time::Instant;

use axum::Json;
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use ledger_core::{Actor, Command, Event, Seq};
use ledger_store::OrgTx;
use ledger_store::load::load_book;
use ledger_store::writer::{self, IdempotencyKey, Request as Submission};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::body::{Fingerprint, json_body};
use super::query::{pairs, typed};
use crate::cli::events::described;
use crate::cli::moment::show_time;
use crate::http::Access;
use crate::http::identity::{Action, Resource};
use crate::http::limits;
use crate::http::problem::Problem;

/// The header that names a key.
const IDEMPOTENCY_KEY: &str = "idempotency-key";

/// A write with the body `B`, which refuses unknown fields.
pub struct Write<B> {
    /// Who asks, of which organization.
    pub access: Access,
    /// What is asked.
    pub body: B,
    key: String,
    fingerprint: Fingerprint,
    expected: Option<Seq>,
    dry_run: bool,
}

/// What writes of the book take in their query.
#[derive(Clone, Copy, Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct WriteParams {
    /// `true`: only decide, and answer with the events that would follow. Nothing is written and the key stays free.
    #[serde(default)]
    #[param(required = false)]
    pub dry_run: bool,
}

/// What a write was answered with: durable.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Receipt {
    /// The last event that followed: an entry's id. Where nothing changed, the stream's last event.
    #[schema(example = 42)]
    pub seq: u64,
    /// The first event that followed.
    #[schema(example = 42)]
    pub first_seq: u64,
    /// How many events followed; 0 where everything stood as asked already.
    pub event_count: u32,
    /// Hash of the commit that holds them, in hexadecimal.
    pub hash: String,
    /// When they were recorded.
    #[schema(format = DateTime, example = "2026-01-15T09:30:00.123456Z")]
    pub recorded_at: String,
}

impl From<&writer::Receipt> for Receipt {
    fn from(receipt: &writer::Receipt) -> Self {
        Self {
            seq: receipt.last_seq(),
            first_seq: receipt.first_seq,
            event_count: receipt.event_count,
            hash: blake3::Hash::from_bytes(receipt.hash).to_hex().to_string(),
            recorded_at: show_time(receipt.recorded_at),
        }
    }
}

/// What would follow from a write.
#[derive(Debug, Serialize, ToSchema)]
pub struct Preview {
    /// Always true.
    pub dry_run: bool,
    /// The seq that it was decided on.
    pub on_seq: u64,
    /// The events, decoded as at `/events`, in their order.
    #[schema(value_type = Vec<Object>)]
    pub events: Vec<serde_json::Value>,
}

/// The answer to a write of the book.
#[derive(Debug)]
pub enum Accepted {
    /// It is durable.
    Durable(writer::Receipt),
    /// It would be accepted.
    WouldBe(Preview),
}

impl IntoResponse for Accepted {
    fn into_response(self) -> Response {
        let receipt = match self {
            Self::WouldBe(preview) => return Json(preview).into_response(),
            Self::Durable(receipt) => receipt,
        };
        let body = Receipt::from(&receipt);
        let status = if receipt.event_count == 0 { StatusCode::OK } else { StatusCode::CREATED };
        let seq = HeaderValue::from(body.seq);
        let etag = HeaderValue::from_str(&format!("\"{}\"", body.seq));
        let mut response = (status, Json(body)).into_response();
        let headers = response.headers_mut();
        headers.insert("ledger-seq", seq);
        if let Ok(etag) = etag {
            headers.insert(header::ETAG, etag);
        }
        if receipt.replayed {
            headers.insert("idempotent-replayed", HeaderValue::from_static("true"));
        }
        response
    }
}

impl<B> Write<B> {
    /// The write without its body, and the body.
    pub fn split(self) -> (Write<()>, B) {
        let Self { access, body, key, fingerprint, expected, dry_run } = self;
        (Write { access, body: (), key, fingerprint, expected, dry_run }, body)
    }

    /// The key, bound to what is asked.
    #[must_use]
    pub fn key(&self) -> IdempotencyKey {
        IdempotencyKey { key: self.key.clone(), request_hash: self.fingerprint.0 }
    }

    /// Whether nothing shall be written.
    #[must_use]
    pub fn is_dry_run(&self) -> bool {
        self.dry_run
    }

    /// The seq at which the books must still stand, from `If-Match`.
    #[must_use]
    pub fn expected(&self) -> Option<Seq> {
        self.expected
    }

    /// Whoever may close periods may post into those that are closed softly.
    #[must_use]
    pub fn into_soft_closed(&self) -> bool {
        self.access.may(Resource::Periods, Action::Update)
    }

    /// The request that a command makes.
    #[must_use]
    pub fn submission(&self, command: Command) -> Submission {
        self.submission_as(command, self.access.actor())
    }

    /// The same in somebody else's name: an agent's, for whom the caller speaks.
    fn submission_as(&self, command: Command, actor: Actor) -> Submission {
        let mut submission = Submission::new(command, actor).keyed(self.key());
        submission.expected = self.expected;
        submission.correlation = Some(self.access.correlation);
        submission.soft_closed = self.into_soft_closed();
        submission
    }

    /// Gives a command to the organization's book and waits until it is durable, or only decides it.
    ///
    /// # Errors
    /// The book's refusal, or why it cannot be known.
    pub async fn submit(&self, command: Command) -> Result<Accepted, Problem> {
        self.submit_as(command, self.access.actor()).await
    }

    /// The same in somebody else's name: an agent's, for whom the caller speaks.
    ///
    /// # Errors
    /// As [`Write::submit`].
    pub async fn submit_as(&self, command: Command, actor: Actor) -> Result<Accepted, Problem> {
        if self.dry_run {
            return self.preview(&command, &actor).await;
        }
        let org = self.access.organization.org;
        let began = Instant::now();
        let submitted = self.access.app.ledger.submit(org, self.submission_as(command, actor)).await;
        metrics::histogram!("ledger_posting_seconds").record(began.elapsed());
        match submitted {
            Ok(receipt) => Ok(Accepted::Durable(receipt)),
            Err(error) => Err(self.refusal(error)),
        }
    }

    /// What was asked on a condition fails with 412 where the condition does not hold.
    pub fn refusal(&self, error: writer::SubmitError) -> Problem {
        let problem = Problem::from(error);
        match self.expected {
            Some(_) if problem.code == "BOOK_MOVED" => Problem { status: StatusCode::PRECONDITION_FAILED, ..problem },
            _ => problem,
        }
    }

    async fn preview(&self, command: &Command, actor: &Actor) -> Result<Accepted, Problem> {
        let mut book = load_book(&self.access.org()).await?.book;
        let on_seq = book.seq();
        if let Some(expected) = self.expected.filter(|expected| *expected != on_seq) {
            return Err(self.refusal(writer::SubmitError::Rejected(ledger_core::Rejection::BookMoved { expected, found: on_seq })));
        }
        if let Some(refused) = writer::refused_for_id(&self.access.org(), command).await? {
            return Err(refused.into());
        }
        let mut history = std::collections::BTreeMap::new();
        if let Some(original) = writer::original_of(command)
            && let Some(entry) = ledger_store::load::entry_at(&self.access.org(), original).await?
        {
            history.insert(original, entry);
        }
        let soft_closed = self.into_soft_closed();
        let context = ledger_core::Context { history: &history, soft_closed, ..ledger_core::Context::new(actor) };
        let decided = book.decide(command, &context)?;
        decided.iter().for_each(|proposed| book.evolve(&proposed.event));
        let shown = decided.iter().map(|proposed| &proposed.event).filter(|event| !matches!(event, Event::ActorRegistered { .. }));
        Ok(Accepted::WouldBe(Preview { dry_run: true, on_seq, events: shown.map(|event| described(&book, None, event)).collect() }))
    }

    /// Does something beside the book, once per key: the work and its answer become durable in the same transaction, and the
    /// same request gets the same answer again.
    ///
    /// # Errors
    /// The work's own refusal (the key stays free), or 422 for a key that was used for another request.
    pub async fn once(
        &self,
        work: impl AsyncFnOnce(&mut OrgTx) -> Result<(StatusCode, serde_json::Value), Problem>,
    ) -> Result<Response, Problem> {
        let org = self.access.org();
        if !org.find_keys(&[self.key.as_str()]).await?.is_empty() {
            return Err(key_reused());
        }
        let mut tx = org.begin().await?;
        if let Some(kept) = tx.claim_answer(&self.key, self.fingerprint.0).await? {
            tx.rollback().await?;
            if kept.request_hash != self.fingerprint.0 {
                return Err(key_reused());
            }
            let (status, text) = kept.answer.ok_or_else(|| Problem::internal(&"an answer was claimed and not kept"))?;
            let status = StatusCode::from_u16(status).map_err(|error| Problem::internal(&error))?;
            let body: serde_json::Value = serde_json::from_str(&text).map_err(|error| Problem::internal(&error))?;
            let mut response = answer(status, &body);
            response.headers_mut().insert("idempotent-replayed", HeaderValue::from_static("true"));
            return Ok(response);
        }
        let (status, body) = work(&mut tx).await?;
        let kept = without_secrets(&body);
        tx.keep_answer(&self.key, status.as_u16(), &kept.to_string()).await?;
        tx.commit().await.map_err(|error| Problem { outcome: crate::http::problem::Fate::Unknown, ..error.into() })?;
        Ok(answer(status, &body))
    }
}

fn answer(status: StatusCode, body: &serde_json::Value) -> Response {
    if status == StatusCode::NO_CONTENT { status.into_response() } else { (status, Json(body)).into_response() }
}

/// Secrets are shown once, when they are made: an answer is kept without them.
fn without_secrets(body: &serde_json::Value) -> serde_json::Value {
    let mut kept = body.clone();
    if let Some(members) = kept.as_object_mut() {
        members.iter_mut().filter(|(name, _)| name.as_str() == "secret").for_each(|(_, value)| *value = serde_json::Value::Null);
    }
    kept
}

/// 422: the key stands for another request.
pub(crate) fn key_reused() -> Problem {
    Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "IDEMPOTENCY_KEY_REUSED", "this Idempotency-Key was used for another request")
        .hint("send the same request, or choose another key")
}

impl<B: DeserializeOwned, S: Send + Sync> FromRequest<S> for Write<B> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let (mut parts, body) = request.into_parts();
        let access = Access::from_request_parts(&mut parts, state).await?;
        let key = idempotency_key(&parts.headers)?;
        let expected = if_match(&parts.headers)?;
        let params: WriteParams = typed(pairs(&parts.uri)?)?;
        let (body, fingerprint) = json_body(Request::from_parts(parts, body)).await?;
        Ok(Self { access, body, key, fingerprint, expected, dry_run: params.dry_run })
    }
}

/// The key: visible ASCII, in quotation marks (as a structured field) or without.
///
/// # Errors
/// 400 when it is missing, given twice, or not a key.
pub fn idempotency_key(headers: &HeaderMap) -> Result<String, Problem> {
    let mut found = headers.get_all(IDEMPOTENCY_KEY).iter();
    let (first, second) = (found.next(), found.next());
    let Some(value) = first else {
        return Err(Problem::malformed("IDEMPOTENCY_KEY_MISSING", "a write needs an Idempotency-Key")
            .hint("send a key of your own, such as a UUID, and the same one when you try again"));
    };
    let text = value.to_str().unwrap_or_default().trim();
    let key = text.strip_prefix('"').and_then(|inner| inner.strip_suffix('"')).unwrap_or(text);
    let fits = (1..=limits::IDEMPOTENCY_KEY_BYTES_MAX).contains(&key.len()) && key.bytes().all(|byte| byte.is_ascii_graphic());
    if second.is_some() || !fits {
        let most = limits::IDEMPOTENCY_KEY_BYTES_MAX;
        return Err(Problem::malformed(
            "IDEMPOTENCY_KEY_INVALID",
            format!("an Idempotency-Key is one word of 1 to {most} visible ASCII characters"),
        ));
    }
    Ok(key.to_owned())
}

/// The seq of `If-Match: "42"`.
fn if_match(headers: &HeaderMap) -> Result<Option<Seq>, Problem> {
    let Some(value) = headers.get(header::IF_MATCH) else { return Ok(None) };
    let text = value.to_str().unwrap_or_default().trim();
    if text == "*" {
        return Ok(None);
    }
    let seq = text.strip_prefix('"').and_then(|inner| inner.strip_suffix('"')).and_then(|seq| seq.parse().ok());
    seq.map(Some).ok_or_else(|| {
        Problem::malformed("IF_MATCH_INVALID", format!("If-Match is {text:?}, expected a seq in quotation marks"))
            .hint("write it as \"42\"")
    })
}

/// A body that has no fields.
#[derive(Clone, Copy, Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Nothing {}
