//! How long an answer takes does not tell whether another organization has a value: no row of another organization reaches
//! what a question computes, so there is nothing to wait for. That is exact, and looked up in the plans of the login's own
//! statements as they ran. The clock is looked at as well, generously, for machines are busy.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

#[path = "../../ledger-core/tests/words/mod.rs"]
mod words;

mod asking;

use std::time::{Duration, Instant};

use asking::Books;
use ledger_store::Store;
use ledger_store::semantic::{Canonical, Limits, Session};
use ledger_store::testing::{TestDatabase, database};
use sqlx::types::JsonValue;
use sqlx::{ConnectOptions, PgConnection};

/// Entries of two lines that the other organization has besides.
const THEIR_ENTRIES: i64 = 30_000;
/// How often each question is asked with either value.
const ROUNDS: usize = 21;

const LIMITS: Limits = Limits { statement: Duration::from_secs(60), lock: Duration::from_secs(5), idle: Duration::from_secs(60) };

/// A question that asks for `{}`, a value that the other organization has in half of its rows, and one that nobody has; and what
/// it computes that could tell of a value it is given, as a plan writes it. Empty where it computes nothing but a comparison that
/// the database knows to be silent.
struct Probe {
    asks: &'static str,
    theirs: &'static str,
    nobodys: &'static str,
    tells: &'static str,
}

const fn probe(asks: &'static str, (theirs, nobodys): (&'static str, &'static str), tells: &'static str) -> Probe {
    Probe { asks, theirs, nobodys, tells }
}

const CURRENCY: (&str, &str) = ("XAU", "XPD");
const MEMO: (&str, &str) = ("rent of the tower", "rent of the manor");
const PARTY: (&str, &str) = ("THEIR-GUEST", "THEIR-GHOST");

const PROBES: [Probe; 14] = [
    probe("SELECT count(*) FROM v_gl_fact WHERE currency = '{}'", CURRENCY, ""),
    probe("SELECT count(*) FROM v_gl_fact WHERE memo = '{}'", MEMO, ""),
    probe("SELECT count(*) FROM v_gl_fact WHERE counterparty_id = '{}'", PARTY, ""),
    probe("SELECT count(*) FROM v_gl_fact WHERE currency >= '{}'", CURRENCY, ""),
    probe("SELECT currency, count(*) FROM v_gl_fact GROUP BY currency HAVING currency = '{}'", CURRENCY, ""),
    probe(
        "SELECT count(*) FROM v_account a WHERE EXISTS (SELECT FROM v_gl_fact g WHERE g.account_code = a.account_code AND g.currency = '{}')",
        CURRENCY,
        "",
    ),
    probe("SELECT count(*) FROM v_gl_fact WHERE memo LIKE '{}%'", MEMO, "~~"),
    probe("SELECT count(*) FROM v_gl_fact WHERE currency LIKE '{}%'", CURRENCY, "~~"),
    probe("SELECT count(*) FROM v_gl_fact WHERE memo ~ '^(.*){}(.*)$'", MEMO, "~"),
    probe(
        "SELECT count(*) FROM v_gl_fact WHERE CASE WHEN memo = '{}' THEN length(repeat(memo, 100000)) > 0 ELSE false END",
        MEMO,
        "repeat(",
    ),
    probe("SELECT count(*) FROM v_gl_fact WHERE regexp_replace(memo, '{}', repeat('x', 1000), 'g') = 'y'", MEMO, "regexp_replace("),
    probe("SELECT count(*) FROM v_gl_fact WHERE CASE WHEN currency = '{}' THEN 1 / (entry_no - entry_no) ELSE 1 END = 0", CURRENCY, " / "),
    probe("SELECT count(*) FROM v_gl_fact WHERE CASE WHEN memo = '{}' THEN memo::integer ELSE 0 END = 1", MEMO, "::integer"),
    probe("SELECT count(*) FROM v_account a JOIN v_gl_fact g USING (account_code) WHERE a.account_name || g.memo LIKE '%{}'", MEMO, "~~"),
];

impl Probe {
    fn question(&self, value: &str) -> String {
        self.asks.replace("{}", value)
    }
}

struct Town {
    database: TestDatabase,
    store: Store,
    ours: Books,
    theirs: Books,
    /// Lines of ours: no more rows than these may reach what a question computes.
    our_lines: i64,
}

