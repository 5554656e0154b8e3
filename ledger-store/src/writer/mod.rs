//! The writer: one task per active organization owns its book, decides what waits, and appends it as one commit.
//!
//! [`Ledger`] is the door: it finds or starts the organization's task and waits for its answer. Nothing is
//! answered, accepted or rejected, before the commit it was decided on is durable. Any number of processes may
//! do this to the same organization: the fence in the append decides, and who lost loads the tail and decides again.
//!
//! Here: requests, answers, and the life of tasks. What a task does is in [`task`]; bulk imports are in [`crate::bulk`].

mod batch;
mod task;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use chrono::Utc;
use ledger_core::book::Valuation;
use ledger_core::chain::genesis_hash;
use ledger_core::command::CreateOrganization;
use ledger_core::{Actor, Command, Rejection, Seq, Text, Timestamp};
use tokio::sync::{broadcast, mpsc, oneshot};
use uuid::Uuid;

use crate::db::Store;
use crate::directory::{Creation, Organization};
use crate::error::StoreError;
use crate::load::LoadError;
use crate::tenant::{OrgId, OrgStore};

/// Requests that may wait for one organization before callers are held back.
const QUEUE_MAX: usize = 1_024;

/// How a process writes. The defaults suit a server.
#[derive(Clone, Debug)]
pub struct LedgerConfig {
    /// How long an organization's book stays in memory without a request.
    pub idle: Duration,
    /// Events after which a new snapshot of the book is kept.
    pub snapshot_every: u64,
    /// How often a lost race is decided again before the caller is told to retry.
    pub attempts_max: u32,
    /// How long the writer asks what became of a commit whose outcome is unknown.
    pub resolve_for: Duration,
}

impl Default for LedgerConfig {
    fn default() -> Self {
        Self { idle: Duration::from_secs(300), snapshot_every: 50_000, attempts_max: 64, resolve_for: Duration::from_secs(30) }
    }
}

/// A key under which a request is answered once and for ever.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdempotencyKey {
    /// What the caller chose; 1 to 1,000 bytes.
    pub key: String,
    /// Hash of the canonical request: the same key with another request is refused.
    pub request_hash: [u8; 32],
}

impl IdempotencyKey {
    /// A key for a request in its canonical bytes.
    #[must_use]
    pub fn new(key: impl Into<String>, canonical_request: &[u8]) -> Self {
        Self { key: key.into(), request_hash: *blake3::hash(canonical_request).as_bytes() }
    }
}

/// A command and its circumstances.
#[derive(Clone, Debug)]
pub struct Request {
    /// What is asked.
    pub command: Command,
    /// Who asks.
    pub actor: Actor,
    /// The key under which the answer is kept.
    pub key: Option<IdempotencyKey>,
    /// The request or conversation that the events belong to.
    pub correlation: Option<Uuid>,
    /// Whether the actor may post into soft-closed periods.
    pub soft_closed: bool,
    /// The seq at which the books must still stand for the command to be decided at all.
    pub expected: Option<Seq>,
}

impl Request {
    /// A command without a key.
    #[must_use]
    pub fn new(command: Command, actor: Actor) -> Self {
        Self { command, actor, key: None, correlation: None, soft_closed: false, expected: None }
    }

    /// The same with a key.
    #[must_use]
    pub fn keyed(mut self, key: IdempotencyKey) -> Self {
        self.key = Some(key);
        self
    }
}

/// The durable answer to an accepted command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// Position of the first event that followed; for a command that changed nothing, of the stream's head.
    pub first_seq: Seq,
    /// How many events followed; 0 when everything was as asked already.
    pub event_count: u32,
    /// When they were recorded.
    pub recorded_at: Timestamp,
    /// Hash of the commit that holds them.
    pub hash: [u8; 32],
    /// Whether this is the answer that an earlier request with the same key got.
    pub replayed: bool,
}

