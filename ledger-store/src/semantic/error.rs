//! Why a question was not answered, told apart by SQLSTATE, in words that may be shown to whoever asked: the server's message
//! speaks of the asker's own statement and rows only, and its detail, context and position are left out.

use super::Amiss;
use crate::error::{StoreError, sqlstate};
use crate::tenant::OrgId;

/// Characters of a server's message that are shown.
const MESSAGE_MAX: usize = 300;

/// A failure of a [`Session`](super::Session).
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SemanticError {
    /// The store failed: no connection, or something that is not the question's fault.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// As many questions of the organization are being answered as there may be at once.
    #[error("organization {0} asks as many questions at once as it may: try again when one of them is answered")]
    Busy(OrgId),
    /// The organization has no login of its own here and none could be made.
    #[error(
        "organization {org} has no login for questions: {reason}. Let the administrator give ledger_logins the right to create roles \
         (ALTER ROLE ledger_logins CREATEROLE), or drop a role that took the login's name"
    )]
    NoLogin {
        /// Whose.
        org: OrgId,
        /// What was in the way.
        reason: String,
    },
    /// Questions are to be asked as the login of all organizations, and it is not fit for that.
    #[error("questions are to be asked as ledger_llm_shared, which cannot be used: {0}")]
    SharedLogin(Amiss),
    /// The statement ran for as long as it may.
    #[error("the question took longer than it may: narrow it down by period, account or customer")]
    TooLong,
    /// The statement asked for more memory, or more temporary files, than it may have.
    #[error("the question needs more room than it may have: narrow it down, or aggregate sooner")]
    TooLarge,
    /// The statement touches something that the login has no right to.
    #[error("the question touches what is not to be read: only the views of the schema semantic and plain functions may be used")]
    Forbidden,
    /// The statement is wrong, or failed on its rows.
    #[error("the database refused the question ({sqlstate}): {message}")]
    Statement {
        /// The five characters of the refusal's class.
        sqlstate: String,
        /// What the server said.
        message: String,
    },
    /// The statement has no columns, so there is nothing to show.
    #[error("the question has no columns: name at least one after SELECT")]
    NoColumns,
}

impl SemanticError {
    /// The five characters that the server classified the failure with, where it answered.
    #[must_use]
    pub fn sqlstate(&self) -> Option<String> {
        match self {
            Self::Store(error) => error.sqlstate(),
            Self::Statement { sqlstate, .. } => Some(sqlstate.clone()),
            Self::TooLong => Some("57014".to_owned()),
            Self::Forbidden => Some("42501".to_owned()),
            _ => None,
        }
    }

    /// Whether asking again, after a moment, may succeed.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Store(error) => error.is_transient(),
            Self::Busy(_) => true,
            _ => false,
        }
    }

    /// What a statement of the asker's failed with.
    pub(super) fn of_statement(doing: &'static str, error: sqlx::Error) -> Self {
        let Some(state) = sqlstate(&error) else { return Self::Store(StoreError::from_sqlx(doing, error)) };
        match state.as_str() {
            "57014" | "25P03" => Self::TooLong,
            "42501" => Self::Forbidden,
            "53200" | "53400" | "54000" | "54001" => Self::TooLarge,
            state if state.starts_with("08") || state.starts_with("57P") || state.starts_with("58") => {
                Self::Store(StoreError::from_sqlx(doing, error))
            }
            _ => {
                let message = error.as_database_error().map(|said| said.message().chars().take(MESSAGE_MAX).collect());
                Self::Statement { sqlstate: state, message: message.unwrap_or_default() }
            }
        }
    }
}
