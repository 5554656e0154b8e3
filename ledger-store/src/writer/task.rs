//! The life of one organization's writer task.
//!
//! Two books: `confirmed` stands where the last commit known to be durable ends, `provisional` is ahead of it by
//! what is on its way or waiting. While one commit is in flight, arriving requests are decided on the
//! provisional book into the next batch. When a commit turns out not to be durable (a lost race, a key that
//! was used before), the provisional book is thrown away and everything unanswered is decided again, in order.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use ledger_core::chain::Tip;
use ledger_core::{BalancedEntry, Seq};
use rand::RngExt;
use tokio::sync::{broadcast, mpsc};

use super::batch::{Batch, Decided, Sealed};
use super::{Grown, LedgerConfig, Pending, Receipt, SubmitError, original_of, taken_by};
use crate::commits::{AppendError, NewCommit, Resolution};
use crate::keys::StoredKey;
use crate::load::{Loaded, entry_at, load_book, save_book};
use crate::tenant::OrgStore;

/// Why a batch is not durable.
enum Failure {
    /// Another writer was faster, or history moved under a rejection: load the tail and decide again.
    Lost,
    /// A key or an external id is in use: find out which and decide the rest again.
    NameTaken,
    /// Nothing was changed, and trying again at once will not help.
    Refused(SubmitError),
    /// It may have happened and could not be found out.
    Unknown,
}

/// What part of a commit's time is spent at most on waiting for more requests.
const GATHER_FRACTION: u32 = 4;
/// Longest wait for more requests.
const GATHER_MAX: Duration = Duration::from_millis(1);

/// How long a connection is kept for the next commit.
const CONNECTION_IDLE: Duration = Duration::from_millis(50);

type Connection = sqlx::pool::PoolConnection<sqlx::Postgres>;

/// A batch on its way; polled by the task itself, so that no other thread has to be woken.
type Flight = std::pin::Pin<Box<dyn Future<Output = Landed> + Send>>;

/// What became of it.
struct Landed {
    sealed: Sealed,
    result: Result<(), Failure>,
    connection: Option<Connection>,
}

struct Task {
    org: OrgStore,
    config: LedgerConfig,
    grown: broadcast::Sender<Grown>,
    confirmed: Loaded,
    provisional: Loaded,
    batch: Batch,
    /// Requests to be decided before newly arriving ones.
    again: VecDeque<Pending>,
    /// In a mutex that is never locked, only reached through `get_mut`: it makes the task shareable between threads.
    in_flight: Mutex<Option<Flight>>,
    /// Kept from commit to commit while the pool can spare it.
    connection: Option<Connection>,
    /// When to look whether it lies idle. Goes on from commit to commit: setting a timer for each would wake a thread.
    lull: std::pin::Pin<Box<tokio::time::Sleep>>,
    attempts: u32,
    last_snapshot: Seq,
    /// How many requests were lately at work at the same time: so many are worth a moment's wait.
    crowd: usize,
    /// How long the last commit took.
    flight_time: Duration,
    departed: Instant,
}

/// Runs until the organization has been idle for long enough or its history cannot be read.
pub(super) async fn run(org: OrgStore, config: LedgerConfig, grown: broadcast::Sender<Grown>, mut requests: mpsc::Receiver<Pending>) {
    match load_book(&org).await {
        Ok(confirmed) => Task::new(org, config, grown, confirmed).serve(&mut requests).await,
        Err(error) => refuse_all(&mut requests, &error.into()),
    }
}

/// Takes no more, and tells those who wait.
fn refuse_all(requests: &mut mpsc::Receiver<Pending>, error: &SubmitError) {
    requests.close();
    while let Ok(pending) = requests.try_recv() {
        let _ = pending.reply.send(Err(error.clone()));
    }
}

