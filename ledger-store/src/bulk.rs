//! The bulk append: one thread decides, one encodes and hashes, one task appends, each a chunk ahead of the next.
//!
//! The caller's thread drives [`Bulk::decide`] and closes chunks with [`Bulk::end_chunk`]; every chunk becomes one
//! commit under a key of its own, so that a killed import finds out which chunks are durable. Memory stays flat:
//! no more than a few chunks are on their way, and the caller waits for room.
//!
//! When another writer of the same organization is faster, what is not durable yet is decided again on the new
//! tail; a command that is then refused comes back from [`Bulk::take_refused_later`]. With `atomic` all chunks
//! are one transaction, so a lost race, a refusal by the caller or a crash leaves nothing.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::thread::JoinHandle;

use ledger_core::chain::{CommitBuilder, Tip};
use ledger_core::codec::CodecError;
use ledger_core::event::Proposed;
use ledger_core::{Actor, Command, Context, Rejection, Seq};
use tokio::runtime::Handle;
use tokio::sync::mpsc;
use uuid::Uuid;

use crate::commits::{AppendError, NewCommit, Resolution};
use crate::error::StoreError;
use crate::keys::{NewExternalId, NewKey};
use crate::load::{LoadError, Loaded, from_chain, load_book};
use crate::tenant::OrgStore;
use crate::writer::{IdempotencyKey, external_ids_of, now};

/// Chunks that may wait before the encoder, and before the sender: enough that a slow flush stops neither.
const CHUNKS_AHEAD: usize = 4;
/// How often a place in the stream is tried for after a lost race.
const ATTEMPTS_MAX: u32 = 256;
/// Commands of the small commit that takes the place.
const TURN_COMMANDS: usize = 16;

/// Why a bulk append cannot go on. What was durable before stays.
#[derive(Debug, thiserror::Error)]
pub enum BulkError {
    /// The books cannot be loaded.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// The database refused or was lost; the chunk is in or out whole, and running the same again finds out.
    #[error("the import stopped after seq {durable}: {source}; run it again to go on from there")]
    Append {
        /// Position up to which everything is durable.
        durable: Seq,
        /// What happened.
        source: AppendError,
    },
    /// Others write to the organization all the time.
    #[error("the import stopped after seq {durable}: others keep writing to this organization; run it again to go on from there")]
    Contended {
        /// Position up to which everything is durable.
        durable: Seq,
    },
    /// An event cannot be encoded.
    #[error(transparent)]
    Codec(#[from] CodecError),
    /// Another chunk of this import is durable already: two imports of the same source run at the same time.
    #[error("another import of the same source is running: wait for it and run this again")]
    Twin,
    /// A thread ended without saying why.
    #[error("the import was interrupted; run it again to go on")]
    Interrupted,
}

/// How to append.
#[derive(Clone, Debug)]
pub struct BulkOptions {
    /// Who imports.
    pub actor: Actor,
    /// Recorded with every event.
    pub correlation: Option<Uuid>,
    /// Everything in one transaction.
    pub atomic: bool,
    /// Whether soft-closed periods take entries.
    pub soft_closed: bool,
}

/// A bulk append under way. `T` is the caller's name for a command.
pub struct Bulk<T> {
    options: BulkOptions,
    org: OrgStore,
    runtime: Handle,
    state: Loaded,
    chunk: Chunk<T>,
    undurable: VecDeque<Chunk<T>>,
    pipeline: Option<Pipeline>,
    refused_later: Vec<(T, Rejection)>,
    progress: Arc<Progress>,
}

/// How far a bulk append has come; shared with whoever shows it.
#[derive(Debug, Default)]
pub struct Progress {
    durable_seq: AtomicU64,
    durable_chunks: AtomicU64,
}

impl Progress {
    /// Position up to which everything is durable.
    #[must_use]
    pub fn durable_seq(&self) -> Seq {
        self.durable_seq.load(Ordering::Acquire)
    }
}

struct Chunk<T> {
    commands: Vec<(T, Command)>,
    events: Vec<Proposed>,
    key: Option<IdempotencyKey>,
}

impl<T> Default for Chunk<T> {
    fn default() -> Self {
        Self { commands: Vec::new(), events: Vec::new(), key: None }
    }
}

impl<T> Chunk<T> {
    /// The first `count` commands, with the key, and the others.
    fn split(mut self, count: usize) -> [Self; 2] {
        let others = self.commands.split_off(count.min(self.commands.len()));
        [self, Self { commands: others, ..Self::default() }]
    }
}

/// Whether somebody else was faster; everything decided since may be decided again.
const fn lost_race(error: &AppendError) -> bool {
    matches!(error, AppendError::Fenced | AppendError::DuplicateExternalId { .. })
}

/// What the encoder gets.
struct ToEncode {
    events: Vec<Proposed>,
    key: Option<IdempotencyKey>,
}

/// What the sender gets.
struct ToSend {
    commit: NewCommit,
    keys: Vec<NewKey>,
    external_ids: Vec<NewExternalId>,
}

struct Pipeline {
    chunks: SyncSender<ToEncode>,
    encoder: JoinHandle<Result<Tip, CodecError>>,
    sender: tokio::task::JoinHandle<Result<(), AppendError>>,
}

impl<T> Bulk<T> {
    /// Loads the book and starts the pipeline. Everything else is called from a thread that may block.
    ///
    /// # Errors
    /// [`LoadError`].
    pub async fn open(org: OrgStore, options: BulkOptions) -> Result<Self, LoadError> {
        let state = load_book(&org).await?;
        let progress = Arc::new(Progress::default());
        progress.durable_seq.store(state.tip.seq, Ordering::Release);
        Ok(Self {
            options,
            org,
            runtime: Handle::current(),
            state,
            chunk: Chunk::default(),
            undurable: VecDeque::new(),
            pipeline: None,
            refused_later: Vec::new(),
            progress,
        })
    }

