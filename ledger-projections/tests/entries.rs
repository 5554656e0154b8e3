//! Lists of entries and accounts against a naive scan of all events, page by page, while more is posted.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod common;

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;
use common::{Dice, World, day, sale, world};
use futures::TryStreamExt;
use ledger_core::book::Valuation;
use ledger_core::event::Recorded;
use ledger_core::money::decimal_of;
use ledger_core::{AccountType, BalancedEntry, EntryKind, Line, Seq, Timestamp};
use ledger_projections::reports::{
    AccountQuery, BalanceQuery, EntryFilter, EntryOrder, EntryQuery, EntryRow, Place, Point, accounts, balances, entries,
};
use ledger_projections::{ProjectionError, catch_up};
use ledger_store::load::to_chain;
use rust_decimal::Decimal;

/// Every event there is.
async fn all_events(world: &World) -> Vec<Recorded> {
    let commits: Vec<_> = world.org.commits(1, None).try_collect().await.unwrap();
    commits.into_iter().flat_map(|commit| to_chain(world.org.org(), commit).events().map(Result::unwrap).collect::<Vec<_>>()).collect()
}

fn query(point: Point, order: EntryOrder, newest_first: bool, limit: usize) -> EntryQuery {
    EntryQuery { point, filter: EntryFilter::default(), order, newest_first, after: None, limit }
}

/// All pages of a listing, held at the event of its first.
async fn listing(world: &World, mut query: EntryQuery) -> (Seq, Vec<EntryRow>) {
    let mut all = Vec::new();
    loop {
        let page = entries(&world.org, &query).await.unwrap();
        assert!(page.rows.len() <= query.limit);
        all.extend(page.rows);
        (query.point, query.after) = (Point::AtSeq(page.seq), page.next);
        if page.next.is_none() {
            return (page.seq, all);
        }
    }
}

/// A filter, and what it says in plain words of code.
fn matches(world: &World, filter: &EntryFilter, recorded: &Recorded, entry: &BalancedEntry) -> bool {
    let header = entry.header();
    let date = header.effective_date;
    let within = filter.from.is_none_or(|from| from <= date)
        && filter.to.is_none_or(|to| date <= to)
        && filter.recorded_from.is_none_or(|from| from <= recorded.recorded_at)
        && filter.recorded_to.is_none_or(|to| recorded.recorded_at <= to)
        && filter.kind.is_none_or(|kind| header.kind == kind);
    within && entry.lines().iter().any(|line| line_matches(world, filter, entry, line))
}

fn line_matches(world: &World, filter: &EntryFilter, entry: &BalancedEntry, line: &Line) -> bool {
    let account = world.book.account(line.account).unwrap();
    let currency = world.book.commodity(line.money.currency()).unwrap();
    let amount = decimal_of(line.money.units().abs(), currency.scale);
    let detail = line.detail.as_deref();
    let below = |code: &str| {
        account.code == code
            || (filter.below && account.code.starts_with(&format!("{code}:")))
            || (filter.below && account.parent.is_some_and(|parent| world.book.account(parent).unwrap().code == code))
    };
    let tagged = |key: &str, value: &str| {
        let of = |tags: &[(ledger_core::Text, ledger_core::Text)]| {
            tags.iter().filter(|(k, _)| k == key).map(|(_, v)| v.to_string()).collect::<Vec<_>>()
        };
        let own = detail.map(|detail| of(&detail.tags)).unwrap_or_default();
        let values = if own.is_empty() { of(&entry.header().tags) } else { own };
        values.iter().any(|found| found == value)
    };
    let says = |text: &str| {
        let memo = detail.and_then(|detail| detail.memo.as_ref()).map(|memo| memo.to_lowercase()).unwrap_or_default();
        entry.header().description.to_lowercase().contains(&text.to_lowercase()) || memo.contains(&text.to_lowercase())
    };
    filter.account.as_ref().is_none_or(|code| below(code))
        && filter.currency.as_ref().is_none_or(|code| currency.code == *code)
        && filter.amount_min.is_none_or(|min| amount >= min)
        && filter.amount_max.is_none_or(|max| amount <= max)
        && filter.party.as_ref().is_none_or(|party| detail.is_some_and(|detail| detail.party.as_ref() == Some(party)))
        && filter.document.as_ref().is_none_or(|document| detail.is_some_and(|detail| detail.document.as_ref() == Some(document)))
        && filter.tags.iter().all(|(key, value)| tagged(key, value))
        && filter.text.as_ref().is_none_or(|text| says(text))
}

