//! Entries as NDJSON, for importers: a stream of any length, posted while it comes in.

use std::collections::HashSet;
use std::sync::mpsc::sync_channel;
use std::sync::{Mutex, PoisonError};

use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use futures::StreamExt;
use futures::stream::unfold;
use http_body_util::BodyExt;
use ledger_core::Text;
use ledger_store::OrgId;
use ledger_store::bulk::{Bulk, BulkOptions};
use ledger_store::load::load_book;
use tokio::sync::{Semaphore, SemaphorePermit, mpsc, oneshot};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::http::extract::{WriteParams, idempotency_key, media_type, pairs, refuse_encoded, typed};
use crate::http::intake::{Message, Parsed, Posting, Reader, Run, STREAMS_MAX, Teller, known};
use crate::http::state::App;
use crate::http::{Access, Problem, limits};

/// Pieces of a body that wait to be read.
const PIECES_AHEAD: usize = 16;
/// Chunks that wait to be decided.
const CHUNKS_AHEAD: usize = 2;
/// The media type of streams, in both directions.
const NDJSON: &str = "application/x-ndjson";

/// The routes.
pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(post_stream))
}

/// Streams that are under way in this process.
static PLACES: Semaphore = Semaphore::const_new(STREAMS_MAX);
static UNDER_WAY: Mutex<Option<HashSet<(OrgId, String)>>> = Mutex::new(None);

/// The place of a stream, given back when it ends.
struct Under {
    name: (OrgId, String),
    _place: SemaphorePermit<'static>,
}

impl Under {
    fn way(org: OrgId, key: &str) -> Result<Self, Problem> {
        let place = PLACES.try_acquire().map_err(|_| {
            Problem::new(StatusCode::TOO_MANY_REQUESTS, "TOO_MANY_STREAMS", format!("{STREAMS_MAX} streams are under way already"))
                .retry_in(5)
                .hint("send it again when one of them has ended")
        })?;
        let name = (org, key.to_owned());
        let mut under_way = UNDER_WAY.lock().unwrap_or_else(PoisonError::into_inner);
        if !under_way.get_or_insert_default().insert(name.clone()) {
            let said = "a stream with this Idempotency-Key is under way";
            return Err(Problem::new(StatusCode::CONFLICT, "STREAM_UNDER_WAY", said).retry_in(1).hint("send it again when that has ended"));
        }
        drop(under_way);
        Ok(Self { name, _place: place })
    }
}

impl Drop for Under {
    fn drop(&mut self) {
        let mut under_way = UNDER_WAY.lock().unwrap_or_else(PoisonError::into_inner);
        under_way.get_or_insert_default().remove(&self.name);
    }
}

/// Post entries as they stream in
///
/// One entry a line, as for posting one; blank lines are passed over. The answer streams too: `progress` when a chunk is
/// durable, `refused` for each line that the books do not take (the first 1,000; the others go on), and last a `summary`.
/// The answer begins before the stream has ended, so its status is 200 whatever comes of it: read the summary.
///
/// A stream that was cut off is sent again from its beginning with the same `Idempotency-Key`: what is durable already is
/// counted as `already` and posted no second time. Another stream under the same key is refused before anything of it is posted.
#[utoipa::path(post, path = "/v1/orgs/{org}/entries/stream", tag = "Entries", params(WriteParams),
    request_body(content = String, content_type = "application/x-ndjson", description = "Entries, one JSON object a line."),
    responses((status = 200, description = "What became of it, one JSON object a line.", content_type = "application/x-ndjson", body = Message)))]
