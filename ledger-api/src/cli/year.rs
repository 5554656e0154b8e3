//! `ledgerd year`: the explicit closing entry of a year.
//!
//! The book holds no balances by dimension. They are summed up here from history, up to the event at which the book
//! stands; where somebody posts meanwhile the book refuses them, what is new is added, and it is tried again.

use chrono::NaiveDate;
use clap::{Args, Subcommand};
use futures::TryStreamExt;
use ledger_core::book::{FUNCTIONAL, YearSums};
use ledger_core::command::CloseYear;
use ledger_core::{AccountRef, BalancedEntry, Book, Command, Event, Rejection, Seq};
use ledger_store::OrgStore;
use ledger_store::load::{LoadError, Loaded, load_book, to_chain};
use ledger_store::writer::SubmitError;

use super::complaint::{Complaint, Outcome};
use super::moment;
use super::output::{self, FormatArg, Sheet, grouped, number, plain, print, text};
use super::revalue::{code, scale};
use super::shell::{Session, Shell, SoftClosed};

/// How often the sums are brought up to date before somebody else's postings win.
const TRIES_MAX: usize = 50;

/// The commands of `year`.
#[derive(Debug, Subcommand)]
pub enum YearCommand {
    /// Take what profit and loss holds to retained earnings
    Close(CloseArgs),
}

/// Arguments of `year close`.
#[derive(Debug, Args)]
#[command(after_help = "\
Reports need no closing entry: retained earnings are derived. Where one is wanted, it takes every balance of revenue and
expense up to the year's last day to retained earnings, by currency and dimensions, and reports leave it out of profit
and loss. Close the months afterwards; to close a year again after late postings, give the command again.

Examples:
  ledgerd year close --org acme --year 2025 --retained-earnings 3100 --dry-run
  ledgerd year close --org acme --year 2025 --retained-earnings 3100
  ledgerd year close --org acme --last-day 2026-06-30 --retained-earnings 3100")]
pub struct CloseArgs {
    /// The organization, by its short name
    #[arg(long, value_name = "SLUG")]
    pub org: String,
    /// The calendar year
    #[arg(long, value_name = "YEAR", required_unless_present = "last_day", value_parser = clap::value_parser!(i32).range(1..=9999))]
    pub year: Option<i32>,
    /// The last day of a year that does not end in December
    #[arg(long, value_name = "DATE", value_parser = moment::date, conflicts_with = "year")]
    pub last_day: Option<NaiveDate>,
    /// The equity account that takes the profit [default: the chart's account for retained earnings]
    #[arg(long, value_name = "CODE")]
    pub retained_earnings: Option<String>,
    /// Only print the entry
    #[arg(long)]
    pub dry_run: bool,
    #[command(flatten)]
    soft: SoftClosed,
    #[command(flatten)]
    format: FormatArg,
}

pub(super) async fn run(shell: &Shell, command: YearCommand) -> anyhow::Result<Outcome> {
    let YearCommand::Close(args) = command;
    let session = shell.connect().await?.permitting(args.soft);
    let organization = session.organization(&args.org).await?;
    let org = session.store.for_org(organization.org);
    let december = |year| NaiveDate::from_ymd_opt(year, 12, 31);
    let date = args.last_day.or_else(|| args.year.and_then(december)).unwrap_or_default();
    let mut history = Summed { loaded: load_book(&org).await?, sums: YearSums::new(date), seq: 0 };
    let retained = retained(&history.loaded.book, args.retained_earnings.as_deref())?;
    let closed = close(&session, &org, &mut history, &retained, date, args.dry_run).await?;
    let rows: Vec<[String; 7]> = lines(&history.loaded.book, &closed.entry, plain);
    print(&output::records(&COLUMNS, &rows, args.format.format, || {
        let value = number(format!("Value {}", code(&history.loaded.book, FUNCTIONAL)));
        let columns = [text("Account"), text("Name"), text("Dimensions"), text("Cur."), number("Debit"), number("Credit"), value];
        let mut sheet = Sheet::new(columns);
        lines(&history.loaded.book, &closed.entry, grouped).into_iter().for_each(|row| sheet.row(row));
        let done = match closed.seq {
            Some(seq) => format!("Closed at {date} (seq {seq})."),
            None => format!("Nothing was written; the entry would count at {date}."),
        };
        format!("{}\n{done}\n", sheet.render())
    })?)?;
    Ok(Outcome::Done)
}

fn retained(book: &Book, given: Option<&str>) -> anyhow::Result<AccountRef> {
    if let Some(code) = given {
        return Ok(AccountRef::from(code));
    }
    let found = book.retained_earnings().map(|account| AccountRef::No(account.no));
    found.ok_or_else(|| {
        Complaint::usage("the chart has no account for retained earnings")
            .hint("name an equity account with --retained-earnings, or open one with --sub-type retained_earnings")
            .into()
    })
}

