//! `ledgerd report`: which report, of whom, as of when and as known when.

use chrono::NaiveDate;
use clap::{Args, Subcommand};
use ledger_core::{Seq, Timestamp};
use ledger_projections::reports::{Closing, GeneralLedger, LedgerQuery, Point};
use ledger_store::{OrgStore, Organization};

use super::complaint::{Complaint, Outcome};
use super::moment;
use super::output::{Format, FormatArg, json, print};
use super::progress;
use super::report_cash::{self, CashFlowArgs};
use super::report_deferrals::{self, DeferralArgs};
use super::report_items::{self, AgingArgs, AllocationArgs, OpenItemsArgs};
use super::report_revenue::{self, RevenueArgs};
use super::report_tax::{self, TaxArgs};
use super::shell::Shell;
use crate::report::Heading;
use crate::report::balance_sheet::BalanceSheet;
use crate::report::general_ledger;
use crate::report::income_statement::IncomeStatement;
use crate::report::source::{self, Needs, Snapshot};
use crate::report::trial_balance::{Show, TrialBalance};

/// The reports.
#[derive(Debug, Subcommand)]
pub enum ReportCommand {
    /// Every account's balance, and whether debits equal credits
    TrialBalance(TrialBalanceArgs),
    /// Assets, liabilities and equity on a day
    BalanceSheet(BalanceSheetArgs),
    /// Revenue and expenses of a period; closing entries are left out
    IncomeStatement(IncomeStatementArgs),
    /// Every line of every account, or of one, with the balance after it
    GeneralLedger(GeneralLedgerArgs),
    /// What is owed or owing, by age: totals, parties or documents
    Aging(AgingArgs),
    /// Where cash came from and went, and what exchange rates did to it
    CashFlow(CashFlowArgs),
    /// Every open invoice, bill, credit and unapplied payment
    OpenItems(OpenItemsArgs),
    /// What settled what in a period, and what exchange rates did to it
    Allocations(AllocationArgs),
    /// Tax of a period by code, box, document or month
    Tax(TaxArgs),
    /// Deferred revenue and prepaid expense: what was recognised, and what waits
    Deferrals(DeferralArgs),
    /// Revenue of a period by customer, account or month
    Revenue(RevenueArgs),
}

/// What every report takes.
#[derive(Debug, Args)]
pub struct Common {
    /// The organization, by its short name
    #[arg(long, value_name = "SLUG")]
    pub org: String,
    #[command(flatten)]
    known: Known,
    #[command(flatten)]
    format: FormatArg,
    /// Report from the read models as they are, without bringing them up to date first
    #[arg(long)]
    pub no_catch_up: bool,
}

/// As known when.
#[derive(Debug, Args)]
#[group(multiple = false)]
struct Known {
    /// Show the books as they were known at this time: 2026-01-15T09:30:00Z, or a date for the end of that day (UTC)
    #[arg(long, value_name = "TIME", value_parser = moment::time)]
    known_at: Option<Timestamp>,
    /// Show the books as they were known when this event was the last
    #[arg(long, value_name = "N")]
    at_seq: Option<Seq>,
}

impl Known {
    fn point(&self) -> Point {
        match (self.known_at, self.at_seq) {
            (Some(time), _) => Point::KnownAt(time),
            (None, Some(seq)) => Point::AtSeq(seq),
            (None, None) => Point::Latest,
        }
    }
}

/// Arguments of `report trial-balance`.
#[derive(Debug, Args)]
#[command(after_help = "\
CSV columns: account,name,type,currency,debit,credit,balance (balance = debit - credit).
One of debit and credit holds the net balance. Accounts for conversion and rounding come last.

Examples:
  ledgerd report trial-balance --org acme
  ledgerd report trial-balance --org acme --as-of 2025-12-31 --format csv
  ledgerd report trial-balance --org acme --as-of 2025-12-31 --known-at 2026-01-15")]
pub struct TrialBalanceArgs {
    #[command(flatten)]
    common: Common,
    /// The last day that counts [default: everything posted, future dates included]
    #[arg(long, value_name = "DATE", value_parser = moment::date)]
    as_of: Option<NaiveDate>,
    /// Amounts as they were posted, or their values in the functional currency
    #[arg(long, value_enum, default_value_t, value_name = "WHICH")]
    value: Show,
}

/// Arguments of `report balance-sheet`.
#[derive(Debug, Args)]
#[command(after_help = "\
Each section shows its own side as positive. Retained earnings are derived: the results of all fiscal years
before the one of the report's day, less what closing entries have moved to equity already.

CSV columns: section,account,name,currency,amount,value (value: in functional currency, empty where there is none).

