//! Where reports get their balances: the read models, caught up first, or a fold of history for what was known earlier.

use chrono::{Datelike, NaiveDate};
use ledger_core::{CommodityNo, Text, Units};
use ledger_projections::reports::{self, BalanceQuery, BalanceRow, Balances, Closing, Point};
use ledger_projections::{AccountBalance, CashFlow, Deferral, OpenItem, ProjectionError, RevenueByCustomer, TaxReport};
use ledger_store::OrgStore;
use rust_decimal::Decimal;
use rustc_hash::FxHashMap;

use super::{Balance, Books, Sum};

/// How often two questions are asked again until both are answered from the same state of the read model.
const ATTEMPTS_MAX: usize = 20;

/// Balances, the chart they belong to, and the last event they contain.
#[derive(Clone, Debug)]
pub struct Snapshot {
    /// The chart.
    pub books: Books,
    /// One balance per account and commodity that moved.
    pub balances: Vec<Balance>,
    /// The last event.
    pub seq: ledger_core::Seq,
}

/// Movements from one day to another, both included.
///
/// # Errors
/// [`ProjectionError`]; [`Unreadable`] when a stored amount is not what its commodity allows.
pub async fn movements(
    org: &OrgStore,
    (from, to): (Option<NaiveDate>, Option<NaiveDate>),
    point: Point,
    closing: Closing,
) -> anyhow::Result<Snapshot> {
    let query = BalanceQuery { from, as_of: to, point, closing };
    Ok(snapshot(reports::balances(org, &query).await?)?)
}

/// The balances of a day and of the day before a fiscal year, both from the same state of the books.
///
/// # Errors
/// As [`movements`].
pub async fn balances_and_before(
    org: &OrgStore,
    as_of: NaiveDate,
    year_begins: NaiveDate,
    point: Point,
) -> anyhow::Result<(Snapshot, Vec<Balance>)> {
    for _ in 0..ATTEMPTS_MAX {
        let now = movements(org, (None, Some(as_of)), point, Closing::Include).await?;
        let before = movements(org, (None, year_begins.pred_opt()), point, Closing::Include).await?;
        if now.seq == before.seq {
            return Ok((now, before.balances));
        }
    }
    // Somebody posts without a pause: ask for a state that stands still.
    let still = Point::AtSeq(movements(org, (None, Some(as_of)), point, Closing::Include).await?.seq);
    let now = movements(org, (None, Some(as_of)), still, Closing::Include).await?;
    let before = movements(org, (None, year_begins.pred_opt()), still, Closing::Include).await?;
    Ok((now, before.balances))
}

/// The last day on which anything counts; `None` in empty books.
///
/// # Errors
/// [`ProjectionError`] when the database fails.
pub async fn last_day(org: &OrgStore) -> anyhow::Result<Option<NaiveDate>> {
    let mut tx = org.begin_read().await?;
    let day = sqlx::query_scalar("SELECT max(bucket) FROM read.account_balance WHERE org_id = $1 AND grain = 'D'")
        .bind(tx.org().0)
        .fetch_one(&mut *tx)
        .await?;
    tx.rollback().await?;
    Ok(day)
}

/// Which read models a report needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Needs {
    /// Balances only.
    Balances,
    /// Single lines as well.
    Lines,
    /// Open items as well.
    Items,
    /// Tax of documents as well.
    Tax,
    /// Cash flows as well.
    Cash,
    /// Schedules of deferred amounts as well.
    Deferrals,
    /// Revenue by customer as well.
    Revenue,
}

/// Brings what a report needs up to the end of history; `progress` gets the last event applied and the last there is.
///
/// # Errors
/// [`ProjectionError`] when a projection has stopped or the database fails.
pub async fn catch_up(org: &OrgStore, needs: Needs, mut progress: impl FnMut(u64, u64) + Send) -> Result<(), ProjectionError> {
    let progress = move |step: ledger_projections::Progress| progress(step.seq, step.head);
    let mut progress = progress;
    // Balances always, for the last day on which anything counts.
    let names: &[&str] = match needs {
        Needs::Balances => &[AccountBalance::NAME],
        Needs::Items => &[AccountBalance::NAME, OpenItem::NAME],
        Needs::Tax => &[AccountBalance::NAME, TaxReport::NAME],
        Needs::Cash => &[AccountBalance::NAME, CashFlow::NAME],
        Needs::Deferrals => &[AccountBalance::NAME, Deferral::NAME],
        Needs::Revenue => &[AccountBalance::NAME, RevenueByCustomer::NAME],
        Needs::Lines => {
            ledger_projections::catch_up(org, progress).await?;
            return Ok(());
        }
    };
    for name in names {
        let projection = ledger_projections::projection::by_name(name)?;
        ledger_projections::catch_up_with(org, &projection, &mut progress).await?;
    }
    Ok(())
}

