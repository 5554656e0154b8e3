//! One question's session: opened, asked, rolled back, closed. Nobody gets a connection that another question has used.

use std::time::Duration;

use futures::TryStreamExt;
use rust_decimal::Decimal;
use sqlx::types::JsonValue;
use sqlx::{AssertSqlSafe, Column as _, Connection, Executor, PgConnection, Row, SqlSafeStr, Statement, TypeInfo};

use super::login::{self, Login};
use super::{Canonical, Limits, SemanticError};
use crate::db::Store;
use crate::error::StoreError;
use crate::tenant::OrgId;

/// How much longer than the server's own bound a statement is waited for.
const PATIENCE: Duration = Duration::from_secs(2);

/// A column of an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Column {
    /// Its name as the statement gives it; names may repeat.
    pub name: String,
    /// Its type as SQL names it: `numeric`, `date`, `text`.
    pub sql_type: String,
}

/// What a question found: every value as PostgreSQL writes it, `None` for NULL.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rows {
    /// The columns.
    pub columns: Vec<Column>,
    /// The rows, each as wide as `columns`.
    pub rows: Vec<Vec<Option<String>>>,
    /// Whether there are more rows than were asked for, or they are larger than was allowed.
    pub truncated: bool,
}

/// A connection as an organization's login, in a transaction that only reads.
#[derive(Debug)]
pub struct Session {
    connection: PgConnection,
    limits: Limits,
    /// Whom it is logged in as.
    login: Login,
    /// Rows are still on their way, or nobody knows what the server is doing: no use in being polite.
    broken: bool,
}

impl Session {
    /// Connects as the organization's login, which is made where it is missing, and begins.
    ///
    /// # Errors
    /// [`SemanticError::Busy`] at the third question at once, [`SemanticError::NoLogin`] where no login can be made,
    /// [`StoreError::UnknownOrg`] for an organization that is not here, the server's failures.
    pub async fn open(store: &Store, org: OrgId, limits: Limits) -> Result<Self, SemanticError> {
        let (connection, login) = login::connect(store, org, limits).await?;
        let mut session = Self { connection, limits, login, broken: false };
        match session.begin(store, org).await {
            Ok(()) => Ok(session),
            Err(error) => {
                session.close().await;
                Err(error)
            }
        }
    }

    async fn begin(&mut self, store: &Store, org: OrgId) -> Result<(), SemanticError> {
        let doing = "begin a question's transaction";
        let millis = |duration: Duration| duration.as_millis();
        let statements = [
            "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY".to_owned(),
            format!("SET LOCAL statement_timeout = {}", millis(self.limits.statement)),
            format!("SET LOCAL lock_timeout = {}", millis(self.limits.lock)),
            format!("SET LOCAL idle_in_transaction_session_timeout = {}", millis(self.limits.idle)),
            "SET LOCAL search_path = semantic".to_owned(),
        ];
        for statement in statements {
            let statement = sqlx::query(AssertSqlSafe(statement)).persistent(false);
            statement.execute(&mut self.connection).await.map_err(|error| StoreError::from_sqlx(doing, error))?;
        }
        // A pooler between here and the server may log in as somebody else. The organization hangs on who it is.
        let who: String = sqlx::query_scalar("SELECT session_user::text")
            .persistent(false)
            .fetch_one(&mut self.connection)
            .await
            .map_err(|error| StoreError::from_sqlx(doing, error))?;
        if who == self.login.name() {
            return if matches!(self.login, Login::Shared { .. }) { self.sign(store, org).await } else { Ok(()) };
        }
        Err(SemanticError::NoLogin { org, reason: format!("something between here and the server logs in as {who} in its place") })
    }

    /// Says whose the transaction is, in a word that holds for this backend and this transaction only.
    async fn sign(&mut self, store: &Store, org: OrgId) -> Result<(), SemanticError> {
        let doing = "say whose a question is";
        let (backend, began): (i32, i64) =
            sqlx::query_as("SELECT pg_backend_pid(), (extract(epoch FROM transaction_timestamp()) * 1000000)::bigint")
                .persistent(false)
                .fetch_one(&mut self.connection)
                .await
                .map_err(|error| StoreError::from_sqlx(doing, error))?;
        let word = login::signed(store, org, backend, began).await?;
        let well_formed = word.bytes().all(|byte| byte.is_ascii_hexdigit() || matches!(byte, b'-' | b'|'));
        if !well_formed {
            return Err(StoreError::OutOfRange { what: "a signed word", found: word, expected: "hexadecimal digits, - and |" }.into());
        }
        for statement in [format!("SET LOCAL app.signed_org = '{word}'"), "SET LOCAL max_parallel_workers_per_gather = 0".to_owned()] {
            let statement = sqlx::query(AssertSqlSafe(statement)).persistent(false);
            statement.execute(&mut self.connection).await.map_err(|error| StoreError::from_sqlx(doing, error))?;
        }
        Ok(())
    }

    /// What the planner expects the statement to cost, in its own units: for a ceiling, never to be shown, for it depends on
    /// rows of all organizations. Nothing is run.
    ///
    /// # Errors
    /// [`SemanticError`] where the statement is refused, and when the server fails.
    pub async fn cost(&mut self, statement: &Canonical) -> Result<Decimal, SemanticError> {
        let text = format!("EXPLAIN (FORMAT JSON) {}", statement.as_str());
        let limit = self.limits.statement + PATIENCE;
        let planned = sqlx::query_scalar(AssertSqlSafe(text)).persistent(false).fetch_one(&mut self.connection);
        let plan: JsonValue = match tokio::time::timeout(limit, planned).await {
            Ok(plan) => plan.map_err(|error| SemanticError::of_statement("plan a question", error))?,
            Err(_) => return Err(self.gave_up()),
        };
        let cost = plan.get(0).and_then(|plan| plan.get("Plan")).and_then(|plan| plan.get("Total Cost"));
        let text = cost.map(ToString::to_string).unwrap_or_default();
        Ok(text.parse().or_else(|_| Decimal::from_scientific(&text)).unwrap_or(Decimal::MAX))
    }

