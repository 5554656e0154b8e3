//! `ledgerd demo`: everything at work, from nothing, on the company of [`crate::demo`]. Invents its files, imports
//! them, mends and closes through the writer, projects, reports, replays, verifies.
//!
//! Run again, it finds everything in its place, posts nothing twice, and proves it all again.

mod screen;

use std::path::Path;
use std::time::Instant;

use anyhow::Context;
use chrono::NaiveDate;
use clap::Args;
use ledger_core::book::Valuation;
use ledger_core::command::{CorrectEntry, DefineCommodity, ReverseEntry};
use ledger_core::period::{Month, PeriodStatus};
use ledger_core::{Actor, Command, Seq};
use ledger_projections::reports::{Closing, Point};
use ledger_store::OrgStore;
use ledger_store::load::load_book;
use ledger_store::writer::{IdempotencyKey, NewOrganization, Receipt, Request, SubmitError};

use self::screen::{Screen, Step};
use super::complaint::{Complaint, Outcome};
use super::output::print;
use super::shell::{Session, Shell};
use super::{import, progress, replay, verify};
use crate::demo::{ENTRIES_MAX, ENTRIES_MIN, Files, Followup, Plan, write};
use crate::import::run::{Format, ImportOptions, Summary};
use crate::report::Heading;
use crate::report::balance_sheet::BalanceSheet;
use crate::report::income_statement::IncomeStatement;
use crate::report::source;
use crate::report::trial_balance::{Show, TrialBalance};

/// The company's name.
const COMPANY: &str = "Meridian Supply Co.";
/// The last day of its books, and the year that is reported.
const LAST: NaiveDate = NaiveDate::from_ymd_opt(2025, 12, 31).unwrap();
const YEAR: NaiveDate = NaiveDate::from_ymd_opt(2025, 1, 1).unwrap();
/// The first month, how many are closed in all, and how many of these hard.
const FIRST_MONTH: i32 = 2024 * 12;
const CLOSED: i32 = 21;
const HARD_CLOSED: i32 = 12;
/// The key under which the company's books begin; its request is the plan.
const BEGIN: &str = "demo:begin";

/// Arguments of `demo`.
#[derive(Debug, Args)]
#[command(after_help = "\
The company sells tools and buys them in USD, EUR and GBP. Its books are the same for the same seed and size; run
again, the demo finds them in place and proves them again. Its files stay in the data directory.

Examples:
  ledgerd demo
  ledgerd demo --fresh
  ledgerd demo --org big --entries 1000000")]
pub struct DemoArgs {
    /// At least so many journal entries; more of them are smaller ones, the company stays the same
    #[arg(long, value_name = "N", default_value_t = 20_000, value_parser = clap::value_parser!(u64).range(ENTRIES_MIN..=ENTRIES_MAX))]
    pub entries: u64,
    /// What chance brings; the same seed gives the same books
    #[arg(long, value_name = "S", default_value_t = 2024)]
    pub seed: u64,
    /// Short name of the organization
    #[arg(long, value_name = "SLUG", default_value = "demo", value_parser = super::org::slug)]
    pub org: String,
    /// Begin new books even if there are some: demo-2, demo-3 and so on
    #[arg(long)]
    pub fresh: bool,
}

/// One run.
struct Demo<'a> {
    shell: &'a Shell,
    session: Session,
    slug: String,
    org: OrgStore,
    screen: Screen,
}

pub(super) async fn run(shell: &Shell, args: DemoArgs) -> anyhow::Result<Outcome> {
    let plan = Plan { entries: args.entries, seed: args.seed };
    let mut screen = Screen::default();
    let started = Instant::now();
    let session = shell.connect().await?;
    let slug = slug(&session, &args).await?;
    let org = begin(&session, &slug, plan).await?;
    screen.step("Open the database", started, Step::default());
    let mut demo = Demo { shell, session, slug, org, screen };
    let folder = shell.home().await.join("demo").join(&demo.slug);
    let files = demo.invent(plan, &folder)?;
    demo.import(&files).await?;
    demo.follow_up(&files.followups).await?;
    demo.project().await?;
    let ties = demo.report().await?;
    let proven = demo.replay().await? & demo.verify().await?;
    print(&demo.screen.render(shell, &demo.slug, &folder).await)?;
    Ok(if ties && proven { Outcome::Done } else { Outcome::Failed })
}

/// The name asked for, or with `--fresh` the next that is free.
async fn slug(session: &Session, args: &DemoArgs) -> anyhow::Result<String> {
    if !args.fresh || session.store.organization(&args.org).await?.is_none() {
        return Ok(args.org.clone());
    }
    let taken: Vec<String> = session.store.organizations().await?.into_iter().map(|org| org.slug).collect();
    let free = (2..u32::MAX).map(|number| format!("{}-{number}", args.org)).find(|slug| !taken.contains(slug));
    free.context("no slug is free")
}

