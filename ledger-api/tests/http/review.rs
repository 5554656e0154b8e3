//! Drafts, approvals, agents over HTTP: what an agent proposes is posted by people who looked at it, and nothing else gets past.

mod agents;
mod subjects;
mod votes;

use futures::TryStreamExt;
use ledger_api::http::review::{deadlines, trail};
use ledger_core::event::Recorded;
use ledger_core::{Event, Seq};
use ledger_projections::draft::about;
use ledger_store::OrgStore;
use ledger_store::load::to_chain;
use reqwest::Method;
use serde_json::{Value, json};
use sqlx::ConnectOptions;

use crate::serving::{Answer, Served, fresh_key, send};
use crate::tokens::{HS, ask, claims, config, hs, with};
use crate::writes::{books, entry};

/// Somebody with credentials.
struct Person {
    token: String,
    id: String,
}

/// A company with people in every role that has to do with approvals.
struct Company {
    served: Served,
    org: String,
    owner: Person,
    accountant: Person,
    approver: Person,
    second: Person,
    /// A key in the role `agent`.
    agent: String,
}

impl Company {
    async fn open() -> Self {
        let served = Served::with(config(None)).await;
        let org = books(&served, "acme").await;
        let owner = member(&served, &org, "olga", "owner").await;
        let accountant = member(&served, &org, "anna", "accountant").await;
        let approver = member(&served, &org, "paul", "approver").await;
        let second = member(&served, &org, "petra", "approver").await;
        let key = served.post(&format!("{org}/api-keys"), json!({ "name": "bot", "role": "agent" })).await.expect(201);
        let company = Self { agent: text(&key["secret"]), served, org, owner, accountant, approver, second };
        let body = json!({ "type": "accountant", "model": "m-1", "budget": "1.00", "expense": "6100", "accrued": "2300" });
        company.write(Method::PUT, "/agents/bookkeeper", &company.owner.token, &body).await.expect(201);
        company
    }

    async fn write(&self, method: Method, path: &str, token: &str, body: &Value) -> Answer {
        let url = self.served.url(&format!("{}{path}", self.org));
        send(self.served.client.request(method, url).bearer_auth(token).header("idempotency-key", fresh_key()).json(body)).await
    }

    async fn post(&self, path: &str, token: &str, body: Value) -> Answer {
        self.write(Method::POST, path, token, &body).await
    }

    async fn get(&self, path: &str) -> Value {
        ask(&self.served, Method::GET, &format!("{}{path}", self.org), &self.owner.token).await.expect(200)
    }

    /// What somebody proposes.
    async fn propose(&self, by: &Person, body: Value) -> Value {
        self.post("/drafts", &by.token, body).await.expect(201)
    }

    /// The types of a history's events.
    async fn history(&self, path: &str) -> Vec<String> {
        let shown = self.get(path).await;
        shown["history"].as_array().unwrap().iter().map(|step| text(&step["type"])).collect()
    }

    /// What the agent drafts with its key: an entry of so much.
    async fn drafted(&self, amount: &str) -> Value {
        let body = json!({
            "entry": entry("2026-01-05", amount), "rationale": "the landlord's invoice", "evidence": ["document:INV-7"],
            "confidence": "0.92", "kind": "rent", "agent": { "code": "bookkeeper", "prompt_hash": "ab".repeat(32) },
        });
        self.post("/drafts", &self.agent, body).await.expect(201)
    }

    /// A policy by the owner: the first of the company.
    async fn policy(&self, code: &str, body: Value) {
        self.write(Method::PUT, &format!("/approval-policies/{code}"), &self.owner.token, &body).await.expect(201);
    }

    async fn vote(&self, request: &Value, by: &Person, hash: &Value, then_post: bool) -> Answer {
        let body = json!({ "vote": "approve", "hash": hash, "then_post": then_post });
        self.post(&format!("/approvals/{request}/vote"), &by.token, body).await
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("{value}")).to_owned()
}

