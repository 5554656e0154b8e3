//! `ledgerd export`: the whole history of an organization as one file that `ledgerd verify FILE` proves without a database,
//! or a period of its books as SAF-T.

use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use anyhow::Context;
use chrono::NaiveDate;
use clap::Args;
use futures::TryStreamExt;
use ledger_projections::reports::Journal;
use ledger_store::OrgStore;
use ledger_store::archive::ArchiveWriter;
use ledger_store::verify::stored;

use super::complaint::{Complaint, Outcome};
use super::moment;
use super::output::print;
use super::progress;
use super::shell::Shell;
use crate::saft::export::{self, Company};

/// Arguments of `export`.
#[derive(Debug, Args)]
#[command(after_help = "\
The file holds every commit as it is stored, with its hashes. It proves itself: ledgerd verify FILE.

Examples:
  ledgerd export --org acme --out acme-2026.ledger
  ledgerd export --org acme --out - | zstd > acme.ledger.zst
  ledgerd export --org acme --saft acme-2026.xml --from 2026-01-01 --to 2026-12-31")]
pub struct ExportArgs {
    /// The organization, by its short name
    #[arg(long, value_name = "SLUG")]
    pub org: String,
    /// The file to write, which must not exist yet; - for standard output
    #[arg(long, value_name = "FILE", required_unless_present = "saft", conflicts_with = "saft")]
    pub out: Option<PathBuf>,
    /// Write a period as SAF-T Financial instead; the file must not exist yet; - for standard output
    #[arg(long, value_name = "FILE")]
    pub saft: Option<PathBuf>,
    /// The first day of the period [default: that of the first entry]
    #[arg(long, value_name = "DATE", value_parser = moment::date, conflicts_with = "out")]
    pub from: Option<NaiveDate>,
    /// The last day of the period [default: that of the last entry]
    #[arg(long, value_name = "DATE", value_parser = moment::date, conflicts_with = "out")]
    pub to: Option<NaiveDate>,
}

pub(super) async fn run(shell: &Shell, args: ExportArgs) -> anyhow::Result<Outcome> {
    let Some(path) = args.out.as_ref().or(args.saft.as_ref()) else {
        return Err(Complaint::usage("say where to write with --out or --saft").into());
    };
    if path.as_os_str() != "-" && path.exists() {
        return Err(Complaint::refused(format!("{} exists already", path.display())).hint("choose another name, or move it away").into());
    }
    if args.saft.is_some() { saft(shell, &args, path).await } else { archive(shell, &args, path).await }
}

async fn archive(shell: &Shell, args: &ExportArgs, path: &Path) -> anyhow::Result<Outcome> {
    let session = shell.connect().await?;
    let org = session.org_store(&args.org).await?;
    let bar = progress::bar(shell.global.quiet, org.head().await?.seq, "exporting");
    let told = |seq| bar.set_position(seq);
    if path.as_os_str() == "-" {
        write(&org, BufWriter::new(std::io::stdout().lock()), told).await?;
        bar.finish_and_clear();
        return Ok(Outcome::Done);
    }
    let written = to_file(&org, path, told).await?;
    bar.finish_and_clear();
    print(&format!("{}: {} events in {} commits.\n", path.display(), written.events, written.commits))?;
    shell.remark(&format!("Next: ledgerd verify {}", path.display()));
    Ok(Outcome::Done)
}

async fn saft(shell: &Shell, args: &ExportArgs, path: &Path) -> anyhow::Result<Outcome> {
    if let (Some(from), Some(to)) = (args.from, args.to)
        && from > to
    {
        return Err(Complaint::usage(format!("--from {from} is after --to {to}")).hint("give the earlier date with --from").into());
    }
    let session = shell.connect().await?;
    let organization = session.organization(&args.org).await?;
    let org = session.store.for_org(organization.org);
    ledger_projections::catch_up(&org, |_| ()).await?;
    let Some(mut journal) = Journal::open(&org, args.from, args.to).await? else {
        return Err(Complaint::refused(format!("{} has no entries to export", args.org)).into());
    };
    let company = Company { name: organization.name, id: organization.slug, currency: organization.functional_currency };
    let now = chrono::Utc::now();
    if path.as_os_str() == "-" {
        export::write(&mut journal, &company, now, BufWriter::new(std::io::stdout())).await?;
        return Ok(Outcome::Done);
    }
    let cannot = || format!("cannot write {}", path.display());
    let file = beside(path).with_context(cannot)?;
    let mut file = BufWriter::with_capacity(1 << 20, file);
    let totals = export::write(&mut journal, &company, now, &mut file).await?;
    keep(file, path).with_context(cannot)?;
    let (from, to) = journal.period();
    print(&format!(
        "{}: {} entries from {from} to {to}, debits {} and credits {} {}.\n",
        path.display(),
        totals.entries,
        totals.debit,
        totals.credit,
        company.currency
    ))?;
    Ok(Outcome::Done)
}

/// A file without a name yet, in the folder where it will stand.
fn beside(path: &Path) -> std::io::Result<tempfile::NamedTempFile> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    tempfile::Builder::new().prefix(".ledgerd-export-").tempfile_in(folder)
}

/// Gives it its name once it is whole and on disk.
fn keep(mut file: BufWriter<tempfile::NamedTempFile>, path: &Path) -> std::io::Result<()> {
    file.flush()?;
    let file = file.into_inner().map_err(std::io::IntoInnerError::into_error)?;
    file.as_file().sync_all()?;
    file.persist_noclobber(path).map(drop).map_err(std::io::Error::from)
}

#[derive(Clone, Copy, Debug, Default)]
struct Written {
    commits: u64,
    events: u64,
}

/// The file appears under its name when it is whole and on disk.
async fn to_file(org: &OrgStore, path: &Path, told: impl Fn(u64)) -> anyhow::Result<Written> {
    let cannot = || format!("cannot write {}", path.display());
    let file = beside(path).with_context(cannot)?;
    let (written, file) = write(org, BufWriter::with_capacity(1 << 20, file), told).await?;
    keep(file, path).with_context(cannot)?;
    Ok(written)
}

async fn write<W: Write>(org: &OrgStore, to: W, told: impl Fn(u64)) -> anyhow::Result<(Written, W)> {
    let mut archive = ArchiveWriter::new(to, org.org().0)?;
    let mut written = Written::default();
    let mut commits = Box::pin(stored::history(org));
    while let Some(commit) = commits.try_next().await? {
        archive.push(&commit)?;
        written.commits += 1;
        written.events += u64::from(commit.header.event_count);
        told(commit.last_seq());
    }
    Ok((written, archive.finish()?))
}
