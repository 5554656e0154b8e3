//! A database for each test, in milliseconds: one throw-away server per test process (nothing synced, no passwords, in memory where
//! there is room), one template database per set of migrations, and a clone of it per test. Databases are never dropped: a watchdog
//! removes the whole server when the test process ends, however it ends. Tests of durability take [`durable_server`] instead.
//!
//! Everything here panics with the reason when it fails: it is for tests only.

use std::collections::HashSet;
use std::fmt::Display;
use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use sqlx::migrate::Migrator;
use sqlx::postgres::{PgConnectOptions, PgConnection, PgPool, PgPoolOptions};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection};
use tokio::sync::{Mutex, OnceCell};

use crate::db::{Store, StoreConfig};
use crate::embedded::{EmbeddedConfig, EmbeddedPostgres, SUPERUSER, os};
use crate::migrate::ensure_login;

/// Memory that `/dev/shm` must have free to hold the throw-away server, in kibibytes.
const ROOM_KIBIBYTES: u64 = 3 << 20;

/// Outlives the test process by a moment: waits for the end of its input, which comes when the process is gone, then ends the
/// server (if the process id is still that server's) and removes its directory. Twice, for a server that was only just starting.
const WATCHDOG: &str = r#"
trap '' INT TERM HUP
read -r _
for round in 1 2; do
    pid=$(head -n 1 "$1/cluster/postmaster.pid" 2>/dev/null)
    if [ -n "$pid" ] && { [ ! -d /proc/self ] || [ "$(readlink "/proc/$pid/cwd")" = "$1/cluster" ]; }; then
        kill -s QUIT "$pid"
        tries=0
        while [ -e "$1/cluster/postmaster.pid" ] && [ $tries -lt 50 ]; do sleep 0.1; tries=$((tries + 1)); done
        kill -s KILL "$pid"
    fi
    rm -rf "$1"
    sleep 1
    [ -e "$1" ] || exit 0
done
"#;

/// The login role that [`TestDatabase::store`] connects as.
pub const RUNTIME_ROLE: &str = "ledgerd";

static LOGIN: OnceCell<()> = OnceCell::const_new();
static SERVER: OnceCell<TestServer> = OnceCell::const_new();

/// The server that the databases of this process live in.
struct TestServer {
    postgres: EmbeddedPostgres,
    templates: Mutex<HashSet<String>>,
    next: AtomicU32,
    _scratch: Scratch,
}

/// A database that belongs to one test. It goes away with the test process.
#[derive(Clone)]
pub struct TestDatabase {
    server: &'static TestServer,
    name: String,
}

/// A fresh database in which these migrations have run.
pub async fn database_with(migrator: &'static Migrator) -> TestDatabase {
    let server = server().await;
    let template = server.template(migrator).await;
    server.create(Some(&template)).await
}

/// A fresh database with the ledger's schema in it.
pub async fn database() -> TestDatabase {
    database_with(&crate::MIGRATOR).await
}

/// A fresh database without anything in it.
pub async fn empty_database() -> TestDatabase {
    server().await.create(None).await
}

impl TestDatabase {
    /// The store as the program uses it: connected as [`RUNTIME_ROLE`], which is made on first use.
    pub async fn store(&self) -> Store {
        let made =
            LOGIN.get_or_init(|| async { must("make the runtime's login", ensure_login(&self.admin_options(), RUNTIME_ROLE, "").await) });
        made.await;
        must("connect the store", Store::connect(self.options_for(RUNTIME_ROLE), StoreConfig::default()).await)
    }

    /// The database's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Connects as the superuser.
    #[must_use]
    pub fn admin_options(&self) -> PgConnectOptions {
        self.options_for(SUPERUSER)
    }

    /// Connects as `role`, which needs no password.
    #[must_use]
    pub fn options_for(&self, role: &str) -> PgConnectOptions {
        self.server.postgres.options_for(role, "", &self.name)
    }

    /// The same as a URL, for another program.
    #[must_use]
    pub fn url_for(&self, role: &str) -> String {
        self.server.postgres.url_for(role, "", &self.name)
    }

    /// A pool for `role` of at most `connections`, which are opened when needed.
    #[must_use]
    pub fn pool(&self, role: &str, connections: u32) -> PgPool {
        pool(self.options_for(role), connections)
    }
}

async fn server() -> &'static TestServer {
    SERVER.get_or_init(TestServer::start).await
}

