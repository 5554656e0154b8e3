//! Projections against history: live, rebuilt and folded again they are the same rows, whoever applied them and in
//! whatever steps; one that cannot go on stops alone; readers never see half of anything.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod common;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use common::{BEGAN, Dice, World, day, sale, world, world_in};
use futures::future::BoxFuture;
use ledger_core::book::Valuation;
use ledger_core::event::Recorded;
use ledger_core::{Seq, Timestamp};
use ledger_projections::compare::compare_with;
use ledger_projections::projection::{Batch, by_name};
use ledger_projections::reports::freshness;
use ledger_projections::{
    AccountBalance, Chart, Differences, Projection, ProjectionError, Status, Waited, Wakeup, Worker, WorkerConfig, announce, catch_up,
    catch_up_with, compare, rebuild, resume, wait_for,
};
use ledger_store::{Commit, OrgStore, OrgTx};
use sqlx::{AssertSqlSafe, ConnectOptions, PgConnection};

const NAMES: [&str; 3] = ["account_balance", "gl_fact", "open_item"];
const TABLES: [&str; 8] =
    ["gl_fact", "account_balance", "open_item", "allocation", "account", "commodity", "closing_entry", "control_account"];

async fn admin(world: &World) -> PgConnection {
    world.database().admin_options().connect().await.unwrap()
}

async fn run(connection: &mut PgConnection, statement: &str) -> u64 {
    sqlx::query(AssertSqlSafe(statement.to_owned())).persistent(false).execute(connection).await.unwrap().rows_affected()
}

/// All read models of an organization as text, apart from whose they are and when their commits were recorded.
async fn dump(world: &World) -> Vec<String> {
    let mut connection = admin(world).await;
    let mut rows = Vec::new();
    for table in TABLES {
        let statement = format!(
            "SELECT '{table} ' || (to_jsonb(t) - 'org_id' - 'recorded_at')::text FROM read.{table} AS t WHERE org_id = $1 ORDER BY 1"
        );
        let found: Vec<String> =
            sqlx::query_scalar(AssertSqlSafe(statement)).bind(world.org.org().0).fetch_all(&mut connection).await.unwrap();
        rows.extend(found);
    }
    rows
}

