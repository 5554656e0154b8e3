//! What stands against a line: the lines of its entry on the other side, each with its share.
//!
//! Cash that came in came from the credits of its currency, cash that went out went into the debits, in proportion: of a machine
//! that was paid in part and for the rest with a loan, the statement shows what was paid. All cash of one currency in an
//! entry counts as one line, so a transfer between two bank accounts is none. An exchange between currencies is looked
//! through: what stands against its conversion line is what was given or bought in the other currencies, by value.

use ledger_core::rounding::split;
use ledger_core::{AccountNo, BalancedEntry, CommodityNo, Units};

use super::rows::Cash;

/// What an account is to cash flow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// Money.
    Cash,
    /// Its lines are open items.
    Control,
    /// The other side of exchanges.
    Conversion,
    /// Anything else.
    Other,
}

/// What stands on the other side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Target {
    /// An account.
    Account(AccountNo),
    /// An open item: the line of the entry, from 1, and its control account.
    Item(i32, AccountNo),
    /// Cash in another currency, or nothing that can be named.
    Exchange,
}

/// A line, or all lines on cash of one currency.
#[derive(Clone, Copy, Debug)]
pub(super) struct Net {
    role: Role,
    target: Target,
    pub(super) currency: CommodityNo,
    pub(super) cash: Cash,
}

impl Net {
    fn sign(&self) -> Units {
        self.cash.0.signum()
    }
}

/// An entry with its cash added up.
pub(super) struct Sides(Vec<Net>);

impl Sides {
    pub(super) fn new(entry: &BalancedEntry, role: impl Fn(AccountNo) -> Role) -> Self {
        let mut nets: Vec<Net> = Vec::with_capacity(entry.lines().len());
        for (line, no) in entry.lines().iter().zip(1_i32..) {
            let (role, currency) = (role(line.account), line.money.currency());
            let target = match role {
                Role::Cash | Role::Conversion => Target::Exchange,
                Role::Control if line.money.units() != 0 => Target::Item(no, line.account),
                Role::Control | Role::Other => Target::Account(line.account),
            };
            let cash = (line.money.units(), line.functional);
            let known = if role == Role::Cash { nets.iter_mut().find(|net| (net.role, net.currency) == (role, currency)) } else { None };
            match known {
                Some(net) => net.cash = plus(net.cash, cash),
                None => nets.push(Net { role, target, currency, cash }),
            }
        }
        Self(nets)
    }

    /// What cash moved, per currency.
    pub(super) fn cash(&self) -> impl Iterator<Item = &Net> {
        self.0.iter().filter(|net| net.role == Role::Cash)
    }

    /// The lines that are open items.
    pub(super) fn items(&self) -> impl Iterator<Item = (i32, AccountNo, &Net)> {
        self.0.iter().filter_map(|net| if let Target::Item(no, account) = net.target { Some((no, account, net)) } else { None })
    }

    /// What lines on one side of a currency have against them is the same for all of them.
    pub(super) fn group(net: &Net) -> (CommodityNo, Units) {
        (net.currency, net.sign())
    }

    /// What stands against a line, with weights that are positive.
    pub(super) fn against(&self, net: &Net) -> Vec<(Target, Units)> {
        let mut found = Vec::new();
        for other in self.0.iter().filter(|other| other.currency == net.currency && other.sign() == -net.sign()) {
            match other.role {
                Role::Conversion => self.through(other, &mut found),
                _ => found.push((other.target, other.cash.0.abs())),
            }
        }
        found
    }

    /// What was exchanged for what a conversion line converts.
    fn through(&self, conversion: &Net, found: &mut Vec<(Target, Units)>) {
        let weight = conversion.cash.0.abs();
        let beyond = |net: &&Net| {
            net.currency != conversion.currency && net.role != Role::Conversion && net.sign() == conversion.sign() && net.sign() != 0
        };
        let sides: Vec<&Net> = self.0.iter().filter(beyond).collect();
        let mut weights: Vec<Units> = sides.iter().map(|net| net.cash.1.unwrap_or(0).abs()).collect();
        if weights.iter().all(|weight| *weight == 0) && sides.iter().all(|net| net.currency == sides[0].currency) {
            weights = sides.iter().map(|net| net.cash.0.abs()).collect();
        }
        if weights.iter().all(|weight| *weight == 0) {
            found.push((Target::Exchange, weight));
            return;
        }
        found.extend(sides.iter().map(|net| net.target).zip(split(weight, &weights)).filter(|(_, weight)| *weight != 0));
    }
}

fn plus(one: Cash, other: Cash) -> Cash {
    (one.0 + other.0, one.1.zip(other.1).map(|(one, other)| one + other))
}

/// Splits cash over weights: the parts are the whole, in both amounts.
pub(super) fn parts(cash: Cash, weights: &[Units]) -> Vec<Cash> {
    let units = split(cash.0, weights);
    match cash.1 {
        Some(value) => units.into_iter().zip(split(value, weights).into_iter().map(Some)).collect(),
        None => units.into_iter().map(|units| (units, None)).collect(),
    }
}
