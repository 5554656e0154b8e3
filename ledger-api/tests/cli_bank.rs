//! Bank statements through the command line: kept once, their lines suggested for, matched, and forgotten again; and what is
//! known of people, which can be erased.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod terminal;

use std::path::Path;

use terminal::Terminal;

/// March: two customers pay, rent goes out, and one line nobody knows.
const MARCH: &str = ":20:MARCH\n:25:DE001234\n:28C:3/1\n:60F:C260301USD1000,00
:61:2603050305C40,00NTRFNONREF//B-1\n:86:INV-1 thanks
:61:2603060306C60,00NTRFNONREF//B-2\n:86:166?20part of it?32ADA EXAMPLE
:61:2603070307D500,00NTRFNONREF//B-3\n:86:RENT MARCH
:61:2603080308D7,77NTRFNONREF//B-4\n:86:WHO KNOWS
:62F:C260331USD592,23\n-\n";

/// From the seventh on once more, and one line after it.
const OVERLAP: &str = ":20:AGAIN\n:25:DE001234\n:28C:4/1\n:60F:C260307USD1100,00
:61:2603070307D500,00NTRFNONREF//B-3\n:86:RENT MARCH
:61:2603080308D7,77NTRFNONREF//B-4\n:86:WHO KNOWS
:61:2604010401C1,00NTRFNONREF//B-5\n:86:INTEREST
:62F:C260401USD593,23\n-\n";

async fn acme(folder: &Path) -> Terminal {
    let desk = Terminal::new().await;
    desk.ok(&["org", "create", "acme", "--name", "Acme", "--currency", "USD"]).await;
    for (code, kind) in [("bank", "asset"), ("ar", "asset"), ("sales", "revenue"), ("rent", "expense")] {
        desk.ok(&["account", "open", "--org", "acme", code, "--type", kind]).await;
    }
    desk.ok(&["account", "control", "--org", "acme", "ar", "--side", "receivable"]).await;
    for party in ["C-1", "C-2"] {
        desk.ok(&["party", "register", "--org", "acme", party, "--kind", "customer", "--terms", "30"]).await;
    }
    let invoices = "entry,date,party,amount\nINV-1,2026-02-01,C-1,40.00\nINV-2,2026-02-02,C-2,100.00\n";
    std::fs::write(folder.join("invoices.csv"), invoices).unwrap();
    let file = folder.join("invoices.csv");
    let import =
        ["import", "--org", "acme", "--kind", "invoices", "--control-account", "ar", "--counter-account", "sales", file.to_str().unwrap()];
    desk.ok(&import).await;
    let post =
        ["entry", "post", "--org", "acme", "--date", "2026-03-06", "--description", "Rent", "--debit", "rent=500", "--credit", "bank=500"];
    desk.ok(&post).await;
    std::fs::write(folder.join("march.sta"), MARCH).unwrap();
    std::fs::write(folder.join("again.sta"), OVERLAP).unwrap();
    desk
}

fn rows(csv: &str) -> Vec<Vec<String>> {
    let mut reader = csv::Reader::from_reader(csv.as_bytes());
    reader.records().map(|row| row.unwrap().iter().map(str::to_owned).collect()).collect()
}

impl Terminal {
    async fn waiting(&self) -> Vec<String> {
        let lines = self.ok(&["bank", "lines", "--org", "acme", "--waiting", "--format", "csv"]).await;
        rows(&lines).into_iter().map(|row| format!("{} {}", row[0], row[3])).collect()
    }

    async fn matches(&self, line: &str, more: &[&str]) -> String {
        self.ok(&[&["bank", "match", "--org", "acme", line], more].concat()).await
    }

    async fn match_refused(&self, line: &str, more: &[&str]) -> String {
        self.refused(1, &[&["bank", "match", "--org", "acme", line], more].concat()).await
    }
}

