//! `ledgerd account`: the chart of accounts, from the command line.

use clap::{Args, Subcommand};
use ledger_core::command::{ChangeAccount, OpenAccount};
use ledger_core::{Account, AccountRef, AccountType, Activity, Command, SubType};
use ledger_store::OrgId;
use ledger_store::load::load_book;
use serde_json::{Value, json};

use super::complaint::{Complaint, Outcome};
use super::output::{self, Format, FormatArg, Sheet, print, text};
use super::report_items::SideArg;
use super::shell::{Session, Shell};
use crate::report::books::code_order;

/// The commands of `account`.
#[derive(Debug, Subcommand)]
pub enum AccountCommand {
    /// Open an account; opening one that stands already with the same type changes nothing
    Open(OpenArgs),
    /// Change an account's name, sub-type or place in the chart
    Change(ChangeArgs),
    /// Make an account a control account: each of its lines is an open item of a party from then on
    Control(ControlArgs),
    /// Say what an account's movements count as in a cash-flow statement, of any period
    Activity(ActivityArgs),
    /// List the chart of accounts
    List(ListArgs),
}

/// Arguments of `account control`.
#[derive(Debug, Args)]
#[command(after_help = "\
Only an account without a balance becomes one. From then on a line on it names a registered party and a document.

Examples:
  ledgerd account control --org acme 1100 --side receivable
  ledgerd account control --org acme 2000 --side payable")]
pub struct ControlArgs {
    /// The organization, by its short name
    #[arg(long, value_name = "SLUG")]
    pub org: String,
    /// The account's code
    #[arg(value_name = "CODE")]
    pub code: String,
    /// What others owe, or what is owed to others
    #[arg(long, value_enum, value_name = "SIDE")]
    pub side: SideArg,
}

/// Arguments of `account activity`.
#[derive(Debug, Args)]
#[command(after_help = "\
Without it the sub-type says it where that is unambiguous: what belongs to trade, tax and the income statement is
operating, fixed_asset investing, accumulated_depreciation and valuation_adjustment non-cash. Other accounts are shown as
unclassified.

Examples:
  ledgerd account activity --org acme 3000 financing
  ledgerd account activity --org acme 1500 none")]
pub struct ActivityArgs {
    /// The organization, by its short name
    #[arg(long, value_name = "SLUG")]
    pub org: String,
    /// The account's code
    #[arg(value_name = "CODE")]
    pub code: String,
    /// operating, investing, financing or non-cash; none: what its sub-type says
    #[arg(value_name = "ACTIVITY", value_parser = activity)]
    pub activity: ActivityArg,
}

/// What an account counts as, or `none`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ActivityArg(Option<Activity>);

/// Arguments of `account open`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  ledgerd account open --org acme 1000 --type asset --name \"Cash on hand\" --sub-type cash
  ledgerd account open --org acme 1090 --type asset --name \"Accumulated depreciation\" --contra
  ledgerd account open --org acme Expenses:Office:Rent --type expense")]
pub struct OpenArgs {
    /// The organization, by its short name
    #[arg(long, value_name = "SLUG")]
    pub org: String,
    /// The account's code, for example 1000 or Assets:Bank
    #[arg(value_name = "CODE")]
    pub code: String,
    /// asset, liability, equity, revenue or expense
    #[arg(long = "type", value_name = "TYPE", value_parser = kind)]
    pub kind: AccountType,
    /// A name for people [default: the code]
    #[arg(long, default_value = "")]
    pub name: String,
    /// What reports and rules need to know: cash, bank, receivable, payable, tax, cogs ...
    #[arg(long, value_name = "SUB-TYPE", value_parser = sub_type, default_value = "general")]
    pub sub_type: SubType,
    /// What its movements count as in a cash-flow statement: operating, investing, financing or non-cash [default: what its
    /// sub-type says]
    #[arg(long, value_name = "ACTIVITY", value_parser = activity)]
    pub activity: Option<ActivityArg>,
    /// Code of the account above it
    #[arg(long, value_name = "CODE")]
    pub parent: Option<String>,
    /// Its normal side is opposite to its type's
    #[arg(long)]
    pub contra: bool,
    /// It only sums the accounts below it and takes no postings
    #[arg(long)]
    pub summary: bool,
}

/// Arguments of `account change`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  ledgerd account change --org acme 1010 --sub-type bank
  ledgerd account change --org acme 1010 --name \"Bank, main\" --parent 1000
  ledgerd account change --org acme 1010 --parent none")]
