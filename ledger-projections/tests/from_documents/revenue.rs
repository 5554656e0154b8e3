//! `revenue_by_customer` against a list of what each customer was invoiced, credited and earned of, and against the
//! revenue of the income statement.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use ledger_core::command::ReverseEntry;
use ledger_core::{AccountType, BalancedEntry, Command, EntryKind, Event, Seq};
use ledger_projections::reports::{BalanceQuery, Closing, Point, RevenueBy, RevenueQuery, RevenueRow, balances, revenue};
use ledger_projections::{AccountBalance, RevenueByCustomer};

use crate::shelf::{SEEDS, Shelf, Sums, events, some_day, units, without_zeros};
use crate::words::random::{Dice, begin, step};
use crate::words::{Ledger, attempt, check};

/// Customer, account, month and currency.
type Key = (String, String, NaiveDate, String);

/// A random history with plain journals on revenue accounts, closed years and reversals of anything.
fn history(dice: &mut Dice, steps: usize) -> Ledger {
    let mut ledger = begin();
    for asked in ["open other revenue", "open retained equity", "party C customer", "party D customer"] {
        attempt(&mut ledger, asked).unwrap();
    }
    for n in 0..steps {
        let (date, amount) = (dice.date(), dice.amount("USD"));
        let asked = match dice.below(14) {
            0 => format!("post {date}: other -{amount} USD party {} | bank {amount} USD", dice.of(&["C", "D", "nobody-known"])),
            1 => format!("post {date}: other -{amount} USD | bank {amount} USD"),
            2 => format!("post {date}: ar {amount} USD party {} doc J-{n} | sales -{amount} USD", dice.of(&["C", "D"])),
            3 => format!(
                "post {date}: ar {amount} USD party C doc K-{n} | ar {amount} USD party D doc K-{n} | sales -{amount} USD | other -{amount} USD"
            ),
            4 if dice.below(8) == 0 => format!("close-year {date} retained"),
            5 => {
                let all: Vec<Seq> = ledger.history.keys().copied().collect();
                let Some(original) = all.get(usize::try_from(dice.below(all.len().max(1) as u64)).unwrap()) else { continue };
                let reverse = ReverseEntry { original: *original, date: None, reason: "a mistake".into() };
                drop(ledger.run(&Command::ReverseEntry(reverse)));
                continue;
            }
            _ => step(dice),
        };
        drop(attempt(&mut ledger, &asked));
    }
    ledger
}

/// The parties that an entry's lines on control accounts name.
fn named(ledger: &Ledger, entry: &BalancedEntry) -> Vec<String> {
    let lines = entry.lines().iter().filter(|line| ledger.book.control(line.account).is_some());
    let mut all: Vec<String> = lines.map(|line| line.detail.as_ref().unwrap().party.clone().unwrap().to_string()).collect();
    all.sort();
    all.dedup();
    all
}

fn one(mut parties: Vec<String>) -> String {
    if parties.len() == 1 { parties.remove(0) } else { String::new() }
}

/// Revenue as the entries have it, credit positive; whose it is from the documents of recognised schedules.
fn expected(ledger: &Ledger, from: NaiveDate, to: NaiveDate, known: Seq) -> BTreeMap<Key, (i128, i128)> {
    let mut sums: BTreeMap<Key, (i128, i128)> = BTreeMap::new();
    let mut add = |entry: &BalancedEntry, line: &ledger_core::Line, party: String| {
        let account = ledger.book.account(line.account).unwrap();
        let date = entry.effective_date();
        if account.kind != AccountType::Revenue || !(from..=to).contains(&date) {
            return;
        }
        let month = date - chrono::Days::new(u64::from(chrono::Datelike::day0(&date)));
        let currency = ledger.book.commodity(line.money.currency()).unwrap().code.to_string();
        let sum = sums.entry((party, account.code.to_string(), month, currency)).or_default();
        *sum = (sum.0 - line.money.units(), sum.1 - line.functional.unwrap());
    };
    let closes = |entry: &BalancedEntry| {
        // A closing, or the reversal of one, or the reversal of that.
        let mut entry = entry;
        while let Some(original) = entry.header().reverses {
            entry = &ledger.history[&original];
        }
        entry.header().kind == EntryKind::Closing
    };
    for (seq, event) in events(ledger).take_while(|(seq, _)| *seq <= known) {
        let Some(entry) = event.entry().filter(|entry| !closes(entry)) else { continue };
        let _ = seq;
        if let Event::DeferralsRecognised { parts, .. } = event {
            for (part, lines) in parts.iter().zip(entry.lines().chunks(2)) {
                let party = one(named(ledger, &ledger.history[&part.deferral.seq]));
                lines.iter().for_each(|line| add(entry, line, party.clone()));
            }
            continue;
        }
        for line in entry.lines() {
            let own = line.detail.as_ref().and_then(|detail| detail.party.as_ref()).map(ToString::to_string);
            add(entry, line, own.unwrap_or_else(|| one(named(ledger, entry))));
        }
    }
    sums
}

