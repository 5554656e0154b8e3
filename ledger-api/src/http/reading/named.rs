//! The name of one thing in a path: `/accounts/{code}`.

use axum::extract::{FromRequestParts, RawPathParams};
use axum::http::request::Parts;

use crate::http::problem::Problem;

/// The last name of the path, decoded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Named(pub String);

impl<S: Send + Sync> FromRequestParts<S> for Named {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let said = |_| {
            Problem::malformed("PATH_INVALID", "the path is no text in UTF-8, percent-encoded").hint("percent-encode what is in the path")
        };
        let params = RawPathParams::from_request_parts(parts, state).await.map_err(said)?;
        let last = params.iter().last().map(|(_, value)| value.to_owned());
        if last.as_ref().is_some_and(|last| last.contains('\0')) {
            return Err(Problem::malformed("PATH_INVALID", "a name in the path may not hold NUL characters"));
        }
        last.map(Self).ok_or_else(|| Problem::internal(&"a route without a name in its path"))
    }
}

impl Named {
    /// The name as a seq.
    ///
    /// # Errors
    /// 404: there is nothing at what is no number.
    pub fn seq(&self) -> Result<u64, Problem> {
        let digits = self.0.bytes().all(|byte| byte.is_ascii_digit());
        let seq = self.0.parse::<i64>().ok().filter(|_| digits).and_then(|seq| u64::try_from(seq).ok());
        seq.ok_or_else(|| Problem::malformed("PATH_INVALID", format!("{:?} is no seq: a whole number", self.0)))
    }
}
