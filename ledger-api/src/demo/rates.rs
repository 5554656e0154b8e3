//! What EUR and GBP are worth in USD, day by day: made up, in the neighbourhood of what they were.

use std::fmt::Write as _;

use chrono::{Datelike, Days, NaiveDate, Weekday};
use rust_decimal::Decimal;

use super::dice::Dice;
use super::entry::Currency;

/// A rate is kept as a number of these.
const PER_UNIT: i64 = 10_000;
/// The last quote before the books begin, so that their first day has one.
const FIRST: NaiveDate = NaiveDate::from_ymd_opt(2023, 12, 29).unwrap();

/// Rates of every day.
#[derive(Clone, Debug)]
pub(super) struct Rates {
    /// EUR and GBP from [`FIRST`] on; weekends have Friday's.
    days: Vec<[i64; 2]>,
}

impl Rates {
    pub(super) fn new(seed: u64, last: NaiveDate) -> Self {
        let mut dice = Dice::new(seed ^ 0x5EED_0F0A_7E55);
        let mut days = Vec::new();
        let mut now = [10_900, 12_700];
        for date in FIRST.iter_days().take_while(|date| *date <= last) {
            if is_business_day(date) {
                for (rate, home) in now.iter_mut().zip([10_850, 12_750]) {
                    // A random walk that is drawn home, so that it stays plausible for any seed.
                    *rate += dice.between(-55, 55) + (home - *rate) / 60;
                }
            }
            days.push(now);
        }
        Self { days }
    }

    fn on(&self, currency: Currency, date: NaiveDate) -> i64 {
        let day = usize::try_from((date - FIRST).num_days()).unwrap_or(0).min(self.days.len() - 1);
        match currency {
            Currency::Usd => PER_UNIT,
            Currency::Eur => self.days[day][0],
            Currency::Gbp => self.days[day][1],
        }
    }

    /// What one unit is worth in USD on a day.
    pub(super) fn rate(&self, currency: Currency, date: NaiveDate) -> Decimal {
        Decimal::new(self.on(currency, date), PER_UNIT.ilog10())
    }

    /// What an amount is worth in USD on a day, to the cent, half-even as the book rounds.
    pub(super) fn value(&self, cents: i64, currency: Currency, date: NaiveDate) -> i64 {
        let exact = i128::from(cents) * i128::from(self.on(currency, date));
        let unit = i128::from(PER_UNIT);
        let (whole, rest) = (exact.div_euclid(unit), exact.rem_euclid(unit));
        let up = rest * 2 > unit || (rest * 2 == unit && whole % 2 != 0);
        i64::try_from(whole + i128::from(up)).unwrap_or(0)
    }

    /// About what so many USD cents are in another currency.
    pub(super) fn in_currency(&self, cents: i64, currency: Currency, date: NaiveDate) -> i64 {
        cents * PER_UNIT / self.on(currency, date)
    }

    /// All quotes as price directives.
    pub(super) fn journal(&self) -> (String, u64) {
        let mut text = String::from("; Spot rates, one unit in USD\n");
        let mut count = 0;
        for (rates, date) in self.days.iter().zip(FIRST.iter_days()).filter(|(_, date)| is_business_day(*date)) {
            for (rate, currency) in rates.iter().zip(["EUR", "GBP"]) {
                let _ = writeln!(text, "P {date} {currency} {}.{:04} USD", rate / PER_UNIT, rate % PER_UNIT);
                count += 1;
            }
        }
        (text, count)
    }
}

/// Monday to Friday, but for the days around the turn of the year.
pub(super) fn is_business_day(date: NaiveDate) -> bool {
    let holiday = matches!((date.month(), date.day()), (1, 1) | (7, 4) | (12, 25));
    !holiday && !matches!(date.weekday(), Weekday::Sat | Weekday::Sun)
}

/// The day itself or the next that is a business day.
pub(super) fn business_day(date: NaiveDate) -> NaiveDate {
    let mut date = date;
    while !is_business_day(date) {
        date = date + Days::new(1);
    }
    date
}
