//! `ledgerd report aging`, `open-items` and `allocations`: receivables and payables.

use chrono::NaiveDate;
use clap::{Args, ValueEnum};
use ledger_core::subledger::Side;
use ledger_projections::reports::{self, AgingBy, AllocationQuery, Basis, ItemQuery, USUAL_BOUNDS};

use super::complaint::Outcome;
use super::moment;
use super::output::{Format, json, print};
use super::report::{Common, Ready, check_span};
use super::shell::Shell;
use crate::report::aging::AgingReport;
use crate::report::allocations as settled;
use crate::report::open_items::{to_csv, to_json, to_table};
use crate::report::source::{Needs, year_begin};

/// Which open items.
#[derive(Debug, Args)]
struct Which {
    /// What others owe, or what is owed to others
    #[arg(long, value_enum, default_value_t, value_name = "SIDE")]
    side: SideArg,
    /// The day as of which items are open and their age counts [default: the last day with an entry]
    #[arg(long, value_name = "DATE", value_parser = moment::date)]
    as_of: Option<NaiveDate>,
    /// One party only
    #[arg(long, value_name = "CODE")]
    party: Option<String>,
}

/// `--side`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum SideArg {
    /// What customers owe
    #[default]
    Receivable,
    /// What vendors are owed
    Payable,
}

impl From<SideArg> for Side {
    fn from(arg: SideArg) -> Self {
        match arg {
            SideArg::Receivable => Self::Receivable,
            SideArg::Payable => Self::Payable,
        }
    }
}

/// `--by`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(super) enum ByArg {
    /// One row per currency
    Total,
    /// One row per party and currency
    #[default]
    Party,
    /// One row per document
    Document,
}

/// `--basis`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(super) enum BasisArg {
    /// The due date; the document's date where there is none
    #[default]
    DueDate,
    /// The document's date
    DocumentDate,
}

/// Arguments of `report aging`.
#[derive(Debug, Args)]
#[command(after_help = "\
What is owed is positive, for receivables and payables alike; payments and credits that were not applied stand in their
own column, negative. Age counts from the as-of day; what was paid after it is still open then.

CSV columns: party,document,currency, one per bucket, unapplied,total.

Examples:
  ledgerd report aging --org acme
  ledgerd report aging --org acme --side payable --as-of 2025-12-31 --by document
  ledgerd report aging --org acme --as-of 2025-12-31 --known-at 2026-01-15 --by total --format csv")]
pub struct AgingArgs {
    #[command(flatten)]
    common: Common,
    #[command(flatten)]
    which: Which,
    /// What a row stands for
    #[arg(long, value_enum, default_value_t, value_name = "WHAT")]
    by: ByArg,
    /// What an item's age counts from
    #[arg(long, value_enum, default_value_t, value_name = "DATE")]
    basis: BasisArg,
    /// Last days overdue of each bucket but the last, in rising order
    #[arg(long, value_name = "DAYS", value_delimiter = ',', default_values_t = USUAL_BOUNDS)]
    buckets: Vec<i32>,
}

/// Arguments of `report open-items`.
#[derive(Debug, Args)]
#[command(after_help = "\
CSV columns: party,document,kind,date,due_date,days_overdue,currency,amount,open,open_functional,seq,line.

Examples:
  ledgerd report open-items --org acme
  ledgerd report open-items --org acme --side payable --party V-17 --as-of 2025-12-31")]
pub struct OpenItemsArgs {
    #[command(flatten)]
    common: Common,
    #[command(flatten)]
    which: Which,
}

/// Arguments of `report allocations`.
#[derive(Debug, Args)]
#[command(after_help = "\
One row per allocation, as the settled invoice or bill has it; what undoes one is negative.

CSV columns: date,party,document,kind,currency,amount,functional,settled_by,by_kind,by_currency,by_amount,realised,seq,reverses.

Examples:
  ledgerd report allocations --org acme --from 2025-12-01 --to 2025-12-31
  ledgerd report allocations --org acme --side payable --party V-17 --format csv")]
