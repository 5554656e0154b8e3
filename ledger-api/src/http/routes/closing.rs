//! What happens at a period's end: months, revaluation, recognition. Years are in `years`.

use super::booked::Booked;
use super::place::Place;
use crate::http::extract::WriteParams;
use crate::http::state::App;
use crate::http::wire::closing::{NewClose, NewRecognition, NewReopen, NewRevaluation};
use crate::http::wire::scalars::MonthKey;
use crate::http::{Accepted, Problem, Write};
use ledger_core::Month;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// The routes.
pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(close_period))
        .routes(routes!(reopen_period))
        .routes(routes!(revalue))
        .routes(routes!(recognise_deferrals))
}

/// Close a month
#[utoipa::path(post, path = "/v1/orgs/{org}/periods/{month}/close", tag = "Closing", params(("month" = MonthKey, Path, description = "The month."), WriteParams),
    request_body = NewClose, responses(Booked))]
async fn close_period(Place(month): Place<Month>, write: Write<NewClose>) -> Result<Accepted, Problem> {
    let (write, body) = write.split();
    write.submit(body.of(month)).await
}

/// Open a closed month again
#[utoipa::path(post, path = "/v1/orgs/{org}/periods/{month}/reopen", tag = "Closing", params(("month" = MonthKey, Path, description = "The month."), WriteParams),
    request_body = NewReopen, responses(Booked))]
async fn reopen_period(Place(month): Place<Month>, write: Write<NewReopen>) -> Result<Accepted, Problem> {
    let (write, body) = write.split();
    write.submit(body.of(month)).await
}

/// Revalue foreign items and holdings at a day's closing rates
#[utoipa::path(post, path = "/v1/orgs/{org}/revaluations", tag = "Closing", params(WriteParams),
    request_body = NewRevaluation, responses(Booked))]
async fn revalue(write: Write<NewRevaluation>) -> Result<Accepted, Problem> {
    let (write, body) = write.split();
    write.submit(body.command()).await
}

/// Recognise what was deferred, up to a day
///
/// One request makes at most 100 entries: while a receipt says that events followed, ask again under another key.
#[utoipa::path(post, path = "/v1/orgs/{org}/deferrals/recognitions", tag = "Closing", params(WriteParams),
    request_body = NewRecognition, responses(Booked))]
async fn recognise_deferrals(write: Write<NewRecognition>) -> Result<Accepted, Problem> {
    let (write, body) = write.split();
    write.submit(body.command()).await
}
