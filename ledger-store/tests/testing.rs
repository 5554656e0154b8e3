//! The tests' own servers: clones are apart from each other, nothing is left behind, a durable server comes back from kill -9.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;
use std::time::{Duration, Instant};

use ledger_store::testing::{TestDatabase, database_with, durable_server, empty_database};
use sqlx::migrate::{Migration, MigrationType, Migrator};
use sqlx::{ConnectOptions, Connection, PgConnection, SqlSafeStr};

static MIGRATOR: LazyLock<Migrator> = LazyLock::new(|| {
    let sql = "CREATE TABLE note (word text NOT NULL); CREATE ROLE clerk LOGIN; GRANT SELECT ON note TO clerk".into_sql_str();
    Migrator::with_migrations(vec![Migration::new(1, "notes".into(), MigrationType::Simple, sql, false)])
});

async fn notes(connection: &mut PgConnection) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar("SELECT count(*) FROM note").fetch_one(connection).await
}

#[tokio::test]
async fn each_test_has_a_database_of_its_own_with_the_migrations_in_it() {
    let (one, two) = tokio::join!(database_with(&MIGRATOR), database_with(&MIGRATOR));
    assert_ne!(one.name(), two.name());
    let mut writer = one.admin_options().connect().await.unwrap();
    sqlx::query("INSERT INTO note VALUES ('only here')").execute(&mut writer).await.unwrap();
    assert_eq!(notes(&mut one.options_for("clerk").connect().await.unwrap()).await.unwrap(), 1);
    assert_eq!(notes(&mut two.options_for("clerk").connect().await.unwrap()).await.unwrap(), 0);
    let mut by_url = PgConnection::connect(&one.url_for("clerk")).await.unwrap();
    assert_eq!(notes(&mut by_url).await.unwrap(), 1);
    let refused = sqlx::query("DELETE FROM note").execute(&mut by_url).await.unwrap_err();
    assert_eq!(refused.as_database_error().unwrap().code().unwrap(), "42501");
}

#[tokio::test]
async fn a_clone_takes_milliseconds() {
    let _ = database_with(&MIGRATOR).await;
    let begun = Instant::now();
    for _ in 0..10 {
        let _ = database_with(&MIGRATOR).await;
    }
    println!("{} ms each", begun.elapsed().as_millis() / 10);
    assert!(begun.elapsed() < Duration::from_secs(5));
}

#[tokio::test]
async fn a_durable_server_keeps_every_answered_insert_over_kill_9() {
    let mut server = durable_server().await;
    server.create_database("books", Some(&MIGRATOR)).await;
    let url = server.url_for("postgres", "books");
    for round in 1..=3 {
        let mut connection = PgConnection::connect(&url).await.unwrap();
        let fsync: String = sqlx::query_scalar("SHOW fsync").fetch_one(&mut connection).await.unwrap();
        assert_eq!(fsync, "on");
        sqlx::query("INSERT INTO note VALUES ('answered')").execute(&mut connection).await.unwrap();
        server.kill_9().await;
        assert!(notes(&mut connection).await.is_err());
        server.restart().await;
        let mut connection = server.options_for("clerk", "books").connect().await.unwrap();
        assert_eq!(notes(&mut connection).await.unwrap(), round);
    }
}

const HELPER_FILE: &str = "LEDGER_TEST_HELPER_FILE";

/// Not a test by itself: the process that the next test kills.
#[tokio::test]
#[ignore = "started by nothing_is_left_when_the_test_process_is_killed"]
async fn helper_that_will_be_killed() {
    let Some(file) = std::env::var_os(HELPER_FILE).map(PathBuf::from) else {
        println!("skipped: only a helper of another test");
        return;
    };
    let database: TestDatabase = empty_database().await;
    let socket = database.admin_options().get_socket().unwrap().clone();
    std::fs::write(file.with_extension("tmp"), socket.to_string_lossy().as_bytes()).unwrap();
    std::fs::rename(file.with_extension("tmp"), file).unwrap();
    tokio::time::sleep(Duration::from_secs(120)).await;
}

#[test]
fn nothing_is_left_when_the_test_process_is_killed() {
    let scratch = tempfile::tempdir().unwrap();
    let file = scratch.path().join("socket");
    let mut helper = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "helper_that_will_be_killed", "--ignored"])
        .env(HELPER_FILE, &file)
        .spawn()
        .unwrap();
    assert!(wait_until(60, || file.exists()), "the helper's server did not start");
    let socket = PathBuf::from(std::fs::read_to_string(&file).unwrap());
    let dir = socket.parent().unwrap();
    let pid = std::fs::read_to_string(dir.join("cluster/postmaster.pid")).unwrap().lines().next().unwrap().to_owned();
    helper.kill().unwrap();
    helper.wait().unwrap();
    assert!(wait_until(20, || !dir.exists()), "{} is still there", dir.display());
    assert!(wait_until(10, || std::fs::read_link(Path::new("/proc").join(&pid).join("cwd")).is_err()), "server {pid} still runs");
}

fn wait_until(seconds: u64, mut done: impl FnMut() -> bool) -> bool {
    let begun = Instant::now();
    while begun.elapsed() < Duration::from_secs(seconds) {
        if done() {
            return true;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    done()
}
