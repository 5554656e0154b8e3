//! How fast commits become rows, beside a floor that COPYs the same rows into the same indexed tables in the same run.
//! Not part of a usual run: `cargo test --release -p ledger-projections --test throughput -- --ignored --nocapture`,
//! with `ENTRIES` to set how many.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]
#![expect(clippy::print_stdout, reason = "its purpose")]

mod common;

use std::time::{Duration, Instant};

use common::{Dice, World, day, world_of};
use ledger_core::book::Valuation;
use ledger_core::command::OpenAccount;
use ledger_core::draft::DraftDetail;
use ledger_core::{AccountType, Command, DraftEntry, DraftLine};
use ledger_projections::projection::by_name;
use ledger_projections::reports::{BalanceQuery, Point, balances};
use ledger_projections::{catch_up, catch_up_with, compare, rebuild};
use ledger_store::testing::{RUNTIME_ROLE, durable_server};
use ledger_store::{MIGRATOR, Store, StoreConfig, ensure_login};
use rust_decimal::Decimal;
use sqlx::{AssertSqlSafe, ConnectOptions, PgConnection};

const ACCOUNTS: usize = 40;

fn entry(dice: &mut Dice, n: u64, entries: u64) -> Command {
    let (one, other) = (dice.index(ACCOUNTS), dice.index(ACCOUNTS));
    let amount = Decimal::new(i64::try_from(dice.below(1_000_000)).unwrap() + 1, 2);
    let code = |index: usize| format!("6{index:03}");
    let mut lines = vec![DraftLine::new(code(one).as_str(), amount, "USD"), DraftLine::new(code(other).as_str(), -amount, "USD")];
    if dice.chance(2) {
        let detail = DraftDetail {
            party: Some(format!("customer {}", dice.below(500)).into()),
            document: Some(format!("INV-{n}").into()),
            ..DraftDetail::default()
        };
        lines[0].detail = Some(Box::new(detail));
    }
    Command::PostEntry(DraftEntry::new(day(n * 730 / entries), &format!("delivery number {n}"), lines))
}

async fn history(world: &mut World, entries: u64) {
    let mut dice = Dice::new(1);
    for index in 0..ACCOUNTS {
        world.decide(Command::OpenAccount(OpenAccount::new(&format!("6{index:03}"), AccountType::Expense)));
    }
    for n in 0..entries {
        let command = entry(&mut dice, n, entries);
        world.decide_and_forget(command);
        if world.waiting() >= 4_096 {
            world.commit().await;
        }
    }
    world.commit().await;
}

async fn run(connection: &mut PgConnection, statement: String) {
    sqlx::query(AssertSqlSafe(statement)).persistent(false).execute(connection).await.unwrap();
}

/// COPYs a table's rows into an empty one of the same columns and indexes; the time that took.
async fn floor(connection: &mut PgConnection, table: &str) -> Duration {
    use futures::TryStreamExt;
    run(connection, format!("CREATE TABLE floor_{table} (LIKE read.{table} INCLUDING ALL)")).await;
    let rows: Vec<_> =
        connection.copy_out_raw(&format!("COPY read.{table} TO STDOUT (FORMAT binary)")).await.unwrap().try_collect().await.unwrap();
    run(connection, "CHECKPOINT".to_owned()).await;
    let began = Instant::now();
    let mut copy = connection.copy_in_raw(&format!("COPY floor_{table} FROM STDIN (FORMAT binary)")).await.unwrap();
    for chunk in rows {
        copy.send(chunk).await.unwrap();
    }
    copy.finish().await.unwrap();
    began.elapsed()
}

fn per_second(count: u64, time: Duration) -> u128 {
    u128::from(count) * 1_000 / time.as_millis().max(1)
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "a measurement"]
async fn commits_become_rows_at_half_the_speed_of_copy() {
    let entries: u64 = std::env::var("ENTRIES").ok().and_then(|text| text.parse().ok()).unwrap_or(200_000);
    let server = durable_server().await;
    server.create_database("bench", Some(&MIGRATOR)).await;
    ensure_login(&server.options_for("postgres", "bench"), RUNTIME_ROLE, "").await.unwrap();
    let store = Store::connect(server.options_for(RUNTIME_ROLE, "bench"), StoreConfig::default()).await.unwrap();
    let mut world = world_of(store, Valuation::Required).await;
    history(&mut world, entries).await;
    let mut admin = server.options_for("postgres", "bench").connect().await.unwrap();
    run(&mut admin, "CHECKPOINT".to_owned()).await;

    let began = Instant::now();
    catch_up(&world.org, |_| ()).await.unwrap();
    let both = began.elapsed();
    let mut copied = Duration::ZERO;
    for table in ["gl_fact", "account_balance"] {
        copied += floor(&mut admin, table).await;
    }
    println!("both at once    {:>9} entries/s in {both:?}", per_second(entries, both));
    println!("COPY, one by one{:>9} entries/s in {copied:?}", per_second(entries, copied));
    println!("ratio           {:>9} % of the floor", copied.as_millis() * 100 / both.as_millis().max(1));

    for name in ["account_balance", "gl_fact"] {
        let began = Instant::now();
        rebuild(&world.org, &by_name(name).unwrap(), |_| ()).await.unwrap();
        println!("rebuild {name}: {:?}", began.elapsed());
        let began = Instant::now();
        assert!(compare(&world.org, name, |_| ()).await.unwrap().is_empty());
        println!("compare {name}: {:?}", began.elapsed());
    }
    let query = BalanceQuery { as_of: Some(day(400)), ..BalanceQuery::default() };
    for point in [Point::Latest, Point::Latest, Point::AtSeq(world.tip.seq)] {
        let began = Instant::now();
        balances(&world.org, &BalanceQuery { point, ..query }).await.unwrap();
        println!("trial balance, {point:?}: {:?}", began.elapsed());
    }

    for (what, preparation) in [("with", "SELECT 1"), ("without", "DROP TRIGGER balanced ON read.gl_fact")] {
        run(&mut admin, preparation.to_owned()).await;
        run(&mut admin, "DELETE FROM read.projection_checkpoint WHERE name = 'gl_fact'".to_owned()).await;
        run(&mut admin, "TRUNCATE read.gl_fact".to_owned()).await;
        run(&mut admin, "DELETE FROM read.account WHERE projection = 'gl_fact'".to_owned()).await;
        run(&mut admin, "CHECKPOINT".to_owned()).await;
        let began = Instant::now();
        catch_up_with(&world.org, &by_name("gl_fact").unwrap(), |_| ()).await.unwrap();
        println!("gl_fact alone, {what} the balance check: {:?}", began.elapsed());
    }
}
