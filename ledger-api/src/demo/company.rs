//! The company itself: what it has, whom it owes, and one day after another. Everything it does ends in
//! [`Company::post`], which keeps its balances, so that it never pays with money it does not have.

use std::collections::BTreeMap;

use chrono::{Datelike, Days, NaiveDate, Weekday};

use super::act::{Act, Document, Effect, Payment};
use super::chart::PRODUCTS;
use super::dice::Dice;
use super::entry::{Currency, Entry};
use super::people::People;
use super::rates::{Rates, business_day, is_business_day};
use super::{Followup, Plan};

/// The first day of the books.
pub(super) const FIRST: NaiveDate = NaiveDate::from_ymd_opt(2024, 1, 1).unwrap();
/// Their last.
pub(super) const LAST: NaiveDate = NaiveDate::from_ymd_opt(2025, 12, 31).unwrap();
/// What the company sells in two years, in USD cents.
const REVENUE: i64 = 4_900_000_000;
/// Sales in each month of a year, in percent of an average month.
const SEASONS: [i64; 12] = [88, 90, 99, 102, 103, 98, 88, 92, 106, 116, 121, 97];
/// How much more is sold in the second year, in percent.
const GROWTH: i64 = 7;
/// Cost in percent of the price, on average.
pub(super) const COST: i64 = 69;

/// An open invoice or bill; `party` is a code.
#[derive(Clone, Debug)]
pub(super) struct Claim {
    pub(super) party: String,
    pub(super) document: String,
    pub(super) currency: Currency,
    pub(super) cents: i64,
    /// In USD, as it was booked.
    pub(super) value: i64,
    pub(super) end: End,
}

/// How a claim ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    Paid,
    /// Early, less a discount.
    Discounted,
    /// Never: it is written off.
    Lost,
}

/// Goods that come back.
#[derive(Clone, Debug)]
pub(super) struct Return {
    pub(super) claim: Claim,
    pub(super) product: usize,
    pub(super) cost: i64,
}

#[derive(Clone, Copy, Debug, Default)]
struct Holding {
    cents: i64,
    value: i64,
}

pub(super) struct Company<'a> {
    pub(super) dice: Dice,
    pub(super) rates: &'a Rates,
    pub(super) people: &'a People,
    pub(super) today: NaiveDate,
    out: &'a mut dyn FnMut(&Act),
    acts: u64,
    posted: u64,
    documents: u64,
    holdings: BTreeMap<(&'static str, Currency), Holding>,
    pub(super) incoming: BTreeMap<NaiveDate, Vec<Claim>>,
    pub(super) outgoing: BTreeMap<NaiveDate, Vec<Claim>>,
    pub(super) returns: BTreeMap<NaiveDate, Vec<Return>>,
    pub(super) followups: Vec<Followup>,
    /// In USD cents.
    pub(super) average_sale: i64,
    pub(super) average_purchase: i64,
    /// Sold since the carriers' last bills.
    pub(super) to_ship: i64,
    /// Profit of which income tax is provided already.
    pub(super) taxed: i64,
}

impl<'a> Company<'a> {
    /// Two years of it. Answers the number of acts, each of which is an entry, and what is to be done afterwards.
    pub(super) fn run(plan: &Plan, sales: i64, rates: &'a Rates, people: &'a People, out: &'a mut dyn FnMut(&Act)) -> (u64, Vec<Followup>) {
        let purchases = sales / 3 + 24;
        let mut company = Self {
            dice: Dice::new(plan.seed),
            rates,
            people,
            today: FIRST,
            out,
            acts: 0,
            posted: 0,
            documents: 0,
            holdings: BTreeMap::new(),
            incoming: BTreeMap::new(),
            outgoing: BTreeMap::new(),
            returns: BTreeMap::new(),
            followups: Vec::new(),
            average_sale: REVENUE / sales,
            average_purchase: REVENUE / 100 * COST / purchases,
            to_ship: 0,
            taxed: 0,
        };
        company.open_books();
        let weight: i64 = days().map(busyness).sum();
        let (mut so_far, mut sold, mut bought) = (0, 0, 0);
        for date in days() {
            company.today = date;
            so_far += busyness(date);
            company.day(sales * so_far / weight - sold, purchases * so_far / weight - bought);
            (sold, bought) = (sales * so_far / weight, purchases * so_far / weight);
        }
        (company.acts, company.followups)
    }

