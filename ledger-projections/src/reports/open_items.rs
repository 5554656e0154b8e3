//! Open items as of a day, one by one and aged.
//!
//! Amounts are given as the side has them: what is owed is positive for receivables and payables alike, what was paid or
//! credited without being applied is negative. Age counts from the as-of day only; what happened after it is undone.

use chrono::{DateTime, NaiveDate, Utc};
use ledger_core::subledger::Side;
use ledger_core::{AccountNo, Seq, Text, Timestamp};
use ledger_store::{OrgStore, OrgTx};
use rust_decimal::Decimal;

use super::Point;
use crate::chart::Chart;
use crate::checkpoint::Checkpoint;
use crate::error::{Doing, ProjectionError, to_i64, to_seq};
use crate::history::from_datetime;
use crate::open_item::OpenItem;

/// Planned anew each time it is asked (it is not kept prepared): one plan for all days would read everything.
///
/// Open items as of a day: `$1` organization, `$2` side, `$3` day, `$4` event or NULL, `$5` party or NULL.
pub const ITEMS_AS_OF: &str = include_str!("items_as_of.sql");

/// Days overdue up to which an item belongs to each bucket but the last: current, 1-30, 31-60, 61-90, 91+.
pub const USUAL_BOUNDS: [i32; 4] = [0, 30, 60, 90];

/// Which items.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ItemQuery {
    /// Of which sub-ledger.
    pub side: Side,
    /// The day as of which they are open.
    pub as_of: NaiveDate,
    /// As known when.
    pub point: Point,
    /// Of this party only.
    pub party: Option<Text>,
}

/// What an item's age counts from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Basis {
    /// Its due date; its document's date where it has none.
    #[default]
    DueDate,
    /// Its document's date.
    DocumentDate,
}

/// What a row of an aging stands for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AgingBy {
    /// Everything in a currency.
    Total,
    /// A party in a currency.
    #[default]
    Party,
    /// A document of a party.
    Document,
}

/// An item that is open as of a day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ItemRow {
    /// The event that posted it.
    pub seq: Seq,
    /// The line of its entry, from 1.
    pub line: u32,
    /// When it was recorded.
    pub recorded_at: Timestamp,
    /// The control account.
    pub account_no: AccountNo,
    /// Whose it is.
    pub party: String,
    /// The number of its document.
    pub document: String,
    /// `invoice`, `payment_in`, `journal` …
    pub kind: String,
    /// Its date.
    pub date: NaiveDate,
    /// When it falls due, where anything says so.
    pub due_date: Option<NaiveDate>,
    /// Days from its due date (else its date) to the as-of day; negative before it.
    pub days_overdue: i64,
    /// Its currency.
    pub currency: String,
    /// As it was posted; what is owed is positive.
    pub amount: Decimal,
    /// What is left.
    pub open: Decimal,
    /// What is left, in the functional currency at the item's own rate.
    pub open_functional: Decimal,
}

/// Open items, and as of when they are known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenItems {
    /// The last event that they contain.
    pub seq: Seq,
    /// Accounts and commodities.
    pub chart: Chart,
    /// By party, due date and place.
    pub rows: Vec<ItemRow>,
}

/// A bucket's part of a row.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Bucket {
    /// How many items.
    pub items: u64,
    /// In the row's currency.
    pub amount: Decimal,
    /// In the functional currency, at the items' own rates.
    pub functional: Decimal,
}

impl Bucket {
    fn add(&mut self, other: &Self) {
        self.items += other.items;
        self.amount += other.amount;
        self.functional += other.functional;
    }
}

/// One row of an aging, in one currency.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AgingRow {
    /// The party, unless grouped away.
    pub party: Option<String>,
    /// The document, unless grouped away.
    pub document: Option<String>,
    /// The currency of the items.
    pub currency: String,
    /// What is owed, youngest first: one more than the bounds.
    pub buckets: Vec<Bucket>,
    /// Payments, credits and advances that were not applied; negative.
    pub unapplied: Bucket,
}

