//! Several entries in one request: all or none in one transaction, or each for itself in their order.
//!
//! All or none is one command of the book, so it is one commit under the caller's key. Each for itself gives every entry
//! a key of its own, derived from the caller's, so that a request that was cut off can be repeated; the answer is kept.

use std::collections::HashMap;

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use ledger_core::{Command, Context, DraftEntry, Rejection, Seq, Text};
use ledger_store::answers::KeptAnswer;
use ledger_store::load::load_book;
use ledger_store::writer::{IdempotencyKey, Receipt as Durable, SubmitError};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::booked::{at_fault, in_entry};
use super::entries::seqs_of_entries;
use crate::cli::moment::show_time;
use crate::http::extract::{WriteParams, key_reused};
use crate::http::problem::{Fate, ProblemBody};
use crate::http::state::App;
use crate::http::wire::Fault;
use crate::http::wire::batch::{BATCH_ENTRIES_MAX, BatchMode, NewBatch};
use crate::http::{Accepted, Problem, Write};

/// The routes.
pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(post_batch))
}

/// What became of a batch.
#[derive(Debug, Serialize, ToSchema)]
pub struct BatchAnswer {
    /// Whether it was only decided.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub dry_run: bool,
    /// How many entries were posted (with `dry_run`: would be).
    pub posted: u32,
    /// How many were refused.
    pub refused: u32,
    /// The last event that followed; absent where nothing was posted.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub seq: Option<u64>,
    /// Hash of the commit that holds it, in hexadecimal.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub hash: Option<String>,
    /// One for each entry, in their order.
    pub results: Vec<BatchResult>,
}

/// What became of an entry of a batch.
#[derive(Debug, Serialize, ToSchema)]
pub struct BatchResult {
    /// Which, from 0.
    pub index: u32,
    /// Whether it was posted.
    pub status: BatchStatus,
    /// Its seq: its id.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub seq: Option<u64>,
    /// When it was recorded.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, format = DateTime)]
    pub recorded_at: Option<String>,
    /// Why it was refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub problem: Option<ProblemBody>,
}

/// Whether an entry was posted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum BatchStatus {
    /// It was (with `dry_run`: would be).
    Posted,
    /// It was not; `problem` says why.
    Refused,
}

/// Post several entries
///
/// At most 1,000 in one request; longer series belong into the stream. In mode `atomic` the first refusal refuses the whole
/// batch, with its index. In mode `continue` each entry has a result of its own.
#[utoipa::path(post, path = "/v1/orgs/{org}/entries/batch", tag = "Entries", params(WriteParams), request_body = NewBatch,
    responses(
        (status = 201, description = "Some or all were posted: durable.", body = BatchAnswer),
        (status = 200, description = "Nothing was posted, each for its own reason; or with `dry_run=true` what would follow.", body = BatchAnswer)))]
async fn post_batch(write: Write<NewBatch>) -> Result<Response, Problem> {
    let (write, batch) = write.split();
    let count = batch.entries.len();
    if !(1..=BATCH_ENTRIES_MAX).contains(&count) {
        let fault = Fault::at("/entries", format!("a batch has 1 to {BATCH_ENTRIES_MAX} entries, found {count}"));
        return Err(Problem { code: "BATCH_SIZE", ..at_fault(fault) }.hint("split the batch, or stream the entries as NDJSON"));
    }
    let functional = Text::from(write.access.organization.functional_currency.as_str());
    let drafts: Vec<DraftEntry> = batch.entries.into_iter().map(|entry| entry.draft(&functional)).collect();
    match batch.mode {
        BatchMode::Atomic => atomic(&write, drafts).await,
        BatchMode::Continue => each(&write, drafts).await,
    }
}

async fn atomic(write: &Write<()>, drafts: Vec<DraftEntry>) -> Result<Response, Problem> {
    let count = drafts.len();
    let posted = |seqs: Vec<Option<Seq>>, recorded_at: Option<String>| -> Vec<BatchResult> {
        let result =
            |(index, seq)| BatchResult { index, status: BatchStatus::Posted, seq, recorded_at: recorded_at.clone(), problem: None };
        (0..).zip(seqs).map(result).collect()
    };
    let durable = match write.submit(Command::PostEntries(drafts)).await.map_err(in_entry)? {
        Accepted::WouldBe(_) => return Ok(Json(BatchAnswer::of(posted(vec![None; count], None), None, true)).into_response()),
        Accepted::Durable(durable) => durable,
    };
    let seqs = seqs_of_entries(&write.access.org(), &durable, count).await?;
    let results = posted(seqs.into_iter().map(Some).collect(), Some(show_time(durable.recorded_at)));
    let mut response = BatchAnswer::of(results, Some(&durable), false).into_response();
    if durable.replayed {
        response.headers_mut().insert("idempotent-replayed", HeaderValue::from_static("true"));
    }
    Ok(response)
}

