//! Verifies what is in the database: every commit of an organization by its place in the table, then the rows that speak
//! about the stream, as of one moment.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use futures::stream::{self, Stream};
use ledger_core::chain::Commit;
use ledger_core::codec::snapshot;
use ledger_core::merkle::Hash;
use ledger_core::{Seq, Timestamp};
use sqlx::{PgConnection, Row};
use tokio::sync::mpsc;
use uuid::Uuid;

use super::links::{Against, Linked, Place};
use super::names::{NameSum, fingerprint};
use super::pipeline::Verifier;
use super::{Check, Finding, Interrupted, KeptHead, Report, short};
use crate::commits::{PAGE_BYTES, PAGE_COMMITS, from_datetime, from_i64, get, read_commit, read_head, to_i64};
use crate::error::{Doing, StoreError};
use crate::load::to_chain;
use crate::tenant::{OrgStore, OrgTx};

/// Rows of keys and names that are read at once.
const PAGE_ROWS: i64 = 20_000;
/// Wrong names that are looked for one by one.
const NAMES_LISTED: usize = 100;

/// Why a verification did not come to its end.
#[derive(Debug, thiserror::Error)]
pub enum VerifyError {
    /// The database failed, or a row in it is no commit at all.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The runtime is shutting down.
    #[error(transparent)]
    Interrupted(#[from] Interrupted),
}

/// What to compare an organization's history with, and who is told how far it has come.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Heads that were kept outside.
    pub kept: Vec<KeptHead>,
    /// Other organizations from which commits may have been moved: makes messages clearer.
    pub others: Vec<Uuid>,
    /// Counts the events that were checked.
    pub progress: Arc<AtomicU64>,
}

/// Verifies everything that is kept about an organization.
///
/// # Errors
/// [`VerifyError`] when it cannot go on; what does not hold is in the report.
pub async fn verify(org: &OrgStore, options: Options) -> Result<Report, VerifyError> {
    let id = org.org().0;
    let kept = options.kept.into_iter().filter(|head| head.org.is_none_or(|org| org == id)).collect();
    let snapshots = snapshot_positions(org).await?;
    let against = Against { kept, snapshots: snapshots.clone(), others: options.others };
    let mut pump = Pump::start(id, against, options.progress);
    let read_ahead = read_everything(org.clone());
    let after = pump.forward(org, read_ahead).await?;
    // What was appended meanwhile, and all that speaks about the stream, as of one moment.
    let mut tx = org.begin_read().await?;
    let head = sqlx::query("SELECT seq, hash, recorded_at FROM ledger.stream_head WHERE org_id = $1")
        .bind(id)
        .fetch_optional(&mut *tx)
        .await
        .doing("read the stream's head")?
        .ok_or(StoreError::UnknownOrg(org.org()))?;
    let head = read_head(&head)?;
    let mut last = after;
    loop {
        let page = page_after(&mut tx, id, last, org).await?;
        let Some(commit) = page.last() else { break };
        last = commit.header.first_seq;
        pump.send(page).await?;
    }
    let linked = pump.finish().await?;
    let mut rest = Rest { org, tx, linked };
    rest.compare_head(head.seq, &head.hash);
    rest.compare_keys().await?;
    rest.compare_names().await?;
    rest.compare_snapshots(&snapshots).await?;
    rest.tx.rollback().await?;
    Ok(rest.linked.report)
}

/// A verifier on a thread that may wait.
struct Pump {
    pages: mpsc::Sender<Vec<Commit>>,
    worker: tokio::task::JoinHandle<Result<Linked, Interrupted>>,
}

impl Pump {
    fn start(org: Uuid, against: Against, progress: Arc<AtomicU64>) -> Self {
        let (pages, mut arriving) = mpsc::channel::<Vec<Commit>>(1);
        let worker = tokio::task::spawn_blocking(move || {
            let mut verifier = Verifier::start(org, against, true, progress);
            while let Some(page) = arriving.blocking_recv() {
                page.into_iter().try_for_each(|commit| verifier.push(commit))?;
            }
            verifier.finish()
        });
        Self { pages, worker }
    }

