//! Logs and traces. A line or a span names routes by their template and requests by their id; never a path, a query, a header, a
//! body, a person or a secret.

use anyhow::Context;
use axum::http::HeaderMap;
use opentelemetry::propagation::{Extractor, TextMapPropagator};
use opentelemetry::trace::TracerProvider;
use opentelemetry_otlp::WithExportConfig;
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::propagation::TraceContextPropagator;
use opentelemetry_sdk::runtime::Tokio;
use opentelemetry_sdk::trace::SdkTracerProvider;
use opentelemetry_sdk::trace::span_processor_with_async_runtime::BatchSpanProcessor;
use tracing::{Metadata, Span, field};
use tracing_opentelemetry::OpenTelemetrySpanExt;
use tracing_subscriber::filter::{EnvFilter, FilterExt, filter_fn};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{Layer, fmt};
use uuid::Uuid;

use super::settings::{LogSettings, TraceSettings};

/// The name of the span of a request.
const REQUEST: &str = "request";

/// Logs and traces of a process. Ending it sends what is left.
#[derive(Debug, Default)]
pub struct Telemetry {
    provider: Option<SdkTracerProvider>,
}

impl Telemetry {
    /// Begins to log, and to send spans where that is configured. Must be called within the runtime.
    ///
    /// # Errors
    /// When the filter or the address of the receiver cannot be used.
    pub fn start(log: &LogSettings, traces: &TraceSettings) -> anyhow::Result<Self> {
        let provider = traces.endpoint.as_deref().map(|endpoint| provider(endpoint, &traces.service)).transpose()?;
        let spans = provider.as_ref().map(|provider| {
            let tracer = provider.tracer("ledgerd");
            tracing_opentelemetry::layer().with_tracer(tracer).with_filter(filter_fn(is_ours))
        });
        let level = std::env::var("LEDGERD_LOG").unwrap_or_else(|_| log.level.clone());
        // A request's span is there at every level, so that whatever is logged within says which request it was.
        let filter = EnvFilter::try_new(&level).with_context(|| format!("{level:?} is no filter of logs"))?.or(filter_fn(is_request));
        let lines = fmt::layer().with_writer(std::io::stderr);
        let lines = if log.json {
            lines.json().flatten_event(true).with_current_span(true).with_span_list(false).with_filter(filter).boxed()
        } else {
            lines.with_filter(filter).boxed()
        };
        // Where somebody logs already (a test), that goes on.
        tracing_subscriber::registry().with(spans).with(lines).try_init().ok();
        Ok(Self { provider })
    }

    /// Sends what is left of spans.
    pub async fn stop(self) {
        if let Some(provider) = self.provider {
            tokio::task::spawn_blocking(move || provider.shutdown()).await.ok();
        }
    }
}

fn provider(endpoint: &str, service: &str) -> anyhow::Result<SdkTracerProvider> {
    let exporter = opentelemetry_otlp::SpanExporter::builder().with_http().with_endpoint(endpoint).build();
    let exporter = exporter.with_context(|| format!("spans cannot be sent to {endpoint}"))?;
    let resource = Resource::builder().with_service_name(service.to_owned()).build();
    let batches = BatchSpanProcessor::builder(exporter, Tokio).build();
    Ok(SdkTracerProvider::builder().with_resource(resource).with_span_processor(batches).build())
}

fn is_ours(metadata: &Metadata<'_>) -> bool {
    metadata.is_span() && metadata.target().starts_with("ledger_")
}

fn is_request(metadata: &Metadata<'_>) -> bool {
    metadata.is_span() && metadata.name() == REQUEST && is_ours(metadata)
}

/// The span of a request, within the trace that the caller names (`traceparent`), if any.
pub fn request_span(method: &str, route: &str, request_id: Uuid, correlation: Option<&str>, headers: &HeaderMap) -> Span {
    let span = tracing::info_span!(
        "request",
        otel.name = format!("{method} {route}"),
        otel.kind = "server",
        otel.status_code = field::Empty,
        http.request.method = method,
        http.route = route,
        http.response.status_code = field::Empty,
        %request_id,
        correlation,
    );
    if headers.contains_key("traceparent") && !span.is_disabled() {
        // Without a receiver for spans this does nothing.
        span.set_parent(TraceContextPropagator::new().extract(&Headers(headers))).ok();
    }
    span
}

/// How a request ended.
pub fn answered(span: &Span, status: u16) {
    span.record("http.response.status_code", status);
    if status >= 500 {
        span.record("otel.status_code", "ERROR");
    }
}

struct Headers<'a>(&'a HeaderMap);

impl Extractor for Headers<'_> {
    fn get(&self, key: &str) -> Option<&str> {
        self.0.get(key).and_then(|value| value.to_str().ok())
    }

    fn keys(&self) -> Vec<&str> {
        self.0.keys().map(axum::http::HeaderName::as_str).collect()
    }
}
