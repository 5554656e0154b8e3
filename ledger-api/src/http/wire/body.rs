//! Reading a body: strictly, with the place of whatever is wrong as a JSON pointer (RFC 6901).

use serde::de::DeserializeOwned;
use serde_path_to_error::Segment;

/// Why a body cannot be understood.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{detail}")]
pub struct Fault {
    /// Where, as a JSON pointer; empty where the body as a whole is meant.
    pub pointer: String,
    /// What was expected and what came.
    pub detail: String,
}

impl Fault {
    /// A fault at a place.
    pub fn at(pointer: impl Into<String>, detail: impl Into<String>) -> Self {
        Self { pointer: pointer.into(), detail: detail.into() }
    }

    /// The same, seen from further out.
    #[must_use]
    pub fn within(mut self, outer: &str) -> Self {
        self.pointer.insert_str(0, outer);
        self
    }
}

/// Reads a body. Nothing may follow it.
///
/// # Errors
/// [`Fault`], whatever the bytes are.
pub fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Fault> {
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let read: T = serde_path_to_error::deserialize(&mut reader).map_err(|error| {
        let pointer = pointer(error.path());
        Fault { pointer, detail: said(error.inner()) }
    })?;
    reader.end().map_err(|error| Fault::at("", said(&error)))?;
    Ok(read)
}

/// As [`parse`], but at the price of one pass where there is no fault: the place is looked for afterwards.
///
/// # Errors
/// As [`parse`].
pub fn parse_fast<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Fault> {
    // All of it is seen to be UTF-8 at once, not text by text.
    let read = std::str::from_utf8(bytes).ok().and_then(|text| serde_json::from_str(text).ok());
    read.map_or_else(|| parse(bytes), Ok)
}

fn pointer(path: &serde_path_to_error::Path) -> String {
    let mut pointer = String::new();
    for segment in path {
        let part = match segment {
            Segment::Seq { index } => index.to_string(),
            Segment::Map { key } => key.clone(),
            Segment::Enum { variant } => variant.clone(),
            Segment::Unknown => continue,
        };
        pointer.push('/');
        pointer.push_str(&part.replace('~', "~0").replace('/', "~1"));
    }
    pointer
}

/// What serde says, with the quotes that this API uses for names.
fn said(error: &serde_json::Error) -> String {
    error.to_string().replace('`', "\"")
}
