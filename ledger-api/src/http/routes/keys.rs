//! `/v1/orgs/{org}/api-keys`: keys of programs. A secret is shown once, when it is made.

use axum::Json;
use axum::http::StatusCode;
use axum::response::Response;
use chrono::{DateTime, Duration, Utc};
use ledger_core::Rejection;
use ledger_store::OrgTx;
use ledger_store::identity::{ApiKey, NewApiKey, Page};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::granting::{
    Named, PageParams, Wanted, answer, change, check, codes, may_touch, name, one_more, page, room_for, seat, show, workspace_codes,
};
use super::organizations::NoParams;
use crate::http::extract::Nothing;
use crate::http::identity::token::{Kind, Token};
use crate::http::identity::{Role, Seat};
use crate::http::state::App;
use crate::http::{Access, Problem, Read, Write};

/// How long both secrets of a rotated key are good where nothing else is asked: a day.
const OVERLAP_SECONDS: u32 = 24 * 60 * 60;
/// The longest such time: a week.
const OVERLAP_SECONDS_MAX: u32 = 7 * OVERLAP_SECONDS;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(create, list)).routes(routes!(show_one, revoke)).routes(routes!(rotate))
}

/// A key to be made.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewKey {
    /// What people call it.
    #[schema(min_length = 1, max_length = 1000, example = "billing")]
    pub name: String,
    /// A built-in role or the code of a custom one: nothing that the maker does not have himself.
    #[schema(min_length = 1, max_length = 63, example = "operator")]
    pub role: String,
    /// Nothing but these permissions of the role, `resource:action`; left out for all of them.
    #[schema(nullable = false, min_items = 1, max_items = 200, example = json!(["entries:create", "entries:read"]))]
    pub scopes: Option<Vec<String>>,
    /// Code of the workspace that it is limited to; left out for the whole organization.
    #[schema(nullable = false)]
    pub workspace: Option<String>,
    /// Code of the registered agent whose key it is: it speaks as that agent and as nobody else. With the role `agent`, or one
    /// made from it; left out for a key that is no agent's.
    #[schema(nullable = false, min_length = 1, max_length = 1000)]
    pub agent: Option<String>,
    /// When it ends by itself; left out for a key that does not.
    #[schema(nullable = false, format = DateTime, value_type = String)]
    pub expires_at: Option<DateTime<Utc>>,
}

/// How a key is to be rotated.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Rotation {
    /// For how long the secret before stays good as well: 0 to 604800; a day where not given.
    #[schema(nullable = false, maximum = 604800)]
    pub overlap_seconds: Option<u32>,
}

/// A key.
#[derive(Debug, Serialize, ToSchema)]
pub struct KeyShown {
    /// Its id.
    pub id: Uuid,
    /// What people call it.
    pub name: String,
    /// Its role: a built-in one, or the code of a custom one.
    pub role: String,
    /// The built-in role under it.
    pub base_role: String,
    /// Nothing but these permissions of the role; null for all of them.
    pub scopes: Option<Vec<String>>,
    /// Code of the workspace that it is limited to.
    pub workspace: Option<String>,
    /// Code of the agent that it speaks as; null where it is no agent's.
    pub agent: Option<String>,
    /// When it was made.
    #[schema(format = DateTime)]
    pub created_at: String,
    /// By whom.
    pub created_by: String,
    /// When it got its present secret, if not when it was made.
    #[schema(format = DateTime)]
    pub rotated_at: Option<String>,
    /// Until when the secret before is good as well.
    #[schema(format = DateTime)]
    pub previous_until: Option<String>,
    /// When it ends by itself.
    #[schema(format = DateTime)]
    pub expires_at: Option<String>,
    /// When it was last used, to the minute or so.
    #[schema(format = DateTime)]
    pub last_used_at: Option<String>,
    /// When it was revoked.
    #[schema(format = DateTime)]
    pub revoked_at: Option<String>,
}

/// A key with its secret.
#[derive(Debug, Serialize, ToSchema)]
pub struct KeyMade {
    /// The key.
    #[serde(flatten)]
    pub key: KeyShown,
    /// What to send as `Authorization: Bearer`. Shown this once; null where the answer is repeated.
    #[schema(example = "lsk_…")]
    pub secret: Option<String>,
}

/// A page of keys, in the order in which they were made.
#[derive(Debug, Serialize, ToSchema)]
pub struct KeyPage {
    /// The keys.
    pub data: Vec<KeyShown>,
    /// Gives the next page as `cursor`; null on the last.
    pub next_cursor: Option<String>,
}

