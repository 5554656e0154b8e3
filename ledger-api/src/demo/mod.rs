//! A wholesale distributor that never was: two years of its books, the same for the same seed, whatever the
//! machine. It sells six product lines to customers in three currencies, pays its people, taxes and loans, makes
//! mistakes and mends them.
//!
//! Here is what happened in the company, as files that the importers read and as follow-ups for the writer. What
//! is done with them, and what it looks like on a screen, is `cli::demo`.

mod act;
mod chart;
mod company;
mod dice;
mod entry;
mod people;
mod rates;
mod routine;
mod trade;

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use chrono::NaiveDate;
use ledger_core::Activity;
use ledger_core::subledger::Side;
use rust_decimal::Decimal;

pub use act::{Act, Document, DocumentLine, Payment};
pub use entry::{Currency, Entry, HEADER, Line};
pub use people::Contact;

use company::{Company, LAST};
use people::People;
use rates::Rates;

/// Fewest entries that two years need.
pub const ENTRIES_MIN: u64 = 2_000;
/// Most that are generated: they are many small sales then.
pub const ENTRIES_MAX: u64 = 5_000_000;

/// Which company.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Plan {
    /// At least so many entries, from [`ENTRIES_MIN`]. The company's size stays the same: more entries are smaller ones.
    pub entries: u64,
    /// The same seed gives the same books.
    pub seed: u64,
}

/// What the company finds out after the fact.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Followup {
    /// An entry that must not stand.
    Reverse {
        /// Its number.
        id: String,
        /// Why.
        reason: String,
        /// Found only after its period was closed.
        late: bool,
    },
    /// An entry in whose place another belongs.
    Correct {
        /// Its number.
        id: String,
        /// Why.
        reason: String,
        /// The other.
        replacement: Entry,
    },
    /// An invoice that will not be paid.
    WriteOff {
        /// The customer's code.
        party: String,
        /// Its number.
        document: String,
        /// When it is given up.
        date: NaiveDate,
    },
}

/// The files of a company.
#[derive(Clone, Debug)]
pub struct Files {
    /// Its chart of accounts, as CSV.
    pub chart: PathBuf,
    /// Its rates, as a journal of price directives.
    pub rates: PathBuf,
    /// Its journal, as CSV.
    pub journal: PathBuf,
    /// Its invoices with their credit notes, and its bills.
    pub documents: [PathBuf; 2],
    /// What it received and what it paid.
    pub payments: [PathBuf; 2],
    /// Accounts in the chart.
    pub accounts: u64,
    /// Quotes among the rates.
    pub quotes: u64,
    /// Entries, documents and payments in all.
    pub entries: u64,
    /// What remains to be done when they are in.
    pub followups: Vec<Followup>,
}

/// Accounts that the books have to know a role of.
#[derive(Clone, Copy, Debug)]
pub struct Roles {
    /// Receivables: a control account.
    pub receivables: &'static str,
    /// Payables: another.
    pub payables: &'static str,
    /// The operating account.
    pub bank: &'static str,
    /// Code of the sales tax, its percentage, and the account where it waits.
    pub tax: (&'static str, Decimal, &'static str),
    /// Where losses on claims go.
    pub losses: &'static str,
    /// Where profit goes when a year is closed.
    pub retained: &'static str,
    /// What commissions cost, and where they wait to be paid out.
    pub commission: (&'static str, &'static str),
}

/// The roles of the company's accounts.
#[must_use]
pub fn roles() -> Roles {
    Roles {
        receivables: act::RECEIVABLES,
        payables: act::PAYABLES,
        bank: trade::bank(Currency::Usd),
        tax: (act::TAX_CODE, Decimal::new(act::SALES_TAX, 2), act::TAX_OWED),
        losses: "6470",
        retained: "3020",
        commission: ("6340", "2030"),
    }
}

/// What movements of accounts count as in a cash-flow statement, where their sub-types do not say it.
pub fn activities() -> impl Iterator<Item = (&'static str, Activity)> {
    let operating = ["2020", "2030"].map(|card_and_commissions| (card_and_commissions, Activity::Operating));
    let financing = ["2310", "2320", "3010", "3030"].map(|lenders_and_owners| (lenders_and_owners, Activity::Financing));
    operating.into_iter().chain(financing)
}

