//! From events to movements of cash, purely: what an entry says, before what allocations say of earlier ones is known.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use chrono::NaiveDate;
use ledger_core::book::FUNCTIONAL;
use ledger_core::event::Recorded;
use ledger_core::subledger::ItemId;
use ledger_core::{AccountNo, BalancedEntry, CommodityNo, EntryKind, Event, Seq, SubType, Units};

use super::rows::{Cash, FlowKind, ItemKey, Row, Sources, Unapplied};
use super::shares::{Net, Role, Sides, Target, parts};
use crate::chart::Chart;
use crate::error::to_i64;
use crate::gl_fact::decimal;

/// What a batch found, in the order of history.
#[derive(Clone, Debug, Default)]
pub(crate) struct Flows {
    pub(crate) rows: Vec<Row>,
    pub(crate) items: BTreeMap<ItemKey, Sources>,
    pub(crate) unapplied: BTreeMap<ItemKey, Unapplied>,
    pub(crate) moves: Vec<Move>,
    /// Digits of each commodity, in the order of their numbers.
    pub(crate) scales: Vec<u8>,
    /// Opening entries with cash.
    pub(crate) openings: BTreeSet<i64>,
    /// Reversals with cash: whether they take back an opening entry may be known only when they are written.
    pub(crate) reversals: Vec<Reversal>,
    /// Which accounts are cash, where an account became cash or ceased to be: everything is to be made anew.
    pub(crate) recast: Option<BTreeSet<AccountNo>>,
    /// Which accounts are cash, whatever the chart says at an event.
    pub(crate) fixed: Option<Arc<BTreeSet<AccountNo>>>,
    /// The last event.
    pub(crate) last: Seq,
}

/// An entry that takes another one back, read both ways.
#[derive(Clone, Debug)]
pub(crate) struct Reversal {
    pub(crate) original: i64,
    of_opening: Found,
    of_another: Found,
}

/// Something that happened to items.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Move {
    /// Two items were settled against each other: how much of each, positive.
    Allocated { seq: i64, from: (ItemKey, Units), to: (ItemKey, Units) },
    /// An allocation was undone.
    Undone { seq: i64, allocation: i64 },
}

impl Flows {
    /// Adds what follows from an event.
    pub(crate) fn add(&mut self, chart: &Chart, event: &Recorded) -> Result<(), String> {
        if self.scales.len() != chart.commodities().len() {
            self.scales = chart.commodities().iter().map(|commodity| commodity.scale).collect();
        }
        let seq = to_i64(event.seq);
        self.note_cash(chart, &event.event);
        let makes_items = match &event.event {
            Event::ItemsAllocated { .. } | Event::AllocationReversed { .. } => false,
            Event::ItemsRevalued { .. } | Event::RevaluationReversed { .. } => false,
            _ => chart.has_control_accounts(),
        };
        if let Some(entry) = event.event.entry() {
            self.add_entry(chart, seq, entry, makes_items)?;
        }
        match &event.event {
            Event::ItemsAllocated { allocation, .. } => {
                let from = (key(allocation.from), allocation.taken.units());
                let to = (key(allocation.to), allocation.settled.units());
                self.moves.push(Move::Allocated { seq, from, to });
            }
            Event::AllocationReversed { allocation, .. } => self.moves.push(Move::Undone { seq, allocation: to_i64(*allocation) }),
            _ => {}
        }
        self.last = event.seq;
        Ok(())
    }

    /// What is cash now is cash at all times: when that changes, so does every row.
    fn note_cash(&mut self, chart: &Chart, event: &Event) {
        if self.fixed.is_some() {
            return;
        }
        let (no, becomes) = match event {
            Event::AccountOpened(account) => (account.no, is_money(account.sub_type)),
            Event::AccountChanged { no, sub_type, .. } => (*no, is_money(*sub_type) && chart.control(*no).is_none()),
            Event::ControlAccountSet { no, .. } => (*no, false),
            _ => return,
        };
        let was = chart.account(no).is_some_and(|account| is_money(account.sub_type) && chart.control(no).is_none());
        if self.recast.is_none() && chart.account(no).is_some() && was != becomes {
            let cash = |account: &&ledger_core::Account| is_money(account.sub_type) && chart.control(account.no).is_none();
            self.recast = Some(chart.accounts().iter().filter(cash).map(|account| account.no).collect());
        }
        if let Some(cash) = &mut self.recast {
            if becomes {
                cash.insert(no)
            } else {
                cash.remove(&no)
            };
        }
    }

