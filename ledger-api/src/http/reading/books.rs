//! Books in memory for reads: snapshot and tail, brought up to the stream's head whenever they are asked for.
//!
//! Bounded by number: [`BOOKS_MAX`] organizations at their heads, least recently asked for let go first, and [`PAST_MAX`]
//! books as of earlier events, which listings that go on page by page hold on to. Folding history is done for at most
//! [`FOLDS_MAX`] requests at a time; the others wait. What only the writer knows (what is decided but not durable) is never seen.

use std::collections::HashMap;
use std::ops::Deref;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use futures::TryStreamExt;
use ledger_core::codec::snapshot;
use ledger_core::{Book, Seq};
use ledger_projections::reports::Point;
use ledger_store::load::{LoadError, Loaded, load_book, to_chain};
use ledger_store::{OrgId, OrgStore};
use tokio::sync::{OwnedRwLockReadGuard, OwnedRwLockWriteGuard, RwLock, Semaphore};

use crate::http::problem::Problem;

/// Books at their heads that are kept.
pub const BOOKS_MAX: usize = 64;
/// Books as of earlier events that are kept.
pub const PAST_MAX: usize = 8;
/// Folds of history that go on at the same time.
pub const FOLDS_MAX: usize = 2;

type Slot = Arc<RwLock<Option<Loaded>>>;

/// The books of one server's reads.
#[derive(Debug)]
pub struct Books {
    latest: Mutex<HashMap<OrgId, (Slot, Instant)>>,
    past: Mutex<Vec<(OrgId, Arc<Book>)>>,
    folding: Semaphore,
}

impl Default for Books {
    fn default() -> Self {
        Self { latest: Mutex::default(), past: Mutex::default(), folding: Semaphore::new(FOLDS_MAX) }
    }
}

/// A book that stands still while it is read.
#[derive(Debug)]
pub enum Held {
    /// At the stream's head as of when it was asked for. Held briefly: nobody can bring it further meanwhile.
    Latest(OwnedRwLockReadGuard<Option<Loaded>, Loaded>),
    /// As of an earlier event.
    Past(Arc<Book>),
}

impl Deref for Held {
    type Target = Book;

    fn deref(&self) -> &Book {
        match self {
            Self::Latest(loaded) => &loaded.book,
            Self::Past(book) => book,
        }
    }
}

impl Books {
    /// The book at the stream's head.
    ///
    /// # Errors
    /// 503 when the database is away; 500 for a history that cannot be read.
    pub async fn latest(&self, org: &OrgStore) -> Result<Held, Problem> {
        let head = org.head().await?.seq;
        let slot = self.slot(org.org());
        let guard = Arc::clone(&slot).read_owned().await;
        if let Ok(loaded) = OwnedRwLockReadGuard::try_map(guard, Option::as_ref)
            && loaded.tip.seq >= head
        {
            return Ok(Held::Latest(loaded));
        }
        let mut guard = slot.write_owned().await;
        // Little is behind what is here; a whole history takes its turn.
        let _turn = if guard.is_none() { Some(self.turn().await?) } else { None };
        if let Err(error) = bring_up(&mut guard, org, head).await {
            *guard = None; // half a commit may be in it
            return Err(error.into());
        }
        let guard = OwnedRwLockWriteGuard::downgrade(guard);
        let held = OwnedRwLockReadGuard::try_map(guard, Option::as_ref);
        held.map(Held::Latest).map_err(|_| Problem::internal(&"a book that was loaded is gone"))
    }

    /// The book as known at a point.
    ///
    /// # Errors
    /// 400 for an event that has not happened, and as [`Books::latest`].
    pub async fn at(&self, org: &OrgStore, point: Point) -> Result<Held, Problem> {
        let Some(seq) = point.seq(org).await? else { return self.latest(org).await };
        let slot = self.slot(org.org());
        if let Ok(loaded) = OwnedRwLockReadGuard::try_map(slot.read_owned().await, Option::as_ref)
            && loaded.tip.seq == seq
        {
            return Ok(Held::Latest(loaded));
        }
        if let Some(known) = self.known(org.org(), seq) {
            return Ok(Held::Past(known));
        }
        let _turn = self.turn().await?;
        if let Some(known) = self.known(org.org(), seq) {
            return Ok(Held::Past(known)); // made by whoever had the turn before
        }
        let book = Arc::new(fold(org, seq).await?);
        let mut past = self.past.lock().unwrap_or_else(PoisonError::into_inner);
        if past.len() >= PAST_MAX {
            past.remove(0);
        }
        past.push((org.org(), Arc::clone(&book)));
        Ok(Held::Past(book))
    }

    fn known(&self, org: OrgId, seq: Seq) -> Option<Arc<Book>> {
        let mut past = self.past.lock().unwrap_or_else(PoisonError::into_inner);
        let at = past.iter().position(|(whose, book)| *whose == org && book.seq() == seq)?;
        let found = past.remove(at);
        let book = Arc::clone(&found.1);
        past.push(found);
        Some(book)
    }

    async fn turn(&self) -> Result<tokio::sync::SemaphorePermit<'_>, Problem> {
        self.folding.acquire().await.map_err(|closed| Problem::internal(&closed))
    }

    /// Where an organization's book is kept. Lets go of the one that was asked for longest ago, where there are too many.
    fn slot(&self, org: OrgId) -> Slot {
        let mut latest = self.latest.lock().unwrap_or_else(PoisonError::into_inner);
        if !latest.contains_key(&org) && latest.len() >= BOOKS_MAX {
            let oldest = latest.iter().min_by_key(|(_, (_, asked))| *asked).map(|(org, _)| *org);
            oldest.map(|oldest| latest.remove(&oldest));
        }
        let (slot, asked) = latest.entry(org).or_insert_with(|| (Slot::default(), Instant::now()));
        *asked = Instant::now();
        Arc::clone(slot)
    }
}

async fn bring_up(kept: &mut Option<Loaded>, org: &OrgStore, head: Seq) -> Result<(), LoadError> {
    match kept {
        Some(loaded) if loaded.tip.seq >= head => Ok(()),
        Some(loaded) => loaded.catch_up(org).await,
        None => {
            *kept = Some(load_book(org).await?);
            Ok(())
        }
    }
}

/// The book as of an event: the snapshot before it and what follows, each commit checked against the one before.
async fn fold(org: &OrgStore, to: Seq) -> Result<Book, LoadError> {
    let kept = org.latest_snapshot(snapshot::VERSION, Some(to)).await?;
    let restored =
        kept.and_then(|kept| snapshot::decode(&kept.state).ok().filter(|(_, tip)| tip.org == org.org().0 && tip.seq == kept.seq));
    let mut loaded = restored.map_or_else(|| Loaded::genesis(org.org()), |(book, tip)| Loaded { book, tip });
    if loaded.tip.seq >= to {
        return Ok(loaded.book);
    }
    let mut commits = Box::pin(org.commits(loaded.tip.seq + 1, Some(to)));
    while let Some(commit) = commits.try_next().await? {
        if commit.last_seq() <= to {
            loaded.fold(commit)?;
            tokio::task::yield_now().await;
            continue;
        }
        // What was asked for ends inside this commit.
        for recorded in to_chain(org.org(), commit).events() {
            let recorded = recorded.map_err(|source| LoadError::Codec { org: org.org(), source })?;
            if recorded.seq <= to {
                loaded.book.evolve(&recorded.event);
            }
        }
    }
    Ok(loaded.book)
}
