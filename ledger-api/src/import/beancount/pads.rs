//! What each `pad` inserts: the amounts that later balances of its account ask for.
//!
//! A pad is known only after what follows it, so all transactions are booked once without their effect before
//! they are booked again for good. Booking looks at no padding, in beancount as here.

use rust_decimal::Decimal;
use rustc_hash::FxHashMap;

use super::ast::{Balance, Directive, Fault, Kind, Parse};
use super::ledger::Ledger;
use super::names::CurrencyId;
use super::tolerance;
use super::watch::Watch;

/// One transaction that a pad inserts, or why it cannot.
#[derive(Debug)]
pub(super) struct Padding {
    pub(super) currency: CurrencyId,
    pub(super) difference: Decimal,
    /// What the balance that asked for it expects.
    pub(super) expected: Decimal,
}

/// Paddings by the number of their pad among the sorted directives; faults by that of the balance that asks.
#[derive(Debug, Default)]
pub(super) struct Paddings {
    pub(super) inserted: FxHashMap<usize, Vec<Padding>>,
    pub(super) faults: FxHashMap<usize, Box<Fault>>,
}

#[derive(Default)]
struct Tracker {
    active: Option<usize>,
    /// Commodities that need no more padding since the pad.
    done: Vec<CurrencyId>,
}

/// Computes all paddings of the source.
pub(super) fn compute<'t>(mut ledger: Ledger<'t>, directives: &'t [Directive<'t>]) -> Paddings {
    let padded = directives.iter().filter_map(|directive| match directive.kind {
        Kind::Pad { account, .. } => Some(account),
        _ => None,
    });
    let mut found = Paddings::default();
    let mut watch = Watch::new(&ledger.parsed.names, padded);
    let mut trackers: FxHashMap<u32, Tracker> = FxHashMap::default();
    for (number, directive) in directives.iter().enumerate() {
        match &directive.kind {
            Kind::Open(open) => drop(ledger.open(open, directive)),
            Kind::Close(account) => drop(ledger.close(*account, directive)),
            Kind::Txn(txn) => {
                for posting in ledger.post(directive, txn).map(|booking| booking.postings).unwrap_or_default() {
                    let _ = watch.add(posting.account, posting.currency, posting.units);
                }
            }
            Kind::Pad { account, .. } => {
                // What an account counts for ends with itself.
                if let Some(own) = watch.above(*account).last() {
                    trackers.insert(*own, Tracker { active: Some(number), done: Vec::new() });
                }
            }
            Kind::Balance(balance) => {
                for watched in watch.above(balance.account).to_vec() {
                    let Some(tracker) = trackers.get_mut(&watched) else { continue };
                    if let Err(fault) = check(&mut watch, watched, tracker, balance, &ledger, &mut found) {
                        found.faults.insert(number, fault);
                    }
                }
            }
            Kind::Price { .. } => {}
        }
    }
    found
}

fn check(
    watch: &mut Watch,
    watched: u32,
    tracker: &mut Tracker,
    balance: &Balance,
    ledger: &Ledger<'_>,
    found: &mut Paddings,
) -> Parse<()> {
    let large = || Fault::new(balance.number_pos, "the padding is too large to keep exactly");
    let held = watch.total(watched, balance.currency);
    let difference = balance.number.checked_sub(held).ok_or_else(large)?;
    let tolerance = tolerance::of_balance(balance.number, balance.tolerance, &ledger.parsed.settings);
    let fresh = !tracker.done.contains(&balance.currency);
    tracker.done.push(balance.currency);
    let (Some(pad), true) = (tracker.active, fresh && difference.abs() > tolerance) else { return Ok(()) };
    if ledger.holds_lots(&watch.below(watched), balance.currency) {
        return Err(Fault::new(balance.number_pos, "lots held at cost cannot be padded")
            .found(format!("{} {}", balance.number, ledger.parsed.names.currency_name(balance.currency)))
            .remedy("write the transaction that brings the lots in"));
    }
    watch.add_to(watched, balance.currency, difference).ok_or_else(large)?;
    let padding = Padding { currency: balance.currency, difference, expected: balance.number };
    found.inserted.entry(pad).or_default().push(padding);
    Ok(())
}
