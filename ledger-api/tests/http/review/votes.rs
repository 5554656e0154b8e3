//! Votes that are handed on, approval past the steps, votes whose posting the books refuse, deadlines that two servers see.

use ledger_api::http::review::deadlines;
use ledger_api::http::{Config, start};
use serde_json::{Value, json};

use super::{Company, refusal, text};
use crate::serving::send;
use crate::writes::entry;

#[tokio::test(flavor = "multi_thread")]
async fn a_vote_that_is_handed_on_counts_for_whose_it_was() {
    let company = Company::open().await;
    let paul = format!("user:{}", company.approver.id);
    company.policy("all", json!({ "subjects": ["entry"], "steps": [{ "mode": "single", "eligible": [paul] }] })).await;
    let draft = company.propose(&company.accountant, json!({ "entry": entry("2026-01-05", "10.00") })).await;
    let request = &draft["approval"]["request"];
    let hand_on =
        async |to: &str| company.post(&format!("/approvals/{request}/delegate"), &company.approver.token, json!({ "to": to })).await;
    for (to, refused) in [
        ("00000000-0000-0000-0000-000000000001", (422, "VOTER_UNKNOWN")),
        (company.accountant.id.as_str(), (403, "APPROVAL_NOT_ELIGIBLE")),
        (company.approver.id.as_str(), (403, "APPROVAL_NOT_ELIGIBLE")),
    ] {
        let (status, code) = refusal(&hand_on(to).await);
        assert_eq!((status, code.as_str()), refused, "{to}");
    }
    let before = company.vote(request, &company.second, &draft["hash"], true).await;
    assert_eq!(refusal(&before), (403, "APPROVAL_NOT_ELIGIBLE".to_owned()), "not asked");
    hand_on(&company.second.id).await.expect(201);
    let waiting = company.get(&format!("/approvals/{request}")).await;
    assert_eq!(waiting["steps"][0]["waiting_for"], json!([company.second.id]));
    let gone = company.vote(request, &company.approver, &draft["hash"], true).await;
    assert_eq!(refusal(&gone), (403, "APPROVAL_NOT_ELIGIBLE".to_owned()), "handed on");
    assert_eq!(refusal(&hand_on(&company.owner.id).await), (403, "APPROVAL_NOT_ELIGIBLE".to_owned()), "once");

    let voted = company.vote(request, &company.second, &draft["hash"], true).await.expect(201);
    assert_eq!((&voted["status"], &voted["not_posted"]), (&json!("approved"), &Value::Null));
    assert_eq!((&voted["posted"]["approvers"], &voted["posted"]["four_eyes"]), (&json!([company.second.id]), &json!(true)));
    for path in [format!("/drafts/{}", draft["seq"]), format!("/approvals/{request}")] {
        let shown = company.get(&path).await;
        assert_eq!((&shown["votes"][0]["by"], &shown["votes"][0]["seat"]), (&json!(company.second.id), &json!(company.approver.id)));
        let handed = shown["history"].as_array().unwrap().iter().find(|step| step["type"] == "ApprovalDelegated").unwrap();
        assert_eq!((&handed["body"]["from"], &handed["body"]["to"]), (&json!(company.approver.id), &json!(company.second.id)));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn approval_past_the_steps_needs_the_right_and_a_reason() {
    let company = Company::open().await;
    let steps = json!([{ "mode": "multiple", "count": 2, "eligible": ["role:approver"] }]);
    company
        .policy("large", json!({ "subjects": ["entry"], "when": { "amount_from": "100" }, "steps": steps, "allow_override": true }))
        .await;
    let draft = company.propose(&company.accountant, json!({ "entry": entry("2026-01-05", "100.00"), "rationale": "rent" })).await;
    let (seq, request, hash) = (&draft["seq"], &draft["approval"]["request"], &draft["hash"]);
    let path = format!("/approvals/{request}/override");
    let body = |hash: &Value, reason: &str| json!({ "hash": hash, "reason": reason });
    for (by, body, refused) in [
        (&company.approver, body(hash, "urgent"), (403, "FORBIDDEN")),
        (&company.accountant, body(hash, "urgent"), (403, "FORBIDDEN")),
        (&company.owner, body(&json!("00".repeat(32)), "urgent"), (409, "APPROVAL_CHANGED")),
        (&company.owner, body(hash, ""), (422, "INVALID_TEXT")),
        (&company.owner, json!({ "hash": hash }), (400, "MALFORMED_BODY")),
    ] {
        let (status, code) = refusal(&company.post(&path, &by.token, body.clone()).await);
        assert_eq!((status, code.as_str()), refused, "{body}");
    }
    company.post(&path, &company.owner.token, body(hash, "both approvers are away")).await.expect(201);
    let shown = company.get(&format!("/approvals/{request}")).await;
    assert_eq!(shown["status"], "overridden");
    let late = company.vote(request, &company.approver, hash, true).await;
    assert_eq!(refusal(&late), (404, "APPROVAL_UNKNOWN".to_owned()), "decided");
    let posted = company.post(&format!("/drafts/{seq}/post"), &company.accountant.token, json!({})).await.expect(201);
    assert_eq!(
        (&posted["posted"]["route"], &posted["posted"]["approvers"], &posted["posted"]["four_eyes"]),
        (&json!("overridden"), &json!([company.owner.id]), &json!(true))
    );
    let trail = company.get(&format!("/drafts/{seq}")).await;
    let past = trail["history"].as_array().unwrap().iter().find(|step| step["type"] == "ApprovalOverridden").unwrap();
    assert_eq!((&past["body"]["by"], &past["body"]["reason"]), (&json!(company.owner.id), &json!("both approvers are away")));
    assert_eq!(
        company.history(&format!("/drafts/{seq}")).await,
        ["EntryDrafted", "ApprovalRequested", "ApprovalOverridden", "DraftPosted"]
    );

    // Who prepared it does not get past the steps either.
    let own = company.propose(&company.owner, json!({ "entry": entry("2026-01-05", "200.00") })).await;
    let path = format!("/approvals/{}/override", own["approval"]["request"]);
    let refused = company.post(&path, &company.owner.token, body(&own["hash"], "urgent")).await;
    assert_eq!(refusal(&refused), (403, "APPROVAL_NOT_ELIGIBLE".to_owned()));
    // Where no policy allows it, nobody does.
    let drafted = company.drafted("10.00").await;
    let path = format!("/approvals/{}/override", drafted["approval"]["request"]);
    let refused = company.post(&path, &company.owner.token, body(&drafted["hash"], "urgent")).await;
    assert_eq!(refusal(&refused), (403, "APPROVAL_NOT_ELIGIBLE".to_owned()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_vote_says_why_the_books_would_not_post_and_says_it_again() {
    let company = Company::open().await;
    let owner = &company.owner.token;
    let draft = company.drafted("30.00").await;
    let (seq, request) = (&draft["seq"], &draft["approval"]["request"]);
    company.post("/periods/2026-01/close", owner, json!({ "status": "hard-closed", "reason": "audited" })).await.expect(201);
    let vote = async || {
        let url = company.served.url(&format!("{}/approvals/{request}/vote", company.org));
        let body = json!({ "vote": "approve", "hash": draft["hash"], "then_post": true });
        let request = company.served.client.post(url).bearer_auth(&company.approver.token).header("idempotency-key", "the-vote");
        send(request.json(&body)).await
    };
    let voted = vote().await.expect(201);
    assert_eq!((&voted["status"], &voted["posted"]), (&json!("approved"), &Value::Null));
    let why = &voted["not_posted"];
    assert_eq!((&why["code"], &why["status"]), (&json!("PERIOD_CLOSED"), &json!(422)), "{voted}");
    assert!(text(&why["detail"]).contains("2026-01") && why["hint"].is_string(), "{why}");
    let refused = company.post(&format!("/drafts/{seq}/post"), owner, json!({})).await;
    assert_eq!((refused.status, &refused.json()["code"], &refused.json()["detail"]), (422, &why["code"], &why["detail"]));

    // The same answer to the same key, whatever has become of it since.
    for step in ["at once", "once the month is open again", "once it is posted"] {
        let again = vote().await;
        assert_eq!(again.header("idempotent-replayed"), Some("true"), "{step}");
        assert_eq!(again.expect(201), voted, "{step}");
        match step {
            "at once" => company.post("/periods/2026-01/reopen", owner, json!({ "reason": "late" })).await.expect(201),
            _ if step.ends_with("again") => company.post(&format!("/drafts/{seq}/post"), owner, json!({})).await.expect(201),
            _ => Value::Null,
        };
    }
    // Nothing is said where nothing was asked for, or nothing is approved yet.
    let kept = company.drafted("31.00").await;
    let voted = company.vote(&kept["approval"]["request"], &company.approver, &kept["hash"], false).await.expect(201);
    assert_eq!((&voted["status"], &voted["posted"], &voted["not_posted"]), (&json!("approved"), &Value::Null, &Value::Null));
}

#[tokio::test(flavor = "multi_thread")]
async fn two_servers_that_see_one_deadline_report_it_once() {
    let company = Company::open().await;
    let second =
        start(company.served.database.store().await, Config { listen: ([127, 0, 0, 1], 0).into(), ..Config::default() }).await.unwrap();
    let terms = json!({ "subjects": ["entry"], "steps": [{
        "mode": "single", "eligible": [format!("user:{}", company.approver.id)],
        "due_seconds": 1, "on_timeout": "escalate", "escalate_to": ["role:owner"], "escalate_due_seconds": 3600 }] });
    company.policy("all", terms).await;
    let mut requests = Vec::new();
    for amount in ["10.00", "11.00", "12.00"] {
        requests.push(company.drafted(amount).await["approval"]["request"].clone());
    }
    tokio::time::sleep(std::time::Duration::from_millis(1100)).await;
    // Whether a server finds one depends on how far the read model has come; both look until nothing is overdue.
    let mut found = (0, 0);
    for _ in 0..100 {
        let (one, other) = tokio::join!(deadlines::report(&company.served.running.app), deadlines::report(&second.app));
        let (one, other) = (one.unwrap(), other.unwrap());
        found = (found.0 + one, found.1 + other);
        if one + other == 0 && found.0 + found.1 >= requests.len() {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    assert!(found.0 + found.1 >= requests.len(), "{found:?}");
    for request in &requests {
        assert_eq!(company.history(&format!("/approvals/{request}")).await, ["ApprovalRequested", "ApprovalEscalated"]);
        let shown = company.get(&format!("/approvals/{request}")).await;
        assert_eq!((&shown["status"], shown["steps"][0]["waiting_for"].as_array().unwrap().len()), (&json!("pending"), 2));
    }
    second.stop().await;
}
