//! History is not edited: not by the runtime, not by the owner, not by a superuser's slip; also not once it is partitioned.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod common;

use common::{admin, append_many, create, run};
use futures::TryStreamExt;
use ledger_store::commits::SQLSTATE_APPEND_ONLY;
use ledger_store::testing::{RUNTIME_ROLE, TestDatabase, database};
use sqlx::{AssertSqlSafe, ConnectOptions};

const EDITS: [&str; 5] = [
    "UPDATE {table} SET payload = 'x'",
    "UPDATE {table} SET recorded_at = now() WHERE false",
    "DELETE FROM {table}",
    "DELETE FROM {table} WHERE false",
    "TRUNCATE {table}",
];

/// Who, what they say first, and how they are stopped.
fn editors() -> [(&'static str, Vec<&'static str>, &'static str); 5] {
    [
        (RUNTIME_ROLE, vec![], "42501"),
        ("postgres", vec!["SET ROLE ledger_app"], "42501"),
        ("postgres", vec!["SET ROLE ledger_owner"], SQLSTATE_APPEND_ONLY),
        ("postgres", vec![], SQLSTATE_APPEND_ONLY),
        ("postgres", vec!["SET session_replication_role = replica"], SQLSTATE_APPEND_ONLY),
    ]
}

async fn nobody_can_edit(database: &TestDatabase, table: &str) {
    for (role, prelude, stopped_by) in editors() {
        let mut connection = database.options_for(role).connect().await.unwrap();
        for statement in &prelude {
            run(&mut connection, statement).await.unwrap();
        }
        for edit in EDITS {
            let edit = edit.replace("{table}", table);
            assert_eq!(run(&mut connection, &edit).await, Err(stopped_by.to_owned()), "{role} {prelude:?}: {edit}");
        }
    }
}

#[tokio::test]
async fn nobody_edits_commits() {
    let database = database().await;
    let org = create(&database.store().await, "acme").await;
    let written = append_many(&org, 3, 2, 100).await;
    nobody_can_edit(&database, "ledger.commits").await;
    let read: Vec<_> = org.commits(1, None).try_collect().await.unwrap();
    assert_eq!(read, written);
}

#[tokio::test]
async fn the_runtime_cannot_forget_keys_or_external_ids_or_remove_a_head() {
    let database = database().await;
    database.store().await;
    let mut runtime = database.options_for(RUNTIME_ROLE).connect().await.unwrap();
    for edit in [
        "UPDATE ledger.idempotency_key SET first_seq = 1",
        "DELETE FROM ledger.idempotency_key",
        "UPDATE ledger.external_id SET seq = 1",
        "DELETE FROM ledger.external_id",
        "DELETE FROM ledger.stream_head",
        "UPDATE ledger.stream_head SET org_id = org_id",
        "UPDATE control.organization SET slug = 'other'",
        "DELETE FROM control.organization",
        "TRUNCATE ledger.snapshot",
        "ALTER TABLE ledger.commits DISABLE TRIGGER ALL",
        "DROP TRIGGER append_only ON ledger.commits",
        "CREATE TABLE ledger.mine (n int)",
        "CREATE TABLE public.mine (n int)",
    ] {
        assert_eq!(run(&mut runtime, edit).await, Err("42501".to_owned()), "{edit}");
    }
}

/// What the migration promises: the plain table becomes the first partition of a new one without a byte being rewritten.
const BECOME_PARTITIONED: [&str; 16] = [
    "BEGIN",
    "SET LOCAL ROLE ledger_owner",
    "ALTER TABLE ledger.commits RENAME TO commits_0",
    "ALTER INDEX ledger.commits_pkey RENAME TO commits_0_pkey",
    "CREATE TABLE ledger.commits (LIKE ledger.commits_0 INCLUDING CONSTRAINTS INCLUDING STORAGE INCLUDING COMPRESSION, CONSTRAINT commits_pkey PRIMARY KEY (org_id, first_seq))
         PARTITION BY RANGE (first_seq)",
    "ALTER TABLE ledger.commits_0 ADD CONSTRAINT upto CHECK (first_seq < 1000) NOT VALID",
    "ALTER TABLE ledger.commits_0 VALIDATE CONSTRAINT upto",
    "ALTER TABLE ledger.commits ATTACH PARTITION ledger.commits_0 FOR VALUES FROM (MINVALUE) TO (1000)",
    "CREATE TABLE ledger.commits_1 PARTITION OF ledger.commits FOR VALUES FROM (1000) TO (MAXVALUE)",
    "ALTER TABLE ledger.commits ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY",
    "ALTER TABLE ledger.commits_1 ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY",
    "CREATE POLICY own_organization ON ledger.commits
         USING (org_id = (SELECT ledger.auth_org_id())) WITH CHECK (org_id = (SELECT ledger.auth_org_id()))",
    "CREATE POLICY own_organization ON ledger.commits_1
         USING (org_id = (SELECT ledger.auth_org_id())) WITH CHECK (org_id = (SELECT ledger.auth_org_id()))",
    "CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger.commits FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_change()",
    "CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger.commits_1 FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_change()",
    "GRANT SELECT, INSERT ON ledger.commits TO ledger_app",
];

#[tokio::test]
async fn commits_can_become_partitioned_without_a_rewrite() {
    let database = database().await;
    let store = database.store().await;
    let org = create(&store, "acme").await;
    let mut written = append_many(&org, 10, 99, 5_000).await;
    let mut superuser = admin(&database).await;
    let file = "SELECT pg_relation_filenode('{}')::text || ' ' || (SELECT reltoastrelid::text FROM pg_class WHERE oid = '{}'::regclass)";
    let before: String = sqlx::query_scalar(AssertSqlSafe(file.replace("{}", "ledger.commits"))).fetch_one(&mut superuser).await.unwrap();
    for statement in BECOME_PARTITIONED {
        run(&mut superuser, statement).await.unwrap_or_else(|e| panic!("{statement}: {e}"));
    }
    for statement in [
        "ALTER TABLE ledger.commits ENABLE ALWAYS TRIGGER append_only",
        "ALTER TABLE ledger.commits_1 ENABLE ALWAYS TRIGGER append_only",
        "COMMIT",
    ] {
        run(&mut superuser, statement).await.unwrap();
    }
    let after: String = sqlx::query_scalar(AssertSqlSafe(file.replace("{}", "ledger.commits_0"))).fetch_one(&mut superuser).await.unwrap();
    assert_eq!(before, after, "the same file");

    written.extend(append_many(&org, 10, 99, 5_000).await);
    let read: Vec<_> = org.commits(1, None).try_collect().await.unwrap();
    assert_eq!(read, written);
    for seq in [1, 99, 100, 990, 991, 1_089, 1_090, 1_980] {
        assert_eq!(org.commit_at(seq).await.unwrap(), written[usize::try_from((seq - 1) / 99).unwrap()]);
    }
    for table in ["ledger.commits", "ledger.commits_0", "ledger.commits_1"] {
        nobody_can_edit(&database, table).await;
    }
    let slips: Vec<(String, String)> = sqlx::query_as(include_str!("catalog.sql")).fetch_all(&mut superuser).await.unwrap();
    assert_eq!(slips, []);
}
