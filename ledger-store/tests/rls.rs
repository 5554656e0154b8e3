//! One organization cannot see or touch another's rows, in any table there is, and no role to which that does not apply
//! may serve.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod common;

use common::{admin, create, run};
use ledger_store::testing::{RUNTIME_ROLE, TestDatabase, database, empty_database};
use ledger_store::{OrgId, Store, StoreConfig, StoreError, ensure_login, migrate};
use sqlx::{AssertSqlSafe, ConnectOptions, PgConnection};
use uuid::Uuid;

const SCHEMAS: &str = "nspname !~ '^pg_' AND nspname NOT IN ('information_schema', 'public')";

/// Two organizations with one row each in every table that the catalog knows, whatever its columns.
struct TwoOrgs {
    database: TestDatabase,
    store: Store,
    ours: OrgId,
    theirs: OrgId,
    /// Tables and partitions, and views.
    relations: Vec<String>,
    /// Tables into which rows are inserted, each with the columns and values that make a row of organization `{org}`.
    inserts: Vec<(String, String)>,
}

impl TwoOrgs {
    async fn new() -> Self {
        let database = database().await;
        let store = database.store().await;
        let ours = create(&store, "ours").await.org();
        let theirs = create(&store, "theirs").await.org();
        let mut superuser = admin(&database).await;
        drop_checks(&mut superuser).await;
        // Views of the schema semantic have no org_id to look for: what they show is told by the text of rows, where questions are tested.
        let relations = strings(
            &mut superuser,
            &format!("SELECT format('%I.%I', nspname, relname) FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace WHERE {SCHEMAS} AND nspname <> 'semantic' AND relkind IN ('r', 'p', 'v')"),
        )
        .await;
        let inserts = row_makers(&mut superuser).await;
        for (table, insert) in &inserts {
            for org in [ours, theirs] {
                let there: i64 = count(&mut superuser, table, &format!("org_id = '{org}'")).await.unwrap();
                if there == 0 {
                    run(&mut superuser, &insert.replace("{org}", &org.to_string())).await.unwrap_or_else(|e| panic!("{insert}: {e}"));
                }
            }
        }
        Self { database, store, ours, theirs, relations, inserts }
    }
}

/// CHECK constraints and triggers on INSERT would refuse the made-up rows; what is tested here is another matter.
async fn drop_checks(superuser: &mut PgConnection) {
    let drops = format!(
        "SELECT format('ALTER TABLE %s DROP CONSTRAINT %I', conrelid::regclass, conname) FROM pg_constraint c JOIN pg_namespace n ON n.oid = connamespace
          WHERE {SCHEMAS} AND contype = 'c' AND conislocal"
    );
    let disables = format!(
        "SELECT format('ALTER TABLE %s DISABLE TRIGGER %I', tgrelid::regclass, tgname)
           FROM pg_trigger t JOIN pg_class c ON c.oid = tgrelid JOIN pg_namespace n ON n.oid = relnamespace
          WHERE {SCHEMAS} AND NOT tgisinternal AND tgtype & 4 = 4"
    );
    for disable in strings(superuser, &disables).await {
        run(superuser, &disable).await.unwrap();
    }
    for drop in strings(superuser, &drops).await {
        run(superuser, &drop).await.unwrap();
    }
}

/// For each table (of partitioned ones the parent) an INSERT with a value for every column that must have one.
async fn row_makers(superuser: &mut PgConnection) -> Vec<(String, String)> {
    let statement = format!(
        "SELECT t.name, format('INSERT INTO %s (%s) VALUES (%s)', t.name, string_agg(quote_ident(attname), ', '), string_agg(CASE
                    WHEN attname = 'org_id' THEN quote_literal('{{org}}')
                    WHEN attname = 'projection' THEN quote_literal('gl_fact') -- so that views find what they join
                    WHEN typcategory = 'N' THEN '1'
                    WHEN typcategory = 'D' THEN quote_literal('2024-02-29')
                    WHEN typcategory = 'B' THEN 'true'
                    WHEN typcategory = 'A' THEN quote_literal('{{}}')
                    WHEN typname = 'bytea' THEN quote_literal('\\x00')
                    WHEN typname = 'uuid' THEN 'gen_random_uuid()'
                    WHEN typname IN ('json', 'jsonb') THEN quote_literal('{{}}')
                    ELSE 'gen_random_uuid()::text' END, ', '))
           FROM (SELECT c.oid, format('%I.%I', nspname, relname) AS name FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace
                  WHERE {SCHEMAS} AND relkind IN ('r', 'p') AND NOT relispartition) AS t
           JOIN pg_attribute a ON a.attrelid = t.oid AND attnum > 0 AND NOT attisdropped AND attnotnull AND attgenerated = ''
           JOIN pg_type y ON y.oid = a.atttypid
          GROUP BY t.name ORDER BY t.name"
    );
    sqlx::query_as(AssertSqlSafe(statement)).fetch_all(superuser).await.unwrap()
}