Examples:
  ledgerd report balance-sheet --org acme --as-of 2025-12-31
  ledgerd report balance-sheet --org acme --as-of 2026-03-31 --year-begins 4 --depth 2")]
pub struct BalanceSheetArgs {
    #[command(flatten)]
    common: Common,
    /// The day of the balance sheet [default: the last day with an entry]
    #[arg(long, value_name = "DATE", value_parser = moment::date)]
    as_of: Option<NaiveDate>,
    #[command(flatten)]
    layout: LayoutArgs,
}

/// Arguments of `report income-statement`.
#[derive(Debug, Args)]
#[command(after_help = "\
Each section shows its own side as positive. CSV columns: section,account,name,currency,amount,value.

Examples:
  ledgerd report income-statement --org acme --from 2025-01-01 --to 2025-12-31
  ledgerd report income-statement --org acme --to 2026-03-31 --year-begins 4")]
pub struct IncomeStatementArgs {
    #[command(flatten)]
    common: Common,
    /// The first day of the period [default: the first day of the fiscal year of --to]
    #[arg(long, value_name = "DATE", value_parser = moment::date)]
    from: Option<NaiveDate>,
    /// The last day of the period [default: the last day with an entry]
    #[arg(long, value_name = "DATE", value_parser = moment::date, visible_alias = "as-of")]
    to: Option<NaiveDate>,
    #[command(flatten)]
    layout: LayoutArgs,
}

/// Arguments of `report general-ledger`.
#[derive(Debug, Args)]
#[command(after_help = "\
CSV columns: account,name,date,seq,line,description,party,document,currency,debit,credit,balance,value,value_balance.
A row without seq is the balance before --from.

Examples:
  ledgerd report general-ledger --org acme --account 1010
  ledgerd report general-ledger --org acme --account Expenses:Food --from 2025-01-01 --to 2025-12-31
  ledgerd report general-ledger --org acme --format csv > general-ledger.csv")]
pub struct GeneralLedgerArgs {
    #[command(flatten)]
    common: Common,
    /// One account and those below it [default: all]
    #[arg(long, value_name = "CODE")]
    account: Option<String>,
    /// The first day
    #[arg(long, value_name = "DATE", value_parser = moment::date)]
    from: Option<NaiveDate>,
    /// The last day
    #[arg(long, value_name = "DATE", value_parser = moment::date, visible_alias = "as-of")]
    to: Option<NaiveDate>,
}

#[derive(Debug, Args)]
struct LayoutArgs {
    /// The month with which fiscal years begin, 1 to 12
    #[arg(long, value_name = "MONTH", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=12))]
    year_begins: u32,
    /// Show this many levels of the chart; what is below is summed up
    #[arg(long, value_name = "LEVELS", value_parser = depth)]
    depth: Option<usize>,
}

fn depth(text: &str) -> Result<usize, String> {
    text.parse().ok().filter(|depth| *depth > 0).ok_or_else(|| "give a number of levels from 1".to_owned())
}

pub(super) async fn run(shell: &Shell, command: ReportCommand) -> anyhow::Result<Outcome> {
    match command {
        ReportCommand::TrialBalance(args) => trial_balance(shell, args).await,
        ReportCommand::BalanceSheet(args) => balance_sheet(shell, args).await,
        ReportCommand::IncomeStatement(args) => income_statement(shell, args).await,
        ReportCommand::GeneralLedger(args) => general_ledger(shell, args).await,
        ReportCommand::CashFlow(args) => report_cash::cash_flow(shell, args).await,
        ReportCommand::Aging(args) => report_items::aging(shell, args).await,
        ReportCommand::OpenItems(args) => report_items::open_items(shell, args).await,
        ReportCommand::Allocations(args) => report_items::allocations(shell, args).await,
        ReportCommand::Tax(args) => report_tax::tax(shell, args).await,
        ReportCommand::Deferrals(args) => report_deferrals::deferrals(shell, args).await,
        ReportCommand::Revenue(args) => report_revenue::revenue(shell, args).await,
    }
}

/// An organization whose read models are ready to be asked.
pub(super) struct Ready {
    pub(super) organization: Organization,
    pub(super) org: OrgStore,
    pub(super) point: Point,
    pub(super) format: Format,
    known_at: Option<Timestamp>,
}

