//! What the book knows of the sub-ledgers, and how events change it.
//!
//! The uniform rule: every line on a control account is an open item, whatever event carried it, except the lines
//! of allocations and revaluations, which move what items have left. Nothing here refuses; decisions are made in
//! the modules that post and allocate.

use std::collections::{BTreeMap, BTreeSet};
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use chrono::NaiveDate;
use smallvec::SmallVec;

use super::{Book, FUNCTIONAL, Index};
use crate::account::{AccountNo, SubType};
use crate::ascending::Ascending;
use crate::commodity::CommodityNo;
use crate::entry::{BalancedEntry, Line};

use crate::money::{Money, Units};
use crate::subledger::{Allocation, Document, DocumentKind, ItemId, OpenItem, Party, PartyNo, Revaluation, RevaluedTarget, Side};
use crate::{Seq, Text};

/// An allocation as the book keeps it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptAllocation {
    /// What was allocated.
    pub allocation: Allocation,
    /// The account of its exchange difference, where it had one.
    pub exchange_account: Option<AccountNo>,
    /// Where and when it was undone.
    pub reversed: Option<(Seq, NaiveDate)>,
}

/// What the last date that was revalued was adjusted by, so that asking again posts only what has changed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct LastRevalued {
    pub(crate) date: Option<NaiveDate>,
    pub(crate) adjustments: BTreeMap<(RevaluedTarget, CommodityNo), Units>,
}

impl LastRevalued {
    pub(super) fn add(&mut self, revaluation: &Revaluation) {
        if self.date > Some(revaluation.date) {
            return;
        }
        if self.date != Some(revaluation.date) {
            *self = Self { date: Some(revaluation.date), adjustments: BTreeMap::new() };
        }
        for revalued in &revaluation.revalued {
            *self.adjustments.entry((revalued.target, revalued.money.currency())).or_default() += revalued.adjustment;
        }
    }

    /// What everything was adjusted by at a date, if that is the last one.
    pub(super) fn at(&self, date: NaiveDate) -> BTreeMap<(RevaluedTarget, CommodityNo), Units> {
        if self.date == Some(date) { self.adjustments.clone() } else { BTreeMap::new() }
    }
}

/// The order in which open items are settled: by party and account, then due date, date and place.
pub(super) type DueKey = (PartyNo, AccountNo, NaiveDate, NaiveDate, ItemId);

/// An item, and the allocations that it is part of.
#[derive(Clone, Debug)]
struct KeptItem {
    item: OpenItem,
    allocations: SmallVec<[Seq; 2]>,
}

/// Parties, open items, allocations and document numbers. What is private follows from what is not.
#[derive(Clone, Debug, Default)]
pub(crate) struct SubLedgers {
    pub(crate) parties: Vec<Party>,
    pub(crate) control: BTreeMap<AccountNo, Side>,
    /// All items, settled ones too: their allocations may be undone.
    items: Ascending<ItemId, KeptItem>,
    allocations: Ascending<Seq, KeptAllocation>,
    /// Where the document of a kind and number stands; per party where the party numbers.
    pub(crate) documents: BTreeMap<(DocumentKind, Option<PartyNo>, Text), Seq>,
    /// The last number given in a series.
    pub(crate) series: BTreeMap<(DocumentKind, Text), u64>,
    /// Where revaluations stand, by date; the last one of a date.
    pub(crate) revaluations: BTreeMap<NaiveDate, Seq>,
    pub(crate) last_revalued: LastRevalued,
    /// Events whose entries follow from another and are not reversed for themselves.
    pub(crate) bound: BTreeSet<Seq>,
    /// What foreign cash and bank holdings changed by on each day: amount and value.
    pub(crate) cash: BTreeMap<(AccountNo, CommodityNo, NaiveDate), (Units, Units)>,
    party_index: Index<Text, PartyNo>,
    due: BTreeSet<DueKey>,
    by_document: ByDocument,
}

impl SubLedgers {
    pub(crate) fn add_party(&mut self, party: Party) {
        self.party_index.insert(party.code.clone(), party.no);
        self.parties.push(party);
    }

