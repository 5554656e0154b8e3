//! One company's books through the command line alone: opened, posted, reported, closed. Each command is a process of
//! its own, as the runtime's login of a database that exists.

mod terminal;

use ledger_store::testing::RUNTIME_ROLE;
use terminal::Terminal;

/// Books that are kept at a terminal.
struct Desk(Terminal);

impl std::ops::Deref for Desk {
    type Target = Terminal;

    fn deref(&self) -> &Terminal {
        &self.0
    }
}

impl Desk {
    async fn post(&self, date: &str, description: &str, debit: &str, credit: &str) -> String {
        let arguments =
            ["entry", "post", "--org", "acme", "--date", date, "--description", description, "--debit", debit, "--credit", credit];
        self.ok(&arguments).await
    }
}

/// A company with two years of entries in two currencies.
async fn acme() -> Desk {
    let desk = Desk(Terminal::new().await);
    desk.ok(&["org", "create", "acme", "--name", "Acme Trading", "--currency", "USD"]).await;
    for (code, kind, name) in [
        ("1010", "asset", "Bank"),
        ("1020", "asset", "Bank EUR"),
        ("3000", "equity", "Capital"),
        ("4000", "revenue", "Sales"),
        ("6100", "expense", "Rent"),
    ] {
        desk.ok(&["account", "open", "--org", "acme", code, "--type", kind, "--name", name]).await;
    }
    desk.ok(&["rate", "add", "--org", "acme", "EUR", "USD", "1.08", "--date", "2025-02-01", "--source", "ecb"]).await;
    desk.post("2024-01-02", "Capital", "1010=1000", "3000=1000").await;
    desk.post("2024-03-02", "Sale", "1010=250.50", "4000=250.50").await;
    desk.post("2025-02-02", "Sale", "1020=50 EUR", "4000=50 EUR").await;
    desk.post("2025-03-01", "Rent", "6100=100", "1010=100").await;
    desk
}

