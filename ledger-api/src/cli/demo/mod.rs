//! `ledgerd demo`: everything at work, from nothing, on the company of [`crate::demo`]. Invents its files, imports
//! them, does through the writer what comes after (losses, revaluation, commissions, the closing of months and of a year),
//! projects, reports, replays, verifies.
//!
//! Run again, it finds everything in its place, posts nothing twice, and proves it all again.

mod finish;
mod screen;
mod setup;

use std::path::Path;
use std::time::Instant;

use anyhow::Context;
use chrono::NaiveDate;
use clap::Args;
use ledger_core::book::Valuation;
use ledger_core::command::DefineCommodity;
use ledger_core::money::decimal_of;
use ledger_core::subledger::Side;
use ledger_core::{Actor, Command, Rejection, Seq};
use ledger_projections::reports::{self, AgingBy, Basis, CashFlowQuery, Closing, ItemQuery, Point, USUAL_BOUNDS, cash_flows};
use ledger_store::OrgStore;
use ledger_store::load::load_book;
use ledger_store::writer::{IdempotencyKey, NewOrganization, Receipt, Request, SubmitError};

use self::finish::Task;
use self::screen::{Screen, Step};
use super::complaint::{Complaint, Outcome};
use super::output::print;
use super::shell::{Session, Shell};
use super::{import, progress, replay, verify, year};
use crate::demo::{ENTRIES_MAX, ENTRIES_MIN, Files, Followup, Plan, roles, write};
use crate::import::documents::{Amounts, Kind, Settings};
use crate::import::run::{Format, ImportOptions, Summary};
use crate::report::Heading;
use crate::report::aging::AgingReport;
use crate::report::balance_sheet::BalanceSheet;
use crate::report::cash_flow::{CashFlowStatement, Detail, Method};
use crate::report::income_statement::IncomeStatement;
use crate::report::source;
use crate::report::trial_balance::{Show, TrialBalance};