fn by<K: Ord>(sums: &BTreeMap<Key, (i128, i128)>, key: impl Fn(&Key) -> K) -> BTreeMap<(K, String), (i128, i128)> {
    let mut all: BTreeMap<(K, String), (i128, i128)> = BTreeMap::new();
    for (of, (amount, value)) in sums {
        let sum = all.entry((key(of), of.3.clone())).or_default();
        *sum = (sum.0 + amount, sum.1 + value);
    }
    all
}

fn found<K: Ord>(ledger: &Ledger, rows: &[RevenueRow], key: impl Fn(&RevenueRow) -> K) -> BTreeMap<(K, String), (i128, i128)> {
    let mut all = BTreeMap::new();
    for row in rows {
        assert_eq!(row.unvalued_lines, 0);
        let amounts = (units(ledger, row.amount, &row.currency), units(ledger, row.functional.unwrap(), "USD"));
        assert!(all.insert((key(row), row.currency.clone()), amounts).is_none(), "one row for {row:?}");
    }
    all
}

/// The revenue of the income statement, credit positive.
async fn income(shelf: &Shelf, ledger: &Ledger, from: NaiveDate, to: NaiveDate, point: Point) -> Sums {
    let query = BalanceQuery { from: Some(from), as_of: Some(to), point, closing: Closing::Exclude };
    let mut sums = Sums::new();
    for row in balances(&shelf.org, &query).await.unwrap().rows.iter().filter(|row| row.kind == AccountType::Revenue) {
        let sum = sums.entry(row.currency.to_string()).or_default();
        sum.0 -= units(ledger, row.balance(), &row.currency);
        sum.1 -= units(ledger, row.functional_balance().unwrap(), "USD");
    }
    without_zeros(sums)
}