impl Task {
    fn new(org: OrgStore, config: LedgerConfig, grown: broadcast::Sender<Grown>, confirmed: Loaded) -> Self {
        let (provisional, last_snapshot) = (confirmed.clone(), confirmed.tip.seq);
        let (batch, again) = (Batch::default(), VecDeque::new());
        Self {
            org,
            config,
            grown,
            confirmed,
            provisional,
            batch,
            again,
            in_flight: Mutex::new(None),
            connection: None,
            lull: Box::pin(tokio::time::sleep(CONNECTION_IDLE)),
            attempts: 0,
            last_snapshot,
            crowd: 1,
            flight_time: Duration::ZERO,
            departed: Instant::now(),
        }
    }

    async fn serve(mut self, requests: &mut mpsc::Receiver<Pending>) {
        let mut open = true;
        loop {
            let stepped = match self.in_flight.get_mut().unwrap_or_else(PoisonError::into_inner).take() {
                Some(flight) => self.while_in_flight(flight, requests, &mut open).await,
                None => self.while_idle(requests, &mut open).await,
            };
            match stepped {
                Ok(true) => {}
                Ok(false) => return,
                Err(error) => return self.give_up(requests, &error),
            }
        }
    }

    /// One commit is on its way: decide what arrives meanwhile, then learn what became of it.
    async fn while_in_flight(
        &mut self,
        mut flight: Flight,
        requests: &mut mpsc::Receiver<Pending>,
        open: &mut bool,
    ) -> Result<bool, SubmitError> {
        loop {
            let room = *open && self.again.is_empty() && !self.batch.is_full();
            tokio::select! {
                biased;
                landed = &mut flight => {
                    let Landed { sealed, result, connection } = landed;
                    self.connection = connection.filter(|_| self.org.store().has_room());
                    self.landed(sealed, result).await?;
                    return Ok(true);
                }
                arrived = requests.recv(), if room => match arrived {
                    Some(pending) => self.decide_or_defer(pending).await?,
                    None => *open = false,
                },
            }
        }
    }

    /// Nothing is on its way: decide what waits and send it, or wait for a request.
    async fn while_idle(&mut self, requests: &mut mpsc::Receiver<Pending>, open: &mut bool) -> Result<bool, SubmitError> {
        while !self.batch.is_full()
            && let Some(pending) = self.again.pop_front()
        {
            if self.must_wait(&pending) {
                self.again.push_front(pending);
                break;
            }
            self.decide(pending).await?;
        }
        while *open
            && self.again.is_empty()
            && !self.batch.is_full()
            && let Ok(pending) = requests.try_recv()
        {
            self.decide_or_defer(pending).await?;
        }
        if !self.batch.is_empty() {
            self.gather(requests, open).await?;
            self.send();
            return Ok(true);
        }
        if !self.again.is_empty() {
            return Ok(true);
        }
        if self.connection.is_some() {
            tokio::select! {
                biased;
                arrived = requests.recv() => {
                    let Some(pending) = arrived else { return Ok(false) };
                    self.decide_or_defer(pending).await?;
                }
                () = self.lull.as_mut() => {
                    let until = self.departed + self.flight_time + CONNECTION_IDLE;
                    if until <= Instant::now() {
                        self.connection = None;
                    }
                    self.lull.as_mut().reset(until.max(Instant::now() + CONNECTION_IDLE / 2).into());
                }
            }
            return Ok(true);
        }
        match tokio::time::timeout(self.config.idle, requests.recv()).await {
            Ok(Some(pending)) => {
                self.decide_or_defer(pending).await?;
                Ok(true)
            }
            Ok(None) => Ok(false),
            Err(_) => {
                requests.close(); // what slipped in before is still served
                Ok(true)
            }
        }
    }

    /// Waits a moment for those who were just answered and are about to ask again: one commit for all of them is
    /// worth more than an early one for a few. Never longer than a fraction of what a commit takes.
    async fn gather(&mut self, requests: &mut mpsc::Receiver<Pending>, open: &mut bool) -> Result<(), SubmitError> {
        let until = Instant::now() + (self.flight_time / GATHER_FRACTION).min(GATHER_MAX);
        while *open && self.again.is_empty() && self.batch.decided.len() < self.crowd && !self.batch.is_full() && Instant::now() < until {
            match requests.try_recv() {
                Ok(pending) => self.decide_or_defer(pending).await?,
                Err(mpsc::error::TryRecvError::Empty) => tokio::task::yield_now().await,
                Err(mpsc::error::TryRecvError::Disconnected) => *open = false,
            }
        }
        Ok(())
    }

