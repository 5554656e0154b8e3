//! The database goes away and comes back, the server dies and is started again: whatever was answered is in the stream exactly
//! once, whatever was not can be asked again under its key.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use futures::TryStreamExt;
use ledger_api::http::{Config, start};
use ledger_core::Event;
use ledger_store::load::to_chain;
use ledger_store::testing::{DurableServer, RUNTIME_ROLE, durable_server};
use ledger_store::{MIGRATOR, Store, StoreConfig, ensure_login};
use rand::RngExt;
use reqwest::Client;
use serde_json::{Value, json};

use crate::serving::PLATFORM_KEY;

const DATABASE: &str = "ledger";
/// Who is answered nothing but refusals for so long gives up, and fails the test.
const PATIENCE: Duration = Duration::from_secs(90);

async fn ledger_server() -> DurableServer {
    let server = durable_server().await;
    server.create_database(DATABASE, Some(&MIGRATOR)).await;
    ensure_login(&server.admin_options().database(DATABASE), RUNTIME_ROLE, "").await.unwrap();
    server
}

async fn store(server: &DurableServer) -> Store {
    let config = StoreConfig { acquire_timeout: Duration::from_secs(2), ..StoreConfig::default() };
    Store::connect(server.options_for(RUNTIME_ROLE, DATABASE), config).await.unwrap()
}

/// Posts to a server that may be away, until it is answered.
struct Poster {
    client: Client,
    /// How often the server said that the database was away.
    refused: Arc<AtomicUsize>,
}

impl Poster {
    fn new() -> Self {
        Self { client: Client::builder().no_proxy().build().unwrap(), refused: Arc::default() }
    }

