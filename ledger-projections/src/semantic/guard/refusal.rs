//! Why a question is refused, in words that whoever asked can mend it by. The words are ours: nothing of a row, a
//! plan or the database's own messages ever stands in them.

use std::fmt;

use sqlparser::tokenizer::Span;

/// The reason, as programs know it. Codes never change their meaning.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Code {
    /// Nothing was asked.
    Empty,
    /// More text than a question may have.
    TooLong,
    /// More words, nesting or parts than a question may have.
    TooComplex,
    /// A character that is not seen, or that changes how others are seen.
    BadCharacter,
    /// It is not SQL that is understood here.
    Syntax,
    /// More than one statement.
    NotOneStatement,
    /// Not a SELECT.
    NotAQuery,
    /// A relation that is not a view of the semantic layer.
    UnknownView,
    /// A column that none of the relations in reach has.
    UnknownColumn,
    /// A qualifier that names no relation in reach.
    UnknownRelation,
    /// A whole row used as a value.
    WholeRow,
    /// `(expression).field`, which can call functions.
    FieldAccess,
    /// `expression[…]`.
    Subscript,
    /// A function that is not on the list, or not in that form.
    Function,
    /// A function as a relation.
    TableFunction,
    /// A derived table that looks at its neighbours.
    Lateral,
    /// An operator that is not on the list.
    Operator,
    /// A type that is not on the list.
    Type,
    /// A literal in a notation that is not allowed.
    Literal,
    /// A parameter, which nobody fills in.
    Placeholder,
    /// `WITH RECURSIVE`.
    Recursion,
    /// A join that pairs everything with everything, or does not say what by.
    Join,
    /// A clause of SQL that is not allowed here.
    Clause,
    /// Too many relations.
    TooManyRelations,
    /// A name that may not be used.
    Name,
    /// An expression of a kind that is not allowed.
    Expression,
    /// It did not read the same after it was written out again.
    Unstable,
}

impl Code {
    /// The code as it is shown and kept.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Empty => "EMPTY",
            Self::TooLong => "TOO_LONG",
            Self::TooComplex => "TOO_COMPLEX",
            Self::BadCharacter => "BAD_CHARACTER",
            Self::Syntax => "SYNTAX",
            Self::NotOneStatement => "NOT_ONE_STATEMENT",
            Self::NotAQuery => "NOT_A_QUERY",
            Self::UnknownView => "UNKNOWN_VIEW",
            Self::UnknownColumn => "UNKNOWN_COLUMN",
            Self::UnknownRelation => "UNKNOWN_RELATION",
            Self::WholeRow => "WHOLE_ROW",
            Self::FieldAccess => "FIELD_ACCESS",
            Self::Subscript => "SUBSCRIPT",
            Self::Function => "FUNCTION",
            Self::TableFunction => "TABLE_FUNCTION",
            Self::Lateral => "LATERAL",
            Self::Operator => "OPERATOR",
            Self::Type => "TYPE",
            Self::Literal => "LITERAL",
            Self::Placeholder => "PLACEHOLDER",
            Self::Recursion => "RECURSION",
            Self::Join => "JOIN",
            Self::Clause => "CLAUSE",
            Self::TooManyRelations => "TOO_MANY_RELATIONS",
            Self::Name => "NAME",
            Self::Expression => "EXPRESSION",
            Self::Unstable => "UNSTABLE",
        }
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Where in the question, counted from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// The line.
    pub line: u64,
    /// The character in it.
    pub column: u64,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}, column {}", self.line, self.column)
    }
}

/// A refused question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// Why, for programs.
    pub code: Code,
    /// Why, in a sentence.
    pub reason: String,
    /// What to ask instead.
    pub hint: String,
    /// Where, when it is at one place.
    pub place: Option<Place>,
}

impl Refusal {
    pub(super) fn new(code: Code, reason: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { code, reason: reason.into(), hint: hint.into(), place: None }
    }

    /// Says where, unless a more exact place is known already.
    #[must_use]
    pub(super) fn at(mut self, span: Span) -> Self {
        if self.place.is_none() && span.start.line > 0 {
            self.place = Some(Place { line: span.start.line, column: span.start.column });
        }
        self
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code, self.reason)?;
        self.place.map_or(Ok(()), |place| write!(f, " ({place})"))
    }
}

impl std::error::Error for Refusal {}
