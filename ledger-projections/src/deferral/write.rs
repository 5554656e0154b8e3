//! Writing a batch: new parts, and what happened to parts that were there before.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;
use ledger_core::event::Recorded;
use ledger_store::OrgTx;

use super::fold::{Schedule, Schedules, Step, day_of_taker, head_of};
use super::rows::{Head, NO_SEQ, PartKey, PartRow, ScheduleKey};
use super::stored::{self, Stored};
use crate::chart::Chart;
use crate::error::{Doing, ProjectionError, to_seq};
use crate::history;

/// Rows that one statement inserts or updates.
const STATEMENT_ROWS: usize = 4_096;

/// Writes the batch in the transaction.
pub(super) async fn write(tx: &mut OrgTx, batch: Schedules) -> Result<(), ProjectionError> {
    if batch.steps.is_empty() {
        return Ok(());
    }
    let before = waiting(tx, &batch.steps).await?;
    let old: BTreeSet<PartKey> = before.keys().copied().collect();
    let (rows, touched) = apply(tx, batch, before).await?;
    let (known, new): (Vec<_>, Vec<_>) = rows.into_iter().partition(|(key, _)| old.contains(key));
    for statement in new.chunks(STATEMENT_ROWS) {
        insert(tx, statement).await?;
    }
    let changed: Vec<_> = known.into_iter().filter(|(key, _)| touched.contains(key)).collect();
    for statement in changed.chunks(STATEMENT_ROWS) {
        update(tx, statement).await?;
    }
    Ok(())
}

/// The rows that a fold of everything from the beginning gives.
pub(super) async fn whole(tx: &mut OrgTx, batch: Schedules) -> Result<BTreeMap<PartKey, PartRow>, ProjectionError> {
    Ok(apply(tx, batch, BTreeMap::new()).await?.0)
}

type Parts = BTreeMap<PartKey, PartRow>;

/// Takes the steps one after the other. Answers all parts, and those to which anything happened.
async fn apply(tx: &mut OrgTx, batch: Schedules, mut parts: Parts) -> Result<(Parts, BTreeSet<PartKey>), ProjectionError> {
    let mut touched = BTreeSet::new();
    for step in batch.steps {
        match step {
            Step::Scheduled { schedule, head } => {
                let head = match head {
                    Some(head) => head,
                    None => head_from_history(tx, schedule.key.0).await?,
                };
                let (seq, on) = (schedule.key.0, head.date);
                add(&mut parts, &schedule, seq, on, &head);
            }
            Step::Recognised { seq, on, parts: recognised } => {
                for (key, date, value) in recognised {
                    let found = waiting_of(&mut parts, key).find(|(_, row)| row.part_date == date && row.functional == value);
                    let (key, row) = found.ok_or_else(|| missing(key))?;
                    row.recognised = Some((on, seq));
                    touched.insert(key);
                }
            }
            Step::Cancelled { by, on, left } => {
                let on = match on {
                    Some(on) => on,
                    None => day_from_history(tx, by).await?,
                };
                let mut head = None;
                for (key, row) in waiting_of(&mut parts, left.key) {
                    row.cancelled = Some((on, by));
                    touched.insert(key);
                    head.get_or_insert_with(|| head_like(row));
                }
                let head = head.ok_or_else(|| missing(left.key))?;
                add(&mut parts, &left, by, on, &head);
            }
        }
    }
    Ok((parts, touched))
}

/// The parts of a schedule that wait.
fn waiting_of(parts: &mut Parts, (seq, line): ScheduleKey) -> impl Iterator<Item = (PartKey, &mut PartRow)> {
    let all = (seq, line, i64::MIN, i32::MIN)..=(seq, line, i64::MAX, i32::MAX);
    parts.range_mut(all).map(|(key, row)| (*key, row)).filter(|(_, row)| row.waits())
}

fn head_like(row: &PartRow) -> Head {
    let side = if row.side == "revenue" { "revenue" } else { "expense" };
    Head { side, party: row.party.clone(), document: row.document.clone(), date: row.scheduled_on }
}

