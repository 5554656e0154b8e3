//! Somebody else's server: it takes messages, or fails in the ways that servers do.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use serde_json::Value;
use sha2::Sha256;
use tokio::task::JoinHandle;

/// What it does with a message.
#[derive(Clone, Debug)]
pub(super) enum Reaction {
    Status(u16),
    RetryAfter(u16, &'static str),
    Redirect(String),
    /// Says nothing for longer than anybody waits.
    Hang,
    /// Answers with more than anybody reads.
    Flood,
    /// Breaks off without an answer.
    Panic,
}

/// A message as it came.
#[derive(Clone, Debug)]
pub(super) struct Received {
    pub(super) id: String,
    pub(super) timestamp: i64,
    pub(super) signatures: Vec<String>,
    pub(super) text: String,
    pub(super) body: Value,
    pub(super) reaction: String,
}

impl Received {
    pub(super) fn seq(&self) -> u64 {
        self.body["data"]["seq"].as_u64().unwrap_or(0)
    }

    pub(super) fn accepted(&self) -> bool {
        self.reaction == "Status(200)"
    }

    /// Whether one of the signatures is that of this secret. Computed here, not by the code under test.
    pub(super) fn is_signed_with(&self, secret: &str) -> bool {
        let key = STANDARD.decode(secret.strip_prefix("whsec_").unwrap()).unwrap();
        let mut mac = Hmac::<Sha256>::new_from_slice(&key).unwrap();
        mac.update(format!("{}.{}.{}", self.id, self.timestamp, self.text).as_bytes());
        let expected = format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()));
        self.signatures.contains(&expected)
    }
}

#[derive(Clone, Default)]
struct Desk {
    received: Arc<Mutex<Vec<Received>>>,
    reactions: Arc<Mutex<VecDeque<Reaction>>>,
}

/// The server.
pub(super) struct Receiver {
    pub(super) address: SocketAddr,
    desk: Desk,
    serving: JoinHandle<()>,
}

impl Receiver {
    pub(super) async fn start() -> Self {
        let desk = Desk::default();
        let (address, serving) = listen(SocketAddr::from(([127, 0, 0, 1], 0)), desk.clone()).await;
        Self { address, desk, serving }
    }

    pub(super) fn url(&self) -> String {
        format!("http://{}/hook", self.address)
    }

    /// Nobody listens any more, and who was connected is cut off.
    pub(super) async fn stop(&mut self) {
        self.serving.abort();
        (&mut self.serving).await.ok();
    }

    /// Listens again on the same port.
    pub(super) async fn restart(&mut self) {
        self.serving = listen(self.address, self.desk.clone()).await.1;
    }

    /// What it does with the messages to come, in their order; then it accepts.
    pub(super) fn will(&self, reactions: impl IntoIterator<Item = Reaction>) {
        self.desk.reactions.lock().unwrap().extend(reactions);
    }

    pub(super) fn received(&self) -> Vec<Received> {
        self.desk.received.lock().unwrap().clone()
    }

    /// The events in the order of their first arrival.
    pub(super) fn first_arrivals(&self) -> Vec<u64> {
        distinct(self.received().iter().map(Received::seq))
    }

    /// The events in the order in which they were first accepted.
    pub(super) fn accepted(&self) -> Vec<u64> {
        distinct(self.received().iter().filter(|message| message.accepted()).map(Received::seq))
    }
}

fn distinct(seqs: impl Iterator<Item = u64>) -> Vec<u64> {
    let mut seen = Vec::new();
    for seq in seqs.filter(|seq| *seq > 0) {
        if !seen.contains(&seq) {
            seen.push(seq);
        }
    }
    seen
}

async fn listen(address: SocketAddr, desk: Desk) -> (SocketAddr, JoinHandle<()>) {
    let listener = loop {
        match tokio::net::TcpListener::bind(address).await {
            Ok(listener) => break listener,
            Err(_) => tokio::time::sleep(Duration::from_millis(20)).await,
        }
    };
    let address = listener.local_addr().unwrap();
    let router = Router::new().fallback(take).with_state(desk);
    // Its connections end with it: each is served within the task.
    let serving = tokio::spawn(async move {
        let mut connections = tokio::task::JoinSet::new();
        loop {
            let (connection, _) = listener.accept().await.unwrap();
            let service = hyper_util::service::TowerToHyperService::new(router.clone());
            connections.spawn(async move {
                let io = hyper_util::rt::TokioIo::new(connection);
                let builder = hyper_util::server::conn::auto::Builder::new(hyper_util::rt::TokioExecutor::new());
                builder.serve_connection(io, service).await.ok();
            });
        }
    });
    (address, serving)
}

async fn take(State(desk): State<Desk>, headers: HeaderMap, body: Bytes) -> Response {
    let header = |name: &str| headers.get(name).unwrap().to_str().unwrap().to_owned();
    let reaction = desk.reactions.lock().unwrap().pop_front().unwrap_or(Reaction::Status(200));
    let text = String::from_utf8(body.to_vec()).unwrap();
    desk.received.lock().unwrap().push(Received {
        id: header("webhook-id"),
        timestamp: header("webhook-timestamp").parse().unwrap(),
        signatures: header("webhook-signature").split(' ').map(str::to_owned).collect(),
        body: serde_json::from_str(&text).unwrap(),
        text,
        reaction: format!("{reaction:?}"),
    });
    let status = |status: u16| axum::http::StatusCode::from_u16(status).unwrap();
    match reaction {
        Reaction::Status(code) => (status(code), "as told").into_response(),
        Reaction::RetryAfter(code, after) => (status(code), [("retry-after", after)]).into_response(),
        Reaction::Redirect(to) => (status(307), [("location", to)]).into_response(),
        Reaction::Hang => std::future::pending().await,
        Reaction::Flood => (status(500), "x".repeat(50 << 20)).into_response(),
        Reaction::Panic => panic!("as told"),
    }
}