impl Town {
    async fn new() -> Self {
        let database = database().await;
        let store = database.store().await;
        let ours = Books::open(&store, "ours", "OUR").await;
        let theirs = Books::open(&store, "theirs", "THEIR").await;
        let mut admin = database.admin_options().connect().await.unwrap();
        // Half of the lines have the values that are asked for: as much as the planner's statistics can know of a value.
        let inserted = sqlx::query(
            "WITH model AS (SELECT g AS line FROM read.gl_fact AS g
                             WHERE g.org_id = $1 AND g.seq = (SELECT max(seq) FROM read.gl_fact WHERE org_id = $1))
             INSERT INTO read.gl_fact
             SELECT r.* FROM model AS m CROSS JOIN generate_series(1, $2) AS n CROSS JOIN LATERAL jsonb_populate_record(m.line,
                    CASE WHEN n % 2 = 0 THEN jsonb_build_object('seq', 1000000 + n, 'memo', 'no ' || n)
                         ELSE jsonb_build_object('seq', 1000000 + n, 'memo', $3::text, 'currency', $4::text, 'party', $5::text) END) AS r",
        )
        .bind(theirs.org.org().0)
        .bind(THEIR_ENTRIES)
        .bind(MEMO.0)
        .bind(CURRENCY.0)
        .bind(PARTY.0)
        .execute(&mut admin)
        .await
        .unwrap();
        assert_eq!(inserted.rows_affected(), u64::try_from(THEIR_ENTRIES).unwrap() * 2);
        sqlx::query("ANALYZE").execute(&mut admin).await.unwrap();
        let our_lines = sqlx::query_scalar("SELECT count(*) FROM read.gl_fact WHERE org_id = $1")
            .bind(ours.org.org().0)
            .fetch_one(&mut admin)
            .await
            .unwrap();
        Self { database, store, ours, theirs, our_lines }
    }

    async fn session(&self, books: &Books) -> Session {
        Session::open(&self.store, books.org.org(), LIMITS).await.unwrap()
    }

    async fn admin(&self) -> PgConnection {
        self.database.admin_options().connect().await.unwrap()
    }

    /// How the question ran, as our login.
    async fn ran(&self, question: &str) -> JsonValue {
        let mut session = self.session(&self.ours).await;
        let text = format!("EXPLAIN (ANALYZE, VERBOSE, COSTS OFF, TIMING OFF, SUMMARY OFF, FORMAT JSON) {question}");
        let shown = session.run_as_it_is(&text).await.unwrap_or_else(|error| panic!("{question}: {error}"));
        session.close().await;
        String::from_utf8_lossy(&shown[0]).parse().unwrap()
    }
}

fn text<'p>(node: &'p JsonValue, name: &str) -> &'p str {
    node.get(name).and_then(JsonValue::as_str).unwrap_or_default()
}

fn number(node: &JsonValue, name: &str) -> i64 {
    node.get(name).and_then(JsonValue::as_i64).unwrap_or_default()
}

/// Every node of a plan with its depth, from the top.
fn nodes(plan: &JsonValue) -> Vec<(usize, &JsonValue)> {
    fn walk<'p>(node: &'p JsonValue, depth: usize, found: &mut Vec<(usize, &'p JsonValue)>) {
        found.push((depth, node));
        node.get("Plans").and_then(JsonValue::as_array).into_iter().flatten().for_each(|below| walk(below, depth + 1, found));
    }
    let mut found = Vec::new();
    walk(&plan[0]["Plan"], 0, &mut found);
    found
}

/// What a plan does in which order, without its numbers and values. It may differ from one value to another: the planner's statistics
/// are over everybody's rows, and know how frequent a value is. So the same is read and computed in another order, of our rows only.
fn shape(plan: &JsonValue) -> Vec<String> {
    let line = |(depth, node): &(usize, &JsonValue)| {
        format!("{}{} {} {}", " ".repeat(*depth), text(node, "Node Type"), text(node, "Relation Name"), text(node, "Index Name"))
    };
    nodes(plan).iter().map(line).collect()
}

const CONDITIONS: [&str; 7] = ["Index Cond", "Recheck Cond", "Filter", "Join Filter", "Hash Cond", "Merge Cond", "One-Time Filter"];

