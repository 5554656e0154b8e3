//! The statement of cash flows computed anew from the first event: slow, and as plain as it can be said.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use ledger_core::{AccountNo, BalancedEntry, CommodityNo, EntryKind, Event, SubType, Units};
use ledger_projections::reports::What;

use crate::words::Ledger;

type Pair = (Units, Units);
type Item = (u64, usize);

/// Cash behind an item, and what the item is made of.
#[derive(Default)]
struct Kept {
    own: Option<AccountNo>,
    date: Option<NaiveDate>,
    left: Units,
    cash: BTreeMap<CommodityNo, Pair>,
    made_of: Vec<(AccountNo, Units)>,
}

/// One thing that cash was for.
type Row = (NaiveDate, What, CommodityNo, Pair);
/// What an allocation took: of which item, how much, how much cash, and the rows that it made.
type Taken = (Item, Units, BTreeMap<CommodityNo, Pair>, Vec<Row>);

fn is_cash(ledger: &Ledger, no: AccountNo) -> bool {
    let account = ledger.book.account(no).unwrap();
    matches!(account.sub_type, SubType::Cash | SubType::Bank)
}

fn is_conversion(ledger: &Ledger, no: AccountNo) -> bool {
    ledger.book.account(no).unwrap().sub_type == SubType::Conversion
}

/// What cash accounts hold at the end of a day, as known at an event.
pub(crate) fn cash(ledger: &Ledger, seq: u64, to: NaiveDate) -> BTreeMap<CommodityNo, Pair> {
    let mut held: BTreeMap<CommodityNo, Pair> = BTreeMap::new();
    for entry in ledger.events.iter().take(usize::try_from(seq).unwrap()).filter_map(|event| event.event.entry()) {
        for line in entry.lines().iter().filter(|line| entry.effective_date() <= to && is_cash(ledger, line.account)) {
            add(&mut held, line.money.currency(), (line.money.units(), line.functional.unwrap()));
        }
    }
    held.retain(|_, pair| *pair != (0, 0));
    held
}

fn add<K: Ord>(sums: &mut BTreeMap<K, Pair>, key: K, pair: Pair) {
    let sum = sums.entry(key).or_default();
    *sum = (sum.0 + pair.0, sum.1 + pair.1);
}

/// Floor of each share, then the leftover units one by one from the first.
fn split(total: Units, weights: &[Units]) -> Vec<Units> {
    let sum: Units = weights.iter().sum();
    let mut parts: Vec<Units> = weights.iter().map(|weight| total.abs() * weight / sum).collect();
    let mut left = total.abs() - parts.iter().sum::<Units>();
    for (part, weight) in parts.iter_mut().zip(weights) {
        if left > 0 && *weight > 0 {
            (*part, left) = (*part + 1, left - 1);
        }
    }
    parts.into_iter().map(|part| part * total.signum()).collect()
}

fn split_pair(pair: Pair, weights: &[Units]) -> Vec<Pair> {
    split(pair.0, weights).into_iter().zip(split(pair.1, weights)).collect()
}

/// Nearest, half to even.
fn share(total: Units, part: Units, whole: Units) -> Units {
    let (down, rest) = (total.abs() * part / whole, total.abs() * part % whole);
    let up = rest * 2 > whole || (rest * 2 == whole && down % 2 == 1);
    (down + Units::from(up)) * total.signum()
}

/// Where cash of a currency went or came from: the account, or the line of an open item, or another currency.
enum Other {
    Account(AccountNo),
    Item(usize),
    Currency,
}

struct Side {
    line: usize,
    account: AccountNo,
    currency: CommodityNo,
    pair: Pair,
}

