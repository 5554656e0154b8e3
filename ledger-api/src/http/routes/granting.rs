//! What somebody is given, by whoever gives it: roles, permissions and workspaces in requests, checked and resolved.
//!
//! Shared by members, invitations, keys and custom roles. Nobody gives what he does not have, and owners are made by
//! owners; the policies of the database hold the coarse part of that once more.

use std::collections::{BTreeSet, HashMap};

use axum::extract::{FromRequestParts, RawPathParams};
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::response::Response;
use chrono::{DateTime, Utc};
use ledger_core::Timestamp;
use ledger_store::OrgTx;
use ledger_store::identity::{Given, Usage};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use crate::cli::moment::show_time;
use crate::http::identity::{Grant, Permission, Role, Seat};
use crate::http::limits::{PAGE_DEFAULT, PAGE_MAX};
use crate::http::{Access, Problem, Write};

/// Permissions in one list.
const PERMISSIONS_MAX: usize = 200;
/// Workspaces in one list.
const WORKSPACES_MAX: usize = 100;

/// What somebody is to be.
#[derive(Debug, Default)]
pub(super) struct Wanted<'a> {
    pub(super) role: &'a str,
    pub(super) extra: &'a [String],
    pub(super) denied: &'a [String],
    pub(super) only: Option<&'a [String]>,
    pub(super) workspaces: Option<&'a [String]>,
}

/// What somebody is to be, as it is kept.
#[derive(Debug)]
pub(super) struct Checked {
    pub(super) given: Given,
    pub(super) role: Role,
    pub(super) workspaces: Option<Vec<Uuid>>,
}

/// Resolves what is wanted and checks that the caller may give it.
pub(super) async fn check(tx: &mut OrgTx, access: &Access, wanted: &Wanted<'_>) -> Result<Checked, Problem> {
    let (role, custom) = resolve_role(tx, wanted.role).await?;
    let extra = permissions(wanted.extra, "/extra_permissions")?;
    let denied = permissions(wanted.denied, "/denied_permissions")?;
    let only = wanted.only.map(|words| permissions(words, "/scopes")).transpose()?;
    if let Some(authority) = extra.iter().find(|permission| permission.resource.is_authority()) {
        let said = format!("{authority} decides who may what: it comes with a role and is not given by itself");
        return Err(Problem::refused("PERMISSION_NOT_GRANTABLE", "/extra_permissions", said).hint("give the role administrator"));
    }
    let workspaces = match wanted.workspaces {
        None => None,
        Some(codes) => Some(resolve_workspaces(tx, codes).await?),
    };
    if role == Role::Owner && !(extra.is_empty() && denied.is_empty() && workspaces.is_none()) {
        return Err(Problem::refused("OWNER_IS_WHOLE", "/role", "an owner has everything, of the whole organization")
            .hint("give the role administrator to whom shall have less"));
    }
    let own = |words: &[String]| words.to_vec();
    let given = Given {
        role: role.as_str().to_owned(),
        custom_role: custom.as_ref().map(|_| wanted.role.to_owned()),
        extra: own(wanted.extra),
        denied: own(wanted.denied),
    };
    let mut grant = custom.unwrap_or_else(|| Grant::role(role));
    grant.extra.extend(extra);
    grant.denied.extend(denied);
    grant.only = only;
    may_give(access, &grant, workspaces.as_deref())?;
    Ok(Checked { given, role, workspaces })
}

/// Refuses to give what the caller does not have.
pub(super) fn may_give(access: &Access, grant: &Grant, workspaces: Option<&[Uuid]>) -> Result<(), Problem> {
    let exceeds = |said: &str| {
        Problem::new(StatusCode::FORBIDDEN, "GRANT_EXCEEDS", said)
            .hint("ask somebody who has it: an owner has everything but owners' rights over the machine")
    };
    if !access.principal.may_give(&access.app.matrix, grant) {
        return Err(exceeds("this would give what the caller does not have"));
    }
    let limits = access.principal.workspace.map(|only| vec![only]).or_else(|| access.principal.workspaces.clone());
    match (limits, workspaces) {
        (None, _) => Ok(()),
        (Some(limits), Some(given)) if given.iter().all(|workspace| limits.contains(workspace)) => Ok(()),
        _ => Err(exceeds("this would reach beyond the workspaces that the caller is limited to")),
    }
}

/// An administrator does not touch owners and what is theirs.
pub(super) fn may_touch(access: &Access, role: &str) -> Result<(), Problem> {
    if role == Role::Owner.as_str() && !access.principal.is_platform() && access.principal.role() != Some(Role::Owner) {
        return Err(Problem::new(StatusCode::FORBIDDEN, "OWNERS_ONLY", "only owners change what owners are and have"));
    }
    Ok(())
}