/// What is wrong with a plan: each place where rows of another organization meet what was asked. A condition's parts are checked in
/// the order in which a plan writes them, so whose a row is has to stand before the value that was asked for.
fn faults(plan: &JsonValue, value: &str, tells: &str, our_lines: i64) -> Vec<String> {
    let mut faults = Vec::new();
    let mut computed = 0;
    for (_, node) in nodes(plan) {
        let (rows, loops) = (number(node, "Actual Rows"), number(node, "Actual Loops").max(1));
        let table = text(node, "Relation Name");
        if !table.is_empty() {
            let whose = |name: &str| text(node, name).find("org_id = ");
            let by_index = whose("Index Cond").or(whose("Recheck Cond")).is_some();
            let filter = text(node, "Filter");
            match (by_index, whose("Filter"), filter.find(value)) {
                (false, None, _) => faults.push(format!("{table} is read without asking whose its rows are: {node}")),
                (false, Some(whose), Some(asked)) if asked < whose => faults.push(format!("{filter} asks for the value first: {node}")),
                _ => {}
            }
            if rows > our_lines {
                faults.push(format!("{rows} rows leave {table}, we have {our_lines}: {node}"));
            }
        }
        for condition in CONDITIONS {
            let what = text(node, condition);
            if tells.is_empty() || !what.contains(tells) {
                continue;
            }
            computed += 1;
            let reached = rows + number(node, &format!("Rows Removed by {condition}"));
            if !table.is_empty() {
                faults.push(format!("{what} is computed over a table of everybody's rows: {node}"));
            } else if condition == "Filter" && reached * loops > our_lines {
                faults.push(format!("{reached} rows reach {what}, we have {our_lines}: {node}"));
            }
        }
    }
    if !tells.is_empty() && computed == 0 {
        faults.push(format!("nothing computes {tells}: {plan}"));
    }
    faults
}

async fn check_plans(town: &Town) {
    for probe in &PROBES {
        let [theirs, nobodys] = [town.ran(&probe.question(probe.theirs)).await, town.ran(&probe.question(probe.nobodys)).await];
        for (plan, value) in [(&theirs, probe.theirs), (&nobodys, probe.nobodys)] {
            let faults = faults(plan, value, probe.tells, town.our_lines);
            assert!(faults.is_empty(), "{}\n{}", probe.asks, faults.join("\n"));
        }
        println!("{} {}", if shape(&theirs) == shape(&nobodys) { "same plan " } else { "other plan" }, probe.asks);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_row_of_another_organization_reaches_what_a_question_computes() {
    let town = Town::new().await;
    // What would be found if it were otherwise: the table itself, as somebody whom no policy holds.
    let mut admin = town.admin().await;
    let open: JsonValue = sqlx::query_scalar(
        "EXPLAIN (ANALYZE, VERBOSE, COSTS OFF, TIMING OFF, SUMMARY OFF, FORMAT JSON) SELECT count(*) FROM read.gl_fact WHERE memo LIKE 'rent of the tower%'",
    )
    .fetch_one(&mut admin)
    .await
    .unwrap();
    assert!(faults(&open, MEMO.0, "~~", town.our_lines).len() >= 3, "{open}");
    // They have the values, in very many rows.
    let mut session = town.session(&town.theirs).await;
    for probe in &PROBES[..4] {
        let found = session.rows(&Canonical::trusted_by_guard(probe.question(probe.theirs)), 1, 100).await.unwrap();
        assert_eq!(found.rows[0][0].as_deref(), Some(THEIR_ENTRIES.to_string().as_str()), "{}", probe.asks);
    }
    session.close().await;
    check_plans(&town).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_takes_as_long_whether_or_not_another_organization_has_the_value() {
    let town = Town::new().await;
    for probe in &PROBES {
        let mut session = town.session(&town.ours).await;
        let questions = [probe.theirs, probe.nobodys].map(|value| Canonical::trusted_by_guard(probe.question(value)));
        let mut took = [Vec::new(), Vec::new()];
        let mut answers = [Vec::new(), Vec::new()];
        // Once for nothing, so that both find everything warm; then in turns, so that both have the machine's moods alike.
        for round in 0..=ROUNDS {
            for turn in 0..2 {
                let which = (round + turn) % 2;
                let began = Instant::now();
                let answer = session.rows(&questions[which], 100, 10_000).await.unwrap_or_else(|error| panic!("{}: {error}", probe.asks));
                if round > 0 {
                    took[which].push(began.elapsed());
                }
                answers[which] = answer.rows;
            }
        }
        session.close().await;
        assert_eq!(answers[0], answers[1], "{}", probe.asks);
        let [theirs, nobodys] = took.map(|mut times| {
            times.sort();
            times[times.len() / 2]
        });
        println!("{theirs:>10.1?} {nobodys:>10.1?}  {}", probe.asks);
        let (less, more) = (theirs.min(nobodys), theirs.max(nobodys));
        assert!(more <= less * 3 || more - less < Duration::from_millis(20), "{theirs:?} or {nobodys:?}: {}", probe.asks);
    }
}
