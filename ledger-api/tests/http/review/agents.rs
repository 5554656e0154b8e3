//! Keys that are one agent's, and agents that post alone: within their caps, sampled, and stopped.

use reqwest::Method;
use serde_json::{Value, json};
use sqlx::ConnectOptions;

use super::{Company, refusal, text};
use crate::serving::{Answer, send};
use crate::tokens::ask;
use crate::writes::entry;

impl Company {
    /// A key that is an agent's.
    async fn key_of(&self, agent: &str) -> (String, String) {
        let body = json!({ "name": agent, "role": "agent", "agent": agent });
        let made = self.served.post(&format!("{}/api-keys", self.org), body).await.expect(201);
        assert_eq!((&made["agent"], &made["role"]), (&json!(agent), &json!("agent")));
        (text(&made["secret"]), text(&made["id"]))
    }

    async fn register(&self, code: &str, body: Value) {
        self.write(Method::PUT, &format!("/agents/{code}"), &self.owner.token, &body).await.expect(201);
    }

    /// What a tool of the MCP server answers.
    async fn tool(&self, token: &str, name: &str, arguments: Value) -> Value {
        let message = json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": { "name": name, "arguments": arguments } });
        let request = self.served.client.post(self.served.url(&format!("{}/mcp", self.org))).bearer_auth(token);
        let answer = send(request.header("accept", "application/json, text/event-stream").json(&message)).await.expect(200);
        answer["result"]["structuredContent"].clone()
    }
}

