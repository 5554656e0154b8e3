//! Who may come in: what the database itself refuses, whatever the application forgot to ask. Policies by role, by
//! workspace and by row; single use and counting under races.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod common;

use chrono::{DateTime, Duration, NaiveDate, Utc};
use common::{create, run};
use ledger_store::identity::{Added, CustomRole, Given, NewApiKey, NewInvitation, NewMember, Page, PlanRow, Workspace};
use ledger_store::testing::database;
use ledger_store::{Caller, OrgStore, StoreError};
use sqlx::PgConnection;
use uuid::Uuid;

const REFUSED: &str = "42501";
const ROLES: [&str; 9] = ["owner", "administrator", "accountant", "approver", "sales", "operator", "agent", "auditor", "viewer"];

fn noon() -> DateTime<Utc> {
    DateTime::from_timestamp(1_700_000_000, 0).unwrap()
}

fn given(role: &str) -> Given {
    Given { role: role.to_owned(), ..Given::default() }
}

fn member(subject: &str, role: &str) -> NewMember {
    NewMember {
        id: Uuid::now_v7(),
        issuer: "https://issuer".to_owned(),
        subject: subject.to_owned(),
        given: given(role),
        workspaces: None,
        at: noon(),
        by: "test".to_owned(),
    }
}

fn key(role: &str, workspace: Option<Uuid>) -> NewApiKey {
    NewApiKey {
        id: Uuid::now_v7(),
        name: format!("{role}'s key"),
        secret_hash: [7; 32],
        given: given(role),
        scopes: None,
        workspace,
        agent: None,
        at: noon(),
        by: "test".to_owned(),
        expires_at: None,
    }
}

fn invitation(role: &str) -> NewInvitation {
    NewInvitation {
        id: Uuid::now_v7(),
        secret_hash: [8; 32],
        email: Some("ann@example.com".to_owned()),
        given: given(role),
        workspaces: None,
        at: noon(),
        by: "test".to_owned(),
        expires_at: noon() + Duration::days(7),
    }
}

fn caller(role: &'static str, user: Uuid) -> Caller {
    Caller { user: Some(user), workspace: None, role }
}

fn state<T: std::fmt::Debug>(outcome: Result<T, StoreError>) -> Result<T, String> {
    outcome.map_err(|error| error.sqlstate().unwrap_or_else(|| error.to_string()))
}

async fn enter(org: &OrgStore, new: &NewMember) -> Result<Added, String> {
    let mut tx = org.begin().await.unwrap();
    let outcome = state(tx.add_member(new).await);
    if outcome.is_ok() {
        tx.commit().await.unwrap();
    }
    outcome
}

async fn text(connection: &mut PgConnection, statement: &'static str) -> Option<String> {
    sqlx::query_scalar(statement).fetch_one(connection).await.unwrap()
}

#[tokio::test]
async fn a_transaction_knows_who_asks_and_forgets_it_at_its_end() {
    const WHO: &str = "SELECT concat_ws(' ', ledger.auth_role(), ledger.auth_user_id(), ledger.auth_workspace_id())";
    let database = database().await;
    let org = create(&database.store().await, "ours").await;
    let (user, workspace) = (Uuid::from_u128(1), Uuid::from_u128(2));
    let bound = org.for_caller(Caller { user: Some(user), workspace: Some(workspace), role: "sales" });
    for mut tx in [bound.begin().await.unwrap(), bound.begin_read().await.unwrap()] {
        assert_eq!(text(&mut tx, WHO).await, Some(format!("sales {user} {workspace}")));
        assert_eq!(text(&mut tx, "SELECT ledger.auth_org_id()::text").await, Some(org.org().to_string()));
        tx.rollback().await.unwrap();
    }
    let platform = org.for_caller(Caller { user: None, workspace: None, role: "platform" });
    assert_eq!(text(&mut platform.begin().await.unwrap(), WHO).await.as_deref(), Some("platform"));
    assert_eq!(text(&mut org.begin().await.unwrap(), WHO).await.as_deref(), Some("system"), "nothing is left on the connection");
    for (user, role, refused) in [(Some(user), "root", "22023"), (Some(user), "system", "22023"), (None, "owner", "22004")] {
        let outcome = org.for_caller(Caller { user, workspace: None, role }).begin().await;
        assert_eq!(state(outcome.map(|_| ())), Err(refused.to_owned()), "{role}");
    }
}

