//! A PostgreSQL server of our own, for `ledgerd` without a `DATABASE_URL` and for the tests: found on the machine or fetched
//! privately, initialised, started, recovered after a crash, stopped. It is the same engine as in production, with its durability on.
//!
//! What happens to the server:
//! - started here: stopped by [`EmbeddedPostgres::stop`] (or, best effort, when dropped), unless another process uses it by then;
//! - found running and started by a `ledgerd` that died without stopping it: taken over, so treated as if started here;
//! - found running otherwise: used and left alone;
//! - when this process is killed, the server lives on and the next start takes it over.
//!
//! Roles, tables and migrations belong elsewhere.

mod binaries;
mod cluster;
mod error;
mod fetch;
mod home;
pub(crate) mod os;

use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use sqlx::ConnectOptions;
use sqlx::postgres::{PgConnectOptions, PgSslMode};

use binaries::{Binaries, Wanted};
use cluster::Running;
use home::Home;

pub use binaries::{OLDEST_MAJOR, Search};
pub use error::EmbeddedError;
use error::{Context, Result};

/// The environment variable that names the data directory.
pub const DATA_DIR_VARIABLE: &str = "LEDGERD_DATA_DIR";
/// The data directory when nothing else is said, in the current directory.
pub const DEFAULT_DATA_DIR: &str = ".ledgerd";
/// The superuser inside the cluster.
pub const SUPERUSER: &str = "postgres";

/// How to run the server.
#[derive(Clone, Debug)]
pub struct EmbeddedConfig {
    /// Where everything is kept: `cluster/`, `secrets/`, `run/` (socket), `pg/` (a private copy of the server), `postgres.log`.
    /// As root it may have to be elsewhere, see [`EmbeddedPostgres::data_dir`].
    pub data_dir: PathBuf,
    /// `false` gives up fsync, synchronous commit and full page writes: for tests only.
    pub durable: bool,
    /// No passwords; whoever reaches the socket is let in. For tests only. Decided when the cluster is made.
    pub trust: bool,
    /// The folder of the server's programs; `None` takes `LEDGERD_PG_BIN`, and if that is unset too, searches.
    pub binaries: Option<PathBuf>,
    /// Where a private copy of the server is and goes; `None` is `pg/` in the data directory.
    pub private_copy: Option<PathBuf>,
    /// Where programs may come from; `None` takes `LEDGERD_PG_SEARCH`.
    pub search: Option<Search>,
    /// Further settings of the server, the last word (names and values as in `postgresql.conf`).
    pub extra_settings: Vec<(String, String)>,
    /// Gets a line for each thing worth telling (waiting, fetching, moving elsewhere). By default standard error.
    pub notify: fn(&str),
}

impl EmbeddedConfig {
    /// A durable server in this data directory.
    #[must_use]
    pub fn new(data_dir: impl Into<PathBuf>) -> Self {
        Self {
            data_dir: data_dir.into(),
            durable: true,
            trust: false,
            binaries: None,
            private_copy: None,
            search: None,
            extra_settings: Vec::new(),
            notify: to_stderr,
        }
    }

    /// A durable server in `LEDGERD_DATA_DIR`, or in `.ledgerd/` if that is unset.
    #[must_use]
    pub fn from_env() -> Self {
        let dir = std::env::var_os(DATA_DIR_VARIABLE).filter(|dir| !dir.is_empty());
        Self::new(dir.map_or_else(|| PathBuf::from(DEFAULT_DATA_DIR), PathBuf::from))
    }
}

fn to_stderr(line: &str) {
    eprintln!("ledgerd: {line}");
}

/// A running server, and the right to use it.
#[derive(Debug)]
pub struct EmbeddedPostgres {
    home: Home,
    binaries: Binaries,
    running: Running,
    password: Option<String>,
    /// Whether it is ours to stop.
    ours: bool,
    /// Held, shared, as long as we use the server.
    users: Option<File>,
}