impl Receipt {
    /// Position of the last event: the entry itself, after what was opened for it.
    #[must_use]
    pub fn last_seq(&self) -> Seq {
        self.first_seq + Seq::from(self.event_count.saturating_sub(1))
    }
}

/// Why there is no receipt.
#[derive(Clone, Debug, thiserror::Error)]
pub enum SubmitError {
    /// The books refuse it; nothing has changed.
    #[error("{0}")]
    Rejected(Rejection),
    /// The key was used for another request; nothing has changed.
    #[error("idempotency key {key:?} was used for another request, at seq {first_seq}: send the same request, or choose another key")]
    KeyReused {
        /// The key.
        key: String,
        /// Where the other request's events begin.
        first_seq: Seq,
    },
    /// It did not happen: too many others wrote at the same time, or the database was away. Trying again may help.
    #[error("not posted: {0}; nothing has changed, try again")]
    Unavailable(Arc<str>),
    /// It may have happened. The same request with the same key finds out.
    #[error(
        "the database was lost while committing and did not come back in time: send the same request again with the same idempotency key"
    )]
    OutcomeUnknown,
    /// The stored history cannot be read, or the database refuses what it should take. Trying again does not help.
    #[error("{0}")]
    Damaged(Arc<str>),
    /// The slug is taken.
    #[error("an organization {0:?} exists already: choose another slug")]
    OrganizationTaken(String),
}

impl From<LoadError> for SubmitError {
    fn from(error: LoadError) -> Self {
        match error {
            LoadError::Store(error) => error.into(),
            damaged => Self::Damaged(damaged.to_string().into()),
        }
    }
}

impl From<StoreError> for SubmitError {
    fn from(error: StoreError) -> Self {
        let said = error.to_string().into();
        if error.is_transient() { Self::Unavailable(said) } else { Self::Damaged(said) }
    }
}

/// What begins an organization.
#[derive(Clone, Debug)]
pub struct NewOrganization {
    /// Its short name: a-z, 0-9 and inner hyphens, at most 63.
    pub slug: String,
    /// Its name.
    pub name: String,
    /// Code of its functional currency.
    pub functional_currency: String,
    /// Digits of that currency where they shall differ from the standard's.
    pub functional_scale: Option<u8>,
    /// What happens to foreign lines without a rate.
    pub valuation: Valuation,
}

/// A hint that a stream has grown. Hints may be lost; checkpoints are the truth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Grown {
    /// Whose stream.
    pub org: OrgId,
    /// Up to where.
    pub seq: Seq,
    /// Commands that were made durable with it.
    pub commands: u32,
    /// Events that it grew by.
    pub events: u32,
}

/// The writing side of one process. Cheap to clone.
#[derive(Clone)]
pub struct Ledger {
    shared: Arc<Shared>,
}

struct Shared {
    store: Store,
    config: LedgerConfig,
    tasks: Mutex<HashMap<OrgId, mpsc::Sender<Pending>>>,
    grown: broadcast::Sender<Grown>,
}

/// A request on its way to its organization's task.
struct Pending {
    request: Request,
    reply: oneshot::Sender<Result<Receipt, SubmitError>>,
}

impl Ledger {
    /// A ledger with the default configuration.
    #[must_use]
    pub fn new(store: Store) -> Self {
        Self::with_config(store, LedgerConfig::default())
    }

    /// A ledger.
    #[must_use]
    pub fn with_config(store: Store, config: LedgerConfig) -> Self {
        let (grown, _) = broadcast::channel(1_024);
        Self { shared: Arc::new(Shared { store, config, tasks: Mutex::default(), grown }) }
    }

    /// The store that this ledger writes to.
    #[must_use]
    pub fn store(&self) -> &Store {
        &self.shared.store
    }

    /// Hints of growth, for projection workers in this process.
    #[must_use]
    pub fn grown(&self) -> broadcast::Receiver<Grown> {
        self.shared.grown.subscribe()
    }

