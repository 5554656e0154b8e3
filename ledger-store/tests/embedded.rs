//! The embedded server from a user's side: it starts from nothing, is durable, is shared, survives kill -9, lives in awkward
//! places, and says clearly what is missing. Real servers, in directories of their own.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::Command;

use ledger_store::embedded::{EmbeddedConfig, EmbeddedError, EmbeddedPostgres, Search};
use ledger_store::testing::shared_copy;
use sqlx::postgres::PgConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, PgConnection};

/// A directory that the server's user can pass through, also when the tests run as root.
fn scratch() -> tempfile::TempDir {
    tempfile::Builder::new().prefix("ledgerd-embedded-").permissions(Permissions::from_mode(0o711)).tempdir_in("/var/tmp").unwrap()
}

/// A server as `ledgerd` would run it, except that a machine without PostgreSQL fetches one copy for all tests.
fn config(dir: &Path) -> EmbeddedConfig {
    EmbeddedConfig { private_copy: shared_copy(), ..EmbeddedConfig::new(dir) }
}

async fn start(dir: &Path) -> EmbeddedPostgres {
    EmbeddedPostgres::start(config(dir)).await.unwrap()
}

async fn connect(server: &EmbeddedPostgres) -> PgConnection {
    server.admin_options().connect().await.unwrap()
}

async fn text(connection: &mut PgConnection, query: &str) -> String {
    sqlx::query_scalar(AssertSqlSafe(query.to_owned())).fetch_one(connection).await.unwrap()
}

async fn run(connection: &mut PgConnection, statement: &str) {
    sqlx::query(AssertSqlSafe(statement.to_owned())).execute(connection).await.unwrap();
}

fn kill_9(pid: u32) {
    assert!(Command::new("sh").arg("-c").arg(format!("kill -9 {pid}")).status().unwrap().success());
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().mode() & 0o777
}

fn running_as_root() -> bool {
    fs::metadata("/proc/self").is_ok_and(|found| found.uid() == 0)
}

#[tokio::test]
async fn it_starts_from_nothing_durable_and_closed() {
    let scratch = scratch();
    let dir = scratch.path().join("data with space");
    let server = start(&dir).await;
    assert!(server.started_by_us() && server.stops_with_us());
    assert!(server.postmaster_pid().is_some());

    let mut connection = connect(&server).await;
    for (setting, expected) in [
        ("fsync", "on"),
        ("synchronous_commit", "on"),
        ("full_page_writes", "on"),
        ("data_checksums", "on"),
        ("listen_addresses", ""),
        ("password_encryption", "scram-sha-256"),
        ("server_encoding", "UTF8"),
        ("unix_socket_permissions", "0700"),
        ("max_wal_size", "4GB"),
    ] {
        assert_eq!(text(&mut connection, &format!("SHOW {setting}")).await, expected, "{setting}");
    }
    assert_eq!(text(&mut connection, "SELECT string_agg(x, '' ORDER BY x) FROM unnest('{b,A,a,B}'::text[]) x").await, "ABab");
    connection.close().await.unwrap();

    assert_eq!(mode(&dir.join("secrets/postgres")), 0o600);
    for private in ["secrets", "cluster", "run"] {
        assert_eq!(mode(&dir.join(private)), 0o700, "{private}");
    }
    let refused = server.options_for("postgres", "wrong", "postgres").connect().await.unwrap_err();
    assert_eq!(refused.as_database_error().unwrap().code().unwrap(), "28P01");

    server.stop().await.unwrap();
    assert!(!dir.join("cluster/postmaster.pid").exists());
}

#[tokio::test]
async fn what_was_written_is_there_after_a_stop_and_a_start_under_other_settings() {
    let scratch = scratch();
    let server = start(scratch.path()).await;
    let mut connection = connect(&server).await;
    run(&mut connection, "CREATE TABLE kept AS SELECT 'kept' AS word").await;
    server.stop().await.unwrap();

    let mut config = config(scratch.path());
    config.extra_settings.push(("application_name".into(), "it's set".into()));
    let server = EmbeddedPostgres::start(config).await.unwrap();
    let mut connection = connect(&server).await;
    assert_eq!(text(&mut connection, "SELECT word FROM kept").await, "kept");
    assert_eq!(text(&mut connection, "SELECT reset_val FROM pg_settings WHERE name = 'application_name'").await, "it's set");
    server.stop().await.unwrap();
}