fn add(parts: &mut Parts, schedule: &Schedule, seq: i64, on: NaiveDate, head: &Head) {
    let (document_seq, line) = schedule.key;
    for ((date, amount, functional), no) in schedule.parts.iter().zip(1_i32..) {
        let row = PartRow {
            side: head.side.to_owned(),
            party: head.party.clone(),
            document: head.document.clone(),
            deferred_no: schedule.deferred_no,
            target_no: schedule.target_no,
            currency: schedule.currency.clone(),
            part_date: *date,
            amount: *amount,
            functional: *functional,
            scheduled_on: on,
            recognised: None,
            cancelled: None,
        };
        parts.insert((document_seq, line, seq, no), row);
    }
}

fn missing((seq, line): ScheduleKey) -> ProjectionError {
    ProjectionError::Damaged { what: "a part of a schedule that waits", found: format!("none for event {seq}, line {line}") }
}

/// The parts that wait of schedules to which anything happens.
async fn waiting(tx: &mut OrgTx, steps: &[Step]) -> Result<Parts, ProjectionError> {
    let mut keys: BTreeSet<ScheduleKey> = BTreeSet::new();
    for step in steps {
        match step {
            Step::Scheduled { .. } => {}
            Step::Recognised { parts, .. } => keys.extend(parts.iter().map(|(key, ..)| *key)),
            Step::Cancelled { left, .. } => drop(keys.insert(left.key)),
        }
    }
    if keys.is_empty() {
        return Ok(Parts::new());
    }
    let rows: Vec<Stored> = sqlx::query_as(
        "SELECT d.document_seq, d.document_line, d.scheduled_seq, d.part_no, d.side, d.party, d.document, d.deferred_no, d.target_no,
                d.currency, d.part_date, d.amount, d.functional, d.scheduled_on, d.recognised_on, d.recognised_seq, d.cancelled_on,
                d.cancelled_seq, nullif(d.done_on, 'infinity') AS done_on, d.done_seq
           FROM unnest($2::bigint[], $3::integer[]) AS u (document_seq, document_line)
           JOIN read.deferral AS d ON d.org_id = $1 AND d.document_seq = u.document_seq AND d.document_line = u.document_line
          WHERE d.done_seq = $4",
    )
    .bind(tx.org().0)
    .bind(keys.iter().map(|key| key.0).collect::<Vec<_>>())
    .bind(keys.iter().map(|key| key.1).collect::<Vec<_>>())
    .bind(NO_SEQ)
    .fetch_all(&mut **tx)
    .await
    .doing("read parts of schedules that wait")?;
    Ok(rows.into_iter().map(stored::read).collect())
}

/// A document that came in an earlier batch than its schedules: rare, since one command makes both.
async fn head_from_history(tx: &mut OrgTx, seq: i64) -> Result<Head, ProjectionError> {
    let chart = Chart::load(tx, super::Deferral::NAME).await?;
    let event = event(tx, seq).await?;
    head_of(&chart, &event).ok_or_else(|| unlike(seq, "no document with schedules"))
}

async fn day_from_history(tx: &mut OrgTx, seq: i64) -> Result<NaiveDate, ProjectionError> {
    let event = event(tx, seq).await?;
    day_of_taker(&event).ok_or_else(|| unlike(seq, "neither a credit note nor a reversal"))
}

async fn event(tx: &mut OrgTx, seq: i64) -> Result<Recorded, ProjectionError> {
    history::event(tx, to_seq("event of a schedule", seq)?).await
}

fn unlike(seq: i64, found: &str) -> ProjectionError {
    ProjectionError::Damaged { what: "what a schedule follows from", found: format!("{found} at event {seq}") }
}

