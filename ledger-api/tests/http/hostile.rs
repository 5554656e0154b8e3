//! What somebody who wishes us ill would send: smuggled headers, bombs, floods of depth and size, slow bodies, guesses.
//!
//! Sent as bytes over TCP where a client library would be too polite. After each attempt the server still answers.

use std::time::{Duration, Instant};

use ledger_api::http::{Config, limits};
use reqwest::Method;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::serving::{PLATFORM_KEY, Served, fresh_key, send};

/// Everything the server answers to these bytes until it closes the connection or says no more for a moment.
async fn raw(served: &Served, bytes: &[u8]) -> String {
    let mut stream = TcpStream::connect(served.running.address).await.unwrap();
    // The server may refuse before it has read everything.
    let _ = stream.write_all(bytes).await;
    let mut answer = Vec::new();
    let mut part = [0; 4_096];
    while let Ok(Ok(read)) = tokio::time::timeout(Duration::from_millis(700), stream.read(&mut part)).await {
        if read == 0 {
            break;
        }
        answer.extend_from_slice(&part[..read]);
    }
    String::from_utf8_lossy(&answer).into_owned()
}

fn statuses(answer: &str) -> Vec<&str> {
    answer.match_indices("HTTP/1.1 ").map(|(at, _)| &answer[at + 9..at + 12]).collect()
}

const ENTRY: &str = r#"{"effective_date":"2026-01-15","lines":[]}"#;

