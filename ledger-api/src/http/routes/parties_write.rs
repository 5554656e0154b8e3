//! Registering and changing parties.

use super::booked::{Booked, missing};
use super::place::Place;
use crate::http::extract::WriteParams;
use crate::http::state::App;
use crate::http::wire::parties::{NewParty, PartyChange};
use crate::http::{Accepted, Problem, Write};
use ledger_core::Text;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// The routes.
pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(register_party)).routes(routes!(change_party))
}

/// Register a customer, vendor or payee
#[utoipa::path(post, path = "/v1/orgs/{org}/parties", tag = "Parties", params(WriteParams),
    request_body = NewParty, responses(Booked))]
async fn register_party(write: Write<NewParty>) -> Result<Accepted, Problem> {
    let (write, body) = write.split();
    write.submit(body.command()).await
}

/// Change a party's terms, currency, control accounts or tags
#[utoipa::path(patch, path = "/v1/orgs/{org}/parties/{code}", tag = "Parties", params(("code" = String, Path, description = "Code of the party, percent-encoded."), WriteParams),
    request_body = PartyChange, responses(Booked))]
async fn change_party(Place(party): Place<Text>, write: Write<PartyChange>) -> Result<Accepted, Problem> {
    let (write, body) = write.split();
    write.submit(body.of(party)).await.map_err(missing("PARTY_UNKNOWN"))
}