impl TestServer {
    async fn start() -> Self {
        let scratch = Scratch::new(roomy_base().as_deref());
        let mut config = config_in(&scratch);
        config.durable = false;
        for (name, value) in [("max_connections", "500"), ("shared_buffers", "128MB"), ("work_mem", "8MB")] {
            config.extra_settings.push((name.to_owned(), value.to_owned()));
        }
        let postgres = must("start a server for the tests", EmbeddedPostgres::start(config).await);
        Self { postgres, templates: Mutex::default(), next: AtomicU32::new(1), _scratch: scratch }
    }

    /// The template database for these migrations, made on first use.
    async fn template(&self, migrator: &'static Migrator) -> String {
        let name = format!("template_{}", migrations_hash(migrator));
        let mut made = self.templates.lock().await;
        if !made.contains(&name) {
            create_database(&self.postgres.admin_options(), &name, None).await;
            migrate(&self.postgres.options_for(SUPERUSER, "", &name), migrator).await;
            made.insert(name.clone());
        }
        name
    }

    async fn create(&'static self, template: Option<&str>) -> TestDatabase {
        let name = format!("test_{}", self.next.fetch_add(1, Ordering::Relaxed));
        create_database(&self.postgres.admin_options(), &name, template).await;
        TestDatabase { server: self, name }
    }
}

/// A server of its own for one test, with production's durability settings, that can be killed and restarted. Roles need no
/// password. Dropping it stops it and removes its data.
pub struct DurableServer {
    postgres: Option<EmbeddedPostgres>,
    scratch: Scratch,
}

/// Starts a server with fsync on, in a directory on disk.
pub async fn durable_server() -> DurableServer {
    let mut server = DurableServer { postgres: None, scratch: Scratch::new(None) };
    server.restart().await;
    server
}

impl DurableServer {
    fn postgres(&self) -> &EmbeddedPostgres {
        must("use a server", self.postgres.as_ref().ok_or("it is not running"))
    }

    /// Connects as the superuser to the database `postgres`.
    #[must_use]
    pub fn admin_options(&self) -> PgConnectOptions {
        self.postgres().admin_options()
    }

    /// Connects as `role` to `database`.
    #[must_use]
    pub fn options_for(&self, role: &str, database: &str) -> PgConnectOptions {
        self.postgres().options_for(role, "", database)
    }

    /// The same as a URL, for another program. It stays right over [`restart`](Self::restart).
    #[must_use]
    pub fn url_for(&self, role: &str, database: &str) -> String {
        self.postgres().url_for(role, "", database)
    }

    /// A pool for `role` of at most `connections`, which are opened when needed.
    #[must_use]
    pub fn pool(&self, role: &str, database: &str, connections: u32) -> PgPool {
        pool(self.options_for(role, database), connections)
    }

    /// The data directory.
    #[must_use]
    pub fn data_dir(&self) -> &Path {
        &self.scratch.dir
    }

    /// Makes a database, in which these migrations run.
    pub async fn create_database(&self, name: &str, migrator: Option<&'static Migrator>) {
        create_database(&self.admin_options(), name, None).await;
        if let Some(migrator) = migrator {
            migrate(&self.options_for(SUPERUSER, name), migrator).await;
        }
    }

