//! `ledgerd approval`: policies, the queue of what waits for votes, voting.

use clap::{Args, Subcommand};
use ledger_core::approvals::{Mode, OnTimeout, PolicyTerms, Step, Subject, Vote};
use ledger_core::book::KeptRequest;
use ledger_core::command::{ApprovalCommand as Asked, CastVote, DraftCommand as DraftAsked, RequestApproval};
use ledger_core::event::Recorded;
use ledger_core::{Book, Command, Context, Event, Seq, Text};
use ledger_store::OrgId;
use ledger_store::load::load_book;
use rust_decimal::Decimal;

use super::complaint::{Complaint, Outcome};
use super::draft::{self, now};
use super::events::governed::{hex, policy_json, proposal_json};
use super::moment::show_time;
use super::output::{self, FormatArg, Sheet, number, print, text};
use super::recording;
use super::shell::{Session, Shell};

/// The assurance of somebody who sits at the machine: whoever may run the program may do anything.
const AAL: u8 = 3;

/// The commands of `approval`.
#[derive(Debug, Subcommand)]
pub enum ApprovalCommand {
    /// Set the first policy; later ones are drafted and approved
    Policy(PolicyArgs),
    /// List the policies
    Policies(ListArgs),
    /// List the requests that wait
    Queue(ListArgs),
    /// Show a request: what is to be approved, by whom, and who voted
    Show(RequestArgs),
    /// Ask for approval of a draft
    Request(AskArgs),
    /// Approve what is asked for
    Approve(VoteArgs),
    /// Reject what is asked for
    Reject(VoteArgs),
}

/// Arguments of `approval policy`.
#[derive(Debug, Args)]
#[command(after_help = "\
A step is single, multiple/COUNT, unanimous, majority or veto, and @SECONDS where it has a deadline; when that has passed the
request ends without approval.

Examples:
  ledgerd approval policy --org acme large --subject entry --from 10000 --step multiple/2
  ledgerd approval policy --org acme mine --subject entry --subject policy --step single --self-approval")]
pub struct PolicyArgs {
    /// The organization, by its short name
    #[arg(long, value_name = "SLUG")]
    pub org: String,
    /// Its code
    #[arg(value_name = "POLICY")]
    pub policy: String,
    /// What it is about: entry, bill, payout, payment, reopening or policy; may be repeated
    #[arg(long, value_name = "SUBJECT", value_parser = subject, required = true)]
    pub subject: Vec<Subject>,
    /// The smallest amount that it is about, in the functional currency
    #[arg(long, value_name = "AMOUNT", value_parser = recording::number)]
    pub from: Option<Decimal>,
    /// Its steps, in order; may be repeated
    #[arg(long, value_name = "STEP", value_parser = step, required = true)]
    pub step: Vec<Step>,
    /// Who prepared something may approve it; it is marked then
    #[arg(long)]
    pub self_approval: bool,
}

/// Arguments of what only lists.
#[derive(Debug, Args)]
pub struct ListArgs {
    /// The organization, by its short name
    #[arg(long, value_name = "SLUG")]
    pub org: String,
    #[command(flatten)]
    format: FormatArg,
}

/// Arguments of `approval show`.
#[derive(Debug, Args)]
pub struct RequestArgs {
    /// The organization, by its short name
    #[arg(long, value_name = "SLUG")]
    pub org: String,
    /// The request: where it stands in history
    #[arg(value_name = "SEQ")]
    pub request: Seq,
}

/// Arguments of `approval request`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  ledgerd approval request --org acme 120 --voters anna,ben,carla
  ledgerd approval request --org acme 120 --voters anna,ben --voters carla        (two steps)")]
pub struct AskArgs {
    /// The organization, by its short name
    #[arg(long, value_name = "SLUG")]
    pub org: String,
    /// The draft: where it stands in history
    #[arg(value_name = "SEQ")]
    pub draft: Seq,
    /// Who may vote, with commas between them; once for each step
    #[arg(long, value_name = "NAMES", required = true)]
    pub voters: Vec<String>,
}

/// Arguments of `approval approve` and `approval reject`.
#[derive(Debug, Args)]
pub struct VoteArgs {
    /// The organization, by its short name
    #[arg(long, value_name = "SLUG")]
    pub org: String,
    /// The request: where it stands in history
    #[arg(value_name = "SEQ")]
    pub request: Seq,
    /// The hash of what you looked at, or its beginning, as `approval show` has it
    #[arg(long, value_name = "HEX")]
    pub hash: String,
    /// Why; needed to reject
    #[arg(long, value_name = "TEXT", default_value = "")]
    pub comment: String,
    /// Leave the draft where it is when this vote approves it
    #[arg(long)]
    pub keep: bool,
}

