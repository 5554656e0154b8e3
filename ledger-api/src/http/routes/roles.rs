//! `/v1/orgs/{org}/roles`: the built-in roles with what they may, and those that the organization made of them.

use axum::Json;
use axum::http::StatusCode;
use axum::response::Response;
use chrono::Utc;
use ledger_store::OrgTx;
use ledger_store::identity::{Added, CustomRole, Page};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::granting::{Named, answer, change, code, may_give, name, permissions};
use super::organizations::NoParams;
use crate::http::extract::Nothing;
use crate::http::identity::{Grant, Role};
use crate::http::matrix::Matrix;
use crate::http::state::App;
use crate::http::{Access, Problem, Read, Write};

/// Custom roles of one organization.
const ROLES_MAX: usize = 200;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(create, list)).routes(routes!(alter, remove))
}

/// A role to be made.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewRole {
    /// Its code: a-z, 0-9 and inner hyphens. It never changes.
    #[schema(pattern = "^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$", example = "month-closer")]
    pub code: String,
    /// What people call it.
    #[schema(min_length = 1, max_length = 1000, example = "Closes months")]
    pub name: String,
    /// The built-in role that it is made from; not `owner`. It never changes.
    #[schema(example = "accountant")]
    pub base_role: String,
    /// Permissions beyond that one's, `resource:action`.
    #[serde(default)]
    #[schema(example = json!(["periods:approve"]))]
    pub extra_permissions: Vec<String>,
    /// Permissions of that one that are taken away.
    #[serde(default)]
    pub denied_permissions: Vec<String>,
}

/// What a role is to be.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RoleChange {
    /// What people call it.
    #[schema(min_length = 1, max_length = 1000)]
    pub name: String,
    /// Permissions beyond its base role's, `resource:action`.
    #[serde(default)]
    pub extra_permissions: Vec<String>,
    /// Permissions of its base role that are taken away.
    #[serde(default)]
    pub denied_permissions: Vec<String>,
}

/// A role.
#[derive(Debug, Serialize, ToSchema)]
pub struct RoleShown {
    /// Its code: the word to give it by.
    pub code: String,
    /// What people call it.
    pub name: String,
    /// The built-in role that it is made from; null for a built-in one.
    pub base_role: Option<String>,
    /// Permissions beyond that one's.
    pub extra_permissions: Vec<String>,
    /// Permissions of that one that are taken away.
    pub denied_permissions: Vec<String>,
    /// All that it may.
    pub permissions: Vec<String>,
}

/// Every role that there is.
#[derive(Debug, Serialize, ToSchema)]
pub struct RoleList {
    /// The built-in ones, then the others by code.
    pub data: Vec<RoleShown>,
    /// Always null: there is one page.
    pub next_cursor: Option<String>,
}

fn grant(role: Role, extra: &[String], denied: &[String]) -> Grant {
    let set = |words: &[String]| words.iter().filter_map(|word| word.parse().ok()).collect();
    Grant { role, extra: set(extra), denied: set(denied), only: None }
}

fn all_of(matrix: &Matrix, grant: &Grant) -> Vec<String> {
    matrix.permissions().filter(|permission| grant.has(matrix, *permission)).map(|permission| permission.to_string()).collect()
}

fn built_in(matrix: &Matrix, role: Role) -> RoleShown {
    RoleShown {
        code: role.as_str().to_owned(),
        name: role.as_str().to_owned(),
        base_role: None,
        extra_permissions: Vec::new(),
        denied_permissions: Vec::new(),
        permissions: all_of(matrix, &Grant::role(role)),
    }
}

fn shown(matrix: &Matrix, role: CustomRole) -> RoleShown {
    let permissions = role.base.parse().map(|base| all_of(matrix, &grant(base, &role.extra, &role.denied))).unwrap_or_default();
    RoleShown {
        code: role.code,
        name: role.name,
        base_role: Some(role.base),
        extra_permissions: role.extra,
        denied_permissions: role.denied,
        permissions,
    }
}

/// List roles
#[utoipa::path(get, path = "/v1/orgs/{org}/roles", tag = "Roles",
    responses((status = 200, description = "Built-in roles and the organization's own.", body = RoleList)))]
async fn list(read: Read<NoParams>) -> Result<Json<RoleList>, Problem> {
    let matrix = &read.access.app.matrix;
    let mut tx = read.access.org().begin_read().await?;
    let own = tx.custom_roles(Page { after: None, limit: i64::try_from(ROLES_MAX).unwrap_or(i64::MAX) }).await?;
    tx.rollback().await?;
    let built_in = Role::ALL.into_iter().map(|role| built_in(matrix, role));
    Ok(Json(RoleList { data: built_in.chain(own.into_iter().map(|role| shown(matrix, role))).collect(), next_cursor: None }))
}

