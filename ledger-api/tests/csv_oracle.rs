//! A journal written by another program, month by month against the trial balance computed elsewhere.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::PathBuf;

use ledger_api::import::csv;
use ledger_api::import::source::{Collected, Item};
use ledger_api::import::tabular::Options;
use ledger_core::AccountRef;
use rust_decimal::Decimal;

fn shared_data() -> Option<PathBuf> {
    let stated = std::env::var_os("LEDGER_SHARED_DATA").map(PathBuf::from);
    let folder = stated.unwrap_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../shared/data"));
    folder.is_dir().then_some(folder)
}

#[test]
fn the_jfc_journal_agrees_with_its_trial_balance_month_by_month() {
    let Some(folder) = shared_data().map(|data| data.join("gl")) else {
        println!("skipped: no shared data (set LEDGER_SHARED_DATA)");
        return;
    };
    let options = Options { currency: Some("USD".into()), functional_currency: Some("USD".into()), ..Options::default() };
    let open = |name: &str| Box::new(File::open(folder.join(name)).unwrap());

    let mut chart = Collected::default();
    csv::chart::read(open("jfc_chart_of_accounts.csv"), "chart".into(), &options, &mut chart).unwrap();
    assert_eq!((chart.items.len(), chart.errors.as_slice()), (18, [].as_slice()));

    let mut sink = Collected::default();
    let notes = csv::read(open("jfc_journal_entries.csv"), "journal".into(), &options, &mut sink).unwrap();
    assert_eq!(sink.errors, []);
    let totals = notes.totals.unwrap();
    assert_eq!((totals.entries, totals.lines), (898, 1_796));
    let sides = totals.currencies["USD"];
    assert_eq!(sides.debit, sides.credit);

    let mut net: BTreeMap<(String, String), Decimal> = BTreeMap::new();
    for item in &sink.items {
        let Item::Entry(entry) = item else { continue };
        for line in &entry.draft.lines {
            let AccountRef::Code(account) = &line.account else { panic!("importers name accounts by code") };
            let month = entry.draft.effective_date.format("%Y-%m").to_string();
            *net.entry((month, account.to_string())).or_default() += line.amount;
        }
    }
    let oracle = std::fs::read_to_string(folder.join("jfc_trial_balance_oracle.csv")).unwrap();
    let mut cumulative: BTreeMap<String, Decimal> = BTreeMap::new();
    let mut compared = 0;
    for row in oracle.lines().skip(1) {
        let cells: Vec<&str> = row.split(',').collect();
        let [month, account, expected, expected_cumulative] = cells[..] else { panic!("{row}") };
        let found = net.remove(&(month.to_owned(), account.to_owned())).unwrap_or_default();
        let sum = cumulative.entry(account.to_owned()).or_default();
        *sum += found;
        assert_eq!(found, expected.parse().unwrap(), "{row}");
        assert_eq!(*sum, expected_cumulative.parse().unwrap(), "{row}");
        compared += 1;
    }
    net.retain(|_, amount| !amount.is_zero());
    assert!(net.is_empty(), "not in the trial balance: {net:?}");
    println!("{compared} balances agree");
}
