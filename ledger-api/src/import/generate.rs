//! Synthetic journals for benches: the same bytes from the same seed, of any length, without holding them.
//!
//! About sixty accounts of a trading company, entries of two to four lines, dates over two years in order, one or
//! three currencies. No randomness but the seed's.

use std::io::{self, BufWriter, Write};

use chrono::{Datelike, Days, NaiveDate};

/// What to generate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Plan {
    /// Entries.
    pub entries: u64,
    /// The same seed gives the same bytes.
    pub seed: u64,
    /// USD alone, or EUR and GBP beside it.
    pub currencies: Currencies,
    /// Lines of each entry.
    pub lines: Lines,
}

/// Currencies of the entries; one entry is in one of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Currencies {
    /// USD.
    #[default]
    One,
    /// USD mostly, EUR and GBP with their rates to USD.
    Three,
}

/// Lines of an entry.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Lines {
    /// Always two.
    Two,
    /// Mostly two, some three or four.
    #[default]
    Mixed,
}

/// Code and name of each account; the name is its place in a plain-text ledger.
pub const ACCOUNTS: [(&str, &str); 60] = [
    ("1000", "Assets:Cash"),
    ("1010", "Assets:Bank:Operating"),
    ("1020", "Assets:Bank:Payroll"),
    ("1030", "Assets:Bank:Savings"),
    ("1040", "Assets:Bank:Euro"),
    ("1050", "Assets:Bank:Sterling"),
    ("1100", "Assets:Receivable:Trade"),
    ("1110", "Assets:Receivable:Other"),
    ("1200", "Assets:Inventory:Goods"),
    ("1210", "Assets:Inventory:Packaging"),
    ("1300", "Assets:Prepaid:Insurance"),
    ("1310", "Assets:Prepaid:Rent"),
    ("1400", "Assets:Input Tax"),
    ("1500", "Assets:Fixed:Vehicles"),
    ("1510", "Assets:Fixed:Equipment"),
    ("1520", "Assets:Fixed:Furniture"),
    ("1600", "Assets:Deposits"),
    ("2000", "Liabilities:Payable:Trade"),
    ("2010", "Liabilities:Payable:Other"),
    ("2100", "Liabilities:Accrued:Payroll"),
    ("2110", "Liabilities:Accrued:Interest"),
    ("2200", "Liabilities:Sales Tax"),
    ("2210", "Liabilities:Payroll Tax"),
    ("2300", "Liabilities:Deferred Revenue"),
    ("2400", "Liabilities:Credit Card"),
    ("2500", "Liabilities:Loan:Bank"),
    ("2510", "Liabilities:Loan:Vehicle"),
    ("3000", "Equity:Capital"),
    ("3100", "Equity:Drawings"),
    ("3200", "Equity:Opening"),
    ("4000", "Revenue:Sales:Wholesale"),
    ("4010", "Revenue:Sales:Retail"),
    ("4020", "Revenue:Sales:Online"),
    ("4100", "Revenue:Service"),
    ("4200", "Revenue:Freight"),
    ("4300", "Revenue:Interest"),
    ("4900", "Revenue:Returns"),
    ("5000", "Expenses:Cost of Goods"),
    ("5010", "Expenses:Freight In"),
    ("5020", "Expenses:Customs"),
    ("6000", "Expenses:Salaries"),
    ("6010", "Expenses:Payroll Tax"),
    ("6020", "Expenses:Benefits"),
    ("6100", "Expenses:Marketing:Ads"),
    ("6110", "Expenses:Marketing:Fairs"),
    ("6200", "Expenses:Rent"),
    ("6210", "Expenses:Utilities"),
    ("6220", "Expenses:Repairs"),
    ("6300", "Expenses:Software"),
    ("6310", "Expenses:Telephone"),
    ("6400", "Expenses:Travel"),
    ("6410", "Expenses:Vehicle"),
    ("6500", "Expenses:Professional Fees"),
    ("6510", "Expenses:Audit"),
    ("6600", "Expenses:Depreciation"),
    ("6700", "Expenses:Insurance"),
    ("6800", "Expenses:Bank Fees"),
    ("6810", "Expenses:Interest"),
    ("6900", "Expenses:Bad Debt"),
    ("6990", "Expenses:Other"),
];

