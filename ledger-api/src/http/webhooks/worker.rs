//! Tells endpoints of events: finds those that have something to be told, takes their turns, and sends what follows in the
//! stream, one message after the other.
//!
//! The stream is the queue and the cursor says how far an endpoint was told, so nothing is lost when this process dies: who
//! comes next goes on after the last event that was settled. An event that fails holds back those after it until it is
//! delivered or dead. Found by hints of growth in this process and by a sweep that misses nothing.

use std::collections::{HashMap, HashSet};
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use ledger_core::chain::Commit;
use ledger_core::event::Recorded;
use ledger_store::load::{LoadError, to_chain};
use ledger_store::webhooks::{Attempt, AttemptKind, DeadLetter, Due, Endpoint, Outcome, Step, Turn};
use ledger_store::writer::Grown;
use ledger_store::{OrgId, OrgStore, Store, StoredCommit};
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::{Semaphore, broadcast};
use tokio::task::JoinSet;
use tokio::time::MissedTickBehavior;
use uuid::Uuid;

use super::deliver::{Message, Sender, Sent, Verdict};
use super::{WebhooksConfig, message_of};

/// Bytes of history that are read at a time.
const PAGE_BYTES: u64 = 1 << 20;
/// How long an endpoint is told before others' turn comes.
const TURN: Duration = Duration::from_secs(10);
/// Dead letters that are sent again in one turn.
const REPLAYS: u16 = 100;
/// How many endpoints wait for each place that is free.
const WAITING_PER_PLACE: usize = 4;

/// How a turn ended.
enum Turned {
    /// There is nothing more to tell for now.
    Done,
    /// There is more.
    More,
    /// It failed, is somebody else's, or is not wanted any more; the sweep finds it when its time comes.
    Later,
}

/// The background sender of a process. Any number of processes may have one.
pub struct Worker {
    store: Store,
    sender: Sender,
    config: WebhooksConfig,
    owner: Uuid,
    permits: Semaphore,
    stopping: AtomicBool,
    /// What is being told, and whether it grew meanwhile.
    busy: Mutex<HashMap<Due, bool>>,
    /// Endpoints that were told everything the last time, by organization: those that a hint is for.
    content: Mutex<HashMap<OrgId, HashSet<Uuid>>>,
}

