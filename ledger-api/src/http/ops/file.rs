//! The configuration's file: TOML, each value with the line it stands in.

use std::path::Path;

use serde::Deserialize;
use toml::de::{DeTable, DeValue};

use super::keys::KEYS;
use super::settings::{Given, Origin, unknown};
use crate::http::identity::IssuerConfig;

/// What stands in a file.
#[derive(Debug, Default)]
pub(super) struct Read {
    pub(super) given: Vec<Given>,
    pub(super) issuers: Vec<IssuerConfig>,
    pub(super) mistakes: Vec<String>,
}

/// The part that is no list of names and values.
#[derive(Deserialize)]
struct Issuers {
    #[serde(default)]
    issuers: Vec<IssuerConfig>,
}

/// Reads a file as far as it can be read.
///
/// # Errors
/// When there is none, or it is no TOML.
pub(super) fn read(path: &Path) -> Result<Read, String> {
    let text = std::fs::read_to_string(path).map_err(|error| format!("{}: cannot be read: {error}", path.display()))?;
    let place = |at: usize| format!("{}:{}", path.display(), line(&text, at));
    let wrong = |error: &toml::de::Error| format!("{}: {}", place(error.span().map_or(0, |span| span.start)), error.message());
    let table = DeTable::parse(&text).map_err(|error| wrong(&error))?;
    let mut read = Read::default();
    walk("", table.get_ref(), &mut |key, at, value| {
        if key == "issuers" || key.starts_with("issuers.") {
            return;
        }
        let origin = Origin::File(path.to_owned(), line(&text, at));
        match value.map(text_of) {
            _ if !KEYS.iter().any(|known| known.name == key) => read.mistakes.push(format!("{origin}: {key}: {}", unknown(key))),
            Some(Ok(text)) => read.given.push(Given { key: key.to_owned(), text, origin }),
            Some(Err(said)) => read.mistakes.push(format!("{origin}: {key}: {said}")),
            None => {}
        }
    });
    match toml::from_str::<Issuers>(&text) {
        Ok(found) => read.issuers = found.issuers,
        Err(error) => read.mistakes.push(wrong(&error)),
    }
    Ok(read)
}

fn line(text: &str, at: usize) -> usize {
    text.as_bytes().iter().take(at).filter(|byte| **byte == b'\n').count() + 1
}

/// Visits every value by its full name, with where the name stands.
fn walk<'a>(prefix: &str, table: &'a DeTable<'a>, visit: &mut impl FnMut(&str, usize, Option<&'a DeValue<'a>>)) {
    for (name, value) in table {
        let key = if prefix.is_empty() { name.get_ref().to_string() } else { format!("{prefix}.{}", name.get_ref()) };
        match value.get_ref() {
            DeValue::Table(inner) => walk(&key, inner, visit),
            other => visit(&key, name.span().start, Some(other)),
        }
    }
}

fn text_of(value: &DeValue<'_>) -> Result<String, String> {
    match value {
        DeValue::String(text) => Ok(text.to_string()),
        DeValue::Integer(number) if number.radix() == 10 => Ok(number.as_str().replace('_', "")),
        DeValue::Boolean(is) => Ok(is.to_string()),
        DeValue::Array(items) => {
            let texts: Result<Vec<String>, String> = items.iter().map(|item| text_of(item.get_ref())).collect();
            Ok(texts?.join(","))
        }
        other => Err(format!("expected a text, a whole number, true or false, or a list of these; found {}", other.type_str())),
    }
}
