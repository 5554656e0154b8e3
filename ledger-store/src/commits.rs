//! The commit log: append under the fence, and read history back as raw commits.
//!
//! A commit is opaque here: its bytes, hashes and events mean something to `ledger-core` only. Who decides what to
//! append, and retries after a lost race, is the writer's business. Keys and external ids are read in [`crate::keys`].

use chrono::{DateTime, Utc};
use futures::stream::{self, Stream};
use ledger_core::{Seq, Timestamp};
use sqlx::postgres::{PgDatabaseError, PgRow};
use sqlx::{Connection, PgConnection, Row};
use tokio::sync::mpsc;
use uuid::Uuid;

use crate::error::{Doing, StoreError, sqlstate};
use crate::keys::{NewExternalId, NewKey};
use crate::tenant::{OrgStore, OrgTx};

/// SQLSTATE of [`AppendError::DuplicateKey`].
pub const SQLSTATE_DUPLICATE_KEY: &str = "LK001";
/// SQLSTATE of [`AppendError::DuplicateExternalId`].
pub const SQLSTATE_DUPLICATE_EXTERNAL_ID: &str = "LK002";
/// SQLSTATE of [`AppendError::Fenced`] where the commit's place was free and the head was elsewhere.
pub const SQLSTATE_FENCED: &str = "LK004";
/// SQLSTATE of [`AppendError::Fenced`] where the commit's place is taken.
const SQLSTATE_NOT_UNIQUE: &str = "23505";
/// SQLSTATE of an attempt to UPDATE, DELETE or TRUNCATE commits.
pub const SQLSTATE_APPEND_ONLY: &str = "LK003";

/// Bytes that an idempotency key has at most.
const KEY_BYTES_MAX: usize = 1_000;

/// Commits that one page of a read holds at most.
pub const PAGE_COMMITS: u32 = 4_096;
/// Bytes of payload after which a page of a read ends.
pub const PAGE_BYTES: u64 = 4 << 20;

/// One row of the log: what one durable transaction appended, or is about to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Commit {
    /// The number of its first event.
    pub first_seq: Seq,
    /// How many events the payload holds; at least 1.
    pub event_count: u32,
    /// When it was recorded, to the microsecond.
    pub recorded_at: Timestamp,
    /// Version of the payload's encoding; at least 1.
    pub codec: u16,
    /// What the events' ids are derived from.
    pub base_id: Uuid,
    /// Hash of the commit before, or of the organization's genesis.
    pub prev_hash: [u8; 32],
    /// Root of the Merkle tree over the events.
    pub tree_root: [u8; 32],
    /// Hash of this commit.
    pub hash: [u8; 32],
    /// The encoded events, back to back; never empty.
    pub payload: Vec<u8>,
}

/// A commit on its way in.
pub type NewCommit = Commit;
/// A commit as it was read.
pub type StoredCommit = Commit;

impl Commit {
    /// The number of its last event.
    #[must_use]
    pub fn last_seq(&self) -> Seq {
        self.first_seq.saturating_add(u64::from(self.event_count)).saturating_sub(1)
    }
}

/// Where a stream ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    /// The last event's number; 0 when there is none yet.
    pub seq: Seq,
    /// The last commit's hash, or the genesis hash.
    pub hash: [u8; 32],
    /// When the last commit was recorded, or the organization created.
    pub recorded_at: Timestamp,
}

/// A commit that is durable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Appended {
    /// The last event's number: the new head.
    pub seq: Seq,
}

/// A commit whose payload is on the server, in a transaction that is still open. Dropping it undoes that.
#[derive(Debug)]
pub struct Staged {
    tx: sqlx::Transaction<'static, sqlx::Postgres>,
    row: AppendRow,
}

