//! `ledgerd config`: what `ledgerd serve` would be told, and by whom.

use std::io::IsTerminal;
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};

use super::complaint::{Complaint, Outcome};
use super::output::print;
use super::shell::Global;
use crate::http::ops::Loaded;
use crate::http::ops::settings::{Given, Origin, variable};

/// Where the configuration comes from.
#[derive(Clone, Debug, Default, Args)]
pub struct ConfigArgs {
    /// File with the configuration (TOML)
    #[arg(long = "config", value_name = "FILE", env = "LEDGERD_CONFIG", hide_env_values = true)]
    pub file: Option<PathBuf>,
    /// Set one setting, over what file and environment say; may be repeated
    #[arg(long = "set", value_name = "NAME=VALUE")]
    pub set: Vec<String>,
}

/// Arguments of `config`.
#[derive(Debug, Subcommand)]
pub enum ConfigCommand {
    /// Check the configuration of `serve` and print every setting, its value, and where that comes from
    #[command(after_help = "\
The later wins: default, file (--config, LEDGERD_CONFIG), environment (LEDGERD_ and the setting's name in capitals, with _ for
each dot), command line (--set). What is no setting is a mistake, wherever it stands. Exit code 2 when there are mistakes.

Examples:
  ledgerd config check
  ledgerd config check --config ledgerd.toml --set webhooks.parallel=8")]
    Check(ConfigArgs),
}

impl ConfigArgs {
    /// Reads everything; `flags` are options of the command that set something.
    ///
    /// # Errors
    /// All mistakes in one, exit code 2.
    pub(super) fn load<const N: usize>(&self, global: &Global, flags: [(&str, Option<String>); N]) -> anyhow::Result<Loaded> {
        let (mut given, mut mistakes) = (Vec::new(), Vec::new());
        given.extend(of_global(global));
        for set in &self.set {
            match set.split_once('=') {
                Some((key, text)) => given.push(by_flag(key.trim(), text.to_owned(), "--set")),
                None => mistakes.push(format!("--set {set}: expected NAME=VALUE")),
            }
        }
        for (key, text) in flags {
            given.extend(text.map(|text| by_flag(key, text, &format!("--{}", key.replace('_', "-")))));
        }
        let environment = std::env::vars_os().filter_map(|(name, text)| Some((name.into_string().ok()?, text.into_string().ok()?)));
        match Loaded::read(self.file.as_deref(), environment, given) {
            Ok(loaded) if mistakes.is_empty() => Ok(for_people(loaded)),
            Ok(_) => Err(complain(&mistakes)),
            Err(more) => {
                mistakes.extend(more);
                Err(complain(&mistakes))
            }
        }
    }
}

/// Who starts a server by hand reads what it logs.
fn for_people(mut loaded: Loaded) -> Loaded {
    if loaded.is_default("log.format") && std::io::stderr().is_terminal() {
        loaded.settings.log.json = false;
    }
    loaded
}

fn by_flag(key: &str, text: String, flag: &str) -> Given {
    Given { key: key.to_owned(), text, origin: Origin::Flag(flag.to_owned()) }
}

/// Options of every command that set something here as well. What the environment says is read with the rest of it.
fn of_global(global: &Global) -> Vec<Given> {
    let mut given = Vec::new();
    let in_environment = |name: &str, value: &str| std::env::var(name).is_ok_and(|found| found == value);
    let data_dir = global.data_dir.display().to_string();
    if global.data_dir != Path::new(ledger_store::embedded::DEFAULT_DATA_DIR) && !in_environment(&variable("data_dir"), &data_dir) {
        given.push(by_flag("data_dir", data_dir, "--data-dir"));
    }
    if let Some(url) = global.database_url.as_ref().filter(|url| !in_environment("DATABASE_URL", url)) {
        given.push(by_flag("database_url", url.clone(), "--database-url"));
    }
    if global.verbose {
        given.push(by_flag("log.level", "info,ledger_store=debug,ledger_projections=debug".to_owned(), "--verbose"));
    }
    given
}

fn complain(mistakes: &[String]) -> anyhow::Error {
    let count = if mistakes.len() == 1 { "a mistake".to_owned() } else { format!("{} mistakes", mistakes.len()) };
    Complaint::usage(format!("the configuration has {count}:\n  {}", mistakes.join("\n  ")))
        .hint("`ledgerd config check` lists every setting")
        .into()
}

pub(super) fn run(global: &Global, command: ConfigCommand) -> anyhow::Result<Outcome> {
    let ConfigCommand::Check(args) = command;
    let loaded = args.load(global, [])?;
    let mut text = String::new();
    for (key, value, origin) in loaded.shown() {
        text.push_str(&format!("{} = {value}\n    {} ({origin})\n", key.name, key.help));
    }
    let issuers: Vec<&str> = loaded.settings.server.issuers.iter().map(|issuer| issuer.issuer.as_str()).collect();
    text.push_str(&format!("issuers = {}\n    whose tokens are believed; tables [[issuers]] of the file\n", issuers.join(", ")));
    print(&text)?;
    Ok(Outcome::Done)
}