    /// Decides a request, unless it must see something that is not durable yet: the entry that it reverses, or
    /// the answer to an earlier request with the same key or external id.
    async fn decide_or_defer(&mut self, pending: Pending) -> Result<(), SubmitError> {
        if self.must_wait(&pending) {
            self.again.push_back(pending);
            return Ok(());
        }
        self.decide(pending).await
    }

    fn must_wait(&self, pending: &Pending) -> bool {
        if self.confirmed.tip.seq == self.provisional.tip.seq && self.batch.is_empty() {
            return false;
        }
        let names_entry = original_of(&pending.request.command).is_some_and(|original| original > self.confirmed.tip.seq);
        names_entry || self.batch.shares_name(&pending.request)
    }

    async fn decide(&mut self, pending: Pending) -> Result<(), SubmitError> {
        let mut history: BTreeMap<Seq, BalancedEntry> = BTreeMap::new();
        if let Some(original) = original_of(&pending.request.command)
            && let Some(entry) = entry_at(&self.org, original).await?
        {
            history.insert(original, entry);
        }
        self.batch.decide(pending, &mut self.provisional.book, &history);
        Ok(())
    }

    /// Seals what was decided and sends it on its way.
    fn send(&mut self) {
        let sealed = self.batch.seal(&mut self.provisional.tip);
        self.departed = Instant::now();
        let (org, resolve_for) = (self.org.clone(), self.config.resolve_for);
        let mut connection = self.connection.take();
        let flight: Flight = Box::pin(async move {
            let result = deliver(&org, &sealed, &mut connection, resolve_for).await;
            Landed { sealed, result, connection }
        });
        *self.in_flight.get_mut().unwrap_or_else(PoisonError::into_inner) = Some(flight);
    }

    /// What became of the commit that was on its way.
    async fn landed(&mut self, sealed: Sealed, result: Result<(), Failure>) -> Result<(), SubmitError> {
        match result {
            Ok(()) => {
                self.attempts = 0;
                self.flight_time = self.departed.elapsed();
                self.crowd = sealed.decided.len() + self.batch.decided.len();
                self.confirm(sealed).await
            }
            Err(Failure::Unknown) => {
                sealed.fail(&SubmitError::OutcomeUnknown);
                Err(SubmitError::Unavailable("the database was lost".into()))
            }
            Err(Failure::Refused(error)) => {
                sealed.fail(&error);
                self.start_over(std::iter::empty()).await
            }
            Err(Failure::Lost) => {
                self.back_off().await;
                if self.attempts > self.config.attempts_max {
                    self.attempts = 0;
                    sealed.fail(&SubmitError::Unavailable("too many others write to this organization at the same time".into()));
                    return self.start_over(std::iter::empty()).await;
                }
                self.start_over(sealed.into_requests()).await
            }
            Err(Failure::NameTaken) => {
                self.attempts += 1;
                let rest = self.answer_known_names(sealed).await?;
                if self.attempts > self.config.attempts_max {
                    self.attempts = 0;
                    let error = SubmitError::Unavailable("too many others use the same keys at the same time".into());
                    rest.into_iter().for_each(|pending| drop(pending.reply.send(Err(error.clone()))));
                    return self.start_over(std::iter::empty()).await;
                }
                self.start_over(rest.into_iter()).await
            }
        }
    }

