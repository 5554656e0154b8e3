//! A command that posts several things: each is decided on the book as the ones before it leave it.
//!
//! The book itself does not change while a command is decided, and copying it would cost too much, so a plan keeps
//! what its events change beside it: items, allocations that were undone, lines that count for balances.

use std::collections::BTreeMap;

use chrono::NaiveDate;

use super::posting::Fresh;
use super::subledger::items_of;
use super::{Book, Context};
use crate::account::{AccountNo, AccountStatus, AccountType, SubType};
use crate::entry::{BalancedEntry, EntryHeader, EntryKind, Line};
use crate::event::Event;
use crate::rejection::Rejection;
use crate::subledger::{Allocation, ItemId, OpenItem};
use crate::{Seq, Text};

/// Code of the account that exchange differences go to where the chart has none.
const EXCHANGE_ACCOUNT: &str = "fx-gain-loss";

/// The events of one command, and what they change.
pub(super) struct Plan<'a> {
    pub(super) book: &'a Book,
    pub(super) soft_closed: bool,
    /// Position of the first event.
    first: Seq,
    events: Vec<Event>,
    pub(super) fresh: Fresh,
    /// Items that are new or changed.
    items: BTreeMap<ItemId, OpenItem>,
    /// Allocations that the plan makes.
    made: BTreeMap<Seq, (Allocation, Option<AccountNo>)>,
    /// Allocations that the plan undoes, and the day from which that counts.
    undone: BTreeMap<Seq, NaiveDate>,
    lines: Vec<Line>,
    exchange: Option<AccountNo>,
}

impl<'a> Plan<'a> {
    pub(super) fn new(book: &'a Book, context: &Context<'_>) -> Self {
        Self {
            book,
            soft_closed: context.soft_closed,
            first: book.first_of(context),
            events: Vec::new(),
            fresh: Fresh::default(),
            items: BTreeMap::new(),
            made: BTreeMap::new(),
            undone: BTreeMap::new(),
            lines: Vec::new(),
            exchange: None,
        }
    }

    /// All events, in order.
    pub(super) fn into_events(self) -> Vec<Event> {
        self.events
    }

    /// An event without an entry.
    pub(super) fn push(&mut self, event: Event) {
        self.events.push(event);
    }

    /// The events planned so far and where each will stand.
    pub(super) fn planned(&self) -> impl Iterator<Item = (Seq, &Event)> {
        (self.first..).zip(&self.events)
    }

    /// The event that will stand at a position, if the plan has it.
    pub(super) fn planned_at(&self, seq: Seq) -> Option<&Event> {
        seq.checked_sub(self.first).and_then(|at| usize::try_from(at).ok()).and_then(|at| self.events.get(at))
    }

    /// The event that was planned last.
    pub(super) fn last_event(&self) -> Option<&Event> {
        self.events.last()
    }

    /// Where the next event will stand.
    pub(super) fn next_seq(&self) -> Seq {
        self.first + Seq::try_from(self.events.len()).unwrap_or(Seq::MAX)
    }

    /// How many allocations the plan makes so far.
    pub(super) fn made_count(&self) -> usize {
        self.made.len()
    }

    /// Items that the plan's own postings make.
    pub(super) fn new_items(&self) -> impl Iterator<Item = (ItemId, &OpenItem)> {
        self.items.iter().filter(|(id, _)| id.seq >= self.first).map(|(id, item)| (*id, item))
    }

    /// The lines that earlier events of the plan post.
    pub(super) fn lines(&self) -> &[Line] {
        &self.lines
    }

    /// An item as the plan leaves it.
    pub(super) fn item(&self, id: ItemId) -> Option<&OpenItem> {
        self.items.get(&id).or_else(|| self.book.item(id))
    }

    /// An allocation that holds, with the account of its exchange difference.
    pub(super) fn allocation(&self, seq: Seq) -> Option<(Allocation, Option<AccountNo>)> {
        if self.undone.contains_key(&seq) {
            return None;
        }
        let kept = || self.book.allocation(seq).filter(|kept| kept.reversed.is_none());
        self.made.get(&seq).copied().or_else(|| kept().map(|kept| (kept.allocation, kept.exchange_account)))
    }

    /// The first day on which an item is free of allocations that held for a while and were undone.
    pub(super) fn free_from(&self, id: ItemId) -> NaiveDate {
        let undone = self.book.allocations_of(id).filter_map(|(seq, kept)| {
            let on = self.undone.get(&seq).copied().or(kept.reversed.map(|(_, on)| on))?;
            (on > kept.allocation.date).then_some(on)
        });
        undone.max().unwrap_or(NaiveDate::MIN)
    }

    /// An event whose entry's lines on control accounts are items; these come back in the order of the lines.
    pub(super) fn post(&mut self, event: Event) -> Vec<ItemId> {
        let seq = self.next_seq();
        let items = event.entry().map(|entry| {
            self.lines.extend_from_slice(entry.lines());
            items_of(&self.book.sub, seq, entry)
        });
        self.events.push(event);
        let items = items.unwrap_or_default();
        let ids = items.iter().map(|(id, _)| *id).collect();
        self.items.extend(items);
        ids
    }

