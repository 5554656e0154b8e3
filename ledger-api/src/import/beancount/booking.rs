//! Booking, first half: which commodity each posting balances in, and which lots a reduction takes.
//!
//! The rules are beancount's: postings are grouped by the commodity of their weight; a posting at cost that meets
//! holdings of the other sign is a reduction and takes matching lots by the account's method; everything else at
//! cost is a new lot. Numbers that are left out are the business of `interpolate`.

use chrono::NaiveDate;
use rust_decimal::Decimal;
use std::fmt::Write as _;

use super::ast::{CostSpec, Fault, Incomplete, Method, Parse, Part, Pos, Txn};
use super::expr;
use super::inventory::{Cost, Inventory, Lot};
use super::names::{AccountId, CurrencyId, Names};

/// A posting on its way through booking. Its commodities are known, its numbers perhaps not yet.
#[derive(Clone, Debug)]
pub(super) struct Leg<'t> {
    /// Which posting of the transaction it comes from.
    pub(super) index: usize,
    pub(super) pos: Pos,
    pub(super) account: AccountId,
    pub(super) units: Option<Decimal>,
    pub(super) currency: CurrencyId,
    pub(super) cost: Held<'t>,
    pub(super) price: Option<LegPrice>,
}

/// What a posting says or has found out about its cost.
#[derive(Clone, Debug)]
pub(super) enum Held<'t> {
    /// Not held at cost.
    Plain,
    /// A new lot, perhaps with numbers to compute.
    Spec(NewLot<'t>),
    /// An existing lot.
    Lot(Cost<'t>),
}

#[derive(Clone, Debug)]
pub(super) struct NewLot<'t> {
    pub(super) per: Part,
    pub(super) total: Part,
    pub(super) currency: CurrencyId,
    pub(super) date: Option<NaiveDate>,
    pub(super) label: Option<&'t str>,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct LegPrice {
    pub(super) number: Option<Decimal>,
    pub(super) currency: CurrencyId,
    pub(super) total: bool,
}

/// Legs that balance in one commodity.
pub(super) type Group<'t> = (CurrencyId, Vec<Leg<'t>>);

/// What booking knows of the books.
pub(super) struct Stock<'b, 't> {
    pub(super) names: &'b Names<'t>,
    pub(super) inventories: &'b [Inventory<'t>],
    pub(super) methods: &'b [Method],
}

impl<'b, 't> Stock<'b, 't> {
    pub(super) fn inventory(&self, account: AccountId) -> Option<&'b Inventory<'t>> {
        self.inventories.get(account.index())
    }

    fn method(&self, account: AccountId) -> Method {
        self.methods.get(account.index()).copied().unwrap_or_default()
    }
}

/// Commodities of a posting as far as they are known: units, cost, price. The outer `None` means there is no such
/// part, the inner that its commodity is left out.
#[derive(Clone, Copy, Debug)]
struct Refer {
    index: usize,
    units: Option<CurrencyId>,
    cost: Option<Option<CurrencyId>>,
    price: Option<Option<CurrencyId>>,
}

impl Refer {
    fn bucket(&self) -> Option<CurrencyId> {
        match (self.cost, self.price) {
            (Some(Some(cost)), _) => Some(cost),
            (_, Some(Some(price))) => Some(price),
            (None, None) => self.units,
            _ => None,
        }
    }
}

