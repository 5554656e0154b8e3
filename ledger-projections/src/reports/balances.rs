//! Balances per account and commodity: the base of trial balance, balance sheet and income statement.

use std::collections::BTreeMap;

use chrono::{Days, NaiveDate};
use ledger_core::{AccountNo, AccountType, CommodityNo, Seq, SubType, Text};
use ledger_store::{OrgStore, OrgTx};
use rust_decimal::Decimal;

use super::{Point, balances_fold};
use crate::account_balance::{AccountBalance, Grain, Stretch, stretches};
use crate::chart::Chart;
use crate::checkpoint::Checkpoint;
use crate::error::{Doing, ProjectionError};

/// Whether explicit year-end closings (and their reversals) count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Closing {
    /// They do: trial balance, balance sheet.
    #[default]
    Include,
    /// They do not: income statement.
    Exclude,
}

/// Which movements to add up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BalanceQuery {
    /// The first effective date that counts; from the beginning where `None`.
    pub from: Option<NaiveDate>,
    /// The last effective date that counts; to the end, future dates included, where `None`.
    pub as_of: Option<NaiveDate>,
    /// As known when.
    pub point: Point,
    /// Whether year-end closings count.
    pub closing: Closing,
}

/// What an account moved in a commodity.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BalanceRow {
    /// The account's number; [`Balances::chart`] has the rest of it, and the accounts above it.
    pub account_no: AccountNo,
    /// The account's code.
    pub code: Text,
    /// The account's name.
    pub name: Text,
    /// The account's type.
    pub kind: AccountType,
    /// The account's sub-type.
    pub sub_type: SubType,
    /// Whether its normal side is opposite to its type's.
    pub contra: bool,
    /// The account above it.
    pub parent: Option<AccountNo>,
    /// The commodity's code.
    pub currency: Text,
    /// The commodity's digits after the point.
    pub scale: u8,
    /// Debits, not negative, in the commodity.
    pub debit: Decimal,
    /// Credits, not negative, in the commodity.
    pub credit: Decimal,
    /// Debits in the functional currency; `None` where no line has a value.
    pub functional_debit: Option<Decimal>,
    /// Credits in the functional currency; `None` where no line has a value.
    pub functional_credit: Option<Decimal>,
    /// Lines that were added up.
    pub lines: u64,
    /// Those of them without a value in the functional currency: where this is not 0, the functional amounts are a part.
    pub unvalued_lines: u64,
}

impl BalanceRow {
    /// Debits minus credits, in the commodity.
    #[must_use]
    pub fn balance(&self) -> Decimal {
        self.debit - self.credit
    }

    /// Debits minus credits, in the functional currency.
    #[must_use]
    pub fn functional_balance(&self) -> Option<Decimal> {
        Some(self.functional_debit? - self.functional_credit?)
    }
}

/// An answer, and as of when it holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Balances {
    /// The last event that it contains.
    pub seq: Seq,
    /// All accounts and commodities as of then.
    pub chart: Chart,
    /// Accounts that moved, by code (byte by byte), then by commodity.
    pub rows: Vec<BalanceRow>,
}

/// Sums of one account and commodity, in display units.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sums {
    pub(super) lines: i64,
    pub(super) unvalued: i64,
    pub(super) debit: Decimal,
    pub(super) credit: Decimal,
    pub(super) functional_debit: Decimal,
    pub(super) functional_credit: Decimal,
}

/// Movements per account and commodity.
///
/// At [`Point::Latest`] from the read model, at a cost that does not grow with history; else by a fold of history, whose
/// memory does not grow with it.
///
/// # Errors
/// [`ProjectionError::BeyondEnd`] for an event that has not happened; [`ProjectionError`] when the server fails.
pub async fn balances(org: &OrgStore, query: &BalanceQuery) -> Result<Balances, ProjectionError> {
    match query.point.seq(org).await? {
        Some(seq) => balances_fold::balances_at(org, query, seq).await,
        None => latest(org, query).await,
    }
}

/// Adds up movements: `$1` the organization, `$2` whether closings count, then five times grain, first and last bucket.
pub const SUM: &str = include_str!("balances.sql");

/// Ranges that the statement has places for.
const RANGES: usize = 5;