/// Each for itself. The key is claimed first, for this body only; entries are posted under keys derived from it, and the
/// answer is kept when all have theirs.
async fn each(write: &Write<()>, drafts: Vec<DraftEntry>) -> Result<Response, Problem> {
    if write.expected().is_some() {
        return Err(Problem::malformed("IF_MATCH_INVALID", "entries that are posted each for itself move the books themselves")
            .hint("leave If-Match out, or post the batch in mode atomic"));
    }
    if write.is_dry_run() {
        return Ok(Json(BatchAnswer::of(would_be(write, drafts).await?, None, true)).into_response());
    }
    if let Some(kept) = claim(write).await? {
        return Ok(kept);
    }
    let key = write.key();
    let requests: Vec<_> = drafts
        .into_iter()
        .enumerate()
        .map(|(index, draft)| {
            let mut request = write.submission(Command::PostEntry(draft));
            request.key = Some(derived(&key, index));
            request
        })
        .collect();
    let answers = write.access.app.ledger.submit_each(write.access.organization.org, requests).await;
    let last = answers.iter().filter_map(|answer| answer.as_ref().ok()).max_by_key(|durable| durable.last_seq()).cloned();
    let mut results = Vec::with_capacity(answers.len());
    for (index, answer) in answers.into_iter().enumerate() {
        results.push(result(write, index, answer, last.is_some()).await?);
    }
    let answer = BatchAnswer::of(results, last.as_ref(), false);
    keep(write, &key, answer).await
}

/// The key of an entry of a batch. Callers' own keys have no spaces, so it is none of them.
fn derived(key: &IdempotencyKey, index: usize) -> IdempotencyKey {
    let mut hasher = blake3::Hasher::new();
    hasher.update(&key.request_hash).update(&u64::try_from(index).unwrap_or(u64::MAX).to_be_bytes());
    IdempotencyKey { key: format!("{} {index}", key.key), request_hash: *hasher.finalize().as_bytes() }
}

/// What would become of each entry, in their order.
async fn would_be(write: &Write<()>, drafts: Vec<DraftEntry>) -> Result<Vec<BatchResult>, Problem> {
    let (org, actor) = (write.access.org(), write.access.actor());
    let ids: Vec<&str> = drafts.iter().filter_map(|draft| draft.external_id.as_deref()).collect();
    let mut used: HashMap<String, Seq> = org.find_external_ids(&ids).await?.into_iter().collect();
    let mut book = load_book(&org).await?.book;
    let context = Context { soft_closed: write.into_soft_closed(), ..Context::new(&actor) };
    let mut decide = |draft: DraftEntry| {
        let id = draft.external_id.clone();
        if let Some((external_id, seq)) = id.as_ref().and_then(|id| used.get(id.as_str()).map(|seq| (id.clone(), *seq))) {
            return Err(Rejection::ExternalIdTaken { external_id, seq });
        }
        let events = book.decide(&Command::PostEntry(draft), &context)?;
        used.extend(id.map(|id| (id.to_string(), book.seq() + 1)));
        events.iter().for_each(|proposed| book.evolve(&proposed.event));
        Ok(())
    };
    let result = |(index, draft)| match decide(draft) {
        Ok(()) => BatchResult { index: short(index), status: BatchStatus::Posted, seq: None, recorded_at: None, problem: None },
        Err(rejection) => refused(index, rejection.into()),
    };
    Ok(drafts.into_iter().enumerate().map(result).collect())
}

fn refused(index: usize, problem: Problem) -> BatchResult {
    let problem = in_entry(problem).in_batch(index);
    let place = problem.pointer.as_deref().unwrap_or_default();
    let problem = Problem { pointer: Some(format!("/entries/{index}{place}")), ..problem };
    BatchResult { index: short(index), status: BatchStatus::Refused, seq: None, recorded_at: None, problem: Some(problem.body()) }
}

