//! Commits to rows of every read model, beside COPY of the same rows into the same indexed tables. The entries have no open
//! items, so that read model reads them all and writes nothing.

use std::time::{Duration, Instant};

use futures::TryStreamExt;
use ledger_projections::projection::by_name;
use ledger_projections::{catch_up, catch_up_with};
use sqlx::postgres::{PgConnectOptions, PgPoolCopyExt, PgPoolOptions};
use sqlx::{AssertSqlSafe, Executor};

use super::Measured;
use super::floor::execute;
use super::world::World;
use crate::cli::shell::Shell;

const TABLES: [&str; 2] = ["gl_fact", "account_balance"];

pub(super) async fn run(shell: &Shell, entries: usize) -> anyhow::Result<Vec<Measured>> {
    let world = World::new(shell).await?;
    world.fill(&world.org, entries).await?;
    execute(&world.scratch.admin, &["CHECKPOINT"]).await?;
    let started = Instant::now();
    let balances = by_name("account_balance")?;
    let (both, alone) =
        tokio::join!(catch_up(&world.org, |_| ()), async { catch_up_with(&world.org, &balances, |_| ()).await.map(|_| started.elapsed()) });
    both?;
    let (took, balance_took) = (started.elapsed(), alone?);
    let mut floor_took = Duration::ZERO;
    for table in TABLES {
        floor_took += copied(&world.scratch.admin, table).await?;
    }
    let count = entries as u64;
    let floor = Measured::new("project floor: COPY of the rows", "entries", count, floor_took);
    let ours = Measured::new("project: every read model", "entries", count, took).beside(&floor, 500);
    let note = format!("account_balance alone was up to date after {balance_took:.2?}");
    Ok(vec![ours.note(note), floor])
}

/// COPYs a table's rows into an empty one of the same columns and indexes.
async fn copied(admin: &PgConnectOptions, table: &str) -> anyhow::Result<Duration> {
    let pool = PgPoolOptions::new().max_connections(1).connect_with(admin.clone()).await?;
    pool.execute(sqlx::query(AssertSqlSafe(format!("CREATE TABLE public.floor_{table} (LIKE read.{table} INCLUDING ALL)")))).await?;
    let rows: Vec<_> = pool.copy_out_raw(&format!("COPY read.{table} TO STDOUT (FORMAT binary)")).await?.try_collect().await?;
    pool.execute(sqlx::query("CHECKPOINT")).await?;
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