/// Sorts the postings of a transaction into groups by the commodity they balance in, in order of first use.
pub(super) fn categorize<'t>(txn: &'t Txn<'t>, stock: &Stock<'_, 't>) -> Parse<Vec<Group<'t>>> {
    let mut groups: Vec<(CurrencyId, usize, Vec<Refer>)> = Vec::new();
    let (mut unknown, mut auto) = (Vec::new(), None);
    for (index, posting) in txn.postings.iter().enumerate() {
        let cost = posting.cost.as_ref().map(|cost| cost.currency);
        let price = posting.price.as_ref().map(|price| price.amount.currency);
        let mut refer = Refer { index, units: posting.units.and_then(|units| units.currency), cost, price };
        if cost == Some(None) && price.flatten().is_some() {
            refer.cost = price;
        }
        if price == Some(None) && cost.flatten().is_some() {
            refer.price = cost;
        }
        if posting.units.is_none() && price.is_none() {
            if auto.replace(index).is_some() {
                return Err(Fault::new(posting.pos, "only one posting of a transaction may leave out its amount")
                    .found(stock.names.account_name(posting.account))
                    .remedy("write the amount"));
            }
        } else {
            match refer.bucket() {
                Some(currency) => join(&mut groups, currency, refer),
                None => unknown.push(refer),
            }
        }
    }
    place_unknown(txn, stock, &mut groups, unknown)?;
    fill_units(txn, stock, &mut groups);
    if let Some(index) = auto {
        for (currency, first, refers) in &mut groups {
            *first = (*first).min(index);
            refers.push(Refer { index, units: Some(*currency), cost: None, price: None });
        }
    }
    groups.sort_by_key(|(_, first, _)| *first);
    groups.into_iter().map(|(currency, _, refers)| Ok((currency, legs(txn, refers)?))).collect()
}

fn join(groups: &mut Vec<(CurrencyId, usize, Vec<Refer>)>, currency: CurrencyId, refer: Refer) {
    match groups.iter_mut().find(|(known, ..)| *known == currency) {
        Some((_, _, refers)) => refers.push(refer),
        None => groups.push((currency, refer.index, vec![refer])),
    }
}

/// Postings whose commodity is left out: from the only other group, else from what their account holds.
fn place_unknown<'t>(
    txn: &Txn<'t>,
    stock: &Stock<'_, 't>,
    groups: &mut Vec<(CurrencyId, usize, Vec<Refer>)>,
    unknown: Vec<Refer>,
) -> Parse<()> {
    let sole = if unknown.len() == 1 && groups.len() == 1 { groups.first().map(|group| group.0) } else { None };
    for mut refer in unknown {
        let posting = &txn.postings[refer.index];
        let held = stock.inventory(posting.account);
        let (units, cost) = match sole {
            Some(currency) if refer.cost.is_none() && refer.price.is_none() => (Some(currency), None),
            Some(currency) => (refer.units, Some(currency)),
            None => (held.and_then(Inventory::only_currency), held.and_then(Inventory::only_cost_currency)),
        };
        refer.units = refer.units.or(units);
        refer.cost = refer.cost.map(|known| known.or(cost));
        refer.price = refer.price.map(|known| known.or(cost));
        match refer.bucket() {
            Some(currency) => join(groups, currency, refer),
            None => {
                return Err(Fault::new(posting.pos, "the commodity of this posting cannot be found out")
                    .found(stock.names.account_name(posting.account))
                    .remedy("write the commodity"));
            }
        }
    }
    Ok(())
}

/// Units without a commodity take the only one that their account holds.
fn fill_units<'t>(txn: &Txn<'t>, stock: &Stock<'_, 't>, groups: &mut [(CurrencyId, usize, Vec<Refer>)]) {
    for refer in groups.iter_mut().flat_map(|(_, _, refers)| refers) {
        if refer.units.is_none() {
            refer.units = stock.inventory(txn.postings[refer.index].account).and_then(Inventory::only_currency);
        }
    }
}

fn legs<'t>(txn: &'t Txn<'t>, mut refers: Vec<Refer>) -> Parse<Vec<Leg<'t>>> {
    refers.sort_by_key(|refer| refer.index);
    refers.into_iter().map(|refer| leg(txn, refer)).collect()
}