/// A poisoned lock only means that another task panicked; what is behind it are hints.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Worker {
    /// A sender of what is in a store.
    #[must_use]
    pub fn new(store: Store, sender: Sender, config: WebhooksConfig) -> Arc<Self> {
        let permits = Semaphore::new(config.parallel.max(1));
        let (busy, content) = Default::default();
        Arc::new(Self { store, sender, config, owner: Uuid::new_v4(), permits, stopping: AtomicBool::new(false), busy, content })
    }

    /// Works until told to stop, then finishes what is on its way. Dropping it instead breaks off what is on its way; that is
    /// sent again by whoever comes next.
    pub async fn run(self: Arc<Self>, grown: broadcast::Receiver<Grown>, stop: impl Future<Output = ()> + Send) {
        let mut tasks = JoinSet::new();
        let (mut stop, mut grown) = (pin!(stop), Some(grown));
        let mut sweep = tokio::time::interval(self.config.sweep);
        sweep.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut after = None;
        loop {
            tokio::select! {
                () = &mut stop => break,
                _ = sweep.tick() => after = self.sweep(after, &mut tasks).await,
                hint = hear(&mut grown) => self.follow(hint, &mut tasks),
                Some(_) = tasks.join_next() => {}
            }
        }
        self.stopping.store(true, Ordering::Relaxed);
        let finish = async { while tasks.join_next().await.is_some() {} };
        if tokio::time::timeout(self.config.timeout + Duration::from_secs(1), finish).await.is_err() {
            tracing::warn!("webhooks on their way were broken off; they are sent again");
        }
    }

    /// Starts as many as there is room for; answers where to go on.
    async fn sweep(self: &Arc<Self>, after: Option<Due>, tasks: &mut JoinSet<()>) -> Option<Due> {
        let most = self.config.parallel.max(1) * WAITING_PER_PLACE;
        let room = u16::try_from(most.saturating_sub(tasks.len())).unwrap_or(u16::MAX);
        if room == 0 {
            return after;
        }
        match self.store.webhooks_due(Utc::now(), after, room).await {
            Ok(due) => {
                due.iter().for_each(|due| self.start(*due, tasks));
                due.last().copied().filter(|_| due.len() == usize::from(room))
            }
            Err(error) => {
                tracing::warn!(%error, "looking for webhooks to send failed; it is tried again");
                None
            }
        }
    }

    fn follow(self: &Arc<Self>, hint: Option<OrgId>, tasks: &mut JoinSet<()>) {
        let Some(org) = hint else { return };
        let endpoints: Vec<Uuid> = lock(&self.content).get(&org).into_iter().flatten().copied().collect();
        for endpoint in endpoints {
            self.start(Due { org, endpoint }, tasks);
        }
    }

    /// Starts telling an endpoint, or notes that there is more when it is being told.
    fn start(self: &Arc<Self>, due: Due, tasks: &mut JoinSet<()>) {
        if let Some(again) = lock(&self.busy).get_mut(&due) {
            *again = true;
            return;
        }
        lock(&self.busy).insert(due, false);
        let worker = Arc::clone(self);
        tasks.spawn(async move { while worker.tell(due).await {} });
    }

    /// Answers whether to go on at once.
    async fn tell(&self, due: Due) -> bool {
        let turned = match self.permits.acquire().await {
            Ok(_permit) if !self.stopping() => self.turn(due).await,
            _ => Ok(Turned::Later),
        };
        let turned = turned.unwrap_or_else(|error| {
            tracing::warn!(org = %due.org, endpoint = %due.endpoint, %error, "sending webhooks was interrupted; it is tried again");
            Turned::Later
        });
        let mut busy = lock(&self.busy);
        let again = busy.get(&due).copied().unwrap_or(false);
        match turned {
            Turned::More if !self.stopping() => return true,
            Turned::Done if again && !self.stopping() => {
                busy.insert(due, false);
                return true;
            }
            Turned::Done => {
                lock(&self.content).entry(due.org).or_default().insert(due.endpoint);
            }
            Turned::More | Turned::Later => self.forget(due),
        }
        busy.remove(&due);
        false
    }

    fn forget(&self, due: Due) {
        let mut content = lock(&self.content);
        if let Some(endpoints) = content.get_mut(&due.org) {
            endpoints.remove(&due.endpoint);
            if endpoints.is_empty() {
                content.remove(&due.org);
            }
        }
    }

    fn stopping(&self) -> bool {
        self.stopping.load(Ordering::Relaxed)
    }

    fn lease_until(&self, now: DateTime<Utc>) -> DateTime<Utc> {
        now + self.config.lease
    }

    async fn turn(&self, due: Due) -> Result<Turned, LoadError> {
        let org = self.store.for_org(due.org);
        let now = Utc::now();
        let Some(turn) = org.take_webhook(due.endpoint, self.owner, now, self.lease_until(now)).await? else {
            return Ok(Turned::Later);
        };
        let turned = self.work(&org, &turn).await;
        org.give_back_webhook(due.endpoint, self.owner).await?;
        turned
    }

    async fn work(&self, org: &OrgStore, turn: &Turn) -> Result<Turned, LoadError> {
        let deadline = Instant::now() + TURN;
        if turn.replays {
            self.replay(org, turn, deadline).await?;
        }
        if turn.ripe { Telling { worker: self, org, turn, deadline, seq: turn.endpoint.seq }.run().await } else { Ok(Turned::Later) }
    }

    /// Sends dead letters again, each once. The stream does not wait for them.
    async fn replay(&self, org: &OrgStore, turn: &Turn, deadline: Instant) -> Result<(), LoadError> {
        let id = turn.endpoint.id;
        let queued = org.queued_webhook_replays(id, Utc::now(), REPLAYS).await?;
        for letter in &queued {
            if self.stopping() || Instant::now() >= deadline {
                return Ok(());
            }
            let commit = to_chain(org.org(), org.commit_at(letter.seq).await?);
            let recorded = event_of(org.org(), &commit, letter.seq)?;
            let message = message_of(id, &commit, &recorded);
            let sent = self.send(&turn.endpoint, turn, &message).await;
            let attempt = attempt_of(&sent, &message, AttemptKind::Replay, letter.seq, next_attempt(letter));
            org.finish_webhook_replay(id, &attempt, Utc::now()).await?;
        }
        if !queued.is_empty() {
            // Takes the mark back where nothing was queued meanwhile.
            org.queued_webhook_replays(id, Utc::now(), 1).await?;
        }
        Ok(())
    }

    async fn send(&self, endpoint: &Endpoint, turn: &Turn, message: &Message) -> Sent {
        let sent = self.sender.send(&endpoint.url, &turn.secrets, message).await;
        let outcome = match sent.verdict {
            Verdict::Delivered => "delivered",
            Verdict::Failed { .. } => "failed",
            Verdict::Gone => "gone",
        };
        metrics::counter!("ledger_webhook_attempts_total", "outcome" => outcome).increment(1);
        sent
    }

    /// When to try again after this many attempts; `None` when that was the last.
    fn retry_at(&self, attempts: u32, asked: Option<Duration>) -> Option<DateTime<Utc>> {
        let wait = *self.config.schedule.get(usize::try_from(attempts).ok()?)?;
        let jitter = rand::random_range(0..=u64::try_from(wait.as_millis() / 10).unwrap_or(0));
        Some(Utc::now() + (wait + Duration::from_millis(jitter)).max(asked.unwrap_or_default()))
    }
}

