//! Running balances of accounts, for balance assertions and assignments.
//!
//! They follow the file as the program that wrote it does: postings left out on request and entries whose
//! assertion failed count here, so that one mistake is reported once and not in every assertion after it.

use std::collections::BTreeMap;

use ledger_core::{Text, Units};
use rustc_hash::FxHashMap;

use super::Dialect;
use super::balance::{Sums, add_to, too_large};
use super::commodities::{Com, Commodities};
use super::entry::{Assertion, Posting};
use super::text::{Parsed, fault};

/// The balances of all accounts, by commodity.
#[derive(Default)]
pub(super) struct Balances {
    index: FxHashMap<Text, usize>,
    names: BTreeMap<Text, usize>,
    sums: Vec<Sums>,
    /// Assertions that held.
    pub(super) checked: u64,
}

impl Balances {
    fn of(&self, account: &str) -> &[(Com, Units)] {
        self.index.get(account).and_then(|at| self.sums.get(*at)).map_or(&[], |sums| sums.as_slice())
    }

    /// Adds a posting with an amount.
    pub(super) fn add(&mut self, posting: &Posting) -> Parsed<()> {
        let Some((units, com)) = posting.amount else { return Ok(()) };
        let at = match self.index.get(posting.account.as_str()) {
            Some(at) => *at,
            None => {
                let at = self.sums.len();
                self.sums.push(Sums::new());
                self.index.insert(posting.account.clone(), at);
                self.names.insert(posting.account.clone(), at);
                at
            }
        };
        let sums = self.sums.get_mut(at).ok_or_else(|| too_large(posting))?;
        add_to(sums, com, units).ok_or_else(|| too_large(posting))
    }

    /// The balance of an account, with the accounts below it where asked for.
    fn balance(&self, account: &Text, inclusive: bool) -> Option<Sums> {
        let mut sums: Sums = self.of(account).into();
        if inclusive {
            let from = Text::from(format!("{account}:"));
            for (name, at) in self.names.range(from.clone()..) {
                if !name.starts_with(from.as_str()) {
                    break;
                }
                for (com, units) in self.sums.get(*at)? {
                    add_to(&mut sums, *com, *units)?;
                }
            }
        }
        Some(sums)
    }

    /// Checks the assertion of a posting that was added.
    pub(super) fn check(&mut self, posting: &Posting, dialect: Dialect, commodities: &Commodities) -> Parsed<()> {
        let Some(assertion) = posting.assertion.as_deref() else { return Ok(()) };
        let sums = self.balance(&posting.account, assertion.inclusive).ok_or_else(|| too_large(posting))?;
        let everything = assertion.total || (dialect == Dialect::Ledger && !assertion.has_symbol);
        let actual = sums.iter().find(|(com, _)| *com == assertion.com).map_or(0, |(_, units)| *units);
        if actual != assertion.units {
            return Err(failed(posting, assertion, assertion.com, (assertion.units, actual), commodities));
        }
        if let Some((com, units)) = sums.iter().find(|(com, units)| everything && *com != assertion.com && *units != 0) {
            return Err(failed(posting, assertion, *com, (0, *units), commodities));
        }
        self.checked += 1;
        Ok(())
    }

    /// What a posting without an amount gets, so that its account's balance becomes what is asserted; one amount
    /// for each commodity.
    pub(super) fn assigned(&self, posting: &Posting, assertion: &Assertion, dialect: Dialect) -> Parsed<Sums> {
        let found = self.balance(&posting.account, assertion.inclusive).ok_or_else(|| too_large(posting))?;
        let everything = assertion.total || (dialect == Dialect::Ledger && !assertion.has_symbol);
        let mut missing = Sums::new();
        let add = |missing: &mut Sums, com, units| add_to(missing, com, units).ok_or_else(|| too_large(posting));
        add(&mut missing, assertion.com, assertion.units)?;
        for (com, units) in found.iter().filter(|(com, _)| everything || assertion.inclusive || *com == assertion.com) {
            add(&mut missing, *com, -*units)?;
        }
        if assertion.inclusive && !assertion.total {
            for (com, units) in self.of(&posting.account).iter().filter(|(com, _)| *com != assertion.com) {
                add(&mut missing, *com, *units)?;
            }
        }
        missing.retain(|(_, units)| *units != 0);
        if dialect == Dialect::Ledger && missing.len() > 1 {
            let (start, end) = assertion.span;
            return Err(
                fault(start, end - start, "a balance assignment over an account with several commodities").remedy("write the amounts")
            );
        }
        Ok(missing)
    }
}

fn failed(
    posting: &Posting,
    assertion: &Assertion,
    com: Com,
    (expected, found): (Units, Units),
    commodities: &Commodities,
) -> Box<super::text::Fault> {
    let (start, end) = assertion.span;
    let below = if assertion.inclusive { " and the accounts below it" } else { "" };
    fault(
        start,
        end - start,
        format!(
            "the balance of {}{below} is not as asserted: expected {}, the postings make {}, a difference of {}",
            posting.account,
            commodities.show(com, expected),
            commodities.show(com, found),
            commodities.show(com, found.saturating_sub(expected)),
        ),
    )
    .remedy("correct the posting or the asserted balance")
}
