//! From events to steps of schedules, purely. A step names what it concerns; the parts are looked up when it is written.

use chrono::NaiveDate;
use ledger_core::event::Recorded;
use ledger_core::subledger::Deferral;
use ledger_core::{DocumentKind, Event, ItemId, Seq, Side};
use rust_decimal::Decimal;

use super::rows::{Head, ScheduleKey};
use crate::amounts::{amount, currency, party_of, value};
use crate::chart::{Chart, account_i32};
use crate::error::to_i64;

/// Steps of a batch, in the order of history.
#[derive(Clone, Debug, Default)]
pub(crate) struct Schedules {
    pub(crate) steps: Vec<Step>,
    /// How many parts the steps speak of.
    pub(crate) parts: usize,
    /// The last document that has schedules: they follow it.
    document: Option<(Seq, Head)>,
    /// The last credit note or reversal, and its day: what it cancels follows it.
    taker: Option<(Seq, NaiveDate)>,
}

/// Something that happened to schedules.
#[derive(Clone, Debug)]
pub(crate) enum Step {
    /// A document's line was scheduled. `head` is missing where the document came in an earlier batch.
    Scheduled { schedule: Schedule, head: Option<Head> },
    /// Parts were recognised: by schedule, the day that they were scheduled for, and their value.
    Recognised { seq: i64, on: NaiveDate, parts: Vec<(ScheduleKey, NaiveDate, Decimal)> },
    /// A credit note or reversal left this of what waited. `on` is missing where it came in an earlier batch.
    Cancelled { by: i64, on: Option<NaiveDate>, left: Schedule },
}

/// A schedule with the parts that wait.
#[derive(Clone, Debug)]
pub(crate) struct Schedule {
    pub(crate) key: ScheduleKey,
    pub(crate) deferred_no: i32,
    pub(crate) target_no: i32,
    pub(crate) currency: String,
    /// Day, amount and value.
    pub(crate) parts: Vec<(NaiveDate, Decimal, Decimal)>,
}

impl Schedules {
    /// Adds what follows from an event.
    pub(crate) fn add(&mut self, chart: &Chart, event: &Recorded) -> Result<(), String> {
        match &event.event {
            Event::DocumentRecorded { .. } | Event::EntryReversed { .. } => {
                if let Some(head) = head_of(chart, event) {
                    self.document = Some((event.seq, head));
                }
                if let Some(on) = day_of_taker(event) {
                    self.taker = Some((event.seq, on));
                }
                return Ok(());
            }
            Event::DeferralScheduled(deferral) => {
                let schedule = schedule_of(chart, deferral)?;
                self.parts += schedule.parts.len();
                let head = self.document.as_ref().filter(|(seq, _)| *seq == deferral.id.seq).map(|(_, head)| head.clone());
                self.steps.push(Step::Scheduled { schedule, head });
            }
            Event::DeferralsRecognised { parts, entry } => {
                let part = |part: &ledger_core::subledger::RecognisedPart| {
                    Ok((key(part.deferral), part.part.date, value(chart, part.part.functional)?))
                };
                let parts = parts.iter().map(part).collect::<Result<Vec<_>, String>>()?;
                self.parts += parts.len();
                self.steps.push(Step::Recognised { seq: to_i64(event.seq), on: entry.effective_date(), parts });
            }
            Event::DeferralCancelled { deferral, by } => {
                let left = schedule_of(chart, deferral)?;
                self.parts += 1 + left.parts.len();
                let on = self.taker.filter(|(seq, _)| seq == by).map(|(_, on)| on);
                self.steps.push(Step::Cancelled { by: to_i64(*by), on, left });
            }
            _ => {}
        }
        Ok(())
    }
}

/// Whose document it is, where it has lines that are earned or spent over time.
pub(super) fn head_of(chart: &Chart, event: &Recorded) -> Option<Head> {
    let Event::DocumentRecorded { document, entry: Some(entry) } = &event.event else { return None };
    document.lines.iter().any(|line| line.deferral.is_some()).then(|| Head {
        side: if document.side == Side::Receivable { "revenue" } else { "expense" },
        party: party_of(chart, entry).map(ToString::to_string).unwrap_or_default(),
        document: document.number.to_string(),
        date: entry.effective_date(),
    })
}

/// When an event counts that may cancel schedules.
pub(super) fn day_of_taker(event: &Recorded) -> Option<NaiveDate> {
    match &event.event {
        Event::DocumentRecorded { document, entry: Some(entry) } if document.kind == DocumentKind::CreditNote => {
            Some(entry.effective_date())
        }
        Event::EntryReversed { entry, .. } => Some(entry.effective_date()),
        _ => None,
    }
}

fn key(id: ItemId) -> ScheduleKey {
    (to_i64(id.seq), i32::try_from(id.line).unwrap_or(i32::MAX))
}

fn schedule_of(chart: &Chart, deferral: &Deferral) -> Result<Schedule, String> {
    let parts = deferral.parts.iter();
    let parts = parts.map(|part| Ok((part.date, amount(chart, part.units, deferral.currency)?, value(chart, part.functional)?)));
    Ok(Schedule {
        key: key(deferral.id),
        deferred_no: account_i32(deferral.deferred),
        target_no: account_i32(deferral.target),
        currency: currency(chart, deferral.currency).to_string(),
        parts: parts.collect::<Result<_, String>>()?,
    })
}
