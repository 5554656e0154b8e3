//! What reads share beyond the read models: books in memory, cursors, hints of growth, decoded events, the last verification.
//!
//! Lists whose subject has a read model are answered from it (accounts, entries, open items, allocations, every report).
//! The others (parties, documents, rates, periods, tax codes, commissions, commodities) are answered from [`books`]: the
//! book that decides commands, kept in memory for the organizations that were asked for last.

pub mod asked;
pub mod books;
pub mod cursor;
pub mod events;
pub mod named;
pub mod params;
pub mod pulse;
pub mod shown;
pub mod verifying;

use std::sync::Arc;

use axum::Json;
use axum::http::HeaderValue;
use axum::response::{IntoResponse, Response};
use ledger_core::Seq;
use ledger_store::writer::Ledger;
use serde::Serialize;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, SemaphorePermit, watch};

use ledger_projections::ProjectionError;
use ledger_projections::reports::Point;

use self::books::Books;
use self::pulse::Pulse;
use self::verifying::Verifying;
use super::extract::Read;
use super::problem::Problem;

/// The reading side of one server.
pub struct Reading {
    /// Books in memory.
    pub books: Books,
    /// Who has grown.
    pub pulse: Pulse,
    /// Answers of the semantic layer that were given lately.
    pub asked: asked::Answered,
    /// Verifications, running and done.
    pub verifying: Verifying,
    closing: watch::Sender<bool>,
    streams: Arc<Semaphore>,
    proofs: Semaphore,
}

/// Streams of events that are open on one server at the same time.
pub const STREAMS_MAX: usize = 1_000;
/// Proofs that are made at the same time: each holds the hashes of a history.
pub const PROOFS_MAX: usize = 1;

impl Reading {
    /// The reading side beside a writer.
    #[must_use]
    pub fn new(ledger: &Ledger) -> Self {
        Self {
            books: Books::default(),
            pulse: Pulse::new(ledger),
            asked: asked::Answered::default(),
            verifying: Verifying::default(),
            closing: watch::Sender::new(false),
            streams: Arc::new(Semaphore::new(STREAMS_MAX)),
            proofs: Semaphore::new(PROOFS_MAX),
        }
    }

    /// Ends every stream: the server is about to stop.
    pub fn close(&self) {
        self.closing.send_replace(true);
    }

    /// Whether the server is about to stop.
    #[must_use]
    pub fn is_closing(&self) -> bool {
        *self.closing.borrow()
    }

    /// Room for one more stream.
    ///
    /// # Errors
    /// 503 when there are [`STREAMS_MAX`] already, or the server is about to stop.
    pub fn stream_permit(&self) -> Result<OwnedSemaphorePermit, Problem> {
        let room = Arc::clone(&self.streams).try_acquire_owned().ok().filter(|_| !self.is_closing());
        room.ok_or_else(|| Problem::unavailable(format!("there are {STREAMS_MAX} streams of events already")).retry_in(5))
    }

    /// A turn to make a proof.
    ///
    /// # Errors
    /// None: turns come.
    pub async fn proof_turn(&self) -> Result<SemaphorePermit<'_>, Problem> {
        self.proofs.acquire().await.map_err(|closed| Problem::internal(&closed))
    }

    /// Until the server is about to stop.
    pub async fn closed(&self) {
        self.closing.subscribe().wait_for(|closing| *closing).await.ok();
    }
}

/// An answer as JSON, with the last event that it contains in the header `Ledger-Seq`.
pub fn answer(seq: Seq, body: &impl Serialize) -> Response {
    marked(seq, Json(body).into_response())
}

/// A response with the last event that it contains in the header `Ledger-Seq`.
pub fn marked(seq: Seq, mut response: Response) -> Response {
    response.headers_mut().insert("ledger-seq", HeaderValue::from(seq));
    response
}

/// Waits, bounded, until read models contain what is asked for: `min_seq`, or the earlier point. Answers with the point, its
/// time as a seq.
///
/// # Errors
/// 400 for an event that has not happened; 409 `PROJECTION_BEHIND` when a read model does not come so far in time.
pub async fn ready<Q>(read: &Read<Q>, models: &[&str], point: Point) -> Result<Point, Problem> {
    let seq = point.seq(&read.access.org()).await?;
    for model in models {
        match seq {
            Some(seq) => read.reach(model, seq).await?,
            None => read.fresh(model).await?,
        }
    }
    Ok(seq.map_or(Point::Latest, Point::AtSeq))
}

/// A failure of a question, where an account that is not there is the caller's mistake.
pub fn asked_wrongly(parameter: &str) -> impl FnOnce(ProjectionError) -> Problem + '_ {
    move |error| match error {
        ProjectionError::UnknownAccount(code) => {
            Problem::malformed("PARAMETER_INVALID", format!("{parameter}: there is no account {code:?}")).hint("list them at /accounts")
        }
        other => other.into(),
    }
}
