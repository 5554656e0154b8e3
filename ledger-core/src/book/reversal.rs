//! Reversals and corrections: posted entries never change, they are negated once and replaced.

use chrono::NaiveDate;

use super::allocating::Settle;
use super::plan::Plan;
use super::{Book, Context, text};
use crate::command::{CorrectEntry, ReverseEntry};
use crate::draft::DraftEntry;
use crate::entry::{BalancedEntry, EntryHeader, EntryKind, Line};
use crate::event::Event;
use crate::limits::DESCRIPTION_BYTES_MAX;
use crate::rejection::Rejection;
use crate::subledger::{Deferral, ItemId};
use crate::{Seq, Text};

impl Book {
    pub(super) fn reverse_entry(&self, reverse: &ReverseEntry, context: &Context<'_>) -> Result<Vec<Event>, Rejection> {
        let mut plan = Plan::new(self, context);
        plan.reverse(reverse, context)?;
        plan.finish()
    }

    /// The reversal and the replacement are decided one after the other, so that conditions see the state between.
    pub(super) fn correct(&self, correct: &CorrectEntry, context: &Context<'_>) -> Result<Vec<Event>, Rejection> {
        let mut plan = Plan::new(self, context);
        plan.reverse(&correct.reverse, context)?;
        plan.post_entry(&correct.replacement, Some(correct.reverse.original))?;
        plan.finish()
    }

    /// Posts an entry where control accounts may be touched: what it settles by name is allocated at once.
    pub(super) fn post_and_allocate(&self, draft: &DraftEntry, context: &Context<'_>) -> Result<Vec<Event>, Rejection> {
        let mut plan = Plan::new(self, context);
        plan.post_entry(draft, None)?;
        plan.finish()
    }

    fn original(&self, seq: Seq, context: &Context<'_>) -> Result<BalancedEntry, Rejection> {
        let unknown = Rejection::EntryUnknown { seq };
        if seq == 0 || seq > self.seq {
            return Err(unknown);
        }
        let original = context.history.entry(seq).ok_or(unknown)?;
        if let Some(by) = self.reversed_by(seq) {
            return Err(Rejection::AlreadyReversed { seq, by });
        }
        if self.sub.bound.contains(&seq) { Err(Rejection::EntryBound { seq }) } else { Ok(original) }
    }
}

impl Plan<'_> {
    fn post_entry(&mut self, draft: &DraftEntry, corrects: Option<Seq>) -> Result<(), Rejection> {
        let (fresh, entry) = self.book.post(draft, corrects, self.soft_closed, self.lines())?;
        self.define(fresh);
        let items = self.post(Event::EntryPosted(entry));
        self.allocate_named(&items)
    }

    /// Undoes what its items are allocated to, negates the entry, and settles each item with its negation.
    pub(super) fn reverse(&mut self, reverse: &ReverseEntry, context: &Context<'_>) -> Result<(), Rejection> {
        text::bounded("reason", &reverse.reason, DESCRIPTION_BYTES_MAX, 0)?;
        let original = self.book.original(reverse.original, context)?;
        if self.book.agreed.irreversible.contains(&reverse.original) {
            return Err(Rejection::DeferralRecognised { seq: reverse.original });
        }
        let date = match reverse.date {
            Some(date) => {
                self.book.check_period(date, self.soft_closed)?;
                date
            }
            None => self.book.first_open_day(original.effective_date(), self.soft_closed)?,
        };
        let items: Vec<ItemId> = self.book.items_at(reverse.original).map(|(id, _)| id).collect();
        for id in &items {
            self.undo_all(*id, date, &reverse.reason)?;
        }
        let entry = self.negation(&original, reverse.original, date)?;
        self.post(Event::EntryReversed { reason: reverse.reason.clone(), entry });
        let seq = self.next_seq() - 1;
        for to in items {
            let from = ItemId { seq, line: to.line };
            if let Some(open) = self.item(from).map(|item| item.open.abs()) {
                self.settle(Settle { from, to, taken: open, settled: open, date: None })?;
            }
        }
        self.take_back_agreed(reverse.original, seq, date)
    }

    /// A document that is reversed leaves no schedules and earns no commission.
    fn take_back_agreed(&mut self, document: Seq, by: Seq, date: NaiveDate) -> Result<(), Rejection> {
        let book = self.book;
        for deferral in book.deferrals_of(document) {
            let deferral = Box::new(Deferral { parts: Vec::new(), ..deferral.clone() });
            self.push(Event::DeferralCancelled { deferral, by });
        }
        match book.document_facts(document) {
            Some(facts) => self.claw_back((document, &facts.number), by, date, |_| Some(0)),
            None => Ok(()),
        }
    }

    /// Undoes all allocations of an item that hold, none before it counts.
    fn undo_all(&mut self, id: ItemId, date: NaiveDate, reason: &Text) -> Result<(), Rejection> {
        let book = self.book;
        for (seq, kept) in book.allocations_of(id) {
            if self.allocation(seq).is_some() {
                let date = book.first_open_day(date.max(kept.allocation.date), self.soft_closed)?;
                self.undo(seq, date, reason)?;
            }
        }
        Ok(())
    }

    /// Negated lines at the original rates: amounts, functional amounts and weights change sides, evidence stays.
    fn negation(&self, original: &BalancedEntry, seq: Seq, date: NaiveDate) -> Result<BalancedEntry, Rejection> {
        let book = self.book;
        let lines: Vec<Line> = original.lines().iter().map(negated).collect();
        for (index, line) in lines.iter().enumerate() {
            book.posting_account(book.find(&crate::AccountRef::No(line.account), index + 1)?, index + 1)?;
        }
        book.check_control(&lines)?;
        book.check_balances(self.lines(), &lines)?;
        let header = EntryHeader {
            effective_date: date,
            kind: EntryKind::Reversal,
            description: original.header().description.clone(),
            external_id: None,
            tags: original.header().tags.clone(),
            reverses: Some(seq),
            corrects: None,
        };
        BalancedEntry::new(header, lines, super::FUNCTIONAL).map_err(|unbalanced| book.explain(unbalanced))
    }
}

pub(super) fn negated(line: &Line) -> Line {
    let mut line = line.clone();
    line.money = line.money.negated();
    line.functional = line.functional.map(|units| -units);
    if let Some(detail) = &mut line.detail {
        detail.weight = detail.weight.map(crate::Money::negated);
    }
    line
}
