//! `ledgerd report deferrals`.

use chrono::NaiveDate;
use clap::{Args, ValueEnum};
use ledger_projections::reports::{self, DeferralBy, DeferralQuery};

use super::complaint::Outcome;
use super::moment;
use super::output::{Format, json, print};
use super::report::Common;
use super::shell::Shell;
use crate::report::deferrals::DeferralReport;
use crate::report::source::Needs;

/// `--by`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(super) enum DeferralByArg {
    /// One row per schedule: a line of a document
    #[default]
    Document,
    /// One row per month in which parts are due
    Month,
}

/// Arguments of `report deferrals`.
#[derive(Debug, Args)]
#[command(after_help = "\
Total is what was scheduled when the document was recorded; credit notes cancel what waits; what remains is what the
documents have on the deferred accounts. Schedules of which nothing remains are left out unless --finished is given.

CSV columns: side,month,party,document,line,seq,account,target,until,currency, then total,cancelled,recognised,remaining
and the same as functional_total and so on.

Examples:
  ledgerd report deferrals --org acme --as-of 2025-12-31
  ledgerd report deferrals --org acme --as-of 2025-12-31 --by month
  ledgerd report deferrals --org acme --as-of 2025-12-31 --finished --format csv")]
pub struct DeferralArgs {
    #[command(flatten)]
    common: Common,
    /// The day as of which it is said what remains [default: the last day with an entry]
    #[arg(long, value_name = "DATE", value_parser = moment::date)]
    as_of: Option<NaiveDate>,
    /// What a row stands for
    #[arg(long, value_enum, default_value_t, value_name = "WHAT")]
    by: DeferralByArg,
    /// Show schedules of which nothing remains as well
    #[arg(long)]
    finished: bool,
}

pub(super) async fn deferrals(shell: &Shell, args: DeferralArgs) -> anyhow::Result<Outcome> {
    let ready = args.common.ready(shell, Needs::Deferrals).await?;
    let as_of = ready.day(args.as_of).await?;
    let by = match args.by {
        DeferralByArg::Document => DeferralBy::Document,
        DeferralByArg::Month => DeferralBy::Month,
    };
    let query = DeferralQuery { as_of, point: ready.point, by, finished: args.finished };
    let found = reports::deferrals(&ready.org, &query).await?;
    let heading = ready.heading(None, Some(as_of), found.seq);
    let report = DeferralReport::new(&found, by);
    print(&match ready.format {
        Format::Table => report.table(&heading),
        Format::Csv => report.csv()?,
        Format::Json => json(&report.json(&heading)),
    })?;
    Ok(Outcome::Done)
}
