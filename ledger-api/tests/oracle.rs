//! The shared example books, end to end: imported, projected, and compared with what other programs compute from
//! the same files.
//!
//! The examples are other people's and not part of this project; without them the tests say that they are skipped.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod books;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use chrono::NaiveDate;
use ledger_api::import::run::{Format, ImportOptions, Mode};
use ledger_api::import::tabular::Options as Tabular;
use ledger_core::book::Valuation;
use ledger_core::event::Recorded;
use ledger_core::{Book, Line};
use ledger_projections::reports::{BalanceQuery, Point};
use ledger_projections::{catch_up, compare, projection};
use ledger_store::OrgStore;
use ledger_store::load::load_book;
use rust_decimal::Decimal;

use books::{Shelf, Sums, assert_zero, bring_in, dates, entries, history, read, shelf, spread, sums};

fn shared_data(folder: &str) -> Option<PathBuf> {
    let given = std::env::var_os("LEDGER_SHARED_DATA").map(PathBuf::from);
    let data = given.unwrap_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data")).join(folder);
    if data.is_dir() {
        return Some(data);
    }
    println!("skipped: no shared data in {} (set LEDGER_SHARED_DATA)", data.display());
    None
}

fn files(folder: &Path, endings: &[&str]) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.extension().is_some_and(|ending| endings.iter().any(|known| ending == *known)));
    files.sort();
    assert!(!files.is_empty(), "nothing to compare in {}", folder.display());
    files
}

/// The answer file beside a source, as rows of cells without the header; `None` where there is none.
fn answers(source: &Path, suffix: &str) -> Option<Vec<Vec<String>>> {
    let path = PathBuf::from(source.with_extension("").to_string_lossy().into_owned() + suffix);
    let mut reader = csv::Reader::from_path(path).ok()?;
    Some(reader.records().map(|row| row.unwrap().iter().map(str::to_owned).collect()).collect())
}

/// The sums in an answer's rows: account, commodity, amount from column `at`. Zeros keep their digits for
/// [`differences`].
fn stated(rows: &[Vec<String>], at: usize) -> Sums {
    rows.iter().map(|row| ((row[at].clone(), row[at + 1].clone()), row[at + 2].parse().unwrap())).collect()
}

/// An answer's rows by the day in their first column.
fn by_day(rows: &[Vec<String>]) -> BTreeMap<NaiveDate, Sums> {
    let mut days: BTreeMap<NaiveDate, Vec<Vec<String>>> = BTreeMap::new();
    for row in rows {
        days.entry(row[0].parse().unwrap()).or_default().push(row.clone());
    }
    days.into_iter().map(|(day, rows)| (day, stated(&rows, 1))).collect()
}

/// Where two trial balances differ: account, commodity, found, wanted.
fn differences(found: &Sums, wanted: &Sums) -> Vec<((String, String), Decimal, Decimal)> {
    let keys: BTreeSet<_> = found.keys().chain(wanted.keys()).collect();
    let sum = |sums: &Sums, key: &(String, String)| sums.get(key).copied().unwrap_or_default();
    keys.into_iter().map(|key| (key.clone(), sum(found, key), sum(wanted, key))).filter(|(_, found, wanted)| found != wanted).collect()
}

fn as_of(day: NaiveDate) -> BalanceQuery {
    BalanceQuery { as_of: Some(day), ..BalanceQuery::default() }
}

/// An imported book: what came of it, and its history.
struct Imported {
    org: OrgStore,
    book: Book,
    history: Vec<Recorded>,
    left_out: LeftOut,
}