async fn strings(connection: &mut PgConnection, statement: &str) -> Vec<String> {
    sqlx::query_scalar(AssertSqlSafe(statement.to_owned())).fetch_all(connection).await.unwrap()
}

/// How many rows of the relation fulfil the condition; `Err` is the SQLSTATE.
async fn count(connection: &mut PgConnection, relation: &str, condition: &str) -> Result<i64, String> {
    let statement = format!("SELECT count(*) FROM {relation} WHERE {condition}");
    match sqlx::query_scalar(AssertSqlSafe(statement)).fetch_one(connection).await {
        Ok(found) => Ok(found),
        Err(error) => Err(error.as_database_error().unwrap().code().unwrap().into_owned()),
    }
}

const REFUSED: &str = "42501";

#[tokio::test]
async fn bound_to_one_organization_no_row_of_another_is_visible_in_any_relation() {
    let two = TwoOrgs::new().await;
    assert!(two.inserts.len() >= 7, "the catalog was read: {:?}", two.inserts);
    let mut superuser = admin(&two.database).await;
    for relation in &two.relations {
        let theirs = format!("org_id = '{}'", two.theirs);
        assert!(count(&mut superuser, relation, &theirs).await.unwrap() > 0, "{relation} has a row to hide");

        let mut tx = two.store.for_org(two.ours).begin().await.unwrap();
        match count(&mut tx, relation, "true").await {
            Ok(visible) => {
                assert!(visible > 0, "{relation}: our own row is visible");
                let own = count(&mut tx, relation, &format!("org_id = '{}'", two.ours)).await.unwrap();
                assert_eq!(own, visible, "{relation}: nothing but our own");
                assert_eq!(count(&mut tx, relation, &theirs).await, Ok(0), "{relation}");
            }
            Err(state) => assert_eq!(state, REFUSED, "{relation} is not granted"),
        }
        tx.rollback().await.unwrap();
    }
}

#[tokio::test]
async fn unbound_the_runtime_sees_nothing_and_an_auditor_or_stranger_cannot_bind_itself() {
    let two = TwoOrgs::new().await;
    let mut superuser = admin(&two.database).await;
    for role in ["CREATE ROLE audit_login LOGIN IN ROLE ledger_auditor", "CREATE ROLE stranger LOGIN"] {
        run(&mut superuser, role).await.unwrap();
    }
    let set = format!("SET app.org_id = '{}'", two.theirs);
    for (role, bind) in
        [(RUNTIME_ROLE, "SELECT 1"), (RUNTIME_ROLE, "SET app.org_id = ''"), ("audit_login", set.as_str()), ("stranger", set.as_str())]
    {
        let mut connection = two.database.options_for(role).connect().await.unwrap();
        run(&mut connection, bind).await.unwrap();
        for relation in &two.relations {
            let visible = count(&mut connection, relation, "true").await;
            assert!(visible == Ok(0) || visible == Err(REFUSED.to_owned()), "{role} after {bind}: {relation} shows {visible:?}");
        }
    }
}

