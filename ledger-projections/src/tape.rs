//! History, read and decoded once for all projections of an organization that are at the same place at the same time.
//!
//! A [`Tape`] hands out blocks of decoded events. The first reader that wants a block makes it, those that come meanwhile
//! wait for that, and it is kept until the last reader that is close behind has had it. Nobody waits for anybody's rows:
//! a reader that falls behind by more than [`KEPT_BYTES`] makes its blocks itself, as if it were alone, and memory does
//! not grow for its sake. Where a reader is alone, nothing is kept at all.
//!
//! What becomes of the events belongs in [`crate::pipeline`](self).

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use ledger_core::event::Recorded;
use ledger_core::{Line, Seq};
use ledger_store::{OrgId, OrgStore, StoreError, StoredCommit};
use tokio::sync::OnceCell;
use tokio::task::JoinHandle;

use crate::error::ProjectionError;
use crate::history::Events;

/// Payload that is read at once and becomes a block: some thousands of events, of a few megabytes.
const BLOCK_BYTES: u64 = 1 << 20;
/// Decoded events that are kept for readers that are behind.
const KEPT_BYTES: usize = 64 << 20;
/// Blocks that are kept at most, however small.
const KEPT_BLOCKS: usize = 64;

/// Events of a stream, one after another, decoded.
pub(crate) struct Block {
    /// The event before the first.
    after: Seq,
    events: Vec<Recorded>,
    /// An event that cannot be decoded, right behind them.
    fault: Option<(Seq, String)>,
    /// When the database was asked.
    asked: Instant,
    /// What it occupies, roughly.
    bytes: usize,
    ahead: Arc<Ahead>,
}

type Page = Result<Vec<StoredCommit>, StoreError>;

/// The page behind a block, on its way while the block is decoded.
#[derive(Default)]
struct Ahead(Mutex<Option<(Instant, JoinHandle<Page>)>>);

impl Block {
    /// The event that a reader is at who has read it all.
    fn last(&self) -> Seq {
        self.after + Seq::try_from(self.events.len()).unwrap_or(Seq::MAX)
    }

    /// Whether the stream ended here when the database was asked.
    fn is_end(&self) -> bool {
        self.events.is_empty() && self.fault.is_none()
    }
}

/// A part of a stream as its reader asked for it.
pub(crate) struct Piece {
    block: Arc<Block>,
    skip: usize,
}

impl Piece {
    /// The events, in order, without gaps.
    pub(crate) fn events(&self) -> &[Recorded] {
        self.block.events.get(self.skip..).unwrap_or_default()
    }

    /// The event behind them that cannot be decoded, and why.
    pub(crate) fn fault(&self) -> Option<(Seq, &str)> {
        self.block.fault.as_ref().map(|(seq, problem)| (*seq, problem.as_str()))
    }
}

/// One organization's history, for any number of readers.
pub(crate) struct Tape {
    org: OrgStore,
    shelf: Mutex<Shelf>,
}

type Slot = Arc<OnceCell<Arc<Block>>>;

#[derive(Default)]
struct Shelf {
    /// Blocks, and those in the making, by the event before their first.
    slots: BTreeMap<Seq, Slot>,
    places: HashMap<u64, Place>,
    readers: u64,
}

/// Where a reader is.
struct Place {
    at: Seq,
    /// It fell too far behind for blocks to be kept for it.
    behind: bool,
}

impl Tape {
    pub(crate) fn new(org: OrgStore) -> Arc<Self> {
        Arc::new(Self { org, shelf: Mutex::default() })
    }

    /// Whose history it is.
    pub(crate) fn org(&self) -> OrgId {
        self.org.org()
    }

    /// A reader of the events after `after`.
    pub(crate) fn reader(self: &Arc<Self>, after: Seq) -> Reader {
        let mut shelf = self.shelf();
        shelf.readers += 1;
        let id = shelf.readers;
        shelf.places.insert(id, Place { at: after, behind: false });
        Reader { tape: Arc::clone(self), id, at: after, began: Instant::now(), ahead: Arc::default() }
    }

