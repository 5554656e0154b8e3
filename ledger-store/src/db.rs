//! The connection to one data source: a bounded pool of the runtime role, and the checks before it may serve.
//!
//! [`Store::connect`] refuses a role that row-level security does not hold, and a schema it was not built for.
//! Queries of organization tables belong to [`crate::OrgStore`]; schema changes and roles to [`crate::migrate()`].

use std::time::Duration;

use sqlx::pool::PoolConnection;
use sqlx::postgres::{PgConnectOptions, PgListener, PgPool, PgPoolOptions};
use sqlx::{ConnectOptions, Connection, PgConnection, Postgres};
use tracing::log::LevelFilter;

use crate::error::{Doing, StoreError};
use crate::migrate::MIGRATOR;
use crate::semantic::SharedLogin;
use crate::tenant::{OrgId, OrgStore};

/// The oldest server that does everything we ask for (`security_invoker` views, row-level security as tested).
pub const POSTGRES_MAJOR_MIN: u32 = 15;

/// How long a pooled connection may lie idle before it is tried out ahead of use.
const TRUSTED_IDLE: Duration = Duration::from_secs(1);

/// Bounds of one data source's connections. The defaults suit one server of a few cores.
#[derive(Clone, Debug)]
pub struct StoreConfig {
    /// Connections at most.
    pub max_connections: u32,
    /// How long a caller waits for a free connection.
    pub acquire_timeout: Duration,
    /// How long a statement may run. A migration or rebuild that needs more says so itself.
    pub statement_timeout: Duration,
    /// How long a statement may wait for a lock.
    pub lock_timeout: Duration,
    /// How long a transaction may sit idle, holding what it locked.
    pub idle_in_transaction_timeout: Duration,
    /// The name that the server's activity view shows.
    pub application_name: String,
}

impl Default for StoreConfig {
    fn default() -> Self {
        Self {
            max_connections: 16,
            acquire_timeout: Duration::from_secs(10),
            statement_timeout: Duration::from_secs(60),
            lock_timeout: Duration::from_secs(10),
            idle_in_transaction_timeout: Duration::from_secs(60),
            application_name: "ledgerd".to_owned(),
        }
    }
}

/// How a pool is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Connections {
    /// Connections there are.
    pub open: u32,
    /// Those of them that nobody uses.
    pub idle: usize,
    /// Connections there may be.
    pub most: u32,
}

/// One data source, as the runtime may use it. Cheap to clone; clones share the pool.
#[derive(Clone, Debug)]
pub struct Store {
    pool: PgPool,
    /// How questions connect where organizations cannot have logins of their own.
    shared_login: Option<SharedLogin>,
}

impl Store {
    /// Connects as the runtime role.
    ///
    /// # Errors
    /// [`StoreError::RoleRefused`] when the role is a superuser, bypasses row-level security, owns anything of ours,
    /// could become a role that does, may change commits, or is no member of `ledger_app`;
    /// [`StoreError::NotMigrated`], [`StoreError::SchemaBehind`], [`StoreError::SchemaAhead`] when the schema is not
    /// the one this program was built for; [`StoreError::Unavailable`] when there is no server.
    pub async fn connect(options: PgConnectOptions, config: StoreConfig) -> Result<Self, StoreError> {
        let millis = |d: Duration| d.as_millis().to_string();
        let options = options
            .application_name(&config.application_name)
            .options([
                ("statement_timeout", millis(config.statement_timeout)),
                ("lock_timeout", millis(config.lock_timeout)),
                ("idle_in_transaction_session_timeout", millis(config.idle_in_transaction_timeout)),
            ])
            .log_statements(LevelFilter::Off);

        let mut probe = PgConnection::connect_with(&options).await.doing("connect")?;
        let verdict = check(&mut probe).await;
        probe.close().await.ok();
        verdict?;

        let pool = PgPoolOptions::new()
            .max_connections(config.max_connections)
            .acquire_timeout(config.acquire_timeout)
            .test_before_acquire(false)
            .before_acquire(|connection, meta| {
                Box::pin(async move {
                    if meta.idle_for > TRUSTED_IDLE {
                        connection.ping().await?;
                    }
                    Ok(true)
                })
            })
            .connect_lazy_with(options);
        Ok(Self { pool, shared_login: None })
    }