/// As [`balances`], from the read model as it stands in a transaction.
pub(super) async fn in_transaction(tx: &mut OrgTx, query: &BalanceQuery) -> Result<Balances, ProjectionError> {
    let seq = Checkpoint::seq_of(tx, AccountBalance::NAME).await?;
    let chart = Chart::load(tx, AccountBalance::NAME).await?;
    let sums = read_sums(tx, query).await?;
    Balances::new(seq, chart, sums)
}

async fn latest(org: &OrgStore, query: &BalanceQuery) -> Result<Balances, ProjectionError> {
    let mut tx = org.begin_read().await?;
    let found = in_transaction(&mut tx, query).await?;
    tx.rollback().await?;
    Ok(found)
}

type SumRow = (i32, i32, i64, i64, Decimal, Decimal, Decimal, Decimal);

pub(super) async fn read_sums(tx: &mut OrgTx, query: &BalanceQuery) -> Result<BTreeMap<(AccountNo, CommodityNo), Sums>, ProjectionError> {
    let mut ranges = stretches(query.from, query.as_of);
    // Places that are left over are ranges without a day.
    let nothing = Stretch { grain: Grain::Day, first: NaiveDate::default(), last: NaiveDate::default() - Days::new(1) };
    ranges.resize(RANGES, nothing);
    let mut statement = sqlx::query_as::<_, SumRow>(SUM).bind(tx.org().0).bind(query.closing == Closing::Include);
    for range in &ranges {
        statement = statement.bind(range.grain.as_str()).bind(range.first).bind(range.last);
    }
    let rows = statement.fetch_all(&mut **tx).await.doing("add up balances")?;
    rows.into_iter()
        .map(|(account, commodity, lines, unvalued, debit, credit, functional_debit, functional_credit)| {
            let damaged = |found: i32| move |_| ProjectionError::Damaged { what: "a number in a balance", found: found.to_string() };
            let account = AccountNo::new(u32::try_from(account).map_err(damaged(account))?);
            let commodity = CommodityNo::new(u16::try_from(commodity).map_err(damaged(commodity))?);
            Ok(((account, commodity), Sums { lines, unvalued, debit, credit, functional_debit, functional_credit }))
        })
        .collect()
}

impl Balances {
    pub(super) fn new(seq: Seq, chart: Chart, sums: BTreeMap<(AccountNo, CommodityNo), Sums>) -> Result<Self, ProjectionError> {
        let mut rows =
            sums.into_iter().map(|((account, commodity), sums)| row(&chart, account, commodity, &sums)).collect::<Result<Vec<_>, _>>()?;
        rows.sort_by(|a, b| (&a.code, &a.currency).cmp(&(&b.code, &b.currency)));
        Ok(Self { seq, chart, rows })
    }
}

fn row(chart: &Chart, account: AccountNo, commodity: CommodityNo, sums: &Sums) -> Result<BalanceRow, ProjectionError> {
    let missing = |what, found: u32| ProjectionError::Damaged { what, found: found.to_string() };
    let of = chart.account(account).ok_or_else(|| missing("account of a balance", account.get()))?;
    let unit = chart.commodity(commodity).ok_or_else(|| missing("commodity of a balance", u32::from(commodity.get())))?;
    let functional_scale = chart.functional().map_or(0, |functional| functional.scale);
    let value = |amount| (sums.unvalued < sums.lines).then(|| with_scale(amount, functional_scale));
    Ok(BalanceRow {
        account_no: account,
        code: of.code.clone(),
        name: of.name.clone(),
        kind: of.kind,
        sub_type: of.sub_type,
        contra: of.contra,
        parent: of.parent,
        currency: unit.code.clone(),
        scale: unit.scale,
        debit: with_scale(sums.debit, unit.scale),
        credit: with_scale(sums.credit, unit.scale),
        functional_debit: value(sums.functional_debit),
        functional_credit: value(sums.functional_credit),
        lines: u64::try_from(sums.lines).unwrap_or(0),
        unvalued_lines: u64::try_from(sums.unvalued).unwrap_or(0),
    })
}

/// The same amount with all digits of its commodity: Postgres leaves off those that nothing was posted with.
fn with_scale(mut amount: Decimal, scale: u8) -> Decimal {
    amount.rescale(u32::from(scale));
    amount
}
