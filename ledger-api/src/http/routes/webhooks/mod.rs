//! `/v1/orgs/{org}/webhooks`: where events are sent, what became of that, and what is to be sent again.
//!
//! Sending itself is [`crate::http::webhooks`]' business.

mod pages;
pub mod wire;

use axum::Json;
use axum::extract::Path;
use axum::extract::rejection::PathRejection;
use axum::http::{StatusCode, Uri};
use axum::response::Response;
use chrono::{TimeDelta, Utc};
use ledger_store::webhooks::{
    AttemptFilter, AttemptKind, DeadStatus, ENDPOINTS_MAX, Endpoint, EndpointChange, NewEndpoint, Replay, SigningSecret,
};
use serde::Serialize;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use self::pages::{page, position};
use self::wire::{
    ChangedWebhook, Dead, DeadLetters, DeadParams, DeadWord, Deliveries, Delivery, DeliveryParams, NewWebhook, Queued, ReplayAsked,
    Rotated, SecretRotation, Webhook, WebhookCreated, WebhookStatus, Webhooks, time,
};
use crate::http::extract::{Nothing, pairs, typed};
use crate::http::state::App;
use crate::http::webhooks::sign::{new_secret, parse_secret, secret_text};
use crate::http::webhooks::worker::attempt_of;
use crate::http::webhooks::{EVENT_TYPES, test_message};
use crate::http::{Access, Problem, Write};

/// Hours that an old secret goes on signing at most.
pub const OVERLAP_HOURS_MAX: u16 = 168;
/// Hours that it does where nothing is said.
const OVERLAP_HOURS: u16 = 24;
/// Bytes of an endpoint's description.
pub const DESCRIPTION_BYTES_MAX: usize = 1_000;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(create, list))
        .routes(routes!(show, update, remove))
        .routes(routes!(rotate))
        .routes(routes!(test))
        .routes(routes!(deliveries))
        .routes(routes!(dead_letters))
        .routes(routes!(replay))
}

/// Create an endpoint that events are sent to
#[utoipa::path(post, path = "/v1/orgs/{org}/webhooks", tag = "Webhooks", request_body = NewWebhook,
    responses((status = 201, description = "Created; its secret is shown this once.", body = WebhookCreated)))]
async fn create(write: Write<NewWebhook>) -> Result<Response, Problem> {
    only_for_real(&write)?;
    let (new, access) = (&write.body, &write.access);
    check(access, Some(&new.url), Some(&new.description), Some(&new.event_types))?;
    let secret = secret_of(new.secret.as_deref())?;
    let head = access.org().head().await?.seq;
    if new.after_seq.is_some_and(|after| after > head) {
        let said = format!("event {} has not happened yet: the stream ends at {head}", new.after_seq.unwrap_or_default());
        return Err(Problem::refused("BEYOND_END", "/after_seq", said));
    }
    let id = Uuid::now_v7();
    let after = new.after_seq.unwrap_or(head);
    let created = write.once(async |tx| {
        let endpoint =
            NewEndpoint { id, url: &new.url, description: &new.description, event_types: &new.event_types, secret: &secret, after };
        if !tx.create_webhook(&endpoint, Utc::now(), &by(access)).await? {
            let said = format!("an organization has at most {ENDPOINTS_MAX} endpoints");
            return Err(Problem::new(StatusCode::CONFLICT, "TOO_MANY_WEBHOOKS", said).hint("delete one that is not needed any more"));
        }
        let webhook = Webhook::from(tx.webhook(id).await?.ok_or_else(missing)?);
        body(StatusCode::CREATED, &WebhookCreated { secret: Some(secret_text(&secret)), webhook })
    });
    created.await
}

/// List the endpoints
#[utoipa::path(get, path = "/v1/orgs/{org}/webhooks", tag = "Webhooks",
    responses((status = 200, description = "Every endpoint, oldest first.", body = Webhooks)))]
async fn list(access: Access, uri: Uri) -> Result<Json<Webhooks>, Problem> {
    typed::<super::organizations::NoParams>(pairs(&uri)?)?;
    let mut tx = access.org().begin_read().await?;
    let data = tx.webhooks().await?.into_iter().map(Webhook::from).collect();
    tx.rollback().await?;
    Ok(Json(Webhooks { data, next_cursor: None }))
}