/// What happens in the company: description, accounts debited and credited (positions in [`ACCOUNTS`]), where a
/// third and a fourth line go.
const EVENTS: [(&str, usize, usize, usize); 12] = [
    ("Sale on account", 6, 30, 21),
    ("Retail sale", 0, 31, 21),
    ("Online sale", 1, 32, 21),
    ("Customer payment", 1, 6, 56),
    ("Goods received", 8, 17, 12),
    ("Vendor payment", 17, 1, 56),
    ("Cost of goods sold", 37, 8, 38),
    ("Salaries", 40, 2, 22),
    ("Rent", 45, 1, 46),
    ("Software subscription", 48, 24, 12),
    ("Travel", 50, 24, 51),
    ("Freight", 38, 17, 39),
];

/// Writes the journal as CSV: `entry,date,account,debit,credit,currency,rate,description` (no rate with one
/// currency).
///
/// # Errors
/// What the writer says.
pub fn csv(plan: &Plan, out: impl Write) -> io::Result<()> {
    let mut out = BufWriter::with_capacity(1 << 20, out);
    let three = plan.currencies == Currencies::Three;
    writeln!(out, "entry,date,account,debit,credit,currency,{}description", if three { "rate," } else { "" })?;
    let mut day = Day::default();
    for entry in Entries::new(plan) {
        let date = day.text(entry.date);
        for (account, units) in entry.lines() {
            let (code, _) = ACCOUNTS[*account];
            write!(out, "JE{:08},{date},{code},", entry.number)?;
            if *units >= 0 {
                write!(out, "{},,", Cents(*units))?;
            } else {
                write!(out, ",{},", Cents(-*units))?;
            }
            writeln!(out, "{},{}{}", entry.currency, if three { entry.rate_cell() } else { "" }, entry.description)?;
        }
    }
    out.flush()
}

/// Writes the journal as hledger and Ledger read it; with three currencies every month begins
/// with their prices.
///
/// # Errors
/// What the writer says.
pub fn hledger(plan: &Plan, out: impl Write) -> io::Result<()> {
    let mut out = BufWriter::with_capacity(1 << 20, out);
    writeln!(out, "commodity 1000.00 USD")?;
    if plan.currencies == Currencies::Three {
        writeln!(out, "commodity 1000.00 EUR\ncommodity 1000.00 GBP")?;
    }
    let mut day = Day::default();
    let mut month = None;
    for entry in Entries::new(plan) {
        let of_entry = Some((entry.date.year(), entry.date.month()));
        if plan.currencies == Currencies::Three && month != of_entry {
            month = of_entry;
            let date = day.text(entry.date);
            writeln!(out, "\nP {date} EUR 1.0850000000 USD\nP {date} GBP 1.2700000000 USD")?;
        }
        writeln!(out, "\n{} (JE{:08}) {}", day.text(entry.date), entry.number, entry.description)?;
        for (account, units) in entry.lines() {
            let sign = if *units < 0 { "-" } else { "" };
            writeln!(out, "    {}  {sign}{} {}", ACCOUNTS[*account].1, Cents(units.abs()), entry.currency)?;
        }
    }
    out.flush()
}

/// Writes the chart of accounts of the generated journals as CSV: `account,name,type`.
///
/// # Errors
/// What the writer says.
pub fn chart(mut out: impl Write) -> io::Result<()> {
    writeln!(out, "account,name,type")?;
    for (code, name) in ACCOUNTS {
        let kind = match code.as_bytes().first() {
            Some(b'1') => "asset",
            Some(b'2') => "liability",
            Some(b'3') => "equity",
            Some(b'4') => "revenue",
            _ => "expense",
        };
        writeln!(out, "{code},{name},{kind}")?;
    }
    Ok(())
}

const DAYS: u64 = 731;

struct Cents(i64);

impl std::fmt::Display for Cents {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{:02}", self.0 / 100, self.0 % 100)
    }
}

/// The text of the day last asked for: entries come in the order of their dates.
#[derive(Default)]
struct Day {
    date: NaiveDate,
    text: String,
}

impl Day {
    fn text(&mut self, date: NaiveDate) -> &str {
        if self.text.is_empty() || self.date != date {
            (self.date, self.text) = (date, date.to_string());
        }
        &self.text
    }
}