impl Common {
    /// Finds the organization and brings the projection up to date, unless the past is asked for or it is declined.
    pub(super) async fn ready(&self, shell: &Shell, needs: Needs) -> anyhow::Result<Ready> {
        let session = shell.connect().await?;
        let organization = session.organization(&self.org).await?;
        let org = session.store.for_org(organization.org);
        let point = self.known.point();
        // What was known earlier is read from history itself, as far as balances go.
        if !self.no_catch_up && (point == Point::Latest || needs != Needs::Balances) {
            let bar = progress::bar(shell.global.quiet, 0, "bringing the books up to date");
            source::catch_up(&org, needs, |seq, head| {
                bar.set_length(head);
                bar.set_position(seq);
            })
            .await?;
            bar.finish_and_clear();
        }
        Ok(Ready { organization, org, point, format: self.format.format, known_at: self.known.known_at })
    }
}

impl Ready {
    pub(super) fn heading(&self, from: Option<NaiveDate>, to: Option<NaiveDate>, seq: Seq) -> Heading {
        Heading {
            slug: self.organization.slug.clone(),
            organization: self.organization.name.clone(),
            from,
            to,
            seq,
            known_at: self.known_at,
            past: self.point != Point::Latest,
        }
    }

    /// The last day of a report that was asked for without one.
    pub(super) async fn day(&self, asked: Option<NaiveDate>) -> anyhow::Result<NaiveDate> {
        match asked {
            Some(day) => Ok(day),
            None => Ok(source::last_day(&self.org).await?.unwrap_or_else(|| chrono::Utc::now().date_naive())),
        }
    }
}

pub(super) fn verdict(ties: bool) -> Outcome {
    if ties { Outcome::Done } else { Outcome::Failed }
}

pub(super) fn check_span(from: Option<NaiveDate>, to: Option<NaiveDate>) -> anyhow::Result<()> {
    match (from, to) {
        (Some(from), Some(to)) if from > to => {
            Err(Complaint::usage(format!("--from {from} is after --to {to}")).hint("give the earlier date with --from").into())
        }
        _ => Ok(()),
    }
}

async fn general_ledger(shell: &Shell, args: GeneralLedgerArgs) -> anyhow::Result<Outcome> {
    check_span(args.from, args.to)?;
    let ready = args.common.ready(shell, Needs::Lines).await?;
    let account = args.account.map(Into::into);
    let query = LedgerQuery { account, below: true, from: args.from, to: args.to, point: ready.point };
    let ledger = GeneralLedger::open(&ready.org, query).await?;
    let heading = ready.heading(args.from, args.to, ledger.seq());
    general_ledger::print(ledger, &heading, ready.format).await?;
    Ok(Outcome::Done)
}

async fn trial_balance(shell: &Shell, args: TrialBalanceArgs) -> anyhow::Result<Outcome> {
    let ready = args.common.ready(shell, Needs::Balances).await?;
    let Snapshot { books, balances, seq } = source::movements(&ready.org, (None, args.as_of), ready.point, Closing::Include).await?;
    let report = TrialBalance::new(&books, &balances, args.value);
    let heading = ready.heading(None, args.as_of, seq);
    print(&match ready.format {
        Format::Table => report.table(&heading),
        Format::Csv => report.csv()?,
        Format::Json => json(&report.json(&heading)),
    })?;
    Ok(verdict(report.ties()))
}

async fn balance_sheet(shell: &Shell, args: BalanceSheetArgs) -> anyhow::Result<Outcome> {
    let ready = args.common.ready(shell, Needs::Balances).await?;
    let as_of = ready.day(args.as_of).await?;
    let year = source::year_begin(as_of, args.layout.year_begins);
    let (now, before) = source::balances_and_before(&ready.org, as_of, year, ready.point).await?;
    let report = BalanceSheet::new(&now.books, &now.balances, &before, year);
    let heading = ready.heading(None, Some(as_of), now.seq);
    print(&match ready.format {
        Format::Table => report.table(&heading, args.layout.depth),
        Format::Csv => report.csv()?,
        Format::Json => json(&report.json(&heading)),
    })?;
    Ok(verdict(report.ties()))
}

async fn income_statement(shell: &Shell, args: IncomeStatementArgs) -> anyhow::Result<Outcome> {
    check_span(args.from, args.to)?;
    let ready = args.common.ready(shell, Needs::Balances).await?;
    let to = ready.day(args.to).await?;
    let from = args.from.unwrap_or_else(|| source::year_begin(to, args.layout.year_begins));
    let moved = source::movements(&ready.org, (Some(from), Some(to)), ready.point, Closing::Exclude).await?;
    let report = IncomeStatement::new(&moved.books, &moved.balances);
    let heading = ready.heading(Some(from), Some(to), moved.seq);
    print(&match ready.format {
        Format::Table => report.table(&heading, args.layout.depth),
        Format::Csv => report.csv()?,
        Format::Json => json(&report.json(&heading)),
    })?;
    Ok(Outcome::Done)
}
