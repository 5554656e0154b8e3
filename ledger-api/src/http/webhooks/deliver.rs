//! One attempt: a message goes out, signed, and what came back is judged.
//!
//! Whatever the other side does, an attempt ends: it has a bounded time, follows no redirect, and reads no more of an answer
//! than the log keeps. What to do after a failure is the worker's decision.

use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use ledger_store::webhooks::SigningSecret;
use reqwest::header::RETRY_AFTER;
use reqwest::{Client, Response, StatusCode, redirect, retry};

use super::address::{AddressRefused, AddressRules, CheckedResolver};
use super::sign::signatures;

/// Bytes of an answer that the log keeps.
const RESPONSE_BYTES_MAX: usize = 1_024;
/// Bytes of an answer that are read at most.
const RESPONSE_READ_MAX: usize = 4_096;
/// The longest wait that a receiver can ask for.
pub const RETRY_AFTER_MAX: Duration = Duration::from_secs(6 * 3_600);

/// What is sent.
#[derive(Clone, Debug)]
pub struct Message {
    /// Its id, the same in every attempt.
    pub id: String,
    /// The type of its event.
    pub event_type: String,
    /// JSON.
    pub body: String,
}

/// What the receiver made of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It has it.
    Delivered,
    /// It has not, for now. It may have said when to come again.
    Failed {
        /// How long it asked to wait.
        retry_after: Option<Duration>,
    },
    /// It never wants to hear again: 410.
    Gone,
}

/// An attempt that ended.
#[derive(Clone, Debug)]
pub struct Sent {
    /// When it began.
    pub started_at: DateTime<Utc>,
    /// How long it took, in milliseconds.
    pub duration_ms: u32,
    /// What came of it.
    pub verdict: Verdict,
    /// What was answered.
    pub status: Option<u16>,
    /// Why it was not delivered.
    pub error: Option<String>,
    /// The beginning of the answer, where it was not delivered.
    pub response: Option<String>,
}

/// Sends messages.
#[derive(Clone, Debug)]
pub struct Sender {
    client: Client,
    rules: Arc<AddressRules>,
    timeout: Duration,
}

/// What became of a request, before it is judged.
struct Answer {
    status: StatusCode,
    retry_after: Option<Duration>,
    response: String,
}

impl Sender {
    /// A sender that keeps these rules.
    ///
    /// # Errors
    /// When there is no usable TLS on this machine.
    pub fn new(rules: AddressRules, timeout: Duration) -> Result<Self, reqwest::Error> {
        let rules = Arc::new(rules);
        let client = Client::builder()
            .user_agent(concat!("ledgerd/", env!("CARGO_PKG_VERSION")))
            .https_only(!rules.allow_http)
            .redirect(redirect::Policy::none())
            .retry(retry::never())
            .no_proxy()
            .dns_resolver(CheckedResolver(Arc::clone(&rules)))
            .timeout(timeout)
            .connect_timeout(timeout)
            .pool_max_idle_per_host(2)
            .pool_idle_timeout(Duration::from_secs(30))
            .build()?;
        Ok(Self { client, rules, timeout })
    }

    /// The rules that it keeps.
    #[must_use]
    pub fn rules(&self) -> &AddressRules {
        &self.rules
    }

    /// Sends a message once.
    pub async fn send(&self, url: &str, secrets: &[SigningSecret], message: &Message) -> Sent {
        let (started_at, clock) = (Utc::now(), Instant::now());
        let answer = self.ask(url, secrets, message, started_at.timestamp()).await;
        let duration_ms = u32::try_from(clock.elapsed().as_millis()).unwrap_or(u32::MAX).min(i32::MAX.unsigned_abs());
        let (verdict, status, error, response) = match answer {
            Ok(Answer { status, .. }) if status.is_success() => (Verdict::Delivered, Some(status), None, None),
            Ok(Answer { status, response, .. }) if status == StatusCode::GONE => {
                (Verdict::Gone, Some(status), Some("the receiver answered 410 Gone".to_owned()), Some(response))
            }
            Ok(Answer { status, retry_after, response }) => {
                (Verdict::Failed { retry_after }, Some(status), Some(refusal(status)), Some(response))
            }
            Err(error) => (Verdict::Failed { retry_after: None }, None, Some(error), None),
        };
        Sent { started_at, duration_ms, verdict, status: status.map(|status| status.as_u16()), error, response }
    }

