//! `/v1/orgs/{org}/workspaces`: sub-units of an organization, to which members and keys may be limited.

use axum::Json;
use axum::http::StatusCode;
use axum::response::Response;
use chrono::Utc;
use ledger_store::identity::{Added, Page, Workspace};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::granting::{Named, PageParams, answer, change, code, name, one_more, page, room_for, show};
use crate::http::identity::Seat;
use crate::http::state::App;
use crate::http::{Access, Problem, Read, Write};

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(create, list)).routes(routes!(alter))
}

/// A workspace to be made.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewWorkspace {
    /// Its code: a-z, 0-9 and inner hyphens. It never changes.
    #[schema(pattern = "^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$", example = "north")]
    pub code: String,
    /// What people call it.
    #[schema(min_length = 1, max_length = 1000, example = "Branch North")]
    pub name: String,
}

/// What a workspace is to be.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct WorkspaceChange {
    /// What people call it.
    #[schema(min_length = 1, max_length = 1000)]
    pub name: String,
    /// Closed: nobody works in it, and nobody is limited to it any more; it takes no seat.
    #[serde(default)]
    pub archived: bool,
}

/// A workspace.
#[derive(Debug, Serialize, ToSchema)]
pub struct WorkspaceShown {
    /// Its id.
    pub id: Uuid,
    /// Its code.
    pub code: String,
    /// What people call it.
    pub name: String,
    /// When it was made.
    #[schema(format = DateTime)]
    pub created_at: String,
    /// By whom.
    pub created_by: String,
    /// Since when it is closed.
    #[schema(format = DateTime)]
    pub archived_at: Option<String>,
}

impl From<Workspace> for WorkspaceShown {
    fn from(workspace: Workspace) -> Self {
        Self {
            id: workspace.workspace_id,
            code: workspace.code,
            name: workspace.name,
            created_at: show(workspace.created_at),
            created_by: workspace.created_by,
            archived_at: workspace.archived_at.map(show),
        }
    }
}

/// A page of workspaces, by code.
#[derive(Debug, Serialize, ToSchema)]
pub struct WorkspacePage {
    /// The workspaces.
    pub data: Vec<WorkspaceShown>,
    /// Gives the next page as `cursor`; null on the last.
    pub next_cursor: Option<String>,
}

/// List workspaces
#[utoipa::path(get, path = "/v1/orgs/{org}/workspaces", tag = "Workspaces", params(PageParams),
    responses((status = 200, description = "Workspaces that the caller sees, also closed ones.", body = WorkspacePage)))]
async fn list(read: Read<PageParams>) -> Result<Json<WorkspacePage>, Problem> {
    let limit = read.query.limit()?;
    if let Some(cursor) = &read.query.cursor {
        code(cursor)
            .map_err(|_| Problem::malformed("CURSOR_INVALID", "the cursor is not one of this list").hint("begin again without it"))?;
    }
    let mut tx = read.access.org().begin_read().await?;
    let rows = tx.workspaces(Page { after: read.query.cursor.as_deref(), limit: one_more(limit) }).await?;
    tx.rollback().await?;
    let (rows, next_cursor) = page(rows, limit, |workspace| workspace.code.clone());
    Ok(Json(WorkspacePage { data: rows.into_iter().map(Into::into).collect(), next_cursor }))
}

/// Workspaces are the whole organization's business.
fn whole(access: &Access) -> Result<(), Problem> {
    if access.principal.workspace.is_none() && access.principal.workspaces.is_none() {
        return Ok(());
    }
    Err(Problem::forbidden("the caller works in a workspace: this is the whole organization's business"))
}

/// Make a workspace
#[utoipa::path(post, path = "/v1/orgs/{org}/workspaces", tag = "Workspaces", request_body = NewWorkspace,
    responses((status = 201, description = "Made.", body = WorkspaceShown)))]
async fn create(write: Write<NewWorkspace>) -> Result<Response, Problem> {
    let (new, access) = (&write.body, &write.access);
    whole(access)?;
    code(&new.code)?;
    name(&new.name)?;
    let now = Utc::now();
    change(&write, async |tx| {
        room_for(tx, access, Seat::Workspaces, now).await?;
        let workspace = Workspace {
            workspace_id: Uuid::now_v7(),
            code: new.code.clone(),
            name: new.name.clone(),
            created_at: now,
            created_by: access.actor().identity.to_string(),
            archived_at: None,
        };
        match tx.add_workspace(&workspace).await? {
            Added::Yes => answer(StatusCode::CREATED, &WorkspaceShown::from(workspace)),
            Added::Taken => {
                let said = format!("there is a workspace {:?} already", new.code);
                Err(Problem::new(StatusCode::CONFLICT, "WORKSPACE_EXISTS", said).hint("choose another code"))
            }
        }
    })
    .await
}

/// Rename, close or open a workspace
#[utoipa::path(put, path = "/v1/orgs/{org}/workspaces/{code}", tag = "Workspaces",
    params(("code" = String, Path, description = "The workspace's code.")), request_body = WorkspaceChange,
    responses((status = 200, description = "Changed.", body = WorkspaceShown)))]
async fn alter(named: Named, write: Write<WorkspaceChange>) -> Result<Response, Problem> {
    let (new, access) = (&write.body, &write.access);
    whole(access)?;
    name(&new.name)?;
    let now = Utc::now();
    change(&write, async |tx| {
        let before = tx.workspace(&named.0).await?.ok_or_else(Named::nothing)?;
        if before.archived_at.is_some() && !new.archived {
            room_for(tx, access, Seat::Workspaces, now).await?;
        }
        let archived_at = new.archived.then(|| before.archived_at.unwrap_or(now));
        if !tx.change_workspace(&named.0, &new.name, archived_at).await? {
            return Err(Named::nothing());
        }
        let after = tx.workspace(&named.0).await?.ok_or_else(Named::nothing)?;
        answer(StatusCode::OK, &WorkspaceShown::from(after))
    })
    .await
}
