//! The process that posts and is killed: this test binary once more, told by an environment variable what to do.
//!
//! Some tasks through two ledgers, each posting one command after the other, each command under a key of its own. Every
//! acknowledgement goes to a file before the next command is asked. When it is started again it goes on with the first
//! command that it has no answer for, under the same key.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use chrono::NaiveDate;
use ledger_core::command::{CorrectEntry, ReverseEntry};
use ledger_core::{Actor, Command, DraftEntry, DraftLine, Seq};
use ledger_store::writer::{IdempotencyKey, Ledger, Receipt, Request, SubmitError};
use ledger_store::{OrgId, Store, StoreConfig};
use rust_decimal::Decimal;
use sqlx::postgres::PgConnectOptions;
use uuid::Uuid;

/// Names the variable that makes this binary a poster.
const TASK: &str = "LEDGERD_CRASH_POSTER";
/// Tasks that post at the same time.
pub(crate) const POSTERS: u64 = 8;
/// Every so many commands correct the entry before instead of posting a new one.
const CORRECTION: u64 = 5;

/// One acknowledgement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Acknowledged {
    pub(crate) first_seq: Seq,
    pub(crate) events: u32,
}

impl Acknowledged {
    /// Where the entry is: after what was written before it.
    pub(crate) fn entry(&self) -> Seq {
        self.first_seq + u64::from(self.events) - 1
    }
}

/// By poster and number.
pub(crate) type Answers = BTreeMap<(u64, u64), Acknowledged>;

/// Whether the command of this number corrects the one before it.
pub(crate) fn corrects(n: u64) -> bool {
    n % CORRECTION == CORRECTION - 1
}

pub(crate) fn name(poster: u64, n: u64) -> String {
    format!("{poster}-{n}")
}

/// What was acknowledged so far. A line that was cut off by the kill was not: its number is asked again.
pub(crate) fn read_answers(path: &Path) -> Answers {
    let mut text = String::new();
    File::open(path).and_then(|mut file| file.read_to_string(&mut text)).unwrap_or_default();
    let mut answers = Answers::new();
    for line in text.split_inclusive('\n').filter(|line| line.ends_with('\n')) {
        let numbers: Vec<u64> =
            line.split_whitespace().map(|word| word.parse().unwrap_or_else(|_| panic!("the poster says: {line}"))).collect();
        let [poster, n, first_seq, events] = numbers[..] else { panic!("the poster says: {line}") };
        let answer = Acknowledged { first_seq, events: u32::try_from(events).unwrap() };
        assert_eq!(answers.insert((poster, n), answer).filter(|before| *before != answer), None, "{poster}-{n} was answered in two ways");
    }
    answers
}

/// Starts a poster.
pub(crate) fn spawn(url: &str, org: OrgId, answers: &Path, errors: &Path) -> std::process::Child {
    std::process::Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "the_poster", "--nocapture"])
        .env(TASK, format!("{url}\n{org}\n{}", answers.display()))
        .stdin(std::process::Stdio::piped()) // closed when we are gone, however we go
        .stdout(std::process::Stdio::null())
        .stderr(OpenOptions::new().create(true).append(true).open(errors).unwrap())
        .spawn()
        .unwrap()
}

