//! 64 posters on one organization through two ledgers, each with connections and a book in memory of its own, on a server
//! that syncs: every answer must be right for a state that the books really were in between question and answer.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use chrono::NaiveDate;
use futures::TryStreamExt;
use ledger_core::book::Valuation;
use ledger_core::command::OpenAccount;
use ledger_core::{AccountRef, AccountType, Actor, Command, DraftEntry, DraftLine, Rejection, Seq};
use ledger_store::load::to_chain;
use ledger_store::testing::durable_server;
use ledger_store::verify::stored;
use ledger_store::writer::{IdempotencyKey, Ledger, NewOrganization, Receipt, Request, SubmitError};
use ledger_store::{MIGRATOR, OrgId, Store, StoreConfig, ensure_login};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use rust_decimal::Decimal;

const POSTERS: u64 = 64;
const EACH: u64 = 60;

/// What one question was answered with, and what is known of when.
struct Answered {
    id: String,
    /// Put into cash (or taken out, which is asked for more often than it is there), in cents.
    cents: i64,
    /// The stream reached at least this event before the question was asked.
    before: Seq,
    answer: Answer,
}

enum Answer {
    Accepted(Receipt),
    /// Cash would have become this; the stream had reached at most this event when the answer came.
    Refused {
        would_hold: Decimal,
        after: Seq,
    },
}

fn actor() -> Actor {
    Actor::user("poster")
}

fn movement(id: &str, cents: i64) -> Command {
    let amount = Decimal::new(cents, 2);
    let lines = vec![DraftLine::new("cash", amount, "USD"), DraftLine::new("equity", -amount, "USD")];
    Command::PostEntry(DraftEntry::new(NaiveDate::from_ymd_opt(2026, 1, 31).unwrap(), id, lines))
}

async fn begin(ledger: &Ledger) -> OrgId {
    let new = NewOrganization {
        slug: "acme".into(),
        name: "Acme".into(),
        functional_currency: "USD".into(),
        functional_scale: None,
        valuation: Valuation::Required,
    };
    let org = ledger.create_organization(new, &actor()).await.unwrap();
    let never_negative = Command::SetBalanceCondition {
        account: AccountRef::Code("cash".into()),
        currency: "USD".into(),
        min: Some(Decimal::ZERO),
        max: None,
    };
    let open = |code, kind| Command::OpenAccount(OpenAccount::new(code, kind));
    for command in [open("cash", AccountType::Asset), open("equity", AccountType::Equity), never_negative] {
        ledger.submit(org, Request::new(command, actor())).await.unwrap();
    }
    org
}

/// Asks one question after another, each knowing how far the stream had come at least.
async fn post(ledger: Ledger, org: OrgId, poster: u64, seed: u64, acknowledged: Arc<AtomicU64>) -> Vec<Answered> {
    let mut random = StdRng::seed_from_u64(seed ^ poster);
    let mut all = Vec::new();
    for n in 0..EACH {
        let (id, cents) = (format!("{poster}-{n}"), random.random_range(-140..=100_i64));
        let cents = if cents == 0 { 1 } else { cents };
        let before = acknowledged.load(Ordering::SeqCst);
        let request = Request::new(movement(&id, cents), actor()).keyed(IdempotencyKey::new(id.as_str(), id.as_bytes()));
        let answer = match ledger.submit(org, request).await {
            Ok(receipt) => {
                acknowledged.fetch_max(receipt.last_seq(), Ordering::SeqCst);
                Answer::Accepted(receipt)
            }
            Err(SubmitError::Rejected(Rejection::BalanceCondition { balance, .. })) => {
                let after = ledger.store().for_org(org).head().await.unwrap().seq;
                Answer::Refused { would_hold: balance, after }
            }
            Err(other) => panic!("{id}: {other}"),
        };
        all.push(Answered { id, cents, before, answer });
    }
    all
}

