//! What became of a draft or of a request for approval, event by event.

use std::collections::BTreeSet;

use futures::TryStreamExt;
use ledger_core::event::Recorded;
use ledger_core::{Event, Seq};
use ledger_store::OrgStore;
use ledger_store::load::{LoadError, to_chain};

use crate::http::Problem;

/// What an event of this subject is about: a draft, a request, or both.
fn about(event: &Event) -> (Option<Seq>, Option<Seq>) {
    match event {
        Event::DraftCorrected(correction) => (Some(correction.draft), None),
        Event::DraftRejected { draft, .. } | Event::DraftWithdrawn { draft, .. } => (Some(*draft), None),
        Event::DraftPosted(posted) => (Some(posted.draft), posted.request),
        Event::ApprovalRequested(requested) => (Some(requested.draft), None),
        Event::ApprovalVoted(voted) => (None, Some(voted.request)),
        Event::ApprovalDelegated { request, .. }
        | Event::ApprovalEscalated { request, .. }
        | Event::ApprovalReminded { request, .. }
        | Event::ApprovalExpired { request, .. }
        | Event::ApprovalCompleted { request, .. }
        | Event::ApprovalInvalidated { request, .. }
        | Event::ApprovalOverridden { request, .. } => (None, Some(*request)),
        _ => (None, None),
    }
}

/// The draft proposed at a seq and everything that followed about it, votes included; empty where none was proposed there.
///
/// # Errors
/// 503 when the database is away.
pub async fn of_draft(org: &OrgStore, draft: Seq) -> Result<Vec<Recorded>, Problem> {
    let mut requests = BTreeSet::new();
    collect(org, draft, |recorded| {
        let keep = match &recorded.event {
            Event::Drafted(_) => recorded.seq == draft,
            event => {
                let (of_draft, of_request) = about(event);
                of_draft == Some(draft) || of_request.is_some_and(|request| requests.contains(&request))
            }
        };
        if keep && matches!(recorded.event, Event::ApprovalRequested(_)) {
            requests.insert(recorded.seq);
        }
        let ends = matches!(recorded.event, Event::DraftRejected { .. } | Event::DraftWithdrawn { .. } | Event::DraftPosted(_));
        (keep, keep && ends)
    })
    .await
}

/// The request made at a seq and everything that followed about it; empty where none was made there.
///
/// # Errors
/// 503 when the database is away.
pub async fn of_request(org: &OrgStore, request: Seq) -> Result<Vec<Recorded>, Problem> {
    collect(org, request, |recorded| {
        let keep = match &recorded.event {
            Event::ApprovalRequested(_) => recorded.seq == request,
            event => about(event).1 == Some(request),
        };
        let ends = matches!(
            recorded.event,
            Event::ApprovalExpired { .. }
                | Event::ApprovalCompleted { approved: false, .. }
                | Event::ApprovalInvalidated { .. }
                | Event::DraftPosted(_)
        );
        (keep, keep && ends)
    })
    .await
}

/// Events from one on that are kept, until one that ends it; none where that first one is not.
async fn collect(org: &OrgStore, from: Seq, mut keep: impl FnMut(&Recorded) -> (bool, bool)) -> Result<Vec<Recorded>, Problem> {
    let mut found = Vec::new();
    let mut commits = Box::pin(org.commits(from, None));
    while let Some(commit) = commits.try_next().await? {
        for recorded in to_chain(org.org(), commit).events() {
            let recorded = recorded.map_err(|source| LoadError::Codec { org: org.org(), source })?;
            if recorded.seq < from {
                continue;
            }
            let (kept, ends) = keep(&recorded);
            if !kept && recorded.seq == from {
                return Ok(found);
            }
            if kept {
                found.push(recorded);
            }
            if ends {
                return Ok(found);
            }
        }
    }
    Ok(found)
}
