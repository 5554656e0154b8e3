//! What a statement can leave behind, one kind of thing at a time, as somebody sees it who may see everything.

use std::time::Duration;

use ledger_store::testing::TestDatabase;
use sqlx::postgres::{PgListener, PgPool, PgPoolOptions};
use sqlx::{ConnectOptions, PgConnection};

/// Things that outlive a statement, or its transaction, or its session, by what they are called.
const THINGS: &str = "
    SELECT 'temporary schemas', string_agg(nspname, ';' ORDER BY nspname) FROM pg_namespace WHERE nspname ~ '^pg_(toast_)?temp_'
    UNION ALL SELECT 'temporary relations', string_agg(relname, ';' ORDER BY oid) FROM pg_class WHERE relpersistence = 't'
    UNION ALL SELECT 'types', count(*)::text FROM pg_type
    UNION ALL SELECT 'functions', count(*)::text FROM pg_proc
    UNION ALL SELECT 'sequences', string_agg(format('%s.%s %s', schemaname, sequencename, last_value), ';' ORDER BY schemaname, sequencename) FROM pg_sequences
    UNION ALL SELECT 'advisory locks', count(*)::text FROM pg_locks
               WHERE locktype = 'advisory' AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
    UNION ALL SELECT 'large objects', string_agg(oid::text, ';' ORDER BY oid) FROM pg_largeobject_metadata
    UNION ALL SELECT 'settings of roles and databases', string_agg(format('%s %s %s', setdatabase, setrole, setconfig), ';' ORDER BY setdatabase, setrole) FROM pg_db_role_setting
    UNION ALL SELECT 'settings of the server', string_agg(format('%s %s', name, setting), ';' ORDER BY name, seqno) FROM pg_file_settings
    UNION ALL SELECT 'prepared transactions', string_agg(gid, ';' ORDER BY gid) FROM pg_prepared_xacts WHERE database = current_database()
    UNION ALL SELECT 'replication slots', string_agg(slot_name, ';' ORDER BY slot_name) FROM pg_replication_slots WHERE database = current_database()";

/// What a backend of such a login holds while its transaction is open, beyond the locks of whoever reads or means to write rows: those
/// hold back nobody who appends or reads, only who changes a table, and only until the session is closed.
const HELD: &str = "
    SELECT format('%s %s %s', l.locktype, l.mode, l.relation::regclass)
      FROM pg_locks AS l JOIN pg_stat_activity AS a USING (pid)
     WHERE a.usename ~ '^ledger_llm_' AND a.datname = current_database()
       AND NOT (l.locktype = 'relation' AND l.mode IN ('AccessShareLock', 'RowShareLock', 'RowExclusiveLock')) AND l.locktype <> 'virtualxid'";

/// Whoever is logged in as an organization, or as all of them.
const THERE: &str =
    "SELECT format('%s %s: %s', pid, state, query) FROM pg_stat_activity WHERE usename ~ '^ledger_llm_' AND datname = current_database()";

/// Channels that somebody may want to be heard on; those that the corpus names come on top.
const CHANNELS: [&str; 12] = [
    "ledger",
    "ledger_events",
    "ledgerd",
    "events",
    "payments",
    "payment",
    "webhooks",
    "approvals",
    "drafts",
    "projections",
    "public",
    "*",
];

/// What is there before statements are run, and whoever looks at it between them.
pub(crate) struct Traces {
    admin: PgConnection,
    before: Vec<(String, Option<String>)>,
    ears: PgListener,
    pool: PgPool,
    channels: Vec<String>,
}

impl Traces {
    /// Looks, and listens from now on: on the channels of the statements, too.
    pub(crate) async fn of(database: &TestDatabase, statements: impl Iterator<Item = &str>) -> Self {
        let mut admin = database.admin_options().connect().await.unwrap();
        let before = things(&mut admin).await;
        let pool = PgPoolOptions::new().max_connections(2).connect_with(database.admin_options()).await.unwrap();
        let mut ears = PgListener::connect_with(&pool).await.unwrap();
        let mut channels: Vec<String> = CHANNELS.map(str::to_owned).to_vec();
        channels.extend(statements.flat_map(named_channels));
        channels.sort();
        channels.dedup();
        ears.listen_all(channels.iter().map(String::as_str)).await.unwrap();
        Self { admin, before, ears, pool, channels }
    }

    /// While the statement's transaction is open: it may hold back nobody.
    pub(crate) async fn while_open(&mut self, shown: &str) {
        // An error is told before what failed is rolled back, so a moment may pass; what a statement holds, it goes on holding.
        let mut held = Vec::new();
        for _ in 0..100 {
            held = sqlx::query_scalar::<_, String>(HELD).fetch_all(&mut self.admin).await.unwrap();
            if held.is_empty() {
                break;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        assert!(held.is_empty(), "{shown}\nholds {held:?}");
    }

    /// After the session was closed: nobody is there, so cursors, prepared statements, channels listened on and everything else
    /// that is a session's is gone; and each thing that is not is as it was.
    pub(crate) async fn after(&mut self, shown: &str) {
        // What cannot be interrupted goes on for a while after it was cut off.
        let mut there = Vec::new();
        for _ in 0..3_000 {
            there = sqlx::query_scalar::<_, String>(THERE).fetch_all(&mut self.admin).await.unwrap();
            if there.is_empty() {
                break;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        assert!(there.is_empty(), "{shown}\nis still there: {there:?}");
        for (was, is) in self.before.iter().zip(things(&mut self.admin).await) {
            assert_eq!(*was, is, "{shown}\nleaves {}", was.0);
        }
    }

    /// Nobody was told anything, though somebody listened all along: what is said to show that is the first that is heard.
    pub(crate) async fn silence(mut self) {
        for channel in &self.channels {
            sqlx::query("SELECT pg_notify($1, 'heard')").bind(channel).execute(&self.pool).await.unwrap();
        }
        let mut heard = Vec::new();
        for _ in &self.channels {
            let said = tokio::time::timeout(Duration::from_secs(20), self.ears.recv()).await.expect("nothing is heard at all").unwrap();
            heard.push((said.channel().to_owned(), said.payload().to_owned()));
        }
        let expected: Vec<_> = self.channels.iter().map(|channel| (channel.clone(), "heard".to_owned())).collect();
        assert_eq!(heard, expected);
    }
}

/// The things that there are. Each is one row.
async fn things(admin: &mut PgConnection) -> Vec<(String, Option<String>)> {
    sqlx::query_as(THINGS).fetch_all(admin).await.unwrap()
}

/// The channels that a statement speaks on.
fn named_channels(statement: &str) -> Vec<String> {
    let word = |rest: &str| -> String { rest.chars().take_while(|letter| letter.is_ascii_alphanumeric() || *letter == '_').collect() };
    let after = |sign: &str| statement.split(sign).skip(1).map(word).filter(|name| !name.is_empty()).collect::<Vec<_>>();
    [after("NOTIFY "), after("LISTEN "), after("pg_notify('")].concat()
}
