//! Whether this process lives (`/healthz`), and whether it should be given requests (`/readyz`).

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::json;
use tokio::task::AbortHandle;

use crate::http::state::App;

/// How long the database may take to say that it is there.
const PATIENCE: Duration = Duration::from_secs(2);

/// What is known of the process itself.
#[derive(Debug, Default)]
pub struct Health {
    stopping: AtomicBool,
    workers: Mutex<Vec<(&'static str, AbortHandle)>>,
}

impl Health {
    /// From here on the server does not want new requests.
    pub fn stop(&self) {
        self.stopping.store(true, Ordering::Relaxed);
    }

    /// Whether it is about to stop.
    #[must_use]
    pub fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::Relaxed)
    }

    /// A task that must go on for as long as the server serves.
    pub fn watch(&self, name: &'static str, worker: AbortHandle) {
        self.workers.lock().unwrap_or_else(PoisonError::into_inner).push((name, worker));
    }

    fn ended(&self) -> Vec<&'static str> {
        let workers = self.workers.lock().unwrap_or_else(PoisonError::into_inner);
        workers.iter().filter(|(_, worker)| worker.is_finished()).map(|(name, _)| *name).collect()
    }
}

/// Everything that speaks against giving this server requests.
async fn reasons(app: &App) -> Vec<String> {
    let mut reasons: Vec<String> = app.health.ended().into_iter().map(|name| format!("the background work {name:?} has ended")).collect();
    if app.health.is_stopping() {
        reasons.push("the server is stopping".to_owned());
    }
    match tokio::time::timeout(PATIENCE, app.store.ready()).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) if error.is_transient() => {
            tracing::warn!(%error, "not ready");
            reasons.push("the database cannot be reached".to_owned());
        }
        // What the schema lacks names migrations, nothing else.
        Ok(Err(error)) => reasons.push(error.to_string()),
        Err(_) => reasons.push(format!("the database did not answer within {} s", PATIENCE.as_secs())),
    }
    reasons
}

/// 200 as long as the process can answer at all.
pub async fn healthz() -> &'static str {
    "ok"
}

/// 200 where requests may come, else 503 with the reasons.
pub async fn readyz(State(app): State<App>) -> Response {
    let reasons = reasons(&app).await;
    if reasons.is_empty() {
        return Json(json!({ "ready": true, "reasons": [] })).into_response();
    }
    let mut response = (StatusCode::SERVICE_UNAVAILABLE, Json(json!({ "ready": false, "reasons": reasons }))).into_response();
    response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
    response
}
