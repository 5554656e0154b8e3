//! Tables of rates: both shapes, both directions, digits as they stand, nothing twice.

mod books;

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use ledger_api::import::rates::{self, Common, Options};
use ledger_api::import::run::{Format, ImportOptions};
use ledger_api::import::source::{Collected, Item};
use ledger_api::import::tabular::DateFormat;
use ledger_core::RateType;
use ledger_core::book::Valuation;
use ledger_core::event::Event;

fn base(code: &str) -> Options {
    Options::new(Common::Base(code.into()))
}

fn read(text: &str, options: &Options) -> (Vec<String>, Vec<String>) {
    let mut sink = Collected::default();
    let input = Box::new(std::io::Cursor::new(text.as_bytes().to_vec()));
    let found = rates::read(input, "r.csv".into(), options, &mut sink);
    let rates = sink.items.iter().map(|item| match item {
        Item::Rate(rate) => format!("{} {}/{} {}", rate.date, rate.base, rate.quote, rate.rate),
        other => panic!("{other:?}"),
    });
    let mut errors: Vec<String> = sink.errors.iter().map(ToString::to_string).collect();
    errors.extend(found.err().map(|error| error.to_string()));
    (rates.collect(), errors)
}

fn names(pairs: &[(&str, &str)]) -> BTreeMap<String, ledger_core::Text> {
    pairs.iter().map(|(name, code)| ((*name).to_owned(), (*code).into())).collect()
}

#[test]
fn both_shapes_in_both_directions() {
    let per_unit = |codes: &[&str]| codes.iter().map(|code| (*code).into()).collect::<BTreeSet<_>>();
    let mapped = Options { names: names(&[("Japan", "JPY"), ("Euro", "EUR")]), per_unit: per_unit(&["EUR"]), ..base("USD") };
    let day_first = Options { date_format: DateFormat::new("%d.%m.%Y").unwrap(), ..base("EUR") };
    let columns = [("date", "Tag"), ("currency", "Währung"), ("rate", "Kurs")].map(|(field, header)| (field.to_owned(), header.to_owned()));
    let cases: [(&str, &str, Options, &[&str]); 7] = [
        ("long", "date,currency,rate\n2025-01-31,SEK,11.50\n", base("USD"), &["2025-01-31 USD/SEK 11.50"]),
        (
            "long, quoted in the common one",
            "date,currency,rate\n2025-01-31,SEK,0.0870\n",
            Options::new(Common::Quote("USD".into())),
            &["2025-01-31 SEK/USD 0.0870"],
        ),
        (
            "names and exceptions",
            "\u{feff}Date,Country,Exchange rate\r\n2025-01-01,Japan,156.4800\r\n2025-01-01,Euro,1.0354\r\n",
            mapped,
            &["2025-01-01 USD/JPY 156.4800", "2025-01-01 EUR/USD 1.0354"],
        ),
        (
            "wide, with holes",
            "Date,USD,JPY,CYP,\n2025-01-02,1.0321,162.53,N/A,\n2025-01-03,1.0299,,N/A,\n",
            Options { skip_unknown: true, ..base("EUR") },
            &["2025-01-02 EUR/USD 1.0321", "2025-01-02 EUR/JPY 162.53", "2025-01-03 EUR/USD 1.0299"],
        ),
        ("another order and delimiter", "date;currency;rate\n03.02.2025;USD;1.03\n", day_first, &["2025-02-03 EUR/USD 1.03"]),
        (
            "stated headers",
            "Tag,Währung,Kurs\n2025-02-03,USD,1.03\n",
            Options { columns: columns.into_iter().collect(), ..base("EUR") },
            &["2025-02-03 EUR/USD 1.03"],
        ),
        (
            "the same twice, and the common one itself",
            "date,currency,rate\n2025-02-03,USD,1.03\n2025-02-03,USD,1.03\n2025-02-03,EUR,1\n",
            base("EUR"),
            &["2025-02-03 EUR/USD 1.03"],
        ),
    ];
    for (name, text, options, expected) in cases {
        let (found, errors) = read(text, &options);
        assert_eq!(errors, Vec::<String>::new(), "{name}");
        assert_eq!(found, expected, "{name}");
    }
}

