//! What an entry would do to balances: no sum may grow too large, and every balance condition must hold.
//!
//! An entry takes effect as a whole, so a condition is checked where the account is last touched; the line
//! that is reported is the first at which something is wrong.

use super::Book;
use crate::account::{Account, AccountNo};
use crate::commodity::CommodityNo;
use crate::entry::Line;
use crate::money::{Units, add_units};
use crate::rejection::Rejection;
use crate::tally::Tally;

/// A balance on its way through an entry.
pub(super) struct Running<'a> {
    account: &'a Account,
    currency: CommodityNo,
    units: Units,
    functional: Units,
    /// The last line of the entry that touches it, from 0.
    last: Option<usize>,
}

impl Running<'_> {
    fn add(&mut self, line: &Line) -> Option<()> {
        self.units = add_units(self.units, line.money.units())?;
        self.functional = add_units(self.functional, line.functional.unwrap_or(0))?;
        Some(())
    }
}

pub(super) type Balances<'a> = Tally<(AccountNo, CommodityNo), Running<'a>>;

impl Book {
    /// Whether the balances that would result are allowed. `before` are lines of an entry that the same command
    /// posts first.
    pub(super) fn check_balances(&self, before: &[Line], lines: &[Line]) -> Result<(), Rejection> {
        let mut balances = Balances::new();
        self.move_on(&mut balances, before);
        self.check_next(&mut balances, lines)
    }

    /// Adds lines that were checked for themselves, so that they fit.
    pub(super) fn move_on<'a>(&'a self, balances: &mut Balances<'a>, lines: &[Line]) {
        for line in lines {
            self.running(balances, line).map(|balance| balance.add(line));
        }
    }

    /// As [`Self::check_balances`], on balances that earlier entries of the command have moved; they are moved on.
    pub(super) fn check_next<'a>(&'a self, balances: &mut Balances<'a>, lines: &[Line]) -> Result<(), Rejection> {
        let (mut conditions, mut too_large) = (false, None);
        balances.values_mut().for_each(|balance| balance.last = None);
        for (index, line) in lines.iter().enumerate() {
            // An account that the entry itself opens holds nothing else and has no conditions.
            let Some(balance) = self.running(balances, line) else { continue };
            conditions |= !balance.account.conditions.is_empty();
            balance.last = Some(index);
            if too_large.is_none() && balance.add(line).is_none() {
                too_large = Some((index, self.too_large(balance, index + 1)));
            }
        }
        if conditions {
            self.check_conditions(balances, too_large.as_ref().map_or(lines.len(), |(index, _)| *index))?;
        }
        too_large.map_or(Ok(()), |(_, rejection)| Err(rejection))
    }

    fn running<'a, 't>(&'a self, balances: &'t mut Balances<'a>, line: &Line) -> Option<&'t mut Running<'a>> {
        let (account, currency) = (self.account(line.account)?, line.money.currency());
        Some(balances.of((account.no, currency), || {
            let held = self.holdings(account.no).iter().find(|holding| holding.currency == currency);
            let (units, functional) = held.map_or((0, 0), |holding| (holding.units, holding.functional));
            Running { account, currency, units, functional, last: None }
        }))
    }

    /// The conditions of all balances that are last touched before the line at `until`.
    fn check_conditions(&self, balances: &Balances<'_>, until: usize) -> Result<(), Rejection> {
        let mut first: Option<(usize, Rejection)> = None;
        for balance in balances.values().filter(|balance| !balance.account.conditions.is_empty()) {
            let Some(last) = balance.last.filter(|last| *last < until) else { continue };
            if first.as_ref().is_none_or(|(line, _)| last < *line)
                && let Err(rejection) = self.check_bounds(balance, last + 1)
            {
                first = Some((last, rejection));
            }
        }
        first.map_or(Ok(()), |(_, rejection)| Err(rejection))
    }

    fn check_bounds(&self, balance: &Running<'_>, line: usize) -> Result<(), Rejection> {
        let natural = balance.account.natural(balance.units);
        let mut bounds = balance.account.conditions.iter().filter(|condition| condition.currency == balance.currency);
        bounds.try_for_each(|condition| self.check_condition(balance.account, condition, natural, line))
    }

    fn too_large(&self, balance: &Running<'_>, line: usize) -> Rejection {
        let currency = self.commodity(balance.currency).map(|commodity| commodity.code.clone()).unwrap_or_default();
        Rejection::BalanceTooLarge { account: balance.account.code.clone(), currency, line }
    }
}
