//! `account_balance`: movements per account, commodity and stretch of time (day, month, year), so that a balance as of
//! any date is a short range sum however long the history. Serves trial balance, balance sheet and income statement.
//!
//! What belongs elsewhere: single lines (`gl_fact`), how a report is laid out (whoever prints it).

mod buckets;
mod stored;

use std::collections::hash_map::Entry;

use chrono::NaiveDate;
use futures::future::BoxFuture;
use ledger_core::event::Recorded;
use ledger_core::{Line, Seq, Units};
use ledger_store::OrgTx;
use rust_decimal::Decimal;
use rustc_hash::FxHashMap;

pub(crate) use buckets::{Grain, Stretch, stretches};

use crate::chart::Chart;
use crate::compare::Differences;
use crate::error::{Doing, ProjectionError};
use crate::gl_fact::decimal;
use crate::projection::{Batch, Projection};

/// Rows that one statement upserts.
const STATEMENT_ROWS: usize = 8_192;

const UPSERT: &str = include_str!("upsert.sql");

/// The projection.
#[derive(Clone, Copy, Debug, Default)]
pub struct AccountBalance;

impl AccountBalance {
    /// Its name.
    pub const NAME: &'static str = "account_balance";
}

impl Projection for AccountBalance {
    fn name(&self) -> &'static str {
        Self::NAME
    }

    fn version(&self) -> u16 {
        1
    }

    fn tables(&self) -> &'static [&'static str] {
        &["account_balance"]
    }

    fn compares_as_a_whole(&self) -> bool {
        true
    }

    fn batch(&self) -> Box<dyn Batch> {
        Box::<Movements>::default()
    }
}

/// Whose movement it is, and when.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Key {
    pub(crate) grain: Grain,
    /// The first day of the stretch.
    pub(crate) bucket: NaiveDate,
    pub(crate) account_no: i32,
    pub(crate) commodity_no: u16,
    pub(crate) closing: bool,
}

/// Movements, in minor units, none of them negative.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Movement {
    pub(crate) lines: i64,
    pub(crate) unvalued: i64,
    pub(crate) debit: Units,
    pub(crate) credit: Units,
    pub(crate) functional_debit: Units,
    pub(crate) functional_credit: Units,
}

impl Movement {
    /// The movement of one line.
    pub(crate) fn of(units: Units, functional: Option<Units>) -> Self {
        let value = functional.unwrap_or(0);
        Self {
            lines: 1,
            unvalued: i64::from(functional.is_none()),
            debit: units.max(0),
            credit: (-units).max(0),
            functional_debit: value.max(0),
            functional_credit: (-value).max(0),
        }
    }

    /// Adds another movement. Sums of 27-digit lines cannot reach the end of an i128 within a human lifetime.
    pub(crate) fn add(&mut self, other: &Self) {
        self.lines += other.lines;
        self.unvalued += other.unvalued;
        self.debit += other.debit;
        self.credit += other.credit;
        self.functional_debit += other.functional_debit;
        self.functional_credit += other.functional_credit;
    }
}

/// Movements of a batch, netted before they meet the database.
#[derive(Clone, Debug, Default)]
pub(crate) struct Movements {
    days: FxHashMap<Key, Movement>,
    scales: FxHashMap<u16, u8>,
    functional_scale: u8,
}

impl Batch for Movements {
    fn fold(&mut self, chart: &Chart, event: &Recorded) -> Result<(), String> {
        let Some(entry) = event.event.entry() else { return Ok(()) };
        self.functional_scale = chart.functional().ok_or("the books have no functional currency yet")?.scale;
        for line in entry.lines() {
            self.check(chart, line)?;
        }
        let (bucket, closing) = (entry.effective_date(), chart.is_closing(entry));
        for line in entry.lines() {
            let commodity_no = line.money.currency().get();
            let key = Key { grain: Grain::Day, bucket, account_no: crate::chart::account_i32(line.account), commodity_no, closing };
            self.days.entry(key).or_default().add(&Movement::of(line.money.units(), line.functional));
        }
        Ok(())
    }