/// Show an endpoint and how far it was told
#[utoipa::path(get, path = "/v1/orgs/{org}/webhooks/{id}", tag = "Webhooks", params(("id" = Uuid, Path, description = "The endpoint's id.")),
    responses((status = 200, description = "The endpoint.", body = Webhook)))]
async fn show(access: Access, path: Result<Path<(String, Uuid)>, PathRejection>, uri: Uri) -> Result<Json<Webhook>, Problem> {
    let id = id_of(path)?;
    typed::<super::organizations::NoParams>(pairs(&uri)?)?;
    Ok(Json(Webhook::from(found(&access, id).await?)))
}

/// Change an endpoint, or disable and enable it
#[utoipa::path(patch, path = "/v1/orgs/{org}/webhooks/{id}", tag = "Webhooks", request_body = ChangedWebhook,
    params(("id" = Uuid, Path, description = "The endpoint's id.")),
    responses((status = 200, description = "The endpoint as it is now.", body = Webhook)))]
async fn update(path: Result<Path<(String, Uuid)>, PathRejection>, write: Write<ChangedWebhook>) -> Result<Response, Problem> {
    let id = id_of(path)?;
    only_for_real(&write)?;
    let (new, access) = (&write.body, &write.access);
    check(access, new.url.as_deref(), new.description.as_deref(), new.event_types.as_deref())?;
    let reason = matches!(new.status, Some(WebhookStatus::Disabled)).then_some("disabled by request");
    let change = EndpointChange {
        url: new.url.as_deref(),
        description: new.description.as_deref(),
        event_types: new.event_types.as_deref(),
        status: new.status.map(|status| (status.into(), reason)),
    };
    let changed = write.once(async |tx| {
        if !tx.change_webhook(id, &change, Utc::now(), &by(access)).await? {
            return Err(missing());
        }
        body(StatusCode::OK, &Webhook::from(tx.webhook(id).await?.ok_or_else(missing)?))
    });
    changed.await
}

/// Delete an endpoint and its secrets; what was sent to it stays on record
#[utoipa::path(delete, path = "/v1/orgs/{org}/webhooks/{id}", tag = "Webhooks", params(("id" = Uuid, Path, description = "The endpoint's id.")),
    responses((status = 204, description = "Deleted.")))]
async fn remove(path: Result<Path<(String, Uuid)>, PathRejection>, write: Write<Nothing>) -> Result<Response, Problem> {
    let id = id_of(path)?;
    only_for_real(&write)?;
    let deleted = write.once(async |tx| {
        if !tx.delete_webhook(id, Utc::now(), &by(&write.access)).await? {
            return Err(missing());
        }
        Ok((StatusCode::NO_CONTENT, serde_json::Value::Null))
    });
    deleted.await
}

/// Replace the secret; for a while messages are signed with both
#[utoipa::path(post, path = "/v1/orgs/{org}/webhooks/{id}/rotate-secret", tag = "Webhooks", request_body = SecretRotation,
    params(("id" = Uuid, Path, description = "The endpoint's id.")),
    responses((status = 200, description = "The new secret, shown this once.", body = Rotated)))]
async fn rotate(path: Result<Path<(String, Uuid)>, PathRejection>, write: Write<SecretRotation>) -> Result<Response, Problem> {
    let id = id_of(path)?;
    only_for_real(&write)?;
    let hours = write.body.overlap_hours.unwrap_or(OVERLAP_HOURS);
    if hours > OVERLAP_HOURS_MAX {
        return Err(Problem::malformed("MALFORMED_BODY", format!("at most {OVERLAP_HOURS_MAX} hours")).at("/overlap_hours"));
    }
    let secret = secret_of(write.body.secret.as_deref())?;
    let now = Utc::now();
    let until = now + TimeDelta::hours(i64::from(hours));
    let rotated = write.once(async |tx| {
        if !tx.rotate_webhook_secret(id, &secret, now, until).await? {
            return Err(missing());
        }
        body(StatusCode::OK, &Rotated { secret: Some(secret_text(&secret)), old_secret_until: time(until) })
    });
    rotated.await
}

