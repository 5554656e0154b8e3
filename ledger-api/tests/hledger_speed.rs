//! How fast journals are read, without posting: `cargo test --release --test hledger_speed -- --ignored --nocapture`.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::fmt::Write as _;
use std::time::Instant;

use ledger_api::import::hledger::{Dialect, Options, read_from};
use ledger_api::import::source::{Item, Sink, SourceError, Stop};

/// Counts and forgets.
#[derive(Default)]
struct Counting {
    entries: u32,
    lines: usize,
}

impl Sink for Counting {
    fn item(&mut self, item: Item) -> Result<(), Stop> {
        if let Item::Entry(entry) = item {
            self.entries += 1;
            self.lines += entry.draft.lines.len();
        }
        Ok(())
    }

    fn refuse(&mut self, error: SourceError) -> Result<(), Stop> {
        panic!("{error}");
    }

    fn scale_of(&self, commodity: &str) -> u8 {
        ledger_core::commodity::default_scale(commodity)
    }
}

fn journal(entries: u32, assertions: bool) -> String {
    let mut text = String::new();
    for n in 0..entries {
        let (month, day, cents) = (1 + n * 12 / entries, 1 + (n % (entries / 12 + 1)) * 28 / (entries / 12 + 1), n % 100);
        writeln!(text, "2025-{month:02}-{:02} * Grocer number {} | weekly shopping", day.min(28), n % 500).unwrap();
        let check = if assertions && n == 0 { " = 10.00 EUR" } else { "" };
        writeln!(text, "    Expenses:Food:Groceries:{:<20}  {}.{cents:02} EUR{check}", n % 100, 10 + n % 90).unwrap();
        writeln!(text, "    Assets:Bank:Checking:Main\n").unwrap();
    }
    text
}

#[test]
#[ignore = "a measurement"]
fn postings_per_second() {
    for (name, assertions) in [("plain", false), ("with balances kept", true)] {
        let text = journal(100_000, assertions);
        for dialect in [Dialect::Hledger, Dialect::Ledger] {
            let mut sink = Counting::default();
            let start = Instant::now();
            read_from(text.as_bytes(), "speed", dialect, &Options::default(), &mut sink).unwrap();
            let elapsed = start.elapsed();
            assert_eq!((sink.entries, sink.lines), (100_000, 200_000));
            let per_second = 200_000_u128 * 1_000_000 / elapsed.as_micros().max(1);
            println!("{name}, {dialect:?}: {elapsed:?} for {} bytes, {per_second} postings per second", text.len());
        }
    }
}
