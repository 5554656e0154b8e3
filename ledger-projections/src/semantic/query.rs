//! A question answered: guard, cost, rows, and how fresh they are.
//!
//! Order matters. The [`guard`] decides on the text alone; the planner says what the statement would cost, which decides
//! and is never told, for it depends on rows of all organizations; only then it is run, as the organization's own login.
//! What comes back is data: values as text, their hidden characters made visible, each no longer than a cell may be.
//! Who asked what is written down by whoever took the question.

use std::time::{Duration, Instant};

use ledger_store::semantic::{Canonical, Limits, SemanticError, Session, described};
use ledger_store::{OrgId, Store, StoreError};
use rust_decimal::Decimal;

pub use ledger_store::semantic::Column;

use super::guard::text::is_hidden;
use super::guard::{self, Catalog, Refusal};

/// Characters of a cell at most.
pub const CELL_MAX: usize = 2_000;
/// Rows of an answer at most.
pub const ROWS_MAX: usize = 1_000;
/// Bytes of an answer at most, about.
pub const BYTES_MAX: usize = 1 << 20;
/// What a statement may cost, in the planner's units: minutes of work on a small machine, before the five seconds that it has.
const COST_MAX: i64 = 5_000_000;

const FRESHNESS: &str = "SELECT projection, applied_through_seq, lag_events, as_of FROM v_freshness ORDER BY projection";
const PROJECTIONS_MAX: usize = 100;

/// How much an answer may be and cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AskLimits {
    /// Rows; more than [`ROWS_MAX`] are not given whatever it says.
    pub rows: usize,
    /// Bytes of all values together; not more than [`BYTES_MAX`].
    pub bytes: usize,
    /// In the planner's units.
    pub cost: Decimal,
    /// How long its statements may take.
    pub session: Limits,
}

impl Default for AskLimits {
    fn default() -> Self {
        Self { rows: ROWS_MAX, bytes: BYTES_MAX, cost: Decimal::from(COST_MAX), session: Limits::default() }
    }
}

/// Through which event a read model had been brought when the question was answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Freshness {
    /// The read model.
    pub projection: String,
    /// The last event that is in it.
    pub applied_through_seq: Option<String>,
    /// How many events it was behind.
    pub lag_events: Option<String>,
    /// When it was brought there.
    pub as_of: Option<String>,
}

/// An answered question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The columns, in order.
    pub columns: Vec<Column>,
    /// The rows, each value as Postgres writes it (exact numbers), `None` for NULL.
    pub rows: Vec<Vec<Option<String>>>,
    /// Whether rows are missing at the end, because they were too many or too large.
    pub truncated: bool,
    /// How fresh the read models were, as of the same moment.
    pub as_of: Vec<Freshness>,
    /// The statement that was run: the question as the guard wrote it.
    pub sql_executed: String,
    /// How long it took, all in all.
    pub duration: Duration,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AskError {
    /// The guard did not let the question through.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The planner expects it to cost too much.
    #[error("TOO_EXPENSIVE: the question would take too long")]
    TooExpensive,
    /// It ran for as long as it may.
    #[error("TIMED_OUT: the question took longer than it may")]
    TimedOut,
    /// It needed more memory than it may have.
    #[error("TOO_LARGE: the question needs more room than it may have")]
    TooLarge,
    /// The organization has as many questions under way as it may have.
    #[error("BUSY: other questions of the organization are being answered")]
    Busy,
    /// The database found the question wrong, or failed on its values.
    #[error("{code}: {reason}")]
    Wrong {
        /// Why, for programs.
        code: &'static str,
        /// Why, in words of ours.
        reason: String,
        /// What to ask instead.
        hint: &'static str,
    },
    /// It is not the question's fault.
    #[error(transparent)]
    Failed(SemanticError),
    /// The views cannot be listed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl AskError {
    /// The code that programs tell the reason by.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Refused(refusal) => refusal.code.as_str(),
            Self::TooExpensive => "TOO_EXPENSIVE",
            Self::TimedOut => "TIMED_OUT",
            Self::TooLarge => "TOO_LARGE",
            Self::Busy => "BUSY",
            Self::Wrong { code, .. } => code,
            Self::Failed(_) | Self::Store(_) => "UNAVAILABLE",
        }
    }

    /// What to do about it, where the asker can do something.
    #[must_use]
    pub fn hint(&self) -> Option<&str> {
        match self {
            Self::Refused(refusal) => Some(&refusal.hint),
            Self::TooExpensive | Self::TimedOut => Some("ask for fewer periods or accounts, aggregate sooner, and join by equal columns"),
            Self::TooLarge => Some("aggregate sooner, and ask for fewer or shorter columns"),
            Self::Busy => Some("ask again when one of them is answered"),
            Self::Wrong { hint, .. } => Some(hint),
            Self::Failed(_) | Self::Store(_) => None,
        }
    }

    /// Whether it was the question's fault.
    #[must_use]
    pub fn is_the_questions(&self) -> bool {
        !matches!(self, Self::Failed(_) | Self::Store(_) | Self::Busy)
    }
}