/// Why there is no [`Appended`].
#[derive(Debug, thiserror::Error)]
pub enum AppendError {
    /// The head is not where the caller believed: somebody else appended, or there is no such organization.
    /// Nothing was changed. Load the tail and decide again.
    #[error("the stream's head has moved on: load the commits after the expected one and decide again")]
    Fenced,
    /// An idempotency key is in use, or came twice in this append. Nothing was changed.
    #[error("idempotency key {key:?} was used before: answer with what it was answered then")]
    DuplicateKey {
        /// Which one; the first found.
        key: String,
    },
    /// An external id is in use, or came twice in this append. Nothing was changed.
    #[error("external id {external_id:?} is in use: an entry with this id was posted before")]
    DuplicateExternalId {
        /// Which one; the first found.
        external_id: String,
    },
    /// It may have happened. Ask [`OrgStore::resolve`] before answering anybody.
    #[error("whether the commit became durable is unknown: {0}")]
    OutcomeUnknown(StoreError),
    /// It did not happen, and nothing was changed. [`StoreError::is_transient`] says whether another attempt may help.
    #[error("the commit was refused: {0}")]
    Refused(StoreError),
}

/// What became of a commit whose outcome was unknown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Resolution {
    /// It is in the stream.
    Committed(Appended),
    /// It is not there and its place is free. The lost attempt may still get through: append the very same commit
    /// again, and whichever comes second is fenced; then ask again.
    NotYet,
    /// Another commit took its place: it can never get in.
    Overtaken,
}

const APPEND_POSTING: &str = "SELECT ledger.append_posting($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)";
const APPEND_COMMIT: &str = "SELECT ledger.append_commit($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)";
const STAGE_COMMIT: &str = "SELECT ledger.stage_commit($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";
const FINISH_COMMIT: &str = "SELECT ledger.finish_commit($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)";

type Statement<'q> = sqlx::query::Query<'q, sqlx::Postgres, sqlx::postgres::PgArguments>;

/// The parameters of keys and external ids, in the order that the functions take them.
trait BindNames<'q> {
    /// At most one key, as scalars.
    fn bind_key(self, key: Option<&'q NewKey>, row: &AppendRow) -> Self;
    /// Any number, as arrays that run in step.
    fn bind_names(self, keys: &'q [NewKey], external_ids: &'q [NewExternalId], row: &AppendRow) -> Self;
}

impl<'q> BindNames<'q> for Statement<'q> {
    fn bind_key(self, key: Option<&'q NewKey>, row: &AppendRow) -> Self {
        self.bind(key.map(|key| key.key.as_str()))
            .bind(key.map(|key| key.request_hash.as_slice()))
            .bind(row.key_seqs.first().copied())
            .bind(row.key_counts.first().copied())
    }

    fn bind_names(self, keys: &'q [NewKey], external_ids: &'q [NewExternalId], row: &AppendRow) -> Self {
        self.bind(keys.iter().map(|k| k.key.as_str()).collect::<Vec<_>>())
            .bind(keys.iter().map(|k| k.request_hash.as_slice()).collect::<Vec<_>>())
            .bind(row.key_seqs.clone())
            .bind(row.key_counts.clone())
            .bind(external_ids.iter().map(|e| e.external_id.as_str()).collect::<Vec<_>>())
            .bind(row.external_seqs.clone())
    }
}

impl OrgStore {
    /// Where the stream ends. One round trip.
    ///
    /// # Errors
    /// [`StoreError::UnknownOrg`] when the organization is not in this database.
    pub async fn head(&self) -> Result<Head, StoreError> {
        self.head_on(self.store().pool()).await
    }

    async fn head_on(&self, executor: impl sqlx::PgExecutor<'_>) -> Result<Head, StoreError> {
        let row = sqlx::query("SELECT seq, hash, recorded_at FROM ledger.head($1)")
            .bind(self.org().0)
            .fetch_optional(executor)
            .await
            .doing("read the stream's head")?
            .ok_or(StoreError::UnknownOrg(self.org()))?;
        read_head(&row)
    }

