//! The bulk append beside binary COPY of the same events as one row each.

use futures::TryStreamExt;
use ledger_core::codec;

use super::Measured;
use super::floor::{BinaryRows, execute};
use super::world::World;
use crate::cli::shell::Shell;

pub(super) async fn run(shell: &Shell, entries: usize) -> anyhow::Result<Vec<Measured>> {
    let world = World::new(shell).await?;
    let before = world.org.head().await?.seq;
    let took = world.fill(&world.org, entries).await?;
    let (rows, bytes) = encoded_events(&world, before).await?;
    execute(
        &world.scratch.admin,
        &["CREATE TABLE public.floor (org_id uuid NOT NULL, seq bigint NOT NULL, event bytea NOT NULL, PRIMARY KEY (org_id, seq))"],
    )
    .await?;
    let floor_took = rows.copy_into(&world.scratch.admin, "public.floor").await?;
    let count = entries as u64;
    let floor = Measured::new("append floor: COPY of the events", "rows", count, floor_took);
    let ours = Measured::new("append: decide, encode, hash, commit", "entries", count, took).beside(&floor, 2_500);
    Ok(vec![ours.note(format!("{} bytes an event", bytes / entries.max(1))), floor])
}

/// The events as rows of a COPY, and their bytes.
async fn encoded_events(world: &World, after: u64) -> anyhow::Result<(BinaryRows, usize)> {
    let (mut rows, mut bytes) = (BinaryRows::new(), 0);
    let org = world.org.org().0;
    let mut commits = Box::pin(world.org.commits(after + 1, None));
    while let Some(commit) = commits.try_next().await? {
        for (seq, frame) in (commit.first_seq..).zip(codec::frames(&commit.payload)) {
            let event = frame?;
            rows.row(3);
            rows.field(org.as_bytes());
            rows.field(&seq.to_be_bytes());
            rows.field(event);
            bytes += event.len();
        }
    }
    Ok((rows, bytes))
}
