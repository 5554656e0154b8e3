//! Running balances of the accounts that `balance` and `pad` look at, each with everything below it.

use rust_decimal::Decimal;

use super::names::{AccountId, CurrencyId, Names};

/// Sums of watched accounts, sub-accounts included.
#[derive(Debug)]
pub(super) struct Watch {
    /// For each account, the watched accounts that it counts for.
    above: Vec<Vec<u32>>,
    totals: Vec<Vec<(CurrencyId, Decimal)>>,
}

impl Watch {
    /// Watches the given accounts, which may repeat.
    pub(super) fn new(names: &Names<'_>, watched: impl Iterator<Item = AccountId>) -> Self {
        let accounts = names.account_names().len();
        let mut number = vec![None; accounts];
        let mut count = 0_u32;
        for account in watched {
            number[account.index()].get_or_insert_with(|| {
                count += 1;
                count - 1
            });
        }
        let all = (0..u32::try_from(accounts).unwrap_or(u32::MAX)).map(AccountId);
        let above = all.map(|account| names.lineage(account).filter_map(|parent| number[parent.index()]).collect()).collect();
        Self { above, totals: vec![Vec::new(); count as usize] }
    }

    /// The watched accounts that this account counts for.
    pub(super) fn above(&self, account: AccountId) -> &[u32] {
        &self.above[account.index()]
    }

    /// Accounts that count for a watched account.
    pub(super) fn below(&self, watched: u32) -> Vec<AccountId> {
        let all = (0_u32..).map(AccountId).zip(&self.above);
        all.filter(|(_, above)| above.contains(&watched)).map(|(account, _)| account).collect()
    }

    /// Adds to every watched account that `account` counts for. `None` when a sum is too large.
    pub(super) fn add(&mut self, account: AccountId, currency: CurrencyId, units: Decimal) -> Option<()> {
        for watched in &self.above[account.index()] {
            add(&mut self.totals[*watched as usize], currency, units)?;
        }
        Some(())
    }

    /// Adds to one watched account only.
    pub(super) fn add_to(&mut self, watched: u32, currency: CurrencyId, units: Decimal) -> Option<()> {
        add(&mut self.totals[watched as usize], currency, units)
    }

    /// The sum of a watched account in one commodity.
    pub(super) fn total(&self, watched: u32, currency: CurrencyId) -> Decimal {
        self.totals[watched as usize].iter().find(|(held, _)| *held == currency).map_or(Decimal::ZERO, |(_, sum)| *sum)
    }
}

fn add(totals: &mut Vec<(CurrencyId, Decimal)>, currency: CurrencyId, units: Decimal) -> Option<()> {
    match totals.iter_mut().find(|(held, _)| *held == currency) {
        Some((_, sum)) => *sum = sum.checked_add(units)?,
        None => totals.push((currency, units)),
    }
    Some(())
}