/// The first day of the fiscal year in which a day lies, where years begin on the first of a month (1 to 12).
#[must_use]
pub fn year_begin(day: NaiveDate, first_month: u32) -> NaiveDate {
    let year = if day.month() >= first_month { day.year() } else { day.year() - 1 };
    NaiveDate::from_ymd_opt(year, first_month, 1).unwrap_or(NaiveDate::MIN)
}

/// A stored amount that its commodity does not allow: the read model is damaged.
#[derive(Debug, thiserror::Error)]
#[error("the read model holds {amount} {currency} on account {account:?}, which {currency} cannot have: run `ledgerd projections rebuild`")]
pub struct Unreadable {
    account: Text,
    currency: Text,
    amount: Decimal,
}

fn snapshot(found: Balances) -> Result<Snapshot, Unreadable> {
    let mut books = Books::new(found.chart.accounts().to_vec(), found.chart.commodities().to_vec());
    let numbers: FxHashMap<&str, CommodityNo> = books.commodities.iter().map(|c| (c.code.as_str(), c.no)).collect();
    let balances: Vec<Balance> = found.rows.iter().map(|row| balance(&books, &numbers, row)).collect::<Result<_, _>>()?;
    books.fit(&balances);
    Ok(Snapshot { balances, seq: found.seq, books })
}

fn balance(books: &Books, numbers: &FxHashMap<&str, CommodityNo>, row: &BalanceRow) -> Result<Balance, Unreadable> {
    let unreadable = |amount| Unreadable { account: row.code.clone(), currency: row.currency.clone(), amount };
    let currency = *numbers.get(row.currency.as_str()).ok_or_else(|| unreadable(row.balance()))?;
    let units = units(row.debit, row.scale).zip(units(row.credit, row.scale)).ok_or_else(|| unreadable(row.balance()))?;
    let value = row.functional_debit.zip(row.functional_credit).unwrap_or_default();
    let scale = books.functional_scale();
    let value = self::units(value.0, scale).zip(self::units(value.1, scale)).ok_or_else(|| unreadable(value.0))?;
    let sum = Sum { units: units.0 - units.1, functional: value.0 - value.1, lines: row.lines, unvalued: row.unvalued_lines };
    Ok(Balance { account: row.account_no, currency, sum })
}

/// Minor units of a stored sum. Sums may have more digits than one line, so the bound of lines does not apply.
fn units(amount: Decimal, scale: u8) -> Option<Units> {
    let (have, want) = (amount.scale(), u32::from(scale));
    if have <= want {
        return amount.mantissa().checked_mul(10_i128.checked_pow(want - have)?);
    }
    let divisor = 10_i128.checked_pow(have - want)?;
    (amount.mantissa() % divisor == 0).then(|| amount.mantissa() / divisor)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fiscal_years_begin_where_they_are_said_to() {
        let day = |text: &str| text.parse::<NaiveDate>().unwrap();
        for (of, month, begins) in [
            ("2025-06-30", 1, "2025-01-01"),
            ("2025-01-01", 1, "2025-01-01"),
            ("2025-03-31", 4, "2024-04-01"),
            ("2025-04-01", 4, "2025-04-01"),
        ] {
            assert_eq!(year_begin(day(of), month), day(begins), "{of} with years from month {month}");
        }
    }

    #[test]
    fn stored_sums_become_minor_units_without_loss() {
        let dec = |text: &str| text.parse::<Decimal>().unwrap();
        assert_eq!(units(dec("12.5"), 2), Some(1_250));
        assert_eq!(units(dec("12.500"), 2), Some(1_250));
        assert_eq!(units(dec("12.505"), 2), None);
    }
}
