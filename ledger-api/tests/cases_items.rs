//! Receivables, payables and exchange differences restated from other systems' tests (`ar_open_item_expected.csv`,
//! `fx_expected.csv`): real commands are posted, real read models answer, and every row of the files is compared.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod books;
mod desk;

use std::collections::BTreeMap;

use books::{Shelf, cases, shelf};
use chrono::{Days, NaiveDate};
use desk::{Desk, day, dec};
use ledger_core::command::{ItemRef, Settles};
use ledger_core::subledger::{DocumentKind, Side};
use rust_decimal::Decimal;

const TODAY: &str = "2026-03-10";

fn today() -> NaiveDate {
    day(TODAY)
}

/// The rows of one step of a case: the document's name in the file and what it must show.
type Rows<'a> = [&'a [String]];

/// What a document must show: invoiced, paid, credited, outstanding.
fn figures(row: &[String]) -> [Decimal; 4] {
    [6, 7, 8, 9].map(|column: usize| if row[column].is_empty() { Decimal::ZERO } else { dec(&row[column]) })
}

#[tokio::test(flavor = "multi_thread")]
async fn open_items_are_what_other_systems_expect() {
    let Some(rows) = cases("ar_open_item_expected.csv") else { return };
    let shelf = shelf().await;
    let mut by_case: BTreeMap<String, Vec<&[String]>> = BTreeMap::new();
    for row in &rows {
        by_case.entry(row[0].clone()).or_default().push(row);
    }
    let mut compared = 0;
    for (case, rows) in &by_case {
        let desk = Desk::begin(&shelf, &case.to_lowercase(), "INR").await;
        compared += open_item_case(&desk, case, rows).await;
    }
    assert_eq!(compared, rows.len(), "every row is compared");
    println!("{compared} rows of open items agree");
}

