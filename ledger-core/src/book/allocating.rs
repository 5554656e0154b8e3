//! Allocations: open items settled against each other, and undone again.
//!
//! Each side is relieved of its own value pro rata and the last relief takes all that is left; the difference is
//! realised exchange gain or loss at every partial settlement. Items of one account and currency need no more than
//! that difference as an entry; between accounts or currencies the amounts move as well.

use chrono::NaiveDate;
use rust_decimal::Decimal;

use super::chart::to_units;
use super::plan::Plan;
use super::{Book, Context, FUNCTIONAL, KeptAllocation, text};
use crate::account::AccountNo;
use crate::command::{Allocate, AllocationTarget, ItemRef};
use crate::entry::{EntryKind, Line, LineDetail};
use crate::event::Event;
use crate::limits::{ALLOCATIONS_MAX, DESCRIPTION_BYTES_MAX};
use crate::money::{Money, Units};
use crate::rejection::Rejection;
use crate::rounding::{Rounding, prorate};
use crate::subledger::{Allocation, ItemId, OpenItem, PartyNo};
use crate::{Seq, Text};

/// One settlement to be made: how much of which item, positive.
#[derive(Clone, Copy)]
pub(super) struct Settle {
    pub(super) from: ItemId,
    pub(super) to: ItemId,
    pub(super) taken: Units,
    pub(super) settled: Units,
    pub(super) date: Option<NaiveDate>,
}

impl Book {
    pub(super) fn allocate(&self, allocate: &Allocate, context: &Context<'_>) -> Result<Vec<Event>, Rejection> {
        let mut plan = Plan::new(self, context);
        plan.allocate(allocate)?;
        plan.finish()
    }

    pub(super) fn reverse_allocation(
        &self,
        seq: Seq,
        date: Option<NaiveDate>,
        reason: &Text,
        context: &Context<'_>,
    ) -> Result<Vec<Event>, Rejection> {
        text::bounded("reason", reason, DESCRIPTION_BYTES_MAX, 0)?;
        let kept = self.allocation(seq).ok_or(Rejection::AllocationUnknown { seq })?;
        if let KeptAllocation { reversed: Some((by, _)), .. } = kept {
            return Err(Rejection::AlreadyReversed { seq, by: *by });
        }
        let earliest = kept.allocation.date;
        let mut plan = Plan::new(self, context);
        let date = plan.date_from(date, earliest)?;
        plan.undo(seq, date, reason)?;
        plan.finish()
    }

    /// How people know an item.
    fn item_name(&self, id: ItemId, item: &OpenItem) -> Text {
        Text::from(format!("{} ({id})", self.item_label(item)))
    }

    /// `PARTY:DOCUMENT`, and the instalment from the second on.
    pub(super) fn item_label(&self, item: &OpenItem) -> Text {
        let party = self.party(item.party).map_or("", |party| party.code.as_str());
        let instalment = if item.instalment > 1 { format!("#{}", item.instalment) } else { String::new() };
        Text::from(format!("{party}:{}{instalment}", item.document))
    }
}