impl From<SemanticError> for AskError {
    fn from(error: SemanticError) -> Self {
        match error {
            SemanticError::TooLong => Self::TimedOut,
            SemanticError::TooLarge => Self::TooLarge,
            SemanticError::Busy(_) => Self::Busy,
            SemanticError::Forbidden => {
                wrong("FORBIDDEN", "the question touches what may not be read", "use the views and plain functions")
            }
            SemanticError::NoColumns => wrong("NO_COLUMNS", "the question has no columns", "name at least one after SELECT"),
            SemanticError::Statement { sqlstate, message } => of_statement(&sqlstate, &message),
            other => Self::Failed(other),
        }
    }
}

fn wrong(code: &'static str, reason: impl Into<String>, hint: &'static str) -> AskError {
    AskError::Wrong { code, reason: reason.into(), hint }
}

/// Failures of the question's meaning are told in the server's words, which speak of its text alone; failures on values
/// only in ours, for theirs repeat the value.
fn of_statement(sqlstate: &str, message: &str) -> AskError {
    let said = |code, hint| wrong(code, cell(message.to_owned()), hint);
    match sqlstate {
        "42803" | "42P20" => {
            said("GROUPING", "put every column that is not aggregated into GROUP BY; windows stand in SELECT and ORDER BY only")
        }
        "42702" | "42725" => said("AMBIGUOUS", "write alias.column"),
        "42883" | "42804" | "42846" | "42P18" => said("TYPES", "compare and compute values of one type; cast with CAST(value AS type)"),
        "42601" | "42703" | "42P01" | "42P10" | "42712" | "42P09" => {
            said("WRONG", "check the columns, their aliases and the order of clauses")
        }
        "22012" => wrong("DIVISION_BY_ZERO", "something is divided by zero", "divide by nullif(value, 0)"),
        "22003" => wrong("OUT_OF_RANGE", "a number is larger than its type", "compute with numeric"),
        "22007" | "22008" => wrong("BAD_DATE", "a value is no date or time", "write dates as DATE '2026-01-31'"),
        "22P02" | "22018" => {
            wrong("BAD_VALUE", "a text is not of the type that it is compared with or cast to", "compare texts with texts")
        }
        "21000" => wrong("MORE_THAN_ONE_ROW", "a subquery used as a value has more than one row", "aggregate it, or use IN (SELECT …)"),
        _ => wrong("FAILED", format!("the database refused the question ({sqlstate})"), "ask it more plainly"),
    }
}

/// Answers a question about an organization's books, for that organization only.
///
/// # Errors
/// [`AskError`]: why not, and what to ask instead.
pub async fn ask(store: &Store, org: OrgId, sql: &str, limits: AskLimits) -> Result<Answer, AskError> {
    let began = Instant::now();
    let catalog = catalog(store, org).await?;
    let statement = guard::check(sql, &catalog)?;
    let freshness = guard::check(FRESHNESS, &catalog)?;
    let mut session = Session::open(store, org, limits.session).await?;
    let answered = answer(&mut session, &statement, &freshness, limits).await;
    session.close().await;
    Ok(Answer { duration: began.elapsed(), ..answered? })
}

