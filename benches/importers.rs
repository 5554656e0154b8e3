//! Importers without a store: text to draft entries, in entries per second.

#![expect(clippy::unwrap_used, reason = "a bench whose input is refused measures nothing")]

use std::fmt::Write as _;
use std::path::Path;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use ledger_api::import::generate::{self, Currencies, Lines, Plan};
use ledger_api::import::source::{Collected, Item};
use ledger_api::import::{beancount, csv, hledger, jsonl, tabular};
use ledger_benches::quick;

const ENTRIES: u64 = 2_000;

fn plan(currencies: Currencies) -> Plan {
    Plan { entries: ENTRIES, seed: 1, currencies, lines: Lines::Mixed }
}

/// Entries that the importer handed over; it may refuse none.
fn entries(found: &Collected) -> u64 {
    assert!(found.errors.is_empty(), "{}", found.errors[0]);
    found.items.iter().filter(|item| matches!(item, Item::Entry(_))).count() as u64
}

fn csv_text() -> Vec<u8> {
    let mut text = Vec::new();
    generate::csv(&plan(Currencies::One), &mut text).unwrap();
    text
}

fn hledger_text() -> Vec<u8> {
    let mut text = Vec::new();
    generate::hledger(&plan(Currencies::One), &mut text).unwrap();
    text
}

fn jsonl_text() -> String {
    (0..ENTRIES).fold(String::new(), |mut text, no| {
        let (entry, date) = (format!("JE{no}"), format!("2026-01-{:02}", no % 28 + 1));
        writeln!(text, r#"{{"entry":"{entry}","date":"{date}","account":"1000","debit":"{no}.50","currency":"USD"}}"#).unwrap();
        writeln!(text, r#"{{"entry":"{entry}","date":"{date}","account":"4000","credit":"{no}.50","currency":"USD"}}"#).unwrap();
        text
    })
}

fn beancount_text() -> String {
    let begin = "2026-01-01 open Assets:Cash\n2026-01-01 open Assets:Stock\n2026-01-01 open Income:Sales\n".to_owned();
    (0..ENTRIES).fold(begin, |mut text, no| {
        let day = no % 28 + 1;
        match no % 10 {
            0 => write!(text, "2026-01-{day:02} * \"lot\"\n  Assets:Stock  10 ACME {{{no}.25 USD}}\n  Assets:Cash\n").unwrap(),
            _ => write!(text, "2026-01-{day:02} * \"sale\"\n  Assets:Cash  {no}.50 USD\n  Income:Sales\n").unwrap(),
        }
        text
    })
}

fn importers(c: &mut Criterion) {
    let mut group = c.benchmark_group("import");
    group.throughput(Throughput::Elements(ENTRIES));
    let options = tabular::Options::default();
    let (text, lines) = (csv_text(), jsonl_text().into_bytes());
    group.bench_function("csv", |b| {
        b.iter(|| {
            let mut found = Collected::default();
            csv::read(Box::new(std::io::Cursor::new(text.clone())), "bench.csv".into(), &options, &mut found).unwrap();
            assert_eq!(entries(&found), ENTRIES);
        });
    });
    group.bench_function("jsonl", |b| {
        b.iter(|| {
            let mut found = Collected::default();
            jsonl::read(Box::new(std::io::Cursor::new(lines.clone())), "bench.jsonl".into(), &options, &mut found).unwrap();
            assert_eq!(entries(&found), ENTRIES);
        });
    });
    let text = hledger_text();
    group.bench_function("hledger", |b| {
        b.iter(|| {
            let mut found = Collected::default();
            let options = hledger::Options::default();
            hledger::read_from(&*text, "bench.journal", hledger::Dialect::Hledger, &options, &mut found).unwrap();
            assert_eq!(entries(&found), ENTRIES);
        });
    });
    let text = beancount_text();
    group.bench_function("beancount", |b| {
        b.iter(|| {
            let mut found = Collected::default();
            let options = beancount::Options::default();
            beancount::read_from(text.as_bytes(), "bench.beancount", Path::new(""), &options, &mut found).unwrap();
            assert_eq!(entries(&found), ENTRIES);
        });
    });
}

criterion_group! { name = benches; config = quick(); targets = importers }
criterion_main!(benches);
