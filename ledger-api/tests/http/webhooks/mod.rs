//! Webhooks against a receiver that fails in the ways that receivers do: every event arrives, in order, signed; nothing is sent
//! where it must not go.

mod receiver;

use std::collections::HashSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use ledger_api::http::Config;
use ledger_api::http::webhooks::{AddressRules, EVENT_TYPES, Message, Sender, Verdict, WebhooksConfig, Worker};
use ledger_core::command::OpenAccount;
use ledger_core::{AccountType, Actor, Command};
use ledger_store::testing::database;
use ledger_store::webhooks::SigningSecret;
use ledger_store::writer::Request;
use reqwest::Method;
use serde_json::{Value, json};

use self::receiver::{Reaction, Receiver};
use crate::serving::Served;

const PATIENCE: Duration = Duration::from_secs(40);

/// Everything a thousand times sooner, and to this machine.
fn quick() -> WebhooksConfig {
    let networks = ["127.0.0.0/8"].map(|network| network.parse().unwrap());
    WebhooksConfig {
        addresses: AddressRules { allow_http: true, allow_networks: networks.to_vec(), ports: Vec::new() },
        timeout: Duration::from_millis(400),
        schedule: [0, 20, 30, 40, 50, 60, 70, 80, 90, 100].map(Duration::from_millis).to_vec(),
        sweep: Duration::from_millis(25),
        lease: Duration::from_millis(1_000),
        ..WebhooksConfig::default()
    }
}

/// A server that sends, an organization, and somebody who is told.
struct World {
    served: Served,
    org: String,
    receiver: Receiver,
}

impl World {
    async fn with(webhooks: WebhooksConfig) -> Self {
        let served = Served::with(Config { webhooks, ..Config::default() }).await;
        let org = served.org("acme").await;
        Self { served, org, receiver: Receiver::start().await }
    }

    /// An endpoint at the receiver that is told of all history; answers its path and its secret.
    async fn hook(&self, more: Value) -> (String, String) {
        let mut body = json!({ "url": self.receiver.url(), "after_seq": 0 });
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let created = self.served.post(&format!("{}/webhooks", self.org), body).await.expect(201);
        let id = created["webhook"]["id"].as_str().unwrap();
        (format!("{}/webhooks/{id}", self.org), created["secret"].as_str().unwrap().to_owned())
    }

    /// One event each: accounts are opened.
    async fn happen(&self, prefix: &str, events: usize) -> u64 {
        let app = &self.served.running.app;
        let org = app.organization("acme").await.unwrap().org;
        let mut head = 0;
        for n in 0..events {
            let open = Command::OpenAccount(OpenAccount::new(&format!("{prefix}-{n}"), AccountType::Asset));
            head = app.ledger.submit(org, Request::new(open, Actor::user("clerk"))).await.unwrap().last_seq();
        }
        head
    }

