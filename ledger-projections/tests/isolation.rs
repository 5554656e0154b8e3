//! The first lock: what a hostile statement can do as an organization's login when nothing has read it before. Two
//! organizations full of marker text; the same statements that the guard must refuse; nothing of the other organization in
//! any row, error or notice, and nothing left behind, thing by thing (`asking/traces.rs`).
//!
//! A session is given one statement. Whoever may send a second one after `COMMIT` is not held by the transaction any more, only by
//! what the login may do: it still reads nothing of others and makes nothing, but nobody can be forbidden to NOTIFY.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

#[path = "../../ledger-core/tests/words/mod.rs"]
mod words;

mod asking;
#[path = "asking/traces.rs"]
mod traces;

use std::time::Duration;

use asking::{Block, Books, Notices, blocks};
use ledger_store::migrate;
use ledger_store::semantic::{Canonical, Limits, SemanticError, Session};
use ledger_store::testing::{RUNTIME_ROLE, TestDatabase, empty_database};
use ledger_store::{Store, StoreConfig, StoreError, ensure_login};
use sqlx::{AssertSqlSafe, ConnectOptions, PgConnection};
use traces::Traces;

/// Statements of the corpus that may be run: the other organization's are filled in.
fn hostile(theirs: &Books) -> Vec<Block> {
    let id = theirs.org.org().0;
    let fill = |text: String| {
        text.replace("{other_org}", &id.to_string())
            .replace("{other_login}", &format!("ledger_llm_{}", id.simple()))
            .replace("{other_slug}", &theirs.slug)
            .replace("{marker}", theirs.marker)
    };
    let found: Vec<Block> = blocks(include_str!("semantic/hostile.sql"), "-- reason: ");
    found.into_iter().map(|block| Block { statement: fill(block.statement), ..block }).collect()
}

/// A database that went through all migrations itself: a copy of a template lacks what was taken from it as a database.
struct Town {
    /// Roles and the write-ahead log are the server's: one test at a time looks at them.
    _alone: tokio::sync::MutexGuard<'static, ()>,
    database: TestDatabase,
    ours: Books,
    theirs: Books,
    store: Store,
}

/// What it is like where roles cannot be made.
const REFUSED: &str = "CREATE OR REPLACE FUNCTION control.semantic_login(p_renew boolean) RETURNS TABLE (login text, password text)
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS 'BEGIN RAISE insufficient_privilege; END'";

/// What an administrator does there; another database of the server may know the login already.
const SHARED: &str =
    "DO 'BEGIN CREATE ROLE ledger_llm_shared LOGIN IN ROLE ledger_llm_read; EXCEPTION WHEN duplicate_object THEN NULL; END'";

const LIMITS: Limits = Limits { statement: Duration::from_millis(700), lock: Duration::from_millis(200), idle: Duration::from_secs(10) };

