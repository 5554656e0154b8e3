//! The explicit closing entry of a year. What a month still needs before it is closed is in `checklist`.
//!
//! Retained earnings are derived; an explicit closing is a typed entry that reports leave out of profit and loss.
//! Books hold no balances by dimension, so whoever asks sums them up from history and names the position up to
//! which that was: [`YearSums`] is the sum, and the book refuses what is not its own present.

use std::collections::BTreeMap;

use chrono::NaiveDate;

use super::plan::Plan;
use super::{Book, Context, FUNCTIONAL};
use crate::Text;
use crate::account::{AccountNo, AccountType, SubType};
use crate::command::{CloseYear, YearBalance};
use crate::commodity::CommodityNo;
use crate::draft::{AccountRef, DraftDetail, DraftEntry, DraftLine};
use crate::entry::{BalancedEntry, EntryKind};
use crate::event::Event;
use crate::money::{Units, decimal_of};
use crate::rejection::Rejection;

/// Account, commodity and dimensions.
type Place = (AccountNo, CommodityNo, Vec<(Text, Text)>);

/// Commodity, dimensions, and whether a value is stated.
type TotalKey = (Text, Vec<(Text, Text)>, bool);

/// Sums up what profit and loss holds at a date by account, commodity and dimensions, closing entries included, so
/// that what is closed already is not closed again.
pub fn year_balances<'a>(book: &Book, entries: impl IntoIterator<Item = &'a BalancedEntry>, date: NaiveDate) -> Vec<YearBalance> {
    let mut sums = YearSums::new(date);
    entries.into_iter().for_each(|entry| sums.add(book, entry));
    sums.balances(book)
}

/// The same sums for whoever reads history piece by piece.
#[derive(Clone, Debug)]
pub struct YearSums {
    date: NaiveDate,
    sums: BTreeMap<Place, (Units, Option<Units>)>,
}

impl YearSums {
    /// Nothing was read yet.
    #[must_use]
    pub const fn new(date: NaiveDate) -> Self {
        Self { date, sums: BTreeMap::new() }
    }

    /// Adds an entry, where it counts by the date. The book knows all accounts of its lines.
    pub fn add(&mut self, book: &Book, entry: &BalancedEntry) {
        if entry.effective_date() > self.date {
            return;
        }
        for line in entry.lines() {
            if !book.account(line.account).is_some_and(|account| account.kind.is_profit_and_loss()) {
                continue;
            }
            let tags = line.detail.as_ref().map(|detail| detail.tags.clone()).filter(|tags| !tags.is_empty());
            let tags = tags.unwrap_or_else(|| entry.header().tags.clone());
            let sum = self.sums.entry((line.account, line.money.currency(), tags)).or_insert((0, Some(0)));
            sum.0 += line.money.units();
            sum.1 = sum.1.zip(line.functional).map(|(sum, value)| sum + value);
        }
    }

    /// What there is to close.
    #[must_use]
    pub fn balances(&self, book: &Book) -> Vec<YearBalance> {
        self.sums.iter().flat_map(|(place, sum)| balances_of(book, place, *sum)).collect()
    }
}

/// In the functional currency, value that is not the amount stands on lines of its own: exchange differences.
fn balances_of(book: &Book, (account, currency, tags): &Place, (units, value): (Units, Option<Units>)) -> Vec<YearBalance> {
    let Some(commodity) = book.commodity(*currency) else { return Vec::new() };
    let balance = |units: Units, functional: Option<Units>| YearBalance {
        account: AccountRef::No(*account),
        currency: commodity.code.clone(),
        tags: tags.clone(),
        amount: decimal_of(units, commodity.scale),
        functional: functional.map(|value| book.display(value, FUNCTIONAL)),
    };
    let beyond = value.map_or(0, |value| value - units);
    let rows = if *currency == FUNCTIONAL { [(units, None), (0, Some(beyond))] } else { [(units, value), (0, None)] };
    let rows = rows.into_iter().filter(|(units, value)| *units != 0 || value.is_some_and(|value| value != 0));
    rows.map(|(units, value)| balance(units, value)).collect()
}

impl Book {
    pub(super) fn close_year(&self, close: &CloseYear, context: &Context<'_>) -> Result<Vec<Event>, Rejection> {
        if close.seq != self.seq {
            return Err(Rejection::BookMoved { expected: close.seq, found: self.seq });
        }
        let retained = self.find(&close.retained_earnings, 0)?;
        if retained.kind != AccountType::Equity {
            return Err(Rejection::CloseAccount { account: retained.code.clone(), expected: "equity" });
        }
        let mut lines = Vec::with_capacity(close.balances.len() * 2);
        let mut totals: BTreeMap<TotalKey, YearBalance> = BTreeMap::new();
        for (balance, no) in close.balances.iter().zip(1..) {
            let account = self.find(&balance.account, no)?;
            if !account.kind.is_profit_and_loss() {
                return Err(Rejection::CloseAccount { account: account.code.clone(), expected: "revenue or expense" });
            }
            lines.push(closing_line(balance, AccountRef::No(account.no), true));
            let key = (balance.currency.clone(), balance.tags.clone(), balance.functional.is_some());
            let retained = AccountRef::No(retained.no);
            match totals.get_mut(&key) {
                Some(total) => {
                    total.amount += balance.amount;
                    total.functional = total.functional.zip(balance.functional).map(|(sum, value)| sum + value);
                }
                None => drop(totals.insert(key, YearBalance { account: retained, ..balance.clone() })),
            }
        }
        let nothing = |balance: &YearBalance| balance.amount.is_zero() && balance.functional.is_none_or(|value| value.is_zero());
        if close.balances.iter().all(nothing) {
            return Err(Rejection::NothingToClose { date: close.date });
        }
        let totals = totals.into_values().filter(|total| !nothing(total));
        lines.extend(totals.map(|total| closing_line(&total, total.account.clone(), false)));
        let mut draft = DraftEntry::new(close.date, "year end closing", lines);
        draft.kind = EntryKind::Closing;
        let (fresh, entry) = self.post(&draft, None, context.soft_closed, &[])?;
        let mut plan = Plan::new(self, context);
        plan.define(fresh);
        plan.post(Event::EntryPosted(entry));
        Ok(plan.into_events())
    }

    /// The account that profits of earlier years go to, where the chart has one.
    #[must_use]
    pub fn retained_earnings(&self) -> Option<&crate::Account> {
        self.accounts.iter().find(|account| account.sub_type == SubType::RetainedEarnings && !account.summary)
    }
}

/// A balance on an account; negated where it is taken away.
fn closing_line(balance: &YearBalance, account: AccountRef, negated: bool) -> DraftLine {
    let signed = |amount: rust_decimal::Decimal| if negated { -amount } else { amount };
    let tags = balance.tags.clone();
    DraftLine {
        functional: balance.functional.map(signed),
        detail: (!tags.is_empty()).then(|| Box::new(DraftDetail { tags, ..DraftDetail::default() })),
        ..DraftLine::new(account, signed(balance.amount), &balance.currency)
    }
}
