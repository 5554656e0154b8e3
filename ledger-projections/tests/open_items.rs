//! Open items and aging against a naive model that keeps everything in lists and adds it up anew for every question.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod common;

use std::collections::BTreeMap;

use chrono::NaiveDate;
use common::{Dice, World, day, world};
use ledger_core::book::Valuation;
use ledger_core::command::{Allocate, RegisterParty, ReverseEntry};
use ledger_core::draft::{DraftDetail, DraftRate};
use ledger_core::subledger::{Allocation, ItemId, Party, PartyKind, PartyNo, Side, Terms};
use ledger_core::{AccountNo, Command, CommodityNo, DraftEntry, DraftLine, Event, Money, RateType, Seq};
use ledger_projections::reports::{AgingBy, AllocationQuery, Basis, ItemQuery, Point, USUAL_BOUNDS, aging, allocations, open_items};
use ledger_projections::{OpenItem, catch_up, compare, projection::by_name, rebuild};
use rust_decimal::Decimal;

const USD: CommodityNo = CommodityNo::new(1);
const PARTIES: [&str; 3] = ["C-1", "C-2", "V-1"];
const RECEIVABLE: &str = "1100";
const PAYABLE: &str = "2000";

/// An item as the model keeps it: amounts in cents, debit positive.
#[derive(Clone, Debug)]
struct Item {
    id: ItemId,
    side: Side,
    party: &'static str,
    document: String,
    date: NaiveDate,
    due: Option<NaiveDate>,
    amount: i128,
    /// What was added to it: by which event, on which day, how much.
    moves: Vec<(Seq, NaiveDate, i128)>,
}

impl Item {
    fn open(&self, as_of: NaiveDate, seq: Seq) -> i128 {
        if self.date > as_of || self.id.seq > seq {
            return 0;
        }
        self.amount + self.moves.iter().filter(|(at, date, _)| *date <= as_of && *at <= seq).map(|(_, _, units)| units).sum::<i128>()
    }
}

#[derive(Default)]
struct Model {
    items: Vec<Item>,
    /// Allocations that stand: from, to, units, date.
    allocations: BTreeMap<Seq, (usize, usize, i128, NaiveDate)>,
}

fn begin(world: &mut World) {
    for (no, code) in (1..).zip(PARTIES) {
        let kind = if code.starts_with('C') { PartyKind::Customer } else { PartyKind::Vendor };
        world.happened(Event::PartyRegistered(Box::new(Party {
            no: PartyNo::new(no),
            code: code.into(),
            kind,
            terms: Terms::default(),
            currency: None,
            receivable: None,
            payable: None,
            tags: Vec::new(),
        })));
    }
    world.happened(Event::ControlAccountSet { no: AccountNo::new(2), side: Side::Receivable });
    world.happened(Event::ControlAccountSet { no: AccountNo::new(3), side: Side::Payable });
}

/// Posts a line on a control account; positive units are a debit.
fn post(world: &mut World, model: &mut Model, side: Side, party: &'static str, units: i128, date: NaiveDate, due: Option<NaiveDate>) {
    let document = format!("D-{}", model.items.len());
    let account = if side == Side::Receivable { RECEIVABLE } else { PAYABLE };
    let amount = Decimal::from_i128_with_scale(units, 2);
    let detail =
        DraftDetail { party: Some(party.into()), document: Some(document.as_str().into()), due_date: due, ..DraftDetail::default() };
    let lines = vec![
        DraftLine { detail: Some(Box::new(detail)), ..DraftLine::new(account, amount, "USD") },
        DraftLine::new("4000", -amount, "USD"),
    ];
    let seq = world.decide(Command::PostEntry(DraftEntry::new(date, "an item", lines)));
    model.items.push(Item { id: ItemId { seq, line: 1 }, side, party, document, date, due, amount: units, moves: Vec::new() });
}