/// The stream played again, one event after the other: where each entry is, and cash in cents after each event.
async fn play(store: &Store, org: OrgId) -> (BTreeMap<String, Vec<Seq>>, Vec<i64>) {
    let (mut places, mut cash) = (BTreeMap::<String, Vec<Seq>>::new(), vec![0_i64]);
    let mut commits = Box::pin(store.for_org(org).commits(1, None));
    while let Some(commit) = commits.try_next().await.unwrap() {
        for recorded in to_chain(org, commit).events() {
            let recorded = recorded.unwrap();
            assert_eq!(recorded.seq, cash.len() as u64, "the stream has no gap");
            let before = *cash.last().unwrap();
            let Some(entry) = recorded.event.entry() else {
                cash.push(before);
                continue;
            };
            places.entry(entry.header().description.to_string()).or_default().push(recorded.seq);
            cash.push(before + i64::try_from(entry.lines()[0].money.units()).unwrap());
        }
    }
    (places, cash)
}

#[tokio::test(flavor = "multi_thread")]
async fn every_answer_is_right_for_the_state_it_saw() {
    let seed: u64 = std::env::var("LEDGERD_TEST_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or_else(rand::random);
    println!("seed {seed} (LEDGERD_TEST_SEED)");
    let server = durable_server().await;
    server.create_database("ledger", Some(&MIGRATOR)).await;
    ensure_login(&server.admin_options().database("ledger"), "ledgerd", "").await.unwrap();
    let store = || async { Store::connect(server.options_for("ledgerd", "ledger"), StoreConfig::default()).await.unwrap() };
    let ledgers = [Ledger::new(store().await), Ledger::new(store().await)];
    let org = begin(&ledgers[0]).await;

    let acknowledged = Arc::new(AtomicU64::new(0));
    let started = std::time::Instant::now();
    let posters = (0..POSTERS).map(|poster| {
        let ledger = ledgers[usize::try_from(poster % 2).unwrap()].clone();
        tokio::spawn(post(ledger, org, poster, seed, Arc::clone(&acknowledged)))
    });
    let mut answers = Vec::new();
    for poster in posters.collect::<Vec<_>>() {
        answers.extend(poster.await.unwrap());
    }
    println!("{} answers in {:?}", answers.len(), started.elapsed());

    let store = store().await;
    let (mut places, cash) = play(&store, org).await;
    assert!(cash.iter().all(|cents| *cents >= 0), "the condition holds after every event");
    let (mut accepted, mut refused) = (0, 0);
    for answered in &answers {
        let id = &answered.id;
        match &answered.answer {
            Answer::Accepted(receipt) => {
                accepted += 1;
                assert_eq!(places.remove(id), Some(vec![receipt.last_seq()]), "{id} is there once, where it was acknowledged");
                assert!(receipt.last_seq() > answered.before && !receipt.replayed, "{id}");
            }
            Answer::Refused { would_hold, after } => {
                refused += 1;
                assert_eq!(places.remove(id), None, "{id} was refused and is not there");
                let (from, to) = (usize::try_from(answered.before).unwrap(), usize::try_from(*after).unwrap());
                let would = |cash: &i64| Decimal::new(cash + answered.cents, 2);
                let right = cash[from..=to].iter().any(|cash| would(cash) == *would_hold && would(cash) < Decimal::ZERO);
                assert!(right, "{id}: cash would hold {would_hold} at no state from {from} to {to}");
            }
        }
    }
    assert!(places.is_empty(), "nothing is there that was not acknowledged: {places:?}");
    println!("{accepted} accepted, {refused} refused");
    assert!(accepted > 100 && refused > 100, "{accepted} accepted, {refused} refused");
    let report = stored::verify(&store.for_org(org), stored::Options::default()).await.unwrap();
    assert!(report.is_sound(), "{:?}", report.findings);
    assert_eq!(report.beyond.keys, Some(accepted));
}
