//! Laws of the sub-ledgers over random histories in three currencies: postings on control accounts, allocations,
//! what undoes them, reversals, corrections, revaluations and closed periods.

#![expect(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

mod words;

use std::collections::BTreeMap;

use chrono::{Days, NaiveDate};
use ledger_core::chain::Tip;
use ledger_core::codec::snapshot;
use ledger_core::command::{Allocate, AllocationTarget, CorrectEntry, ItemRef, ReverseEntry};
use ledger_core::{Book, Command, Event, ItemId, Month, OpenItem, PeriodStatus, RateType, Side};
use proptest::prelude::*;
use rust_decimal::Decimal;
use words::{Ledger, check, day, draft};

const CURRENCIES: [&str; 3] = ["USD", "EUR", "JPY"];

/// Numbers that choose, one after the other.
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % bound.max(1)
    }

    fn amount(&mut self, currency: &str) -> Decimal {
        let units = i64::try_from(self.below(20_000) + 1).unwrap();
        Decimal::new(units, if currency == "JPY" { 0 } else { 2 })
    }

    fn date(&mut self) -> NaiveDate {
        day("2026-01-01") + Days::new(self.below(50) as u64)
    }

    fn pick<'a, T>(&mut self, list: &'a [T]) -> Option<&'a T> {
        list.get(self.below(list.len()))
    }
}

fn begin() -> Ledger {
    check(
        "org USD required
         open bank asset sub=bank
         open ar asset
         open ar2 asset
         open ap liability
         open sales revenue
         open cost expense
         control ar receivable
         control ar2 receivable
         control ap payable
         party A customer
         party B vendor
         rate EUR USD 1.10 2025-12-31
         rate JPY USD 0.0071 2025-12-31
         rate EUR USD 1.15 2026-01-20
         rate JPY USD 0.0069 2026-02-01
         rate EUR USD 1.05 2026-02-10 closing
         rate JPY USD 0.0075 2026-02-12",
    )
}

/// A posting on control accounts: one to three lines, at a value of its own or at the recorded rate.
fn posting(dice: &mut Dice) -> Command {
    let currency = CURRENCIES[dice.below(3)];
    let (party, account) = (["A", "B"][dice.below(2)], ["ar", "ar", "ar2", "ap"][dice.below(4)]);
    let document = format!("{}{}", ["I", "P"][dice.below(2)], dice.below(6));
    let sign = if dice.below(2) == 0 { Decimal::ONE } else { -Decimal::ONE };
    let (mut lines, mut total) = (Vec::new(), Decimal::ZERO);
    for _ in 0..=dice.below(3) {
        let amount = sign * dice.amount(currency);
        total += amount;
        lines.push(format!("{account} {amount} {currency} party {party} doc {document} due {}", dice.date()));
    }
    let other = ["sales", "bank", "cost"][dice.below(3)];
    lines.push(format!("{other} {} {currency}", -total));
    if currency != "USD" && dice.below(2) == 0 {
        let rate = Decimal::new(i64::try_from(dice.below(50) + 80).unwrap(), if currency == "JPY" { 4 } else { 2 });
        for line in &mut lines {
            *line = format!("{line} at {rate} USD");
        }
    }
    Command::PostEntry(draft(&dice.date().to_string(), None, None, &lines.join(" | ")))
}

fn open(book: &Book) -> Vec<(ItemId, OpenItem)> {
    let items = [Side::Receivable, Side::Payable].into_iter().flat_map(|side| book.open_items(side, None));
    items.map(|(id, item)| (id, item.clone())).collect()
}

