//! A read of an organization: as known when, at least as new as what was written, and with which parameters.

use axum::extract::{FromRequest, FromRequestParts, Request};
use ledger_core::Seq;
use ledger_projections::reports::Point;
use ledger_projections::{Waited, wait_for};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use utoipa::IntoParams;

use super::query::{Pairs, pairs, typed};
use crate::cli::moment;
use crate::http::Access;
use crate::http::limits;
use crate::http::problem::Problem;

/// As known when. What every read takes.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct PointParams {
    /// Answer as the books were known at this time, inclusive: `2026-01-15T09:30:00Z`, or a date for the end of that day (UTC). Not with `at_seq`.
    #[param(nullable = false)]
    pub known_at: Option<String>,
    /// Answer as the books were known when this event was the last. Not with `known_at`.
    #[param(required = false, nullable = false, value_type = u64)]
    pub at_seq: Option<Seq>,
    /// Wait, for at most five seconds, until the answer contains this event: what a write was answered with.
    #[param(required = false, nullable = false, value_type = u64)]
    pub min_seq: Option<Seq>,
}

/// A read with the parameters `Q`, which refuses unknown ones.
pub struct Read<Q> {
    /// Who asks, of which organization.
    pub access: Access,
    /// The operation's own parameters.
    pub query: Q,
    /// As known when.
    pub point: Point,
    /// The event that the answer must contain.
    pub min_seq: Option<Seq>,
    /// Headers that decide on the form of the answer.
    pub headers: axum::http::HeaderMap,
}

impl<Q> Read<Q> {
    /// Waits until a read model contains `min_seq`.
    ///
    /// # Errors
    /// 409 when it does not in time; 503 when it has stopped.
    pub async fn fresh(&self, projection: &str) -> Result<(), Problem> {
        match self.min_seq.filter(|_| self.point == Point::Latest) {
            Some(seq) => self.reach(projection, seq).await,
            None => Ok(()),
        }
    }

    /// Waits until a read model contains an event.
    ///
    /// # Errors
    /// 400 for an event that has not happened; 409 when it is not there in time; 503 when the read model has stopped.
    pub async fn reach(&self, projection: &str, seq: Seq) -> Result<(), Problem> {
        let org = self.access.org();
        let head = org.head().await?.seq;
        if seq > head {
            return Err(ledger_projections::ProjectionError::BeyondEnd { asked: seq, head }.into());
        }
        match wait_for(&org, projection, seq, limits::MIN_SEQ_WAIT_MAX, Some(&self.access.app.wakeup)).await? {
            Waited::Reached(_) => Ok(()),
            Waited::TimedOut(at) => {
                let said = format!("the read model {projection} contains event {at}, not yet {seq}");
                Err(Problem::new(axum::http::StatusCode::CONFLICT, "PROJECTION_BEHIND", said).retry_in(1).hint("ask again in a moment"))
            }
            Waited::Stopped { seq, error } => {
                let org = org.org();
                Err(ledger_projections::ProjectionError::Stopped { org, projection: projection.to_owned(), seq, error }.into())
            }
        }
    }
}

impl<Q: DeserializeOwned, S: Send + Sync> FromRequest<S> for Read<Q> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let (mut parts, _) = request.into_parts();
        let access = Access::from_request_parts(&mut parts, state).await?;
        const COMMON: [&str; 3] = ["known_at", "at_seq", "min_seq"];
        let (common, own): (Pairs, Pairs) = pairs(&parts.uri)?.into_iter().partition(|(name, _)| COMMON.contains(&name.as_str()));
        let common: PointParams = typed(common)?;
        let point = match (common.known_at, common.at_seq) {
            (None, None) => Point::Latest,
            (Some(time), None) => {
                Point::KnownAt(moment::time(&time).map_err(|said| Problem::malformed("PARAMETER_INVALID", format!("known_at: {said}")))?)
            }
            (None, Some(seq)) => Point::AtSeq(known("at_seq", seq)?),
            (Some(_), Some(_)) => {
                return Err(Problem::malformed("PARAMETER_INVALID", "known_at and at_seq are both given").hint("give one of them"));
            }
        };
        let min_seq = common.min_seq.map(|seq| known("min_seq", seq)).transpose()?;
        Ok(Self { access, query: typed(own)?, point, min_seq, headers: parts.headers })
    }
}

/// A seq that a stream can have.
fn known(name: &str, seq: Seq) -> Result<Seq, Problem> {
    let fits = i64::try_from(seq).is_ok();
    fits.then_some(seq).ok_or_else(|| Problem::malformed("PARAMETER_INVALID", format!("{name}: no stream is as long as {seq}")))
}
