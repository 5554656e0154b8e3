//! `ledgerd period`: closing months, and opening them again with a reason.

use clap::{Args, Subcommand};
use ledger_core::{Command, Month, PeriodStatus};

use super::complaint::Outcome;
use super::moment;
use super::output::print;
use super::shell::Shell;

/// The commands of `period`.
#[derive(Debug, Subcommand)]
pub enum PeriodCommand {
    /// Close a month: nobody posts into it any more
    Close(CloseArgs),
    /// Open a closed month again
    Reopen(ReopenArgs),
}

/// Arguments of `period close`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  ledgerd period close --org acme 2025-11 --soft
  ledgerd period close --org acme 2025-12 --reason \"audited\"")]
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
    /// Why, for the history
    #[arg(long, default_value = "")]
    pub reason: String,
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
    let session = shell.connect().await?;
    let (slug, command, done) = match command {
        PeriodCommand::Close(args) => {
            let status = if args.soft { PeriodStatus::SoftClosed } else { PeriodStatus::HardClosed };
            let done = format!("Period {} is {} now", args.month, status.as_str());
            (args.org, Command::ClosePeriod { month: args.month, status, reason: args.reason.as_str().into() }, done)
        }
        PeriodCommand::Reopen(args) => {
            let done = format!("Period {} is open again", args.month);
            (args.org, Command::ReopenPeriod { month: args.month, reason: args.reason.as_str().into() }, done)
        }
    };
    let organization = session.organization(&slug).await?;
    let receipt = session.submit(organization.org, command).await?;
    print(&format!("{done} (seq {}).\n", receipt.last_seq()))?;
    Ok(Outcome::Done)
}
