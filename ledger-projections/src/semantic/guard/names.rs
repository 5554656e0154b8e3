//! Names: which may be used, and what Postgres makes of them.

use sqlparser::ast::{Ident, ObjectName, ObjectNamePart};

use super::form::Name;
use super::refusal::{Code, Refusal};

/// Longer names are cut off by Postgres, and then two may become one.
const BYTES_MAX: usize = 63;

/// A name as Postgres knows it: lower case unless quoted.
pub(super) fn name(ident: &Ident) -> Result<Name, Refusal> {
    let Ident { value, quote_style, span } = ident;
    let taken = match quote_style {
        None => plain(value),
        Some('"') => quoted(value),
        Some(_) => Err("only double quotes may stand around a name"),
    };
    let checked = taken.and_then(|name| if name.len() > BYTES_MAX { Err("a name has at most 63 characters") } else { Ok(name) });
    checked.map(Name).map_err(|reason| {
        Refusal::new(Code::Name, reason, "use names of letters, digits and underscores; texts stand in single quotes").at(*span)
    })
}

fn plain(value: &str) -> Result<String, &'static str> {
    let fits = value.bytes().all(|letter| letter.is_ascii_alphanumeric() || letter == b'_');
    let starts = value.bytes().next().is_some_and(|first| first.is_ascii_alphabetic() || first == b'_');
    if fits && starts { Ok(value.to_ascii_lowercase()) } else { Err("a name has a character that names do not have here") }
}

/// What may stand between double quotes: what a heading needs.
fn quoted(value: &str) -> Result<String, &'static str> {
    let fits = |letter: char| letter.is_alphanumeric() || " _-%().,/:#&+€$£'".contains(letter);
    match value.chars().next() {
        None => Err("a name is empty"),
        Some(_) if value.chars().all(fits) => Ok(value.to_owned()),
        Some(_) => Err("a name has a character that names do not have here"),
    }
}

/// A name that a WITH gives: none that could stand for something of the system's.
pub(super) fn cte(ident: &Ident) -> Result<Name, Refusal> {
    let name = name(ident)?;
    if name.as_str().to_ascii_lowercase().starts_with("pg_") {
        return Err(Refusal::new(Code::Name, "a name of WITH must not begin with pg_", "use another name").at(ident.span));
    }
    Ok(name)
}

/// The parts of a dotted name.
pub(super) fn parts<'o>(object: &'o ObjectName) -> Result<Vec<&'o Ident>, Refusal> {
    let part = |part: &'o ObjectNamePart| match part {
        ObjectNamePart::Identifier(ident) => Ok(ident),
        ObjectNamePart::Function(_) => Err(Refusal::new(Code::Name, "a name is made by a function", "write the name itself")),
    };
    object.0.iter().map(part).collect()
}