/// A built-in role, or the one that a custom role is made from with what that one adds and takes.
async fn resolve_role(tx: &mut OrgTx, word: &str) -> Result<(Role, Option<Grant>), Problem> {
    if let Ok(role) = word.parse() {
        return Ok((role, None));
    }
    let unknown = || {
        Problem::refused("ROLE_UNKNOWN", "/role", format!("there is no role {word:?}")).hint("GET /roles lists the roles that there are")
    };
    let found = tx.custom_role(word).await?.ok_or_else(unknown)?;
    let role: Role = found.base.parse().map_err(|_| unknown())?;
    let set = |words: &[String]| words.iter().filter_map(|word| word.parse().ok()).collect();
    Ok((role, Some(Grant { role, extra: set(&found.extra), denied: set(&found.denied), only: None })))
}

/// Reads permissions; each once.
pub(super) fn permissions(words: &[String], pointer: &str) -> Result<BTreeSet<Permission>, Problem> {
    if words.len() > PERMISSIONS_MAX {
        return Err(Problem::refused("TOO_MANY", pointer, format!("{} permissions, {PERMISSIONS_MAX} are the most", words.len())));
    }
    let mut read = BTreeSet::new();
    for (at, word) in words.iter().enumerate() {
        let unknown = |error: crate::http::identity::permission::UnknownPermission| {
            Problem::refused("PERMISSION_UNKNOWN", format!("{pointer}/{at}"), error.to_string())
        };
        read.insert(word.parse().map_err(unknown)?);
    }
    Ok(read)
}

async fn resolve_workspaces(tx: &mut OrgTx, codes: &[String]) -> Result<Vec<Uuid>, Problem> {
    if codes.is_empty() || codes.len() > WORKSPACES_MAX {
        return Err(Problem::refused(
            "WORKSPACES_INVALID",
            "/workspaces",
            format!("{} workspaces, expected 1 to {WORKSPACES_MAX}", codes.len()),
        )
        .hint("leave it out for the whole organization"));
    }
    let mut found = Vec::with_capacity(codes.len());
    for (at, code) in codes.iter().enumerate() {
        let open = tx.workspace(code).await?.filter(|workspace| workspace.archived_at.is_none());
        let unknown = || Problem::refused("WORKSPACE_UNKNOWN", format!("/workspaces/{at}"), format!("there is no open workspace {code:?}"));
        found.push(open.ok_or_else(unknown)?.workspace_id);
    }
    found.sort_unstable();
    found.dedup();
    Ok(found)
}

/// The seat that a role takes.
pub(super) fn seat(role: Role) -> Seat {
    if role == Role::Agent { Seat::Agents } else { Seat::Members }
}

/// What is in use, all of it: also where the caller sees a part only.
pub(super) async fn usage(tx: &mut OrgTx, access: &Access, now: DateTime<Utc>) -> Result<Usage, Problem> {
    if access.principal.workspace.is_none() {
        return Ok(tx.usage_now(now).await?);
    }
    let mut whole = access.app.store.for_org(access.organization.org).begin_read().await?;
    let usage = whole.usage_now(now).await?;
    whole.rollback().await?;
    Ok(usage)
}

/// Refuses one more where the plan has no room for it.
pub(super) async fn room_for(tx: &mut OrgTx, access: &Access, seat: Seat, now: DateTime<Utc>) -> Result<(), Problem> {
    let used = usage(tx, access, now).await?;
    access.plan.room_for(seat, in_use(used, seat))
}

/// How many seats of a kind are taken; open invitations count.
pub(super) fn in_use(used: Usage, seat: Seat) -> i64 {
    match seat {
        Seat::Members => used.members + used.invitations,
        Seat::Agents => used.agents,
        Seat::Workspaces => used.workspaces,
    }
}

/// A change of who may what: once per key, one after another, and in force on this server at once.
pub(super) async fn change<B>(
    write: &Write<B>,
    work: impl AsyncFnOnce(&mut OrgTx) -> Result<(StatusCode, Value), Problem>,
) -> Result<Response, Problem> {
    let done = write
        .once(async |tx| {
            tx.lock_access().await?;
            work(tx).await
        })
        .await?;
    write.access.app.identity.forget(write.access.organization.org);
    Ok(done)
}

/// The answer of a change.
pub(super) fn answer<T: Serialize>(status: StatusCode, body: &T) -> Result<(StatusCode, Value), Problem> {
    serde_json::to_value(body).map(|body| (status, body)).map_err(|error| Problem::internal(&error))
}

/// Codes of workspaces, for showing rows.
pub(super) async fn workspace_codes(tx: &mut OrgTx, ids: impl IntoIterator<Item = Uuid>) -> Result<HashMap<Uuid, String>, Problem> {
    let ids: BTreeSet<Uuid> = ids.into_iter().collect();
    let ids: Vec<Uuid> = ids.into_iter().collect();
    Ok(tx.workspace_codes(&ids).await?.into_iter().collect())
}