/// Plays a case and compares its rows step by step; answers how many were compared.
async fn open_item_case(desk: &Desk, case: &str, rows: &Rows<'_>) -> usize {
    let (yesterday, tomorrow) = (today() - Days::new(1), today() + Days::new(1));
    let invoice = |no: &'static str, date, amount| desk.document(DocumentKind::Invoice, no, date, amount);
    match case {
        "A1" => {
            desk.instalments("I", today(), "100", &[("30", 30), ("50", 60), ("20", 90)]).await;
            desk.agrees(&rows[..3], today()).await;
            desk.pay("P", today(), "40", Settles::ByDueDate).await;
            desk.agrees(&rows[3..5], today()).await;
            // Nothing links the credit note: it exceeds what is left.
            desk.document(DocumentKind::CreditNote, "CN", today(), "100").await;
            desk.agrees(&rows[5..], today()).await;
        }
        "A2" => {
            invoice("I", today(), "100").await;
            desk.credit("CN", "I", today(), "100").await;
            assert_eq!(desk.open(today()).await, [], "{case}");
        }
        "A3" => {
            desk.instalments("I", today(), "200", &[("60", 30), ("100", 60), ("40", 90)]).await;
            desk.pay("P", today(), "40", Settles::ByDueDate).await;
            desk.agrees(&rows[..3], today()).await;
            desk.credit("CN", "I", today(), "100").await;
            desk.agrees(&rows[3..], today()).await;
        }
        "A4" => {
            invoice("I", yesterday, "100").await;
            desk.pay("P", today(), "40", Settles::ByDueDate).await;
            desk.document(DocumentKind::CreditNote, "CN", today(), "100").await;
            desk.agrees(rows, today()).await;
        }
        "A5" => {
            desk.document(DocumentKind::Order, "SO", today(), "1000").await;
            desk.pay("P", today(), "1000", Settles::ByDueDate).await;
            desk.agrees(rows, today()).await;
        }
        "A6" => {
            invoice("I", today(), "100").await;
            desk.journal("I", today(), &[("ar", "-40"), ("cost", "40")]).await;
            desk.agrees(rows, today()).await;
        }
        "A7" => {
            desk.journal("J", today(), &[("ar", "-100"), ("sales", "100")]).await;
            desk.agrees(rows, today()).await;
        }
        "A8" => {
            invoice("I", today(), "100").await;
            desk.pay("P", tomorrow, "110", Settles::ByDueDate).await;
            desk.agrees(&rows[..1], today()).await;
            let [invoiced, paid, credited, outstanding] = figures(rows[1]);
            assert_eq!((invoiced, paid, credited), (Decimal::ZERO, Decimal::TEN, Decimal::ZERO));
            assert_eq!(desk.open(tomorrow).await, [("P".to_owned(), outstanding)], "{case}: with what came later");
        }
        "A9" => {
            invoice("I", today(), "100").await;
            desk.pay("P", today(), "99.99", Settles::ByDueDate).await;
            desk.agrees(rows, today()).await;
        }
        "A10" => {
            desk.foreign(DocumentKind::Invoice, "U", yesterday, "100 USD", "8000").await;
            invoice("I", today(), "100").await;
            let items = desk.items(Side::Receivable, today()).await;
            for (document, row) in ["U", "I"].into_iter().zip(rows) {
                let item = items.iter().find(|item| item.document == document).unwrap();
                let [invoiced, .., outstanding] = figures(row);
                assert_eq!((invoiced, outstanding), (item.open_functional, item.open_functional), "{case} {document}");
            }
            assert_eq!(items.iter().find(|item| item.document == "U").map(|item| item.open), Some(dec("100")));
        }
        "A11" => {
            desk.foreign(DocumentKind::Invoice, "U", today(), "100 USD", "8000").await;
            desk.rate("USD", "INR", "85", day("2026-03-31")).await;
            desk.revalue(day("2026-03-31")).await;
            // Beside the control account, in the functional currency only; the item stays what it is.
            let [.., outstanding] = figures(rows[0]);
            assert_eq!(desk.functional("valuation-adjustment", day("2026-03-31")).await, outstanding, "{case}");
            assert_eq!(desk.functional("ar", day("2026-03-31")).await, dec("8000"), "{case}");
            assert_eq!(desk.functional("valuation-adjustment", day("2026-04-01")).await, Decimal::ZERO, "{case}");
        }
        "A12" => {
            invoice("I1", today(), "100").await;
            desk.pay("P", today(), "100", Settles::ByDueDate).await;
            desk.credit("CN", "I1", today(), "100").await;
            invoice("I2", today(), "100").await;
            desk.allocate("CN", "I2").await;
            assert_eq!(desk.open(today()).await, [], "{case}");
        }
        "A13" => {
            invoice("I1", today(), "100").await;
            invoice("I2", today(), "100").await;
            desk.both_halves("I1", "I2", tomorrow, "50").await;
            let [_, _, _, outstanding] = figures(rows[0]);
            let both = |left: Decimal| ["I1", "I2"].map(|document| (document.to_owned(), left));
            assert_eq!(desk.open(today()).await, both(outstanding), "{case}");
            assert_eq!(desk.open(tomorrow).await, both(dec("50")), "{case}: 50 each, not 100 on one");
        }
        "A14" => {
            invoice("I1", today(), "100").await;
            invoice("I2", today(), "85").await;
            let [invoiced, .., outstanding] = figures(rows[0]);
            assert_eq!(desk.party_total(today()).await, outstanding, "{case}");
            assert_eq!(invoiced, outstanding);
        }
        other => panic!("{other} is a case that this test does not know"),
    }
    rows.len()
}

/// What a row of `fx_expected.csv` says: a cell, without the words that some have behind their number.
fn number(cell: &str) -> Option<Decimal> {
    cell.split_whitespace().next().map(dec)
}

#[tokio::test(flavor = "multi_thread")]
async fn exchange_differences_are_what_other_systems_expect() {
    let Some(rows) = cases("fx_expected.csv") else { return };
    let shelf = shelf().await;
    for row in &rows {
        exchange_case(&shelf, row).await;
    }
    assert_eq!(rows.len(), 10, "every row is compared, and this test knows these");
    println!("{} rows of exchange differences agree", rows.len());
}

/// The day of revaluation, of settlement, and one after both.
const CLOSING: &str = "2026-03-31";
const SETTLED: &str = "2026-04-15";
const LATER: &str = "2026-12-31";