#[tokio::test]
async fn bound_to_one_organization_no_row_of_another_can_be_written() {
    let two = TwoOrgs::new().await;
    for (table, insert) in &two.inserts {
        let theirs = format!("org_id = '{}'", two.theirs);
        let attempts = [
            insert.replace("{org}", &two.theirs.to_string()),
            format!("DELETE FROM {table} WHERE {theirs}"),
            format!("UPDATE {table} SET org_id = '{}' WHERE {theirs}", two.ours),
            format!("UPDATE {table} SET org_id = '{}' WHERE org_id = '{}'", two.theirs, two.ours),
            format!("TRUNCATE {table}"),
        ];
        for attempt in attempts {
            let mut tx = two.store.for_org(two.ours).begin().await.unwrap();
            let outcome = run(&mut tx, &attempt).await;
            assert!(outcome == Ok(0) || outcome == Err(REFUSED.to_owned()), "{attempt}: {outcome:?}");
            tx.rollback().await.unwrap();
        }
    }
}

#[tokio::test]
async fn a_binding_ends_with_its_transaction() {
    let two = TwoOrgs::new().await;
    let one_connection = StoreConfig { max_connections: 1, ..StoreConfig::default() };
    let store = Store::connect(two.database.options_for(RUNTIME_ROLE), one_connection).await.unwrap();
    let mut tx = store.for_org(two.theirs).begin().await.unwrap();
    assert_eq!(count(&mut tx, "ledger.stream_head", "true").await, Ok(1));
    tx.commit().await.unwrap();
    // The same connection: calls that bind themselves must not leave a binding behind either.
    assert_eq!(store.for_org(two.ours).head().await.unwrap().seq, 0);
    let missing = OrgId(Uuid::now_v7());
    assert!(matches!(store.for_org(missing).head().await, Err(StoreError::UnknownOrg(org)) if org == missing));
    let mut tx = store.for_org(missing).begin().await.unwrap();
    assert_eq!(count(&mut tx, "ledger.stream_head", "true").await, Ok(0));
}

#[tokio::test]
async fn the_directory_answers_its_questions_and_no_other() {
    let two = TwoOrgs::new().await;
    let slugs: Vec<String> = two.store.organizations().await.unwrap().into_iter().map(|o| o.slug).collect();
    assert_eq!(slugs, ["ours", "theirs"]);
    assert_eq!(two.store.organization("theirs").await.unwrap().unwrap().org, two.theirs);
    assert_eq!(two.store.organization("nobody").await.unwrap(), None);
    // ledger_directory itself: the few tables its functions need, and no writing even there.
    let mut superuser = admin(&two.database).await;
    run(&mut superuser, "SET ROLE ledger_directory").await.unwrap();
    for (table, insert) in &two.inserts {
        let readable = [
            "control.organization",
            "ledger.org_login",
            "ledger.stream_head",
            "ledger.webhook_cursor",
            "read.approval",
            "read.projection_checkpoint",
        ]
        .contains(&table.as_str());
        assert_eq!(count(&mut superuser, table, "true").await.is_ok(), readable, "{table}");
        assert_eq!(run(&mut superuser, &insert.replace("{org}", &two.ours.to_string())).await, Err(REFUSED.to_owned()), "{table}");
    }
}

