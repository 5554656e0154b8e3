//! `/v1/orgs/{org}/invitations`: good once, for seven days; whoever accepts one comes in as what it says.

use axum::Json;
use axum::extract::{FromRequestParts, Request, State};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, Duration, Utc};
use ledger_store::identity::{Added, Invitation, NewInvitation, NewMember, Page};
use ledger_store::{OrgStore, OrgTx};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::granting::{
    Named, PageParams, Wanted, answer, change, check, codes, in_use, may_touch, one_more, page, room_for, seat, show, workspace_codes,
};
use super::members::{MemberShown, member_already, shown_one as member_shown};
use super::organizations::NoParams;
use crate::http::access::Caller;
use crate::http::extract::{Nothing, idempotency_key, json_body, pairs, typed};
use crate::http::identity::jwt::Claims;
use crate::http::identity::token::{Kind, Token};
use crate::http::identity::{Credential, Role, Seat};
use crate::http::state::App;
use crate::http::{Problem, Read, Write};

/// How long an invitation is good.
pub const GOOD_FOR: Duration = Duration::days(7);

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(create, list)).routes(routes!(revoke)).routes(routes!(accept))
}

/// An invitation to be made.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewInvitationBody {
    /// Address of whom it is for: then only somebody whose issuer vouches for that address may accept it. Forgotten when it ends.
    #[schema(nullable = false, min_length = 3, max_length = 320, example = "ann@example.com")]
    pub email: Option<String>,
    /// A built-in role or the code of a custom one.
    #[schema(min_length = 1, max_length = 63, example = "accountant")]
    pub role: String,
    /// Permissions beyond the role's, `resource:action`.
    #[serde(default)]
    pub extra_permissions: Vec<String>,
    /// Permissions of the role that are taken away.
    #[serde(default)]
    pub denied_permissions: Vec<String>,
    /// Codes of the workspaces that the member will be limited to; left out for the whole organization.
    #[schema(nullable = false)]
    pub workspaces: Option<Vec<String>>,
}

/// What became of an invitation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum InvitationStatus {
    /// It may be accepted.
    Open,
    /// Somebody accepted it.
    Accepted,
    /// It was taken back.
    Revoked,
    /// Nobody accepted it in time.
    Expired,
}

/// An invitation.
#[derive(Debug, Serialize, ToSchema)]
pub struct InvitationShown {
    /// Its id.
    pub id: Uuid,
    /// What became of it.
    pub status: InvitationStatus,
    /// Address of whom it is for, while it is open.
    pub email: Option<String>,
    /// The role: a built-in one, or the code of a custom one.
    pub role: String,
    /// The built-in role under it.
    pub base_role: String,
    /// Permissions beyond the role's.
    pub extra_permissions: Vec<String>,
    /// Permissions of the role that are taken away.
    pub denied_permissions: Vec<String>,
    /// Codes of the workspaces that the member will be limited to; null for the whole organization.
    pub workspaces: Option<Vec<String>>,
    /// When it was made.
    #[schema(format = DateTime)]
    pub created_at: String,
    /// By whom.
    pub created_by: String,
    /// Until when it is good.
    #[schema(format = DateTime)]
    pub expires_at: String,
    /// The member that came of it.
    pub member: Option<Uuid>,
}

/// An invitation with its secret.
#[derive(Debug, Serialize, ToSchema)]
pub struct InvitationMade {
    /// The invitation.
    #[serde(flatten)]
    pub invitation: InvitationShown,
    /// What whoever is invited sends to `/v1/invitations/accept`. Shown this once; null where the answer is repeated.
    #[schema(example = "lsi_…")]
    pub secret: Option<String>,
}

/// A page of invitations, in the order in which they were made.
#[derive(Debug, Serialize, ToSchema)]
pub struct InvitationPage {
    /// The invitations.
    pub data: Vec<InvitationShown>,
    /// Gives the next page as `cursor`; null on the last.
    pub next_cursor: Option<String>,
}

/// An invitation to be accepted.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Acceptance {
    /// The secret that came with it.
    #[schema(example = "lsi_…")]
    pub secret: String,
}

/// What came of an invitation.
#[derive(Debug, Serialize, ToSchema)]
pub struct Accepted {
    /// The organization's short name.
    pub organization: String,
    /// What the caller is there from now on.
    pub member: MemberShown,
}

