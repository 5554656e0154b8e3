//! `/v1/orgs`: organizations. Their books are the other routes' business.

use axum::Json;
use axum::extract::{FromRequestParts, Request, State};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use ledger_core::book::Valuation;
use ledger_store::Organization;
use ledger_store::writer::{IdempotencyKey, NewOrganization};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::cli::moment::show_time;
use crate::http::access::Caller;
use crate::http::extract::{PointParams, Receipt, idempotency_key, json_body, pairs, typed};
use crate::http::state::App;
use crate::http::{Problem, Read};

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(create)).routes(routes!(show))
}

/// What happens to lines in a foreign currency for which no rate is known.
#[derive(Clone, Copy, Debug, Default, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ValuationWord {
    /// They are refused: every line has a value in the functional currency.
    #[default]
    Required,
    /// They are kept without a value; books balance in each commodity.
    ByCommodity,
}

/// An organization to be created.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewOrg {
    /// Its short name in paths: a-z, 0-9 and inner hyphens. It never changes.
    #[schema(pattern = "^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$", example = "acme")]
    pub slug: String,
    /// Its name.
    #[schema(min_length = 1, max_length = 1000, example = "Acme Trading")]
    pub name: String,
    /// ISO 4217 code of the currency in which its books are kept.
    #[schema(example = "USD")]
    pub functional_currency: String,
    /// What happens to foreign lines without a rate.
    #[serde(default)]
    pub valuation: ValuationWord,
}

/// An organization.
#[derive(Debug, Serialize, ToSchema)]
pub struct OrgShown {
    /// Its id.
    pub id: uuid::Uuid,
    /// Its short name.
    pub slug: String,
    /// Its name.
    pub name: String,
    /// The currency in which its books are kept.
    pub functional_currency: String,
    /// What happens to foreign lines without a rate.
    pub valuation: String,
    /// When it was created.
    #[schema(format = DateTime)]
    pub created_at: String,
    /// The last event of its stream.
    pub seq: u64,
}

impl OrgShown {
    fn new(organization: &Organization, seq: u64) -> Self {
        Self {
            id: organization.org.0,
            slug: organization.slug.clone(),
            name: organization.name.clone(),
            functional_currency: organization.functional_currency.clone(),
            valuation: organization.valuation.clone(),
            created_at: show_time(organization.created_at),
            seq,
        }
    }
}

/// An organization that was created, and what its books began with.
#[derive(Debug, Serialize, ToSchema)]
pub struct OrgCreated {
    /// Its id.
    pub id: uuid::Uuid,
    /// Its short name.
    pub slug: String,
    /// What its books began with.
    pub receipt: Receipt,
}

/// Create an organization and begin its books
#[utoipa::path(post, path = "/v1/orgs", tag = "Organizations", request_body = NewOrg,
    responses((status = 201, description = "Created; its books have begun.", body = OrgCreated)))]
async fn create(State(app): State<App>, request: Request) -> Result<Response, Problem> {
    let (mut parts, body) = request.into_parts();
    let caller = Caller::from_request_parts(&mut parts, &app).await?;
    let key = idempotency_key(&parts.headers)?;
    typed::<NoParams>(pairs(&parts.uri)?)?;
    let (new, fingerprint) = json_body::<NewOrg>(Request::from_parts(parts, body)).await?;
    if !is_slug(&new.slug) {
        let said = format!("{:?} is no short name: a-z, 0-9 and inner hyphens, at most 63", new.slug);
        return Err(Problem::malformed("SLUG_INVALID", said).at("/slug"));
    }
    let valuation = match new.valuation {
        ValuationWord::Required => Valuation::Required,
        ValuationWord::ByCommodity => Valuation::ByCommodity,
    };
    let begun = NewOrganization {
        slug: new.slug.clone(),
        name: new.name,
        functional_currency: new.functional_currency,
        functional_scale: None,
        valuation,
    };
    let key = IdempotencyKey { key, request_hash: fingerprint.0 };
    let (org, receipt) = app.ledger.begin_organization(begun, &caller.principal.actor(), Some(key)).await?;
    let created = OrgCreated { id: org.0, slug: new.slug, receipt: Receipt::from(&receipt) };
    let mut response = (StatusCode::CREATED, Json(created)).into_response();
    if receipt.replayed {
        response.headers_mut().insert("idempotent-replayed", HeaderValue::from_static("true"));
    }
    Ok(response)
}

fn is_slug(text: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let bytes = text.as_bytes();
    (1..=63).contains(&bytes.len())
        && bytes.iter().all(|byte| plain(*byte) || *byte == b'-')
        && [bytes.first(), bytes.last()].into_iter().flatten().all(|byte| plain(*byte))
}

/// An operation without parameters.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NoParams {}

/// Show an organization
#[utoipa::path(get, path = "/v1/orgs/{org}", tag = "Organizations", params(PointParams),
    responses((status = 200, description = "The organization.", body = OrgShown)))]
async fn show(read: Read<NoParams>) -> Result<Json<OrgShown>, Problem> {
    let org = read.access.org();
    let seq = match read.point.seq(&org).await? {
        Some(seq) => seq,
        None => org.head().await?.seq,
    };
    Ok(Json(OrgShown::new(&read.access.organization, seq)))
}
