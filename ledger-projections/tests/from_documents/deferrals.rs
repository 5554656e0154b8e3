//! `deferral` against the deferred accounts at every day and event, and against the schedules that the book has left.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use ledger_core::{Event, Seq};
use ledger_projections::Deferral;
use ledger_projections::reports::{DeferralBy, DeferralQuery, DeferralRow, Point, deferrals};
use rust_decimal::Decimal;

use crate::shelf::{SEEDS, Shelf, Sums, events, history, moved, some_day, units, without_zeros};
use crate::words::random::Dice;
use crate::words::{Ledger, attempt, check};

async fn ask(shelf: &Shelf, as_of: NaiveDate, point: Point, by: DeferralBy, finished: bool) -> Vec<DeferralRow> {
    deferrals(&shelf.org, &DeferralQuery { as_of, point, by, finished }).await.unwrap().rows
}

/// What waits by currency, debit positive as the deferred accounts have it: revenue is a credit.
fn remaining<'a>(ledger: &Ledger, rows: impl Iterator<Item = &'a DeferralRow>) -> Sums {
    let mut sums = Sums::new();
    for row in rows {
        let sign = if row.expense { 1 } else { -1 };
        let sum = sums.entry(row.currency.clone()).or_default();
        sum.0 += sign * units(ledger, row.amounts.remaining, &row.currency);
        sum.1 += sign * units(ledger, row.functional.remaining, "USD");
    }
    without_zeros(sums)
}

fn hangs_together(rows: &[DeferralRow]) {
    for row in rows {
        for found in [&row.amounts, &row.functional] {
            assert_eq!(found.remaining, found.total - found.cancelled - found.recognised, "{row:?}");
        }
        if row.currency == "USD" {
            assert_eq!(row.amounts, row.functional, "the functional currency is its own value");
        }
    }
}

async fn assert_as_the_accounts(shelf: &Shelf, ledger: &Ledger, dice: &mut Dice) {
    let head = ledger.book.seq();
    for question in 0..20 {
        let as_of = if question == 0 { "9999-12-31".parse().unwrap() } else { some_day(dice) };
        let known = if question == 0 || dice.below(2) == 0 { head } else { 1 + dice.below(head) };
        let point = if known == head { Point::Latest } else { Point::AtSeq(known) };
        let about = format!("as of {as_of} at {known}");
        let entries = || {
            let entries = events(ledger).filter_map(|(seq, event)| event.entry().filter(|_| seq <= known));
            entries.filter(|entry| entry.effective_date() <= as_of)
        };
        let (revenue, expense) = (moved(ledger, &["deferred"], entries()), moved(ledger, &["prepaid"], entries()));
        for by in [DeferralBy::Document, DeferralBy::Month] {
            for finished in [false, true] {
                let rows = ask(shelf, as_of, point, by, finished).await;
                hangs_together(&rows);
                assert_eq!(remaining(ledger, rows.iter().filter(|row| !row.expense)), revenue, "by {by:?} {about}");
                assert_eq!(remaining(ledger, rows.iter().filter(|row| row.expense)), expense, "by {by:?} {about}");
            }
        }
        let all = ask(shelf, as_of, point, DeferralBy::Document, true).await;
        let open: Vec<&DeferralRow> =
            all.iter().filter(|row| !row.amounts.remaining.is_zero() || !row.functional.remaining.is_zero()).collect();
        assert_eq!(ask(shelf, as_of, point, DeferralBy::Document, false).await.iter().collect::<Vec<_>>(), open, "{about}");
        assert_eq!(recognised(&all), recognised_by_history(ledger, as_of, known), "{about}");
    }
}

/// What was recognised of each schedule, as the rows have it and as the events do; in the functional currency.
fn recognised(rows: &[DeferralRow]) -> BTreeMap<(Seq, u32), Decimal> {
    let rows = rows.iter().map(|row| {
        let schedule = row.schedule.as_ref().unwrap();
        ((schedule.seq, schedule.line), row.functional.recognised)
    });
    rows.filter(|(_, recognised)| !recognised.is_zero()).collect()
}

fn recognised_by_history(ledger: &Ledger, as_of: NaiveDate, known: Seq) -> BTreeMap<(Seq, u32), Decimal> {
    let mut sums: BTreeMap<(Seq, u32), Decimal> = BTreeMap::new();
    for (seq, event) in events(ledger) {
        let Event::DeferralsRecognised { parts, entry } = event else { continue };
        if seq > known || entry.effective_date() > as_of {
            continue;
        }
        for part in parts {
            let id = part.deferral;
            let side = events(ledger).find_map(|(at, event)| match event {
                Event::DocumentRecorded { document, .. } if at == id.seq => Some(document.side),
                _ => None,
            });
            let sign = -side.unwrap().opening_sign();
            *sums.entry((id.seq, id.line)).or_default() += Decimal::from_i128_with_scale(sign * part.part.functional, 2);
        }
    }
    sums.retain(|_, sum| !sum.is_zero());
    sums
}