    fn change_party(&mut self, party: &Party) {
        if let Some(known) = self.parties.get_mut(party.no.index()) {
            known.clone_from(party);
        }
    }

    pub(super) fn party(&self, no: PartyNo) -> Option<&Party> {
        self.parties.get(no.index())
    }

    pub(super) fn party_by_code(&self, code: &str) -> Option<&Party> {
        self.party_index.get(code).and_then(|no| self.party(*no))
    }

    /// Items come in the order of the stream; one that does not is not taken.
    pub(crate) fn add_item(&mut self, id: ItemId, item: OpenItem) -> bool {
        let (hash, due) = (document_hash(item.party, &item.document), item.is_open().then(|| due_key(id, &item)));
        let added = self.items.push(id, KeptItem { item, allocations: SmallVec::new() });
        if added {
            self.by_document.insert(hash, id);
            self.due.extend(due);
        }
        added
    }

    /// Allocations come in the order of the stream; one that does not is not taken.
    pub(crate) fn add_allocation(&mut self, seq: Seq, kept: KeptAllocation) -> bool {
        let items = [kept.allocation.from, kept.allocation.to];
        let added = self.allocations.push(seq, kept);
        if added {
            for id in items {
                if let Some(kept) = self.items.get_mut(id) {
                    kept.allocations.push(seq);
                }
            }
        }
        added
    }

    pub(crate) fn item(&self, id: ItemId) -> Option<&OpenItem> {
        self.items.get(id).map(|kept| &kept.item)
    }

    pub(crate) fn item_count(&self) -> usize {
        self.items.len()
    }

    /// All items from a place on, in the order of the stream.
    pub(crate) fn items_from(&self, id: ItemId) -> impl Iterator<Item = (ItemId, &OpenItem)> {
        self.items.from(id).map(|(id, kept)| (id, &kept.item))
    }

    pub(crate) fn allocation(&self, seq: Seq) -> Option<&KeptAllocation> {
        self.allocations.get(seq)
    }

    pub(crate) fn allocation_count(&self) -> usize {
        self.allocations.len()
    }

    /// All allocations, in the order of the stream.
    pub(crate) fn all_allocations(&self) -> impl Iterator<Item = (Seq, &KeptAllocation)> {
        self.allocations.iter()
    }

    fn add_document(&mut self, document: &Document, seq: Seq) {
        self.documents.insert((document.kind, document.number_scope(), document.number.clone()), seq);
        if let Some(ordinal) = document.ordinal {
            let last = self.series.entry((document.kind, document.series.clone())).or_default();
            *last = (*last).max(ordinal);
        }
    }

    /// What is left of an item changes: both amounts towards zero where positive, back where negative.
    fn relieve(&mut self, id: ItemId, units: Units, functional: Units) {
        let Some(KeptItem { item, .. }) = self.items.get_mut(id) else { return };
        let key = due_key(id, item);
        let sign = item.money.units().signum();
        item.open -= sign * units;
        item.open_functional -= sign * functional;
        if item.is_open() {
            self.due.insert(key);
        } else {
            self.due.remove(&key);
        }
    }

    /// Open items of a party on an account, in the order in which they are settled.
    pub(super) fn due(&self, party: PartyNo, account: AccountNo) -> impl Iterator<Item = (ItemId, &OpenItem)> {
        let least = ItemId { seq: 0, line: 0 };
        let first = (party, account, NaiveDate::MIN, NaiveDate::MIN, least);
        let same = move |key: &&DueKey| (key.0, key.1) == (party, account);
        self.due.range(first..).take_while(same).filter_map(|key| self.item(key.4).map(|item| (key.4, item)))
    }

    /// All open items, party by party in the order in which they are settled.
    pub(super) fn all_due(&self) -> impl Iterator<Item = (ItemId, &OpenItem)> {
        self.due.iter().filter_map(|key| self.item(key.4).map(|item| (key.4, item)))
    }