fn allocate(world: &mut World, model: &mut Model, from: usize, to: usize, units: i128, date: NaiveDate) {
    let money = Money::new(units, USD);
    let allocation = Allocation {
        date,
        from: model.items[from].id,
        to: model.items[to].id,
        taken: money,
        settled: money,
        functional_from: units,
        functional_to: units,
        realised: 0,
    };
    let seq = world.happened(Event::ItemsAllocated { allocation: Box::new(allocation), entry: None });
    move_both(model, seq, (from, to, units, date), 1);
    model.allocations.insert(seq, (from, to, units, date));
}

fn undo(world: &mut World, model: &mut Model, allocation: Seq, date: NaiveDate) {
    let (from, to, units, _) = model.allocations.remove(&allocation).unwrap();
    let seq = world.happened(Event::AllocationReversed { allocation, date, reason: "a mistake".into(), entry: None });
    move_both(model, seq, (from, to, units, date), -1);
}

fn move_both(model: &mut Model, seq: Seq, (from, to, units, date): (usize, usize, i128, NaiveDate), direction: i128) {
    for item in [from, to] {
        let item = &mut model.items[item];
        item.moves.push((seq, date, -item.amount.signum() * units * direction));
    }
}

fn something_happens(world: &mut World, model: &mut Model, dice: &mut Dice) {
    const END: NaiveDate = NaiveDate::MAX;
    match dice.below(10) {
        0..5 => {
            let party = PARTIES[dice.index(3)];
            let side = if party == "V-1" { Side::Payable } else { Side::Receivable };
            let opening = if dice.chance(3) { -side.opening_sign() } else { side.opening_sign() };
            let date = day(dice.below(200));
            let due = (!dice.chance(4)).then(|| date + chrono::Days::new(dice.below(90)));
            let units = opening * (i128::from(dice.below(100_000)) + 1);
            post(world, model, side, party, units, date, due);
        }
        5..9 => {
            let left = |item: &Item| item.open(END, Seq::MAX);
            let pairs: Vec<(usize, usize)> = (0..model.items.len())
                .flat_map(|from| (0..model.items.len()).map(move |to| (from, to)))
                .filter(|(from, to)| {
                    let (a, b) = (&model.items[*from], &model.items[*to]);
                    a.party == b.party && a.side == b.side && left(a) * a.side.opening_sign() < 0 && left(b) * b.side.opening_sign() > 0
                })
                .collect();
            if pairs.is_empty() {
                return;
            }
            let (from, to) = pairs[dice.index(pairs.len())];
            let most = left(&model.items[from]).abs().min(left(&model.items[to]).abs());
            let units = if dice.chance(2) { most } else { i128::from(dice.below(u64::try_from(most).unwrap())) + 1 };
            let date = model.items[from].date.max(model.items[to].date) + chrono::Days::new(dice.below(30));
            allocate(world, model, from, to, units, date);
        }
        _ => {
            let all: Vec<(Seq, NaiveDate)> = model.allocations.iter().map(|(seq, (.., date))| (*seq, *date)).collect();
            if !all.is_empty() {
                let (allocation, date) = all[dice.index(all.len())];
                undo(world, model, allocation, date + chrono::Days::new(dice.below(10)));
            }
        }
    }
}

