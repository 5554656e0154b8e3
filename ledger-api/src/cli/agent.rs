//! `ledgerd agent`: programs with a language model behind them: what they are, what they cost, and booking that.

use clap::{Args, Subcommand, ValueEnum};
use ledger_core::approvals::{AgentType, Autonomy};
use ledger_core::book::KeptAgent;
use ledger_core::command::{AgentCommand as Asked, DefineAgent};
use ledger_core::{AccountRef, Book, Command, Event, Month};
use ledger_store::load::load_book;
use rust_decimal::Decimal;

use super::complaint::Outcome;
use super::moment;
use super::output::{self, FormatArg, Sheet, number, print, text};
use super::recording;
use super::shell::Shell;

/// The commands of `agent`.
#[derive(Debug, Subcommand)]
pub enum AgentCommand {
    /// Register an agent, or change it
    Register(Box<RegisterArgs>),
    /// List the agents, what they spent and what became of their drafts
    List(ListArgs),
    /// Let an agent draft nothing more
    Suspend(StatusArgs),
    /// Let an agent work again, also after too many rejections stopped it from posting alone
    Resume(StatusArgs),
    /// Book what executions cost up to the end of a month
    BookCosts(BookArgs),
}

/// What an agent is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum TypeArg {
    /// Answers questions and drafts what it is told to
    Assistant,
    /// Drafts entries from documents and statements
    Accountant,
    /// Reads and explains
    Analyst,
    /// Looks for what is wrong
    Auditor,
    /// Something else
    Other,
}

/// Arguments of `agent register`.
#[derive(Debug, Args)]
#[command(after_help = "\
An agent drafts, and people approve. With --auto-post drafts post themselves that are within --cap, at least as certain as
--confidence, of a pattern that people approved --approvals times, and of no kind that is for people; no policy may cover
them, and a sample is for people all the same.

Examples:
  ledgerd agent register --org acme clerk --type accountant --model m-1 --budget 50 --expense 6500 --accrued 2300
  ledgerd agent register --org acme clerk --type accountant --model m-1 --auto-post --cap 250 --confidence 0.95 --approvals 5")]
pub struct RegisterArgs {
    /// The organization, by its short name
    #[arg(long, value_name = "SLUG")]
    pub org: String,
    /// Its code: the identity under which it acts
    #[arg(value_name = "AGENT")]
    pub agent: String,
    /// What it is for
    #[arg(long, value_enum, value_name = "TYPE")]
    pub r#type: TypeArg,
    /// The model that it runs on
    #[arg(long, value_name = "MODEL")]
    pub model: String,
    /// Its name [default: its code]
    #[arg(long, value_name = "NAME")]
    pub name: Option<String>,
    /// How the model is set up
    #[arg(long, value_name = "TEXT")]
    pub configuration: Option<String>,
    /// A tool that it may use; may be repeated
    #[arg(long, value_name = "TOOL")]
    pub tool: Vec<String>,
    /// The currency of its costs
    #[arg(long, value_name = "CURRENCY", default_value = "USD")]
    pub currency: String,
    /// What its executions may cost in a month [default: no bound]
    #[arg(long, value_name = "AMOUNT", value_parser = recording::number)]
    pub budget: Option<Decimal>,
    /// The expense account of its costs
    #[arg(long, value_name = "CODE")]
    pub expense: Option<String>,
    /// The account where they wait for the provider's bill
    #[arg(long, value_name = "CODE")]
    pub accrued: Option<String>,
    /// Let drafts post themselves within what follows
    #[arg(long, requires_all = ["cap", "confidence", "approvals"])]
    pub auto_post: bool,
    /// Largest amount, in the functional currency
    #[arg(long, value_name = "AMOUNT", value_parser = recording::number)]
    pub cap: Option<Decimal>,
    /// Smallest confidence, from 0 to 1
    #[arg(long, value_name = "SHARE", value_parser = recording::number)]
    pub confidence: Option<Decimal>,
    /// How often people approved such a line before
    #[arg(long, value_name = "COUNT")]
    pub approvals: Option<u32>,
}

/// Arguments of `agent list`.
#[derive(Debug, Args)]
pub struct ListArgs {
    /// The organization, by its short name
    #[arg(long, value_name = "SLUG")]
    pub org: String,
    #[command(flatten)]
    format: FormatArg,
}

/// Arguments of `agent suspend` and `agent resume`.
#[derive(Debug, Args)]
pub struct StatusArgs {
    /// The organization, by its short name
    #[arg(long, value_name = "SLUG")]
    pub org: String,
    /// The agent
    #[arg(value_name = "AGENT")]
    pub agent: String,
    /// Why, for the history
    #[arg(long, value_name = "TEXT")]
    pub reason: String,
}

/// Arguments of `agent book-costs`.
#[derive(Debug, Args)]
#[command(after_help = "\
One entry for each agent, exact to the minor unit; what is less is carried to the next booking. Nothing is booked twice.

Examples:
  ledgerd agent book-costs --org acme 2025-12 --expense 6500 --accrued 2300")]