    /// The book with everything decided so far.
    #[must_use]
    pub fn book(&self) -> &ledger_core::Book {
        &self.state.book
    }

    /// How far it has come.
    #[must_use]
    pub fn progress(&self) -> Arc<Progress> {
        Arc::clone(&self.progress)
    }

    /// Decides a command as part of the open chunk. Answers how many events follow.
    ///
    /// # Errors
    /// The rejection; nothing has changed.
    pub fn decide(&mut self, tag: T, command: Command) -> Result<usize, Rejection> {
        let context = Context {
            actor: &self.options.actor,
            correlation: self.options.correlation,
            soft_closed: self.options.soft_closed,
            history: &ledger_core::book::NoHistory,
            ahead: 0,
        };
        let events = self.state.book.decide(&command, &context)?;
        for proposed in &events {
            self.state.book.evolve(&proposed.event);
        }
        let count = events.len();
        self.chunk.events.extend(events);
        self.chunk.commands.push((tag, command));
        Ok(count)
    }

    /// Closes the open chunk and sends it on its way; waits while too many are.
    ///
    /// # Errors
    /// [`BulkError`].
    pub fn end_chunk(&mut self, key: Option<IdempotencyKey>) -> Result<(), BulkError> {
        let mut chunk = std::mem::take(&mut self.chunk);
        if chunk.events.is_empty() {
            return Ok(());
        }
        chunk.key = key;
        self.send(chunk)?;
        self.drop_durable();
        Ok(())
    }

    /// Commands that were accepted first and refused when others had changed the books meanwhile.
    pub fn take_refused_later(&mut self) -> Vec<(T, Rejection)> {
        std::mem::take(&mut self.refused_later)
    }

    /// Waits until everything is durable. An open chunk is sent without a key.
    ///
    /// # Errors
    /// [`BulkError`].
    pub fn finish(mut self) -> Result<(Loaded, Vec<(T, Rejection)>), BulkError> {
        self.settle()
    }

