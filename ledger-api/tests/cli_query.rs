//! Questions in SQL on the command line: answered in every format, refused with a code and what to ask instead.

mod terminal;

use serde_json::Value;
use terminal::Terminal;

const SALES: &str = "SELECT account_code, sum(natural_base) AS amount_base FROM v_gl_fact GROUP BY account_code ORDER BY account_code";

async fn books() -> Terminal {
    let desk = Terminal::new().await;
    for org in ["acme", "other"] {
        desk.ok(&["org", "create", org, "--name", org, "--currency", "USD"]).await;
        for (code, kind) in [("bank", "asset"), ("sales", "revenue")] {
            desk.ok(&["account", "open", "--org", org, code, "--type", kind, "--name", code]).await;
        }
        let memo = format!("sale\u{202e} of {org}");
        let post = ["entry", "post", "--org", org, "--date", "2026-01-15", "--description", &memo];
        desk.ok(&[&post[..], &["--debit", "bank=1250.00", "--credit", "sales=1250.00"]].concat()).await;
    }
    desk
}

#[tokio::test]
async fn questions_are_answered_for_one_organization() {
    let desk = books().await;
    assert_eq!(desk.ok(&["query", "acme", SALES, "--format", "csv"]).await, "account_code,amount_base\nbank,1250.00\nsales,1250.00\n");
    let table = desk.ok(&["query", "acme", SALES]).await;
    assert!(table.contains("account_code") && table.contains("1250.00"), "{table}");

    let text = desk.ok(&["query", "acme", "SELECT memo FROM v_gl_fact", "--format", "json", "--max-rows", "1"]).await;
    let answer: Value = serde_json::from_str(&text).unwrap();
    assert_eq!((answer["row_count"].as_u64(), answer["truncated"].as_bool()), (Some(1), Some(true)), "{text}");
    assert_eq!(answer["rows"][0][0], "sale\u{fffd} of acme");
    assert_eq!(answer["sql_executed"], "SELECT memo FROM semantic.v_gl_fact");
    assert_eq!(answer["columns"][0]["type"], "text");
    let fresh = answer["as_of"].as_array().unwrap();
    assert!(fresh.iter().any(|each| each["projection"] == "gl_fact" && each["lag_events"] == "0"), "{text}");
}

#[tokio::test]
async fn questions_are_refused_with_what_to_ask_instead() {
    let desk = books().await;
    for (sql, code, hint) in [
        (
            "SELECT acount_code FROM v_gl_fact",
            "UNKNOWN_COLUMN: there is no column acount_code (line 1, column 8)",
            "did you mean account_code?",
        ),
        ("SELECT * FROM ledger.commits", "UNKNOWN_VIEW", "without a schema"),
        ("DELETE FROM v_gl_fact", "NOT_A_QUERY", "nothing can be changed"),
        ("SELECT (1::bigint).pg_advisory_lock", "FIELD_ACCESS", "alias.column"),
        ("SELECT account_code, sum(net_base) FROM v_gl_fact", "GROUPING", "GROUP BY"),
        ("SELECT 1 / sum(net_base) FROM v_gl_fact", "DIVISION_BY_ZERO", "nullif"),
        ("SELECT account_code::int FROM v_gl_fact", "BAD_VALUE", "texts with texts"),
        ("SELECT abs(account_code) FROM v_gl_fact", "TYPES", "CAST"),
    ] {
        let said = desk.refused(1, &["query", "acme", sql]).await;
        assert!(said.contains(code) && said.contains("hint: ") && said.contains(hint), "{sql}: {said}");
        assert!(!said.contains("bank"), "{sql}: {said}");
    }
    assert!(desk.refused(1, &["query", "none", SALES]).await.contains("there is no organization"));
}
