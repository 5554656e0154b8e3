//! `ledgerd deferral`: what waits to be earned or spent, and recognising it.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use clap::{Args, Subcommand};
use ledger_core::subledger::Deferral;
use ledger_core::{AccountNo, Book, Command, CommodityNo, Event, Seq, Units};
use ledger_store::load::load_book;

use super::complaint::Outcome;
use super::moment;
use super::output::{self, FormatArg, Sheet, grouped, number, plain, print, text};
use super::revalue::{code, scale};
use super::shell::{Shell, SoftClosed};

/// The commands of `deferral`.
#[derive(Debug, Subcommand)]
pub enum DeferralCommand {
    /// Recognise what is due up to a day
    Recognise(RecogniseArgs),
    /// List what is left of the schedules
    List(ListArgs),
}

/// Arguments of `deferral recognise`.
#[derive(Debug, Args)]
#[command(after_help = "\
Each part of a schedule is posted on its own day; parts of closed months go into the first open one. What was
recognised is not recognised again.

Examples:
  ledgerd deferral recognise --org acme --up-to 2025-12-31
  ledgerd deferral list --org acme")]
pub struct RecogniseArgs {
    /// The organization, by its short name
    #[arg(long, value_name = "SLUG")]
    pub org: String,
    /// The last day that is recognised
    #[arg(long, value_name = "DATE", value_parser = moment::date)]
    pub up_to: NaiveDate,
    #[command(flatten)]
    soft: SoftClosed,
    #[command(flatten)]
    format: FormatArg,
}

/// Arguments of `deferral list`.
#[derive(Debug, Args)]
pub struct ListArgs {
    /// The organization, by its short name
    #[arg(long, value_name = "SLUG")]
    pub org: String,
    #[command(flatten)]
    format: FormatArg,
}

/// Commands of one run: each recognises as much as fits into one request.
const ROUNDS_MAX: usize = 10_000;

pub(super) async fn run(shell: &Shell, command: DeferralCommand) -> anyhow::Result<Outcome> {
    match command {
        DeferralCommand::Recognise(args) => recognise(shell, &args).await,
        DeferralCommand::List(args) => list(shell, &args).await,
    }
}

/// What was recognised: by day, and account and currency of the entry's lines.
type Recognised = BTreeMap<(NaiveDate, AccountNo, CommodityNo), (Units, Seq)>;

async fn recognise(shell: &Shell, args: &RecogniseArgs) -> anyhow::Result<Outcome> {
    let session = shell.connect().await?.permitting(args.soft);
    let org = session.organization(&args.org).await?.org;
    let mut recognised = Recognised::new();
    let (mut parts_in_all, mut entries) = (0, 0);
    for _ in 0..ROUNDS_MAX {
        let events = session.submit_and_read(org, Command::RecogniseDeferrals { up_to: args.up_to }).await?;
        if events.is_empty() {
            break;
        }
        for recorded in &events {
            let Event::DeferralsRecognised { parts, entry } = &recorded.event else { continue };
            (parts_in_all, entries) = (parts_in_all + parts.len(), entries + 1);
            for line in entry.lines() {
                let sum = recognised.entry((entry.effective_date(), line.account, line.money.currency())).or_default();
                *sum = (sum.0 + line.money.units(), recorded.seq);
            }
        }
    }
    let book = load_book(&session.store.for_org(org)).await?.book;
    let row = |show: fn(Units, u8) -> String| {
        let book = &book;
        recognised.iter().map(move |((date, account, currency), (units, seq))| {
            let amount = show(*units, scale(book, *currency));
            [date.to_string(), seq.to_string(), account_code(book, *account), code(book, *currency), amount]
        })
    };
    let rows: Vec<[String; 5]> = row(plain).collect();
    print(&output::records(&["date", "seq", "account", "currency", "amount"], &rows, args.format.format, || {
        if rows.is_empty() {
            return format!("Nothing is left to recognise up to {}.\n", args.up_to);
        }
        let mut sheet = Sheet::new([text("Date"), number("Seq"), text("Account"), text("Cur."), number("Amount")]);
        row(grouped).for_each(|row| sheet.row(row));
        let (parts, noun) = (counted(parts_in_all, "part", "parts"), counted(entries, "entry", "entries"));
        format!("{}\nRecognised {parts} of schedules in {noun}.\n", sheet.render())
    })?)?;
    Ok(Outcome::Done)
}

fn counted(count: usize, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}

fn account_code(book: &Book, account: AccountNo) -> String {
    book.account(account).map_or_else(String::new, |account| account.code.to_string())
}

const COLUMNS: [&str; 10] = ["party", "document", "line", "deferred", "target", "currency", "unrecognised", "parts", "next", "last"];

async fn list(shell: &Shell, args: &ListArgs) -> anyhow::Result<Outcome> {
    let session = shell.connect().await?;
    let book = load_book(&session.org_store(&args.org).await?).await?.book;
    let rows: Vec<[String; 10]> = book.deferrals().map(|deferral| record(&book, deferral, plain)).collect();
    print(&output::records(&COLUMNS, &rows, args.format.format, || {
        if rows.is_empty() {
            return "Nothing is deferred.\n".to_owned();
        }
        let mut sheet = Sheet::new([
            text("Party"),
            text("Document"),
            number("Line"),
            text("Deferred"),
            text("Target"),
            text("Cur."),
            number("Unrecognised"),
            number("Parts"),
            text("Next"),
            text("Last"),
        ]);
        book.deferrals().for_each(|deferral| sheet.row(record(&book, deferral, grouped)));
        sheet.render()
    })?)?;
    Ok(Outcome::Done)
}

fn record(book: &Book, deferral: &Deferral, show: fn(Units, u8) -> String) -> [String; 10] {
    let facts = book.document_facts(deferral.id.seq);
    let party = facts.and_then(|facts| book.party(facts.party)).map_or_else(String::new, |party| party.code.to_string());
    let document = facts.map_or_else(String::new, |facts| facts.number.to_string());
    let date = |part: Option<&ledger_core::subledger::DeferralPart>| part.map_or_else(String::new, |part| part.date.to_string());
    let (units, _) = deferral.unrecognised();
    [
        party,
        document,
        deferral.id.line.to_string(),
        account_code(book, deferral.deferred),
        account_code(book, deferral.target),
        code(book, deferral.currency),
        show(units, scale(book, deferral.currency)),
        deferral.parts.len().to_string(),
        date(deferral.parts.first()),
        date(deferral.parts.last()),
    ]
}
