//! Every setting: its name, what it is for, how it is read and shown. The order is that of `ledgerd config check`.

use std::fmt::Display;
use std::str::FromStr;
use std::time::Duration;

use super::settings::{Hidden, Settings};
use crate::http::identity::Tier;

/// A setting.
#[derive(Debug)]
pub struct Key {
    /// Its name.
    pub name: &'static str,
    /// What it is for.
    pub help: &'static str,
    /// Whether it must not be shown.
    pub secret: bool,
    /// Takes a value.
    pub set: fn(&mut Settings, &str) -> Result<(), String>,
    /// The value, as it can be given.
    pub get: fn(&Settings) -> String,
}

const fn key(
    name: &'static str,
    help: &'static str,
    set: fn(&mut Settings, &str) -> Result<(), String>,
    get: fn(&Settings) -> String,
) -> Key {
    Key { name, help, secret: false, set, get }
}

const fn secret(
    name: &'static str,
    help: &'static str,
    set: fn(&mut Settings, &str) -> Result<(), String>,
    get: fn(&Settings) -> String,
) -> Key {
    Key { name, help, secret: true, set, get }
}

/// All of them. `[[issuers]]` stand in the file only: each is a table.
pub const KEYS: [Key; 27] = [
    key(
        "listen",
        "where to listen: address and port",
        |s, t| put(&mut s.server.listen, t, "is no address with a port"),
        |s| s.server.listen.to_string(),
    ),
    key(
        "data_dir",
        "where the embedded database lives",
        |s, t| some(&mut s.data_dir, t.into()),
        |s| s.data_dir.as_ref().map_or_else(String::new, |dir| dir.display().to_string()),
    ),
    secret(
        "database_url",
        "database to use instead of the embedded one, as a member of ledger_app",
        |s, t| some(&mut s.database_url, Hidden(t.to_owned())),
        |s| hidden(s.database_url.as_ref()),
    ),
    secret("platform_key", "key of the machine's operator, at least 16 characters", platform_key, |s| hidden(s.platform_key.as_ref())),
    key("plan", "plan of organizations with which nothing was agreed", plan, |s| s.server.plan.to_string()),
    key(
        "pool.max_connections",
        "connections to the database at most",
        |s, t| positive(&mut s.pool.max_connections, t),
        |s| s.pool.max_connections.to_string(),
    ),
    key(
        "pool.acquire_seconds",
        "how long a request waits for a connection",
        |s, t| seconds(&mut s.pool.acquire_timeout, t),
        |s| s.pool.acquire_timeout.as_secs().to_string(),
    ),
    key(
        "pool.statement_seconds",
        "how long a statement may run",
        |s, t| seconds(&mut s.pool.statement_timeout, t),
        |s| s.pool.statement_timeout.as_secs().to_string(),
    ),
    key(
        "pool.resolve_seconds",
        "how long a write waits to learn what became of its commit when the database is lost",
        |s, t| seconds(&mut s.server.resolve_for, t),
        |s| s.server.resolve_for.as_secs().to_string(),
    ),
    key(
        "questions.login",
        "which login of the database asks questions in SQL: own (one for each organization, made on demand) or shared (ledger_llm_shared, which the administrator makes)",
        |s, t| choice(&mut s.questions.shared, t, "shared", "own"),
        |s| if s.questions.shared { "shared" } else { "own" }.to_owned(),
    ),
    secret("questions.shared_password", "password of ledger_llm_shared; empty where the server asks for none", shared_password, |s| {
        hidden(s.questions.shared_password.as_ref())
    }),
    key(
        "limits.requests_per_minute",
        "requests of an organization where its plan does not say; empty for any number",
        |s, t| optional(&mut s.server.requests_per_minute, t),
        |s| s.server.requests_per_minute.map_or_else(String::new, |limit| limit.to_string()),
    ),
    key(
        "limits.head_seconds",
        "how long a request's head may take to arrive",
        |s, t| seconds(&mut s.server.head_time, t),
        |s| s.server.head_time.as_secs().to_string(),
    ),
    key(
        "limits.body_seconds",
        "how long a request's body may take to arrive",
        |s, t| seconds(&mut s.server.body_time, t),
        |s| s.server.body_time.as_secs().to_string(),
    ),
    key(
        "shutdown.drain_seconds",
        "how long a stopping server serves on while /readyz says no",
        |s, t| wait(&mut s.server.drain, t),
        |s| s.server.drain.as_secs().to_string(),
    ),
    key(
        "shutdown.grace_seconds",
        "how long a stopping server waits for what is under way",
        |s, t| seconds(&mut s.server.grace, t),
        |s| s.server.grace.as_secs().to_string(),
    ),
    key("log.level", "error, warn, info (a line for each request), debug or trace; or levels by module", level, |s| s.log.level.clone()),
    key(
        "log.format",
        "json or text",
        |s, t| choice(&mut s.log.json, t, "json", "text"),
        |s| if s.log.json { "json" } else { "text" }.to_owned(),
    ),
    key("traces.endpoint", "OTLP over HTTP, such as http://127.0.0.1:4318/v1/traces; empty for no traces", endpoint, |s| {
        s.traces.endpoint.clone().unwrap_or_default()
    }),
    key(
        "traces.service",
        "the name under which this server appears in traces",
        |s, t| put(&mut s.traces.service, t, "is no name"),
        |s| s.traces.service.clone(),
    ),
    key(
        "metrics.access",
        "who may read /metrics: platform (with the operator's key) or open",
        |s, t| choice(&mut s.server.open_metrics, t, "open", "platform"),
        |s| if s.server.open_metrics { "open" } else { "platform" }.to_owned(),
    ),
    key(
        "webhooks.enabled",
        "whether this process sends webhooks",
        |s, t| switch(&mut s.server.webhooks.enabled, t),
        |s| s.server.webhooks.enabled.to_string(),
    ),
    key(
        "webhooks.allow_http",
        "whether endpoints may be http: instead of https:",
        |s, t| switch(&mut s.server.webhooks.addresses.allow_http, t),
        |s| s.server.webhooks.addresses.allow_http.to_string(),
    ),
    key(
        "webhooks.allow_networks",
        "networks that are not public and may be sent to, such as 10.1.0.0/16",
        |s, t| list(&mut s.server.webhooks.addresses.allow_networks, t),
        |s| joined(&s.server.webhooks.addresses.allow_networks),
    ),
    key(
        "webhooks.ports",
        "ports that may be sent to; empty for all",
        |s, t| list(&mut s.server.webhooks.addresses.ports, t),
        |s| joined(&s.server.webhooks.addresses.ports),
    ),
    key("webhooks.timeout_seconds", "how long an attempt may take", attempt, |s| s.server.webhooks.timeout.as_secs().to_string()),
    key("webhooks.parallel", "endpoints that are told at the same time", places, |s| s.server.webhooks.parallel.to_string()),
];