/// What each role sees and does, by the database alone.
#[tokio::test]
async fn only_managers_change_who_may_what_and_only_they_and_auditors_see_it() {
    let database = database().await;
    let org = create(&database.store().await, "ours").await;
    let mut tx = org.begin().await.unwrap();
    let members: Vec<NewMember> = ROLES.iter().map(|role| member(role, role)).collect();
    for new in &members {
        assert_eq!(tx.add_member(new).await.unwrap(), Added::Yes);
    }
    let (owners_key, own_key) = (key("owner", None), key("viewer", None));
    tx.add_api_key(&owners_key).await.unwrap();
    tx.add_api_key(&own_key).await.unwrap();
    tx.add_invitation(&invitation("viewer")).await.unwrap();
    tx.commit().await.unwrap();

    let all = Page { after: None, limit: 100 };
    for me in &members {
        let role: &'static str = ROLES.into_iter().find(|role| *role == me.given.role).unwrap();
        let bound = org.for_caller(caller(role, me.id));
        let (manages, oversees) = (["owner", "administrator"].contains(&role), ["owner", "administrator", "auditor"].contains(&role));
        let mut tx = bound.begin().await.unwrap();
        let seen: Vec<String> = tx.members(all).await.unwrap().into_iter().map(|m| m.subject).collect();
        assert_eq!(seen, if oversees { ROLES.to_vec() } else { vec![role] }, "{role}: everybody, or himself");
        assert_eq!(tx.api_keys(all).await.unwrap().len(), if oversees { 2 } else { 0 }, "{role}");
        assert_eq!(tx.invitations(all).await.unwrap().len(), usize::from(oversees), "{role}");
        tx.rollback().await.unwrap();

        let refused = |allowed: bool| if allowed { None } else { Some(REFUSED.to_owned()) };
        for (becomes, allowed) in [("viewer", manages), ("owner", role == "owner")] {
            let mut tx = bound.begin().await.unwrap();
            assert_eq!(state(tx.add_member(&member("new", becomes)).await).err(), refused(allowed), "{role} brings in {becomes}");
            tx.rollback().await.unwrap();
            let mut tx = bound.begin().await.unwrap();
            assert_eq!(state(tx.add_api_key(&key(becomes, None)).await).err(), refused(allowed), "{role} makes a key of {becomes}");
            tx.rollback().await.unwrap();
            let mut tx = bound.begin().await.unwrap();
            assert_eq!(state(tx.add_invitation(&invitation(becomes)).await).err(), refused(allowed), "{role} invites {becomes}");
            tx.rollback().await.unwrap();
        }
        // Making oneself more than one is.
        let mut tx = bound.begin().await.unwrap();
        let promoted = state(tx.change_member(me.id, &given("owner"), None, noon(), "me").await);
        let expected = match role {
            "owner" => Ok(true),
            "administrator" => Err(REFUSED.to_owned()),
            _ => Ok(false),
        };
        assert_eq!(promoted, expected, "{role} makes himself owner");
        tx.rollback().await.unwrap();
        // An administrator does not touch owners.
        let mut tx = bound.begin().await.unwrap();
        assert_eq!(tx.remove_member(members[0].id).await.unwrap(), role == "owner", "{role} removes the owner");
        assert_eq!(tx.revoke_api_key(owners_key.id, noon(), role).await.unwrap(), role == "owner", "{role} revokes the owner's key");
        assert_eq!(tx.revoke_api_key(own_key.id, noon(), role).await.unwrap(), manages, "{role} revokes a key");
        tx.rollback().await.unwrap();
        let mut tx = bound.begin().await.unwrap();
        let plan = PlanRow {
            plan: "custom".to_owned(),
            members: None,
            agents: None,
            workspaces: None,
            requests_per_minute: None,
            features: None,
            updated_at: noon(),
            updated_by: role.to_owned(),
        };
        assert_eq!(state(tx.set_plan(&plan).await), Err(REFUSED.to_owned()), "{role} changes the plan");
        tx.rollback().await.unwrap();
    }
    // A key sees itself.
    let mut tx = org.for_caller(caller("viewer", own_key.id)).begin().await.unwrap();
    assert_eq!(tx.api_keys(all).await.unwrap().into_iter().map(|k| k.key_id).collect::<Vec<_>>(), [own_key.id]);
}

