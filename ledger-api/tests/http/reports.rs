//! Reports over HTTP say what the command line prints for the same books, word for word, and have the shapes that are documented.

use std::process::Command;

use ledger_api::http::Config;
use ledger_api::http::routes::reads::report_shapes as shapes;
use ledger_store::testing::{RUNTIME_ROLE, database};
use reqwest::Method;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::serving::{Served, send};

const ORG: &str = "demo";

/// The demo's company, served.
struct Demo {
    served: Served,
    folder: tempfile::TempDir,
}

impl Demo {
    async fn begin() -> Self {
        let database = database().await;
        drop(database.store().await); // makes the login
        let folder = tempfile::tempdir().unwrap();
        let served = Served::over(database, Config::default()).await;
        let demo = Self { served, folder };
        demo.ledgerd(&["demo", "--entries", "2000", "--quiet"]);
        demo
    }

    /// What the command line prints.
    fn ledgerd(&self, arguments: &[&str]) -> String {
        let mut command = Command::new(env!("CARGO_BIN_EXE_ledgerd"));
        command.args(arguments).env("DATABASE_URL", self.served.database.url_for(RUNTIME_ROLE)).env_remove("LEDGERD_DATA_DIR");
        let output = command.current_dir(self.folder.path()).output().unwrap();
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    /// A report of the command line and the same over HTTP, in both forms; the shape must take it whole.
    async fn same<S: Serialize + DeserializeOwned>(&self, report: &str, arguments: &[&str], query: &str) -> Value {
        let path = format!("/v1/orgs/{ORG}/reports/{report}?{query}");
        let printed = |format: &str| self.ledgerd(&[&["report", report, "--org", ORG, "--format", format], arguments].concat());
        let json: Value = serde_json::from_str(&printed("json")).unwrap();
        let answer = self.served.get(&path).await;
        assert!(answer.header("ledger-seq").is_some());
        let served = answer.expect(200);
        assert_eq!(served, json, "{path}");
        let shape: S = serde_json::from_value(served.clone()).unwrap_or_else(|error| panic!("{path}: {error}"));
        assert_eq!(serde_json::to_value(&shape).unwrap(), served, "{path}: the shape leaves something out");
        let table = send(self.served.request(Method::GET, &path).header("accept", "text/csv")).await;
        assert_eq!((table.status, table.header("content-type")), (200, Some("text/csv; charset=utf-8")));
        assert_eq!(table.text, printed("csv"), "{path}");
        assert!(table.text.lines().count() > 1, "{path} must say something");
        served
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn reports_are_those_of_the_command_line() {
    let demo = Demo::begin().await;
    let at = demo.get("/head").await["seq"].as_u64().unwrap() * 9 / 10;
    let (at_seq, asked) = (at.to_string(), format!("at_seq={at}"));
    let known = ["--at-seq", at_seq.as_str()];
    let period = ["--from", "2025-01-01", "--to", "2025-06-30"];
    demo.same::<shapes::TrialBalanceReport>("trial-balance", &[], "").await;
    demo.same::<shapes::TrialBalanceReport>(
        "trial-balance",
        &["--as-of", "2025-03-31", "--value", "functional"],
        "as_of=2025-03-31&value=functional",
    )
    .await;
    demo.same::<shapes::TrialBalanceReport>("trial-balance", &known, &asked).await;
    let sheet = demo.same::<shapes::BalanceSheetReport>("balance-sheet", &["--as-of", "2025-12-31"], "as_of=2025-12-31").await;
    assert_eq!(sheet["ties"], true);
    demo.same::<shapes::BalanceSheetReport>("balance-sheet", &["--year-begins", "4"], "year_begins=4").await;
    demo.same::<shapes::IncomeStatementReport>("income-statement", &period, "from=2025-01-01&to=2025-06-30").await;
    demo.same::<shapes::IncomeStatementReport>(
        "income-statement",
        &[&known[..], &["--from", "2020-01-01"]].concat(),
        &format!("{asked}&from=2020-01-01"),
    )
    .await;
    demo.same::<shapes::GeneralLedgerReport>("general-ledger", &["--from", "2025-06-01"], "from=2025-06-01").await;
    demo.same::<shapes::GeneralLedgerReport>(
        "general-ledger",
        &["--at-seq", &at_seq, "--to", "2025-03-31"],
        &format!("{asked}&to=2025-03-31"),
    )
    .await;
    for side in ["receivable", "payable"] {
        demo.same::<shapes::AgingReportShape>("aging", &["--side", side], &format!("side={side}")).await;
        demo.same::<shapes::OpenItemsReport>(
            "open-items",
            &["--side", side, "--as-of", "2025-06-30"],
            &format!("side={side}&as_of=2025-06-30"),
        )
        .await;
        demo.same::<shapes::AllocationsReport>("allocations", &["--side", side], &format!("side={side}")).await;
    }
    demo.same::<shapes::AgingReportShape>(
        "aging",
        &["--by", "document", "--basis", "document-date", "--buckets", "0,15,45"],
        "by=document&basis=document_date&buckets=0,15,45",
    )
    .await;
    demo.same::<shapes::CashFlowReport>("cash-flow", &period, "from=2025-01-01&to=2025-06-30").await;
    demo.same::<shapes::CashFlowReport>("cash-flow", &["--method", "indirect", "--by", "section"], "method=indirect&by=section").await;
    for by in ["code", "box", "document", "month"] {
        demo.same::<shapes::TaxReportShape>("tax", &["--by", by], &format!("by={by}")).await;
    }
    for by in ["document", "month"] {
        demo.same::<shapes::DeferralsReport>("deferrals", &["--by", by, "--finished"], &format!("by={by}&finished=true")).await;
    }
    for by in ["customer", "account", "month"] {
        demo.same::<shapes::RevenueReportShape>("revenue", &["--by", by], &format!("by={by}")).await;
    }
    demo.same::<shapes::RevenueReportShape>(
        "revenue",
        &[&known[..], &["--from", "2020-01-01"]].concat(),
        &format!("{asked}&from=2020-01-01"),
    )
    .await;
    let moment = demo.served.get(&format!("/v1/orgs/{ORG}/events?after={}&limit=1", at - 1)).await.expect(200)["data"][0]["recorded_at"]
        .as_str()
        .unwrap()
        .to_owned();
    demo.same::<shapes::TrialBalanceReport>("trial-balance", &["--known-at", &moment], &format!("known_at={moment}")).await;
    for (path, code) in [
        ("trial-balance?value=odd", "PARAMETER_INVALID"),
        ("income-statement?from=2025-02-01&to=2025-01-01", "PARAMETER_INVALID"),
        ("income-statement?to=2025-02-01&as_of=2025-01-01", "PARAMETER_INVALID"),
        ("aging?buckets=30,0", "PARAMETER_INVALID"),
        ("general-ledger?account=nothing", "PARAMETER_INVALID"),
        ("balance-sheet?year_begins=13", "PARAMETER_INVALID"),
        ("tax?colour=red", "PARAMETER_INVALID"),
    ] {
        assert_eq!(demo.served.get(&format!("/v1/orgs/{ORG}/reports/{path}")).await.problem(), (400, code.to_owned()), "{path}");
    }
}

impl Demo {
    async fn get(&self, path: &str) -> Value {
        self.served.get(&format!("/v1/orgs/{ORG}{path}")).await.expect(200)
    }

    /// Every element of a list, page by page.
    async fn all(&self, path: &str) -> Vec<Value> {
        let (mut all, mut cursor) = (Vec::new(), None::<String>);
        loop {
            let next = cursor.map(|cursor| format!("&cursor={cursor}")).unwrap_or_default();
            let page = self.get(&format!("{path}{next}")).await;
            all.extend(page["data"].as_array().unwrap().iter().cloned());
            match page["next_cursor"].as_str() {
                Some(next) => cursor = Some(next.to_owned()),
                None => return all,
            }
        }
    }

    /// A list of the command line.
    fn listed(&self, arguments: &[&str]) -> Vec<Value> {
        let printed = self.ledgerd(&[arguments, &["--org", ORG, "--format", "json"]].concat());
        serde_json::from_str::<Value>(&printed).unwrap().as_array().unwrap().clone()
    }
}

fn texts(rows: &[Value], name: &str) -> Vec<String> {
    rows.iter().map(|row| row[name].as_str().unwrap_or_default().to_owned()).collect()
}

fn decimal(value: &Value) -> rust_decimal::Decimal {
    value.as_str().unwrap().parse().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_say_what_events_and_the_command_line_say() {
    use std::collections::{BTreeMap, BTreeSet};
    let demo = Demo::begin().await;
    let head = demo.get("/head").await["seq"].as_u64().unwrap();
    let mut events = Vec::new();
    while events.len() < usize::try_from(head).unwrap() {
        let page = demo.get(&format!("/events?limit=200&after={}", events.len())).await;
        events.extend(page["data"].as_array().unwrap().iter().cloned());
    }
    // Documents: those of the events, whatever they are asked by.
    let recorded: Vec<&Value> =
        events.iter().filter(|event| event["body"]["document"].is_string() && event["body"]["series"].is_string()).collect();
    let seqs = |rows: &[Value]| rows.iter().map(|row| row["seq"].as_u64().unwrap()).collect::<Vec<_>>();
    let by_events = |test: &dyn Fn(&Value) -> bool| {
        recorded.iter().filter(|event| test(event)).map(|event| event["seq"].as_u64().unwrap()).collect::<Vec<_>>()
    };
    assert!(recorded.len() > 300, "{}", recorded.len());
    assert_eq!(seqs(&demo.all("/documents?limit=97&direction=asc").await), by_events(&|_| true));
    let newest = demo.all("/documents?limit=200").await;
    assert_eq!(newest.iter().rev().map(|row| row["seq"].as_u64().unwrap()).collect::<Vec<_>>(), by_events(&|_| true));
    for kind in ["invoice", "bill", "payment_in", "credit_note"] {
        assert_eq!(
            seqs(&demo.all(&format!("/documents?limit=200&direction=asc&kind={kind}")).await),
            by_events(&|event| event["body"]["kind"] == kind),
            "{kind}"
        );
    }
    let party = recorded[10]["body"]["party"].as_str().unwrap();
    assert_eq!(
        seqs(&demo.all(&format!("/documents?limit=5&direction=asc&party={party}")).await),
        by_events(&|event| event["body"]["party"] == party)
    );
    let day = "2024-06-30";
    assert_eq!(
        seqs(&demo.all(&format!("/documents?limit=50&direction=asc&to={day}")).await),
        by_events(&|event| event["body"]["date"].as_str().unwrap() <= day)
    );
    // What is open of documents is what is open of items, now and then.
    for (side, known) in [
        ("receivable", String::new()),
        ("payable", String::new()),
        ("receivable", format!("&at_seq={}", head * 9 / 10)),
        ("receivable", format!("&as_of={day}")),
    ] {
        let mut by_document: BTreeMap<String, rust_decimal::Decimal> = BTreeMap::new();
        let known_items = if known.contains("as_of") { known.clone() } else { format!("{known}&as_of=2100-01-01") };
        for item in demo.all(&format!("/open-items?limit=200&side={side}{known_items}")).await {
            *by_document.entry(item["document"].as_str().unwrap().to_owned()).or_default() += decimal(&item["open"]).abs();
        }
        let mut of_documents: BTreeMap<String, rust_decimal::Decimal> = BTreeMap::new();
        for document in
            demo.all(&format!("/documents?limit=200&status=open{known}")).await.iter().filter(|document| document["side"] == side)
        {
            *of_documents.entry(document["number"].as_str().unwrap().to_owned()).or_default() += decimal(&document["open"]);
        }
        // Items of plain journals and payouts are no documents.
        by_document.retain(|number, _| of_documents.contains_key(number));
        assert_eq!(of_documents, by_document, "{side}{known}");
        assert!(of_documents.len() > 2, "{side}{known}");
    }
    let number = newest.iter().find(|document| document["kind"] == "invoice").unwrap()["number"].as_str().unwrap().to_owned();
    let shown = demo.get(&format!("/documents/{number}")).await;
    let printed: Value = serde_json::from_str(&demo.ledgerd(&["document", "show", "--org", ORG, &number, "--format", "json"])).unwrap();
    assert_eq!(
        (&shown["seq"], &shown["document"]["lines"], &shown["reversed_by"]),
        (&printed["seq"], &printed["lines"], &printed["reversed_by"])
    );
    assert_eq!(texts(shown["items"].as_array().unwrap(), "open"), texts(printed["items"].as_array().unwrap(), "open"));
    assert_eq!(demo.served.get(&format!("/v1/orgs/{ORG}/documents/nothing")).await.problem().0, 404);
    // Parties, tax codes, commissions, rates, periods, commodities.
    let codes = |rows: &[Value], name: &str| texts(rows, name).into_iter().collect::<BTreeSet<_>>();
    let parties = demo.all("/parties?limit=7").await;
    assert!(texts(&parties, "code").is_sorted());
    assert_eq!(codes(&parties, "code"), codes(&demo.listed(&["party", "list"]), "party"));
    assert_eq!(
        demo.all("/parties?limit=7&kind=customer").await.len()
            + demo.all("/parties?kind=vendor").await.len()
            + demo.all("/parties?kind=payee").await.len(),
        parties.len()
    );
    let tax = demo.all("/tax-codes?limit=1").await;
    assert_eq!(codes(&tax, "code"), codes(&demo.listed(&["tax", "list"]), "code"));
    let plans = demo.all("/commission-plans?limit=1").await;
    assert_eq!(codes(&plans, "code"), codes(&demo.listed(&["commission", "plan", "list"]), "plan"));
    assert_eq!(demo.all("/commission-assignments?limit=1").await.len(), demo.listed(&["commission", "assigned"]).len());
    let statements = demo.all("/commission-statements?limit=1").await;
    assert_eq!(statements, demo.listed(&["commission", "statement"]));
    let rates = demo.all("/rates?limit=50").await;
    let days = |rows: &[Value]| {
        rows.iter()
            .map(|row| format!("{} {} {} {}", row["base"], row["quote"], row["type"], row["effective_date"]))
            .collect::<BTreeSet<_>>()
    };
    let told = events.iter().filter(|event| event["type"] == "RateRecorded").map(|event| &event["body"]);
    let told: BTreeSet<String> =
        told.map(|rate| format!("{} {} {} {}", rate["base"], rate["quote"], rate["rate_type"], rate["date"])).collect();
    assert_eq!((rates.len(), days(&rates)), (told.len(), told));
    assert!(
        demo.all("/rates?base=EUR&as_of=2024-01-31")
            .await
            .iter()
            .all(|rate| rate["base"] == "EUR" && rate["effective_date"].as_str().unwrap() <= "2024-01-31")
    );
    assert_eq!(demo.all("/commodities?limit=1").await[0]["functional"], true);
    for period in demo.all("/periods?limit=5").await {
        let shown = demo.get(&format!("/periods/{}", period["month"].as_str().unwrap())).await;
        assert_eq!(shown["status"], period["status"]);
    }
    let first = demo.get("/parties?limit=1").await["data"][0].clone();
    assert_eq!(demo.get(&format!("/parties/{}", first["code"].as_str().unwrap())).await, first);
    assert_eq!(demo.get("/parties?at_seq=1").await["data"], serde_json::json!([]));
}