async fn assert_as_the_model(world: &World, model: &Model, dice: &mut Dice) {
    let head = world.book.seq();
    for question in 0..12 {
        let as_of = if question == 0 { day(400) } else { day(dice.below(320)) };
        let seq = if dice.chance(2) { head } else { 1 + dice.below(head) };
        let point = if seq == head { Point::Latest } else { Point::AtSeq(seq) };
        for side in [Side::Receivable, Side::Payable] {
            let query = ItemQuery { side, as_of, point, party: None };
            let open: Vec<(&Item, i128)> = model
                .items
                .iter()
                .filter(|item| item.side == side)
                .map(|item| (item, item.open(as_of, seq) * side.opening_sign()))
                .filter(|(_, open)| *open != 0)
                .collect();
            let mut expected: Vec<(Seq, String, Decimal)> =
                open.iter().map(|(item, open)| (item.id.seq, item.document.clone(), Decimal::from_i128_with_scale(*open, 2))).collect();
            expected.sort();
            let mut found: Vec<_> = open_items(&world.org, &query)
                .await
                .unwrap()
                .rows
                .into_iter()
                .inspect(|row| assert_eq!(row.open, row.open_functional))
                .map(|row| (row.seq, row.document, row.open))
                .collect();
            found.sort();
            assert_eq!(found, expected, "{side:?} as of {as_of} at {seq}");
            let basis = if dice.chance(2) { Basis::DueDate } else { Basis::DocumentDate };
            let mut rows: BTreeMap<&str, [i128; 6]> = BTreeMap::new();
            for (item, open) in &open {
                let from = if basis == Basis::DocumentDate { item.date } else { item.due.unwrap_or(item.date) };
                let bucket = match (as_of - from).num_days() {
                    _ if *open < 0 => 5,
                    ..=0 => 0,
                    1..=30 => 1,
                    31..=60 => 2,
                    61..=90 => 3,
                    _ => 4,
                };
                rows.entry(item.party).or_default()[bucket] += open;
            }
            let aged = aging(&world.org, &query, basis, AgingBy::Party, &USUAL_BOUNDS).await.unwrap();
            let cents = |amount: Decimal| (amount * Decimal::ONE_HUNDRED).to_string().parse::<Decimal>().unwrap().trunc().mantissa();
            let found: BTreeMap<&str, [i128; 6]> = aged
                .rows
                .iter()
                .map(|row| {
                    let buckets = row.buckets.iter().chain([&row.unapplied]).map(|bucket| cents(bucket.amount.normalize()));
                    (row.party.as_deref().unwrap(), buckets.collect::<Vec<_>>().try_into().unwrap())
                })
                .collect();
            assert_eq!(found, rows, "{side:?} as of {as_of} at {seq} by {basis:?}");
            let total = aging(&world.org, &query, basis, AgingBy::Total, &USUAL_BOUNDS).await.unwrap();
            let total: Decimal = total.rows.iter().map(|row| row.total().amount).sum();
            assert_eq!(total, expected.iter().map(|(_, _, open)| *open).sum::<Decimal>(), "buckets and unapplied are the open items");
            assert_settled_as_the_model(world, model, &query, seq).await;
        }
    }
}