/// Does what the environment says; nothing when this process is no poster.
pub(crate) async fn run_if_asked() {
    let Ok(task) = std::env::var(TASK) else { return };
    std::thread::spawn(|| {
        std::io::stdin().read_to_end(&mut Vec::new()).ok();
        std::process::exit(0); // whoever started us is gone
    });
    let mut words = task.lines();
    let (url, org, path) = (words.next().unwrap(), words.next().unwrap(), PathBuf::from(words.next().unwrap()));
    let org = OrgId(Uuid::from_str(org).unwrap());
    let ledgers = [connect(url).await, connect(url).await];
    let known = read_answers(&path);
    // A line cut off by an earlier kill is ended, so that it is not taken for the beginning of the next one.
    let cut_off = std::fs::read(&path).is_ok_and(|bytes| bytes.last().is_some_and(|last| *last != b'\n'));
    if cut_off {
        let whole = std::fs::read(&path).unwrap();
        let end = whole.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
        std::fs::write(&path, &whole[..end]).unwrap();
    }
    let file = Arc::new(Mutex::new(OpenOptions::new().create(true).append(true).open(&path).unwrap()));
    let posters = (0..POSTERS).map(|poster| {
        let (ledger, file) = (ledgers[usize::try_from(poster % 2).unwrap()].clone(), Arc::clone(&file));
        let mine: BTreeMap<u64, Acknowledged> =
            known.iter().filter(|((p, _), _)| *p == poster).map(|((_, n), answer)| (*n, *answer)).collect();
        tokio::spawn(post(ledger, org, poster, mine, file))
    });
    for poster in posters.collect::<Vec<_>>() {
        poster.await.unwrap();
    }
}

async fn connect(url: &str) -> Ledger {
    let options = PgConnectOptions::from_str(url).unwrap();
    loop {
        match Store::connect(options.clone(), StoreConfig::default()).await {
            Ok(store) => return Ledger::new(store),
            Err(_) => tokio::time::sleep(Duration::from_millis(20)).await, // it was just killed
        }
    }
}

fn command(poster: u64, n: u64, before: Option<Acknowledged>) -> Command {
    let amount = Decimal::new(i64::try_from(n % 50 + 1).unwrap(), 2);
    let lines = vec![DraftLine::new("cash", amount, "USD"), DraftLine::new("sales", -amount, "USD")];
    let draft = DraftEntry::new(NaiveDate::from_ymd_opt(2026, 1, 31).unwrap(), name(poster, n).as_str(), lines);
    match before {
        Some(before) if corrects(n) => {
            let reverse = ReverseEntry { original: before.entry(), date: None, reason: "corrected".into() };
            Command::CorrectEntry(Box::new(CorrectEntry { reverse, replacement: draft }))
        }
        _ => Command::PostEntry(draft),
    }
}

async fn post(ledger: Ledger, org: OrgId, poster: u64, mut answers: BTreeMap<u64, Acknowledged>, file: Arc<Mutex<File>>) {
    let mut n = answers.last_key_value().map_or(0, |(n, _)| n + 1);
    loop {
        // Now and then an old command is sent again: its answer must be the old one.
        if n % 7 == 3 {
            let (again, answer) = (n / 2, answers[&(n / 2)]);
            let receipt = ask(&ledger, org, poster, again, &answers).await;
            let same = receipt.replayed && receipt.first_seq == answer.first_seq && receipt.event_count == answer.events;
            assert!(same, "{poster}-{again} was {answer:?} and is now {receipt:?}");
        }
        let receipt = ask(&ledger, org, poster, n, &answers).await;
        let line = format!("{poster} {n} {} {}\n", receipt.first_seq, receipt.event_count);
        file.lock().unwrap().write_all(line.as_bytes()).unwrap();
        answers.insert(n, Acknowledged { first_seq: receipt.first_seq, events: receipt.event_count });
        n += 1;
    }
}

/// Asks until there is an answer, always under the same key.
async fn ask(ledger: &Ledger, org: OrgId, poster: u64, n: u64, answers: &BTreeMap<u64, Acknowledged>) -> Receipt {
    let before = n.checked_sub(1).and_then(|before| answers.get(&before)).copied();
    loop {
        let key = IdempotencyKey::new(name(poster, n), name(poster, n).as_bytes());
        match ledger.submit(org, Request::new(command(poster, n, before), Actor::user("poster")).keyed(key)).await {
            Ok(receipt) => return receipt,
            Err(SubmitError::Unavailable(_) | SubmitError::OutcomeUnknown) => tokio::time::sleep(Duration::from_millis(20)).await,
            Err(wrong) => panic!("{poster}-{n}: {wrong}"),
        }
    }
}