    async fn confirm(&mut self, mut sealed: Sealed) -> Result<(), SubmitError> {
        for proposed in &sealed.events {
            self.confirmed.book.evolve(&proposed.event);
        }
        self.confirmed.tip = sealed.tip.clone();
        if sealed.commit.is_some() {
            let count = |of: usize| u32::try_from(of).unwrap_or(u32::MAX);
            let (commands, events) = (count(sealed.decided.len()), count(sealed.events.len()));
            let _ = self.grown.send(Grown { org: self.org.org(), seq: sealed.tip.seq, commands, events }); // nobody may listen
        }
        let (suspicious, tip) = (sealed.take_suspicious(), sealed.tip.clone());
        sealed.answer();
        self.answer_suspicious(suspicious, &tip).await?;
        self.keep_snapshot();
        Ok(())
    }

    /// Keyed requests to which no event followed get the answer that their key once got, if it did.
    async fn answer_suspicious(&self, suspicious: Vec<Decided>, tip: &Tip) -> Result<(), SubmitError> {
        if suspicious.is_empty() {
            return Ok(());
        }
        let key_of = |decided: &Decided| decided.pending.request.key.as_ref().map(|key| key.key.clone()).unwrap_or_default();
        let known = match self.org.find_keys(&suspicious.iter().map(key_of).collect::<Vec<_>>()).await {
            Ok(known) => known,
            Err(error) => {
                let error = SubmitError::from(error);
                suspicious.into_iter().for_each(|decided| drop(decided.pending.reply.send(Err(error.clone()))));
                return Err(error);
            }
        };
        for decided in suspicious {
            match known.iter().find(|used| used.key == key_of(&decided)) {
                Some(used) => self.answer_as_before(decided.pending, used).await?,
                None => Sealed::answer_one(tip, decided),
            }
        }
        Ok(())
    }

    /// A key or external id of the batch is taken: answers those requests, returns the others.
    async fn answer_known_names(&self, sealed: Sealed) -> Result<Vec<Pending>, SubmitError> {
        let keys: Vec<&str> = sealed.keys.iter().map(|key| key.key.as_str()).collect();
        let ids: Vec<&str> = sealed.external_ids.iter().map(|id| id.external_id.as_str()).collect();
        let known_keys = if keys.is_empty() { Vec::new() } else { self.org.find_keys(&keys).await? };
        let known_ids = if ids.is_empty() { Vec::new() } else { self.org.find_external_ids(&ids).await? };
        let mut rest = Vec::new();
        for pending in sealed.into_requests() {
            let key = pending.request.key.as_ref().and_then(|key| known_keys.iter().find(|used| used.key == key.key));
            if let Some(used) = key {
                self.answer_as_before(pending, used).await?;
                continue;
            }
            match taken_by(&pending.request.command, &known_ids) {
                Some(taken) => drop(pending.reply.send(Err(SubmitError::Rejected(taken)))),
                None => rest.push(pending),
            }
        }
        Ok(rest)
    }

    /// The answer that the key got when it was first used, or the refusal if it was another request.
    async fn answer_as_before(&self, pending: Pending, used: &StoredKey) -> Result<(), SubmitError> {
        let same = pending.request.key.as_ref().is_some_and(|key| key.request_hash == used.request_hash);
        let answer = if same {
            let commit = self.org.commit_at(used.first_seq).await?;
            let (first_seq, event_count, recorded_at) = (used.first_seq, used.event_count, used.recorded_at);
            Ok(Receipt { first_seq, event_count, recorded_at, hash: commit.hash, replayed: true })
        } else {
            Err(SubmitError::KeyReused { key: used.key.clone(), first_seq: used.first_seq })
        };
        let _ = pending.reply.send(answer);
        Ok(())
    }

    /// Throws the provisional book away, folds what others appended, and queues everything unanswered again.
    async fn start_over(&mut self, failed: impl Iterator<Item = Pending>) -> Result<(), SubmitError> {
        let waiting = std::mem::take(&mut self.batch).into_requests();
        let again: VecDeque<Pending> = failed.chain(waiting).chain(self.again.drain(..)).collect();
        self.again = again;
        self.confirmed.catch_up(&self.org).await?;
        self.provisional.clone_from(&self.confirmed);
        Ok(())
    }