/// What follows in the stream, for one endpoint.
struct Telling<'a> {
    worker: &'a Worker,
    org: &'a OrgStore,
    turn: &'a Turn,
    deadline: Instant,
    /// The last event that is settled, here and in the database.
    seq: u64,
}

impl Telling<'_> {
    async fn run(mut self) -> Result<Turned, LoadError> {
        loop {
            let page = self.org.commits_after(self.seq, PAGE_BYTES).await?;
            let Some(end) = page.last().map(StoredCommit::last_seq) else { return Ok(Turned::Done) };
            for commit in page {
                if let Some(turned) = self.commit(&to_chain(self.org.org(), commit)).await? {
                    return Ok(turned);
                }
            }
            // What is not wanted is settled by the page, and not commit by commit.
            if !self.settle(end).await? {
                return Ok(Turned::Later);
            }
            if self.is_over() {
                return Ok(Turned::More);
            }
        }
    }

    /// Whether it is others' turn.
    fn is_over(&self) -> bool {
        self.worker.stopping() || Instant::now() >= self.deadline
    }

    /// Answers how the turn ended, where it does.
    async fn commit(&mut self, commit: &Commit) -> Result<Option<Turned>, LoadError> {
        for recorded in commit.events() {
            let recorded = recorded.map_err(|source| LoadError::Codec { org: self.org.org(), source })?;
            if recorded.seq <= self.seq || !self.wants(&recorded) {
                continue;
            }
            if self.is_over() {
                return Ok(Some(if self.settle(recorded.seq - 1).await? { Turned::More } else { Turned::Later }));
            }
            // What lies between and is not wanted is settled first: the attempts that the cursor counts are at the event
            // that follows it.
            if recorded.seq - 1 > self.seq && !self.settle(recorded.seq - 1).await? {
                return Ok(Some(Turned::Later));
            }
            if !self.event(commit, &recorded).await? {
                return Ok(Some(Turned::Later));
            }
        }
        Ok(None)
    }

    fn wants(&self, recorded: &Recorded) -> bool {
        let types = &self.turn.endpoint.event_types;
        types.is_empty() || types.iter().any(|wanted| wanted == recorded.event.type_name())
    }

    /// Moves the cursor over what is not wanted. Answers whether to go on.
    async fn settle(&mut self, seq: u64) -> Result<bool, LoadError> {
        if seq <= self.seq {
            return Ok(true);
        }
        self.step(Outcome::Settled(seq), None).await
    }

    /// One attempt at one event. Answers whether to go on.
    async fn event(&mut self, commit: &Commit, recorded: &Recorded) -> Result<bool, LoadError> {
        let endpoint = &self.turn.endpoint;
        let message = message_of(endpoint.id, commit, recorded);
        // Attempts that were counted before this turn are at the event that it begins with.
        let before = if self.seq == endpoint.seq { endpoint.attempts } else { 0 };
        let attempts = before.saturating_add(1);
        let sent = self.worker.send(endpoint, self.turn, &message).await;
        let attempt = attempt_of(&sent, &message, AttemptKind::Event, recorded.seq, attempts);
        let outcome = match &sent.verdict {
            Verdict::Delivered => Outcome::Settled(recorded.seq),
            Verdict::Gone => Outcome::Disable { reason: "the receiver answered 410 Gone" },
            Verdict::Failed { retry_after } => match self.worker.retry_at(attempts, *retry_after) {
                Some(at) => Outcome::Retry { attempts, at },
                None => Outcome::Dead { seq: recorded.seq, event_type: &message.event_type },
            },
        };
        if matches!(outcome, Outcome::Dead { .. }) {
            metrics::counter!("ledger_webhook_dead_letters_total").increment(1);
        }
        let goes_on = matches!(outcome, Outcome::Settled(_) | Outcome::Dead { .. });
        Ok(self.step(outcome, Some(&attempt)).await? && goes_on)
    }

    async fn step(&mut self, outcome: Outcome<'_>, attempt: Option<&Attempt>) -> Result<bool, LoadError> {
        let now = Utc::now();
        let to = match outcome {
            Outcome::Settled(seq) | Outcome::Dead { seq, .. } => seq,
            Outcome::Retry { .. } | Outcome::Disable { .. } => self.seq,
        };
        let step = Step { from: self.seq, outcome, attempt, lease_until: self.worker.lease_until(now), now };
        let held = self.org.step_webhook(self.turn.endpoint.id, self.worker.owner, &step).await?;
        self.seq = to;
        Ok(held)
    }
}

