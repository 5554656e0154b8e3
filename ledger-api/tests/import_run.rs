//! Whole imports: what is written and what is not, twice, interrupted, beside others, and what is said about it.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod books;

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command as Process, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use ledger_api::import::generate::{self, Currencies, Lines, Plan};
use ledger_api::import::run::{Counters, Format, ImportError, ImportOptions, Mode, import};
use ledger_api::import::tabular::{KeyUse, Options as Tabular};
use ledger_core::book::Valuation;
use ledger_core::{Actor, Command, DraftEntry, DraftLine, Seq};
use ledger_projections::catch_up;
use ledger_projections::reports::{BalanceQuery, Point};
use ledger_store::OrgStore;
use ledger_store::testing::RUNTIME_ROLE;
use ledger_store::writer::Request;
use rust_decimal::Decimal;
use sqlx::Connection;
use tempfile::TempDir;

use books::{Shelf, Sums, assert_zero, bring_in, entries, history, read, shelf, sums};

const HEADER: &str = "entry,date,account,debit,credit,currency,rate,description\n";

fn usd() -> ImportOptions {
    let tabular = Tabular { currency: Some("USD".into()), functional_currency: Some("USD".into()), ..Tabular::default() };
    ImportOptions { tabular, ..ImportOptions::new(Format::Csv) }
}

/// A sale for cash of so many dollars, as two rows.
fn sale(key: u32, dollars: u32) -> String {
    format!("{key},2025-01-{:02},1000,{dollars}.00,,,,sale\n{key},,4000,,{dollars}.00,,,\n", key % 28 + 1)
}

fn sales(keys: impl IntoIterator<Item = u32>) -> String {
    keys.into_iter().map(|key| sale(key, 10)).fold(HEADER.to_owned(), |text, sale| text + &sale)
}

struct Desk {
    shelf: Shelf,
    folder: TempDir,
}

async fn desk() -> Desk {
    Desk { shelf: shelf().await, folder: tempfile::tempdir().unwrap() }
}

impl Desk {
    fn file(&self, name: &str, text: &str) -> PathBuf {
        let path = self.folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    }

    async fn books(&self, slug: &str) -> OrgStore {
        self.shelf.begin(slug, Valuation::Required).await
    }
}

async fn head(org: &OrgStore) -> Seq {
    org.head().await.unwrap().seq
}

/// The trial balance as history tells it.
async fn trial_balance(org: &OrgStore) -> Sums {
    let query = BalanceQuery { point: Point::AtSeq(head(org).await), ..BalanceQuery::default() };
    let balances = read(org, query).await;
    assert_zero(&balances, "the books");
    sums(&balances)
}

