//! `ledgerd report revenue`.

use chrono::NaiveDate;
use clap::{Args, ValueEnum};
use ledger_projections::reports::{self, RevenueBy, RevenueQuery};

use super::complaint::Outcome;
use super::moment;
use super::output::{Format, json, print};
use super::report::{Common, check_span};
use super::shell::Shell;
use crate::report::revenue::RevenueReport;
use crate::report::source::{self, Needs};

/// `--by`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(super) enum RevenueByArg {
    /// One row per customer and currency
    #[default]
    Customer,
    /// One row per revenue account and currency
    Account,
    /// One row per month and currency
    Month,
}

/// Arguments of `report revenue`.
#[derive(Debug, Args)]
#[command(after_help = "\
Whatever it is by, it sums to the revenue of the income statement; closing entries are left out. A line is the customer's
that it names itself, else the one that the entry's receivables name; deferred amounts that are recognised are the
customer's of their document; what is left has no customer.

CSV columns: customer,account,name,month,currency,amount,functional.

Examples:
  ledgerd report revenue --org acme --from 2025-01-01 --to 2025-12-31
  ledgerd report revenue --org acme --to 2025-12-31 --by month --format csv")]
pub struct RevenueArgs {
    #[command(flatten)]
    common: Common,
    /// The first day of the period [default: the first day of the year of --to]
    #[arg(long, value_name = "DATE", value_parser = moment::date)]
    from: Option<NaiveDate>,
    /// The last day of the period [default: the last day with an entry]
    #[arg(long, value_name = "DATE", value_parser = moment::date, visible_alias = "as-of")]
    to: Option<NaiveDate>,
    /// What a row stands for
    #[arg(long, value_enum, default_value_t, value_name = "WHAT")]
    by: RevenueByArg,
}

pub(super) async fn revenue(shell: &Shell, args: RevenueArgs) -> anyhow::Result<Outcome> {
    check_span(args.from, args.to)?;
    let ready = args.common.ready(shell, Needs::Revenue).await?;
    let to = ready.day(args.to).await?;
    let from = args.from.unwrap_or_else(|| source::year_begin(to, 1));
    let by = match args.by {
        RevenueByArg::Customer => RevenueBy::Customer,
        RevenueByArg::Account => RevenueBy::Account,
        RevenueByArg::Month => RevenueBy::Month,
    };
    let found = reports::revenue(&ready.org, &RevenueQuery { from, to, point: ready.point, by }).await?;
    let heading = ready.heading(Some(from), Some(to), found.seq);
    let report = RevenueReport::new(&found, by);
    print(&match ready.format {
        Format::Table => report.table(&heading),
        Format::Csv => report.csv()?,
        Format::Json => json(&report.json(&heading)),
    })?;
    Ok(Outcome::Done)
}