pub struct ChangeArgs {
    /// The organization, by its short name
    #[arg(long, value_name = "SLUG")]
    pub org: String,
    /// The account's code
    #[arg(value_name = "CODE")]
    pub code: String,
    /// Its name from now on
    #[arg(long)]
    pub name: Option<String>,
    /// What reports and rules need to know from now on: cash, bank, receivable, payable, tax, cogs ...
    #[arg(long, value_name = "SUB-TYPE", value_parser = sub_type)]
    pub sub_type: Option<SubType>,
    /// Code of the account above it from now on, or none
    #[arg(long, value_name = "CODE")]
    pub parent: Option<String>,
}

/// Arguments of `account list`.
#[derive(Debug, Args)]
pub struct ListArgs {
    /// The organization, by its short name
    #[arg(long, value_name = "SLUG")]
    pub org: String,
    #[command(flatten)]
    format: FormatArg,
}

fn kind(word: &str) -> Result<AccountType, String> {
    AccountType::parse(word).ok_or_else(|| format!("expected one of {}", AccountType::ALL.map(AccountType::as_str).join(", ")))
}

fn sub_type(word: &str) -> Result<SubType, String> {
    let all = || SubType::ALL.iter().map(|sub_type| sub_type.as_str()).collect::<Vec<_>>().join(", ");
    SubType::parse(word).ok_or_else(|| format!("expected one of {}", all()))
}

fn activity(word: &str) -> Result<ActivityArg, String> {
    if word.eq_ignore_ascii_case("none") {
        return Ok(ActivityArg(None));
    }
    let known = || Activity::ALL.map(Activity::as_str).join(", ");
    Activity::parse(word).map(|activity| ActivityArg(Some(activity))).ok_or_else(|| format!("expected one of {}, none", known()))
}

pub(super) async fn run(shell: &Shell, command: AccountCommand) -> anyhow::Result<Outcome> {
    match command {
        AccountCommand::Open(args) => open(shell, args).await,
        AccountCommand::Change(args) => change(shell, &args).await,
        AccountCommand::Control(args) => control(shell, &args).await,
        AccountCommand::Activity(args) => say_activity(shell, &args).await,
        AccountCommand::List(args) => list(shell, &args).await,
    }
}

async fn open(shell: &Shell, args: OpenArgs) -> anyhow::Result<Outcome> {
    let session = shell.connect().await?;
    let organization = session.organization(&args.org).await?;
    let command = Command::OpenAccount(OpenAccount {
        code: args.code.as_str().into(),
        name: args.name.as_str().into(),
        kind: args.kind,
        sub_type: args.sub_type,
        contra: args.contra,
        summary: args.summary,
        parent: args.parent.as_deref().map(AccountRef::from),
    });
    let receipt = session.submit(organization.org, command).await?;
    print(&match receipt.event_count {
        0 => format!("Account {} stands already as {}; nothing was changed.\n", args.code, args.kind.as_str()),
        _ => format!("Opened account {} ({}) at seq {}.\n", args.code, args.kind.as_str(), receipt.last_seq()),
    })?;
    match args.activity {
        Some(ActivityArg(activity)) => set_activity(&session, organization.org, &args.code, activity).await,
        None => Ok(Outcome::Done),
    }
}

async fn change(shell: &Shell, args: &ChangeArgs) -> anyhow::Result<Outcome> {
    if args.name.is_none() && args.sub_type.is_none() && args.parent.is_none() {
        return Err(Complaint::usage("nothing was said that shall change").hint("give --name, --sub-type or --parent").into());
    }
    let session = shell.connect().await?;
    let organization = session.organization(&args.org).await?;
    let parent = args.parent.as_deref().map(|code| (code != "none").then(|| AccountRef::from(code)));
    let account = args.code.as_str().into();
    let command = ChangeAccount { account, name: args.name.as_deref().map(Into::into), sub_type: args.sub_type, parent };
    let receipt = session.submit(organization.org, Command::ChangeAccount(command)).await?;
    print(&match receipt.event_count {
        0 => format!("Account {} is so already; nothing was changed.\n", args.code),
        _ => format!("Changed account {} at seq {}.\n", args.code, receipt.last_seq()),
    })?;
    Ok(Outcome::Done)
}

async fn say_activity(shell: &Shell, args: &ActivityArgs) -> anyhow::Result<Outcome> {
    let session = shell.connect().await?;
    let organization = session.organization(&args.org).await?;
    set_activity(&session, organization.org, &args.code, args.activity.0).await
}