    /// A poisoned lock only means that another task panicked: what is behind it is a cache.
    fn shelf(&self) -> MutexGuard<'_, Shelf> {
        self.shelf.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Reads and decodes what comes after `after`; `ahead` is used where it is on its way already.
    async fn load(&self, after: Seq, ahead: &Ahead) -> Result<Arc<Block>, ProjectionError> {
        let taken = ahead.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        let (asked, page) = match taken {
            Some((asked, task)) => (asked, task.await.map_err(|_| StoreError::Interrupted(self.org.org()))??),
            None => (Instant::now(), self.org.commits_after(after, BLOCK_BYTES).await?),
        };
        let payload: usize = page.iter().map(|commit| commit.payload.len()).sum();
        let next = Ahead::default();
        if let Some(last) = page.last().map(StoredCommit::last_seq)
            && u64::try_from(payload).unwrap_or(u64::MAX) >= BLOCK_BYTES / 2
        {
            next.start(self.org.clone(), last);
        }
        let (mut events, mut fault) = (Vec::new(), None);
        for commit in page {
            tokio::task::yield_now().await;
            for event in Events::new(self.org.org(), commit, after + 1, None) {
                match event {
                    Ok(event) => events.push(event),
                    Err(ProjectionError::Poisoned { seq, problem, .. }) => fault = Some((seq, problem)),
                    Err(error) => return Err(error),
                }
            }
            if fault.is_some() {
                break;
            }
        }
        let bytes = payload + events.len() * (size_of::<Recorded>() + 2 * size_of::<Line>());
        Ok(Arc::new(Block { after, events, fault, asked, bytes, ahead: Arc::new(next) }))
    }
}

impl Ahead {
    fn start(&self, org: OrgStore, after: Seq) {
        let task = tokio::spawn(async move { org.commits_after(after, BLOCK_BYTES).await });
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some((Instant::now(), task));
    }
}

impl Shelf {
    /// The block that holds the event after `at`, or the place to make it in.
    fn slot(&mut self, at: Seq, began: Instant) -> Slot {
        if let Some((after, slot)) = self.slots.range(..=at).next_back() {
            let fits = match slot.get() {
                Some(block) if block.is_end() => *after == at && block.asked >= began,
                Some(block) => block.last() > at || *after == at,
                None => *after == at,
            };
            if fits {
                return Arc::clone(slot);
            }
        }
        let slot = Slot::default();
        self.slots.insert(at, Arc::clone(&slot));
        slot
    }

    /// A reader has a block: it is not kept on this reader's behalf any longer.
    #[must_use]
    fn moved(&mut self, reader: u64, to: Seq, found: bool) -> Vec<Slot> {
        if let Some(place) = self.places.get_mut(&reader) {
            *place = Place { at: to, behind: place.behind && !found };
        }
        self.tidy()
    }

    /// Lets go of what nobody close behind will want, and of the oldest when it is too much. Answers what that was, to be
    /// dropped when nobody waits for this shelf.
    #[must_use]
    fn tidy(&mut self) -> Vec<Slot> {
        let places = &self.places;
        let wanted = |after: Seq, slot: &mut Slot| match slot.get() {
            Some(block) => places.values().any(|place| !place.behind && place.at <= after.max(block.last().saturating_sub(1))),
            None => Arc::strong_count(slot) > 1,
        };
        let mut freed: Vec<Slot> = self.slots.extract_if(.., |after, slot| !wanted(*after, slot)).map(|(_, slot)| slot).collect();
        let size = |slot: &Slot| slot.get().map_or(0, |block| block.bytes);
        let mut bytes: usize = self.slots.values().map(size).sum();
        while bytes > KEPT_BYTES || self.slots.len() > KEPT_BLOCKS {
            let Some((after, slot)) = self.slots.pop_first() else { break };
            bytes -= size(&slot);
            freed.push(slot);
            for place in self.places.values_mut().filter(|place| place.at <= after) {
                place.behind = true;
            }
        }
        freed
    }
}

/// One who reads a tape from beginning to end, at its own pace.
pub(crate) struct Reader {
    tape: Arc<Tape>,
    id: u64,
    at: Seq,
    began: Instant,
    ahead: Arc<Ahead>,
}

impl Reader {
    /// The next events; `None` where the stream has ended, at some moment since the reader began.
    pub(crate) async fn next(&mut self) -> Result<Option<Piece>, ProjectionError> {
        loop {
            let slot = self.tape.shelf().slot(self.at, self.began);
            let found = slot.initialized();
            let block = Arc::clone(slot.get_or_try_init(|| self.tape.load(self.at, &self.ahead)).await?);
            drop(slot);
            if block.is_end() && block.asked < self.began {
                continue; // made for somebody who began earlier
            }
            let skip = usize::try_from(self.at - block.after).unwrap_or(usize::MAX);
            self.at = block.last();
            self.ahead = Arc::clone(&block.ahead);
            let freed = self.tape.shelf().moved(self.id, self.at, found);
            drop(freed);
            return Ok(if block.is_end() { None } else { Some(Piece { block, skip }) });
        }
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        let freed = {
            let mut shelf = self.tape.shelf();
            shelf.places.remove(&self.id);
            shelf.tidy()
        };
        drop(freed);
    }
}