async fn posted(org: &OrgStore) -> usize {
    entries(&history(org).await)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dry_run_tells_all_and_changes_nothing() {
    let desk = desk().await;
    let org = desk.books("dry").await;
    let path = desk.file("journal.csv", &sales(1..=3));
    let before = head(&org).await;
    for mode in [Mode::Checked, Mode::Atomic, Mode::SkipInvalid] {
        let options = ImportOptions { dry_run: true, mode, ..usd() };
        let summary = bring_in(&org, &path, &options).await.unwrap();
        assert_eq!((summary.posted, summary.lines, summary.refused, summary.dry_run), (3, 6, 0, true), "{mode:?}");
        assert_eq!(summary.opened.iter().map(|account| account.code.as_str()).collect::<Vec<_>>(), ["1000", "4000"]);
        assert_eq!(summary.notes.totals.unwrap().currencies["USD"].debit, 3_000);
        assert_eq!((head(&org).await, summary.seqs), (before, (before, before)));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_bad_entry_keeps_the_whole_file_out() {
    let desk = desk().await;
    let cases: [(&str, &str, u32, u32, &str, &str); 6] = [
        ("unbalanced", "9,2025-02-01,1000,5.00,,,,x\n9,,4000,,4.00,,,\n", 6, 0, "differ by 1", "correct an amount"),
        ("date", "9,01/02/2025,1000,5.00,,,,x\n9,,4000,,5.00,,,\n", 6, 3, "expected a date as %Y-%m-%d", "--date-format"),
        ("amount", "9,2025-02-01,1000,\"5,00\",,,,x\n9,,4000,,5.00,,,\n", 6, 11, "", ""),
        ("no rate", "9,2025-02-01,1000,5.00,,EUR,,x\n9,,4000,,5.00,EUR,,\n", 6, 0, "no EUR/USD spot rate", "record the rate"),
        ("too precise", "9,2025-02-01,1000,5.001,,EUR,1.1,x\n9,,4000,,5.001,EUR,1.1,\n", 6, 14, "EUR has 2 digits", "--commodity EUR=3"),
        ("one line", "9,2025-02-01,1000,5.00,,,,x\n", 6, 0, "line", ""),
    ];
    for (number, (name, bad, line, column, problem, remedy)) in cases.into_iter().enumerate() {
        let org = desk.books(&format!("bad-{number}")).await;
        let before = head(&org).await;
        let path = desk.file(&format!("{number}.csv"), &(sales(1..=2) + bad + &sale(10, 10)));
        for mode in [Mode::Checked, Mode::Atomic] {
            let summary = bring_in(&org, &path, &ImportOptions { mode, ..usd() }).await.unwrap();
            assert_eq!((summary.refused, summary.nothing_written), (1, true), "{name} {mode:?}");
            let error = &summary.refusals[0];
            assert_eq!((error.place.line, error.place.file.as_ref()), (line, format!("{number}.csv").as_str()), "{error}");
            assert!(column == 0 || error.place.column > 0, "{error}");
            assert!(error.problem.contains(problem) && error.to_string().contains(remedy), "{name}: {error}");
            assert!(error.remedy.is_some(), "{error}");
            assert_eq!(head(&org).await, before, "{name} {mode:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn rejects_can_be_mended_and_imported() {
    let desk = desk().await;
    let (org, whole) = (desk.books("mended").await, desk.books("whole").await);
    let bad = "3,2025-01-04,1000,10.00,,,,sale\n3,,4000,,9.00,,,\n4,2025-31-05,1000,10.00,,,,sale\n4,,4000,,10.00,,,\n";
    let path = desk.file("journal.csv", &(sales(1..=2) + bad + &sale(5, 10)));
    let rejects = desk.folder.path().join("journal.rejects.csv");
    let options = ImportOptions { mode: Mode::SkipInvalid, rejects: Some(rejects.clone()), ..usd() };
    let summary = bring_in(&org, &path, &options).await.unwrap();
    assert_eq!((summary.posted, summary.refused, summary.rejects.as_deref()), (3, 2, Some(rejects.as_path())));
    let text = std::fs::read_to_string(&rejects).unwrap();
    assert_eq!(text, HEADER.to_owned() + bad, "the rejects file has the refused entries as they stood");
    std::fs::write(&rejects, text.replace(",9.00", ",10.00").replace("2025-31-05", "2025-01-05")).unwrap();
    assert_eq!(bring_in(&org, &rejects, &usd()).await.unwrap().posted, 2);
    bring_in(&whole, &desk.file("right.csv", &sales(1..=5)), &usd()).await.unwrap();
    assert_eq!(trial_balance(&org).await, trial_balance(&whole).await);
    let again = bring_in(&org, &rejects, &usd()).await.unwrap();
    assert_eq!((again.posted, again.already, posted(&org).await), (0, 2, 5));
}

#[tokio::test(flavor = "multi_thread")]
async fn rejects_of_plain_text_can_be_mended_too() {
    let desk = desk().await;
    let cases = [
        (
            Format::Hledger,
            "j.journal",
            "2025-01-02 right\n  assets:cash  5 USD\n  income:sales\n\n",
            "2025-01-03 off\n  assets:cash  5 USD\n  income:sales  -4 USD\n",
        ),
        (
            Format::Ledger,
            "l.ledger",
            "2025/01/02 right\n  assets:cash  5 USD\n  income:sales\n\n",
            "2025/01/03 off\n  assets:cash  5 USD\n  income:sales  -4 USD\n",
        ),
        (
            Format::Jsonl,
            "j.jsonl",
            "{\"entry\":\"1\",\"date\":\"2025-01-02\",\"lines\":[{\"account\":\"assets:cash\",\"amount\":5},{\"account\":\"income:sales\",\"amount\":-5}]}\n",
            "{\"entry\":\"2\",\"date\":\"2025-01-03\",\"lines\":[{\"account\":\"assets:cash\",\"amount\":5},{\"account\":\"income:sales\",\"amount\":-4}]}\n",
        ),
    ];
    for (format, name, right, off) in cases {
        let org = desk.books(&name.replace('.', "-")).await;
        let rejects = desk.folder.path().join(format!("rejects-{name}"));
        let options = ImportOptions { mode: Mode::SkipInvalid, rejects: Some(rejects.clone()), format, ..usd() };
        let summary = bring_in(&org, &desk.file(name, &format!("{right}{off}")), &options).await.unwrap();
        assert_eq!((summary.posted, summary.refused), (1, 1), "{name}: {:?}", summary.refusals);
        let text = std::fs::read_to_string(&rejects).unwrap();
        assert_eq!(text.trim_end(), off.trim_end(), "{name}");
        std::fs::write(&rejects, text.replace("-4", "-5")).unwrap();
        let mended = bring_in(&org, &rejects, &ImportOptions { format, ..usd() }).await.unwrap();
        assert_eq!((mended.posted, mended.refused), (1, 0), "{name}: {:?}", mended.refusals);
        assert_eq!(trial_balance(&org).await[&("assets:cash".to_owned(), "USD".to_owned())], Decimal::TEN, "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_atomic_import_is_one_transaction() {
    let desk = desk().await;
    let org = desk.books("atomic").await;
    let path = journal(&desk, "atomic.csv", 10_000);
    let options = ImportOptions { mode: Mode::Atomic, ..usd() };
    let watched = org.clone();
    let done = Arc::new(AtomicBool::new(false));
    let seen = {
        let done = Arc::clone(&done);
        tokio::spawn(async move {
            let mut seen = std::collections::BTreeSet::new();
            while !done.load(Ordering::Acquire) {
                seen.insert(watched.head().await.unwrap().seq);
                tokio::time::sleep(std::time::Duration::from_millis(2)).await;
            }
            seen
        })
    };
    let summary = bring_in(&org, &path, &options).await.unwrap();
    done.store(true, Ordering::Release);
    let seen = seen.await.unwrap();
    assert_eq!(summary.posted, 10_000);
    assert!(seen.iter().all(|seq| [summary.seqs.0, summary.seqs.1].contains(seq)), "part of it was seen: {seen:?}");
    assert_eq!(bring_in(&org, &path, &options).await.unwrap().already, 10_000);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_a_grown_file_only_the_new_comes_in() {
    let desk = desk().await;
    let org = desk.books("grown").await;
    let mut expected = (0, 0);
    for (count, posts) in [(3, 3), (3, 0), (5, 2), (9, 4)] {
        let summary = bring_in(&org, &desk.file("journal.csv", &sales(1..=count)), &usd()).await.unwrap();
        assert_eq!((summary.posted, summary.already), (posts, expected.0), "{count} entries");
        expected.0 += posts;
    }
    assert_eq!(posted(&org).await, 9);
    // The same where entries have no id of their own.
    let journal = |count: u32| {
        (1..=count).fold(String::new(), |text, day| text + &format!("2025-01-{day:02} coffee\n  expenses:food  3 USD\n  assets:cash\n\n"))
    };
    let org = desk.books("grown-journal").await;
    for (count, posts) in [(2, 2), (2, 0), (4, 2)] {
        let options = ImportOptions { format: Format::Hledger, ..usd() };
        let path = desk.file("grown.journal", &journal(count));
        assert_eq!(bring_in(&org, &path, &options).await.unwrap().posted, posts);
        expected.1 += posts;
    }
    assert_eq!(u64::try_from(posted(&org).await).unwrap(), expected.1);
}

fn journal(desk: &Desk, name: &str, entries: u64) -> PathBuf {
    let plan = Plan { entries, seed: 7, currencies: Currencies::One, lines: Lines::Mixed };
    let path = desk.folder.path().join(name);
    generate::csv(&plan, std::fs::File::create(&path).unwrap()).unwrap();
    path
}

#[tokio::test(flavor = "multi_thread")]
async fn an_interrupted_import_goes_on_where_it_stopped() {
    // Long words make small chunks: far more than may be on their way at the same time.
    const ENTRIES: u64 = 6_000;
    const WORDS: usize = 4_000;
    let desk = desk().await;
    let long = sales(1..=6_000).replace(",sale\n", &format!(",{}\n", "word ".repeat(WORDS / 5)));
    let path = desk.file("long.csv", &long);
    let whole = desk.books("uninterrupted").await;
    for (slug, key_use) in [("with-ids", KeyUse::ExternalId), ("without-ids", KeyUse::Nothing)] {
        let mut options = usd();
        options.tabular.key_use = key_use;
        let org = desk.books(slug).await;
        // Its first chunk is held up; by the time it is let go, there are no connections for those that are not on their way.
        let mut admin = sqlx::PgConnection::connect_with(&desk.shelf.database.admin_options()).await.unwrap();
        let mut holding = admin.begin().await.unwrap();
        let hold = sqlx::query("SELECT seq FROM ledger.stream_head WHERE org_id = $1 FOR UPDATE").bind(org.org().0);
        hold.execute(&mut *holding).await.unwrap();
        let doomed = desk.shelf.database.store().await;
        let running = {
            let (org, path, options) = (doomed.for_org(org.org()), path.clone(), options.clone());
            tokio::spawn(async move { bring_in(&org, &path, &options).await })
        };
        let waits = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
        // On a connection of its own: a transaction sees the activity of its beginning.
        let mut watching = sqlx::PgConnection::connect_with(&desk.shelf.database.admin_options()).await.unwrap();
        let mut looks = 0;
        while sqlx::query_scalar::<_, i64>(waits).fetch_one(&mut watching).await.unwrap() == 0 {
            looks += 1;
            assert!(looks < 6_000, "{slug}: the import never came to its first chunk");
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
        let closing = tokio::spawn(async move { doomed.close().await });
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        holding.rollback().await.unwrap();
        closing.await.unwrap();
        let ended = running.await.unwrap();
        let durable = u64::try_from(posted(&org).await).unwrap();
        assert!(matches!(ended, Err(ImportError::Failure(_) | ImportError::Load(_))), "{slug}: it came to its end: {ended:?}");
        assert!(durable > 0 && durable < ENTRIES, "{slug}: {durable}");
        let summary = bring_in(&org, &path, &options).await.unwrap();
        assert_eq!((summary.already, summary.posted, summary.refused), (durable, ENTRIES - durable, 0), "{slug}");
        assert_eq!(posted(&org).await, usize::try_from(ENTRIES).unwrap(), "{slug}");
        if key_use == KeyUse::ExternalId {
            bring_in(&whole, &path, &options).await.unwrap();
        }
        assert_eq!(trial_balance(&org).await, trial_balance(&whole).await, "{slug}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn external_ids_are_taken_once() {
    let desk = desk().await;
    let org = desk.books("ids").await;
    bring_in(&org, &desk.file("first.csv", &sales(1..=2)), &usd()).await.unwrap();
    let other = desk.file("second.csv", &sales([7, 2, 8]));
    let summary = bring_in(&org, &other, &usd()).await.unwrap();
    assert_eq!((summary.refused, summary.nothing_written), (1, true));
    let error = summary.refusals[0].to_string();
    assert!(error.starts_with("second.csv:4") && error.contains("EXTERNAL_ID_TAKEN"), "{error}");
    let options = ImportOptions { skip_existing: true, ..usd() };
    let summary = bring_in(&org, &other, &options).await.unwrap();
    assert_eq!((summary.posted, summary.already, summary.refused), (2, 1, 0));
    let twice = desk.file("twice.csv", &sales([40, 41]).replace("41,", "40,").replace("2025-01-14", "2025-01-13"));
    let summary = bring_in(&org, &twice, &usd()).await.unwrap();
    assert_eq!((summary.posted, summary.refused), (1, 0), "rows of one key are one entry");
    assert_eq!(posted(&org).await, 5);
    let mut text = sales([30, 31]);
    text += &sale(30, 99);
    let summary = bring_in(&org, &desk.file("again.csv", &text), &usd()).await.unwrap();
    assert_eq!((summary.refused, posted(&org).await), (1, 5), "one id, two entries of one file: {:?}", summary.refusals);
}

#[tokio::test(flavor = "multi_thread")]
async fn digits_of_a_commodity_can_be_stated() {
    let desk = desk().await;
    let org = desk.books("digits").await;
    let text = format!("{HEADER}1,2025-01-01,1000,5.001,,EUR,1.10,x\n1,,4000,,5.001,EUR,1.10,\n");
    let path = desk.file("precise.csv", &text);
    let refused = bring_in(&org, &path, &usd()).await.unwrap();
    assert!(refused.refusals[0].remedy.as_ref().unwrap().contains("--commodity EUR=3"), "{}", refused.refusals[0]);
    let options = ImportOptions { commodities: vec![("EUR".into(), 3)], ..usd() };
    let summary = bring_in(&org, &path, &options).await.unwrap();
    assert_eq!((summary.posted, summary.commodities.as_slice()), (1, [("EUR".into(), 3)].as_slice()));
    assert_eq!(trial_balance(&org).await[&("1000".to_owned(), "EUR".to_owned())], Decimal::new(5_001, 3));
}

#[tokio::test(flavor = "multi_thread")]
async fn others_post_while_an_import_runs() {
    let desk = desk().await;
    let org = desk.books("busy").await;
    bring_in(&org, &desk.file("first.csv", &sales([1])), &usd()).await.unwrap();
    let path = journal(&desk, "busy.csv", 12_000);
    let running = Arc::new(AtomicBool::new(true));
    let poster = {
        let (ledger, org, running) = (desk.shelf.ledger.clone(), org.org(), Arc::clone(&running));
        tokio::spawn(async move {
            let mut count = 0;
            while running.load(Ordering::Acquire) || count < 5 {
                let dollar = Decimal::ONE;
                let lines = vec![DraftLine::new("1000", dollar, "USD"), DraftLine::new("4000", -dollar, "USD")];
                let post = Command::PostEntry(DraftEntry::new("2025-06-01".parse().unwrap(), "at the counter", lines));
                ledger.submit(org, Request::new(post, Actor::user("clerk"))).await.unwrap();
                count += 1;
                tokio::time::sleep(std::time::Duration::from_millis(3)).await;
            }
            count
        })
    };
    let summary = bring_in(&org, &path, &usd()).await;
    running.store(false, Ordering::Release);
    let posts: usize = poster.await.unwrap();
    let summary = summary.unwrap();
    assert_eq!((summary.posted, summary.refused), (12_000, 0));
    assert_eq!(posted(&org).await, 1 + 12_000 + posts);
    assert_eq!(bring_in(&org, &path, &usd()).await.unwrap().already, 12_000);
    catch_up(&org, |_| ()).await.unwrap();
    assert_eq!(sums(&read(&org, BalanceQuery::default()).await), trial_balance(&org).await);
}

/// Two entries with one id, thousands of entries apart: neither chunk knows of the other when it is decided.
#[tokio::test(flavor = "multi_thread")]
async fn an_id_that_comes_twice_in_a_long_file_is_refused_once() {
    let desk = desk().await;
    let org = desk.books("far-apart").await;
    let path = journal(&desk, "far.csv", 12_000);
    let mut text = std::fs::read_to_string(&path).unwrap();
    text = text.replace("JE00009000,", "JE00000001,").replace("JE00011500,", "JE00000001,");
    std::fs::write(&path, text).unwrap();
    let summary = bring_in(&org, &path, &ImportOptions { mode: Mode::SkipInvalid, ..usd() }).await.unwrap();
    assert_eq!((summary.posted, summary.refused), (11_998, 2), "{:?}", summary.refusals);
    assert_eq!(posted(&org).await, 11_998);
    trial_balance(&org).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_imports_of_one_file_post_it_once() {
    let desk = desk().await;
    let path = journal(&desk, "twins.csv", 12_000);
    for (slug, key_use) in [("twins-with-ids", KeyUse::ExternalId), ("twins-without", KeyUse::Nothing)] {
        let mut options = usd();
        options.tabular.key_use = key_use;
        let org = desk.books(slug).await;
        let (one, other) = tokio::join!(bring_in(&org, &path, &options), bring_in(&org, &path, &options));
        assert!(one.is_ok() || other.is_ok(), "{slug}: {one:?} {other:?}");
        bring_in(&org, &path, &options).await.unwrap();
        assert_eq!(posted(&org).await, 12_000, "{slug}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_file_says_its_name() {
    let desk = desk().await;
    let org = desk.books("missing").await;
    let path = Path::new("no/such/file.csv");
    let error = import(org, path.to_owned(), path.display().to_string(), usd(), Arc::new(Counters::default())).await.unwrap_err();
    assert!(error.to_string().starts_with("no/such/file.csv"), "{error}");
}

/// Runs the program itself against a test's database.
fn ledgerd(desk: &Desk, arguments: &[&str], input: &str) -> (bool, String, String) {
    let mut child = Process::new(env!("CARGO_BIN_EXE_ledgerd"))
        .args(arguments)
        .env("DATABASE_URL", desk.shelf.database.url_for(RUNTIME_ROLE))
        .current_dir(desk.folder.path())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (output.status.success(), text(output.stdout), text(output.stderr))
}

#[tokio::test(flavor = "multi_thread")]
async fn the_program_reads_standard_input_and_says_what_it_did() {
    let desk = desk().await;
    let org = desk.books("piped").await;
    let import = ["import", "--org", "piped", "--from", "csv", "-"];
    let (done, out, err) = ledgerd(&desk, &import, &sales(1..=4));
    assert!(done && out.contains("Posted 4 entries with 8 lines"), "{out}{err}");
    assert!(out.contains("USD: debits 40.00, credits 40.00") && out.contains("1000 as asset"), "{out}");
    let (done, out, _) = ledgerd(&desk, &import, &sales(1..=4));
    assert!(done && out.contains("Posted 0 entries") && out.contains("Already in the books: 4 entries"), "{out}");
    let mut off = String::new();
    write!(off, "{}5,2025-03-01,1000,1.00,,,,x\n5,,4000,,2.00,,,\n", sales(1..=4)).unwrap();
    let (done, out, err) = ledgerd(&desk, &import, &off);
    assert!(!done && out.contains("standard input:10") && out.contains("Nothing was written"), "{out}{err}");
    assert_eq!(posted(&org).await, 4);
    let (done, _, err) = ledgerd(&desk, &["import", "--org", "nobody", "--from", "csv", "-"], "");
    assert!(!done && err.contains("nobody"), "{err}");
}
