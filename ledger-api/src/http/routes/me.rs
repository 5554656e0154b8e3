//! `/v1/me` and `/v1/orgs/{org}/me`: who the caller is, by his credentials and in an organization.

use axum::Json;
use axum::extract::{FromRequestParts, Request, State};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::granting::{codes, show, workspace_codes};
use super::organizations::NoParams;
use crate::http::access::Caller;
use crate::http::extract::{pairs, typed};
use crate::http::identity::{Credential, Principal, Subject};
use crate::http::state::App;
use crate::http::{Problem, Read};

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(anywhere)).routes(routes!(here))
}

/// What kind of caller.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum CallerKind {
    /// A person.
    User,
    /// A program with a key.
    ApiKey,
    /// A program that acts for a person.
    Agent,
    /// Who runs the machine.
    Platform,
}

/// Who the caller is.
#[derive(Debug, Serialize, ToSchema)]
pub struct CallerShown {
    /// What kind of caller.
    pub kind: CallerKind,
    /// Who vouches for a person.
    pub issuer: Option<String>,
    /// What that issuer calls him.
    pub subject: Option<String>,
    /// The agent that acts for him, or whose key it is.
    pub agent: Option<String>,
    /// The key's id.
    pub key: Option<Uuid>,
    /// Short name of the organization that the credentials are limited to: always so for a key.
    pub organization: Option<String>,
    /// How surely he is known: 2 after a second factor.
    pub aal: u8,
    /// When the credentials end.
    #[schema(format = DateTime)]
    pub expires_at: Option<String>,
}

/// What the caller is in an organization.
#[derive(Debug, Serialize, ToSchema)]
pub struct MeShown {
    /// What kind of caller.
    pub kind: CallerKind,
    /// His id here: of the member or key. The platform has none.
    pub id: Option<Uuid>,
    /// The agent whose credentials these are: they speak as that agent only.
    pub agent: Option<String>,
    /// The built-in role that he acts in; null for the platform.
    pub role: Option<String>,
    /// All that he may here.
    pub permissions: Vec<String>,
    /// Code of the workspace that he works in; null for the whole organization.
    pub workspace: Option<String>,
    /// Codes of the workspaces that he is limited to; null for the whole organization.
    pub workspaces: Option<Vec<String>>,
    /// How surely he is known: 2 after a second factor.
    pub aal: u8,
    /// When his credentials end.
    #[schema(format = DateTime)]
    pub expires_at: Option<String>,
}

fn kind(principal: &Principal) -> CallerKind {
    match principal.subject {
        Subject::User { .. } => CallerKind::User,
        Subject::ApiKey { .. } => CallerKind::ApiKey,
        Subject::Agent { .. } => CallerKind::Agent,
        Subject::Platform => CallerKind::Platform,
    }
}

/// Show who the caller is
#[utoipa::path(get, path = "/v1/me", tag = "Me", responses((status = 200, description = "The caller.", body = CallerShown)))]
async fn anywhere(State(app): State<App>, request: Request) -> Result<Json<CallerShown>, Problem> {
    let (mut parts, _) = request.into_parts();
    typed::<NoParams>(pairs(&parts.uri)?)?;
    let caller = Caller::from_request_parts(&mut parts, &app).await?;
    let mut shown = CallerShown {
        kind: kind(&caller.principal),
        issuer: None,
        subject: None,
        agent: None,
        key: None,
        organization: None,
        aal: caller.principal.aal,
        expires_at: caller.principal.expires.map(show),
    };
    match &caller.credential {
        Credential::Platform => {}
        Credential::Key(org, principal) => {
            let mut tx = app.store.for_org(*org).begin_read().await?;
            shown.organization = Some(tx.slug().await?);
            tx.rollback().await?;
            shown.key = principal.id;
            shown.agent = principal.agent().map(str::to_owned);
        }
        Credential::Token(claims) => {
            shown.issuer = Some(claims.issuer.clone());
            shown.subject = Some(claims.subject.clone());
            shown.agent.clone_from(&claims.agent);
            shown.organization.clone_from(&claims.organization);
        }
    }
    Ok(Json(shown))
}

/// Show what the caller is in an organization
#[utoipa::path(get, path = "/v1/orgs/{org}/me", tag = "Me", responses((status = 200, description = "The caller, here.", body = MeShown)))]
async fn here(read: Read<NoParams>) -> Result<Json<MeShown>, Problem> {
    let (principal, matrix) = (&read.access.principal, &read.access.app.matrix);
    let mut tx = read.access.org().begin_read().await?;
    let known = workspace_codes(&mut tx, principal.workspaces.iter().flatten().copied().chain(principal.workspace)).await?;
    tx.rollback().await?;
    let may = matrix.permissions().filter(|permission| principal.may(matrix, permission.resource, permission.action));
    Ok(Json(MeShown {
        kind: kind(principal),
        id: principal.id,
        agent: principal.agent().map(str::to_owned),
        role: principal.role().map(|role| role.as_str().to_owned()),
        permissions: may.map(|permission| permission.to_string()).collect(),
        workspace: principal.workspace.and_then(|id| known.get(&id).cloned()),
        workspaces: codes(&known, principal.workspaces.as_deref()),
        aal: principal.aal,
        expires_at: principal.expires.map(show),
    }))
}