struct Generated {
    number: u64,
    date: NaiveDate,
    description: &'static str,
    currency: &'static str,
    lines: [(usize, i64); 4],
    count: usize,
}

impl Generated {
    fn lines(&self) -> &[(usize, i64)] {
        self.lines.get(..self.count).unwrap_or_default()
    }

    fn rate_cell(&self) -> &'static str {
        match self.currency {
            "EUR" => "1.0850000000,",
            "GBP" => "1.2700000000,",
            _ => ",",
        }
    }
}

struct Entries {
    plan: Plan,
    number: u64,
    random: SplitMix,
}

impl Entries {
    fn new(plan: &Plan) -> Self {
        Self { plan: *plan, number: 0, random: SplitMix(plan.seed) }
    }

    fn cents(&mut self) -> i64 {
        let digits = 3 + self.random.below(5);
        i64::try_from(100 + self.random.below(10_u64.pow(u32::try_from(digits).unwrap_or(3)))).unwrap_or(100)
    }
}

impl Iterator for Entries {
    type Item = Generated;

    fn next(&mut self) -> Option<Generated> {
        if self.number >= self.plan.entries {
            return None;
        }
        let offset = u128::from(self.number) * u128::from(DAYS) / u128::from(self.plan.entries.max(1));
        let first = NaiveDate::from_ymd_opt(2024, 1, 1)?;
        let date = first.checked_add_days(Days::new(u64::try_from(offset).unwrap_or(0)))?;
        self.number += 1;
        let chance = usize::try_from(self.random.below(1 << 16)).unwrap_or(0);
        let (description, debit, credit, third) = EVENTS[chance % EVENTS.len()];
        let currency = match (self.plan.currencies, self.random.below(10)) {
            (Currencies::Three, 0 | 1) => "EUR",
            (Currencies::Three, 2) => "GBP",
            _ => "USD",
        };
        let amount = self.cents();
        let count = match (self.plan.lines, self.random.below(10)) {
            (Lines::Mixed, 0) => 4,
            (Lines::Mixed, 1 | 2) => 3,
            _ => 2,
        };
        let (part, rest) = (amount / 5, amount / 20);
        let lines = match count {
            2 => [(debit, amount), (credit, -amount), (0, 0), (0, 0)],
            3 => [(debit, amount), (credit, part - amount), (third, -part), (0, 0)],
            _ => [(debit, amount), (credit, part + rest - amount), (third, -part), (59, -rest)],
        };
        Some(Generated { number: self.number, date, description, currency, lines, count })
    }
}

/// SplitMix64: small, and good enough for amounts that nobody bets on.
struct SplitMix(u64);

impl SplitMix {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % bound.max(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::import::source::{Collected, Item};
    use crate::import::tabular::Options;

    #[test]
    fn generated_journals_balance_and_repeat() {
        for (currencies, lines) in [(Currencies::One, Lines::Two), (Currencies::Three, Lines::Mixed)] {
            let plan = Plan { entries: 500, seed: 7, currencies, lines };
            let (mut first, mut second) = (Vec::new(), Vec::new());
            csv(&plan, &mut first).unwrap();
            csv(&plan, &mut second).unwrap();
            assert_eq!(first, second);
            let options = Options { functional_currency: Some("USD".into()), ..Options::default() };
            let mut sink = Collected::default();
            let notes = crate::import::csv::read(Box::new(io::Cursor::new(first)), "g".into(), &options, &mut sink).unwrap();
            assert_eq!(sink.errors, []);
            let entries: Vec<_> =
                sink.items.iter().filter_map(|item| if let Item::Entry(entry) = item { Some(entry) } else { None }).collect();
            assert_eq!(entries.len(), 500);
            for entry in entries {
                let sum: rust_decimal::Decimal = entry.draft.lines.iter().map(|line| line.amount).sum();
                assert!(sum.is_zero(), "{:?}", entry.draft);
            }
            let totals = notes.totals.unwrap();
            assert_eq!(totals.first_date.unwrap().to_string(), "2024-01-01");
            assert_eq!(totals.last_date.unwrap().to_string(), "2025-12-30");
        }
    }
}
