//! `POST /mcp`: the assistant's desk over streamable HTTP. What stands on it is in [`crate::http::mcp`].

use std::sync::Arc;

use axum::body::Body;
use axum::extract::Request;
use axum::response::Response;
use rmcp::transport::streamable_http_server::session::never::NeverSessionManager;
use rmcp::transport::streamable_http_server::{StreamableHttpServerConfig, StreamableHttpService};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::http::access::Remote;
use crate::http::extract::{media_type, whole};
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
        (status = 202, description = "A notification was taken."),
        (status = 406, description = "The caller does not take both of the answer's forms.", body = crate::http::problem::ProblemBody, content_type = "application/problem+json")))]
async fn post_mcp(access: Access, request: Request) -> Result<Response, Problem> {
    let router = access.app.house().ok_or_else(|| Problem::unavailable("the server is stopping"))?;
    let remote = request.extensions().get::<Remote>().copied();
    let house = House::new(router, &access.organization.slug, request.headers(), remote);
    let desk = Desk::new(house);
    let (head, message) = whole(request).await?;
    if let Err(error) = serde_json::from_slice::<serde::de::IgnoredAny>(&message) {
        let said = format!("the body is no JSON: {error}");
        return Err(Problem::malformed("MALFORMED_JSON", said).hint("send one message of JSON-RPC 2.0"));
    }
    let mut config = StreamableHttpServerConfig::default().disable_allowed_hosts();
    // Whoever asks has credentials that no page of another site can send, so a name that was bound anew gains nothing.
    (config.legacy_session_mode, config.json_response) = (false, true);
    let service = StreamableHttpService::new(move || Ok(desk.clone()), Arc::new(NeverSessionManager::default()), config);
    let response = service.handle(Request::from_parts(head, Body::from(message))).await.map(Body::new);
    // Errors of the protocol are JSON of their own; what comes before the protocol is told in plain words.
    let is_json = media_type(response.headers()).is_some_and(|kind| kind.eq_ignore_ascii_case("application/json"));
    if response.status().is_server_error() || (response.status().is_client_error() && !is_json) {
        return Err(refused(response).await);
    }
    Ok(response)
}

/// What the protocol's service refuses in words of its own, as this API says it.
async fn refused(response: Response) -> Problem {
    let status = response.status();
    let said = axum::body::to_bytes(response.into_body(), limits::BODY_BYTES_MAX).await.unwrap_or_default();
    let said = String::from_utf8_lossy(&said);
    if status.is_server_error() {
        return Problem::internal(&format!("the protocol's service answered {status}: {said}"));
    }
    Problem::new(status, "MCP_REFUSED", said)
        .hint("send one message of JSON-RPC 2.0 and accept both application/json and text/event-stream")
}