/// What waits at the end is what the book has left, schedule by schedule and part by part.
async fn assert_as_the_book(shelf: &Shelf, ledger: &Ledger) {
    let mut expected = BTreeMap::new();
    for deferral in ledger.book.deferrals() {
        let (amount, functional) = deferral.unrecognised();
        expected.insert((deferral.id.seq, deferral.id.line), (amount.abs(), functional.abs()));
    }
    let rows = ask(shelf, "9999-12-31".parse().unwrap(), Point::Latest, DeferralBy::Document, false).await;
    let found: BTreeMap<_, _> = rows
        .iter()
        .map(|row| {
            let schedule = row.schedule.as_ref().unwrap();
            let (amount, value) = (units(ledger, row.amounts.remaining, &row.currency), units(ledger, row.functional.remaining, "USD"));
            ((schedule.seq, schedule.line), (amount.abs(), value.abs()))
        })
        .collect();
    assert_eq!(found, expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_waits_is_on_the_deferred_accounts_at_every_day_and_event() {
    for seed in SEEDS {
        schedules_of_a_history(seed).await;
    }
}

async fn schedules_of_a_history(seed: u64) {
    let mut shelf = Shelf::new().await;
    let mut dice = Dice(seed);
    let ledger = history(&mut dice, 420);
    let mut seen: BTreeMap<&str, usize> = BTreeMap::new();
    events(&ledger).for_each(|(_, event)| *seen.entry(event.type_name()).or_default() += 1);
    for name in ["DeferralScheduled", "DeferralsRecognised", "DeferralCancelled"] {
        assert!(seen.get(name).is_some_and(|times| *times > 4), "{name}: {seen:?}");
    }
    shelf.take(&ledger, Deferral::NAME, &mut dice).await;
    assert_as_the_accounts(&shelf, &ledger, &mut dice).await;
    assert_as_the_book(&shelf, &ledger).await;
    assert!(shelf.assert_as_history(Deferral::NAME).await > 100);
    assert_as_the_accounts(&shelf, &ledger, &mut dice).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_part_that_was_changed_is_found() {
    let mut shelf = Shelf::new().await;
    let mut dice = Dice(7);
    let ledger = history(&mut dice, 200);
    shelf.take(&ledger, Deferral::NAME, &mut dice).await;
    let edits = [
        "UPDATE read.deferral SET amount = amount + 1 WHERE part_no = 1",
        "UPDATE read.deferral SET recognised_on = recognised_on + 1 WHERE recognised_on IS NOT NULL",
        "UPDATE read.deferral SET cancelled_on = NULL, cancelled_seq = NULL WHERE cancelled_on IS NOT NULL",
        "UPDATE read.deferral SET done_on = 'infinity', done_seq = 9223372036854775807 WHERE done_on < 'infinity'",
        "UPDATE read.deferral SET party = 'nobody' WHERE side = 'expense'",
        "DELETE FROM read.deferral WHERE part_no = 2",
    ];
    shelf.assert_edits_are_found(Deferral::NAME, &edits.map(|edit| ("deferral", edit))).await;
}

/// A year paid ahead, of which some is earned and some credited: each figure, and where it changes.
#[tokio::test(flavor = "multi_thread")]
async fn a_schedule_from_its_invoice_to_its_end() {
    let mut ledger = check(
        "org USD required
         open ar asset
         open deferred liability
         open sales revenue
         control ar receivable
         party A customer
         invoice A 2026-01-10: sales 400 defer 2026-01-01 2026-04-30 months deferred | sales 5
         recognise 2026-01-31
         credit A 2026-02-15 against=INV-1: sales 150
         recognise 2026-03-31",
    );
    let mut shelf = Shelf::new().await;
    shelf.take(&ledger, Deferral::NAME, &mut Dice(1)).await;
    let line = |row: DeferralRow| {
        let name = match (&row.schedule, row.month) {
            (Some(schedule), _) => format!("{} {}#{} until {}", schedule.party, schedule.document, schedule.line, schedule.until),
            (None, month) => month.unwrap().format("%Y-%m").to_string(),
        };
        let a = row.amounts;
        format!("{name}: {}", [a.total, a.cancelled, a.recognised, a.remaining].map(|amount| amount.normalize().to_string()).join(" "))
    };
    let shelf = &shelf;
    let at = |as_of: &str, by, finished| {
        let as_of = as_of.parse().unwrap();
        async move { ask(shelf, as_of, Point::Latest, by, finished).await.into_iter().map(line).collect::<Vec<_>>() }
    };
    use DeferralBy::{Document, Month};
    assert_eq!(at("2026-01-09", Document, false).await, [] as [&str; 0]);
    assert_eq!(at("2026-01-10", Document, false).await, ["A INV-1#1 until 2026-04-30: 400 0 0 400"]);
    assert_eq!(at("2026-01-31", Document, false).await, ["A INV-1#1 until 2026-04-30: 400 0 100 300"]);
    assert_eq!(at("2026-02-15", Document, false).await, ["A INV-1#1 until 2026-04-30: 400 150 100 150"]);
    assert_eq!(at("2026-03-31", Document, false).await, ["A INV-1#1 until 2026-04-30: 400 150 200 50"]);
    assert_eq!(
        at("2026-03-31", Month, false).await,
        ["2026-01: 100 0 100 0", "2026-02: 100 50 50 0", "2026-03: 100 50 50 0", "2026-04: 100 50 0 50"]
    );
    attempt(&mut ledger, "recognise 2026-04-30").unwrap();
    let mut whole = Shelf::new().await;
    whole.take(&ledger, Deferral::NAME, &mut Dice(2)).await;
    let ended = |finished| ask(&whole, "2026-12-31".parse().unwrap(), Point::Latest, Document, finished);
    assert_eq!(ended(false).await, []);
    assert_eq!(ended(true).await.into_iter().map(line).collect::<Vec<_>>(), ["A INV-1#1 until 2026-04-30: 400 150 250 0"]);
}
