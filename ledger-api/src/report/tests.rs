//! Reports over small books, as they look.

use chrono::NaiveDate;
use ledger_core::{Account, AccountNo, AccountStatus, AccountType, Commodity, CommodityKind, CommodityNo, SubType, Units};

use super::balance_sheet::BalanceSheet;
use super::income_statement::IncomeStatement;
use super::trial_balance::{Show, TrialBalance};
use super::{Balance, Books, Heading, Sum};

const USD: u16 = 1;
const EUR: u16 = 2;
const HOURS: u16 = 3;

struct Row(&'static str, u16, Units, Option<Units>);

/// The chart of these tests, with numbers in the order given.
fn books() -> Books {
    let account = |no: u32, code: &str, name: &str, kind, sub_type, parent: Option<u32>| Account {
        no: AccountNo::new(no),
        code: code.into(),
        name: name.into(),
        kind,
        sub_type,
        contra: false,
        summary: false,
        parent: parent.map(AccountNo::new),
        status: AccountStatus::Open,
        conditions: Vec::new(),
        activity: None,
    };
    use AccountType::{Asset, Equity, Expense, Liability, Revenue};
    let plain = SubType::General;
    let accounts = vec![
        account(1, "1000", "Cash", Asset, SubType::Cash, None),
        account(2, "1100", "Bank", Asset, SubType::Bank, None),
        account(3, "Liabilities:Loan", "Liabilities:Loan", Liability, plain, None),
        account(4, "3000", "Capital", Equity, plain, None),
        account(5, "4000", "Sales", Revenue, plain, None),
        account(6, "5000", "Goods sold", Expense, SubType::CostOfSales, None),
        account(7, "6000", "Operating", Expense, plain, None),
        account(8, "6100", "Rent", Expense, plain, Some(7)),
        account(9, "6200", "Travel", Expense, plain, Some(7)),
        account(10, "Equity:Conversion:EUR", "Equity:Conversion:EUR", Equity, SubType::Conversion, None),
        account(11, "Equity:Conversion:USD", "Equity:Conversion:USD", Equity, SubType::Conversion, None),
        account(12, "Expenses:Food:Eating out", "Expenses:Food:Eating out", Expense, plain, None),
        account(13, "Expenses:Food:Groceries", "Expenses:Food:Groceries", Expense, plain, None),
    ];
    let commodity = |no, code: &str, scale, kind| Commodity { no: CommodityNo::new(no), code: code.into(), scale, kind, name: "".into() };
    let iso = CommodityKind::Iso4217;
    Books::new(
        accounts,
        vec![commodity(USD, "USD", 2, iso), commodity(EUR, "EUR", 2, iso), commodity(HOURS, "h", 8, CommodityKind::Custom)],
    )
}

fn balances(books: &Books, rows: &[Row]) -> Vec<Balance> {
    rows.iter()
        .map(|Row(code, currency, units, functional)| Balance {
            account: books.accounts.iter().find(|account| account.code == *code).unwrap().no,
            currency: CommodityNo::new(*currency),
            sum: Sum { units: *units, functional: functional.unwrap_or(0), lines: 1, unvalued: u64::from(functional.is_none()) },
        })
        .collect()
}

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

fn heading(from: Option<&str>, to: Option<&str>) -> Heading {
    let (from, to) = (from.map(day), to.map(day));
    Heading { slug: "acme".into(), organization: "Acme".into(), from, to, seq: 7, known_at: None, past: false }
}

const ALL_USD: [Row; 6] = [
    Row("1000", USD, 0, Some(0)),
    Row("1100", USD, 1_234_550, Some(1_234_550)),
    Row("3000", USD, -1_000_000, Some(-1_000_000)),
    Row("4000", USD, -500_000, Some(-500_000)),
    Row("5000", USD, 200_000, Some(200_000)),
    Row("6100", USD, 65_450, Some(65_450)),
];

#[test]
fn a_trial_balance_in_one_currency_is_plain() {
    let books = books();
    let report = TrialBalance::new(&books, &balances(&books, &ALL_USD), Show::Transaction);
    assert!(report.ties());
    insta::assert_snapshot!(report.table(&heading(None, Some("2025-12-31"))), @r"
    Acme: Trial balance as of 2025-12-31

     Account   Name         Debit USD   Credit USD
    ───────────────────────────────────────────────
     1000      Cash              0.00
     1100      Bank         12,345.50
     3000      Capital                   10,000.00
     4000      Sales                      5,000.00
     5000      Goods sold    2,000.00
     6100      Rent            654.50
                            ─────────   ──────────
     Total                  15,000.00    15,000.00

    Debits equal credits.
    ");
    insta::assert_snapshot!(report.csv().unwrap(), @r"
    account,name,type,currency,debit,credit,balance
    1000,Cash,asset,USD,0.00,0.00,0.00
    1100,Bank,asset,USD,12345.50,0.00,12345.50
    3000,Capital,equity,USD,0.00,10000.00,-10000.00
    4000,Sales,revenue,USD,0.00,5000.00,-5000.00
    5000,Goods sold,expense,USD,2000.00,0.00,2000.00
    6100,Rent,expense,USD,654.50,0.00,654.50
    ");
}

/// Bought 100 EUR for 110 USD, and worked 3 hours that nobody priced.
const MIXED: [Row; 6] = [
    Row("1100", USD, -11_000, Some(-11_000)),
    Row("1000", EUR, 10_000, Some(11_000)),
    Row("Equity:Conversion:USD", USD, 11_000, Some(11_000)),
    Row("Equity:Conversion:EUR", EUR, -10_000, Some(-11_000)),
    Row("4000", HOURS, -300_000_000, None),
    Row("1100", HOURS, 300_000_000, None),
];

#[test]
fn currencies_stand_apart_and_what_has_no_value_says_so() {
    let mut books = books();
    let rows = balances(&books, &MIXED);
    books.fit(&rows);
    let report = TrialBalance::new(&books, &rows, Show::Transaction);
    assert!(report.ties());
    insta::assert_snapshot!(report.table(&heading(None, None)), @r#"
    Acme: Trial balance, everything posted

     Account                   Name    Cur.    Debit   Credit   Value USD
    ──────────────────────────────────────────────────────────────────────
     1000                      Cash    EUR    100.00               110.00
     1100                      Bank    USD             110.00     -110.00
                                       h           3             no value
     4000                      Sales   h                    3    no value

     Conversion and rounding
     Equity:Conversion:EUR             EUR             100.00     -110.00
     Equity:Conversion:USD             USD    110.00               110.00
                                              ──────   ──────   ─────────
     Total                             USD    110.00   110.00        0.00
                                       EUR    100.00   100.00
                                       h           3        3

    Debits equal credits in every currency.
    What was posted without a rate has "no value".
    "#);
    insta::assert_snapshot!(report.csv().unwrap(), @r"
    account,name,type,currency,debit,credit,balance
    1000,Cash,asset,EUR,100.00,0.00,100.00
    1100,Bank,asset,USD,0.00,110.00,-110.00
    1100,Bank,asset,h,3.00000000,0.00000000,3.00000000
    4000,Sales,revenue,h,0.00000000,3.00000000,-3.00000000
    Equity:Conversion:EUR,Equity:Conversion:EUR,equity,EUR,0.00,100.00,-100.00
    Equity:Conversion:USD,Equity:Conversion:USD,equity,USD,110.00,0.00,110.00
    ");
    let valued = TrialBalance::new(&books, &rows, Show::Functional);
    insta::assert_snapshot!(valued.csv().unwrap(), @r"
    account,name,type,currency,debit,credit,balance
    1000,Cash,asset,USD,110.00,0.00,110.00
    1100,Bank,asset,USD,0.00,110.00,-110.00
    4000,Sales,revenue,USD,0.00,0.00,0.00
    Equity:Conversion:EUR,Equity:Conversion:EUR,equity,USD,0.00,110.00,-110.00
    Equity:Conversion:USD,Equity:Conversion:USD,equity,USD,110.00,0.00,110.00
    ");
}

#[test]
fn a_trial_balance_that_does_not_tie_says_so() {
    let books = books();
    let report = TrialBalance::new(&books, &balances(&books, &ALL_USD[..5]), Show::Transaction);
    assert!(!report.ties());
    assert!(report.table(&heading(None, None)).contains("DEBITS AND CREDITS DIFFER"));
    assert_eq!(report.json(&heading(None, None))["in_balance"], false);
}

#[test]
fn profits_of_earlier_years_are_retained_earnings() {
    let books = books();
    let before = balances(
        &books,
        &[
            Row("1100", USD, 1_150_000, Some(1_150_000)),
            Row("3000", USD, -1_000_000, Some(-1_000_000)),
            Row("4000", USD, -300_000, Some(-300_000)),
            Row("5000", USD, 150_000, Some(150_000)),
        ],
    );
    let report = BalanceSheet::new(&books, &balances(&books, &ALL_USD), &before, day("2025-01-01"));
    assert!(report.ties());
    insta::assert_snapshot!(report.table(&heading(None, Some("2025-12-31")), None), @r"
    Acme: Balance sheet as of 2025-12-31

                                                   USD
    ───────────────────────────────────────────────────
     Assets
       1100 Bank                             12,345.50
                                             ─────────
     Total assets                            12,345.50

     Liabilities
     Total liabilities                            0.00

     Equity
       3000 Capital                          10,000.00
       Retained earnings before 2025-01-01    1,500.00
       Result since 2025-01-01                  845.50
                                             ─────────
     Total equity                            12,345.50

     Total liabilities and equity            12,345.50

    Assets equal liabilities and equity.
    ");
    insta::assert_snapshot!(report.csv().unwrap(), @r"
    section,account,name,currency,amount,value
    assets,1000,Cash,USD,0.00,0.00
    assets,1100,Bank,USD,12345.50,12345.50
    equity,3000,Capital,USD,10000.00,10000.00
    equity,,Retained earnings before 2025-01-01,USD,1500.00,1500.00
    equity,,Result since 2025-01-01,USD,845.50,845.50
    ");
}

#[test]
fn an_explicit_closing_leaves_nothing_to_retain() {
    let books = books();
    let closed = balances(
        &books,
        &[
            Row("1100", USD, 1_150_000, Some(1_150_000)),
            Row("3000", USD, -1_150_000, Some(-1_150_000)),
            Row("4000", USD, 0, Some(0)),
            Row("5000", USD, 0, Some(0)),
        ],
    );
    let report = BalanceSheet::new(&books, &closed, &closed, day("2026-01-01"));
    assert!(report.ties());
    let csv = report.csv().unwrap();
    assert!(!csv.contains("Retained") && !csv.contains("Result"), "{csv}");
}

#[test]
fn a_balance_sheet_ties_in_every_currency() {
    let mut books = books();
    let rows = balances(&books, &MIXED);
    books.fit(&rows);
    let report = BalanceSheet::new(&books, &rows, &[], day("2025-01-01"));
    assert!(report.ties());
    insta::assert_snapshot!(report.table(&heading(None, Some("2025-12-31")), None), @r#"
    Acme: Balance sheet as of 2025-12-31

                                                Cur.    Amount   Value USD
    ───────────────────────────────────────────────────────────────────────
     Assets
       1000 Cash                                EUR     100.00      110.00
       1100 Bank                                USD    -110.00     -110.00
                                                h            3    no value
                                                       ───────   ─────────
     Total assets                                                     0.00
                                                h            3    no value

     Liabilities
     Total liabilities                                                0.00

     Equity
       Retained earnings before 2025-01-01                            0.00
       Result since 2025-01-01                  h            3    no value
       Currency conversion and rounding
         Equity:Conversion:EUR                  EUR     100.00      110.00
         Equity:Conversion:USD                  USD    -110.00     -110.00
       Total Currency conversion and rounding                         0.00
                                                       ───────   ─────────
     Total equity                                                     0.00
                                                h            3    no value

     Total liabilities and equity                                     0.00
                                                h            3    no value

    What was posted without a rate has "no value" and stands below each total in its own commodity.

    Assets equal liabilities and equity in every currency and in value.
    "#);
    // One currency that ties in value is not enough.
    let broken = BalanceSheet::new(&books, &rows[..3], &[], day("2025-01-01"));
    assert!(!broken.ties());
}

#[test]
fn an_income_statement_follows_the_chart() {
    let books = books();
    let moved = balances(
        &books,
        &[
            Row("4000", USD, -500_000, Some(-500_000)),
            Row("5000", USD, 200_000, Some(200_000)),
            Row("6100", USD, 65_450, Some(65_450)),
            Row("6200", USD, 1_000, Some(1_000)),
            Row("Expenses:Food:Eating out", USD, 2_500, Some(2_500)),
            Row("Expenses:Food:Groceries", USD, 7_500, Some(7_500)),
        ],
    );
    let report = IncomeStatement::new(&books, &moved);
    insta::assert_snapshot!(report.table(&heading(Some("2025-01-01"), Some("2025-12-31")), None), @r"
    Acme: Income statement from 2025-01-01 to 2025-12-31

                                   USD
    ───────────────────────────────────
     Revenue
       4000 Sales             5,000.00
                              ────────
     Total revenue            5,000.00

     Cost of sales
       5000 Goods sold        2,000.00
                              ────────
     Total cost of sales      2,000.00

     Gross profit             3,000.00

     Expenses
       6000 Operating
         6100 Rent              654.50
         6200 Travel             10.00
       Total 6000 Operating     664.50
       Expenses:Food
         Eating out              25.00
         Groceries               75.00
       Total Expenses:Food      100.00
                              ────────
     Total expenses             764.50

     Net income               2,235.50
    ");
    insta::assert_snapshot!(report.table(&heading(Some("2025-01-01"), Some("2025-12-31")), Some(1)), @r"
    Acme: Income statement from 2025-01-01 to 2025-12-31

                                USD
    ────────────────────────────────
     Revenue
       4000 Sales          5,000.00
                           ────────
     Total revenue         5,000.00

     Cost of sales
       5000 Goods sold     2,000.00
                           ────────
     Total cost of sales   2,000.00

     Gross profit          3,000.00

     Expenses
       6000 Operating        664.50
       Expenses:Food         100.00
                           ────────
     Total expenses          764.50

     Net income            2,235.50
    ");
}
