//! Entries as NDJSON: told as they become durable, refused line by line, and posted once however often they are sent.

use std::time::Duration;

use futures::stream::{self, StreamExt};
use ledger_api::http::intake::{CHUNK_LINES, LINE_BYTES_MAX, REFUSALS_TOLD_MAX};
use reqwest::{Body, Method, RequestBuilder};
use serde_json::{Value, json};

use crate::serving::{Answer, Served, fresh_key, send};
use crate::writes::{books, entry};

fn request(served: &Served, org: &str, key: &str, body: impl Into<Body>) -> RequestBuilder {
    let request = served.request(Method::POST, &format!("{org}/entries/stream")).header("idempotency-key", key);
    request.header("content-type", "application/x-ndjson").body(body)
}

/// What a stream is answered with, line by line.
async fn posted(served: &Served, org: &str, key: &str, body: impl Into<Body>) -> Vec<Value> {
    told(&send(request(served, org, key, body)).await)
}

#[track_caller]
fn told(answer: &Answer) -> Vec<Value> {
    assert_eq!((answer.status, answer.header("content-type")), (200, Some("application/x-ndjson")), "{}", answer.text);
    answer.text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// Outcome, lines, posted, already, refused of the summary.
#[track_caller]
fn summary(told: &[Value]) -> (String, [u64; 4]) {
    let last = told.last().unwrap();
    assert_eq!(last["type"], "summary", "{last}");
    let number = |name: &str| last[name].as_u64().unwrap();
    (last["outcome"].as_str().unwrap().to_owned(), ["lines", "posted", "already", "refused"].map(number))
}

fn complete(lines: u64, posted: u64, already: u64, refused: u64) -> (String, [u64; 4]) {
    ("complete".to_owned(), [lines, posted, already, refused])
}

async fn head(served: &Served, org: &str) -> u64 {
    served.get(org).await.expect(200)["seq"].as_u64().unwrap()
}

/// So many entries, each another; a line each.
fn entries(from: usize, to: usize) -> String {
    let line = |at: usize| {
        let amount = format!("{}.{:02}", at / 100 + 1, at % 100);
        format!("{}\n", entry("2026-01-05", &amount))
    };
    (from..to).map(line).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_is_posted_once_and_told_line_by_line() {
    let served = Served::start().await;
    let org = books(&served, "acme").await;
    let before = head(&served, &org).await;
    let unbalanced = r#"{"effective_date":"2026-01-05","lines":[{"account":"6100","direction":"debit","amount":"1"},{"account":"1000","direction":"credit","amount":"2"}]}"#;
    let number = r#"{"effective_date":"2026-01-05","lines":[{"account":"6100","direction":"debit","amount":1},{"account":"1000","direction":"credit","amount":"1"}]}"#;
    let one = entries(0, 1);
    let body = format!("{one}\r\n  \n{unbalanced}\r\n{number}\nnonsense\n{{\"a\":1}}\n{}", entries(1, 2).trim_end());
    let told = posted(&served, &org, "some", body.clone()).await;
    let refused: Vec<_> = told
        .iter()
        .filter(|message| message["type"] == "refused")
        .map(|message| {
            let problem = &message["problem"];
            (
                message["line"].as_u64().unwrap(),
                problem["code"].as_str().unwrap().to_owned(),
                problem["pointer"].as_str().map(str::to_owned),
            )
        })
        .collect();
    let at = |pointer: &str| Some(pointer.to_owned());
    assert_eq!(
        refused,
        [
            (4, "UNBALANCED".to_owned(), None),
            (5, "MALFORMED_BODY".to_owned(), at("/lines/0/amount")),
            (6, "MALFORMED_BODY".to_owned(), at("")),
            (7, "MALFORMED_BODY".to_owned(), at("/a")),
        ]
    );
    assert_eq!(summary(&told), complete(6, 2, 0, 4));
    let last = told.last().unwrap();
    assert_eq!((last["seq"].as_u64(), head(&served, &org).await), (Some(before + 2), before + 2));
    assert!(last["hash"].as_str().is_some_and(|hash| hash.len() == 64), "{last}");

    let again = posted(&served, &org, "some", body.clone()).await;
    assert_eq!((summary(&again), head(&served, &org).await), (complete(6, 0, 6, 0), before + 2));
    // What has grown at its end is posted from there; what differs is refused before anything of it is posted.
    let grown = posted(&served, &org, "some", format!("{body}\n{}", entries(2, 5))).await;
    assert_eq!((summary(&grown), head(&served, &org).await), (complete(9, 3, 6, 0), before + 5));
    for other in [body.replacen("6100", "1000", 1), entries(7, 9), String::new()] {
        let told = posted(&served, &org, "some", other.clone()).await;
        assert_eq!(summary(&told).0, "failed", "{other}: {told:?}");
        assert_eq!(told.last().unwrap()["problem"]["code"], "IDEMPOTENCY_KEY_REUSED");
    }
    assert_eq!(head(&served, &org).await, before + 5);
    let elsewhere = posted(&served, &org, "another", body).await;
    assert_eq!((summary(&elsewhere), head(&served, &org).await), (complete(6, 2, 0, 4), before + 7), "another key, another stream");
    assert_eq!(summary(&posted(&served, &org, "none", "\n \n").await), complete(0, 0, 0, 0));
    served.post_keyed(&format!("{org}/entries"), "single", &entry("2026-01-05", "1.00")).await.expect(201);
    assert_eq!(send(request(&served, &org, "single", entries(0, 1))).await.problem(), (422, "IDEMPOTENCY_KEY_REUSED".to_owned()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_is_taken_strictly() {
    let served = Served::start().await;
    let org = books(&served, "acme").await;
    let path = format!("{org}/entries/stream");
    let without_key = served.request(Method::POST, &path).header("content-type", "application/x-ndjson").body("");
    assert_eq!(send(without_key).await.problem(), (400, "IDEMPOTENCY_KEY_MISSING".to_owned()));
    let as_json = served.request(Method::POST, &path).header("idempotency-key", "k").header("content-type", "application/json").body("{}");
    assert_eq!(send(as_json).await.problem(), (415, "MEDIA_TYPE".to_owned()));
    let zipped = request(&served, &org, "k", "").header("content-encoding", "gzip");
    assert_eq!(send(zipped).await.problem(), (415, "CONTENT_ENCODING".to_owned()));
    let conditional = request(&served, &org, "k", "").header("if-match", "\"1\"");
    assert_eq!(send(conditional).await.problem(), (400, "IF_MATCH_INVALID".to_owned()));
    let before = head(&served, &org).await;
    let dry = served.request(Method::POST, &format!("{path}?dry_run=true")).header("idempotency-key", "k");
    let told = told(&send(dry.header("content-type", "application/x-ndjson").body(format!("{}{{}}\n", entries(0, 10)))).await);
    assert_eq!((summary(&told), head(&served, &org).await), (complete(11, 10, 0, 1), before));
    assert_eq!(told.last().unwrap()["dry_run"], true);
}

#[tokio::test(flavor = "multi_thread")]
async fn lines_and_refusals_have_limits() {
    let served = Served::start().await;
    let org = books(&served, "acme").await;
    let long = |bytes: usize| {
        let mut line = entry("2026-01-05", "1.00").to_string();
        let spaces = bytes - line.len();
        line.insert_str(1, &" ".repeat(spaces));
        line
    };
    let body = format!("{}\n{}\n{}", long(LINE_BYTES_MAX), long(LINE_BYTES_MAX + 1), entries(0, 1));
    let told = posted(&served, &org, &fresh_key(), body).await;
    assert_eq!(summary(&told), complete(3, 2, 0, 1));
    let refused = told.iter().find(|message| message["type"] == "refused").unwrap();
    assert_eq!((refused["line"].as_u64(), &refused["problem"]["code"]), (Some(2), &json!("LINE_TOO_LARGE")));
    let told = posted(&served, &org, &fresh_key(), "{}\n".repeat(usize::try_from(REFUSALS_TOLD_MAX).unwrap() + 5)).await;
    let refusals = told.iter().filter(|message| message["type"] == "refused").count() as u64;
    assert_eq!((refusals, summary(&told)), (REFUSALS_TOLD_MAX, complete(REFUSALS_TOLD_MAX + 5, 0, 0, REFUSALS_TOLD_MAX + 5)));
}

#[tokio::test(flavor = "multi_thread")]
async fn external_ids_are_used_once() {
    let served = Served::start().await;
    let org = books(&served, "acme").await;
    let named = |id: &str| {
        let mut entry = entry("2026-01-05", "1.00");
        entry["external_id"] = json!(id);
        format!("{entry}\n")
    };
    let first = served.post(&format!("{org}/entries"), serde_json::from_str(&named("a")).unwrap()).await.expect(201);
    let told = posted(&served, &org, &fresh_key(), [named("a"), named("b"), named("b"), named("c")].concat()).await;
    assert_eq!(summary(&told), complete(4, 2, 0, 2));
    let refused: Vec<_> = told.iter().filter(|message| message["type"] == "refused").collect();
    assert!(refused.iter().all(|message| message["problem"]["code"] == "EXTERNAL_ID_TAKEN"), "{refused:?}");
    assert_eq!(refused[0]["problem"]["existing_seq"], first["seq"]);
    // Far enough apart to be in different chunks.
    let mut body = named("far");
    body.push_str(&entries(0, CHUNK_LINES));
    body.push_str(&named("far"));
    let told = posted(&served, &org, &fresh_key(), body).await;
    let lines = CHUNK_LINES as u64 + 2;
    assert_eq!(summary(&told), complete(lines, lines - 1, 0, 1), "{:?}", told.last());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_stream_that_is_cut_off_is_sent_again_and_posts_nothing_twice() {
    let served = Served::start().await;
    let org = books(&served, "acme").await;
    let before = head(&served, &org).await;
    let count = CHUNK_LINES * 4 + 100;
    let text = entries(0, count);
    let pieces = |until: usize, wait: Duration| {
        let pieces: Vec<String> =
            text.as_bytes()[..until].chunks(100_000).map(|piece| String::from_utf8_lossy(piece).into_owned()).collect();
        stream::iter(pieces).then(move |piece| async move {
            tokio::time::sleep(wait).await;
            Ok::<_, std::io::Error>(piece)
        })
    };
    for share in [1, 3, 5, 7, 9] {
        // The connection goes away in the middle of a line, at another place each time.
        let body = pieces(text.len() * share / 10, Duration::from_millis(2))
            .chain(stream::once(async { Err(std::io::Error::other("the cable was pulled")) }));
        let cut = request(&served, &org, "cut", Body::wrap_stream(body)).send().await;
        if let Ok(response) = cut {
            let text = response.text().await.unwrap_or_default();
            assert!(!text.contains("\"complete\""), "{text}");
        }
        until_free(&served, &org).await;
    }
    let told = posted(&served, &org, "cut", text.clone()).await;
    let (outcome, [lines, posted_now, already, refused]) = summary(&told);
    assert_eq!((outcome.as_str(), lines, posted_now + already, refused), ("complete", count as u64, count as u64, 0));
    assert!(told.iter().any(|message| message["type"] == "progress"), "{told:?}");
    assert!(already >= CHUNK_LINES as u64, "what was durable before is not posted again: {already}");
    assert_eq!(head(&served, &org).await, before + count as u64, "each entry is there once");
}

/// Waits until the server has noticed that a stream was cut off.
async fn until_free(served: &Served, org: &str) {
    for _ in 0..200 {
        let probe = served.request(Method::POST, &format!("{org}/entries/stream?dry_run=true")).header("idempotency-key", "cut");
        let probe = send(probe.header("content-type", "application/x-ndjson").body("")).await;
        if probe.status != 409 {
            return;
        }
        assert_eq!(probe.problem(), (409, "STREAM_UNDER_WAY".to_owned()));
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("the stream is still under way");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn streams_and_single_posts_do_not_lose_each_others_entries() {
    let served = Served::start().await;
    let org = books(&served, "acme").await;
    let before = head(&served, &org).await;
    let (count, singles) = (CHUNK_LINES * 2, 100);
    let single = async {
        for _ in 0..singles {
            served.post(&format!("{org}/entries"), entry("2026-01-05", "1.00")).await.expect(201);
        }
    };
    let (one, two) = (entries(0, count), entries(count, count * 2));
    let (one, two, ()) = tokio::join!(posted(&served, &org, "one", one), posted(&served, &org, "two", two), single);
    for told in [one, two] {
        assert_eq!(summary(&told), complete(count as u64, count as u64, 0, 0), "{:?}", told.last());
    }
    assert_eq!(head(&served, &org).await, before + 2 * count as u64 + singles);
}