async fn post_stream(access: Access, headers: HeaderMap, uri: Uri, body: Body) -> Result<Response, Problem> {
    let key = idempotency_key(&headers)?;
    let params: WriteParams = typed(pairs(&uri)?)?;
    refuse_encoded(&headers)?;
    if !media_type(&headers).is_some_and(|kind| kind.eq_ignore_ascii_case(NDJSON)) {
        return Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "MEDIA_TYPE", format!("the body is not {NDJSON}"))
            .hint("send `Content-Type: application/x-ndjson`"));
    }
    if headers.contains_key(header::IF_MATCH) {
        return Err(Problem::malformed("IF_MATCH_INVALID", "a stream moves the books itself").hint("leave If-Match out"));
    }
    let org = access.org();
    let under = Under::way(org.org(), &key)?;
    let known = known(&org, &key).await?;
    if known.is_empty() && !org.find_keys(&[key.as_str()]).await?.is_empty() {
        return Err(Problem::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "IDEMPOTENCY_KEY_REUSED",
            "this Idempotency-Key was used for another request",
        )
        .hint("choose another key"));
    }
    let run = if params.dry_run {
        Run::Check(Box::new(load_book(&org).await?.book), access.actor())
    } else {
        let options = BulkOptions { actor: access.actor(), correlation: Some(access.correlation), atomic: false, soft_closed: false };
        Run::Post(Box::new(Bulk::open(org.clone(), options).await?))
    };
    let (told, answer) = mpsc::unbounded_channel();
    let posting = Posting {
        has_ids: org.has_external_ids().await?,
        org,
        runtime: tokio::runtime::Handle::current(),
        run,
        key,
        wakeup: access.app.wakeup.clone(),
        teller: Teller::new(told),
    };
    let functional = Text::from(access.organization.functional_currency.as_str());
    let (pieces, read) = mpsc::channel(PIECES_AHEAD);
    let (begun, beginning) = oneshot::channel();
    tokio::spawn(take_in(body, begun, pieces));
    // Who asks with `Expect: 100-continue` is told to go on by the reading of the body. An answer that came first would keep it
    // waiting for that word until it gives up doing so.
    beginning.await.ok();
    work(&access, under, posting, functional, known, read)?;
    Ok(([(header::CONTENT_TYPE, NDJSON)], Body::from_stream(lines(answer).map(Ok::<_, std::convert::Infallible>))).into_response())
}

/// Reads on one thread and posts on another.
fn work(
    access: &Access,
    under: Under,
    posting: Posting,
    functional: Text,
    known: Vec<crate::http::intake::Mark>,
    pieces: mpsc::Receiver<Result<Bytes, Problem>>,
) -> Result<(), Problem> {
    let (parsed, next) = sync_channel::<Parsed>(CHUNKS_AHEAD);
    let reader = Reader::new(functional, known, move |piece| parsed.send(piece).map_err(|_| crate::http::intake::Gone));
    let (app, org) = (access.app.clone(), access.organization.org);
    let named = |name: &str| std::thread::Builder::new().name(name.to_owned());
    named("stream-read").spawn(move || reader.run(pieces)).map_err(|error| Problem::internal(&error))?;
    let runtime = posting.runtime.clone();
    let post = move || {
        let _under = under;
        let _entered = runtime.enter(); // connections are given back to the pool on this thread
        posting.run(|| next.recv().ok());
        app.wakeup.hurry(org);
        app.wakeup.wake(org);
    };
    named("stream-post").spawn(post).map(drop).map_err(|error| Problem::internal(&error))
}

/// Hands over what arrives, and waits where it is not read as fast. Ends with an error where the body does. Says when it has begun.
async fn take_in(mut body: Body, begun: oneshot::Sender<()>, pieces: mpsc::Sender<Result<Bytes, Problem>>) {
    let mut begun = Some(begun);
    loop {
        let frame = tokio::time::timeout(limits::BODY_TIME_MAX, body.frame()).await;
        if let Some(begun) = begun.take() {
            begun.send(()).ok();
        }
        let piece = match frame {
            Ok(None) => return,
            Ok(Some(Ok(frame))) => match frame.into_data() {
                Ok(piece) => Ok(piece),
                Err(_) => continue, // trailers
            },
            Ok(Some(Err(_))) => Err(Problem::malformed("BODY_INTERRUPTED", "the stream ended before it was whole")
                .hint("send it again with the same Idempotency-Key")),
            Err(_) => {
                let said = format!("nothing arrived for {} seconds", limits::BODY_TIME_MAX.as_secs());
                let slow = Problem::new(StatusCode::REQUEST_TIMEOUT, "BODY_TIMEOUT", said);
                Err(Problem { retryable: true, ..slow }.hint("send it again with the same Idempotency-Key"))
            }
        };
        let last = piece.is_err();
        if pieces.send(piece).await.is_err() || last {
            return;
        }
    }
}

fn lines(answer: mpsc::UnboundedReceiver<Bytes>) -> impl futures::Stream<Item = Bytes> {
    unfold(answer, |mut answer| async move { answer.recv().await.map(|line| (line, answer)) })
}
