//! Closing years with an entry. What there is to close is summed up here from history, as the command line does.

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::booked::Booked;
use crate::cli::year;
use crate::http::extract::WriteParams;
use crate::http::state::App;
use crate::http::wire::closing::NewYearClose;
use crate::http::{Accepted, Problem, Write};
use ledger_store::load::load_book;

/// How often the sums are brought up to date before somebody else's postings win.
const TRIES_MAX: usize = 10;

/// The routes.
pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(close_year))
}

/// Close a year with an entry
///
/// Every balance of revenue and expense up to the last day goes to retained earnings. Refused with 409 `BOOK_MOVED` where
/// others post all the time meanwhile.
#[utoipa::path(post, path = "/v1/orgs/{org}/year-closings", tag = "Closing", params(WriteParams),
    request_body = NewYearClose, responses(Booked))]
async fn close_year(write: Write<NewYearClose>) -> Result<Accepted, Problem> {
    let (write, body) = write.split();
    let org = write.access.org();
    let retained = match body.retained_earnings {
        Some(code) => code.account(),
        None => {
            let book = load_book(&org).await?.book;
            let found = book.retained_earnings().map(|account| ledger_core::AccountRef::No(account.no));
            found.ok_or_else(|| {
                Problem::refused("ACCOUNT_UNKNOWN", "/retained_earnings", "the chart has no account for retained earnings")
                    .hint("name an equity account, or open one of the sub-type retained_earnings")
            })?
        }
    };
    let mut tries = 1;
    loop {
        let command = year::command(&org, retained.clone(), body.date.0).await?;
        match write.submit(command).await {
            // Somebody posted while the sums were made.
            Err(problem) if problem.code == "BOOK_MOVED" && write.expected().is_none() && tries < TRIES_MAX => tries += 1,
            answered => return answered,
        }
    }
}
