//! The last screen of the demo: what was done, how fast, where it is, and what to try next.

use std::path::Path;
use std::time::{Duration, Instant};

use crate::cli::output::{Sheet, number, text};
use crate::cli::shell::Shell;

/// What a step did.
#[derive(Debug, Default)]
pub(super) struct Step {
    /// Things done, for the rate; 0 where a rate says nothing.
    pub(super) count: u64,
    /// In words.
    pub(super) what: String,
}

impl Step {
    /// So many of these.
    pub(super) fn of(count: u64, things: &str) -> Self {
        Self { count, what: format!("{} {things}", self::count(count)) }
    }

    /// In words.
    pub(super) fn said(what: impl Into<String>) -> Self {
        Self { count: 0, what: what.into() }
    }
}

/// What the demo did so far.
#[derive(Debug, Default)]
pub(super) struct Screen {
    steps: Vec<(&'static str, Step, Duration)>,
    pub(super) ties: bool,
    pub(super) differences: u64,
    pub(super) sound: bool,
    pub(super) events: u64,
    pub(super) entries: u64,
    /// The last event before anything was mended.
    pub(super) unmended: u64,
}

impl Screen {
    /// Notes a step that began at `started` and ends now.
    pub(super) fn step(&mut self, name: &'static str, started: Instant, step: Step) {
        self.steps.push((name, step, started.elapsed()));
    }

    pub(super) async fn render(&self, shell: &Shell, slug: &str, folder: &Path) -> String {
        let mut sheet = Sheet::new([text("What was done"), text(""), number("Took"), number("Per second")]);
        for (name, step, took) in &self.steps {
            sheet.row([(*name).to_owned(), step.what.clone(), seconds(*took), rate(step.count, *took)]);
        }
        let all: Duration = self.steps.iter().map(|(_, _, took)| *took).sum();
        sheet.rule();
        sheet.strong(["In all".to_owned(), String::new(), seconds(all)]);
        let database = match &shell.global.database_url {
            Some(_) => "the database of --database-url (DATABASE_URL)".to_owned(),
            None => shell.home().await.display().to_string(),
        };
        format!(
            "{}\n{}\n\nThe books of organization {slug} are in {database},\nthe files they came from in {}.\n\n{}",
            sheet.render(),
            self.verdict(),
            folder.display(),
            self.next(shell, slug, folder)
        )
    }

    fn verdict(&self) -> String {
        let said = |good: bool, yes: &str, no: &str| if good { yes.to_owned() } else { no.to_owned() };
        format!(
            "{} entries, {} events.\nChecked: {}; {}; {}.",
            count(self.entries),
            count(self.events),
            said(self.ties, "the statements tie out", "the statements do NOT tie out"),
            said(self.differences == 0, "every read model is what history gives", "read models DIFFER from history"),
            said(self.sound, "history is the one that was written", "history was CHANGED"),
        )
    }

    /// Commands to copy, for the program and the database that were used now.
    fn next(&self, shell: &Shell, slug: &str, folder: &Path) -> String {
        let program = std::env::args().next().unwrap_or_else(|| "ledgerd".to_owned());
        let elsewhere = shell.global.data_dir != Path::new(ledger_store::embedded::DEFAULT_DATA_DIR);
        let place = if elsewhere && shell.global.database_url.is_none() && std::env::var_os("LEDGERD_DATA_DIR").is_none() {
            format!(" --data-dir {}", shell.global.data_dir.display())
        } else {
            String::new()
        };
        let lines = [
            ("the books as they stood when 2024 ended", format!("report balance-sheet --org {slug} --as-of 2024-12-31")),
            ("as they were known before anything was mended", format!("report trial-balance --org {slug} --at-seq {}", self.unmended)),
            ("who owes what, and since when", format!("report aging --org {slug} --as-of 2025-12-31")),
            ("how the profit became cash", format!("report cash-flow --org {slug} --to 2025-12-31 --method indirect")),
            ("one account, line by line", format!("report general-ledger --org {slug} --account 1040 --from 2025-12-01")),
            ("what happened, as JSON lines", format!("events --org {slug} --from 1200 --to 1210")),
            ("the same file again: nothing is posted twice", format!("import --org {slug} {}", folder.join("journal.csv").display())),
            ("keep the head of history, to prove later that nothing was cut off", format!("verify --org {slug} --save-head heads.txt")),
        ];
        let mut text = String::from("Try next:\n");
        for (what, command) in lines {
            text.push_str(&format!("  # {what}\n  {program}{place} {command}\n"));
        }
        text
    }
}

fn seconds(took: Duration) -> String {
    format!("{}.{:02} s", took.as_secs(), took.subsec_millis() / 10)
}

fn rate(count: u64, took: Duration) -> String {
    if count == 0 {
        return String::new();
    }
    let per_second = u128::from(count) * 1_000_000 / took.as_micros().max(1);
    self::count(u64::try_from(per_second).unwrap_or(u64::MAX))
}

/// A number with its thousands grouped.
pub(super) fn count(number: u64) -> String {
    crate::cli::output::grouped(i128::from(number), 0)
}