#[cfg(test)]
mod tests {
    use ledger_core::{ActorNo, Event, Timestamp};

    use super::*;

    fn recorded(seq: Seq) -> Recorded {
        let event = Event::PeriodReopened { month: ledger_core::Month::from_ordinal(24_312), reason: "late".into() };
        Recorded { seq, id: uuid::Uuid::nil(), recorded_at: Timestamp(0), actor: ActorNo(1), correlation: None, causation: None, event }
    }

    /// A shelf with readers at these places.
    fn shelf(places: &[Seq]) -> Shelf {
        let places = places.iter().zip(1..).map(|(at, id)| (id, Place { at: *at, behind: false })).collect();
        Shelf { places, ..Shelf::default() }
    }

    /// Reader `id`, at `after`, makes or finds a block of so many events and has it. Answers whether it found it.
    fn read(shelf: &mut Shelf, id: u64, after: Seq, count: u64, bytes: usize, began: Instant) -> bool {
        let slot = shelf.slot(after, began);
        let found = slot.initialized();
        if !found {
            let events = (after + 1..=after + count).map(recorded).collect();
            let block = Block { after, events, fault: None, asked: Instant::now(), bytes, ahead: Arc::default() };
            slot.set(Arc::new(block)).ok().unwrap();
        }
        let last = slot.get().unwrap().last();
        drop(slot);
        drop(shelf.moved(id, last, found));
        found
    }

    #[test]
    fn a_block_is_kept_until_the_last_who_is_behind_has_had_it() {
        let began = Instant::now();
        let mut shelf = shelf(&[0, 0, 5]);
        assert!(!read(&mut shelf, 1, 0, 10, 1, began));
        assert!(!read(&mut shelf, 1, 10, 10, 1, began));
        assert!(read(&mut shelf, 2, 0, 10, 1, began));
        assert_eq!(shelf.slots.len(), 2, "the third begins within the first block");
        assert!(read(&mut shelf, 3, 5, 10, 1, began));
        assert_eq!(shelf.slots.keys().copied().collect::<Vec<_>>(), [10]);
        assert!(read(&mut shelf, 2, 10, 10, 1, began) && read(&mut shelf, 3, 10, 10, 1, began));
        assert!(shelf.slots.is_empty());
    }

    #[test]
    fn nothing_is_kept_for_one_who_is_alone() {
        let began = Instant::now();
        let mut shelf = shelf(&[0]);
        for at in (0..100).step_by(10) {
            assert!(!read(&mut shelf, 1, at, 10, 1, began));
            assert!(shelf.slots.is_empty());
        }
    }

    #[test]
    fn one_who_stands_still_does_not_make_memory_grow() {
        let began = Instant::now();
        for (bytes, most) in [(KEPT_BYTES / 4, 4), (1, KEPT_BLOCKS)] {
            let mut shelf = shelf(&[0, 0, 0]);
            for at in (0..1_000).step_by(10) {
                assert!(!read(&mut shelf, 1, at, 10, bytes, began));
                assert!(read(&mut shelf, 2, at, 10, bytes, began), "who keeps up shares");
                assert!(shelf.slots.len() <= most, "{}", shelf.slots.len());
            }
            assert!(shelf.slots.is_empty(), "for one who is behind nothing is kept any longer");
            assert!(!read(&mut shelf, 3, 0, 10, bytes, began), "it reads for itself");
        }
    }

    #[test]
    fn the_end_of_a_stream_is_asked_for_again_by_those_who_begin_later() {
        let began = Instant::now();
        let mut shelf = shelf(&[7, 7, 7]);
        assert!(!read(&mut shelf, 1, 7, 0, 1, began));
        assert!(read(&mut shelf, 2, 7, 0, 1, began));
        std::thread::sleep(std::time::Duration::from_millis(1));
        assert!(!read(&mut shelf, 3, 7, 3, 1, Instant::now()), "meanwhile there may be more");
    }
}
