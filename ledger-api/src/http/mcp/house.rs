//! This server's own API, asked from within: a tool can do what its caller could do over HTTP, in the same words, and nothing else.
//!
//! So permissions, plans, rates, the audit log and every refusal are the API's own.

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use http_body_util::{BodyExt, Limited};
use serde_json::{Value, json};
use tower::ServiceExt;

use crate::http::access::Remote;

/// Bytes of an answer that a tool passes on.
pub const ANSWER_BYTES_MAX: usize = 4 << 20;

/// What of a caller's request goes with every question that a tool asks for it.
const CARRIED: [HeaderName; 3] =
    [header::AUTHORIZATION, HeaderName::from_static("ledger-workspace"), HeaderName::from_static("correlation-id")];

/// The API of one organization, asked as one caller.
#[derive(Clone)]
pub struct House {
    router: Router,
    /// `/v1/orgs/acme`.
    base: String,
    headers: HeaderMap,
    remote: Option<Remote>,
}

/// What the API answered, or the problem document of its refusal.
pub type Answer = Result<Value, Value>;

impl House {
    /// The API of the organization `slug`, for whoever sent a request with these headers.
    #[must_use]
    pub(crate) fn new(router: Router, slug: &str, sent: &HeaderMap, remote: Option<Remote>) -> Self {
        let carried = CARRIED.into_iter().filter_map(|name| Some((name.clone(), sent.get(&name)?.clone())));
        Self { router, base: format!("/v1/orgs/{slug}"), headers: carried.collect(), remote }
    }

    /// Reads. The path begins after the organization's, or with `/v1` for what is not of an organization.
    pub async fn get(&self, path: &str, query: &[(&str, String)]) -> Answer {
        let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(query).finish();
        let path = if query.is_empty() { path.to_owned() } else { format!("{path}?{query}") };
        self.ask(Method::GET, &path, None, None).await
    }

    /// Asks what takes a body; with a key, where it changes something.
    pub async fn post(&self, path: &str, key: Option<&str>, body: &Value) -> Answer {
        self.ask(Method::POST, path, key, Some(body)).await
    }

    async fn ask(&self, method: Method, path: &str, key: Option<&str>, body: Option<&Value>) -> Answer {
        let path = if path.starts_with("/v1") { path.to_owned() } else { format!("{}{path}", self.base) };
        let body = body.map_or_else(Body::empty, |body| Body::from(body.to_string()));
        let mut request = Request::builder().method(method).uri(path).body(body).map_err(|_| failed("the arguments make no path"))?;
        request.headers_mut().extend(self.headers.clone());
        request.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        if let Some(key) = key {
            let key = HeaderValue::from_str(key).map_err(|_| failed("the idempotency key has characters that a header cannot have"))?;
            request.headers_mut().insert("idempotency-key", key);
        }
        if let Some(remote) = self.remote {
            request.extensions_mut().insert(remote);
        }
        let response = self.router.clone().oneshot(request).await.unwrap_or_else(|never| match never {});
        let status = response.status();
        let bytes = Limited::new(response.into_body(), ANSWER_BYTES_MAX)
            .collect()
            .await
            .map_err(|_| failed("the answer is too long: ask for less"))?;
        let value: Value = serde_json::from_slice(&bytes.to_bytes()).map_err(|_| failed("the answer cannot be read"))?;
        if status.is_success() { Ok(value) } else { Err(value) }
    }
}

/// A problem document for what does not reach the API.
pub fn failed(detail: &str) -> Value {
    json!({ "status": StatusCode::BAD_REQUEST.as_u16(), "code": "ARGUMENTS_INVALID", "title": "Bad Request", "detail": detail, "retryable": false, "outcome": "none" })
}
