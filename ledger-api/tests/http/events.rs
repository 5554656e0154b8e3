//! Events over HTTP: pages and lines with hashes that verify, and streams that lose nothing.

use std::time::Duration;

use futures::StreamExt;
use ledger_core::merkle::{Frontier, Hash, verify_inclusion};
use reqwest::Method;
use serde_json::Value;

use crate::reads::Books;
use crate::serving::send;

fn hash(value: &Value) -> Hash {
    *blake3::Hash::from_hex(value.as_str().unwrap()).unwrap().as_bytes()
}

async fn lines(books: &Books, path: &str) -> Vec<Value> {
    let request = books.served.request(Method::GET, &format!("{}{path}", books.path)).header("accept", "application/x-ndjson");
    let answer = send(request).await;
    assert_eq!((answer.status, answer.header("content-type")), (200, Some("application/x-ndjson")), "{}", answer.text);
    answer.text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// What the lines say proves itself: leaves give each commit's root, each commit names the one before.
#[tokio::test(flavor = "multi_thread")]
async fn lines_prove_themselves() {
    let books = Books::begin().await;
    let mut last = 0;
    for n in 0..150 {
        last = books.post("2026-01-10", "1000", "4000", &format!("{}.00", n + 1)).await;
    }
    let events = lines(&books, "/events").await;
    assert_eq!(events.iter().map(|event| event["seq"].as_u64().unwrap()).collect::<Vec<_>>(), (1..=last).collect::<Vec<_>>());
    let (mut tree, mut previous) = (Frontier::default(), ledger_core::chain::genesis_hash(books.org.0));
    for event in &events {
        tree.push(hash(&event["leaf_hash"]));
        if let Some(commit) = event["commit"].as_object() {
            assert_eq!(hash(&commit["prev_hash"]), previous);
            assert_eq!(hash(&commit["tree_root"]), tree.root());
            previous = hash(&commit["hash"]);
        }
    }
    let head = books.get("/head").await;
    assert_eq!((head["seq"].as_u64(), hash(&head["hash"])), (Some(last), previous));
    for seq in [1, 2, 77, last] {
        let proof = books.get(&format!("/events/{seq}/proof")).await;
        let path: Vec<Hash> = proof["path"].as_array().unwrap().iter().map(hash).collect();
        let leaf = hash(&events[usize::try_from(seq - 1).unwrap()]["leaf_hash"]);
        assert_eq!((proof["tree_size"].as_u64(), hash(&proof["tree_root"])), (Some(last), tree.root()));
        assert!(verify_inclusion(&leaf, seq - 1, last, &path, &tree.root()));
        assert!(!verify_inclusion(&leaf, seq % last, last, &path, &tree.root()), "not at another place");
    }
    // Pages say the same as lines, wherever they begin.
    let (mut after, mut found) = (0, Vec::new());
    loop {
        let page = books.get(&format!("/events?limit=37&after={after}")).await;
        found.extend(page["data"].as_array().unwrap().iter().cloned());
        after = page["next_after"].as_u64().unwrap();
        if page["has_more"] == false {
            break;
        }
    }
    assert_eq!(found, events);
    assert_eq!(lines(&books, "/events?after=100&limit=5").await, events[100..105]);
    assert_eq!(lines(&books, "/events?after=100&at_seq=103").await, events[100..103]);
    assert_eq!(books.get(&format!("/events?after={last}")).await["data"], serde_json::json!([]));
}

/// A reader of Server-Sent Events.
struct Stream {
    body: std::pin::Pin<Box<dyn futures::Stream<Item = reqwest::Result<bytes::Bytes>> + Send>>,
    text: String,
}

impl Stream {
    async fn open(books: &Books, after: Option<u64>) -> Self {
        let request = books.served.request(Method::GET, &format!("{}/events/stream", books.path));
        let request = match after {
            Some(after) => request.header("last-event-id", after.to_string()),
            None => request,
        };
        let response = request.send().await.unwrap();
        assert_eq!((response.status().as_u16(), response.headers()["content-type"].to_str().unwrap()), (200, "text/event-stream"));
        Self { body: Box::pin(response.bytes_stream()), text: String::new() }
    }

    /// The next event: its id, its type, its data. `None` at the stream's end.
    async fn next(&mut self) -> Option<(u64, String, Value)> {
        loop {
            while let Some((message, rest)) = self.text.split_once("\n\n").map(|(message, rest)| (message.to_owned(), rest.to_owned())) {
                self.text = rest;
                let field = |name: &str| message.lines().find_map(|line| line.strip_prefix(name)).map(|value| value.trim().to_owned());
                if let (Some(id), Some(kind), Some(data)) = (field("id:"), field("event:"), field("data:")) {
                    return Some((id.parse().unwrap(), kind, serde_json::from_str(&data).unwrap()));
                }
            }
            let more = tokio::time::timeout(Duration::from_secs(30), self.body.next()).await.expect("the stream goes on");
            self.text.push_str(std::str::from_utf8(&more?.ok()?).unwrap());
        }
    }
}

/// History first, then what happens, through reconnects at any place and while others post: every event once, in order.
#[tokio::test(flavor = "multi_thread")]
async fn a_stream_is_resumed_with_nothing_lost() {
    let books = Books::begin().await;
    for _ in 0..50 {
        books.post("2026-01-10", "1000", "4000", "1.00").await;
    }
    let start = books.get("/head").await["seq"].as_u64().unwrap();
    let end = start + 200;
    let posting = async {
        for n in 0..200_u64 {
            books.post("2026-01-10", "1000", "4000", "2.00").await;
            if n % 20 == 0 {
                tokio::time::sleep(Duration::from_millis(30)).await;
            }
        }
    };
    let reading = async {
        let (mut after, mut connections) = (None, 0);
        let mut found: Vec<(u64, String, Value)> = Vec::new();
        while after < Some(end) {
            let mut stream = Stream::open(&books, after).await;
            connections += 1;
            // Cut off after some events, more of them each time; what was sent and not taken comes again.
            for _ in 0..connections * 7 {
                if after == Some(end) {
                    break;
                }
                let event = stream.next().await.unwrap();
                after = Some(event.0);
                found.push(event);
            }
        }
        assert!(connections > 5);
        found
    };
    let (found, ()) = tokio::join!(reading, posting);
    assert_eq!(found.iter().map(|(seq, ..)| *seq).collect::<Vec<_>>(), (1..=end).collect::<Vec<_>>());
    let written = lines(&books, "/events").await;
    for ((_, kind, data), event) in found.iter().zip(&written) {
        assert_eq!((data, event["type"].as_str()), (event, Some(kind.as_str())));
    }
}

/// A stream that waits hears of what is posted at once, and ends when the server stops.
#[tokio::test(flavor = "multi_thread")]
async fn a_stream_wakes_at_once_and_ends_with_the_server() {
    let books = Books::begin().await;
    let head = books.get("/head").await["seq"].as_u64().unwrap();
    let mut stream = Stream::open(&books, Some(head)).await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    let mut fastest = Duration::MAX;
    for n in 1..=5 {
        let began = std::time::Instant::now();
        books.post("2026-01-10", "1000", "4000", "1.00").await;
        assert_eq!(stream.next().await.unwrap().0, head + n);
        fastest = fastest.min(began.elapsed());
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert!(fastest < Duration::from_millis(500), "a hint, not the poll: {fastest:?}");
    let began = std::time::Instant::now();
    let stopping = tokio::spawn(books.served.running.stop());
    assert!(stream.next().await.is_none());
    stopping.await.unwrap();
    assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
}

/// How far the read models are, and a verification in the background.
#[tokio::test(flavor = "multi_thread")]
async fn it_is_told_how_the_books_stand() {
    let books = Books::begin().await;
    let last = books.post("2026-01-10", "1000", "4000", "1.00").await;
    books.get(&format!("/entries?min_seq={last}")).await;
    let shown = books.get("/projections").await;
    assert_eq!(shown["seq"].as_u64(), Some(last));
    let names: Vec<&str> = shown["data"].as_array().unwrap().iter().map(|of| of["name"].as_str().unwrap()).collect();
    assert!(names.contains(&"account_balance") && names.contains(&"gl_fact"), "{names:?}");
    assert!(shown["data"].as_array().unwrap().iter().all(|of| of["status"] == "running"));
    assert_eq!(books.get("/verification").await["state"], "never");
    let path = format!("{}/verification", books.path);
    assert_eq!(books.served.post(&path, serde_json::json!({})).await.status, 202);
    let mut shown = books.get("/verification").await;
    for _ in 0..200 {
        if shown["state"] != "running" {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
        shown = books.get("/verification").await;
    }
    let head = books.get("/head").await;
    assert_eq!((&shown["state"], &shown["seq"], &shown["hash"]), (&"sound".into(), &head["seq"], &head["hash"]), "{shown}");
    assert!(shown["finished_at"].is_string() && shown["findings"] == serde_json::json!([]));
}