    /// The items that lines gave to a document of a party, settled ones too, in the order of posting.
    pub(super) fn of_document<'a>(&'a self, party: PartyNo, document: &'a str) -> impl Iterator<Item = (ItemId, &'a OpenItem)> {
        let hash = document_hash(party, document);
        let items = self.by_document.get(hash).filter_map(|id| self.item(id).map(|item| (id, item)));
        items.filter(move |(_, item)| item.party == party && item.document == document)
    }

    /// The allocations that an item is part of, undone ones too, in the order of the stream.
    pub(super) fn allocations_of(&self, id: ItemId) -> impl Iterator<Item = (Seq, &KeptAllocation)> {
        let seqs = self.items.get(id).map_or(&[][..], |kept| kept.allocations.as_slice());
        seqs.iter().filter_map(|seq| self.allocations.get(*seq).map(|kept| (*seq, kept)))
    }
}

/// Shelves of the index of documents: what is copied when a shared one changes.
const SHELVES: usize = 1024;

/// Items by the hash of their party and document, in shelves that clones share until one of them changes.
#[derive(Clone, Debug)]
struct ByDocument(Vec<Arc<BTreeSet<(u64, ItemId)>>>);

impl Default for ByDocument {
    fn default() -> Self {
        Self(vec![Arc::default(); SHELVES])
    }
}

impl ByDocument {
    fn shelf(hash: u64) -> usize {
        usize::try_from((hash ^ (hash >> 32)) % SHELVES as u64).unwrap_or(0)
    }

    fn insert(&mut self, hash: u64, id: ItemId) {
        if let Some(shelf) = self.0.get_mut(Self::shelf(hash)) {
            Arc::make_mut(shelf).insert((hash, id));
        }
    }

    fn get(&self, hash: u64) -> impl Iterator<Item = ItemId> {
        let shelf = self.0.get(Self::shelf(hash));
        let found = shelf.into_iter().flat_map(move |shelf| shelf.range((hash, ItemId { seq: 0, line: 0 })..));
        found.take_while(move |(known, _)| *known == hash).map(|(_, id)| *id)
    }
}

fn due_key(id: ItemId, item: &OpenItem) -> DueKey {
    (item.party, item.account, item.due_or_date(), item.date, id)
}

fn document_hash(party: PartyNo, document: &str) -> u64 {
    let mut hasher = rustc_hash::FxHasher::default();
    (party.get(), document).hash(&mut hasher);
    hasher.finish()
}

/// Numbers the lines that one entry has for each document and sign, from 1.
#[derive(Default)]
struct Instalments {
    seen: Vec<(PartyNo, Text, bool, u16)>,
}

impl Instalments {
    fn next(&mut self, party: PartyNo, document: &Text, debit: bool) -> u16 {
        // Lines of one document usually follow each other.
        let known = self.seen.iter_mut().rev().find(|(p, d, side, _)| (*p, *side) == (party, debit) && d == document);
        if let Some((_, _, _, count)) = known {
            *count = count.saturating_add(1);
            return *count;
        }
        self.seen.push((party, document.clone(), debit, 1));
        1
    }
}

/// The lines of an entry that are items of control accounts, with the items that they make at a position.
pub(super) fn items_of(sub: &SubLedgers, seq: Seq, entry: &BalancedEntry) -> Vec<(ItemId, OpenItem)> {
    let mut instalments = Instalments::default();
    let mut items = Vec::new();
    for (line, no) in entry.lines().iter().zip(1_u32..) {
        if line.money.units() == 0 || !sub.control.contains_key(&line.account) {
            continue;
        }
        let Some((party, document)) = named(sub, line) else { continue };
        let functional = line.functional.unwrap_or(0);
        let item = OpenItem {
            account: line.account,
            party,
            document: document.clone(),
            instalment: instalments.next(party, document, line.money.units() > 0),
            date: entry.effective_date(),
            due: line.detail.as_ref().and_then(|detail| detail.due_date),
            money: line.money,
            functional,
            open: line.money.units(),
            open_functional: functional,
        };
        items.push((ItemId { seq, line: no }, item));
    }
    items
}

