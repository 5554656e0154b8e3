//! Single posts with idempotency keys and durable answers, beside plain connections that INSERT a row each.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use ledger_core::Command;
use ledger_store::writer::{IdempotencyKey, Ledger, Request};
use ledger_store::{OrgId, OrgStore};
use sqlx::{Connection, PgConnection};

use super::floor::execute;
use super::world::{World, actor};
use super::{Against, Measured};
use crate::cli::shell::Shell;

const CLIENTS: usize = 32;
const ORGANIZATIONS: usize = 100;
/// Turns that a load and its floor take, since a disk's speed moves from second to second.
const ROUNDS: u32 = 5;
/// Bytes of the floor's rows: what a commit of one entry fills, hashes and ids included.
const ROW_BYTES: usize = 220;

pub(super) async fn run(shell: &Shell, each: Duration) -> anyhow::Result<Vec<Measured>> {
    let mut world = World::new(shell).await?;
    execute(&world.scratch.admin, &["CREATE TABLE public.floor (id uuid PRIMARY KEY, event bytea NOT NULL)"]).await?;
    let one_org = [world.org.clone()];
    insert(&world, 1, Duration::from_millis(300)).await?; // warms the server up
    post(&world, &one_org, CLIENTS, Duration::from_millis(300)).await?;
    let mut all = Vec::new();
    for (clients, bar) in [(CLIENTS, Some(1_500)), (1, None)] {
        let (mut floors, mut posts) = (Vec::new(), Vec::new());
        for _ in 0..ROUNDS {
            floors.push(insert(&world, clients, each / ROUNDS).await?);
            posts.push(post(&world, &one_org, clients, each / ROUNDS).await?);
        }
        let (floor, ours) = (together(floors), together(posts));
        let what = if clients == 1 { "1 client".to_owned() } else { format!("{clients} clients, 1 organization") };
        let beside = measured(&format!("post: {what}"), "posts", &ours);
        let floor_row = measured(&format!("post floor: {clients} INSERTing"), "rows", &floor);
        all.push(match bar {
            Some(bar) => beside.beside(&floor_row, bar),
            None => Measured { against: Some(latency(&ours, &floor)), ..beside },
        });
        all.push(floor_row);
    }
    let mut orgs = Vec::with_capacity(ORGANIZATIONS);
    for no in 0..ORGANIZATIONS {
        orgs.push(world.organization(&format!("bench-{no}")).await?);
    }
    let spread = post(&world, &orgs, ORGANIZATIONS, each).await?;
    all.push(measured(&format!("post: {ORGANIZATIONS} organizations, 1 client each"), "posts", &spread));
    Ok(all)
}

/// What clients saw.
struct Load {
    latencies: Vec<Duration>,
    took: Duration,
}

fn measured(what: &str, unit: &'static str, load: &Load) -> Measured {
    let at = |permille: usize| load.latencies.get(load.latencies.len() * permille / 1000).copied().unwrap_or_default();
    let note = format!("latency median {:.2?}, 99 % {:.2?}", at(500), at(990));
    Measured::new(what, unit, load.latencies.len() as u64, load.took).note(note)
}

/// All rounds as one.
fn together(rounds: Vec<Load>) -> Load {
    let took = rounds.iter().map(|round| round.took).sum();
    let mut latencies: Vec<_> = rounds.into_iter().flat_map(|round| round.latencies).collect();
    latencies.sort_unstable();
    Load { latencies, took }
}

fn latency(ours: &Load, floor: &Load) -> Against {
    let median = |load: &Load| load.latencies.get(load.latencies.len() / 2).map_or(1, |latency| latency.as_nanos().max(1));
    Against { permille: median(ours) * 1000 / median(floor), bar: 1_500, at_most: true }
}

async fn post(world: &World, orgs: &[OrgStore], clients: usize, each: Duration) -> anyhow::Result<Load> {
    static RUN: AtomicU64 = AtomicU64::new(0);
    let run = RUN.fetch_add(1, Ordering::Relaxed);
    let drafts: Arc<Vec<_>> = Arc::new((0..1_000).map(|n| world.entry(n, 1_000)).collect());
    let until = Instant::now() + each;
    let started = Instant::now();
    let tasks = (0..clients).map(|client| {
        let (ledger, org, drafts): (Ledger, OrgId, _) = (world.ledger.clone(), orgs[client % orgs.len()].org(), Arc::clone(&drafts));
        tokio::spawn(async move {
            let mut latencies = Vec::new();
            while Instant::now() < until {
                let n = latencies.len();
                let begun = Instant::now();
                let command = Command::PostEntry(drafts[(client * 31 + n) % drafts.len()].clone());
                let key = IdempotencyKey::new(format!("post-{run}-{client}-{n}"), b"bench");
                ledger.submit(org, Request::new(command, actor()).keyed(key)).await?;
                latencies.push(begun.elapsed());
            }
            anyhow::Ok(latencies)
        })
    });
    gathered(tasks.collect(), started).await
}

async fn insert(world: &World, clients: usize, each: Duration) -> anyhow::Result<Load> {
    let mut connections = Vec::with_capacity(clients);
    for _ in 0..clients {
        connections.push(PgConnection::connect_with(&world.scratch.admin).await?);
    }
    let until = Instant::now() + each;
    let started = Instant::now();
    let tasks = connections.into_iter().map(|mut connection| {
        tokio::spawn(async move {
            let mut latencies = Vec::new();
            let event = vec![7_u8; ROW_BYTES];
            while Instant::now() < until {
                let begun = Instant::now();
                sqlx::query("INSERT INTO public.floor (id, event) VALUES ($1, $2)")
                    .bind(uuid::Uuid::now_v7())
                    .bind(&event)
                    .execute(&mut connection)
                    .await?;
                latencies.push(begun.elapsed());
            }
            connection.close().await?;
            anyhow::Ok(latencies)
        })
    });
    gathered(tasks.collect(), started).await
}

async fn gathered(tasks: Vec<tokio::task::JoinHandle<anyhow::Result<Vec<Duration>>>>, started: Instant) -> anyhow::Result<Load> {
    let mut latencies = Vec::new();
    for task in tasks {
        latencies.extend(task.await??);
    }
    let took = started.elapsed();
    latencies.sort_unstable();
    Ok(Load { latencies, took })
}
