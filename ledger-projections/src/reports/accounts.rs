//! The chart of accounts with what each account holds: filtered, by code, page by page.

use std::collections::BTreeSet;

use chrono::NaiveDate;
use ledger_core::subledger::Side;
use ledger_core::{Account, AccountNo, AccountStatus, AccountType, Seq, Text};
use ledger_store::OrgStore;

use super::Point;
use super::balances::{BalanceQuery, BalanceRow, Balances, Closing, balances};
use super::general_ledger::{LedgerQuery, select};
use crate::chart::Chart;
use crate::error::ProjectionError;

/// Which accounts, and as of when.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AccountQuery {
    /// The last effective date that counts; to the end, future dates included, where `None`.
    pub as_of: Option<NaiveDate>,
    /// As known when.
    pub point: Point,
    /// Of this type.
    pub kind: Option<AccountType>,
    /// This account and those below it, as in [`LedgerQuery::below`].
    pub under: Option<Text>,
    /// In this state.
    pub status: Option<AccountStatus>,
    /// With this text in code or name, in any case.
    pub text: Option<Text>,
    /// Those behind this code.
    pub after: Option<Text>,
    /// How many; 0 for all.
    pub limit: usize,
}

/// An account, and what it holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountRow {
    /// The account; without its conditions, which no read model keeps.
    pub account: Account,
    /// The code of the account above it.
    pub parent: Option<Text>,
    /// The sub-ledger that it controls.
    pub control: Option<Side>,
    /// What it holds, by commodity; empty where nothing was ever posted.
    pub balances: Vec<BalanceRow>,
}

/// A page of accounts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Accounts {
    /// The last event that counts.
    pub seq: Seq,
    /// All accounts and commodities as of then.
    pub chart: Chart,
    /// By code, byte by byte.
    pub rows: Vec<AccountRow>,
    /// The code to go on after; `None` at the end.
    pub next: Option<Text>,
}

/// A page of accounts with their balances.
///
/// # Errors
/// [`ProjectionError::UnknownAccount`] for the root of a subtree; [`ProjectionError::BeyondEnd`] for an event that has not
/// happened; [`ProjectionError`] when the server fails.
pub async fn accounts(org: &OrgStore, query: &AccountQuery) -> Result<Accounts, ProjectionError> {
    let question = BalanceQuery { from: None, as_of: query.as_of, point: query.point, closing: Closing::Include };
    let Balances { seq, chart, rows } = balances(org, &question).await?;
    let (page, next) = query.page(&chart)?;
    let wanted: BTreeSet<AccountNo> = page.iter().map(|account| account.no).collect();
    let held: Vec<BalanceRow> = rows.into_iter().filter(|row| wanted.contains(&row.account_no)).collect();
    let row = |account: &Account| AccountRow {
        parent: account.parent.and_then(|no| chart.account(no)).map(|parent| parent.code.clone()),
        control: chart.control(account.no),
        balances: held.iter().filter(|row| row.account_no == account.no).cloned().collect(),
        account: account.clone(),
    };
    let rows = page.iter().map(row).collect();
    Ok(Accounts { seq, rows, next, chart })
}

impl AccountQuery {
    /// The accounts of the page, and the code to go on after.
    fn page(&self, chart: &Chart) -> Result<(Vec<Account>, Option<Text>), ProjectionError> {
        let under: Option<BTreeSet<AccountNo>> = match &self.under {
            Some(root) => {
                let query = LedgerQuery { account: Some(root.clone()), below: true, ..LedgerQuery::default() };
                Some(select(chart, &query)?.into_iter().collect())
            }
            None => None,
        };
        let text = self.text.as_ref().map(|text| text.to_lowercase());
        let contains = |account: &Account, text: &str| [&account.code, &account.name].iter().any(|of| of.to_lowercase().contains(text));
        let wanted = |account: &&Account| {
            self.kind.is_none_or(|kind| account.kind == kind)
                && self.status.is_none_or(|status| account.status == status)
                && under.as_ref().is_none_or(|under| under.contains(&account.no))
                && text.as_ref().is_none_or(|text| contains(account, text))
                && self.after.as_ref().is_none_or(|after| account.code > *after)
        };
        let mut found: Vec<Account> = chart.accounts().iter().filter(wanted).cloned().collect();
        found.sort_by(|a, b| a.code.cmp(&b.code));
        let mut next = None;
        if self.limit > 0 && found.len() > self.limit {
            found.truncate(self.limit);
            next = found.last().map(|account| account.code.clone());
        }
        Ok((found, next))
    }
}