impl EmbeddedPostgres {
    /// Starts the server, or joins the one that runs already, and returns when it answers.
    ///
    /// # Errors
    /// [`EmbeddedError`] says what was tried and what to do.
    pub async fn start(config: EmbeddedConfig) -> std::result::Result<Self, EmbeddedError> {
        let begun = Instant::now();
        let mut started = false;
        loop {
            let step = config.clone();
            let (lock, mut server) = blocking(move || bring_up(&step)).await?;
            started |= server.running.started_by_us;
            server.running.started_by_us = started;
            let answer = server.answer().await;
            drop(lock);
            match answer {
                Ok(()) => return Ok(server),
                // It was just being stopped, or has been killed, or still recovers: look again.
                Err(error) if transient(&error) && begun.elapsed() < Duration::from_secs(120) => {
                    server.ours = false;
                    drop(server);
                    tokio::time::sleep(Duration::from_millis(100)).await;
                }
                Err(source) => return Err(EmbeddedError::Connect { data_dir: server.home.dir.clone(), source }),
            }
        }
    }

    /// Connects as the superuser to the database `postgres`.
    #[must_use]
    pub fn admin_options(&self) -> PgConnectOptions {
        self.options_for(SUPERUSER, self.password.as_deref().unwrap_or_default(), "postgres")
    }

    /// Connects as `role` to `database`.
    #[must_use]
    pub fn options_for(&self, role: &str, password: &str, database: &str) -> PgConnectOptions {
        let options = PgConnectOptions::new_without_pgpass()
            .socket(&self.running.socket_dir)
            .port(self.running.port)
            .ssl_mode(PgSslMode::Disable)
            .username(role)
            .database(database);
        if password.is_empty() { options } else { options.password(password) }
    }

    /// A URL for another program: `postgres://role:password@localhost:5432/database?host=<socket folder>`.
    #[must_use]
    pub fn url_for(&self, role: &str, password: &str, database: &str) -> String {
        self.options_for(role, password, database).to_url_lossy().to_string()
    }

    /// The secret of this name (a role's password): made of 192 random bits on first use, kept in `secrets/<name>`, mode 0600.
    ///
    /// # Errors
    /// When the name holds more than lower-case letters, digits, `_` and `-`, or the file cannot be read or written.
    pub fn secret(&self, name: &str) -> std::result::Result<String, EmbeddedError> {
        self.home.secret(name)
    }

    /// Whether this call to [`start`](Self::start) started the server; `false` if it was running.
    #[must_use]
    pub fn started_by_us(&self) -> bool {
        self.running.started_by_us
    }

    /// Whether [`stop`](Self::stop) stops the server: if started here, or taken over from a process that died.
    #[must_use]
    pub fn stops_with_us(&self) -> bool {
        self.ours
    }

    /// The process id of the server, `None` if it is not running any more.
    #[must_use]
    pub fn postmaster_pid(&self) -> Option<u32> {
        cluster::live_server(&self.home.cluster())
    }

    /// The data directory in use. As root it differs from the one asked for when the server's user could not reach that.
    #[must_use]
    pub fn data_dir(&self) -> &Path {
        &self.home.dir
    }

    /// The folder of the cluster's files.
    #[must_use]
    pub fn cluster_dir(&self) -> PathBuf {
        self.home.cluster()
    }

    /// The folder of the socket.
    #[must_use]
    pub fn socket_dir(&self) -> &Path {
        &self.running.socket_dir
    }

    /// The folder of the server's programs (`psql`, `pg_dump` and others may be there too).
    #[must_use]
    pub fn bin_dir(&self) -> &Path {
        &self.binaries.bin
    }

    /// The server's major version.
    #[must_use]
    pub fn major_version(&self) -> u32 {
        self.binaries.major
    }

    /// Ends the use of the server, and stops it if it is ours and nobody else uses it. Open connections are cut.
    ///
    /// # Errors
    /// When the server does not stop.
    pub async fn stop(mut self) -> std::result::Result<(), EmbeddedError> {
        blocking(move || self.leave(true)).await
    }

