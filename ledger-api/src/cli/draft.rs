//! `ledgerd draft`: what is proposed and waits: proposing, looking at, correcting, turning down, posting.

use clap::{Args, Subcommand};
use ledger_core::approvals::Proposal;
use ledger_core::book::KeptDraft;
use ledger_core::command::{DraftCommand as Asked, ProposeDraft};
use ledger_core::{Book, Command, Event, Seq, Timestamp};
use ledger_store::load::load_book;
use rust_decimal::Decimal;

use super::complaint::{Complaint, Outcome};
use super::entry::{self, PostArgs};
use super::events::Decoder;
use super::events::governed::{hex, proposal_json};
use super::moment::show_time;
use super::output::{self, FormatArg, Sheet, number, print, text};
use super::recording;
use super::shell::Shell;

/// The commands of `draft`.
#[derive(Debug, Subcommand)]
pub enum DraftCommand {
    /// Propose a journal entry: it moves nothing until it is posted
    Entry(Box<EntryArgs>),
    /// List the drafts that wait
    List(ListArgs),
    /// Show a draft: what is proposed, by whom, on what evidence
    Show(ShowArgs),
    /// Put another entry in a draft's place; votes on what it was count no more
    Correct(Box<CorrectArgs>),
    /// Turn a draft down for good
    Reject(EndArgs),
    /// Take a draft back
    Withdraw(EndArgs),
    /// Carry a draft out: it is decided again, and needs approval where a policy asks for it
    Post(PostDraftArgs),
}

/// Arguments of `draft entry`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  ledgerd draft entry --org acme --date 2025-03-31 --description \"Rent March\" --debit 6100=1200.00 --credit 1000=1200.00 \\
      --why \"the contract of January\"")]
pub struct EntryArgs {
    #[command(flatten)]
    entry: PostArgs,
    /// Why, for whoever approves it
    #[arg(long, value_name = "TEXT")]
    why: Option<String>,
    /// Which kind of business it is, for example rent
    #[arg(long, value_name = "KIND")]
    business: Option<String>,
    /// How certain it is, from 0 to 1
    #[arg(long, value_name = "SHARE", value_parser = recording::number)]
    confidence: Option<Decimal>,
}

/// Arguments of `draft list`.
#[derive(Debug, Args)]
pub struct ListArgs {
    /// The organization, by its short name
    #[arg(long, value_name = "SLUG")]
    pub org: String,
    #[command(flatten)]
    format: FormatArg,
}

/// Arguments of `draft show`.
#[derive(Debug, Args)]
pub struct ShowArgs {
    /// The organization, by its short name
    #[arg(long, value_name = "SLUG")]
    pub org: String,
    /// The draft: where it stands in history
    #[arg(value_name = "SEQ")]
    pub draft: Seq,
}

/// Arguments of `draft correct`.
#[derive(Debug, Args)]
pub struct CorrectArgs {
    /// The draft: where it stands in history
    #[arg(value_name = "SEQ")]
    draft: Seq,
    #[command(flatten)]
    entry: PostArgs,
    /// Why, for the history
    #[arg(long, value_name = "TEXT")]
    reason: String,
}

/// Arguments of `draft reject` and `draft withdraw`.
#[derive(Debug, Args)]
pub struct EndArgs {
    /// The organization, by its short name
    #[arg(long, value_name = "SLUG")]
    pub org: String,
    /// The draft: where it stands in history
    #[arg(value_name = "SEQ")]
    pub draft: Seq,
    /// Why, for the history
    #[arg(long, value_name = "TEXT")]
    pub reason: String,
}

/// Arguments of `draft post`.
#[derive(Debug, Args)]
pub struct PostDraftArgs {
    /// The organization, by its short name
    #[arg(long, value_name = "SLUG")]
    pub org: String,
    /// The draft: where it stands in history
    #[arg(value_name = "SEQ")]
    pub draft: Seq,
}

/// The clock, to the microsecond.
pub(super) fn now() -> Timestamp {
    Timestamp(chrono::Utc::now().timestamp_micros())
}