    fn weight(&self) -> usize {
        self.days.len()
    }

    fn write<'a>(self: Box<Self>, tx: &'a mut OrgTx) -> BoxFuture<'a, Result<(), ProjectionError>> {
        Box::pin(async move {
            let rows = self.rows().map_err(|found| ProjectionError::Damaged { what: "a movement", found })?;
            for statement in rows.chunks(STATEMENT_ROWS) {
                upsert(tx, statement).await?;
            }
            Ok(())
        })
    }

    fn compare<'a>(
        self: Box<Self>,
        tx: &'a mut OrgTx,
        _from: Seq,
        _to: Option<Seq>,
        differences: &'a mut Differences,
    ) -> BoxFuture<'a, Result<(), ProjectionError>> {
        Box::pin(async move { stored::compare(tx, &self, differences).await })
    }
}

impl Movements {
    fn check(&mut self, chart: &Chart, line: &Line) -> Result<(), String> {
        if chart.account(line.account).is_none() {
            return Err(format!("account #{} was never opened", line.account.get()));
        }
        let no = line.money.currency();
        if let Entry::Vacant(vacant) = self.scales.entry(no.get()) {
            vacant.insert(chart.commodity(no).ok_or_else(|| format!("commodity #{} was never defined", no.get()))?.scale);
        }
        Ok(())
    }

    /// All rows, of all three grains, in the order of the key: pages are visited once, and locks taken in one order.
    pub(crate) fn rows(&self) -> Result<Vec<Row>, String> {
        let mut all: FxHashMap<Key, Movement> = FxHashMap::default();
        for (day, movement) in &self.days {
            for grain in Grain::ALL {
                let key = Key { grain, bucket: grain.first_day(day.bucket), ..*day };
                all.entry(key).or_default().add(movement);
            }
        }
        let mut rows = all.into_iter().map(|(key, movement)| self.row(key, &movement)).collect::<Result<Vec<_>, _>>()?;
        rows.sort_unstable_by_key(|row| row.key);
        Ok(rows)
    }

    fn row(&self, key: Key, movement: &Movement) -> Result<Row, String> {
        let scale = self.scales.get(&key.commodity_no).copied().unwrap_or(0);
        Ok(Row {
            key,
            lines: movement.lines,
            unvalued: movement.unvalued,
            debit: decimal(movement.debit, scale)?,
            credit: decimal(movement.credit, scale)?,
            functional_debit: decimal(movement.functional_debit, self.functional_scale)?,
            functional_credit: decimal(movement.functional_credit, self.functional_scale)?,
        })
    }
}

/// A row of `read.account_balance`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Row {
    pub(crate) key: Key,
    pub(crate) lines: i64,
    pub(crate) unvalued: i64,
    pub(crate) debit: Decimal,
    pub(crate) credit: Decimal,
    pub(crate) functional_debit: Decimal,
    pub(crate) functional_credit: Decimal,
}

async fn upsert(tx: &mut OrgTx, rows: &[Row]) -> Result<(), ProjectionError> {
    fn all<T>(rows: &[Row], value: impl Fn(&Row) -> T) -> Vec<T> {
        rows.iter().map(value).collect()
    }
    sqlx::query(UPSERT)
        .bind(tx.org().0)
        .bind(all(rows, |r| r.key.grain.as_str()))
        .bind(all(rows, |r| r.key.bucket))
        .bind(all(rows, |r| r.key.account_no))
        .bind(all(rows, |r| i32::from(r.key.commodity_no)))
        .bind(all(rows, |r| r.key.closing))
        .bind(all(rows, |r| r.lines))
        .bind(all(rows, |r| r.unvalued))
        .bind(all(rows, |r| r.debit))
        .bind(all(rows, |r| r.credit))
        .bind(all(rows, |r| r.functional_debit))
        .bind(all(rows, |r| r.functional_credit))
        .execute(&mut **tx)
        .await
        .doing("add movements to the balances")?;
    Ok(())
}
