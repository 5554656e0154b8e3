//! `ledgerd entry`: one journal entry from the command line. Files of entries are the importers' business.

use chrono::NaiveDate;
use clap::{Args, Subcommand};
use ledger_core::command::ReverseEntry;
use ledger_core::{Command, DraftEntry, DraftLine, Seq};
use ledger_store::Organization;
use ledger_store::writer::{IdempotencyKey, Request};
use rust_decimal::Decimal;

use super::complaint::Outcome;
use super::moment;
use super::output::print;
use super::shell::{Session, Shell};

/// The commands of `entry`.
#[derive(Debug, Subcommand)]
pub enum EntryCommand {
    /// Post a journal entry
    Post(PostArgs),
    /// Negate a posted entry
    Reverse(ReverseArgs),
}

/// Arguments of `entry post`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  ledgerd entry post --org acme --date 2025-03-31 --description \"Rent March\" \\
      --debit 6100=1200.00 --credit 1000=1200.00
  ledgerd entry post --org acme --date 2025-04-02 --description \"Invoice 17\" \\
      --debit \"1200=500.00 EUR\" --credit \"4000=500.00 EUR\"")]
pub struct PostArgs {
    /// The organization, by its short name
    #[arg(long, value_name = "SLUG")]
    pub org: String,
    /// When it counts
    #[arg(long, value_name = "DATE", value_parser = moment::date)]
    pub date: NaiveDate,
    /// What happened
    #[arg(long, value_name = "TEXT")]
    pub description: String,
    /// An account to debit, the amount, and its currency where it is not the functional one; may be repeated
    #[arg(long, value_name = "CODE=AMOUNT [CUR]", value_parser = side, required = true)]
    pub debit: Vec<Side>,
    /// An account to credit, likewise
    #[arg(long, value_name = "CODE=AMOUNT [CUR]", value_parser = side, required = true)]
    pub credit: Vec<Side>,
    /// Your own id for it, unique in the organization
    #[arg(long, value_name = "ID")]
    pub external_id: Option<String>,
    /// Idempotency key: the same command with the same key posts once
    #[arg(long, value_name = "KEY")]
    pub key: Option<String>,
}

/// Arguments of `entry reverse`.
#[derive(Debug, Args)]
pub struct ReverseArgs {
    /// The organization, by its short name
    #[arg(long, value_name = "SLUG")]
    pub org: String,
    /// Where the entry stands in history (its seq)
    #[arg(value_name = "SEQ")]
    pub seq: Seq,
    /// Why, for the history
    #[arg(long)]
    pub reason: String,
    /// When the reversal counts [default: the entry's date if its period is open, else the next open period]
    #[arg(long, value_name = "DATE", value_parser = moment::date)]
    pub date: Option<NaiveDate>,
}

/// One side of an entry: account, amount, currency.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Side {
    account: String,
    amount: Decimal,
    currency: Option<String>,
}

fn side(text: &str) -> Result<Side, String> {
    let wrong = || format!("{text:?} is not CODE=AMOUNT: write for example 1000=1200.00 or \"1000=1200.00 EUR\"");
    let (account, rest) = text.rsplit_once('=').ok_or_else(wrong)?;
    let (amount, currency) = match rest.trim().split_once(' ') {
        Some((amount, currency)) => (amount, Some(currency.trim().to_owned())),
        None => (rest.trim(), None),
    };
    let amount = Decimal::from_str_exact(amount).map_err(|_| wrong())?;
    Ok(Side { account: account.trim().to_owned(), amount, currency })
}

pub(super) async fn run(shell: &Shell, command: EntryCommand) -> anyhow::Result<Outcome> {
    let session = shell.connect().await?;
    match command {
        EntryCommand::Post(args) => {
            let organization = session.organization(&args.org).await?;
            let draft = draft(&args, &organization);
            let key = args.key.as_deref().map(|key| IdempotencyKey::new(key, canonical(&args).as_bytes()));
            submit(&session, &organization, Command::PostEntry(draft), key).await
        }
        EntryCommand::Reverse(args) => {
            let organization = session.organization(&args.org).await?;
            let reverse = ReverseEntry { original: args.seq, date: args.date, reason: args.reason.as_str().into() };
            submit(&session, &organization, Command::ReverseEntry(reverse), None).await
        }
    }
}

pub(super) fn draft(args: &PostArgs, organization: &Organization) -> DraftEntry {
    let line = |side: &Side, amount| {
        let currency = side.currency.as_deref().unwrap_or(&organization.functional_currency);
        DraftLine::new(side.account.as_str(), amount, currency)
    };
    let debits = args.debit.iter().map(|side| line(side, side.amount));
    let credits = args.credit.iter().map(|side| line(side, -side.amount));
    let mut draft = DraftEntry::new(args.date, &args.description, debits.chain(credits).collect());
    draft.external_id = args.external_id.as_deref().map(Into::into);
    draft
}

/// The request in a form that does not change between versions: the key is bound to it.
fn canonical(args: &PostArgs) -> String {
    let sides = |sides: &[Side]| -> Vec<[String; 3]> {
        sides.iter().map(|s| [s.account.clone(), s.amount.normalize().to_string(), s.currency.clone().unwrap_or_default()]).collect()
    };
    let parts = (args.date, &args.description, sides(&args.debit), sides(&args.credit), &args.external_id);
    serde_json::json!(parts).to_string()
}

async fn submit(session: &Session, organization: &Organization, command: Command, key: Option<IdempotencyKey>) -> anyhow::Result<Outcome> {
    let mut request = Request::new(command, session.actor.clone());
    request.key = key;
    let receipt = session.ledger.submit(organization.org, request).await?;
    let replayed = if receipt.replayed { " before, under this key" } else { "" };
    print(&format!("Posted{replayed} at seq {}, recorded {}.\n", receipt.last_seq(), moment::show_time(receipt.recorded_at)))?;
    Ok(Outcome::Done)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sides_are_read() {
        let read = |text: &str| side(text).map(|side| (side.account, side.amount.to_string(), side.currency));
        assert_eq!(read("1000=1200.00"), Ok(("1000".into(), "1200.00".into(), None)));
        assert_eq!(read("Assets:Bank=5 EUR"), Ok(("Assets:Bank".into(), "5".into(), Some("EUR".into()))));
        assert!(read("1000").is_err() && read("1000=abc").is_err() && read("1000=1,5").is_err());
    }
}
