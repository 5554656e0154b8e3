//! How a command ends: exit codes, and the one place where errors are printed.
//!
//! Commands return errors; what a person should do about them is taken from the error itself ([`Complaint`],
//! [`Rejection::hint`]) or from what is known here about the store's errors.

use std::error::Error;
use std::process::ExitCode;

use ledger_core::Rejection;
use ledger_projections::ProjectionError;
use ledger_store::StoreError;
use ledger_store::embedded::EmbeddedError;
use ledger_store::load::LoadError;
use ledger_store::semantic::SemanticError;
use ledger_store::writer::SubmitError;

/// Exit code: a command was refused or a check failed.
pub const REFUSED: u8 = 1;
/// Exit code: wrong usage or configuration.
pub const USAGE: u8 = 2;

/// How a command ended that did what it was asked to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// All is well: exit code 0.
    Done,
    /// It ran to its end and what it printed says that something is wrong: exit code 1.
    Failed,
}

impl Outcome {
    /// 0 or 1.
    #[must_use]
    pub fn exit_code(self) -> ExitCode {
        match self {
            Self::Done => ExitCode::SUCCESS,
            Self::Failed => ExitCode::from(REFUSED),
        }
    }
}

/// An error in words of our own, with what to do about it.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct Complaint {
    message: String,
    hint: Option<String>,
    exit: u8,
}

impl Complaint {
    /// The command cannot be done as it stands: exit code 1.
    #[must_use]
    pub fn refused(message: impl Into<String>) -> Self {
        Self { message: message.into(), hint: None, exit: REFUSED }
    }

    /// The command line or the configuration is wrong: exit code 2.
    #[must_use]
    pub fn usage(message: impl Into<String>) -> Self {
        Self { message: message.into(), hint: None, exit: USAGE }
    }