    /// As [`Bulk::finish`]; afterwards the append may go on.
    ///
    /// # Errors
    /// [`BulkError`].
    pub fn settle(&mut self) -> Result<(Loaded, Vec<(T, Rejection)>), BulkError> {
        self.end_chunk(None)?;
        while let Err(error) = self.drain() {
            self.recover(error)?;
        }
        Ok((self.state.clone(), self.take_refused_later()))
    }

    /// Gives up; with `atomic`, nothing has happened.
    pub fn abandon(mut self) {
        self.give_up();
    }

    /// As [`Bulk::abandon`], for an owner that is still held.
    pub fn give_up(&mut self) {
        if let Some(pipeline) = self.pipeline.take() {
            pipeline.sender.abort();
        }
    }

    fn send(&mut self, mut chunk: Chunk<T>) -> Result<(), BulkError> {
        let events = std::mem::take(&mut chunk.events);
        let mut message = ToEncode { events, key: chunk.key.clone() };
        self.undurable.push_back(chunk);
        if self.pipeline.is_none() {
            self.start_pipeline();
        }
        while let Some(pipeline) = &self.pipeline {
            match pipeline.chunks.try_send(message) {
                Ok(()) => return Ok(()),
                Err(TrySendError::Full(back)) => {
                    message = back;
                    // Blocking here would hide a failure of the sender; the encoder hands over within milliseconds.
                    std::thread::sleep(std::time::Duration::from_micros(200));
                }
                Err(TrySendError::Disconnected(_)) => {
                    let error = self.drain().err().unwrap_or(BulkError::Interrupted);
                    return self.recover(error); // decides and sends the chunk again with the others
                }
            }
        }
        Ok(())
    }

    fn start_pipeline(&mut self) {
        let (chunks, to_encode) = sync_channel(CHUNKS_AHEAD);
        let (encoded, to_send) = mpsc::channel(CHUNKS_AHEAD);
        // The tip where the durable stream ends, which the book has left behind by what is undurable.
        let tip = self.state.tip.clone();
        let encoder = std::thread::spawn(move || encode_chunks(tip, &to_encode, &encoded));
        let (org, progress) = (self.org.clone(), Arc::clone(&self.progress));
        let sender = if self.options.atomic {
            self.runtime.spawn(send_in_one_transaction(org, to_send, progress))
        } else {
            self.runtime.spawn(send_chunks(org, to_send, progress))
        };
        self.pipeline = Some(Pipeline { chunks, encoder, sender });
    }

    /// Lets the pipeline run empty and learns how it ended.
    fn drain(&mut self) -> Result<(), BulkError> {
        let Some(pipeline) = self.pipeline.take() else { return Ok(()) };
        drop(pipeline.chunks);
        let sent = self.runtime.block_on(pipeline.sender).map_err(|_| BulkError::Interrupted)?;
        let encoded = pipeline.encoder.join().map_err(|_| BulkError::Interrupted)?;
        self.drop_durable();
        let durable = self.progress.durable_seq();
        sent.map_err(|source| BulkError::Append { durable, source })?;
        self.state.tip = encoded?;
        Ok(())
    }

    /// After a lost race: takes the next place in the stream and posts everything undurable from there.
    fn recover(&mut self, error: BulkError) -> Result<(), BulkError> {
        match &error {
            BulkError::Append { source, .. } if lost_race(source) => {}
            BulkError::Append { source: AppendError::DuplicateKey { .. }, .. } => return Err(BulkError::Twin),
            _ => return Err(error),
        }
        if self.options.atomic {
            return Err(BulkError::Contended { durable: self.progress.durable_seq() });
        }
        let open = std::mem::take(&mut self.chunk);
        let undurable = std::mem::take(&mut self.undurable);
        self.take_turn(undurable)?;
        self.chunk = self.decided_again(open, &mut HashMap::new())?;
        Ok(())
    }

