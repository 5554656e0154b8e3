//! Hashes: leaves, the tree, the chain, and checking a commit as `verify` does.

#![expect(clippy::unwrap_used, reason = "a bench whose input is refused measures nothing")]

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use ledger_benches::{COMMIT_EVENTS, ORG, commit, posted, quick};
use ledger_core::chain::{Tip, commit_hash};
use ledger_core::codec::frames;
use ledger_core::merkle::{Frontier, leaf_hash};

fn hashes(c: &mut Criterion) {
    let mut group = c.benchmark_group("hash");
    let commit = commit(&posted(COMMIT_EVENTS));
    let encoded: Vec<_> = frames(&commit.payload).map(Result::unwrap).collect();
    let leaves: Vec<_> = encoded.iter().map(|bytes| leaf_hash(bytes)).collect();
    group.throughput(Throughput::Elements(COMMIT_EVENTS as u64));
    group.bench_function("leaves", |b| b.iter(|| encoded.iter().map(|bytes| leaf_hash(bytes)[0]).max()));
    group.bench_function("tree", |b| {
        b.iter(|| {
            let mut tree = Frontier::default();
            leaves.iter().for_each(|leaf| tree.push(*leaf));
            tree.root()
        });
    });
    group.bench_function("verify a commit", |b| {
        b.iter(|| {
            let mut tip = Tip::genesis(ORG);
            tip.advance(&commit).unwrap();
            tip
        });
    });
    group.throughput(Throughput::Bytes(commit.payload.len() as u64));
    group.bench_function("chain hash of a commit", |b| b.iter(|| commit_hash(&commit.header, &commit.payload)));
}

criterion_group! { name = benches; config = quick(); targets = hashes }
criterion_main!(benches);
