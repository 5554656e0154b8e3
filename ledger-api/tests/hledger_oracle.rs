//! Every journal of the shared examples against the balances that hledger and Ledger computed from it.
//!
//! The examples are other people's and not part of this project; without them the test says that it is skipped.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use chrono::NaiveDate;
use ledger_api::import::hledger::{Dialect, Options, read};
use ledger_api::import::source::{Collected, Item, SourceEntry};
use ledger_core::AccountRef;
use rust_decimal::Decimal;

/// Balance by account and commodity, without zeros.
type Balances = BTreeMap<(String, String), Decimal>;

fn shared_data() -> Option<PathBuf> {
    let given = std::env::var_os("LEDGER_SHARED_DATA").map(PathBuf::from);
    let sibling = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data");
    given.into_iter().chain([sibling]).find(|path| path.join("plaintext").is_dir())
}

fn import(path: &Path, dialect: Dialect, skip_virtual: bool) -> (Collected, BTreeMap<String, u64>) {
    let mut sink = Collected::default();
    let options = Options { default_year: Some(2026), skip_virtual, ..Options::default() };
    let notes = read(path, dialect, &options, &mut sink).unwrap();
    (sink, notes.counts)
}

fn entries(sink: &Collected) -> impl Iterator<Item = &SourceEntry> {
    sink.items.iter().filter_map(|item| if let Item::Entry(entry) = item { Some(entry.as_ref()) } else { None })
}

fn code(account: &AccountRef) -> String {
    match account {
        AccountRef::Code(code) => code.to_string(),
        AccountRef::No(no) => panic!("an importer knows no account numbers, not even {no:?}"),
    }
}

fn balances(sink: &Collected, as_of: Option<NaiveDate>) -> Balances {
    let mut balances = Balances::new();
    for entry in entries(sink).filter(|entry| as_of.is_none_or(|date| entry.draft.effective_date <= date)) {
        for line in &entry.draft.lines {
            *balances.entry((code(&line.account), line.currency.to_string())).or_default() += line.amount;
        }
    }
    balances.retain(|_, amount| !amount.is_zero());
    balances
}

fn rows(path: &Path) -> Vec<Vec<String>> {
    let mut reader = csv::Reader::from_path(path).unwrap();
    reader.records().map(|record| record.unwrap().iter().map(str::to_owned).collect()).collect()
}

fn oracle(path: &Path) -> Balances {
    rows(path)
        .into_iter()
        .map(|row| ((row[0].clone(), row[1].clone()), row[2].parse().unwrap()))
        .filter(|(_, amount): &(_, Decimal)| !amount.is_zero())
        .collect()
}

fn yearends(path: &Path) -> BTreeMap<NaiveDate, Balances> {
    let mut years: BTreeMap<NaiveDate, Balances> = BTreeMap::new();
    for row in rows(path) {
        let amount: Decimal = row[3].parse().unwrap();
        let year = years.entry(row[0].parse().unwrap()).or_default();
        if !amount.is_zero() {
            year.insert((row[1].clone(), row[2].clone()), amount);
        }
    }
    years
}

/// The weights of an entry sum to zero in every commodity, up to what the rounding account takes.
fn assert_balanced(entry: &SourceEntry) {
    let mut sums: BTreeMap<&str, Decimal> = BTreeMap::new();
    for line in &entry.draft.lines {
        let (amount, currency) = line.weight.as_ref().map_or((line.amount, &line.currency), |weight| (weight.amount, &weight.currency));
        *sums.entry(currency).or_default() += amount;
    }
    sums.retain(|_, sum| !sum.is_zero());
    assert!(sums.is_empty() || entry.draft.rounding_account.is_some(), "{}: {sums:?}", entry.place);
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.extension().is_some_and(|extension| ["journal", "dat", "ledger"].iter().any(|known| extension == *known)));
    files.sort();
    files
}

/// Accounts that virtual postings and automated rules of the file touch: the oracle counts them, the books cannot.
fn virtual_accounts(path: &Path) -> BTreeSet<String> {
    let text = std::fs::read_to_string(path).unwrap();
    let written = text.lines().filter(|line| line.starts_with([' ', '\t'])).map(str::trim);
    written
        .filter_map(|line| line.strip_prefix(['(', '[']))
        .filter_map(|rest| rest.split_once([')', ']']))
        .map(|(account, _)| account.to_owned())
        .collect()
}

/// Whether an amount of this account was inferred from another line's price: only then a balance may have more
/// digits than the amounts of the journal, and the tools round what they show.
fn took_a_price(sink: &Collected, (account, commodity): &(String, String)) -> bool {
    entries(sink).any(|entry| {
        let priced = entry.draft.lines.iter().any(|line| line.weight.as_ref().is_some_and(|weight| weight.currency == *commodity));
        priced
            && entry.draft.lines.iter().any(|line| code(&line.account) == *account && line.currency == *commodity && line.weight.is_none())
    })
}