    /// Enters an organization in the directory and begins its books.
    ///
    /// # Errors
    /// As [`Ledger::begin_organization`].
    pub async fn create_organization(&self, new: NewOrganization, actor: &Actor) -> Result<OrgId, SubmitError> {
        Ok(self.begin_organization(new, actor, None).await?.0)
    }

    /// Enters an organization in the directory and begins its books, once under a key: the key is made durable with the
    /// first commit, and the same request gets the same receipt again.
    ///
    /// # Errors
    /// [`SubmitError::OrganizationTaken`], [`SubmitError::Rejected`] (the slug stays free then), and as [`Ledger::submit`].
    pub async fn begin_organization(
        &self,
        new: NewOrganization,
        actor: &Actor,
        key: Option<IdempotencyKey>,
    ) -> Result<(OrgId, Receipt), SubmitError> {
        let org = Uuid::now_v7();
        let create = CreateOrganization {
            org,
            name: Text::from(new.name.as_str()),
            functional_currency: Text::from(new.functional_currency.as_str()),
            functional_scale: new.functional_scale,
            valuation: new.valuation,
        };
        // Decided once ahead, so that a refused organization leaves no row in the directory.
        let command = Command::CreateOrganization(create.clone());
        ledger_core::Book::default().decide(&command, &ledger_core::Context::new(actor)).map_err(SubmitError::Rejected)?;
        if new.functional_currency.is_empty() {
            // A commodity may go without a code; the currency in which books are kept may not.
            let (what, found) = ("the functional currency", Text::default());
            return Err(SubmitError::Rejected(Rejection::InvalidText { what, found, line: 0 }));
        }
        let row = Organization {
            org: OrgId(org),
            slug: new.slug.clone(),
            name: new.name,
            functional_currency: new.functional_currency,
            valuation: new.valuation.as_str().to_owned(),
            created_at: now(),
        };
        let (org, command) = match self.shared.store.create_organization(&row, genesis_hash(org)).await? {
            Creation::Created => (OrgId(org), command),
            Creation::Taken => {
                // Begun now, where an earlier creation was interrupted; answered as before, where the key is the same.
                let Some(known) = self.shared.store.organization(&new.slug).await? else {
                    return Err(SubmitError::OrganizationTaken(new.slug));
                };
                if key.is_none() && self.shared.store.for_org(known.org).head().await?.seq != 0 {
                    return Err(SubmitError::OrganizationTaken(new.slug));
                }
                (known.org, Command::CreateOrganization(CreateOrganization { org: known.org.0, ..create }))
            }
        };
        let request = Request { key, ..Request::new(command, actor.clone()) };
        match self.submit(org, request).await {
            Ok(receipt) => Ok((org, receipt)),
            Err(SubmitError::Rejected(Rejection::OrganizationExists {})) => Err(SubmitError::OrganizationTaken(new.slug)),
            Err(error) => Err(error),
        }
    }

    /// Gives a command to an organization's book and waits for the durable answer.
    ///
    /// # Errors
    /// [`SubmitError`]. After [`SubmitError::OutcomeUnknown`] only the key can tell.
    #[tracing::instrument(name = "ledger.submit", level = "info", skip_all)]
    pub async fn submit(&self, org: OrgId, request: Request) -> Result<Receipt, SubmitError> {
        self.send(org, request).await.await.unwrap_or(Err(SubmitError::OutcomeUnknown))
    }

    /// Gives several commands to an organization's book, each for itself, and waits for all answers. They are decided in
    /// this order, and what waits together becomes durable together.
    pub async fn submit_each(&self, org: OrgId, requests: impl IntoIterator<Item = Request>) -> Vec<Result<Receipt, SubmitError>> {
        let mut answers = Vec::new();
        for request in requests {
            answers.push(self.send(org, request).await);
        }
        let mut answered = Vec::with_capacity(answers.len());
        for answer in answers {
            answered.push(answer.await.unwrap_or(Err(SubmitError::OutcomeUnknown)));
        }
        answered
    }