/// Send a message of the type `webhook.test` at once, and say what came of it
#[utoipa::path(post, path = "/v1/orgs/{org}/webhooks/{id}/test", tag = "Webhooks", params(("id" = Uuid, Path, description = "The endpoint's id.")),
    responses((status = 200, description = "What came of it; `delivered` says whether it was accepted.", body = Delivery)))]
async fn test(path: Result<Path<(String, Uuid)>, PathRejection>, write: Write<Nothing>) -> Result<Response, Problem> {
    let id = id_of(path)?;
    only_for_real(&write)?;
    let access = &write.access;
    let endpoint = found(access, id).await?;
    let mut tx = access.org().begin_read().await?;
    let secrets = tx.webhook_secrets(id, Utc::now()).await?;
    tx.rollback().await?;
    // Nothing of the database is held while somebody else's server takes its time.
    let Ok(_place) = access.app.webhooks.tests.try_acquire() else {
        return Err(Problem::unavailable("too many tests of webhooks are under way"));
    };
    let message = test_message(access.organization.org.0, id, Utc::now());
    let sent = access.app.webhooks.sender.send(&endpoint.url, &secrets, &message).await;
    let attempt = attempt_of(&sent, &message, AttemptKind::Test, 0, 1);
    let logged = write.once(async |tx| {
        tx.log_webhook_attempt(id, &attempt).await?;
        body(StatusCode::OK, &Delivery::from(attempt.clone()))
    });
    logged.await
}

/// List the attempts to deliver, the latest first
#[utoipa::path(get, path = "/v1/orgs/{org}/webhooks/{id}/deliveries", tag = "Webhooks",
    params(("id" = Uuid, Path, description = "The endpoint's id."), DeliveryParams),
    responses((status = 200, description = "One page of attempts.", body = Deliveries)))]
async fn deliveries(access: Access, path: Result<Path<(String, Uuid)>, PathRejection>, uri: Uri) -> Result<Json<Deliveries>, Problem> {
    let id = id_of(path)?;
    let asked: DeliveryParams = typed(pairs(&uri)?)?;
    let bound = format!("{id} {:?} {:?}", asked.seq, asked.delivered);
    let (limit, before) = position::<16>(asked.limit, asked.cursor.as_deref(), &bound)?;
    let filter = AttemptFilter { seq: asked.seq.map(in_range), delivered: asked.delivered, before: before.map(Uuid::from_bytes) };
    let mut tx = access.org().begin_read().await?;
    tx.webhook(id).await?.ok_or_else(missing)?;
    let found = tx.webhook_attempts(id, filter, limit + 1).await?;
    tx.rollback().await?;
    let (found, next_cursor) = page(found, limit, &bound, |attempt| attempt.id.into_bytes());
    Ok(Json(Deliveries { data: found.into_iter().map(Delivery::from).collect(), next_cursor }))
}

/// List the events that were given up
#[utoipa::path(get, path = "/v1/orgs/{org}/webhooks/{id}/dead-letters", tag = "Webhooks",
    params(("id" = Uuid, Path, description = "The endpoint's id."), DeadParams),
    responses((status = 200, description = "One page of dead letters, in the order of events.", body = DeadLetters)))]
async fn dead_letters(access: Access, path: Result<Path<(String, Uuid)>, PathRejection>, uri: Uri) -> Result<Json<DeadLetters>, Problem> {
    let id = id_of(path)?;
    let asked: DeadParams = typed(pairs(&uri)?)?;
    let bound = format!("{id} {:?}", asked.status);
    let (limit, after) = position::<8>(asked.limit, asked.cursor.as_deref(), &bound)?;
    let status = asked.status.map(|status| match status {
        DeadWord::Dead => DeadStatus::Dead,
        DeadWord::Queued => DeadStatus::Queued,
        DeadWord::Delivered => DeadStatus::Delivered,
    });
    let mut tx = access.org().begin_read().await?;
    tx.webhook(id).await?.ok_or_else(missing)?;
    let found = tx.webhook_dead_letters(id, status, after.map_or(0, u64::from_be_bytes), limit + 1).await?;
    tx.rollback().await?;
    let (found, next_cursor) = page(found, limit, &bound, |letter| letter.seq.to_be_bytes());
    Ok(Json(DeadLetters { data: found.into_iter().map(Dead::from).collect(), next_cursor }))
}

