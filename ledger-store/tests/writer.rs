//! The writer against a real server: answers are durable, keys answer once, races are decided, bulk resumes.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::collections::BTreeSet;
use std::sync::Arc;

use chrono::NaiveDate;
use ledger_core::book::Valuation;
use ledger_core::command::{OpenAccount, ReverseEntry};
use ledger_core::{AccountType, Actor, Command, DraftEntry, DraftLine, Rejection};
use ledger_store::bulk::{Bulk, BulkOptions};
use ledger_store::load::{Loaded, load_book};
use ledger_store::testing::{TestDatabase, database_with};
use ledger_store::writer::{IdempotencyKey, Ledger, NewOrganization, Request, SubmitError};
use ledger_store::{MIGRATOR, OrgId, Store, StoreConfig, ensure_login};
use rust_decimal::Decimal;

struct World {
    database: TestDatabase,
    ledger: Ledger,
    org: OrgId,
}

async fn world() -> World {
    let database = database_with(&MIGRATOR).await;
    ensure_login(&database.admin_options(), "ledgerd", "unused").await.unwrap();
    let ledger = another_process(&database).await;
    let new = NewOrganization {
        slug: "acme".into(),
        name: "Acme".into(),
        functional_currency: "USD".into(),
        functional_scale: None,
        valuation: Valuation::Required,
    };
    let org = ledger.create_organization(new, &actor()).await.unwrap();
    for (code, kind) in [("cash", AccountType::Asset), ("sales", AccountType::Revenue)] {
        ledger.submit(org, request(Command::OpenAccount(OpenAccount::new(code, kind)))).await.unwrap();
    }
    World { database, ledger, org }
}

/// A ledger with its own pool and its own books in memory, as another process would have.
async fn another_process(database: &TestDatabase) -> Ledger {
    Ledger::new(Store::connect(database.options_for("ledgerd"), StoreConfig::default()).await.unwrap())
}

fn actor() -> Actor {
    Actor::user("tester")
}

fn request(command: Command) -> Request {
    Request::new(command, actor())
}

fn sale(cents: i64) -> Command {
    Command::PostEntry(draft(cents))
}

fn draft(cents: i64) -> DraftEntry {
    let amount = Decimal::new(cents, 2);
    let lines = vec![DraftLine::new("cash", amount, "USD"), DraftLine::new("sales", -amount, "USD")];
    DraftEntry::new(NaiveDate::from_ymd_opt(2026, 1, 31).unwrap(), "a sale", lines)
}

async fn cash(world: &World) -> i128 {
    let loaded = verified(world).await;
    let no = loaded.book.account_by_code("cash").unwrap().no;
    loaded.book.holdings(no).first().map_or(0, |holding| holding.units)
}

/// The book folded from the first commit, every hash checked on the way.
async fn verified(world: &World) -> Loaded {
    let org = world.ledger.store().for_org(world.org);
    let mut loaded = Loaded::genesis(world.org);
    loaded.catch_up(&org).await.unwrap();
    loaded
}