#[tokio::test]
async fn a_second_start_joins_the_server_and_it_is_stopped_only_when_nobody_uses_it() {
    let scratch = scratch();
    let first = start(scratch.path()).await;
    let second = start(scratch.path()).await;
    assert!(first.started_by_us() && !second.started_by_us());
    assert!(!second.stops_with_us());
    assert_eq!(first.postmaster_pid(), second.postmaster_pid());

    // The joined one goes: the server stays. It comes again and the first one goes: the server stays for it.
    second.stop().await.unwrap();
    assert!(first.postmaster_pid().is_some());
    let second = start(scratch.path()).await;
    first.stop().await.unwrap();
    assert!(second.postmaster_pid().is_some());
    connect(&second).await.close().await.unwrap();

    // A third one finds it abandoned, with nobody left to stop it, and takes it over.
    drop(second);
    let third = start(scratch.path()).await;
    assert!(!third.started_by_us() && third.stops_with_us());
    third.stop().await.unwrap();
    assert!(!scratch.path().join("cluster/postmaster.pid").exists());
}

#[tokio::test]
async fn starters_at_the_same_moment_get_one_server() {
    let scratch = scratch();
    let starts: Vec<_> = (0..4).map(|_| tokio::spawn(EmbeddedPostgres::start(config(scratch.path())))).collect();
    let mut servers = Vec::new();
    for start in starts {
        servers.push(start.await.unwrap().unwrap());
    }
    assert_eq!(servers.iter().filter(|server| server.started_by_us()).count(), 1);
    assert!(servers.iter().all(|server| server.postmaster_pid() == servers[0].postmaster_pid()));
    servers.sort_by_key(EmbeddedPostgres::started_by_us);
    for server in servers {
        server.stop().await.unwrap();
    }
    assert!(!scratch.path().join("cluster/postmaster.pid").exists());
}

#[tokio::test]
async fn dropping_it_stops_it_and_a_start_right_behind_waits_for_that() {
    let scratch = scratch();
    let server = start(scratch.path()).await;
    let first = server.postmaster_pid().unwrap();
    drop(server);
    let server = start(scratch.path()).await;
    assert!(server.started_by_us());
    assert_ne!(server.postmaster_pid().unwrap(), first);
    server.stop().await.unwrap();
}

#[tokio::test]
async fn after_kill_9_with_workers_busy_the_next_start_recovers_what_was_committed() {
    let scratch = scratch();
    let server = start(scratch.path()).await;
    run(&mut connect(&server).await, "CREATE TABLE posted (n bigint)").await;
    server.stop().await.unwrap();
    for round in 1..=3 {
        let server = start(scratch.path()).await;
        let mut connection = connect(&server).await;
        run(&mut connection, &format!("INSERT INTO posted VALUES ({round})")).await;
        // A worker that is busy does not notice at once that its server is gone.
        let options = server.admin_options();
        let busy = tokio::spawn(run_quietly(options, "SELECT count(*) FROM generate_series(1, 30000000)"));
        tokio::time::sleep(std::time::Duration::from_millis(300)).await;
        kill_9(server.postmaster_pid().unwrap());
        drop(server);

        let again = start(scratch.path()).await;
        assert!(again.started_by_us(), "round {round}");
        let mut connection = connect(&again).await;
        assert_eq!(text(&mut connection, "SELECT string_agg(n::text, ',' ORDER BY n) FROM posted").await, list_to(round));
        busy.await.unwrap();
        again.stop().await.unwrap();
    }
}

fn list_to(last: u32) -> String {
    (1..=last).map(|n| n.to_string()).collect::<Vec<_>>().join(",")
}

async fn run_quietly(options: PgConnectOptions, statement: &'static str) {
    if let Ok(mut connection) = options.connect().await {
        let _ = sqlx::query(statement).execute(&mut connection).await;
    }
}

#[tokio::test]
async fn a_process_id_that_now_belongs_to_another_program_does_not_block_the_start() {
    let scratch = scratch();
    let server = start(scratch.path()).await;
    let path = scratch.path().join("cluster/postmaster.pid");
    kill_9(server.postmaster_pid().unwrap());
    drop(server);
    let left = fs::read_to_string(&path).unwrap();
    let (_, rest) = left.split_once('\n').unwrap();
    // Ours is alive, and not a server.
    fs::write(&path, format!("{}\n{rest}", std::process::id())).unwrap();
    let server = start(scratch.path()).await;
    assert!(server.started_by_us());
    connect(&server).await.close().await.unwrap();
    server.stop().await.unwrap();
}

#[tokio::test]
async fn an_unfinished_initialisation_is_begun_again() {
    let scratch = scratch();
    fs::create_dir(scratch.path().join("cluster.new")).unwrap();
    fs::write(scratch.path().join("cluster.new/PG_VERSION"), "15\n").unwrap();
    let server = start(scratch.path()).await;
    connect(&server).await.close().await.unwrap();
    server.stop().await.unwrap();
}