#[tokio::test]
async fn who_is_limited_to_a_workspace_sees_and_changes_nothing_beyond_it() {
    let database = database().await;
    let org = create(&database.store().await, "ours").await;
    let workspace = |code: &str| Workspace {
        workspace_id: Uuid::now_v7(),
        code: code.to_owned(),
        name: code.to_owned(),
        created_at: noon(),
        created_by: "test".to_owned(),
        archived_at: None,
    };
    let (north, south) = (workspace("north"), workspace("south"));
    let limited = |subject: &str, to: &[&Workspace]| NewMember {
        workspaces: Some(to.iter().map(|w| w.workspace_id).collect()),
        ..member(subject, "viewer")
    };
    let mut tx = org.begin().await.unwrap();
    for w in [&north, &south] {
        assert_eq!(tx.add_workspace(w).await.unwrap(), Added::Yes);
    }
    assert_eq!(tx.add_workspace(&workspace("north")).await.unwrap(), Added::Taken);
    let southerner = limited("s", &[&south]);
    for new in [&limited("n", &[&north]), &southerner, &limited("both", &[&north, &south]), &member("whole", "viewer")] {
        assert_eq!(tx.add_member(new).await.unwrap(), Added::Yes);
    }
    for at in [Some(north.workspace_id), Some(south.workspace_id), None] {
        tx.add_api_key(&key("viewer", at)).await.unwrap();
    }
    tx.commit().await.unwrap();

    let bound = org.for_caller(Caller { user: Some(Uuid::now_v7()), workspace: Some(north.workspace_id), role: "administrator" });
    let mut tx = bound.begin().await.unwrap();
    let page = Page { after: None, limit: 100 };
    assert_eq!(tx.members(page).await.unwrap().into_iter().map(|m| m.subject).collect::<Vec<_>>(), ["n", "both"]);
    assert_eq!(tx.api_keys(page).await.unwrap().into_iter().map(|k| k.workspace_id).collect::<Vec<_>>(), [Some(north.workspace_id)]);
    assert_eq!(tx.workspaces(Page { after: None, limit: 100 }).await.unwrap().into_iter().map(|w| w.code).collect::<Vec<_>>(), ["north"]);
    assert!(!tx.remove_member(southerner.id).await.unwrap());
    tx.rollback().await.unwrap();
    for (new, refused) in [
        (limited("x", &[&north]), false),
        (limited("x", &[&south]), true),
        (limited("x", &[&north, &south]), true),
        (member("x", "viewer"), true),
    ] {
        let mut tx = bound.begin().await.unwrap();
        assert_eq!(state(tx.add_member(&new).await).is_err(), refused, "{:?}", new.workspaces);
        tx.rollback().await.unwrap();
    }
    for (at, refused) in [(Some(north.workspace_id), false), (Some(south.workspace_id), true), (None, true)] {
        let mut tx = bound.begin().await.unwrap();
        assert_eq!(state(tx.add_api_key(&key("viewer", at)).await).is_err(), refused, "{at:?}");
        tx.rollback().await.unwrap();
    }
    let mut tx = bound.begin().await.unwrap();
    assert_eq!(state(tx.add_workspace(&workspace("east")).await), Err(REFUSED.to_owned()));
}

#[tokio::test]
async fn a_key_is_found_rotated_and_revoked() {
    let database = database().await;
    let store = database.store().await;
    let (org, other) = (create(&store, "ours").await, create(&store, "theirs").await);
    let new = NewApiKey {
        scopes: Some(vec!["entries:read".to_owned()]),
        expires_at: Some(noon() + Duration::days(1)),
        ..key("accountant", None)
    };
    let mut tx = org.begin().await.unwrap();
    let made = tx.add_api_key(&new).await.unwrap();
    assert_eq!((made.key_id, made.role.as_str(), made.last_used_at), (new.id, "accountant", None));
    tx.commit().await.unwrap();

    let found = org.key_credentials(new.id).await.unwrap().unwrap();
    assert_eq!(
        (found.secret_hash.as_slice(), found.scopes.clone(), found.given.clone()),
        ([7; 32].as_slice(), new.scopes.clone(), given("accountant"))
    );
    assert_eq!(other.key_credentials(new.id).await.unwrap(), None, "not under another organization");

    let mut tx = org.begin().await.unwrap();
    assert!(tx.rotate_api_key(new.id, [9; 32], noon() + Duration::hours(1), noon()).await.unwrap());
    tx.commit().await.unwrap();
    let found = org.key_credentials(new.id).await.unwrap().unwrap();
    assert_eq!(
        (found.secret_hash, found.previous_hash, found.previous_until),
        (vec![9; 32], Some(vec![7; 32]), Some(noon() + Duration::hours(1)))
    );

    org.note_key_used(new.id, noon()).await.unwrap();
    org.note_key_used(new.id, noon() - Duration::hours(1)).await.unwrap();
    assert_eq!(org.key_credentials(new.id).await.unwrap().unwrap().last_used_at, Some(noon()), "time does not run back");

    let mut tx = org.begin().await.unwrap();
    assert!(tx.revoke_api_key(new.id, noon(), "me").await.unwrap());
    assert!(!tx.revoke_api_key(new.id, noon(), "me").await.unwrap(), "once");
    assert!(!tx.rotate_api_key(new.id, [1; 32], noon(), noon()).await.unwrap(), "what is revoked stays so");
    for statement in
        ["DELETE FROM control.api_key", "UPDATE control.api_key SET role = 'owner'", "UPDATE control.api_key SET agent = 'bookkeeper'"]
    {
        let mut tx = org.begin().await.unwrap();
        assert_eq!(run(&mut tx, statement).await, Err(REFUSED.to_owned()), "{statement}");
    }
    tx.commit().await.unwrap();
    let found = org.key_credentials(new.id).await.unwrap().unwrap();
    assert_eq!((found.revoked_at, found.previous_hash), (Some(noon()), None));
}