async fn member(served: &Served, org: &str, subject: &str, role: &str) -> Person {
    let made = served.post(&format!("{org}/members"), json!({ "issuer": HS, "subject": subject, "role": role })).await.expect(201);
    Person { token: hs(&claims(HS, subject)), id: text(&made["id"]) }
}

/// What became of drafts and requests is told from the events that the read model names. Reading all of the stream gives the same,
/// for every place of it, however far the read model has come.
async fn assert_trails_are_whole(company: &Company) {
    let store = &company.served.running.app.store;
    let org = store.for_org(store.organizations().await.unwrap()[0].org);
    let commits: Vec<_> = org.commits(1, None).try_collect().await.unwrap();
    let events: Vec<Recorded> =
        commits.into_iter().flat_map(|commit| to_chain(org.org(), commit).events().map(Result::unwrap).collect::<Vec<_>>()).collect();
    let mut admin = company.served.database.admin_options().connect().await.unwrap();
    let mut told = 0;
    for state in ["as it is", "up to date", "of an older program"] {
        if state == "up to date" {
            up_to_date(&org, &events).await;
        } else if state == "of an older program" {
            sqlx::query("UPDATE read.projection_checkpoint SET version = 1 WHERE name = 'draft'").execute(&mut admin).await.unwrap();
        }
        for at in 1..=u64::try_from(events.len()).unwrap() + 1 {
            let (draft, request) = (trail::of_draft(&org, at).await.unwrap(), trail::of_request(&org, at).await.unwrap());
            assert_eq!(draft, draft_by_scan(&events, at), "draft {at}, {state}");
            assert_eq!(request, request_by_scan(&events, at), "request {at}, {state}");
            told += draft.len() + request.len();
        }
    }
    assert!(told > 10, "there are drafts");
    up_to_date(&org, &events).await;
}