    /// What to do, starting with a verb.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

pub(crate) fn interrupted(signal: u8) -> anyhow::Error {
    Complaint { message: "interrupted".to_owned(), hint: None, exit: signalled(signal) }.into()
}

/// The exit code of a program that a signal ended.
pub(crate) const fn signalled(signal: u8) -> u8 {
    128_u8.saturating_add(signal)
}

/// Prints an error once: what happened, because of what, what to do. Answers its exit code.
pub(crate) fn report(error: &anyhow::Error) -> ExitCode {
    if is_broken_pipe(error) {
        return ExitCode::SUCCESS;
    }
    eprint!("{}", render(error));
    ExitCode::from(exit_of(error))
}

/// The text of an error: its causes are left out where the sentence before says them already.
fn render(error: &anyhow::Error) -> String {
    let mut text = String::new();
    let mut said = String::new();
    for (depth, cause) in error.chain().enumerate() {
        let words = cause.to_string();
        if depth > 0 && said.contains(&words) {
            continue;
        }
        text.push_str(if depth == 0 { "error: " } else { "  caused by: " });
        text.push_str(&words);
        text.push('\n');
        said = words;
    }
    if let Some(hint) = error.chain().find_map(hint_of) {
        text.push_str("hint: ");
        text.push_str(&hint);
        text.push('\n');
    }
    text
}

fn hint_of(cause: &(dyn Error + 'static)) -> Option<String> {
    if let Some(complaint) = cause.downcast_ref::<Complaint>() {
        return complaint.hint.clone();
    }
    if let Some(SubmitError::Rejected(rejection)) = cause.downcast_ref::<SubmitError>() {
        return Some(rejection.hint().to_owned());
    }
    if let Some(rejection) = cause.downcast_ref::<Rejection>() {
        return Some(rejection.hint().to_owned());
    }
    if let Some(error) = cause.downcast_ref::<ProjectionError>() {
        return hint_of_projection(error);
    }
    if let Some(LoadError::Store(error)) = cause.downcast_ref::<LoadError>() {
        return hint_of_store(error);
    }
    if let Some(SemanticError::SharedLogin(amiss)) = cause.downcast_ref::<SemanticError>() {
        return Some(amiss.remedy());
    }
    hint_of_store(cause.downcast_ref::<StoreError>()?)
}

fn hint_of_projection(error: &ProjectionError) -> Option<String> {
    match error {
        ProjectionError::Store(error) => hint_of_store(error),
        ProjectionError::UnknownAccount(_) => Some("list the chart with `ledgerd account list`".to_owned()),
        ProjectionError::Stopped { projection, .. } => Some(format!(
            "look at the event with `ledgerd events --from SEQ --to SEQ`, then run `ledgerd projections rebuild {projection}`; `--at-seq` reads history itself"
        )),
        ProjectionError::BeyondEnd { head, .. } => Some(format!("give an event up to {head}")),
        _ => None,
    }
}

fn hint_of_store(error: &StoreError) -> Option<String> {
    match error {
        StoreError::Unavailable { .. } => {
            Some("check that the database of --database-url (DATABASE_URL) is running and reachable, then try again".to_owned())
        }
        StoreError::NotMigrated(_) | StoreError::SchemaBehind(_) => {
            Some("run `ledgerd migrate --admin-url URL` with an administrator's URL".to_owned())
        }
        _ => None,
    }
}

fn exit_of(error: &anyhow::Error) -> u8 {
    error.chain().find_map(exit_of_cause).unwrap_or(REFUSED)
}

fn exit_of_cause(cause: &(dyn Error + 'static)) -> Option<u8> {
    if let Some(complaint) = cause.downcast_ref::<Complaint>() {
        return Some(complaint.exit);
    }
    if let Some(SemanticError::SharedLogin(_)) = cause.downcast_ref::<SemanticError>() {
        return Some(USAGE);
    }
    if let Some(error) = cause.downcast_ref::<StoreError>() {
        return match error {
            StoreError::RoleRefused { .. }
            | StoreError::NotMigrated(_)
            | StoreError::SchemaBehind(_)
            | StoreError::SchemaAhead(_)
            | StoreError::ServerTooOld { .. }
            | StoreError::ForeignRole(_) => Some(USAGE),
            _ => None,
        };
    }
    match cause.downcast_ref::<EmbeddedError>()? {
        EmbeddedError::NoServer { .. }
        | EmbeddedError::BadBinaries { .. }
        | EmbeddedError::BadSetting { .. }
        | EmbeddedError::DataDir { .. } => Some(USAGE),
        _ => None,
    }
}

/// Whether whoever read our output has left (`ledgerd … | head`): no error. A pipe to the database that broke is one: it
/// comes wrapped in the store's own errors, which this does not look into.
fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error.downcast_ref::<std::io::Error>().is_some_and(|error| error.kind() == std::io::ErrorKind::BrokenPipe)
}

#[cfg(test)]
mod tests {
    use anyhow::Context;

    use super::*;

    fn failing(error: impl Into<anyhow::Error>) -> anyhow::Error {
        Err::<(), _>(error.into()).context("cannot post the entry").unwrap_err()
    }

    #[test]
    fn errors_say_what_why_and_what_to_do() {
        let rejection = Rejection::TooFewLines { found: 1 };
        insta::assert_snapshot!(render(&failing(rejection)), @r"
        error: cannot post the entry
          caused by: an entry needs at least two lines, found 1
        hint: add the line that balances it
        ");
        let complaint = Complaint::usage("--from is after --to").hint("give the earlier date first");
        insta::assert_snapshot!(render(&complaint.into()), @r"
        error: --from is after --to
        hint: give the earlier date first
        ");
    }

    #[test]
    fn a_cause_is_not_repeated() {
        let source = sqlx::Error::PoolClosed;
        let text = render(&StoreError::Unavailable { doing: "connect", source }.into());
        assert_eq!(text.lines().count(), 2, "{text}");
    }

    #[test]
    fn a_reader_that_left_is_no_error_and_a_lost_database_is_one() {
        let broken = || std::io::Error::from(std::io::ErrorKind::BrokenPipe);
        assert!(is_broken_pipe(&broken().into()));
        assert!(is_broken_pipe(&Err::<(), _>(broken()).context("cannot print").unwrap_err()));
        assert!(!is_broken_pipe(&failing(StoreError::Unavailable { doing: "append a commit", source: sqlx::Error::Io(broken()) })));
    }

    #[test]
    fn exit_codes_tell_refusals_from_wrong_configuration() {
        assert_eq!(exit_of(&failing(Rejection::TooFewLines { found: 1 })), REFUSED);
        assert_eq!(exit_of(&Complaint::usage("no").into()), USAGE);
        assert_eq!(exit_of(&StoreError::NotMigrated("ledger".to_owned()).into()), USAGE);
        assert_eq!(exit_of(&interrupted(15)), 143);
    }
}