async fn insert(tx: &mut OrgTx, rows: &[(PartKey, PartRow)]) -> Result<(), ProjectionError> {
    fn keys<T>(rows: &[(PartKey, PartRow)], value: impl Fn(&PartKey) -> T) -> Vec<T> {
        rows.iter().map(|(key, _)| value(key)).collect()
    }
    fn all<'r, T>(rows: &'r [(PartKey, PartRow)], value: impl Fn(&'r PartRow) -> T) -> Vec<T> {
        rows.iter().map(|(_, row)| value(row)).collect()
    }
    sqlx::query(include_str!("insert.sql"))
        .bind(tx.org().0)
        .bind(keys(rows, |k| k.0))
        .bind(keys(rows, |k| k.1))
        .bind(keys(rows, |k| k.2))
        .bind(keys(rows, |k| k.3))
        .bind(all(rows, |r| r.side.as_str()))
        .bind(all(rows, |r| r.party.as_str()))
        .bind(all(rows, |r| r.document.as_str()))
        .bind(all(rows, |r| r.deferred_no))
        .bind(all(rows, |r| r.target_no))
        .bind(all(rows, |r| r.currency.as_str()))
        .bind(all(rows, |r| r.part_date))
        .bind(all(rows, |r| r.amount))
        .bind(all(rows, |r| r.functional))
        .bind(all(rows, |r| r.scheduled_on))
        .bind(all(rows, |r| r.recognised.map(|(on, _)| on)))
        .bind(all(rows, |r| r.recognised.map(|(_, seq)| seq)))
        .bind(all(rows, |r| r.cancelled.map(|(on, _)| on)))
        .bind(all(rows, |r| r.cancelled.map(|(_, seq)| seq)))
        .bind(all(rows, |r| r.done().0))
        .bind(all(rows, |r| r.done().1))
        .execute(&mut **tx)
        .await
        .doing("insert parts of schedules")?;
    Ok(())
}

async fn update(tx: &mut OrgTx, rows: &[(PartKey, PartRow)]) -> Result<(), ProjectionError> {
    fn keys<T>(rows: &[(PartKey, PartRow)], value: impl Fn(&PartKey) -> T) -> Vec<T> {
        rows.iter().map(|(key, _)| value(key)).collect()
    }
    fn all<T>(rows: &[(PartKey, PartRow)], value: impl Fn(&PartRow) -> T) -> Vec<T> {
        rows.iter().map(|(_, row)| value(row)).collect()
    }
    sqlx::query(
        "UPDATE read.deferral AS d
            SET recognised_on = u.recognised_on, recognised_seq = u.recognised_seq, cancelled_on = u.cancelled_on,
                cancelled_seq = u.cancelled_seq, done_on = coalesce(u.done_on, 'infinity'), done_seq = u.done_seq
           FROM unnest($2::bigint[], $3::integer[], $4::bigint[], $5::integer[], $6::date[], $7::bigint[], $8::date[], $9::bigint[],
                       $10::date[], $11::bigint[])
             AS u (document_seq, document_line, scheduled_seq, part_no, recognised_on, recognised_seq, cancelled_on, cancelled_seq,
                   done_on, done_seq)
          WHERE d.org_id = $1 AND d.document_seq = u.document_seq AND d.document_line = u.document_line
            AND d.scheduled_seq = u.scheduled_seq AND d.part_no = u.part_no",
    )
    .bind(tx.org().0)
    .bind(keys(rows, |k| k.0))
    .bind(keys(rows, |k| k.1))
    .bind(keys(rows, |k| k.2))
    .bind(keys(rows, |k| k.3))
    .bind(all(rows, |r| r.recognised.map(|(on, _)| on)))
    .bind(all(rows, |r| r.recognised.map(|(_, seq)| seq)))
    .bind(all(rows, |r| r.cancelled.map(|(on, _)| on)))
    .bind(all(rows, |r| r.cancelled.map(|(_, seq)| seq)))
    .bind(all(rows, |r| r.done().0))
    .bind(all(rows, |r| r.done().1))
    .execute(&mut **tx)
    .await
    .doing("bring parts of schedules up to date")?;
    Ok(())
}
