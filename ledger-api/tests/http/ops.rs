//! What whoever operates the server relies on: health, metrics and their alerts, logs and traces that tell nothing they must not,
//! a stop that loses nothing, a configuration that refuses mistakes, and a backup that can be restored.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use ledger_store::testing::{RUNTIME_ROLE, TestDatabase, database};
use reqwest::Client;
use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, ConnectOptions};

use crate::serving::{PLATFORM_KEY, Served, fresh_key, send};

/// How long anything may take before a test gives up.
const PATIENCE: Duration = Duration::from_secs(60);

async fn administer(database: &TestDatabase, statement: &str) {
    let mut superuser = database.admin_options().connect().await.unwrap();
    sqlx::query(AssertSqlSafe(statement.to_owned())).persistent(false).execute(&mut superuser).await.unwrap();
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_says_whether_it_should_be_given_requests() {
    let served = Served::start().await;
    let ready = async || {
        let answer = send(served.client.get(served.url("/readyz"))).await;
        (answer.status, answer.json()["reasons"].to_string())
    };
    assert_eq!(send(served.client.get(served.url("/healthz"))).await.text, "ok");
    assert_eq!(ready().await, (200, "[]".to_owned()));
    administer(&served.database, "INSERT INTO _sqlx_migrations SELECT 999999, description, installed_on, success, checksum, execution_time FROM _sqlx_migrations WHERE version = 6").await;
    let (status, reasons) = ready().await;
    assert!(status == 503 && reasons.contains("999999"), "{status} {reasons}");
    administer(&served.database, "DELETE FROM _sqlx_migrations WHERE version = 999999").await;
    assert_eq!(ready().await.0, 200);
    served.running.app.health.watch("something", tokio::spawn(async {}).abort_handle());
    tokio::time::sleep(Duration::from_millis(20)).await;
    let (status, reasons) = ready().await;
    assert!(status == 503 && reasons.contains("something"), "{status} {reasons}");
}

/// Metrics, as the operator reads them.
async fn metrics(served: &Served) -> String {
    let answer = served.get("/metrics").await;
    assert_eq!(answer.status, 200);
    answer.text
}

#[tokio::test(flavor = "multi_thread")]
async fn metrics_show_what_happens_and_alerts_are_about_them() {
    let served = Served::start().await;
    let org = served.org("whose-books-nobody-shall-see").await;
    let account = json!({ "code": "1000", "type": "asset" });
    served.post(&format!("{org}/accounts"), account).await.expect(201);
    assert_eq!(served.post(&format!("{org}/entries"), json!({ "effective_date": "2026-01-15", "lines": [] })).await.status, 422);
    assert_eq!(send(served.client.get(served.url("/v1/orgs/x"))).await.status, 401);
    assert_eq!(send(served.client.get(served.url("/metrics"))).await.problem().0, 401, "for the operator only");
    tokio::time::sleep(Duration::from_millis(100)).await;

    let text = metrics(&served).await;
    for shown in [
        "ledger_http_requests_total{method=\"POST\",route=\"/v1/orgs/{org}/accounts\",status=\"201\"}",
        "ledger_http_requests_total{method=\"GET\",route=\"/v1/orgs/{org}\",status=\"401\"}",
        "ledger_http_refusals_total{code=\"TOO_FEW_LINES\"}",
        "ledger_http_request_seconds_bucket{",
        "ledger_posting_seconds_bucket{",
        "ledger_commit_commands_bucket{",
        "ledger_projection_lag_seconds{projection=\"gl_fact\"}",
        "ledger_projections_stopped{projection=\"gl_fact\"} 0",
        "ledger_pool_connections{state=\"used\"}",
        "ledger_webhook_endpoints{state=\"behind\"}",
        "ledger_database_up 1",
        "ledger_rls_violations_total 0",
        "# HELP ledger_audit_backlog ",
    ] {
        assert!(text.contains(shown), "{shown}\nis not in\n{text}");
    }
    let id = served.running.app.organization("whose-books-nobody-shall-see").await.unwrap().org.to_string();
    assert!(!text.contains("whose-books") && !text.contains(&id), "no organization is named");

    let alerts = std::fs::read_to_string(root().join("docs/operations/alerts.yml")).unwrap();
    let exprs: Vec<&str> = alerts.lines().filter_map(|line| line.trim().strip_prefix("expr: ")).collect();
    assert!(exprs.len() >= 10);
    let mut names = 0;
    for expr in exprs {
        let words = expr.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_'));
        for name in words.filter(|word| word.starts_with("ledger_")) {
            assert!(text.contains(&format!("\n{name}{{")) || text.contains(&format!("\n{name} ")), "{name} of {expr}\nis not shown");
            names += 1;
        }
    }
    assert!(names >= 10);
}

/// The program itself.
struct Program {
    child: Child,
    base: String,
    said: Arc<Mutex<Vec<String>>>,
}

fn ledgerd() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ledgerd"));
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("LEDGERD_") && !name.starts_with("LEDGERD_PG_")) {
        command.env_remove(name);
    }
    command.env_remove("DATABASE_URL");
    command
}