/// Checks what a role is to give, and that whoever makes it has all of that.
fn check(access: &Access, base: Role, extra: &[String], denied: &[String]) -> Result<(), Problem> {
    let added = permissions(extra, "/extra_permissions")?;
    permissions(denied, "/denied_permissions")?;
    if let Some(authority) = added.iter().find(|permission| permission.resource.is_authority()) {
        let said = format!("{authority} decides who may what: it comes with a built-in role");
        return Err(Problem::refused("PERMISSION_NOT_GRANTABLE", "/extra_permissions", said).hint("make the role from administrator"));
    }
    // A role is for the whole organization: who is limited to workspaces makes none.
    may_give(access, &grant(base, extra, denied), None)
}

/// Make a role
#[utoipa::path(post, path = "/v1/orgs/{org}/roles", tag = "Roles", request_body = NewRole,
    responses((status = 201, description = "Made.", body = RoleShown)))]
async fn create(write: Write<NewRole>) -> Result<Response, Problem> {
    let (new, access) = (&write.body, &write.access);
    code(&new.code)?;
    name(&new.name)?;
    let taken =
        || Problem::new(StatusCode::CONFLICT, "ROLE_EXISTS", format!("there is a role {:?} already", new.code)).hint("choose another code");
    if new.code.parse::<Role>().is_ok() || new.code == "platform" || new.code == "system" {
        return Err(taken());
    }
    let base: Role = new
        .base_role
        .parse()
        .map_err(|error: crate::http::identity::role::UnknownRole| Problem::refused("ROLE_UNKNOWN", "/base_role", error.to_string()))?;
    if base == Role::Owner {
        return Err(Problem::refused("OWNER_IS_WHOLE", "/base_role", "an owner has everything: nothing is made from that")
            .hint("make it from administrator"));
    }
    check(access, base, &new.extra_permissions, &new.denied_permissions)?;
    change(&write, async |tx| {
        if tx.custom_roles(Page { after: None, limit: i64::MAX }).await?.len() >= ROLES_MAX {
            return Err(Problem::refused("TOO_MANY", "/code", format!("{ROLES_MAX} roles of one's own are the most")));
        }
        let role = CustomRole {
            code: new.code.clone(),
            name: new.name.clone(),
            base: base.as_str().to_owned(),
            extra: new.extra_permissions.clone(),
            denied: new.denied_permissions.clone(),
            updated_at: Utc::now(),
            updated_by: access.actor().identity.to_string(),
        };
        match tx.add_custom_role(&role).await? {
            Added::Taken => Err(taken()),
            Added::Yes => answer(StatusCode::CREATED, &shown(&access.app.matrix, role)),
        }
    })
    .await
}

async fn found(tx: &mut OrgTx, code: &Named) -> Result<CustomRole, Problem> {
    if code.0.parse::<Role>().is_ok() {
        return Err(Problem::new(StatusCode::CONFLICT, "ROLE_BUILT_IN", format!("{} is built in: it is the same everywhere", code.0))
            .hint("make a role from it"));
    }
    tx.custom_role(&code.0).await?.ok_or_else(Named::nothing)
}

/// Change a role, and what all who have it may
#[utoipa::path(put, path = "/v1/orgs/{org}/roles/{code}", tag = "Roles", params(("code" = String, Path, description = "The role's code.")),
    request_body = RoleChange,
    responses((status = 200, description = "Changed as a whole: what was left out is no more.", body = RoleShown)))]
async fn alter(code: Named, write: Write<RoleChange>) -> Result<Response, Problem> {
    let (new, access) = (&write.body, &write.access);
    name(&new.name)?;
    change(&write, async |tx| {
        let before = found(tx, &code).await?;
        let base: Role = before.base.parse().map_err(|error| Problem::internal(&error))?;
        check(access, base, &new.extra_permissions, &new.denied_permissions)?;
        let role = CustomRole {
            name: new.name.clone(),
            extra: new.extra_permissions.clone(),
            denied: new.denied_permissions.clone(),
            updated_at: Utc::now(),
            updated_by: access.actor().identity.to_string(),
            ..before
        };
        if !tx.change_custom_role(&role).await? {
            return Err(Named::nothing());
        }
        answer(StatusCode::OK, &shown(&access.app.matrix, role))
    })
    .await
}

/// Take a role away that nobody has
#[utoipa::path(delete, path = "/v1/orgs/{org}/roles/{code}", tag = "Roles", params(("code" = String, Path, description = "The role's code.")),
    responses((status = 200, description = "Gone.", body = RoleShown)))]
async fn remove(code: Named, write: Write<Nothing>) -> Result<Response, Problem> {
    let access = &write.access;
    change(&write, async |tx| {
        let role = found(tx, &code).await?;
        let users = tx.custom_role_users(&role.code).await?;
        if users > 0 {
            let said = format!("{users} members, keys and invitations have this role");
            return Err(Problem::new(StatusCode::CONFLICT, "ROLE_IN_USE", said).hint("give them another role first"));
        }
        if !tx.remove_custom_role(&role.code).await? {
            return Err(Named::nothing());
        }
        answer(StatusCode::OK, &shown(&access.app.matrix, role))
    })
    .await
}
