//! Who may what, over HTTP: keys, members, invitations, roles, workspaces, plans, and attempts to get more than one has.

use ledger_api::http::Config;
use ledger_api::http::identity::Tier;
use ledger_store::testing::TestDatabase;
use reqwest::Method;
use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, ConnectOptions};

use crate::serving::{Answer, Served, fresh_key, send};
use crate::tokens::{HS, ask, claims, config, hs, with};

/// A write by somebody.
async fn write(served: &Served, method: Method, path: &str, token: &str, body: &Value) -> Answer {
    send(served.client.request(method, served.url(path)).bearer_auth(token).header("idempotency-key", fresh_key()).json(body)).await
}

async fn post(served: &Served, path: &str, token: &str, body: Value) -> Answer {
    write(served, Method::POST, path, token, &body).await
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("{value}")).to_owned()
}

/// A member by the platform's hand; answers token and id.
async fn member(served: &Served, org: &str, subject: &str, more: Value) -> (String, String) {
    let mut body = json!({ "issuer": HS, "subject": subject });
    more.as_object().unwrap().iter().for_each(|(name, value)| body[name] = value.clone());
    let made = served.post(&format!("{org}/members"), body).await.expect(201);
    (hs(&claims(HS, subject)), text(&made["id"]))
}

async fn run(database: &TestDatabase, statement: &str) {
    let mut connection = database.admin_options().connect().await.unwrap();
    let done = sqlx::query(AssertSqlSafe(statement.to_owned())).execute(&mut connection).await.unwrap();
    assert!(done.rows_affected() > 0, "{statement}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_is_made_shown_once_rotated_and_revoked() {
    let served = Served::start().await;
    let org = served.org("acme").await;
    let keys = format!("{org}/api-keys");
    let body = json!({ "name": "billing", "role": "operator", "scopes": ["entries:create", "organizations:read"] });
    let made = served.post_keyed(&keys, "one", &body).await.expect(201);
    let again = served.post_keyed(&keys, "one", &body).await;
    assert_eq!(again.header("idempotent-replayed"), Some("true"));
    let again = again.expect(201);
    assert_eq!((&again["id"], &again["secret"]), (&made["id"], &Value::Null), "shown once");
    let (secret, id) = (text(&made["secret"]), text(&made["id"]));
    assert!(secret.starts_with("lsk_"));

    assert_eq!(ask(&served, Method::GET, &org, &secret).await.status, 200);
    assert_eq!(ask(&served, Method::GET, &format!("{org}/plan"), &secret).await.problem(), (403, "FORBIDDEN".to_owned()), "out of scope");
    let me = ask(&served, Method::GET, &format!("{org}/me"), &secret).await.expect(200);
    assert_eq!(
        (&me["kind"], &me["id"], &me["permissions"]),
        (&json!("api-key"), &made["id"], &json!(["organizations:read", "entries:create", "me:create", "me:read"]))
    );
    assert_eq!(ask(&served, Method::GET, "/v1/me", &secret).await.expect(200)["organization"], "acme");

    let rotated = served.post(&format!("{keys}/{id}/rotation"), json!({})).await.expect(200);
    let second = text(&rotated["secret"]);
    for token in [&secret, &second] {
        assert_eq!(ask(&served, Method::GET, &org, token).await.status, 200, "both, for a while");
    }
    let third = text(&served.post(&format!("{keys}/{id}/rotation"), json!({ "overlap_seconds": 0 })).await.expect(200)["secret"]);
    for (token, status) in [(&secret, 401), (&second, 401), (&third, 200)] {
        assert_eq!(ask(&served, Method::GET, &org, token).await.status, status);
    }
    let too_long = served.post(&format!("{keys}/{id}/rotation"), json!({ "overlap_seconds": 604_801 })).await;
    assert_eq!(too_long.problem(), (422, "OVERLAP_TOO_LONG".to_owned()));

    let shown = served.get(&format!("{keys}/{id}")).await.expect(200);
    assert!(shown.get("secret").is_none() && shown["rotated_at"].is_string());
    served.write(Method::DELETE, &format!("{keys}/{id}"), &json!({})).await.expect(200);
    assert_eq!(ask(&served, Method::GET, &org, &third).await.problem(), (401, "CREDENTIALS_UNKNOWN".to_owned()));
    assert_eq!(served.write(Method::DELETE, &format!("{keys}/{id}"), &json!({})).await.problem(), (409, "KEY_REVOKED".to_owned()));
    let nothing = format!("{keys}/00000000-0000-0000-0000-000000000000");
    assert_eq!(served.get(&nothing).await.problem().0, 404);
    assert_eq!(served.get(&format!("{keys}/x")).await.problem().0, 404);

    for (body, refusal) in [
        (json!({ "name": "x", "role": "root" }), (422, "ROLE_UNKNOWN")),
        (json!({ "name": "", "role": "viewer" }), (422, "NAME_INVALID")),
        (json!({ "name": "x", "role": "viewer", "scopes": ["entries:post"] }), (422, "PERMISSION_UNKNOWN")),
        (json!({ "name": "x", "role": "viewer", "workspace": "north" }), (422, "WORKSPACE_UNKNOWN")),
        (json!({ "name": "x", "role": "viewer", "expires_at": "2020-01-01T00:00:00Z" }), (422, "EXPIRED_ALREADY")),
        (json!({ "name": "x", "role": "viewer", "more": 1 }), (400, "MALFORMED_BODY")),
    ] {
        let problem = served.post(&keys, body.clone()).await.problem();
        assert_eq!((problem.0, problem.1.as_str()), refusal, "{body}");
    }
    // Pages neither skip nor repeat.
    for n in 0..4 {
        served.post(&keys, json!({ "name": format!("k{n}"), "role": "viewer" })).await.expect(201);
    }
    let (mut names, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = served.get(&format!("{keys}?limit=2{cursor}")).await.expect(200);
        names.extend(page["data"].as_array().unwrap().iter().map(|key| text(&key["name"])));
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    assert_eq!(names, ["billing", "k0", "k1", "k2", "k3"]);
    assert_eq!(served.get(&format!("{keys}?cursor=x")).await.problem(), (400, "CURSOR_INVALID".to_owned()));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invitation_brings_one_person_in_once() {
    let served = Served::with(config(None)).await;
    let org = served.org("acme").await;
    let invitations = format!("{org}/invitations");
    let invite = |body: Value| served.post(&invitations, body);
    let accept = |secret: String, token: String| {
        let served = &served;
        async move { post(served, "/v1/invitations/accept", &token, json!({ "secret": secret })).await }
    };
    let ann = hs(&claims(HS, "ann"));
    let made = invite(json!({ "role": "owner" })).await.expect(201);
    assert_eq!(made["status"], "open");
    let secret = text(&made["secret"]);
    assert_eq!(ask(&served, Method::GET, &org, &ann).await.problem().0, 404, "not yet");
    let mut forged = secret.clone();
    forged.replace_range(60..62, if &secret[60..62] == "AA" { "BB" } else { "AA" });
    for wrong in ["", "lsi_", &secret[..80], &forged] {
        assert_eq!(accept(wrong.to_owned(), ann.clone()).await.problem().0, 404, "{wrong}");
    }
    let key = text(&served.post(&format!("{org}/api-keys"), json!({ "name": "k", "role": "owner" })).await.expect(201)["secret"]);
    assert_eq!(accept(secret.clone(), key).await.problem(), (403, "FORBIDDEN".to_owned()), "a key is nobody");
    let by_agent = hs(&with(claims(HS, "ann"), "act", json!({ "sub": "bot" })));
    assert_eq!(accept(secret.clone(), by_agent).await.problem().0, 403);

    let first = accept(secret.clone(), ann.clone()).await.expect(200);
    assert_eq!((&first["organization"], &first["member"]["role"]), (&json!("acme"), &json!("owner")));
    assert_eq!(ask(&served, Method::GET, &org, &ann).await.status, 200, "at once");
    let again = accept(secret.clone(), ann.clone()).await;
    assert_eq!((again.status, again.header("idempotent-replayed")), (200, Some("true")));
    assert_eq!(accept(secret.clone(), hs(&claims(HS, "bob"))).await.problem(), (409, "INVITATION_USED".to_owned()));
    let second = text(&invite(json!({ "role": "viewer" })).await.expect(201)["secret"]);
    assert_eq!(accept(second.clone(), ann.clone()).await.problem(), (409, "MEMBER_ALREADY".to_owned()));

    // Everybody at once: one of them.
    let crowd = (0..8).map(|n| accept(second.clone(), hs(&claims(HS, &format!("c{n}")))));
    let came: Vec<u16> = futures::future::join_all(crowd).await.into_iter().map(|answer| answer.status).collect();
    assert_eq!(came.iter().filter(|status| **status == 200).count(), 1, "{came:?}");
    assert!(came.iter().all(|status| [200, 409].contains(status)), "{came:?}");

    // For somebody: only who has the address.
    let third = text(&invite(json!({ "role": "viewer", "email": "Dan@Example.com" })).await.expect(201)["secret"]);
    let dan = |email: Value| hs(&with(claims(HS, "dan"), "email", email));
    for wrong in [json!("eve@example.com"), Value::Null] {
        assert_eq!(accept(third.clone(), dan(wrong)).await.problem(), (403, "INVITATION_FOR_ANOTHER".to_owned()));
    }
    let unverified = hs(&with(with(claims(HS, "dan"), "email", json!("dan@example.com")), "email_verified", json!(false)));
    assert_eq!(accept(third.clone(), unverified).await.problem().1, "INVITATION_FOR_ANOTHER");
    accept(third, dan(json!("dan@example.com"))).await.expect(200);

    // Taken back, or too late.
    let revoked = invite(json!({ "role": "viewer" })).await.expect(201);
    served.write(Method::DELETE, &format!("{invitations}/{}", text(&revoked["id"])), &json!({})).await.expect(200);
    let eve = || hs(&claims(HS, "eve"));
    assert_eq!(accept(text(&revoked["secret"]), eve()).await.problem(), (409, "INVITATION_REVOKED".to_owned()));
    let late = invite(json!({ "role": "viewer" })).await.expect(201);
    let lasts = chrono::DateTime::parse_from_rfc3339(late["expires_at"].as_str().unwrap()).unwrap()
        - chrono::DateTime::parse_from_rfc3339(late["created_at"].as_str().unwrap()).unwrap();
    assert_eq!(lasts, chrono::Duration::days(7));
    run(
        &served.database,
        &format!("UPDATE control.invitation SET expires_at = now() - interval '1 second' WHERE invitation_id = '{}'", text(&late["id"])),
    )
    .await;
    assert_eq!(accept(text(&late["secret"]), eve()).await.problem(), (409, "INVITATION_EXPIRED".to_owned()));
    let listed = served.get(&invitations).await.expect(200);
    let states: Vec<(String, Value)> =
        listed["data"].as_array().unwrap().iter().map(|one| (text(&one["status"]), one["email"].clone())).collect();
    let expected = ["accepted", "accepted", "accepted", "revoked", "expired"].map(|state| (state.to_owned(), Value::Null));
    assert_eq!(states, expected, "and no address is kept");
}

#[tokio::test(flavor = "multi_thread")]
async fn there_is_always_an_owner() {
    let served = Served::with(config(None)).await;
    let org = served.org("acme").await;
    let (ann, ann_id) = member(&served, &org, "ann", json!({ "role": "owner" })).await;
    let at = |id: &str| format!("{org}/members/{id}");
    for attempt in [
        write(&served, Method::DELETE, &at(&ann_id), &ann, &json!({})).await,
        write(&served, Method::PUT, &at(&ann_id), &ann, &json!({ "role": "administrator" })).await,
        served.write(Method::DELETE, &at(&ann_id), &json!({})).await,
    ] {
        assert_eq!(attempt.problem(), (409, "LAST_OWNER".to_owned()));
    }
    let (bob, bob_id) = member(&served, &org, "bob", json!({ "role": "owner" })).await;
    // Both take the other out at once.
    let (bobs, anns, nothing) = (at(&bob_id), at(&ann_id), json!({}));
    let (first, second) =
        tokio::join!(write(&served, Method::DELETE, &bobs, &ann, &nothing), write(&served, Method::DELETE, &anns, &bob, &nothing));
    let mut outcome = [first.status, second.status];
    outcome.sort_unstable();
    // The slower one is refused: he is no member any more (404), or would take the last owner (409).
    assert!(outcome == [200, 404] || outcome == [200, 409], "{outcome:?}");
    let left = served.get(&format!("{org}/members")).await.expect(200);
    assert_eq!(left["data"].as_array().unwrap().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_gets_more_than_somebody_had() {
    let served = Served::with(config(None)).await;
    let org = served.org("acme").await;
    let (owner, owner_id) = member(&served, &org, "ann", json!({ "role": "owner" })).await;
    let (admin, admin_id) = member(&served, &org, "adam", json!({ "role": "administrator" })).await;
    let (less, less_id) =
        member(&served, &org, "less", json!({ "role": "administrator", "denied_permissions": ["periods:approve"] })).await;
    let (clerk, clerk_id) = member(&served, &org, "clerk", json!({ "role": "accountant" })).await;
    let owners_key = served.post(&format!("{org}/api-keys"), json!({ "name": "o", "role": "owner" })).await.expect(201);
    let owners_key = text(&owners_key["id"]);
    let paths = |rest: &str| format!("{org}/{rest}");
    let key = |role: &str| json!({ "name": "k", "role": role });
    let new = |role: &str| json!({ "issuer": HS, "subject": fresh_key(), "role": role });
    let cases: Vec<(&str, &str, Method, String, Value, &str)> = vec![
        ("an administrator makes an owner's key", &admin, Method::POST, paths("api-keys"), key("owner"), "GRANT_EXCEEDS"),
        ("an administrator makes an owner", &admin, Method::POST, paths("members"), new("owner"), "GRANT_EXCEEDS"),
        ("an administrator invites an owner", &admin, Method::POST, paths("invitations"), json!({ "role": "owner" }), "GRANT_EXCEEDS"),
        (
            "an administrator makes himself owner",
            &admin,
            Method::PUT,
            paths(&format!("members/{admin_id}")),
            json!({ "role": "owner" }),
            "GRANT_EXCEEDS",
        ),
        (
            "an administrator demotes the owner",
            &admin,
            Method::PUT,
            paths(&format!("members/{owner_id}")),
            json!({ "role": "viewer" }),
            "OWNERS_ONLY",
        ),
        ("an administrator removes the owner", &admin, Method::DELETE, paths(&format!("members/{owner_id}")), json!({}), "OWNERS_ONLY"),
        (
            "an administrator takes the owner's key over",
            &admin,
            Method::POST,
            paths(&format!("api-keys/{owners_key}/rotation")),
            json!({}),
            "OWNERS_ONLY",
        ),
        (
            "an administrator revokes the owner's key",
            &admin,
            Method::DELETE,
            paths(&format!("api-keys/{owners_key}")),
            json!({}),
            "OWNERS_ONLY",
        ),
        ("what was taken away is given to a key", &less, Method::POST, paths("api-keys"), key("administrator"), "GRANT_EXCEEDS"),
        ("or to an approver", &less, Method::POST, paths("members"), new("approver"), "GRANT_EXCEEDS"),
        ("or to himself", &less, Method::PUT, paths(&format!("members/{less_id}")), json!({ "role": "administrator" }), "GRANT_EXCEEDS"),
        (
            "or through a role",
            &less,
            Method::POST,
            paths("roles"),
            json!({ "code": "x", "name": "x", "base_role": "viewer", "extra_permissions": ["periods:approve"] }),
            "GRANT_EXCEEDS",
        ),
        (
            "an owner gives authority in pieces",
            &owner,
            Method::PUT,
            paths(&format!("members/{clerk_id}")),
            json!({ "role": "accountant", "extra_permissions": ["members:create"] }),
            "PERMISSION_NOT_GRANTABLE",
        ),
        ("an accountant makes a key", &clerk, Method::POST, paths("api-keys"), key("viewer"), "FORBIDDEN"),
        (
            "an accountant promotes himself",
            &clerk,
            Method::PUT,
            paths(&format!("members/{clerk_id}")),
            json!({ "role": "owner" }),
            "FORBIDDEN",
        ),
        ("an owner changes the plan", &owner, Method::PUT, paths("plan"), json!({ "plan": "enterprise" }), "FORBIDDEN"),
        (
            "an owner creates an organization",
            &owner,
            Method::POST,
            "/v1/orgs".to_owned(),
            json!({ "slug": "mine", "name": "m", "functional_currency": "EUR" }),
            "FORBIDDEN",
        ),
    ];
    for (what, token, method, path, body, code) in cases {
        let problem = write(&served, method, &path, token, &body).await.problem();
        assert_eq!(problem.1, code, "{what}: {problem:?}");
    }
    // What is allowed is: also to the one who has less.
    post(&served, &paths("members"), &less, new("accountant")).await.expect(201);
    let same = json!({ "issuer": HS, "subject": "same", "role": "administrator", "denied_permissions": ["periods:approve"] });
    post(&served, &paths("members"), &less, same).await.expect(201);
    post(&served, &paths("members"), &owner, new("owner")).await.expect(201);
    // A key that is narrowed gives no more than that.
    let narrow = json!({ "name": "n", "role": "administrator", "scopes": ["api-keys:create", "reports:read"] });
    let narrow = text(&post(&served, &paths("api-keys"), &owner, narrow).await.expect(201)["secret"]);
    assert_eq!(post(&served, &paths("api-keys"), &narrow, key("viewer")).await.problem().1, "GRANT_EXCEEDS");
    // An unknown issuer vouches for nobody.
    let body = json!({ "issuer": "https://evil.example", "subject": "x", "role": "viewer" });
    assert_eq!(post(&served, &paths("members"), &owner, body).await.problem(), (422, "ISSUER_UNKNOWN".to_owned()));
}

#[tokio::test(flavor = "multi_thread")]
async fn roles_of_one_s_own() {
    let served = Served::with(config(None)).await;
    let org = served.org("acme").await;
    let roles = format!("{org}/roles");
    let role = json!({ "code": "closer", "name": "Closes", "base_role": "viewer", "extra_permissions": ["audit-log:read"], "denied_permissions": ["workspaces:read"] });
    let made = served.post(&roles, role.clone()).await.expect(201);
    assert!(made["permissions"].as_array().unwrap().contains(&json!("audit-log:read")));
    for (code, refusal) in [("closer", "ROLE_EXISTS"), ("owner", "ROLE_EXISTS"), ("Closer", "CODE_INVALID")] {
        let mut body = role.clone();
        body["code"] = json!(code);
        assert_eq!(served.post(&roles, body).await.problem().1, refusal, "{code}");
    }
    let from_owner = json!({ "code": "x", "name": "x", "base_role": "owner" });
    assert_eq!(served.post(&roles, from_owner).await.problem().1, "OWNER_IS_WHOLE");

    let (ann, id) = member(&served, &org, "ann", json!({ "role": "closer" })).await;
    let log = format!("{org}/audit-log");
    assert_eq!(ask(&served, Method::GET, &log, &ann).await.status, 200);
    assert_eq!(ask(&served, Method::GET, &format!("{org}/workspaces"), &ann).await.problem().0, 403);
    assert_eq!(served.write(Method::DELETE, &format!("{roles}/closer"), &json!({})).await.problem(), (409, "ROLE_IN_USE".to_owned()));
    served.write(Method::PUT, &format!("{roles}/closer"), &json!({ "name": "Looks" })).await.expect(200);
    assert_eq!(ask(&served, Method::GET, &log, &ann).await.problem().0, 403, "at once, for all who have it");
    assert_eq!(
        served.write(Method::PUT, &format!("{roles}/viewer"), &json!({ "name": "x" })).await.problem(),
        (409, "ROLE_BUILT_IN".to_owned())
    );
    let after = served
        .write(Method::PUT, &format!("{org}/members/{id}"), &json!({ "role": "viewer", "extra_permissions": ["audit-log:read"] }))
        .await;
    assert_eq!(after.expect(200)["extra_permissions"], json!(["audit-log:read"]));
    assert_eq!(ask(&served, Method::GET, &log, &ann).await.status, 200);
    served.write(Method::DELETE, &format!("{roles}/closer"), &json!({})).await.expect(200);
    let listed = ask(&served, Method::GET, &roles, &ann).await.expect(200);
    assert_eq!(listed["data"].as_array().unwrap().len(), 9, "the built-in ones");
}

#[tokio::test(flavor = "multi_thread")]
async fn workspaces_bound_who_is_limited_to_them() {
    let served = Served::with(config(None)).await;
    let org = served.org("acme").await;
    for code in ["north", "south"] {
        served.post(&format!("{org}/workspaces"), json!({ "code": code, "name": code })).await.expect(201);
    }
    assert_eq!(served.post(&format!("{org}/workspaces"), json!({ "code": "north", "name": "n" })).await.problem().1, "WORKSPACE_EXISTS");
    let (north, _) = member(&served, &org, "n", json!({ "role": "administrator", "workspaces": ["north"] })).await;
    let (both, _) = member(&served, &org, "b", json!({ "role": "administrator", "workspaces": ["north", "south"] })).await;
    let (whole, _) = member(&served, &org, "w", json!({ "role": "administrator" })).await;
    let me = |token: String, workspace: Option<&'static str>| {
        let mut request = served.client.get(served.url(&format!("{org}/me"))).bearer_auth(token);
        if let Some(code) = workspace {
            request = request.header("ledger-workspace", code);
        }
        async move {
            let answer = send(request).await;
            if answer.status == 200 { answer.json()["workspace"].clone() } else { json!(answer.problem().1) }
        }
    };
    for (token, named, answer) in [
        (&north, None, json!("north")),
        (&north, Some("north"), json!("north")),
        (&north, Some("south"), json!("WORKSPACE_NOT_YOURS")),
        (&both, None, json!("WORKSPACE_REQUIRED")),
        (&both, Some("south"), json!("south")),
        (&whole, None, Value::Null),
        (&whole, Some("south"), json!("south")),
        (&whole, Some("west"), json!("WORKSPACE_NOT_YOURS")),
    ] {
        assert_eq!(me(token.clone(), named).await, answer, "{named:?}");
    }
    let seen = ask(&served, Method::GET, &format!("{org}/members"), &north).await.expect(200);
    let seen: Vec<String> = seen["data"].as_array().unwrap().iter().map(|one| text(&one["subject"])).collect();
    assert_eq!(seen, ["n", "b"], "who works there");
    for (body, allowed) in [
        (json!({ "name": "k", "role": "viewer", "workspace": "north" }), true),
        (json!({ "name": "k", "role": "viewer", "workspace": "south" }), false),
        (json!({ "name": "k", "role": "viewer" }), false),
    ] {
        let answer = post(&served, &format!("{org}/api-keys"), &north, body.clone()).await;
        assert_eq!(answer.status == 201, allowed, "{body}: {}", answer.text);
        assert!(answer.status < 500, "{}", answer.text);
    }
    assert_eq!(post(&served, &format!("{org}/workspaces"), &north, json!({ "code": "x", "name": "x" })).await.problem().0, 403);
    served.write(Method::PUT, &format!("{org}/workspaces/north"), &json!({ "name": "North", "archived": true })).await.expect(200);
    assert_eq!(me(whole, Some("north")).await, json!("WORKSPACE_NOT_YOURS"), "closed");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_is_enforced_and_says_what_is_used() {
    let served = Served::with(Config { plan: Tier::Starter, ..config(None) }).await;
    let org = served.org("acme").await;
    let (ann, _) = member(&served, &org, "ann", json!({ "role": "owner" })).await;
    let invitations = format!("{org}/invitations");
    let invite = |role: &str| post(&served, &invitations, &ann, json!({ "role": role }));
    assert_eq!(invite("viewer").await.status, 201);
    let waiting = text(&invite("viewer").await.expect(201)["secret"]);
    let full = invite("viewer").await;
    assert_eq!(full.problem(), (403, "PLAN_LIMIT".to_owned()));
    assert_eq!(full.json()["detail"], "the plan starter has room for 3 members, and 3 are in use");
    post(&served, "/v1/invitations/accept", &hs(&claims(HS, "bob")), json!({ "secret": waiting })).await.expect(200);
    assert_eq!(invite("agent").await.status, 201, "agents are counted apart");
    served.post(&format!("{org}/members"), json!({ "issuer": HS, "subject": "bot", "role": "agent" })).await.expect(201);
    assert_eq!(invite("agent").await.problem().1, "PLAN_LIMIT");

    let keys = format!("{org}/api-keys");
    let lacks = post(&served, &keys, &ann, json!({ "name": "k", "role": "viewer" })).await;
    assert_eq!(lacks.problem(), (403, "PLAN_FEATURE".to_owned()));
    assert_eq!(lacks.json()["detail"], "the plan starter does not have api-access");
    let key = text(&served.post(&keys, json!({ "name": "k", "role": "viewer" })).await.expect(201)["secret"]);
    assert_eq!(ask(&served, Method::GET, &org, &key).await.problem().1, "PLAN_FEATURE", "a key of better days");

    let agreed = json!({ "plan": "starter", "members": 4, "features": ["api-access"], "requests_per_minute": 30 });
    let plan = served.write(Method::PUT, &format!("{org}/plan"), &agreed).await.expect(200);
    assert_eq!((&plan["members"], &plan["features"]), (&json!({ "limit": 4, "used": 3 }), &json!(["api-access"])));
    assert_eq!(ask(&served, Method::GET, &org, &key).await.status, 200, "at once");
    assert_eq!(invite("viewer").await.status, 201);
    for body in [
        json!({ "plan": "gold" }),
        json!({ "plan": "custom", "features": ["flying"] }),
        json!({ "plan": "custom", "requests_per_minute": 0 }),
    ] {
        assert_eq!(served.write(Method::PUT, &format!("{org}/plan"), &body).await.problem().0, 422, "{body}");
    }
    let mut limited = false;
    for _ in 0..40 {
        limited |= ask(&served, Method::GET, &org, &ann).await.status == 429;
    }
    assert!(limited, "requests per minute are the plan's");
    served.running.app.meter.flush(&served.running.app.store).await;
    let usage = served.get(&format!("{org}/plan")).await.expect(200)["usage"].clone();
    assert!(usage[0]["metric"] == "requests" && usage[0]["count"].as_i64() > Some(40), "{usage}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_ends_with_its_reader_s_key() {
    let served = Served::start().await;
    let org = served.org("acme").await;
    let made = served.post(&format!("{org}/api-keys"), json!({ "name": "k", "role": "auditor" })).await.expect(201);
    let stream = served.client.get(served.url(&format!("{org}/events/stream"))).bearer_auth(text(&made["secret"])).send().await.unwrap();
    assert_eq!(stream.status(), 200);
    served.write(Method::DELETE, &format!("{org}/api-keys/{}", text(&made["id"])), &json!({})).await.expect(200);
    let read = tokio::time::timeout(std::time::Duration::from_secs(20), stream.text()).await;
    assert!(read.is_ok_and(|whole| whole.is_ok()), "the stream goes on for somebody whose key was revoked");
}
