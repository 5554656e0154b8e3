//! Defining tax codes.

use super::booked::Booked;
use crate::http::extract::WriteParams;
use crate::http::state::App;
use crate::http::wire::tax_codes::NewTaxCode;
use crate::http::{Accepted, Problem, Write};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// The routes.
pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(define_tax_code))
}

/// Define a tax code, or change it
#[utoipa::path(post, path = "/v1/orgs/{org}/tax-codes", tag = "Tax codes", params(WriteParams),
    request_body = NewTaxCode, responses(Booked))]
async fn define_tax_code(write: Write<NewTaxCode>) -> Result<Accepted, Problem> {
    let (write, body) = write.split();
    write.submit(body.command()).await
}