    /// Settles what reversals are, once it is known which of their originals brought something in.
    pub(crate) fn resolve(&mut self, openings: &BTreeSet<i64>) {
        for reversal in std::mem::take(&mut self.reversals) {
            let opening = openings.contains(&reversal.original) || self.openings.contains(&reversal.original);
            self.take(if opening { reversal.of_opening } else { reversal.of_another });
        }
    }

    fn take(&mut self, found: Found) {
        self.rows.extend(found.rows);
        // One by one: to append a map goes through all of the other.
        self.items.extend(found.items);
        self.unapplied.extend(found.unapplied);
    }

    fn add_entry(&mut self, chart: &Chart, seq: i64, entry: &BalancedEntry, makes_items: bool) -> Result<(), String> {
        let role = |no| self.role(chart, no, makes_items);
        if !entry.lines().iter().any(|line| matches!(role(line.account), Role::Cash | Role::Control)) {
            return Ok(());
        }
        let sides = Sides::new(entry, role);
        for net in sides.cash() {
            self.check(net.currency, net.cash.0)?;
            self.check(FUNCTIONAL, net.cash.1.unwrap_or(0))?;
        }
        let header = entry.header();
        match (header.kind, header.reverses) {
            (EntryKind::Opening, _) => {
                self.openings.extend(sides.cash().next().map(|_| seq));
                self.take(Found::new(entry, seq, &sides, Some(FlowKind::Opening)));
            }
            _ if chart.is_closing(entry) => self.take(Found::new(entry, seq, &sides, Some(FlowKind::Closing))),
            (_, Some(original)) if sides.cash().next().is_some() => {
                let of_opening = Found::new(entry, seq, &sides, Some(FlowKind::Opening));
                let of_another = Found::new(entry, seq, &sides, None);
                self.reversals.push(Reversal { original: to_i64(original), of_opening, of_another });
            }
            _ => self.take(Found::new(entry, seq, &sides, None)),
        }
        Ok(())
    }

    fn role(&self, chart: &Chart, no: AccountNo, makes_items: bool) -> Role {
        let control = chart.control(no).is_some();
        if makes_items && control {
            return Role::Control;
        }
        let sub_type = chart.account(no).map_or(SubType::General, |account| account.sub_type);
        let cash = self.fixed.as_ref().map_or_else(|| is_money(sub_type) && !control, |cash| cash.contains(&no));
        match sub_type {
            _ if cash => Role::Cash,
            SubType::Conversion => Role::Conversion,
            _ => Role::Other,
        }
    }

    /// An amount that no row could hold stops the projection at its event.
    fn check(&self, currency: CommodityNo, units: Units) -> Result<(), String> {
        decimal(units, scale(&self.scales, currency)).map(drop)
    }
}

/// What an entry's cash was for, and what its items are made of.
#[derive(Clone, Debug)]
struct Found {
    date: NaiveDate,
    seq: i64,
    rows: Vec<Row>,
    items: BTreeMap<ItemKey, Sources>,
    unapplied: BTreeMap<ItemKey, Unapplied>,
}

impl Found {
    /// `bulk`: all cash of the entry is one thing, whatever its other lines.
    fn new(entry: &BalancedEntry, seq: i64, sides: &Sides, bulk: Option<FlowKind>) -> Self {
        let (rows, items, unapplied) = (Vec::new(), BTreeMap::new(), BTreeMap::new());
        let mut found = Self { date: entry.effective_date(), seq, rows, items, unapplied };
        for net in sides.cash() {
            match bulk {
                Some(kind) => found.push(kind, None, net.currency, net.cash),
                None if net.cash.0 == 0 => found.push(FlowKind::Fx, None, net.currency, net.cash),
                None => found.split(entry, sides, net),
            }
        }
        if bulk.is_none() {
            let mut known: Vec<(AccountNo, (CommodityNo, Units), Option<Sources>)> = Vec::new();
            for (no, account, net) in sides.items() {
                let group = Sides::group(net);
                let made = match known.iter().find(|(of, same, _)| (*of, *same) == (account, group)) {
                    Some((.., made)) => made.clone(),
                    None => {
                        let made = sources(account, sides.against(net));
                        known.push((account, group, made.clone()));
                        made
                    }
                };
                found.items.extend(made.map(|made| ((seq, no), made)));
            }
        }
        found
    }

