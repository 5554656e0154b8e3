//! Questions in SQL on the command line: answered in every format, refused with a code and what to ask instead.

mod terminal;

use serde_json::Value;
use sqlx::{AssertSqlSafe, ConnectOptions, PgConnection};
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

const SHARED: &str = "questions.login=shared";

/// What `ledgerd` says that an administrator runs.
fn remedies(said: &str) -> Vec<String> {
    let (_, statements) = said.split_once("an administrator of the database runs: ").unwrap_or_else(|| panic!("{said}"));
    let statements = statements.split(';').map(|statement| statement.trim().to_owned());
    statements.filter(|statement| !statement.is_empty()).collect()
}

async fn run_all(admin: &mut PgConnection, statements: &[String]) {
    for statement in statements {
        sqlx::query(AssertSqlSafe(statement.clone())).execute(&mut *admin).await.unwrap_or_else(|error| panic!("{statement}: {error}"));
    }
}

/// Where nobody may make logins, the administrator makes one; what is amiss with it is told with what mends it.
#[tokio::test]
async fn questions_are_asked_as_the_shared_login_where_that_is_configured() {
    let desk = books().await;
    let mut admin = desk.database.admin_options().connect().await.unwrap();
    let memos = async |org: &str| {
        let ask = ["query", org, "SELECT DISTINCT memo FROM v_gl_fact", "--format", "csv", "--set", SHARED];
        desk.ok(&ask).await
    };
    for command in [&["query", "acme", SALES][..], &["serve", "--listen", "127.0.0.1:0"], &["mcp", "--key", "lsk_none"]] {
        let said = desk.refused(2, &[command, &["--set", SHARED]].concat()).await;
        assert!(said.contains("ledger_llm_shared, which cannot be used: it does not exist") && !said.contains("panicked"), "{said}");
        assert_eq!(remedies(&said).len(), 1, "{said}");
    }
    let said = desk.refused(2, &["query", "acme", SALES, "--set", SHARED]).await;
    run_all(&mut admin, &remedies(&said)).await;
    for org in ["acme", "other"] {
        assert_eq!(memos(org).await, format!("memo\nsale\u{fffd} of {org}\n"));
    }
    let own = "SELECT count(*) FROM control.organization AS o JOIN pg_roles AS r ON r.rolname = 'ledger_llm_' || replace(o.org_id::text, '-', '')";
    let logins = sqlx::query_scalar::<_, i64>(own).fetch_one(&mut admin).await.unwrap();
    assert_eq!(logins, 0, "no login was made for an organization");

    let database = desk.database.name().to_owned();
    let spoiled = [
        "ALTER ROLE ledger_llm_shared NOLOGIN SUPERUSER BYPASSRLS CREATEROLE CREATEDB REPLICATION".to_owned(),
        "REVOKE ledger_llm_read FROM ledger_llm_shared".to_owned(),
        "GRANT ledger_app, ledger_auditor TO ledger_llm_shared".to_owned(),
        "GRANT SELECT ON read.gl_fact TO ledger_llm_shared".to_owned(),
    ];
    run_all(&mut admin, &spoiled).await;
    let said = desk.refused(2, &["query", "acme", SALES, "--set", SHARED]).await;
    for reason in [
        "it cannot log in",
        "it is a superuser",
        "it bypasses row-level security",
        "it may create roles",
        "it may create databases",
        "it may read the whole write-ahead log",
        "it is not a member of ledger_llm_read",
        "it is a member of ledger_app",
        "it is a member of ledger_auditor",
        "it has rights of its own in the schema read",
    ] {
        assert!(said.contains(reason), "{reason}: {said}");
    }
    run_all(&mut admin, &remedies(&said)).await;
    let closed = [
        format!("GRANT CONNECT ON DATABASE \"{database}\" TO ledger_app"),
        format!("REVOKE CONNECT ON DATABASE \"{database}\" FROM PUBLIC"),
    ];
    run_all(&mut admin, &closed).await;
    let said = desk.refused(2, &["query", "acme", SALES, "--set", SHARED]).await;
    assert!(said.contains("it may not connect to this database"), "{said}");
    run_all(&mut admin, &remedies(&said)).await;

    // The same from a file; the password is not shown.
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), "[questions]\nlogin = \"shared\"\nshared_password = \"hush\"\n").unwrap();
    let path = file.path().to_str().unwrap();
    let answer = desk.ok(&["query", "other", "SELECT DISTINCT memo FROM v_gl_fact", "--format", "csv", "--config", path]).await;
    assert_eq!(answer, "memo\nsale\u{fffd} of other\n");
    let shown = desk.ok(&["config", "check", "--config", path]).await;
    assert!(shown.contains("questions.login = shared") && shown.contains("questions.shared_password = (secret)"), "{shown}");
    assert!(!shown.contains("hush"), "{shown}");
    assert!(desk.refused(2, &["query", "acme", SALES, "--set", "questions.login=theirs"]).await.contains("expected shared or own"));
}
