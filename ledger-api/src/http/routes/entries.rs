//! `/v1/orgs/{org}/entries`: posting, reversing and correcting journal entries. Batches are in `batch`, streams in `stream`.

use axum::Json;
use axum::response::{IntoResponse, Response};
use ledger_core::{Event, Seq, Text};
use ledger_store::OrgStore;
use ledger_store::writer::Receipt as Durable;
use serde::Serialize;
use utoipa::{IntoResponses, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::booked::{in_entry, missing, with_body};
use super::place::Place;
use crate::cli::recording::followed;
use crate::http::extract::{Preview, Receipt, WriteParams};
use crate::http::state::App;
use crate::http::wire::entries::{NewCorrection, NewEntry, NewReversal};
use crate::http::{Accepted, Problem, Write};

/// The routes.
pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(post_entry)).routes(routes!(reverse_entry)).routes(routes!(correct_entry))
}

/// A receipt, and the entry that was posted.
#[derive(Serialize, ToSchema)]
pub struct EntryReceipt {
    /// The receipt.
    #[serde(flatten)]
    pub receipt: Receipt,
    /// Seq of the entry: its id. What was settled by it follows, and what had to be opened for it comes before.
    #[schema(example = 42)]
    pub entry: u64,
}

/// The answers to posting an entry.
#[derive(IntoResponses)]
#[expect(dead_code, reason = "it describes answers")]
enum Posted {
    /// Posted, and durable.
    #[response(status = 201)]
    Done(EntryReceipt),
    /// With `dry_run=true`: what would follow.
    #[response(status = 200)]
    WouldBe(Preview),
}

/// Post a journal entry
#[utoipa::path(post, path = "/v1/orgs/{org}/entries", tag = "Entries", params(WriteParams), request_body = NewEntry, responses(Posted))]
async fn post_entry(write: Write<NewEntry>) -> Result<Response, Problem> {
    let (write, body) = write.split();
    let functional = Text::from(write.access.organization.functional_currency.as_str());
    let accepted = write.submit(body.command(&functional)).await.map_err(in_entry)?;
    answer(&write, accepted).await
}

/// Negate a posted entry
#[utoipa::path(post, path = "/v1/orgs/{org}/entries/{seq}/reversal", tag = "Entries",
    params(("seq" = u64, Path, description = "Seq of the entry."), WriteParams), request_body = NewReversal, responses(Posted))]
async fn reverse_entry(Place(seq): Place<Seq>, write: Write<NewReversal>) -> Result<Response, Problem> {
    let (write, body) = write.split();
    let accepted = write.submit(body.of(seq)).await.map_err(missing("ENTRY_UNKNOWN"))?;
    answer(&write, accepted).await
}

/// Negate a posted entry and post another in its place
#[utoipa::path(post, path = "/v1/orgs/{org}/entries/{seq}/correction", tag = "Entries",
    params(("seq" = u64, Path, description = "Seq of the entry."), WriteParams), request_body = NewCorrection, responses(Posted))]
async fn correct_entry(Place(seq): Place<Seq>, write: Write<NewCorrection>) -> Result<Response, Problem> {
    let (write, body) = write.split();
    let functional = Text::from(write.access.organization.functional_currency.as_str());
    let corrected = write.submit(body.of(seq, &functional)).await;
    let accepted = corrected.map_err(missing("ENTRY_UNKNOWN")).map_err(in_entry).map_err(|problem| {
        let pointer = problem.pointer.as_ref().map(|pointer| format!("/replacement{pointer}"));
        Problem { pointer, ..problem }
    })?;
    answer(&write, accepted).await
}

async fn answer(write: &Write<()>, accepted: Accepted) -> Result<Response, Problem> {
    let Accepted::Durable(durable) = &accepted else { return Ok(accepted.into_response()) };
    let entry = seqs_of_entries(&write.access.org(), durable, 1).await?.last().copied().unwrap_or(durable.last_seq());
    let body = EntryReceipt { receipt: Receipt::from(durable), entry };
    Ok(with_body(accepted, Json(body)))
}

/// The seqs of the entries that followed a write which posted at least so many. Read back only where other events followed too.
pub(super) async fn seqs_of_entries(org: &OrgStore, durable: &Durable, count: usize) -> Result<Vec<Seq>, Problem> {
    if usize::try_from(durable.event_count).is_ok_and(|events| events == count) {
        return Ok((durable.first_seq..=durable.last_seq()).collect());
    }
    let events = followed(org, durable).await?;
    let is_entry = |event: &Event| matches!(event, Event::EntryPosted(_) | Event::EntryReversed { .. });
    Ok(events.into_iter().filter(|(_, event)| is_entry(event)).map(|(seq, _)| seq).collect())
}