    /// The same store, whose questions are asked as one login of all organizations (`ledger_llm_shared`), for servers that do not
    /// let us make one for each: see migration 0046. Nothing is looked at: [`Store::asking_as_shared_login`] does that first.
    #[must_use]
    pub fn with_shared_login(self, options: PgConnectOptions) -> Self {
        Self { shared_login: Some(SharedLogin::new(options)), ..self }
    }

    /// One organization's part. Whether the organization exists shows at the first query.
    #[must_use]
    pub fn for_org(&self, org: OrgId) -> OrgStore {
        OrgStore::new(self.clone(), org)
    }

    /// Waits for every connection that is in use and closes them all.
    pub async fn close(&self) {
        self.pool.close().await;
    }

    /// Listens on a channel, on a connection of the pool that it keeps for itself. It reconnects by itself; what was said
    /// meanwhile is lost, so listeners poll as well.
    ///
    /// # Errors
    /// [`StoreError`] when the server fails.
    pub async fn listener(&self, channel: &str) -> Result<PgListener, StoreError> {
        let mut listener = PgListener::connect_with(&self.pool).await.doing("listen")?;
        listener.listen(channel).await.doing("listen")?;
        Ok(listener)
    }

    /// Says something on a channel, in a transaction of its own. Never part of an append: a NOTIFY holds a lock of the
    /// whole database until its transaction is durable.
    ///
    /// # Errors
    /// [`StoreError`] when the server fails.
    pub async fn notify(&self, channel: &str, payload: &str) -> Result<(), StoreError> {
        sqlx::query("SELECT pg_notify($1, $2)").bind(channel).bind(payload).execute(&self.pool).await.doing("notify")?;
        Ok(())
    }

    /// Whether the server answers, and its schema is the one this program was built for.
    ///
    /// # Errors
    /// [`StoreError`] with what is not as it should be.
    pub async fn ready(&self) -> Result<(), StoreError> {
        check_versions(&mut *self.connection().await?).await
    }

    /// How the pool is used.
    #[must_use]
    pub fn connections(&self) -> Connections {
        Connections { open: self.pool.size(), idle: self.pool.num_idle(), most: self.pool.options().get_max_connections() }
    }

    /// A connection to keep for several statements.
    pub(crate) async fn connection(&self) -> Result<PoolConnection<Postgres>, StoreError> {
        self.pool.acquire().await.doing("get a connection")
    }

    /// Whether a connection may be kept without anybody having to wait for it.
    pub(crate) fn has_room(&self) -> bool {
        self.pool.num_idle() > 0 || self.pool.size() < self.pool.options().get_max_connections()
    }

    pub(crate) fn shared_login(&self) -> Option<&SharedLogin> {
        self.shared_login.as_ref()
    }

    pub(crate) fn pool(&self) -> &PgPool {
        &self.pool
    }
}

/// Everything that has to hold before this connection's role may serve this database.
async fn check(connection: &mut PgConnection) -> Result<(), StoreError> {
    check_server(connection).await?;
    check_migrated(connection).await?;
    check_role(connection).await?;
    check_versions(connection).await
}

async fn check_server(connection: &mut PgConnection) -> Result<(), StoreError> {
    let (number, found): (i32, String) =
        sqlx::query_as("SELECT current_setting('server_version_num')::int, current_setting('server_version')")
            .fetch_one(connection)
            .await
            .doing("ask for the server's version")?;
    if u32::try_from(number / 10_000).is_ok_and(|major| major >= POSTGRES_MAJOR_MIN) {
        Ok(())
    } else {
        Err(StoreError::ServerTooOld { found, expected: POSTGRES_MAJOR_MIN })
    }
}

async fn check_migrated(connection: &mut PgConnection) -> Result<(), StoreError> {
    let (database, migrated): (String, bool) = sqlx::query_as(
        "SELECT current_database()::text,
                EXISTS (SELECT FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
                         WHERE n.nspname = 'ledger' AND c.relname = 'commits')
                AND to_regclass('_sqlx_migrations') IS NOT NULL",
    )
    .fetch_one(connection)
    .await
    .doing("look for the ledger's schema")?;
    if migrated { Ok(()) } else { Err(StoreError::NotMigrated(database)) }
}