    /// The answer to a write, however often it takes; always the same request under the same key.
    async fn post(&self, url: &str, key: &str, body: &Value) -> Value {
        let until = Instant::now() + PATIENCE;
        loop {
            assert!(Instant::now() < until, "{key} was never answered");
            let asked = self.client.post(url).bearer_auth(PLATFORM_KEY).header("idempotency-key", key).json(body).send().await;
            match asked {
                Ok(answer) if answer.status().is_success() => match answer.json().await {
                    Ok(receipt) => return receipt,
                    Err(_) => continue, // cut off in the middle of the answer
                },
                Ok(answer) if answer.status() == 503 => {
                    assert!(answer.headers().contains_key("retry-after"));
                    self.refused.fetch_add(1, Ordering::Relaxed);
                }
                Ok(answer) => panic!("{key}: {} {}", answer.status(), answer.text().await.unwrap_or_default()),
                Err(_) => {} // nobody listens
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    async fn begin(&self, base: &str) {
        let org = json!({ "slug": "acme", "name": "Acme", "functional_currency": "USD" });
        self.post(&format!("{base}/v1/orgs"), "begin", &org).await;
        for (code, kind) in [("1000", "asset"), ("4000", "revenue")] {
            let account = json!({ "code": code, "name": code, "type": kind });
            self.post(&format!("{base}/v1/orgs/acme/accounts"), &format!("open-{code}"), &account).await;
        }
    }
}

fn entry(name: &str) -> Value {
    let line = |account: &str, direction: &str| json!({ "account": account, "direction": direction, "amount": "1.00" });
    json!({ "effective_date": "2026-01-15", "description": name, "lines": [line("1000", "debit"), line("4000", "credit")] })
}

/// Every answered entry is where it was said to be, and nothing is there twice.
async fn check(store: &Store, answered: &BTreeMap<String, u64>) {
    let org = store.organization("acme").await.unwrap().unwrap().org;
    let mut found = BTreeMap::new();
    let of_org = store.for_org(org);
    let mut commits = Box::pin(of_org.commits(1, None));
    while let Some(commit) = commits.try_next().await.unwrap() {
        for recorded in to_chain(org, commit).events() {
            let recorded = recorded.unwrap();
            if let Event::EntryPosted(entry) = &recorded.event {
                let twice = found.insert(entry.header().description.to_string(), recorded.seq);
                assert_eq!(twice, None, "{} is there twice", entry.header().description);
            }
        }
    }
    assert_eq!(&found, answered);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_database_may_go_away_under_load() {
    let mut server = ledger_server().await;
    let platform_key_hash = Some(*blake3::hash(PLATFORM_KEY.as_bytes()).as_bytes());
    let resolve_for = Duration::from_millis(300);
    let config = Config { listen: SocketAddr::from(([127, 0, 0, 1], 0)), platform_key_hash, resolve_for, ..Config::default() };
    let running = start(store(&server).await, config).await.unwrap();
    let base = format!("http://{}", running.address);
    let poster = Arc::new(Poster::new());
    poster.begin(&base).await;
    let over = Arc::new(AtomicBool::new(false));
    let posters: Vec<_> = (0..16)
        .map(|who| {
            let (poster, over, base) = (Arc::clone(&poster), Arc::clone(&over), base.clone());
            tokio::spawn(async move {
                let mut answered = BTreeMap::new();
                for n in 0.. {
                    if over.load(Ordering::Relaxed) {
                        break;
                    }
                    let name = format!("{who}-{n}");
                    let receipt = poster.post(&format!("{base}/v1/orgs/acme/entries"), &name, &entry(&name)).await;
                    answered.insert(name, receipt["seq"].as_u64().unwrap());
                }
                answered
            })
        })
        .collect();
    for _ in 0..3 {
        tokio::time::sleep(Duration::from_millis(500)).await;
        server.kill_9().await;
        tokio::time::sleep(Duration::from_millis(900)).await;
        server.restart().await;
    }
    tokio::time::sleep(Duration::from_millis(800)).await;
    over.store(true, Ordering::Relaxed);
    let mut answered = BTreeMap::new();
    for task in posters {
        answered.extend(task.await.unwrap());
    }
    let refused = poster.refused.load(Ordering::Relaxed);
    println!("{} entries answered, {refused} requests refused with 503 while the database was away three times", answered.len());
    assert!(refused > 0 && answered.len() > 100);
    check(&store(&server).await, &answered).await;
    running.stop().await;
}

/// The program itself, as a process that can be killed.
struct Program(Child);

impl Program {
    fn start(url: &str, listen: &str) -> (Self, String) {
        let mut child = Command::new(env!("CARGO_BIN_EXE_ledgerd"))
            .args(["serve", "--listen", listen, "--database-url", url])
            .env("LEDGERD_PLATFORM_KEY", PLATFORM_KEY)
            .stderr(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let address = lines
            .find_map(|line| line.unwrap().strip_prefix("listening on ").map(|rest| rest.split(' ').next().unwrap().to_owned()))
            .expect("the server says where it listens");
        std::thread::spawn(move || lines.for_each(drop)); // what else it says is not read
        (Self(child), address)
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        self.0.kill().ok(); // SIGKILL
        self.0.wait().ok();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_killed_between_commit_and_answer_posts_nothing_twice() {
    let database = ledger_server().await;
    let url = database.url_for(RUNTIME_ROLE, DATABASE);
    let (mut program, base) = Program::start(&url, "127.0.0.1:0");
    let listen = base.trim_start_matches("http://").to_owned();
    let poster = Arc::new(Poster::new());
    poster.begin(&base).await;
    let mut answered = BTreeMap::new();
    for round in 0..8 {
        let tasks: Vec<_> = (0..8)
            .map(|who| {
                let (poster, url) = (Arc::clone(&poster), format!("{base}/v1/orgs/acme/entries"));
                tokio::spawn(async move {
                    let name = format!("{round}-{who}");
                    let receipt = poster.post(&url, &name, &entry(&name)).await;
                    (name, receipt["seq"].as_u64().unwrap())
                })
            })
            .collect();
        let moment = rand::rng().random_range(0..25);
        tokio::time::sleep(Duration::from_millis(moment)).await;
        drop(program);
        program = Program::start(&url, &listen).0;
        for task in tasks {
            let (name, seq) = task.await.unwrap();
            answered.insert(name, seq);
        }
    }
    check(&store(&database).await, &answered).await;
    drop(program);
}
