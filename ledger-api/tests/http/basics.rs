//! The pipeline itself: credentials, keys, conditions, strictness.

use reqwest::Method;
use serde_json::json;

use crate::serving::{Served, fresh_key, send};

#[tokio::test(flavor = "multi_thread")]
async fn an_organization_is_created_once() {
    let served = Served::start().await;
    let body = json!({ "slug": "acme", "name": "Acme", "functional_currency": "USD" });
    let first = served.post_keyed("/v1/orgs", "one", &body).await;
    let again = served.post_keyed("/v1/orgs", "one", &body).await;
    assert_eq!((first.status, again.status, &first.text), (201, 201, &again.text));
    assert_eq!((first.header("idempotent-replayed"), again.header("idempotent-replayed")), (None, Some("true")));
    assert_eq!(served.post_keyed("/v1/orgs", "two", &body).await.problem(), (409, "ORGANIZATION_EXISTS".to_owned()));
    let shown = served.get("/v1/orgs/acme").await.expect(200);
    assert_eq!((shown["slug"].as_str(), shown["functional_currency"].as_str()), (Some("acme"), Some("USD")));
}

#[tokio::test(flavor = "multi_thread")]
async fn strangers_learn_nothing() {
    let served = Served::start().await;
    served.org("acme").await;
    for path in ["/v1/orgs/acme", "/v1/orgs/none"] {
        let without = send(served.client.get(served.url(path))).await;
        assert_eq!(without.problem(), (401, "CREDENTIALS_MISSING".to_owned()));
        let garbage = send(served.client.get(served.url(path)).bearer_auth("lsk_nonsense")).await;
        assert_eq!(garbage.problem().0, 401);
    }
    assert_eq!(served.get("/v1/orgs/none").await.problem(), (404, "ORGANIZATION_NOT_FOUND".to_owned()));
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_are_taken_strictly() {
    let served = Served::start().await;
    let org = served.org("acme").await;
    let entries = format!("{org}/entries");
    let entry = json!({ "effective_date": "2026-01-15", "lines": [] });
    let without_key = send(served.request(Method::POST, &entries).json(&entry)).await;
    assert_eq!(without_key.problem(), (400, "IDEMPOTENCY_KEY_MISSING".to_owned()));
    assert_eq!(served.get(&format!("{org}?no=1")).await.problem(), (400, "PARAMETER_INVALID".to_owned()));
    assert_eq!(served.get(&format!("{org}?at_seq=1&at_seq=1")).await.problem(), (400, "PARAMETER_TWICE".to_owned()));
    assert_eq!(served.post(&entries, entry.clone()).await.problem(), (422, "TOO_FEW_LINES".to_owned()));
    let stale = served.request(Method::POST, &entries).header("idempotency-key", fresh_key()).header("if-match", "\"7\"").json(&entry);
    assert_eq!(send(stale).await.problem(), (412, "BOOK_MOVED".to_owned()));
    assert_eq!(send(served.request(Method::DELETE, &entries)).await.problem().0, 405);
    assert_eq!(served.get("/v2").await.problem().0, 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_request_is_in_the_audit_log_once() {
    let served = Served::start().await;
    let org = served.org("acme").await;
    let asked = served.request(Method::GET, &org).header("correlation-id", "talk-1");
    let shown = send(asked).await;
    let refused = served.post(&format!("{org}/entries"), json!({ "effective_date": "2026-01-15", "lines": [] })).await;
    let log = format!("{org}/audit-log");
    let rows = loop {
        let page = served.get(&format!("{log}?limit=2&resource=entries")).await.expect(200);
        if !page["data"].as_array().unwrap().is_empty() {
            break served.get(&log).await.expect(200)["data"].as_array().unwrap().clone();
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    };
    let row = |id: &str| rows.iter().find(|row| row["id"] == id).unwrap();
    let read = row(shown.header("request-id").unwrap());
    assert_eq!(
        (read["action"].as_str(), read["status"].as_u64(), read["correlation_id"].as_str()),
        (Some("read"), Some(200), Some("talk-1"))
    );
    assert_eq!((read["actor_kind"].as_str(), read["remote"].as_str()), (Some("system"), Some("127.0.0.1")));
    let write = row(refused.header("request-id").unwrap());
    assert_eq!(
        (write["resource"].as_str(), write["status"].as_u64(), write["code"].as_str()),
        (Some("entries"), Some(422), Some("TOO_FEW_LINES"))
    );
    assert_eq!(served.get(&format!("{log}?limit=0")).await.problem().0, 400);
    assert_eq!(served.get(&format!("{log}?limit=201")).await.problem().0, 400);
}

#[test]
fn the_committed_document_is_the_one_that_is_served() {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/openapi.json");
    let committed = std::fs::read_to_string(path).unwrap();
    let (_, document) = ledger_api::http::routes::api();
    let served = format!("{}\n", serde_json::to_string_pretty(&document).unwrap());
    let differs = committed.lines().zip(served.lines()).position(|(one, other)| one != other);
    assert!(
        committed == served,
        "docs/openapi.json differs from line {differs:?}: write it anew with `ledgerd openapi > docs/openapi.json`"
    );
}