fn leg<'t>(txn: &'t Txn<'t>, refer: Refer) -> Parse<Leg<'t>> {
    let posting = &txn.postings[refer.index];
    let lost =
        |what: &str| Fault::new(posting.pos, format!("the commodity of the {what} cannot be found out")).remedy("write the commodity");
    let currency = refer.units.ok_or_else(|| lost("units"))?;
    let cost = match (posting.cost.as_deref(), refer.cost) {
        (Some(spec), Some(currency)) => Held::Spec(new_lot(spec, currency.ok_or_else(|| lost("cost"))?)),
        _ => Held::Plain,
    };
    let price = match (posting.price.as_deref(), refer.price) {
        (Some(price), Some(currency)) => {
            Some(LegPrice { number: price.amount.number, currency: currency.ok_or_else(|| lost("price"))?, total: price.total })
        }
        _ => None,
    };
    let units = posting.units.and_then(|Incomplete { number, .. }| number);
    Ok(Leg { index: refer.index, pos: posting.pos, account: posting.account, units, currency, cost, price })
}

fn new_lot<'t>(spec: &'t CostSpec<'t>, currency: CurrencyId) -> NewLot<'t> {
    NewLot { per: spec.per, total: spec.total, currency, date: spec.date, label: spec.label.as_deref() }
}

/// A lot that this transaction has taken from: account, commodity, number of the lot, change of units.
type Taken = (AccountId, CurrencyId, u64, Decimal);

/// Finds the lots of all reductions of a group, and dates its new lots.
pub(super) fn reduce<'t>(date: NaiveDate, legs: Vec<Leg<'t>>, stock: &Stock<'_, 't>) -> Parse<Vec<Leg<'t>>> {
    let mut taken: Vec<Taken> = Vec::new();
    let mut booked = Vec::with_capacity(legs.len());
    for mut leg in legs {
        let (Held::Spec(spec), Some(units)) = (&mut leg.cost, leg.units) else {
            booked.push(leg);
            continue;
        };
        let method = stock.method(leg.account);
        if method != Method::None && is_reduction(&taken, stock, leg.account, leg.currency, units) {
            let spec = spec.clone();
            booked.extend(take(&leg, &spec, units, method, stock, &mut taken)?);
        } else {
            spec.date = spec.date.or(Some(date));
            booked.push(leg);
        }
    }
    Ok(booked)
}

fn is_reduction(taken: &[Taken], stock: &Stock<'_, '_>, account: AccountId, currency: CurrencyId, units: Decimal) -> bool {
    let Some(held) = stock.inventory(account).filter(|_| !units.is_zero()) else { return false };
    let mut gone = (0, 0);
    if !taken.is_empty()
        && let Some(lots) = held.lots(currency)
    {
        for (order, lot) in lots.iter() {
            if remaining(taken, account, currency, order, lot).is_some_and(|left| left.is_zero()) {
                if lot.units.is_sign_negative() { gone.1 += 1 } else { gone.0 += 1 }
            }
        }
    }
    held.is_reduced_by(currency, units.is_sign_negative(), gone)
}

/// Units of a lot after what this transaction has taken already.
fn remaining(taken: &[Taken], account: AccountId, currency: CurrencyId, order: u64, lot: &Lot<'_>) -> Option<Decimal> {
    taken
        .iter()
        .filter(|(a, c, o, _)| (*a, *c, *o) == (account, currency, order))
        .try_fold(lot.units, |sum, (_, _, _, change)| sum.checked_add(*change))
}

/// A lot that fits a reduction, with what is left of it.
#[derive(Clone, Copy)]
struct Match<'b, 't> {
    order: u64,
    units: Decimal,
    cost: &'b Cost<'t>,
}

