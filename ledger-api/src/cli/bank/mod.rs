//! `ledgerd bank`: what banks say. Statements are read and held against their own balances, kept, and their lines matched
//! with postings: those that are there, or a payment that is recorded for the line.

mod keep;
mod read;
mod settle;

use std::str::FromStr;

use clap::Subcommand;
use ledger_core::Book;
use ledger_core::account::Account;
use ledger_store::bank::LineId;

use super::complaint::{Complaint, Outcome};
use super::shell::Shell;

/// Commands about bank statements.
#[derive(Debug, Subcommand)]
pub enum BankCommand {
    /// Read camt.053, OFX and MT940 files and hold each statement against its own balances
    Read(read::ReadArgs),
    /// Keep the statements of a bank account; a file that comes twice is kept once
    Import(keep::ImportArgs),
    /// List the lines that are kept
    Lines(keep::LinesArgs),
    /// Suggest what lines may be: open items, or postings on the account that no line was matched with
    Suggest(settle::SuggestArgs),
    /// Say what a line is: a posting that is there, or a document that it pays
    Match(settle::MatchArgs),
    /// Forget what a line was matched with; the posting stays
    Unmatch(settle::UnmatchArgs),
}

pub(super) async fn run(shell: &Shell, command: BankCommand) -> anyhow::Result<Outcome> {
    match command {
        BankCommand::Read(args) => read::run(&args),
        BankCommand::Import(args) => keep::import(shell, args).await,
        BankCommand::Lines(args) => keep::lines(shell, args).await,
        BankCommand::Suggest(args) => settle::suggest(shell, args).await,
        BankCommand::Match(args) => settle::make(shell, args).await,
        BankCommand::Unmatch(args) => settle::unmatch(shell, args).await,
    }
}

/// The account with a code.
fn account<'b>(book: &'b Book, code: &str) -> anyhow::Result<&'b Account> {
    let unknown = || Complaint::refused(format!("there is no account {code:?}")).hint("list them with `ledgerd account list`");
    Ok(book.account_by_code(code).ok_or_else(unknown)?)
}

/// Two numbers from 1 with a stroke between them.
fn pair<A: FromStr, B: FromStr>(words: &str, wrong: impl Fn() -> String) -> Result<(A, B), String> {
    let (one, other) = words.split_once('/').ok_or_else(&wrong)?;
    Ok((one.parse().map_err(|_| wrong())?, other.parse().map_err(|_| wrong())?))
}

fn line_id(words: &str) -> Result<LineId, String> {
    let wrong = || format!("expected a statement and its line such as 3/12 (see `ledgerd bank lines`), found `{words}`");
    pair(words, wrong).map(|(statement, line)| LineId { statement, line })
}