    async fn back_off(&mut self) {
        self.attempts += 1;
        if self.attempts > 1 {
            let ceiling = 2_u64.saturating_pow(self.attempts.min(6));
            let pause = rand::rng().random_range(0..=ceiling);
            tokio::time::sleep(Duration::from_millis(pause)).await;
        }
    }

    fn keep_snapshot(&mut self) {
        if self.confirmed.tip.seq < self.last_snapshot + self.config.snapshot_every {
            return;
        }
        self.last_snapshot = self.confirmed.tip.seq;
        let (org, loaded) = (self.org.clone(), self.confirmed.clone());
        tokio::spawn(async move {
            if let Err(error) = save_book(&org, &loaded.book, &loaded.tip).await {
                tracing::warn!(org = %org.org(), %error, "no snapshot was kept");
            }
        });
    }

    /// The state cannot be trusted any more: tell everybody, and let the next request load it afresh.
    fn give_up(mut self, requests: &mut mpsc::Receiver<Pending>, error: &SubmitError) {
        let waiting = std::mem::take(&mut self.batch).into_requests().chain(self.again.drain(..));
        for pending in waiting {
            let _ = pending.reply.send(Err(error.clone()));
        }
        refuse_all(requests, error);
    }
}

/// Makes a sealed batch durable, or finds out why it is not.
async fn deliver(org: &OrgStore, sealed: &Sealed, connection: &mut Option<Connection>, resolve_for: Duration) -> Result<(), Failure> {
    let Some(commit) = &sealed.commit else {
        // Rejections are right only if the stream still ends where they were decided.
        return match org.head().await {
            Ok(head) if head.seq == sealed.tip.seq && head.hash == sealed.tip.hash => Ok(()),
            Ok(_) => Err(Failure::Lost),
            Err(error) => Err(Failure::Refused(error.into())),
        };
    };
    let mut deadline = None;
    loop {
        match append(org, sealed, commit, connection).await {
            Ok(_) => return Ok(()),
            // Fenced after an unknown outcome: the winner may have been our own earlier attempt.
            Err(AppendError::Fenced) if deadline.is_none() => return Err(Failure::Lost),
            Err(AppendError::DuplicateKey { .. } | AppendError::DuplicateExternalId { .. }) => return Err(Failure::NameTaken),
            Err(AppendError::Refused(error)) if deadline.is_none() => return Err(Failure::Refused(error.into())),
            Err(error) => tracing::warn!(org = %org.org(), %error, "asking what became of a commit"),
        }
        let until = *deadline.get_or_insert_with(|| Instant::now() + resolve_for);
        match resolve(org, commit, until).await? {
            Resolution::Committed(_) => return Ok(()),
            Resolution::Overtaken => return Err(Failure::Lost),
            Resolution::NotYet if Instant::now() >= until => return Err(Failure::Unknown),
            Resolution::NotYet => {}
        }
    }
}

/// Appends on the connection that was kept, or on another. One whose state is not known is not used again.
async fn append(org: &OrgStore, sealed: &Sealed, commit: &NewCommit, kept: &mut Option<Connection>) -> Result<(), AppendError> {
    let mut connection = match kept.take() {
        Some(connection) => connection,
        None => org.store().connection().await.map_err(AppendError::Refused)?,
    };
    let expected = commit.first_seq - 1;
    let appended = org.append_commit_on(&mut connection, commit, expected, &sealed.keys, &sealed.external_ids).await;
    match &appended {
        Err(AppendError::OutcomeUnknown(_)) => drop(connection.detach()),
        _ => *kept = Some(connection),
    }
    appended.map(drop)
}

async fn resolve(org: &OrgStore, commit: &NewCommit, until: Instant) -> Result<Resolution, Failure> {
    let mut pause = Duration::from_millis(20);
    loop {
        match org.resolve(commit).await {
            Ok(resolution) => return Ok(resolution),
            Err(_) if Instant::now() < until => {
                tokio::time::sleep(pause).await;
                pause = (pause * 2).min(Duration::from_secs(1));
            }
            Err(_) => return Err(Failure::Unknown),
        }
    }
}