impl Imported {
    /// Imports, projects, and proves everything that holds for every book.
    async fn new(shelf: &Shelf, slug: &str, path: &Path, mut options: ImportOptions) -> Self {
        let org = shelf.begin(slug, Valuation::ByCommodity).await;
        let before = org.head().await.unwrap().seq;
        let mut left_out = LeftOut::default();
        let mut summary = bring_in(&org, path, &options).await.unwrap();
        if summary.refused > 0 {
            left_out = LeftOut::of(path);
            let lines: BTreeSet<u32> = summary.refusals.iter().map(|error| error.place.line).collect();
            assert_eq!(lines, left_out.places(), "{}: only what has no place in books is refused: {:#?}", path.display(), summary.refusals);
            let remedied = |error: &ledger_api::import::source::SourceError| {
                error.remedy.as_deref().is_some_and(|remedy| remedy.contains("--skip-virtual"))
            };
            assert!(summary.refusals.iter().all(remedied), "{:#?}", summary.refusals);
            assert_eq!(org.head().await.unwrap().seq, before, "a refused file leaves nothing");
            options.skip_virtual = true;
            summary = bring_in(&org, path, &options).await.unwrap();
        }
        assert_eq!((summary.refused, summary.refusals.as_slice()), (0, [].as_slice()), "{}", path.display());
        let head = org.head().await.unwrap().seq;
        assert_eq!(summary.seqs, (before, head));
        let again = bring_in(&org, path, &options).await.unwrap();
        assert_eq!((again.posted, again.already, again.refused), (0, summary.posted, 0), "{} twice", path.display());
        assert_eq!(org.head().await.unwrap().seq, head, "the same file twice posts nothing");
        catch_up(&org, |_| ()).await.unwrap();
        let history = history(&org).await;
        assert_eq!(entries(&history), usize::try_from(summary.posted).unwrap());
        let book = load_book(&org).await.unwrap().book;
        let imported = Self { org, book, history, left_out };
        imported.assert_laws(path).await;
        imported
    }

    /// Every row of every read model is what a replay of history gives. Zero in every currency at dates and events spread over history; read models and a fold of history agree.
    async fn assert_laws(&self, path: &Path) {
        let head = self.history.last().map_or(0, |recorded| recorded.seq);
        for projection in projection::all() {
            let found = compare(&self.org, projection.name(), |_| ()).await.unwrap();
            assert!(found.is_empty() && found.seq == head, "{} {}: {found:#?}", path.display(), projection.name());
        }
        for day in spread(&dates(&self.history), 8) {
            let found = read(&self.org, as_of(day)).await;
            assert_zero(&found, &format!("{} at {day}", path.display()));
            let folded = read(&self.org, BalanceQuery { point: Point::AtSeq(head), ..as_of(day) }).await;
            assert_eq!(found, folded, "{} at {day}", path.display());
        }
        for seq in spread(&(1..=head).collect::<Vec<_>>(), 12) {
            let found = read(&self.org, BalanceQuery { point: Point::AtSeq(seq), ..BalanceQuery::default() }).await;
            assert_zero(&found, &format!("{} at seq {seq}", path.display()));
        }
    }

    async fn trial_balance(&self, query: BalanceQuery) -> Sums {
        sums(&read(&self.org, query).await)
    }

    fn lines(&self) -> impl Iterator<Item = (NaiveDate, &[Line])> {
        self.history.iter().filter_map(|recorded| recorded.event.entry()).map(|entry| (entry.effective_date(), entry.lines()))
    }

    fn account(&self, line: &Line) -> &str {
        &self.book.account(line.account).unwrap().code
    }

    fn amount(&self, money: ledger_core::Money) -> (Decimal, &str) {
        let commodity = self.book.commodity(money.currency()).unwrap();
        (ledger_core::money::decimal_of(money.units(), commodity.scale), &commodity.code)
    }

    /// What a tool counts and books cannot: virtual postings as they stand, automated rules times what they match.
    fn left_out(&self, until: Option<NaiveDate>) -> Sums {
        let mut sums = Sums::new();
        for (account, commodity, amount) in &self.left_out.postings {
            *sums.entry((account.clone(), commodity.clone())).or_default() += amount;
        }
        for rule in &self.left_out.rules {
            for line in self.lines().filter(|(day, _)| until.is_none_or(|until| *day <= until)).flat_map(|(_, lines)| lines) {
                if rule.matches(self.account(line)) {
                    let (amount, commodity) = self.amount(line.money);
                    *sums.entry((rule.account.clone(), commodity.to_owned())).or_default() += amount * rule.factor;
                }
            }
        }
        sums
    }

