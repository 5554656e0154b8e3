//! The login that stands in for organizations' own where the server lets nobody make logins (migration 0046): made by the
//! administrator, looked at before anything is asked as it, and shared fairly, for the server does not do that here.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use sqlx::postgres::PgConnectOptions;
use sqlx::{ConnectOptions, Connection, PgConnection};
use tracing::log::LevelFilter;

use super::SemanticError;
use crate::db::Store;
use crate::error::{Doing, StoreError, sqlstate};
use crate::tenant::OrgId;

/// Its name, by which migration 0046 knows it.
pub(super) const SHARED: &str = "ledger_llm_shared";
/// Questions that an organization may have under way at once, as its own login would have it; counted in this process.
const AT_ONCE: u32 = 2;

/// How to connect as it, and who does at the moment.
#[derive(Clone)]
pub(crate) struct SharedLogin {
    options: PgConnectOptions,
    asking: Arc<Mutex<HashMap<OrgId, u32>>>,
}

/// The options hold a password.
impl fmt::Debug for SharedLogin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(SHARED)
    }
}

impl SharedLogin {
    pub(crate) fn new(options: PgConnectOptions) -> Self {
        Self { options: options.username(SHARED), asking: Arc::default() }
    }

    pub(super) fn options(&self) -> PgConnectOptions {
        self.options.clone()
    }

    /// A place for one more question of the organization, given back when it is dropped.
    pub(super) fn place(&self, org: OrgId) -> Result<Place, SemanticError> {
        let mut asking = self.asking.lock().unwrap_or_else(PoisonError::into_inner);
        let count = asking.entry(org).or_default();
        if *count >= AT_ONCE {
            return Err(SemanticError::Busy(org));
        }
        *count += 1;
        Ok(Place { asking: Arc::clone(&self.asking), org })
    }
}

/// One question's place.
#[derive(Debug)]
pub(super) struct Place {
    asking: Arc<Mutex<HashMap<OrgId, u32>>>,
    org: OrgId,
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut asking = self.asking.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = asking.get_mut(&self.org) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                asking.remove(&self.org);
            }
        }
    }
}

/// What keeps the shared login from being used, and what an administrator runs about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Amiss {
    reasons: Vec<String>,
    statements: Vec<String>,
}

impl Amiss {
    fn one(reason: &str, statement: &str) -> Self {
        Self { reasons: vec![reason.to_owned()], statements: vec![statement.to_owned()] }
    }

    /// The statements that mend it, for people.
    #[must_use]
    pub fn remedy(&self) -> String {
        format!("an administrator of the database runs: {};", self.statements.join("; "))
    }
}

impl fmt::Display for Amiss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.reasons.join("; "))
    }
}

const NEW_PASSWORD: &str = "ALTER ROLE ledger_llm_shared PASSWORD 'the configured one'";
const MAY_CONNECT: &str = "GRANT CONNECT ON DATABASE this_one TO ledger_llm_shared";