/// The lines of an entry, its cash of each currency as one.
fn sides(ledger: &Ledger, entry: &BalancedEntry) -> Vec<Side> {
    let mut sides: Vec<Side> = Vec::new();
    for (index, line) in entry.lines().iter().enumerate() {
        let (currency, pair) = (line.money.currency(), (line.money.units(), line.functional.unwrap()));
        let known = sides.iter_mut().find(|side| is_cash(ledger, side.account) && side.currency == currency);
        match known.filter(|_| is_cash(ledger, line.account)) {
            Some(side) => side.pair = (side.pair.0 + pair.0, side.pair.1 + pair.1),
            None => sides.push(Side { line: index + 1, account: line.account, currency, pair }),
        }
    }
    sides
}

fn against(ledger: &Ledger, sides: &[Side], currency: CommodityNo, sign: Units, items: bool) -> Vec<(Other, Units)> {
    let name = |side: &Side| {
        if is_cash(ledger, side.account) {
            Other::Currency
        } else if items && ledger.book.control(side.account).is_some() {
            Other::Item(side.line)
        } else {
            Other::Account(side.account)
        }
    };
    let mut found = Vec::new();
    for side in sides.iter().filter(|side| side.currency == currency && side.pair.0.signum() == -sign) {
        let weight = side.pair.0.abs();
        if !is_conversion(ledger, side.account) {
            found.push((name(side), weight));
            continue;
        }
        let beyond: Vec<&Side> = sides
            .iter()
            .filter(|other| other.currency != currency && !is_conversion(ledger, other.account) && other.pair.0.signum() == -sign)
            .collect();
        let values: Vec<Units> = beyond.iter().map(|other| other.pair.1.abs()).collect();
        if values.iter().sum::<Units>() == 0 {
            let one = beyond.iter().all(|other| other.currency == beyond[0].currency);
            let weights: Vec<Units> = beyond.iter().map(|other| if one { other.pair.0.abs() } else { 0 }).collect();
            match weights.iter().sum::<Units>() {
                0 => found.push((Other::Currency, weight)),
                _ => found.extend(beyond.iter().map(|other| name(other)).zip(split(weight, &weights)).filter(|(_, part)| *part != 0)),
            }
        } else {
            found.extend(beyond.iter().map(|other| name(other)).zip(split(weight, &values)).filter(|(_, part)| *part != 0));
        }
    }
    found
}

/// The lines of the direct statement, without what is nothing.
pub(crate) fn direct(ledger: &Ledger, seq: u64, from: NaiveDate, to: NaiveDate) -> BTreeMap<(What, CommodityNo), Pair> {
    let mut rows: Vec<Row> = Vec::new();
    let mut items: BTreeMap<Item, Kept> = BTreeMap::new();
    let mut allocations: BTreeMap<u64, Vec<Taken>> = BTreeMap::new();
    for (event, at) in ledger.events.iter().zip(1_u64..=seq) {
        let makes_items = !matches!(
            event.event,
            Event::ItemsAllocated { .. }
                | Event::AllocationReversed { .. }
                | Event::ItemsRevalued { .. }
                | Event::RevaluationReversed { .. }
        );
        if let Some(entry) = event.event.entry() {
            post(ledger, at, entry, makes_items, &mut rows, &mut items);
        }
        match &event.event {
            Event::ItemsAllocated { allocation, .. } => {
                let key = |id: ledger_core::ItemId| (id.seq, usize::try_from(id.line).unwrap());
                let (one, other) = (key(allocation.from), key(allocation.to));
                let (taken, settled) = (allocation.taken.units(), allocation.settled.units());
                let made: Vec<Taken> = [(one, other, taken), (other, one, settled)]
                    .into_iter()
                    .filter_map(|(item, other, units)| settle(&mut items, item, other, units))
                    .collect();
                allocations.insert(at, made);
            }
            Event::AllocationReversed { allocation, .. } => {
                for (item, units, cash, _) in allocations.remove(allocation).unwrap() {
                    let kept = items.get_mut(&item).unwrap();
                    kept.left += units;
                    cash.into_iter().for_each(|(currency, pair)| add(&mut kept.cash, currency, pair));
                }
            }
            _ => {}
        }
    }
    for kept in items.values() {
        let what = What::Unapplied(kept.own.unwrap());
        rows.extend(kept.cash.iter().map(|(currency, pair)| (kept.date.unwrap(), what, *currency, *pair)));
    }
    rows.extend(allocations.into_values().flatten().flat_map(|(.., rows)| rows));
    let mut found = BTreeMap::new();
    for (_, what, currency, pair) in rows.into_iter().filter(|(date, ..)| (from..=to).contains(date)) {
        add(&mut found, (what, currency), pair);
    }
    found.retain(|_, pair| *pair != (0, 0));
    found
}