    async fn ask(&self, url: &str, secrets: &[SigningSecret], message: &Message, timestamp: i64) -> Result<Answer, String> {
        // Addresses that are written as numbers never reach the resolver.
        let url = self.rules.check(url).map_err(|refused| format!("the endpoint's address {refused}"))?;
        let request = self
            .client
            .post(url)
            .header("content-type", "application/json")
            .header("webhook-id", &message.id)
            .header("webhook-timestamp", timestamp)
            .header("webhook-signature", signatures(secrets, &message.id, timestamp, message.body.as_bytes()))
            .body(message.body.clone());
        let response = request.send().await.map_err(|error| self.describe(&error))?;
        let status = response.status();
        let retry_after = response.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok()).and_then(retry_after);
        // What was accepted is accepted, whatever becomes of the rest of the answer.
        let response = if status.is_success() { String::new() } else { beginning(response).await };
        Ok(Answer { status, retry_after, response })
    }

    /// In words of our own: what the libraries say may contain the URL, and that may contain what is nobody's business.
    fn describe(&self, error: &reqwest::Error) -> String {
        let mut cause: &dyn std::error::Error = error;
        loop {
            if let Some(refused) = cause.downcast_ref::<AddressRefused>() {
                return format!("the endpoint's address {refused}");
            }
            match cause.source() {
                Some(source) => cause = source,
                None => break,
            }
        }
        match () {
            () if error.is_timeout() => format!("no answer within {} s", self.timeout.as_secs()),
            () if error.is_connect() => format!("no connection: {cause}"),
            () => format!("no answer: {cause}"),
        }
    }
}

fn refusal(status: StatusCode) -> String {
    let why = if status.is_redirection() { "; redirects are not followed" } else { "" };
    format!("the receiver answered {status}, expected 2xx{why}")
}

/// Seconds, or a date of HTTP. At most [`RETRY_AFTER_MAX`].
fn retry_after(value: &str) -> Option<Duration> {
    let wait = match value.trim().parse::<u64>() {
        Ok(seconds) => Duration::from_secs(seconds),
        Err(_) => (DateTime::parse_from_rfc2822(value.trim()).ok()?.to_utc() - Utc::now()).to_std().ok()?,
    };
    Some(wait.min(RETRY_AFTER_MAX))
}

/// The beginning of an answer as text that a database takes; what it says after that is not read.
async fn beginning(mut response: Response) -> String {
    let mut bytes = Vec::new();
    while let Ok(Some(chunk)) = response.chunk().await {
        bytes.extend_from_slice(&chunk);
        if bytes.len() >= RESPONSE_READ_MAX {
            break;
        }
    }
    bytes.truncate(RESPONSE_BYTES_MAX);
    let text = String::from_utf8_lossy(&bytes);
    text.chars().filter(|c| !c.is_control() || *c == '\n').take(RESPONSE_BYTES_MAX).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_that_are_asked_for_are_understood_and_bounded() {
        assert_eq!(retry_after("120"), Some(Duration::from_secs(120)));
        assert_eq!(retry_after(" 0 "), Some(Duration::ZERO));
        assert_eq!(retry_after("99999999999"), Some(RETRY_AFTER_MAX));
        assert_eq!(retry_after("Fri, 31 Dec 9999 23:59:59 GMT"), Some(RETRY_AFTER_MAX));
        for nothing in ["", "soon", "-1", "1.5", "Fri, 31 Dec 1999 23:59:59 GMT", "99999999999999999999999"] {
            assert_eq!(retry_after(nothing), None, "{nothing}");
        }
    }
}