pub(super) async fn run(shell: &Shell, command: DraftCommand) -> anyhow::Result<Outcome> {
    let session = shell.connect().await?;
    let (slug, asked) = match command {
        DraftCommand::List(args) => {
            let book = load_book(&session.org_store(&args.org).await?).await?.book;
            return list(&book, &args.format);
        }
        DraftCommand::Show(args) => {
            let book = load_book(&session.org_store(&args.org).await?).await?.book;
            return show(&book, args.draft);
        }
        DraftCommand::Entry(args) => {
            let organization = session.organization(&args.entry.org).await?;
            let content = Proposal::Entry(Box::new(entry::draft(&args.entry, &organization)));
            let mut propose = ProposeDraft::by_person(content, now());
            propose.rationale = args.why.as_deref().unwrap_or_default().into();
            propose.kind = args.business.as_deref().unwrap_or_default().into();
            propose.confidence = args.confidence;
            (args.entry.org.clone(), Asked::Propose(propose))
        }
        DraftCommand::Correct(args) => {
            let organization = session.organization(&args.entry.org).await?;
            let content = Proposal::Entry(Box::new(entry::draft(&args.entry, &organization)));
            (args.entry.org.clone(), Asked::Correct { draft: args.draft, content, reason: args.reason.as_str().into() })
        }
        DraftCommand::Reject(args) => (args.org, Asked::Reject { draft: args.draft, reason: args.reason.into() }),
        DraftCommand::Withdraw(args) => (args.org, Asked::Withdraw { draft: args.draft, reason: args.reason.into() }),
        DraftCommand::Post(args) => (args.org, Asked::Post { draft: args.draft }),
    };
    let org = session.organization(&slug).await?.org;
    let events = session.submit_and_read(org, Command::Draft(Box::new(asked))).await?;
    let told: Vec<String> = events.iter().filter_map(|recorded| told(recorded.seq, &recorded.event)).collect();
    print(&format!("{}.\n", if told.is_empty() { "Nothing changed".to_owned() } else { told.join("; ") }))?;
    Ok(Outcome::Done)
}

/// What happened, for people; nothing for events that others tell.
pub(super) fn told(seq: Seq, event: &Event) -> Option<String> {
    Some(match event {
        Event::Drafted(drafted) => format!("Draft {seq} waits: {} {}", drafted.content.subject().as_str(), hex(&drafted.hash)),
        Event::DraftCorrected(correction) => format!("Draft {} corrected: {} fields differ", correction.draft, correction.changes.len()),
        Event::DraftRejected { draft, .. } => format!("Draft {draft} rejected"),
        Event::DraftWithdrawn { draft, .. } => format!("Draft {draft} withdrawn"),
        Event::DraftPosted(posted) => {
            let eyes = if posted.four_eyes { "" } else { ", not seen by four eyes" };
            format!("Draft {} posted at seq {} ({}{eyes})", posted.draft, posted.event, posted.route.as_str())
        }
        Event::AutoPostingStopped { rejected, window, .. } => {
            format!("Its agent no longer posts alone: {rejected} of the last {window} were rejected")
        }
        Event::ApprovalInvalidated { request, reason } => format!("Request {request} ended: {reason}"),
        _ => return None,
    })
}

const COLUMNS: [&str; 8] = ["draft", "subject", "amount", "source", "by", "business", "confidence", "request"];

fn row(book: &Book, seq: Seq, draft: &KeptDraft) -> [String; 8] {
    let agent = draft.source.ai().and_then(|ai| book.agent(ai.agent)).map(|kept| kept.agent.code.to_string());
    let request = draft.request.and_then(|at| book.approval_request(at).map(|kept| (at, kept.approved)));
    [
        seq.to_string(),
        draft.content.subject().as_str().to_owned(),
        output::plain(draft.amount, book.commodities().first().map_or(0, |functional| functional.scale)),
        agent.unwrap_or_else(|| draft.source.kind().as_str().to_owned()),
        draft.prepared.join(", "),
        draft.kind.to_string(),
        draft.confidence.map(|sure| sure.to_string()).unwrap_or_default(),
        request.map(|(at, approved)| format!("{at}{}", if approved { " approved" } else { "" })).unwrap_or_default(),
    ]
}

fn list(book: &Book, format: &FormatArg) -> anyhow::Result<Outcome> {
    let rows: Vec<[String; 8]> = book.drafts().map(|(seq, draft)| row(book, seq, draft)).collect();
    print(&output::records(&COLUMNS, &rows, format.format, || {
        if rows.is_empty() {
            return "No drafts wait.\n".to_owned();
        }
        let columns = [
            number("Draft"),
            text("Subject"),
            number("Amount"),
            text("Source"),
            text("By"),
            text("Business"),
            number("Sure"),
            text("Request"),
        ];
        let mut sheet = Sheet::new(columns);
        rows.iter().cloned().for_each(|row| sheet.row(row));
        sheet.render()
    })?)?;
    Ok(Outcome::Done)
}

fn show(book: &Book, seq: Seq) -> anyhow::Result<Outcome> {
    let Some(draft) = book.draft(seq) else {
        return Err(Complaint::refused(format!("no draft waits at seq {seq}")).hint("list them: ledgerd draft list --org SLUG").into());
    };
    let decoder = Decoder::new(book);
    let shown = serde_json::json!({
        "draft": seq, "hash": hex(&draft.hash), "content": proposal_json(&draft.content), "source": decoder.source_json(&draft.source),
        "prepared_by": draft.prepared.iter().map(|by| by.as_str()).collect::<Vec<_>>(), "business": draft.kind.as_str(),
        "confidence": draft.confidence.map(|sure| sure.to_string()), "at": show_time(draft.at), "request": draft.request,
    });
    print(&output::json(&shown))?;
    Ok(Outcome::Done)
}