fn put<T: FromStr>(place: &mut T, text: &str, otherwise: &str) -> Result<(), String> {
    *place = text.trim().parse().map_err(|_| format!("{text:?} {otherwise}"))?;
    Ok(())
}

fn some<T>(place: &mut Option<T>, value: T) -> Result<(), String> {
    *place = Some(value);
    Ok(())
}

fn hidden(value: Option<&Hidden>) -> String {
    value.map_or_else(String::new, |value| value.0.clone())
}

fn number(text: &str, least: u32) -> Result<u32, String> {
    let found: u32 = text.trim().parse().map_err(|_| format!("{text:?} is no number"))?;
    if found < least { Err(format!("{found} is too small, expected {least} or more")) } else { Ok(found) }
}

fn positive(place: &mut u32, text: &str) -> Result<(), String> {
    *place = number(text, 1)?;
    Ok(())
}

fn optional(place: &mut Option<u32>, text: &str) -> Result<(), String> {
    *place = if text.trim().is_empty() { None } else { Some(number(text, 1)?) };
    Ok(())
}

/// At least one second, at most a day.
fn seconds(place: &mut Duration, text: &str) -> Result<(), String> {
    number(text, 1)?;
    wait(place, text)
}

fn wait(place: &mut Duration, text: &str) -> Result<(), String> {
    const DAY: u32 = 86_400;
    let found = number(text, 0)?;
    if found > DAY {
        return Err(format!("{found} seconds are more than a day"));
    }
    *place = Duration::from_secs(found.into());
    Ok(())
}