impl Plan<'_> {
    pub(super) fn allocate(&mut self, allocate: &Allocate) -> Result<(), Rejection> {
        let from = self.resolve(&allocate.from, None)?;
        let mut left = match (allocate.amount, from.first()) {
            (Some(amount), Some(first)) => Some(self.units_of(amount, *first)?),
            _ => None,
        };
        if let Some(asked) = left {
            self.check_enough(asked, &from)?;
        }
        let made = self.made_count();
        let mut targets = allocate.to.clone();
        if let ([one], [_]) = (targets.as_mut_slice(), from.as_slice()) {
            one.amount = one.amount.or(allocate.amount);
        }
        for id in &from {
            if left == Some(0) {
                break;
            }
            let taken = if targets.is_empty() {
                self.allocate_by_due_date(*id, left, allocate.date)?
            } else {
                self.allocate_to(*id, &targets, left, allocate.date)?
            };
            left = left.map(|left| left - taken);
        }
        let name = |id: ItemId| self.item(id).map(|item| self.book.item_name(id, item)).unwrap_or_default();
        match (left, from.first()) {
            (_, Some(first)) if self.made_count() == made => Err(Rejection::NothingToAllocate { item: name(*first) }),
            (Some(left), Some(first)) if left > 0 && self.made_count() < ALLOCATIONS_MAX => {
                Err(Rejection::NothingToAllocate { item: name(*first) })
            }
            _ => Ok(()),
        }
    }

    /// The amount that is asked may not be more than the items have left.
    fn check_enough(&self, asked: Units, from: &[ItemId]) -> Result<(), Rejection> {
        let open: Units = from.iter().filter_map(|id| self.item(*id)).map(|item| item.open.abs()).sum();
        let Some((id, item)) = from.first().and_then(|id| self.item(*id).map(|item| (*id, item))) else { return Ok(()) };
        if asked > 0 && asked <= open { Ok(()) } else { Err(self.too_large(id, item, open, asked)) }
    }

    fn too_large(&self, id: ItemId, item: &OpenItem, open: Units, asked: Units) -> Rejection {
        let currency = item.money.currency();
        Rejection::AllocationTooLarge {
            item: self.book.item_name(id, item),
            open: self.book.display(open, currency),
            asked: self.book.display(asked, currency),
            currency: self.book.commodity(currency).map(|commodity| commodity.code.clone()).unwrap_or_default(),
        }
    }

    /// Settles the party's items on the same account in the same currency, the earliest due first. Answers how much
    /// was taken.
    pub(super) fn allocate_by_due_date(&mut self, from: ItemId, limit: Option<Units>, date: Option<NaiveDate>) -> Result<Units, Rejection> {
        let Some(item) = self.item(from) else { return Ok(0) };
        let (party, account, currency, sign) = (item.party, item.account, item.money.currency(), item.money.units().signum());
        let settles = |to: &OpenItem| to.open != 0 && to.money.currency() == currency && to.money.units().signum() == -sign;
        let found = self.book.sub.due(party, account).filter(|(_, to)| settles(to)).map(|(id, _)| id);
        let mut left = limit.unwrap_or(Units::MAX).min(item.open.abs());
        let mut candidates = Vec::new();
        for id in found.take(ALLOCATIONS_MAX) {
            left -= self.item(id).map_or(0, |to| to.open.abs());
            candidates.push(id);
            if left <= 0 {
                break;
            }
        }
        self.settle_each(from, &candidates, limit, date)
    }

    /// Settles items one after the other as far as both sides go. Answers how much was taken.
    pub(super) fn settle_each(
        &mut self,
        from: ItemId,
        candidates: &[ItemId],
        limit: Option<Units>,
        date: Option<NaiveDate>,
    ) -> Result<Units, Rejection> {
        let mut taken_in_all = 0;
        for to in candidates {
            let left = self.item(from).map_or(0, |item| item.open.abs());
            let left = limit.map_or(left, |limit| left.min(limit - taken_in_all));
            let taken = left.min(self.item(*to).map_or(0, |item| item.open.abs()));
            if left == 0 || self.made_count() >= ALLOCATIONS_MAX {
                break;
            }
            if taken > 0 {
                self.settle(Settle { from, to: *to, taken, settled: taken, date })?;
                taken_in_all += taken;
            }
        }
        Ok(taken_in_all)
    }

    fn allocate_to(
        &mut self,
        from: ItemId,
        targets: &[AllocationTarget],
        limit: Option<Units>,
        date: Option<NaiveDate>,
    ) -> Result<Units, Rejection> {
        let mut taken = 0;
        for target in targets {
            let left = limit.map(|limit| limit - taken);
            if left == Some(0) || self.item(from).is_none_or(|item| item.open == 0) {
                break;
            }
            taken += self.allocate_to_one(from, target, left, date)?;
        }
        Ok(taken)
    }

    fn allocate_to_one(
        &mut self,
        from: ItemId,
        target: &AllocationTarget,
        limit: Option<Units>,
        date: Option<NaiveDate>,
    ) -> Result<Units, Rejection> {
        let Some(item) = self.item(from).cloned() else { return Ok(0) };
        let to = self.resolve(&target.item, Some(&item))?;
        let Some((first, known)) = to.first().and_then(|id| self.item(*id).map(|item| (*id, item.clone()))) else { return Ok(0) };
        self.check_pair((from, &item), (first, &known))?;
        let amount = target.amount.map(|amount| self.units_of(amount, from)).transpose()?;
        if known.money.currency() == item.money.currency() {
            if let Some(asked) = amount.or(target.settled.map(|settled| self.units_of(settled, first)).transpose()?) {
                self.check_enough(asked, &to)?;
                self.check_enough(asked, &[from])?;
                return self.settle_each(from, &to, Some(limit.map_or(asked, |limit| limit.min(asked))), date);
            }
            return self.settle_each(from, &to, limit, date);
        }
        let (Some(taken), Some(settled)) = (amount, target.settled) else {
            let (from, to) = (self.book.item_name(from, &item), self.book.item_name(first, &known));
            return Err(Rejection::AllocationNeedsAmounts { from, to });
        };
        let settled = self.units_of(settled, first)?;
        self.check_enough(settled, &to)?;
        self.check_enough(taken, &[from])?;
        if let Some(open) = limit.filter(|limit| taken > *limit) {
            return Err(self.too_large(from, &item, open, taken));
        }
        self.settle_across(from, &to, taken, settled, date)?;
        Ok(taken)
    }

    /// Between currencies the amount taken is split over the items as the amount settled is.
    fn settle_across(
        &mut self,
        from: ItemId,
        to: &[ItemId],
        taken: Units,
        settled: Units,
        date: Option<NaiveDate>,
    ) -> Result<(), Rejection> {
        let (mut taken_left, mut settled_left) = (taken, settled);
        for to in to {
            let part = settled_left.min(self.item(*to).map_or(0, |item| item.open.abs()));
            let of_from = if part == settled_left { taken_left } else { share(taken_left, part, settled_left) };
            if part == 0 || of_from == 0 {
                continue;
            }
            self.settle(Settle { from, to: *to, taken: of_from, settled: part, date })?;
            (taken_left, settled_left) = (taken_left - of_from, settled_left - part);
        }
        Ok(())
    }

    /// The items that are meant: open ones in the order of their due dates, on the other side of `against`.
    fn resolve(&self, item: &ItemRef, against: Option<&OpenItem>) -> Result<Vec<ItemId>, Rejection> {
        match item {
            ItemRef::Id(id) => {
                let known = self.item(*id).ok_or_else(|| Rejection::ItemUnknown { item: Text::from(id.to_string()) })?;
                if known.open == 0 {
                    return Err(Rejection::ItemSettled { item: self.book.item_name(*id, known) });
                }
                Ok(vec![*id])
            }
            ItemRef::Document { party, document, instalment } => {
                let party = self.book.find_party(party, 0)?;
                let named = || Text::from(format!("{}:{document}", party.code));
                let all: Vec<(ItemId, OpenItem)> = self.items_of(party.no, document);
                let meant = |item: &OpenItem| instalment.is_none_or(|instalment| item.instalment == instalment);
                let mut meant: Vec<_> = all.into_iter().filter(|(_, item)| meant(item)).collect();
                if meant.is_empty() {
                    return Err(Rejection::ItemUnknown { item: named() });
                }
                meant.retain(|(_, item)| item.open != 0);
                let opening = |item: &OpenItem| self.book.control(item.account).map_or(1, crate::Side::opening_sign);
                // Of a number that stands on both sides, what settles is meant as `from`, and what `from` can settle as `to`.
                let wanted = |item: &OpenItem| against.map_or_else(|| -opening(item), |against| -against.money.units().signum());
                if meant.iter().any(|(_, item)| item.money.units().signum() == wanted(item)) {
                    meant.retain(|(_, item)| item.money.units().signum() == wanted(item));
                }
                if meant.is_empty() {
                    return Err(Rejection::ItemSettled { item: named() });
                }
                meant.sort_by_key(|(id, item)| (item.due_or_date(), item.date, *id));
                Ok(meant.into_iter().map(|(id, _)| id).collect())
            }
        }
    }

    /// The items of a party's document, as the plan leaves them.
    pub(super) fn items_of(&self, party: PartyNo, document: &str) -> Vec<(ItemId, OpenItem)> {
        let known = self.book.items_of(party, document).map(|(id, _)| id);
        let fresh = self.new_items().filter(|(_, item)| item.party == party && item.document == document).map(|(id, _)| id);
        known.chain(fresh).filter_map(|id| self.item(id).map(|item| (id, item.clone()))).collect()
    }

    fn units_of(&self, amount: Decimal, id: ItemId) -> Result<Units, Rejection> {
        let currency = self.item(id).map_or(FUNCTIONAL, |item| item.money.currency());
        self.book.commodity(currency).map_or(Ok(0), |commodity| to_units(amount, commodity, 0))
    }

    fn check_pair(&self, (from, one): (ItemId, &OpenItem), (to, other): (ItemId, &OpenItem)) -> Result<(), Rejection> {
        let names = || (self.book.item_name(from, one), self.book.item_name(to, other));
        if one.party != other.party {
            let (from, to) = names();
            return Err(Rejection::AllocationOtherParty { from, to });
        }
        if one.money.units().signum() == other.money.units().signum() {
            let (from, to) = names();
            return Err(Rejection::AllocationSameSign { from, to });
        }
        Ok(())
    }

    /// The date itself where it is given, open and late enough; else the first open day from the earliest on.
    pub(super) fn date_from(&self, date: Option<NaiveDate>, earliest: NaiveDate) -> Result<NaiveDate, Rejection> {
        match date {
            None => self.book.first_open_day(earliest, self.soft_closed),
            Some(date) if date < earliest => Err(Rejection::AllocationTooEarly { date, earliest }),
            Some(date) => self.book.check_period(date, self.soft_closed).map(|()| date),
        }
    }

    /// Makes one allocation.
    pub(super) fn settle(&mut self, settle: Settle) -> Result<(), Rejection> {
        let Settle { from, to, taken, settled, date } = settle;
        let unknown = |id: ItemId| Rejection::ItemUnknown { item: Text::from(id.to_string()) };
        let one = self.item(from).cloned().ok_or_else(|| unknown(from))?;
        let other = self.item(to).cloned().ok_or_else(|| unknown(to))?;
        self.check_pair((from, &one), (to, &other))?;
        self.check_enough(taken, &[from])?;
        self.check_enough(settled, &[to])?;
        let earliest = one.date.max(other.date).max(self.free_from(from)).max(self.free_from(to));
        let date = self.date_from(date, earliest)?;
        let relief = |item: &OpenItem, units: Units| share(item.open_functional, units, item.open).abs();
        let (functional_from, functional_to) = (relief(&one, taken), relief(&other, settled));
        let allocation = Allocation {
            date,
            from,
            to,
            taken: Money::new(taken, one.money.currency()),
            settled: Money::new(settled, other.money.currency()),
            functional_from,
            functional_to,
            realised: one.money.units().signum() * (functional_to - functional_from),
        };
        let exchange = if allocation.realised == 0 { None } else { Some(self.exchange_account()?) };
        let lines = self.allocation_lines(&allocation, &one, &other, exchange)?;
        let description = Text::from(format!("{} settles {}", one.document, other.document));
        let entry = if lines.is_empty() { None } else { Some(self.entry(date, EntryKind::Ordinary, description, lines)?) };
        self.allocated(allocation, entry, exchange);
        Ok(())
    }

    /// The lines of an allocation's entry: none where nothing moves.
    fn allocation_lines(
        &mut self,
        allocation: &Allocation,
        from: &OpenItem,
        to: &OpenItem,
        exchange: Option<AccountNo>,
    ) -> Result<Vec<Line>, Rejection> {
        let sign = from.money.units().signum();
        let (taken, settled) = (allocation.taken, allocation.settled);
        let (value_from, value_to) = (-sign * allocation.functional_from, sign * allocation.functional_to);
        let one_currency = taken.currency() == settled.currency();
        let mut lines = Vec::new();
        if one_currency && from.account == to.account {
            if allocation.realised != 0 {
                lines.push(self.item_line(to, Money::new(0, taken.currency()), value_from + value_to));
            }
        } else {
            lines.push(self.item_line(from, Money::new(-sign * taken.units(), taken.currency()), value_from));
            lines.push(self.item_line(to, Money::new(sign * settled.units(), settled.currency()), value_to));
            if !one_currency {
                self.convert(&mut lines, value_from, value_to)?;
            }
        }
        if let Some(account) = exchange {
            let money = Money::new(0, FUNCTIONAL);
            lines.push(Line { account, money, functional: Some(-allocation.realised), detail: None });
        }
        Ok(lines)
    }

    fn item_line(&self, item: &OpenItem, money: Money, functional: Units) -> Line {
        let party = self.book.party(item.party).map(|party| party.code.clone());
        let detail = LineDetail { party, document: Some(item.document.clone()), ..LineDetail::default() };
        Line { account: item.account, money, functional: Some(functional), detail: Some(Box::new(detail)) }
    }

    /// Conversion lines for the two lines before them, so that each currency sums to zero. Both are worth the same:
    /// what the item in the functional currency is, else what `from` was.
    fn convert(&mut self, lines: &mut Vec<Line>, value_from: Units, value_to: Units) -> Result<(), Rejection> {
        let to_functional = lines.get(1).is_some_and(|line| line.money.currency() == FUNCTIONAL);
        let value = if to_functional { value_to } else { -value_from };
        let moved: Vec<Money> = lines.iter().map(|line| line.money).collect();
        for (money, functional) in moved.into_iter().zip([value, -value]) {
            let currency = money.currency();
            let account = self.opening(|book, fresh| book.conversion_account(currency, 0, fresh))?;
            lines.push(Line { account, money: money.negated(), functional: Some(functional), detail: None });
        }
        Ok(())
    }

    /// Undoes an allocation that holds, by the negation of its entry.
    pub(super) fn undo(&mut self, seq: Seq, date: NaiveDate, reason: &Text) -> Result<(), Rejection> {
        let Some((allocation, exchange)) = self.allocation(seq) else { return Ok(()) };
        let (Some(from), Some(to)) = (self.item(allocation.from).cloned(), self.item(allocation.to).cloned()) else { return Ok(()) };
        let mut lines = self.allocation_lines(&allocation, &from, &to, exchange)?;
        for line in &mut lines {
            (line.money, line.functional) = (line.money.negated(), line.functional.map(|units| -units));
        }
        let description = Text::from(format!("{} no longer settles {}", from.document, to.document));
        let entry = if lines.is_empty() { None } else { Some(self.entry(date, EntryKind::Reversal, description, lines)?) };
        self.allocation_undone(seq, allocation, date, reason.clone(), entry);
        Ok(())
    }

    /// What the lines of a posted entry settle by naming a document of their party that has open items on the other side.
    pub(super) fn allocate_named(&mut self, posted: &[ItemId]) -> Result<(), Rejection> {
        for from in posted {
            let Some(item) = self.item(*from).cloned() else { continue };
            let settles = |id: ItemId, to: &OpenItem| {
                id.seq < from.seq
                    && to.open != 0
                    && (to.account, to.money.currency()) == (item.account, item.money.currency())
                    && to.money.units().signum() == -item.money.units().signum()
            };
            let mut found = self.items_of(item.party, &item.document);
            found.retain(|(id, to)| settles(*id, to));
            found.sort_by_key(|(id, to)| (to.due_or_date(), to.date, *id));
            let found: Vec<ItemId> = found.into_iter().map(|(id, _)| id).collect();
            self.settle_each(*from, &found, None, None)?;
        }
        Ok(())
    }
}

/// `total × part ÷ whole`, half-even.
fn share(total: Units, part: Units, whole: Units) -> Units {
    prorate(total, part.unsigned_abs(), whole.unsigned_abs(), Rounding::HalfEven)
}
