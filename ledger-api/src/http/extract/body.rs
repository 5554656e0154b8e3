//! JSON bodies: read whole within bounds of size and time, taken strictly, and known by a fingerprint.

use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::Request;
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, header};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use serde::de::DeserializeOwned;
use serde_json::Value;
use serde_path_to_error::Segment;

use crate::http::limits;
use crate::http::problem::Problem;

/// What a request asks, in a form that does not depend on spaces or the order of names: a key is bound to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fingerprint(pub [u8; 32]);

/// How long a body may take to arrive; known to every request of a server.
#[derive(Clone, Copy, Debug)]
pub struct BodyTime(pub Duration);

/// Reads the body and takes it as `B`, of `application/json`.
///
/// # Errors
/// 400, 408, 413 or 415.
pub async fn json_body<B: DeserializeOwned>(request: Request) -> Result<(B, Fingerprint), Problem> {
    let (head, bytes) = whole(request).await?;
    // An operation without a body takes none, or an empty object.
    let text: &[u8] = if bytes.is_empty() { b"{}" } else { &bytes };
    let body = serde_json::from_slice(text).map_err(|error| explain::<B>(text, &error))?;
    let canonical: Value = serde_json::from_slice(text).map_err(|error| explain::<Value>(text, &error))?;
    let mut hasher = blake3::Hasher::new();
    hasher.update(head.method.as_str().as_bytes()).update(b" ").update(head.uri.path().as_bytes()).update(b"\n");
    write_canonical(&canonical, &mut hasher);
    Ok((body, Fingerprint(*hasher.finalize().as_bytes())))
}

/// A request whose body is there, within its bounds, and of JSON by what it says of itself.
///
/// # Errors
/// 400, 408, 413 or 415.
pub(crate) async fn whole(request: Request) -> Result<(Parts, Bytes), Problem> {
    let is_json = media_type(request.headers()).is_some_and(|kind| kind.eq_ignore_ascii_case("application/json"));
    refuse_encoded(request.headers())?;
    let (head, body) = request.into_parts();
    let bytes = read(&head, body).await?;
    if !bytes.is_empty() && !is_json {
        let problem = Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "MEDIA_TYPE", "the body is not application/json");
        return Err(problem.hint("send `Content-Type: application/json`"));
    }
    Ok((head, bytes))
}

/// The media type without its parameters.
pub(crate) fn media_type(headers: &HeaderMap) -> Option<&str> {
    headers.get(header::CONTENT_TYPE)?.to_str().ok()?.split(';').next().map(str::trim)
}

/// Compressed bodies are not taken: what they grow to cannot be bounded before it is there.
pub(crate) fn refuse_encoded(headers: &HeaderMap) -> Result<(), Problem> {
    match headers.get(header::CONTENT_ENCODING) {
        Some(encoding) if encoding != "identity" => {
            let said = "the body has a Content-Encoding, and compressed bodies are not taken";
            Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "CONTENT_ENCODING", said).hint("send it as it is"))
        }
        _ => Ok(()),
    }
}

async fn read(head: &Parts, body: Body) -> Result<Bytes, Problem> {
    let time = head.extensions.get::<BodyTime>().map_or(limits::BODY_TIME_MAX, |time| time.0);
    let limited = Limited::new(body, limits::BODY_BYTES_MAX).collect();
    match tokio::time::timeout(time, limited).await {
        Ok(Ok(whole)) => Ok(whole.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => {
            let said = format!("the body has more than {} bytes", limits::BODY_BYTES_MAX);
            Err(Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "BODY_TOO_LARGE", said).hint("split it, or stream it as NDJSON"))
        }
        Ok(Err(_)) => Err(Problem::malformed("BODY_INTERRUPTED", "the body ended before it was whole")),
        Err(_) => {
            let said = format!("the body did not arrive within {} seconds", time.as_secs());
            Err(Problem { retryable: true, ..Problem::new(StatusCode::REQUEST_TIMEOUT, "BODY_TIMEOUT", said) })
        }
    }
}

/// What is wrong with a body, and where: read a second time, keeping track of the place.
fn explain<B: DeserializeOwned>(text: &[u8], error: &serde_json::Error) -> Problem {
    if !error.is_data() {
        let said = format!("the body is no JSON: {error}");
        return Problem::malformed("MALFORMED_JSON", said).hint("send one JSON object, nested at most 127 deep");
    }
    let deserializer = &mut serde_json::Deserializer::from_slice(text);
    let Err(found) = serde_path_to_error::deserialize::<_, B>(deserializer) else {
        return Problem::malformed("MALFORMED_BODY", error.to_string());
    };
    let pointer = pointer(found.path());
    Problem::malformed("MALFORMED_BODY", reason(&found.into_inner().to_string()))
        .at(pointer)
        .hint("see the operation's schema at /openapi.json")
}

