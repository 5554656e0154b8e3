//! Questions answered all the way: guard, cost, rows, freshness; and refusals, which tell nothing of anybody's rows.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

#[path = "../../ledger-core/tests/words/mod.rs"]
mod words;

mod asking;

use asking::{Books, blocks};
use ledger_projections::semantic::guard::Catalog;
use ledger_projections::semantic::query::{Answer, AskError, AskLimits, CELL_MAX, ask, catalog};
use ledger_store::Store;
use ledger_store::testing::database;
use rust_decimal::Decimal;

const LEGITIMATE: &str = include_str!("semantic/legitimate.sql");
const HOSTILE: &str = include_str!("semantic/hostile.sql");

struct Town {
    store: Store,
    ours: Books,
    theirs: Books,
}

impl Town {
    async fn new() -> Self {
        let store = database().await.store().await;
        let ours = Books::open(&store, "ours", "OURS").await;
        let theirs = Books::open(&store, "theirs", "THEIRS").await;
        Self { store, ours, theirs }
    }

    async fn ask(&self, sql: &str, limits: AskLimits) -> Result<Answer, AskError> {
        ask(&self.store, self.ours.org.org(), sql, limits).await
    }

    async fn refused(&self, sql: &str) -> AskError {
        self.ask(sql, AskLimits::default()).await.unwrap_err()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_question_is_answered_from_one_organization_alone() {
    let town = Town::new().await;
    let there = catalog(&town.store, town.ours.org.org()).await.unwrap();
    assert_eq!(there, Catalog::contract(), "guard/views.txt names the views that there are");
    let mut answered = 0;
    for block in blocks(LEGITIMATE, "-- question: ") {
        let answer = town.ask(&block.statement, AskLimits::default()).await.unwrap_or_else(|error| panic!("{}: {error}", block.says));
        let shown = format!("{answer:?}");
        assert!(!shown.contains(town.theirs.marker), "{}: {shown}", block.says);
        assert!(answer.as_of.iter().any(|fresh| fresh.projection == "gl_fact" && fresh.lag_events.as_deref() == Some("0")), "{shown}");
        assert!(answer.rows.iter().all(|row| row.len() == answer.columns.len()));
        answered += 1;
    }
    assert!(answered >= 100, "only {answered} questions");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_refusal_tells_of_rows() {
    let town = Town::new().await;
    let hostile: Vec<String> = blocks(HOSTILE, "-- reason: ").into_iter().map(|block| block.statement).collect();
    let failing = [
        "SELECT CAST(counterparty_id AS integer) FROM v_gl_fact WHERE counterparty_id IS NOT NULL",
        "SELECT account_name FROM v_gl_fact WHERE (SELECT g.memo FROM v_gl_fact g) = 'x'",
        "SELECT t.m::integer FROM (SELECT memo AS m FROM v_gl_fact) t",
        "SELECT to_date(t.m, 'YYYY') FROM (SELECT memo AS m FROM v_gl_fact) t",
        "SELECT 1 / (entry_no - entry_no) FROM v_gl_fact",
        "SELECT CASE WHEN m LIKE 'OURS%' THEN CAST(m AS numeric) END FROM (SELECT memo AS m FROM v_gl_fact) t",
    ];
    for sql in hostile.iter().map(String::as_str).chain(failing) {
        let error = town.refused(sql).await;
        let told = format!("{error} {error:?} {}", error.hint().unwrap_or_default());
        assert!(error.is_the_questions() && error.hint().is_some(), "{sql}: {told}");
        for secret in [&town.ours.secret, &town.theirs.secret] {
            assert!(!told.contains(secret.as_str()) || sql.contains(secret.as_str()), "{sql}: {told}");
        }
    }
    assert_eq!(town.refused(failing[0]).await.code(), "BAD_VALUE");
    assert_eq!(town.refused(failing[4]).await.code(), "DIVISION_BY_ZERO");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn answers_and_their_cost_have_bounds() {
    let town = Town::new().await;
    let few = AskLimits { rows: 3, ..AskLimits::default() };
    let answer = town.ask("SELECT memo FROM v_gl_fact", few).await.unwrap();
    assert!(answer.truncated && answer.rows.len() == 3);
    let small = AskLimits { bytes: 100, ..AskLimits::default() };
    let answer = town.ask("SELECT memo FROM v_gl_fact", small).await.unwrap();
    let bytes: usize = answer.rows.iter().flatten().flatten().map(String::len).sum();
    assert!(answer.truncated && (1..=100).contains(&bytes), "{answer:?}");
    let answer = town.ask("SELECT string_agg(memo, ', ') FROM v_gl_fact", AskLimits::default()).await.unwrap();
    assert!(answer.rows[0][0].as_ref().unwrap().chars().count() <= CELL_MAX + 1);

    let cheap = AskLimits { cost: Decimal::ONE, ..AskLimits::default() };
    let error = town.ask("SELECT count(*) FROM v_gl_fact a JOIN v_gl_fact b ON a.memo < b.memo", cheap).await.unwrap_err();
    assert!(matches!(error, AskError::TooExpensive), "{error:?}");
    assert!(!format!("{error} {error:?} {:?}", error.hint()).contains(|letter: char| letter.is_ascii_digit()), "{error:?}");

    // No more than two at once; who waits in vain is told to come again.
    let many = futures::future::join_all((0..8).map(|_| town.ask("SELECT count(*) FROM v_gl_fact", AskLimits::default()))).await;
    assert!(many.iter().filter(|found| found.is_ok()).count() >= 2);
    assert!(many.iter().all(|found| matches!(found, Ok(_) | Err(AskError::Busy))), "{many:?}");
}