/// The organization, begun now or by an earlier run with the same plan.
async fn begin(session: &Session, slug: &str, plan: Plan) -> anyhow::Result<OrgStore> {
    let taken = |why: &str| {
        Complaint::refused(format!("organization {slug:?} {why}"))
            .hint("begin other books beside it: ledgerd demo --fresh, or choose a name with --org NAME")
    };
    let org = match session.store.organization(slug).await? {
        Some(organization) => session.store.for_org(organization.org),
        None => {
            let new = NewOrganization {
                slug: slug.to_owned(),
                name: COMPANY.to_owned(),
                functional_currency: "USD".to_owned(),
                functional_scale: None,
                valuation: Valuation::Required,
            };
            session.store.for_org(session.ledger.create_organization(new, &actor()).await?)
        }
    };
    if org.find_keys(&[BEGIN]).await?.is_empty() && !load_book(&org).await?.book.accounts().is_empty() {
        return Err(taken("exists and is not the demo's").into());
    }
    let key = IdempotencyKey::new(BEGIN, format!("{plan:?}").as_bytes());
    let define = DefineCommodity { code: "EUR".into(), scale: None, name: "Euro".into() };
    match submit(session, &org, Command::DefineCommodity(define), key).await {
        Ok(_) => Ok(org),
        Err(SubmitError::KeyReused { .. }) => Err(taken("holds the books of another seed or size").into()),
        Err(error) => Err(error.into()),
    }
}

/// Everything is done in this name, so that the same seed gives the same history.
fn actor() -> Actor {
    Actor::system("demo")
}

async fn submit(session: &Session, org: &OrgStore, command: Command, key: IdempotencyKey) -> Result<Receipt, SubmitError> {
    session.ledger.submit(org.org(), Request::new(command, actor()).keyed(key)).await
}

