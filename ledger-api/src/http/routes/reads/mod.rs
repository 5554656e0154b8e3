//! Everything that is read of the books: accounts, the journal, items, events, and how it all stands.

pub mod account_balances;
pub mod commissions;
pub mod documents;
pub mod events;
pub mod governed;
pub mod items;
pub mod journal;
pub mod projections;
pub mod registers;
pub mod report_params;
pub mod report_shapes;
pub mod reports;
pub mod review;
pub mod review_shapes;
pub mod sse;
pub mod verification;

use utoipa_axum::router::OpenApiRouter;

use crate::http::state::App;

pub(super) fn routes() -> OpenApiRouter<App> {
    let parts = [
        account_balances::routes(),
        journal::routes(),
        items::routes(),
        events::routes(),
        commissions::routes(),
        documents::routes(),
        registers::routes(),
        reports::routes(),
        governed::routes(),
        review::routes(),
        sse::routes(),
        projections::routes(),
        verification::routes(),
    ];
    parts.into_iter().fold(OpenApiRouter::new(), OpenApiRouter::merge)
}
