//! Files end to end: a CSV journal at two sizes (memory must not grow), and an hledger journal until its trial
//! balance is right, beside `hledger` and `ledger` where they are installed.
//!
//! Imports run in a process of their own, so that peak memory is theirs alone.

use std::fs::File;
use std::io::BufWriter;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::Context;

use super::Measured;
use crate::cli::shell::Shell;
use crate::import::generate::{Currencies, Lines, Plan, csv, hledger};

pub(super) async fn run(shell: &Shell, entries: usize) -> anyhow::Result<Vec<Measured>> {
    let folder = tempfile::tempdir()?;
    let session = shell.connect().await?; // keeps the embedded server up for the processes below
    let mut all = Vec::new();
    for size in [entries / 10, entries] {
        all.push(csv_import(shell, folder.path(), size)?);
    }
    let size = entries / 10;
    let journal = generated(folder.path(), "bench.journal", size, hledger)?;
    let ours = journal_import(shell, &journal, size)?;
    for (tool, bar) in [("hledger", Some(1_000)), ("ledger", None)] {
        if let Some(theirs) = other_program(tool, &journal, size)? {
            let beside = bar.map_or_else(|| ours.clone(), |bar| ours.clone().beside(&theirs, bar));
            if bar.is_some() {
                all.push(beside);
            }
            all.push(theirs);
        } else {
            shell.remark(&format!("{tool} is not installed: no comparison with it"));
            if bar.is_some() {
                all.push(ours.clone());
            }
        }
    }
    drop(session);
    Ok(all)
}

type Generator = fn(&Plan, BufWriter<File>) -> std::io::Result<()>;

fn generated(folder: &Path, name: &str, entries: usize, generator: Generator) -> anyhow::Result<PathBuf> {
    let path = folder.join(name);
    let plan = Plan { entries: entries as u64, seed: 1, currencies: Currencies::One, lines: Lines::Two };
    generator(&plan, BufWriter::new(File::create(&path)?))?;
    Ok(path)
}

fn csv_import(shell: &Shell, folder: &Path, entries: usize) -> anyhow::Result<Measured> {
    let file = generated(folder, "bench.csv", entries, csv)?;
    let org = organization(shell)?;
    let arguments = ["import", "--org", &org, "--skip-invalid", "--entry-key", "nothing", "--format", "json"];
    let (took, peak, _) = ledgerd(shell, &arguments, Some(&file))?;
    let note = format!("peak memory {} MB; one pass, no external ids", peak / 1024);
    Ok(Measured::new(format!("import: CSV of {entries} entries"), "entries", entries as u64, took).note(note))
}

fn journal_import(shell: &Shell, journal: &Path, entries: usize) -> anyhow::Result<Measured> {
    let org = organization(shell)?;
    let (imported, peak, _) = ledgerd(shell, &["import", "--org", &org, "--format", "json"], Some(journal))?;
    let (reported, _, _) = ledgerd(shell, &["report", "trial-balance", "--org", &org, "--format", "csv"], None)?;
    let note = format!("import {imported:.2?} (checked first, then posted), trial balance {reported:.2?}; peak memory {} MB", peak / 1024);
    Ok(Measured::new("import: hledger journal to trial balance", "entries", entries as u64, imported + reported).note(note))
}

fn organization(shell: &Shell) -> anyhow::Result<String> {
    let slug = format!("bench-{}", &uuid::Uuid::new_v4().simple().to_string()[..12]);
    ledgerd(shell, &["org", "create", &slug, "--name", "bench", "--currency", "USD", "--valuation", "by-commodity"], None)?;
    Ok(slug)
}

/// Runs this program and answers how long it took and its peak memory in kB.
fn ledgerd(shell: &Shell, arguments: &[&str], file: Option<&Path>) -> anyhow::Result<(Duration, u64, String)> {
    let mut command = Command::new(std::env::current_exe()?);
    command.arg("--quiet").arg("--data-dir").arg(&shell.global.data_dir).args(arguments).args(file);
    timed(command)
}

fn other_program(tool: &str, journal: &Path, entries: usize) -> anyhow::Result<Option<Measured>> {
    let mut command = Command::new(tool);
    command.arg("-f").arg(journal).arg("bal").env("LC_ALL", "C.UTF-8");
    match timed(command) {
        Ok((took, peak, _)) => {
            let note = format!("peak memory {} MB", peak / 1024);
            Ok(Some(Measured::new(format!("import floor: {tool} bal"), "entries", entries as u64, took).note(note)))
        }
        Err(error) if error.downcast_ref::<std::io::Error>().is_some_and(|io| io.kind() == std::io::ErrorKind::NotFound) => Ok(None),
        Err(error) => Err(error),
    }
}

fn timed(mut command: Command) -> anyhow::Result<(Duration, u64, String)> {
    let started = Instant::now();
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
    let (mut out, mut err) = (child.stdout.take().context("no output")?, child.stderr.take().context("no errors")?);
    let reader = std::thread::spawn(move || std::io::read_to_string(&mut out));
    let errors = std::thread::spawn(move || std::io::read_to_string(&mut err));
    let mut peak = 0;
    let status = loop {
        peak = peak.max(peak_memory(child.id()));
        match child.try_wait()? {
            Some(status) => break status,
            None => std::thread::sleep(Duration::from_millis(2)),
        }
    };
    let took = started.elapsed();
    let text = reader.join().map_err(|_| anyhow::anyhow!("reading failed"))??;
    let errors = errors.join().map_err(|_| anyhow::anyhow!("reading failed"))??;
    anyhow::ensure!(status.success(), "{command:?} ended with {status}: {errors}");
    Ok((took, peak, text))
}

/// Peak resident memory of a process in kB, as Linux keeps it; 0 elsewhere.
fn peak_memory(pid: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.trim().trim_end_matches("kB").trim().parse().ok()).unwrap_or(0)
}
