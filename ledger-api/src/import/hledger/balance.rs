//! Makes an entry balance as its author meant it: the amount left out, the price that two commodities imply,
//! the residual of rounded weights.

use ledger_core::Units;
use ledger_core::rounding::{Rounding, units_product};
use rust_decimal::Decimal;
use smallvec::SmallVec;

use super::commodities::{Com, Commodities};
use super::entry::{Kind, Pending, Posting, Weighing};
use super::text::{Fault, Parsed, fault};

/// A sum per commodity; zeros may be among them.
pub(super) type Sums = SmallVec<[(Com, Units); 2]>;

/// Adds to a sum; `None` when it gets too large.
pub(super) fn add_to(sums: &mut Sums, com: Com, units: Units) -> Option<()> {
    match sums.iter_mut().find(|(known, _)| *known == com) {
        Some((_, sum)) => *sum = ledger_core::money::add_units(*sum, units)?,
        None => sums.push((com, units)),
    }
    Some(())
}

/// Settles the postings of one kind. Afterwards each has an amount and their weights sum to zero, or the entry
/// is marked as having a residual for the rounding account.
pub(super) fn settle(pending: &mut Pending, kind: Kind, commodities: &Commodities) -> Parsed<()> {
    let mut sums = Sums::new();
    let (mut missing, mut priced, mut rounded) = (None, false, 0_i128);
    for (place, posting) in pending.postings.iter().enumerate().filter(|(_, posting)| posting.kind == kind) {
        let (com, units) = match (&posting.weight, posting.amount) {
            (Some(weight), _) => {
                priced = true;
                rounded += i128::from(weight.rounded);
                (weight.com, weight.units)
            }
            (None, Some((units, com))) => (com, units),
            (None, None) if missing.is_none() => {
                missing = Some(place);
                continue;
            }
            (None, None) => return Err(second_missing(posting)),
        };
        add_to(&mut sums, com, units).ok_or_else(|| too_large(posting))?;
    }
    let first = sums.first().map_or(0, |(com, _)| *com);
    sums.retain(|(_, units)| *units != 0);
    if let Some(place) = missing {
        fill(&mut pending.postings, place, &sums, first);
        return Ok(());
    }
    match sums.as_slice() {
        [] => Ok(()),
        [a, b] if !priced && (a.1 < 0) != (b.1 < 0) => exchange(pending, kind, *a, *b),
        residual if residual.iter().all(|(_, units)| units.abs() <= rounded) => {
            pending.residual = true;
            Ok(())
        }
        residual => Err(unbalanced(pending, residual, priced, commodities)),
    }
}

/// Gives the posting without an amount what is missing, one posting for each commodity.
fn fill(postings: &mut Vec<Posting>, place: usize, sums: &Sums, first: Com) {
    let (head, more) = match sums.as_slice() {
        [] => ((first, 0), [].as_slice()),
        [head, more @ ..] => (*head, more),
    };
    let Some(posting) = postings.get_mut(place) else { return };
    posting.amount = Some((-head.1, head.0));
    let template = Posting { assertion: None, ..posting.clone() };
    let others = more.iter().map(|(com, units)| Posting { amount: Some((-units, *com)), ..template.clone() });
    postings.splice(place + 1..place + 1, others);
}

/// Two commodities without a price: the one named first is worth what there is of the other.
fn exchange(pending: &mut Pending, kind: Kind, a: (Com, Units), b: (Com, Units)) -> Parsed<()> {
    let of_two = |posting: &&Posting| posting.kind == kind && posting.amount.is_some_and(|(_, com)| com == a.0 || com == b.0);
    let first = pending.postings.iter().find(of_two).and_then(|posting| posting.amount).map_or(a.0, |(_, com)| com);
    let (from, to) = if first == a.0 { (a, b) } else { (b, a) };
    let target = -to.1;
    let (mut given, mut largest) = (0, None);
    for (place, posting) in pending.postings.iter_mut().enumerate().filter(|(_, posting)| posting.kind == kind) {
        let Some((units, _)) = posting.amount.filter(|(_, com)| *com == from.0) else { continue };
        let share = proportion(target, units, from.1).ok_or_else(|| too_large(posting))?;
        given += share;
        posting.weight = Some(Weighing { units: share, com: to.0, rounded: false });
        if largest.is_none_or(|(_, size)| units.abs() > size) {
            largest = Some((place, units.abs()));
        }
    }
    let weight = largest.and_then(|(place, _)| pending.postings.get_mut(place)).and_then(|posting| posting.weight.as_mut());
    if let Some(weight) = weight {
        weight.units += target - given;
    }
    Ok(())
}

/// `total × part ÷ whole`, half-even.
fn proportion(total: Units, part: Units, whole: Units) -> Option<Units> {
    if part == whole {
        return Some(total);
    }
    match total.checked_mul(part) {
        Some(product) => Some(divide_half_even(product, whole)),
        None => {
            let ratio = Decimal::try_from_i128_with_scale(part, 0).ok()?.checked_div(Decimal::try_from_i128_with_scale(whole, 0).ok()?)?;
            units_product(Decimal::try_from_i128_with_scale(total, 0).ok()?, ratio, 0, Rounding::HalfEven).ok()
        }
    }
}

fn divide_half_even(top: i128, bottom: i128) -> i128 {
    let (quotient, rest) = (top / bottom, top % bottom);
    let away = if (top < 0) == (bottom < 0) { 1 } else { -1 };
    match (rest.unsigned_abs() * 2).cmp(&bottom.unsigned_abs()) {
        std::cmp::Ordering::Greater => quotient + away,
        std::cmp::Ordering::Equal if quotient % 2 != 0 => quotient + away,
        _ => quotient,
    }
}

fn second_missing(posting: &Posting) -> Box<Fault> {
    fault(posting.span.0, posting.span.1 - posting.span.0, "a second posting without an amount; only one can be inferred")
        .remedy("write the amount of all postings but one")
}

pub(super) fn too_large(posting: &Posting) -> Box<Fault> {
    fault(posting.span.0, posting.span.1 - posting.span.0, "a sum too large to be kept exactly").remedy("correct the amount")
}

fn unbalanced(pending: &Pending, residual: &[(Com, Units)], priced: bool, commodities: &Commodities) -> Box<Fault> {
    let amounts: Vec<String> = residual.iter().map(|(com, units)| commodities.show(*com, *units)).collect();
    let digits = residual.iter().map(|(com, _)| format!("--commodity '{}=2'", commodities.code(*com))).next().unwrap_or_default();
    let problem = format!("the entry does not balance: its postings sum to {} instead of zero", amounts.join(" and "));
    let unbalanced = fault(0, pending.header_length, problem);
    if priced {
        unbalanced.remedy(format!("correct an amount or price; where the difference comes from rounding, state the digits, as in {digits}"))
    } else {
        unbalanced.remedy("correct an amount, or leave one out to have it inferred")
    }
}