pub struct AllocationArgs {
    #[command(flatten)]
    common: Common,
    /// What others owe, or what is owed to others
    #[arg(long, value_enum, default_value_t, value_name = "SIDE")]
    side: SideArg,
    /// The first day [default: the first day of the year of --to]
    #[arg(long, value_name = "DATE", value_parser = moment::date)]
    from: Option<NaiveDate>,
    /// The last day [default: the last day with an entry]
    #[arg(long, value_name = "DATE", value_parser = moment::date)]
    to: Option<NaiveDate>,
    /// One party only
    #[arg(long, value_name = "CODE")]
    party: Option<String>,
}

pub(super) async fn allocations(shell: &Shell, args: AllocationArgs) -> anyhow::Result<Outcome> {
    check_span(args.from, args.to)?;
    let ready = args.common.ready(shell, Needs::Items).await?;
    let to = ready.day(args.to).await?;
    let from = args.from.unwrap_or_else(|| year_begin(to, 1));
    check_span(Some(from), Some(to))?;
    let side = Side::from(args.side);
    let party = args.party.map(Into::into);
    let query = AllocationQuery { side, from, to, point: ready.point, party, after: None, limit: None };
    let found = reports::allocations(&ready.org, &query).await?;
    let heading = ready.heading(Some(from), Some(to), found.seq);
    let title = match side {
        Side::Receivable => "Receivables settled",
        Side::Payable => "Payables settled",
    };
    print(&match ready.format {
        Format::Table => settled::to_table(&found, &heading, title),
        Format::Csv => settled::to_csv(&found)?,
        Format::Json => json(&settled::to_json(&found, &heading, side.as_str())),
    })?;
    Ok(Outcome::Done)
}

async fn query(ready: &Ready, which: Which) -> anyhow::Result<ItemQuery> {
    let as_of = ready.day(which.as_of).await?;
    Ok(ItemQuery { side: which.side.into(), as_of, point: ready.point, party: which.party.map(Into::into) })
}

pub(super) async fn aging(shell: &Shell, args: AgingArgs) -> anyhow::Result<Outcome> {
    if !args.buckets.is_sorted_by(|a, b| a < b) {
        return Err(super::complaint::Complaint::usage("--buckets are not in rising order")
            .hint("give the last day overdue of each bucket, for example 0,30,60,90")
            .into());
    }
    let ready = args.common.ready(shell, Needs::Items).await?;
    let query = query(&ready, args.which).await?;
    let by = match args.by {
        ByArg::Total => AgingBy::Total,
        ByArg::Party => AgingBy::Party,
        ByArg::Document => AgingBy::Document,
    };
    let basis = match args.basis {
        BasisArg::DueDate => Basis::DueDate,
        BasisArg::DocumentDate => Basis::DocumentDate,
    };
    let aging = reports::aging(&ready.org, &query, basis, by, &args.buckets).await?;
    let title = match query.side {
        Side::Receivable => "Receivables by age",
        Side::Payable => "Payables by age",
    };
    let heading = ready.heading(None, Some(query.as_of), aging.seq);
    let report = AgingReport::new(&aging, &args.buckets, title);
    print(&match ready.format {
        Format::Table => report.table(&heading),
        Format::Csv => report.csv()?,
        Format::Json => json(&report.json(&heading, query.side.as_str())),
    })?;
    Ok(Outcome::Done)
}

pub(super) async fn open_items(shell: &Shell, args: OpenItemsArgs) -> anyhow::Result<Outcome> {
    let ready = args.common.ready(shell, Needs::Items).await?;
    let query = query(&ready, args.which).await?;
    let items = reports::open_items(&ready.org, &query).await?;
    let title = match query.side {
        Side::Receivable => "Open receivables",
        Side::Payable => "Open payables",
    };
    let heading = ready.heading(None, Some(query.as_of), items.seq);
    print(&match ready.format {
        Format::Table => to_table(&items, &heading, title),
        Format::Csv => to_csv(&items)?,
        Format::Json => json(&to_json(&items, &heading, query.side.as_str())),
    })?;
    Ok(Outcome::Done)
}
