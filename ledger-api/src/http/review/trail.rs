//! What became of a draft or of a request for approval, event by event.
//!
//! Which events those are is kept by the projection `draft`; only they are read, and what the stream has grown by since the
//! projection's last step. So the answer is what reading all of the stream would give, and as new.

use std::collections::BTreeSet;

use futures::TryStreamExt;
use ledger_core::event::Recorded;
use ledger_core::{Event, Seq};
use ledger_projections::draft::{about, events_of};
use ledger_store::load::{LoadError, event_at, to_chain};
use ledger_store::{OrgStore, StoreError};

use crate::http::Problem;

/// The draft proposed at a seq and everything that followed about it, votes included; empty where none was proposed there.
///
/// # Errors
/// 503 when the database is away.
pub async fn of_draft(org: &OrgStore, draft: Seq) -> Result<Vec<Recorded>, Problem> {
    let mut trail = Trail::of_draft(draft);
    follow(org, draft, &mut trail).await?;
    Ok(trail.kept)
}

/// The request made at a seq and everything that followed about it; empty where none was made there.
///
/// # Errors
/// 503 when the database is away.
pub async fn of_request(org: &OrgStore, request: Seq) -> Result<Vec<Recorded>, Problem> {
    let requested = match event_at(org, request).await {
        Ok(recorded) => recorded,
        Err(LoadError::Store(StoreError::NoSuchEvent { .. })) => return Ok(Vec::new()),
        Err(error) => return Err(error.into()),
    };
    let Event::ApprovalRequested(asked) = &requested.event else { return Ok(Vec::new()) };
    let mut trail = Trail::of_request(request);
    follow(org, asked.draft, &mut trail).await?;
    Ok(trail.kept)
}

/// What is kept of the events of a draft, in order.
#[derive(Debug)]
struct Trail {
    /// Where it begins.
    from: Seq,
    /// The draft that it is of; none where it is of one request.
    draft: Option<Seq>,
    requests: BTreeSet<Seq>,
    kept: Vec<Recorded>,
    /// Nothing that follows belongs to it.
    ended: bool,
}

impl Trail {
    fn of_draft(draft: Seq) -> Self {
        Self { from: draft, draft: Some(draft), requests: BTreeSet::new(), kept: Vec::new(), ended: false }
    }

    fn of_request(request: Seq) -> Self {
        Self { from: request, draft: None, requests: BTreeSet::from([request]), kept: Vec::new(), ended: false }
    }

    /// The next event; others than those of the draft may be among them.
    fn meet(&mut self, recorded: Recorded) {
        if self.ended || recorded.seq < self.from {
            return;
        }
        let begins = recorded.seq == self.from;
        let keep = match &recorded.event {
            Event::Drafted(_) => begins && self.draft.is_some(),
            Event::ApprovalRequested(_) if self.draft.is_none() => begins,
            event => {
                let (of_draft, of_request) = about(event);
                (of_draft.is_some() && of_draft == self.draft) || of_request.is_some_and(|request| self.requests.contains(&request))
            }
        };
        if !keep {
            self.ended = begins; // there is no such draft or request
            return;
        }
        if self.draft.is_some() && matches!(recorded.event, Event::ApprovalRequested(_)) {
            self.requests.insert(recorded.seq);
        }
        self.ended = self.ends(&recorded.event);
        self.kept.push(recorded);
    }

    fn ends(&self, event: &Event) -> bool {
        match event {
            Event::DraftPosted(_) => true,
            Event::DraftRejected { .. } | Event::DraftWithdrawn { .. } => self.draft.is_some(),
            Event::ApprovalExpired { .. } | Event::ApprovalCompleted { approved: false, .. } | Event::ApprovalInvalidated { .. } => {
                self.draft.is_none()
            }
            _ => false,
        }
    }
}

/// Meets the events of a draft that the read model knows of, then all that came after those.
async fn follow(org: &OrgStore, draft: Seq, trail: &mut Trail) -> Result<(), Problem> {
    let from = trail.from;
    let mut next = from;
    if let Some((applied, seqs)) = events_of(org, draft).await?
        && applied >= from
    {
        if seqs.is_empty() {
            return Ok(()); // what is there is no draft
        }
        for seq in seqs.into_iter().filter(|seq| *seq >= from) {
            trail.meet(event_at(org, seq).await?);
        }
        next = applied + 1;
    }
    if trail.ended {
        return Ok(());
    }
    let mut commits = Box::pin(org.commits(next, None));
    while let Some(commit) = commits.try_next().await? {
        for recorded in to_chain(org.org(), commit).events() {
            let recorded = recorded.map_err(|source| LoadError::Codec { org: org.org(), source })?;
            if recorded.seq >= next {
                trail.meet(recorded);
            }
        }
        if trail.ended {
            return Ok(());
        }
    }
    Ok(())
}