    /// Posts chunks in one transaction whose first commit is small: it is decided on the new end of the stream and
    /// put into its place within a moment, and from then on nobody can come first. Large chunks alone would lose
    /// against busy posters for ever.
    fn take_turn(&mut self, chunks: VecDeque<Chunk<T>>) -> Result<(), BulkError> {
        let mut waiting = chunks;
        if let Some(first) = waiting.pop_front() {
            let [head, tail] = first.split(TURN_COMMANDS);
            waiting.push_front(tail);
            waiting.push_front(head);
        }
        let mut base = self.runtime.block_on(load_book(&self.org))?;
        for _ in 0..ATTEMPTS_MAX {
            self.runtime.block_on(base.catch_up(&self.org))?;
            self.state = base.clone();
            self.progress.durable_seq.store(base.tip.seq, Ordering::Release);
            self.progress.durable_chunks.store(0, Ordering::Release);
            match self.post_together(&mut waiting) {
                Ok(()) => {
                    self.progress.durable_seq.store(self.state.tip.seq, Ordering::Release);
                    return Ok(());
                }
                Err(BulkError::Append { source: AppendError::DuplicateKey { .. }, .. }) => return Err(BulkError::Twin),
                Err(BulkError::Append { source, .. }) if lost_race(&source) => {}
                Err(error) => return Err(error),
            }
        }
        Err(BulkError::Contended { durable: base.tip.seq })
    }

    /// Decides the chunks on the book as it is and appends them in one transaction. Unless it succeeds they are kept.
    fn post_together(&mut self, chunks: &mut VecDeque<Chunk<T>>) -> Result<(), BulkError> {
        let durable = self.state.tip.seq;
        let failed = |source| BulkError::Append { durable, source };
        let mut tx = self.runtime.block_on(self.org.begin())?;
        let (mut last, mut carried, mut used) = (None, None, HashMap::new());
        for (index, slot) in chunks.iter_mut().enumerate() {
            let Chunk { commands, events, key: own } = self.decided_again(std::mem::take(slot), &mut used)?;
            *slot = Chunk { commands, events: Vec::new(), key: own.clone() };
            let key = own.or_else(|| carried.take());
            if events.is_empty() {
                // The head of a split chunk has its key: where all of it is refused, the tail carries that.
                carried = key.filter(|_| index == 0);
                continue;
            }
            let message = encode_chunk(&mut self.state.tip, ToEncode { events, key })?;
            let append =
                self.org.append_commit_on(&mut tx, &message.commit, message.commit.first_seq - 1, &message.keys, &message.external_ids);
            // Before COMMIT nothing can have become durable.
            self.runtime.block_on(append).map_err(|error| match error {
                AppendError::OutcomeUnknown(source) => failed(AppendError::Refused(source)),
                other => failed(other),
            })?;
            last = Some(message.commit);
        }
        let Some(last) = last else { return Ok(()) };
        let Err(lost) = self.runtime.block_on(tx.commit()) else { return Ok(()) };
        match self.runtime.block_on(self.org.resolve(&last)) {
            Ok(Resolution::Committed(_)) => Ok(()),
            Ok(_) => Err(failed(AppendError::Refused(lost))),
            Err(_) => Err(failed(AppendError::OutcomeUnknown(lost))),
        }
    }

