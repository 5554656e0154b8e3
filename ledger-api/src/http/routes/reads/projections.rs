//! `GET /projections`: how far behind the stream each read model is.

use axum::response::Response;
use chrono::Utc;
use ledger_core::Timestamp;
use ledger_projections::Status;
use ledger_projections::reports::{Freshness, Point, freshness};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::http::reading::answer;
use crate::http::routes::organizations::NoParams;
use crate::http::state::App;
use crate::http::{Problem, Read};

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(list_projections))
}

/// Every read model against the stream.
#[derive(Debug, Serialize, ToSchema)]
pub struct ProjectionsShown {
    /// The read models.
    data: Vec<ProjectionShown>,
    /// The last event of the stream.
    seq: u64,
}

/// A read model against the stream.
#[derive(Debug, Serialize, ToSchema)]
pub struct ProjectionShown {
    /// Its name.
    #[schema(example = "account_balance")]
    name: String,
    /// Version of its rows.
    version: i32,
    /// The last event in its rows.
    seq: u64,
    /// Events that it lags behind.
    lag_events: u64,
    /// For how many seconds the oldest of them has been waiting; a decimal.
    #[schema(example = "0.250")]
    lag_seconds: String,
    /// `running`, `rebuilding`, or `failed` where it stopped.
    status: String,
    /// The event at which it stopped.
    failed_seq: Option<u64>,
}

/// Show how fresh the read models are
#[utoipa::path(get, path = "/v1/orgs/{org}/projections", tag = "Events",
    responses((status = 200, description = "Every read model.", body = ProjectionsShown)))]
async fn list_projections(read: Read<NoParams>) -> Result<Response, Problem> {
    if read.point != Point::Latest {
        return Err(Problem::malformed("PARAMETER_INVALID", "freshness is as of now: known_at and at_seq do not apply"));
    }
    let org = read.access.org();
    let found = freshness(&org, Timestamp(Utc::now().timestamp_micros())).await?;
    let seq = found.first().map_or(0, |first| first.head);
    Ok(answer(seq, &ProjectionsShown { data: found.iter().map(shown).collect(), seq }))
}

fn shown(of: &Freshness) -> ProjectionShown {
    let millis = of.lag_micros.max(0) / 1_000;
    ProjectionShown {
        name: of.projection.to_owned(),
        version: of.version,
        seq: of.seq,
        lag_events: of.lag_events,
        lag_seconds: format!("{}.{:03}", millis / 1_000, millis % 1_000),
        status: match of.status {
            Status::Running => "running",
            Status::Rebuilding => "rebuilding",
            Status::Failed { .. } => "failed",
        }
        .to_owned(),
        failed_seq: if let Status::Failed { seq, .. } = of.status { Some(seq) } else { None },
    }
}
