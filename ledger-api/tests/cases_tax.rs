//! Tax and schedules restated from other systems' tests (`tax_rounding_expected.csv`, `deferral_expected.csv`): real
//! documents are posted, the read models answer, and every row of the files is compared.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod books;
mod desk;

use books::{cases, shelf};
use desk::{Desk, day, dec};
use ledger_core::command::{DefineTaxCode, DraftDeferral, DraftDocument, DraftDocumentLine, DraftTaxComponent, DraftValue, OpenAccount};
use ledger_core::subledger::{DeferralMethod, DocumentKind, TaxRounding};
use ledger_core::{AccountType, Command};
use ledger_projections::catch_up;
use ledger_projections::reports::{DeferralAmounts, DeferralBy, DeferralQuery, Point, TaxBy, TaxLine, TaxQuery, deferrals, tax};
use rust_decimal::Decimal;

const DAY: &str = "2026-03-10";

/// Quantity and unit price of each line, discounts taken off, and the currency.
fn case_lines(case: &str) -> (&'static [(&'static str, &'static str)], &'static str) {
    match case {
        "T1" => (&[("16", "334.416")], "EUR"), // 348.35 less 4 %
        "T2" => (&[("1", "36.856"), ("1", "9.21")], "EUR"),
        "T3" => (&[("1", "11.90"), ("1", "2.80")], "EUR"),
        "T4" => (&[("10", "3.60")], "EUR"),
        "T5" => (&[("1", "12345")], "JPY"),
        "T6" => (&[("1", "10.00"), ("1", "10.00"), ("1", "10.00")], "EUR"),
        other => panic!("case {other:?} is new: say what its lines are"),
    }
}

async fn read_tax(desk: &Desk, by: TaxBy) -> Vec<TaxLine> {
    catch_up(&desk.org, |_| ()).await.unwrap();
    let (from, to) = (day("2026-01-01"), day("2026-12-31"));
    tax(&desk.org, &TaxQuery { from, to, point: Point::Latest, by }).await.unwrap().rows
}

#[tokio::test(flavor = "multi_thread")]
async fn tax_is_rounded_as_other_systems_expect() {
    let Some(rows) = cases("tax_rounding_expected.csv") else { return };
    let shelf = shelf().await;
    let desk = Desk::begin(&shelf, "tax", "EUR").await;
    desk.submit(Command::OpenAccount(OpenAccount::new("vat", AccountType::Liability))).await;
    let mut compared = 0;
    for row in &rows {
        let [case, _, _, rate, inclusive, per_line, per_document, total_line, total_document, ..] = &row[..] else { panic!("{row:?}") };
        let components = vec![DraftTaxComponent::new("VAT", dec(rate.trim_end_matches('%')), "vat")];
        let (code, name) = (case.as_str().into(), "".into());
        desk.submit(Command::DefineTaxCode(Box::new(DefineTaxCode { code, name, components }))).await;
        let (lines, currency) = case_lines(case);
        for (per, expected, total) in
            [(TaxRounding::PerLine, per_line, total_line), (TaxRounding::PerDocument, per_document, total_document)]
        {
            let line = |(quantity, price): &(&str, &str)| DraftDocumentLine {
                quantity: dec(quantity),
                tax_code: Some(case.as_str().into()),
                ..DraftDocumentLine::new("sales", dec(price))
            };
            let number = format!("{case} {}", per.as_str());
            let mut draft = DraftDocument::new(DocumentKind::Invoice, "C", day(DAY), lines.iter().map(line).collect());
            (draft.number, draft.currency) = (Some(number.as_str().into()), Some(currency.into()));
            (draft.tax_rounding, draft.tax_included) = (per, inclusive == "yes");
            if currency != "EUR" {
                draft.value = DraftValue::Rate(dec("0.0054"));
            }
            desk.submit(Command::RecordDocument(Box::new(draft))).await;

            let rows = read_tax(&desk, TaxBy::Document).await;
            let rows = rows.iter().filter(|row| row.document.as_ref().is_some_and(|document| document.number == number));
            let (mut base, mut tax) = (Decimal::ZERO, Decimal::ZERO);
            for row in rows {
                assert_eq!((row.purchases, row.currency.as_str(), row.amounts.payable), (false, currency, row.amounts.tax));
                (base, tax) = (base + row.amounts.base, tax + row.amounts.tax);
            }
            let found = if expected.starts_with("net ") { base } else { tax };
            let figure = expected.trim_start_matches("net ").split(' ').next().unwrap();
            assert_eq!(found, dec(figure), "{case} per {}", per.as_str());
            if !total.is_empty() {
                assert_eq!(base + tax, dec(total), "{case} per {}", per.as_str());
            }
        }
        compared += 1;
    }
    assert_eq!(compared, rows.len());
    let by_code: Decimal = read_tax(&desk, TaxBy::Code).await.iter().map(|row| row.functional.payable).sum();
    assert_eq!(-desk.functional("vat", day("2026-12-31")).await, by_code, "the tax report is the tax account");
    println!("{compared} rows of tax agree");
}

