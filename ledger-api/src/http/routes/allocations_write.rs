//! Settling open items against each other.

use super::booked::{Booked, at_fault, missing};
use super::place::Place;
use crate::http::extract::WriteParams;
use crate::http::state::App;
use crate::http::wire::allocations::{NewAllocation, NewAllocationReversal};
use crate::http::{Accepted, Problem, Write};
use ledger_core::Seq;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// The routes.
pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(allocate)).routes(routes!(reverse_allocation))
}

/// Settle open items against each other
#[utoipa::path(post, path = "/v1/orgs/{org}/allocations", tag = "Allocations", params(WriteParams),
    request_body = NewAllocation, responses(Booked))]
async fn allocate(write: Write<NewAllocation>) -> Result<Accepted, Problem> {
    let (write, body) = write.split();
    write.submit(body.command().map_err(at_fault)?).await
}

/// Undo an allocation
#[utoipa::path(post, path = "/v1/orgs/{org}/allocations/{seq}/reversal", tag = "Allocations", params(("seq" = u64, Path, description = "Seq of the allocation."), WriteParams),
    request_body = NewAllocationReversal, responses(Booked))]
async fn reverse_allocation(Place(seq): Place<Seq>, write: Write<NewAllocationReversal>) -> Result<Accepted, Problem> {
    let (write, body) = write.split();
    write.submit(body.of(seq)).await.map_err(missing("ALLOCATION_UNKNOWN"))
}