    /// Appends one commit after event `expected_seq`, with its keys and external ids: all of it durable, or none.
    /// One round trip, one transaction. Dropping the future leaves the outcome unknown.
    ///
    /// # Errors
    /// See [`AppendError`]. A `first_seq` that does not follow `expected_seq` is refused without asking the server.
    #[tracing::instrument(name = "ledger.append", level = "info", skip_all)]
    pub async fn append_commit(
        &self,
        commit: &NewCommit,
        expected_seq: Seq,
        keys: &[NewKey],
        external_ids: &[NewExternalId],
    ) -> Result<Appended, AppendError> {
        let mut connection = self.store().pool().acquire().await.doing("get a connection").map_err(AppendError::Refused)?;
        self.append_commit_on(&mut connection, commit, expected_seq, keys, external_ids).await
    }

    /// As [`OrgStore::append_commit`], on a connection that the caller keeps. In a transaction of the caller's, what is
    /// appended is durable with that.
    ///
    /// # Errors
    /// As [`OrgStore::append_commit`]. After [`AppendError::OutcomeUnknown`] let the connection go.
    pub async fn append_commit_on(
        &self,
        connection: &mut PgConnection,
        commit: &NewCommit,
        expected_seq: Seq,
        keys: &[NewKey],
        external_ids: &[NewExternalId],
    ) -> Result<Appended, AppendError> {
        let row = AppendRow::new(commit, expected_seq, keys, external_ids).map_err(AppendError::Refused)?;
        // Within a transaction nothing can be looked up after an error.
        let alone = !connection.is_in_transaction();
        let append = match (keys, external_ids) {
            ([] | [_], []) if alone => self.placing(APPEND_POSTING, commit, &row).bind_key(keys.first(), &row),
            _ => self.placing(APPEND_COMMIT, commit, &row).bind_names(keys, external_ids, &row),
        };
        let answer: Result<String, _> = append.fetch_one(&mut *connection).await.and_then(|found| found.try_get(0));
        match (answer, keys) {
            (Ok(answer), _) if answer == "appended" => Ok(Appended { seq: commit.last_seq() }),
            (Ok(_), _) => Err(AppendError::Fenced),
            (Err(error), [key]) if alone && sqlstate(&error).as_deref() == Some(SQLSTATE_NOT_UNIQUE) => {
                Err(self.place_or_key(connection, commit, key).await)
            }
            (Err(error), _) => Err(classify(error)),
        }
    }

    /// What was not unique in a posting that was refused: its place, if that is taken, and else its key.
    async fn place_or_key(&self, connection: &mut PgConnection, commit: &NewCommit, key: &NewKey) -> AppendError {
        match self.head_on(connection).await {
            Ok(head) if head.seq < commit.first_seq => AppendError::DuplicateKey { key: key.key.clone() },
            Ok(_) => AppendError::Fenced,
            Err(error) => AppendError::Refused(error),
        }
    }

    /// The first half of an append, in a transaction of its own: the payload is on the server, the head has not moved.
    /// While it is staged, no other writer gets past its place.
    ///
    /// # Errors
    /// [`AppendError::Fenced`] when the place is taken; nothing is durable whatever the error.
    pub async fn stage(&self, commit: &NewCommit, keys: &[NewKey], external_ids: &[NewExternalId]) -> Result<Staged, AppendError> {
        let row = AppendRow::new(commit, commit.first_seq.saturating_sub(1), keys, external_ids).map_err(AppendError::Refused)?;
        let mut tx = self.store().pool().begin_with("BEGIN").await.doing("begin a transaction").map_err(AppendError::Refused)?;
        let staged = self.placing(STAGE_COMMIT, commit, &row).fetch_one(&mut *tx).await;
        let placed: bool = staged.and_then(|found| found.try_get(0)).doing("stage a commit").map_err(AppendError::Refused)?;
        if placed { Ok(Staged { tx, row }) } else { Err(AppendError::Fenced) }
    }

