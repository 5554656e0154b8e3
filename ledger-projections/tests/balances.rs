//! Balances from the read model against a fold of history: equal at every date, zero per currency at every date and event.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod common;

use std::collections::BTreeMap;

use common::{Dice, World, day, sale, world};
use ledger_core::book::Valuation;
use ledger_core::command::ReverseEntry;
use ledger_core::{AccountType, Command, DraftEntry, DraftLine, EntryKind};
use ledger_projections::reports::{self, BalanceQuery, BalanceRow, Balances, Closing, Point, RevenueBy, RevenueQuery, balances};
use ledger_projections::{ProjectionError, RevenueByCustomer, catch_up, compare, seq_known_at};
use rust_decimal::Decimal;

async fn random_world(valuation: Valuation, seed: u64, commands: usize) -> World {
    let (mut world, mut dice) = (world(valuation).await, Dice::new(seed));
    for _ in 0..commands {
        world.something_happens(&mut dice);
        if dice.chance(7) {
            world.commit().await;
        }
    }
    world.commit().await;
    world
}

fn assert_zero(found: &Balances, what: &str) {
    let mut sums: BTreeMap<&str, Decimal> = BTreeMap::new();
    let mut functional = Decimal::ZERO;
    for row in &found.rows {
        *sums.entry(&row.currency).or_default() += row.balance();
        functional += row.functional_balance().unwrap_or_default();
    }
    assert!(sums.values().all(Decimal::is_zero), "{what}: {sums:?}");
    assert!(functional.is_zero(), "{what}: functional {functional}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_read_model_and_the_fold_agree_at_every_date() {
    for (valuation, seed) in [(Valuation::Required, 1), (Valuation::ByCommodity, 2)] {
        let world = random_world(valuation, seed, 400).await;
        catch_up(&world.org, |_| ()).await.unwrap();
        let head = world.tip.seq;
        for closing in [Closing::Include, Closing::Exclude] {
            for n in (0..820).step_by(37) {
                for from in [None, Some(day(n / 2)), Some(day(n))] {
                    let query = BalanceQuery { from, as_of: Some(day(n)), point: Point::Latest, closing };
                    let read = balances(&world.org, &query).await.unwrap();
                    let folded = balances(&world.org, &BalanceQuery { point: Point::AtSeq(head), ..query }).await.unwrap();
                    assert_eq!(read, folded, "{query:?}");
                    assert_zero(&read, &format!("{query:?}"));
                }
            }
            let query = BalanceQuery { closing, ..BalanceQuery::default() };
            let read = balances(&world.org, &query).await.unwrap();
            assert_eq!(read, balances(&world.org, &BalanceQuery { point: Point::AtSeq(head), ..query }).await.unwrap());
            assert!(!read.rows.is_empty());
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_trial_balance_is_zero_at_every_event_and_agrees_with_the_book() {
    let world = random_world(Valuation::Required, 3, 120).await;
    catch_up(&world.org, |_| ()).await.unwrap();
    for seq in 0..=world.tip.seq {
        let found = balances(&world.org, &BalanceQuery { point: Point::AtSeq(seq), ..BalanceQuery::default() }).await.unwrap();
        assert_eq!(found.seq, seq);
        assert_zero(&found, &format!("at {seq}"));
    }
    let latest = balances(&world.org, &BalanceQuery::default()).await.unwrap();
    let mut rows = 0;
    for row in &latest.rows {
        let held = world.book.holdings(row.account_no);
        let commodity = world.book.commodity_by_code(&row.currency).unwrap();
        let holding = held.iter().find(|holding| holding.currency == commodity.no).unwrap();
        assert_eq!(row.balance(), ledger_core::money::decimal_of(holding.units, commodity.scale), "{row:?}");
        assert_eq!(row.functional_balance().unwrap(), ledger_core::money::decimal_of(holding.functional, 2), "{row:?}");
        rows += 1;
    }
    assert_eq!(rows, world.book.accounts().iter().map(|account| world.book.holdings(account.no).len()).sum::<usize>());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_known_at_a_time_is_what_was_recorded_by_then() {
    let world = random_world(Valuation::Required, 4, 60).await;
    let commits = world.org.commits_after(0, u64::MAX).await.unwrap();
    assert!(commits.len() > 5);
    for commit in &commits {
        let at = commit.recorded_at;
        assert_eq!(seq_known_at(&world.org, at).await.unwrap(), commit.last_seq());
        let before = ledger_core::Timestamp(at.0 - 1);
        assert_eq!(seq_known_at(&world.org, before).await.unwrap(), commit.first_seq - 1);
        let known = balances(&world.org, &BalanceQuery { point: Point::KnownAt(at), ..BalanceQuery::default() }).await.unwrap();
        assert_eq!(known.seq, commit.last_seq());
    }
    let ahead = BalanceQuery { point: Point::AtSeq(world.tip.seq + 1), ..BalanceQuery::default() };
    assert!(matches!(balances(&world.org, &ahead).await, Err(ProjectionError::BeyondEnd { .. })));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_year_end_closing_and_its_reversal_are_left_out_of_an_income_statement() {
    let mut world = world(Valuation::Required).await;
    world.decide(sale(day(0), 1_000));
    let lines = vec![DraftLine::new("4000", Decimal::new(1_000, 2), "USD"), DraftLine::new("3000", Decimal::new(-1_000, 2), "USD")];
    let close = DraftEntry { kind: EntryKind::Closing, ..DraftEntry::new(day(10), "close the year", lines) };
    let closed = world.decide(Command::PostEntry(close));
    world.commit().await;
    let (earned, nothing) = (Decimal::new(-1_000, 2), Decimal::ZERO);
    assert_eq!(revenue(&world, Closing::Exclude).await, [earned; 2]);
    assert_eq!(revenue(&world, Closing::Include).await, [nothing; 2]);
    // In a later commit, so that what the original was has to be remembered.
    world.decide(Command::ReverseEntry(ReverseEntry { original: closed, date: Some(day(11)), reason: "too early".into() }));
    world.commit().await;
    assert_eq!(revenue(&world, Closing::Exclude).await, [earned; 2]);
    assert_eq!(revenue(&world, Closing::Include).await, [earned; 2]);
}

/// The balance of account 4000, from the read model and from history.
async fn revenue(world: &World, closing: Closing) -> [Decimal; 2] {
    catch_up(&world.org, |_| ()).await.unwrap();
    let mut found = [Decimal::ZERO; 2];
    for (balance, point) in found.iter_mut().zip([Point::Latest, Point::AtSeq(world.tip.seq)]) {
        let rows = balances(&world.org, &BalanceQuery { closing, point, ..BalanceQuery::default() }).await.unwrap().rows;
        *balance = rows.iter().find(|row| row.code == "4000").map_or(Decimal::ZERO, BalanceRow::balance);
    }
    found
}

/// Journals of everyday life, closings and lines without a value among them: revenue by customer is the revenue of the
/// income statement for any dates and as known at any event, line by line of what has no value.
#[tokio::test(flavor = "multi_thread")]
async fn revenue_by_customer_sums_to_the_income_statement() {
    for (valuation, seed) in [(Valuation::Required, 31), (Valuation::ByCommodity, 32)] {
        let world = random_world(valuation, seed, 300).await;
        catch_up(&world.org, |_| ()).await.unwrap();
        assert_eq!(compare(&world.org, RevenueByCustomer::NAME, |_| ()).await.unwrap().count, 0);
        let head = world.tip.seq;
        for (n, point) in
            [(0, Point::Latest), (150, Point::Latest), (300, Point::AtSeq(head)), (0, Point::AtSeq(head / 2)), (700, Point::Latest)]
        {
            let (from, to) = (day(n), day(n + 200));
            let query = BalanceQuery { from: Some(from), as_of: Some(to), point, closing: Closing::Exclude };
            let of_income = balances(&world.org, &query).await.unwrap();
            let mut expected: BTreeMap<String, (Decimal, Decimal, u64)> = BTreeMap::new();
            for row in of_income.rows.iter().filter(|row| row.kind == AccountType::Revenue) {
                let sum = expected.entry(row.currency.to_string()).or_default();
                sum.0 -= row.balance();
                sum.1 -= row.functional_balance().unwrap_or_default();
                sum.2 += row.unvalued_lines;
            }
            for by in [RevenueBy::Customer, RevenueBy::Account, RevenueBy::Month] {
                let mut found: BTreeMap<String, (Decimal, Decimal, u64)> = BTreeMap::new();
                for row in reports::revenue(&world.org, &RevenueQuery { from, to, point, by }).await.unwrap().rows {
                    let sum = found.entry(row.currency).or_default();
                    sum.0 += row.amount;
                    sum.1 += row.functional.unwrap_or_default();
                    sum.2 += row.unvalued_lines;
                }
                assert_eq!(found, expected, "{valuation:?} {from} to {to} by {by:?} {point:?}");
            }
        }
    }
}
