//! The guard: SQL that anybody may have written in, the one text that is run out; or a refusal.
//!
//! Deny by default. A question is cut into words ([`text`]), parsed, and translated into a tree of our own (`form`) that
//! can hold nothing but what may be asked: views of the [`Catalog`], columns that they have, functions, operators and
//! types of lists. That tree is written out (`render`), read again, and must be the same. The caller's text is never run.
//!
//! It is the second lock. The first is what the reader's role may do at all: whatever slips through here still reads
//! nothing but its own organization's views.

mod catalog;
mod expressions;
mod form;
mod functions;
mod names;
mod nearest;
mod refusal;
mod relations;
mod render;
mod scope;
mod statement;
pub mod text;
mod types;

use ledger_store::semantic::Canonical;
use sqlparser::dialect::PostgreSqlDialect;
use sqlparser::parser::{Parser, ParserError};
use sqlparser::tokenizer::Token;

pub use catalog::Catalog;
pub use refusal::{Code, Place, Refusal};

/// How deep the parser may nest.
const RECURSION_MAX: usize = 40;

/// The statement to run for a question.
///
/// # Errors
/// [`Refusal`]: why it is not answered, and what to ask instead.
pub fn check(sql: &str, catalog: &Catalog) -> Result<Canonical, Refusal> {
    canonical(sql, catalog).map(Canonical::trusted_by_guard)
}

/// The text of that statement.
///
/// # Errors
/// [`Refusal`]: why it is not answered, and what to ask instead.
pub fn canonical(sql: &str, catalog: &Catalog) -> Result<String, Refusal> {
    let form = read(sql, catalog)?;
    let text = render::render(&form);
    match read(&text, catalog) {
        Ok(again) if again == form && render::render(&again) == text => Ok(text),
        Err(refusal) if matches!(refusal.code, Code::TooLong | Code::TooComplex) => Err(Refusal { place: None, ..refusal }),
        Ok(_) | Err(_) => {
            let reason = "the question does not read the same after it is written out";
            Err(Refusal::new(Code::Unstable, reason, "write it more plainly, with parentheses around what belongs together"))
        }
    }
}

fn read(sql: &str, catalog: &Catalog) -> Result<form::Query, Refusal> {
    let words = text::words(sql)?;
    let mut parser = Parser::new(&PostgreSqlDialect {}).with_recursion_limit(RECURSION_MAX).with_tokens_with_locations(words);
    let query = parser.parse_query().map_err(|error| syntax(&error))?;
    let rest = parser.next_token();
    if rest.token != Token::EOF {
        let word: String = rest.token.to_string().chars().take(30).collect();
        return Err(Refusal::new(
            Code::Syntax,
            format!("{word} was not expected"),
            "ask one SELECT; check commas, parentheses and the order of clauses",
        )
        .at(rest.span));
    }
    let (form, _) = statement::Reader::new(catalog).query(&query)?;
    Ok(form)
}

fn syntax(error: &ParserError) -> Refusal {
    let message = match error {
        ParserError::TokenizerError(message) | ParserError::ParserError(message) => message.as_str(),
        ParserError::RecursionLimitExceeded => {
            return Refusal::new(Code::TooComplex, "the question is nested too deep", "ask in several questions");
        }
    };
    let message: String = message.chars().take(200).collect();
    Refusal::new(
        Code::Syntax,
        format!("the question cannot be read: {message}"),
        "ask one SELECT in the SQL of Postgres; check commas, parentheses and quotes",
    )
}
