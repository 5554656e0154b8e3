//! `decide` and `evolve`: what the rules cost for each kind of entry.

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use ledger_benches::{COMMIT_EVENTS, actor, apply, books, exchange, foreign, quick, ten_thousand_lines, two_lines};
use ledger_core::Command;

/// A name, and the command with a number.
type Kind = (&'static str, fn(u64) -> Command);

fn decide(c: &mut Criterion) {
    let mut group = c.benchmark_group("decide and evolve");
    let actor = actor();
    let kinds: [Kind; 3] =
        [("two lines", two_lines), ("three foreign lines at a recorded rate", foreign), ("an exchange at cost", exchange)];
    for (name, command) in kinds {
        let commands: Vec<_> = (0..).take(COMMIT_EVENTS).map(command).collect();
        let (mut book, _) = books();
        group.throughput(Throughput::Elements(COMMIT_EVENTS as u64));
        group.bench_function(name, |b| b.iter(|| commands.iter().map(|command| apply(&mut book, &actor, command).len()).sum::<usize>()));
    }
    let command = ten_thousand_lines();
    let (mut book, _) = books();
    group.throughput(Throughput::Elements(10_000));
    group.bench_function("ten thousand lines", |b| b.iter(|| apply(&mut book, &actor, &command)));
}

criterion_group! { name = benches; config = quick(); targets = decide }
criterion_main!(benches);