fn subject(word: &str) -> Result<Subject, String> {
    Subject::parse(word).ok_or_else(|| format!("{word:?} is none of entry, bill, payout, payment, reopening, policy"))
}

fn step(word: &str) -> Result<Step, String> {
    let wrong = || format!("{word:?} is no step: write single, multiple/2, unanimous, majority or veto, and @SECONDS for a deadline");
    let (mode, due) = word.split_once('@').map_or((word, None), |(mode, due)| (mode, Some(due)));
    let mode = match mode.split_once('/') {
        Some(("multiple", count)) => Mode::Multiple(count.parse().map_err(|_| wrong())?),
        None if mode == "single" => Mode::Single,
        None if mode == "unanimous" => Mode::Unanimous,
        None if mode == "majority" => Mode::Majority,
        None if mode == "veto" => Mode::Veto,
        _ => return Err(wrong()),
    };
    let due = due.map(|due| due.parse().map_err(|_| wrong())).transpose()?;
    Ok(Step { due, on_timeout: OnTimeout::Reject, ..Step::new(mode, &[]) })
}

pub(super) async fn run(shell: &Shell, command: ApprovalCommand) -> anyhow::Result<Outcome> {
    let session = shell.connect().await?;
    let (slug, asked) = match command {
        ApprovalCommand::Policies(args) => {
            let book = load_book(&session.org_store(&args.org).await?).await?.book;
            let policies: Vec<_> = book.approval_policies().map(|policy| policy_json(&policy.terms)).collect();
            print(&output::json(&policies.into()))?;
            return Ok(Outcome::Done);
        }
        ApprovalCommand::Queue(args) => {
            let book = load_book(&session.org_store(&args.org).await?).await?.book;
            return queue(&book, &args.format);
        }
        ApprovalCommand::Show(args) => {
            let book = load_book(&session.org_store(&args.org).await?).await?.book;
            return show(&book, args.request);
        }
        ApprovalCommand::Policy(args) => {
            let mut terms = PolicyTerms { subjects: args.subject, ..PolicyTerms::new(&args.policy, Subject::Entry, args.step) };
            (terms.when.amount_from, terms.self_approval) = (args.from, args.self_approval);
            (args.org, Asked::SetPolicy(Box::new(terms)))
        }
        ApprovalCommand::Request(args) => {
            let eligible = args.voters.iter().map(|names| names.split(',').map(|name| Text::from(name.trim())).collect()).collect();
            (args.org, Asked::Request(RequestApproval { draft: args.draft, eligible, at: now() }))
        }
        ApprovalCommand::Approve(args) => {
            let book = load_book(&session.org_store(&args.org).await?).await?.book;
            (args.org.clone(), Asked::Vote(cast(&book, &args, Vote::Approve)?))
        }
        ApprovalCommand::Reject(args) => {
            let book = load_book(&session.org_store(&args.org).await?).await?.book;
            (args.org.clone(), Asked::Vote(cast(&book, &args, Vote::Reject)?))
        }
    };
    let org = session.organization(&slug).await?.org;
    let wanted = match &asked {
        Asked::Vote(vote) if vote.then_post => Some(vote.request),
        _ => None,
    };
    let events = session.submit_and_read(org, Command::Approval(Box::new(asked))).await?;
    let mut told: Vec<String> = events.iter().filter_map(|recorded| told(recorded.seq, &recorded.event)).collect();
    if let Some(request) = wanted {
        told.extend(not_posted(&session, org, request, &events).await?);
    }
    print(&format!("{}.\n", if told.is_empty() { "Nothing changed".to_owned() } else { told.join("; ") }))?;
    Ok(Outcome::Done)
}

/// Why a draft was not posted with the vote that approved it, where that is so.
async fn not_posted(session: &Session, org: OrgId, request: Seq, events: &[Recorded]) -> anyhow::Result<Option<String>> {
    let approved = events.iter().any(|recorded| matches!(recorded.event, Event::ApprovalCompleted { approved: true, .. }));
    if !approved || events.iter().any(|recorded| matches!(recorded.event, Event::DraftPosted(_))) {
        return Ok(None);
    }
    let book = load_book(&session.store.for_org(org)).await?.book;
    let Some(draft) = book.approval_request(request).map(|kept| kept.requested.draft) else { return Ok(None) };
    let context = Context { soft_closed: session.soft_closed, ..Context::new(&session.actor) };
    let decided = book.decide(&Command::Draft(Box::new(DraftAsked::Post { draft })), &context);
    Ok(decided.err().map(|refused| format!("Draft {draft} was not posted and waits: {refused} ({}; {})", refused.code(), refused.hint())))
}