    /// The second half: moves the head and makes it durable.
    ///
    /// # Errors
    /// As [`OrgStore::append_commit`].
    pub async fn finish(
        &self,
        staged: Staged,
        commit: &NewCommit,
        keys: &[NewKey],
        external_ids: &[NewExternalId],
    ) -> Result<Appended, AppendError> {
        let Staged { mut tx, row } = staged;
        sqlx::query(FINISH_COMMIT)
            .bind(self.org().0)
            .bind(row.expected)
            .bind(commit.prev_hash.as_slice())
            .bind(row.event_count)
            .bind(row.recorded_at)
            .bind(commit.hash.as_slice())
            .bind_names(keys, external_ids, &row)
            .execute(&mut *tx)
            .await
            .map_err(|error| match classify(error) {
                AppendError::OutcomeUnknown(source) => AppendError::Refused(source), // COMMIT was not sent yet
                known => known,
            })?;
        tx.commit().await.doing("commit an append").map_err(AppendError::OutcomeUnknown)?;
        Ok(Appended { seq: commit.last_seq() })
    }

    /// A statement with the ten parameters that put a commit into its place.
    fn placing<'q>(&self, sql: &'static str, commit: &'q NewCommit, row: &AppendRow) -> Statement<'q> {
        sqlx::query(sql)
            .bind(self.org().0)
            .bind(row.expected)
            .bind(commit.prev_hash.as_slice())
            .bind(row.event_count)
            .bind(row.recorded_at)
            .bind(row.codec)
            .bind(commit.base_id)
            .bind(commit.tree_root.as_slice())
            .bind(commit.hash.as_slice())
            .bind(commit.payload.as_slice())
    }

    /// Finds out what became of a commit whose append ended in [`AppendError::OutcomeUnknown`].
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] while the server cannot be asked: ask again, nothing else tells.
    pub async fn resolve(&self, commit: &NewCommit) -> Result<Resolution, StoreError> {
        let mut tx = self.begin().await?;
        // Waits for an attempt that is still at work: it holds this row until it is through.
        let row = sqlx::query("SELECT seq, hash, recorded_at FROM ledger.stream_head WHERE org_id = $1 FOR UPDATE")
            .bind(self.org().0)
            .fetch_optional(&mut *tx)
            .await
            .doing("read the stream's head")?
            .ok_or(StoreError::UnknownOrg(self.org()))?;
        let head = read_head(&row)?;
        let there: Option<Vec<u8>> = sqlx::query_scalar("SELECT hash FROM ledger.commits WHERE org_id = $1 AND first_seq = $2")
            .bind(self.org().0)
            .bind(to_i64("first_seq", commit.first_seq)?)
            .fetch_optional(&mut *tx)
            .await
            .doing("look for the commit")?;
        tx.rollback().await?;
        Ok(match there {
            Some(hash) if hash == commit.hash => Resolution::Committed(Appended { seq: commit.last_seq() }),
            None if head.seq < commit.first_seq => Resolution::NotYet,
            _ => Resolution::Overtaken,
        })
    }

    /// The commit that holds event `seq`: one index probe.
    ///
    /// # Errors
    /// [`StoreError::NoSuchEvent`] when the stream does not reach that far.
    pub async fn commit_at(&self, seq: Seq) -> Result<StoredCommit, StoreError> {
        let missing = StoreError::NoSuchEvent { org: self.org(), seq };
        let Ok(probe) = i64::try_from(seq) else { return Err(missing) };
        let mut tx = self.begin_read().await?;
        let row = sqlx::query(COMMIT_AT).bind(self.org().0).bind(probe).fetch_optional(&mut *tx).await;
        let commit = row.doing("read a commit")?.as_ref().map(read_commit).transpose()?;
        tx.rollback().await?;
        match commit {
            Some(commit) if commit.last_seq() >= seq && seq > 0 => Ok(commit),
            _ => Err(missing),
        }
    }

    /// The commits that hold events after `after`, in order: one page, empty at the end of the stream.
    ///
    /// A page ends after [`PAGE_COMMITS`] commits or `max_bytes` of payload, and holds at least one commit.
    /// The first may begin before `after` when `after` lies inside a commit.
    ///
    /// # Errors
    /// [`StoreError`] when the server fails.
    pub async fn commits_after(&self, after: Seq, max_bytes: u64) -> Result<Vec<StoredCommit>, StoreError> {
        let mut tx = self.begin_read().await?;
        let page = tx.commits_after(after, max_bytes).await?;
        tx.rollback().await?;
        Ok(page)
    }

    /// The commits that hold events from `from` to `to` (to the end when `None`), in order, each once.
    ///
    /// Read page by page, one ahead, in transactions of their own: memory stays flat, and an hour's reading holds back
    /// no vacuum. An append-only log reads the same either way. The end of the stream is where it ends on arrival.
    pub fn commits(&self, from: Seq, to: Option<Seq>) -> impl Stream<Item = Result<StoredCommit, StoreError>> + Send + use<> {
        let (sender, receiver) = mpsc::channel(1);
        tokio::spawn(read_pages(self.clone(), from.max(1) - 1, to.unwrap_or(Seq::MAX), sender));
        let state = Some((receiver, Vec::new().into_iter(), self.org()));
        stream::unfold(state, |state| async {
            let (mut receiver, mut page, org) = state?;
            loop {
                if let Some(commit) = page.next() {
                    return Some((Ok(commit), Some((receiver, page, org))));
                }
                match receiver.recv().await {
                    Some(Ok(next)) if Vec::is_empty(&next) => return None,
                    Some(Ok(next)) => page = next.into_iter(),
                    Some(Err(error)) => return Some((Err(error), None)),
                    None => return Some((Err(StoreError::Interrupted(org)), None)),
                }
            }
        })
    }
}