#[tokio::test]
async fn a_key_that_is_an_agents_has_the_agents_role() {
    let database = database().await;
    let org = create(&database.store().await, "ours").await;
    let of = |role: &str, agent: &str| NewApiKey { agent: Some(agent.to_owned()), ..key(role, None) };
    let new = of("agent", "bookkeeper");
    let mut tx = org.begin().await.unwrap();
    assert_eq!(tx.add_api_key(&new).await.unwrap().agent.as_deref(), Some("bookkeeper"));
    tx.commit().await.unwrap();
    assert_eq!(org.key_credentials(new.id).await.unwrap().unwrap().agent.as_deref(), Some("bookkeeper"));
    for wrong in [of("owner", "bookkeeper"), of("accountant", "bookkeeper"), of("agent", "")] {
        let mut tx = org.begin().await.unwrap();
        assert_eq!(state(tx.add_api_key(&wrong).await.map(drop)), Err("23514".to_owned()), "{wrong:?}");
    }
}

#[tokio::test]
async fn a_custom_role_is_what_its_members_are() {
    let database = database().await;
    let org = create(&database.store().await, "ours").await;
    let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
    let role = CustomRole {
        code: "closer".to_owned(),
        name: "Month closer".to_owned(),
        base: "accountant".to_owned(),
        extra: words(&["periods:approve"]),
        denied: words(&["rates:create"]),
        updated_at: noon(),
        updated_by: "test".to_owned(),
    };
    let mut tx = org.begin().await.unwrap();
    assert_eq!(tx.add_custom_role(&role).await.unwrap(), Added::Yes);
    assert_eq!(tx.add_custom_role(&role).await.unwrap(), Added::Taken);
    let own =
        Given { role: "accountant".to_owned(), custom_role: Some("closer".to_owned()), extra: words(&["webhooks:read"]), denied: vec![] };
    tx.add_member(&NewMember { given: own, ..member("ann", "accountant") }).await.unwrap();
    assert_eq!(tx.add_member(&member("ann", "viewer")).await.unwrap(), Added::Taken, "one membership each");
    tx.add_api_key(&NewApiKey {
        given: Given { custom_role: Some("closer".to_owned()), ..given("accountant") },
        ..key("accountant", None)
    })
    .await
    .unwrap();
    assert_eq!(tx.custom_role_users("closer").await.unwrap(), 2);
    tx.commit().await.unwrap();

    let mut tx = org.begin().await.unwrap();
    assert!(tx.change_custom_role(&CustomRole { denied: vec![], ..role.clone() }).await.unwrap());
    tx.commit().await.unwrap();
    let membership = org.membership("https://issuer", "ann").await.unwrap().unwrap();
    assert_eq!((membership.given.extra, membership.given.denied), (words(&["periods:approve", "webhooks:read"]), vec![]));
    assert_eq!(org.membership("https://other", "ann").await.unwrap(), None, "another issuer's ann is somebody else");
}

