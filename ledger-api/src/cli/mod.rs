//! The command line: what is asked for, by whom it is done, and how it ends.
//!
//! Each command is a module with its arguments and a `run`; they share the [`Shell`] (options, database) and end
//! in an [`Outcome`] or an error, which is printed here and nowhere else. Reports themselves are in
//! [`crate::report`], what a command decides is in `ledger-core`.

pub mod account;
pub mod agent;
pub mod allocate;
pub mod approval;
pub mod bank;
pub mod bench;
pub mod commission;
pub mod complaint;
pub mod config;
pub mod deferral;
pub mod demo;
pub mod document;
pub mod draft;
pub mod entry;
pub mod events;
pub mod export;
pub mod import;
pub mod key;
pub mod mcp;
pub mod member;
pub mod moment;
pub mod openapi;
pub mod org;
pub mod output;
pub mod party;
pub mod party_detail;
pub mod payment;
pub mod period;
pub mod progress;
pub mod projections;
pub mod query;
pub mod rate;
pub mod rate_import;
pub mod recording;
pub mod replay;
pub mod report;
mod report_cash;
mod report_deferrals;
mod report_items;
mod report_revenue;
mod report_tax;
pub mod revalue;
pub mod schema;
pub mod serve;
pub mod shell;
pub mod tax;
pub mod verify;
pub mod year;

use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use clap::{Parser, Subcommand};
use tokio::sync::watch;

pub use complaint::{Complaint, Outcome};
pub use output::Format;
pub use shell::{Global, Session, Shell};

/// A double-entry ledger that keeps every change: journals in, proven books out.
#[derive(Debug, Parser)]
#[command(name = "ledgerd", version, propagate_version = true, disable_help_subcommand = true, after_help = EXAMPLES)]
pub struct Cli {
    /// Options of every command.
    #[command(flatten)]
    pub global: Global,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

const EXAMPLES: &str = "\
Examples:
  ledgerd demo
  ledgerd org create acme --name \"Acme Trading\" --currency USD
  ledgerd report trial-balance --org acme --as-of 2025-12-31
  ledgerd report income-statement --org acme --from 2025-01-01 --to 2025-12-31
  ledgerd report trial-balance --org acme --format csv > trial-balance.csv

Without a database (--database-url) ledgerd runs a private PostgreSQL in its data directory.
Exit code: 0 done, 1 refused or a check failed, 2 wrong usage or configuration.";

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Show everything at work on two years of a company that never was
    Demo(demo::DemoArgs),
    /// Serve the HTTP API
    Serve(serve::ServeArgs),
    /// Speak with an assistant over standard input and output (Model Context Protocol)
    Mcp(mcp::McpArgs),
    /// Show what `serve` would be told, and by whom
    #[command(subcommand)]
    Config(config::ConfigCommand),
    /// Print the document that describes the HTTP API (OpenAPI 3.1)
    Openapi,
    /// Bring the database up to this version of ledgerd
    Migrate(schema::MigrateArgs),
    /// Create and list organizations: each keeps its own books
    #[command(subcommand)]
    Org(org::OrgCommand),
    /// Measure this machine: each figure beside a floor of raw PostgreSQL in the same run
    Bench(bench::BenchArgs),
    /// Import journals that other programs wrote
    Import(Box<import::ImportArgs>),
    /// Read and keep bank statements, and find what their lines are
    #[command(subcommand)]
    Bank(bank::BankCommand),
    /// Make, list and revoke API keys: how programs come in over HTTP
    #[command(subcommand)]
    Key(key::KeyCommand),
    /// Bring in, list and remove members: how people come in over HTTP
    #[command(subcommand)]
    Member(member::MemberCommand),
    /// Open and list accounts of the chart
    #[command(subcommand)]
    Account(account::AccountCommand),
    /// Register customers, vendors and payees, and keep what is known of them
    #[command(subcommand)]
    Party(party::PartyCommand),
    /// Define and list tax codes
    #[command(subcommand)]
    Tax(tax::TaxCommand),
    /// Record orders, invoices, bills and notes, write off what will not be paid, and show what became of them
    #[command(subcommand)]
    Document(document::DocumentCommand),
    /// Record money received, sent and returned
    #[command(subcommand)]
    Payment(payment::PaymentCommand),
    /// Settle open items against each other, or undo that
    #[command(subcommand)]
    Allocation(allocate::AllocationCommand),
    /// Post one journal entry, or reverse one
    #[command(subcommand)]
    Entry(entry::EntryCommand),
    /// Propose, look at, correct, turn down and post drafts
    #[command(subcommand)]
    Draft(draft::DraftCommand),
    /// Say what needs approval, and give it
    #[command(subcommand)]
    Approval(approval::ApprovalCommand),
    /// Register programs that draft, and book what they cost
    #[command(subcommand)]
    Agent(agent::AgentCommand),
    /// Close and reopen accounting periods (months)
    #[command(subcommand)]
    Period(period::PeriodCommand),
    /// Revalue foreign open items, cash and bank balances at a date's closing rates
    Revalue(revalue::RevalueArgs),
    /// Recognise deferred revenue and prepaid expense, or list what is left of it
    #[command(subcommand)]
    Deferral(deferral::DeferralCommand),
    /// Commissions: plans, who earns by them, what was earned and paid out
    #[command(subcommand)]
    Commission(commission::CommissionCommand),
    /// Close a year with an entry
    #[command(subcommand)]
    Year(year::YearCommand),
    /// Record exchange rates and prices
    #[command(subcommand)]
    Rate(rate::RateCommand),
    /// Print trial balance, balance sheet, income statement, general ledger, aging or open items
    #[command(subcommand)]
    Report(report::ReportCommand),
    /// Ask in SQL over an organization's views
    Query(query::QueryArgs),
    /// Print the history of an organization as JSON lines, decoded
    Events(events::EventsArgs),
    /// Fold history again and compare every read model with it
    Replay(replay::ReplayArgs),
    /// Prove that history is the one that was written, in the database or in a file
    Verify(verify::VerifyArgs),
    /// Write the history of an organization to a file that proves itself
    Export(export::ExportArgs),
    /// Show how far the read models are, or build them again from history
    #[command(subcommand)]
    Projections(projections::ProjectionsCommand),
}

