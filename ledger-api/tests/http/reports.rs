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
    let known = ["--at-seq", "1500"];
    let period = ["--from", "2025-01-01", "--to", "2025-06-30"];
    demo.same::<shapes::TrialBalanceReport>("trial-balance", &[], "").await;
    demo.same::<shapes::TrialBalanceReport>(
        "trial-balance",
        &["--as-of", "2025-03-31", "--value", "functional"],
        "as_of=2025-03-31&value=functional",
    )
    .await;
    demo.same::<shapes::TrialBalanceReport>("trial-balance", &known, "at_seq=1500").await;
    let sheet = demo.same::<shapes::BalanceSheetReport>("balance-sheet", &["--as-of", "2025-12-31"], "as_of=2025-12-31").await;
    assert_eq!(sheet["ties"], true);
    demo.same::<shapes::BalanceSheetReport>("balance-sheet", &["--year-begins", "4"], "year_begins=4").await;
    demo.same::<shapes::IncomeStatementReport>("income-statement", &period, "from=2025-01-01&to=2025-06-30").await;
    demo.same::<shapes::IncomeStatementReport>("income-statement", &known, "at_seq=1500").await;
    demo.same::<shapes::GeneralLedgerReport>("general-ledger", &["--from", "2025-06-01"], "from=2025-06-01").await;
    demo.same::<shapes::GeneralLedgerReport>("general-ledger", &["--at-seq", "1500", "--to", "2025-03-31"], "at_seq=1500&to=2025-03-31")
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
    demo.same::<shapes::RevenueReportShape>("revenue", &known, "at_seq=1500").await;
    let moment = demo.served.get(&format!("/v1/orgs/{ORG}/events?after=1499&limit=1")).await.expect(200)["data"][0]["recorded_at"]
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
