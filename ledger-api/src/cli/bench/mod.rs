//! `ledgerd bench`: what this machine does, each figure beside a floor measured in the same run.
//!
//! Machines differ, so a number alone says little. A floor is what raw PostgreSQL (or a hash function alone)
//! does with the same bytes on the same server, durability on, moments before or after. Each bench makes its own
//! organization in a scratch database of the embedded server.

mod aging;
mod append;
mod floor;
mod import;
mod post;
mod project;
mod report;
mod semantic;
mod verify;
mod world;

use std::time::Duration;

use clap::{Args, ValueEnum};
use serde_json::json;

use super::complaint::Outcome;
use super::output::{self, Sheet, number, print, text};
use super::shell::Shell;

/// Arguments of `bench`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  ledgerd bench append
  ledgerd bench append post --json
  ledgerd bench import --entries 100000")]
pub struct BenchArgs {
    /// What to measure; everything when nothing is named
    #[arg(value_enum, value_name = "BENCH")]
    pub which: Vec<Bench>,
    /// Entries of the large benches
    #[arg(long, default_value_t = 1_000_000)]
    pub entries: usize,
    /// Seconds that each part of `post` is measured
    #[arg(long, default_value_t = 5)]
    pub seconds: u64,
    /// Print one JSON document
    #[arg(long)]
    pub json: bool,
}

/// The benches.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Bench {
    /// Entries through decide, encode, hash and durable commits, beside COPY of the same events
    Append,
    /// Single posts with keys and durable answers, beside plain INSERTs
    Post,
    /// Commits to gl_fact and account_balance, beside COPY of the same rows
    Project,
    /// A CSV file and an hledger journal end to end, beside hledger and ledger where they are installed
    Import,
    /// A trial balance in the middle of 10,000, 100,000 and 1,000,000 entries
    Report,
    /// Open items and aging of a tenth as many open items as documents, as of the end and of the middle
    Aging,
    /// Verification of a stream, beside the hash function alone
    Verify,
    /// Questions of the semantic views, with row-level security beside without; their plans
    Semantic,
}

const ALL: [Bench; 8] =
    [Bench::Append, Bench::Post, Bench::Project, Bench::Import, Bench::Report, Bench::Aging, Bench::Verify, Bench::Semantic];

/// One measurement.
#[derive(Clone, Debug)]
pub(super) struct Measured {
    /// What was measured.
    pub(super) what: String,
    /// Of what there were `count`.
    pub(super) unit: &'static str,
    pub(super) count: u64,
    pub(super) took: Duration,
    /// Of which this many thousandths of the floor's rate were reached, and how many are asked for at least.
    pub(super) against: Option<Against>,
    /// Anything else: latency, bytes, memory.
    pub(super) note: String,
}

/// A figure beside its floor.
#[derive(Clone, Copy, Debug)]
pub(super) struct Against {
    /// Thousandths of the floor.
    pub(super) permille: u128,
    /// Thousandths that are asked for.
    pub(super) bar: u128,
    /// Whether the bar is a ceiling (latency) instead.
    pub(super) at_most: bool,
}

impl Against {
    fn holds(self) -> bool {
        if self.at_most { self.permille <= self.bar } else { self.permille >= self.bar }
    }

    fn show(self) -> String {
        let sign = if self.at_most { "≤" } else { "≥" };
        let verdict = if self.holds() { "ok" } else { "MISSED" };
        format!("{} × ({sign} {} ×: {verdict})", times(self.permille), times(self.bar))
    }
}

/// Thousandths as a decimal of two digits.
fn times(permille: u128) -> String {
    format!("{}.{:02}", permille / 1000, permille % 1000 / 10)
}

impl Measured {
    pub(super) fn new(what: impl Into<String>, unit: &'static str, count: u64, took: Duration) -> Self {
        Self { what: what.into(), unit, count, took, against: None, note: String::new() }
    }

    pub(super) fn note(mut self, note: impl Into<String>) -> Self {
        self.note = note.into();
        self
    }

    /// Beside a floor: at least `bar` thousandths of its rate.
    pub(super) fn beside(mut self, floor: &Self, bar: u128) -> Self {
        let permille = self.per_second_milli() / (floor.per_second_milli() / 1000).max(1);
        self.against = Some(Against { permille, bar, at_most: false });
        self
    }

    fn per_second_milli(&self) -> u128 {
        u128::from(self.count) * 1_000_000_000 / self.took.as_micros().max(1)
    }

    pub(super) fn per_second(&self) -> u128 {
        self.per_second_milli() / 1000
    }
}

pub(super) async fn run(shell: &Shell, args: BenchArgs) -> anyhow::Result<Outcome> {
    let which = if args.which.is_empty() { ALL.to_vec() } else { args.which.clone() };
    let mut all = Vec::new();
    for bench in which {
        shell.remark(&format!("measuring {bench:?} ..."));
        let measured = match bench {
            Bench::Append => append::run(shell, args.entries).await?,
            Bench::Post => post::run(shell, Duration::from_secs(args.seconds)).await?,
            Bench::Project => project::run(shell, args.entries).await?,
            Bench::Import => import::run(shell, args.entries).await?,
            Bench::Report => report::run(shell, args.entries).await?,
            Bench::Aging => aging::run(shell, args.entries).await?,
            Bench::Verify => verify::run(shell, args.entries).await?,
            Bench::Semantic => semantic::run(shell, args.entries).await?,
        };
        if !args.json {
            print(&sheet(&measured).render())?;
        }
        all.extend(measured);
    }
    if args.json {
        print(&output::json(&all.iter().map(as_json).collect()))?;
    }
    let missed = all.iter().any(|measured| measured.against.is_some_and(|against| !against.holds()));
    Ok(if missed { Outcome::Failed } else { Outcome::Done })
}

fn sheet(all: &[Measured]) -> Sheet {
    let mut sheet =
        Sheet::new([text("Measured"), number("Count"), number("Seconds"), number("Per second"), text("Beside the floor"), text("Note")]);
    for measured in all {
        let seconds = format!("{}.{:03}", measured.took.as_secs(), measured.took.subsec_millis());
        let per_second = output::grouped(i128::try_from(measured.per_second()).unwrap_or(i128::MAX), 0);
        let count = format!("{} {}", output::grouped(i128::from(measured.count), 0), measured.unit);
        sheet.row([
            measured.what.clone(),
            count,
            seconds,
            per_second,
            measured.against.map(Against::show).unwrap_or_default(),
            measured.note.clone(),
        ]);
    }
    sheet
}

fn as_json(measured: &Measured) -> serde_json::Value {
    json!({
        "what": measured.what, "unit": measured.unit, "count": measured.count,
        "micros": u64::try_from(measured.took.as_micros()).unwrap_or(u64::MAX),
        "per_second": u64::try_from(measured.per_second()).unwrap_or(u64::MAX),
        "floor_ratio": measured.against.map(|against| times(against.permille)),
        "bar": measured.against.map(|against| times(against.bar)),
        "met": measured.against.map(Against::holds), "note": measured.note,
    })
}