fn allocation(ledger: &Ledger, dice: &mut Dice) -> Option<Command> {
    let book = &ledger.book;
    let items = open(book);
    let (from, one) = dice.pick(&items)?.clone();
    let against = |item: &OpenItem| item.party == one.party && item.money.units().signum() != one.money.units().signum();
    let others: Vec<_> = items.iter().filter(|(_, item)| against(item)).cloned().collect();
    let part = |dice: &mut Dice, item: &OpenItem| {
        let most = usize::try_from(item.open.abs()).unwrap();
        let units = if dice.below(2) == 0 { most } else { dice.below(most) + 1 };
        Decimal::new(i64::try_from(units).unwrap(), book.commodity(item.money.currency()).unwrap().scale.into())
    };
    let later = Some(day("2026-03-01") + Days::new(dice.below(20) as u64));
    let date = if dice.below(4) == 0 { later } else { None };
    let mut allocate = Allocate { from: from.into(), to: Vec::new(), amount: None, date };
    if let (Some((to, other)), true) = (dice.pick(&others).cloned(), dice.below(3) > 0) {
        let across = other.money.currency() != one.money.currency();
        let amount = (across || dice.below(2) == 0).then(|| part(dice, &one));
        let settled = across.then(|| part(dice, &other));
        allocate.to.push(AllocationTarget { item: ItemRef::Id(to), amount, settled });
    } else if dice.below(2) == 0 {
        allocate.amount = Some(part(dice, &one));
    }
    Some(Command::Allocate(Box::new(allocate)))
}

fn command(ledger: &Ledger, dice: &mut Dice) -> Option<Command> {
    let reverse = |dice: &mut Dice| {
        let date = (dice.below(2) == 0).then(|| dice.date());
        dice.pick(&ledger.entries).map(|original| ReverseEntry { original: *original, date, reason: "".into() })
    };
    match dice.below(13) {
        0..5 => Some(posting(dice)),
        5..8 => allocation(ledger, dice),
        8 => {
            let made: Vec<u64> = ledger.book.allocations().map(|(seq, _)| seq).collect();
            let date = (dice.below(2) == 0).then(|| day("2026-03-10"));
            dice.pick(&made).map(|allocation| Command::ReverseAllocation { allocation: *allocation, date, reason: "".into() })
        }
        9 => reverse(dice).map(Command::ReverseEntry),
        10 => Some(Command::Revalue { date: dice.date() }),
        11 => {
            let month = Month::of(dice.date());
            if dice.below(2) == 0 {
                return Some(Command::ClosePeriod { month, status: PeriodStatus::SoftClosed, reason: "".into(), accept_open: false });
            }
            Some(Command::ReopenPeriod { month, reason: "late bill".into() })
        }
        _ => {
            let Command::PostEntry(replacement) = posting(dice) else { return None };
            reverse(dice).map(|reverse| Command::CorrectEntry(Box::new(CorrectEntry { reverse, replacement })))
        }
    }
}

/// Sums of amounts and values by account and currency.
type Sums = BTreeMap<(u32, u16), (i128, i128)>;

fn add(sums: &mut Sums, account: ledger_core::AccountNo, currency: ledger_core::CommodityNo, units: i128, value: i128) {
    let sum = sums.entry((account.get(), currency.get())).or_default();
    *sum = (sum.0 + units, sum.1 + value);
    if *sum == (0, 0) {
        sums.remove(&(account.get(), currency.get()));
    }
}

/// Σ open items = control accounts, per currency and in value: now.
fn items_are_the_control_accounts(book: &Book) -> Result<(), TestCaseError> {
    let (mut items, mut accounts) = (Sums::new(), Sums::new());
    for (_, item) in book.items() {
        add(&mut items, item.account, item.money.currency(), item.open, item.open_functional);
    }
    for (account, holding) in book.controls().flat_map(|(no, _)| book.holdings(no).iter().map(move |holding| (no, holding))) {
        add(&mut accounts, account, holding.currency, holding.units, holding.functional);
    }
    prop_assert_eq!(&items, &accounts);
    let open: Sums = open(book).into_iter().fold(Sums::new(), |mut sums, (_, item)| {
        add(&mut sums, item.account, item.money.currency(), item.open, item.open_functional);
        sums
    });
    prop_assert_eq!(book.unreconciled(), vec![]);
    prop_assert_eq!(open, items, "what is listed as open is all that is open");
    Ok(())
}

