//! The routes, one module per resource, and the document that describes them all.

pub mod accounts_write;
pub mod agents_write;
pub mod allocations_write;
pub mod approvals_write;
pub mod audit_log;
pub mod batch;
pub mod booked;
pub mod closing;
pub mod commissions_write;
pub mod commodities_write;
pub mod documents_write;
pub mod drafts_write;
pub mod entries;
pub mod granting;
pub mod invitations;
pub mod keys;
pub mod mcp;
pub mod me;
pub mod members;
pub mod organizations;
pub mod parties_write;
pub mod place;
pub mod plans;
pub mod policies_write;
pub mod reads;
pub mod roles;
pub mod semantic;
pub mod stream;
pub mod tax_codes_write;
pub mod webhooks;
pub mod workspaces;
pub mod years;

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
    components(schemas(
        ProblemBody,
        Fate,
        super::wire::scalars::MonthKey,
        booked::ReceiptOrPreview,
        entries::EntryReceipt,
        documents_write::DocumentReceipt,
        drafts_write::DraftReceipt,
        drafts_write::DraftOrPreview,
        drafts_write::PostReceipt,
        approvals_write::VoteReceipt
    ))
)]
struct Document;

/// Every route, and the document as it is served.
pub fn api() -> (axum::Router<App>, utoipa::openapi::OpenApi) {
    let parts = [
        organizations::routes(),
        entries::routes(),
        writes(),
        audit_log::routes(),
        mcp::routes(),
        semantic::routes(),
        webhooks::routes(),
        reads::routes(),
        who_may(),
        review(),
    ];
    let router = parts.into_iter().fold(OpenApiRouter::with_openapi(Document::openapi()), OpenApiRouter::merge);
    let (router, mut document) = router.split_for_parts();
    openapi::complete(&mut document);
    (router, document)
}

/// Writes of the book besides entries.
fn writes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .merge(batch::routes())
        .merge(stream::routes())
        .merge(accounts_write::routes())
        .merge(commodities_write::routes())
        .merge(closing::routes())
        .merge(years::routes())
        .merge(parties_write::routes())
        .merge(tax_codes_write::routes())
        .merge(documents_write::routes())
        .merge(allocations_write::routes())
        .merge(commissions_write::routes())
}

/// Agents, drafts, and whose approval they need.
fn review() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .merge(agents_write::routes())
        .merge(policies_write::routes())
        .merge(drafts_write::routes())
        .merge(approvals_write::routes())
}

/// Who may what.
fn who_may() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .merge(keys::routes())
        .merge(members::routes())
        .merge(invitations::routes())
        .merge(roles::routes())
        .merge(workspaces::routes())
        .merge(plans::routes())
        .merge(me::routes())
}