async fn assert_same_as_history(org: &OrgStore) {
    let head = org.head().await.unwrap().seq;
    for name in NAMES {
        let found = compare(org, name, |_| ()).await.unwrap();
        assert_eq!((found.count, &found.first, found.seq), (0, &vec![], head), "{name}");
        assert!(found.rows > 0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_the_steps_the_rows_are_the_same() {
    let mut expected: Option<Vec<String>> = None;
    let first = world(Valuation::ByCommodity).await;
    let (database, store) = (first.database().clone(), first.store.clone());
    for (number, steps) in [1_u64, 3, 40, 100_000].into_iter().enumerate() {
        let mut world = world_in(database.clone(), store.clone(), &format!("steps-{steps}"), Valuation::ByCommodity).await;
        let mut dice = Dice::new(11);
        for _ in 0..250 {
            world.something_happens(&mut dice);
        }
        let mut pace = Dice::new(u64::try_from(number).unwrap());
        while world.waiting() > 0 {
            world.commit_only(1 + pace.index(usize::try_from(steps).unwrap())).await;
            if pace.chance(3) {
                catch_up(&world.org, |_| ()).await.unwrap();
            }
        }
        catch_up(&world.org, |_| ()).await.unwrap();
        assert_same_as_history(&world.org).await;
        let rows = dump(&world).await;
        for name in NAMES {
            rebuild(&world.org, &by_name(name).unwrap(), |_| ()).await.unwrap();
        }
        assert_eq!(dump(&world).await, rows, "rebuilt in steps of {steps}");
        assert_same_as_history(&world.org).await;
        assert_eq!(expected.get_or_insert_with(|| rows.clone()), &rows, "steps of {steps}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_comparison_finds_and_names_what_history_does_not_give() {
    let mut world = world(Valuation::Required).await;
    let mut dice = Dice::new(5);
    for _ in 0..60 {
        world.something_happens(&mut dice);
    }
    world.decide(sale(day(3), 12_345));
    let entry = world.decide(sale(day(3), 500));
    world.commit().await;
    catch_up(&world.org, |_| ()).await.unwrap();
    let mut connection = admin(&world).await;
    run(&mut connection, "CREATE TABLE kept AS SELECT * FROM read.gl_fact").await;
    run(&mut connection, "CREATE TABLE kept_balance AS SELECT * FROM read.account_balance").await;
    let one = format!("(SELECT min(seq) FROM read.gl_fact WHERE seq = {entry})");
    let cases: [(&str, &str, String, &str); 9] = [
        ("gl_fact", "amount", format!("UPDATE read.gl_fact SET amount = amount * 2 WHERE seq = {one}"), "amount"),
        ("gl_fact", "missing", format!("DELETE FROM read.gl_fact WHERE seq = {one} AND line_no = 2"), ""),
        (
            "gl_fact",
            "recorded",
            format!("UPDATE read.gl_fact SET recorded_at = recorded_at + interval '1 microsecond' WHERE seq = {one}"),
            "recorded_at",
        ),
        ("gl_fact", "tags", format!("UPDATE read.gl_fact SET tags = '{{}}' WHERE seq = {one}"), "tags"),
        ("gl_fact", "moved out", format!("UPDATE read.gl_fact SET seq = seq + 1000000 WHERE seq = {one}"), ""),
        ("gl_fact", "moved before", format!("UPDATE read.gl_fact SET seq = -seq WHERE seq = {one}"), ""),
        (
            "account_balance",
            "debit",
            "UPDATE read.account_balance SET debit = debit + 0.01 WHERE grain = 'M' AND account_no = 1".into(),
            "debit",
        ),
        ("account_balance", "missing", "DELETE FROM read.account_balance WHERE grain = 'Y' AND account_no = 1".into(), ""),
        (
            "account_balance",
            "renamed",
            "UPDATE read.account SET name = 'x' WHERE account_no = 2 AND projection = 'account_balance'".into(),
            "row",
        ),
    ];
    for (name, what, damage, column) in cases {
        assert!(run(&mut connection, &damage).await > 0, "{what}");
        let found = compare(&world.org, name, |_| ()).await.unwrap();
        assert!(!found.is_empty(), "{name}: {what}");
        let columns: Vec<_> = found.first.iter().map(|difference| difference.column.unwrap_or_default()).collect();
        assert!(columns.iter().all(|found| *found == column), "{name}: {what}: {found:?}");
        if name == "gl_fact" && !column.is_empty() {
            assert!(found.first[0].key.contains(&entry.to_string()), "{found:?}");
        }
        rebuild(&world.org, &by_name(name).unwrap(), |_| ()).await.unwrap();
        assert!(compare(&world.org, name, |_| ()).await.unwrap().is_empty(), "{name}: {what}, rebuilt");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_that_the_database_refuses_stops_one_projection_of_one_organization() {
    let mut ill = world(Valuation::Required).await;
    let mut well = world_in(ill.database().clone(), ill.store.clone(), "well", Valuation::Required).await;
    for n in 0..100 {
        ill.decide(sale(day(n), 100));
        well.decide(sale(day(n), 100));
    }
    let poisoned = ill.decide(sale(day(5), 66_613));
    for n in 0..100 {
        ill.decide(sale(day(n), 100));
    }
    ill.commit().await;
    well.commit().await;
    let mut connection = admin(&ill).await;
    run(&mut connection, "ALTER TABLE read.gl_fact ADD CONSTRAINT poison CHECK (abs(amount) <> 666.13)").await;

    let worker = Worker::new(
        ill.store.clone(),
        Wakeup::default(),
        WorkerConfig { parallel: 2, sweep: Duration::from_millis(50), ..WorkerConfig::default() },
    );
    let working = tokio::spawn(worker.run());
    let long = Duration::from_secs(20);
    for org in [&ill.org, &well.org] {
        let head = org.head().await.unwrap().seq;
        assert_eq!(wait_for(org, "account_balance", head, long, None).await.unwrap(), Waited::Reached(head));
    }
    let head = well.tip.seq;
    assert_eq!(wait_for(&well.org, "gl_fact", head, long, None).await.unwrap(), Waited::Reached(head));
    match wait_for(&ill.org, "gl_fact", ill.tip.seq, long, None).await.unwrap() {
        Waited::Stopped { seq, error } => assert!(seq == poisoned && error.contains("poison"), "{seq} {error}"),
        other => panic!("{other:?}"),
    }
    let status = freshness(&ill.org, Timestamp(BEGAN.0 + 60_000_000)).await.unwrap();
    let gl = status.iter().find(|found| found.projection == "gl_fact").unwrap();
    assert!(matches!(gl.status, Status::Failed { seq, .. } if seq == poisoned));
    assert_eq!((gl.seq, gl.lag_events), (poisoned - 1, ill.tip.seq - poisoned + 1), "everything before it is applied");
    assert!(gl.lag_micros > 0);
    // It stays as it is: nobody tries again by himself, and whoever asks is told.
    assert!(matches!(catch_up(&ill.org, |_| ()).await, Err(ProjectionError::Stopped { seq, .. }) if seq == poisoned));
    // What is there is right.
    assert!(compare(&ill.org, "gl_fact", |_| ()).await.unwrap().is_empty());

    run(&mut connection, "ALTER TABLE read.gl_fact DROP CONSTRAINT poison").await;
    assert!(resume(&ill.org, "gl_fact").await.unwrap());
    assert_eq!(wait_for(&ill.org, "gl_fact", ill.tip.seq, long, None).await.unwrap(), Waited::Reached(ill.tip.seq));
    assert_same_as_history(&ill.org).await;
    working.abort();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_that_cannot_be_read_stops_everything_before_it_and_nothing_else() {
    let mut world = world(Valuation::Required).await;
    world.decide(sale(day(0), 100));
    world.commit().await;
    let head = world.org.head().await.unwrap();
    let broken = Commit {
        first_seq: head.seq + 1,
        event_count: 2,
        recorded_at: Timestamp(head.recorded_at.0 + 1),
        codec: 1,
        base_id: uuid::Uuid::now_v7(),
        prev_hash: head.hash,
        tree_root: [0; 32],
        hash: [9; 32],
        payload: vec![3, 255, 255, 255],
    };
    world.org.append_commit(&broken, head.seq, &[], &[]).await.unwrap();
    for name in NAMES {
        let stopped = catch_up_with(&world.org, &by_name(name).unwrap(), |_| ()).await;
        assert!(matches!(stopped, Err(ProjectionError::Stopped { seq, .. }) if seq == head.seq + 1), "{stopped:?}");
        assert!(
            matches!(wait_for(&world.org, name, head.seq, Duration::ZERO, None).await.unwrap(), Waited::Reached(seq) if seq == head.seq)
        );
        // A rebuild fails as well, and leaves the rows and the checkpoint.
        assert!(matches!(rebuild(&world.org, &by_name(name).unwrap(), |_| ()).await, Err(ProjectionError::Poisoned { .. })));
        assert!(compare(&world.org, name, |_| ()).await.unwrap().is_empty());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn workers_that_race_apply_every_event_once() {
    let mut world = world(Valuation::Required).await;
    let workers: Vec<_> = (0..3)
        .map(|_| {
            let config = WorkerConfig { parallel: 4, sweep: Duration::from_millis(10), ..WorkerConfig::default() };
            tokio::spawn(Worker::new(world.store.clone(), Wakeup::default(), config).run())
        })
        .collect();
    let mut dice = Dice::new(21);
    for _ in 0..60 {
        for _ in 0..dice.below(12) {
            world.something_happens(&mut dice);
        }
        world.commit().await;
        if dice.chance(2) {
            announce(&world.store, world.org.org()).await.unwrap();
        }
        if dice.chance(10) {
            let name = NAMES[dice.index(2)];
            rebuild(&world.org, &by_name(name).unwrap(), |_| ()).await.unwrap();
        }
        if dice.chance(4) {
            catch_up(&world.org, |_| ()).await.unwrap();
        }
    }
    catch_up(&world.org, |_| ()).await.unwrap();
    assert_same_as_history(&world.org).await;
    for worker in workers {
        worker.abort();
    }
}

/// Whoever reads while rows are made anew sees all of them, always, and a trial balance of zero.
#[tokio::test(flavor = "multi_thread")]
async fn readers_never_see_a_half_built_read_model() {
    let mut world = world(Valuation::Required).await;
    let mut dice = Dice::new(31);
    for _ in 0..400 {
        world.something_happens(&mut dice);
    }
    world.commit().await;
    catch_up(&world.org, |_| ()).await.unwrap();
    let whole = dump(&world).await.len();
    let done = Arc::new(AtomicBool::new(false));
    let reader = {
        let (org, done) = (world.org.clone(), Arc::clone(&done));
        tokio::spawn(async move {
            let mut reads = 0;
            while !done.load(Ordering::Relaxed) {
                assert_eq!(count_in_one_view(&org).await, (i64::try_from(whole).unwrap(), true));
                reads += 1;
            }
            reads
        })
    };
    for round in 0..10 {
        rebuild(&world.org, &by_name(NAMES[round % 2]).unwrap(), |_| ()).await.unwrap();
    }
    done.store(true, Ordering::Relaxed);
    assert!(reader.await.unwrap() > 10);
}

async fn count_in_one_view(org: &OrgStore) -> (i64, bool) {
    let mut tx: OrgTx = org.begin_read().await.unwrap();
    let found = sqlx::query_as(
        "SELECT (SELECT count(*) FROM read.gl_fact) + (SELECT count(*) FROM read.account_balance) + (SELECT count(*) FROM read.account)
              + (SELECT count(*) FROM read.commodity) + (SELECT count(*) FROM read.closing_entry),
                (SELECT sum(functional_debit) = sum(functional_credit) AND sum(functional_debit) > 0 FROM read.account_balance)
            AND (SELECT sum(functional) = 0 FROM read.gl_fact)",
    )
    .fetch_one(&mut *tx)
    .await
    .unwrap();
    tx.rollback().await.unwrap();
    found
}

#[tokio::test(flavor = "multi_thread")]
async fn a_write_can_be_read_as_soon_as_the_wait_is_over() {
    let mut world = world(Valuation::Required).await;
    let wakeup = Wakeup::default();
    // A sweep and a rest that are too long for the test: only wake-ups, and whoever waits, can be what works.
    let long = Duration::from_secs(600);
    let config = WorkerConfig { parallel: 2, sweep: long, rest: long };
    let working = tokio::spawn(Worker::new(world.store.clone(), wakeup.clone(), config).run());
    tokio::time::sleep(Duration::from_millis(100)).await;
    for n in 0..20 {
        let seq = world.decide(sale(day(n), 100));
        world.commit().await;
        wakeup.wake(world.org.org());
        tokio::task::yield_now().await;
        wakeup.wake(world.org.org()); // while a run is at it: the next would come after a rest
        for name in NAMES {
            let waited = wait_for(&world.org, name, seq, Duration::from_secs(10), Some(&wakeup)).await.unwrap();
            assert_eq!(waited, Waited::Reached(seq), "{name}");
        }
    }
    working.abort();
    let later = world.tip.seq + 1;
    let waited = wait_for(&world.org, "gl_fact", later, Duration::from_millis(30), None).await.unwrap();
    assert_eq!(waited, Waited::TimedOut(world.tip.seq));
}

/// The balance projection as a later program would have it.
struct Later(u16);

impl Projection for Later {
    fn name(&self) -> &'static str {
        AccountBalance::NAME
    }
    fn version(&self) -> u16 {
        self.0
    }
    fn tables(&self) -> &'static [&'static str] {
        AccountBalance.tables()
    }
    fn compares_as_a_whole(&self) -> bool {
        true
    }
    fn batch(&self) -> Box<dyn Batch> {
        AccountBalance.batch()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_of_an_older_version_are_made_anew_and_those_of_a_newer_one_left_alone() {
    let mut world = world(Valuation::Required).await;
    for n in 0..30 {
        world.decide(sale(day(n), 100));
    }
    world.commit().await;
    catch_up(&world.org, |_| ()).await.unwrap();
    run(&mut admin(&world).await, "UPDATE read.account_balance SET debit = debit + 1, credit = credit + 1").await;
    let later: Arc<dyn Projection> = Arc::new(Later(2));
    assert!(!compare_with(&world.org, &later, |_| ()).await.unwrap().is_empty());
    catch_up_with(&world.org, &later, |_| ()).await.unwrap();
    assert!(compare_with(&world.org, &later, |_| ()).await.unwrap().is_empty());
    world.decide(sale(day(1), 100));
    world.commit().await;
    let refused = catch_up_with(&world.org, &by_name("account_balance").unwrap(), |_| ()).await;
    assert!(matches!(refused, Err(ProjectionError::NewerVersion { found: 2, expected: 1, .. })), "{refused:?}");
}

/// A projection that takes long to write, and counts what it was given.
struct Slow(Arc<AtomicU64>);

struct SlowBatch(Arc<AtomicU64>, usize);

impl Projection for Slow {
    fn name(&self) -> &'static str {
        "slow"
    }
    fn version(&self) -> u16 {
        1
    }
    fn tables(&self) -> &'static [&'static str] {
        &[]
    }
    fn compares_as_a_whole(&self) -> bool {
        true
    }
    fn batch(&self) -> Box<dyn Batch> {
        Box::new(SlowBatch(Arc::clone(&self.0), 0))
    }
}

impl Batch for SlowBatch {
    fn fold(&mut self, _: &Chart, event: &Recorded) -> Result<(), String> {
        // Each event once, in order, whoever else reads them.
        if self.0.swap(event.seq, Ordering::Relaxed) + 1 != event.seq {
            return Err("an event was left out or came twice".to_owned());
        }
        self.1 += 20_000;
        Ok(())
    }
    fn weight(&self) -> usize {
        self.1
    }
    fn write<'a>(self: Box<Self>, _: &'a mut OrgTx) -> BoxFuture<'a, Result<(), ProjectionError>> {
        Box::pin(async {
            tokio::time::sleep(Duration::from_millis(5)).await;
            Ok(())
        })
    }
    fn compare<'a>(
        self: Box<Self>,
        _: &'a mut OrgTx,
        _: Seq,
        _: Option<Seq>,
        _: &'a mut Differences,
    ) -> BoxFuture<'a, Result<(), ProjectionError>> {
        Box::pin(async { Ok(()) })
    }
}

/// Projections that read the same history together, from different places and at different speeds.
#[tokio::test(flavor = "multi_thread")]
async fn a_slow_projection_holds_nobody_back_and_misses_nothing() {
    let mut world = world(Valuation::Required).await;
    for n in 0..300 {
        world.decide(sale(day(n), 100));
        if n % 7 == 0 {
            world.commit().await;
        }
        if n == 100 {
            catch_up_with(&world.org, &by_name("account_balance").unwrap(), |_| ()).await.unwrap();
        }
    }
    world.commit().await;
    let (seen, head) = (Arc::new(AtomicU64::new(0)), world.tip.seq);
    let projections: Vec<Arc<dyn Projection>> =
        [Arc::new(Slow(Arc::clone(&seen))) as Arc<dyn Projection>].into_iter().chain(ledger_projections::projection::all()).collect();
    let (config, wakeup) = (WorkerConfig { parallel: 8, sweep: Duration::from_millis(50), ..WorkerConfig::default() }, Wakeup::default());
    let working = tokio::spawn(Worker::with_projections(world.store.clone(), wakeup.clone(), config, projections).run());
    wakeup.wake(world.org.org());
    for name in NAMES {
        assert_eq!(wait_for(&world.org, name, head, Duration::from_secs(20), None).await.unwrap(), Waited::Reached(head), "{name}");
    }
    assert!(seen.load(Ordering::Relaxed) < head, "the slow one is still at it");
    assert_eq!(wait_for(&world.org, "slow", head, Duration::from_secs(60), None).await.unwrap(), Waited::Reached(head));
    assert_eq!(seen.load(Ordering::Relaxed), head);
    working.abort();
    assert_same_as_history(&world.org).await;
}

/// A projection that fails in the middle of a batch, after it has taken events in.
struct Fragile(Seq);

struct FragileBatch(Seq, Vec<Seq>);

impl Projection for Fragile {
    fn name(&self) -> &'static str {
        "fragile"
    }
    fn version(&self) -> u16 {
        1
    }
    fn tables(&self) -> &'static [&'static str] {
        &[]
    }
    fn compares_as_a_whole(&self) -> bool {
        true
    }
    fn batch(&self) -> Box<dyn Batch> {
        Box::new(FragileBatch(self.0, Vec::new()))
    }
}

impl Batch for FragileBatch {
    fn fold(&mut self, _: &Chart, event: &Recorded) -> Result<(), String> {
        if event.seq == self.0 {
            return Err("it is a bad event".to_owned());
        }
        self.1.push(event.seq);
        Ok(())
    }
    fn weight(&self) -> usize {
        self.1.len()
    }
    fn write<'a>(self: Box<Self>, _: &'a mut OrgTx) -> BoxFuture<'a, Result<(), ProjectionError>> {
        Box::pin(async { Ok(()) })
    }
    fn compare<'a>(
        self: Box<Self>,
        _: &'a mut OrgTx,
        _: Seq,
        _: Option<Seq>,
        _: &'a mut Differences,
    ) -> BoxFuture<'a, Result<(), ProjectionError>> {
        Box::pin(async { Ok(()) })
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stopped_projection_remembers_where_and_a_corrected_one_goes_on() {
    let mut world = world(Valuation::Required).await;
    let bad = world.decide(sale(day(0), 100));
    world.decide(sale(day(1), 100));
    world.commit().await;
    let fragile: Arc<dyn Projection> = Arc::new(Fragile(bad));
    let stopped = catch_up_with(&world.org, &fragile, |_| ()).await;
    assert!(
        matches!(&stopped, Err(ProjectionError::Stopped { seq, error, .. }) if *seq == bad && error.contains("bad event")),
        "{stopped:?}"
    );
    let mended: Arc<dyn Projection> = Arc::new(Fragile(0));
    assert!(catch_up_with(&world.org, &mended, |_| ()).await.is_err(), "not before it is resumed");
    assert!(resume(&world.org, "fragile").await.unwrap());
    assert_eq!(catch_up_with(&world.org, &mended, |_| ()).await.unwrap(), world.tip.seq);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_database_refuses_lines_that_do_not_balance() {
    let mut world = world(Valuation::Required).await;
    world.decide(sale(day(0), 100));
    world.commit().await;
    catch_up(&world.org, |_| ()).await.unwrap();
    let cases = [
        ("one line alone", "line_no = 1", "amount", "functional", Some("LK010")),
        ("other amounts", "true", "amount * line_no", "functional", Some("LK010")),
        ("other functional amounts", "true", "amount", "functional * line_no", Some("LK010")),
        ("both lines as they were", "true", "amount", "functional", None),
    ];
    for (what, lines, amount, functional, expected) in cases {
        let mut tx = world.org.begin().await.unwrap();
        let statement = format!(
            "INSERT INTO read.gl_fact (org_id, seq, recorded_at, line_no, effective_date, account_no, actor_no, closing, entry_kind,
                                       account_code, account_type, currency, description, amount, functional)
             SELECT org_id, seq + 1000, recorded_at, line_no, effective_date, account_no, actor_no, closing, entry_kind, account_code,
                    account_type, currency, description, {amount}, {functional} FROM read.gl_fact WHERE org_id = $1 AND {lines}"
        );
        let done = sqlx::query(AssertSqlSafe(statement)).bind(world.org.org().0).execute(&mut *tx).await;
        let state = done.err().and_then(|error| error.as_database_error().and_then(|e| e.code().map(|code| code.into_owned())));
        assert_eq!(state.as_deref(), expected, "{what}");
    }
}
