//! The routes, one module per resource, and the document that describes them all.

pub mod audit_log;
pub mod entries;
pub mod organizations;
pub mod reads;
pub mod webhooks;

use utoipa::OpenApi;
use utoipa_axum::router::OpenApiRouter;

use super::openapi;
use super::problem::{Fate, ProblemBody};
use super::state::App;

/// The document's beginning; operations are added by the routes.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "Ledger",
        description = "A double-entry ledger that keeps every change. Amounts are decimal strings, dates are `YYYY-MM-DD`, times RFC 3339 in UTC. \
            Every write needs an `Idempotency-Key` and is answered when it is durable; every refusal is a problem document (RFC 9457) with a code that never changes.",
        license(name = "MIT OR Apache-2.0")
    ),
    components(schemas(ProblemBody, Fate))
)]
struct Document;

/// Every route, and the document as it is served.
pub fn api() -> (axum::Router<App>, utoipa::openapi::OpenApi) {
    let parts = [organizations::routes(), entries::routes(), audit_log::routes(), webhooks::routes(), reads::routes()];
    let router = parts.into_iter().fold(OpenApiRouter::with_openapi(Document::openapi()), OpenApiRouter::merge);
    let (router, mut document) = router.split_for_parts();
    openapi::complete(&mut document);
    (router, document)
}