/// What the books said to one entry. What they could not be asked, nobody is told as a result: the request is to be repeated.
async fn result(write: &Write<()>, index: usize, answer: Result<Durable, SubmitError>, posted: bool) -> Result<BatchResult, Problem> {
    match answer {
        Ok(durable) => {
            let seq = seqs_of_entries(&write.access.org(), &durable, 1).await?.first().copied();
            let recorded_at = Some(show_time(durable.recorded_at));
            Ok(BatchResult { index: short(index), status: BatchStatus::Posted, seq, recorded_at, problem: None })
        }
        Err(SubmitError::Rejected(rejection)) => Ok(refused(index, rejection.into())),
        Err(error) => {
            let problem = Problem::from(error).in_batch(index);
            let outcome = if posted { Fate::Unknown } else { problem.outcome };
            Err(Problem { outcome, ..problem }
                .hint("send the same request again with the same Idempotency-Key: what was posted is not posted twice"))
        }
    }
}

fn short(index: usize) -> u32 {
    u32::try_from(index).unwrap_or(u32::MAX)
}

/// Binds the key to this body; the answer that it got before, if it did.
async fn claim(write: &Write<()>) -> Result<Option<Response>, Problem> {
    let (org, key) = (write.access.org(), write.key());
    if !org.find_keys(&[key.key.as_str()]).await?.is_empty() {
        return Err(key_reused());
    }
    let mut tx = org.begin().await?;
    let kept = tx.claim_answer(&key.key, key.request_hash).await?;
    tx.commit().await?;
    match kept {
        Some(kept) if kept.request_hash != key.request_hash => Err(key_reused()),
        // Without an answer: claimed by a request that was cut off, or that is under way.
        Some(KeptAnswer { answer, .. }) => Ok(answer.map(|(status, text)| as_kept(status, text, true))),
        None => Ok(None),
    }
}

/// Keeps the answer; another request with the same key may have been faster, and then its answer counts.
async fn keep(write: &Write<()>, key: &IdempotencyKey, answer: BatchAnswer) -> Result<Response, Problem> {
    let status = answer.status().as_u16();
    let text = serde_json::to_string(&answer).map_err(|error| Problem::internal(&error))?;
    let mut tx = write.access.org().begin().await?;
    let (status, kept) = tx.keep_first_answer(&key.key, status, &text).await?;
    tx.commit().await?;
    let replayed = kept != text;
    Ok(as_kept(status, kept, replayed))
}

fn as_kept(status: u16, text: String, replayed: bool) -> Response {
    let seq =
        serde_json::from_str::<serde_json::Value>(&text).ok().and_then(|answer| answer.get("seq").and_then(serde_json::Value::as_u64));
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::OK);
    let mut response = (status, [(header::CONTENT_TYPE, "application/json")], text).into_response();
    with_seq(&mut response, seq);
    if replayed {
        response.headers_mut().insert("idempotent-replayed", HeaderValue::from_static("true"));
    }
    response
}

fn with_seq(response: &mut Response, seq: Option<Seq>) {
    let Some(seq) = seq else { return };
    response.headers_mut().insert("ledger-seq", HeaderValue::from(seq));
    if let Ok(etag) = HeaderValue::from_str(&format!("\"{seq}\"")) {
        response.headers_mut().insert(header::ETAG, etag);
    }
}

impl BatchAnswer {
    fn of(results: Vec<BatchResult>, last: Option<&Durable>, dry_run: bool) -> Self {
        let refused = short(results.iter().filter(|result| result.status == BatchStatus::Refused).count());
        Self {
            dry_run,
            posted: short(results.len()) - refused,
            refused,
            seq: last.map(Durable::last_seq),
            hash: last.map(|last| blake3::Hash::from_bytes(last.hash).to_hex().to_string()),
            results,
        }
    }

    fn status(&self) -> StatusCode {
        if self.seq.is_some() { StatusCode::CREATED } else { StatusCode::OK }
    }
}

impl IntoResponse for BatchAnswer {
    fn into_response(self) -> Response {
        let (status, seq) = (self.status(), self.seq);
        let mut response = (status, Json(self)).into_response();
        with_seq(&mut response, seq);
        response
    }
}
