//! Several entries as one command: each is decided as those before it leave the book, and all are posted or none.

use rustc_hash::FxHashMap;

use super::bounds::Balances;
use super::plan::Plan;
use super::{Book, Context};
use crate::draft::DraftEntry;
use crate::entry::Line;
use crate::event::Event;
use crate::limits::{BATCH_ENTRIES_MAX, COMMIT_EVENTS_MAX};
use crate::money::{Units, add_units};
use crate::rejection::Rejection;
use crate::{AccountNo, CommodityNo, Seq, Text};

/// What entries of the batch have done so far that later ones must know.
#[derive(Default)]
struct Sofar<'a> {
    ids: FxHashMap<&'a Text, Seq>,
    /// Sums on accounts that the batch itself opens: amounts and functional amounts.
    opened: FxHashMap<(AccountNo, CommodityNo), (Units, Units)>,
}

impl Book {
    pub(super) fn post_entries(&self, drafts: &[DraftEntry], context: &Context<'_>) -> Result<Vec<Event>, Rejection> {
        let found = drafts.len();
        if found > BATCH_ENTRIES_MAX {
            return Err(Rejection::LimitExceeded { what: "entries of a batch", limit: BATCH_ENTRIES_MAX, found, line: 0 });
        }
        let mut plan = Plan::new(self, context);
        let (mut balances, mut sofar) = (Balances::new(), Sofar::default());
        for (index, draft) in drafts.iter().enumerate() {
            let posted = plan.post_next(draft, &mut balances, &mut sofar);
            posted.map_err(|rejection| Rejection::InBatch { index, rejection: Box::new(rejection) })?;
        }
        let events = plan.finish()?;
        match events.len() {
            found if found > COMMIT_EVENTS_MAX => {
                Err(Rejection::LimitExceeded { what: "events of a batch", limit: COMMIT_EVENTS_MAX, found, line: 0 })
            }
            _ => Ok(events),
        }
    }
}

impl<'a> Plan<'a> {
    fn post_next<'d>(&mut self, draft: &'d DraftEntry, balances: &mut Balances<'a>, sofar: &mut Sofar<'d>) -> Result<(), Rejection> {
        let book: &'a Book = self.book;
        let known = self.fresh.counts();
        let lines = book.checked_lines(draft, self.soft_closed, &mut self.fresh)?;
        book.check_next(balances, &lines)?;
        sofar.check_opened(book, &lines)?;
        let entry = book.entry_of(draft, None, lines)?;
        self.define_since(known);
        if let Some(id) = &draft.external_id
            && let Some(seq) = sofar.ids.insert(id, self.next_seq())
        {
            return Err(Rejection::ExternalIdTaken { external_id: id.clone(), seq });
        }
        let items = self.post(Event::EntryPosted(entry));
        let posted = self.lines().len();
        self.allocate_named(&items)?;
        book.move_on(balances, self.lines().get(posted..).unwrap_or_default());
        Ok(())
    }
}

impl Sofar<'_> {
    /// Sums on accounts that the book does not have yet must fit as well.
    fn check_opened(&mut self, book: &Book, lines: &[Line]) -> Result<(), Rejection> {
        for (index, line) in lines.iter().enumerate().filter(|(_, line)| book.account(line.account).is_none()) {
            let (units, functional) = self.opened.entry((line.account, line.money.currency())).or_default();
            let sums = add_units(*units, line.money.units()).zip(add_units(*functional, line.functional.unwrap_or(0)));
            (*units, *functional) = sums.ok_or(Rejection::AmountTooLarge { line: index + 1 })?;
        }
        Ok(())
    }
}
