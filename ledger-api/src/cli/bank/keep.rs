//! `ledgerd bank import` and `bank lines`: statements go into the database as they are, and come out with what became of them.

use std::path::PathBuf;

use chrono::{NaiveDate, Utc};
use clap::Args;
use ledger_core::Text;
use ledger_store::bank::{Kept, Line, LineId, LineQuery, NewStatement, StoredLine};
use ledger_store::load::load_book;
use serde_json::{Value, json};

use super::account;
use super::read::{FromArg, balance, bytes_of, verdict};
use crate::bank::{BankFile, BankFormat, BankLine, Refused, Statement, Verdict, read};
use crate::cli::complaint::{Complaint, Outcome};
use crate::cli::moment;
use crate::cli::output::{self, Format, FormatArg, Sheet, number, print, text};
use crate::cli::shell::Shell;

/// Arguments of `bank import`.
#[derive(Debug, Args)]
#[command(after_help = "\
Nothing is posted. A statement that does not agree with its own balances is refused, and with it all files, unless
--accept-differences is given. Lines that an earlier statement of the account told already are kept and marked.

Examples:
  ledgerd bank import --org acme --account 1000 january.xml february.sta
  ledgerd bank suggest --org acme --account 1000")]
pub struct ImportArgs {
    /// The organization, by its short name
    #[arg(long, value_name = "SLUG")]
    pub org: String,
    /// The bank's account in the books
    #[arg(long, value_name = "CODE")]
    pub account: String,
    /// What the files are written in; by default their content tells
    #[arg(long, value_enum, value_name = "FORMAT")]
    pub from: Option<FromArg>,
    /// Keep statements that do not agree with their own balances as well
    #[arg(long)]
    pub accept_differences: bool,
    /// The files; `-` is standard input
    #[arg(value_name = "FILE", required = true)]
    pub files: Vec<PathBuf>,
}

/// Arguments of `bank lines`.
#[derive(Debug, Args)]
pub struct LinesArgs {
    /// The organization, by its short name
    #[arg(long, value_name = "SLUG")]
    pub org: String,
    /// On this account of the books only
    #[arg(long, value_name = "CODE")]
    pub account: Option<String>,
    /// Only lines that are booked and not matched yet
    #[arg(long)]
    pub waiting: bool,
    /// The first day
    #[arg(long, value_name = "DATE", value_parser = moment::date)]
    pub from: Option<NaiveDate>,
    /// The last day
    #[arg(long, value_name = "DATE", value_parser = moment::date)]
    pub to: Option<NaiveDate>,
    #[command(flatten)]
    format: FormatArg,
}

/// A file that was read: its name, its hash, and what it holds.
type Source = (String, [u8; 32], BankFile);

/// Keeps every statement of every file; all are read before the first is kept.
pub(super) async fn import(shell: &Shell, args: ImportArgs) -> anyhow::Result<Outcome> {
    let Some(sources) = read_all(&args) else { return Ok(Outcome::Failed) };
    let session = shell.connect().await?;
    let org = session.org_store(&args.org).await?;
    let book = load_book(&org).await?.book;
    let no = account(&book, &args.account)?.no;
    let columns = [text("Kept as"), text("Statement"), text("Account"), number("Lines"), number("Repeated"), text("Reconciles")];
    let mut sheet = Sheet::new(columns);
    for (name, hash, file) in &sources {
        for (statement, place) in file.statements.iter().zip(1..) {
            let new = NewStatement { place, account: no, ..kept(name, *hash, file, statement) };
            let (number, repeated) = match org.keep_statement(&new, Utc::now(), &session.actor.identity).await? {
                Kept::New { statement, repeated } => (statement.to_string(), repeated.to_string()),
                Kept::Known(statement) => (format!("{statement}, as before"), String::new()),
            };
            let (lines, agrees) = (statement.lines.len().to_string(), verdict(&statement.reconcile().verdict));
            sheet.row([number, statement.id.to_string(), statement.account.to_string(), lines, repeated, agrees]);
        }
    }
    print(&sheet.render())?;
    shell.remark("See what the lines may be: ledgerd bank suggest --help");
    Ok(Outcome::Done)
}

/// All files, or nothing where one of them is not fit to be kept: every reason is told.
fn read_all(args: &ImportArgs) -> Option<Vec<Source>> {
    let mut sources = Vec::new();
    let mut fit = true;
    for path in &args.files {
        let (name, bytes) = bytes_of(path);
        let read = bytes.and_then(|bytes| Ok((*blake3::hash(&bytes).as_bytes(), read(&bytes, &name, args.from.map(BankFormat::from))?)));
        match read {
            Err(Refused(errors)) => {
                errors.iter().for_each(|error| eprintln!("{error}"));
                fit = false;
            }
            Ok((hash, file)) => {
                fit &= is_fit(&name, &file, args.accept_differences);
                sources.push((name, hash, file));
            }
        }
    }
    if !fit {
        eprintln!("error: nothing was kept");
        eprintln!("hint: ask the bank for a whole statement, or keep what there is with --accept-differences");
    }
    fit.then_some(sources)
}

fn is_fit(name: &str, file: &BankFile, accept: bool) -> bool {
    let mut fit = true;
    for left_out in &file.left_out {
        eprintln!("{left_out}");
        fit &= accept;
    }
    for statement in &file.statements {
        statement.notes.iter().for_each(|note| eprintln!("{note}"));
        let found = statement.reconcile().verdict;
        if matches!(found, Verdict::Differs(_) | Verdict::Currencies(_)) {
            let closing = balance(statement.closing.as_ref(), &statement.currency);
            eprintln!(
                "{name}:{}: statement {} does not add up to its closing balance {closing}: {}",
                statement.line,
                statement.id,
                verdict(&found)
            );
            fit &= accept;
        }
    }
    fit
}

