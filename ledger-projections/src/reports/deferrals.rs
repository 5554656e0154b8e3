//! Deferred revenue and prepaid expense as of a day: what was scheduled, what was recognised, what waits; by schedule or by
//! the month in which it is due.
//!
//! Amounts are given as their side has them: what was invoiced and is not earned yet is positive, and so is what was billed
//! and is not spent yet.

use std::ops::AddAssign;

use chrono::NaiveDate;
use ledger_core::{AccountNo, Seq};
use ledger_store::{OrgStore, OrgTx};
use rust_decimal::Decimal;

use super::Point;
use crate::chart::Chart;
use crate::checkpoint::Checkpoint;
use crate::deferral::Deferral;
use crate::error::{Doing, ProjectionError, to_i64, to_seq};

/// Schedules as of a day: `$1` organization, `$2` day, `$3` event or NULL, `$4` whether finished ones count too, `$5` whether
/// by month.
///
/// Planned anew each time it is asked: one plan for all days would read everything.
pub const DEFERRALS: &str = include_str!("deferrals.sql");

/// What a row stands for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DeferralBy {
    /// A schedule: a line of a document.
    #[default]
    Document,
    /// A month in which parts are due, in a currency.
    Month,
}

/// Which schedules.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DeferralQuery {
    /// The day.
    pub as_of: NaiveDate,
    /// As known when.
    pub point: Point,
    /// What a row stands for.
    pub by: DeferralBy,
    /// Schedules of which nothing waits as well.
    pub finished: bool,
}

/// Amounts of schedules, in one currency. `remaining` is `total` less what was cancelled and recognised.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DeferralAmounts {
    /// What was scheduled when the document was recorded.
    pub total: Decimal,
    /// What credit notes and reversals took of it.
    pub cancelled: Decimal,
    /// What was earned or spent.
    pub recognised: Decimal,
    /// What waits.
    pub remaining: Decimal,
}

impl AddAssign<&Self> for DeferralAmounts {
    fn add_assign(&mut self, other: &Self) {
        self.total += other.total;
        self.cancelled += other.cancelled;
        self.recognised += other.recognised;
        self.remaining += other.remaining;
    }
}

/// A schedule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Schedule {
    /// The document's event.
    pub seq: Seq,
    /// The document's line, from 1.
    pub line: u32,
    /// Whose it is; empty where nothing is owed.
    pub party: String,
    /// The document's number.
    pub document: String,
    /// Where it waits.
    pub deferred: AccountNo,
    /// Where it is recognised.
    pub target: AccountNo,
    /// When its last part is due.
    pub until: NaiveDate,
}

/// One row of a report of deferrals, in one currency.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeferralRow {
    /// Whether it is prepaid expense; else deferred revenue.
    pub expense: bool,
    /// The first day of the month, where it is by month.
    pub month: Option<NaiveDate>,
    /// The schedule, where it is by document.
    pub schedule: Option<Schedule>,
    /// The currency of the documents.
    pub currency: String,
    /// In that currency.
    pub amounts: DeferralAmounts,
    /// In the functional currency, at the documents' own rates.
    pub functional: DeferralAmounts,
}

/// Schedules, and as of when they are known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deferrals {
    /// The last event that they contain.
    pub seq: Seq,
    /// Accounts and commodities.
    pub chart: Chart,
    /// Revenue first, then by month, or by party and document.
    pub rows: Vec<DeferralRow>,
}

/// Deferred amounts as of a day.
///
/// # Errors
/// [`ProjectionError::BeyondEnd`] for an event that has not happened; [`ProjectionError`] when the server fails.
pub async fn deferrals(org: &OrgStore, query: &DeferralQuery) -> Result<Deferrals, ProjectionError> {
    let asked = query.point.seq(org).await?;
    let mut tx = org.begin_read().await?;
    let applied = Checkpoint::seq_of(&mut tx, Deferral::NAME).await?;
    let chart = Chart::load(&mut tx, Deferral::NAME).await?;
    let rows = rows(&mut tx, query, asked).await?;
    tx.rollback().await?;
    let seq = asked.map_or(applied, |asked| asked.min(applied));
    Ok(Deferrals { seq, chart, rows: rows.into_iter().map(Stored::read).collect::<Result<_, _>>()? })
}

async fn rows(tx: &mut OrgTx, query: &DeferralQuery, asked: Option<Seq>) -> Result<Vec<Stored>, ProjectionError> {
    sqlx::query_as(DEFERRALS)
        .persistent(false)
        .bind(tx.org().0)
        .bind(query.as_of)
        .bind(asked.map(to_i64))
        .bind(query.finished)
        .bind(query.by == DeferralBy::Month)
        .fetch_all(&mut **tx)
        .await
        .doing("add up deferred amounts")
}

#[derive(sqlx::FromRow)]
struct Stored {
    side: String,
    month: Option<NaiveDate>,
    currency: String,
    document_seq: Option<i64>,
    document_line: Option<i32>,
    party: Option<String>,
    document: Option<String>,
    deferred_no: Option<i32>,
    target_no: Option<i32>,
    until: NaiveDate,
    total: Decimal,
    cancelled: Decimal,
    recognised: Decimal,
    remaining: Decimal,
    functional_total: Decimal,
    functional_cancelled: Decimal,
    functional_recognised: Decimal,
    functional_remaining: Decimal,
}

impl Stored {
    fn read(self) -> Result<DeferralRow, ProjectionError> {
        let expense = self.side == "expense";
        let sign = if expense { Decimal::ONE } else { Decimal::NEGATIVE_ONE };
        let amounts = |total: Decimal, cancelled: Decimal, recognised: Decimal, remaining: Decimal| DeferralAmounts {
            total: sign * total,
            cancelled: sign * cancelled,
            recognised: sign * recognised,
            remaining: sign * remaining,
        };
        Ok(DeferralRow {
            expense,
            month: self.month,
            amounts: amounts(self.total, self.cancelled, self.recognised, self.remaining),
            functional: amounts(self.functional_total, self.functional_cancelled, self.functional_recognised, self.functional_remaining),
            schedule: self
                .document_seq
                .map(|seq| {
                    Ok::<_, ProjectionError>(Schedule {
                        seq: to_seq("document of a schedule", seq)?,
                        line: self.document_line.and_then(|line| u32::try_from(line).ok()).unwrap_or_default(),
                        party: self.party.unwrap_or_default(),
                        document: self.document.unwrap_or_default(),
                        deferred: account(self.deferred_no)?,
                        target: account(self.target_no)?,
                        until: self.until,
                    })
                })
                .transpose()?,
            currency: self.currency,
        })
    }
}

fn account(no: Option<i32>) -> Result<AccountNo, ProjectionError> {
    let number = no.and_then(|no| u32::try_from(no).ok());
    number.map(AccountNo::new).ok_or_else(|| ProjectionError::Damaged { what: "account of a schedule", found: format!("{no:?}") })
}