impl OrgTx {
    /// As [`OrgStore::commits_after`], inside this transaction.
    ///
    /// # Errors
    /// [`StoreError`] when the server fails.
    pub async fn commits_after(&mut self, after: Seq, max_bytes: u64) -> Result<Vec<StoredCommit>, StoreError> {
        let Ok(after) = i64::try_from(after) else { return Ok(Vec::new()) };
        let org = self.org().0;
        let rows = sqlx::query(COMMITS_AFTER)
            .bind(org)
            .bind(after)
            .bind(i64::from(PAGE_COMMITS))
            .bind(i64::try_from(max_bytes).unwrap_or(i64::MAX))
            .fetch_all(&mut **self)
            .await
            .doing("read commits")?;
        rows.iter().map(read_commit).collect()
    }
}

#[doc(hidden)]
pub const COMMIT_AT: &str = "
SELECT first_seq, event_count, recorded_at, codec, base_id, prev_hash, tree_root, hash, payload
  FROM ledger.commits WHERE org_id = $1 AND first_seq <= $2 ORDER BY first_seq DESC LIMIT 1";

/// The inner select finds the page by lengths alone, which the server knows without fetching the payloads. Where it begins is
/// compared with a plain value: COALESCE around it would count as a function that may leak, which row-level security runs after
/// its own condition, so that every read would go through all of the organization's history.
#[doc(hidden)]
pub const COMMITS_AFTER: &str = "
SELECT first_seq, event_count, recorded_at, codec, base_id, prev_hash, tree_root, hash, payload
  FROM (SELECT c.*, sum(octet_length(c.payload)) OVER (ORDER BY c.first_seq) - octet_length(c.payload) AS bytes_before
          FROM (SELECT * FROM ledger.commits
                 WHERE org_id = $1
                   AND first_seq >= (SELECT p.first_seq FROM ledger.commits AS p
                                      WHERE p.org_id = $1 AND p.first_seq <= greatest($2, 1) ORDER BY p.first_seq DESC LIMIT 1)
                   AND first_seq + event_count > $2 + 1
                 ORDER BY first_seq LIMIT $3) AS c) AS paged
 WHERE bytes_before = 0 OR bytes_before < $4
 ORDER BY first_seq";