fn detail(answer: &Answer) -> String {
    text(&answer.json()["detail"])
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_of_one_agent_speaks_as_that_agent_and_as_nobody_else() {
    let company = Company::open().await;
    company.register("clerk", json!({ "type": "assistant", "model": "m-2" })).await;
    let keys = format!("{}/api-keys", company.org);
    for (body, refused) in [
        (json!({ "role": "agent", "agent": "nobody" }), (422, "AGENT_UNKNOWN", "/agent")),
        (json!({ "role": "agent", "agent": "" }), (422, "AGENT_UNKNOWN", "/agent")),
        (json!({ "role": "accountant", "agent": "clerk" }), (422, "AGENT_ROLE_NEEDED", "/role")),
        (json!({ "role": "agent", "agent": 1 }), (400, "MALFORMED_BODY", "/agent")),
    ] {
        let mut body = body;
        body["name"] = json!("x");
        let answer = company.served.post(&keys, body.clone()).await;
        let (status, code) = refusal(&answer);
        assert_eq!((status, code.as_str(), answer.json()["pointer"].as_str().unwrap_or_default()), refused, "{body}");
    }
    let (key, id) = company.key_of("bookkeeper").await;
    let listed = company.served.get(&keys).await.expect(200);
    let agents: Vec<&Value> = listed["data"].as_array().unwrap().iter().map(|key| &key["agent"]).collect();
    assert_eq!(agents, [&Value::Null, &json!("bookkeeper")], "{listed}");
    for path in [format!("{}/me", company.org), "/v1/me".to_owned()] {
        let me = ask(&company.served, Method::GET, &path, &key).await.expect(200);
        assert_eq!((&me["kind"], &me["agent"]), (&json!("api-key"), &json!("bookkeeper")), "{path}");
    }

    // It need not say who it is, may say so, and may not say that it is somebody else.
    let draft = company.post("/drafts", &key, json!({ "entry": entry("2026-01-05", "5.00") })).await.expect(201);
    let shown = company.get(&format!("/drafts/{}", draft["seq"])).await;
    assert_eq!((&shown["source"]["agent"], &shown["source"]["acted_for"]), (&json!("bookkeeper"), &Value::Null));
    assert_eq!(shown["prepared_by"], json!(["bookkeeper"]));
    let own = json!({ "entry": entry("2026-01-05", "6.00"), "agent": { "code": "bookkeeper", "model": "m-9" } });
    let draft = company.post("/drafts", &key, own).await.expect(201);
    assert_eq!(company.get(&format!("/drafts/{}", draft["seq"])).await["source"]["model"], "m-9");
    let run = json!({ "tokens_in": 1, "tokens_out": 1, "cost": "0.01", "latency_ms": 1, "outcome": "succeeded" });
    for (path, body) in [
        ("/drafts", json!({ "entry": entry("2026-01-05", "5.00"), "agent": { "code": "clerk" } })),
        ("/drafts", json!({ "entry": entry("2026-01-05", "5.00"), "agent": { "code": "nobody" } })),
        ("/agents/clerk/begin", json!({})),
        ("/agents/clerk/runs", run.clone()),
    ] {
        let answer = company.post(path, &key, body).await;
        assert_eq!(refusal(&answer), (403, "FORBIDDEN".to_owned()), "{path}");
        assert!(detail(&answer).contains("bookkeeper"), "{path}: {}", answer.text);
    }
    company.post("/agents/bookkeeper/begin", &key, json!({})).await.expect(200);
    company.post("/agents/bookkeeper/runs", &key, run.clone()).await.expect(201);
    assert_eq!(refusal(&company.post("/entries", &key, entry("2026-01-05", "1.00")).await).0, 403);

    // The same through a tool.
    let call = |amount: &str, key: &str, agent: Option<&str>| {
        let lines = entry("2026-01-05", amount)["lines"].clone();
        let mut arguments = json!({ "effective_date": "2026-01-05", "description": "Rent", "lines": lines, "rationale": "x",
            "confidence": "0.9", "idempotency_key": key });
        if let Some(agent) = agent {
            arguments["agent"] = json!({ "code": agent });
        }
        arguments
    };
    let drafted = company.tool(&key, "ledger.draft_entry", call("7.00", "t-1", None)).await;
    assert_eq!(company.get(&format!("/drafts/{}", drafted["seq"])).await["source"]["agent"], "bookkeeper");
    let refused = company.tool(&key, "ledger.draft_entry", call("7.00", "t-2", Some("clerk"))).await;
    assert_eq!((&refused["status"], &refused["code"]), (&json!(403), &json!("FORBIDDEN")), "{refused}");

    // Another secret is still the same agent's.
    let rotated = company.served.post(&format!("{keys}/{id}/rotation"), json!({})).await.expect(200);
    assert_eq!(rotated["agent"], "bookkeeper");
    for token in [&key, &text(&rotated["secret"])] {
        let refused = company.post("/agents/clerk/runs", token, run.clone()).await;
        assert_eq!(refusal(&refused).0, 403);
        company.post("/agents/bookkeeper/runs", token, run.clone()).await.expect(201);
    }
    company.post("/agents/bookkeeper/suspend", &company.owner.token, json!({ "reason": "audit" })).await.expect(201);
    let suspended = company.post("/drafts", &key, json!({ "entry": entry("2026-01-05", "5.00") })).await;
    assert_eq!(refusal(&suspended), (422, "AGENT_SUSPENDED".to_owned()));

    // A key whose agent the books do not know, which only a damaged or foreign table could have.
    let mut connection = company.served.database.admin_options().connect().await.unwrap();
    sqlx::query("UPDATE control.api_key SET agent = 'gone' WHERE agent IS NOT NULL").execute(&mut connection).await.unwrap();
    company.served.running.app.identity.forget_key(id.parse().unwrap());
    let unknown = company.post("/drafts", &key, json!({ "entry": entry("2026-01-05", "5.00") })).await;
    assert_eq!(refusal(&unknown), (422, "AGENT_UNKNOWN".to_owned()));
    let again = company.served.post(&format!("{keys}/{id}/rotation"), json!({})).await;
    assert_eq!(refusal(&again), (422, "AGENT_UNKNOWN".to_owned()));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_posts_alone_what_people_taught_it_until_they_turn_it_down() {
    let company = Company::open().await;
    let autonomy = |sample: &str| {
        json!({ "type": "accountant", "model": "m-1", "autonomy": { "auto_post": true, "cap": "500.00", "confidence": "0.9", "approvals": 1,
            "sample_percent": sample, "window": 2, "rejected_percent": "60" } })
    };
    company.register("bookkeeper", autonomy("0")).await;
    let (key, _) = company.key_of("bookkeeper").await;
    let proposal = |amount: &str| json!({ "entry": entry("2026-01-05", amount), "confidence": "0.95", "kind": "rent" });
    let with = |mut body: Value, name: &str, value: Value| {
        body[name] = value;
        body
    };
    let draft = async |body: Value| company.post("/drafts", &key, body).await.expect(201);

    // Whoever only names it is not believed to be it.
    let claimed = with(proposal("100.00"), "agent", json!({ "code": "bookkeeper" }));
    assert_eq!(refusal(&company.post("/drafts", &company.agent, claimed.clone()).await), (403, "FORBIDDEN".to_owned()));
    assert_eq!(refusal(&company.post("/drafts", &company.accountant.token, claimed).await).0, 403);

    // What nobody approved before waits; once somebody did, its like is posted alone.
    let first = draft(proposal("100.00")).await;
    assert_eq!((&first["status"], &first["posted"]), (&json!("pending"), &Value::Null));
    company.vote(&first["approval"]["request"], &company.approver, &first["hash"], true).await.expect(201);
    let alone = draft(proposal("500.00")).await;
    assert_eq!((&alone["status"], &alone["posted"]["route"], &alone["approval"]), (&json!("posted"), &json!("auto"), &Value::Null));
    assert_eq!((&alone["posted"]["four_eyes"], &alone["posted"]["approvers"]), (&json!(false), &json!([])));
    let posted = company.get(&format!("/entries/{}", alone["posted"]["event"])).await;
    assert_eq!(posted["lines"][0]["amount"], "500.00");
    assert_eq!(company.history(&format!("/drafts/{}", alone["seq"])).await, ["EntryDrafted", "DraftPosted"]);

    // Beyond any of its bounds people decide.
    let mut other = proposal("10.00");
    other["entry"]["lines"][0]["account"] = json!("6500");
    let beyond = [
        ("above its cap", proposal("500.01")),
        ("not sure enough", with(proposal("10.00"), "confidence", json!("0.89"))),
        ("of no kind", with(proposal("10.00"), "kind", json!(""))),
        ("of a kind for people", with(proposal("10.00"), "kind", json!("owner_draw"))),
        ("on an account that nobody approved", other),
    ];
    let mut waiting = Vec::new();
    for (why, body) in beyond {
        let waits = draft(body).await;
        assert_eq!((&waits["status"], &waits["posted"]), (&json!("pending"), &Value::Null), "{why}");
        assert!(waits["approval"]["request"].is_u64(), "{why}: {waits}");
        waiting.push(waits);
    }
    company.register("bookkeeper", autonomy("100")).await;
    assert_eq!(draft(proposal("11.00")).await["status"], "pending", "a person sees the sample");
    company.register("bookkeeper", autonomy("0")).await;
    assert_eq!(draft(proposal("12.00")).await["status"], "posted");

    // A vote against it turns the draft down; two of the last two decisions are too many.
    let against = async |waits: &Value| {
        let body = json!({ "vote": "reject", "hash": waits["hash"], "comment": "not rent" });
        let path = format!("/approvals/{}/vote", waits["approval"]["request"]);
        assert_eq!(company.post(&path, &company.approver.token, body).await.expect(201)["status"], "rejected");
        company.get("/agents/bookkeeper").await["stopped"].clone()
    };
    assert_eq!(against(&waiting[0]).await, json!(false), "one of two");
    assert_eq!(draft(proposal("13.00")).await["status"], "posted");
    assert_eq!(against(&waiting[1]).await, json!(true));
    let stopped = draft(proposal("14.00")).await;
    assert_eq!((&stopped["status"], &stopped["posted"]), (&json!("pending"), &Value::Null));
    assert!(stopped["approval"]["request"].is_u64());
    company.post("/agents/bookkeeper/resume", &company.owner.token, json!({ "reason": "looked at" })).await.expect(201);
    assert_eq!(draft(proposal("15.00")).await["status"], "posted");

    // A policy comes before autonomy.
    company.policy("all", json!({ "subjects": ["entry"], "steps": [{ "mode": "single" }] })).await;
    let covered = draft(proposal("16.00")).await;
    assert_eq!((&covered["status"], &covered["approval"]["policy"]), (&json!("pending"), &json!("all")));
}
