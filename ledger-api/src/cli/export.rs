//! `ledgerd export`: the whole history of an organization as one file that `ledgerd verify FILE` proves without a database.

use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::Args;
use futures::TryStreamExt;
use ledger_store::OrgStore;
use ledger_store::archive::ArchiveWriter;
use ledger_store::verify::stored;

use super::complaint::{Complaint, Outcome};
use super::output::print;
use super::progress;
use super::shell::Shell;

/// Arguments of `export`.
#[derive(Debug, Args)]
#[command(after_help = "\
The file holds every commit as it is stored, with its hashes. It proves itself: ledgerd verify FILE.

Examples:
  ledgerd export --org acme --out acme-2026.ledger
  ledgerd export --org acme --out - | zstd > acme.ledger.zst")]
pub struct ExportArgs {
    /// The organization, by its short name
    #[arg(long, value_name = "SLUG")]
    pub org: String,
    /// The file to write, which must not exist yet; - for standard output
    #[arg(long, value_name = "FILE")]
    pub out: PathBuf,
}

pub(super) async fn run(shell: &Shell, args: ExportArgs) -> anyhow::Result<Outcome> {
    if args.out.as_os_str() != "-" && args.out.exists() {
        return Err(Complaint::refused(format!("{} exists already", args.out.display()))
            .hint("choose another name, or move it away")
            .into());
    }
    let session = shell.connect().await?;
    let org = session.org_store(&args.org).await?;
    let bar = progress::bar(shell.global.quiet, org.head().await?.seq, "exporting");
    let told = |seq| bar.set_position(seq);
    if args.out.as_os_str() == "-" {
        write(&org, BufWriter::new(std::io::stdout().lock()), told).await?;
        bar.finish_and_clear();
        return Ok(Outcome::Done);
    }
    let written = to_file(&org, &args.out, told).await?;
    bar.finish_and_clear();
    print(&format!("{}: {} events in {} commits.\n", args.out.display(), written.events, written.commits))?;
    shell.remark(&format!("Next: ledgerd verify {}", args.out.display()));
    Ok(Outcome::Done)
}

#[derive(Clone, Copy, Debug, Default)]
struct Written {
    commits: u64,
    events: u64,
}

/// The file appears under its name when it is whole and on disk.
async fn to_file(org: &OrgStore, path: &Path, told: impl Fn(u64)) -> anyhow::Result<Written> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let cannot = || format!("cannot write {}", path.display());
    let file = tempfile::Builder::new().prefix(".ledgerd-export-").tempfile_in(folder).with_context(cannot)?;
    let (written, mut file) = write(org, BufWriter::with_capacity(1 << 20, file), told).await?;
    file.flush().with_context(cannot)?;
    let file = file.into_inner().map_err(std::io::IntoInnerError::into_error).with_context(cannot)?;
    file.as_file().sync_all().with_context(cannot)?;
    file.persist_noclobber(path).with_context(cannot)?;
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