impl Command {
    async fn run(self, shell: &Shell) -> anyhow::Result<Outcome> {
        match self {
            Self::Demo(args) => demo::run(shell, args).await,
            Self::Serve(args) => serve::run(&shell.global, args).await,
            Self::Mcp(args) => mcp::run(&shell.global, args).await,
            Self::Config(command) => config::run(&shell.global, command),
            Self::Openapi => openapi::run(),
            Self::Migrate(args) => schema::run(shell, &args).await,
            Self::Org(command) => org::run(shell, command).await,
            Self::Bench(args) => bench::run(shell, args).await,
            Self::Import(args) => import::run(shell, *args).await,
            Self::Bank(command) => bank::run(shell, command).await,
            Self::Key(command) => key::run(shell, command).await,
            Self::Member(command) => member::run(shell, command).await,
            Self::Account(command) => account::run(shell, command).await,
            Self::Party(command) => party::run(shell, command).await,
            Self::Tax(command) => tax::run(shell, command).await,
            Self::Document(command) => document::run(shell, command).await,
            Self::Payment(command) => payment::run(shell, command).await,
            Self::Allocation(command) => allocate::run(shell, command).await,
            Self::Entry(command) => entry::run(shell, command).await,
            Self::Draft(command) => draft::run(shell, command).await,
            Self::Approval(command) => approval::run(shell, command).await,
            Self::Agent(command) => agent::run(shell, command).await,
            Self::Period(command) => period::run(shell, command).await,
            Self::Revalue(args) => revalue::run(shell, args).await,
            Self::Deferral(command) => deferral::run(shell, command).await,
            Self::Commission(command) => commission::run(shell, command).await,
            Self::Year(command) => year::run(shell, command).await,
            Self::Rate(command) => rate::run(shell, command).await,
            Self::Report(command) => report::run(shell, command).await,
            Self::Query(args) => query::run(shell, args).await,
            Self::Events(args) => events::run(shell, args).await,
            Self::Replay(args) => replay::run(shell, args).await,
            Self::Verify(args) => verify::run(shell, args).await,
            Self::Export(args) => export::run(shell, args).await,
            Self::Projections(command) => projections::run(shell, command).await,
        }
    }
}