    /// An event whose entry follows from something else and makes no items.
    pub(super) fn post_bound(&mut self, event: Event) {
        self.lines.extend(event.entry().into_iter().flat_map(BalancedEntry::lines).cloned());
        self.events.push(event);
    }

    /// What a posting defines on its way comes before it.
    pub(super) fn define(&mut self, fresh: Fresh) {
        self.events.extend(fresh.commodities.iter().cloned().map(Event::CommodityDefined));
        self.events.extend(fresh.accounts.iter().cloned().map(Event::AccountOpened));
        self.fresh.commodities.extend(fresh.commodities);
        self.fresh.accounts.extend(fresh.accounts);
    }

    /// The same for what a posting added to the plan's own definitions, of which so many were there before.
    pub(super) fn define_since(&mut self, (commodities, accounts): (usize, usize)) {
        self.events.extend(self.fresh.commodities.iter().skip(commodities).cloned().map(Event::CommodityDefined));
        self.events.extend(self.fresh.accounts.iter().skip(accounts).cloned().map(Event::AccountOpened));
    }

    pub(super) fn allocated(&mut self, allocation: Allocation, entry: Option<BalancedEntry>, exchange: Option<AccountNo>) {
        let seq = self.next_seq();
        self.relieve(allocation.from, allocation.taken.units(), allocation.functional_from);
        self.relieve(allocation.to, allocation.settled.units(), allocation.functional_to);
        self.made.insert(seq, (allocation, exchange.filter(|_| allocation.realised != 0)));
        self.lines.extend(entry.iter().flat_map(BalancedEntry::lines).cloned());
        self.events.push(Event::ItemsAllocated { allocation: Box::new(allocation), entry });
    }

    pub(super) fn allocation_undone(
        &mut self,
        seq: Seq,
        allocation: Allocation,
        date: NaiveDate,
        reason: Text,
        entry: Option<BalancedEntry>,
    ) {
        self.relieve(allocation.from, -allocation.taken.units(), -allocation.functional_from);
        self.relieve(allocation.to, -allocation.settled.units(), -allocation.functional_to);
        self.undone.insert(seq, date);
        self.lines.extend(entry.iter().flat_map(BalancedEntry::lines).cloned());
        self.events.push(Event::AllocationReversed { allocation: seq, date, reason, entry });
    }

    fn relieve(&mut self, id: ItemId, units: crate::Units, functional: crate::Units) {
        let Some(mut item) = self.item(id).cloned() else { return };
        let sign = item.money.units().signum();
        item.open -= sign * units;
        item.open_functional -= sign * functional;
        self.items.insert(id, item);
    }

    /// Where realised and unrealised exchange differences go: the first open account of that sub-type, else one
    /// that is opened now.
    pub(super) fn exchange_account(&mut self) -> Result<AccountNo, Rejection> {
        if let Some(known) = self.exchange {
            return Ok(known);
        }
        let found = self.account_for(EXCHANGE_ACCOUNT, AccountType::Revenue, SubType::FxGainLoss)?;
        self.exchange = Some(found);
        Ok(found)
    }

    /// The first open account of a sub-type, else one that is opened now.
    pub(super) fn account_for(&mut self, code: &str, kind: AccountType, sub_type: SubType) -> Result<AccountNo, Rejection> {
        let takes = |account: &&crate::Account| account.sub_type == sub_type && !account.summary && account.status == AccountStatus::Open;
        if let Some(known) = self.book.accounts.iter().find(takes) {
            return Ok(known.no);
        }
        self.opening(|book, fresh| book.special_account(&code.into(), kind, sub_type, 0, fresh))
    }

    /// Accounts that are opened on the way get their events at once.
    pub(super) fn opening<T>(&mut self, open: impl FnOnce(&Book, &mut Fresh) -> Result<T, Rejection>) -> Result<T, Rejection> {
        let before = self.fresh.accounts.len();
        let found = open(self.book, &mut self.fresh)?;
        self.events.extend(self.fresh.accounts.iter().skip(before).cloned().map(Event::AccountOpened));
        Ok(found)
    }

    /// An entry that follows from something else, checked against balances like any other.
    pub(super) fn entry(&self, date: NaiveDate, kind: EntryKind, description: Text, lines: Vec<Line>) -> Result<BalancedEntry, Rejection> {
        for account in lines.iter().filter_map(|line| self.book.account(line.account)) {
            self.book.posting_account(account, 0)?;
        }
        self.book.check_balances(&self.lines, &lines)?;
        let header =
            EntryHeader { effective_date: date, kind, description, external_id: None, tags: Vec::new(), reverses: None, corrects: None };
        BalancedEntry::new(header, lines, super::FUNCTIONAL).map_err(|unbalanced| self.book.explain(unbalanced))
    }
}
