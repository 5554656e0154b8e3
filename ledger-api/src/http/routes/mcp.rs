//! `POST /mcp`: the assistant's desk over streamable HTTP. What stands on it is in [`crate::http::mcp`].

use std::sync::Arc;

use axum::body::Body;
use axum::extract::Request;
use axum::http::StatusCode;
use axum::response::Response;
use rmcp::transport::streamable_http_server::session::never::NeverSessionManager;
use rmcp::transport::streamable_http_server::{StreamableHttpServerConfig, StreamableHttpService};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::http::access::Remote;
use crate::http::mcp::Desk;
use crate::http::mcp::house::House;
use crate::http::state::App;
use crate::http::{Access, Problem, limits};

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(post_mcp))
}

/// Model Context Protocol
///
/// Streamable HTTP without sessions: each request is answered for itself, as JSON or as a stream of events. Tools, resources and
/// prompts speak for the caller, with his permissions, in the books of this organization; the only thing they can write is a draft.
#[utoipa::path(post, path = "/v1/orgs/{org}/mcp", tag = "Semantic layer",
    request_body(content = Object, content_type = "application/json", description = "A message of JSON-RPC 2.0."),
    responses(
        (status = 200, description = "The answer.", content((Object = "application/json"), (String = "text/event-stream"))),
        (status = 202, description = "A notification was taken.")))]
async fn post_mcp(access: Access, request: Request) -> Result<Response, Problem> {
    let router = access.app.house().ok_or_else(|| Problem::unavailable("the server is stopping"))?;
    let remote = request.extensions().get::<Remote>().copied();
    let house = House::new(router, &access.organization.slug, request.headers(), remote);
    let desk = Desk::new(house);
    let mut config = StreamableHttpServerConfig::default().disable_allowed_hosts();
    // Whoever asks has credentials that no page of another site can send, so a name that was bound anew gains nothing.
    (config.legacy_session_mode, config.json_response) = (false, true);
    let service = StreamableHttpService::new(move || Ok(desk.clone()), Arc::new(NeverSessionManager::default()), config);
    let limited = request.map(|body| Body::new(http_body_util::Limited::new(body, limits::BODY_BYTES_MAX)));
    let response = service.handle(limited).await;
    if response.status() == StatusCode::INTERNAL_SERVER_ERROR {
        return Err(Problem::malformed("BODY_INVALID", "the message cannot be read").hint("send one message of JSON-RPC 2.0"));
    }
    Ok(response.map(Body::new))
}
