//! `ledgerd rate`: exchange rates and prices, recorded with their day and source.

use chrono::NaiveDate;
use clap::{Args, Subcommand};
use ledger_core::command::RecordRate;
use ledger_core::{Command, RateType};
use rust_decimal::Decimal;

use super::complaint::Outcome;
use super::moment;
use super::output::print;
use super::shell::Shell;

/// The commands of `rate`.
#[derive(Debug, Subcommand)]
pub enum RateCommand {
    /// Record a rate: one BASE is worth RATE QUOTE
    Add(AddArgs),
    /// Record a table of rates from a CSV file
    Import(super::rate_import::RateImportArgs),
}

/// Arguments of `rate add`.
#[derive(Debug, Args)]
#[command(after_help = "\
Example, for one euro at 1.0845 US dollars:
  ledgerd rate add --org acme EUR USD 1.0845 --date 2025-06-30 --source ecb")]
pub struct AddArgs {
    /// The organization, by its short name
    #[arg(long, value_name = "SLUG")]
    pub org: String,
    /// What is priced
    #[arg(value_name = "BASE")]
    pub base: String,
    /// In what it is priced
    #[arg(value_name = "QUOTE")]
    pub quote: String,
    /// How many QUOTE one BASE is worth
    #[arg(value_name = "RATE", value_parser = decimal)]
    pub rate: Decimal,
    /// The day it holds for
    #[arg(long, value_name = "DATE", value_parser = moment::date)]
    pub date: NaiveDate,
    /// spot, average or closing
    #[arg(long = "type", value_name = "TYPE", value_parser = kind, default_value = "spot")]
    pub kind: RateType,
    /// Where it comes from
    #[arg(long, default_value = "")]
    pub source: String,
}

fn decimal(text: &str) -> Result<Decimal, String> {
    Decimal::from_str_exact(text).map_err(|_| format!("{text:?} is no decimal number: write it with a point, for example 1.0845"))
}

pub(super) fn kind(word: &str) -> Result<RateType, String> {
    RateType::parse(word).ok_or_else(|| "expected one of spot, average, closing".to_owned())
}

pub(super) async fn run(shell: &Shell, command: RateCommand) -> anyhow::Result<Outcome> {
    let args = match command {
        RateCommand::Add(args) => args,
        RateCommand::Import(args) => return super::rate_import::run(shell, args).await,
    };
    let session = shell.connect().await?;
    let organization = session.organization(&args.org).await?;
    let record = RecordRate {
        base: args.base.as_str().into(),
        quote: args.quote.as_str().into(),
        kind: args.kind,
        date: args.date,
        rate: args.rate,
        source: args.source.as_str().into(),
    };
    let receipt = session.submit(organization.org, Command::RecordRate(record)).await?;
    print(&format!("Recorded 1 {} = {} {} for {} (seq {}).\n", args.base, args.rate, args.quote, args.date, receipt.last_seq()))?;
    Ok(Outcome::Done)
}