async fn check_role(connection: &mut PgConnection) -> Result<(), StoreError> {
    let role: String =
        sqlx::query_scalar("SELECT session_user::text").fetch_one(&mut *connection).await.doing("ask for the connection's role")?;
    let reasons: Vec<String> = sqlx::query_scalar(ROLE_CHECK).fetch_all(connection).await.doing("check the connection's role")?;
    if reasons.is_empty() { Ok(()) } else { Err(StoreError::RoleRefused { role, reasons }) }
}

/// One row per reason why the role must not serve. `reachable` holds every role whose powers it has or may take on.
const ROLE_CHECK: &str = "
WITH reachable AS (
    SELECT r.* FROM pg_catalog.pg_roles r
     WHERE pg_has_role(session_user, r.oid, 'member') OR pg_has_role(current_user, r.oid, 'member')
), self AS (
    SELECT bool_or(r.rolsuper) AS super FROM pg_catalog.pg_roles r WHERE r.rolname IN (session_user, current_user)
), ours AS (
    SELECT n.oid, n.nspname, n.nspowner FROM pg_catalog.pg_namespace n
     WHERE n.nspname IN ('control', 'ledger', 'read', 'semantic')
)
SELECT 'it is a superuser' FROM self WHERE super
UNION ALL
SELECT reason FROM (
    SELECT 'it can act as ' || quote_ident(rolname) || ', a superuser' AS reason FROM reachable WHERE rolsuper
    UNION ALL SELECT quote_ident(rolname) || ' bypasses row-level security (BYPASSRLS)' FROM reachable WHERE rolbypassrls
    UNION ALL SELECT quote_ident(rolname) || ' may create roles (CREATEROLE), and so others for itself' FROM reachable WHERE rolcreaterole
    UNION ALL SELECT quote_ident(rolname) || ' may read the whole write-ahead log (REPLICATION)' FROM reachable WHERE rolreplication
    UNION ALL SELECT 'it is a member of ' || rolname FROM reachable
               WHERE rolname IN ('ledger_owner', 'ledger_directory', 'pg_execute_server_program', 'pg_write_server_files', 'pg_read_server_files')
    UNION ALL SELECT quote_ident(r.rolname) || ' owns schema ' || o.nspname FROM ours o JOIN reachable r ON r.oid = o.nspowner
    UNION ALL SELECT quote_ident(r.rolname) || ' owns ' || min(o.nspname || '.' || c.relname) || ' and ' || count(*) - 1 || ' other relation(s)'
                FROM ours o JOIN pg_catalog.pg_class c ON c.relnamespace = o.oid JOIN reachable r ON r.oid = c.relowner GROUP BY r.rolname
    UNION ALL SELECT quote_ident(r.rolname) || ' owns ' || min(o.nspname || '.' || p.proname) || ' and ' || count(*) - 1 || ' other function(s)'
                FROM ours o JOIN pg_catalog.pg_proc p ON p.pronamespace = o.oid JOIN reachable r ON r.oid = p.proowner GROUP BY r.rolname
    UNION ALL SELECT 'it may ' || p || ' on ' || o.nspname || '.' || c.relname
                FROM ours o JOIN pg_catalog.pg_class c ON c.relnamespace = o.oid
                CROSS JOIN unnest(ARRAY['UPDATE', 'DELETE', 'TRUNCATE']) AS p
               WHERE c.relname = 'commits' AND o.nspname = 'ledger' AND has_table_privilege(c.oid, p)
    UNION ALL SELECT 'it is not a member of ledger_app' WHERE NOT EXISTS (SELECT FROM reachable WHERE rolname = 'ledger_app')
) AS found, self WHERE NOT super
";

async fn check_versions(connection: &mut PgConnection) -> Result<(), StoreError> {
    let applied: Vec<i64> = sqlx::query_scalar("SELECT version FROM _sqlx_migrations WHERE success ORDER BY version")
        .fetch_all(connection)
        .await
        .doing("compare the schema's version")?;
    let missing: Vec<i64> = MIGRATOR.iter().map(|m| m.version).filter(|v| !applied.contains(v)).collect();
    if !missing.is_empty() {
        return Err(StoreError::SchemaBehind(missing));
    }
    let unknown: Vec<i64> = applied.into_iter().filter(|v| !MIGRATOR.version_exists(*v)).collect();
    if unknown.is_empty() { Ok(()) } else { Err(StoreError::SchemaAhead(unknown)) }
}