impl AgingRow {
    /// Adds another row, bucket by bucket.
    pub fn add(&mut self, other: &Self) {
        self.buckets.iter_mut().zip(&other.buckets).for_each(|(bucket, other)| bucket.add(other));
        self.unapplied.add(&other.unapplied);
    }

    /// All buckets and what is unapplied: what is open.
    #[must_use]
    pub fn total(&self) -> Bucket {
        let mut total = self.unapplied;
        self.buckets.iter().for_each(|bucket| total.add(bucket));
        total
    }
}

/// An aging, and as of when it is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Aging {
    /// The last event that it contains.
    pub seq: Seq,
    /// Accounts and commodities.
    pub chart: Chart,
    /// By party, document and currency.
    pub rows: Vec<AgingRow>,
}

/// The names of buckets with these bounds: `current`, `1-30`, … `91+`.
#[must_use]
pub fn bucket_names(bounds: &[i32]) -> Vec<String> {
    let mut names = Vec::with_capacity(bounds.len() + 1);
    let mut from = None;
    for bound in bounds {
        names.push(match from {
            None if *bound <= 0 => "current".to_owned(),
            None => format!("current(<={bound})"),
            Some(first) => format!("{first}-{bound}"),
        });
        from = Some(bound + 1);
    }
    names.push(from.map_or_else(|| "all".to_owned(), |first| format!("{first}+")));
    names
}

/// The items that are open, by party, due date and place.
///
/// # Errors
/// [`ProjectionError::BeyondEnd`] for an event that has not happened; [`ProjectionError`] when the server fails.
pub async fn open_items(org: &OrgStore, query: &ItemQuery) -> Result<OpenItems, ProjectionError> {
    let asked = query.point.seq(org).await?;
    let mut tx = org.begin_read().await?;
    let (seq, chart) = known(&mut tx, asked).await?;
    let sql = format!("SELECT * FROM ({ITEMS_AS_OF}) AS o ORDER BY party, coalesce(due_date, date), item_seq, item_line");
    let rows: Vec<Stored> = sqlx::query_as(sqlx::AssertSqlSafe(sql))
        .persistent(false)
        .bind(tx.org().0)
        .bind(query.side.as_str())
        .bind(query.as_of)
        .bind(asked.map(to_i64))
        .bind(query.party.as_deref())
        .fetch_all(&mut *tx)
        .await
        .doing("read open items")?;
    tx.rollback().await?;
    let sign = Decimal::from(query.side.opening_sign());
    Ok(OpenItems { seq, chart, rows: rows.into_iter().map(|row| row.read(sign, query.as_of)).collect::<Result<_, _>>()? })
}

/// The items that are open, aged and summed.
///
/// `bounds` are days overdue up to which an item belongs to each bucket but the last, in rising order.
///
/// # Errors
/// As [`open_items`].
pub async fn aging(org: &OrgStore, query: &ItemQuery, basis: Basis, by: AgingBy, bounds: &[i32]) -> Result<Aging, ProjectionError> {
    let asked = query.point.seq(org).await?;
    let mut tx = org.begin_read().await?;
    let (seq, chart) = known(&mut tx, asked).await?;
    // -1 is unapplied; width_bucket counts the first days of buckets that are not after the age.
    let sql = format!(
        "SELECT CASE WHEN $6 >= 1 THEN party END AS party, CASE WHEN $6 >= 2 THEN document END AS document, currency, bucket,
                count(*) AS items, sum(open) AS amount, sum(open_functional) AS functional
           FROM (SELECT o.*, CASE WHEN sign(CASE WHEN o.open <> 0 THEN o.open ELSE o.open_functional END) <> $7 THEN -1
                             ELSE width_bucket($3 - CASE WHEN $8 THEN o.date ELSE coalesce(o.due_date, o.date) END, $9::integer[]) END AS bucket
                   FROM ({ITEMS_AS_OF}) AS o) AS aged
          GROUP BY 1, 2, currency, bucket
          ORDER BY 1, 2, currency, bucket"
    );
    let sign = Decimal::from(query.side.opening_sign());
    let parts: Vec<Part> = sqlx::query_as(sqlx::AssertSqlSafe(sql))
        .persistent(false)
        .bind(tx.org().0)
        .bind(query.side.as_str())
        .bind(query.as_of)
        .bind(asked.map(to_i64))
        .bind(query.party.as_deref())
        .bind(match by {
            AgingBy::Total => 0,
            AgingBy::Party => 1,
            AgingBy::Document => 2_i32,
        })
        .bind(sign)
        .bind(basis == Basis::DocumentDate)
        .bind(bounds.iter().map(|bound| bound + 1).collect::<Vec<_>>())
        .fetch_all(&mut *tx)
        .await
        .doing("age open items")?;
    tx.rollback().await?;
    Ok(Aging { seq, chart, rows: together(parts, sign, bounds.len() + 1) })
}