/// The bank account of each currency.
#[must_use]
pub fn banks() -> [(Currency, &'static str); 3] {
    [Currency::Usd, Currency::Eur, Currency::Gbp].map(|currency| (currency, trade::bank(currency)))
}

/// Who earns commission: by which plan, the seller's code, the customer's code.
#[must_use]
pub fn earners() -> Vec<(&'static str, &'static str, String)> {
    let people = People::new();
    let of = |home: bool| people.customers.iter().filter(move |party| (party.currency == Currency::Usd) == home).map(|party| &party.code);
    let key = of(true).take(4).map(|customer| (KEY_ACCOUNTS, "A-01", customer.clone()));
    let abroad = of(false).take(6).map(|customer| (EXPORT, "A-02", customer.clone()));
    key.chain(abroad).collect()
}

/// The plan for key accounts: by what they are invoiced in a year, more of all of it from a sum on.
pub const KEY_ACCOUNTS: &str = "KEY";
/// The plan for export: a part of what customers pay.
pub const EXPORT: &str = "EXPORT";

/// Everybody the company deals with.
#[must_use]
pub fn contacts() -> Vec<Contact> {
    People::new().contacts()
}

/// What a currency is worth in USD on a day.
#[must_use]
pub fn rate_on(plan: &Plan, currency: Currency, date: NaiveDate) -> Decimal {
    Rates::new(plan.seed, LAST).rate(currency, date)
}

/// Everything a company does, in the order of its days.
pub fn acts(plan: &Plan, mut out: impl FnMut(&Act)) -> (u64, Vec<Followup>) {
    let (rates, people) = (Rates::new(plan.seed, LAST), People::new());
    let sales = sales_for(plan, &rates, &people);
    Company::run(plan, sales, &rates, &people, &mut out)
}

/// How many sales give the entries asked for: a guess, and then a trial run for each correction.
fn sales_for(plan: &Plan, rates: &Rates, people: &People) -> i64 {
    let wanted = plan.entries.clamp(ENTRIES_MIN, ENTRIES_MAX);
    let mut sales = i64::try_from(wanted.saturating_sub(1_600) / 4).unwrap_or(0).max(60);
    loop {
        let (found, _) = Company::run(plan, sales, rates, people, &mut |_| ());
        if found >= wanted {
            return sales;
        }
        sales += i64::try_from((wanted - found) / 4).unwrap_or(0) + 4;
    }
}

/// Writes the files of a company into a folder.
///
/// # Errors
/// What the system says.
pub fn write(plan: &Plan, folder: &Path) -> io::Result<Files> {
    std::fs::create_dir_all(folder)?;
    let (chart, accounts) = chart::csv();
    let (rates, quotes) = Rates::new(plan.seed, LAST).journal();
    let path = |name: &str| folder.join(name);
    std::fs::write(path("chart.csv"), chart)?;
    std::fs::write(path("rates.journal"), rates)?;
    let mut pages = [
        Page::open(&path("journal.csv"), HEADER)?,
        Page::open(&path("invoices.csv"), act::DOCUMENT_HEADER)?,
        Page::open(&path("bills.csv"), act::DOCUMENT_HEADER)?,
        Page::open(&path("receipts.csv"), act::PAYMENT_HEADER)?,
        Page::open(&path("payments.csv"), act::PAYMENT_HEADER)?,
    ];
    let (entries, followups) = acts(plan, |act| {
        let page = match act {
            Act::Entry(_) => 0,
            Act::Document(Document { side: Side::Receivable, .. }) => 1,
            Act::Document(_) => 2,
            Act::Payment(Payment { side: Side::Receivable, .. }) => 3,
            Act::Payment(_) => 4,
        };
        pages[page].add(act);
    });
    for page in pages {
        page.close()?;
    }
    Ok(Files {
        chart: path("chart.csv"),
        rates: path("rates.journal"),
        journal: path("journal.csv"),
        documents: [path("invoices.csv"), path("bills.csv")],
        payments: [path("receipts.csv"), path("payments.csv")],
        accounts,
        quotes,
        entries,
        followups,
    })
}

/// A file that is being written; the first failure is kept until it is closed.
struct Page {
    out: BufWriter<File>,
    rows: String,
    failed: io::Result<()>,
}

impl Page {
    fn open(path: &Path, header: &str) -> io::Result<Self> {
        let mut out = BufWriter::with_capacity(1 << 17, File::create(path)?);
        writeln!(out, "{header}")?;
        Ok(Self { out, rows: String::new(), failed: Ok(()) })
    }

    fn add(&mut self, act: &Act) {
        self.rows.clear();
        match act {
            Act::Entry(entry) => entry.write_csv(&mut self.rows),
            Act::Document(document) => document.write_csv(&mut self.rows),
            Act::Payment(payment) => payment.write_csv(&mut self.rows),
        }
        if self.failed.is_ok() {
            self.failed = self.out.write_all(self.rows.as_bytes());
        }
    }

    fn close(mut self) -> io::Result<()> {
        self.failed?;
        self.out.flush()
    }
}

#[cfg(test)]
mod tests;
