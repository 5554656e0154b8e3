//! Revenue of a period by customer, account or month. Whatever it is by, it sums to the revenue of the income statement.
//!
//! At [`Point::Latest`] from the read model; as known earlier by a fold of history, as balances are.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use chrono::{Datelike, NaiveDate};
use ledger_core::{AccountNo, CommodityNo, Seq};
use ledger_store::OrgStore;
use rust_decimal::Decimal;

use super::Point;
use crate::chart::Chart;
use crate::checkpoint::Checkpoint;
use crate::error::{Doing, ProjectionError};
use crate::history;
use crate::revenue_by_customer::{Key, Movement, Revenue, RevenueByCustomer};

/// Revenue of a period: `$1` organization, `$2` first day, `$3` last day, `$4` what a row stands for.
///
/// Planned anew each time it is asked: one plan for all periods would read everything.
pub const REVENUE: &str = include_str!("revenue.sql");

/// What a row stands for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RevenueBy {
    /// A customer.
    #[default]
    Customer,
    /// A revenue account.
    Account,
    /// A month.
    Month,
}

/// Which revenue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RevenueQuery {
    /// The first day.
    pub from: NaiveDate,
    /// The last day.
    pub to: NaiveDate,
    /// As known when.
    pub point: Point,
    /// What a row stands for.
    pub by: RevenueBy,
}

/// Revenue of one kind in one currency; what is grouped away is `None`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RevenueRow {
    /// The customer; empty where no one customer can be named.
    pub party: Option<String>,
    /// The account's number.
    pub account: Option<AccountNo>,
    /// The first day of the month.
    pub month: Option<NaiveDate>,
    /// The currency.
    pub currency: String,
    /// In that currency; what was earned is positive.
    pub amount: Decimal,
    /// In the functional currency; `None` where no line has a value.
    pub functional: Option<Decimal>,
    /// Lines without a value in the functional currency: where this is not 0, `functional` is a part.
    pub unvalued_lines: u64,
}

/// Revenue, and as of when it is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Revenues {
    /// The last event that it contains.
    pub seq: Seq,
    /// Accounts and commodities.
    pub chart: Chart,
    /// By customer, code of the account or month, then by currency. Customers that cannot be named come first.
    pub rows: Vec<RevenueRow>,
}

/// The revenue of a period; entries that close a year are left out.
///
/// # Errors
/// [`ProjectionError::BeyondEnd`] for an event that has not happened; [`ProjectionError`] when the server fails.
pub async fn revenue(org: &OrgStore, query: &RevenueQuery) -> Result<Revenues, ProjectionError> {
    match query.point.seq(org).await? {
        Some(seq) => earlier(org, query, seq).await,
        None => latest(org, query).await,
    }
}

async fn latest(org: &OrgStore, query: &RevenueQuery) -> Result<Revenues, ProjectionError> {
    let mut tx = org.begin_read().await?;
    let seq = Checkpoint::seq_of(&mut tx, RevenueByCustomer::NAME).await?;
    let chart = Chart::load(&mut tx, RevenueByCustomer::NAME).await?;
    let rows: Vec<Stored> = sqlx::query_as(REVENUE)
        .persistent(false)
        .bind(tx.org().0)
        .bind(query.from)
        .bind(query.to)
        .bind(match query.by {
            RevenueBy::Customer => 0,
            RevenueBy::Account => 1,
            RevenueBy::Month => 2_i32,
        })
        .fetch_all(&mut *tx)
        .await
        .doing("add up revenue")?;
    tx.rollback().await?;
    let rows = rows.into_iter().map(|row| row.read(&chart)).collect::<Result<_, _>>()?;
    Ok(Revenues { seq, rows: sorted(&chart, rows), chart })
}

/// The revenue when event `seq` was the last.
async fn earlier(org: &OrgStore, query: &RevenueQuery, seq: Seq) -> Result<Revenues, ProjectionError> {
    let (mut chart, mut revenue) = (Chart::default(), Revenue::default());
    if seq > 0 {
        history::visit(org, 1, Some(seq), |recorded| {
            let poisoned = |problem| ProjectionError::Poisoned { org: org.org(), seq: recorded.seq, problem };
            revenue.add(&chart, &recorded).map_err(poisoned)?;
            chart.evolve(recorded.seq, &recorded.event);
            Ok(ControlFlow::Continue(()))
        })
        .await?;
    }
    drop(chart.take_changes()); // nobody writes them
    let mut sums: BTreeMap<Group, Movement> = BTreeMap::new();
    let asked = revenue.days.iter().filter(|(key, _)| (query.from..=query.to).contains(&key.date));
    asked.for_each(|(key, movement)| sums.entry(group(query.by, key)).or_default().add(movement));
    let damaged = |found| ProjectionError::Damaged { what: "a movement of revenue", found };
    let mut rows = Vec::with_capacity(sums.len());
    for ((party, account_no, month, commodity_no), movement) in sums {
        let stored = Stored {
            party,
            account_no,
            month,
            commodity_no: i32::from(commodity_no),
            lines: movement.lines,
            unvalued: movement.unvalued,
            amount: revenue.amount(movement.units, commodity_no).map_err(damaged)?,
            functional: revenue.value(movement.functional).map_err(damaged)?,
        };
        rows.push(stored.read(&chart)?);
    }
    Ok(Revenues { seq, rows: sorted(&chart, rows), chart })
}

/// What a row stands for: customer, account or month, and commodity.
type Group = (Option<String>, Option<i32>, Option<NaiveDate>, u16);

fn group(by: RevenueBy, key: &Key) -> Group {
    match by {
        RevenueBy::Customer => (Some(key.party.to_string()), None, None, key.commodity_no),
        RevenueBy::Account => (None, Some(key.account_no), None, key.commodity_no),
        RevenueBy::Month => (None, None, key.date.with_day(1), key.commodity_no),
    }
}

#[derive(sqlx::FromRow)]
struct Stored {
    party: Option<String>,
    account_no: Option<i32>,
    month: Option<NaiveDate>,
    commodity_no: i32,
    lines: i64,
    unvalued: i64,
    amount: Decimal,
    functional: Decimal,
}

impl Stored {
    fn read(self, chart: &Chart) -> Result<RevenueRow, ProjectionError> {
        let damaged = |what, found: i32| ProjectionError::Damaged { what, found: found.to_string() };
        let number = |no: i32| u32::try_from(no).map(AccountNo::new).map_err(|_| damaged("account of revenue", no));
        let commodity = u16::try_from(self.commodity_no).ok().and_then(|no| chart.commodity(CommodityNo::new(no)));
        Ok(RevenueRow {
            party: self.party,
            account: self.account_no.map(number).transpose()?,
            month: self.month,
            currency: commodity.ok_or_else(|| damaged("commodity of revenue", self.commodity_no))?.code.to_string(),
            amount: self.amount,
            functional: (self.unvalued < self.lines).then_some(self.functional),
            unvalued_lines: u64::try_from(self.unvalued).unwrap_or(0),
        })
    }
}

fn sorted(chart: &Chart, mut rows: Vec<RevenueRow>) -> Vec<RevenueRow> {
    let code = |row: &RevenueRow| row.account.and_then(|no| chart.account(no)).map(|account| account.code.clone());
    rows.sort_by_cached_key(|row| (row.party.clone(), code(row), row.month, row.currency.clone()));
    rows
}