    async fn send(&self, page: Vec<Commit>) -> Result<(), Interrupted> {
        self.pages.send(page).await.map_err(|_| Interrupted)
    }

    /// Sends every page on; answers where the last commit begins.
    async fn forward(&mut self, org: &OrgStore, mut pages: mpsc::Receiver<Result<Vec<Commit>, StoreError>>) -> Result<Seq, VerifyError> {
        let mut after = 0;
        loop {
            let page = pages.recv().await.ok_or(StoreError::Interrupted(org.org()))??;
            let Some(last) = page.last() else { return Ok(after) };
            after = last.header.first_seq;
            self.send(page).await?;
        }
    }

    async fn finish(self) -> Result<Linked, Interrupted> {
        drop(self.pages);
        self.worker.await.map_err(|_| Interrupted)?
    }
}

/// Pages one ahead, in transactions of their own: a long verification holds back no vacuum. An empty page ends them.
fn read_everything(org: OrgStore) -> mpsc::Receiver<Result<Vec<Commit>, StoreError>> {
    let (sender, pages) = mpsc::channel(1);
    tokio::spawn(async move {
        let mut after = Some(0);
        while let Some(from) = after {
            let page = read_page(&org, from).await;
            after = page.as_ref().ok().and_then(|page| page.last()).map(|commit| commit.header.first_seq);
            if sender.send(page).await.is_err() {
                return; // nobody reads on
            }
        }
    });
    pages
}

/// Every commit of an organization as it stands in the table, whatever it claims to hold; for archives.
pub fn history(org: &OrgStore) -> impl Stream<Item = Result<Commit, StoreError>> + Send + use<> {
    let state = Some((read_everything(org.clone()), Vec::new().into_iter(), org.org()));
    stream::unfold(state, |state| async {
        let (mut pages, mut page, org) = state?;
        loop {
            if let Some(commit) = page.next() {
                return Some((Ok(commit), Some((pages, page, org))));
            }
            match pages.recv().await {
                Some(Ok(next)) if Vec::is_empty(&next) => return None,
                Some(Ok(next)) => page = next.into_iter(),
                Some(Err(error)) => return Some((Err(error), None)),
                None => return Some((Err(StoreError::Interrupted(org)), None)),
            }
        }
    })
}

async fn read_page(org: &OrgStore, after: Seq) -> Result<Vec<Commit>, StoreError> {
    let mut tx = org.begin_read().await?;
    let page = page_after(&mut tx, org.org().0, after, org).await?;
    tx.rollback().await?;
    Ok(page)
}

/// By the commits' own places in the table and not by the events that they claim to hold, so that none is passed over
/// however the table was changed. Lengths are known to the server without fetching the payloads.
const PAGE: &str = "
SELECT first_seq, event_count, recorded_at, codec, base_id, prev_hash, tree_root, hash, payload
  FROM (SELECT c.*, sum(octet_length(c.payload)) OVER (ORDER BY c.first_seq) - octet_length(c.payload) AS bytes_before
          FROM (SELECT * FROM ledger.commits WHERE org_id = $1 AND first_seq > $2 ORDER BY first_seq LIMIT $3) AS c) AS paged
 WHERE bytes_before = 0 OR bytes_before < $4
 ORDER BY first_seq";

async fn page_after(connection: &mut PgConnection, id: Uuid, after: Seq, org: &OrgStore) -> Result<Vec<Commit>, StoreError> {
    let rows = sqlx::query(PAGE)
        .bind(id)
        .bind(to_i64("first_seq", after)?)
        .bind(i64::from(PAGE_COMMITS))
        .bind(i64::try_from(PAGE_BYTES).unwrap_or(i64::MAX))
        .fetch_all(connection)
        .await
        .doing("read commits")?;
    rows.iter().map(|row| Ok(to_chain(org.org(), read_commit(row)?))).collect()
}

