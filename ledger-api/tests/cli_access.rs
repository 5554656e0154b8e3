//! The first keys and members, through the command line: made, listed, ended, refused.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod terminal;

use serde_json::Value;
use terminal::Terminal;

async fn listed(desk: &Terminal, what: &str) -> Vec<Value> {
    let text = desk.ok(&[what, "list", "--org", "acme", "--format", "json"]).await;
    serde_json::from_str::<Value>(&text).unwrap().as_array().unwrap().clone()
}

#[tokio::test]
async fn keys_and_members_without_http() {
    let desk = Terminal::new().await;
    desk.ok(&["org", "create", "acme", "--name", "Acme", "--currency", "USD"]).await;
    let create = [
        "key",
        "create",
        "--org",
        "acme",
        "--name",
        "billing",
        "--role",
        "operator",
        "--scope",
        "entries:create",
        "--expires",
        "2099-01-01",
    ];
    let printed = desk.ok(&create).await;
    assert!(printed.starts_with("lsk_") && printed.trim_end().len() == 90, "{printed}");
    let keys = listed(&desk, "key").await;
    assert_eq!(keys.len(), 1);
    let (status, role, scope) = (&keys[0]["status"], &keys[0]["role"], &keys[0]["scopes"][0]);
    assert_eq!((status.as_str(), role.as_str(), scope.as_str()), (Some("good"), Some("operator"), Some("entries:create")));
    let id = keys[0]["id"].as_str().unwrap().to_owned();
    assert_eq!(desk.ok(&["key", "revoke", "--org", "acme", &id]).await, format!("Revoked {id}. Servers follow within seconds.\n"));
    assert_eq!(listed(&desk, "key").await[0]["status"], "revoked");

    desk.ok(&["agent", "register", "--org", "acme", "clerk", "--type", "accountant", "--model", "m-1"]).await;
    desk.ok(&["key", "create", "--org", "acme", "--name", "clerk's", "--role", "agent", "--agent", "clerk"]).await;
    let keys = listed(&desk, "key").await;
    assert_eq!((keys[0]["agent"].as_str(), keys[1]["agent"].as_str()), (None, Some("clerk")));

    desk.ok(&["member", "add", "--org", "acme", "--issuer", "https://id.example", "--subject", "ann", "--role", "owner"]).await;
    let members = listed(&desk, "member").await;
    let ann = members[0]["id"].as_str().unwrap().to_owned();
    assert_eq!((members.len(), members[0]["subject"].as_str()), (1, Some("ann")));

    for (words, said) in [
        (vec!["key", "revoke", "--org", "acme", &id], "there is no key"),
        (vec!["key", "create", "--org", "acme", "--name", "x", "--role", "root"], "is no role"),
        (vec!["key", "create", "--org", "acme", "--name", "x", "--role", "viewer", "--scope", "entries:post"], "is no permission"),
        (vec!["key", "create", "--org", "acme", "--name", "x", "--role", "agent", "--agent", "nobody"], "nobody"),
        (vec!["key", "create", "--org", "acme", "--name", "x", "--role", "owner", "--agent", "clerk"], "has the role agent, not owner"),
        (vec!["key", "list", "--org", "none"], "there is no organization"),
        (
            vec!["member", "add", "--org", "acme", "--issuer", "https://id.example", "--subject", "ann", "--role", "viewer"],
            "a member already",
        ),
        (vec!["member", "remove", "--org", "acme", &ann], "the only owner"),
    ] {
        let refused = desk.run(&words).await;
        assert!(refused.code != 0 && refused.err.contains(said), "{words:?}: {}{}", refused.out, refused.err);
    }
    desk.ok(&["member", "add", "--org", "acme", "--issuer", "https://id.example", "--subject", "bob", "--role", "owner"]).await;
    desk.ok(&["member", "remove", "--org", "acme", &ann]).await;
    assert_eq!(listed(&desk, "member").await.len(), 1);
}
