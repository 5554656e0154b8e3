//! Writing the chart of accounts.

use super::booked::{Booked, missing};
use super::place::Place;
use crate::http::extract::WriteParams;
use crate::http::state::App;
use crate::http::wire::accounts::{AccountChange, NewAccount, NewAccountStatus, NewActivity, NewBalanceCondition, NewControl};
use crate::http::{Accepted, Problem, Write};
use ledger_core::AccountRef;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// The routes.
pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(open_account))
        .routes(routes!(change_account))
        .routes(routes!(set_account_status))
        .routes(routes!(set_account_activity))
        .routes(routes!(set_balance_condition))
        .routes(routes!(designate_control))
}

/// Open an account
#[utoipa::path(post, path = "/v1/orgs/{org}/accounts", tag = "Accounts", params(WriteParams),
    request_body = NewAccount, responses(Booked))]
async fn open_account(write: Write<NewAccount>) -> Result<Accepted, Problem> {
    let (write, body) = write.split();
    write.submit(body.command()).await
}

/// Change an account's name, sub-type or place in the chart
#[utoipa::path(patch, path = "/v1/orgs/{org}/accounts/{code}", tag = "Accounts", params(("code" = String, Path, description = "Code of the account, percent-encoded."), WriteParams),
    request_body = AccountChange, responses(Booked))]
async fn change_account(Place(account): Place<AccountRef>, write: Write<AccountChange>) -> Result<Accepted, Problem> {
    let (write, body) = write.split();
    let names_another = body.parent.iter().flatten().any(|parent| AccountRef::Code(parent.0.clone()) != account);
    let changed = write.submit(body.of(account)).await;
    if names_another { changed } else { changed.map_err(missing("ACCOUNT_UNKNOWN")) }
}

/// Lock, unlock, close or reopen an account
#[utoipa::path(post, path = "/v1/orgs/{org}/accounts/{code}/status", tag = "Accounts", params(("code" = String, Path, description = "Code of the account, percent-encoded."), WriteParams),
    request_body = NewAccountStatus, responses(Booked))]
async fn set_account_status(Place(account): Place<AccountRef>, write: Write<NewAccountStatus>) -> Result<Accepted, Problem> {
    let (write, body) = write.split();
    write.submit(body.of(account)).await.map_err(missing("ACCOUNT_UNKNOWN"))
}

/// Say what an account counts as in a cash-flow statement
#[utoipa::path(post, path = "/v1/orgs/{org}/accounts/{code}/activity", tag = "Accounts", params(("code" = String, Path, description = "Code of the account, percent-encoded."), WriteParams),
    request_body = NewActivity, responses(Booked))]
async fn set_account_activity(Place(account): Place<AccountRef>, write: Write<NewActivity>) -> Result<Accepted, Problem> {
    let (write, body) = write.split();
    write.submit(body.of(account)).await.map_err(missing("ACCOUNT_UNKNOWN"))
}

/// Bound an account's balance in one currency
#[utoipa::path(post, path = "/v1/orgs/{org}/accounts/{code}/balance-condition", tag = "Accounts", params(("code" = String, Path, description = "Code of the account, percent-encoded."), WriteParams),
    request_body = NewBalanceCondition, responses(Booked))]
async fn set_balance_condition(Place(account): Place<AccountRef>, write: Write<NewBalanceCondition>) -> Result<Accepted, Problem> {
    let (write, body) = write.split();
    write.submit(body.of(account)).await.map_err(missing("ACCOUNT_UNKNOWN"))
}

/// Make an account a control account
#[utoipa::path(post, path = "/v1/orgs/{org}/accounts/{code}/control", tag = "Accounts", params(("code" = String, Path, description = "Code of the account, percent-encoded."), WriteParams),
    request_body = NewControl, responses(Booked))]
async fn designate_control(Place(account): Place<AccountRef>, write: Write<NewControl>) -> Result<Accepted, Problem> {
    let (write, body) = write.split();
    write.submit(body.of(account)).await.map_err(missing("ACCOUNT_UNKNOWN"))
}