    /// Kills the server and all its workers (SIGKILL) and returns when they are gone. Nothing happens if it is dead already.
    pub async fn kill_9(&self) {
        let cluster = self.postgres().cluster_dir();
        self.kill_postmaster_9();
        for _ in 0..200 {
            let left = os::processes_in(&cluster);
            if left.is_empty() {
                return;
            }
            os::signal("KILL", &left);
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// Kills the server's first process only, and leaves its workers to notice. Returns when that process is gone.
    pub fn kill_postmaster_9(&self) {
        let pid = self.postgres().postmaster_pid();
        os::signal("KILL", &pid.into_iter().collect::<Vec<_>>());
        for _ in 0..1_000 {
            if self.postgres().postmaster_pid().is_none() {
                return;
            }
            std::thread::sleep(Duration::from_millis(2));
        }
    }

    /// Starts it again; returns when it has recovered. A server that still runs is left running.
    pub async fn restart(&mut self) {
        let running = self.postgres.as_ref().is_some_and(|postgres| postgres.postmaster_pid().is_some());
        if running {
            return;
        }
        self.postgres = None;
        self.postgres = Some(must("start a durable server", EmbeddedPostgres::start(config_in(&self.scratch)).await));
    }
}

fn config_in(scratch: &Scratch) -> EmbeddedConfig {
    let mut config = EmbeddedConfig::new(&scratch.dir);
    config.trust = true;
    config.private_copy = shared_copy();
    // Inside the data directory, so that a server that is killed leaves nothing outside it.
    config.extra_settings.push(("dynamic_shared_memory_type".into(), "mmap".into()));
    config
}

/// A directory of the test process's own, with the watchdog that removes it.
struct Scratch {
    dir: PathBuf,
    _watchdog: Child,
}

impl Scratch {
    fn new(base: Option<&Path>) -> Self {
        let base = base.map_or_else(disk_base, Path::to_path_buf);
        // Root's server runs as another user, who must be able to pass; what is inside is closed to others.
        let made = tempfile::Builder::new().prefix("ledgerd-test-").permissions(Permissions::from_mode(0o711)).tempdir_in(&base);
        let dir = must("make a directory for the tests", made).keep();
        let dir = must("find the directory for the tests", dir.canonicalize());
        let watchdog = Command::new("sh")
            .args(["-c", WATCHDOG, "ledgerd-test-watchdog"])
            .arg(&dir)
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .process_group(0)
            .spawn();
        Self { dir, _watchdog: must("start the watchdog", watchdog) }
    }
}

fn disk_base() -> PathBuf {
    let var_tmp = Path::new("/var/tmp");
    if writable(var_tmp) { var_tmp.to_owned() } else { std::env::temp_dir() }
}

/// `/dev/shm`, if it can be written to and has room.
fn roomy_base() -> Option<PathBuf> {
    let shm = Path::new("/dev/shm");
    let said = Command::new("df").args(["-Pk", "/dev/shm"]).stdin(Stdio::null()).output().ok()?;
    let text = String::from_utf8_lossy(&said.stdout).into_owned();
    let free: u64 = text.lines().nth(1)?.split_whitespace().nth(3)?.parse().ok()?;
    if free >= ROOM_KIBIBYTES && writable(shm) {
        return Some(shm.to_owned());
    }
    let temp = std::env::temp_dir();
    writable(&temp).then_some(temp)
}

fn writable(dir: &Path) -> bool {
    tempfile::tempfile_in(dir).is_ok()
}

/// Where machines without PostgreSQL keep one private copy for all test processes of a user (`EmbeddedConfig::private_copy`).
#[must_use]
pub fn shared_copy() -> Option<PathBuf> {
    let uid = os::own_uid().ok()?;
    let dir = PathBuf::from(format!("/var/tmp/ledgerd-test-pg-{uid}"));
    if fs::create_dir(&dir).is_ok() {
        fs::set_permissions(&dir, Permissions::from_mode(0o755)).ok()?;
    }
    let found = fs::symlink_metadata(&dir).ok()?;
    (found.is_dir() && found.uid() == uid && found.mode() & 0o022 == 0).then_some(dir)
}

fn pool(options: PgConnectOptions, connections: u32) -> PgPool {
    PgPoolOptions::new().max_connections(connections).acquire_timeout(Duration::from_secs(30)).connect_lazy_with(options)
}

fn migrations_hash(migrator: &Migrator) -> String {
    let mut hasher = blake3::Hasher::new();
    for migration in migrator.iter() {
        hasher.update(&migration.version.to_le_bytes());
        hasher.update(&migration.checksum);
    }
    hasher.finalize().to_hex()[..16].to_owned()
}

async fn connect(options: &PgConnectOptions) -> PgConnection {
    must("connect to the tests' server", options.connect().await)
}

async fn create_database(admin: &PgConnectOptions, name: &str, template: Option<&str>) {
    let mut connection = connect(admin).await;
    let template = template.unwrap_or("template1");
    let statement = format!("CREATE DATABASE \"{name}\" TEMPLATE \"{template}\" STRATEGY file_copy");
    must("create a database", sqlx::query(AssertSqlSafe(statement)).execute(&mut connection).await);
    must("close a connection", connection.close().await);
}

async fn migrate(options: &PgConnectOptions, migrator: &Migrator) {
    let mut connection = connect(options).await;
    must("run the migrations", migrator.run(&mut connection).await);
    must("close a connection", connection.close().await);
}

fn must<T, E: Display>(what: &str, outcome: Result<T, E>) -> T {
    match outcome {
        Ok(value) => value,
        Err(error) => panic!("cannot {what}: {error}"),
    }
}