pub struct BookArgs {
    /// The organization, by its short name
    #[arg(long, value_name = "SLUG")]
    pub org: String,
    /// The month, for example 2025-12
    #[arg(value_name = "MONTH", value_parser = moment::month)]
    pub month: Month,
    /// The expense account of agents that have none
    #[arg(long, value_name = "CODE")]
    pub expense: Option<String>,
    /// Where the costs of agents wait that say nothing
    #[arg(long, value_name = "CODE")]
    pub accrued: Option<String>,
}

pub(super) async fn run(shell: &Shell, command: AgentCommand) -> anyhow::Result<Outcome> {
    let session = shell.connect().await?;
    let account = |code: &Option<String>| code.as_deref().map(AccountRef::from);
    let (org, asked) = match command {
        AgentCommand::List(args) => {
            let book = load_book(&session.org_store(&args.org).await?).await?.book;
            return list(&book, &args.format);
        }
        AgentCommand::Register(args) => {
            let define = define(&args, account);
            (args.org, Asked::Define(define))
        }
        AgentCommand::Suspend(args) => {
            (args.org, Asked::SetStatus { agent: args.agent.into(), suspended: true, reason: args.reason.into() })
        }
        AgentCommand::Resume(args) => {
            (args.org, Asked::SetStatus { agent: args.agent.into(), suspended: false, reason: args.reason.into() })
        }
        AgentCommand::BookCosts(args) => {
            let (expense, accrued) = (account(&args.expense), account(&args.accrued));
            (args.org, Asked::BookCosts { month: args.month, date: None, expense, accrued })
        }
    };
    let org = session.organization(&org).await?.org;
    let events = session.submit_and_read(org, Command::Agent(Box::new(asked))).await?;
    let told: Vec<String> =
        events.iter().filter_map(|recorded| told(&recorded.event).map(|what| format!("{what} (seq {})", recorded.seq))).collect();
    print(&format!("{}.\n", if told.is_empty() { "Nothing changed".to_owned() } else { told.join("; ") }))?;
    Ok(Outcome::Done)
}

fn told(event: &Event) -> Option<String> {
    Some(match event {
        Event::AgentRegistered(agent) => format!("Registered {}", agent.code),
        Event::AgentChanged(agent) => format!("Changed {}", agent.code),
        Event::AgentStatusSet { suspended, .. } => if *suspended { "Suspended" } else { "May work again" }.to_owned(),
        Event::AgentCostsBooked { entry, .. } => format!("Booked: {}", entry.header().description),
        _ => return None,
    })
}

fn define(args: &RegisterArgs, account: impl Fn(&Option<String>) -> Option<AccountRef>) -> DefineAgent {
    let kind = match args.r#type {
        TypeArg::Assistant => AgentType::Assistant,
        TypeArg::Accountant => AgentType::Accountant,
        TypeArg::Analyst => AgentType::Analyst,
        TypeArg::Auditor => AgentType::Auditor,
        TypeArg::Other => AgentType::Other,
    };
    let plain = Autonomy::default();
    DefineAgent {
        name: args.name.as_deref().unwrap_or_default().into(),
        configuration: args.configuration.as_deref().unwrap_or_default().into(),
        tools: args.tool.iter().map(|tool| tool.as_str().into()).collect(),
        autonomy: Autonomy {
            auto_post: args.auto_post,
            cap: args.cap.unwrap_or(plain.cap),
            confidence: args.confidence.unwrap_or(plain.confidence),
            approvals: args.approvals.unwrap_or(plain.approvals),
            ..plain
        },
        budget: args.budget,
        expense: account(&args.expense),
        accrued: account(&args.accrued),
        ..DefineAgent::new(&args.agent, kind, &args.model, &args.currency)
    }
}

fn list(book: &Book, format: &FormatArg) -> anyhow::Result<Outcome> {
    let month = Month::of(chrono::Utc::now().date_naive());
    let row = |kept: &KeptAgent| {
        let agent = &kept.agent;
        let status = match (kept.suspended, kept.stopped) {
            (true, _) => "suspended",
            (false, true) => "drafts only: too much was rejected",
            (false, false) if agent.autonomy.auto_post => "posts alone within limits",
            (false, false) => "drafts only",
        };
        let waiting = book.drafts().filter(|(_, draft)| draft.source.ai().is_some_and(|ai| ai.agent == agent.no)).count();
        [
            agent.code.to_string(),
            agent.kind.as_str().to_owned(),
            agent.model.to_string(),
            kept.spent_in(month).decimal().to_string(),
            agent.budget.map(|budget| budget.to_string()).unwrap_or_default(),
            book.commodity(agent.currency).map(|currency| currency.code.to_string()).unwrap_or_default(),
            waiting.to_string(),
            status.to_owned(),
        ]
    };
    let rows: Vec<[String; 8]> = book.agents().iter().map(row).collect();
    let names = ["agent", "type", "model", "spent_this_month", "budget", "currency", "drafts_waiting", "status"];
    print(&output::records(&names, &rows, format.format, || {
        let columns = [
            text("Agent"),
            text("Type"),
            text("Model"),
            number("Spent"),
            number("Budget"),
            text("Cur."),
            number("Waiting"),
            text("Status"),
        ];
        let mut sheet = Sheet::new(columns);
        rows.iter().cloned().for_each(|row| sheet.row(row));
        sheet.render()
    })?)?;
    Ok(Outcome::Done)
}
