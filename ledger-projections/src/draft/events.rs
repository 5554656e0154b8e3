//! Which events are about a draft: what its history is made of.

use std::collections::BTreeMap;

use ledger_core::event::Recorded;
use ledger_core::{Event, Seq};
use ledger_store::{OrgStore, OrgTx};

use super::Draft;
use crate::checkpoint::Checkpoint;
use crate::compare::{Differences, column};
use crate::error::{Doing, ProjectionError, to_i64, to_seq};
use crate::projection::Projection;

/// Rows that one statement writes.
const STATEMENT_ROWS: usize = 8_192;
/// Rows that one statement reads.
const PAGE: i64 = 16_384;

/// What an event that follows on a draft is about: the draft, a request for its approval, or both.
#[must_use]
pub fn about(event: &Event) -> (Option<Seq>, Option<Seq>) {
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

/// The events of a draft, itself first, as far as the read model has come; and how far that is. `None` where its rows are an
/// older program's, which did not keep them.
///
/// # Errors
/// [`ProjectionError`] when the server fails.
pub async fn events_of(org: &OrgStore, draft: Seq) -> Result<Option<(Seq, Vec<Seq>)>, ProjectionError> {
    let mut tx = org.begin_read().await?;
    let checkpoint = Checkpoint::of(&mut tx, Draft::NAME).await?;
    let Some(checkpoint) = checkpoint.filter(|checkpoint| checkpoint.version == i32::from(Draft.version())) else {
        tx.rollback().await?;
        return Ok(None);
    };
    let found: Vec<i64> = sqlx::query_scalar("SELECT seq FROM read.draft_event WHERE org_id = $1 AND draft_seq = $2 ORDER BY seq")
        .bind(tx.org().0)
        .bind(to_i64(draft))
        .fetch_all(&mut *tx)
        .await
        .doing("look up a draft's events")?;
    tx.rollback().await?;
    let seqs: Result<Vec<Seq>, _> = found.into_iter().map(|seq| to_seq("seq of a draft's event", seq)).collect();
    Ok(Some((checkpoint.seq, seqs?)))
}

/// What an event names.
#[derive(Clone, Copy, Debug)]
enum Named {
    Draft(i64),
    Request(i64),
}

/// Events on their way to rows, in the order of history.
#[derive(Clone, Debug, Default)]
pub(crate) struct Links(Vec<(i64, Named)>);

impl Links {
    pub(super) fn add(&mut self, recorded: &Recorded) {
        let named = match (&recorded.event, about(&recorded.event)) {
            (Event::Drafted(_), _) => Named::Draft(to_i64(recorded.seq)),
            (_, (Some(draft), _)) => Named::Draft(to_i64(draft)),
            (_, (None, Some(request))) => Named::Request(to_i64(request)),
            (_, (None, None)) => return,
        };
        self.0.push((to_i64(recorded.seq), named));
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// Each event's draft. Requests that were made before are looked up in what is there.
    async fn resolve(self, tx: &mut OrgTx) -> Result<BTreeMap<i64, i64>, ProjectionError> {
        let mut drafts: BTreeMap<i64, i64> = BTreeMap::new();
        let named = |(seq, named): &(i64, Named)| if let Named::Draft(draft) = named { Some((*seq, *draft)) } else { None };
        drafts.extend(self.0.iter().filter_map(named));
        let requests = self.0.iter().filter_map(|(_, named)| if let Named::Request(request) = named { Some(*request) } else { None });
        let earlier: Vec<i64> = requests.filter(|request| !drafts.contains_key(request)).collect();
        let before: BTreeMap<i64, i64> = if earlier.is_empty() { BTreeMap::new() } else { load(tx, &earlier).await? };
        for (seq, named) in self.0 {
            let Named::Request(request) = named else { continue };
            let draft = drafts.get(&request).or_else(|| before.get(&request)).copied();
            let missing = || ProjectionError::Damaged { what: "a request's draft", found: format!("none for event {request}") };
            drafts.insert(seq, draft.ok_or_else(missing)?);
        }
        Ok(drafts)
    }
}

async fn load(tx: &mut OrgTx, requests: &[i64]) -> Result<BTreeMap<i64, i64>, ProjectionError> {
    let rows: Vec<(i64, i64)> = sqlx::query_as("SELECT seq, draft_seq FROM read.draft_event WHERE org_id = $1 AND seq = ANY ($2)")
        .bind(tx.org().0)
        .bind(requests)
        .fetch_all(&mut **tx)
        .await
        .doing("read drafts of requests")?;
    Ok(rows.into_iter().collect())
}

/// Writes the rows of a batch in the transaction.
pub(super) async fn write(tx: &mut OrgTx, links: Links) -> Result<(), ProjectionError> {
    let rows: Vec<(i64, i64)> = links.resolve(tx).await?.into_iter().collect();
    for statement in rows.chunks(STATEMENT_ROWS) {
        let (seqs, drafts): (Vec<i64>, Vec<i64>) = statement.iter().copied().unzip();
        sqlx::query(
            "INSERT INTO read.draft_event AS e (org_id, draft_seq, seq) SELECT $1, u.* FROM unnest($2::bigint[], $3::bigint[]) AS u",
        )
        .bind(tx.org().0)
        .bind(drafts)
        .bind(seqs)
        .execute(&mut **tx)
        .await
        .doing("insert events of drafts")?;
    }
    Ok(())
}

/// Compares all rows.
pub(super) async fn compare(tx: &mut OrgTx, links: Links, differences: &mut Differences) -> Result<(), ProjectionError> {
    let draft = |draft: &i64, found: &i64| {
        let mut list = Vec::new();
        column(&mut list, "draft_seq", *draft, *found);
        list
    };
    let mut expected = links.resolve(tx).await?.into_iter().peekable();
    let mut after = i64::MIN;
    loop {
        let page: Vec<(i64, i64)> =
            sqlx::query_as("SELECT seq, draft_seq FROM read.draft_event WHERE org_id = $1 AND seq > $2 ORDER BY seq LIMIT $3")
                .bind(tx.org().0)
                .bind(after)
                .bind(PAGE)
                .fetch_all(&mut **tx)
                .await
                .doing("read events of drafts")?;
        let Some(last) = page.last().map(|row| row.0) else {
            differences.merge("draft_event", expected, std::iter::empty::<(i64, i64)>(), draft);
            return Ok(());
        };
        let due: Vec<_> = std::iter::from_fn(|| expected.next_if(|(seq, _)| *seq <= last)).collect();
        differences.merge("draft_event", due.into_iter(), page.into_iter(), draft);
        after = last;
    }
}
