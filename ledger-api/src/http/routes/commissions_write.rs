//! Writing commissions: plans, assignments, accruals, payouts.

use super::booked::{Booked, at_fault};
use crate::http::extract::WriteParams;
use crate::http::state::App;
use crate::http::wire::commissions::{NewCommissionAccrual, NewCommissionAssignment, NewCommissionPayout, NewCommissionPlan};
use crate::http::{Accepted, Problem, Write};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// The routes.
pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(define_commission_plan))
        .routes(routes!(assign_commission))
        .routes(routes!(accrue_commission))
        .routes(routes!(pay_out_commissions))
}

/// Define a commission plan, or change it
#[utoipa::path(post, path = "/v1/orgs/{org}/commission-plans", tag = "Commissions", params(WriteParams),
    request_body = NewCommissionPlan, responses(Booked))]
async fn define_commission_plan(write: Write<NewCommissionPlan>) -> Result<Accepted, Problem> {
    let (write, body) = write.split();
    write.submit(body.command().map_err(at_fault)?).await
}

/// Say who earns by a commission plan on which invoices
#[utoipa::path(post, path = "/v1/orgs/{org}/commission-assignments", tag = "Commissions", params(WriteParams),
    request_body = NewCommissionAssignment, responses(Booked))]
async fn assign_commission(write: Write<NewCommissionAssignment>) -> Result<Accepted, Problem> {
    let (write, body) = write.split();
    write.submit(body.command()).await
}

/// Accrue what a payee earned on an invoice
#[utoipa::path(post, path = "/v1/orgs/{org}/commission-accruals", tag = "Commissions", params(WriteParams),
    request_body = NewCommissionAccrual, responses(Booked))]
async fn accrue_commission(write: Write<NewCommissionAccrual>) -> Result<Accepted, Problem> {
    let (write, body) = write.split();
    write.submit(body.command()).await
}

/// Turn what a payee is owed into an open item
#[utoipa::path(post, path = "/v1/orgs/{org}/commission-payouts", tag = "Commissions", params(WriteParams),
    request_body = NewCommissionPayout, responses(Booked))]
async fn pay_out_commissions(write: Write<NewCommissionPayout>) -> Result<Accepted, Problem> {
    let (write, body) = write.split();
    write.submit(body.command()).await
}