impl Program {
    async fn start(database: &TestDatabase, more: &[&str]) -> Self {
        drop(database.store().await); // makes the login
        let mut child = ledgerd()
            .args(["serve", "--listen", "127.0.0.1:0", "--database-url", &database.url_for(RUNTIME_ROLE)])
            .args(more)
            .env("LEDGERD_PLATFORM_KEY", PLATFORM_KEY)
            .stderr(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let said = Arc::new(Mutex::new(Vec::new()));
        let (lines, saying) = (BufReader::new(child.stderr.take().unwrap()).lines(), Arc::clone(&said));
        std::thread::spawn(move || lines.for_each(|line| saying.lock().unwrap().push(line.unwrap_or_default())));
        let began = Instant::now();
        loop {
            let listening =
                said.lock().unwrap().iter().find_map(|line| Some(line.strip_prefix("listening on ")?.split(' ').next()?.to_owned()));
            if let Some(base) = listening {
                return Self { child, base, said };
            }
            assert!(began.elapsed() < PATIENCE && child.try_wait().unwrap().is_none(), "{:?}", said.lock().unwrap());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    fn terminate(&self) {
        assert!(Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status().unwrap().success());
    }

    /// The exit code, and everything that was said.
    async fn ended(mut self) -> (Option<i32>, Vec<String>) {
        let began = Instant::now();
        let status = loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                break status;
            }
            assert!(began.elapsed() < PATIENCE, "it does not end");
            tokio::time::sleep(Duration::from_millis(20)).await;
        };
        tokio::time::sleep(Duration::from_millis(50)).await;
        (status.code(), self.said.lock().unwrap().clone())
    }

    async fn post(&self, client: &Client, path: &str, body: &Value) -> reqwest::Result<reqwest::Response> {
        client.post(format!("{}{path}", self.base)).bearer_auth(PLATFORM_KEY).header("idempotency-key", fresh_key()).json(body).send().await
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

fn new_org(slug: &str) -> Value {
    json!({ "slug": slug, "name": slug, "functional_currency": "USD" })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_told_to_stop_finishes_or_refuses() {
    let database = database().await;
    let program = Arc::new(Program::start(&database, &[]).await);
    let client = Client::builder().no_proxy().build().unwrap();
    assert_eq!(program.post(&client, "/v1/orgs", &new_org("acme")).await.unwrap().status(), 201);
    // Somebody listens to events all the while.
    let stream = client.get(format!("{}/v1/orgs/acme/events/stream", program.base)).bearer_auth(PLATFORM_KEY).send().await.unwrap();
    assert_eq!(stream.status(), 200);
    let listening = tokio::spawn(stream.bytes());
    let posters: Vec<_> = (0..8)
        .map(|who| {
            let (program, client) = (Arc::clone(&program), client.clone());
            tokio::spawn(async move {
                let mut accepted = 0_u64;
                for n in 0.. {
                    let account = json!({ "code": format!("{who}-{n}"), "type": "asset" });
                    match program.post(&client, "/v1/orgs/acme/accounts", &account).await {
                        Ok(answer) if answer.status() == 201 => accepted += 1,
                        Ok(answer) => {
                            assert_eq!((answer.status().as_u16(), answer.headers().contains_key("retry-after")), (503, true));
                            break;
                        }
                        // Nobody listens any more, or an idle connection was closed as this was sent on it.
                        Err(_) => break,
                    }
                }
                accepted
            })
        })
        .collect();
    tokio::time::sleep(Duration::from_millis(500)).await;
    let began = Instant::now();
    program.terminate();
    let mut accepted = 0;
    for poster in posters {
        accepted += poster.await.unwrap();
    }
    listening.await.unwrap().ok();
    let (code, said) = Arc::into_inner(program).unwrap().ended().await;
    assert_eq!(code, Some(0), "{said:?}");
    assert!(began.elapsed() < Duration::from_secs(15), "bounded: {:?}", began.elapsed());
    assert!(accepted > 20, "{accepted}");
    let store = database.store().await;
    let org = store.organization("acme").await.unwrap().unwrap().org;
    let events = store.for_org(org).head().await.unwrap().seq;
    assert!(events >= accepted, "{events} events, {accepted} accepted");
    // The audit log was written to its end.
    let mut superuser = database.admin_options().connect().await.unwrap();
    let logged: i64 = sqlx::query_scalar("SELECT count(*) FROM ledger.audit_log WHERE route = '/v1/orgs/{org}/accounts' AND status = 201")
        .fetch_one(&mut superuser)
        .await
        .unwrap();
    assert!(u64::try_from(logged).unwrap() >= accepted, "{logged} rows, {accepted} accepted");
}

#[tokio::test(flavor = "multi_thread")]
async fn logs_and_traces_say_what_happened_and_nothing_else() {
    let database = database().await;
    let traces = Arc::new(Mutex::new(Vec::<u8>::new()));
    let collector = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("traces.endpoint=http://{}/v1/traces", collector.local_addr().unwrap());
    let take = async |State(traces): State<Arc<Mutex<Vec<u8>>>>, body: Bytes| traces.lock().unwrap().extend_from_slice(&body);
    let router = Router::new().route("/v1/traces", axum::routing::post(take)).with_state(Arc::clone(&traces));
    tokio::spawn(async move { axum::serve(collector, router).await });

    let program = Program::start(&database, &["--set", "log.level=info", "--set", "log.format=json", "--set", &endpoint]).await;
    let client = Client::builder().no_proxy().build().unwrap();
    program.post(&client, "/v1/orgs", &new_org("acme")).await.unwrap();
    let account = json!({ "code": "1000-hush", "type": "asset", "name": "Anna Hush" });
    let trace_id = "4bf92f3577b34da6a3ce929d0e0e4736";
    let asked = client
        .post(format!("{}/v1/orgs/acme/accounts", program.base))
        .bearer_auth(PLATFORM_KEY)
        .header("idempotency-key", "hush-key")
        .header("correlation-id", "conversation-7")
        .header("traceparent", format!("00-{trace_id}-00f067aa0ba902b7-01"))
        .json(&account);
    let answered = asked.send().await.unwrap();
    let request_id = answered.headers()["request-id"].to_str().unwrap().to_owned();
    assert_eq!(answered.status(), 201);
    let query = client.get(format!("{}/v1/orgs/acme?known_at=hush", program.base)).bearer_auth("lsk_hush").send().await.unwrap();
    assert_eq!(query.status(), 401);
    program.terminate();
    let (code, said) = program.ended().await;
    assert_eq!(code, Some(0), "{said:?}");

    let lines: Vec<Value> = said.iter().filter(|line| line.starts_with('{')).map(|line| serde_json::from_str(line).unwrap()).collect();
    let line = lines.iter().find(|line| line["request_id"] == request_id.as_str() && line["route"].is_string());
    let line = line.unwrap_or_else(|| panic!("no line of {request_id}: {said:#?}"));
    assert_eq!((line["route"].as_str(), line["status"].as_u64()), (Some("/v1/orgs/{org}/accounts"), Some(201)));
    assert_eq!(line["span"]["correlation"], "conversation-7");
    let all = said.join("\n");
    for hidden in ["hush", "Hush", PLATFORM_KEY, "acme", "known_at"] {
        assert!(!all.contains(hidden), "{hidden} was logged:\n{all}");
    }
    let traces = traces.lock().unwrap().clone();
    let has = |bytes: &[u8]| traces.windows(bytes.len()).any(|window| window == bytes);
    let id: Vec<u8> = (0..16).map(|at| u8::from_str_radix(&trace_id[2 * at..2 * at + 2], 16).unwrap()).collect();
    assert!(has(&id), "the caller's trace goes on");
    assert!(has(b"POST /v1/orgs/{org}/accounts") && has(b"ledgerd") && has(request_id.as_bytes()));
    assert!(has(b"submit"), "with the store's spans");
    assert!(!has(b"hush") && !has(b"acme"), "and says nothing that it must not");
}

/// What a command printed on both channels.
fn printed(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_role_that_row_level_security_does_not_hold_is_not_served() {
    let database = database().await;
    drop(database.store().await);
    for (role, attributes, said) in
        [("o_super", "SUPERUSER", "superuser"), ("o_bypass", "BYPASSRLS IN ROLE ledger_app", "bypasses row-level security")]
    {
        administer(&database, &format!("CREATE ROLE {role} LOGIN {attributes}")).await;
        let output = ledgerd().args(["serve", "--listen", "127.0.0.1:0", "--database-url", &database.url_for(role)]).output().unwrap();
        assert!(!output.status.success());
        assert!(printed(&output).contains(said), "{}", printed(&output));
    }
}

#[test]
fn a_configuration_is_checked_before_it_is_used() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("ledgerd.toml");
    let check = |text: &str, more: &[&str], command: &[&str]| {
        std::fs::write(&path, text).unwrap();
        let output = ledgerd()
            .args(command)
            .arg("--config")
            .arg(&path)
            .args(more)
            .env("LEDGERD_PLATFORM_KEY", PLATFORM_KEY.repeat(2))
            .output()
            .unwrap();
        (output.status.code(), printed(&output))
    };
    let good = "listen = \"127.0.0.1:0\"\ndatabase_url = \"postgres://u:hush@h/d\"\n[webhooks]\nallow_networks = [\"10.0.0.0/8\"]\n\
                [[issuers]]\nissuer = \"https://id.example\"\naudience = [\"ledger\"]\nsecret = \"hush-hush-hush-hush-hush-hush-hush-hush\"\n";
    let (code, said) = check(good, &["--set", "shutdown.grace_seconds=3"], &["config", "check"]);
    assert_eq!(code, Some(0), "{said}");
    for shown in [
        "shutdown.grace_seconds = 3\n",
        "(--set)",
        "webhooks.allow_networks = 10.0.0.0/8\n",
        "ledgerd.toml:4)",
        "environment LEDGERD_PLATFORM_KEY",
        "issuers = https://id.example",
    ] {
        assert!(said.contains(shown), "{shown}\nis not in\n{said}");
    }
    assert!(!said.contains("hush") && !said.contains(PLATFORM_KEY), "secrets are not shown: {said}");
    for (text, said) in [
        ("lissten = \"x\"\n", ":1: lissten: there is no such setting; did you mean listen?"),
        ("\n[webhooks]\nparallel = 0\n", ":3: webhooks.parallel: 0 is too small"),
        ("listen = \n", ":1: "),
        ("[[issuers]]\nissuer = \"x\"\nsecrett = \"y\"\n", ":3: "),
    ] {
        for command in [&["config", "check"][..], &["serve"]] {
            let (code, printed) = check(text, &[], command);
            assert_eq!(code, Some(2), "{printed}");
            assert!(printed.contains(said), "{said}\nis not in\n{printed}");
        }
    }
}

#[test]
fn a_backup_can_be_restored_and_proven() {
    let script: PathBuf = root().join("docs/operations/restore-drill.sh");
    let output = Command::new("bash").arg(script).arg(env!("CARGO_BIN_EXE_ledgerd")).output().unwrap();
    let said = printed(&output);
    assert!(output.status.success(), "{said}");
    assert!(
        said.contains("Sound, and it begins with every history whose head was kept.") && said.contains("restored and proven: drill"),
        "{said}"
    );
}
