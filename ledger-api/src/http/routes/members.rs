//! `/v1/orgs/{org}/members`: people, by what an issuer of tokens calls them, and what they may.

use axum::Json;
use axum::http::StatusCode;
use axum::response::Response;
use chrono::Utc;
use ledger_store::OrgTx;
use ledger_store::identity::{Added, Member, NewMember, Page};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::granting::{
    GivenBody, Named, PageParams, Wanted, answer, change, check, codes, may_touch, one_more, page, room_for, seat, show, workspace_codes,
};
use super::organizations::NoParams;
use crate::http::extract::Nothing;
use crate::http::identity::Role;
use crate::http::identity::jwt::SUBJECT_BYTES_MAX;
use crate::http::state::App;
use crate::http::{Problem, Read, Write};

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(add, list)).routes(routes!(show_one, alter, remove))
}

/// A member to be brought in without an invitation.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewMemberBody {
    /// Who vouches for him: `iss` of his tokens, one that this server believes.
    #[schema(min_length = 1, max_length = 1000, example = "https://project.supabase.co/auth/v1")]
    pub issuer: String,
    /// What that issuer calls him: `sub` of his tokens.
    #[schema(min_length = 1, max_length = 255)]
    pub subject: String,
    /// A built-in role or the code of a custom one.
    #[schema(min_length = 1, max_length = 63, example = "accountant")]
    pub role: String,
    /// Permissions beyond the role's, `resource:action`.
    #[serde(default)]
    pub extra_permissions: Vec<String>,
    /// Permissions of the role that are taken away.
    #[serde(default)]
    pub denied_permissions: Vec<String>,
    /// Codes of the workspaces that he is limited to; left out for the whole organization.
    #[schema(nullable = false)]
    pub workspaces: Option<Vec<String>>,
}

/// A member.
#[derive(Debug, Serialize, ToSchema)]
pub struct MemberShown {
    /// His id: what events, rows and the audit log call him.
    pub id: Uuid,
    /// Who vouches for him.
    pub issuer: String,
    /// What that issuer calls him.
    pub subject: String,
    /// His role: a built-in one, or the code of a custom one.
    pub role: String,
    /// The built-in role under it.
    pub base_role: String,
    /// Permissions beyond the role's.
    pub extra_permissions: Vec<String>,
    /// Permissions of the role that are taken away.
    pub denied_permissions: Vec<String>,
    /// Codes of the workspaces that he is limited to; null for the whole organization.
    pub workspaces: Option<Vec<String>>,
    /// Since when.
    #[schema(format = DateTime)]
    pub created_at: String,
    /// Who brought him in.
    pub created_by: String,
    /// When this was last changed.
    #[schema(format = DateTime)]
    pub updated_at: String,
}

/// A page of members, in the order in which they came.
#[derive(Debug, Serialize, ToSchema)]
pub struct MemberPage {
    /// The members.
    pub data: Vec<MemberShown>,
    /// Gives the next page as `cursor`; null on the last.
    pub next_cursor: Option<String>,
}

async fn shown(tx: &mut OrgTx, members: Vec<Member>) -> Result<Vec<MemberShown>, Problem> {
    let known = workspace_codes(tx, members.iter().flat_map(|member| member.workspace_ids.iter().flatten().copied())).await?;
    let one = |member: Member| MemberShown {
        id: member.member_id,
        issuer: member.issuer,
        subject: member.subject,
        role: member.given.custom_role.unwrap_or_else(|| member.given.role.clone()),
        base_role: member.given.role,
        extra_permissions: member.given.extra,
        denied_permissions: member.given.denied,
        workspaces: codes(&known, member.workspace_ids.as_deref()),
        created_at: show(member.created_at),
        created_by: member.created_by,
        updated_at: show(member.updated_at),
    };
    Ok(members.into_iter().map(one).collect())
}

pub(super) async fn shown_one(tx: &mut OrgTx, id: Uuid) -> Result<MemberShown, Problem> {
    let member = tx.member(id).await?.ok_or_else(Named::nothing)?;
    shown(tx, vec![member]).await?.pop().ok_or_else(Named::nothing)
}

/// 409: somebody is a member already.
pub(super) fn member_already() -> Problem {
    Problem::new(StatusCode::CONFLICT, "MEMBER_ALREADY", "whoever this is, is a member already").hint("change the member instead")
}

/// Bring in a member
#[utoipa::path(post, path = "/v1/orgs/{org}/members", tag = "Members", request_body = NewMemberBody,
    responses((status = 201, description = "A member from now on.", body = MemberShown)))]
