//! What a path names below the organization: a seq, a code, a month.

use axum::extract::{FromRequestParts, RawPathParams};
use axum::http::request::Parts;
use ledger_core::{AccountRef, Month, Seq, Text};

use crate::http::Problem;
use crate::http::wire::scalars::MonthKey;

/// The last parameter of the path.
#[derive(Clone, Debug)]
pub struct Place<T>(pub T);

/// What can be read from a path.
pub trait Named: Sized {
    /// Reads it.
    ///
    /// # Errors
    /// What was expected.
    fn named(text: &str) -> Result<Self, String>;
}

impl Named for Seq {
    fn named(text: &str) -> Result<Self, String> {
        let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        let seq = text.parse::<i64>().ok().filter(|_| digits).and_then(|seq| Self::try_from(seq).ok());
        seq.ok_or_else(|| format!("the path names {text:?} where it should name a seq such as 42"))
    }
}

impl Named for Text {
    fn named(text: &str) -> Result<Self, String> {
        if text.as_bytes().contains(&0) { Err("the path has a NUL character".to_owned()) } else { Ok(text.into()) }
    }
}

impl Named for AccountRef {
    fn named(text: &str) -> Result<Self, String> {
        Text::named(text).map(Self::Code)
    }
}

impl Named for Month {
    fn named(text: &str) -> Result<Self, String> {
        text.parse().map(|MonthKey(month)| month)
    }
}

impl<T: Named, S: Send + Sync> FromRequestParts<S> for Place<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let invalid = |said: String| Problem::malformed("PATH_INVALID", said);
        let named = RawPathParams::from_request_parts(parts, state).await.map_err(|error| invalid(error.to_string()))?;
        let (_, text) = named.iter().last().ok_or_else(|| Problem::internal(&"a route without parameters"))?;
        T::named(text).map(Place).map_err(invalid)
    }
}