fn take<'t>(
    leg: &Leg<'t>,
    spec: &NewLot<'t>,
    units: Decimal,
    method: Method,
    stock: &Stock<'_, 't>,
    taken: &mut Vec<Taken>,
) -> Parse<Vec<Leg<'t>>> {
    let matches = matching(leg, spec, units, stock, taken)?;
    if matches.is_empty() {
        let held = describe_all(&held_lots(leg, stock), leg.currency, stock.names);
        return Err(Fault::new(leg.pos, format!("no lot of {} fits this reduction", stock.names.account_name(leg.account)))
            .found(describe_spec(leg, spec, stock.names))
            .remedy(if held.is_empty() { "buy it at a cost first".to_owned() } else { format!("the account holds {held}") }));
    }
    let chosen = choose(leg, spec, units, &matches, method, stock.names)?;
    let mut reductions = Vec::with_capacity(chosen.len());
    for (at, part) in chosen {
        let lot = &matches[at];
        taken.push((leg.account, leg.currency, lot.order, part));
        reductions.push(Leg { units: Some(part), cost: Held::Lot(lot.cost.clone()), ..leg.clone() });
    }
    Ok(reductions)
}

fn held_lots<'b, 't>(leg: &Leg<'t>, stock: &Stock<'b, 't>) -> Vec<Match<'b, 't>> {
    let lots = stock.inventory(leg.account).and_then(|held| held.lots(leg.currency));
    lots.into_iter().flat_map(|lots| lots.iter()).map(|(order, lot)| Match { order, units: lot.units, cost: &lot.cost }).collect()
}

fn matching<'b, 't>(leg: &Leg<'t>, spec: &NewLot<'t>, units: Decimal, stock: &Stock<'b, 't>, taken: &[Taken]) -> Parse<Vec<Match<'b, 't>>> {
    let number = cost_number(spec, units).map_err(|problem| Fault::new(leg.pos, problem))?;
    let Some(lots) = stock.inventory(leg.account).and_then(|held| held.lots(leg.currency)) else { return Ok(Vec::new()) };
    let fits = |cost: &Cost<'t>| {
        number.is_none_or(|number| number == cost.number)
            && spec.currency == cost.currency
            && spec.date.is_none_or(|date| date == cost.date)
            && spec.label.is_none_or(|label| label.is_empty() || cost.label == Some(label))
    };
    let mut matches = Vec::new();
    for (order, lot) in lots.iter().filter(|(_, lot)| fits(&lot.cost)) {
        let Some(units) = remaining(taken, leg.account, leg.currency, order, lot) else { continue };
        if !units.is_zero() {
            matches.push(Match { order, units, cost: &lot.cost });
        }
    }
    Ok(matches)
}

/// The cost per unit that a spec names, if it does.
pub(super) fn cost_number(spec: &NewLot<'_>, units: Decimal) -> Result<Option<Decimal>, &'static str> {
    const TOO_LARGE: &str = "the cost is too large to keep exactly";
    match (spec.per, spec.total) {
        (Part::Given(per), Part::Absent) => Ok(Some(per)),
        (Part::Given(_), Part::Given(_)) if units.is_zero() => Err("a total cost needs units other than zero"),
        (Part::Given(per), Part::Given(total)) => {
            let all = per.checked_mul(units.abs()).and_then(|sum| sum.checked_add(total)).ok_or(TOO_LARGE)?;
            expr::quotient(all, units.abs()).map(Some).ok_or(TOO_LARGE)
        }
        _ => Ok(None),
    }
}

/// Which of the matches are taken, and with how many units.
fn choose<'t>(
    leg: &Leg<'t>,
    spec: &NewLot<'t>,
    units: Decimal,
    matches: &[Match<'_, 't>],
    method: Method,
    names: &Names<'t>,
) -> Parse<Vec<(usize, Decimal)>> {
    let fault = |problem: &str| Fault::new(leg.pos, problem).found(describe_spec(leg, spec, names));
    match method {
        Method::Strict | Method::StrictWithSize => strict(units, matches, method).ok_or_else(|| {
            fault("several lots fit this reduction").remedy(format!(
                "name one by cost, date or label, or open the account with \"FIFO\"; it holds {}",
                describe_all(matches, leg.currency, names)
            ))
        }),
        Method::Average => Err(fault("beancount does not book reductions at average cost")
            .remedy("open the account with \"FIFO\" or \"STRICT\", or sell all and buy again at the average")),
        Method::None => Ok(Vec::new()),
        Method::Fifo | Method::Lifo | Method::Hifo => Ok(in_order(units, matches, method)),
    }
    .and_then(|chosen| {
        let sum = chosen.iter().try_fold(Decimal::ZERO, |sum, (_, part)| sum.checked_add(*part));
        if sum == Some(units) {
            return Ok(chosen);
        }
        let held = describe_all(matches, leg.currency, names);
        Err(fault("there are not enough units in the lots that fit").remedy(format!("reduce by what is there: {held}")))
    })
}