/// The whole program: arguments in, exit code out.
pub fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // Clap prints help to standard output and mistakes to standard error, and knows which is which.
            error.print().ok();
            return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(complaint::USAGE));
        }
    };
    let serves = matches!(cli.command, Command::Serve(_) | Command::Mcp(_));
    if !serves {
        start_tracing(cli.global.verbose);
    }
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return complaint::report(&anyhow::Error::new(error).context("cannot start")),
    };
    let (exit, patience) = if serves { runtime.block_on(run_to_its_end(cli)) } else { runtime.block_on(run(cli)) };
    // A thread that still reads a silent pipe must not keep the program from ending.
    runtime.shutdown_timeout(patience);
    exit
}

/// Runs a command that deals with signals itself.
async fn run_to_its_end(cli: Cli) -> (ExitCode, Duration) {
    let ended = cli.command.run(&Shell::new(cli.global)).await;
    (ended.map_or_else(|error| complaint::report(&error), Outcome::exit_code), UNTIL_SETTLED)
}

/// Runs one command to its end or to the first signal, and lets go of the server in either case.
/// Answers the exit code, and how long to wait for what still runs in other threads.
async fn run(cli: Cli) -> (ExitCode, Duration) {
    let shell = match &cli.command {
        Command::Query(args) => args.shell(&cli.global),
        _ => Ok(Shell::new(cli.global)),
    };
    let shell = match shell {
        Ok(shell) => Arc::new(shell),
        Err(error) => return (complaint::report(&error), UNTIL_SETTLED),
    };
    let (told, mut signals) = watch::channel(None);
    tokio::spawn(watch_signals(Arc::clone(&shell), told));
    let ended = tokio::select! {
        ended = cli.command.run(&shell) => ended,
        signal = first_signal(&mut signals) => Err(complaint::interrupted(signal)),
    };
    // From here on the server is let go in order, whatever else arrives.
    drop(signals);
    let closed = shell.close().await;
    let exit = match ended.and_then(|outcome| closed.map(|()| outcome)) {
        Ok(outcome) => outcome.exit_code(),
        Err(error) => complaint::report(&error),
    };
    (exit, if shell.is_starting() { UNTIL_STARTED } else { UNTIL_SETTLED })
}

/// How long a server that is just being started may take until it can be stopped again.
const UNTIL_STARTED: Duration = Duration::from_secs(60);
/// How long anything else may take to notice that the command is over.
const UNTIL_SETTLED: Duration = Duration::from_millis(500);

async fn first_signal(signals: &mut watch::Receiver<Option<u8>>) -> u8 {
    match signals.wait_for(Option::is_some).await.map(|signal| *signal) {
        Ok(Some(signal)) => signal,
        _ => std::future::pending().await,
    }
}

/// Tells the command's select of a signal. A command that blocks its thread (a pipe that says nothing) does not see it:
/// then the program ends from here.
async fn watch_signals(shell: Arc<Shell>, told: watch::Sender<Option<u8>>) {
    let signal = interruption().await;
    told.send_replace(Some(signal));
    if tokio::time::timeout(UNTIL_SETTLED, told.closed()).await.is_err() {
        shell.close().await.ok();
        eprintln!("error: interrupted");
        std::process::exit(i32::from(complaint::signalled(signal)));
    }
}

/// Waits for Ctrl-C or SIGTERM and answers the signal's number.
async fn interruption() -> u8 {
    const SIGINT: u8 = 2;
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        const SIGTERM: u8 = 15;
        if let Ok(mut terminate) = signal(SignalKind::terminate()) {
            return tokio::select! {
                _ = terminate.recv() => SIGTERM,
                _ = tokio::signal::ctrl_c() => SIGINT,
            };
        }
    }
    tokio::signal::ctrl_c().await.ok();
    SIGINT
}

fn start_tracing(verbose: bool) {
    use tracing_subscriber::EnvFilter;
    let fallback = if verbose { "info,ledger_store=debug,ledger_projections=debug" } else { "error" };
    let filter = EnvFilter::try_from_env("LEDGERD_LOG").unwrap_or_else(|_| EnvFilter::new(fallback));
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).try_init().ok();
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_arguments_are_consistent() {
        Cli::command().debug_assert();
    }
}