/// The codes of these, as far as the caller may know them.
pub(super) fn codes(known: &HashMap<Uuid, String>, ids: Option<&[Uuid]>) -> Option<Vec<String>> {
    ids.map(|ids| ids.iter().filter_map(|id| known.get(id).cloned()).collect())
}

/// A time as it is shown.
pub(super) fn show(at: DateTime<Utc>) -> String {
    show_time(Timestamp(at.timestamp_micros()))
}

/// Reads a name that people give.
pub(super) fn name(text: &str) -> Result<(), Problem> {
    if (1..=1000).contains(&text.len()) && !text.chars().any(char::is_control) {
        return Ok(());
    }
    Err(Problem::refused("NAME_INVALID", "/name", "a name has 1 to 1000 bytes and no control characters"))
}

/// Whether a text can be a code: a-z, 0-9 and inner hyphens, at most 63.
pub(super) fn code(text: &str) -> Result<(), Problem> {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let bytes = text.as_bytes();
    let fits = (1..=63).contains(&bytes.len())
        && bytes.iter().all(|byte| plain(*byte) || *byte == b'-')
        && [bytes.first(), bytes.last()].into_iter().flatten().all(|byte| plain(*byte));
    if fits {
        return Ok(());
    }
    Err(Problem::refused("CODE_INVALID", "/code", "a code has 1 to 63 letters a-z, digits and inner hyphens"))
}

/// Which page of a list.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct PageParams {
    /// Rows at most, 1 to 200; 50 where not given.
    #[param(nullable = false, minimum = 1, maximum = 200)]
    pub limit: Option<u16>,
    /// `next_cursor` of the page before.
    #[param(nullable = false)]
    pub cursor: Option<String>,
}

impl PageParams {
    /// How many rows; one more is asked for, to know whether there is another page.
    pub(super) fn limit(&self) -> Result<usize, Problem> {
        match self.limit.unwrap_or(PAGE_DEFAULT) {
            limit @ 1..=PAGE_MAX => Ok(usize::from(limit)),
            other => Err(Problem::malformed("PARAMETER_INVALID", format!("limit is {other}, expected 1 to {PAGE_MAX}"))),
        }
    }

    /// The row that the page before ended with.
    pub(super) fn after(&self) -> Result<Option<Uuid>, Problem> {
        let invalid = |_| Problem::malformed("CURSOR_INVALID", "the cursor is not one of this list").hint("begin again without it");
        self.cursor.as_deref().map(|cursor| cursor.parse().map_err(invalid)).transpose()
    }
}

/// Cuts a page and says where the next begins.
pub(super) fn page<T>(mut rows: Vec<T>, limit: usize, cursor: impl Fn(&T) -> String) -> (Vec<T>, Option<String>) {
    let more = rows.len() > limit;
    rows.truncate(limit);
    let next = rows.last().filter(|_| more).map(cursor);
    (rows, next)
}

/// How many rows to ask for, as the store takes it.
pub(super) fn one_more(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX - 1) + 1
}

/// The last parameter of the path.
#[derive(Clone, Debug)]
pub struct Named(pub String);

impl Named {
    /// It as the id of a row; what is no id names nothing.
    pub(super) fn id(&self) -> Result<Uuid, Problem> {
        Uuid::try_parse(&self.0).map_err(|_| Self::nothing())
    }

    /// 404: there is no such row, or the caller does not see it.
    pub(super) fn nothing() -> Problem {
        Problem::not_found("there is nothing by that name here, or nothing that you may know of")
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Named {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let invalid = |said: String| Problem::malformed("PATH_INVALID", said);
        let named = RawPathParams::from_request_parts(parts, state).await.map_err(|error| invalid(error.to_string()))?;
        let (_, text) = named.iter().last().ok_or_else(|| Problem::internal(&"a route without parameters"))?;
        if text.as_bytes().contains(&0) { Err(invalid("the path has a NUL character".to_owned())) } else { Ok(Self(text.to_owned())) }
    }
}

/// What somebody is, as requests say it.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct GivenBody {
    /// A built-in role (owner, administrator, accountant, approver, sales, operator, agent, auditor, viewer) or the code of a custom one.
    #[schema(min_length = 1, max_length = 63, example = "accountant")]
    pub role: String,
    /// Permissions beyond the role's, `resource:action`. Those that decide who may what cannot be given one by one.
    #[serde(default)]
    #[schema(example = json!(["periods:approve"]))]
    pub extra_permissions: Vec<String>,
    /// Permissions of the role that are taken away.
    #[serde(default)]
    pub denied_permissions: Vec<String>,
    /// Codes of the workspaces that it is limited to; left out for the whole organization.
    #[schema(nullable = false)]
    pub workspaces: Option<Vec<String>>,
}

impl GivenBody {
    pub(super) fn wanted(&self) -> Wanted<'_> {
        Wanted {
            role: &self.role,
            extra: &self.extra_permissions,
            denied: &self.denied_permissions,
            only: None,
            workspaces: self.workspaces.as_deref(),
        }
    }
}