fn post(ledger: &Ledger, at: u64, entry: &BalancedEntry, makes_items: bool, rows: &mut Vec<Row>, items: &mut BTreeMap<Item, Kept>) {
    let (date, sides) = (entry.effective_date(), sides(ledger, entry));
    let whole = match entry.header().kind {
        EntryKind::Opening => Some(What::Opening),
        EntryKind::Closing => Some(What::Closing),
        _ => entry.header().reverses.and_then(|original| {
            let original = ledger.history.get(&original)?.header().kind;
            match original {
                EntryKind::Closing => Some(What::Closing),
                EntryKind::Opening => Some(What::Opening),
                _ => None,
            }
        }),
    };
    for side in sides.iter().filter(|_| makes_items).filter(|side| ledger.book.control(side.account).is_some() && side.pair.0 != 0) {
        let mut kept = Kept { own: Some(side.account), date: Some(date), left: side.pair.0.abs(), ..Kept::default() };
        if whole.is_none() {
            for (other, weight) in against(ledger, &sides, side.currency, side.pair.0.signum(), true) {
                let account = if let Other::Account(no) = other { no } else { side.account };
                match kept.made_of.iter_mut().find(|(no, _)| *no == account) {
                    Some((_, sum)) => *sum += weight,
                    None => kept.made_of.push((account, weight)),
                }
            }
        }
        items.insert((at, side.line), kept);
    }
    for side in sides.iter().filter(|side| is_cash(ledger, side.account)) {
        let sign = side.pair.0.signum();
        if let Some(what) = whole {
            rows.push((date, what, side.currency, side.pair));
        } else if sign == 0 {
            rows.push((date, What::Fx, side.currency, side.pair));
        } else {
            let others = against(ledger, &sides, side.currency, sign, makes_items);
            let weights: Vec<Units> = others.iter().map(|(_, weight)| *weight).collect();
            for ((other, _), pair) in others.into_iter().zip(split_pair(side.pair, &weights)) {
                match other {
                    Other::Account(no) => rows.push((date, What::Account(no), side.currency, pair)),
                    Other::Currency => rows.push((date, What::Exchange, side.currency, pair)),
                    Other::Item(line) => add(&mut items.get_mut(&(at, line)).unwrap().cash, side.currency, pair),
                }
            }
        }
    }
}

/// Takes the cash of a part of an item for what the other one is made of.
fn settle(items: &mut BTreeMap<Item, Kept>, item: Item, other: Item, units: Units) -> Option<Taken> {
    let mut made_of = items[&other].made_of.clone();
    let kept = items.get_mut(&item).unwrap();
    let whole = kept.left;
    kept.left -= units;
    if kept.cash.is_empty() {
        return None;
    }
    if made_of.is_empty() {
        made_of = vec![(kept.own.unwrap(), 1)];
    }
    let weights: Vec<Units> = made_of.iter().map(|(_, weight)| *weight).collect();
    let (mut taken, mut rows) = (BTreeMap::new(), Vec::new());
    for (currency, left) in &mut kept.cash {
        let pair = if units == whole { *left } else { (share(left.0, units, whole), share(left.1, units, whole)) };
        *left = (left.0 - pair.0, left.1 - pair.1);
        taken.insert(*currency, pair);
        let parts = made_of.iter().zip(split_pair(pair, &weights));
        rows.extend(parts.map(|((no, _), part)| (kept.date.unwrap(), What::Account(*no), *currency, part)));
    }
    Some((item, units, taken, rows))
}
