//! `ledgerd allocate`: settling open items against each other, and undoing that.

use chrono::NaiveDate;
use clap::{Args, Subcommand};
use ledger_core::command::{Allocate, ItemRef};
use ledger_core::{Command, Event, Seq};
use rust_decimal::Decimal;

use super::complaint::Outcome;
use super::moment;
use super::output::print;
use super::recording::{self, Target, positive, target};
use super::shell::Shell;

/// The commands of `allocation`.
#[derive(Debug, Subcommand)]
pub enum AllocationCommand {
    /// Settle a payment or credit against what is open
    Make(MakeArgs),
    /// Undo an allocation
    Reverse(ReverseArgs),
}

/// Arguments of `allocation make`.
#[derive(Debug, Args)]
#[command(after_help = "\
Without --to, what is due first is settled first. What is left of a payment stays as an unapplied item.

Examples:
  ledgerd allocation make --org acme --party C-1042 --from PAY-7
  ledgerd allocation make --org acme --party C-1042 --from PAY-7 --to INV-12=40.00 --to INV-15
  ledgerd allocation make --org acme --party C-1042 --from PAY-8 --to EUR-3=110.00:100.00")]
pub struct MakeArgs {
    /// The organization, by its short name
    #[arg(long, value_name = "SLUG")]
    pub org: String,
    /// Whose items
    #[arg(long, value_name = "CODE")]
    pub party: String,
    /// The document that settles: a payment or a credit note
    #[arg(long, value_name = "DOCUMENT")]
    pub from: String,
    /// A document that is settled, and how much of --from goes there; between two currencies also how much of the document that
    /// settles; may be repeated, and is done in this order
    #[arg(long, value_name = "DOCUMENT[=AMOUNT[:SETTLED]]", value_parser = target)]
    pub to: Vec<Target>,
    /// How much in all [default: all that is left of --from]
    #[arg(long, value_name = "AMOUNT", value_parser = positive)]
    pub amount: Option<Decimal>,
    /// When it counts [default: the later date of the two documents]
    #[arg(long, value_name = "DATE", value_parser = moment::date)]
    pub date: Option<NaiveDate>,
}

/// Arguments of `allocation reverse`.
#[derive(Debug, Args)]
pub struct ReverseArgs {
    /// The organization, by its short name
    #[arg(long, value_name = "SLUG")]
    pub org: String,
    /// Where the allocation stands in history
    #[arg(value_name = "SEQ")]
    pub allocation: Seq,
    /// When it counts [default: the allocation's date]
    #[arg(long, value_name = "DATE", value_parser = moment::date)]
    pub date: Option<NaiveDate>,
    /// Why
    #[arg(long, value_name = "TEXT")]
    pub reason: String,
}

pub(super) async fn run(shell: &Shell, command: AllocationCommand) -> anyhow::Result<Outcome> {
    match command {
        AllocationCommand::Make(args) => make(shell, args).await,
        AllocationCommand::Reverse(args) => reverse(shell, args).await,
    }
}

async fn make(shell: &Shell, args: MakeArgs) -> anyhow::Result<Outcome> {
    let session = shell.connect().await?;
    let organization = session.organization(&args.org).await?;
    let to = args.to.iter().map(|target| target.of(&args.party));
    let allocate = Allocate { from: ItemRef::document(&args.party, &args.from), to: to.collect(), amount: args.amount, date: args.date };
    let receipt = session.submit(organization.org, Command::Allocate(Box::new(allocate))).await?;
    // Accounts for exchange differences and conversion may have been opened on the way.
    let followed = recording::followed(&session.store.for_org(organization.org), &receipt).await?;
    let made: Vec<_> = followed.iter().filter(|(_, event)| matches!(event, Event::ItemsAllocated { .. })).map(|(seq, _)| *seq).collect();
    print(&match made.as_slice() {
        [] => "Nothing was open to be settled; nothing was changed.\n".to_owned(),
        [seq] => format!("Made one allocation at seq {seq}.\n"),
        [.., last] => format!("Made {} allocations, up to seq {last}.\n", made.len()),
    })?;
    Ok(Outcome::Done)
}

async fn reverse(shell: &Shell, args: ReverseArgs) -> anyhow::Result<Outcome> {
    let session = shell.connect().await?;
    let organization = session.organization(&args.org).await?;
    let command = Command::ReverseAllocation { allocation: args.allocation, date: args.date, reason: args.reason.as_str().into() };
    let receipt = session.submit(organization.org, command).await?;
    print(&format!("Undid allocation {} at seq {}.\n", args.allocation, receipt.last_seq()))?;
    Ok(Outcome::Done)
}