async fn exchange_case(shelf: &Shelf, row: &[String]) {
    let [case, _, functional, foreign, amount, _, key_rate, settle, _, invoiced, unrealised, realised, open, open_functional, kind, _] =
        row
    else {
        panic!("a row has 16 columns: {row:?}")
    };
    let desk = Desk::begin(shelf, &case.to_lowercase(), functional).await;
    let side = if kind == "AP" { Side::Payable } else { Side::Receivable };
    let (document, control) = match side {
        Side::Receivable => (DocumentKind::Invoice, "ar"),
        Side::Payable => (DocumentKind::Bill, "ap"),
    };
    let worth = number(invoiced).unwrap();
    let money = format!("{} {foreign}", number(amount).unwrap());
    desk.foreign(document, "I", today(), &money, &worth.to_string()).await;
    let carried = desk.items(side, today()).await;
    assert_eq!(carried[0].open_functional, worth, "{case}: what the invoice is worth");

    if let Some(rate) = number(key_rate) {
        desk.rate(foreign, functional, &rate.to_string(), day(CLOSING)).await;
        desk.revalue(day(CLOSING)).await;
        let adjusted = desk.functional("valuation-adjustment", day(CLOSING)).await;
        let gained = -desk.functional("fx-gain-loss", day(CLOSING)).await;
        assert_eq!((adjusted, Some(gained)), (gained, number(unrealised)), "{case}: unrealised");
        assert_eq!(desk.functional("valuation-adjustment", day(LATER)).await, Decimal::ZERO, "{case}: it is turned back");
    }
    let settled_on = day(SETTLED);
    match case.as_str() {
        "F1" | "F4" => {} // nothing is settled
        "F3" => {
            // 95 of 100 at a value of all: nothing says what it settles.
            desk.pay_foreign(DocumentKind::PaymentIn, "P", settled_on, "95 USD", "8000", Settles::Nothing).await;
        }
        "F5" => {
            // In the books' own currency: 1620 for 1000 at 1.63. What is short becomes an item of its own, then all is settled.
            desk.pay("P", settled_on, "1620", Settles::Nothing).await;
            desk.short("SHORT", settled_on, "10").await;
            desk.allocate_between("SHORT-PAID", "I", "10", "6.13").await;
            desk.allocate_between("P", "I", "1620", "993.87").await;
        }
        "F9" => {
            // L2 of 240 at 3:1 against L1 of 120 at 2:1.
            desk.pay_foreign(DocumentKind::PaymentIn, "L1", settled_on, "120 EUR", "60", Settles::ByDueDate).await;
        }
        _ => {
            let paid = number(settle).unwrap();
            let rate = number(&row[8]).unwrap();
            let kind = if side == Side::Receivable { DocumentKind::PaymentIn } else { DocumentKind::PaymentOut };
            let value = if case == "F8" { dec("200") } else { (paid * rate).round_dp(2) };
            desk.pay_foreign(kind, "P", settled_on, &format!("{paid} {foreign}"), &value.to_string(), Settles::ByDueDate).await;
        }
    }
    let (opening, later) = (Decimal::from(i64::try_from(side.opening_sign()).unwrap()), day(LATER));
    if let Some(expected) = number(realised) {
        assert_eq!(-desk.functional("fx-gain-loss", later).await, expected, "{case}: realised, once");
    }
    let items = desk.items(side, later).await;
    let (left, left_functional) = (items.iter().map(|item| item.open), items.iter().map(|item| item.open_functional));
    let (left, left_functional): (Decimal, Decimal) = (left.sum(), left_functional.sum());
    assert_eq!(Some(left), number(open), "{case}: open in its currency");
    let adjusted = desk.functional("valuation-adjustment", day(CLOSING)).await;
    let shown = if case == "F1" { left_functional + adjusted } else { left_functional };
    assert_eq!(Some(shown), number(open_functional), "{case}: open in the functional currency");
    assert_eq!(opening * desk.functional(control, later).await, left_functional, "{case}: as the control account has it");
    if case == "F10" {
        let before = desk.items(side, settled_on - Days::new(1)).await;
        assert_eq!((before[0].open, before[0].open_functional), (dec("100"), dec("8000")), "{case}: the day before");
    }
    if case == "F3" {
        desk.journal_foreign("I", later, "-5 USD", "421.05").await;
        desk.allocate_rest("P").await;
        assert_eq!(desk.open_count(side, later).await, 0, "{case}: written off");
        assert_eq!(desk.functional(control, later).await, Decimal::ZERO);
    }
}

/// An item is named by its place as well.
#[tokio::test(flavor = "multi_thread")]
async fn an_item_may_be_named_by_its_place() {
    let shelf = shelf().await;
    let desk = Desk::begin(&shelf, "place", "USD").await;
    desk.document(DocumentKind::Invoice, "I", today(), "10").await;
    desk.pay("P", today(), "4", Settles::Nothing).await;
    let items = desk.items(Side::Receivable, today()).await;
    let id = |document: &str| {
        let item = items.iter().find(|item| item.document == document).unwrap();
        ItemRef::Id(ledger_core::subledger::ItemId { seq: item.seq, line: item.line })
    };
    desk.settle(id("P"), id("I")).await;
    assert_eq!(desk.open(today()).await, [("I".to_owned(), dec("6"))]);
}
