//! What settled what in a period: one row per allocation or its reversal, as the settled side has it.

use chrono::{DateTime, NaiveDate, Utc};
use ledger_core::subledger::Side;
use ledger_core::{Seq, Text, Timestamp};
use ledger_store::OrgStore;
use rust_decimal::Decimal;

use super::Point;
use crate::chart::Chart;
use crate::checkpoint::Checkpoint;
use crate::error::{Doing, ProjectionError, to_i64, to_seq};
use crate::history::from_datetime;
use crate::open_item::OpenItem;

/// Allocations of a period: `$1` organization, `$2` sign of what opens an item, `$3` first day, `$4` last day, `$5` last
/// event, `$6` side, `$7` party or NULL, `$8` and `$9` date and event before or NULL, `$10` how many or NULL for all. Planned
/// anew each time, as open items are.
pub const ALLOCATIONS: &str = include_str!("allocations.sql");

/// Which allocations.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AllocationQuery {
    /// Of which sub-ledger.
    pub side: Side,
    /// The first day.
    pub from: NaiveDate,
    /// The last day.
    pub to: NaiveDate,
    /// As known when.
    pub point: Point,
    /// Of this party only.
    pub party: Option<Text>,
    /// Those behind this date and event.
    pub after: Option<(NaiveDate, Seq)>,
    /// How many at most; all where `None`.
    pub limit: Option<usize>,
}

/// An allocation, or its reversal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AllocationLine {
    /// Its event.
    pub seq: Seq,
    /// When it was recorded.
    pub recorded_at: Timestamp,
    /// When it counts.
    pub date: NaiveDate,
    /// Whose.
    pub party: String,
    /// The number of the document that was settled.
    pub document: String,
    /// What that is: `invoice`, `bill`, `journal` …
    pub kind: String,
    /// Its currency.
    pub currency: String,
    /// How much of it was settled; negative where that was undone.
    pub amount: Decimal,
    /// The value of that at the item's own rate, in the functional currency.
    pub functional: Decimal,
    /// The number of what settled it.
    pub by_document: String,
    /// What that is: `payment_in`, `credit_note` …
    pub by_kind: String,
    /// The currency of what settled it.
    pub by_currency: String,
    /// How much of that was taken.
    pub by_amount: Decimal,
    /// Exchange gain (positive) or loss that was realised, in the functional currency.
    pub realised: Decimal,
    /// The allocation that is undone by it.
    pub reverses: Option<Seq>,
}

/// Allocations, and as of when they are known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Allocations {
    /// The last event that they contain.
    pub seq: Seq,
    /// Accounts and commodities.
    pub chart: Chart,
    /// By date and event.
    pub rows: Vec<AllocationLine>,
}

/// What settled what, by date and event.
///
/// # Errors
/// [`ProjectionError::BeyondEnd`] for an event that has not happened; [`ProjectionError`] when the server fails.
pub async fn allocations(org: &OrgStore, query: &AllocationQuery) -> Result<Allocations, ProjectionError> {
    let asked = query.point.seq(org).await?;
    let mut tx = org.begin_read().await?;
    let applied = Checkpoint::seq_of(&mut tx, OpenItem::NAME).await?;
    let chart = Chart::load(&mut tx, OpenItem::NAME).await?;
    let seq = asked.map_or(applied, |asked| asked.min(applied));
    let rows: Vec<Stored> = sqlx::query_as(ALLOCATIONS)
        .persistent(false)
        .bind(tx.org().0)
        .bind(Decimal::from(query.side.opening_sign()))
        .bind(query.from)
        .bind(query.to)
        .bind(to_i64(seq))
        .bind(query.side.as_str())
        .bind(query.party.as_deref())
        .bind(query.after.map(|(date, _)| date))
        .bind(query.after.map(|(_, seq)| to_i64(seq)))
        .bind(query.limit.map(|limit| i64::try_from(limit).unwrap_or(i64::MAX)))
        .fetch_all(&mut *tx)
        .await
        .doing("read allocations")?;
    tx.rollback().await?;
    Ok(Allocations { seq, chart, rows: rows.into_iter().map(Stored::read).collect::<Result<_, _>>()? })
}

#[derive(sqlx::FromRow)]
struct Stored {
    seq: i64,
    recorded_at: DateTime<Utc>,
    date: NaiveDate,
    party: String,
    document: String,
    kind: String,
    currency: String,
    amount: Decimal,
    functional: Decimal,
    by_document: String,
    by_kind: String,
    by_currency: String,
    by_amount: Decimal,
    realised: Decimal,
    reverses_seq: Option<i64>,
}

impl Stored {
    fn read(self) -> Result<AllocationLine, ProjectionError> {
        Ok(AllocationLine {
            seq: to_seq("event of an allocation", self.seq)?,
            recorded_at: from_datetime(self.recorded_at),
            date: self.date,
            party: self.party,
            document: self.document,
            kind: self.kind,
            currency: self.currency,
            amount: self.amount,
            functional: self.functional,
            by_document: self.by_document,
            by_kind: self.by_kind,
            by_currency: self.by_currency,
            by_amount: self.by_amount,
            realised: self.realised,
            reverses: self.reverses_seq.map(|seq| to_seq("event of an allocation", seq)).transpose()?,
        })
    }
}
