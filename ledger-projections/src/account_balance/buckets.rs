//! Stretches of time: how a range of dates falls apart into whole years, whole months and days.

use chrono::{Datelike, Days, Months, NaiveDate};

/// How long a stretch is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Grain {
    Day,
    Month,
    Year,
}

impl Grain {
    pub(crate) const ALL: [Self; 3] = [Self::Day, Self::Month, Self::Year];

    /// The word of the column. In the order of the words, so that rows sort as the key does.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Day => "D",
            Self::Month => "M",
            Self::Year => "Y",
        }
    }

    /// The first day of the stretch that a day lies in.
    pub(crate) fn first_day(self, day: NaiveDate) -> NaiveDate {
        match self {
            Self::Day => day,
            Self::Month => day.with_day(1).unwrap_or(day),
            Self::Year => day.with_day(1).and_then(|day| day.with_month(1)).unwrap_or(day),
        }
    }
}

/// Consecutive stretches of one grain, from the one that begins on `first` to the one that begins on `last`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stretch {
    pub(crate) grain: Grain,
    pub(crate) first: NaiveDate,
    pub(crate) last: NaiveDate,
}

/// The earliest and the latest date that both Postgres and the books can hold.
const EARLIEST: (i32, u32, u32) = (-4712, 1, 1);
const LATEST: (i32, u32, u32) = (262_000, 1, 1);

fn date((year, month, day): (i32, u32, u32)) -> NaiveDate {
    NaiveDate::from_ymd_opt(year, month, day).unwrap_or(NaiveDate::MIN)
}

/// The fewest stretches that make up the days from `from` to `to`, both included: at most five.
/// `None` is the beginning and the end of time.
pub(crate) fn stretches(from: Option<NaiveDate>, to: Option<NaiveDate>) -> Vec<Stretch> {
    let (first, end) = (from.unwrap_or(date(EARLIEST)), to.map_or(date(LATEST), |to| to + Days::new(1)));
    let mut found = Vec::new();
    let mut push = |grain: Grain, first: NaiveDate, end: NaiveDate| {
        if first < end {
            found.push(Stretch { grain, first, last: end - Days::new(1) });
        }
    };
    // From outside in: days up to a month's begin, months up to a year's begin, years, and back down.
    let month_begin = ceiling(Grain::Month, first).min(end);
    let year_begin = ceiling(Grain::Year, first).min(end);
    let year_end = Grain::Year.first_day(end).max(year_begin);
    let month_end = Grain::Month.first_day(end);
    push(Grain::Day, first, month_begin);
    if year_begin == end {
        // Within one year: whole months between the days.
        let month_end = month_end.max(month_begin);
        push(Grain::Month, month_begin, month_end);
        push(Grain::Day, month_end, end);
        return found;
    }
    push(Grain::Month, month_begin, year_begin);
    push(Grain::Year, year_begin, year_end);
    let month_end = month_end.max(year_end);
    push(Grain::Month, year_end, month_end);
    push(Grain::Day, month_end, end);
    found
}

/// The first day of the next stretch, unless the day is one already.
fn ceiling(grain: Grain, day: NaiveDate) -> NaiveDate {
    let first = grain.first_day(day);
    if first == day {
        return day;
    }
    let months = if grain == Grain::Year { 12 } else { 1 };
    first.checked_add_months(Months::new(months)).unwrap_or(NaiveDate::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every day of the range is in exactly one stretch, no other day is in any.
    #[test]
    fn stretches_cover_a_range_once() {
        let begin = NaiveDate::from_ymd_opt(2023, 11, 20).unwrap();
        let day = |n: u64| begin + Days::new(n);
        for from in (0..500).step_by(7) {
            for to in (from..from + 900).step_by(11) {
                let parts = stretches(Some(day(from)), Some(day(to)));
                assert!(parts.len() <= 5, "{parts:?}");
                for n in 0..=1_500 {
                    let inside = parts.iter().filter(|p| (p.first..=p.last).contains(&p.grain.first_day(day(n)))).count();
                    assert_eq!(inside, usize::from((from..=to).contains(&n)), "{} in {} to {}: {parts:?}", day(n), day(from), day(to));
                }
            }
        }
    }

    #[test]
    fn stretches_from_the_beginning_are_few_and_of_all_time_one() {
        let d = |y, m, d| NaiveDate::from_ymd_opt(y, m, d).unwrap();
        let grains = |from, to| stretches(from, to).iter().map(|p| p.grain).collect::<Vec<_>>();
        use Grain::{Day, Month, Year};
        assert_eq!(grains(None, None), [Year]);
        assert_eq!(grains(None, Some(d(2024, 5, 17))), [Year, Month, Day]);
        assert_eq!(grains(None, Some(d(2024, 12, 31))), [Year]);
        assert_eq!(grains(None, Some(d(2024, 5, 31))), [Year, Month]);
        assert_eq!(grains(Some(d(2024, 1, 1)), Some(d(2024, 12, 31))), [Year]);
        assert_eq!(grains(Some(d(2024, 2, 3)), Some(d(2024, 2, 3))), [Day]);
        assert_eq!(grains(Some(d(2024, 2, 3)), Some(d(2024, 2, 1))), [] as [Grain; 0]);
    }
}