/// One row per reason why it must not be used, with what mends that. Everybody may read these catalogs.
const CHECK: &str = "
WITH it AS (SELECT r.* FROM pg_catalog.pg_roles AS r WHERE r.rolname = 'ledger_llm_shared')
SELECT reason, statement FROM (
    SELECT 1 AS no, 'it does not exist' AS reason,
           'CREATE ROLE ledger_llm_shared LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS IN ROLE ledger_llm_read PASSWORD ''the configured one''' AS statement
     WHERE NOT EXISTS (SELECT FROM it)
    UNION ALL SELECT 2, 'it cannot log in', 'ALTER ROLE ledger_llm_shared LOGIN' FROM it WHERE NOT rolcanlogin
    UNION ALL SELECT 3, 'it is a superuser', 'ALTER ROLE ledger_llm_shared NOSUPERUSER' FROM it WHERE rolsuper
    UNION ALL SELECT 4, 'it bypasses row-level security', 'ALTER ROLE ledger_llm_shared NOBYPASSRLS' FROM it WHERE rolbypassrls
    UNION ALL SELECT 5, 'it may create roles', 'ALTER ROLE ledger_llm_shared NOCREATEROLE' FROM it WHERE rolcreaterole
    UNION ALL SELECT 6, 'it may create databases', 'ALTER ROLE ledger_llm_shared NOCREATEDB' FROM it WHERE rolcreatedb
    UNION ALL SELECT 7, 'it may read the whole write-ahead log', 'ALTER ROLE ledger_llm_shared NOREPLICATION' FROM it WHERE rolreplication
    UNION ALL SELECT 8, 'it is not a member of ledger_llm_read', 'GRANT ledger_llm_read TO ledger_llm_shared'
      FROM it WHERE NOT EXISTS (SELECT FROM pg_catalog.pg_auth_members AS m WHERE m.member = it.oid AND m.roleid = 'ledger_llm_read'::regrole)
    UNION ALL SELECT 9, 'it is a member of ' || m.roleid::regrole, format('REVOKE %s FROM ledger_llm_shared', m.roleid::regrole)
      FROM it JOIN pg_catalog.pg_auth_members AS m ON m.member = it.oid WHERE m.roleid <> 'ledger_llm_read'::regrole
    UNION ALL SELECT DISTINCT 10, format('it has rights of its own in the schema %I', n.nspname),
                     format('REVOKE ALL ON ALL TABLES IN SCHEMA %I FROM ledger_llm_shared', n.nspname)
      FROM it CROSS JOIN pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
      CROSS JOIN LATERAL aclexplode(c.relacl) AS a
     WHERE a.grantee = it.oid AND n.nspname IN ('control', 'ledger', 'read', 'semantic')
    UNION ALL SELECT 11, 'it may not connect to this database', format('GRANT CONNECT ON DATABASE %I TO ledger_llm_shared', current_database())
      FROM it WHERE NOT has_database_privilege(it.oid, current_database(), 'CONNECT')
) AS found ORDER BY no, reason";

impl Store {
    /// The same store, whose questions are asked as the shared login, on the data source's own server and database; once that
    /// login was found to be there, to let itself be connected as, and to have no right but to read the views.
    ///
    /// # Errors
    /// [`SemanticError::SharedLogin`] with what is amiss and what mends it, the server's failures.
    pub async fn asking_as_shared_login(self, password: Option<&str>) -> Result<Self, SemanticError> {
        let doing = "look at the shared login for questions";
        let mut connection = self.connection().await?;
        let found: Vec<(String, String)> = sqlx::query_as(CHECK).fetch_all(&mut *connection).await.doing(doing)?;
        drop(connection);
        if !found.is_empty() {
            let (reasons, statements) = found.into_iter().unzip();
            return Err(SemanticError::SharedLogin(Amiss { reasons, statements }));
        }
        let options = (*self.pool().connect_options()).clone().username(SHARED).password(password.unwrap_or_default());
        match options.clone().log_statements(LevelFilter::Off).connect().await {
            Ok(connection) => who(connection).await?,
            Err(error) => match sqlstate(&error).as_deref() {
                Some("53300") => {} // others are asking as it at this moment
                Some("28P01" | "28000") => {
                    return Err(SemanticError::SharedLogin(Amiss::one(
                        "the server does not let it in with the password that is configured",
                        NEW_PASSWORD,
                    )));
                }
                Some("42501") => return Err(SemanticError::SharedLogin(Amiss::one("it may not connect to this database", MAY_CONNECT))),
                _ => return Err(StoreError::from_sqlx("connect as the shared login for questions", error).into()),
            },
        }
        Ok(self.with_shared_login(options))
    }
}

/// A pooler between here and the server may log in as somebody else.
async fn who(mut connection: PgConnection) -> Result<(), SemanticError> {
    let who: String =
        sqlx::query_scalar("SELECT session_user::text").fetch_one(&mut connection).await.doing("ask who the shared login is")?;
    connection.close().await.ok();
    if who == SHARED {
        return Ok(());
    }
    let reason = format!("something between here and the server logs in as {who} in its place");
    Err(SemanticError::SharedLogin(Amiss { reasons: vec![reason], statements: vec![NEW_PASSWORD.to_owned()] }))
}