    async fn send(&self, org: OrgId, request: Request) -> oneshot::Receiver<Result<Receipt, SubmitError>> {
        let (reply, answer) = oneshot::channel();
        let mut pending = Pending { request, reply };
        loop {
            match self.task(org).send(pending).await {
                Ok(()) => return answer,
                Err(mpsc::error::SendError(returned)) => {
                    self.forget(org); // the task went to sleep: start another
                    pending = returned;
                }
            }
        }
    }

    fn task(&self, org: OrgId) -> mpsc::Sender<Pending> {
        let mut tasks = self.shared.tasks.lock().unwrap_or_else(PoisonError::into_inner);
        let alive = tasks.get(&org).filter(|sender| !sender.is_closed());
        if let Some(sender) = alive {
            return sender.clone();
        }
        let (sender, receiver) = mpsc::channel(QUEUE_MAX);
        tasks.insert(org, sender.clone());
        let (store, config, grown) = (self.shared.store.for_org(org), self.shared.config.clone(), self.shared.grown.clone());
        tokio::spawn(task::run(store, config, grown, receiver));
        sender
    }

    fn forget(&self, org: OrgId) {
        let mut tasks = self.shared.tasks.lock().unwrap_or_else(PoisonError::into_inner);
        if tasks.get(&org).is_some_and(mpsc::Sender::is_closed) {
            tasks.remove(&org);
        }
    }
}

/// The clock, to the microsecond.
pub(crate) fn now() -> Timestamp {
    Timestamp(Utc::now().timestamp_micros())
}

/// The external ids that a command would give to its entries.
pub(crate) fn external_ids_of(command: &Command) -> impl Iterator<Item = &str> {
    let (one, many) = match command {
        Command::PostEntry(draft) => (draft.external_id.as_deref(), &[][..]),
        Command::PostEntries(drafts) => (None, drafts.as_slice()),
        Command::CorrectEntry(correct) => (correct.replacement.external_id.as_deref(), &[][..]),
        Command::RecordDocument(draft) => (draft.external_id.as_deref(), &[][..]),
        Command::RecordPayment(payment) => (payment.external_id.as_deref(), &[][..]),
        _ => (None, &[][..]),
    };
    one.into_iter().chain(many.iter().filter_map(|draft| draft.external_id.as_deref()))
}

/// The earlier entry that a command names, which a decision has to see.
#[must_use]
pub fn original_of(command: &Command) -> Option<Seq> {
    match command {
        Command::ReverseEntry(reverse) => Some(reverse.original),
        Command::CorrectEntry(correct) => Some(correct.reverse.original),
        _ => None,
    }
}

/// The refusal of a command that would use an external id again.
pub(crate) fn taken_by(command: &Command, known: &[(String, Seq)]) -> Option<Rejection> {
    let seq_of = |id: &str| known.iter().find(|(known, _)| known == id).map(|(_, seq)| *seq);
    let (id, seq) = external_ids_of(command).find_map(|id| seq_of(id).map(|seq| (id, seq)))?;
    let taken = Rejection::ExternalIdTaken { external_id: id.into(), seq };
    let Command::PostEntries(drafts) = command else { return Some(taken) };
    let index = drafts.iter().position(|draft| draft.external_id.as_deref() == Some(id))?;
    Some(Rejection::InBatch { index, rejection: Box::new(taken) })
}

/// The refusal of a command that would use an external id again, as far as ids are durable by now. For decisions that
/// are not made durable; the append itself finds all others.
///
/// # Errors
/// [`StoreError`] when the server fails.
pub async fn refused_for_id(org: &OrgStore, command: &Command) -> Result<Option<Rejection>, StoreError> {
    let ids: Vec<&str> = external_ids_of(command).collect();
    if ids.is_empty() { Ok(None) } else { Ok(taken_by(command, &org.find_external_ids(&ids).await?)) }
}
