//! Requests that will become durable together: what each was answered on the provisional book, and the commit.
//!
//! Pure: nothing here waits or knows the database.

use std::collections::HashSet;
use std::hash::{BuildHasher, BuildHasherDefault, DefaultHasher};

use ledger_core::chain::{Commit, CommitBuilder, Tip};
use ledger_core::event::Proposed;
use ledger_core::{Book, Context, Rejection, Seq};
use uuid::Uuid;

use super::{Pending, Receipt, Request, external_ids_of, now};
use crate::commits::NewCommit;
use crate::keys::{NewExternalId, NewKey};
use crate::load::from_chain;

/// A request that was decided on the provisional book.
pub(super) struct Decided {
    pub(super) pending: Pending,
    /// How many events followed, or why none.
    pub(super) outcome: Result<u32, Rejection>,
    first_seq: Seq,
}

/// Requests decided one after another since the last commit was sealed.
#[derive(Default)]
pub(super) struct Batch {
    pub(super) decided: Vec<Decided>,
    events: Vec<Proposed>,
    builder: CommitBuilder,
    /// Keys and external ids of what was decided, by their hashes: whoever shares one waits for the next batch.
    names: HashSet<u64>,
}

/// A batch on its way to being durable.
pub(super) struct Sealed {
    pub(super) decided: Vec<Decided>,
    pub(super) events: Vec<Proposed>,
    /// `None` when nothing but rejections and confirmations came of the batch.
    pub(super) commit: Option<NewCommit>,
    pub(super) keys: Vec<NewKey>,
    pub(super) external_ids: Vec<NewExternalId>,
    /// The end of the stream with this batch.
    pub(super) tip: Tip,
}

impl Batch {
    pub(super) fn is_empty(&self) -> bool {
        self.decided.is_empty()
    }

    /// Whether more requests should wait for the next batch.
    pub(super) fn is_full(&self) -> bool {
        self.builder.is_full_for(1)
    }

    /// Whether a request has a key or an external id that one in the batch has.
    pub(super) fn shares_name(&self, request: &Request) -> bool {
        !self.names.is_empty() && names_of(request).any(|name| self.names.contains(&name))
    }

    /// Decides a request on the provisional book and moves the book on.
    pub(super) fn decide(&mut self, pending: Pending, book: &mut Book, history: &dyn ledger_core::book::History) {
        let request = &pending.request;
        self.names.extend(names_of(request));
        let context =
            Context { actor: &request.actor, correlation: request.correlation, soft_closed: request.soft_closed, history, ahead: 0 };
        let first_seq = book.seq() + 1;
        let outcome = match request.expected {
            Some(expected) if expected != book.seq() => Err(Rejection::BookMoved { expected, found: book.seq() }),
            _ => book.decide(&request.command, &context).and_then(|events| self.take(events, book)),
        };
        self.decided.push(Decided { pending, outcome, first_seq });
    }

    /// Events that cannot be encoded are refused before the book has moved.
    fn take(&mut self, events: Vec<Proposed>, book: &mut Book) -> Result<u32, Rejection> {
        let before = self.builder.mark();
        for event in &events {
            if self.builder.push(event).is_err() {
                self.builder.return_to(before);
                let limit = ledger_core::limits::EVENT_BYTES_MAX;
                return Err(Rejection::LimitExceeded { what: "bytes of an event", limit, found: limit + 1, line: 0 });
            }
        }
        events.iter().for_each(|proposed| book.evolve(&proposed.event));
        let count = u32::try_from(events.len()).unwrap_or(u32::MAX);
        self.events.extend(events);
        Ok(count)
    }

    /// Closes the batch after `tip` and leaves an empty one.
    pub(super) fn seal(&mut self, tip: &mut Tip) -> Sealed {
        let batch = std::mem::take(self);
        let mut builder = batch.builder;
        let commit = (!builder.is_empty()).then(|| builder.seal(tip, now(), Uuid::now_v7()));
        let (keys, external_ids) = commit.as_ref().map(|commit| durable_names(&batch.decided, &batch.events, commit)).unwrap_or_default();
        Sealed { decided: batch.decided, events: batch.events, commit: commit.map(from_chain), keys, external_ids, tip: tip.clone() }
    }

    /// The requests, to be decided again.
    pub(super) fn into_requests(self) -> impl Iterator<Item = Pending> {
        self.decided.into_iter().map(|decided| decided.pending)
    }
}

/// Hashes of a request's key and external ids. Two names with one hash cost a wait, nothing else.
fn names_of(request: &Request) -> impl Iterator<Item = u64> {
    let hash = |name: (bool, &str)| BuildHasherDefault::<DefaultHasher>::default().hash_one(name);
    let key = request.key.as_ref().map(|key| (true, key.key.as_str()));
    key.into_iter().chain(external_ids_of(&request.command).map(|id| (false, id))).map(hash)
}

/// Keys and external ids of accepted requests.
fn durable_names(decided: &[Decided], events: &[Proposed], commit: &Commit) -> (Vec<NewKey>, Vec<NewExternalId>) {
    let accepted = decided.iter().filter_map(|decided| match decided.outcome {
        Ok(count) if count > 0 => Some((decided, count)),
        _ => None,
    });
    let keys = accepted.filter_map(|(decided, event_count)| {
        let key = decided.pending.request.key.as_ref()?;
        Some(NewKey { key: key.key.clone(), request_hash: key.request_hash, first_seq: decided.first_seq, event_count })
    });
    let external_ids = (commit.header.first_seq..).zip(events).filter_map(|(seq, proposed)| {
        let external_id = proposed.event.entry()?.header().external_id.as_ref()?;
        Some(NewExternalId { external_id: external_id.to_string(), seq })
    });
    (keys.collect(), external_ids.collect())
}

impl Sealed {
    /// Tells one request the answer that it was decided.
    pub(super) fn answer_one(tip: &Tip, decided: Decided) {
        let answer = decided.outcome.map(|event_count| Receipt {
            first_seq: if event_count == 0 { tip.seq } else { decided.first_seq },
            event_count,
            recorded_at: tip.recorded_at,
            hash: tip.hash,
            replayed: false,
        });
        let _ = decided.pending.reply.send(answer.map_err(super::SubmitError::Rejected)); // a caller may have gone
    }

    /// Tells everybody, now that it is durable (or, without a commit, that the stream still ends where it was decided).
    pub(super) fn answer(self) {
        for decided in self.decided {
            Self::answer_one(&self.tip, decided);
        }
    }

    /// Takes out the keyed requests to which no event followed: they may be retries of something accepted long ago.
    pub(super) fn take_suspicious(&mut self) -> Vec<Decided> {
        let all = std::mem::take(&mut self.decided);
        let nothing_followed =
            |decided: &Decided| decided.pending.request.key.is_some() && !matches!(decided.outcome, Ok(count) if count > 0);
        let (suspicious, plain) = all.into_iter().partition(nothing_followed);
        self.decided = plain;
        suspicious
    }

    /// Tells everybody the same failure.
    pub(super) fn fail(self, error: &super::SubmitError) {
        for decided in self.decided {
            let _ = decided.pending.reply.send(Err(error.clone()));
        }
    }

    /// The requests, to be decided again.
    pub(super) fn into_requests(self) -> impl Iterator<Item = Pending> {
        self.decided.into_iter().map(|decided| decided.pending)
    }
}
