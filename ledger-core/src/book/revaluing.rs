//! Revaluation: what foreign items and holdings would be worth at a date's closing rates.
//!
//! Item by item, as each was open at the date: what was allocated later is undone. The difference goes to an
//! adjustment account beside the control accounts, which stay as they are, and back on the next day. So a later
//! settlement realises its difference against the item's own rate, and nothing is counted twice.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;
use rust_decimal::Decimal;

use super::plan::Plan;
use super::{Book, Context, FUNCTIONAL, Valuation, text};
use crate::account::{AccountNo, AccountType, SubType};
use crate::commodity::CommodityNo;
use crate::entry::{BalancedEntry, EntryKind, Line, LineDetail};
use crate::event::Event;
use crate::limits::REVALUED_MAX;
use crate::money::{Money, Units, decimal_of};
use crate::rate::RateType;
use crate::rejection::Rejection;
use crate::rounding::{Rounding, units_product};
use crate::subledger::{ItemId, Revaluation, Revalued, RevaluedTarget};
use crate::{Seq, Text};

/// Code of the account that takes unrealised differences where the chart has none.
const ADJUSTMENT_ACCOUNT: &str = "valuation-adjustment";

/// Closing rates by currency.
type Rates = BTreeMap<CommodityNo, Decimal>;

impl Book {
    /// Revalues everything that is open at a date, and turns it back on the next day. Asked again for the same date
    /// it posts what has changed since, which may be nothing.
    pub(super) fn revalue(&self, date: NaiveDate, context: &Context<'_>) -> Result<Vec<Event>, Rejection> {
        self.check_period(date, context.soft_closed)?;
        let (rates, revalued) = self.revaluation_at(date)?;
        let mut plan = Plan::new(self, context);
        for part in revalued.chunks(REVALUED_MAX) {
            plan.revalue(date, &rates, part)?;
        }
        Ok(plan.into_events())
    }

    /// What a revaluation at a date would adjust now; empty where nothing is left to revalue.
    ///
    /// # Errors
    /// [`Rejection::RateMissing`] names the first currency without a closing or spot rate,
    /// [`Rejection::RevaluedAlready`] the revaluation of a date that another one followed.
    pub fn to_revalue(&self, date: NaiveDate) -> Result<Vec<Revalued>, Rejection> {
        text::date(date, 0)?;
        self.revaluation_at(date).map(|(_, revalued)| revalued)
    }

    fn revaluation_at(&self, date: NaiveDate) -> Result<(Rates, Vec<Revalued>), Rejection> {
        if let (Some(seq), true) = (self.revaluation(date), self.sub.last_revalued.date != Some(date)) {
            return Err(Rejection::RevaluedAlready { date, seq });
        }
        let mut rates = Rates::new();
        let mut found = Vec::new();
        let mut before = self.sub.last_revalued.at(date);
        for (target, money, carried) in self.foreign_at(date) {
            let rate = match rates.get(&money.currency()) {
                Some(rate) => *rate,
                None => self.closing_rate(money.currency(), date)?,
            };
            rates.insert(money.currency(), rate);
            let amount = decimal_of(money.units(), self.commodity(money.currency()).map_or(0, |commodity| commodity.scale));
            let value = units_product(amount, rate, self.functional().scale, Rounding::HalfEven);
            let value = value.map_err(|_| Rejection::AmountTooLarge { line: 0 })?;
            let adjustment = value - carried - before.remove(&(target, money.currency())).unwrap_or(0);
            if adjustment != 0 {
                found.push(Revalued { target, money, carried, adjustment });
            }
        }
        // What was adjusted at the date and turned out not to be open then.
        let gone = before.into_iter().filter(|(_, adjustment)| *adjustment != 0);
        found.extend(gone.map(|((target, currency), adjustment)| Revalued {
            target,
            money: Money::new(0, currency),
            carried: 0,
            adjustment: -adjustment,
        }));
        Ok((rates, found))
    }

    fn closing_rate(&self, currency: CommodityNo, date: NaiveDate) -> Result<Decimal, Rejection> {
        let found = [RateType::Closing, RateType::Spot].into_iter().find_map(|kind| self.recorded_rate(currency, date, kind));
        found.ok_or_else(|| {
            let base = self.commodity(currency).map(|commodity| commodity.code.clone()).unwrap_or_default();
            Rejection::RateMissing { base, quote: self.functional().code.clone(), date, line: 0 }
        })
    }

    /// Foreign items and holdings as they were at a date: amount and value.
    pub(super) fn foreign_at(&self, date: NaiveDate) -> impl Iterator<Item = (RevaluedTarget, Money, Units)> {
        let items = self.foreign_items_at(date).map(|(id, money, value)| (RevaluedTarget::Item(id), money, value));
        items.chain(self.foreign_cash_at(date))
    }