#[tokio::test]
async fn a_deep_data_directory_gets_a_short_socket_folder() {
    let scratch = scratch();
    let deep: PathBuf = std::iter::repeat_n("a-folder-with-a-long-name", 8).collect();
    let server = start(&scratch.path().join(deep)).await;
    let socket_dir = server.socket_dir().to_owned();
    assert!(socket_dir.to_string_lossy().len() < 90 && !socket_dir.starts_with(scratch.path()), "{}", socket_dir.display());
    assert_eq!(mode(&socket_dir), 0o700);
    connect(&server).await.close().await.unwrap();
    server.stop().await.unwrap();
    fs::remove_dir_all(socket_dir).unwrap();
}

#[tokio::test]
async fn as_root_an_unreachable_directory_is_replaced_and_the_place_is_told() {
    if !running_as_root() {
        println!("skipped: only root's server runs as another user");
        return;
    }
    let closed = tempfile::Builder::new().permissions(Permissions::from_mode(0o700)).tempdir().unwrap();
    let asked = closed.path().join("data");
    let server = start(&asked).await;
    let used = server.data_dir().to_owned();
    assert!(!used.starts_with(closed.path()));
    assert_eq!(fs::read_to_string(asked.join("location")).unwrap().trim(), used.to_string_lossy());
    connect(&server).await.close().await.unwrap();
    server.stop().await.unwrap();
    let again = start(&asked).await;
    assert_eq!(again.data_dir(), used);
    again.stop().await.unwrap();
    fs::remove_dir_all(used).unwrap();
}

#[tokio::test]
async fn what_cannot_work_is_refused_with_the_remedy() {
    let scratch = scratch();
    let empty = scratch.path().join("empty");
    fs::create_dir(&empty).unwrap();
    let base = || EmbeddedConfig::new(scratch.path().join("data"));
    let old = fake_binaries(scratch.path(), "14.11");
    let cases = [
        (EmbeddedConfig { binaries: Some(empty), ..base() }, vec!["empty", "`initdb` is missing", "LEDGERD_PG_BIN"]),
        (EmbeddedConfig { binaries: Some("/nowhere".into()), ..base() }, vec!["/nowhere", "no such folder"]),
        (EmbeddedConfig { binaries: Some(old), ..base() }, vec!["version 14 is too old", "15 or newer"]),
        (
            EmbeddedConfig { search: Some(Search::NONE), ..base() },
            vec!["no PostgreSQL server", "install", "LEDGERD_PG_BIN", "DATABASE_URL"],
        ),
        (EmbeddedConfig::new(scratch.path().join("a$b")), vec!["a$b", "dollar sign"]),
    ];
    for (config, expected) in cases {
        let said = EmbeddedPostgres::start(config).await.unwrap_err().to_string();
        for word in expected {
            assert!(said.contains(word), "{word:?} is missing in: {said}");
        }
    }
}

/// Programs that answer with this version and can do nothing else.
fn fake_binaries(parent: &Path, version: &str) -> PathBuf {
    let bin = parent.join(format!("fake-{version}"));
    fs::create_dir(&bin).unwrap();
    for program in ["initdb", "pg_ctl", "postgres"] {
        let path = bin.join(program);
        fs::write(&path, format!("#!/bin/sh\necho '{program} (PostgreSQL) {version}'\n")).unwrap();
        fs::set_permissions(&path, Permissions::from_mode(0o755)).unwrap();
    }
    bin
}

#[tokio::test]
async fn data_of_another_major_version_is_not_touched() {
    let scratch = scratch();
    start(scratch.path()).await.stop().await.unwrap();
    let mut config = config(scratch.path());
    config.binaries = Some(fake_binaries(scratch.path(), "99.1"));
    let error = EmbeddedPostgres::start(config).await.unwrap_err();
    assert!(matches!(error, EmbeddedError::BadBinaries { .. }));
    assert!(error.to_string().contains("version 99, but the data was made by version"), "{error}");
}

/// Fetches tens of megabytes, so only where asked: `LEDGERD_TEST_FETCH=1`, on Debian or Ubuntu.
#[tokio::test]
async fn without_a_server_on_the_machine_a_private_copy_is_fetched_once() {
    if std::env::var_os("LEDGERD_TEST_FETCH").is_none() {
        println!("skipped: set LEDGERD_TEST_FETCH=1 to fetch a private copy of PostgreSQL through apt");
        return;
    }
    let scratch = scratch();
    let mut config = EmbeddedConfig::new(scratch.path().join("data"));
    config.search = Some(Search { system: false, ..Search::ALL });
    let server = EmbeddedPostgres::start(config.clone()).await.unwrap();
    assert!(server.bin_dir().starts_with(scratch.path()), "{}", server.bin_dir().display());
    println!("{}", text(&mut connect(&server).await, "SELECT version()").await);
    server.stop().await.unwrap();

    config.search = Some(Search { private: true, ..Search::NONE });
    let server = EmbeddedPostgres::start(config).await.unwrap();
    connect(&server).await.close().await.unwrap();
    server.stop().await.unwrap();
}
