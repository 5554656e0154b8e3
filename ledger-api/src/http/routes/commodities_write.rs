//! Writing commodities and rates.

use super::booked::Booked;
use crate::http::extract::WriteParams;
use crate::http::state::App;
use crate::http::wire::commodities::{NewCommodity, NewRate};
use crate::http::{Accepted, Problem, Write};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// The routes.
pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(define_commodity)).routes(routes!(record_rate))
}

/// Define a commodity
#[utoipa::path(post, path = "/v1/orgs/{org}/commodities", tag = "Commodities and rates", params(WriteParams),
    request_body = NewCommodity, responses(Booked))]
async fn define_commodity(write: Write<NewCommodity>) -> Result<Accepted, Problem> {
    let (write, body) = write.split();
    write.submit(body.command()).await
}

/// Record an exchange rate or price
#[utoipa::path(post, path = "/v1/orgs/{org}/rates", tag = "Commodities and rates", params(WriteParams),
    request_body = NewRate, responses(Booked))]
async fn record_rate(write: Write<NewRate>) -> Result<Accepted, Problem> {
    let (write, body) = write.split();
    write.submit(body.command()).await
}
