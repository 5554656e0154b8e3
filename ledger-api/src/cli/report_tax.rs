//! `ledgerd report tax`.

use chrono::NaiveDate;
use clap::{Args, ValueEnum};
use ledger_projections::reports::{self, TaxBy, TaxQuery};

use super::complaint::Outcome;
use super::moment;
use super::output::{Format, json, print};
use super::report::{Common, check_span};
use super::shell::Shell;
use crate::report::source::{self, Needs};
use crate::report::tax::TaxReport;

/// `--by`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(super) enum TaxByArg {
    /// One row per component of a tax code
    #[default]
    Code,
    /// One row per box of the tax report
    Box,
    /// One row per document and component
    Document,
    /// One row per month and component of a tax code
    Month,
}

/// Arguments of `report tax`.
#[derive(Debug, Args)]
#[command(after_help = "\
Amounts have the sign of an invoice or bill; credit notes and reversals take away, in the period that they count in.
Payable is what is owed to the state, positive on both sides: on sales tax less what customers withheld, on purchases
what is due under reverse charges and was withheld, less what can be recovered. What cannot is part of the cost.

CSV columns: side,month,date,kind,document,party,seq,code,component,rate,box,currency, then
base,tax,recoverable,not_recoverable,withheld,reverse_charge,payable, and the same as functional_base and so on.

Examples:
  ledgerd report tax --org acme --from 2025-01-01 --to 2025-03-31
  ledgerd report tax --org acme --from 2025-01-01 --to 2025-03-31 --by box --format csv
  ledgerd report tax --org acme --to 2025-12-31 --by month --known-at 2026-01-15")]
pub struct TaxArgs {
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
    by: TaxByArg,
}

pub(super) async fn tax(shell: &Shell, args: TaxArgs) -> anyhow::Result<Outcome> {
    check_span(args.from, args.to)?;
    let ready = args.common.ready(shell, Needs::Tax).await?;
    let to = ready.day(args.to).await?;
    let from = args.from.unwrap_or_else(|| source::year_begin(to, 1));
    let by = match args.by {
        TaxByArg::Code => TaxBy::Code,
        TaxByArg::Box => TaxBy::Box,
        TaxByArg::Document => TaxBy::Document,
        TaxByArg::Month => TaxBy::Month,
    };
    let found = reports::tax(&ready.org, &TaxQuery { from, to, point: ready.point, by }).await?;
    let heading = ready.heading(Some(from), Some(to), found.seq);
    let report = TaxReport::new(&found, by);
    print(&match ready.format {
        Format::Table => report.table(&heading),
        Format::Csv => report.csv()?,
        Format::Json => json(&report.json(&heading)),
    })?;
    Ok(Outcome::Done)
}