async fn answer(session: &mut Session, statement: &Canonical, freshness: &Canonical, limits: AskLimits) -> Result<Answer, AskError> {
    if session.cost(statement).await? > limits.cost {
        return Err(AskError::TooExpensive);
    }
    // Before the rows: a session whose rows were cut off can be asked nothing more.
    let as_of = session.rows(freshness, PROJECTIONS_MAX, BYTES_MAX).await?.rows.into_iter().filter_map(fresh).collect();
    let found = session.rows(statement, limits.rows.min(ROWS_MAX), limits.bytes.min(BYTES_MAX)).await?;
    let columns = found.columns.into_iter().map(|column| Column { name: cell(column.name), ..column }).collect();
    let rows = found.rows.into_iter().map(|row| row.into_iter().map(|value| value.map(cell)).collect()).collect();
    Ok(Answer { columns, rows, truncated: found.truncated, as_of, sql_executed: statement.as_str().to_owned(), duration: Duration::ZERO })
}

fn fresh(row: Vec<Option<String>>) -> Option<Freshness> {
    let [projection, applied_through_seq, lag_events, as_of] = <[Option<String>; 4]>::try_from(row).ok()?;
    Some(Freshness { projection: projection?, applied_through_seq, lag_events, as_of })
}

/// The views that there are in this database, and their columns.
///
/// # Errors
/// [`StoreError`] when the server fails.
pub async fn catalog(store: &Store, org: OrgId) -> Result<Catalog, StoreError> {
    let views = described(&store.for_org(org)).await?;
    Ok(Catalog::new(views.into_iter().map(|view| (view.name, view.columns.into_iter().map(|column| column.name).collect()))))
}

/// A value as it may be shown: what is not seen is marked, blanks of all kinds are blanks, and its end is cut off.
#[must_use]
pub fn cell(value: String) -> String {
    let plain = |letter: char| !is_hidden(letter);
    if value.len() <= CELL_MAX && value.chars().all(plain) {
        return value;
    }
    let shown = |letter: char| match letter {
        '\n' | '\r' | '\t' => ' ',
        letter if is_hidden(letter) => '\u{fffd}',
        letter => letter,
    };
    let mut letters = value.chars().map(shown);
    let mut cell: String = letters.by_ref().take(CELL_MAX).collect();
    if letters.next().is_some() {
        cell.push('…');
    }
    cell
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_show_what_was_hidden_and_end() {
        for (value, shown) in [
            ("Miete März 2026", "Miete März 2026"),
            ("a\nb\tc\r\n", "a b c  "),
            ("pay\u{202e}gnp.exe", "pay\u{fffd}gnp.exe"),
            ("a\u{200b}b\u{0}c\u{1b}[31m", "a\u{fffd}b\u{fffd}c\u{fffd}[31m"),
        ] {
            assert_eq!(cell(value.to_owned()), shown);
        }
        let long = cell("é".repeat(CELL_MAX + 5));
        assert_eq!((long.chars().count(), long.ends_with('…')), (CELL_MAX + 1, true));
        assert_eq!(cell("é".repeat(CELL_MAX)), "é".repeat(CELL_MAX));
    }

    #[test]
    fn failures_on_values_do_not_repeat_them() {
        for state in ["22P02", "22012", "22007", "21000", "P0001", "XX000", "23505"] {
            let error = of_statement(state, "invalid input syntax for type integer: \"SECRET\"");
            assert!(!format!("{error} {error:?} {:?}", error.hint()).contains("SECRET"), "{error:?}");
        }
        let error = of_statement("42803", "column \"g.memo\" must appear in the GROUP BY clause");
        assert_eq!((error.code(), error.to_string().contains("g.memo")), ("GROUPING", true));
    }
}