/// The same at every date, and no item has less than nothing or more than all left at any.
fn items_are_the_control_accounts_at_every_date(ledger: &Ledger) -> Result<(), TestCaseError> {
    let book = &ledger.book;
    for date in day("2025-12-31").iter_days().take(110) {
        let (mut items, mut accounts) = (Sums::new(), Sums::new());
        for (id, item) in book.items() {
            let Some((money, value)) = book.item_at(id, date) else { continue };
            let sign = item.money.units().signum();
            prop_assert!((0..=item.money.units() * sign).contains(&(money.units() * sign)), "item {} at {}: {:?}", id, date, money);
            prop_assert!((0..=item.functional * sign).contains(&(value * sign)), "item {} at {}: {}", id, date, value);
            add(&mut items, item.account, money.currency(), money.units(), value);
        }
        let entries = ledger.history.values().filter(|entry| entry.effective_date() <= date);
        for line in entries.flat_map(|entry| entry.lines()).filter(|line| book.control(line.account).is_some()) {
            add(&mut accounts, line.account, line.money.currency(), line.money.units(), line.functional.unwrap());
        }
        prop_assert_eq!(items, accounts, "at {}", date);
    }
    Ok(())
}

/// What is settled was relieved of exactly its value, and what that differs by is all that the exchange account has:
/// unrealised differences are turned back.
fn differences_are_realised_once(book: &Book) -> Result<(), TestCaseError> {
    let mut relieved = BTreeMap::<ItemId, i128>::new();
    let mut realised = 0;
    for kept in book.allocations().map(|(_, kept)| kept).filter(|kept| kept.reversed.is_none()) {
        let allocation = &kept.allocation;
        *relieved.entry(allocation.from).or_default() += allocation.functional_from;
        *relieved.entry(allocation.to).or_default() += allocation.functional_to;
        realised += allocation.realised;
    }
    for (id, item) in book.items().filter(|(_, item)| item.open == 0) {
        prop_assert_eq!(item.open_functional, 0, "item {} has neither amount nor value left", id);
        prop_assert_eq!(relieved.get(&id).copied().unwrap_or(0), item.functional.abs(), "item {}", id);
    }
    let exchange =
        book.account_by_code("fx-gain-loss").map_or(0, |account| book.holdings(account.no).iter().map(|held| held.functional).sum());
    prop_assert_eq!(-exchange, realised);
    let adjusted = book.account_by_code("valuation-adjustment").map_or(&[][..], |account| book.holdings(account.no));
    prop_assert!(adjusted.iter().all(|held| (held.units, held.functional) == (0, 0)), "revaluations are turned back: {:?}", adjusted);
    Ok(())
}

/// At the date itself, carrying amounts and adjustments make the value at the closing rate, item by item.
fn revalued_items_are_worth_the_closing_rate(ledger: &Ledger, date: NaiveDate) -> Result<(), TestCaseError> {
    let book = &ledger.book;
    match book.to_revalue(date) {
        Ok(left) => prop_assert_eq!(left, vec![], "nothing is left to revalue"),
        Err(rejection) => prop_assert_eq!(rejection.code(), "REVALUED_ALREADY", "where a later date was revalued before"),
    }
    let events = ledger.events.iter().map(|proposed| &proposed.event);
    let at = events.filter_map(|event| if let Event::ItemsRevalued { revaluation, .. } = event { Some(revaluation) } else { None });
    let mut adjusted = BTreeMap::<u16, i128>::new();
    for revalued in at.filter(|revaluation| revaluation.date == date).flat_map(|revaluation| &revaluation.revalued) {
        *adjusted.entry(revalued.money.currency().get()).or_default() += revalued.adjustment;
    }
    let mut expected = BTreeMap::<u16, i128>::new();
    let functional = book.commodities()[0].no;
    let mut value = |money: ledger_core::Money, carried: i128| {
        let rate = |kind| book.rate_on(money.currency(), functional, kind, date).filter(|(on, _)| (date - *on).num_days() <= 31);
        let (_, rate) = rate(RateType::Closing).or_else(|| rate(RateType::Spot)).unwrap();
        let scale = book.commodity(money.currency()).unwrap().scale;
        let worth = ledger_core::money::decimal_of(money.units(), scale) * rate;
        let worth = worth.round_dp_with_strategy(2, rust_decimal::RoundingStrategy::MidpointNearestEven);
        *expected.entry(money.currency().get()).or_default() += (worth * Decimal::ONE_HUNDRED).try_into().unwrap_or(0_i128) - carried;
    };
    for (id, item) in book.items().filter(|(_, item)| item.money.currency() != functional) {
        let _ = item;
        if let Some((money, carried)) = book.item_at(id, date) {
            value(money, carried);
        }
    }
    let bank = book.account_by_code("bank").unwrap().no;
    let lines = ledger.history.values().filter(|entry| entry.effective_date() <= date).flat_map(|entry| entry.lines());
    let mut cash = Sums::new();
    for line in lines.filter(|line| line.account == bank && line.money.currency() != functional) {
        add(&mut cash, line.account, line.money.currency(), line.money.units(), line.functional.unwrap());
    }
    for ((_, currency), (units, carried)) in cash {
        value(ledger_core::Money::new(units, ledger_core::CommodityNo::new(currency)), carried);
    }
    expected.retain(|_, sum| *sum != 0);
    adjusted.retain(|_, sum| *sum != 0);
    prop_assert_eq!(adjusted, expected);
    Ok(())
}

