//! A wholesale distributor that never was: two years of its books, the same for the same seed, whatever the
//! machine. It sells six product lines to customers in three currencies, pays its people, taxes and loans, makes
//! mistakes and mends them.
//!
//! Here is what happened in the company, as files that the importers read and as follow-ups for the writer. What
//! is done with them, and what it looks like on a screen, is `cli::demo`.

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

pub use entry::{Currency, Entry, HEADER, Line};

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
    /// Accounts in the chart.
    pub accounts: u64,
    /// Quotes among the rates.
    pub quotes: u64,
    /// Entries in the journal.
    pub entries: u64,
    /// What remains to be done when they are in.
    pub followups: Vec<Followup>,
}

/// Every entry of a company, in the order of its days.
pub fn entries(plan: &Plan, mut out: impl FnMut(&Entry)) -> (u64, Vec<Followup>) {
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
    let files = [path("chart.csv"), path("rates.journal"), path("journal.csv")];
    std::fs::write(&files[0], chart)?;
    std::fs::write(&files[1], rates)?;
    let mut out = BufWriter::with_capacity(1 << 18, File::create(&files[2])?);
    writeln!(out, "{HEADER}")?;
    let (mut rows, mut failed) = (String::new(), Ok(()));
    let (entries, followups) = entries(plan, |entry| {
        rows.clear();
        entry.write_csv(&mut rows);
        if failed.is_ok() {
            failed = out.write_all(rows.as_bytes());
        }
    });
    failed?;
    out.flush()?;
    let [chart, rates, journal] = files;
    Ok(Files { chart, rates, journal, accounts, quotes, entries, followups })
}

#[cfg(test)]
mod tests;