#[tokio::test]
async fn an_invitation_is_good_once_and_for_a_while() {
    let database = database().await;
    let org = create(&database.store().await, "ours").await;
    let (good, late, revoked) = (invitation("viewer"), invitation("viewer"), invitation("viewer"));
    let mut tx = org.begin().await.unwrap();
    for new in [&good, &late, &revoked] {
        tx.add_invitation(new).await.unwrap();
    }
    assert!(tx.revoke_invitation(revoked.id, noon(), "me").await.unwrap());
    tx.commit().await.unwrap();

    // Everybody accepts at once; one of them is in.
    let attempts = (0..8).map(|_| {
        let org = org.clone();
        async move {
            let mut tx = org.begin().await.unwrap();
            let accepted = tx.accept_invitation(good.id, Uuid::now_v7(), noon()).await.unwrap();
            tx.commit().await.unwrap();
            accepted
        }
    });
    let accepted = futures::future::join_all(attempts).await;
    assert_eq!(accepted.into_iter().filter(|yes| *yes).count(), 1);

    let mut tx = org.begin().await.unwrap();
    assert!(!tx.accept_invitation(revoked.id, Uuid::now_v7(), noon()).await.unwrap(), "revoked");
    assert!(!tx.accept_invitation(late.id, Uuid::now_v7(), noon() + Duration::days(7)).await.unwrap(), "expired");
    assert!(!tx.revoke_invitation(good.id, noon(), "me").await.unwrap(), "accepted");
    let emails: Vec<Option<String>> = tx.invitations(Page { after: None, limit: 9 }).await.unwrap().into_iter().map(|i| i.email).collect();
    assert_eq!(emails, [None, Some("ann@example.com".to_owned()), None], "an address is forgotten with its purpose");
}

#[tokio::test]
async fn changes_of_who_may_what_take_turns() {
    let database = database().await;
    let org = create(&database.store().await, "ours").await;
    for name in ["a", "b"] {
        assert_eq!(enter(&org, &member(name, "owner")).await, Ok(Added::Yes));
    }
    let ids: Vec<Uuid> = {
        let mut tx = org.begin().await.unwrap();
        tx.members(Page { after: None, limit: 9 }).await.unwrap().into_iter().map(|m| m.member_id).collect()
    };
    // Each takes the other out unless he would be the last: as routes do it.
    let attempts = ids.into_iter().map(|id| {
        let org = org.clone();
        async move {
            let mut tx = org.begin().await.unwrap();
            tx.lock_access().await.unwrap();
            let owners = tx.count_members("owner").await.unwrap();
            let removed = owners > 1 && tx.remove_member(id).await.unwrap();
            tx.commit().await.unwrap();
            removed
        }
    });
    assert_eq!(futures::future::join_all(attempts).await.into_iter().filter(|yes| *yes).count(), 1);
    let mut tx = org.begin().await.unwrap();
    assert_eq!((tx.count_members("owner").await.unwrap(), tx.lock_access().await.unwrap()), (1, 3));
}

#[tokio::test]
async fn plans_and_usage() {
    let database = database().await;
    let org = create(&database.store().await, "ours").await;
    assert_eq!(org.plan().await.unwrap(), None);
    let plan = PlanRow {
        plan: "starter".to_owned(),
        members: Some(2),
        agents: None,
        workspaces: None,
        requests_per_minute: Some(60),
        features: Some(vec!["webhooks".to_owned()]),
        updated_at: noon(),
        updated_by: "platform".to_owned(),
    };
    let mut tx = org.for_caller(Caller { user: None, workspace: None, role: "platform" }).begin().await.unwrap();
    tx.set_plan(&plan).await.unwrap();
    tx.set_plan(&PlanRow { members: Some(3), ..plan.clone() }).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(org.plan().await.unwrap().unwrap().members, Some(3));

    let month = NaiveDate::from_ymd_opt(2026, 11, 1).unwrap();
    org.add_usage(month, &[("requests", 5), ("writes", 2)]).await.unwrap();
    org.add_usage(month, &[("requests", 7)]).await.unwrap();
    let mut tx = org.begin().await.unwrap();
    assert_eq!(tx.usage(month).await.unwrap(), [("requests".to_owned(), 12), ("writes".to_owned(), 2)]);
    for new in [member("a", "owner"), member("bot", "agent")] {
        tx.add_member(&new).await.unwrap();
    }
    tx.add_api_key(&key("agent", None)).await.unwrap();
    tx.add_invitation(&invitation("viewer")).await.unwrap();
    let usage = tx.usage_now(noon()).await.unwrap();
    assert_eq!((usage.members, usage.invitations, usage.agents, usage.workspaces), (1, 1, 2, 0));
    let later = tx.usage_now(noon() + Duration::days(8)).await.unwrap();
    assert_eq!(later.invitations, 0, "those that have expired take no seat");
}