fn named<'a>(sub: &SubLedgers, line: &'a Line) -> Option<(PartyNo, &'a Text)> {
    let detail = line.detail.as_ref()?;
    Some((sub.party_by_code(detail.party.as_ref()?)?.no, detail.document.as_ref()?))
}

impl Book {
    /// The items that a posted entry makes.
    pub(super) fn add_items(&mut self, entry: &BalancedEntry) {
        if self.sub.control.is_empty() {
            return;
        }
        for (id, item) in items_of(&self.sub, self.seq, entry) {
            let _ = self.sub.add_item(id, item);
        }
    }

    pub(super) fn register_party(&mut self, party: &Party) {
        self.sub.add_party(party.clone());
    }

    pub(super) fn change_registered_party(&mut self, party: &Party) {
        self.sub.change_party(party);
    }

    pub(super) fn record_document(&mut self, document: &Document, entry: Option<&BalancedEntry>) {
        self.sub.add_document(document, self.seq);
        if let Some(entry) = entry {
            self.add_entry(entry);
            self.add_items(entry);
        }
    }

    pub(super) fn allocate_items(&mut self, allocation: &Allocation, entry: Option<&BalancedEntry>) {
        self.add_bound_entry(entry);
        self.sub.relieve(allocation.from, allocation.taken.units(), allocation.functional_from);
        self.sub.relieve(allocation.to, allocation.settled.units(), allocation.functional_to);
        let exchange_account = entry.filter(|_| allocation.realised != 0).and_then(|entry| entry.lines().last()).map(|line| line.account);
        let _ = self.sub.add_allocation(self.seq, KeptAllocation { allocation: *allocation, exchange_account, reversed: None });
    }

    pub(super) fn undo_allocation(&mut self, seq: Seq, date: NaiveDate, entry: Option<&BalancedEntry>) {
        self.add_bound_entry(entry);
        let undone = (self.seq, date);
        let Some(kept) = self.sub.allocations.get_mut(seq).filter(|kept| kept.reversed.is_none()) else { return };
        kept.reversed = Some(undone);
        let allocation = kept.allocation;
        self.sub.relieve(allocation.from, -allocation.taken.units(), -allocation.functional_from);
        self.sub.relieve(allocation.to, -allocation.settled.units(), -allocation.functional_to);
    }

    /// An entry that follows from something else: its lines make no items, and it is not reversed for itself.
    pub(super) fn add_bound_entry(&mut self, entry: Option<&BalancedEntry>) {
        if let Some(entry) = entry {
            self.sub.bound.insert(self.seq);
            self.add_entry(entry);
        }
    }

    /// Foreign cash is kept by day, so that a revaluation finds what was held at its date.
    pub(super) fn note_foreign_cash(&mut self, line: &Line, date: NaiveDate) {
        let is_cash = |no| self.account(no).is_some_and(|account| matches!(account.sub_type, SubType::Cash | SubType::Bank));
        let (currency, units) = (line.money.currency(), line.money.units());
        if currency == FUNCTIONAL || !is_cash(line.account) {
            return;
        }
        let day = self.sub.cash.entry((line.account, currency, date)).or_default();
        *day = (day.0 + units, day.1 + line.functional.unwrap_or(0));
    }

    /// What is left of an item at a date, in its currency and in value: later allocations are undone, and those
    /// undone later still hold. Nothing where it did not exist yet.
    #[must_use]
    pub fn item_at(&self, id: ItemId, date: NaiveDate) -> Option<(Money, Units)> {
        let item = self.sub.item(id).filter(|item| item.date <= date)?;
        let sign = item.money.units().signum();
        let (mut open, mut value) = (item.money.units(), item.functional);
        for (_, kept) in self.sub.allocations_of(id) {
            let undone = kept.reversed.is_some_and(|(_, on)| on <= date);
            if kept.allocation.date > date || undone {
                continue;
            }
            let allocation = &kept.allocation;
            let (units, functional) = if allocation.from == id {
                (allocation.taken.units(), allocation.functional_from)
            } else {
                (allocation.settled.units(), allocation.functional_to)
            };
            open -= sign * units;
            value -= sign * functional;
        }
        Some((Money::new(open, item.money.currency()), value))
    }
}