    /// Whether an amount of this account may have been inferred from another line's price: only then has a balance
    /// more digits than the amounts of the journal, and the tools round what they show.
    fn took_a_price(&self, (account, commodity): &(String, String)) -> bool {
        self.lines().any(|(_, lines)| {
            let weighs = |line: &Line| line.detail.as_ref().and_then(|detail| detail.weight).is_some_and(|w| self.amount(w).1 == commodity);
            let took = |line: &Line| {
                let weight = line.detail.as_ref().and_then(|detail| detail.weight);
                weight.is_none() && self.account(line) == account && self.amount(line.money).1 == commodity
            };
            lines.iter().any(weighs) && lines.iter().any(took)
        })
    }

    /// Agrees with a tool's balances, up to what was left out and to digits that the tool does not show.
    fn assert_agrees(&self, what: &str, found: &Sums, wanted: &Sums, until: Option<NaiveDate>) -> usize {
        let mut wanted = wanted.clone();
        for (key, amount) in self.left_out(until) {
            *wanted.entry(key).or_default() -= amount;
        }
        for (key, found, wanted) in differences(found, &wanted) {
            let shown = self.took_a_price(&key) && found.round_dp(wanted.scale()) == wanted;
            assert!(shown, "{what}: {key:?} is {found} instead of {wanted}");
            println!("  {what}: {key:?} is {found}, shown as {wanted}");
        }
        wanted.len()
    }
}

/// What a journal has that books have not, read off its text.
#[derive(Default)]
struct LeftOut {
    postings: Vec<(String, String, Decimal)>,
    rules: Vec<Rule>,
    lines: BTreeSet<u32>,
}

/// `= /pattern/` and one posting with a factor.
struct Rule {
    pattern: String,
    account: String,
    factor: Decimal,
}

impl Rule {
    fn matches(&self, account: &str) -> bool {
        self.pattern.strip_prefix('^').map_or_else(|| account.contains(&self.pattern), |start| account.starts_with(start))
    }
}

impl LeftOut {
    fn of(path: &Path) -> Self {
        let text = std::fs::read_to_string(path).unwrap();
        let mut left_out = Self::default();
        let mut pattern = None;
        for (line, number) in text.lines().zip(1..) {
            if !line.starts_with([' ', '\t']) {
                pattern = line.strip_prefix('=').map(|rule| rule.trim().trim_matches('/').to_owned());
                left_out.lines.extend(pattern.as_ref().map(|_| number));
                continue;
            }
            let Some((account, amount)) = line.trim().strip_prefix(['(', '[']).and_then(|rest| rest.split_once([')', ']'])) else {
                continue;
            };
            let (figures, commodity) = amount.trim().split_once(' ').unwrap_or((amount.trim(), ""));
            let amount: Decimal = figures.parse().unwrap();
            match &pattern {
                Some(pattern) => left_out.rules.push(Rule { pattern: pattern.clone(), account: account.to_owned(), factor: amount }),
                None => {
                    left_out.postings.push((account.to_owned(), commodity.trim().to_owned(), amount));
                    left_out.lines.insert(number);
                }
            }
        }
        left_out
    }

