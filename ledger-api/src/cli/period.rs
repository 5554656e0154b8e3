//! `ledgerd period`: what a month still needs, closing it, and opening it again with a reason.

use clap::{Args, Subcommand};
use ledger_core::book::{OpenPoint, PointKind};
use ledger_core::{Command, Month, PeriodStatus};
use ledger_store::load::load_book;

use super::complaint::Outcome;
use super::moment;
use super::output::{self, FormatArg, Sheet, number, print, text};
use super::shell::Shell;

/// The commands of `period`.
#[derive(Debug, Subcommand)]
pub enum PeriodCommand {
    /// List what a month still needs before it is closed
    Checklist(ChecklistArgs),
    /// Close a month: nobody posts into it any more
    Close(CloseArgs),
    /// Open a closed month again
    Reopen(ReopenArgs),
}

/// Arguments of `period checklist`.
#[derive(Debug, Args)]
#[command(after_help = "\
Open points are payments and credits that settle nothing, control accounts that items do not explain, orders that were
not invoiced, deferred amounts that were not recognised, and foreign items and cash that were not revalued.
Exit code: 0 where there is none, 1 where there is any.

Examples:
  ledgerd period checklist --org acme 2025-12
  ledgerd period checklist --org acme 2025-12 --format json")]
pub struct ChecklistArgs {
    /// The organization, by its short name
    #[arg(long, value_name = "SLUG")]
    pub org: String,
    /// The month, for example 2025-12
    #[arg(value_name = "MONTH", value_parser = moment::month)]
    pub month: Month,
    #[command(flatten)]
    format: FormatArg,
}

/// Arguments of `period close`.
#[derive(Debug, Args)]
#[command(after_help = "\
Open points of the month's checklist are printed. A soft close goes on all the same; a hard close is refused unless
they are accepted with a reason.

Examples:
  ledgerd period close --org acme 2025-11 --soft
  ledgerd period close --org acme 2025-12 --reason \"audited\"
  ledgerd period close --org acme 2025-12 --accept-open --reason \"advance of C-7 is for 2026\"")]
pub struct CloseArgs {
    /// The organization, by its short name
    #[arg(long, value_name = "SLUG")]
    pub org: String,
    /// The month, for example 2025-12
    #[arg(value_name = "MONTH", value_parser = moment::month)]
    pub month: Month,
    /// Close softly: who may post into soft-closed periods still can
    #[arg(long)]
    pub soft: bool,
    /// Close hard whatever the month's checklist has open; needs a reason
    #[arg(long, requires = "reason", conflicts_with = "soft")]
    pub accept_open: bool,
    /// Why, for the history
    #[arg(long, value_name = "TEXT")]
    pub reason: Option<String>,
}

/// Arguments of `period reopen`.
#[derive(Debug, Args)]
pub struct ReopenArgs {
    /// The organization, by its short name
    #[arg(long, value_name = "SLUG")]
    pub org: String,
    /// The month, for example 2025-12
    #[arg(value_name = "MONTH", value_parser = moment::month)]
    pub month: Month,
    /// Why, for the history
    #[arg(long)]
    pub reason: String,
}

pub(super) async fn run(shell: &Shell, command: PeriodCommand) -> anyhow::Result<Outcome> {
    match command {
        PeriodCommand::Checklist(args) => checklist(shell, &args).await,
        PeriodCommand::Close(args) => close(shell, args).await,
        PeriodCommand::Reopen(args) => {
            let session = shell.connect().await?;
            let organization = session.organization(&args.org).await?;
            let command = Command::ReopenPeriod { month: args.month, reason: args.reason.as_str().into() };
            let receipt = session.submit(organization.org, command).await?;
            print(&format!("Period {} is open again (seq {}).\n", args.month, receipt.last_seq()))?;
            Ok(Outcome::Done)
        }
    }
}

/// How many open points a close prints.
const SHOWN_MAX: usize = 50;

const COLUMNS: [&str; 6] = ["point", "name", "seq", "amount", "currency", "remedy"];

async fn checklist(shell: &Shell, args: &ChecklistArgs) -> anyhow::Result<Outcome> {
    let session = shell.connect().await?;
    let book = load_book(&session.org_store(&args.org).await?).await?.book;
    let points = book.open_points(args.month);
    let rows: Vec<[String; 6]> = points.iter().map(|point| record(point, &args.org, args.month)).collect();
    print(&output::records(&COLUMNS, &rows, args.format.format, || {
        if rows.is_empty() { format!("Period {} has no open points.\n", args.month) } else { table(&rows) }
    })?)?;
    Ok(if points.is_empty() { Outcome::Done } else { Outcome::Failed })
}

fn record(point: &OpenPoint, org: &str, month: Month) -> [String; 6] {
    let last = month.next().first_day().pred_opt().unwrap_or_default();
    let remedy = match point.kind {
        PointKind::Unrecognised => format!("ledgerd deferral recognise --org {org} --up-to {last}"),
        PointKind::Unrevalued => format!("ledgerd revalue --org {org} --date {last}"),
        kind => kind.remedy().to_owned(),
    };
    let seq = point.seq.map_or_else(String::new, |seq| seq.to_string());
    [point.kind.as_str().to_owned(), point.name.to_string(), seq, point.amount.to_string(), point.currency.to_string(), remedy]
}

fn table(rows: &[[String; 6]]) -> String {
    let mut sheet = Sheet::new([text("Point"), text("Name"), number("Seq"), number("Amount"), text("Cur."), text("Remedy")]);
    rows.iter().cloned().for_each(|row| sheet.row(row));
    sheet.render()
}

async fn close(shell: &Shell, args: CloseArgs) -> anyhow::Result<Outcome> {
    let session = shell.connect().await?;
    let organization = session.organization(&args.org).await?;
    let book = load_book(&session.store.for_org(organization.org)).await?.book;
    let rows: Vec<[String; 6]> = book.open_points(args.month).iter().map(|point| record(point, &args.org, args.month)).collect();
    if !rows.is_empty() {
        let shown = rows.get(..SHOWN_MAX).unwrap_or(&rows);
        let more = match rows.len() - shown.len() {
            0 => String::new(),
            more => format!("and {more} more: ledgerd period checklist --org {} {}\n", args.org, args.month),
        };
        print(&format!("Open points of {}:\n\n{}{more}\n", args.month, table(shown)))?;
    }
    let status = if args.soft { PeriodStatus::SoftClosed } else { PeriodStatus::HardClosed };
    let reason = args.reason.as_deref().unwrap_or_default().into();
    let command = Command::ClosePeriod { month: args.month, status, reason, accept_open: args.accept_open };
    let receipt = session.submit(organization.org, command).await?;
    print(&format!("Period {} is {} now (seq {}).\n", args.month, status.as_str(), receipt.last_seq()))?;
    Ok(Outcome::Done)
}
