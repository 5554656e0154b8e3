//! `ledgerd projections`: how far the read models are, and making them anew.

use clap::{Args, Subcommand};
use ledger_core::Timestamp;
use ledger_projections::reports::{Freshness, freshness};
use ledger_projections::{Status, projection};
use ledger_store::Organization;
use serde_json::{Value, json};

use super::complaint::Outcome;
use super::output::{self, Format, FormatArg, Sheet, number, print, text};
use super::progress;
use super::shell::{Session, Shell};

/// The commands of `projections`.
#[derive(Debug, Subcommand)]
pub enum ProjectionsCommand {
    /// Show how far each read model is behind history, and what stopped it
    Status(StatusArgs),
    /// Make read models anew from history; readers keep the old ones until the new ones are complete
    Rebuild(RebuildArgs),
}

/// Arguments of `projections status`.
#[derive(Debug, Args)]
pub struct StatusArgs {
    /// One organization, by its short name [default: all]
    #[arg(long, value_name = "SLUG")]
    pub org: Option<String>,
    #[command(flatten)]
    format: FormatArg,
}

/// Arguments of `projections rebuild`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  ledgerd projections rebuild --org acme
  ledgerd projections rebuild account_balance --org acme")]
pub struct RebuildArgs {
    /// One read model: account_balance or gl_fact [default: all]
    #[arg(value_name = "NAME")]
    pub name: Option<String>,
    /// One organization, by its short name [default: all]
    #[arg(long, value_name = "SLUG")]
    pub org: Option<String>,
}

pub(super) async fn run(shell: &Shell, command: ProjectionsCommand) -> anyhow::Result<Outcome> {
    match command {
        ProjectionsCommand::Status(args) => status(shell, &args).await,
        ProjectionsCommand::Rebuild(args) => rebuild(shell, &args).await,
    }
}

async fn chosen(session: &Session, slug: Option<&str>) -> anyhow::Result<Vec<Organization>> {
    match slug {
        Some(slug) => Ok(vec![session.organization(slug).await?]),
        None => Ok(session.store.organizations().await?),
    }
}

const COLUMNS: [&str; 8] = ["organization", "projection", "status", "seq", "head", "lag_events", "lag_seconds", "error"];

async fn status(shell: &Shell, args: &StatusArgs) -> anyhow::Result<Outcome> {
    let session = shell.connect().await?;
    let now = Timestamp(chrono::Utc::now().timestamp_micros());
    let (mut rows, mut states) = (Vec::new(), Vec::new());
    let mut stopped = false;
    for organization in chosen(&session, args.org.as_deref()).await? {
        for state in freshness(&session.store.for_org(organization.org), now).await? {
            stopped |= matches!(state.status, Status::Failed { .. });
            rows.push(record(&organization.slug, &state));
            states.push(as_json(&organization.slug, &state));
        }
    }
    print(&match args.format.format {
        Format::Table => table(&rows),
        Format::Csv => output::csv(&COLUMNS, &rows)?,
        Format::Json => output::json(&states.into()),
    })?;
    Ok(if stopped { Outcome::Failed } else { Outcome::Done })
}

fn record(slug: &str, state: &Freshness) -> [String; 8] {
    let (status, error) = match &state.status {
        Status::Running if state.lag_events == 0 => ("up to date", String::new()),
        Status::Running => ("behind", String::new()),
        Status::Rebuilding => ("rebuilding", String::new()),
        Status::Failed { seq, error } => ("stopped", format!("event {seq}: {error}")),
    };
    let numbers = [state.seq, state.head, state.lag_events].map(|n| n.to_string());
    let [seq, head, lag] = numbers;
    let seconds = (state.lag_micros / 1_000_000).to_string();
    [slug.to_owned(), state.projection.to_owned(), status.to_owned(), seq, head, lag, seconds, error]
}

fn as_json(slug: &str, state: &Freshness) -> Value {
    let [.., status, _, _, _, _, error] = record(slug, state);
    json!({
        "organization": slug, "projection": state.projection, "version": state.version, "status": status, "seq": state.seq,
        "head": state.head, "lag_events": state.lag_events, "lag_seconds": state.lag_micros / 1_000_000,
        "error": (!error.is_empty()).then_some(error),
    })
}

fn table(rows: &[[String; 8]]) -> String {
    let titles = ["Organization", "Projection", "Status"].map(text).into_iter();
    let mut sheet = Sheet::new(titles.chain(["Applied", "History", "Behind", "Seconds"].map(number)).chain([text("")]));
    rows.iter().for_each(|row| sheet.row(row.iter().cloned()));
    sheet.render()
}

async fn rebuild(shell: &Shell, args: &RebuildArgs) -> anyhow::Result<Outcome> {
    let projections = match &args.name {
        Some(name) => vec![projection::by_name(name)?],
        None => projection::all(),
    };
    let session = shell.connect().await?;
    for organization in chosen(&session, args.org.as_deref()).await? {
        let org = session.store.for_org(organization.org);
        for projection in &projections {
            let bar = progress::bar(shell.global.quiet, 0, format!("{}: {}", organization.slug, projection.name()));
            let seq = ledger_projections::rebuild(&org, projection, |step| {
                bar.set_length(step.head);
                bar.set_position(step.seq);
            })
            .await?;
            bar.finish_and_clear();
            print(&format!("{}: {} rebuilt from {seq} events.\n", organization.slug, projection.name()))?;
        }
    }
    Ok(Outcome::Done)
}
