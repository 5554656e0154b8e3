//! When deferred amounts are recognised, and what sellers earn: worked figures and laws.

#![expect(clippy::unwrap_used, reason = "a test may stop at the first surprise")]
#![expect(clippy::disallowed_methods, clippy::disallowed_macros, reason = "the worked figures lie outside the project")]

use std::path::{Path, PathBuf};

use chrono::{Days, NaiveDate};
use ledger_core::Units;
use ledger_core::money::{decimal_of, units_of};
use ledger_core::subledger::commission::{Rule, Sale, Tier, base_of_payment, claw_back};
use ledger_core::subledger::schedule::{Part, Spread, schedule};
use proptest::prelude::*;

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

fn units(text: &str) -> Units {
    units_of(text.parse().unwrap(), 2).unwrap()
}

fn parts(total: &str, first: &str, last: &str, spread: Spread) -> Vec<(String, String)> {
    let parts = schedule(units(total), day(first), day(last), spread).unwrap();
    parts.into_iter().map(|Part { date, units }| (date.to_string(), decimal_of(units, 2).to_string())).collect()
}

#[test]
fn worked_figures_of_other_systems() {
    let given = std::env::var_os("LEDGER_SHARED_DATA").map(PathBuf::from);
    let path = given.unwrap_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data")).join("cases/deferral_expected.csv");
    let Ok(text) = std::fs::read_to_string(&path) else { return println!("skipped: no {} (set LEDGER_SHARED_DATA)", path.display()) };
    let mut rows = 0;
    for row in text.lines().skip(1) {
        let cells: Vec<&str> = row.split(',').collect();
        let [case, _, total, first, last, method, period, recognised] = cells[..] else { panic!("{row}") };
        let spread = match method {
            "months (no_of_months=3)" => Spread::MonthCount(3),
            "monthly pro rata temporis" => Spread::MonthsInPart,
            "equal per month" => Spread::EqualMonths,
            other => panic!("{case}: what is {other:?}?"),
        };
        let parts = schedule(units(total), day(first), day(last), spread).unwrap();
        // A period is a month, with its year where it has one.
        let of_period = parts.iter().filter(|part| part.date.to_string()[..7].ends_with(period));
        assert_eq!(of_period.map(|part| part.units).sum::<Units>(), units(recognised), "{row}");
        assert_eq!(parts.iter().map(|part| part.units).sum::<Units>(), units(total), "{row}");
        rows += 1;
    }
    assert!(rows >= 10);
}

/// Total, first and last day, method, and what is recognised when.
type Case = (&'static str, &'static str, &'static str, Spread, &'static [(&'static str, &'static str)]);

#[test]
fn schedules_in_words() {
    let cases: [Case; 8] = [
        ("100.00", "2026-02-10", "2026-02-10", Spread::Days, &[("2026-02-10", "100.00")]),
        ("100.00", "2026-02-10", "2026-02-10", Spread::EqualMonths, &[("2026-02-10", "100.00")]),
        ("59.00", "2026-01-31", "2026-03-30", Spread::Days, &[("2026-01-31", "1.00"), ("2026-02-28", "28.00"), ("2026-03-30", "30.00")]),
        (
            "90.00",
            "2026-01-31",
            "2026-03-31",
            Spread::EqualMonths,
            &[("2026-01-31", "30.00"), ("2026-02-28", "30.00"), ("2026-03-31", "30.00")],
        ),
        (
            "90.00",
            "2026-01-31",
            "2026-01-31",
            Spread::MonthCount(3),
            &[("2026-01-31", "30.00"), ("2026-02-28", "30.00"), ("2026-03-31", "30.00")],
        ),
        (
            "-1.00",
            "2026-01-01",
            "2026-03-31",
            Spread::EqualMonths,
            &[("2026-01-31", "-0.33"), ("2026-02-28", "-0.33"), ("2026-03-31", "-0.34")],
        ),
        ("0.01", "2026-01-01", "2026-03-31", Spread::Days, &[("2026-02-28", "0.01")]),
        (
            "366.00",
            "2023-12-31",
            "2024-12-30",
            Spread::Days,
            &[
                ("2023-12-31", "1.00"),
                ("2024-01-31", "31.00"),
                ("2024-02-29", "29.00"),
                ("2024-03-31", "31.00"),
                ("2024-04-30", "30.00"),
                ("2024-05-31", "31.00"),
                ("2024-06-30", "30.00"),
                ("2024-07-31", "31.00"),
                ("2024-08-31", "31.00"),
                ("2024-09-30", "30.00"),
                ("2024-10-31", "31.00"),
                ("2024-11-30", "30.00"),
                ("2024-12-30", "30.00"),
            ],
        ),
    ];
    for (total, first, last, spread, expected) in cases {
        let expected: Vec<_> = expected.iter().map(|(date, units)| ((*date).to_owned(), (*units).to_owned())).collect();
        assert_eq!(parts(total, first, last, spread), expected, "{total} {first} {last} {spread:?}");
    }
    assert_eq!(schedule(1, day("2026-02-01"), day("2026-01-31"), Spread::Days), None);
    assert_eq!(schedule(1, day("2026-02-01"), day("2026-02-01"), Spread::MonthCount(0)), None);
    assert_eq!(schedule(1, day("1900-01-01"), day("2100-01-01"), Spread::Days), None);
}

