//! Rows of `revenue_by_customer` and `revenue_deferral` as they are found in the database, held against rows that follow
//! from history.

use chrono::NaiveDate;
use ledger_core::Text;
use ledger_store::OrgTx;
use rust_decimal::Decimal;

use super::fold::{Key, Revenue};
use super::write::{Row, all_rows};
use crate::compare::{Differences, column};
use crate::error::{Doing, ProjectionError};

/// Rows that one statement reads.
const PAGE: i64 = 16_384;

#[derive(Clone, Debug, sqlx::FromRow)]
struct Stored {
    date: NaiveDate,
    party: String,
    account_no: i32,
    commodity_no: i32,
    lines: i64,
    unvalued: i64,
    amount: Decimal,
    functional: Decimal,
}

impl Stored {
    fn key(&self) -> Key {
        Key {
            date: self.date,
            party: self.party.as_str().into(),
            account_no: self.account_no,
            commodity_no: u16::try_from(self.commodity_no).unwrap_or(u16::MAX),
        }
    }
}

/// Compares all rows of both tables.
pub(super) async fn compare(tx: &mut OrgTx, batch: Revenue, differences: &mut Differences) -> Result<(), ProjectionError> {
    let documents = batch.documents.clone();
    let mut expected = all_rows(tx, batch).await?.into_iter().map(|row| (row.key.clone(), row)).peekable();
    let mut after: Option<Key> = None;
    loop {
        let page = page(tx, after.as_ref()).await?;
        let Some(last) = page.last().map(Stored::key) else {
            differences.merge("revenue_by_customer", expected, std::iter::empty::<(Key, Stored)>(), columns);
            break;
        };
        let due: Vec<_> = std::iter::from_fn(|| expected.next_if(|(key, _)| *key <= last)).collect();
        differences.merge("revenue_by_customer", due.into_iter(), page.into_iter().map(|row| (row.key(), row)), columns);
        after = Some(last);
    }
    let found: Vec<(i64, String)> =
        sqlx::query_as("SELECT document_seq, party FROM read.revenue_deferral WHERE org_id = $1 ORDER BY document_seq")
            .bind(tx.org().0)
            .fetch_all(&mut **tx)
            .await
            .doing("read whose schedules there are")?;
    differences.merge("revenue_deferral", documents.into_iter(), found.into_iter(), |party: &Text, found: &String| {
        let list = &mut Vec::new();
        column(list, "party", party.as_str(), found.as_str());
        std::mem::take(list)
    });
    Ok(())
}

async fn page(tx: &mut OrgTx, after: Option<&Key>) -> Result<Vec<Stored>, ProjectionError> {
    let first = NaiveDate::from_ymd_opt(-4712, 1, 1).unwrap_or(NaiveDate::MIN);
    let (date, party, account, commodity) =
        after.map_or((first, "", 0, 0), |key| (key.date, key.party.as_str(), key.account_no, i32::from(key.commodity_no)));
    sqlx::query_as(
        "SELECT date, party, account_no, commodity_no, lines, unvalued, amount, functional
           FROM read.revenue_by_customer
          WHERE org_id = $1 AND (date, party, account_no, commodity_no) > ($2, $3, $4, $5)
          ORDER BY date, party, account_no, commodity_no LIMIT $6",
    )
    .bind(tx.org().0)
    .bind(date)
    .bind(party)
    .bind(account)
    .bind(commodity)
    .bind(PAGE)
    .fetch_all(&mut **tx)
    .await
    .doing("read the revenue of customers")
}

fn columns(row: &Row, found: &Stored) -> Vec<(&'static str, String, String)> {
    let list = &mut Vec::new();
    column(list, "lines", row.lines, found.lines);
    column(list, "unvalued", row.unvalued, found.unvalued);
    column(list, "amount", row.amount, found.amount);
    column(list, "functional", row.functional, found.functional);
    std::mem::take(list)
}
