//! `POST /mcp` as a program meets it that does not speak the protocol well. Whole conversations are held by `.ci/mcp`, with a client that does.

use ledger_api::http::limits;
use serde_json::{Value, json};

use crate::serving::{PLATFORM_KEY, Served};

/// Status and body of a message with these headers.
async fn said(served: &Served, headers: &[(&str, &str)], body: String) -> (u16, Value) {
    let url = format!("http://{}/v1/orgs/acme/mcp", served.running.address);
    let asked = reqwest::Client::new().post(url).bearer_auth(PLATFORM_KEY).body(body);
    let answer = headers.iter().fold(asked, |asked, (name, value)| asked.header(*name, *value)).send().await.unwrap();
    (answer.status().as_u16(), serde_json::from_slice(&answer.bytes().await.unwrap()).unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_message_of_the_protocol_is_refused_as_a_problem() {
    let served = Served::start().await;
    served.org("acme").await;
    let (accept, kind) = (("accept", "application/json, text/event-stream"), ("content-type", "application/json"));
    let list = json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {} }).to_string();
    let long = json!({ "jsonrpc": "2.0", "id": 1, "method": "x", "params": { "text": "x".repeat(limits::BODY_BYTES_MAX) } }).to_string();
    for (what, headers, body, status, code) in [
        ("no JSON", vec![accept, kind], "{\"jsonrpc\":".to_owned(), 400, "MALFORMED_JSON"),
        ("nothing", vec![accept, kind], String::new(), 400, "MALFORMED_JSON"),
        ("too much", vec![accept, kind], long, 413, "BODY_TOO_LARGE"),
        ("another media type", vec![accept, ("content-type", "text/plain")], list.clone(), 415, "MEDIA_TYPE"),
        ("compressed", vec![accept, kind, ("content-encoding", "gzip")], list.clone(), 415, "CONTENT_ENCODING"),
        ("an answer that cannot be taken", vec![kind, ("accept", "text/html")], list.clone(), 406, "MCP_REFUSED"),
        ("JSON, but no message", vec![accept, kind], "[1, 2]".to_owned(), 415, "MCP_REFUSED"),
    ] {
        let (found, problem) = said(&served, &headers, body).await;
        assert_eq!((found, problem["code"].as_str()), (status, Some(code)), "{what}: {problem}");
    }
}