impl Town {
    async fn new() -> Self {
        static ALONE: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());
        let alone = ALONE.lock().await;
        let database = empty_database().await;
        migrate(&database.admin_options()).await.unwrap();
        ensure_login(&database.admin_options(), RUNTIME_ROLE, "").await.unwrap();
        let store = Store::connect(database.options_for(RUNTIME_ROLE), StoreConfig::default()).await.unwrap();
        let ours = Books::open(&store, "ours", "OURMARK").await;
        let theirs = Books::open(&store, "theirs", "THEIRMARK").await;
        // The ledger has no sequences. One that everybody may draw from shows what the transaction holds; one of the owner's, what rights do.
        let mut admin = database.admin_options().connect().await.unwrap();
        for statement in [
            "CREATE SEQUENCE public.everybodys",
            "GRANT USAGE, SELECT, UPDATE ON SEQUENCE public.everybodys TO PUBLIC",
            "CREATE SEQUENCE ledger.owners",
            "SELECT nextval('public.everybodys'), nextval('ledger.owners')",
        ] {
            sqlx::query(statement).execute(&mut admin).await.unwrap();
        }
        Self { _alone: alone, database, ours, theirs, store }
    }

    /// The same where the server does not let anybody make logins, and the administrator has made one for all.
    async fn without_own_logins(mut self) -> Self {
        let mut admin = self.admin().await;
        for statement in [REFUSED, SHARED] {
            sqlx::query(statement).execute(&mut admin).await.unwrap();
        }
        self.store = self.store.with_shared_login(self.database.options_for("ledger_llm_shared"));
        self
    }

    async fn admin(&self) -> PgConnection {
        self.database.admin_options().connect().await.unwrap()
    }

    async fn session(&self) -> Session {
        // A statement that cannot be interrupted holds its place until it ends, though nobody waits for it any more; and a machine that
        // is short of time may cut a connection off. A server that fell over would show: other connections are kept all along.
        for _ in 0..100 {
            match Session::open(&self.store, self.ours.org.org(), LIMITS).await {
                Err(error) if error.is_transient() => tokio::time::sleep(Duration::from_millis(200)).await,
                opened => return opened.unwrap(),
            }
        }
        panic!("a session of the organization does not end");
    }

    /// Whether a text speaks of the other organization: its marker, slug or id.
    fn betrays(&self, text: &[u8]) -> bool {
        let id = self.theirs.org.org().0;
        let says = |word: &[u8]| text.windows(word.len()).any(|part| part == word);
        says(self.theirs.marker.as_bytes()) || says(id.as_bytes()) || says(id.to_string().as_bytes())
    }
}

/// What must be the same before and after: everything that a statement could leave.
async fn state(admin: &mut PgConnection) -> Vec<(String, String)> {
    sqlx::query_as(
        "SELECT 'relations', string_agg(format('%s.%s %s %s', relnamespace::regnamespace, relname, relkind, relacl), ';' ORDER BY oid)
           FROM pg_class WHERE relnamespace::regnamespace::text !~ '^pg_toast'
         UNION ALL SELECT 'functions', count(*)::text || coalesce(string_agg(proacl::text, ';' ORDER BY oid), '') FROM pg_proc
         UNION ALL SELECT 'schemas', string_agg(nspname || coalesce(nspacl::text, ''), ';' ORDER BY nspname) FROM pg_namespace WHERE nspname !~ '^pg_t'
         UNION ALL SELECT 'roles', string_agg(format('%s %s %s %s %s %s', rolname, rolsuper, rolcanlogin, rolcreaterole, rolpassword, rolconnlimit), ';' ORDER BY rolname) FROM pg_authid
         UNION ALL SELECT 'memberships', string_agg(format('%s %s', roleid, member), ';' ORDER BY roleid, member) FROM pg_auth_members
         UNION ALL SELECT 'settings of roles', string_agg(format('%s %s', setrole, setconfig), ';' ORDER BY setrole) FROM pg_db_role_setting
         UNION ALL SELECT 'descriptions', md5(string_agg(description, ';' ORDER BY objoid, objsubid, description)) FROM pg_description
         UNION ALL SELECT 'extensions', string_agg(extname, ';' ORDER BY extname) FROM pg_extension
         UNION ALL SELECT 'large objects', count(*)::text FROM pg_largeobject_metadata
         UNION ALL SELECT 'advisory locks', count(*)::text FROM pg_locks WHERE locktype = 'advisory'
         UNION ALL SELECT 'prepared transactions', count(*)::text FROM pg_prepared_xacts
         UNION ALL SELECT 'databases', string_agg(datname || coalesce(datacl::text, ''), ';' ORDER BY datname) FROM pg_database WHERE datname = current_database()
         UNION ALL SELECT 'lines', md5(string_agg(g::text, ';' ORDER BY org_id, seq, line_no)) FROM read.gl_fact AS g
         UNION ALL SELECT 'heads', string_agg(h::text, ';' ORDER BY org_id) FROM ledger.stream_head AS h
         UNION ALL SELECT 'logins', string_agg(l::text, ';' ORDER BY org_id) FROM ledger.org_login AS l
         UNION ALL SELECT 'checkpoints', string_agg(format('%s %s %s', org_id, name, seq), ';' ORDER BY org_id, name) FROM read.projection_checkpoint",
    )
    .fetch_all(admin)
    .await
    .unwrap()
}

