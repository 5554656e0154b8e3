//! The whole schema, read from the catalog: a table, partition, index, function, view or grant that somebody adds later
//! and does not protect is found here, wherever it was added.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod common;

use common::{admin, run};
use ledger_store::testing::database;
use sqlx::PgConnection;

async fn slips(connection: &mut PgConnection) -> Vec<(String, String)> {
    sqlx::query_as(include_str!("catalog.sql")).fetch_all(connection).await.unwrap()
}

#[tokio::test]
async fn the_schema_has_no_slip() {
    let database = database().await;
    assert_eq!(slips(&mut admin(&database).await).await, []);
}

/// Every kind of slip, made on purpose: without this a check that never finds anything would look like a clean schema.
#[tokio::test]
async fn each_slip_is_found() {
    let database = database().await;
    let mut connection = admin(&database).await;
    let protect = "ALTER TABLE read.x OWNER TO ledger_owner; ALTER TABLE read.x ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
                   CREATE POLICY p ON read.x USING (org_id = (SELECT ledger.auth_org_id())) WITH CHECK (org_id = (SELECT ledger.auth_org_id()));";
    let table = "CREATE TABLE read.x (org_id uuid NOT NULL, n int, PRIMARY KEY (org_id));";
    let fine = format!("{table} {protect}");
    let function = "CREATE FUNCTION ledger.f() RETURNS int LANGUAGE sql";
    let pinned = "SET search_path = pg_catalog, pg_temp AS 'SELECT 1'";
    let cases: &[(&str, &str, &str)] = &[
        ("table without org_id uuid NOT NULL", "read.x", "CREATE TABLE read.x (n int PRIMARY KEY)"),
        ("table without org_id uuid NOT NULL", "odd.x", "CREATE SCHEMA odd; CREATE TABLE odd.x (n int PRIMARY KEY)"),
        ("schema without a known purpose", "odd", "CREATE SCHEMA odd"),
        ("object in schema public", "public.x", "CREATE TABLE public.x (org_id uuid PRIMARY KEY)"),
        ("row-level security off", "read.x", table),
        ("row-level security not forced", "read.x", &format!("{fine} ALTER TABLE read.x NO FORCE ROW LEVEL SECURITY")),
        ("no policy of the organization", "read.x", &format!("{fine} DROP POLICY p ON read.x")),
        (
            "no policy of the organization",
            "read.x",
            &format!("{fine} DROP POLICY p ON read.x; CREATE POLICY d ON read.x FOR SELECT TO ledger_directory USING (true)"),
        ),
        ("not owned by ledger_owner", "read.x", table),
        ("primary key missing", "read.x", &format!("{fine} ALTER TABLE read.x DROP CONSTRAINT x_pkey")),
        (
            "policy that does not compare once per statement",
            "read.x q",
            &format!("{fine} CREATE POLICY q ON read.x USING (org_id = ledger.auth_org_id())"),
        ),
        ("policy that does not compare once per statement", "read.x q", &format!("{fine} CREATE POLICY q ON read.x USING (true)")),
        (
            "policy that does not compare once per statement",
            "read.x q",
            &format!("{fine} CREATE POLICY q ON read.x TO ledger_directory USING (true)"),
        ),
        (
            "partial policy in place of the organization's",
            "read.x q",
            &format!("{fine} CREATE POLICY q ON read.x FOR SELECT USING (org_id = (SELECT ledger.auth_org_id()))"),
        ),
        (
            "no policy of the organization",
            "read.x",
            &format!(
                "{fine} DROP POLICY p ON read.x; CREATE POLICY q ON read.x AS RESTRICTIVE USING (org_id = (SELECT ledger.auth_org_id()))"
            ),
        ),
        (
            "restrictive policy that asks per row, or not everybody",
            "read.x q",
            &format!("{fine} CREATE POLICY q ON read.x AS RESTRICTIVE USING (ledger.auth_role() = 'owner')"),
        ),
        (
            "restrictive policy that asks per row, or not everybody",
            "read.x q",
            &format!("{fine} CREATE POLICY q ON read.x AS RESTRICTIVE TO ledger_auditor USING ((SELECT ledger.auth_role()) = 'owner')"),
        ),
        (
            "restrictive policy that asks per row, or not everybody",
            "read.x q",
            &format!(
                "{fine} CREATE POLICY q ON read.x AS RESTRICTIVE FOR UPDATE USING ((SELECT ledger.auth_role()) = 'owner') WITH CHECK (true)"
            ),
        ),
        ("index that org_id does not lead", "read.x x_n", &format!("{fine} CREATE UNIQUE INDEX x_n ON read.x (n, org_id)")),
        ("index that org_id does not lead", "read.x x_e", &format!("{fine} CREATE INDEX x_e ON read.x ((n + 1))")),
        ("sequence", "read.s", "CREATE SEQUENCE read.s"),
        ("sequence", "read.x_m_seq", &format!("{fine} ALTER TABLE read.x ADD COLUMN m bigserial")),
        (
            "foreign key that may cross organizations",
            "read.y y_n_fkey",
            &format!(
                "{fine} ALTER TABLE read.x ADD CONSTRAINT x_n_key UNIQUE (n); CREATE TABLE read.y (org_id uuid PRIMARY KEY, n int REFERENCES read.x (n))"
            ),
        ),
        ("deferrable constraint", "read.x u", &format!("{fine} ALTER TABLE read.x ADD CONSTRAINT u UNIQUE (org_id, n) DEFERRABLE")),
        ("enum type", "read.e", "CREATE TYPE read.e AS ENUM ('a')"),
        ("rule", "read.x r", &format!("{fine} CREATE RULE r AS ON DELETE TO read.x DO INSTEAD NOTHING")),
        ("function that everybody may call", "ledger.f", &format!("{function} {pinned}")),
        ("function without a pinned search_path", "ledger.f", &format!("{function} AS 'SELECT 1'")),
        ("function without a pinned search_path", "ledger.f", &format!("{function} SET search_path = ledger AS 'SELECT 1'")),
        ("SECURITY DEFINER outside the directory", "ledger.f", &format!("{function} SECURITY DEFINER {pinned}")),
        (
            "SECURITY DEFINER outside the directory",
            "control.semantic_login",
            "ALTER FUNCTION control.semantic_login(boolean) OWNER TO ledger_directory; ALTER FUNCTION control.semantic_login(boolean) OWNER TO ledger_owner",
        ),
        ("function not owned by ledger_owner", "ledger.f", &format!("{function} {pinned}")),
        ("context function that is not STABLE and PARALLEL SAFE", "ledger.auth_org_id", "ALTER FUNCTION ledger.auth_org_id() VOLATILE"),
        ("context function that is not STABLE and PARALLEL SAFE", "ledger.auth_role", "ALTER FUNCTION ledger.auth_role() PARALLEL UNSAFE"),
        ("materialized view or foreign table", "read.m", "CREATE MATERIALIZED VIEW read.m AS SELECT * FROM ledger.commits"),
        ("view without security_barrier or security_invoker", "read.v", "CREATE VIEW read.v AS SELECT * FROM ledger.commits"),
        (
            "view owned by a role that row-level security does not hold",
            "read.v",
            "CREATE VIEW read.v WITH (security_barrier) AS SELECT * FROM ledger.commits",
        ),
        ("commits without the append-only trigger", "ledger.commits", "DROP TRIGGER append_only ON ledger.commits"),
        ("commits without the append-only trigger", "ledger.commits", "ALTER TABLE ledger.commits ENABLE TRIGGER append_only"),
        (
            "commits without the append-only trigger",
            "ledger.commits",
            "DROP TRIGGER append_only ON ledger.commits; CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON ledger.commits EXECUTE FUNCTION ledger.refuse_change()",
        ),
        (
            "payload that Postgres would compress slowly",
            "ledger.commits",
            "ALTER TABLE ledger.commits ALTER COLUMN payload SET COMPRESSION pglz",
        ),
        ("granted to everybody", "ledger.commits SELECT", "GRANT SELECT ON ledger.commits TO PUBLIC"),
        (
            "granted to a role that may only look",
            "ledger_auditor INSERT ledger.commits",
            "GRANT INSERT ON ledger.commits TO ledger_auditor",
        ),
        (
            "kept for ever, yet the runtime may change it",
            "ledger.commits.payload UPDATE",
            "GRANT UPDATE (payload) ON ledger.commits TO ledger_app",
        ),
        (
            "kept for ever, yet the runtime may change it",
            "ledger.idempotency_key DELETE",
            "GRANT DELETE ON ledger.idempotency_key TO ledger_app",
        ),
        ("the runtime may empty or hang triggers on it", "ledger.snapshot TRUNCATE", "GRANT TRUNCATE ON ledger.snapshot TO ledger_app"),
        ("semantic: not a view", "semantic.x", "CREATE TABLE semantic.x (org_id uuid PRIMARY KEY)"),
        ("semantic: function", "semantic.f", "CREATE FUNCTION semantic.f() RETURNS int LANGUAGE sql AS 'SELECT 1'"),
        ("semantic: view without security_barrier", "semantic.v_account", "ALTER VIEW semantic.v_account SET (security_barrier = false)"),
        ("semantic: view that reads as its reader", "semantic.v_account", "ALTER VIEW semantic.v_account SET (security_invoker = true)"),
        ("semantic: not owned by ledger_semantic", "semantic.v_account", "ALTER VIEW semantic.v_account OWNER TO ledger_owner"),
        ("semantic: its owner owns something elsewhere", "read.x", &format!("{table} ALTER TABLE read.x OWNER TO ledger_semantic")),
        (
            "semantic: view whose comment does not begin with its grain",
            "semantic.v_account",
            "COMMENT ON VIEW semantic.v_account IS 'Accounts, one after the other'",
        ),
        (
            "semantic: column without a comment of 20 characters",
            "semantic.v_account.level",
            "COMMENT ON COLUMN semantic.v_account.level IS 'the level'",
        ),
        (
            "semantic: column that says whose it is, or is personal",
            "semantic.v.org_id",
            "CREATE VIEW semantic.v AS SELECT org_id FROM read.account",
        ),
        (
            "semantic: amount that does not say its currency",
            "semantic.v.amount",
            "CREATE VIEW semantic.v AS SELECT amount FROM read.gl_fact",
        ),
        (
            "semantic: type that is not leakproof to compare, or not plain",
            "semantic.v.tags jsonb",
            "CREATE VIEW semantic.v AS SELECT tags FROM read.gl_fact",
        ),
        (
            "semantic: granted to somebody else, or more than SELECT",
            "semantic.v_account SELECT ledger_app",
            "GRANT SELECT ON semantic.v_account TO ledger_app",
        ),
        (
            "semantic: granted to somebody else, or more than SELECT",
            "semantic.v_account DELETE ledger_llm_read",
            "GRANT DELETE ON semantic.v_account TO ledger_llm_read",
        ),
        ("semantic: view that nobody may read", "semantic.v_account", "REVOKE SELECT ON semantic.v_account FROM ledger_llm_read"),
        ("the reader of questions has rights beside the views", "read.account SELECT", "GRANT SELECT ON read.account TO ledger_llm_read"),
        ("the reader of questions may use another schema", "ledger", "GRANT USAGE ON SCHEMA ledger TO ledger_llm_read"),
        ("the reader of questions may call", "ledger.auth_role", "GRANT EXECUTE ON FUNCTION ledger.auth_role() TO ledger_llm_read"),
        ("the owner of the views may do more than look", "read.account INSERT", "GRANT INSERT ON read.account TO ledger_semantic"),
        (
            "dangerous function that everybody may call",
            "pg_sleep(double precision)",
            "GRANT EXECUTE ON FUNCTION pg_sleep(double precision) TO PUBLIC",
        ),
        (
            "login of an organization that may do more than ask",
            "ledger_llm_00000000000000000000000000000009",
            "CREATE ROLE ledger_llm_00000000000000000000000000000009 LOGIN IN ROLE ledger_llm_read",
        ),
        (
            "login of an organization that may do more than ask",
            "ledger_llm_00000000000000000000000000000009",
            "CREATE ROLE ledger_llm_00000000000000000000000000000009 LOGIN CONNECTION LIMIT 2 IN ROLE ledger_llm_read, ledger_app",
        ),
        ("the runtime is in the readers' role", "ledger_app", "GRANT ledger_llm_read TO ledger_app"),
        ("role with more power than it needs", "ledger_app", "ALTER ROLE ledger_app BYPASSRLS"),
        ("role with more power than it needs", "ledger_semantic", "ALTER ROLE ledger_semantic LOGIN"),
        ("role that is a member of another", "ledger_app in ledger_owner", "GRANT ledger_owner TO ledger_app"),
    ];
    for (slip, place, made_by) in cases {
        run(&mut connection, "BEGIN").await.unwrap();
        for statement in made_by.split(';').filter(|s| !s.trim().is_empty()) {
            run(&mut connection, statement).await.unwrap_or_else(|e| panic!("{statement}: {e}"));
        }
        let found = slips(&mut connection).await;
        assert!(
            found.contains(&((*slip).to_owned(), (*place).to_owned())),
            "{made_by}\nwas not found as {slip:?} at {place:?}, but: {found:?}"
        );
        run(&mut connection, "ROLLBACK").await.unwrap();
    }
    assert_eq!(slips(&mut connection).await, [], "every slip was undone");
}

/// A partition is a table of its own: nothing of what protects its parent protects it.
#[tokio::test]
async fn an_unprotected_partition_is_found() {
    let database = database().await;
    let mut connection = admin(&database).await;
    for statement in [
        "CREATE TABLE read.x (org_id uuid, n bigint, PRIMARY KEY (org_id, n)) PARTITION BY RANGE (n)",
        "ALTER TABLE read.x ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY",
        "CREATE TABLE read.x_1 PARTITION OF read.x DEFAULT",
    ] {
        run(&mut connection, statement).await.unwrap();
    }
    let found = slips(&mut connection).await;
    assert!(found.contains(&("row-level security off".to_owned(), "read.x_1".to_owned())), "{found:?}");
}
