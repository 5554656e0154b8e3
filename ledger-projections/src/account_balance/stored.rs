//! Rows of `account_balance` as they are found in the database, held against rows that follow from history.

use chrono::NaiveDate;
use ledger_store::OrgTx;
use rust_decimal::Decimal;

use super::{Movements, Row};
use crate::compare::{Differences, column};
use crate::error::{Doing, ProjectionError};

#[derive(Clone, Debug, sqlx::FromRow)]
struct Stored {
    grain: String,
    bucket: NaiveDate,
    account_no: i32,
    commodity_no: i32,
    closing: bool,
    lines: i64,
    unvalued: i64,
    debit: Decimal,
    credit: Decimal,
    functional_debit: Decimal,
    functional_credit: Decimal,
}

/// In the order of the primary key.
type Key = (String, NaiveDate, i32, i32, bool);

impl Stored {
    fn key(&self) -> Key {
        (self.grain.clone(), self.bucket, self.account_no, self.commodity_no, self.closing)
    }
}

/// Rows that one statement reads.
const PAGE: i64 = 16_384;

/// Compares all rows.
pub(super) async fn compare(tx: &mut OrgTx, movements: &Movements, differences: &mut Differences) -> Result<(), ProjectionError> {
    let rows = movements.rows().map_err(|found| ProjectionError::Damaged { what: "a movement", found })?;
    let key = |row: &Row| -> Key {
        let key = row.key;
        (key.grain.as_str().to_owned(), key.bucket, key.account_no, i32::from(key.commodity_no), key.closing)
    };
    let mut expected = rows.into_iter().map(|row| (key(&row), row)).peekable();
    let mut after: Option<Key> = None;
    loop {
        let page = page(tx, after.as_ref()).await?;
        let Some(last) = page.last().map(Stored::key) else {
            differences.merge("account_balance", expected, std::iter::empty::<(Key, Stored)>(), columns);
            return Ok(());
        };
        let due: Vec<_> = std::iter::from_fn(|| expected.next_if(|(key, _)| *key <= last)).collect();
        differences.merge("account_balance", due.into_iter(), page.into_iter().map(|row| (row.key(), row)), columns);
        after = Some(last);
    }
}

async fn page(tx: &mut OrgTx, after: Option<&Key>) -> Result<Vec<Stored>, ProjectionError> {
    let (grain, bucket, account, commodity, closing) =
        after.map_or(("", NaiveDate::default(), 0, 0, false), |key| (key.0.as_str(), key.1, key.2, key.3, key.4));
    sqlx::query_as(
        "SELECT grain, bucket, account_no, commodity_no, closing, lines, unvalued, debit, credit, functional_debit, functional_credit
           FROM read.account_balance
          WHERE org_id = $1 AND (grain, bucket, account_no, commodity_no, closing) > ($2, $3, $4, $5, $6)
          ORDER BY grain, bucket, account_no, commodity_no, closing LIMIT $7",
    )
    .bind(tx.org().0)
    .bind(grain)
    .bind(bucket)
    .bind(account)
    .bind(commodity)
    .bind(closing)
    .bind(PAGE)
    .fetch_all(&mut **tx)
    .await
    .doing("read balances")
}

fn columns(row: &Row, found: &Stored) -> Vec<(&'static str, String, String)> {
    let list = &mut Vec::new();
    column(list, "lines", row.lines, found.lines);
    column(list, "unvalued", row.unvalued, found.unvalued);
    column(list, "debit", row.debit, found.debit);
    column(list, "credit", row.credit, found.credit);
    column(list, "functional_debit", row.functional_debit, found.functional_debit);
    column(list, "functional_credit", row.functional_credit, found.functional_credit);
    std::mem::take(list)
}
