//! Any bytes as a journal of hledger and of Ledger: read, posted or refused. Includes are refused: bytes from
//! strangers choose no files.
#![no_main]

use ledger_api::import::hledger::{self, Dialect, Options};
use ledger_api::import::source::Collected;
use ledger_fuzz::post_all;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Some((choice, bytes)) = bytes.split_first() else { return };
    let dialect = if choice & 1 == 1 { Dialect::Ledger } else { Dialect::Hledger };
    let options = Options {
        default_year: (choice & 2 == 2).then_some(2026),
        skip_virtual: choice & 4 == 4,
        keep_text: choice & 8 == 8,
        refuse_includes: true,
        ..Options::default()
    };
    let mut found = Collected::default();
    drop(hledger::read_from(bytes, "fuzz.journal", dialect, &options, &mut found));
    post_all(found);
});
