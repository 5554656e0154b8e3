//! The bulk append beside binary COPY of the same events as one row each, in turn.

use std::time::Duration;

use futures::TryStreamExt;
use ledger_core::codec;
use ledger_store::OrgStore;

use super::Measured;
use super::floor::{BinaryRows, execute};
use super::world::World;
use crate::cli::shell::Shell;

/// Rounds; the median of each side is told, since a disk's speed moves from second to second.
const ROUNDS: usize = 3;

pub(super) async fn run(shell: &Shell, entries: usize) -> anyhow::Result<Vec<Measured>> {
    let mut world = World::new(shell).await?;
    let warm = world.organization("bench-warm-up").await?; // the first pages of a new server cost more
    round(&world, &warm, entries.min(100_000)).await?;
    let mut rounds = Vec::with_capacity(ROUNDS);
    for no in 0..ROUNDS {
        let org = world.organization(&format!("bench-round-{no}")).await?;
        rounds.push(round(&world, &org, entries).await?);
    }
    let count = entries as u64;
    let floor = Measured::new("append floor: COPY of the events", "rows", count, median(&rounds, |round| round.floor));
    let ours = Measured::new("append: decide, encode, hash, commit", "entries", count, median(&rounds, |round| round.ours));
    let bytes = rounds.first().map_or(0, |round| round.bytes) / entries.max(1);
    let note = format!("{bytes} bytes an event; median of {ROUNDS} rounds, each beside its floor");
    Ok(vec![ours.beside(&floor, 2_500).note(note), floor])
}

/// One append and its floor.
struct Round {
    ours: Duration,
    floor: Duration,
    bytes: usize,
}

async fn round(world: &World, org: &OrgStore, entries: usize) -> anyhow::Result<Round> {
    let before = org.head().await?.seq;
    let ours = world.fill(org, entries).await?;
    let (rows, bytes) = encoded_events(org, before).await?;
    let admin = &world.scratch.admin;
    let create = "CREATE TABLE public.floor (org_id uuid NOT NULL, seq bigint NOT NULL, event bytea NOT NULL, PRIMARY KEY (org_id, seq))";
    execute(admin, &["DROP TABLE IF EXISTS public.floor", create]).await?;
    let floor = rows.copy_into(admin, "public.floor").await?;
    Ok(Round { ours, floor, bytes })
}

fn median(rounds: &[Round], of: impl Fn(&Round) -> Duration) -> Duration {
    let mut each: Vec<_> = rounds.iter().map(of).collect();
    each.sort_unstable();
    each.get(each.len() / 2).copied().unwrap_or_default()
}

/// The events as rows of a COPY, and their bytes.
async fn encoded_events(org: &OrgStore, after: u64) -> anyhow::Result<(BinaryRows, usize)> {
    let (mut rows, mut bytes) = (BinaryRows::new(), 0);
    let org_id = org.org().0;
    let mut commits = Box::pin(org.commits(after + 1, None));
    while let Some(commit) = commits.try_next().await? {
        for (seq, frame) in (commit.first_seq..).zip(codec::frames(&commit.payload)) {
            let event = frame?;
            rows.row(3);
            rows.field(org_id.as_bytes());
            rows.field(&seq.to_be_bytes());
            rows.field(event);
            bytes += event.len();
        }
    }
    Ok((rows, bytes))
}
