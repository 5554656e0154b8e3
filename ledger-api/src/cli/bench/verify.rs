//! Verification of a whole stream, beside BLAKE3 alone over the same bytes.

use std::time::Instant;

use futures::TryStreamExt;
use ledger_store::verify::stored::{Options, verify};

use super::Measured;
use super::world::World;
use crate::cli::shell::Shell;

pub(super) async fn run(shell: &Shell, entries: usize) -> anyhow::Result<Vec<Measured>> {
    let world = World::new(shell).await?;
    world.fill(&world.org, entries).await?;
    let payloads: Vec<Vec<u8>> = world.org.commits(1, None).map_ok(|commit| commit.payload).try_collect().await?;
    let events = world.org.head().await?.seq;
    let bytes: usize = payloads.iter().map(Vec::len).sum();
    let started = Instant::now();
    let mut hasher = blake3::Hasher::new();
    for payload in &payloads {
        hasher.update(payload);
    }
    let hash = hasher.finalize();
    let alone = started.elapsed();
    drop(payloads);
    let started = Instant::now();
    let report = verify(&world.org, Options::default()).await?;
    let took = started.elapsed();
    anyhow::ensure!(report.is_sound(), "the bench's own stream does not verify");
    let floor = Measured::new("verify floor: BLAKE3 of the bytes", "events", events, alone);
    let floor = floor.note(format!("{} MB, {}", bytes / 1_000_000, &hash.to_hex()[..8]));
    let ours = Measured::new("verify: read, hash, decode, fold, balance", "events", events, took);
    Ok(vec![ours.note("every event is decoded and its balance checked, not only hashed"), floor])
}
