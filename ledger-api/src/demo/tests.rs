//! The company is plausible whatever the seed and size.

use std::collections::BTreeMap;

use super::*;

const PLANS: [Plan; 4] = [
    Plan { entries: ENTRIES_MIN, seed: 1 },
    Plan { entries: 6_000, seed: 2 },
    Plan { entries: 20_000, seed: 2024 },
    Plan { entries: 20_000, seed: 3 },
];

type Sums = BTreeMap<(&'static str, Currency), i64>;

fn sums(plan: &Plan, mut after: impl FnMut(&Act, &Sums)) -> (Sums, u64) {
    let rates = Rates::new(plan.seed, LAST);
    let mut sums = BTreeMap::new();
    let (count, _) = acts(plan, |act| {
        for effect in act.effects(&rates) {
            *sums.entry((effect.account, effect.currency)).or_default() += effect.cents;
        }
        after(act, &sums);
    });
    (sums, count)
}

#[test]
fn acts_are_as_many_as_asked_and_in_the_order_of_their_days() {
    for plan in PLANS {
        let mut last = company::FIRST;
        let (_, count) = sums(&plan, |act, _| {
            assert!(act.date() >= last && act.date() <= LAST, "{act:?}");
            last = act.date();
            if let Act::Entry(entry) = act {
                assert!(entry.lines.len() >= 2 && entry.lines.iter().all(|line| line.cents != 0 || line.value.is_some()), "{entry:?}");
            }
        });
        assert!(count >= plan.entries && count < plan.entries + plan.entries / 8 + 200, "{plan:?}: {count}");
    }
}

#[test]
fn money_and_goods_are_there_before_they_leave() {
    for plan in PLANS {
        sums(&plan, |act, sums| {
            for ((account, currency), cents) in sums {
                let held = account.starts_with("10") || account.starts_with("12") || account.starts_with("13");
                assert!(!held || *cents >= 0, "{plan:?}: {account} {currency:?} at {cents} after {act:?}");
                assert!(*account != "2320" || *cents <= 0, "the credit line is owed, not owned: {act:?}");
            }
        });
    }
}

#[test]
fn the_books_look_like_those_of_a_distributor() {
    for plan in PLANS {
        let mut years: BTreeMap<(i32, char), i64> = BTreeMap::new();
        let rates = Rates::new(plan.seed, LAST);
        acts(&plan, |act| {
            let effects = act.effects(&rates);
            let sum: i64 = effects.iter().map(|effect| effect.value).sum();
            // What an exchange rate did to a payment is for the books to find out.
            assert!(matches!(act, Act::Payment(_)) || sum.abs() <= 4, "{act:?} is off by more than its rounding");
            for effect in effects {
                let class = effect.account.chars().next().unwrap();
                *years.entry((chrono::Datelike::year(&act.date()), class)).or_default() += effect.value;
            }
        });
        for year in [2024, 2025] {
            let of = |class: char| years.get(&(year, class)).copied().unwrap_or(0);
            let margin = 100 * (-of('4') - of('5')) / -of('4');
            let profit = -(of('4') + of('5') + of('6') + of('7') + of('8')) / 100;
            println!("  {year}: sales {} margin {margin} % profit {profit}", -of('4') / 100);
            assert!((25..=35).contains(&margin), "{plan:?} {year}: {margin} %");
        }
    }
}

#[test]
fn every_account_is_in_the_chart_and_takes_postings() {
    // Used by what is done when the files are in: revaluation, losses, commissions.
    const LATER: [&str; 5] = ["1400", "2030", "6340", "6470", "7020"];
    let (chart, accounts) = chart::csv();
    assert_eq!(u64::try_from(chart.lines().count()).unwrap(), accounts + 1);
    let postable: Vec<&str> = chart.lines().filter(|line| line.ends_with(",false")).map(|line| &line[..4]).collect();
    let (mut used, _) = sums(&PLANS[2], |_, _| ());
    acts(&PLANS[2], |act| {
        if let Act::Document(document) = act {
            used.extend(document.lines.iter().map(|line| ((line.account, document.currency), 0)));
        }
    });
    let used: Vec<&str> = used.keys().map(|(account, _)| *account).collect();
    assert!(used.iter().chain(&LATER).all(|account| postable.contains(account)), "{used:?}");
    let idle: Vec<&&str> = postable.iter().filter(|account| !used.contains(account) && !LATER.contains(account)).collect();
    assert!(idle.is_empty(), "accounts of the chart that nothing is posted to: {idle:?}");
}

#[test]
fn everybody_that_is_named_is_known() {
    let known: Vec<String> = contacts().into_iter().map(|contact| contact.code).collect();
    let (mut documents, mut payments, mut credits, mut silent) = (0, 0, 0, 0);
    let (_, followups) = acts(&PLANS[2], |act| match act {
        Act::Entry(entry) => {
            let parties = entry.lines.iter().filter_map(|line| line.party.as_ref());
            parties.for_each(|party| assert!(known.contains(party), "{entry:?}"));
        }
        Act::Document(document) => {
            assert!(known.contains(&document.party), "{document:?}");
            documents += 1;
            credits += usize::from(document.against.is_some());
        }
        Act::Payment(payment) => {
            assert!(known.contains(&payment.party) && payment.cents > payment.charge, "{payment:?}");
            payments += 1;
            silent += usize::from(payment.pays.is_none());
        }
    });
    let lost = followups.iter().filter(|followup| matches!(followup, Followup::WriteOff { .. })).count();
    println!("  {documents} documents ({credits} credit notes), {payments} payments ({silent} without a word), {lost} lost");
    assert!(documents > 5_000 && payments > 5_000 && credits > 100 && silent > 3 && lost > 3);
}

#[test]
fn the_same_seed_gives_the_same_acts_and_another_does_not() {
    let all = |seed| {
        let mut all = Vec::new();
        acts(&Plan { entries: ENTRIES_MIN, seed }, |act| all.push(act.clone()));
        all
    };
    assert_eq!(all(5), all(5));
    assert_ne!(all(5), all(6));
}
