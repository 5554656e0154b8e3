//! A read whose question does not fit into a query string: a strict JSON body, no key, and nothing written.

use axum::extract::{FromRequest, FromRequestParts, Request};
use serde::de::DeserializeOwned;

use super::body::json_body;
use super::query::{Pairs, pairs, typed};
use crate::http::Access;
use crate::http::problem::Problem;

/// A question with the body `B`.
pub struct Asked<B> {
    /// Who asks, of which organization.
    pub access: Access,
    /// What.
    pub body: B,
}

/// No parameters.
#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Nothing {}

impl<B: DeserializeOwned, S: Send + Sync> FromRequest<S> for Asked<B> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let (mut parts, body) = request.into_parts();
        let access = Access::from_request_parts(&mut parts, state).await?;
        let given: Pairs = pairs(&parts.uri)?;
        let Nothing {} = typed(given)?;
        let (body, _) = json_body(Request::from_parts(parts, body)).await?;
        Ok(Self { access, body })
    }
}