fn strict(units: Decimal, matches: &[Match<'_, '_>], method: Method) -> Option<Vec<(usize, Decimal)>> {
    if let [only] = matches {
        let size = only.units.abs().min(units.abs());
        return Some(vec![(0, if units.is_sign_negative() { -size } else { size })]);
    }
    let sum = matches.iter().try_fold(Decimal::ZERO, |sum, lot| sum.checked_add(lot.units));
    if sum == Some(-units) {
        return Some(matches.iter().enumerate().map(|(at, lot)| (at, -lot.units)).collect());
    }
    if method == Method::Strict {
        return None;
    }
    let sized = matches.iter().enumerate().filter(|(_, lot)| lot.units == -units);
    sized.min_by_key(|(_, lot)| lot.cost.date).map(|(at, lot)| vec![(at, -lot.units)])
}

fn in_order(units: Decimal, matches: &[Match<'_, '_>], method: Method) -> Vec<(usize, Decimal)> {
    let mut order: Vec<usize> = (0..matches.len()).collect();
    match method {
        Method::Lifo => order.sort_by_key(|at| std::cmp::Reverse(matches[*at].cost.date)),
        Method::Hifo => order.sort_by_key(|at| std::cmp::Reverse(matches[*at].cost.number)),
        _ => order.sort_by_key(|at| matches[*at].cost.date),
    }
    let mut left = units.abs();
    let mut chosen = Vec::new();
    for at in order {
        if left.is_zero() {
            break;
        }
        let lot = &matches[at];
        if lot.units.is_sign_negative() == units.is_sign_negative() {
            continue;
        }
        let size = lot.units.abs().min(left);
        left -= size;
        chosen.push((at, if units.is_sign_negative() { -size } else { size }));
    }
    chosen
}

/// A reduction as it was written, for messages.
fn describe_spec(leg: &Leg<'_>, spec: &NewLot<'_>, names: &Names<'_>) -> String {
    let mut text = format!("{} {} {{", leg.units.unwrap_or_default(), names.currency_name(leg.currency));
    let mut parts = Vec::new();
    match (spec.per, spec.total) {
        (Part::Given(per), Part::Given(total)) => parts.push(format!("{per} # {total} {}", names.currency_name(spec.currency))),
        (Part::Given(per), _) => parts.push(format!("{per} {}", names.currency_name(spec.currency))),
        _ => {}
    }
    parts.extend(spec.date.map(|date| date.to_string()));
    parts.extend(spec.label.map(|label| format!("\"{label}\"")));
    let _ = write!(text, "{}}}", parts.join(", "));
    text
}

/// The first few lots, for messages.
fn describe_all(lots: &[Match<'_, '_>], currency: CurrencyId, names: &Names<'_>) -> String {
    const SHOWN: usize = 5;
    let more = lots.len().saturating_sub(SHOWN);
    let mut parts: Vec<String> = lots.iter().take(SHOWN).map(|lot| describe_lot(lot, currency, names)).collect();
    if more > 0 {
        parts.push(format!("{more} more"));
    }
    parts.join("; ")
}

fn describe_lot(lot: &Match<'_, '_>, currency: CurrencyId, names: &Names<'_>) -> String {
    let cost = lot.cost;
    let label = cost.label.map(|label| format!(", \"{label}\"")).unwrap_or_default();
    let (units, quote) = (names.currency_name(currency), names.currency_name(cost.currency));
    format!("{} {units} {{{} {quote}, {}{label}}}", lot.units, cost.number.normalize(), cost.date)
}
