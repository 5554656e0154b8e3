//! Decisions about deferred revenue and prepaid expense: schedules are fixed when their document posts, recognised
//! up to a date, and cancelled by credit notes before anything that was earned is taken back.

use std::collections::BTreeMap;

use chrono::NaiveDate;

use super::plan::Plan;
use super::recording::Counter;
use super::{Book, Context, FUNCTIONAL};
use crate::Seq;
use crate::draft::{AccountRef, DraftDetail, DraftEntry, DraftLine};
use crate::event::Event;
use crate::limits::{RECOGNISED_PARTS_MAX, RECOGNITIONS_MAX};
use crate::money::{Units, decimal_of};
use crate::rejection::Rejection;
use crate::rounding::{Rounding, prorate, split};
use crate::subledger::schedule::schedule;
use crate::subledger::{Deferral, DeferralPart, DocumentLine, ItemId, RecognisedPart};

impl Plan<'_> {
    /// Fixes the schedules of a document that was posted just now, from its entry's lines.
    pub(super) fn schedule(&mut self, document: Seq, first_counter: usize, lines: &[DocumentLine]) -> Result<(), Rejection> {
        let Some(Event::DocumentRecorded { entry: Some(entry), .. }) = self.last_event() else { return Ok(()) };
        let mut posted = entry.lines().iter().skip(first_counter);
        let mut deferrals = Vec::new();
        for (line, no) in lines.iter().zip(1_u32..) {
            // Lines that came to nothing were not posted; neither was a cost of theirs.
            let wanted = line.deferral.as_ref().map_or(line.account, |terms| terms.account);
            let mut ahead = posted.clone();
            let Some(of_line) = ahead.next().filter(|posted| posted.account == wanted && line.net != 0) else { continue };
            posted = ahead;
            let Some(terms) = &line.deferral else { continue };
            let units = of_line.money.units();
            let Some(parts) = schedule(units, terms.start, terms.end, terms.method.into()) else { continue };
            let weights: Vec<Units> = parts.iter().map(|part| part.units).collect();
            let values = split(of_line.functional.unwrap_or(0), &weights);
            let parts = parts.iter().zip(values).map(|(part, functional)| DeferralPart { date: part.date, units: part.units, functional });
            deferrals.push(Deferral {
                id: ItemId { seq: document, line: no },
                deferred: terms.account,
                target: line.account,
                currency: of_line.money.currency(),
                tags: line.tags.clone(),
                parts: parts.collect(),
            });
        }
        for deferral in deferrals {
            self.push(Event::DeferralScheduled(Box::new(deferral)));
        }
        Ok(())
    }
}

impl Book {
    /// Splits a credit note's lines into what is unrecognised of a document's schedules and the rest. Answers the
    /// lines, and the schedules as they are left.
    pub(super) fn cancelling(&self, document: Seq, counters: Vec<(Counter, bool)>) -> (Vec<(Counter, bool)>, Vec<Deferral>) {
        let mut left: Vec<Deferral> = self.deferrals_of(document).cloned().collect();
        let mut touched = vec![false; left.len()];
        let mut lines = Vec::with_capacity(counters.len());
        for (mut counter, deferred) in counters {
            for (deferral, touched) in left.iter_mut().zip(&mut touched) {
                let (units, value) = deferral.unrecognised();
                if Some(deferral.target) != counter.account || units.signum() != -counter.units.signum() {
                    continue;
                }
                let part = units.abs().min(counter.units.abs()) * counter.units.signum();
                let of_value = prorate(value, part.unsigned_abs(), units.unsigned_abs(), Rounding::HalfEven);
                deferral.parts = scaled(&deferral.parts, units + part, value - of_value);
                *touched = true;
                let value = (deferral.currency != FUNCTIONAL).then_some(-of_value);
                let (tax_code, tags) = (counter.tax_code.clone(), counter.tags.clone());
                lines.push((Counter { account: Some(deferral.deferred), units: part, value, tax_code, tags }, true));
                counter.units -= part;
            }
            if counter.units != 0 {
                lines.push((counter, deferred));
            }
        }
        let cancelled = left.into_iter().zip(touched).filter(|(_, touched)| *touched).map(|(deferral, _)| deferral);
        (lines, cancelled.collect())
    }

    /// Recognises everything that is due up to a day. Parts of closed periods go into the first open one.
    pub(super) fn recognise_deferrals(&self, up_to: NaiveDate, context: &Context<'_>) -> Result<Vec<Event>, Rejection> {
        super::text::date(up_to, 0)?;
        let mut by_day: BTreeMap<NaiveDate, Vec<RecognisedPart>> = BTreeMap::new();
        for deferral in self.deferrals() {
            for part in deferral.parts.iter().filter(|part| part.date <= up_to) {
                let day = self.first_open_day(part.date, context.soft_closed)?;
                by_day.entry(day).or_default().push(RecognisedPart { deferral: deferral.id, part: *part });
            }
        }
        let mut plan = Plan::new(self, context);
        let batches = by_day.iter().flat_map(|(day, parts)| parts.chunks(RECOGNISED_PARTS_MAX).map(move |parts| (*day, parts)));
        for (day, parts) in batches.take(RECOGNITIONS_MAX) {
            let lines = parts.iter().filter_map(|part| self.agreed.deferrals.get(&part.deferral).map(|deferral| (deferral, part.part)));
            let lines = lines.flat_map(|(deferral, part)| self.recognition(deferral, part)).collect();
            let draft = DraftEntry::new(day, "deferred amounts recognised", lines);
            let (fresh, entry) = self.post(&draft, None, context.soft_closed, plan.lines())?;
            plan.define(fresh);
            plan.post(Event::DeferralsRecognised { parts: parts.to_vec(), entry });
        }
        Ok(plan.into_events())
    }

    fn recognition(&self, deferral: &Deferral, part: DeferralPart) -> [DraftLine; 2] {
        let (code, scale) = self.commodity(deferral.currency).map_or(("", 0), |commodity| (commodity.code.as_str(), commodity.scale));
        let foreign = deferral.currency != FUNCTIONAL;
        let tags = deferral.tags.clone();
        let line = |account, sign: Units| DraftLine {
            functional: foreign.then(|| self.display(sign * part.functional, FUNCTIONAL)),
            detail: (!tags.is_empty()).then(|| Box::new(DraftDetail { tags: tags.clone(), ..DraftDetail::default() })),
            ..DraftLine::new(AccountRef::No(account), decimal_of(sign * part.units, scale), code)
        };
        [line(deferral.deferred, -1), line(deferral.target, 1)]
    }
}

/// Parts in the proportions that they had, with another sum; those of nothing are left out.
fn scaled(parts: &[DeferralPart], units: Units, value: Units) -> Vec<DeferralPart> {
    let weights: Vec<Units> = parts.iter().map(|part| part.units).collect();
    let scaled = parts.iter().zip(split(units, &weights)).zip(split(value, &weights));
    let scaled = scaled.map(|((part, units), functional)| DeferralPart { date: part.date, units, functional });
    if units == 0 { Vec::new() } else { scaled.filter(|part| part.units != 0 || part.functional != 0).collect() }
}
