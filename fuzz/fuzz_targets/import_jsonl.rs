//! Any bytes as a JSON lines journal: read, posted or refused.
#![no_main]

use ledger_api::import::jsonl;
use ledger_api::import::source::Collected;
use ledger_api::import::tabular::Options;
use ledger_fuzz::post_all;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Some((choice, bytes)) = bytes.split_first() else { return };
    let options = Options {
        currency: (choice & 1 == 1).then(|| "USD".into()),
        functional_currency: (choice & 2 == 2).then(|| "USD".into()),
        keep_text: choice & 4 == 4,
        ..Options::default()
    };
    let mut found = Collected::default();
    drop(jsonl::read(Box::new(std::io::Cursor::new(bytes.to_vec())), "fuzz.jsonl".into(), &options, &mut found));
    post_all(found);
});