fn status(invitation: &Invitation, now: DateTime<Utc>) -> InvitationStatus {
    match (invitation.accepted_at, invitation.revoked_at) {
        (Some(_), _) => InvitationStatus::Accepted,
        (_, Some(_)) => InvitationStatus::Revoked,
        _ if invitation.expires_at <= now => InvitationStatus::Expired,
        _ => InvitationStatus::Open,
    }
}

async fn shown(tx: &mut OrgTx, invitations: Vec<Invitation>) -> Result<Vec<InvitationShown>, Problem> {
    let now = Utc::now();
    let known = workspace_codes(tx, invitations.iter().flat_map(|one| one.workspace_ids.iter().flatten().copied())).await?;
    let one = |invitation: Invitation| InvitationShown {
        id: invitation.invitation_id,
        status: status(&invitation, now),
        email: invitation.email,
        role: invitation.given.custom_role.unwrap_or_else(|| invitation.given.role.clone()),
        base_role: invitation.given.role,
        extra_permissions: invitation.given.extra,
        denied_permissions: invitation.given.denied,
        workspaces: codes(&known, invitation.workspace_ids.as_deref()),
        created_at: show(invitation.created_at),
        created_by: invitation.created_by,
        expires_at: show(invitation.expires_at),
        member: invitation.accepted_by,
    };
    Ok(invitations.into_iter().map(one).collect())
}

async fn shown_one(tx: &mut OrgTx, id: Uuid) -> Result<InvitationShown, Problem> {
    let invitation = tx.invitation(id).await?.ok_or_else(Named::nothing)?;
    shown(tx, vec![invitation]).await?.pop().ok_or_else(Named::nothing)
}

/// Invite somebody
#[utoipa::path(post, path = "/v1/orgs/{org}/invitations", tag = "Invitations", request_body = NewInvitationBody,
    responses((status = 201, description = "Made, for seven days; its secret is in this answer and nowhere else.", body = InvitationMade)))]
async fn create(write: Write<NewInvitationBody>) -> Result<Response, Problem> {
    let (new, access) = (&write.body, &write.access);
    if new.email.as_ref().is_some_and(|address| address.len() > 320 || !address.contains('@') || address.chars().any(char::is_control)) {
        return Err(Problem::refused("EMAIL_INVALID", "/email", "an address has an @ and 320 bytes at most"));
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
        let token = Token::new(Kind::Invitation, access.organization.org, Uuid::now_v7());
        let invitation = NewInvitation {
            id: token.id,
            secret_hash: token.hash(),
            email: new.email.clone(),
            given: checked.given,
            workspaces: checked.workspaces,
            at: now,
            by: access.actor().identity.to_string(),
            expires_at: now + GOOD_FOR,
        };
        tx.add_invitation(&invitation).await?;
        access.touched(&token.id.to_string(), new.email.is_some());
        answer(StatusCode::CREATED, &InvitationMade { invitation: shown_one(tx, token.id).await?, secret: Some(token.reveal()) })
    })
    .await
}

/// List invitations
#[utoipa::path(get, path = "/v1/orgs/{org}/invitations", tag = "Invitations", params(PageParams),
    responses((status = 200, description = "Invitations, also those that have ended.", body = InvitationPage)))]
async fn list(read: Read<PageParams>) -> Result<Json<InvitationPage>, Problem> {
    let (limit, after) = (read.query.limit()?, read.query.after()?);
    let mut tx = read.access.org().begin_read().await?;
    let rows = tx.invitations(Page { after, limit: one_more(limit) }).await?;
    let (rows, next_cursor) = page(rows, limit, |one| one.invitation_id.to_string());
    let data = shown(&mut tx, rows).await?;
    tx.rollback().await?;
    read.access.touched("", true);
    Ok(Json(InvitationPage { data, next_cursor }))
}

/// Take an invitation back
#[utoipa::path(delete, path = "/v1/orgs/{org}/invitations/{id}", tag = "Invitations",
    params(("id" = Uuid, Path, description = "The invitation's id.")),
    responses((status = 200, description = "Nobody can accept it any more.", body = InvitationShown)))]
async fn revoke(id: Named, write: Write<Nothing>) -> Result<Response, Problem> {
    let access = &write.access;
    change(&write, async |tx| {
        let found = tx.invitation(id.id()?).await?.ok_or_else(Named::nothing)?;
        may_touch(access, &found.given.role)?;
        if !tx.revoke_invitation(found.invitation_id, Utc::now(), &access.actor().identity).await? {
            return Err(ended(&found, Utc::now()));
        }
        answer(StatusCode::OK, &shown_one(tx, found.invitation_id).await?)
    })
    .await
}