fn bytes(book: &Book) -> Vec<u8> {
    let mut tip = Tip::genesis(book.org().unwrap());
    for _ in 0..book.seq() {
        tip.tree.push([0; 32]);
    }
    tip.seq = book.seq();
    snapshot::encode(book, &tip).unwrap()
}

/// Commands and how many were accepted, by kind.
fn run(seed: u64, count: usize) -> Result<(Ledger, BTreeMap<&'static str, usize>), TestCaseError> {
    let (mut ledger, mut dice) = (begin(), Dice(seed));
    let mut accepted = BTreeMap::new();
    for _ in 0..count {
        let Some(command) = command(&ledger, &mut dice) else { continue };
        let (kind, revalued) = match &command {
            Command::PostEntry(_) => ("post", None),
            Command::Allocate(_) => ("allocate", None),
            Command::ReverseAllocation { .. } => ("unallocate", None),
            Command::ReverseEntry(_) => ("reverse", None),
            Command::Revalue { date } => ("revalue", Some(*date)),
            Command::ClosePeriod { .. } => ("close", None),
            Command::ReopenPeriod { .. } => ("reopen", None),
            _ => ("correct", None),
        };
        if ledger.run(&command).is_err() {
            continue;
        }
        *accepted.entry(kind).or_default() += 1;
        items_are_the_control_accounts(&ledger.book)?;
        differences_are_realised_once(&ledger.book)?;
        if let Some(date) = revalued {
            revalued_items_are_worth_the_closing_rate(&ledger, date)?;
        }
    }
    Ok((ledger, accepted))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, ..ProptestConfig::default() })]

    #[test]
    fn open_items_are_the_control_accounts_after_every_command_and_at_every_date(seed in any::<u64>(), count in 1_usize..60) {
        let (ledger, _) = run(seed, count)?;
        items_are_the_control_accounts_at_every_date(&ledger)?;
    }

    #[test]
    fn replay_and_snapshots_give_the_live_book(seed in any::<u64>(), at in any::<prop::sample::Index>()) {
        let (ledger, _) = run(seed, 40)?;
        let fold = |mut book: Book, events: &[ledger_core::event::Proposed]| {
            events.iter().for_each(|proposed| book.evolve(&proposed.event));
            book
        };
        let (first, second) = ledger.events.split_at(at.index(ledger.events.len()).max(3));
        let halfway = fold(Book::default(), first);
        let (restored, _) = snapshot::decode(&bytes(&halfway)).unwrap();
        let live = bytes(&ledger.book);
        prop_assert_eq!(&bytes(&fold(halfway, second)), &live);
        let restored = fold(restored, second);
        prop_assert_eq!(&bytes(&restored), &live, "from a snapshot");
        prop_assert_eq!(open(&restored), open(&ledger.book));
    }
}

#[test]
fn every_kind_of_command_is_accepted_often_enough() {
    let mut all = BTreeMap::<&str, usize>::new();
    for seed in 0..40 {
        for (kind, count) in run(seed, 60).unwrap().1 {
            *all.entry(kind).or_default() += count;
        }
    }
    for kind in ["post", "allocate", "unallocate", "reverse", "revalue", "correct", "close", "reopen"] {
        assert!(all.get(kind).is_some_and(|count| *count > 20), "{kind}: {all:?}");
    }
}
