//! The command line without a database URL: the embedded server is there when a command needs it and gone afterwards,
//! however the command ends.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

/// A data directory of the test's own, where the server's user can reach it.
fn data_dir() -> tempfile::TempDir {
    use std::os::unix::fs::PermissionsExt;
    let open_to_pass = std::fs::Permissions::from_mode(0o711);
    tempfile::Builder::new().prefix("ledgerd-cli-").permissions(open_to_pass).tempdir_in("/var/tmp").unwrap()
}

fn ledgerd(dir: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ledgerd"));
    for name in ["DATABASE_URL", "LEDGERD_ADMIN_URL"] {
        command.env_remove(name);
    }
    command.env("LEDGERD_DATA_DIR", dir).args(arguments);
    command
}

fn run(dir: &Path, arguments: &[&str]) -> Output {
    ledgerd(dir, arguments).output().unwrap()
}

/// The server's process file: there while it runs.
fn pid_file(dir: &Path) -> PathBuf {
    dir.join("cluster/postmaster.pid")
}

fn wait_for(what: &str, mut happened: impl FnMut() -> bool) {
    let began = Instant::now();
    while !happened() {
        assert!(began.elapsed() < Duration::from_secs(120), "waited too long until {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn signal(child: &Child, name: &str) {
    let status = Command::new("kill").args(["-s", name, &child.id().to_string()]).status().unwrap();
    assert!(status.success());
}

#[test]
fn the_server_comes_and_goes_with_the_command() {
    let dir = data_dir();
    let created = run(dir.path(), &["org", "create", "acme", "--name", "Acme", "--currency", "USD"]);
    assert_eq!(created.status.code(), Some(0), "{}", String::from_utf8_lossy(&created.stderr));
    assert!(!pid_file(dir.path()).exists(), "the server was left running");
    let listed = run(dir.path(), &["org", "list", "--format", "csv"]);
    assert!(String::from_utf8_lossy(&listed.stdout).contains("acme,Acme,USD,required"));
    let refused = run(dir.path(), &["report", "trial-balance", "--org", "nobody"]);
    assert_eq!(refused.status.code(), Some(1));
    assert!(!pid_file(dir.path()).exists(), "the server was left running after a refusal");

    // Signals: while a command waits for a pipe that says nothing.
    for (name, code) in [("INT", 130), ("TERM", 143)] {
        let mut waiting = ledgerd(dir.path(), &["import", "--org", "acme", "--from", "csv", "-"])
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let silent = waiting.stdin.take();
        wait_for("the server runs", || pid_file(dir.path()).exists());
        // While it starts, and while it is in use.
        if name == "TERM" {
            std::thread::sleep(Duration::from_secs(2));
        }
        signal(&waiting, name);
        let status = waiting.wait().unwrap();
        assert_eq!(status.code(), Some(code), "SIG{name}");
        wait_for("the server has gone", || !pid_file(dir.path()).exists());
        drop(silent);
    }
}

#[test]
fn a_server_that_others_use_is_left_running() {
    let dir = data_dir();
    let created = run(dir.path(), &["org", "create", "acme", "--name", "Acme", "--currency", "USD"]);
    assert_eq!(created.status.code(), Some(0), "{}", String::from_utf8_lossy(&created.stderr));
    let mut first = ledgerd(dir.path(), &["import", "--org", "acme", "--from", "csv", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    wait_for("the server runs", || pid_file(dir.path()).exists());
    let second = run(dir.path(), &["org", "list"]);
    assert_eq!(second.status.code(), Some(0), "{}", String::from_utf8_lossy(&second.stderr));
    assert!(pid_file(dir.path()).exists(), "the second command stopped the first one's server");
    drop(first.stdin.take());
    first.wait().unwrap();
    assert!(!pid_file(dir.path()).exists(), "the server was left running");
}