/// The closing entry, and where it stands once it is posted.
struct Closed {
    entry: BalancedEntry,
    seq: Option<Seq>,
}

/// What closes a year in the books as they stand: refused where they have moved on by the time it is decided.
pub(crate) async fn command(org: &OrgStore, retained_earnings: AccountRef, date: NaiveDate) -> anyhow::Result<Command> {
    let mut history = Summed { loaded: load_book(org).await?, sums: YearSums::new(date), seq: 0 };
    history.catch_up(org).await?;
    Ok(history.command(retained_earnings, date))
}

async fn close(
    session: &Session,
    org: &OrgStore,
    history: &mut Summed,
    retained: &AccountRef,
    date: NaiveDate,
    dry_run: bool,
) -> anyhow::Result<Closed> {
    for _ in 0..TRIES_MAX {
        history.catch_up(org).await?;
        let command = history.command(retained.clone(), date);
        if dry_run {
            let entry = session.decide(&history.loaded.book, &command)?.into_iter().find_map(entry_of);
            return entry.map(|entry| Closed { entry, seq: None }).ok_or_else(nothing);
        }
        let answer = session.submit_and_read(org.org(), command).await;
        let moved = answer.as_ref().err().and_then(|error| error.downcast_ref::<SubmitError>());
        if matches!(moved, Some(SubmitError::Rejected(Rejection::BookMoved { .. }))) {
            continue;
        }
        let recorded = answer?.into_iter().find_map(|recorded| entry_of(recorded.event).map(|entry| (entry, recorded.seq)));
        let (entry, seq) = recorded.ok_or_else(nothing)?;
        history.loaded.catch_up(org).await?;
        return Ok(Closed { entry, seq: Some(seq) });
    }
    Err(Complaint::refused(format!("others posted {TRIES_MAX} times while the balances were summed up"))
        .hint("try again when less is posted: every new event makes the sums old")
        .into())
}

fn entry_of(event: Event) -> Option<BalancedEntry> {
    match event {
        Event::EntryPosted(entry) => Some(entry),
        _ => None,
    }
}

fn nothing() -> anyhow::Error {
    Complaint::refused("no closing entry followed").into()
}

/// A book, and the sums of history up to a position.
struct Summed {
    loaded: Loaded,
    sums: YearSums,
    seq: Seq,
}

impl Summed {
    fn command(&self, retained_earnings: AccountRef, date: NaiveDate) -> Command {
        let book = &self.loaded.book;
        Command::CloseYear(Box::new(CloseYear { date, retained_earnings, balances: self.sums.balances(book), seq: book.seq() }))
    }

    /// Folds what was appended since.
    async fn catch_up(&mut self, org: &OrgStore) -> anyhow::Result<()> {
        self.loaded.catch_up(org).await?;
        let head = self.loaded.book.seq();
        if head == self.seq {
            return Ok(());
        }
        let mut commits = Box::pin(org.commits(self.seq + 1, Some(head)));
        while let Some(commit) = commits.try_next().await? {
            for recorded in to_chain(org.org(), commit).events() {
                let recorded = recorded.map_err(|source| LoadError::Codec { org: org.org(), source })?;
                if recorded.seq > self.seq && recorded.seq <= head {
                    recorded.event.entry().into_iter().for_each(|entry| self.sums.add(&self.loaded.book, entry));
                }
            }
        }
        self.seq = head;
        Ok(())
    }
}

const COLUMNS: [&str; 7] = ["account", "name", "dimensions", "currency", "debit", "credit", "value"];

/// The entry's lines; amounts in their currency, values in the functional one, debit positive.
fn lines(book: &Book, entry: &BalancedEntry, show: fn(ledger_core::Units, u8) -> String) -> Vec<[String; 7]> {
    let row = |line: &ledger_core::Line| {
        let account = book.account(line.account);
        let tags = line.detail.iter().flat_map(|detail| &detail.tags).map(|(key, value)| format!("{key}={value}"));
        let (units, currency) = (line.money.units(), line.money.currency());
        let amount = show(units.abs(), scale(book, currency));
        let (debit, credit) = match units.signum() {
            1 => (amount, String::new()),
            -1 => (String::new(), amount),
            _ => (String::new(), String::new()),
        };
        [
            account.map_or_else(String::new, |account| account.code.to_string()),
            account.map_or_else(String::new, |account| account.name.to_string()),
            tags.collect::<Vec<_>>().join(" "),
            code(book, currency),
            debit,
            credit,
            line.functional.map_or_else(String::new, |value| show(value, scale(book, FUNCTIONAL))),
        ]
    };
    entry.lines().iter().map(row).collect()
}
