//! `GET /events/stream`: history and what comes after it, as Server-Sent Events.
//!
//! The stream is pulled: what was sent and taken is what was read, so a slow reader costs no memory and loses nothing. It
//! reads history from the store, and when that has ended waits for a hint of growth, or a second, and looks again.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::time::{Duration, Instant};

use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures::stream::{self, Stream};
use ledger_projections::reports::Point;
use serde::Deserialize;
use tokio::sync::OwnedSemaphorePermit;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::http::identity::{Action, Resource};
use crate::http::reading::events::{EventReader, EventShown};
use crate::http::reading::params::Place;
use crate::http::reading::pulse::Waiting;
use crate::http::state::App;
use crate::http::{Access, Problem, Read};

/// How often a stream without events says that it is alive.
pub const HEARTBEAT: Duration = Duration::from_secs(15);
/// Events that are decoded at once.
const CHUNK: usize = 32;
/// How long to wait where the database is away.
const AGAIN: Duration = Duration::from_secs(1);
/// How often it is asked whether the reader may still read: keys are revoked, tokens expire, members leave.
const ASKED_EVERY: Duration = Duration::from_secs(5);
/// What readers are told to wait before they connect again, in milliseconds.
const RECONNECT: Duration = Duration::from_secs(1);

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(stream_events))
}

/// From where.
#[derive(Clone, Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct StreamAsked {
    /// The events after this one: 0, as by default, for all. `Last-Event-ID` goes before it.
    #[param(required = false, nullable = false, value_type = u64)]
    after: Option<Place>,
}

/// One event of a stream.
#[derive(Debug, ToSchema)]
#[schema(as = SentEvent)]
#[expect(dead_code, reason = "documents what is written by hand")]
pub struct SentEvent {
    /// The event's seq.
    id: String,
    /// The event's type.
    event: String,
    /// The event as at `/events`, in JSON.
    data: String,
}

/// Follow events
///
/// Server-Sent Events without an end: `id` is the event's seq, `event` its type, `data` the same JSON as at `/events`. What
/// has happened comes first, then what happens. After a disconnect go on with `Last-Event-ID`: nothing is lost and nothing
/// repeated. A comment comes every 15 seconds where nothing happens. The stream ends when the server stops, and when the
/// credentials end.
#[utoipa::path(get, path = "/v1/orgs/{org}/events/stream", tag = "Events",
    params(StreamAsked, ("Last-Event-ID" = Option<u64>, Header, description = "The last event that was received.", nullable = false)),
    responses((status = 200, description = "Events without an end.", body = SentEvent, content_type = "text/event-stream")))]
async fn stream_events(read: Read<StreamAsked>) -> Result<Response, Problem> {
    if read.point != Point::Latest {
        return Err(Problem::malformed("PARAMETER_INVALID", "a stream goes on: known_at and at_seq do not apply"));
    }
    let asked = read.query.after.map_or(0, |place| place.0);
    let after = last_event_id(&read.headers)?.unwrap_or(asked);
    let (access, app, org) = (read.access.clone(), read.access.app.clone(), read.access.org());
    let head = org.head().await?.seq;
    if after > head {
        let said = format!("event {after} has not happened yet: the stream ends at {head}");
        return Err(Problem::malformed("BEYOND_END", said).hint("begin at a seq that was received from this organization"));
    }
    let permit = app.reading.stream_permit()?;
    // Listening before the first look, so that nothing happens unheard in between.
    let waiting = app.reading.pulse.waiting(org.org());
    let follow = Follow {
        reader: EventReader::new(org, after, None),
        queue: VecDeque::new(),
        waiting,
        app,
        access,
        asked: Instant::now(),
        _permit: permit,
    };
    let events = Sse::new(follow.events()).keep_alive(KeepAlive::new().interval(HEARTBEAT).text("alive"));
    let mut response = events.into_response();
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache, no-transform"));
    response.headers_mut().insert("x-accel-buffering", HeaderValue::from_static("no"));
    Ok(response)
}

/// The seq that the reader received last.
fn last_event_id(headers: &HeaderMap) -> Result<Option<u64>, Problem> {
    let Some(value) = headers.get("last-event-id") else { return Ok(None) };
    let text = value.to_str().unwrap_or_default().trim();
    if text.is_empty() {
        return Ok(None);
    }
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    let seq = text.parse::<i64>().ok().filter(|_| digits).and_then(|seq| u64::try_from(seq).ok());
    seq.map(Some).ok_or_else(|| Problem::malformed("LAST_EVENT_ID_INVALID", format!("Last-Event-ID is {text:?}, expected a seq")))
}

/// One who follows an organization.
struct Follow {
    app: App,
    access: Access,
    /// When it was last asked whether he may.
    asked: Instant,
    reader: EventReader,
    queue: VecDeque<EventShown>,
    waiting: Waiting,
    _permit: OwnedSemaphorePermit,
}

impl Follow {
    fn events(self) -> impl Stream<Item = Result<Event, Infallible>> {
        let hello = stream::iter([Ok(Event::default().retry(RECONNECT))]);
        let events = stream::unfold(self, |mut follow| async move {
            let event = follow.next().await?;
            Some((Ok(sse(&event)), follow))
        });
        futures::StreamExt::chain(hello, events)
    }

    async fn may_go_on(&mut self) -> bool {
        if self.asked.elapsed() < ASKED_EVERY {
            return true;
        }
        self.asked = Instant::now();
        self.access.still_may(Resource::Events, Action::Read).await
    }

    /// The next event, however long it takes; `None` when the server stops, the credentials have ended, or history cannot be read.
    async fn next(&mut self) -> Option<EventShown> {
        let reading = std::sync::Arc::clone(&self.app.reading);
        loop {
            if reading.is_closing() || !self.may_go_on().await {
                return None;
            }
            if let Some(event) = self.queue.pop_front() {
                return Some(event);
            }
            let pause = match self.reader.next(&reading.books, CHUNK).await {
                Ok(found) => {
                    self.queue = found.into();
                    if !self.queue.is_empty() || !self.reader.is_at_end() {
                        continue;
                    }
                    None
                }
                Err(problem) if problem.retryable => Some(AGAIN),
                Err(_) => return None,
            };
            tokio::select! {
                () = reading.closed() => return None,
                () = tokio::time::sleep(pause.unwrap_or_default()), if pause.is_some() => {}
                () = self.waiting.next(), if pause.is_none() => {}
            }
        }
    }
}

fn sse(event: &EventShown) -> Event {
    let data = serde_json::to_string(event).unwrap_or_default();
    Event::default().id(event.seq.to_string()).event(&event.kind).data(data)
}
