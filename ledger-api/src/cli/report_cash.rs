//! `ledgerd report cash-flow`.

use chrono::NaiveDate;
use clap::Args;
use ledger_projections::reports::{CashFlowQuery, cash_flows};

use super::complaint::Outcome;
use super::moment;
use super::output::{Format, json, print};
use super::report::{Common, check_span, verdict};
use super::shell::Shell;
use crate::report::cash_flow::{CashFlowStatement, Detail, Method};
use crate::report::source::{self, Needs};

/// Arguments of `report cash-flow`.
#[derive(Debug, Args)]
#[command(after_help = "\
Cash is what stands on accounts of the sub-types cash and bank. Received is positive. By the direct method every
movement is split over what it was for; payments of invoices and bills are shown as what was invoiced or billed, as
far as they are allocated. What an account counts as says `ledgerd account activity`, else its sub-type.
Exits with 1 where the sections are not the change in cash.

CSV columns: section,kind,account,name,currency,amount,value (value: in functional currency, empty where there is none).

Examples:
  ledgerd report cash-flow --org acme --from 2025-01-01 --to 2025-12-31
  ledgerd report cash-flow --org acme --to 2025-12-31 --method indirect
  ledgerd report cash-flow --org acme --to 2025-12-31 --by section --known-at 2026-01-15 --format csv")]
pub struct CashFlowArgs {
    #[command(flatten)]
    common: Common,
    /// The first day of the period [default: the first day of the fiscal year of --to]
    #[arg(long, value_name = "DATE", value_parser = moment::date)]
    from: Option<NaiveDate>,
    /// The last day of the period [default: the last day with an entry]
    #[arg(long, value_name = "DATE", value_parser = moment::date, visible_alias = "as-of")]
    to: Option<NaiveDate>,
    /// The month with which fiscal years begin, 1 to 12
    #[arg(long, value_name = "MONTH", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=12))]
    year_begins: u32,
    /// What cash was for, or how the profit became cash
    #[arg(long, value_enum, default_value_t, value_name = "METHOD")]
    method: Method,
    /// A line per section, or per account
    #[arg(long, value_enum, default_value_t, value_name = "WHAT")]
    by: Detail,
}

pub(super) async fn cash_flow(shell: &Shell, args: CashFlowArgs) -> anyhow::Result<Outcome> {
    check_span(args.from, args.to)?;
    let ready = args.common.ready(shell, Needs::Cash).await?;
    let to = ready.day(args.to).await?;
    let from = args.from.unwrap_or_else(|| source::year_begin(to, args.year_begins));
    check_span(Some(from), Some(to))?;
    let flows = cash_flows(&ready.org, &CashFlowQuery { from, to, point: ready.point }).await?;
    let report = CashFlowStatement::new(&flows, args.method, args.by);
    let heading = ready.heading(Some(from), Some(to), flows.seq);
    print(&match ready.format {
        Format::Table => report.table(&heading),
        Format::Csv => report.csv()?,
        Format::Json => json(&report.json(&heading)),
    })?;
    Ok(verdict(report.ties()))
}
