//! `ledgerd migrate`: bring a database up to this program.

use clap::Args;

use super::complaint::Outcome;
use super::output::print;
use super::shell::Shell;

/// Arguments of `migrate`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  ledgerd migrate
        the embedded database (other commands do this by themselves)
  ledgerd migrate --admin-url postgres://postgres@db.example.com/ledger
        a database of yours; then make the login that ledgerd runs as:
        CREATE ROLE ledgerd LOGIN PASSWORD '...' IN ROLE ledger_app;")]
pub struct MigrateArgs {}

pub(super) async fn run(shell: &Shell, _: &MigrateArgs) -> anyhow::Result<Outcome> {
    let report = shell.migrate().await?;
    let mut text = String::new();
    for (version, subject) in &report.applied {
        text.push_str(&format!("applied {version:04} {subject}\n"));
    }
    let now = report.after.map_or_else(|| "empty".to_owned(), |version| format!("at version {version:04}"));
    text.push_str(&match report.applied.len() {
        0 => format!("The database is {now}; nothing was missing.\n"),
        count => format!("The database is {now}; {count} migrations were applied.\n"),
    });
    print(&text)?;
    if shell.global.admin_url.is_some() && shell.global.database_url.is_some() {
        shell.connect().await?;
        print("The runtime's login (--database-url) may serve it.\n")?;
    }
    Ok(Outcome::Done)
}
