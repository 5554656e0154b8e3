//! What is counted and measured, for Prometheus. No label names an organization, a person or a path.
//!
//! Counters and histograms are written where things happen; what has to be asked of the database is asked when somebody reads
//! `/metrics`, at most every two seconds.

use std::sync::OnceLock;
use std::time::{Duration, Instant};

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use ledger_store::StoreError;
use ledger_store::writer::Grown;
use metrics::{counter, describe_counter, describe_gauge, describe_histogram, gauge};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use tokio::sync::broadcast;
use tokio::sync::broadcast::error::RecvError;

use crate::http::access;
use crate::http::problem::Problem;
use crate::http::state::App;

/// How long what was asked of the database holds.
const FRESH: Duration = Duration::from_secs(2);
/// How long the database may take.
const PATIENCE: Duration = Duration::from_secs(5);
/// How often what was measured is summed up when nobody reads it.
const UPKEEP: Duration = Duration::from_secs(5);

/// Counters, with what they count.
const COUNTERS: [(&str, &str); 8] = [
    ("ledger_http_requests_total", "Requests, by method, route and status."),
    ("ledger_http_refusals_total", "Refusals, by the code of the problem."),
    ("ledger_audit_dropped_total", "Rows of the audit log about failed requests that were dropped while the database was away."),
    ("ledger_webhook_attempts_total", "Attempts to deliver a webhook, by outcome."),
    ("ledger_webhook_dead_letters_total", "Events that an endpoint did not accept in all their attempts."),
    (
        "ledger_rls_violations_total",
        "Statements that the database refused because of privileges or row-level security: always a mistake of ours or an attack.",
    ),
    ("ledger_verification_failures_total", "Verifications of an organization's history that found damage."),
    ("ledger_commits_total", "Commits that this process made durable."),
];

/// Gauges, with what they show.
const GAUGES: [(&str, &str); 12] = [
    ("ledger_database_up", "Whether the database answered when it was last asked."),
    ("ledger_pool_connections", "Connections to the database, by state: used or idle."),
    ("ledger_pool_connections_max", "Connections to the database at most."),
    ("ledger_projection_organizations_behind", "Organizations in which a projection has events to apply, by projection."),
    ("ledger_projection_lag_events", "Events that the furthest behind has to apply, by projection."),
    ("ledger_projection_lag_seconds", "Age of the oldest last event that is not applied yet, by projection."),
    (
        "ledger_projections_stopped",
        "Organizations in which a projection stopped at an event, such as one whose lines do not balance, by projection.",
    ),
    ("ledger_webhook_endpoints", "Endpoints, by state: active, behind, retrying, disabled."),
    ("ledger_webhook_backlog_events", "Events that the endpoint furthest behind waits for."),
    ("ledger_audit_backlog", "Rows of the audit log that wait to be written."),
    ("ledger_stopping", "Whether the server is about to stop."),
    ("ledger_build", "Always 1; the label says which version runs."),
];

/// Histograms, with what they measure.
const HISTOGRAMS: [(&str, &str); 4] = [
    ("ledger_http_request_seconds", "How long requests took, by method and route."),
    ("ledger_posting_seconds", "How long it took until a command was durable."),
    ("ledger_commit_commands", "Commands that one commit made durable."),
    ("ledger_commit_events", "Events that one commit made durable."),
];

/// From here on everything is counted. A process has one recorder, however many servers it runs.
pub fn begin() {
    handle();
}

fn handle() -> Option<&'static PrometheusHandle> {
    static HANDLE: OnceLock<Option<PrometheusHandle>> = OnceLock::new();
    HANDLE.get_or_init(install).as_ref()
}

fn install() -> Option<PrometheusHandle> {
    let seconds = [0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];
    let sizes = [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 512.0, 1_024.0, 4_096.0, 16_384.0];
    let installed = PrometheusBuilder::new()
        .set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), &seconds)
        .and_then(|builder| builder.set_buckets_for_metric(Matcher::Prefix("ledger_commit_".to_owned()), &sizes))
        .and_then(PrometheusBuilder::install_recorder);
    let handle = installed.inspect_err(|error| tracing::error!(%error, "there will be no metrics")).ok()?;
    COUNTERS.iter().for_each(|(name, help)| describe_counter!(*name, *help));
    GAUGES.iter().for_each(|(name, help)| describe_gauge!(*name, *help));
    HISTOGRAMS.iter().for_each(|(name, help)| describe_histogram!(*name, *help));
    // What has not happened yet is shown as 0: an alert on it must find it.
    for name in [
        "ledger_audit_dropped_total",
        "ledger_webhook_dead_letters_total",
        "ledger_rls_violations_total",
        "ledger_verification_failures_total",
    ] {
        counter!(name).increment(0);
    }
    gauge!("ledger_build", "version" => env!("CARGO_PKG_VERSION")).set(1);
    Some(handle)
}

