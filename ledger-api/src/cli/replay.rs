//! `ledgerd replay`: fold history again, from the first event, and compare everything that was derived from it.
//!
//! Two folds that know nothing of each other: the projections' own, row by row, and the book that decides commands,
//! balance by balance.

use std::collections::BTreeMap;

use clap::Args;
use futures::TryStreamExt;
use ledger_core::money::decimal_of;
use ledger_core::{Book, CommodityNo, Seq, Units};
use ledger_projections::compare::{Differences, compare_to};
use ledger_projections::reports::{BalanceQuery, Balances, Point, balances};
use ledger_projections::{Difference, Projection, catch_up, projection};
use ledger_store::OrgStore;
use ledger_store::load::{LoadError, Loaded, to_chain};
use rust_decimal::Decimal;
use serde_json::{Value, json};

use super::complaint::{Complaint, Outcome};
use super::output::{self, Format, FormatArg, Sheet, number, print, text};
use super::progress;
use super::shell::Shell;

/// Arguments of `replay`.
#[derive(Debug, Args)]
#[command(after_help = "\
Read models that are behind are brought up to date first. With --to-seq the general ledger is compared up to that
event, and balances as of it are compared with the book; rows that sum up all of history are left out.

Examples:
  ledgerd replay --org acme
  ledgerd replay --org acme --to-seq 1000")]
pub struct ReplayArgs {
    /// The organization, by its short name
    #[arg(long, value_name = "SLUG")]
    pub org: String,
    /// The last event to fold [default: the last there is]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub to_seq: Option<Seq>,
    #[command(flatten)]
    format: FormatArg,
}

/// One comparison.
pub(super) struct Compared {
    what: String,
    seq: Seq,
    pub(super) rows: u64,
    pub(super) differences: u64,
    first: Vec<Difference>,
}

pub(super) async fn run(shell: &Shell, args: ReplayArgs) -> anyhow::Result<Outcome> {
    let session = shell.connect().await?;
    let org = session.org_store(&args.org).await?;
    let head = org.head().await?.seq;
    if let Some(to) = args.to_seq.filter(|to| *to > head) {
        return Err(Complaint::refused(format!("event {to} has not happened: history ends at {head}"))
            .hint("give a smaller --to-seq")
            .into());
    }
    let all = compare_all(shell, &org, args.to_seq).await?;
    print(&match args.format.format {
        Format::Table => table(&args.org, &all),
        Format::Csv => output::csv(&COLUMNS, all.iter().flat_map(records))?,
        Format::Json => output::json(&as_json(&args.org, &all)),
    })?;
    let same = all.iter().all(|compared| compared.differences == 0);
    Ok(if same { Outcome::Done } else { Outcome::Failed })
}

/// Brings the read models up to date, then compares everything.
pub(super) async fn compare_all(shell: &Shell, org: &OrgStore, to_seq: Option<Seq>) -> anyhow::Result<Vec<Compared>> {
    let head = org.head().await?.seq;
    let bar = progress::bar(shell.global.quiet, head, "bringing up to date");
    catch_up(org, |step| bar.set_position(step.seq)).await?;
    bar.set_message("folding the book");
    let point = to_seq.map_or(Point::Latest, Point::AtSeq);
    let found = balances(org, &BalanceQuery { point, ..BalanceQuery::default() }).await?;
    let book = fold(org, found.seq, |seq| bar.set_position(seq)).await?;
    let mut all = vec![laws(&book), books(&book, &found)];
    for projection in projection::all() {
        if to_seq.is_some_and(|to| to < head) && projection.compares_as_a_whole() {
            continue;
        }
        bar.set_message(projection.name());
        let to = to_seq.unwrap_or(Seq::MAX);
        all.push(compared(projection.as_ref(), compare_to(org, &projection, to, |step| bar.set_position(step.seq)).await?));
    }
    bar.finish_and_clear();
    Ok(all)
}

fn compared(projection: &dyn Projection, differences: Differences) -> Compared {
    Compared {
        what: format!("read model {}", projection.name()),
        seq: differences.seq,
        rows: differences.rows,
        differences: differences.count,
        first: differences.first,
    }
}

/// The book up to an event, every hash checked on the way.
async fn fold(org: &OrgStore, to: Seq, told: impl Fn(Seq)) -> Result<Book, LoadError> {
    let mut loaded = Loaded::genesis(org.org());
    let mut commits = Box::pin(org.commits(1, Some(to)));
    while let Some(commit) = commits.try_next().await? {
        if commit.last_seq() <= to {
            loaded.fold(commit)?;
        } else {
            // The wish ends inside this commit.
            for recorded in to_chain(org.org(), commit).events() {
                let recorded = recorded.map_err(|source| LoadError::Codec { org: org.org(), source })?;
                if recorded.seq <= to {
                    loaded.book.evolve(&recorded.event);
                }
            }
        }
        told(loaded.book.seq());
    }
    Ok(loaded.book)
}

