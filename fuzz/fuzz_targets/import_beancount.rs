//! Any bytes as a beancount file: read, booked, posted or refused. Includes are refused: bytes from strangers
//! choose no files.
#![no_main]

use std::path::Path;

use ledger_api::import::beancount::{self, Options};
use ledger_api::import::source::Collected;
use ledger_fuzz::post_all;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let options = Options { keep_text: bytes.len() % 2 == 0, refuse_includes: true };
    let mut found = Collected::default();
    drop(beancount::read_from(bytes, "fuzz.beancount", Path::new(""), &options, &mut found));
    post_all(found);
});