#[tokio::test]
async fn lines_are_kept_once_and_become_what_they_are() {
    let folder = tempfile::tempdir().unwrap();
    let desk = acme(folder.path()).await;
    let (march, again) = (folder.path().join("march.sta"), folder.path().join("again.sta"));
    let import = |file: &Path| ["bank", "import", "--org", "acme", "--account", "bank", file.to_str().unwrap()].map(str::to_owned);
    let bring = async |file: &Path| {
        let words = import(file);
        desk.ok(&words.iter().map(String::as_str).collect::<Vec<_>>()).await
    };
    assert!(bring(&march).await.contains("DE001234"));
    assert!(bring(&march).await.contains("as before"), "a file that comes twice is kept once");
    assert_eq!(desk.waiting().await, ["1/1 40.00", "1/2 60.00", "1/3 -500.00", "1/4 -7.77"]);
    bring(&again).await;
    assert_eq!(desk.waiting().await.last().unwrap(), "2/3 1.00", "what was told before waits once");
    assert_eq!(desk.waiting().await.len(), 5);

    desk.ok(&["party", "detail", "--org", "acme", "C-2", "--name", "Ada Example", "--email", "ada@example.com"]).await;
    let suggested = rows(&desk.ok(&["bank", "suggest", "--org", "acme", "--account", "bank", "--format", "csv"]).await);
    let best = |line: &str| suggested.iter().find(|row| row[0] == line).map(|row| row[4].clone());
    assert_eq!(best("1/1").as_deref(), Some("--party C-1 --pays INV-1"));
    assert_eq!(best("1/2").as_deref(), Some("--party C-2 --pays INV-2"), "by the name that is kept beside history");
    assert!(best("1/3").unwrap().starts_with("--posting "), "{suggested:?}");
    assert_eq!(best("1/4"), None);

    let rent = best("1/3").unwrap();
    let posting = rent.strip_prefix("--posting ").unwrap();
    let wrong = desk.match_refused("1/4", &["--posting", posting]).await;
    assert!(wrong.contains("-500.00 USD, the bank says -7.77 USD"), "{wrong}");
    desk.matches("1/3", &["--posting", posting]).await;
    assert!(desk.match_refused("1/3", &["--posting", posting]).await.contains("already"));
    assert!(desk.match_refused("2/1", &["--posting", posting]).await.contains("line 1/3 said before"));

    desk.matches("1/1", &["--party", "C-1", "--pays", "INV-1"]).await;
    desk.matches("1/2", &["--party", "C-2"]).await;
    let open = desk.ok(&["report", "open-items", "--org", "acme", "--side", "receivable", "--format", "csv"]).await;
    assert_eq!(rows(&open).len(), 1, "{open}");
    assert!(open.contains("INV-2") && open.contains("40.00"), "{open}");
    assert_eq!(desk.waiting().await, ["1/4 -7.77", "2/3 1.00"]);

    // What was forgotten is matched again with the payment that is there: nothing is paid twice.
    desk.ok(&["bank", "unmatch", "--org", "acme", "1/2"]).await;
    desk.refused(1, &["bank", "unmatch", "--org", "acme", "1/2"]).await;
    desk.matches("1/2", &["--party", "C-2"]).await;
    let again = desk.ok(&["report", "open-items", "--org", "acme", "--side", "receivable", "--format", "csv"]).await;
    assert_eq!(again, open);
}

#[tokio::test]
async fn what_does_not_add_up_is_not_kept_unasked() {
    let folder = tempfile::tempdir().unwrap();
    let desk = acme(folder.path()).await;
    let file = folder.path().join("off.sta");
    std::fs::write(&file, MARCH.replace("592,23", "592,24")).unwrap();
    let words = ["bank", "import", "--org", "acme", "--account", "bank", file.to_str().unwrap()];
    let refused = desk.refused(1, &words).await;
    assert!(refused.contains("off.sta") && refused.contains("off by 0.01") && refused.contains("nothing was kept"), "{refused}");
    assert_eq!(desk.waiting().await, Vec::<String>::new());
    desk.ok(&[&words[..], &["--accept-differences"]].concat()).await;
    assert_eq!(desk.waiting().await.len(), 4);
    let unknown =
        desk.refused(1, &["bank", "import", "--org", "acme", "--account", "9", folder.path().join("march.sta").to_str().unwrap()]).await;
    assert!(unknown.contains("no account \"9\""), "{unknown}");
    let missing = desk.refused(1, &["bank", "match", "--org", "acme", "9/9", "--party", "C-1"]).await;
    assert!(missing.contains("no bank line 9/9"), "{missing}");
    desk.refused(2, &["bank", "match", "--org", "acme", "1"]).await;
}

#[tokio::test]
async fn people_are_erased_and_history_stays() {
    let folder = tempfile::tempdir().unwrap();
    let desk = acme(folder.path()).await;
    let march = folder.path().join("march.sta");
    desk.ok(&["bank", "import", "--org", "acme", "--account", "bank", march.to_str().unwrap()]).await;
    desk.ok(&["party", "detail", "--org", "acme", "C-2", "--name", "Ada Example", "--note", "pays late"]).await;
    desk.ok(&["party", "detail", "--org", "acme", "C-2", "--note", ""]).await;
    insta::assert_snapshot!(desk.ok(&["party", "show", "--org", "acme", "C-2", "--format", "csv"]).await, @r"
    party,name,email,phone,address,tax_id,bank_account,note
    C-2,Ada Example,,,,,,
    ");
    desk.matches("1/2", &["--party", "C-2", "--pays", "INV-2"]).await;
    let everything = desk.ok(&["events", "--org", "acme"]).await;
    assert!(!everything.to_lowercase().contains("ada example"), "history knows nobody's name");
    let proven = async || {
        let said: serde_json::Value = serde_json::from_str(&desk.ok(&["verify", "--org", "acme", "--format", "json"]).await).unwrap();
        assert_eq!(said["sound"], true);
        said["head"].clone()
    };
    let before = proven().await;
    desk.ok(&["party", "erase", "--org", "acme", "C-2"]).await;
    assert!(desk.ok(&["party", "erase", "--org", "acme", "C-2"]).await.contains("Nothing is known"));
    let lines = desk.ok(&["bank", "lines", "--org", "acme", "--format", "json"]).await;
    let shown = desk.ok(&["party", "show", "--org", "acme", "C-2"]).await;
    assert!(!format!("{lines}{shown}").to_lowercase().contains("ada"), "{lines}{shown}");
    assert!(lines.contains("60.00"), "amounts stay: {lines}");
    assert_eq!(proven().await, before);
    desk.refused(1, &["party", "detail", "--org", "acme", "C-9", "--name", "Nobody"]).await;
}