#[tokio::test(flavor = "multi_thread")]
async fn an_accepted_entry_is_in_the_stream_and_a_refused_one_is_not() {
    let world = world().await;
    let receipt = world.ledger.submit(world.org, request(sale(500))).await.unwrap();
    assert_eq!(receipt.event_count, 1);
    let unbalanced = DraftEntry { lines: draft(1).lines[..1].to_vec(), ..draft(1) };
    let refused = world.ledger.submit(world.org, request(Command::PostEntry(unbalanced))).await.unwrap_err();
    assert!(matches!(refused, SubmitError::Rejected(Rejection::TooFewLines { found: 1 })), "{refused}");
    let loaded = verified(&world).await;
    assert_eq!((loaded.tip.seq, cash(&world).await), (receipt.first_seq, 500));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_is_answered_once_and_for_ever() {
    let world = world().await;
    let keyed = |command, body: &str| request(command).keyed(IdempotencyKey::new("k1", body.as_bytes()));
    let first = world.ledger.submit(world.org, keyed(sale(500), "a")).await.unwrap();
    for ledger in [world.ledger.clone(), another_process(&world.database).await] {
        let again = ledger.submit(world.org, keyed(sale(500), "a")).await.unwrap();
        assert!(again.replayed);
        assert_eq!((again.first_seq, again.event_count, again.hash), (first.first_seq, first.event_count, first.hash));
        let other = ledger.submit(world.org, keyed(sale(600), "b")).await.unwrap_err();
        assert!(matches!(other, SubmitError::KeyReused { ref key, first_seq } if key == "k1" && first_seq == first.first_seq), "{other}");
        // A retry that the book would refuse by now still gets its answer.
        let empty = DraftEntry { lines: Vec::new(), ..draft(1) };
        let refused_by_now = ledger.submit(world.org, keyed(Command::PostEntry(empty), "a")).await.unwrap();
        assert_eq!(refused_by_now.first_seq, first.first_seq);
    }
    assert_eq!(cash(&world).await, 500);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_key_at_the_same_time_posts_once() {
    let world = world().await;
    let ledgers = [world.ledger.clone(), another_process(&world.database).await];
    let mut tasks = Vec::new();
    for i in 0..40 {
        let (ledger, org) = (ledgers[i % 2].clone(), world.org);
        let key = IdempotencyKey::new(format!("k{}", i % 4), b"same");
        tasks.push(tokio::spawn(async move { ledger.submit(org, request(sale(100)).keyed(key)).await.unwrap() }));
    }
    let mut seqs = BTreeSet::new();
    let mut originals = 0;
    for task in tasks {
        let receipt = task.await.unwrap();
        seqs.insert(receipt.first_seq);
        originals += usize::from(!receipt.replayed);
    }
    assert_eq!((seqs.len(), originals), (4, 4));
    assert_eq!(cash(&world).await, 400);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_external_id_belongs_to_one_entry() {
    let world = world().await;
    let with_id = |cents| Command::PostEntry(DraftEntry { external_id: Some("INV-1".into()), ..draft(cents) });
    let first = world.ledger.submit(world.org, request(with_id(100))).await.unwrap();
    let ledger = another_process(&world.database).await;
    let (one, two) = tokio::join!(ledger.submit(world.org, request(with_id(200))), ledger.submit(world.org, request(sale(7))));
    let taken = Rejection::ExternalIdTaken { external_id: "INV-1".into(), seq: first.first_seq };
    assert!(matches!(one, Err(SubmitError::Rejected(ref rejection)) if *rejection == taken), "{one:?}");
    two.unwrap();
    assert_eq!(cash(&world).await, 107);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_entry_is_reversed_at_most_once_however_many_try() {
    let world = world().await;
    let posted = world.ledger.submit(world.org, request(sale(500))).await.unwrap();
    let other = another_process(&world.database).await;
    let reverse = Command::ReverseEntry(ReverseEntry { original: posted.first_seq, date: None, reason: "wrong".into() });
    let tries = (0..8).map(|i| {
        let (ledger, org, command) = (if i % 2 == 0 { world.ledger.clone() } else { other.clone() }, world.org, reverse.clone());
        tokio::spawn(async move { ledger.submit(org, request(command)).await })
    });
    let (mut won, mut refused) = (0, 0);
    for attempt in tries.collect::<Vec<_>>() {
        match attempt.await.unwrap() {
            Ok(_) => won += 1,
            Err(SubmitError::Rejected(Rejection::AlreadyReversed { .. })) => refused += 1,
            Err(other) => panic!("{other}"),
        }
    }
    assert_eq!((won, refused, cash(&world).await), (1, 7, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn many_posters_through_two_processes_leave_one_gap_free_stream() {
    let world = world().await;
    let ledgers = [world.ledger.clone(), another_process(&world.database).await];
    let posters = (0..64_usize).map(|poster| {
        let (ledger, org) = (ledgers[poster % 2].clone(), world.org);
        tokio::spawn(async move {
            let mut seqs = Vec::new();
            for n in 0..10 {
                let key = IdempotencyKey::new(format!("{poster}-{n}"), b"");
                seqs.push(ledger.submit(org, request(sale(1)).keyed(key)).await.unwrap().first_seq);
            }
            seqs
        })
    });
    let mut seqs = BTreeSet::new();
    for poster in posters.collect::<Vec<_>>() {
        seqs.extend(poster.await.unwrap());
    }
    assert_eq!(seqs.len(), 640, "every acknowledged entry has a place of its own");
    assert_eq!(cash(&world).await, 640);
}

fn import<'a>(bulk: &'a mut Bulk<usize>, count: usize, chunk: usize) -> impl FnMut() + 'a {
    move || {
        for n in 0..count {
            bulk.decide(n, sale(1)).unwrap();
            if (n + 1) % chunk == 0 {
                bulk.end_chunk(Some(IdempotencyKey::new(format!("import:x:{}", n / chunk), b""))).unwrap();
            }
        }
    }
}

fn options(atomic: bool) -> BulkOptions {
    BulkOptions { actor: Actor::system("import"), correlation: None, atomic, soft_closed: false }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bulk_append_survives_posters_of_the_same_organization() {
    let world = world().await;
    let mut bulk = Bulk::open(world.ledger.store().for_org(world.org), options(false)).await.unwrap();
    let (ledger, org) = (world.ledger.clone(), world.org);
    let poster = tokio::spawn(async move {
        for _ in 0..30 {
            ledger.submit(org, request(sale(1000))).await.unwrap();
        }
    });
    let finished = tokio::task::spawn_blocking(move || {
        import(&mut bulk, 5_000, 100)();
        bulk.finish().unwrap()
    });
    let (_, refused) = finished.await.unwrap();
    poster.await.unwrap();
    assert!(refused.is_empty());
    assert_eq!(cash(&world).await, 5_000 + 30 * 1000);
    let org = world.ledger.store().for_org(world.org);
    assert_eq!(org.find_keys(&["import:x:0", "import:x:49", "import:x:50"]).await.unwrap().len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_atomic_bulk_append_is_all_or_nothing() {
    let world = world().await;
    let org = world.ledger.store().for_org(world.org);
    for (abandoned, expected) in [(true, 0), (false, 1_000)] {
        let mut bulk = Bulk::open(org.clone(), options(true)).await.unwrap();
        tokio::task::spawn_blocking(move || {
            import(&mut bulk, 1_000, 100)();
            if abandoned { bulk.abandon() } else { drop(bulk.finish().unwrap()) }
        })
        .await
        .unwrap();
        assert_eq!(cash(&world).await, expected);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_snapshot_only_saves_time() {
    let world = world().await;
    let org = world.ledger.store().for_org(world.org);
    for _ in 0..5 {
        world.ledger.submit(world.org, request(sale(3))).await.unwrap();
    }
    let loaded = load_book(&org).await.unwrap();
    ledger_store::load::save_book(&org, &loaded.book, &loaded.tip).await.unwrap();
    world.ledger.submit(world.org, request(sale(3))).await.unwrap();
    let bytes = |loaded: &Loaded| ledger_core::codec::snapshot::encode(&loaded.book, &loaded.tip).unwrap();
    let (shortcut, whole) = (load_book(&org).await.unwrap(), verified(&world).await);
    assert_eq!(bytes(&shortcut), bytes(&whole));
    let ledger = Arc::new(another_process(&world.database).await);
    ledger.submit(world.org, request(sale(3))).await.unwrap();
    assert_eq!(cash(&world).await, 21);
}
