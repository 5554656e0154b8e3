//! Reversals and corrections: posted entries never change, they are negated once and replaced.

use super::{Book, Context, text};
use crate::account::AccountStatus;
use crate::command::{CorrectEntry, ReverseEntry};
use crate::entry::{BalancedEntry, EntryHeader, EntryKind, Line};
use crate::event::Event;
use crate::limits::DESCRIPTION_BYTES_MAX;
use crate::rejection::Rejection;

impl Book {
    pub(super) fn reverse(&self, reverse: &ReverseEntry, context: &Context<'_>) -> Result<Vec<Event>, Rejection> {
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
            None => self.first_open_day(original.effective_date(), context.soft_closed),
        };
        let entry = self.negation(&original, reverse.original, date)?;
        Ok(vec![Event::EntryReversed { reason: reverse.reason.clone(), entry }])
    }

    /// Negated lines at the original rates: amounts, functional amounts and weights change sides, evidence stays.
    fn negation(&self, original: &BalancedEntry, seq: crate::Seq, date: chrono::NaiveDate) -> Result<BalancedEntry, Rejection> {
        let lines: Vec<Line> = original.lines().iter().map(negated).collect();
        for (index, line) in lines.iter().enumerate() {
            self.check_takes_postings(line.account, index + 1)?;
        }
        self.check_balances(&lines)?;
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

    fn check_takes_postings(&self, no: crate::AccountNo, line: usize) -> Result<(), Rejection> {
        let account = self.find(&crate::AccountRef::No(no), line)?;
        match account.status {
            AccountStatus::Open => Ok(()),
            AccountStatus::Locked => Err(Rejection::AccountLocked { account: account.code.clone(), line }),
            AccountStatus::Closed => Err(Rejection::AccountClosed { account: account.code.clone(), line }),
        }
    }

    /// The reversal and the replacement are decided one after the other, so that conditions see the state between.
    pub(super) fn correct(&self, correct: &CorrectEntry, context: &Context<'_>) -> Result<Vec<Event>, Rejection> {
        let mut events = self.reverse(&correct.reverse, context)?;
        let mut after = self.clone();
        events.iter().for_each(|event| after.evolve(event));
        events.extend(after.post(&correct.replacement, Some(correct.reverse.original), context.soft_closed)?);
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
