//! What every command shares: the global options and the way to a database that is fit for use.
//!
//! Without a database URL the embedded server is started or joined, migrated, and used as the runtime's own
//! login: no command works as a superuser. With one, the store's own checks decide whether the role may serve.

use std::path::PathBuf;
use std::str::FromStr;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::Context;
use clap::Args;
use futures::TryStreamExt;
use ledger_core::event::Recorded;
use ledger_core::{Actor, Book, Command, Event, Rejection};
use ledger_store::embedded::{EmbeddedConfig, EmbeddedPostgres};
use ledger_store::load::{LoadError, to_chain};
use ledger_store::writer::{Ledger, Receipt, Request};
use ledger_store::{MigrationReport, OrgId, OrgStore, Organization, Store, StoreConfig, StoreError};
use sqlx::postgres::PgConnectOptions;
use sqlx::{Connection, PgConnection};
use tokio::sync::Mutex;

use super::complaint::Complaint;
use crate::http::ops::Settings;
use crate::http::ops::settings::Hidden;

/// The database inside the embedded server.
const EMBEDDED_DATABASE: &str = "ledger";
/// The login inside the embedded server; also the name of its secret.
const EMBEDDED_LOGIN: &str = "ledgerd";

/// Options of every command.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Global options")]
pub struct Global {
    /// Where the embedded database lives when no --database-url is given
    #[arg(long, global = true, value_name = "DIR", env = "LEDGERD_DATA_DIR", default_value = ".ledgerd", hide_env_values = true)]
    pub data_dir: PathBuf,
    /// Database to use instead of the embedded one, as a login that is a member of ledger_app
    #[arg(long, global = true, value_name = "URL", env = "DATABASE_URL", hide_env_values = true)]
    pub database_url: Option<String>,
    /// The same database as its administrator, for `migrate` only
    #[arg(long, global = true, value_name = "URL", env = "LEDGERD_ADMIN_URL", hide_env_values = true)]
    pub admin_url: Option<String>,
    /// Who acts, as recorded with every change [default: the login name]
    #[arg(long = "as", global = true, value_name = "NAME", env = "LEDGERD_ACTOR", hide_env_values = true)]
    pub actor: Option<String>,
    /// Print results only: no progress, no remarks
    #[arg(long, short, global = true)]
    pub quiet: bool,
    /// Log what happens inside, to standard error (finer: LEDGERD_LOG)
    #[arg(long, short, global = true)]
    pub verbose: bool,
}

impl Default for Global {
    fn default() -> Self {
        let data_dir = PathBuf::from(ledger_store::embedded::DEFAULT_DATA_DIR);
        Self { data_dir, database_url: None, admin_url: None, actor: None, quiet: false, verbose: false }
    }
}

/// The options and the embedded server, if one is in use.
#[derive(Debug)]
pub struct Shell {
    /// The options.
    pub global: Global,
    server: Mutex<Option<EmbeddedPostgres>>,
    starting: AtomicBool,
}

/// A database of its own for measuring.
#[derive(Clone, Debug)]
pub struct Scratch {
    /// As its administrator: floors are raw tables.
    pub admin: PgConnectOptions,
    /// As the runtime.
    pub runtime: PgConnectOptions,
}

/// A database that is fit for use.
#[derive(Clone)]
pub struct Session {
    /// The data source, as the runtime role.
    pub store: Store,
    /// The way in for commands.
    pub ledger: Ledger,
    /// Who acts.
    pub actor: Actor,
    /// Whether commands may post into soft-closed months.
    pub soft_closed: bool,
}

/// The `--into-soft-closed` option of commands that finish a month.
#[derive(Clone, Copy, Debug, Default, Args)]
pub struct SoftClosed {
    /// Post into months that are closed softly, too
    #[arg(long)]
    pub into_soft_closed: bool,
}

impl Shell {
    /// Nothing is connected yet.
    #[must_use]
    pub fn new(global: Global) -> Self {
        Self { global, server: Mutex::new(None), starting: AtomicBool::new(false) }
    }

