//! The server: listens, serves each connection, works on the read models in the background, and stops in order.
//!
//! Connections are served by hand instead of through `axum::serve`, for its lack of bounds: a head that does not arrive
//! in time is given up, and so are connections when the grace of a stopping server has passed.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use axum::response::IntoResponse;
use axum::routing::get;
use axum::{Extension, Router};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use ledger_projections::{Worker, WorkerConfig};
use ledger_store::Store;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tower::Layer;
use tower_http::catch_panic::CatchPanicLayer;
use utoipa_swagger_ui::SwaggerUi;

use super::access::{self, Remote};
use super::audit::AuditSink;
use super::config::Config;
use super::extract::BodyTime;
use super::identity::meter::FLUSH_EVERY;
use super::matrix::Matrix;
use super::openapi;
use super::ops;
use super::problem::Problem;
use super::review;
use super::routes;
use super::state::App;
use super::webhooks;

/// How long a stopping server waits for its audit log.
const FLUSH_MAX: Duration = Duration::from_secs(5);

/// A server that listens.
pub struct Running {
    /// Where it listens, if it does.
    pub address: SocketAddr,
    /// Its state.
    pub app: App,
    stop: watch::Sender<bool>,
    serving: JoinHandle<()>,
    background: Vec<JoinHandle<()>>,
    auditing: JoinHandle<()>,
    webhooks: Option<JoinHandle<()>>,
}

impl Running {
    /// Says at `/readyz` that it stops, takes no more connections when that is known, finishes what is under way within the configured grace, and ends the background work.
    pub async fn stop(self) {
        self.app.health.stop();
        tokio::time::sleep(self.app.config.drain).await;
        self.app.reading.close();
        self.stop.send_replace(true);
        self.serving.await.ok();
        if let Some(mut webhooks) = self.webhooks {
            // Ends by itself when those on their way have ended.
            if tokio::time::timeout(self.app.config.grace, &mut webhooks).await.is_err() {
                webhooks.abort();
            }
        }
        self.background.iter().for_each(JoinHandle::abort);
        tokio::time::timeout(FLUSH_MAX, self.app.meter.flush(&self.app.store)).await.ok();
        self.app.set_house(None);
        // The log is whole when every sender is gone; connections that were cut off may hold one.
        drop(self.app);
        tokio::time::timeout(FLUSH_MAX, self.auditing).await.ok();
    }
}

/// Begins to serve.
///
/// # Errors
/// When the address cannot be listened on, or a route has no permissions.
pub async fn start(store: Store, config: Config) -> anyhow::Result<Running> {
    let listener = TcpListener::bind(config.listen).await.with_context(|| format!("cannot listen on {}", config.listen))?;
    let address = listener.local_addr()?;
    let (mut running, service, stopped) = begin(store, config)?;
    running.address = address;
    running.serving = tokio::spawn(serve(listener, service, stopped, Arc::clone(&running.app.config)));
    Ok(running)
}

/// A server that listens nowhere: it is asked from within this process only, through what is answered beside it.
///
/// # Errors
/// When a route has no permissions.
pub fn start_within(store: Store, config: Config) -> anyhow::Result<(Running, Router)> {
    let (running, service, _) = begin(store, config)?;
    Ok((running, service))
}

fn begin(store: Store, config: Config) -> anyhow::Result<(Running, Router, watch::Receiver<bool>)> {
    let matrix = Arc::new(Matrix::committed()?);
    let (router, document) = routes::api();
    matrix.must_equal(&openapi::operations(&document))?;
    let (audit, auditing) = AuditSink::start(store.clone());
    let app = App::new(store, config, matrix, audit)?;
    let (stop, stopped) = watch::channel(false);
    ops::metrics::begin();
    let background = background(&app);
    let webhooks = app.config.webhooks.enabled.then(|| tokio::spawn(send_webhooks(app.clone(), stopped.clone())));
    app.health.watch("audit log", auditing.abort_handle());
    if let Some(webhooks) = &webhooks {
        app.health.watch("webhooks", webhooks.abort_handle());
    }
    let service = service(app.clone(), router, document);
    app.set_house(Some(service.clone()));
    let (address, serving) = (app.config.listen, tokio::spawn(async {}));
    Ok((Running { address, app, stop, serving, background, auditing, webhooks }, service, stopped))
}