    /// Decides a chunk on the book as it is now; what is refused is told later. `used` are external ids that are
    /// on their way to the stream.
    fn decided_again(&mut self, chunk: Chunk<T>, used: &mut HashMap<String, Seq>) -> Result<Chunk<T>, BulkError> {
        let ids: Vec<&str> = chunk.commands.iter().flat_map(|(_, command)| external_ids_of(command)).collect();
        let taken = if ids.is_empty() { Vec::new() } else { self.runtime.block_on(self.org.find_external_ids(&ids))? };
        used.extend(taken);
        let context = Context {
            actor: &self.options.actor,
            correlation: self.options.correlation,
            soft_closed: self.options.soft_closed,
            history: &ledger_core::book::NoHistory,
            ahead: 0,
        };
        let mut again = Chunk { key: chunk.key, ..Chunk::default() };
        for (tag, command) in chunk.commands {
            let id = external_ids_of(&command).next().map(ToOwned::to_owned);
            if let Some(id) = id {
                if let Some(seq) = used.get(&id) {
                    self.refused_later.push((tag, Rejection::ExternalIdTaken { external_id: id.into(), seq: *seq }));
                    continue;
                }
                used.insert(id, self.state.book.seq() + 1);
            }
            match self.state.book.decide(&command, &context) {
                Ok(events) => {
                    events.iter().for_each(|proposed| self.state.book.evolve(&proposed.event));
                    again.events.extend(events);
                    again.commands.push((tag, command));
                }
                Err(rejection) => self.refused_later.push((tag, rejection)),
            }
        }
        Ok(again)
    }