#[tokio::test]
async fn a_role_that_row_level_security_does_not_hold_may_not_serve() {
    let database = database().await;
    let mut superuser = admin(&database).await;
    let cases = [
        ("r_super", "SUPERUSER IN ROLE ledger_app", "", "it is a superuser"),
        ("r_bypass", "BYPASSRLS IN ROLE ledger_app", "", "r_bypass bypasses row-level security"),
        ("r_creator", "CREATEROLE IN ROLE ledger_app", "", "may create roles"),
        ("r_repl", "REPLICATION IN ROLE ledger_app", "", "may read the whole write-ahead log"),
        ("r_owner", "IN ROLE ledger_app, ledger_owner", "", "it is a member of ledger_owner; ledger_owner owns"),
        ("r_noinherit", "NOINHERIT IN ROLE ledger_app, ledger_owner", "", "it is a member of ledger_owner"),
        ("r_directory", "IN ROLE ledger_app, ledger_directory", "", "it is a member of ledger_directory"),
        (
            "r_through",
            "IN ROLE ledger_app",
            "CREATE ROLE middle BYPASSRLS; GRANT middle TO r_through",
            "middle bypasses row-level security",
        ),
        (
            "r_table",
            "IN ROLE ledger_app",
            "CREATE TABLE read.own (org_id uuid); ALTER TABLE read.own OWNER TO r_table",
            "r_table owns read.own",
        ),
        ("r_schema", "IN ROLE ledger_app", "ALTER SCHEMA semantic OWNER TO r_schema", "r_schema owns schema semantic"),
        ("r_logins", "IN ROLE ledger_app, ledger_logins", "", "ledger_logins may create roles (CREATEROLE)"),
        ("r_shell", "IN ROLE ledger_app, pg_execute_server_program", "", "it is a member of pg_execute_server_program"),
        ("r_editor", "IN ROLE ledger_app", "GRANT DELETE ON ledger.commits TO r_editor", "it may DELETE on ledger.commits"),
        ("r_stranger", "", "GRANT SELECT ON _sqlx_migrations TO r_stranger", "it is not a member of ledger_app"),
    ];
    for (role, attributes, then, reason) in cases {
        run(&mut superuser, &format!("CREATE ROLE {role} LOGIN {attributes}")).await.unwrap();
        for statement in then.split(';').filter(|s| !s.is_empty()) {
            run(&mut superuser, statement).await.unwrap_or_else(|e| panic!("{statement}: {e}"));
        }
        let refusal = Store::connect(database.options_for(role), StoreConfig::default()).await.unwrap_err();
        assert!(matches!(refusal, StoreError::RoleRefused { .. }), "{role}: {refusal}");
        assert!(refusal.to_string().contains(reason), "{role}: {refusal}");
    }
    // And one that may: what a plain member gets.
    run(&mut superuser, "CREATE ROLE r_plain LOGIN IN ROLE ledger_app").await.unwrap();
    Store::connect(database.options_for("r_plain"), StoreConfig::default()).await.unwrap();
}

#[tokio::test]
async fn a_schema_that_the_program_was_not_built_for_is_not_served() {
    let empty = empty_database().await;
    let unmigrated = Store::connect(empty.admin_options(), StoreConfig::default()).await.unwrap_err();
    assert!(matches!(unmigrated, StoreError::NotMigrated(_)), "{unmigrated}");

    let database = database().await;
    database.store().await;
    let mut superuser = admin(&database).await;
    let connect = || Store::connect(database.options_for(RUNTIME_ROLE), StoreConfig::default());
    run(&mut superuser, "INSERT INTO _sqlx_migrations SELECT 999999, description, installed_on, success, checksum, execution_time FROM _sqlx_migrations WHERE version = 6").await.unwrap();
    assert!(matches!(connect().await, Err(StoreError::SchemaAhead(v)) if v == [999_999]));
    run(&mut superuser, "DELETE FROM _sqlx_migrations WHERE version IN (6, 999999)").await.unwrap();
    assert!(matches!(connect().await, Err(StoreError::SchemaBehind(v)) if v == [6]));
}

#[tokio::test]
async fn two_databases_of_a_cluster_migrate_at_once_and_again() {
    let (one, two) = (empty_database().await, empty_database().await);
    let (one_options, two_options) = (one.admin_options(), two.admin_options());
    let (first, second, third) = tokio::join!(migrate(&one_options), migrate(&two_options), migrate(&one_options));
    let all: Vec<i64> = ledger_store::MIGRATOR.iter().map(|m| m.version).collect();
    for report in [first.unwrap(), second.unwrap(), third.unwrap()] {
        assert_eq!(report.after, all.last().copied());
    }
    for options in [&one_options, &two_options] {
        let mut superuser = options.connect().await.unwrap();
        let applied: Vec<i64> =
            sqlx::query_scalar("SELECT version FROM _sqlx_migrations ORDER BY version").fetch_all(&mut superuser).await.unwrap();
        assert_eq!(applied, all, "each once");
    }
    let again = migrate(&two_options).await.unwrap();
    assert_eq!((again.before, again.applied), (all.last().copied(), vec![]));

    let logins = (0..8).map(|_| ensure_login(&one_options, "clerk", "secret"));
    for made in futures::future::join_all(logins).await {
        made.unwrap();
    }
    Store::connect(two.options_for("clerk"), StoreConfig::default()).await.unwrap();
    let mut superuser = admin(&one).await;
    run(&mut superuser, "CREATE ROLE somebody LOGIN").await.unwrap();
    for foreign in ["postgres", "somebody"] {
        assert!(matches!(ensure_login(&one_options, foreign, "x").await, Err(StoreError::ForeignRole(role)) if role == foreign));
    }
}
