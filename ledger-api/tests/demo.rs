//! The demo as the program shows it, small: the same from the same seed, harmless when run again, beside other books.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::collections::BTreeMap;
use std::process::Command;

use ledger_store::testing::{RUNTIME_ROLE, TestDatabase, database};
use rust_decimal::Decimal;
use tempfile::TempDir;

struct Desk {
    database: TestDatabase,
    folder: TempDir,
}

async fn desk() -> Desk {
    let database = database().await;
    drop(database.store().await); // makes the login
    Desk { database, folder: tempfile::tempdir().unwrap() }
}

impl Desk {
    /// Whether it ended well, and what it printed.
    fn ledgerd(&self, arguments: &[&str]) -> (bool, String) {
        let mut command = Command::new(env!("CARGO_BIN_EXE_ledgerd"));
        command.args(arguments).env("DATABASE_URL", self.database.url_for(RUNTIME_ROLE)).env_remove("LEDGERD_DATA_DIR");
        let output = command.current_dir(self.folder.path()).output().unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        (output.status.success(), text(output.stdout) + &text(output.stderr))
    }

    fn demo(&self, arguments: &[&str]) -> String {
        let (done, text) = self.ledgerd(&[&["demo", "--entries", "2000"], arguments].concat());
        assert!(done, "{arguments:?}: {text}");
        text
    }

    fn report(&self, what: &str, org: &str) -> String {
        let (done, text) = self.ledgerd(&["report", what, "--org", org, "--format", "csv"]);
        assert!(done, "{text}");
        text
    }
}

fn currency_sums(trial_balance: &str) -> BTreeMap<String, Decimal> {
    let mut sums: BTreeMap<String, Decimal> = BTreeMap::new();
    for row in csv::Reader::from_reader(trial_balance.as_bytes()).records() {
        let row = row.unwrap();
        *sums.entry(row[3].to_owned()).or_default() += row[6].parse::<Decimal>().unwrap();
    }
    sums
}

#[tokio::test(flavor = "multi_thread")]
async fn the_demo_repeats_itself_and_proves_its_books() {
    let desk = desk().await;
    let first = desk.demo(&[]);
    for said in [
        "Meridian Supply Co.: Trial balance as of 2025-12-31",
        "Debits equal credits.",
        "Balance sheet as of 2025-12-31",
        "Assets equal liabilities and equity",
        "Income statement from 2025-01-01 to 2025-12-31",
        "Receivables by age as of 2025-12-31",
        "Payables by age as of 2025-12-31",
        "Cash flow",
        "one year closed", // the line may be wrapped before it
        "the statements tie out",
        "every read model is what history gives",
        "history is the one that was written",
        "Try next:",
    ] {
        assert!(first.contains(said), "{said:?} is missing in {first}");
    }
    let balance = desk.report("trial-balance", "demo");
    let sums = currency_sums(&balance);
    assert_eq!(sums.keys().map(String::as_str).collect::<Vec<_>>(), ["EUR", "GBP", "USD"]);
    assert!(sums.values().all(Decimal::is_zero), "{sums:?}");

    let again = desk.demo(&[]);
    assert!(again.contains("were in already, 0 posted"), "{again}");
    assert_eq!(desk.report("trial-balance", "demo"), balance);

    desk.demo(&["--fresh"]);
    assert_eq!(desk.report("trial-balance", "demo-2"), balance, "the same seed gives the same books");
    desk.demo(&["--org", "other", "--seed", "7"]);
    assert_ne!(desk.report("trial-balance", "other"), balance);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_demo_leaves_other_books_alone() {
    let desk = desk().await;
    desk.demo(&["--seed", "1"]);
    let before = desk.report("trial-balance", "demo");
    let (done, text) = desk.ledgerd(&["demo", "--entries", "2000", "--seed", "2"]);
    assert!(!done && text.contains("another seed or size") && text.contains("--fresh"), "{text}");
    assert_eq!(desk.report("trial-balance", "demo"), before);
    assert!(desk.ledgerd(&["org", "create", "acme", "--name", "Acme", "--currency", "USD"]).0);
    assert!(desk.ledgerd(&["account", "open", "--org", "acme", "1000", "--type", "asset"]).0);
    let (done, text) = desk.ledgerd(&["demo", "--entries", "2000", "--org", "acme"]);
    assert!(!done && text.contains("is not the demo's"), "{text}");
}