    /// Forgets the commands of chunks that are durable.
    fn drop_durable(&mut self) {
        let durable = self.progress.durable_chunks.swap(0, Ordering::AcqRel);
        for _ in 0..durable {
            self.undurable.pop_front();
        }
    }
}

fn encode_chunks(mut tip: Tip, chunks: &Receiver<ToEncode>, encoded: &mpsc::Sender<ToSend>) -> Result<Tip, CodecError> {
    while let Ok(chunk) = chunks.recv() {
        let message = encode_chunk(&mut tip, chunk)?;
        if encoded.blocking_send(message).is_err() {
            break; // the sender has failed and says why
        }
    }
    Ok(tip)
}

fn encode_chunk(tip: &mut Tip, chunk: ToEncode) -> Result<ToSend, CodecError> {
    let mut builder = CommitBuilder::default();
    let first_seq = tip.seq + 1;
    let mut external_ids = Vec::new();
    for (seq, proposed) in (first_seq..).zip(&chunk.events) {
        builder.push(proposed)?;
        if let Some(external_id) = proposed.event.entry().and_then(|entry| entry.header().external_id.as_ref()) {
            external_ids.push(NewExternalId { external_id: external_id.to_string(), seq });
        }
    }
    let commit = from_chain(builder.seal(tip, now(), Uuid::now_v7()));
    let key = |key: IdempotencyKey| NewKey { key: key.key, request_hash: key.request_hash, first_seq, event_count: commit.event_count };
    let keys = chunk.key.map(key).into_iter().collect();
    Ok(ToSend { commit, keys, external_ids })
}

/// While one chunk's commit is flushed, the next one's payload is sent to the server on another connection.
async fn send_chunks(org: OrgStore, mut chunks: mpsc::Receiver<ToSend>, progress: Arc<Progress>) -> Result<(), AppendError> {
    let mut next = staged_next(&org, &mut chunks).await;
    while let Some((chunk, staged)) = next.take() {
        let (finished, following) = tokio::join!(finish_chunk(&org, &chunk, staged, &progress), staged_next(&org, &mut chunks));
        finished?;
        next = following;
    }
    Ok(())
}

type StagedChunk = (ToSend, Result<crate::commits::Staged, AppendError>);

async fn staged_next(org: &OrgStore, chunks: &mut mpsc::Receiver<ToSend>) -> Option<StagedChunk> {
    let chunk = chunks.recv().await?;
    let staged = org.stage(&chunk.commit, &chunk.keys, &chunk.external_ids).await;
    Some((chunk, staged))
}

async fn finish_chunk(
    org: &OrgStore,
    chunk: &ToSend,
    staged: Result<crate::commits::Staged, AppendError>,
    progress: &Progress,
) -> Result<(), AppendError> {
    let finished = match staged {
        Ok(staged) => org.finish(staged, &chunk.commit, &chunk.keys, &chunk.external_ids).await.map(drop),
        Err(error) => Err(error),
    };
    match finished {
        Ok(()) => {}
        Err(AppendError::OutcomeUnknown(error)) => send_chunk(org, chunk, Some(error)).await?,
        Err(AppendError::Refused(error)) if error.is_transient() => send_chunk(org, chunk, None).await?,
        Err(error) => return Err(error),
    }
    progress.durable_seq.store(chunk.commit.last_seq(), Ordering::Release);
    progress.durable_chunks.fetch_add(1, Ordering::AcqRel);
    Ok(())
}

/// One chunk, one durable commit. When its outcome is unknown, it is found out before anything else is sent.
async fn send_chunk(org: &OrgStore, chunk: &ToSend, mut unknown: Option<StoreError>) -> Result<(), AppendError> {
    let certain = unknown.is_none();
    for attempt in 0..10_u64 {
        if let Some(cause) = unknown.take() {
            tokio::time::sleep(std::time::Duration::from_millis(100 * attempt)).await;
            match org.resolve(&chunk.commit).await {
                Ok(Resolution::Committed(_)) => return Ok(()),
                Ok(Resolution::Overtaken) => return Err(AppendError::Fenced),
                Ok(Resolution::NotYet) => {}
                Err(_) => {
                    unknown = Some(cause);
                    continue;
                }
            }
        }
        match org.append_commit(&chunk.commit, chunk.commit.first_seq - 1, &chunk.keys, &chunk.external_ids).await {
            Ok(_) => return Ok(()),
            Err(AppendError::OutcomeUnknown(error)) => unknown = Some(error),
            Err(error) if attempt == 0 && certain => return Err(error),
            Err(AppendError::Refused(error)) if error.is_transient() => unknown = Some(error),
            // After an unknown outcome a fence may be our own commit: ask once more.
            Err(AppendError::Fenced) => return fenced_or_ours(org, &chunk.commit).await,
            Err(error) => return Err(error),
        }
    }
    Err(unknown.map_or(AppendError::Fenced, AppendError::OutcomeUnknown))
}

async fn fenced_or_ours(org: &OrgStore, commit: &NewCommit) -> Result<(), AppendError> {
    match org.resolve(commit).await.map_err(AppendError::OutcomeUnknown)? {
        Resolution::Committed(_) => Ok(()),
        _ => Err(AppendError::Fenced),
    }
}

/// All chunks in one transaction: the head's row stays locked from the first to the commit.
async fn send_in_one_transaction(org: OrgStore, mut chunks: mpsc::Receiver<ToSend>, progress: Arc<Progress>) -> Result<(), AppendError> {
    let mut tx = org.begin().await.map_err(AppendError::Refused)?;
    let mut last = None;
    let mut count = 0;
    while let Some(chunk) = chunks.recv().await {
        org.append_commit_on(&mut tx, &chunk.commit, chunk.commit.first_seq - 1, &chunk.keys, &chunk.external_ids).await.map_err(
            // Before COMMIT nothing can have become durable.
            |error| match error {
                AppendError::OutcomeUnknown(source) => AppendError::Refused(source),
                other => other,
            },
        )?;
        last = Some(chunk.commit);
        count += 1;
    }
    let Some(last) = last else { return tx.rollback().await.map_err(AppendError::Refused) };
    if let Err(lost) = tx.commit().await {
        match org.resolve(&last).await {
            Ok(Resolution::Committed(_)) => {}
            Ok(_) => return Err(AppendError::Refused(lost)),
            Err(_) => return Err(AppendError::OutcomeUnknown(lost)),
        }
    }
    progress.durable_seq.store(last.last_seq(), Ordering::Release);
    progress.durable_chunks.fetch_add(count, Ordering::AcqRel);
    Ok(())
}

impl From<StoreError> for BulkError {
    fn from(error: StoreError) -> Self {
        Self::Load(error.into())
    }
}