async fn shown(tx: &mut OrgTx, keys: Vec<ApiKey>) -> Result<Vec<KeyShown>, Problem> {
    let known = workspace_codes(tx, keys.iter().filter_map(|key| key.workspace_id)).await?;
    let one = |key: ApiKey| KeyShown {
        id: key.key_id,
        name: key.name,
        role: key.custom_role.unwrap_or_else(|| key.role.clone()),
        base_role: key.role,
        scopes: key.scopes,
        workspace: key.workspace_id.and_then(|id| codes(&known, Some(&[id]))?.pop()),
        agent: key.agent,
        created_at: show(key.created_at),
        created_by: key.created_by,
        rotated_at: key.rotated_at.map(show),
        previous_until: key.previous_until.map(show),
        expires_at: key.expires_at.map(show),
        last_used_at: key.last_used_at.map(show),
        revoked_at: key.revoked_at.map(show),
    };
    Ok(keys.into_iter().map(one).collect())
}

async fn shown_one(tx: &mut OrgTx, id: Uuid) -> Result<KeyShown, Problem> {
    let key = tx.api_key(id).await?.ok_or_else(Named::nothing)?;
    shown(tx, vec![key]).await?.pop().ok_or_else(Named::nothing)
}

/// Make an API key
#[utoipa::path(post, path = "/v1/orgs/{org}/api-keys", tag = "API keys", request_body = NewKey,
    responses((status = 201, description = "Made; its secret is in this answer and nowhere else.", body = KeyMade)))]
async fn create(write: Write<NewKey>) -> Result<Response, Problem> {
    let (new, access) = (&write.body, &write.access);
    name(&new.name)?;
    if let Some(agent) = &new.agent {
        registered(access, agent).await.map_err(|problem| problem.at("/agent"))?;
    }
    let now = Utc::now();
    if new.expires_at.is_some_and(|end| end <= now) {
        return Err(Problem::refused("EXPIRED_ALREADY", "/expires_at", "the key would have ended already"));
    }
    change(&write, async |tx| {
        let workspaces = new.workspace.clone().map(|code| vec![code]);
        let wanted = Wanted { role: &new.role, only: new.scopes.as_deref(), workspaces: workspaces.as_deref(), ..Wanted::default() };
        let checked = check(tx, access, &wanted).await.map_err(at_workspace)?;
        if new.agent.is_some() && checked.role != Role::Agent {
            let said = format!("a key that is an agent's has the role agent or one made from it, not {:?}", new.role);
            return Err(Problem::refused("AGENT_ROLE_NEEDED", "/role", said).hint("give it the role agent, or leave the agent out"));
        }
        if seat(checked.role) == Seat::Agents {
            room_for(tx, access, Seat::Agents, now).await?;
        }
        let token = Token::new(Kind::ApiKey, access.organization.org, Uuid::now_v7());
        let key = NewApiKey {
            id: token.id,
            name: new.name.clone(),
            secret_hash: token.hash(),
            given: checked.given,
            scopes: new.scopes.clone(),
            workspace: checked.workspaces.and_then(|only| only.first().copied()),
            agent: new.agent.clone(),
            at: now,
            by: access.actor().identity.to_string(),
            expires_at: new.expires_at,
        };
        tx.add_api_key(&key).await?;
        access.touched(&token.id.to_string(), false);
        answer(StatusCode::CREATED, &KeyMade { key: shown_one(tx, token.id).await?, secret: Some(token.reveal()) })
    })
    .await
}

/// Whether the books know an agent; what they do not know has no key.
async fn registered(access: &Access, agent: &str) -> Result<(), Problem> {
    let book = access.app.reading.books.latest(&access.org()).await?;
    match book.agent_by_code(agent) {
        Some(_) => Ok(()),
        None => Err(Rejection::AgentUnknown { agent: agent.into() }.into()),
    }
}

/// A key has one workspace: its problems are said there.
fn at_workspace(problem: Problem) -> Problem {
    match problem.pointer.as_deref() {
        Some(pointer) if pointer.starts_with("/workspaces") => problem.at("/workspace"),
        _ => problem,
    }
}

/// List API keys
#[utoipa::path(get, path = "/v1/orgs/{org}/api-keys", tag = "API keys", params(PageParams),
    responses((status = 200, description = "Keys, also those that have ended.", body = KeyPage)))]