async fn set_activity(session: &Session, org: OrgId, code: &str, activity: Option<Activity>) -> anyhow::Result<Outcome> {
    let receipt = session.submit(org, Command::SetAccountActivity { account: code.into(), activity }).await?;
    let counts = activity.map_or_else(|| "what its sub-type says".to_owned(), |activity| activity.as_str().to_owned());
    print(&match receipt.event_count {
        0 => format!("Account {code} counts as {counts} already; nothing was changed.\n"),
        _ => format!("Account {code} counts as {counts} in cash-flow statements, as said at seq {}.\n", receipt.last_seq()),
    })?;
    Ok(Outcome::Done)
}

async fn control(shell: &Shell, args: &ControlArgs) -> anyhow::Result<Outcome> {
    let session = shell.connect().await?;
    let organization = session.organization(&args.org).await?;
    let side = args.side.into();
    let command = Command::DesignateControl { account: args.code.as_str().into(), side };
    let receipt = session.submit(organization.org, command).await?;
    print(&match receipt.event_count {
        0 => format!("Account {} controls {}s already; nothing was changed.\n", args.code, side.as_str()),
        _ => format!("Account {} controls {}s from seq {} on.\n", args.code, side.as_str(), receipt.last_seq()),
    })?;
    Ok(Outcome::Done)
}

const COLUMNS: [&str; 9] = ["account", "name", "type", "sub_type", "contra", "summary", "parent", "status", "activity"];

async fn list(shell: &Shell, args: &ListArgs) -> anyhow::Result<Outcome> {
    let session = shell.connect().await?;
    let book = load_book(&session.org_store(&args.org).await?).await?.book;
    let mut accounts: Vec<&Account> = book.accounts().iter().collect();
    accounts.sort_by_cached_key(|account| (account.kind, code_order(&account.code)));
    let record = |account: &Account| {
        let parent = account.parent.and_then(|no| book.account(no)).map_or_else(String::new, |parent| parent.code.to_string());
        let flag = |set: bool| if set { "yes" } else { "" }.to_owned();
        let words = [account.kind.as_str(), account.sub_type.as_str()].map(str::to_owned);
        let [kind, sub_type] = words;
        let names = [account.code.to_string(), account.name.to_string()];
        let [code, name] = names;
        let activity = account.activity.map_or_else(String::new, |activity| activity.as_str().to_owned());
        [code, name, kind, sub_type, flag(account.contra), flag(account.summary), parent, account.status.as_str().to_owned(), activity]
    };
    let rows: Vec<[String; 9]> = accounts.into_iter().map(record).collect();
    print(&match args.format.format {
        Format::Table => table(&rows),
        Format::Csv => output::csv(&COLUMNS, &rows)?,
        Format::Json => output::json(&rows.iter().map(as_json).collect()),
    })?;
    Ok(Outcome::Done)
}

fn as_json([code, name, kind, sub_type, contra, summary, parent, status, activity]: &[String; 9]) -> Value {
    let activity = (!activity.is_empty()).then_some(activity);
    let parent = (!parent.is_empty()).then_some(parent);
    json!({
        "account": code, "name": name, "type": kind, "sub_type": sub_type, "contra": !contra.is_empty(),
        "summary": !summary.is_empty(), "parent": parent, "status": status, "activity": activity,
    })
}

fn table(rows: &[[String; 9]]) -> String {
    if rows.is_empty() {
        return "No accounts yet. Open one: ledgerd account open --org SLUG CODE --type TYPE\n".to_owned();
    }
    let mut sheet = Sheet::new(["Account", "Name", "Type", "Sub-type", "Notes"].map(text));
    for [code, name, kind, sub_type, contra, summary, parent, status, activity] in rows {
        let mut notes = Vec::new();
        notes.extend((!contra.is_empty()).then_some("contra".to_owned()));
        notes.extend((!summary.is_empty()).then_some("summary".to_owned()));
        notes.extend((!parent.is_empty()).then(|| format!("below {parent}")));
        notes.extend((!activity.is_empty()).then(|| activity.clone()));
        notes.extend((status != "open").then(|| status.clone()));
        let name = if name == code { String::new() } else { name.clone() };
        let sub_type = if sub_type == SubType::General.as_str() { String::new() } else { sub_type.clone() };
        sheet.row([code.clone(), name, kind.clone(), sub_type, notes.join(", ")]);
    }
    sheet.render()
}