fn ended(invitation: &Invitation, now: DateTime<Utc>) -> Problem {
    let (code, said) = match status(invitation, now) {
        InvitationStatus::Accepted => ("INVITATION_USED", "the invitation was accepted already: it is good once"),
        InvitationStatus::Revoked => ("INVITATION_REVOKED", "the invitation was taken back"),
        _ => ("INVITATION_EXPIRED", "the invitation was good for seven days, and they have passed"),
    };
    Problem::new(StatusCode::CONFLICT, code, said).hint("ask for another invitation")
}

/// Accept an invitation
#[utoipa::path(post, path = "/v1/invitations/accept", tag = "Invitations", request_body = Acceptance,
    responses((status = 200, description = "A member from now on. Who accepts again what he has accepted gets the same answer.", body = Accepted)))]
async fn accept(State(app): State<App>, request: Request) -> Result<Response, Problem> {
    let (mut parts, body) = request.into_parts();
    let caller = Caller::from_request_parts(&mut parts, &app).await?;
    idempotency_key(&parts.headers)?;
    typed::<NoParams>(pairs(&parts.uri)?)?;
    let (acceptance, _) = json_body::<Acceptance>(Request::from_parts(parts, body)).await?;
    let Credential::Token(claims) = &caller.credential else {
        return Err(Problem::forbidden("only a person accepts an invitation: send a token of a configured issuer"));
    };
    if claims.agent.is_some() {
        return Err(Problem::forbidden("a person accepts an invitation himself, no program for him"));
    }
    let nothing = || Problem::not_found("there is no such invitation").hint("check that the secret is whole");
    let token = Token::parse(Kind::Invitation, &acceptance.secret).ok_or_else(nothing)?;
    let org = app.store.for_org(token.org);
    let mut tx = org.begin().await?;
    let found = tx.invitation(token.id).await?.filter(|invitation| token.matches(&invitation.secret_hash)).ok_or_else(nothing)?;
    let (member, replayed) = come_in(&app, &org, &mut tx, &found, claims).await?;
    let accepted = Accepted { organization: tx.slug().await?, member: member_shown(&mut tx, member).await? };
    tx.commit().await?;
    app.identity.forget(token.org);
    let mut response = (StatusCode::OK, Json(accepted)).into_response();
    if replayed {
        response.headers_mut().insert("idempotent-replayed", HeaderValue::from_static("true"));
    }
    Ok(response)
}

/// Makes a member of whoever the token is about; answers his id, and whether he had accepted before.
async fn come_in(app: &App, org: &OrgStore, tx: &mut OrgTx, invitation: &Invitation, claims: &Claims) -> Result<(Uuid, bool), Problem> {
    tx.lock_access().await?;
    let now = Utc::now();
    // Again, behind the lock: somebody may have been faster.
    let invitation = tx.invitation(invitation.invitation_id).await?.ok_or_else(Named::nothing)?;
    if let Some(member) = invitation.accepted_by
        && tx.member(member).await?.is_some_and(|member| member.issuer == claims.issuer && member.subject == claims.subject)
    {
        return Ok((member, true));
    }
    if status(&invitation, now) != InvitationStatus::Open {
        return Err(ended(&invitation, now));
    }
    let meant = |address: &String| claims.email.as_ref().is_some_and(|own| own.eq_ignore_ascii_case(address));
    if !invitation.email.as_ref().is_none_or(meant) {
        return Err(Problem::new(StatusCode::FORBIDDEN, "INVITATION_FOR_ANOTHER", "the invitation is for somebody with another address"));
    }
    let role: Role = invitation.given.role.parse().map_err(|error| Problem::internal(&error))?;
    let (used, plan) = (tx.usage_now(now).await?, app.identity.plan(&app.store, org.org()).await?);
    // The seat that the invitation has held until now becomes the member's.
    let held = i64::from(seat(role) == Seat::Members);
    plan.room_for(seat(role), in_use(used, seat(role)) - held)?;
    let member = NewMember {
        id: Uuid::now_v7(),
        issuer: claims.issuer.clone(),
        subject: claims.subject.clone(),
        given: invitation.given.clone(),
        workspaces: invitation.workspace_ids.clone(),
        at: now,
        by: invitation.created_by.clone(),
    };
    if tx.add_member(&member).await? == Added::Taken {
        return Err(member_already());
    }
    if !tx.accept_invitation(invitation.invitation_id, member.id, now).await? {
        return Err(ended(&invitation, now));
    }
    Ok((member.id, false))
}