async fn snapshot_positions(org: &OrgStore) -> Result<Vec<Seq>, StoreError> {
    let mut tx = org.begin_read().await?;
    let found: Vec<i64> = sqlx::query_scalar("SELECT seq FROM ledger.snapshot WHERE org_id = $1 AND codec = $2 ORDER BY seq")
        .bind(org.org().0)
        .bind(i16::try_from(snapshot::VERSION).unwrap_or(i16::MAX))
        .fetch_all(&mut *tx)
        .await
        .doing("list snapshots")?;
    tx.rollback().await?;
    found.into_iter().map(|seq| from_i64("seq of a snapshot", seq)).collect()
}

/// What is compared when the stream has passed.
struct Rest<'a> {
    org: &'a OrgStore,
    tx: OrgTx,
    linked: Linked,
}

impl Rest<'_> {
    fn find(&mut self, check: Check, first_seq: Seq, last_seq: Seq, detail: String) {
        self.linked.report.add(Finding { check, first_seq, last_seq, commits: 0, detail });
    }

    fn compare_head(&mut self, seq: Seq, hash: &Hash) {
        self.linked.report.beyond.head = true;
        let (end, end_hash) = (self.linked.end_seq, self.linked.end_hash);
        if seq > end {
            let detail = format!("the stream's head is at seq {seq} and history ends at seq {end}: its tail is missing");
            self.find(Check::Head, end + 1, seq, detail);
        } else if seq < end {
            let detail = format!(
                "the stream's head is at seq {seq}, yet commits follow it: they were added past the writer, or the head was moved back"
            );
            self.find(Check::Head, seq + 1, end, detail);
        } else if *hash != end_hash {
            let detail = format!("the stream's head has hash {} and the last commit {}", short(hash), short(&end_hash));
            self.find(Check::Head, seq, seq, detail);
        }
    }

    /// Every key names events of one commit that is there, and was recorded with it.
    async fn compare_keys(&mut self) -> Result<(), StoreError> {
        const KEYS: &str = "SELECT key, first_seq, event_count, recorded_at FROM ledger.idempotency_key
                             WHERE org_id = $1 AND key > $2 ORDER BY key LIMIT $3";
        let (mut after, mut count) = (String::new(), 0);
        loop {
            let rows = sqlx::query(KEYS)
                .bind(self.org.org().0)
                .bind(&after)
                .bind(PAGE_ROWS)
                .fetch_all(&mut *self.tx)
                .await
                .doing("read idempotency keys")?;
            let Some(last) = rows.last() else { break };
            after = get(last, "key")?;
            for row in &rows {
                count += 1;
                let first = from_i64("first_seq of a key", get(row, "first_seq")?)?;
                let events = from_i64("event_count of a key", i64::from(get::<i32>(row, "event_count")?))?;
                let problem = wrong_key(&self.linked.places, first, events, from_datetime(get(row, "recorded_at")?));
                if let Some(problem) = problem {
                    let key: &str = row.try_get("key").doing("read a key")?;
                    self.find(Check::Key, first, first + events.max(1) - 1, format!("idempotency key {key:?} {problem}"));
                }
            }
        }
        self.linked.report.beyond.keys = Some(count);
        Ok(())
    }

    /// Every external id names the entry that bears it, and every entry that bears one is named.
    async fn compare_names(&mut self) -> Result<(), VerifyError> {
        let mut sum = NameSum::default();
        let mut after = String::new();
        while let Some(page) = self.names_page(&after).await? {
            page.iter().for_each(|(name, seq)| sum.add(name, *seq));
            after = page.last().map(|(name, _)| name.clone()).unwrap_or_default();
        }
        self.linked.report.beyond.external_ids = Some(sum.count);
        if sum == self.linked.names {
            return Ok(());
        }
        let mut wrong = self.names_of_history().await?;
        let mut after = String::new();
        while let Some(page) = self.names_page(&after).await? {
            for (name, seq) in &page {
                if wrong.remove(&fingerprint(name, *seq)[0]).is_none() {
                    self.find(Check::ExternalId, *seq, *seq, format!("external id {name:?} is kept for an event that does not bear it"));
                }
            }
            after = page.last().map(|(name, _)| name.clone()).unwrap_or_default();
        }
        let mut unnamed: Vec<(Seq, String)> = wrong.into_values().collect();
        unnamed.sort_unstable();
        for (seq, name) in unnamed.into_iter().take(NAMES_LISTED) {
            self.find(
                Check::ExternalId,
                seq,
                seq,
                format!("the entry bears external id {name:?}, which is not kept for it: it could be posted again"),
            );
        }
        Ok(())
    }

    async fn names_page(&mut self, after: &str) -> Result<Option<Vec<(String, Seq)>>, StoreError> {
        const NAMES: &str =
            "SELECT external_id, seq FROM ledger.external_id WHERE org_id = $1 AND external_id > $2 ORDER BY external_id LIMIT $3";
        let rows: Vec<(String, i64)> = sqlx::query_as(NAMES)
            .bind(self.org.org().0)
            .bind(after)
            .bind(PAGE_ROWS)
            .fetch_all(&mut *self.tx)
            .await
            .doing("read external ids")?;
        let page = rows
            .into_iter()
            .map(|(name, seq)| Ok((name, from_i64("seq of an external id", seq)?)))
            .collect::<Result<Vec<_>, StoreError>>()?;
        Ok((!page.is_empty()).then_some(page))
    }

    /// All names in history, read once more. Only when something is wrong with them.
    async fn names_of_history(&mut self) -> Result<HashMap<u128, (Seq, String)>, StoreError> {
        let mut names = HashMap::new();
        let mut after = 0;
        loop {
            let page = page_after(&mut self.tx, self.org.org().0, after, self.org).await?;
            let Some(last) = page.last() else { return Ok(names) };
            after = last.header.first_seq;
            for recorded in page.iter().flat_map(Commit::events).filter_map(Result::ok) {
                if let Some(name) = recorded.event.entry().and_then(|entry| entry.header().external_id.as_ref()) {
                    names.insert(fingerprint(name, recorded.seq)[0], (recorded.seq, name.to_string()));
                }
            }
        }
    }

    async fn compare_snapshots(&mut self, positions: &[Seq]) -> Result<(), StoreError> {
        let mut compared = 0;
        for seq in positions {
            let Some(kept) = self.org.latest_snapshot(snapshot::VERSION, Some(*seq)).await?.filter(|kept| kept.seq == *seq) else {
                continue;
            };
            let state = self.linked.states.iter().find(|(at, _)| at == seq).map(|(_, hash)| *hash);
            let problem = match state {
                Some(hash) if hash == *blake3::hash(&kept.state).as_bytes() => None,
                Some(_) => Some("it is not the state that history gives"),
                None if self.linked.foldable => Some("no commit ends there"),
                None => continue, // history is damaged before it
            };
            compared += 1;
            if let Some(problem) = problem {
                self.find(Check::Snapshot, *seq, *seq, format!("the snapshot is wrong: {problem}. Drop it; it is only a shortcut"));
            }
        }
        self.linked.report.beyond.snapshots = Some(compared);
        Ok(())
    }
}

fn wrong_key(places: &[Place], first: Seq, events: u64, recorded_at: Timestamp) -> Option<&'static str> {
    let index = places.partition_point(|place| place.first <= first);
    let place = index.checked_sub(1).and_then(|index| places.get(index)).filter(|place| first <= place.last);
    match place {
        None => Some("names events that are not in history"),
        Some(place) if first + events.max(1) - 1 > place.last => Some("names events of more than one commit"),
        Some(place) if recorded_at != place.recorded_at => Some("was recorded at another time than its events"),
        Some(_) => None,
    }
}