/// Send dead letters again: one, or all; each is tried once and does not hold back other events
#[utoipa::path(post, path = "/v1/orgs/{org}/webhooks/{id}/dead-letters/replay", tag = "Webhooks", request_body = ReplayAsked,
    params(("id" = Uuid, Path, description = "The endpoint's id.")),
    responses((status = 202, description = "They will be sent.", body = Queued)))]
async fn replay(path: Result<Path<(String, Uuid)>, PathRejection>, write: Write<ReplayAsked>) -> Result<Response, Problem> {
    let id = id_of(path)?;
    only_for_real(&write)?;
    let which = write.body.seq.map_or(Replay::All, |seq| Replay::One(in_range(seq)));
    let queued = write.once(async |tx| {
        tx.webhook(id).await?.ok_or_else(missing)?;
        let queued = tx.replay_webhook(id, which, Utc::now()).await?;
        if let (0, Replay::One(seq)) = (queued, which) {
            return Err(Problem::not_found(format!("event {seq} is no dead letter of this endpoint")).at("/seq"));
        }
        body(StatusCode::ACCEPTED, &Queued { queued })
    });
    queued.await
}

fn body(status: StatusCode, body: &impl Serialize) -> Result<(StatusCode, serde_json::Value), Problem> {
    Ok((status, serde_json::to_value(body).map_err(|error| Problem::internal(&error))?))
}

fn missing() -> Problem {
    Problem::not_found("there is no such webhook")
}

fn id_of(path: Result<Path<(String, Uuid)>, PathRejection>) -> Result<Uuid, Problem> {
    path.map(|Path((_, id))| id).map_err(|_| missing())
}

async fn found(access: &Access, id: Uuid) -> Result<Endpoint, Problem> {
    let mut tx = access.org().begin_read().await?;
    let found = tx.webhook(id).await?;
    tx.rollback().await?;
    found.ok_or_else(missing)
}

fn by(access: &Access) -> String {
    access.actor().identity.to_string()
}

/// Deciding without doing is for writes of the book.
fn only_for_real<B>(write: &Write<B>) -> Result<(), Problem> {
    if write.is_dry_run() {
        return Err(Problem::malformed("PARAMETER_INVALID", "dry_run: only writes of the book can be tried out").hint("leave it out"));
    }
    Ok(())
}

fn check(access: &Access, url: Option<&str>, description: Option<&str>, event_types: Option<&[String]>) -> Result<(), Problem> {
    if let Some(url) = url {
        let checked = access.app.webhooks.sender.rules().check(url);
        checked.map_err(|refused| Problem::refused("WEBHOOK_URL_REFUSED", "/url", format!("the URL {refused}")))?;
    }
    if description.is_some_and(|text| text.len() > DESCRIPTION_BYTES_MAX || text.contains('\0')) {
        let said = format!("a description is a text of at most {DESCRIPTION_BYTES_MAX} bytes");
        return Err(Problem::malformed("MALFORMED_BODY", said).at("/description"));
    }
    for (at, wanted) in event_types.into_iter().flatten().enumerate() {
        if EVENT_TYPES.binary_search(&wanted.as_str()).is_err() {
            let said = format!("{wanted:?} is no type of event");
            let hint = format!("one of {}", EVENT_TYPES.join(", "));
            return Err(Problem::refused("EVENT_TYPE_UNKNOWN", format!("/event_types/{at}"), said).hint(hint));
        }
    }
    if event_types.is_some_and(|types| types.len() > 100) {
        return Err(Problem::malformed("MALFORMED_BODY", "at most 100 types of events").at("/event_types"));
    }
    Ok(())
}

fn secret_of(given: Option<&str>) -> Result<SigningSecret, Problem> {
    let Some(text) = given else { return Ok(new_secret()) };
    parse_secret(text).ok_or_else(|| {
        Problem::malformed("MALFORMED_BODY", "a secret is `whsec_` and 24 to 64 bytes in base64")
            .at("/secret")
            .hint("leave it out to have one made")
    })
}

/// No stream gets as far as the database can count.
fn in_range(seq: u64) -> u64 {
    seq.min(i64::MAX.unsigned_abs())
}