/// The last event that an answer contains, and the chart.
async fn known(tx: &mut OrgTx, asked: Option<Seq>) -> Result<(Seq, Chart), ProjectionError> {
    let applied = Checkpoint::seq_of(tx, OpenItem::NAME).await?;
    let chart = Chart::load(tx, OpenItem::NAME).await?;
    Ok((asked.map_or(applied, |asked| asked.min(applied)), chart))
}

#[derive(sqlx::FromRow)]
struct Stored {
    item_seq: i64,
    item_line: i32,
    recorded_at: DateTime<Utc>,
    account_no: i32,
    party: String,
    document: String,
    kind: String,
    date: NaiveDate,
    due_date: Option<NaiveDate>,
    currency: String,
    amount: Decimal,
    open: Decimal,
    open_functional: Decimal,
}

impl Stored {
    fn read(self, sign: Decimal, as_of: NaiveDate) -> Result<ItemRow, ProjectionError> {
        Ok(ItemRow {
            seq: to_seq("event of an item", self.item_seq)?,
            line: u32::try_from(self.item_line).unwrap_or(u32::MAX),
            recorded_at: from_datetime(self.recorded_at),
            account_no: AccountNo::new(u32::try_from(self.account_no).unwrap_or(0)),
            days_overdue: (as_of - self.due_date.unwrap_or(self.date)).num_days(),
            party: self.party,
            document: self.document,
            kind: self.kind,
            date: self.date,
            due_date: self.due_date,
            currency: self.currency,
            amount: sign * self.amount,
            open: sign * self.open,
            open_functional: sign * self.open_functional,
        })
    }
}

/// A bucket of a row.
#[derive(sqlx::FromRow)]
struct Part {
    party: Option<String>,
    document: Option<String>,
    currency: String,
    bucket: i32,
    items: i64,
    amount: Decimal,
    functional: Decimal,
}

/// Parts that come in the order of their rows become rows.
fn together(parts: Vec<Part>, sign: Decimal, buckets: usize) -> Vec<AgingRow> {
    let mut rows: Vec<AgingRow> = Vec::new();
    for part in parts {
        let found =
            Bucket { items: u64::try_from(part.items).unwrap_or(0), amount: sign * part.amount, functional: sign * part.functional };
        let same = |row: &&mut AgingRow| (&row.party, &row.document, &row.currency) == (&part.party, &part.document, &part.currency);
        if rows.last_mut().filter(same).is_none() {
            let (party, document, currency) = (part.party, part.document, part.currency);
            rows.push(AgingRow { party, document, currency, buckets: vec![Bucket::default(); buckets], unapplied: Bucket::default() });
        }
        let Some(row) = rows.last_mut() else { continue };
        match usize::try_from(part.bucket).ok().and_then(|index| row.buckets.get_mut(index)) {
            Some(bucket) => bucket.add(&found),
            None => row.unapplied.add(&found),
        }
    }
    rows
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buckets_are_named_by_the_days_that_they_hold() {
        assert_eq!(bucket_names(&USUAL_BOUNDS), ["current", "1-30", "31-60", "61-90", "91+"]);
        assert_eq!(bucket_names(&[0, 30, 60, 90, 120]), ["current", "1-30", "31-60", "61-90", "91-120", "121+"]);
        assert_eq!(bucket_names(&[]), ["all"]);
    }
}