/// The company's name.
const COMPANY: &str = "Meridian Supply Co.";
/// The last day of its books, and the year that is reported.
const LAST: NaiveDate = NaiveDate::from_ymd_opt(2025, 12, 31).unwrap();
const YEAR: NaiveDate = NaiveDate::from_ymd_opt(2025, 1, 1).unwrap();
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
    demo.follow_up(plan, &files.followups).await?;
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
        self.import_file(&files.chart, Format::Chart, None).await?;
        self.import_file(&files.rates, Format::Hledger, None).await?;
        let parties = setup::prepare(&self.org).await?;
        let what = format!("{} accounts, {} exchange rates, {parties} parties", files.accounts, files.quotes);
        self.screen.step("Import chart, rates and parties", started, Step::said(what));
        let roles = roles();
        let (owed, owing) = (roles.receivables, roles.payables);
        let settings = |control| Settings { amounts: Some(Amounts::Net), ..Settings::new(control, roles.bank) };
        let [invoices, bills] = &files.documents;
        let [receipts, payments] = &files.payments;
        for (name, things, files) in [
            ("Import the journal", "entries", vec![(&files.journal, None)]),
            (
                "Import invoices and bills",
                "documents",
                vec![(invoices, Some((Kind::Invoices, settings(owed)))), (bills, Some((Kind::Bills, settings(owing))))],
            ),
            (
                "Import receipts and payments",
                "payments",
                vec![
                    (receipts, Some((Kind::Payments(Side::Receivable), settings(owed)))),
                    (payments, Some((Kind::Payments(Side::Payable), settings(owing)))),
                ],
            ),
        ] {
            let started = Instant::now();
            let (mut posted, mut already) = (0, 0);
            for (path, documents) in files {
                let summary = self.import_file(path, Format::Csv, documents).await?;
                (posted, already) = (posted + summary.posted, already + summary.already);
            }
            let mut step = Step::of(posted, things);
            if already > 0 {
                step = Step::said(format!("{} were in already, {} posted", screen::count(already), screen::count(posted)));
            }
            self.screen.step(name, started, step);
        }
        Ok(())
    }

    async fn import_file(&self, path: &Path, format: Format, documents: Option<(Kind, Settings)>) -> anyhow::Result<Summary> {
        let mut options = ImportOptions::new(format);
        (options.actor, options.documents) = (actor(), documents);
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

    /// What comes when the files are in: see [`finish`].
    async fn follow_up(&mut self, plan: Plan, followups: &[Followup]) -> anyhow::Result<()> {
        let started = Instant::now();
        let ids: Vec<&str> = followups.iter().filter_map(id_of).collect();
        let found = self.org.find_external_ids(&ids).await?;
        let seq_of = |id: &str| found.iter().find(|(known, _)| known == id).map(|(_, seq)| *seq);
        self.carry_out("mending", finish::mends(followups, false, seq_of).collect()).await?;
        self.carry_out("month by month", finish::months(plan)).await?;
        let book = load_book(&self.org).await?.book;
        let owed = |seller: &str, number: &str| {
            let party = book.party_by_code(seller)?.no;
            let (_, item) = book.items_of(party, number).next()?;
            Some(decimal_of(item.money.units().abs(), book.commodity(item.money.currency())?.scale))
        };
        self.carry_out("paying commissions", finish::payments(owed)).await?;
        self.carry_out("revaluing", finish::revaluations().collect()).await?;
        self.close_year().await?;
        self.carry_out("closing", finish::closings(false).chain(finish::closings(true)).collect()).await?;
        self.carry_out("mending", finish::mends(followups, true, seq_of).collect()).await?;
        let (corrected, lost) = followups.iter().fold((0, 0), |(corrected, lost), followup| match followup {
            Followup::Reverse { .. } => (corrected, lost),
            Followup::Correct { .. } => (corrected + 1, lost),
            Followup::WriteOff { .. } => (corrected, lost + 1),
        });
        let reversed = followups.len() - corrected - lost;
        let what = format!("{reversed} reversals, {corrected} corrections, {lost} losses, 21 months and one year closed");
        self.screen.step("Mend, recognise, revalue, close", started, Step::said(what));
        Ok(())
    }

    /// The first year is closed explicitly, before its months are closed hard.
    async fn close_year(&mut self) -> anyhow::Result<()> {
        const KEY: &str = "demo:close-year";
        if !self.org.find_keys(&[KEY]).await?.is_empty() {
            return Ok(());
        }
        let last = YEAR.pred_opt().unwrap_or(YEAR);
        let command = year::command(&self.org, roles().retained.into(), last).await?;
        let task = Task { key: KEY.to_owned(), command, optional: false };
        self.carry_out("closing the year", vec![task]).await
    }

    /// Does one after another; what stands under its key already is left as it is.
    async fn carry_out(&mut self, what: &'static str, tasks: Vec<Task>) -> anyhow::Result<()> {
        let bar = progress::bar(self.shell.global.quiet, tasks.len() as u64, what);
        for Task { key, command, optional } in tasks {
            match submit(&self.session, &self.org, command, IdempotencyKey::new(key.as_str(), b"")).await {
                Ok(receipt) => {
                    let before = receipt.first_seq.saturating_sub(1);
                    self.screen.unmended = if self.screen.unmended == 0 { before } else { before.min(self.screen.unmended) };
                }
                Err(SubmitError::Rejected(Rejection::NothingToPay { .. })) if optional => {}
                Err(error) => return Err(anyhow::Error::new(error).context(format!("the demo's own step {key} failed"))),
            }
            bar.inc(1);
        }
        bar.finish_and_clear();
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

    /// Prints the statements, what is open, and where cash went. Answers whether all of it ties out.
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
        for (side, title) in [(Side::Receivable, "Receivables by age"), (Side::Payable, "Payables by age")] {
            let query = ItemQuery { side, as_of: LAST, point: Point::Latest, party: None };
            let aging = reports::aging(&self.org, &query, Basis::DueDate, AgingBy::Total, &USUAL_BOUNDS).await?;
            text.push('\n');
            text.push_str(&AgingReport::new(&aging, &USUAL_BOUNDS, title).table(&self.heading(None, aging.seq)));
        }
        let flows = cash_flows(&self.org, &CashFlowQuery { from: YEAR, to: LAST, point: Point::Latest }).await?;
        let cash = CashFlowStatement::new(&flows, Method::Direct, Detail::Section);
        text.push('\n');
        text.push_str(&cash.table(&self.heading(Some(YEAR), flows.seq)));
        text.push('\n');
        let ties = trial.ties() && sheet.ties() && cash.ties();
        self.screen.ties = ties;
        self.screen.step("Report", started, Step::said("three statements, two agings, cash flow"));
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

/// The number of an entry that is to be mended.
fn id_of(followup: &Followup) -> Option<&str> {
    match followup {
        Followup::Reverse { id, .. } | Followup::Correct { id, .. } => Some(id),
        Followup::WriteOff { .. } => None,
    }
}