    fn push(&mut self, kind: FlowKind, account: Option<AccountNo>, commodity: CommodityNo, cash: Cash) {
        if cash.0 == 0 && cash.1.unwrap_or(0) == 0 {
            return;
        }
        let same = |row: &&mut Row| (row.kind, row.account, row.commodity) == (kind, account, commodity);
        if let Some(row) = self.rows.iter_mut().find(same) {
            row.cash = (row.cash.0 + cash.0, row.cash.1.zip(cash.1).map(|(one, other)| one + other));
            return;
        }
        let (date, no) = (self.date, i32::try_from(self.rows.len()).unwrap_or(i32::MAX));
        self.rows.push(Row { date, seq: self.seq, no, kind, account, commodity, cash, item: None, taken: None });
    }

    fn split(&mut self, entry: &BalancedEntry, sides: &Sides, net: &Net) {
        let against = sides.against(net);
        let weights: Vec<Units> = against.iter().map(|(_, weight)| *weight).collect();
        for ((target, _), cash) in against.into_iter().zip(parts(net.cash, &weights)) {
            match target {
                Target::Account(no) => self.push(FlowKind::Account, Some(no), net.currency, cash),
                Target::Exchange => self.push(FlowKind::Exchange, None, net.currency, cash),
                Target::Item(line, account) => {
                    self.push(FlowKind::Unapplied, Some(account), net.currency, cash);
                    self.behind(entry, line, account, (net.currency, cash));
                }
            }
        }
    }

    /// Remembers cash behind an item.
    fn behind(&mut self, entry: &BalancedEntry, line: i32, account: AccountNo, (currency, cash): (CommodityNo, Cash)) {
        let index = usize::try_from(line).ok().and_then(|line| line.checked_sub(1));
        let units = index.and_then(|index| entry.lines().get(index)).map_or(0, |line| line.money.units().abs());
        let date = self.date;
        let new = || Unapplied { account, date, units_left: units, cash: Vec::new() };
        let held = &mut self.unapplied.entry((self.seq, line)).or_insert_with(new).cash;
        match held.iter_mut().find(|(known, _)| *known == currency) {
            Some((_, known)) => *known = (known.0 + cash.0, known.1.zip(cash.1).map(|(one, other)| one + other)),
            None => held.push((currency, cash)),
        }
        held.sort_by_key(|(currency, _)| *currency);
    }
}

/// What an item is made of; `None` where that is nothing but its own control account. What stands there as an item or as
/// cash is not looked through any further: it counts as the item's own account.
fn sources(own: AccountNo, against: Vec<(Target, Units)>) -> Option<Sources> {
    let mut found: Sources = Vec::with_capacity(against.len());
    for (target, weight) in against {
        let account = match target {
            Target::Account(no) => no,
            Target::Item(..) | Target::Exchange => own,
        };
        match found.iter_mut().find(|(known, _)| *known == account) {
            Some((_, known)) => *known += weight,
            None => found.push((account, weight)),
        }
    }
    if let [(account, weight)] = found.as_mut_slice() {
        *weight = 1;
        if *account == own {
            return None;
        }
    }
    (!found.is_empty()).then_some(found)
}

/// Money in hand or at a bank.
const fn is_money(sub_type: SubType) -> bool {
    matches!(sub_type, SubType::Cash | SubType::Bank)
}

/// Digits of a commodity.
pub(crate) fn scale(scales: &[u8], no: CommodityNo) -> u8 {
    usize::from(no.get()).checked_sub(1).and_then(|index| scales.get(index)).copied().unwrap_or(0)
}

fn key(item: ItemId) -> ItemKey {
    (to_i64(item.seq), i32::try_from(item.line).unwrap_or(i32::MAX))
}