    /// Runs the statement and answers at most `max_rows` rows of at most about `max_bytes` in all; a value is cut there, too.
    ///
    /// # Errors
    /// [`SemanticError`] where the statement is refused or takes too long, and when the server fails.
    pub async fn rows(&mut self, statement: &Canonical, max_rows: usize, max_bytes: usize) -> Result<Rows, SemanticError> {
        let limit = self.limits.statement.saturating_mul(2) + PATIENCE;
        match tokio::time::timeout(limit, fetch(&mut self.connection, statement, max_rows, max_bytes)).await {
            Ok(Ok((rows, whole))) => {
                self.broken |= !whole;
                Ok(rows)
            }
            Ok(Err(error)) => Err(error),
            Err(_) => Err(self.gave_up()),
        }
    }

    fn gave_up(&mut self) -> SemanticError {
        self.broken = true;
        SemanticError::TooLong
    }

    /// Rolls back and closes the connection. A session that is dropped instead is cut off, which undoes as much.
    pub async fn close(mut self) {
        if self.broken {
            self.connection.close_hard().await.ok();
            return;
        }
        sqlx::query("ROLLBACK").persistent(false).execute(&mut self.connection).await.ok();
        self.connection.close().await.ok();
    }

    /// Runs any text as it is, without the frame that makes everything but a query an error, and answers every value's bytes:
    /// to show what holds when nothing is read before it is run.
    ///
    /// # Errors
    /// [`SemanticError`] as the server has it.
    #[cfg(feature = "testing")]
    pub async fn run_as_it_is(&mut self, text: &str) -> Result<Vec<Vec<u8>>, SemanticError> {
        let mut found = Vec::new();
        let limit = self.limits.statement + PATIENCE;
        let run = async {
            // Named, unlike a question: types that the driver has to look up would take the unnamed one away.
            let mut rows = sqlx::query(AssertSqlSafe(text.to_owned())).fetch(&mut self.connection);
            while let Some(row) = rows.try_next().await? {
                for index in 0..row.len() {
                    found.push(row.try_get_raw(index)?.as_bytes().map(<[u8]>::to_vec).unwrap_or_default());
                }
            }
            Ok(())
        };
        let outcome = tokio::time::timeout(limit, run).await;
        match outcome {
            Ok(Ok(())) => Ok(found),
            Ok(Err(error)) => Err(SemanticError::of_statement("run a text", error)),
            Err(_) => Err(self.gave_up()),
        }
    }
}

/// The rows, and whether all that the server had to say was read.
async fn fetch(
    connection: &mut PgConnection,
    statement: &Canonical,
    max_rows: usize,
    max_bytes: usize,
) -> Result<(Rows, bool), SemanticError> {
    let refused = |error| SemanticError::of_statement("run a question", error);
    let text = AssertSqlSafe(statement.as_str().to_owned()).into_sql_str();
    let prepared = (&mut *connection).prepare(text).await.map_err(refused)?;
    let columns: Vec<Column> = prepared
        .columns()
        .iter()
        .map(|column| Column { name: column.name().to_owned(), sql_type: sql_type(column.type_info().name()) })
        .collect();
    drop(prepared);
    if columns.is_empty() {
        return Err(SemanticError::NoColumns);
    }
    let mut answer = Rows { columns, ..Rows::default() };
    let framed = framed(statement, answer.columns.len(), max_rows, max_bytes);
    let mut bytes = 0_usize;
    let mut rows = sqlx::query(AssertSqlSafe(framed)).persistent(false).fetch(connection);
    while let Some(row) = rows.try_next().await.map_err(refused)? {
        if answer.rows.len() == max_rows {
            answer.truncated = true;
            continue; // the last one, by the frame's limit
        }
        let values: Vec<Option<String>> =
            (0..answer.columns.len()).map(|index| row.try_get(index)).collect::<Result<_, sqlx::Error>>().map_err(refused)?;
        bytes = bytes.saturating_add(values.iter().flatten().map(String::len).sum());
        if bytes > max_bytes {
            answer.truncated = true;
            return Ok((answer, false));
        }
        answer.rows.push(values);
    }
    Ok((answer, true))
}

/// The statement as a derived table, its columns named by their place and written as text: any query fits, nothing else does.
fn framed(statement: &Canonical, columns: usize, max_rows: usize, max_bytes: usize) -> String {
    let cut = max_bytes.saturating_add(1).min(1 << 30);
    let shown: Vec<String> = (1..=columns).map(|no| format!("pg_catalog.left(a.c{no}::pg_catalog.text, {cut})")).collect();
    let names: Vec<String> = (1..=columns).map(|no| format!("c{no}")).collect();
    let limit = max_rows.saturating_add(1);
    format!("SELECT {} FROM (\n{}\n) AS a ({}) LIMIT {limit}", shown.join(", "), statement.as_str(), names.join(", "))
}

/// A type's name as SQL has it, from the short one that the driver knows.
fn sql_type(name: &str) -> String {
    match name {
        "INT2" => "smallint",
        "INT4" => "integer",
        "INT8" => "bigint",
        "BOOL" => "boolean",
        "TIMESTAMPTZ" => "timestamp with time zone",
        "TIMESTAMP" => "timestamp without time zone",
        other => return other.to_ascii_lowercase(),
    }
    .to_owned()
}