/// Sums up what was measured, and measures commits, for as long as the server runs.
pub async fn keep(mut grown: broadcast::Receiver<Grown>) {
    let mut upkeep = tokio::time::interval(UPKEEP);
    loop {
        tokio::select! {
            _ = upkeep.tick() => {
                if let Some(handle) = handle() {
                    handle.run_upkeep();
                }
            }
            heard = grown.recv() => match heard {
                Ok(grown) => {
                    counter!("ledger_commits_total").increment(1);
                    metrics::histogram!("ledger_commit_commands").record(grown.commands);
                    metrics::histogram!("ledger_commit_events").record(grown.events);
                }
                Err(RecvError::Lagged(missed)) => counter!("ledger_commits_total").increment(missed),
                Err(RecvError::Closed) => return,
            }
        }
    }
}

/// Everything, as Prometheus reads it.
pub async fn shown(State(app): State<App>, headers: HeaderMap) -> Response {
    if !app.config.open_metrics && !access::is_platform(&app, &headers) {
        return Problem::unauthenticated("CREDENTIALS_UNKNOWN", "metrics are for the operator of the machine")
            .hint("send the platform's key as a bearer token, or set metrics.access to open")
            .into_response();
    }
    let Some(handle) = handle() else { return StatusCode::NOT_IMPLEMENTED.into_response() };
    let mut asked = app.sampled.lock().await;
    if asked.is_none_or(|asked| asked.elapsed() > FRESH) {
        *asked = Some(Instant::now());
        sample(&app).await;
    }
    drop(asked);
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], handle.render()).into_response()
}

/// A number that is shown; what is larger than can be shown is shown as the largest.
fn shown_as(number: impl TryInto<u32>) -> u32 {
    number.try_into().unwrap_or(u32::MAX)
}

async fn sample(app: &App) {
    let pool = app.store.connections();
    gauge!("ledger_pool_connections", "state" => "idle").set(shown_as(pool.idle));
    gauge!("ledger_pool_connections", "state" => "used").set(shown_as(pool.open).saturating_sub(shown_as(pool.idle)));
    gauge!("ledger_pool_connections_max").set(pool.most);
    gauge!("ledger_audit_backlog").set(shown_as(app.audit.backlog()));
    gauge!("ledger_stopping").set(u32::from(app.health.is_stopping()));
    let up = match tokio::time::timeout(PATIENCE, sample_database(app)).await {
        Ok(Ok(())) => true,
        Ok(Err(error)) => {
            tracing::warn!(%error, "the database was asked for metrics");
            false
        }
        Err(_) => false,
    };
    gauge!("ledger_database_up").set(u32::from(up));
}

async fn sample_database(app: &App) -> Result<(), StoreError> {
    let names: Vec<&str> = ledger_projections::projection::all().iter().map(|projection| projection.name()).collect();
    for lag in app.store.projection_lag(&names).await? {
        let label = [("projection", lag.projection)];
        gauge!("ledger_projection_organizations_behind", &label).set(shown_as(lag.behind));
        gauge!("ledger_projection_lag_events", &label).set(shown_as(lag.events));
        gauge!("ledger_projection_lag_seconds", &label).set(shown_as(lag.seconds));
        gauge!("ledger_projections_stopped", &label).set(shown_as(lag.stopped));
    }
    let webhooks = app.store.webhook_backlog().await?;
    let by_state =
        [("active", webhooks.active), ("behind", webhooks.behind), ("retrying", webhooks.retrying), ("disabled", webhooks.inactive)];
    for (state, count) in by_state {
        gauge!("ledger_webhook_endpoints", "state" => state).set(shown_as(count));
    }
    gauge!("ledger_webhook_backlog_events").set(shown_as(webhooks.furthest));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_metric_says_what_it_is() {
        let all = COUNTERS.iter().chain(&GAUGES).chain(&HISTOGRAMS);
        for (name, help) in all {
            assert!(name.starts_with("ledger_") && help.ends_with('.'), "{name}");
        }
        assert!(COUNTERS.iter().all(|(name, _)| name.ends_with("_total")));
    }
}