fn switch(place: &mut bool, text: &str) -> Result<(), String> {
    choice(place, text, "true", "false")
}

fn choice(place: &mut bool, text: &str, yes: &str, no: &str) -> Result<(), String> {
    *place = match text.trim() {
        found if found == yes => true,
        found if found == no => false,
        other => return Err(format!("{other:?}: expected {yes} or {no}")),
    };
    Ok(())
}

fn list<T: FromStr>(place: &mut Vec<T>, text: &str) -> Result<(), String>
where
    T::Err: Display,
{
    let items = text.split(',').map(str::trim).filter(|item| !item.is_empty());
    *place = items.map(|item| item.parse().map_err(|error| format!("{item:?}: {error}"))).collect::<Result<_, _>>()?;
    Ok(())
}

fn joined<T: Display>(items: &[T]) -> String {
    items.iter().map(ToString::to_string).collect::<Vec<_>>().join(",")
}

fn platform_key(settings: &mut Settings, text: &str) -> Result<(), String> {
    const BYTES_MIN: usize = 16;
    let key = text.trim();
    if key.len() < BYTES_MIN || !key.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(format!("expected at least {BYTES_MIN} visible ASCII characters (such as `openssl rand -hex 32`)"));
    }
    settings.server.platform_key_hash = Some(*blake3::hash(key.as_bytes()).as_bytes());
    some(&mut settings.platform_key, Hidden(key.to_owned()))
}

fn shared_password(settings: &mut Settings, text: &str) -> Result<(), String> {
    settings.questions.shared_password = Some(text).filter(|text| !text.is_empty()).map(|text| Hidden(text.to_owned()));
    Ok(())
}

fn plan(settings: &mut Settings, text: &str) -> Result<(), String> {
    let found = Tier::ALL.into_iter().find(|tier| tier.as_str() == text.trim());
    settings.server.plan = found.ok_or_else(|| format!("{text:?}: expected one of {}", joined(&Tier::ALL)))?;
    Ok(())
}

fn level(settings: &mut Settings, text: &str) -> Result<(), String> {
    tracing_subscriber::EnvFilter::try_new(text).map_err(|error| format!("{text:?}: {error}"))?;
    text.clone_into(&mut settings.log.level);
    Ok(())
}

fn endpoint(settings: &mut Settings, text: &str) -> Result<(), String> {
    let text = text.trim();
    if text.is_empty() {
        settings.traces.endpoint = None;
        return Ok(());
    }
    let url = reqwest::Url::parse(text).map_err(|error| format!("{text:?} is no URL: {error}"))?;
    if !["http", "https"].contains(&url.scheme()) {
        return Err(format!("{text:?}: expected http:// or https://"));
    }
    settings.traces.endpoint = Some(text.to_owned());
    Ok(())
}

/// A lease outlives an attempt.
fn attempt(settings: &mut Settings, text: &str) -> Result<(), String> {
    let webhooks = &mut settings.server.webhooks;
    seconds(&mut webhooks.timeout, text)?;
    webhooks.lease = webhooks.lease.max(webhooks.timeout * 2 + Duration::from_secs(10));
    Ok(())
}

fn places(settings: &mut Settings, text: &str) -> Result<(), String> {
    settings.server.webhooks.parallel = usize::try_from(number(text, 1)?).map_err(|_| format!("{text:?} is too large"))?;
    Ok(())
}