/// The list of allocations: what was taken off each item that is owed, and by which others, event by event.
async fn assert_settled_as_the_model(world: &World, model: &Model, query: &ItemQuery, seq: Seq) {
    let owed = |item: &&Item| item.side == query.side && item.amount.signum() == query.side.opening_sign();
    let mut expected: Vec<(Seq, String, Decimal)> = Vec::new();
    for item in model.items.iter().filter(owed) {
        let counts = |(at, date, _): &&(Seq, NaiveDate, i128)| *at <= seq && *date <= query.as_of;
        let settled = |units: i128| Decimal::from_i128_with_scale(-units * query.side.opening_sign(), 2);
        expected.extend(item.moves.iter().filter(counts).map(|(at, _, units)| (*at, item.document.clone(), settled(*units))));
    }
    expected.sort();
    let asked =
        AllocationQuery { side: query.side, from: day(0), to: query.as_of, point: query.point, party: None, after: None, limit: None };
    let rows = allocations(&world.org, &asked).await.unwrap().rows;
    assert!(rows.iter().all(|row| row.by_amount == row.amount && row.reverses.is_some() == row.amount.is_sign_negative()), "{rows:?}");
    let mut found: Vec<_> = rows.into_iter().map(|row| (row.seq, row.document, row.amount)).collect();
    found.sort();
    assert_eq!(found, expected, "{query:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn items_and_their_age_are_right_as_of_any_day_and_as_known_at_any_event() {
    let mut world = world(Valuation::Required).await;
    let (mut model, mut dice) = (Model::default(), Dice::new(20_261_121));
    begin(&mut world);
    for _ in 0..8 {
        for _ in 0..60 {
            something_happens(&mut world, &mut model, &mut dice);
        }
        while world.waiting() > 0 {
            world.commit_only(1 + dice.index(50)).await;
            if dice.chance(2) {
                catch_up(&world.org, |_| ()).await.unwrap();
            }
        }
        catch_up(&world.org, |_| ()).await.unwrap();
        assert_as_the_model(&world, &model, &mut dice).await;
        let found = compare(&world.org, OpenItem::NAME, |_| ()).await.unwrap();
        assert_eq!((found.count, &found.first), (0, &vec![]));
        assert!(found.rows > 30);
    }
    rebuild(&world.org, &by_name(OpenItem::NAME).unwrap(), |_| ()).await.unwrap();
    assert_as_the_model(&world, &model, &mut dice).await;
}

/// What commands of everyday life leave open in three currencies is the same in the book, which decides, and in the read
/// model, and both are what the control accounts hold.
#[tokio::test(flavor = "multi_thread")]
async fn the_read_model_and_the_book_agree_in_three_currencies() {
    let mut world = world(Valuation::Required).await;
    for (account, side) in [(RECEIVABLE, Side::Receivable), (PAYABLE, Side::Payable)] {
        world.decide(Command::DesignateControl { account: account.into(), side });
    }
    for party in PARTIES {
        let kind = if party.starts_with('C') { PartyKind::Customer } else { PartyKind::Vendor };
        world.decide(Command::RegisterParty(Box::new(RegisterParty::new(party, kind))));
    }
    let mut dice = Dice::new(7);
    let (mut posted, mut taken) = (Vec::new(), BTreeMap::new());
    for n in 0..700_u64 {
        let what = match dice.below(10) {
            0..5 => {
                let party = PARTIES[dice.index(3)];
                let (account, opening) = if party == "V-1" { (PAYABLE, -1) } else { (RECEIVABLE, 1) };
                let sign = if dice.chance(3) { -opening } else { opening };
                let (currency, scale) = [("USD", 2), ("EUR", 2), ("JPY", 0)][dice.index(3)];
                let amount = Decimal::new(sign * (i64::try_from(dice.below(50_000)).unwrap() + 1), scale);
                let rate = Decimal::new(i64::try_from(dice.below(150)).unwrap() + 50, 2);
                let evidence = DraftRate { rate, quote: "USD".into(), kind: RateType::Spot, date: None, source: "test".into() };
                // One that names a document with the other sign settles it.
                let document = if dice.chance(3) { format!("D-{}", dice.below(n + 1)) } else { format!("D-{n}") };
                let date = day(dice.below(200));
                let rate = (currency != "USD").then_some(evidence);
                let detail = DraftDetail {
                    party: Some(party.into()),
                    document: Some(document.into()),
                    due_date: Some(date + chrono::Days::new(30)),
                    rate: rate.clone(),
                    ..DraftDetail::default()
                };
                let other = DraftDetail { rate, ..DraftDetail::default() };
                let line =
                    |account, amount, detail| DraftLine { detail: Some(Box::new(detail)), ..DraftLine::new(account, amount, currency) };
                let lines = vec![line(account, amount, detail), line("4000", -amount, other)];
                let accepted = world.attempt(Command::PostEntry(DraftEntry::new(date, "an item", lines)));
                posted.push(world.book.seq());
                ("posted", accepted)
            }
            5..8 => {
                let open: Vec<ItemId> = world.book.items().filter(|(_, item)| item.is_open()).map(|(id, _)| id).collect();
                let Some(from) = (!open.is_empty()).then(|| open[dice.index(open.len())]) else { continue };
                let allocate = Allocate { from: from.into(), to: Vec::new(), amount: None, date: None };
                ("allocated", world.attempt(Command::Allocate(Box::new(allocate))))
            }
            8 => {
                let all: Vec<Seq> = world.book.allocations().filter(|(_, kept)| kept.reversed.is_none()).map(|(seq, _)| seq).collect();
                let Some(allocation) = (!all.is_empty()).then(|| all[dice.index(all.len())]) else { continue };
                ("undone", world.attempt(Command::ReverseAllocation { allocation, date: None, reason: "a mistake".into() }))
            }
            _ if posted.is_empty() => continue,
            _ => {
                let original = posted[dice.index(posted.len())];
                ("reversed", world.attempt(Command::ReverseEntry(ReverseEntry { original, date: None, reason: "a mistake".into() })))
            }
        };
        *taken.entry(what).or_insert(0) += 1;
    }
    for what in ["posted", "allocated", "undone", "reversed"] {
        assert!(taken.get(&(what, true)).is_some_and(|times| *times > 15), "{what}: {taken:?}");
    }
    let exchanged = world.book.allocations().filter(|(_, kept)| kept.allocation.realised != 0).count();
    assert!(exchanged > 10, "{exchanged} exchange differences");
    while world.waiting() > 0 {
        world.commit_only(1 + dice.index(200)).await;
        catch_up(&world.org, |_| ()).await.unwrap();
    }
    let book = &world.book;
    for side in [Side::Receivable, Side::Payable] {
        let found = open_items(&world.org, &ItemQuery { side, as_of: day(2_000), point: Point::Latest, party: None }).await.unwrap();
        let sign = side.opening_sign();
        let mut expected = BTreeMap::new();
        let mut held: BTreeMap<CommodityNo, (i128, i128)> = BTreeMap::new();
        for (id, item) in book.open_items(side, None) {
            let scale = u32::from(book.commodity(item.money.currency()).unwrap().scale);
            let open = Decimal::from_i128_with_scale(sign * item.open, scale);
            expected.insert((id.seq, id.line), (open, Decimal::from_i128_with_scale(sign * item.open_functional, 2)));
            let held = held.entry(item.money.currency()).or_default();
            (held.0, held.1) = (held.0 + item.open, held.1 + item.open_functional);
        }
        let found: BTreeMap<_, _> = found.rows.iter().map(|row| ((row.seq, row.line), (row.open, row.open_functional))).collect();
        assert_eq!(found, expected, "{side:?}");
        let control = book.controls().find(|(_, controlled)| *controlled == side).unwrap().0;
        for holding in book.holdings(control) {
            let items = held.get(&holding.currency).copied().unwrap_or_default();
            assert_eq!((holding.units, holding.functional), items, "{side:?} control account, {:?}", holding.currency);
        }
    }
    assert_eq!(compare(&world.org, OpenItem::NAME, |_| ()).await.unwrap().count, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_item_that_was_changed_is_found() {
    let mut world = world(Valuation::Required).await;
    let mut model = Model::default();
    begin(&mut world);
    post(&mut world, &mut model, Side::Receivable, "C-1", 10_000, day(1), Some(day(31)));
    post(&mut world, &mut model, Side::Receivable, "C-1", -4_000, day(20), None);
    allocate(&mut world, &mut model, 1, 0, 4_000, day(20));
    world.commit().await;
    catch_up(&world.org, |_| ()).await.unwrap();
    let mut admin = sqlx::ConnectOptions::connect(&world.database().admin_options()).await.unwrap();
    for (table, edit) in [
        ("open_item", "UPDATE read.open_item SET open = open + 1 WHERE amount > 0"),
        ("open_item", "UPDATE read.open_item SET settled_on = 'infinity', settled_seq = 9223372036854775807 WHERE amount < 0"),
        ("open_item", "UPDATE read.open_item SET party = 'C-2' WHERE amount > 0"),
        ("allocation", "UPDATE read.allocation SET date = date + 1 WHERE amount > 0"),
        ("allocation", "DELETE FROM read.allocation WHERE amount < 0"),
    ] {
        rebuild(&world.org, &by_name(OpenItem::NAME).unwrap(), |_| ()).await.unwrap();
        assert_eq!(compare(&world.org, OpenItem::NAME, |_| ()).await.unwrap().count, 0);
        assert!(sqlx::query(sqlx::AssertSqlSafe(edit)).execute(&mut admin).await.unwrap().rows_affected() > 0, "{edit}");
        let found = compare(&world.org, OpenItem::NAME, |_| ()).await.unwrap();
        assert!(found.first.iter().any(|difference| difference.table == table), "{edit}: {:?}", found.first);
    }
}
