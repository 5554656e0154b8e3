//! `tax_report` against a list of the documents' tax rows, and against what the tax accounts moved.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use ledger_core::subledger::tax::TaxRow;
use ledger_core::{BalancedEntry, Document, DocumentKind, Event, Seq, Side};
use ledger_projections::TaxReport;
use ledger_projections::reports::{Point, TaxAmounts, TaxBy, TaxLine, TaxQuery, tax};

use crate::shelf::{SEEDS, Shelf, Sums, events, history, moved, some_day, units, without_zeros};
use crate::words::random::Dice;
use crate::words::{Ledger, attempt, check};

/// Side, code, component, box and currency.
type Key = (bool, String, String, String, String);

/// Base, tax, recoverable, withheld, reverse charge; in minor units of the currency.
type Amounts = [i128; 5];

/// What a tax row adds, and its negation where its document is reversed.
fn amounts(document: &Document, row: &TaxRow) -> Amounts {
    let sign = if document.kind == DocumentKind::CreditNote { -1 } else { 1 };
    let against = (row.tax < 0 && row.base > 0) || (row.tax > 0 && row.base < 0);
    let amounts = match (row.reverse_charge, against) {
        (true, true) => [0, 0, 0, 0, -row.tax],
        (false, true) => [row.base, 0, 0, -row.tax, 0],
        _ => [row.base, row.tax, row.recoverable, 0, 0],
    };
    amounts.map(|amount| sign * amount)
}

/// Documents with their entries, and what reverses whom, in the order of history.
enum Fact<'a> {
    Document(&'a Document, &'a BalancedEntry),
    Reversal(Seq, &'a BalancedEntry),
}

fn facts(ledger: &Ledger) -> Vec<(Seq, Fact<'_>)> {
    events(ledger).filter_map(|(seq, event)| Some((seq, fact(event)?))).collect()
}

fn fact(event: &Event) -> Option<Fact<'_>> {
    match event {
        Event::DocumentRecorded { document, entry: Some(entry) } => Some(Fact::Document(document, entry)),
        Event::EntryReversed { entry, .. } => Some(Fact::Reversal(entry.header().reverses.unwrap(), entry)),
        _ => None,
    }
}

/// What the rows of a period are, from the documents themselves.
fn expected(ledger: &Ledger, from: NaiveDate, to: NaiveDate, known: Seq) -> BTreeMap<Key, Amounts> {
    let mut all: BTreeMap<Seq, Vec<(Key, Amounts)>> = BTreeMap::new();
    let mut sums: BTreeMap<Key, Amounts> = BTreeMap::new();
    for (seq, fact) in facts(ledger) {
        let (rows, entry) = match fact {
            Fact::Document(document, entry) => {
                let currency = ledger.book.commodity(document.currency).unwrap().code.to_string();
                let key = |row: &TaxRow| {
                    let (code, component, report_box) = (row.code.to_string(), row.component.to_string(), row.report_box.to_string());
                    (document.side == Side::Payable, code, component, report_box, currency.clone())
                };
                (document.tax.iter().map(|row| (key(row), amounts(document, row))).collect::<Vec<_>>(), entry)
            }
            Fact::Reversal(original, entry) => {
                let rows = all.get(&original).cloned().unwrap_or_default();
                (rows.into_iter().map(|(key, amounts)| (key, amounts.map(|amount| -amount))).collect(), entry)
            }
        };
        if seq <= known && (from..=to).contains(&entry.effective_date()) {
            for (key, amounts) in &rows {
                let sum = sums.entry(key.clone()).or_default();
                sum.iter_mut().zip(amounts).for_each(|(sum, amount)| *sum += amount);
            }
        }
        all.insert(seq, rows);
    }
    sums.retain(|_, sum| *sum != [0; 5]);
    sums
}

fn of_line(ledger: &Ledger, line: &TaxLine) -> Amounts {
    let TaxAmounts { base, tax, recoverable, withheld, reverse_charge, .. } = line.amounts;
    [base, tax, recoverable, withheld, reverse_charge].map(|amount| units(ledger, amount, &line.currency))
}

/// What is owed to the state by currency: the tax accounts' credit.
fn payable(ledger: &Ledger, rows: &[TaxLine]) -> Sums {
    let mut sums = Sums::new();
    for row in rows {
        let sum = sums.entry(row.currency.clone()).or_default();
        sum.0 -= units(ledger, row.amounts.payable, &row.currency);
        sum.1 -= units(ledger, row.functional.payable, "USD");
    }
    without_zeros(sums)
}

