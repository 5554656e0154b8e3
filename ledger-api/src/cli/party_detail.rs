//! `ledgerd party detail`, `show` and `erase`: names and addresses, kept beside history and never in it.

use chrono::Utc;
use clap::Args;
use ledger_store::PartyDetails;
use ledger_store::load::load_book;
use serde_json::json;

use super::complaint::{Complaint, Outcome};
use super::output::{self, Format, FormatArg, Sheet, print, text};
use super::shell::Shell;

/// Arguments of `party detail`.
#[derive(Debug, Args)]
#[command(after_help = "\
What is not given stays as it was; an empty text removes it. None of this goes into history, and all of it can be erased.

Example:
  ledgerd party detail --org acme C-1042 --name \"Ada Example\" --email ada@example.com")]
pub struct DetailArgs {
    /// The organization, by its short name
    #[arg(long, value_name = "SLUG")]
    pub org: String,
    /// The party's code
    #[arg(value_name = "CODE")]
    pub code: String,
    /// The name that a bank or an envelope would bear
    #[arg(long, value_name = "TEXT")]
    pub name: Option<String>,
    /// Where invoices are sent
    #[arg(long, value_name = "TEXT")]
    pub email: Option<String>,
    /// A telephone number
    #[arg(long, value_name = "TEXT")]
    pub phone: Option<String>,
    /// A postal address
    #[arg(long, value_name = "TEXT")]
    pub address: Option<String>,
    /// A tax registration number
    #[arg(long, value_name = "TEXT")]
    pub tax_id: Option<String>,
    /// An account to pay to
    #[arg(long, value_name = "TEXT")]
    pub bank_account: Option<String>,
    /// Anything else
    #[arg(long, value_name = "TEXT")]
    pub note: Option<String>,
}

/// Arguments of `party show`.
#[derive(Debug, Args)]
pub struct ShowArgs {
    /// The organization, by its short name
    #[arg(long, value_name = "SLUG")]
    pub org: String,
    /// The party's code
    #[arg(value_name = "CODE")]
    pub code: String,
    #[command(flatten)]
    format: FormatArg,
}

/// Arguments of `party erase`.
#[derive(Debug, Args)]
#[command(after_help = "\
The code, the amounts and every proof of history stay; the name, the addresses and what banks wrote on lines that were
matched with the party's documents go. Backups of the database keep what they have until they expire.")]
pub struct EraseArgs {
    /// The organization, by its short name
    #[arg(long, value_name = "SLUG")]
    pub org: String,
    /// The party's code
    #[arg(value_name = "CODE")]
    pub code: String,
}

fn changed(now: Option<String>, given: Option<String>) -> Option<String> {
    given.or(now).filter(|text| !text.is_empty())
}

pub(super) async fn detail(shell: &Shell, args: DetailArgs) -> anyhow::Result<Outcome> {
    let session = shell.connect().await?;
    let org = session.org_store(&args.org).await?;
    let unknown = || Complaint::refused(format!("there is no party {:?}", args.code)).hint("register it with `ledgerd party register`");
    load_book(&org).await?.book.party_by_code(&args.code).ok_or_else(unknown)?;
    let now = org.party_details(&args.code).await?.unwrap_or_default();
    let details = PartyDetails {
        name: changed(now.name, args.name),
        email: changed(now.email, args.email),
        phone: changed(now.phone, args.phone),
        address: changed(now.address, args.address),
        tax_id: changed(now.tax_id, args.tax_id),
        bank_account: changed(now.bank_account, args.bank_account),
        note: changed(now.note, args.note),
        party: args.code,
    };
    org.keep_party_details(&details, Utc::now(), &session.actor.identity).await?;
    print(&format!("Kept what is known of {}.\n", details.party))?;
    Ok(Outcome::Done)
}

fn fields(details: &PartyDetails) -> [(&'static str, Option<&str>); 8] {
    [
        ("party", Some(details.party.as_str())),
        ("name", details.name.as_deref()),
        ("email", details.email.as_deref()),
        ("phone", details.phone.as_deref()),
        ("address", details.address.as_deref()),
        ("tax_id", details.tax_id.as_deref()),
        ("bank_account", details.bank_account.as_deref()),
        ("note", details.note.as_deref()),
    ]
}

pub(super) async fn show(shell: &Shell, args: ShowArgs) -> anyhow::Result<Outcome> {
    let session = shell.connect().await?;
    let org = session.org_store(&args.org).await?;
    let unknown = || Complaint::refused(format!("there is no party {:?}", args.code)).hint("list them with `ledgerd party list`");
    load_book(&org).await?.book.party_by_code(&args.code).ok_or_else(unknown)?;
    let empty = PartyDetails { party: args.code.clone(), ..PartyDetails::default() };
    let details = org.party_details(&args.code).await?.unwrap_or(empty);
    let fields = fields(&details);
    print(&match args.format.format {
        Format::Json => output::json(&fields.iter().map(|(name, value)| ((*name).to_owned(), json!(value))).collect()),
        Format::Csv => output::csv(&fields.map(|(name, _)| name), [fields.map(|(_, value)| value.unwrap_or_default())])?,
        Format::Table => {
            let mut sheet = Sheet::new(["Field", "Value"].map(text));
            fields.iter().for_each(|(name, value)| sheet.row([(*name).to_owned(), value.unwrap_or("-").to_owned()]));
            sheet.render()
        }
    })?;
    Ok(Outcome::Done)
}

pub(super) async fn erase(shell: &Shell, args: EraseArgs) -> anyhow::Result<Outcome> {
    let session = shell.connect().await?;
    let org = session.org_store(&args.org).await?;
    let erased = org.erase_party_details(&args.code).await?;
    print(&if erased {
        format!("Erased what was known of {}; its code and its amounts stay.\n", args.code)
    } else {
        format!("Nothing is known of {} beyond its code.\n", args.code)
    })?;
    Ok(Outcome::Done)
}