/// serde's words without the line and column, which the pointer says better.
fn reason(said: &str) -> String {
    said.split(" at line ").next().unwrap_or(said).to_owned()
}

/// The path as a JSON pointer (RFC 6901).
fn pointer(path: &serde_path_to_error::Path) -> String {
    path.iter().fold(String::new(), |pointer, segment| match segment {
        Segment::Seq { index } => format!("{pointer}/{index}"),
        Segment::Map { key } => format!("{pointer}/{}", key.replace('~', "~0").replace('/', "~1")),
        Segment::Enum { variant } => format!("{pointer}/{variant}"),
        Segment::Unknown => pointer,
    })
}

fn write_canonical(value: &Value, out: &mut blake3::Hasher) {
    match value {
        Value::Array(items) => {
            out.update(b"[");
            for item in items {
                write_canonical(item, out);
                out.update(b",");
            }
            out.update(b"]");
        }
        Value::Object(members) => {
            let mut members: Vec<_> = members.iter().collect();
            members.sort_by_key(|(name, _)| *name);
            out.update(b"{");
            for (name, value) in members {
                write_text(name, out);
                write_canonical(value, out);
            }
            out.update(b"}");
        }
        Value::String(text) => write_text(text, out),
        other => {
            out.update(other.to_string().as_bytes());
        }
    }
}

/// A text with its length before it, so that no two bodies look the same.
fn write_text(text: &str, out: &mut blake3::Hasher) {
    out.update(&u64::try_from(text.len()).unwrap_or(u64::MAX).to_be_bytes()).update(text.as_bytes());
}

#[cfg(test)]
mod tests {
    use axum::body::Body;

    use super::*;

    #[derive(Debug, serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Line {
        #[expect(dead_code, reason = "only its type matters")]
        amount: String,
    }

    #[derive(Debug, serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Entry {
        #[expect(dead_code, reason = "only its type matters")]
        lines: Vec<Line>,
    }

    fn request(kind: &str, body: impl Into<Body>) -> Request {
        Request::builder().method("POST").uri("/v1/x").header(header::CONTENT_TYPE, kind).body(body.into()).unwrap()
    }

    #[tokio::test]
    async fn what_is_wrong_is_said_with_its_place() {
        let deep = "[".repeat(200_000);
        for (body, status, code, pointer) in [
            (r#"{"lines":[{"amount":"1"},{"amount":1}]}"#, 400, "MALFORMED_BODY", Some("/lines/1/amount")),
            (r#"{"lines":[],"more":1}"#, 400, "MALFORMED_BODY", Some("/more")),
            (r#"{"lines":[{"amount":"1","amount":"2"}]}"#, 400, "MALFORMED_BODY", Some("/lines/0")),
            (r#"{}"#, 400, "MALFORMED_BODY", Some("")),
            (r#"{"lines":[}"#, 400, "MALFORMED_JSON", None),
            (deep.as_str(), 400, "MALFORMED_BODY", Some("/0/0/0")),
        ] {
            let problem = json_body::<Entry>(request("application/json", body.to_owned())).await.unwrap_err();
            let found = (problem.status.as_u16(), problem.code, problem.pointer.as_deref());
            assert_eq!(found, (status, code, pointer), "{}", body.get(..60).unwrap_or(body));
        }
        let problem = json_body::<Entry>(request("text/plain", r#"{"lines":[]}"#)).await.unwrap_err();
        assert_eq!(problem.status.as_u16(), 415);
        for (bytes, status) in [(limits::BODY_BYTES_MAX, 200), (limits::BODY_BYTES_MAX + 1, 413)] {
            let mut body = br#"{"lines":[]}"#.to_vec();
            body.resize(bytes, b' ');
            let answer = json_body::<Entry>(request("application/json", body)).await;
            assert_eq!(answer.map_or_else(|problem| problem.status.as_u16(), |_| 200), status);
        }
    }

    #[tokio::test]
    async fn a_fingerprint_depends_on_what_is_said_only() {
        let of = async |body: &str| json_body::<Value>(request("application/json", body.to_owned())).await.unwrap().1;
        let one = of(r#"{"a":"1","b":["x","y"]}"#).await;
        assert_eq!(of(r#" { "b" : ["x" , "y"], "a":"1" } "#).await, one);
        for other in [r#"{"a":"1","b":["y","x"]}"#, r#"{"a":"1","b":["xy"]}"#, r#"{"a":1,"b":["x","y"]}"#, r#"{"ab":"1","b":["x","y"]}"#] {
            assert_ne!(of(other).await, one, "{other}");
        }
    }
}
