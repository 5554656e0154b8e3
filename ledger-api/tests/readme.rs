//! The README's tour, run as it is written: its commands in order, what they print held against what it shows.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::path::Path;
use std::process::Command;

use ledger_store::testing::{RUNTIME_ROLE, database};

const README: &str = include_str!("../../README.md");

/// Commands, and what the README shows of their output.
#[derive(Default)]
struct Step {
    commands: String,
    shown: Option<String>,
}

/// The blocks between two marks.
fn steps(part: &str) -> Vec<Step> {
    let begins = README.split(&format!("<!-- {part} begins -->")).nth(1).unwrap();
    let tour = begins.split(&format!("<!-- {part} ends -->")).next().unwrap();
    let mut steps: Vec<Step> = Vec::new();
    for block in tour.split("\n```").collect::<Vec<_>>().chunks(2).filter_map(|pair| pair.get(1)) {
        let (language, text) = block.split_once('\n').unwrap();
        match language {
            "sh" => steps.push(Step { commands: text.to_owned(), shown: None }),
            "text" => steps.last_mut().unwrap().shown = Some(text.to_owned()),
            other => panic!("a block of the tour is written in {other:?}; the test knows sh and text"),
        }
    }
    steps
}

/// Whether a printed line is the one shown, where "…" stands for anything.
fn is_line(shown: &str, printed: &str) -> bool {
    let parts: Vec<&str> = shown.split('…').collect();
    let [first, middle @ .., last] = parts.as_slice() else { return shown == printed };
    let Some(mut rest) = printed.strip_prefix(first) else { return false };
    for part in middle {
        let Some(at) = rest.find(part) else { return false };
        rest = &rest[at + part.len()..];
    }
    rest.ends_with(last)
}

/// The first line shown that was not printed where it should be. A line "…" stands for any number of lines.
fn first_difference<'a>(shown: &'a str, printed: &str) -> Option<&'a str> {
    let mut printed = printed.lines().map(str::trim_end).peekable();
    let mut anywhere = false;
    for line in shown.lines().map(str::trim_end) {
        if line == "…" {
            anywhere = true;
            continue;
        }
        let found = if anywhere { printed.any(|next| is_line(line, next)) } else { printed.next().is_some_and(|next| is_line(line, next)) };
        if !found {
            return Some(line);
        }
        anywhere = false;
    }
    None
}

/// Runs commands in a shell; answers whether all of them succeeded, and what they printed.
fn run(commands: &str, folder: &Path, url: &str) -> (bool, String) {
    let program = Path::new(env!("CARGO_BIN_EXE_ledgerd")).parent().unwrap();
    let path = std::env::join_paths(
        std::iter::once(program.to_owned()).chain(std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default())),
    );
    let output = Command::new("sh")
        .args(["-euc", &format!("exec 2>&1\n{commands}")])
        .current_dir(folder)
        .env("PATH", path.unwrap())
        .env("DATABASE_URL", url)
        .env("LEDGERD_ACTOR", "alice")
        .env_remove("LEDGERD_ADMIN_URL")
        .output()
        .unwrap();
    (output.status.success(), String::from_utf8_lossy(&output.stdout).into_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_tour_runs_as_written() {
    let database = database().await;
    database.store().await.close().await;
    let url = database.url_for(RUNTIME_ROLE);
    let folder = tempfile::tempdir().unwrap();
    let steps = steps("tour");
    assert!(steps.len() > 10 && steps.iter().filter(|step| step.shown.is_some()).count() > 8, "the tour was not found");
    for Step { commands, shown } in steps {
        let (done, printed) = tokio::task::block_in_place(|| run(&commands, folder.path(), &url));
        assert!(done, "{commands}\nprinted:\n{printed}");
        if let Some(line) = shown.as_deref().and_then(|shown| first_difference(shown, &printed)) {
            panic!("{commands}\nthe README shows:\n{line}\nprinted was:\n{printed}");
        }
    }
}

/// Stops the server when the test ends, however it ends.
struct Server(std::process::Child);

impl Drop for Server {
    fn drop(&mut self) {
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_shown_of_the_server_runs_as_written() {
    let database = database().await;
    database.store().await.close().await;
    let url = database.url_for(RUNTIME_ROLE);
    let folder = tempfile::tempdir().unwrap();
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
    // With a database of its own the server makes a key and keeps it there; here the test does.
    std::fs::create_dir(folder.path().join(".ledgerd")).unwrap();
    std::fs::write(folder.path().join(".ledgerd/platform-key"), "lpk_of-the-readme\n").unwrap();
    let mut server = None;
    let steps = steps("serving");
    assert!(steps.len() >= 6 && steps.iter().filter(|step| step.shown.is_some()).count() >= 3, "the section was not found");
    for Step { commands, shown } in steps {
        if commands.trim() == "ledgerd serve" {
            let mut child = Command::new(env!("CARGO_BIN_EXE_ledgerd"))
                .args(["serve", "--listen", &free, "--database-url", &url])
                .env("LEDGERD_PLATFORM_KEY", "lpk_of-the-readme")
                .stderr(std::process::Stdio::piped())
                .spawn()
                .unwrap();
            let said = std::io::BufReader::new(child.stderr.take().unwrap());
            let mut lines = std::io::BufRead::lines(said);
            assert!(lines.any(|line| line.unwrap().contains("listening on")));
            std::thread::spawn(move || lines.for_each(drop));
            server = Some(Server(child));
            continue;
        }
        let commands = commands.replace("127.0.0.1:8080", &free);
        let (done, printed) = tokio::task::block_in_place(|| run(&commands, folder.path(), &url));
        assert!(done, "{commands}\nprinted:\n{printed}");
        if let Some(line) = shown.as_deref().and_then(|shown| first_difference(shown, &printed)) {
            panic!("{commands}\nthe README shows:\n{line}\nprinted was:\n{printed}");
        }
    }
    drop(server);
}

#[test]
fn shown_lines_are_compared() {
    for (shown, printed, same) in [
        ("a\nb", "a\nb\nc", true),
        ("a\nc", "a\nb\nc", false),
        ("a\n…\nc", "a\nb\nc", true),
        ("id ….", "id 123.", true),
        ("x … y … z", "x 1 y 2 z", true),
        ("x … y … z", "x 1 z", false),
        ("a", "", false),
    ] {
        assert_eq!(first_difference(shown, printed).is_none(), same, "{shown:?} {printed:?}");
    }
}
