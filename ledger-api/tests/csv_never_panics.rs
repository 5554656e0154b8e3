//! Whatever the bytes, the readers answer: they never panic, lose no row, and give the same answer however the
//! file arrives in pieces.

use std::io::Read;

use ledger_api::import::source::{Collected, Item};
use ledger_api::import::tabular::{NumberFormat, Options};
use ledger_api::import::{csv, jsonl};
use proptest::prelude::*;

/// Gives its bytes in pieces of a few.
struct Pieces(Vec<u8>, usize, usize);

impl Read for Pieces {
    fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
        let count = out.len().min(self.1).min(self.0.len() - self.2);
        out[..count].copy_from_slice(&self.0[self.2..self.2 + count]);
        self.2 += count;
        Ok(count)
    }
}

fn options(comma: bool) -> Options {
    let numbers = NumberFormat { decimal_mark: if comma { ',' } else { '.' }, grouping: comma.then_some('.') };
    Options { currency: Some("USD".into()), functional_currency: Some("EUR".into()), keep_text: true, numbers, ..Options::default() }
}

type Reader = fn(Box<dyn Read + Send>, &Options, &mut Collected);

const READERS: [Reader; 3] = [
    |input, options, sink| drop(csv::read(input, "f".into(), options, sink)),
    |input, options, sink| drop(csv::chart::read(input, "f".into(), options, sink)),
    |input, options, sink| drop(jsonl::read(input, "f".into(), options, sink)),
];

fn check(bytes: &[u8], piece: usize, comma: bool) {
    for read in READERS {
        let mut whole = Collected::default();
        read(Box::new(std::io::Cursor::new(bytes.to_vec())), &options(comma), &mut whole);
        let mut pieces = Collected::default();
        read(Box::new(Pieces(bytes.to_vec(), piece, 0)), &options(comma), &mut pieces);
        assert_eq!(whole.items, pieces.items);
        assert_eq!(whole.errors, pieces.errors);
    }
}

/// Text that looks like a journal more often than chance would have it.
fn almost_csv() -> impl Strategy<Value = String> {
    let cell = prop::sample::select(vec![
        "1",
        "2",
        "a",
        "2025-01-31",
        "31.01.2025",
        "1000",
        "\"x\"",
        "\"",
        "\"\"",
        "\"a\nb\"",
        "\"a,b\"",
        "",
        " ",
        "1.5",
        "-1.5",
        "1,5",
        "1e9",
        "99999999999999999999999999999999",
        "NaN",
        "USD",
        "JPY",
        "eur",
        "k=v",
        "asset",
        "D",
        "é",
        "\u{feff}",
        "\0",
        "opening",
    ]);
    let row = prop::collection::vec(cell, 0..8)
        .prop_flat_map(|cells| prop::sample::select(vec![",", ";", "\t"]).prop_map(move |delimiter| cells.join(delimiter)));
    let header = prop::sample::select(vec![
        "entry,date,account,amount,currency,rate,tags",
        "entry;date;account;debit;credit;functional",
        "entry,date,account,amount,side,kind",
        "account,type,name,parent,normal",
        "entry,date",
    ]);
    let end = prop::sample::select(vec!["\n", "\r\n", "\r"]);
    (header, prop::collection::vec((row, end.clone()), 0..12), end)
        .prop_map(|(header, rows, end)| rows.into_iter().fold(format!("{header}{end}"), |text, (row, end)| text + &row + end))
}

fn almost_jsonl() -> impl Strategy<Value = String> {
    let part = prop::sample::select(vec![
        "{",
        "}",
        "[",
        "]",
        ",",
        ":",
        "\"",
        "\\",
        "\"entry\"",
        "\"date\"",
        "\"2025-01-31\"",
        "\"account\"",
        "\"amount\"",
        "1.50",
        "1e400",
        "-",
        "null",
        "true",
        "\"lines\":[",
        "{\"account\":\"1\",\"amount\":1}",
        "{\"entry\":\"1\",\"date\":\"2025-01-31\",",
        "\n",
        "é",
        "\"\\ud800\"",
        "\"tags\":{\"a\":\"b\"}",
    ]);
    prop::collection::vec(part, 0..30).prop_map(|parts| parts.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_get_an_answer(bytes in prop::collection::vec(any::<u8>(), 0..600), piece in 1_usize..9, comma: bool) {
        check(&bytes, piece, comma);
    }

    #[test]
    fn almost_a_journal_gets_an_answer(text in almost_csv(), piece in 1_usize..9, comma: bool) {
        check(text.as_bytes(), piece, comma);
    }

    #[test]
    fn almost_json_gets_an_answer(text in almost_jsonl(), piece in 1_usize..9) {
        check(text.as_bytes(), piece, false);
    }

    /// What the exported rows say comes in to the last digit, whatever the scale and the sign.
    #[test]
    fn amounts_come_in_as_written(units in prop::collection::vec(-999_999_999_999_i64..999_999_999_999, 1..20)) {
        let mut text = "entry,date,account,amount\n".to_owned();
        for units in &units {
            let sign = if *units < 0 { "-" } else { "" };
            let amount = format!("{sign}{}.{:02}", units.abs() / 100, units.abs() % 100);
            text.push_str(&format!("1,2025-01-31,1000,{amount}\n"));
        }
        let mut sink = Collected::default();
        let notes = csv::read(Box::new(std::io::Cursor::new(text.into_bytes())), "f".into(), &options(false), &mut sink).unwrap();
        prop_assert_eq!(&sink.errors, &[]);
        let Some(Item::Entry(entry)) = sink.items.first() else { panic!("no entry") };
        let read: Vec<i128> = entry.draft.lines.iter().map(|line| ledger_core::money::units_of(line.amount, 2).unwrap()).collect();
        prop_assert_eq!(read, units.iter().map(|units| i128::from(*units)).collect::<Vec<_>>());
        let sides = notes.totals.unwrap().currencies["USD"];
        prop_assert_eq!(sides.debit - sides.credit, units.iter().map(|units| i128::from(*units)).sum::<i128>());
    }
}