    /// Lines that an import must refuse.
    fn places(&self) -> BTreeSet<u32> {
        self.lines.clone()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn journals_agree_with_hledger_and_ledger() {
    let Some(data) = shared_data("plaintext") else { return };
    let shelf = shelf().await;
    for (folder, format) in [("hledger", Format::Hledger), ("ledger", Format::Ledger)] {
        for (path, number) in files(&data.join(folder), &["journal", "dat", "ledger"]).iter().zip(1..) {
            let options = ImportOptions { default_year: Some(2026), ..ImportOptions::new(format) };
            let imported = Imported::new(&shelf, &format!("{folder}-{number}"), path, options).await;
            let found = imported.trial_balance(BalanceQuery::default()).await;
            let mut said = Vec::new();
            for tool in ["hledger", "ledger"] {
                if let Some(rows) = answers(path, &format!(".{tool}-balances.csv")) {
                    let what = format!("{} against {tool}", path.display());
                    let agree = imported.assert_agrees(&what, &found, &stated(&rows, 0), None);
                    said.push(format!("{agree} balances of {tool}"));
                }
            }
            assert!(!said.is_empty(), "nothing to compare {} with", path.display());
            for (day, wanted) in by_day(&answers(path, ".yearend.csv").unwrap_or_default()) {
                let found = imported.trial_balance(as_of(day)).await;
                let agree = imported.assert_agrees(&format!("{} at {day}", path.display()), &found, &wanted, Some(day));
                said.push(format!("{agree} at {day}"));
            }
            println!("{}: {} entries, {} agree", path.display(), entries(&imported.history), said.join(", "));
        }
    }
}

/// What a line weighs, at the precision at which beancount sums it.
fn exact_weight(imported: &Imported, line: &Line) -> (Decimal, String) {
    let (amount, commodity) = imported.amount(line.money);
    let Some(detail) = &line.detail else { return (amount, commodity.to_owned()) };
    let (rounded, currency) = detail.weight.map_or((amount, commodity), |weight| imported.amount(weight));
    let exact = detail.rate.as_ref().map_or(rounded, |rate| amount * rate.rate);
    assert!((exact - rounded).abs() <= Decimal::new(5, 3), "{line:?}");
    (exact, currency.to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn ledgers_agree_with_beancount() {
    let Some(data) = shared_data("plaintext/beancount") else { return };
    let shelf = shelf().await;
    for (path, number) in files(&data, &["beancount"]).iter().zip(1..) {
        let imported = Imported::new(&shelf, &format!("beancount-{number}"), path, ImportOptions::new(Format::Beancount)).await;
        let wanted = stated(&answers(path, ".balances.csv").unwrap(), 0);
        let found = imported.trial_balance(BalanceQuery::default()).await;
        assert_eq!(differences(&found, &wanted), [], "{}", path.display());
        let days = by_day(&answers(path, ".yearend.csv").unwrap_or_default());
        for (day, wanted) in &days {
            let found = imported.trial_balance(as_of(*day)).await;
            assert_eq!(differences(&found, wanted), [], "{} at {day}", path.display());
        }
        let own: Vec<bool> = imported.book.accounts().iter().map(|account| account.sub_type != ledger_core::SubType::Conversion).collect();
        let mut weights = Sums::new();
        for line in imported.lines().flat_map(|(_, lines)| lines).filter(|line| own[usize::try_from(line.account.get()).unwrap() - 1]) {
            let (amount, currency) = exact_weight(&imported, line);
            *weights.entry((imported.account(line).to_owned(), currency)).or_default() += amount;
        }
        let rows = answers(path, ".weights.csv").unwrap_or_default();
        assert_eq!(differences(&weights, &stated(&rows, 0)), [], "{} weights", path.display());
        println!(
            "{}: {} entries, {} balances, {} year ends and {} weights agree",
            path.display(),
            entries(&imported.history),
            wanted.len(),
            days.len(),
            rows.len()
        );
        assert!(!wanted.is_empty() && !days.is_empty() && !rows.is_empty());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_jfc_journal_agrees_month_by_month() {
    let Some(data) = shared_data("gl") else { return };
    let shelf = shelf().await;
    let tabular = Tabular { currency: Some("USD".into()), functional_currency: Some("USD".into()), ..Tabular::default() };
    let options = ImportOptions { tabular, mode: Mode::Checked, ..ImportOptions::new(Format::Csv) };
    let path = data.join("jfc_journal_entries.csv");
    let imported = Imported::new(&shelf, "jfc", &path, options).await;

    let mut months: BTreeMap<String, (Sums, Sums)> = BTreeMap::new();
    for row in answers(&data.join("jfc_trial_balance_oracle"), ".csv").unwrap() {
        let [month, account, net, cumulative] = &row[..] else { panic!("{row:?}") };
        let (nets, cumulatives) = months.entry(month.clone()).or_default();
        let key = (account.clone(), "USD".to_owned());
        nets.insert(key.clone(), net.parse().unwrap());
        cumulatives.insert(key, cumulative.parse().unwrap());
    }
    assert_eq!(months.len(), 12);
    for (month, (net, cumulative)) in &months {
        let first: NaiveDate = format!("{month}-01").parse().unwrap();
        let last = first + chrono::Months::new(1) - chrono::Days::new(1);
        let found = imported.trial_balance(BalanceQuery { from: Some(first), ..as_of(last) }).await;
        assert_eq!(differences(&found, net), [], "net of {month}");
        let found = imported.trial_balance(as_of(last)).await;
        assert_eq!(differences(&found, cumulative), [], "cumulative at {last}");
    }
    println!("{}: {} entries, {} months agree", path.display(), entries(&imported.history), months.len());
}