    /// Waits until the endpoint shows this.
    async fn until(&self, hook: &str, what: &str, holds: impl Fn(&Value) -> bool) -> Value {
        let began = Instant::now();
        loop {
            let shown = self.served.get(hook).await.expect(200);
            if holds(&shown) {
                return shown;
            }
            assert!(began.elapsed() < PATIENCE, "{what} did not come: {shown}; received {:?}", self.receiver.first_arrivals());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    async fn settled(&self, hook: &str, seq: u64) -> Value {
        self.until(hook, &format!("event {seq}"), |shown| shown["settled_seq"] == seq).await
    }
}

fn all(head: u64) -> Vec<u64> {
    (1..=head).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_event_arrives_in_order_whatever_the_receiver_does() {
    let world = World::with(quick()).await;
    let elsewhere = Receiver::start().await;
    world.receiver.will([
        Reaction::Status(500),
        Reaction::Hang,
        Reaction::Status(200),
        Reaction::Redirect(elsewhere.url()),
        Reaction::Panic,
        Reaction::Flood,
        Reaction::Status(404),
        Reaction::Status(200),
        Reaction::Status(200),
        Reaction::RetryAfter(503, "0"),
        Reaction::Hang,
        Reaction::Status(101),
        Reaction::Status(429),
    ]);
    let (hook, secret) = world.hook(json!({})).await;
    let head = world.happen("a", 12).await;
    let shown = world.settled(&hook, head).await;
    assert_eq!((shown["status"].as_str(), shown["attempts"].as_u64()), (Some("active"), Some(0)));

    assert_eq!(world.receiver.first_arrivals(), all(head), "first in the order of events");
    assert_eq!(world.receiver.accepted(), all(head), "each accepted before the next is sent");
    assert_eq!(elsewhere.received().len(), 0, "redirects are not followed");
    let received = world.receiver.received();
    assert!(received.iter().all(|message| message.is_signed_with(&secret) && message.signatures.len() == 1));
    let ids: HashSet<(u64, &str)> = received.iter().map(|message| (message.seq(), message.id.as_str())).collect();
    assert_eq!(ids.len(), all(head).len(), "an event keeps its message's id in every attempt");

    // What it says: that something happened, and where to read it.
    let org = &world.served.running.app.organization("acme").await.unwrap();
    let last = received.last().unwrap();
    assert_eq!(
        (last.body["type"].as_str(), last.body["data"]["organization"].as_str()),
        (Some("AccountOpened"), Some(org.org.to_string().as_str()))
    );
    assert_eq!(last.body["data"]["hash"].as_str().unwrap().len(), 64);
    assert!(last.text.len() < 1_000 && !last.text.contains("a-11"), "thin: {}", last.text);

    // The log has every attempt.
    let failed = world.served.get(&format!("{hook}/deliveries?delivered=false&limit=200")).await.expect(200);
    let errors: Vec<&str> = failed["data"].as_array().unwrap().iter().rev().map(|attempt| attempt["error"].as_str().unwrap()).collect();
    for (at, said) in [(0, "500"), (1, "no answer within"), (2, "redirects are not followed"), (3, "no answer"), (4, "500"), (5, "404")] {
        assert!(errors[at].contains(said), "attempt {at}: {errors:?}");
    }
    let flood = failed["data"].as_array().unwrap().iter().rev().nth(4).unwrap();
    assert_eq!(flood["response"].as_str().unwrap().len(), 1_024);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receiver_that_goes_away_and_comes_back_misses_nothing() {
    let mut world = World::with(quick()).await;
    let (hook, _) = world.hook(json!({})).await;
    let mut head = world.happen("before", 3).await;
    world.settled(&hook, head).await;
    for round in 0..3 {
        world.receiver.stop().await;
        head = world.happen(&format!("round-{round}"), 4).await;
        world.until(&hook, "an attempt that failed", |shown| shown["attempts"].as_u64() > Some(0)).await;
        world.receiver.restart().await;
        world.settled(&hook, head).await;
    }
    assert_eq!(world.receiver.accepted(), all(head));
    let letters = world.served.get(&format!("{hook}/dead-letters")).await.expect(200);
    assert_eq!(letters["data"], json!([]));
}

/// Senders that are dropped at any moment, as a process that is killed: who comes next goes on.
#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_lost_when_senders_die_in_the_middle() {
    let config = WebhooksConfig { lease: Duration::from_millis(150), ..quick() };
    let world = World::with(WebhooksConfig { enabled: false, ..config.clone() }).await;
    let (hook, _) = world.hook(json!({})).await;
    let app = &world.served.running.app;
    let mut head = 0;
    for round in 0..12_u64 {
        head = world.happen(&format!("round-{round}"), 8).await;
        if round % 3 == 0 {
            world.receiver.will([Reaction::Hang, Reaction::Status(500)]);
        }
        let sender = Worker::new(app.store.clone(), app.webhooks.sender.clone(), config.clone());
        let running = tokio::spawn(sender.run(app.ledger.grown(), std::future::pending()));
        tokio::time::sleep(Duration::from_millis(7 * (round * 5 % 13) + 5)).await;
        running.abort();
        running.await.ok();
    }
    let sender = Worker::new(app.store.clone(), app.webhooks.sender.clone(), config.clone());
    let running = tokio::spawn(sender.run(app.ledger.grown(), std::future::pending()));
    world.settled(&hook, head).await;
    running.abort();
    assert_eq!(world.receiver.first_arrivals(), all(head));
    assert_eq!(world.receiver.accepted(), all(head));
}

#[tokio::test(flavor = "multi_thread")]
async fn several_processes_share_the_work_and_do_not_double_it() {
    let config = quick();
    let world = World::with(config.clone()).await;
    let app = &world.served.running.app;
    let others: Vec<_> = (0..3)
        .map(|_| {
            let sender = Worker::new(app.store.clone(), app.webhooks.sender.clone(), config.clone());
            tokio::spawn(sender.run(app.ledger.grown(), std::future::pending()))
        })
        .collect();
    let (hook, _) = world.hook(json!({})).await;
    let mut head = 0;
    for round in 0..10 {
        head = world.happen(&format!("round-{round}"), 5).await;
        world.settled(&hook, head).await;
    }
    let received: Vec<u64> = world.receiver.received().iter().map(receiver::Received::seq).collect();
    assert_eq!(received, all(head), "each once, in order");
    others.iter().for_each(tokio::task::JoinHandle::abort);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stopped_server_goes_on_where_it_was() {
    let Served { database, running, .. } = Served::with(Config { webhooks: quick(), ..Config::default() }).await;
    running.stop().await;
    let served = Served::over(database.clone(), Config { webhooks: quick(), ..Config::default() }).await;
    let org = served.org("acme").await;
    let mut world = World { served, org, receiver: Receiver::start().await };
    let (hook, _) = world.hook(json!({})).await;
    let mut head = 0;
    for round in 0..3 {
        head = world.happen(&format!("round-{round}"), 10).await;
        let began = Instant::now();
        let stopped =
            std::mem::replace(&mut world.served, Served::over(database.clone(), Config { webhooks: quick(), ..Config::default() }).await);
        stopped.running.stop().await;
        assert!(began.elapsed() < Duration::from_secs(10));
    }
    world.settled(&hook, head).await;
    assert_eq!(world.receiver.accepted(), all(head));
}

#[tokio::test(flavor = "multi_thread")]
async fn secrets_are_rotated_without_a_gap() {
    let world = World::with(quick()).await;
    let (hook, first) = world.hook(json!({})).await;
    let mut head = world.happen("a", 2).await;
    world.settled(&hook, head).await;
    let rotate = format!("{hook}/rotate-secret");
    let second = world.served.post(&rotate, json!({ "overlap_hours": 1 })).await.expect(200);
    let second = second["secret"].as_str().unwrap();
    head = world.happen("b", 2).await;
    world.settled(&hook, head).await;
    let both = world.receiver.received().pop().unwrap();
    assert!(both.is_signed_with(&first) && both.is_signed_with(second) && both.signatures.len() == 2);

    let own = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    let third = world.served.post(&rotate, json!({ "overlap_hours": 0, "secret": own })).await.expect(200);
    assert_eq!(third["secret"], own);
    head = world.happen("c", 1).await;
    world.settled(&hook, head).await;
    let last = world.receiver.received().pop().unwrap();
    assert!(last.is_signed_with(own) && !last.is_signed_with(second) && last.signatures.len() == 1);

    // A secret is shown once.
    let keyed = world.served.post_keyed(&rotate, "the-same", &json!({})).await;
    assert!(keyed.json()["secret"].as_str().unwrap().starts_with("whsec_"));
    let again = world.served.post_keyed(&rotate, "the-same", &json!({})).await;
    assert_eq!((again.header("idempotent-replayed"), &again.json()["secret"]), (Some("true"), &Value::Null));
    for path in [hook.clone(), format!("{}/webhooks", world.org), format!("{hook}/deliveries")] {
        assert!(!world.served.get(&path).await.text.contains("whsec_"), "{path}");
    }
    for wrong in ["short", "whsec_c2hvcnQ=", "whsec_!"] {
        let refused = world.served.post(&rotate, json!({ "secret": wrong })).await;
        assert_eq!(refused.problem(), (400, "MALFORMED_BODY".to_owned()));
        assert!(!refused.text.contains("c2hvcnQ"), "what was given is not repeated");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_endpoint_that_is_gone_is_disabled_and_goes_on_when_it_is_back() {
    let world = World::with(quick()).await;
    world.receiver.will([Reaction::Status(200), Reaction::Status(410)]);
    let (hook, _) = world.hook(json!({})).await;
    let head = world.happen("a", 5).await;
    let gone = world.until(&hook, "the end", |shown| shown["status"] == "disabled").await;
    assert_eq!((gone["settled_seq"].as_u64(), gone["status_reason"].as_str()), (Some(1), Some("the receiver answered 410 Gone")));
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert_eq!(world.receiver.received().len(), 2, "nothing is sent to who does not want it");
    world.served.write(Method::PATCH, &hook, &json!({ "status": "active" })).await.expect(200);
    world.settled(&hook, head).await;
    assert_eq!(world.receiver.accepted(), all(head));

    world.served.write(Method::PATCH, &hook, &json!({ "status": "disabled" })).await.expect(200);
    let head = world.happen("b", 3).await;
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert_eq!(world.receiver.accepted(), all(head - 3), "events wait for it");
    world.served.write(Method::PATCH, &hook, &json!({ "status": "active" })).await.expect(200);
    world.settled(&hook, head).await;

    world.served.write(Method::DELETE, &hook, &json!({})).await.expect(204);
    assert_eq!(world.served.get(&hook).await.problem().0, 404);
    world.happen("c", 1).await;
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert_eq!(world.receiver.accepted(), all(head));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receiver_says_when_to_come_again() {
    let world = World::with(quick()).await;
    world.receiver.will([Reaction::RetryAfter(429, "120")]);
    let (hook, _) = world.hook(json!({})).await;
    let shown = world.until(&hook, "a failure", |shown| shown["attempts"] == 1).await;
    let next: chrono::DateTime<chrono::Utc> = shown["next_attempt_at"].as_str().unwrap().parse().unwrap();
    let wait = (next - chrono::Utc::now()).num_seconds();
    assert!((100..=120).contains(&wait), "{wait} s");
    // Who repairs it need not wait: a new address is tried at once.
    let head = world.happen("a", 2).await;
    world.served.write(Method::PATCH, &hook, &json!({ "url": format!("{}/new", world.receiver.url()) })).await.expect(200);
    world.settled(&hook, head).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_delivered_dies_after_its_schedule_and_is_sent_again_when_asked() {
    let world = World::with(WebhooksConfig { schedule: [0, 10, 10].map(Duration::from_millis).to_vec(), ..quick() }).await;
    world.receiver.will([500; 6].map(Reaction::Status));
    let (hook, secret) = world.hook(json!({})).await;
    let head = world.happen("a", 5).await;
    world.settled(&hook, head).await;
    assert_eq!(world.receiver.first_arrivals(), all(head));
    assert_eq!(world.receiver.accepted(), all(head)[2..], "two died, and the others went on");
    let letters = world.served.get(&format!("{hook}/dead-letters?status=dead")).await.expect(200);
    let shown: Vec<_> =
        letters["data"].as_array().unwrap().iter().map(|letter| (letter["seq"].as_u64(), letter["attempts"].as_u64())).collect();
    assert_eq!(shown, [(Some(1), Some(3)), (Some(2), Some(3))]);

    let replay = format!("{hook}/dead-letters/replay");
    assert_eq!(world.served.post(&replay, json!({ "seq": 4 })).await.problem().0, 404);
    world.receiver.will([Reaction::Status(500)]);
    assert_eq!(world.served.post(&replay, json!({ "seq": 1 })).await.expect(202)["queued"], 1);
    let status = async |wanted: &str, count: usize| {
        let began = Instant::now();
        loop {
            let letters = world.served.get(&format!("{hook}/dead-letters?status={wanted}")).await.expect(200);
            if letters["data"].as_array().unwrap().len() == count {
                return letters;
            }
            assert!(began.elapsed() < PATIENCE, "{count} {wanted}: {letters}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let letters = status("dead", 2).await;
    assert_eq!(letters["data"][0]["attempts"], 4, "it failed again, and is dead as before");
    assert_eq!(world.served.post(&replay, json!({})).await.expect(202)["queued"], 2);
    status("delivered", 2).await;
    let messages = world.receiver.received();
    let of_first: HashSet<&str> = messages.iter().filter(|message| message.seq() == 1).map(|message| message.id.as_str()).collect();
    assert_eq!(of_first.len(), 1, "the same message, also when it is sent again");
    assert!(messages.iter().all(|message| message.is_signed_with(&secret)));
    assert_eq!(world.receiver.accepted().len(), all(head).len());

    let page = world.served.get(&format!("{hook}/deliveries?seq=1&limit=2")).await.expect(200);
    let kinds: Vec<&str> = page["data"].as_array().unwrap().iter().map(|attempt| attempt["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["replay", "replay"]);
    let cursor = page["next_cursor"].as_str().unwrap();
    let rest = world.served.get(&format!("{hook}/deliveries?seq=1&limit=200&cursor={cursor}")).await.expect(200);
    assert_eq!((rest["data"].as_array().unwrap().len(), &rest["next_cursor"]), (3, &Value::Null));
    let other = world.served.get(&format!("{hook}/deliveries?seq=2&cursor={cursor}")).await;
    assert_eq!(other.problem(), (400, "CURSOR_INVALID".to_owned()));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_endpoint_is_told_what_it_asked_for() {
    let world = World::with(quick()).await;
    let (hook, secret) = world.hook(json!({ "event_types": ["AccountOpened"], "description": "accounts only" })).await;
    let tested = world.served.post(&format!("{hook}/test"), json!({})).await.expect(200);
    assert_eq!((tested["delivered"].as_bool(), tested["kind"].as_str(), &tested["seq"]), (Some(true), Some("test"), &Value::Null));
    let head = world.happen("a", 3).await;
    world.settled(&hook, head).await;
    let received = world.receiver.received();
    let types: Vec<&str> = received.iter().map(|message| message.body["type"].as_str().unwrap()).collect();
    assert_eq!(types, ["webhook.test", "AccountOpened", "AccountOpened", "AccountOpened"]);
    assert!(received[0].is_signed_with(&secret));

    // One that is created now is told of what comes.
    let late = Receiver::start().await;
    let path = format!("{}/webhooks", world.org);
    let created = world.served.post(&path, json!({ "url": late.url() })).await.expect(201);
    let late_hook = format!("{path}/{}", created["webhook"]["id"].as_str().unwrap());
    let new_head = world.happen("b", 2).await;
    world.settled(&late_hook, new_head).await;
    assert_eq!(late.first_arrivals(), ((head + 1)..=new_head).collect::<Vec<_>>());
    assert_eq!(world.served.get(&path).await.expect(200)["data"].as_array().unwrap().len(), 2);
    for (body, status, code) in [
        (json!({ "url": late.url(), "event_types": ["EntryPosted", "Nothing"] }), 422, "EVENT_TYPE_UNKNOWN"),
        (json!({ "url": late.url(), "after_seq": 1_000 }), 422, "BEYOND_END"),
        (json!({ "url": late.url(), "description": "x".repeat(1_001) }), 400, "MALFORMED_BODY"),
        (json!({ "url": late.url(), "more": 1 }), 400, "MALFORMED_BODY"),
        (json!({ "url": "example.com" }), 422, "WEBHOOK_URL_REFUSED"),
    ] {
        assert_eq!(world.served.post(&path, body.clone()).await.problem(), (status, code.to_owned()), "{body}");
    }
    let tried = world.served.post(&format!("{path}?dry_run=true"), json!({ "url": late.url() })).await;
    assert_eq!(tried.problem().0, 400);
    assert!(EVENT_TYPES.is_sorted());
    for count in 2..50 {
        let created = world.served.post(&path, json!({ "url": late.url() })).await;
        assert_eq!(created.status, 201, "{count}");
    }
    assert_eq!(world.served.post(&path, json!({ "url": late.url() })).await.problem(), (409, "TOO_MANY_WEBHOOKS".to_owned()));
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_sent_to_private_addresses() {
    // As it is without configuration.
    let served = Served::over(database().await, Config::default()).await;
    let path = format!("{}/webhooks", served.org("acme").await);
    for url in [
        "http://example.com/hook",
        "https://localhost/hook",
        "https://127.0.0.1/hook",
        "https://2130706433/hook",
        "https://0x7f.1/hook",
        "https://[::1]/hook",
        "https://[::ffff:127.0.0.1]/hook",
        "https://169.254.169.254/latest/meta-data/",
        "https://metadata.google.internal/",
        "https://10.0.0.7/hook",
        "https://me:secret@example.com/hook",
        "https://example.com:5432/hook",
    ] {
        let refused = served.post(&path, json!({ "url": url })).await;
        assert_eq!(refused.problem(), (422, "WEBHOOK_URL_REFUSED".to_owned()), "{url}");
    }
    served.post(&path, json!({ "url": "https://example.com/hook" })).await.expect(201);

    // A name that leads to this machine is found out when it is resolved, and an address that was allowed once when it is used.
    let receiver = Receiver::start().await;
    let private = ["10.0.0.0/8"].map(|network| network.parse().unwrap());
    let rules = AddressRules { allow_http: true, allow_networks: private.to_vec(), ports: Vec::new() };
    let sender = Sender::new(rules, Duration::from_secs(2)).unwrap();
    let message = Message { id: "msg_1".to_owned(), event_type: "x".to_owned(), body: "{}".to_owned() };
    let port = receiver.address.port();
    for host in ["localhost", "LOCALHOST", "127.0.0.1", "[::ffff:127.0.0.1]", "2130706433"] {
        let sent = sender.send(&format!("http://{host}:{port}/hook"), &[SigningSecret(vec![1; 32])], &message).await;
        assert_eq!(sent.verdict, Verdict::Failed { retry_after: None });
        assert!(sent.error.as_deref().unwrap().contains("which is not a public address"), "{host}: {:?}", sent.error);
    }
    assert_eq!(receiver.received().len(), 0);
    assert!(!format!("{sender:?}").contains("secret"));
    drop(Arc::new(sender));
}
