//! `ledgerd document`: orders, invoices, bills, claims and notes, one at a time. Files of many are `import`'s business.

mod find;
mod record;
mod show;

use chrono::NaiveDate;
use clap::{Args, Subcommand, ValueEnum};
use ledger_core::command::{InvoiceOrder, WriteOff};
use ledger_core::{AccountRef, Command, DocumentKind};
use rust_decimal::Decimal;

use super::complaint::Outcome;
use super::moment;
use super::recording::{OnceArgs, WorthArgs, positive, record as submit};
use super::shell::Shell;

pub use record::RecordArgs;
pub use show::ShowArgs;

/// The commands of `document`.
#[derive(Debug, Subcommand)]
pub enum DocumentCommand {
    /// Record an order, invoice, bill, expense claim, credit note or debit note
    Record(Box<RecordArgs>),
    /// Make an order an invoice (or a bill, where it was given to a vendor) with the same lines
    InvoiceOrder(InvoiceOrderArgs),
    /// Write off what is open of a document
    WriteOff(WriteOffArgs),
    /// Show a document: lines, tax, what falls due when, and what is open of it
    Show(ShowArgs),
}

/// What a document is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum KindArg {
    /// Agreed but not yet owed: nothing is posted
    Order,
    /// What a customer owes
    Invoice,
    /// What a vendor is owed
    Bill,
    /// What somebody spent for the organization
    ExpenseClaim,
    /// Takes back part or whole of an invoice or bill
    CreditNote,
    /// Adds to an invoice or bill
    DebitNote,
}

impl From<KindArg> for DocumentKind {
    fn from(arg: KindArg) -> Self {
        match arg {
            KindArg::Order => Self::Order,
            KindArg::Invoice => Self::Invoice,
            KindArg::Bill => Self::Bill,
            KindArg::ExpenseClaim => Self::ExpenseClaim,
            KindArg::CreditNote => Self::CreditNote,
            KindArg::DebitNote => Self::DebitNote,
        }
    }
}

/// Arguments of `document invoice-order`.
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  ledgerd document invoice-order --org acme ORD-7 --date 2026-02-01")]
pub struct InvoiceOrderArgs {
    /// The organization, by its short name
    #[arg(long, value_name = "SLUG")]
    pub org: String,
    /// The order's number
    #[arg(value_name = "NUMBER")]
    pub order: String,
    /// The invoice's date
    #[arg(long, value_name = "DATE", value_parser = moment::date)]
    pub date: NaiveDate,
    /// The invoice's number [default: the next of its series]
    #[arg(long, value_name = "NUMBER")]
    pub number: Option<String>,
    /// The series in which the ledger numbers it
    #[arg(long, value_name = "SERIES", default_value = "")]
    pub series: String,
    /// What its total is worth
    #[command(flatten)]
    pub worth: WorthArgs,
    /// How it is recorded
    #[command(flatten)]
    pub once: OnceArgs,
}

/// Arguments of `document write-off`.
#[derive(Debug, Args)]
#[command(after_help = "\
What is written off counts at the document's own value: no exchange difference arises. The earliest due goes first.

Examples:
  ledgerd document write-off --org acme INV-12 --party C-1042 --account 6700 --reason \"insolvent\"
  ledgerd document write-off --org acme INV-15 --party C-1042 --account 6710 --amount 0.03 --reason \"small difference\"")]
pub struct WriteOffArgs {
    /// The organization, by its short name
    #[arg(long, value_name = "SLUG")]
    pub org: String,
    /// The document's number
    #[arg(value_name = "DOCUMENT")]
    pub document: String,
    /// Whose it is
    #[arg(long, value_name = "CODE")]
    pub party: String,
    /// Where it goes: bad debts, small differences
    #[arg(long, value_name = "CODE")]
    pub account: String,
    /// How much [default: all that is open]
    #[arg(long, value_name = "AMOUNT", value_parser = positive)]
    pub amount: Option<Decimal>,
    /// When it counts [default: the date of the document if its period is open]
    #[arg(long, value_name = "DATE", value_parser = moment::date)]
    pub date: Option<NaiveDate>,
    /// The write-off's own number [default: the next of its series]
    #[arg(long, value_name = "NUMBER")]
    pub number: Option<String>,
    /// Why, for the history
    #[arg(long, value_name = "TEXT")]
    pub reason: String,
    /// How it is recorded
    #[command(flatten)]
    pub once: OnceArgs,
}

pub(super) async fn run(shell: &Shell, command: DocumentCommand) -> anyhow::Result<Outcome> {
    match command {
        DocumentCommand::Record(args) => record::run(shell, *args).await,
        DocumentCommand::InvoiceOrder(args) => invoice_order(shell, args).await,
        DocumentCommand::WriteOff(args) => write_off(shell, args).await,
        DocumentCommand::Show(args) => show::run(shell, &args).await,
    }
}

async fn invoice_order(shell: &Shell, args: InvoiceOrderArgs) -> anyhow::Result<Outcome> {
    let session = shell.connect().await?;
    let organization = session.organization(&args.org).await?;
    let invoice = InvoiceOrder {
        order: args.order.as_str().into(),
        date: args.date,
        number: args.number.as_deref().map(Into::into),
        series: args.series.as_str().into(),
        value: args.worth.draft(),
    };
    let asked = serde_json::json!([args.order, args.date, args.number, args.series, format!("{:?}", (args.worth.rate, args.worth.value))]);
    let key = args.once.key_for(&asked);
    submit(&session, &organization, Command::InvoiceOrder(Box::new(invoice)), key, &args.once).await
}

async fn write_off(shell: &Shell, args: WriteOffArgs) -> anyhow::Result<Outcome> {
    let session = shell.connect().await?;
    let organization = session.organization(&args.org).await?;
    let write_off = WriteOff {
        party: args.party.as_str().into(),
        document: args.document.as_str().into(),
        account: AccountRef::from(args.account.as_str()),
        date: args.date,
        amount: args.amount,
        number: args.number.as_deref().map(Into::into),
        reason: args.reason.as_str().into(),
    };
    let amount = args.amount.map(|amount| amount.normalize().to_string());
    let asked = serde_json::json!([args.party, args.document, args.account, args.date, amount, args.number, args.reason]);
    let key = args.once.key_for(&asked);
    submit(&session, &organization, Command::WriteOff(Box::new(write_off)), key, &args.once).await
}