fn filters() -> Vec<EntryFilter> {
    let one = EntryFilter::default;
    let at = |seconds: i64| Some(Timestamp(common::BEGAN.0 + seconds * 1_000_000));
    vec![
        one(),
        EntryFilter { account: Some("1000".into()), ..one() },
        EntryFilter { account: Some("5000".into()), below: true, ..one() },
        EntryFilter { account: Some("Equity:Conversion".into()), below: true, ..one() },
        EntryFilter { from: Some(day(200)), to: Some(day(400)), ..one() },
        EntryFilter { recorded_from: at(20), recorded_to: at(60), ..one() },
        EntryFilter { amount_min: Some(Decimal::new(500_000, 2)), ..one() },
        EntryFilter {
            amount_min: Some(Decimal::new(100_000, 2)),
            amount_max: Some(Decimal::new(200_000, 2)),
            account: Some("4000".into()),
            ..one()
        },
        EntryFilter { currency: Some("JPY".into()), ..one() },
        EntryFilter { party: Some("Müller & Söhne".into()), ..one() },
        EntryFilter { party: Some("Müller & Söhne".into()), account: Some("1100".into()), from: Some(day(100)), ..one() },
        EntryFilter { party: Some("nobody".into()), ..one() },
        EntryFilter { tags: vec![("department".into(), "sales".into())], ..one() },
        EntryFilter { tags: vec![("department".into(), "all".into()), ("project".into(), "x".into())], ..one() },
        EntryFilter { text: Some("TWO\nlines".into()), ..one() },
        EntryFilter { text: Some("%".into()), ..one() },
        EntryFilter { text: Some("Was Bought".into()), kind: Some(EntryKind::Reversal), ..one() },
        EntryFilter { kind: Some(EntryKind::Closing), ..one() },
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn every_filter_finds_what_a_scan_of_all_events_finds() {
    let mut world = world(Valuation::ByCommodity).await;
    let mut dice = Dice::new(71);
    for _ in 0..400 {
        world.something_happens(&mut dice);
        if dice.chance(4) {
            world.commit().await;
        }
    }
    world.commit().await;
    catch_up(&world.org, |_| ()).await.unwrap();
    let events = all_events(&world).await;
    let head = world.tip.seq;
    let numbers: BTreeSet<String> = events
        .iter()
        .filter_map(|recorded| recorded.event.entry())
        .flat_map(|entry| entry.lines().iter().filter_map(|line| Some(line.detail.as_deref()?.document.as_ref()?.to_string())))
        .collect();
    let mut filters = filters();
    filters.extend(numbers.iter().take(3).map(|number| EntryFilter { document: Some(number.as_str().into()), ..EntryFilter::default() }));
    let (mut found_any, mut found_reversed) = (0, 0);
    for filter in filters {
        for point in [Point::Latest, Point::AtSeq(head / 2)] {
            let last = if point == Point::Latest { head } else { head / 2 };
            let known: Vec<_> = events.iter().filter(|recorded| recorded.seq <= last).filter_map(|r| Some((r, r.event.entry()?))).collect();
            let reversed: BTreeMap<Seq, Seq> = known.iter().filter_map(|(r, entry)| Some((entry.header().reverses?, r.seq))).collect();
            let corrected: BTreeMap<Seq, Seq> = known.iter().filter_map(|(r, entry)| Some((entry.header().corrects?, r.seq))).collect();
            for (order, newest_first, limit) in [
                (EntryOrder::Effective, true, 7),
                (EntryOrder::Effective, false, 100),
                (EntryOrder::Recorded, true, 100),
                (EntryOrder::Recorded, false, 3),
            ] {
                let mut expected: Vec<(NaiveDate, Seq)> = known
                    .iter()
                    .filter(|(recorded, entry)| matches(&world, &filter, recorded, entry))
                    .map(|(recorded, entry)| (entry.effective_date(), recorded.seq))
                    .collect();
                if order == EntryOrder::Effective {
                    expected.sort_unstable();
                }
                if newest_first {
                    expected.reverse();
                }
                let asked = EntryQuery { filter: filter.clone(), ..query(point, order, newest_first, limit) };
                let (seq, rows) = listing(&world, asked.clone()).await;
                assert_eq!(seq, last);
                let found: Vec<_> = rows.iter().map(|row| (row.effective_date, row.seq)).collect();
                assert_eq!(found, expected, "{asked:?}");
                found_any += found.len();
                for row in &rows {
                    assert_eq!((row.reversed_by, row.corrected_by), (reversed.get(&row.seq).copied(), corrected.get(&row.seq).copied()));
                    found_reversed += usize::from(row.reversed_by.is_some());
                    let entry = known.iter().find(|(recorded, _)| recorded.seq == row.seq).unwrap().1;
                    assert_eq!(row.lines.len(), entry.lines().len());
                    assert_eq!(row.lines.iter().map(|line| line.functional.unwrap_or_default()).sum::<Decimal>(), Decimal::ZERO);
                }
            }
        }
    }
    assert!(found_any > 1_000 && found_reversed > 20, "{found_any} found, {found_reversed} reversed: the filters must find something");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_listing_neither_skips_nor_repeats_while_entries_are_posted() {
    let mut world = world(Valuation::Required).await;
    for n in 0..60 {
        world.decide(sale(day(n * 7 % 40), 100));
    }
    world.commit().await;
    catch_up(&world.org, |_| ()).await.unwrap();
    for order in [EntryOrder::Effective, EntryOrder::Recorded] {
        for newest_first in [true, false] {
            let (_, undisturbed) = listing(&world, query(Point::Latest, order, newest_first, 200)).await;
            let mut asked = query(Point::Latest, order, newest_first, 7);
            let mut found = Vec::new();
            loop {
                let page = entries(&world.org, &asked).await.unwrap();
                found.extend(page.rows.iter().map(|row| row.seq));
                // Before, between and behind what was read already; and one that was read is taken back.
                for n in [0, 20, 39] {
                    world.decide(sale(day(n), 7));
                }
                world.commit().await;
                catch_up(&world.org, |_| ()).await.unwrap();
                (asked.point, asked.after) = (Point::AtSeq(page.seq), page.next);
                if page.next.is_none() {
                    break;
                }
            }
            assert_eq!(found, undisturbed.iter().map(|row| row.seq).collect::<Vec<_>>(), "{order:?} {newest_first}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_listed_is_said() {
    let mut world = world(Valuation::Required).await;
    let seq = world.decide(sale(day(1), 100));
    world.commit().await;
    let ask = |point, filter| {
        let query = EntryQuery { filter, ..query(point, EntryOrder::Effective, true, 10) };
        let org = world.org.clone();
        async move { entries(&org, &query).await }
    };
    // The lines have not come yet: nothing is known of them, and nothing is pretended.
    assert!(matches!(ask(Point::AtSeq(seq), EntryFilter::default()).await, Err(ProjectionError::BeyondEnd { head: 0, .. })));
    assert_eq!(ask(Point::Latest, EntryFilter::default()).await.unwrap().rows, []);
    catch_up(&world.org, |_| ()).await.unwrap();
    assert_eq!(ask(Point::AtSeq(seq), EntryFilter::default()).await.unwrap().rows.len(), 1);
    assert!(matches!(ask(Point::AtSeq(seq + 1), EntryFilter::default()).await, Err(ProjectionError::BeyondEnd { .. })));
    let unknown = EntryFilter { account: Some("nothing".into()), ..EntryFilter::default() };
    assert!(matches!(ask(Point::Latest, unknown).await, Err(ProjectionError::UnknownAccount(_))));
}

#[tokio::test(flavor = "multi_thread")]
async fn accounts_are_listed_with_what_they_hold() {
    let mut world = world(Valuation::ByCommodity).await;
    let mut dice = Dice::new(73);
    for _ in 0..200 {
        world.something_happens(&mut dice);
    }
    world.commit().await;
    catch_up(&world.org, |_| ()).await.unwrap();
    let head = world.tip.seq;
    for (point, as_of) in
        [(Point::Latest, None), (Point::Latest, Some(day(300))), (Point::AtSeq(head / 2), None), (Point::AtSeq(head / 2), Some(day(100)))]
    {
        let held = balances(&world.org, &BalanceQuery { as_of, point, ..BalanceQuery::default() }).await.unwrap();
        let mut asked = AccountQuery { as_of, point, limit: 4, ..AccountQuery::default() };
        let mut rows = Vec::new();
        loop {
            let page = accounts(&world.org, &asked).await.unwrap();
            assert!(page.rows.len() <= 4 && page.seq == held.seq);
            rows.extend(page.rows);
            asked.after = page.next;
            if asked.after.is_none() {
                break;
            }
        }
        assert!(rows.is_sorted_by(|a, b| a.account.code < b.account.code));
        assert_eq!(rows.len(), held.chart.accounts().len());
        assert_eq!(rows.into_iter().flat_map(|row| row.balances).collect::<Vec<_>>(), held.rows);
    }
    let codes = |query: AccountQuery| {
        let org = world.org.clone();
        async move { accounts(&org, &query).await.unwrap().rows.into_iter().map(|row| row.account.code.to_string()).collect::<Vec<_>>() }
    };
    let liabilities = AccountQuery { kind: Some(AccountType::Liability), ..AccountQuery::default() };
    assert_eq!(codes(liabilities).await, ["2000"]);
    let below = codes(AccountQuery { under: Some("5000".into()), ..AccountQuery::default() }).await;
    assert!(below.len() > 1 && below.contains(&"5000".to_owned()) && !below.contains(&"1000".to_owned()), "{below:?}");
    assert_eq!(codes(AccountQuery { text: Some("Equity:CONV".into()), limit: 1, ..AccountQuery::default() }).await.len(), 1);
    assert_eq!(codes(AccountQuery { text: Some("no such account".into()), ..AccountQuery::default() }).await, Vec::<String>::new());
    let place = Place { date: day(1), seq: 1 };
    assert!(place < Place { date: day(1), seq: 2 } && place < Place { date: day(2), seq: 0 });
}