/// Sends pages until the end of the stream or of the wish, then an empty one: a channel that closes without it was cut off.
async fn read_pages(org: OrgStore, mut after: Seq, to: Seq, sender: mpsc::Sender<Result<Vec<StoredCommit>, StoreError>>) {
    loop {
        let page = if after >= to {
            Ok(Vec::new())
        } else {
            org.commits_after(after, PAGE_BYTES).await.map(|mut page| {
                page.retain(|commit| commit.first_seq <= to);
                page
            })
        };
        let last = page.as_ref().ok().and_then(|page| page.last()).map(Commit::last_seq);
        if sender.send(page).await.is_err() {
            return; // nobody reads on
        }
        match last {
            Some(last) => after = last,
            None => return,
        }
    }
}

/// The numbers of an append, as the types that Postgres has for them.
#[derive(Debug)]
struct AppendRow {
    expected: i64,
    event_count: i32,
    recorded_at: DateTime<Utc>,
    codec: i16,
    key_seqs: Vec<i64>,
    key_counts: Vec<i32>,
    external_seqs: Vec<i64>,
}

impl AppendRow {
    fn new(commit: &NewCommit, expected_seq: Seq, keys: &[NewKey], external_ids: &[NewExternalId]) -> Result<Self, StoreError> {
        if commit.first_seq.checked_sub(1) != Some(expected_seq) {
            return Err(StoreError::OutOfRange {
                what: "first_seq of the commit",
                found: format!("{} with expected_seq {expected_seq}", commit.first_seq),
                expected: "expected_seq + 1",
            });
        }
        let counts = [
            ("event_count", u64::from(commit.event_count)),
            ("codec", u64::from(commit.codec)),
            ("payload", u64::try_from(commit.payload.len()).unwrap_or(u64::MAX)),
        ];
        if let Some((what, _)) = counts.into_iter().find(|(_, found)| *found == 0) {
            return Err(out_of_range(what, 0, "at least 1"));
        }
        let within = |seq: Seq| seq >= commit.first_seq && seq <= commit.last_seq();
        let outside = keys.iter().map(|k| k.first_seq).chain(external_ids.iter().map(|e| e.seq)).find(|s| !within(*s));
        if let Some(seq) = outside {
            return Err(StoreError::OutOfRange {
                what: "seq of a key or external id",
                found: format!("{seq} in a commit of {}..={}", commit.first_seq, commit.last_seq()),
                expected: "an event of the commit it comes with",
            });
        }
        if let Some(key) = keys.iter().find(|key| key.key.is_empty() || key.key.len() > KEY_BYTES_MAX) {
            return Err(out_of_range("length of a key", key.key.len(), "1 to 1,000 bytes"));
        }
        Ok(Self {
            expected: to_i64("expected_seq", expected_seq)?,
            event_count: to_i32("event_count", commit.event_count)?,
            recorded_at: to_datetime(commit.recorded_at)?,
            codec: i16::try_from(commit.codec).map_err(|_| out_of_range("codec", commit.codec, "at most 32767"))?,
            key_seqs: keys.iter().map(|k| to_i64("first_seq of a key", k.first_seq)).collect::<Result<_, _>>()?,
            key_counts: keys.iter().map(|k| to_i32("event_count of a key", k.event_count)).collect::<Result<_, _>>()?,
            external_seqs: external_ids.iter().map(|e| to_i64("seq of an external id", e.seq)).collect::<Result<_, _>>()?,
        })
    }
}

/// Decides by the SQLSTATE alone what a failed append means. What is not known to be harmless is unknown.
fn classify(error: sqlx::Error) -> AppendError {
    let doing = "append a commit";
    if matches!(error, sqlx::Error::Encode(_)) {
        return AppendError::Refused(StoreError::Database { doing, source: error }); // nothing was sent
    }
    let Some(state) = sqlstate(&error) else {
        return AppendError::OutcomeUnknown(StoreError::from_sqlx(doing, error));
    };
    match state.as_str() {
        // Several keys, and external ids, are inserted where they are free, so what is not unique is the commit's place.
        SQLSTATE_FENCED | SQLSTATE_NOT_UNIQUE => AppendError::Fenced,
        SQLSTATE_DUPLICATE_KEY => AppendError::DuplicateKey { key: detail(&error) },
        SQLSTATE_DUPLICATE_EXTERNAL_ID => AppendError::DuplicateExternalId { external_id: detail(&error) },
        _ if rolled_back(&state) => AppendError::Refused(StoreError::Database { doing, source: error }),
        _ => AppendError::OutcomeUnknown(StoreError::from_sqlx(doing, error)),
    }
}