async fn assert_as_the_model(shelf: &Shelf, ledger: &Ledger, dice: &mut Dice) {
    let head = ledger.book.seq();
    for question in 0..10 {
        let (one, other) = (some_day(dice), some_day(dice));
        let (from, to) = if question == 0 { (NaiveDate::MIN, NaiveDate::MAX) } else { (one.min(other), one.max(other)) };
        let (from, to) = (from.max("1000-01-01".parse().unwrap()), to.min("9999-12-31".parse().unwrap()));
        let known = if dice.below(2) == 0 { head } else { 1 + dice.below(head) };
        let point = if known == head { Point::Latest } else { Point::AtSeq(known) };
        let model = expected(ledger, from, to, known);
        let about = format!("{from} to {to} at {known}");
        let ask = |by| {
            let org = &shelf.org;
            async move { tax(org, &TaxQuery { from, to, point, by }).await.unwrap().rows }
        };

        let by_code = ask(TaxBy::Code).await;
        let mut found: BTreeMap<Key, Amounts> = BTreeMap::new();
        for row in &by_code {
            let key =
                (row.purchases, row.code.clone().unwrap(), row.component.clone().unwrap(), row.report_box.clone(), row.currency.clone());
            assert!(found.insert(key, of_line(ledger, row)).is_none(), "one row for {row:?}");
        }
        found.retain(|_, sum| *sum != [0; 5]);
        assert_eq!(found, model, "{about}");

        // What documents moved on the tax accounts is what the rows say, in every currency and in value.
        let facts = facts(ledger);
        let in_time = |(seq, fact): &(Seq, Fact<'_>)| {
            let (Fact::Document(_, entry) | Fact::Reversal(_, entry)) = fact;
            *seq <= known && (from..=to).contains(&entry.effective_date())
        };
        let entries = facts.iter().filter(|fact| in_time(fact)).map(|(_, Fact::Document(_, entry) | Fact::Reversal(_, entry))| *entry);
        let accounts = moved(ledger, &["vat", "kept"], entries);
        for by in [TaxBy::Code, TaxBy::Box, TaxBy::Document, TaxBy::Month] {
            let rows = ask(by).await;
            assert_eq!(payable(ledger, &rows), accounts, "by {by:?}, {about}");
            for row in &rows {
                let (amounts, value) = (&row.amounts, &row.functional);
                for found in [amounts, value] {
                    let owed = if row.purchases {
                        assert_eq!(found.not_recoverable, found.tax - found.recoverable, "{row:?}");
                        found.reverse_charge + found.withheld - found.recoverable
                    } else {
                        assert!(found.recoverable.is_zero() && found.not_recoverable.is_zero() && found.reverse_charge.is_zero());
                        found.tax - found.withheld
                    };
                    assert_eq!(found.payable, owed, "{row:?}");
                }
                if row.currency == "USD" {
                    assert_eq!(amounts, value, "the functional currency is its own value");
                }
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn tax_rows_are_the_documents_and_the_tax_accounts() {
    for seed in SEEDS {
        tax_of_a_history(seed).await;
    }
}

async fn tax_of_a_history(seed: u64) {
    let mut shelf = Shelf::new().await;
    let mut dice = Dice(seed);
    let ledger = history(&mut dice, 420);
    let reversed = facts(&ledger).iter().filter(|(_, fact)| matches!(fact, Fact::Reversal(..))).count();
    assert!(reversed > 10, "{reversed} reversals");
    for nature in 0..5 {
        let far = "9999-12-31".parse().unwrap();
        let some = expected(&ledger, "1000-01-01".parse().unwrap(), far, ledger.book.seq()).values().any(|sums| sums[nature] != 0);
        assert!(some, "there is no {nature}");
    }
    shelf.take(&ledger, TaxReport::NAME, &mut dice).await;
    assert_as_the_model(&shelf, &ledger, &mut dice).await;
    assert!(shelf.assert_as_history(TaxReport::NAME).await > 100);
    assert_as_the_model(&shelf, &ledger, &mut dice).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tax_row_that_was_changed_is_found() {
    let mut shelf = Shelf::new().await;
    let mut dice = Dice(3);
    let ledger = history(&mut dice, 120);
    shelf.take(&ledger, TaxReport::NAME, &mut dice).await;
    let edits = [
        "UPDATE read.tax_report SET tax = tax + 1 WHERE side = 'sales'",
        "UPDATE read.tax_report SET functional_posted = 0 WHERE functional_posted <> 0",
        "UPDATE read.tax_report SET date = date + 1 WHERE reverses_seq IS NOT NULL",
        "UPDATE read.tax_report SET nature = 'charged' WHERE nature = 'reverse_due'",
        "DELETE FROM read.tax_report WHERE row_no = 2",
    ];
    shelf.assert_edits_are_found(TaxReport::NAME, &edits.map(|edit| ("tax_report", edit))).await;
}

/// One of each kind, to the cent.
#[tokio::test(flavor = "multi_thread")]
async fn each_kind_of_tax_has_its_column() {
    let mut ledger = check(
        "org USD required
         open ar asset
         open ap liability
         open vat liability
         open kept asset
         open sales revenue
         open cost expense
         control ar receivable
         control ap payable
         party A customer
         party B vendor
         rate EUR USD 1.5 2026-01-01
         tax S: VAT 20 vat box=1
         tax W: VAT 20 vat box=1 | INCOME 15 kept withheld box=9
         tax P: VAT 20 vat box=4 recoverable=50
         tax R: VAT 20 vat reverse=vat recoverable=50 box=8
         invoice A 2026-01-10: sales 100 tax S | sales 100 tax W
         invoice A 2026-01-11 cur=EUR: sales 10 tax S
         bill B 2026-01-12 no=1: cost 100 tax P
         bill B 2026-01-13 no=2: cost 100 tax R
         invoice A 2026-01-14: sales 100 tax R
         credit A 2026-02-03 against=INV-1: sales 50 tax S
         reverse document 2026-02-20
         invoice A 2026-02-10: sales 7 tax S",
    );
    let mut shelf = Shelf::new().await;
    attempt(&mut ledger, "reverse document 2026-03-01").unwrap();
    shelf.take(&ledger, TaxReport::NAME, &mut Dice(1)).await;
    let rows = |by, to: &str| {
        let query = TaxQuery { from: "2026-01-01".parse().unwrap(), to: to.parse().unwrap(), point: Point::Latest, by };
        let org = shelf.org.clone();
        async move {
            let rows = tax(&org, &query).await.unwrap().rows;
            let line = |row: TaxLine| {
                let a = row.amounts;
                let name = format!("{} {}", row.code.unwrap_or_default(), row.component.unwrap_or_default());
                let side = if row.purchases { "purchases" } else { "sales" };
                let month = row.month.map(|month| format!("{} ", month.format("%m"))).unwrap_or_default();
                let amounts = [a.base, a.tax, a.recoverable, a.not_recoverable, a.withheld, a.reverse_charge, a.payable];
                let amounts = amounts.map(|amount| amount.normalize().to_string()).join(" ");
                format!(
                    "{month}{side} {} [{}] {}: {amounts} | {}",
                    name.trim(),
                    row.report_box,
                    row.currency,
                    row.functional.payable.normalize()
                )
            };
            rows.into_iter().map(line).collect::<Vec<_>>()
        }
    };
    assert_eq!(
        rows(TaxBy::Code, "2026-01-31").await,
        [
            "sales R VAT [8] USD: 100 0 0 0 0 0 0 | 0",
            "sales S VAT [1] EUR: 10 2 0 0 0 0 2 | 3",
            "sales S VAT [1] USD: 100 20 0 0 0 0 20 | 20",
            "sales W INCOME [9] USD: 100 0 0 0 15 0 -15 | -15",
            "sales W VAT [1] USD: 100 20 0 0 0 0 20 | 20",
            "purchases P VAT [4] USD: 100 20 10 10 0 0 -10 | -10",
            "purchases R VAT [8] USD: 100 20 10 10 0 20 10 | 10",
        ]
    );
    assert_eq!(
        rows(TaxBy::Box, "2026-01-31").await[..3],
        ["sales  [1] EUR: 10 2 0 0 0 0 2 | 3", "sales  [1] USD: 200 40 0 0 0 0 40 | 40", "sales  [8] USD: 100 0 0 0 0 0 0 | 0",]
    );
    let by_month = rows(TaxBy::Month, "2026-12-31").await;
    let later: Vec<&String> = by_month.iter().filter(|row| !row.starts_with("01")).collect();
    assert_eq!(later, ["02 sales S VAT [1] USD: 7 1.4 0 0 0 0 1.4 | 1.4", "03 sales S VAT [1] USD: -7 -1.4 0 0 0 0 -1.4 | -1.4"]);
    let by_document = rows(TaxBy::Document, "2026-12-31").await;
    assert!(by_document.contains(&"sales S VAT [1] USD: -50 -10 0 0 0 0 -10 | -10".to_owned()), "the credit note: {by_document:?}");
    assert!(by_document.contains(&"sales S VAT [1] USD: 50 10 0 0 0 0 10 | 10".to_owned()), "its reversal: {by_document:?}");
}
