//! From events to movements of cash, purely: what an entry says, before what allocations say of earlier ones is known.

use std::collections::BTreeMap;

use ledger_core::event::Recorded;
use ledger_core::subledger::ItemId;
use ledger_core::{AccountNo, BalancedEntry, EntryKind, Event, SubType, Units};

use super::rows::{FlowKind, ItemKey, Row, Sources, Unapplied};
use super::shares::{Role, Sides, Target, parts};
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
        Ok(())
    }

    fn add_entry(&mut self, chart: &Chart, seq: i64, entry: &BalancedEntry, makes_items: bool) -> Result<(), String> {
        let role = |no| role(chart, no, makes_items);
        if !entry.lines().iter().any(|line| matches!(role(line.account), Role::Cash | Role::Control)) {
            return Ok(());
        }
        let sides = Sides::new(entry, role);
        let mut found = Found { entry, seq, rows: Vec::new(), unapplied: BTreeMap::new() };
        let bulk = match entry.header().kind {
            EntryKind::Opening => Some(FlowKind::Opening),
            _ if chart.is_closing(entry) => Some(FlowKind::Closing),
            _ => None,
        };
        for net in sides.cash() {
            self.check(net.currency, net.cash.0)?;
            self.check(ledger_core::book::FUNCTIONAL, net.cash.1.unwrap_or(0))?;
            match bulk {
                Some(kind) => found.push(kind, None, net.currency, net.cash),
                None if net.cash.0 == 0 => found.push(FlowKind::Fx, None, net.currency, net.cash),
                None => found.split(&sides, net),
            }
        }
        if bulk.is_none() {
            let made = sides.items().filter_map(|(no, account, net)| Some(((seq, no), sources(account, sides.against(net))?)));
            self.items.extend(made);
        }
        self.rows.append(&mut found.rows);
        self.unapplied.append(&mut found.unapplied);
        Ok(())
    }

    /// An amount that no row could hold stops the projection at its event.
    fn check(&self, currency: ledger_core::CommodityNo, units: Units) -> Result<(), String> {
        decimal(units, scale(&self.scales, currency)).map(drop)
    }
}

/// What an entry's cash was for.
struct Found<'a> {
    entry: &'a BalancedEntry,
    seq: i64,
    rows: Vec<Row>,
    unapplied: BTreeMap<ItemKey, Unapplied>,
}

impl Found<'_> {
    fn push(&mut self, kind: FlowKind, account: Option<AccountNo>, commodity: ledger_core::CommodityNo, cash: super::rows::Cash) {
        if cash.0 == 0 && cash.1.unwrap_or(0) == 0 {
            return;
        }
        let same = |row: &&mut Row| (row.kind, row.account, row.commodity) == (kind, account, commodity);
        if let Some(row) = self.rows.iter_mut().find(same) {
            row.cash = (row.cash.0 + cash.0, row.cash.1.zip(cash.1).map(|(one, other)| one + other));
            return;
        }
        let (date, no) = (self.entry.effective_date(), i32::try_from(self.rows.len()).unwrap_or(i32::MAX));
        self.rows.push(Row { date, seq: self.seq, no, kind, account, commodity, cash, item: None, taken: None });
    }

    fn split(&mut self, sides: &Sides, net: &super::shares::Net) {
        let against = sides.against(net);
        let weights: Vec<Units> = against.iter().map(|(_, weight)| *weight).collect();
        for ((target, _), cash) in against.into_iter().zip(parts(net.cash, &weights)) {
            match target {
                Target::Account(no) => self.push(FlowKind::Account, Some(no), net.currency, cash),
                Target::Exchange => self.push(FlowKind::Exchange, None, net.currency, cash),
                Target::Item(line, account) => {
                    self.push(FlowKind::Unapplied, Some(account), net.currency, cash);
                    self.behind(line, account, net.currency, cash);
                }
            }
        }
    }

    /// Remembers cash behind an item.
    fn behind(&mut self, line: i32, account: AccountNo, currency: ledger_core::CommodityNo, cash: super::rows::Cash) {
        let index = usize::try_from(line).ok().and_then(|line| line.checked_sub(1));
        let units = index.and_then(|index| self.entry.lines().get(index)).map_or(0, |line| line.money.units().abs());
        let date = self.entry.effective_date();
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

fn role(chart: &Chart, no: AccountNo, makes_items: bool) -> Role {
    let sub_type = chart.account(no).map_or(SubType::General, |account| account.sub_type);
    if makes_items && chart.control(no).is_some() {
        return Role::Control;
    }
    match sub_type {
        SubType::Cash | SubType::Bank if chart.control(no).is_none() => Role::Cash,
        SubType::Conversion => Role::Conversion,
        _ => Role::Other,
    }
}

/// Digits of a commodity.
pub(crate) fn scale(scales: &[u8], no: ledger_core::CommodityNo) -> u8 {
    usize::from(no.get()).checked_sub(1).and_then(|index| scales.get(index)).copied().unwrap_or(0)
}

fn key(item: ItemId) -> ItemKey {
    (to_i64(item.seq), i32::try_from(item.line).unwrap_or(i32::MAX))
}
