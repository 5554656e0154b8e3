//! The organization's login: made on demand by a function of the database, and a fresh connection as it.

use std::time::Duration;

use sqlx::postgres::PgConnectOptions;
use sqlx::{ConnectOptions, PgConnection};
use tracing::log::LevelFilter;

use super::shared::{Place, SHARED};
use super::{Limits, SemanticError};
use crate::db::Store;
use crate::error::{Doing, StoreError, sqlstate};
use crate::tenant::{OrgId, OrgStore};

/// A connection that was just closed may count for a moment longer: how often, and after what, it is tried again.
const TRIES: u32 = 6;
const PAUSE: Duration = Duration::from_millis(40);

impl OrgStore {
    /// Drops the organization's login for questions; the next question makes it anew. Answers whether there was one.
    ///
    /// # Errors
    /// [`StoreError`] when the server fails, or while one of its sessions still holds something.
    pub async fn drop_semantic_login(&self) -> Result<bool, StoreError> {
        let mut tx = self.begin().await?;
        let dropped =
            sqlx::query_scalar("SELECT control.drop_semantic_login()").fetch_one(&mut *tx).await.doing("drop an organization's login")?;
        tx.commit().await?;
        Ok(dropped)
    }
}

/// Whom a connection is logged in as.
#[derive(Debug)]
pub(super) enum Login {
    /// The organization's own.
    Own(String),
    /// Everybody's: each transaction needs a signed word of whose it is. Its place is kept for as long as the session.
    Shared { _place: Place },
}

impl Login {
    pub(super) fn name(&self) -> &str {
        match self {
            Self::Own(name) => name,
            Self::Shared { .. } => SHARED,
        }
    }
}

/// A connection of the organization's login, which is made where it is missing; of the shared one where that is what is asked as.
pub(super) async fn connect(store: &Store, org: OrgId, limits: Limits) -> Result<(PgConnection, Login), SemanticError> {
    let Some(shared) = store.shared_login() else {
        let (connection, name) = connect_as_own(store, org, limits).await?;
        return Ok((connection, Login::Own(name)));
    };
    let place = shared.place(org)?;
    // The secret is there before the transaction that will read it takes its picture of the database.
    signed(store, org, 0, 0).await?;
    match bounded(shared.options(), limits).connect().await {
        Ok(connection) => Ok((connection, Login::Shared { _place: place })),
        Err(error) if sqlstate(&error).as_deref() == Some("53300") => Err(SemanticError::Busy(org)),
        Err(error) => Err(StoreError::from_sqlx("connect as the shared login for questions", error).into()),
    }
}

/// The word that makes a transaction of the shared login the organization's.
pub(super) async fn signed(store: &Store, org: OrgId, backend: i32, began: i64) -> Result<String, SemanticError> {
    let mut tx = store.for_org(org).begin().await?;
    let word = sqlx::query_scalar("SELECT control.sign_semantic_context($1, $2)").bind(backend).bind(began).fetch_one(&mut *tx).await;
    let word = word.map_err(|error| match sqlstate(&error).as_deref() {
        Some("LK040") => StoreError::UnknownOrg(org),
        _ => StoreError::from_sqlx("sign whose a question is", error),
    })?;
    tx.commit().await?;
    Ok(word)
}

async fn connect_as_own(store: &Store, org: OrgId, limits: Limits) -> Result<(PgConnection, String), SemanticError> {
    let mut renewed = false;
    let mut tries_left = TRIES;
    loop {
        let (login, password) = login(store, org, renewed).await?;
        let options = bounded((*store.pool().connect_options()).clone(), limits);
        let refused = match options.username(&login).password(&password).connect().await {
            Ok(connection) => return Ok((connection, login)),
            Err(error) => error,
        };
        match sqlstate(&refused).as_deref() {
            // Another password than the one we know, or the login was dropped meanwhile.
            Some("28P01" | "28000") if !renewed => renewed = true,
            Some("28P01" | "28000") => {
                return Err(SemanticError::NoLogin { org, reason: format!("the server does not let {login} in") });
            }
            Some("53300") if tries_left > 1 => {
                tries_left -= 1;
                tokio::time::sleep(PAUSE).await;
            }
            Some("53300") => return Err(SemanticError::Busy(org)),
            _ => return Err(StoreError::from_sqlx("connect as an organization's login", refused).into()),
        }
    }
}

/// As the runtime connects, with bounds of its own. What is set here a statement could change; the transaction sets it again,
/// and role and grants do not depend on it.
fn bounded(options: PgConnectOptions, limits: Limits) -> PgConnectOptions {
    let millis = |duration: Duration| duration.as_millis().to_string();
    options
        .application_name("ledgerd question")
        .statement_cache_capacity(0)
        .options([
            ("default_transaction_read_only", "on".to_owned()),
            ("search_path", "semantic".to_owned()),
            ("statement_timeout", millis(limits.statement)),
            ("lock_timeout", millis(limits.lock)),
            ("idle_in_transaction_session_timeout", millis(limits.idle)),
        ])
        .log_statements(LevelFilter::Off)
}

async fn login(store: &Store, org: OrgId, renew: bool) -> Result<(String, String), SemanticError> {
    let doing = "find an organization's login";
    let mut tx = store.for_org(org).begin().await?;
    let found = sqlx::query_as("SELECT login, password FROM control.semantic_login($1)").bind(renew).fetch_one(&mut *tx).await;
    let found = found.map_err(|error| match sqlstate(&error).as_deref() {
        Some("LK040") => SemanticError::Store(StoreError::UnknownOrg(org)),
        Some("LK041") => SemanticError::NoLogin { org, reason: "a role of its name may do more than an organization's login".to_owned() },
        Some("42501") => SemanticError::NoLogin { org, reason: "roles cannot be created here".to_owned() },
        _ => SemanticError::Store(StoreError::from_sqlx(doing, error)),
    })?;
    tx.commit().await?;
    Ok(found)
}