/// First day, last day and method of a case. D1 says how many months it is; three from the first of May are over before
/// the day that its source has as the end.
fn terms(start: &str, end: &str, method: &str) -> DraftDeferral {
    let (end, method) = match method {
        "months (no_of_months=3)" => {
            assert_eq!((start, end), ("2021-05-01", "2021-08-01"));
            ("2021-07-31", DeferralMethod::Months)
        }
        "monthly pro rata temporis" => (end, DeferralMethod::MonthsInPart),
        "equal per month" => (end, DeferralMethod::Months),
        other => panic!("what is {other:?}?"),
    };
    DraftDeferral { start: day(start), end: day(end), method, account: "deferred".into() }
}

#[tokio::test(flavor = "multi_thread")]
async fn deferred_amounts_are_recognised_as_other_systems_expect() {
    let Some(rows) = cases("deferral_expected.csv") else { return };
    let shelf = shelf().await;
    let mut done: Vec<&str> = Vec::new();
    for row in &rows {
        let [case, _, amount, start, end, method, ..] = &row[..] else { panic!("{row:?}") };
        if done.contains(&case.as_str()) {
            continue;
        }
        done.push(case);
        let of_case: Vec<&Vec<String>> = rows.iter().filter(|row| row[0] == *case).collect();
        // Revenue that was invoiced ahead, and the same as an expense that was paid ahead.
        for (kind, party, account) in [(DocumentKind::Invoice, "C", "sales"), (DocumentKind::Bill, "V", "cost")] {
            let desk = Desk::begin(&shelf, &format!("{}-{account}", case.to_lowercase()), "EUR").await;
            desk.submit(Command::OpenAccount(OpenAccount::new("deferred", AccountType::Liability))).await;
            let line = DraftDocumentLine { deferral: Some(terms(start, end, method)), ..DraftDocumentLine::new(account, dec(amount)) };
            let draft = DraftDocument { number: Some("D".into()), ..DraftDocument::new(kind, party, day(start), vec![line]) };
            desk.submit(Command::RecordDocument(Box::new(draft))).await;
            let mut so_far = Decimal::ZERO;
            for row in &of_case {
                let [.., period, recognised] = row.as_slice() else { panic!("{row:?}") };
                let month = if period.len() == 2 { format!("{}-{period}", &start[..4]) } else { period.clone() };
                let last = day(&format!("{month}-01")) + chrono::Months::new(1) - chrono::Days::new(1);
                desk.submit(Command::RecogniseDeferrals { up_to: last }).await;
                so_far += dec(recognised);
                catch_up(&desk.org, |_| ()).await.unwrap();
                let query = DeferralQuery { as_of: last, point: Point::Latest, by: DeferralBy::Document, finished: true };
                let found = deferrals(&desk.org, &query).await.unwrap().rows;
                let total = dec(amount);
                let expected = DeferralAmounts { total, cancelled: Decimal::ZERO, recognised: so_far, remaining: total - so_far };
                assert_eq!(found.iter().map(|row| row.amounts).collect::<Vec<_>>(), [expected], "{row:?}");
                let by_month = deferrals(&desk.org, &DeferralQuery { by: DeferralBy::Month, ..query }).await.unwrap().rows;
                let of_month = by_month.iter().find(|found| found.month == Some(day(&format!("{month}-01"))));
                assert_eq!(of_month.map_or(Decimal::ZERO, |found| found.amounts.recognised), dec(recognised), "{row:?}");
                let sign = if account == "sales" { -Decimal::ONE } else { Decimal::ONE };
                assert_eq!(desk.functional("deferred", last).await, sign * (total - so_far), "{row:?}");
                assert_eq!(desk.functional(account, last).await, sign * so_far, "{row:?}");
            }
            assert_eq!(so_far, dec(amount), "{case}");
        }
    }
    println!("{} rows of deferred amounts agree", rows.len());
}