    /// Foreign items as they were open at a date: those that are open now, and those that were settled since.
    fn foreign_items_at(&self, date: NaiveDate) -> impl Iterator<Item = (ItemId, Money, Units)> {
        let later = self.sub.all_allocations().map(|(_, kept)| kept).filter(move |kept| {
            let undone_later = kept.reversed.is_some_and(|(_, on)| on > date);
            kept.allocation.date > date || undone_later
        });
        let mut ids: BTreeSet<ItemId> = later.flat_map(|kept| [kept.allocation.from, kept.allocation.to]).collect();
        ids.extend(self.sub.all_due().map(|(id, _)| id));
        let foreign = |id: &ItemId| self.item(*id).is_some_and(|item| item.money.currency() != FUNCTIONAL);
        ids.retain(foreign);
        let open = ids.into_iter().filter_map(move |id| self.item_at(id, date).map(|(money, value)| (id, money, value)));
        open.filter(|(_, money, value)| money.units() != 0 || *value != 0)
    }

    /// What cash and bank accounts held of foreign currencies at a date. Where values are optional, holdings have
    /// none that could be adjusted.
    fn foreign_cash_at(&self, date: NaiveDate) -> impl Iterator<Item = (RevaluedTarget, Money, Units)> {
        let required = self.valuation == Valuation::Required;
        let cash = self.accounts.iter().filter(move |account| required && matches!(account.sub_type, SubType::Cash | SubType::Bank));
        let cash = cash.filter(|account| self.control(account.no).is_none());
        let held = cash.flat_map(|account| self.holdings(account.no).iter().map(move |holding| (account.no, holding)));
        let foreign = held.filter(|(_, holding)| holding.currency != FUNCTIONAL);
        let then = foreign.map(move |(account, holding)| {
            let after = (account, holding.currency, date)..=(account, holding.currency, NaiveDate::MAX);
            let later = self.sub.cash.range(after).filter(|((_, _, day), _)| *day > date);
            let (units, value) = later.fold((0, 0), |sum, (_, day)| (sum.0 + day.0, sum.1 + day.1));
            let money = Money::new(holding.units - units, holding.currency);
            (RevaluedTarget::Holding(account), money, holding.functional - value)
        });
        then.filter(|(_, money, value)| money.units() != 0 || *value != 0)
    }

    /// Where a revalued amount stands in the chart.
    fn account_of(&self, target: RevaluedTarget) -> Option<AccountNo> {
        match target {
            RevaluedTarget::Item(id) => self.item(id).map(|item| item.account),
            RevaluedTarget::Holding(account) => Some(account),
        }
    }
}

impl Plan<'_> {
    fn revalue(&mut self, date: NaiveDate, rates: &Rates, revalued: &[Revalued]) -> Result<(), Rejection> {
        let exchange = self.exchange_account()?;
        let adjustment = self.account_for(ADJUSTMENT_ACCOUNT, AccountType::Asset, SubType::ValuationAdjustment)?;
        let lines = self.revaluation_lines(revalued, adjustment, exchange);
        let description = Text::from(format!("revaluation at {date}"));
        let entry = self.entry(date, EntryKind::Adjusting, description.clone(), lines)?;
        let used = |currency: &CommodityNo| revalued.iter().any(|revalued| revalued.money.currency() == *currency);
        let rates = rates.iter().filter(|(currency, _)| used(currency)).map(|(currency, rate)| (*currency, *rate)).collect();
        let seq = self.next_seq();
        let back: Vec<Line> = entry.lines().iter().map(super::reversal::negated).collect();
        let revaluation = Box::new(Revaluation { date, rates, revalued: revalued.to_vec() });
        self.post_bound(Event::ItemsRevalued { revaluation, entry });
        self.turn_back(seq, date, description, back)
    }

    /// On the next day, or the first one after it that takes postings, everything is as it was.
    fn turn_back(&mut self, revaluation: Seq, date: NaiveDate, description: Text, lines: Vec<Line>) -> Result<(), Rejection> {
        let next = date.succ_opt().ok_or(Rejection::DateOutOfRange { date, line: 0 })?;
        let day = self.book.first_open_day(next, self.soft_closed)?;
        let entry = self.entry(day, EntryKind::Reversal, description, lines)?;
        let header = crate::entry::EntryHeader { reverses: Some(revaluation), ..entry.header().clone() };
        let entry = BalancedEntry::new(header, entry.lines().to_vec(), FUNCTIONAL).map_err(|unbalanced| self.book.explain(unbalanced))?;
        self.post_bound(Event::RevaluationReversed { revaluation, entry });
        Ok(())
    }

    /// Gains and losses of each account and currency, against the adjustment account: functional amounts only.
    fn revaluation_lines(&self, revalued: &[Revalued], adjustment: AccountNo, exchange: AccountNo) -> Vec<Line> {
        let mut sums = BTreeMap::<(AccountNo, CommodityNo, bool), Units>::new();
        for revalued in revalued {
            if let Some(account) = self.book.account_of(revalued.target) {
                *sums.entry((account, revalued.money.currency(), revalued.adjustment > 0)).or_default() += revalued.adjustment;
            }
        }
        let mut lines = Vec::with_capacity(sums.len() * 2);
        for ((account, currency, _), sum) in sums {
            let code = self.book.account(account).map(|account| account.code.clone()).unwrap_or_default();
            let detail = LineDetail { tags: vec![("revalues".into(), code)], ..LineDetail::default() };
            let detail = Some(Box::new(detail));
            let money = Money::new(0, currency);
            lines.push(Line { account: adjustment, money, functional: Some(sum), detail: detail.clone() });
            lines.push(Line { account: exchange, money, functional: Some(-sum), detail });
        }
        lines
    }
}
