//! Events to bytes and back, and snapshots of the book.

#![expect(clippy::unwrap_used, reason = "a bench whose input is refused measures nothing")]

use std::hint::black_box;

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use ledger_benches::{COMMIT_EVENTS, ORG, books, commit, posted, quick};
use ledger_core::Timestamp;
use ledger_core::chain::{CommitBuilder, Tip};
use ledger_core::codec::{decode, encode, frames, snapshot};

fn events(c: &mut Criterion) {
    let mut group = c.benchmark_group("events");
    let events = posted(COMMIT_EVENTS);
    let commit = commit(&events);
    let encoded: Vec<_> = frames(&commit.payload).map(Result::unwrap).collect();
    group.throughput(Throughput::Elements(COMMIT_EVENTS as u64));
    group.bench_function("encode", |b| b.iter(|| events.iter().map(|event| encode(event).unwrap().len()).sum::<usize>()));
    group.bench_function("decode", |b| b.iter(|| encoded.iter().map(|bytes| black_box(decode(bytes).unwrap()).actor.0).max()));
    group.bench_function("encode, leaves, tree and chain hash of a commit", |b| {
        b.iter_batched(
            || Tip::genesis(ORG),
            |mut tip| {
                let mut builder = CommitBuilder::default();
                events.iter().for_each(|event| builder.push(event).unwrap());
                builder.seal(&mut tip, Timestamp(0), uuid::Uuid::nil())
            },
            BatchSize::SmallInput,
        );
    });
}

fn snapshots(c: &mut Criterion) {
    let mut group = c.benchmark_group("snapshot");
    let (book, events) = books();
    let mut tip = Tip::genesis(ORG);
    tip.advance(&commit(&events)).unwrap();
    let bytes = snapshot::encode(&book, &tip).unwrap();
    group.throughput(Throughput::Bytes(bytes.len() as u64));
    group.bench_function("encode", |b| b.iter(|| snapshot::encode(&book, &tip).unwrap()));
    group.bench_function("decode", |b| b.iter(|| snapshot::decode(&bytes).unwrap()));
}

criterion_group! { name = benches; config = quick(); targets = events, snapshots }
criterion_main!(benches);