async fn list(read: Read<PageParams>) -> Result<Json<KeyPage>, Problem> {
    let (limit, after) = (read.query.limit()?, read.query.after()?);
    let mut tx = read.access.org().begin_read().await?;
    let rows = tx.api_keys(Page { after, limit: one_more(limit) }).await?;
    let (rows, next_cursor) = page(rows, limit, |key| key.key_id.to_string());
    let data = shown(&mut tx, rows).await?;
    tx.rollback().await?;
    Ok(Json(KeyPage { data, next_cursor }))
}

/// Show an API key
#[utoipa::path(get, path = "/v1/orgs/{org}/api-keys/{id}", tag = "API keys", params(("id" = Uuid, Path, description = "The key's id.")),
    responses((status = 200, description = "The key.", body = KeyShown)))]
async fn show_one(id: Named, read: Read<NoParams>) -> Result<Json<KeyShown>, Problem> {
    let mut tx = read.access.org().begin_read().await?;
    let key = shown_one(&mut tx, id.id()?).await?;
    tx.rollback().await?;
    Ok(Json(key))
}

/// Give an API key another secret
#[utoipa::path(post, path = "/v1/orgs/{org}/api-keys/{id}/rotation", tag = "API keys", params(("id" = Uuid, Path, description = "The key's id.")),
    request_body = Rotation,
    responses((status = 200, description = "Rotated; the secret before stays good for a while.", body = KeyMade)))]
async fn rotate(id: Named, write: Write<Rotation>) -> Result<Response, Problem> {
    let access = &write.access;
    let overlap = write.body.overlap_seconds.unwrap_or(OVERLAP_SECONDS);
    if overlap > OVERLAP_SECONDS_MAX {
        let said = format!("{overlap} seconds, {OVERLAP_SECONDS_MAX} are the most");
        return Err(Problem::refused("OVERLAP_TOO_LONG", "/overlap_seconds", said));
    }
    let (id, now) = (id.id()?, Utc::now());
    let mut tx = access.org().begin_read().await?;
    let agent = tx.api_key(id).await?.and_then(|key| key.agent);
    tx.rollback().await?;
    if let Some(agent) = agent {
        registered(access, &agent).await?;
    }
    change(&write, async |tx| {
        let key = in_force(tx, id).await?;
        may_have(tx, access, &key).await?;
        let token = Token::new(Kind::ApiKey, access.organization.org, key.key_id);
        let rotated = tx.rotate_api_key(key.key_id, token.hash(), now + Duration::seconds(i64::from(overlap)), now).await?;
        if !rotated {
            return Err(Named::nothing());
        }
        answer(StatusCode::OK, &KeyMade { key: shown_one(tx, key.key_id).await?, secret: Some(token.reveal()) })
    })
    .await
}

/// Who gets a key's secret has what the key has: it is as if he made the key.
async fn may_have(tx: &mut OrgTx, access: &Access, key: &ApiKey) -> Result<(), Problem> {
    may_touch(access, &key.role)?;
    let known = workspace_codes(tx, key.workspace_id).await?;
    let workspaces = key.workspace_id.map(|id| codes(&known, Some(&[id])).unwrap_or_default());
    let role = key.custom_role.as_deref().unwrap_or(&key.role);
    let wanted = Wanted { role, only: key.scopes.as_deref(), workspaces: workspaces.as_deref(), ..Wanted::default() };
    check(tx, access, &wanted).await.map(drop)
}

async fn in_force(tx: &mut OrgTx, id: Uuid) -> Result<ApiKey, Problem> {
    let key = tx.api_key(id).await?.ok_or_else(Named::nothing)?;
    if key.revoked_at.is_some() {
        return Err(Problem::new(StatusCode::CONFLICT, "KEY_REVOKED", "the key was revoked already").hint("make another one"));
    }
    Ok(key)
}

/// Revoke an API key, at once
#[utoipa::path(delete, path = "/v1/orgs/{org}/api-keys/{id}", tag = "API keys", params(("id" = Uuid, Path, description = "The key's id.")),
    responses((status = 200, description = "Revoked, with both secrets of a rotation; other servers follow within seconds.", body = KeyShown)))]
async fn revoke(id: Named, write: Write<Nothing>) -> Result<Response, Problem> {
    let access = &write.access;
    change(&write, async |tx| {
        let key = in_force(tx, id.id()?).await?;
        may_touch(access, &key.role)?;
        if !tx.revoke_api_key(key.key_id, Utc::now(), &access.actor().identity).await? {
            return Err(Named::nothing());
        }
        answer(StatusCode::OK, &shown_one(tx, key.key_id).await?)
    })
    .await
}
