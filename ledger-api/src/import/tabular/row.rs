//! A row as formats hand it over, and what can be wrong with it.

use std::sync::Arc;

use super::field::Field;
use crate::import::source::{Place, SourceError};

/// One row of a source: cells by field, and where they stood.
pub(crate) trait Row {
    /// The cell of a field, trimmed; nothing when it is empty or the source has no such column.
    fn cell(&self, field: Field) -> Option<&str>;
    /// Dimensions that have columns of their own, those with a value.
    fn tags(&self) -> impl Iterator<Item = (&str, &str)>;
    /// Where a cell begins (line, column in characters); the beginning of the row for no cell.
    fn locate(&self, field: Option<Field>) -> (u32, u32);
    /// How the source calls the field, for messages: "column 9 `debit`".
    fn label(&self, field: Field) -> String;
    /// The row as it stood, without its line end.
    fn raw(&self) -> &str;
    /// Line on which the row begins, from 1.
    fn line(&self) -> u32;
}

/// What is wrong with a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Flaw {
    /// The cell, where it is one.
    pub(crate) field: Option<Field>,
    /// What is wrong and what was expected.
    pub(crate) problem: String,
    /// The offending text.
    pub(crate) found: Option<String>,
    /// What to do.
    pub(crate) remedy: Option<String>,
}

impl Flaw {
    /// A flaw of one cell.
    pub(crate) fn cell(field: Field, found: &str, problem: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { field: Some(field), problem: problem.into(), found: Some(shortened(found)), remedy: Some(remedy.into()) }
    }

    /// A flaw of the whole row.
    pub(crate) fn row(problem: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { field: None, problem: problem.into(), found: None, remedy: Some(remedy.into()) }
    }

    /// The refusal that names file, line and column.
    pub(crate) fn located(self, row: &impl Row, file: &Arc<str>) -> SourceError {
        let (line, column) = row.locate(self.field);
        let problem = match self.field {
            Some(field) => format!("{}: {}", row.label(field), self.problem),
            None => self.problem,
        };
        SourceError { place: Place { file: file.clone(), line, column }, problem, found: self.found, remedy: self.remedy, text: None }
    }
}

/// Offending text short enough for a message.
pub(crate) fn shortened(text: &str) -> String {
    const CHARS: usize = 120;
    let mut out: String = text.chars().take(CHARS).collect();
    if out.len() < text.len() {
        out.push('…');
    }
    out
}