/// Every commodity sums to zero, and so do the functional amounts.
fn laws(book: &Book) -> Compared {
    let mut sums: BTreeMap<CommodityNo, Units> = BTreeMap::new();
    let mut functional: Units = 0;
    for holding in book.accounts().iter().flat_map(|account| book.holdings(account.no)) {
        *sums.entry(holding.currency).or_default() += holding.units;
        functional += holding.functional;
    }
    let mut all = Compared { what: "sum of all accounts".to_owned(), seq: book.seq(), rows: 0, differences: 0, first: Vec::new() };
    for (currency, units) in &sums {
        let (code, scale) = book.commodity(*currency).map_or(("?", 0), |commodity| (commodity.code.as_str(), commodity.scale));
        all.compare("trial balance", code, "sum", Some(Decimal::ZERO), Some(decimal_of(*units, scale)));
    }
    let scale = book.commodities().first().map_or(0, |commodity| commodity.scale);
    all.compare("trial balance", "all", "functional sum", Some(Decimal::ZERO), Some(decimal_of(functional, scale)));
    all
}

/// What the book holds is what the reports say.
fn books(book: &Book, found: &Balances) -> Compared {
    let mut all = Compared { what: "balances of the book".to_owned(), seq: found.seq, rows: 0, differences: 0, first: Vec::new() };
    let functional_scale = book.commodities().first().map_or(0, |commodity| commodity.scale);
    let mut rows: BTreeMap<(&str, &str), _> = found.rows.iter().map(|row| ((row.code.as_str(), row.currency.as_str()), row)).collect();
    for account in book.accounts() {
        for holding in book.holdings(account.no) {
            let Some(commodity) = book.commodity(holding.currency) else { continue };
            let row = rows.remove(&(account.code.as_str(), commodity.code.as_str()));
            let key = format!("{} in {}", account.code, commodity.code);
            let expected = decimal_of(holding.units, commodity.scale);
            all.compare("balance", &key, "balance", Some(expected), row.map(|row| row.balance()));
            let value = row.map(|row| row.functional_balance().unwrap_or_default());
            all.compare("balance", &key, "functional balance", Some(decimal_of(holding.functional, functional_scale)), value);
        }
    }
    for ((account, currency), row) in rows {
        all.compare("balance", &format!("{account} in {currency}"), "balance", None, Some(row.balance()));
    }
    all
}

impl Compared {
    fn compare(&mut self, table: &'static str, key: &str, column: &'static str, expected: Option<Decimal>, found: Option<Decimal>) {
        self.rows += 1;
        if expected == found {
            return;
        }
        self.differences += 1;
        if self.first.len() < ledger_projections::compare::DESCRIBED_MAX {
            let show = |amount: Option<Decimal>| amount.map(|amount| amount.to_string());
            self.first.push(Difference { table, key: key.to_owned(), column: Some(column), expected: show(expected), found: show(found) });
        }
    }
}

const COLUMNS: [&str; 9] = ["compared", "seq", "rows", "differences", "table", "key", "column", "expected", "found"];

/// One row for the comparison, and one for each difference that is described.
fn records(compared: &Compared) -> Vec<[String; 9]> {
    let [seq, rows, count] = [compared.seq, compared.rows, compared.differences].map(|n| n.to_string());
    let start = || [compared.what.clone(), seq.clone(), rows.clone(), count.clone()];
    let row = |rest: [String; 5]| {
        let [what, seq, rows, count] = start();
        let [table, key, column, expected, found] = rest;
        [what, seq, rows, count, table, key, column, expected, found]
    };
    if compared.first.is_empty() {
        return vec![row([const { String::new() }; 5])];
    }
    let or_nothing = |value: &Option<String>| value.clone().unwrap_or_default();
    let rest = |d: &Difference| {
        [d.table.to_owned(), d.key.clone(), d.column.unwrap_or_default().to_owned(), or_nothing(&d.expected), or_nothing(&d.found)]
    };
    compared.first.iter().map(|difference| row(rest(difference))).collect()
}

pub(super) fn table(slug: &str, all: &[Compared]) -> String {
    let mut sheet = Sheet::new([text("Compared"), number("Up to event"), number("Values"), number("Differences")]);
    for compared in all {
        let [seq, rows, differences] = [compared.seq, compared.rows, compared.differences].map(|n| n.to_string());
        sheet.row([compared.what.clone(), seq, rows, differences]);
    }
    let mut out = sheet.render();
    let described: Vec<&Difference> = all.iter().flat_map(|compared| &compared.first).collect();
    if described.is_empty() {
        out.push_str(&format!("\n{slug}: everything is what history gives.\n"));
        return out;
    }
    let mut sheet = Sheet::new([text("Table"), text("Row"), text("Column"), text("History gives"), text("Found")]);
    for difference in described {
        let or = |value: &Option<String>| value.clone().unwrap_or_else(|| "nothing".to_owned());
        let column = difference.column.unwrap_or("(the row)").to_owned();
        sheet.row([difference.table.to_owned(), difference.key.clone(), column, or(&difference.expected), or(&difference.found)]);
    }
    out.push('\n');
    out.push_str(&sheet.render());
    out.push_str(&format!("\n{slug}: NOT what history gives. Rebuild with: ledgerd projections rebuild --org {slug}\n"));
    out
}

fn as_json(slug: &str, all: &[Compared]) -> Value {
    let compared: Vec<Value> = all
        .iter()
        .map(|compared| {
            let first: Vec<Value> = compared
                .first
                .iter()
                .map(|d| json!({ "table": d.table, "row": d.key, "column": d.column, "expected": d.expected, "found": d.found }))
                .collect();
            json!({
                "compared": compared.what, "seq": compared.seq, "values": compared.rows,
                "differences": compared.differences, "first_differences": first,
            })
        })
        .collect();
    json!({ "organization": slug, "same": all.iter().all(|compared| compared.differences == 0), "compared": compared })
}