#[tokio::test]
async fn reports_of_posted_entries() {
    let desk = acme().await;
    let trial_balance = ["report", "trial-balance", "--org", "acme", "--format", "csv"];
    insta::assert_snapshot!(desk.ok(&trial_balance).await, @r"
    account,name,type,currency,debit,credit,balance
    1010,Bank,asset,USD,1150.50,0.00,1150.50
    1020,Bank EUR,asset,EUR,50.00,0.00,50.00
    3000,Capital,equity,USD,0.00,1000.00,-1000.00
    4000,Sales,revenue,EUR,0.00,50.00,-50.00
    4000,Sales,revenue,USD,0.00,250.50,-250.50
    6100,Rent,expense,USD,100.00,0.00,100.00
    ");
    insta::assert_snapshot!(desk.ok(&["report", "balance-sheet", "--org", "acme"]).await, @r"
    Acme Trading: Balance sheet as of 2025-03-01

                                             Cur.     Amount   Value USD
    ─────────────────────────────────────────────────────────────────────
     Assets
       1010 Bank                             USD    1,150.50    1,150.50
       1020 Bank EUR                         EUR       50.00       54.00
                                                    ────────   ─────────
     Total assets                                               1,204.50

     Liabilities
     Total liabilities                                              0.00

     Equity
       3000 Capital                          USD    1,000.00    1,000.00
       Retained earnings before 2025-01-01   USD      250.50      250.50
       Result since 2025-01-01               USD     -100.00     -100.00
                                             EUR       50.00       54.00
                                                    ────────   ─────────
     Total equity                                               1,204.50

     Total liabilities and equity                               1,204.50

    Assets equal liabilities and equity in every currency and in value.
    ");
    insta::assert_snapshot!(desk.ok(&["report", "income-statement", "--org", "acme", "--format", "csv"]).await, @r"
    section,account,name,currency,amount,value
    revenue,4000,Sales,EUR,50.00,54.00
    expenses,6100,Rent,USD,100.00,100.00
    ");
    insta::assert_snapshot!(desk.ok(&["report", "general-ledger", "--org", "acme", "--account", "1010", "--from", "2025-01-01"]).await, @r"
    Acme Trading: General ledger from 2025-01-01

    1010 Bank, USD
     Date         Seq   Description      Debit   Credit    Balance
    ───────────────────────────────────────────────────────────────
                        Balance before                    1,250.50
     2025-03-01    14   Rent                     100.00   1,150.50
    ");

    // As of an earlier day, and as known at an earlier event.
    let earlier = desk.ok(&[&trial_balance[..], &["--as-of", "2024-12-31"]].concat()).await;
    assert!(earlier.contains("4000,Sales,revenue,USD,0.00,250.50,-250.50\n") && !earlier.contains("EUR"), "{earlier}");
    let unknown_yet = desk.ok(&[&trial_balance[..], &["--at-seq", "11"]].concat()).await;
    assert_eq!(unknown_yet.lines().count(), 3, "{unknown_yet}");
    let before_all = desk.ok(&[&trial_balance[..], &["--known-at", "2020-01-01"]].concat()).await;
    assert_eq!(before_all.lines().count(), 1, "{before_all}");
}

#[tokio::test]
async fn what_the_books_refuse_ends_with_1_and_a_hint() {
    let desk = acme().await;
    let post = |debit, credit| {
        ["entry", "post", "--org", "acme", "--date", "2025-03-05", "--description", "x", "--debit", debit, "--credit", credit]
    };
    for (arguments, error, hint) in [
        (&post("1010=5", "4000=6")[..], "differ by -1.00", "correct an amount"),
        (&post("9999=5", "4000=5"), "account \"9999\" does not exist", "open the account"),
        (&post("1020=5 CHF", "4000=5 CHF"), "no CHF/USD spot rate", "record the rate"),
        (&["org", "create", "acme", "--name", "A", "--currency", "USD"], "exists already", "choose another slug"),
        (&["report", "trial-balance", "--org", "acne"], "no organization \"acne\"", "choose one of: acme"),
        (&["report", "trial-balance", "--org", "acme", "--at-seq", "999"], "history ends at event", "give an event up to"),
        (&["report", "general-ledger", "--org", "acme", "--account", "77"], "no account \"77\"", "account list"),
        (&["period", "reopen", "--org", "acme", "2025-03", "--reason", "x"], "is open already", "nothing needs to be done"),
    ] {
        let said = desk.run(arguments).await;
        assert_eq!(said.code, 1, "{arguments:?}: {}{}", said.out, said.err);
        assert!(said.err.starts_with("error: ") && said.err.contains(error) && said.err.contains(hint), "{arguments:?}: {}", said.err);
    }
    desk.ok(&["period", "close", "--org", "acme", "2025-03", "--reason", "audited"]).await;
    let closed = desk.run(&post("1010=5", "4000=5")).await;
    assert!(closed.code == 1 && closed.err.contains("period 2025-03 is hard-closed"), "{}", closed.err);
}

#[tokio::test]
async fn a_key_posts_once() {
    let desk = acme().await;
    let post = |amount: &'static str| {
        let debit: &'static str = if amount == "5" { "1010=5" } else { "1010=6" };
        let credit: &'static str = if amount == "5" { "4000=5" } else { "4000=6" };
        [
            "entry",
            "post",
            "--org",
            "acme",
            "--date",
            "2025-03-05",
            "--description",
            "x",
            "--debit",
            debit,
            "--credit",
            credit,
            "--key",
            "k1",
        ]
    };
    let first = desk.ok(&post("5")).await;
    let again = desk.ok(&post("5")).await;
    assert_eq!(first.replace("Posted at", "Posted before, under this key at"), again);
    let other = desk.run(&post("6")).await;
    assert!(other.code == 1 && other.err.contains("used for another request"), "{}", other.err);
}

#[tokio::test]
async fn history_is_decoded_line_by_line() {
    let desk = acme().await;
    let lines = desk.ok(&["events", "--org", "acme"]).await;
    let events: Vec<serde_json::Value> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    for (index, event) in events.iter().enumerate() {
        assert_eq!(event["seq"], index + 1);
        assert_eq!(event["actor"]["identity"], "alice");
    }
    let sale = events.iter().find(|event| event["date"] == "2025-02-02").unwrap();
    assert_eq!(sale["type"], "EntryPosted");
    assert_eq!(sale["lines"][0]["account"], "1020");
    assert_eq!(sale["lines"][1]["amount"], "-50.00");
    assert_eq!(sale["lines"][1]["functional"], "-54.00");
    let hashes = |event: &serde_json::Value| (event["commit"]["prev_hash"].clone(), event["commit"]["hash"].clone());
    let commits: Vec<_> = events.iter().filter(|event| event.get("commit").is_some()).map(hashes).collect();
    assert!(commits.len() > 5 && commits.windows(2).all(|pair| pair[0].1 == pair[1].0), "each commit continues the one before");
    let part = desk.ok(&["events", "--org", "acme", "--from", "3", "--to", "5"]).await;
    assert_eq!(part.lines().count(), 3);
    assert_eq!(part.lines().next(), lines.lines().nth(2));
}

#[tokio::test]
async fn read_models_are_shown_and_rebuilt() {
    let desk = acme().await;
    let status = || desk.ok(&["projections", "status", "--org", "acme", "--format", "csv"]);
    assert!(status().await.contains("acme,account_balance,behind,0,"));
    let report = ["report", "trial-balance", "--org", "acme", "--format", "csv"];
    let stale = desk.ok(&[&report[..], &["--no-catch-up"]].concat()).await;
    assert_eq!(stale.lines().count(), 1, "nothing is projected yet: {stale}");
    let fresh = desk.ok(&report).await;
    assert!(status().await.contains("acme,account_balance,up to date,"));
    desk.ok(&["projections", "rebuild"]).await;
    assert_eq!(desk.ok(&report).await, fresh);
    let unknown = desk.run(&["projections", "rebuild", "nothing"]).await;
    assert!(unknown.code == 1 && unknown.err.contains("no projection"), "{}", unknown.err);
}

#[tokio::test]
async fn roles_that_bypass_isolation_and_empty_databases_are_refused() {
    let desk = Desk(Terminal::new().await);
    let superuser = desk.run_as(&desk.database.url_for("postgres"), &["org", "list"]).await;
    assert!(superuser.code == 2 && superuser.err.contains("it is a superuser"), "{}", superuser.err);
    let empty = ledger_store::testing::empty_database().await;
    let said = desk.run_as(&empty.url_for(RUNTIME_ROLE), &["org", "list"]).await;
    assert!(said.code == 2 && said.err.contains("ledgerd migrate"), "{}", said.err);
    let admin = empty.url_for("postgres");
    let migrated = desk.run_as(&empty.url_for(RUNTIME_ROLE), &["migrate", "--admin-url", &admin]).await;
    assert!(migrated.code == 0 && migrated.out.contains("applied 0001") && migrated.out.contains("may serve it"), "{}", migrated.err);
}