#[tokio::test(flavor = "multi_thread")]
async fn a_request_hidden_in_another_is_never_answered() {
    let served = Served::start().await;
    served.org("acme").await;
    let auth = format!("Host: x\r\nAuthorization: Bearer {PLATFORM_KEY}\r\nIdempotency-Key: k\r\nContent-Type: application/json\r\n");
    let hidden = format!("GET /v1/orgs/acme HTTP/1.1\r\n{auth}\r\n");
    let body = format!("{ENTRY}{hidden}");
    let length = ENTRY.len();
    for (what, head) in [
        ("both lengths", format!("Content-Length: {length}\r\nTransfer-Encoding: chunked\r\n")),
        ("two lengths", format!("Content-Length: {length}\r\nContent-Length: {}\r\n", body.len())),
        ("a list of lengths", format!("Content-Length: {length}, {}\r\n", body.len())),
        ("a signed length", format!("Content-Length: +{length}\r\n")),
        ("a space before the colon", format!("Content-Length : {length}\r\n")),
        ("a folded header", format!("X-Folded: a\r\n Content-Length: 0\r\nContent-Length: {length}\r\n")),
        ("chunked twice", "Transfer-Encoding: chunked, chunked\r\n".to_owned()),
        ("chunked after identity", "Transfer-Encoding: identity, chunked\r\nTransfer-Encoding: x\r\n".to_owned()),
        ("a bare line feed", format!("X: y\nContent-Length: {}\r\n", body.len())),
    ] {
        let answer = raw(&served, format!("POST /v1/orgs/acme/entries HTTP/1.1\r\n{auth}{head}\r\n{body}").as_bytes()).await;
        let answered = statuses(&answer);
        // Either it is refused, or taken once and what follows is a request of its own that says so.
        assert!(answered.first().is_none_or(|status| *status != "200"), "{what}: {answer}");
        assert!(answered.len() <= 2, "{what}: {answer}");
        if answered.len() == 2 {
            assert_eq!(answered[0], "422", "{what}: the first was not taken as a whole: {answer}");
        }
    }
    served.get("/v1/orgs/acme").await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn headers_that_claim_to_be_somebody_else_change_nothing() {
    let served = Served::start().await;
    served.org("acme").await;
    served.org("other").await;
    for (name, value) in [
        ("x-http-method-override", "DELETE"),
        ("x-original-url", "/v1/orgs/other"),
        ("x-rewrite-url", "/v1/orgs/other"),
        ("x-forwarded-for", "10.0.0.1"),
        ("forwarded", "for=10.0.0.1;host=evil"),
        ("x-org-id", "other"),
        ("x-user-id", "root"),
    ] {
        let shown = send(served.request(Method::GET, "/v1/orgs/acme").header(name, value)).await.expect(200);
        assert_eq!(shown["slug"], "acme", "{name}");
    }
    let twice = served.client.get(served.url("/v1/orgs/acme")).bearer_auth(PLATFORM_KEY).header("authorization", "Bearer other");
    assert_eq!(send(twice).await.problem(), (401, "CREDENTIALS_AMBIGUOUS".to_owned()));
    let basic = served.client.get(served.url("/v1/orgs/acme")).basic_auth("platform", Some(PLATFORM_KEY));
    assert_eq!(send(basic).await.problem(), (401, "CREDENTIALS_MALFORMED".to_owned()));
}

#[tokio::test(flavor = "multi_thread")]
async fn guesses_about_organizations_are_all_answered_alike() {
    let served = Served::start().await;
    served.org("acme").await;
    let mut seen = std::collections::BTreeSet::new();
    for slug in [
        "none",
        "ACME",
        "acme%00",
        "acme%2f..%2facme",
        "..",
        ".",
        "%2e%2e",
        "acme'--",
        "a".repeat(64).as_str(),
        "ácme",
        "acme;x=1",
        "acme%20",
    ] {
        let answer = served.get(&format!("/v1/orgs/{slug}")).await;
        assert_eq!(answer.status, 404, "{slug}: {}", answer.text);
        seen.insert(answer.text);
    }
    assert!(seen.len() <= 2, "no such organization, or no such route, and nothing else: {seen:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn bodies_are_bounded_in_size_depth_and_form() {
    let served = Served::start().await;
    let org = served.org("acme").await;
    let entries = format!("{org}/entries");
    let ask = |kind: &'static str, body: Vec<u8>| {
        send(served.request(Method::POST, &entries).header("idempotency-key", fresh_key()).header("content-type", kind).body(body))
    };
    let big = format!("{{\"effective_date\":\"2026-01-15\",\"description\":\"{}\",\"lines\":[]}}", "x".repeat(limits::BODY_BYTES_MAX));
    assert_eq!(ask("application/json", big.into_bytes()).await.problem(), (413, "BODY_TOO_LARGE".to_owned()));
    for (what, body) in [
        ("deep arrays", "[".repeat(1_000_000)),
        ("deep objects", "{\"a\":".repeat(300_000)),
        ("deep inside a field", format!("{{\"lines\":{}", "[".repeat(1_000_000))),
        ("no JSON", "effective_date=2026-01-15".to_owned()),
        ("two documents", format!("{ENTRY}{ENTRY}")),
        ("a NaN", ENTRY.replace("[]", "NaN")),
        ("an unpaired surrogate", ENTRY.replace("2026", "\\ud800")),
        ("a comment", format!("/* */{ENTRY}")),
        ("an empty body", String::new()),
        ("a number that is too long", format!("{{\"lines\":{}}}", "9".repeat(100_000))),
        ("many names", format!("{{{}\"lines\":[]}}", (0..20_000).map(|n| format!("\"n{n}\":1,")).collect::<String>())),
    ] {
        let (status, code) = ask("application/json", body.into_bytes()).await.problem();
        assert!(status == 400 && code.starts_with("MALFORMED_"), "{what}: {status} {code}");
    }
    assert_eq!(ask("application/json", b"\xff\xfe{\0}\0".to_vec()).await.problem().0, 400);
    assert_eq!(ask("application/x-www-form-urlencoded", b"a=b".to_vec()).await.problem(), (415, "MEDIA_TYPE".to_owned()));
    let bomb = served.request(Method::POST, &entries).header("idempotency-key", fresh_key()).header("content-type", "application/json");
    let bomb = send(bomb.header("content-encoding", "gzip").body(vec![0x1f, 0x8b, 8, 0])).await;
    assert_eq!(bomb.problem(), (415, "CONTENT_ENCODING".to_owned()));
    let long = format!("{org}?known_at={}", "9".repeat(limits::QUERY_BYTES_MAX));
    assert_eq!(served.get(&long).await.problem(), (400, "QUERY_TOO_LONG".to_owned()));
    served.get(&org).await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_are_words_of_bounded_length() {
    let served = Served::start().await;
    let org = served.org("acme").await;
    let entry = json!({ "effective_date": "2026-01-15", "lines": [] });
    let max = "k".repeat(limits::IDEMPOTENCY_KEY_BYTES_MAX);
    for (key, code) in [
        (max.as_str(), "TOO_FEW_LINES"),
        (&format!("{max}k"), "IDEMPOTENCY_KEY_INVALID"),
        ("", "IDEMPOTENCY_KEY_INVALID"),
        ("two words", "IDEMPOTENCY_KEY_INVALID"),
        ("ké", "IDEMPOTENCY_KEY_INVALID"),
        ("\"quoted\"", "TOO_FEW_LINES"),
    ] {
        let answer = served.post_keyed(&format!("{org}/entries"), key, &entry).await;
        assert_eq!(answer.problem().1, code, "{key:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_slow_is_given_up() {
    let times = Config { head_time: Duration::from_millis(300), body_time: Duration::from_millis(300), ..Config::default() };
    let served = Served::with(times).await;
    served.org("acme").await;
    let began = Instant::now();
    let half = format!(
        "POST /v1/orgs/acme/entries HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {PLATFORM_KEY}\r\nIdempotency-Key: k\r\n\
         Content-Type: application/json\r\nContent-Length: 100\r\n\r\n{{"
    );
    let slow_body = raw(&served, half.as_bytes()).await;
    assert_eq!(statuses(&slow_body), ["408"], "{slow_body}");
    assert!(slow_body.contains("BODY_TIMEOUT"), "{slow_body}");
    let mut slow_head = TcpStream::connect(served.running.address).await.unwrap();
    slow_head.write_all(b"GET /v1/orgs/acme HTTP/1.1\r\nHost:").await.unwrap();
    let mut rest = Vec::new();
    tokio::time::timeout(Duration::from_secs(5), slow_head.read_to_end(&mut rest)).await.expect("the connection is given up").ok();
    assert!(began.elapsed() < Duration::from_secs(10));
    // Two hundred who say nothing do not keep others out.
    let mut silent = Vec::new();
    for _ in 0..200 {
        silent.push(TcpStream::connect(served.running.address).await.unwrap());
    }
    served.get("/v1/orgs/acme").await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn heads_are_bounded() {
    let served = Served::start().await;
    served.org("acme").await;
    let start = format!("GET /v1/orgs/acme HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {PLATFORM_KEY}\r\n");
    for (what, head) in [
        ("one long header", format!("X: {}\r\n", "y".repeat(2 << 20))),
        ("many headers", (0..5_000).map(|n| format!("X-{n}: y\r\n")).collect::<String>()),
    ] {
        let answer = raw(&served, format!("{start}{head}\r\n").as_bytes()).await;
        assert!(statuses(&answer).iter().all(|status| *status == "431"), "{what}: {answer}");
    }
    let long = raw(&served, format!("GET /v1/orgs/{} HTTP/1.1\r\nHost: x\r\n\r\n", "a".repeat(100_000)).as_bytes()).await;
    assert!(statuses(&long).iter().all(|status| ["401", "404", "414", "431"].contains(status)), "{long}");
    let token = served.client.get(served.url("/v1/orgs/acme")).bearer_auth("x".repeat(limits::CREDENTIALS_BYTES_MAX + 1));
    assert_eq!(send(token).await.problem(), (401, "CREDENTIALS_MALFORMED".to_owned()));
    served.get("/v1/orgs/acme").await.expect(200);
}
