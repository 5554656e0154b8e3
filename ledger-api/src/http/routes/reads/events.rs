//! `GET /events`: history, decoded, with the hashes that prove it; as a page of JSON or as lines without an end in between.

use axum::body::Body;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures::TryStreamExt;
use futures::stream;
use ledger_core::Seq;
use ledger_core::merkle::{inclusion_proof, leaf_hash, root};
use ledger_projections::reports::Point;
use ledger_store::OrgStore;
use ledger_store::load::LoadError;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::cli::moment::show_time;
use crate::http::extract::PointParams;
use crate::http::reading::events::{EventReader, EventShown, hex};
use crate::http::reading::named::Named;
use crate::http::reading::params::{Limit, PageSize, Place};
use crate::http::reading::{answer, marked};
use crate::http::routes::organizations::NoParams;
use crate::http::state::App;
use crate::http::{Problem, Read};

/// The media type of events one a line.
pub const NDJSON: &str = "application/x-ndjson";
/// Events that are decoded at once for those who read line by line.
const CHUNK: usize = 64;
/// Events of a history of which inclusion is proven at once: each event's hash is needed.
pub const PROOF_EVENTS_MAX: u64 = 1_000_000;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(list_events)).routes(routes!(prove_event)).routes(routes!(show_head))
}

/// Which events.
#[derive(Clone, Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct EventsAsked {
    /// The events after this one: 0, as by default, for all.
    #[param(required = false, nullable = false, value_type = u64)]
    after: Option<Place>,
    /// Events of a page of JSON: 1 to 200, 50 by default. Lines (NDJSON) go on to the end of history where it is not given.
    #[param(required = false, nullable = false, value_type = u16, minimum = 1, maximum = 200)]
    limit: Limit,
}

/// A page of events.
#[derive(Debug, Serialize, ToSchema)]
pub struct EventPage {
    /// The events, in their order.
    data: Vec<EventShown>,
    /// Ask for the next page with `after` at this.
    next_after: u64,
    /// Whether there are more by now.
    has_more: bool,
    /// The last event there is, or was at the point that was asked for.
    seq: u64,
}

/// Whether the caller prefers a media type, by naming it.
pub(super) fn accepts(headers: &HeaderMap, media_type: &str) -> bool {
    let accepted = headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok()).flat_map(|value| value.split(','));
    accepted.map(|accepted| accepted.split(';').next().unwrap_or_default().trim()).any(|accepted| accepted.eq_ignore_ascii_case(media_type))
}

/// List events
///
/// History as it was recorded: seq 1, 2, 3 … without gaps. With `Accept: application/x-ndjson` one event a line, of any
/// number. Hashes prove it: `leaf_hash` is the event's leaf in the Merkle tree whose root stands with the last event of its
/// commit, and each commit's hash covers the one before. With `at_seq` or `known_at` (inclusive) history ends there.
#[utoipa::path(get, path = "/v1/orgs/{org}/events", tag = "Events", params(PointParams, EventsAsked),
    responses((status = 200, description = "Events, in their order.", content((EventPage = "application/json"), (EventShown = "application/x-ndjson")))))]
async fn list_events(read: Read<EventsAsked>) -> Result<Response, Problem> {
    let org = read.access.org();
    let last = end(&read.point, &org, read.min_seq).await?;
    let after = read.query.after.map_or(0, |place| place.0);
    let reader = EventReader::new(org, after, Some(last));
    if accepts(&read.headers, NDJSON) {
        return Ok(marked(last, lines(read.access.app.clone(), reader, read.query.limit.map(|size| usize::from(size.0)))));
    }
    let mut reader = reader;
    let (size, mut data) = (read.query.limit.size(), Vec::new());
    while data.len() < size {
        let next = reader.next(&read.access.app.reading.books, size - data.len()).await?;
        if next.is_empty() && reader.is_at_end() {
            break;
        }
        data.extend(next);
    }
    let next_after = data.last().map_or(after, |event| event.seq);
    let page = EventPage { data, next_after, has_more: next_after < last, seq: last };
    Ok(answer(last, &page))
}

/// The last event that counts. The stream itself is never behind: `min_seq` only has to have happened.
async fn end(point: &Point, org: &OrgStore, min_seq: Option<Seq>) -> Result<Seq, Problem> {
    if let Some(seq) = point.seq(org).await? {
        return Ok(seq);
    }
    let head = org.head().await?.seq;
    match min_seq {
        Some(asked) if asked > head => Err(ledger_projections::ProjectionError::BeyondEnd { asked, head }.into()),
        _ => Ok(head),
    }
}