/// Whether a statement that failed with this SQLSTATE, sent by itself, has surely left nothing behind.
fn rolled_back(state: &str) -> bool {
    match state {
        "40003" => false, // statement completion unknown
        "57014" => true,  // cancelled or timed out
        _ => matches!(state.get(..2), Some("0A" | "22" | "23" | "25" | "26" | "28" | "40" | "42" | "53" | "54" | "55" | "LK" | "P0")),
    }
}

fn detail(error: &sqlx::Error) -> String {
    error
        .as_database_error()
        .and_then(|e| e.try_downcast_ref::<PgDatabaseError>())
        .and_then(PgDatabaseError::detail)
        .unwrap_or_default()
        .to_owned()
}

pub(crate) fn read_head(row: &PgRow) -> Result<Head, StoreError> {
    Ok(Head {
        seq: from_i64("seq of the head", get(row, "seq")?)?,
        hash: hash32("hash of the head", &get::<Vec<u8>>(row, "hash")?)?,
        recorded_at: from_datetime(get(row, "recorded_at")?),
    })
}

pub(crate) fn read_commit(row: &PgRow) -> Result<StoredCommit, StoreError> {
    let count: i32 = get(row, "event_count")?;
    let codec: i16 = get(row, "codec")?;
    Ok(Commit {
        first_seq: from_i64("first_seq", get(row, "first_seq")?)?,
        event_count: u32::try_from(count).map_err(|_| out_of_range("event_count", count, "at least 1"))?,
        recorded_at: from_datetime(get(row, "recorded_at")?),
        codec: u16::try_from(codec).map_err(|_| out_of_range("codec", codec, "at least 1"))?,
        base_id: get(row, "base_id")?,
        prev_hash: hash32("prev_hash", get(row, "prev_hash")?)?,
        tree_root: hash32("tree_root", get(row, "tree_root")?)?,
        hash: hash32("hash", get(row, "hash")?)?,
        payload: get(row, "payload")?,
    })
}

pub(crate) fn get<'r, T>(row: &'r PgRow, column: &'static str) -> Result<T, StoreError>
where
    T: sqlx::Decode<'r, sqlx::Postgres> + sqlx::Type<sqlx::Postgres>,
{
    row.try_get(column).doing("read a column")
}

fn out_of_range(what: &'static str, found: impl ToString, expected: &'static str) -> StoreError {
    StoreError::OutOfRange { what, found: found.to_string(), expected }
}

pub(crate) fn hash32(what: &'static str, bytes: &[u8]) -> Result<[u8; 32], StoreError> {
    bytes.try_into().map_err(|_| out_of_range(what, format!("{} bytes long", bytes.len()), "32 bytes"))
}

pub(crate) fn to_i64(what: &'static str, value: u64) -> Result<i64, StoreError> {
    i64::try_from(value).map_err(|_| out_of_range(what, value, "at most 9223372036854775807"))
}

pub(crate) fn from_i64(what: &'static str, value: i64) -> Result<u64, StoreError> {
    u64::try_from(value).map_err(|_| out_of_range(what, value, "not negative"))
}

fn to_i32(what: &'static str, value: u32) -> Result<i32, StoreError> {
    i32::try_from(value).map_err(|_| out_of_range(what, value, "at most 2147483647"))
}

pub(crate) fn to_datetime(time: Timestamp) -> Result<DateTime<Utc>, StoreError> {
    DateTime::from_timestamp_micros(time.0)
        .ok_or_else(|| out_of_range("a time", format!("{} microseconds since 1970", time.0), "within 262,000 years"))
}

/// Exact: Postgres keeps microseconds too.
pub(crate) fn from_datetime(time: DateTime<Utc>) -> Timestamp {
    Timestamp(time.timestamp_micros())
}