fn kept(name: &str, source_hash: [u8; 32], file: &BankFile, statement: &Statement) -> NewStatement {
    let stated = |balance: &Option<crate::bank::Balance>| balance.as_ref().map(|balance| (balance.amount, balance.date));
    let found = statement.reconcile();
    NewStatement {
        source_hash,
        place: 1,
        source_name: name.to_owned(),
        format: file.format.as_str().to_owned(),
        reference: statement.id.to_string(),
        bank_account: statement.account.to_string(),
        account: ledger_core::AccountNo::new(0),
        currency: statement.currency.to_string(),
        opening: stated(&statement.opening),
        closing: stated(&statement.closing),
        booked: found.booked,
        reconciles: found.verdict.as_str().to_owned(),
        lines: statement.lines.iter().map(told).collect(),
    }
}

fn told(line: &BankLine) -> Line {
    let owned = |text: &Option<Text>| text.as_ref().map(ToString::to_string);
    Line {
        date: line.date,
        value_date: line.value_date,
        amount: line.amount,
        currency: line.currency.to_string(),
        counterparty: owned(&line.counterparty),
        counterparty_account: owned(&line.counterparty_account),
        reference: owned(&line.reference),
        end_to_end: owned(&line.end_to_end),
        text: line.text.to_string(),
        status: line.status.as_str().to_owned(),
        reversal: line.reversal,
    }
}

/// What became of a line, in words.
fn fate(line: &StoredLine) -> String {
    match (&line.matched, line.repeats) {
        (Some(found), _) => format!("is {}/{}", found.seq, found.line),
        (None, Some(earlier)) => format!("repeats {earlier}"),
        (None, None) if line.line.status != "booked" => line.line.status.clone(),
        (None, None) => "waits".to_owned(),
    }
}

/// What the bank wrote, shortest useful form first.
pub(super) fn wording(line: &Line) -> String {
    let parts = [line.counterparty.as_deref(), Some(line.text.as_str()), line.reference.as_deref()];
    let told: Vec<&str> = parts.into_iter().flatten().filter(|part| !part.trim().is_empty()).take(2).collect();
    told.join(": ").split_whitespace().collect::<Vec<_>>().join(" ")
}

pub(super) async fn lines(shell: &Shell, args: LinesArgs) -> anyhow::Result<Outcome> {
    if let (Some(from), Some(to)) = (args.from, args.to)
        && to < from
    {
        return Err(Complaint::usage(format!("--to {to} is before --from {from}")).hint("give the first day with --from").into());
    }
    let session = shell.connect().await?;
    let org = session.org_store(&args.org).await?;
    let book = load_book(&org).await?.book;
    let of = args.account.as_deref().map(|code| account(&book, code).map(|account| account.no)).transpose()?;
    let found = org.bank_lines(&LineQuery { account: of, waiting: args.waiting, from: args.from, to: args.to }).await?;
    print(&match args.format.format {
        Format::Table if found.is_empty() => "No lines. Keep a statement: ledgerd bank import --help\n".to_owned(),
        Format::Table => as_table(&found),
        Format::Csv => as_csv(&found)?,
        Format::Json => output::json(&Value::Array(found.iter().map(as_json).collect())),
    })?;
    Ok(Outcome::Done)
}

fn as_table(found: &[StoredLine]) -> String {
    let mut sheet = Sheet::new([text("Line"), text("Date"), number("Amount"), text("Cur."), text("What the bank says"), text("Which")]);
    for stored in found {
        let line = &stored.line;
        let amount = line.amount.to_string();
        sheet.row([stored.id.to_string(), line.date.to_string(), amount, line.currency.clone(), wording(line), fate(stored)]);
    }
    sheet.render()
}

fn as_csv(found: &[StoredLine]) -> anyhow::Result<String> {
    const HEADER: [&str; 13] = [
        "line",
        "date",
        "value_date",
        "amount",
        "currency",
        "counterparty",
        "counterparty_account",
        "reference",
        "end_to_end",
        "text",
        "status",
        "repeats",
        "matched",
    ];
    let or_empty = |text: &Option<String>| text.clone().unwrap_or_default();
    let rows = found.iter().map(|stored| {
        let line = &stored.line;
        [
            stored.id.to_string(),
            line.date.to_string(),
            line.value_date.map(|date| date.to_string()).unwrap_or_default(),
            line.amount.to_string(),
            line.currency.clone(),
            or_empty(&line.counterparty),
            or_empty(&line.counterparty_account),
            or_empty(&line.reference),
            or_empty(&line.end_to_end),
            line.text.clone(),
            line.status.clone(),
            stored.repeats.map(|id: LineId| id.to_string()).unwrap_or_default(),
            stored.matched.as_ref().map(|found| format!("{}/{}", found.seq, found.line)).unwrap_or_default(),
        ]
    });
    output::csv(&HEADER, rows)
}

/// A line for programs.
pub(super) fn as_json(stored: &StoredLine) -> Value {
    let line = &stored.line;
    json!({
        "line": stored.id.to_string(), "date": line.date.to_string(), "value_date": line.value_date.map(|date| date.to_string()),
        "amount": line.amount.to_string(), "currency": line.currency, "counterparty": line.counterparty,
        "counterparty_account": line.counterparty_account, "reference": line.reference, "end_to_end": line.end_to_end,
        "text": line.text, "status": line.status, "reversal": line.reversal, "repeats": stored.repeats.map(|id| id.to_string()),
        "matched": stored.matched.as_ref().map(|found| json!({ "seq": found.seq, "line": found.line, "party": found.party })),
    })
}
