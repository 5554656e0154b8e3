//! `ledgerd payment`: money received, sent and returned.

use chrono::NaiveDate;
use clap::{Args, Subcommand, ValueEnum};
use ledger_core::command::{RecordPayment, Settles};
use ledger_core::{AccountRef, Command, DocumentKind, Text};
use rust_decimal::Decimal;

use super::complaint::Outcome;
use super::moment;
use super::recording::{OnceArgs, Target, WorthArgs, key_of, on_account, positive, record, tag, target};
use super::report_items::SideArg;
use super::shell::Shell;
use crate::import::source::Recording;

/// The commands of `payment`.
#[derive(Debug, Subcommand)]
pub enum PaymentCommand {
    /// Record money received (in), sent (out) or returned (refund), and settle what it pays
    Record(Box<RecordArgs>),
}

/// Which way the money went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum WayArg {
    /// Received
    In,
    /// Sent
    Out,
    /// Returned: out to customers, in from vendors
    Refund,
}

/// Arguments of `payment record`.
#[derive(Debug, Args)]
#[command(after_help = "\
Without --pays, what is due first is settled first; what is left over stays open as an unapplied item.

Examples:
  ledgerd payment record in --org acme --party C-1042 --account 1010 --date 2026-02-03 --amount 120.00
  ledgerd payment record in --org acme --party C-1042 --account 1010 --date 2026-02-03 --amount 120.00 \\
      --pays INV-12=40.00 --pays INV-15 --charge 6800=2.50 --reference BANK-77
  ledgerd payment record out --org acme --party V-7 --account 1010 --date 2026-02-03 --amount 900 --currency EUR --rate 1.0845
  ledgerd payment record in --org acme --party C-1042 --account 1010 --date 2026-02-03 --amount 110 --currency USD --pays EUR-3=110:100
  ledgerd payment record refund --org acme --party C-1042 --account 1010 --date 2026-02-09 --amount 15.00 --pays CN-3")]
pub struct RecordArgs {
    /// Which way the money went
    #[arg(value_enum, value_name = "WAY")]
    pub way: WayArg,
    /// The organization, by its short name
    #[arg(long, value_name = "SLUG")]
    pub org: String,
    /// Whose payment it is
    #[arg(long, value_name = "CODE")]
    pub party: String,
    /// The cash or bank account
    #[arg(long, value_name = "CODE")]
    pub account: String,
    /// When
    #[arg(long, value_name = "DATE", value_parser = moment::date)]
    pub date: NaiveDate,
    /// What is settled: the bank's charge is taken off it when received, and comes on top when sent
    #[arg(long, value_name = "AMOUNT", value_parser = positive)]
    pub amount: Decimal,
    /// Its currency [default: the party's, else the functional one]
    #[arg(long, value_name = "CODE")]
    pub currency: Option<String>,
    /// A document that it pays, and how much of the payment goes there; between two currencies also how much of the document that
    /// settles; may be repeated, and is done in this order
    #[arg(long, value_name = "DOCUMENT[=AMOUNT[:SETTLED]]", value_parser = target, conflicts_with = "unapplied")]
    pub pays: Vec<Target>,
    /// Settle nothing yet
    #[arg(long)]
    pub unapplied: bool,
    /// What the bank kept, and the account that it goes to
    #[arg(long, value_name = "ACCOUNT=AMOUNT", value_parser = on_account)]
    pub charge: Option<(String, Decimal)>,
    /// What the amount is worth
    #[command(flatten)]
    pub worth: WorthArgs,
    /// Its number [default: the next of its series]
    #[arg(long, value_name = "NUMBER")]
    pub number: Option<String>,
    /// The series in which the ledger numbers it
    #[arg(long, value_name = "SERIES", default_value = "")]
    pub series: String,
    /// The bank's or the other side's reference
    #[arg(long, value_name = "TEXT")]
    pub reference: Option<String>,
    /// Which sub-ledger [default: the party's]
    #[arg(long, value_enum, value_name = "SIDE")]
    pub side: Option<SideArg>,
    /// The control account [default: the party's, else the organization's]
    #[arg(long, value_name = "CODE")]
    pub control: Option<String>,
    /// A note
    #[arg(long, value_name = "TEXT", default_value = "")]
    pub memo: String,
    /// A dimension; may be repeated
    #[arg(long = "tag", value_name = "KEY=VALUE", value_parser = tag)]
    pub tags: Vec<(Text, Text)>,
    /// Your own id for it, unique in the organization
    #[arg(long, value_name = "ID")]
    pub external_id: Option<String>,
    /// How it is recorded
    #[command(flatten)]
    pub once: OnceArgs,
}

impl RecordArgs {
    fn payment(&self) -> RecordPayment {
        let kind = match self.way {
            WayArg::In => DocumentKind::PaymentIn,
            WayArg::Out => DocumentKind::PaymentOut,
            WayArg::Refund => DocumentKind::Refund,
        };
        let settles = match (self.pays.is_empty(), self.unapplied) {
            (false, _) => Settles::These(self.pays.iter().map(|target| target.of(&self.party)).collect()),
            (true, true) => Settles::Nothing,
            (true, false) => Settles::ByDueDate,
        };
        let text = |text: &Option<String>| text.as_deref().map(Text::from);
        RecordPayment {
            side: self.side.map(Into::into),
            currency: text(&self.currency),
            value: self.worth.draft(),
            bank_charge: self.charge.as_ref().map(|(account, charge)| (AccountRef::from(account.as_str()), *charge)),
            number: text(&self.number),
            series: self.series.as_str().into(),
            reference: text(&self.reference),
            settles,
            control: self.control.as_deref().map(AccountRef::from),
            memo: self.memo.as_str().into(),
            tags: self.tags.clone(),
            external_id: text(&self.external_id),
            ..RecordPayment::new(kind, &self.party, self.account.as_str(), self.date, self.amount)
        }
    }
}

pub(super) async fn run(shell: &Shell, command: PaymentCommand) -> anyhow::Result<Outcome> {
    let PaymentCommand::Record(args) = command;
    let session = shell.connect().await?;
    let organization = session.organization(&args.org).await?;
    let recording = Recording::Payment(args.payment());
    let key = args.once.key.as_deref().map(|key| key_of(key, &recording));
    let Recording::Payment(payment) = recording else { return Ok(Outcome::Done) };
    record(&session, &organization, Command::RecordPayment(Box::new(payment)), key, &args.once).await
}