fn tiers(retroactive: bool) -> Rule {
    let tier = |from, percent: i64| Tier { from, percent: percent.into() };
    Rule::Tiers { tiers: vec![tier(0, 5), tier(100_000, 7), tier(200_000, 10)], retroactive }
}

#[test]
fn commissions_in_words() {
    let accruals = |rule: &Rule, bases: &[&str]| {
        let mut before = 0;
        let accrued = bases.iter().map(|base| {
            let base = units(base);
            let accrued = rule.accrual(before, Sale { net: base, stands_on: 0 }, base, 2).unwrap();
            before += base;
            decimal_of(accrued, 2).to_string()
        });
        accrued.collect::<Vec<_>>().join(" ")
    };
    let bases = ["600.00", "600.00", "1000.00"];
    assert_eq!(accruals(&Rule::Flat(2_500), &bases), "25.00 25.00 25.00");
    assert_eq!(accruals(&Rule::Percent("12.5".parse().unwrap()), &bases), "75.00 75.00 125.00");
    assert_eq!(accruals(&tiers(false), &bases), "30.00 34.00 76.00", "5 % to 1000, 7 % to 2000, 10 % beyond");
    assert_eq!(accruals(&tiers(true), &bases), "30.00 54.00 136.00", "7 % of 1200 less 30, then 10 % of 2200 less 84");
    assert_eq!((claw_back(5_400, 60_000, 0, 20_000), claw_back(5_400, 60_000, 20_000, 40_000)), (1_800, 3_600));
    assert_eq!(claw_back(5_400, 60_000, 60_000, 1), 0, "what is credited beyond the base takes nothing more");
    assert_eq!(base_of_payment(10_000, 12_000, 0, 6_000), 5_000, "half the gross pays half the net");
}

proptest! {
    #[test]
    fn parts_sum_to_the_total_and_never_turn_back(
        total in -1_000_000_000_i128..1_000_000_000, start in 0_u64..4_000, days in 0_u64..2_000, method in 0_u16..5
    ) {
        let first = day("2020-01-01") + Days::new(start);
        let last = first + Days::new(days);
        let spread = match method { 0 => Spread::Days, 1 => Spread::MonthsInPart, 2 => Spread::EqualMonths, count => Spread::MonthCount(count) };
        let parts = schedule(total, first, last, spread).unwrap();
        prop_assert_eq!(parts.iter().map(|part| part.units).sum::<i128>(), total);
        prop_assert!(parts.iter().all(|part| part.units.signum() == total.signum()));
        prop_assert!(parts.windows(2).all(|pair| pair[0].date < pair[1].date));
        prop_assert!(parts.iter().all(|part| part.date >= first));
    }

    #[test]
    fn accruals_of_tiers_sum_to_what_the_rule_says_of_all(bases in prop::collection::vec(0_i128..150_000, 1..12), retroactive in any::<bool>()) {
        let rule = tiers(retroactive);
        let mut before = 0;
        let mut accrued = 0;
        for base in bases {
            accrued += rule.accrual(before, Sale { net: base, stands_on: 0 }, base, 2).unwrap();
            before += base;
        }
        prop_assert_eq!(accrued, rule.earned(before, 2).unwrap());
    }

    #[test]
    fn what_is_credited_in_full_is_clawed_back_in_full(accrued in 0_i128..1_000_000, credits in prop::collection::vec(1_i128..100_000, 1..10)) {
        let base: i128 = credits.iter().sum();
        let (mut before, mut back, mut paid) = (0, 0, 0);
        for credit in credits {
            let taken = claw_back(accrued, base, before, credit);
            prop_assert!(taken >= 0 && back + taken <= accrued);
            back += taken;
            paid += base_of_payment(accrued, base, before, credit);
            before += credit;
        }
        prop_assert_eq!((back, paid), (accrued, accrued), "Σ accrued − clawed back = 0; full payment pays on all of the net");
    }
}
