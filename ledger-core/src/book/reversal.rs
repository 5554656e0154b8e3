//! Reversals and corrections: posted entries never change, they are negated once and replaced.

use super::{Book, Context, text};
use crate::command::{CorrectEntry, ReverseEntry};
use crate::entry::{BalancedEntry, EntryHeader, EntryKind, Line};
use crate::event::Event;
use crate::limits::DESCRIPTION_BYTES_MAX;
use crate::rejection::Rejection;

impl Book {
    pub(super) fn reverse(&self, reverse: &ReverseEntry, context: &Context<'_>) -> Result<BalancedEntry, Rejection> {
        text::bounded("reason", &reverse.reason, DESCRIPTION_BYTES_MAX, 0)?;
        let unknown = Rejection::EntryUnknown { seq: reverse.original };
        if reverse.original == 0 || reverse.original > self.seq {
            return Err(unknown);
        }
        let original = context.history.entry(reverse.original).ok_or(unknown)?;
        if let Some(by) = self.reversed_by(reverse.original) {
            return Err(Rejection::AlreadyReversed { seq: reverse.original, by });
        }
        let date = match reverse.date {
            Some(date) => {
                self.check_period(date, context.soft_closed)?;
                date
            }
            None => self.first_open_day(original.effective_date(), context.soft_closed)?,
        };
        self.negation(&original, reverse.original, date)
    }

    /// Negated lines at the original rates: amounts, functional amounts and weights change sides, evidence stays.
    fn negation(&self, original: &BalancedEntry, seq: crate::Seq, date: chrono::NaiveDate) -> Result<BalancedEntry, Rejection> {
        let lines: Vec<Line> = original.lines().iter().map(negated).collect();
        for (index, line) in lines.iter().enumerate() {
            self.posting_account(self.find(&crate::AccountRef::No(line.account), index + 1)?, index + 1)?;
        }
        self.check_balances(&[], &lines)?;
        let header = EntryHeader {
            effective_date: date,
            kind: EntryKind::Reversal,
            description: original.header().description.clone(),
            external_id: None,
            tags: original.header().tags.clone(),
            reverses: Some(seq),
            corrects: None,
        };
        BalancedEntry::new(header, lines, super::FUNCTIONAL).map_err(|unbalanced| self.explain(unbalanced))
    }

    /// The reversal and the replacement are decided one after the other, so that conditions see the state between.
    /// A reversal changes nothing but balances, so the replacement is decided on this book and the reversal's lines.
    pub(super) fn correct(&self, correct: &CorrectEntry, context: &Context<'_>) -> Result<Vec<Event>, Rejection> {
        let entry = self.reverse(&correct.reverse, context)?;
        let (fresh, replacement) = self.post(&correct.replacement, Some(correct.reverse.original), context.soft_closed, entry.lines())?;
        let mut events = vec![Event::EntryReversed { reason: correct.reverse.reason.clone(), entry }];
        events.extend(fresh.into_events(replacement));
        Ok(events)
    }
}

fn negated(line: &Line) -> Line {
    let mut line = line.clone();
    line.money = line.money.negated();
    line.functional = line.functional.map(|units| -units);
    if let Some(detail) = &mut line.detail {
        detail.weight = detail.weight.map(crate::Money::negated);
    }
    line
}
