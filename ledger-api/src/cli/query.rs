//! `ledgerd query`: a question in SQL over the views of an organization, through the same guard and login that language
//! models ask through.

use std::io::Read;

use clap::Args;
use ledger_projections::catch_up;
use ledger_projections::semantic::query::{Answer, AskError, AskLimits, ROWS_MAX, ask};
use serde_json::{Value, json};

use super::complaint::{Complaint, Outcome};
use super::config::ConfigArgs;
use super::output::{self, Column, Format, FormatArg, Sheet, number, print, text};
use super::shell::{Global, Shell};

/// Arguments of `query`.
#[derive(Debug, Args)]
#[command(after_help = "\
The views are v_gl_fact, v_trial_balance, v_account, v_ar_open, v_ap_open, v_revenue_by_customer, v_cash_flow,
v_agent_metrics, v_approval, v_fx_rate, v_period, v_calendar and v_freshness. One SELECT at a time; nothing can be
changed. A question that is refused says why, and what to ask instead.

Examples:
  ledgerd query acme \"SELECT account_code, sum(net_base) AS net FROM v_gl_fact GROUP BY account_code ORDER BY 1\"
  ledgerd query acme - --format csv < question.sql")]
pub struct QueryArgs {
    /// The organization, by its short name
    #[arg(value_name = "ORG")]
    pub org: String,
    /// The question; `-` reads it from standard input
    #[arg(value_name = "SQL", allow_hyphen_values = true)]
    pub sql: String,
    /// Rows at most
    #[arg(long, value_name = "COUNT", default_value_t = 1_000, value_parser = clap::value_parser!(u16).range(1..=1_000))]
    pub max_rows: u16,
    /// Answer from the read models as they are, without bringing them up to date first
    #[arg(long)]
    pub no_catch_up: bool,
    #[command(flatten)]
    format: FormatArg,
    /// Where the configuration comes from.
    #[command(flatten)]
    config: ConfigArgs,
}

impl QueryArgs {
    /// The way to the database that the configuration names.
    ///
    /// # Errors
    /// Mistakes of the configuration, all in one.
    pub(super) fn shell(&self, global: &Global) -> anyhow::Result<Shell> {
        Ok(Shell::configured(global, &self.config.load(global, [])?.settings))
    }
}

pub(super) async fn run(shell: &Shell, args: QueryArgs) -> anyhow::Result<Outcome> {
    let settings = args.config.load(&shell.global, [])?.settings;
    let sql = question(args.sql)?;
    let session = shell.connect_to_answer(&settings).await?;
    let org = session.org_store(&args.org).await?;
    if !args.no_catch_up {
        catch_up(&org, |_| ()).await?;
    }
    let limits = AskLimits { rows: usize::from(args.max_rows).min(ROWS_MAX), ..AskLimits::default() };
    let answer = ask(&session.store, org.org(), &sql, limits).await.map_err(complaint)?;
    print(&match args.format.format {
        Format::Table => table(&answer),
        Format::Csv => csv(&answer)?,
        Format::Json => output::json(&document(&answer)),
    })?;
    if answer.truncated && args.format.format != Format::Json {
        shell.remark(&format!("These are the first {} rows; there are more.", answer.rows.len()));
    }
    Ok(Outcome::Done)
}

fn question(sql: String) -> anyhow::Result<String> {
    if sql != "-" {
        return Ok(sql);
    }
    let mut read = String::new();
    std::io::stdin().read_to_string(&mut read)?;
    Ok(read)
}

fn complaint(error: AskError) -> anyhow::Error {
    if !error.is_the_questions() && !matches!(error, AskError::Busy) {
        return error.into();
    }
    let complaint = Complaint::refused(error.to_string());
    match error.hint() {
        Some(hint) => complaint.hint(hint).into(),
        None => complaint.into(),
    }
}

fn is_number(sql_type: &str) -> bool {
    ["numeric", "smallint", "integer", "bigint"].contains(&sql_type)
}

fn table(answer: &Answer) -> String {
    let titled = |column: &ledger_projections::semantic::query::Column| -> Column {
        if is_number(&column.sql_type) { number(&column.name) } else { text(&column.name) }
    };
    let mut sheet = Sheet::new(answer.columns.iter().map(titled));
    for row in &answer.rows {
        sheet.row(row.iter().map(|value| value.clone().unwrap_or_default()));
    }
    sheet.render()
}

fn csv(answer: &Answer) -> anyhow::Result<String> {
    let header: Vec<&str> = answer.columns.iter().map(|column| column.name.as_str()).collect();
    output::csv(&header, answer.rows.iter().map(|row| row.iter().map(|value| value.as_deref().unwrap_or_default())))
}

/// Rows are arrays: columns may have the same name.
fn document(answer: &Answer) -> Value {
    json!({
        "columns": answer.columns.iter().map(|column| json!({ "name": column.name, "type": column.sql_type })).collect::<Vec<_>>(),
        "rows": answer.rows,
        "row_count": answer.rows.len(),
        "truncated": answer.truncated,
        "as_of": answer.as_of.iter().map(|fresh| json!({
            "projection": fresh.projection,
            "applied_through_seq": fresh.applied_through_seq,
            "lag_events": fresh.lag_events,
            "as_of": fresh.as_of,
        })).collect::<Vec<_>>(),
        "sql_executed": answer.sql_executed,
    })
}