    /// Nothing is connected yet; the database is the one that the configuration names.
    pub(super) fn configured(global: &Global, settings: &Settings) -> Self {
        Self::new(Global {
            data_dir: settings.data_dir.clone().unwrap_or_else(|| global.data_dir.clone()),
            database_url: settings.database_url.as_ref().map(|url| url.0.clone()),
            ..global.clone()
        })
    }

    /// Connects with the usual bounds.
    ///
    /// # Errors
    /// No server, a role that may not serve, a schema that is not this program's.
    pub async fn connect(&self) -> anyhow::Result<Session> {
        self.connect_with(StoreConfig::default()).await
    }

    /// Connects with other bounds (long reads, many writers).
    ///
    /// # Errors
    /// As [`Shell::connect`].
    pub async fn connect_with(&self, config: StoreConfig) -> anyhow::Result<Session> {
        Ok(Session::new(self.store(config).await?, self.actor()))
    }

    /// Connects for commands that answer questions in SQL, which are asked as the login that is configured.
    ///
    /// # Errors
    /// As [`Shell::connect`]; a shared login that is not there, cannot connect, or may do more than read the views.
    pub(super) async fn connect_to_answer(&self, settings: &Settings) -> anyhow::Result<Session> {
        let store = self.store(settings.pool.clone()).await?;
        if !settings.questions.shared {
            return Ok(Session::new(store, self.actor()));
        }
        let password = settings.questions.shared_password.as_ref().map(|Hidden(password)| password.as_str());
        let store = store.asking_as_shared_login(password).await?;
        Ok(Session::new(store, self.actor()))
    }

    async fn store(&self, config: StoreConfig) -> anyhow::Result<Store> {
        match &self.global.database_url {
            Some(url) => Ok(Store::connect(options("--database-url (DATABASE_URL)", url)?, config).await?),
            None => self.connect_embedded(config).await,
        }
    }

    async fn connect_embedded(&self, config: StoreConfig) -> anyhow::Result<Store> {
        let mut server = self.server.lock().await;
        let server = self.embedded(&mut server).await?;
        let runtime = server.options_for(EMBEDDED_LOGIN, &server.secret(EMBEDDED_LOGIN)?, EMBEDDED_DATABASE);
        match Store::connect(runtime.clone(), config.clone()).await {
            Err(error) if wants_setup(&error) => {}
            connected => return Ok(connected?),
        }
        set_up(server).await?;
        Ok(Store::connect(runtime, config).await?)
    }

    /// Brings the database up to this program: the administrator's, or the embedded one.
    ///
    /// # Errors
    /// A database URL without an administrator's, or what the migration says.
    pub async fn migrate(&self) -> anyhow::Result<MigrationReport> {
        match (&self.global.admin_url, &self.global.database_url) {
            (Some(url), _) => Ok(ledger_store::migrate(&options("--admin-url (LEDGERD_ADMIN_URL)", url)?).await?),
            (None, Some(_)) => {
                Err(Complaint::usage("migrating needs an administrator of the database, and --database-url names the runtime's login")
                    .hint("give the administrator's URL with --admin-url (LEDGERD_ADMIN_URL)")
                    .into())
            }
            (None, None) => {
                let mut server = self.server.lock().await;
                set_up(self.embedded(&mut server).await?).await
            }
        }
    }