async fn add(write: Write<NewMemberBody>) -> Result<Response, Problem> {
    let (new, access) = (&write.body, &write.access);
    if !access.app.identity.believes(&new.issuer) {
        let said = format!("this server believes no issuer {:?}", new.issuer);
        return Err(Problem::refused("ISSUER_UNKNOWN", "/issuer", said).hint("its operator configures the issuers"));
    }
    if !(1..=SUBJECT_BYTES_MAX).contains(&new.subject.len()) || new.subject.chars().any(char::is_control) {
        let said = format!("a subject has 1 to {SUBJECT_BYTES_MAX} bytes and no control characters");
        return Err(Problem::refused("SUBJECT_INVALID", "/subject", said));
    }
    let now = Utc::now();
    change(&write, async |tx| {
        let wanted = Wanted {
            role: &new.role,
            extra: &new.extra_permissions,
            denied: &new.denied_permissions,
            only: None,
            workspaces: new.workspaces.as_deref(),
        };
        let checked = check(tx, access, &wanted).await?;
        room_for(tx, access, seat(checked.role), now).await?;
        let member = NewMember {
            id: Uuid::now_v7(),
            issuer: new.issuer.clone(),
            subject: new.subject.clone(),
            given: checked.given,
            workspaces: checked.workspaces,
            at: now,
            by: access.actor().identity.to_string(),
        };
        if tx.add_member(&member).await? == Added::Taken {
            return Err(member_already());
        }
        access.touched(&member.id.to_string(), true);
        answer(StatusCode::CREATED, &shown_one(tx, member.id).await?)
    })
    .await
}

/// List members
#[utoipa::path(get, path = "/v1/orgs/{org}/members", tag = "Members", params(PageParams),
    responses((status = 200, description = "The members.", body = MemberPage)))]
async fn list(read: Read<PageParams>) -> Result<Json<MemberPage>, Problem> {
    let (limit, after) = (read.query.limit()?, read.query.after()?);
    let mut tx = read.access.org().begin_read().await?;
    let rows = tx.members(Page { after, limit: one_more(limit) }).await?;
    let (rows, next_cursor) = page(rows, limit, |member| member.member_id.to_string());
    let data = shown(&mut tx, rows).await?;
    tx.rollback().await?;
    read.access.touched("", true);
    Ok(Json(MemberPage { data, next_cursor }))
}

/// Show a member
#[utoipa::path(get, path = "/v1/orgs/{org}/members/{id}", tag = "Members", params(("id" = Uuid, Path, description = "The member's id.")),
    responses((status = 200, description = "The member.", body = MemberShown)))]
async fn show_one(id: Named, read: Read<NoParams>) -> Result<Json<MemberShown>, Problem> {
    let mut tx = read.access.org().begin_read().await?;
    let member = shown_one(&mut tx, id.id()?).await?;
    tx.rollback().await?;
    read.access.touched("", true);
    Ok(Json(member))
}

/// Change what a member is
#[utoipa::path(put, path = "/v1/orgs/{org}/members/{id}", tag = "Members", params(("id" = Uuid, Path, description = "The member's id.")),
    request_body = GivenBody,
    responses((status = 200, description = "Changed as a whole: what was left out is no more.", body = MemberShown)))]
async fn alter(id: Named, write: Write<GivenBody>) -> Result<Response, Problem> {
    let access = &write.access;
    let now = Utc::now();
    change(&write, async |tx| {
        let before = tx.member(id.id()?).await?.ok_or_else(Named::nothing)?;
        may_touch(access, &before.given.role)?;
        let checked = check(tx, access, &write.body.wanted()).await?;
        if checked.role != Role::Owner {
            keep_an_owner(tx, &before).await?;
        }
        if before.given.role.parse().map(seat) != Ok(seat(checked.role)) {
            room_for(tx, access, seat(checked.role), now).await?;
        }
        let by = access.actor().identity;
        if !tx.change_member(before.member_id, &checked.given, checked.workspaces.as_deref(), now, &by).await? {
            return Err(Named::nothing());
        }
        access.touched("", true);
        answer(StatusCode::OK, &shown_one(tx, before.member_id).await?)
    })
    .await
}

/// Take a member out
#[utoipa::path(delete, path = "/v1/orgs/{org}/members/{id}", tag = "Members", params(("id" = Uuid, Path, description = "The member's id.")),
    responses((status = 200, description = "No member any more; what he did stays in history under his id.", body = MemberShown)))]
async fn remove(id: Named, write: Write<Nothing>) -> Result<Response, Problem> {
    let access = &write.access;
    change(&write, async |tx| {
        let before = tx.member(id.id()?).await?.ok_or_else(Named::nothing)?;
        may_touch(access, &before.given.role)?;
        keep_an_owner(tx, &before).await?;
        let last = shown_one(tx, before.member_id).await?;
        if !tx.remove_member(before.member_id).await? {
            return Err(Named::nothing());
        }
        access.touched("", true);
        answer(StatusCode::OK, &last)
    })
    .await
}

/// Whoever takes the last owner away leaves books that nobody owns. The caller holds the lock of such changes.
async fn keep_an_owner(tx: &mut OrgTx, member: &Member) -> Result<(), Problem> {
    if member.given.role == Role::Owner.as_str() && tx.count_members(Role::Owner.as_str()).await? <= 1 {
        return Err(Problem::new(StatusCode::CONFLICT, "LAST_OWNER", "this is the organization's only owner")
            .hint("make somebody else an owner first"));
    }
    Ok(())
}
