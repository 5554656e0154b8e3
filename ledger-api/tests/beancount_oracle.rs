//! Real beancount files against what beancount itself made of them: units per account, booked weights, year ends
//! and single postings. Runs where the shared data is, and says so where it is not.

#![expect(clippy::unwrap_used, reason = "a test that cannot read its input has failed")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use chrono::NaiveDate;
use ledger_api::import::beancount::{self, Options};
use ledger_api::import::source::{Collected, Item, SourceEntry};
use ledger_core::{AccountRef, DraftLine};
use rust_decimal::Decimal;

type Sums = BTreeMap<(String, String), Decimal>;

fn folder() -> Option<PathBuf> {
    let data = std::env::var_os("LEDGER_SHARED_DATA")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data"), PathBuf::from)
        .join("plaintext/beancount");
    if data.is_dir() {
        return Some(data);
    }
    println!("skipped: no beancount files in {}", data.display());
    None
}

fn sources() -> Vec<PathBuf> {
    let Some(folder) = folder() else { return Vec::new() };
    let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<PathBuf> = files.filter(|path| path.extension().is_some_and(|e| e == "beancount")).collect();
    files.sort();
    assert!(!files.is_empty());
    files
}

fn entries(path: &Path) -> Vec<SourceEntry> {
    let mut sink = Collected::default();
    beancount::read(path, &Options::default(), &mut sink).unwrap();
    assert_eq!(sink.errors, [], "{}", path.display());
    let entries = sink.items.into_iter().filter_map(|item| if let Item::Entry(entry) = item { Some(*entry) } else { None });
    entries.collect()
}

fn account(line: &DraftLine) -> String {
    match &line.account {
        AccountRef::Code(code) => code.to_string(),
        AccountRef::No(_) => panic!("importers name accounts"),
    }
}

fn weight(line: &DraftLine) -> (Decimal, String) {
    match &line.weight {
        Some(weight) => (weight.amount, weight.currency.to_string()),
        None => (line.amount, line.currency.to_string()),
    }
}

/// The weight before rounding, from the rate that stands beside the line.
fn exact_weight(line: &DraftLine) -> (Decimal, String) {
    let (rounded, currency) = weight(line);
    let rate = line.detail.as_ref().and_then(|detail| detail.rate.as_ref());
    let exact = rate.map_or(rounded, |rate| line.amount * rate.rate);
    assert!((exact - rounded).abs() <= Decimal::new(5, 3), "{line:?}");
    (exact, currency)
}

fn sums<'a>(entries: impl Iterator<Item = &'a SourceEntry>, of: impl Fn(&DraftLine) -> (Decimal, String)) -> Sums {
    let mut sums = Sums::new();
    for line in entries.flat_map(|entry| &entry.draft.lines) {
        let (amount, currency) = of(line);
        *sums.entry((account(line), currency)).or_default() += amount;
    }
    sums
}

fn units(line: &DraftLine) -> (Decimal, String) {
    (line.amount, line.currency.to_string())
}

/// Rows of an answer file beside a source, if it is there.
fn rows(source: &Path, suffix: &str) -> Vec<BTreeMap<String, String>> {
    let path = source.with_extension("").to_string_lossy().into_owned() + suffix;
    let Ok(text) = std::fs::read_to_string(path) else { return Vec::new() };
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let header: Vec<String> = reader.headers().unwrap().iter().map(str::to_owned).collect();
    let rows = reader.records().map(|row| header.iter().cloned().zip(row.unwrap().iter().map(str::to_owned)).collect());
    rows.collect()
}

fn compare(what: &str, found: &Sums, rows: &[BTreeMap<String, String>], currency: &str, amount: &str) -> usize {
    let mut wanted = Sums::new();
    for row in rows {
        wanted.insert((row["account"].clone(), row[currency].clone()), row[amount].parse().unwrap());
    }
    let keys: BTreeSet<_> = wanted.keys().chain(found.keys()).collect();
    let sum = |sums: &Sums, key| sums.get(key).copied().unwrap_or_default();
    let differing: Vec<String> = keys
        .into_iter()
        .filter(|key| sum(&wanted, key) != sum(found, key))
        .map(|key| format!("{key:?}: {} instead of {}", sum(found, key), sum(&wanted, key)))
        .collect();
    assert_eq!(differing, Vec::<String>::new(), "{what}");
    wanted.len()
}

#[test]
fn balances_agree_with_beancount() {
    for source in sources() {
        let entries = entries(&source);
        let name = source.display();
        let units_rows = rows(&source, ".balances.csv");
        let weight_rows = rows(&source, ".weights.csv");
        let balances = compare(&format!("{name} units"), &sums(entries.iter(), units), &units_rows, "currency", "units");
        let weights =
            compare(&format!("{name} weights"), &sums(entries.iter(), exact_weight), &weight_rows, "weight_currency", "weight_total");
        assert!(entries.iter().all(|entry| entry.draft.rounding_account.is_none()), "{name} needs no line of rounding");
        println!("{name}: {} entries, {balances} balances and {weights} weights agree", entries.len());
        assert!(balances > 0 && weights > 0);
    }
}

#[test]
fn year_ends_agree_with_beancount() {
    for source in sources() {
        let entries = entries(&source);
        let mut by_day: BTreeMap<String, Vec<BTreeMap<String, String>>> = BTreeMap::new();
        for row in rows(&source, ".yearend.csv") {
            by_day.entry(row["as_of"].clone()).or_default().push(row);
        }
        assert!(!by_day.is_empty());
        for (day, rows) in &by_day {
            let day: NaiveDate = day.parse().unwrap();
            let found = sums(entries.iter().filter(|entry| entry.draft.effective_date <= day), units);
            compare(&format!("{} at {day}", source.display()), &found, rows, "currency", "units");
        }
        println!("{}: {} year ends agree", source.display(), by_day.len());
    }
}

#[test]
fn postings_agree_with_beancount() {
    for source in sources() {
        let wanted = rows(&source, ".postings.csv");
        if wanted.is_empty() {
            continue;
        }
        let mut wanted: Vec<(String, String, String, Decimal, String, Decimal, String)> = wanted
            .into_iter()
            .map(|row| {
                let number = |key: &str| row[key].parse::<Decimal>().unwrap();
                let text = |key: &str| row[key].clone();
                let description = match (row["payee"].as_str(), row["narration"].as_str()) {
                    ("", narration) => narration.to_owned(),
                    (payee, "") => payee.to_owned(),
                    (payee, narration) => format!("{payee} | {narration}"),
                };
                (text("date"), description, text("account"), number("units"), text("currency"), number("weight"), text("weight_currency"))
            })
            .collect();
        let entries = entries(&source);
        let mut found: Vec<_> = entries
            .iter()
            .flat_map(|entry| entry.draft.lines.iter().map(move |line| (entry, line)))
            .map(|(entry, line)| {
                let (amount, currency) = weight(line);
                let draft = &entry.draft;
                let (date, description) = (draft.effective_date.to_string(), draft.description.to_string());
                (date, description, account(line), line.amount, line.currency.to_string(), amount, currency)
            })
            .collect();
        wanted.sort();
        found.sort();
        for (found, wanted) in found.iter().zip(&wanted) {
            assert_eq!(found, wanted);
        }
        assert_eq!(found.len(), wanted.len());
        println!("{}: {} postings agree", source.display(), found.len());
    }
}
