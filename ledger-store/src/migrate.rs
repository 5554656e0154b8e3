//! Bringing a database up to this program, and making the login that the runtime uses. Only an administrator can.
//!
//! Nothing here runs while serving. What the migrations contain is in their files under `migrations/`.

use sqlx::postgres::PgConnectOptions;
use sqlx::{AssertSqlSafe, Connection, PgConnection};

use crate::error::{Doing, StoreError};

/// Every migration, compiled in.
pub static MIGRATOR: sqlx::migrate::Migrator = sqlx::migrate!("../migrations");

/// What [`migrate`] did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MigrationReport {
    /// Version of the newest migration that was there before; `None` in an empty database.
    pub before: Option<i64>,
    /// Version of the newest migration that is there now.
    pub after: Option<i64>,
    /// What was applied, by this call or by one that it waited for: version and subject.
    pub applied: Vec<(i64, String)>,
}

/// Applies what is missing. Safe to run from several places at once: they wait for each other.
///
/// # Errors
/// [`StoreError::Migration`] when a file fails, was changed after it was applied, or when the database is newer.
pub async fn migrate(admin: &PgConnectOptions) -> Result<MigrationReport, StoreError> {
    let mut connection = PgConnection::connect_with(admin).await.doing("connect as the administrator")?;
    let before = versions(&mut connection).await?;
    MIGRATOR.run(&mut connection).await?;
    let after = versions(&mut connection).await?;
    connection.close().await.ok();
    let applied = MIGRATOR
        .iter()
        .filter(|m| after.contains(&m.version) && !before.contains(&m.version))
        .map(|m| (m.version, m.description.to_string()))
        .collect();
    Ok(MigrationReport { before: before.last().copied(), after: after.last().copied(), applied })
}

async fn versions(connection: &mut PgConnection) -> Result<Vec<i64>, StoreError> {
    let there: bool = sqlx::query_scalar("SELECT to_regclass('_sqlx_migrations') IS NOT NULL")
        .fetch_one(&mut *connection)
        .await
        .doing("look for earlier migrations")?;
    if !there {
        return Ok(Vec::new());
    }
    sqlx::query_scalar("SELECT version FROM _sqlx_migrations WHERE success ORDER BY version")
        .fetch_all(connection)
        .await
        .doing("list earlier migrations")
}

/// Makes `role` a login that may serve (member of `ledger_app`, nothing more) with this password, new or again.
///
/// The schema must have been migrated. Meant for the embedded server; elsewhere the administrator makes the login.
///
/// # Errors
/// [`StoreError::ForeignRole`] when the role exists and is not the runtime's: it is left alone.
pub async fn ensure_login(admin: &PgConnectOptions, role: &str, password: &str) -> Result<(), StoreError> {
    let mut connection = PgConnection::connect_with(admin).await.doing("connect as the administrator")?;
    let mut tries_left = LOGIN_TRIES;
    loop {
        tries_left -= 1;
        match set_login(&mut connection, role, password).await {
            Err(error) if tries_left > 0 && made_by_another(&error) => {}
            outcome => {
                connection.close().await.ok();
                return outcome;
            }
        }
    }
}

/// Roles belong to the cluster: two starters may make or change the same one at the same moment.
const LOGIN_TRIES: u32 = 20;

/// The role was made (42710, 23505) or changed (XX000, "tuple concurrently updated") by somebody else just now.
fn made_by_another(error: &StoreError) -> bool {
    matches!(error.sqlstate().as_deref(), Some("42710" | "23505" | "XX000"))
}

async fn set_login(connection: &mut PgConnection, role: &str, password: &str) -> Result<(), StoreError> {
    let doing = "make the runtime's login role";
    let ours: Option<bool> = sqlx::query_scalar(
        "SELECT NOT rolsuper AND EXISTS (
                    SELECT FROM pg_catalog.pg_auth_members m
                     WHERE m.member = r.oid AND m.roleid = 'ledger_app'::regrole)
           FROM pg_catalog.pg_roles r WHERE rolname = $1",
    )
    .bind(role)
    .fetch_optional(&mut *connection)
    .await
    .doing(doing)?;
    let template = match ours {
        Some(false) => return Err(StoreError::ForeignRole(role.to_owned())),
        Some(true) => "ALTER ROLE %I LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS PASSWORD %L",
        None => "CREATE ROLE %I LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS PASSWORD %L IN ROLE ledger_app",
    };
    // A role's name and password cannot be parameters of CREATE ROLE; the server quotes them itself.
    let statement: String = sqlx::query_scalar("SELECT format($1, $2, $3)")
        .bind(template)
        .bind(role)
        .bind(password)
        .fetch_one(&mut *connection)
        .await
        .doing(doing)?;
    sqlx::query(AssertSqlSafe(statement)).persistent(false).execute(connection).await.doing(doing)?;
    Ok(())
}