/// Bytes of write-ahead log so far.
async fn log_end(admin: &mut PgConnection) -> i64 {
    sqlx::query_scalar("SELECT (pg_current_wal_insert_lsn() - '0/0')::bigint").fetch_one(admin).await.unwrap()
}

/// What a statement came to, in one word, for whoever reads the test's output.
fn outcome<T>(found: &Result<T, SemanticError>) -> String {
    match found {
        Ok(_) => "ran".to_owned(),
        Err(error) => error.sqlstate().unwrap_or_else(|| "failed".to_owned()),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn with_no_guard_nothing_of_another_organization_shows_and_nothing_is_left_behind() {
    hold(&Town::new().await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_shared_login_holds_as_well_where_organizations_cannot_have_their_own() {
    let town = Town::new().await.without_own_logins().await;
    let ask = |sql: &str| Canonical::trusted_by_guard(sql.to_owned());
    let accounts =
        async |session: &mut Session| session.rows(&ask("SELECT count(*) > 0 FROM v_account"), 1, 100).await.unwrap().rows[0][0].clone();
    let mut session = town.session().await;
    assert_eq!(accounts(&mut session).await.as_deref(), Some("true"), "its own rows are there");
    // A word of this very transaction that names another organization; one with another signature; none.
    let bytes = session.run_as_it_is("SELECT current_setting('app.signed_org')").await.unwrap();
    let word = String::from_utf8(bytes[0].clone()).unwrap();
    let parts: Vec<&str> = word.split('|').collect();
    let (theirs, backend, began) = (town.theirs.org.org().0, parts[1], parts[2]);
    let forged = [
        format!("{theirs}|{backend}|{began}|{}", parts[3]),
        format!("{}|{backend}|{began}|{}", parts[0], "0".repeat(64)),
        format!("{}|{backend}|{}|{}", parts[0], began.parse::<i64>().unwrap() + 1, parts[3]),
        String::new(),
        "nonsense".to_owned(),
    ];
    for forged in forged {
        session.run_as_it_is(&format!("SET LOCAL app.signed_org = '{forged}'")).await.unwrap();
        assert_eq!(accounts(&mut session).await.as_deref(), Some("false"), "{forged}");
    }
    session.run_as_it_is(&format!("SET LOCAL app.signed_org = '{word}'")).await.unwrap();
    assert_eq!(accounts(&mut session).await.as_deref(), Some("true"), "nothing else was in the way");
    // Words that the other organization's runtime signed: for another backend, and for this one at another moment.
    let mut tx = town.theirs.org.begin().await.unwrap();
    for (backend, began) in [(1, began.parse::<i64>().unwrap()), (backend.parse::<i32>().unwrap(), began.parse::<i64>().unwrap() - 1)] {
        let signed: String =
            sqlx::query_scalar("SELECT control.sign_semantic_context($1, $2)").bind(backend).bind(began).fetch_one(&mut *tx).await.unwrap();
        session.run_as_it_is(&format!("SET LOCAL app.signed_org = '{signed}'")).await.unwrap();
        assert_eq!(accounts(&mut session).await.as_deref(), Some("false"), "{signed}");
    }
    tx.rollback().await.unwrap();
    session.close().await;
    hold(&town).await;
}

/// Runs the corpus as our organization.
async fn hold(town: &Town) {
    let notices = Notices::listen();
    let corpus = hostile(&town.theirs);
    assert!(corpus.len() >= 150, "{} statements", corpus.len());
    let mut admin = town.admin().await;
    // The logins are made by the first questions; what they leave is not the statements' doing.
    town.session().await.close().await;
    Session::open(&town.store, town.theirs.org.org(), LIMITS).await.unwrap().close().await;
    let before = state(&mut admin).await;
    let log = log_end(&mut admin).await;
    let mut traces = Traces::of(&town.database, corpus.iter().map(|block| block.statement.as_str())).await;

    let mut ran = Vec::new();
    for block in &corpus {
        let framed = run_framed(town, block, &mut traces).await;
        let bare = run_bare(town, block, &mut traces).await;
        ran.push((framed, bare, block.says.clone()));
    }
    for (framed, bare, says) in &ran {
        println!("{framed:>6} {bare:>6}  {says}");
    }
    let after = state(&mut admin).await;
    for (was, is) in before.iter().zip(&after) {
        assert_eq!(was, is, "{} changed", was.0);
    }
    let written = log_end(&mut admin).await - log;
    assert!(written < 16 << 20, "{written} bytes of write-ahead log were written");
    println!("{written} bytes of write-ahead log");
    traces.silence().await;
    let said = notices.all();
    assert!(!said.contains(town.theirs.marker), "a notice shows another organization: {said}");
    assert!(!said.contains("payment.settled"), "a notification arrived: {said}");
}

/// In the frame, as the guard's text would be run.
async fn run_framed(town: &Town, block: &Block, traces: &mut Traces) -> String {
    let shown = format!("{}\n{}", block.says, block.statement);
    let mut session = town.session().await;
    let found = session.rows(&Canonical::trusted_by_guard(block.statement.clone()), 10_000, 8 << 20).await;
    if let Ok(rows) = &found {
        let cells = rows.rows.iter().flatten().flatten();
        cells.for_each(|cell| assert!(!town.betrays(cell.as_bytes()), "{shown}\nshows {cell}"));
    } else if let Err(error) = &found {
        // The statement may hold the marker itself, and a message may repeat it: it betrays nothing then.
        let said = error.to_string();
        assert!(block.statement.contains(town.theirs.marker) || !said.contains(town.theirs.marker), "{shown}\nsays {said}");
    }
    traces.while_open(&shown).await;
    session.close().await;
    traces.after(&shown).await;
    outcome(&found)
}

/// As it is, the way a careless program would run it.
async fn run_bare(town: &Town, block: &Block, traces: &mut Traces) -> String {
    let shown = format!("{}\n{}", block.says, block.statement);
    let mut session = town.session().await;
    let found = session.run_as_it_is(&block.statement).await;
    match &found {
        Ok(values) => values.iter().for_each(|value| {
            let text = String::from_utf8_lossy(value);
            assert!(!says_what_it_was_not_told(town, block, value), "{shown}\nshows {text}");
        }),
        Err(error) => {
            let said = error.to_string();
            assert!(!says_what_it_was_not_told(town, block, said.as_bytes()), "{shown}\nsays {said}");
        }
    }
    traces.while_open(&shown).await;
    session.close().await;
    traces.after(&shown).await;
    outcome(&found)
}

/// Several statements of one session, and what the last comes to: a SQLSTATE, or whether it shows rows of ours or none.
async fn one_after_the_other(town: &Town, traces: &mut Traces, statements: &[&str]) -> String {
    let mut session = town.session().await;
    let mut came_to = String::new();
    for statement in statements {
        let found = session.run_as_it_is(&statement.replace("{other_org}", &town.theirs.org.org().0.to_string())).await;
        came_to = match &found {
            Ok(values) if values.iter().any(|value| town.betrays(value)) => "theirs".to_owned(),
            Ok(values) if values.iter().any(|value| String::from_utf8_lossy(value).contains(&town.ours.secret)) => "ours".to_owned(),
            Ok(_) => "nothing".to_owned(),
            Err(_) => outcome(&found),
        };
    }
    session.close().await;
    traces.after(&statements.join("; ")).await;
    came_to
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn cursors_prepared_statements_and_temporary_tables_end_with_their_session() {
    let own = [
        // A cursor that would outlive its transaction does not outlive one that is rolled back, nor its session when it is not.
        (&["DECLARE left_behind CURSOR WITH HOLD FOR SELECT memo FROM v_gl_fact", "FETCH ALL FROM left_behind"][..], "ours"),
        (&["DECLARE left_behind CURSOR WITH HOLD FOR SELECT memo FROM v_gl_fact", "ROLLBACK", "FETCH ALL FROM left_behind"], "34000"),
        (&["DECLARE left_behind CURSOR WITH HOLD FOR SELECT memo FROM v_gl_fact", "COMMIT", "FETCH ALL FROM left_behind"], "ours"),
        (&["FETCH ALL FROM left_behind"], "34000"),
        // A prepared statement outlives its transaction, not its session.
        (&["PREPARE left_behind AS SELECT memo FROM v_gl_fact", "EXECUTE left_behind"], "ours"),
        (&["EXECUTE left_behind"], "26000"),
        // Temporary things cannot be made, not even where the transaction does not hold any more.
        (&["CREATE TEMP TABLE left_behind (n int)"], "25006"),
        (&["COMMIT", "SET default_transaction_read_only = off", "CREATE TEMP TABLE left_behind (n int)"], "42501"),
        (&["COMMIT", "SET default_transaction_read_only = off", "CREATE TEMP SEQUENCE left_behind"], "42501"),
        (&["COMMIT", "SET default_transaction_read_only = off", "SELECT nextval('ledger.owners')"], "42501"),
        (&["COMMIT", "SET default_transaction_read_only = off", "SELECT pg_advisory_lock(42)"], "42501"),
        (&["COMMIT", "SET default_transaction_read_only = off", "SELECT lo_create(0)"], "42501"),
        (&["COMMIT", "SET default_transaction_read_only = off", "SELECT pg_notify('ledger', 'payment.settled')"], "42501"),
        // What a session sets for itself is gone with it.
        (&["COMMIT", "SET app.org_id = '{other_org}'", "SELECT memo FROM v_gl_fact"], "ours"),
        (&["SET SESSION search_path = pg_catalog", "COMMIT", "SELECT memo FROM v_gl_fact"], "42P01"),
        (&["SELECT memo FROM v_gl_fact"], "ours"),
    ];
    let town = Town::new().await;
    town.session().await.close().await;
    let mut traces = Traces::of(&town.database, std::iter::empty()).await;
    for (statements, expected) in own {
        assert_eq!(one_after_the_other(&town, &mut traces, statements).await, expected, "{statements:?}");
    }
    traces.silence().await;

    // The shared login's next transaction is nobody's: nobody said whose it is.
    let town = town.without_own_logins().await;
    town.session().await.close().await;
    let mut traces = Traces::of(&town.database, std::iter::empty()).await;
    for (statements, expected) in own {
        let expected =
            if statements.last().is_some_and(|last| last.starts_with("SELECT memo")) && statements.len() > 1 && expected == "ours" {
                "nothing"
            } else {
                expected
            };
        assert_eq!(one_after_the_other(&town, &mut traces, statements).await, expected, "{statements:?}");
    }
    traces.silence().await;
}

/// How a statement is carried out depends on everybody's rows. PostgreSQL knows no right to ask for it, so it is not the login that keeps
/// a plan from whoever asks: the guard refuses EXPLAIN, and with the guard off the frame does, in which only a query fits. What the
/// bare login would see are names of tables and numbers of rows, guessed over all organizations; no value of anybody's rows.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_plan_is_shown_to_nobody_and_would_show_no_value() {
    let town = Town::new().await;
    let mut admin = town.admin().await;
    // Statistics are there, over the rows of both.
    sqlx::query("ANALYZE").execute(&mut admin).await.unwrap();
    let questions = [
        "SELECT * FROM v_gl_fact",
        "SELECT count(*) FROM v_gl_fact WHERE memo LIKE 'THEIR%'",
        "SELECT count(*) FROM v_gl_fact WHERE account_name = 'x' OR memo > 'THEIR' ORDER BY 1",
        "SELECT customer_id, sum(open_base) FROM v_ar_open GROUP BY 1",
        "SELECT * FROM v_account a JOIN v_trial_balance b USING (account_code)",
    ];
    let ways = ["", "(VERBOSE)", "ANALYZE", "(FORMAT JSON)", "(ANALYZE, VERBOSE, BUFFERS, WAL, SETTINGS, FORMAT JSON)"];
    let mut shown = Vec::new();
    for question in questions {
        for way in ways {
            let text = format!("EXPLAIN {way} {question}");
            let mut session = town.session().await;
            let refused = session.rows(&Canonical::trusted_by_guard(text.clone()), 100, 1 << 20).await.unwrap_err();
            assert_eq!(refused.sqlstate().as_deref(), Some("42601"), "{text}: {refused}");
            assert!(refused.to_string().contains("syntax error") && !refused.to_string().contains("rows"), "{text}: {refused}");
            session.close().await;
            let mut session = town.session().await;
            let plan = session.run_as_it_is(&text).await.unwrap();
            let plan: Vec<String> = plan.iter().map(|line| String::from_utf8_lossy(line).into_owned()).collect();
            let plan = plan.join("\n");
            assert!(!town.betrays(plan.as_bytes()), "{plan}");
            assert!(!plan.contains(&town.ours.secret), "{plan}");
            shown.push(plan);
            session.close().await;
        }
    }
    // That is why it is refused: the bare login would learn how many rows there are.
    assert!(shown.iter().any(|plan| plan.contains("rows=") && plan.contains("gl_fact")), "{shown:#?}");
    println!("{}", shown[2]);
}

/// A value that names the other organization although the statement did not.
fn says_what_it_was_not_told(town: &Town, block: &Block, value: &[u8]) -> bool {
    let told = |word: &str| block.statement.contains(word);
    let id = town.theirs.org.org().0;
    if told(&id.to_string()) || told(&id.simple().to_string()) || told(town.theirs.marker) {
        // It may repeat what it was told, in any form; only rows of the books would tell it more.
        let word = town.theirs.secret.as_bytes();
        return value.windows(word.len()).any(|part| part == word);
    }
    // Who the roles are is no secret of the books: role names carry the id, without dashes.
    town.betrays(value)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_session_shows_its_own_organization_and_only_reads() {
    let town = Town::new().await;
    let ask = |sql: &str| Canonical::trusted_by_guard(sql.to_owned());
    for (books, other) in [(&town.ours, &town.theirs), (&town.theirs, &town.ours)] {
        let mut session = Session::open(&town.store, books.org.org(), Limits::default()).await.unwrap();
        let all_types = ask("SELECT memo, net_base, effective_date, is_reversal, NULL AS nothing FROM v_gl_fact ORDER BY line_id");
        let answer = session.rows(&all_types, 5, 1 << 20).await.unwrap();
        assert!(answer.truncated && answer.rows.len() == 5);
        let types: Vec<&str> = answer.columns.iter().map(|column| column.sql_type.as_str()).collect();
        assert_eq!(types, ["text", "numeric", "date", "boolean", "text"]);
        assert_eq!(answer.rows[0][4], None);
        let all = session.rows(&ask("SELECT memo FROM v_gl_fact"), 10_000, 1 << 20).await.unwrap();
        assert!(!all.truncated && all.rows.iter().flatten().flatten().any(|memo| memo.contains(books.marker)));
        assert!(!all.rows.iter().flatten().flatten().any(|memo| memo.contains(other.marker)));
        let cut = session.rows(&ask("SELECT memo FROM v_gl_fact"), 10_000, 40).await.unwrap();
        assert!(cut.truncated && cut.rows.len() < all.rows.len());
        session.close().await;
    }
    let mut session = town.session().await;
    assert!(session.cost(&ask("SELECT count(*) FROM v_gl_fact a, v_gl_fact b")).await.unwrap() > rust_decimal::Decimal::ONE);
    // A statement that fails says so; the session is of no further use, and is closed.
    assert!(
        matches!(session.cost(&ask("SELECT nothing FROM v_gl_fact")).await, Err(SemanticError::Statement { sqlstate, .. }) if sqlstate == "42703")
    );
    session.close().await;
    for (sql, state) in [
        ("SELECT memo FROM read.gl_fact", "42501"),
        (
            "SELECT count(*) FROM v_gl_fact a, v_gl_fact b, v_gl_fact c, v_gl_fact d, v_gl_fact e WHERE a.memo || b.memo > c.memo || d.memo || e.memo",
            "57014",
        ),
        ("DELETE FROM v_gl_fact", "55000"),
        ("SHOW search_path", "42601"),
        ("SELECT 1 / (entry_no - entry_no) FROM v_gl_fact", "22012"),
    ] {
        let mut session = town.session().await;
        let refused = session.rows(&ask(sql), 10, 1 << 20).await.unwrap_err();
        assert_eq!(refused.sqlstate().as_deref(), Some(state), "{sql}: {refused}");
        session.close().await;
    }
    let mut session = town.session().await;
    assert!(matches!(session.rows(&ask("SELECT FROM v_gl_fact"), 10, 1 << 20).await, Err(SemanticError::NoColumns)));
    session.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn logins_are_made_when_they_are_needed_two_at_a_time_and_dropped() {
    let town = Town::new().await;
    let org = town.ours.org.org();
    // Many at once make one login; two sessions at once, no third.
    let opened = futures::future::join_all((0..6).map(|_| Session::open(&town.store, org, LIMITS))).await;
    let (open, refused): (Vec<_>, Vec<_>) = opened.into_iter().partition(Result::is_ok);
    assert_eq!(open.len(), 2, "{refused:?}");
    assert!(refused.iter().all(|found| matches!(found, Err(SemanticError::Busy(_)))), "{refused:?}");
    for session in open {
        session.unwrap().close().await;
    }
    // Its settings, and that another organization's login is another one.
    let mut session = town.session().await;
    let setting = |name: &str| format!("SELECT current_setting('{name}')");
    for (name, expected) in
        [("transaction_read_only", "on"), ("search_path", "semantic"), ("temp_file_limit", "256MB"), ("statement_timeout", "700ms")]
    {
        let found = session.run_as_it_is(&setting(name)).await.unwrap();
        assert_eq!(found, [expected.as_bytes()], "{name}");
    }
    session.close().await;
    // A login whose password somebody changed, and one that somebody dropped, are mended by the next question.
    let mut admin = town.admin().await;
    let role = format!("ledger_llm_{}", org.0.simple());
    sqlx::query(AssertSqlSafe(format!("DROP ROLE {role}"))).execute(&mut admin).await.unwrap();
    town.session().await.close().await;
    assert!(town.ours.org.drop_semantic_login().await.unwrap());
    assert!(!town.ours.org.drop_semantic_login().await.unwrap());
    let gone: bool =
        sqlx::query_scalar("SELECT NOT EXISTS (SELECT FROM pg_roles WHERE rolname = $1)").bind(&role).fetch_one(&mut admin).await.unwrap();
    assert!(gone);
    town.session().await.close().await;
    // One that somebody made more powerful is not used.
    sqlx::query(AssertSqlSafe(format!("GRANT ledger_app TO {role}"))).execute(&mut admin).await.unwrap();
    assert!(matches!(Session::open(&town.store, org, LIMITS).await, Err(SemanticError::NoLogin { .. })));
    // Without the mapping a login sees nothing, though it can connect.
    sqlx::query(AssertSqlSafe(format!("REVOKE ledger_app FROM {role}"))).execute(&mut admin).await.unwrap();
    town.session().await.close().await;
    sqlx::query("DELETE FROM ledger.org_login").execute(&mut admin).await.unwrap();
    let mut stray = town.database.options_for(&role).connect().await.unwrap();
    for view in ["v_gl_fact", "v_account", "v_ar_open", "v_freshness"] {
        let statement = AssertSqlSafe(format!("SELECT count(*) FROM {view}"));
        let visible: i64 = sqlx::query_scalar(statement).fetch_one(&mut stray).await.unwrap();
        assert_eq!(visible, 0, "{view}");
    }
    let nobody = ledger_store::OrgId(uuid::Uuid::from_u128(404));
    assert!(matches!(Session::open(&town.store, nobody, LIMITS).await, Err(SemanticError::Store(StoreError::UnknownOrg(_)))));
}

/// Where logins may not be made, it is said so.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn where_roles_cannot_be_made_it_is_told() {
    let town = Town::new().await;
    let mut admin = town.admin().await;
    sqlx::query(REFUSED).execute(&mut admin).await.unwrap();
    let refused = Session::open(&town.store, town.ours.org.org(), LIMITS).await.unwrap_err();
    assert!(matches!(refused, SemanticError::NoLogin { .. }) && refused.to_string().contains("CREATEROLE"), "{refused}");
}
