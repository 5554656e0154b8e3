//! `ledgerd verify`: prove that a history is the one that was written, in the database or in a file, and say where it is not.

use std::fs::{self, File};
use std::future::Future;
use std::io::{BufReader, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::Context;
use clap::{ArgGroup, Args};
use indicatif::ProgressBar;
use ledger_store::KeptHead;
use ledger_store::kept::{hex, parse_heads};
use ledger_store::verify::{Finding, Report, file, stored};
use serde_json::{Value, json};

use super::complaint::{Complaint, Outcome};
use super::moment::show_time;
use super::output::{self, Format, FormatArg, Sheet, print, text};
use super::progress;
use super::shell::Shell;

/// How often progress is looked at.
const TICK: Duration = Duration::from_millis(100);

/// Arguments of `verify`.
#[derive(Debug, Args)]
#[command(group = ArgGroup::new("what").required(true).args(["org", "file"]), after_help = "\
Checked are the hash chain, positions, times, the tree root of every commit, every event with its balance laws, and in
a database also the head row, idempotency keys, external ids and snapshots. Somebody who can write to the database
and recomputes every hash, or cuts off the end of history, is found only by a head that was kept elsewhere:

Examples:
  ledgerd verify --org acme --save-head heads.txt
        prove history, then add its head to a file that you keep out of reach
  ledgerd verify --org acme --head heads.txt --save-head heads.txt
        prove also that history still begins with every history whose head was kept
  ledgerd verify acme-2026.ledger --head heads.txt
        the same for a file written by `ledgerd export`, without any database")]
pub struct VerifyArgs {
    /// An archive written by `ledgerd export`
    #[arg(value_name = "FILE")]
    pub file: Option<PathBuf>,
    /// The organization, by its short name
    #[arg(long, value_name = "SLUG")]
    pub org: Option<String>,
    /// A file of kept heads, or one head typed in as SEQ:HASH; may be given again
    #[arg(long = "head", value_name = "FILE|SEQ:HASH")]
    pub heads: Vec<String>,
    /// Add the head of the proven history to this file
    #[arg(long, value_name = "FILE")]
    pub save_head: Option<PathBuf>,
    #[command(flatten)]
    format: FormatArg,
}

pub(super) async fn run(shell: &Shell, args: VerifyArgs) -> anyhow::Result<Outcome> {
    let kept = kept_heads(&args)?;
    let given = kept.len();
    let (name, (report, took)) = match (&args.org, &args.file) {
        (Some(slug), _) => (slug.clone(), in_database(shell, slug, kept).await?),
        (None, Some(path)) => (path.display().to_string(), in_file(shell, path, kept).await?),
        (None, None) => return Err(Complaint::usage("nothing to verify").hint("give --org SLUG or a FILE").into()),
    };
    let sound = report.is_sound();
    print(&match args.format.format {
        Format::Table => table(&name, &report, took),
        Format::Csv => output::csv(&COLUMNS, report.findings.iter().map(record))?,
        Format::Json => output::json(&as_json(&name, &report, took)),
    })?;
    if given > 0 && report.beyond.kept_heads == 0 {
        return Err(Complaint::refused("none of the kept heads is of this organization")
            .hint("give the heads that were kept of it")
            .into());
    }
    if let Some(path) = &args.save_head {
        save_head(shell, path, &report)?;
    }
    Ok(if sound { Outcome::Done } else { Outcome::Failed })
}

pub(super) async fn in_database(shell: &Shell, slug: &str, kept: Vec<KeptHead>) -> anyhow::Result<(Report, Duration)> {
    let session = shell.connect().await?;
    let org = session.org_store(slug).await?;
    let others = session.store.organizations().await?.into_iter().map(|org| org.org.0).collect();
    let bar = progress::bar(shell.global.quiet, org.head().await?.seq, "verifying");
    let counted = Arc::new(AtomicU64::new(0));
    let options = stored::Options { kept, others, progress: Arc::clone(&counted) };
    let started = Instant::now();
    let report = shown(bar, &counted, stored::verify(&org, options)).await?;
    Ok((report, started.elapsed()))
}

async fn in_file(shell: &Shell, path: &Path, kept: Vec<KeptHead>) -> anyhow::Result<(Report, Duration)> {
    let cannot = || format!("cannot verify {}", path.display());
    let from = File::open(path).with_context(cannot)?;
    let counted = Arc::new(AtomicU64::new(0));
    let bar = progress::counter(shell.global.quiet, "verifying");
    let to_count = Arc::clone(&counted);
    let started = Instant::now();
    let work = tokio::task::spawn_blocking(move || file::verify(BufReader::with_capacity(1 << 20, from), kept, to_count));
    let report = shown(bar, &counted, work).await?.with_context(cannot)?;
    Ok((report, started.elapsed()))
}

/// Moves the bar until the work is done.
async fn shown<T>(bar: ProgressBar, counted: &AtomicU64, work: impl Future<Output = T>) -> T {
    tokio::pin!(work);
    loop {
        tokio::select! {
            done = &mut work => {
                bar.finish_and_clear();
                return done;
            }
            () = tokio::time::sleep(TICK) => bar.set_position(counted.load(Ordering::Relaxed)),
        }
    }
}

fn kept_heads(args: &VerifyArgs) -> anyhow::Result<Vec<KeptHead>> {
    let mut heads = Vec::new();
    for given in &args.heads {
        let path = Path::new(given);
        let first_time = args.save_head.as_deref() == Some(path) && !path.exists();
        match given.parse() {
            Ok(head) => heads.push(head),
            Err(_) if path.exists() => {
                let text = fs::read_to_string(path).with_context(|| format!("cannot read {given}"))?;
                heads.extend(parse_heads(&text).map_err(|bad| Complaint::usage(format!("{given}: {bad}")))?);
            }
            Err(_) if first_time => {}
            Err(bad) => return Err(Complaint::usage(format!("--head {given}: no such file, and {bad}")).into()),
        }
    }
    Ok(heads)
}

fn save_head(shell: &Shell, path: &Path, report: &Report) -> anyhow::Result<()> {
    let Some(head) = report.end.as_ref().filter(|_| report.is_sound()) else {
        shell.remark("No head was kept: only a history that is sound is worth it.");
        return Ok(());
    };
    let line = head.to_string();
    let cannot = || format!("cannot keep the head in {}", path.display());
    let known = if path.exists() { fs::read_to_string(path).with_context(cannot)? } else { String::new() };
    if known.lines().any(|kept| kept == line) {
        shell.remark(&format!("{} has this head already.", path.display()));
        return Ok(());
    }
    let mut file = fs::OpenOptions::new().create(true).append(true).open(path).with_context(cannot)?;
    let line_break = if known.is_empty() || known.ends_with('\n') { "" } else { "\n" };
    file.write_all(format!("{line_break}{line}\n").as_bytes()).with_context(cannot)?;
    file.sync_all().with_context(cannot)?;
    shell.remark(&format!("Head {} was added to {}.", head.seq, path.display()));
    Ok(())
}

const COLUMNS: [&str; 5] = ["check", "first_seq", "last_seq", "commits", "detail"];

fn record(finding: &Finding) -> [String; 5] {
    let [first, last, commits] = [finding.first_seq, finding.last_seq, finding.commits].map(|n| n.to_string());
    [finding.check.to_string(), first, last, commits, finding.detail.clone()]
}

pub(super) fn table(name: &str, report: &Report, took: Duration) -> String {
    let mut out = format!("{name} ({})\n", report.org);
    let from = report.from.map_or_else(|| "never".to_owned(), show_time);
    let to = report.end.as_ref().and_then(|end| end.recorded_at).map_or_else(|| "never".to_owned(), show_time);
    out.push_str(&format!(
        "Read {} events in {} commits ({} journal entries, {} kB), recorded {from} to {to}.\n",
        report.events,
        report.commits,
        report.entries,
        report.bytes / 1_000
    ));
    out.push_str(&format!("Took {} ms: {} events per second.\n", took.as_millis(), per_second(report.events, took)));
    let beyond = [
        Some(format!("{} kept heads", report.beyond.kept_heads)),
        report.beyond.head.then(|| "the head row".to_owned()),
        report.beyond.keys.map(|count| format!("{count} idempotency keys")),
        report.beyond.external_ids.map(|count| format!("{count} external ids")),
        report.beyond.snapshots.map(|count| format!("{count} snapshots")),
    ];
    let beyond: Vec<String> = beyond.into_iter().flatten().collect();
    out.push_str(&format!("Compared with history: {}.\n", beyond.join(", ")));
    if !report.findings.is_empty() {
        let mut sheet = Sheet::new([text("Check"), text("Events"), text("What is wrong")]);
        for finding in &report.findings {
            sheet.row([finding.check.to_string(), place(finding), told(finding)]);
        }
        out.push('\n');
        out.push_str(&sheet.render());
    }
    if report.unlisted > 0 {
        out.push_str(&format!("… and {} more.\n", report.unlisted));
    }
    out.push('\n');
    out.push_str(&verdict(report));
    out
}

fn verdict(report: &Report) -> String {
    if !report.is_sound() {
        return "NOT SOUND: this is not the history that was written. Keep it as it is, and compare with a backup.\n".to_owned();
    }
    let head = report.end.as_ref().map(|end| format!("\nHead: {}:{}\n", end.seq, hex(&end.hash))).unwrap_or_default();
    let proof = match report.beyond.kept_heads {
        0 => "Sound in itself. A head kept elsewhere (--save-head, --head) proves more: that nothing was cut off or rewritten whole.",
        _ => "Sound, and it begins with every history whose head was kept.",
    };
    format!("{proof}{head}")
}

fn place(finding: &Finding) -> String {
    if finding.first_seq == finding.last_seq {
        finding.first_seq.to_string()
    } else {
        format!("{} to {}", finding.first_seq, finding.last_seq)
    }
}

fn told(finding: &Finding) -> String {
    let remark = if finding.check.is_remark() { "remark: " } else { "" };
    let more = if finding.commits > 1 { format!(" (and {} commits after it)", finding.commits - 1) } else { String::new() };
    format!("{remark}{}{more}", finding.detail)
}

fn per_second(events: u64, took: Duration) -> u128 {
    u128::from(events) * 1_000_000 / took.as_micros().max(1)
}

fn as_json(name: &str, report: &Report, took: Duration) -> Value {
    let end = report.end.as_ref();
    let findings: Vec<Value> = report
        .findings
        .iter()
        .map(|finding| {
            json!({
                "check": finding.check.as_str(), "first_seq": finding.first_seq, "last_seq": finding.last_seq,
                "commits": finding.commits, "remark": finding.check.is_remark(), "detail": finding.detail,
            })
        })
        .collect();
    let beyond = &report.beyond;
    json!({
        "name": name, "organization": report.org.to_string(), "sound": report.is_sound(),
        "events": report.events, "commits": report.commits, "entries": report.entries, "bytes": report.bytes,
        "first_recorded_at": report.from.map(show_time),
        "head": end.map(|end| json!({
            "seq": end.seq, "hash": hex(&end.hash), "tree_root": end.tree_root.as_ref().map(hex),
            "recorded_at": end.recorded_at.map(show_time),
        })),
        "compared": {
            "kept_heads": beyond.kept_heads, "head_row": beyond.head, "keys": beyond.keys,
            "external_ids": beyond.external_ids, "snapshots": beyond.snapshots,
        },
        "findings": findings, "unlisted_findings": report.unlisted,
        "microseconds": u64::try_from(took.as_micros()).unwrap_or(u64::MAX),
        "events_per_second": u64::try_from(per_second(report.events, took)).unwrap_or(u64::MAX),
    })
}