fn told(seq: Seq, event: &Event) -> Option<String> {
    Some(match event {
        Event::ApprovalPolicySet(policy) => format!("Policy {} set, version {}", policy.terms.code, policy.version),
        Event::ApprovalRequested(requested) => format!("Request {seq} waits for votes on draft {}", requested.draft),
        Event::ApprovalVoted(voted) => format!("Voted to {}", voted.vote.as_str()),
        Event::ApprovalCompleted { request, approved } => format!("Request {request} {}", if *approved { "approved" } else { "rejected" }),
        other => return draft::told(seq, other),
    })
}

fn find(book: &Book, seq: Seq) -> anyhow::Result<&KeptRequest> {
    let unknown = || Complaint::refused(format!("no request waits at seq {seq}")).hint("list them: ledgerd approval queue --org SLUG");
    book.approval_request(seq).ok_or_else(|| unknown().into())
}

fn cast(book: &Book, args: &VoteArgs, vote: Vote) -> anyhow::Result<CastVote> {
    let hash = find(book, args.request)?.requested.hash;
    if args.hash.len() < 8 || !hex(&hash).starts_with(&args.hash.to_ascii_lowercase()) {
        return Err(Complaint::refused(format!("request {} is not about {}", args.request, args.hash))
            .hint(format!("look at it and name its hash, at least 8 digits: ledgerd approval show --org {} {}", args.org, args.request))
            .into());
    }
    let comment = Text::from(args.comment.as_str());
    Ok(CastVote { request: args.request, hash, vote, comment, aal: AAL, at: now(), then_post: !args.keep })
}

const COLUMNS: [&str; 8] = ["request", "draft", "subject", "amount", "policy", "mode", "votes", "due"];

fn row(book: &Book, seq: Seq, request: &KeptRequest) -> [String; 8] {
    let requested = &request.requested;
    let step = request.current();
    let votes = step.map(|step| format!("{} of {}", step.count(Vote::Approve), step.needed));
    [
        seq.to_string(),
        requested.draft.to_string(),
        requested.facts.subject.as_str().to_owned(),
        output::plain(requested.facts.amount, book.commodities().first().map_or(0, |functional| functional.scale)),
        requested.policy.as_ref().map(|(code, _)| code.to_string()).unwrap_or_default(),
        step.map_or("approved", |step| step.mode.as_str()).to_owned(),
        votes.unwrap_or_default(),
        step.and_then(|step| step.due).map(show_time).unwrap_or_default(),
    ]
}

fn queue(book: &Book, format: &FormatArg) -> anyhow::Result<Outcome> {
    let rows: Vec<[String; 8]> = book.approval_requests().map(|(seq, request)| row(book, seq, request)).collect();
    print(&output::records(&COLUMNS, &rows, format.format, || {
        if rows.is_empty() {
            return "Nothing waits for approval.\n".to_owned();
        }
        let columns = [
            number("Request"),
            number("Draft"),
            text("Subject"),
            number("Amount"),
            text("Policy"),
            text("Mode"),
            text("Votes"),
            text("Due"),
        ];
        let mut sheet = Sheet::new(columns);
        rows.iter().cloned().for_each(|row| sheet.row(row));
        sheet.render()
    })?)?;
    Ok(Outcome::Done)
}

fn show(book: &Book, seq: Seq) -> anyhow::Result<Outcome> {
    let request = find(book, seq)?;
    let requested = &request.requested;
    let seat = |seat: &ledger_core::approvals::Seat| serde_json::json!({ "who": seat.holder().map(Text::as_str), "of": seat.owner().map(Text::as_str), "vote": seat.vote.map(Vote::as_str) });
    let steps = request.steps.iter().map(|step| {
        serde_json::json!({
            "mode": step.mode.as_str(), "needed": step.needed, "due_at": step.due.map(show_time), "escalations": step.escalations,
            "votes": step.seats.iter().map(seat).collect::<Vec<_>>(),
        })
    });
    let steps: Vec<_> = steps.collect();
    let shown = serde_json::json!({
        "request": seq, "draft": requested.draft, "hash": hex(&requested.hash),
        "content": book.draft(requested.draft).map(|draft| proposal_json(&draft.content)),
        "policy": requested.policy.as_ref().map(|(code, _)| code.as_str()), "requested_by": requested.by.as_str(),
        "requested_at": show_time(requested.at), "step": request.step + 1, "steps": steps, "approved": request.approved,
    });
    print(&output::json(&shown))?;
    Ok(Outcome::Done)
}