async fn up_to_date(org: &OrgStore, events: &[Recorded]) {
    for _ in 0..200 {
        ledger_projections::catch_up(org, |_| ()).await.ok();
        if ledger_projections::draft::events_of(org, 1).await.unwrap().is_some_and(|(applied, _)| applied >= events.last().unwrap().seq) {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    panic!("the read model of drafts does not come");
}

fn draft_by_scan(events: &[Recorded], draft: Seq) -> Vec<Recorded> {
    let mut found: Vec<Recorded> = Vec::new();
    for recorded in events.iter().filter(|recorded| recorded.seq >= draft) {
        let is_request = |seq: Seq| found.iter().any(|kept| kept.seq == seq && matches!(kept.event, Event::ApprovalRequested(_)));
        let keep = match about(&recorded.event) {
            _ if recorded.seq == draft => matches!(recorded.event, Event::Drafted(_)),
            (of, request) => of == Some(draft) || request.is_some_and(is_request),
        };
        match keep {
            false if recorded.seq == draft => break,
            false => continue,
            true => found.push(recorded.clone()),
        }
        if matches!(recorded.event, Event::DraftRejected { .. } | Event::DraftWithdrawn { .. } | Event::DraftPosted(_)) {
            break;
        }
    }
    found
}

fn request_by_scan(events: &[Recorded], request: Seq) -> Vec<Recorded> {
    let mut found = Vec::new();
    let begins = |recorded: &&Recorded| recorded.seq == request && matches!(recorded.event, Event::ApprovalRequested(_));
    if !events.iter().any(|recorded| begins(&recorded)) {
        return found;
    }
    for recorded in events {
        if recorded.seq == request || about(&recorded.event).1 == Some(request) {
            found.push(recorded.clone());
            let ends = matches!(
                recorded.event,
                Event::ApprovalExpired { .. }
                    | Event::ApprovalCompleted { approved: false, .. }
                    | Event::ApprovalInvalidated { .. }
                    | Event::DraftPosted(_)
            );
            if ends {
                break;
            }
        }
    }
    found
}

fn refusal(answer: &Answer) -> (u16, String) {
    answer.problem()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_agent_drafts_is_posted_by_somebody_else() {
    let company = Company::open().await;
    let draft = company.drafted("1200.00").await;
    assert_eq!((&draft["status"], &draft["subject"], &draft["posted"]), (&json!("pending"), &json!("entry"), &Value::Null));
    let (seq, hash, request) = (&draft["seq"], &draft["hash"], &draft["approval"]["request"]);
    assert!(request.is_u64() && draft["approval"]["policy"].is_null(), "the ledger itself asks: {draft}");

    // The agent neither posts, approves nor turns down; not even by what is for people only.
    for (path, body) in [
        (format!("/drafts/{seq}/post"), json!({})),
        (format!("/drafts/{seq}/reject"), json!({ "reason": "no" })),
        (format!("/approvals/{request}/vote"), json!({ "vote": "approve", "hash": hash })),
        ("/entries".to_owned(), entry("2026-01-05", "1.00")),
    ] {
        assert_eq!(refusal(&company.post(&path, &company.agent, body).await), (403, "FORBIDDEN".to_owned()), "{path}");
    }
    // It says which agent it is, of those that are registered.
    let nameless = json!({ "entry": entry("2026-01-05", "1.00") });
    assert_eq!(refusal(&company.post("/drafts", &company.agent, nameless.clone()).await), (422, "AGENT_UNNAMED".to_owned()));
    let stranger = json!({ "entry": entry("2026-01-05", "1.00"), "agent": { "code": "nobody" } });
    assert_eq!(refusal(&company.post("/drafts", &company.agent, stranger).await), (422, "AGENT_UNKNOWN".to_owned()));

    // Nobody posts it before it is approved.
    let early = company.post(&format!("/drafts/{seq}/post"), &company.accountant.token, json!({})).await;
    assert_eq!(refusal(&early), (409, "APPROVAL_NEEDED".to_owned()));
    // A vote is about what was looked at.
    let stale = company.vote(request, &company.approver, &json!("00".repeat(32)), true).await;
    assert_eq!(refusal(&stale), (409, "APPROVAL_CHANGED".to_owned()));
    let platform =
        company.served.post(&format!("{}/approvals/{request}/vote", company.org), json!({ "vote": "approve", "hash": hash })).await;
    assert_eq!(refusal(&platform), (403, "APPROVAL_NOT_ELIGIBLE".to_owned()), "only people vote");

    let voted = company.vote(request, &company.approver, hash, true).await.expect(201);
    assert_eq!(
        (&voted["status"], &voted["posted"]["route"], &voted["posted"]["four_eyes"]),
        (&json!("approved"), &json!("approved"), &json!(true))
    );
    assert_eq!(voted["posted"]["approvers"], json!([company.approver.id]));
    let posted = company.get(&format!("/entries/{}", voted["posted"]["event"])).await;
    assert_eq!(posted["lines"][0]["amount"], "1200.00");

    let shown = company.get(&format!("/drafts/{seq}")).await;
    assert_eq!(
        (&shown["status"], &shown["rationale"], &shown["confidence"]),
        (&json!("posted"), &json!("the landlord's invoice"), &json!("0.92"))
    );
    assert_eq!((&shown["source"]["agent"], &shown["source"]["evidence"]), (&json!("bookkeeper"), &json!(["document:INV-7"])));
    assert_eq!((&shown["votes"][0]["by"], &shown["content"]["fields"]["lines/1/amount"]), (&json!(company.approver.id), &json!("1200")));
    let types: Vec<&str> = shown["history"].as_array().unwrap().iter().map(|step| step["type"].as_str().unwrap()).collect();
    assert_eq!(types, ["EntryDrafted", "ApprovalRequested", "ApprovalVoted", "ApprovalCompleted", "DraftPosted"]);

    let list = company.get(&format!("/drafts?status=posted&limit=5&min_seq={}", voted["seq"])).await;
    assert_eq!(
        (&list["data"][0]["seq"], &list["data"][0]["four_eyes"], &list["data"][0]["agent"]),
        (seq, &json!(true), &json!("bookkeeper"))
    );
    let none = company.get("/drafts?status=pending&limit=5").await;
    assert_eq!((&none["data"], &none["next_cursor"]), (&json!([]), &Value::Null));
    let approvals = company.get(&format!("/approvals?status=approved&min_seq={}", voted["seq"])).await;
    assert_eq!((&approvals["data"][0]["seq"], &approvals["data"][0]["draft"]), (request, seq));
    let approval = company.get(&format!("/approvals/{request}")).await;
    assert_eq!((&approval["status"], &approval["votes"][0]["vote"]), (&json!("approved"), &json!("approve")));
    for path in ["/drafts/1", "/approvals/1", "/drafts/999999", "/agents/nobody", "/approval-policies/none"] {
        let missing = ask(&company.served, Method::GET, &format!("{}{path}", company.org), &company.owner.token).await;
        assert_eq!(refusal(&missing).0, 404, "{path}");
    }
    assert_trails_are_whole(&company).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_correction_shows_what_changed_and_ends_what_was_approved_before() {
    let company = Company::open().await;
    let two = json!({ "subjects": ["entry"], "when": { "amount_from": "1000.00" }, "steps": [{ "mode": "multiple", "count": 2, "eligible": ["role:approver", "role:owner"] }] });
    company.policy("large", two).await;
    // An entry above the threshold is not posted directly, one below it is.
    let direct = company.post("/entries", &company.accountant.token, entry("2026-01-05", "1000.00")).await;
    assert_eq!(refusal(&direct), (409, "APPROVAL_NEEDED".to_owned()));
    company.post("/entries", &company.accountant.token, entry("2026-01-05", "999.99")).await.expect(201);

    let body = json!({ "entry": entry("2026-01-05", "1000.00"), "rationale": "rent" });
    let draft = company.post("/drafts", &company.accountant.token, body).await.expect(201);
    let (seq, request) = (&draft["seq"], &draft["approval"]["request"]);
    assert_eq!(draft["approval"]["policy"], "large");
    let listed = company.get(&format!("/approvals/{request}")).await;
    let waiting = listed["steps"][0]["waiting_for"].as_array().unwrap();
    assert_eq!(waiting.len(), 3, "two approvers and the owner: {listed}");
    let first = company.vote(request, &company.approver, &draft["hash"], true).await.expect(201);
    assert_eq!((&first["status"], &first["posted"]), (&json!("pending"), &Value::Null));
    assert_eq!(refusal(&company.vote(request, &company.approver, &draft["hash"], true).await), (403, "APPROVAL_NOT_ELIGIBLE".to_owned()));

    // Petra corrects it: her own vote counts no more, and Paul's was on something else.
    let wrong =
        json!({ "reason": "x", "entry": entry("2026-01-05", "1100.00"), "payout": { "payee": "P", "date": "2026-01-05", "number": "1" } });
    assert_eq!(refusal(&company.post(&format!("/drafts/{seq}/correct"), &company.second.token, wrong).await).0, 400);
    let body = json!({ "reason": "the invoice says 1100", "entry": entry("2026-01-05", "1100.00") });
    let corrected = company.post(&format!("/drafts/{seq}/correct"), &company.second.token, body).await.expect(201);
    let again = &corrected["approval"]["request"];
    assert!(corrected["seq"] == *seq && corrected["hash"] != draft["hash"] && again != request, "{corrected}");
    let shown = company.get(&format!("/drafts/{seq}")).await;
    assert_eq!(
        shown["corrections"][0]["changes"],
        json!([
            { "field": "lines/1/amount", "before": "1000", "after": "1100" },
            { "field": "lines/2/amount", "before": "-1000", "after": "-1100" }
        ])
    );
    assert_eq!(
        (&shown["corrections"][0]["by"], &shown["proposed"]["fields"]["lines/1/amount"]),
        (&json!(company.second.id), &json!("1000"))
    );
    assert_eq!(company.get(&format!("/approvals/{request}")).await["status"], "invalidated");
    let gone = company.vote(request, &company.owner, &draft["hash"], true).await;
    assert_eq!(refusal(&gone), (404, "APPROVAL_UNKNOWN".to_owned()));
    let stale = company.vote(again, &company.owner, &draft["hash"], true).await;
    assert_eq!(refusal(&stale), (409, "APPROVAL_CHANGED".to_owned()));
    let own = company.vote(again, &company.second, &corrected["hash"], true).await;
    assert_eq!(refusal(&own), (403, "APPROVAL_NOT_ELIGIBLE".to_owned()), "who corrected it prepared it");
    company.vote(again, &company.owner, &corrected["hash"], false).await.expect(201);
    let last = company.vote(again, &company.approver, &corrected["hash"], false).await.expect(201);
    assert_eq!((&last["status"], &last["posted"]), (&json!("approved"), &Value::Null));
    let posted = company.post(&format!("/drafts/{seq}/post"), &company.approver.token, json!({})).await.expect(201);
    assert_eq!((&posted["draft"], &posted["posted"]["four_eyes"]), (seq, &json!(true)));

    // Whoever prepares does not approve, whatever his role.
    let body = json!({ "entry": entry("2026-01-06", "2000.00") });
    let own = company.post("/drafts", &company.owner.token, body).await.expect(201);
    let refused = company.vote(&own["approval"]["request"], &company.owner, &own["hash"], true).await;
    assert_eq!(refusal(&refused), (403, "APPROVAL_NOT_ELIGIBLE".to_owned()));
    company.post(&format!("/drafts/{}/withdraw", own["seq"]), &company.owner.token, json!({})).await.expect(201);
    assert_eq!(company.get(&format!("/drafts/{}", own["seq"])).await["status"], "withdrawn");
    let late = company.post(&format!("/drafts/{}/post", own["seq"]), &company.owner.token, json!({})).await;
    assert_eq!(refusal(&late), (404, "DRAFT_UNKNOWN".to_owned()));
    assert_trails_are_whole(&company).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn bills_and_reopenings_need_approval_where_a_policy_says_so() {
    let company = Company::open().await;
    let owner = &company.owner.token;
    company.post("/accounts/2000/control", owner, json!({ "side": "payable" })).await.expect(201);
    company.post("/parties", owner, json!({ "code": "V-1", "kind": "vendor" })).await.expect(201);
    company.post("/periods/2025-12/close", owner, json!({ "status": "hard-closed", "reason": "audited" })).await.expect(201);
    let terms = json!({
        "subjects": ["bill", "reopening"], "when": { "amount_from": "0" }, "steps": [{ "mode": "single", "eligible": ["role:approver"], "min_aal": 2 }],
    });
    company.policy("sensitive", terms).await;
    // A further policy, or a change of this one, is drafted and approved.
    let change = json!({ "code": "sensitive", "subjects": ["bill"], "steps": [{ "mode": "single" }] });
    let direct = company.write(Method::PUT, "/approval-policies/sensitive", owner, &change).await;
    assert_eq!(refusal(&direct), (409, "APPROVAL_NEEDED".to_owned()));
    let by_accountant = company.post("/drafts", &company.accountant.token, json!({ "policy": change })).await;
    assert_eq!(refusal(&by_accountant), (403, "FORBIDDEN".to_owned()));

    let reopen = company.post("/periods/2025-12/reopen", owner, json!({ "reason": "late" })).await;
    assert_eq!(refusal(&reopen), (409, "APPROVAL_NEEDED".to_owned()));
    let bill = json!({
        "kind": "bill", "party": "V-1", "date": "2026-01-07", "number": "B-1",
        "lines": [{ "description": "Paper", "quantity": "1", "unit_price": "50.00", "account": "6100" }],
    });
    let refused = company.post("/documents", &company.accountant.token, bill.clone()).await;
    assert_eq!(refusal(&refused), (409, "APPROVAL_NEEDED".to_owned()));
    let surely = hs(&with(claims(HS, "paul"), "aal", json!("aal2")));
    let paul = Person { token: surely, id: company.approver.id.clone() };
    for (proposed, subject) in
        [(json!({ "bill": bill }), "bill"), (json!({ "reopening": { "month": "2025-12", "reason": "late" } }), "reopening")]
    {
        let draft = company.post("/drafts", &company.accountant.token, proposed).await.expect(201);
        assert_eq!((&draft["subject"], &draft["approval"]["policy"]), (&json!(subject), &json!("sensitive")));
        let request = &draft["approval"]["request"];
        let weak = company.vote(request, &company.approver, &draft["hash"], true).await;
        assert_eq!(refusal(&weak), (403, "APPROVAL_NOT_ELIGIBLE".to_owned()), "a second factor is asked for");
        let voted = company.vote(request, &paul, &draft["hash"], true).await.expect(201);
        assert_eq!(voted["posted"]["route"], "approved", "{subject}");
    }
    assert_eq!(company.get("/documents/B-1").await["event_type"], "BillReceived");

    let drafted = company.post("/drafts", owner, json!({ "policy": change })).await.expect(201);
    company.vote(&drafted["approval"]["request"], &company.approver, &drafted["hash"], true).await.expect(201);
    let policy = company.get("/approval-policies/sensitive").await;
    assert_eq!((&policy["version"], &policy["subjects"]), (&json!(2), &json!(["bill"])));
    assert_trails_are_whole(&company).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deadline_asks_others_as_well_and_never_approves() {
    let company = Company::open().await;
    let terms = json!({
        "subjects": ["entry"], "steps": [{
            "mode": "single", "eligible": [format!("user:{}", company.approver.id)],
            "due_seconds": 1, "on_timeout": "escalate", "escalate_to": ["role:owner"], "escalate_due_seconds": 1,
        }],
    });
    company.policy("all", terms).await;
    let draft = company.drafted("10.00").await;
    let request = &draft["approval"]["request"];
    let refused = company.vote(request, &company.owner, &draft["hash"], true).await;
    assert_eq!(refusal(&refused), (403, "APPROVAL_NOT_ELIGIBLE".to_owned()), "not asked");
    let shown = |wanted: &'static str| {
        let company = &company;
        async move {
            for _ in 0..100 {
                deadlines::report(&company.served.running.app).await.unwrap();
                let shown = company.get(&format!("/approvals/{request}")).await;
                if shown["history"].as_array().unwrap().iter().any(|step| step["type"] == wanted) {
                    return shown;
                }
                tokio::time::sleep(std::time::Duration::from_millis(100)).await;
            }
            panic!("no {wanted}");
        }
    };
    let escalated = shown("ApprovalEscalated").await;
    assert_eq!((&escalated["status"], escalated["steps"][0]["waiting_for"].as_array().unwrap().len()), (&json!("pending"), 2));
    assert_eq!(
        (&escalated["steps"][0]["needed"], company.get(&format!("/drafts/{}", draft["seq"])).await["status"].clone()),
        (&json!(1), json!("pending"))
    );
    // What nobody decides expires, and approval is requested anew by whoever wants it.
    assert_eq!(shown("ApprovalExpired").await["status"], "expired");
    let early = company.post(&format!("/drafts/{}/post", draft["seq"]), &company.owner.token, json!({})).await;
    assert_eq!(refusal(&early), (409, "APPROVAL_NEEDED".to_owned()));
    let again = company.post(&format!("/drafts/{}/request", draft["seq"]), &company.accountant.token, json!({})).await.expect(200);
    let voted = company.vote(&again["request"], &company.approver, &draft["hash"], true).await.expect(201);
    assert_eq!(voted["posted"]["four_eyes"], true);
    assert_trails_are_whole(&company).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_that_acts_for_somebody_and_what_it_costs() {
    let company = Company::open().await;
    member(&company.served, &company.org, "bookkeeper", "agent").await;
    // A token that names both: the agent drafts for Paul, and Paul does not approve it.
    let both = hs(&with(claims(HS, "paul"), "act", json!({ "sub": "bookkeeper" })));
    let other = json!({ "entry": entry("2026-01-05", "5.00"), "agent": { "code": "else" } });
    assert_eq!(refusal(&company.post("/drafts", &both, other).await).0, 403, "another agent than the token's");
    let refused = company.post("/drafts", &both, json!({ "entry": entry("2026-01-05", "5.00") })).await;
    // An approver does not draft, and neither does an agent that acts for him.
    assert_eq!(refusal(&refused), (403, "FORBIDDEN".to_owned()));
    let both = hs(&with(claims(HS, "anna"), "act", json!({ "sub": "bookkeeper" })));
    let draft = company.post("/drafts", &both, json!({ "entry": entry("2026-01-05", "5.00") })).await.expect(201);
    let shown = company.get(&format!("/drafts/{}", draft["seq"])).await;
    assert_eq!((&shown["source"]["agent"], &shown["source"]["acted_for"]), (&json!("bookkeeper"), &json!(company.accountant.id)));
    let own = company.vote(&draft["approval"]["request"], &company.accountant, &draft["hash"], true).await;
    assert_eq!(refusal(&own), (403, "APPROVAL_NOT_ELIGIBLE".to_owned()));
    // Handed on, once.
    let path = format!("/approvals/{}/delegate", draft["approval"]["request"]);
    let handed = company.post(&path, &company.approver.token, json!({ "to": company.owner.id })).await;
    assert_eq!(refusal(&handed), (403, "APPROVAL_NOT_ELIGIBLE".to_owned()), "the owner has a vote of her own");
    company.post(&format!("/drafts/{}/reject", draft["seq"]), &company.second.token, json!({ "reason": "twice" })).await.expect(201);
    assert_eq!(company.get(&format!("/drafts/{}", draft["seq"])).await["ended"]["reason"], "twice");

    assert_eq!(company.get("/agents/bookkeeper").await["rejected"], 1);

    let run = json!({ "tokens_in": 900, "tokens_out": 100, "cost": "0.755", "latency_ms": 1200, "outcome": "succeeded" });
    let begin = company.post("/agents/bookkeeper/begin", &company.agent, json!({ "estimate": "0.90" })).await.expect(200);
    assert_eq!((&begin["budget"], &begin["left"]), (&json!("1"), &json!("1")));
    company.post("/agents/bookkeeper/runs", &company.agent, run.clone()).await.expect(201);
    let over = company.post("/agents/bookkeeper/begin", &company.agent, json!({ "estimate": "0.90" })).await;
    assert_eq!(refusal(&over), (422, "AGENT_OVER_BUDGET".to_owned()));
    assert_eq!(refusal(&company.post("/agents/nobody/runs", &company.agent, run).await), (404, "AGENT_UNKNOWN".to_owned()));
    let month = chrono::Utc::now().format("%Y-%m").to_string();
    let booked = company.post("/agents/book-costs", &company.owner.token, json!({ "month": month })).await.expect(201);
    assert!(booked["event_count"].as_u64().unwrap() >= 1);
    company.post("/agents/bookkeeper/suspend", &company.owner.token, json!({ "reason": "spends too much" })).await.expect(201);
    let suspended = json!({ "entry": entry("2026-01-05", "5.00"), "agent": { "code": "bookkeeper" } });
    assert_eq!(refusal(&company.post("/drafts", &company.agent, suspended).await), (422, "AGENT_SUSPENDED".to_owned()));
    let agent = company.get("/agents/bookkeeper").await;
    assert_eq!((&agent["suspended"], &agent["spent"][0]["cost"]), (&json!(true), &json!("0.755")));
    assert_eq!(company.get("/agents?limit=1").await["data"][0]["code"], "bookkeeper");
    company.post("/agents/bookkeeper/resume", &company.owner.token, json!({ "reason": "a new month" })).await.expect(201);
    assert_trails_are_whole(&company).await;
}