impl Demo<'_> {
    fn invent(&mut self, plan: Plan, folder: &Path) -> anyhow::Result<Files> {
        let started = Instant::now();
        let files = write(&plan, folder).with_context(|| format!("cannot write the company's files into {}", folder.display()))?;
        self.screen.step("Invent two years of business", started, Step::of(files.entries, "entries"));
        Ok(files)
    }

    async fn import(&mut self, files: &Files) -> anyhow::Result<()> {
        let started = Instant::now();
        self.import_file(&files.chart, Format::Chart).await?;
        self.import_file(&files.rates, Format::Hledger).await?;
        let what = format!("{} accounts, {} exchange rates", files.accounts, files.quotes);
        self.screen.step("Import chart and rates", started, Step::said(what));
        let started = Instant::now();
        let summary = self.import_file(&files.journal, Format::Csv).await?;
        let mut step = Step::of(summary.posted, "entries");
        if summary.already > 0 {
            step = Step::said(format!("{} were in already, {} posted", screen::count(summary.already), screen::count(summary.posted)));
        }
        self.screen.step("Import the journal", started, step);
        Ok(())
    }

    async fn import_file(&self, path: &Path, format: Format) -> anyhow::Result<Summary> {
        let mut options = ImportOptions::new(format);
        options.actor = actor();
        (options.tabular.currency, options.tabular.functional_currency) = (Some("USD".into()), Some("USD".into()));
        // The same name wherever the folder is: it stands beside every rate.
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let summary = import::watched(self.shell, self.org.clone(), path.to_owned(), name, options).await?;
        match summary.refusals.first() {
            None => Ok(summary),
            Some(refusal) => Err(Complaint::refused(format!("the demo's own file was refused: {refusal}"))
                .hint("report this with the seed and size of the demo")
                .into()),
        }
    }

    /// What was found out later, the months' closing, and what was found out after that.
    async fn follow_up(&mut self, followups: &[Followup]) -> anyhow::Result<()> {
        let started = Instant::now();
        let bar = progress::bar(self.shell.global.quiet, 0, "mending and closing");
        let ids: Vec<&str> = followups.iter().map(id_of).collect();
        let found = self.org.find_external_ids(&ids).await?;
        let seq_of = |id: &str| found.iter().find(|(known, _)| known == id).map(|(_, seq)| *seq);
        let (late, early): (Vec<_>, Vec<_>) =
            followups.iter().partition(|followup| matches!(followup, Followup::Reverse { late: true, .. }));
        let mend = |followup: &&Followup| Some((format!("demo:mend:{}", id_of(followup)), command_of(followup, seq_of(id_of(followup))?)));
        let commands: Vec<_> = early.iter().filter_map(mend).chain(closings()).chain(late.iter().filter_map(mend)).collect();
        bar.set_length(commands.len() as u64);
        let mended = ids.len();
        for (key, command) in &commands {
            let key = IdempotencyKey::new(key.as_str(), b"");
            let receipt = submit(&self.session, &self.org, command.clone(), key).await?;
            let before = receipt.first_seq.saturating_sub(1);
            self.screen.unmended = if self.screen.unmended == 0 { before } else { before.min(self.screen.unmended) };
            bar.inc(1);
        }
        bar.finish_and_clear();
        let corrected = followups.iter().filter(|followup| matches!(followup, Followup::Correct { .. })).count();
        let what = format!("{} reversals, {corrected} corrections, {} closings", mended - corrected, CLOSED + HARD_CLOSED);
        self.screen.step("Mend and close", started, Step { count: commands.len() as u64, ..Step::said(what) });
        Ok(())
    }

    async fn project(&mut self) -> anyhow::Result<()> {
        let started = Instant::now();
        let head = self.org.head().await?.seq;
        let bar = progress::bar(self.shell.global.quiet, head, "projecting");
        ledger_projections::catch_up(&self.org, |step| bar.set_position(step.seq)).await?;
        bar.finish_and_clear();
        self.screen.step("Project ledger and balances", started, Step::of(head, "events"));
        Ok(())
    }

    /// Prints the three statements. Answers whether they tie out.
    async fn report(&mut self) -> anyhow::Result<bool> {
        let started = Instant::now();
        let now = source::movements(&self.org, (None, Some(LAST)), Point::Latest, Closing::Include).await?;
        let trial = TrialBalance::new(&now.books, &now.balances, Show::Functional);
        let mut text = trial.table(&self.heading(None, now.seq));
        let (closing, before) = source::balances_and_before(&self.org, LAST, YEAR, Point::Latest).await?;
        let sheet = BalanceSheet::new(&closing.books, &closing.balances, &before, YEAR);
        text.push('\n');
        text.push_str(&sheet.table(&self.heading(None, closing.seq), Some(1)));
        let moved = source::movements(&self.org, (Some(YEAR), Some(LAST)), Point::Latest, Closing::Exclude).await?;
        let income = IncomeStatement::new(&moved.books, &moved.balances);
        text.push('\n');
        text.push_str(&income.table(&self.heading(Some(YEAR), moved.seq), Some(1)));
        text.push('\n');
        let ties = trial.ties() && sheet.ties();
        self.screen.ties = ties;
        self.screen.step("Report", started, Step::said("three statements"));
        print(&text)?;
        Ok(ties)
    }

    fn heading(&self, from: Option<NaiveDate>, seq: Seq) -> Heading {
        let organization = COMPANY.to_owned();
        Heading { slug: self.slug.clone(), organization, from, to: Some(LAST), seq, known_at: None, past: false }
    }

    async fn replay(&mut self) -> anyhow::Result<bool> {
        let started = Instant::now();
        let all = replay::compare_all(self.shell, &self.org, None).await?;
        let (values, differences) = all.iter().fold((0, 0), |(rows, found), compared| (rows + compared.rows, found + compared.differences));
        self.screen.step("Replay history and compare", started, Step::of(values, "values"));
        self.screen.differences = differences;
        if differences > 0 {
            print(&replay::table(&self.slug, &all))?;
        }
        Ok(differences == 0)
    }

    async fn verify(&mut self) -> anyhow::Result<bool> {
        let started = Instant::now();
        let (report, took) = verify::in_database(self.shell, &self.slug, Vec::new()).await?;
        self.screen.step("Verify the hash chain", started, Step::of(report.events, "events"));
        (self.screen.sound, self.screen.events, self.screen.entries) = (report.is_sound(), report.events, report.entries);
        if !report.is_sound() {
            print(&verify::table(&self.slug, &report, took))?;
        }
        Ok(report.is_sound())
    }
}

fn id_of(followup: &Followup) -> &str {
    match followup {
        Followup::Reverse { id, .. } | Followup::Correct { id, .. } => id,
    }
}

fn command_of(followup: &Followup, original: Seq) -> Command {
    let reverse = |reason: &str| ReverseEntry { original, date: None, reason: reason.into() };
    match followup {
        Followup::Reverse { reason, .. } => Command::ReverseEntry(reverse(reason)),
        Followup::Correct { reason, replacement, .. } => {
            Command::CorrectEntry(Box::new(CorrectEntry { reverse: reverse(reason), replacement: replacement.draft() }))
        }
    }
}

/// Months are closed softly first; the first year hard when its books are finished.
fn closings() -> impl Iterator<Item = (String, Command)> {
    let close = |months: i32, status: PeriodStatus, reason: &'static str| {
        (0..months).map(move |number| {
            let month = Month::from_ordinal(FIRST_MONTH + number);
            let command = Command::ClosePeriod { month, status, reason: reason.into(), accept_open: false };
            (format!("demo:close:{}:{month}", status.as_str()), command)
        })
    };
    close(CLOSED, PeriodStatus::SoftClosed, "month reported").chain(close(HARD_CLOSED, PeriodStatus::HardClosed, "year audited"))
}
