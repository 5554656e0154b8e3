//! A server for a test, over a database of its own, and a client that says what it was answered.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicU32, Ordering};

use ledger_api::http::{Config, Running, start};
use ledger_store::testing::{TestDatabase, database};
use reqwest::{Client, Method, RequestBuilder};
use serde_json::{Value, json};

/// The key of the machine's operator in tests.
pub(crate) const PLATFORM_KEY: &str = "lpk_of-a-test-and-of-nobody-else";

static NEXT: AtomicU32 = AtomicU32::new(0);

/// A server that listens.
pub(crate) struct Served {
    pub(crate) database: TestDatabase,
    pub(crate) running: Running,
    pub(crate) client: Client,
}

/// What was answered.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: reqwest::header::HeaderMap,
    pub(crate) text: String,
}

impl Answer {
    /// The body as JSON.
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {} {}", self.status, self.text))
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// The body, where the status is as expected.
    #[track_caller]
    pub(crate) fn expect(self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}", self.text);
        if self.text.is_empty() { Value::Null } else { self.json() }
    }

    /// Status and code of a problem document, whose form is checked.
    #[track_caller]
    pub(crate) fn problem(&self) -> (u16, String) {
        assert_eq!(self.header("content-type"), Some("application/problem+json"), "{}", self.text);
        let body = self.json();
        assert_eq!(body["status"], self.status);
        assert!(body["detail"].is_string() && body["retryable"].is_boolean(), "{body}");
        (self.status, body["code"].as_str().unwrap().to_owned())
    }
}

impl Served {
    /// A server over a fresh database.
    pub(crate) async fn start() -> Self {
        Self::with(Config::default()).await
    }

    /// The same with a configuration; address and platform key are the test's.
    pub(crate) async fn with(config: Config) -> Self {
        Self::over(database().await, config).await
    }

    /// A server over a database that is there.
    pub(crate) async fn over(database: TestDatabase, config: Config) -> Self {
        let platform_key_hash = Some(*blake3::hash(PLATFORM_KEY.as_bytes()).as_bytes());
        let config = Config { listen: SocketAddr::from(([127, 0, 0, 1], 0)), platform_key_hash, ..config };
        let running = start(database.store().await, config).await.unwrap();
        let client = Client::builder().redirect(reqwest::redirect::Policy::none()).no_proxy().build().unwrap();
        Self { database, running, client }
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.running.address)
    }

    /// A request by the platform.
    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, self.url(path)).bearer_auth(PLATFORM_KEY)
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        send(self.request(Method::GET, path)).await
    }

    /// A write under a fresh key.
    pub(crate) async fn write(&self, method: Method, path: &str, body: &Value) -> Answer {
        send(self.request(method, path).header("idempotency-key", fresh_key()).json(body)).await
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Answer {
        self.write(Method::POST, path, &body).await
    }

    /// The same under a key of the caller's.
    pub(crate) async fn post_keyed(&self, path: &str, key: &str, body: &Value) -> Answer {
        send(self.request(Method::POST, path).header("idempotency-key", key).json(body)).await
    }

    /// An organization in USD; answers the beginning of its paths.
    pub(crate) async fn org(&self, slug: &str) -> String {
        let body = json!({ "slug": slug, "name": slug, "functional_currency": "USD" });
        self.post("/v1/orgs", body).await.expect(201);
        format!("/v1/orgs/{slug}")
    }
}

/// A key that no other request has.
pub(crate) fn fresh_key() -> String {
    format!("key-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed))
}

/// Sends a request and reads the answer whole.
pub(crate) async fn send(request: RequestBuilder) -> Answer {
    let response = request.send().await.unwrap();
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    Answer { status, headers, text: response.text().await.unwrap() }
}
