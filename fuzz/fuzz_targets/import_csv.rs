//! Any bytes as a CSV journal: read under several options, posted or refused.
#![no_main]

use ledger_api::import::csv;
use ledger_api::import::source::Collected;
use ledger_api::import::tabular::{DateFormat, NumberFormat, Options};
use ledger_fuzz::post_all;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    // The first byte chooses the options.
    let Some((choice, bytes)) = bytes.split_first() else { return };
    let comma = choice & 1 == 1;
    let numbers = NumberFormat { decimal_mark: if comma { ',' } else { '.' }, grouping: comma.then_some('.') };
    let date_format = if choice & 2 == 2 { DateFormat::new("%d.%m.%Y").unwrap_or_default() } else { DateFormat::default() };
    let options = Options {
        numbers,
        date_format,
        currency: (choice & 4 == 4).then(|| "USD".into()),
        functional_currency: (choice & 8 == 8).then(|| "USD".into()),
        keep_text: choice & 16 == 16,
        ..Options::default()
    };
    let mut found = Collected::default();
    drop(csv::read(Box::new(std::io::Cursor::new(bytes.to_vec())), "fuzz.csv".into(), &options, &mut found));
    post_all(found);
});