async fn assert_as_the_model(shelf: &Shelf, ledger: &Ledger, dice: &mut Dice) {
    let head = ledger.book.seq();
    for question in 0..16 {
        let (one, other) = (some_day(dice), some_day(dice));
        let (from, to) =
            if question == 0 { ("1000-01-01".parse().unwrap(), "9999-12-31".parse().unwrap()) } else { (one.min(other), one.max(other)) };
        let known = if dice.below(2) == 0 { head } else { 1 + dice.below(head) };
        let point = if known == head { Point::Latest } else { Point::AtSeq(known) };
        let about = format!("{from} to {to} at {known}");
        let model = expected(ledger, from, to, known);
        let ask = |by| {
            let org = &shelf.org;
            async move { revenue(org, &RevenueQuery { from, to, point, by }).await.unwrap().rows }
        };
        let rows = ask(RevenueBy::Customer).await;
        assert_eq!(found(ledger, &rows, |row| row.party.clone().unwrap()), by(&model, |key| key.0.clone()), "{about}");
        let mut sums = Sums::new();
        for row in &rows {
            let sum = sums.entry(row.currency.clone()).or_default();
            sum.0 += units(ledger, row.amount, &row.currency);
            sum.1 += units(ledger, row.functional.unwrap(), "USD");
        }
        assert_eq!(without_zeros(sums), income(shelf, ledger, from, to, point).await, "the income statement, {about}");
        let rows = ask(RevenueBy::Account).await;
        let code = |row: &RevenueRow| ledger.book.account(row.account.unwrap()).unwrap().code.to_string();
        assert_eq!(found(ledger, &rows, code), by(&model, |key| key.1.clone()), "{about}");
        let rows = ask(RevenueBy::Month).await;
        assert_eq!(found(ledger, &rows, |row| row.month.unwrap()), by(&model, |key| key.2), "{about}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn revenue_of_customers_is_the_revenue_of_the_income_statement() {
    for seed in SEEDS {
        revenue_of_a_history(seed).await;
    }
}

async fn revenue_of_a_history(seed: u64) {
    let mut shelf = Shelf::new().await;
    let mut dice = Dice(seed);
    let ledger = history(&mut dice, 500);
    let mut seen: BTreeMap<&str, usize> = BTreeMap::new();
    events(&ledger).for_each(|(_, event)| *seen.entry(event.type_name()).or_default() += 1);
    let closings = ledger.history.values().filter(|entry| entry.header().kind == EntryKind::Closing).count();
    assert!(seen["DeferralsRecognised"] > 4 && seen["CreditNoteIssued"] > 4 && closings > 1, "{seen:?}, {closings} closings");
    shelf.take(&ledger, RevenueByCustomer::NAME, &mut dice).await;
    shelf.catch_up(AccountBalance::NAME).await;
    assert_as_the_model(&shelf, &ledger, &mut dice).await;
    assert!(shelf.assert_as_history(RevenueByCustomer::NAME).await > 100);
    assert_as_the_model(&shelf, &ledger, &mut dice).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_movement_that_was_changed_is_found() {
    let mut shelf = Shelf::new().await;
    let mut dice = Dice(9);
    let ledger = history(&mut dice, 200);
    shelf.take(&ledger, RevenueByCustomer::NAME, &mut dice).await;
    let edits = [
        ("revenue_by_customer", "UPDATE read.revenue_by_customer SET amount = amount + 1 WHERE party = 'A'"),
        ("revenue_by_customer", "UPDATE read.revenue_by_customer SET party = 'X' WHERE party = ''"),
        ("revenue_by_customer", "DELETE FROM read.revenue_by_customer WHERE party = 'C'"),
        ("revenue_deferral", "UPDATE read.revenue_deferral SET party = 'B'"),
        ("revenue_deferral", "DELETE FROM read.revenue_deferral"),
    ];
    shelf.assert_edits_are_found(RevenueByCustomer::NAME, &edits).await;
}

/// Whose revenue is whose, case by case.
#[tokio::test(flavor = "multi_thread")]
async fn revenue_is_the_customers_that_the_entry_or_the_schedule_names() {
    let ledger = check(
        "org USD required
         open ar asset
         open bank asset
         open deferred liability
         open sales revenue
         open interest revenue
         control ar receivable
         party A customer
         party B customer
         invoice A 2026-01-10: sales 100
         invoice B 2026-01-11: sales 90 defer 2026-01-01 2026-03-31 months deferred
         credit A 2026-01-20 against=INV-1: sales 30
         post 2026-01-21: bank 7 USD | interest -7 USD
         post 2026-01-22: bank 8 USD | interest -8 USD party A
         post 2026-01-23: ar 5 USD party A doc J1 | ar 6 USD party B doc J1 | sales -11 USD
         recognise 2026-02-28",
    );
    let mut shelf = Shelf::new().await;
    shelf.take(&ledger, RevenueByCustomer::NAME, &mut Dice(1)).await;
    let at = |by, to: &str| {
        let query = RevenueQuery { from: "2026-01-01".parse().unwrap(), to: to.parse().unwrap(), point: Point::Latest, by };
        let org = shelf.org.clone();
        async move { revenue(&org, &query).await.unwrap().rows }
    };
    let line = |row: RevenueRow| format!("{}: {}", row.party.unwrap(), row.amount.normalize());
    let rows = at(RevenueBy::Customer, "2026-01-31").await;
    assert_eq!(rows.into_iter().map(line).collect::<Vec<_>>(), [": 18", "A: 78", "B: 30"]);
    let rows = at(RevenueBy::Customer, "2026-12-31").await;
    assert_eq!(rows.into_iter().map(line).collect::<Vec<_>>(), [": 18", "A: 78", "B: 60"]);
    let months = at(RevenueBy::Month, "2026-12-31").await;
    let months: Vec<_> = months.into_iter().map(|row| (row.month.unwrap().to_string(), row.amount.normalize().to_string())).collect();
    assert_eq!(months, [("2026-01-01".to_owned(), "126".to_owned()), ("2026-02-01".to_owned(), "30".to_owned())]);
}
