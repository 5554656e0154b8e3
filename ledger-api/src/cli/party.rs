//! `ledgerd party`: customers, vendors and payees. Only codes go into history, never names or addresses.

use clap::{Args, Subcommand, ValueEnum};
use ledger_core::command::RegisterParty;
use ledger_core::subledger::{Party, PartyKind, Terms};
use ledger_core::{AccountRef, Command};
use ledger_store::load::load_book;
use serde_json::{Value, json};

use super::complaint::Outcome;
use super::output::{self, Format, FormatArg, Sheet, print, text};
use super::{party_detail, shell::Shell};
use crate::import::documents::terms;

/// The commands of `party`.
#[derive(Debug, Subcommand)]
pub enum PartyCommand {
    /// Register a customer, vendor or payee; registering one that stands already in the same way changes nothing
    Register(RegisterArgs),
    /// List the parties
    List(ListArgs),
    /// Keep a party's name, address and the like, beside history and never in it
    Detail(Box<party_detail::DetailArgs>),
    /// Show what is known of a party
    Show(party_detail::ShowArgs),
    /// Erase what is known of a party; history stays as it is
    Erase(party_detail::EraseArgs),
}

/// What a party is to the organization.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum KindArg {
    /// Buys
    Customer,
    /// Sells
    Vendor,
    /// Is paid for something else: agents, employees
    Payee,
}

impl From<KindArg> for PartyKind {
    fn from(arg: KindArg) -> Self {
        match arg {
            KindArg::Customer => Self::Customer,
            KindArg::Vendor => Self::Vendor,
            KindArg::Payee => Self::Payee,
        }
    }
}

/// Arguments of `party register`.
#[derive(Debug, Args)]
#[command(after_help = "\
A code is kept for ever: use a pseudonym (C-1042), not a name or an address.

Examples:
  ledgerd party register --org acme C-1042 --kind customer --terms 30
  ledgerd party register --org acme V-7 --kind vendor --terms 30@30,50@60,20@90 --currency EUR")]
pub struct RegisterArgs {
    /// The organization, by its short name
    #[arg(long, value_name = "SLUG")]
    pub org: String,
    /// Its code
    #[arg(value_name = "CODE")]
    pub code: String,
    /// What it is to the organization
    #[arg(long, value_enum, value_name = "KIND")]
    pub kind: KindArg,
    /// Days until its documents fall due, or shares and their days: 30@30,50@60,20@90 [default: at once]
    #[arg(long, value_name = "DAYS", value_parser = terms)]
    pub terms: Option<Terms>,
    /// Currency of its documents [default: the functional currency]
    #[arg(long, value_name = "CODE")]
    pub currency: Option<String>,
    /// Its receivable control account [default: the organization's]
    #[arg(long, value_name = "CODE")]
    pub receivable: Option<String>,
    /// Its payable control account [default: the organization's]
    #[arg(long, value_name = "CODE")]
    pub payable: Option<String>,
}

/// Arguments of `party list`.
#[derive(Debug, Args)]
pub struct ListArgs {
    /// The organization, by its short name
    #[arg(long, value_name = "SLUG")]
    pub org: String,
    #[command(flatten)]
    format: FormatArg,
}

fn terms_text(terms: &Terms) -> String {
    match terms.parts.as_slice() {
        [] => "0".to_owned(),
        [only] => only.days.to_string(),
        parts => parts.iter().map(|part| format!("{}@{}", part.share, part.days)).collect::<Vec<_>>().join(","),
    }
}

pub(super) async fn run(shell: &Shell, command: PartyCommand) -> anyhow::Result<Outcome> {
    match command {
        PartyCommand::Register(args) => register(shell, args).await,
        PartyCommand::List(args) => list(shell, &args).await,
        PartyCommand::Detail(args) => party_detail::detail(shell, *args).await,
        PartyCommand::Show(args) => party_detail::show(shell, args).await,
        PartyCommand::Erase(args) => party_detail::erase(shell, args).await,
    }
}

async fn register(shell: &Shell, args: RegisterArgs) -> anyhow::Result<Outcome> {
    let session = shell.connect().await?;
    let organization = session.organization(&args.org).await?;
    let party = RegisterParty {
        terms: args.terms.unwrap_or_default(),
        currency: args.currency.as_deref().map(Into::into),
        receivable: args.receivable.as_deref().map(AccountRef::from),
        payable: args.payable.as_deref().map(AccountRef::from),
        ..RegisterParty::new(&args.code, args.kind.into())
    };
    let receipt = session.submit(organization.org, Command::RegisterParty(Box::new(party))).await?;
    print(&match receipt.event_count {
        0 => format!("Party {} stands already; nothing was changed.\n", args.code),
        _ => format!("Registered {} at seq {}.\n", args.code, receipt.last_seq()),
    })?;
    Ok(Outcome::Done)
}

const COLUMNS: [&str; 6] = ["party", "kind", "terms", "currency", "receivable", "payable"];

async fn list(shell: &Shell, args: &ListArgs) -> anyhow::Result<Outcome> {
    let session = shell.connect().await?;
    let book = load_book(&session.org_store(&args.org).await?).await?.book;
    let account = |no: Option<ledger_core::AccountNo>| {
        no.and_then(|no| book.account(no)).map_or_else(String::new, |account| account.code.to_string())
    };
    let record = |party: &Party| {
        let currency = party.currency.and_then(|no| book.commodity(no)).map_or_else(String::new, |commodity| commodity.code.to_string());
        let (receivable, payable) = (account(party.receivable), account(party.payable));
        [party.code.to_string(), party.kind.as_str().to_owned(), terms_text(&party.terms), currency, receivable, payable]
    };
    let rows: Vec<[String; 6]> = book.parties().iter().map(record).collect();
    print(&match args.format.format {
        Format::Csv => output::csv(&COLUMNS, &rows)?,
        Format::Json => {
            let object = |row: &[String; 6]| {
                Value::Object(COLUMNS.iter().map(|name| (*name).to_owned()).zip(row.iter().map(|cell| json!(cell))).collect())
            };
            output::json(&Value::Array(rows.iter().map(object).collect()))
        }
        Format::Table if rows.is_empty() => "No parties yet. Register one: ledgerd party register --help\n".to_owned(),
        Format::Table => {
            let mut sheet = Sheet::new(["Party", "Kind", "Terms", "Cur.", "Receivable", "Payable"].map(text));
            rows.into_iter().for_each(|row| sheet.row(row));
            sheet.render()
        }
    })?;
    Ok(Outcome::Done)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn terms_are_days_or_shares_and_their_days() {
        for words in ["30", "0", "30@30,50@60,20@90", "0.5@10,0.5@20"] {
            assert_eq!(terms_text(&terms(words).unwrap()), words);
        }
        for words in ["", "x", "-1", "30@", "@30", "0@30", "30@30,", "70000"] {
            assert!(terms(words).unwrap_err().contains("expected days"), "{words}");
        }
    }
}