/// Waits for the next hint; `None` where hints were missed or come no more: the sweep finds what they were for.
async fn hear(grown: &mut Option<broadcast::Receiver<Grown>>) -> Option<OrgId> {
    match grown {
        None => std::future::pending().await,
        Some(hints) => match hints.recv().await {
            Ok(hint) => Some(hint.org),
            Err(RecvError::Lagged(_)) => None,
            Err(RecvError::Closed) => {
                *grown = None;
                None
            }
        },
    }
}

fn next_attempt(letter: &DeadLetter) -> u32 {
    letter.attempts.saturating_add(1)
}

fn event_of(org: OrgId, commit: &Commit, seq: u64) -> Result<Recorded, LoadError> {
    let missing = ledger_store::StoreError::NoSuchEvent { org, seq };
    let index = usize::try_from(seq.saturating_sub(commit.header.first_seq)).unwrap_or(usize::MAX);
    commit.events().nth(index).ok_or(missing)?.map_err(|source| LoadError::Codec { org, source })
}

/// An attempt as the log has it.
pub fn attempt_of(sent: &Sent, message: &Message, kind: AttemptKind, seq: u64, attempt: u32) -> Attempt {
    Attempt {
        id: Uuid::now_v7(),
        message_id: message.id.clone(),
        kind,
        seq,
        event_type: message.event_type.clone(),
        attempt,
        started_at: sent.started_at,
        duration_ms: sent.duration_ms,
        delivered: sent.verdict == Verdict::Delivered,
        http_status: sent.status.and_then(|status| i16::try_from(status).ok()),
        error: sent.error.clone(),
        response: sent.response.clone(),
    }
}