/// Events one a line, read as fast as they are taken.
fn lines(app: App, reader: EventReader, limit: Option<usize>) -> Response {
    let left = limit.unwrap_or(usize::MAX);
    let events = stream::try_unfold((app, reader, left), |(app, mut reader, left)| async move {
        if left == 0 {
            return Ok(None);
        }
        loop {
            let next = reader.next(&app.reading.books, CHUNK.min(left)).await.map_err(|problem| std::io::Error::other(problem.detail))?;
            if !next.is_empty() {
                let left = left - next.len();
                let mut text = String::new();
                for event in &next {
                    text.push_str(&serde_json::to_string(event)?);
                    text.push('\n');
                }
                return Ok::<_, std::io::Error>(Some((Bytes::from(text), (app, reader, left))));
            }
            if reader.is_at_end() {
                return Ok(None);
            }
        }
    });
    let mut response = Body::from_stream(events.into_stream()).into_response();
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(NDJSON));
    response
}

/// The proof that an event is in a history.
#[derive(Debug, Serialize, ToSchema)]
pub struct ProofShown {
    /// The event.
    seq: u64,
    /// Hash of its bytes as a leaf, in hexadecimal.
    leaf_hash: String,
    /// Its place among the leaves, from 0.
    index: u64,
    /// How many leaves the tree has: the event that history ends with.
    tree_size: u64,
    /// Root of the tree, in hexadecimal: the `tree_root` of the commit that ends with event `tree_size`.
    tree_root: String,
    /// The audit path (RFC 6962), from the leaf upwards, in hexadecimal.
    path: Vec<String>,
}

/// Prove that an event is in history
///
/// An audit path of RFC 6962 from the event to the root of the tree over all events up to the point that is asked for: by
/// default all there are. Histories of more than a million events are proven by `ledgerd verify` only.
#[utoipa::path(get, path = "/v1/orgs/{org}/events/{seq}/proof", tag = "Events",
    params(("seq" = u64, Path, description = "The event."), PointParams),
    responses((status = 200, description = "The proof.", body = ProofShown)))]
async fn prove_event(name: Named, read: Read<NoParams>) -> Result<Response, Problem> {
    let (seq, org) = (name.seq()?, read.access.org());
    let last = end(&read.point, &org, read.min_seq).await?;
    if seq == 0 || seq > last {
        return Err(Problem::not_found(format!("there is no event {seq}: history ends at {last}")));
    }
    if last > PROOF_EVENTS_MAX {
        let said = format!("history has {last} events, more than the {PROOF_EVENTS_MAX} of which inclusion is proven at once");
        return Err(Problem::malformed("HISTORY_TOO_LONG", said).hint("give an at_seq of at most that, or use `ledgerd verify`"));
    }
    let _turn = read.access.app.reading.proof_turn().await?;
    let leaves = leaves(&org, last).await?;
    let index = usize::try_from(seq - 1).unwrap_or(usize::MAX);
    let (Some(leaf), Some(path)) = (leaves.get(index), inclusion_proof(&leaves, index)) else {
        return Err(Problem::internal(&format!("history has {} events of {last}", leaves.len())));
    };
    let shown = ProofShown {
        seq,
        leaf_hash: hex(leaf),
        index: seq - 1,
        tree_size: last,
        tree_root: hex(&root(&leaves)),
        path: path.iter().map(hex).collect(),
    };
    Ok(answer(last, &shown))
}

/// The leaf hashes of all events up to one.
async fn leaves(org: &OrgStore, last: Seq) -> Result<Vec<[u8; 32]>, Problem> {
    let size = usize::try_from(last).unwrap_or(usize::MAX);
    let mut leaves = Vec::with_capacity(size);
    let mut commits = Box::pin(org.commits(1, Some(last)));
    while let Some(commit) = commits.try_next().await? {
        for frame in ledger_core::codec::frames(&commit.payload) {
            leaves.push(leaf_hash(frame.map_err(|source| LoadError::Codec { org: org.org(), source })?));
        }
        tokio::task::yield_now().await;
    }
    leaves.truncate(size);
    Ok(leaves)
}

/// Where the stream ends.
#[derive(Debug, Serialize, ToSchema)]
pub struct HeadShown {
    /// The last event.
    seq: u64,
    /// Hash of the last commit, in hexadecimal. Kept elsewhere, it proves later that nothing was rewritten.
    hash: String,
    /// When it was recorded.
    #[schema(format = DateTime)]
    recorded_at: String,
}

/// Show the head of history
///
/// Costs next to nothing: for those who poll, and for those who keep heads elsewhere.
#[utoipa::path(get, path = "/v1/orgs/{org}/head", tag = "Events",
    responses((status = 200, description = "Where the stream ends.", body = HeadShown)))]
async fn show_head(read: Read<NoParams>) -> Result<Response, Problem> {
    if read.point != Point::Latest {
        return Err(Problem::malformed("PARAMETER_INVALID", "the head is as of now: known_at and at_seq do not apply"));
    }
    let head = read.access.org().head().await?;
    Ok(answer(head.seq, &HeadShown { seq: head.seq, hash: hex(&head.hash), recorded_at: show_time(head.recorded_at) }))
}