    fn day(&mut self, sales: i64, purchases: i64) {
        let today = self.today;
        self.calendar();
        for claim in self.incoming.remove(&today).unwrap_or_default() {
            self.collect(claim);
        }
        for back in self.returns.remove(&today).unwrap_or_default() {
            self.take_back(back);
        }
        for _ in 0..purchases {
            self.buy();
        }
        for _ in 0..sales {
            self.sell();
        }
        for claim in self.outgoing.remove(&today).unwrap_or_default() {
            self.pay(claim);
        }
        if is_business_day(today) {
            match today.weekday() {
                Weekday::Wed => self.carriers(),
                Weekday::Fri => self.week(),
                _ => {}
            }
        }
        if today.month() != (today + Days::new(1)).month() {
            self.month_end();
        }
    }

    /// Numbers an entry, books it and writes it out. Answers its number.
    pub(super) fn post(&mut self, mut entry: Entry) -> String {
        self.posted += 1;
        entry.id = format!("JE-{:07}", self.posted);
        let id = entry.id.clone();
        self.act(Act::Entry(entry));
        id
    }

    /// Books a document and writes it out.
    pub(super) fn issue(&mut self, document: Document) {
        self.act(Act::Document(document));
    }

    /// Books a payment and writes it out.
    pub(super) fn settle(&mut self, payment: Payment) {
        self.act(Act::Payment(payment));
    }

    fn act(&mut self, act: Act) {
        self.acts += 1;
        for effect in act.effects(self.rates) {
            self.note(effect);
        }
        (self.out)(&act);
    }

    /// What the company knows that the books will find out by themselves: parts of what was prepaid, losses.
    pub(super) fn note(&mut self, effect: Effect) {
        let holding = self.holdings.entry((effect.account, effect.currency)).or_default();
        holding.cents += effect.cents;
        holding.value += effect.value;
    }

    /// Balance in cents of a currency.
    pub(super) fn cents(&self, account: &'static str, currency: Currency) -> i64 {
        self.holdings.get(&(account, currency)).map_or(0, |holding| holding.cents)
    }

    /// What that balance is carried at, in USD cents.
    pub(super) fn carried(&self, account: &'static str, currency: Currency) -> i64 {
        self.holdings.get(&(account, currency)).map_or(0, |holding| holding.value)
    }

    /// Profit before income tax since the beginning.
    pub(super) fn profit(&self) -> i64 {
        let counts = |account: &str| matches!(account.as_bytes().first(), Some(b'4'..=b'7'));
        -self.holdings.iter().filter(|((account, _), _)| counts(account)).map(|(_, holding)| holding.value).sum::<i64>()
    }

    pub(super) fn value(&self, cents: i64, currency: Currency) -> i64 {
        self.rates.value(cents, currency, self.today)
    }

    /// The next number of a document.
    pub(super) fn document(&mut self, kind: &str) -> String {
        self.documents += 1;
        format!("{kind}-{:02}-{:06}", self.today.year() % 100, self.documents)
    }

    pub(super) fn expect(&mut self, date: NaiveDate, claim: Claim) {
        self.incoming.entry(business_day(date)).or_default().push(claim);
    }

    pub(super) fn owe(&mut self, date: NaiveDate, claim: Claim) {
        self.outgoing.entry(business_day(date)).or_default().push(claim);
    }

    pub(super) fn in_days(&self, days: i64) -> NaiveDate {
        self.today + Days::new(u64::try_from(days).unwrap_or(0))
    }

    /// What each product line has in stock, against what it should have: the line that needs goods most.
    pub(super) fn neediest(&self) -> usize {
        let stock = |product: &usize| self.carried(PRODUCTS[*product].1, Currency::Usd);
        (0..PRODUCTS.len()).min_by_key(stock).unwrap_or(0)
    }
}

fn days() -> impl Iterator<Item = NaiveDate> {
    FIRST.iter_days().take_while(|date| *date <= LAST)
}

/// How much is sold on a day, in proportion.
fn busyness(date: NaiveDate) -> i64 {
    if !is_business_day(date) {
        return 0;
    }
    let season = SEASONS[usize::try_from(date.month0()).unwrap_or(0)];
    season * if date.year() == FIRST.year() { 100 } else { 100 + GROWTH }
}
