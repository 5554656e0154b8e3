//! Commits to rows of every read model, beside COPY of the same rows into the same indexed tables, in turn; and what each
//! read model takes alone. The entries are plain journal entries: a read model of something else reads them all and writes
//! nothing.

use std::time::{Duration, Instant};

use futures::TryStreamExt;
use ledger_projections::projection::{all, by_name};
use ledger_projections::{AccountBalance, catch_up, catch_up_with};
use ledger_store::OrgStore;
use sqlx::AssertSqlSafe;
use sqlx::postgres::{PgConnectOptions, PgPoolCopyExt, PgPoolOptions};

use super::Measured;
use super::floor::execute;
use super::world::World;
use crate::cli::shell::Shell;

/// Rounds; the one in the middle is told, since a disk's speed moves from second to second.
const ROUNDS: usize = 3;

pub(super) async fn run(shell: &Shell, entries: usize) -> anyhow::Result<Vec<Measured>> {
    let mut rounds = Vec::with_capacity(ROUNDS);
    for _ in 0..ROUNDS {
        rounds.push(round(shell, entries).await?);
    }
    let ratios: Vec<_> = rounds.iter().map(Round::show).collect();
    rounds.sort_unstable_by_key(Round::permille);
    let Some(middle) = rounds.get(ROUNDS / 2) else { return Ok(Vec::new()) };
    let count = entries as u64;
    let floor = Measured::new("project floor: COPY of the rows", "entries", count, middle.floor);
    let ours = Measured::new("project: every read model", "entries", count, middle.ours).beside(&floor, 500);
    let note =
        format!("account_balance was up to date after {:.2?}; the middle of {ROUNDS} rounds: {}", middle.balances, ratios.join(", "));
    let mut measured = vec![ours.note(note), floor];
    measured.extend(shares(shell, entries).await?);
    Ok(measured)
}

/// All read models at once, and the floor of their rows.
struct Round {
    ours: Duration,
    balances: Duration,
    floor: Duration,
}

impl Round {
    fn permille(&self) -> u128 {
        self.floor.as_micros() * 1_000 / self.ours.as_micros().max(1)
    }

    fn show(&self) -> String {
        format!("{} ×", super::times(self.permille()))
    }
}

/// A round in a database of its own, so that every round meets empty tables, as its floor does.
async fn round(shell: &Shell, entries: usize) -> anyhow::Result<Round> {
    let world = World::new(shell).await?;
    world.fill(&world.org, entries).await?;
    execute(&world.scratch.admin, &["CHECKPOINT"]).await?;
    let started = Instant::now();
    let waiting = tokio::spawn(balanced(world.org.clone(), started));
    catch_up(&world.org, |_| ()).await?;
    let ours = started.elapsed();
    let balances = waiting.await??;
    let mut floor = Duration::ZERO;
    for table in all().iter().flat_map(|projection| projection.tables()) {
        floor += copied(&world.scratch.admin, table).await?;
    }
    Ok(Round { ours, balances, floor })
}

/// How long it takes until a trial balance has everything.
async fn balanced(org: OrgStore, started: Instant) -> anyhow::Result<Duration> {
    let head = org.head().await?.seq;
    ledger_projections::wait_for(&org, AccountBalance::NAME, head, Duration::from_secs(3_600), None).await?;
    Ok(started.elapsed())
}

/// What each read model takes alone, when it reads and decodes for itself.
async fn shares(shell: &Shell, entries: usize) -> anyhow::Result<Vec<Measured>> {
    let world = World::new(shell).await?;
    world.fill(&world.org, entries).await?;
    let mut each = Vec::new();
    for projection in all() {
        execute(&world.scratch.admin, &["CHECKPOINT"]).await?;
        let started = Instant::now();
        catch_up_with(&world.org, &by_name(projection.name())?, |_| ()).await?;
        each.push((projection.name(), started.elapsed()));
    }
    let sum: Duration = each.iter().map(|(_, took)| *took).sum();
    let share = |took: Duration| took.as_micros() * 1_000 / sum.as_micros().max(1);
    let row = |(name, took): (&str, Duration)| {
        let permille = share(took);
        let note = format!("{}.{} % of what they take one after another", permille / 10, permille % 10);
        Measured::new(format!("project: {name} alone"), "entries", entries as u64, took).note(note)
    };
    Ok(each.into_iter().map(row).collect())
}

/// COPYs a table's rows into an empty one of the same columns and indexes.
async fn copied(admin: &PgConnectOptions, table: &str) -> anyhow::Result<Duration> {
    let pool = PgPoolOptions::new().max_connections(1).connect_with(admin.clone()).await?;
    sqlx::query(AssertSqlSafe(format!("CREATE TABLE public.floor_{table} (LIKE read.{table} INCLUDING ALL)"))).execute(&pool).await?;
    let rows: Vec<_> = pool.copy_out_raw(&format!("COPY read.{table} TO STDOUT (FORMAT binary)")).await?.try_collect().await?;
    sqlx::query("CHECKPOINT").execute(&pool).await?;
    let started = Instant::now();
    let mut copy = pool.copy_in_raw(&format!("COPY public.floor_{table} FROM STDIN (FORMAT binary)")).await?;
    let mut message = Vec::with_capacity(1 << 18);
    for row in rows {
        message.extend_from_slice(&row);
        if message.len() > 1 << 17 {
            copy.send(message.as_slice()).await?;
            message.clear();
        }
    }
    copy.send(message.as_slice()).await?;
    copy.finish().await?;
    let took = started.elapsed();
    pool.close().await;
    Ok(took)
}