/// What is read of a connection at a time, and the most that a head may take. Larger pieces cost more to come by than they save.
const READ_BYTES_MAX: usize = 64 << 10;

/// Routes with permissions go through the pipeline; what describes the API is open to everybody.
fn service(app: App, router: Router<App>, document: utoipa::openapi::OpenApi) -> Router {
    router
        .route_layer(axum::middleware::from_fn_with_state(app.clone(), access::guard))
        .route("/healthz", get(ops::health::healthz))
        .route("/readyz", get(ops::health::readyz))
        .route("/metrics", get(ops::metrics::shown))
        .merge(SwaggerUi::new("/docs").url("/openapi.json", document))
        .fallback(no_such_route)
        .layer(Extension(BodyTime(app.config.body_time)))
        .layer(CatchPanicLayer::custom(panicked))
        .with_state(app)
}

async fn no_such_route() -> Problem {
    Problem::not_found("there is no such route").hint("see /docs")
}

fn panicked(_: Box<dyn std::any::Any + Send>) -> axum::response::Response {
    Problem::internal(&"a handler panicked").into_response()
}

/// What goes on beside requests: read models are kept up with the stream.
fn background(app: &App) -> Vec<JoinHandle<()>> {
    // Half of the machine at most: whoever waits for an answer goes first.
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let config = WorkerConfig { parallel: (cores / 2).max(1), ..WorkerConfig::default() };
    let worker = Worker::new(app.store.clone(), app.wakeup.clone(), config);
    let (wakeup, grown) = (app.wakeup.clone(), app.ledger.grown());
    let (reading, store) = (Arc::clone(&app.reading), app.store.clone());
    let hearing = async move { reading.pulse.listen(&store).await };
    let (meter, store) = (Arc::clone(&app.meter), app.store.clone());
    let metering = async move {
        loop {
            tokio::time::sleep(FLUSH_EVERY).await;
            meter.flush(&store).await;
        }
    };
    let measuring = ops::metrics::keep(app.ledger.grown());
    let named = [
        ("projections", tokio::spawn(worker.run())),
        ("wake-ups", tokio::spawn(async move { wakeup.follow(grown).await })),
        ("notifications", tokio::spawn(hearing)),
        ("meter", tokio::spawn(metering)),
        ("metrics", tokio::spawn(measuring)),
        ("deadlines", tokio::spawn(review::deadlines::watch(app.clone()))),
    ];
    named.iter().for_each(|(name, task)| app.health.watch(name, task.abort_handle()));
    named.into_iter().map(|(_, task)| task).collect()
}

/// Sends webhooks until the server is told to stop, and then finishes those on their way.
async fn send_webhooks(app: App, mut stopped: watch::Receiver<bool>) {
    let sender = webhooks::Worker::new(app.store.clone(), app.webhooks.sender.clone(), app.config.webhooks.clone());
    sender.run(app.ledger.grown(), told(&mut stopped)).await;
}

/// Until the server is told to stop.
async fn told(stopped: &mut watch::Receiver<bool>) {
    stopped.wait_for(|stopped| *stopped).await.ok();
}

async fn serve(listener: TcpListener, service: Router, mut stopped: watch::Receiver<bool>, config: Arc<Config>) {
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder.http1().timer(TokioTimer::new()).header_read_timeout(config.head_time).max_buf_size(READ_BYTES_MAX);
    builder.http2().timer(TokioTimer::new()).keep_alive_interval(Some(Duration::from_secs(30)));
    let graceful = GracefulShutdown::new();
    loop {
        let (connection, remote) = tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok(accepted) => accepted,
                Err(error) => {
                    // Out of file descriptors, most likely: let some go before the next.
                    tracing::warn!(%error, "a connection could not be accepted");
                    tokio::time::sleep(Duration::from_millis(50)).await;
                    continue;
                }
            },
            () = told(&mut stopped) => break,
        };
        connection.set_nodelay(true).ok();
        let service = TowerToHyperService::new(Extension(Remote(remote)).layer(service.clone()));
        let served = graceful.watch(builder.serve_connection(TokioIo::new(connection), service).into_owned());
        tokio::spawn(async move {
            if let Err(error) = served.await {
                tracing::debug!(%error, "a connection ended early");
            }
        });
    }
    drop(listener);
    if tokio::time::timeout(config.grace, graceful.shutdown()).await.is_err() {
        tracing::warn!("some requests were cut off: the grace of a stopping server has passed");
    }
}