    /// The embedded server, started or joined on first use.
    async fn embedded<'a>(&self, slot: &'a mut Option<EmbeddedPostgres>) -> anyhow::Result<&'a EmbeddedPostgres> {
        if let Some(running) = slot {
            return Ok(running);
        }
        let mut config = EmbeddedConfig::new(&self.global.data_dir);
        if self.global.quiet {
            config.notify = |_| {};
        }
        self.starting.store(true, Ordering::Relaxed);
        let started = EmbeddedPostgres::start(config).await;
        self.starting.store(false, Ordering::Relaxed);
        Ok(slot.insert(started?))
    }

    /// Whether the embedded server was being started when the command was interrupted.
    pub(super) fn is_starting(&self) -> bool {
        self.starting.load(Ordering::Relaxed)
    }

    /// A fresh database of the embedded server, for benches: migrated, empty, dropped by the next who asks for it.
    ///
    /// # Errors
    /// With `--database-url`: benches fill and drop databases, and need the right to.
    pub async fn scratch(&self, name: &'static str) -> anyhow::Result<Scratch> {
        if self.global.database_url.is_some() {
            return Err(Complaint::usage("benches run on the embedded server, which they may fill as they like")
                .hint("leave --database-url (DATABASE_URL) out; choose the disk with --data-dir")
                .into());
        }
        let mut slot = self.server.lock().await;
        let server = self.embedded(&mut slot).await?;
        let mut connection = PgConnection::connect_with(&server.admin_options()).await?;
        for statement in ["DROP DATABASE IF EXISTS \"$\" WITH (FORCE)", "CREATE DATABASE \"$\" TEMPLATE template0 ENCODING 'UTF8'"] {
            sqlx::query(sqlx::AssertSqlSafe(statement.replace('$', name))).execute(&mut connection).await?;
        }
        connection.close().await?;
        let admin = server.admin_options().database(name);
        ledger_store::migrate(&admin).await?;
        let secret = server.secret(EMBEDDED_LOGIN)?;
        ledger_store::ensure_login(&admin, EMBEDDED_LOGIN, &secret).await?;
        Ok(Scratch { admin, runtime: server.options_for(EMBEDDED_LOGIN, &secret, name) })
    }

    /// The folder of the embedded server in use, which may differ from `--data-dir`; `--data-dir` itself without one.
    pub async fn home(&self) -> PathBuf {
        self.server.lock().await.as_ref().map_or_else(|| self.global.data_dir.clone(), |server| server.data_dir().to_owned())
    }

    /// Lets go of the embedded server: it is stopped if this process started it and nobody else uses it.
    ///
    /// # Errors
    /// When the server does not stop.
    pub async fn close(&self) -> anyhow::Result<()> {
        match self.server.lock().await.take() {
            Some(server) => server.stop().await.context("cannot stop the embedded database"),
            None => Ok(()),
        }
    }

    /// Who acts: `--as`, else the login name, else the command line itself.
    #[must_use]
    pub fn actor(&self) -> Actor {
        let login = || ["USER", "LOGNAME"].iter().find_map(|name| std::env::var(name).ok().filter(|name| !name.is_empty()));
        self.global.actor.clone().or_else(login).map_or_else(|| Actor::system("cli"), |name| Actor::user(&name))
    }

    /// Tells a remark on standard error, unless asked to be quiet.
    pub fn remark(&self, text: &str) {
        if !self.global.quiet {
            eprintln!("{text}");
        }
    }
}

impl Session {
    /// Commands and reads over one store.
    #[must_use]
    pub fn new(store: Store, actor: Actor) -> Self {
        Self { ledger: Ledger::new(store.clone()), store, actor, soft_closed: false }
    }

    /// The same, with what finishing a month permits.
    #[must_use]
    pub fn permitting(self, soft: SoftClosed) -> Self {
        Self { soft_closed: soft.into_soft_closed, ..self }
    }

    /// The organization with this slug.
    ///
    /// # Errors
    /// When there is none; the hint names those there are.
    pub async fn organization(&self, slug: &str) -> anyhow::Result<Organization> {
        if let Some(found) = self.store.organization(slug).await? {
            return Ok(found);
        }
        let known: Vec<String> = self.store.organizations().await?.into_iter().map(|org| org.slug).take(20).collect();
        let hint = if known.is_empty() {
            "create it: ledgerd org create SLUG --name NAME --currency USD".to_owned()
        } else {
            format!("choose one of: {}; or create it with `ledgerd org create`", known.join(", "))
        };
        Err(Complaint::refused(format!("there is no organization {slug:?}")).hint(hint).into())
    }

    /// The organization's part of the store, by slug.
    ///
    /// # Errors
    /// As [`Session::organization`].
    pub async fn org_store(&self, slug: &str) -> anyhow::Result<OrgStore> {
        Ok(self.store.for_org(self.organization(slug).await?.org))
    }