    /// Lets go of the server; stops it if it is ours and we were the last.
    fn leave(&mut self, wait: bool) -> Result<()> {
        let Some(users) = self.users.take() else { return Ok(()) };
        let lock = self.home.start_lock()?;
        match lock.try_lock() {
            Ok(()) => {}
            // Someone starts it at this moment; when dropped there is no time to wait for them, they use it.
            Err(TryLockError::WouldBlock) if !wait => return Ok(()),
            Err(_) => lock.lock().at("lock", &self.home.dir.join("lock"))?,
        }
        drop(users);
        let last = self.ours && is_free(&self.home.users_lock()?, wait);
        if !last || self.postmaster_pid() != Some(self.running.pid) {
            return Ok(());
        }
        cluster::stop(&self.home, &self.binaries, wait)?;
        let _ = fs::remove_file(self.home.started_note());
        Ok(())
    }

    async fn answer(&self) -> std::result::Result<(), sqlx::Error> {
        let connection = self.admin_options().connect().await?;
        sqlx::Connection::close(connection).await
    }
}

impl Drop for EmbeddedPostgres {
    fn drop(&mut self) {
        if let Err(error) = self.leave(false) {
            tracing::warn!(%error, "the embedded server could not be stopped");
        }
    }
}

/// Everything up to a server that runs, under the start lock, which is returned still held.
fn bring_up(config: &EmbeddedConfig) -> Result<(File, EmbeddedPostgres)> {
    let home = Home::settle(&config.data_dir, config.notify)?;
    let lock = take_lock(&home, config.notify)?;
    let cluster = home.cluster();
    let private = config.private_copy.clone().unwrap_or_else(|| home.dir.join("pg"));
    let binaries = binaries::find(&Wanted {
        explicit: config.binaries.clone().or_else(binaries_from_env),
        search: config.search.map_or_else(Search::from_env, Ok)?,
        private: &private,
        major: cluster::made_by(&cluster),
        account: &home.account,
        notify: config.notify,
    })?;
    let running = match cluster::find_running(&home) {
        Some(found) => found,
        None => {
            cluster::init(&home, &binaries, config)?;
            let running = cluster::launch(&home, &binaries, config)?;
            let note = home.started_note();
            fs::write(&note, running.pid.to_string()).at("write", &note)?;
            running
        }
    };
    let users = home.users_lock()?;
    let alone = is_free(&users, true);
    let noted = fs::read_to_string(home.started_note()).is_ok_and(|text| text.trim() == running.pid.to_string());
    users.lock_shared().at("lock", &home.dir.join("users"))?;
    let password = if config.trust { None } else { Some(home.secret(SUPERUSER)?) };
    let ours = running.started_by_us || (alone && noted);
    Ok((lock, EmbeddedPostgres { home, binaries, running, password, ours, users: Some(users) }))
}

fn binaries_from_env() -> Option<PathBuf> {
    std::env::var_os(binaries::BIN_VARIABLE).filter(|dir| !dir.is_empty()).map(PathBuf::from)
}

fn take_lock(home: &Home, notify: fn(&str)) -> Result<File> {
    let lock = home.start_lock()?;
    for _ in 0..30 {
        if lock.try_lock().is_ok() {
            return Ok(lock);
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    notify(&format!("another process is starting or stopping the server in {}: waiting for it", home.dir.display()));
    lock.lock().at("lock", &home.dir.join("lock"))?;
    Ok(lock)
}

/// Whether an answer means "not now" rather than "no".
fn transient(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Io(_) => true,
        // cannot_connect_now, admin_shutdown, crash_shutdown, too_many_connections
        sqlx::Error::Database(said) => matches!(said.code().as_deref(), Some("57P03" | "57P01" | "57P02" | "53300")),
        _ => false,
    }
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
    tokio::task::spawn_blocking(work).await.map_err(|error| EmbeddedError::Interrupted(error.to_string()))?
}

/// Whether nobody else holds this lock. A process that is just being forked holds a copy of every lock of its parent
/// until it has become another program, so a held lock is looked at again for a moment.
fn is_free(lock: &File, patient: bool) -> bool {
    const LOOKS: u32 = 10;
    const PAUSE: std::time::Duration = std::time::Duration::from_millis(20);
    for _ in 1..if patient { LOOKS } else { 1 } {
        if lock.try_lock().is_ok() {
            return true;
        }
        std::thread::sleep(PAUSE);
    }
    lock.try_lock().is_ok()
}