#[test]
fn what_is_wrong_is_told_with_its_place() {
    let misspelt = Options { per_unit: BTreeSet::from(["GPB".into()]), ..base("USD") };
    for (text, options, expected) in [
        (
            "date,currency,rate\n2025-01-31,Japan,1\n2025-02-28,Japan,1\n",
            base("USD"),
            "r.csv:2:12: expected a currency code, found `Japan`; map it with",
        ),
        ("date,currency,rate\n31/01/2025,JPY,1\n", base("USD"), "r.csv:2:1: expected a date as %Y-%m-%d"),
        ("date,currency,rate\n2025-01-31,JPY,\"156,48\"\n", base("USD"), "r.csv:2:16: expected a number like 1234.50"),
        ("date,currency,rate\n2025-01-31,JPY,-1\n", base("USD"), "r.csv:2:16: expected a rate above zero, found `-1`"),
        ("date,currency,rate\n2025-01-31,USD,2\n", base("USD"), "r.csv:2:16: a rate from USD to USD is 1, found `2`"),
        (
            "date,currency,rate\n2025-01-31,JPY,1\n2025-01-31,JPY,2\n",
            base("USD"),
            "r.csv:3:16: JPY has another rate for 2025-01-31 on line 2, 1",
        ),
        ("date,JPY,SEK\n2025-01-31,156,x\n", base("USD"), "r.csv:2:16: expected a number"),
        ("date,currency,rate\n2025-01-31,JPY\n", base("USD"), "r.csv:2: the row has 2 fields"),
        ("date,currency,rate\n2025-01-31,GBP,1.3\n", misspelt, "--per-unit names GPB, of which the file has no rate"),
        ("when,currency,rate\n2025-01-31,GBP,1.3\n", base("USD"), "no column for the date; the headers are: when, currency, rate"),
        ("date,currency,much\n2025-01-31,GBP,1.3\n", base("USD"), "no column for the rate"),
    ] {
        let (_, errors) = read(text, &options);
        assert_eq!(errors.len(), 1, "{text}: {errors:?}");
        assert!(errors[0].contains(expected), "{text}: {errors:?}");
    }
}

/// Names of the shared table. The last of a country's rates before the euro came is its own currency's.
const COUNTRIES: &[(&str, &str)] = &[
    ("Australia", "AUD"),
    ("Brazil", "BRL"),
    ("Canada", "CAD"),
    ("China", "CNY"),
    ("Denmark", "DKK"),
    ("Euro", "EUR"),
    ("Hong Kong", "HKD"),
    ("India", "INR"),
    ("Japan", "JPY"),
    ("Malaysia", "MYR"),
    ("Mexico", "MXN"),
    ("New Zealand", "NZD"),
    ("Norway", "NOK"),
    ("Singapore", "SGD"),
    ("South Africa", "ZAR"),
    ("South Korea", "KRW"),
    ("Sri Lanka", "LKR"),
    ("Sweden", "SEK"),
    ("Switzerland", "CHF"),
    ("Taiwan", "TWD"),
    ("Thailand", "THB"),
    ("United Kingdom", "GBP"),
];

#[tokio::test(flavor = "multi_thread")]
async fn a_published_table_keeps_its_digits_and_comes_in_once() {
    let stated = std::env::var_os("LEDGER_SHARED_DATA").map(PathBuf::from);
    let folder = stated.unwrap_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../shared/data"));
    let path = folder.join("fx/fed_monthly_exchange_rates.csv");
    if !path.exists() {
        println!("skipped: no shared data (set LEDGER_SHARED_DATA)");
        return;
    }
    let rates = Options {
        names: names(COUNTRIES),
        per_unit: ["AUD", "EUR", "NZD", "GBP"].map(Into::into).into(),
        kind: RateType::Average,
        source: "fed".into(),
        skip_unknown: true,
        ..base("USD")
    };
    let options = ImportOptions { rates: Some(rates), ..ImportOptions::new(Format::Rates) };
    let org = books::shelf().await.begin("rates", Valuation::Required).await;
    let dry = books::bring_in(&org, &path, &ImportOptions { dry_run: true, ..options.clone() }).await.unwrap();
    let first = books::bring_in(&org, &path, &options).await.unwrap();
    assert_eq!((first.refused, first.rates_already), (0, 0), "{:?}", first.refusals);
    assert_eq!((dry.rates, first.notes.rates.len()), (first.rates, COUNTRIES.len()));
    let again = books::bring_in(&org, &path, &options).await.unwrap();
    assert_eq!((again.rates, again.rates_already), (0, first.rates));

    let lines = std::fs::read_to_string(&path).unwrap();
    let mut expected = BTreeSet::new();
    for line in lines.lines().skip(1) {
        let [date, country, rate] = line.split(',').collect::<Vec<_>>()[..] else { panic!("{line}") };
        let Some((_, code)) = COUNTRIES.iter().find(|(name, _)| *name == country) else { continue };
        let pair = if ["AUD", "EUR", "NZD", "GBP"].contains(code) { format!("{code}/USD") } else { format!("USD/{code}") };
        let rate: rust_decimal::Decimal = rate.parse().unwrap();
        expected.insert(format!("{date} {pair} {}", rate.normalize()));
    }
    let history = books::history(&org).await;
    let mut codes = BTreeMap::new();
    let mut found = BTreeSet::new();
    for recorded in &history {
        match &recorded.event {
            Event::CommodityDefined(defined) => drop(codes.insert(defined.no, defined.code.clone())),
            Event::RateRecorded(rate) => {
                assert_eq!((rate.kind, rate.source.as_str()), (RateType::Average, "fed"));
                found.insert(format!("{} {}/{} {}", rate.date, codes[&rate.base], codes[&rate.quote], rate.rate.normalize()));
            }
            _ => {}
        }
    }
    assert_eq!(found.len(), usize::try_from(first.rates).unwrap());
    assert_eq!(found, expected);
}