fn check_file(path: &Path, dialect: Dialect) -> Vec<String> {
    let mut said = Vec::new();
    let plain = import(path, dialect, false).0;
    let (sink, counts) = import(path, dialect, true);
    assert!(sink.errors.is_empty(), "{}: {:?}", path.display(), sink.errors);
    let left_out = if plain.errors.is_empty() { BTreeSet::new() } else { virtual_accounts(path) };
    for error in &plain.errors {
        assert!(error.remedy.as_ref().is_some_and(|remedy| remedy.contains("--skip-virtual")), "{error}");
        said.push(format!("  without --skip-virtual: {error}"));
    }
    entries(&sink).for_each(assert_balanced);
    let found = balances(&sink, None);
    let stem = path.file_stem().unwrap().to_string_lossy().into_owned();
    for tool in ["hledger", "ledger"] {
        let answer = path.with_file_name(format!("{stem}.{tool}-balances.csv"));
        if !answer.exists() {
            continue;
        }
        let want = oracle(&answer);
        let keys: BTreeSet<_> = want.keys().chain(found.keys()).collect();
        let (mut agree, mut virtual_only) = (0, Vec::new());
        for key in keys {
            let (amount, answer) = (found.get(key).copied().unwrap_or_default(), want.get(key).copied().unwrap_or_default());
            if amount == answer {
                agree += 1;
            } else if left_out.contains(&key.0) {
                virtual_only.push(&key.0);
            } else if took_a_price(&sink, key) && amount.round_dp(answer.scale()) == answer {
                said.push(format!(
                    "  {tool} shows {answer} for {key:?}, rounded to {} digits; the journal makes it {amount}",
                    answer.scale()
                ));
            } else {
                panic!("{}: {key:?} is {amount}, {tool} says {answer}", path.display());
            }
        }
        said.push(format!("  {agree} of {} balances are exactly {tool}'s", want.len()));
        if !virtual_only.is_empty() {
            said.push(format!("  {tool} counts virtual postings on {virtual_only:?}, which the books leave out"));
        }
    }
    check_yearends(path, &stem, &sink, &mut said);
    check_print(path, &stem, &sink, &mut said);
    said.push(format!("  {counts:?}"));
    said
}

fn check_yearends(path: &Path, stem: &str, sink: &Collected, said: &mut Vec<String>) {
    let answer = path.with_file_name(format!("{stem}.yearend.csv"));
    if answer.exists() {
        let years = yearends(&answer);
        for (date, want) in &years {
            assert_eq!(&balances(sink, Some(*date)), want, "{} as of {date}", path.display());
        }
        said.push(format!("  {} year ends agree", years.len()));
    }
}

/// hledger's own print: the same postings, entry by entry.
fn check_print(path: &Path, stem: &str, sink: &Collected, said: &mut Vec<String>) {
    let answer = path.with_file_name(format!("{stem}.hledger-print.csv"));
    if !answer.exists() {
        return;
    }
    type Line = (String, String, Decimal);
    let mut want: BTreeMap<u32, (String, Vec<Line>)> = BTreeMap::new();
    for row in rows(&answer) {
        let lines = &mut want.entry(row[0].parse().unwrap()).or_insert_with(|| (row[1].clone(), Vec::new())).1;
        lines.push((row[7].clone(), row[9].clone(), row[8].parse().unwrap()));
    }
    let found = entries(sink).map(|entry| {
        let lines = entry.draft.lines.iter().map(|line| (code(&line.account), line.currency.to_string(), line.amount)).collect();
        (entry.draft.effective_date.to_string(), lines)
    });
    let found: Vec<(String, Vec<Line>)> = found.collect();
    let want: Vec<(String, Vec<Line>)> = want.into_values().collect();
    assert_eq!(found, want, "{}", path.display());
    said.push(format!("  {} entries agree with hledger's print", want.len()));
}

#[test]
fn balances_agree_with_the_programs_that_wrote_the_journals() {
    let Some(data) = shared_data() else {
        println!("skipped: no shared example data (set LEDGER_SHARED_DATA)");
        return;
    };
    let mut count = 0;
    for (folder, dialect) in [("hledger", Dialect::Hledger), ("ledger", Dialect::Ledger)] {
        for path in files(&data.join("plaintext").join(folder)) {
            println!("{}", path.display());
            check_file(&path, dialect).iter().for_each(|line| println!("{line}"));
            count += 1;
        }
    }
    assert!(count > 0, "no journal in {}", data.display());
}
