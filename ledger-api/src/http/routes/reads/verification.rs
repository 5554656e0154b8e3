//! `/verification`: prove in the background that history is the one that was written, and see what came of it.

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use ledger_projections::reports::Point;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::http::extract::Nothing;
use crate::http::reading::marked;
use crate::http::reading::verifying::VerificationShown;
use crate::http::routes::organizations::NoParams;
use crate::http::state::App;
use crate::http::{Problem, Read, Write};

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(begin_verification, show_verification))
}

/// Begin to verify history
///
/// Reads all of it: hashes, tree roots, every event and its balance, and what speaks about it. One verification at a time
/// runs on a server, others wait their turn; while the organization's own is running this answers how it stands.
#[utoipa::path(post, path = "/v1/orgs/{org}/verification", tag = "Events", request_body = Nothing,
    responses((status = 202, description = "It is running, or waits for its turn.", body = VerificationShown)))]
async fn begin_verification(write: Write<Nothing>) -> Result<Response, Problem> {
    let org = write.access.org();
    let verifying = write.access.app.reading.verifying.clone();
    let begin = async move |_: &mut ledger_store::OrgTx| {
        let (shown, _) = verifying.begin(&org);
        Ok((StatusCode::ACCEPTED, serde_json::to_value(shown).map_err(|error| Problem::internal(&error))?))
    };
    write.once(begin).await
}

/// Show how the last verification ended
///
/// Of this server, since it was started; `state` is `never` where there was none.
#[utoipa::path(get, path = "/v1/orgs/{org}/verification", tag = "Events",
    responses((status = 200, description = "The last verification, running or done.", body = VerificationShown)))]
async fn show_verification(read: Read<NoParams>) -> Result<Response, Problem> {
    if read.point != Point::Latest {
        return Err(Problem::malformed("PARAMETER_INVALID", "a verification is of everything: known_at and at_seq do not apply"));
    }
    let shown = read.access.app.reading.verifying.last(read.access.organization.org);
    Ok(marked(shown.seq.unwrap_or(0), axum::Json(shown).into_response()))
}
