//! The company is plausible whatever the seed and size.

use std::collections::BTreeMap;

use super::*;

const PLANS: [Plan; 4] = [
    Plan { entries: ENTRIES_MIN, seed: 1 },
    Plan { entries: 6_000, seed: 2 },
    Plan { entries: 20_000, seed: 2024 },
    Plan { entries: 20_000, seed: 3 },
];

fn sums(
    plan: &Plan,
    mut after: impl FnMut(&Entry, &BTreeMap<(&'static str, Currency), i64>),
) -> (BTreeMap<(&'static str, Currency), i64>, u64) {
    let mut sums = BTreeMap::new();
    let (count, _) = entries(plan, |entry| {
        for line in &entry.lines {
            *sums.entry((line.account, line.currency)).or_default() += line.cents;
        }
        after(entry, &sums);
    });
    (sums, count)
}

#[test]
fn entries_are_as_many_as_asked_and_in_the_order_of_their_days() {
    for plan in PLANS {
        let mut last = company::FIRST;
        let (_, count) = sums(&plan, |entry, _| {
            assert!(entry.date >= last && entry.date <= LAST, "{entry:?}");
            assert!(entry.lines.len() >= 2 && entry.lines.iter().all(|line| line.cents != 0 || line.value.is_some()), "{entry:?}");
            last = entry.date;
        });
        assert!(count >= plan.entries && count < plan.entries + plan.entries / 8 + 200, "{plan:?}: {count}");
    }
}

#[test]
fn money_and_goods_are_there_before_they_leave() {
    for plan in PLANS {
        sums(&plan, |entry, sums| {
            for ((account, currency), cents) in sums {
                let held = account.starts_with("10") || account.starts_with("12") || account.starts_with("13");
                assert!(!held || *cents >= 0, "{plan:?}: {account} {currency:?} at {} after {}", cents, entry.id);
                assert!(*account != "2320" || *cents <= 0, "the credit line is owed, not owned: {}", entry.id);
            }
        });
    }
}

#[test]
fn the_books_look_like_those_of_a_distributor() {
    for plan in PLANS {
        let mut years: BTreeMap<(i32, char), i64> = BTreeMap::new();
        let rates = Rates::new(plan.seed, LAST);
        entries(&plan, |entry| {
            let mut sum = 0;
            for line in &entry.lines {
                let worth = line.value.unwrap_or_else(|| rates.value(line.cents, line.currency, entry.date));
                sum += worth;
                let class = line.account.chars().next().unwrap();
                *years.entry((chrono::Datelike::year(&entry.date), class)).or_default() += worth;
            }
            assert!(sum.abs() <= 3, "{entry:?} is off by more than its rounding");
        });
        for year in [2024, 2025] {
            let of = |class: char| years[&(year, class)];
            let margin = 100 * (-of('4') - of('5')) / -of('4');
            println!(
                "  {year}: sales {} margin {margin} % profit {}",
                -of('4') / 100,
                -(of('4') + of('5') + of('6') + of('7') + of('8')) / 100
            );
            assert!((25..=35).contains(&margin), "{plan:?} {year}: {margin} %");
        }
    }
}

#[test]
fn every_account_is_in_the_chart_and_takes_postings() {
    let (chart, accounts) = chart::csv();
    assert_eq!(u64::try_from(chart.lines().count()).unwrap(), accounts + 1);
    let postable: Vec<&str> = chart.lines().filter(|line| line.ends_with(",false")).map(|line| &line[..4]).collect();
    let (used, _) = sums(&PLANS[2], |entry, _| {
        for line in &entry.lines {
            assert!(postable.contains(&line.account), "{line:?}");
        }
    });
    let used: Vec<&str> = used.keys().map(|(account, _)| *account).collect();
    let idle: Vec<&&str> = postable.iter().filter(|account| !used.contains(account)).collect();
    assert!(idle.is_empty(), "accounts of the chart that nothing is posted to: {idle:?}");
}

#[test]
fn the_same_seed_gives_the_same_bytes_and_another_does_not() {
    let text = |seed| {
        let mut text = String::new();
        entries(&Plan { entries: ENTRIES_MIN, seed }, |entry| entry.write_csv(&mut text));
        text
    };
    assert_eq!(text(5), text(5));
    assert_ne!(text(5), text(6));
}
