//! Wrong usage and wrong configuration: exit code 2, and words that say what was expected. No database is touched.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::process::{Command, Output};

fn ledgerd(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ledgerd"));
    for name in ["DATABASE_URL", "LEDGERD_ADMIN_URL", "LEDGERD_DATA_DIR", "LEDGERD_PG_BIN", "LEDGERD_PG_SEARCH"] {
        command.env_remove(name);
    }
    command.args(arguments).output().unwrap()
}

fn words(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn wrong_usage_ends_with_2_and_says_what_was_expected() {
    for (arguments, expected) in [
        ("", "Usage: ledgerd"),
        ("frobnicate", "unrecognized subcommand"),
        ("org create Acme --name Acme --currency USD", "a-z, digits and inner hyphens"),
        ("org create acme --name Acme", "--currency"),
        ("report trial-balance", "--org"),
        ("report trial-balance --org acme --as-of 31.12.2025", "YYYY-MM-DD, for example 2025-12-31"),
        ("report trial-balance --org acme --as-of 2025-02-30", "YYYY-MM-DD"),
        ("report trial-balance --org acme --format pdf", "table, csv, json"),
        ("report trial-balance --org acme --at-seq 5 --known-at 2026-01-01", "cannot be used with"),
        ("report balance-sheet --org acme --known-at yesterday", "2026-01-15T09:30:00Z"),
        ("report balance-sheet --org acme --year-begins 13", "1..=12"),
        ("report income-statement --org acme --from 2025-12-31 --to 2025-01-01", "give the earlier date"),
        ("events --org acme --from 9 --to 3", "--to is before --from"),
        ("period close --org acme 2025-13", "YYYY-MM"),
        ("account open --org acme 1000 --type money", "asset, liability, equity, revenue, expense"),
        ("entry post --org acme --date 2025-01-01 --description x --debit 1000 --credit 2000=5", "CODE=AMOUNT"),
        ("rate add --org acme EUR USD 1,08 --date 2025-01-01", "write it with a point"),
        ("--database-url nonsense org list", "postgres://user:password@host:5432/database"),
        ("--database-url postgres://someone@localhost/x migrate", "--admin-url"),
    ] {
        let output = ledgerd(&arguments.split_whitespace().collect::<Vec<_>>());
        let said = words(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{arguments}: {said}");
        assert!(said.contains(expected), "{arguments}: {said}");
        assert!(output.stdout.is_empty(), "{arguments}: nothing but results belongs on standard output");
    }
}

#[test]
fn help_and_version_end_with_0() {
    for arguments in [
        &["--help"][..],
        &["--version"],
        &["report", "--help"],
        &["report", "trial-balance", "--help"],
        &["org", "create", "--help"],
        &["events", "--help"],
    ] {
        let output = ledgerd(arguments);
        assert_eq!(output.status.code(), Some(0), "{arguments:?}");
        assert!(words(&output.stdout).contains("ledgerd") && output.stderr.is_empty(), "{arguments:?}");
    }
}

#[test]
fn a_server_that_is_not_there_is_no_wrong_usage() {
    let output = ledgerd(&["--database-url", "postgres://someone:secret@localhost:1/ledger", "org", "list"]);
    let said = words(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.starts_with("error: ") && said.contains("hint: ") && !said.contains("secret"), "{said}");
}