    /// The events that would follow from a command in a book; nothing is written.
    ///
    /// # Errors
    /// The rejection.
    pub fn decide(&self, book: &Book, command: &Command) -> Result<Vec<Event>, Rejection> {
        let context = ledger_core::Context { soft_closed: self.soft_closed, ..ledger_core::Context::new(&self.actor) };
        let decided = book.decide(command, &context)?;
        Ok(decided.into_iter().map(|proposed| proposed.event).collect())
    }

    /// Gives one command to the organization's writer and reads back what followed from it.
    ///
    /// # Errors
    /// As [`Session::submit`], or history cannot be read.
    pub async fn submit_and_read(&self, org: OrgId, command: Command) -> anyhow::Result<Vec<Recorded>> {
        let receipt = self.submit(org, command).await?;
        if receipt.event_count == 0 {
            return Ok(Vec::new());
        }
        let store = self.store.for_org(org);
        let mut commits = Box::pin(store.commits(receipt.first_seq, Some(receipt.last_seq())));
        let mut events = Vec::new();
        while let Some(commit) = commits.try_next().await? {
            for recorded in to_chain(org, commit).events() {
                events.push(recorded.map_err(|source| LoadError::Codec { org, source })?);
            }
        }
        events.retain(|recorded| (receipt.first_seq..=receipt.last_seq()).contains(&recorded.seq));
        Ok(events)
    }

    /// Gives one command to the organization's writer and waits until it is durable.
    ///
    /// # Errors
    /// The rejection, or why it cannot be known.
    pub async fn submit(&self, org: OrgId, command: Command) -> anyhow::Result<Receipt> {
        let request =
            Request { command, actor: self.actor.clone(), key: None, correlation: None, soft_closed: self.soft_closed, expected: None };
        Ok(self.ledger.submit(org, request).await?)
    }
}

/// Reads a database URL; the message names the option, never the URL, which may hold a password.
fn options(option: &str, url: &str) -> anyhow::Result<PgConnectOptions> {
    PgConnectOptions::from_str(url).map_err(|error| {
        Complaint::usage(format!("{option} is no PostgreSQL URL: {error}"))
            .hint("write it as postgres://user:password@host:5432/database")
            .into()
    })
}

/// Whether the embedded server answers but lacks our database, login or schema.
fn wants_setup(error: &StoreError) -> bool {
    const NO_SUCH_DATABASE: &str = "3D000";
    const NOT_AUTHENTICATED: [&str; 2] = ["28P01", "28000"];
    match error {
        StoreError::NotMigrated(_) | StoreError::SchemaBehind(_) => true,
        other => other.sqlstate().is_some_and(|state| state == NO_SUCH_DATABASE || NOT_AUTHENTICATED.contains(&state.as_str())),
    }
}

/// Makes database, schema and login in the embedded server, as far as they are missing.
async fn set_up(server: &EmbeddedPostgres) -> anyhow::Result<MigrationReport> {
    create_database(&server.admin_options()).await.context("cannot create the ledger's database in the embedded server")?;
    let admin = server.admin_options().database(EMBEDDED_DATABASE);
    let report = ledger_store::migrate(&admin).await?;
    ledger_store::ensure_login(&admin, EMBEDDED_LOGIN, &server.secret(EMBEDDED_LOGIN)?).await?;
    Ok(report)
}

async fn create_database(admin: &PgConnectOptions) -> Result<(), sqlx::Error> {
    const EXISTS_ALREADY: [&str; 2] = ["42P04", "23505"];
    let mut connection = PgConnection::connect_with(admin).await?;
    let there: Option<i32> = sqlx::query_scalar("SELECT 1 FROM pg_catalog.pg_database WHERE datname = $1")
        .bind(EMBEDDED_DATABASE)
        .fetch_optional(&mut connection)
        .await?;
    if there.is_none() {
        match sqlx::query("CREATE DATABASE ledger TEMPLATE template0 ENCODING 'UTF8'").execute(&mut connection).await {
            // Another process was faster.
            Err(sqlx::Error::Database(error)) if error.code().is_some_and(|code| EXISTS_ALREADY.contains(&code.as_ref())) => {}
            Ok(_) => {}
            Err(error) => return Err(error),
        }
    }
    connection.close().await
}
